/* SPDX-License-Identifier: MIT */
#include "backends/sqlite/batch.h"

#include "backends/sqlite/cursor.h"
#include "backends/sqlite/execute.h"
#include "backends/sqlite/group.h"
#include "backends/sqlite/transaction.h"
#include "backends/sqlite/wait.h"

static ar_statement_class class_of(const ar_operation *operation)
{
    return operation->statement == NULL ? AR_STATEMENT_OTHER : operation->statement->statement_class;
}

/* Autocommit reads and writes may share a transaction; everything else runs alone. */
static bool may_share(const ar_connection *connection, const ar_operation *operation)
{
    if (operation->kind != AR_OP_EXECUTE || operation->in_transaction || operation->row_limit != 0 ||
        connection->in_transaction)
        return false;
    ar_statement_class statement_class = class_of(operation);
    return statement_class == AR_STATEMENT_READ ||
           (statement_class == AR_STATEMENT_WRITE && connection->role == AR_ROLE_WRITER);
}

static ar_status execute(ar_connection *connection, ar_operation *operation, ar_error *err)
{
    ar_status status;
    if (operation->in_transaction && !connection->in_transaction)
        return ar_error_set(err, AR_E_TX_ABORTED, "running a statement: its transaction has ended");
    if (!operation->in_transaction && connection->in_transaction)
        return ar_error_set(err, AR_E_INVALID, "running a statement: a transaction that it is no part of is open");
    if (operation->row_limit != 0)
        status = ari_sqlite_cursor_open(connection, operation, err);
    else
        status = ari_sqlite_execute(connection, operation, err);
    ari_sqlite_transaction_look(connection, operation);
    return status;
}

static ar_status fetch(ar_connection *connection, ar_operation *operation, ar_error *err)
{
    ar_status status = ari_sqlite_cursor_fetch(connection, operation, err);
    ari_sqlite_transaction_look(connection, operation);
    return status;
}

/* Rolling back, closing and resetting are done for those too who no longer wait. */
static bool may_be_interrupted(ar_operation_kind kind)
{
    return kind == AR_OP_EXECUTE || kind == AR_OP_FETCH || kind == AR_OP_BEGIN || kind == AR_OP_SAVEPOINT;
}

static ar_status run(ar_connection *connection, ar_operation *operation, ar_error *err)
{
    if (connection->broken && may_be_interrupted(operation->kind))
        return ari_sqlite_refuse_broken(connection, err);
    if (may_be_interrupted(operation->kind) && ari_sqlite_interrupted(connection, operation))
        return ari_sqlite_interrupted_error(connection, operation, "waiting to run", err);
    switch (operation->kind) {
    case AR_OP_EXECUTE: return execute(connection, operation, err);
    case AR_OP_FETCH: return fetch(connection, operation, err);
    case AR_OP_CLOSE_CURSOR: ari_sqlite_cursor_close(connection, operation); return AR_OK;
    case AR_OP_BEGIN: return ari_sqlite_begin(connection, operation, err);
    case AR_OP_COMMIT: return ari_sqlite_commit(connection, operation, err);
    case AR_OP_ROLLBACK: return ari_sqlite_rollback(connection, err);
    case AR_OP_SAVEPOINT: return ari_sqlite_savepoint(connection, operation, err);
    case AR_OP_RELEASE: return ari_sqlite_release(connection, operation, err);
    case AR_OP_ROLLBACK_TO: return ari_sqlite_rollback_to(connection, operation, err);
    case AR_OP_RESET: return ari_sqlite_reset(connection, err);
    }
    return ar_error_set(err, AR_E_INVALID, "there is no operation of kind %d", (int)operation->kind);
}

static void clear_results(ar_operation *operation)
{
    if (operation->kind != AR_OP_FETCH && operation->kind != AR_OP_CLOSE_CURSOR)
        operation->cursor = NULL;
    operation->changes = 0;
    operation->row_id = 0;
    operation->ended_transaction = false;
}

void ari_sqlite_clear_all(ar_operation *operations)
{
    for (ar_operation *operation = operations; operation != NULL; operation = operation->next)
        clear_results(operation);
}

/* Operations from the front of a batch that run together. */
typedef struct segment {
    ar_operation *last;
    size_t writes;
    size_t count;
} segment;

/* Either the reads up to the first write, or everything up to the last write: reads between writes run with them. */
static segment cut(const ar_connection *connection, ar_operation *first)
{
    segment found = { first, 0, 1 };
    size_t count = 0;
    bool reads_only = class_of(first) == AR_STATEMENT_READ;
    ar_operation *operation = first;
    while (operation != NULL && count < ARI_SQLITE_GROUP_LIMIT && may_share(connection, operation)) {
        bool reads = class_of(operation) == AR_STATEMENT_READ;
        if (reads_only && !reads)
            break;
        count++;
        if (reads_only || !reads) {
            found.last = operation;
            found.count = count;
            found.writes += reads ? 0 : 1;
        }
        operation = operation->next;
    }
    return found;
}

static void run_and_complete(ar_connection *connection, ar_operation *operation)
{
    ar_error error;
    ar_status status = run(connection, operation, &error);
    if (operation->kind != AR_OP_CLOSE_CURSOR)
        status = ari_sqlite_settle(connection, status, &error);
    ari_sqlite_complete(connection, operation, status == AR_OK ? NULL : &error);
}

void ari_sqlite_submit(ar_connection *connection, ar_operation *batch)
{
    while (batch != NULL) {
        ar_operation *first = batch;
        segment together = { first, 0, 1 };
        if (first->next != NULL && may_share(connection, first))
            together = cut(connection, first);
        batch = together.last->next;
        together.last->next = NULL;
        ari_sqlite_clear_all(first);
        if (together.count == 1)
            run_and_complete(connection, first);
        else if (together.writes > 0)
            ari_sqlite_group(connection, first, batch == NULL);
        else
            ari_sqlite_read_together(connection, first);
    }
}
