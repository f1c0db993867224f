/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "orm/db.h"
#include "tests/support/script_db.h"

/* Databases and scopes as handles: deadlines, what dies with them, and what a stale one answers. On a scripted backend
 * with one writer and two readers. */

static ar_error err;
static script_db s;

static int set_up(void **state)
{
    (void)state;
    script_start();
    s = script_db_open(NULL);
    script_forget_log();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    script_let_go();
    script_db_close(&s);
    return 0;
}

static ar_status exec(ar_db *db, const char *sql)
{
    return script_exec(db, sql, &err);
}

static ar_db *scope_for(ar_db *parent, int64_t timeout_ms)
{
    ar_db *scope = ar_scope_open(parent, &(ar_scope_options){ .timeout_ms = timeout_ms });
    assert_non_null(scope);
    return scope;
}

/* --- deadlines: all waits here are for ever, but for them --- */

static void a_scope_ends_what_outlasts_it(void **state)
{
    (void)state;
    ar_db *scope = scope_for(s.db, 300);
    assert_int_equal(exec(scope, "w:ok"), AR_OK);
    assert_int_equal(exec(scope, "w:wait"), AR_E_TIMEOUT);
    assert_int_equal(exec(scope, "w:ok"), AR_E_TIMEOUT); /* for all that is done through it together */
    ar_int64_future future = script_exec_async(scope, "w:ok");
    assert_int_equal(ar_int64_await(&future, NULL, &err), AR_E_TIMEOUT);
    ar_scope_close(&scope);
    assert_null(scope);
    assert_int_equal(exec(s.db, "w:ok"), AR_OK);
}

static void a_child_is_never_later_than_its_parent(void **state)
{
    (void)state;
    ar_db *outer = scope_for(s.db, 30);
    ar_db *inner = scope_for(outer, 1000000);
    ar_db *tx = ar_tx_begin(inner, &(ar_tx_options){ .timeout_ms = 1000000 });
    assert_int_equal(exec(tx, "w:wait"), AR_E_TIMEOUT);
    assert_int_equal(ar_tx_rollback(&tx, &err), AR_OK);
    assert_int_equal(exec(inner, "w:ok"), AR_E_TIMEOUT);
    ar_scope_close(&outer);
    outer = scope_for(s.db, 1000000);
    inner = scope_for(outer, 30);
    assert_int_equal(exec(inner, "w:wait"), AR_E_TIMEOUT);
    assert_int_equal(exec(outer, "w:ok"), AR_OK);
    ar_scope_close(&outer);
}

static void a_database_gives_each_operation_its_time(void **state)
{
    (void)state;
    script_db_close(&s);
    script_start();
    s = script_db_open(&(ar_db_options){ .timeout_ms = 300 });
    assert_int_equal(exec(s.db, "w:wait"), AR_E_TIMEOUT);
    assert_int_equal(exec(s.db, "w:ok"), AR_OK);
    ar_db *scope = scope_for(s.db, 0);
    ar_int64_future future = script_exec_async(scope, "w:wait");
    assert_int_equal(ar_int64_await(&future, NULL, &err), AR_E_TIMEOUT);
    assert_int_equal(exec(scope, "w:ok"), AR_OK);
    ar_scope_close(&scope);
    script_db_close(&s);
    script_start();
    s = script_db_open(&(ar_db_options){ .timeout_ms = 1000000 });
    scope = scope_for(s.db, 30); /* the earlier counts */
    assert_int_equal(exec(scope, "w:wait"), AR_E_TIMEOUT);
    ar_scope_close(&scope);
}

static void a_commit_is_in_time_too(void **state)
{
    (void)state;
    ar_db *scope = scope_for(s.db, 300);
    ar_db *tx = ar_tx_begin(scope, NULL);
    assert_int_equal(exec(tx, "w:ok"), AR_OK);
    ar_int64_future late = script_exec_async(scope, "r:wait");
    while (!ar_future_is_done(late.raw))
        ar_ignore(exec(scope, "r:ok"));
    ar_future_drop(&late.raw);
    assert_int_equal(ar_tx_commit(&tx, &err), AR_E_TIMEOUT);
    assert_non_null(strstr(script_log(), "0:ROLLBACK"));
    ar_scope_close(&scope);
}

/* --- closing --- */

static void closing_stops_what_is_under_way(void **state)
{
    (void)state;
    ar_db *scope = scope_for(s.db, 0);
    ar_int64_future running = script_exec_async(scope, "w:wait");
    script_wait_for("0:w:wait");
    ar_int64_future unsent = script_exec_async(scope, "w:ok never");
    ar_int64_future dropped = script_exec_async(scope, "w:ok nor this");
    ar_future_drop(&dropped.raw);
    ar_int64_future outside = script_exec_async(s.db, "w:ok outside");
    ar_scope_close(&scope);
    assert_int_equal(ar_int64_await(&running, NULL, &err), AR_E_CANCELLED);
    assert_int_equal(ar_int64_await(&unsent, NULL, &err), AR_E_CANCELLED);
    assert_int_equal(ar_int64_await(&outside, NULL, &err), AR_OK);
    script_expect_log("0:w:wait | 0:w:ok outside");
}

static void closing_rolls_back_and_closes_what_is_inside(void **state)
{
    (void)state;
    ar_db *scope = scope_for(s.db, 0);
    ar_db *inner = scope_for(scope, 0);
    ar_db *tx = ar_tx_begin(inner, NULL);
    ar_db *savepoint = ar_tx_begin(tx, NULL);
    ar_db *in_tx = scope_for(savepoint, 0);
    assert_int_equal(exec(in_tx, "w:ok"), AR_OK);
    ar_scope_close(&scope);
    script_expect_log("0:BEGIN | 0:SAVEPOINT 1 | 0:w:ok | 0:BACK 1 | 0:RELEASE 1 | 0:ROLLBACK | 0:RESET");
    ar_db *closed[] = { inner, tx, savepoint, in_tx };
    for (int i = 0; i < 4; i++) {
        assert_int_equal(exec(closed[i], "w:ok"), AR_E_CLOSED);
        ar_db_close(&closed[i]);
        assert_null(closed[i]);
    }
}

static void a_scope_in_a_transaction_works_in_it(void **state)
{
    (void)state;
    ar_db *tx = ar_tx_begin(s.db, NULL);
    ar_db *scope = scope_for(tx, 0);
    assert_int_equal(exec(scope, "w:ok"), AR_OK);
    assert_int_equal(exec(scope, "s:ok"), AR_OK);
    ar_scope_close(&scope);
    assert_int_equal(exec(tx, "w:ok 2"), AR_OK);
    assert_int_equal(ar_tx_commit(&tx, &err), AR_OK);
    script_expect_log("0:BEGIN | 0:w:ok | 0:s:ok | 0:w:ok 2 | 0:COMMIT | 0:RESET");
}

static void closing_the_database_closes_what_is_open_on_it(void **state)
{
    (void)state;
    ar_db *scope = scope_for(s.db, 0);
    ar_db *tx = ar_tx_begin(scope, NULL);
    assert_int_equal(exec(tx, "w:ok"), AR_OK);
    ar_int64_future running = script_exec_async(scope, "r:wait");
    script_wait_for("1:r:wait");
    ar_db *stale = s.db;
    ar_db_close(&s.db);
    assert_null(s.db);
    assert_int_equal(ar_int64_await(&running, NULL, &err), AR_E_CANCELLED);
    assert_int_equal(exec(stale, "w:ok"), AR_E_CLOSED);
    assert_int_equal(exec(scope, "w:ok"), AR_E_CLOSED);
    assert_int_equal(exec(tx, "w:ok"), AR_E_CLOSED);
    assert_int_equal(ar_tx_commit(&tx, &err), AR_E_CLOSED);
    ar_scope_close(&scope);
    ar_db_close(&stale);
    assert_non_null(strstr(script_log(), "0:ROLLBACK"));
    assert_int_equal(script_open_connections(), 0);
}

static void closing_waits_and_then_fails_what_is_left(void **state)
{
    (void)state;
    script_db_close(&s);
    script_start();
    s = script_db_open(&(ar_db_options){ .close_wait_ms = 10 });
    ar_int64_future running = script_exec_async(s.db, "w:wait");
    script_wait_for("0:w:wait");
    ar_int64_future behind = script_exec_async(s.db, "w:ok");
    ar_db_close(&s.db);
    assert_int_equal(ar_int64_await(&running, NULL, &err), AR_E_CLOSED);
    assert_int_equal(ar_int64_await(&behind, NULL, &err), AR_E_CLOSED);
}

static void closing_waits_for_as_long_as_it_takes(void **state)
{
    (void)state;
    enum { MANY = 200 };
    ar_int64_future futures[MANY];
    script_db_close(&s);
    script_start();
    s = script_db_open(&(ar_db_options){ .close_wait_ms = -1 });
    for (int i = 0; i < MANY; i++)
        futures[i] = script_exec_async(s.db, i % 3 == 0 ? "w:ok" : "r:ok");
    ar_db_close(&s.db);
    for (int i = 0; i < MANY; i++)
        assert_int_equal(ar_int64_await(&futures[i], NULL, &err), AR_OK);
}

/* --- what a scope owns --- */

typedef struct thing {
    ari_owned base;
    int freed;
} thing;

static void free_thing(ari_owned *owned)
{
    ((thing *)owned)->freed++;
}

static void own(ar_db *handle, thing *t)
{
    *t = (thing){ .base = { .free = free_thing } };
    ari_db *entered = ari_db_enter(handle, &err);
    assert_non_null(entered);
    ari_db_own(entered, &t->base);
    ari_db_leave(entered);
}

static void what_is_owned_dies_with_the_scope(void **state)
{
    (void)state;
    thing a, b, c, d;
    ar_db *scope = scope_for(s.db, 0);
    ar_db *inner = scope_for(scope, 0);
    own(scope, &a);
    own(scope, &b);
    own(scope, &c);
    own(inner, &d);
    ari_disown(&b.base);
    ari_disown(&b.base);
    ar_scope_close(&inner);
    assert_int_equal(d.freed, 1);
    assert_int_equal(a.freed + b.freed + c.freed, 0);
    ar_scope_close(&scope);
    assert_true(a.freed == 1 && b.freed == 0 && c.freed == 1 && d.freed == 1);
    own(s.db, &a); /* a database owns nothing */
    assert_int_equal(a.freed, 0);
    ari_disown(&a.base);
}

static void what_a_transaction_read_dies_with_the_attempt(void **state)
{
    (void)state;
    thing read[3];
    int attempts = 0;
    ar_status status;
    ar_db *tx = ar_tx_begin(s.db, &(ar_tx_options){ .retries = 2 });
    do {
        own(tx, &read[attempts]);
        if (attempts > 0)
            assert_int_equal(read[attempts - 1].freed, 1);
        status = exec(tx, ++attempts < 3 ? "w:conflict" : "w:ok");
    } while (ar_tx_finish(&tx, &status, &err));
    assert_int_equal(status, AR_OK);
    assert_true(read[0].freed == 1 && read[1].freed == 1 && read[2].freed == 1);
    thing t;
    tx = ar_tx_begin(s.db, NULL);
    own(tx, &t);
    ar_done done = ar_tx_commit_async(&tx);
    assert_int_equal(t.freed, 0);
    assert_int_equal(ar_done_await(&done, &err), AR_OK);
    assert_int_equal(t.freed, 1);
}

/* A scope may live long and do much: it keeps no more than what is under way. */
static void a_scope_forgets_what_is_done(void **state)
{
    (void)state;
    ar_db *scope = scope_for(s.db, 0);
    size_t most = 0;
    for (int i = 0; i < 1000; i++) {
        ar_int64_future future = script_exec_async(scope, "w:ok");
        assert_int_equal(ar_int64_await(&future, NULL, &err), AR_OK);
        most = script_live() > most ? script_live() : most;
    }
    assert_true(most < 400);
    ar_scope_close(&scope);
}

/* --- trace --- */

static char traced[512];
static pthread_mutex_t traced_lock = PTHREAD_MUTEX_INITIALIZER;

static void keep_log(void *ctx, ar_log_level level, const char *message)
{
    (void)ctx;
    (void)level;
    pthread_mutex_lock(&traced_lock);
    if (strstr(message, "failed") != NULL)
        snprintf(traced, sizeof traced, "%s", message);
    pthread_mutex_unlock(&traced_lock);
}

static void a_trace_stands_in_the_log_with_what_fails(void **state)
{
    (void)state;
    ar_runtime *runtime = NULL;
    ar_db *db = NULL;
    char trace[129];
    memset(trace, 'x', sizeof trace);
    trace[127] = '\0';
    assert_int_equal(ar_runtime_create(&(ar_runtime_options){ .log = keep_log }, &runtime, &err), AR_OK);
    assert_int_equal(ar_db_open("test:", &(ar_db_options){ .runtime = runtime }, &db, &err), AR_OK);
    ar_db *scope = ar_scope_open(db, &(ar_scope_options){ .trace = "request 7" });
    ar_db *inner = ar_scope_open(scope, NULL);
    assert_int_equal(exec(inner, "w:fail"), AR_E_QUERY);
    ar_scope_close(&scope);
    assert_non_null(strstr(traced, "request 7"));
    assert_non_null(strstr(traced, "it was to fail"));
    scope = ar_scope_open(db, &(ar_scope_options){ .trace = trace });
    assert_int_equal(exec(scope, "w:ok"), AR_OK);
    ar_scope_close(&scope);
    trace[127] = 'x';
    trace[128] = '\0';
    scope = ar_scope_open(db, &(ar_scope_options){ .trace = trace });
    assert_int_equal(exec(scope, "w:ok"), AR_E_INVALID);
    ar_scope_close(&scope);
    ar_db_close(&db);
    assert_int_equal(ar_runtime_close(&runtime, &err), AR_OK);
}

/* --- handles --- */

static void trouble_with_opening_shows_with_the_first_operation(void **state)
{
    (void)state;
    ar_db *scope = ar_scope_open(NULL, NULL);
    assert_non_null(scope);
    assert_int_equal(exec(scope, "w:ok"), AR_E_INVALID);
    ar_db *inner = ar_scope_open(scope, NULL);
    assert_int_equal(exec(inner, "w:ok"), AR_E_INVALID);
    ar_scope_close(&inner);
    ar_scope_close(&scope);
    assert_null(scope);
    static const ar_scope_options wrong[] = { { .timeout_ms = -1 }, { .struct_size = 1 } };
    for (int i = 0; i < 2; i++) {
        scope = ar_scope_open(s.db, &wrong[i]);
        assert_int_equal(exec(scope, "w:ok"), AR_E_INVALID);
        ar_scope_close(&scope);
    }
    scope = scope_for(s.db, 0);
    ar_db *stale = scope;
    ar_scope_close(&scope);
    assert_int_equal(exec(stale, "w:ok"), AR_E_CLOSED);
    ar_int64_future future = script_exec_async(stale, "w:ok");
    assert_int_equal(ar_int64_await(&future, NULL, &err), AR_E_CLOSED);
    inner = ar_scope_open(stale, NULL);
    assert_int_equal(exec(inner, "w:ok"), AR_E_CLOSED);
    ar_scope_close(&inner);
    inner = ar_tx_begin(stale, NULL);
    assert_int_equal(exec(inner, "w:ok"), AR_E_CLOSED);
    ar_scope_close(&stale);
    assert_null(stale);
}

static void opening_a_database_checks_what_it_is_given(void **state)
{
    (void)state;
    ar_db *db = s.db;
    assert_int_equal(ar_db_open("test:", NULL, NULL, &err), AR_E_INVALID);
    assert_int_equal(ar_db_open(NULL, NULL, &db, &err), AR_E_INVALID);
    assert_null(db);
    assert_int_equal(ar_db_open("test:", &(ar_db_options){ .timeout_ms = -1 }, &db, NULL), AR_E_INVALID);
    assert_int_equal(ar_db_open("test:", &(ar_db_options){ .struct_size = 3 }, &db, &err), AR_E_INVALID);
    assert_int_equal(ar_db_open("test:?unknown=1", NULL, &db, &err), AR_E_INVALID);
    script_now.fail_opens = 1;
    assert_int_equal(ar_db_open("test:", NULL, &db, &err), AR_E_CONNECTION);
    assert_null(db);
    ar_db_close(NULL);
    ar_db_close(&db);
    ar_scope_close(NULL);
}

static void an_old_handle_is_not_taken_for_a_new_one(void **state)
{
    (void)state;
    enum { MANY = 600 }; /* more than the first chunk of the table has */
    static ar_db *scopes[MANY];
    ar_db *first = scope_for(s.db, 0);
    ar_db *old = first;
    ar_scope_close(&first);
    for (int i = 0; i < MANY; i++) {
        scopes[i] = scope_for(s.db, 0);
        assert_ptr_not_equal(scopes[i], old);
    }
    assert_int_equal(exec(old, "w:ok"), AR_E_CLOSED);
    for (int i = 0; i < MANY; i++) {
        if (i % 97 == 0)
            assert_int_equal(exec(scopes[i], "w:ok"), AR_OK);
        if (i % 2 == 0)
            ar_scope_close(&scopes[i]);
    }
    ar_db_close(&s.db); /* the other half with it */
}

static void a_child_process_is_told_that_it_is_one(void **state)
{
    (void)state;
    ar_db *scope = scope_for(s.db, 0);
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        bool right = script_exec(s.db, "w:ok", &err) == AR_E_FORKED && script_exec(scope, "r:ok", &err) == AR_E_FORKED;
        ar_db *inner = ar_scope_open(s.db, NULL);
        right = right && script_exec(inner, "r:ok", &err) == AR_E_FORKED;
        ar_db_close(&s.db); /* does nothing, and does not hang */
        _exit(right ? 0 : 1);
    }
    int result = -1;
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_int_equal(result, 0);
    assert_int_equal(exec(scope, "r:ok"), AR_OK);
    ar_scope_close(&scope);
}

/* --- used by threads while it is closed --- */

enum { THREADS = 4 };

static atomic_int rounds;
static atomic_int wrong_answers;

/* AR_E_DEADLOCK: a transaction of this thread is being rolled back by the one that closes, at this moment. */
static bool is_right(ar_status status)
{
    return status == AR_OK || status == AR_E_CLOSED || status == AR_E_CANCELLED || status == AR_E_TX_ABORTED ||
           status == AR_E_DEADLOCK;
}

static void *use(void *arg)
{
    ar_error error;
    ar_db *db = arg;
    for (;;) {
        ar_db *scope = ar_scope_open(db, NULL);
        ar_int64_future future = script_exec_async(scope, "r:ok");
        ar_status last = script_exec(scope, "w:ok", &error);
        ar_db *tx = ar_tx_begin(scope, NULL);
        ar_status in_tx = script_exec(tx, "w:ok", &error);
        ar_db *inner = ar_tx_begin(tx, NULL);
        ar_int64_future in_savepoint = script_exec_async(inner, "w:ok");
        ar_ignore(ar_tx_commit(&inner, NULL));
        ar_status end = ar_tx_finish(&tx, &in_tx, &error) ? AR_E_INVALID : in_tx;
        ar_status async = ar_int64_await(&future, NULL, &error);
        ar_status async_in = ar_int64_await(&in_savepoint, NULL, &error);
        if (!is_right(last) || !is_right(end) || !is_right(async) || !is_right(async_in))
            atomic_fetch_add(&wrong_answers, 1);
        if (atomic_fetch_add(&rounds, 1) % 2 == 0)
            ar_scope_close(&scope);
        if (last == AR_E_CLOSED || last == AR_E_NO_MEMORY)
            return NULL;
    }
}

static void a_database_can_be_closed_under_its_users(void **state)
{
    (void)state;
    atomic_store(&wrong_answers, 0);
    for (int round = 0; round < 10; round++) {
        pthread_t threads[THREADS];
        ar_db *shared = s.db;
        atomic_store(&rounds, 0);
        for (int i = 0; i < THREADS; i++)
            assert_int_equal(pthread_create(&threads[i], NULL, use, shared), 0);
        while (atomic_load(&rounds) < 20)
            assert_int_equal(exec(shared, "r:ok"), AR_OK);
        ar_db_close(&s.db);
        for (int i = 0; i < THREADS; i++)
            pthread_join(threads[i], NULL);
        assert_int_equal(atomic_load(&wrong_answers), 0);
        script_db_close(&s); /* counts */
        script_start();
        s = script_db_open(NULL);
    }
}

/* --- memory --- */

static void every_refused_allocation_is_an_error(void **state)
{
    (void)state;
    for (int on = 0; on < 2; on++) {
        for (size_t n = 1;; n++) {
            ar_db *db = NULL;
            assert_true(n < 1000);
            script_refuse(n, on == 1);
            ar_status status = ar_db_open("test:", &(ar_db_options){ .runtime = s.runtime }, &db, &err);
            ar_db *scope = ar_scope_open(db, NULL);
            if (status == AR_OK)
                status = script_exec(scope, "w:ok", &err);
            ar_int64_future future = script_exec_async(scope, "r:ok");
            ar_status async = ar_int64_await(&future, NULL, &err);
            if (status == AR_OK)
                status = async;
            ar_scope_close(&scope);
            ar_db_close(&db);
            bool refused = script_refused();
            script_refuse(0, false);
            if (!refused) {
                assert_int_equal(status, AR_OK);
                break;
            }
            assert_true(status == AR_OK || status == AR_E_NO_MEMORY);
        }
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_scope_ends_what_outlasts_it),
        TEST(a_child_is_never_later_than_its_parent),
        TEST(a_database_gives_each_operation_its_time),
        TEST(a_commit_is_in_time_too),
        TEST(closing_stops_what_is_under_way),
        TEST(closing_rolls_back_and_closes_what_is_inside),
        TEST(a_scope_in_a_transaction_works_in_it),
        TEST(closing_the_database_closes_what_is_open_on_it),
        TEST(closing_waits_and_then_fails_what_is_left),
        TEST(closing_waits_for_as_long_as_it_takes),
        TEST(what_is_owned_dies_with_the_scope),
        TEST(what_a_transaction_read_dies_with_the_attempt),
        TEST(a_scope_forgets_what_is_done),
        TEST(a_trace_stands_in_the_log_with_what_fails),
        TEST(trouble_with_opening_shows_with_the_first_operation),
        TEST(opening_a_database_checks_what_it_is_given),
        TEST(an_old_handle_is_not_taken_for_a_new_one),
        TEST(a_child_process_is_told_that_it_is_one),
        TEST(a_database_can_be_closed_under_its_users),
        TEST(every_refused_allocation_is_an_error),
    };
    return cmocka_run_group_tests_name("scope", tests, NULL, NULL);
}
