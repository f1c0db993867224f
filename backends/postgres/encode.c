/* SPDX-License-Identifier: MIT */
#include "backends/postgres/value.h"

#include <limits.h>
#include <math.h>
#include <string.h>

#include <actrec/decimal.h>
#include <actrec/time.h>
#include <actrec/uuid.h>

#include "backends/postgres/oid.h"
#include "backends/postgres/wire.h"
#include "values/integer.h"
#include "values/number.h"
#include "values/utf8.h"

/* Three ways for a value into a parameter, tried in this order: as bytes that are there already (texts, bytes), in the binary format of the parameter's type, as text that the
 * server reads. Writers answer false for a value that does not fit. */

/* datetime.h and timestamp.h of the server: DATE_END_JULIAN, MIN_TIMESTAMP, END_TIMESTAMP. */
static const int64_t least_days = -2451545, end_days = INT64_C(2145031949);
static const int64_t least_us = INT64_C(-211813488000000000), end_us = INT64_C(9223371331200000000);
static const int64_t day_us = INT64_C(86400000000);

void ari_postgres_parameters_init(ari_postgres_parameters *parameters, const ar_env *env)
{
    *parameters = (ari_postgres_parameters){ .env = env };
    ari_text_buffer_init(&parameters->bytes, env);
}

void ari_postgres_parameters_fini(ari_postgres_parameters *parameters)
{
    ari_text_buffer_fini(&parameters->bytes);
    ari_release(parameters->env, parameters->values);
}

/* One block: the arrays one after the other, the widest first. */
bool ari_postgres_parameters_reserve(ari_postgres_parameters *parameters, size_t count)
{
    enum { one = sizeof(char *) + sizeof(size_t) + 2 * sizeof(int) + sizeof(Oid) };
    if (count <= parameters->capacity)
        return true;
    char *block = ari_allocate_array(parameters->env, count, one);
    if (block == NULL)
        return false;
    ari_release(parameters->env, parameters->values);
    parameters->values = (const char **)(void *)block;
    parameters->offsets = (size_t *)(void *)(block + count * sizeof(char *));
    parameters->lengths = (int *)(void *)(block + count * (sizeof(char *) + sizeof(size_t)));
    parameters->formats = parameters->lengths + count;
    parameters->types = (Oid *)(void *)(parameters->formats + count);
    parameters->capacity = count;
    return true;
}

bool ari_postgres_is_text(const char *text, size_t length)
{
    return (length == 0 || memchr(text, '\0', length) == NULL) && ari_utf8_is_valid(text, length);
}

/* --- checks that do not depend on where a value goes --- */

static bool is_integer(ar_type type)
{
    return type == AR_TYPE_INT16 || type == AR_TYPE_INT32 || type == AR_TYPE_INT64 || type == AR_TYPE_ENUM;
}

static ar_status refuse(size_t index, ar_error *err, const char *what)
{
    return ar_error_set(err, AR_E_TYPE, "binding parameter %zu: %s", index + 1, what);
}

static ar_status check(const ar_value *value, size_t index, ar_error *err)
{
    switch (value->type) {
    case AR_TYPE_INT16:
    case AR_TYPE_INT32:
    case AR_TYPE_ENUM:
        return ari_integer_fits(value->type, value->as.integer)
                   ? AR_OK
                   : refuse(index, err, "the number does not fit its type");
    case AR_TYPE_FLOAT:
        return isnan(value->as.single) ? refuse(index, err, "NaN is no value that compares; bind a null instead")
                                       : AR_OK;
    case AR_TYPE_DOUBLE:
        return isnan(value->as.real) ? refuse(index, err, "NaN is no value that compares; bind a null instead") : AR_OK;
    case AR_TYPE_TEXT:
    case AR_TYPE_JSON:
        if (value->as.text.data == NULL)
            return ar_error_set(err, AR_E_INVALID, "binding parameter %zu: %s without data; bind a null instead",
                                index + 1, ar_type_name(value->type));
        if (value->as.text.length > INT_MAX - 16)
            return refuse(index, err, "the text is too long for PostgreSQL");
        return ari_postgres_is_text(value->as.text.data, value->as.text.length)
                   ? AR_OK
                   : refuse(index, err, "the text has a NUL inside or is not UTF-8; bind it as bytes");
    case AR_TYPE_BYTES:
        if (value->as.bytes.data == NULL && value->as.bytes.length > 0)
            return ar_error_set(err, AR_E_INVALID, "binding parameter %zu: bytes without data; bind a null instead",
                                index + 1);
        return value->as.bytes.length <= INT_MAX - 16 ? AR_OK
                                                      : refuse(index, err, "the bytes are too many for PostgreSQL");
    case AR_TYPE_TIME:
        return ar_time_is_valid(value->as.time) ? AR_OK : refuse(index, err, "the time is not within one day");
    case AR_TYPE_DECIMAL:
        return ar_decimal_is_valid(value->as.decimal)
                   ? AR_OK
                   : refuse(index, err, "the decimal is not valid (over 38 digits, or a negative zero)");
    case AR_TYPE_NULL:
    case AR_TYPE_BOOL:
    case AR_TYPE_INT64:
    case AR_TYPE_TIMESTAMP:
    case AR_TYPE_DATE:
    case AR_TYPE_UUID: return AR_OK;
    }
    return ar_error_set(err, AR_E_INVALID, "binding parameter %zu: there is no type %d", index + 1, (int)value->type);
}

/* --- numbers as other numbers --- */

static bool to_integer(const ar_value *value, int64_t *out)
{
    double number;
    if (is_integer(value->type)) {
        *out = value->as.integer;
        return true;
    }
    switch (value->type) {
    case AR_TYPE_BOOL: *out = value->as.boolean ? 1 : 0; return true;
    case AR_TYPE_DECIMAL: return ar_decimal_to_int64(value->as.decimal, out, NULL) == AR_OK;
    case AR_TYPE_FLOAT:
    case AR_TYPE_DOUBLE:
        number = value->type == AR_TYPE_FLOAT ? (double)value->as.single : value->as.real;
        if (!(number >= -9223372036854775808.0 && number < 9223372036854775808.0) || number != floor(number) ||
            (number == 0 && signbit(number)))
            return false;
        *out = (int64_t)number;
        return true;
    default: return false;
    }
}

static bool to_double(const ar_value *value, double *out)
{
    ar_decimal back;
    if (is_integer(value->type)) {
        *out = (double)value->as.integer;
        return *out < 9223372036854775808.0 && (int64_t)*out == value->as.integer;
    }
    switch (value->type) {
    case AR_TYPE_FLOAT: *out = (double)value->as.single; return true;
    case AR_TYPE_DOUBLE: *out = value->as.real; return true;
    case AR_TYPE_DECIMAL:
        *out = ar_decimal_to_double(value->as.decimal);
        return ar_decimal_from_double(*out, &back, NULL) == AR_OK && ar_decimal_compare(back, value->as.decimal) == 0;
    default: return false;
    }
}

static bool to_float(const ar_value *value, float *out)
{
    double number;
    if (!to_double(value, &number))
        return false;
    if (isfinite(number) && fabs(number) > 3.4028234663852886e38)
        return false;
    *out = (float)number;
    return (double)*out == number;
}

/* Instants as the server counts them. */
static bool to_timestamp(const ar_value *value, int64_t *out)
{
    int64_t us;
    if (value->type == AR_TYPE_TIMESTAMP) {
        us = value->as.timestamp.us;
    } else if (value->type == AR_TYPE_DATE) {
        int64_t days = value->as.date.days;
        if (days < least_days + ARI_POSTGRES_EPOCH_DAYS || days > end_us / day_us)
            return false;
        us = days * day_us;
    } else {
        return false;
    }
    if (us < least_us + ARI_POSTGRES_EPOCH_US) /* the later end is beyond what an int64 holds, counted from 1970 */
        return false;
    *out = us - ARI_POSTGRES_EPOCH_US;
    return *out < end_us;
}

static bool to_date(const ar_value *value, int32_t *out)
{
    int64_t days;
    if (value->type == AR_TYPE_DATE) {
        days = value->as.date.days;
    } else if (value->type == AR_TYPE_TIMESTAMP && value->as.timestamp.us % day_us == 0) {
        days = value->as.timestamp.us / day_us;
    } else {
        return false;
    }
    days -= ARI_POSTGRES_EPOCH_DAYS;
    if (days < least_days || days >= end_days)
        return false;
    *out = (int32_t)days;
    return true;
}

/* --- the binary formats --- */

static bool is_texty(Oid type)
{
    return type == ARI_OID_TEXT || type == ARI_OID_VARCHAR || type == ARI_OID_BPCHAR || type == ARI_OID_NAME ||
           type == ARI_OID_UNKNOWN;
}

/* What is there already and only has to be pointed at. */
static bool plain_bytes(Oid type, const ar_value *value, const char **data, size_t *length)
{
    if ((value->type == AR_TYPE_TEXT && (is_texty(type) || type == ARI_OID_JSON || type == ARI_OID_BYTEA)) ||
        (value->type == AR_TYPE_JSON && (is_texty(type) || type == ARI_OID_JSON))) {
        *data = value->as.text.data;
        *length = value->as.text.length;
        return true;
    }
    if (value->type == AR_TYPE_BYTES &&
        (type == ARI_OID_BYTEA || (type == ARI_OID_UUID && value->as.bytes.length == 16))) {
        *data = value->as.bytes.length == 0 ? "" : value->as.bytes.data;
        *length = value->as.bytes.length;
        return true;
    }
    if (value->type == AR_TYPE_BYTES && is_texty(type) &&
        ari_postgres_is_text(value->as.bytes.data, value->as.bytes.length)) {
        *data = value->as.bytes.length == 0 ? "" : value->as.bytes.data;
        *length = value->as.bytes.length;
        return true;
    }
    if (value->type == AR_TYPE_UUID && (type == ARI_OID_UUID || type == ARI_OID_BYTEA)) {
        *data = (const char *)value->as.uuid.bytes;
        *length = sizeof value->as.uuid.bytes;
        return true;
    }
    return false;
}

static bool write_integer(ari_text_buffer *out, const ar_value *value, int64_t least, int64_t most, size_t size)
{
    unsigned char bytes[8];
    int64_t number;
    if (!to_integer(value, &number) || number < least || number > most)
        return false;
    ari_wire_put64(bytes, (uint64_t)number);
    ari_text_buffer_append(out, bytes + sizeof bytes - size, size);
    return true;
}

static bool write_real(ari_text_buffer *out, const ar_value *value, Oid type)
{
    unsigned char bytes[8];
    if (type == ARI_OID_FLOAT8) {
        double number;
        uint64_t bits;
        if (!to_double(value, &number))
            return false;
        memcpy(&bits, &number, sizeof bits);
        ari_wire_put64(bytes, bits);
        ari_text_buffer_append(out, bytes, 8);
    } else {
        float number;
        uint32_t bits;
        if (!to_float(value, &number))
            return false;
        memcpy(&bits, &number, sizeof bits);
        ari_wire_put32(bytes, bits);
        ari_text_buffer_append(out, bytes, 4);
    }
    return true;
}

static bool write_numeric(ari_text_buffer *out, const ar_value *value)
{
    unsigned char bytes[ARI_POSTGRES_NUMERIC_SIZE];
    ar_decimal number;
    if (value->type == AR_TYPE_DECIMAL)
        number = value->as.decimal;
    else if (is_integer(value->type))
        number = ar_decimal_from_int64(value->as.integer);
    else if (value->type == AR_TYPE_FLOAT || value->type == AR_TYPE_DOUBLE) {
        double real = value->type == AR_TYPE_FLOAT ? (double)value->as.single : value->as.real;
        if ((real == 0 && signbit(real)) || ar_decimal_from_double(real, &number, NULL) != AR_OK)
            return false;
    } else {
        return false;
    }
    ari_text_buffer_append(out, bytes, ari_postgres_numeric_write(number, bytes));
    return true;
}

static bool write_calendar(ari_text_buffer *out, const ar_value *value, Oid type)
{
    unsigned char bytes[8];
    int64_t us;
    int32_t days;
    if (type == ARI_OID_DATE) {
        if (!to_date(value, &days))
            return false;
        ari_wire_put32(bytes, (uint32_t)days);
        ari_text_buffer_append(out, bytes, 4);
        return true;
    }
    if (type == ARI_OID_TIME) {
        if (value->type != AR_TYPE_TIME)
            return false;
        us = value->as.time.us;
    } else if (!to_timestamp(value, &us)) {
        return false;
    }
    ari_wire_put64(bytes, (uint64_t)us);
    ari_text_buffer_append(out, bytes, 8);
    return true;
}

static bool write_bool(ari_text_buffer *out, const ar_value *value)
{
    int64_t number;
    if (!to_integer(value, &number) || number < 0 || number > 1)
        return false;
    ari_text_buffer_append_char(out, (char)number);
    return true;
}

/* A text into a type that is not text is left to the server, which knows how that type is written. */
static bool takes_text(const ar_value *value)
{
    return value->type == AR_TYPE_TEXT || value->type == AR_TYPE_JSON;
}

/* False: it does not fit; *binary false: nothing was written, it has to go as text. */
static bool write_binary(ari_text_buffer *out, const ar_value *value, Oid type, bool *binary)
{
    *binary = !takes_text(value);
    if (takes_text(value) && type == ARI_OID_JSONB) {
        ari_text_buffer_append_char(out, 1); /* jsonb_recv: the version */
        ari_text_buffer_append(out, value->as.text.data, value->as.text.length);
        *binary = true;
        return true;
    }
    if (takes_text(value))
        return true;
    switch (type) {
    case ARI_OID_BOOL: return write_bool(out, value);
    case ARI_OID_INT2: return write_integer(out, value, INT16_MIN, INT16_MAX, 2);
    case ARI_OID_INT4: return write_integer(out, value, INT32_MIN, INT32_MAX, 4);
    case ARI_OID_INT8: return write_integer(out, value, INT64_MIN, INT64_MAX, 8);
    case ARI_OID_OID: return write_integer(out, value, 0, UINT32_MAX, 4);
    case ARI_OID_FLOAT4:
    case ARI_OID_FLOAT8: return write_real(out, value, type);
    case ARI_OID_NUMERIC: return write_numeric(out, value);
    case ARI_OID_DATE:
    case ARI_OID_TIME:
    case ARI_OID_TIMESTAMP:
    case ARI_OID_TIMESTAMPTZ: return write_calendar(out, value, type);
    case ARI_OID_BYTEA:
    case ARI_OID_UUID: return false;
    default: *binary = false; return value->type != AR_TYPE_BYTES;
    }
}

/* --- text, for parameters that are text and for types that are not known --- */

static void write_text(ari_text_buffer *out, const ar_value *value)
{
    char text[AR_TIMESTAMP_TEXT_SIZE + AR_DECIMAL_TEXT_SIZE];
    size_t length = 0;
    switch (value->type) {
    case AR_TYPE_NULL:
    case AR_TYPE_BYTES: break;
    case AR_TYPE_BOOL: ari_text_buffer_append_cstr(out, value->as.boolean ? "true" : "false"); break;
    case AR_TYPE_INT16:
    case AR_TYPE_INT32:
    case AR_TYPE_INT64:
    case AR_TYPE_ENUM: length = ari_format_int64(value->as.integer, text); break;
    case AR_TYPE_FLOAT: length = ari_format_float(value->as.single, text); break;
    case AR_TYPE_DOUBLE: length = ari_format_double(value->as.real, text); break;
    case AR_TYPE_TEXT:
    case AR_TYPE_JSON: ari_text_buffer_append(out, value->as.text.data, value->as.text.length); break;
    case AR_TYPE_TIMESTAMP: length = ar_timestamp_format(value->as.timestamp, text, sizeof text); break;
    case AR_TYPE_DATE: length = ar_date_format(value->as.date, text, sizeof text); break;
    case AR_TYPE_TIME: length = ar_time_format(value->as.time, text, sizeof text); break;
    case AR_TYPE_DECIMAL: length = ar_decimal_format(value->as.decimal, text, sizeof text); break;
    case AR_TYPE_UUID: length = ar_uuid_format(value->as.uuid, text, sizeof text); break;
    }
    ari_text_buffer_append(out, text, length);
}

static ar_status misfit(size_t index, const ar_value *value, Oid type, ar_error *err)
{
    const char *name = ari_postgres_type_name(type);
    return ar_error_set(err, AR_E_TYPE,
                        "binding parameter %zu: the %s does not fit %s, which the statement takes there", index + 1,
                        ar_type_name(value->type), name == NULL ? "the type" : name);
}

static ar_status no_memory(ar_error *err)
{
    return ar_error_set(err, AR_E_NO_MEMORY, "binding parameters: no memory");
}

static ar_status encode_one(ari_postgres_parameters *self, size_t index, Oid type, const ar_value *value, ar_error *err)
{
    size_t length = 0, before = self->bytes.length;
    bool binary = true;
    ar_status status = check(value, index, err);
    if (status != AR_OK)
        return status;
    self->offsets[index] = SIZE_MAX;
    self->values[index] = NULL;
    self->lengths[index] = 0;
    self->formats[index] = 1;
    if (value->type == AR_TYPE_NULL)
        return AR_OK;
    if (plain_bytes(type, value, &self->values[index], &length)) {
        self->lengths[index] = (int)length;
        return AR_OK;
    }
    if (!write_binary(&self->bytes, value, type, &binary))
        return misfit(index, value, type, err);
    if (!binary) {
        write_text(&self->bytes, value);
        ari_text_buffer_append_char(&self->bytes, '\0'); /* libpq takes the length of a text parameter from it */
    }
    self->offsets[index] = before;
    self->lengths[index] = (int)(self->bytes.length - before);
    self->formats[index] = binary ? 1 : 0;
    return AR_OK;
}

/* The buffer does not move any more. */
static ar_status point(ari_postgres_parameters *self, size_t count, ar_error *err)
{
    if (self->bytes.failed)
        return no_memory(err);
    for (size_t i = 0; i < count; i++)
        if (self->offsets[i] != SIZE_MAX)
            self->values[i] = self->bytes.data + self->offsets[i];
    return AR_OK;
}

ar_status ari_postgres_encode(ari_postgres_parameters *self, const Oid *types, size_t count, const ar_value *values,
                              ar_error *err)
{
    ar_status status = AR_OK;
    ari_text_buffer_clear(&self->bytes);
    if (!ari_postgres_parameters_reserve(self, count))
        return no_memory(err);
    for (size_t i = 0; status == AR_OK && i < count; i++)
        status = encode_one(self, i, types[i], &values[i], err);
    return status == AR_OK ? point(self, count, err) : status;
}

/* --- arrays (array_recv in arrayfuncs.c of the server) --- */

static void put32(ari_text_buffer *out, uint32_t number)
{
    unsigned char bytes[4];
    ari_wire_put32(bytes, number);
    ari_text_buffer_append(out, bytes, sizeof bytes);
}

static void patch32(ari_text_buffer *out, size_t at, uint32_t number)
{
    if (!out->failed)
        ari_wire_put32((unsigned char *)out->data + at, number);
}

static ar_status element(ari_text_buffer *out, size_t index, Oid type, const ar_value *value, bool *binary,
                         ar_error *err)
{
    const char *data = NULL;
    size_t length = 0, before = out->length;
    ar_status status = check(value, index, err);
    *binary = true;
    if (status != AR_OK)
        return status;
    if (value->type == AR_TYPE_NULL) {
        put32(out, UINT32_MAX);
        return AR_OK;
    }
    if (plain_bytes(type, value, &data, &length)) {
        put32(out, (uint32_t)length);
        ari_text_buffer_append(out, data, length);
        return AR_OK;
    }
    put32(out, 0);
    if (!write_binary(out, value, type, binary))
        return misfit(index, value, type, err);
    patch32(out, before, (uint32_t)(out->length - before - 4));
    return AR_OK;
}

/* Values of an array parameter: the i-th of them. */
typedef struct elements {
    const ar_value *const *pointers; /* NULL: `values`, `stride` apart */
    const ar_value *values;
    size_t stride;
    size_t count;
} elements;

static const ar_value *at(const elements *list, size_t i)
{
    return list->pointers != NULL ? list->pointers[i] : &list->values[i * list->stride];
}

/* *binary false: an element has to go as text, and so has the array. */
static ar_status binary_array(ari_text_buffer *out, size_t index, Oid type, const elements *list, bool *binary,
                              ar_error *err)
{
    bool nulls = false;
    for (size_t i = 0; i < list->count; i++)
        nulls |= at(list, i)->type == AR_TYPE_NULL;
    put32(out, list->count > 0 ? 1 : 0);
    put32(out, nulls ? 1 : 0);
    put32(out, type);
    if (list->count > 0) {
        put32(out, (uint32_t)list->count);
        put32(out, 1);
    }
    ar_status status = AR_OK;
    *binary = true;
    for (size_t i = 0; *binary && status == AR_OK && i < list->count; i++)
        status = element(out, index, type, at(list, i), binary, err);
    return status;
}

/* {"…","…",NULL}: quotes and backslashes are escaped (manual, 8.15.2). */
static void text_array(ari_text_buffer *out, const elements *list, ari_text_buffer *scratch)
{
    ari_text_buffer_append_char(out, '{');
    for (size_t i = 0; i < list->count; i++) {
        const ar_value *value = at(list, i);
        ari_text_buffer_append_cstr(out, i > 0 ? "," : "");
        if (value->type == AR_TYPE_NULL) {
            ari_text_buffer_append_cstr(out, "NULL");
            continue;
        }
        ari_text_buffer_clear(scratch);
        write_text(scratch, value);
        out->failed |= scratch->failed;
        ari_text_buffer_append_char(out, '"');
        for (size_t at_byte = 0; at_byte < scratch->length; at_byte++) {
            if (scratch->data[at_byte] == '"' || scratch->data[at_byte] == '\\')
                ari_text_buffer_append_char(out, '\\');
            ari_text_buffer_append_char(out, scratch->data[at_byte]);
        }
        ari_text_buffer_append_char(out, '"');
    }
    ari_text_buffer_append(out, "}", 2); /* with its NUL */
}

static ar_status encode_array(ari_postgres_parameters *self, size_t index, Oid array, const elements *list,
                              ar_error *err)
{
    Oid type = ari_postgres_element_of(array);
    size_t before = self->bytes.length;
    bool binary = type != 0;
    ar_status status = AR_OK;
    if (list->count > INT_MAX / 8)
        return refuse(index, err, "the rows are too many for one array");
    if (binary)
        status = binary_array(&self->bytes, index, type, list, &binary, err);
    for (size_t i = 0; !binary && status == AR_OK && i < list->count; i++)
        status = at(list, i)->type == AR_TYPE_BYTES ? misfit(index, at(list, i), array, err)
                                                    : check(at(list, i), index, err);
    if (status != AR_OK)
        return status;
    if (!binary) {
        ari_text_buffer scratch;
        ari_text_buffer_init(&scratch, self->env);
        self->bytes.length = before;
        text_array(&self->bytes, list, &scratch);
        ari_text_buffer_fini(&scratch);
    }
    if (self->bytes.length - before > INT_MAX)
        return refuse(index, err, "the values of all rows are too long for one array");
    self->offsets[index] = before;
    self->lengths[index] = (int)(self->bytes.length - before);
    self->formats[index] = binary ? 1 : 0;
    return AR_OK;
}

ar_status ari_postgres_encode_rows(ari_postgres_parameters *self, const Oid *types, size_t count,
                                   const ar_value *values, size_t rows, ar_error *err)
{
    ar_status status = AR_OK;
    ari_text_buffer_clear(&self->bytes);
    if (!ari_postgres_parameters_reserve(self, count))
        return no_memory(err);
    for (size_t i = 0; status == AR_OK && i < count; i++)
        status = encode_array(self, i, types[i], &(elements){ NULL, &values[i], count, rows }, err);
    return status == AR_OK ? point(self, count, err) : status;
}

ar_status ari_postgres_encode_keys(ari_postgres_parameters *self, Oid type, const ar_value *const *keys, size_t count,
                                   ar_error *err)
{
    ari_text_buffer_clear(&self->bytes);
    if (!ari_postgres_parameters_reserve(self, 1))
        return no_memory(err);
    ar_status status = encode_array(self, 0, type, &(elements){ keys, NULL, 0, count }, err);
    return status == AR_OK ? point(self, 1, err) : status;
}

bool ari_postgres_key_fits(Oid type, const ar_value *key)
{
    int64_t number;
    switch (ari_postgres_element_of(type)) {
    case ARI_OID_INT2:
        return is_integer(key->type) && ari_integer_fits(key->type, key->as.integer) && to_integer(key, &number) &&
               number >= INT16_MIN && number <= INT16_MAX;
    case ARI_OID_INT4:
        return is_integer(key->type) && ari_integer_fits(key->type, key->as.integer) && to_integer(key, &number) &&
               number >= INT32_MIN && number <= INT32_MAX;
    case ARI_OID_INT8: return is_integer(key->type) && ari_integer_fits(key->type, key->as.integer);
    case ARI_OID_UUID: return key->type == AR_TYPE_UUID;
    case ARI_OID_BYTEA:
        return key->type == AR_TYPE_BYTES && (key->as.bytes.data != NULL || key->as.bytes.length == 0) &&
               key->as.bytes.length < 65536;
    default: return false;
    }
}
