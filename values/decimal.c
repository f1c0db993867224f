/* SPDX-License-Identifier: MIT */
/* Addition, remainder, comparison and what turns a decimal into another. Products and quotients are in decimal_ratio.c,
 * text and other number types in decimal_text.c. */
#include "values/decimal.h"
#include "values/coefficient.h"

bool ar_decimal_is_valid(ar_decimal value)
{
    ari_wide coefficient = ari_wide_of(value);
    return value.scale <= AR_DECIMAL_DIGITS && coefficient <= ari_wide_max() && !(value.negative && coefficient == 0);
}

bool ar_decimal_is_zero(ar_decimal value)
{
    return value.low == 0 && value.high == 0;
}

ar_decimal ar_decimal_negate(ar_decimal value)
{
    value.negative = !value.negative && !ar_decimal_is_zero(value);
    return value;
}

ar_decimal ar_decimal_abs(ar_decimal value)
{
    value.negative = false;
    return value;
}

ar_status ari_decimal_check(const char *doing, ar_decimal a, ar_decimal b, const ar_decimal *out, ar_error *err)
{
    if (out == NULL)
        return ar_error_set(err, AR_E_INVALID, "%s: out is NULL", doing);
    if (!ar_decimal_is_valid(a) || !ar_decimal_is_valid(b))
        return ar_error_set(err, AR_E_INVALID,
                            "%s: an operand is no valid decimal (38 digits, scale up to 38, no negative zero); make it "
                            "with ar_decimal_of or ar_decimal_parse",
                            doing);
    return AR_OK;
}

ar_status ari_decimal_too_long(const char *doing, ar_error *err)
{
    return ar_error_set(err, AR_E_TYPE, "%s: the result takes more than 38 digits; ask for a smaller scale", doing);
}

static int sign_of(ar_decimal value)
{
    return ar_decimal_is_zero(value) ? 0 : (value.negative ? -1 : 1);
}

static int compare_wide(ari_wide a, ari_wide b)
{
    return (a > b) - (a < b);
}

/* By the digits before the point, then by those behind it, all 38: so nothing grows beyond 128 bits. */
static int compare_magnitudes(ar_decimal a, ar_decimal b)
{
    unsigned a_scale = a.scale <= AR_DECIMAL_DIGITS ? a.scale : AR_DECIMAL_DIGITS;
    unsigned b_scale = b.scale <= AR_DECIMAL_DIGITS ? b.scale : AR_DECIMAL_DIGITS;
    ari_wide a_one = ari_power_of_ten(a_scale);
    ari_wide b_one = ari_power_of_ten(b_scale);
    int order = compare_wide(ari_wide_of(a) / a_one, ari_wide_of(b) / b_one);
    if (order != 0)
        return order;
    return compare_wide(ari_wide_of(a) % a_one * ari_power_of_ten(AR_DECIMAL_DIGITS - a_scale),
                        ari_wide_of(b) % b_one * ari_power_of_ten(AR_DECIMAL_DIGITS - b_scale));
}

int ar_decimal_compare(ar_decimal a, ar_decimal b)
{
    int a_sign = sign_of(a);
    int b_sign = sign_of(b);
    if (a_sign != b_sign)
        return a_sign < b_sign ? -1 : 1;
    if (a.scale == b.scale)
        return compare_wide(ari_wide_of(a), ari_wide_of(b)) * a_sign;
    return compare_magnitudes(a, b) * a_sign;
}

static ar_status add(const char *doing, ar_decimal a, ar_decimal b, ar_decimal *out, ar_error *err)
{
    /* One operand may have to take 39 digits for a result of 38; where it takes more, so does the result. */
    ari_wide most = (ari_wide_max() + 1) * 2;
    unsigned scale = a.scale > b.scale ? a.scale : b.scale;
    ari_wide a_wide = 0;
    ari_wide b_wide = 0;
    if (!ari_wide_shift(ari_wide_of(a), scale - a.scale, most, &a_wide) ||
        !ari_wide_shift(ari_wide_of(b), scale - b.scale, most, &b_wide))
        return ari_decimal_too_long(doing, err);
    bool negative = a.negative;
    ari_wide sum = a_wide + b_wide;
    if (a.negative != b.negative) {
        negative = a_wide >= b_wide ? a.negative : b.negative;
        sum = a_wide >= b_wide ? a_wide - b_wide : b_wide - a_wide;
    }
    if (sum > ari_wide_max())
        return ari_decimal_too_long(doing, err);
    *out = ari_decimal_make(sum, scale, negative);
    return AR_OK;
}

ar_status ar_decimal_add(ar_decimal a, ar_decimal b, ar_decimal *out, ar_error *err)
{
    static const char doing[] = "adding decimals";
    ar_status status = ari_decimal_check(doing, a, b, out, err);
    return status == AR_OK ? add(doing, a, b, out, err) : status;
}

ar_status ar_decimal_sub(ar_decimal a, ar_decimal b, ar_decimal *out, ar_error *err)
{
    static const char doing[] = "subtracting decimals";
    ar_status status = ari_decimal_check(doing, a, b, out, err);
    return status == AR_OK ? add(doing, a, ar_decimal_negate(b), out, err) : status;
}

ar_status ar_decimal_rem(ar_decimal a, ar_decimal b, ar_decimal *out, ar_error *err)
{
    static const char doing[] = "taking the remainder of decimals";
    ar_status status = ari_decimal_check(doing, a, b, out, err);
    if (status != AR_OK)
        return status;
    ari_wide divisor = ari_wide_of(b);
    if (a.scale > b.scale && !ari_wide_shift(divisor, (unsigned)(a.scale - b.scale), ari_wide_max(), &divisor)) {
        *out = a;
        return AR_OK;
    }
    if (divisor == 0)
        return ar_error_set(err, AR_E_INVALID, "%s: the divisor is zero", doing);
    ari_wide rest = ari_wide_of(a) % divisor;
    for (unsigned scale = a.scale; scale < b.scale; scale++)
        (void)ari_wide_next_digit(&rest, divisor);
    *out = ari_decimal_make(rest, a.scale > b.scale ? a.scale : b.scale, a.negative);
    return AR_OK;
}
