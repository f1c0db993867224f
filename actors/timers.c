/* SPDX-License-Identifier: MIT */
#include "actors/timers.h"

#include <actrec/timer.h>
#include <pthread.h>

#include "actors/future.h"
#include "actors/runtime.h"
#include "values/memory.h"

/* A binary heap under a lock; its executor sleeps until the earliest deadline and is rung when an earlier one comes. A
 * timer is taken out of the heap, and only then fired, without the lock: disarm tells by `place` which of the two came
 * first. */
struct ari_timers {
    const ar_env *env;
    ar_env_executor *executor;
    pthread_mutex_t lock; /* all below */
    ari_timer **heap;     /* from 1 */
    size_t count;
    size_t capacity;
    bool stopping;
};

static void put(ari_timers *timers, size_t place, ari_timer *timer)
{
    timers->heap[place] = timer;
    timer->place = place;
}

static void sift_up(ari_timers *timers, ari_timer *timer, size_t place)
{
    while (place > 1 && timers->heap[place / 2]->deadline > timer->deadline) {
        put(timers, place, timers->heap[place / 2]);
        place /= 2;
    }
    put(timers, place, timer);
}

static void sift_down(ari_timers *timers, ari_timer *timer, size_t place)
{
    for (;;) {
        size_t child = 2 * place;
        if (child > timers->count)
            break;
        if (child < timers->count && timers->heap[child + 1]->deadline < timers->heap[child]->deadline)
            child++;
        if (timers->heap[child]->deadline >= timer->deadline)
            break;
        put(timers, place, timers->heap[child]);
        place = child;
    }
    put(timers, place, timer);
}

static void take_out(ari_timers *timers, ari_timer *timer)
{
    size_t place = timer->place;
    ari_timer *last = timers->heap[timers->count--];
    timer->place = 0;
    if (last == timer)
        return;
    if (place > 1 && timers->heap[place / 2]->deadline > last->deadline)
        sift_up(timers, last, place);
    else
        sift_down(timers, last, place);
}

static int64_t run(void *arg)
{
    ari_timers *timers = arg;
    for (;;) {
        pthread_mutex_lock(&timers->lock);
        ari_timer *first = timers->count == 0 ? NULL : timers->heap[1];
        bool stopping = timers->stopping;
        bool due = first != NULL && (stopping || first->deadline <= timers->env->now(timers->env->ctx));
        int64_t next = first == NULL ? AR_ENV_RUNG : first->deadline;
        if (due)
            take_out(timers, first);
        pthread_mutex_unlock(&timers->lock);
        if (!due)
            return stopping ? AR_ENV_QUIT : next;
        first->fire(first);
    }
}

/* With the runtime's lock held. */
static ar_status start(ar_runtime *runtime, ar_error *err)
{
    ari_timers *timers = ari_allocate_zero(&runtime->env, sizeof *timers);
    if (timers == NULL)
        return ar_error_set(err, AR_E_NO_MEMORY, "starting the timers: out of memory");
    timers->env = &runtime->env;
    pthread_mutex_init(&timers->lock, NULL);
    ar_status status = runtime->env.executor_start(&runtime->env, "ar-timers", runtime->stack_size, run, timers,
                                                   &timers->executor, err);
    if (status == AR_OK) {
        runtime->timers = timers;
    } else {
        pthread_mutex_destroy(&timers->lock);
        ari_release(&runtime->env, timers);
    }
    return status;
}

static ari_timers *timers_of(ar_runtime *runtime, ar_error *err)
{
    pthread_mutex_lock(&runtime->lock);
    if (runtime->timers == NULL && !runtime->closing)
        ar_ignore(start(runtime, err));
    else if (runtime->closing)
        ar_error_set(err, AR_E_CLOSED, "the runtime is closing");
    ari_timers *timers = runtime->closing ? NULL : runtime->timers;
    pthread_mutex_unlock(&runtime->lock);
    return timers;
}

static bool reserve(ari_timers *timers)
{
    if (timers->count + 1 < timers->capacity)
        return true;
    size_t capacity = timers->capacity == 0 ? 64 : timers->capacity * 2;
    ari_timer **heap = ari_reallocate_array(timers->env, timers->heap, capacity, sizeof(ari_timer *));
    if (heap == NULL)
        return false;
    timers->heap = heap;
    timers->capacity = capacity;
    return true;
}

ar_status ari_timer_arm(ar_runtime *runtime, ari_timer *timer, ar_error *err)
{
    ar_error error = { .status = AR_E_NO_MEMORY };
    ari_timers *timers = timers_of(runtime, &error);
    if (timers == NULL) {
        if (err != NULL)
            *err = error;
        return error.status;
    }
    pthread_mutex_lock(&timers->lock);
    bool armed = !timers->stopping && reserve(timers);
    if (armed)
        sift_up(timers, timer, ++timers->count);
    bool stopping = timers->stopping;
    if (armed && timer->place == 1) /* under the lock: stop, which frees the executor, comes before or after */
        runtime->env.executor_ring(runtime->env.ctx, timers->executor);
    pthread_mutex_unlock(&timers->lock);
    if (armed)
        return AR_OK;
    return stopping ? ar_error_set(err, AR_E_CLOSED, "the runtime is closing")
                    : ar_error_set(err, AR_E_NO_MEMORY, "arming a timer: out of memory");
}

bool ari_timer_disarm(ar_runtime *runtime, ari_timer *timer)
{
    ari_timers *timers = runtime->timers; /* it was armed, so this was set before */
    if (timers == NULL)
        return false;
    pthread_mutex_lock(&timers->lock);
    bool armed = timer->place != 0;
    if (armed)
        take_out(timers, timer);
    pthread_mutex_unlock(&timers->lock);
    return armed;
}

void ari_timers_stop(ari_timers *timers)
{
    if (timers == NULL)
        return;
    pthread_mutex_lock(&timers->lock);
    timers->stopping = true;
    pthread_mutex_unlock(&timers->lock);
    timers->env->executor_ring(timers->env->ctx, timers->executor);
    timers->env->executor_join(timers->env->ctx, timers->executor);
}

void ari_timers_free(ari_timers *timers)
{
    if (timers == NULL)
        return;
    pthread_mutex_destroy(&timers->lock);
    ari_release(timers->env, timers->heap);
    ari_release(timers->env, timers);
}

/* --- ar_timer_after --- */

typedef struct delay {
    ar_future future;
    ari_timer timer;
} delay;

static void delay_destroy(ar_future *future)
{
    ari_release(ari_runtime_env(future->runtime), future);
}

static void delay_interrupt(ar_future *future)
{
    delay *self = (delay *)future;
    if (ari_timer_disarm(future->runtime, &self->timer))
        ari_future_unref(future);
}

static void delay_fire(ari_timer *timer)
{
    delay *self = (delay *)((char *)timer - offsetof(delay, timer));
    ar_env *env = &self->future.runtime->env;
    ar_error error;
    ar_status status = AR_OK;
    if (env->now(env->ctx) < timer->deadline)
        status = ar_error_set(&error, AR_E_CLOSED, "the runtime was closed before the time was up");
    ari_future_finish(&self->future, status, &error);
    ari_future_unref(&self->future);
}

ar_done ar_timer_after(ar_runtime *runtime, int64_t delay_ms)
{
    static const ari_future_class delay_class = { .destroy = delay_destroy, .interrupt = delay_interrupt };
    ar_error error;

    if (delay_ms < 0) {
        ar_status status = ar_error_set(&error, AR_E_INVALID, "a timer of %lld ms: the delay must not be negative",
                                        (long long)delay_ms);
        return (ar_done){ ari_future_failed(NULL, status, &error) };
    }
    runtime = ari_runtime_resolve(runtime, &error);
    if (runtime == NULL)
        return (ar_done){ ari_future_failed(NULL, error.status, &error) };
    delay *self = ari_allocate(&runtime->env, sizeof *self);
    if (self == NULL)
        return (ar_done){ ari_future_failed(runtime, AR_E_NO_MEMORY, NULL) };
    ari_future_init(&self->future, &delay_class, runtime, 2);
    self->timer = (ari_timer){ .deadline = ari_deadline_after(runtime, delay_ms), .fire = delay_fire };
    ar_status status = ari_timer_arm(runtime, &self->timer, &error);
    if (status != AR_OK) {
        ari_future_finish(&self->future, status, &error);
        ari_future_unref(&self->future);
    }
    return (ar_done){ &self->future };
}
