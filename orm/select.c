/* SPDX-License-Identifier: MIT */
#include <actrec/select.h>

#include <string.h>

#include "orm/query.h"

void ar_query_distinct(ar_query *query)
{
    if (ari_query_is_building(query))
        query->distinct = true;
}

void ari_query_add_expr(ar_query *query, ari_selections *list, const ar_expr *expr, const char *alias, bool descending)
{
    ari_writing writing = ari_query_writing(query, &query->scratch);
    ari_piece piece;
    ar_status status =
        alias != NULL ? ari_expr_write(&writing, expr) : ari_expr_write_compared(&writing, expr, AR_TYPE_NULL);
    bool taken = ari_clause_take(&query->scratch, &piece);
    if (status != AR_OK)
        return;
    const char *copy = alias != NULL ? ari_arena_copy_text(&query->arena, alias, strlen(alias)) : NULL;
    ari_selection *item = taken && (copy != NULL || alias == NULL) ? ari_query_add(query, list) : NULL;
    if (item == NULL) {
        ari_query_fail_no_memory(query);
        return;
    }
    item->piece = piece;
    item->alias = copy;
    item->descending = descending;
    item->type = ari_expr_type(&writing, expr);
    if (expr->operation == AR_EXPR_COLUMN)
        ar_ignore(ari_expr_column(&writing, expr, &item->source, &item->of));
}

static bool check(ar_query *query, const ar_expr *expr)
{
    if (!ari_query_is_building(query))
        return false;
    if (expr == NULL)
        ar_ignore(ar_error_set(&query->error, AR_E_INVALID, "building a query on %s: an expression is NULL",
                               query->model->name));
    return expr != NULL;
}

void ar_query_select_expr(ar_query *query, const ar_expr *expr, const char *alias)
{
    if (check(query, expr)) {
        if (alias != NULL && ari_is_plain_name(alias))
            ari_query_add_expr(query, &query->selected, expr, alias, false);
        else
            ar_ignore(ar_error_set(&query->error, AR_E_INVALID,
                                   "building a query on %s: an alias is made of letters, digits and underscores",
                                   query->model->name));
    }
    ari_expr_release(expr, query);
}

void ar_query_order_expr(ar_query *query, const ar_expr *expr)
{
    if (check(query, expr)) {
        bool order = expr->operation == AR_EXPR_ASC || expr->operation == AR_EXPR_DESC;
        if (order && expr->items != NULL)
            ari_query_add_expr(query, &query->orders, expr->items, NULL, expr->operation == AR_EXPR_DESC);
        else
            ari_query_add_expr(query, &query->orders, expr, NULL, false);
    }
    ari_expr_release(expr, query);
}

void ar_query_group_expr(ar_query *query, const ar_expr *expr)
{
    if (check(query, expr))
        ari_query_add_expr(query, &query->groups, expr, NULL, false);
    ari_expr_release(expr, query);
}

void ar_query_having_list(ar_query *query, const ar_predicate *predicates)
{
    if (ari_query_is_building(query)) {
        ari_writing writing = ari_query_writing(query, &query->having);
        if (!ari_clause_is_empty(&query->having))
            ari_clause_sql(&query->having, " AND ");
        ar_ignore(ari_predicates_write(&writing, predicates, SIZE_MAX));
    }
    ari_predicates_release(predicates, SIZE_MAX, query);
}
