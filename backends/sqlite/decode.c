/* SPDX-License-Identifier: MIT */
#include "backends/sqlite/value.h"

#include <math.h>
#include <string.h>

#include <actrec/decimal.h>
#include <actrec/time.h>
#include <actrec/uuid.h>

#include "values/integer.h"
#include "values/number.h"

/* Values are read through sqlite3_column_value, once a column: the sqlite3_column_ functions each look the column up
 * anew. It is "unprotected", which only matters to threads that share the connection, and none do
 * (https://www.sqlite.org/c3ref/column_blob.html).
 *
 * Every decoder answers AR_E_TYPE, without a message, for what does not fit: the column and the types are named in
 * one place. */

static const char *stored_name(int stored)
{
    switch (stored) {
    case SQLITE_INTEGER: return "an INTEGER";
    case SQLITE_FLOAT: return "a REAL";
    case SQLITE_TEXT: return "a TEXT";
    case SQLITE_BLOB: return "a BLOB";
    default: return "a NULL";
    }
}

static ar_status refuse(sqlite3_stmt *handle, int column, ar_type wanted, ar_status status, ar_error *err)
{
    const char *name = sqlite3_column_name(handle, column);
    if (status == AR_E_NO_MEMORY)
        return ar_error_set(err, status, "reading column %d: no memory", column + 1);
    return ar_error_set(err, AR_E_TYPE, "reading column %d (%s): it holds %s that does not fit %s", column + 1,
                        name == NULL ? "?" : name, stored_name(sqlite3_column_type(handle, column)),
                        ar_type_name(wanted));
}

static ar_status read_text(sqlite3_value *from, ar_text *out)
{
    const char *data = (const char *)sqlite3_value_text(from);
    if (data == NULL)
        return AR_E_NO_MEMORY;
    out->data = data;
    out->length = (size_t)sqlite3_value_bytes(from);
    return memchr(data, '\0', out->length) == NULL ? AR_OK : AR_E_TYPE;
}

static ar_status read_bytes(sqlite3_value *from, ar_bytes *out)
{
    out->data = sqlite3_value_blob(from);
    out->length = (size_t)sqlite3_value_bytes(from);
    if (out->data == NULL) {
        if (out->length != 0)
            return AR_E_NO_MEMORY;
        out->data = "";
    }
    return AR_OK;
}

static ar_status read_integer(sqlite3_value *from, int stored, ar_type wanted, int64_t *out)
{
    if (stored == SQLITE_INTEGER) {
        *out = sqlite3_value_int64(from);
    } else if (stored == SQLITE_FLOAT) {
        double number = sqlite3_value_double(from);
        if (!(number >= -9223372036854775808.0 && number < 9223372036854775808.0) || number != floor(number))
            return AR_E_TYPE;
        *out = (int64_t)number;
    } else if (stored == SQLITE_TEXT) {
        ar_text text;
        ar_status status = read_text(from, &text);
        if (status != AR_OK)
            return status;
        if (!ari_parse_int64(text.data, text.length, out))
            return AR_E_TYPE;
    } else {
        return AR_E_TYPE;
    }
    return ari_integer_fits(wanted, *out) ? AR_OK : AR_E_TYPE;
}

static ar_status read_double(sqlite3_value *from, int stored, double *out)
{
    if (stored == SQLITE_FLOAT) {
        *out = sqlite3_value_double(from);
    } else if (stored == SQLITE_INTEGER) {
        int64_t number = sqlite3_value_int64(from);
        *out = (double)number;
        if (*out >= 9223372036854775808.0 || (int64_t)*out != number)
            return AR_E_TYPE;
    } else if (stored == SQLITE_TEXT) {
        ar_text text;
        ar_status status = read_text(from, &text);
        if (status != AR_OK)
            return status;
        if (!ari_parse_double(text.data, text.length, out) || isnan(*out))
            return AR_E_TYPE;
    } else {
        return AR_E_TYPE;
    }
    return AR_OK;
}

static ar_status read_float(sqlite3_value *from, int stored, float *out)
{
    double number;
    ar_status status = read_double(from, stored, &number);
    if (status != AR_OK)
        return status;
    if (isfinite(number) && fabs(number) > 3.4028234663852886e38)
        return AR_E_TYPE;
    *out = (float)number;
    return (double)*out == number ? AR_OK : AR_E_TYPE;
}

static ar_status read_decimal(sqlite3_value *from, int stored, ar_decimal *out)
{
    if (stored == SQLITE_TEXT) {
        ar_text text;
        ar_status status = read_text(from, &text);
        return status == AR_OK ? ar_decimal_parse_n(text.data, text.length, out, NULL) : status;
    }
    if (stored == SQLITE_INTEGER) {
        *out = ar_decimal_from_int64(sqlite3_value_int64(from));
        return AR_OK;
    }
    return stored == SQLITE_FLOAT ? ar_decimal_from_double(sqlite3_value_double(from), out, NULL) : AR_E_TYPE;
}

static ar_status read_uuid(sqlite3_value *from, int stored, ar_uuid *out)
{
    if (stored == SQLITE_TEXT) {
        ar_text text;
        ar_status status = read_text(from, &text);
        return status == AR_OK ? ar_uuid_parse_n(text.data, text.length, out, NULL) : status;
    }
    ar_bytes bytes;
    ar_status status = stored == SQLITE_BLOB ? read_bytes(from, &bytes) : AR_E_TYPE;
    if (status == AR_OK && bytes.length != sizeof out->bytes)
        status = AR_E_TYPE;
    if (status == AR_OK)
        memcpy(out->bytes, bytes.data, sizeof out->bytes);
    return status;
}

static ar_status read_calendar(sqlite3_value *from, int stored, ar_type wanted, ar_value *out)
{
    if (stored != SQLITE_TEXT) {
        int64_t number;
        int64_t least = wanted == AR_TYPE_TIMESTAMP ? INT64_MIN : wanted == AR_TYPE_DATE ? INT32_MIN : 0;
        int64_t most = wanted == AR_TYPE_TIMESTAMP ? INT64_MAX
                       : wanted == AR_TYPE_DATE    ? INT32_MAX
                                                   : INT64_C(86399999999);
        if (stored != SQLITE_INTEGER)
            return AR_E_TYPE;
        number = sqlite3_value_int64(from);
        if (number < least || number > most)
            return AR_E_TYPE;
        if (wanted == AR_TYPE_TIMESTAMP)
            out->as.timestamp.us = number;
        else if (wanted == AR_TYPE_DATE)
            out->as.date.days = (int32_t)number;
        else
            out->as.time.us = number;
        return AR_OK;
    }
    ar_text text;
    ar_status status = read_text(from, &text);
    if (status != AR_OK)
        return status;
    if (wanted == AR_TYPE_TIMESTAMP)
        return ar_timestamp_parse_n(text.data, text.length, &out->as.timestamp, NULL);
    if (wanted == AR_TYPE_DATE)
        return ar_date_parse_n(text.data, text.length, &out->as.date, NULL);
    return ar_time_parse_n(text.data, text.length, &out->as.time, NULL);
}

static ar_status read_bool(sqlite3_value *from, int stored, bool *out)
{
    int64_t number = stored == SQLITE_INTEGER ? sqlite3_value_int64(from) : -1;
    if (number < 0 || number > 1)
        return AR_E_TYPE;
    *out = number == 1;
    return AR_OK;
}

static ar_type as_stored(int stored)
{
    switch (stored) {
    case SQLITE_INTEGER: return AR_TYPE_INT64;
    case SQLITE_FLOAT: return AR_TYPE_DOUBLE;
    case SQLITE_TEXT: return AR_TYPE_TEXT;
    case SQLITE_BLOB: return AR_TYPE_BYTES;
    default: return AR_TYPE_NULL;
    }
}

static ar_status read_value(sqlite3_value *from, int stored, ar_type wanted, ar_value *out)
{
    switch (wanted) {
    case AR_TYPE_NULL: return AR_OK;
    case AR_TYPE_BOOL: return read_bool(from, stored, &out->as.boolean);
    case AR_TYPE_INT16:
    case AR_TYPE_INT32:
    case AR_TYPE_INT64:
    case AR_TYPE_ENUM: return read_integer(from, stored, wanted, &out->as.integer);
    case AR_TYPE_FLOAT: return read_float(from, stored, &out->as.single);
    case AR_TYPE_DOUBLE: return read_double(from, stored, &out->as.real);
    case AR_TYPE_TEXT:
    case AR_TYPE_JSON: return stored == SQLITE_TEXT ? read_text(from, &out->as.text) : AR_E_TYPE;
    case AR_TYPE_BYTES:
        return stored == SQLITE_BLOB || stored == SQLITE_TEXT ? read_bytes(from, &out->as.bytes) : AR_E_TYPE;
    case AR_TYPE_TIMESTAMP:
    case AR_TYPE_DATE:
    case AR_TYPE_TIME: return read_calendar(from, stored, wanted, out);
    case AR_TYPE_DECIMAL: return read_decimal(from, stored, &out->as.decimal);
    case AR_TYPE_UUID: return read_uuid(from, stored, &out->as.uuid);
    }
    return AR_E_TYPE;
}

/* What read_value does for the commonest values, which need no look at their range. False: it is not one of those. */
static bool read_plain(sqlite3_value *from, int stored, ar_type wanted, ar_value *out)
{
    if (stored == SQLITE_INTEGER && wanted == AR_TYPE_INT64)
        out->as.integer = sqlite3_value_int64(from);
    else if (stored == SQLITE_INTEGER && wanted == AR_TYPE_TIMESTAMP)
        out->as.timestamp.us = sqlite3_value_int64(from);
    else if (stored == SQLITE_FLOAT && wanted == AR_TYPE_DOUBLE)
        out->as.real = sqlite3_value_double(from);
    else if (stored == SQLITE_TEXT && wanted == AR_TYPE_TEXT)
        return read_text(from, &out->as.text) == AR_OK;
    else
        return false;
    return true;
}

ar_status ari_sqlite_decode(sqlite3_stmt *handle, const ar_type *wanted, ar_value *values, size_t count, ar_error *err)
{
    for (size_t i = 0; i < count; i++) {
        int column = (int)i;
        sqlite3_value *from = sqlite3_column_value(handle, column);
        int stored = sqlite3_value_type(from);
        if (stored == SQLITE_NULL) {
            values[i].type = AR_TYPE_NULL;
            continue;
        }
        ar_type type = wanted == NULL || wanted[i] == AR_TYPE_NULL ? as_stored(stored) : wanted[i];
        values[i].type = type;
        if (read_plain(from, stored, type, &values[i]))
            continue;
        ar_status status = read_value(from, stored, type, &values[i]);
        if (status != AR_OK)
            return refuse(handle, column, type, status, err);
    }
    return AR_OK;
}
