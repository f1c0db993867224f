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

/* The second guard: texts that classify.c would have let through by mistake. */

static int prepare(sqlite_fixture *f, const char *text, ar_statement_class statement_class, ar_error *err)
{
    ar_statement source = { .sql = text, .sql_length = strlen(text), .statement_class = statement_class };
    sqlite3_stmt *handle = NULL;
    const char *tail = NULL;
    int code = ari_sqlite_guard_prepare(&f->writer->guard, f->writer->db, &source, 0, &handle, &tail);
    (void)sqlite3_finalize(handle);
    assert_int_equal(code == SQLITE_AUTH, f->writer->guard.refused != 0);
    if (code == SQLITE_AUTH)
        assert_int_equal(ari_sqlite_guard_error(&f->writer->guard, err), AR_E_INVALID);
    return code;
}

static void transactions_are_not_prepared(void **state)
{
    static const char *const texts[] = { "BEGIN",         "BEGIN IMMEDIATE", "COMMIT",    "END",
                                         "ROLLBACK",      "ROLLBACK TO s",   "RELEASE s", "SAVEPOINT s",
                                         "/**/ ;;COMMIT", "EXPLAIN COMMIT" };
    sqlite_fixture *f = *state;
    ar_error error;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        for (int of = AR_STATEMENT_READ; of <= AR_STATEMENT_OTHER; of++) {
            assert_int_equal(prepare(f, texts[i], (ar_statement_class)of, &error), SQLITE_AUTH);
            assert_says(error.message, "use ar_tx_begin");
        }
}

static void the_session_changes_only_where_the_class_says_so(void **state)
{
    static const char *const texts[] = { "ATTACH ':memory:' AS a", "DETACH a", "CREATE TEMP TABLE x (y)",
                                         "CREATE TEMP VIEW x AS SELECT 1", "PRAGMA cache_size = 77" };
    sqlite_fixture *f = *state;
    ar_error error;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        for (int of = AR_STATEMENT_READ; of <= AR_STATEMENT_OTHER; of++) {
            bool allowed = of == AR_STATEMENT_SESSION;
            assert_int_equal(prepare(f, texts[i], (ar_statement_class)of, &error), allowed ? SQLITE_OK : SQLITE_AUTH);
            if (!allowed)
                assert_says(error.message, "more than its class says");
        }
}

static void a_disguised_pragma_has_no_effect(void **state)
{
    sqlite_fixture *f = *state;
    fake_op *honest = fake_sql(&f->host, "PRAGMA cache_size = 55");
    sqlite_fixture_run(f);
    assert_ended(honest, AR_OK);
    fake_op *bad = fake_sql(&f->host, "PRAGMA cache_size = 77");
    bad->statement.statement_class = AR_STATEMENT_READ;
    sqlite_fixture_run(f);
    assert_ended(bad, AR_E_INVALID);
    assert_string_equal(sqlite_fixture_rows(f, "PRAGMA cache_size"), "55;");
}

/* What SQLite runs by itself to serve a text is no business of the guard. */
static void what_sqlite_does_for_a_text_gets_through(void **state)
{
    sqlite_fixture *f = *state;
    sqlite_fixture_rows(f, "CREATE TABLE t (id INTEGER PRIMARY KEY, x)");
    sqlite_fixture_rows(f, "INSERT INTO t VALUES (1, 'a')");
    sqlite_fixture_rows(f, "CREATE TEMP TABLE gone (x)");
    sqlite_fixture_rows(f, "CREATE INDEX gone_x ON gone (x)");
    sqlite_fixture_rows(f, "DROP TABLE gone");
    bool has_text = sqlite3_compileoption_used("ENABLE_FTS3"), has_tree = sqlite3_compileoption_used("ENABLE_RTREE");
    if (has_text)
        sqlite_fixture_rows(f, "CREATE VIRTUAL TABLE words USING fts4 (body)");
    if (has_tree)
        sqlite_fixture_rows(f, "CREATE VIRTUAL TABLE boxes USING rtree (id, a, b)");
    sqlite_fixture_reopen(f,
                          "synchronous=off"); /* virtual tables are connected when they are named for the first time */
    if (has_text) {
        sqlite_fixture_rows(f, "INSERT INTO words VALUES ('hello world')");
        assert_string_equal(sqlite_fixture_rows(f, "SELECT body FROM words WHERE words MATCH 'world'"), "hello world;");
    }
    if (has_tree)
        sqlite_fixture_rows(f, "INSERT INTO boxes VALUES (1, 2, 3)");
    assert_string_equal(sqlite_fixture_rows(f, "SELECT name FROM pragma_table_xinfo('t') WHERE pk = 1"), "id;");
    sqlite_fixture_rows(f, "VACUUM");
    sqlite_fixture_rows(f, "ALTER TABLE t RENAME COLUMN x TO y");
    sqlite_fixture_rows(f, "ANALYZE");
    assert_string_equal(sqlite_fixture_rows(f, "SELECT y FROM t"), "a;");
    fake_op *ops[] = { fake_sql(&f->host, "INSERT INTO t VALUES (2, 'b')"),
                       fake_sql(&f->host, "INSERT INTO t VALUES (3, 'c')") };
    sqlite_fixture_run(f); /* BEGIN IMMEDIATE and COMMIT compiled anew, with the schema that changed */
    assert_ended(ops[0], AR_OK);
    assert_ended(ops[1], AR_OK);
}

#define MEMORY(test) cmocka_unit_test_setup_teardown(test, sqlite_fixture_memory, sqlite_fixture_tear_down)
#define FILED(test)  cmocka_unit_test_setup_teardown(test, sqlite_fixture_file, sqlite_fixture_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        MEMORY(transactions_are_not_prepared),
        MEMORY(the_session_changes_only_where_the_class_says_so),
        MEMORY(a_disguised_pragma_has_no_effect),
        FILED(what_sqlite_does_for_a_text_gets_through),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
