/* SPDX-License-Identifier: MIT */
#ifndef ORM_FILL_H
#define ORM_FILL_H

#include "orm/plan.h"

/* One row into one struct. `map` gives the plan's column of each value (UINT16_MAX: none); NULL: they are the plan's,
 * in its order and types. */
typedef struct ari_row {
    const ari_plan *plan;
    const uint16_t *map;
    const ar_value *values;
    size_t count;
} ari_row;

/* Bytes that its texts and bytes take, with a NUL behind each. */
size_t ari_row_room(const ari_row *row);

/* Fills the members; texts and bytes are copied to `strings`, which has that room. AR_E_TYPE, naming the column, when
 * a value does not fit its member. */
ar_status ari_row_fill(const ari_row *row, void *object, char *strings, ar_error *err);

#endif
