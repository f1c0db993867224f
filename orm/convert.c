/* SPDX-License-Identifier: MIT */
#include "orm/convert.h"

#include <float.h>
#include <math.h>

#include <actrec/decimal.h>
#include <actrec/time.h>
#include <actrec/uuid.h>

static bool is_integer(ar_type type)
{
    return type == AR_TYPE_INT16 || type == AR_TYPE_INT32 || type == AR_TYPE_INT64 || type == AR_TYPE_ENUM;
}

static bool fits(int64_t number, ar_type want)
{
    if (want == AR_TYPE_INT16)
        return number >= INT16_MIN && number <= INT16_MAX;
    if (want == AR_TYPE_INT32)
        return number >= INT32_MIN && number <= INT32_MAX;
    if (want == AR_TYPE_ENUM)
        return number >= INT32_MIN && number <= UINT32_MAX; /* enums are int or unsigned int */
    return true;
}

static bool double_to_int64(double number, int64_t *out)
{
    if (!(number >= -0x1p63 && number < 0x1p63) || floor(number) != number)
        return false;
    *out = (int64_t)number;
    return true;
}

static bool to_int64(const ar_value *in, int64_t *out)
{
    if (is_integer(in->type))
        *out = in->as.integer;
    else if (in->type == AR_TYPE_BOOL)
        *out = in->as.boolean;
    else if (in->type == AR_TYPE_DOUBLE)
        return double_to_int64(in->as.real, out);
    else if (in->type == AR_TYPE_FLOAT)
        return double_to_int64((double)in->as.single, out);
    else if (in->type == AR_TYPE_DECIMAL)
        return ar_decimal_to_int64(in->as.decimal, out, NULL) == AR_OK;
    else
        return false;
    return true;
}

static bool to_integer(const ar_value *in, ar_type want, ar_value *out)
{
    int64_t number;
    if (!to_int64(in, &number) || !fits(number, want))
        return false;
    *out = (ar_value){ .type = want, .as.integer = number };
    return true;
}

static bool to_bool(const ar_value *in, ar_value *out)
{
    if (!is_integer(in->type) || (in->as.integer != 0 && in->as.integer != 1))
        return false;
    *out = (ar_value){ .type = AR_TYPE_BOOL, .as.boolean = in->as.integer == 1 };
    return true;
}

static bool to_number(const ar_value *in, double *out)
{
    if (is_integer(in->type)) {
        int64_t back;
        *out = (double)in->as.integer;
        return double_to_int64(*out, &back) && back == in->as.integer;
    }
    if (in->type == AR_TYPE_FLOAT)
        *out = (double)in->as.single;
    else if (in->type == AR_TYPE_DOUBLE)
        *out = in->as.real;
    else if (in->type == AR_TYPE_DECIMAL)
        *out = ar_decimal_to_double(in->as.decimal);
    else
        return false;
    return true;
}

static bool to_double(const ar_value *in, ar_value *out)
{
    double number;
    if (!to_number(in, &number))
        return false;
    *out = (ar_value){ .type = AR_TYPE_DOUBLE, .as.real = number };
    return true;
}

static bool to_float(const ar_value *in, ari_convert_from from, ar_value *out)
{
    double number;
    if (!to_number(in, &number) || (isfinite(number) && fabs(number) > (double)FLT_MAX))
        return false;
    float single = (float)number;
    if (from == ARI_FROM_ENGINE && !isnan(number) && ((double)single < number || (double)single > number))
        return false;
    *out = (ar_value){ .type = AR_TYPE_FLOAT, .as.single = single };
    return true;
}

static bool to_decimal(const ar_value *in, ar_value *out)
{
    ar_value made = { .type = AR_TYPE_DECIMAL };
    ar_status status = AR_E_TYPE;
    if (in->type == AR_TYPE_TEXT)
        status = ar_decimal_parse_n(in->as.text.data, in->as.text.length, &made.as.decimal, NULL);
    else if (in->type == AR_TYPE_DOUBLE)
        status = ar_decimal_from_double(in->as.real, &made.as.decimal, NULL);
    else if (is_integer(in->type)) {
        made.as.decimal = ar_decimal_from_int64(in->as.integer);
        status = AR_OK;
    }
    if (status == AR_OK)
        *out = made;
    return status == AR_OK;
}

static bool to_timestamp(const ar_value *in, ari_convert_from from, ar_value *out)
{
    ar_value made = { .type = AR_TYPE_TIMESTAMP };
    if (in->type == AR_TYPE_TEXT) {
        if (ar_timestamp_parse_n(in->as.text.data, in->as.text.length, &made.as.timestamp, NULL) != AR_OK)
            return false;
    } else if (in->type == AR_TYPE_DATE) {
        if (in->as.date.days < INT64_MIN / INT64_C(86400000000) || in->as.date.days > INT64_MAX / INT64_C(86400000000))
            return false;
        made.as.timestamp.us = in->as.date.days * INT64_C(86400000000);
    } else if (from == ARI_FROM_ENGINE && is_integer(in->type)) {
        made.as.timestamp.us = in->as.integer;
    } else {
        return false;
    }
    *out = made;
    return true;
}

static bool to_date(const ar_value *in, ari_convert_from from, ar_value *out)
{
    ar_value made = { .type = AR_TYPE_DATE };
    if (in->type == AR_TYPE_TEXT) {
        if (ar_date_parse_n(in->as.text.data, in->as.text.length, &made.as.date, NULL) != AR_OK)
            return false;
    } else if (from == ARI_FROM_ENGINE && is_integer(in->type) && fits(in->as.integer, AR_TYPE_INT32)) {
        made.as.date.days = (int32_t)in->as.integer;
    } else {
        return false;
    }
    *out = made;
    return true;
}

static bool to_time(const ar_value *in, ari_convert_from from, ar_value *out)
{
    ar_value made = { .type = AR_TYPE_TIME };
    if (in->type == AR_TYPE_TEXT) {
        if (ar_time_parse_n(in->as.text.data, in->as.text.length, &made.as.time, NULL) != AR_OK)
            return false;
    } else if (from == ARI_FROM_ENGINE && is_integer(in->type)) {
        made.as.time.us = in->as.integer;
    } else {
        return false;
    }
    if (!ar_time_is_valid(made.as.time))
        return false;
    *out = made;
    return true;
}

static bool to_uuid(const ar_value *in, ari_convert_from from, ar_value *out)
{
    ar_value made = { .type = AR_TYPE_UUID };
    if (in->type == AR_TYPE_TEXT) {
        if (ar_uuid_parse_n(in->as.text.data, in->as.text.length, &made.as.uuid, NULL) != AR_OK)
            return false;
    } else if (from == ARI_FROM_ENGINE && in->type == AR_TYPE_BYTES &&
               in->as.bytes.length == sizeof made.as.uuid.bytes) {
        const unsigned char *bytes = in->as.bytes.data;
        for (size_t i = 0; i < sizeof made.as.uuid.bytes; i++)
            made.as.uuid.bytes[i] = bytes[i];
    } else {
        return false;
    }
    *out = made;
    return true;
}

static bool to_text(const ar_value *in, ar_type want, ar_value *out)
{
    if (in->type != AR_TYPE_TEXT && in->type != AR_TYPE_JSON)
        return false;
    *out = *in;
    out->type = want;
    return true;
}

bool ari_value_as(const ar_value *in, ar_type want, ari_convert_from from, ar_value *out)
{
    if (in->type == want || in->type == AR_TYPE_NULL) {
        *out = *in;
        return true;
    }
    switch (want) {
    case AR_TYPE_NULL: *out = *in; return true;
    case AR_TYPE_BOOL: return to_bool(in, out);
    case AR_TYPE_INT16:
    case AR_TYPE_INT32:
    case AR_TYPE_INT64:
    case AR_TYPE_ENUM: return to_integer(in, want, out);
    case AR_TYPE_FLOAT: return to_float(in, from, out);
    case AR_TYPE_DOUBLE: return to_double(in, out);
    case AR_TYPE_TEXT:
    case AR_TYPE_JSON: return to_text(in, want, out);
    case AR_TYPE_BYTES: return false;
    case AR_TYPE_TIMESTAMP: return to_timestamp(in, from, out);
    case AR_TYPE_DATE: return to_date(in, from, out);
    case AR_TYPE_TIME: return to_time(in, from, out);
    case AR_TYPE_DECIMAL: return to_decimal(in, out);
    case AR_TYPE_UUID: return to_uuid(in, from, out);
    }
    return false;
}
