/* SPDX-License-Identifier: MIT */
#include <stdalign.h>
#include <string.h>

#include "orm/column.h"
#include "orm/query.h"

/* Queries inside queries. The inner one is written into the outer one when the builder is given it, and is gone then.
 * Which columns it takes from around it is checked when the outermost query is written, and knows all its tables. */

static void release(const ar_expr *expr, const ar_query *around)
{
    ari_expr_release(expr->items, around);
    ari_predicates_release(expr->tests, SIZE_MAX, around);
    if (expr->query != around)
        ar_query_free(expr->query);
}

void ari_expr_release(const ar_expr *items, const ar_query *around)
{
    for (; items != NULL && items->operation != AR_EXPR_END; items++)
        release(items, around);
}

void ari_predicates_release(const ar_predicate *predicates, size_t count, const ar_query *around)
{
    for (size_t i = 0; predicates != NULL && i < count && predicates[i].operation != AR_COMPARE_END; i++) {
        ari_expr_release(predicates[i].left, around);
        ari_expr_release(predicates[i].right, around);
        if (predicates[i].query != around)
            ar_query_free(predicates[i].query);
    }
}

static bool has_table(const ar_query *query, const ar_model *model, const char *name)
{
    for (size_t i = 0; i < query->source_count; i++) {
        if (ari_same_name(ari_source_name(&query->sources[i]), name) &&
            (model == NULL || query->sources[i].model == model))
            return true;
    }
    return false;
}

static ar_status note(ar_query *query, const ar_model *model, const char *name, bool inner, ar_error *err)
{
    ari_outer *outer = ari_arena_alloc(&query->arena, sizeof *outer, alignof(ari_outer));
    const char *copy = ari_arena_copy_text(&query->arena, name, strlen(name));
    if (outer == NULL || copy == NULL)
        return ar_error_set(err, AR_E_NO_MEMORY, "building a query: there is no memory left for it");
    *outer = (ari_outer){ .next = query->outers, .model = model, .name = copy, .inner = inner };
    query->outers = outer;
    return AR_OK;
}

ar_status ari_query_note_outer(ar_query *query, const ar_model *model, const char *alias, ar_error *err)
{
    return note(query, model, alias != NULL ? alias : model->table, false, err);
}

ar_status ari_query_settle_outers(const ar_query *query, ar_query *around, ar_error *err)
{
    for (const ari_outer *outer = query->outers; outer != NULL; outer = outer->next) {
        if (outer->inner && has_table(query, outer->model, outer->name))
            continue;
        if (has_table(query, NULL, outer->name))
            return ar_error_set(err, AR_E_INVALID,
                                "building a query: AR_OUTER means \"%.64s\" of the query around, and the subquery "
                                "calls a table of its own so; give that an alias",
                                outer->name);
        if (around == NULL)
            return ar_error_set(err, AR_E_INVALID,
                                "building a query: AR_OUTER is of table \"%.64s\", which no query around it has",
                                outer->name);
        ar_status status = note(around, outer->model, outer->name, true, err);
        if (status != AR_OK)
            return status;
    }
    return AR_OK;
}

static ar_status check(const ari_writing *writing, const ar_query *query)
{
    if (query == NULL || writing->query == NULL || query == writing->query)
        return ar_error_set(writing->err, AR_E_INVALID, "building a query: %s",
                            query == NULL            ? "a subquery is NULL"
                            : writing->query == NULL ? "there is no place for a subquery here"
                                                     : "a query cannot stand in itself");
    if (query->error.status != AR_OK) {
        if (writing->err != NULL)
            *writing->err = query->error;
        return query->error.status;
    }
    if (query->dialect != writing->naming.dialect)
        return ar_error_set(writing->err, AR_E_INVALID, "building a query: a subquery is of another database");
    if (query->lock != 0)
        return ar_error_set(writing->err, AR_E_INVALID, "building a query: a subquery locks no rows");
    return AR_OK;
}

static ar_status check_columns(const ari_writing *writing, const ari_selections *list)
{
    if (list->first == NULL || list->first->next == NULL)
        return AR_OK;
    return ar_error_set(writing->err, AR_E_INVALID,
                        "building a query: a subquery that stands for values selects one column, with ar_query_select "
                        "or ar_query_select_as");
}

/* Engines that have no LIMIT in an IN take one further inside. */
static ar_status embed(ari_writing *writing, ar_query *query, ari_embedding embedding, ari_clause *inner)
{
    const char *names[ARI_MAX_SOURCES];
    ari_selections list = { .first = NULL };
    bool wrap = embedding == ARI_EMBED_LIST && (query->limited || query->offset > 0);
    ar_status status = ari_query_write_inside(inner, query, embedding, &list, writing->err);
    if (status == AR_OK && embedding != ARI_EMBED_EXISTS && embedding != ARI_EMBED_ROWS)
        status = check_columns(writing, &list);
    if (status == AR_OK)
        status = ari_query_settle_outers(query, writing->query, writing->err);
    if (status != AR_OK)
        return status;
    const ari_qualifiers qualifiers = ari_query_qualifiers(query, names);
    ari_clause_sql(writing->clause, wrap ? "SELECT * FROM (" : "");
    ari_clause_embed(writing->clause, query->dialect, inner, &qualifiers);
    ari_clause_sql(writing->clause, wrap ? ") AS ar_list" : "");
    writing->query->raw = writing->query->raw || query->raw;
    return AR_OK;
}

ar_status ari_subquery_write(ari_writing *writing, ar_query *query, ari_embedding embedding)
{
    ari_clause inner;
    ar_status status = check(writing, query);
    if (status != AR_OK)
        return status;
    ari_clause_init(&inner, query->env, &query->arena);
    status = embed(writing, query, embedding, &inner);
    ari_clause_fini(&inner);
    return status;
}

ar_type ari_subquery_type(ar_query *query)
{
    ari_selections list = { .first = NULL };
    if (query == NULL || query->model == NULL || query->error.status != AR_OK ||
        ari_query_list_results(query, query->model, &list, NULL) != AR_OK || list.first == NULL)
        return AR_TYPE_NULL;
    return ari_selection_type(list.first);
}
