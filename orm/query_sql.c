/* SPDX-License-Identifier: MIT */
#include <stdalign.h>
#include <string.h>

#include "orm/behaviour.h"
#include "orm/column.h"
#include "orm/filter.h"
#include "orm/query.h"

/* Writes a query down as SQL: SELECT … FROM … WHERE … GROUP BY … HAVING … ORDER BY … LIMIT … OFFSET …. */

static ar_status no_memory(ar_error *err)
{
    return ar_error_set(err, AR_E_NO_MEMORY, "building SQL: there is no memory left for it");
}

static const char *result_name(const ari_selection *item)
{
    return item->kind == ARI_SELECT_COLUMN ? ari_column_name(item->column) : item->alias;
}

static ar_type result_type(const ari_selection *item)
{
    ar_type type = item->column != NULL ? ari_column_type(item->column) : AR_TYPE_NULL;
    switch (item->kind) {
    case ARI_SELECT_COUNT: return AR_TYPE_INT64;
    case ARI_SELECT_AVG: return AR_TYPE_DOUBLE;
    case ARI_SELECT_SUM:
        if (type == AR_TYPE_DECIMAL)
            return AR_TYPE_DECIMAL;
        return type == AR_TYPE_FLOAT || type == AR_TYPE_DOUBLE ? AR_TYPE_DOUBLE : AR_TYPE_INT64;
    case ARI_SELECT_COLUMN:
    case ARI_SELECT_MIN:
    case ARI_SELECT_MAX: return type;
    }
    return type;
}

static const char *function_name(const ari_selection *item, const ar_dialect *dialect)
{
    switch (item->kind) {
    case ARI_SELECT_COUNT: return "count";
    case ARI_SELECT_SUM: return ari_column_type(item->column) == AR_TYPE_DECIMAL ? dialect->decimal_sum : "sum";
    case ARI_SELECT_AVG: return "avg";
    case ARI_SELECT_MIN: return "min";
    case ARI_SELECT_MAX: return "max";
    case ARI_SELECT_COLUMN: break;
    }
    return "";
}

/* What the engine writes in another way; `before` is NULL when it does not. */
static ar_wrapping wrapping_of(const ari_selection *item, const ar_dialect *dialect)
{
    ar_type type = item->column != NULL ? ari_column_type(item->column) : AR_TYPE_NULL;
    switch (item->kind) {
    case ARI_SELECT_SUM: return dialect->sum_of[type];
    case ARI_SELECT_AVG: return dialect->avg_of[type];
    case ARI_SELECT_MIN: return dialect->min_of[type];
    case ARI_SELECT_MAX: return dialect->max_of[type];
    case ARI_SELECT_COUNT:
    case ARI_SELECT_COLUMN: break;
    }
    return (ar_wrapping){ NULL, NULL };
}

static void write_column(ari_clause *clause, const ar_dialect *dialect, const ar_column *column, bool by_value)
{
    ari_clause_column(clause, dialect, column, by_value);
}

static void write_aggregate(ari_clause *clause, const ar_dialect *dialect, const ari_selection *item)
{
    bool by_value = item->kind == ARI_SELECT_MIN || item->kind == ARI_SELECT_MAX;
    ar_wrapping wrapping = wrapping_of(item, dialect);
    ari_clause_sql(clause, wrapping.before != NULL ? wrapping.before : function_name(item, dialect));
    if (wrapping.before == NULL)
        ari_clause_sql(clause, "(");
    if (item->column == NULL)
        ari_clause_sql(clause, "*");
    else
        write_column(clause, dialect, item->column, by_value && wrapping.before == NULL);
    ari_clause_sql(clause, wrapping.before != NULL ? wrapping.after : ")");
}

static void write_selection(ari_clause *clause, const ar_dialect *dialect, const ari_selection *item)
{
    if (item->kind == ARI_SELECT_COLUMN) {
        write_column(clause, dialect, item->column, false);
        if ((item->column->flags & AR_DERIVED) == 0)
            return;
        ari_clause_sql(clause, " AS ");
        ari_clause_name(clause, dialect, ari_column_name(item->column));
        return;
    }
    write_aggregate(clause, dialect, item);
    ari_clause_sql(clause, " AS ");
    ari_clause_name(clause, dialect, item->alias);
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
        if (item->kind == ARI_SELECT_COLUMN)
            return true;
    }
    return false;
}

static bool has_column(const ar_model *model, const char *name)
{
    const ar_column *column = ari_column_by_name(model, name);
    return column != NULL && strcmp(ari_column_name(column), name) == 0;
}

/* The columns of a result that holds records of `model`: its own, those of them that the query's table has. */
static ar_status list_model(ar_query *query, const ar_model *model, ari_selections *list, ar_error *err)
{
    const ar_column *column;
    size_t cursor = 0;
    while ((column = ari_column_next(model, &cursor)) != NULL) {
        if (model != query->model && !has_column(query->model, ari_column_name(column)))
            continue;
        if (model != query->model)
            column = ari_column_by_name(query->model, ari_column_name(column));
        if (append(query, list, (ari_selection){ .kind = ARI_SELECT_COLUMN, .column = column }) == NULL)
            return no_memory(err);
    }
    if (list->first == NULL)
        return ar_error_set(err, AR_E_INVALID, "reading %s from the table of %s: they have no column in common",
                            model->name, query->model->name);
    return AR_OK;
}

/* What is selected; before it, unless columns are, what is grouped by; all when nothing is. */
static ar_status list_results(ar_query *query, const ar_model *model, ari_selections *list, ar_error *err)
{
    bool columns = selects_columns(query);
    if (query->selected.first == NULL && query->groups.first == NULL)
        return list_model(query, model, list, err);
    for (const ari_selection *item = columns ? NULL : query->groups.first; item != NULL; item = item->next) {
        if (append(query, list, *item) == NULL)
            return no_memory(err);
    }
    for (const ari_selection *item = query->selected.first; item != NULL; item = item->next) {
        if (append(query, list, *item) == NULL)
            return no_memory(err);
    }
    for (const ari_selection *item = list->first; item != NULL; item = item->next) {
        for (const ari_selection *other = list->first; other != item; other = other->next) {
            if (strcmp(result_name(item), result_name(other)) == 0)
                return ar_error_set(err, AR_E_INVALID,
                                    "building a query on %s: two columns of the result are called \"%s\"",
                                    query->model->name, result_name(item));
        }
    }
    return AR_OK;
}

static void write_list(ari_clause *clause, const ar_dialect *dialect, const ari_selections *list)
{
    for (const ari_selection *item = list->first; item != NULL; item = item->next) {
        if (item != list->first)
            ari_clause_sql(clause, ", ");
        write_selection(clause, dialect, item);
    }
}

/* The column of `model`, which may be NULL, that a result goes to. */
static const ar_column *target_of(const ar_query *query, const ar_model *model, const ari_selection *item)
{
    if (model == query->model && item->kind == ARI_SELECT_COLUMN)
        return item->column;
    return model != NULL ? ari_column_by_name(model, result_name(item)) : NULL;
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
        *types++ = target != NULL ? ari_column_type(target) : result_type(item);
    }
    return AR_OK;
}

static void write_tables(ari_clause *clause, ar_query *query)
{
    const ar_dialect *dialect = query->dialect;
    ari_clause_sql(clause, " FROM ");
    ari_clause_table(clause, dialect, query->model);
    ari_filter_where(clause, query);
    for (const ari_selection *item = query->groups.first; item != NULL; item = item->next) {
        ari_clause_sql(clause, item == query->groups.first ? " GROUP BY " : ", ");
        write_column(clause, dialect, item->column, true);
    }
    if (!ari_clause_is_empty(&query->having)) {
        ari_clause_sql(clause, " HAVING ");
        ari_clause_append(clause, &query->having);
    }
}

static const ari_selection *find_alias(const ar_query *query, const ari_token *token)
{
    for (const ari_selection *item = query->selected.first; item != NULL; item = item->next) {
        if (item->alias != NULL && ari_token_names(token, item->alias))
            return item;
    }
    return NULL;
}

static ar_status write_order(ari_clause *clause, const ar_query *query, const ari_selection *order, ar_error *err)
{
    const ari_selection *alias = find_alias(query, &order->token);
    if (alias != NULL) {
        ari_clause_name(clause, query->dialect, alias->alias);
        if (result_type(alias) == AR_TYPE_DECIMAL && query->dialect->decimal_before == NULL)
            ari_clause_sql(clause, query->dialect->decimal_compare);
    } else if (order->column != NULL) {
        write_column(clause, query->dialect, order->column, true);
    } else {
        int length = order->token.length < 80 ? (int)order->token.length : 80;
        return ar_error_set(err, AR_E_INVALID, "building a query on %s: it has no column or alias %.*s to order by",
                            query->model->name, length, order->token.text);
    }
    if (order->descending)
        ari_clause_sql(clause, " DESC");
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
        write_column(clause, query->dialect, column, true);
        before = ", ";
    }
}

static ar_status write_orders(ari_clause *clause, const ar_query *query, ari_ask ask, ar_error *err)
{
    bool plain = query->groups.first == NULL && query->selected.first == NULL;
    if (query->orders.first == NULL && ask == ARI_ASK_FIRST && plain)
        write_key_order(clause, query);
    for (const ari_selection *order = query->orders.first; order != NULL; order = order->next) {
        ari_clause_sql(clause, order == query->orders.first ? " ORDER BY " : ", ");
        ar_status status = write_order(clause, query, order, err);
        if (status != AR_OK)
            return status;
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
    case ARI_ASK_EXISTS: return 1;
    case ARI_ASK_ONE: return 2;
    case ARI_ASK_RECORDS:
    case ARI_ASK_ROWS:
    case ARI_ASK_COUNT:
    case ARI_ASK_UPDATE_ALL:
    case ARI_ASK_DELETE_ALL:
    case ARI_ASK_EXEC: break;
    }
    return -1;
}

static ar_status write_select(ari_clause *clause, ar_query *query, ari_ask ask, const ar_model *model,
                              ari_query_sql *out, ar_error *err)
{
    ari_selections list = { .first = NULL, .last = NULL };
    ar_status status = list_results(query, model != NULL ? model : query->model, &list, err);
    if (status == AR_OK)
        status = list_types(query, model, &list, out, err);
    if (status != AR_OK)
        return status;
    ari_clause_sql(clause, "SELECT ");
    write_list(clause, query->dialect, &list);
    write_tables(clause, query);
    status = write_orders(clause, query, ask, err);
    write_limit(clause, query, most_rows(ask));
    return status;
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
           query->offset == 0 && (query->selected.first == NULL || selects_columns(query));
}

static ar_status write_count(ari_clause *clause, ar_query *query, ari_query_sql *out, ar_error *err)
{
    ari_query_sql unused = { .sql = NULL };
    ari_clause_sql(clause, "SELECT count(*)");
    if (counts_plainly(query)) {
        write_tables(clause, query);
        return want_one_number(query, out, err);
    }
    ari_clause_sql(clause, " FROM (");
    ar_status status = write_select(clause, query, ARI_ASK_COUNT, NULL, &unused, err);
    ari_clause_sql(clause, ") AS ar_counted");
    return status == AR_OK ? want_one_number(query, out, err) : status;
}

static ar_status write_exists(ari_clause *clause, ar_query *query, ari_query_sql *out, ar_error *err)
{
    if (query->selected.first != NULL && query->groups.first == NULL && !selects_columns(query)) {
        ari_clause_sql(clause, "SELECT 1 FROM (");
        ari_query_sql unused = { .sql = NULL };
        ar_status status = write_select(clause, query, ARI_ASK_COUNT, NULL, &unused, err);
        ari_clause_sql(clause, ") AS ar_counted LIMIT 1");
        return status == AR_OK ? want_one_number(query, out, err) : status;
    }
    ari_clause_sql(clause, "SELECT 1");
    write_tables(clause, query);
    write_limit(clause, query, 1);
    return want_one_number(query, out, err);
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
    case ARI_ASK_ROWS: return write_select(clause, query, ask, model, out, err);
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

ar_status ari_query_write(ar_query *query, ari_ask ask, const ar_model *model, ari_query_sql *out, ar_error *err)
{
    ari_clause clause;
    *out = (ari_query_sql){ .sql = NULL };
    ari_clause_init(&clause, query->env, &query->arena);
    ar_status status = write_query(&clause, query, ask, model, out, err);
    if (status == AR_OK)
        status = ari_clause_finish(&clause, query->dialect, &out->sql, &out->sql_length, err);
    out->values = clause.values;
    out->value_count = clause.count;
    ari_clause_fini(&clause);
    return status;
}
