/* SPDX-License-Identifier: MIT */
#include "orm/column.h"

#include <string.h>

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

bool ari_same_name(const char *a, const char *b)
{
    while (*a != '\0' && (*a == *b || lower(*a) == lower(*b)))
        a++, b++;
    return lower(*a) == lower(*b);
}

const ar_column *ari_column_next(const ar_model *model, size_t *cursor)
{
    while (*cursor < model->column_count) {
        const void *at = (const char *)model->columns + (*cursor)++ * model->column_size;
        const ar_column *column = at;
        if ((column->flags & AR_IGNORE) == 0)
            return column;
    }
    return NULL;
}

const ar_column *ari_entry_next(const ar_model *model, ar_entry entry, size_t *cursor)
{
    while (*cursor < model->column_count) {
        const void *at = (const char *)model->columns + (*cursor)++ * model->column_size;
        const ar_column *column = at;
        if ((column->flags & AR_IGNORE) != 0 && column->entry == entry)
            return column;
    }
    return NULL;
}

const ar_column *ari_column_by_token(const ar_model *model, const ari_token *token)
{
    const ar_column *by_member = NULL;
    const ar_column *column;
    size_t cursor = 0;
    while ((column = ari_column_next(model, &cursor)) != NULL) {
        if (ari_token_names(token, ari_column_name(column)))
            return column;
        if (by_member == NULL && ari_token_names(token, column->member))
            by_member = column;
    }
    return by_member;
}

const ar_column *ari_column_by_name(const ar_model *model, const char *name)
{
    const ar_column *by_member = NULL;
    const ar_column *column;
    size_t cursor = 0;
    while ((column = ari_column_next(model, &cursor)) != NULL) {
        if (strcmp(ari_column_name(column), name) == 0)
            return column;
        if (by_member == NULL && strcmp(column->member, name) == 0)
            by_member = column;
    }
    return by_member;
}

const ar_column *ari_column_by_offset(const ar_model *model, size_t offset)
{
    const ar_column *column;
    size_t cursor = 0;
    while ((column = ari_column_next(model, &cursor)) != NULL) {
        if (column->offset == offset)
            return column;
    }
    return NULL;
}
