/* SPDX-License-Identifier: MIT */
#include "tests/fuzz/fuzz.h"

#include <stdbool.h>

#include <actrec/time.h>
#include <actrec/uuid.h>

/* Dates, times, timestamps and UUIDs: what is read, or any bits that are a value, is written so that it reads back the same. */

static void check_date(ar_date date)
{
    char text[AR_DATE_TEXT_SIZE];
    ar_date again;
    size_t length = ar_date_format(date, text, sizeof text);
    CLAIM(length > 0 && strlen(text) == length);
    CLAIM(ar_date_parse_n(text, length, &again, NULL) == AR_OK && again.days == date.days);
    ar_civil civil = ar_date_to_civil(date);
    CLAIM(ar_date_from_civil(civil.year, civil.month, civil.day, &again, NULL) == AR_OK && again.days == date.days);
}

static void check_time(ar_time time)
{
    char text[AR_TIME_TEXT_SIZE];
    ar_time again;
    size_t length = ar_time_format(time, text, sizeof text);
    CLAIM((length > 0) == ar_time_is_valid(time) && strlen(text) == length);
    ar_civil civil = ar_time_to_civil(time);
    CLAIM(ar_time_from_civil(civil.hour, civil.minute, civil.second, civil.microsecond, &again, NULL) == AR_OK);
    if (length > 0) {
        CLAIM(again.us == time.us);
        CLAIM(ar_time_parse_n(text, length, &again, NULL) == AR_OK && again.us == time.us);
    }
}

static void check_timestamp(ar_timestamp timestamp)
{
    char text[AR_TIMESTAMP_TEXT_SIZE];
    ar_timestamp again;
    size_t length = ar_timestamp_format(timestamp, text, sizeof text);
    CLAIM(length > 0 && strlen(text) == length);
    CLAIM(ar_timestamp_parse_n(text, length, &again, NULL) == AR_OK && again.us == timestamp.us);
    length = ar_timestamp_format_sql(timestamp, text, sizeof text);
    CLAIM(length > 0 && strlen(text) == length);
    CLAIM(ar_timestamp_parse_n(text, length, &again, NULL) == AR_OK && again.us == timestamp.us);
    ar_civil civil = ar_timestamp_to_civil(timestamp);
    CLAIM(ar_timestamp_from_civil(&civil, &again, NULL) == AR_OK && again.us == timestamp.us);
}

static void check_uuid(ar_uuid uuid)
{
    char text[AR_UUID_TEXT_SIZE];
    ar_uuid again;
    CLAIM(ar_uuid_format(uuid, text, sizeof text) == 36);
    CLAIM(ar_uuid_parse_n(text, 36, &again, NULL) == AR_OK && ar_uuid_compare(uuid, again) == 0);
}

static void check_bits(fuzz_input *input)
{
    ar_date date;
    ar_time time;
    ar_timestamp timestamp;
    ar_uuid uuid;
    ar_civil civil;
    fuzz_bytes(input, &date.days, sizeof date.days);
    fuzz_bytes(input, &time.us, sizeof time.us);
    fuzz_bytes(input, &timestamp.us, sizeof timestamp.us);
    fuzz_bytes(input, &uuid, sizeof uuid);
    fuzz_bytes(input, &civil, sizeof civil);
    check_date(date);
    check_time(time);
    check_timestamp(timestamp);
    check_uuid(uuid);
    if (ar_timestamp_from_civil(&civil, &timestamp, NULL) == AR_OK)
        check_timestamp(timestamp);
    if (ar_date_from_civil(civil.year, civil.month, civil.day, &date, NULL) == AR_OK)
        check_date(date);
    if (ar_time_from_civil(civil.hour, civil.minute, civil.second, civil.microsecond, &time, NULL) == AR_OK)
        check_time(time);
}

static void check_text(const char *text, size_t length)
{
    ar_date date;
    ar_time time;
    ar_timestamp timestamp;
    ar_uuid uuid;
    ar_error error;
    ar_status status;
    if ((status = ar_date_parse_n(text, length, &date, &error)) == AR_OK)
        check_date(date);
    CLAIM(status == AR_OK || (status == AR_E_TYPE && error.message[0] != '\0'));
    if ((status = ar_time_parse_n(text, length, &time, &error)) == AR_OK)
        check_time(time);
    CLAIM(status == AR_OK || (status == AR_E_TYPE && error.message[0] != '\0'));
    if ((status = ar_timestamp_parse_n(text, length, &timestamp, &error)) == AR_OK)
        check_timestamp(timestamp);
    CLAIM(status == AR_OK || (status == AR_E_TYPE && error.message[0] != '\0'));
    if ((status = ar_uuid_parse_n(text, length, &uuid, &error)) == AR_OK)
        check_uuid(uuid);
    CLAIM(status == AR_OK || (status == AR_E_TYPE && error.message[0] != '\0'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_input input = { data, size };
    if (fuzz_byte(&input) == 0) {
        check_bits(&input);
        return 0;
    }
    /* The very bytes, without a NUL behind them, in a block of their own. */
    char *text = malloc(input.left > 0 ? input.left : 1);
    CLAIM(text != NULL);
    memcpy(text, input.at, input.left);
    check_text(text, input.left);
    free(text);
    return 0;
}
