/* SPDX-License-Identifier: MIT */
#ifndef ORM_EXPRESSION_H
#define ORM_EXPRESSION_H

#include <actrec/expression.h>

#include "orm/source.h"

/* Expressions and predicates on their way into a clause. */

typedef struct ari_writing {
    ari_clause *clause;
    ari_naming naming;
    const char *alias; /* of AR_AS; NULL: none */
    ar_query *query;   /* that all of it is for; NULL: one without subqueries and SQL of the application */
    ar_error *err;
} ari_writing;

/* As a column of the result: values of an unknown type have their own. AR_E_INVALID for what makes no sense. */
ar_status ari_expr_write(ari_writing *writing, const ar_expr *expr);

/* The same with values that take the type of what they stand beside (AR_TYPE_NULL: their own). */
ar_status ari_expr_write_beside(ari_writing *writing, const ar_expr *expr, ar_type type);

/* As it is compared, grouped and ordered by. */
ar_status ari_expr_write_compared(ari_writing *writing, const ar_expr *expr, ar_type type);

/* The type of its value; AR_TYPE_NULL: what the engine says. */
ar_type ari_expr_type(const ari_writing *writing, const ar_expr *expr);

/* The column that `model` and `offset` are, and its table; `member` is for messages. */
ar_status ari_member_column(const ari_writing *writing, const char *alias, const ar_model *model, size_t offset,
                            const char *member, size_t *source, const ar_column **column);
ar_status ari_expr_column(const ari_writing *writing, const ar_expr *expr, size_t *source, const ar_column **column);

bool ari_expr_is_aggregate(const ar_expr *expr);

/* Aggregates and functions of windows; `over` NULL, or the AR_EXPR_OVER that it is the function of. */
ar_status ari_aggregate_write(ari_writing *writing, const ar_expr *expr, const ar_expr *over);
ar_type ari_aggregate_type(const ar_expr *expr, ar_type type);

/* Windows: orm/window.c. */
ar_status ari_window_write(ari_writing *writing, const ar_expr *expr);
ar_status ari_window_write_over(ari_writing *writing, const ar_expr *over);

/* JSON: orm/json.c. */
ar_status ari_json_write(ari_writing *writing, const ar_expr *expr);
ar_status ari_json_write_contains(ari_writing *writing, const ar_expr *expr, const ar_value *value);

/* `count` predicates, or up to their end, joined by AND. */
ar_status ari_predicates_write(ari_writing *writing, const ar_predicate *predicates, size_t count);

/* Frees the queries in them, but for the one that they were to stand in themselves: orm/subquery.c. */
void ari_expr_release(const ar_expr *items, const ar_query *around);
void ari_predicates_release(const ar_predicate *predicates, size_t count, const ar_query *around);

/* How a query stands in another one. */
typedef enum ari_embedding {
    ARI_EMBED_EXISTS,
    ARI_EMBED_ROWS,    /* all of its columns */
    ARI_EMBED_SCALAR,  /* one column, and what it compares as */
    ARI_EMBED_LIST,    /* likewise, of an IN */
    ARI_EMBED_SELECTED /* one column, as it is */
} ari_embedding;

/* `query`, without parentheses, which stays whose it is. AR_E_INVALID for another engine's, and for more than one
 * column. */
ar_status ari_subquery_write(ari_writing *writing, ar_query *query, ari_embedding embedding);
ar_type ari_subquery_type(ar_query *query);

#endif
