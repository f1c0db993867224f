/* SPDX-License-Identifier: MIT */
#include <poll.h>

#include "backends/mysql/connection.h"
#include "backends/mysql/error.h"
#include "values/memory.h"

/* Takes operations from the queue, makes jobs of them, and ends them. */

/* Whatever came while nobody waited is a goodbye: the server speaks only when it was asked, except to say that it closes
 * the connection (shutdown, KILL, wait_timeout). */
static bool is_gone(const ar_connection *connection)
{
    struct pollfd one = { .fd = (int)mysql_get_socket(connection->session.mysql), .events = POLLIN };
    return poll(&one, 1, 0) > 0;
}

static bool check_server(ar_connection *connection)
{
    if (!connection->was_idle)
        return true;
    connection->was_idle = false;
    if (!is_gone(connection))
        return true;
    ar_error error;
    (void)ar_error_set(&error, AR_E_CONNECTION, "running a statement: the server has closed the idle connection");
    error.retryable = true;
    ari_mysql_lose(connection, &error);
    return false;
}

static ar_operation *take_first(ar_connection *connection)
{
    ar_operation *operation = connection->first;
    connection->first = operation->next;
    if (connection->first == NULL)
        connection->last = NULL;
    connection->alone = connection->singly > 0;
    if (connection->alone)
        connection->singly--;
    return operation;
}

static void make_job(ar_connection *connection, ar_operation *operation)
{
    ari_mysql_job *job = &connection->job;
    const ar_statement *source = operation->kind == AR_OP_EXECUTE ? operation->statement : NULL;
    job->members[0] = operation;
    job->count = job->live = 1;
    job->kind = operation->kind;
    job->source = source;
    job->statement_class = source != NULL ? source->statement_class : AR_STATEMENT_OTHER;
    job->in_transaction = operation->in_transaction;
    job->fused = job->begun = job->executing = job->renewed = job->as_text = job->unmatched = job->holds_row = false;
    job->isolated = false;
    job->statement = NULL;
    job->cursor = NULL;
    job->given = 0;
    job->changes = job->row_id = 0;
    job->status = AR_OK;
    connection->running = true;
}

/* Refused without a word to the server. */
static bool refuse(ar_connection *connection, ar_operation *operation, const ar_error *error)
{
    operation->cursor = NULL;
    ari_mysql_complete(connection, operation, error);
    return true;
}

static bool refuse_behind_begin(ar_connection *connection, ar_operation *operation)
{
    ar_error error = connection->begin_error;
    if (error.status == AR_OK)
        (void)ar_error_set(&error, AR_E_TX_ABORTED, "running a statement: its transaction has ended");
    operation->unsent = connection->begin_error.status != AR_OK;
    operation->ended_transaction = true;
    return refuse(connection, operation, &error);
}

static bool check(const ar_connection *connection, const ar_operation *operation, ar_error *err)
{
    const ar_statement *source = operation->statement;
    ar_status status = AR_OK;
    if (operation->kind != AR_OP_EXECUTE)
        return true;
    if (source == NULL)
        status = ar_error_set(err, AR_E_INVALID, "running a statement: there is none");
    else if (source->statement_class == AR_STATEMENT_TRANSACTION)
        status = ar_error_set(err, AR_E_INVALID,
                              "running a statement: transactions are not begun and ended with SQL, nor by what commits "
                              "them, LOCK TABLES, PREPARE and EXECUTE; use ar_tx_begin");
    else if (source->parameter_count > 0 && operation->parameters == NULL)
        status = ar_error_set(err, AR_E_INVALID, "running a statement: it takes %u parameters and there are none",
                              (unsigned)source->parameter_count);
    else if (operation->row_limit > 0 && !connection->in_transaction)
        status = ar_error_set(err, AR_E_INVALID,
                              "running a statement with a limit of rows: a cursor lives in a transaction only");
    return status == AR_OK;
}

static bool start_job(ar_connection *connection, ar_operation *operation)
{
    ar_error error;
    bool ends = operation->kind == AR_OP_ROLLBACK || operation->kind == AR_OP_CLOSE_CURSOR;
    if (operation->in_transaction && !connection->in_transaction && !ends)
        return refuse_behind_begin(connection, operation);
    if (!check(connection, operation, &error))
        return refuse(connection, operation, &error);
    make_job(connection, operation);
    switch (operation->kind) {
    case AR_OP_EXECUTE: (void)ari_mysql_fuse(connection); return ari_mysql_start_execute(connection);
    case AR_OP_FETCH:
    case AR_OP_CLOSE_CURSOR: return ari_mysql_start_cursor(connection);
    case AR_OP_BEGIN:
    case AR_OP_COMMIT:
    case AR_OP_ROLLBACK:
    case AR_OP_SAVEPOINT:
    case AR_OP_RELEASE:
    case AR_OP_ROLLBACK_TO:
    case AR_OP_RESET: return ari_mysql_start_text(connection);
    }
    return refuse(connection, operation, &error);
}

/* A KILL that is under way must not hit what comes next: it is over when its sender has the server's answer; by then it
 * has marked what runs here, or what will run next. */
static bool is_held(ar_connection *connection, bool *waits)
{
    *waits = false;
    if (connection->killing == NULL)
        return false;
    bool called_off = ari_mysql_chore_cancel(connection->killing);
    if (!called_off && !ari_mysql_chore_done(connection->killing)) {
        *waits = true;
        return true;
    }
    if (!called_off)
        (void)ari_mysql_chore_take(connection->killing, NULL, NULL);
    connection->killing = NULL;
    connection->patient_until = 0;
    if (called_off && !connection->stop_sent)
        return false;
    connection->step = ARI_MYSQL_ABSORBED;
    *waits = !ari_mysql_query(&connection->call, "SELECT 1", 8);
    return true;
}

static bool next(ar_connection *connection)
{
    bool waits;
    if (connection->phase != ARI_MYSQL_OPEN)
        return false;
    if (is_held(connection, &waits))
        return !waits;
    if (connection->first == NULL) {
        connection->was_idle = true;
        return false;
    }
    return check_server(connection) && start_job(connection, take_first(connection));
}

static bool advance(ar_connection *connection)
{
    switch (connection->step) {
    case ARI_MYSQL_IDLE: return next(connection);
    case ARI_MYSQL_EVICTED:
    case ARI_MYSQL_RENEWING:
    case ARI_MYSQL_PREPARED:
    case ARI_MYSQL_EXECUTED:
    case ARI_MYSQL_DISCARDED: return ari_mysql_step_execute(connection);
    case ARI_MYSQL_FETCHED:
    case ARI_MYSQL_EMPTIED:
    case ARI_MYSQL_NEXT_RESULT: return ari_mysql_step_rows(connection);
    case ARI_MYSQL_ISOLATED:
    case ARI_MYSQL_QUERIED:
    case ARI_MYSQL_QUERY_STORED:
    case ARI_MYSQL_PROBED:
    case ARI_MYSQL_PROBE_STORED:
    case ARI_MYSQL_SESSION_RESET:
    case ARI_MYSQL_SESSION_SET_UP:
    case ARI_MYSQL_SESSION_INITIAL:
    case ARI_MYSQL_UNDONE:
    case ARI_MYSQL_ABSORBED:
    case ARI_MYSQL_ABSORB_STORED: return ari_mysql_step_text(connection);
    }
    return false;
}

void ari_mysql_run(ar_connection *connection)
{
    while (connection->phase == ARI_MYSQL_OPEN && advance(connection))
        ;
}

/* A statement after which the transaction is gone: CALL of a procedure with COMMIT or DDL in it. Where it failed too, a
 * conflict is the server's own rollback. */
static void tell_end(ari_mysql_job *job)
{
    bool runs_others = job->statement_class != AR_STATEMENT_READ && job->statement_class != AR_STATEMENT_WRITE;
    if (job->status == AR_OK)
        job->status = ar_error_set(&job->error, AR_E_TX_ABORTED,
                                   "running a statement: it ended the transaction, as a procedure that commits or "
                                   "changes the schema does; it and what was before it may have been committed; run it "
                                   "outside of transactions");
    else if (!runs_others || job->status == AR_E_CONFLICT)
        return;
    job->error.outcome_unknown = true;
    job->error.retryable = false;
}

static void note_transaction(ar_connection *connection, ari_mysql_job *job, ar_operation *operation)
{
    bool open = (connection->session.mysql->server_status & SERVER_STATUS_IN_TRANS) != 0;
    bool was = connection->in_transaction;
    bool begins = job->kind == AR_OP_BEGIN && job->status == AR_OK;
    bool ends = (job->kind == AR_OP_COMMIT || job->kind == AR_OP_ROLLBACK) && job->status == AR_OK;
    connection->in_transaction = (was || begins) && open && !ends;
    if (was && !connection->in_transaction) {
        ari_mysql_cursors_kill(connection);
        if (operation != NULL)
            operation->ended_transaction = !ends;
        if (job->kind == AR_OP_EXECUTE)
            tell_end(job);
    }
}

static void deliver(ar_connection *connection, ar_operation *operation)
{
    ari_mysql_job *job = &connection->job;
    operation->changes = job->changes;
    operation->row_id = job->row_id;
    operation->cursor = job->status == AR_OK && job->holds_row ? job->cursor : NULL;
    ari_mysql_complete(connection, operation, job->status == AR_OK ? NULL : &job->error);
}

/* A transaction that was opened, or not ended, for somebody who has gone. */
static bool is_orphan(const ar_connection *connection)
{
    const ari_mysql_job *job = &connection->job;
    return job->live == 0 && (job->kind == AR_OP_BEGIN || job->kind == AR_OP_COMMIT || job->kind == AR_OP_ROLLBACK) &&
           (connection->session.mysql->server_status & SERVER_STATUS_IN_TRANS) != 0;
}

bool ari_mysql_finish(ar_connection *connection)
{
    ari_mysql_job *job = &connection->job;
    ari_release(connection->env, job->text);
    job->text = NULL;
    if (is_orphan(connection)) {
        connection->in_transaction = false;
        connection->step = ARI_MYSQL_UNDONE;
        return ari_mysql_query(&connection->call, "ROLLBACK", 8);
    }
    if (job->kind == AR_OP_BEGIN && job->live > 0)
        connection->begin_error = job->status == AR_OK ? (ar_error){ .status = AR_OK } : job->error;
    connection->running = false;
    connection->step = ARI_MYSQL_IDLE;
    if (connection->killing == NULL)
        connection->patient_until = 0;
    note_transaction(connection, job, job->count == 1 ? job->members[0] : NULL);
    job->statement = NULL;
    if (job->fused && (job->status != AR_OK || job->unmatched)) {
        ari_mysql_take_apart(connection);
        return true;
    }
    for (size_t i = 0; i < job->count; i++)
        if (job->members[i] != NULL)
            deliver(connection, job->members[i]);
    job->cursor = NULL;
    return true;
}
