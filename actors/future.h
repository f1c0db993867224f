/* SPDX-License-Identifier: MIT */
#ifndef ACTORS_FUTURE_H
#define ACTORS_FUTURE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <actrec/future.h>

/* The inside of a future; what hands futures out embeds one as its first member. See actors/future.c for its life. */

typedef struct ari_future_class ari_future_class;
typedef struct ari_future_observer ari_future_observer;

struct ari_future_class {
    /* must: the last reference is gone; frees the block that the future is in. On any thread. */
    void (*destroy)(ar_future *future);
    /* may: this thread is about to block until `deadline` on `future`, which is not done: run its actor here, or say
     * why waiting is wrong. AR_OK: wait on. */
    ar_status (*assist)(ar_future *future, int64_t deadline, ar_error *err);
    /* may: it was finished without its actor (cancelled, timed out), or is asked to stop in flight: nudge whoever has
     * it. */
    void (*interrupt)(ar_future *future);
    /* may: this thread takes the result: it awaits, or is about to run the callback of a then. Once it is done, before
     * anything of it is read, and at most once by each who takes it. */
    void (*collect)(ar_future *future);
};

struct ar_future {
    const ari_future_class *class;
    ar_runtime *runtime;
    _Atomic uint32_t state;
    _Atomic uint32_t references;
    _Atomic(ari_future_observer *) observers;
    ar_error *error;          /* once done; NULL on AR_OK, and when there was no memory for it */
    int64_t value;            /* once done: of counts and indexes */
    ar_status status;         /* once done */
    _Atomic(ar_error *) late; /* what went wrong as the result was taken, for the one who takes it; NULL: nothing */
};

/* Told once, when the future is done: on the completing thread, or on the observing one when it was done before. Must
 * not block. */
struct ari_future_observer {
    ari_future_observer *next;
    void (*notify)(ari_future_observer *observer, ar_future *future);
};

void ari_future_init(ar_future *future, const ari_future_class *class, ar_runtime *runtime, uint32_t references);
ar_future *ari_future_ref(ar_future *future);
void ari_future_unref(ar_future *future);

/* It is about to be sent. False: it is finished already (cancelled, timed out) and must not be. */
bool ari_future_start(ar_future *future);

/* Takes the right to finish it, which one caller gets; then set results and call settle. abandon: only when it was not
 * started. */
bool ari_future_claim(ar_future *future);
bool ari_future_claim_unstarted(ar_future *future);
void ari_future_settle(ar_future *future, ar_status status, const ar_error *error);

/* Between the two, this thread completes futures one right after the other, and those who sleep on them are woken at the end: else the first to wake up would find that what it wants
 * next is just being completed. Nothing in between may block. */
void ari_future_hold_wakes(void);
void ari_future_let_wakes(void);

/* claim and settle. False: another has, and nothing was done. */
bool ari_future_finish(ar_future *future, ar_status status, const ar_error *error);

/* Past its deadline: finished with AR_E_TIMEOUT when it was not sent yet, else whoever has it is nudged. */
void ari_future_expire(ar_future *future);

/* Whether it was asked to stop by ar_future_cancel. */
bool ari_future_is_cancelled(const ar_future *future);

/* Whether it has not been started or finished. */
bool ari_future_is_waiting(const ar_future *future);

void ari_future_observe(ar_future *future, ari_future_observer *observer);

/* Waits until done or `deadline` (microseconds of env->now). AR_E_PENDING: not done. */
ar_status ari_future_wait_until(ar_future *future, int64_t deadline, ar_error *err);

/* Waits until done, for one who knows that it is being worked on: nobody is asked whether waiting is right. */
void ari_future_join(ar_future *future);

/* The outcome of a future that is done, as status and err. */
ar_status ari_future_outcome(const ar_future *future, ar_error *err);

/* The same for the one who took its result, and in whose taking something may have gone wrong: said by fail_late, once,
 * inside of collect. */
ar_status ari_future_taken(const ar_future *future, ar_error *err);
void ari_future_fail_late(ar_future *future, const ar_error *error);

/* Says to a future that is done that this thread takes its result. */
void ari_future_collect(ar_future *future);

/* Waits and consumes *future but for the last look: on AR_E_PENDING it stays, else *done is it (with the reference) for
 * the caller to read and unref, or NULL. */
ar_status ari_future_await(ar_future **future, int64_t timeout_ms, ar_future **done, ar_error *err);

/* A future that has failed already, for submits that meet trouble. Never NULL: with no memory, the one that says so.
 * `runtime` may be NULL. */
ar_future *ari_future_failed(ar_runtime *runtime, ar_status status, const ar_error *error);

/* Microseconds of env->now for a wait of timeout_ms from now; negative: for ever. */
int64_t ari_deadline_after(ar_runtime *runtime, int64_t timeout_ms);

#endif
