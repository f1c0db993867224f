/* SPDX-License-Identifier: MIT */
#ifndef ACTREC_KEY_H
#define ACTREC_KEY_H

#include <stdint.h>

#include <actrec/arguments.h>

/* The value of a primary key: one for each of its columns, in the order of the model. Held inline, so that a key may
 * be kept in a variable or an array; texts and bytes are borrowed until the call that the key is given to has
 * returned. */
typedef struct ar_key {
    uint32_t count;
    ar_value values[4];
} ar_key;

/* `count` values, 1 to 4; more are refused where the key is used.
 * Owns:    nothing.
 * Threads: any.
 * Blocks:  never.
 * Errors:  where the key is used. */
static inline AR_UNUSED ar_key ar_key_of(const ar_value *values, uint32_t count)
{
    ar_key key;
    uint32_t i;
    memset(&key, 0, sizeof key);
    key.count = count;
    for (i = 0; values != NULL && i < count && i < 4; i++)
        key.values[i] = values[i];
    return key;
}

/* ar_key(7), ar_key(tenant, "invoice-7"): 1 to 4 values of any type that binds. */
#define ar_key(...) ar_key_of(AR_VALUES_(__VA_ARGS__))

#endif
