/* SPDX-License-Identifier: MIT */
#include "backends/postgres/task.h"

#include <assert.h>

#include "values/memory.h"

ari_postgres_task *ari_postgres_task_of(ar_connection *connection, ar_operation *operation)
{
    ari_postgres_task *task = connection->spare_tasks;
    if (task != NULL)
        connection->spare_tasks = task->next;
    else if ((task = ari_allocate(connection->env, sizeof *task)) == NULL)
        return NULL;
    const ar_statement *source = operation->kind == AR_OP_EXECUTE ? operation->statement : NULL;
    ar_statement_class what = source == NULL ? AR_STATEMENT_READ : source->statement_class;
    *task = (ari_postgres_task){ .operation = operation,
                                 .kind = operation->kind,
                                 .in_transaction = operation->in_transaction || operation->kind == AR_OP_COMMIT,
                                 .writes = what != AR_STATEMENT_READ || operation->kind == AR_OP_COMMIT,
                                 .repeatable = source != NULL && !operation->in_transaction &&
                                               (what == AR_STATEMENT_READ || what == AR_STATEMENT_WRITE),
                                 .retries = 3 };
    operation->changes = 0;
    operation->row_id = 0;
    operation->ended_transaction = false;
    operation->unsent = false;
    return task;
}

void ari_postgres_task_done(ar_connection *connection, ari_postgres_task *task)
{
    ari_postgres_statement_release(&connection->statements, task->statement);
    ari_postgres_statement_release(&connection->statements, task->find_together);
    task->next = connection->spare_tasks;
    connection->spare_tasks = task;
}

/* Parse and Describe of the operation, a guard, and its own two. */
bool ari_postgres_steps_reserve(ar_connection *connection)
{
    enum { for_one_operation = 6 };
    while (connection->spare_steps_count < for_one_operation) {
        ari_postgres_step *step = ari_allocate(connection->env, sizeof *step);
        if (step == NULL)
            return false;
        step->next = connection->spare_steps;
        connection->spare_steps = step;
        connection->spare_steps_count++;
    }
    return true;
}

ari_postgres_step *ari_postgres_step_add(ar_connection *connection, ari_postgres_step_kind kind,
                                         ari_postgres_task *tasks)
{
    ari_postgres_step *step = connection->spare_steps;
    assert(step != NULL);
    connection->spare_steps = step->next;
    connection->spare_steps_count--;
    *step = (ari_postgres_step){ .kind = kind, .tasks = tasks };
    *connection->steps_end = step;
    connection->steps_end = &step->next;
    connection->steps_count++;
    if (connection->current == NULL)
        connection->current = step;
    return step;
}

/* The head of those under way. */
void ari_postgres_step_done(ar_connection *connection, ari_postgres_step *step)
{
    connection->steps = step->next;
    if (connection->steps == NULL)
        connection->steps_end = &connection->steps;
    connection->steps_count--;
    step->next = connection->spare_steps;
    connection->spare_steps = step;
    connection->spare_steps_count++;
}

void ari_postgres_enqueue(ar_connection *connection, ari_postgres_task *task)
{
    task->next = NULL;
    *connection->queue_end = task;
    connection->queue_end = &task->next;
}

ari_postgres_task *ari_postgres_unqueue(ar_connection *connection)
{
    ari_postgres_task *task = connection->queue;
    connection->queue = task->next;
    if (connection->queue == NULL)
        connection->queue_end = &connection->queue;
    task->next = NULL;
    return task;
}

void ari_postgres_requeue(ar_connection *connection, ari_postgres_task *first)
{
    ari_postgres_task **end = &first;
    while (*end != NULL)
        end = &(*end)->next;
    *end = connection->queue;
    if (connection->queue == NULL)
        connection->queue_end = end == &first ? &connection->queue : end;
    connection->queue = first;
}

void ari_postgres_complete(ar_connection *connection, ari_postgres_task *task, const ar_error *error)
{
    ar_error aborted;
    ar_operation *operation = task->operation;
    if (operation == NULL)
        return;
    task->operation = NULL;
    bool ends = task->kind == AR_OP_ROLLBACK || task->kind == AR_OP_ROLLBACK_TO || task->kind == AR_OP_COMMIT;
    if (task->in_transaction && !ends && error == NULL && connection->tx_failed && task->kind != AR_OP_CLOSE_CURSOR) {
        ar_ignore(ar_error_set(&aborted, AR_E_TX_ABORTED,
                               "running an operation of a transaction: one before it failed; roll back"));
        error = &aborted;
    }
    if (task->in_transaction && !ends && error != NULL)
        connection->tx_failed = true;
    if (task->kind == AR_OP_BEGIN) {
        connection->begin_pending = false;
        if (error != NULL)
            connection->begin_error = *error;
    }
    connection->host->complete(connection->host, operation, error);
}

bool ari_postgres_interrupted(ar_connection *connection, const ari_postgres_task *task, bool sent, ar_error *err)
{
    const ar_operation *operation = task->operation;
    if (operation == NULL || !connection->host->interrupted(connection->host, operation))
        return false;
    bool unknown = sent && task->writes && (!task->in_transaction || task->kind == AR_OP_COMMIT);
    const char *what = unknown ? "it was sent, and may have been done"
                       : sent  ? "its result is thrown away"
                               : "nothing was sent";
    if (connection->env->now(connection->env->ctx) >= operation->deadline)
        ar_ignore(ar_error_set(err, AR_E_TIMEOUT, "running an operation: the deadline passed; %s", what));
    else
        ar_ignore(ar_error_set(err, AR_E_CANCELLED, "running an operation: cancelled; %s", what));
    err->outcome_unknown = unknown;
    return true;
}
