/* SPDX-License-Identifier: MIT */
#include <assert.h>
#include <stdlib.h>

#include "orm/bind.h"
#include "orm/find.h"
#include "orm/gather.h"
#include "orm/scope.h"
#include "orm/statement.h"
#include "orm/write.h"

/* Inserting plain structs, many rows a statement. Rows that lie together and send the same columns make a chunk,
 * which is one operation. One chunk is all or nothing by itself; more run in a transaction: the caller's, or one of
 * their own, whose commit is the last thing that is waited for. Keys and timestamps go into the structs when all of
 * it has held. */

enum { ROWS_AT_MOST = 256 };

typedef struct chunk {
    ari_applied applied; /* first */
    const ari_plan *plan;
    const ar_statement *statement;
    ari_mask columns;
    size_t row_count;
    size_t id_count;
    bool wants_keys;
    int64_t *ids; /* row_count of them, behind the parameters */
    ar_value parameters[];
} chunk;

/* What is to be inserted, and how far that has come. */
typedef struct rows {
    ari_db *db;
    const ari_plan *plan;
    char *at; /* the first row that is not in a chunk yet */
    size_t left;
    int64_t now;
} rows;

static chunk *chunk_of(ari_op *op)
{
    return (chunk *)(void *)op->payload;
}

static void destroy_chunk(ari_op *op)
{
    ari_statement_unref(chunk_of(op)->statement);
}

static ar_status take_key(void *ctx, const ar_value *values, size_t count, ar_error *err)
{
    chunk *self = ctx;
    if (self->id_count == self->row_count)
        return AR_OK;
    return ari_write_take_key(self->plan, values, count, &self->ids[self->id_count++], err);
}

static void forget_keys(void *ctx)
{
    chunk *self = ctx;
    self->id_count = 0;
}

static const ar_sink key_sink = { .row = take_key, .restart = forget_keys };
static const ar_type key_type = AR_TYPE_INT64;

static int by_number(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Rows are numbered in the order in which they stand in the statement, but may come back in another. */
static ar_status settle_chunk(ari_op *op, ar_status status, ar_error *err)
{
    chunk *self = chunk_of(op);
    if (status != AR_OK)
        ari_write_name_column(self->plan, ARI_PLAN_INSERT, &self->columns, err);
    if (status != AR_OK || !self->wants_keys)
        return status;
    if (op->operation.sink == NULL) {
        self->ids[0] = op->operation.row_id;
        self->id_count = 1;
        if (!ari_write_key_fits(self->plan, self->ids[0]))
            return ar_error_set(err, AR_E_TYPE,
                                "a row was inserted into %s with key %lld, which does not fit its member",
                                self->plan->model->table, (long long)self->ids[0]);
    }
    if (self->id_count != self->row_count)
        return ar_error_set(err, AR_E_QUERY, "inserting into %s: %zu rows got %zu keys; does a trigger leave some out?",
                            self->plan->model->table, self->row_count, self->id_count);
    qsort(self->ids, self->id_count, sizeof *self->ids, by_number);
    return AR_OK;
}

/* The timestamps as they were sent; the struct may have been changed since. */
static const ar_value *stamp_row(const chunk *self, const ar_value *parameters, char *row)
{
    const uint32_t stamps = AR_CREATED_AT | AR_UPDATED_AT;
    for (uint32_t i = 0; i < self->plan->column_count; i++) {
        const ari_plan_column *column = &self->plan->columns[i];
        if (!ari_mask_has(&self->columns, i))
            continue;
        if ((column->flags & stamps) != 0) {
            bool stored = ari_kind_store(column->kind, row + column->offset, parameters);
            assert(stored);
            (void)stored;
        }
        parameters++;
    }
    return parameters;
}

static void apply_chunk(ari_op *op, ari_record *record, void *plain, ar_status status)
{
    const chunk *self = chunk_of(op);
    const ar_value *parameters = self->parameters;
    char *row = plain;
    (void)record;
    for (size_t i = 0; status == AR_OK && i < self->row_count; i++, row += self->plan->model->record_size) {
        if (self->plan->has_stamps)
            parameters = stamp_row(self, parameters, row);
        if (self->wants_keys)
            ari_write_key(self->plan, row, self->ids[i]);
    }
}

static ari_mask columns_of(const rows *self, const char *row)
{
    ari_write write = { .plan = self->plan, .object = row, .verb = ARI_PLAN_INSERT };
    return ari_write_columns(&write);
}

static size_t count_columns(const ari_mask *mask, size_t most)
{
    size_t count = 0;
    for (size_t i = 0; i < most; i++)
        count += ari_mask_has(mask, i);
    return count;
}

static bool lacks_auto_key(const ari_plan *plan, const ari_mask *columns)
{
    return plan->auto_column >= 0 && !ari_mask_has(columns, (size_t)plan->auto_column);
}

/* How many rows from here on go into one statement. */
static size_t rows_of_chunk(const rows *self, const ari_mask *columns)
{
    const ar_dialect *dialect = self->plan->dialect;
    size_t width = count_columns(columns, self->plan->column_count);
    size_t most = width == 0 ? 1 : dialect->max_parameters / width;
    size_t count = 1;
    if (lacks_auto_key(self->plan, columns) && !dialect->returning)
        most = 1;
    if (most > ROWS_AT_MOST)
        most = ROWS_AT_MOST;
    for (; count < most && count < self->left; count++) {
        ari_mask other = columns_of(self, self->at + count * self->plan->model->record_size);
        if (memcmp(&other, columns, sizeof other) != 0)
            break;
    }
    return count;
}

/* The values of the chunk's rows, and the bytes that their texts take. */
static ar_status collect_values(const rows *self, const ari_mask *columns, size_t count, ar_value *values, size_t *room,
                                ar_error *err)
{
    *room = 0;
    for (size_t i = 0; i < count; i++) {
        size_t width;
        ari_write write = { .plan = self->plan,
                            .object = self->at + i * self->plan->model->record_size,
                            .verb = ARI_PLAN_INSERT,
                            .now = self->now };
        ar_status status = ari_write_values(&write, columns, values, &width, err);
        if (status != AR_OK)
            return status;
        *room += ari_values_room(values, width);
        values += width;
    }
    return AR_OK;
}

static void set_up(ari_op *op, const rows *self, const ari_mask *columns, size_t row_count, size_t value_count)
{
    chunk *made = chunk_of(op);
    made->applied.apply = apply_chunk;
    made->plan = self->plan;
    made->columns = *columns;
    made->row_count = row_count;
    made->wants_keys = lacks_auto_key(self->plan, columns);
    made->ids = (int64_t *)(void *)&made->parameters[value_count];
    op->settle = settle_chunk;
    op->destroy = destroy_chunk;
    op->operation.parameters = made->parameters;
}

static ar_status prepare(ari_op *op, const ar_value *values, size_t count, ar_error *err)
{
    chunk *self = chunk_of(op);
    const ar_dialect *dialect = self->plan->dialect;
    bool returning = self->wants_keys && dialect->returning;
    memcpy(self->parameters, values, count * sizeof *values);
    ari_values_move(self->parameters, count, (char *)(self->ids + self->row_count));
    ar_status status =
        ari_plan_insert_rows(self->plan, &self->columns, self->row_count, returning, &self->statement, err);
    op->operation.statement = self->statement;
    if (returning) {
        op->operation.sink = &key_sink;
        op->operation.sink_ctx = self;
        op->operation.wanted = &key_type;
        op->operation.wanted_count = 1;
    }
    return status;
}

static ar_status no_memory(const rows *self, ar_error *err)
{
    return ar_error_set(err, AR_E_NO_MEMORY, "inserting into %s: out of memory", self->plan->model->table);
}

/* The next chunk, as an operation; *first is its first row. */
static ar_status next_chunk(rows *self, ari_op **out, char **first, ar_error *err)
{
    const ar_env *env = ari_db_env(self->db);
    ari_mask columns = columns_of(self, self->at);
    size_t row_count = rows_of_chunk(self, &columns);
    size_t value_count = row_count * count_columns(&columns, self->plan->column_count);
    size_t room;
    ar_value *values = ari_allocate_array(env, value_count, sizeof *values);
    if (values == NULL)
        return no_memory(self, err);
    ar_status status = collect_values(self, &columns, row_count, values, &room, err);
    size_t fixed = sizeof(chunk) + value_count * sizeof *values + row_count * sizeof(int64_t);
    ari_op *op = status == AR_OK ? ari_op_create(ari_db_pool(self->db), fixed + room) : NULL;
    if (op != NULL) {
        set_up(op, self, &columns, row_count, value_count);
        status = prepare(op, values, value_count, err);
    } else if (status == AR_OK) {
        status = no_memory(self, err);
    }
    ari_release(env, values);
    if (status != AR_OK) {
        ari_op_release(op);
        return status;
    }
    *out = op;
    *first = self->at;
    self->at += row_count * self->plan->model->record_size;
    self->left -= row_count;
    return AR_OK;
}

static ar_status start(rows *self, const ar_model *model, void *first, size_t count, ar_error *err)
{
    const ar_env *env = ari_db_env(self->db);
    ar_status status = ari_plan_get(self->db, model, &self->plan, err);
    if (status != AR_OK)
        return status;
    if (first == NULL && count > 0)
        return ar_error_set(err, AR_E_INVALID, "inserting into %s: the rows are NULL", model->table);
    if (count > SIZE_MAX / model->record_size)
        return ar_error_set(err, AR_E_INVALID, "inserting into %s: %zu rows do not fit memory", model->table, count);
    self->at = first;
    self->left = count;
    self->now = self->plan->has_stamps ? env->wall_now(env->ctx) : 0;
    return AR_OK;
}

/* Submits the rest, and `op`, which is the first of them, all in a transaction that is entered. */
static ar_status submit_all(rows *self, ari_gather *gather, ari_op *op, char *first, ar_error *err)
{
    for (;;) {
        ar_future *future = ari_apply_submit(self->db, op, NULL, first);
        ari_gather_add(gather, future, op);
        if (self->left == 0)
            return AR_OK;
        ar_status status = next_chunk(self, &op, &first, err);
        if (status != AR_OK)
            return status;
    }
}

/* In a transaction of its own on `handle`, which need not be entered meanwhile. */
static ar_future *submit_in_transaction(rows *self, ar_db *handle, ari_op *op, char *first)
{
    ar_error error;
    ari_db *outer = self->db;
    ar_runtime *runtime = ari_db_runtime(outer);
    ari_gather *gather = ari_gather_create(runtime, ari_db_env(outer), self->left + 2);
    ar_db *tx = gather != NULL ? ari_transaction_begin(handle, NULL, true) : NULL;
    self->db = gather != NULL ? ari_db_enter(tx, &error) : NULL;
    if (self->db == NULL) {
        if (gather == NULL)
            ar_ignore(no_memory(self, &error));
        else
            ari_gather_add(gather, ari_future_failed(runtime, error.status, &error), NULL);
        ari_op_release(op);
        ar_done ended = gather != NULL ? ar_tx_rollback_async(&tx) : (ar_done){ NULL };
        ar_future_drop(&ended.raw);
        return gather != NULL ? ari_gather_future(gather) : ari_future_failed(runtime, error.status, &error);
    }
    ar_status status = submit_all(self, gather, op, first, &error);
    ari_db_leave(self->db);
    if (status != AR_OK)
        ari_gather_fail(gather, ari_future_failed(runtime, status, &error));
    ar_done ended = status == AR_OK ? ar_tx_commit_async(&tx) : ar_tx_rollback_async(&tx);
    ari_gather_add(gather, ended.raw, NULL);
    return ari_gather_future(gather);
}

static ar_future *submit_here(rows *self, ari_op *op, char *first)
{
    ar_error error;
    ar_runtime *runtime = ari_db_runtime(self->db);
    ari_gather *gather = ari_gather_create(runtime, ari_db_env(self->db), self->left + 2);
    if (gather == NULL) {
        ari_op_release(op);
        ar_status status = no_memory(self, &error);
        return ari_future_failed(runtime, status, &error);
    }
    ar_status status = submit_all(self, gather, op, first, &error);
    if (status != AR_OK)
        ari_gather_fail(gather, ari_future_failed(runtime, status, &error));
    return ari_gather_future(gather);
}

static ar_future *insert_many(ari_db *db, ar_db *handle, const ar_model *model, void *first, size_t count)
{
    ar_error error = { .status = AR_OK };
    rows self = { .db = db };
    ari_op *op = NULL;
    char *at = NULL;
    ar_status status = start(&self, model, first, count, &error);
    if (status == AR_OK && count > 0)
        status = next_chunk(&self, &op, &at, &error);
    if (op == NULL)
        return ari_future_failed(ari_db_runtime(db), status, &error);
    if (self.left == 0)
        return ari_apply_submit(db, op, NULL, at);
    return ari_db_in_transaction(db) ? submit_here(&self, op, at) : submit_in_transaction(&self, handle, op, at);
}

ar_done ar_record_insert_many_async(ar_db *handle, const ar_model *model, void *first, size_t count)
{
    ar_error error;
    ari_db *db = ari_db_enter(handle, &error);
    if (db == NULL)
        return (ar_done){ ari_future_failed(NULL, error.status, &error) };
    ar_done done = { insert_many(db, handle, model, first, count) };
    ari_db_leave(db);
    return done;
}

ar_status ar_record_insert_many(ar_db *handle, const ar_model *model, void *first, size_t count, ar_error *err)
{
    ar_done done = ar_record_insert_many_async(handle, model, first, count);
    return ar_done_await(&done, err);
}
