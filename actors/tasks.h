/* SPDX-License-Identifier: MIT */
#ifndef ACTORS_TASKS_H
#define ACTORS_TASKS_H

#include <actrec/executor.h>

#include "actors/gate.h"
#include "actors/runner.h"

/* A task is a callback on its way to an executor. */
typedef struct ari_task ari_task;
struct ari_task {
    ari_mail mail;               /* first */
    void (*run)(ari_task *task); /* once; it frees what it is part of */
};

struct ar_executor {
    void (*post)(ar_executor *executor, ari_task *task); /* never fails or blocks */
    ar_runtime *runtime;
    /* Each `then` is inside: until its callback was posted with holds_until_posted, else while it is submitted. Shut:
     * no more are taken. */
    ari_gate thens;
    bool holds_until_posted;
};

/* The executor of a runtime's workers: actors that take tasks in turns. */
typedef struct ari_task_executor ari_task_executor;
ari_task_executor *ari_task_executor_create(ar_runtime *runtime); /* NULL: no memory */
/* Takes no more and waits for the tasks that are there to have run; what is posted later, by a future that completes
 * late, runs at once on the posting thread. */
void ari_task_executor_close(ari_task_executor *executor);
/* NULL does nothing. */
void ari_task_executor_free(ari_task_executor *executor);

#endif
