/* SPDX-License-Identifier: MIT */
#include "orm/upsert.h"

#include "orm/apply.h"
#include "orm/assigned.h"
#include "orm/event.h"
#include "orm/fill.h"
#include "orm/find.h"
#include "orm/statement.h"
#include "orm/undo.h"
#include "orm/write.h"

/* An upsert of a record that says what conflicts and what is updated. The row comes back whole, into a struct of the
 * operation's own and a block of strings, on the thread that runs the connection; both go over to the record when the
 * outcome is applied, as those of a refresh do. */

typedef struct upsert {
    ari_applied applied; /* first */
    const ari_plan *plan;
    const ar_env *env; /* the record's */
    const ar_statement *statement;
    ari_mask columns;
    size_t count; /* rows */
    ari_strings *strings;
    ari_undone *undone; /* NULL outside of transactions */
    char *image;
    ar_value parameters[];
} upsert;

static upsert *upsert_of(ari_op *op)
{
    return (upsert *)(void *)op->payload;
}

static void forget(void *ctx)
{
    upsert *self = ctx;
    ari_release(self->env, self->strings);
    self->strings = NULL;
    self->count = 0;
}

static void destroy_upsert(ari_op *op)
{
    upsert *self = upsert_of(op);
    forget(self);
    ari_statement_unref(self->statement);
    ari_undo_unref(self->undone);
    ari_watch_destroy(self->applied.watch);
}

static ar_status take_row(void *ctx, const ar_value *values, size_t count, ar_error *err)
{
    upsert *self = ctx;
    ari_row row = { .plan = self->plan, .values = values, .count = count };
    if (self->count++ > 0)
        return AR_OK;
    self->strings = ari_strings_create(self->env, ari_row_room(&row));
    if (self->strings == NULL)
        return ar_error_set(err, AR_E_NO_MEMORY, "upserting into %s: out of memory", self->plan->model->table);
    memset(self->image, 0, self->plan->model->record_size);
    return ari_row_fill(&row, self->image, self->strings->bytes, err);
}

static const ar_sink upsert_sink = { .row = take_row, .restart = forget };

static ar_status settle_upsert(ari_op *op, ar_status status, ar_error *err)
{
    const upsert *self = upsert_of(op);
    if (status != AR_OK) {
        ari_write_name_column(self->plan, ARI_PLAN_UPSERT, &self->columns, err);
        return ari_upsert_error(self->plan, status, err);
    }
    if (self->count > 0)
        return AR_OK;
    if (self->plan->tenant_column >= 0)
        return ar_error_set(err, AR_E_CONSTRAINT, "upserting into %s: the row that conflicts is another tenant's",
                            self->plan->model->table);
    return ar_error_set(err, AR_E_QUERY, "upserting into %s: the row did not come back; does a trigger leave it out?",
                        self->plan->model->table);
}

static void apply_upsert(ari_op *op, ari_record *record, void *plain, ar_status status)
{
    upsert *self = upsert_of(op);
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
    record->flags &= ~(uint32_t)(ARI_RECORD_NEW | ARI_RECORD_KEYLESS | ARI_RECORD_PARTIAL);
    ari_undo_applied(self->undone);
    ari_record_sweep_strings(record);
}

static void set_up(ari_op *op, const ari_plan *plan, const ari_record *record)
{
    upsert *self = upsert_of(op);
    self->applied.apply = apply_upsert;
    self->plan = plan;
    self->env = ari_record_env(record);
    op->settle = settle_upsert;
    op->destroy = destroy_upsert;
    op->operation.parameters = self->parameters;
    op->operation.sink = &upsert_sink;
    op->operation.sink_ctx = self;
    op->operation.wanted = plan->wanted;
    op->operation.wanted_count = plan->column_count;
}

static ar_status no_memory(const ari_plan *plan, ar_error *err)
{
    return ar_error_set(err, AR_E_NO_MEMORY, "upserting into %s: out of memory", plan->model->table);
}

/* Its own strings, and what a rollback gives back, which points at them. */
static ar_status prepare_record(ari_db *db, ari_record *record, ari_op *op, ar_error *err)
{
    upsert *self = upsert_of(op);
    size_t room = ari_assigned_room(record, self->plan);
    ari_strings *strings = room > 0 ? ari_strings_create(self->env, room) : NULL;
    if (room > 0 && strings == NULL)
        return no_memory(self->plan, err);
    if (strings != NULL)
        ari_assigned_adopt(record, self->plan, strings);
    if (!ari_db_in_transaction(db))
        return AR_OK;
    self->undone = ari_undo_create(record, true);
    if (self->undone == NULL)
        return no_memory(self->plan, err);
    ari_undo_register(self->undone, db);
    return AR_OK;
}

static ar_status make_op(ari_db *db, ari_write *write, ari_record *record, const ari_conflict *conflict, ari_op **out,
                         ar_error *err)
{
    const ari_plan *plan = write->plan;
    ar_value values[ARI_MAX_PARAMETERS];
    size_t count;
    ari_mask columns = ari_write_columns(write);
    ar_status status = ari_write_values(write, &columns, values, &count, err);
    if (status != AR_OK)
        return status;
    size_t fixed = sizeof(upsert) + count * sizeof *values + plan->model->record_size;
    ari_op *op = ari_op_create(ari_db_pool(db), fixed + ari_values_room(values, count));
    if (op == NULL)
        return no_memory(plan, err);
    upsert *self = upsert_of(op);
    set_up(op, plan, record);
    self->columns = columns;
    memcpy(self->parameters, values, count * sizeof *values);
    self->image = (char *)&self->parameters[count];
    ari_values_move(self->parameters, count, self->image + plan->model->record_size);
    status = ari_upsert_statement(plan, &columns, 1, conflict, ARI_GIVE_ROW, &self->statement, err);
    op->operation.statement = self->statement;
    if (status == AR_OK)
        status = prepare_record(db, record, op, err);
    if (status == AR_OK)
        *out = op;
    else
        ari_op_release(op);
    return status;
}

static ar_status check(const ari_plan *plan, const ari_record *record, ar_error *err)
{
    if (!plan->dialect->returning)
        return ar_error_set(err, AR_E_UNSUPPORTED,
                            "upserting into %s: this %s has no INSERT … RETURNING to read the row back; upsert_many "
                            "takes the same options",
                            plan->model->table, plan->dialect->name);
    if ((record->flags & ARI_RECORD_PARTIAL) != 0)
        return ar_error_set(err, AR_E_INVALID,
                            "upserting: the %s was read without some of its columns; refresh it first",
                            plan->model->name);
    return AR_OK;
}

static ar_status make_upsert(ari_db *db, ar_db *handle, const ar_model *model, void *object,
                             const ar_upsert_options *options, ari_record **record, ari_op **op, ar_error *err)
{
    ari_write write = { .object = object, .verb = ARI_PLAN_UPSERT };
    ari_conflict conflict;
    ar_value tenant;
    ar_status status = ari_plan_get(db, model, &write.plan, err);
    if (status == AR_OK)
        status = ari_plan_check_writable(write.plan, "upsert", err);
    if (status != AR_OK)
        return status;
    *record = ari_record_of(object, model, "upsert", err);
    if (*record == NULL)
        return AR_E_INVALID;
    status = ari_apply_pending(*record, "upsert", err);
    if (status == AR_OK)
        status = check(write.plan, *record, err);
    if (status == AR_OK)
        status = ari_conflict_read(write.plan, options, &conflict, err);
    ari_moment moment = ari_moment_of(ARI_PLAN_UPSERT, ar_record_is_new(object));
    if (status == AR_OK && write.plan->watched)
        status = ari_events_before(write.plan, moment, handle, *record, object, err);
    if (status == AR_OK)
        status = ari_write_prepare(&write, db, object, &tenant, true, err);
    if (status != AR_OK)
        return status;
    const ar_env *env = ari_db_env(db);
    write.now = write.plan->has_stamps ? env->wall_now(env->ctx) : 0;
    status = make_op(db, &write, *record, &conflict, op, err);
    if (status != AR_OK || !write.plan->watched)
        return status;
    status = ari_watch_create(write.plan, moment, db, handle, NULL, 1, upsert_of(*op)->undone,
                              &upsert_of(*op)->applied.watch, err);
    if (status != AR_OK) {
        ari_op_release(*op);
        *op = NULL;
    }
    return status;
}

ar_status ar_record_upsert_with(ar_db *handle, const ar_model *model, void *object, const ar_upsert_options *options,
                                ar_error *err)
{
    ari_op *op = NULL;
    ari_record *record = NULL;
    ar_error closed;
    ari_db *db = ari_db_enter(handle, err != NULL ? err : &closed);
    if (db == NULL)
        return err != NULL ? err->status : closed.status;
    ar_status status = make_upsert(db, handle, model, object, options, &record, &op, err);
    if (status == AR_OK)
        status = ari_db_run(db, op, err);
    if (status == AR_OK)
        apply_upsert(op, record, NULL, AR_OK);
    if (status == AR_OK)
        status = ari_apply_after(op, record, NULL, AR_OK, err);
    ari_op_release(op);
    ari_db_leave(db);
    return status;
}

ar_done ar_record_upsert_with_async(ar_db *handle, const ar_model *model, void *object,
                                    const ar_upsert_options *options)
{
    ar_error error;
    ari_op *op = NULL;
    ari_record *record = NULL;
    ari_db *db = ari_db_enter(handle, &error);
    if (db == NULL)
        return (ar_done){ ari_future_failed(NULL, error.status, &error) };
    if (make_upsert(db, handle, model, object, options, &record, &op, &error) != AR_OK)
        return (ar_done){ ari_fail_and_leave(db, &error) };
    ar_future *future = ari_apply_submit(db, op, record, NULL);
    ari_db_leave(db);
    return (ar_done){ future };
}
