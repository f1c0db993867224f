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
#include "backends/sqlite/sqlite.h"
#include "tests/support/sqlite_fixture.h"

/* A transaction that is open, or gone, behind the backend's back: what is acknowledged has to be there after the next
 * opening. An SQL function stands for text that is not seen to be a BEGIN or a COMMIT. */

static void run_text(sqlite3_context *context, int count, sqlite3_value **values)
{
    (void)count;
    sqlite3 *db = sqlite3_context_db_handle(context);
    if (sqlite3_exec(db, (const char *)sqlite3_value_text(values[0]), NULL, NULL, NULL) != SQLITE_OK)
        sqlite3_result_error(context, sqlite3_errmsg(db), -1);
}

static sqlite_fixture *begin(void **state)
{
    sqlite_fixture *f = *state;
    sqlite_fixture_rows(f, "CREATE TABLE IF NOT EXISTS t (id INTEGER PRIMARY KEY)");
    int code = sqlite3_create_function(f->writer->db, "run_text", 1, SQLITE_UTF8, NULL, run_text, NULL, NULL);
    assert_int_equal(code, SQLITE_OK);
    return f;
}

static fake_op *insert(sqlite_fixture *f, int64_t id)
{
    fake_op *op = fake_sql(&f->host, "INSERT INTO t (id) VALUES (?)");
    fake_int(op, id);
    return op;
}

static const char *ids(sqlite_fixture *f)
{
    return sqlite_fixture_rows(f, "SELECT group_concat(id, ' ') FROM (SELECT id FROM t ORDER BY id)");
}

static void assert_refused(const fake_op *op)
{
    assert_ended(op, AR_E_CONNECTION);
    assert_false(op->error.outcome_unknown);
    assert_says(op->error.message, "nothing was changed");
}

static bool usable(const sqlite_fixture *f)
{
    return ari_sqlite_backend.usable(f->writer);
}

static void a_statement_that_leaves_a_transaction_open_fails(void **state)
{
    static const char *const texts[] = { "SELECT run_text('BEGIN')",
                                         "INSERT INTO t SELECT 5 WHERE run_text('BEGIN') IS NULL" };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        sqlite_fixture *f = begin(state);
        fake_op *culprit = fake_sql(&f->host, texts[i]);
        culprit->statement.statement_class = AR_STATEMENT_OTHER;
        fake_op *next = fake_kind(&f->host, AR_OP_BEGIN), *a = insert(f, 1), *b = insert(f, 2);
        fake_op *read = fake_sql(&f->host, "SELECT 1"), *other = fake_sql(&f->host, "SELECT 2");
        sqlite_fixture_run(f);
        assert_ended(culprit, AR_E_CONNECTION);
        assert_says(culprit->error.message, "left a transaction open");
        assert_refused(next);
        assert_refused(a);
        assert_refused(b);
        assert_refused(read);
        assert_refused(other);
        assert_false(usable(f));
        fake_op *x = fake_sql(&f->host, "SELECT 1"), *y = fake_sql(&f->host, "SELECT 2");
        sqlite_fixture_run(f);
        assert_refused(x);
        assert_refused(y);
        fake_op *alone = insert(f, 3), *rollback = fake_kind(&f->host, AR_OP_ROLLBACK);
        sqlite_fixture_run(f);
        assert_refused(alone);
        assert_ended(rollback, AR_E_CONNECTION);
        sqlite_fixture_reopen(f, NULL);
        assert_string_equal(ids(f), "NULL;");
    }
}

static void a_failure_that_leaves_a_transaction_open_keeps_its_error(void **state)
{
    sqlite_fixture *f = begin(state);
    fake_op *culprit = fake_sql(&f->host, "SELECT run_text('BEGIN')");
    culprit->statement.statement_class = AR_STATEMENT_OTHER;
    culprit->refused_row = 1;
    culprit->refuse_with = AR_E_VETOED;
    sqlite_fixture_run(f);
    assert_ended(culprit, AR_E_VETOED);
    assert_false(usable(f));
}

static void a_database_in_memory_stays(void **state)
{
    sqlite_fixture *f = begin(state);
    insert(f, 1);
    fake_op *culprit = fake_sql(&f->host, "INSERT INTO t SELECT 5 WHERE run_text('BEGIN') IS NULL");
    culprit->statement.statement_class = AR_STATEMENT_OTHER;
    fake_op *a = insert(f, 2), *b = insert(f, 3);
    sqlite_fixture_run(f);
    assert_ended(culprit, AR_E_CONNECTION);
    assert_ended(a, AR_OK);
    assert_ended(b, AR_OK);
    assert_true(usable(f));
    assert_true(sqlite3_get_autocommit(f->writer->db));
    assert_string_equal(ids(f), "1 2 3;");
}

static void reads_that_could_not_share_leave_none_open(void **state)
{
    sqlite_fixture *f = begin(state);
    fake_op *culprit = fake_sql(&f->host, "SELECT run_text('BEGIN')"), *read = fake_sql(&f->host, "SELECT 1");
    sqlite3_stmt *kept = f->writer->control[ARI_SQLITE_BEGIN];
    f->writer->control[ARI_SQLITE_BEGIN] = NULL; /* SQLITE_MISUSE */
    sqlite_fixture_run(f);
    f->writer->control[ARI_SQLITE_BEGIN] = kept;
    assert_ended(culprit, AR_E_CONNECTION);
    assert_refused(read);
    assert_false(usable(f));
}

static void a_group_that_lost_its_transaction_does_not_know_its_outcome(void **state)
{
    static const char *const texts[] = { "SELECT run_text('COMMIT')", "SELECT run_text('COMMIT') FROM t LIMIT 1" };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        sqlite_fixture *f = begin(state);
        sqlite_fixture_rows(f, "DELETE FROM t");
        fake_op *first = insert(f, 1), *twice = insert(f, 1), *culprit = fake_sql(&f->host, texts[i]);
        fake_op *bad = insert(f, 1), *good = insert(f, 2);
        sqlite_fixture_run(f);
        assert_true(first->status != AR_OK && first->error.outcome_unknown);
        assert_true(twice->status != AR_OK);
        assert_true(culprit->status != AR_OK);
        assert_ended(bad, AR_E_CONSTRAINT);
        assert_ended(good, AR_OK);
        assert_string_equal(ids(f), "1 2;");
    }
}

static int refuse_rollback(void *arg, int action, const char *a, const char *b, const char *c, const char *d)
{
    (void)arg, (void)b, (void)c, (void)d;
    return action == SQLITE_TRANSACTION && strcmp(a, "ROLLBACK") == 0 ? SQLITE_DENY : SQLITE_OK;
}

static void nothing_is_acknowledged_behind_a_rollback_that_failed(void **state)
{
    sqlite_fixture *f = begin(state);
    fake_op *first = insert(f, 1), *refused = fake_sql(&f->host, "INSERT INTO t VALUES (2), (3) RETURNING id");
    refused->refused_row = 1;
    refused->refuse_with = AR_E_VETOED;
    fake_op *read = fake_sql(&f->host, "SELECT 1"), *last = insert(f, 4);
    fake_op *schema = fake_sql(&f->host, "CREATE TABLE u (x)");
    assert_int_equal(sqlite3_set_authorizer(f->writer->db, refuse_rollback, NULL), SQLITE_OK);
    sqlite_fixture_run(f);
    assert_ended(refused, AR_E_VETOED);
    assert_refused(first);
    assert_refused(read);
    assert_refused(last);
    assert_refused(schema);
    assert_false(usable(f));
    assert_int_equal(sqlite3_set_authorizer(f->writer->db, NULL, NULL), SQLITE_OK);
    fake_op *a = insert(f, 5), *b = insert(f, 6);
    sqlite_fixture_run(f);
    assert_refused(a);
    assert_refused(b);
    sqlite_fixture_reopen(f, NULL);
    assert_string_equal(ids(f), "NULL;");
}

static void nothing_is_acknowledged_behind_a_commit_that_stays_open(void **state)
{
    sqlite_fixture *f = *state;
    sqlite_fixture_reopen(f, "journal_mode=delete&synchronous=off&busy_timeout_ms=10");
    (void)begin(state);
    sqlite_fixture_other(f, "BEGIN; SELECT * FROM t");
    fake_op *a = insert(f, 1), *read = fake_sql(&f->host, "SELECT count(*) FROM t"), *b = insert(f, 2);
    fake_op *c = fake_sql(&f->host, "CREATE TABLE u (x)");
    assert_int_equal(sqlite3_set_authorizer(f->writer->db, refuse_rollback, NULL), SQLITE_OK);
    sqlite_fixture_run(f);
    assert_ended(a, AR_E_CONFLICT);
    assert_ended(b, AR_E_CONFLICT);
    assert_refused(read);
    assert_refused(c);
    assert_false(usable(f));
    sqlite_fixture_other(f, "COMMIT");
    sqlite_fixture_reopen(f, NULL);
    assert_string_equal(ids(f), "NULL;");
}

#define FILES(test) cmocka_unit_test_setup_teardown(test, sqlite_fixture_file, sqlite_fixture_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FILES(a_statement_that_leaves_a_transaction_open_fails),
        FILES(a_failure_that_leaves_a_transaction_open_keeps_its_error),
        cmocka_unit_test_setup_teardown(a_database_in_memory_stays, sqlite_fixture_memory, sqlite_fixture_tear_down),
        FILES(reads_that_could_not_share_leave_none_open),
        FILES(a_group_that_lost_its_transaction_does_not_know_its_outcome),
        FILES(nothing_is_acknowledged_behind_a_rollback_that_failed),
        FILES(nothing_is_acknowledged_behind_a_commit_that_stays_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
