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

/* Locks of another process. The fake clock moves only while the backend waits, so that what happens "after a while"
 * happens after a number of waits. */

static sqlite_fixture *begin(void **state, const char *options)
{
    sqlite_fixture *f = *state;
    sqlite_fixture_reopen(f, options);
    sqlite_fixture_rows(f, "CREATE TABLE t (id INTEGER PRIMARY KEY)");
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

static void assert_locked(const fake_op *op)
{
    assert_ended(op, AR_E_CONFLICT);
    assert_true(op->error.retryable);
    assert_int_equal(op->error.native_code & 0xff, SQLITE_BUSY);
    assert_says(op->error.message, "locked by another process");
}

static void a_lock_that_stays_fails_after_the_busy_timeout(void **state)
{
    sqlite_fixture *f = begin(state, "synchronous=off&busy_timeout_ms=500");
    sqlite_fixture_other(f, "BEGIN IMMEDIATE");
    int64_t start = f->host.clock;
    fake_op *alone = insert(f, 1);
    sqlite_fixture_run(f);
    assert_locked(alone);
    assert_int_equal(f->host.clock - start, 500000);
    start = f->host.clock;
    fake_op *a = insert(f, 2), *read = fake_sql(&f->host, "SELECT count(*) FROM t"), *b = insert(f, 3);
    sqlite_fixture_run(f);
    assert_locked(a);
    assert_locked(b);
    assert_ended(read, AR_OK); /* nothing keeps it from reading */
    assert_string_equal(read->rows, "0;");
    assert_int_equal(f->host.clock - start, 500000);
    start = f->host.clock;
    fake_op *transaction = fake_kind(&f->host, AR_OP_BEGIN);
    sqlite_fixture_run(f);
    assert_locked(transaction);
    assert_int_equal(f->host.clock - start, 500000);
    sqlite_fixture_other(f, "COMMIT");
    fake_op *after = insert(f, 4);
    sqlite_fixture_run(f);
    assert_ended(after, AR_OK);
}

static void check_no_wait(fake_host *host, fake_op *op)
{
    if (strncmp(op->statement.sql, "SELECT", 6) == 0)
        assert_int_equal(host->waits, 0);
}

static void a_read_among_writes_does_not_wait_for_a_lock(void **state)
{
    sqlite_fixture *f = begin(state, "synchronous=off&busy_timeout_ms=500");
    sqlite_fixture_other(f, "BEGIN IMMEDIATE");
    f->host.on_complete = check_no_wait;
    fake_op *a = insert(f, 1), *read = fake_sql(&f->host, "SELECT count(*) FROM t"), *b = insert(f, 2);
    fake_op *cancelled = fake_sql(&f->host, "SELECT 1"), *c = insert(f, 3);
    cancelled->cancelled = true;
    sqlite_fixture_run(f);
    f->host.on_complete = NULL;
    assert_locked(a);
    assert_locked(b);
    assert_locked(c);
    assert_ended(read, AR_OK);
    assert_ended(cancelled, AR_E_CANCELLED);
    assert_true(read->order < a->order);
    assert_string_equal(read->rows, "0;");
    sqlite_fixture_other(f, "COMMIT");
}

static void let_go(fake_host *host, void *arg)
{
    sqlite_fixture *f = arg;
    if (host->waits == 4)
        sqlite_fixture_other(f, "COMMIT");
}

static void a_lock_that_goes_is_waited_for(void **state)
{
    for (int count = 1; count <= 3; count++) {
        sqlite_fixture *f = *state;
        if (count == 1)
            (void)begin(state, NULL);
        fake_op *ops[3];
        f->host.waits = 0;
        f->host.on_wait = let_go;
        f->host.on_wait_arg = f;
        sqlite_fixture_other(f, "BEGIN IMMEDIATE");
        for (int i = 0; i < count; i++)
            ops[i] = insert(f, count * 10 + i);
        sqlite_fixture_run(f);
        for (int i = 0; i < count; i++)
            assert_ended(ops[i], AR_OK);
        assert_int_equal(f->host.waits, 4);
        f->host.on_wait = NULL;
    }
}

static void a_deadline_ends_the_wait_of_that_operation_only(void **state)
{
    sqlite_fixture *f = begin(state, NULL);
    sqlite_fixture_other(f, "BEGIN IMMEDIATE");
    f->host.on_wait = let_go;
    f->host.on_wait_arg = f;
    int64_t start = f->host.clock;
    fake_op *a = insert(f, 1), *late = insert(f, 2), *b = insert(f, 3);
    late->operation.deadline = start + 1500; /* after the second wait */
    sqlite_fixture_run(f);
    assert_ended(a, AR_OK);
    assert_ended(late, AR_E_TIMEOUT);
    assert_ended(b, AR_OK);
    assert_true(late->order < a->order);
    assert_string_equal(ids(f), "1 3;");
    sqlite_fixture_other(f, "BEGIN IMMEDIATE");
    start = f->host.clock;
    fake_op *alone = insert(f, 4);
    alone->operation.deadline = start + 10000;
    sqlite_fixture_run(f);
    assert_ended(alone, AR_E_TIMEOUT);
    assert_int_equal(f->host.clock - start, 10000);
    sqlite_fixture_other(f, "COMMIT");
}

static void cancelling_ends_the_wait_of_that_operation_only(void **state)
{
    sqlite_fixture *f = begin(state, NULL);
    sqlite_fixture_other(f, "BEGIN IMMEDIATE");
    f->host.on_wait = let_go;
    f->host.on_wait_arg = f;
    fake_op *a = insert(f, 1), *cancelled = insert(f, 2), *b = insert(f, 3);
    cancelled->looks = 3;
    sqlite_fixture_run(f);
    assert_ended(a, AR_OK);
    assert_ended(cancelled, AR_E_CANCELLED);
    assert_ended(b, AR_OK);
    assert_string_equal(ids(f), "1 3;");
}

/* With a rollback journal a reader of another process stands in the way of COMMIT, which SQLite leaves open then. */
static void end_reading(fake_host *host, void *arg)
{
    sqlite_fixture *f = arg;
    if (host->waits == 4)
        sqlite_fixture_other(f, "COMMIT");
}

static void commit_waits_for_readers(void **state)
{
    sqlite_fixture *f = begin(state, "journal_mode=delete&synchronous=off");
    sqlite_fixture_other(f, "BEGIN; SELECT * FROM t");
    f->host.on_wait = end_reading;
    f->host.on_wait_arg = f;
    fake_op *a = insert(f, 1), *b = insert(f, 2);
    sqlite_fixture_run(f);
    assert_ended(a, AR_OK);
    assert_ended(b, AR_OK);
    assert_int_equal(f->host.waits, 4);
    assert_string_equal(ids(f), "1 2;");
}

static void a_commit_that_stays_locked_is_rolled_back(void **state)
{
    sqlite_fixture *f = begin(state, "journal_mode=delete&synchronous=off&busy_timeout_ms=100");
    sqlite_fixture_other(f, "BEGIN; SELECT * FROM t");
    fake_op *a = insert(f, 1), *read = fake_sql(&f->host, "SELECT count(*) FROM t"), *twice = insert(f, 1),
            *b = insert(f, 2);
    sqlite_fixture_run(f);
    assert_locked(a);
    assert_locked(twice); /* its neighbour's row is not there any more */
    assert_locked(b);
    assert_ended(read, AR_OK);
    assert_string_equal(read->rows, "0;");
    assert_true(sqlite3_get_autocommit(f->writer->db));
    fake_op *alone = insert(f, 3);
    sqlite_fixture_run(f);
    assert_locked(alone);
    assert_true(sqlite3_get_autocommit(f->writer->db));
    sqlite_fixture_other(f, "COMMIT");
    assert_string_equal(ids(f), "NULL;");
}

static void a_deadline_during_commit_takes_back_that_write_only(void **state)
{
    sqlite_fixture *f = begin(state, "journal_mode=delete&synchronous=off");
    sqlite_fixture_other(f, "BEGIN; SELECT * FROM t");
    f->host.on_wait = end_reading;
    f->host.on_wait_arg = f;
    fake_op *a = insert(f, 1), *late = insert(f, 2),
            *returning = fake_sql(&f->host, "INSERT INTO t VALUES (3) RETURNING id");
    late->operation.deadline = f->host.clock + 1500;
    sqlite_fixture_run(f);
    assert_ended(a, AR_OK);
    assert_ended(late, AR_E_TIMEOUT);
    assert_int_equal(late->changes, 0); /* of its first run */
    assert_int_equal(late->row_id, 0);
    assert_ended(returning, AR_OK);
    assert_int_equal(returning->restarts, 1);
    assert_string_equal(returning->rows, "3;");
    assert_string_equal(ids(f), "1 3;");
}

/* Everything that the members may hold of failures is used up by 16, so that what is behind them waits for a group of
 * its own, also while they begin again. */
static void cancel_then_end_reading(fake_host *host, void *arg)
{
    sqlite_fixture *f = arg;
    if (host->waits == 2)
        ((fake_op *)f->arg)->cancelled = true;
    if (host->waits == 4)
        sqlite_fixture_other(f, "COMMIT");
}

static void what_waits_for_the_next_group_outlives_a_new_beginning(void **state)
{
    for (int without_memory = 0; without_memory < 2; without_memory++) {
        sqlite_fixture *f = *state;
        fake_op *bad[16], *last[3];
        sqlite_fixture_close(f);
        sqlite_fixture_reopen(f, "journal_mode=delete&synchronous=off");
        sqlite_fixture_rows(f, "DROP TABLE IF EXISTS t");
        sqlite_fixture_rows(f, "CREATE TABLE t (id INTEGER PRIMARY KEY)");
        sqlite_fixture_rows(f, "INSERT INTO t VALUES (0)");
        insert(f, 0);
        sqlite_fixture_run(f); /* the statement is prepared */
        sqlite_fixture_other(f, "BEGIN; SELECT * FROM t");
        f->host.waits = 0;
        f->host.on_wait = cancel_then_end_reading;
        f->host.on_wait_arg = f;
        fake_op *cancelled = insert(f, 1), *good = insert(f, 2);
        f->arg = cancelled;
        for (int i = 0; i < 16; i++)
            bad[i] = insert(f, 0);
        for (int i = 0; i < 3; i++)
            last[i] = insert(f, 10 + i);
        f->host.fail_at = without_memory == 1 ? f->host.allocations + 1 : 0;
        f->host.fail_on = true;
        sqlite_fixture_run(f);
        f->host.fail_at = 0;
        f->host.on_wait = NULL;
        assert_ended(cancelled, AR_E_CANCELLED);
        assert_ended(good, AR_OK);
        for (int i = 0; i < 16; i++)
            assert_ended(bad[i], AR_E_CONSTRAINT);
        for (int i = 0; i < 3; i++)
            assert_ended(last[i], AR_OK);
        assert_true(bad[15]->order < last[0]->order && last[0]->order < last[2]->order);
        assert_string_equal(ids(f), "0 2 10 11 12;");
    }
}

static void a_failed_commit_of_a_transaction_rolls_it_back(void **state)
{
    sqlite_fixture *f = begin(state, "journal_mode=delete&synchronous=off&busy_timeout_ms=100");
    sqlite_fixture_other(f, "BEGIN; SELECT * FROM t");
    fake_op *start = fake_kind(&f->host, AR_OP_BEGIN), *a = insert(f, 1), *commit = fake_kind(&f->host, AR_OP_COMMIT);
    a->operation.in_transaction = commit->operation.in_transaction = true;
    sqlite_fixture_run(f);
    assert_ended(start, AR_OK);
    assert_ended(a, AR_OK);
    assert_locked(commit);
    assert_true(commit->ended_transaction);
    assert_true(sqlite3_get_autocommit(f->writer->db));
    sqlite_fixture_other(f, "COMMIT");
    assert_string_equal(ids(f), "NULL;");
}

static void a_read_that_is_out_of_date_may_be_tried_again(void **state)
{
    sqlite_fixture *f = begin(state, NULL);
    fake_op *start = fake_kind(&f->host, AR_OP_BEGIN), *read = fake_sql(&f->host, "SELECT count(*) FROM t");
    start->operation.read_only = true;
    read->operation.in_transaction = true;
    sqlite_fixture_run(f);
    f->writer->transaction_read_only = false; /* what SQLite says to a read transaction that wants to write */
    sqlite_fixture_other(f, "INSERT INTO t VALUES (9)");
    fake_op *write = insert(f, 1), *end = fake_kind(&f->host, AR_OP_ROLLBACK);
    write->operation.in_transaction = true;
    sqlite_fixture_run(f);
    assert_ended(write, AR_E_CONFLICT);
    assert_int_equal(write->error.native_code, SQLITE_BUSY_SNAPSHOT);
    assert_true(write->error.retryable);
    assert_says(write->error.message, "out of date");
    assert_ended(end, AR_OK);
    assert_int_equal(f->host.waits, 0);
}

/* SQLite does not call its busy handler where it turns a file of another journal mode to WAL. */
static void opening_waits_for_a_lock(void **state)
{
    sqlite_fixture *f = *state;
    sqlite_fixture_reopen(f, "journal_mode=delete");
    sqlite_fixture_rows(f, "CREATE TABLE t (id INTEGER PRIMARY KEY)");
    sqlite_fixture_close(f);
    static const char *const locks[] = { "BEGIN IMMEDIATE", "BEGIN EXCLUSIVE" };
    for (size_t i = 0; i < sizeof locks / sizeof locks[0]; i++) {
        ar_connection *connection = NULL;
        ar_error error;
        f->host.on_wait = NULL;
        sqlite_fixture_other(f, locks[i]);
        assert_int_equal(fake_configure(&f->host, f->path, "busy_timeout_ms=300", &f->config, NULL, &error), AR_OK);
        int64_t start = f->host.clock;
        assert_int_equal(ari_sqlite_open(f->config, AR_ROLE_WRITER, &f->host.base, &connection, &error), AR_E_CONFLICT);
        assert_true(error.retryable);
        assert_int_equal(f->host.clock - start, 300000);
        f->host.waits = 0;
        f->host.on_wait = let_go;
        f->host.on_wait_arg = f;
        sqlite_fixture_reopen(f, "busy_timeout_ms=300");
        assert_int_equal(f->host.waits, 4);
        assert_string_equal(sqlite_fixture_rows(f, "PRAGMA journal_mode = delete"), "delete;");
        sqlite_fixture_close(f);
    }
}

static void opening_waits_no_longer_than_those_it_is_for(void **state)
{
    static const ar_status ends[] = { AR_E_TIMEOUT, AR_E_CANCELLED };
    static const char *const options[] = { "journal_mode=delete", "journal_mode=wal" };
    for (size_t i = 0; i < 4; i++) {
        sqlite_fixture *f = *state;
        ar_connection *connection = NULL;
        ar_error error;
        sqlite_fixture_reopen(f, "journal_mode=delete");
        sqlite_fixture_close(f);
        sqlite_fixture_other(f, i < 2 ? "BEGIN EXCLUSIVE" : "BEGIN IMMEDIATE"); /* no reading; no turning to WAL */
        assert_int_equal(fake_configure(&f->host, f->path, options[i / 2], &f->config, NULL, &error), AR_OK);
        int64_t start = f->host.clock;
        fake_op *patient = insert(f, 1), *impatient = insert(f, 2);
        if (ends[i % 2] == AR_E_TIMEOUT)
            impatient->operation.deadline = start + 50000;
        else
            impatient->looks = 10;
        f->host.base.opening_for = &patient->operation;
        ar_status status = ari_sqlite_open(f->config, AR_ROLE_WRITER, &f->host.base, &connection, &error);
        f->host.base.opening_for = NULL;
        assert_int_equal(status, ends[i % 2]);
        assert_true(f->host.clock > start && f->host.clock <= start + 150000);
        assert_true(status != AR_E_TIMEOUT || f->host.clock == start + 50000);
        impatient->operation.deadline = INT64_MAX;
        impatient->cancelled = false;
        sqlite_fixture_other(f, "COMMIT");
        f->host.first = f->host.last = NULL;
        sqlite_fixture_close(f);
    }
}

#define FILES(test) cmocka_unit_test_setup_teardown(test, sqlite_fixture_file, sqlite_fixture_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FILES(a_lock_that_stays_fails_after_the_busy_timeout),
        FILES(a_read_among_writes_does_not_wait_for_a_lock),
        FILES(a_lock_that_goes_is_waited_for),
        FILES(a_deadline_ends_the_wait_of_that_operation_only),
        FILES(cancelling_ends_the_wait_of_that_operation_only),
        FILES(commit_waits_for_readers),
        FILES(a_commit_that_stays_locked_is_rolled_back),
        FILES(a_deadline_during_commit_takes_back_that_write_only),
        FILES(what_waits_for_the_next_group_outlives_a_new_beginning),
        FILES(a_failed_commit_of_a_transaction_rolls_it_back),
        FILES(opening_waits_for_a_lock),
        FILES(opening_waits_no_longer_than_those_it_is_for),
        FILES(a_read_that_is_out_of_date_may_be_tried_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
