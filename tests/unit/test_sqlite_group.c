/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backends/sqlite/group.h"
#include "tests/support/sqlite_fixture.h"

/* Group commit: what each way out does to the innocent neighbours. A COMMIT hook counts the transactions. */

typedef struct commits {
    int count;
    bool refuse; /* the next one */
    int open_at_completion;
} commits;

static int on_commit(void *arg)
{
    commits *c = arg;
    bool refuse = c->refuse;
    c->refuse = false;
    c->count += refuse ? 0 : 1;
    return refuse;
}

static void check_committed(fake_host *host, fake_op *op)
{
    (void)op;
    sqlite_fixture *f = (sqlite_fixture *)(void *)host;
    commits *c = f->arg;
    c->open_at_completion += sqlite3_get_autocommit(f->writer->db) ? 0 : 1;
}

static sqlite_fixture *begin(void **state, commits *c)
{
    sqlite_fixture *f = *state;
    sqlite_fixture_rows(f,
                        "CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT NOT NULL DEFAULT '', n INT CHECK (n < 100))");
    *c = (commits){ 0 };
    f->arg = c;
    f->host.on_complete = check_committed;
    sqlite3_commit_hook(f->writer->db, on_commit, c);
    return f;
}

static fake_op *insert(sqlite_fixture *f, int64_t id)
{
    fake_op *op = fake_sql(&f->host, "INSERT INTO t (id) VALUES (?)");
    fake_int(op, id);
    return op;
}

static fake_op *insert_or(sqlite_fixture *f, const char *what, int64_t id)
{
    char text[80];
    snprintf(text, sizeof text, "INSERT OR %s INTO t (id) VALUES (?)", what);
    fake_op *op = fake_sql(&f->host, text);
    fake_int(op, id);
    return op;
}

static const char *ids(sqlite_fixture *f)
{
    return sqlite_fixture_rows(f, "SELECT group_concat(id, ' ') FROM (SELECT id FROM t ORDER BY id)");
}

static void writes_share_one_commit(void **state)
{
    commits c;
    sqlite_fixture *f = begin(state, &c);
    fake_op *ops[20];
    for (int i = 0; i < 20; i++)
        ops[i] = insert(f, i + 1);
    sqlite_fixture_run(f);
    assert_int_equal(c.count, 1);
    assert_int_equal(c.open_at_completion, 0);
    for (int i = 0; i < 20; i++) {
        assert_ended(ops[i], AR_OK);
        assert_int_equal(ops[i]->changes, 1);
        assert_int_equal(ops[i]->row_id, i + 1);
        assert_int_equal(ops[i]->order, ops[0]->order + (size_t)i);
    }
    assert_string_equal(sqlite_fixture_rows(f, "SELECT count(*) FROM t"), "20;");
}

static void one_write_alone_opens_no_transaction(void **state)
{
    commits c;
    sqlite_fixture *f = begin(state, &c);
    fake_op *op = insert(f, 1);
    sqlite_fixture_run(f);
    assert_ended(op, AR_OK);
    assert_int_equal(c.count, 1);
    assert_int_equal(sqlite3_stmt_status(f->writer->control[ARI_SQLITE_BEGIN_IMMEDIATE], SQLITE_STMTSTATUS_RUN, 0), 0);
}

static void results_are_those_of_each_operation(void **state)
{
    commits c;
    sqlite_fixture *f = begin(state, &c);
    fake_op *three = fake_sql(&f->host, "INSERT INTO t (id) VALUES (7), (8), (9)");
    fake_op *none = fake_sql(&f->host, "UPDATE t SET x = 'a' WHERE id = 99");
    fake_op *same = fake_sql(&f->host, "UPDATE t SET x = '' WHERE id > 7");
    fake_op *ignored = insert_or(f, "IGNORE", 7);
    fake_op *gone = fake_sql(&f->host, "DELETE FROM t WHERE id = 8");
    fake_op *upsert = fake_sql(&f->host, "INSERT INTO t (id) VALUES (9) ON CONFLICT (id) DO UPDATE SET x = 'u'");
    fake_op *returning = fake_sql(&f->host, "INSERT INTO t (x) VALUES ('r') RETURNING id, x");
    fake_op *replaced = fake_sql(&f->host, "REPLACE INTO t (id, x) VALUES (7, 'new')");
    sqlite_fixture_run(f);
    assert_int_equal(c.count, 1);
    const struct {
        fake_op *op;
        int64_t changes, row_id;
    } expected[] = { { three, 3, 9 }, { none, 0, 0 },   { same, 2, 0 },       { ignored, 0, 0 },
                     { gone, 1, 0 },  { upsert, 1, 0 }, { returning, 1, 10 }, { replaced, 1, 7 } };
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        assert_ended(expected[i].op, AR_OK);
        assert_int_equal(expected[i].op->changes, expected[i].changes);
        assert_int_equal(expected[i].op->row_id, expected[i].row_id);
    }
    assert_string_equal(returning->rows, "10|r;");
}

static void reads_between_see_the_writes_and_complete_after_commit(void **state)
{
    commits c;
    sqlite_fixture *f = begin(state, &c);
    fake_op *before = fake_sql(&f->host, "SELECT count(*) FROM t");
    insert(f, 1);
    fake_op *between = fake_sql(&f->host, "SELECT count(*) FROM t");
    insert(f, 2);
    fake_op *after = fake_sql(&f->host, "SELECT count(*) FROM t");
    sqlite_fixture_run(f);
    assert_string_equal(before->rows, "0;");
    assert_string_equal(between->rows, "1;");
    assert_string_equal(after->rows, "2;");
    assert_int_equal(c.count, 1);
    assert_int_equal(c.open_at_completion, 0);
}

static void an_ordinary_failure_is_its_own(void **state)
{
    commits c;
    sqlite_fixture *f = begin(state, &c);
    fake_op *first = insert(f, 1);
    fake_op *twice = insert(f, 1);
    fake_op *null = fake_sql(&f->host, "INSERT INTO t (id, x) VALUES (2, NULL)");
    fake_op *checked = fake_sql(&f->host, "INSERT INTO t (id, n) VALUES (3, 1), (4, 100)");
    fake_op *syntax = fake_sql(&f->host, "INSERT INTO nowhere VALUES (1)");
    fake_op *last = insert(f, 5);
    sqlite_fixture_run(f);
    assert_int_equal(c.count, 1);
    assert_ended(first, AR_OK);
    assert_ended(twice, AR_E_CONSTRAINT);
    assert_int_equal(twice->error.constraint_kind, AR_CONSTRAINT_PRIMARY_KEY);
    assert_ended(null, AR_E_CONSTRAINT);
    assert_string_equal(null->error.column, "t.x");
    assert_ended(checked, AR_E_CONSTRAINT);
    assert_ended(syntax, AR_E_QUERY);
    assert_ended(last, AR_OK);
    assert_string_equal(ids(f), "1 5;");
    assert_true(twice->order < null->order && null->order < last->order);
}

static void more_failures_than_can_be_held_end_the_group_early(void **state)
{
    commits c;
    sqlite_fixture *f = begin(state, &c);
    fake_op *good[100], *bad[100];
    for (int i = 0; i < 100; i++) {
        good[i] = insert(f, i);
        bad[i] = insert(f, i);
    }
    sqlite_fixture_run(f);
    for (int i = 0; i < 100; i++) {
        assert_ended(good[i], AR_OK);
        assert_ended(bad[i], AR_E_CONSTRAINT);
    }
    assert_in_range(c.count, 2, 10);
    assert_string_equal(sqlite_fixture_rows(f, "SELECT count(*) FROM t"), "100;");
}

static void failures_are_held_without_memory_too(void **state)
{
    commits c;
    sqlite_fixture *f = begin(state, &c);
    insert(f, 1);
    sqlite_fixture_run(f); /* the statement is prepared */
    fake_op *ops[] = { insert(f, 2), insert(f, 1), insert(f, 3), insert(f, 1), insert(f, 4) };
    f->host.fail_at = 1;
    f->host.fail_on = true;
    sqlite_fixture_run(f);
    f->host.fail_at = 0;
    for (int i = 0; i < 5; i++)
        assert_ended(ops[i], i % 2 == 0 ? AR_OK : AR_E_CONSTRAINT);
    assert_string_equal(ids(f), "1 2 3 4;");
}

static void fail_keeps_what_it_did_as_alone(void **state)
{
    commits c;
    sqlite_fixture *f = begin(state, &c);
    fake_op *first = insert(f, 3);
    fake_op *partly = fake_sql(&f->host, "INSERT OR FAIL INTO t (id) VALUES (1), (2), (3), (4)");
    fake_op *last = insert(f, 5);
    sqlite_fixture_run(f);
    assert_ended(first, AR_OK);
    assert_ended(partly, AR_E_CONSTRAINT);
    assert_ended(last, AR_OK);
    assert_int_equal(c.count, 1);
    assert_string_equal(ids(f), "1 2 3 5;");
}

static void on_conflict_rollback_leaves_the_neighbours(void **state)
{
    commits c;
    sqlite_fixture *f = begin(state, &c);
    fake_op *first = insert(f, 1);
    fake_op *read = fake_sql(&f->host, "SELECT count(*) FROM t");
    fake_op *twice = insert(f, 1);
    fake_op *culprit = insert_or(f, "ROLLBACK", 1);
    fake_op *last = insert(f, 2);
    sqlite_fixture_run(f);
    assert_ended(first, AR_OK);
    assert_ended(twice, AR_E_CONSTRAINT);
    assert_ended(culprit, AR_E_CONSTRAINT);
    assert_int_equal(culprit->error.constraint_kind, AR_CONSTRAINT_PRIMARY_KEY);
    assert_ended(last, AR_OK);
    assert_string_equal(ids(f), "1 2;");
    assert_int_equal(read->restarts, 1);
    assert_string_equal(read->rows, "1;");
    assert_int_equal(read->begins, 1);
    assert_int_equal(last->restarts, 0); /* it had not run */
    assert_int_equal(c.open_at_completion, 0);
}

static void raise_ends_as_it_says(void **state)
{
    commits c;
    sqlite_fixture *f = begin(state, &c);
    sqlite_fixture_rows(f, "CREATE TRIGGER r BEFORE INSERT ON t WHEN new.id >= 90 BEGIN SELECT CASE new.id "
                           "WHEN 90 THEN RAISE(ROLLBACK, 'no 90') WHEN 91 THEN RAISE(ABORT, 'no 91') "
                           "WHEN 92 THEN RAISE(FAIL, 'no 92') ELSE RAISE(IGNORE) END; END");
    for (int64_t id = 90; id <= 93; id++) {
        char text[32];
        fake_op *first = insert(f, id - 80);
        fake_op *raises = insert(f, id);
        fake_op *last = insert(f, id - 70);
        sqlite_fixture_run(f);
        snprintf(text, sizeof text, "no %d", (int)id);
        assert_ended(first, AR_OK);
        assert_ended(last, AR_OK);
        assert_ended(raises, id == 93 ? AR_OK : AR_E_CONSTRAINT);
        assert_int_equal(raises->changes, 0);
        if (id != 93) {
            assert_int_equal(raises->error.constraint_kind, AR_CONSTRAINT_OTHER);
            assert_says(raises->error.message, text);
        }
    }
    assert_string_equal(ids(f), "10 11 12 13 20 21 22 23;");
}

static void deferred_foreign_keys_fail_alone(void **state)
{
    commits c;
    sqlite_fixture *f = begin(state, &c);
    sqlite_fixture_rows(f, "CREATE TABLE d (t INT REFERENCES t (id) DEFERRABLE INITIALLY DEFERRED)");
    fake_op *first = insert(f, 1);
    fake_op *orphan = fake_sql(&f->host, "INSERT INTO d VALUES (5)");
    fake_op *parent = insert(f, 5); /* comes too late: alone the orphan would have failed */
    fake_op *child = fake_sql(&f->host, "INSERT INTO d VALUES (1)");
    sqlite_fixture_run(f);
    assert_ended(first, AR_OK);
    assert_ended(orphan, AR_E_CONSTRAINT);
    assert_int_equal(orphan->error.constraint_kind, AR_CONSTRAINT_FOREIGN_KEY);
    assert_ended(parent, AR_OK);
    assert_ended(child, AR_OK);
    assert_string_equal(sqlite_fixture_rows(f, "SELECT t FROM d"), "1;");
    assert_string_equal(ids(f), "1 5;");
}

static void a_refused_commit_runs_them_one_by_one(void **state)
{
    commits c;
    sqlite_fixture *f = begin(state, &c);
    c.refuse = true; /* SQLITE_CONSTRAINT_COMMITHOOK */
    fake_op *first = insert(f, 1), *twice = insert(f, 1), *last = insert(f, 2);
    sqlite_fixture_run(f);
    assert_ended(first, AR_OK);
    assert_ended(twice, AR_E_CONSTRAINT);
    assert_ended(last, AR_OK);
    assert_string_equal(ids(f), "1 2;");
    assert_int_equal(c.count, 2);
}

static void a_refused_row_takes_back_its_write_only(void **state)
{
    commits c;
    sqlite_fixture *f = begin(state, &c);
    fake_op *first = insert(f, 1);
    fake_op *refused = fake_sql(&f->host, "INSERT INTO t (id) VALUES (2), (3) RETURNING id");
    fake_op *last = insert(f, 4);
    refused->refused_row = 2;
    refused->refuse_with = AR_E_VETOED;
    sqlite_fixture_run(f);
    assert_ended(first, AR_OK);
    assert_ended(refused, AR_E_VETOED);
    assert_ended(last, AR_OK);
    assert_string_equal(ids(f), "1 4;");
    fake_op *alone = fake_sql(&f->host, "INSERT INTO t (id) VALUES (5), (6) RETURNING id");
    alone->refused_row = 1;
    alone->refuse_with = AR_E_NO_MEMORY;
    sqlite_fixture_run(f);
    assert_ended(alone, AR_E_NO_MEMORY);
    assert_string_equal(ids(f), "1 4;");
    fake_op *wrong = fake_sql(&f->host, "INSERT INTO t (id) VALUES (7) RETURNING id");
    fake_want(wrong, AR_TYPE_INT64);
    fake_want(wrong, AR_TYPE_INT64);
    sqlite_fixture_run(f);
    assert_ended(wrong, AR_E_TYPE);
    assert_string_equal(ids(f), "1 4;");
}

static void a_refused_row_of_a_read_is_its_own(void **state)
{
    commits c;
    sqlite_fixture *f = begin(state, &c);
    insert(f, 1);
    fake_op *read = fake_sql(&f->host, "SELECT id FROM t");
    read->refused_row = 1;
    read->refuse_with = AR_E_NO_MEMORY;
    insert(f, 2);
    sqlite_fixture_run(f);
    assert_ended(read, AR_E_NO_MEMORY);
    assert_int_equal(c.count, 1);
    assert_string_equal(ids(f), "1 2;");
}

static void other_statements_run_alone_in_their_place(void **state)
{
    commits c;
    sqlite_fixture *f = begin(state, &c);
    fake_op *a = insert(f, 1), *b = insert(f, 2);
    fake_op *schema = fake_sql(&f->host, "CREATE TABLE u (x)");
    fake_op *into = fake_sql(&f->host, "INSERT INTO u VALUES (1)");
    fake_op *vacuum = fake_sql(&f->host, "VACUUM");
    fake_op *commit = fake_sql(&f->host, "COMMIT");
    fake_op *analyze = fake_sql(&f->host, "ANALYZE");
    fake_op *y = insert(f, 3), *z = insert(f, 4);
    sqlite_fixture_run(f);
    fake_op *good[] = { a, b, schema, into, vacuum, analyze, y, z };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_ended(good[i], AR_OK);
    assert_ended(commit, AR_E_INVALID);
    assert_string_equal(ids(f), "1 2 3 4;");
}

static void a_disguised_statement_cannot_end_the_group(void **state)
{
    static const char *const texts[] = {
        "COMMIT", "ROLLBACK", "SAVEPOINT s", "PRAGMA foreign_keys = 0", "CREATE TABLE v (x)", "VACUUM"
    };
    commits c;
    sqlite_fixture *f = begin(state, &c);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        fake_op *a = insert(f, (int64_t)i * 2), *bad = fake_sql(&f->host, texts[i]), *b = insert(f, (int64_t)i * 2 + 1);
        bad->statement.statement_class = i % 2 == 0 ? AR_STATEMENT_WRITE : AR_STATEMENT_READ;
        sqlite_fixture_run(f);
        assert_ended(a, AR_OK);
        assert_ended(bad, AR_E_INVALID);
        assert_ended(b, AR_OK);
    }
    assert_string_equal(sqlite_fixture_rows(f, "SELECT count(*) FROM t"), "12;");
}

static void long_batches_become_several_groups(void **state)
{
    commits c;
    sqlite_fixture *f = begin(state, &c);
    enum { count = ARI_SQLITE_GROUP_LIMIT * 2 + 10 };
    fake_op **ops = calloc(count, sizeof *ops);
    for (int i = 0; i < count; i++)
        ops[i] = insert(f, i);
    sqlite_fixture_run(f);
    assert_int_equal(c.count, 3);
    for (int i = 0; i < count; i++)
        assert_ended(ops[i], AR_OK);
    free(ops);
}

static void what_is_cancelled_or_late_before_it_starts_does_not_run(void **state)
{
    commits c;
    sqlite_fixture *f = begin(state, &c);
    fake_op *a = insert(f, 1), *cancelled = insert(f, 2), *late = insert(f, 3), *b = insert(f, 4);
    cancelled->cancelled = true;
    late->operation.deadline = f->host.clock - 1;
    sqlite_fixture_run(f);
    assert_ended(a, AR_OK);
    assert_ended(cancelled, AR_E_CANCELLED);
    assert_ended(late, AR_E_TIMEOUT);
    assert_ended(b, AR_OK);
    assert_int_equal(c.count, 1);
    assert_string_equal(ids(f), "1 4;");
}

static void a_write_stopped_on_its_way_leaves_the_neighbours(void **state)
{
    static const char endless[] =
        "INSERT INTO t (id) WITH RECURSIVE r (i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM r) SELECT i FROM r";
    for (int late = 0; late < 2; late++) {
        commits c;
        sqlite_fixture *f = *state;
        if (late == 0)
            (void)begin(state, &c);
        f->arg = &c;
        c = (commits){ 0 };
        sqlite3_commit_hook(f->writer->db, on_commit, &c);
        sqlite_fixture_rows(f, "DELETE FROM t");
        fake_op *first = insert(f, 1), *read = fake_sql(&f->host, "SELECT id FROM t");
        fake_op *stopped = fake_sql(&f->host, endless), *last = insert(f, 2);
        stopped->looks = 20;
        stopped->late = late == 1;
        sqlite_fixture_run(f);
        assert_ended(first, AR_OK);
        assert_ended(read, AR_OK);
        assert_int_equal(read->restarts, 1);
        assert_string_equal(read->rows, "1;");
        assert_ended(stopped, late == 1 ? AR_E_TIMEOUT : AR_E_CANCELLED);
        assert_ended(last, AR_OK);
        assert_string_equal(ids(f), "1 2;");
    }
}

static void a_read_stopped_on_its_way_is_its_own(void **state)
{
    commits c;
    sqlite_fixture *f = begin(state, &c);
    fake_op *first = insert(f, 1);
    fake_op *endless =
        fake_sql(&f->host, "WITH RECURSIVE r (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r) SELECT max(i) FROM r");
    fake_op *last = insert(f, 2);
    endless->looks = 20;
    sqlite_fixture_run(f);
    assert_ended(first, AR_OK);
    assert_ended(endless, AR_E_CANCELLED);
    assert_ended(last, AR_OK);
    assert_int_equal(c.count, 1);
}

#define MEMORY(test) cmocka_unit_test_setup_teardown(test, sqlite_fixture_memory, sqlite_fixture_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        MEMORY(writes_share_one_commit),
        MEMORY(one_write_alone_opens_no_transaction),
        MEMORY(results_are_those_of_each_operation),
        MEMORY(reads_between_see_the_writes_and_complete_after_commit),
        MEMORY(an_ordinary_failure_is_its_own),
        MEMORY(more_failures_than_can_be_held_end_the_group_early),
        MEMORY(failures_are_held_without_memory_too),
        MEMORY(fail_keeps_what_it_did_as_alone),
        MEMORY(on_conflict_rollback_leaves_the_neighbours),
        MEMORY(raise_ends_as_it_says),
        MEMORY(deferred_foreign_keys_fail_alone),
        MEMORY(a_refused_commit_runs_them_one_by_one),
        MEMORY(a_refused_row_takes_back_its_write_only),
        MEMORY(a_refused_row_of_a_read_is_its_own),
        MEMORY(other_statements_run_alone_in_their_place),
        MEMORY(a_disguised_statement_cannot_end_the_group),
        MEMORY(long_batches_become_several_groups),
        MEMORY(what_is_cancelled_or_late_before_it_starts_does_not_run),
        MEMORY(a_write_stopped_on_its_way_leaves_the_neighbours),
        MEMORY(a_read_stopped_on_its_way_is_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
