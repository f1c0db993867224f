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

/* Reads that are there together share a read transaction. `reader` is a second connection to the file of the
 * fixture. */

typedef struct readers {
    sqlite_fixture *f;
    ar_connection *reader;
    bool written;
} readers;

static readers begin(void **state)
{
    readers r = { .f = *state };
    sqlite_fixture_rows(r.f, "CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT)");
    sqlite_fixture_rows(r.f, "INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3, 'c')");
    r.reader = fake_open(&r.f->host, r.f->config, AR_ROLE_READER);
    return r;
}

static fake_op *by_key(readers *r, int64_t id)
{
    fake_op *op = fake_sql(&r->f->host, "SELECT x FROM t WHERE id = ?");
    fake_int(op, id);
    return op;
}

static int begins(const readers *r)
{
    return sqlite3_stmt_status(r->reader->control[ARI_SQLITE_BEGIN], SQLITE_STMTSTATUS_RUN, 0);
}

static void reads_share_one_transaction(void **state)
{
    readers r = begin(state);
    fake_op *ops[] = { by_key(&r, 3), by_key(&r, 9), by_key(&r, 1), by_key(&r, 3) };
    fake_run(&r.f->host, r.reader);
    static const char *const expected[] = { "c;", "", "a;", "c;" };
    for (size_t i = 0; i < 4; i++) {
        assert_ended(ops[i], AR_OK);
        assert_string_equal(ops[i]->rows, expected[i]);
        assert_int_equal(ops[i]->begins, 1);
    }
    assert_int_equal(begins(&r), 1);
    assert_int_equal(sqlite3_txn_state(r.reader->db, NULL), SQLITE_TXN_NONE);
    ari_sqlite_backend.close(r.reader);
}

static void one_read_alone_takes_the_plain_path(void **state)
{
    readers r = begin(state);
    fake_op *op = by_key(&r, 2);
    fake_run(&r.f->host, r.reader);
    assert_string_equal(op->rows, "b;");
    assert_int_equal(begins(&r), 0);
    ari_sqlite_backend.close(r.reader);
}

static void a_failing_read_fails_alone(void **state)
{
    readers r = begin(state);
    fake_op *first = by_key(&r, 1), *unknown = fake_sql(&r.f->host, "SELECT y FROM t"), *typed = by_key(&r, 2),
            *last = by_key(&r, 3);
    fake_op *cancelled = by_key(&r, 1),
            *endless = fake_sql(&r.f->host, "WITH RECURSIVE r (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r) "
                                            "SELECT max(i) FROM r"),
            *end = by_key(&r, 2);
    fake_want(typed, AR_TYPE_INT64);
    cancelled->cancelled = true;
    endless->looks = 10;
    fake_run(&r.f->host, r.reader);
    assert_string_equal(first->rows, "a;");
    assert_ended(unknown, AR_E_QUERY);
    assert_ended(typed, AR_E_TYPE);
    assert_string_equal(last->rows, "c;");
    assert_ended(cancelled, AR_E_CANCELLED);
    assert_ended(endless, AR_E_CANCELLED);
    assert_string_equal(end->rows, "b;");
    assert_int_equal(sqlite3_txn_state(r.reader->db, NULL), SQLITE_TXN_NONE);
    ari_sqlite_backend.close(r.reader);
}

/* The first read completes, and whoever waited for it writes: the second one still sees what the first saw, which is
 * one of the orders that may be; the next batch sees the write. */
static void write_in_between(fake_host *host, fake_op *op)
{
    readers *r = ((sqlite_fixture *)(void *)host)->arg;
    (void)op;
    for (sqlite3_stmt *s = NULL; (s = sqlite3_next_stmt(r->reader->db, s)) != NULL;)
        assert_false(sqlite3_stmt_busy(s)); /* reset before completing */
    if (r->written)
        return;
    r->written = true;
    sqlite_fixture_other(r->f, "UPDATE t SET x = 'new' WHERE id = 2");
}

static void a_batch_sees_one_state_and_the_next_the_later_one(void **state)
{
    readers r = begin(state);
    r.f->arg = &r;
    r.f->host.on_complete = write_in_between;
    fake_op *first = by_key(&r, 1), *second = by_key(&r, 2);
    fake_run(&r.f->host, r.reader);
    r.f->host.on_complete = NULL;
    assert_true(r.written);
    assert_string_equal(first->rows, "a;");
    assert_string_equal(second->rows, "b;");
    fake_op *third = by_key(&r, 1), *fourth = by_key(&r, 2);
    fake_run(&r.f->host, r.reader);
    assert_string_equal(third->rows, "a;");
    assert_string_equal(fourth->rows, "new;");
    ari_sqlite_backend.close(r.reader);
}

static void a_writer_reads_together_too(void **state)
{
    readers r = begin(state);
    fake_op *a = by_key(&r, 1), *b = by_key(&r, 2);
    sqlite_fixture_run(r.f);
    assert_string_equal(a->rows, "a;");
    assert_string_equal(b->rows, "b;");
    assert_int_equal(sqlite3_stmt_status(r.f->writer->control[ARI_SQLITE_BEGIN], SQLITE_STMTSTATUS_RUN, 0), 1);
    ari_sqlite_backend.close(r.reader);
}

static void readers_do_not_wait_for_the_writer(void **state)
{
    readers r = begin(state);
    fake_op *start = fake_kind(&r.f->host, AR_OP_BEGIN), *write = fake_sql(&r.f->host, "UPDATE t SET x = 'z'");
    write->operation.in_transaction = true;
    sqlite_fixture_run(r.f);
    assert_ended(start, AR_OK);
    fake_op *a = by_key(&r, 1), *b = by_key(&r, 2);
    fake_run(&r.f->host, r.reader);
    assert_string_equal(a->rows, "a;");
    assert_string_equal(b->rows, "b;");
    assert_int_equal(r.f->host.waits, 0);
    ari_sqlite_backend.close(r.reader);
}

#define FILES(test) cmocka_unit_test_setup_teardown(test, sqlite_fixture_file, sqlite_fixture_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FILES(reads_share_one_transaction), FILES(one_read_alone_takes_the_plain_path),
        FILES(a_failing_read_fails_alone),  FILES(a_batch_sees_one_state_and_the_next_the_later_one),
        FILES(a_writer_reads_together_too), FILES(readers_do_not_wait_for_the_writer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
