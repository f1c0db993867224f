/* SPDX-License-Identifier: MIT */
#ifndef VALUES_INTEGER_H
#define VALUES_INTEGER_H

#include <stdbool.h>
#include <stdint.h>

#include <actrec/value.h>

/* Whether a number is one of an integer type; the types that are not narrower than int64 have all. */
static inline bool ari_integer_fits(ar_type type, int64_t number)
{
    switch (type) {
    case AR_TYPE_INT16: return number >= INT16_MIN && number <= INT16_MAX;
    case AR_TYPE_INT32: return number >= INT32_MIN && number <= INT32_MAX;
    case AR_TYPE_ENUM: return number >= INT32_MIN && number <= UINT32_MAX; /* int or unsigned */
    default: return true;
    }
}

#endif
