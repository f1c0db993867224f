/* SPDX-License-Identifier: MIT */
#ifndef ACTREC_DECIMAL_H
#define ACTREC_DECIMAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <actrec/error.h>
#include <actrec/value.h>

AR_BEGIN_DECLS

/* Exact decimal arithmetic on ar_decimal: up to 38 digits, of which up to 38 behind the point. A result is exact, or
 * rounded as the call says, or refused with AR_E_TYPE; nothing is ever cut silently. The scale (digits behind the
 * point) is kept: 1.50 is not written as 1.5, though the two compare equal. There is no negative zero, no infinity
 * and no NaN.
 *
 * A value with more than 38 digits, a scale above 38 or a negative zero is not valid (ar_decimal_is_valid); only
 * such that were made by hand are, and every call that can fail answers AR_E_INVALID to them. `out` may be one of
 * the operands' own variable and is left alone on an error. */

#define AR_DECIMAL_DIGITS    38
#define AR_DECIMAL_TEXT_SIZE 42 /* bytes that hold any decimal as text: sign, "0.", 38 digits, NUL */

typedef enum ar_rounding {
    AR_ROUND_HALF_EVEN = 0, /* to the nearest; a tie to the even neighbour */
    AR_ROUND_HALF_UP = 1,   /* to the nearest; a tie away from zero */
    AR_ROUND_DOWN = 2       /* towards zero */
} ar_rounding;

/* coefficient / 10^scale: ar_decimal_of(-150, 2) is -1.50. A scale above 38 gives a value that is not valid.
 * Owns:    nothing.
 * Threads: any.
 * Blocks:  never.
 * Errors:  none. */
static inline AR_UNUSED ar_decimal ar_decimal_of(int64_t coefficient, uint8_t scale)
{
    ar_decimal value;
    value.low = coefficient < 0 ? UINT64_C(0) - (uint64_t)coefficient : (uint64_t)coefficient;
    value.high = 0;
    value.scale = scale;
    value.negative = coefficient < 0;
    return value;
}

/* Says whether `value` has at most 38 digits, a scale of at most 38, and is not a negative zero.
 * Owns:    nothing.
 * Threads: any.
 * Blocks:  never.
 * Errors:  none. */
AR_API bool ar_decimal_is_valid(ar_decimal value);

/* Says whether `value` is zero, of any scale.
 * Owns:    nothing.
 * Threads: any.
 * Blocks:  never.
 * Errors:  none. */
AR_API bool ar_decimal_is_zero(ar_decimal value);

/* Reads "[+-]digits[.digits][e[+-]digits]"; one side of the point may be empty. The point is '.' in every locale.
 * The scale is the number of digits behind the point less the exponent, at least 0: "1.50" has 2, "1.5e-3" has 4,
 * "15e2" has 0.
 * Owns:    nothing.
 * Threads: any.
 * Blocks:  never.
 * Errors:  AR_E_TYPE for any other text (spaces, NaN, nothing), for more than 38 digits that count (leading zeros do
 *          not, trailing ones do) and for a scale above 38; AR_E_INVALID for NULL. */
AR_API AR_NODISCARD ar_status ar_decimal_parse(const char *text, ar_decimal *out, ar_error *err);

/* ar_decimal_parse of `length` bytes that need not end with a NUL.
 * Owns:    nothing.
 * Threads: any.
 * Blocks:  never.
 * Errors:  as ar_decimal_parse. */
AR_API AR_NODISCARD ar_status ar_decimal_parse_n(const char *text, size_t length, ar_decimal *out, ar_error *err);

/* Writes `value` as text, all digits of its scale, never with an exponent; ar_decimal_parse reads the very same
 * value back. Returns the bytes written without the NUL; AR_DECIMAL_TEXT_SIZE always suffices.
 * Owns:    nothing.
 * Threads: any.
 * Blocks:  never.
 * Errors:  returns 0, and "" where `size` is not 0, when `size` is too small, `buffer` is NULL or `value` is not
 *          valid. */
AR_API size_t ar_decimal_format(ar_decimal value, char *buffer, size_t size);

/* The decimal with the fewest digits that ar_decimal_to_double turns back into `number`: 0.1 for 0.1.
 * Owns:    nothing.
 * Threads: any.
 * Blocks:  never.
 * Errors:  AR_E_TYPE for NaN, infinities, and what takes more than 38 digits or a scale above 38; AR_E_INVALID for
 *          NULL. */
AR_API AR_NODISCARD ar_status ar_decimal_from_double(double number, ar_decimal *out, ar_error *err);

/* The double nearest to `value`; NaN when it is not valid.
 * Owns:    nothing.
 * Threads: any.
 * Blocks:  never.
 * Errors:  none. */
AR_API double ar_decimal_to_double(ar_decimal value);

/* `number` with a scale of 0.
 * Owns:    nothing.
 * Threads: any.
 * Blocks:  never.
 * Errors:  none. */
AR_API ar_decimal ar_decimal_from_int64(int64_t number);

/* `value` as an integer, if it is one: 3.00 is, 3.50 has to be rounded first.
 * Owns:    nothing.
 * Threads: any.
 * Blocks:  never.
 * Errors:  AR_E_TYPE for a fraction and for what an int64_t does not hold; AR_E_INVALID for NULL or a value that is
 *          not valid. */
AR_API AR_NODISCARD ar_status ar_decimal_to_int64(ar_decimal value, int64_t *out, ar_error *err);

/* Compares by value: less than 0, 0, or more than 0; 1.5 and 1.50 are equal. Values that are not valid have some order.
 * Owns:    nothing.
 * Threads: any.
 * Blocks:  never.
 * Errors:  none. */
AR_API int ar_decimal_compare(ar_decimal a, ar_decimal b);

/* -value.
 * Owns:    nothing.
 * Threads: any.
 * Blocks:  never.
 * Errors:  none. */
AR_API ar_decimal ar_decimal_negate(ar_decimal value);

/* |value|.
 * Owns:    nothing.
 * Threads: any.
 * Blocks:  never.
 * Errors:  none. */
AR_API ar_decimal ar_decimal_abs(ar_decimal value);

/* a + b, exactly, with the larger of the two scales.
 * Owns:    nothing.
 * Threads: any.
 * Blocks:  never.
 * Errors:  AR_E_TYPE when it takes more than 38 digits; AR_E_INVALID for NULL or a value that is not valid. */
AR_API AR_NODISCARD ar_status ar_decimal_add(ar_decimal a, ar_decimal b, ar_decimal *out, ar_error *err);

/* a - b, exactly, with the larger of the two scales.
 * Owns:    nothing.
 * Threads: any.
 * Blocks:  never.
 * Errors:  as ar_decimal_add. */
AR_API AR_NODISCARD ar_status ar_decimal_sub(ar_decimal a, ar_decimal b, ar_decimal *out, ar_error *err);

/* a * b, exactly, with the sum of the two scales, less as many zeros at its end as have to go for it to fit.
 * Owns:    nothing.
 * Threads: any.
 * Blocks:  never.
 * Errors:  AR_E_TYPE when it takes more than 38 digits even so: ar_decimal_mul_round; AR_E_INVALID for NULL or a
 *          value that is not valid. */
AR_API AR_NODISCARD ar_status ar_decimal_mul(ar_decimal a, ar_decimal b, ar_decimal *out, ar_error *err);

/* a * b with `scale` digits behind the point, rounded once, from the exact product.
 * Owns:    nothing.
 * Threads: any.
 * Blocks:  never.
 * Errors:  AR_E_TYPE when it takes more than 38 digits; AR_E_INVALID for NULL, a scale above 38, a rounding that is
 *          none, or a value that is not valid. */
AR_API AR_NODISCARD ar_status ar_decimal_mul_round(ar_decimal a, ar_decimal b, uint8_t scale, ar_rounding rounding,
                                                   ar_decimal *out, ar_error *err);

/* a / b with `scale` digits behind the point, rounded once, from the exact quotient.
 * Owns:    nothing.
 * Threads: any.
 * Blocks:  never.
 * Errors:  AR_E_INVALID when `b` is zero; else as ar_decimal_mul_round. */
AR_API AR_NODISCARD ar_status ar_decimal_div(ar_decimal a, ar_decimal b, uint8_t scale, ar_rounding rounding,
                                             ar_decimal *out, ar_error *err);

/* What is left of `a` when `b` went into it a whole number of times, exactly; it has the sign of `a` and the larger of
 * the two scales, or that of `a` where `b` with so many zeros would take more than 38 digits.
 * Owns:    nothing.
 * Threads: any.
 * Blocks:  never.
 * Errors:  AR_E_INVALID when `b` is zero, for NULL or a value that is not valid. */
AR_API AR_NODISCARD ar_status ar_decimal_rem(ar_decimal a, ar_decimal b, ar_decimal *out, ar_error *err);

/* `value` with `scale` digits behind the point: rounded when it has more, with zeros added when it has fewer.
 * Owns:    nothing.
 * Threads: any.
 * Blocks:  never.
 * Errors:  as ar_decimal_mul_round. */
AR_API AR_NODISCARD ar_status ar_decimal_round(ar_decimal value, uint8_t scale, ar_rounding rounding, ar_decimal *out,
                                               ar_error *err);

AR_END_DECLS

#endif
