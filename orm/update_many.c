/* SPDX-License-Identifier: MIT */
#include <assert.h>

#include "orm/behaviour.h"
#include "orm/bind.h"
#include "orm/chunks.h"
#include "orm/find.h"
#include "orm/statement.h"
#include "orm/upsert.h"
#include "orm/write.h"

/* Updating plain structs, many rows a statement. A row's parameters are those of the update of one: its columns, then its
 * key and what guards that. They go as arrays (unnest), as rows of VALUES that the table is joined with, or as an array
 * of executions of the update of one, whichever the engine has; elsewhere one statement is one row. Timestamps and versions go
 * into the structs when all of it has held. */

enum { LISTED_ROWS = 256, BULK_ROWS = 10000, BULK_VALUES = 1 << 18, BULK_BYTES = 1 << 23 };

typedef struct batch {
    ari_applied applied; /* first */
    const ar_env *env;
    const ari_plan *plan;
    const ar_statement *statement;
    ari_mask columns;
    size_t row_count, width;
    ar_value *parameters; /* freed with it; their texts lie behind this */
} batch;

/* What is to be updated, and how far that has come. */
typedef struct updates {
    ari_chunks chunks; /* first */
    const ari_plan *plan;
    ari_mask columns;
    size_t width; /* parameters of a row */
    char *at;     /* the first row that is in no operation yet */
    int64_t now;
} updates;

static batch *batch_of(ari_op *op)
{
    return (batch *)(void *)op->payload;
}

static void destroy_batch(ari_op *op)
{
    ari_statement_unref(batch_of(op)->statement);
    ari_release(batch_of(op)->env, batch_of(op)->parameters);
}

static ar_status settle_batch(ari_op *op, ar_status status, ar_error *err)
{
    const batch *self = batch_of(op);
    if (status != AR_OK)
        ari_write_name_column(self->plan, ARI_PLAN_UPDATE, &self->columns, err);
    return status;
}

/* What was sent of a row and did not come from it. */
static void stamp(const batch *self, const ar_value *parameters, char *row)
{
    for (uint32_t i = 0; i < self->plan->column_count; i++) {
        const ari_plan_column *column = &self->plan->columns[i];
        if (!ari_mask_has(&self->columns, i))
            continue;
        if ((column->flags & (AR_UPDATED_AT | AR_VERSION)) != 0) {
            bool stored = ari_kind_store(column->kind, row + column->offset, parameters);
            assert(stored);
            (void)stored;
        }
        parameters++;
    }
}

/* Which of the rows were not there is not known: with versions, none is said to have its next one unless all have. */
static void apply_batch(ari_op *op, ari_record *record, void *plain, ar_status status)
{
    const batch *self = batch_of(op);
    char *row = plain;
    (void)record;
    if (status != AR_OK || !self->plan->has_stamps ||
        (self->plan->version_column >= 0 && op->operation.changes < (int64_t)self->row_count))
        return;
    for (size_t i = 0; i < self->row_count; i++, row += self->plan->model->record_size)
        stamp(self, self->parameters + i * self->width, row);
}

static void sql(ari_text_buffer *text, const char *words)
{
    ari_text_buffer_append_cstr(text, words);
}

static void name(const ar_dialect *dialect, ari_text_buffer *text, const char *identifier)
{
    ari_text_buffer_append_char(text, dialect->identifier_quote);
    for (; *identifier != '\0'; identifier++) {
        if (*identifier == dialect->identifier_quote)
            ari_text_buffer_append_char(text, dialect->identifier_quote);
        ari_text_buffer_append_char(text, *identifier);
    }
    ari_text_buffer_append_char(text, dialect->identifier_quote);
}

static void parameter(const ar_dialect *dialect, ari_text_buffer *text, size_t number)
{
    ari_text_buffer_append_char(text, dialect->placeholder == AR_PLACEHOLDER_DOLLAR ? '$' : '?');
    if (dialect->placeholder == AR_PLACEHOLDER_DOLLAR)
        ari_text_buffer_append_int64(text, (int64_t)number);
}

/* The columns of the parameters of a row, in their order; how many. */
static size_t list_columns(const updates *self, uint32_t *columns, size_t *assigned)
{
    const ari_plan *plan = self->plan;
    size_t count = 0;
    for (uint32_t i = 0; i < plan->column_count; i++) {
        if (ari_mask_has(&self->columns, i))
            columns[count++] = i;
    }
    *assigned = count;
    for (uint32_t i = 0; i < plan->key_count; i++)
        columns[count++] = plan->key[i];
    if (plan->tenant_column >= 0)
        columns[count++] = (uint32_t)plan->tenant_column;
    if (plan->version_column >= 0)
        columns[count++] = (uint32_t)plan->version_column;
    return count;
}

/* ar_rows.column1: both kinds of rows have that name for it. */
static void element(ari_text_buffer *text, size_t index)
{
    sql(text, "ar_rows.column");
    ari_text_buffer_append_int64(text, (int64_t)index + 1);
}

static void compared(const ari_plan *plan, ari_text_buffer *text, uint32_t index)
{
    const ari_plan_column *column = &plan->columns[index];
    bool decimal = column->type == AR_TYPE_DECIMAL;
    if (decimal && plan->dialect->decimal_before != NULL)
        sql(text, plan->dialect->decimal_before);
    name(plan->dialect, text, plan->model->table);
    sql(text, ".");
    name(plan->dialect, text, column->name);
    if (decimal)
        sql(text, plan->dialect->decimal_compare);
}

static void write_unnest(const ari_plan *plan, ari_text_buffer *text, const uint32_t *columns, size_t count)
{
    sql(text, " FROM unnest(");
    for (size_t i = 0; i < count; i++) {
        sql(text, i > 0 ? ", " : "");
        parameter(plan->dialect, text, i + 1);
        sql(text, "::");
        sql(text, plan->dialect->column_types[plan->columns[columns[i]].type]);
        sql(text, "[]");
    }
    sql(text, ") AS ar_rows(");
    for (size_t i = 1; i <= count; i++) {
        sql(text, i > 1 ? ", column" : "column");
        ari_text_buffer_append_int64(text, (int64_t)i);
    }
    sql(text, ")");
}

static void write_values(const ari_plan *plan, ari_text_buffer *text, size_t rows, size_t count)
{
    sql(text, " FROM (VALUES ");
    for (size_t i = 0; i < rows * count; i++) {
        sql(text, i == 0 ? "(" : i % count == 0 ? "), (" : ", ");
        parameter(plan->dialect, text, i + 1);
    }
    sql(text, ")) AS ar_rows");
}

/* UPDATE … FROM `rows` rows. */
static void write_update(const updates *self, ari_text_buffer *text, size_t rows)
{
    const ari_plan *plan = self->plan;
    uint32_t columns[ARI_MAX_PARAMETERS];
    size_t assigned, count = list_columns(self, columns, &assigned);
    sql(text, "UPDATE ");
    if (plan->options->schema != NULL) {
        name(plan->dialect, text, plan->options->schema);
        sql(text, ".");
    }
    name(plan->dialect, text, plan->model->table);
    for (size_t i = 0; i < assigned; i++) {
        sql(text, i > 0 ? ", " : " SET ");
        name(plan->dialect, text, plan->columns[columns[i]].name);
        sql(text, " = ");
        element(text, i);
    }
    if (plan->dialect->bulk == AR_BULK_UNNEST)
        write_unnest(plan, text, columns, count);
    else
        write_values(plan, text, rows, count);
    for (size_t i = assigned; i < count; i++) {
        sql(text, i > assigned ? " AND " : " WHERE ");
        compared(plan, text, columns[i]);
        sql(text, " = ");
        element(text, i);
    }
}

static ar_status get_statement(const updates *self, size_t rows, const ar_statement **out, ar_error *err)
{
    const ari_plan *plan = self->plan;
    ari_text_buffer text;
    bool owned;
    if (rows == 1 || !plan->dialect->update_from) {
        ar_status status = ari_plan_statement_get(plan, ARI_PLAN_UPDATE, &self->columns, out, &owned, err);
        if (status == AR_OK && !owned)
            ari_statement_ref(*out);
        return status;
    }
    ari_text_buffer_init(&text, plan->env);
    write_update(self, &text, rows);
    bool arrays = plan->dialect->bulk == AR_BULK_UNNEST;
    *out = NULL;
    if (!text.failed)
        *out = ari_statement_get(plan->statements, ari_text_buffer_cstr(&text), text.length,
                                 (uint32_t)(arrays ? self->width : rows * self->width), AR_STATEMENT_WRITE, true);
    ari_text_buffer_fini(&text);
    if (*out == NULL)
        return ar_error_set(err, AR_E_NO_MEMORY, "out of memory for a statement on %s", plan->model->table);
    return AR_OK;
}

static bool goes_in_arrays(const ar_dialect *dialect)
{
    return dialect->bulk == AR_BULK_EXECUTE || (dialect->bulk == AR_BULK_UNNEST && dialect->update_from);
}

static size_t rows_at_most(const updates *self)
{
    const ar_dialect *dialect = self->plan->dialect;
    bool arrays = goes_in_arrays(dialect);
    if (!arrays && !dialect->update_from)
        return 1;
    size_t most = arrays ? BULK_VALUES / self->width : dialect->max_parameters / self->width;
    size_t limit = arrays ? BULK_ROWS : LISTED_ROWS;
    return most < 1 ? 1 : most < limit ? most : limit;
}

/* The parameters of up to *rows rows, and the bytes that their texts take: of fewer, when they would be too many. */
static ar_status collect(const updates *self, size_t *rows, ar_value *values, size_t *room, ar_error *err)
{
    *room = 0;
    for (size_t i = 0; i < *rows; i++) {
        ar_value tenant;
        size_t width;
        char *row = self->at + i * self->plan->model->record_size;
        ari_write write = { .plan = self->plan, .object = row, .verb = ARI_PLAN_UPDATE, .now = self->now };
        ar_status status = ari_write_prepare(&write, self->chunks.db, row, &tenant, false, err);
        if (status == AR_OK)
            status = ari_write_values(&write, &self->columns, values, &width, err);
        if (status != AR_OK)
            return status;
        size_t more = ari_values_room(values, width);
        if (i > 0 && *room + more > BULK_BYTES)
            *rows = i;
        else
            *room += more;
        values += width;
    }
    return AR_OK;
}

static ar_status set_up(ari_op *op, const updates *self, ar_value *values, size_t rows, ar_error *err)
{
    batch *made = batch_of(op);
    *made = (batch){ .applied.apply = apply_batch,
                     .env = ari_db_env(self->chunks.db),
                     .plan = self->plan,
                     .columns = self->columns,
                     .row_count = rows,
                     .width = self->width,
                     .parameters = values };
    ari_values_move(values, rows * self->width, (char *)(made + 1));
    op->settle = settle_batch;
    op->destroy = destroy_batch;
    op->operation.parameters = values;
    op->operation.rows = rows > 1 && goes_in_arrays(self->plan->dialect) ? rows : 0;
    ar_status status = get_statement(self, rows, &made->statement, err);
    op->operation.statement = made->statement;
    return status;
}

static ar_status next_batch(ari_chunks *chunks, ari_op **out, void **first, ar_error *err)
{
    updates *self = (updates *)chunks;
    const ar_env *env = ari_db_env(chunks->db);
    size_t room, most = rows_at_most(self);
    size_t rows = chunks->left < most ? chunks->left : most;
    ar_value *values = ari_allocate_array(env, rows * self->width, sizeof *values);
    ar_status status = AR_OK;
    ari_op *op = NULL;
    if (values != NULL)
        status = collect(self, &rows, values, &room, err);
    if (values != NULL && status == AR_OK)
        op = ari_op_create(ari_db_pool(chunks->db), sizeof(batch) + room);
    if (op == NULL) {
        ari_release(env, values);
        return status != AR_OK
                   ? status
                   : ar_error_set(err, AR_E_NO_MEMORY, "updating in %s: out of memory", self->plan->model->table);
    }
    status = set_up(op, self, values, rows, err);
    if (status != AR_OK) {
        ari_op_release(op);
        return status;
    }
    *out = op;
    *first = self->at;
    self->at += rows * self->plan->model->record_size;
    chunks->left -= rows;
    return AR_OK;
}

static ar_status choose_columns(updates *self, const ar_members *members, ar_error *err)
{
    const ari_plan *plan = self->plan;
    if (members == NULL || members->count == 0) {
        self->columns = ari_write_columns(&(ari_write){ .plan = plan, .verb = ARI_PLAN_UPDATE });
        return AR_OK;
    }
    ar_status status = ari_members_mask(plan, members, "updating", &self->columns, err);
    if (status != AR_OK)
        return status;
    for (uint32_t i = 0; i < plan->column_count; i++) {
        uint32_t flags = plan->columns[i].flags;
        if ((flags & AR_PRIMARY_KEY) != 0 && ari_mask_has(&self->columns, i))
            return ar_error_set(err, AR_E_INVALID, "updating: %s.%s is of the key, by which rows are found",
                                plan->model->name, plan->columns[i].from->member);
        if ((flags & (AR_UPDATED_AT | AR_VERSION)) != 0)
            ari_mask_add(&self->columns, i);
        if ((int)i == plan->tenant_column)
            ari_mask_remove(&self->columns, i);
    }
    return AR_OK;
}

static ar_status start(updates *self, const ar_model *model, void *first, size_t count, const ar_members *members,
                       ar_error *err)
{
    const ar_env *env = ari_db_env(self->chunks.db);
    uint32_t columns[ARI_MAX_PARAMETERS];
    size_t assigned;
    ar_status status = ari_plan_get(self->chunks.db, model, &self->plan, err);
    if (status == AR_OK)
        status = ari_plan_check_writable(self->plan, "update_many", err);
    if (status != AR_OK)
        return status;
    if (self->plan->key_count == 0)
        return ar_error_set(err, AR_E_UNSUPPORTED, "update_many: model %s has no primary key", model->name);
    if (first == NULL && count > 0)
        return ar_error_set(err, AR_E_INVALID, "updating in %s: the rows are NULL", model->table);
    self->at = first;
    self->chunks.model = model;
    self->chunks.left = count;
    self->chunks.loose = self->plan->dialect->bulk == AR_BULK_EXECUTE;
    self->now = self->plan->has_stamps ? env->wall_now(env->ctx) : 0;
    status = choose_columns(self, members, err);
    self->width = list_columns(self, columns, &assigned);
    return status;
}

ar_int64_future ar_record_update_many_async(ar_db *handle, const ar_model *model, void *first, size_t count,
                                            const ar_members *members)
{
    ar_error error = { .status = AR_OK };
    updates self = { .chunks = { .db = ari_db_enter(handle, &error),
                                 .handle = handle,
                                 .doing = "updating in",
                                 .make = next_batch,
                                 .applied = true } };
    if (self.chunks.db == NULL)
        return (ar_int64_future){ ari_future_failed(NULL, error.status, &error) };
    if (start(&self, model, first, count, members, &error) != AR_OK)
        return (ar_int64_future){ ari_fail_and_leave(self.chunks.db, &error) };
    ar_future *future = ari_chunks_submit(&self.chunks);
    ari_db_leave(self.chunks.db);
    return (ar_int64_future){ future };
}

ar_status ar_record_update_many(ar_db *db, const ar_model *model, void *first, size_t count, const ar_members *members,
                                int64_t *updated, ar_error *err)
{
    ar_int64_future future = ar_record_update_many_async(db, model, first, count, members);
    return ar_int64_await(&future, updated, err);
}
