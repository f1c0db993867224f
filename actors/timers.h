/* SPDX-License-Identifier: MIT */
#ifndef ACTORS_TIMERS_H
#define ACTORS_TIMERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <actrec/runtime.h>

/* Timers of a runtime: a heap of deadlines and an executor that sleeps until the first. */

typedef struct ari_timer ari_timer;
struct ari_timer {
    int64_t deadline;               /* microseconds of env->now */
    size_t place;                   /* in the heap, from 1; 0: not armed */
    void (*fire)(ari_timer *timer); /* on the executor of the timers, not before `deadline`; must not block */
};

typedef struct ari_timers ari_timers;

/* Ends the executor. Timers still armed fire early, now: nothing that waits for one is left waiting. NULL does
 * nothing. */
void ari_timers_stop(ari_timers *timers);
/* After stop, once no timer can be disarmed any more. NULL does nothing. */
void ari_timers_free(ari_timers *timers);

/* Arms a timer, whose memory must stay until it has fired or disarm said true. */
ar_status ari_timer_arm(ar_runtime *runtime, ari_timer *timer, ar_error *err);

/* True: it will not fire. False: it was not armed, has fired, or fires at this moment. */
bool ari_timer_disarm(ar_runtime *runtime, ari_timer *timer);

#endif
