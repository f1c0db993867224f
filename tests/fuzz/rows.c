/* SPDX-License-Identifier: MIT */
#include "tests/fuzz/fuzz_db.h"

/* SQL and values that were made up, through ar_sql_text: whatever comes back can be read by every getter, and as records. */

enum { MOST_VALUES = 8 };

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    fuzz_db_initialize();
    return 0;
}

static void read_value(const ar_rows *rows, size_t row, size_t column)
{
    ar_error error;
    ar_value value;
    int64_t int64;
    int32_t int32;
    bool boolean;
    double real;
    ar_decimal decimal;
    ar_timestamp timestamp;
    ar_date date;
    ar_time time;
    ar_uuid uuid;
    const char *text = NULL;
    ar_bytes bytes;
    ar_json json;
    CLAIM(ar_rows_value(rows, row, column, &value, &error) == AR_OK);
    CLAIM((value.type == AR_TYPE_NULL) == ar_rows_is_null(rows, row, column));
    fuzz_claim_said(ar_rows_int64(rows, row, column, &int64, &error), &error);
    fuzz_claim_said(ar_rows_int32(rows, row, column, &int32, &error), &error);
    fuzz_claim_said(ar_rows_bool(rows, row, column, &boolean, &error), &error);
    fuzz_claim_said(ar_rows_double(rows, row, column, &real, &error), &error);
    if (ar_rows_decimal(rows, row, column, &decimal, &error) == AR_OK)
        CLAIM(ar_decimal_is_valid(decimal));
    fuzz_claim_said(ar_rows_timestamp(rows, row, column, &timestamp, &error), &error);
    fuzz_claim_said(ar_rows_date(rows, row, column, &date, &error), &error);
    if (ar_rows_time(rows, row, column, &time, &error) == AR_OK)
        CLAIM(ar_time_is_valid(time));
    fuzz_claim_said(ar_rows_uuid(rows, row, column, &uuid, &error), &error);
    if (ar_rows_text(rows, row, column, &text, &error) == AR_OK && text != NULL)
        CLAIM(strlen(text) == value.as.text.length);
    if (ar_rows_bytes(rows, row, column, &bytes, &error) == AR_OK && bytes.length > 0)
        (void)memchr(bytes.data, 1, bytes.length); /* all of it can be read */
    fuzz_claim_said(ar_rows_json(rows, row, column, &json, &error), &error);
}

static void read_rows(ar_rows *rows)
{
    size_t count = ar_rows_count(rows), columns = ar_rows_column_count(rows);
    for (size_t column = 0; column < columns; column++) {
        CLAIM(ar_rows_column_name(rows, column) != NULL);
        CLAIM(ar_rows_column_index(rows, ar_rows_column_name(rows, column)) <= column);
        for (size_t row = 0; row < count && row < 16; row++)
            read_value(rows, row, column);
    }
    ar_rows_free(rows);
}

static void read_records(ar_query *query, ar_error *error)
{
    Thing_list list;
    ar_status status = Thing_all(query, &list, error);
    fuzz_claim_said(status, error);
    for (size_t i = 0; i < list.count; i++) {
        Thing *thing = list.items[i];
        CLAIM(thing->name == NULL || strlen(thing->name) < 1000000);
        CLAIM(ar_decimal_is_valid(thing->money) && ar_time_is_valid(thing->clock));
    }
    Thing_list_free(&list);
    CLAIM(list.count == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_input input = { data, size };
    uint8_t choice = fuzz_byte(&input);
    size_t count = choice % (MOST_VALUES + 1);
    char *sql = fuzz_line(&input, NULL), *keep[MOST_VALUES] = { NULL };
    ar_value values[MOST_VALUES];
    ar_rows *rows = NULL;
    ar_error error;
    for (size_t i = 0; i < count; i++)
        values[i] = fuzz_value(&input, &keep[i]);
    fuzz_db_open();
    ar_query *query = ar_sql_text(fuzz_db, sql, values, count);
    if ((choice & 0x80) != 0) {
        read_records(query, &error);
    } else {
        ar_status status = ar_query_rows(query, &rows, &error);
        fuzz_claim_said(status, &error);
        CLAIM((status == AR_OK) == (rows != NULL));
        if (status == AR_OK)
            read_rows(rows);
    }
    ar_db_close(&fuzz_db);
    for (size_t i = 0; i < count; i++)
        free(keep[i]);
    free(sql);
    return 0;
}
