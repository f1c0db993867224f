/* SPDX-License-Identifier: MIT */
#ifndef ACTORS_DOORBELL_H
#define ACTORS_DOORBELL_H

#include <stdint.h>

#include <actrec/sys/env.h>

/* A doorbell: any thread rings, one thread waits. Rings coalesce: however many come before the waiter has woken, one
 * message lies in the queue. It is an nng inproc pair with one message, made beforehand, so ringing allocates nothing
 * and cannot fail. */
typedef struct ari_doorbell ari_doorbell;

ar_status ari_doorbell_open(const ar_env *env, ari_doorbell **out, ar_error *err);
void ari_doorbell_ring(ari_doorbell *bell);
/* Waits for a ring, at most wait_us microseconds (INT64_MAX: for ever). What was done before the ring is seen after. */
void ari_doorbell_wait(ari_doorbell *bell, int64_t wait_us);
/* A descriptor that is readable while a ring waits to be taken by ari_doorbell_wait; -1: there is none to be had. */
int ari_doorbell_fd(ari_doorbell *bell);
/* Nobody may ring or wait any more. NULL does nothing. */
void ari_doorbell_close(const ar_env *env, ari_doorbell *bell);

#endif
