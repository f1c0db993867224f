/* SPDX-License-Identifier: MIT */
#ifndef ORM_COLUMN_H
#define ORM_COLUMN_H

#include <actrec/model.h>

#include "orm/bind.h"
#include "orm/scan.h"

/* The columns of a model, without those that it ignores. */

/* The first column from index *cursor on, past which the cursor moves; NULL: no more. Start with 0. */
const ar_column *ari_column_next(const ar_model *model, size_t *cursor);

/* The same for elements of another kind. */
const ar_column *ari_entry_next(const ar_model *model, ar_entry entry, size_t *cursor);

/* By what a token of SQL calls it, by name, by member. NULL: there is none. A name is that of the column or, failing
 * that, of the member. */
const ar_column *ari_column_by_token(const ar_model *model, const ari_token *token);
const ar_column *ari_column_by_name(const ar_model *model, const char *name);
const ar_column *ari_column_by_offset(const ar_model *model, size_t offset);

/* Whether engines take two names for one: letters of ASCII compare alike in either case. */
bool ari_same_name(const char *a, const char *b);

/* The name of a column in the database. */
static inline const char *ari_column_name(const ar_column *column)
{
    return column->name != NULL ? column->name : column->member;
}

/* The type of its values. */
static inline ar_type ari_column_type(const ar_column *column)
{
    return ari_kind_type(column->kind);
}

#endif
