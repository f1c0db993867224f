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
    ari_arena_init(&query->arena, env, 0);
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

/* Whether a builder may go on. */
static bool building(ar_query *query)
{
    if (query == NULL || query->error.status != AR_OK)
        return false;
    if (query->model != NULL)
        return true;
    ar_ignore(ar_error_set(&query->error, AR_E_INVALID,
                           "building a query: SQL of your own takes no builders; write it all in the SQL"));
    return false;
}

static void fail_no_memory(ar_query *query)
{
    ar_ignore(ar_error_set(&query->error, AR_E_NO_MEMORY, "building a query: there is no memory left for it"));
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
    if (!building(query))
        return;
    join_condition(query);
    ar_ignore(ari_predicate_append(&query->where, query->dialect, query->model, predicates, count, &query->error));
}

void ar_query_where_sql(ar_query *query, const char *fragment, const ar_value *values, size_t count)
{
    if (!building(query))
        return;
    query->raw = true;
    join_condition(query);
    ari_clause_sql(&query->where, "(");
    ar_ignore(
        ari_fragment_condition(&query->where, query->dialect, query->model, fragment, values, count, &query->error));
    ari_clause_sql(&query->where, ")");
}

void ar_query_having_sql(ar_query *query, const char *fragment, const ar_value *values, size_t count)
{
    if (!building(query))
        return;
    query->raw = true;
    ari_clause_sql(&query->having, ari_clause_is_empty(&query->having) ? "(" : " AND (");
    ar_ignore(
        ari_fragment_condition(&query->having, query->dialect, query->model, fragment, values, count, &query->error));
    ari_clause_sql(&query->having, ")");
}

void ar_query_or(ar_query *query)
{
    if (!building(query))
        return;
    if (query->alternative || ari_clause_is_empty(&query->where))
        ar_ignore(ar_error_set(&query->error, AR_E_INVALID,
                               "building a query on %s: ar_query_or stands between two conditions",
                               query->model->name));
    query->alternative = true;
}

void ar_query_limit(ar_query *query, int64_t rows)
{
    if (!building(query))
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
    if (!building(query))
        return;
    if (offset < 0)
        ar_ignore(ar_error_set(&query->error, AR_E_INVALID, "building a query on %s: an offset cannot be negative",
                               query->model->name));
    query->offset = offset;
}

static ari_selection *add(ar_query *query, ari_selections *list)
{
    ari_selection *item = ari_arena_alloc(&query->arena, sizeof *item, alignof(ari_selection));
    if (item == NULL) {
        fail_no_memory(query);
        return NULL;
    }
    *item = (ari_selection){ .kind = ARI_SELECT_COLUMN };
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

/* A name, perhaps behind that of the table. False: there is none. */
static bool read_name(ar_query *query, ari_scan *scan, ari_token *name, ari_token *next)
{
    *name = ari_scan_next_significant(scan);
    if (name->kind != ARI_TOKEN_WORD && name->kind != ARI_TOKEN_NAME)
        return false;
    *next = ari_scan_next_significant(scan);
    if (!ari_token_is_char(next, '.'))
        return true;
    if (!ari_token_names(name, query->model->table))
        return false;
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

static bool add_name(ar_query *query, ari_selections *list, const ari_token *name, bool descending, const char *builder)
{
    const ar_column *column = ari_column_by_token(query->model, name);
    if (column == NULL && list != &query->orders) {
        refuse_column(query, builder, name);
        return false;
    }
    ari_selection *item = add(query, list);
    if (item == NULL)
        return false;
    item->token = *name;
    item->descending = descending;
    item->column = column;
    return true;
}

/* Reads "name, name" into `list`. Names to order by may be aliases, which are looked up at the end, when all are known.
 */
static void add_names(ar_query *query, ari_selections *list, const char *builder, const char *names)
{
    ari_scan scan;
    ari_token name, next;
    bool descending;
    if (!building(query))
        return;
    if (names == NULL) {
        refuse_names(query, builder, names);
        return;
    }
    char *text = ari_arena_copy_text(&query->arena, names, strlen(names));
    if (text == NULL) {
        fail_no_memory(query);
        return;
    }
    ari_scan_init(&scan, query->dialect, text, strlen(text));
    do {
        if (!read_name(query, &scan, &name, &next) || !read_direction(&scan, &next, &descending) ||
            (descending && list != &query->orders)) {
            refuse_names(query, builder, names);
            return;
        }
    } while (add_name(query, list, &name, descending, builder) && next.kind != ARI_TOKEN_END);
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

static bool is_plain_name(const char *name)
{
    size_t length = strlen(name);
    if (length == 0 || length > 63 || (name[0] >= '0' && name[0] <= '9'))
        return false;
    return strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == length;
}

static bool can_add_up(ar_type type)
{
    return (type >= AR_TYPE_INT16 && type <= AR_TYPE_DOUBLE) || type == AR_TYPE_DECIMAL;
}

static const ar_column *find_aggregated(ar_query *query, ari_selection_kind kind, const char *name, const char *alias)
{
    const ar_column *column = ari_column_by_name(query->model, name);
    if (column == NULL) {
        ar_ignore(ar_error_set(&query->error, AR_E_INVALID,
                               "building a query on %s: it has no column \"%.80s\" for \"%s\"", query->model->name,
                               name, alias));
    } else if ((kind == ARI_SELECT_SUM || kind == ARI_SELECT_AVG) && !can_add_up(ari_column_type(column))) {
        ar_ignore(ar_error_set(&query->error, AR_E_INVALID,
                               "building a query on %s: column %s is %s, of which there is no sum or average",
                               query->model->name, ari_column_name(column), ar_type_name(ari_column_type(column))));
        return NULL;
    }
    return column;
}

static void add_aggregate(ar_query *query, ari_selection_kind kind, const char *name, const char *alias)
{
    if (!building(query))
        return;
    if (name == NULL || alias == NULL || !is_plain_name(alias)) {
        ar_ignore(ar_error_set(
            &query->error, AR_E_INVALID,
            "building a query on %s: an aggregate takes a column and an alias of letters, digits and underscores",
            query->model->name));
        return;
    }
    bool all_rows = kind == ARI_SELECT_COUNT && strcmp(name, "*") == 0;
    const ar_column *column = all_rows ? NULL : find_aggregated(query, kind, name, alias);
    if (column == NULL && !all_rows)
        return;
    const char *copy = ari_arena_copy_text(&query->arena, alias, strlen(alias));
    ari_selection *item = copy != NULL ? add(query, &query->selected) : NULL;
    if (item == NULL) {
        fail_no_memory(query);
        return;
    }
    item->kind = kind;
    item->column = column;
    item->alias = copy;
}

void ar_query_select_count(ar_query *query, const char *column, const char *alias)
{
    add_aggregate(query, ARI_SELECT_COUNT, column, alias);
}

void ar_query_select_sum(ar_query *query, const char *column, const char *alias)
{
    add_aggregate(query, ARI_SELECT_SUM, column, alias);
}

void ar_query_select_avg(ar_query *query, const char *column, const char *alias)
{
    add_aggregate(query, ARI_SELECT_AVG, column, alias);
}

void ar_query_select_min(ar_query *query, const char *column, const char *alias)
{
    add_aggregate(query, ARI_SELECT_MIN, column, alias);
}

void ar_query_select_max(ar_query *query, const char *column, const char *alias)
{
    add_aggregate(query, ARI_SELECT_MAX, column, alias);
}
