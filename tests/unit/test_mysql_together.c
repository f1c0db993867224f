/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backends/mysql/backend.h"
#include "tests/support/mysql_host.h"

/* Finds by key that wait together are one query. */

enum { SIZES = 3 };

static ar_statement many[SIZES];
static const ar_statement *const many_of[SIZES] = { &many[0], &many[1], &many[2] };
static const ar_find_together together = { .key_column = 0, .count = SIZES, .statements = many_of };
static ar_statement one;

static void make_statement(ar_statement *statement, uint64_t id, const char *sql, uint32_t parameters)
{
    *statement = (ar_statement){ .id = id,
                                 .sql = sql,
                                 .sql_length = strlen(sql),
                                 .parameter_count = parameters,
                                 .statement_class = AR_STATEMENT_READ,
                                 .generated = true };
}

static int set_up(void **state)
{
    mysql_host_set_up(state);
    make_statement(&many[0], 1001, "SELECT id, name FROM t WHERE id IN (?, ?)", 2);
    make_statement(&many[1], 1002, "SELECT id, name FROM t WHERE id IN (?, ?, ?, ?)", 4);
    make_statement(&many[2], 1003, "SELECT id, name FROM t WHERE id IN (?, ?, ?, ?, ?, ?, ?, ?)", 8);
    make_statement(&one, 1000, "SELECT id, name FROM t WHERE id = ?", 1);
    one.together = &together;
    mysql_host_rows(*state, "DROP TABLE IF EXISTS t");
    mysql_host_rows(*state, "CREATE TABLE t (id BIGINT PRIMARY KEY, name VARCHAR(40), wrong VARCHAR(10))");
    mysql_host_rows(*state, "INSERT INTO t (id, name) VALUES (1, 'a'), (2, 'b'), (3, 'c'), (4, 'd'), (5, NULL)");
    return 0;
}

static fake_op *find(mysql_host *h, int64_t key)
{
    static const ar_type types[] = { AR_TYPE_INT64, AR_TYPE_TEXT };
    fake_op *op = fake_sql(&h->host, "SELECT id, name FROM t WHERE id = ?");
    op->operation.statement = &one;
    fake_int(op, key);
    fake_want(op, types[0]);
    fake_want(op, types[1]);
    return op;
}

static int64_t questions(mysql_host *h, const char *which)
{
    char sql[160];
    snprintf(sql, sizeof sql, "SELECT variable_value FROM information_schema.session_status WHERE variable_name = '%s'",
             which);
    return strtoll(mysql_host_rows(h, sql), NULL, 10);
}

static void finds_that_wait_together_are_one_query(void **state)
{
    mysql_host *h = *state;
    int64_t before = questions(h, "Com_stmt_execute");
    fake_op *a = find(h, 3), *b = find(h, 1), *again = find(h, 3), *none = find(h, 99), *null = find(h, 5);
    mysql_host_run(h);
    assert_int_equal(questions(h, "Com_stmt_execute") - before, 2); /* and the question itself */
    assert_string_equal(a->rows, "3|c;");
    assert_string_equal(b->rows, "1|a;");
    assert_string_equal(again->rows, "3|c;");
    assert_string_equal(none->rows, "");
    assert_int_equal(none->begins, 1);
    mysql_host_tells(none, AR_OK);
    assert_string_equal(null->rows, "5|NULL;");
}

static void more_than_fit_are_several_queries(void **state)
{
    mysql_host *h = *state;
    fake_op *ops[30];
    int64_t before = questions(h, "Com_stmt_execute");
    for (int i = 0; i < 30; i++)
        ops[i] = find(h, i % 6);
    mysql_host_run(h);
    assert_int_equal(questions(h, "Com_stmt_execute") - before, 5); /* 8, 8, 8, 6 */
    for (int i = 0; i < 30; i++) {
        static const char *const expected[] = { "", "1|a;", "2|b;", "3|c;", "4|d;", "5|NULL;" };
        mysql_host_tells(ops[i], AR_OK);
        assert_string_equal(ops[i]->rows, expected[i % 6]);
    }
}

static void others_between_them_keep_their_place(void **state)
{
    mysql_host *h = *state;
    fake_op *a = find(h, 1);
    fake_op *other = fake_sql(&h->host, "SELECT 'other'");
    fake_op *b = find(h, 2);
    fake_op *last = fake_sql(&h->host, "SELECT 'last'");
    mysql_host_run(h);
    assert_string_equal(a->rows, "1|a;");
    assert_string_equal(b->rows, "2|b;");
    assert_string_equal(other->rows, "other;");
    assert_string_equal(last->rows, "last;");
    assert_true(b->order < other->order && other->order < last->order);
}

static void a_query_that_fails_is_taken_apart(void **state)
{
    mysql_host *h = *state;
    mysql_host_rows(h, "ALTER TABLE t MODIFY name VARBINARY(40)"); /* bytes do not fit a text */
    mysql_host_rows(h, "UPDATE t SET name = NULL WHERE id <> 2");
    fake_op *a = find(h, 1), *b = find(h, 2), *c = find(h, 3);
    mysql_host_run(h);
    mysql_host_tells(a, AR_OK);
    mysql_host_tells(c, AR_OK);
    mysql_host_tells(b, AR_E_TYPE);
    assert_string_equal(a->rows, "1|NULL;");
    assert_string_equal(c->rows, "3|NULL;");
    assert_int_equal(a->begins, 1); /* since the last restart */
}

static void a_row_that_nobody_asked_for_is_a_reason_to_ask_singly(void **state)
{
    mysql_host *h = *state;
    make_statement(&many[0], 1004, "SELECT id + 0 * ? * ?, name FROM t", 2);
    fake_op *a = find(h, 1), *b = find(h, 2);
    mysql_host_run(h);
    assert_string_equal(a->rows, "1|a;");
    assert_string_equal(b->rows, "2|b;");
    assert_int_equal(a->restarts, 1);
}

static void a_sink_that_refuses_does_not_harm_the_others(void **state)
{
    mysql_host *h = *state;
    fake_op *a = find(h, 1), *b = find(h, 2), *c = find(h, 3);
    b->refused_row = 1;
    b->refuse_with = AR_E_NO_MEMORY;
    a->refuse_begin = true;
    mysql_host_run(h);
    mysql_host_tells(a, AR_E_NO_MEMORY);
    mysql_host_tells(b, AR_E_NO_MEMORY);
    assert_string_equal(c->rows, "3|c;");
}

static void one_that_is_cancelled_leaves_the_others(void **state)
{
    mysql_host *h = *state;
    if (ari_mysql_backend.shed == NULL)
        skip();
    make_statement(&many[0], 1005, "SELECT id, name FROM t WHERE id IN (?, ?) AND SLEEP(0.05) = 0", 2);
    fake_op *a = find(h, 1), *b = find(h, 2);
    size_t done = h->host.completed;
    mysql_host_send(h);
    mysql_host_step(h, 0);
    a->cancelled = true;
    ari_mysql_backend.shed(h->connection);
    mysql_host_tells(a, AR_E_CANCELLED);
    mysql_host_wait(h, done + 2);
    assert_string_equal(b->rows, "2|b;");
}

#define on_server(test) cmocka_unit_test_setup_teardown(test, set_up, mysql_host_tear_down)

static int run(void)
{
    const struct CMUnitTest tests[] = {
        on_server(finds_that_wait_together_are_one_query),
        on_server(more_than_fit_are_several_queries),
        on_server(others_between_them_keep_their_place),
        on_server(a_query_that_fails_is_taken_apart),
        on_server(a_row_that_nobody_asked_for_is_a_reason_to_ask_singly),
        on_server(a_sink_that_refuses_does_not_harm_the_others),
        on_server(one_that_is_cancelled_leaves_the_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
    return mysql_host_main("mysql_together", run);
}
