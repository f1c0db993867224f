/* SPDX-License-Identifier: MIT */
#ifndef BACKENDS_SQLITE_GUARD_H
#define BACKENDS_SQLITE_GUARD_H

#include <sqlite3.h>

#include <actrec/sys/backend.h>

/* The second look at texts of SQL, behind classify.c: what SQLite's own parser says that they do, before they do it.
 * A text that begins or ends a transaction, or changes the session without saying so, is not prepared. */
typedef struct ari_sqlite_guard {
    const ar_statement *preparing; /* NULL: SQL of the connection's own, or of SQLite's, as VACUUM runs it */
    int refused;                   /* the action of SQLite's that was; 0: none */
} ari_sqlite_guard;

/* Once per connection; `guard` lives as long as it. */
int ari_sqlite_guard_install(ari_sqlite_guard *guard, sqlite3 *db);

/* Prepares `source`, guarded. A refusal is SQLITE_AUTH. */
int ari_sqlite_guard_prepare(ari_sqlite_guard *guard, sqlite3 *db, const ar_statement *source, unsigned int flags,
                             sqlite3_stmt **out, const char **tail);

/* The error behind SQLITE_AUTH. */
ar_status ari_sqlite_guard_error(const ari_sqlite_guard *guard, ar_error *err);

#endif
