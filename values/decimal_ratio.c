/* SPDX-License-Identifier: MIT */
/* Products, quotients and rounding. A product has up to 76 digits: four limbs of 64 bits, least first. */
#include "values/decimal.h"

enum { limb_count = 4, limb_digits = 19 /* 10^19 fits one */ };

typedef struct product {
    uint64_t limbs[limb_count];
} product;

/* Where a value lies between two neighbours: `half` is less than, equal to or greater than 0 as the rest that was
 * cut off is to half a unit. */
typedef struct cut {
    ari_wide quotient;
    int half;
} cut;

static bool is_rounding(ar_rounding rounding)
{
    return rounding == AR_ROUND_HALF_EVEN || rounding == AR_ROUND_HALF_UP || rounding == AR_ROUND_DOWN;
}

static ar_status check_rounding(const char *doing, uint8_t scale, ar_rounding rounding, ar_error *err)
{
    if (scale > AR_DECIMAL_DIGITS)
        return ar_error_set(err, AR_E_INVALID, "%s: a scale of %u was asked for; the largest is 38", doing, scale);
    if (!is_rounding(rounding))
        return ar_error_set(err, AR_E_INVALID, "%s: %d is no ar_rounding", doing, (int)rounding);
    return AR_OK;
}

/* How `rest` lies to half of `unit`; `sticky`: there is something below the rest, too. */
static int half_of(ari_wide rest, ari_wide unit, bool sticky)
{
    if (rest < unit - rest)
        return -1;
    return rest > unit - rest || sticky ? 1 : 0;
}

static ar_status finish(const char *doing, cut value, unsigned scale, bool negative, ar_rounding rounding,
                        ar_decimal *out, ar_error *err)
{
    bool up = false;
    switch (rounding) {
    case AR_ROUND_HALF_EVEN: up = value.half > 0 || (value.half == 0 && (value.quotient & 1) != 0); break;
    case AR_ROUND_HALF_UP: up = value.half >= 0; break;
    case AR_ROUND_DOWN: break;
    }
    if (value.quotient + up > ari_wide_max())
        return ari_decimal_too_long(doing, err);
    *out = ari_decimal_make(value.quotient + up, scale, negative);
    return AR_OK;
}

/* coefficient / 10^digits, 0 to 38. */
static cut cut_digits(ari_wide coefficient, unsigned digits, bool sticky)
{
    ari_wide unit = ari_power_of_ten(digits);
    cut value = { .quotient = coefficient / unit };
    value.half = half_of(coefficient % unit, unit, sticky);
    return value;
}

ar_status ar_decimal_round(ar_decimal value, uint8_t scale, ar_rounding rounding, ar_decimal *out, ar_error *err)
{
    static const char doing[] = "rounding a decimal";
    ar_status status = ari_decimal_check(doing, value, value, out, err);
    if (status == AR_OK)
        status = check_rounding(doing, scale, rounding, err);
    if (status != AR_OK)
        return status;
    cut result = { .half = -1 };
    if (scale >= value.scale) {
        if (!ari_wide_shift(ari_wide_of(value), (unsigned)(scale - value.scale), ari_wide_max(), &result.quotient))
            return ari_decimal_too_long(doing, err);
    } else {
        result = cut_digits(ari_wide_of(value), (unsigned)(value.scale - scale), false);
    }
    return finish(doing, result, scale, value.negative, rounding, out, err);
}

/* Doubles `*rest`, takes `divisor` off it where it goes in, and returns how many times it did. */
static unsigned twice(ari_wide *rest, ari_wide divisor)
{
    *rest *= 2;
    if (*rest < divisor)
        return 0;
    *rest -= divisor;
    return 1;
}

unsigned ari_wide_next_digit(ari_wide *rest, ari_wide divisor)
{
    ari_wide five = *rest;
    unsigned digit = twice(&five, divisor);
    digit = 2 * digit + twice(&five, divisor);
    five += *rest;
    if (five >= divisor) {
        five -= divisor;
        digit++;
    }
    *rest = five;
    return 2 * digit + twice(rest, divisor);
}

/* a / b with `digits` digits more than the coefficients have; false when that is above 38 digits. */
static bool divide_long(ari_wide a, ari_wide b, int digits, cut *out)
{
    ari_wide quotient = a / b;
    ari_wide rest = a % b;
    for (int i = 0; i < digits; i++) {
        if (quotient > ari_wide_max() / 10)
            return false;
        quotient = quotient * 10 + ari_wide_next_digit(&rest, b);
    }
    *out = (cut){ quotient, half_of(rest, b, false) };
    return true;
}

ar_status ar_decimal_div(ar_decimal a, ar_decimal b, uint8_t scale, ar_rounding rounding, ar_decimal *out,
                         ar_error *err)
{
    static const char doing[] = "dividing decimals";
    ar_status status = ari_decimal_check(doing, a, b, out, err);
    if (status == AR_OK)
        status = check_rounding(doing, scale, rounding, err);
    if (status != AR_OK)
        return status;
    if (ar_decimal_is_zero(b))
        return ar_error_set(err, AR_E_INVALID, "%s: the divisor is zero", doing);
    ari_wide dividend = ari_wide_of(a);
    ari_wide divisor = ari_wide_of(b);
    int digits = scale + b.scale - a.scale;
    cut result = { 0 };
    if (digits < 0)
        result = cut_digits(dividend / divisor, (unsigned)-digits, dividend % divisor != 0);
    else if (!divide_long(dividend, divisor, digits, &result))
        return ari_decimal_too_long(doing, err);
    return finish(doing, result, scale, a.negative != b.negative, rounding, out, err);
}

static product multiply(ari_wide a, ari_wide b)
{
    uint64_t a_limbs[] = { (uint64_t)a, (uint64_t)(a >> 64) };
    uint64_t b_limbs[] = { (uint64_t)b, (uint64_t)(b >> 64) };
    product result = { { 0 } };
    for (unsigned i = 0; i < 2; i++) {
        uint64_t carry = 0;
        for (unsigned j = 0; j < 2; j++) {
            ari_wide sum = (ari_wide)a_limbs[i] * b_limbs[j] + result.limbs[i + j] + carry;
            result.limbs[i + j] = (uint64_t)sum;
            carry = (uint64_t)(sum >> 64);
        }
        result.limbs[i + 2] = carry;
    }
    return result;
}

/* Divides in place and returns the rest. */
static uint64_t divide_product(product *value, uint64_t divisor)
{
    uint64_t rest = 0;
    for (unsigned i = limb_count; i-- > 0;) {
        ari_wide part = (ari_wide)rest << 64 | value->limbs[i];
        value->limbs[i] = (uint64_t)(part / divisor);
        rest = (uint64_t)(part % divisor);
    }
    return rest;
}

/* False when it is above 38 digits. */
static bool product_fits(const product *value, ari_wide *out)
{
    ari_wide low = (ari_wide)value->limbs[1] << 64 | value->limbs[0];
    if (value->limbs[2] != 0 || value->limbs[3] != 0 || low > ari_wide_max())
        return false;
    *out = low;
    return true;
}

/* product / 10^digits; false when the quotient is above 38 digits. */
static bool cut_product(product value, unsigned digits, cut *out)
{
    bool sticky = false;
    out->half = -1;
    while (digits > 0) {
        unsigned step = digits < limb_digits ? digits : limb_digits;
        uint64_t unit = (uint64_t)ari_power_of_ten(step);
        uint64_t rest = divide_product(&value, unit);
        out->half = half_of(rest, unit, sticky);
        sticky = sticky || rest != 0;
        digits -= step;
    }
    return product_fits(&value, &out->quotient);
}

ar_status ar_decimal_mul(ar_decimal a, ar_decimal b, ar_decimal *out, ar_error *err)
{
    static const char doing[] = "multiplying decimals";
    ar_status status = ari_decimal_check(doing, a, b, out, err);
    if (status != AR_OK)
        return status;
    product value = multiply(ari_wide_of(a), ari_wide_of(b));
    unsigned scale = (unsigned)a.scale + b.scale;
    ari_wide coefficient = 0;
    while (scale > AR_DECIMAL_DIGITS || !product_fits(&value, &coefficient)) {
        if (scale == 0 || divide_product(&value, 10) != 0)
            return ari_decimal_too_long(doing, err);
        scale--;
    }
    *out = ari_decimal_make(coefficient, scale, a.negative != b.negative);
    return AR_OK;
}

ar_status ar_decimal_mul_round(ar_decimal a, ar_decimal b, uint8_t scale, ar_rounding rounding, ar_decimal *out,
                               ar_error *err)
{
    static const char doing[] = "multiplying decimals";
    ar_status status = ari_decimal_check(doing, a, b, out, err);
    if (status == AR_OK)
        status = check_rounding(doing, scale, rounding, err);
    if (status != AR_OK)
        return status;
    product value = multiply(ari_wide_of(a), ari_wide_of(b));
    unsigned has = (unsigned)a.scale + b.scale;
    cut result = { .half = -1 };
    if (!cut_product(value, has > scale ? has - scale : 0, &result) ||
        (has < scale && !ari_wide_shift(result.quotient, scale - has, ari_wide_max(), &result.quotient)))
        return ari_decimal_too_long(doing, err);
    return finish(doing, result, scale, a.negative != b.negative, rounding, out, err);
}
