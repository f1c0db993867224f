/* SPDX-License-Identifier: MIT */
#include <actrec/combine.h>

#include <stdalign.h>
#include <string.h>

#include "orm/column.h"
#include "orm/query.h"

/* Queries that are united, and those that WITH names. Each is written when the builder is given it: what it selects is
 * compared with what stands beside it later, when all is known, by the engine, and here as far as it is known already. */

const char *ari_compound_operator(uint32_t kind)
{
    switch ((ar_combination)kind) {
    case AR_UNION: return " UNION ";
    case AR_UNION_ALL: return " UNION ALL ";
    case AR_INTERSECT: return " INTERSECT ";
    case AR_EXCEPT: return " EXCEPT ";
    case AR_INTERSECT_ALL: return " INTERSECT ALL ";
    case AR_EXCEPT_ALL: return " EXCEPT ALL ";
    }
    return NULL;
}

static ar_status check_kind(const ar_query *query, ar_combination kind, ar_error *err)
{
    const ar_dialect *dialect = query->dialect;
    if (ari_compound_operator(kind) == NULL)
        return ar_error_set(err, AR_E_INVALID, "building a query on %s: there is no such way to combine queries",
                            query->model->name);
    if ((kind >= AR_INTERSECT && !dialect->intersects) || (kind >= AR_INTERSECT_ALL && !dialect->intersects_all))
        return ar_error_set(err, AR_E_UNSUPPORTED, "building a query on %s: this server of %s has no%s",
                            query->model->name, dialect->name, ari_compound_operator(kind));
    return AR_OK;
}

static ari_part *add_part(ar_query *query, ari_parts *list)
{
    ari_part *part = ari_arena_alloc(&query->arena, sizeof *part, alignof(ari_part));
    if (part == NULL) {
        ari_query_fail_no_memory(query);
        return NULL;
    }
    *part = (ari_part){ .next = NULL };
    *(list->last != NULL ? &list->last->next : &list->first) = part;
    list->last = part;
    return part;
}

static ar_status write_inside(ar_query *query, ar_query *other, ari_selections *list)
{
    ari_writing writing = ari_query_writing(query, &query->scratch);
    bool ordered = other->orders.first != NULL || other->limited || other->offset > 0;
    bool wrap = ordered || other->combined.first != NULL || other->withs.first != NULL;
    if (wrap)
        ari_clause_sql(&query->scratch, "SELECT * FROM (");
    ar_status status = ari_subquery_write(&writing, other, ARI_EMBED_ROWS);
    if (wrap)
        ari_clause_sql(&query->scratch, ") AS ar_part");
    if (status == AR_OK && other->model != NULL)
        status = ari_query_list_results(other, other->model, list, &query->error);
    return status;
}

static bool take(ar_query *query, ari_piece *piece)
{
    bool taken = ari_clause_take(&query->scratch, piece);
    if (!taken && query->error.status == AR_OK)
        ari_query_fail_no_memory(query);
    return taken && query->error.status == AR_OK;
}

/* Types that are known differ in nothing but their width. */
static bool go_together(ar_type a, ar_type b)
{
    bool integers = a >= AR_TYPE_INT16 && a <= AR_TYPE_INT64 && b >= AR_TYPE_INT16 && b <= AR_TYPE_INT64;
    bool reals = (a == AR_TYPE_FLOAT || a == AR_TYPE_DOUBLE) && (b == AR_TYPE_FLOAT || b == AR_TYPE_DOUBLE);
    return a == b || a == AR_TYPE_NULL || b == AR_TYPE_NULL || integers || reals;
}

static ar_status check_columns(ar_query *query, const ari_selections *own, const ari_selections *others)
{
    const ari_selection *a = own->first, *b = others->first;
    for (; a != NULL && b != NULL; a = a->next, b = b->next) {
        if (!go_together(ari_selection_type(a), ari_selection_type(b)))
            return ar_error_set(&query->error, AR_E_INVALID,
                                "building a query on %s: column %s of a combined query is %s, the one beside it %s",
                                query->model->name, ari_selection_name(a), ar_type_name(ari_selection_type(a)),
                                ar_type_name(ari_selection_type(b)));
    }
    if ((a != NULL || b != NULL) && others->first != NULL)
        return ar_error_set(&query->error, AR_E_INVALID,
                            "building a query on %s: a query that is combined with it has another number of columns",
                            query->model->name);
    return AR_OK;
}

static void combine(ar_query *query, ar_combination kind, ar_query *other)
{
    ari_selections own = { .first = NULL }, others = { .first = NULL };
    ari_piece piece;
    ar_status status = check_kind(query, kind, &query->error);
    if (status == AR_OK && other == NULL)
        status = ar_error_set(&query->error, AR_E_INVALID, "building a query on %s: the other one is NULL",
                              query->model->name);
    if (status == AR_OK)
        status = write_inside(query, other, &others);
    if (status == AR_OK)
        status = ari_query_list_results(query, query->model, &own, &query->error);
    if (status == AR_OK)
        ar_ignore(check_columns(query, &own, &others));
    ari_part *part = take(query, &piece) ? add_part(query, &query->combined) : NULL;
    if (part == NULL)
        return;
    part->piece = piece;
    part->kind = kind;
}

void ar_query_combine(ar_query *query, ar_combination kind, ar_query *other)
{
    if (ari_query_is_building(query))
        combine(query, kind, other);
    if (other != query)
        ar_query_free(other);
}

/* --- WITH --- */

static const ari_selection *find_result(const ari_selections *list, const char *name)
{
    for (const ari_selection *item = list->first; item != NULL; item = item->next) {
        if (ari_same_name(ari_selection_name(item), name))
            return item;
    }
    return NULL;
}

static ar_status check_model(ar_query *query, const ar_model *model, const ari_selections *list)
{
    const ar_column *column;
    size_t cursor = 0;
    while (list->first != NULL && (column = ari_column_next(model, &cursor)) != NULL) {
        if (find_result(list, ari_column_name(column)) == NULL)
            return ar_error_set(&query->error, AR_E_INVALID,
                                "building a query: WITH gives no column \"%s\", which model %s has; select it",
                                ari_column_name(column), model->name);
    }
    return AR_OK;
}

static void write_heading(ar_query *query, const ar_model *model, const ari_selections *list)
{
    ari_clause heading;
    ari_clause_init(&heading, query->env, &query->arena);
    ari_clause_name(&heading, query->dialect, model->table);
    for (const ari_selection *item = list->first; item != NULL; item = item->next) {
        ari_clause_sql(&heading, item == list->first ? " (" : ", ");
        ari_clause_name(&heading, query->dialect, ari_selection_name(item));
    }
    ari_clause_sql(&heading, list->first != NULL ? ") AS (" : " AS (");
    ari_clause_append(&heading, &query->scratch);
    ari_clause_fini(&query->scratch);
    query->scratch = heading;
    ari_clause_sql(&query->scratch, ")");
}

static ar_status check_with(ar_query *query, const ar_model *model, const ar_query *start)
{
    if (!query->dialect->with)
        return ar_error_set(&query->error, AR_E_UNSUPPORTED, "building a query: this server of %s has no WITH",
                            query->dialect->name);
    if (model == NULL || start == NULL)
        return ar_error_set(&query->error, AR_E_INVALID, "building a query: %s of WITH is NULL",
                            model == NULL ? "the model" : "the query");
    return AR_OK;
}

static ar_status write_step(ar_query *query, ar_combination kind, ar_query *step, const ari_selections *list)
{
    ari_selections others = { .first = NULL };
    if (kind != AR_UNION && kind != AR_UNION_ALL)
        return ar_error_set(&query->error, AR_E_INVALID, "building a query: WITH repeats by UNION or UNION ALL");
    ari_clause_sql(&query->scratch, ari_compound_operator(kind));
    ar_status status = write_inside(query, step, &others);
    return status == AR_OK ? check_columns(query, list, &others) : status;
}

static void add_with(ar_query *query, const ar_model *model, ar_combination kind, ar_query *start, ar_query *step)
{
    ari_selections list = { .first = NULL };
    ari_piece piece;
    ar_status status = check_with(query, model, start);
    if (status == AR_OK)
        status = write_inside(query, start, &list);
    if (status == AR_OK)
        status = check_model(query, model, &list);
    if (status == AR_OK && step != NULL)
        status = write_step(query, kind, step, &list);
    if (status == AR_OK)
        write_heading(query, model, &list);
    ari_part *part = take(query, &piece) ? add_part(query, &query->withs) : NULL;
    if (part == NULL)
        return;
    part->piece = piece;
    part->recursive = step != NULL;
}

void ar_query_with_query(ar_query *query, const ar_model *model, ar_query *definition)
{
    if (ari_query_is_building(query))
        add_with(query, model, AR_UNION_ALL, definition, NULL);
    if (definition != query)
        ar_query_free(definition);
}

void ar_query_with_steps(ar_query *query, const ar_model *model, ar_combination kind, ar_query *start, ar_query *step)
{
    if (ari_query_is_building(query)) {
        if (step == NULL)
            ar_ignore(ar_error_set(&query->error, AR_E_INVALID, "building a query: the step of WITH is NULL"));
        else
            add_with(query, model, kind, start, step);
    }
    if (start != query)
        ar_query_free(start);
    if (step != query && step != start)
        ar_query_free(step);
}

void ari_cte_write(ari_clause *clause, const ar_query *query)
{
    bool recursive = false;
    for (const ari_part *part = query->withs.first; part != NULL; part = part->next)
        recursive = recursive || part->recursive;
    for (const ari_part *part = query->withs.first; part != NULL; part = part->next) {
        if (part == query->withs.first)
            ari_clause_sql(clause, recursive ? "WITH RECURSIVE " : "WITH ");
        ari_clause_put(clause, &part->piece);
        ari_clause_sql(clause, part->next != NULL ? ", " : " ");
    }
}
