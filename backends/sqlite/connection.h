/* SPDX-License-Identifier: MIT */
#ifndef BACKENDS_SQLITE_CONNECTION_H
#define BACKENDS_SQLITE_CONNECTION_H

#include <sqlite3.h>

#include "backends/sqlite/config.h"
#include "backends/sqlite/statement.h"

typedef struct ari_sqlite_cursor ari_sqlite_cursor;
typedef struct ari_sqlite_held ari_sqlite_held;

/* Statements that every connection keeps prepared. */
typedef enum ari_sqlite_control_statement {
    ARI_SQLITE_BEGIN,
    ARI_SQLITE_BEGIN_IMMEDIATE,
    ARI_SQLITE_COMMIT,
    ARI_SQLITE_ROLLBACK,
    ARI_SQLITE_CONTROL_STATEMENTS /* how many */
} ari_sqlite_control_statement;

/* One open database connection; run by one thread at a time. */
struct ar_connection {
    const ar_env *env;
    ar_backend_host *host;
    const ar_backend_config *config;
    ar_connection_role role;
    bool broken;          /* usable() says no */
    bool session_changed; /* raw SQL of the SESSION class ran */
    sqlite3 *db;
    ari_sqlite_guard guard;
    sqlite3_stmt *control[ARI_SQLITE_CONTROL_STATEMENTS];
    ari_sqlite_statements statements;

    /* execute.c: room for one row. */
    ar_value *values;
    size_t value_capacity;
    bool half_done; /* the last statement wrote, and was stopped by whoever took its rows */

    /* wait.c: whose deadline and cancellation the progress and busy handlers look at. */
    const ar_operation *watched;
    bool watching_all; /* `watched` and all behind it, until `busy_until` */
    int64_t busy_until;
    uint32_t never; /* a word to sleep on that nobody changes */

    /* transaction.c: the transaction that AR_OP_BEGIN opened. */
    bool in_transaction;
    bool transaction_read_only;
    uint32_t *savepoints; /* numbers of the open ones, outermost first */
    size_t savepoint_count;
    size_t savepoint_capacity;
    ari_sqlite_cursor *cursors; /* all that were opened and not closed */

    ari_sqlite_held *held; /* group.c: errors that wait for COMMIT; made when first needed */
};

ar_status ari_sqlite_open(const ar_backend_config *config, ar_connection_role role, ar_backend_host *host,
                          ar_connection **out, ar_error *err);
bool ari_sqlite_usable(const ar_connection *connection);
void ari_sqlite_close(ar_connection *connection);

/* Runs one of the prepared control statements and answers SQLite's extended result code. */
int ari_sqlite_control(ar_connection *connection, ari_sqlite_control_statement which);

/* Leaves the open transaction, whoever opened it. A connection that cannot is broken. */
void ari_sqlite_roll_back(ar_connection *connection);

/* Behind an operation that ran alone and ended with `status`: outside a transaction of its user SQLite has to be in
 * autocommit again. If it is not, what runs next would be acknowledged in a transaction that nobody commits: so that is
 * rolled back, the connection is broken, and the operation fails if it had not. */
ar_status ari_sqlite_settle(ar_connection *connection, ar_status status, ar_error *err);

/* The error of what would run on a broken connection. */
ar_status ari_sqlite_refuse_broken(const ar_connection *connection, ar_error *err);

static inline bool ari_sqlite_in_autocommit(const ar_connection *connection)
{
    return sqlite3_get_autocommit(connection->db) != 0;
}

static inline bool ari_sqlite_interrupted(const ar_connection *connection, const ar_operation *operation)
{
    return connection->host->interrupted(connection->host, operation);
}

static inline void ari_sqlite_complete(const ar_connection *connection, ar_operation *operation, const ar_error *error)
{
    connection->host->complete(connection->host, operation, error);
}

#endif
