/* SPDX-License-Identifier: MIT */
#include "values/number.h"

#define LARGEST_EXPONENT INT64_C(100000000000000000)

static size_t count_digits(const char *text, size_t length)
{
    size_t count = 0;
    while (count < length && text[count] >= '0' && text[count] <= '9')
        count++;
    return count;
}

/* Takes a sign off the front of the text. */
static bool take_sign(const char **text, size_t *length)
{
    bool negative = *length > 0 && **text == '-';
    if (*length > 0 && (**text == '-' || **text == '+')) {
        (*text)++;
        (*length)--;
    }
    return negative;
}

/* "[+-]digits" to the end of the text. */
static bool scan_exponent(const char *text, size_t length, int64_t *out)
{
    bool negative = take_sign(&text, &length);
    int64_t exponent = 0;
    if (length == 0 || count_digits(text, length) != length)
        return false;
    for (size_t i = 0; i < length && exponent < LARGEST_EXPONENT; i++)
        exponent = exponent * 10 + (text[i] - '0');
    if (exponent > LARGEST_EXPONENT)
        exponent = LARGEST_EXPONENT;
    *out = negative ? -exponent : exponent;
    return true;
}

bool ari_number_scan(const char *text, size_t length, ari_number_text *out)
{
    ari_number_text parts = { .negative = take_sign(&text, &length), .integer = text };
    parts.integer_length = count_digits(text, length);
    text += parts.integer_length;
    length -= parts.integer_length;
    parts.fraction = text;
    if (length > 0 && *text == '.') {
        parts.fraction = text + 1;
        parts.fraction_length = count_digits(text + 1, length - 1);
        text += parts.fraction_length + 1;
        length -= parts.fraction_length + 1;
    }
    if (parts.integer_length + parts.fraction_length == 0)
        return false;
    if (length > 0 && (*text == 'e' || *text == 'E')) {
        if (!scan_exponent(text + 1, length - 1, &parts.exponent))
            return false;
        length = 0;
    }
    if (length > 0)
        return false;
    *out = parts;
    return true;
}
