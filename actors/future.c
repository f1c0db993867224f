/* SPDX-License-Identifier: MIT */
#include "actors/future.h"

#include <limits.h>
#include <stddef.h>

#include "actors/runner.h"
#include "actors/runtime.h"
#include "values/memory.h"

/* The life of a future. It is created with a reference for its owner and one for whoever works on it, and is freed with
 * the last; it may outlive everything of its runtime but the memory of that. One atomic word:
 *
 *   (0) ── start ──> STARTED          its operation is being sent: from here on only who runs it finishes it
 *    │                  │
 *    └──── claim ───────┴──> FINISHING ── settle ──> DONE
 *
 * Whoever sets FINISHING, one thread, writes status, error and results and then sets DONE (release); readers look for
 * DONE (acquire) first. So cancelling, a deadline and completion may meet, and one wins. CANCEL is only ever a wish: an
 * operation in flight looks at it. WAITERS says that somebody sleeps on the word. Observers are a list that is closed,
 * once, by the settling thread; who comes later is told at once. */

enum { STARTED = 1, FINISHING = 2, DONE = 4, WAITERS = 8, CANCEL = 16 };

static ari_future_observer closed_list;

static void keep(ar_future *future)
{
    (void)future;
}

static const ari_future_class static_class = { .destroy = keep };

/* Handed out when there is no memory for a future: done for ever. Its count of references goes up and down and means
 * nothing. */
static ar_future no_memory = {
    .class = &static_class,
    .state = STARTED | FINISHING | DONE,
    .references = UINT32_MAX / 2,
    .observers = &closed_list,
    .status = AR_E_NO_MEMORY,
};

void ari_future_init(ar_future *future, const ari_future_class *class, ar_runtime *runtime, uint32_t references)
{
    future->class = class;
    future->runtime = ari_runtime_ref(runtime);
    atomic_init(&future->state, 0);
    atomic_init(&future->references, references);
    atomic_init(&future->observers, NULL);
    atomic_init(&future->late, NULL);
    future->error = NULL;
    future->value = 0;
    future->status = AR_OK;
}

ar_future *ari_future_ref(ar_future *future)
{
    atomic_fetch_add_explicit(&future->references, 1, memory_order_relaxed);
    return future;
}

/* What could not be kept for want of memory; never written. */
static ar_error late_no_memory = { .status = AR_E_NO_MEMORY, .message = "taking a result: out of memory" };

static void release_late(const ar_future *future, ar_error *late)
{
    if (late != NULL && late != &late_no_memory)
        ari_release(ari_runtime_env(future->runtime), late);
}

/* Nobody can take another reference while there is only the caller's: the look saves the subtraction. */
static bool was_last(ar_future *future)
{
    return atomic_load_explicit(&future->references, memory_order_acquire) == 1 ||
           atomic_fetch_sub_explicit(&future->references, 1, memory_order_acq_rel) == 1;
}

void ari_future_unref(ar_future *future)
{
    if (future == &no_memory || !was_last(future))
        return;
    ar_runtime *runtime = future->runtime;
    if (future->error != NULL)
        ari_release(ari_runtime_env(runtime), future->error);
    ar_error *late = atomic_load_explicit(&future->late, memory_order_acquire);
    release_late(future, late);
    future->class->destroy(future);
    ari_runtime_unref(runtime);
}

bool ari_future_start(ar_future *future)
{
    uint32_t state = atomic_load_explicit(&future->state, memory_order_relaxed);
    do {
        if ((state & FINISHING) != 0)
            return false;
    } while (!atomic_compare_exchange_weak_explicit(&future->state, &state, state | STARTED, memory_order_acq_rel,
                                                    memory_order_relaxed));
    return true;
}

static bool claim(ar_future *future, uint32_t refuse)
{
    uint32_t state = atomic_load_explicit(&future->state, memory_order_relaxed);
    do {
        if ((state & (FINISHING | refuse)) != 0)
            return false;
    } while (!atomic_compare_exchange_weak_explicit(&future->state, &state, state | FINISHING, memory_order_acq_rel,
                                                    memory_order_relaxed));
    return true;
}

bool ari_future_claim(ar_future *future)
{
    return claim(future, 0);
}

bool ari_future_claim_unstarted(ar_future *future)
{
    return claim(future, STARTED);
}

static void notify_observers(ar_future *future)
{
    ari_future_observer *observer = atomic_exchange_explicit(&future->observers, &closed_list, memory_order_acq_rel);
    while (observer != NULL) {
        ari_future_observer *next = observer->next;
        observer->notify(observer, future);
        observer = next;
    }
}

/* Wake-ups that wait for the end of what completes many at once: a reference each. */
enum { HELD_MAX = 64 };
static _Thread_local struct {
    bool holding;
    unsigned count;
    ar_future *futures[HELD_MAX];
} held;

static void wake_now(ar_future *future)
{
    const ar_env *env = ari_runtime_env(future->runtime);
    env->wake(env->ctx, (uint32_t *)&future->state);
}

void ari_future_hold_wakes(void)
{
    held.holding = true;
}

void ari_future_let_wakes(void)
{
    held.holding = false;
    for (unsigned i = 0; i < held.count; i++) {
        wake_now(held.futures[i]);
        ari_future_unref(held.futures[i]);
    }
    held.count = 0;
}

static void wake_waiters(ar_future *future)
{
    if (held.holding && held.count < HELD_MAX)
        held.futures[held.count++] = ari_future_ref(future);
    else
        wake_now(future);
}

void ari_future_settle(ar_future *future, ar_status status, const ar_error *error)
{
    future->status = status;
    if (status != AR_OK && error != NULL) {
        future->error = ari_allocate(ari_runtime_env(future->runtime), sizeof *future->error);
        if (future->error != NULL)
            *future->error = *error;
    }
    /* From DONE on the owner may let go of it; the settling thread has a reference of its own until it has told the
     * observers. */
    uint32_t before = atomic_fetch_or(&future->state, DONE);
    if ((before & WAITERS) != 0)
        wake_waiters(future);
    notify_observers(future);
}

bool ari_future_finish(ar_future *future, ar_status status, const ar_error *error)
{
    if (!ari_future_claim(future))
        return false;
    ari_future_settle(future, status, error);
    return true;
}

static void interrupt(ar_future *future)
{
    if (future->class->interrupt != NULL)
        future->class->interrupt(future);
}

void ari_future_expire(ar_future *future)
{
    if (ari_future_claim_unstarted(future)) {
        ar_error error;
        ari_future_settle(
            future, ar_error_set(&error, AR_E_TIMEOUT, "the deadline passed before the operation was sent"), &error);
    }
    interrupt(future);
}

bool ari_future_is_cancelled(const ar_future *future)
{
    return (atomic_load_explicit(&future->state, memory_order_relaxed) & CANCEL) != 0;
}

bool ari_future_is_waiting(const ar_future *future)
{
    return (atomic_load_explicit(&future->state, memory_order_relaxed) & (STARTED | FINISHING)) == 0;
}

void ari_future_observe(ar_future *future, ari_future_observer *observer)
{
    ari_future_observer *head = atomic_load_explicit(&future->observers, memory_order_acquire);
    do {
        if (head == &closed_list) {
            observer->notify(observer, future);
            return;
        }
        observer->next = head;
    } while (!atomic_compare_exchange_weak_explicit(&future->observers, &head, observer, memory_order_acq_rel,
                                                    memory_order_acquire));
}

static bool is_done(const ar_future *future)
{
    return (atomic_load_explicit(&future->state, memory_order_acquire) & DONE) != 0;
}

static ar_status sleep_until_done(ar_future *future, int64_t deadline, ar_error *err)
{
    const ar_env *env = ari_runtime_env(future->runtime);
    for (;;) {
        uint32_t state = atomic_load(&future->state);
        if ((state & DONE) != 0)
            return AR_OK;
        if (deadline != INT64_MAX && env->now(env->ctx) >= deadline)
            return ar_error_set(err, AR_E_PENDING, "the operation is not complete yet; ask again");
        if ((state & WAITERS) == 0 && !atomic_compare_exchange_weak(&future->state, &state, state | WAITERS))
            continue;
        if (!env->wait(env->ctx, (uint32_t *)&future->state, state | WAITERS, deadline))
            return ar_error_set(err, AR_E_DEADLOCK, "waiting for a future that nobody is going to complete any more");
    }
}

ar_status ari_future_wait_until(ar_future *future, int64_t deadline, ar_error *err)
{
    if (is_done(future))
        return AR_OK;
    ar_status status = ari_runtime_usable(future->runtime, err);
    if (status != AR_OK)
        return status;
    if (deadline == INT64_MIN)
        return ar_error_set(err, AR_E_PENDING, "the operation is not complete yet; ask again");
    if (ari_runner_in_behaviour())
        return ar_error_set(
            err, AR_E_DEADLOCK,
            "waiting for a future inside a behaviour would hold up its actor; use a then, or reply later");
    if (future->class->assist != NULL) {
        status = future->class->assist(future, deadline, err);
        if (status != AR_OK)
            return status;
    }
    return sleep_until_done(future, deadline, err);
}

void ari_future_join(ar_future *future)
{
    ar_ignore(sleep_until_done(future, INT64_MAX, NULL));
}

int64_t ari_deadline_after(ar_runtime *runtime, int64_t timeout_ms)
{
    if (timeout_ms < 0)
        return INT64_MAX;
    const ar_env *env = ari_runtime_env(runtime);
    int64_t now = env->now(env->ctx);
    return timeout_ms > (INT64_MAX - now) / 1000 ? INT64_MAX : now + timeout_ms * 1000;
}

ar_status ari_future_outcome(const ar_future *future, ar_error *err)
{
    if (future->status == AR_OK)
        return AR_OK;
    if (future->error == NULL)
        return ar_error_set(err, future->status, "%s, and there was no memory to say more",
                            ar_status_name(future->status));
    if (err != NULL)
        *err = *future->error;
    return future->status;
}

ar_status ari_future_taken(const ar_future *future, ar_error *err)
{
    const ar_error *late = atomic_load_explicit(&future->late, memory_order_acquire);
    if (future->status != AR_OK || late == NULL)
        return ari_future_outcome(future, err);
    if (err != NULL)
        *err = *late;
    return late->status;
}

void ari_future_fail_late(ar_future *future, const ar_error *error)
{
    ar_error *none = NULL;
    ar_error *late = ari_allocate(ari_runtime_env(future->runtime), sizeof *late);
    if (late != NULL)
        *late = *error;
    else
        late = &late_no_memory;
    if (!atomic_compare_exchange_strong_explicit(&future->late, &none, late, memory_order_release,
                                                 memory_order_relaxed))
        release_late(future, late);
}

void ari_future_collect(ar_future *future)
{
    if (future->class->collect != NULL)
        future->class->collect(future);
}

ar_status ari_future_await(ar_future **future, int64_t timeout_ms, ar_future **done, ar_error *err)
{
    ar_future *taken = *future;
    *done = NULL;
    if (taken == NULL)
        return ar_error_set(err, AR_E_INVALID, "the future is NULL: it was never submitted, or has been consumed");
    ar_status status =
        ari_future_wait_until(taken, timeout_ms == 0 ? INT64_MIN : ari_deadline_after(taken->runtime, timeout_ms), err);
    if (status == AR_E_PENDING)
        return status;
    *future = NULL;
    if (status != AR_OK) {
        ari_future_unref(taken);
        return status;
    }
    ari_future_collect(taken);
    *done = taken;
    return ari_future_taken(taken, err);
}

ar_status ar_future_wait(ar_future *future, int64_t timeout_ms, ar_error *err)
{
    if (future == NULL)
        return ar_error_set(err, AR_E_INVALID, "the future is NULL: it was never submitted, or has been consumed");
    return ari_future_wait_until(future, timeout_ms == 0 ? INT64_MIN : ari_deadline_after(future->runtime, timeout_ms),
                                 err);
}

bool ar_future_is_done(const ar_future *future)
{
    return future == NULL || is_done(future);
}

ar_status ar_future_cancel(ar_future *future, ar_error *err)
{
    if (future == NULL)
        return ar_error_set(err, AR_E_INVALID, "the future is NULL: it was never submitted, or has been consumed");
    ar_status status = ari_runtime_usable(future->runtime, err);
    if (status != AR_OK)
        return status;
    if (ari_future_claim_unstarted(future)) {
        ar_error error;
        ari_future_settle(future, ar_error_set(&error, AR_E_CANCELLED, "cancelled before the operation was sent"),
                          &error);
        interrupt(future);
        return AR_OK;
    }
    if (!is_done(future) && (atomic_fetch_or(&future->state, CANCEL) & CANCEL) == 0)
        interrupt(future);
    return ar_error_set(err, AR_E_BUSY, "the operation is in flight or complete, and completes by itself");
}

void ar_future_drop(ar_future **future)
{
    if (future == NULL || *future == NULL)
        return;
    ar_future *dropped = *future;
    *future = NULL;
    ari_future_unref(dropped);
}

static void release_failed(ar_future *future)
{
    ari_release(ari_runtime_env(future->runtime), future);
}

ar_future *ari_future_failed(ar_runtime *runtime, ar_status status, const ar_error *error)
{
    static const ari_future_class failed_class = { .destroy = release_failed };
    ar_future *future = ari_allocate(ari_runtime_env(runtime), sizeof *future);
    if (future == NULL)
        return &no_memory;
    ari_future_init(future, &failed_class, runtime, 1);
    ari_future_finish(future, status, error);
    return future;
}

ar_status ar_done_await_for(ar_done *future, int64_t timeout_ms, ar_error *err)
{
    ar_future *done = NULL;
    if (future == NULL)
        return ar_error_set(err, AR_E_INVALID, "no future was given");
    ar_status status = ari_future_await(&future->raw, timeout_ms, &done, err);
    ar_future_drop(&done);
    return status;
}

ar_status ar_done_await(ar_done *future, ar_error *err)
{
    return ar_done_await_for(future, -1, err);
}

ar_status ar_int64_await_for(ar_int64_future *future, int64_t timeout_ms, int64_t *value, ar_error *err)
{
    ar_future *done = NULL;
    if (future == NULL)
        return ar_error_set(err, AR_E_INVALID, "no future was given");
    ar_status status = ari_future_await(&future->raw, timeout_ms, &done, err);
    if (status == AR_OK && value != NULL)
        *value = done->value;
    ar_future_drop(&done);
    return status;
}

ar_status ar_int64_await(ar_int64_future *future, int64_t *value, ar_error *err)
{
    return ar_int64_await_for(future, -1, value, err);
}
