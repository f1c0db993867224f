/* SPDX-License-Identifier: MIT */
#ifndef BACKENDS_POSTGRES_TASK_H
#define BACKENDS_POSTGRES_TASK_H

#include "backends/postgres/connection.h"

/* task.c: tasks and steps, where they come from and how operations complete. */

/* A task for the operation; NULL: no memory. */
ari_postgres_task *ari_postgres_task_of(ar_connection *connection, ar_operation *operation);

/* The task is of no more use; its operation is completed, and it is in no list. */
void ari_postgres_task_done(ar_connection *connection, ari_postgres_task *task);

/* Has steps at hand for one operation, so that adding them does not fail; false: no memory. */
bool ari_postgres_steps_reserve(ar_connection *connection);

/* A step at the end of those under way. */
ari_postgres_step *ari_postgres_step_add(ar_connection *connection, ari_postgres_step_kind kind,
                                         ari_postgres_task *tasks);
void ari_postgres_step_done(ar_connection *connection, ari_postgres_step *step);

void ari_postgres_enqueue(ar_connection *connection, ari_postgres_task *task);

/* Takes the head of the queue out of it. */
ari_postgres_task *ari_postgres_unqueue(ar_connection *connection);

/* In front of the queue, in the order of the list. */
void ari_postgres_requeue(ar_connection *connection, ari_postgres_task *first);

/* Completes the operation of a task; that of a transaction fails it with it. Nothing when it is completed. */
void ari_postgres_complete(ar_connection *connection, ari_postgres_task *task, const ar_error *error);

/* The error of an operation that its caller does not wait for any longer; false: he does. */
bool ari_postgres_interrupted(ar_connection *connection, const ari_postgres_task *task, bool sent, ar_error *err);

/* send.c: sends what can be sent of the queue. */
void ari_postgres_pump(ar_connection *connection);

/* The end of a segment that has been begun; false: the connection is lost. */
bool ari_postgres_seal(ar_connection *connection);

/* Sends the Sync of the step that was just added. */
bool ari_postgres_fence(ar_connection *connection);

/* receive.c: takes what has come. False: the connection is lost. */
bool ari_postgres_receive(ar_connection *connection);

/* rows.c: gives a result to its operation. */
ar_status ari_postgres_give(ar_connection *connection, ar_operation *operation, const PGresult *result, ar_error *err);

/* fuse.c: the finds of the queue that run with that at its head, taken out of it, at least two; NULL: it runs alone, or (*wait) first something has to be asked. The parameters are
 * encoded. */
ari_postgres_task *ari_postgres_fuse(ar_connection *connection, bool *wait);
void ari_postgres_give_fused(ar_connection *connection, ari_postgres_step *step, const PGresult *result);

/* send.c: has the server parse and describe it. False: no memory, and nothing was sent. */
bool ari_postgres_ask(ar_connection *connection, ari_postgres_statement *statement, const ar_statement *source);

/* cursor.c */
struct ari_postgres_cursor {
    ari_postgres_cursor *next;
    uint32_t number;
    uint32_t rollbacks_to; /* of the connection when it was made */
    bool dead;             /* its transaction has ended, or the savepoint may have */
    bool listed;           /* its operation knows of it */
    bool binary;
    uint32_t steps; /* under way that name it */
};

ari_postgres_cursor *ari_postgres_cursor_new(ar_connection *connection, bool binary);
ari_postgres_cursor *ari_postgres_cursor_find(ar_connection *connection, const void *handle);
void ari_postgres_cursor_free(ar_connection *connection, ari_postgres_cursor *cursor);
void ari_postgres_cursors_kill(ar_connection *connection);

/* shed.c: the first step under way that may take its time; NULL: none. */
const ari_postgres_step *ari_postgres_running(const ar_connection *connection);

/* shed.c: asks the server to stop the head of what is under way, if nobody waits for it. */
void ari_postgres_consider_cancel(ar_connection *connection);

/* shed.c: the request was made, and a fence is sent behind it. */
void ari_postgres_cancel_requested(ar_connection *connection);

/* shed.c: asks again when it is time to; answers when it will be. */
int64_t ari_postgres_cancel_again(ar_connection *connection);

/* shed.c: sets the time by which the answers to what nobody waits for have to come, if there is such. */
void ari_postgres_watch_ghosts(ar_connection *connection);

#endif
