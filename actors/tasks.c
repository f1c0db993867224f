/* SPDX-License-Identifier: MIT */
#include "actors/tasks.h"

#include <limits.h>
#include <stdatomic.h>

#include "actors/future.h"
#include "actors/runtime.h"
#include "values/memory.h"

/* Callbacks run on one light actor (lane) per worker, each task on the next. The first lane is started before anybody
 * gets hold of the executor, the others with their first task; when the thread of one cannot be started, the task runs
 * on the first.
 *
 * Closing shuts the gate of thens, waits for those that are being submitted, and then closes the lanes: so a callback
 * is never run inside the then that submits it. The memory stays until that of the runtime goes, because futures of
 * other runtimes may complete, and post, later. */

enum { TURN = 64 }; /* tasks of a lane before others on its worker have their turn */

typedef struct lane {
    ari_runner runner; /* first */
    _Atomic bool started;
    _Atomic uint32_t gone; /* futex of close */
    ari_mail *backlog;     /* oldest first; under the token */
    ari_mail **backlog_end;
    const ar_env *env;
} lane;

struct ari_task_executor {
    ar_executor executor; /* first */
    _Atomic unsigned next;
    unsigned lane_count;
    lane lanes[];
};

/* At most `most` of them; gives the rest. */
static ari_mail *run_tasks(ari_mail *mails, unsigned most)
{
    for (; mails != NULL && most > 0; most--) {
        ari_task *task = (ari_task *)mails;
        mails = mails->next;
        task->run(task);
    }
    return mails;
}

static bool lane_batch(ari_runner *runner, ari_mail *mails)
{
    lane *self = (lane *)runner;
    if (self->backlog == NULL)
        self->backlog_end = &self->backlog;
    *self->backlog_end = mails;
    while (*self->backlog_end != NULL) /* over what is new alone */
        self->backlog_end = &(*self->backlog_end)->next;
    self->backlog = run_tasks(self->backlog, TURN);
    return self->backlog != NULL;
}

/* A callback is called exactly once, also while the runtime closes. */
static void lane_fail(ari_runner *runner, ari_mail *mails)
{
    lane *self = (lane *)runner;
    run_tasks(self->backlog, UINT_MAX);
    self->backlog = NULL;
    run_tasks(mails, UINT_MAX);
}

static void lane_gone(ari_runner *runner)
{
    lane *self = (lane *)runner;
    atomic_store(&self->gone, 1);
    self->env->wake(self->env->ctx, (uint32_t *)&self->gone);
}

static const ari_runner_class lane_class = {
    .batch = lane_batch, .fail = lane_fail, .gone = lane_gone, .runs_behaviours = false
};

static bool start_lane(ari_task_executor *self, lane *started)
{
    if (atomic_load_explicit(&started->started, memory_order_acquire))
        return true;
    ar_runtime *runtime = self->executor.runtime;
    ari_worker *worker = ari_runtime_worker(runtime, NULL);
    if (worker == NULL)
        return false;
    pthread_mutex_lock(&runtime->lock);
    if (!atomic_load_explicit(&started->started, memory_order_relaxed) && !runtime->closing) {
        ari_runner_init(&started->runner, &lane_class, worker);
        atomic_store_explicit(&started->started, true, memory_order_release);
    }
    pthread_mutex_unlock(&runtime->lock);
    return atomic_load_explicit(&started->started, memory_order_acquire);
}

static void post(ar_executor *executor, ari_task *task)
{
    ari_task_executor *self = (ari_task_executor *)executor;
    unsigned turn = atomic_fetch_add_explicit(&self->next, 1, memory_order_relaxed);
    lane *chosen = &self->lanes[turn % self->lane_count];
    if (!start_lane(self, chosen))
        chosen = &self->lanes[0];
    ari_runner_push(&chosen->runner, &task->mail);
    ari_runner_wake(&chosen->runner);
}

ari_task_executor *ari_task_executor_create(ar_runtime *runtime)
{
    size_t size = sizeof(ari_task_executor) + runtime->worker_count * sizeof(lane);
    ari_task_executor *self = ari_allocate_zero(&runtime->env, size);
    if (self == NULL)
        return NULL;
    self->executor.post = post;
    self->executor.runtime = runtime;
    self->lane_count = runtime->worker_count;
    for (unsigned i = 0; i < self->lane_count; i++)
        self->lanes[i].env = &runtime->env;
    return self;
}

void ari_task_executor_close(ari_task_executor *executor)
{
    ari_gate_clear(&executor->executor.thens, &executor->executor.runtime->env);
    for (unsigned i = 0; i < executor->lane_count; i++) {
        lane *closed = &executor->lanes[i];
        if (!atomic_load_explicit(&closed->started, memory_order_acquire))
            continue;
        ari_runner_close(&closed->runner);
        while (atomic_load(&closed->gone) == 0 &&
               closed->env->wait(closed->env->ctx, (uint32_t *)&closed->gone, 0, INT64_MAX))
            continue;
    }
}

void ari_task_executor_free(ari_task_executor *executor)
{
    if (executor != NULL)
        ari_release(&executor->executor.runtime->env, executor);
}

ar_executor *ar_runtime_executor(ar_runtime *runtime)
{
    runtime = ari_runtime_resolve(runtime, NULL);
    if (runtime == NULL || !start_lane(runtime->tasks, &runtime->tasks->lanes[0]))
        return NULL;
    return &runtime->tasks->executor;
}

/* --- then --- */

typedef struct continuation {
    ari_future_observer observer; /* first */
    ari_task task;
    ar_future *future;
    ar_executor *executor;
    ar_future_trampoline trampoline;
    void (*fn)(void);
    void *arg;
} continuation;

static void run_continuation(ari_task *task)
{
    continuation *self = (continuation *)((char *)task - offsetof(continuation, task));
    ar_future *future = self->future;
    ar_runtime *runtime = self->executor->runtime;
    ari_future_collect(future);
    self->trampoline(self->fn, self->arg, future);
    ari_release(ari_runtime_env(future->runtime), self);
    ari_future_unref(future);
    ari_runtime_unref(runtime);
}

static void post_continuation(ari_future_observer *observer, ar_future *future)
{
    continuation *self = (continuation *)observer;
    ar_executor *executor = self->executor;
    bool leave = executor->holds_until_posted; /* read now: it may be freed once the callback has run */
    ar_env env = executor->runtime->env;
    (void)future;
    executor->post(executor, &self->task);
    if (leave)
        ari_gate_leave(&executor->thens, &env);
}

static ar_status bind_continuation(ar_future *future, const continuation *bound, ar_error *err)
{
    ar_executor *executor = bound->executor;
    bool leave = !executor->holds_until_posted;
    ar_status status = ari_runtime_usable(executor->runtime, err);
    if (status != AR_OK)
        return status;
    continuation *self = ari_allocate(ari_runtime_env(future->runtime), sizeof *self);
    if (self == NULL)
        return ar_error_set(err, AR_E_NO_MEMORY, "registering a then: out of memory");
    if (!ari_gate_enter(&executor->thens)) {
        ari_release(ari_runtime_env(future->runtime), self);
        return ar_error_set(err, AR_E_CLOSED, "registering a then: its executor is being closed");
    }
    *self = *bound;
    ar_runtime *runtime = ari_runtime_ref(executor->runtime);
    ari_future_observe(future, &self->observer);
    if (leave)
        ari_gate_leave(&executor->thens, &runtime->env);
    return AR_OK;
}

ar_status ar_future_then_with(ar_future **future, ar_executor *executor, ar_future_trampoline trampoline,
                              void (*fn)(void), void *arg, ar_error *err)
{
    if (future == NULL || *future == NULL || executor == NULL || trampoline == NULL || fn == NULL)
        return ar_error_set(err, AR_E_INVALID,
                            "a then needs a future that was not consumed, an executor and a function");
    ar_future *taken = *future;
    continuation bound = { .observer = { .notify = post_continuation },
                           .task = { .run = run_continuation },
                           .future = taken,
                           .executor = executor,
                           .trampoline = trampoline,
                           .fn = fn,
                           .arg = arg };
    *future = NULL;
    ar_status status = bind_continuation(taken, &bound, err);
    if (status != AR_OK)
        ari_future_unref(taken);
    return status;
}

static void call_done(void (*fn)(void), void *arg, ar_future *future)
{
    ar_error error;
    ar_status status = ari_future_taken(future, &error);
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
    return ar_future_then_with(future == NULL ? NULL : &future->raw, executor, call_int64, (void (*)(void))fn, arg,
                               err);
}
