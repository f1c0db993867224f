/* SPDX-License-Identifier: MIT */
#include "orm/query.h"

#include <stdalign.h>
#include <stdio.h>
#include <string.h>

#include "orm/column.h"
#include "orm/filter.h"
#include "orm/fragment.h"
#include "orm/predicate.h"

/* Design. A query gathers, in its arena, what its builders are given; orm/query_sql.c writes it down as SQL when a
 * terminal asks, and orm/query_run.c sends that. The first error is kept in `error` and makes every later builder do
 * nothing. It knows its database by handle alone, which the terminal enters again: a database closed in between is
 * AR_E_CLOSED. When there is not even memory for a query, all share `no_memory_query`, which nobody writes to. One
 * thread at a time; from the terminal on it belongs to the operation, which frees it. */

static ar_query no_memory_query = {
    .fixed = true,
    .error = { .status = AR_E_NO_MEMORY, .message = "making a query: there is no memory left for it" },
};

ar_query *ari_query_new(const ar_env *env, ar_db *db, const ar_dialect *dialect, const ar_model *model)
{
    ar_query *query = ari_allocate_zero(env, sizeof *query);
    if (query == NULL)
        return &no_memory_query;
    query->env = env;
    query->db = db;
    query->dialect = dialect;
    query->model = model;
    query->base.model = model;
    query->sources = &query->base;
    query->source_count = model != NULL ? 1 : 0;
    query->source_capacity = 1;
    ari_arena_init(&query->arena, env, 0);
    ari_clause_init(&query->from, env, &query->arena);
    ari_clause_init(&query->scratch, env, &query->arena);
    ari_clause_init(&query->where, env, &query->arena);
    ari_clause_init(&query->having, env, &query->arena);
    ari_clause_init(&query->changes, env, &query->arena);
    return query;
}

static ar_query *create_failed(const ar_error *error)
{
    ar_query *query = ari_query_new(ar_env_default(), NULL, NULL, NULL);
    if (!query->fixed)
        query->error = *error;
    return query;
}

void ar_query_free(ar_query *query)
{
    if (query == NULL || query->fixed)
        return;
    ari_clause_fini(&query->from);
    ari_clause_fini(&query->scratch);
    ari_clause_fini(&query->where);
    ari_clause_fini(&query->having);
    ari_clause_fini(&query->changes);
    ari_arena_fini(&query->arena);
    ari_release(query->env, query);
}

ar_query *ar_query_create(ar_db *handle, const ar_model *model)
{
    ar_error error;
    ari_db *db = ari_db_enter(handle, &error);
    if (db == NULL)
        return create_failed(&error);
    ar_query *query = ari_query_new(ari_db_env(db), handle, ari_db_dialect(db), model);
    if (!query->fixed && model == NULL)
        ar_ignore(ar_error_set(&query->error, AR_E_INVALID, "making a query: the model is NULL"));
    else if (!query->fixed)
        ar_ignore(ari_filter_start(query, db, &query->error));
    ari_db_leave(db);
    return query;
}

static ar_status start_sql(ar_query *query, const ari_db *db, const char *sql, const ar_value *values, size_t count)
{
    ar_status status = ari_fragment_statement(&query->where, query->dialect, sql, values, count, &query->error);
    if (status != AR_OK)
        return status;
    query->statement_class = ari_db_backend(db)->classify(sql, strlen(sql));
    if (query->statement_class == AR_STATEMENT_TRANSACTION)
        return ar_error_set(
            &query->error, AR_E_INVALID,
            "making a query: BEGIN, COMMIT, ROLLBACK and savepoints are not sent as SQL; use ar_tx_begin");
    if (query->statement_class == AR_STATEMENT_SESSION && !ari_db_in_transaction(db))
        return ar_error_set(
            &query->error, AR_E_INVALID,
            "making a query: the statement changes the session of whichever connection it meets; run it in a "
            "transaction, or set it in the URL");
    return AR_OK;
}

ar_query *ar_sql_text(ar_db *handle, const char *sql, const ar_value *values, size_t count)
{
    ar_error error;
    ari_db *db = ari_db_enter(handle, &error);
    if (db == NULL)
        return create_failed(&error);
    ar_query *query = ari_query_new(ari_db_env(db), handle, ari_db_dialect(db), NULL);
    if (!query->fixed) {
        query->raw = true;
        ar_ignore(start_sql(query, db, sql, values, count));
    }
    ari_db_leave(db);
    return query;
}

bool ari_query_is_building(ar_query *query)
{
    if (query == NULL || query->error.status != AR_OK)
        return false;
    if (query->model != NULL)
        return true;
    ar_ignore(ar_error_set(&query->error, AR_E_INVALID,
                           "building a query: SQL of your own takes no builders; write it all in the SQL"));
    return false;
}

void ari_query_fail_no_memory(ar_query *query)
{
    ar_ignore(ar_error_set(&query->error, AR_E_NO_MEMORY, "building a query: there is no memory left for it"));
}

ari_naming ari_query_naming(const ar_query *query)
{
    return (ari_naming){ .dialect = query->dialect, .sources = query->sources, .count = query->source_count };
}

ari_writing ari_query_writing(ar_query *query, ari_clause *clause)
{
    return (ari_writing){ .clause = clause, .naming = ari_query_naming(query), .query = query, .err = &query->error };
}

/* What joins a condition to those before it. AND binds more tightly than OR: no parentheses are needed. */
static void join_condition(ar_query *query)
{
    if (!ari_clause_is_empty(&query->where))
        ari_clause_sql(&query->where, query->alternative ? " OR " : " AND ");
    query->alternative = false;
}

void ar_query_filter_list(ar_query *query, const ar_predicate *predicates, size_t count)
{
    if (ari_query_is_building(query)) {
        join_condition(query);
        ari_writing writing = ari_query_writing(query, &query->where);
        ar_ignore(ari_predicates_write(&writing, predicates, count));
    }
    ari_predicates_release(predicates, count, query);
}

void ar_query_where_sql(ar_query *query, const char *fragment, const ar_value *values, size_t count)
{
    if (!ari_query_is_building(query))
        return;
    query->raw = true;
    join_condition(query);
    ari_clause_sql(&query->where, "(");
    ari_naming naming = ari_query_naming(query);
    ar_ignore(ari_fragment_condition_in(&query->where, &naming, fragment, values, count, &query->error));
    ari_clause_sql(&query->where, ")");
}

void ar_query_having_sql(ar_query *query, const char *fragment, const ar_value *values, size_t count)
{
    if (!ari_query_is_building(query))
        return;
    query->raw = true;
    ari_clause_sql(&query->having, ari_clause_is_empty(&query->having) ? "(" : " AND (");
    ari_naming naming = ari_query_naming(query);
    ar_ignore(ari_fragment_condition_in(&query->having, &naming, fragment, values, count, &query->error));
    ari_clause_sql(&query->having, ")");
}

void ar_query_or(ar_query *query)
{
    if (!ari_query_is_building(query))
        return;
    if (query->alternative || ari_clause_is_empty(&query->where))
        ar_ignore(ar_error_set(&query->error, AR_E_INVALID,
                               "building a query on %s: ar_query_or stands between two conditions",
                               query->model->name));
    query->alternative = true;
}

void ar_query_limit(ar_query *query, int64_t rows)
{
    if (!ari_query_is_building(query))
        return;
    if (rows < 0)
        ar_ignore(ar_error_set(&query->error, AR_E_INVALID,
                               "building a query on %s: a limit cannot be negative; leave it out for all rows",
                               query->model->name));
    query->limited = true;
    query->limit = rows;
}

void ar_query_offset(ar_query *query, int64_t offset)
{
    if (!ari_query_is_building(query))
        return;
    if (offset < 0)
        ar_ignore(ar_error_set(&query->error, AR_E_INVALID, "building a query on %s: an offset cannot be negative",
                               query->model->name));
    query->offset = offset;
}

ari_selection *ari_query_add(ar_query *query, ari_selections *list)
{
    ari_selection *item = ari_arena_alloc(&query->arena, sizeof *item, alignof(ari_selection));
    if (item == NULL) {
        ari_query_fail_no_memory(query);
        return NULL;
    }
    *item = (ari_selection){ .next = NULL };
    *(list->last != NULL ? &list->last->next : &list->first) = item;
    list->last = item;
    return item;
}

static void refuse_names(ar_query *query, const char *builder, const char *names)
{
    ar_ignore(ar_error_set(&query->error, AR_E_INVALID,
                           "building a query on %s: %s takes names of columns with commas between them, not \"%.100s\"",
                           query->model->name, builder, names != NULL ? names : "NULL"));
}

static void refuse_column(ar_query *query, const char *builder, const ari_token *name)
{
    int length = name->length < 80 ? (int)name->length : 80;
    ar_ignore(ar_error_set(&query->error, AR_E_INVALID, "building a query on %s: it has no column %.*s for %s",
                           query->model->name, length, name->text, builder));
}

/* A name, perhaps behind that of a table. False: there is none. */
static bool read_name(ar_query *query, ari_scan *scan, ari_token *table, ari_token *name, ari_token *next)
{
    bool known = false;
    table->kind = ARI_TOKEN_END;
    *name = ari_scan_next_significant(scan);
    if (name->kind != ARI_TOKEN_WORD && name->kind != ARI_TOKEN_NAME)
        return false;
    *next = ari_scan_next_significant(scan);
    if (!ari_token_is_char(next, '.'))
        return true;
    for (size_t i = 0; i < query->source_count; i++)
        known = known || ari_token_names(name, ari_source_name(&query->sources[i]));
    if (!known)
        return false;
    *table = *name;
    *name = ari_scan_next_significant(scan);
    *next = ari_scan_next_significant(scan);
    return name->kind == ARI_TOKEN_WORD || name->kind == ARI_TOKEN_NAME;
}

static bool read_direction(ari_scan *scan, ari_token *next, bool *descending)
{
    *descending = ari_token_is(next, "desc");
    if (*descending || ari_token_is(next, "asc"))
        *next = ari_scan_next_significant(scan);
    return next->kind == ARI_TOKEN_END || ari_token_is_char(next, ',');
}

static bool add_name(ar_query *query, ari_selections *list, const ari_token *table, const ari_token *name,
                     bool descending, const char *builder)
{
    const ari_naming naming = ari_query_naming(query);
    bool qualified = table->kind != ARI_TOKEN_END;
    size_t source = 0;
    const ar_column *column = ari_source_column(&naming, qualified ? table : NULL, name, &source);
    if (column == NULL && (list != &query->orders || qualified)) {
        refuse_column(query, builder, name);
        return false;
    }
    ari_selection *item = ari_query_add(query, list);
    if (item == NULL)
        return false;
    if (!qualified)
        item->token = *name;
    item->descending = descending;
    item->column = column;
    item->source = source;
    return true;
}

/* Reads "name, name" into `list`. Names to order by may be aliases, which are looked up at the end, when all are known.
 */
static void add_names(ar_query *query, ari_selections *list, const char *builder, const char *names)
{
    ari_scan scan;
    ari_token table, name, next;
    bool descending;
    if (!ari_query_is_building(query))
        return;
    if (names == NULL) {
        refuse_names(query, builder, names);
        return;
    }
    char *text = ari_arena_copy_text(&query->arena, names, strlen(names));
    if (text == NULL) {
        ari_query_fail_no_memory(query);
        return;
    }
    ari_scan_init(&scan, query->dialect, text, strlen(text));
    do {
        if (!read_name(query, &scan, &table, &name, &next) || !read_direction(&scan, &next, &descending) ||
            (descending && list != &query->orders)) {
            refuse_names(query, builder, names);
            return;
        }
    } while (add_name(query, list, &table, &name, descending, builder) && next.kind != ARI_TOKEN_END);
}

void ar_query_order_by(ar_query *query, const char *columns)
{
    add_names(query, query != NULL ? &query->orders : NULL, "ar_query_order_by", columns);
}

void ar_query_group_by(ar_query *query, const char *columns)
{
    add_names(query, query != NULL ? &query->groups : NULL, "ar_query_group_by", columns);
}

void ar_query_select(ar_query *query, const char *columns)
{
    add_names(query, query != NULL ? &query->selected : NULL, "ar_query_select", columns);
}

static bool can_add_up(ar_type type)
{
    return (type >= AR_TYPE_INT16 && type <= AR_TYPE_DOUBLE) || type == AR_TYPE_DECIMAL;
}

/* By its name or, with a point in it, by those of its table and its own. */
static const ar_column *column_named(ar_query *query, const char *text, size_t *source)
{
    const ari_naming naming = ari_query_naming(query);
    const ar_column *column = ari_column_by_name(query->model, text);
    ari_token table, name, next;
    ari_scan scan;
    *source = 0;
    if (column != NULL || query->source_count == 1)
        return column;
    ari_scan_init(&scan, query->dialect, text, strlen(text));
    if (!read_name(query, &scan, &table, &name, &next) || next.kind != ARI_TOKEN_END)
        return NULL;
    return ari_source_column(&naming, table.kind != ARI_TOKEN_END ? &table : NULL, &name, source);
}

static bool find_aggregated(ar_query *query, ar_expr_operation operation, const char *name, const char *alias,
                            ar_expr *out)
{
    size_t source;
    const ar_column *column = column_named(query, name, &source);
    bool adds_up = operation == AR_EXPR_SUM || operation == AR_EXPR_AVG;
    if (column == NULL) {
        ar_ignore(ar_error_set(&query->error, AR_E_INVALID,
                               "building a query on %s: it has no column \"%.80s\" for \"%s\"", query->model->name,
                               name, alias));
        return false;
    }
    if (adds_up && !can_add_up(ari_column_type(column))) {
        ar_ignore(ar_error_set(&query->error, AR_E_INVALID,
                               "building a query on %s: column %s is %s, of which there is no sum or average",
                               query->model->name, ari_column_name(column), ar_type_name(ari_column_type(column))));
        return false;
    }
    const ari_source *table = &query->sources[source];
    *out = ar_expr_column_(AR_EXPR_COLUMN, ari_source_name(table), table->model, column->offset, column->member);
    return true;
}

static void add_aggregate(ar_query *query, ar_expr_operation operation, const char *name, const char *alias)
{
    ar_expr column[2] = { ar_expr_of_(AR_EXPR_END), ar_expr_of_(AR_EXPR_END) };
    if (!ari_query_is_building(query))
        return;
    if (name == NULL || alias == NULL || !ari_is_plain_name(alias)) {
        ar_ignore(ar_error_set(
            &query->error, AR_E_INVALID,
            "building a query on %s: an aggregate takes a column and an alias of letters, digits and underscores",
            query->model->name));
        return;
    }
    bool all_rows = operation == AR_EXPR_COUNT && strcmp(name, "*") == 0;
    if (!all_rows && !find_aggregated(query, operation, name, alias, column))
        return;
    ar_expr aggregate = ar_expr_items_(all_rows ? AR_EXPR_COUNT_ROWS : operation, all_rows ? NULL : column, NULL);
    ari_query_add_expr(query, &query->selected, &aggregate, alias, false);
}

void ar_query_select_count(ar_query *query, const char *column, const char *alias)
{
    add_aggregate(query, AR_EXPR_COUNT, column, alias);
}

void ar_query_select_sum(ar_query *query, const char *column, const char *alias)
{
    add_aggregate(query, AR_EXPR_SUM, column, alias);
}

void ar_query_select_avg(ar_query *query, const char *column, const char *alias)
{
    add_aggregate(query, AR_EXPR_AVG, column, alias);
}

void ar_query_select_min(ar_query *query, const char *column, const char *alias)
{
    add_aggregate(query, AR_EXPR_MIN, column, alias);
}

void ar_query_select_max(ar_query *query, const char *column, const char *alias)
{
    add_aggregate(query, AR_EXPR_MAX, column, alias);
}
