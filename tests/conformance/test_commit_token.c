/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "tests/support/fixture.h"

/* AR_TX_VERIFY_COMMIT where nothing goes wrong: its table, its rows, and what is left of them. What it is for is in
 * tests/faults/test_commit.c. */

typedef struct Coin {
    int64_t id;
    int64_t value;
} Coin;

AR_MODEL_DECLARE(Coin);
AR_MODEL_DEFINE(Coin, "coins", AR_COLUMN(Coin, id, AR_PRIMARY_KEY | AR_AUTO), AR_COLUMN(Coin, value, AR_NOT_NULL));

static const ar_model *const models[] = { &Coin_model };

static const ar_tx_options verified = { .flags = AR_TX_VERIFY_COMMIT };

static int without_a_table(void **state)
{
    (void)state;
    ok(ar_query_exec(ar_sql(db, "drop table if exists actrec_commits"), NULL, &err));
    return 0;
}

static int64_t number(ar_query *query)
{
    ar_rows *rows = NULL;
    int64_t value = -1;
    ok(ar_query_rows(query, &rows, &err));
    ok(ar_rows_int64(rows, 0, 0, &value, &err));
    ar_rows_free(rows);
    return value;
}

static int64_t tokens(void)
{
    return number(ar_sql(db, "select count(*) from actrec_commits"));
}

static int64_t coins(void)
{
    int64_t count = -1;
    ok(ar_query_count(Coin_query(db), &count, &err));
    return count;
}

static ar_status spend(ar_db *on, ar_error *error)
{
    return Coin_insert(on, &(Coin){ .value = 1 }, error);
}

static void each_commit_leaves_a_row_that_says_so(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        ar_db *tx = ar_tx_begin(db, &verified);
        ok(spend(tx, &err));
        ok(ar_tx_commit(&tx, &err));
        assert_int_equal(tokens(), i + 1);
    }
    ar_db *tx = ar_tx_begin(db, &verified);
    ok(spend(tx, &err));
    ar_done committed = ar_tx_commit_async(&tx);
    ok(ar_done_await(&committed, &err));
    assert_int_equal(tokens(), 4);
    assert_int_equal(number(ar_sql(db, "select count(distinct token) from actrec_commits where held = 1")), 4);
    assert_int_equal(coins(), 4);
}

static void what_is_not_committed_leaves_none(void **state)
{
    (void)state;
    ar_db *tx = ar_tx_begin(db, &verified);
    ok(spend(tx, &err));
    ok(ar_tx_rollback(&tx, &err));
    assert_int_equal(tokens(), 0);
    tx = ar_tx_begin(db, &verified);
    ok(ar_tx_commit(&tx, &err)); /* of nothing */
    tx = ar_tx_begin(db, &verified);
    fails(Coin_insert(tx, &(Coin){ .value = 1, .id = -1 }, &err), AR_OK);
    fails(Coin_insert(tx, &(Coin){ .value = 1, .id = -1 }, &err), AR_E_CONSTRAINT);
    fails(ar_tx_commit(&tx, &err), AR_E_TX_ABORTED);
    tx = ar_tx_begin(db, &(ar_tx_options){ .flags = AR_TX_VERIFY_COMMIT, .read_only = true });
    int64_t count;
    ok(ar_query_count(Coin_query(tx), &count, &err));
    ok(ar_tx_commit(&tx, &err));
    assert_int_equal(tokens(), 0);
    assert_int_equal(coins(), 0);
}

static void only_the_outermost_transaction_has_one(void **state)
{
    (void)state;
    ar_db *tx = ar_tx_begin(db, &verified);
    ok(spend(tx, &err));
    ar_db *inner = ar_tx_begin(tx, &verified);
    ok(spend(inner, &err));
    ok(ar_tx_commit(&inner, &err));
    ok(ar_tx_savepoint(tx, "here", &err));
    ok(ar_tx_commit(&tx, &err));
    assert_int_equal(tokens(), 1);
}

static void each_attempt_has_its_own(void **state)
{
    (void)state;
    int attempts = 0;
    ar_status status;
    ar_db *tx = ar_tx_begin(db, &(ar_tx_options){ .flags = AR_TX_VERIFY_COMMIT, .retries = 3, .backoff_max_ms = 1 });
    do {
        status = spend(tx, &err);
        if (status == AR_OK && attempts++ < 2)
            status = ar_error_set(&err, AR_E_CONFLICT, "once more");
    } while (ar_tx_finish(&tx, &status, &err));
    ok(status);
    assert_int_equal(tokens(), 1);
    assert_int_equal(coins(), 1);
}

/* A day and a minute ago, and a minute less than a day. */
static void rows_of_old_are_deleted_when_a_database_is_first_used_so(void **state)
{
    (void)state;
    ar_timestamp now;
    ar_db *again = NULL;
    ar_db *tx = ar_tx_begin(db, &verified);
    ok(spend(tx, &err));
    ok(ar_tx_commit(&tx, &err));
    now.us = number(ar_sql(db, "select made_at from actrec_commits"));
    const int64_t minute = 60000000, day = 1440 * minute;
    const ar_uuid old = { { 1 } }, recent = { { 2 } };
    ok(ar_query_exec(ar_sql(db, "insert into actrec_commits (token, held, made_at) values (?, 1, ?), (?, 1, ?)", old,
                            now.us - day - minute, recent, now.us - day + minute),
                     NULL, &err));
    assert_int_equal(tokens(), 3);
    if (strcmp(fixture_url(), "sqlite::memory:") == 0)
        skip();
    ok(ar_db_open(fixture_url(), NULL, &again, &err));
    tx = ar_tx_begin(again, &verified);
    ok(spend(tx, &err));
    ok(ar_tx_rollback(&tx, &err));
    ar_db_close(&again);
    assert_int_equal(tokens(), 2);
    assert_int_equal(number(ar_sql(db, "select count(*) from actrec_commits where token = ?", old)), 0);
}

typedef struct worker {
    pthread_t thread;
    ar_status status;
    ar_error error;
} worker;

static void *spend_verified(void *arg)
{
    worker *self = arg;
    ar_db *own = NULL;
    self->status = ar_db_open(fixture_url(), NULL, &own, &self->error);
    if (self->status != AR_OK)
        return NULL;
    ar_db *tx = ar_tx_begin(own, &(ar_tx_options){ .flags = AR_TX_VERIFY_COMMIT, .retries = 100 });
    do
        self->status = spend(tx, &self->error);
    while (ar_tx_finish(&tx, &self->status, &self->error));
    ar_db_close(&own);
    return NULL;
}

static void many_may_be_the_first_at_the_same_time(void **state)
{
    enum { WORKERS = 6 };
    worker workers[WORKERS];
    (void)state;
    if (strcmp(fixture_url(), "sqlite::memory:") == 0)
        skip();
    for (int i = 0; i < WORKERS; i++)
        assert_int_equal(pthread_create(&workers[i].thread, NULL, spend_verified, &workers[i]), 0);
    for (int i = 0; i < WORKERS; i++)
        pthread_join(workers[i].thread, NULL);
    for (int i = 0; i < WORKERS; i++)
        fixture_check(workers[i].status, AR_OK, workers[i].error.message, __FILE__, __LINE__);
    assert_int_equal(tokens(), WORKERS);
    assert_int_equal(coins(), WORKERS);
}

static void flags_that_there_are_not_are_invalid(void **state)
{
    (void)state;
    ar_db *tx = ar_tx_begin(db, &(ar_tx_options){ .flags = 2 });
    fails(spend(tx, &err), AR_E_INVALID);
}

static int64_t spent;

static ar_status work(void)
{
    ar_db *tx = ar_tx_begin(db, &verified);
    ar_status status = spend(tx, &err);
    if (status == AR_OK)
        status = ar_tx_commit(&tx, &err);
    else
        ar_ignore(ar_tx_rollback(&tx, NULL));
    spent += status == AR_OK;
    return status;
}

static void nothing_is_half_done(void)
{
    assert_int_equal(coins(), spent);
}

static void refused_memory_leaves_nothing_behind(void **state)
{
    (void)state;
    spent = 0;
    fixture_each_refusal(work, nothing_is_half_done);
}

#define FRESH(test) cmocka_unit_test_setup(test, without_a_table)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FRESH(each_commit_leaves_a_row_that_says_so),
        FRESH(what_is_not_committed_leaves_none),
        FRESH(only_the_outermost_transaction_has_one),
        FRESH(each_attempt_has_its_own),
        FRESH(rows_of_old_are_deleted_when_a_database_is_first_used_so),
        FRESH(many_may_be_the_first_at_the_same_time),
        FRESH(flags_that_there_are_not_are_invalid),
        FRESH(refused_memory_leaves_nothing_behind),
    };
    return fixture_main("commit_token", tests, models);
}
