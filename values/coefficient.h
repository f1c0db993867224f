/* SPDX-License-Identifier: MIT */
#ifndef VALUES_COEFFICIENT_H
#define VALUES_COEFFICIENT_H

#include <stdbool.h>
#include <stdint.h>

#include <actrec/decimal.h>

/* The 128-bit integer that an ar_decimal's digits are; private to the decimal*.c files. */

__extension__ typedef unsigned __int128 ari_wide;

/* 10^exponent, 0 to 38. */
static inline ari_wide ari_power_of_ten(unsigned exponent)
{
    ari_wide power = 1;
    for (; exponent >= 16; exponent -= 16)
        power *= UINT64_C(10000000000000000);
    for (; exponent >= 4; exponent -= 4)
        power *= 10000;
    for (; exponent > 0; exponent--)
        power *= 10;
    return power;
}

/* The largest of 38 digits. */
static inline ari_wide ari_wide_max(void)
{
    return (ari_wide)UINT64_C(0x4B3B4CA85A86C47A) << 64 | UINT64_C(0x098A223FFFFFFFFF);
}

static inline ari_wide ari_wide_of(ar_decimal value)
{
    return (ari_wide)value.high << 64 | value.low;
}

/* A decimal of these parts; zero is never negative. */
static inline ar_decimal ari_decimal_make(ari_wide coefficient, unsigned scale, bool negative)
{
    ar_decimal value = { .low = (uint64_t)coefficient,
                         .high = (uint64_t)(coefficient >> 64),
                         .scale = (uint8_t)scale,
                         .negative = negative && coefficient != 0 };
    return value;
}

/* coefficient * 10^digits into `*out`, unless that is above `most`. */
static inline bool ari_wide_shift(ari_wide coefficient, unsigned digits, ari_wide most, ari_wide *out)
{
    if (coefficient != 0 && digits > AR_DECIMAL_DIGITS)
        return false;
    ari_wide power = coefficient != 0 ? ari_power_of_ten(digits) : 1;
    if (coefficient > most / power)
        return false;
    *out = coefficient * power;
    return true;
}

#endif
