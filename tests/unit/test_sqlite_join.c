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

/* Writes that come while a group runs, and join it: each ends as it would have alone, and nobody waits for them for
 * long. A COMMIT hook counts the transactions. */

enum { slots = 2 * ARI_SQLITE_GROUP_LIMIT + 64 };

/* What a test gives to those who join. */
typedef struct joining {
    sqlite_fixture *f;
    int commits;
    bool refuse;                                   /* the next COMMIT */
    size_t times;                                  /* how often something joins; SIZE_MAX: always */
    size_t each;                                   /* inserts at a time */
    int64_t id;                                    /* of the next one */
    int64_t takes;                                 /* microseconds that go by when somebody asks */
    const char *first;                             /* joins once, in front */
    const char *bad;                               /* joins with each */
    void (*shape)(struct joining *j, fake_op *op); /* of `first` */
    fake_op *shaped;
    fake_op *ops[slots];
    size_t count;
} joining;

static int on_commit(void *arg)
{
    joining *j = arg;
    bool refuse = j->refuse;
    j->refuse = false;
    j->commits += refuse ? 0 : 1;
    return refuse;
}

static fake_op *insert(sqlite_fixture *f, int64_t id)
{
    fake_op *op = fake_sql(&f->host, "INSERT INTO t (id) VALUES (?)");
    fake_int(op, id);
    return op;
}

static void on_more(fake_host *host, void *arg)
{
    joining *j = arg;
    host->clock += j->takes;
    if (host->asked > j->times)
        return;
    if (j->first != NULL && host->asked == 1) {
        j->shaped = fake_sql(host, j->first);
        if (j->shape != NULL)
            j->shape(j, j->shaped);
    }
    if (j->bad != NULL)
        (void)fake_sql(host, j->bad);
    for (size_t i = 0; i < j->each; i++) {
        assert_true(j->count < slots);
        j->ops[j->count++] = insert(j->f, j->id++);
    }
}

/* Two inserts a time, once, from 100 on, unless the test says otherwise. */
static joining *begin_with(void **state, const char *options)
{
    sqlite_fixture *f = *state;
    joining *j = calloc(1, sizeof *j);
    sqlite_fixture_reopen(f, options);
    sqlite_fixture_rows(f, "CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT NOT NULL DEFAULT '')");
    j->f = f;
    j->times = 1;
    j->each = 2;
    j->id = 100;
    f->arg = j;
    sqlite3_commit_hook(f->writer->db, on_commit, j);
    fake_join(&f->host, on_more, j);
    return j;
}

static joining *begin(void **state)
{
    return begin_with(state, "synchronous=full");
}

static int set_up(void **state)
{
    return sqlite_fixture_file(state);
}

static int tear_down(void **state)
{
    free(((sqlite_fixture *)*state)->arg);
    return sqlite_fixture_tear_down(state);
}

static void assert_all_joined(const joining *j)
{
    for (size_t i = 0; i < j->count; i++)
        assert_ended(j->ops[i], AR_OK);
}

static const char *ids(sqlite_fixture *f)
{
    return sqlite_fixture_rows(f, "SELECT group_concat(id, ' ') FROM (SELECT id FROM t ORDER BY id)");
}

static void writes_that_come_meanwhile_share_the_commit(void **state)
{
    joining *j = begin(state);
    j->times = 3;
    fake_op *a = insert(j->f, 1), *b = insert(j->f, 2);
    sqlite_fixture_run(j->f);
    assert_int_equal(j->commits, 1);
    assert_int_equal(j->f->host.asked, 4);
    assert_int_equal(j->count, 6);
    assert_ended(a, AR_OK);
    assert_ended(b, AR_OK);
    assert_all_joined(j);
    for (size_t i = 0; i < j->count; i++) {
        assert_int_equal(j->ops[i]->changes, 1);
        assert_int_equal(j->ops[i]->row_id, 100 + (int64_t)i);
        assert_int_equal(j->ops[i]->order, b->order + 1 + i);
    }
    assert_string_equal(ids(j->f), "1 2 100 101 102 103 104 105;");
}

static void nobody_joins_where_a_commit_waits_for_no_disk(void **state)
{
    static const char *const options[] = { "synchronous=normal", "synchronous=off", "synchronous=full" };
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        sqlite_fixture *f = *state;
        if (i == 2)
            strcpy(f->path, ":memory:");
        sqlite_fixture_reopen(f, options[i]);
        sqlite_fixture_rows(f, "DROP TABLE IF EXISTS t");
        free(f->arg);
        joining *j = begin_with(state, options[i]);
        (void)insert(f, 1);
        (void)insert(f, 2);
        sqlite_fixture_run(f);
        assert_int_equal(f->host.asked, 0);
        assert_int_equal(j->commits, 1);
    }
}

static void a_host_without_more_is_not_asked(void **state)
{
    joining *j = begin(state);
    fake_join(&j->f->host, NULL, NULL);
    fake_op *a = insert(j->f, 1), *b = insert(j->f, 2);
    sqlite_fixture_run(j->f);
    assert_ended(a, AR_OK);
    assert_ended(b, AR_OK);
}

static void nobody_joins_what_is_no_group(void **state)
{
    joining *j = begin(state);
    fake_op *alone = insert(j->f, 1);
    sqlite_fixture_run(j->f);
    assert_ended(alone, AR_OK);
    (void)fake_sql(&j->f->host, "SELECT 1");
    (void)fake_sql(&j->f->host, "SELECT 2");
    sqlite_fixture_run(j->f);
    (void)fake_kind(&j->f->host, AR_OP_BEGIN);
    fake_op *inside[] = { insert(j->f, 2), insert(j->f, 3), fake_kind(&j->f->host, AR_OP_COMMIT) };
    for (int i = 0; i < 3; i++)
        inside[i]->operation.in_transaction = true;
    sqlite_fixture_run(j->f);
    assert_int_equal(j->f->host.asked, 0);
    assert_string_equal(ids(j->f), "1 2 3;");
}

static void nobody_overtakes_what_waits_in_the_batch(void **state)
{
    joining *j = begin(state);
    (void)insert(j->f, 1);
    (void)insert(j->f, 2);
    fake_op *schema = fake_sql(&j->f->host, "CREATE TABLE u (x)");
    fake_op *c = insert(j->f, 3), *d = insert(j->f, 4);
    sqlite_fixture_run(j->f);
    assert_true(schema->order < c->order);
    assert_int_equal(j->f->host.asked, 2); /* by the last group alone */
    assert_int_equal(j->commits, 3);
    assert_int_equal(j->ops[0]->order, d->order + 1);
    assert_all_joined(j);
}

static void a_group_that_many_join_has_its_limit(void **state)
{
    joining *j = begin(state);
    j->times = SIZE_MAX;
    j->each = 1;
    fake_op *a = insert(j->f, 1), *b = insert(j->f, 2);
    sqlite_fixture_run(j->f);
    assert_ended(a, AR_OK);
    assert_ended(b, AR_OK);
    assert_int_equal(j->count, ARI_SQLITE_GROUP_LIMIT - 2);
    assert_all_joined(j);
    assert_int_equal(j->commits, 1);
}

static void many_that_join_at_once_become_several_groups(void **state)
{
    joining *j = begin(state);
    j->times = SIZE_MAX;
    j->each = 2 * ARI_SQLITE_GROUP_LIMIT + 10;
    (void)insert(j->f, 1);
    (void)insert(j->f, 2);
    sqlite_fixture_run(j->f);
    assert_int_equal(j->f->host.asked, 1);
    assert_int_equal(j->commits, 3);
    assert_all_joined(j);
    for (size_t i = 1; i < j->count; i++)
        assert_int_equal(j->ops[i]->order, j->ops[i - 1]->order + 1);
}

static void nobody_joins_a_group_that_ran_for_long(void **state)
{
    joining *j = begin(state);
    j->times = SIZE_MAX;
    j->takes = ARI_SQLITE_JOIN_TIME / 4;
    (void)insert(j->f, 1);
    (void)insert(j->f, 2);
    sqlite_fixture_run(j->f);
    assert_int_equal(j->f->host.asked, 4);
    assert_all_joined(j);
    assert_int_equal(j->commits, 1);
}

static void nobody_joins_behind_a_member_that_is_late(void **state)
{
    joining *j = begin(state);
    j->times = SIZE_MAX;
    j->takes = ARI_SQLITE_JOIN_TIME / 4;
    fake_op *a = insert(j->f, 1), *soon = insert(j->f, 2);
    soon->operation.deadline = j->f->host.clock + ARI_SQLITE_JOIN_TIME / 3;
    sqlite_fixture_run(j->f);
    assert_int_equal(j->f->host.asked, 2);
    assert_ended(a, AR_OK);
    assert_ended(soon, AR_OK); /* it ran in time */
    assert_all_joined(j);
}

/* Endless failures fill what can be held of them again and again: a group behind the first does not grow. */
static void who_gave_the_batch_gets_out(void **state)
{
    joining *j = begin(state);
    j->times = SIZE_MAX;
    j->each = 1;
    j->bad = "INSERT INTO nowhere VALUES (1)";
    (void)insert(j->f, 1);
    (void)insert(j->f, 2);
    sqlite_fixture_run(j->f);
    assert_in_range(j->count, 10, 20);
    assert_all_joined(j);
    assert_in_range(j->commits, 1, 2);
}

static void what_does_not_fit_waits_for_a_group_of_its_own(void **state)
{
    joining *j = begin(state);
    fake_op *bad[16];
    (void)insert(j->f, 1);
    for (int i = 0; i < 15; i++)
        bad[i] = insert(j->f, 1);
    (void)insert(j->f, 2);
    j->first = "INSERT INTO t (id) VALUES (1)"; /* the last failure that can be held */
    sqlite_fixture_run(j->f);
    for (int i = 0; i < 15; i++)
        assert_ended(bad[i], AR_E_CONSTRAINT);
    assert_ended(j->shaped, AR_E_CONSTRAINT);
    assert_all_joined(j);
    assert_int_equal(j->f->host.asked, 1);
    assert_int_equal(j->commits, 2);
    assert_string_equal(ids(j->f), "1 2 100 101;");
}

static void cancel(joining *j, fake_op *op)
{
    (void)j;
    op->operation.changes = 7; /* of an earlier run */
    op->cancelled = true;
}

static void make_late(joining *j, fake_op *op)
{
    op->operation.row_id = 7;
    op->operation.deadline = j->f->host.clock;
}

static void who_joins_cancelled_or_late_does_not_run(void **state)
{
    joining *j = begin(state);
    for (int late = 0; late < 2; late++) {
        j->first = "INSERT INTO t (id) VALUES (50)";
        j->shape = late == 1 ? make_late : cancel;
        j->f->host.asked = 0;
        fake_op *a = insert(j->f, late * 2), *b = insert(j->f, late * 2 + 1);
        sqlite_fixture_run(j->f);
        assert_ended(a, AR_OK);
        assert_ended(b, AR_OK);
        assert_ended(j->shaped, late == 1 ? AR_E_TIMEOUT : AR_E_CANCELLED);
        assert_true(j->shaped->changes == 0 && j->shaped->row_id == 0);
        assert_all_joined(j);
    }
    assert_int_equal(j->commits, 2);
    assert_string_equal(ids(j->f), "0 1 2 3 100 101 102 103;");
}

static void stop_soon(joining *j, fake_op *op)
{
    (void)j;
    op->looks = 20;
}

/* One that takes the group apart when it has joined: it ends as it does alone, and so do all others, those who joined
 * with it and behind it too. */
static void assert_taken_apart_by(void **state, const char *text, void (*shape)(joining *, fake_op *), ar_status status)
{
    joining *j = ((sqlite_fixture *)*state)->arg;
    j->first = text;
    j->shape = shape;
    fake_op *a = insert(j->f, 1), *read = fake_sql(&j->f->host, "SELECT count(*) FROM t");
    fake_op *twice = insert(j->f, 1), *b = insert(j->f, 2);
    sqlite_fixture_run(j->f);
    assert_ended(a, AR_OK);
    assert_ended(read, AR_OK);
    assert_string_equal(read->rows, "1;");
    assert_int_equal(read->restarts, 1);
    assert_ended(twice, AR_E_CONSTRAINT);
    assert_ended(b, AR_OK);
    assert_ended(j->shaped, status);
    assert_all_joined(j);
    assert_int_equal(j->f->host.asked, 1);
    assert_true(j->ops[0]->row_id == 100 && j->ops[0]->changes == 1);
    assert_string_equal(ids(j->f), "1 2 100 101;");
}

static void on_conflict_rollback_of_one_that_joined(void **state)
{
    (void)begin(state);
    assert_taken_apart_by(state, "INSERT OR ROLLBACK INTO t (id) VALUES (1)", NULL, AR_E_CONSTRAINT);
}

static void raise_rollback_of_one_that_joined(void **state)
{
    joining *j = begin(state);
    sqlite_fixture_rows(j->f, "CREATE TRIGGER r BEFORE INSERT ON t WHEN new.id = 90 "
                              "BEGIN SELECT RAISE(ROLLBACK, 'no 90'); END");
    assert_taken_apart_by(state, "INSERT INTO t (id) VALUES (90)", NULL, AR_E_CONSTRAINT);
    assert_says(j->shaped->error.message, "no 90");
}

static void deferred_foreign_key_of_one_that_joined(void **state)
{
    joining *j = begin(state);
    sqlite_fixture_rows(j->f, "CREATE TABLE d (t INT REFERENCES t (id) DEFERRABLE INITIALLY DEFERRED)");
    assert_taken_apart_by(state, "INSERT INTO d VALUES (100)", NULL, AR_E_CONSTRAINT); /* 100 comes too late */
    assert_int_equal(j->shaped->error.constraint_kind, AR_CONSTRAINT_FOREIGN_KEY);
}

static void interrupted_write_that_joined(void **state)
{
    (void)begin(state);
    assert_taken_apart_by(state,
                          "INSERT INTO t (id) WITH RECURSIVE r (i) AS (SELECT 1000 UNION ALL SELECT i + 1 FROM r) "
                          "SELECT i FROM r",
                          stop_soon, AR_E_CANCELLED);
}

static void refuse_second_row(joining *j, fake_op *op)
{
    (void)j;
    op->refused_row = 2;
    op->refuse_with = AR_E_VETOED;
}

static void refused_row_of_one_that_joined(void **state)
{
    (void)begin(state);
    assert_taken_apart_by(state, "INSERT INTO t (id) VALUES (50), (51) RETURNING id", refuse_second_row, AR_E_VETOED);
}

static void full_disk_for_one_that_joined(void **state)
{
    joining *j = begin(state);
    j->first = "INSERT INTO t (id, x) WITH RECURSIVE r (i) AS (SELECT 1000 UNION ALL SELECT i + 1 FROM r) "
               "SELECT i, hex(zeroblob(500)) FROM r";
    assert_int_equal(sqlite3_exec(j->f->writer->db, "PRAGMA max_page_count = 300", NULL, NULL, NULL), SQLITE_OK);
    fake_op *a = insert(j->f, 1), *twice = insert(j->f, 1);
    sqlite_fixture_run(j->f);
    assert_ended(a, AR_OK);
    assert_ended(twice, AR_E_CONSTRAINT);
    assert_ended(j->shaped, AR_E_DISK_FULL);
    assert_all_joined(j);
    assert_string_equal(ids(j->f), "1 100 101;");
}

static void a_refused_commit_runs_those_who_joined_one_by_one_too(void **state)
{
    joining *j = begin(state);
    j->refuse = true; /* SQLITE_CONSTRAINT_COMMITHOOK */
    j->first = "INSERT INTO t (id) VALUES (1) RETURNING id";
    fake_op *a = insert(j->f, 1), *b = insert(j->f, 2);
    sqlite_fixture_run(j->f);
    assert_ended(a, AR_OK);
    assert_ended(b, AR_OK);
    assert_ended(j->shaped, AR_E_CONSTRAINT);
    assert_all_joined(j);
    assert_int_equal(j->commits, 4);
    assert_int_equal(j->f->host.asked, 2); /* by the group, and not after it */
    assert_string_equal(ids(j->f), "1 2 100 101;");
}

static void end_reading(fake_host *host, void *arg)
{
    sqlite_fixture *f = arg;
    if (host->waits == 4)
        sqlite_fixture_other(f, "COMMIT");
}

static void soon_late(joining *j, fake_op *op)
{
    op->operation.deadline = j->f->host.clock + 1500;
}

static void a_deadline_of_one_that_joined_during_commit_is_its_own(void **state)
{
    joining *j = begin_with(state, "journal_mode=delete&synchronous=full");
    sqlite_fixture_other(j->f, "BEGIN; SELECT * FROM t");
    j->f->host.on_wait = end_reading;
    j->f->host.on_wait_arg = j->f;
    j->first = "INSERT INTO t (id) VALUES (50) RETURNING id";
    j->shape = soon_late;
    fake_op *a = insert(j->f, 1), *b = insert(j->f, 2);
    sqlite_fixture_run(j->f);
    assert_ended(a, AR_OK);
    assert_ended(b, AR_OK);
    assert_ended(j->shaped, AR_E_TIMEOUT);
    assert_int_equal(j->shaped->changes, 0);
    assert_all_joined(j);
    assert_int_equal(j->commits, 1);
    assert_string_equal(ids(j->f), "1 2 100 101;");
}

static void cancel_then_end_reading(fake_host *host, void *arg)
{
    joining *j = arg;
    if (host->waits == 1)
        j->shaped->cancelled = true;
    if (host->waits == 3)
        sqlite_fixture_other(j->f, "COMMIT");
}

/* Begun again without one of the failures the group runs to its end, and what it had no room for waits still. */
static void nobody_overtakes_what_waits_for_the_next_group(void **state)
{
    joining *j = begin_with(state, "journal_mode=delete&synchronous=full");
    sqlite_fixture_rows(j->f, "INSERT INTO t (id) VALUES (0)");
    sqlite_fixture_other(j->f, "BEGIN; SELECT * FROM t");
    j->commits = 0;
    j->f->host.on_wait = cancel_then_end_reading;
    j->f->host.on_wait_arg = j;
    fake_op *good = insert(j->f, 1), *last = NULL;
    for (int i = 0; i < 16; i++)
        j->shaped = insert(j->f, 0);
    for (int i = 2; i < 5; i++)
        last = insert(j->f, i);
    sqlite_fixture_run(j->f);
    assert_ended(good, AR_OK);
    assert_ended(j->shaped, AR_E_CANCELLED);
    assert_ended(last, AR_OK);
    assert_int_equal(j->commits, 2);
    assert_int_equal(j->f->host.asked, 0);
}

static void who_joins_has_the_whole_busy_timeout(void **state)
{
    joining *j = begin_with(state, "journal_mode=delete&synchronous=full&busy_timeout_ms=100");
    sqlite_fixture_other(j->f, "BEGIN; SELECT * FROM t");
    j->takes = ARI_SQLITE_JOIN_TIME / 2;
    j->times = 2;
    int64_t start = j->f->host.clock;
    fake_op *a = insert(j->f, 1), *b = insert(j->f, 2);
    sqlite_fixture_run(j->f);
    assert_int_equal(j->f->host.asked, 2); /* the second time ARI_SQLITE_JOIN_TIME / 2 after the start */
    assert_ended(a, AR_E_CONFLICT);
    assert_ended(b, AR_E_CONFLICT);
    for (size_t i = 0; i < j->count; i++)
        assert_ended(j->ops[i], AR_E_CONFLICT);
    assert_int_equal(j->f->host.clock - start, 100000 + ARI_SQLITE_JOIN_TIME / 2);
    sqlite_fixture_other(j->f, "COMMIT");
    assert_string_equal(ids(j->f), "NULL;");
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(writes_that_come_meanwhile_share_the_commit),
        TEST(nobody_joins_where_a_commit_waits_for_no_disk),
        TEST(a_host_without_more_is_not_asked),
        TEST(nobody_joins_what_is_no_group),
        TEST(nobody_overtakes_what_waits_in_the_batch),
        TEST(a_group_that_many_join_has_its_limit),
        TEST(many_that_join_at_once_become_several_groups),
        TEST(nobody_joins_a_group_that_ran_for_long),
        TEST(nobody_joins_behind_a_member_that_is_late),
        TEST(who_gave_the_batch_gets_out),
        TEST(what_does_not_fit_waits_for_a_group_of_its_own),
        TEST(who_joins_cancelled_or_late_does_not_run),
        TEST(on_conflict_rollback_of_one_that_joined),
        TEST(raise_rollback_of_one_that_joined),
        TEST(deferred_foreign_key_of_one_that_joined),
        TEST(interrupted_write_that_joined),
        TEST(refused_row_of_one_that_joined),
        TEST(full_disk_for_one_that_joined),
        TEST(a_refused_commit_runs_those_who_joined_one_by_one_too),
        TEST(a_deadline_of_one_that_joined_during_commit_is_its_own),
        TEST(nobody_overtakes_what_waits_for_the_next_group),
        TEST(who_joins_has_the_whole_busy_timeout),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
