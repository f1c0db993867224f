/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SUPPORT_ACTORS_H
#define TESTS_SUPPORT_ACTORS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <actrec/actor.h>
#include <actrec/runtime.h>

/* What the tests of actors/ share. Nothing in here asserts: other threads than the test's call it. */

/* An allocator for any number of threads that counts what is live, and refuses what it is told to. */
typedef struct test_memory {
    atomic_size_t allocations; /* so far, those that were refused too */
    atomic_size_t live;        /* blocks that were not released */
    atomic_size_t refuse_at;   /* the allocation of that number, from 1; 0: none */
    atomic_bool refuse_on;     /* and every one after it */
} test_memory;

/* Sets the allocator of `options`. */
void test_memory_use(test_memory *memory, ar_runtime_options *options);

/* A counter that threads raise and the test waits for. */
typedef struct test_latch {
    pthread_mutex_t lock;
    pthread_cond_t raised;
    int count;
} test_latch;

#define TEST_LATCH                                                            \
    {                                                                         \
        .lock = PTHREAD_MUTEX_INITIALIZER, .raised = PTHREAD_COND_INITIALIZER \
    }

void test_latch_raise(test_latch *latch);
int test_latch_count(test_latch *latch);
/* Waits until it was raised `count` times. False: it was not within 30 seconds. */
bool test_latch_wait(test_latch *latch, int count);

/* A runtime with that many workers; on the test's own thread, the test fails when it cannot be made. */
ar_runtime *test_runtime(unsigned workers);

/* How long a test waits for what must come, in milliseconds. */
enum { TEST_PATIENCE = 30000 };

/* For what is not to come while a test runs. */
#define TEST_HOUR INT64_C(3600000)

/* A behaviour that answers with the number of the message, and one more. */
ar_status test_echo(ar_context *self, void *state, ar_message *message, ar_error *err);

/* An actor with that behaviour and state and all else the default; NULL when it cannot be spawned. */
ar_actor *test_spawn(ar_runtime *runtime, ar_behaviour behaviour, void *state);

/* Sends a message of that kind and number. */
ar_status test_tell(ar_actor *actor, uint32_t kind, int64_t number);

/* Asks and waits for the number of the answer; -1 when it fails, with the status in *status (may be NULL). */
int64_t test_ask(ar_actor *actor, uint32_t kind, int64_t number, ar_status *status);

/* Waits for the end of the actor; AR_E_PENDING when it does not come. */
ar_status test_await_end(ar_actor *actor, ar_error *err);

#endif
