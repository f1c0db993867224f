/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "actors/runtime.h"
#include "tests/support/refusal.h"
#include "tests/support/script_backend.h"

/* What finds every connection busy waits in the queue of the pool, for whichever has room first. Two connections that take everything, each kept busy by a read until the
 * test stops it. */

static ar_error err;
static script_pool p;
static ar_future *busy[2];

static void open_pool(const ari_pool_options *options)
{
    script_start();
    script_now.topology = (ar_topology){ .writers = 2, .blocking = true };
    p = script_pool_open(options);
    busy[0] = script_submit(p.pool, NULL, "r:wait a");
    script_wait_for("0:r:wait a");
    busy[1] = script_submit(p.pool, NULL, "r:wait b");
    script_wait_for("1:r:wait b");
    script_forget_log();
}

static int set_up(void **state)
{
    (void)state;
    open_pool(NULL);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    script_let_go();
    ar_future_drop(&busy[0]);
    ar_future_drop(&busy[1]);
    script_pool_close(&p);
    return 0;
}

static ar_future *submit(const char *sql)
{
    return script_submit(p.pool, NULL, sql);
}

static void stop(int connection)
{
    assert_int_equal(ar_future_cancel(busy[connection], &err), AR_E_BUSY);
}

static ari_lease *lease_of_nobody(void)
{
    return script_lease(p.pool, (ari_lease_options){ .deadline = INT64_MAX, .unheld = true });
}

static void nothing_waits_for_one_connection_while_another_is_idle(void **state)
{
    (void)state;
    ar_future *futures[6];
    for (int i = 0; i < 6; i++)
        futures[i] = submit("r:ok");
    stop(1);
    for (int i = 0; i < 6; i++)
        assert_int_equal(script_await(&futures[i], &err), AR_OK);
    assert_false(ar_future_is_done(busy[0]));
    assert_null(strstr(script_log(), "0:"));
}

static void first_come_is_first_served(void **state)
{
    (void)state;
    ar_future *futures[] = { submit("r:ok 1"), submit("w:ok 2"), submit("d:ok 3"), submit("r:ok 4") };
    stop(0);
    for (int i = 0; i < 4; i++)
        assert_int_equal(script_await(&futures[i], &err), AR_OK);
    script_expect_log("0:r:ok 1 | 0:w:ok 2 | 0:d:ok 3 | 0:r:ok 4");
}

static void *call_and_wait(void *arg)
{
    ar_error error;
    ar_status *status = arg;
    *status = script_run(p.pool, NULL, "r:ok mine", &error);
    return NULL;
}

static void a_blocking_call_waits_in_the_queue(void **state)
{
    (void)state;
    pthread_t thread;
    ar_status status = AR_E_PENDING;
    pthread_create(&thread, NULL, call_and_wait, &status);
    stop(1);
    pthread_join(thread, NULL);
    assert_int_equal(status, AR_OK);
    assert_false(ar_future_is_done(busy[0]));
}

static void what_is_cancelled_in_the_queue_is_never_sent(void **state)
{
    (void)state;
    ar_future *first = submit("w:ok 1"), *second = submit("w:ok 2");
    assert_int_equal(ar_future_cancel(first, &err), AR_OK);
    assert_int_equal(script_await(&first, &err), AR_E_CANCELLED);
    stop(0);
    assert_int_equal(script_await(&second, &err), AR_OK);
    script_expect_log("0:w:ok 2");
}

static void a_deadline_ends_waiting_in_the_queue(void **state)
{
    (void)state;
    const ar_env *env = ari_pool_env(p.pool);
    ari_op *op = script_op(p.pool, "w:ok late");
    op->operation.deadline = env->now(env->ctx) + 2000;
    ar_future *future = ari_pool_submit(p.pool, NULL, op);
    assert_int_equal(script_await(&future, &err), AR_E_TIMEOUT);
    assert_false(err.outcome_unknown);
    op = script_op(p.pool, "w:ok late, awaited");
    op->operation.deadline = env->now(env->ctx) + 2000;
    assert_int_equal(ari_pool_run(p.pool, NULL, op, &err), AR_E_TIMEOUT);
    ari_op_release(op);
    script_expect_log("");
}

static void a_transaction_goes_where_there_is_room_in_its_order(void **state)
{
    (void)state;
    ari_lease *lease = lease_of_nobody();
    ar_future *before = submit("w:ok before");
    ar_future *futures[] = { script_submit(p.pool, lease, "w:ok 1"), script_submit(p.pool, lease, "w:ok 2"),
                             ari_lease_commit(lease) };
    ar_future *after = submit("w:ok after");
    stop(1);
    for (int i = 0; i < 3; i++)
        assert_int_equal(script_await(&futures[i], &err), AR_OK);
    ari_lease_release(lease);
    assert_int_equal(script_await(&before, &err), AR_OK);
    assert_int_equal(script_await(&after, &err), AR_OK);
    script_expect_log("1:w:ok before | 1:BEGIN | 1:w:ok 1 | 1:w:ok 2 | 1:COMMIT | 1:RESET | 1:w:ok after");
}

static void what_waits_behind_a_transaction_goes_elsewhere(void **state)
{
    (void)state;
    ari_lease *lease = lease_of_nobody();
    ar_future *first = script_submit(p.pool, lease, "w:ok 1");
    ar_future *other = submit("w:ok other");
    stop(0);
    assert_int_equal(script_await(&first, &err), AR_OK);
    assert_false(ar_future_is_done(other));
    stop(1);
    assert_int_equal(script_await(&other, &err), AR_OK);
    script_expect_log("0:BEGIN | 0:w:ok 1 | 1:w:ok other");
    ari_lease_release(lease);
}

static void a_transaction_let_go_in_the_queue_sends_nothing(void **state)
{
    (void)state;
    ari_lease *lease = lease_of_nobody();
    ar_future *first = script_submit(p.pool, lease, "w:ok 1");
    assert_int_equal(ar_future_cancel(first, &err), AR_OK);
    ar_future_drop(&first);
    ari_lease_release(lease);
    ar_future *other = submit("w:ok other");
    stop(0);
    assert_int_equal(script_await(&other, &err), AR_OK);
    script_expect_log("0:w:ok other");
}

static void waiting_for_connections_that_this_thread_has_is_refused(void **state)
{
    (void)state;
    ari_lease_options options = { .deadline = INT64_MAX, .allow_outside = true };
    ari_lease *leases[] = { script_lease(p.pool, options), script_lease(p.pool, options) };
    stop(0);
    assert_int_equal(script_run(p.pool, leases[0], "w:ok", &err), AR_OK);
    stop(1);
    assert_int_equal(script_run(p.pool, leases[1], "w:ok", &err), AR_OK);
    assert_int_equal(script_run(p.pool, NULL, "r:ok", &err), AR_E_DEADLOCK);
    ar_future *queued = submit("r:ok");
    assert_int_equal(script_await(&queued, &err), AR_E_DEADLOCK);
    ari_lease_release(leases[0]);
    ari_lease_release(leases[1]);
}

static void the_queue_has_its_limit(void **state)
{
    tear_down(state);
    open_pool(&(ari_pool_options){ .queue_limit = 4 });
    ar_future *third = submit("r:ok 3"), *fourth = submit("r:ok 4"), *fifth = submit("r:ok 5");
    assert_int_equal(script_await(&fifth, &err), AR_E_OVERLOAD);
    stop(0);
    assert_int_equal(script_await(&third, &err), AR_OK);
    assert_int_equal(script_await(&fourth, &err), AR_OK);
}

static void closing_fails_what_waits(void **state)
{
    tear_down(state);
    open_pool(&(ari_pool_options){ .close_wait_ms = 1 });
    ari_lease *lease = lease_of_nobody();
    ar_future *futures[] = { submit("r:ok"), script_submit(p.pool, lease, "w:ok"),
                             script_submit(p.pool, lease, "w:ok") };
    ari_pool_close(p.pool);
    for (int i = 0; i < 3; i++)
        assert_int_equal(script_await(&futures[i], &err), AR_E_CLOSED);
    ar_future_drop(&busy[0]);
    ar_future_drop(&busy[1]);
    ari_lease_release(lease);
    ari_pool_release(p.pool);
    script_runtime_close(&p.runtime);
    open_pool(NULL);
}

enum { THREADS = 6, ROUNDS = 300 };

static void *hammer(void *arg)
{
    unsigned *wrong = arg;
    ar_error error;
    for (int i = 0; i < ROUNDS; i++) {
        ar_future *read = submit(i % 3 == 0 ? "r:fail" : "r:ok");
        ari_lease *lease = ari_lease_create(p.pool, &(ari_lease_options){ .deadline = INT64_MAX, .unheld = true });
        if (lease == NULL) {
            *wrong += 1;
        } else {
            *wrong += script_run(p.pool, lease, "w:ok", &error) != AR_OK;
            *wrong += ari_lease_commit_wait(lease, &error) != AR_OK;
            ari_lease_release(lease);
        }
        *wrong += script_run(p.pool, NULL, "w:ok", &error) != AR_OK;
        *wrong += script_await(&read, &error) != (i % 3 == 0 ? AR_E_QUERY : AR_OK);
    }
    return NULL;
}

static void many_threads_are_all_served(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    unsigned wrong[THREADS] = { 0 };
    script_let_go();
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, hammer, &wrong[i]);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(wrong[i], 0);
}

enum { BEGINS = 200, SOON_S = 20 };

static atomic_uint holders;

static bool both_hold(void)
{
    time_t until = time(NULL) + SOON_S;
    atomic_fetch_add(&holders, 1);
    while (atomic_load(&holders) < 2)
        if (time(NULL) > until || refusal_happened())
            return false;
    return true;
}

static void *hold(void *arg)
{
    bool *wrong = arg;
    ar_error error;
    ari_lease *lease = ari_lease_create(p.pool, &(ari_lease_options){ .deadline = INT64_MAX, .unheld = true });
    *wrong = lease == NULL;
    if (lease == NULL)
        return NULL;
    ar_done done = { script_submit(p.pool, lease, "w:ok") };
    *wrong = ar_done_await_for(&done, SOON_S * 1000, &error) != AR_OK || !both_hold();
    ar_future_drop(&done.raw);
    *wrong |= ari_lease_commit_wait(lease, &error) != AR_OK;
    ari_lease_release(lease);
    return NULL;
}

/* Each may choose the same one of connections that nobody uses, or that are not there yet. */
static void transactions_that_begin_at_once_have_a_connection_each(void **state)
{
    (void)state;
    for (int round = 0; round < BEGINS; round++) {
        pthread_t threads[2];
        bool wrong[2];
        script_start();
        script_now.topology = (ar_topology){ .writers = 2, .blocking = true };
        p = script_pool_open(NULL);
        atomic_store(&holders, 0);
        for (int i = 0; i < 2; i++)
            pthread_create(&threads[i], NULL, hold, &wrong[i]);
        for (int i = 0; i < 2; i++)
            pthread_join(threads[i], NULL);
        script_pool_close(&p);
        assert_false(wrong[0] || wrong[1]);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(nothing_waits_for_one_connection_while_another_is_idle),
        TEST(first_come_is_first_served),
        TEST(a_blocking_call_waits_in_the_queue),
        TEST(what_is_cancelled_in_the_queue_is_never_sent),
        TEST(a_deadline_ends_waiting_in_the_queue),
        TEST(a_transaction_goes_where_there_is_room_in_its_order),
        TEST(what_waits_behind_a_transaction_goes_elsewhere),
        TEST(a_transaction_let_go_in_the_queue_sends_nothing),
        TEST(waiting_for_connections_that_this_thread_has_is_refused),
        TEST(the_queue_has_its_limit),
        TEST(closing_fails_what_waits),
        TEST(many_threads_are_all_served),
        cmocka_unit_test(transactions_that_begin_at_once_have_a_connection_each),
    };
    return cmocka_run_group_tests_name("queue", tests, NULL, NULL);
}
