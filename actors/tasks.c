/* SPDX-License-Identifier: MIT */
#include "actors/tasks.h"

#include <stdatomic.h>

#include "actors/future.h"
#include "actors/runtime.h"
#include "values/memory.h"

/* Callbacks run on one light actor per worker, each task on the next. A lane is started with its first task; when its thread cannot be started the task runs on
 * the lane that can, or, with none at all, on the posting thread: a callback is late or in the wrong place rather than lost. */

typedef struct lane {
    ari_runner       runner; /* first */
    _Atomic bool     started;
    _Atomic uint32_t gone; /* futex of close */
    const ar_env    *env;
} lane;

struct ari_task_executor {
    ar_executor      executor; /* first */
    ar_runtime      *runtime;
    _Atomic unsigned next;
    unsigned         lane_count;
    lane             lanes[];
};

static void run_tasks(ari_mail *mails)
{
    while (mails != NULL) {
        ari_task *task = (ari_task *)mails;
        mails = mails->next;
        task->run(task);
    }
}

static bool lane_batch(ari_runner *runner, ari_mail *mails)
{
    (void)runner;
    run_tasks(mails);
    return false;
}

/* A callback is called exactly once, also while the runtime closes. */
static void lane_fail(ari_runner *runner, ari_mail *mails)
{
    (void)runner;
    run_tasks(mails);
}

static void lane_gone(ari_runner *runner)
{
    lane *self = (lane *)runner;
    atomic_store(&self->gone, 1);
    self->env->wake(self->env->ctx, (uint32_t *)&self->gone);
}

static const ari_runner_class lane_class = {
    .batch = lane_batch, .fail = lane_fail, .gone = lane_gone, .runs_behaviours = false};

static bool start_lane(ari_task_executor *self, lane *started)
{
    if (atomic_load_explicit(&started->started, memory_order_acquire))
        return true;
    ari_worker *worker = ari_runtime_worker(self->runtime, NULL);
    if (worker == NULL)
        return false;
    pthread_mutex_lock(&self->runtime->lock);
    if (!atomic_load_explicit(&started->started, memory_order_relaxed) && !self->runtime->closing) {
        ari_runner_init(&started->runner, &lane_class, worker);
        atomic_store_explicit(&started->started, true, memory_order_release);
    }
    pthread_mutex_unlock(&self->runtime->lock);
    return atomic_load_explicit(&started->started, memory_order_acquire);
}

static void post(ar_executor *executor, ari_task *task)
{
    ari_task_executor *self = (ari_task_executor *)executor;
    unsigned           first = atomic_fetch_add_explicit(&self->next, 1, memory_order_relaxed);
    for (unsigned i = 0; i < self->lane_count; i++) {
        lane *chosen = &self->lanes[(first + i) % self->lane_count];
        if (start_lane(self, chosen)) {
            ari_runner_push(&chosen->runner, &task->mail);
            ari_runner_wake(&chosen->runner);
            return;
        }
    }
    task->run(task);
}

ari_task_executor *ari_task_executor_create(ar_runtime *runtime)
{
    size_t             size = sizeof(ari_task_executor) + runtime->worker_count * sizeof(lane);
    ari_task_executor *self = ari_allocate_zero(&runtime->env, size);
    if (self == NULL)
        return NULL;
    self->executor.post = post;
    self->runtime = runtime;
    self->lane_count = runtime->worker_count;
    for (unsigned i = 0; i < self->lane_count; i++)
        self->lanes[i].env = &runtime->env;
    return self;
}

void ari_task_executor_close(ari_task_executor *executor)
{
    for (unsigned i = 0; i < executor->lane_count; i++) {
        lane *closed = &executor->lanes[i];
        if (!atomic_load_explicit(&closed->started, memory_order_acquire))
            continue;
        ari_runner_close(&closed->runner);
        while (atomic_load(&closed->gone) == 0)
            closed->env->wait(closed->env->ctx, (uint32_t *)&closed->gone, 0, INT64_MAX);
    }
}

void ari_task_executor_free(ari_task_executor *executor)
{
    ari_release(&executor->runtime->env, executor);
}

ar_executor *ar_runtime_executor(ar_runtime *runtime)
{
    runtime = ari_runtime_resolve(runtime, NULL);
    return runtime == NULL ? NULL : &runtime->tasks->executor;
}

/* --- then --- */

typedef struct continuation {
    ari_future_observer  observer; /* first */
    ari_task             task;
    ar_future           *future;
    ar_executor         *executor;
    ar_future_trampoline trampoline;
    void (*fn)(void);
    void *arg;
} continuation;

static void run_continuation(ari_task *task)
{
    continuation *self = (continuation *)((char *)task - offsetof(continuation, task));
    ar_future    *future = self->future;
    ari_future_collect(future);
    self->trampoline(self->fn, self->arg, future);
    ari_release(ari_runtime_env(future->runtime), self);
    ari_future_unref(future);
}

static void post_continuation(ari_future_observer *observer, ar_future *future)
{
    continuation *self = (continuation *)observer;
    (void)future;
    self->executor->post(self->executor, &self->task);
}

ar_status ar_future_then_with(ar_future **future, ar_executor *executor, ar_future_trampoline trampoline, void (*fn)(void),
                              void *arg, ar_error *err)
{
    if (future == NULL || *future == NULL || executor == NULL || trampoline == NULL || fn == NULL)
        return ar_error_set(err, AR_E_INVALID, "a then needs a future that was not consumed, an executor and a function");
    ar_future    *taken = *future;
    continuation *self = ari_allocate(ari_runtime_env(taken->runtime), sizeof *self);
    *future = NULL;
    if (self == NULL) {
        ari_future_unref(taken);
        return ar_error_set(err, AR_E_NO_MEMORY, "registering a then: out of memory");
    }
    *self = (continuation){.observer = {.notify = post_continuation},
                           .task = {.run = run_continuation},
                           .future = taken,
                           .executor = executor,
                           .trampoline = trampoline,
                           .fn = fn,
                           .arg = arg};
    ari_future_observe(taken, &self->observer);
    return AR_OK;
}

static void call_done(void (*fn)(void), void *arg, ar_future *future)
{
    ar_error error;
    ar_status status = ari_future_outcome(future, &error);
    ((ar_done_fn)fn)(arg, status, status == AR_OK ? NULL : &error);
}

ar_status ar_done_then(ar_done *future, ar_executor *executor, ar_done_fn fn, void *arg, ar_error *err)
{
    return ar_future_then_with(future == NULL ? NULL : &future->raw, executor, call_done, (void (*)(void))fn, arg, err);
}

static void call_int64(void (*fn)(void), void *arg, ar_future *future)
{
    ar_error error;
    ar_status status = ari_future_outcome(future, &error);
    ((ar_int64_fn)fn)(arg, status, status == AR_OK ? future->value : 0, status == AR_OK ? NULL : &error);
}

ar_status ar_int64_then(ar_int64_future *future, ar_executor *executor, ar_int64_fn fn, void *arg, ar_error *err)
{
    return ar_future_then_with(future == NULL ? NULL : &future->raw, executor, call_int64, (void (*)(void))fn, arg, err);
}
