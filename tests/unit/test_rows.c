/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <actrec/decimal.h>
#include <actrec/rows.h>
#include <actrec/uuid.h>

#include "orm/rows.h"
#include "tests/support/counting_env.h"

static ar_value text_value(const char *text)
{
    return (ar_value){ .type = AR_TYPE_TEXT, .as.text = { text, strlen(text) } };
}

static ar_value integer(int64_t number)
{
    return (ar_value){ .type = AR_TYPE_INT64, .as.integer = number };
}

static ar_value real(double number)
{
    return (ar_value){ .type = AR_TYPE_DOUBLE, .as.real = number };
}

static const ar_value null_value = { .type = AR_TYPE_NULL };

static ar_status feed_row(ar_rows *rows, const ar_value *values, size_t count)
{
    ar_error err;
    return ari_rows_sink.row(rows, values, count, &err);
}

/* One row of one column, "x". */
static ar_rows *single(const ar_env *env, ar_value value)
{
    static const ar_result_column columns[] = { { .name = "x" } };
    ar_rows *rows = ari_rows_create(env);
    assert_non_null(rows);
    assert_int_equal(ari_rows_sink.begin(rows, columns, 1, NULL), AR_OK);
    assert_int_equal(feed_row(rows, &value, 1), AR_OK);
    return rows;
}

static void a_table_of_named_values(void **state)
{
    (void)state;
    counting_env counting;
    counting_env_init(&counting);
    char name[] = "name", text[] = "Ann";
    const ar_result_column columns[] = { { .name = "id" }, { .name = name }, { .name = NULL } };
    ar_rows *rows = ari_rows_create(&counting.env);
    assert_non_null(rows);
    assert_int_equal(ari_rows_sink.begin(rows, columns, 3, NULL), AR_OK);
    memcpy(name, "gone", 4);
    for (int i = 0; i < 100; i++) {
        ar_value row[] = { integer(i), text_value(text), null_value };
        assert_int_equal(feed_row(rows, row, 3), AR_OK);
    }
    memcpy(text, "xxx", 3);
    assert_int_equal(ar_rows_count(rows), 100);
    assert_int_equal(ar_rows_column_count(rows), 3);
    assert_string_equal(ar_rows_column_name(rows, 1), "name");
    assert_string_equal(ar_rows_column_name(rows, 2), "");
    assert_int_equal(ar_rows_column_index(rows, "name"), 1);
    int64_t id;
    const char *stored;
    assert_int_equal(ar_rows_int64(rows, 99, 0, &id, NULL), AR_OK);
    assert_int_equal(id, 99);
    assert_int_equal(ar_rows_text(rows, 50, 1, &stored, NULL), AR_OK);
    assert_string_equal(stored, "Ann");
    assert_true(ar_rows_is_null(rows, 0, 2));
    assert_false(ar_rows_is_null(rows, 0, 1));
    ar_value value;
    assert_int_equal(ar_rows_value(rows, 7, 1, &value, NULL), AR_OK);
    assert_int_equal(value.type, AR_TYPE_TEXT);
    assert_int_equal(value.as.text.length, 3);
    ar_rows_free(rows);
    assert_int_equal(counting.live, 0);
}

static void what_is_not_there_is_invalid(void **state)
{
    (void)state;
    counting_env counting;
    ar_error err;
    int64_t number = 7;
    ar_value value;
    counting_env_init(&counting);
    ar_rows *rows = single(&counting.env, integer(1));
    assert_int_equal(ar_rows_int64(rows, 1, 0, &number, &err), AR_E_INVALID);
    assert_non_null(strstr(err.message, "there are 1 rows"));
    assert_int_equal(ar_rows_int64(rows, 0, 1, &number, &err), AR_E_INVALID);
    assert_int_equal(ar_rows_int64(rows, 0, ar_rows_column_index(rows, "y"), &number, &err), AR_E_INVALID);
    assert_int_equal(ar_rows_int64(rows, 0, 0, NULL, &err), AR_E_INVALID);
    assert_int_equal(ar_rows_int64(NULL, 0, 0, &number, &err), AR_E_INVALID);
    assert_int_equal(ar_rows_value(NULL, 0, 0, &value, NULL), AR_E_INVALID);
    assert_int_equal(number, 7);
    assert_int_equal(ar_rows_column_index(rows, NULL), AR_ROWS_NO_COLUMN);
    assert_int_equal(ar_rows_column_index(NULL, "x"), AR_ROWS_NO_COLUMN);
    assert_null(ar_rows_column_name(rows, 1));
    assert_null(ar_rows_column_name(NULL, 0));
    assert_int_equal(ar_rows_count(NULL), 0);
    assert_int_equal(ar_rows_column_count(NULL), 0);
    assert_true(ar_rows_is_null(rows, 9, 0));
    assert_true(ar_rows_is_null(NULL, 0, 0));
    ar_rows_free(rows);
    ar_rows_free(NULL);
}

static void numbers_are_taken_where_they_mean_the_same(void **state)
{
    (void)state;
    counting_env counting;
    ar_error err;
    int64_t big;
    int32_t small = 5;
    bool flag;
    double number;
    ar_decimal decimal;
    counting_env_init(&counting);

    ar_rows *rows = single(&counting.env, integer(INT64_MAX));
    assert_int_equal(ar_rows_int64(rows, 0, 0, &big, &err), AR_OK);
    assert_true(big == INT64_MAX);
    assert_int_equal(ar_rows_int32(rows, 0, 0, &small, &err), AR_E_TYPE);
    assert_int_equal(small, 5);
    assert_non_null(strstr(err.message, "int64 that is no int32"));
    assert_null(strstr(err.message, "9223372036854775807"));
    assert_int_equal(ar_rows_double(rows, 0, 0, &number, &err), AR_E_TYPE);
    assert_int_equal(ar_rows_bool(rows, 0, 0, &flag, &err), AR_E_TYPE);
    ar_rows_free(rows);

    rows = single(&counting.env, integer(1));
    assert_int_equal(ar_rows_bool(rows, 0, 0, &flag, &err), AR_OK);
    assert_true(flag);
    assert_int_equal(ar_rows_double(rows, 0, 0, &number, &err), AR_OK);
    assert_true(number == 1);
    assert_int_equal(ar_rows_decimal(rows, 0, 0, &decimal, &err), AR_OK);
    assert_int_equal(decimal.low, 1);
    ar_rows_free(rows);

    rows = single(&counting.env, real(3.0));
    assert_int_equal(ar_rows_int64(rows, 0, 0, &big, &err), AR_OK);
    assert_int_equal(big, 3);
    ar_rows_free(rows);
    rows = single(&counting.env, real(0x1p63));
    assert_int_equal(ar_rows_int64(rows, 0, 0, &big, &err), AR_E_TYPE);
    ar_rows_free(rows);
    rows = single(&counting.env, real(2.5));
    assert_int_equal(ar_rows_int64(rows, 0, 0, &big, &err), AR_E_TYPE);
    ar_rows_free(rows);
    rows = single(&counting.env, real(NAN));
    assert_int_equal(ar_rows_int64(rows, 0, 0, &big, &err), AR_E_TYPE);
    ar_rows_free(rows);
    assert_int_equal(counting.live, 0);
}

static void texts_are_read_as_what_is_asked_for(void **state)
{
    (void)state;
    counting_env counting;
    ar_error err;
    ar_decimal decimal;
    ar_timestamp timestamp;
    ar_date date;
    ar_time time;
    ar_uuid uuid;
    ar_json json;
    int64_t number;
    counting_env_init(&counting);

    ar_rows *rows = single(&counting.env, text_value("1.50"));
    assert_int_equal(ar_rows_decimal(rows, 0, 0, &decimal, &err), AR_OK);
    assert_int_equal(decimal.low, 150);
    assert_int_equal(decimal.scale, 2);
    assert_int_equal(ar_rows_int64(rows, 0, 0, &number, &err), AR_E_TYPE);
    assert_int_equal(ar_rows_date(rows, 0, 0, &date, &err), AR_E_TYPE);
    assert_int_equal(ar_rows_json(rows, 0, 0, &json, &err), AR_OK);
    assert_int_equal(json.length, 4);
    ar_rows_free(rows);

    rows = single(&counting.env, text_value("1970-01-02"));
    assert_int_equal(ar_rows_date(rows, 0, 0, &date, &err), AR_OK);
    assert_int_equal(date.days, 1);
    assert_int_equal(ar_rows_timestamp(rows, 0, 0, &timestamp, &err), AR_OK);
    assert_true(timestamp.us == INT64_C(86400000000));
    ar_rows_free(rows);

    rows = single(&counting.env, text_value("00:00:01"));
    assert_int_equal(ar_rows_time(rows, 0, 0, &time, &err), AR_OK);
    assert_int_equal(time.us, 1000000);
    ar_rows_free(rows);

    rows = single(&counting.env, text_value("00112233-4455-6677-8899-AABBCCDDEEFF"));
    assert_int_equal(ar_rows_uuid(rows, 0, 0, &uuid, &err), AR_OK);
    assert_int_equal(uuid.bytes[15], 0xff);
    ar_rows_free(rows);
    assert_int_equal(counting.live, 0);
}

static void integers_are_times_where_the_engine_keeps_them_so(void **state)
{
    (void)state;
    counting_env counting;
    ar_error err;
    ar_timestamp timestamp;
    ar_date date;
    ar_time time;
    counting_env_init(&counting);
    ar_rows *rows = single(&counting.env, integer(-1));
    assert_int_equal(ar_rows_timestamp(rows, 0, 0, &timestamp, &err), AR_OK);
    assert_int_equal(timestamp.us, -1);
    assert_int_equal(ar_rows_date(rows, 0, 0, &date, &err), AR_OK);
    assert_int_equal(date.days, -1);
    assert_int_equal(ar_rows_time(rows, 0, 0, &time, &err), AR_E_TYPE);
    ar_rows_free(rows);
    rows = single(&counting.env, integer(INT64_C(1) << 40));
    assert_int_equal(ar_rows_date(rows, 0, 0, &date, &err), AR_E_TYPE);
    ar_rows_free(rows);
}

static void bytes_are_copied(void **state)
{
    (void)state;
    counting_env counting;
    ar_error err;
    ar_bytes bytes;
    ar_uuid uuid;
    char source[16] = "0123456789abcdef";
    counting_env_init(&counting);
    ar_rows *rows = single(&counting.env, (ar_value){ .type = AR_TYPE_BYTES, .as.bytes = { source, sizeof source } });
    source[0] = 'x';
    assert_int_equal(ar_rows_bytes(rows, 0, 0, &bytes, &err), AR_OK);
    assert_memory_equal(bytes.data, "0123456789abcdef", 16);
    assert_int_equal(ar_rows_uuid(rows, 0, 0, &uuid, &err), AR_OK);
    assert_int_equal(uuid.bytes[0], '0');
    ar_rows_free(rows);
    rows = single(&counting.env, (ar_value){ .type = AR_TYPE_BYTES, .as.bytes = { source, 0 } });
    assert_int_equal(ar_rows_bytes(rows, 0, 0, &bytes, &err), AR_OK);
    assert_non_null(bytes.data);
    assert_int_equal(bytes.length, 0);
    ar_rows_free(rows);
    assert_int_equal(counting.live, 0);
}

static void null_is_null_or_refused(void **state)
{
    (void)state;
    counting_env counting;
    ar_error err;
    const char *text = "before";
    ar_bytes bytes = { "x", 1 };
    ar_json json = { "x", 1 };
    int64_t number;
    counting_env_init(&counting);
    ar_rows *rows = single(&counting.env, null_value);
    assert_int_equal(ar_rows_text(rows, 0, 0, &text, &err), AR_OK);
    assert_null(text);
    assert_int_equal(ar_rows_bytes(rows, 0, 0, &bytes, &err), AR_OK);
    assert_null(bytes.data);
    assert_int_equal(ar_rows_json(rows, 0, 0, &json, &err), AR_OK);
    assert_null(json.data);
    assert_int_equal(ar_rows_int64(rows, 0, 0, &number, &err), AR_E_TYPE);
    assert_non_null(strstr(err.message, "NULL"));
    ar_rows_free(rows);
}

static void a_restart_forgets_the_rows(void **state)
{
    (void)state;
    counting_env counting;
    counting_env_init(&counting);
    ar_rows *rows = single(&counting.env, integer(1));
    const ar_result_column columns[] = { { .name = "a" }, { .name = "b" } };
    ar_value row[] = { integer(2), text_value("two") };
    ari_rows_sink.restart(rows);
    assert_int_equal(ar_rows_count(rows), 0);
    assert_int_equal(ari_rows_sink.begin(rows, columns, 2, NULL), AR_OK);
    assert_int_equal(feed_row(rows, row, 2), AR_OK);
    assert_int_equal(ar_rows_count(rows), 1);
    int64_t number;
    assert_int_equal(ar_rows_int64(rows, 0, 0, &number, NULL), AR_OK);
    assert_int_equal(number, 2);
    ar_rows_free(rows);
    assert_int_equal(counting.live, 0);
}

static ar_status fill(const ar_env *env)
{
    const ar_result_column columns[] = { { .name = "a" }, { .name = "b" } };
    static char long_text[3000];
    memset(long_text, 'x', sizeof long_text - 1);
    ar_rows *rows = ari_rows_create(env);
    if (rows == NULL)
        return AR_E_NO_MEMORY;
    ar_status status = ari_rows_sink.begin(rows, columns, 2, NULL);
    for (int i = 0; status == AR_OK && i < 40; i++) {
        ar_value row[] = { integer(i), text_value(long_text) };
        status = feed_row(rows, row, 2);
    }
    ar_rows_free(rows);
    return status;
}

static void no_memory_is_said_and_nothing_leaks(void **state)
{
    (void)state;
    counting_env counting;
    counting_env_init(&counting);
    assert_int_equal(fill(&counting.env), AR_OK);
    size_t needed = counting.allocations;
    assert_true(needed > 4);
    for (int on = 0; on < 2; on++) {
        for (size_t i = 1; i <= needed; i++) {
            counting_env_init(&counting);
            counting.refuse_at = i;
            counting.refuse_on = on;
            assert_int_equal(fill(&counting.env), AR_E_NO_MEMORY);
            assert_int_equal(counting.live, 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_table_of_named_values),
        cmocka_unit_test(what_is_not_there_is_invalid),
        cmocka_unit_test(numbers_are_taken_where_they_mean_the_same),
        cmocka_unit_test(texts_are_read_as_what_is_asked_for),
        cmocka_unit_test(integers_are_times_where_the_engine_keeps_them_so),
        cmocka_unit_test(bytes_are_copied),
        cmocka_unit_test(null_is_null_or_refused),
        cmocka_unit_test(a_restart_forgets_the_rows),
        cmocka_unit_test(no_memory_is_said_and_nothing_leaks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
