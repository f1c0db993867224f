/* SPDX-License-Identifier: MIT */
#ifndef BACKENDS_SQLITE_CURSOR_H
#define BACKENDS_SQLITE_CURSOR_H

#include "backends/sqlite/connection.h"

/* Statements that stopped after row_limit rows. Each is a cursor on the connection's list until it is closed; one
 * whose transaction or savepoint is gone is dead: its statement is released and the next fetch says so. */

ar_status ari_sqlite_cursor_open(ar_connection *connection, ar_operation *operation, ar_error *err);
ar_status ari_sqlite_cursor_fetch(ar_connection *connection, ar_operation *operation, ar_error *err);
void ari_sqlite_cursor_close(ar_connection *connection, const ar_operation *operation);

/* Makes the cursors dead that were opened behind the savepoint of that depth; 0: all of them. */
void ari_sqlite_cursors_kill(ar_connection *connection, size_t depth);

/* The savepoint of `depth` is released: cursors opened behind it belong to what is around it. */
void ari_sqlite_cursors_adopt(ar_connection *connection, size_t depth);

void ari_sqlite_cursors_free(ar_connection *connection);

#endif
