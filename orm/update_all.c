/* SPDX-License-Identifier: MIT */
#include <assert.h>
#include <stdio.h>

#include <actrec/change.h>

#include "orm/behaviour.h"
#include "orm/column.h"
#include "orm/filter.h"
#include "orm/find.h"
#include "orm/fragment.h"
#include "orm/query_run.h"

/* Changing and deleting all rows of a query, in one statement. The changes are written as they are given, into a clause of the query;
 * the statement is that and the query's condition. How its operation lives says orm/query_run.c. */

/* What of a column the database or the library alone decides. */
static ar_status check_writable(const ar_query *query, const ar_column *column, ar_error *err)
{
    if ((column->flags & AR_TENANT) != 0 && query->tenant != NULL)
        return ar_error_set(err, AR_E_UNSUPPORTED, "changing %s.%s: rows stay with their tenant", query->model->name,
                            column->member);
    if ((column->flags & (AR_GENERATED | AR_DERIVED)) == 0)
        return AR_OK;
    return ar_error_set(err, AR_E_UNSUPPORTED, "changing %s.%s: the column is computed, and never written",
                        query->model->name, column->member);
}

/* The column of a change, counted among the model's, and not changed before. */
static ar_status find_column(ar_query *query, const ar_change *change, const ar_column **out, ar_error *err)
{
    const ar_model *model = query->model;
    const char *member = change->member != NULL ? change->member : "?";
    size_t cursor = 0, index = 0;
    if (change->model != model)
        return ar_error_set(err, AR_E_INVALID, "changing rows of %s: a change is of %s, a member of %s", model->name,
                            member, change->model != NULL ? change->model->name : "no model");
    while ((*out = ari_column_next(model, &cursor)) != NULL && (*out)->offset != change->offset)
        index++;
    if (*out == NULL || index >= 64 * sizeof query->changed / sizeof query->changed[0])
        return ar_error_set(err, AR_E_INVALID, "changing rows of %s: member %s is not a column", model->name, member);
    if ((query->changed[index / 64] >> (index % 64) & 1) != 0)
        return ar_error_set(err, AR_E_INVALID, "changing rows of %s: column %s is changed twice", model->name, member);
    query->changed[index / 64] |= UINT64_C(1) << (index % 64);
    return check_writable(query, *out, err);
}

static bool can_be_added_to(ar_type type)
{
    return type == AR_TYPE_INT16 || type == AR_TYPE_INT32 || type == AR_TYPE_INT64 || type == AR_TYPE_FLOAT ||
           type == AR_TYPE_DOUBLE || type == AR_TYPE_DECIMAL;
}

static ar_status write_sum(ar_query *query, const ar_column *column, const ar_value *value, const char *what,
                           ar_error *err)
{
    ari_clause *clause = &query->changes;
    ar_type type = ari_column_type(column);
    if (!can_be_added_to(type))
        return ar_error_set(err, AR_E_TYPE, "changing rows: %s is %s, to which nothing is added", what,
                            ar_type_name(type));
    ar_addition how = query->dialect->add_to[type];
    if (how.before == NULL)
        how = (ar_addition){ "", " + ", "" };
    ari_clause_sql(clause, how.before);
    ari_clause_name(clause, query->dialect, ari_column_name(column));
    ari_clause_sql(clause, how.between);
    ar_status status = ari_fragment_value(clause, value, type, what, err);
    ari_clause_sql(clause, how.after);
    return status;
}

static ar_status write_change(ar_query *query, const ar_change *change, ar_error *err)
{
    const ar_column *column = NULL;
    char what[160];
    ar_status status = find_column(query, change, &column, err);
    if (status != AR_OK)
        return status;
    ari_clause *clause = &query->changes;
    snprintf(what, sizeof what, "%s.%s", query->model->name, column->member);
    ari_clause_sql(clause, ari_clause_is_empty(clause) ? "" : ", ");
    ari_clause_name(clause, query->dialect, ari_column_name(column));
    ari_clause_sql(clause, " = ");
    switch ((ar_change_kind)change->kind) {
    case AR_CHANGE_SET: return ari_fragment_value(clause, &change->value, ari_column_type(column), what, err);
    case AR_CHANGE_ADD: return write_sum(query, column, &change->value, what, err);
    case AR_CHANGE_SQL:
        query->raw = true;
        ari_clause_sql(clause, "(");
        status = ari_fragment_condition(clause, query->dialect, query->model, change->sql, change->values,
                                        change->value_count, err);
        ari_clause_sql(clause, ")");
        return status;
    }
    return ar_error_set(err, AR_E_INVALID, "changing rows: a change of %s was not made by one of the macros", what);
}

void ar_query_set_list(ar_query *query, const ar_change *changes, size_t count)
{
    if (query == NULL || query->error.status != AR_OK)
        return;
    if (query->model == NULL || changes == NULL || count == 0) {
        ar_ignore(ar_error_set(&query->error, AR_E_INVALID, "building a query: %s",
                               query->model == NULL ? "SQL of your own takes no changes; write them in the SQL"
                                                    : "there are no changes to set"));
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (write_change(query, &changes[i], &query->error) != AR_OK)
            return;
    }
}

void ar_query_everything(ar_query *query)
{
    if (query != NULL && !query->fixed)
        query->everything = true;
}

/* Columns with these flags that are not set by a change: timestamps to now, versions to one more. */
static void write_stamps(ari_clause *clause, const ar_query *query, uint32_t flags, const char *before)
{
    const ar_column *column;
    ar_value now = { .type = AR_TYPE_TIMESTAMP };
    size_t cursor = 0;
    for (size_t i = 0; (column = ari_column_next(query->model, &cursor)) != NULL; i++) {
        if ((column->flags & flags) == 0 || (query->changed[i / 64] >> (i % 64) & 1) != 0)
            continue;
        ari_clause_sql(clause, before);
        before = ", ";
        ari_clause_name(clause, query->dialect, ari_column_name(column));
        ari_clause_sql(clause, " = ");
        if ((column->flags & AR_VERSION) != 0) {
            ari_clause_name(clause, query->dialect, ari_column_name(column));
            ari_clause_sql(clause, " + 1");
            continue;
        }
        now.as.timestamp.us = query->env->wall_now(query->env->ctx);
        ari_clause_value(clause, &now);
    }
}

static ar_status refuse(const ar_query *query, ari_ask ask, const char *why, ar_error *err)
{
    return ar_error_set(err, AR_E_INVALID, "%s all rows of a query on %s: %s",
                        ask == ARI_ASK_UPDATE_ALL ? "updating" : "deleting", query->model->name, why);
}

static ar_status check(const ar_query *query, ari_ask ask, ar_error *err)
{
    bool changes = !ari_clause_is_empty(&query->changes);
    if (query->plan != NULL && query->plan->options->read_only)
        return ari_plan_check_writable(query->plan, ask == ARI_ASK_UPDATE_ALL ? "update_all" : "delete_all", err);
    if (ask == ARI_ASK_UPDATE_ALL && !changes)
        return refuse(query, ask, "it was given no changes; say them with ar_query_set", err);
    if (ask == ARI_ASK_DELETE_ALL && changes)
        return refuse(query, ask, "it was given changes; update_all makes them", err);
    if (query->limited || query->offset > 0 || query->orders.first != NULL)
        return refuse(query, ask, "it may not order or limit them; narrow it by a condition", err);
    if (query->groups.first != NULL || query->selected.first != NULL || !ari_clause_is_empty(&query->having))
        return refuse(query, ask, "it may not group or select", err);
    if (query->source_count > 1 || query->base.alias != NULL)
        return refuse(query, ask, "it may not join or name its table; narrow it by a subquery", err);
    if (query->distinct || query->lock != 0 || query->page != ARI_PAGE_NONE || query->combined.first != NULL ||
        query->withs.first != NULL || query->paths != NULL)
        return refuse(query, ask, "it is no query that is read", err);
    if (ari_clause_is_empty(&query->where) && !query->everything)
        return refuse(query, ask, "it has no condition; say ar_query_everything when every row is meant", err);
    return AR_OK;
}

ar_status ari_query_write_all(ari_clause *clause, ar_query *query, ari_ask ask, ar_error *err)
{
    ar_status status = check(query, ask, err);
    if (status != AR_OK)
        return status;
    bool marks = ask == ARI_ASK_DELETE_ALL && query->plan != NULL && query->plan->deleted_column >= 0;
    ari_clause_sql(clause, ask == ARI_ASK_UPDATE_ALL || marks ? "UPDATE " : "DELETE FROM ");
    ari_clause_table(clause, query->dialect, query->model);
    if (ask == ARI_ASK_UPDATE_ALL) {
        ari_clause_sql(clause, " SET ");
        ari_clause_append(clause, &query->changes);
        write_stamps(clause, query, AR_UPDATED_AT | AR_VERSION, ", ");
    } else if (marks) {
        write_stamps(clause, query, AR_DELETED_AT | AR_UPDATED_AT | AR_VERSION, " SET ");
    }
    ari_filter_where(clause, query);
    return AR_OK;
}

static void check_model(ar_query *query)
{
    if (query != NULL && query->error.status == AR_OK && query->model == NULL)
        ar_ignore(ar_error_set(&query->error, AR_E_INVALID,
                               "changing or deleting all rows: SQL of your own says so itself; use ar_query_exec"));
}

static ar_status run(ar_query *query, ari_ask ask, int64_t *rows, ar_error *err)
{
    ari_db *db;
    ari_op *op = NULL;
    check_model(query);
    ar_status status = ari_query_run_here(query, ask, NULL, &db, &op, err);
    if (status != AR_OK)
        return status;
    if (rows != NULL)
        *rows = op->future.value;
    ari_op_release(op);
    ari_db_leave(db);
    return AR_OK;
}

ar_status ar_query_update_all(ar_query *query, int64_t *rows, ar_error *err)
{
    return run(query, ARI_ASK_UPDATE_ALL, rows, err);
}

ar_int64_future ar_query_update_all_async(ar_query *query)
{
    check_model(query);
    return (ar_int64_future){ .raw = ari_query_submit(query, ARI_ASK_UPDATE_ALL, NULL) };
}

ar_status ar_query_delete_all(ar_query *query, int64_t *rows, ar_error *err)
{
    return run(query, ARI_ASK_DELETE_ALL, rows, err);
}

ar_int64_future ar_query_delete_all_async(ar_query *query)
{
    check_model(query);
    return (ar_int64_future){ .raw = ari_query_submit(query, ARI_ASK_DELETE_ALL, NULL) };
}

/* --- One row, by its key --- */

static ar_status settle_change(ari_op *op, ar_status status, ar_error *err)
{
    if (status != AR_OK || op->operation.changes > 0)
        return status;
    return ar_error_set(err, AR_E_NOT_FOUND, "changing a row of %s: no row has that key",
                        ari_query_run_of(op)->query->model->table);
}

static ar_status filter_key(ari_db *db, ar_query *query, const ar_key *key, ar_error *err)
{
    const ari_plan *plan;
    ar_value values[ARI_MAX_KEY];
    ar_status status = ari_plan_get(db, query->model, &plan, err);
    if (status == AR_OK)
        status = ari_plan_key_values(plan, key, values, err);
    if (status != AR_OK)
        return status;
    for (uint32_t i = 0; i < plan->key_count; i++) {
        const ari_plan_column *column = &plan->columns[plan->key[i]];
        ar_predicate is =
            ar_predicate_of(AR_COMPARE_EQ, plan->model, column->offset, column->from->member, values[i], AR_NULL);
        ar_query_filter_list(query, &is, 1);
    }
    return AR_OK;
}

/* On AR_OK *db is entered. */
static ar_status make_change(ar_db *handle, const ar_model *model, const ar_key *key, const ar_change *changes,
                             size_t count, ari_db **db, ari_op **op, ar_error *err)
{
    ar_query *query = ar_query_create(handle, model);
    ari_db *entered = query->error.status == AR_OK ? ari_db_enter(handle, &query->error) : NULL;
    if (entered != NULL) {
        ar_ignore(filter_key(entered, query, key, &query->error));
        ar_query_set_list(query, changes, count);
        ari_db_leave(entered);
    }
    ar_status status = ari_query_run_create(query, ARI_ASK_UPDATE_ALL, NULL, db, op, err);
    if (status == AR_OK)
        (*op)->settle = settle_change;
    return status;
}

ar_status ar_record_change(ar_db *handle, const ar_model *model, const ar_key *key, const ar_change *changes,
                           size_t count, ar_error *err)
{
    ari_db *db;
    ari_op *op = NULL;
    ar_status status = make_change(handle, model, key, changes, count, &db, &op, err);
    if (status != AR_OK)
        return status;
    status = ari_db_run(db, op, err);
    ari_op_release(op);
    ari_db_leave(db);
    return status;
}

ar_done ar_record_change_async(ar_db *handle, const ar_model *model, const ar_key *key, const ar_change *changes,
                               size_t count)
{
    ar_error error = { .status = AR_OK };
    ari_db *db;
    ari_op *op = NULL;
    ar_status status = make_change(handle, model, key, changes, count, &db, &op, &error);
    if (status != AR_OK)
        return (ar_done){ ari_future_failed(NULL, status, &error) };
    ar_future *future = ari_db_submit(db, op);
    ari_db_leave(db);
    return (ar_done){ future };
}
