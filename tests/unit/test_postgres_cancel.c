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

/* Operations that nobody waits for any longer, and connections that are lost. */

static poll_host host;
static ar_backend_config *config;
static ar_connection *connection;
static ar_connection *other;

static int set_up(void **state)
{
    (void)state;
    poll_host_init(&host, &ari_postgres_backend);
    config = poll_configure(&host, poll_server_url(), NULL);
    connection = poll_open(&host, config, AR_ROLE_WRITER);
    other = poll_open(&host, config, AR_ROLE_WRITER);
    (void)poll_rows(&host, other, "DROP TABLE IF EXISTS ar_cancel CASCADE");
    (void)poll_rows(&host, other, "CREATE TABLE ar_cancel (id bigint)");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    host.fake.backend->close(connection);
    (void)poll_rows(&host, other, "DROP TABLE IF EXISTS ar_cancel CASCADE");
    host.fake.backend->close(other);
    host.fake.backend->config_free(config);
    poll_host_fini(&host);
    return 0;
}

/* The server runs it: another session sees it. */
static void wait_until_it_runs(const char *text)
{
    char sql[256];
    snprintf(sql, sizeof sql,
             "SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND pid <> pg_backend_pid() AND "
             "query LIKE '%s'",
             text);
    for (int i = 0; i < 2000; i++) {
        poll_once(&host, connection, 0);
        if (strcmp(poll_rows(&host, other, sql), "true;") == 0)
            return;
    }
    fail_msg("it does not run: %s", text);
}

static fake_op *insert(int64_t id)
{
    fake_op *op = poll_sql(&host, "INSERT INTO ar_cancel VALUES ($1)");
    fake_int(op, id);
    return op;
}

static void a_cancelled_head_is_stopped_on_the_server(void **state)
{
    (void)state;
    static const char sleep[] = "SELECT 1 FROM pg_sleep(300)";
    fake_op *slow = poll_sql(&host, sleep);
    poll_submit(&host, connection);
    wait_until_it_runs(sleep);
    poll_cancel(&host, connection, slow);
    assert_int_equal(slow->completions, 1);
    assert_int_equal(slow->status, AR_E_CANCELLED);
    assert_false(slow->error.outcome_unknown);
    assert_string_equal(poll_rows(&host, connection, "SELECT 2"), "2;"); /* which waits for the sleep to end */
    assert_true(host.fake.backend->usable(connection));
}

static void a_deadline_that_passes_is_a_timeout_and_a_write_of_unknown_outcome(void **state)
{
    (void)state;
    static const char write[] = "INSERT INTO ar_cancel SELECT 1 FROM pg_sleep(300)";
    fake_op *slow = poll_sql(&host, write);
    poll_submit(&host, connection);
    wait_until_it_runs(write);
    slow->operation.deadline = 0;
    host.fake.backend->shed(connection);
    assert_int_equal(slow->status, AR_E_TIMEOUT);
    assert_true(slow->error.outcome_unknown);
    assert_false(slow->unsent);
    assert_string_equal(poll_rows(&host, connection, "SELECT count(*) FROM ar_cancel"), "0;");
}

static void what_was_not_sent_is_dropped(void **state)
{
    (void)state;
    fake_op *slow = poll_sql(&host, "SELECT 1 FROM pg_sleep(0.2) WHERE $1 = 1");
    fake_int(slow, 1);
    fake_op *waiting = insert(1); /* for its description */
    poll_submit(&host, connection);
    poll_cancel(&host, connection, waiting);
    assert_int_equal(waiting->status, AR_E_CANCELLED);
    assert_true(waiting->unsent);
    assert_false(waiting->error.outcome_unknown);
    poll_for(&host, connection, slow);
    assert_int_equal(slow->status, AR_OK);
    assert_string_equal(poll_rows(&host, connection, "SELECT count(*) FROM ar_cancel"), "0;");
}

static fake_op *sleep_for(const char *sql, double seconds)
{
    fake_op *op = poll_sql(&host, sql);
    fake_bind(op, (ar_value){ .type = AR_TYPE_DOUBLE, .as.real = seconds });
    return op;
}

/* The request is under way while the next operation runs: whatever it hits, each write is done once. */
static void a_cancel_never_hits_another_operation(void **state)
{
    (void)state;
    static const char sleeps[] = "SELECT 1 FROM pg_sleep($1::float8)";
    insert(0);
    sleep_for(sleeps, 0);
    poll_run(&host, connection); /* from here on all are known and sent at once */
    for (int round = 0; round < 30; round++) {
        fake_op *head = sleep_for(sleeps, 0.0003 * (round + 1));
        const fake_op *behind[3];
        for (int i = 0; i < 3; i++)
            behind[i] = insert(round * 10 + i + 1);
        const fake_op *read = sleep_for(sleeps, 0.03);
        poll_submit(&host, connection);
        poll_once(&host, connection, 0);
        head->cancelled = true;
        host.fake.backend->shed(connection);
        const fake_op *after = insert(round * 10 + 9);
        poll_run(&host, connection);
        for (int i = 0; i < 3; i++)
            assert_int_equal(behind[i]->status, AR_OK);
        assert_int_equal(read->status, AR_OK);
        assert_int_equal(after->status, AR_OK);
        assert_int_equal(head->completions, 1);
    }
    assert_string_equal(poll_rows(&host, connection, "SELECT count(*), count(DISTINCT id) FROM ar_cancel"), "121|121;");
}

static void a_fused_query_is_stopped_when_all_gave_up(void **state)
{
    (void)state;
    static const char many_sql[] = "SELECT id FROM ar_cancel_slow WHERE id = ANY ($1)";
    const ar_statement many = { .id = 900002,
                                .sql = many_sql,
                                .sql_length = sizeof many_sql - 1,
                                .parameter_count = 1,
                                .statement_class = AR_STATEMENT_READ,
                                .generated = true };
    const ar_statement *const list[] = { &many };
    const ar_find_together together = { .as_array = true, .count = 1, .statements = list };
    (void)poll_rows(&host, other,
                    "CREATE VIEW ar_cancel_slow AS SELECT id FROM ar_cancel CROSS JOIN LATERAL pg_sleep(300 + id * 0)");
    (void)poll_rows(&host, other, "INSERT INTO ar_cancel VALUES (1), (2)");
    fake_op *finds[2];
    for (int i = 0; i < 2; i++) {
        finds[i] = poll_sql(&host, "SELECT id FROM ar_cancel_slow WHERE id = $1");
        finds[i]->statement.generated = true;
        finds[i]->statement.together = &together;
        fake_int(finds[i], i + 1);
    }
    poll_submit(&host, connection);
    wait_until_it_runs("SELECT id FROM ar_cancel_slow WHERE id = ANY%");
    poll_cancel(&host, connection, finds[0]);
    assert_int_equal(finds[0]->status, AR_E_CANCELLED);
    assert_false(connection->cancelling);
    poll_cancel(&host, connection, finds[1]);
    assert_true(connection->cancelling);
    assert_string_equal(poll_rows(&host, connection, "SELECT 1"), "1;");
    (void)poll_rows(&host, other, "DROP VIEW ar_cancel_slow");
}

static void a_statement_timeout_is_a_timeout(void **state)
{
    (void)state;
    char url[512];
    const char *base = poll_server_url();
    snprintf(url, sizeof url, "%s%cstatement_timeout_ms=50&lock_timeout_ms=20", base, strchr(base, '?') ? '&' : '?');
    ar_backend_config *quick = poll_configure(&host, url, NULL);
    ar_connection *timed = poll_open(&host, quick, AR_ROLE_WRITER);
    const fake_op *slow = poll_sql(&host, "SELECT pg_sleep(300)");
    poll_run(&host, timed);
    assert_int_equal(slow->status, AR_E_TIMEOUT);
    assert_string_equal(slow->error.sqlstate, "57014");
    host.fake.backend->close(timed);
    host.fake.backend->config_free(quick);
}

static void kill_server_process(ar_connection *whose)
{
    char sql[96];
    snprintf(sql, sizeof sql, "SELECT pg_terminate_backend(%d, 10000)", PQbackendPID(whose->pg));
    assert_string_equal(poll_rows(&host, other, sql), "true;");
}

static void a_server_that_went_away_while_idle_is_noticed_before_a_write(void **state)
{
    (void)state;
    insert(1);
    poll_run(&host, connection);
    kill_server_process(connection);
    const fake_op *write = insert(2);
    poll_run(&host, connection);
    assert_int_equal(write->status, AR_E_CONNECTION);
    assert_true(write->unsent);
    assert_false(write->error.outcome_unknown);
    assert_false(host.fake.backend->usable(connection));
}

static void a_connection_lost_under_way_leaves_writes_unknown(void **state)
{
    (void)state;
    static const char sleep[] = "SELECT 1 FROM pg_sleep(300)";
    insert(0);
    poll_run(&host, connection);
    const fake_op *read = poll_sql(&host, sleep);
    poll_submit(&host, connection);
    const fake_op *write = insert(1);
    poll_submit(&host, connection);
    wait_until_it_runs(sleep);
    kill_server_process(connection);
    poll_all(&host, connection);
    assert_int_equal(read->status, AR_E_CONNECTION);
    assert_false(read->error.outcome_unknown);
    assert_true(read->error.retryable);
    assert_int_equal(write->status, AR_E_CONNECTION);
    assert_true(write->error.outcome_unknown);
    assert_false(write->unsent);
    assert_false(host.fake.backend->usable(connection));
    const fake_op *late = insert(2);
    poll_run(&host, connection);
    assert_int_equal(late->status, AR_E_CONNECTION);
    assert_true(late->unsent);
}

static void a_transaction_is_over_when_its_connection_is_lost(void **state)
{
    (void)state;
    fake_kind(&host.fake, AR_OP_BEGIN);
    insert(1)->operation.in_transaction = true;
    poll_run(&host, connection);
    kill_server_process(connection);
    fake_op *write = insert(2);
    write->operation.in_transaction = true;
    poll_run(&host, connection);
    assert_int_equal(write->status, AR_E_CONNECTION);
    assert_true(write->ended_transaction);
}

static void closing_completes_what_is_under_way(void **state)
{
    (void)state;
    ar_connection *third = poll_open(&host, config, AR_ROLE_WRITER);
    const fake_op *slow = poll_sql(&host, "SELECT 1 FROM pg_sleep(3)"), *waiting = insert(1);
    poll_submit(&host, third);
    host.fake.backend->close(third);
    assert_int_equal(slow->status, AR_E_CLOSED);
    assert_int_equal(waiting->status, AR_E_CLOSED);
    assert_true(waiting->unsent);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_cancelled_head_is_stopped_on_the_server, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_deadline_that_passes_is_a_timeout_and_a_write_of_unknown_outcome, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_was_not_sent_is_dropped, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_cancel_never_hits_another_operation, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_fused_query_is_stopped_when_all_gave_up, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_statement_timeout_is_a_timeout, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_server_that_went_away_while_idle_is_noticed_before_a_write, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_connection_lost_under_way_leaves_writes_unknown, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_transaction_is_over_when_its_connection_is_lost, set_up, tear_down),
        cmocka_unit_test_setup_teardown(closing_completes_what_is_under_way, set_up, tear_down),
    };
    if (getenv("AR_TEST_POSTGRES_URL") == NULL) {
        puts("SKIPPED: AR_TEST_POSTGRES_URL names no server");
        return 77;
    }
    return cmocka_run_group_tests_name("postgres_cancel", tests, NULL, NULL);
}
