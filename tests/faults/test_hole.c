/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tests/faults/line.h"
#include "tests/faults/script.h"

/* A network that swallows everything and says nothing, and one that is slow: deadlines, cancelling and closing end every
 * operation all the same, and nothing is wrong. */

/* Never reached: what waits for longer hangs. */
enum { FOR_EVER_MS = 45000 };

static line l;

static int open_with(const char *options)
{
    script_prepare(db);
    line_open(&l, options);
    watchdog("a test of a network that swallows everything");
    return 0;
}

static int open_one(void **state)
{
    (void)state;
    return open_with("pool=1");
}

static int open_two(void **state)
{
    (void)state;
    return open_with("pool=2");
}

static int close_line(void **state)
{
    (void)state;
    line_close(&l);
    watchdog(NULL);
    return 0;
}

static ar_db *hurried(int64_t timeout_ms)
{
    return ar_scope_open(l.db, &(ar_scope_options){ .timeout_ms = timeout_ms });
}

/* Both connections are open and have done something. */
static void warm_up(void)
{
    Entry_future futures[16];
    for (int i = 0; i < 16; i++)
        futures[i] = Entry_find_one_async(l.db, ar_key(1));
    for (int i = 0; i < 16; i++) {
        Entry *entry = NULL;
        ok(Entry_await(&futures[i], &entry, &err));
        Entry_free(entry);
    }
}

static void works(void)
{
    Entry *entry = NULL;
    ok(Entry_find_one(l.db, ar_key(2), &entry, &err));
    assert_int_equal(entry->value, 2);
    Entry_free(entry);
}

static void a_deadline_ends_what_waits_for_an_answer(void **state)
{
    (void)state;
    Entry *entry = NULL, *saved = Entry_new();
    ok(Entry_insert(l.db, &(Entry){ .tag = "kept" }, &err)); /* the statement is known: it will be sent itself */
    warm_up();
    proxy_cut_now(l.proxy, PROXY_HOLE);
    ar_db *scope = hurried(100);
    saved->tag = "lost";
    fails(Entry_save(scope, saved, &err), AR_E_TIMEOUT);
    assert_true(err.outcome_unknown);
    ar_scope_close(&scope);
    scope = hurried(100);
    fails(Entry_find_one(scope, ar_key(1), &entry, &err), AR_E_TIMEOUT);
    assert_false(err.outcome_unknown);
    ar_scope_close(&scope);
    Entry_free(saved);
}

static void a_deadline_ends_each_of_many_that_wait(void **state)
{
    enum { COUNT = 40 };
    (void)state;
    ar_done saves[COUNT];
    Entry *entries[COUNT];
    warm_up();
    proxy_cut_now(l.proxy, PROXY_HOLE);
    ar_db *scope = hurried(100);
    for (int i = 0; i < COUNT; i++) {
        entries[i] = Entry_new();
        entries[i]->tag = "lost";
        saves[i] = Entry_save_async(scope, entries[i]);
    }
    for (int i = 0; i < COUNT; i++) {
        fails(ar_done_await_for(&saves[i], FOR_EVER_MS, &err), AR_E_TIMEOUT);
        Entry_free(entries[i]);
    }
    ar_scope_close(&scope);
}

static void cancelling_ends_what_waits_for_an_answer(void **state)
{
    (void)state;
    Entry *entry = NULL;
    warm_up();
    proxy_cut_at(l.proxy, PROXY_UP, PROXY_HOLE, 0);
    proxy_count_anew(l.proxy);
    Entry_future future = Entry_find_one_async(l.db, ar_key(1));
    assert_true(proxy_wait(l.proxy, PROXY_CUTS, 1));
    ar_ignore(ar_future_cancel(future.raw, NULL));
    fails(Entry_await_for(&future, FOR_EVER_MS, &entry, &err), AR_E_CANCELLED);
}

static int64_t seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

/* It waits behind what is swallowed, and has not begun. */
static void closing_with_a_transaction_that_waits_ends(void **state)
{
    (void)state;
    Entry *entry = NULL;
    warm_up();
    proxy_cut_now(l.proxy, PROXY_HOLE);
    Entry_future find = Entry_find_one_async(l.db, ar_key(1));
    ar_db *tx = ar_tx_begin(l.db, NULL);
    Entry_future in_tx = Entry_find_one_async(tx, ar_key(1));
    ar_db_close(&l.db);
    fails(Entry_await_for(&find, FOR_EVER_MS, &entry, &err), AR_E_CLOSED);
    ar_status status = Entry_await_for(&in_tx, FOR_EVER_MS, &entry, &err);
    assert_true(status == AR_E_CLOSED || status == AR_E_CANCELLED);
    fails(ar_tx_rollback(&tx, &err), AR_E_CLOSED);
}

static void closing_ends_within_its_wait(void **state)
{
    (void)state;
    ar_db *closing = NULL;
    Entry *entry = NULL;
    ok(ar_db_open(l.url, &(ar_db_options){ .runtime = fixture_runtime(), .close_wait_ms = 50 }, &closing, &err));
    ok(Entry_find_one(closing, ar_key(1), &entry, &err));
    Entry_free(entry);
    proxy_cut_now(l.proxy, PROXY_HOLE);
    Entry_future find = Entry_find_one_async(closing, ar_key(1));
    Entry *saved = Entry_new();
    saved->tag = "lost";
    ar_done save = Entry_save_async(closing, saved);
    int64_t start = seconds();
    ar_db_close(&closing);
    assert_true(seconds() - start < 8); /* less than it takes to give a connection up */
    fails(Entry_await_for(&find, FOR_EVER_MS, &entry, &err), AR_E_CLOSED);
    fails(ar_done_await_for(&save, FOR_EVER_MS, &err), AR_E_CLOSED);
    Entry_free(saved);
}

static void closing_with_a_transaction_that_is_swallowed_ends(void **state)
{
    (void)state;
    Entry *entry = NULL;
    ar_db *tx = ar_tx_begin(l.db, NULL);
    ok(Entry_find_one(tx, ar_key(1), &entry, &err));
    proxy_cut_now(l.proxy, PROXY_HOLE);
    Entry_future in_tx = Entry_find_one_async(tx, ar_key(1));
    ar_db_close(&l.db);
    ar_status status = Entry_await_for(&in_tx, FOR_EVER_MS, &entry, &err);
    assert_true(status == AR_E_CLOSED || status == AR_E_CANCELLED);
}

static void other_connections_go_on(void **state)
{
    (void)state;
    Entry *entry = NULL;
    warm_up();
    ar_db *tx = ar_tx_begin(l.db, &(ar_tx_options){ .timeout_ms = 300, .allow_outside = true });
    ok(Entry_find_one(tx, ar_key(1), &entry, &err));
    proxy_count_anew(l.proxy);
    proxy_cut_at(l.proxy, PROXY_UP, PROXY_HOLE, 0);
    Entry_future held = Entry_find_one_async(tx, ar_key(2));
    assert_true(proxy_wait(l.proxy, PROXY_CUTS, 1));
    for (int i = 0; i < 20; i++)
        works();
    fails(Entry_await_for(&held, FOR_EVER_MS, &entry, &err), AR_E_TIMEOUT);
    ar_status status = AR_OK;
    assert_false(ar_tx_finish(&tx, &status, &err));
    assert_int_not_equal(status, AR_OK);
    works();
}

/* What was swallowed is given up, and the pool finds new connections. */
static void a_connection_that_says_nothing_is_given_up(void **state)
{
    (void)state;
    warm_up();
    proxy_cut_now(l.proxy, PROXY_HOLE);
    for (ar_status status = AR_E_TIMEOUT; status != AR_OK;) {
        Entry *entry = NULL;
        ar_db *scope = hurried(500);
        status = Entry_find_one(scope, ar_key(3), &entry, &err);
        assert_true(status == AR_OK || status == AR_E_TIMEOUT || status == AR_E_CONNECTION);
        ar_scope_close(&scope);
    }
    works();
}

static void a_connection_that_is_not_made_in_time_fails(void **state)
{
    (void)state;
    char url[1100];
    ar_db *opened = NULL;
    snprintf(url, sizeof url, "%s&connect_timeout_ms=200", l.url);
    proxy_set_pace(l.proxy, PROXY_DOWN, (proxy_pace){ .hold = true });
    fails(ar_db_open(url, &(ar_db_options){ .runtime = fixture_runtime() }, &opened, &err), AR_E_CONNECTION);
    assert_null(opened);
    proxy_set_pace(l.proxy, PROXY_DOWN, (proxy_pace){ .hold = false });
    ok(ar_db_open(url, &(ar_db_options){ .runtime = fixture_runtime() }, &opened, &err));
    ar_db_close(&opened);
}

static void a_deadline_ends_what_waits_for_a_connection(void **state)
{
    (void)state;
    Entry *entry = Entry_new();
    warm_up();
    proxy_set_pace(l.proxy, PROXY_DOWN, (proxy_pace){ .hold = true });
    proxy_cut_now(l.proxy, PROXY_RESET);
    assert_true(proxy_wait(l.proxy, PROXY_ENDED, 1));
    ar_db *scope = hurried(200);
    entry->tag = "late";
    ar_done save = Entry_save_async(scope, entry);
    fails(ar_done_await_for(&save, FOR_EVER_MS, &err), AR_E_TIMEOUT);
    ar_scope_close(&scope);
    proxy_set_pace(l.proxy, PROXY_DOWN, (proxy_pace){ .hold = false });
    works();
    Entry_free(entry);
}

static void nobody_listens_any_more_and_then_again(void **state)
{
    (void)state;
    warm_up();
    proxy_refuse(l.proxy, true);
    proxy_cut_now(l.proxy, PROXY_RESET);
    Entry *entry = NULL;
    fails(Entry_find_one(l.db, ar_key(1), &entry, &err), AR_E_CONNECTION);
    fails(Entry_find_one(l.db, ar_key(1), &entry, &err), AR_E_CONNECTION);
    proxy_refuse(l.proxy, false);
    works();
}

/* --- slow --- */

static const scene scenes[] = { scene_writes,  scene_reads,       scene_finds,     scene_selects,
                                scene_inserts, scene_transaction, scene_tx_flight, scene_bulk };

static void play_slowly(proxy_pace pace)
{
    ledger *played = ledger_create();
    char name[16];
    proxy_set_pace(l.proxy, PROXY_UP, pace);
    proxy_set_pace(l.proxy, PROXY_DOWN, pace);
    for (size_t i = 0; i < sizeof scenes / sizeof scenes[0]; i++) {
        snprintf(name, sizeof name, "slow %zu", i);
        watchdog(name);
        scenes[i](&(play){ played, l.db, name });
    }
    assert_int_equal(ledger_unknown(played), 0);
    ledger_check(played, fixture_url());
    ledger_free(played);
}

static void single_bytes(void **state)
{
    (void)state;
    play_slowly((proxy_pace){ .slice = 1 });
}

static void latency(void **state)
{
    (void)state;
    play_slowly((proxy_pace){ .latency_us = 3000, .slice = 7 });
}

static void narrowness(void **state)
{
    (void)state;
    play_slowly((proxy_pace){ .bytes_per_second = 30000 });
}

#define ON_ONE(test) cmocka_unit_test_setup_teardown(test, open_one, close_line)
#define ON_TWO(test) cmocka_unit_test_setup_teardown(test, open_two, close_line)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_ONE(a_deadline_ends_what_waits_for_an_answer),
        ON_ONE(a_deadline_ends_each_of_many_that_wait),
        ON_ONE(cancelling_ends_what_waits_for_an_answer),
        ON_ONE(closing_ends_within_its_wait),
        ON_ONE(closing_with_a_transaction_that_waits_ends),
        ON_ONE(closing_with_a_transaction_that_is_swallowed_ends),
        ON_TWO(other_connections_go_on),
        ON_ONE(a_connection_that_says_nothing_is_given_up),
        ON_TWO(a_connection_that_is_not_made_in_time_fails),
        ON_ONE(a_deadline_ends_what_waits_for_a_connection),
        ON_ONE(nobody_listens_any_more_and_then_again),
        ON_TWO(single_bytes),
        ON_TWO(latency),
        ON_TWO(narrowness),
    };
    return fixture_main("hole", tests, ledger_models);
}
