/* SPDX-License-Identifier: MIT */
#include <assert.h>
#include <stdlib.h>

#include "orm/bind.h"
#include "orm/event.h"
#include "orm/find.h"
#include "orm/gather.h"
#include "orm/scope.h"
#include "orm/statement.h"
#include "orm/write.h"

/* Inserting plain structs, many rows a statement. Rows that lie together and send the same columns make a chunk,
 * which is one operation. One chunk is all or nothing by itself; more run in a transaction: the caller's, or one of
 * their own, whose commit is the last thing that is waited for. Keys and timestamps go into the structs when all of
 * it has held. */

/* Of a chunk: rows whose parameters are written one by one, and what one holds that is not. */
enum { LISTED_ROWS = 256, BULK_ROWS = 10000, BULK_VALUES = 1 << 18, BULK_BYTES = 1 << 23 };

/* How the AUTO keys of a chunk are known. */
typedef enum key_source {
    KEYS_GIVEN = 0,   /* they were sent, or there are none */
    KEYS_RETURNED,    /* they come back as rows; of a bulk in the order of its rows */
    KEYS_CONSECUTIVE, /* from row_id on */
} key_source;

typedef struct chunk {
    ari_applied applied; /* first */
    const ar_env *env;
    const ari_plan *plan;
    const ar_statement *statement;
    ari_mask columns;
    ar_value *parameters; /* freed with it; their texts are in `bytes` */
    size_t row_count;
    size_t id_count;
    key_source keys;
    bool in_bulk; /* sent as the dialect's bulk */
    int64_t *ids; /* row_count of them, and behind them the texts */
} chunk;

/* What is to be inserted, and how far that has come. */
typedef struct rows {
    ari_db *db;
    ar_db *handle;
    ari_db *outer; /* the caller's */
    const ari_plan *plan;
    char *at; /* the first row that is not in a chunk yet */
    size_t left;
    int64_t now;
    ar_value tenant_room;
    const ar_value *tenant; /* as ari_write.tenant */
} rows;

static chunk *chunk_of(ari_op *op)
{
    return (chunk *)(void *)op->payload;
}

static void destroy_chunk(ari_op *op)
{
    chunk *self = chunk_of(op);
    ari_statement_unref(self->statement);
    ari_release(self->env, self->parameters);
    ari_watch_destroy(self->applied.watch);
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

static ar_status check_keys(const chunk *self, ar_error *err)
{
    for (size_t i = 0; i < self->row_count; i++) {
        if (!ari_write_key_fits(self->plan, self->ids[i]))
            return ar_error_set(err, AR_E_TYPE,
                                "a row was inserted into %s with key %lld, which does not fit its member",
                                self->plan->model->table, (long long)self->ids[i]);
    }
    return AR_OK;
}

/* Rows are numbered in the order in which they stand in the statement, but may come back in another. */
static ar_status settle_chunk(ari_op *op, ar_status status, ar_error *err)
{
    chunk *self = chunk_of(op);
    if (status != AR_OK)
        ari_write_name_column(self->plan, ARI_PLAN_INSERT, &self->columns, err);
    if (status != AR_OK || self->keys == KEYS_GIVEN)
        return status;
    if (self->keys == KEYS_CONSECUTIVE) {
        for (self->id_count = 0; self->id_count < self->row_count; self->id_count++)
            self->ids[self->id_count] = op->operation.row_id + (int64_t)self->id_count;
    } else if (self->id_count != self->row_count) {
        return ar_error_set(err, AR_E_QUERY, "inserting into %s: %zu rows got %zu keys; does a trigger leave some out?",
                            self->plan->model->table, self->row_count, self->id_count);
    } else if (!self->in_bulk) {
        qsort(self->ids, self->id_count, sizeof *self->ids, by_number);
    }
    return check_keys(self, err);
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
        if (self->keys != KEYS_GIVEN)
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

/* How the rows from here on are inserted, those that send the same columns. */
typedef struct shape {
    ari_mask columns;
    size_t width;
    size_t rows;
    key_source keys;
    bool in_bulk;
} shape;

static key_source source_of_keys(const ari_plan *plan, const ari_mask *columns)
{
    if (!lacks_auto_key(plan, columns))
        return KEYS_GIVEN;
    return plan->dialect->returning && !plan->dialect->consecutive_keys ? KEYS_RETURNED : KEYS_CONSECUTIVE;
}

static bool goes_in_bulk(const ar_dialect *dialect, const shape *self)
{
    return self->width > 0 && (dialect->bulk == AR_BULK_UNNEST || dialect->bulk == AR_BULK_EXECUTE);
}

static size_t rows_at_most(const ar_dialect *dialect, const shape *self)
{
    if (self->width == 0 || (self->keys == KEYS_CONSECUTIVE && !dialect->consecutive_keys))
        return 1;
    size_t most = self->in_bulk ? BULK_VALUES / self->width : dialect->max_parameters / self->width;
    size_t limit = self->in_bulk ? BULK_ROWS : LISTED_ROWS;
    return most < limit ? most : limit;
}

static shape shape_of(const rows *self)
{
    const ar_dialect *dialect = self->plan->dialect;
    shape made = { .columns = columns_of(self, self->at), .rows = 1 };
    made.width = count_columns(&made.columns, self->plan->column_count);
    made.keys = source_of_keys(self->plan, &made.columns);
    made.in_bulk = goes_in_bulk(dialect, &made);
    size_t most = rows_at_most(dialect, &made);
    for (; made.rows < most && made.rows < self->left; made.rows++) {
        ari_mask other = columns_of(self, self->at + made.rows * self->plan->model->record_size);
        if (memcmp(&other, &made.columns, sizeof other) != 0)
            break;
    }
    return made;
}

/* The values of the chunk's rows, and the bytes that their texts take: of fewer rows, when they would be too many. */
static ar_status collect_values(const rows *self, shape *of, ar_value *values, size_t *room, ar_error *err)
{
    *room = 0;
    for (size_t i = 0; i < of->rows; i++) {
        size_t width;
        ari_write write = { .plan = self->plan,
                            .object = self->at + i * self->plan->model->record_size,
                            .verb = ARI_PLAN_INSERT,
                            .now = self->now,
                            .tenant = self->tenant };
        ar_status status = ari_write_values(&write, &of->columns, values, &width, err);
        if (status != AR_OK)
            return status;
        size_t more = ari_values_room(values, width);
        if (i > 0 && *room + more > BULK_BYTES)
            of->rows = i;
        else
            *room += more;
        values += width;
    }
    return AR_OK;
}

static ar_status set_up(ari_op *op, const rows *self, const shape *of, ar_value *values, ar_error *err)
{
    chunk *made = chunk_of(op);
    bool by_rows = of->in_bulk && of->rows > 1;
    bool returned = of->keys == KEYS_RETURNED;
    *made = (chunk){ .applied.apply = apply_chunk,
                     .env = ari_db_env(self->db),
                     .plan = self->plan,
                     .columns = of->columns,
                     .parameters = values,
                     .row_count = of->rows,
                     .keys = of->keys,
                     .in_bulk = of->in_bulk,
                     .ids = (int64_t *)(void *)(made + 1) };
    ari_values_move(values, of->rows * of->width, (char *)(made->ids + of->rows));
    op->settle = settle_chunk;
    op->destroy = destroy_chunk;
    op->operation.parameters = values;
    op->operation.rows = by_rows ? of->rows : 0;
    if (returned) {
        op->operation.sink = &key_sink;
        op->operation.sink_ctx = made;
        op->operation.wanted = &key_type;
        op->operation.wanted_count = 1;
    }
    ar_status status =
        ari_plan_insert_rows(self->plan, &of->columns, by_rows ? 0 : of->rows, returned, &made->statement, err);
    op->operation.statement = made->statement;
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
    shape next = shape_of(self);
    size_t room;
    ar_value *values = ari_allocate_array(env, next.rows * next.width, sizeof *values);
    if (values == NULL)
        return no_memory(self, err);
    ar_status status = collect_values(self, &next, values, &room, err);
    size_t size = sizeof(chunk) + next.rows * sizeof(int64_t) + room;
    ari_op *op = status == AR_OK ? ari_op_create(ari_db_pool(self->db), size) : NULL;
    if (op == NULL) {
        ari_release(env, values);
        return status != AR_OK ? status : no_memory(self, err);
    }
    status = set_up(op, self, &next, values, err);
    if (status == AR_OK && self->plan->watched)
        status = ari_watch_create(self->plan, ari_moment_of(ARI_PLAN_INSERT, true), self->outer, self->handle, self->at,
                                  next.rows, NULL, &chunk_of(op)->applied.watch, err);
    if (status != AR_OK) {
        ari_op_release(op);
        return status;
    }
    *out = op;
    *first = self->at;
    self->at += next.rows * self->plan->model->record_size;
    self->left -= next.rows;
    return AR_OK;
}

/* Tenants and UUIDs go into the rows at once: they are what another try is to insert too. */
static ar_status prepare_rows(rows *self, ar_error *err)
{
    const ari_plan *plan = self->plan;
    ar_value unused;
    ar_status status = ari_plan_check_writable(plan, "insert_many", err);
    if (status == AR_OK)
        status = ari_plan_tenant(plan, self->db, &self->tenant_room, &self->tenant, err);
    if (self->tenant == NULL && (plan->flags & (AR_UUID_V4 | AR_UUID_V7)) == 0)
        return status;
    for (size_t i = 0; status == AR_OK && i < self->left; i++) {
        char *row = self->at + i * plan->model->record_size;
        ari_write write = { .plan = plan, .object = row, .verb = ARI_PLAN_INSERT };
        status = ari_write_prepare(&write, self->db, row, &unused, false, err);
    }
    return status;
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
    if (self->plan->watched)
        status = ari_events_before_rows(self->plan, ari_moment_of(ARI_PLAN_INSERT, true), self->handle, first, count,
                                        err);
    if (status != AR_OK)
        return status;
    self->at = first;
    self->left = count;
    self->now = self->plan->has_stamps ? env->wall_now(env->ctx) : 0;
    return prepare_rows(self, err);
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
    rows self = { .db = db, .handle = handle, .outer = db };
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
