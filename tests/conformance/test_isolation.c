/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "tests/support/fixture.h"

/* What the levels of isolation mean on each engine. */

typedef struct Doctor {
    int64_t id;
    int64_t on_call;
} Doctor;

AR_MODEL_DECLARE(Doctor);
AR_MODEL_DEFINE(Doctor, "doctors", AR_COLUMN(Doctor, id, AR_PRIMARY_KEY), AR_COLUMN(Doctor, on_call, AR_NOT_NULL));

static const ar_model *const models[] = { &Doctor_model };

static const ar_isolation levels[] = { AR_ISOLATION_DEFAULT, AR_ISOLATION_READ_COMMITTED, AR_ISOLATION_REPEATABLE_READ,
                                       AR_ISOLATION_SERIALIZABLE };
enum { LEVELS = sizeof levels / sizeof levels[0] };

static int two_on_call(void **state)
{
    (void)state;
    ok(Doctor_insert(db, &(Doctor){ 1, 1 }, &err));
    ok(Doctor_insert(db, &(Doctor){ 2, 1 }, &err));
    return 0;
}

static ar_db *opened_again(const char *option)
{
    char url[600];
    ar_db *again = NULL;
    snprintf(url, sizeof url, "%s%s%s", fixture_url(), strchr(fixture_url(), '?') != NULL ? "&" : "?", option);
    ok(ar_db_open(url, NULL, &again, &err));
    return again;
}

static ar_db *begin_at(ar_db *on, ar_isolation isolation)
{
    return ar_tx_begin(on, &(ar_tx_options){ .isolation = isolation, .allow_outside = true });
}

static ar_status read_count(ar_db *on, int64_t *out, ar_error *error)
{
    ar_rows *rows = NULL;
    ar_status status = ar_query_rows(ar_sql(on, "select on_call from doctors where on_call = 1"), &rows, error);
    *out = (int64_t)ar_rows_count(rows);
    ar_rows_free(rows);
    return status;
}

static int64_t count_of(ar_db *on)
{
    int64_t count = -1;
    ok(read_count(on, &count, &err));
    return count;
}

static ar_status leave(ar_db *on, int64_t id, ar_error *error)
{
    return ar_query_exec(ar_sql(on, "update doctors set on_call = 0 where id = ?", id), NULL, error);
}

static void every_level_is_taken(void **state)
{
    (void)state;
    for (size_t i = 0; i < LEVELS; i++) {
        for (int read_only = 0; read_only < 2; read_only++) {
            ar_db *tx = ar_tx_begin(db, &(ar_tx_options){ .isolation = levels[i], .read_only = read_only == 1 });
            assert_int_equal(count_of(tx), 2);
            ok(ar_tx_commit(&tx, &err));
        }
        ar_db *tx = begin_at(db, levels[i]);
        ok(leave(tx, 1, &err));
        assert_int_equal(count_of(tx), 1);
        ok(ar_tx_rollback(&tx, &err));
        assert_int_equal(count_of(db), 2);
    }
}

static void the_server_runs_at_the_level_that_was_asked_for(void **state)
{
    static const char *const names[] = { "read committed", "read committed", "repeatable read", "serializable" };
    (void)state;
    for (size_t i = 0; i < LEVELS; i++) {
        ar_rows *rows = NULL;
        const char *name = NULL;
        ar_db *tx = begin_at(db, levels[i]);
        ok(ar_query_rows(ar_sql(tx, "select current_setting('transaction_isolation')"), &rows, &err));
        ok(ar_rows_text(rows, 0, 0, &name, &err));
        assert_string_equal(name, names[i]);
        ar_rows_free(rows);
        ok(ar_tx_commit(&tx, &err));
    }
}

static void read_committed_sees_what_is_committed_meanwhile(void **state)
{
    (void)state;
    ar_db *tx = begin_at(db, AR_ISOLATION_READ_COMMITTED);
    assert_int_equal(count_of(tx), 2);
    ok(leave(db, 1, &err));
    assert_int_equal(count_of(tx), 1);
    ok(ar_tx_commit(&tx, &err));
}

static void repeatable_read_sees_one_view(void **state)
{
    (void)state;
    ar_db *tx = begin_at(db, AR_ISOLATION_REPEATABLE_READ);
    assert_int_equal(count_of(tx), 2);
    ok(leave(db, 1, &err));
    assert_int_equal(count_of(tx), 2);
    ok(ar_tx_commit(&tx, &err));
    assert_int_equal(count_of(db), 1);
}

static void a_level_does_not_outlive_its_transaction(void **state)
{
    (void)state;
    ar_db *one = opened_again("pool=1");
    ar_db *tx = begin_at(one, AR_ISOLATION_READ_COMMITTED);
    assert_int_equal(count_of(tx), 2);
    ok(ar_tx_commit(&tx, &err));
    tx = begin_at(one, AR_ISOLATION_DEFAULT); /* repeatable read, by the server's default */
    assert_int_equal(count_of(tx), 2);
    ok(leave(db, 1, &err));
    assert_int_equal(count_of(tx), 2);
    ok(ar_tx_rollback(&tx, &err));
    ar_db_close(&one);
}

static void a_lost_update_is_a_conflict_at_repeatable_read(void **state)
{
    (void)state;
    ar_db *tx = begin_at(db, AR_ISOLATION_REPEATABLE_READ);
    assert_int_equal(count_of(tx), 2);
    ok(leave(db, 1, &err));
    fails(leave(tx, 1, &err), AR_E_CONFLICT);
    assert_true(err.retryable);
    ok(ar_tx_rollback(&tx, &err));
}

static void write_skew_is_a_conflict_when_serializable(void **state)
{
    (void)state;
    ar_db *first = begin_at(db, AR_ISOLATION_SERIALIZABLE), *second = begin_at(db, AR_ISOLATION_SERIALIZABLE);
    ar_error error;
    assert_int_equal(count_of(first), 2);
    assert_int_equal(count_of(second), 2);
    ok(leave(first, 1, &err));
    ok(leave(second, 2, &err));
    ok(ar_tx_commit(&first, &err));
    assert_int_equal(ar_tx_commit(&second, &error), AR_E_CONFLICT);
    assert_true(error.retryable);
    assert_false(error.outcome_unknown);
    assert_int_equal(count_of(db), 1);
}

static void write_skew_goes_through_at_repeatable_read(void **state)
{
    (void)state;
    ar_db *first = begin_at(db, AR_ISOLATION_REPEATABLE_READ), *second = begin_at(db, AR_ISOLATION_REPEATABLE_READ);
    assert_int_equal(count_of(first), 2);
    assert_int_equal(count_of(second), 2);
    ok(leave(first, 1, &err));
    ok(leave(second, 2, &err));
    ok(ar_tx_commit(&first, &err));
    ok(ar_tx_commit(&second, &err));
    assert_int_equal(count_of(db), 0);
}

/* Each may leave only while another stays. */
typedef struct shift {
    int64_t id;
    ar_status status;
    ar_error error;
} shift;

static void *go_off_call(void *arg)
{
    shift *mine = arg;
    ar_db *tx = ar_tx_begin(db, &(ar_tx_options){ .retries = 1000, .isolation = AR_ISOLATION_SERIALIZABLE });
    do {
        int64_t count = 0;
        mine->status = read_count(tx, &count, &mine->error);
        if (mine->status == AR_OK && count > 1)
            mine->status = leave(tx, mine->id, &mine->error);
    } while (ar_tx_finish(&tx, &mine->status, &mine->error));
    return NULL;
}

static void serializable_transactions_keep_what_each_alone_would_keep(void **state)
{
    (void)state;
    for (int round = 0; round < 10; round++) {
        pthread_t threads[2];
        shift shifts[2] = { { .id = 1 }, { .id = 2 } };
        ok(ar_query_exec(ar_sql(db, "update doctors set on_call = 1"), NULL, &err));
        for (int i = 0; i < 2; i++)
            assert_int_equal(pthread_create(&threads[i], NULL, go_off_call, &shifts[i]), 0);
        for (int i = 0; i < 2; i++)
            pthread_join(threads[i], NULL);
        for (int i = 0; i < 2; i++)
            fixture_check(shifts[i].status, AR_OK, shifts[i].error.message, __FILE__, __LINE__);
        assert_int_equal(count_of(db), 1);
    }
}

static void a_deferrable_one_waits_and_then_reads(void **state)
{
    (void)state;
    ar_rows *rows = NULL;
    const char *name = NULL;
    ar_db *tx = ar_tx_begin(
        db, &(ar_tx_options){ .isolation = AR_ISOLATION_SERIALIZABLE, .read_only = true, .deferrable = true });
    ok(ar_query_rows(ar_sql(tx, "select current_setting('transaction_deferrable')"), &rows, &err));
    ok(ar_rows_text(rows, 0, 0, &name, &err));
    assert_string_equal(name, "on");
    ar_rows_free(rows);
    ok(ar_tx_commit(&tx, &err));
    tx = ar_tx_begin(db, &(ar_tx_options){ .deferrable = true });
    fails(leave(tx, 1, &err), AR_E_INVALID);
    ok(ar_tx_rollback(&tx, &err));
}

static void a_deferrable_one_is_refused_where_there_are_none(void **state)
{
    (void)state;
    ar_db *tx = ar_tx_begin(
        db, &(ar_tx_options){ .isolation = AR_ISOLATION_SERIALIZABLE, .read_only = true, .deferrable = true });
    int64_t count;
    fails(read_count(tx, &count, &err), AR_E_UNSUPPORTED);
    assert_non_null(strstr(err.message, "deferrable"));
    assert_non_null(strstr(err.message, fixture_engine()));
    ar_db *inner = ar_tx_begin(tx, NULL);
    fails(read_count(inner, &count, &err), AR_E_UNSUPPORTED);
    ok(ar_tx_rollback(&inner, &err));
    ok(ar_tx_rollback(&tx, &err));
}

static void one_inside_another_cannot_ask_for_more(void **state)
{
    (void)state;
    int64_t count;
    ar_db *tx = begin_at(db, AR_ISOLATION_REPEATABLE_READ);
    ar_db *inner = begin_at(tx, AR_ISOLATION_SERIALIZABLE);
    fails(read_count(inner, &count, &err), AR_E_INVALID);
    ok(ar_tx_rollback(&inner, &err));
    inner = begin_at(tx, AR_ISOLATION_READ_COMMITTED);
    assert_int_equal(count_of(inner), 2);
    ar_db *innermost = begin_at(inner, AR_ISOLATION_REPEATABLE_READ);
    assert_int_equal(count_of(innermost), 2);
    ok(ar_tx_commit(&innermost, &err));
    ok(ar_tx_commit(&inner, &err));
    ok(ar_tx_commit(&tx, &err));
}

static void a_level_that_there_is_not_is_invalid(void **state)
{
    (void)state;
    int64_t count;
    ar_db *tx = begin_at(db, (ar_isolation)4);
    fails(read_count(tx, &count, &err), AR_E_INVALID);
}

#define ON_CALL(test)             cmocka_unit_test_setup(test, two_on_call)
#define ON_CALL_ON(engines, test) fixture_test_setup_on(engines, test, two_on_call, NULL)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_CALL(every_level_is_taken),
        ON_CALL_ON("postgres", the_server_runs_at_the_level_that_was_asked_for),
        ON_CALL_ON("postgres mysql", read_committed_sees_what_is_committed_meanwhile),
        ON_CALL_ON("postgres mysql", repeatable_read_sees_one_view),
        ON_CALL_ON("mysql", a_level_does_not_outlive_its_transaction),
        ON_CALL_ON("postgres", a_lost_update_is_a_conflict_at_repeatable_read),
        ON_CALL_ON("postgres", write_skew_is_a_conflict_when_serializable),
        ON_CALL_ON("postgres mysql", write_skew_goes_through_at_repeatable_read),
        ON_CALL(serializable_transactions_keep_what_each_alone_would_keep),
        ON_CALL_ON("postgres", a_deferrable_one_waits_and_then_reads),
        ON_CALL_ON("sqlite mysql", a_deferrable_one_is_refused_where_there_are_none),
        ON_CALL(one_inside_another_cannot_ask_for_more),
        ON_CALL(a_level_that_there_is_not_is_invalid),
    };
    return fixture_main("isolation", tests, models);
}
