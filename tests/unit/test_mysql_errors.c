/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backends/mysql/backend.h"
#include "backends/mysql/error.h"
#include "tests/support/mysql_host.h"

static int set_up(void **state)
{
    mysql_host_set_up(state);
    mysql_host_rows(*state, "DROP TABLE IF EXISTS c, t");
    mysql_host_rows(
        *state,
        "CREATE TABLE t (id INT PRIMARY KEY, u VARCHAR(10), n INT NOT NULL DEFAULT 0, d DATE, UNIQUE KEY u_key (u), "
        "CONSTRAINT n_positive CHECK (n >= 0))");
    mysql_host_rows(*state, "CREATE TABLE c (p INT NOT NULL, CONSTRAINT c_parent FOREIGN KEY (p) REFERENCES t (id))");
    mysql_host_rows(*state, "INSERT INTO t (id, u) VALUES (1, 'it''s')");
    mysql_host_rows(*state, "INSERT INTO c VALUES (1)");
    return 0;
}

static const ar_error *error_of(mysql_host *h, const char *sql, ar_status status)
{
    fake_op *op = mysql_host_sql(h, sql);
    mysql_host_tells(op, status);
    assert_null(strstr(op->error.message, "it's"));
    assert_null(strstr(op->error.message, "secret"));
    return &op->error;
}

static void constraint(mysql_host *h, const char *sql, ar_constraint_kind kind, const char *name, const char *column)
{
    const ar_error *error = error_of(h, sql, AR_E_CONSTRAINT);
    assert_int_equal(error->constraint_kind, kind);
    assert_string_equal(error->constraint, name);
    assert_string_equal(error->column, column);
    assert_false(error->retryable);
    assert_int_equal(strlen(error->sqlstate), 5);
}

static void constraints_are_named(void **state)
{
    mysql_host *h = *state;
    constraint(h, "INSERT INTO t (id, u) VALUES (2, 'it''s')", AR_CONSTRAINT_UNIQUE, "u_key", "");
    constraint(h, "INSERT INTO t (id) VALUES (1)", AR_CONSTRAINT_PRIMARY_KEY, "PRIMARY", "");
    constraint(h, "INSERT INTO t (id, n) VALUES (2, NULL)", AR_CONSTRAINT_NOT_NULL, "", "n");
    constraint(h, "INSERT INTO c () VALUES ()", AR_CONSTRAINT_NOT_NULL, "", "p");
    constraint(h, "INSERT INTO t (id, n) VALUES (2, -1)", AR_CONSTRAINT_CHECK, "n_positive", "");
    constraint(h, "INSERT INTO c VALUES (7)", AR_CONSTRAINT_FOREIGN_KEY, "c_parent", "");
    constraint(h, "DELETE FROM t WHERE id = 1", AR_CONSTRAINT_FOREIGN_KEY, "c_parent", "");
}

static void values_that_do_not_fit_are_not_shown(void **state)
{
    mysql_host *h = *state;
    assert_string_equal(error_of(h, "INSERT INTO t (id, u) VALUES (2, 'a secret that is long')", AR_E_TYPE)->column,
                        "u");
    assert_string_equal(error_of(h, "INSERT INTO t (id, n) VALUES (2, 'a secret')", AR_E_TYPE)->column, "n");
    assert_string_equal(error_of(h, "INSERT INTO t (id, n) VALUES (2, 99999999999)", AR_E_TYPE)->column, "n");
    assert_string_equal(error_of(h, "INSERT INTO t (id, d) VALUES (2, 'secret')", AR_E_TYPE)->column, "d");
    assert_string_equal(error_of(h, "INSERT INTO t (id, d) VALUES (2, '2026-02-30')", AR_E_TYPE)->column, "d");
    (void)error_of(h, "INSERT INTO t (id, n) VALUES (2, 1 / 0)", AR_E_TYPE);
    (void)error_of(h, "UPDATE t SET n = 9223372036854775807 + id", AR_E_TYPE);
}

static void wrong_queries_are_told(void **state)
{
    mysql_host *h = *state;
    assert_int_equal(error_of(h, "SELEC 1", AR_E_QUERY)->native_code, 1064);
    assert_int_equal(error_of(h, "SELECT * FROM nowhere", AR_E_QUERY)->native_code, 1146);
    assert_int_equal(error_of(h, "SELECT nothing FROM t", AR_E_QUERY)->native_code, 1054);
    assert_non_null(strstr(error_of(h, "SELECT nothing FROM t", AR_E_QUERY)->message, "nothing"));
    (void)error_of(h, "SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no'", AR_E_CONSTRAINT);
    fake_op *op = mysql_host_sql(h, "ROLLBACK");
    mysql_host_tells(op, AR_E_INVALID);
    op = fake_sql(&h->host, "SELECT ?, ?");
    fake_int(op, 1);
    op->statement.parameter_count = 1;
    mysql_host_run(h);
    mysql_host_tells(op, AR_E_INVALID);
    assert_string_equal(mysql_host_rows(h, "SELECT 1"), "1;");
}

/* The text of a SIGNAL is the application's: shown, unless it may be made of what was bound. */
static void signals_do_not_repeat_what_was_bound(void **state)
{
    mysql_host *h = *state;
    const char *sqlstates[] = { "45000", "45001", "02000" };
    assert_non_null(strstr(
        error_of(h, "SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'too young'", AR_E_CONSTRAINT)->message, "too young"));
    for (size_t i = 0; i < sizeof sqlstates / sizeof sqlstates[0]; i++) {
        char sql[300];
        snprintf(sql, sizeof sql,
                 "CREATE OR REPLACE TRIGGER refuses BEFORE INSERT ON t FOR EACH ROW BEGIN DECLARE m TEXT DEFAULT "
                 "CONCAT('not ', NEW.u); SIGNAL SQLSTATE '%s' SET MESSAGE_TEXT = m%s; END",
                 sqlstates[i], i == 1 ? ", MYSQL_ERRNO = 1048" : "");
        mysql_host_rows(h, sql);
        fake_op *op = fake_sql(&h->host, "INSERT INTO t (id, u) VALUES (?, ?)");
        fake_int(op, 7);
        fake_text(op, "secret");
        mysql_host_run(h);
        assert_true(op->status == AR_E_CONSTRAINT || i > 0);
        assert_true(op->status != AR_OK);
        if (strstr(op->error.message, "secret") != NULL || strstr(op->error.message, "SIGNAL") == NULL)
            fail_msg("%s: %s", sqlstates[i], op->error.message);
        assert_string_equal(op->error.sqlstate, sqlstates[i]);
    }
}

static void numbers_that_are_not_met_every_day(void **state)
{
    ar_error error;
    (void)state;
    const struct {
        const char *sqlstate;
        const char *message;
        const char *shown;
        unsigned number;
        ar_status status;
    } examples[] = {
        { "23000", "Duplicate entry 'x'' for key 'a' for key 't.real'", "'real'", 1062, AR_E_CONSTRAINT },
        { "22018", "Bad 'secret''s' thing", "'...'", 9999, AR_E_TYPE },
        { "HY000", "Bad thing", "Bad thing", 9998, AR_E_QUERY },
        { "HY000", "Lost connection", "lost", 2013, AR_E_CONNECTION },
        { "HY000", "The table 't' is full", "'t'", 1114, AR_E_DISK_FULL },
        { "08004", "Too many connections", "pool", 1040, AR_E_CONNECTION },
        { "HY000", "The server is running with the --read-only option", "read-only", 1290, AR_E_READ_ONLY },
        { "22007", "Incorrect integer value: 'secret' for column `d`.`t`.`n` at row 1", "column n", 1366, AR_E_TYPE },
        { "HY000", "Incorrect integer value: 'secret' for column 'n' at row 1", "column n", 1366, AR_E_TYPE },
        { "HY000", "Check constraint 'positive' is violated.", "positive", 3819, AR_E_CONSTRAINT },
    };
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        ar_status status =
            ari_mysql_error_of(examples[i].number, examples[i].sqlstate, examples[i].message, "testing", &error);
        assert_int_equal(status, examples[i].status);
        if (strstr(error.message, examples[i].shown) == NULL || strstr(error.message, "secret") != NULL)
            fail_msg("%u: %s", examples[i].number, error.message);
        assert_string_equal(error.sqlstate, examples[i].sqlstate);
    }
}

#define on_server(test) cmocka_unit_test_setup_teardown(test, set_up, mysql_host_tear_down)

static int run(void)
{
    const struct CMUnitTest tests[] = {
        on_server(constraints_are_named),
        on_server(values_that_do_not_fit_are_not_shown),
        on_server(wrong_queries_are_told),
        on_server(signals_do_not_repeat_what_was_bound),
        cmocka_unit_test(numbers_that_are_not_met_every_day),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
    return mysql_host_main("mysql_errors", run);
}
