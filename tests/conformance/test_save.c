/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include <actrec/schema.h>

#include "tests/support/fixture.h"

/* What a write leaves behind: in the database, and in the record or struct that was written. */

/* An AUTO key that is narrower than what the database counts in. */
typedef struct Narrow {
    int16_t id;
    const char *name;
} Narrow;

AR_MODEL_DECLARE(Narrow);
AR_MODEL_DEFINE(Narrow, "narrow", AR_COLUMN(Narrow, id, AR_PRIMARY_KEY | AR_AUTO), AR_COLUMN(Narrow, name));

typedef struct Stamped {
    const char *name;
    int32_t value;
    ar_timestamp created_at;
    ar_timestamp updated_at;
} Stamped;

AR_MODEL_DECLARE(Stamped);
AR_MODEL_DEFINE(Stamped, "stamped", AR_COLUMN(Stamped, name, AR_PRIMARY_KEY), AR_COLUMN(Stamped, value),
                AR_COLUMN(Stamped, created_at, AR_CREATED_AT), AR_COLUMN(Stamped, updated_at, AR_UPDATED_AT));

/* Nothing to update. */
typedef struct Seen {
    int64_t id;
    ar_opt_timestamp at;
} Seen;

AR_MODEL_DECLARE(Seen);
AR_MODEL_DEFINE(Seen, "seen", AR_COLUMN(Seen, id, AR_PRIMARY_KEY), AR_COLUMN(Seen, at, AR_CREATED_AT));

typedef struct Reading {
    int32_t place;
    const char *unit;
    double value;
} Reading;

AR_MODEL_DECLARE(Reading);
AR_MODEL_DEFINE(Reading, "readings", AR_COLUMN(Reading, place, AR_PRIMARY_KEY), AR_COLUMN(Reading, unit),
                AR_COLUMN(Reading, value, AR_NOT_NULL, .name = "measured"));

static const ar_model *const models[] = { &Narrow_model, &Stamped_model, &Seen_model, &Reading_model };

static int64_t count_narrow(void)
{
    int64_t count = -1;
    ok(ar_query_count(Narrow_query(db), &count, &err));
    return count;
}

static void fill_up_narrow(void)
{
    Narrow last = { .id = INT16_MAX - 1, .name = "last but one" };
    ok(Narrow_insert(db, &last, &err));
}

static void insert_many_refuses_keys_that_do_not_fit(void **state)
{
    (void)state;
    fill_up_narrow();
    Narrow two[2] = { { .name = "a" }, { .name = "b" } };
    fails(Narrow_insert_many(db, two, 2, &err), AR_E_TYPE);
    assert_non_null(strstr(err.message, "narrow"));
    assert_non_null(strstr(err.message, "32768"));
    assert_int_equal(two[0].id, 0);
    assert_int_equal(two[1].id, 0);
    assert_int_equal(count_narrow(), 1);

    enum { MANY = 600 }; /* more than one statement */
    Narrow *rows = test_calloc(MANY, sizeof *rows);
    fails(Narrow_insert_many(db, rows, MANY, &err), AR_E_TYPE);
    assert_int_equal(rows[0].id, 0);
    assert_int_equal(count_narrow(), 1);
    test_free(rows);

    ok(Narrow_insert_many(db, two, 1, &err));
    assert_int_equal(two[0].id, INT16_MAX);
    fails(Narrow_insert_many(db, two + 1, 1, &err), AR_E_TYPE);
    assert_int_equal(count_narrow(), 2);
}

static void a_save_whose_key_does_not_fit_inserts_nothing(void **state)
{
    (void)state;
    fill_up_narrow();
    Narrow *record = Narrow_new();
    ok(Narrow_save(db, record, &err));
    assert_int_equal(record->id, INT16_MAX);
    Narrow_free(record);

    record = Narrow_new();
    for (int i = 0; i < 2; i++) {
        fails(Narrow_save(db, record, &err), AR_E_TYPE);
        assert_non_null(strstr(err.message, "32768"));
        assert_true(Narrow_is_new(record));
        assert_int_equal(record->id, 0);
        assert_int_equal(count_narrow(), 2);
    }
    ar_done saved = Narrow_save_async(db, record);
    fails(ar_done_await(&saved, &err), AR_E_TYPE);
    Narrow plain = { .name = "plain" };
    fails(Narrow_insert(db, &plain, &err), AR_E_TYPE);
    assert_int_equal(count_narrow(), 2);
    record->id = 5;
    ok(Narrow_save(db, record, &err));
    Narrow_free(record);
}

static void a_key_that_does_not_fit_leaves_those_beside_it_alone(void **state)
{
    (void)state;
    fill_up_narrow();
    enum { COUNT = 16 };
    Narrow rows[COUNT] = { { .name = NULL } };
    ar_done saved[COUNT];
    for (int i = 0; i < COUNT; i++)
        saved[i] = Narrow_insert_async(db, &rows[i]);
    int held = 0;
    for (int i = 0; i < COUNT; i++)
        held += ar_done_await(&saved[i], &err) == AR_OK;
    assert_int_equal(held, 1);
    assert_int_equal(count_narrow(), 2);
}

static Stamped *new_stamped(int32_t value)
{
    Stamped *record = Stamped_new();
    record->name = "a";
    record->value = value;
    return record;
}

static void an_upsert_knows_when_the_row_was_created(void **state)
{
    (void)state;
    Stamped old = { .name = "a", .value = 1, .created_at = { 5 } };
    ok(Stamped_insert(db, &old, &err));
    Stamped *record = new_stamped(2);
    ok(Stamped_upsert(db, record, &err));
    assert_int_equal(record->created_at.us, 5);
    assert_true(record->updated_at.us > INT64_C(1600000000000000));
    record->created_at.us = 6; /* differs from the snapshot */
    ok(Stamped_save(db, record, &err));
    Stamped_free(record);

    record = new_stamped(3);
    record->created_at.us = 99; /* which is not written */
    ar_done done = Stamped_upsert_async(db, record);
    ok(ar_done_await(&done, &err));
    assert_int_equal(record->created_at.us, 6);
    Stamped *now;
    ok(Stamped_find_one(db, ar_key("a"), &now, &err));
    assert_int_equal(now->created_at.us, 6);
    assert_int_equal(now->value, 3);
    assert_int_equal(now->updated_at.us, record->updated_at.us);
    Stamped_free(now);
    Stamped_free(record);

    record = new_stamped(4);
    record->name = "b";
    ok(Stamped_upsert(db, record, &err));
    assert_int_equal(record->created_at.us, record->updated_at.us);
    Stamped_free(record);
}

static void an_upsert_of_nothing_but_a_key_reads_what_is_there(void **state)
{
    (void)state;
    Seen *record = Seen_new();
    record->id = 7;
    ok(Seen_upsert(db, record, &err));
    assert_true(record->at.has);
    Seen *again = Seen_new();
    again->id = 7;
    again->at = (ar_opt_timestamp){ .has = true, .value = { 1 } };
    ok(Seen_upsert(db, again, &err));
    assert_int_equal(again->at.value.us, record->at.value.us);
    ok(ar_query_exec(ar_sql(db, "update seen set at = null"), NULL, &err));
    ok(Seen_upsert(db, again, &err));
    assert_false(again->at.has);
    Seen_free(again);
    Seen_free(record);
}

static void an_upsert_that_is_rolled_back_gives_the_timestamps_back(void **state)
{
    (void)state;
    Stamped old = { .name = "a", .value = 1, .created_at = { 5 } };
    ok(Stamped_insert(db, &old, &err));
    Stamped *record = new_stamped(2);
    ar_db *tx = ar_tx_begin(db, NULL);
    ok(Stamped_upsert(tx, record, &err));
    assert_int_equal(record->created_at.us, 5);
    ok(ar_tx_rollback(&tx, &err));
    assert_int_equal(record->created_at.us, 0);
    assert_true(Stamped_is_new(record));
    Stamped_free(record);
}

static void says(const char *text)
{
    if (strstr(err.message, text) == NULL)
        print_error("%s\n", err.message);
    assert_non_null(strstr(err.message, text));
}

/* Only where the engine refuses it: PostgreSQL has NaN. */
static void a_value_that_the_engine_refuses_is_told_by_its_column(void **state)
{
    (void)state;
    Reading rows[3] = { { .place = 1, .unit = "mm" }, { .place = 2 }, { .place = 3, .value = NAN } };
    ar_status status = Reading_insert_many(db, rows, 3, &err);
    if (status == AR_OK)
        return;
    assert_int_equal(status, AR_E_TYPE);
    says("column measured of readings: SQLite has no NaN");
    ok(Reading_insert_many(db, rows, 2, &err));

    Reading *record;
    ok(Reading_find_one(db, ar_key(1), &record, &err));
    record->value = NAN;
    fails(Reading_save(db, record, &err), AR_E_TYPE);
    says("column measured of readings: ");
    ar_done saved = Reading_save_async(db, record);
    fails(ar_done_await(&saved, &err), AR_E_TYPE);
    says("column measured of readings: ");
    record->value = 0.5;
    record->unit = "\xff";
    fails(Reading_save(db, record, &err), AR_E_TYPE);
    says("column unit of readings: ");
    Reading_free(record);
    Stamped plain = { .name = "\xff" };
    fails(Stamped_update(db, &plain, &err), AR_E_TYPE);
    says("column name of stamped: ");
}

static void a_partly_read_record_is_not_upserted(void **state)
{
    (void)state;
    Reading row = { .place = 1, .unit = "mm", .value = 2 };
    ok(Reading_insert(db, &row, &err));
    ar_query *q = Reading_query(db);
    ar_query_select(q, "place, value");
    Reading *part, *whole;
    ok(Reading_one(q, &part, &err));
    part->value = 3;
    fails(Reading_upsert(db, part, &err), AR_E_INVALID);
    says("without some of its columns");
    ok(Reading_save(db, part, &err));
    ok(Reading_find_one(db, ar_key(1), &whole, &err));
    assert_string_equal(whole->unit, "mm");
    ok(Reading_upsert(db, whole, &err));
    Reading_free(whole);
    ok(Reading_refresh(db, part, &err));
    part->value = 4;
    ok(Reading_upsert(db, part, &err));
    Reading_free(part);
    ok(Reading_one(ar_sql(db, "select measured, unit, place from readings"), &whole, &err));
    assert_string_equal(whole->unit, "mm");
    assert_true(whole->value > 3.5);
    ok(Reading_upsert(db, whole, &err));
    Reading_free(whole);
}

static void a_rollback_takes_back_what_a_refresh_read(void **state)
{
    (void)state;
    Reading row = { .place = 1, .unit = "old", .value = 2 };
    ok(Reading_insert(db, &row, &err));
    Reading *record, *now;
    for (int asynchronous = 0; asynchronous < 2; asynchronous++) {
        ok(Reading_find_one(db, ar_key(1), &record, &err));
        ar_db *tx = ar_tx_begin(db, NULL);
        ok(Reading_update(tx, &(Reading){ .place = 1, .unit = "new", .value = 3 }, &err));
        if (asynchronous) {
            ar_done done = Reading_refresh_async(tx, record);
            ok(ar_done_await(&done, &err));
        } else {
            ok(Reading_refresh(tx, record, &err));
        }
        assert_string_equal(record->unit, "new");
        record->value = 4;
        ok(ar_tx_rollback(&tx, &err));
        assert_string_equal(record->unit, "old");
        assert_true(record->value > 3.5); /* what was assigned stays */
        record->unit = "new";
        ok(Reading_save(db, record, &err));
        Reading_free(record);
        ok(Reading_find_one(db, ar_key(1), &now, &err));
        assert_string_equal(now->unit, "new");
        assert_true(now->value > 3.5);
        Reading_free(now);
        ok(Reading_update(db, &row, &err));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(insert_many_refuses_keys_that_do_not_fit),
        cmocka_unit_test(a_save_whose_key_does_not_fit_inserts_nothing),
        cmocka_unit_test(a_key_that_does_not_fit_leaves_those_beside_it_alone),
        cmocka_unit_test(an_upsert_knows_when_the_row_was_created),
        cmocka_unit_test(an_upsert_of_nothing_but_a_key_reads_what_is_there),
        cmocka_unit_test(an_upsert_that_is_rolled_back_gives_the_timestamps_back),
        cmocka_unit_test(a_value_that_the_engine_refuses_is_told_by_its_column),
        cmocka_unit_test(a_partly_read_record_is_not_upserted),
        cmocka_unit_test(a_rollback_takes_back_what_a_refresh_read),
    };
    return fixture_main("save", tests, models);
}
