/* SPDX-License-Identifier: MIT */
#include <actrec/page.h>

#include <string.h>

#include "orm/bind.h"
#include "orm/column.h"
#include "orm/fragment.h"
#include "orm/query.h"

/* Pages. The rows after values (a, b) in the order of two columns are those with
 *     x > a OR (x = a AND y > b)
 * where NULL is a value too: more or less than all others, as the engine orders it. */

void ar_query_page(ar_query *query, int64_t number, int64_t size)
{
    if (!ari_query_is_building(query))
        return;
    if (number < 1 || size < 1 || number - 1 > INT64_MAX / size) {
        ar_ignore(ar_error_set(&query->error, AR_E_INVALID,
                               "building a query on %s: pages are counted from 1 and have 1 row at least",
                               query->model->name));
        return;
    }
    ar_query_limit(query, size);
    ar_query_offset(query, (number - 1) * size);
}

static void keep_values(ar_query *query, const ar_value *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (ari_value_check(&values[i], "a page", &query->error) != AR_OK)
            break;
        ari_clause_value(&query->scratch, &values[i]);
    }
    if (!ari_clause_take(&query->scratch, &query->page_values))
        ari_query_fail_no_memory(query);
}

static void set_page(ar_query *query, ari_page_kind kind, const ar_value *values, size_t count)
{
    if (!ari_query_is_building(query))
        return;
    if (values == NULL || count == 0 || count > 32) {
        ar_ignore(ar_error_set(&query->error, AR_E_INVALID,
                               "building a query on %s: a page begins at the values of a row, 1 to 32 of them",
                               query->model->name));
        return;
    }
    keep_values(query, values, count);
    query->page = kind;
}

void ar_query_after_values(ar_query *query, const ar_value *values, size_t count)
{
    set_page(query, ARI_PAGE_AFTER, values, count);
}

void ar_query_before_values(ar_query *query, const ar_value *values, size_t count)
{
    set_page(query, ARI_PAGE_BEFORE, values, count);
}

static bool has_column(const ari_selections *list, size_t source, const ar_column *column)
{
    for (const ari_selection *item = list->first; item != NULL; item = item->next) {
        if (item->column == column && item->source == source && item->piece.text == NULL)
            return true;
    }
    return false;
}

/* The column of the key of a table that is not in the list; NULL: all are. *keys is how many there are. */
static const ar_column *key_missing(const ar_query *query, const ari_selections *list, size_t source, size_t *keys)
{
    const ar_column *column;
    size_t cursor = 0;
    *keys = 0;
    while ((column = ari_column_next(query->sources[source].model, &cursor)) != NULL) {
        if ((column->flags & AR_PRIMARY_KEY) == 0)
            continue;
        (*keys)++;
        if (!has_column(list, source, column))
            return column;
    }
    return NULL;
}

/* Of the first table alone, each row of it once. */
static bool is_distinct(const ar_query *query, const ari_selections *list)
{
    size_t keys;
    for (const ari_selection *item = list->first; item != NULL; item = item->next) {
        if (item->piece.text != NULL || item->source != 0)
            return false;
    }
    return query->distinct && key_missing(query, list, 0, &keys) == NULL;
}

ar_status ari_page_check(const ar_query *query, const ari_selections *list, ar_error *err)
{
    if (query->page == ARI_PAGE_NONE || is_distinct(query, list))
        return AR_OK;
    for (size_t i = 1; i < query->source_count; i++) {
        size_t keys;
        const ar_column *missing = query->sources[i].single ? NULL : key_missing(query, &query->orders, i, &keys);
        if (query->sources[i].single || (missing == NULL && keys > 0))
            continue;
        return ar_error_set(
            err, AR_E_INVALID,
            "reading a page of %s: the join may give it several rows of %s (\"%.64s\"), and they are in "
            "one place; order by %s of that too, make the query distinct, or ask with AR_EXISTS",
            query->model->name, query->sources[i].model->name, ari_source_name(&query->sources[i]),
            missing != NULL ? ari_column_name(missing) : "a key");
    }
    return AR_OK;
}

static ar_status check(const ar_query *query, ar_error *err)
{
    size_t orders = 0, keys;
    for (const ari_selection *order = query->orders.first; order != NULL; order = order->next, orders++) {
        if (order->column == NULL)
            return ar_error_set(err, AR_E_INVALID, "reading a page of %s: it is ordered by columns alone",
                                query->model->name);
    }
    if (query->groups.first != NULL)
        return ar_error_set(err, AR_E_INVALID, "reading a page of %s: groups have no pages by key", query->model->name);
    if (orders != query->page_values.count)
        return ar_error_set(err, AR_E_INVALID,
                            "reading a page of %s: it is ordered by %zu columns, and begins at %zu values",
                            query->model->name, orders, query->page_values.count);
    const ar_column *missing = key_missing(query, &query->orders, 0, &keys);
    if (missing != NULL)
        return ar_error_set(err, AR_E_INVALID,
                            "reading a page of %s: order by %s too, so that no two rows are in one place",
                            query->model->name, ari_column_name(missing));
    if (keys == 0)
        return ar_error_set(err, AR_E_INVALID, "reading a page of %s: it has no key", query->model->name);
    return AR_OK;
}

static ar_status write_value(ari_clause *clause, const ari_selection *order, const ar_value *value, ar_error *err)
{
    return ari_fragment_value(clause, value, ari_column_type(order->column), ari_column_name(order->column), err);
}

static ar_status write_same(ari_clause *clause, const ar_query *query, const ari_selection *order,
                            const ar_value *value, ar_error *err)
{
    const ari_naming naming = ari_query_naming(query);
    ari_source_write_compared(clause, &naming, order->source, order->column);
    if (value->type == AR_TYPE_NULL) {
        ari_clause_sql(clause, " IS NULL");
        return AR_OK;
    }
    ari_clause_sql(clause, " = ");
    return write_value(clause, order, value, err);
}

static ar_status write_beyond(ari_clause *clause, const ar_query *query, const ari_selection *order,
                              const ar_value *value, ar_error *err)
{
    const ari_naming naming = ari_query_naming(query);
    bool up = order->descending == (query->page == ARI_PAGE_BEFORE);
    bool null_beyond = query->dialect->nulls_high == up; /* in this direction, NULL comes last */
    bool nullable =
        (order->column->flags & (AR_NOT_NULL | AR_PRIMARY_KEY)) == 0 || query->sources[order->source].optional;
    if (value->type == AR_TYPE_NULL) {
        if (null_beyond) {
            ari_clause_sql(clause, "1 = 0");
            return AR_OK;
        }
        ari_source_write_compared(clause, &naming, order->source, order->column);
        ari_clause_sql(clause, " IS NOT NULL");
        return AR_OK;
    }
    bool both = null_beyond && nullable;
    ari_clause_sql(clause, both ? "(" : "");
    ari_source_write_compared(clause, &naming, order->source, order->column);
    ari_clause_sql(clause, up ? " > " : " < ");
    ar_status status = write_value(clause, order, value, err);
    if (both) {
        ari_clause_sql(clause, " OR ");
        ari_source_write_compared(clause, &naming, order->source, order->column);
        ari_clause_sql(clause, " IS NULL)");
    }
    return status;
}

/* Beyond in column `last`, the same in all before it. */
static ar_status write_step(ari_clause *clause, const ar_query *query, const ari_selection *last, ar_error *err)
{
    const ar_value *value = query->page_values.values;
    ar_status status = AR_OK;
    ari_clause_sql(clause, "(");
    for (const ari_selection *order = query->orders.first; status == AR_OK; order = order->next, value++) {
        if (order == last) {
            status = write_beyond(clause, query, order, value, err);
            break;
        }
        status = write_same(clause, query, order, value, err);
        ari_clause_sql(clause, " AND ");
    }
    ari_clause_sql(clause, ")");
    return status;
}

ar_status ari_page_write(ari_clause *clause, const ar_query *query, ar_error *err)
{
    ar_status status = check(query, err);
    ari_clause_sql(clause, "(");
    for (const ari_selection *last = query->orders.first; status == AR_OK && last != NULL; last = last->next) {
        if (last != query->orders.first)
            ari_clause_sql(clause, " OR ");
        status = write_step(clause, query, last, err);
    }
    ari_clause_sql(clause, ")");
    return status;
}
