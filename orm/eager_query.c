/* SPDX-License-Identifier: MIT */
#include <stdalign.h>

#include <actrec/terminal.h>

#include "orm/column.h"
#include "orm/eager.h"
#include "orm/find.h"
#include "orm/plan.h"
#include "orm/query_run.h"

/* Queries that come with what belongs to their records. The query keeps the paths that it is given; its terminal takes
 * them out of it, makes the tree of them, and sends both. */

void ar_query_include(ar_query *query, ar_path path)
{
    ari_branch *checked = NULL;
    if (query == NULL || query->error.status != AR_OK)
        return;
    if (query->model == NULL) {
        ar_ignore(ar_error_set(&query->error, AR_E_INVALID,
                               "building a query: SQL of your own has no paths; load them for the list that it gives"));
        return;
    }
    if (ari_branch_add(&checked, &query->arena, query->model, &path, &query->error) != AR_OK)
        return;
    struct ari_query_path *added = ari_arena_alloc(&query->arena, sizeof *added, alignof(struct ari_query_path));
    if (added == NULL) {
        ar_ignore(ar_error_set(&query->error, AR_E_NO_MEMORY, "building a query: there is no memory left for it"));
        return;
    }
    *added = (struct ari_query_path){ .path = path };
    struct ari_query_path **link = &query->paths;
    while (*link != NULL)
        link = &(*link)->next;
    *link = added;
}

bool ari_query_is_eager(const ar_query *query)
{
    return query != NULL && query->paths != NULL && query->error.status == AR_OK;
}

static ar_status plant(ari_eager *eager, const ar_query *query, ari_db *db, ar_error *err)
{
    ar_status status = AR_OK;
    for (const struct ari_query_path *each = query->paths; status == AR_OK && each != NULL; each = each->next)
        status = ari_branch_add(&eager->branches, &eager->arena, eager->model, &each->path, err);
    return status == AR_OK ? ari_branch_prepare(eager->branches, eager->model, db, eager->handle, err) : status;
}

static ar_status no_memory(ar_error *err)
{
    return ar_error_set(err, AR_E_NO_MEMORY, "running a query: there is no memory left for it");
}

/* Takes the query. On AR_OK *future is there, and *db entered. */
static ar_status submit(ar_query *query, ari_ask ask, ari_db *db, ar_future **future, ar_error *err)
{
    ari_op *root = NULL;
    ari_db *entered;
    ari_eager *eager = ari_eager_create(ari_db_env(db), query->db, query->model);
    ar_status status = eager != NULL ? plant(eager, query, db, err) : no_memory(err);
    if (status != AR_OK) {
        ari_eager_unref(eager);
        ar_query_free(query);
        return status;
    }
    query->paths = NULL;
    status = ari_query_run_create(query, ask, eager->model, &entered, &root, err);
    if (status == AR_OK) {
        *future = ari_eager_send(entered, eager, root, NULL);
        ari_db_leave(entered);
        if (*future != NULL)
            return AR_OK;
        ari_op_release(root);
        status = no_memory(err);
    }
    ari_eager_unref(eager);
    return status;
}

ar_future *ari_eager_submit(ar_query *query, ari_ask ask, const ar_model *model)
{
    ar_error error;
    ar_future *future = NULL;
    ari_db *db = ari_db_enter(query->db, &error);
    ar_status status = db != NULL ? AR_OK : error.status;
    if (status == AR_OK && model != query->model)
        status = ar_error_set(&error, AR_E_INVALID, "running a query on %s: its paths are not for records of %s",
                              query->model->name, model->name);
    if (status == AR_OK)
        status = submit(query, ask, db, &future, &error);
    else
        ar_query_free(query);
    if (status != AR_OK)
        future = ari_future_failed(db != NULL ? ari_db_runtime(db) : NULL, status, &error);
    if (db != NULL)
        ari_db_leave(db);
    return future;
}

/* A query for the row with that key. */
static ar_query *query_of(ar_db *handle, const ar_model *model, const ar_key *key, const ar_path *path)
{
    const ari_plan *plan;
    ar_value values[ARI_MAX_KEY];
    ar_query *query = ar_query_create(handle, model);
    ari_db *db = query->error.status == AR_OK ? ari_db_enter(handle, &query->error) : NULL;
    if (db == NULL)
        return query;
    ar_status status = ari_plan_get(db, model, &plan, &query->error);
    if (status == AR_OK)
        status = ari_plan_key_values(plan, key, values, &query->error);
    for (uint32_t i = 0; status == AR_OK && i < plan->key_count; i++) {
        const ar_column *column = plan->columns[plan->key[i]].from;
        ar_predicate is = ar_predicate_of(AR_COMPARE_EQ, model, column->offset, column->member, values[i], AR_NULL);
        ar_query_filter_list(query, &is, 1);
    }
    ari_db_leave(db);
    ar_query_include(query, *path);
    return query;
}

ar_status ar_record_find_one_with(ar_db *db, const ar_model *model, const ar_key *key, ar_path path, void **out,
                                  ar_error *err)
{
    if (out == NULL)
        return ar_error_set(err, AR_E_INVALID, "finding a record: out is NULL");
    return ar_query_one(query_of(db, model, key, &path), model, out, err);
}

ar_future *ar_record_find_one_with_async(ar_db *db, const ar_model *model, const ar_key *key, ar_path path)
{
    return ar_query_one_async(query_of(db, model, key, &path), model);
}
