/* SPDX-License-Identifier: MIT */
#ifndef BACKENDS_SQLITE_ERROR_H
#define BACKENDS_SQLITE_ERROR_H

#include <sqlite3.h>

#include <actrec/sys/backend.h>

/* What SQLite's extended result codes mean (https://www.sqlite.org/rescode.html). `doing` is the subject of the
 * message: "committing". */
ar_status ari_sqlite_error(sqlite3 *db, int code, const char *doing, ar_error *err);

ar_status ari_sqlite_prepare_error(sqlite3 *db, int code, const ar_statement *source, ar_error *err);

/* True when SQLite had begun to make a transaction durable and cannot know whether a crash now would keep it. In
 * this process it is rolled back. */
bool ari_sqlite_commit_in_doubt(int code);

#endif
