/* SPDX-License-Identifier: MIT */
#include "backends/mysql/value.h"

#include <math.h>
#include <string.h>

#include <actrec/decimal.h>
#include <actrec/time.h>

#include "values/integer.h"
#include "values/memory.h"
#include "values/utf8.h"

static ar_status convert_text(const ar_value *value, unsigned number, ari_mysql_parameter *to, const void **data,
                              ar_error *err)
{
    const ar_text *text = &value->as.text;
    if (text->data == NULL)
        return ar_error_set(err, AR_E_INVALID, "binding parameter %u: %s without data; bind a null instead", number,
                            ar_type_name(value->type));
    if (memchr(text->data, '\0', text->length) != NULL)
        return ar_error_set(err, AR_E_TYPE, "binding parameter %u: %s has a NUL inside; bind it as bytes", number,
                            ar_type_name(value->type));
    if (!ari_utf8_is_valid(text->data, text->length))
        return ar_error_set(err, AR_E_TYPE, "binding parameter %u: %s is not UTF-8; bind it as bytes", number,
                            ar_type_name(value->type));
    *data = text->data;
    to->length = text->length;
    return AR_OK;
}

static ar_status convert_bytes(const ar_value *value, unsigned number, ari_mysql_parameter *to, const void **data,
                               ar_error *err)
{
    const ar_bytes *bytes = &value->as.bytes;
    if (bytes->data == NULL && bytes->length > 0)
        return ar_error_set(err, AR_E_INVALID, "binding parameter %u: bytes without data; bind a null instead", number);
    *data = bytes->data != NULL ? bytes->data : "";
    to->length = bytes->length;
    return AR_OK;
}

static ar_status convert_integer(const ar_value *value, unsigned number, ari_mysql_parameter *to, ar_error *err)
{
    if (!ari_integer_fits(value->type, value->as.integer))
        return ar_error_set(err, AR_E_TYPE, "binding parameter %u: the number does not fit %s", number,
                            ar_type_name(value->type));
    to->as.integer = value->as.integer;
    return AR_OK;
}

static ar_status convert_real(const ar_value *value, bool stores, unsigned number, ari_mysql_parameter *to,
                              ar_error *err)
{
    double real = value->type == AR_TYPE_FLOAT ? (double)value->as.single : value->as.real;
    if (!isfinite(real))
        return ar_error_set(err, AR_E_TYPE,
                            "binding parameter %u: MySQL has no NaN and no infinity; bind a null instead", number);
    if (stores && real == 0 && signbit(real))
        return ar_error_set(err, AR_E_TYPE, "binding parameter %u: MySQL loses the sign of -0.0", number);
    if (value->type == AR_TYPE_FLOAT)
        to->as.single = value->as.single;
    else
        to->as.real = real;
    return AR_OK;
}

static ar_status set_civil(const ar_civil *civil, enum enum_mysql_timestamp_type kind, unsigned number,
                           ari_mysql_parameter *to, ar_error *err)
{
    if (kind != MYSQL_TIMESTAMP_TIME && (civil->year < 1 || civil->year > 9999))
        return ar_error_set(err, AR_E_TYPE, "binding parameter %u: MySQL has the years 1 to 9999 only", number);
    memset(&to->as.time, 0, sizeof to->as.time);
    if (kind != MYSQL_TIMESTAMP_TIME) {
        to->as.time.year = (unsigned)civil->year;
        to->as.time.month = (unsigned)civil->month;
        to->as.time.day = (unsigned)civil->day;
    }
    if (kind != MYSQL_TIMESTAMP_DATE) {
        to->as.time.hour = (unsigned)civil->hour;
        to->as.time.minute = (unsigned)civil->minute;
        to->as.time.second = (unsigned)civil->second;
        to->as.time.second_part = (unsigned long)civil->microsecond;
    }
    to->as.time.time_type = kind;
    return AR_OK;
}

static ar_status convert_time(const ar_value *value, unsigned number, ari_mysql_parameter *to, ar_error *err)
{
    if (!ar_time_is_valid(value->as.time))
        return ar_error_set(err, AR_E_TYPE, "binding parameter %u: the time is not within one day", number);
    ar_civil civil = ar_time_to_civil(value->as.time);
    return set_civil(&civil, MYSQL_TIMESTAMP_TIME, number, to, err);
}

static ar_status convert_decimal(const ar_value *value, unsigned number, ari_mysql_parameter *to, ar_error *err)
{
    const ar_decimal *decimal = &value->as.decimal;
    size_t length = ar_decimal_format(*decimal, to->as.decimal, sizeof to->as.decimal);
    if (length == 0)
        return ar_error_set(err, AR_E_TYPE,
                            "binding parameter %u: the decimal is not valid (over 38 digits, or a negative zero)",
                            number);
    size_t point = decimal->scale > 0 ? length - decimal->scale - 1 : length;
    size_t before = point - (decimal->negative ? 1 : 0);
    if (decimal->scale > 30 || before > 35)
        return ar_error_set(err, AR_E_TYPE,
                            "binding parameter %u: MySQL keeps decimals of at most 35 digits before and 30 behind the "
                            "point",
                            number);
    to->length = (unsigned long)length;
    return AR_OK;
}

ar_status ari_mysql_convert(const ar_value *value, bool stores, unsigned number, ari_mysql_parameter *to,
                            enum enum_field_types *type, const void **data, ar_error *err)
{
    ar_civil civil;
    *data = &to->as;
    to->length = 0;
    *type = MYSQL_TYPE_LONGLONG;
    switch (value->type) {
    case AR_TYPE_NULL: *type = MYSQL_TYPE_NULL; return AR_OK;
    case AR_TYPE_BOOL: to->as.integer = value->as.boolean ? 1 : 0; return AR_OK;
    case AR_TYPE_INT16:
    case AR_TYPE_INT32:
    case AR_TYPE_ENUM: return convert_integer(value, number, to, err);
    case AR_TYPE_INT64: to->as.integer = value->as.integer; return AR_OK;
    case AR_TYPE_FLOAT: *type = MYSQL_TYPE_FLOAT; return convert_real(value, stores, number, to, err);
    case AR_TYPE_DOUBLE: *type = MYSQL_TYPE_DOUBLE; return convert_real(value, stores, number, to, err);
    case AR_TYPE_TEXT:
    case AR_TYPE_JSON: *type = MYSQL_TYPE_STRING; return convert_text(value, number, to, data, err);
    case AR_TYPE_BYTES: *type = MYSQL_TYPE_BLOB; return convert_bytes(value, number, to, data, err);
    case AR_TYPE_TIMESTAMP:
        *type = MYSQL_TYPE_DATETIME;
        civil = ar_timestamp_to_civil(value->as.timestamp);
        return set_civil(&civil, MYSQL_TIMESTAMP_DATETIME, number, to, err);
    case AR_TYPE_DATE:
        *type = MYSQL_TYPE_DATE;
        civil = ar_date_to_civil(value->as.date);
        return set_civil(&civil, MYSQL_TIMESTAMP_DATE, number, to, err);
    case AR_TYPE_TIME: *type = MYSQL_TYPE_TIME; return convert_time(value, number, to, err);
    case AR_TYPE_DECIMAL: *type = MYSQL_TYPE_NEWDECIMAL; return convert_decimal(value, number, to, err);
    case AR_TYPE_UUID:
        *type = MYSQL_TYPE_BLOB;
        *data = value->as.uuid.bytes;
        to->length = sizeof value->as.uuid.bytes;
        return AR_OK;
    }
    return ar_error_set(err, AR_E_INVALID, "binding parameter %u: there is no type %d", number, (int)value->type);
}

/* The client takes a pointer to data that it does not change. */
static void *unconst(const void *data)
{
    return (void *)(uintptr_t)data;
}

#if ARI_MYSQL_MARIADB
/* Zero: no arrays. */
static void set_array_size(ari_mysql_statement *statement, unsigned rows)
{
    if (rows > 0 || statement->array)
        (void)mysql_stmt_attr_set(statement->handle, STMT_ATTR_ARRAY_SIZE, &rows);
    statement->array = rows > 0;
}
#endif

ar_status ari_mysql_bind(ari_mysql_statement *statement, const ar_value *parameters, uint64_t *bytes, ar_error *err)
{
    *bytes = 0;
#if ARI_MYSQL_MARIADB
    set_array_size(statement, 0);
#endif
    for (unsigned i = 0; i < statement->parameter_count; i++) {
        ari_mysql_parameter *parameter = &statement->parameters[i];
        MYSQL_BIND *bind = &statement->parameter_binds[i];
        enum enum_field_types type;
        const void *data;
        ar_status status = ari_mysql_convert(&parameters[i], statement->stores, i + 1, parameter, &type, &data, err);
        if (status != AR_OK)
            return status;
        bind->buffer_type = type;
        bind->buffer = unconst(data);
        bind->buffer_length = parameter->length;
        bind->length = &parameter->length;
#if ARI_MYSQL_MARIADB
        bind->u.indicator = NULL;
#endif
        *bytes += 16 + parameter->length;
    }
    if (statement->parameter_count > 0 && mysql_stmt_bind_param(statement->handle, statement->parameter_binds) != 0)
        return ar_error_set(err, AR_E_INVALID, "binding parameters: %s", mysql_stmt_error(statement->handle));
    return AR_OK;
}

#if ARI_MYSQL_MARIADB

/* One column of an array-bound execution. Numbers lie side by side; all else are pointers to where the values are
 * (ma_get_buffer_offset in mariadb_stmt.c): decimals as text and calendar values, which are made here, to `made`. */
typedef struct array {
    char *data;
    unsigned long *lengths;
    char *made;
    char *indicators;
} array;

static size_t width_of(enum enum_field_types type)
{
    return type == MYSQL_TYPE_LONGLONG ? sizeof(long long)
           : type == MYSQL_TYPE_FLOAT  ? sizeof(float)
           : type == MYSQL_TYPE_DOUBLE ? sizeof(double)
                                       : sizeof(void *);
}

static size_t made_of(enum enum_field_types type)
{
    switch ((int)type) {
    case MYSQL_TYPE_NEWDECIMAL: return ARI_MYSQL_DECIMAL_SIZE;
    case MYSQL_TYPE_DATETIME:
    case MYSQL_TYPE_DATE:
    case MYSQL_TYPE_TIME: return sizeof(MYSQL_TIME);
    default: return 0;
    }
}

static bool is_pointed_at(enum enum_field_types type)
{
    return type != MYSQL_TYPE_LONGLONG && type != MYSQL_TYPE_FLOAT && type != MYSQL_TYPE_DOUBLE;
}

static enum enum_field_types type_of_column(const ar_value *first, size_t rows, size_t stride, ar_type *type)
{
    *type = AR_TYPE_NULL;
    for (size_t row = 0; row < rows && *type == AR_TYPE_NULL; row++)
        *type = first[row * stride].type;
    switch (*type) {
    case AR_TYPE_NULL:
    case AR_TYPE_BOOL:
    case AR_TYPE_INT16:
    case AR_TYPE_INT32:
    case AR_TYPE_INT64:
    case AR_TYPE_ENUM: return MYSQL_TYPE_LONGLONG;
    case AR_TYPE_FLOAT: return MYSQL_TYPE_FLOAT;
    case AR_TYPE_DOUBLE: return MYSQL_TYPE_DOUBLE;
    case AR_TYPE_TEXT:
    case AR_TYPE_JSON: return MYSQL_TYPE_STRING;
    case AR_TYPE_BYTES:
    case AR_TYPE_UUID: return MYSQL_TYPE_BLOB;
    case AR_TYPE_TIMESTAMP: return MYSQL_TYPE_DATETIME;
    case AR_TYPE_DATE: return MYSQL_TYPE_DATE;
    case AR_TYPE_TIME: return MYSQL_TYPE_TIME;
    case AR_TYPE_DECIMAL: return MYSQL_TYPE_NEWDECIMAL;
    }
    return MYSQL_TYPE_LONGLONG;
}

static size_t aligned(size_t size)
{
    return (size + 7) / 8 * 8;
}

static size_t room_of(enum enum_field_types type, size_t rows)
{
    return aligned(width_of(type) * rows) + aligned(sizeof(unsigned long) * rows) + made_of(type) * rows +
           aligned(rows);
}

static array array_in(char *room, enum enum_field_types type, size_t rows)
{
    array made = { .data = room };
    made.lengths = (unsigned long *)(void *)(room + aligned(width_of(type) * rows));
    made.made = (char *)made.lengths + aligned(sizeof(unsigned long) * rows);
    made.indicators = made.made + made_of(type) * rows;
    return made;
}

static ar_status fill_column(const ar_value *first, size_t rows, size_t stride, unsigned number, ar_type expected,
                             MYSQL_BIND *bind, char *room, uint64_t *bytes, ar_error *err)
{
    enum enum_field_types type = bind->buffer_type, is;
    size_t width = width_of(type), made = made_of(type);
    array to = array_in(room, type, rows);
    for (size_t row = 0; row < rows; row++) {
        const ar_value *value = &first[row * stride];
        ari_mysql_parameter parameter;
        const void *data;
        if (value->type != AR_TYPE_NULL && value->type != expected)
            return ar_error_set(err, AR_E_INVALID, "binding parameter %u: row %zu has another type than those before",
                                number, row + 1);
        ar_status status = ari_mysql_convert(value, true, number, &parameter, &is, &data, err);
        if (status != AR_OK)
            return status;
        to.indicators[row] = value->type == AR_TYPE_NULL ? STMT_INDICATOR_NULL : STMT_INDICATOR_NONE;
        to.lengths[row] = parameter.length;
        *bytes += 16 + parameter.length;
        if (value->type == AR_TYPE_NULL)
            memset(to.data + row * width, 0, width);
        else if (!is_pointed_at(type))
            memcpy(to.data + row * width, &parameter.as, width);
        else {
            if (made > 0)
                data = memcpy(to.made + row * made, &parameter.as, made);
            memcpy(to.data + row * width, &data, sizeof data);
        }
    }
    bind->buffer = to.data;
    bind->length = to.lengths;
    bind->u.indicator = to.indicators;
    return AR_OK;
}

static ar_status make_room(ari_mysql_statement *statement, const ar_value *parameters, size_t rows, ar_type *types,
                           ar_error *err)
{
    size_t total = 0;
    for (unsigned i = 0; i < statement->parameter_count; i++) {
        MYSQL_BIND *bind = &statement->parameter_binds[i];
        memset(bind, 0, sizeof *bind);
        bind->buffer_type = type_of_column(&parameters[i], rows, statement->parameter_count, &types[i]);
        total += room_of(bind->buffer_type, rows);
    }
    ari_release(statement->env, statement->arrays);
    statement->arrays = ari_allocate(statement->env, total);
    return statement->arrays != NULL
               ? AR_OK
               : ar_error_set(err, AR_E_NO_MEMORY, "binding %zu rows of parameters: no memory", rows);
}

ar_status ari_mysql_bind_rows(ari_mysql_statement *statement, const ar_value *parameters, size_t rows, uint64_t *bytes,
                              ar_error *err)
{
    unsigned count = statement->parameter_count;
    ar_type *types = ari_allocate_array(statement->env, count, sizeof *types);
    ar_status status = types == NULL || rows > UINT32_MAX / 256
                           ? ar_error_set(err, AR_E_NO_MEMORY, "binding %zu rows of parameters: no memory", rows)
                           : make_room(statement, parameters, rows, types, err);
    char *room = statement->arrays;
    *bytes = 0;
    for (unsigned i = 0; status == AR_OK && i < count; i++) {
        MYSQL_BIND *bind = &statement->parameter_binds[i];
        status = fill_column(&parameters[i], rows, count, i + 1, types[i], bind, room, bytes, err);
        room += room_of(bind->buffer_type, rows);
    }
    ari_release(statement->env, types);
    if (status != AR_OK)
        return status;
    set_array_size(statement, (unsigned)rows);
    if (mysql_stmt_bind_param(statement->handle, statement->parameter_binds) != 0)
        return ar_error_set(err, AR_E_INVALID, "binding parameters: %s", mysql_stmt_error(statement->handle));
    return AR_OK;
}

#else

ar_status ari_mysql_bind_rows(ari_mysql_statement *statement, const ar_value *parameters, size_t rows, uint64_t *bytes,
                              ar_error *err)
{
    (void)statement;
    (void)parameters;
    (void)rows;
    *bytes = 0;
    return ar_error_set(err, AR_E_UNSUPPORTED, "binding rows of parameters: the client library cannot");
}

#endif
