/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backends/sqlite/connection.h"
#include "tests/support/sqlite_fixture.h"

/* Cancelling and deadlines of statements that run alone; test_sqlite_group.c and test_sqlite_busy.c have the others. */

static const char endless_read[] =
    "WITH RECURSIVE r (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r) SELECT max(i) FROM r";
static const char endless_write[] =
    "INSERT INTO t (id) WITH RECURSIVE r (i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM r) SELECT i FROM r";

static void stop(sqlite_fixture *f, const char *sql, bool late)
{
    fake_op *op = fake_sql(&f->host, sql);
    op->looks = 30;
    op->late = late;
    sqlite_fixture_run(f);
    assert_ended(op, late ? AR_E_TIMEOUT : AR_E_CANCELLED);
    assert_false(op->error.outcome_unknown);
    assert_false(op->error.retryable);
    assert_int_equal(op->error.native_code, SQLITE_INTERRUPT);
    assert_true(sqlite3_get_autocommit(f->writer->db));
}

static void a_running_statement_is_stopped_and_undone(void **state)
{
    sqlite_fixture *f = *state;
    sqlite_fixture_rows(f, "CREATE TABLE t (id INTEGER PRIMARY KEY)");
    for (int round = 0; round < 3; round++) /* the cached statement too */
        for (int late = 0; late < 2; late++) {
            stop(f, endless_read, late == 1);
            stop(f, endless_write, late == 1);
            assert_string_equal(sqlite_fixture_rows(f, "SELECT count(*) FROM t"), "0;");
        }
}

static void rows_may_have_come_before_it_is_stopped(void **state)
{
    sqlite_fixture *f = *state;
    fake_op *op =
        fake_sql(&f->host, "WITH RECURSIVE r (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r) SELECT i FROM r");
    op->looks = 4;
    sqlite_fixture_run(f);
    assert_ended(op, AR_E_CANCELLED);
    assert_true(op->row_count > 0);
}

static void what_comes_next_is_not_hit(void **state)
{
    sqlite_fixture *f = *state;
    sqlite_fixture_rows(f, "CREATE TABLE t (id INTEGER PRIMARY KEY)");
    fake_op *stopped = fake_sql(&f->host, endless_read);
    fake_op *schema = fake_sql(&f->host, "CREATE TABLE u (x)");
    fake_op *next = fake_sql(
        &f->host, "WITH RECURSIVE r (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r LIMIT 100000) SELECT max(i) FROM r");
    stopped->looks = 10;
    sqlite_fixture_run(f);
    assert_ended(stopped, AR_E_CANCELLED);
    assert_ended(schema, AR_OK);
    assert_ended(next, AR_OK);
    assert_string_equal(next->rows, "100000;");
}

static void an_operation_that_is_not_wanted_any_more_does_not_start(void **state)
{
    sqlite_fixture *f = *state;
    sqlite_fixture_rows(f, "CREATE TABLE t (id INTEGER PRIMARY KEY)");
    for (int late = 0; late < 2; late++) {
        fake_op *ops[] = { fake_sql(&f->host, "INSERT INTO t VALUES (1)"), fake_sql(&f->host, "CREATE TABLE u (x)"),
                           fake_sql(&f->host, "PRAGMA user_version = 7"), fake_kind(&f->host, AR_OP_BEGIN) };
        for (size_t i = 0; i < 4; i++) {
            ops[i]->cancelled = late == 0;
            ops[i]->operation.deadline = late == 0 ? INT64_MAX : f->host.clock;
        }
        sqlite_fixture_run(f);
        for (size_t i = 0; i < 4; i++)
            assert_ended(ops[i], late == 0 ? AR_E_CANCELLED : AR_E_TIMEOUT);
    }
    assert_string_equal(sqlite_fixture_rows(f, "SELECT count(*), (SELECT count(*) FROM sqlite_schema) FROM t"), "0|1;");
    assert_string_equal(sqlite_fixture_rows(f, "PRAGMA user_version"), "0;");
    assert_false(f->writer->in_transaction);
}

static void rolling_back_is_done_for_a_cancelled_operation_too(void **state)
{
    sqlite_fixture *f = *state;
    fake_op *start = fake_kind(&f->host, AR_OP_BEGIN), *end = fake_kind(&f->host, AR_OP_ROLLBACK);
    end->cancelled = true;
    end->operation.in_transaction = true;
    sqlite_fixture_run(f);
    assert_ended(start, AR_OK);
    assert_ended(end, AR_OK);
    assert_true(sqlite3_get_autocommit(f->writer->db));
}

#define MEMORY(test) cmocka_unit_test_setup_teardown(test, sqlite_fixture_memory, sqlite_fixture_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        MEMORY(a_running_statement_is_stopped_and_undone),
        MEMORY(rows_may_have_come_before_it_is_stopped),
        MEMORY(what_comes_next_is_not_hit),
        MEMORY(an_operation_that_is_not_wanted_any_more_does_not_start),
        MEMORY(rolling_back_is_done_for_a_cancelled_operation_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
