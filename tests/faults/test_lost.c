/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/faults/line.h"
#include "tests/faults/script.h"

/* The server ends connections: reads go on on others, writes say what is known of them. */

static line l;
static outside *o;

static int open_two(void **state)
{
    (void)state;
    script_prepare(db);
    line_open(&l, "pool=2");
    o = outside_open(fixture_url());
    assert_non_null(o);
    watchdog("a test of connections that the server ends");
    return 0;
}

static int close_two(void **state)
{
    (void)state;
    line_close(&l);
    outside_close(o);
    watchdog(NULL);
    return 0;
}

/* Those of `l`, which alone go through the proxy; the server knows all as its clients. */
static void end_connections(void)
{
    char sql[64];
    if (fixture_on("postgres")) {
        assert_true(outside_exec(o, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = "
                                    "current_database() AND pid <> pg_backend_pid()"));
        return;
    }
    const char *rows = outside_rows(
        o, "SELECT id FROM information_schema.processlist WHERE db = database() AND id <> connection_id()");
    assert_non_null(rows);
    char *copy = strdup(rows), *rest = NULL;
    assert_non_null(copy);
    for (const char *id = strtok_r(copy, "\n", &rest); id != NULL; id = strtok_r(NULL, "\n", &rest)) {
        snprintf(sql, sizeof sql, "KILL CONNECTION %s", id);
        (void)outside_exec(o, sql); /* it may have gone meanwhile */
    }
    free(copy);
}

static void find(int64_t key)
{
    Entry *entry = NULL;
    ok(Entry_find_one(l.db, ar_key(key), &entry, &err));
    assert_int_equal(entry->value, key);
    Entry_free(entry);
}

static void reads_go_on_when_idle_connections_are_ended(void **state)
{
    (void)state;
    for (int round = 0; round < 20; round++) {
        find(round % KNOWN_ROWS + 1);
        end_connections();
        find(round % KNOWN_ROWS + 1);
    }
}

static void writes_on_connections_that_were_reset_are_done_once_or_not(void **state)
{
    (void)state;
    ledger *played = ledger_create();
    char name[32];
    for (int round = 0; round < 20; round++) {
        snprintf(name, sizeof name, "ended %d", round);
        account *a = ledger_open(played, name);
        find(1);
        proxy_cut_now(l.proxy, PROXY_RESET);
        assert_true(proxy_wait(l.proxy, PROXY_ENDED, proxy_count(l.proxy, PROXY_CONNECTIONS)));
        ar_status status = Entry_insert(l.db, &(Entry){ .tag = name, .value = 1 }, &err);
        (void)account_write(a, 1, 1, status, &err);
    }
    ledger_check(played, fixture_url());
    ledger_free(played);
}

static void operations_in_flight_end_when_their_connection_does(void **state)
{
    enum { EACH = 20, ROUNDS = 10 };
    (void)state;
    ledger *played = ledger_create();
    for (int round = 0; round < ROUNDS; round++) {
        account *accounts[EACH];
        Entry *entries[EACH];
        ar_done saves[EACH];
        Entry_future finds[EACH];
        char name[32];
        watchdog("operations in flight");
        for (int i = 0; i < EACH; i++) {
            snprintf(name, sizeof name, "flight %d %d", round, i);
            accounts[i] = ledger_open(played, name);
            entries[i] = Entry_new();
            entries[i]->tag = account_tag(accounts[i]);
            entries[i]->value = 1;
            saves[i] = Entry_save_async(l.db, entries[i]);
            finds[i] = Entry_find_one_async(l.db, ar_key(i % KNOWN_ROWS + 1));
        }
        end_connections();
        for (int i = 0; i < EACH; i++) {
            Entry *found = NULL;
            ar_error error;
            (void)account_write(accounts[i], 1, 1, ar_done_await(&saves[i], &error), &error);
            Entry_free(entries[i]);
            ar_status status = Entry_await(&finds[i], &found, &error);
            if (status == AR_E_CONNECTION)
                continue; /* both its connections were ended: the second may have been there already */
            if (account_read(accounts[i], status, &error))
                assert_int_equal(found->value, i % KNOWN_ROWS + 1);
            Entry_free(found);
        }
    }
    find(1);
    ar_db_close(&l.db);
    ledger_check(played, fixture_url());
    ledger_free(played);
}

static void a_transaction_ends_with_its_connection(void **state)
{
    (void)state;
    Entry *entry = Entry_new();
    ar_status status = AR_OK;
    ar_db *tx = ar_tx_begin(l.db, NULL);
    entry->tag = "of a transaction";
    ok(Entry_save(tx, entry, &err));
    end_connections();
    status = Entry_refresh(tx, entry, &err);
    assert_int_equal(status, AR_E_CONNECTION);
    assert_false(err.outcome_unknown);
    assert_false(ar_tx_finish(&tx, &status, &err));
    assert_int_equal(status, AR_E_CONNECTION);
    assert_true(Entry_is_new(entry));
    find(2);
    assert_string_equal(outside_rows(o, "SELECT count(*) FROM entries WHERE tag = 'of a transaction'"), "0\n");
    Entry_free(entry);
}

static void work_goes_on_in_the_next_attempt_at_a_transaction(void **state)
{
    (void)state;
    ledger *played = ledger_create();
    account *a = ledger_open(played, "attempts");
    ar_error error;
    ar_status status;
    int attempts = 0;
    ar_db *tx = ar_tx_begin(l.db, &(ar_tx_options){ .retries = 5 });
    do {
        Entry entry = { .tag = "attempts", .value = 1 };
        if ((status = Entry_insert(tx, &entry, &error)) != AR_OK)
            continue;
        if (attempts++ == 0)
            end_connections();
        entry.id = 0;
        status = Entry_insert(tx, &entry, &error);
    } while (ar_tx_finish(&tx, &status, &error));
    (void)account_write(a, 2, 2, status, &error);
    ledger_check(played, fixture_url());
    ledger_free(played);
}

#define ON_TWO(test) cmocka_unit_test_setup_teardown(test, open_two, close_two)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_TWO(reads_go_on_when_idle_connections_are_ended),
        ON_TWO(writes_on_connections_that_were_reset_are_done_once_or_not),
        ON_TWO(operations_in_flight_end_when_their_connection_does),
        ON_TWO(a_transaction_ends_with_its_connection),
        ON_TWO(work_goes_on_in_the_next_attempt_at_a_transaction),
    };
    return fixture_main("lost", tests, ledger_models);
}
