/* SPDX-License-Identifier: MIT */
#include "orm/find.h"

#include <assert.h>

#include "orm/bind.h"
#include "orm/eager.h"
#include "orm/plan.h"
#include "orm/scope.h"

/* Finding one row by its key. The operation has everything that it needs in its one block: the key's values and their
 * texts; the statement is the plan's, which outlives it. */

typedef struct find {
    ari_hydrate rows; /* first */
    ar_value key[];   /* key_count of them, the tenant, and behind them their texts */
} find;

static_assert(sizeof(ari_op) + sizeof(find) + sizeof(ar_value) <= 496,
              "a find by an integer key costs at most 512 bytes");

static size_t room_of(const ar_value *value)
{
    if (value->type == AR_TYPE_TEXT || value->type == AR_TYPE_JSON)
        return value->as.text.length + 1;
    return value->type == AR_TYPE_BYTES ? value->as.bytes.length + 1 : 0;
}

size_t ari_values_room(const ar_value *values, size_t count)
{
    size_t room = 0;
    for (size_t i = 0; i < count; i++)
        room += room_of(&values[i]);
    return room;
}

static char *move_bytes(const void *from, size_t length, char *room, const void **copy)
{
    if (length > 0)
        memcpy(room, from, length);
    room[length] = '\0';
    *copy = room;
    return room + length + 1;
}

char *ari_values_move(ar_value *values, size_t count, char *room)
{
    for (size_t i = 0; i < count; i++) {
        ar_value *value = &values[i];
        const void *copy;
        if (value->type == AR_TYPE_TEXT || value->type == AR_TYPE_JSON) {
            room = move_bytes(value->as.text.data, value->as.text.length, room, &copy);
            value->as.text.data = copy;
        } else if (value->type == AR_TYPE_BYTES) {
            room = move_bytes(value->as.bytes.data, value->as.bytes.length, room, &copy);
            value->as.bytes.data = copy;
        }
    }
    return room;
}

static find *find_of(ari_op *op)
{
    return (find *)(void *)op->payload;
}

static void destroy_find(ari_op *op)
{
    ari_hydrate_fini(&find_of(op)->rows);
}

static ar_status settle_find(ari_op *op, ar_status status, ar_error *err)
{
    const ari_hydrate *rows = &find_of(op)->rows;
    if (status != AR_OK || rows->count > 0)
        return status;
    return ar_error_set(err, AR_E_NOT_FOUND, "finding in %s: no row has that key", rows->plan->model->table);
}

/* What the caller gave, checked, as an operation. */
static ar_status make_find(ari_db *db, ar_db *handle, const ar_model *model, const ar_key *key, ari_plan_verb verb,
                           ari_op **out, ar_error *err)
{
    const ari_plan *plan;
    const ar_statement *statement;
    ar_value values[ARI_MAX_KEY + 1];
    size_t count;
    bool owned;
    ar_status status = ari_plan_get(db, model, &plan, err);
    if (status == AR_OK)
        status = ari_plan_find_values(plan, db, key, values, &count, err);
    if (status == AR_OK)
        status = ari_plan_statement_get(plan, verb, NULL, &statement, &owned, err);
    if (status != AR_OK)
        return status;
    size_t size = count * sizeof *values;
    ari_op *op = ari_op_create(ari_db_pool(db), sizeof(find) + size + ari_values_room(values, count));
    if (op == NULL)
        return ar_error_set(err, AR_E_NO_MEMORY, "finding in %s: out of memory", model->table);
    find *self = find_of(op);
    memcpy(self->key, values, size);
    ari_values_move(self->key, count, (char *)self->key + size);
    ari_hydrate_init(&self->rows, db, handle, plan, ARI_HYDRATE_ONE);
    op->brief = true;
    op->settle = settle_find;
    op->destroy = destroy_find;
    op->operation.one_row = true;
    op->operation.statement = statement;
    op->operation.parameters = self->key;
    op->operation.sink = &ari_hydrate_sink;
    op->operation.sink_ctx = &self->rows;
    op->operation.wanted = plan->wanted;
    op->operation.wanted_count = plan->column_count;
    *out = op;
    return AR_OK;
}

static bool is_read_only(const ari_db *db)
{
    return db->transaction != NULL && db->transaction->options.read_only;
}

static ar_status check_locking(const ari_db *db, ari_plan_verb verb, ar_error *err)
{
    if (verb == ARI_PLAN_FIND)
        return AR_OK;
    if (is_read_only(db))
        return ar_error_set(err, AR_E_READ_ONLY, "find_for_update: the transaction is read-only, and locks no rows");
    if (ari_db_in_transaction(db))
        return AR_OK;
    return ar_error_set(err, AR_E_INVALID,
                        "find_for_update: the lock lasts as long as a transaction; give the handle of ar_tx_begin");
}

static ar_status find_here(ar_db *handle, const ar_model *model, const ar_key *key, ari_plan_verb verb, void **out,
                           ar_error *err)
{
    ari_op *op = NULL;
    if (out == NULL)
        return ar_error_set(err, AR_E_INVALID, "finding a record: out is NULL");
    *out = NULL;
    ar_error closed;
    ari_db *db = ari_db_enter(handle, err != NULL ? err : &closed);
    if (db == NULL)
        return err != NULL ? err->status : closed.status;
    ar_status status = check_locking(db, verb, err);
    if (status == AR_OK)
        status = make_find(db, handle, model, key, verb, &op, err);
    if (status == AR_OK)
        status = ari_db_run(db, op, err);
    if (status == AR_OK)
        status = ari_hydrate_take_record(&find_of(op)->rows, out, err);
    ari_op_release(op);
    ari_db_leave(db);
    return status;
}

ar_future *ari_fail_and_leave(ari_db *db, const ar_error *err)
{
    ar_future *future = ari_future_failed(ari_db_runtime(db), err->status, err);
    ari_db_leave(db);
    return future;
}

static ar_future *find_later(ar_db *handle, const ar_model *model, const ar_key *key, ari_plan_verb verb)
{
    ar_error error;
    ari_op *op = NULL;
    ari_db *db = ari_db_enter(handle, &error);
    if (db == NULL)
        return ari_future_failed(NULL, error.status, &error);
    ar_status status = check_locking(db, verb, &error);
    if (status == AR_OK)
        status = make_find(db, handle, model, key, verb, &op, &error);
    if (status != AR_OK)
        return ari_fail_and_leave(db, &error);
    ar_future *future = ari_db_submit(db, op);
    ari_db_leave(db);
    return future;
}

ar_status ar_record_find_one(ar_db *db, const ar_model *model, const ar_key *key, void **out, ar_error *err)
{
    return find_here(db, model, key, ARI_PLAN_FIND, out, err);
}

ar_status ar_record_find_for_update(ar_db *db, const ar_model *model, const ar_key *key, void **out, ar_error *err)
{
    return find_here(db, model, key, ARI_PLAN_FIND_FOR_UPDATE, out, err);
}

ar_future *ar_record_find_one_async(ar_db *db, const ar_model *model, const ar_key *key)
{
    return find_later(db, model, key, ARI_PLAN_FIND);
}

ar_future *ar_record_find_for_update_async(ar_db *db, const ar_model *model, const ar_key *key)
{
    return find_later(db, model, key, ARI_PLAN_FIND_FOR_UPDATE);
}

/* The operation that read what the future came to. */
static ari_op *reader_of(ar_future *done)
{
    ari_op *root = ari_eager_root(done);
    return root != NULL ? root : ari_op_of(done);
}

/* NULL and `err` set when the future is not one of records: a wrapper was filled with another one's. */
static ari_hydrate *rows_of(ar_future *done, uint32_t flags, ar_error *err)
{
    ari_op *op = reader_of(done);
    ari_hydrate *rows = op != NULL && op->operation.sink == &ari_hydrate_sink ? op->operation.sink_ctx : NULL;
    if (rows != NULL && (rows->flags & ARI_HYDRATE_LIST) == flags)
        return rows;
    ar_error_set(err, AR_E_INVALID, "the future is not one of %s", flags != 0 ? "a list of records" : "a record");
    return NULL;
}

ar_status ari_take_record(ar_future *done, void **out, ar_error *err)
{
    ar_status status = ari_future_outcome(done, err);
    if (status != AR_OK)
        return status;
    ari_hydrate *rows = rows_of(done, 0, err);
    return rows != NULL ? ari_hydrate_take_record(rows, out, err) : AR_E_INVALID;
}

ar_status ari_take_list(ar_future *done, ar_record_list *out, ar_error *err)
{
    ar_status status = ari_future_outcome(done, err);
    if (status != AR_OK)
        return status;
    if (reader_of(done) == NULL)
        return AR_OK; /* nothing was asked for, so nothing was sent */
    ari_hydrate *rows = rows_of(done, ARI_HYDRATE_LIST, err);
    return rows != NULL ? ari_hydrate_take_list(rows, out, err) : AR_E_INVALID;
}

static ar_status refuse_await(const void *out, ar_error *err)
{
    return ar_error_set(err, AR_E_INVALID, "awaiting records: %s is NULL", out == NULL ? "out" : "the future");
}

/* What a callback is given is its own: it may run beside the thread that the scope belongs to. */
static ar_future *disowned(ar_future *future)
{
    ari_op *op = ar_future_is_done(future) ? reader_of(future) : NULL;
    if (op != NULL && op->operation.sink == &ari_hydrate_sink) {
        ari_hydrate *rows = op->operation.sink_ctx;
        rows->scope = NULL;
    }
    return future;
}

ar_status ar_record_take(ar_future *future, void **out, ar_error *err)
{
    if (out != NULL)
        *out = NULL;
    return future != NULL && out != NULL ? ari_take_record(disowned(future), out, err) : refuse_await(out, err);
}

ar_status ar_record_list_take(ar_future *future, ar_record_list *out, ar_error *err)
{
    if (out != NULL)
        *out = (ar_record_list){ .items = NULL, .count = 0, .raw = NULL };
    return future != NULL && out != NULL ? ari_take_list(disowned(future), out, err) : refuse_await(out, err);
}

ar_status ar_record_await(ar_future **future, int64_t timeout_ms, void **out, ar_error *err)
{
    ar_future *done = NULL;
    if (out != NULL)
        *out = NULL;
    if (future == NULL || out == NULL) {
        if (future != NULL)
            ar_future_drop(future);
        return refuse_await(out, err);
    }
    ar_status status = ari_future_await(future, timeout_ms, &done, err);
    if (status == AR_OK)
        status = ari_take_record(done, out, err);
    ar_future_drop(&done);
    return status;
}

ar_status ar_record_list_await(ar_future **future, int64_t timeout_ms, ar_record_list *out, ar_error *err)
{
    ar_future *done = NULL;
    if (out != NULL)
        *out = (ar_record_list){ .items = NULL, .count = 0, .raw = NULL };
    if (future == NULL || out == NULL) {
        if (future != NULL)
            ar_future_drop(future);
        return refuse_await(out, err);
    }
    ar_status status = ari_future_await(future, timeout_ms, &done, err);
    if (status == AR_OK)
        status = ari_take_list(done, out, err);
    ar_future_drop(&done);
    return status;
}
