/* SPDX-License-Identifier: MIT */
#include "backends/postgres/value.h"

#include <math.h>
#include <string.h>

#include <actrec/decimal.h>
#include <actrec/time.h>
#include <actrec/uuid.h>

#include "backends/postgres/oid.h"
#include "backends/postgres/wire.h"
#include "values/integer.h"
#include "values/number.h"

/* A decoder is chosen for each column of a result by what the column is and what is wanted. Each checks the length that it needs, and answers false for what does not fit:
 * the column and the types are named in one place. */

typedef ari_postgres_decoder decoder;

/* --- integers, numbers --- */

static bool integer_of(Oid type, const char *data, size_t length, int64_t *out)
{
    ar_decimal number;
    switch (type) {
    case ARI_OID_INT2: *out = length == 2 ? (int16_t)ari_wire_get16(data) : 0; return length == 2;
    case ARI_OID_INT4: *out = length == 4 ? (int32_t)ari_wire_get32(data) : 0; return length == 4;
    case ARI_OID_INT8: *out = length == 8 ? (int64_t)ari_wire_get64(data) : 0; return length == 8;
    case ARI_OID_OID: *out = length == 4 ? ari_wire_get32(data) : 0; return length == 4;
    case ARI_OID_NUMERIC:
        return ari_postgres_numeric_read(data, length, &number) && ar_decimal_to_int64(number, out, NULL) == AR_OK;
    default: return false;
    }
}

static bool real_of(Oid type, const char *data, size_t length, double *out)
{
    if (type == ARI_OID_FLOAT8) {
        uint64_t bits = length == 8 ? ari_wire_get64(data) : 0;
        memcpy(out, &bits, sizeof bits);
        return length == 8;
    }
    float single;
    uint32_t bits = length == 4 ? ari_wire_get32(data) : 0;
    memcpy(&single, &bits, sizeof bits);
    *out = (double)single;
    return length == 4;
}

static bool decode_int8(const decoder *column, const char *data, size_t length, ar_value *out)
{
    (void)column;
    out->as.integer = length == 8 ? (int64_t)ari_wire_get64(data) : 0;
    return length == 8;
}

static bool decode_int4(const decoder *column, const char *data, size_t length, ar_value *out)
{
    (void)column;
    out->as.integer = length == 4 ? (int32_t)ari_wire_get32(data) : 0;
    return length == 4;
}

static bool decode_integer(const decoder *column, const char *data, size_t length, ar_value *out)
{
    double number;
    if (column->type == ARI_OID_FLOAT4 || column->type == ARI_OID_FLOAT8) {
        if (!real_of(column->type, data, length, &number) ||
            !(number >= -9223372036854775808.0 && number < 9223372036854775808.0) || number != floor(number))
            return false;
        out->as.integer = (int64_t)number;
    } else if (!integer_of(column->type, data, length, &out->as.integer)) {
        return false;
    }
    return ari_integer_fits(column->wanted, out->as.integer);
}

static bool decode_integer_text(const decoder *column, const char *data, size_t length, ar_value *out)
{
    return ari_parse_int64(data, length, &out->as.integer) && ari_integer_fits(column->wanted, out->as.integer);
}

static bool decode_float8(const decoder *column, const char *data, size_t length, ar_value *out)
{
    return real_of(column->type, data, length, &out->as.real);
}

static bool decode_float4(const decoder *column, const char *data, size_t length, ar_value *out)
{
    uint32_t bits = length == 4 ? ari_wire_get32(data) : 0;
    (void)column;
    memcpy(&out->as.single, &bits, sizeof bits);
    return length == 4;
}

/* A numeric becomes the nearest double, as the average of integers is one; an integer has to be the same number. */
static bool number_of(const decoder *column, const char *data, size_t length, double *out)
{
    int64_t number;
    if (column->type == ARI_OID_FLOAT4 || column->type == ARI_OID_FLOAT8)
        return real_of(column->type, data, length, out);
    if (column->type == ARI_OID_NUMERIC)
        return ari_postgres_numeric_to_double(data, length, out);
    if (!integer_of(column->type, data, length, &number))
        return false;
    *out = (double)number;
    return *out < 9223372036854775808.0 && (int64_t)*out == number;
}

static bool decode_double(const decoder *column, const char *data, size_t length, ar_value *out)
{
    return number_of(column, data, length, &out->as.real);
}

static bool decode_float(const decoder *column, const char *data, size_t length, ar_value *out)
{
    double number;
    if (!number_of(column, data, length, &number) || (isfinite(number) && fabs(number) > 3.4028234663852886e38))
        return false;
    out->as.single = (float)number;
    return column->type == ARI_OID_NUMERIC || isnan(number) || (double)out->as.single == number;
}

static bool decode_double_text(const decoder *column, const char *data, size_t length, ar_value *out)
{
    if (column->wanted == AR_TYPE_FLOAT)
        return ari_parse_float(data, length, &out->as.single) &&
               (column->type != ARI_OID_TEXT || !isnan(out->as.single));
    return ari_parse_double(data, length, &out->as.real) && (column->type != ARI_OID_TEXT || !isnan(out->as.real));
}

static bool decode_decimal(const decoder *column, const char *data, size_t length, ar_value *out)
{
    int64_t number;
    double real;
    switch (column->type) {
    case ARI_OID_NUMERIC: return ari_postgres_numeric_read(data, length, &out->as.decimal);
    case ARI_OID_FLOAT4:
    case ARI_OID_FLOAT8:
        return real_of(column->type, data, length, &real) &&
               ar_decimal_from_double(real, &out->as.decimal, NULL) == AR_OK;
    default:
        if (!integer_of(column->type, data, length, &number))
            return false;
        out->as.decimal = ar_decimal_from_int64(number);
        return true;
    }
}

static bool decode_decimal_text(const decoder *column, const char *data, size_t length, ar_value *out)
{
    (void)column;
    return ar_decimal_parse_n(data, length, &out->as.decimal, NULL) == AR_OK;
}

static bool decode_bool(const decoder *column, const char *data, size_t length, ar_value *out)
{
    int64_t number;
    if (column->type == ARI_OID_BOOL) {
        out->as.boolean = length == 1 && data[0] != 0;
        return length == 1;
    }
    if (!integer_of(column->type, data, length, &number) || (number != 0 && number != 1))
        return false;
    out->as.boolean = number == 1;
    return true;
}

static bool decode_bool_text(const decoder *column, const char *data, size_t length, ar_value *out)
{
    (void)column;
    out->as.boolean = length >= 1 && (data[0] == 't' || data[0] == '1');
    return (length == 1 && strchr("tf01", data[0]) != NULL) || (length == 4 && memcmp(data, "true", 4) == 0) ||
           (length == 5 && memcmp(data, "false", 5) == 0);
}

/* --- texts and bytes --- */

static bool decode_text(const decoder *column, const char *data, size_t length, ar_value *out)
{
    (void)column;
    out->as.text = (ar_text){ data, length };
    return true;
}

static bool decode_jsonb(const decoder *column, const char *data, size_t length, ar_value *out)
{
    (void)column;
    out->as.text = (ar_text){ data + 1, length - 1 };
    return length > 1 && data[0] == 1;
}

static bool decode_uuid_as_text(const decoder *column, const char *data, size_t length, ar_value *out)
{
    ar_uuid uuid;
    if (length != sizeof uuid.bytes)
        return false;
    memcpy(uuid.bytes, data, sizeof uuid.bytes);
    out->as.text.length = ar_uuid_format(uuid, column->scratch, ARI_POSTGRES_SCRATCH);
    out->as.text.data = column->scratch;
    return true;
}

static bool decode_bytes(const decoder *column, const char *data, size_t length, ar_value *out)
{
    (void)column;
    out->as.bytes = (ar_bytes){ data, length };
    return true;
}

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* "\x0123…", decoded where it stands: the result is libpq's copy, and each of its rows is read once. */
static bool decode_bytea_text(const decoder *column, const char *data, size_t length, ar_value *out)
{
    char *to = (char *)(uintptr_t)data;
    (void)column;
    out->as.bytes = (ar_bytes){ data, length / 2 - 1 };
    if (length < 2 || length % 2 != 0 || data[0] != '\\' || data[1] != 'x')
        return false;
    for (size_t i = 2; i < length; i += 2) {
        int high = hex(data[i]), low = hex(data[i + 1]);
        if (high < 0 || low < 0)
            return false;
        *to++ = (char)(high << 4 | low);
    }
    return true;
}

static bool decode_uuid(const decoder *column, const char *data, size_t length, ar_value *out)
{
    (void)column;
    if (length != sizeof out->as.uuid.bytes)
        return false;
    memcpy(out->as.uuid.bytes, data, sizeof out->as.uuid.bytes);
    return true;
}

static bool decode_uuid_text(const decoder *column, const char *data, size_t length, ar_value *out)
{
    (void)column;
    return ar_uuid_parse_n(data, length, &out->as.uuid, NULL) == AR_OK;
}

/* --- the calendar; the server's infinities are the ends of its integers --- */

static bool date_of(const char *data, size_t length, int64_t *days)
{
    int32_t number = length == 4 ? (int32_t)ari_wire_get32(data) : INT32_MAX;
    *days = (int64_t)number + ARI_POSTGRES_EPOCH_DAYS;
    return number != INT32_MAX && number != INT32_MIN && *days <= INT32_MAX;
}

static bool decode_timestamp(const decoder *column, const char *data, size_t length, ar_value *out)
{
    int64_t days;
    if (column->type == ARI_OID_DATE) {
        if (!date_of(data, length, &days) || days > INT64_MAX / INT64_C(86400000000) ||
            days < INT64_MIN / INT64_C(86400000000))
            return false;
        out->as.timestamp.us = days * INT64_C(86400000000);
        return true;
    }
    int64_t us = length == 8 ? (int64_t)ari_wire_get64(data) : INT64_MAX;
    if (us > INT64_MAX - ARI_POSTGRES_EPOCH_US || us == INT64_MIN)
        return false;
    out->as.timestamp.us = us + ARI_POSTGRES_EPOCH_US;
    return true;
}

static bool decode_date(const decoder *column, const char *data, size_t length, ar_value *out)
{
    int64_t days;
    (void)column;
    if (!date_of(data, length, &days))
        return false;
    out->as.date.days = (int32_t)days;
    return true;
}

static bool decode_time(const decoder *column, const char *data, size_t length, ar_value *out)
{
    (void)column;
    out->as.time.us = length == 8 ? (int64_t)ari_wire_get64(data) : -1;
    return ar_time_is_valid(out->as.time); /* the server has 24:00 too */
}

static bool decode_calendar_text(const decoder *column, const char *data, size_t length, ar_value *out)
{
    switch (column->wanted) {
    case AR_TYPE_TIMESTAMP: return ar_timestamp_parse_n(data, length, &out->as.timestamp, NULL) == AR_OK;
    case AR_TYPE_DATE: return ar_date_parse_n(data, length, &out->as.date, NULL) == AR_OK;
    case AR_TYPE_TIME: return ar_time_parse_n(data, length, &out->as.time, NULL) == AR_OK;
    default: return false;
    }
}

static bool decode_nothing(const decoder *column, const char *data, size_t length, ar_value *out)
{
    (void)column;
    (void)data;
    (void)length;
    (void)out;
    return false;
}

/* --- the choice --- */

static bool is_number(Oid type)
{
    return type == ARI_OID_INT2 || type == ARI_OID_INT4 || type == ARI_OID_INT8 || type == ARI_OID_OID ||
           type == ARI_OID_FLOAT4 || type == ARI_OID_FLOAT8 || type == ARI_OID_NUMERIC;
}

static bool is_texty(Oid type)
{
    return type == ARI_OID_TEXT || type == ARI_OID_VARCHAR || type == ARI_OID_BPCHAR || type == ARI_OID_NAME ||
           type == ARI_OID_CHAR || type == ARI_OID_UNKNOWN;
}

bool ari_postgres_reads_binary(Oid type)
{
    return is_number(type) || is_texty(type) || type == ARI_OID_BOOL || type == ARI_OID_BYTEA || type == ARI_OID_JSON ||
           type == ARI_OID_JSONB || type == ARI_OID_DATE || type == ARI_OID_TIME || type == ARI_OID_TIMESTAMP ||
           type == ARI_OID_TIMESTAMPTZ || type == ARI_OID_UUID || type == ARI_OID_VOID;
}

static ar_type natural(Oid type)
{
    switch (type) {
    case ARI_OID_BOOL: return AR_TYPE_BOOL;
    case ARI_OID_INT2: return AR_TYPE_INT16;
    case ARI_OID_INT4: return AR_TYPE_INT32;
    case ARI_OID_INT8:
    case ARI_OID_OID: return AR_TYPE_INT64;
    case ARI_OID_FLOAT4: return AR_TYPE_FLOAT;
    case ARI_OID_FLOAT8: return AR_TYPE_DOUBLE;
    case ARI_OID_NUMERIC: return AR_TYPE_DECIMAL;
    case ARI_OID_BYTEA: return AR_TYPE_BYTES;
    case ARI_OID_DATE: return AR_TYPE_DATE;
    case ARI_OID_TIME: return AR_TYPE_TIME;
    case ARI_OID_TIMESTAMP:
    case ARI_OID_TIMESTAMPTZ: return AR_TYPE_TIMESTAMP;
    case ARI_OID_UUID: return AR_TYPE_UUID;
    case ARI_OID_JSON:
    case ARI_OID_JSONB: return AR_TYPE_JSON;
    default: return AR_TYPE_TEXT;
    }
}

/* Of a column that came as text, or whose binary format is text. */
static ari_postgres_decode_fn choose_text(ar_type wanted)
{
    switch (wanted) {
    case AR_TYPE_NULL: break;
    case AR_TYPE_BOOL: return decode_bool_text;
    case AR_TYPE_INT16:
    case AR_TYPE_INT32:
    case AR_TYPE_INT64:
    case AR_TYPE_ENUM: return decode_integer_text;
    case AR_TYPE_FLOAT:
    case AR_TYPE_DOUBLE: return decode_double_text;
    case AR_TYPE_TEXT:
    case AR_TYPE_JSON: return decode_text;
    case AR_TYPE_BYTES: return decode_bytes;
    case AR_TYPE_TIMESTAMP:
    case AR_TYPE_DATE:
    case AR_TYPE_TIME: return decode_calendar_text;
    case AR_TYPE_DECIMAL: return decode_decimal_text;
    case AR_TYPE_UUID: return decode_uuid_text;
    }
    return decode_nothing;
}

static ari_postgres_decode_fn choose_binary(Oid type, ar_type wanted)
{
    bool integer = type == ARI_OID_INT2 || type == ARI_OID_INT4 || type == ARI_OID_INT8 || type == ARI_OID_OID;
    bool json = type == ARI_OID_JSON || type == ARI_OID_JSONB;
    switch (wanted) {
    case AR_TYPE_NULL: break;
    case AR_TYPE_BOOL: return type == ARI_OID_BOOL || integer ? decode_bool : decode_nothing;
    case AR_TYPE_INT64:
        return type == ARI_OID_INT8   ? decode_int8
               : type == ARI_OID_INT4 ? decode_int4
               : is_number(type)      ? decode_integer
                                      : decode_nothing;
    case AR_TYPE_INT32:
    case AR_TYPE_ENUM: return type == ARI_OID_INT4 ? decode_int4 : is_number(type) ? decode_integer : decode_nothing;
    case AR_TYPE_INT16: return is_number(type) ? decode_integer : decode_nothing;
    case AR_TYPE_FLOAT: return type == ARI_OID_FLOAT4 ? decode_float4 : is_number(type) ? decode_float : decode_nothing;
    case AR_TYPE_DOUBLE:
        return type == ARI_OID_FLOAT8 ? decode_float8 : is_number(type) ? decode_double : decode_nothing;
    case AR_TYPE_TEXT:
    case AR_TYPE_JSON:
        if (json)
            return type == ARI_OID_JSON ? decode_text : decode_jsonb;
        return type == ARI_OID_UUID && wanted == AR_TYPE_TEXT ? decode_uuid_as_text : decode_nothing;
    case AR_TYPE_BYTES: return type == ARI_OID_BYTEA || type == ARI_OID_UUID ? decode_bytes : decode_nothing;
    case AR_TYPE_TIMESTAMP:
        return type == ARI_OID_TIMESTAMPTZ || type == ARI_OID_TIMESTAMP || type == ARI_OID_DATE ? decode_timestamp
                                                                                                : decode_nothing;
    case AR_TYPE_DATE: return type == ARI_OID_DATE ? decode_date : decode_nothing;
    case AR_TYPE_TIME: return type == ARI_OID_TIME ? decode_time : decode_nothing;
    case AR_TYPE_DECIMAL: return is_number(type) ? decode_decimal : decode_nothing;
    case AR_TYPE_UUID: return type == ARI_OID_UUID || type == ARI_OID_BYTEA ? decode_uuid : decode_nothing;
    }
    return decode_nothing;
}

static void choose(decoder *column, bool binary, ar_type wanted)
{
    column->wanted = wanted != AR_TYPE_NULL ? wanted : natural(column->type);
    if (binary && !is_texty(column->type) && column->type != ARI_OID_VOID)
        column->decode = choose_binary(column->type, column->wanted);
    else if (column->type == ARI_OID_BYTEA)
        column->decode = column->wanted == AR_TYPE_BYTES ? decode_bytea_text : decode_nothing;
    else
        column->decode = choose_text(column->wanted);
    if (is_texty(column->type))
        column->type = ARI_OID_TEXT;
}

void ari_postgres_columns_fini(ari_postgres_columns *columns)
{
    ari_release(columns->env, columns->decoders);
    ari_release(columns->env, columns->values);
    ari_release(columns->env, columns->names);
    ari_release(columns->env, columns->scratch);
    *columns = (ari_postgres_columns){ .env = columns->env };
}

static bool reserve(ari_postgres_columns *columns, size_t count)
{
    if (count <= columns->capacity)
        return true;
    ari_postgres_columns_fini(columns);
    columns->decoders = ari_allocate_array(columns->env, count, sizeof *columns->decoders);
    columns->values = ari_allocate_array(columns->env, count, sizeof *columns->values);
    columns->names = ari_allocate_array(columns->env, count, sizeof *columns->names);
    columns->scratch = ari_allocate_array(columns->env, count, ARI_POSTGRES_SCRATCH);
    if (columns->decoders == NULL || columns->values == NULL || columns->names == NULL || columns->scratch == NULL) {
        ari_postgres_columns_fini(columns);
        return false;
    }
    columns->capacity = count;
    return true;
}

ar_status ari_postgres_columns_prepare(ari_postgres_columns *columns, const PGresult *result, const ar_type *wanted,
                                       ar_error *err)
{
    size_t count = (size_t)PQnfields(result);
    if (!reserve(columns, count))
        return ar_error_set(err, AR_E_NO_MEMORY, "reading a result: no memory for its columns");
    columns->count = count;
    for (size_t i = 0; i < count; i++) {
        decoder *column = &columns->decoders[i];
        column->type = PQftype(result, (int)i);
        column->scratch = columns->scratch + i * ARI_POSTGRES_SCRATCH;
        choose(column, PQfformat(result, (int)i) == 1, wanted == NULL ? AR_TYPE_NULL : wanted[i]);
        columns->values[i].type = column->wanted;
        columns->names[i] =
            (ar_result_column){ PQfname(result, (int)i), ari_postgres_type_name(PQftype(result, (int)i)) };
    }
    return AR_OK;
}

static ar_status refuse(const ari_postgres_columns *columns, const PGresult *result, size_t index, ar_error *err)
{
    const char *name = PQfname(result, (int)index);
    const char *type = ari_postgres_type_name(PQftype(result, (int)index));
    return ar_error_set(err, AR_E_TYPE, "reading column %zu (%s): it holds a value of %s that does not fit %s",
                        index + 1, name == NULL ? "?" : name, type == NULL ? "a type" : type,
                        ar_type_name(columns->decoders[index].wanted));
}

ar_status ari_postgres_decode(ari_postgres_columns *columns, const PGresult *result, int row, ar_error *err)
{
    for (size_t i = 0; i < columns->count; i++) {
        const decoder *column = &columns->decoders[i];
        ar_value *value = &columns->values[i];
        int length = PQgetlength(result, row, (int)i);
        const char *data = PQgetvalue(result, row, (int)i);
        if (length == 0 && PQgetisnull(result, row, (int)i)) { /* libpq gives a NULL the length 0 */
            value->type = AR_TYPE_NULL;
            continue;
        }
        value->type = column->wanted;
        if (!column->decode(column, data, (size_t)length, value))
            return refuse(columns, result, i, err);
    }
    return AR_OK;
}
