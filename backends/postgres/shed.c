/* SPDX-License-Identifier: MIT */
#include "backends/postgres/error.h"
#include "backends/postgres/task.h"

/* Operations that nobody waits for any longer. One that was not sent is dropped. One under way completes at once, and its task stays as a ghost whose answer is thrown away. When a ghost is at the head
 * of what is under way, the server is asked to stop it.
 *
 * A cancel request names no statement: it stops whatever runs when it arrives, which may be the next one. So from the request until it has had its effect nothing new is sent; what was sent before
 * and is stopped by it, is rolled back by the server and runs again, and there is no request where that cannot be (statements that are neither reads nor writes may commit halfway). It has had its effect when
 * the server closed the connection that brought it, for it sends the signal before that, and then a Sync came back, which was sent after it: a signal that is pending is taken before the server reads. One that comes
 * while the server reads is taken for nothing (ProcessInterrupts in postgres.c), though the statement may already be on its way: so the request is repeated. */

enum { first_pause = 50000 }; /* microseconds */

/* The server keeps its answers back until a Sync: behind a BEGIN or a guard, which take no time, it may be at work on the step behind it in their segment. */
const ari_postgres_step *ari_postgres_running(const ar_connection *connection)
{
    const ari_postgres_step *step = connection->current;
    while (step != NULL && !step->sync &&
           (step->kind == ARI_POSTGRES_GUARD || (step->tasks != NULL && step->tasks->kind == AR_OP_BEGIN)))
        step = step->next;
    return step;
}

static bool steps_stoppable(const ar_connection *connection, const ari_postgres_step *running)
{
    for (const ari_postgres_step *step = running->next; step != NULL; step = step->next) {
        if (connection->in_transaction && (step->kind == ARI_POSTGRES_PARSE || step->kind == ARI_POSTGRES_DESCRIBE))
            return false;
        for (const ari_postgres_task *task = step->tasks; task != NULL; task = task->next)
            if (task->operation != NULL && !task->repeatable && !task->in_transaction)
                return false;
    }
    return true;
}

static bool is_ghost(const ari_postgres_step *step)
{
    if (step->tasks == NULL || step->ended)
        return false;
    for (const ari_postgres_task *task = step->tasks; task != NULL; task = task->next)
        if (task->operation != NULL || task->kind == AR_OP_COMMIT || task->kind == AR_OP_ROLLBACK ||
            task->kind == AR_OP_ROLLBACK_TO)
            return false;
    return true;
}

/* A connection on which nothing comes back any more must not hold up what is behind for ever. */
void ari_postgres_watch_ghosts(ar_connection *connection)
{
    enum { patience = 10000000 }; /* microseconds */
    bool any = connection->cancelling;
    for (const ari_postgres_step *step = connection->steps; step != NULL && !any; step = step->next)
        any = is_ghost(step);
    connection->ghosts_until = any ? connection->env->now(connection->env->ctx) + patience : 0;
}

static bool request_cancel(ar_connection *connection)
{
    const ari_postgres_step *running = ari_postgres_running(connection);
    if (running == NULL || !is_ghost(running) || !steps_stoppable(connection, running))
        return false;
    connection->chore = ari_postgres_chore_cancel(connection->host, connection->pg);
    if (connection->chore == NULL)
        return false; /* then it runs to its end */
    connection->cancelling = true;
    connection->fence_sent = false;
    return true;
}

void ari_postgres_consider_cancel(ar_connection *connection)
{
    if (!connection->cancelling && request_cancel(connection))
        connection->cancel_pause = first_pause;
}

void ari_postgres_cancel_requested(ar_connection *connection)
{
    connection->fence_sent = true;
    connection->fences++;
    connection->cancel_again_at = connection->env->now(connection->env->ctx) + connection->cancel_pause;
    connection->cancel_pause *= 2;
}

int64_t ari_postgres_cancel_again(ar_connection *connection)
{
    if (!connection->cancelling || !connection->fence_sent)
        return INT64_MAX;
    if (connection->env->now(connection->env->ctx) < connection->cancel_again_at)
        return connection->cancel_again_at;
    if (!request_cancel(connection))
        connection->cancel_again_at += connection->cancel_pause;
    return connection->cancelling && connection->fence_sent ? connection->cancel_again_at : INT64_MAX;
}

static void shed_queue(ar_connection *connection)
{
    ar_error error;
    ari_postgres_task **link = &connection->queue;
    while (*link != NULL) {
        ari_postgres_task *task = *link;
        if (!ari_postgres_interrupted(connection, task, false, &error) || task->kind == AR_OP_RESET) {
            link = &task->next;
            continue;
        }
        *link = task->next;
        task->operation->unsent = true;
        ari_postgres_complete(connection, task, &error);
        ari_postgres_task_done(connection, task);
    }
    connection->queue_end = link;
}

void ari_postgres_shed(ar_connection *connection)
{
    ar_error error;
    bool was_busy = connection->busy;
    connection->busy = true;
    shed_queue(connection);
    for (ari_postgres_step *step = connection->steps; step != NULL; step = step->next)
        for (ari_postgres_task *task = step->tasks; task != NULL; task = task->next)
            if (ari_postgres_interrupted(connection, task, true, &error))
                ari_postgres_complete(connection, task, &error);
    if (connection->ghosts_until == 0)
        ari_postgres_watch_ghosts(connection); /* else since the first of them: more of them are no answer */
    if (connection->state == ARI_POSTGRES_OPEN)
        ari_postgres_consider_cancel(connection);
    connection->busy = was_busy;
}
