/* SPDX-License-Identifier: MIT */
#include "backends/sqlite/value.h"

/* SQLite's + makes a floating-point number of a sum that no 64-bit integer holds, knows no narrower types than its own,
 * and adds decimals, which are texts, as floating-point numbers. These functions add as the columns of other engines
 * do: a sum that its type cannot hold is an error, and NULL plus anything is NULL. */

static void refuse(sqlite3_context *context)
{
    sqlite3_result_error(context, "a sum does not fit its column", -1);
    sqlite3_result_error_code(context, SQLITE_MISMATCH);
}

static bool is_null(sqlite3_value *const *values)
{
    return sqlite3_value_type(values[0]) == SQLITE_NULL || sqlite3_value_type(values[1]) == SQLITE_NULL;
}

/* ar_integer_add(a, b, bits): of a signed integer. */
static void add_integers(sqlite3_context *context, int count, sqlite3_value **values)
{
    (void)count;
    if (is_null(values))
        return;
    if (sqlite3_value_type(values[0]) != SQLITE_INTEGER || sqlite3_value_type(values[1]) != SQLITE_INTEGER) {
        refuse(context);
        return;
    }
    int bits = sqlite3_value_int(values[2]);
    int64_t high = bits >= 64 ? INT64_MAX : (INT64_C(1) << (bits - 1)) - 1, low = -high - 1;
    int64_t a = sqlite3_value_int64(values[0]), b = sqlite3_value_int64(values[1]);
    if (b > 0 ? a > high - b : a < low - b)
        refuse(context);
    else
        sqlite3_result_int64(context, a + b);
}

/* ar_float_add(a, b): rounded to a float. */
static void add_floats(sqlite3_context *context, int count, sqlite3_value **values)
{
    (void)count;
    if (!is_null(values))
        sqlite3_result_double(context, (float)(sqlite3_value_double(values[0]) + sqlite3_value_double(values[1])));
}

int ari_sqlite_add_additions(sqlite3 *db)
{
    const int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;
    int code = sqlite3_create_function_v2(db, "ar_integer_add", 3, flags, NULL, add_integers, NULL, NULL, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_create_function_v2(db, "ar_float_add", 2, flags, NULL, add_floats, NULL, NULL, NULL);
    return code;
}
