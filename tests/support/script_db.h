/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SUPPORT_SCRIPT_DB_H
#define TESTS_SUPPORT_SCRIPT_DB_H

#include <actrec.h>

#include "tests/support/script_backend.h"

/* A database on the scripted backend, on a runtime of its own that counts memory. */
typedef struct script_db {
    ar_runtime *runtime;
    ar_db *db;
} script_db;

/* Fails the test when it cannot be opened; `options` may be NULL, and its runtime is set. */
script_db script_db_open(const ar_db_options *options);

/* Closes what is open of it; fails the test when memory or connections are left. */
void script_db_close(script_db *opened);

/* Runs a statement through a handle. */
ar_status script_exec(ar_db *db, const char *sql, ar_error *err);
ar_int64_future script_exec_async(ar_db *db, const char *sql);

#endif
