/* SPDX-License-Identifier: MIT */
#include "backends/sqlite/value.h"

#include <string.h>

#include <actrec/decimal.h>

/* Decimals are stored as text, which SQLite compares by letters. The collation AR_DECIMAL compares by value; what is
 * no decimal comes behind all that are, by bytes. */
static int compare(void *context, int a_length, const void *a_text, int b_length, const void *b_text)
{
    (void)context;
    ar_decimal a, b;
    bool a_fits = ar_decimal_parse_n(a_text, (size_t)a_length, &a, NULL) == AR_OK;
    bool b_fits = ar_decimal_parse_n(b_text, (size_t)b_length, &b, NULL) == AR_OK;
    if (a_fits && b_fits)
        return ar_decimal_compare(a, b);
    if (a_fits != b_fits)
        return a_fits ? -1 : 1;
    int order = memcmp(a_text, b_text, (size_t)(a_length < b_length ? a_length : b_length));
    return order != 0 ? order : a_length - b_length;
}

typedef struct decimal_sum {
    ar_decimal total; /* valid when `any` */
    bool any;
    bool failed;
} decimal_sum;

static bool decimal_of(sqlite3_value *value, ar_decimal *out)
{
    switch (sqlite3_value_type(value)) {
    case SQLITE_INTEGER: *out = ar_decimal_from_int64(sqlite3_value_int64(value)); return true;
    case SQLITE_FLOAT: return ar_decimal_from_double(sqlite3_value_double(value), out, NULL) == AR_OK;
    case SQLITE_TEXT: {
        const char *text = (const char *)sqlite3_value_text(value);
        return text != NULL && ar_decimal_parse_n(text, (size_t)sqlite3_value_bytes(value), out, NULL) == AR_OK;
    }
    default: return false;
    }
}

static void sum_step(sqlite3_context *context, int count, sqlite3_value **values)
{
    (void)count;
    ar_decimal value;
    decimal_sum *sum = sqlite3_aggregate_context(context, sizeof *sum);
    if (sum == NULL) {
        sqlite3_result_error_nomem(context);
        return;
    }
    if (sum->failed || sqlite3_value_type(values[0]) == SQLITE_NULL)
        return;
    if (!decimal_of(values[0], &value) || (sum->any && ar_decimal_add(sum->total, value, &sum->total, NULL) != AR_OK)) {
        sum->failed = true;
        sqlite3_result_error(context, "ar_decimal_sum: a value is no decimal, or the sum takes more than 38 digits",
                             -1);
        sqlite3_result_error_code(context, SQLITE_MISMATCH);
        return;
    }
    if (!sum->any)
        sum->total = value;
    sum->any = true;
}

static void sum_finish(sqlite3_context *context)
{
    decimal_sum *sum = sqlite3_aggregate_context(context, 0);
    if (sum == NULL || sum->failed || !sum->any)
        return;
    char text[AR_DECIMAL_TEXT_SIZE];
    size_t length = ar_decimal_format(sum->total, text, sizeof text);
    sqlite3_result_text(context, text, (int)length, SQLITE_TRANSIENT);
}

/* ar_decimal_add(a, b) */
static void add_two(sqlite3_context *context, int count, sqlite3_value **values)
{
    (void)count;
    ar_decimal a, b, sum;
    char text[AR_DECIMAL_TEXT_SIZE];
    if (sqlite3_value_type(values[0]) == SQLITE_NULL || sqlite3_value_type(values[1]) == SQLITE_NULL)
        return;
    if (!decimal_of(values[0], &a) || !decimal_of(values[1], &b) || ar_decimal_add(a, b, &sum, NULL) != AR_OK) {
        sqlite3_result_error(context, "ar_decimal_add: a value is no decimal, or the sum takes more than 38 digits",
                             -1);
        sqlite3_result_error_code(context, SQLITE_MISMATCH);
        return;
    }
    size_t length = ar_decimal_format(sum, text, sizeof text);
    sqlite3_result_text(context, text, (int)length, SQLITE_TRANSIENT);
}

int ari_sqlite_add_decimals(sqlite3 *db)
{
    int code = sqlite3_create_collation_v2(db, "AR_DECIMAL", SQLITE_UTF8, NULL, compare, NULL);
    if (code == SQLITE_OK)
        code =
            sqlite3_create_function_v2(db, "ar_decimal_sum", 1, SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS,
                                       NULL, NULL, sum_step, sum_finish, NULL);
    if (code == SQLITE_OK)
        code =
            sqlite3_create_function_v2(db, "ar_decimal_add", 2, SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS,
                                       NULL, add_two, NULL, NULL, NULL);
    return code;
}
