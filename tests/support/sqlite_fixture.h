/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SUPPORT_SQLITE_FIXTURE_H
#define TESTS_SUPPORT_SQLITE_FIXTURE_H

#include <sqlite3.h>

#include "tests/support/fake_host.h"

/* A SQLite connection on a fake host, and `other`: a plain sqlite3 handle on the same file, which stands for another
 * process. */
typedef struct sqlite_fixture {
    fake_host host;
    ar_backend_config *config;
    ar_connection *writer;
    sqlite3 *other;
    char folder[64];
    char path[128];
    void *arg; /* the test's own */
} sqlite_fixture;

int sqlite_fixture_memory(void **state);
int sqlite_fixture_file(void **state);
int sqlite_fixture_tear_down(void **state);

/* Closes the writer, if it is open, and opens it again with these options. */
void sqlite_fixture_reopen(sqlite_fixture *f, const char *options);
void sqlite_fixture_close(sqlite_fixture *f);

/* Runs SQL on the other handle. */
void sqlite_fixture_other(sqlite_fixture *f, const char *sql);

/* Shorthands on the writer. */
const char *sqlite_fixture_rows(sqlite_fixture *f, const char *sql);
void sqlite_fixture_run(sqlite_fixture *f);

/* Fails the test, with the operation's message, when it did not end so. */
void assert_ended(const fake_op *op, ar_status status);
void assert_says(const char *message, const char *what);

#endif
