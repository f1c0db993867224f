/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backends/mysql/backend.h"
#include "tests/support/mysql_host.h"

/* Operations that are stopped, and connections that are lost. */

static int set_up(void **state)
{
    mysql_host_set_up(state);
    mysql_host_rows(*state, "DROP TABLE IF EXISTS t");
    mysql_host_rows(*state, "CREATE TABLE t (id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, n INT)");
    return 0;
}

static void shed(mysql_host *h)
{
    ari_mysql_backend.shed(h->connection);
}

static void what_waits_is_dropped_unsent(void **state)
{
    mysql_host *h = *state;
    size_t done = h->host.completed;
    fake_op *slow = fake_sql(&h->host, "SELECT SLEEP(0.05)");
    fake_op *waits = fake_sql(&h->host, "INSERT INTO t (n) VALUES (1)");
    mysql_host_send(h);
    mysql_host_step(h, 0);
    waits->cancelled = true;
    shed(h);
    mysql_host_tells(waits, AR_E_CANCELLED);
    assert_true(h->unsent);
    assert_false(waits->error.outcome_unknown);
    mysql_host_wait(h, done + 2);
    mysql_host_tells(slow, AR_OK);
    assert_string_equal(mysql_host_rows(h, "SELECT COUNT(*) FROM t"), "0;");
}

static void what_runs_is_stopped_and_never_another(void **state)
{
    mysql_host *h = *state;
    for (int i = 0; i < 10; i++) {
        size_t done = h->host.completed;
        fake_op *slow = fake_sql(&h->host, i % 2 == 0 ? "SELECT SLEEP(20)" : "SELECT SLEEP(0.002)");
        fake_op *after = fake_sql(&h->host, "SELECT SUM(n) FROM (SELECT SLEEP(0.01), 1 n UNION SELECT 2, 2) q");
        fake_op *last = fake_sql(&h->host, "INSERT INTO t (n) VALUES (1)");
        mysql_host_send(h);
        mysql_host_step(h, 0);
        mysql_host_step(h, i % 3);
        slow->operation.deadline = h->host.clock;
        if (slow->completions == 0)
            shed(h);
        if (i % 2 == 0)
            mysql_host_tells(slow, AR_E_TIMEOUT);
        mysql_host_wait(h, done + 3);
        mysql_host_tells(after, AR_OK);
        assert_string_equal(after->rows, "3;");
        mysql_host_tells(last, AR_OK);
    }
    assert_string_equal(mysql_host_rows(h, "SELECT COUNT(*) FROM t"), "10;");
}

static void a_write_that_was_sent_has_an_unknown_outcome(void **state)
{
    mysql_host *h = *state;
    size_t done = h->host.completed;
    fake_op *write = fake_sql(&h->host, "INSERT INTO t (n) SELECT SLEEP(20)");
    mysql_host_send(h);
    mysql_host_step(h, 100);
    mysql_host_step(h, 50);
    write->cancelled = true;
    shed(h);
    mysql_host_tells(write, AR_E_CANCELLED);
    assert_true(write->error.outcome_unknown);
    assert_false(h->unsent);
    assert_int_equal(h->host.completed, done + 1);
    assert_string_equal(mysql_host_rows(h, "SELECT COUNT(*) FROM t"), "0;");
}

static void kill(mysql_host *h, const char *what, const char *id)
{
    mysql_host other;
    char sql[64];
    mysql_host_init(&other, NULL);
    snprintf(sql, sizeof sql, "KILL %s %lld", what, strtoll(id, NULL, 10));
    mysql_host_rows(&other, sql);
    mysql_host_fini(&other);
    (void)h;
}

static void a_connection_that_was_killed_while_idle_is_noticed_before_a_write(void **state)
{
    mysql_host *h = *state;
    kill(h, "CONNECTION", mysql_host_rows(h, "SELECT CONNECTION_ID()"));
    assert_true(ari_mysql_backend.usable(h->connection));
    mysql_host_await_input(h);
    fake_op *write = mysql_host_sql(h, "INSERT INTO t (n) VALUES (1)");
    mysql_host_tells(write, AR_E_CONNECTION);
    assert_true(h->unsent);
    assert_false(write->error.outcome_unknown);
    assert_true(write->error.retryable);
    assert_false(ari_mysql_backend.usable(h->connection));
}

static void a_connection_that_is_killed_fails_what_runs(void **state)
{
    mysql_host *h = *state;
    const char *id = mysql_host_rows(h, "SELECT CONNECTION_ID()");
    size_t done = h->host.completed;
    fake_op *write = fake_sql(&h->host, "INSERT INTO t (n) SELECT SLEEP(20)");
    fake_op *waits = fake_sql(&h->host, "INSERT INTO t (n) VALUES (1)");
    mysql_host_send(h);
    mysql_host_step(h, 100);
    mysql_host_step(h, 50);
    kill(h, "CONNECTION", id);
    mysql_host_wait(h, done + 2);
    mysql_host_tells(write, AR_E_CONNECTION);
    assert_true(write->error.outcome_unknown);
    assert_false(write->error.retryable);
    mysql_host_tells(waits, AR_E_CONNECTION);
    assert_false(waits->error.outcome_unknown);
    assert_true(h->unsent);
    assert_false(ari_mysql_backend.usable(h->connection));
}

static void closing_fails_what_is_under_way(void **state)
{
    (void)state;
    mysql_host h;
    mysql_host_init(&h, NULL);
    fake_op *slow = fake_sql(&h.host, "SELECT SLEEP(20)");
    fake_op *waits = fake_sql(&h.host, "SELECT 1");
    mysql_host_send(&h);
    mysql_host_step(&h, 20);
    ari_mysql_backend.close(h.connection);
    h.connection = NULL;
    mysql_host_tells(slow, AR_E_CLOSED);
    mysql_host_tells(waits, AR_E_CLOSED);
    mysql_host_fini(&h);
}

static void a_statement_that_was_stopped_by_somebody_else_says_so(void **state)
{
    mysql_host *h = *state;
    const char *id = mysql_host_rows(h, "SELECT CONNECTION_ID()");
    size_t done = h->host.completed;
    fake_op *slow = fake_sql(&h->host, "SELECT COUNT(*) FROM t WHERE SLEEP(20) = 0 OR (SELECT SLEEP(20)) = 0");
    mysql_host_send(h);
    mysql_host_step(h, 100);
    mysql_host_step(h, 50);
    kill(h, "QUERY", id);
    mysql_host_wait(h, done + 1);
    assert_true(slow->status == AR_E_CANCELLED || slow->status == AR_OK);
    assert_string_equal(mysql_host_rows(h, "SELECT 1"), "1;");
}

static void the_server_ends_what_takes_too_long(void **state)
{
    (void)state;
    mysql_host h;
    mysql_host_init(&h, "statement_timeout_ms=50");
    fake_op *slow = mysql_host_sql(&h, "SELECT COUNT(*) FROM information_schema.columns a, information_schema.columns "
                                       "b, information_schema.columns c");
    mysql_host_tells(slow, AR_E_TIMEOUT);
    assert_string_equal(mysql_host_rows(&h, "SELECT 1"), "1;");
    mysql_host_fini(&h);
}

static void a_deadlock_ends_the_transaction(void **state)
{
    mysql_host *a = *state, b;
    mysql_host_init(&b, NULL);
    mysql_host_rows(a, "INSERT INTO t (n) VALUES (1), (2)");
    mysql_host *both[] = { a, &b };
    for (int i = 0; i < 2; i++) {
        char sql[64];
        fake_kind(&both[i]->host, AR_OP_BEGIN);
        snprintf(sql, sizeof sql, "UPDATE t SET n = 9 WHERE id = %d", i + 1);
        fake_sql(&both[i]->host, sql)->operation.in_transaction = true;
        mysql_host_run(both[i]);
    }
    size_t done = a->host.completed;
    fake_op *first = fake_sql(&a->host, "UPDATE t SET n = 8 WHERE id = 2");
    first->operation.in_transaction = true;
    mysql_host_send(a);
    for (int i = 0; i < 5; i++)
        mysql_host_step(a, 50);
    fake_op *second = fake_sql(&b.host, "UPDATE t SET n = 8 WHERE id = 1");
    second->operation.in_transaction = true;
    mysql_host_run(&b);
    if (second->status == AR_OK) { /* it was the other one's */
        mysql_host_wait(a, done + 1);
        second = first;
    }
    mysql_host_tells(second, AR_E_CONFLICT);
    assert_true(second->error.retryable);
    assert_true(second->ended_transaction);
    assert_int_equal(second->error.native_code, 1213);
    mysql_host_fini(&b);
    mysql_host_wait(a, done + 1);
}

static void a_lock_timeout_leaves_the_transaction(void **state)
{
    mysql_host *a = *state, b;
    mysql_host_init(&b, "lock_timeout_s=1");
    mysql_host_rows(a, "INSERT INTO t (n) VALUES (1)");
    fake_kind(&a->host, AR_OP_BEGIN);
    fake_sql(&a->host, "UPDATE t SET n = 9 WHERE id = 1")->operation.in_transaction = true;
    mysql_host_run(a);
    fake_kind(&b.host, AR_OP_BEGIN);
    fake_op *op = fake_sql(&b.host, "UPDATE t SET n = 8 WHERE id = 1");
    op->operation.in_transaction = true;
    mysql_host_run(&b);
    mysql_host_tells(op, AR_E_CONFLICT);
    assert_true(op->error.retryable);
    assert_false(op->ended_transaction);
    mysql_host_fini(&b);
}

#define on_server(test) cmocka_unit_test_setup_teardown(test, set_up, mysql_host_tear_down)

static int run(void)
{
    const struct CMUnitTest tests[] = {
        on_server(what_waits_is_dropped_unsent),
        on_server(what_runs_is_stopped_and_never_another),
        on_server(a_write_that_was_sent_has_an_unknown_outcome),
        on_server(a_connection_that_was_killed_while_idle_is_noticed_before_a_write),
        on_server(a_connection_that_is_killed_fails_what_runs),
        on_server(closing_fails_what_is_under_way),
        on_server(a_statement_that_was_stopped_by_somebody_else_says_so),
        on_server(the_server_ends_what_takes_too_long),
        on_server(a_deadlock_ends_the_transaction),
        on_server(a_lock_timeout_leaves_the_transaction),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
    if (ari_mysql_backend.shed == NULL)
        return 0; /* a connection that blocks cannot be told anything meanwhile */
    return mysql_host_main("mysql_cancel", run);
}
