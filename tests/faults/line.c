/* SPDX-License-Identifier: MIT */
#include "tests/faults/line.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static char doing_now[192];

static void bark(int number)
{
    (void)number;
    ssize_t written = write(STDERR_FILENO, doing_now, strlen(doing_now));
    (void)written;
    abort();
}

void watchdog(const char *doing)
{
    alarm(0);
    if (doing == NULL)
        return;
    snprintf(doing_now, sizeof doing_now, "watchdog: this does not end: %s\n", doing);
    (void)signal(SIGALRM, bark);
    alarm(60);
}

void line_lay(line *l, const char *url, const char *options)
{
    char whole[1024];
    snprintf(whole, sizeof whole, "%s%c%s", url, strchr(url, '?') == NULL ? '?' : '&', options);
    l->db = NULL;
    l->proxy = proxy_start_for(url);
    assert_non_null(l->proxy);
    proxy_url(l->proxy, whole, l->url, sizeof l->url);
}

void line_open(line *l, const char *options)
{
    line_lay(l, fixture_url(), options);
    ok(ar_db_open(l->url, &(ar_db_options){ .runtime = fixture_runtime() }, &l->db, &err));
}

void line_close(line *l)
{
    ar_db_close(&l->db);
    proxy_stop(l->proxy);
    l->proxy = NULL;
}

void outside_await(outside *o, const char *sql, const char *rows)
{
    time_t end = time(NULL) + 30;
    const char *has = NULL;
    do {
        has = outside_rows(o, sql);
        assert_non_null(has);
        if (strcmp(has, rows) == 0)
            return;
    } while (time(NULL) < end);
    fail_msg("%s gives \"%s\" and not \"%s\"", sql, has, rows);
}
