/* SPDX-License-Identifier: MIT */
#include <string.h>

#include <actrec/decimal.h>

#include "tests/support/fixture.h"

/* Sums, averages and extremes of every type, exact where they can be, on each engine. */

typedef enum Grade { LOW = 1, HIGH = 3 } Grade;

typedef struct Sample {
    int64_t id;
    const char *kind;
    bool flag;
    int16_t small;
    int32_t medium;
    int64_t wide;
    float single;
    double precise;
    const char *text;
    ar_bytes bytes;
    ar_timestamp at;
    ar_date day;
    ar_time clock;
    ar_decimal price;
    ar_uuid uuid;
    Grade grade;
} Sample;

AR_MODEL_DECLARE(Sample);
AR_MODEL_DEFINE(Sample, "samples", AR_COLUMN(Sample, id, AR_PRIMARY_KEY | AR_AUTO), AR_COLUMN(Sample, kind),
                AR_COLUMN(Sample, flag), AR_COLUMN(Sample, small), AR_COLUMN(Sample, medium), AR_COLUMN(Sample, wide),
                AR_COLUMN(Sample, single), AR_COLUMN(Sample, precise), AR_COLUMN(Sample, text),
                AR_COLUMN(Sample, bytes), AR_COLUMN(Sample, at), AR_COLUMN(Sample, day), AR_COLUMN(Sample, clock),
                AR_COLUMN(Sample, price), AR_COLUMN(Sample, uuid), AR_COLUMN(Sample, grade));

static const ar_model *const models[] = { &Sample_model };

enum { SAMPLES = 3 };

static int add_samples(void **state)
{
    (void)state;
    Sample samples[SAMPLES] = {
        { .kind = "a", .small = 1, .medium = 2000000000, .wide = INT64_C(1) << 40, .single = 0.1F, .precise = 0.5 },
        { .kind = "a", .small = 1, .medium = 2000000000, .wide = 7, .single = 0.1F, .precise = 1.25 },
        { .kind = "b", .small = 3, .medium = -5, .wide = 8, .single = 0.1F, .precise = -8 },
    };
    for (int i = 0; i < SAMPLES; i++) {
        samples[i].flag = i == 1;
        samples[i].text = (const char *[]){ "b", "a", "c" }[i];
        samples[i].bytes = (ar_bytes){ (const char *[]){ "\x02", "\xff", "\x01" }[i], 1 };
        samples[i].at.us = 1000 * (i + 1);
        samples[i].day.days = 100 - i;
        samples[i].clock.us = INT64_C(1000000) * (i + 1);
        samples[i].price = (ar_decimal[]){ ar_decimal_of(1050, 2), ar_decimal_of(95, 1), ar_decimal_of(2, 0) }[i];
        samples[i].uuid.bytes[0] = (uint8_t)(200 - i);
        samples[i].grade = i == 0 ? HIGH : LOW;
    }
    return Sample_insert_many(db, samples, SAMPLES, &err) == AR_OK ? 0 : -1;
}

typedef void (*aggregate)(ar_query *, const char *, const char *);

/* The one row of the one aggregate. */
static ar_rows *answer(aggregate of, const char *column)
{
    ar_rows *rows = NULL;
    ar_query *query = Sample_query(db);
    of(query, column, "answer");
    ok(ar_query_rows(query, &rows, &err));
    assert_int_equal(ar_rows_count(rows), 1);
    assert_string_equal(ar_rows_column_name(rows, 0), "answer");
    return rows;
}

static ar_value value_of(ar_rows *rows, ar_type type)
{
    ar_value value;
    ok(ar_rows_value(rows, 0, 0, &value, &err));
    assert_int_equal(value.type, type);
    return value;
}

static void check_integer(aggregate of, const char *column, ar_type type, int64_t expected)
{
    ar_rows *rows = answer(of, column);
    assert_int_equal(value_of(rows, type).as.integer, expected);
    ar_rows_free(rows);
}

static void check_double(aggregate of, const char *column, double expected)
{
    ar_rows *rows = answer(of, column);
    double real = value_of(rows, AR_TYPE_DOUBLE).as.real;
    assert_true(real >= expected && real <= expected);
    ar_rows_free(rows);
}

static void check_decimal(aggregate of, const char *column, ar_decimal expected)
{
    ar_rows *rows = answer(of, column);
    assert_int_equal(ar_decimal_compare(value_of(rows, AR_TYPE_DECIMAL).as.decimal, expected), 0);
    ar_rows_free(rows);
}

static void sums(void **state)
{
    (void)state;
    check_integer(ar_query_select_count, "*", AR_TYPE_INT64, SAMPLES);
    check_integer(ar_query_select_sum, "small", AR_TYPE_INT64, 5);
    check_integer(ar_query_select_sum, "medium", AR_TYPE_INT64, INT64_C(3999999995));
    check_integer(ar_query_select_sum, "wide", AR_TYPE_INT64, (INT64_C(1) << 40) + 15);
    check_double(ar_query_select_sum, "precise", -6.25);
    check_double(ar_query_select_sum, "single", (double)0.1F + (double)0.1F + (double)0.1F);
    check_decimal(ar_query_select_sum, "price", ar_decimal_of(22, 0));
}

static void averages(void **state)
{
    (void)state;
    check_double(ar_query_select_avg, "small", 5.0 / 3);
    check_double(ar_query_select_avg, "medium", 3999999995.0 / 3);
    check_double(ar_query_select_avg, "precise", -6.25 / 3);
    ar_query *query = Sample_query(db);
    ar_query_filter(query, AR_EQ(Sample, kind, "a"));
    ar_query_select_avg(query, "price", "answer");
    ar_rows *rows = NULL;
    ok(ar_query_rows(query, &rows, &err));
    double real = value_of(rows, AR_TYPE_DOUBLE).as.real;
    assert_true(real >= 10 && real <= 10);
    ar_rows_free(rows);
}

static void check_extremes(const char *column, ar_type type, int64_t least, int64_t most)
{
    check_integer(ar_query_select_min, column, type, least);
    check_integer(ar_query_select_max, column, type, most);
}

static void check_bytes(aggregate of, const char *column, ar_type type, const char *expected)
{
    ar_rows *rows = answer(of, column);
    ar_value value = value_of(rows, type);
    const void *data = type == AR_TYPE_TEXT ? (const void *)value.as.text.data : value.as.bytes.data;
    assert_memory_equal(data, expected, 1);
    ar_rows_free(rows);
}

static uint8_t first_of_uuid(aggregate of)
{
    ar_rows *rows = answer(of, "uuid");
    uint8_t first = value_of(rows, AR_TYPE_UUID).as.uuid.bytes[0];
    ar_rows_free(rows);
    return first;
}

static bool truth(aggregate of)
{
    ar_rows *rows = answer(of, "flag");
    bool value = value_of(rows, AR_TYPE_BOOL).as.boolean;
    ar_rows_free(rows);
    return value;
}

static void extremes(void **state)
{
    (void)state;
    assert_false(truth(ar_query_select_min));
    assert_true(truth(ar_query_select_max));
    check_extremes("small", AR_TYPE_INT16, 1, 3);
    check_extremes("medium", AR_TYPE_INT32, -5, 2000000000);
    check_extremes("wide", AR_TYPE_INT64, 7, INT64_C(1) << 40);
    check_extremes("grade", AR_TYPE_ENUM, LOW, HIGH);
    check_double(ar_query_select_min, "precise", -8);
    check_double(ar_query_select_max, "precise", 1.25);
    check_bytes(ar_query_select_min, "text", AR_TYPE_TEXT, "a");
    check_bytes(ar_query_select_max, "text", AR_TYPE_TEXT, "c");
    check_bytes(ar_query_select_min, "bytes", AR_TYPE_BYTES, "\x01");
    check_bytes(ar_query_select_max, "bytes", AR_TYPE_BYTES, "\xff");
    check_decimal(ar_query_select_min, "price", ar_decimal_of(2, 0));
    check_decimal(ar_query_select_max, "price", ar_decimal_of(1050, 2));
    assert_int_equal(first_of_uuid(ar_query_select_min), 198);
    assert_int_equal(first_of_uuid(ar_query_select_max), 200);
    ar_rows *rows = answer(ar_query_select_max, "at");
    assert_int_equal(value_of(rows, AR_TYPE_TIMESTAMP).as.timestamp.us, 3000);
    ar_rows_free(rows);
    rows = answer(ar_query_select_min, "day");
    assert_int_equal(value_of(rows, AR_TYPE_DATE).as.date.days, 98);
    ar_rows_free(rows);
    rows = answer(ar_query_select_max, "clock");
    assert_int_equal(value_of(rows, AR_TYPE_TIME).as.time.us, 3000000);
    ar_rows_free(rows);
}

static int64_t count_where(const char *sql, ar_value value)
{
    int64_t count = -1;
    ar_query *query = Sample_query(db);
    ar_query_where_sql(query, sql, &value, 1);
    ok(ar_query_count(query, &count, &err));
    return count;
}

/* A number compares with a column of another width and kind by its value. */
static void numbers_compare_across_types(void **state)
{
    (void)state;
    assert_int_equal(count_where("small > ?", ar_bind(1.5)), 1);
    assert_int_equal(count_where("? < small", ar_bind(1.5)), 1);
    assert_int_equal(count_where("small < ?", ar_bind(INT64_C(1) << 40)), 3);
    assert_int_equal(count_where("medium <= ?", ar_bind(INT64_C(1) << 60)), 3);
    assert_int_equal(count_where("wide > ?", ar_bind(7.5)), 2);
    assert_int_equal(count_where("precise > ?", ar_bind(1)), 1);
    assert_int_equal(count_where("price > ?", ar_bind(9)), 2);
    assert_int_equal(count_where("small in (?, 3)", ar_bind(1.5)), 1);
    assert_int_equal(count_where("small between ? and 3", ar_bind(1.5)), 1);
    assert_int_equal(count_where("length(text) >= ?", ar_bind(1)), 3);
    assert_int_equal(count_where("flag = ?", ar_bind(1)), 1);
}

static void groups(void **state)
{
    (void)state;
    ar_rows *rows = NULL;
    int64_t number;
    const char *kind;
    ar_query *query = Sample_query(db);
    ar_query_group_by(query, "kind");
    ar_query_select_sum(query, "medium", "total");
    ar_query_select_count(query, "id", "n");
    ar_query_having(query, "count(*) >= ? and min(small) < ?", 1, 100);
    ar_query_order_by(query, "total desc");
    ok(ar_query_rows(query, &rows, &err));
    assert_int_equal(ar_rows_count(rows), 2);
    ok(ar_rows_text(rows, 0, 0, &kind, &err));
    assert_string_equal(kind, "a");
    ok(ar_rows_int64(rows, 0, 1, &number, &err));
    assert_int_equal(number, INT64_C(4000000000));
    ok(ar_rows_int64(rows, 1, 2, &number, &err));
    assert_int_equal(number, 1);
    ar_rows_free(rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(sums, add_samples),
        cmocka_unit_test_setup(averages, add_samples),
        cmocka_unit_test_setup(extremes, add_samples),
        cmocka_unit_test_setup(numbers_compare_across_types, add_samples),
        cmocka_unit_test_setup(groups, add_samples),
    };
    return fixture_main("aggregate", tests, models);
}
