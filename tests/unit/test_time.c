/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <actrec/time.h>

#define DAY INT64_C(86400000000)

static uint64_t seed = UINT64_C(0x2545F4914F6CDD1D);

static uint64_t draw(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

static int64_t timestamp_of(const char *text)
{
    ar_timestamp value = { 0 };
    ar_error err;
    if (ar_timestamp_parse(text, &value, &err) != AR_OK)
        fail_msg("\"%s\": %s", text, err.message);
    return value.us;
}

static void assert_timestamp_text(int64_t us, const char *text)
{
    char buffer[AR_TIMESTAMP_TEXT_SIZE];
    size_t length = ar_timestamp_format((ar_timestamp){ us }, buffer, sizeof buffer);
    assert_string_equal(buffer, text);
    assert_int_equal(length, strlen(text));
    assert_int_equal(timestamp_of(text), us);
}

static void timestamps_are_written_and_read(void **state)
{
    (void)state;
    assert_timestamp_text(0, "1970-01-01T00:00:00Z");
    assert_timestamp_text(1, "1970-01-01T00:00:00.000001Z");
    assert_timestamp_text(-1, "1969-12-31T23:59:59.999999Z");
    assert_timestamp_text(INT64_C(1709251199123456), "2024-02-29T23:59:59.123456Z");
    assert_timestamp_text(INT64_C(951782400000000), "2000-02-29T00:00:00Z");
    assert_timestamp_text(INT64_C(253402300799999999), "9999-12-31T23:59:59.999999Z");
    assert_timestamp_text(INT64_C(253402300800000000), "+010000-01-01T00:00:00Z");
    assert_timestamp_text(INT64_C(-62135596800000000), "0001-01-01T00:00:00Z");
    assert_timestamp_text(INT64_C(-62167219200000000), "0000-01-01T00:00:00Z");
    assert_timestamp_text(INT64_C(-62167219200000001), "-000001-12-31T23:59:59.999999Z");
    assert_timestamp_text(INT64_MAX, "+294247-01-10T04:00:54.775807Z");
    assert_timestamp_text(INT64_MIN, "-290308-12-21T19:59:05.224192Z");
}

static void sql_text_has_a_space_and_no_zone(void **state)
{
    char buffer[AR_TIMESTAMP_TEXT_SIZE];
    (void)state;
    assert_int_equal(ar_timestamp_format_sql((ar_timestamp){ INT64_C(1709251199123456) }, buffer, sizeof buffer), 26);
    assert_string_equal(buffer, "2024-02-29 23:59:59.123456");
    assert_int_equal(timestamp_of(buffer), INT64_C(1709251199123456));
    assert_int_equal(ar_timestamp_format_sql((ar_timestamp){ 0 }, buffer, sizeof buffer), 19);
    assert_string_equal(buffer, "1970-01-01 00:00:00");
}

static void timestamp_forms_that_are_read(void **state)
{
    const int64_t noon = INT64_C(1709208000000000); /* 2024-02-29T12:00:00Z */
    (void)state;
    assert_int_equal(timestamp_of("2024-02-29 12:00"), noon);
    assert_int_equal(timestamp_of("2024-02-29t12:00:00z"), noon);
    assert_int_equal(timestamp_of("+2024-02-29T12:00:00"), noon);
    assert_int_equal(timestamp_of("002024-02-29T12:00:00"), noon);
    assert_int_equal(timestamp_of("2024-02-29"), noon - DAY / 2);
    assert_int_equal(timestamp_of("2024-02-29T12:00:00.5Z"), noon + 500000);
    assert_int_equal(timestamp_of("2024-02-29T12:00:00.1200000000"), noon + 120000);
    assert_int_equal(timestamp_of("2024-02-29T14:00:00+02"), noon);
    assert_int_equal(timestamp_of("2024-02-29T17:30:00+0530"), noon);
    assert_int_equal(timestamp_of("2024-02-29T17:30:00+05:30"), noon);
    assert_int_equal(timestamp_of("2024-02-29T11:58:45-00:01:15"), noon);
    assert_int_equal(timestamp_of("2024-03-01T11:59:59+23:59:59"), noon);
    assert_int_equal(timestamp_of("2024-02-28T12:00:01-23:59:59"), noon);
    assert_int_equal(timestamp_of("2024-02-29 12:00-00"), noon);
}

static void offset_moves_an_instant_into_range_or_out_of_it(void **state)
{
    ar_timestamp out = { 7 };
    (void)state;
    assert_int_equal(timestamp_of("+294247-01-10T06:00:54.775807+02"), INT64_MAX);
    assert_int_equal(timestamp_of("-290308-12-21T17:59:05.224192-02"), INT64_MIN);
    assert_int_equal(timestamp_of("+294247-01-11T01:00:00+22:00"), INT64_C(9223372033200000000));
    assert_int_equal(ar_timestamp_parse("+294247-01-10T04:00:54.775808Z", &out, NULL), AR_E_TYPE);
    assert_int_equal(ar_timestamp_parse("-290308-12-21T19:59:05.224191Z", &out, NULL), AR_E_TYPE);
    assert_int_equal(ar_timestamp_parse("+294247-01-10T03:00:54.775808-01", &out, NULL), AR_E_TYPE);
    assert_int_equal(ar_timestamp_parse("+294247-01-11T00:00:00Z", &out, NULL), AR_E_TYPE);
    assert_int_equal(ar_timestamp_parse("-290308-12-20T23:59:59.999999Z", &out, NULL), AR_E_TYPE);
    assert_int_equal(ar_timestamp_parse("+9999999-12-31T23:59:59Z", &out, NULL), AR_E_TYPE);
    assert_int_equal(ar_timestamp_parse("-9999999-01-01T00:00:00Z", &out, NULL), AR_E_TYPE);
    assert_int_equal(out.us, 7);
}

static void text_that_is_no_timestamp_is_refused(void **state)
{
    static const char *texts[] = {
        "",
        "now",
        "2024",
        "2024-02",
        "2024-2-29",
        "24-02-29",
        "2024-02-30T00:00:00",
        "2023-02-29T00:00:00",
        "1900-02-29T00:00:00",
        "2024-00-10",
        "2024-13-10",
        "2024-01-00",
        "2024-04-31",
        "2024/02/29 12:00:00",
        "2024-02-29T",
        "2024-02-29T24:00:00",
        "2024-02-29T12:60:00",
        "2024-02-29T12:00:60",
        "2024-02-29T12",
        "2024-02-29T12:00:",
        "2024-02-29T12:00:00.",
        "2024-02-29T12:00:00,5",
        "2024-02-29T12:00:00.1234567",
        "2024-02-29T1:00:00",
        "2024-02-29  12:00:00",
        "2024-02-29_12:00:00",
        " 2024-02-29",
        "2024-02-29 ",
        "2024-02-29T12:00:00 Z",
        "2024-02-29T12:00:00ZZ",
        "2024-02-29T12:00:00+",
        "2024-02-29T12:00:00+2",
        "2024-02-29T12:00:00+24:00",
        "2024-02-29T12:00:00+02:60",
        "2024-02-29T12:00:00+02:",
        "2024-02-29T12:00:00+02000",
        "2024-02-29T12:00:00+0200:00",
        "2024-02-29T12:00:00CET",
        "-0000-01-01T00:00:00",
        "12345678-01-01T00:00:00",
        "2024-02-29Z",
    };
    ar_error err;
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        ar_timestamp out = { 7 };
        if (ar_timestamp_parse(texts[i], &out, &err) != AR_E_TYPE)
            fail_msg("\"%s\" was read", texts[i]);
        assert_int_equal(err.status, AR_E_TYPE);
        assert_int_equal(out.us, 7);
    }
    assert_int_equal(ar_timestamp_parse("1987-65-43", &(ar_timestamp){ 0 }, &err), AR_E_TYPE);
    assert_null(strstr(err.message, "65"));
}

static void dates_are_written_and_read(void **state)
{
    static const struct {
        int32_t days;
        const char *text;
    } cases[] = { { 0, "1970-01-01" },
                  { -1, "1969-12-31" },
                  { 19782, "2024-02-29" },
                  { -719528, "0000-01-01" },
                  { -719529, "-000001-12-31" },
                  { 2932896, "9999-12-31" },
                  { 2932897, "+010000-01-01" },
                  { INT32_MAX, "+5881580-07-11" },
                  { INT32_MIN, "-5877641-06-23" } };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char buffer[AR_DATE_TEXT_SIZE];
        ar_date back = { 7 };
        size_t length = ar_date_format((ar_date){ cases[i].days }, buffer, sizeof buffer);
        assert_string_equal(buffer, cases[i].text);
        assert_int_equal(length, strlen(buffer));
        assert_int_equal(ar_date_parse(buffer, &back, NULL), AR_OK);
        assert_int_equal(back.days, cases[i].days);
    }
}

static void text_that_is_no_date_is_refused(void **state)
{
    static const char *texts[] = {
        "",           "2024-02-30",     "2024-02-29 ",    "2024-02-29T00:00:00", "2024-2-9",    "20240229",
        "2100-02-29", "+5881580-07-12", "-5877641-06-22", "-0000-01-01",         "--2024-01-01"
    };
    ar_error err;
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        ar_date out = { 7 };
        if (ar_date_parse(texts[i], &out, &err) != AR_E_TYPE)
            fail_msg("\"%s\" was read", texts[i]);
        assert_int_equal(err.status, AR_E_TYPE);
        assert_int_equal(out.days, 7);
    }
}

static void times_are_written_and_read(void **state)
{
    static const struct {
        int64_t us;
        const char *text;
    } cases[] = { { 0, "00:00:00" },
                  { DAY - 1, "23:59:59.999999" },
                  { 1, "00:00:00.000001" },
                  { INT64_C(45296789000), "12:34:56.789000" } };
    ar_time back = { 7 };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char buffer[AR_TIME_TEXT_SIZE];
        size_t length = ar_time_format((ar_time){ cases[i].us }, buffer, sizeof buffer);
        assert_string_equal(buffer, cases[i].text);
        assert_int_equal(length, strlen(buffer));
        assert_int_equal(ar_time_parse(buffer, &back, NULL), AR_OK);
        assert_int_equal(back.us, cases[i].us);
    }
    assert_int_equal(ar_time_parse("12:34", &back, NULL), AR_OK);
    assert_int_equal(back.us, INT64_C(45240000000));
    assert_int_equal(ar_time_parse("12:34:56.7", &back, NULL), AR_OK);
    assert_int_equal(back.us, INT64_C(45296700000));
}

static void text_that_is_no_time_is_refused(void **state)
{
    static const char *texts[] = {
        "",       "12",         "24:00:00",  "24:00", "23:60",  "23:59:60",         "1:00",
        "12:3",   "12:34:5",    "12:34:56.", "-1:00", "+01:00", "12:34:56.0000001", "12:34:56Z",
        "12:34 ", "12:34:56,5", "838:59:59", "aa:bb"
    };
    ar_error err;
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        ar_time out = { 7 };
        if (ar_time_parse(texts[i], &out, &err) != AR_E_TYPE)
            fail_msg("\"%s\" was read", texts[i]);
        assert_int_equal(err.status, AR_E_TYPE);
        assert_int_equal(out.us, 7);
    }
}

static void time_out_of_the_day_is_not_valid(void **state)
{
    char buffer[AR_TIME_TEXT_SIZE] = "x";
    (void)state;
    assert_true(ar_time_is_valid((ar_time){ 0 }));
    assert_true(ar_time_is_valid((ar_time){ DAY - 1 }));
    assert_false(ar_time_is_valid((ar_time){ DAY }));
    assert_false(ar_time_is_valid((ar_time){ -1 }));
    assert_int_equal(ar_time_format((ar_time){ DAY }, buffer, sizeof buffer), 0);
    assert_string_equal(buffer, "");
    assert_int_equal(ar_time_to_civil((ar_time){ DAY + 1 }).microsecond, 1);
    assert_int_equal(ar_time_to_civil((ar_time){ -1 }).hour, 23);
    assert_in_range(ar_time_to_civil((ar_time){ INT64_MIN }).hour, 0, 23);
}

static void format_needs_room(void **state)
{
    char buffer[AR_TIMESTAMP_TEXT_SIZE] = "x";
    (void)state;
    assert_int_equal(ar_timestamp_format((ar_timestamp){ 0 }, buffer, 20), 0);
    assert_string_equal(buffer, "");
    assert_int_equal(ar_timestamp_format((ar_timestamp){ 0 }, buffer, 21), 20);
    assert_int_equal(ar_timestamp_format_sql((ar_timestamp){ 0 }, buffer, 19), 0);
    assert_int_equal(ar_date_format((ar_date){ 0 }, buffer, 10), 0);
    assert_int_equal(ar_date_format((ar_date){ 0 }, buffer, 11), 10);
    assert_int_equal(ar_time_format((ar_time){ 0 }, buffer, 8), 0);
    assert_int_equal(ar_time_format((ar_time){ 0 }, buffer, 9), 8);
    assert_int_equal(ar_time_format((ar_time){ 0 }, buffer, 0), 0);
    assert_string_equal(buffer, "00:00:00");
    assert_int_equal(ar_date_format((ar_date){ 0 }, NULL, 99), 0);
    assert_int_equal(ar_time_format((ar_time){ 0 }, NULL, 99), 0);
    assert_int_equal(ar_timestamp_format((ar_timestamp){ 0 }, NULL, 99), 0);
}

static void exactly_the_given_bytes_are_read(void **state)
{
    ar_timestamp timestamp = { 7 };
    ar_date date = { 7 };
    ar_time time = { 7 };
    (void)state;
    assert_int_equal(ar_timestamp_parse_n("1970-01-01T00:00:019", 19, &timestamp, NULL), AR_OK);
    assert_int_equal(timestamp.us, 1000000);
    assert_int_equal(ar_date_parse_n("1970-01-029", 10, &date, NULL), AR_OK);
    assert_int_equal(date.days, 1);
    assert_int_equal(ar_time_parse_n("00:00:00.0000019", 15, &time, NULL), AR_OK);
    assert_int_equal(time.us, 1);
    assert_int_equal(ar_timestamp_parse_n("1970-01-01\0", 11, &timestamp, NULL), AR_E_TYPE);
    assert_int_equal(ar_date_parse_n("1970-01-01\0", 11, &date, NULL), AR_E_TYPE);
    assert_int_equal(ar_time_parse_n("00:00\0", 6, &time, NULL), AR_E_TYPE);
}

static void null_is_refused(void **state)
{
    ar_timestamp timestamp = { 0 };
    ar_date date = { 0 };
    ar_time time = { 0 };
    ar_error err;
    (void)state;
    assert_int_equal(ar_timestamp_parse(NULL, &timestamp, &err), AR_E_INVALID);
    assert_int_equal(ar_timestamp_parse("1970-01-01", NULL, &err), AR_E_INVALID);
    assert_int_equal(ar_timestamp_parse_n(NULL, 1, &timestamp, NULL), AR_E_INVALID);
    assert_int_equal(ar_date_parse(NULL, &date, &err), AR_E_INVALID);
    assert_int_equal(ar_date_parse("1970-01-01", NULL, &err), AR_E_INVALID);
    assert_int_equal(ar_time_parse(NULL, &time, &err), AR_E_INVALID);
    assert_int_equal(ar_time_parse("00:00", NULL, &err), AR_E_INVALID);
    assert_int_equal(ar_date_from_civil(1970, 1, 1, NULL, &err), AR_E_INVALID);
    assert_int_equal(ar_time_from_civil(0, 0, 0, 0, NULL, &err), AR_E_INVALID);
    assert_int_equal(ar_timestamp_from_civil(NULL, &timestamp, &err), AR_E_INVALID);
    assert_int_equal(ar_timestamp_from_civil(&(ar_civil){ .month = 1, .day = 1 }, NULL, &err), AR_E_INVALID);
}

static int32_t length_of_month(int32_t year, int32_t month)
{
    if (month == 2)
        return year % 400 == 0 || (year % 4 == 0 && year % 100 != 0) ? 29 : 28;
    return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

/* Day by day through 800 years and the year 0, against a calendar that only counts. */
static void every_day_follows_the_one_before(void **state)
{
    ar_date date = { 0 };
    (void)state;
    assert_int_equal(ar_date_from_civil(-400, 1, 1, &date, NULL), AR_OK);
    for (int32_t year = -400; year < 400; year++)
        for (int32_t month = 1; month <= 12; month++) {
            ar_date beyond = { 7 };
            for (int32_t day = 1; day <= length_of_month(year, month); day++, date.days++) {
                ar_date made = { 0 };
                ar_civil civil = ar_date_to_civil(date);
                if (civil.year != year || civil.month != month || civil.day != day)
                    fail_msg("day %d is not %d-%d-%d", date.days, year, month, day);
                if (ar_date_from_civil(year, month, day, &made, NULL) != AR_OK || made.days != date.days)
                    fail_msg("%d-%d-%d is not day %d", year, month, day, date.days);
            }
            assert_int_equal(ar_date_from_civil(year, month, length_of_month(year, month) + 1, &beyond, NULL),
                             AR_E_TYPE);
            assert_int_equal(beyond.days, 7);
        }
    assert_int_equal(date.days, -719528 + 146097);
}

static void civil_dates_are_checked(void **state)
{
    ar_date out = { 7 };
    ar_error err;
    (void)state;
    assert_int_equal(ar_date_from_civil(2024, 0, 1, &out, &err), AR_E_TYPE);
    assert_int_equal(ar_date_from_civil(2024, 13, 1, &out, &err), AR_E_TYPE);
    assert_int_equal(ar_date_from_civil(2024, INT32_MIN, 1, &out, &err), AR_E_TYPE);
    assert_int_equal(ar_date_from_civil(2024, 1, 0, &out, &err), AR_E_TYPE);
    assert_int_equal(ar_date_from_civil(2024, 1, INT32_MIN, &out, &err), AR_E_TYPE);
    assert_int_equal(ar_date_from_civil(INT32_MAX, 12, 31, &out, &err), AR_E_TYPE);
    assert_int_equal(ar_date_from_civil(INT32_MIN, 1, 1, &out, &err), AR_E_TYPE);
    assert_int_equal(ar_date_from_civil(5881580, 7, 12, &out, &err), AR_E_TYPE);
    assert_int_equal(ar_date_from_civil(-5877641, 6, 22, &out, &err), AR_E_TYPE);
    assert_int_equal(out.days, 7);
    assert_int_equal(ar_date_from_civil(5881580, 7, 11, &out, &err), AR_OK);
    assert_int_equal(out.days, INT32_MAX);
}

static void civil_times_are_checked(void **state)
{
    ar_time out = { 7 };
    ar_error err;
    (void)state;
    assert_int_equal(ar_time_from_civil(24, 0, 0, 0, &out, &err), AR_E_TYPE);
    assert_int_equal(ar_time_from_civil(-1, 0, 0, 0, &out, &err), AR_E_TYPE);
    assert_int_equal(ar_time_from_civil(0, 60, 0, 0, &out, &err), AR_E_TYPE);
    assert_int_equal(ar_time_from_civil(0, -1, 0, 0, &out, &err), AR_E_TYPE);
    assert_int_equal(ar_time_from_civil(0, 0, 60, 0, &out, &err), AR_E_TYPE);
    assert_int_equal(ar_time_from_civil(0, 0, -1, 0, &out, &err), AR_E_TYPE);
    assert_int_equal(ar_time_from_civil(0, 0, 0, 1000000, &out, &err), AR_E_TYPE);
    assert_int_equal(ar_time_from_civil(0, 0, 0, -1, &out, &err), AR_E_TYPE);
    assert_int_equal(out.us, 7);
    assert_int_equal(ar_time_from_civil(23, 59, 59, 999999, &out, &err), AR_OK);
    assert_int_equal(out.us, DAY - 1);
    ar_civil civil = ar_time_to_civil(out);
    assert_int_equal(civil.hour, 23);
    assert_int_equal(civil.minute, 59);
    assert_int_equal(civil.second, 59);
    assert_int_equal(civil.microsecond, 999999);
    assert_int_equal(civil.year, 0);
    assert_int_equal(civil.month, 0);
    assert_int_equal(civil.day, 0);
}

static void civil_timestamps_are_checked(void **state)
{
    ar_timestamp out = { 7 };
    (void)state;
    assert_int_equal(ar_timestamp_from_civil(&(ar_civil){ 2023, 2, 29, 0, 0, 0, 0 }, &out, NULL), AR_E_TYPE);
    assert_int_equal(ar_timestamp_from_civil(&(ar_civil){ 2024, 2, 29, 24, 0, 0, 0 }, &out, NULL), AR_E_TYPE);
    assert_int_equal(ar_timestamp_from_civil(&(ar_civil){ INT32_MAX, 1, 1, 0, 0, 0, 0 }, &out, NULL), AR_E_TYPE);
    assert_int_equal(ar_timestamp_from_civil(&(ar_civil){ INT32_MIN, 1, 1, 0, 0, 0, 0 }, &out, NULL), AR_E_TYPE);
    assert_int_equal(out.us, 7);
    assert_int_equal(ar_timestamp_from_civil(&(ar_civil){ 2024, 2, 29, 23, 59, 59, 123456 }, &out, NULL), AR_OK);
    assert_int_equal(out.us, INT64_C(1709251199123456));
    assert_int_equal(ar_timestamp_from_civil(&(ar_civil){ -290308, 12, 21, 19, 59, 5, 224192 }, &out, NULL), AR_OK);
    assert_true(out.us == INT64_MIN);
}

static void random_instants_come_back(void **state)
{
    (void)state;
    for (int i = 0; i < 20000; i++) {
        char text[AR_TIMESTAMP_TEXT_SIZE];
        ar_timestamp value = { (int64_t)draw() >> (draw() % 40) };
        ar_timestamp back = { 7 };
        size_t length = ar_timestamp_format(value, text, sizeof text);
        assert_int_equal(ar_timestamp_parse_n(text, length, &back, NULL), AR_OK);
        assert_true(back.us == value.us);
        ar_civil civil = ar_timestamp_to_civil(value);
        back.us = 7;
        assert_int_equal(ar_timestamp_from_civil(&civil, &back, NULL), AR_OK);
        assert_true(back.us == value.us);
        ar_date date = { (int32_t)draw() };
        ar_date date_back = { 7 };
        length = ar_date_format(date, text, sizeof text);
        assert_int_equal(ar_date_parse_n(text, length, &date_back, NULL), AR_OK);
        assert_int_equal(date_back.days, date.days);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timestamps_are_written_and_read),
        cmocka_unit_test(sql_text_has_a_space_and_no_zone),
        cmocka_unit_test(timestamp_forms_that_are_read),
        cmocka_unit_test(offset_moves_an_instant_into_range_or_out_of_it),
        cmocka_unit_test(text_that_is_no_timestamp_is_refused),
        cmocka_unit_test(dates_are_written_and_read),
        cmocka_unit_test(text_that_is_no_date_is_refused),
        cmocka_unit_test(times_are_written_and_read),
        cmocka_unit_test(text_that_is_no_time_is_refused),
        cmocka_unit_test(time_out_of_the_day_is_not_valid),
        cmocka_unit_test(format_needs_room),
        cmocka_unit_test(exactly_the_given_bytes_are_read),
        cmocka_unit_test(null_is_refused),
        cmocka_unit_test(every_day_follows_the_one_before),
        cmocka_unit_test(civil_dates_are_checked),
        cmocka_unit_test(civil_times_are_checked),
        cmocka_unit_test(civil_timestamps_are_checked),
        cmocka_unit_test(random_instants_come_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
