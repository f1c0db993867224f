/* SPDX-License-Identifier: MIT */
#include "orm/filter.h"

#include <stdalign.h>

#include "orm/behaviour.h"
#include "orm/find.h"
#include "orm/fragment.h"

/* A copy in the query's memory; NULL: there is no memory. */
static const ar_value *keep_value(ar_query *query, const ar_value *value)
{
    ar_value *kept = ari_arena_alloc(&query->arena, sizeof *kept + ari_values_room(value, 1), alignof(ar_value));
    if (kept == NULL)
        return NULL;
    *kept = *value;
    ari_values_move(kept, 1, (char *)(kept + 1));
    return kept;
}

static ar_status find_tenant(ar_query *query, const ari_plan *plan, const ari_db *db, const ar_value **out,
                             ar_error *err)
{
    ar_value room;
    const ar_value *tenant;
    ar_status status = ari_plan_tenant(plan, db, &room, &tenant, err);
    *out = NULL;
    if (status != AR_OK || tenant == NULL)
        return status;
    *out = keep_value(query, tenant);
    return *out != NULL ? AR_OK : ar_error_set(err, AR_E_NO_MEMORY, "building a query: there is no memory left for it");
}

ar_status ari_filter_start(ar_query *query, ari_db *db, ar_error *err)
{
    ar_status status = ari_plan_get(db, query->model, &query->plan, err);
    if (status != AR_OK)
        return status;
    query->raw = query->plan->by_itself;
    return find_tenant(query, query->plan, db, &query->tenant, err);
}

ar_status ari_filter_joined(ar_query *query, const ar_model *model, const ar_column **column, const ar_value **tenant,
                            ar_error *err)
{
    const ari_plan *plan;
    *column = ari_column_flagged(model, AR_TENANT);
    *tenant = NULL;
    if (*column == NULL || query->plan == NULL)
        return AR_OK;
    ari_db *db = ari_db_enter(query->db, err);
    if (db == NULL)
        return err->status;
    ar_status status = ari_plan_get(db, model, &plan, err);
    if (status == AR_OK)
        status = find_tenant(query, plan, db, tenant, err);
    ari_db_leave(db);
    return status;
}

bool ari_filter_copy(ar_query *query)
{
    if (query->tenant == NULL)
        return true;
    query->tenant = keep_value(query, query->tenant);
    return query->tenant != NULL;
}

static bool hides_deleted(const ar_query *query)
{
    return query->plan->deleted_column >= 0 && query->deleted != ARI_DELETED_TOO;
}

static bool has_default(const ar_query *query)
{
    return query->plan->options->default_scope != NULL && !query->unscoped;
}

bool ari_filter_is_needed(const ar_query *query)
{
    const ari_plan *plan = query->plan;
    if (plan == NULL || (plan->scope == NULL && plan->tenant_column < 0))
        return false;
    return query->tenant != NULL || hides_deleted(query) || has_default(query);
}

static void write_name(ari_clause *clause, const ar_query *query, int column)
{
    ari_clause_qualifier(clause, 0);
    ari_clause_name(clause, query->dialect, query->plan->columns[column].name);
}

void ari_filter_write(ari_clause *clause, const ar_query *query)
{
    const char *before = "";
    if (query->tenant != NULL) {
        write_name(clause, query, query->plan->tenant_column);
        ari_clause_sql(clause, " = ");
        ari_clause_value(clause, query->tenant);
        before = " AND ";
    }
    if (hides_deleted(query)) {
        ari_clause_sql(clause, before);
        write_name(clause, query, query->plan->deleted_column);
        ari_clause_sql(clause, query->deleted == ARI_DELETED_ONLY ? " IS NOT NULL" : " IS NULL");
        before = " AND ";
    }
    if (!has_default(query))
        return;
    ari_clause_sql(clause, before);
    ari_clause_sql(clause, "(");
    /* The plan has checked it. */
    ar_ignore(ari_fragment_condition(clause, query->dialect, NULL, query->plan->options->default_scope, NULL, 0, NULL));
    ari_clause_sql(clause, ")");
}

void ari_filter_where(ari_clause *clause, const ar_query *query)
{
    bool own = !ari_clause_is_empty(&query->where), filtered = ari_filter_is_needed(query);
    if (!own && !filtered)
        return;
    ari_clause_sql(clause, own && filtered ? " WHERE (" : " WHERE ");
    if (own)
        ari_clause_append(clause, &query->where);
    if (!filtered)
        return;
    ari_clause_sql(clause, own ? ") AND " : "");
    ari_filter_write(clause, query);
}

static bool may_set(ar_query *query, bool has_it, const char *what)
{
    if (query == NULL || query->error.status != AR_OK)
        return false;
    if (query->model != NULL && query->plan != NULL && has_it)
        return true;
    ar_ignore(ar_error_set(&query->error, AR_E_UNSUPPORTED, "building a query: %s", what));
    return false;
}

static void set_deleted(ar_query *query, ari_deleted deleted)
{
    bool has = query != NULL && query->plan != NULL && query->plan->deleted_column >= 0;
    if (may_set(query, has, "its model has no AR_DELETED_AT column, and no deleted rows"))
        query->deleted = deleted;
}

void ar_query_with_deleted(ar_query *query)
{
    set_deleted(query, ARI_DELETED_TOO);
}

void ar_query_only_deleted(ar_query *query)
{
    set_deleted(query, ARI_DELETED_ONLY);
}

void ar_query_unscoped(ar_query *query)
{
    bool has = query != NULL && query->plan != NULL && query->plan->options->default_scope != NULL;
    if (may_set(query, has, "its model has no default scope"))
        query->unscoped = true;
}
