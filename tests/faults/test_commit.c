/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

#include "tests/faults/ledger.h"
#include "tests/faults/line.h"

/* The connection is cut at every byte of what a commit says and hears. With AR_TX_VERIFY_COMMIT it is never unknown what
 * became of it, and what it answers is what the database holds at that moment. */

static line l;

static int open_line(void **state)
{
    (void)state;
    line_open(&l, "pool=1");
    return 0;
}

static int close_line(void **state)
{
    (void)state;
    line_close(&l);
    watchdog(NULL);
    return 0;
}

static const proxy_way ways[] = { PROXY_UP, PROXY_DOWN };
static const char *const way_names[] = { "up", "down" };

static uint64_t stride(void)
{
    const char *text = getenv("AR_TEST_STRIDE");
    long number = text != NULL ? strtol(text, NULL, 10) : 1;
    return number < 1 ? 1 : (uint64_t)number;
}

/* Through a connection that nothing was done to. */
static int64_t held(const char *tag)
{
    int64_t count = -1;
    ar_query *query = Entry_query(db);
    ar_query_filter(query, AR_EQ(Entry, tag, tag));
    ok(ar_query_count(query, &count, &err));
    return count;
}

static void insert(ar_db *tx, const char *tag)
{
    ok(Entry_insert(tx, &(Entry){ .tag = tag, .value = 1 }, &err));
}

static void cut_from_now(proxy_way way, uint64_t at)
{
    proxy_count_anew(l.proxy);
    proxy_cut_at(l.proxy, way, at % 2 == 0 ? PROXY_RESET : PROXY_CLOSE, at);
}

static bool was_cut(void)
{
    proxy_cut_never(l.proxy);
    return proxy_count(l.proxy, PROXY_CUTS) > 0;
}

/* What one commit came to. */
typedef ar_status (*commit_fn)(const char *tag, uint32_t flags, proxy_way way, uint64_t at, ar_error *error);

typedef struct tally {
    uint64_t cuts, held, lost, unknown;
} tally;

/* The last ones had it all through when nothing was cut; what goes together is not always the same. */
static tally cut_at_every_byte(commit_fn commit, const char *what, uint32_t flags)
{
    static int number;
    tally sum = { 0, 0, 0, 0 };
    for (size_t way = 0; way < 2; way++) {
        int uncut = 0;
        for (uint64_t at = 0; uncut < 3; at += stride()) {
            char tag[64];
            ar_error error = { .status = AR_OK };
            snprintf(tag, sizeof tag, "%s %s %llu, %d", what, way_names[way], (unsigned long long)at, number++);
            watchdog(tag);
            ar_status status = commit(tag, flags, ways[way], at, &error);
            bool cut = was_cut();
            uncut = cut ? 0 : uncut + 1;
            sum.cuts += cut;
            if (status != AR_OK && error.outcome_unknown) {
                sum.unknown++;
                continue;
            }
            if (status != AR_OK) {
                assert_int_equal(status, AR_E_CONNECTION);
                assert_true(error.retryable);
            }
            if (held(tag) != (status == AR_OK))
                fail_msg("%s: %s, but the database holds %d", tag, ar_status_name(status), (int)held(tag));
            sum.held += status == AR_OK;
            sum.lost += status != AR_OK;
        }
    }
    watchdog(NULL);
    print_message("    cut %llu times: %llu held, %llu did not, %llu unknown\n", (unsigned long long)sum.cuts,
                  (unsigned long long)sum.held, (unsigned long long)sum.lost, (unsigned long long)sum.unknown);
    assert_true(sum.cuts > 20 / stride());
    return sum;
}

static ar_status commit_waiting(const char *tag, uint32_t flags, proxy_way way, uint64_t at, ar_error *error)
{
    ar_db *tx = ar_tx_begin(l.db, &(ar_tx_options){ .flags = flags });
    insert(tx, tag);
    cut_from_now(way, at);
    return ar_tx_commit(&tx, error);
}

static ar_status commit_later(const char *tag, uint32_t flags, proxy_way way, uint64_t at, ar_error *error)
{
    ar_db *tx = ar_tx_begin(l.db, &(ar_tx_options){ .flags = flags });
    insert(tx, tag);
    cut_from_now(way, at);
    ar_done committed = ar_tx_commit_async(&tx);
    return ar_done_await(&committed, error);
}

static ar_status commit_until_it_holds(const char *tag, uint32_t flags, proxy_way way, uint64_t at, ar_error *error)
{
    int attempts = 0;
    ar_status status;
    ar_db *tx = ar_tx_begin(l.db, &(ar_tx_options){ .flags = flags, .retries = 5, .backoff_max_ms = 1 });
    do {
        status = Entry_insert(tx, &(Entry){ .tag = tag, .value = 1 }, error);
        if (attempts++ == 0)
            cut_from_now(way, at);
    } while (ar_tx_finish(&tx, &status, error));
    return status;
}

static void a_commit_that_is_not_looked_for_may_be_unknown(void **state)
{
    (void)state;
    assert_true(cut_at_every_byte(commit_waiting, "plain", 0).unknown > 0);
}

static void a_verified_commit_is_never_unknown(void **state)
{
    (void)state;
    tally sum = cut_at_every_byte(commit_waiting, "verified", AR_TX_VERIFY_COMMIT);
    assert_int_equal(sum.unknown, 0);
    assert_true(sum.lost > 0 && sum.held > 6);
}

static void nor_is_one_that_nobody_waits_for(void **state)
{
    (void)state;
    tally sum = cut_at_every_byte(commit_later, "later", AR_TX_VERIFY_COMMIT);
    assert_int_equal(sum.unknown, 0);
    assert_true(sum.lost > 0 && sum.held > 6);
}

static void work_that_is_tried_again_is_done_once(void **state)
{
    (void)state;
    tally sum = cut_at_every_byte(commit_until_it_holds, "again", AR_TX_VERIFY_COMMIT);
    assert_int_equal(sum.unknown, 0);
    assert_int_equal(sum.lost, 0);
}

/* COMMIT was sent, and the last byte of its answer does not come; nor is there another connection. */
static void lose_the_answer(const char *tag, int64_t timeout_ms, ar_done *committed)
{
    const ar_tx_options options = { .flags = AR_TX_VERIFY_COMMIT, .timeout_ms = timeout_ms };
    ar_db *tx = NULL;
    for (int i = 0; i < 2; i++) { /* the first one prepares the statements */
        tx = ar_tx_begin(l.db, &options);
        insert(tx, "before");
        proxy_count_anew(l.proxy);
        ok(ar_tx_commit(&tx, &err));
    }
    uint64_t all = proxy_count(l.proxy, PROXY_BYTES_DOWN);
    tx = ar_tx_begin(l.db, &options);
    insert(tx, tag);
    cut_from_now(PROXY_DOWN, all - 1);
    proxy_refuse(l.proxy, true);
    *committed = ar_tx_commit_async(&tx);
    assert_true(proxy_wait(l.proxy, PROXY_CUTS, 1));
}

static void it_is_looked_for_until_the_server_is_back(void **state)
{
    (void)state;
    ar_done committed;
    watchdog("a server that comes back");
    lose_the_answer("back", 0, &committed);
    assert_int_equal(ar_done_await_for(&committed, 100, &err), AR_E_PENDING);
    proxy_refuse(l.proxy, false);
    ok(ar_done_await(&committed, &err));
    assert_int_equal(held("back"), 1);
}

static void what_is_not_told_before_the_deadline_is_unknown(void **state)
{
    (void)state;
    ar_done committed;
    ar_error error;
    watchdog("a server that does not come back");
    lose_the_answer("gone", 300, &committed);
    assert_int_equal(ar_done_await(&committed, &error), AR_E_CONNECTION);
    assert_true(error.outcome_unknown);
    assert_false(error.retryable);
    proxy_refuse(l.proxy, false);
}

static void closing_the_database_ends_the_looking(void **state)
{
    (void)state;
    ar_done committed;
    ar_error error;
    watchdog("a database that is closed meanwhile");
    ar_db_close(&l.db);
    ok(ar_db_open(l.url, &(ar_db_options){ .runtime = fixture_runtime(), .close_wait_ms = 50 }, &l.db, &err));
    lose_the_answer("closed", 0, &committed);
    ar_db_close(&l.db);
    assert_int_equal(ar_done_await(&committed, &error), AR_E_CONNECTION);
    assert_true(error.outcome_unknown);
    proxy_refuse(l.proxy, false);
}

#define ON_LINE(test) cmocka_unit_test_setup_teardown(test, open_line, close_line)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_LINE(a_commit_that_is_not_looked_for_may_be_unknown),
        ON_LINE(a_verified_commit_is_never_unknown),
        ON_LINE(nor_is_one_that_nobody_waits_for),
        ON_LINE(work_that_is_tried_again_is_done_once),
        ON_LINE(it_is_looked_for_until_the_server_is_back),
        ON_LINE(what_is_not_told_before_the_deadline_is_unknown),
        ON_LINE(closing_the_database_ends_the_looking),
    };
    return fixture_main("commit", tests, ledger_models);
}
