/* SPDX-License-Identifier: MIT */
#ifndef BACKENDS_SQLITE_WAIT_H
#define BACKENDS_SQLITE_WAIT_H

#include "backends/sqlite/connection.h"

/* Makes SQLite's busy and progress handlers ask for the deadline and cancellation of operations. Returns SQLite's
 * code. */
int ari_sqlite_install_handlers(ar_connection *connection);

/* Waits a little; false when `until` has come or a watched operation is interrupted. */
bool ari_sqlite_pause(ar_connection *connection, int64_t until);

/* The statement that runs next is `operation`'s; NULL: nobody's. */
static inline void ari_sqlite_watch(ar_connection *connection, const ar_operation *operation)
{
    connection->watched = operation;
    connection->watching_all = false;
}

/* What runs next is for `operations` and all behind it by `next`. A wait for a lock ends when any of them is
 * interrupted, and at `until`, which stays the same over several statements. */
static inline void ari_sqlite_watch_all(ar_connection *connection, const ar_operation *operations, int64_t until)
{
    connection->watched = operations;
    connection->watching_all = true;
    connection->busy_until = until;
}

/* The first of the watched operations that is interrupted; NULL: none. */
const ar_operation *ari_sqlite_interrupted_watched(const ar_connection *connection);

/* The error of an operation that was cancelled or is past its deadline; `doing` as for ari_sqlite_error. */
ar_status ari_sqlite_interrupted_error(const ar_connection *connection, const ar_operation *operation,
                                       const char *doing, ar_error *err);

/* The error of a statement that was `operation`'s: as ari_sqlite_error, except that an interruption and a wait that
 * it ended are the operation's own. */
ar_status ari_sqlite_operation_error(const ar_connection *connection, const ar_operation *operation, int code,
                                     const char *doing, ar_error *err);

#endif
