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

static const ar_model *const models[] = { &Narrow_model };

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(insert_many_refuses_keys_that_do_not_fit),
        cmocka_unit_test(a_save_whose_key_does_not_fit_inserts_nothing),
        cmocka_unit_test(a_key_that_does_not_fit_leaves_those_beside_it_alone),
    };
    return fixture_main("save", tests, models);
}
