/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/faults/line.h"
#include "tests/faults/script.h"

/* Deadlines and cancelling stop a long statement on the server, and never another one. */

enum { FOR_EVER_MS = 45000, SOON_MS = 5000 }; /* soon: before a connection that says nothing is given up */

/* A view that takes a long time for each row. */
typedef struct Nap {
    int64_t id;
    int32_t value;
} Nap;

AR_MODEL_DECLARE(Nap);
AR_MODEL_DEFINE(Nap, "naps", AR_COLUMN(Nap, id, AR_PRIMARY_KEY), AR_COLUMN(Nap, value, AR_NOT_NULL));

static outside *o;
static ar_db *one; /* of one connection */

static int open_one(void **state)
{
    char url[1024];
    (void)state;
    script_prepare(db);
    snprintf(url, sizeof url, "%s?pool=1", fixture_url());
    ok(ar_db_open(url, &(ar_db_options){ .runtime = fixture_runtime() }, &one, &err));
    o = outside_open(fixture_url());
    assert_non_null(o);
    watchdog("a test of long statements");
    return 0;
}

static int close_one(void **state)
{
    (void)state;
    ar_db_close(&one);
    outside_close(o);
    watchdog(NULL);
    return 0;
}

static ar_query *sleep_on(ar_db *on)
{
    return fixture_on("postgres") ? ar_sql(on, "SELECT pg_sleep(1000)") : ar_sql(on, "SELECT SLEEP(1000)");
}

/* Eight rows to the tenth: it would take hours. */
static ar_query *toil_on(ar_db *on)
{
    return ar_sql(on, "SELECT count(*) FROM entries a, entries b, entries c, entries d, entries e, entries f, entries "
                      "g, entries h, entries i, entries j");
}

/* A write, so that it may matter whether it was stopped. */
static ar_query *write_slowly(ar_db *on, const char *tag)
{
    return fixture_on("postgres")
               ? ar_sql(on, "INSERT INTO entries (tag, value) SELECT ?, 1 FROM pg_sleep(1000)", tag)
               : ar_sql(on, "INSERT INTO entries (tag, value) SELECT ?, 1 FROM (SELECT SLEEP(1000)) AS s", tag);
}

/* How many statements that begin so the server is at work on. */
static void await_running(const char *text, int count)
{
    char sql[256], rows[8];
    snprintf(rows, sizeof rows, "%d\n", count);
    snprintf(sql, sizeof sql,
             fixture_on("postgres")
                 ? "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' AND "
                   "query LIKE '%s%%'"
                 : "SELECT count(*) FROM information_schema.processlist WHERE db = database() AND info LIKE '%s%%'",
             text);
    outside_await(o, sql, rows);
}

static const char *sleeping(void)
{
    return fixture_on("postgres") ? "SELECT pg_sleep" : "SELECT SLEEP";
}

static const char toiling[] = "SELECT count(*) FROM entries a,";

/* PostgreSQL shows a statement already when it is only parsed, and what runs it is still to be sent. */
static void await_busy(void)
{
    await_running(toiling, 1);
    if (fixture_on("postgres"))
        outside_await(
            o,
            "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND datname = current_database() AND "
            "query LIKE 'SELECT count(*) FROM entries a,%' AND state_change < clock_timestamp() - interval "
            "'100 ms'",
            "1\n");
}

static void works(ar_db *on)
{
    Entry *entry = NULL;
    ok(Entry_find_one(on, ar_key(2), &entry, &err));
    assert_int_equal(entry->value, 2);
    Entry_free(entry);
}

static void a_deadline_stops_a_statement_on_the_server(void **state)
{
    (void)state;
    ar_query *(*const long_ones[])(ar_db *) = { sleep_on, toil_on };
    const char *const texts[] = { sleeping(), toiling };
    for (int i = 0; i < 2; i++) {
        ar_db *scope = ar_scope_open(one, &(ar_scope_options){ .timeout_ms = 150 });
        ar_rows *rows = NULL;
        fails(ar_query_rows(long_ones[i](scope), &rows, &err), AR_E_TIMEOUT);
        assert_null(rows);
        ar_scope_close(&scope);
        await_running(texts[i], 0);
        works(one);
    }
}

static void cancelling_stops_a_statement_on_the_server(void **state)
{
    (void)state;
    ar_query *(*const long_ones[])(ar_db *) = { sleep_on, toil_on };
    const char *const texts[] = { sleeping(), toiling };
    for (int i = 0; i < 2; i++) {
        ar_rows *rows = NULL;
        ar_rows_future future = ar_query_rows_async(long_ones[i](one));
        await_running(texts[i], 1);
        fails(ar_future_cancel(future.raw, &err), AR_E_BUSY);
        fails(ar_rows_await_for(&future, FOR_EVER_MS, &rows, &err), AR_E_CANCELLED);
        await_running(texts[i], 0);
        works(one);
    }
}

static void a_scope_that_is_closed_stops_its_statements(void **state)
{
    (void)state;
    ar_db *scope = ar_scope_open(one, NULL);
    ar_rows_future future = ar_query_rows_async(toil_on(scope));
    await_running(toiling, 1);
    ar_scope_close(&scope);
    ar_rows *rows = NULL;
    ar_status status = ar_rows_await_for(&future, FOR_EVER_MS, &rows, &err);
    assert_true(status == AR_E_CANCELLED || status == AR_E_CLOSED);
    await_running(toiling, 0);
    works(one);
}

static void a_database_that_is_closed_stops_its_statements(void **state)
{
    char url[1024];
    (void)state;
    ar_db *closing = NULL;
    snprintf(url, sizeof url, "%s?pool=1", fixture_url());
    ok(ar_db_open(url, &(ar_db_options){ .runtime = fixture_runtime(), .close_wait_ms = 1 }, &closing, &err));
    ar_rows_future future = ar_query_rows_async(toil_on(closing));
    await_running(toiling, 1); /* PostgreSQL says so already when it is only parsed */
    ar_db_close(&closing);
    ar_rows *rows = NULL;
    fails(ar_rows_await_for(&future, FOR_EVER_MS, &rows, &err), AR_E_CLOSED);
    await_running(toiling, 0);
}

/* The next connection through the proxy is the one that asks for the statement to be stopped. */
static void lose_the_request(line *l)
{
    proxy_count_anew(l->proxy);
    proxy_cut_at(l->proxy, PROXY_UP, PROXY_RESET, 0);
}

static void a_request_to_stop_that_is_lost_is_made_again(void **state)
{
    line l;
    (void)state;
    ar_rows *rows = NULL;
    line_open(&l, "pool=1");
    ar_rows_future future = ar_query_rows_async(toil_on(l.db));
    await_busy();
    lose_the_request(&l);
    ar_ignore(ar_future_cancel(future.raw, NULL));
    fails(ar_rows_await_for(&future, FOR_EVER_MS, &rows, &err), AR_E_CANCELLED);
    assert_true(proxy_wait(l.proxy, PROXY_CUTS, 1));
    await_running(toiling, 0);
    works(l.db);
    line_close(&l);
}

static void closing_makes_it_again_too(void **state)
{
    line l;
    (void)state;
    ar_rows *rows = NULL;
    line_lay(&l, fixture_url(), "pool=1");
    ok(ar_db_open(l.url, &(ar_db_options){ .runtime = fixture_runtime(), .close_wait_ms = 50 }, &l.db, &err));
    ar_rows_future future = ar_query_rows_async(toil_on(l.db));
    await_busy();
    lose_the_request(&l);
    ar_db_close(&l.db);
    fails(ar_rows_await_for(&future, FOR_EVER_MS, &rows, &err), AR_E_CLOSED);
    assert_true(proxy_wait(l.proxy, PROXY_CUTS, 1));
    await_running(toiling, 0);
    line_close(&l);
}

static void a_write_that_is_stopped_does_not_hold(void **state)
{
    (void)state;
    ledger *l = ledger_create();
    account *a = ledger_open(l, "stopped");
    ar_error error;
    ar_int64_future future = ar_query_exec_async(write_slowly(one, "stopped"));
    await_running("INSERT INTO entries", 1);
    ar_ignore(ar_future_cancel(future.raw, NULL));
    ar_status status = ar_int64_await_for(&future, FOR_EVER_MS, NULL, &error);
    (void)account_write_or(a, 1, 1, status, &error, AR_E_CANCELLED);
    await_running("INSERT INTO entries", 0);
    works(one);
    assert_string_equal(outside_rows(o, "SELECT count(*) FROM entries WHERE tag = 'stopped'"), "0\n");
    ledger_check(l, fixture_url());
    ledger_free(l);
}

static void a_statement_of_a_transaction_is_stopped(void **state)
{
    (void)state;
    Entry *entry = Entry_new();
    ar_db *tx = ar_tx_begin(one, NULL);
    entry->tag = "rolled back";
    ok(Entry_save(tx, entry, &err));
    ar_rows *rows = NULL;
    ar_rows_future future = ar_query_rows_async(toil_on(tx));
    await_running(toiling, 1);
    ar_ignore(ar_future_cancel(future.raw, NULL));
    fails(ar_rows_await_for(&future, FOR_EVER_MS, &rows, &err), AR_E_CANCELLED);
    fails(Entry_refresh(tx, entry, &err), AR_E_TX_ABORTED);
    ok(ar_tx_rollback(&tx, &err));
    await_running(toiling, 0);
    assert_true(Entry_is_new(entry));
    works(one);
    assert_string_equal(outside_rows(o, "SELECT count(*) FROM entries WHERE tag = 'rolled back'"), "0\n");
    Entry_free(entry);
}

static void a_transaction_whose_time_is_over_is_stopped(void **state)
{
    (void)state;
    ar_status status = AR_OK;
    ar_rows *rows = NULL;
    ar_db *tx = ar_tx_begin(one, &(ar_tx_options){ .timeout_ms = 150 });
    status = ar_query_rows(sleep_on(tx), &rows, &err);
    assert_int_equal(status, AR_E_TIMEOUT);
    assert_false(ar_tx_finish(&tx, &status, &err));
    assert_int_equal(status, AR_E_TIMEOUT);
    await_running(sleeping(), 0);
    works(one);
}

static ar_query *sleep_for(ar_db *on, int seconds)
{
    return fixture_on("postgres") ? ar_sql(on, "SELECT pg_sleep(?)", (double)seconds)
                                  : ar_sql(on, "SELECT SLEEP(?)", seconds);
}

static void rolls_back_soon(ar_db **tx)
{
    ar_done done = ar_tx_rollback_async(tx);
    ok(ar_done_await_for(&done, SOON_MS, &err));
    await_running(sleeping(), 0);
    works(one);
}

/* It is known to the server already, so that BEGIN goes out with it, whose answer the server may keep back until both are done. */
static void the_first_statement_of_a_transaction_is_stopped(void **state)
{
    (void)state;
    ar_rows *rows = NULL;
    ok(ar_query_rows(sleep_for(one, 0), &rows, &err));
    ar_rows_free(rows);
    rows = NULL;
    ar_db *tx = ar_tx_begin(one, NULL);
    ar_rows_future future = ar_query_rows_async(sleep_for(tx, 1000));
    await_running(sleeping(), 1);
    ar_ignore(ar_future_cancel(future.raw, NULL));
    fails(ar_rows_await_for(&future, FOR_EVER_MS, &rows, &err), AR_E_CANCELLED);
    rolls_back_soon(&tx);
    tx = ar_tx_begin(one, &(ar_tx_options){ .timeout_ms = 150 });
    fails(ar_query_rows(sleep_for(tx, 1000), &rows, &err), AR_E_TIMEOUT);
    rolls_back_soon(&tx);
}

/* --- reads that share a Sync, in front of which stands what makes them read-only --- */

enum { NAPS = 3 };

static int open_naps(void **state)
{
    int opened = open_one(state);
    ok(ar_query_exec(ar_sql(db, "CREATE VIEW naps AS SELECT id, value FROM entries CROSS JOIN LATERAL "
                                "pg_sleep(1000 + value)"),
                     NULL, &err));
    return opened;
}

static int close_naps(void **state)
{
    ok(ar_query_exec(ar_sql(db, "DROP VIEW naps"), NULL, &err));
    return close_one(state);
}

static void nap(ar_db *on, Nap_future *naps)
{
    for (int i = 0; i < NAPS; i++) {
        ar_query *q = Nap_query(on);
        ar_query_filter(q, AR_EQ(Nap, value, i + 1));
        naps[i] = Nap_one_async(q);
    }
}

static void fail_naps(Nap_future *naps, ar_status expected)
{
    Nap *none = NULL;
    for (int i = 0; i < NAPS; i++)
        fails(Nap_await_for(&naps[i], FOR_EVER_MS, &none, &err), expected);
}

/* For longer than parsing takes. */
static void await_napping(int count)
{
    char rows[8];
    snprintf(rows, sizeof rows, "%d\n", count);
    outside_await(o,
                  "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND datname = current_database() AND "
                  "query LIKE 'SELECT %naps%' AND pid <> pg_backend_pid() AND "
                  "state_change < clock_timestamp() - interval '100 ms'",
                  rows);
}

static void reads_that_share_a_sync_are_stopped(void **state)
{
    (void)state;
    Nap_future naps[NAPS];
    for (int round = 0; round < 2; round++) { /* asked about first, and known */
        ar_db *scope = ar_scope_open(one, &(ar_scope_options){ .timeout_ms = 150 });
        nap(scope, naps);
        fail_naps(naps, AR_E_TIMEOUT);
        ar_scope_close(&scope);
        Entry *entry = NULL;
        Entry_future find = Entry_find_one_async(one, ar_key(2));
        ok(Entry_await_for(&find, SOON_MS, &entry, &err));
        Entry_free(entry);
        await_napping(0);
    }
}

static void a_database_that_is_closed_stops_them(void **state)
{
    char url[1024];
    (void)state;
    ar_db *closing = NULL;
    Nap_future naps[NAPS];
    snprintf(url, sizeof url, "%s?pool=1", fixture_url());
    ok(ar_db_open(url, &(ar_db_options){ .runtime = fixture_runtime(), .close_wait_ms = 50 }, &closing, &err));
    nap(closing, naps);
    await_napping(1);
    ar_db_close(&closing);
    fail_naps(naps, AR_E_CLOSED);
    await_napping(0);
}

/* --- never another one --- */

enum { ROUNDS = 60, BEHIND = 12 };

typedef struct behind {
    Entry_future finds[BEHIND];
    ar_int64_future increments[BEHIND];
} behind;

static void submit(behind *b)
{
    for (int i = 0; i < BEHIND; i++) {
        b->finds[i] = Entry_find_one_async(one, ar_key(i % KNOWN_ROWS + 1));
        b->increments[i] =
            ar_query_exec_async(ar_sql(one, "UPDATE entries SET value = value + 1 WHERE tag = 'counter'"));
    }
}

static void await(behind *b)
{
    for (int i = 0; i < BEHIND; i++) {
        Entry *entry = NULL;
        int64_t changes = 0;
        ok(Entry_await_for(&b->finds[i], FOR_EVER_MS, &entry, &err));
        assert_int_equal(entry->value, i % KNOWN_ROWS + 1);
        Entry_free(entry);
        ok(ar_int64_await_for(&b->increments[i], FOR_EVER_MS, &changes, &err));
        assert_int_equal(changes, 1);
    }
}

/* At whatever moment: before it is sent, when it runs, or when it has just ended. */
static void what_is_behind_a_cancelled_statement_is_never_stopped(void **state)
{
    char rows[16];
    behind b;
    (void)state;
    ok(Entry_insert(one, &(Entry){ .tag = "counter" }, &err));
    for (int round = 0; round < ROUNDS; round++) {
        ar_query *q = round % 3 == 0   ? sleep_on(one)
                      : round % 3 == 1 ? toil_on(one)
                                       : ar_sql(one, "SELECT count(*) FROM entries a, entries b, entries c");
        ar_rows *none = NULL;
        ar_rows_future stopped = ar_query_rows_async(q);
        if (round % 4 == 0 && round % 3 == 0)
            await_running(sleeping(), 1);
        submit(&b);
        ar_ignore(ar_future_cancel(stopped.raw, NULL));
        ar_status status = ar_rows_await_for(&stopped, FOR_EVER_MS, &none, &err);
        assert_true(status == AR_E_CANCELLED || (status == AR_OK && round % 3 == 2));
        ar_rows_free(none);
        await(&b);
        watchdog("rounds of cancelling");
    }
    snprintf(rows, sizeof rows, "%d\n", ROUNDS * BEHIND);
    assert_string_equal(outside_rows(o, "SELECT value FROM entries WHERE tag = 'counter'"), rows);
}

/* Finds that were fused run on for those that nobody cancelled. */
static void some_of_the_fused_are_cancelled(void **state)
{
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        Entry_future finds[BEHIND];
        for (int i = 0; i < BEHIND; i++)
            finds[i] = Entry_find_one_async(one, ar_key(i % KNOWN_ROWS + 1));
        for (int i = 0; i < BEHIND; i += 2)
            ar_ignore(ar_future_cancel(finds[i].raw, NULL));
        for (int i = 0; i < BEHIND; i++) {
            Entry *entry = NULL;
            ar_status status = Entry_await_for(&finds[i], FOR_EVER_MS, &entry, &err);
            assert_true(status == AR_OK || (i % 2 == 0 && status == AR_E_CANCELLED));
            if (status == AR_OK)
                assert_int_equal(entry->value, i % KNOWN_ROWS + 1);
            Entry_free(entry);
        }
    }
}

#define ON_ONE(test) cmocka_unit_test_setup_teardown(test, open_one, close_one)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_ONE(a_deadline_stops_a_statement_on_the_server),
        ON_ONE(cancelling_stops_a_statement_on_the_server),
        ON_ONE(a_scope_that_is_closed_stops_its_statements),
        ON_ONE(a_database_that_is_closed_stops_its_statements),
        ON_ONE(a_request_to_stop_that_is_lost_is_made_again),
        ON_ONE(closing_makes_it_again_too),
        ON_ONE(a_write_that_is_stopped_does_not_hold),
        ON_ONE(a_statement_of_a_transaction_is_stopped),
        ON_ONE(a_transaction_whose_time_is_over_is_stopped),
        ON_ONE(the_first_statement_of_a_transaction_is_stopped),
        fixture_test_setup_on("postgres", reads_that_share_a_sync_are_stopped, open_naps, close_naps),
        fixture_test_setup_on("postgres", a_database_that_is_closed_stops_them, open_naps, close_naps),
        ON_ONE(what_is_behind_a_cancelled_statement_is_never_stopped),
        ON_ONE(some_of_the_fused_are_cancelled),
    };
    return fixture_main("stop", tests, ledger_models);
}
