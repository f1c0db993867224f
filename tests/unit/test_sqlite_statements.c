/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backends/sqlite/connection.h"
#include "tests/support/sqlite_fixture.h"

static size_t prepared(const sqlite_fixture *f)
{
    size_t count = 0;
    for (sqlite3_stmt *s = NULL; (s = sqlite3_next_stmt(f->writer->db, s)) != NULL;)
        count++;
    return count - ARI_SQLITE_CONTROL_STATEMENTS;
}

static bool is_prepared(const sqlite_fixture *f, const char *sql)
{
    for (sqlite3_stmt *s = NULL; (s = sqlite3_next_stmt(f->writer->db, s)) != NULL;)
        if (strcmp(sqlite3_sql(s), sql) == 0)
            return true;
    return false;
}

static void a_statement_is_prepared_once(void **state)
{
    sqlite_fixture *f = *state;
    sqlite_fixture_rows(f, "SELECT 1");
    sqlite_fixture_rows(f, "SELECT 1");
    assert_int_equal(prepared(f), 1);
}

static void the_least_recently_used_statement_goes(void **state)
{
    sqlite_fixture *f = *state;
    sqlite_fixture_reopen(f, "statement_cache=3");
    sqlite_fixture_rows(f, "SELECT 1");
    sqlite_fixture_rows(f, "SELECT 2");
    sqlite_fixture_rows(f, "SELECT 3");
    sqlite_fixture_rows(f, "SELECT 1");
    sqlite_fixture_rows(f, "SELECT 4");
    assert_int_equal(prepared(f), 3);
    assert_true(is_prepared(f, "SELECT 1"));
    assert_false(is_prepared(f, "SELECT 2"));
    for (int i = 0; i < 500; i++) {
        char text[32];
        snprintf(text, sizeof text, "SELECT %d", i % 50);
        assert_int_equal(atoi(sqlite_fixture_rows(f, text)), i % 50);
        assert_true(prepared(f) <= 3);
    }
}

static void nothing_is_cached_without_an_id_or_a_cache(void **state)
{
    sqlite_fixture *f = *state;
    fake_op *op = fake_sql(&f->host, "SELECT 1");
    op->statement.id = 0;
    sqlite_fixture_run(f);
    assert_ended(op, AR_OK);
    assert_int_equal(prepared(f), 0);
    sqlite_fixture_reopen(f, "statement_cache=0");
    sqlite_fixture_rows(f, "SELECT 1");
    sqlite_fixture_rows(f, "SELECT 1");
    assert_int_equal(prepared(f), 0);
}

static void texts_that_are_not_one_statement_are_refused(void **state)
{
    static const struct {
        const char *sql;
        ar_status status;
        const char *says;
    } cases[] = {
        { "SELECT 1; SELECT 2", AR_E_INVALID, "another one at byte 9" },
        { "SELECT 1; DROP TABLE t", AR_E_INVALID, "another one" },
        { "SELECT 1; ; -- end\n /* ; */ ;", AR_OK, NULL },
        { "", AR_E_INVALID, "holds none" },
        { " -- nothing", AR_E_INVALID, "holds none" },
        { "SELEC 1", AR_E_QUERY, "near \"SELEC\": syntax error" },
        { "SELECT missing", AR_E_QUERY, "no such column: missing (at byte 7" },
        { "SELECT \"missing\"", AR_E_QUERY, "no such column" },
        { "SELECT * FROM nowhere", AR_E_QUERY, "no such table: nowhere" },
        { "SELECT load_extension('x')", AR_E_QUERY, "not authorized" },
        { "BEGIN", AR_E_INVALID, "ar_tx_begin" },
        { "ROLLBACK", AR_E_INVALID, "ar_tx_begin" },
    };
    sqlite_fixture *f = *state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fake_op *op = fake_sql(&f->host, cases[i].sql);
        sqlite_fixture_run(f);
        assert_ended(op, cases[i].status);
        if (cases[i].says != NULL)
            assert_says(op->error.message, cases[i].says);
    }
    fake_op *nul = fake_sql(&f->host, "SELECT 1 --x"), *null = fake_kind(&f->host, AR_OP_EXECUTE),
            *no_text = fake_sql(&f->host, "x");
    memcpy((char *)(uintptr_t)nul->statement.sql + 8, "\0", 1);
    const char *kept = no_text->statement.sql;
    no_text->statement.sql = NULL;
    no_text->statement.sql_length = 0;
    sqlite_fixture_run(f);
    no_text->statement.sql = kept;
    assert_ended(nul, AR_E_INVALID);
    assert_says(nul->error.message, "NUL at byte 8");
    assert_ended(null, AR_E_INVALID);
    assert_ended(no_text, AR_E_INVALID);
}

static void the_text_may_go_on_behind_its_length(void **state)
{
    sqlite_fixture *f = *state;
    fake_op *op = fake_sql(&f->host, "SELECT 12; SELECT 3");
    op->statement.sql_length = 8;
    sqlite_fixture_run(f);
    assert_ended(op, AR_OK);
    assert_string_equal(op->rows, "1;");
}

static void a_wrong_count_of_parameters_is_refused_before_it_runs(void **state)
{
    sqlite_fixture *f = *state;
    sqlite_fixture_rows(f, "CREATE TABLE t (x)");
    fake_op *few = fake_sql(&f->host, "INSERT INTO t VALUES (?)"),
            *many = fake_sql(&f->host, "INSERT INTO t VALUES (?), (7)");
    few->statement.parameter_count = 0;
    fake_int(many, 1);
    fake_int(many, 2);
    many->statement.parameter_count = 2;
    fake_op *none = fake_sql(&f->host, "INSERT INTO t VALUES (?), (8)"); /* and no parameters at all */
    sqlite_fixture_run(f);
    assert_ended(few, AR_E_INVALID);
    assert_says(few->error.message, "takes 1 parameters and 0 are given");
    assert_ended(many, AR_E_INVALID);
    assert_ended(none, AR_E_INVALID);
    assert_string_equal(sqlite_fixture_rows(f, "SELECT count(*) FROM t"), "0;");
}

static void columns_are_told_once_and_checked(void **state)
{
    sqlite_fixture *f = *state;
    sqlite_fixture_rows(f, "CREATE TABLE t (name TEXT, x INT)");
    fake_op *empty = fake_sql(&f->host, "SELECT name, x, x + 1 FROM t");
    sqlite_fixture_run(f);
    assert_int_equal(empty->begins, 1);
    assert_int_equal(empty->column_count, 3);
    assert_string_equal(empty->first_column, "name");
    assert_string_equal(empty->first_declared, "TEXT");
    fake_op *expression = fake_sql(&f->host, "SELECT x + 1 AS y FROM t");
    fake_op *wrong = fake_sql(&f->host, "SELECT name FROM t");
    fake_op *write = fake_sql(&f->host, "INSERT INTO t VALUES ('a', 1)");
    fake_want(wrong, AR_TYPE_TEXT);
    fake_want(wrong, AR_TYPE_INT64);
    sqlite_fixture_run(f);
    assert_string_equal(expression->first_declared, "-");
    assert_ended(wrong, AR_E_TYPE);
    assert_says(wrong->error.message, "1 columns and 2 are wanted");
    assert_int_equal(write->begins, 1);
    assert_int_equal(write->column_count, 0);
    fake_op *silent = fake_sql(&f->host, "SELECT * FROM t");
    silent->operation.sink = NULL;
    sqlite_fixture_run(f);
    assert_ended(silent, AR_OK);
    fake_op *vetoed = fake_sql(&f->host, "INSERT INTO t VALUES ('b', 2)");
    vetoed->refuse_begin = true;
    sqlite_fixture_run(f);
    assert_ended(vetoed, AR_E_NO_MEMORY);
    assert_string_equal(sqlite_fixture_rows(f, "SELECT count(*) FROM t"), "1;");
}

static void a_cached_statement_follows_the_schema(void **state)
{
    sqlite_fixture *f = *state;
    sqlite_fixture_rows(f, "CREATE TABLE t (a)");
    sqlite_fixture_rows(f, "INSERT INTO t VALUES (1)");
    assert_string_equal(sqlite_fixture_rows(f, "SELECT * FROM t"), "1;");
    assert_string_equal(sqlite_fixture_rows(f, "INSERT INTO t (a) VALUES (2) RETURNING *"), "2;");
    sqlite_fixture_rows(f, "ALTER TABLE t ADD b DEFAULT 5");
    fake_op *two = fake_sql(&f->host, "SELECT * FROM t");
    fake_want(two, AR_TYPE_INT64);
    fake_want(two, AR_TYPE_INT64);
    sqlite_fixture_run(f);
    assert_ended(two, AR_OK);
    assert_string_equal(two->rows, "1|5;2|5;");
    assert_int_equal(two->column_count, 2);
    fake_op *returning = fake_sql(&f->host, "INSERT INTO t (a) VALUES (2) RETURNING *");
    fake_want(returning, AR_TYPE_INT64);
    fake_want(returning, AR_TYPE_INT64);
    sqlite_fixture_run(f);
    assert_ended(returning, AR_OK);
    assert_string_equal(returning->rows, "2|5;");
    sqlite_fixture_rows(f, "DROP TABLE t");
    fake_op *gone = fake_sql(&f->host, "SELECT * FROM t");
    sqlite_fixture_run(f);
    assert_ended(gone, AR_E_QUERY);
}

static void bound_values_are_those_of_the_operation(void **state)
{
    sqlite_fixture *f = *state;
    fake_op *first = fake_sql(&f->host, "SELECT ?, ?"), *second = fake_sql(&f->host, "SELECT ?, ?");
    fake_text(first, "one");
    fake_int(first, 1);
    fake_bind(second, (ar_value){ .type = AR_TYPE_NULL });
    fake_text(second, "two");
    sqlite_fixture_run(f);
    assert_string_equal(first->rows, "one|1;");
    assert_string_equal(second->rows, "NULL|two;");
}

/* The second row is not computed: abs(-9223372036854775808) would be an error. */
static void a_read_of_one_row_ends_with_it(void **state)
{
    static const char two[] = "SELECT abs(x) FROM (SELECT 1 AS x UNION ALL SELECT -9223372036854775807 - 1)";
    sqlite_fixture *f = *state;
    fake_op *both = fake_sql(&f->host, two), *one = fake_sql(&f->host, two);
    one->operation.one_row = true;
    sqlite_fixture_run(f);
    assert_ended(both, AR_E_QUERY);
    assert_ended(one, AR_OK);
    assert_string_equal(one->rows, "1;");
    sqlite_fixture_rows(f, "CREATE TABLE t (a)");
    fake_op *write = fake_sql(&f->host, "INSERT INTO t VALUES (1), (2) RETURNING a");
    write->operation.one_row = true;
    sqlite_fixture_run(f);
    assert_ended(write, AR_OK);
    assert_string_equal(sqlite_fixture_rows(f, "SELECT count(*) FROM t"), "2;");
}

static void allocations_that_fail_are_errors(void **state)
{
    sqlite_fixture *f = *state;
    sqlite_fixture_rows(f, "CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT)");
    for (int on = 0; on < 2; on++)
        for (size_t n = 1;; n++) {
            sqlite_fixture_reopen(f, NULL);
            sqlite_fixture_rows(f, "CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT)");
            fake_op *ops[] = { fake_sql(&f->host, "INSERT INTO t (x) VALUES ('a')"),
                               fake_sql(&f->host, "SELECT x FROM t"),
                               fake_sql(&f->host, "INSERT INTO t (x) VALUES ('b') RETURNING id, x, id, x"),
                               fake_sql(&f->host, "INSERT INTO t (id) VALUES (1)"),
                               fake_sql(&f->host, "INSERT INTO t (id) VALUES (1)") };
            f->host.allocations = f->host.failures = 0;
            f->host.fail_at = n;
            f->host.fail_on = on == 1;
            sqlite_fixture_run(f);
            size_t failures = f->host.failures;
            f->host.fail_at = 0;
            for (size_t i = 0; i < 3; i++)
                if (ops[i]->status != AR_OK)
                    assert_ended(ops[i], AR_E_NO_MEMORY);
            fake_op *after = fake_sql(&f->host, "INSERT INTO t (x) VALUES ('c')");
            sqlite_fixture_run(f);
            assert_ended(after, AR_OK);
            int64_t rows = atoi(sqlite_fixture_rows(f, "SELECT count(*) FROM t"));
            int64_t expected = 1;
            for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++)
                expected += ops[i]->changes;
            assert_int_equal(rows, expected);
            if (failures == 0)
                break;
        }
}

#define MEMORY(test) cmocka_unit_test_setup_teardown(test, sqlite_fixture_memory, sqlite_fixture_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        MEMORY(a_statement_is_prepared_once),
        MEMORY(the_least_recently_used_statement_goes),
        MEMORY(nothing_is_cached_without_an_id_or_a_cache),
        MEMORY(texts_that_are_not_one_statement_are_refused),
        MEMORY(the_text_may_go_on_behind_its_length),
        MEMORY(a_wrong_count_of_parameters_is_refused_before_it_runs),
        MEMORY(columns_are_told_once_and_checked),
        MEMORY(a_cached_statement_follows_the_schema),
        MEMORY(bound_values_are_those_of_the_operation),
        MEMORY(a_read_of_one_row_ends_with_it),
        MEMORY(allocations_that_fail_are_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
