/* SPDX-License-Identifier: MIT */
#ifndef ACTORS_RUNTIME_H
#define ACTORS_RUNTIME_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include <actrec/runtime.h>

#include "actors/registry.h"
#include "actors/worker.h"

typedef struct ari_timers ari_timers;
typedef struct ari_task_executor ari_task_executor;
typedef struct ari_ask ari_ask;

enum { ARI_WORKERS_MAX = 64 };

struct ar_runtime {
    _Atomic uint64_t
        references; /* its futures, and 1 until it is closed; not counted for the default one, which stays */
    bool is_default;
    ar_env env; /* the one it was given, with the application's allocator in it */
    unsigned fork_generation;
    size_t stack_size;
    bool help;
    void (*log)(void *ctx, ar_log_level level, const char *message);
    void *log_ctx;

    pthread_mutex_t lock; /* all below */
    bool closing;
    unsigned worker_count;
    unsigned next_worker;
    ari_worker *workers[ARI_WORKERS_MAX]; /* started when first needed */
    ari_worker *retired;                  /* of actors that had one of their own, to be stopped */
    ari_actor *actors;                    /* newest first */
    ari_registry names;
    ari_ask *taken;              /* asks whose replies were taken and not sent */
    _Atomic uint32_t actor_ends; /* counts them: futex of closing */
    uint32_t databases;
    ari_timers *timers;
    ari_task_executor *tasks;
};

/* The environment to allocate from; of the process when `runtime` is NULL. */
static inline const ar_env *ari_runtime_env(const ar_runtime *runtime)
{
    return runtime == NULL ? ar_env_default() : &runtime->env;
}

/* Keep the memory of a runtime, and nothing else of it. NULL and the default one: nothing to do. */
ar_runtime *ari_runtime_ref(ar_runtime *runtime);
void ari_runtime_unref(ar_runtime *runtime);

/* AR_E_FORKED in a child of the process that made it, else AR_OK. NULL is fine. */
ar_status ari_runtime_usable(const ar_runtime *runtime, ar_error *err);

/* `runtime`, or the default one when it is NULL, if it is usable and not closing; else NULL and `err`. */
ar_runtime *ari_runtime_resolve(ar_runtime *runtime, ar_error *err);

/* A worker to share, each in turn; or one of its own, which ari_runtime_retire gives back (with the runtime's lock
 * held) to be stopped by another thread. */
ari_worker *ari_runtime_worker(ar_runtime *runtime, ar_error *err);
ari_worker *ari_runtime_own_worker(ar_runtime *runtime, const char *name, ar_error *err);
void ari_runtime_retire(ar_runtime *runtime, ari_worker *worker);

bool ari_runtime_is_closing(ar_runtime *runtime);

/* Databases keep the runtime from being closed. AR_E_CLOSED when it is closing. */
ar_status ari_runtime_hold(ar_runtime *runtime, ar_error *err);
void ari_runtime_unhold(ar_runtime *runtime);

/* Whether `struct_size` of an option struct, 0 or the caller's sizeof, is one that this release can read: `least` was
 * its size in release 0.1. */
static inline bool ari_struct_size_fits(size_t struct_size, size_t least)
{
    return struct_size == 0 || struct_size >= least;
}

void ari_runtime_log(ar_runtime *runtime, ar_log_level level, const char *format, ...) AR_PRINTF(3, 4);

#endif
