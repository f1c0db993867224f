/* SPDX-License-Identifier: MIT */
#include "tests/faults/server.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/support/fixture.h"

/* The processes of a server are those whose working folder is its data folder, as it is of PostgreSQL's postmaster and
 * of each of its backends, and of MariaDB. The first one is run.sh's child, those after it are ours; run.sh leaves the
 * process id of one that is gone alone. For the main thread, whose end is the end of what it started (pdeathsig). */

extern char **environ;

enum { MOST_ARGUMENTS = 64, WITHIN_S = 30 };

static const struct engine {
    const char *name;
    const char *url;      /* the variable */
    const char *data;     /* in AR_TEST_FOLDER */
    const char *pid_file; /* in there */
    const char *ready;    /* what its log says */
    const char *signal;   /* that it gets should we die */
} engines[] = {
    { "postgres", "AR_TEST_POSTGRES_URL", "postgres", "postmaster.pid", "ready to accept connections", "QUIT" },
    { "mysql", "AR_TEST_MYSQL_URL", "mysql", "pid", "ready for connections", "KILL" },
};

static const struct engine *engine;
static char data[PATH_MAX], log_file[PATH_MAX];
static char command_line[16384]; /* of the server, each argument ended by a NUL */
static size_t command_length;
static uid_t account;
static gid_t group;
static pid_t own_child;
static int starts; /* that the log told of when a backend was killed */

/* --- an own server --- */

static void run_again(void)
{
    char script[PATH_MAX], self[PATH_MAX];
    const char *folder_end = strstr(__FILE__, "faults/server.c");
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    if (folder_end == NULL || length < 0)
        return;
    self[length] = '\0';
    snprintf(script, sizeof script, "%.*sservers/run.sh", (int)(folder_end - __FILE__), __FILE__);
    for (size_t i = 0; i < sizeof engines / sizeof engines[0]; i++)
        unsetenv(engines[i].url);
    setenv("AR_TEST_OWN_SERVER", engine->name, 1);
    execl(script, script, engine->name, "killable", "--", self, (char *)NULL);
    print_error("%s: %s\n", script, strerror(errno));
}

bool server_own(void)
{
    const char *wanted = getenv("AR_TEST_ENGINE"), *owned = getenv("AR_TEST_OWN_SERVER");
    for (size_t i = 0; i < sizeof engines / sizeof engines[0]; i++)
        if (wanted != NULL && strcmp(wanted, engines[i].name) == 0)
            engine = &engines[i];
    if (engine == NULL) {
        print_error("SKIPPED: AR_TEST_ENGINE names no server that could be killed\n");
        return false;
    }
    if (owned == NULL || strcmp(owned, engine->name) != 0) {
        run_again();
        return false;
    }
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    snprintf(data, sizeof data, "%s/%s", getenv("AR_TEST_FOLDER"), engine->data);
    snprintf(log_file, sizeof log_file, "%s/%s.log", getenv("AR_TEST_FOLDER"), engine->name);
    return true;
}

/* --- its processes --- */

static size_t read_file(const char *path, char *out, size_t size)
{
    size_t length = 0;
    FILE *file = fopen(path, "re");
    if (file != NULL) {
        length = fread(out, 1, size - 1, file);
        fclose(file);
    }
    out[length] = '\0';
    return length;
}

/* Those that have ended have no folder any more, also before somebody waits for them. */
static bool is_ours(const char *pid)
{
    char path[64], folder[PATH_MAX];
    snprintf(path, sizeof path, "/proc/%.16s/cwd", pid);
    ssize_t length = readlink(path, folder, sizeof folder - 1);
    if (length < 0)
        return false;
    folder[length] = '\0';
    return strcmp(folder, data) == 0;
}

/* How many there were. */
static int kill_all(void)
{
    int count = 0;
    DIR *all = opendir("/proc");
    assert_non_null(all);
    for (struct dirent *entry = readdir(all); entry != NULL; entry = readdir(all)) {
        int pid = atoi(entry->d_name);
        if (pid <= 0 || !is_ours(entry->d_name))
            continue;
        (void)kill(pid, SIGKILL);
        count++;
    }
    closedir(all);
    return count;
}

/* Its first process is gone for good: PostgreSQL does not start while somebody has its process id. */
static bool is_gone(pid_t pid)
{
    if (pid == own_child && waitpid(pid, NULL, WNOHANG) == pid)
        own_child = 0;
    return kill(pid, 0) != 0;
}

static pid_t first_process(void)
{
    char path[PATH_MAX + 32], text[64];
    snprintf(path, sizeof path, "%s/%s", data, engine->pid_file);
    assert_true(read_file(path, text, sizeof text) > 0);
    return (pid_t)atoi(text);
}

static void remember(pid_t pid)
{
    char path[64];
    struct stat about;
    snprintf(path, sizeof path, "/proc/%ld/cmdline", (long)pid);
    command_length = read_file(path, command_line, sizeof command_line);
    assert_true(command_length > 0 && command_length < sizeof command_line - 1);
    snprintf(path, sizeof path, "/proc/%ld", (long)pid);
    assert_int_equal(stat(path, &about), 0);
    account = about.st_uid;
    group = about.st_gid;
}

void server_kill(void)
{
    time_t end = time(NULL) + WITHIN_S;
    pid_t first = first_process();
    if (command_length == 0)
        remember(first);
    while (kill_all() > 0 || !is_gone(first)) {
        assert_true(time(NULL) < end);
        sched_yield();
    }
}

/* --- how it does --- */

/* How often the server that runs now has said that it takes connections. */
static int count_starts(char *text, size_t size)
{
    int count = 0;
    (void)read_file(log_file, text, size);
    for (const char *at = strstr(text, engine->ready); at != NULL; at = strstr(at + 1, engine->ready))
        count++;
    return count;
}

static void await_starts(int wanted)
{
    static char text[65536];
    time_t end = time(NULL) + WITHIN_S;
    while (count_starts(text, sizeof text) < wanted) {
        bool ended = own_child != 0 && waitpid(own_child, NULL, WNOHANG) == own_child;
        if (ended)
            own_child = 0;
        if (ended || time(NULL) >= end) {
            print_error("%s\n", text);
            fail_msg("the server did not start again");
        }
        sched_yield();
    }
}

void server_kill_backend(int pid)
{
    char number[16], text[65536];
    snprintf(number, sizeof number, "%d", pid);
    assert_true(is_ours(number));
    starts = count_starts(text, sizeof text);
    assert_int_equal(kill(pid, SIGKILL), 0);
}

void server_await_anew(void)
{
    await_starts(starts + 1);
}

/* --- again --- */

/* As it was started before, by the same account; what run.sh had done at the first start is done. */
static void put_arguments(char **arguments, char numbers[2][24])
{
    size_t count = 0;
    arguments[count++] = "setpriv";
    arguments[count++] = "--pdeathsig";
    arguments[count++] = (char *)(uintptr_t)engine->signal;
    if (account != geteuid()) {
        snprintf(numbers[0], 24, "--reuid=%ld", (long)account);
        snprintf(numbers[1], 24, "--regid=%ld", (long)group);
        arguments[count++] = numbers[0];
        arguments[count++] = numbers[1];
        arguments[count++] = "--clear-groups";
    }
    for (size_t at = 0; at < command_length; at += strlen(command_line + at) + 1) {
        assert_true(count < MOST_ARGUMENTS - 1);
        if (strncmp(command_line + at, "--init-file=", 12) != 0)
            arguments[count++] = command_line + at;
    }
    arguments[count] = NULL;
}

void server_start(void)
{
    char *arguments[MOST_ARGUMENTS], numbers[2][24];
    posix_spawn_file_actions_t actions;
    put_arguments(arguments, numbers);
    assert_int_equal(own_child, 0);
    snprintf(log_file, sizeof log_file, "%s/%s_again.log", getenv("AR_TEST_FOLDER"), engine->name);
    assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
    assert_int_equal(posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0), 0);
    assert_int_equal(posix_spawn_file_actions_addopen(&actions, 1, log_file, O_WRONLY | O_CREAT | O_TRUNC, 0600), 0);
    assert_int_equal(posix_spawn_file_actions_adddup2(&actions, 1, 2), 0);
    int failed = posix_spawnp(&own_child, arguments[0], &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    assert_int_equal(failed, 0);
    await_starts(1);
}

void server_end(void)
{
    if (own_child != 0)
        server_kill();
}
