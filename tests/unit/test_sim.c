/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <actrec/actor.h>
#include <actrec/timer.h>

#include "tests/support/actors.h"

typedef struct world {
    ar_sim *sim;
    ar_runtime *runtime;
} world;

static world open_world(uint64_t seed)
{
    world w = { NULL, NULL };
    assert_int_equal(ar_sim_create(seed, &w.sim, NULL), AR_OK);
    ar_runtime_options options = { .workers = 4, .env = ar_sim_env(w.sim) };
    assert_int_equal(ar_runtime_create(&options, &w.runtime, NULL), AR_OK);
    return w;
}

static void close_world(world *w)
{
    assert_int_equal(ar_runtime_close(&w->runtime, NULL), AR_OK);
    assert_false(ar_sim_is_deadlocked(w->sim));
    ar_sim_destroy(w->sim);
}

/* --- four actors that pass tokens on at random; the trace is who had one, and when --- */

enum { PLAYERS = 4, HOPS = 60 };

typedef struct game {
    ar_actor *players[PLAYERS];
    char trace[8 * HOPS + 1];
    size_t length;
    const ar_env *env;
} game;

typedef struct player {
    game *game;
    int number;
} player;

static ar_status pass_on(ar_context *self, void *state, ar_message *message, ar_error *err)
{
    player *p = state;
    game *g = p->game;
    if (g->length < sizeof g->trace - 1)
        g->trace[g->length++] = (char)('a' + p->number);
    if (message->number == 0)
        return AR_OK;
    uint64_t chance = g->env->random(g->env->ctx);
    ar_message next = { .number = message->number - 1 };
    if (chance % 4 == 0)
        return ar_context_send_after(self, (int64_t)(chance >> 8) % 20, next, err);
    return ar_actor_tell(g->players[(chance >> 8) % PLAYERS], next, NULL, err);
}

static uint64_t play(uint64_t seed, game *g)
{
    world w = open_world(seed);
    player players[PLAYERS];
    memset(g, 0, sizeof *g);
    g->env = ar_sim_env(w.sim);
    for (int i = 0; i < PLAYERS; i++) {
        players[i] = (player){ .game = g, .number = i };
        assert_non_null(g->players[i] = test_spawn(w.runtime, pass_on, &players[i]));
    }
    for (int i = 0; i < PLAYERS; i++)
        assert_int_equal(test_tell(g->players[i], 0, HOPS / PLAYERS), AR_OK);
    while (ar_sim_step(w.sim))
        continue;
    uint64_t fingerprint = ar_sim_fingerprint(w.sim);
    close_world(&w);
    return fingerprint;
}

static void same_seed_replays_the_same_schedule(void **state)
{
    static game first, again;
    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        assert_int_equal(play(seed, &first), play(seed, &again));
        assert_string_equal(first.trace, again.trace);
        assert_int_equal(first.length, HOPS + PLAYERS);
    }
}

static void other_seeds_take_other_schedules(void **state)
{
    enum { SEEDS = 40 };
    static game games[SEEDS];
    uint64_t fingerprints[SEEDS];
    int distinct = 0;
    (void)state;
    for (int i = 0; i < SEEDS; i++) {
        bool seen = false;
        fingerprints[i] = play((uint64_t)i, &games[i]);
        for (int j = 0; j < i && !seen; j++)
            seen = strcmp(games[i].trace, games[j].trace) == 0;
        for (int j = 0; j < i; j++)
            assert_int_not_equal(fingerprints[i], fingerprints[j]);
        distinct += !seen;
    }
    assert_true(distinct > SEEDS / 2);
}

/* Two actors without any chance of their own: only the schedule says who comes first. */
static ar_status note(ar_context *self, void *state, ar_message *message, ar_error *err)
{
    (void)self;
    (void)err;
    char *trace = state;
    trace[strlen(trace)] = (char)message->number;
    return AR_OK;
}

static void schedule_alone_makes_both_orders(void **state)
{
    int orders[2] = { 0, 0 };
    (void)state;
    for (uint64_t seed = 0; seed < 30; seed++) {
        world w = open_world(seed);
        char trace[8] = "";
        ar_actor *a = test_spawn(w.runtime, note, trace);
        ar_actor *b = test_spawn(w.runtime, note, trace);
        ar_ignore(test_tell(a, 0, 'a'));
        ar_ignore(test_tell(b, 0, 'b'));
        while (ar_sim_step(w.sim))
            continue;
        assert_int_equal(strlen(trace), 2);
        orders[trace[0] == 'b']++;
        close_world(&w);
    }
    assert_true(orders[0] > 3 && orders[1] > 3);
}

static void clock_moves_only_when_nobody_can_run(void **state)
{
    world w = open_world(1);
    const ar_env *env = ar_sim_env(w.sim);
    int64_t start = env->now(env->ctx);
    (void)state;
    ar_done day = ar_timer_after(w.runtime, 24 * TEST_HOUR);
    assert_int_equal(env->now(env->ctx), start);
    assert_int_equal(ar_done_await(&day, NULL), AR_OK);
    assert_int_equal(env->now(env->ctx), start + INT64_C(24) * 3600 * 1000000);
    assert_int_equal(env->wall_now(env->ctx) - INT64_C(1577836800000000), env->now(env->ctx) - start);
    close_world(&w);
}

static void waiting_runs_the_actors(void **state)
{
    world w = open_world(1);
    ar_actor *echo = test_spawn(w.runtime, test_echo, NULL);
    (void)state;
    assert_int_equal(test_ask(echo, 0, 41, NULL), 42);
    close_world(&w);
}

static ar_status keep_reply(ar_context *self, void *state, ar_message *message, ar_error *err)
{
    (void)message;
    (void)err;
    *(ar_reply **)state = ar_context_take_reply(self);
    return AR_OK;
}

static void waiting_for_nothing_is_a_deadlock_that_is_told(void **state)
{
    world w = open_world(1);
    ar_reply *kept = NULL;
    ar_error error;
    ar_actor *forgetful = test_spawn(w.runtime, keep_reply, &kept);
    (void)state;
    ar_reply_future answer = ar_actor_ask(forgetful, (ar_message){ .kind = 1 }, NULL);
    assert_false(ar_sim_is_deadlocked(w.sim));
    assert_int_equal(ar_future_wait(answer.raw, -1, &error), AR_E_DEADLOCK);
    assert_true(ar_sim_is_deadlocked(w.sim));
    ar_reply_send(&kept, (ar_message){ .number = 5 });
    assert_int_equal(ar_reply_await(&answer, NULL, NULL), AR_OK);
    assert_int_equal(ar_runtime_close(&w.runtime, NULL), AR_OK);
    ar_sim_destroy(w.sim);
}

static void waiting_up_to_a_deadline_passes_the_time(void **state)
{
    world w = open_world(1);
    const ar_env *env = ar_sim_env(w.sim);
    ar_reply *kept = NULL;
    ar_actor *forgetful = test_spawn(w.runtime, keep_reply, &kept);
    (void)state;
    ar_reply_future answer = ar_actor_ask(forgetful, (ar_message){ .kind = 1 }, NULL);
    int64_t before = env->now(env->ctx);
    assert_int_equal(ar_reply_await_for(&answer, 1000, NULL, NULL), AR_E_PENDING);
    assert_int_equal(env->now(env->ctx), before + 1000000);
    ar_future_drop(&answer.raw);
    ar_reply_fail(&kept, AR_E_CANCELLED, "nobody waits");
    close_world(&w);
}

static void steps_end_when_there_is_nothing_to_do(void **state)
{
    world w = open_world(1);
    (void)state;
    assert_false(ar_sim_step(w.sim));
    assert_non_null(test_spawn(w.runtime, test_echo, NULL));
    assert_true(ar_sim_step(w.sim));
    while (ar_sim_step(w.sim))
        continue;
    assert_false(ar_sim_step(w.sim));
    close_world(&w);
}

static void chance_is_drawn_from_the_seed(void **state)
{
    ar_sim *sims[3];
    uint64_t drawn[3];
    unsigned char bytes[3][16];
    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(ar_sim_create(i < 2 ? 7 : 8, &sims[i], NULL), AR_OK);
        const ar_env *env = ar_sim_env(sims[i]);
        drawn[i] = env->random(env->ctx);
        assert_int_equal(env->entropy(env->ctx, bytes[i], sizeof bytes[i]), AR_OK);
        ar_sim_destroy(sims[i]);
    }
    assert_int_equal(drawn[0], drawn[1]);
    assert_int_not_equal(drawn[0], drawn[2]);
    assert_memory_equal(bytes[0], bytes[1], 16);
    assert_memory_not_equal(bytes[0], bytes[2], 16);
}

static void null_simulators_are_answered(void **state)
{
    ar_error error;
    (void)state;
    assert_int_equal(ar_sim_create(1, NULL, &error), AR_E_INVALID);
    assert_null(ar_sim_env(NULL));
    assert_false(ar_sim_step(NULL));
    assert_false(ar_sim_is_deadlocked(NULL));
    assert_int_equal(ar_sim_fingerprint(NULL), 0);
    ar_sim_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_seed_replays_the_same_schedule),
        cmocka_unit_test(other_seeds_take_other_schedules),
        cmocka_unit_test(schedule_alone_makes_both_orders),
        cmocka_unit_test(clock_moves_only_when_nobody_can_run),
        cmocka_unit_test(waiting_runs_the_actors),
        cmocka_unit_test(waiting_for_nothing_is_a_deadlock_that_is_told),
        cmocka_unit_test(waiting_up_to_a_deadline_passes_the_time),
        cmocka_unit_test(steps_end_when_there_is_nothing_to_do),
        cmocka_unit_test(chance_is_drawn_from_the_seed),
        cmocka_unit_test(null_simulators_are_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
