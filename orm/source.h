/* SPDX-License-Identifier: MIT */
#ifndef ORM_SOURCE_H
#define ORM_SOURCE_H

#include <actrec/model.h>

#include "orm/clause.h"
#include "orm/scan.h"

/* The tables that a query reads, and what they are called in it. */

typedef struct ari_source {
    const ar_model *model;
    const char *alias; /* NULL: the table's name */
    bool optional;     /* an outer join may have it without a row, all columns NULL */
    bool single;       /* its join gives each row of the tables before it one of its own at most */
} ari_source;

/* What names in a query may mean. */
typedef struct ari_naming {
    const ar_dialect *dialect;
    const ari_source *sources;
    size_t count; /* 0: no columns are known */
} ari_naming;

enum { ARI_MAX_SOURCES = 64 };

static inline const char *ari_source_name(const ari_source *source)
{
    return source->alias != NULL ? source->alias : source->model->table;
}

/* The table of `model` that `alias` names; NULL: the only one of that model, or that without an alias. AR_E_INVALID when
 * there is none; `member` is for the message. */
ar_status ari_source_find(const ari_naming *naming, const ar_model *model, const char *alias, const char *member,
                          size_t *index, ar_error *err);

/* The column that SQL names, perhaps behind the name of a table (`table` not NULL); *index is its table. NULL: none. */
const ar_column *ari_source_column(const ari_naming *naming, const ari_token *table, const ari_token *name,
                                   size_t *index);

/* A column as it is selected, and as it is compared with values. */
void ari_source_write(ari_clause *clause, const ari_naming *naming, size_t index, const ar_column *column);
void ari_source_write_compared(ari_clause *clause, const ari_naming *naming, size_t index, const ar_column *column);

/* Whether it may be a name that an application makes up: letters, digits and underscores. */
bool ari_is_plain_name(const char *name);

#endif
