/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "values/decimal.h"
#include "values/number.h"
#include "values/text.h"

static const char reading[] = "reading a decimal";

ar_status ar_decimal_parse(const char *text, ar_decimal *out, ar_error *err)
{
    return ar_decimal_parse_n(text, text != NULL ? strlen(text) : 0, out, err);
}

/* Appends the digits to `*coefficient`; false when they come to more than 38. */
static bool take_digits(const char *digits, size_t length, ari_wide *coefficient)
{
    for (size_t i = 0; i < length; i++) {
        unsigned digit = (unsigned)(digits[i] - '0');
        if (*coefficient > (ari_wide_max() - digit) / 10)
            return false;
        *coefficient = *coefficient * 10 + digit;
    }
    return true;
}

ar_status ar_decimal_parse_n(const char *text, size_t length, ar_decimal *out, ar_error *err)
{
    ari_number_text parts;
    ari_wide coefficient = 0;
    if (text == NULL || out == NULL)
        return ar_error_set(err, AR_E_INVALID, "%s: %s is NULL", reading, text == NULL ? "the text" : "out");
    if (!ari_number_scan(text, length, &parts))
        return ar_error_set(err, AR_E_TYPE, "%s: the text is not of the form [+-]digits[.digits][e[+-]digits]",
                            reading);
    int64_t scale = (int64_t)parts.fraction_length - parts.exponent;
    if (!take_digits(parts.integer, parts.integer_length, &coefficient) ||
        !take_digits(parts.fraction, parts.fraction_length, &coefficient))
        return ar_error_set(err, AR_E_TYPE, "%s: it has more than 38 digits; round it first", reading);
    if (scale > AR_DECIMAL_DIGITS)
        return ar_error_set(err, AR_E_TYPE, "%s: it has more than 38 digits behind the point; round it first", reading);
    unsigned zeros = scale >= -AR_DECIMAL_DIGITS ? (scale < 0 ? (unsigned)-scale : 0) : AR_DECIMAL_DIGITS + 1;
    if (!ari_wide_shift(coefficient, zeros, ari_wide_max(), &coefficient))
        return ar_error_set(err, AR_E_TYPE, "%s: it has more than 38 digits", reading);
    *out = ari_decimal_make(coefficient, scale < 0 ? 0 : (unsigned)scale, parts.negative);
    return AR_OK;
}

size_t ar_decimal_format(ar_decimal value, char *buffer, size_t size)
{
    char text[AR_DECIMAL_TEXT_SIZE];
    size_t start = sizeof text;
    ari_wide rest = ari_wide_of(value);
    if (!ar_decimal_is_valid(value))
        return ari_text_deliver(text, 0, buffer, size);
    for (unsigned place = 0; place <= value.scale || rest != 0; place++) {
        if (place == value.scale && place > 0)
            text[--start] = '.';
        text[--start] = (char)('0' + (unsigned)(rest % 10));
        rest /= 10;
    }
    if (value.negative)
        text[--start] = '-';
    return ari_text_deliver(text + start, sizeof text - start, buffer, size);
}

double ar_decimal_to_double(ar_decimal value)
{
    char text[AR_DECIMAL_TEXT_SIZE];
    double number = (double)NAN;
    size_t length = ar_decimal_format(value, text, sizeof text);
    if (length > 0)
        (void)ari_parse_double(text, length, &number);
    return number;
}

ar_status ar_decimal_from_double(double number, ar_decimal *out, ar_error *err)
{
    static const char doing[] = "turning a double into a decimal";
    char digits[17];
    int exponent = 0;
    size_t count = 0;
    ari_wide coefficient = 0;
    if (out == NULL)
        return ar_error_set(err, AR_E_INVALID, "%s: out is NULL", doing);
    if (isnan(number) || isinf(number))
        return ar_error_set(err, AR_E_TYPE, "%s: it is %s", doing, isnan(number) ? "NaN" : "infinite");
    if (number != 0)
        count = ari_double_digits(number, digits, &exponent);
    int scale = count > 0 ? (int)count - 1 - exponent : 0;
    if (scale > AR_DECIMAL_DIGITS)
        return ar_error_set(err, AR_E_TYPE, "%s: it needs more than 38 digits behind the point", doing);
    if (!take_digits(digits, count, &coefficient) ||
        !ari_wide_shift(coefficient, scale < 0 ? (unsigned)-scale : 0, ari_wide_max(), &coefficient))
        return ar_error_set(err, AR_E_TYPE, "%s: it needs more than 38 digits", doing);
    *out = ari_decimal_make(coefficient, scale < 0 ? 0 : (unsigned)scale, number < 0);
    return AR_OK;
}

ar_decimal ar_decimal_from_int64(int64_t number)
{
    return ar_decimal_of(number, 0);
}

ar_status ar_decimal_to_int64(ar_decimal value, int64_t *out, ar_error *err)
{
    static const char doing[] = "turning a decimal into an integer";
    if (out == NULL || !ar_decimal_is_valid(value))
        return ar_error_set(err, AR_E_INVALID, "%s: %s", doing, out == NULL ? "out is NULL" : "it is not valid");
    ari_wide one = ari_power_of_ten(value.scale);
    ari_wide whole = ari_wide_of(value) / one;
    if (ari_wide_of(value) % one != 0)
        return ar_error_set(err, AR_E_TYPE, "%s: it has a fraction; ar_decimal_round it first", doing);
    if (whole > (ari_wide)INT64_MAX + value.negative)
        return ar_error_set(err, AR_E_TYPE, "%s: it is beyond 64 bits", doing);
    if (value.negative)
        *out = -(int64_t)(uint64_t)(whole - 1) - 1;
    else
        *out = (int64_t)whole;
    return AR_OK;
}
