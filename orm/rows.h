/* SPDX-License-Identifier: MIT */
#ifndef ORM_ROWS_H
#define ORM_ROWS_H

#include <actrec/rows.h>

#include "orm/db.h"
#include "values/memory.h"

/* Rows while they are filled: by one thread, through ari_rows_sink with the rows as its ctx. */
struct ar_rows {
    ari_owned owned; /* first */
    const ar_env *env;
    ari_arena arena; /* names, texts and bytes */
    size_t column_count;
    const char **names;
    ar_value *values; /* row after row */
    size_t count;
    size_t capacity; /* rows that `values` has room for */
};

ar_rows *ari_rows_create(const ar_env *env); /* NULL: no memory */

extern const ar_sink ari_rows_sink;

/* Drops the rows and what they hold; the columns stay. */
ar_status ari_rows_clear(ar_rows *rows, ar_error *err);

#endif
