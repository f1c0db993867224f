/* SPDX-License-Identifier: MIT */
#include "actors/runtime.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "actors/actor.h"
#include "actors/tasks.h"
#include "actors/timers.h"
#include "values/memory.h"

/* A runtime is made whole at once, but its threads only start when something needs them. Closing goes the other way
 * round: actors, then timers, then callbacks, then workers; at each step the ones that are still there can complete
 * futures of the ones before. Its memory stays until the last future is dropped.
 *
 * A child of fork has the memory but not the threads, and nng aborts when it is used there: fork_generation counts the
 * forks above this process, and a runtime of another generation answers AR_E_FORKED. */

enum { STACK_DEFAULT = 256 * 1024, STACK_LEAST = 64 * 1024 };

static _Atomic unsigned fork_generation;
static _Atomic bool used; /* a runtime was made in this process or the ones above */
static _Atomic unsigned used_generation;

static pthread_mutex_t default_lock = PTHREAD_MUTEX_INITIALIZER;
static _Atomic(ar_runtime *) default_runtime;

static void forked(void)
{
    atomic_fetch_add(&fork_generation, 1);
}

static void watch_forks(void)
{
    pthread_atfork(NULL, NULL, forked);
}

static ar_status forked_error(ar_error *err)
{
    return ar_error_set(
        err, AR_E_FORKED,
        "used in a child of the process that opened it: exec first, or fork before the library is used");
}

/* Whether the library was used in a process that this one was forked off. */
static bool is_forked(void)
{
    return atomic_load(&used) && atomic_load(&used_generation) != atomic_load(&fork_generation);
}

ar_status ari_runtime_usable(const ar_runtime *runtime, ar_error *err)
{
    if (runtime == NULL || runtime->fork_generation == atomic_load_explicit(&fork_generation, memory_order_relaxed))
        return AR_OK;
    return forked_error(err);
}

ar_runtime *ari_runtime_ref(ar_runtime *runtime)
{
    if (runtime != NULL && !runtime->is_default)
        atomic_fetch_add_explicit(&runtime->references, 1, memory_order_relaxed);
    return runtime;
}

void ari_runtime_unref(ar_runtime *runtime)
{
    if (runtime == NULL || runtime->is_default ||
        atomic_fetch_sub_explicit(&runtime->references, 1, memory_order_acq_rel) != 1)
        return;
    ari_task_executor_free(runtime->tasks);
    ari_timers_free(runtime->timers);
    pthread_mutex_destroy(&runtime->lock);
    ar_env env = runtime->env;
    env.release(env.allocator_ctx, runtime);
}

static ar_status check_options(const ar_runtime_options *options, ar_error *err)
{
    if (!ari_struct_size_fits(options->struct_size, sizeof *options))
        return ar_error_set(err, AR_E_INVALID, "creating a runtime: struct_size is %zu, must be 0 or %zu",
                            options->struct_size, sizeof *options);
    int hooks = (options->allocate != NULL) + (options->reallocate != NULL) + (options->release != NULL);
    if (hooks != 0 && hooks != 3)
        return ar_error_set(err, AR_E_INVALID,
                            "creating a runtime: set allocate, reallocate and release, or none of them");
    if (options->workers > ARI_WORKERS_MAX)
        return ar_error_set(err, AR_E_INVALID, "creating a runtime: %u workers are too many, 64 at most",
                            options->workers);
    if (options->stack_size != 0 && options->stack_size < STACK_LEAST)
        return ar_error_set(err, AR_E_INVALID, "creating a runtime: a stack of %zu bytes is too small, 65536 at least",
                            options->stack_size);
    if (options->env != NULL && options->env->struct_size < sizeof(ar_env))
        return ar_error_set(err, AR_E_INVALID, "creating a runtime: the environment's struct_size is %zu, must be %zu",
                            options->env->struct_size, sizeof(ar_env));
    return AR_OK;
}

static ar_env environment_of(const ar_runtime_options *options)
{
    ar_env env = options->env != NULL ? *options->env : *ar_env_default();
    if (options->allocate != NULL) {
        env.allocator_ctx = options->allocator_ctx;
        env.allocate = options->allocate;
        env.reallocate = options->reallocate;
        env.release = options->release;
    }
    return env;
}

static bool help_is_on(ar_help wanted)
{
    if (wanted != AR_HELP_DEFAULT)
        return wanted == AR_HELP_ON;
    const char *said = getenv("AR_HELP");
    return said == NULL || strcmp(said, "off") != 0;
}

static unsigned count_workers(unsigned wanted)
{
    if (wanted != 0)
        return wanted;
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    return processors < 1 ? 1 : processors > ARI_WORKERS_MAX ? ARI_WORKERS_MAX : (unsigned)processors;
}

static ar_status create(const ar_runtime_options *options, bool is_default, ar_runtime **out, ar_error *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, watch_forks);
    unsigned generation = atomic_load(&fork_generation);
    if (atomic_exchange(&used, true) && atomic_load(&used_generation) != generation)
        return forked_error(err);
    atomic_store(&used_generation, generation);

    ar_env env = environment_of(options);
    ar_runtime *runtime = ari_allocate_zero(&env, sizeof *runtime);
    if (runtime == NULL)
        return ar_error_set(err, AR_E_NO_MEMORY, "creating a runtime: out of memory");
    runtime->env = env;
    atomic_init(&runtime->references, 1);
    runtime->is_default = is_default;
    runtime->fork_generation = generation;
    runtime->stack_size = options->stack_size == 0 ? STACK_DEFAULT : options->stack_size;
    runtime->help = help_is_on(options->help);
    runtime->log = options->log;
    runtime->log_ctx = options->log_ctx;
    runtime->worker_count = count_workers(options->workers);
    pthread_mutex_init(&runtime->lock, NULL);
    runtime->tasks = ari_task_executor_create(runtime);
    if (runtime->tasks == NULL) {
        runtime->is_default = false;
        ari_runtime_unref(runtime);
        return ar_error_set(err, AR_E_NO_MEMORY, "creating a runtime: out of memory");
    }
    *out = runtime;
    return AR_OK;
}

ar_status ar_runtime_create(const ar_runtime_options *options, ar_runtime **out, ar_error *err)
{
    static const ar_runtime_options defaults;
    if (out == NULL)
        return ar_error_set(err, AR_E_INVALID, "creating a runtime: `out` is NULL");
    *out = NULL;
    if (options == NULL)
        options = &defaults;
    ar_status status = check_options(options, err);
    return status == AR_OK ? create(options, false, out, err) : status;
}

ar_runtime *ar_runtime_default(ar_error *err)
{
    static const ar_runtime_options defaults;
    ar_runtime *runtime = atomic_load_explicit(&default_runtime, memory_order_acquire);
    if (runtime != NULL)
        return ari_runtime_usable(runtime, err) == AR_OK ? runtime : NULL;
    if (is_forked()) { /* before the lock, which may have been held when this process was forked */
        ar_ignore(forked_error(err));
        return NULL;
    }
    pthread_mutex_lock(&default_lock);
    runtime = atomic_load_explicit(&default_runtime, memory_order_relaxed);
    if (runtime == NULL && create(&defaults, true, &runtime, err) == AR_OK)
        atomic_store_explicit(&default_runtime, runtime, memory_order_release);
    pthread_mutex_unlock(&default_lock);
    return runtime;
}

ar_runtime *ari_runtime_resolve(ar_runtime *runtime, ar_error *err)
{
    if (runtime == NULL)
        runtime = ar_runtime_default(err);
    if (runtime == NULL || ari_runtime_usable(runtime, err) != AR_OK)
        return NULL;
    return runtime;
}

/* Without the lock, which the last actor of a retired worker may still take. */
static void reap_retired(ar_runtime *runtime)
{
    pthread_mutex_lock(&runtime->lock);
    ari_worker *worker = runtime->retired;
    runtime->retired = NULL;
    pthread_mutex_unlock(&runtime->lock);
    while (worker != NULL) {
        ari_worker *next = worker->next;
        ari_worker_stop(worker);
        worker = next;
    }
}

ari_worker *ari_runtime_worker(ar_runtime *runtime, ar_error *err)
{
    ari_worker *worker = NULL;
    pthread_mutex_lock(&runtime->lock);
    ari_worker **place = &runtime->workers[runtime->next_worker++ % runtime->worker_count];
    if (runtime->closing)
        ar_error_set(err, AR_E_CLOSED, "the runtime is closing");
    else if (*place != NULL || ari_worker_start(&runtime->env, "ar-worker", runtime->stack_size, place, err) == AR_OK)
        worker = *place;
    pthread_mutex_unlock(&runtime->lock);
    return worker;
}

ari_worker *ari_runtime_own_worker(ar_runtime *runtime, const char *name, ar_error *err)
{
    ari_worker *worker = NULL;
    reap_retired(runtime);
    ar_ignore(ari_worker_start(&runtime->env, name, runtime->stack_size, &worker, err));
    return worker;
}

void ari_runtime_retire(ar_runtime *runtime, ari_worker *worker)
{
    worker->next = runtime->retired;
    runtime->retired = worker;
}

bool ari_runtime_is_closing(ar_runtime *runtime)
{
    pthread_mutex_lock(&runtime->lock);
    bool closing = runtime->closing;
    pthread_mutex_unlock(&runtime->lock);
    return closing;
}

ar_status ari_runtime_hold(ar_runtime *runtime, ar_error *err)
{
    pthread_mutex_lock(&runtime->lock);
    bool closing = runtime->closing;
    runtime->databases += !closing;
    pthread_mutex_unlock(&runtime->lock);
    return closing ? ar_error_set(err, AR_E_CLOSED, "the runtime is closing") : AR_OK;
}

void ari_runtime_unhold(ar_runtime *runtime)
{
    pthread_mutex_lock(&runtime->lock);
    runtime->databases--;
    pthread_mutex_unlock(&runtime->lock);
}

void ari_runtime_log(ar_runtime *runtime, ar_log_level level, const char *format, ...)
{
    char message[512];
    va_list args;
    if (runtime->log == NULL)
        return;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    runtime->log(runtime->log_ctx, level, message);
}

static ar_status begin_close(ar_runtime *runtime, ar_error *err)
{
    ar_status status = AR_OK;
    pthread_mutex_lock(&runtime->lock);
    if (runtime->databases > 0)
        status = ar_error_set(err, AR_E_BUSY, "closing a runtime: %u databases on it are open; close them first",
                              runtime->databases);
    else
        runtime->closing = true;
    pthread_mutex_unlock(&runtime->lock);
    return status;
}

ar_status ar_runtime_close(ar_runtime **runtime, ar_error *err)
{
    if (runtime == NULL || *runtime == NULL)
        return AR_OK;
    ar_runtime *closed = *runtime;
    if (closed->is_default)
        return ar_error_set(err, AR_E_INVALID, "closing a runtime: the default one lives as long as the process");
    ar_status status = ari_runtime_usable(closed, err);
    if (status != AR_OK)
        return status;
    const ari_worker *current = ari_worker_current();
    if (ari_runner_in_behaviour() || (current != NULL && current->env == &closed->env))
        return ar_error_set(
            err, AR_E_DEADLOCK,
            "closing a runtime inside a behaviour or callback of its own would wait for that to return");
    status = begin_close(closed, err);
    if (status != AR_OK)
        return status;

    *runtime = NULL;
    ari_actors_stop(closed);
    ari_timers_stop(closed->timers);
    ari_task_executor_close(closed->tasks);
    ari_asks_close(closed); /* not before: callbacks send replies */
    for (unsigned i = 0; i < closed->worker_count; i++)
        ari_worker_stop(closed->workers[i]);
    reap_retired(closed);
    ari_runtime_unref(closed);
    return AR_OK;
}
