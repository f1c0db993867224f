/* SPDX-License-Identifier: MIT */
#ifndef BACKENDS_SQLITE_TRANSACTION_H
#define BACKENDS_SQLITE_TRANSACTION_H

#include "backends/sqlite/connection.h"

/* The operations on the transaction of the connection's user; each with its results, none completes the operation. */
ar_status ari_sqlite_begin(ar_connection *connection, ar_operation *operation, ar_error *err);
ar_status ari_sqlite_commit(ar_connection *connection, ar_operation *operation, ar_error *err);
ar_status ari_sqlite_rollback(ar_connection *connection, ar_error *err);
ar_status ari_sqlite_savepoint(ar_connection *connection, ar_operation *operation, ar_error *err);
ar_status ari_sqlite_release(ar_connection *connection, ar_operation *operation, ar_error *err);
ar_status ari_sqlite_rollback_to(ar_connection *connection, ar_operation *operation, ar_error *err);
ar_status ari_sqlite_reset(ar_connection *connection, ar_error *err);

/* Notices when SQLite has left the transaction by itself. */
void ari_sqlite_transaction_look(ar_connection *connection, ar_operation *operation);

#endif
