/* SPDX-License-Identifier: MIT */
#ifndef ACTORS_WORKER_H
#define ACTORS_WORKER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <actrec/sys/env.h>

#include "actors/gate.h"
#include "actors/runner.h"

/* An executor that runs actors: one of its own, or many that share it. See actors/worker.c. */
struct ari_worker {
    const ar_env *env;
    ar_env_executor *executor;
    _Atomic uint32_t asleep;
    ari_gate ringers; /* who is inside ari_worker_ring */
    _Atomic bool quit;
    _Atomic(ari_runner *) rung; /* newest first */
    ari_runner *turn;           /* oldest first; the executor's own */
    ari_runner **turn_end;
    ari_worker *next; /* the runtime's list of workers to reap */
};

ar_status ari_worker_start(const ar_env *env, const char *name, size_t stack_size, ari_worker **out, ar_error *err);

/* `runner`'s BELL was set by the caller. Never blocks. */
void ari_worker_ring(ari_worker *worker, ari_runner *runner);

/* Ends the worker once nothing is rung, and frees it. Its runners are gone. Blocks; not on the worker itself. NULL does
 * nothing. */
void ari_worker_stop(ari_worker *worker);

/* The worker that runs on this thread, NULL on a thread that is none. */
const ari_worker *ari_worker_current(void);

#endif
