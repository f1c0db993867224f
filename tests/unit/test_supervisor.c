/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <actrec/supervisor.h>

#include "tests/support/actors.h"

/* All on the simulator: hours pass in no time, and what is checked here cannot depend on a busy machine. */

enum { CRASH = 7, CHILDREN = 3 };

typedef struct life {
    int starts;
    int ends;
    int64_t started_at[64]; /* milliseconds */
    int64_t ended_at[64];
    char id;
    bool init_fails;
    struct world *world;
} life;

typedef struct world {
    ar_sim *sim;
    ar_runtime *runtime;
    ar_actor *supervisor;
    life lives[CHILDREN];
    char trace[256]; /* A: child a started, a: it ended */
    int logged;
} world;

static int64_t now_ms(const world *w)
{
    const ar_env *env = ar_sim_env(w->sim);
    return env->now(env->ctx) / 1000;
}

static void trace(world *w, int character)
{
    size_t length = strlen(w->trace);
    if (length + 1 < sizeof w->trace)
        w->trace[length] = (char)character;
}

static ar_status live(ar_context *self, void *state, ar_message *message, ar_error *err)
{
    (void)self;
    (void)state;
    return message->kind == CRASH ? ar_error_set(err, (ar_status)message->number, "told to crash") : AR_OK;
}

static ar_status begin(ar_context *self, void **state, ar_error *err)
{
    life *l = *state;
    (void)self;
    trace(l->world, 'A' + l->id);
    if (l->starts < 64)
        l->started_at[l->starts] = now_ms(l->world);
    l->starts++;
    return l->init_fails ? ar_error_set(err, AR_E_IO, "init fails") : AR_OK;
}

static void finish(void *state, ar_status reason)
{
    life *l = state;
    (void)reason;
    trace(l->world, 'a' + l->id);
    if (l->ends < 64)
        l->ended_at[l->ends] = now_ms(l->world);
    l->ends++;
}

static void count_log(void *ctx, ar_log_level level, const char *message)
{
    (void)level;
    (void)message;
    ((world *)ctx)->logged++;
}

static void open_world(world *w, uint64_t seed)
{
    memset(w, 0, sizeof *w);
    assert_int_equal(ar_sim_create(seed, &w->sim, NULL), AR_OK);
    ar_runtime_options options = { .workers = 3, .env = ar_sim_env(w->sim), .log = count_log, .log_ctx = w };
    assert_int_equal(ar_runtime_create(&options, &w->runtime, NULL), AR_OK);
    for (int i = 0; i < CHILDREN; i++)
        w->lives[i] = (life){ .world = w, .id = (char)i };
}

static void close_world(world *w)
{
    assert_int_equal(ar_runtime_close(&w->runtime, NULL), AR_OK);
    assert_false(ar_sim_is_deadlocked(w->sim));
    ar_sim_destroy(w->sim);
    for (int i = 0; i < CHILDREN; i++)
        assert_int_equal(w->lives[i].starts, w->lives[i].ends);
}

static ar_child child_of(life *l, ar_restart restart)
{
    return (ar_child){ .options = { .behaviour = live, .init = begin, .terminate = finish, .state = l },
                       .restart = restart };
}

static void supervise(world *w, ar_supervisor_options options, ar_restart restart)
{
    ar_child children[CHILDREN];
    ar_error error;
    for (int i = 0; i < CHILDREN; i++)
        children[i] = child_of(&w->lives[i], restart);
    options.children = children;
    options.child_count = CHILDREN;
    assert_int_equal(ar_supervisor_spawn(w->runtime, &options, &w->supervisor, &error), AR_OK);
    memset(children, 0xff, sizeof children); /* they were copied */
}

static ar_actor *child_at(world *w, int64_t place)
{
    ar_message reply = { .data = NULL };
    assert_int_equal(
        ar_actor_call(w->supervisor, (ar_message){ .kind = AR_SUPERVISOR_CHILD, .number = place }, NULL, &reply, NULL),
        AR_OK);
    return reply.data;
}

static void settle(world *w, int64_t ms)
{
    const ar_env *env = ar_sim_env(w->sim);
    uint32_t word = 0;
    env->wait(env->ctx, &word, 0, env->now(env->ctx) + ms * 1000);
}

static void crash(world *w, int64_t place, ar_status reason)
{
    ar_actor *child = child_at(w, place);
    assert_non_null(child);
    assert_int_equal(test_tell(child, CRASH, reason), AR_OK);
    settle(w, 0);
    assert_int_equal(ar_actor_is_alive(child) ? test_await_end(child, NULL) : reason, reason);
}

static void children_start_in_order_and_stop_in_reverse(void **state)
{
    world w;
    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        open_world(&w, seed);
        supervise(&w, (ar_supervisor_options){ .name = "boss" }, AR_RESTART_ALWAYS);
        for (int i = 0; i < CHILDREN; i++)
            assert_true(ar_actor_is_alive(child_at(&w, i)));
        assert_ptr_equal(ar_actor_find(w.runtime, "boss"), w.supervisor);
        settle(&w, 1);
        w.trace[0] = '\0';
        memset(w.trace, 0, sizeof w.trace);
        assert_int_equal(ar_actor_stop(w.supervisor, NULL), AR_OK);
        assert_int_equal(test_await_end(w.supervisor, NULL), AR_OK);
        assert_string_equal(w.trace, "cba"); /* all before the supervisor itself was over */
        close_world(&w);
    }
}

static void failed_child_is_started_anew_alone(void **state)
{
    world w;
    (void)state;
    open_world(&w, 1);
    supervise(&w, (ar_supervisor_options){ .backoff_ms = 0 }, AR_RESTART_ON_FAILURE);
    ar_actor *first = child_at(&w, 1);
    crash(&w, 1, AR_E_IO);
    assert_false(ar_actor_is_alive(first));
    settle(&w, 10);
    ar_actor *second = child_at(&w, 1);
    assert_true(ar_actor_is_alive(second));
    assert_ptr_not_equal(first, second);
    assert_int_equal(w.lives[0].starts, 1);
    assert_int_equal(w.lives[1].starts, 2);
    assert_int_equal(w.lives[2].starts, 1);
    assert_true(w.logged >= 2); /* that it failed, and that it is restarted */
    close_world(&w);
}

static void stop_child(world *w, int64_t place)
{
    ar_actor *child = child_at(w, place);
    assert_int_equal(ar_actor_stop(child, NULL), AR_OK);
    assert_int_equal(test_await_end(child, NULL), AR_OK);
    settle(w, 100);
}

static void restart_kinds_decide(void **state)
{
    static const struct {
        ar_restart restart;
        int after_stop, after_failure; /* starts */
    } kinds[] = { { AR_RESTART_ON_FAILURE, 1, 2 }, { AR_RESTART_ALWAYS, 2, 2 }, { AR_RESTART_NEVER, 1, 1 } };
    world w;
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        open_world(&w, 1);
        supervise(&w, (ar_supervisor_options){ .struct_size = sizeof(ar_supervisor_options) }, kinds[i].restart);
        stop_child(&w, 0);
        crash(&w, 1, AR_E_IO);
        settle(&w, 100);
        assert_int_equal(w.lives[0].starts, kinds[i].after_stop);
        assert_int_equal(w.lives[1].starts, kinds[i].after_failure);
        assert_int_equal(child_at(&w, 1) != NULL, kinds[i].after_failure == 2);
        close_world(&w);
    }
}

static void wait_for_child(world *w, int64_t place)
{
    for (int i = 0; i < 100000 && child_at(w, place) == NULL; i++)
        settle(w, 1);
}

static void backoff_doubles_and_is_drawn_between_half_and_whole(void **state)
{
    world w;
    bool jitter = false;
    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        int64_t expected[] = { 100, 200, 400, 800, 1000, 1000 };
        open_world(&w, seed);
        supervise(&w,
                  (ar_supervisor_options){
                      .max_restarts = 10, .period_ms = 60000, .backoff_ms = 100, .backoff_max_ms = 1000 },
                  AR_RESTART_ON_FAILURE);
        for (int i = 0; i < 6; i++) {
            crash(&w, 0, AR_E_IO);
            wait_for_child(&w, 0);
            settle(&w, 1);
            int64_t waited = w.lives[0].started_at[i + 1] - w.lives[0].ended_at[i];
            assert_in_range(waited, expected[i] / 2, expected[i]);
            jitter |= waited != expected[i];
        }
        settle(&w, 120000); /* long healthy: it starts again from the first */
        crash(&w, 0, AR_E_IO);
        wait_for_child(&w, 0);
        settle(&w, 1);
        assert_in_range(w.lives[0].started_at[7] - w.lives[0].ended_at[6], 50, 100);
        close_world(&w);
    }
    assert_true(jitter);
}

static void too_many_failures_stop_all_and_fail_the_supervisor(void **state)
{
    world w;
    ar_error error;
    (void)state;
    open_world(&w, 3);
    supervise(&w, (ar_supervisor_options){ .max_restarts = 2, .period_ms = 10000 }, AR_RESTART_ON_FAILURE);
    ar_done ended = ar_actor_ended(w.supervisor);
    for (int i = 0; i < 2; i++) {
        crash(&w, 1, AR_E_IO);
        wait_for_child(&w, 1);
    }
    settle(&w, 1);
    memset(w.trace, 0, sizeof w.trace);
    assert_int_equal(test_tell(child_at(&w, 1), CRASH, AR_E_DISK_FULL), AR_OK);
    assert_int_equal(ar_done_await(&ended, &error), AR_E_DISK_FULL);
    assert_string_equal(w.trace, "bca");
    assert_non_null(strstr(error.message, "more than 2 times within 10000 ms"));
    assert_non_null(strstr(error.message, "told to crash"));
    assert_false(ar_actor_is_alive(w.supervisor));
    close_world(&w);
}

static void failures_further_apart_than_the_period_are_forgiven(void **state)
{
    world w;
    (void)state;
    open_world(&w, 3);
    supervise(&w, (ar_supervisor_options){ .max_restarts = 1, .period_ms = 1000 }, AR_RESTART_ON_FAILURE);
    for (int i = 0; i < 10; i++) {
        crash(&w, i % CHILDREN, AR_E_IO);
        settle(&w, 1100);
    }
    assert_true(ar_actor_is_alive(w.supervisor));
    close_world(&w);
}

static void child_whose_init_fails_counts_as_failed(void **state)
{
    world w;
    ar_error error;
    (void)state;
    open_world(&w, 3);
    w.lives[2].init_fails = true;
    supervise(&w, (ar_supervisor_options){ .name = "boss" }, AR_RESTART_ON_FAILURE);
    assert_int_equal(test_await_end(w.supervisor, &error), AR_E_IO);
    assert_int_equal(w.lives[2].starts, 4); /* 3 restarts are the default */
    assert_int_equal(w.lives[0].ends, 1);
    close_world(&w);
}

static void child_that_cannot_be_started_is_tried_again(void **state)
{
    world w;
    ar_actor *holder = NULL;
    (void)state;
    open_world(&w, 3);
    assert_int_equal(
        ar_actor_spawn(w.runtime, &(ar_actor_options){ .behaviour = test_echo, .name = "the one" }, &holder, NULL),
        AR_OK);
    char name[] = "the one";
    ar_child children[] = { child_of(&w.lives[0], AR_RESTART_ON_FAILURE) };
    children[0].options.name = name;
    ar_supervisor_options options = { .children = children, .child_count = 1, .backoff_ms = 1000 };
    assert_int_equal(ar_supervisor_spawn(w.runtime, &options, &w.supervisor, NULL), AR_OK);
    name[0] = '\0'; /* it was copied */
    assert_null(child_at(&w, 0));
    assert_int_equal(ar_actor_stop(holder, NULL), AR_OK);
    settle(&w, 1001);
    assert_ptr_equal(ar_actor_find(w.runtime, "the one"), child_at(&w, 0));
    assert_non_null(child_at(&w, 0));
    close_world(&w);
}

/* A child's name is free when its supervisor hears of its end: no restart fails for it. */
static void named_child_is_restarted_at_the_first_try(void **state)
{
    world w;
    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        open_world(&w, seed);
        ar_child children[] = { child_of(&w.lives[0], AR_RESTART_ON_FAILURE) };
        children[0].options.name = "named";
        ar_supervisor_options options = { .children = children, .child_count = 1, .backoff_ms = 1, .max_restarts = 1 };
        assert_int_equal(ar_supervisor_spawn(w.runtime, &options, &w.supervisor, NULL), AR_OK);
        crash(&w, 0, AR_E_IO);
        settle(&w, 5);
        assert_ptr_equal(ar_actor_find(w.runtime, "named"), child_at(&w, 0));
        assert_int_equal(w.lives[0].starts, 2);
        close_world(&w);
    }
}

static ar_status start_inner(ar_runtime *runtime, void *arg, ar_actor **out, ar_error *err)
{
    world *w = arg;
    ar_child children[] = { child_of(&w->lives[0], AR_RESTART_ON_FAILURE),
                            child_of(&w->lives[1], AR_RESTART_ON_FAILURE) };
    ar_supervisor_options options = { .name = "inner", .children = children, .child_count = 2, .max_restarts = 1 };
    return ar_supervisor_spawn(runtime, &options, out, err);
}

static void supervisor_of_a_supervisor(void **state)
{
    world w;
    (void)state;
    open_world(&w, 5);
    ar_child children[] = { { .start = start_inner, .arg = &w, .restart = AR_RESTART_ALWAYS },
                            child_of(&w.lives[2], AR_RESTART_ALWAYS) };
    ar_supervisor_options options = { .name = "outer", .children = children, .child_count = 2 };
    assert_int_equal(ar_supervisor_spawn(w.runtime, &options, &w.supervisor, NULL), AR_OK);
    ar_actor *outer = w.supervisor;
    ar_actor *inner = child_at(&w, 0);
    assert_ptr_equal(inner, ar_actor_find(w.runtime, "inner"));
    for (int i = 0; i < 2; i++) { /* the second is one too many for the inner */
        w.supervisor = inner;
        crash(&w, 0, AR_E_IO);
        settle(&w, 100);
    }
    assert_false(ar_actor_is_alive(inner));
    w.supervisor = outer;
    assert_true(ar_actor_is_alive(child_at(&w, 0)));
    assert_int_equal(w.lives[0].starts, 3);
    assert_int_equal(w.lives[1].starts, 2);
    assert_int_equal(w.lives[2].starts, 1);
    memset(w.trace, 0, sizeof w.trace);
    assert_int_equal(ar_actor_stop(outer, NULL), AR_OK);
    assert_int_equal(test_await_end(outer, NULL), AR_OK);
    assert_string_equal(w.trace, "cba");
    close_world(&w);
}

static ar_status start_nothing(ar_runtime *runtime, void *arg, ar_actor **out, ar_error *err)
{
    (void)runtime;
    (void)out;
    (void)err;
    (*(int *)arg)++;
    return AR_OK;
}

static void start_that_gives_no_actor_counts_as_failed(void **state)
{
    world w;
    int calls = 0;
    ar_error error;
    (void)state;
    open_world(&w, 5);
    ar_child children[] = { { .start = start_nothing, .arg = &calls } };
    ar_supervisor_options options = { .children = children, .child_count = 1, .max_restarts = 5 };
    assert_int_equal(ar_supervisor_spawn(w.runtime, &options, &w.supervisor, NULL), AR_OK);
    assert_int_equal(test_await_end(w.supervisor, &error), AR_E_INVALID);
    assert_int_equal(calls, 6);
    close_world(&w);
}

static void closing_runtime_restarts_nothing(void **state)
{
    world w;
    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        open_world(&w, seed);
        supervise(&w, (ar_supervisor_options){ .max_restarts = 1 }, AR_RESTART_ALWAYS);
        settle(&w, 1);
        close_world(&w);
        assert_int_equal(w.lives[0].starts + w.lives[1].starts + w.lives[2].starts, CHILDREN);
        assert_int_equal(w.logged, 0);
    }
}

static void stop_while_a_restart_is_planned_restarts_nothing(void **state)
{
    world w;
    (void)state;
    open_world(&w, 2);
    supervise(&w, (ar_supervisor_options){ .backoff_ms = 1000 }, AR_RESTART_ALWAYS);
    crash(&w, 1, AR_E_IO);
    assert_int_equal(ar_actor_stop(w.supervisor, NULL), AR_OK);
    assert_int_equal(test_await_end(w.supervisor, NULL), AR_OK);
    settle(&w, 5000);
    assert_int_equal(w.lives[1].starts, 1);
    close_world(&w);
}

static void odd_messages_are_ignored(void **state)
{
    world w;
    (void)state;
    open_world(&w, 2);
    supervise(&w, (ar_supervisor_options){ .name = NULL }, AR_RESTART_ALWAYS);
    assert_int_equal(test_tell(w.supervisor, 99, 1), AR_OK);
    assert_null(child_at(&w, -1));
    assert_null(child_at(&w, CHILDREN));
    assert_int_equal(test_ask(w.supervisor, 99, 1, NULL), 0);
    assert_int_equal(test_tell(w.supervisor, AR_MESSAGE_SYSTEM + 2, 0), AR_E_INVALID);
    assert_int_equal(w.lives[0].starts, 1);
    close_world(&w);
}

static void wrong_options_are_refused(void **state)
{
    ar_child without_behaviour[] = { { .restart = AR_RESTART_NEVER } };
    ar_child long_name[] = {
        { .options = { .behaviour = live, .name = "0123456789012345678901234567890123456789012345678901234567890123" } }
    };
    ar_supervisor_options wrong[] = {
        { .child_count = 1 },
        { .children = without_behaviour, .child_count = 1 },
        { .children = long_name, .child_count = 1 },
        { .period_ms = -1 },
        { .backoff_ms = -1 },
        { .backoff_max_ms = -1 },
        { .max_restarts = 10001 },
        { .struct_size = 8 },
        { .name = "" },
    };
    world w;
    ar_error error;
    ar_actor *out = (ar_actor *)&w;
    (void)state;
    open_world(&w, 2);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(ar_supervisor_spawn(w.runtime, &wrong[i], &out, &error), AR_E_INVALID);
        assert_null(out);
        assert_true(error.message[0] != '\0');
    }
    assert_int_equal(ar_supervisor_spawn(w.runtime, NULL, &out, NULL), AR_E_INVALID);
    assert_int_equal(ar_supervisor_spawn(w.runtime, &(ar_supervisor_options){ .max_restarts = 1 }, NULL, NULL),
                     AR_E_INVALID);
    assert_int_equal(ar_supervisor_spawn(w.runtime, &(ar_supervisor_options){ .max_restarts = 1 }, &out, NULL),
                     AR_OK); /* no children at all */
    assert_int_equal(ar_actor_stop(out, NULL), AR_OK);
    close_world(&w);
}

/* The same on real threads, for the sanitizers. */
static ar_status crash_soon(ar_context *self, void *state, ar_message *message, ar_error *err)
{
    (void)self;
    (void)message;
    test_latch_raise(state);
    return ar_error_set(err, AR_E_IO, "told to crash");
}

static void restarts_on_threads(void **state)
{
    test_latch crashes = TEST_LATCH;
    ar_runtime *runtime = test_runtime(2);
    ar_actor *supervisor = NULL;
    (void)state;
    ar_child children[] = {
        { .options = { .name = "x", .behaviour = crash_soon, .state = &crashes }, .restart = AR_RESTART_ALWAYS },
        { .options = { .name = "y", .behaviour = crash_soon, .state = &crashes, .own_thread = true } }
    };
    ar_supervisor_options options = {
        .children = children, .child_count = 2, .max_restarts = 10000, .backoff_ms = 1, .backoff_max_ms = 1
    };
    assert_int_equal(ar_supervisor_spawn(runtime, &options, &supervisor, NULL), AR_OK);
    for (int i = 0; i < 200000 && test_latch_count(&crashes) < 40; i++) {
        ar_ignore(test_tell(ar_actor_find(runtime, "x"), 0, 0));
        ar_ignore(test_tell(ar_actor_find(runtime, "y"), 0, 0));
    }
    assert_true(ar_actor_is_alive(supervisor));
    assert_int_equal(ar_runtime_close(&runtime, NULL), AR_OK);
    assert_true(test_latch_count(&crashes) >= 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(children_start_in_order_and_stop_in_reverse),
        cmocka_unit_test(failed_child_is_started_anew_alone),
        cmocka_unit_test(restart_kinds_decide),
        cmocka_unit_test(backoff_doubles_and_is_drawn_between_half_and_whole),
        cmocka_unit_test(too_many_failures_stop_all_and_fail_the_supervisor),
        cmocka_unit_test(failures_further_apart_than_the_period_are_forgiven),
        cmocka_unit_test(child_whose_init_fails_counts_as_failed),
        cmocka_unit_test(child_that_cannot_be_started_is_tried_again),
        cmocka_unit_test(named_child_is_restarted_at_the_first_try),
        cmocka_unit_test(supervisor_of_a_supervisor),
        cmocka_unit_test(start_that_gives_no_actor_counts_as_failed),
        cmocka_unit_test(closing_runtime_restarts_nothing),
        cmocka_unit_test(stop_while_a_restart_is_planned_restarts_nothing),
        cmocka_unit_test(odd_messages_are_ignored),
        cmocka_unit_test(wrong_options_are_refused),
        cmocka_unit_test(restarts_on_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
