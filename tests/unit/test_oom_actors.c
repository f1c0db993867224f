/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <actrec/supervisor.h>
#include <actrec/timer.h>

#include "tests/support/actors.h"

/* A tour through the core with the Nth allocation failing, for each N, once and from then on: it ends, every status is
 * one that is documented, each callback is called when its then was accepted and only then, each message is released
 * once, and no memory is left. */

typedef struct tour {
    ar_runtime *runtime;
    int wrong;    /* statuses that are none of those documented */
    int refused;  /* AR_E_NO_MEMORY */
    int accepted; /* thens */
    _Atomic int called;
    int sent; /* messages with data */
    _Atomic int released;
} tour;

static bool note(tour *t, ar_status status)
{
    t->refused += status == AR_E_NO_MEMORY;
    t->wrong += status != AR_OK && status != AR_E_NO_MEMORY && status != AR_E_CLOSED;
    return status == AR_OK;
}

static void release_one(void *data)
{
    atomic_fetch_add((_Atomic int *)data, 1);
}

static ar_message message(tour *t, int64_t number)
{
    t->sent++;
    return (ar_message){ .number = number, .data = &t->released, .release = release_one };
}

static void count_call(void *arg, ar_status status, const ar_error *err)
{
    (void)status;
    (void)err;
    atomic_fetch_add((_Atomic int *)arg, 1);
}

static void count_reply(void *arg, ar_status status, ar_message *reply, const ar_error *err)
{
    (void)reply;
    count_call(arg, status, err);
}

enum { MONITOR = 1, LATER, BREAK };

/* What goes wrong inside ends the actor with AR_E_NO_MEMORY. */
static ar_status busy(ar_context *self, void *state, ar_message *m, ar_error *err)
{
    ar_actor *echo = ar_actor_find(ar_context_runtime(self), "echo");
    (void)state;
    switch (m->kind) {
    case MONITOR: return echo == NULL ? AR_OK : ar_context_monitor(self, echo, NULL, err);
    case LATER: return ar_context_send_after(self, 1, (ar_message){ .kind = 9 }, err);
    case BREAK: return ar_error_set(err, AR_E_NO_MEMORY, "told to");
    default: return AR_OK;
    }
}

static void visit_asks(tour *t, ar_actor *actor)
{
    ar_reply_future asks[3];
    for (int i = 0; i < 3; i++)
        asks[i] = ar_actor_ask(actor, message(t, i), &(ar_send_options){ .timeout_ms = i == 0 ? 0 : TEST_HOUR });
    ar_done all = AR_ALL(asks[0], asks[1], asks[2]);
    ar_int64_future any = AR_ANY(asks[0], asks[1]);
    note(t, ar_done_await(&all, NULL));
    note(t, ar_int64_await(&any, NULL, NULL));
    for (int i = 0; i < 3; i++)
        note(t, ar_reply_await(&asks[i], NULL, NULL));
    note(t, ar_actor_call(actor, message(t, 1), NULL, NULL, NULL));
}

static void visit_thens(tour *t, ar_actor *actor)
{
    ar_executor *executor = ar_runtime_executor(t->runtime);
    ar_cq *cq = NULL;
    if (executor != NULL) {
        ar_reply_future ask = ar_actor_ask(actor, message(t, 1), NULL);
        t->accepted += note(t, ar_reply_then(&ask, executor, count_reply, &t->called, NULL));
    }
    if (note(t, ar_cq_create(t->runtime, &cq, NULL))) {
        ar_done timer = ar_timer_after(t->runtime, 1);
        t->accepted += note(t, ar_done_then(&timer, ar_cq_executor(cq), count_call, &t->called, NULL));
        ar_status ran = ar_cq_run(cq, 0, 1, NULL, NULL);
        t->wrong += ran != AR_OK && ran != AR_E_PENDING;
    }
    ar_cq_destroy(&cq);
}

static void visit_supervisor(tour *t)
{
    ar_actor *supervisor = NULL;
    ar_child children[] = { { .options = { .name = "one", .behaviour = busy } },
                            { .options = { .name = "two", .behaviour = busy, .own_thread = true } } };
    ar_supervisor_options options = { .children = children, .child_count = 2, .backoff_ms = 1, .max_restarts = 3 };
    if (!note(t, ar_supervisor_spawn(t->runtime, &options, &supervisor, NULL)))
        return;
    note(t, ar_actor_call(supervisor, (ar_message){ .kind = AR_SUPERVISOR_CHILD }, NULL, NULL, NULL));
    ar_status told = ar_actor_tell(ar_actor_find(t->runtime, "one"), (ar_message){ .kind = BREAK }, NULL, NULL);
    if (told != AR_E_INVALID) /* it was not started yet */
        note(t, told);
    ar_done pause = ar_timer_after(t->runtime, 2);
    note(t, ar_done_await(&pause, NULL));
}

static void visit(tour *t)
{
    ar_actor *echo = NULL, *own = NULL;
    if (note(t,
             ar_actor_spawn(t->runtime, &(ar_actor_options){ .name = "echo", .behaviour = test_echo, .helpable = true },
                            &echo, NULL))) {
        visit_asks(t, echo);
        visit_thens(t, echo);
    }
    if (note(t, ar_actor_spawn(t->runtime, &(ar_actor_options){ .behaviour = busy, .own_thread = true }, &own, NULL))) {
        note(t, ar_actor_tell(own, (ar_message){ .kind = MONITOR }, NULL, NULL));
        note(t, ar_actor_tell(own, (ar_message){ .kind = LATER }, NULL, NULL));
        note(t, ar_actor_tell(own, message(t, 1), NULL, NULL));
        ar_done ended = ar_actor_ended(own);
        note(t, ar_actor_stop(own, NULL));
        note(t, ar_done_await(&ended, NULL));
    }
    visit_supervisor(t);
}

/* Whether something was refused. */
static bool run(test_memory *memory, const ar_env *env)
{
    tour t = { .wrong = 0 };
    ar_runtime_options options = { .workers = 2, .env = env };
    test_memory_use(memory, &options);
    if (note(&t, ar_runtime_create(&options, &t.runtime, NULL))) {
        visit(&t);
        assert_int_equal(ar_runtime_close(&t.runtime, NULL), AR_OK);
    }
    assert_int_equal(t.wrong, 0);
    assert_int_equal(t.called, t.accepted);
    assert_int_equal(t.released, t.sent);
    assert_int_equal(memory->live, 0);
    return memory->refuse_at == 0 || memory->allocations < memory->refuse_at;
}

static void each_allocation_fails(bool on, bool simulated)
{
    bool over = false;
    for (size_t n = 1; !over; n++) {
        test_memory memory = { .refuse_at = n, .refuse_on = on };
        ar_sim *sim = NULL;
        if (simulated)
            assert_int_equal(ar_sim_create(n, &sim, NULL), AR_OK);
        over = run(&memory, ar_sim_env(sim));
        assert_false(ar_sim_is_deadlocked(sim));
        ar_sim_destroy(sim);
        assert_true(n < 1000);
    }
}

static void nothing_fails_with_memory(void **state)
{
    test_memory memory = { .refuse_at = 0 };
    (void)state;
    assert_true(run(&memory, NULL));
    assert_true(memory.allocations > 30);
}

static void one_allocation_fails(void **state)
{
    (void)state;
    each_allocation_fails(false, false);
}

static void all_allocations_fail_from_one_on(void **state)
{
    (void)state;
    each_allocation_fails(true, false);
}

static void one_allocation_fails_in_the_simulator(void **state)
{
    (void)state;
    each_allocation_fails(false, true);
}

static void all_allocations_fail_from_one_on_in_the_simulator(void **state)
{
    (void)state;
    each_allocation_fails(true, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_fails_with_memory),
        cmocka_unit_test(one_allocation_fails),
        cmocka_unit_test(all_allocations_fail_from_one_on),
        cmocka_unit_test(one_allocation_fails_in_the_simulator),
        cmocka_unit_test(all_allocations_fail_from_one_on_in_the_simulator),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
