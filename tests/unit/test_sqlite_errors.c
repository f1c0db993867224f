/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backends/sqlite/error.h"
#include "tests/support/sqlite_fixture.h"

static void constraints_name_their_kind_and_column(void **state)
{
    static const struct {
        const char *sql;
        int native;
        ar_constraint_kind kind;
        const char *column, *constraint;
    } cases[] = {
        { "INSERT INTO t (id) VALUES (1)", SQLITE_CONSTRAINT_PRIMARYKEY, AR_CONSTRAINT_PRIMARY_KEY, "t.id", "" },
        { "INSERT INTO t (email) VALUES ('a@b')", SQLITE_CONSTRAINT_UNIQUE, AR_CONSTRAINT_UNIQUE, "t.email", "" },
        { "INSERT INTO t (a, b) VALUES (1, 2)", SQLITE_CONSTRAINT_UNIQUE, AR_CONSTRAINT_UNIQUE, "t.a", "t.a, t.b" },
        { "INSERT INTO t (name) VALUES ('X')", SQLITE_CONSTRAINT_UNIQUE, AR_CONSTRAINT_UNIQUE, "", "by_lower" },
        { "INSERT INTO t (name) VALUES (NULL)", SQLITE_CONSTRAINT_NOTNULL, AR_CONSTRAINT_NOT_NULL, "t.name", "" },
        { "INSERT INTO t (a) VALUES (-1)", SQLITE_CONSTRAINT_CHECK, AR_CONSTRAINT_CHECK, "", "a_is_positive" },
        { "INSERT INTO t (b) VALUES (-1)", SQLITE_CONSTRAINT_CHECK, AR_CONSTRAINT_CHECK, "", "b >= 0" },
        { "INSERT INTO t (parent) VALUES (99)", SQLITE_CONSTRAINT_FOREIGNKEY, AR_CONSTRAINT_FOREIGN_KEY, "", "" },
        { "INSERT INTO w VALUES (1)", SQLITE_CONSTRAINT_PRIMARYKEY, AR_CONSTRAINT_PRIMARY_KEY, "w.k", "" },
        { "INSERT INTO strict_one VALUES ('x')", SQLITE_CONSTRAINT_DATATYPE, AR_CONSTRAINT_OTHER, "", "" },
        { "UPDATE t SET a = 424242", SQLITE_CONSTRAINT_TRIGGER, AR_CONSTRAINT_OTHER, "", "" },
    };
    sqlite_fixture *f = *state;
    sqlite_fixture_rows(f, "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT NOT NULL DEFAULT 'n', email TEXT UNIQUE, "
                           "a INT CONSTRAINT a_is_positive CHECK (a >= 0), b INT CHECK (b >= 0), parent INT REFERENCES "
                           "t (id), UNIQUE (a, b))");
    sqlite_fixture_rows(f, "CREATE UNIQUE INDEX by_lower ON t (lower(name)) WHERE name <> 'n'");
    sqlite_fixture_rows(f, "CREATE TABLE w (k INT PRIMARY KEY) WITHOUT ROWID");
    sqlite_fixture_rows(f, "CREATE TABLE strict_one (x INTEGER) STRICT");
    sqlite_fixture_rows(f, "CREATE TRIGGER u BEFORE UPDATE ON t BEGIN SELECT RAISE(ABORT, 'not now'); END");
    sqlite_fixture_rows(f, "INSERT INTO t VALUES (1, 'x', 'a@b', 1, 2, NULL)");
    sqlite_fixture_rows(f, "INSERT INTO w VALUES (1)");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fake_op *op = fake_sql(&f->host, cases[i].sql);
        sqlite_fixture_run(f);
        assert_ended(op, AR_E_CONSTRAINT);
        assert_int_equal(op->error.native_code, cases[i].native);
        assert_int_equal(op->error.constraint_kind, cases[i].kind);
        assert_string_equal(op->error.column, cases[i].column);
        assert_string_equal(op->error.constraint, cases[i].constraint);
        assert_false(op->error.retryable);
        assert_false(op->error.outcome_unknown);
        assert_null(strstr(op->error.message, "424242"));
    }
}

static void long_names_are_cut_and_terminated(void **state)
{
    static const char name[] =
        "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4"
        "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4"
        "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4";
    char text[300];
    sqlite_fixture *f = *state;
    strcat(strcat(strcpy(text, "CREATE TABLE t (x CONSTRAINT "), name), " CHECK (x > 0))");
    sqlite_fixture_rows(f, text);
    fake_op *op = fake_sql(&f->host, "INSERT INTO t VALUES (0)");
    sqlite_fixture_run(f);
    assert_ended(op, AR_E_CONSTRAINT);
    assert_int_equal(strlen(op->error.constraint), 62); /* 63 would end inside a character */
}

static void codes_have_their_status(void **state)
{
    static const struct {
        int code;
        ar_status status;
        bool retryable;
    } cases[] = {
        { SQLITE_BUSY, AR_E_CONFLICT, true },          { SQLITE_BUSY_SNAPSHOT, AR_E_CONFLICT, true },
        { SQLITE_BUSY_RECOVERY, AR_E_CONFLICT, true }, { SQLITE_LOCKED, AR_E_CONFLICT, true },
        { SQLITE_NOTADB, AR_E_CORRUPT, false },        { SQLITE_CORRUPT, AR_E_CORRUPT, false },
        { SQLITE_CORRUPT_INDEX, AR_E_CORRUPT, false }, { SQLITE_FULL, AR_E_DISK_FULL, false },
        { SQLITE_IOERR_FSYNC, AR_E_IO, false },        { SQLITE_IOERR_NOMEM, AR_E_NO_MEMORY, false },
        { SQLITE_READONLY, AR_E_READ_ONLY, false },    { SQLITE_READONLY_DBMOVED, AR_E_READ_ONLY, false },
        { SQLITE_CANTOPEN, AR_E_CONNECTION, false },   { SQLITE_CANTOPEN_ISDIR, AR_E_CONNECTION, false },
        { SQLITE_TOOBIG, AR_E_TYPE, false },           { SQLITE_MISMATCH, AR_E_TYPE, false },
        { SQLITE_RANGE, AR_E_INVALID, false },         { SQLITE_NOMEM, AR_E_NO_MEMORY, false },
        { SQLITE_ERROR, AR_E_QUERY, false },           { SQLITE_AUTH, AR_E_QUERY, false },
        { SQLITE_INTERRUPT, AR_E_CANCELLED, false },   { SQLITE_ABORT_ROLLBACK, AR_E_TX_ABORTED, false },
        { SQLITE_PROTOCOL, AR_E_IO, false },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ar_error error;
        assert_int_equal(ari_sqlite_error(NULL, cases[i].code, "testing", &error), cases[i].status);
        assert_int_equal(error.status, cases[i].status);
        assert_int_equal(error.native_code, cases[i].code);
        assert_int_equal(error.retryable, cases[i].retryable);
        assert_says(error.message, "testing: ");
        assert_int_equal(ari_sqlite_error(NULL, cases[i].code, "testing", NULL), cases[i].status);
    }
    assert_true(ari_sqlite_commit_in_doubt(SQLITE_IOERR_FSYNC));
    assert_false(ari_sqlite_commit_in_doubt(SQLITE_FULL));
    assert_false(ari_sqlite_commit_in_doubt(SQLITE_IOERR_READ));
}

static void values_that_do_not_fit_a_column_are_type_errors(void **state)
{
    sqlite_fixture *f = *state;
    sqlite_fixture_rows(f, "CREATE TABLE t (id INTEGER PRIMARY KEY)");
    fake_op *op = fake_sql(&f->host, "INSERT INTO t VALUES (?)");
    fake_text(op, "classified");
    sqlite_fixture_run(f);
    assert_ended(op, AR_E_TYPE);
    assert_int_equal(op->error.native_code, SQLITE_MISMATCH);
    assert_null(strstr(op->error.message, "classified"));
}

static void shadow_tables_and_the_schema_are_defended(void **state)
{
    sqlite_fixture *f = *state;
    sqlite_fixture_rows(f, "PRAGMA writable_schema = 1");
    fake_op *op = fake_sql(&f->host, "DELETE FROM sqlite_schema");
    sqlite_fixture_run(f);
    assert_ended(op, AR_E_QUERY);
}

#define MEMORY(test) cmocka_unit_test_setup_teardown(test, sqlite_fixture_memory, sqlite_fixture_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        MEMORY(constraints_name_their_kind_and_column),
        MEMORY(long_names_are_cut_and_terminated),
        MEMORY(codes_have_their_status),
        MEMORY(values_that_do_not_fit_a_column_are_type_errors),
        MEMORY(shadow_tables_and_the_schema_are_defended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
