/* SPDX-License-Identifier: MIT */
#include "backends/sqlite/transaction.h"

#include <stdio.h>

#include "backends/sqlite/cursor.h"
#include "backends/sqlite/error.h"
#include "backends/sqlite/wait.h"
#include "values/memory.h"

/* `in_transaction` is set by BEGIN and cleared by COMMIT, ROLLBACK, and when SQLite ends the transaction by itself:
 * a full disk, an I/O error, no memory, an interrupted write, ON CONFLICT ROLLBACK
 * (https://www.sqlite.org/lang_transaction.html, 2.3). */

static void forget(ar_connection *connection)
{
    ari_sqlite_cursors_kill(connection, 0);
    connection->in_transaction = false;
    connection->transaction_read_only = false;
    connection->savepoint_count = 0;
}

static ar_status none_open(const char *doing, ar_error *err)
{
    return ar_error_set(err, AR_E_TX_ABORTED, "%s: no transaction is open on this connection", doing);
}

void ari_sqlite_transaction_look(ar_connection *connection, ar_operation *operation)
{
    if (!connection->in_transaction || !ari_sqlite_in_autocommit(connection))
        return;
    forget(connection);
    operation->ended_transaction = true;
}

ar_status ari_sqlite_begin(ar_connection *connection, ar_operation *operation, ar_error *err)
{
    static const char doing[] = "beginning a transaction";
    if (connection->in_transaction)
        return ar_error_set(err, AR_E_INVALID, "%s: one is open on this connection", doing);
    if (connection->role == AR_ROLE_READER && !operation->read_only)
        return ar_error_set(err, AR_E_READ_ONLY, "%s that writes: the database is open for reading", doing);
    ari_sqlite_watch(connection, operation);
    int code = ari_sqlite_control(connection, operation->read_only ? ARI_SQLITE_BEGIN : ARI_SQLITE_BEGIN_IMMEDIATE);
    ar_status status = code == SQLITE_OK ? AR_OK : ari_sqlite_operation_error(connection, operation, code, doing, err);
    ari_sqlite_watch(connection, NULL);
    if (status != AR_OK) {
        ari_sqlite_roll_back(connection);
        return status;
    }
    connection->in_transaction = true;
    connection->transaction_read_only = operation->read_only;
    return AR_OK;
}

/* Cursors are closed first: one that is still being read would keep its snapshot, and the log from being
 * checkpointed. */
ar_status ari_sqlite_commit(ar_connection *connection, ar_operation *operation, ar_error *err)
{
    static const char doing[] = "committing a transaction";
    if (!connection->in_transaction)
        return none_open(doing, err);
    ari_sqlite_cursors_kill(connection, 0);
    ari_sqlite_watch(connection, operation);
    int code = ari_sqlite_control(connection, ARI_SQLITE_COMMIT);
    ar_status status = AR_OK;
    if (code != SQLITE_OK) {
        status = ari_sqlite_operation_error(connection, operation, code, doing, err);
        if (ari_sqlite_commit_in_doubt(code) && err != NULL)
            err->outcome_unknown = true;
        ari_sqlite_roll_back(connection);
        operation->ended_transaction = true;
    }
    ari_sqlite_watch(connection, NULL);
    forget(connection);
    return status;
}

ar_status ari_sqlite_rollback(ar_connection *connection, ar_error *err)
{
    forget(connection);
    ari_sqlite_roll_back(connection);
    if (connection->broken)
        return ar_error_set(err, AR_E_CONNECTION,
                            "rolling back: SQLite did not leave the transaction; the connection is closed");
    return AR_OK;
}

static ar_status run_text(ar_connection *connection, ar_operation *operation, const char *verb, const char *doing,
                          ar_error *err)
{
    char text[64];
    snprintf(text, sizeof text, "%s ar_%lu", verb, (unsigned long)operation->savepoint);
    ari_sqlite_watch(connection, operation);
    int code = sqlite3_exec(connection->db, text, NULL, NULL, NULL);
    ar_status status = code == SQLITE_OK ? AR_OK : ari_sqlite_operation_error(connection, operation, code, doing, err);
    ari_sqlite_watch(connection, NULL);
    ari_sqlite_transaction_look(connection, operation);
    return status;
}

ar_status ari_sqlite_savepoint(ar_connection *connection, ar_operation *operation, ar_error *err)
{
    static const char doing[] = "setting a savepoint";
    if (!connection->in_transaction)
        return none_open(doing, err);
    if (connection->savepoint_count == connection->savepoint_capacity) {
        size_t capacity = connection->savepoint_capacity * 2 + 8;
        uint32_t *savepoints =
            ari_reallocate_array(connection->env, connection->savepoints, capacity, sizeof *savepoints);
        if (savepoints == NULL)
            return ar_error_set(err, AR_E_NO_MEMORY, "%s: no memory", doing);
        connection->savepoints = savepoints;
        connection->savepoint_capacity = capacity;
    }
    ar_status status = run_text(connection, operation, "SAVEPOINT", doing, err);
    if (status == AR_OK)
        connection->savepoints[connection->savepoint_count++] = operation->savepoint;
    return status;
}

/* The depth of the innermost savepoint of that number, counted from 1; 0: none. */
static size_t depth_of(const ar_connection *connection, uint32_t savepoint)
{
    size_t depth = connection->savepoint_count;
    while (depth > 0 && connection->savepoints[depth - 1] != savepoint)
        depth--;
    return depth;
}

ar_status ari_sqlite_release(ar_connection *connection, ar_operation *operation, ar_error *err)
{
    static const char doing[] = "releasing a savepoint";
    if (!connection->in_transaction)
        return none_open(doing, err);
    size_t depth = depth_of(connection, operation->savepoint);
    if (depth == 0)
        return ar_error_set(err, AR_E_INVALID, "%s: there is none of number %u", doing, (unsigned)operation->savepoint);
    ar_status status = run_text(connection, operation, "RELEASE", doing, err);
    if (status == AR_OK) {
        connection->savepoint_count = depth - 1;
        ari_sqlite_cursors_adopt(connection, depth);
    }
    return status;
}

ar_status ari_sqlite_rollback_to(ar_connection *connection, ar_operation *operation, ar_error *err)
{
    static const char doing[] = "rolling back to a savepoint";
    if (!connection->in_transaction)
        return none_open(doing, err);
    size_t depth = depth_of(connection, operation->savepoint);
    if (depth == 0)
        return ar_error_set(err, AR_E_INVALID, "%s: there is none of number %u", doing, (unsigned)operation->savepoint);
    ari_sqlite_cursors_kill(connection, depth);
    ar_status status = run_text(connection, operation, "ROLLBACK TO", doing, err);
    if (status == AR_OK)
        connection->savepoint_count = depth;
    return status;
}

/* What PRAGMA, ATTACH and TEMP objects changed cannot be undone one by one: the connection is to be closed. Not that
 * of a database in memory, which would be gone with it; it has no other connection that could tell the difference. */
ar_status ari_sqlite_reset(ar_connection *connection, ar_error *err)
{
    ar_status status = ari_sqlite_rollback(connection, err);
    ari_sqlite_cursors_free(connection);
    if (status == AR_OK && connection->session_changed && !connection->config->memory)
        status = ar_error_set(err, AR_E_UNSUPPORTED, "resetting a connection: SQL has changed its session; close it");
    return status;
}
