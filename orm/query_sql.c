/* SPDX-License-Identifier: MIT */
#include <stdalign.h>
#include <string.h>

#include "orm/behaviour.h"
#include "orm/column.h"
#include "orm/filter.h"
#include "orm/query.h"

/* Writes a query down as SQL: SELECT … FROM … WHERE … GROUP BY … HAVING … ORDER BY … LIMIT … OFFSET …. */

enum { USUAL_LENGTH = 1000 }; /* bytes */

static ar_status no_memory(ar_error *err)
{
    return ar_error_set(err, AR_E_NO_MEMORY, "building SQL: there is no memory left for it");
}

const char *ari_selection_name(const ari_selection *item)
{
    return item->alias != NULL ? item->alias : ari_column_name(item->column);
}

ar_type ari_selection_type(const ari_selection *item)
{
    return item->piece.text == NULL && item->column != NULL ? ari_column_type(item->column) : item->type;
}

static void write_column(ari_clause *clause, const ar_query *query, const ari_selection *item, bool by_value)
{
    const ari_naming naming = ari_query_naming(query);
    if (item->piece.text != NULL)
        ari_clause_put(clause, &item->piece);
    else if (by_value)
        ari_source_write_compared(clause, &naming, item->source, item->column);
    else
        ari_source_write(clause, &naming, item->source, item->column);
}

static void write_selection(ari_clause *clause, const ar_query *query, const ari_selection *item)
{
    bool casts =
        query->compared && query->dialect->decimal_before != NULL && ari_selection_type(item) == AR_TYPE_DECIMAL;
    if (casts)
        ari_clause_sql(clause, query->dialect->decimal_before);
    write_column(clause, query, item, false);
    if (casts)
        ari_clause_sql(clause, query->dialect->decimal_compare);
    if (item->alias == NULL && (item->column->flags & AR_DERIVED) == 0)
        return;
    ari_clause_sql(clause, " AS ");
    ari_clause_name(clause, query->dialect, ari_selection_name(item));
}

static ari_selection *append(ar_query *query, ari_selections *list, ari_selection item)
{
    ari_selection *copy = ari_arena_alloc(&query->arena, sizeof *copy, alignof(ari_selection));
    if (copy == NULL)
        return NULL;
    *copy = item;
    copy->next = NULL;
    *(list->last != NULL ? &list->last->next : &list->first) = copy;
    list->last = copy;
    return copy;
}

static bool selects_columns(const ar_query *query)
{
    for (const ari_selection *item = query->selected.first; item != NULL; item = item->next) {
        if (item->piece.text == NULL)
            return true;
    }
    return false;
}

static const ar_column *column_called(const ar_model *model, const char *name)
{
    const ar_column *column = ari_column_by_name(model, name);
    return column != NULL && strcmp(ari_column_name(column), name) == 0 ? column : NULL;
}

/* The table that has a column of that name: the first one does, or one alone of the others. */
static const ar_column *find_called(const ar_query *query, const char *name, size_t *source)
{
    const ar_column *found = NULL;
    for (size_t i = 0; i < query->source_count; i++) {
        const ar_column *column = column_called(query->sources[i].model, name);
        if (column == NULL)
            continue;
        if (found != NULL)
            return *source == 0 ? found : NULL;
        found = column;
        *source = i;
    }
    return found;
}

/* The table that holds records of `model`; SIZE_MAX: none does. */
static size_t source_of(const ar_query *query, const ar_model *model)
{
    for (size_t i = 0; i < query->source_count; i++) {
        if (query->sources[i].model == model)
            return i;
    }
    return SIZE_MAX;
}

/* The columns of a result that holds records of `model`: its own, those of them that the query's tables have. */
static ar_status list_model(ar_query *query, const ar_model *model, ari_selections *list, ar_error *err)
{
    const ar_column *column;
    size_t cursor = 0, own = source_of(query, model);
    while ((column = ari_column_next(model, &cursor)) != NULL) {
        ari_selection item = { .column = column, .source = own };
        if (own == SIZE_MAX)
            item.column = find_called(query, ari_column_name(column), &item.source);
        if (item.column == NULL)
            continue;
        if (append(query, list, item) == NULL)
            return no_memory(err);
    }
    if (list->first == NULL)
        return ar_error_set(err, AR_E_INVALID, "reading %s from the table of %s: they have no column in common",
                            model->name, query->model->name);
    return AR_OK;
}

/* What is selected; before it, unless columns are, what is grouped by; all when nothing is. */
ar_status ari_query_list_results(ar_query *query, const ar_model *model, ari_selections *list, ar_error *err)
{
    bool columns = selects_columns(query);
    if (query->selected.first == NULL && query->groups.first == NULL)
        return list_model(query, model, list, err);
    for (const ari_selection *item = columns ? NULL : query->groups.first; item != NULL; item = item->next) {
        if (item->piece.text == NULL && append(query, list, *item) == NULL)
            return no_memory(err);
    }
    for (const ari_selection *item = query->selected.first; item != NULL; item = item->next) {
        if (append(query, list, *item) == NULL)
            return no_memory(err);
    }
    if (list->first == NULL)
        return ar_error_set(err, AR_E_INVALID, "building a query on %s: it groups by expressions, and selects nothing",
                            query->model->name);
    for (const ari_selection *item = list->first; item != NULL; item = item->next) {
        for (const ari_selection *other = list->first; other != item; other = other->next) {
            if (strcmp(ari_selection_name(item), ari_selection_name(other)) == 0)
                return ar_error_set(err, AR_E_INVALID,
                                    "building a query on %s: two columns of the result are called \"%s\"",
                                    query->model->name, ari_selection_name(item));
        }
    }
    return AR_OK;
}

static void write_list(ari_clause *clause, const ar_query *query, const ari_selections *list)
{
    ari_clause_sql(clause, query->distinct ? "SELECT DISTINCT " : "SELECT ");
    for (const ari_selection *item = list->first; item != NULL; item = item->next) {
        if (item != list->first)
            ari_clause_sql(clause, ", ");
        write_selection(clause, query, item);
    }
}

/* The column of `model`, which may be NULL, that a result goes to. */
static const ar_column *target_of(const ar_query *query, const ar_model *model, const ari_selection *item)
{
    if (item->piece.text != NULL && item->column != NULL)
        return NULL; /* one beside the record's */
    if (model == query->model && item->piece.text == NULL && item->source == 0)
        return item->column;
    return model != NULL ? ari_column_by_name(model, ari_selection_name(item)) : NULL;
}

/* A record's member may be narrower than the column: its type is what is wanted then. */
static ar_status list_types(ar_query *query, const ar_model *model, const ari_selections *list, ari_query_sql *out,
                            ar_error *err)
{
    size_t count = 0;
    for (const ari_selection *item = list->first; item != NULL; item = item->next)
        count++;
    ar_type *types = ari_arena_alloc_array(&query->arena, count, sizeof *types, alignof(ar_type));
    if (types == NULL)
        return no_memory(err);
    out->wanted = types;
    out->wanted_count = count;
    for (const ari_selection *item = list->first; item != NULL; item = item->next) {
        const ar_column *target = target_of(query, model, item);
        *types++ = target != NULL ? ari_column_type(target) : ari_selection_type(item);
    }
    return AR_OK;
}

/* The condition of a page stands beside all others. */
static ar_status write_conditions(ari_clause *clause, const ar_query *query, ar_error *err)
{
    bool conditions = !ari_clause_is_empty(&query->where);
    if (query->page == ARI_PAGE_NONE) {
        ari_filter_where(clause, query);
        return AR_OK;
    }
    ari_clause_sql(clause, conditions ? " WHERE (" : " WHERE ");
    ari_clause_append(clause, &query->where);
    ari_clause_sql(clause, conditions ? ") AND " : "");
    if (ari_filter_is_needed(query)) {
        ari_filter_write(clause, query);
        ari_clause_sql(clause, " AND ");
    }
    return ari_page_write(clause, query, err);
}

static ar_status write_tables(ari_clause *clause, const ar_query *query, ar_error *err)
{
    ari_clause_sql(clause, " FROM ");
    ari_clause_table(clause, query->dialect, query->model);
    if (query->base.alias != NULL) {
        ari_clause_sql(clause, " AS ");
        ari_clause_name(clause, query->dialect, query->base.alias);
    }
    ari_clause_append(clause, &query->from);
    ar_status status = write_conditions(clause, query, err);
    for (const ari_selection *item = query->groups.first; item != NULL; item = item->next) {
        ari_clause_sql(clause, item == query->groups.first ? " GROUP BY " : ", ");
        write_column(clause, query, item, true);
    }
    if (!ari_clause_is_empty(&query->having)) {
        ari_clause_sql(clause, " HAVING ");
        ari_clause_append(clause, &query->having);
    }
    return status;
}

static const ari_selection *find_alias(const ar_query *query, const ari_token *token)
{
    for (const ari_selection *item = query->selected.first; item != NULL; item = item->next) {
        if (item->alias != NULL && ari_token_names(token, item->alias))
            return item;
    }
    return NULL;
}

static ar_status refuse_order(const ar_query *query, const ari_selection *order, ar_error *err)
{
    int length = order->token.length < 80 ? (int)order->token.length : 80;
    return ar_error_set(err, AR_E_INVALID, "building a query on %s: it has no column or alias %.*s to order by",
                        query->model->name, length, order->token.text != NULL ? order->token.text : "");
}

/* By the name that it has in a result that is ordered as a whole. */
static ar_status write_order_named(ari_clause *clause, const ar_query *query, const ari_selection *order,
                                   const ari_selections *list, ar_error *err)
{
    bool before = query->dialect->decimal_before != NULL;
    for (const ari_selection *item = list->first; item != NULL; item = item->next) {
        bool alias = item->alias != NULL && ari_token_names(&order->token, item->alias);
        const ar_column *column = item->of != NULL ? item->of : item->column;
        if (!alias && (order->column == NULL || column != order->column || item->source != order->source))
            continue;
        bool decimal = ari_selection_type(item) == AR_TYPE_DECIMAL;
        ari_clause_sql(clause, decimal && before ? query->dialect->decimal_before : "");
        ari_clause_name(clause, query->dialect, ari_selection_name(item));
        ari_clause_sql(clause, decimal ? query->dialect->decimal_compare : "");
        return AR_OK;
    }
    return ar_error_set(err, AR_E_INVALID,
                        "building a query on %s: what is united, or a page before a row, is ordered by columns of the "
                        "result",
                        query->model->name);
}

static ar_status write_order(ari_clause *clause, const ar_query *query, const ari_selection *order, ar_error *err)
{
    const ari_selection *alias = find_alias(query, &order->token);
    if (alias != NULL) {
        ari_clause_name(clause, query->dialect, alias->alias);
        if (ari_selection_type(alias) == AR_TYPE_DECIMAL && query->dialect->decimal_before == NULL)
            ari_clause_sql(clause, query->dialect->decimal_compare);
        return AR_OK;
    }
    if (order->column == NULL && order->piece.text == NULL)
        return refuse_order(query, order, err);
    write_column(clause, query, order, true);
    return AR_OK;
}

/* The first of rows in no order is the one with the smallest key. */
static void write_key_order(ari_clause *clause, const ar_query *query)
{
    const char *before = " ORDER BY ";
    const ar_column *column;
    size_t cursor = 0;
    while ((column = ari_column_next(query->model, &cursor)) != NULL) {
        if ((column->flags & AR_PRIMARY_KEY) == 0)
            continue;
        ari_clause_sql(clause, before);
        write_column(clause, query, &(ari_selection){ .column = column }, true);
        before = ", ";
    }
}

/* `list` not NULL: by the names of the result. */
static ar_status write_orders(ari_clause *clause, const ar_query *query, ari_ask ask, const ari_selections *list,
                              bool reversed, ar_error *err)
{
    bool plain = query->groups.first == NULL && query->selected.first == NULL && query->combined.first == NULL;
    if (query->orders.first == NULL && ask == ARI_ASK_FIRST && plain)
        write_key_order(clause, query);
    for (const ari_selection *order = query->orders.first; order != NULL; order = order->next) {
        ari_clause_sql(clause, order == query->orders.first ? " ORDER BY " : ", ");
        ar_status status =
            list != NULL ? write_order_named(clause, query, order, list, err) : write_order(clause, query, order, err);
        if (status != AR_OK)
            return status;
        if (order->descending != reversed)
            ari_clause_sql(clause, " DESC");
    }
    return AR_OK;
}

/* `most`: rows that are wanted at the very most; negative: all. */
static void write_limit(ari_clause *clause, const ar_query *query, int64_t most)
{
    int64_t limit = query->limited ? query->limit : -1;
    if (most >= 0 && (limit < 0 || limit > most))
        limit = most;
    if (limit >= 0) {
        ari_clause_sql(clause, " LIMIT ");
        ari_clause_value(clause, &(ar_value){ .type = AR_TYPE_INT64, .as.integer = limit });
    } else if (query->offset > 0) {
        ari_clause_sql(clause, " LIMIT ");
        ari_clause_sql(clause, query->dialect->no_limit);
    }
    if (query->offset > 0) {
        ari_clause_sql(clause, " OFFSET ");
        ari_clause_value(clause, &(ar_value){ .type = AR_TYPE_INT64, .as.integer = query->offset });
    }
}

static int64_t most_rows(ari_ask ask)
{
    switch (ask) {
    case ARI_ASK_FIRST:
    case ARI_ASK_SCALAR:
    case ARI_ASK_EXISTS: return 1;
    case ARI_ASK_ONE: return 2;
    case ARI_ASK_RECORDS:
    case ARI_ASK_ROWS:
    case ARI_ASK_COUNT:
    case ARI_ASK_EXPLAIN:
    case ARI_ASK_UPDATE_ALL:
    case ARI_ASK_DELETE_ALL:
    case ARI_ASK_EXEC: break;
    }
    return -1;
}

/* One SELECT, in the order of its rows. The lock is in it, also where another SELECT is around it: not every engine has
 * one on what is derived reach the rows of the table. */
static ar_status write_plain(ari_clause *clause, ar_query *query, ari_ask ask, const ari_selections *list,
                             ar_error *err)
{
    write_list(clause, query, list);
    ar_status status = write_tables(clause, query, err);
    if (status == AR_OK)
        status = write_orders(clause, query, ask, NULL, query->page == ARI_PAGE_BEFORE, err);
    write_limit(clause, query, most_rows(ask));
    ari_lock_write(clause, query);
    return status;
}

/* From left to right, whatever binds more tightly on the engine: what is to the left of another operator is put into
 * parentheses. */
static ar_status write_combined(ari_clause *clause, ar_query *query, const ari_selections *list, ar_error *err)
{
    const ari_part *part = query->combined.first;
    for (; part->next != NULL; part = part->next)
        ari_clause_sql(clause, part->next->kind != part->kind ? "SELECT * FROM (" : "");
    write_list(clause, query, list);
    ar_status status = write_tables(clause, query, err);
    for (part = query->combined.first; part != NULL; part = part->next) {
        ari_clause_sql(clause, ari_compound_operator(part->kind));
        ari_clause_put(clause, &part->piece);
        ari_clause_sql(clause, part->next != NULL && part->next->kind != part->kind ? ") AS ar_part" : "");
    }
    return status;
}

/* Several SELECTs, and a page before a row, are ordered as a whole. */
static ar_status write_whole(ari_clause *clause, ar_query *query, ari_ask ask, const ari_selections *list,
                             ar_error *err)
{
    bool combined = query->combined.first != NULL;
    bool ordered = query->orders.first != NULL || query->limited || query->offset > 0 || most_rows(ask) >= 0;
    if (combined && query->page != ARI_PAGE_NONE)
        return ar_error_set(err, AR_E_INVALID, "building a query on %s: what is united has no pages by key",
                            query->model->name);
    if (!combined && query->page != ARI_PAGE_BEFORE)
        return write_plain(clause, query, ask, list, err);
    if (combined && !ordered)
        return write_combined(clause, query, list, err);
    ari_clause_sql(clause, "SELECT * FROM (");
    ar_status status = combined ? write_combined(clause, query, list, err) : write_plain(clause, query, ask, list, err);
    ari_clause_sql(clause, ") AS ar_whole");
    if (status == AR_OK)
        status = write_orders(clause, query, ask, list, false, err);
    if (combined)
        write_limit(clause, query, most_rows(ask));
    return status;
}

static ar_status write_select(ari_clause *clause, ar_query *query, ari_ask ask, const ar_model *model,
                              ari_query_sql *out, ar_error *err)
{
    ari_selections list = { .first = NULL, .last = NULL };
    ar_status status = ari_query_list_results(query, model != NULL ? model : query->model, &list, err);
    for (const ari_selection *item = query->beside.first; status == AR_OK && item != NULL; item = item->next)
        status = append(query, &list, *item) != NULL ? AR_OK : no_memory(err);
    if (status == AR_OK)
        status = list_types(query, model, &list, out, err);
    if (status == AR_OK)
        status = ari_page_check(query, &list, err);
    if (status != AR_OK)
        return status;
    if (ask == ARI_ASK_SCALAR && out->wanted_count != 1)
        return ar_error_set(err, AR_E_INVALID, "reading one value of %s: the query selects %zu columns",
                            query->model->name, out->wanted_count);
    ari_cte_write(clause, query);
    return write_whole(clause, query, ask, &list, err);
}

static ar_status want_one_number(ar_query *query, ari_query_sql *out, ar_error *err)
{
    ar_type *type = ari_arena_alloc(&query->arena, sizeof *type, alignof(ar_type));
    if (type == NULL)
        return no_memory(err);
    *type = AR_TYPE_INT64;
    out->wanted = type;
    out->wanted_count = 1;
    return AR_OK;
}

/* A query that groups, limits, or aggregates without groups does not have the rows of its table: count those that it
 * has. */
static bool counts_plainly(const ar_query *query)
{
    return query->groups.first == NULL && ari_clause_is_empty(&query->having) && !query->limited &&
           query->offset == 0 && !query->distinct && query->combined.first == NULL &&
           (query->selected.first == NULL || selects_columns(query));
}

static ar_status write_count(ari_clause *clause, ar_query *query, ari_query_sql *out, ar_error *err)
{
    ari_query_sql unused = { .sql = NULL };
    if (counts_plainly(query)) {
        ari_cte_write(clause, query);
        ari_clause_sql(clause, "SELECT count(*)");
        ar_status written = write_tables(clause, query, err);
        return written == AR_OK ? want_one_number(query, out, err) : written;
    }
    ari_clause_sql(clause, "SELECT count(*) FROM (");
    ar_status status = write_select(clause, query, ARI_ASK_COUNT, NULL, &unused, err);
    ari_clause_sql(clause, ") AS ar_counted");
    return status == AR_OK ? want_one_number(query, out, err) : status;
}

static ar_status write_exists(ari_clause *clause, ar_query *query, ari_query_sql *out, ar_error *err)
{
    bool aggregates = query->selected.first != NULL && query->groups.first == NULL && !selects_columns(query);
    if (aggregates || query->combined.first != NULL) {
        ari_clause_sql(clause, "SELECT 1 FROM (");
        ari_query_sql unused = { .sql = NULL };
        ar_status status = write_select(clause, query, ARI_ASK_COUNT, NULL, &unused, err);
        ari_clause_sql(clause, ") AS ar_counted LIMIT 1");
        return status == AR_OK ? want_one_number(query, out, err) : status;
    }
    ari_cte_write(clause, query);
    ari_clause_sql(clause, "SELECT 1");
    ar_status status = write_tables(clause, query, err);
    write_limit(clause, query, 1);
    return status == AR_OK ? want_one_number(query, out, err) : status;
}

/* The newline ends a comment that the SQL may end with. */
static ar_status write_around(ari_clause *clause, ar_query *query, ari_ask ask, ari_query_sql *out, ar_error *err)
{
    if (query->statement_class != AR_STATEMENT_READ)
        return ar_error_set(err, AR_E_INVALID,
                            "counting the rows of SQL: it is no SELECT; use ar_query_exec or ar_query_rows");
    ari_clause_sql(clause, ask == ARI_ASK_COUNT ? "SELECT count(*) FROM (" : "SELECT 1 FROM (");
    ari_clause_append(clause, &query->where);
    ari_clause_sql(clause, ask == ARI_ASK_COUNT ? "\n) AS ar_counted" : "\n) AS ar_counted LIMIT 1");
    return want_one_number(query, out, err);
}

static ar_status write_sql(ari_clause *clause, ar_query *query, ari_ask ask, ari_query_sql *out, ar_error *err)
{
    if (ask == ARI_ASK_COUNT || ask == ARI_ASK_EXISTS)
        return write_around(clause, query, ask, out, err);
    if (ask == ARI_ASK_EXPLAIN && query->statement_class != AR_STATEMENT_READ)
        return ar_error_set(err, AR_E_INVALID, "explaining SQL: it is no SELECT");
    ari_clause_sql(clause, ask == ARI_ASK_EXPLAIN ? query->dialect->explain : "");
    ari_clause_append(clause, &query->where);
    return AR_OK;
}

/* To count, not all that was asked for is written; what is wrong with it is an error all the same. */
static ar_status check_all(ar_query *query, ar_error *err)
{
    ari_clause scratch;
    ari_query_sql unused = { .sql = NULL };
    ari_clause_init(&scratch, query->env, &query->arena);
    ar_status status = write_select(&scratch, query, ARI_ASK_ROWS, NULL, &unused, err);
    ari_clause_fini(&scratch);
    return status;
}

/* Its rows have columns of the engine's own. */
static ar_status write_explain(ari_clause *clause, ar_query *query, ari_query_sql *out, ar_error *err)
{
    ari_clause_sql(clause, query->dialect->explain);
    ar_status status = write_select(clause, query, ARI_ASK_ROWS, NULL, out, err);
    out->wanted = NULL;
    out->wanted_count = 0;
    return status;
}

static ar_status write_query(ari_clause *clause, ar_query *query, ari_ask ask, const ar_model *model,
                             ari_query_sql *out, ar_error *err)
{
    if (query->model == NULL)
        return write_sql(clause, query, ask, out, err);
    if (query->alternative)
        return ar_error_set(err, AR_E_INVALID, "building a query on %s: nothing follows ar_query_or",
                            query->model->name);
    if (ask == ARI_ASK_COUNT || ask == ARI_ASK_EXISTS) {
        ar_status status = check_all(query, err);
        if (status != AR_OK)
            return status;
        return ask == ARI_ASK_COUNT ? write_count(clause, query, out, err) : write_exists(clause, query, out, err);
    }
    switch (ask) {
    case ARI_ASK_RECORDS:
    case ARI_ASK_FIRST:
    case ARI_ASK_ONE:
    case ARI_ASK_SCALAR:
    case ARI_ASK_ROWS: return write_select(clause, query, ask, model, out, err);
    case ARI_ASK_EXPLAIN: return write_explain(clause, query, out, err);
    case ARI_ASK_UPDATE_ALL:
    case ARI_ASK_DELETE_ALL: return ari_query_write_all(clause, query, ask, err);
    case ARI_ASK_COUNT:
    case ARI_ASK_EXISTS: break;
    case ARI_ASK_EXEC: break;
    }
    return ar_error_set(err, AR_E_INVALID,
                        "running a query on %s: ar_query_exec runs what ar_sql made; to read, use another end",
                        query->model->name);
}

ari_qualifiers ari_query_qualifiers(const ar_query *query, const char **room)
{
    if (query->source_count < 2 && query->base.alias == NULL)
        return (ari_qualifiers){ .names = NULL };
    for (size_t i = 0; i < query->source_count; i++)
        room[i] = ari_source_name(&query->sources[i]);
    return (ari_qualifiers){ .names = room, .count = query->source_count };
}

ar_status ari_query_write_inside(ari_clause *clause, ar_query *query, ari_embedding embedding, ari_selections *list,
                                 ar_error *err)
{
    ari_query_sql unused = { .sql = NULL };
    if (query->model == NULL) {
        if (query->statement_class != AR_STATEMENT_READ)
            return ar_error_set(err, AR_E_INVALID, "building a query: SQL that stands in a query is to be a SELECT");
        ari_clause_append(clause, &query->where);
        ari_clause_sql(clause, "\n");
        return AR_OK;
    }
    if (query->alternative)
        return ar_error_set(err, AR_E_INVALID, "building a query on %s: nothing follows ar_query_or",
                            query->model->name);
    ar_status status = embedding == ARI_EMBED_EXISTS ? check_all(query, err) : AR_OK;
    if (status == AR_OK && embedding == ARI_EMBED_EXISTS)
        return write_exists(clause, query, &unused, err);
    if (status == AR_OK)
        status = ari_query_list_results(query, query->model, list, err);
    query->compared = embedding == ARI_EMBED_SCALAR || embedding == ARI_EMBED_LIST;
    if (status == AR_OK)
        status = write_select(clause, query, ARI_ASK_ROWS, NULL, &unused, err);
    query->compared = false;
    return status;
}

ar_status ari_query_write(ar_query *query, ari_ask ask, const ar_model *model, ari_query_sql *out, ar_error *err)
{
    ari_clause clause;
    const char *names[ARI_MAX_SOURCES];
    const ari_qualifiers qualifiers = ari_query_qualifiers(query, names);
    *out = (ari_query_sql){ .sql = NULL };
    ari_clause_init_whole(&clause, query->env, &query->arena, query->dialect, &qualifiers);
    (void)ari_text_buffer_reserve(&clause.text, USUAL_LENGTH);
    ar_status status = ari_query_settle_outers(query, NULL, err);
    if (status == AR_OK)
        status = write_query(&clause, query, ask, model, out, err);
    if (status == AR_OK)
        status = ari_clause_finish(&clause, &out->sql, &out->sql_length, err);
    out->values = clause.values;
    out->value_count = clause.count;
    ari_clause_fini(&clause);
    return status;
}
