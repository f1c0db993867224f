/* SPDX-License-Identifier: MIT */
#include <assert.h>
#include <stdlib.h>

#include "orm/bind.h"
#include "orm/chunks.h"
#include "orm/event.h"
#include "orm/find.h"
#include "orm/statement.h"
#include "orm/upsert.h"
#include "orm/write.h"

/* Inserting and upserting plain structs, many rows a statement. Rows that lie together and send the same columns make a
 * chunk, which is one operation (orm/chunks.c). Keys and timestamps go into the structs when all of it has held. */

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
    bool upserts;
    int64_t *ids; /* row_count of them, and behind them the texts */
} chunk;

/* What is to be inserted, and how far that has come. */
typedef struct rows {
    ari_chunks chunks; /* first */
    ar_db *handle;
    ari_db *outer; /* the caller's */
    const ari_plan *plan;
    char *at; /* the first row that is not in a chunk yet */
    int64_t now;
    ar_value tenant_room;
    const ar_value *tenant; /* as ari_write.tenant */
    ari_conflict conflict;
    bool upserts;
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
                                "inserting into %s: the database gave key %lld, which does not fit its member",
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
    if (status != AR_OK)
        return self->upserts ? ari_upsert_error(self->plan, status, err) : status;
    if (self->upserts && self->plan->tenant_column >= 0 && op->operation.changes < (int64_t)self->row_count)
        return ar_error_set(err, AR_E_CONSTRAINT, "upserting into %s: a row that conflicts is another tenant's",
                            self->plan->model->table);
    if (self->keys == KEYS_GIVEN)
        return AR_OK;
    if (self->keys == KEYS_CONSECUTIVE) {
        for (self->id_count = 0; self->id_count < self->row_count; self->id_count++)
            self->ids[self->id_count] = op->operation.row_id + (int64_t)self->id_count;
    } else if (self->id_count != self->row_count) {
        return ar_error_set(err, AR_E_QUERY, "inserting into %s: %zu rows got %zu keys; does a trigger leave some out?",
                            self->plan->model->table, self->row_count, self->id_count);
    } else if (!self->in_bulk && !self->upserts) {
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

/* A row that conflicts in something else than its key keeps the one that it has. */
static key_source source_of_keys(const rows *self, const ari_mask *columns)
{
    const ar_dialect *dialect = self->plan->dialect;
    bool unknown = self->upserts && !self->conflict.by_key && self->plan->auto_column >= 0;
    if (!unknown && !lacks_auto_key(self->plan, columns))
        return KEYS_GIVEN;
    return dialect->returning && (unknown || !dialect->consecutive_keys) ? KEYS_RETURNED : KEYS_CONSECUTIVE;
}

static bool goes_in_bulk(const ar_dialect *dialect, const shape *self)
{
    return self->width > 0 && (dialect->bulk == AR_BULK_UNNEST || dialect->bulk == AR_BULK_EXECUTE);
}

/* Keys of rows of which some were there are in no order: they are told one by one, or come back in that of a bulk. */
static size_t rows_at_most(const rows *from, const shape *self)
{
    const ar_dialect *dialect = from->plan->dialect;
    bool unordered = from->upserts && self->keys != KEYS_GIVEN && !self->in_bulk;
    if (self->width == 0 || unordered || (self->keys == KEYS_CONSECUTIVE && !dialect->consecutive_keys))
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
    made.keys = source_of_keys(self, &made.columns);
    made.in_bulk = goes_in_bulk(dialect, &made);
    size_t most = rows_at_most(self, &made);
    for (; made.rows < most && made.rows < self->chunks.left; made.rows++) {
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
                     .env = ari_db_env(self->chunks.db),
                     .plan = self->plan,
                     .columns = of->columns,
                     .parameters = values,
                     .row_count = of->rows,
                     .keys = of->keys,
                     .in_bulk = of->in_bulk,
                     .upserts = self->upserts,
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
    size_t written = by_rows ? 0 : of->rows;
    ari_give_back back = returned ? ARI_GIVE_KEY : ARI_GIVE_NOTHING;
    ar_status status =
        self->upserts
            ? ari_upsert_statement(self->plan, &of->columns, written, &self->conflict, back, &made->statement, err)
            : ari_plan_insert_rows(self->plan, &of->columns, written, returned, &made->statement, err);
    op->operation.statement = made->statement;
    return status;
}

static ar_status no_memory(const rows *self, ar_error *err)
{
    return ar_error_set(err, AR_E_NO_MEMORY, "%s %s: out of memory", self->chunks.doing, self->plan->model->table);
}

/* A row may turn out to be there: it is said to be new all the same. */
static ari_moment moment_of(const rows *self)
{
    return ari_moment_of(self->upserts ? ARI_PLAN_UPSERT : ARI_PLAN_INSERT, true);
}

/* Whether it may turn out to be wrong when its rows are written: a row that another tenant has is left out, and a key
 * need not fit its member. */
static bool fails_late(const rows *self, const shape *of)
{
    const ari_plan *plan = self->plan;
    if (self->upserts && plan->tenant_column >= 0 && of->rows > 1)
        return true;
    return of->keys != KEYS_GIVEN && !(of->keys == KEYS_RETURNED && plan->dialect->sink_undoes) &&
           ari_kind_size(plan->columns[plan->auto_column].kind) < sizeof(int64_t);
}

/* The next chunk; its outcome goes to its first row and those behind it. */
static ar_status next_chunk(ari_chunks *chunks, ari_op **out, void **first, ar_error *err)
{
    rows *self = (rows *)chunks;
    const ar_env *env = ari_db_env(chunks->db);
    shape next = shape_of(self);
    size_t room;
    ar_value *values = ari_allocate_array(env, next.rows * next.width, sizeof *values);
    if (values == NULL)
        return no_memory(self, err);
    ar_status status = collect_values(self, &next, values, &room, err);
    size_t size = sizeof(chunk) + next.rows * sizeof(int64_t) + room;
    ari_op *op = status == AR_OK ? ari_op_create(ari_db_pool(chunks->db), size) : NULL;
    if (op == NULL) {
        ari_release(env, values);
        return status != AR_OK ? status : no_memory(self, err);
    }
    status = set_up(op, self, &next, values, err);
    if (status == AR_OK && self->plan->watched)
        status = ari_watch_create(self->plan, moment_of(self), self->outer, self->handle, self->at, next.rows, NULL,
                                  &chunk_of(op)->applied.watch, err);
    if (status != AR_OK) {
        ari_op_release(op);
        return status;
    }
    chunks->binding = chunks->binding || fails_late(self, &next);
    *out = op;
    *first = self->at;
    self->at += next.rows * self->plan->model->record_size;
    chunks->left -= next.rows;
    return AR_OK;
}

/* Tenants and UUIDs go into the rows at once: they are what another try is to insert too. */
static ar_status prepare_rows(rows *self, ar_error *err)
{
    const ari_plan *plan = self->plan;
    ar_value unused;
    ar_status status = ari_plan_check_writable(plan, self->upserts ? "upsert_many" : "insert_many", err);
    if (status == AR_OK)
        status = ari_plan_tenant(plan, self->chunks.db, &self->tenant_room, &self->tenant, err);
    if (self->tenant == NULL && (plan->flags & (AR_UUID_V4 | AR_UUID_V7)) == 0)
        return status;
    for (size_t i = 0; status == AR_OK && i < self->chunks.left; i++) {
        char *row = self->at + i * plan->model->record_size;
        ari_write write = { .plan = plan, .object = row, .verb = ARI_PLAN_INSERT };
        status = ari_write_prepare(&write, self->chunks.db, row, &unused, false, err);
    }
    return status;
}

static ar_status start(rows *self, const ar_model *model, void *first, size_t count, ar_error *err)
{
    const ar_env *env = ari_db_env(self->chunks.db);
    ar_status status = ari_plan_get(self->chunks.db, model, &self->plan, err);
    if (status != AR_OK)
        return status;
    if (first == NULL && count > 0)
        return ar_error_set(err, AR_E_INVALID, "%s %s: the rows are NULL", self->chunks.doing, model->table);
    if (count > SIZE_MAX / model->record_size)
        return ar_error_set(err, AR_E_INVALID, "%s %s: %zu rows do not fit memory", self->chunks.doing, model->table,
                            count);
    if (self->plan->watched)
        status = ari_events_before_rows(self->plan, moment_of(self), self->handle, first, count, err);
    if (status != AR_OK)
        return status;
    self->at = first;
    self->chunks.model = model;
    self->chunks.left = count;
    self->chunks.loose = self->upserts && self->plan->dialect->bulk == AR_BULK_EXECUTE;
    self->now = self->plan->has_stamps ? env->wall_now(env->ctx) : 0;
    return prepare_rows(self, err);
}

static ar_done write_many(ar_db *handle, const ar_model *model, void *first, size_t count, bool upserts,
                          const ar_upsert_options *options)
{
    ar_error error = { .status = AR_OK };
    rows self = { .chunks = { .db = ari_db_enter(handle, &error),
                              .handle = handle,
                              .doing = upserts ? "upserting into" : "inserting into",
                              .make = next_chunk,
                              .applied = true },
                  .handle = handle,
                  .upserts = upserts };
    if (self.chunks.db == NULL)
        return (ar_done){ ari_future_failed(NULL, error.status, &error) };
    self.outer = self.chunks.db;
    ar_status status = start(&self, model, first, count, &error);
    if (status == AR_OK && upserts)
        status = ari_conflict_read(self.plan, options, &self.conflict, &error);
    if (status != AR_OK)
        return (ar_done){ ari_fail_and_leave(self.chunks.db, &error) };
    ar_future *future = ari_chunks_submit(&self.chunks);
    ari_db_leave(self.chunks.db);
    return (ar_done){ future };
}

ar_done ar_record_insert_many_async(ar_db *db, const ar_model *model, void *first, size_t count)
{
    return write_many(db, model, first, count, false, NULL);
}

ar_status ar_record_insert_many(ar_db *db, const ar_model *model, void *first, size_t count, ar_error *err)
{
    ar_done done = write_many(db, model, first, count, false, NULL);
    return ar_done_await(&done, err);
}

ar_done ar_record_upsert_many_async(ar_db *db, const ar_model *model, void *first, size_t count,
                                    const ar_upsert_options *options)
{
    return write_many(db, model, first, count, true, options);
}

ar_status ar_record_upsert_many(ar_db *db, const ar_model *model, void *first, size_t count,
                                const ar_upsert_options *options, ar_error *err)
{
    ar_done done = write_many(db, model, first, count, true, options);
    return ar_done_await(&done, err);
}
