/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backends/postgres/connection.h"
#include "backends/postgres/postgres.h"
#include "tests/support/poll_host.h"

/* What of a batch shares what: counted in Syncs and commands, and seen in what neighbours do to each other. */

static poll_host host;
static ar_backend_config *config;
static ar_connection *connection;
static ar_connection *other;

static void run(const char *sql)
{
    ar_ignore(AR_OK);
    (void)poll_rows(&host, connection, sql);
}

static int set_up(void **state)
{
    (void)state;
    poll_host_init(&host, &ari_postgres_backend);
    config = poll_configure(&host, poll_server_url(), NULL);
    connection = poll_open(&host, config, AR_ROLE_WRITER);
    other = NULL;
    run("DROP TABLE IF EXISTS ar_batch CASCADE");
    run("CREATE TABLE ar_batch (id bigint PRIMARY KEY, word text)");
    run("INSERT INTO ar_batch SELECT i, 'word' || i FROM generate_series(1, 50) i");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    run("DROP TABLE IF EXISTS ar_batch CASCADE");
    host.fake.backend->close(connection);
    if (other != NULL)
        host.fake.backend->close(other);
    host.fake.backend->config_free(config);
    poll_host_fini(&host);
    return 0;
}

static const ar_statement many = { .id = 900001,
                                   .sql = "SELECT id, word FROM ar_batch WHERE id = ANY ($1)",
                                   .sql_length = 49,
                                   .parameter_count = 1,
                                   .statement_class = AR_STATEMENT_READ,
                                   .generated = true };
static const ar_statement *const many_list[] = { &many };
static const ar_find_together together = { .key_column = 0, .as_array = true, .count = 1, .statements = many_list };

static fake_op *find(int64_t key)
{
    fake_op *op = poll_sql(&host, "SELECT id, word FROM ar_batch WHERE id = $1");
    op->statement.generated = true;
    op->statement.together = &together;
    fake_int(op, key);
    fake_want(op, AR_TYPE_INT64);
    fake_want(op, AR_TYPE_TEXT);
    return op;
}

static fake_op *generated(const char *sql)
{
    fake_op *op = poll_sql(&host, sql);
    op->statement.generated = true;
    return op;
}

/* Has the statements described, so that counts below are of executions alone. */
static void warm(void)
{
    find(1);
    find(2);
    poll_run(&host, connection);
    find(1);
    poll_run(&host, connection);
}

static void finds_by_key_run_as_one_query(void **state)
{
    (void)state;
    fake_op *ops[20];
    char expected[32];
    warm();
    size_t commands = connection->commands, syncs = connection->syncs;
    for (int i = 0; i < 20; i++)
        ops[i] = find(i + 1);
    poll_run(&host, connection);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(ops[i]->status, AR_OK);
        snprintf(expected, sizeof expected, "%d|word%d;", i + 1, i + 1);
        assert_string_equal(ops[i]->rows, expected);
        assert_int_equal(ops[i]->begins, 1);
    }
    assert_int_equal(connection->commands - commands, 1);
    assert_int_equal(connection->syncs - syncs, 1);
}

static void one_find_takes_the_plain_path(void **state)
{
    (void)state;
    warm();
    size_t commands = connection->commands, syncs = connection->syncs;
    const fake_op *op = find(7);
    poll_run(&host, connection);
    assert_string_equal(op->rows, "7|word7;");
    assert_int_equal(connection->commands - commands, 1);
    assert_int_equal(connection->syncs - syncs, 1);
}

static void the_same_key_twice_is_one_row_a_copy_each_and_a_missing_one_is_none(void **state)
{
    (void)state;
    warm();
    const fake_op *first = find(3), *missing = find(999), *second = find(3);
    poll_run(&host, connection);
    assert_string_equal(first->rows, "3|word3;");
    assert_string_equal(second->rows, "3|word3;");
    assert_int_equal(missing->status, AR_OK);
    assert_int_equal(missing->begins, 1);
    assert_int_equal(missing->row_count, 0);
}

static void a_fused_query_that_fails_is_run_one_by_one(void **state)
{
    (void)state;
    run("CREATE OR REPLACE FUNCTION ar_batch_bad(id bigint) RETURNS text LANGUAGE sql AS $$ SELECT (1 / (id - "
        "3))::text $$");
    run("ALTER TABLE ar_batch RENAME TO ar_batch_base");
    run("CREATE VIEW ar_batch AS SELECT id, ar_batch_bad(id) AS word FROM ar_batch_base");
    const fake_op *good = find(4), *bad = find(3), *also = find(5);
    poll_run(&host, connection);
    assert_string_equal(good->rows, "4|1;");
    assert_int_equal(bad->status, AR_E_TYPE);
    assert_string_equal(bad->error.sqlstate, "22012");
    assert_string_equal(also->rows, "5|0;");
    run("DROP VIEW ar_batch");
    run("DROP TABLE ar_batch_base");
    run("DROP FUNCTION ar_batch_bad(bigint)");
}

static void a_sink_that_refuses_a_fused_row_is_alone_with_that(void **state)
{
    (void)state;
    warm();
    fake_op *good = find(4), *bad = find(3), *also = find(3);
    bad->refused_row = 1;
    bad->refuse_with = AR_E_NO_MEMORY;
    poll_run(&host, connection);
    assert_string_equal(good->rows, "4|word4;");
    assert_int_equal(bad->status, AR_E_NO_MEMORY);
    assert_string_equal(also->rows, "3|word3;");
}

static void other_wanted_types_are_not_fused(void **state)
{
    (void)state;
    warm();
    const fake_op *one = find(1);
    fake_op *two = find(2);
    two->wanted[0] = AR_TYPE_INT32;
    poll_run(&host, connection);
    assert_string_equal(one->rows, "1|word1;");
    assert_string_equal(two->rows, "2|word2;");
    assert_int_equal(two->last[0].type, AR_TYPE_INT32);
}

static void generated_reads_share_a_sync_behind_a_guard(void **state)
{
    (void)state;
    fake_op *ops[10];
    static const char sql[] = "SELECT word FROM ar_batch WHERE word = $1";
    fake_text(generated(sql), "word1");
    poll_run(&host, connection);
    size_t commands = connection->commands, syncs = connection->syncs;
    for (int i = 0; i < 10; i++) {
        ops[i] = generated(sql);
        fake_text(ops[i], i % 2 == 0 ? "word2" : "none");
    }
    poll_run(&host, connection);
    for (int i = 0; i < 10; i++)
        assert_string_equal(ops[i]->rows, i % 2 == 0 ? "word2;" : "");
    assert_int_equal(connection->commands - commands, 11);
    assert_int_equal(connection->syncs - syncs, 1);
    commands = connection->commands;
    fake_text(generated(sql), "word1");
    poll_run(&host, connection);
    assert_int_equal(connection->commands - commands, 1); /* one alone needs no guard */
}

static void reads_by_hand_and_writes_have_a_sync_each(void **state)
{
    (void)state;
    static const char read[] = "SELECT word FROM ar_batch WHERE id = 1 AND $1 = 1";
    static const char write[] = "UPDATE ar_batch SET word = word WHERE id = $1";
    static const char locking[] = "SELECT word FROM ar_batch WHERE id = $1 FOR UPDATE";
    static const char *const texts[] = { read, write, locking };
    for (size_t i = 0; i < 3; i++) {
        fake_int(generated(texts[i]), 1);
        poll_run(&host, connection);
        size_t syncs = connection->syncs;
        for (int k = 0; k < 3; k++) {
            fake_op *op = generated(texts[i]);
            fake_int(op, 1);
            op->statement.generated = texts[i] != read;
            if (texts[i] == locking)
                op->statement.statement_class = AR_STATEMENT_READ; /* as find_for_update says */
        }
        poll_run(&host, connection);
        assert_int_equal(connection->syncs - syncs, 3);
    }
}

static void a_failing_read_fails_alone_and_its_neighbours_are_run_again(void **state)
{
    (void)state;
    static const char sql[] = "SELECT 10 / $1::int8";
    fake_int(generated(sql), 1);
    poll_run(&host, connection);
    const fake_op *ops[6];
    for (int i = 0; i < 6; i++) {
        fake_op *op = generated(sql);
        fake_int(op, i % 3 == 1 ? 0 : i + 1);
        ops[i] = op;
    }
    poll_run(&host, connection);
    for (int i = 0; i < 6; i++)
        assert_int_equal(ops[i]->status, i % 3 == 1 ? AR_E_TYPE : AR_OK);
    assert_string_equal(ops[0]->rows, "10;");
    assert_string_equal(ops[5]->rows, "1;");
}

static void a_view_that_writes_keeps_its_write_beside_a_failing_neighbour(void **state)
{
    (void)state;
    run("CREATE TABLE ar_batch_log (id serial)");
    run("CREATE FUNCTION ar_batch_write() RETURNS int LANGUAGE sql AS $$ INSERT INTO ar_batch_log DEFAULT VALUES "
        "RETURNING 1 $$");
    run("CREATE VIEW ar_batch_view AS SELECT ar_batch_write() AS one");
    static const char writes[] = "SELECT one FROM ar_batch_view", fails[] = "SELECT 10 / $1::int8";
    fake_int(generated(fails), 1);
    poll_run(&host, connection);
    const fake_op *view = generated(writes);
    fake_op *bad = generated(fails);
    fake_int(bad, 0);
    poll_run(&host, connection);
    char *seen = strdup(poll_rows(&host, connection, "SELECT count(*) FROM ar_batch_log"));
    run("DROP VIEW ar_batch_view");
    run("DROP FUNCTION ar_batch_write()");
    run("DROP TABLE ar_batch_log");
    assert_int_equal(view->status, AR_OK);
    assert_string_equal(view->rows, "1;");
    assert_int_equal(bad->status, AR_E_TYPE);
    assert_string_equal(seen, "1;");
    free(seen);
}

static void nothing_is_shared_above_read_committed(void **state)
{
    (void)state;
    char url[512];
    const char *base = poll_server_url();
    snprintf(url, sizeof url, "%s%cinitial_sql=SET default_transaction_isolation = 'repeatable read'", base,
             strchr(base, '?') == NULL ? '?' : '&');
    ar_backend_config *strict = poll_configure(&host, url, NULL);
    other = poll_open(&host, strict, AR_ROLE_WRITER);
    fake_int(generated("SELECT $1::int8"), 1);
    poll_run(&host, other);
    size_t syncs = other->syncs;
    for (int i = 0; i < 4; i++)
        fake_int(generated("SELECT $1::int8"), i);
    poll_run(&host, other);
    assert_int_equal(other->syncs - syncs, 4);
    host.fake.backend->close(other);
    other = NULL;
    host.fake.backend->config_free(strict);
}

static void a_write_beside_a_failing_write_stands(void **state)
{
    (void)state;
    fake_op *ops[3];
    for (int i = 0; i < 3; i++) {
        ops[i] = poll_sql(&host, "INSERT INTO ar_batch VALUES ($1, 'new') RETURNING id");
        fake_int(ops[i], i == 1 ? 1 : 100 + i);
    }
    poll_run(&host, connection);
    assert_int_equal(ops[0]->status, AR_OK);
    assert_int_equal(ops[0]->changes, 1);
    assert_int_equal(ops[1]->status, AR_E_CONSTRAINT);
    assert_int_equal(ops[1]->error.constraint_kind, AR_CONSTRAINT_PRIMARY_KEY);
    assert_string_equal(ops[1]->error.constraint, "ar_batch_pkey");
    assert_null(strstr(ops[1]->error.message, "(id)"));
    assert_string_equal(ops[2]->rows, "102;");
    assert_string_equal(poll_rows(&host, connection, "SELECT id FROM ar_batch WHERE id >= 100 ORDER BY id"),
                        "100;102;");
}

static void what_fails_only_when_it_is_committed_fails(void **state)
{
    (void)state;
    run("CREATE TABLE ar_batch_child (id bigint REFERENCES ar_batch DEFERRABLE INITIALLY DEFERRED)");
    fake_op *bad = poll_sql(&host, "INSERT INTO ar_batch_child VALUES ($1)");
    fake_int(bad, 777);
    fake_op *good = poll_sql(&host, "INSERT INTO ar_batch_child VALUES ($1)");
    fake_int(good, 1);
    poll_run(&host, connection);
    char *seen = strdup(poll_rows(&host, connection, "SELECT id FROM ar_batch_child"));
    run("DROP TABLE ar_batch_child");
    assert_int_equal(bad->status, AR_E_CONSTRAINT);
    assert_int_equal(bad->error.constraint_kind, AR_CONSTRAINT_FOREIGN_KEY);
    assert_int_equal(good->status, AR_OK);
    assert_string_equal(seen, "1;");
    free(seen);
}

static void a_large_batch_does_not_block(void **state)
{
    (void)state;
    static const char sql[] = "SELECT $1::text || $2::text";
    enum { count = 300, size = 20000 };
    char *big = malloc(size + 1);
    memset(big, 'x', size);
    big[size] = '\0';
    fake_op *ops[count];
    for (int i = 0; i < count; i++) {
        ops[i] = poll_sql(&host, sql);
        fake_text(ops[i], big);
        fake_text(ops[i], big);
    }
    free(big);
    poll_run(&host, connection);
    for (int i = 0; i < count; i++) {
        assert_int_equal(ops[i]->status, AR_OK);
        assert_int_equal(strlen(ops[i]->rows), 2 * size + 1);
    }
}

static void a_statement_that_changed_under_its_name_is_prepared_again(void **state)
{
    (void)state;
    assert_string_equal(poll_rows(&host, connection, "SELECT * FROM ar_batch WHERE id = 1"), "1|word1;");
    assert_string_equal(poll_rows(&host, connection, "SELECT * FROM ar_batch WHERE id = 1"), "1|word1;");
    run("ALTER TABLE ar_batch ADD COLUMN more int DEFAULT 5");
    assert_string_equal(poll_rows(&host, connection, "SELECT * FROM ar_batch WHERE id = 1"), "1|word1|5;");
}

static void a_statement_that_the_server_lost_is_run_all_the_same(void **state)
{
    (void)state;
    assert_string_equal(poll_rows(&host, connection, "SELECT word FROM ar_batch WHERE id = 1"), "word1;");
    run("DEALLOCATE ALL");
    assert_string_equal(poll_rows(&host, connection, "SELECT word FROM ar_batch WHERE id = 1"), "word1;");
    fake_op *op = poll_sql(&host, "INSERT INTO ar_batch VALUES ($1, $2)");
    fake_int(op, 500);
    fake_text(op, "x");
    poll_run(&host, connection);
    run("DEALLOCATE ALL");
    op = poll_sql(&host, "INSERT INTO ar_batch VALUES ($1, $2)");
    fake_int(op, 501);
    fake_text(op, "x");
    poll_run(&host, connection);
    assert_int_equal(op->status, AR_OK);
}

static void a_name_that_the_server_has_already_is_the_same_statement(void **state)
{
    (void)state;
    static const char sql[] = "SELECT word FROM ar_batch WHERE id = $1 AND 5 = 5";
    char prepare[256];
    fake_op *op = poll_sql(&host, sql);
    fake_int(op, 1);
    poll_run(&host, connection);
    snprintf(prepare, sizeof prepare, "PREPARE %s AS %s",
             ((const ari_postgres_statement *)connection->statements.cache.newest)->name, sql);
    other = poll_open(&host, config, AR_ROLE_WRITER); /* as behind a pooler, where somebody else was before */
    op = poll_sql(&host, prepare);
    op->statement.parameter_count = 0;
    poll_run(&host, other);
    assert_int_equal(op->status, AR_OK);
    op = poll_sql(&host, sql);
    fake_int(op, 2);
    poll_run(&host, other);
    assert_int_equal(op->status, AR_OK);
    assert_string_equal(op->rows, "word2;");
}

/* In a transaction a Parse of a name that is there would fail the transaction. */
static void the_same_text_with_another_id_is_prepared_once(void **state)
{
    (void)state;
    static const char sql[] = "SELECT word FROM ar_batch WHERE id = $1 AND 6 = 6";
    for (uint64_t id = 1; id <= 3; id++) {
        if (id == 3)
            fake_kind(&host.fake, AR_OP_BEGIN);
        fake_op *op = poll_sql(&host, sql);
        op->statement.id = 800000 + id;
        op->operation.in_transaction = id == 3;
        fake_int(op, 2);
        poll_run(&host, connection);
        assert_int_equal(op->status, AR_OK);
        assert_string_equal(op->rows, "word2;");
    }
    fake_kind(&host.fake, AR_OP_ROLLBACK)->operation.in_transaction = true;
    poll_run(&host, connection);
    assert_string_equal(
        poll_rows(&host, connection, "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%6 = 6'"),
        "1;");
}

static void a_fused_query_that_the_server_lost_is_run_all_the_same(void **state)
{
    (void)state;
    warm();
    run("DEALLOCATE ALL");
    const fake_op *one = find(1), *two = find(2);
    poll_run(&host, connection);
    assert_string_equal(one->rows, "1|word1;");
    assert_string_equal(two->rows, "2|word2;");
}

static void the_statement_cache_is_bounded_on_the_server_too(void **state)
{
    (void)state;
    char url[512], sql[64];
    const char *base = poll_server_url();
    snprintf(url, sizeof url, "%s%cstatement_cache=4", base, strchr(base, '?') == NULL ? '?' : '&');
    ar_backend_config *small = poll_configure(&host, url, NULL);
    other = poll_open(&host, small, AR_ROLE_WRITER);
    for (int i = 0; i < 20; i++) {
        snprintf(sql, sizeof sql, "SELECT %d + $1::int", i);
        fake_int(poll_sql(&host, sql), 1);
        poll_run(&host, other);
    }
    assert_string_equal(poll_rows(&host, other, "SELECT count(*) <= 5 FROM pg_prepared_statements"), "true;");
    host.fake.backend->close(other);
    host.fake.backend->config_free(small);
    snprintf(url, sizeof url, "%s%cstatement_cache=0", base, strchr(base, '?') == NULL ? '?' : '&');
    small = poll_configure(&host, url, NULL);
    other = poll_open(&host, small, AR_ROLE_WRITER);
    for (int i = 0; i < 3; i++) {
        fake_op *op = poll_sql(&host, "SELECT 5 + $1::int");
        fake_int(op, 1);
        poll_run(&host, other);
        assert_string_equal(op->rows, "6;");
    }
    assert_string_equal(poll_rows(&host, other, "SELECT count(*) FROM pg_prepared_statements WHERE name <> ''"), "0;");
    host.fake.backend->close(other);
    other = NULL;
    host.fake.backend->config_free(small);
}

static void refused_texts_send_nothing(void **state)
{
    (void)state;
    static const struct {
        const char *sql;
        ar_status status;
    } texts[] = { { "BEGIN", AR_E_INVALID },
                  { "/* x */ commit", AR_E_INVALID },
                  { "COPY ar_batch FROM STDIN", AR_E_UNSUPPORTED },
                  { "SELECT 1; SELECT 2", AR_E_QUERY },
                  { "SELEC 1", AR_E_QUERY },
                  { "SELECT nothing FROM ar_batch", AR_E_QUERY },
                  { "SELECT $1", AR_E_INVALID } };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        fake_op *op = poll_sql(&host, texts[i].sql);
        op->statement.parameter_count = 0;
        poll_run(&host, connection);
        if (op->status != texts[i].status)
            fail_msg("%s: %s: %s", texts[i].sql, ar_status_name(op->status), op->error.message);
    }
    assert_string_equal(poll_rows(&host, connection, "SELECT 1"), "1;");
    assert_true(host.fake.backend->usable(connection));
}

static void a_write_whose_columns_are_refused_does_not_run(void **state)
{
    (void)state;
    fake_op *op = poll_sql(&host, "INSERT INTO ar_batch VALUES (900, 'x') RETURNING id, word");
    fake_want(op, AR_TYPE_INT64);
    poll_run(&host, connection);
    assert_int_equal(op->status, AR_E_TYPE);
    assert_string_equal(poll_rows(&host, connection, "SELECT count(*) FROM ar_batch WHERE id = 900"), "0;");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(finds_by_key_run_as_one_query, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_find_takes_the_plain_path, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_same_key_twice_is_one_row_a_copy_each_and_a_missing_one_is_none, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_fused_query_that_fails_is_run_one_by_one, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_sink_that_refuses_a_fused_row_is_alone_with_that, set_up, tear_down),
        cmocka_unit_test_setup_teardown(other_wanted_types_are_not_fused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(generated_reads_share_a_sync_behind_a_guard, set_up, tear_down),
        cmocka_unit_test_setup_teardown(reads_by_hand_and_writes_have_a_sync_each, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_failing_read_fails_alone_and_its_neighbours_are_run_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_view_that_writes_keeps_its_write_beside_a_failing_neighbour, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(nothing_is_shared_above_read_committed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_write_beside_a_failing_write_stands, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_fails_only_when_it_is_committed_fails, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_large_batch_does_not_block, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_statement_that_changed_under_its_name_is_prepared_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_statement_that_the_server_lost_is_run_all_the_same, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_name_that_the_server_has_already_is_the_same_statement, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_same_text_with_another_id_is_prepared_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_fused_query_that_the_server_lost_is_run_all_the_same, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_statement_cache_is_bounded_on_the_server_too, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refused_texts_send_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_write_whose_columns_are_refused_does_not_run, set_up, tear_down),
    };
    if (getenv("AR_TEST_POSTGRES_URL") == NULL) {
        puts("SKIPPED: AR_TEST_POSTGRES_URL names no server");
        return 77;
    }
    return cmocka_run_group_tests_name("postgres_batch", tests, NULL, NULL);
}
