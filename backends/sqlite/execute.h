/* SPDX-License-Identifier: MIT */
#ifndef BACKENDS_SQLITE_EXECUTE_H
#define BACKENDS_SQLITE_EXECUTE_H

#include "backends/sqlite/connection.h"

/* Runs the statement of an AR_OP_EXECUTE to its end, with its results but without completing it. `err` must not be
 * NULL. After a failure `connection->half_done` says whether rows of a statement that writes were refused: its
 * changes then are undone outside a transaction, and stand inside one. */
ar_status ari_sqlite_execute(ar_connection *connection, ar_operation *operation, ar_error *err);

/* The two halves of it, for cursors: prepares and binds, with the connection watching the operation … */
ar_status ari_sqlite_start(ar_connection *connection, const ar_operation *operation, ari_sqlite_statement **out,
                           ar_error *err);

/* … and gives one row, after a step that answered SQLITE_ROW, to the operation's sink. */
ar_status ari_sqlite_give_row(ar_connection *connection, const ar_operation *operation, sqlite3_stmt *handle,
                              ar_error *err);

/* Calls the sink's begin, after the first step. Checks the number of columns. */
ar_status ari_sqlite_give_columns(ar_connection *connection, const ar_operation *operation,
                                  ari_sqlite_statement *statement, ar_error *err);

#endif
