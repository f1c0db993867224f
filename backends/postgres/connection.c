/* SPDX-License-Identifier: MIT */
#include "backends/postgres/connection.h"

#include <poll.h>
#include <string.h>

#include "backends/postgres/task.h"
#include "values/memory.h"

/* A connection is RESOLVING, CONNECTING, SETTING_UP, OPEN and in the end LOST (connecting.c; a reset leads from OPEN to SETTING_UP and back). It belongs to one thread at a time, whichever holds the token of
 * its actor; only a chore's thread wakes it from outside. An operation is a task from submit on: in the queue until it is sent (send.c), then named by the steps that stand for what the server
 * still answers (receive.c). Tasks and steps are used again and freed with the connection. */

ar_status ari_postgres_open(const ar_backend_config *config, ar_connection_role role, ar_backend_host *host,
                            ar_connection **out, ar_error *err)
{
    const ar_env *env = host->env;
    ar_connection *connection = ari_allocate_zero(env, sizeof *connection);
    if (connection == NULL)
        return ar_error_set(err, AR_E_NO_MEMORY, "connecting to PostgreSQL: no memory");
    connection->env = env;
    connection->host = host;
    connection->config = config;
    connection->role = role;
    connection->queue_end = &connection->queue;
    connection->steps_end = &connection->steps;
    connection->columns.env = env;
    ari_text_buffer_init(&connection->setup, env);
    ari_text_buffer_init(&connection->text, env);
    ari_postgres_parameters_init(&connection->parameters, env);
    ar_status status = AR_OK;
    if (!ari_postgres_statements_init(&connection->statements, env, config->statement_cache))
        status = ar_error_set(err, AR_E_NO_MEMORY, "connecting to PostgreSQL: no memory");
    if (status == AR_OK)
        status = ari_postgres_start_opening(connection, err);
    if (status == AR_OK)
        *out = connection;
    else
        ari_postgres_close(connection);
    return status;
}

/* --- the end --- */

static void fail_sent(ar_connection *connection, ari_postgres_task *task, const ar_error *lost)
{
    ar_error error = *lost;
    ar_operation *operation = task->operation;
    if (operation == NULL)
        return;
    error.outcome_unknown = task->writes && (!task->in_transaction || task->kind == AR_OP_COMMIT);
    error.retryable = !error.outcome_unknown;
    operation->ended_transaction = task->in_transaction;
    ari_postgres_complete(connection, task, &error);
}

static void fail_queued(ar_connection *connection, ari_postgres_task *task, const ar_error *lost)
{
    ar_error error = *lost;
    error.retryable = true;
    task->operation->unsent = true;
    task->operation->ended_transaction = task->in_transaction;
    ari_postgres_complete(connection, task, &error);
}

static void free_task(ar_connection *connection, ari_postgres_task *task)
{
    ari_postgres_statement_release(&connection->statements, task->statement);
    ari_postgres_statement_release(&connection->statements, task->find_together);
    task->statement = task->find_together = NULL;
    task->next = connection->spare_tasks;
    connection->spare_tasks = task;
}

static void drop_step(ar_connection *connection, ari_postgres_step *step)
{
    bool shared = step->kind == ARI_POSTGRES_DECLARE;
    while (step->tasks != NULL && !shared) {
        ari_postgres_task *task = step->tasks;
        step->tasks = task->next;
        free_task(connection, task);
    }
    if (step->statement != NULL) {
        step->statement->waiting++;
        ari_postgres_statement_release(&connection->statements, step->statement);
    }
    ari_postgres_step_done(connection, step);
}

/* Nobody will see the end of a statement that the server is at work on: it need not go on. */
static void stop_statement(ar_connection *connection)
{
    const ari_postgres_step *step = ari_postgres_running(connection);
    bool runs = step != NULL && !step->ended && step->tasks != NULL && step->tasks->kind == AR_OP_EXECUTE;
    if (runs && connection->chore == NULL && PQstatus(connection->pg) == CONNECTION_OK)
        connection->chore = ari_postgres_chore_cancel(connection->host, connection->pg);
}

static void end_all(ar_connection *connection, const ar_error *error)
{
    stop_statement(connection);
    for (ari_postgres_step *step = connection->steps; step != NULL; step = step->next)
        for (ari_postgres_task *task = step->tasks; task != NULL; task = task->next)
            fail_sent(connection, task, error);
    connection->current = NULL;
    while (connection->steps != NULL)
        drop_step(connection, connection->steps);
    while (connection->queue != NULL) {
        ari_postgres_task *task = ari_postgres_unqueue(connection);
        fail_queued(connection, task, error);
        free_task(connection, task);
    }
}

void ari_postgres_lose(ar_connection *connection)
{
    ar_error error;
    ar_ignore(ar_error_set(&error, AR_E_CONNECTION, "running an operation: the connection to PostgreSQL was lost"));
    connection->state = ARI_POSTGRES_LOST;
    connection->broken = true;
    connection->in_transaction = false;
    end_all(connection, &error);
}

bool ari_postgres_usable(const ar_connection *connection)
{
    return !connection->broken && !connection->dying && connection->state != ARI_POSTGRES_LOST;
}

void ari_postgres_close(ar_connection *connection)
{
    const ar_env *env = connection->env;
    ar_error error;
    ar_ignore(ar_error_set(&error, AR_E_CLOSED, "running an operation: the connection was closed"));
    connection->state = ARI_POSTGRES_LOST;
    end_all(connection, &error);
    ari_postgres_chore_drop(connection->chore);
    if (connection->pg != NULL)
        PQfinish(connection->pg); /* sends Terminate, without waiting: the connection is non-blocking */
    while (connection->cursors != NULL)
        ari_postgres_cursor_free(connection, connection->cursors);
    while (connection->spare_tasks != NULL) {
        ari_postgres_task *task = connection->spare_tasks;
        connection->spare_tasks = task->next;
        ari_release(env, task);
    }
    while (connection->spare_steps != NULL) {
        ari_postgres_step *step = connection->spare_steps;
        connection->spare_steps = step->next;
        ari_release(env, step);
    }
    if (connection->statements.text_buckets != NULL)
        ari_postgres_statements_fini(&connection->statements);
    ari_postgres_parameters_fini(&connection->parameters);
    ari_postgres_columns_fini(&connection->columns);
    ari_text_buffer_fini(&connection->setup);
    ari_text_buffer_fini(&connection->text);
    ari_release(env, connection);
}

/* --- driving --- */

/* A server that went away while nothing was under way has left its last words, or the end of the stream: a write must not be sent into that, because nobody could tell whether it arrived. */
static void look_at_idle(ar_connection *connection)
{
    struct pollfd socket = { .fd = PQsocket(connection->pg), .events = POLLIN };
    for (int tries = 0; tries < 8 && poll(&socket, 1, 0) > 0; tries++)
        if (!ari_postgres_receive(connection)) {
            ari_postgres_lose(connection);
            return;
        }
}

static bool is_read(const ar_operation *operation)
{
    return operation->kind == AR_OP_EXECUTE && operation->statement != NULL &&
           operation->statement->statement_class == AR_STATEMENT_READ;
}

/* The operation behind a BEGIN that was not sent yet is refused: so is the BEGIN, and first. */
static void refuse_begin(ar_connection *connection, const ar_error *error)
{
    ari_postgres_task **link = &connection->queue;
    while (*link != NULL && (*link)->kind != AR_OP_BEGIN)
        link = &(*link)->next;
    ari_postgres_task *task = *link;
    if (task == NULL || task->next != NULL)
        return;
    *link = NULL;
    connection->queue_end = link;
    task->operation->unsent = true;
    ari_postgres_complete(connection, task, error);
    ari_postgres_task_done(connection, task);
}

static void enqueue_all(ar_connection *connection, ar_operation *batch, bool *reads_only)
{
    ar_error error;
    while (batch != NULL) {
        ar_operation *operation = batch;
        batch = operation->next;
        *reads_only = *reads_only && is_read(operation);
        ari_postgres_task *task = ari_postgres_task_of(connection, operation);
        if (task != NULL) {
            ari_postgres_enqueue(connection, task);
            continue;
        }
        ar_ignore(ar_error_set(&error, AR_E_NO_MEMORY, "running an operation: no memory"));
        operation->unsent = true;
        if (operation->kind == AR_OP_BEGIN)
            connection->begin_error = error;
        else if (operation->in_transaction)
            refuse_begin(connection, &error);
        connection->tx_failed |= operation->in_transaction;
        connection->broken |= operation->kind == AR_OP_COMMIT || operation->kind == AR_OP_ROLLBACK ||
                              operation->kind == AR_OP_ROLLBACK_TO || operation->kind == AR_OP_RESET;
        connection->host->complete(connection->host, operation, &error);
    }
}

void ari_postgres_submit(ar_connection *connection, ar_operation *batch)
{
    bool reads_only = true, was_idle = connection->steps == NULL && connection->queue == NULL;
    bool was_busy = connection->busy;
    connection->busy = true;
    enqueue_all(connection, batch, &reads_only);
    if (was_idle && !reads_only && connection->state == ARI_POSTGRES_OPEN)
        look_at_idle(connection);
    if (connection->state == ARI_POSTGRES_LOST)
        ari_postgres_lose(connection);
    else if (!was_busy)
        ari_postgres_pump(connection);
    connection->busy = was_busy;
}

/* When the thread that asks the server to cancel is done, a Sync follows, see shed.c. */
static bool cancel_on(ar_connection *connection)
{
    if (!connection->cancelling || connection->fence_sent || !ari_postgres_chore_done(connection->chore))
        return true;
    ari_postgres_chore_drop(connection->chore);
    connection->chore = NULL;
    ari_postgres_cancel_requested(connection);
    if (!ari_postgres_steps_reserve(connection))
        return false;
    (void)ari_postgres_step_add(connection, ARI_POSTGRES_FENCE, NULL);
    return ari_postgres_fence(connection);
}

static void drive(ar_connection *connection)
{
    bool read = !connection->fresh;
    connection->fresh = false;
    if (!cancel_on(connection) || (read && !ari_postgres_receive(connection))) {
        ari_postgres_lose(connection);
        return;
    }
    if (connection->ghosts_until != 0 && connection->env->now(connection->env->ctx) >= connection->ghosts_until) {
        ari_postgres_lose(connection);
        return;
    }
    if (connection->blocked) {
        int flushed = PQflush(connection->pg);
        connection->blocked = flushed == 1;
        connection->broken |= flushed < 0;
    }
    ari_postgres_pump(connection);
    if (connection->broken && connection->steps == NULL && connection->state == ARI_POSTGRES_OPEN)
        ari_postgres_lose(connection);
}

int ari_postgres_progress(ar_connection *connection, int *fd, int64_t *until)
{
    bool was_busy = connection->busy;
    int events = 0;
    connection->busy = true;
    if (connection->state == ARI_POSTGRES_OPEN)
        drive(connection);
    if (connection->state != ARI_POSTGRES_OPEN && connection->state != ARI_POSTGRES_LOST) {
        events = ari_postgres_connect_on(connection, fd, until);
    } else if (connection->state == ARI_POSTGRES_OPEN) {
        *fd = PQsocket(connection->pg);
        events = connection->steps != NULL || connection->role == AR_ROLE_LISTENER ? POLLIN : 0;
        events |= connection->blocked ? POLLOUT : 0;
        if (connection->ghosts_until != 0 && connection->ghosts_until < *until)
            *until = connection->ghosts_until;
        int64_t again = ari_postgres_cancel_again(connection);
        if (again < *until)
            *until = again;
    }
    connection->busy = was_busy;
    return events;
}
