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

static poll_host host;
static ar_backend_config *config;
static ar_connection *connection;
static ar_connection *other;

static int set_up(void **state)
{
    (void)state;
    poll_host_init(&host, &ari_postgres_backend);
    config = poll_configure(&host, getenv("AR_TEST_POSTGRES_URL"), NULL);
    connection = poll_open(&host, config, AR_ROLE_WRITER);
    other = poll_open(&host, config, AR_ROLE_WRITER);
    (void)poll_rows(&host, other, "DROP TABLE IF EXISTS ar_tx CASCADE");
    (void)poll_rows(&host, other, "CREATE TABLE ar_tx (id bigint PRIMARY KEY, word text)");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    host.fake.backend->close(connection);
    (void)poll_rows(&host, other, "DROP TABLE IF EXISTS ar_tx CASCADE");
    host.fake.backend->close(other);
    host.fake.backend->config_free(config);
    poll_host_fini(&host);
    return 0;
}

static fake_op *word(ar_operation_kind kind)
{
    fake_op *op = fake_kind(&host.fake, kind);
    op->operation.in_transaction = kind != AR_OP_BEGIN && kind != AR_OP_RESET;
    return op;
}

static fake_op *sql(const char *text)
{
    fake_op *op = poll_sql(&host, text);
    op->operation.in_transaction = true;
    return op;
}

static fake_op *insert(int64_t id)
{
    fake_op *op = sql("INSERT INTO ar_tx VALUES ($1, 'x')");
    fake_int(op, id);
    return op;
}

static fake_op *alone(fake_op *op)
{
    poll_run(&host, connection);
    return op;
}

static const char *seen(void)
{
    return poll_rows(&host, other, "SELECT string_agg(id::text, ',' ORDER BY id) FROM ar_tx");
}

static void begin_and_the_first_operation_share_a_sync(void **state)
{
    (void)state;
    word(AR_OP_BEGIN);
    insert(1);
    poll_run(&host, connection);
    alone(word(AR_OP_COMMIT));
    size_t syncs = connection->syncs;
    const fake_op *begin = word(AR_OP_BEGIN), *first = insert(2), *second = insert(3), *commit = word(AR_OP_COMMIT);
    poll_run(&host, connection);
    assert_int_equal(begin->status, AR_OK);
    assert_int_equal(first->status, AR_OK);
    assert_int_equal(first->changes, 1);
    assert_int_equal(second->status, AR_OK);
    assert_int_equal(commit->status, AR_OK);
    assert_int_equal(connection->syncs - syncs, 3);
    assert_string_equal(seen(), "1,2,3;");
}

static void a_read_only_transaction_refuses_writes(void **state)
{
    (void)state;
    fake_op *begin = word(AR_OP_BEGIN);
    begin->operation.read_only = true;
    const fake_op *write = insert(1);
    poll_run(&host, connection);
    assert_int_equal(begin->status, AR_OK);
    assert_int_equal(write->status, AR_E_READ_ONLY);
    assert_int_equal(alone(word(AR_OP_ROLLBACK))->status, AR_OK);
    assert_string_equal(seen(), "NULL;");
}

static void behind_a_failed_operation_all_but_a_rollback_is_refused(void **state)
{
    (void)state;
    word(AR_OP_BEGIN);
    insert(1);
    const fake_op *bad = insert(1), *behind = insert(2), *commit = word(AR_OP_COMMIT);
    poll_run(&host, connection);
    assert_int_equal(bad->status, AR_E_CONSTRAINT);
    assert_int_equal(behind->status, AR_E_TX_ABORTED);
    assert_int_equal(commit->status, AR_E_TX_ABORTED);
    assert_true(commit->ended_transaction);
    assert_string_equal(seen(), "NULL;");
    assert_int_equal(alone(insert(5))->status, AR_E_TX_ABORTED);
    assert_string_equal(poll_rows(&host, connection, "SELECT 1"), "1;");
}

static void what_the_client_refuses_fails_the_transaction_too(void **state)
{
    (void)state;
    word(AR_OP_BEGIN);
    insert(1);
    fake_op *bad = sql("INSERT INTO ar_tx VALUES ($1, $2)");
    fake_int(bad, 2);
    fake_text(bad, "\xff");
    const fake_op *behind = insert(3), *commit = word(AR_OP_COMMIT);
    poll_run(&host, connection);
    assert_int_equal(bad->status, AR_E_TYPE);
    assert_int_equal(behind->status, AR_E_TX_ABORTED);
    assert_int_equal(commit->status, AR_E_TX_ABORTED);
    assert_string_equal(seen(), "NULL;");
}

static void a_sink_that_refuses_a_row_fails_the_transaction_too(void **state)
{
    (void)state;
    word(AR_OP_BEGIN);
    insert(1);
    fake_op *bad = sql("SELECT id FROM ar_tx");
    bad->refused_row = 1;
    bad->refuse_with = AR_E_NO_MEMORY;
    const fake_op *behind = insert(3), *commit = word(AR_OP_COMMIT);
    poll_run(&host, connection);
    assert_int_equal(bad->status, AR_E_NO_MEMORY);
    assert_int_equal(behind->status, AR_E_TX_ABORTED);
    assert_int_equal(commit->status, AR_E_TX_ABORTED);
    assert_string_equal(seen(), "NULL;");
}

static void savepoints_take_back_what_is_behind_them(void **state)
{
    (void)state;
    word(AR_OP_BEGIN);
    insert(1);
    word(AR_OP_SAVEPOINT)->operation.savepoint = 7;
    const fake_op *bad = insert(1);
    fake_op *back = word(AR_OP_ROLLBACK_TO);
    back->operation.savepoint = 7;
    const fake_op *good = insert(2);
    fake_op *release = word(AR_OP_RELEASE);
    release->operation.savepoint = 7;
    const fake_op *commit = word(AR_OP_COMMIT);
    poll_run(&host, connection);
    assert_int_equal(bad->status, AR_E_CONSTRAINT);
    assert_int_equal(back->status, AR_OK);
    assert_int_equal(good->status, AR_OK);
    assert_int_equal(release->status, AR_OK);
    assert_int_equal(commit->status, AR_OK);
    assert_string_equal(seen(), "1,2;");
}

static void a_commit_that_fails_ends_the_transaction(void **state)
{
    (void)state;
    (void)poll_rows(&host, other,
                    "CREATE TABLE ar_tx_child (id bigint REFERENCES ar_tx DEFERRABLE INITIALLY DEFERRED)");
    word(AR_OP_BEGIN);
    const fake_op *write = sql("INSERT INTO ar_tx_child VALUES (9)"), *commit = word(AR_OP_COMMIT);
    poll_run(&host, connection);
    (void)poll_rows(&host, other, "DROP TABLE ar_tx_child");
    assert_int_equal(write->status, AR_OK);
    assert_int_equal(commit->status, AR_E_CONSTRAINT);
    assert_true(commit->ended_transaction);
    assert_string_equal(poll_rows(&host, connection, "SELECT 1"), "1;");
}

static void a_statement_that_cannot_be_prepared_fails_the_transaction(void **state)
{
    (void)state;
    const fake_op *begin = word(AR_OP_BEGIN), *bad = sql("SELECT nothing FROM ar_tx"), *behind = insert(1);
    poll_run(&host, connection);
    assert_int_equal(begin->status, AR_OK);
    assert_int_equal(bad->status, AR_E_QUERY);
    assert_int_equal(behind->status, AR_E_TX_ABORTED);
    assert_int_equal(alone(word(AR_OP_ROLLBACK))->status, AR_OK);
    word(AR_OP_BEGIN);
    insert(2);
    poll_run(&host, connection);
    assert_int_equal(alone(word(AR_OP_COMMIT))->status, AR_OK);
    assert_string_equal(seen(), "2;");
}

static void a_conflict_is_retryable(void **state)
{
    (void)state;
    (void)poll_rows(&host, other, "INSERT INTO ar_tx VALUES (1, 'a')");
    word(AR_OP_BEGIN);
    sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ");
    sql("SELECT count(*) FROM ar_tx");
    poll_run(&host, connection);
    (void)poll_rows(&host, other, "UPDATE ar_tx SET word = 'b'");
    const fake_op *write = alone(sql("UPDATE ar_tx SET word = 'c'"));
    assert_int_equal(write->status, AR_E_CONFLICT);
    assert_true(write->error.retryable);
    assert_string_equal(write->error.sqlstate, "40001");
    alone(word(AR_OP_ROLLBACK));
}

static void a_cursor_gives_rows_in_parts(void **state)
{
    (void)state;
    word(AR_OP_BEGIN);
    fake_op *open = sql("SELECT i::int8, 'x' || i FROM generate_series(1, $1::int) i");
    fake_int(open, 7);
    fake_want(open, AR_TYPE_INT64);
    fake_want(open, AR_TYPE_TEXT);
    open->operation.row_limit = 3;
    poll_run(&host, connection);
    assert_int_equal(open->status, AR_OK);
    assert_string_equal(open->rows, "1|x1;2|x2;3|x3;");
    assert_non_null(open->cursor);
    fake_op *on = word(AR_OP_FETCH);
    on->operation.cursor = open->cursor;
    on->operation.row_limit = 3;
    alone(on);
    assert_string_equal(on->rows, "4|x4;5|x5;6|x6;");
    assert_non_null(on->cursor);
    fake_op *last = word(AR_OP_FETCH);
    last->operation.cursor = on->cursor;
    last->operation.row_limit = 3;
    alone(last);
    assert_string_equal(last->rows, "7|x7;");
    assert_null(last->cursor);
    fake_op *again = sql("SELECT i FROM generate_series(1, 10) i");
    again->operation.row_limit = 2;
    alone(again);
    fake_op *close = word(AR_OP_CLOSE_CURSOR);
    close->operation.cursor = again->cursor;
    assert_int_equal(alone(close)->status, AR_OK);
    assert_string_equal(alone(sql("SELECT count(*) FROM pg_cursors WHERE name = 'ar_c2'"))->rows, "0;");
    assert_int_equal(alone(word(AR_OP_COMMIT))->status, AR_OK);
}

static void a_cursor_dies_with_its_transaction(void **state)
{
    (void)state;
    word(AR_OP_BEGIN);
    fake_op *open = sql("SELECT i FROM generate_series(1, 10) i");
    open->operation.row_limit = 2;
    poll_run(&host, connection);
    assert_non_null(open->cursor);
    alone(word(AR_OP_ROLLBACK));
    word(AR_OP_BEGIN);
    fake_op *fetch = word(AR_OP_FETCH);
    fetch->operation.cursor = open->cursor;
    fetch->operation.row_limit = 2;
    poll_run(&host, connection);
    assert_int_equal(fetch->status, AR_E_TX_ABORTED);
    fake_op *close = word(AR_OP_CLOSE_CURSOR);
    close->operation.cursor = open->cursor;
    assert_int_equal(alone(close)->status, AR_OK);
    alone(word(AR_OP_ROLLBACK));
}

static void a_cursor_behind_a_savepoint_can_be_closed_after_it(void **state)
{
    (void)state;
    word(AR_OP_BEGIN);
    word(AR_OP_SAVEPOINT)->operation.savepoint = 1;
    fake_op *open = sql("SELECT i FROM generate_series(1, 10) i");
    open->operation.row_limit = 2;
    poll_run(&host, connection);
    fake_op *back = word(AR_OP_ROLLBACK_TO);
    back->operation.savepoint = 1;
    poll_run(&host, connection);
    fake_op *close = word(AR_OP_CLOSE_CURSOR);
    close->operation.cursor = open->cursor;
    assert_int_equal(alone(close)->status, AR_OK);
    assert_int_equal(alone(insert(1))->status, AR_OK);
    assert_int_equal(alone(word(AR_OP_COMMIT))->status, AR_OK);
    assert_string_equal(seen(), "1;");
}

static void a_reset_undoes_what_sql_did_to_the_session(void **state)
{
    (void)state;
    static const char *const changes[] = { "SET TimeZone = 'Europe/Berlin'", "SET search_path = pg_catalog",
                                           "CREATE TEMP TABLE ar_tx_temp (id int)", "SELECT pg_advisory_lock(4711)",
                                           "LISTEN ar_tx_channel" };
    fake_op *op = poll_sql(&host, "SELECT id FROM public.ar_tx WHERE id = $1");
    fake_int(op, 1);
    poll_run(&host, connection);
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++)
        (void)poll_rows(&host, connection, changes[i]);
    assert_int_equal(alone(word(AR_OP_RESET))->status, AR_OK);
    assert_non_null(strstr(poll_rows(&host, connection, "SHOW TimeZone"), "UTC"));
    assert_string_equal(poll_rows(&host, connection, "SHOW search_path"), "\"$user\", public;");
    assert_string_equal(poll_rows(&host, connection, "SELECT to_regclass('ar_tx_temp') IS NULL"), "true;");
    assert_string_equal(poll_rows(&host, connection, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"),
                        "0;");
    assert_string_equal(poll_rows(&host, connection, "SELECT count(*) FROM pg_listening_channels()"), "0;");
    size_t commands = connection->commands;
    op = poll_sql(&host, "SELECT id FROM public.ar_tx WHERE id = $1");
    fake_int(op, 1);
    poll_run(&host, connection);
    assert_int_equal(connection->commands - commands, 1); /* it is still prepared */
}

static void notifications_reach_a_listener_while_it_is_idle(void **state)
{
    (void)state;
    ar_connection *listener = poll_open(&host, config, AR_ROLE_LISTENER);
    (void)poll_rows(&host, listener, "LISTEN ar_tx_news");
    (void)poll_rows(&host, other, "NOTIFY ar_tx_news, 'hello'");
    for (int i = 0; i < 200 && host.notifications == 0; i++)
        poll_once(&host, listener, 100);
    assert_int_equal(host.notifications, 1);
    assert_string_equal(host.channel, "ar_tx_news");
    assert_string_equal(host.payload, "hello");
    host.fake.backend->close(listener);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(begin_and_the_first_operation_share_a_sync, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_read_only_transaction_refuses_writes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(behind_a_failed_operation_all_but_a_rollback_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_the_client_refuses_fails_the_transaction_too, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_sink_that_refuses_a_row_fails_the_transaction_too, set_up, tear_down),
        cmocka_unit_test_setup_teardown(savepoints_take_back_what_is_behind_them, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_commit_that_fails_ends_the_transaction, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_statement_that_cannot_be_prepared_fails_the_transaction, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_conflict_is_retryable, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_cursor_gives_rows_in_parts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_cursor_dies_with_its_transaction, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_cursor_behind_a_savepoint_can_be_closed_after_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_reset_undoes_what_sql_did_to_the_session, set_up, tear_down),
        cmocka_unit_test_setup_teardown(notifications_reach_a_listener_while_it_is_idle, set_up, tear_down),
    };
    if (getenv("AR_TEST_POSTGRES_URL") == NULL) {
        puts("SKIPPED: AR_TEST_POSTGRES_URL names no server");
        return 77;
    }
    return cmocka_run_group_tests_name("postgres_transactions", tests, NULL, NULL);
}
