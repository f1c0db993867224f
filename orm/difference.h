/* SPDX-License-Identifier: MIT */
#ifndef ORM_DIFFERENCE_H
#define ORM_DIFFERENCE_H

#include <actrec/introspect.h>
#include <actrec/schema_diff.h>

#include "orm/ddl.h"

/* Differences while they are found. What cannot be allocated is remembered in `failed`. */
typedef struct ari_difference {
    struct ari_difference *next;
    ar_schema_difference found;
} ari_difference;

typedef struct ari_differences {
    ar_schema_diff diff; /* first */
    const ar_env *env;
    ari_arena arena;
    ari_difference *first;
    ari_difference **end;
    bool failed;
} ari_differences;

ari_differences *ari_differences_create(const ar_env *env); /* NULL: no memory. ar_schema_diff_free frees it */

/* Compares one model with what was read of its table, with its checks if those are known. AR_E_NO_MEMORY, and what
 * writing its statements answers. */
ar_status ari_differences_find(ari_differences *differences, const ari_plan *plan, const ar_schema *schema,
                               bool knows_checks, ar_error *err);

/* Turns what was found into the array and the text. AR_E_NO_MEMORY. */
ar_status ari_differences_finish(ari_differences *differences, ar_error *err);

/* Each appends a thing of the model, or of the database, as both are told to people; nothing for none. */
void ari_describe_key(ari_text_buffer *text, const ari_plan *plan);
void ari_describe_told_key(ari_text_buffer *text, const ar_schema_table *table);
void ari_describe_index(ari_text_buffer *text, const ar_model *model, const ar_index *index);
void ari_describe_told_index(ari_text_buffer *text, const ar_schema_index *index);

/* Whether two expressions of a default are the same but for what engines change when they keep them. *failed: there was
 * no memory to tell. */
bool ari_same_expression(const ar_env *env, const ar_dialect *dialect, const char *a, const char *b, bool *failed);

#endif
