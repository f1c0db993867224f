/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "actors/doorbell.h"

static ari_doorbell *open_bell(void)
{
    ari_doorbell *bell = NULL;
    assert_int_equal(ari_doorbell_open(ar_env_default(), &bell, NULL), AR_OK);
    return bell;
}

static int64_t clock_now(void)
{
    return ar_env_default()->now(NULL);
}

static void ring_before_the_wait_is_not_lost(void **state)
{
    ari_doorbell *bell = open_bell();
    (void)state;
    ari_doorbell_ring(bell);
    ari_doorbell_wait(bell, INT64_MAX);
    ari_doorbell_close(ar_env_default(), bell);
}

static void wait_ends_after_its_time(void **state)
{
    ari_doorbell *bell = open_bell();
    int64_t before = clock_now();
    (void)state;
    ari_doorbell_wait(bell, 2500);
    assert_true(clock_now() - before >= 2500);
    ari_doorbell_wait(bell, 0);
    ari_doorbell_wait(bell, -5);
    ari_doorbell_ring(bell);
    ari_doorbell_wait(bell, INT64_MAX);
    ari_doorbell_close(ar_env_default(), bell);
}

static void rings_coalesce_into_one(void **state)
{
    ari_doorbell *bell = open_bell();
    (void)state;
    for (int i = 0; i < 1000; i++)
        ari_doorbell_ring(bell);
    ari_doorbell_wait(bell, INT64_MAX);
    int64_t before = clock_now();
    ari_doorbell_wait(bell, 3000); /* no second message */
    assert_true(clock_now() - before >= 3000);
    ari_doorbell_close(ar_env_default(), bell);
}

static void bell_that_was_rung_can_be_closed(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        ari_doorbell *bell = open_bell();
        ari_doorbell_ring(bell);
        ari_doorbell_close(ar_env_default(), bell);
    }
    ari_doorbell_close(ar_env_default(), NULL);
}

typedef struct shared {
    ari_doorbell *bell;
    _Atomic int posted;
    _Atomic bool over;
} shared;

static void *post(void *arg)
{
    shared *s = arg;
    for (int i = 0; i < 5000; i++) {
        atomic_fetch_add(&s->posted, 1);
        ari_doorbell_ring(s->bell);
    }
    return NULL;
}

static void every_ring_is_seen_by_a_wait_after_it(void **state)
{
    enum { THREADS = 3 };
    shared s = { .bell = open_bell() };
    pthread_t threads[THREADS];
    (void)state;
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, post, &s), 0);
    while (atomic_load(&s.posted) < THREADS * 5000) /* hangs when the last ring is lost */
        ari_doorbell_wait(s.bell, INT64_MAX);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    ari_doorbell_close(ar_env_default(), s.bell);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ring_before_the_wait_is_not_lost),
        cmocka_unit_test(wait_ends_after_its_time),
        cmocka_unit_test(rings_coalesce_into_one),
        cmocka_unit_test(bell_that_was_rung_can_be_closed),
        cmocka_unit_test(every_ring_is_seen_by_a_wait_after_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
