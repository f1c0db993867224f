/* SPDX-License-Identifier: MIT */
#ifndef ORM_CONVERT_H
#define ORM_CONVERT_H

#include <stdbool.h>

#include <actrec/value.h>

/* Gives values another type without changing what they mean. */

typedef enum ari_convert_from {
    ARI_FROM_ARGUMENT, /* of a call: 1 for a bool, 2 for a decimal, "2024-02-29" for a date; a double is rounded to a
                          float */
    ARI_FROM_ENGINE    /* of a result: also what an engine without that type keeps in its place, exactly */
} ari_convert_from;

/* `in` as a `want`. False, and *out untouched, when it does not fit. NULL stays NULL; AR_TYPE_NULL wants it as it is.
 * Texts and bytes stay where they are. */
bool ari_value_as(const ar_value *in, ar_type want, ari_convert_from from, ar_value *out);

#endif
