/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <actrec/timer.h>

#include "actors/timers.h"
#include "tests/support/actors.h"

static int64_t clock_ms(void)
{
    return ar_env_default()->now(NULL) / 1000;
}

static void timer_completes_not_before_its_time(void **state)
{
    ar_runtime *runtime = test_runtime(1);
    (void)state;
    for (int64_t delay = 0; delay < 8; delay++) {
        int64_t before = ar_env_default()->now(NULL);
        ar_done done = ar_timer_after(runtime, delay);
        assert_int_equal(ar_done_await(&done, NULL), AR_OK);
        assert_true(ar_env_default()->now(NULL) - before >= delay * 1000);
    }
    assert_int_equal(ar_runtime_close(&runtime, NULL), AR_OK);
}

static void earlier_timer_is_not_held_up_by_a_later(void **state)
{
    ar_runtime *runtime = test_runtime(1);
    (void)state;
    ar_done late = ar_timer_after(runtime, TEST_HOUR);
    ar_done soon = ar_timer_after(runtime, 1);
    assert_int_equal(ar_done_await_for(&soon, TEST_PATIENCE, NULL), AR_OK);
    assert_false(ar_future_is_done(late.raw));
    ar_future_drop(&late.raw);
    assert_int_equal(ar_runtime_close(&runtime, NULL), AR_OK);
}

static void cancelled_timer_is_complete_at_once(void **state)
{
    ar_runtime *runtime = test_runtime(1);
    int64_t before = clock_ms();
    (void)state;
    ar_done late = ar_timer_after(runtime, TEST_HOUR);
    assert_int_equal(ar_future_cancel(late.raw, NULL), AR_OK);
    assert_int_equal(ar_future_cancel(late.raw, NULL), AR_E_BUSY);
    assert_int_equal(ar_done_await(&late, NULL), AR_E_CANCELLED);
    assert_true(clock_ms() - before < TEST_HOUR);
    assert_int_equal(ar_runtime_close(&runtime, NULL), AR_OK);
}

static void wrong_delays_fail_in_the_future(void **state)
{
    ar_runtime *runtime = test_runtime(1);
    ar_error error;
    (void)state;
    ar_done wrong = ar_timer_after(runtime, -1);
    assert_int_equal(ar_done_await(&wrong, &error), AR_E_INVALID);
    ar_done never = ar_timer_after(runtime, INT64_MAX);
    assert_int_equal(ar_done_await_for(&never, 5, NULL), AR_E_PENDING);
    ar_future_drop(&never.raw);
    assert_int_equal(ar_runtime_close(&runtime, NULL), AR_OK);
}

static void closing_runtime_fails_its_timers(void **state)
{
    ar_runtime *runtime = test_runtime(1);
    ar_done late[100];
    (void)state;
    for (int i = 0; i < 100; i++)
        late[i] = ar_timer_after(runtime, TEST_HOUR + i);
    assert_int_equal(ar_runtime_close(&runtime, NULL), AR_OK);
    for (int i = 0; i < 100; i++)
        assert_int_equal(ar_done_await_for(&late[i], 0, NULL), AR_E_CLOSED);
}

static void default_runtime_has_timers_too(void **state)
{
    ar_done done = ar_timer_after(NULL, 1);
    (void)state;
    assert_int_equal(ar_done_await_for(&done, TEST_PATIENCE, NULL), AR_OK);
}

/* --- the heap, on the simulator --- */

enum { TIMERS = 500 };

typedef struct entry {
    ari_timer timer; /* first */
    int index;
} entry;

static entry entries[TIMERS];
static int64_t fired_at[TIMERS];
static int64_t last_fired;
static int fired_count, disorder;
static const ar_env *sim_env;

static void fire(ari_timer *timer)
{
    entry *e = (entry *)timer;
    disorder += timer->deadline < last_fired;
    last_fired = timer->deadline;
    fired_at[e->index] = sim_env->now(sim_env->ctx);
    fired_count++;
}

static void timers_fire_in_order_and_disarmed_ones_never(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < 20; seed++) {
        ar_sim *sim = NULL;
        ar_runtime *runtime = NULL;
        int armed = 0;
        assert_int_equal(ar_sim_create(seed, &sim, NULL), AR_OK);
        sim_env = ar_sim_env(sim);
        assert_int_equal(ar_runtime_create(&(ar_runtime_options){ .workers = 1, .env = sim_env }, &runtime, NULL),
                         AR_OK);
        memset(fired_at, 0, sizeof fired_at);
        last_fired = fired_count = disorder = 0;
        int64_t start = sim_env->now(sim_env->ctx);
        for (int i = 0; i < TIMERS; i++) {
            int64_t deadline = start + 1 + (int64_t)(sim_env->random(sim_env->ctx) % 1000000);
            entries[i] = (entry){ .timer = { .deadline = deadline, .fire = fire }, .index = i };
            assert_int_equal(ari_timer_arm(runtime, &entries[i].timer, NULL), AR_OK);
            armed++;
            int other = (int)(sim_env->random(sim_env->ctx) % TIMERS);
            if (other <= i && i % 3 == 0)
                armed -= ari_timer_disarm(runtime, &entries[other].timer);
        }
        while (ar_sim_step(sim))
            continue;
        assert_int_equal(fired_count, armed);
        assert_int_equal(disorder, 0);
        for (int i = 0; i < TIMERS; i++)
            assert_true(fired_at[i] == 0 || fired_at[i] == entries[i].timer.deadline);
        assert_int_equal(ar_runtime_close(&runtime, NULL), AR_OK);
        ar_sim_destroy(sim);
    }
}

/* --- threads that arm and cancel --- */

typedef struct canceller {
    pthread_t thread;
    ar_runtime *runtime;
    int wrong;
} canceller;

static void *arm_and_cancel(void *arg)
{
    canceller *self = arg;
    for (int i = 0; i < 1000; i++) {
        ar_done done = ar_timer_after(self->runtime, i % 3);
        ar_status cancelled = ar_future_cancel(done.raw, NULL);
        ar_status status = ar_done_await_for(&done, TEST_PATIENCE, NULL);
        self->wrong += cancelled == AR_OK ? status != AR_E_CANCELLED : status != AR_OK;
    }
    return NULL;
}

static void cancel_and_fire_race(void **state)
{
    canceller cancellers[3];
    ar_runtime *runtime = test_runtime(1);
    (void)state;
    for (int i = 0; i < 3; i++) {
        cancellers[i] = (canceller){ .runtime = runtime };
        assert_int_equal(pthread_create(&cancellers[i].thread, NULL, arm_and_cancel, &cancellers[i]), 0);
    }
    for (int i = 0; i < 3; i++) {
        pthread_join(cancellers[i].thread, NULL);
        assert_int_equal(cancellers[i].wrong, 0);
    }
    assert_int_equal(ar_runtime_close(&runtime, NULL), AR_OK);
}

/* --- ar_context_send_after --- */

typedef struct later {
    test_latch came;
    int64_t first_ms;
    int64_t came_ms;
    _Atomic int released;
    ar_status statuses[3];
} later;

static void count_release(void *data)
{
    atomic_fetch_add((_Atomic int *)data, 1);
}

static ar_status send_later(ar_context *self, void *state, ar_message *message, ar_error *err)
{
    later *l = state;
    if (message->kind == 1) {
        l->first_ms = clock_ms();
        l->statuses[0] =
            ar_context_send_after(self, -1, (ar_message){ .data = &l->released, .release = count_release }, err);
        l->statuses[1] = ar_context_send_after(
            self, 1, (ar_message){ .kind = AR_MESSAGE_DOWN, .data = &l->released, .release = count_release }, err);
        l->statuses[2] = ar_context_send_after(
            self, TEST_HOUR, (ar_message){ .kind = 3, .data = &l->released, .release = count_release }, err);
        return ar_context_send_after(self, 5, (ar_message){ .kind = 2, .data = &l->released, .release = count_release },
                                     err);
    }
    l->came_ms = clock_ms();
    test_latch_raise(&l->came);
    return AR_OK;
}

static void actor_sends_to_itself_later(void **state)
{
    later l = { .came = TEST_LATCH };
    ar_runtime *runtime = test_runtime(1);
    ar_actor *actor = test_spawn(runtime, send_later, &l);
    (void)state;
    assert_int_equal(test_tell(actor, 1, 0), AR_OK);
    assert_true(test_latch_wait(&l.came, 1));
    assert_true(l.came_ms - l.first_ms >= 4);
    assert_int_equal(l.statuses[0], AR_E_INVALID);
    assert_int_equal(l.statuses[1], AR_E_INVALID);
    assert_int_equal(l.statuses[2], AR_OK);
    assert_int_equal(ar_actor_stop(actor, NULL), AR_OK);
    assert_int_equal(test_await_end(actor, NULL), AR_OK);
    assert_int_equal(l.released, 4); /* also the one of in an hour */
    assert_int_equal(ar_runtime_close(&runtime, NULL), AR_OK);
    assert_int_equal(
        ar_context_send_after(NULL, 0, (ar_message){ .data = &l.released, .release = count_release }, NULL),
        AR_E_INVALID);
    assert_int_equal(l.released, 5);
}

static void actors_end_while_their_messages_come_due(void **state)
{
    ar_runtime *runtime = test_runtime(2);
    (void)state;
    for (int i = 0; i < 200; i++) {
        later l = { .came = TEST_LATCH };
        ar_actor *actor = test_spawn(runtime, send_later, &l);
        assert_int_equal(test_tell(actor, 1, 0), AR_OK);
        if (i % 2 == 0)
            assert_true(test_latch_wait(&l.came, 1));
        assert_int_equal(ar_actor_stop(actor, NULL), AR_OK);
        assert_int_equal(test_await_end(actor, NULL), AR_OK);
        while (l.released < 4) { /* the one that fires at this moment */
            ar_done tick = ar_timer_after(runtime, 1);
            assert_int_equal(ar_done_await(&tick, NULL), AR_OK);
        }
    }
    assert_int_equal(ar_runtime_close(&runtime, NULL), AR_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timer_completes_not_before_its_time),
        cmocka_unit_test(earlier_timer_is_not_held_up_by_a_later),
        cmocka_unit_test(cancelled_timer_is_complete_at_once),
        cmocka_unit_test(wrong_delays_fail_in_the_future),
        cmocka_unit_test(closing_runtime_fails_its_timers),
        cmocka_unit_test(default_runtime_has_timers_too),
        cmocka_unit_test(timers_fire_in_order_and_disarmed_ones_never),
        cmocka_unit_test(cancel_and_fire_race),
        cmocka_unit_test(actor_sends_to_itself_later),
        cmocka_unit_test(actors_end_while_their_messages_come_due),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
