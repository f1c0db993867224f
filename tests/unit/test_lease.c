/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "pools/private.h"
#include "tests/support/script_backend.h"

/* The states of a lease, and who may wait for what while a thread holds one. One writer, two readers. */

static ar_error err;
static script_pool p;

static int set_up(void **state)
{
    (void)state;
    script_start();
    p = script_pool_open(NULL);
    script_forget_log();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    script_let_go();
    script_pool_close(&p);
    return 0;
}

static ari_lease *begin(void)
{
    return script_lease(p.pool, (ari_lease_options){ .read_only = false });
}

static ari_lease *begun(void)
{
    ari_lease *lease = begin();
    assert_int_equal(script_run(p.pool, lease, "w:ok", &err), AR_OK);
    script_forget_log();
    return lease;
}

static ar_status in(ari_lease *lease, const char *sql)
{
    return script_run(p.pool, lease, sql, &err);
}

static ar_status savepoint(ari_lease *lease, ar_operation_kind kind, uint32_t number)
{
    ari_op *op = ari_op_create(p.pool, 0);
    assert_non_null(op);
    op->operation.kind = kind;
    op->operation.savepoint = number;
    ar_status status = ari_pool_run(p.pool, lease, op, &err);
    ari_op_release(op);
    return status;
}

static ar_status commit(ari_lease *lease)
{
    ar_status status = ari_lease_commit_wait(lease, &err);
    ari_lease_release(lease);
    return status;
}

static ar_status roll_back(ari_lease *lease)
{
    ar_status status = ari_lease_rollback_wait(lease, &err);
    ari_lease_release(lease);
    return status;
}

static void begin_travels_with_the_first_operation(void **state)
{
    (void)state;
    ari_lease *lease = begin();
    script_expect_log("");
    assert_int_equal(in(lease, "w:ok"), AR_OK);
    script_expect_log("0:BEGIN | 0:w:ok");
    assert_int_equal(commit(lease), AR_OK);
    script_expect_log("0:BEGIN | 0:w:ok | 0:COMMIT | 0:RESET");
}

static void nothing_sent_is_nothing_to_end(void **state)
{
    (void)state;
    assert_int_equal(commit(begin()), AR_OK);
    assert_int_equal(roll_back(begin()), AR_OK);
    ari_lease_release(begin());
    ari_lease *lease = begin();
    ar_future *future = ari_lease_commit(lease);
    assert_true(ar_future_is_done(future));
    assert_int_equal(script_await(&future, &err), AR_OK);
    ari_lease_release(lease);
    script_expect_log("");
}

static void a_lease_ends_once(void **state)
{
    (void)state;
    ari_lease *lease = begun();
    assert_int_equal(ari_lease_commit_wait(lease, &err), AR_OK);
    assert_int_equal(ari_lease_commit_wait(lease, &err), AR_E_CLOSED);
    assert_int_equal(ari_lease_rollback_wait(lease, &err), AR_E_CLOSED);
    ar_future *future = ari_lease_rollback(lease);
    assert_int_equal(script_await(&future, &err), AR_E_CLOSED);
    assert_int_equal(in(lease, "w:ok"), AR_E_CLOSED);
    ari_lease_release(lease);
}

static void a_lease_let_go_is_rolled_back(void **state)
{
    (void)state;
    ari_lease_release(begun());
    assert_int_equal(script_run(p.pool, NULL, "w:ok after", &err), AR_OK);
    script_expect_log("0:ROLLBACK | 0:RESET | 0:w:ok after");
}

static void a_begin_that_fails_kills_the_lease(void **state)
{
    (void)state;
    ari_lease *lease = begin();
    script_now.begin = AR_E_IO;
    assert_int_equal(in(lease, "w:ok"), AR_E_IO);
    script_now.begin = AR_OK;
    assert_int_equal(in(lease, "w:ok"), AR_E_TX_ABORTED);
    assert_int_equal(commit(lease), AR_E_TX_ABORTED);
    script_expect_log("0:BEGIN");
    assert_int_equal(script_run(p.pool, NULL, "w:ok", &err), AR_OK);
}

static void a_failed_statement_leaves_only_rollback(void **state)
{
    (void)state;
    ari_lease *lease = begun();
    assert_int_equal(in(lease, "w:fail"), AR_E_QUERY);
    assert_int_equal(in(lease, "r:ok"), AR_E_TX_ABORTED);
    assert_non_null(strstr(err.message, "it was to fail"));
    assert_false(err.retryable);
    assert_int_equal(ari_lease_commit_wait(lease, &err), AR_E_TX_ABORTED);
    assert_int_equal(ari_lease_conflict(lease), AR_OK);
    ari_lease_release(lease);
    script_expect_log("0:w:fail | 0:ROLLBACK | 0:RESET");

    lease = begun();
    assert_int_equal(in(lease, "w:conflict"), AR_E_CONFLICT);
    assert_int_equal(in(lease, "r:ok"), AR_E_TX_ABORTED);
    assert_true(err.retryable);
    assert_int_equal(ari_lease_rollback_wait(lease, &err), AR_OK);
    assert_int_not_equal(ari_lease_conflict(lease), AR_OK);
    ari_lease_release(lease);
}

static void going_back_to_a_savepoint_mends_it(void **state)
{
    (void)state;
    ari_lease *lease = begun();
    assert_int_equal(savepoint(lease, AR_OP_SAVEPOINT, 1), AR_OK);
    assert_int_equal(in(lease, "w:conflict"), AR_E_CONFLICT);
    assert_int_equal(savepoint(lease, AR_OP_SAVEPOINT, 2), AR_E_TX_ABORTED);
    assert_int_equal(savepoint(lease, AR_OP_ROLLBACK_TO, 1), AR_OK);
    assert_int_equal(in(lease, "w:ok"), AR_OK);
    assert_int_equal(ari_lease_commit_wait(lease, &err), AR_OK);
    assert_int_equal(ari_lease_conflict(lease), AR_OK); /* that was mended */
    ari_lease_release(lease);
    script_expect_log("0:SAVEPOINT 1 | 0:w:conflict | 0:BACK 1 | 0:RELEASE 1 | 0:w:ok | 0:COMMIT | 0:RESET");
}

/* As COMMIT does. */
static void releasing_a_savepoint_that_failed_rolls_back_to_it(void **state)
{
    (void)state;
    ari_lease *lease = begun();
    assert_int_equal(savepoint(lease, AR_OP_SAVEPOINT, 1), AR_OK);
    assert_int_equal(in(lease, "w:fail"), AR_E_QUERY);
    assert_int_equal(savepoint(lease, AR_OP_RELEASE, 1), AR_E_TX_ABORTED);
    assert_int_equal(in(lease, "w:ok"), AR_OK);
    assert_int_equal(savepoint(lease, AR_OP_SAVEPOINT, 2), AR_OK);
    assert_int_equal(savepoint(lease, AR_OP_RELEASE, 2), AR_OK);
    assert_int_equal(commit(lease), AR_OK);
    script_expect_log("0:SAVEPOINT 1 | 0:w:fail | 0:BACK 1 | 0:RELEASE 1 | 0:w:ok | 0:SAVEPOINT 2 | "
                      "0:RELEASE 2 | 0:COMMIT | 0:RESET");
}

static void what_the_engine_ended_is_dead_and_says_why(void **state)
{
    (void)state;
    ari_lease *lease = begun();
    ar_future *kept = script_submit(p.pool, NULL, "w:ok kept");
    assert_int_equal(in(lease, "w:rollback"), AR_E_CONFLICT);
    script_wait_for("0:w:ok kept"); /* the connection was given back at once */
    assert_int_equal(in(lease, "w:ok"), AR_E_TX_ABORTED);
    assert_non_null(strstr(err.message, "somebody else was first"));
    assert_true(err.retryable);
    assert_int_equal(savepoint(lease, AR_OP_ROLLBACK_TO, 1), AR_E_TX_ABORTED);
    assert_int_equal(commit(lease), AR_E_TX_ABORTED);
    ar_future_drop(&kept);

    lease = begun();
    assert_int_equal(in(lease, "w:ended"), AR_OK);
    assert_int_equal(in(lease, "w:ok"), AR_E_TX_ABORTED);
    assert_int_equal(roll_back(lease), AR_OK);
    assert_null(strstr(script_log(), "ROLLBACK"));
}

/* Its end has nothing to do with who has the connection now. */
static void a_dead_lease_ends_while_another_has_the_connection(void **state)
{
    (void)state;
    ari_lease *dead = script_lease(p.pool, (ari_lease_options){ .unheld = true });
    ari_lease *other = script_lease(p.pool, (ari_lease_options){ .unheld = true });
    assert_int_equal(in(dead, "w:rollback"), AR_E_CONFLICT);
    assert_int_equal(in(other, "w:ok"), AR_OK);
    assert_int_equal(in(dead, "w:ok"), AR_E_TX_ABORTED);
    assert_int_equal(roll_back(dead), AR_OK);
    assert_int_equal(commit(other), AR_OK);
}

static void a_lease_that_never_began_is_rolled_back_without_the_connection(void **state)
{
    (void)state;
    ari_lease *holder = script_lease(p.pool, (ari_lease_options){ .unheld = true });
    ari_lease *late = script_lease(p.pool, (ari_lease_options){ .unheld = true });
    assert_int_equal(in(holder, "w:ok"), AR_OK);
    ar_future *waiting = script_submit(p.pool, late, "w:ok never");
    assert_int_equal(ari_lease_rollback_wait(late, &err), AR_OK);
    assert_false(ar_future_is_done(waiting));
    assert_int_equal(commit(holder), AR_OK);
    assert_int_equal(script_await(&waiting, &err), AR_E_CLOSED);
    ari_lease_release(late);
    assert_null(strstr(script_log(), "never"));
}

static void a_commit_waits_for_what_was_sent_before(void **state)
{
    (void)state;
    ari_lease *holder = script_lease(p.pool, (ari_lease_options){ .unheld = true });
    ari_lease *late = script_lease(p.pool, (ari_lease_options){ .unheld = true });
    assert_int_equal(in(holder, "w:ok"), AR_OK);
    ar_future *waiting = script_submit(p.pool, late, "w:ok late");
    ar_future *end = ari_lease_commit(late);
    assert_int_equal(commit(holder), AR_OK);
    assert_int_equal(script_await(&end, &err), AR_OK);
    assert_int_equal(script_await(&waiting, &err), AR_OK);
    ari_lease_release(late);
    script_expect_log("0:BEGIN | 0:w:ok | 0:COMMIT | 0:RESET | 0:BEGIN | 0:w:ok late | 0:COMMIT | 0:RESET");
}

static void a_commit_that_fails_is_rolled_back(void **state)
{
    (void)state;
    ari_lease *lease = begun();
    script_now.commit = AR_E_CONSTRAINT;
    assert_int_equal(commit(lease), AR_E_CONSTRAINT);
    script_expect_log("0:COMMIT | 0:ROLLBACK | 0:RESET");
    assert_int_equal(script_run(p.pool, NULL, "w:ok", &err), AR_OK);
}

static void a_commit_past_the_deadline_is_refused(void **state)
{
    (void)state;
    ari_lease *lease = script_lease(p.pool, (ari_lease_options){ .deadline = 1 });
    assert_int_equal(in(lease, "w:ok"), AR_OK);
    script_forget_log();
    assert_int_equal(commit(lease), AR_E_TIMEOUT);
    script_expect_log("0:ROLLBACK | 0:RESET");
}

static void a_commit_that_was_cancelled_rolls_back(void **state)
{
    (void)state;
    ari_lease *lease = begun();
    ar_future *blocker = script_submit(p.pool, lease, "w:wait");
    script_wait_for("0:w:wait");
    ar_future *end = ari_lease_commit(lease);
    assert_int_equal(ar_future_cancel(end, &err), AR_OK);
    assert_int_equal(script_await(&end, &err), AR_E_CANCELLED);
    script_let_go();
    assert_int_equal(script_await(&blocker, &err), AR_OK);
    ari_lease_release(lease);
    assert_int_equal(script_run(p.pool, NULL, "w:ok after", &err), AR_OK);
    script_expect_log("0:w:wait | 0:ROLLBACK | 0:RESET | 0:w:ok after");
}

static void an_operation_cancelled_before_it_was_sent_does_no_harm(void **state)
{
    (void)state;
    ari_lease *lease = begun();
    ar_future *blocker = script_submit(p.pool, lease, "w:wait");
    script_wait_for("0:w:wait");
    ar_future *cancelled = script_submit(p.pool, lease, "w:ok never");
    assert_int_equal(ar_future_cancel(cancelled, &err), AR_OK);
    ar_future_drop(&cancelled);
    script_let_go();
    assert_int_equal(script_await(&blocker, &err), AR_OK);
    assert_int_equal(commit(lease), AR_OK);
    script_expect_log("0:w:wait | 0:COMMIT | 0:RESET");
}

static void a_session_that_cannot_be_reset_is_closed(void **state)
{
    (void)state;
    ari_lease *lease = begun();
    script_now.reset = AR_E_UNSUPPORTED;
    assert_int_equal(in(lease, "s:ok"), AR_OK);
    assert_int_equal(commit(lease), AR_OK);
    script_wait_for("0:close");
    script_now.reset = AR_OK;
    assert_int_equal(script_run(p.pool, NULL, "w:ok", &err), AR_OK);
    script_expect_log("0:s:ok | 0:COMMIT | 0:RESET | 0:close | 1:open | 1:w:ok");
}

static void a_session_statement_is_refused_where_the_connection_is_the_database(void **state)
{
    (void)state;
    script_pool_close(&p);
    script_start();
    script_now.topology = (ar_topology){ .writers = 1, .blocking = true, .connection_is_database = true };
    p = script_pool_open(NULL);
    ari_lease *lease = begin();
    assert_int_equal(in(lease, "s:ok"), AR_E_UNSUPPORTED);
    assert_int_equal(in(lease, "w:ok"), AR_OK);
    assert_int_equal(commit(lease), AR_OK);
}

/* --- who may wait --- */

static void waiting_outside_a_transaction_of_this_thread_is_refused(void **state)
{
    (void)state;
    ari_lease *lease = begun();
    assert_int_equal(script_run(p.pool, NULL, "w:ok out", &err), AR_E_DEADLOCK);
    assert_int_equal(script_run(p.pool, NULL, "r:ok out", &err),
                     AR_E_DEADLOCK); /* it could end, but not on each engine */
    assert_non_null(strstr(err.message, "allow_outside"));
    ar_future *future = script_submit(p.pool, NULL, "w:ok later");
    assert_int_equal(ar_future_wait(future, 1000, &err), AR_E_DEADLOCK);
    assert_int_equal(ar_future_wait(future, 0, &err), AR_E_PENDING); /* looking is not waiting */
    assert_int_equal(commit(lease), AR_OK);
    assert_int_equal(script_await(&future, &err), AR_OK);
    assert_int_equal(script_run(p.pool, NULL, "w:ok", &err), AR_OK);
}

static void allow_outside_refuses_only_what_could_not_end(void **state)
{
    (void)state;
    ari_lease *lease = script_lease(p.pool, (ari_lease_options){ .allow_outside = true });
    assert_int_equal(in(lease, "w:ok"), AR_OK);
    assert_int_equal(script_run(p.pool, NULL, "r:ok", &err), AR_OK);
    assert_int_equal(script_run(p.pool, NULL, "w:ok", &err), AR_E_DEADLOCK);
    assert_int_equal(commit(lease), AR_OK);
}

static void *run_elsewhere(void *arg)
{
    ar_error error;
    *(ar_status *)arg = script_run(p.pool, NULL, "r:ok elsewhere", &error);
    return NULL;
}

static void other_threads_may_wait(void **state)
{
    (void)state;
    ar_status status = AR_E_PENDING;
    pthread_t thread;
    ari_lease *lease = begun();
    assert_int_equal(pthread_create(&thread, NULL, run_elsewhere, &status), 0);
    pthread_join(thread, NULL);
    assert_int_equal(status, AR_OK);
    assert_int_equal(commit(lease), AR_OK);
}

/* The first one's end waits for nobody, whatever else this thread holds. */
static void two_transactions_of_a_thread_can_both_be_ended(void **state)
{
    (void)state;
    ari_lease *first = script_lease(p.pool, (ari_lease_options){ .allow_outside = true });
    assert_int_equal(in(first, "w:ok"), AR_OK);
    ari_lease *second = begin();
    assert_int_equal(in(second, "w:ok"), AR_E_DEADLOCK);
    assert_int_equal(in(first, "w:ok more"), AR_OK);
    assert_int_equal(ari_lease_commit_wait(first, &err), AR_OK);
    assert_int_equal(in(second, "w:ok"), AR_OK);
    assert_int_equal(commit(second), AR_OK);
    ari_lease_release(first);
}

/* Its operation was sent without waiting and lies behind this thread's own other transaction. */
static void a_commit_that_could_never_end_is_rolled_back_instead(void **state)
{
    (void)state;
    ari_lease *first = script_lease(p.pool, (ari_lease_options){ .allow_outside = true });
    assert_int_equal(in(first, "w:ok"), AR_OK);
    ari_lease *second = begin();
    ar_future *waiting = script_submit(p.pool, second, "w:ok never");
    assert_int_equal(commit(second), AR_E_DEADLOCK);
    assert_int_equal(commit(first), AR_OK);
    assert_int_equal(script_await(&waiting, &err), AR_E_CLOSED);
    assert_int_equal(script_run(p.pool, NULL, "w:ok after", &err), AR_OK);
    script_expect_log("0:BEGIN | 0:w:ok | 0:COMMIT | 0:RESET | 0:w:ok after");
}

static void a_read_only_lease_leaves_the_other_connections_alone(void **state)
{
    (void)state;
    ari_lease *reading = script_lease(p.pool, (ari_lease_options){ .read_only = true, .unheld = true });
    assert_int_equal(in(reading, "r:ok"), AR_OK);
    assert_int_equal(script_run(p.pool, NULL, "w:ok", &err), AR_OK);
    assert_int_equal(script_run(p.pool, NULL, "r:ok beside", &err), AR_OK);
    ar_future *future = script_submit(p.pool, NULL, "r:ok async");
    assert_int_equal(script_await(&future, &err), AR_OK);
    assert_int_equal(commit(reading), AR_OK);
    script_expect_log("1:open | 1:BEGIN | 1:r:ok | 0:w:ok | 2:open | 2:r:ok beside | 2:r:ok async | "
                      "1:COMMIT | 1:RESET");
    assert_int_equal(atomic_load(&p.pool->connections[1].load), 0);
}

/* The future of an operation of an ended lease may stay. */
static void an_ended_lease_frees_its_connection_for_others(void **state)
{
    (void)state;
    ari_lease *lease = script_lease(p.pool, (ari_lease_options){ .read_only = true });
    ar_future *future = script_submit(p.pool, lease, "r:ok");
    assert_int_equal(commit(lease), AR_OK);
    assert_int_equal(atomic_load(&p.pool->connections[1].load), 0);
    assert_int_equal(script_await(&future, &err), AR_OK);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(begin_travels_with_the_first_operation),
        TEST(nothing_sent_is_nothing_to_end),
        TEST(a_lease_ends_once),
        TEST(a_lease_let_go_is_rolled_back),
        TEST(a_begin_that_fails_kills_the_lease),
        TEST(a_failed_statement_leaves_only_rollback),
        TEST(going_back_to_a_savepoint_mends_it),
        TEST(releasing_a_savepoint_that_failed_rolls_back_to_it),
        TEST(what_the_engine_ended_is_dead_and_says_why),
        TEST(a_dead_lease_ends_while_another_has_the_connection),
        TEST(a_lease_that_never_began_is_rolled_back_without_the_connection),
        TEST(a_commit_waits_for_what_was_sent_before),
        TEST(a_commit_that_fails_is_rolled_back),
        TEST(a_commit_past_the_deadline_is_refused),
        TEST(a_commit_that_was_cancelled_rolls_back),
        TEST(an_operation_cancelled_before_it_was_sent_does_no_harm),
        TEST(a_session_that_cannot_be_reset_is_closed),
        TEST(a_session_statement_is_refused_where_the_connection_is_the_database),
        TEST(waiting_outside_a_transaction_of_this_thread_is_refused),
        TEST(allow_outside_refuses_only_what_could_not_end),
        TEST(other_threads_may_wait),
        TEST(two_transactions_of_a_thread_can_both_be_ended),
        TEST(a_commit_that_could_never_end_is_rolled_back_instead),
        TEST(a_read_only_lease_leaves_the_other_connections_alone),
        TEST(an_ended_lease_frees_its_connection_for_others),
    };
    return cmocka_run_group_tests_name("lease", tests, NULL, NULL);
}
