/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "pools/connection.h"
#include "pools/private.h"
#include "tests/support/script_backend.h"

/* The states of a connection actor, driven through a pool on a scripted backend with one writer and no reader. */

static ar_error err;
static script_pool p;

static int set_up(void **state)
{
    (void)state;
    script_start();
    script_now.topology.readers = 0;
    p = script_pool_open(NULL);
    script_forget_log();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    script_let_go();
    if (p.pool != NULL)
        script_pool_close(&p);
    return 0;
}

static ar_status run(const char *sql)
{
    return script_run(p.pool, NULL, sql, &err);
}

/* The next operation opens it anew. */
static void lose_connection(void)
{
    assert_int_equal(run("w:lose"), AR_E_CONNECTION);
    script_wait_for("0:close");
    script_forget_log();
}

static void opening_opens_the_first_connection(void **state)
{
    (void)state;
    assert_int_equal(script_open_connections(), 1);
    assert_int_equal(p.pool->connections[0].state, CONNECTION_READY);
}

static void an_open_that_fails_fails_the_pool(void **state)
{
    (void)state;
    ari_pool *pool = NULL;
    script_now.fail_opens = 1;
    assert_int_equal(ari_pool_open(p.runtime, "test:", NULL, &pool, &err), AR_E_CONNECTION);
    assert_null(pool);
    assert_non_null(strstr(err.message, "as it was told to"));
    assert_int_equal(ari_pool_open(p.runtime, "test:", NULL, &pool, NULL), AR_OK);
    ari_pool_close(pool);
    ari_pool_release(pool);
}

static void a_topology_without_connections_is_refused(void **state)
{
    (void)state;
    ari_pool *pool = NULL;
    script_now.topology.writers = 0;
    assert_int_equal(ari_pool_open(p.runtime, "test:", NULL, &pool, &err), AR_E_INVALID);
    assert_int_equal(ari_pool_open(p.runtime, "test:?x=1", NULL, &pool, &err), AR_E_INVALID);
    assert_int_equal(ari_pool_open(p.runtime, "nonsense", NULL, &pool, &err), AR_E_INVALID);
    assert_null(pool);
}

static void a_useless_connection_is_closed_and_opened_again(void **state)
{
    (void)state;
    assert_int_equal(run("w:lose"), AR_E_CONNECTION);
    script_wait_for("0:close");
    assert_int_equal(run("w:ok"), AR_OK);
    script_expect_log("0:w:lose | 0:close | 1:open | 1:w:ok");
}

static void an_open_that_fails_is_tried_again_by_the_next_operation(void **state)
{
    (void)state;
    lose_connection();
    script_now.fail_opens = 2;
    assert_int_equal(run("w:ok"), AR_E_CONNECTION);
    assert_int_equal(run("w:ok"), AR_E_CONNECTION);
    assert_int_equal(p.pool->connections[0].state, CONNECTION_FAILED);
    assert_int_equal(run("w:ok"), AR_OK);
    assert_int_equal(p.pool->connections[0].state, CONNECTION_READY);
}

static void all_of_a_batch_fail_when_it_cannot_be_opened(void **state)
{
    (void)state;
    ar_future *blocker = script_submit(p.pool, NULL, "w:wait");
    script_wait_for("0:w:wait");
    ar_future *lost = script_submit(p.pool, NULL, "w:lose");
    ar_future *first = script_submit(p.pool, NULL, "w:ok 1");
    ar_future *second = script_submit(p.pool, NULL, "w:ok 2");
    script_let_go();
    assert_int_equal(script_await(&blocker, &err), AR_OK);
    assert_int_equal(script_await(&lost, &err), AR_E_CONNECTION);
    /* sent together with what lost it, so that they were run: the backend's answer counts */
    assert_int_equal(script_await(&first, &err), AR_OK);
    assert_int_equal(script_await(&second, &err), AR_OK);

    script_now.fail_opens = 1;
    ari_lease *lease = script_lease(p.pool, (ari_lease_options){ .allow_outside = true });
    assert_int_equal(script_run(p.pool, lease, "w:ok", &err), AR_E_CONNECTION);
    assert_int_equal(script_run(p.pool, lease, "w:ok", &err), AR_E_TX_ABORTED);
    assert_non_null(strstr(err.message, "as it was told to"));
    assert_int_equal(ari_lease_rollback_wait(lease, &err), AR_OK);
    ari_lease_release(lease);
}

static void a_lost_database_in_memory_is_not_replaced_by_an_empty_one(void **state)
{
    (void)state;
    script_pool_close(&p);
    script_start();
    script_now.topology = (ar_topology){ .writers = 1, .blocking = true, .connection_is_database = true };
    p = script_pool_open(NULL);
    lose_connection();
    assert_int_equal(run("w:ok"), AR_E_CONNECTION);
    assert_non_null(strstr(err.message, "in memory"));
    script_expect_log("");
}

static void a_lease_keeps_others_waiting_in_their_order(void **state)
{
    (void)state;
    ari_lease *lease = script_lease(p.pool, (ari_lease_options){ .read_only = false });
    assert_int_equal(script_run(p.pool, lease, "w:ok tx", &err), AR_OK);
    assert_int_equal(p.pool->connections[0].state, CONNECTION_LEASED);
    ar_future *kept[4] = { script_submit(p.pool, NULL, "w:ok 1"), script_submit(p.pool, NULL, "r:ok 2"),
                           script_submit(p.pool, NULL, "w:fail 3"), script_submit(p.pool, NULL, "w:ok 4") };
    assert_int_equal(script_run(p.pool, lease, "w:ok more", &err), AR_OK);
    for (int i = 0; i < 4; i++)
        assert_false(ar_future_is_done(kept[i]));
    assert_int_equal(ari_lease_commit_wait(lease, &err), AR_OK);
    for (int i = 0; i < 4; i++)
        assert_int_equal(script_await(&kept[i], &err), i == 2 ? AR_E_QUERY : AR_OK);
    script_expect_log("0:BEGIN | 0:w:ok tx | 0:w:ok more | 0:COMMIT | 0:RESET | "
                      "0:w:ok 1 | 0:r:ok 2 | 0:w:fail 3 | 0:w:ok 4");
    ari_lease_release(lease);
}

/* The commit, and what came after it, lie in one mailbox: what was kept before is older. */
static void what_waited_for_a_lease_is_not_overtaken(void **state)
{
    (void)state;
    ari_lease *first = script_lease(p.pool, (ari_lease_options){ .unheld = true });
    ari_lease *second = script_lease(p.pool, (ari_lease_options){ .unheld = true });
    assert_int_equal(script_run(p.pool, first, "w:ok a", &err), AR_OK);
    ar_future *kept = script_submit(p.pool, NULL, "w:ok kept");
    ar_future *blocker = script_submit(p.pool, first, "w:wait");
    script_wait_for("0:w:wait");
    ar_future *commit = ari_lease_commit(first);
    ar_future *late = script_submit(p.pool, second, "w:ok b");
    ar_future *last = script_submit(p.pool, NULL, "w:ok last");
    script_let_go();
    assert_int_equal(script_await(&blocker, &err), AR_OK);
    assert_int_equal(script_await(&commit, &err), AR_OK);
    assert_int_equal(script_await(&kept, &err), AR_OK);
    assert_int_equal(script_await(&late, &err), AR_OK);
    assert_false(ar_future_is_done(last));
    assert_int_equal(ari_lease_rollback_wait(second, &err), AR_OK);
    assert_int_equal(script_await(&last, &err), AR_OK);
    script_expect_log("0:BEGIN | 0:w:ok a | 0:w:wait | 0:COMMIT | 0:RESET | 0:w:ok kept | "
                      "0:BEGIN | 0:w:ok b | 0:ROLLBACK | 0:RESET | 0:w:ok last");
    ari_lease_release(first);
    ari_lease_release(second);
}

static void a_lost_connection_ends_its_lease_and_goes_on_with_the_others(void **state)
{
    (void)state;
    ari_lease *lease = script_lease(p.pool, (ari_lease_options){ .unheld = true });
    assert_int_equal(script_run(p.pool, lease, "w:ok", &err), AR_OK);
    ar_future *kept = script_submit(p.pool, NULL, "w:ok kept");
    assert_int_equal(script_run(p.pool, lease, "w:lose", &err), AR_E_CONNECTION);
    assert_int_equal(script_await(&kept, &err), AR_OK);
    assert_int_equal(script_run(p.pool, lease, "w:ok", &err), AR_E_TX_ABORTED);
    assert_int_equal(ari_lease_commit_wait(lease, &err), AR_E_TX_ABORTED);
    assert_non_null(strstr(err.message, "connection was lost"));
    script_expect_log("0:BEGIN | 0:w:ok | 0:w:lose | 0:close | 1:open | 1:w:ok kept");
    ari_lease_release(lease);
}

static void close_waits_for_what_is_under_way(void **state)
{
    (void)state;
    ar_future *futures[8];
    for (int i = 0; i < 8; i++)
        futures[i] = script_submit(p.pool, NULL, "w:ok");
    ari_pool_close(p.pool);
    for (int i = 0; i < 8; i++)
        assert_int_equal(script_await(&futures[i], &err), AR_OK);
    assert_int_equal(p.pool->connections[0].state, CONNECTION_CLOSED);
    assert_int_equal(run("w:ok"), AR_E_CLOSED);
    ari_pool_release(p.pool);
    p.pool = NULL;
    assert_int_equal(ar_runtime_close(&p.runtime, &err), AR_OK);
}

/* What runs for ever is stopped, and what waits behind it or behind a lease fails. */
static void close_stops_what_does_not_end(void **state)
{
    (void)state;
    script_pool_close(&p);
    script_start();
    script_now.topology.readers = 1;
    p = script_pool_open(&(ari_pool_options){ .close_wait_ms = 20 });
    ari_lease *lease = script_lease(p.pool, (ari_lease_options){ .unheld = true });
    ar_future *leased = script_submit(p.pool, lease, "w:ok");
    assert_int_equal(script_await(&leased, &err), AR_OK);
    ar_future *kept = script_submit(p.pool, NULL, "w:ok kept");
    ar_future *running = script_submit(p.pool, NULL, "r:wait");
    script_wait_for("1:r:wait");
    ar_future *behind = script_submit(p.pool, NULL, "r:ok");
    ari_pool_close(p.pool);
    assert_int_equal(script_await(&kept, &err), AR_E_CLOSED);
    assert_int_equal(script_await(&running, &err), AR_E_CLOSED);
    assert_non_null(strstr(err.message, "while the operation ran"));
    assert_int_equal(script_await(&behind, &err), AR_E_CLOSED);
    assert_int_equal(ari_lease_rollback_wait(lease, &err), AR_E_CLOSED);
    ari_lease_release(lease);
    ari_pool_release(p.pool);
    p.pool = NULL;
    assert_int_equal(ar_runtime_close(&p.runtime, &err), AR_OK);
    assert_int_equal(script_open_connections(), 0);
}

static void close_stops_a_begin_that_waits_for_a_lock(void **state)
{
    (void)state;
    script_pool_close(&p);
    script_start();
    p = script_pool_open(&(ari_pool_options){ .close_wait_ms = 1 });
    script_now.begin_waits = true;
    ari_lease *lease = script_lease(p.pool, (ari_lease_options){ .unheld = true });
    ar_future *future = script_submit(p.pool, lease, "w:ok");
    script_wait_for("0:BEGIN");
    ari_pool_close(p.pool);
    assert_int_equal(script_await(&future, &err), AR_E_CLOSED);
    ari_lease_release(lease);
    ari_pool_release(p.pool);
    p.pool = NULL;
    assert_int_equal(ar_runtime_close(&p.runtime, &err), AR_OK);
}

/* --- deadlines and cancelling --- */

static int64_t soon(void)
{
    return ari_deadline_after(p.runtime, 30);
}

static void a_deadline_stops_what_runs(void **state)
{
    (void)state;
    ari_op *op = script_op(p.pool, "w:wait");
    op->operation.deadline = soon();
    assert_int_equal(ari_pool_run(p.pool, NULL, op, &err), AR_E_TIMEOUT);
    ari_op_release(op);
    op = script_op(p.pool, "w:wait");
    op->operation.deadline = soon();
    ar_future *future = ari_pool_submit(p.pool, NULL, op);
    assert_int_equal(script_await(&future, &err), AR_E_TIMEOUT);
}

static void a_deadline_ends_waiting_in_the_mailbox(void **state)
{
    (void)state;
    ar_future *blocker = script_submit(p.pool, NULL, "w:wait");
    script_wait_for("0:w:wait");
    ari_op *op = script_op(p.pool, "w:ok sync");
    op->operation.deadline = soon();
    assert_int_equal(ari_pool_run(p.pool, NULL, op, &err), AR_E_TIMEOUT);
    ari_op_release(op);
    op = script_op(p.pool, "w:ok async");
    op->operation.deadline = soon();
    ar_future *future = ari_pool_submit(p.pool, NULL, op);
    assert_int_equal(script_await(&future, &err), AR_E_TIMEOUT);
    op = script_op(p.pool, "w:ok dropped");
    op->operation.deadline = soon();
    future = ari_pool_submit(p.pool, NULL, op);
    ar_future_drop(&future);
    script_let_go();
    assert_int_equal(script_await(&blocker, &err), AR_OK);
    assert_int_equal(run("w:ok"), AR_OK);
    assert_null(strstr(script_log(), "sync"));
}

static void a_deadline_ends_waiting_for_a_lease(void **state)
{
    (void)state;
    ari_lease *lease = script_lease(p.pool, (ari_lease_options){ .unheld = true });
    assert_int_equal(script_run(p.pool, lease, "w:ok", &err), AR_OK);
    ari_op *op = script_op(p.pool, "w:ok sync");
    op->operation.deadline = soon();
    assert_int_equal(ari_pool_run(p.pool, NULL, op, &err), AR_E_TIMEOUT);
    ari_op_release(op);
    op = script_op(p.pool, "w:ok async");
    op->operation.deadline = soon();
    ar_future *future = ari_pool_submit(p.pool, NULL, op);
    assert_int_equal(script_await(&future, &err), AR_E_TIMEOUT);
    assert_int_equal(ari_lease_commit_wait(lease, &err), AR_OK);
    ari_lease_release(lease);
    assert_int_equal(run("w:ok"), AR_OK);
    assert_null(strstr(script_log(), "sync"));
}

static void a_deadline_that_has_passed_sends_nothing(void **state)
{
    (void)state;
    ar_future *blocker = script_submit(p.pool, NULL, "w:wait");
    script_wait_for("0:w:wait");
    ari_op *op = script_op(p.pool, "w:ok late");
    op->operation.deadline = 1;
    assert_int_equal(ari_pool_run(p.pool, NULL, op, &err), AR_E_TIMEOUT);
    ari_op_release(op);
    script_let_go();
    assert_int_equal(script_await(&blocker, &err), AR_OK);
    assert_int_equal(run("w:ok"), AR_OK);
    assert_null(strstr(script_log(), "late"));
}

static void cancelling_what_was_not_sent_ends_it_at_once(void **state)
{
    (void)state;
    ar_future *blocker = script_submit(p.pool, NULL, "w:wait");
    script_wait_for("0:w:wait");
    ari_op *op = script_op(p.pool, "w:ok never");
    op->operation.deadline = ari_deadline_after(p.runtime, 100000);
    ar_future *future = ari_pool_submit(p.pool, NULL, op);
    assert_int_equal(ar_future_cancel(future, &err), AR_OK);
    assert_true(ar_future_is_done(future));
    assert_int_equal(ar_future_cancel(future, &err), AR_E_BUSY);
    assert_int_equal(script_await(&future, &err), AR_E_CANCELLED);
    script_let_go();
    assert_int_equal(script_await(&blocker, &err), AR_OK);
    assert_int_equal(run("w:ok"), AR_OK);
    assert_null(strstr(script_log(), "never"));
}

static void cancelling_what_runs_stops_it_alone(void **state)
{
    (void)state;
    ar_future *future = script_submit(p.pool, NULL, "w:wait");
    ar_future *next = script_submit(p.pool, NULL, "w:ok");
    script_wait_for("0:w:wait");
    assert_int_equal(ar_future_cancel(future, &err), AR_E_BUSY);
    assert_int_equal(script_await(&future, &err), AR_E_CANCELLED);
    assert_int_equal(script_await(&next, &err), AR_OK);
}

static void cancelling_stops_a_begin_that_waits_for_a_lock(void **state)
{
    (void)state;
    script_now.begin_waits = true;
    ari_lease *lease = script_lease(p.pool, (ari_lease_options){ .unheld = true });
    ar_future *future = script_submit(p.pool, lease, "w:ok");
    script_wait_for("0:BEGIN");
    assert_int_equal(ar_future_cancel(future, &err), AR_E_BUSY);
    assert_int_equal(script_await(&future, &err), AR_E_CANCELLED);
    assert_int_equal(script_run(p.pool, lease, "w:ok", &err), AR_E_TX_ABORTED);
    ari_lease_release(lease);
    script_expect_log("0:BEGIN");
}

static void writes_that_came_meanwhile_join_up_to_the_first_other_operation(void **state)
{
    (void)state;
    static const char *const sent[] = { "w:ok 1", "w:ok 2", "d:ok", "w:ok 3" };
    ar_future *futures[4];
    ar_future *first = script_submit(p.pool, NULL, "w:gather");
    script_wait_for("0:w:gather");
    for (int i = 0; i < 4; i++)
        futures[i] = script_submit(p.pool, NULL, sent[i]);
    script_let_go();
    assert_int_equal(script_await(&first, &err), AR_OK);
    for (int i = 0; i < 4; i++)
        assert_int_equal(script_await(&futures[i], &err), AR_OK);
    script_expect_log("0:w:gather | 0:joined w:ok 1 | 0:joined w:ok 2 | 0:d:ok | 0:w:ok 3");
}

static void what_was_cancelled_before_does_not_join(void **state)
{
    (void)state;
    ar_future *first = script_submit(p.pool, NULL, "w:gather");
    script_wait_for("0:w:gather");
    ar_future *second = script_submit(p.pool, NULL, "w:ok 1");
    ar_future *third = script_submit(p.pool, NULL, "w:ok 2");
    assert_int_equal(ar_future_cancel(second, &err), AR_OK);
    script_let_go();
    assert_int_equal(script_await(&third, &err), AR_OK);
    assert_int_equal(script_await(&second, &err), AR_E_CANCELLED);
    assert_int_equal(script_await(&first, &err), AR_OK);
    script_expect_log("0:w:gather | 0:joined w:ok 2");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(opening_opens_the_first_connection),
        TEST(an_open_that_fails_fails_the_pool),
        TEST(a_topology_without_connections_is_refused),
        TEST(a_useless_connection_is_closed_and_opened_again),
        TEST(an_open_that_fails_is_tried_again_by_the_next_operation),
        TEST(all_of_a_batch_fail_when_it_cannot_be_opened),
        TEST(a_lost_database_in_memory_is_not_replaced_by_an_empty_one),
        TEST(a_lease_keeps_others_waiting_in_their_order),
        TEST(what_waited_for_a_lease_is_not_overtaken),
        TEST(a_lost_connection_ends_its_lease_and_goes_on_with_the_others),
        TEST(writes_that_came_meanwhile_join_up_to_the_first_other_operation),
        TEST(what_was_cancelled_before_does_not_join),
        TEST(close_waits_for_what_is_under_way),
        TEST(close_stops_what_does_not_end),
        TEST(close_stops_a_begin_that_waits_for_a_lock),
        TEST(a_deadline_stops_what_runs),
        TEST(a_deadline_ends_waiting_in_the_mailbox),
        TEST(a_deadline_ends_waiting_for_a_lease),
        TEST(a_deadline_that_has_passed_sends_nothing),
        TEST(cancelling_what_was_not_sent_ends_it_at_once),
        TEST(cancelling_what_runs_stops_it_alone),
        TEST(cancelling_stops_a_begin_that_waits_for_a_lock),
    };
    return cmocka_run_group_tests_name("connection", tests, NULL, NULL);
}
