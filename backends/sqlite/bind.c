/* SPDX-License-Identifier: MIT */
#include "backends/sqlite/value.h"

#include <math.h>
#include <string.h>

#include <actrec/decimal.h>
#include <actrec/time.h>

#include "backends/sqlite/error.h"
#include "backends/sqlite/target.h"
#include "values/integer.h"
#include "values/utf8.h"

static ar_status bound(sqlite3 *db, int code, int index, const ar_value *value, ar_error *err)
{
    if (code == SQLITE_OK)
        return AR_OK;
    if (code == SQLITE_TOOBIG)
        return ar_error_set(err, AR_E_TYPE, "binding parameter %d: %s is too long for SQLite", index,
                            ar_type_name(value->type));
    return ari_sqlite_error(db, code, "binding parameters", err);
}

static ar_status bind_text(sqlite3 *db, sqlite3_stmt *handle, int index, const ar_value *value, ar_error *err)
{
    const ar_text *text = &value->as.text;
    if (text->data == NULL)
        return ar_error_set(err, AR_E_INVALID, "binding parameter %d: %s without data; bind a null instead", index,
                            ar_type_name(value->type));
    if (memchr(text->data, '\0', text->length) != NULL)
        return ar_error_set(err, AR_E_TYPE, "binding parameter %d: %s has a NUL inside; bind it as bytes", index,
                            ar_type_name(value->type));
    if (!ari_utf8_is_valid(text->data, text->length))
        return ar_error_set(err, AR_E_TYPE, "binding parameter %d: %s is not UTF-8; bind it as bytes", index,
                            ar_type_name(value->type));
    int code = sqlite3_bind_text64(handle, index, text->data, text->length, SQLITE_STATIC, SQLITE_UTF8);
    return bound(db, code, index, value, err);
}

static ar_status bind_bytes(sqlite3 *db, sqlite3_stmt *handle, int index, const ar_value *value, ar_error *err)
{
    const ar_bytes *bytes = &value->as.bytes;
    int code;
    if (bytes->length == 0) /* a NULL pointer would bind NULL */
        code = sqlite3_bind_zeroblob(handle, index, 0);
    else if (bytes->data == NULL)
        return ar_error_set(err, AR_E_INVALID, "binding parameter %d: bytes without data; bind a null instead", index);
    else
        code = sqlite3_bind_blob64(handle, index, bytes->data, bytes->length, SQLITE_STATIC);
    return bound(db, code, index, value, err);
}

static ar_status bind_decimal(sqlite3 *db, sqlite3_stmt *handle, int index, const ar_value *value, ar_error *err)
{
    char text[AR_DECIMAL_TEXT_SIZE];
    size_t length = ar_decimal_format(value->as.decimal, text, sizeof text);
    if (length == 0)
        return ar_error_set(err, AR_E_TYPE,
                            "binding parameter %d: the decimal is not valid (over 38 digits, or a negative zero)",
                            index);
    int code = sqlite3_bind_text(handle, index, text, (int)length, SQLITE_TRANSIENT);
    return bound(db, code, index, value, err);
}

static ar_status bind_real(sqlite3 *db, sqlite3_stmt *handle, ari_sqlite_targets *targets, int index,
                           const ar_value *value, ar_error *err)
{
    double number = value->type == AR_TYPE_FLOAT ? (double)value->as.single : value->as.real;
    if (isnan(number))
        return ar_error_set(err, AR_E_TYPE, "binding parameter %d: SQLite has no NaN; bind a null instead", index);
    if (number == 0 && signbit(number) && !sqlite3_stmt_readonly(handle) && ari_sqlite_loses_minus_zero(targets, index))
        return ar_error_set(
            err, AR_E_TYPE,
            "binding parameter %d: a column of a numeric type of SQLite loses the sign of -0.0; declare "
            "it as DOUBLE_BLOB, and name it in the list of columns",
            index);
    int code = sqlite3_bind_double(handle, index, number);
    return bound(db, code, index, value, err);
}

static ar_status bind_integer(sqlite3 *db, sqlite3_stmt *handle, int index, const ar_value *value, ar_error *err)
{
    if (!ari_integer_fits(value->type, value->as.integer))
        return ar_error_set(err, AR_E_TYPE, "binding parameter %d: the number does not fit %s", index,
                            ar_type_name(value->type));
    int code = sqlite3_bind_int64(handle, index, value->as.integer);
    return bound(db, code, index, value, err);
}

static ar_status bind_time(sqlite3 *db, sqlite3_stmt *handle, int index, const ar_value *value, ar_error *err)
{
    if (!ar_time_is_valid(value->as.time))
        return ar_error_set(err, AR_E_TYPE, "binding parameter %d: the time is not within one day", index);
    return bound(db, sqlite3_bind_int64(handle, index, value->as.time.us), index, value, err);
}

static ar_status bind_one(sqlite3 *db, sqlite3_stmt *handle, ari_sqlite_targets *targets, int index,
                          const ar_value *value, ar_error *err)
{
    switch (value->type) {
    case AR_TYPE_NULL: return bound(db, sqlite3_bind_null(handle, index), index, value, err);
    case AR_TYPE_BOOL: return bound(db, sqlite3_bind_int(handle, index, value->as.boolean ? 1 : 0), index, value, err);
    case AR_TYPE_INT16:
    case AR_TYPE_INT32:
    case AR_TYPE_INT64:
    case AR_TYPE_ENUM: return bind_integer(db, handle, index, value, err);
    case AR_TYPE_FLOAT:
    case AR_TYPE_DOUBLE: return bind_real(db, handle, targets, index, value, err);
    case AR_TYPE_TEXT:
    case AR_TYPE_JSON: return bind_text(db, handle, index, value, err);
    case AR_TYPE_BYTES: return bind_bytes(db, handle, index, value, err);
    case AR_TYPE_TIMESTAMP:
        return bound(db, sqlite3_bind_int64(handle, index, value->as.timestamp.us), index, value, err);
    case AR_TYPE_DATE: return bound(db, sqlite3_bind_int(handle, index, value->as.date.days), index, value, err);
    case AR_TYPE_TIME: return bind_time(db, handle, index, value, err);
    case AR_TYPE_DECIMAL: return bind_decimal(db, handle, index, value, err);
    case AR_TYPE_UUID:
        return bound(db, sqlite3_bind_blob(handle, index, value->as.uuid.bytes, 16, SQLITE_STATIC), index, value, err);
    }
    return ar_error_set(err, AR_E_INVALID, "binding parameter %d: there is no type %d", index, (int)value->type);
}

ar_status ari_sqlite_bind(sqlite3 *db, sqlite3_stmt *handle, const ar_statement *source, const ar_value *parameters,
                          ar_error *err)
{
    ari_sqlite_targets targets;
    ar_status status = AR_OK;
    ari_sqlite_targets_init(&targets, db, source);
    for (uint32_t i = 0; status == AR_OK && i < source->parameter_count; i++)
        status = bind_one(db, handle, &targets, (int)i + 1, &parameters[i], err);
    ari_sqlite_targets_fini(&targets);
    return status;
}
