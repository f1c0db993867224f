/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backends/mysql/backend.h"
#include "tests/support/mysql_host.h"

static void make_table(mysql_host *h)
{
    mysql_host_rows(h,
                    "CREATE TABLE t (id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, name VARCHAR(40) UNIQUE, n INT)");
}

static void drop_table(mysql_host *h)
{
    mysql_host_rows(h, "DROP TABLE IF EXISTS t");
}

static int set_up(void **state)
{
    mysql_host_set_up(state);
    drop_table(*state);
    make_table(*state);
    return 0;
}

static void selects_and_inserts(void **state)
{
    mysql_host *h = *state;
    assert_string_equal(mysql_host_rows(h, "SELECT 1, 'abc', NULL, 1.50"), "1|abc|NULL|1.50;");
    fake_op *op = fake_sql(&h->host, "INSERT INTO t (name, n) VALUES (?, ?)");
    fake_text(op, "Zoë");
    fake_int(op, 7);
    mysql_host_run(h);
    mysql_host_tells(op, AR_OK);
    assert_int_equal(op->changes, 1);
    assert_int_equal(op->row_id, 1);
    assert_string_equal(mysql_host_rows(h, "SELECT id, name, n FROM t"), "1|Zoë|7;");
    assert_string_equal(mysql_host_rows(h, "INSERT INTO t (name) VALUES ('b'), ('c') RETURNING id"), "2;3;");
    op = mysql_host_sql(h, "UPDATE t SET n = 7");
    assert_int_equal(op->changes, 3); /* found, also where nothing differed */
}

static void rows_in_one_message_give_their_keys_in_order(void **state)
{
    mysql_host *h = *state;
    fake_op *op = fake_sql(&h->host, "INSERT INTO t (name, n) VALUES (?, ?) RETURNING id");
    enum { ROWS = 3000 };
    for (int i = 0; i < ROWS; i++) {
        char name[32];
        snprintf(name, sizeof name, "row %d", i);
        fake_text(op, name);
        if (i % 7 == 0)
            fake_bind(op, (ar_value){ .type = AR_TYPE_NULL });
        else
            fake_int(op, i);
    }
    op->operation.rows = ROWS;
    mysql_host_run(h);
    mysql_host_tells(op, AR_OK);
    assert_int_equal(op->row_count, ROWS);
    assert_int_equal(op->changes, ROWS);
    assert_memory_equal(op->rows, "1;2;3;4;5;", 10);
    assert_string_equal(mysql_host_rows(h, "SELECT COUNT(*), COUNT(n), SUM(name = CONCAT('row ', id - 1)) FROM t"),
                        "3000|2571|3000;");
    op = fake_sql(&h->host, "INSERT INTO t (name, n) VALUES (?, ?) RETURNING id"); /* and alone again */
    fake_text(op, "one");
    fake_int(op, 1);
    mysql_host_run(h);
    mysql_host_tells(op, AR_OK);
    assert_int_equal(op->row_count, 1);
}

static void a_duplicate_among_rows_keeps_none(void **state)
{
    mysql_host *h = *state;
    fake_op *op = fake_sql(&h->host, "INSERT INTO t (name, n) VALUES (?, ?) RETURNING id");
    const char *names[] = { "a", "b", "a", "c" };
    for (int i = 0; i < 4; i++) {
        fake_text(op, names[i]);
        fake_int(op, i);
    }
    op->operation.rows = 4;
    mysql_host_run(h);
    mysql_host_tells(op, AR_E_CONSTRAINT);
    assert_int_equal(op->error.constraint_kind, AR_CONSTRAINT_UNIQUE);
    assert_string_equal(op->error.constraint, "name");
    assert_null(strstr(op->error.message, "'a'"));
    assert_string_equal(mysql_host_rows(h, "SELECT COUNT(*) FROM t"), "0;");
}

static void many_operations_complete_in_a_batch(void **state)
{
    mysql_host *h = *state;
    fake_op *ops[100];
    for (int i = 0; i < 100; i++) {
        ops[i] = fake_sql(&h->host, "SELECT ? + 1");
        fake_int(ops[i], i);
    }
    mysql_host_run(h);
    for (int i = 0; i < 100; i++) {
        char expected[16];
        snprintf(expected, sizeof expected, "%d;", i + 1);
        assert_string_equal(ops[i]->rows, expected);
    }
}

static void transactions_commit_and_roll_back(void **state)
{
    mysql_host *h = *state;
    fake_kind(&h->host, AR_OP_BEGIN);
    fake_op *op = fake_sql(&h->host, "INSERT INTO t (name) VALUES ('x')");
    op->operation.in_transaction = true;
    mysql_host_run(h);
    mysql_host_tells(op, AR_OK);
    assert_false(op->ended_transaction);
    op = fake_kind(&h->host, AR_OP_SAVEPOINT);
    op->operation.in_transaction = true;
    op->operation.savepoint = 1;
    mysql_host_run(h);
    op = fake_sql(&h->host, "INSERT INTO t (name) VALUES ('x')");
    op->operation.in_transaction = true;
    mysql_host_run(h);
    mysql_host_tells(op, AR_E_CONSTRAINT);
    assert_false(op->ended_transaction);
    op = fake_kind(&h->host, AR_OP_ROLLBACK_TO);
    op->operation.in_transaction = true;
    op->operation.savepoint = 1;
    mysql_host_run(h);
    assert_int_equal(op->status, AR_OK);
    op = fake_kind(&h->host, AR_OP_COMMIT);
    op->operation.in_transaction = true;
    mysql_host_run(h);
    assert_int_equal(op->status, AR_OK);
    assert_string_equal(mysql_host_rows(h, "SELECT COUNT(*) FROM t"), "1;");
}

static fake_op *in_transaction(mysql_host *h, const char *sql)
{
    fake_op *op = fake_sql(&h->host, sql);
    op->operation.in_transaction = true;
    return op;
}

/* The statement comes to `status`; what was written before it stays, although it is rolled back. */
static void ends_the_transaction(mysql_host *h, const char *sql, ar_status status, const char *kept)
{
    fake_kind(&h->host, AR_OP_BEGIN);
    fake_op *before = in_transaction(h, "INSERT INTO t (name) VALUES ('before')");
    fake_op *op = in_transaction(h, sql);
    fake_op *behind = in_transaction(h, "INSERT INTO t (name) VALUES ('behind')");
    mysql_host_run(h);
    mysql_host_tells(before, AR_OK);
    mysql_host_tells(op, status);
    assert_true(op->ended_transaction);
    assert_true(op->error.outcome_unknown);
    assert_false(op->error.retryable);
    if (status == AR_E_TX_ABORTED)
        assert_non_null(strstr(op->error.message, "ended the transaction"));
    mysql_host_tells(behind, AR_E_TX_ABORTED);
    op = fake_kind(&h->host, AR_OP_ROLLBACK);
    op->operation.in_transaction = true;
    mysql_host_run(h);
    assert_string_equal(mysql_host_rows(h, "SELECT name FROM t ORDER BY id"), kept);
    mysql_host_rows(h, "DELETE FROM t");
}

static void an_implicit_commit_is_told(void **state)
{
    mysql_host *h = *state;
    mysql_host_rows(h, "DROP PROCEDURE IF EXISTS p");
    ends_the_transaction(h, "CREATE TABLE IF NOT EXISTS t2 (id INT)", AR_E_TX_ABORTED, "before;");
    mysql_host_rows(h, "CREATE PROCEDURE p() BEGIN COMMIT; SELECT 1; END");
    ends_the_transaction(h, "CALL p()", AR_E_TX_ABORTED, "before;");
    mysql_host_rows(h, "DROP PROCEDURE p");
    mysql_host_rows(h, "CREATE PROCEDURE p() CREATE TABLE IF NOT EXISTS t2 (id INT)");
    ends_the_transaction(h, "CALL p()", AR_E_TX_ABORTED, "before;");
    mysql_host_rows(h, "DROP PROCEDURE p");
    mysql_host_rows(h, "CREATE PROCEDURE p() BEGIN COMMIT; INSERT INTO t (name) VALUES ('before'); END");
    ends_the_transaction(h, "CALL p()", AR_E_CONSTRAINT, "before;");
    mysql_host_rows(h, "DROP PROCEDURE p");
    mysql_host_rows(h, "CREATE PROCEDURE p() INSERT INTO t (name) VALUES ('x')");
    fake_kind(&h->host, AR_OP_BEGIN);
    fake_op *op = in_transaction(h, "CALL p()"); /* does no such thing */
    fake_op *end = fake_kind(&h->host, AR_OP_ROLLBACK);
    end->operation.in_transaction = true;
    mysql_host_run(h);
    mysql_host_tells(op, AR_OK);
    assert_false(op->ended_transaction);
    assert_string_equal(mysql_host_rows(h, "SELECT COUNT(*) FROM t"), "0;");
    mysql_host_rows(h, "DROP PROCEDURE p");
}

static void a_read_only_transaction_refuses_writes(void **state)
{
    mysql_host *h = *state;
    fake_kind(&h->host, AR_OP_BEGIN)->operation.read_only = true;
    fake_op *op = fake_sql(&h->host, "INSERT INTO t (name) VALUES ('x')");
    op->operation.in_transaction = true;
    mysql_host_run(h);
    mysql_host_tells(op, AR_E_READ_ONLY);
    op = fake_kind(&h->host, AR_OP_ROLLBACK);
    op->operation.in_transaction = true;
    mysql_host_run(h);
    assert_int_equal(op->status, AR_OK);
}

static void cursors_give_rows_in_steps(void **state)
{
    mysql_host *h = *state;
    mysql_host_rows(h, "INSERT INTO t (name) VALUES ('a'), ('b'), ('c'), ('d'), ('e')");
    fake_kind(&h->host, AR_OP_BEGIN);
    fake_op *op = fake_sql(&h->host, "SELECT name FROM t WHERE id > ? ORDER BY id");
    fake_int(op, 0);
    op->operation.in_transaction = true;
    op->operation.row_limit = 2;
    mysql_host_run(h);
    mysql_host_tells(op, AR_OK);
    assert_string_equal(op->rows, "a;b;");
    assert_non_null(op->cursor);
    void *cursor = op->cursor;
    op = fake_sql(&h->host, "SELECT COUNT(*) FROM t"); /* between the steps */
    op->operation.in_transaction = true;
    mysql_host_run(h);
    assert_string_equal(op->rows, "5;");
    op = fake_kind(&h->host, AR_OP_FETCH);
    op->operation.in_transaction = true;
    op->operation.cursor = cursor;
    op->operation.row_limit = 2;
    mysql_host_run(h);
    assert_int_equal(op->status, AR_OK);
    assert_string_equal(op->rows, "c;d;");
    assert_ptr_equal(op->cursor, cursor);
    op = fake_kind(&h->host, AR_OP_FETCH);
    op->operation.in_transaction = true;
    op->operation.cursor = cursor;
    op->operation.row_limit = 1;
    mysql_host_run(h);
    assert_string_equal(op->rows, "e;");
    assert_null(op->cursor);
    op = fake_kind(&h->host, AR_OP_COMMIT);
    op->operation.in_transaction = true;
    mysql_host_run(h);
    assert_int_equal(op->status, AR_OK);
}

static void an_open_cursor_is_closed(void **state)
{
    mysql_host *h = *state;
    mysql_host_rows(h, "INSERT INTO t (name) VALUES ('a'), ('b'), ('c')");
    fake_kind(&h->host, AR_OP_BEGIN);
    fake_op *op = fake_sql(&h->host, "SELECT name FROM t");
    op->operation.in_transaction = true;
    op->operation.row_limit = 1;
    mysql_host_run(h);
    void *cursor = op->cursor;
    assert_non_null(cursor);
    op = fake_kind(&h->host, AR_OP_CLOSE_CURSOR);
    op->operation.in_transaction = true;
    op->operation.cursor = cursor;
    mysql_host_run(h);
    assert_int_equal(op->status, AR_OK);
    op = fake_sql(&h->host, "SELECT name FROM t"); /* this one stays open until the connection is closed */
    op->operation.in_transaction = true;
    op->operation.row_limit = 1;
    mysql_host_run(h);
    assert_non_null(op->cursor);
}

static void a_table_that_was_altered_is_read_anew(void **state)
{
    mysql_host *h = *state;
    mysql_host_rows(h, "INSERT INTO t (name) VALUES ('a')");
    assert_string_equal(mysql_host_rows(h, "SELECT * FROM t"), "1|a|NULL;");
    mysql_host_rows(h, "ALTER TABLE t ADD COLUMN more DOUBLE DEFAULT 2.5");
    assert_string_equal(mysql_host_rows(h, "SELECT * FROM t"), "1|a|NULL|2.5;");
    mysql_host_rows(h, "ALTER TABLE t DROP COLUMN n, MODIFY name TEXT");
    assert_string_equal(mysql_host_rows(h, "SELECT * FROM t"), "1|a|2.5;");
}

static void the_cache_keeps_the_newest_statements(void **state)
{
    (void)state;
    mysql_host h;
    mysql_host_init(&h, "statement_cache=3");
    for (int round = 0; round < 3; round++)
        for (int i = 0; i < 6; i++) {
            char sql[32], expected[16];
            snprintf(sql, sizeof sql, "SELECT %d", i);
            snprintf(expected, sizeof expected, "%d;", i);
            assert_string_equal(mysql_host_rows(&h, sql), expected);
        }
    assert_string_equal(mysql_host_rows(&h, "SHOW SESSION STATUS LIKE 'Prepared_stmt_count'") != NULL ? "ok" : "",
                        "ok");
    mysql_host_fini(&h);
    mysql_host_init(&h, "statement_cache=0");
    assert_string_equal(mysql_host_rows(&h, "SELECT 1"), "1;");
    assert_string_equal(mysql_host_rows(&h, "SELECT 1"), "1;");
    mysql_host_fini(&h);
}

static void a_reset_forgets_the_session(void **state)
{
    mysql_host *h = *state;
    mysql_host_rows(h, "SET @x = 5");
    mysql_host_rows(h, "SET SESSION sql_mode = ''");
    assert_string_equal(mysql_host_rows(h, "SELECT @x"), "5;");
    fake_op *op = fake_kind(&h->host, AR_OP_RESET);
    mysql_host_run(h);
    assert_int_equal(op->status, AR_OK);
    assert_string_equal(mysql_host_rows(h, "SELECT @x"), "NULL;");
    assert_string_equal(mysql_host_rows(h, "SELECT @@sql_mode LIKE '%STRICT_ALL_TABLES%', @@time_zone"), "1|+00:00;");
}

static void a_procedure_gives_its_first_result(void **state)
{
    mysql_host *h = *state;
    mysql_host_rows(h, "CREATE OR REPLACE PROCEDURE p() BEGIN SELECT 1; SELECT 2, 3; END");
    assert_string_equal(mysql_host_rows(h, "CALL p()"), "1;");
    assert_string_equal(mysql_host_rows(h, "CALL p()"), "1;");
    assert_string_equal(mysql_host_rows(h, "SELECT 4"), "4;");
}

static void steps_may_run_on_different_threads(void **state)
{
    mysql_host *h = *state;
    h->on_threads = true;
    for (int i = 0; i < 20; i++) {
        fake_op *op = fake_sql(&h->host, "SELECT SLEEP(0.002), REPEAT('x', 100000)");
        mysql_host_run(h);
        mysql_host_tells(op, AR_OK);
        assert_int_equal(strlen(op->rows), 100003);
    }
    mysql_host_rows(h, "INSERT INTO t (name) VALUES ('x')");
    h->on_threads = false;
}

static void a_sink_that_refuses_a_row_ends_the_statement(void **state)
{
    mysql_host *h = *state;
    mysql_host_rows(h, "INSERT INTO t (name) VALUES ('a'), ('b'), ('c')");
    fake_op *op = fake_sql(&h->host, "SELECT name FROM t ORDER BY id");
    op->refused_row = 2;
    op->refuse_with = AR_E_NO_MEMORY;
    mysql_host_run(h);
    mysql_host_tells(op, AR_E_NO_MEMORY);
    assert_string_equal(mysql_host_rows(h, "SELECT 1"), "1;");
}

static void texts_of_any_length_are_read(void **state)
{
    mysql_host *h = *state;
    assert_string_equal(mysql_host_rows(h, "SELECT LENGTH(REPEAT('ab', 60000)), 1"), "120000|1;");
    fake_op *op = mysql_host_sql(
        h, "SELECT REPEAT('ab', n * 50000), REPEAT('c', n) FROM (SELECT 1 n UNION SELECT 40 UNION SELECT 0) q");
    mysql_host_tells(op, AR_OK);
    assert_int_equal(strlen(op->rows), 100000 + 4000000 + 41 + 6);
}

#define on_server(test) cmocka_unit_test_setup_teardown(test, set_up, mysql_host_tear_down)

static int run(void)
{
    const struct CMUnitTest tests[] = {
        on_server(selects_and_inserts),
        on_server(rows_in_one_message_give_their_keys_in_order),
        on_server(a_duplicate_among_rows_keeps_none),
        on_server(many_operations_complete_in_a_batch),
        on_server(transactions_commit_and_roll_back),
        on_server(an_implicit_commit_is_told),
        on_server(a_read_only_transaction_refuses_writes),
        on_server(cursors_give_rows_in_steps),
        on_server(an_open_cursor_is_closed),
        on_server(a_table_that_was_altered_is_read_anew),
        on_server(the_cache_keeps_the_newest_statements),
        on_server(a_reset_forgets_the_session),
        on_server(a_procedure_gives_its_first_result),
        on_server(steps_may_run_on_different_threads),
        on_server(a_sink_that_refuses_a_row_ends_the_statement),
        on_server(texts_of_any_length_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
    return mysql_host_main("mysql_statements", run);
}
