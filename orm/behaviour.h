/* SPDX-License-Identifier: MIT */
#ifndef ORM_BEHAVIOUR_H
#define ORM_BEHAVIOUR_H

#include "orm/clause.h"
#include "orm/column.h"

/* What a model says beyond its columns' names and types: its options, and what the flags of its columns mean. */

enum {
    ARI_NEVER_WRITTEN = AR_GENERATED | AR_DERIVED,
    ARI_MADE_HERE = AR_UUID_V4 | AR_UUID_V7, /* at insert, when it is zero */
    ARI_STAMPED = AR_CREATED_AT | AR_UPDATED_AT | AR_DELETED_AT | AR_VERSION
};

/* AR_E_INVALID, saying what is wrong. Column: with any flag of those behind AR_IGNORE, or `sql`. */
ar_status ari_behaviour_check(const ar_model *model, const ar_column *column, ar_error *err);

/* The same of the whole: a flag that is there twice, options, and bytes of the struct that nothing covers. */
ar_status ari_behaviour_check_model(const ar_model *model, ar_error *err);

/* Those of AR_OPTIONS, or all zero; never NULL. */
const ar_model_options *ari_model_options(const ar_model *model);

/* The first column with one of the flags; NULL: none. */
const ar_column *ari_column_flagged(const ar_model *model, uint32_t flags);

/* "schema"."table" */
void ari_clause_table(ari_clause *clause, const ar_dialect *dialect, const ar_model *model);

/* A column: its name, or the expression that it is derived by, in parentheses. `compared`: as it is compared with
 * values. */
void ari_clause_column(ari_clause *clause, const ar_dialect *dialect, const ar_column *column, bool compared);

#endif
