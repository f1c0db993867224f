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

static sqlite_fixture *begin(void **state)
{
    sqlite_fixture *f = *state;
    sqlite_fixture_rows(f, "CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT)");
    sqlite_fixture_rows(f, "INSERT INTO t (id) VALUES (1), (2), (3), (4), (5), (6), (7)");
    return f;
}

static fake_op *kind(sqlite_fixture *f, ar_operation_kind kind)
{
    fake_op *op = fake_kind(&f->host, kind);
    op->operation.in_transaction = kind != AR_OP_BEGIN;
    return op;
}

static fake_op *numbered(sqlite_fixture *f, ar_operation_kind k, uint32_t savepoint)
{
    fake_op *op = kind(f, k);
    op->operation.savepoint = savepoint;
    return op;
}

static fake_op *sql(sqlite_fixture *f, const char *text)
{
    fake_op *op = fake_sql(&f->host, text);
    op->operation.in_transaction = true;
    return op;
}

static fake_op *done(sqlite_fixture *f, fake_op *op, ar_status status)
{
    sqlite_fixture_run(f);
    assert_ended(op, status);
    return op;
}

static fake_op *cursor(sqlite_fixture *f, const char *text, size_t limit)
{
    fake_op *op = sql(f, text);
    op->operation.row_limit = limit;
    return op;
}

static fake_op *fetch(sqlite_fixture *f, void *of, size_t limit)
{
    fake_op *op = kind(f, AR_OP_FETCH);
    op->operation.cursor = of;
    op->operation.row_limit = limit;
    return op;
}

static void commit_keeps_and_rollback_forgets(void **state)
{
    sqlite_fixture *f = begin(state);
    done(f, kind(f, AR_OP_BEGIN), AR_OK);
    assert_false(sqlite3_get_autocommit(f->writer->db));
    assert_int_equal(sqlite3_txn_state(f->writer->db, "main"), SQLITE_TXN_WRITE); /* BEGIN IMMEDIATE */
    assert_int_equal(done(f, sql(f, "INSERT INTO t (id) VALUES (10)"), AR_OK)->row_id, 10);
    assert_int_equal(done(f, sql(f, "UPDATE t SET x = 'a' WHERE id < 3"), AR_OK)->changes, 2);
    done(f, kind(f, AR_OP_COMMIT), AR_OK);
    done(f, kind(f, AR_OP_BEGIN), AR_OK);
    done(f, sql(f, "DELETE FROM t"), AR_OK);
    done(f, kind(f, AR_OP_ROLLBACK), AR_OK);
    assert_string_equal(sqlite_fixture_rows(f, "SELECT count(*), count(x) FROM t"), "8|2;");
}

static void operations_out_of_place_are_refused(void **state)
{
    sqlite_fixture *f = begin(state);
    done(f, sql(f, "DELETE FROM t"), AR_E_TX_ABORTED);
    done(f, kind(f, AR_OP_COMMIT), AR_E_TX_ABORTED);
    done(f, kind(f, AR_OP_ROLLBACK), AR_OK);
    done(f, numbered(f, AR_OP_SAVEPOINT, 1), AR_E_TX_ABORTED);
    done(f, numbered(f, AR_OP_RELEASE, 1), AR_E_TX_ABORTED);
    done(f, numbered(f, AR_OP_ROLLBACK_TO, 1), AR_E_TX_ABORTED);
    done(f, kind(f, (ar_operation_kind)99), AR_E_INVALID);
    done(f, kind(f, AR_OP_BEGIN), AR_OK);
    done(f, kind(f, AR_OP_BEGIN), AR_E_INVALID);
    done(f, fake_sql(&f->host, "DELETE FROM t"), AR_E_INVALID);
    done(f, sql(f, "COMMIT"), AR_E_INVALID);
    done(f, numbered(f, AR_OP_RELEASE, 1), AR_E_INVALID);
    done(f, numbered(f, AR_OP_ROLLBACK_TO, 1), AR_E_INVALID);
    done(f, kind(f, AR_OP_ROLLBACK), AR_OK);
    assert_string_equal(sqlite_fixture_rows(f, "SELECT count(*) FROM t"), "7;");
}

static void a_read_only_transaction_refuses_writes(void **state)
{
    sqlite_fixture *f = begin(state);
    fake_op *start = kind(f, AR_OP_BEGIN);
    start->operation.read_only = true;
    done(f, start, AR_OK);
    assert_string_equal(done(f, sql(f, "SELECT count(*) FROM t"), AR_OK)->rows, "7;");
    done(f, sql(f, "DELETE FROM t"), AR_E_READ_ONLY);
    done(f, sql(f, "CREATE TABLE u (x)"), AR_E_READ_ONLY);
    done(f, kind(f, AR_OP_COMMIT), AR_OK);
    assert_int_equal(sqlite_fixture_rows(f, "DELETE FROM t WHERE id = 7")[0], 0);
}

static void savepoints_nest(void **state)
{
    sqlite_fixture *f = begin(state);
    done(f, kind(f, AR_OP_BEGIN), AR_OK);
    done(f, sql(f, "DELETE FROM t WHERE id = 1"), AR_OK);
    done(f, numbered(f, AR_OP_SAVEPOINT, 1), AR_OK);
    done(f, sql(f, "DELETE FROM t WHERE id = 2"), AR_OK);
    done(f, numbered(f, AR_OP_SAVEPOINT, 4000000000u), AR_OK);
    done(f, sql(f, "DELETE FROM t WHERE id = 3"), AR_OK);
    done(f, numbered(f, AR_OP_ROLLBACK_TO, 4000000000u), AR_OK);
    done(f, sql(f, "DELETE FROM t WHERE id = 4"), AR_OK);
    done(f, numbered(f, AR_OP_ROLLBACK_TO, 4000000000u), AR_OK); /* it stays */
    done(f, numbered(f, AR_OP_RELEASE, 4000000000u), AR_OK);
    done(f, numbered(f, AR_OP_RELEASE, 4000000000u), AR_E_INVALID);
    assert_string_equal(done(f, sql(f, "SELECT group_concat(id) FROM t"), AR_OK)->rows, "3,4,5,6,7;");
    done(f, numbered(f, AR_OP_ROLLBACK_TO, 1), AR_OK);
    done(f, numbered(f, AR_OP_RELEASE, 1), AR_OK);
    for (uint32_t i = 10; i < 60; i++)
        done(f, numbered(f, AR_OP_SAVEPOINT, i), AR_OK);
    done(f, numbered(f, AR_OP_RELEASE, 10), AR_OK); /* and all inside it */
    done(f, numbered(f, AR_OP_RELEASE, 59), AR_E_INVALID);
    done(f, kind(f, AR_OP_COMMIT), AR_OK);
    assert_string_equal(sqlite_fixture_rows(f, "SELECT group_concat(id) FROM t"), "2,3,4,5,6,7;");
}

static void an_engine_that_ends_the_transaction_is_noticed(void **state)
{
    sqlite_fixture *f = begin(state);
    done(f, kind(f, AR_OP_BEGIN), AR_OK);
    done(f, sql(f, "INSERT INTO t (id) VALUES (10)"), AR_OK);
    assert_false(done(f, sql(f, "INSERT INTO t (id) VALUES (1)"), AR_E_CONSTRAINT)->ended_transaction);
    fake_op *culprit = done(f, sql(f, "INSERT OR ROLLBACK INTO t (id) VALUES (1)"), AR_E_CONSTRAINT);
    assert_true(culprit->ended_transaction);
    done(f, sql(f, "INSERT INTO t (id) VALUES (11)"), AR_E_TX_ABORTED);
    done(f, kind(f, AR_OP_COMMIT), AR_E_TX_ABORTED);
    assert_string_equal(sqlite_fixture_rows(f, "SELECT max(id) FROM t"), "7;");
    done(f, kind(f, AR_OP_BEGIN), AR_OK);
    fake_op *endless =
        sql(f, "INSERT INTO t (id) WITH RECURSIVE r (i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM r) SELECT i FROM r");
    endless->looks = 10;
    assert_true(done(f, endless, AR_E_CANCELLED)->ended_transaction);
    assert_true(sqlite3_get_autocommit(f->writer->db));
}

static void deferred_foreign_keys_fail_the_commit(void **state)
{
    sqlite_fixture *f = begin(state);
    sqlite_fixture_rows(f, "CREATE TABLE d (t INT REFERENCES t (id) DEFERRABLE INITIALLY DEFERRED)");
    done(f, kind(f, AR_OP_BEGIN), AR_OK);
    done(f, sql(f, "INSERT INTO d VALUES (99)"), AR_OK);
    fake_op *commit = done(f, kind(f, AR_OP_COMMIT), AR_E_CONSTRAINT);
    assert_int_equal(commit->error.constraint_kind, AR_CONSTRAINT_FOREIGN_KEY);
    assert_true(commit->ended_transaction);
    assert_false(commit->error.outcome_unknown);
    assert_true(sqlite3_get_autocommit(f->writer->db));
    assert_string_equal(sqlite_fixture_rows(f, "SELECT count(*) FROM d"), "0;");
}

static void a_cursor_gives_its_rows_in_parts(void **state)
{
    sqlite_fixture *f = begin(state);
    done(f, kind(f, AR_OP_BEGIN), AR_OK);
    fake_op *first = cursor(f, "SELECT id, ? FROM t ORDER BY id", 3);
    fake_text(first, "kept");
    done(f, first, AR_OK);
    assert_string_equal(first->rows, "1|kept;2|kept;3|kept;");
    assert_non_null(first->cursor);
    fake_op *same_text = sql(f, "SELECT id, ? FROM t ORDER BY id"); /* beside it */
    fake_text(same_text, "other");
    assert_int_equal(done(f, same_text, AR_OK)->row_count, 7);
    fake_op *second = done(f, fetch(f, first->cursor, 3), AR_OK);
    assert_string_equal(second->rows, "4|kept;5|kept;6|kept;");
    assert_ptr_equal(second->cursor, first->cursor);
    fake_op *third = done(f, fetch(f, first->cursor, 3), AR_OK);
    assert_string_equal(third->rows, "7|kept;");
    assert_null(third->cursor);
    done(f, fetch(f, first->cursor, 3), AR_E_INVALID);
    fake_op *exactly = done(f, cursor(f, "SELECT id FROM t", 7), AR_OK);
    assert_null(exactly->cursor);
    fake_op *rest = done(f, cursor(f, "SELECT id FROM t", 1), AR_OK);
    fake_op *all = done(f, fetch(f, rest->cursor, 0), AR_OK);
    assert_int_equal(all->row_count, 6);
    assert_null(all->cursor);
    done(f, kind(f, AR_OP_COMMIT), AR_OK);
}

static void cursors_need_a_transaction_and_a_read(void **state)
{
    sqlite_fixture *f = begin(state);
    fake_op *outside = fake_sql(&f->host, "SELECT id FROM t");
    outside->operation.row_limit = 1;
    done(f, outside, AR_E_INVALID);
    done(f, kind(f, AR_OP_BEGIN), AR_OK);
    done(f, cursor(f, "DELETE FROM t RETURNING id", 1), AR_E_INVALID);
    assert_string_equal(done(f, sql(f, "SELECT count(*) FROM t"), AR_OK)->rows, "7;");
    done(f, kind(f, AR_OP_ROLLBACK), AR_OK);
}

static void closing_a_cursor_never_fails(void **state)
{
    sqlite_fixture *f = begin(state);
    done(f, kind(f, AR_OP_BEGIN), AR_OK);
    fake_op *open = done(f, cursor(f, "SELECT id FROM t", 1), AR_OK);
    for (int i = 0; i < 2; i++) {
        fake_op *close = kind(f, AR_OP_CLOSE_CURSOR);
        close->operation.cursor = open->cursor;
        close->cancelled = true;
        done(f, close, AR_OK);
    }
    done(f, kind(f, AR_OP_CLOSE_CURSOR), AR_OK);
    done(f, sql(f, "DROP TABLE t"), AR_OK); /* nothing reads it any more */
    done(f, kind(f, AR_OP_COMMIT), AR_OK);
}

static void cursors_end_with_their_transaction(void **state)
{
    static const ar_operation_kind ends[] = { AR_OP_ROLLBACK, AR_OP_COMMIT };
    sqlite_fixture *f = begin(state);
    for (size_t i = 0; i < 2; i++) {
        done(f, kind(f, AR_OP_BEGIN), AR_OK);
        fake_op *open = done(f, cursor(f, "SELECT id FROM t", 1), AR_OK);
        done(f, kind(f, ends[i]), AR_OK);
        assert_int_equal(sqlite3_txn_state(f->writer->db, NULL), SQLITE_TXN_NONE);
        done(f, fetch(f, open->cursor, 1), AR_E_TX_ABORTED);
        done(f, fetch(f, open->cursor, 1), AR_E_INVALID);
    }
    done(f, kind(f, AR_OP_BEGIN), AR_OK);
    fake_op *open = done(f, cursor(f, "SELECT id FROM t", 1), AR_OK);
    done(f, sql(f, "INSERT OR ROLLBACK INTO t (id) VALUES (1)"), AR_E_CONSTRAINT);
    done(f, fetch(f, open->cursor, 1), AR_E_TX_ABORTED);
}

static void cursors_end_with_their_savepoint(void **state)
{
    sqlite_fixture *f = begin(state);
    done(f, kind(f, AR_OP_BEGIN), AR_OK);
    fake_op *outer = done(f, cursor(f, "SELECT id FROM t ORDER BY id", 1), AR_OK);
    done(f, numbered(f, AR_OP_SAVEPOINT, 1), AR_OK);
    fake_op *inner = done(f, cursor(f, "SELECT id + 0 FROM t ORDER BY id", 1), AR_OK);
    done(f, numbered(f, AR_OP_SAVEPOINT, 2), AR_OK);
    fake_op *released = done(f, cursor(f, "SELECT id + 1 FROM t ORDER BY id", 1), AR_OK);
    done(f, numbered(f, AR_OP_RELEASE, 2), AR_OK);
    assert_string_equal(done(f, fetch(f, released->cursor, 1), AR_OK)->rows, "3;");
    done(f, numbered(f, AR_OP_SAVEPOINT, 3), AR_OK);
    done(f, numbered(f, AR_OP_ROLLBACK_TO, 3), AR_OK); /* the released savepoint's cursor is not inside this one */
    assert_string_equal(done(f, fetch(f, released->cursor, 1), AR_OK)->rows, "4;");
    done(f, numbered(f, AR_OP_RELEASE, 3), AR_OK);
    done(f, sql(f, "UPDATE t SET x = 'a' WHERE id = 5"), AR_OK);
    done(f, numbered(f, AR_OP_ROLLBACK_TO, 1), AR_OK);
    done(f, fetch(f, inner->cursor, 1), AR_E_TX_ABORTED);
    done(f, fetch(f, released->cursor, 1), AR_E_TX_ABORTED);
    assert_string_equal(done(f, fetch(f, outer->cursor, 2), AR_OK)->rows, "2;3;");
    done(f, kind(f, AR_OP_ROLLBACK), AR_OK);
}

static void a_cursor_that_fails_is_gone(void **state)
{
    sqlite_fixture *f = begin(state);
    done(f, kind(f, AR_OP_BEGIN), AR_OK);
    fake_op *open = done(f, cursor(f, "SELECT CASE id WHEN 3 THEN 'x' ELSE id END FROM t", 1), AR_OK);
    fake_op *refused = fetch(f, open->cursor, 5);
    fake_want(refused, AR_TYPE_INT64);
    done(f, refused, AR_E_TYPE);
    assert_null(refused->cursor);
    done(f, fetch(f, open->cursor, 1), AR_E_INVALID);
    done(f, kind(f, AR_OP_ROLLBACK), AR_OK);
}

static void a_cursor_is_stopped_like_a_statement(void **state)
{
    static const char slow[] =
        "WITH RECURSIVE r (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r) SELECT i FROM r WHERE i < 4 OR i > 100000000";
    sqlite_fixture *f = begin(state);
    done(f, kind(f, AR_OP_BEGIN), AR_OK);
    fake_op *open = done(f, cursor(f, slow, 2), AR_OK);
    fake_op *stopped = fetch(f, open->cursor, 2);
    stopped->looks = 5;
    stopped->late = true;
    done(f, stopped, AR_E_TIMEOUT);
    assert_false(stopped->ended_transaction); /* it only read */
    fake_op *at_once = cursor(f, slow, 4);
    at_once->looks = 5;
    done(f, at_once, AR_E_CANCELLED);
    done(f, sql(f, "DELETE FROM t WHERE id = 1"), AR_OK);
    done(f, kind(f, AR_OP_COMMIT), AR_OK);
}

static void open_cursors_are_freed_at_close(void **state)
{
    sqlite_fixture *f = begin(state);
    done(f, kind(f, AR_OP_BEGIN), AR_OK);
    done(f, cursor(f, "SELECT id FROM t", 1), AR_OK);
    done(f, sql(f, "DELETE FROM t"), AR_OK);
    ari_sqlite_backend.close(f->writer);
    f->writer = fake_open(&f->host, f->config, AR_ROLE_WRITER);
    assert_string_equal(sqlite_fixture_rows(f, "SELECT count(*) FROM t"), "7;"); /* rolled back */
}

static void reset_fails_only_when_the_session_was_changed(void **state)
{
    sqlite_fixture *f = begin(state);
    done(f, kind(f, AR_OP_BEGIN), AR_OK);
    done(f, sql(f, "DELETE FROM t"), AR_OK);
    done(f, cursor(f, "SELECT 1 UNION SELECT 2", 1), AR_OK);
    done(f, kind(f, AR_OP_RESET), AR_OK);
    assert_string_equal(sqlite_fixture_rows(f, "SELECT count(*) FROM t"), "7;");
    done(f, kind(f, AR_OP_BEGIN), AR_OK);
    done(f, sql(f, "CREATE TEMP TABLE mine (x)"), AR_OK);
    done(f, kind(f, AR_OP_COMMIT), AR_OK);
    done(f, kind(f, AR_OP_RESET), AR_E_UNSUPPORTED);
}

static void reset_keeps_a_database_in_memory(void **state)
{
    sqlite_fixture *f = *state;
    assert_string_equal(sqlite_fixture_rows(f, "CREATE TABLE kept (x)"), "");
    done(f, kind(f, AR_OP_BEGIN), AR_OK);
    done(f, sql(f, "CREATE TEMP TABLE mine (x)"), AR_OK);
    done(f, kind(f, AR_OP_COMMIT), AR_OK);
    done(f, kind(f, AR_OP_RESET), AR_OK);
    assert_string_equal(sqlite_fixture_rows(f, "SELECT count(*) FROM kept"), "0;");
}

static void allocations_that_fail_are_errors(void **state)
{
    sqlite_fixture *f = begin(state);
    for (int on = 0; on < 2; on++)
        for (size_t n = 1;; n++) {
            ari_sqlite_backend.close(f->writer);
            f->writer = fake_open(&f->host, f->config, AR_ROLE_WRITER);
            f->host.allocations = f->host.failures = 0;
            f->host.fail_at = n;
            f->host.fail_on = on == 1;
            fake_op *ops[] = { kind(f, AR_OP_BEGIN), cursor(f, "SELECT id FROM t", 2), numbered(f, AR_OP_SAVEPOINT, 1),
                               sql(f, "UPDATE t SET x = 'a'"), numbered(f, AR_OP_RELEASE, 1) };
            sqlite_fixture_run(f);
            fake_op *open = ops[1];
            fake_op *more = open->status == AR_OK ? fetch(f, open->cursor, 0) : NULL;
            fake_op *end = kind(f, AR_OP_ROLLBACK);
            sqlite_fixture_run(f);
            f->host.fail_at = 0;
            for (size_t i = 0; i < 4; i++)
                if (ops[i]->status != AR_OK)
                    assert_ended(ops[i], AR_E_NO_MEMORY);
            if (more != NULL)
                assert_ended(more, AR_OK);
            assert_ended(end, AR_OK);
            if (f->host.failures == 0)
                break;
        }
}

#define FILES(test) cmocka_unit_test_setup_teardown(test, sqlite_fixture_file, sqlite_fixture_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FILES(commit_keeps_and_rollback_forgets),
        FILES(operations_out_of_place_are_refused),
        FILES(a_read_only_transaction_refuses_writes),
        FILES(savepoints_nest),
        FILES(an_engine_that_ends_the_transaction_is_noticed),
        FILES(deferred_foreign_keys_fail_the_commit),
        FILES(a_cursor_gives_its_rows_in_parts),
        FILES(cursors_need_a_transaction_and_a_read),
        FILES(closing_a_cursor_never_fails),
        FILES(cursors_end_with_their_transaction),
        FILES(cursors_end_with_their_savepoint),
        FILES(a_cursor_that_fails_is_gone),
        FILES(a_cursor_is_stopped_like_a_statement),
        FILES(open_cursors_are_freed_at_close),
        FILES(reset_fails_only_when_the_session_was_changed),
        cmocka_unit_test_setup_teardown(reset_keeps_a_database_in_memory, sqlite_fixture_memory,
                                        sqlite_fixture_tear_down),
        FILES(allocations_that_fail_are_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
