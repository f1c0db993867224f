/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "actors/runtime.h"
#include "pools/private.h"
#include "tests/support/line_backend.h"
#include "tests/support/script_backend.h"

/* Connections of an engine that does not block: of one whose answers come when the test lets them (line_backend.h). */

static ar_error err;
static ar_runtime *runtime;
static ari_pool *pool;

static bool near_by;

static void open_pool(const char *url, const ari_pool_options *options)
{
    static bool registered;
    script_start();
    script_now.round_trip = near_by ? 50 : 100000;
    if (!registered)
        assert_int_equal(ar_backend_register(&line_backend, NULL), AR_OK);
    registered = true;
    line_reset();
    runtime = script_runtime();
    assert_int_equal(ari_pool_open(runtime, url, options, &pool, &err), AR_OK);
    line_expect_log("open | RESET");
    line_forget_log();
}

static int set_up(void **state)
{
    (void)state;
    open_pool("line:", NULL);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    line_hold_opens(false, AR_OK);
    line_hold_begins(false, AR_OK);
    line_answer(1000);
    if (pool != NULL) {
        ari_pool_close(pool);
        ari_pool_release(pool);
    }
    pool = NULL;
    script_runtime_close(&runtime);
    return 0;
}

static ar_future *send(const char *sql)
{
    return script_submit(pool, NULL, sql);
}

static ar_future *send_with_deadline(const char *sql)
{
    const ar_env *env = ari_pool_env(pool);
    ari_op *op = script_op(pool, sql);
    op->operation.deadline = env->now(env->ctx) + 20000;
    return ari_pool_submit(pool, NULL, op);
}

static ar_status result(ar_future **future)
{
    return script_await(future, &err);
}

static void lose_line(void)
{
    ar_future *future = send("w:lose");
    assert_int_equal(result(&future), AR_E_CONNECTION);
    assert_true(err.outcome_unknown);
    line_expect_log("w:lose failed | close");
    line_forget_log();
}

static void answers_complete_what_was_sent_in_its_order(void **state)
{
    (void)state;
    ar_future *futures[] = { send("w:hold 1"), send("w:ok 2"), send("r:hold 3") };
    line_wait_sent(3);
    assert_false(ar_future_is_done(futures[0]));
    line_answer(2);
    for (int i = 0; i < 3; i++)
        assert_int_equal(result(&futures[i]), AR_OK);
    line_expect_log("w:hold 1 | w:ok 2 | r:hold 3");
}

static void a_blocking_call_waits_for_its_answer(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++)
        assert_int_equal(script_run(pool, NULL, "w:ok", &err), AR_OK);
}

static void *answer_later(void *arg)
{
    (void)arg;
    line_wait_sent(1);
    line_answer(1);
    return NULL;
}

static void a_blocking_call_is_woken_by_its_answer(void **state)
{
    (void)state;
    pthread_t thread;
    pthread_create(&thread, NULL, answer_later, NULL);
    assert_int_equal(script_run(pool, NULL, "w:hold", &err), AR_OK);
    pthread_join(thread, NULL);
}

static void what_comes_while_it_connects_goes_when_it_is_open(void **state)
{
    (void)state;
    lose_line();
    line_hold_opens(true, AR_OK);
    ar_future *futures[] = { send("w:ok 1"), send("r:ok 2") };
    ari_lease *lease = script_lease(pool, (ari_lease_options){ .unheld = true });
    ar_future *leased = script_submit(pool, lease, "w:ok 3");
    line_expect_log("open");
    line_hold_opens(false, AR_OK);
    for (int i = 0; i < 2; i++)
        assert_int_equal(result(&futures[i]), AR_OK);
    assert_int_equal(result(&leased), AR_OK);
    line_expect_log("open | w:ok 1 | r:ok 2 | BEGIN | w:ok 3");
    ari_lease_release(lease);
}

static void what_waits_for_an_opening_that_fails_fails(void **state)
{
    (void)state;
    lose_line();
    line_hold_opens(true, AR_OK);
    ar_future *futures[] = { send("w:ok 1"), send("r:ok 2") };
    ari_lease *lease = script_lease(pool, (ari_lease_options){ .unheld = true });
    ar_future *leased = script_submit(pool, lease, "w:ok 3");
    line_expect_log("open");
    line_hold_opens(false, AR_E_CONNECTION);
    for (int i = 0; i < 2; i++)
        assert_int_equal(result(&futures[i]), AR_E_CONNECTION);
    assert_int_equal(result(&leased), AR_E_CONNECTION);
    ari_lease_release(lease);
    line_hold_opens(false, AR_OK);
    assert_int_equal(script_run(pool, NULL, "w:ok", &err), AR_OK);
}

static void a_deadline_ends_waiting_for_an_opening(void **state)
{
    (void)state;
    lose_line();
    line_hold_opens(true, AR_OK);
    ar_future *late = send_with_deadline("w:ok 1"), *other = send("w:ok 2");
    assert_int_equal(result(&late), AR_E_TIMEOUT);
    assert_false(err.outcome_unknown);
    line_hold_opens(false, AR_OK);
    assert_int_equal(result(&other), AR_OK);
    line_expect_log("open | w:ok 2");
}

static void a_deadline_ends_what_is_under_way_and_nothing_else(void **state)
{
    (void)state;
    ar_future *first = send("w:hold 1"), *late = send_with_deadline("w:hold 2"), *third = send("w:hold 3");
    assert_int_equal(result(&late), AR_E_TIMEOUT);
    assert_true(err.outcome_unknown);
    line_answer(2);
    assert_int_equal(result(&first), AR_OK);
    assert_int_equal(result(&third), AR_OK);
}

static void a_blocking_call_ends_at_its_deadline(void **state)
{
    (void)state;
    const ar_env *env = ari_pool_env(pool);
    ari_op *op = script_op(pool, "w:hold");
    op->operation.deadline = env->now(env->ctx) + 20000;
    assert_int_equal(ari_pool_run(pool, NULL, op, &err), AR_E_TIMEOUT);
    assert_true(err.outcome_unknown);
    ari_op_release(op);
}

static void cancelling_ends_what_is_under_way(void **state)
{
    (void)state;
    ar_future *first = send("w:hold 1"), *second = send("w:hold 2");
    line_wait_sent(2);
    assert_int_equal(ar_future_cancel(second, &err), AR_E_BUSY);
    assert_int_equal(result(&second), AR_E_CANCELLED);
    line_answer(1);
    assert_int_equal(result(&first), AR_OK);
}

static ar_future *send_generated(const char *sql, ar_statement *statement)
{
    ari_op *op = script_op(pool, sql);
    *statement = *op->operation.statement;
    statement->generated = true;
    op->operation.statement = statement;
    return ari_pool_submit(pool, NULL, op);
}

static void a_lost_read_of_the_orm_is_sent_again_once(void **state)
{
    (void)state;
    ar_statement statements[2];
    ar_future *held = send("w:hold");
    line_wait_sent(1);
    ar_future *read = send_generated("r:lose", &statements[0]);
    ar_future *behind = send("w:ok behind");
    line_wait_sent(3);
    line_answer(1);
    assert_int_equal(result(&held), AR_OK);
    assert_int_equal(result(&read), AR_E_CONNECTION);
    assert_int_equal(result(&behind), AR_OK);
    /* The write waited on the second line behind the read, which lost that one too. */
    line_expect_log("w:hold | r:lose failed | w:ok behind unsent | close | open | r:lose failed | w:ok behind unsent | "
                    "close | open | w:ok behind");
}

static void a_lost_write_is_never_sent_again(void **state)
{
    (void)state;
    ar_future *write = send("w:lose");
    assert_int_equal(result(&write), AR_E_CONNECTION);
    assert_true(err.outcome_unknown);
    line_expect_log("w:lose failed | close");
    assert_int_equal(script_run(pool, NULL, "w:ok", &err), AR_OK);
    line_expect_log("w:lose failed | close | open | w:ok");
}

static void what_was_not_sent_is_sent_on_another_connection(void **state)
{
    (void)state;
    assert_int_equal(script_run(pool, NULL, "w:unsent", &err), AR_OK);
    line_expect_log("w:unsent unsent | close | open | w:unsent");
}

static void a_transaction_that_was_not_sent_begins_on_another_connection(void **state)
{
    (void)state;
    line_lose_begin();
    ari_lease *lease = script_lease(pool, (ari_lease_options){ .unheld = true });
    assert_int_equal(script_run(pool, lease, "w:ok", &err), AR_OK);
    assert_int_equal(ari_lease_commit_wait(lease, &err), AR_OK);
    ari_lease_release(lease);
    line_expect_log("BEGIN unsent | w:ok unsent | close | open | BEGIN | w:ok | COMMIT | RESET");
}

static void a_lost_transaction_is_dead(void **state)
{
    (void)state;
    ari_lease *lease = script_lease(pool, (ari_lease_options){ .unheld = true });
    assert_int_equal(script_run(pool, lease, "w:ok", &err), AR_OK);
    assert_int_equal(script_run(pool, lease, "w:lose", &err), AR_E_CONNECTION);
    assert_int_equal(script_run(pool, lease, "w:ok", &err), AR_E_TX_ABORTED);
    assert_int_equal(ari_lease_commit_wait(lease, &err), AR_E_TX_ABORTED);
    ari_lease_release(lease);
    assert_int_equal(script_run(pool, NULL, "w:ok after", &err), AR_OK);
    line_expect_log("BEGIN | w:ok | w:lose failed | close | open | w:ok after");
}

static void begin_waits_for_what_is_under_way_and_others_wait_for_the_end(void **state)
{
    (void)state;
    ari_lease *lease = script_lease(pool, (ari_lease_options){ .unheld = true });
    ar_future *before = send("w:hold");
    ar_future *in = script_submit(pool, lease, "w:ok in");
    ar_future *after = send("w:ok after");
    line_wait_sent(1);
    line_answer(1);
    assert_int_equal(result(&before), AR_OK);
    assert_int_equal(result(&in), AR_OK);
    assert_false(ar_future_is_done(after));
    assert_int_equal(ari_lease_commit_wait(lease, &err), AR_OK);
    assert_int_equal(result(&after), AR_OK);
    ari_lease_release(lease);
    line_expect_log("w:hold | BEGIN | w:ok in | COMMIT | RESET | w:ok after");
}

static void operations_of_a_transaction_are_sent_without_waiting(void **state)
{
    (void)state;
    ari_lease *lease = script_lease(pool, (ari_lease_options){ .unheld = true });
    assert_int_equal(script_run(pool, lease, "w:ok", &err), AR_OK);
    line_forget_log();
    ar_future *futures[] = { script_submit(pool, lease, "w:hold 1"), script_submit(pool, lease, "w:hold 2") };
    line_wait_sent(2);
    ar_future *commit = ari_lease_commit(lease);
    line_answer(2);
    for (int i = 0; i < 2; i++)
        assert_int_equal(result(&futures[i]), AR_OK);
    assert_int_equal(result(&commit), AR_OK);
    ari_lease_release(lease);
    line_expect_log("w:hold 1 | w:hold 2 | COMMIT | RESET");
}

static void where_the_engine_cannot_they_wait_for_each_other(void **state)
{
    tear_down(state);
    open_pool("line:serial", NULL);
    ari_lease *lease = script_lease(pool, (ari_lease_options){ .unheld = true });
    ar_future *futures[] = { script_submit(pool, lease, "w:ok 1"), script_submit(pool, lease, "w:hold 2"),
                             script_submit(pool, lease, "w:ok 3") };
    assert_int_equal(result(&futures[0]), AR_OK);
    line_wait_sent(3); /* BEGIN, and two */
    line_answer(1);
    assert_int_equal(result(&futures[1]), AR_OK);
    assert_int_equal(result(&futures[2]), AR_OK);
    ari_lease_release(lease);
    line_expect_log("BEGIN | w:ok 1 | w:hold 2 | w:ok 3 | ROLLBACK | RESET");
}

static void a_late_operation_leaves_a_transaction_that_can_only_roll_back(void **state)
{
    (void)state;
    ari_lease *lease = script_lease(pool, (ari_lease_options){ .unheld = true });
    const ar_env *env = ari_pool_env(pool);
    assert_int_equal(script_run(pool, lease, "w:ok", &err), AR_OK);
    ari_op *op = script_op(pool, "w:hold");
    op->operation.deadline = env->now(env->ctx) + 20000;
    assert_int_equal(ari_pool_run(pool, lease, op, &err), AR_E_TIMEOUT);
    ari_op_release(op);
    assert_int_equal(script_run(pool, lease, "w:ok", &err), AR_E_TX_ABORTED);
    assert_int_equal(ari_lease_commit_wait(lease, &err), AR_E_TX_ABORTED);
    ari_lease_release(lease);
    line_expect_log("BEGIN | w:ok | w:hold failed | ROLLBACK | RESET");
}

static void a_first_operation_given_up_before_a_begin_that_fails_ends_the_transaction(void **state)
{
    (void)state;
    line_hold_begins(true, AR_E_QUERY);
    ari_lease *lease = script_lease(pool, (ari_lease_options){ .unheld = true });
    ar_future *first = script_submit(pool, lease, "w:ok");
    line_wait_sent(2);
    assert_int_equal(ar_future_cancel(first, &err), AR_E_BUSY);
    assert_int_equal(result(&first), AR_E_CANCELLED);
    line_hold_begins(false, AR_E_QUERY);
    assert_int_equal(ari_lease_commit_wait(lease, &err), AR_E_TX_ABORTED);
    ari_lease_release(lease);
    line_expect_log("w:ok failed | BEGIN failed");
}

static void a_first_operation_given_up_before_begin_is_answered_leaves_only_rollback(void **state)
{
    (void)state;
    line_hold_begins(true, AR_OK);
    ari_lease *lease = script_lease(pool, (ari_lease_options){ .unheld = true });
    ar_future *first = script_submit(pool, lease, "w:ok");
    line_wait_sent(2);
    assert_int_equal(ar_future_cancel(first, &err), AR_E_BUSY);
    assert_int_equal(result(&first), AR_E_CANCELLED);
    line_hold_begins(false, AR_OK);
    assert_int_equal(script_run(pool, lease, "w:ok 2", &err), AR_E_TX_ABORTED);
    assert_int_equal(ari_lease_rollback_wait(lease, &err), AR_OK);
    ari_lease_release(lease);
    line_expect_log("w:ok failed | BEGIN | ROLLBACK | RESET");
}

static void what_never_began_is_rolled_back_at_once(void **state)
{
    (void)state;
    ar_future *held = send("w:hold");
    line_wait_sent(1);
    ari_lease *lease = script_lease(pool, (ari_lease_options){ .unheld = true });
    ar_future *first = script_submit(pool, lease, "w:ok");
    assert_int_equal(ar_future_cancel(first, &err), AR_OK);
    assert_int_equal(result(&first), AR_E_CANCELLED);
    assert_int_equal(ari_lease_rollback_wait(lease, &err), AR_OK);
    ari_lease_release(lease);
    assert_false(ar_future_is_done(held));
    line_answer(1);
    assert_int_equal(result(&held), AR_OK);
    line_expect_log("w:hold");
}

static ar_future *send_kind(ari_lease *lease, ar_operation_kind kind)
{
    ari_op *op = script_op(pool, "w:ok");
    op->operation.kind = kind;
    op->operation.statement = NULL;
    op->operation.savepoint = 1;
    return ari_pool_submit(pool, lease, op);
}

static void a_line_that_dies_behind_the_end_of_a_savepoint_ends_the_transaction(void **state)
{
    (void)state;
    ari_lease *lease = script_lease(pool, (ari_lease_options){ .unheld = true });
    assert_int_equal(script_run(pool, lease, "w:ok", &err), AR_OK);
    ar_future *savepoint = send_kind(lease, AR_OP_SAVEPOINT);
    assert_int_equal(result(&savepoint), AR_OK);
    line_die_behind_back();
    ar_future *back = send_kind(lease, AR_OP_ROLLBACK_TO);
    assert_int_equal(result(&back), AR_E_CONNECTION);
    assert_int_equal(ari_lease_commit_wait(lease, &err), AR_E_TX_ABORTED);
    ari_lease_release(lease);
    line_expect_log("BEGIN | w:ok | SAVEPOINT | BACK | close");
}

static void the_end_of_a_savepoint_that_is_cancelled_rolls_back_to_it(void **state)
{
    (void)state;
    ari_lease *lease = script_lease(pool, (ari_lease_options){ .unheld = true });
    assert_int_equal(script_run(pool, lease, "w:ok", &err), AR_OK);
    ar_future *savepoint = send_kind(lease, AR_OP_SAVEPOINT), *held = script_submit(pool, lease, "w:hold");
    ar_future *end_of_it = send_kind(lease, AR_OP_RELEASE);
    line_wait_sent(4);
    assert_int_equal(ar_future_cancel(end_of_it, &err), AR_OK);
    assert_int_equal(result(&end_of_it), AR_E_CANCELLED);
    line_answer(1);
    assert_int_equal(result(&savepoint), AR_OK);
    assert_int_equal(result(&held), AR_OK);
    assert_int_equal(ari_lease_commit_wait(lease, &err), AR_OK);
    ari_lease_release(lease);
    line_expect_log("BEGIN | w:ok | SAVEPOINT | w:hold | BACK | RELEASE | COMMIT | RESET");
}

static void a_deadline_ends_beginning_again(void **state)
{
    (void)state;
    const ar_env *env = ari_pool_env(pool);
    line_lose_begin();
    line_hold_opens(true, AR_OK);
    ari_lease *lease = script_lease(pool, (ari_lease_options){ .unheld = true });
    ari_op *op = script_op(pool, "w:ok");
    op->operation.deadline = env->now(env->ctx) + 50000;
    ar_future *late = ari_pool_submit(pool, lease, op);
    assert_int_equal(result(&late), AR_E_TIMEOUT);
    assert_int_equal(ari_lease_rollback_wait(lease, &err), AR_OK);
    ari_lease_release(lease);
    line_hold_opens(false, AR_OK);
    assert_int_equal(script_run(pool, NULL, "w:ok after", &err), AR_OK);
    line_expect_log("BEGIN unsent | w:ok unsent | close | open | w:ok after");
}

static void closing_fails_what_is_under_way(void **state)
{
    tear_down(state);
    open_pool("line:", &(ari_pool_options){ .close_wait_ms = 1 });
    ari_lease *lease = script_lease(pool, (ari_lease_options){ .unheld = true });
    ar_future *futures[] = { send("w:hold 1"), send("w:hold 2"), script_submit(pool, lease, "w:ok") };
    line_wait_sent(2);
    ari_pool_close(pool);
    for (int i = 0; i < 3; i++)
        assert_int_equal(result(&futures[i]), AR_E_CLOSED);
    ari_lease_release(lease);
    ari_pool_release(pool);
    pool = NULL;
}

/* Before its connection goes: afterwards nobody would ask again. */
static void closing_waits_until_what_runs_is_stopped(void **state)
{
    tear_down(state);
    open_pool("line:", &(ari_pool_options){ .close_wait_ms = 1 });
    ar_future *deaf = send("w:deaf");
    line_wait_sent(1);
    ari_pool_close(pool);
    assert_int_equal(result(&deaf), AR_E_CLOSED);
    line_expect_log("w:deaf failed | stopped | close");
    ari_pool_release(pool);
    pool = NULL;
}

static void closing_ends_a_commit_that_is_under_way(void **state)
{
    tear_down(state);
    open_pool("line:", &(ari_pool_options){ .close_wait_ms = 1 });
    ari_lease *lease = script_lease(pool, (ari_lease_options){ .unheld = true });
    assert_int_equal(script_run(pool, lease, "w:ok", &err), AR_OK);
    ar_future *held = script_submit(pool, lease, "w:hold"), *commit = ari_lease_commit(lease);
    line_wait_sent(3);
    ari_pool_close(pool);
    assert_int_equal(result(&held), AR_E_CLOSED);
    assert_int_equal(result(&commit), AR_E_CLOSED);
    ari_lease_release(lease);
    ari_pool_release(pool);
    pool = NULL;
}

enum { THREADS = 6, ROUNDS = 400 };

static void *hammer(void *arg)
{
    unsigned *wrong = arg;
    ar_error error;
    for (int i = 0; i < ROUNDS; i++) {
        ar_future *futures[] = { send("r:ok 1"), send("w:ok 2") };
        *wrong += script_run(pool, NULL, "w:ok mine", &error) != AR_OK;
        ari_lease *lease = ari_lease_create(pool, &(ari_lease_options){ .deadline = INT64_MAX, .unheld = true });
        *wrong += lease == NULL || script_run(pool, lease, "w:ok tx", &error) != AR_OK;
        *wrong += lease == NULL || ari_lease_commit_wait(lease, &error) != AR_OK;
        if (lease != NULL)
            ari_lease_release(lease);
        *wrong += script_await(&futures[0], &error) != AR_OK;
        *wrong += script_await(&futures[1], &error) != AR_OK;
        if (i % 16 == 0)
            line_forget_log();
    }
    return NULL;
}

static void many_threads_share_a_connection(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    unsigned wrong[THREADS] = { 0 };
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, hammer, &wrong[i]);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(wrong[i], 0);
}

static int set_up_near(void **state)
{
    (void)state;
    near_by = true;
    open_pool("line:", NULL);
    near_by = false;
    return 0;
}

/* The line is timed behind the turn that sends the first operation. */
static void wait_timed(void)
{
    const ar_env *env = ari_pool_env(pool);
    int64_t patience = env->now(env->ctx) + INT64_C(10000000);
    while (atomic_load(&pool->writers.connections[0].depth) != 1) {
        assert_true(env->now(env->ctx) < patience);
        sched_yield();
    }
}

/* No thread is woken for what could only wait on the server. */
static void on_a_near_line_what_waits_goes_with_the_next_answer(void **state)
{
    (void)state;
    ar_future *first = send("w:hold 1");
    line_wait_sent(1);
    wait_timed();
    ar_future *others[] = { send("w:hold 2"), send("w:ok 3"), send("r:ok 4") };
    assert_int_equal(atomic_load(&pool->writers.waiting), 3);
    line_answer(1);
    assert_int_equal(result(&first), AR_OK);
    line_wait_sent(4);
    line_answer(1);
    for (int i = 0; i < 3; i++)
        assert_int_equal(result(&others[i]), AR_OK);
    line_expect_log("w:hold 1 | w:hold 2 | w:ok 3 | r:ok 4");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define NEAR(name) cmocka_unit_test_setup_teardown(name, set_up_near, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(answers_complete_what_was_sent_in_its_order),
        TEST(a_blocking_call_waits_for_its_answer),
        TEST(a_blocking_call_is_woken_by_its_answer),
        TEST(what_comes_while_it_connects_goes_when_it_is_open),
        TEST(what_waits_for_an_opening_that_fails_fails),
        TEST(a_deadline_ends_waiting_for_an_opening),
        TEST(a_deadline_ends_what_is_under_way_and_nothing_else),
        TEST(a_blocking_call_ends_at_its_deadline),
        TEST(cancelling_ends_what_is_under_way),
        TEST(a_lost_read_of_the_orm_is_sent_again_once),
        TEST(a_lost_write_is_never_sent_again),
        TEST(what_was_not_sent_is_sent_on_another_connection),
        TEST(a_transaction_that_was_not_sent_begins_on_another_connection),
        TEST(a_lost_transaction_is_dead),
        TEST(begin_waits_for_what_is_under_way_and_others_wait_for_the_end),
        TEST(operations_of_a_transaction_are_sent_without_waiting),
        TEST(where_the_engine_cannot_they_wait_for_each_other),
        TEST(a_late_operation_leaves_a_transaction_that_can_only_roll_back),
        TEST(a_first_operation_given_up_before_a_begin_that_fails_ends_the_transaction),
        TEST(a_first_operation_given_up_before_begin_is_answered_leaves_only_rollback),
        TEST(what_never_began_is_rolled_back_at_once),
        TEST(a_line_that_dies_behind_the_end_of_a_savepoint_ends_the_transaction),
        TEST(the_end_of_a_savepoint_that_is_cancelled_rolls_back_to_it),
        TEST(a_deadline_ends_beginning_again),
        TEST(closing_fails_what_is_under_way),
        TEST(closing_waits_until_what_runs_is_stopped),
        TEST(closing_ends_a_commit_that_is_under_way),
        TEST(many_threads_share_a_connection),
        NEAR(on_a_near_line_what_waits_goes_with_the_next_answer),
        NEAR(many_threads_share_a_connection),
    };
    return cmocka_run_group_tests_name("reactor", tests, NULL, NULL);
}
