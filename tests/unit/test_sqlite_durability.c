/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "backends/sqlite/connection.h"
#include "backends/sqlite/sqlite.h"
#include "tests/support/sqlite_fixture.h"
#include "tests/support/sqlite_vfs.h"

/* Whatever the disk does: an insert that was reported as done is there, none is there twice, one that was reported
 * as failed, and not as unknown, is not there, and the file is whole. */

enum { batches = 4, in_a_batch = 3, tokens = batches * in_a_batch };

static const char wal[] = "vfs=actrec-test&cache_size_kib=32";
static const char rollback_journal[] = "vfs=actrec-test&cache_size_kib=32&journal_mode=delete&synchronous=extra";
static const char truncated_journal[] = "vfs=actrec-test&cache_size_kib=32&journal_mode=truncate&synchronous=full";

static fake_op *insert(sqlite_fixture *f, int64_t token)
{
    fake_op *op = fake_sql(&f->host, "INSERT INTO t VALUES (?, zeroblob(900))");
    fake_int(op, token);
    return op;
}

static void set_up_file(sqlite_fixture *f, const char *options)
{
    static const char *const suffixes[] = { "", "-wal", "-shm", "-journal" };
    sqlite_fixture_close(f);
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        char path[sizeof f->path + 16];
        snprintf(path, sizeof path, "%s%s", f->path, suffixes[i]);
        (void)unlink(path);
    }
    sqlite_vfs_install();
    sqlite_vfs_reset();
    sqlite_fixture_reopen(f, options);
    sqlite_fixture_rows(f, "CREATE TABLE t (token INT, filling BLOB)");
    sqlite_fixture_rows(f, "PRAGMA wal_autocheckpoint = 8"); /* so that checkpoints are cut too */
}

/* Groups, and every other batch a single insert. */
static void run_inserts(sqlite_fixture *f, fake_op *ops[tokens])
{
    for (int i = 0; i < tokens; i++) {
        ops[i] = insert(f, i);
        if (i % in_a_batch == in_a_batch - 1 || i % (2 * in_a_batch) == 0)
            sqlite_fixture_run(f);
    }
    sqlite_fixture_run(f);
}

static void check_promises(sqlite_fixture *f, fake_op *ops[tokens], const char *when, size_t n)
{
    int counts[tokens] = { 0 };
    assert_string_equal(sqlite_fixture_rows(f, "PRAGMA integrity_check"), "ok;");
    const char *rows = sqlite_fixture_rows(f, "SELECT token FROM t WHERE token < 100");
    for (; *rows != '\0'; rows = strchr(rows, ';') + 1)
        counts[atoi(rows)]++;
    for (int i = 0; i < tokens; i++)
        if (counts[i] > 1 || (counts[i] == 0 && ops[i]->status == AR_OK) ||
            (counts[i] == 1 && ops[i]->status != AR_OK && !ops[i]->error.outcome_unknown))
            fail_msg("%s %zu: insert %d is there %d times, and was reported as %s (%s)%s", when, n, i, counts[i],
                     ar_status_name(ops[i]->status), ops[i]->error.message,
                     ops[i]->error.outcome_unknown ? " unknown" : "");
}

static void cut_power_everywhere(sqlite_fixture *f, const char *options)
{
    static const char *const names[] = { "lost", "torn", "kept" };
    for (int fate = SQLITE_VFS_LOST; fate <= SQLITE_VFS_KEPT; fate++)
        for (size_t n = 1;; n++) {
            fake_op *ops[tokens];
            set_up_file(f, options);
            sqlite_vfs.counted = SQLITE_VFS_CHANGES;
            sqlite_vfs.cut_at = n;
            run_inserts(f, ops);
            bool cut = sqlite_vfs.dark;
            sqlite_vfs.dark = true; /* closing must not make anything safe either */
            sqlite_fixture_close(f);
            sqlite_vfs_restore((sqlite_vfs_fate)fate, (uint32_t)n);
            sqlite_fixture_reopen(f, "vfs=actrec-test");
            check_promises(f, ops, names[fate], n);
            if (!cut) {
                assert_true(n > 20);
                break;
            }
            assert_int_not_equal(ops[tokens - 1]->status, AR_OK);
        }
}

static void a_power_cut_loses_nothing_that_was_done_with_wal(void **state)
{
    cut_power_everywhere(*state, wal);
}

static void a_power_cut_loses_nothing_that_was_done_with_a_rollback_journal(void **state)
{
    cut_power_everywhere(*state, rollback_journal);
}

static void a_power_cut_loses_nothing_that_was_done_with_a_truncated_journal(void **state)
{
    cut_power_everywhere(*state, truncated_journal);
}

/* The test itself: without syncs a power cut does lose what was done. */
static void without_syncs_the_cut_would_be_seen(void **state)
{
    sqlite_fixture *f = *state;
    set_up_file(f, "vfs=actrec-test&synchronous=off");
    fake_op *op = insert(f, 0);
    sqlite_fixture_run(f);
    assert_ended(op, AR_OK);
    sqlite_vfs.dark = true;
    sqlite_fixture_close(f);
    sqlite_vfs_restore(SQLITE_VFS_LOST, 1);
    sqlite_fixture_reopen(f, NULL);
    assert_string_equal(sqlite_fixture_rows(f, "SELECT count(*) FROM sqlite_schema"), "0;");
}

static void a_group_costs_one_sync(void **state)
{
    sqlite_fixture *f = *state;
    set_up_file(f, "vfs=actrec-test");
    size_t before = sqlite_vfs.syncs;
    for (int i = 0; i < 100; i++)
        insert(f, i);
    sqlite_fixture_run(f);
    assert_in_range(sqlite_vfs.syncs - before, 1, 4); /* one more where a new log starts, two for a checkpoint */
    before = sqlite_vfs.syncs;
    for (int i = 0; i < 5; i++)
        insert(f, i);
    sqlite_fixture_run(f);
    assert_in_range(sqlite_vfs.syncs - before, 1, 4);
}

static void fail_every_call(sqlite_fixture *f, const char *options, unsigned kinds, int code, bool on)
{
    for (size_t n = 1;; n++) {
        fake_op *ops[tokens];
        set_up_file(f, options);
        sqlite_vfs.counted = kinds;
        sqlite_vfs.fail_at = n;
        sqlite_vfs.fail_on = on;
        sqlite_vfs.fail_code = code;
        run_inserts(f, ops);
        bool failed = sqlite_vfs.failures > 0;
        sqlite_vfs.fail_at = 0;
        for (int i = 0; i < tokens; i++)
            if (ops[i]->status != AR_OK)
                assert_ended(ops[i], code == SQLITE_FULL ? AR_E_DISK_FULL : AR_E_IO);
        assert_true(ari_sqlite_backend.usable(f->writer));
        fake_op *after = insert(f, 999);
        sqlite_fixture_run(f);
        assert_ended(after, AR_OK);
        check_promises(f, ops, "fault", n);
        sqlite_fixture_reopen(f, "vfs=actrec-test");
        check_promises(f, ops, "fault and reopen", n);
        if (!failed)
            break;
    }
}

static void a_failing_write_or_sync_is_reported_as_it_is(void **state)
{
    static const unsigned kinds[] = { SQLITE_VFS_WRITE, SQLITE_VFS_SYNC, SQLITE_VFS_CHANGES };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        for (int on = 0; on < 2; on++)
            fail_every_call(*state, wal, kinds[i], 0, on == 1);
}

static void a_failing_write_or_sync_of_a_rollback_journal_is_reported_as_it_is(void **state)
{
    fail_every_call(*state, rollback_journal, SQLITE_VFS_CHANGES, 0, false);
    fail_every_call(*state, truncated_journal, SQLITE_VFS_CHANGES, 0, false);
}

static void a_full_disk_at_any_write_is_reported_as_it_is(void **state)
{
    fail_every_call(*state, wal, SQLITE_VFS_WRITE, SQLITE_FULL, false);
    fail_every_call(*state, wal, SQLITE_VFS_WRITE, SQLITE_FULL, true);
    fail_every_call(*state, rollback_journal, SQLITE_VFS_WRITE, SQLITE_FULL, false);
}

/* The large one spills out of the cache before COMMIT, so that the disk is full for it alone. */
static void what_does_not_fit_on_the_disk_fails_alone(void **state)
{
    sqlite_fixture *f = *state;
    set_up_file(f, wal);
    sqlite_vfs.capacity = 600000;
    fake_op *first = insert(f, 1);
    fake_op *large = fake_sql(
        &f->host, "INSERT INTO t WITH RECURSIVE r (i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM r WHERE i < 4000) "
                  "SELECT i, zeroblob(900) FROM r");
    fake_op *twice = fake_sql(&f->host, "INSERT INTO nowhere VALUES (1)"), *last = insert(f, 2);
    sqlite_fixture_run(f);
    assert_ended(first, AR_OK);
    assert_ended(large, AR_E_DISK_FULL);
    assert_int_equal(large->error.native_code, SQLITE_FULL);
    assert_ended(twice, AR_E_QUERY);
    assert_ended(last, AR_OK);
    assert_string_equal(sqlite_fixture_rows(f, "SELECT group_concat(token) FROM t"), "1,2;");
}

static void a_disk_that_is_full_at_commit_fails_all_that_write(void **state)
{
    sqlite_fixture *f = *state;
    set_up_file(f, "vfs=actrec-test");
    sqlite_vfs.fail_at = 1;
    sqlite_vfs.fail_on = true;
    sqlite_vfs.counted = SQLITE_VFS_WRITE;
    sqlite_vfs.fail_code = SQLITE_FULL;
    fake_op *first = insert(f, 1), *read = fake_sql(&f->host, "SELECT count(*) FROM t");
    fake_op *unknown = fake_sql(&f->host, "INSERT INTO nowhere VALUES (1)"), *last = insert(f, 2);
    sqlite_fixture_run(f);
    assert_ended(first, AR_E_DISK_FULL);
    assert_false(first->error.outcome_unknown);
    assert_ended(read, AR_OK);
    assert_int_equal(read->restarts, 1);
    assert_string_equal(read->rows, "0;");
    assert_ended(unknown, AR_E_DISK_FULL);
    assert_ended(last, AR_E_DISK_FULL);
    sqlite_vfs.fail_at = 0;
    fake_op *again = insert(f, 3);
    sqlite_fixture_run(f);
    assert_ended(again, AR_OK);
    assert_string_equal(sqlite_fixture_rows(f, "SELECT group_concat(token) FROM t"), "3;");
}

static void a_failing_sync_leaves_the_outcome_unknown(void **state)
{
    for (int count = 1; count <= 2; count++) {
        sqlite_fixture *f = *state;
        fake_op *ops[2];
        set_up_file(f, "vfs=actrec-test");
        insert(f, 0);
        sqlite_fixture_run(f);
        sqlite_vfs.counted = SQLITE_VFS_SYNC;
        sqlite_vfs.fail_at = 1;
        for (int i = 0; i < count; i++)
            ops[i] = insert(f, i + 1);
        sqlite_fixture_run(f);
        for (int i = 0; i < count; i++) {
            assert_ended(ops[i], AR_E_IO);
            assert_int_equal(ops[i]->error.native_code, SQLITE_IOERR_FSYNC);
            assert_true(ops[i]->error.outcome_unknown);
        }
        assert_string_equal(sqlite_fixture_rows(f, "SELECT group_concat(token) FROM t"), "0;");
    }
}

static ar_status try_open(sqlite_fixture *f, const char *options, ar_error *error)
{
    ar_connection *connection = NULL;
    sqlite_fixture_close(f);
    assert_int_equal(fake_configure(&f->host, f->path, options, &f->config, NULL, error), AR_OK);
    ar_status status = ari_sqlite_backend.open(f->config, AR_ROLE_WRITER, &f->host.base, &connection, error);
    if (status == AR_OK)
        ari_sqlite_backend.close(connection);
    return status;
}

static void a_file_that_may_only_be_read_has_no_writer(void **state)
{
    sqlite_fixture *f = *state;
    ar_error error;
    set_up_file(f, rollback_journal);
    sqlite_fixture_close(f);
    sqlite_vfs.no_write = true;
    assert_int_equal(try_open(f, rollback_journal, &error), AR_E_READ_ONLY);
    assert_says(error.message, "mode=ro");
}

static void wal_that_cannot_work_is_refused(void **state)
{
    sqlite_fixture *f = *state;
    ar_error error;
    set_up_file(f, rollback_journal);
    sqlite_fixture_close(f);
    sqlite_vfs.no_shared_memory = true;
    assert_int_equal(try_open(f, wal, &error), AR_E_UNSUPPORTED);
    assert_says(error.message, "journal_mode=wal");
    assert_int_equal(try_open(f, rollback_journal, &error), AR_OK);
}

static void an_open_that_fails_anywhere_leaves_nothing(void **state)
{
    sqlite_fixture *f = *state;
    static const unsigned kinds = SQLITE_VFS_CHANGES | SQLITE_VFS_OPEN | SQLITE_VFS_READ;
    for (size_t n = 1;; n++) {
        ar_error error;
        set_up_file(f, n % 2 == 0 ? wal : rollback_journal);
        sqlite_fixture_close(f);
        sqlite_vfs.counted = kinds;
        sqlite_vfs.fail_at = (n + 1) / 2;
        ar_status status = try_open(f, wal, &error);
        size_t failures = sqlite_vfs.failures;
        sqlite_vfs.fail_at = 0;
        if (status != AR_OK && status != AR_E_IO && status != AR_E_CONNECTION && status != AR_E_READ_ONLY)
            fail_msg("%s: %s", ar_status_name(status), error.message);
        assert_int_equal(try_open(f, wal, &error), AR_OK);
        if (failures == 0)
            break;
    }
}

/* A child inserts groups of 64 and says over a pipe what was completed; it is killed at some point. */
static void report(fake_host *host, fake_op *op)
{
    int descriptor = *(int *)((sqlite_fixture *)(void *)host)->arg;
    if (op->status == AR_OK && op->bound == 1 && write(descriptor, &op->row_id, sizeof op->row_id) != sizeof op->row_id)
        _exit(1);
}

static void insert_until_killed(sqlite_fixture *f, int descriptor)
{
    f->arg = &descriptor;
    f->host.on_complete = report;
    for (int64_t token = 1;; token++) {
        fake_op *op = fake_sql(&f->host, "INSERT INTO k (token) VALUES (?)");
        fake_int(op, token);
        if (token % 64 == 0) {
            sqlite_fixture_run(f);
            if (token > 64 * 200)
                _exit(0);
        }
    }
}

static void a_killed_process_loses_nothing_that_was_done(void **state)
{
    sqlite_fixture *f = *state;
    for (int round = 0; round < 8; round++) {
        int ends[2];
        int64_t token, last = 0;
        sqlite_fixture_reopen(f, NULL);
        sqlite_fixture_rows(f, "DROP TABLE IF EXISTS k");
        sqlite_fixture_rows(f, "CREATE TABLE k (id INTEGER PRIMARY KEY, token INT)");
        sqlite_fixture_close(f);
        assert_int_equal(pipe(ends), 0);
        pid_t child = fork();
        if (child == 0) {
            close(ends[0]);
            sqlite_fixture_reopen(f, NULL);
            insert_until_killed(f, ends[1]);
        }
        close(ends[1]);
        while (last < 100 + round * 157 && read(ends[0], &token, sizeof token) == sizeof token)
            last = token;
        assert_int_equal(kill(child, SIGKILL), 0);
        while (read(ends[0], &token, sizeof token) == sizeof token)
            last = token;
        close(ends[0]);
        assert_int_equal(waitpid(child, NULL, 0), child);
        assert_true(last >= 100);
        char expected[64];
        snprintf(expected, sizeof expected, "%lld|%lld;", (long long)last, (long long)last);
        sqlite_fixture_reopen(f, NULL);
        char text[128];
        snprintf(text, sizeof text, "SELECT count(*), count(DISTINCT token) FROM k WHERE token <= %lld",
                 (long long)last);
        assert_string_equal(sqlite_fixture_rows(f, text), expected);
        assert_string_equal(sqlite_fixture_rows(f, "SELECT count(*) - count(DISTINCT token) FROM k"), "0;");
        assert_string_equal(sqlite_fixture_rows(f, "PRAGMA integrity_check"), "ok;");
    }
}

#define FILES(test) cmocka_unit_test_setup_teardown(test, sqlite_fixture_file, sqlite_fixture_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FILES(a_power_cut_loses_nothing_that_was_done_with_wal),
        FILES(a_power_cut_loses_nothing_that_was_done_with_a_rollback_journal),
        FILES(a_power_cut_loses_nothing_that_was_done_with_a_truncated_journal),
        FILES(without_syncs_the_cut_would_be_seen),
        FILES(a_group_costs_one_sync),
        FILES(a_failing_write_or_sync_is_reported_as_it_is),
        FILES(a_failing_write_or_sync_of_a_rollback_journal_is_reported_as_it_is),
        FILES(a_full_disk_at_any_write_is_reported_as_it_is),
        FILES(what_does_not_fit_on_the_disk_fails_alone),
        FILES(a_disk_that_is_full_at_commit_fails_all_that_write),
        FILES(a_failing_sync_leaves_the_outcome_unknown),
        FILES(a_file_that_may_only_be_read_has_no_writer),
        FILES(wal_that_cannot_work_is_refused),
        FILES(an_open_that_fails_anywhere_leaves_nothing),
        FILES(a_killed_process_loses_nothing_that_was_done),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
