/* SPDX-License-Identifier: MIT */
#include <actrec/bulk.h>

#include "orm/chunks.h"
#include "orm/find.h"
#include "orm/query_run.h"

/* Deleting rows by their keys: each operation is a delete_all (orm/update_all.c) of a query for some of them, so that
 * what is only marked, or is another tenant's, is treated as there. */

enum { KEYS_OF_ONE = 1024, KEYS_OF_MORE = 256 }; /* columns: a list, or a condition for each key */

typedef struct keys {
    ari_chunks chunks; /* first */
    const ari_plan *plan;
    const ar_key *at; /* the first that is in no operation yet */
} keys;

static void filter_one_column(ar_query *query, const ari_plan *plan, const ar_value *values, size_t count)
{
    const ari_plan_column *column = &plan->columns[plan->key[0]];
    ar_value list = ar_bind_list(values, count, AR_KIND_VALUE);
    ar_predicate in = ar_predicate_of(AR_COMPARE_IN, plan->model, column->offset, column->from->member, list, AR_NULL);
    ar_query_filter_list(query, &in, 1);
}

static void filter_key(ar_query *query, const ari_plan *plan, const ar_value *values)
{
    ar_predicate equal[ARI_MAX_KEY];
    for (uint32_t i = 0; i < plan->key_count; i++) {
        const ari_plan_column *column = &plan->columns[plan->key[i]];
        equal[i] =
            ar_predicate_of(AR_COMPARE_EQ, plan->model, column->offset, column->from->member, values[i], AR_NULL);
    }
    ar_query_filter_list(query, equal, plan->key_count);
}

static void filter(ar_query *query, const ari_plan *plan, const ar_value *values, size_t count)
{
    if (plan->key_count == 1) {
        filter_one_column(query, plan, values, count);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            ar_query_or(query);
        filter_key(query, plan, values + i * plan->key_count);
    }
}

static ar_status make_op(const keys *self, const ar_value *values, size_t count, ari_op **out, ar_error *err)
{
    ari_db *db;
    ar_query *query = ar_query_create(self->chunks.handle, self->plan->model);
    filter(query, self->plan, values, count);
    ar_status status = ari_query_run_create(query, ARI_ASK_DELETE_ALL, NULL, &db, out, err);
    if (status == AR_OK)
        ari_db_leave(db);
    return status;
}

static ar_status next_keys(ari_chunks *chunks, ari_op **out, void **plain, ar_error *err)
{
    keys *self = (keys *)chunks;
    const ar_env *env = ari_db_env(chunks->db);
    uint32_t width = self->plan->key_count;
    size_t most = width == 1 ? KEYS_OF_ONE : KEYS_OF_MORE;
    size_t count = chunks->left < most ? chunks->left : most;
    ar_value *values = ari_allocate_array(env, count * width, sizeof *values);
    ar_status status = AR_OK;
    *plain = NULL;
    if (values == NULL)
        return ar_error_set(err, AR_E_NO_MEMORY, "deleting from %s: out of memory", self->plan->model->table);
    for (size_t i = 0; i < count && status == AR_OK; i++)
        status = ari_plan_key_values(self->plan, &self->at[i], values + i * width, err);
    if (status == AR_OK)
        status = make_op(self, values, count, out, err);
    ari_release(env, values);
    self->at += count;
    chunks->left -= count;
    return status;
}

static ar_status start(keys *self, const ar_model *model, const ar_key *first, size_t count, ar_error *err)
{
    ar_status status = ari_plan_get(self->chunks.db, model, &self->plan, err);
    if (status == AR_OK)
        status = ari_plan_check_writable(self->plan, "delete_many", err);
    if (status != AR_OK)
        return status;
    if (self->plan->key_count == 0)
        return ar_error_set(err, AR_E_UNSUPPORTED, "delete_many: model %s has no primary key", model->name);
    if (first == NULL && count > 0)
        return ar_error_set(err, AR_E_INVALID, "deleting from %s: the keys are NULL", model->table);
    self->at = first;
    self->chunks.model = model;
    self->chunks.left = count;
    return AR_OK;
}

ar_int64_future ar_record_delete_many_async(ar_db *handle, const ar_model *model, const ar_key *first, size_t count)
{
    ar_error error = { .status = AR_OK };
    keys self = {
        .chunks = { .db = ari_db_enter(handle, &error), .handle = handle, .doing = "deleting from", .make = next_keys }
    };
    if (self.chunks.db == NULL)
        return (ar_int64_future){ ari_future_failed(NULL, error.status, &error) };
    if (start(&self, model, first, count, &error) != AR_OK)
        return (ar_int64_future){ ari_fail_and_leave(self.chunks.db, &error) };
    ar_future *future = ari_chunks_submit(&self.chunks);
    ari_db_leave(self.chunks.db);
    return (ar_int64_future){ future };
}

ar_status ar_record_delete_many(ar_db *db, const ar_model *model, const ar_key *first, size_t count, int64_t *deleted,
                                ar_error *err)
{
    ar_int64_future future = ar_record_delete_many_async(db, model, first, count);
    return ar_int64_await(&future, deleted, err);
}
