/* SPDX-License-Identifier: MIT */
#include "backends/mysql/value.h"

#include <math.h>
#include <string.h>

#include <actrec/decimal.h>
#include <actrec/time.h>
#include <actrec/uuid.h>

#include "values/integer.h"
#include "values/number.h"

/* Every decoder answers AR_E_TYPE, without a message, for what does not fit: the column and the types are named in one
 * place. */

static const char *held_name(ari_mysql_holds holds)
{
    switch (holds) {
    case ARI_MYSQL_NOTHING: return "a NULL";
    case ARI_MYSQL_INTEGER:
    case ARI_MYSQL_UNSIGNED: return "an integer";
    case ARI_MYSQL_SINGLE: return "a FLOAT";
    case ARI_MYSQL_REAL: return "a DOUBLE";
    case ARI_MYSQL_TEXT: return "a text";
    case ARI_MYSQL_BYTES: return "bytes";
    case ARI_MYSQL_BITS: return "a BIT";
    case ARI_MYSQL_NUMBER: return "a DECIMAL";
    case ARI_MYSQL_DATETIME: return "a DATETIME";
    case ARI_MYSQL_DATE: return "a DATE";
    case ARI_MYSQL_TIME_OF_DAY: return "a TIME";
    }
    return "a value";
}

static ar_status refuse(ari_mysql_statement *statement, unsigned index, ar_type wanted, ar_error *err)
{
    const MYSQL_FIELD *fields = ari_mysql_statement_fields(statement);
    const char *name = fields != NULL && fields[index].name != NULL ? fields[index].name : "?";
    return ar_error_set(err, AR_E_TYPE, "reading column %u (%s): it holds %s that does not fit %s", index + 1, name,
                        held_name(statement->columns[index].holds), ar_type_name(wanted));
}

/* "1.500" → "1.5", "2.00" → "2". */
static size_t without_zeros(const char *text, size_t length)
{
    if (memchr(text, '.', length) == NULL)
        return length;
    while (text[length - 1] == '0')
        length--;
    return text[length - 1] == '.' ? length - 1 : length;
}

static ar_status whole_of_double(double number, int64_t *out)
{
    if (!(number >= -9223372036854775808.0 && number < 9223372036854775808.0) || number != floor(number))
        return AR_E_TYPE;
    *out = (int64_t)number;
    return AR_OK;
}

static ar_status read_whole(const ari_mysql_column *column, int64_t *out)
{
    uint64_t bits = 0;
    switch (column->holds) {
    case ARI_MYSQL_INTEGER: *out = column->as.integer; return AR_OK;
    case ARI_MYSQL_UNSIGNED: *out = column->as.integer; return column->as.integer >= 0 ? AR_OK : AR_E_TYPE;
    case ARI_MYSQL_SINGLE: return whole_of_double((double)column->as.single, out);
    case ARI_MYSQL_REAL: return whole_of_double(column->as.real, out);
    case ARI_MYSQL_TEXT: return ari_parse_int64(column->buffer, column->length, out) ? AR_OK : AR_E_TYPE;
    case ARI_MYSQL_NUMBER:
        return ari_parse_int64(column->buffer, without_zeros(column->buffer, column->length), out) ? AR_OK : AR_E_TYPE;
    case ARI_MYSQL_BITS:
        for (unsigned long i = 0; i < column->length && i < 8; i++)
            bits = bits << 8 | (unsigned char)column->buffer[i];
        *out = (int64_t)bits;
        return bits <= INT64_MAX ? AR_OK : AR_E_TYPE;
    case ARI_MYSQL_NOTHING:
    case ARI_MYSQL_BYTES:
    case ARI_MYSQL_DATETIME:
    case ARI_MYSQL_DATE:
    case ARI_MYSQL_TIME_OF_DAY: return AR_E_TYPE;
    }
    return AR_E_TYPE;
}

static ar_status read_integer(const ari_mysql_column *column, ar_type wanted, int64_t *out)
{
    ar_status status = read_whole(column, out);
    return status == AR_OK && !ari_integer_fits(wanted, *out) ? AR_E_TYPE : status;
}

static ar_status read_double(const ari_mysql_column *column, double *out)
{
    int64_t number;
    if (column->holds == ARI_MYSQL_REAL) {
        *out = column->as.real;
    } else if (column->holds == ARI_MYSQL_SINGLE) {
        *out = (double)column->as.single;
    } else if (column->holds == ARI_MYSQL_TEXT || column->holds == ARI_MYSQL_NUMBER) {
        if (!ari_parse_double(column->buffer, column->length, out) || isnan(*out))
            return AR_E_TYPE;
    } else {
        if (read_whole(column, &number) != AR_OK)
            return AR_E_TYPE;
        *out = (double)number;
        if (*out >= 9223372036854775808.0 || (int64_t)*out != number)
            return AR_E_TYPE;
    }
    return AR_OK;
}

static ar_status read_float(const ari_mysql_column *column, float *out)
{
    double number;
    if (column->holds == ARI_MYSQL_SINGLE) {
        *out = column->as.single;
        return AR_OK;
    }
    if (column->holds == ARI_MYSQL_TEXT || column->holds == ARI_MYSQL_NUMBER)
        return ari_parse_float(column->buffer, column->length, out) && !isnan(*out) ? AR_OK : AR_E_TYPE;
    ar_status status = read_double(column, &number);
    if (status != AR_OK || (isfinite(number) && fabs(number) > 3.4028234663852886e38))
        return AR_E_TYPE;
    *out = (float)number;
    return (double)*out == number ? AR_OK : AR_E_TYPE;
}

/* CAST(… AS DECIMAL(65,30)), which is how sums and averages of decimals are made, fills up with zeros. So may the
 * aggregates of MySQL, beyond what a decimal has room for. */
static ar_status read_decimal(const ari_mysql_column *column, ar_decimal *out)
{
    int64_t number;
    if (column->holds == ARI_MYSQL_NUMBER) {
        size_t length = column->decimals >= 30 || column->length > AR_DECIMAL_DIGITS
                            ? without_zeros(column->buffer, column->length)
                            : column->length;
        return ar_decimal_parse_n(column->buffer, length, out, NULL) == AR_OK ? AR_OK : AR_E_TYPE;
    }
    if (column->holds == ARI_MYSQL_TEXT)
        return ar_decimal_parse_n(column->buffer, column->length, out, NULL) == AR_OK ? AR_OK : AR_E_TYPE;
    if (column->holds == ARI_MYSQL_REAL || column->holds == ARI_MYSQL_SINGLE) {
        double real = column->holds == ARI_MYSQL_REAL ? column->as.real : (double)column->as.single;
        return ar_decimal_from_double(real, out, NULL) == AR_OK ? AR_OK : AR_E_TYPE;
    }
    if (read_whole(column, &number) != AR_OK)
        return AR_E_TYPE;
    *out = ar_decimal_from_int64(number);
    return AR_OK;
}

static ar_status read_text(const ari_mysql_column *column, ar_text *out)
{
    if (column->holds != ARI_MYSQL_TEXT || memchr(column->buffer, '\0', column->length) != NULL)
        return AR_E_TYPE;
    *out = (ar_text){ column->buffer, column->length };
    return AR_OK;
}

static ar_status read_bytes(const ari_mysql_column *column, ar_bytes *out)
{
    if (column->holds != ARI_MYSQL_TEXT && column->holds != ARI_MYSQL_BYTES && column->holds != ARI_MYSQL_BITS)
        return AR_E_TYPE;
    *out = (ar_bytes){ column->buffer, column->length };
    return AR_OK;
}

static ar_status read_uuid(const ari_mysql_column *column, ar_uuid *out)
{
    if (column->holds == ARI_MYSQL_TEXT)
        return ar_uuid_parse_n(column->buffer, column->length, out, NULL) == AR_OK ? AR_OK : AR_E_TYPE;
    if (column->holds != ARI_MYSQL_BYTES || column->length != sizeof out->bytes)
        return AR_E_TYPE;
    memcpy(out->bytes, column->buffer, sizeof out->bytes);
    return AR_OK;
}

static ar_civil civil_of(const MYSQL_TIME *time)
{
    return (ar_civil){ .year = (int32_t)time->year,
                       .month = (int32_t)time->month,
                       .day = (int32_t)time->day,
                       .hour = (int32_t)time->hour,
                       .minute = (int32_t)time->minute,
                       .second = (int32_t)time->second,
                       .microsecond = (int32_t)time->second_part };
}

static ar_status read_timestamp(const ari_mysql_column *column, ar_timestamp *out)
{
    if (column->holds == ARI_MYSQL_TEXT)
        return ar_timestamp_parse_n(column->buffer, column->length, out, NULL) == AR_OK ? AR_OK : AR_E_TYPE;
    ar_civil civil = civil_of(&column->as.time);
    return column->holds == ARI_MYSQL_DATETIME && ar_timestamp_from_civil(&civil, out, NULL) == AR_OK ? AR_OK
                                                                                                      : AR_E_TYPE;
}

static ar_status read_date(const ari_mysql_column *column, ar_date *out)
{
    const MYSQL_TIME *time = &column->as.time;
    if (column->holds == ARI_MYSQL_TEXT)
        return ar_date_parse_n(column->buffer, column->length, out, NULL) == AR_OK ? AR_OK : AR_E_TYPE;
    return column->holds == ARI_MYSQL_DATE &&
                   ar_date_from_civil((int32_t)time->year, (int32_t)time->month, (int32_t)time->day, out, NULL) == AR_OK
               ? AR_OK
               : AR_E_TYPE;
}

/* A TIME is a span too, negative or longer than a day. */
static ar_status read_time(const ari_mysql_column *column, ar_time *out)
{
    const MYSQL_TIME *time = &column->as.time;
    if (column->holds == ARI_MYSQL_TEXT)
        return ar_time_parse_n(column->buffer, column->length, out, NULL) == AR_OK ? AR_OK : AR_E_TYPE;
    if (column->holds != ARI_MYSQL_TIME_OF_DAY || time->neg || time->day != 0)
        return AR_E_TYPE;
    return ar_time_from_civil((int32_t)time->hour, (int32_t)time->minute, (int32_t)time->second,
                              (int32_t)time->second_part, out, NULL) == AR_OK
               ? AR_OK
               : AR_E_TYPE;
}

static ar_status read_bool(const ari_mysql_column *column, bool *out)
{
    int64_t number;
    if (column->holds != ARI_MYSQL_INTEGER && column->holds != ARI_MYSQL_UNSIGNED && column->holds != ARI_MYSQL_BITS)
        return AR_E_TYPE;
    ar_status status = read_whole(column, &number);
    *out = status == AR_OK && number == 1;
    return status == AR_OK && (number < 0 || number > 1) ? AR_E_TYPE : status;
}

static ar_status read_value(const ari_mysql_column *column, ar_type wanted, ar_value *out)
{
    switch (wanted) {
    case AR_TYPE_NULL: return AR_OK;
    case AR_TYPE_BOOL: return read_bool(column, &out->as.boolean);
    case AR_TYPE_INT16:
    case AR_TYPE_INT32:
    case AR_TYPE_INT64:
    case AR_TYPE_ENUM: return read_integer(column, wanted, &out->as.integer);
    case AR_TYPE_FLOAT: return read_float(column, &out->as.single);
    case AR_TYPE_DOUBLE: return read_double(column, &out->as.real);
    case AR_TYPE_TEXT:
    case AR_TYPE_JSON: return read_text(column, &out->as.text);
    case AR_TYPE_BYTES: return read_bytes(column, &out->as.bytes);
    case AR_TYPE_TIMESTAMP: return read_timestamp(column, &out->as.timestamp);
    case AR_TYPE_DATE: return read_date(column, &out->as.date);
    case AR_TYPE_TIME: return read_time(column, &out->as.time);
    case AR_TYPE_DECIMAL: return read_decimal(column, &out->as.decimal);
    case AR_TYPE_UUID: return read_uuid(column, &out->as.uuid);
    }
    return AR_E_TYPE;
}

/* A TINYINT(1) is a truth value unless it holds something else. */
static ar_type natural_of(const ari_mysql_column *column)
{
    if (column->natural == AR_TYPE_BOOL && column->as.integer != 0 && column->as.integer != 1)
        return AR_TYPE_INT16;
    return column->natural;
}

ar_status ari_mysql_decode(ari_mysql_statement *statement, const ar_type *wanted, ar_value *values, ar_error *err)
{
    for (unsigned i = 0; i < statement->column_count; i++) {
        const ari_mysql_column *column = &statement->columns[i];
        if (column->is_null || column->holds == ARI_MYSQL_NOTHING) {
            values[i].type = AR_TYPE_NULL;
            continue;
        }
        ar_type type = wanted == NULL || wanted[i] == AR_TYPE_NULL ? natural_of(column) : wanted[i];
        values[i].type = type;
        if (read_value(column, type, &values[i]) != AR_OK)
            return refuse(statement, i, type, err);
    }
    return AR_OK;
}
