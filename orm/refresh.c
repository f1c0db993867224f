/* SPDX-License-Identifier: MIT */
#include <assert.h>

#include "orm/apply.h"
#include "orm/bind.h"
#include "orm/fill.h"
#include "orm/find.h"
#include "orm/undo.h"

/* Reading a record's row again. The row goes into a struct of the operation's own and a block of strings, on the
 * thread that runs the connection; both go over to the record when the outcome is applied. */

typedef struct refresh {
    ari_applied applied; /* first */
    const ari_plan *plan;
    const ar_env *env; /* the record's */
    size_t count;      /* rows */
    ari_strings *strings;
    ari_undone *undone; /* NULL outside of transactions */
    char *image;
    ar_value key[];
} refresh;

static refresh *refresh_of(ari_op *op)
{
    return (refresh *)(void *)op->payload;
}

static void forget(void *ctx)
{
    refresh *self = ctx;
    ari_release(self->env, self->strings);
    self->strings = NULL;
    self->count = 0;
}

static void destroy_refresh(ari_op *op)
{
    forget(refresh_of(op));
    ari_undo_unref(refresh_of(op)->undone);
}

static ar_status take_row(void *ctx, const ar_value *values, size_t count, ar_error *err)
{
    refresh *self = ctx;
    ari_row row = { .plan = self->plan, .values = values, .count = count };
    size_t room = ari_row_room(&row);
    if (self->count++ > 0)
        return AR_OK;
    self->strings = ari_strings_create(self->env, room);
    if (self->strings == NULL)
        return ar_error_set(err, AR_E_NO_MEMORY, "refreshing from %s: out of memory", self->plan->model->table);
    memset(self->image, 0, self->plan->model->record_size);
    return ari_row_fill(&row, self->image, self->strings->bytes, err);
}

static const ar_sink refresh_sink = { .row = take_row, .restart = forget };

static ar_status settle_refresh(ari_op *op, ar_status status, ar_error *err)
{
    const refresh *self = refresh_of(op);
    if (status != AR_OK || self->count > 0)
        return status;
    return ar_error_set(err, AR_E_NOT_FOUND, "refreshing from %s: the row is no more", self->plan->model->table);
}

static void apply_refresh(ari_op *op, ari_record *record, void *plain, ar_status status)
{
    refresh *self = refresh_of(op);
    (void)plain;
    if (status != AR_OK || ari_undo_is_due(self->undone))
        return;
    char *object = ari_record_struct(record);
    for (uint32_t i = 0; i < self->plan->column_count; i++) {
        const ar_column *column = self->plan->columns[i].from;
        memcpy(object + column->offset, self->image + column->offset, column->size);
    }
    memcpy(ari_record_snapshot(record), object, self->plan->model->record_size);
    ari_record_add_strings(record, self->strings);
    self->strings = NULL;
    record->flags &= ~(uint32_t)ARI_RECORD_PARTIAL;
    ari_undo_applied(self->undone);
    ari_record_sweep_strings(record);
}

static ar_status key_of(const ari_plan *plan, const ari_db *db, ari_record *record, ar_value *key, size_t *count,
                        ar_error *err)
{
    const ar_value *tenant;
    if (plan->key_count == 0)
        return ar_error_set(err, AR_E_UNSUPPORTED, "refresh: model %s has no primary key", plan->model->name);
    if ((record->flags & (ARI_RECORD_NEW | ARI_RECORD_KEYLESS)) != 0)
        return ar_error_set(err, AR_E_INVALID, "refresh: the %s is new, or was read without its primary key",
                            plan->model->name);
    for (uint32_t i = 0; i < plan->key_count; i++) {
        const ari_plan_column *column = &plan->columns[plan->key[i]];
        key[i] = ari_kind_load(column->kind, (char *)ari_record_snapshot(record) + column->offset);
    }
    *count = plan->key_count + (size_t)(plan->tenant_column >= 0);
    return ari_plan_tenant(plan, db, &key[plan->key_count], &tenant, err);
}

static void set_up(ari_op *op, const ari_plan *plan, const ari_record *record, size_t count,
                   const ar_statement *statement)
{
    refresh *self = refresh_of(op);
    self->applied.apply = apply_refresh;
    self->plan = plan;
    self->env = ari_record_env(record);
    self->image = (char *)&self->key[count];
    ari_values_move(self->key, count, self->image + plan->model->record_size);
    op->settle = settle_refresh;
    op->destroy = destroy_refresh;
    op->operation.statement = statement;
    op->operation.parameters = self->key;
    op->operation.sink = &refresh_sink;
    op->operation.sink_ctx = self;
    op->operation.wanted = plan->wanted;
    op->operation.wanted_count = plan->column_count;
}

static ar_status prepare_undo(ari_db *db, ari_record *record, ari_op *op, ar_error *err)
{
    refresh *self = refresh_of(op);
    if (!ari_db_in_transaction(db))
        return AR_OK;
    self->undone = ari_undo_create(record, true);
    if (self->undone == NULL)
        return ar_error_set(err, AR_E_NO_MEMORY, "refreshing from %s: out of memory", self->plan->model->table);
    ari_undo_register(self->undone, db);
    return AR_OK;
}

static ar_status make_refresh(ari_db *db, const ar_model *model, void *object, ari_op **out, ar_error *err)
{
    const ari_plan *plan;
    const ar_statement *statement;
    ar_value key[ARI_MAX_KEY + 1];
    size_t count = 0;
    bool owned;
    ar_status status = ari_plan_get(db, model, &plan, err);
    if (status != AR_OK)
        return status;
    ari_record *record = ari_record_of(object, model, "refresh", err);
    if (record == NULL)
        return AR_E_INVALID;
    status = ari_apply_pending(record, "refresh", err);
    if (status == AR_OK)
        status = key_of(plan, db, record, key, &count, err);
    if (status == AR_OK)
        status = ari_plan_statement_get(plan, ARI_PLAN_READ, NULL, &statement, &owned, err);
    if (status != AR_OK)
        return status;
    size_t keys = count * sizeof *key;
    size_t room = ari_values_room(key, count);
    ari_op *op = ari_op_create(ari_db_pool(db), sizeof(refresh) + keys + model->record_size + room);
    if (op == NULL)
        return ar_error_set(err, AR_E_NO_MEMORY, "refreshing from %s: out of memory", model->table);
    memcpy(refresh_of(op)->key, key, keys);
    set_up(op, plan, record, count, statement);
    status = prepare_undo(db, record, op, err);
    if (status == AR_OK)
        *out = op;
    else
        ari_op_release(op);
    return status;
}

ar_status ar_record_refresh(ar_db *handle, const ar_model *model, void *record, ar_error *err)
{
    ari_op *op = NULL;
    ar_error closed;
    ari_db *db = ari_db_enter(handle, err != NULL ? err : &closed);
    if (db == NULL)
        return err != NULL ? err->status : closed.status;
    ar_status status = make_refresh(db, model, record, &op, err);
    if (status == AR_OK)
        status = ari_db_run(db, op, err);
    if (status == AR_OK)
        apply_refresh(op, ari_record_of(record, model, "refresh", NULL), NULL, AR_OK);
    ari_op_release(op);
    ari_db_leave(db);
    return status;
}

ar_done ar_record_refresh_async(ar_db *handle, const ar_model *model, void *record)
{
    ar_error error;
    ari_op *op = NULL;
    ari_db *db = ari_db_enter(handle, &error);
    if (db == NULL)
        return (ar_done){ ari_future_failed(NULL, error.status, &error) };
    if (make_refresh(db, model, record, &op, &error) != AR_OK)
        return (ar_done){ ari_fail_and_leave(db, &error) };
    ar_future *future = ari_apply_submit(db, op, ari_record_of(record, model, "refresh", NULL), NULL);
    ari_db_leave(db);
    return (ar_done){ future };
}
