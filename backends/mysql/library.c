/* SPDX-License-Identifier: MIT */
#include "backends/mysql/library.h"

#include <pthread.h>
#include <stddef.h>
#include <time.h>

#include "backends/mysql/driver.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool is_ready; /* written under `once` */

/* MariaDB's client sets SIGPIPE to be ignored when it is initialised (ignore_sigpipe in mariadb_lib.c), although it sends
 * with MSG_NOSIGNAL. What the process does about that signal is not for a library to say. */
static void initialise(void)
{
    struct sigaction before;
    bool known = sigaction(SIGPIPE, NULL, &before) == 0;
    is_ready = mysql_library_init(0, NULL, NULL) == 0;
    if (known)
        (void)sigaction(SIGPIPE, &before, NULL);
}

bool ari_mysql_library(void)
{
    (void)pthread_once(&once, initialise);
    return is_ready;
}

void ari_mysql_quiet_begin(ari_mysql_quiet *quiet)
{
    sigset_t pipe, pending;
    (void)sigemptyset(&pipe);
    (void)sigaddset(&pipe, SIGPIPE);
    quiet->was_pending = sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE) == 1;
    (void)pthread_sigmask(SIG_BLOCK, &pipe, &quiet->before);
}

/* A signal that came meanwhile was for this thread, raised by its own write; it is taken away. */
void ari_mysql_quiet_end(const ari_mysql_quiet *quiet)
{
    sigset_t pipe, pending;
    const struct timespec at_once = { 0, 0 };
    (void)sigemptyset(&pipe);
    (void)sigaddset(&pipe, SIGPIPE);
    if (!quiet->was_pending && sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE) == 1)
        (void)sigtimedwait(&pipe, NULL, &at_once);
    (void)pthread_sigmask(SIG_SETMASK, &quiet->before, NULL);
}
