/* SPDX-License-Identifier: MIT */
#ifndef ACTORS_TASKS_H
#define ACTORS_TASKS_H

#include <actrec/executor.h>

#include "actors/runner.h"

/* A task is a callback on its way to an executor. */
typedef struct ari_task ari_task;
struct ari_task {
    ari_mail mail; /* first */
    void (*run)(ari_task *task); /* once; it frees what it is part of */
};

struct ar_executor {
    void (*post)(ar_executor *executor, ari_task *task); /* never fails or blocks */
};

/* The executor of a runtime's workers: actors that take tasks in turns. */
typedef struct ari_task_executor ari_task_executor;
ari_task_executor *ari_task_executor_create(ar_runtime *runtime); /* NULL: no memory */
/* Waits for the tasks that are there to have run; later ones run at once on the posting thread. */
void ari_task_executor_close(ari_task_executor *executor);
void ari_task_executor_free(ari_task_executor *executor);

#endif
