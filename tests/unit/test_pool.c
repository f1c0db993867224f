/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "actors/runtime.h"
#include "tests/support/script_backend.h"

/* Which connection an operation goes to, on which thread it runs, and how many may wait. One writer, two readers:
 * connection 0 is the writer, which is opened first. */

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

static void reopen(ar_topology topology, uint32_t queue_limit)
{
    script_pool_close(&p);
    script_start();
    script_now.topology = topology;
    p = script_pool_open(&(ari_pool_options){ .queue_limit = queue_limit });
    script_forget_log();
}

static ar_status run(const char *sql)
{
    return script_run(p.pool, NULL, sql, &err);
}

static void reads_go_to_readers_and_the_rest_to_the_writer(void **state)
{
    (void)state;
    assert_int_equal(run("r:ok"), AR_OK);
    assert_int_equal(run("w:ok"), AR_OK);
    assert_int_equal(run("d:ok"), AR_OK);
    assert_int_equal(run("r:ok again"), AR_OK);
    script_expect_log("1:open | 1:r:ok | 0:w:ok | 0:d:ok | 1:r:ok again");
}

static void a_read_does_not_wait_for_a_write(void **state)
{
    (void)state;
    ar_future *write = script_submit(p.pool, NULL, "w:wait");
    script_wait_for("0:w:wait");
    assert_int_equal(run("r:ok"), AR_OK);
    ar_future *read = script_submit(p.pool, NULL, "r:ok async");
    assert_int_equal(script_await(&read, &err), AR_OK);
    assert_false(ar_future_is_done(write));
    ar_future_drop(&write);
}

static void a_blocking_read_takes_a_connection_that_is_free(void **state)
{
    (void)state;
    ar_future *read = script_submit(p.pool, NULL, "r:wait");
    script_wait_for("1:r:wait");
    assert_int_equal(run("r:ok"), AR_OK);
    script_expect_log("1:open | 1:r:wait | 2:open | 2:r:ok");
    ar_future_drop(&read);
}

static void a_read_that_nobody_waits_for_takes_a_connection_that_is_free(void **state)
{
    (void)state;
    ar_future *first = script_submit(p.pool, NULL, "r:wait");
    script_wait_for("1:r:wait");
    ar_future *second = script_submit(p.pool, NULL, "r:ok");
    assert_int_equal(script_await(&second, &err), AR_OK);
    assert_false(ar_future_is_done(first));
    ar_future_drop(&first);
}

static ar_future *submit_brief(const char *sql)
{
    ari_op *op = script_op(p.pool, sql);
    op->brief = true;
    return ari_pool_submit(p.pool, NULL, op);
}

/* Waking a thread costs more than they do: brief reads follow each other to the connection that does such ones, and to none that does others. */
static void brief_reads_go_where_brief_reads_are(void **state)
{
    (void)state;
    ar_future *first = submit_brief("r:wait");
    script_wait_for("1:r:wait");
    ar_future *second = submit_brief("r:ok");
    assert_false(ar_future_is_done(second));
    script_let_go();
    assert_int_equal(script_await(&first, &err), AR_OK);
    assert_int_equal(script_await(&second, &err), AR_OK);
    assert_null(strstr(script_log(), "2:"));
}

static void a_brief_read_does_not_wait_for_another_kind(void **state)
{
    (void)state;
    ar_future *slow = script_submit(p.pool, NULL, "r:wait");
    script_wait_for("1:r:wait");
    ar_future *brief = submit_brief("r:ok");
    assert_int_equal(script_await(&brief, &err), AR_OK);
    assert_false(ar_future_is_done(slow));
    ar_future_drop(&slow);
}

static void beyond_a_depth_reads_go_to_another_connection(void **state)
{
    (void)state;
    enum { MANY = 40 };
    ar_future *blocker = script_submit(p.pool, NULL, "r:wait");
    script_wait_for("1:r:wait");
    ar_future *futures[MANY];
    for (int i = 0; i < MANY; i++)
        futures[i] = script_submit(p.pool, NULL, "r:ok");
    script_wait_for("2:r:ok");
    script_let_go();
    for (int i = 0; i < MANY; i++)
        assert_int_equal(script_await(&futures[i], &err), AR_OK);
    assert_int_equal(script_await(&blocker, &err), AR_OK);
}

static void one_connection_does_everything_where_there_is_one(void **state)
{
    (void)state;
    reopen((ar_topology){ .writers = 1, .blocking = true }, 0);
    assert_int_equal(run("r:ok"), AR_OK);
    assert_int_equal(run("w:ok"), AR_OK);
    script_expect_log("0:r:ok | 0:w:ok");
    assert_int_equal(script_open_connections(), 1);
}

static void a_read_only_pool_refuses_writes(void **state)
{
    (void)state;
    reopen((ar_topology){ .readers = 2, .blocking = true }, 0);
    assert_int_equal(run("r:ok"), AR_OK);
    assert_int_equal(run("w:ok"), AR_E_READ_ONLY);
    assert_int_equal(err.status, AR_E_READ_ONLY);
    assert_int_equal(run("d:ok"), AR_E_READ_ONLY);
    ar_future *future = script_submit(p.pool, NULL, "w:ok");
    assert_true(ar_future_is_done(future));
    assert_int_equal(script_await(&future, &err), AR_E_READ_ONLY);
    ari_lease *lease = script_lease(p.pool, (ari_lease_options){ .read_only = false });
    assert_int_equal(script_run(p.pool, lease, "r:ok", &err), AR_E_READ_ONLY);
    assert_int_equal(ari_lease_commit_wait(lease, &err), AR_OK); /* nothing was sent */
    ari_lease_release(lease);
    assert_null(strstr(script_log(), "BEGIN"));
    assert_null(strstr(script_log(), "w:ok"));
}

static void a_full_queue_is_overload_and_ends_of_transactions_get_through(void **state)
{
    (void)state;
    reopen((ar_topology){ .writers = 1, .blocking = true }, 3);
    ari_lease *lease = script_lease(p.pool, (ari_lease_options){ .unheld = true });
    assert_int_equal(script_run(p.pool, lease, "w:ok", &err), AR_OK);
    ar_future *waiting[3];
    for (int i = 0; i < 3; i++)
        waiting[i] = script_submit(p.pool, NULL, "w:ok waits");
    assert_int_equal(script_run(p.pool, lease, "w:ok", &err), AR_E_OVERLOAD);
    assert_non_null(strstr(err.message, "queue_limit"));
    assert_int_equal(run("w:ok"), AR_E_OVERLOAD);
    ar_future *future = script_submit(p.pool, NULL, "w:ok");
    assert_true(ar_future_is_done(future));
    assert_int_equal(script_await(&future, &err), AR_E_OVERLOAD);
    assert_int_equal(ari_lease_commit_wait(lease, &err), AR_OK);
    ari_lease_release(lease);
    for (int i = 0; i < 3; i++)
        assert_int_equal(script_await(&waiting[i], &err), AR_OK);
    assert_int_equal(run("w:ok after"), AR_OK); /* there is room again */
}

static void an_overload_does_not_abort_a_transaction(void **state)
{
    (void)state;
    reopen((ar_topology){ .writers = 1, .blocking = true }, 1);
    ari_lease *lease = script_lease(p.pool, (ari_lease_options){ .unheld = true });
    assert_int_equal(script_run(p.pool, lease, "w:ok", &err), AR_OK);
    ar_future *waiting = script_submit(p.pool, NULL, "w:ok waits");
    assert_int_equal(script_run(p.pool, lease, "w:ok", &err), AR_E_OVERLOAD);
    assert_int_equal(ar_future_cancel(waiting, &err), AR_OK);
    ar_future_drop(&waiting);
    assert_int_equal(ari_lease_commit_wait(lease, &err), AR_OK);
    assert_non_null(strstr(script_log(), "COMMIT"));
    ari_lease_release(lease);
}

/* --- helping --- */

static void a_blocking_call_runs_on_the_thread_that_waits(void **state)
{
    (void)state;
    assert_int_equal(run("r:ok"), AR_OK);
    assert_int_equal(run("w:ok"), AR_OK);
    bool read_here = pthread_equal(script_thread_of("1:r:ok"), pthread_self()) != 0;
    bool write_here = pthread_equal(script_thread_of("0:w:ok"), pthread_self()) != 0;
    assert_int_equal(read_here, p.runtime->help);
    assert_int_equal(write_here, p.runtime->help);
}

static void a_transaction_runs_on_the_thread_that_waits(void **state)
{
    (void)state;
    ari_lease *lease = script_lease(p.pool, (ari_lease_options){ .read_only = false });
    assert_int_equal(script_run(p.pool, lease, "w:ok", &err), AR_OK);
    assert_int_equal(ari_lease_commit_wait(lease, &err), AR_OK);
    ari_lease_release(lease);
    assert_int_equal(pthread_equal(script_thread_of("0:BEGIN"), pthread_self()) != 0, p.runtime->help);
    assert_int_equal(pthread_equal(script_thread_of("0:COMMIT"), pthread_self()) != 0, p.runtime->help);
}

static void what_nobody_waits_for_runs_on_the_connection(void **state)
{
    (void)state;
    ar_future *future = script_submit(p.pool, NULL, "w:ok");
    script_wait_for("0:w:ok");
    assert_false(pthread_equal(script_thread_of("0:w:ok"), pthread_self()));
    assert_int_equal(script_await(&future, &err), AR_OK);
}

static void helping_can_be_turned_off(void **state)
{
    (void)state;
    ar_runtime *runtime = NULL;
    ari_pool *pool = NULL;
    assert_int_equal(ar_runtime_create(&(ar_runtime_options){ .help = AR_HELP_OFF }, &runtime, &err), AR_OK);
    assert_int_equal(ari_pool_open(runtime, "test:", NULL, &pool, &err), AR_OK);
    assert_int_equal(script_run(pool, NULL, "w:ok off", &err), AR_OK);
    assert_false(pthread_equal(script_thread_of("1:w:ok off"), pthread_self()));
    ari_pool_close(pool);
    ari_pool_release(pool);
    assert_int_equal(ar_runtime_close(&runtime, &err), AR_OK);
}

/* --- many threads --- */

enum { THREADS = 4, ROUNDS = 300 };

static atomic_int answers[32];

static void *hammer(void *arg)
{
    static const char *const statements[] = { "r:ok", "w:ok", "w:fail", "r:ok again" };
    ar_error error;
    (void)arg;
    for (int i = 0; i < ROUNDS; i++) {
        const char *sql = statements[i % 4];
        ar_future *future = script_submit(p.pool, NULL, sql);
        atomic_fetch_add(&answers[script_run(p.pool, NULL, sql, &error)], 1);
        atomic_fetch_add(&answers[script_await(&future, &error)], 1);
    }
    return NULL;
}

static void start(pthread_t *threads, void *(*work)(void *))
{
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work, NULL), 0);
}

static void join(pthread_t *threads)
{
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

static void every_operation_of_every_thread_completes_once(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    for (int i = 0; i < 32; i++)
        atomic_store(&answers[i], 0);
    start(threads, hammer);
    join(threads);
    assert_int_equal(atomic_load(&answers[AR_OK]), THREADS * ROUNDS * 2 * 3 / 4);
    assert_int_equal(atomic_load(&answers[AR_E_QUERY]), THREADS * ROUNDS * 2 / 4);
}

/* Closed in the midst of it: each call is answered or refused, and the pool's memory stays as long as somebody needs
 * it. */
static void a_pool_can_be_closed_under_its_users(void **state)
{
    (void)state;
    for (int round = 0; round < 5; round++) {
        pthread_t threads[THREADS];
        for (int i = 0; i < 32; i++)
            atomic_store(&answers[i], 0);
        start(threads, hammer);
        while (atomic_load(&answers[AR_OK]) < 20)
            assert_true(run("r:ok") == AR_OK);
        ari_pool_close(p.pool);
        join(threads);
        int total = 0;
        for (int i = 0; i < 32; i++)
            total += atomic_load(&answers[i]);
        assert_int_equal(total, THREADS * ROUNDS * 2);
        assert_int_equal(total, atomic_load(&answers[AR_OK]) + atomic_load(&answers[AR_E_QUERY]) +
                                    atomic_load(&answers[AR_E_CLOSED]));
        assert_int_equal(run("r:ok"), AR_E_CLOSED);
        ari_pool_release(p.pool);
        assert_int_equal(ar_runtime_close(&p.runtime, &err), AR_OK);
        script_start();
        p = script_pool_open(NULL);
    }
}

/* The scripted backend complains of an operation outside its transaction. */
static void *transact(void *arg)
{
    ar_error error;
    (void)arg;
    for (int i = 0; i < 100; i++) {
        ari_lease *lease = ari_lease_create(p.pool, &(ari_lease_options){ .deadline = INT64_MAX });
        if (lease == NULL)
            return NULL;
        ar_future *future = script_submit(p.pool, lease, "w:ok");
        atomic_fetch_add(&answers[script_run(p.pool, lease, "w:ok", &error)], 1);
        ar_status end = i % 2 == 0 ? ari_lease_commit_wait(lease, &error) : ari_lease_rollback_wait(lease, &error);
        atomic_fetch_add(&answers[end], 1);
        atomic_fetch_add(&answers[script_await(&future, &error)], 1);
        ari_lease_release(lease);
    }
    return NULL;
}

static void transactions_of_threads_take_turns(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    for (int i = 0; i < 32; i++)
        atomic_store(&answers[i], 0);
    start(threads, transact);
    join(threads);
    assert_int_equal(atomic_load(&answers[AR_OK]), THREADS * 100 * 3);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(reads_go_to_readers_and_the_rest_to_the_writer),
        TEST(a_read_does_not_wait_for_a_write),
        TEST(a_blocking_read_takes_a_connection_that_is_free),
        TEST(a_read_that_nobody_waits_for_takes_a_connection_that_is_free),
        TEST(brief_reads_go_where_brief_reads_are),
        TEST(a_brief_read_does_not_wait_for_another_kind),
        TEST(beyond_a_depth_reads_go_to_another_connection),
        TEST(one_connection_does_everything_where_there_is_one),
        TEST(a_read_only_pool_refuses_writes),
        TEST(a_full_queue_is_overload_and_ends_of_transactions_get_through),
        TEST(an_overload_does_not_abort_a_transaction),
        TEST(a_blocking_call_runs_on_the_thread_that_waits),
        TEST(a_transaction_runs_on_the_thread_that_waits),
        TEST(what_nobody_waits_for_runs_on_the_connection),
        TEST(helping_can_be_turned_off),
        TEST(every_operation_of_every_thread_completes_once),
        TEST(a_pool_can_be_closed_under_its_users),
        TEST(transactions_of_threads_take_turns),
    };
    return cmocka_run_group_tests_name("pool", tests, NULL, NULL);
}
