/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "tests/support/fixture.h"

/* What is tried again, how often, and how long is waited before. Deadlocks and SQLite's BUSY are in test_transactions.c,
 * commits whose outcome is not known in tests/unit/test_transaction.c and test_commit_token.c. */

typedef struct Counter {
    int64_t id;
    int64_t value;
} Counter;

AR_MODEL_DECLARE(Counter);
AR_MODEL_DEFINE(Counter, "counters", AR_COLUMN(Counter, id, AR_PRIMARY_KEY), AR_COLUMN(Counter, value, AR_NOT_NULL));

static const ar_model *const models[] = { &Counter_model };

static int one_counter(void **state)
{
    (void)state;
    ok(Counter_insert(db, &(Counter){ 1, 0 }, &err));
    return 0;
}

static int64_t value(ar_db *on)
{
    Counter *counter = NULL;
    ok(Counter_find_one(on, ar_key(1), &counter, &err));
    int64_t now = counter->value;
    Counter_free(counter);
    return now;
}

static ar_status add(ar_db *on, ar_error *error)
{
    return ar_query_exec(ar_sql(on, "update counters set value = value + 1 where id = 1"), NULL, error);
}

static void a_serialization_failure_is_tried_again(void **state)
{
    (void)state;
    int attempts = 0;
    ar_status status;
    ar_db *tx = ar_tx_begin(
        db, &(ar_tx_options){
                .retries = 5, .isolation = AR_ISOLATION_REPEATABLE_READ, .allow_outside = true, .backoff_max_ms = 1 });
    do {
        (void)value(tx);
        if (attempts++ < 2)
            ok(add(db, &err));
        status = add(tx, &err);
    } while (ar_tx_finish(&tx, &status, &err));
    ok(status);
    assert_int_equal(attempts, 3);
    assert_int_equal(value(db), 3);
}

static void what_is_no_conflict_is_not_tried_again(void **state)
{
    (void)state;
    int attempts = 0;
    ar_status status;
    ar_db *tx = ar_tx_begin(db, &(ar_tx_options){ .retries = 5 });
    do {
        attempts++;
        status = Counter_insert(tx, &(Counter){ 1, 1 }, &err);
    } while (ar_tx_finish(&tx, &status, &err));
    fails(status, AR_E_CONSTRAINT);
    assert_int_equal(attempts, 1);
}

/* By hand, where nobody may wait. */
static void without_waiting_one_tries_again_by_oneself(void **state)
{
    const ar_tx_options options = { .backoff_max_ms = 2 };
    (void)state;
    ar_status status = AR_E_CONFLICT;
    for (int attempt = 0; status == AR_E_CONFLICT && attempt < 3; attempt++) {
        ar_db *tx = ar_tx_begin(db, &options);
        ar_int64_future added = ar_query_exec_async(ar_sql(tx, "update counters set value = value + 1 where id = 1"));
        ar_done committed = attempt < 2 ? ar_tx_rollback_async(&tx) : ar_tx_commit_async(&tx);
        ar_future_drop(&added.raw);
        ok(ar_done_await(&committed, &err));
        status = attempt < 2 ? AR_E_CONFLICT : AR_OK;
        ar_done pause = ar_timer_after(NULL, ar_tx_backoff(db, &options, attempt));
        ok(ar_done_await(&pause, &err));
    }
    ok(status);
    assert_int_equal(value(db), 1);
}

static void pauses_grow_up_to_a_limit(void **state)
{
    const ar_tx_options options = { .backoff_min_ms = 4, .backoff_max_ms = 30 };
    static const int64_t most[] = { 4, 8, 16, 30, 30, 30 };
    (void)state;
    for (int i = 0; i < 600; i++) {
        int64_t pause = ar_tx_backoff(db, &options, i % 6);
        assert_in_range(pause, most[i % 6] / 2, most[i % 6]);
        assert_in_range(ar_tx_backoff(db, NULL, i), 1, 128);
    }
    assert_in_range(ar_tx_backoff(db, NULL, 1000000), 64, 128);
    assert_in_range(ar_tx_backoff(db, NULL, -1), 1, 1);
    assert_in_range(ar_tx_backoff(db, &(ar_tx_options){ .backoff_min_ms = INT64_MAX, .backoff_max_ms = INT64_MAX }, 9),
                    43200000, 86400000);
    assert_int_equal(ar_tx_backoff(db, &(ar_tx_options){ .backoff_min_ms = -1 }, 0), 0);
}

static void pauses_that_make_no_sense_are_invalid(void **state)
{
    static const ar_tx_options wrong[] = { { .backoff_min_ms = -1 }, { .backoff_max_ms = -1 } };
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        ar_db *tx = ar_tx_begin(db, &wrong[i]);
        fails(add(tx, &err), AR_E_INVALID);
    }
}

/* It must not wait, so that it is not asked to. */
static ar_status finish_inside(ar_context *self, void *state, ar_message *message, ar_error *error)
{
    ar_status status = AR_E_CONFLICT;
    ar_db *tx = ar_tx_begin(db, &(ar_tx_options){ .retries = 1000, .backoff_min_ms = 1000000 });
    ar_int64_future added = ar_query_exec_async(ar_sql(tx, "update counters set value = value + 1 where id = 1"));
    bool again = ar_tx_finish(&tx, &status, error);
    (void)state;
    (void)message;
    ar_future_drop(&added.raw);
    ar_context_reply(self, (ar_message){ .number = again || tx != NULL || status != AR_E_CONFLICT });
    return AR_OK;
}

static void a_behaviour_is_not_asked_for_another_attempt(void **state)
{
    (void)state;
    ar_actor *actor = NULL;
    ar_message reply;
    ok(ar_actor_spawn(fixture_runtime(), &(ar_actor_options){ .behaviour = finish_inside }, &actor, &err));
    ok(ar_actor_call(actor, (ar_message){ .kind = 1 }, NULL, &reply, &err));
    assert_int_equal(reply.number, 0);
    ok(ar_actor_stop(actor, &err));
    assert_int_equal(value(db), 0);
}

#define COUNTED(test) cmocka_unit_test_setup(test, one_counter)

int main(void)
{
    const struct CMUnitTest tests[] = {
        fixture_test_setup_on("postgres", a_serialization_failure_is_tried_again, one_counter, NULL),
        COUNTED(what_is_no_conflict_is_not_tried_again),
        COUNTED(without_waiting_one_tries_again_by_oneself),
        COUNTED(a_behaviour_is_not_asked_for_another_attempt),
        COUNTED(pauses_grow_up_to_a_limit),
        COUNTED(pauses_that_make_no_sense_are_invalid),
    };
    return fixture_main("retries", tests, models);
}
