/* SPDX-License-Identifier: MIT */
/* printf and strtod do the correctly rounded work here, but never see a decimal point, which the process's locale
 * decides: of what "%.*e" prints only the digits and the exponent are read, and strtod is given "123e-2". */
#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "values/number.h"

/* A double halfway between two others has at most 767 digits; one digit more stands for all that follow. */
enum { digits_that_count = 767, digits_text_size = digits_that_count + 32 };

/* digits * 10^exponent, as an integer text without leading zeros; count 0 is zero. */
typedef struct decimal_digits {
    char text[digits_text_size];
    size_t count;
    int64_t exponent;
} decimal_digits;

static bool same_word(const char *text, size_t length, const char *word)
{
    if (length != strlen(word))
        return false;
    for (size_t i = 0; i < length; i++) {
        char c = text[i];
        if (c >= 'A' && c <= 'Z')
            c = (char)(c - 'A' + 'a');
        if (c != word[i])
            return false;
    }
    return true;
}

static void collect(decimal_digits *digits, const char *span, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (digits->count == 0 && span[i] == '0')
            continue;
        if (digits->count < digits_that_count) {
            digits->text[digits->count++] = span[i];
            continue;
        }
        if (digits->count == digits_that_count)
            digits->text[digits->count++] = '0';
        else
            digits->exponent++;
        if (span[i] != '0')
            digits->text[digits_that_count] = '1';
    }
}

/* Puts the exponent behind the digits for strtod. */
static void end_digits(decimal_digits *digits)
{
    snprintf(digits->text + digits->count, sizeof digits->text - digits->count, "e%d", (int)digits->exponent);
}

static double digits_to_double(decimal_digits *digits)
{
    int before = errno;
    end_digits(digits);
    double number = strtod(digits->text, NULL);
    errno = before;
    return number;
}

static float digits_to_float(decimal_digits *digits)
{
    int before = errno;
    end_digits(digits);
    float number = strtof(digits->text, NULL);
    errno = before;
    return number;
}

/* Up to 15 digits and a power of ten that is itself exact: one correctly rounded operation gives the nearest. */
static bool digits_are_easy(const decimal_digits *digits, double *out)
{
#if FLT_EVAL_METHOD == 0
    static const double powers[] = { 1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                     1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22 };
    if (digits->count > 15 || digits->exponent < -22 || digits->exponent > 22)
        return false;
    int64_t mantissa = 0;
    for (size_t i = 0; i < digits->count; i++)
        mantissa = mantissa * 10 + (digits->text[i] - '0');
    *out = digits->exponent < 0 ? (double)mantissa / powers[-digits->exponent]
                                : (double)mantissa * powers[digits->exponent];
    return true;
#else
    (void)digits;
    (void)out;
    return false;
#endif
}

static bool parse_special(const char *text, size_t length, double *out)
{
    bool negative = length > 0 && text[0] == '-';
    if (length > 0 && (text[0] == '-' || text[0] == '+')) {
        text++;
        length--;
    }
    if (same_word(text, length, "inf") || same_word(text, length, "infinity"))
        *out = negative ? -HUGE_VAL : HUGE_VAL;
    else if (same_word(text, length, "nan"))
        *out = (double)NAN;
    else
        return false;
    return true;
}

/* The digits of a number; false when it is beyond what any float holds. What is too small for any counts as zero. */
static bool parse_digits(const ari_number_text *parts, decimal_digits *digits)
{
    digits->count = 0;
    digits->exponent = parts->exponent - (int64_t)parts->fraction_length;
    collect(digits, parts->integer, parts->integer_length);
    collect(digits, parts->fraction, parts->fraction_length);
    int64_t magnitude = digits->exponent + (int64_t)digits->count;
    if (digits->count > 0 && magnitude > 400)
        return false;
    if (magnitude < -400)
        digits->count = 0;
    return true;
}

bool ari_parse_double(const char *text, size_t length, double *out)
{
    ari_number_text parts;
    decimal_digits digits;
    double number = 0;
    if (!ari_number_scan(text, length, &parts))
        return parse_special(text, length, out);
    if (!parse_digits(&parts, &digits))
        return false;
    if (digits.count > 0 && !digits_are_easy(&digits, &number))
        number = digits_to_double(&digits);
    if (isinf(number))
        return false;
    *out = parts.negative ? -number : number;
    return true;
}

bool ari_parse_float(const char *text, size_t length, float *out)
{
    ari_number_text parts;
    decimal_digits digits;
    double special = 0;
    if (!ari_number_scan(text, length, &parts)) {
        if (!parse_special(text, length, &special))
            return false;
        *out = (float)special;
        return true;
    }
    if (!parse_digits(&parts, &digits))
        return false;
    float number = digits.count > 0 ? digits_to_float(&digits) : 0.0F;
    if (isinf(number))
        return false;
    *out = parts.negative ? -number : number;
    return true;
}

bool ari_parse_int64(const char *text, size_t length, int64_t *out)
{
    bool negative = length > 0 && text[0] == '-';
    size_t i = length > 0 && (text[0] == '-' || text[0] == '+') ? 1 : 0;
    if (i == length)
        return false;
    uint64_t largest = negative ? (uint64_t)INT64_MAX + 1 : (uint64_t)INT64_MAX;
    uint64_t magnitude = 0;
    for (; i < length; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        uint64_t digit = (uint64_t)(text[i] - '0');
        if (magnitude > (largest - digit) / 10)
            return false;
        magnitude = magnitude * 10 + digit;
    }
    if (negative)
        *out = magnitude > 0 ? -(int64_t)(magnitude - 1) - 1 : 0;
    else
        *out = (int64_t)magnitude;
    return true;
}

/* The `count` digits nearest to `magnitude`, as d.ddd * 10^exponent. */
static void round_to_digits(double magnitude, int count, decimal_digits *digits, int *exponent)
{
    char text[64];
    snprintf(text, sizeof text, "%.*e", count - 1, magnitude);
    const char *c = text;
    digits->count = 0;
    for (; *c != 'e' && *c != '\0'; c++)
        if (*c >= '0' && *c <= '9')
            digits->text[digits->count++] = *c;
    *exponent = *c == 'e' ? (int)strtol(c + 1, NULL, 10) : 0;
    digits->exponent = *exponent - (count - 1);
}

/* `single`: the number is a float's, and has to read back as that. */
static size_t shortest_digits(double magnitude, bool single, char out[17], int *exponent)
{
    decimal_digits digits;
    int most = single ? FLT_DECIMAL_DIG : DBL_DECIMAL_DIG;
    int fewest = single ? FLT_DIG : DBL_DIG;
    if (magnitude < (single ? (double)FLT_MIN : DBL_MIN))
        fewest = 1;
    for (int count = fewest; count <= most; count++) {
        round_to_digits(magnitude, count, &digits, exponent);
        size_t collected = digits.count;
        bool back = single ? digits_to_float(&digits) == (float)magnitude : digits_to_double(&digits) == magnitude;
        digits.count = collected;
        if (back)
            break;
    }
    while (digits.count > 1 && digits.text[digits.count - 1] == '0')
        digits.count--;
    memcpy(out, digits.text, digits.count);
    return digits.count;
}

size_t ari_double_digits(double number, char digits[17], int *exponent)
{
    return shortest_digits(signbit(number) ? -number : number, false, digits, exponent);
}

/* Up to 17 digits and a position of the point from -5 to 16 are written out; all else gets an exponent. */
static size_t lay_out(const char *digits, int count, int exponent, char *out)
{
    char *c = out;
    if (exponent < -5 || exponent > 16) {
        *c++ = digits[0];
        if (count > 1) {
            *c++ = '.';
            memcpy(c, digits + 1, (size_t)count - 1);
            c += count - 1;
        }
        *c++ = 'e';
        char text[ARI_NUMBER_TEXT_SIZE];
        size_t length = ari_format_int64(exponent, text);
        memcpy(c, text, length);
        return (size_t)(c - out) + length;
    }
    for (int place = exponent < 0 ? 0 : exponent; place >= 0 || place > exponent - count; place--) {
        if (place == -1)
            *c++ = '.';
        int index = exponent - place;
        *c++ = index >= 0 && index < count ? digits[index] : '0';
    }
    return (size_t)(c - out);
}

static size_t format_number(double number, bool single, char buffer[ARI_NUMBER_TEXT_SIZE])
{
    char digits[17] = "";
    int exponent = 0;
    size_t length = 0;
    if (isnan(number)) {
        memcpy(buffer, "NaN", sizeof "NaN");
        return 3;
    }
    if (signbit(number)) {
        buffer[length++] = '-';
        number = -number;
    }
    if (isinf(number)) {
        memcpy(buffer + length, "Infinity", sizeof "Infinity");
        return length + 8;
    }
    if (number == 0) {
        buffer[length++] = '0';
    } else {
        size_t count = shortest_digits(number, single, digits, &exponent);
        length += lay_out(digits, (int)count, exponent, buffer + length);
    }
    buffer[length] = '\0';
    return length;
}

size_t ari_format_double(double number, char buffer[ARI_NUMBER_TEXT_SIZE])
{
    return format_number(number, false, buffer);
}

size_t ari_format_float(float number, char buffer[ARI_NUMBER_TEXT_SIZE])
{
    return format_number((double)number, true, buffer);
}

size_t ari_format_int64(int64_t number, char buffer[ARI_NUMBER_TEXT_SIZE])
{
    char digits[20];
    size_t start = sizeof digits;
    size_t length = 0;
    uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    do {
        digits[--start] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest != 0);
    if (number < 0)
        buffer[length++] = '-';
    memcpy(buffer + length, digits + start, sizeof digits - start);
    length += sizeof digits - start;
    buffer[length] = '\0';
    return length;
}
