/* SPDX-License-Identifier: MIT */
#include <poll.h>
#include <string.h>

#include "backends/postgres/error.h"
#include "backends/postgres/task.h"

/* What the server answers, step by step: libpq never says whose result it is. A command gives its result and then NULL; behind an error the other commands of the segment give PGRES_PIPELINE_ABORTED; a Sync
 * gives PGRES_PIPELINE_SYNC and no NULL, before which, and before a NULL, stands the error of what only fails when it is committed, such as a deferred constraint (measured with libpq 15).
 *
 * An operation completes with its error as soon as that is there, and well when the Sync behind it came, for only then it is committed. Reads in a shared segment, and BEGIN, complete with their result. */

static const char doing_run[] = "running a statement";

static ar_status error_of(const ari_postgres_task *task, const PGresult *result, ar_error *err)
{
    const ar_operation *operation = task->operation;
    const char *doing = doing_run;
    switch (task->kind) {
    case AR_OP_BEGIN: doing = "beginning a transaction"; break;
    case AR_OP_COMMIT: doing = "committing a transaction"; break;
    case AR_OP_ROLLBACK: doing = "rolling back"; break;
    case AR_OP_SAVEPOINT: doing = "setting a savepoint"; break;
    case AR_OP_RELEASE: doing = "releasing a savepoint"; break;
    case AR_OP_ROLLBACK_TO: doing = "rolling back to a savepoint"; break;
    case AR_OP_FETCH: doing = "reading on with a cursor"; break;
    default: break;
    }
    /* A cursor reads on with the values of its statement, and a deferred trigger has those of the whole transaction. */
    bool bound = task->kind == AR_OP_FETCH || task->kind == AR_OP_COMMIT ||
                 (operation->statement != NULL && operation->statement->parameter_count > 0);
    return ari_postgres_error(result, doing, bound, err);
}

/* --- errors --- */

static bool is_timeout(const ar_connection *connection, const PGresult *result)
{
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    return (message != NULL && strstr(message, "statement timeout") != NULL) ||
           connection->config->statement_timeout_ms > 0;
}

/* What the server says of a plan that was made for a table as it was before (RevalidateCachedQuery in plancache.c). */
static bool is_stale_plan(const PGresult *result)
{
    const char *routine = PQresultErrorField(result, PG_DIAG_SOURCE_FUNCTION);
    return ari_postgres_has_state(result, "0A000") && routine != NULL && strcmp(routine, "RevalidateCachedQuery") == 0;
}

/* Whether the failed task is to run again, which it may because nothing of it happened. It is left with its operation then. */
static bool runs_again(ar_connection *connection, const ari_postgres_step *step, ari_postgres_task *task,
                       const PGresult *result)
{
    bool unknown = ari_postgres_has_state(result, "26000"), stale = is_stale_plan(result);
    ari_postgres_statement *statement = step->kind == ARI_POSTGRES_FUSED ? task->find_together : task->statement;
    if (statement != NULL && stale)
        ari_postgres_statement_rename(&connection->statements, statement);
    if (statement != NULL && unknown)
        ari_postgres_statement_forget(statement);
    connection->pooled |= unknown;
    if (step->kind == ARI_POSTGRES_FUSED) {
        task->alone = !(unknown || stale) || task->retries == 0;
        if (task->retries > 0)
            task->retries--;
        return true;
    }
    if (task->in_transaction || task->retries == 0)
        return false;
    if (step->early && ari_postgres_has_state(result, "25006")) {
        task->own_sync = true;
        return true;
    }
    bool stopped = connection->cancelling && task->repeatable && ari_postgres_has_state(result, "57014");
    if (!unknown && !stale && !stopped)
        return false;
    task->retries--;
    return true;
}

static void end_transaction(ar_connection *connection)
{
    connection->in_transaction = false;
    connection->tx_failed = false;
    ari_postgres_cursors_kill(connection);
}

static void fail_task(ar_connection *connection, ari_postgres_task *task, const PGresult *result)
{
    ar_error error;
    ar_operation *operation = task->operation;
    if (operation == NULL)
        return;
    ar_ignore(error_of(task, result, &error));
    if (ari_postgres_has_state(result, "57014") && is_timeout(connection, result))
        error.status = AR_E_TIMEOUT;
    if ((ari_postgres_has_state(result, "26000") || is_stale_plan(result)) && task->in_transaction) {
        error.status = AR_E_CONFLICT; /* it is known now: the transaction may be tried again */
        error.retryable = true;
    }
    if (error.status == AR_E_CONNECTION && task->writes) {
        error.outcome_unknown = !task->in_transaction || task->kind == AR_OP_COMMIT;
        error.retryable = error.retryable && !error.outcome_unknown;
    }
    if (task->kind == AR_OP_COMMIT || (task->in_transaction && ari_postgres_is_fatal(result)))
        operation->ended_transaction = true;
    ari_postgres_complete(connection, task, &error);
}

/* The first in the queue that waits for the statement has the error of its Parse. */
static void fail_waiting(ar_connection *connection, const ari_postgres_statement *statement, const ar_error *error)
{
    ari_postgres_task **link = &connection->queue;
    while (*link != NULL && (*link)->statement != statement && (*link)->find_together != statement)
        link = &(*link)->next;
    ari_postgres_task *task = *link;
    if (task == NULL)
        return;
    if (task->statement != statement) { /* only the query for many keys failed */
        task->alone = true;
        return;
    }
    *link = task->next;
    if (*link == NULL)
        connection->queue_end = link;
    ari_postgres_complete(connection, task, error);
    ari_postgres_task_done(connection, task);
}

static void fail_statement(ar_connection *connection, const ari_postgres_step *step, const PGresult *result)
{
    ar_error error;
    ari_postgres_statement *statement = step->statement;
    statement->state = ARI_POSTGRES_UNKNOWN;
    if (step->kind == ARI_POSTGRES_PARSE && ari_postgres_has_state(result, "42P05")) {
        statement->exists = true; /* by the hash in its name it is the same */
        return;
    }
    if (is_stale_plan(result) && statement->generation < 16) {
        ari_postgres_statement_rename(&connection->statements, statement);
        return;
    }
    if (ari_postgres_has_state(result, "26000")) {
        connection->pooled = true;
        statement->exists = false;
        return;
    }
    if (connection->cancelling && !connection->in_transaction && ari_postgres_has_state(result, "57014"))
        return; /* the request met another than it was meant for: it is asked again */
    ar_ignore(ari_postgres_error(result, "preparing a statement", false, &error));
    fail_waiting(connection, statement, &error);
}

static void fail_step(ar_connection *connection, ari_postgres_step *step, const PGresult *result)
{
    step->failed = true;
    connection->dying |= ari_postgres_is_fatal(result);
    switch (step->kind) {
    case ARI_POSTGRES_PARSE:
    case ARI_POSTGRES_DESCRIBE: fail_statement(connection, step, result); return;
    case ARI_POSTGRES_GUARD:
    case ARI_POSTGRES_CONTROL:
    case ARI_POSTGRES_FENCE: return;
    default: break;
    }
    if (connection->in_transaction && step->tasks != NULL && step->tasks->in_transaction &&
        step->tasks->kind != AR_OP_COMMIT)
        connection->tx_failed = true;
    for (ari_postgres_task *task = step->tasks; task != NULL; task = task->next)
        if (task->operation != NULL && !runs_again(connection, step, task, result))
            fail_task(connection, task, result);
    if (step->tasks != NULL && step->tasks->kind == AR_OP_COMMIT)
        end_transaction(connection);
    if (step->tasks != NULL && step->tasks->kind == AR_OP_BEGIN)
        end_transaction(connection);
}

/* --- results --- */

static void take_fetched(ar_connection *connection, ari_postgres_step *step, const PGresult *result)
{
    ar_error error;
    ari_postgres_task *task = step->tasks;
    ar_operation *operation = task->operation;
    size_t count = (size_t)PQntuples(result);
    if (operation == NULL)
        return;
    ar_status status = ari_postgres_give(connection, operation, result, &error);
    if (status != AR_OK) {
        ari_postgres_complete(connection, task, &error);
    } else if (operation->row_limit > 0 && count == operation->row_limit) {
        operation->cursor = step->cursor;
        step->cursor->listed = true;
    }
}

/* COMMIT of a failed transaction answers ROLLBACK. */
static void take_word(ar_connection *connection, ari_postgres_task *task, const PGresult *result)
{
    ar_error error;
    bool rolled_back = strcmp(PQcmdStatus((PGresult *)(uintptr_t)result), "ROLLBACK") == 0;
    switch (task->kind) {
    case AR_OP_COMMIT:
        if (rolled_back && task->operation != NULL) {
            ar_ignore(ar_error_set(&error, AR_E_TX_ABORTED,
                                   "committing a transaction: a statement in it failed, and it was rolled back"));
            task->operation->ended_transaction = true;
            ari_postgres_complete(connection, task, &error);
        }
        end_transaction(connection);
        break;
    case AR_OP_ROLLBACK: end_transaction(connection); break;
    case AR_OP_ROLLBACK_TO: connection->tx_failed = false; break;
    default: break;
    }
}

static void take_rows(ar_connection *connection, ari_postgres_task *task, const PGresult *result)
{
    ar_error error;
    if (task->operation != NULL && ari_postgres_give(connection, task->operation, result, &error) != AR_OK)
        ari_postgres_complete(connection, task, &error);
}

static void take_result(ar_connection *connection, ari_postgres_step *step, const PGresult *result)
{
    ar_error error;
    switch (step->kind) {
    case ARI_POSTGRES_DESCRIBE:
        if (ari_postgres_statement_describe(&connection->statements, step->statement, result, &error) != AR_OK) {
            step->statement->state = ARI_POSTGRES_UNKNOWN;
            fail_waiting(connection, step->statement, &error);
        }
        break;
    case ARI_POSTGRES_RUN:
        if (step->tasks->kind == AR_OP_EXECUTE)
            take_rows(connection, step->tasks, result);
        else
            take_word(connection, step->tasks, result);
        break;
    case ARI_POSTGRES_FUSED: ari_postgres_give_fused(connection, step, result); break;
    case ARI_POSTGRES_FETCH: take_fetched(connection, step, result); break;
    case ARI_POSTGRES_PARSE: step->statement->exists = step->statement->asked_by_name; break;
    case ARI_POSTGRES_GUARD:
    case ARI_POSTGRES_CONTROL:
    case ARI_POSTGRES_DECLARE:
    case ARI_POSTGRES_FENCE: break;
    }
}

/* --- the ends of commands and segments --- */

static void complete_all(ar_connection *connection, const ari_postgres_step *step)
{
    for (ari_postgres_task *task = step->tasks; task != NULL; task = task->next)
        ari_postgres_complete(connection, task, NULL);
}

/* Answers false when the driver says more NULLs than commands; of a connection that is lost it says nothing else. */
static bool end_command(ar_connection *connection)
{
    ari_postgres_step *step = connection->current;
    if (step == NULL || (step->ended && !step->sync))
        return false;
    if (step->ended)
        return PQstatus(connection->pg) == CONNECTION_OK; /* behind the error of a Sync */
    step->ended = true;
    if (step->early && !step->failed && !step->aborted)
        complete_all(connection, step);
    if (!step->sync)
        connection->current = step->next;
    return true;
}

/* The tasks of a step that came to its end; those that run again go to `again`, in their order. A DECLARE has its task in common with the FETCH behind it. */
static void settle_tasks(ar_connection *connection, ari_postgres_step *step, ari_postgres_task ***again)
{
    ar_error error;
    ari_postgres_task *task = step->tasks;
    bool shared = step->kind == ARI_POSTGRES_DECLARE;
    while (task != NULL && !shared) {
        ari_postgres_task *next = task->next;
        if (task->operation != NULL && step->aborted && task->in_transaction) {
            error = connection->begin_error; /* nothing else stands before it in a segment */
            if (error.status == AR_OK)
                ar_ignore(ar_error_set(&error, AR_E_TX_ABORTED,
                                       "running an operation of a transaction: one before it failed; roll back"));
            ari_postgres_complete(connection, task, &error);
        }
        if (task->operation != NULL && (step->aborted || step->failed)) {
            task->next = NULL;
            **again = task;
            *again = &task->next;
        } else {
            ari_postgres_complete(connection, task, NULL);
            ari_postgres_task_done(connection, task);
        }
        task = next;
    }
}

static void settle_cursor(ar_connection *connection, ari_postgres_step *step)
{
    ari_postgres_cursor *cursor = step->cursor;
    if (cursor == NULL)
        return;
    cursor->steps--;
    if (cursor->steps == 0 && !cursor->listed)
        ari_postgres_cursor_free(connection, cursor);
    else if (step->failed || step->aborted)
        cursor->dead = true;
}

static void settle_statement(ar_connection *connection, ari_postgres_step *step)
{
    ari_postgres_statement *statement = step->statement;
    if (statement == NULL)
        return;
    if (step->aborted && statement->state == ARI_POSTGRES_ASKED)
        statement->state = ARI_POSTGRES_UNKNOWN;
    statement->waiting++; /* which release takes back */
    ari_postgres_statement_release(&connection->statements, statement);
}

static void check_state(ar_connection *connection)
{
    if (connection->steps != NULL)
        return;
    PGTransactionStatusType status = PQtransactionStatus(connection->pg);
    if (!connection->in_transaction && status != PQTRANS_IDLE)
        connection->broken = true; /* what runs next would be in a transaction that nobody commits */
    if (connection->in_transaction && status == PQTRANS_IDLE)
        end_transaction(connection);
    if (connection->in_transaction && status == PQTRANS_INERROR)
        connection->tx_failed = true;
}

static void end_segment(ar_connection *connection)
{
    ari_postgres_task *first = NULL, **again = &first;
    ari_postgres_step *last = connection->current;
    bool more = last != NULL;
    connection->current = last == NULL ? NULL : last->next;
    while (more) {
        ari_postgres_step *step = connection->steps;
        more = step != last;
        if (step->kind == ARI_POSTGRES_FENCE && --connection->fences == 0 && connection->fence_sent)
            connection->cancelling = connection->fence_sent = false;
        settle_tasks(connection, step, &again);
        settle_cursor(connection, step);
        settle_statement(connection, step);
        ari_postgres_step_done(connection, step);
    }
    ari_postgres_requeue(connection, first);
    check_state(connection);
    if (connection->ghosts_until != 0)
        ari_postgres_watch_ghosts(connection);
    ari_postgres_consider_cancel(connection);
}

/* An error in the place of a Sync: the segment was not committed. */
static void fail_segment(ar_connection *connection, const PGresult *result)
{
    connection->dying |= ari_postgres_is_fatal(result);
    for (ari_postgres_step *step = connection->steps;; step = step->next) {
        for (ari_postgres_task *task = step->tasks; task != NULL; task = task->next)
            fail_task(connection, task, result);
        if (step == connection->current)
            return;
    }
}

/* False: the connection is lost. */
static bool take(ar_connection *connection, PGresult *result)
{
    ari_postgres_step *step = connection->current;
    switch (PQresultStatus(result)) {
    case PGRES_PIPELINE_SYNC:
        if (step == NULL || !step->sync)
            return false;
        end_segment(connection);
        return true;
    case PGRES_PIPELINE_ABORTED: step->aborted = true; return true;
    case PGRES_COPY_IN:
    case PGRES_COPY_OUT:
    case PGRES_COPY_BOTH: return false; /* nothing leads out of it inside a pipeline */
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
    case PGRES_EMPTY_QUERY: take_result(connection, step, result); return true;
    default: break;
    }
    if (PQresultErrorField(result, PG_DIAG_SQLSTATE) == NULL && PQstatus(connection->pg) == CONNECTION_BAD)
        return false;
    if (step->ended)
        fail_segment(connection, result);
    else
        fail_step(connection, step, result);
    return true;
}

static void take_notifications(ar_connection *connection)
{
    PGnotify *notification;
    while ((notification = PQnotifies(connection->pg)) != NULL) {
        if (connection->host->notified != NULL)
            connection->host->notified(connection->host, notification->relname, notification->extra);
        PQfreemem(notification);
    }
}

bool ari_postgres_receive(ar_connection *connection)
{
    bool alive = PQconsumeInput(connection->pg) == 1;
    while (connection->current != NULL && !PQisBusy(connection->pg)) {
        PGresult *result = PQgetResult(connection->pg);
        bool right = result == NULL ? end_command(connection) : take(connection, result);
        PQclear(result);
        if (!right)
            return false;
    }
    take_notifications(connection);
    return alive && PQstatus(connection->pg) == CONNECTION_OK && !connection->dying;
}
