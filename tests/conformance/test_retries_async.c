/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "tests/support/fixture.h"

/* ar_tx_finish_async: attempts that are ended, and made again, without a thread that waits. */

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

static void send_add(ar_db *on)
{
    ar_int64_future added = ar_query_exec_async(ar_sql(on, "update counters set value = value + 1 where id = 1"));
    ar_future_drop(&added.raw);
}

/* Attempts that each add one, of which all before the `good`th say that they met a conflict. */
static ar_status add_until(ar_db *on, const ar_tx_options *options, int good, int *attempts)
{
    ar_status status = AR_OK;
    ar_db *tx = ar_tx_begin(on, options);
    for (*attempts = 0; tx != NULL;) {
        send_add(tx);
        ar_tx_future future = ar_tx_finish_async(&tx, ++*attempts < good ? AR_E_CONFLICT : AR_OK, NULL);
        assert_null(tx);
        status = ar_tx_await(&future, &tx, &err);
        assert_null(future.raw);
        if (tx != NULL)
            assert_int_equal(status, AR_E_CONFLICT);
    }
    return status;
}

static void the_work_is_asked_for_again(void **state)
{
    int attempts;
    (void)state;
    ok(add_until(db, &(ar_tx_options){ .retries = 5, .backoff_max_ms = 1 }, 3, &attempts));
    assert_int_equal(attempts, 3);
    assert_int_equal(value(db), 1);
}

static void as_often_as_was_said(void **state)
{
    int attempts;
    (void)state;
    fails(add_until(db, &(ar_tx_options){ .retries = 2, .backoff_max_ms = 1 }, 9, &attempts), AR_E_CONFLICT);
    assert_int_equal(attempts, 3);
    fails(add_until(db, NULL, 9, &attempts), AR_E_CONFLICT);
    assert_int_equal(attempts, 1);
    assert_int_equal(value(db), 0);
}

static void what_is_no_conflict_is_said_as_it_was(void **state)
{
    (void)state;
    ar_db *tx = ar_tx_begin(db, &(ar_tx_options){ .retries = 5 });
    ar_status status = Counter_insert(tx, &(Counter){ 1, 1 }, &err);
    ar_error before = err;
    ar_tx_future future = ar_tx_finish_async(&tx, status, &err);
    memset(&err, 0, sizeof err);
    fails(ar_tx_await_for(&future, -1, &tx, &err), AR_E_CONSTRAINT);
    assert_null(tx);
    assert_string_equal(err.message, before.message);
    assert_string_equal(err.sqlstate, before.sqlstate);
}

/* Of a statement that nobody waited for. */
static void a_statement_that_failed_fails_the_commit(void **state)
{
    (void)state;
    ar_db *tx = ar_tx_begin(db, &(ar_tx_options){ .retries = 5 });
    send_add(tx);
    ar_future *added = Counter_insert_async(tx, &(Counter){ 1, 1 }).raw;
    ar_tx_future future = ar_tx_finish_async(&tx, AR_OK, NULL);
    fails(ar_tx_await(&future, &tx, &err), AR_E_TX_ABORTED);
    assert_null(tx);
    ar_future_drop(&added);
    assert_int_equal(value(db), 0);
}

static void a_serialization_failure_is_a_conflict(void **state)
{
    int attempts = 0;
    ar_status status = AR_OK;
    (void)state;
    ar_db *tx = ar_tx_begin(
        db, &(ar_tx_options){
                .retries = 5, .isolation = AR_ISOLATION_REPEATABLE_READ, .allow_outside = true, .backoff_max_ms = 1 });
    while (tx != NULL) {
        (void)value(tx);
        if (attempts++ < 2)
            ok(ar_query_exec(ar_sql(db, "update counters set value = value + 1 where id = 1"), NULL, &err));
        send_add(tx);
        ar_tx_future future = ar_tx_finish_async(&tx, AR_OK, NULL);
        status = ar_tx_await(&future, &tx, &err);
    }
    ok(status);
    assert_int_equal(attempts, 3);
    assert_int_equal(value(db), 3);
}

typedef struct job {
    ar_executor *executor;
    int attempts;
    bool over;
    ar_status status;
} job;

static void work(job *self, ar_db *tx);

static void ended(void *arg, ar_status status, ar_db *again, const ar_error *error)
{
    job *self = arg;
    assert_true((status == AR_OK) == (error == NULL));
    if (again != NULL) {
        work(self, again);
        return;
    }
    self->over = true;
    self->status = status;
}

static void work(job *self, ar_db *tx)
{
    send_add(tx);
    ar_tx_future future = ar_tx_finish_async(&tx, ++self->attempts < 3 ? AR_E_CONFLICT : AR_OK, NULL);
    ok(ar_tx_then(&future, self->executor, ended, self, &err));
}

static void a_then_does_the_work_again(void **state)
{
    ar_cq *cq;
    (void)state;
    ok(ar_cq_create(fixture_runtime(), &cq, &err));
    job one = { .executor = ar_cq_executor(cq) };
    work(&one, ar_tx_begin(db, &(ar_tx_options){ .retries = 5, .backoff_max_ms = 1 }));
    while (!one.over)
        ok(ar_cq_run(cq, 1, -1, NULL, &err));
    ok(one.status);
    assert_int_equal(one.attempts, 3);
    assert_int_equal(value(db), 1);
    ar_cq_destroy(&cq);
}

/* Behind whoever has locked it. */
static int64_t value_at_last(void)
{
    Counter *counter;
    ar_db *tx = ar_tx_begin(db, NULL);
    ok(Counter_find_for_update(tx, ar_key(1), &counter, &err));
    int64_t last = counter->value;
    ok(ar_tx_rollback(&tx, &err));
    return last;
}

static void one_that_is_dropped_is_ended_all_the_same(void **state)
{
    (void)state;
    ar_db *tx = ar_tx_begin(db, NULL);
    ok(ar_query_exec(ar_sql(tx, "update counters set value = 7 where id = 1"), NULL, &err));
    ar_tx_future future = ar_tx_finish_async(&tx, AR_OK, NULL);
    ar_future_drop(&future.raw);
    assert_int_equal(value_at_last(), 7);
    tx = ar_tx_begin(db, &(ar_tx_options){ .retries = 5, .backoff_max_ms = 1 });
    ok(ar_query_exec(ar_sql(tx, "update counters set value = 8 where id = 1"), NULL, &err));
    future = ar_tx_finish_async(&tx, AR_E_CONFLICT, NULL);
    ar_future_drop(&future.raw);
    assert_int_equal(value_at_last(), 7);
}

static void a_savepoint_is_not_asked_for_again(void **state)
{
    (void)state;
    ar_db *tx = ar_tx_begin(db, &(ar_tx_options){ .retries = 5 });
    send_add(tx);
    ar_db *inner = ar_tx_begin(tx, &(ar_tx_options){ .retries = 5 });
    send_add(inner);
    ar_tx_future future = ar_tx_finish_async(&inner, AR_E_CONFLICT, NULL);
    fails(ar_tx_await(&future, &inner, &err), AR_E_CONFLICT);
    assert_null(inner);
    inner = ar_tx_begin(tx, NULL);
    send_add(inner);
    future = ar_tx_finish_async(&inner, AR_OK, NULL);
    ok(ar_tx_await(&future, &inner, &err));
    future = ar_tx_finish_async(&tx, AR_OK, NULL);
    ok(ar_tx_await(&future, &tx, &err));
    assert_int_equal(value(db), 2);
}

static void records_get_back_what_they_had(void **state)
{
    (void)state;
    Counter *counter = Counter_new();
    assert_non_null(counter);
    counter->id = 2;
    ar_db *tx = ar_tx_begin(db, &(ar_tx_options){ .retries = 1, .backoff_max_ms = 1 });
    ok(Counter_save(tx, counter, &err));
    assert_false(Counter_is_new(counter));
    ar_tx_future future = ar_tx_finish_async(&tx, AR_E_CONFLICT, NULL);
    fails(ar_tx_await(&future, &tx, &err), AR_E_CONFLICT);
    assert_true(Counter_is_new(counter));
    ok(Counter_save(tx, counter, &err));
    future = ar_tx_finish_async(&tx, AR_OK, NULL);
    ok(ar_tx_await(&future, &tx, &err));
    assert_false(Counter_is_new(counter));
    Counter_free(counter);
}

static void not_after_the_scope_was_closed(void **state)
{
    (void)state;
    ar_db *scope = ar_scope_open(db, NULL);
    ar_db *tx = ar_tx_begin(scope, &(ar_tx_options){ .retries = 5, .backoff_max_ms = 1 });
    send_add(tx);
    ar_tx_future future = ar_tx_finish_async(&tx, AR_E_CONFLICT, NULL);
    ar_scope_close(&scope);
    fails(ar_tx_await(&future, &tx, &err), AR_E_CONFLICT);
    assert_non_null(tx); /* as ar_tx_begin: trouble comes with the first operation */
    fails(ar_query_exec(ar_sql(tx, "update counters set value = 9 where id = 1"), NULL, &err), AR_E_CLOSED);
    fails(ar_tx_rollback(&tx, &err), AR_E_CLOSED);
    assert_int_equal(value(db), 0);
}

static void bad_calls_are_answered(void **state)
{
    ar_tx_future future = { .raw = NULL };
    ar_db *again = db, *tx = NULL;
    (void)state;
    fails(ar_tx_await(&future, &again, &err), AR_E_INVALID);
    assert_null(again);
    fails(ar_tx_await(NULL, &again, &err), AR_E_INVALID);
    fails(ar_tx_then(&future, NULL, ended, NULL, &err), AR_E_INVALID);
    future = ar_tx_finish_async(NULL, AR_OK, NULL);
    fails(ar_tx_await(&future, &again, &err), AR_E_INVALID);
    future = ar_tx_finish_async(&tx, AR_E_NOT_FOUND, NULL); /* what went wrong first */
    fails(ar_tx_await(&future, &again, &err), AR_E_NOT_FOUND);
    tx = db;
    future = ar_tx_finish_async(&tx, AR_OK, NULL);
    fails(ar_tx_await(&future, &again, &err), AR_E_INVALID);
    assert_ptr_equal(tx, db);
    tx = ar_tx_begin(db, NULL);
    ok(ar_query_exec(ar_sql(tx, "update counters set value = 1 where id = 1"), NULL, &err));
    future = ar_tx_finish_async(&tx, AR_OK, NULL);
    fails(ar_tx_await(&future, NULL, &err), AR_E_INVALID);
    assert_null(future.raw);
    assert_int_equal(value_at_last(), 1); /* it was ended all the same */
}

static ar_status add_twice(void)
{
    ar_db *tx = ar_tx_begin(db, &(ar_tx_options){ .retries = 1, .backoff_max_ms = 1 });
    ar_status status = AR_E_CONFLICT;
    for (int i = 0; tx != NULL && status == AR_E_CONFLICT && i < 2; i++) {
        ar_status added = ar_query_exec(ar_sql(tx, "update counters set value = value + 1 where id = 1"), NULL, &err);
        ar_error work_error = err;
        ar_tx_future future = ar_tx_finish_async(&tx, added == AR_OK && i == 0 ? AR_E_CONFLICT : added, &work_error);
        status = ar_tx_await(&future, &tx, &err);
    }
    if (tx != NULL)
        ar_ignore(ar_tx_rollback(&tx, NULL));
    return status == AR_E_CONFLICT ? AR_E_NO_MEMORY : status; /* the timer had no memory */
}

static void still_works(void)
{
    ok(add_twice());
}

static void a_refused_allocation_is_said(void **state)
{
    (void)state;
    fixture_each_refusal(add_twice, still_works);
}

#define COUNTED(test) cmocka_unit_test_setup(test, one_counter)

int main(void)
{
    const struct CMUnitTest tests[] = {
        COUNTED(the_work_is_asked_for_again),
        COUNTED(as_often_as_was_said),
        COUNTED(what_is_no_conflict_is_said_as_it_was),
        COUNTED(a_statement_that_failed_fails_the_commit),
        fixture_test_setup_on("postgres", a_serialization_failure_is_a_conflict, one_counter, NULL),
        COUNTED(a_then_does_the_work_again),
        COUNTED(one_that_is_dropped_is_ended_all_the_same),
        COUNTED(a_savepoint_is_not_asked_for_again),
        COUNTED(records_get_back_what_they_had),
        COUNTED(not_after_the_scope_was_closed),
        COUNTED(bad_calls_are_answered),
        COUNTED(a_refused_allocation_is_said),
    };
    return fixture_main("retries_async", tests, models);
}
