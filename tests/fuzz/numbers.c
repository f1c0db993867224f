/* SPDX-License-Identifier: MIT */
#include "tests/fuzz/fuzz.h"

#include <math.h>
#include <stdbool.h>

#include <actrec/decimal.h>

#include "values/number.h"

/* Numbers and decimals as text: what is read is written so that it reads back to the same bits; arithmetic agrees with itself. */

static bool same_decimal(ar_decimal a, ar_decimal b)
{
    return a.low == b.low && a.high == b.high && a.scale == b.scale && a.negative == b.negative;
}

static bool same_double(double a, double b)
{
    return memcmp(&a, &b, sizeof a) == 0 || (isnan(a) && isnan(b));
}

static void check_decimal_text(ar_decimal value)
{
    char text[AR_DECIMAL_TEXT_SIZE], cut[8];
    ar_decimal again;
    size_t length = ar_decimal_format(value, text, sizeof text);
    CLAIM(ar_decimal_is_valid(value));
    CLAIM(length > 0 && length < sizeof text && strlen(text) == length);
    CLAIM(ar_decimal_parse_n(text, length, &again, NULL) == AR_OK && same_decimal(value, again));
    CLAIM(ar_decimal_compare(value, again) == 0);
    CLAIM(ar_decimal_format(value, cut, sizeof cut) == (length < sizeof cut ? length : 0));
    double number = ar_decimal_to_double(value), read;
    CLAIM(ari_parse_double(text, length, &read));
    CLAIM(same_double(read, number) || (read == 0 && number == 0));
    if (ar_decimal_from_double(number, &again, NULL) == AR_OK)
        CLAIM(ar_decimal_to_double(again) == number);
    int64_t integer;
    if (ar_decimal_to_int64(value, &integer, NULL) == AR_OK)
        CLAIM(ar_decimal_compare(ar_decimal_from_int64(integer), value) == 0);
}

static void check_arithmetic(ar_decimal a, ar_decimal b, uint8_t scale, uint8_t rounding)
{
    ar_decimal sum, back, product, quotient, rest, rounded;
    ar_error error;
    CLAIM(ar_decimal_compare(a, b) == -ar_decimal_compare(b, a) ||
          (ar_decimal_compare(a, b) < 0) == (ar_decimal_compare(b, a) > 0));
    if (ar_decimal_add(a, b, &sum, &error) == AR_OK) {
        check_decimal_text(sum);
        if (ar_decimal_sub(sum, b, &back, &error) == AR_OK)
            CLAIM(ar_decimal_compare(back, a) == 0);
    }
    if (ar_decimal_mul(a, b, &product, &error) == AR_OK)
        check_decimal_text(product);
    if (ar_decimal_mul_round(a, b, scale, (ar_rounding)rounding, &product, &error) == AR_OK)
        CLAIM(ar_decimal_is_valid(product) && product.scale == scale);
    if (ar_decimal_div(a, b, scale, (ar_rounding)rounding, &quotient, &error) == AR_OK)
        CLAIM(ar_decimal_is_valid(quotient) && quotient.scale == scale && !ar_decimal_is_zero(b));
    if (ar_decimal_rem(a, b, &rest, &error) == AR_OK) {
        CLAIM(ar_decimal_is_valid(rest));
        CLAIM(ar_decimal_compare(ar_decimal_abs(rest), ar_decimal_abs(b)) < 0);
        CLAIM(ar_decimal_is_zero(rest) || rest.negative == a.negative);
    }
    if (ar_decimal_round(a, scale, (ar_rounding)rounding, &rounded, &error) == AR_OK) {
        CLAIM(ar_decimal_is_valid(rounded) && rounded.scale == scale);
        if (scale >= a.scale)
            CLAIM(ar_decimal_compare(rounded, a) == 0);
    }
}

static void check_numbers(const char *text, size_t length)
{
    char written[ARI_NUMBER_TEXT_SIZE];
    double number, again;
    float single, single_again;
    int64_t integer, integer_again;
    if (ari_parse_double(text, length, &number)) {
        size_t size = ari_format_double(number, written);
        CLAIM(size < sizeof written && ari_parse_double(written, size, &again) && same_double(number, again));
    }
    if (ari_parse_float(text, length, &single)) {
        size_t size = ari_format_float(single, written);
        CLAIM(size < sizeof written && ari_parse_float(written, size, &single_again));
        CLAIM(memcmp(&single, &single_again, sizeof single) == 0 || (isnan(single) && isnan(single_again)));
    }
    if (ari_parse_int64(text, length, &integer)) {
        size_t size = ari_format_int64(integer, written);
        CLAIM(size < sizeof written && ari_parse_int64(written, size, &integer_again) && integer == integer_again);
        CLAIM(ari_parse_double(text, length, &number) && same_double(number + 0.0, (double)integer + 0.0));
    }
}

/* Any bits at all, most of them no valid decimal. */
static void check_bits(fuzz_input *input)
{
    ar_decimal value;
    double number, again;
    char text[ARI_NUMBER_TEXT_SIZE], decimal_text[AR_DECIMAL_TEXT_SIZE];
    fuzz_bytes(input, &value.low, sizeof value.low);
    fuzz_bytes(input, &value.high, sizeof value.high);
    value.scale = fuzz_byte(input);
    value.negative = (fuzz_byte(input) & 1) != 0;
    fuzz_bytes(input, &number, sizeof number);
    if (ar_decimal_is_valid(value))
        check_decimal_text(value);
    else
        CLAIM(ar_decimal_format(value, decimal_text, sizeof decimal_text) == 0 && decimal_text[0] == '\0');
    check_arithmetic(ar_decimal_of((int64_t)value.low, value.scale % 39), value, value.scale,
                     (uint8_t)(value.high & 3));
    size_t size = ari_format_double(number, text);
    CLAIM(ari_parse_double(text, size, &again) && same_double(number, again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_input input = { data, size };
    uint8_t choice = fuzz_byte(&input), scale = fuzz_byte(&input);
    if (choice == 0) {
        check_bits(&input);
        return 0;
    }
    size_t a_length, b_length;
    char *a_text = fuzz_line(&input, &a_length), *b_text = fuzz_line(&input, &b_length);
    ar_decimal a, b;
    check_numbers(a_text, a_length);
    bool a_fits = ar_decimal_parse(a_text, &a, NULL) == AR_OK;
    bool b_fits = ar_decimal_parse_n(b_text, b_length, &b, NULL) == AR_OK;
    if (a_fits)
        check_decimal_text(a);
    if (a_fits && b_fits)
        check_arithmetic(a, b, scale, choice % 4);
    free(a_text);
    free(b_text);
    return 0;
}
