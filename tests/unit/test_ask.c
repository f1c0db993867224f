/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <actrec/timer.h>

#include "tests/support/actors.h"

enum { ECHO = 1, TWICE, SILENT, REFUSE, TAKE, BREAK, HOLD };

typedef struct oracle {
    test_latch entered;
    test_latch gate; /* HOLD stays inside until it is raised */
    ar_reply *taken[16];
    int taken_count;
    _Atomic int released;
    _Atomic int handled;
    pthread_t thread;
} oracle;

static void release_one(void *data)
{
    atomic_fetch_add((_Atomic int *)data, 1);
}

static ar_status answer(ar_context *self, void *state, ar_message *message, ar_error *err)
{
    oracle *o = state;
    ar_message reply = { .kind = ECHO, .number = message->number + 1, .data = &o->released, .release = release_one };
    o->thread = pthread_self();
    atomic_fetch_add(&o->handled, 1);
    switch (message->kind) {
    case ECHO: ar_context_reply(self, reply); break;
    case TWICE:
        ar_context_reply(self, reply);
        reply.number = -5;
        ar_context_reply(self, reply);
        ar_context_fail(self, AR_E_IO, "too late");
        break;
    case REFUSE: ar_context_fail(self, (ar_status)message->number, "refused number %d", (int)message->number); break;
    case TAKE:
        o->taken[o->taken_count++] = ar_context_take_reply(self);
        if (ar_context_take_reply(self) != NULL)
            return AR_E_INVALID;
        test_latch_raise(&o->entered);
        break;
    case BREAK: return ar_error_set(err, AR_E_CORRUPT, "broken");
    case HOLD:
        test_latch_raise(&o->entered);
        test_latch_wait(&o->gate, 1);
        break;
    default: break;
    }
    return AR_OK;
}

typedef struct world {
    ar_runtime *runtime;
    ar_actor *actor;
    oracle oracle;
} world;

static void open_world(world *w, ar_help help, ar_actor_options options)
{
    *w = (world){ .oracle = { .entered = TEST_LATCH, .gate = TEST_LATCH } };
    assert_int_equal(ar_runtime_create(&(ar_runtime_options){ .workers = 1, .help = help }, &w->runtime, NULL), AR_OK);
    options.behaviour = answer;
    options.state = &w->oracle;
    assert_int_equal(ar_actor_spawn(w->runtime, &options, &w->actor, NULL), AR_OK);
}

static void open_plain(world *w)
{
    open_world(w, AR_HELP_DEFAULT, (ar_actor_options){ .helpable = false });
}

static void close_world(world *w)
{
    assert_int_equal(ar_runtime_close(&w->runtime, NULL), AR_OK);
}

static ar_reply_future ask(world *w, uint32_t kind, int64_t number, int64_t timeout_ms)
{
    ar_message message = { .kind = kind, .number = number, .data = &w->oracle.released, .release = release_one };
    return ar_actor_ask(w->actor, message, &(ar_send_options){ .timeout_ms = timeout_ms });
}

static void answer_comes_with_its_data(void **state)
{
    world w;
    ar_message reply;
    (void)state;
    open_plain(&w);
    ar_reply_future future = ask(&w, ECHO, 41, 0);
    assert_int_equal(ar_reply_await(&future, &reply, NULL), AR_OK);
    assert_null(future.raw);
    assert_int_equal(reply.number, 42);
    assert_ptr_equal(reply.data, &w.oracle.released);
    close_world(&w);
    assert_int_equal(w.oracle.released, 1); /* the question's; the answer's is the caller's */
    reply.release(reply.data);
}

static void answer_that_nobody_takes_is_released(void **state)
{
    world w;
    (void)state;
    open_plain(&w);
    ar_reply_future future = ask(&w, ECHO, 1, 0);
    assert_int_equal(ar_reply_await(&future, NULL, NULL), AR_OK);
    future = ask(&w, ECHO, 1, 0);
    ar_future_drop(&future.raw);
    close_world(&w);
    assert_int_equal(w.oracle.released, 2 * w.oracle.handled + (2 - w.oracle.handled)); /* questions and answers */
}

static void only_the_first_answer_counts(void **state)
{
    world w;
    ar_message reply;
    (void)state;
    open_plain(&w);
    ar_reply_future future = ask(&w, TWICE, 1, 0);
    assert_int_equal(ar_reply_await(&future, &reply, NULL), AR_OK);
    assert_int_equal(reply.number, 2);
    close_world(&w);
    assert_int_equal(w.oracle.released, 2); /* the question and the second answer */
}

static void ask_without_an_answer_gets_an_empty_one(void **state)
{
    world w;
    ar_message reply = { .number = 9, .data = &w };
    (void)state;
    open_plain(&w);
    ar_reply_future future = ask(&w, SILENT, 1, 0);
    assert_int_equal(ar_reply_await(&future, &reply, NULL), AR_OK);
    assert_int_equal(reply.number, 0);
    assert_null(reply.data);
    close_world(&w);
}

static void refused_ask_fails_with_the_reason(void **state)
{
    world w;
    ar_error error;
    (void)state;
    open_plain(&w);
    ar_reply_future future = ask(&w, REFUSE, AR_E_VETOED, 0);
    assert_int_equal(ar_reply_await(&future, NULL, &error), AR_E_VETOED);
    assert_string_equal(error.message, "refused number 18");
    future = ask(&w, REFUSE, AR_OK, 0); /* AR_OK is no failure */
    assert_int_equal(ar_reply_await(&future, NULL, &error), AR_E_INVALID);
    assert_int_equal(error.status, AR_E_INVALID);
    close_world(&w);
}

static void failing_behaviour_fails_its_ask_and_those_behind(void **state)
{
    world w;
    ar_error error;
    (void)state;
    open_plain(&w);
    ar_reply_future hold = ask(&w, HOLD, 0, 0);
    ar_reply_future breaks = ask(&w, BREAK, 0, 0);
    ar_reply_future behind = ask(&w, ECHO, 0, 0);
    test_latch_raise(&w.oracle.gate);
    assert_int_equal(ar_reply_await(&hold, NULL, NULL), AR_OK);
    assert_int_equal(ar_reply_await(&breaks, NULL, &error), AR_E_CORRUPT);
    assert_string_equal(error.message, "broken");
    assert_int_equal(ar_reply_await(&behind, NULL, NULL), AR_E_CLOSED);
    close_world(&w);
    assert_int_equal(w.oracle.released, 3);
}

static void reply_may_be_sent_later_by_anybody(void **state)
{
    world w;
    ar_message reply;
    ar_error error;
    (void)state;
    open_plain(&w);
    ar_reply_future first = ask(&w, TAKE, 0, 0), second = ask(&w, TAKE, 0, 0);
    assert_true(test_latch_wait(&w.oracle.entered, 2));
    assert_int_equal(ar_actor_stop(w.actor, NULL), AR_OK);
    assert_int_equal(test_await_end(w.actor, NULL), AR_OK); /* it goes on without the actor */
    assert_int_equal(ar_reply_await_for(&first, 0, &reply, NULL), AR_E_PENDING);
    ar_reply_send(&w.oracle.taken[0], (ar_message){ .number = 77 });
    assert_null(w.oracle.taken[0]);
    ar_reply_fail(&w.oracle.taken[1], AR_E_BUSY, "not %s", "today");
    assert_int_equal(ar_reply_await(&first, &reply, NULL), AR_OK);
    assert_int_equal(reply.number, 77);
    assert_int_equal(ar_reply_await(&second, &reply, &error), AR_E_BUSY);
    assert_string_equal(error.message, "not today");
    close_world(&w);
}

static void reply_that_is_lost_is_closed_with_the_runtime(void **state)
{
    test_memory memory = { .refuse_at = 0 };
    ar_runtime_options options = { .workers = 1 };
    ar_actor *actor;
    ar_runtime *runtime = NULL;
    oracle o = { .entered = TEST_LATCH, .gate = TEST_LATCH };
    (void)state;
    test_memory_use(&memory, &options);
    assert_int_equal(ar_runtime_create(&options, &runtime, NULL), AR_OK);
    assert_non_null(actor = test_spawn(runtime, answer, &o));
    ar_reply_future futures[3];
    for (int i = 0; i < 3; i++) /* with a deadline and without: it is the close that ends them */
        futures[i] = ar_actor_ask(actor, (ar_message){ .kind = TAKE },
                                  &(ar_send_options){ .timeout_ms = i == 0 ? TEST_HOUR : 0 });
    assert_true(test_latch_wait(&o.entered, 3));
    ar_reply_send(&o.taken[1], (ar_message){ .number = 5 });
    assert_int_equal(ar_runtime_close(&runtime, NULL), AR_OK);
    assert_int_equal(ar_reply_await_for(&futures[0], 0, NULL, NULL), AR_E_CLOSED);
    assert_int_equal(ar_reply_await_for(&futures[1], 0, NULL, NULL), AR_OK);
    assert_int_equal(ar_reply_await_for(&futures[2], 0, NULL, NULL), AR_E_CLOSED);
    ar_reply_send(&o.taken[0], (ar_message){ .data = &o.released, .release = release_one }); /* too late, and no harm */
    ar_reply_fail(&o.taken[2], AR_E_IO, "too late");
    assert_int_equal(o.released, 1);
    assert_int_equal(memory.live, 0);
}

/* --- deadlines and cancelling --- */

static void ask_that_times_out_in_the_mailbox_is_not_handled(void **state)
{
    world w;
    ar_error error;
    (void)state;
    open_plain(&w);
    ar_reply_future held = ask(&w, HOLD, 0, 0);
    assert_true(test_latch_wait(&w.oracle.entered, 1));
    ar_reply_future behind = ask(&w, ECHO, 0, 5);
    assert_int_equal(ar_reply_await_for(&behind, TEST_PATIENCE, NULL, &error), AR_E_TIMEOUT);
    test_latch_raise(&w.oracle.gate);
    assert_int_equal(ar_reply_await(&held, NULL, NULL), AR_OK);
    close_world(&w);
    assert_int_equal(w.oracle.handled, 1);
    assert_int_equal(w.oracle.released, 2);
}

/* On the simulator, so that it is certainly handled first. */
static void ask_that_was_taken_times_out_too(void **state)
{
    world w = { .oracle = { .entered = TEST_LATCH } };
    ar_sim *sim = NULL;
    (void)state;
    assert_int_equal(ar_sim_create(1, &sim, NULL), AR_OK);
    assert_int_equal(ar_runtime_create(&(ar_runtime_options){ .workers = 1, .env = ar_sim_env(sim) }, &w.runtime, NULL),
                     AR_OK);
    assert_non_null(w.actor = test_spawn(w.runtime, answer, &w.oracle));
    for (int cancel = 0; cancel < 2; cancel++) {
        ar_reply_future taken = ask(&w, TAKE, 0, 20);
        assert_int_equal(ar_reply_await_for(&taken, 1, NULL, NULL), AR_E_PENDING);
        if (cancel) /* in flight: it takes nothing away, the timeout neither */
            assert_int_equal(ar_future_cancel(taken.raw, NULL), AR_E_BUSY);
        assert_int_equal(ar_reply_await(&taken, NULL, NULL), AR_E_TIMEOUT);
        ar_reply_send(&w.oracle.taken[cancel], (ar_message){ .data = &w.oracle.released, .release = release_one });
        assert_int_equal(w.oracle.released, 2 * (cancel + 1));
    }
    close_world(&w);
    ar_sim_destroy(sim);
}

static void answer_in_time_takes_the_timer_away(void **state)
{
    world w;
    (void)state;
    open_plain(&w);
    for (int i = 0; i < 200; i++) {
        ar_reply_future future = ask(&w, ECHO, i, TEST_HOUR);
        assert_int_equal(ar_reply_await(&future, NULL, NULL), AR_OK);
    }
    close_world(&w);
}

static void cancelled_ask_is_not_handled(void **state)
{
    world w;
    (void)state;
    open_plain(&w);
    ar_reply_future held = ask(&w, HOLD, 0, 0);
    assert_true(test_latch_wait(&w.oracle.entered, 1));
    ar_reply_future waiting = ask(&w, ECHO, 0, TEST_HOUR);
    assert_int_equal(ar_future_cancel(waiting.raw, NULL), AR_OK);
    assert_int_equal(ar_future_cancel(held.raw, NULL), AR_E_BUSY);
    assert_int_equal(ar_reply_await_for(&waiting, 0, NULL, NULL), AR_E_CANCELLED);
    test_latch_raise(&w.oracle.gate);
    assert_int_equal(ar_reply_await(&held, NULL, NULL), AR_OK);
    close_world(&w);
    assert_int_equal(w.oracle.handled, 1);
    assert_int_equal(w.oracle.released, 2);
}

/* --- helping --- */

static void call_runs_an_idle_helpable_actor_on_its_own_thread(void **state)
{
    world w;
    ar_message reply;
    int helped = 0;
    (void)state;
    open_world(&w, AR_HELP_ON, (ar_actor_options){ .helpable = true });
    assert_int_equal(test_tell(w.actor, TAKE, 0),
                     AR_OK); /* the worker comes to it, and the bell of the spawn is over */
    assert_true(test_latch_wait(&w.oracle.entered, 1));
    assert_false(pthread_equal(w.oracle.thread, pthread_self()));
    for (int i = 0; i < 100000 && helped < 100; i++) {
        assert_int_equal(ar_actor_call(w.actor, (ar_message){ .kind = ECHO, .number = i }, NULL, &reply, NULL), AR_OK);
        assert_int_equal(reply.number, i + 1);
        if (pthread_equal(w.oracle.thread, pthread_self()))
            helped++;
        else
            assert_int_equal(helped, 0); /* once the worker has left nobody calls it back */
    }
    assert_int_equal(helped, 100);
    close_world(&w);
}

static void await_runs_it_as_well(void **state)
{
    world w;
    int helped = 0;
    (void)state;
    open_world(&w, AR_HELP_ON, (ar_actor_options){ .helpable = true, .own_thread = true });
    for (int i = 0; i < 2000 && helped == 0; i++) { /* a race with the worker that was rung, won sooner or later */
        ar_reply_future future = ask(&w, ECHO, i, 0);
        assert_int_equal(ar_reply_await(&future, NULL, NULL), AR_OK);
        helped += pthread_equal(w.oracle.thread, pthread_self()) != 0;
    }
    assert_true(helped > 0);
    close_world(&w);
}

static void nobody_helps_when_that_is_off_or_the_actor_is_not_helpable(void **state)
{
    static const struct {
        ar_help help;
        bool helpable;
    } kinds[] = { { AR_HELP_OFF, true }, { AR_HELP_ON, false } };
    world w;
    (void)state;
    for (int k = 0; k < 2; k++) {
        open_world(&w, kinds[k].help, (ar_actor_options){ .helpable = kinds[k].helpable });
        for (int i = 0; i < 200; i++) {
            assert_int_equal(ar_actor_call(w.actor, (ar_message){ .kind = ECHO }, NULL, NULL, NULL), AR_OK);
            assert_false(pthread_equal(w.oracle.thread, pthread_self()));
        }
        close_world(&w);
    }
}

typedef struct caller {
    pthread_t thread;
    world *w;
    int wrong;
} caller;

static void *call_often(void *arg)
{
    caller *c = arg;
    for (int i = 0; i < 3000; i++) {
        ar_message reply = { .number = 0 };
        ar_status status;
        if (i % 3 == 0) {
            ar_reply_future future = ask(c->w, ECHO, i, i % 2 == 0 ? 0 : TEST_HOUR);
            status = ar_reply_await(&future, &reply, NULL);
        } else {
            status = ar_actor_call(c->w->actor, (ar_message){ .kind = ECHO, .number = i }, NULL, &reply, NULL);
        }
        c->wrong += status != AR_OK || reply.number != i + 1;
        if (reply.release != NULL)
            reply.release(reply.data);
    }
    return NULL;
}

static void helpers_and_workers_share_an_actor(void **state)
{
    world w;
    caller callers[4];
    (void)state;
    open_world(&w, AR_HELP_DEFAULT, (ar_actor_options){ .helpable = true });
    for (int i = 0; i < 4; i++) {
        callers[i] = (caller){ .w = &w };
        assert_int_equal(pthread_create(&callers[i].thread, NULL, call_often, &callers[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(callers[i].thread, NULL);
        assert_int_equal(callers[i].wrong, 0);
    }
    close_world(&w);
    assert_int_equal(w.oracle.handled, 4 * 3000);
}

static void call_with_a_timeout_keeps_it(void **state)
{
    world w;
    (void)state;
    open_world(&w, AR_HELP_DEFAULT, (ar_actor_options){ .helpable = true });
    assert_int_equal(
        ar_actor_call(w.actor, (ar_message){ .kind = TAKE }, &(ar_send_options){ .timeout_ms = 5 }, NULL, NULL),
        AR_E_TIMEOUT);
    close_world(&w);
    ar_reply_fail(&w.oracle.taken[0], AR_E_IO, "late"); /* when it was handled in time */
}

/* --- inside behaviours --- */

typedef struct middle {
    ar_actor *other;
    ar_executor *executor;
    ar_status statuses[6];
} middle;

static void pass_answer(void *arg, ar_status status, ar_message *reply, const ar_error *err)
{
    ar_reply *taken = arg;
    (void)err;
    if (status == AR_OK)
        ar_reply_send(&taken, *reply);
    else
        ar_reply_fail(&taken, status, "passed on");
    reply->release = NULL;
}

static ar_status ask_inside(ar_context *self, void *state, ar_message *message, ar_error *err)
{
    middle *m = state;
    ar_reply_future waited = ar_actor_ask(m->other, *message, NULL);
    ar_done done = ar_future_all(NULL, 0);
    ar_done later = ar_timer_after(ar_context_runtime(self), TEST_HOUR);
    m->statuses[0] = ar_future_wait(waited.raw, -1, NULL);
    m->statuses[1] = ar_actor_call(m->other, (ar_message){ .kind = 1 }, NULL, NULL, NULL);
    m->statuses[2] = ar_done_await(&done, NULL); /* complete: nothing to wait for */
    m->statuses[3] = ar_done_await_for(&later, 0, NULL);
    m->statuses[4] = ar_done_await_for(&later, 5, NULL);
    ar_runtime *runtime = ar_context_runtime(self);
    m->statuses[5] = ar_runtime_close(&runtime, NULL);
    ar_reply *taken = ar_context_take_reply(self);
    ar_status status = ar_reply_then(&waited, m->executor, pass_answer, taken, err);
    if (status != AR_OK)
        ar_reply_fail(&taken, status, "not passed on");
    return status;
}

static void waiting_in_a_behaviour_is_refused_and_then_works(void **state)
{
    ar_runtime *runtime = test_runtime(1);
    middle m = { .other = test_spawn(runtime, test_echo, NULL), .executor = ar_runtime_executor(runtime) };
    (void)state;
    assert_int_equal(test_ask(test_spawn(runtime, ask_inside, &m), 1, 8, NULL), 9);
    assert_int_equal(m.statuses[0], AR_E_DEADLOCK);
    assert_int_equal(m.statuses[1], AR_E_DEADLOCK);
    assert_int_equal(m.statuses[2], AR_OK);
    assert_int_equal(m.statuses[3], AR_E_PENDING);
    assert_int_equal(m.statuses[4], AR_E_DEADLOCK);
    assert_int_equal(m.statuses[5], AR_E_DEADLOCK);
    assert_int_equal(ar_runtime_close(&runtime, NULL), AR_OK);
}

typedef struct on_worker {
    test_latch called;
    ar_actor *same, *other;
    ar_status statuses[4];
    int64_t index;
} on_worker;

static void wait_on_a_worker(void *arg, ar_status status, const ar_error *err)
{
    on_worker *o = arg;
    (void)status;
    (void)err;
    o->statuses[0] = ar_actor_call(o->same, (ar_message){ .kind = 1 }, NULL, NULL, NULL);
    ar_reply_future one = ar_actor_ask(o->same, (ar_message){ .kind = 1 }, NULL);
    ar_done both = ar_future_all(&one.raw, 1);
    o->statuses[1] = ar_done_await(&both, NULL);
    ar_future_drop(&one.raw);
    o->statuses[2] = ar_actor_call(o->other, (ar_message){ .kind = 1 }, NULL, NULL, NULL);
    one = ar_actor_ask(o->same, (ar_message){ .kind = 1 }, NULL);
    ar_reply_future other = ar_actor_ask(o->other, (ar_message){ .kind = 1 }, NULL);
    ar_int64_future either = AR_ANY(one, other); /* one of the two can come */
    o->statuses[3] = ar_int64_await(&either, &o->index, NULL);
    ar_future_drop(&one.raw);
    ar_future_drop(&other.raw);
    test_latch_raise(&o->called);
}

static void callback_may_wait_but_not_for_an_actor_of_its_worker(void **state)
{
    ar_runtime *runtime = test_runtime(1);
    on_worker o = { .called = TEST_LATCH, .same = test_spawn(runtime, test_echo, NULL) };
    ar_done now = ar_future_all(NULL, 0);
    (void)state;
    assert_int_equal(
        ar_actor_spawn(runtime, &(ar_actor_options){ .behaviour = test_echo, .own_thread = true }, &o.other, NULL),
        AR_OK);
    assert_int_equal(ar_done_then(&now, ar_runtime_executor(runtime), wait_on_a_worker, &o, NULL), AR_OK);
    assert_true(test_latch_wait(&o.called, 1));
    assert_int_equal(o.statuses[0], AR_E_DEADLOCK);
    assert_int_equal(o.statuses[1], AR_E_DEADLOCK);
    assert_int_equal(o.statuses[2], AR_OK);
    assert_int_equal(o.statuses[3], AR_OK);
    assert_int_equal(o.index, 1);
    assert_int_equal(ar_runtime_close(&runtime, NULL), AR_OK);
}

typedef struct then_called {
    test_latch called;
    ar_status status;
    int64_t number;
    void *data;
} then_called;

static void note_reply(void *arg, ar_status status, ar_message *reply, const ar_error *err)
{
    then_called *c = arg;
    c->status = status;
    c->number = reply->number;
    c->data = reply->data;
    if ((status == AR_OK) != (err == NULL))
        c->number = -99;
    test_latch_raise(&c->called);
}

static void then_gets_the_reply_and_releases_it(void **state)
{
    world w;
    then_called c = { .called = TEST_LATCH };
    (void)state;
    open_plain(&w);
    ar_reply_future future = ask(&w, ECHO, 1, 0);
    assert_int_equal(ar_reply_then(&future, ar_runtime_executor(w.runtime), note_reply, &c, NULL), AR_OK);
    assert_true(test_latch_wait(&c.called, 1));
    assert_int_equal(c.number, 2);
    assert_ptr_equal(c.data, &w.oracle.released);
    future = ask(&w, REFUSE, AR_E_TYPE, 0);
    assert_int_equal(ar_reply_then(&future, ar_runtime_executor(w.runtime), note_reply, &c, NULL), AR_OK);
    assert_true(test_latch_wait(&c.called, 2));
    assert_int_equal(c.status, AR_E_TYPE);
    assert_int_equal(c.number, 0);
    assert_int_equal(ar_reply_then(NULL, ar_runtime_executor(w.runtime), note_reply, &c, NULL), AR_E_INVALID);
    assert_int_equal(ar_reply_await_for(NULL, 0, NULL, NULL), AR_E_INVALID);
    close_world(&w);
    assert_int_equal(w.oracle.released, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answer_comes_with_its_data),
        cmocka_unit_test(answer_that_nobody_takes_is_released),
        cmocka_unit_test(only_the_first_answer_counts),
        cmocka_unit_test(ask_without_an_answer_gets_an_empty_one),
        cmocka_unit_test(refused_ask_fails_with_the_reason),
        cmocka_unit_test(failing_behaviour_fails_its_ask_and_those_behind),
        cmocka_unit_test(reply_may_be_sent_later_by_anybody),
        cmocka_unit_test(reply_that_is_lost_is_closed_with_the_runtime),
        cmocka_unit_test(ask_that_times_out_in_the_mailbox_is_not_handled),
        cmocka_unit_test(ask_that_was_taken_times_out_too),
        cmocka_unit_test(answer_in_time_takes_the_timer_away),
        cmocka_unit_test(cancelled_ask_is_not_handled),
        cmocka_unit_test(call_runs_an_idle_helpable_actor_on_its_own_thread),
        cmocka_unit_test(await_runs_it_as_well),
        cmocka_unit_test(nobody_helps_when_that_is_off_or_the_actor_is_not_helpable),
        cmocka_unit_test(helpers_and_workers_share_an_actor),
        cmocka_unit_test(call_with_a_timeout_keeps_it),
        cmocka_unit_test(waiting_in_a_behaviour_is_refused_and_then_works),
        cmocka_unit_test(callback_may_wait_but_not_for_an_actor_of_its_worker),
        cmocka_unit_test(then_gets_the_reply_and_releases_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
