/* SPDX-License-Identifier: MIT */
/* each_database NAME COMMAND...: runs the command once for each database there is (see tests/support/fixture.h), with its
 * URL as the last argument. */
#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/fixture.h"

static char **command;
static int length;

static int run(void)
{
    int status = 0;
    command[length] = (char *)(uintptr_t)fixture_url();
    pid_t child = fork();
    if (child == 0) {
        (void)execvp(command[0], command);
        _exit(127);
    }
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    return child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    char *arguments[16] = { NULL };
    if (argc < 3 || argc > 16)
        return 2;
    for (int i = 2; i < argc; i++)
        arguments[length++] = argv[i];
    command = arguments;
    return fixture_each(argv[1], run);
}
