/* SPDX-License-Identifier: MIT */
#include <assert.h>

#include "orm/apply.h"
#include "orm/bind.h"
#include "orm/fill.h"
#include "orm/find.h"
#include "orm/statement.h"
#include "orm/undo.h"
#include "orm/write.h"

/* Writing one record, or one plain struct. The operation holds copies of all that it sends, and of the struct as it
 * was then (the image), which becomes the record's snapshot when the outcome is applied: at once by the synchronous
 * verbs, by whoever awaits for the others (orm/apply.c). Nothing of the record is changed before the operation is
 * sure to be sent. */

typedef struct save {
    ari_applied applied; /* first */
    ari_write write;     /* object: the image, or NULL; not used for its snapshot */
    ari_mask columns;
    const ar_statement *statement; /* NULL when the plan keeps it */
    ari_undone *undone;            /* NULL outside of transactions */
    int64_t id;                    /* the AUTO key that the database gave; 0: none */
    bool read_created;             /* the image has the created-at members of the row */
    bool key_lost;                 /* it does not fit, and the row is there: no insert again, and no update */
    char *image;
    ar_value parameters[];
} save;

/* What is being made, until it is sent. */
typedef struct draft {
    const char *name; /* of the verb, for messages */
    ari_db *db;
    ari_record *record; /* NULL: `object` is a plain struct */
    void *object;
    ari_write write;
    ari_op *op; /* NULL with AR_OK: there is nothing to do */
} draft;

static save *save_of(ari_op *op)
{
    return (save *)(void *)op->payload;
}

static void destroy_save(ari_op *op)
{
    ari_statement_unref(save_of(op)->statement);
    ari_undo_unref(save_of(op)->undone);
}

static bool wants_key(const save *self)
{
    const ari_plan *plan = self->write.plan;
    return self->write.verb == ARI_PLAN_INSERT && plan->auto_column >= 0 &&
           !ari_mask_has(&self->columns, (size_t)plan->auto_column);
}

static ar_status take_returned_key(void *ctx, const ar_value *values, size_t count, ar_error *err)
{
    save *self = ctx;
    return ari_write_take_key(self->write.plan, values, count, &self->id, err);
}

static const ar_sink returned_key_sink = { .row = take_returned_key };
static const ar_type returned_key_type = AR_TYPE_INT64;

/* What an existing row had all along; it goes into the image, and from there into the record. */
static ar_status take_created(void *ctx, const ar_value *values, size_t count, ar_error *err)
{
    save *self = ctx;
    const ari_row row = {
        .plan = self->write.plan, .map = self->write.plan->created, .values = values, .count = count
    };
    self->read_created = true;
    return ari_row_fill(&row, self->image, NULL, err);
}

static const ar_sink created_sink = { .row = take_created };

/* ER_SUBQUERY_NO_1_ROW: of the statement that orm/plan_sql.c writes for an upsert with ON DUPLICATE KEY UPDATE. */
enum { SEVERAL_ROWS = 1242 };

static ar_status settle_error(const save *self, ar_status status, ar_error *err)
{
    const ari_plan *plan = self->write.plan;
    if (self->write.verb == ARI_PLAN_UPSERT && !plan->dialect->on_conflict && err->native_code == SEVERAL_ROWS)
        return ar_error_set(err, AR_E_CONSTRAINT,
                            "upserting into %s: another row has the same value in a column that is unique",
                            plan->model->table);
    ari_write_name_column(plan, self->write.verb, &self->columns, err);
    return status;
}

static ar_status settle_save(ari_op *op, ar_status status, ar_error *err)
{
    save *self = save_of(op);
    const ar_model *model = self->write.plan->model;
    bool needs_row = self->write.verb == ARI_PLAN_UPDATE || self->write.verb == ARI_PLAN_DELETE;
    if (status != AR_OK)
        return settle_error(self, status, err);
    if (needs_row && op->operation.changes == 0)
        return ar_error_set(err, AR_E_NOT_FOUND, "%s in %s: the row is not there, or is no more",
                            self->write.verb == ARI_PLAN_DELETE ? "deleting" : "updating", model->table);
    if (!wants_key(self))
        return AR_OK;
    if (!self->write.plan->key_returned)
        self->id = op->operation.row_id;
    self->key_lost = !ari_write_key_fits(self->write.plan, self->id);
    if (!self->key_lost)
        return AR_OK;
    return ar_error_set(err, AR_E_TYPE, "the row was inserted into %s with key %lld, which does not fit member %s.%s",
                        model->table, (long long)self->id, model->name,
                        self->write.plan->columns[self->write.plan->auto_column].from->member);
}

static void put_created_back(const save *self, void *object)
{
    const ari_plan *plan = self->write.plan;
    for (uint32_t i = 0; i < plan->created_count; i++) {
        const ari_plan_column *column = &plan->columns[plan->created[i]];
        memmove((char *)object + column->offset, self->image + column->offset, column->from->size);
    }
}

/* What the database has by itself put into a struct or an image. */
static void put_back(const save *self, void *object)
{
    ari_mask columns = self->columns;
    for (uint32_t i = 0; self->read_created && i < self->write.plan->created_count; i++)
        ari_mask_remove(&columns, self->write.plan->created[i]);
    ari_write_stamp(&self->write, &columns, object);
    if (self->read_created)
        put_created_back(self, object);
    if (wants_key(self) && self->id != 0)
        ari_write_key(self->write.plan, object, self->id);
}

static void apply_to_record(save *self, ari_record *record)
{
    if (ari_undo_is_due(self->undone))
        return;
    if (self->write.verb == ARI_PLAN_DELETE) {
        record->flags |= ARI_RECORD_NEW;
    } else if (self->key_lost) {
        record->flags = (record->flags & ~(uint32_t)ARI_RECORD_NEW) | ARI_RECORD_KEYLESS;
    } else {
        /* Stamps look at the image, to see what was zero: it is itself changed last. */
        put_back(self, ari_record_struct(record));
        put_back(self, self->image);
        memcpy(ari_record_snapshot(record), self->image, record->model->record_size);
        record->flags &= ~(uint32_t)ARI_RECORD_NEW;
    }
    ari_undo_applied(self->undone);
}

static void apply_save(ari_op *op, ari_record *record, void *plain, ar_status status)
{
    save *self = save_of(op);
    if ((status == AR_OK || self->key_lost) && record != NULL)
        apply_to_record(self, record);
    else if (status == AR_OK)
        put_back(self, plain);
    if (record != NULL)
        ari_record_sweep_strings(record);
}

/* A text or bytes member that points at memory of the application's: its value, else one that is NULL. */
static ar_value assigned(const draft *self, const ari_plan_column *column)
{
    const size_t at = column->offset;
    ar_value now = ari_kind_load(column->kind, (char *)self->object + at);
    ar_value before = ari_kind_load(column->kind, (char *)ari_record_snapshot(self->record) + at);
    bool bytes = now.type == AR_TYPE_BYTES;
    if (!bytes && now.type != AR_TYPE_TEXT && now.type != AR_TYPE_JSON)
        return AR_NULL;
    const void *data = bytes ? now.as.bytes.data : (const void *)now.as.text.data;
    bool known = before.type == now.type && data == (bytes ? before.as.bytes.data : (const void *)before.as.text.data);
    return known || ari_record_has_string(self->record, data) ? AR_NULL : now;
}

static size_t assigned_room(const draft *self)
{
    const ari_plan *plan = self->write.plan;
    size_t room = 0;
    for (uint32_t i = 0; i < plan->column_count; i++) {
        ar_value value = assigned(self, &plan->columns[i]);
        room += ari_values_room(&value, 1);
    }
    return room;
}

/* Copies what was assigned, so that the application may free it. */
static void adopt_strings(const draft *self, ari_strings *strings)
{
    const ari_plan *plan = self->write.plan;
    char *at = strings->bytes;
    for (uint32_t i = 0; i < plan->column_count; i++) {
        const ari_plan_column *column = &plan->columns[i];
        ar_value value = assigned(self, column);
        if (value.type == AR_TYPE_NULL)
            continue;
        at = ari_values_move(&value, 1, at);
        ari_kind_store(column->kind, (char *)self->object + column->offset, &value);
    }
    ari_record_add_strings(self->record, strings);
}

/* What was assigned and says the same as before is pointed at what was there. */
static void forget_equal_strings(const draft *self)
{
    const ari_plan *plan = self->write.plan;
    for (uint32_t i = 0; i < plan->column_count; i++) {
        const ari_plan_column *column = &plan->columns[i];
        char *member = (char *)self->object + column->offset;
        ar_value now = assigned(self, column);
        ar_value before = ari_kind_load(column->kind, (const char *)self->write.snapshot + column->offset);
        if (now.type != AR_TYPE_NULL && ari_value_equal(&now, &before))
            ari_kind_store(column->kind, member, &before);
    }
}

static ar_status no_memory(const draft *self, ar_error *err)
{
    return ar_error_set(err, AR_E_NO_MEMORY, "%s in %s: out of memory", self->name, self->write.plan->model->table);
}

/* What the record itself needs for it: its own strings, and what a rollback gives back. Then the image is taken. */
static ar_status prepare_record(draft *self, ar_error *err)
{
    save *made = save_of(self->op);
    bool writes = self->write.verb != ARI_PLAN_DELETE;
    size_t room = writes ? assigned_room(self) : 0;
    ari_strings *strings = room > 0 ? ari_strings_create(ari_record_env(self->record), room) : NULL;
    bool undoable = ari_db_in_transaction(self->db);
    made->undone = undoable ? ari_undo_create(self->record, false) : NULL;
    if ((room > 0 && strings == NULL) || (undoable && made->undone == NULL)) {
        ari_release(ari_record_env(self->record), strings);
        ari_undo_discard(made->undone);
        made->undone = NULL;
        return no_memory(self, err);
    }
    if (strings != NULL)
        adopt_strings(self, strings);
    memcpy(made->image, self->object, self->write.plan->model->record_size);
    if (undoable)
        ari_undo_register(made->undone, self->db);
    return AR_OK;
}

static void set_up(draft *self, const ar_statement *statement, const ari_mask *columns, size_t count)
{
    ari_op *op = self->op;
    save *made = save_of(op);
    size_t room = self->write.plan->model->record_size;
    made->image = (char *)&made->parameters[count];
    made->applied.apply = apply_save;
    made->write = self->write;
    made->write.snapshot = NULL;
    made->write.object = made->image;
    made->columns = *columns;
    ari_values_move(made->parameters, count, made->image + room);
    op->settle = settle_save;
    op->operation.statement = statement;
    op->operation.parameters = made->parameters;
    if (wants_key(made) && self->write.plan->key_returned) {
        op->operation.sink = &returned_key_sink;
        op->operation.sink_ctx = made;
        op->operation.wanted = &returned_key_type;
        op->operation.wanted_count = 1;
    }
    if (self->write.verb == ARI_PLAN_UPSERT && self->write.plan->created_count > 0) {
        op->operation.sink = &created_sink;
        op->operation.sink_ctx = made;
        op->operation.wanted = self->write.plan->created_wanted;
        op->operation.wanted_count = self->write.plan->created_count;
    }
}

static ar_status make_op(draft *self, const ari_mask *columns, ar_error *err)
{
    const ari_plan *plan = self->write.plan;
    ar_value values[ARI_MAX_PARAMETERS];
    const ar_statement *statement;
    size_t count;
    bool owned;
    ar_status status = ari_write_values(&self->write, columns, values, &count, err);
    if (status != AR_OK)
        return status;
    size_t room = ari_values_room(values, count);
    size_t fixed = sizeof(save) + count * sizeof *values + plan->model->record_size;
    self->op = ari_op_create(ari_db_pool(self->db), fixed + room);
    if (self->op == NULL)
        return no_memory(self, err);
    status = ari_plan_statement_get(plan, self->write.verb, columns, &statement, &owned, err);
    if (status != AR_OK)
        return status;
    save *made = save_of(self->op);
    self->op->destroy = destroy_save;
    made->statement = owned ? statement : NULL;
    memcpy(made->parameters, values, count * sizeof *values);
    set_up(self, statement, columns, count);
    if (self->record != NULL)
        return prepare_record(self, err);
    memcpy(made->image, self->object, plan->model->record_size);
    return AR_OK;
}

/* A save inserts or updates, an upsert inserts where the database gives the key. */
static void choose_verb(draft *self)
{
    ari_write *write = &self->write;
    bool fresh = self->record != NULL && (self->record->flags & ARI_RECORD_NEW) != 0;
    if (self->record != NULL && !fresh && write->verb != ARI_PLAN_UPSERT)
        write->snapshot = ari_record_snapshot(self->record);
    if (write->verb == ARI_PLAN_UPDATE && fresh)
        write->verb = ARI_PLAN_INSERT;
    if (write->verb != ARI_PLAN_UPSERT || write->plan->auto_column < 0)
        return;
    ari_mask columns = ari_write_columns(write);
    if (!ari_mask_has(&columns, (size_t)write->plan->auto_column))
        write->verb = ARI_PLAN_INSERT;
}

static ar_status check_draft(const draft *self, ar_error *err)
{
    const ari_plan *plan = self->write.plan;
    ari_plan_verb verb = self->write.verb;
    if (plan->key_count == 0 && verb != ARI_PLAN_INSERT)
        return ar_error_set(err, AR_E_UNSUPPORTED, "%s: model %s has no primary key", self->name, plan->model->name);
    if (self->record == NULL)
        return AR_OK;
    if (verb == ARI_PLAN_DELETE && (self->record->flags & ARI_RECORD_NEW) != 0)
        return ar_error_set(err, AR_E_INVALID, "%s: the %s is new, there is no row of it", self->name,
                            plan->model->name);
    if (verb != ARI_PLAN_INSERT && (self->record->flags & ARI_RECORD_KEYLESS) != 0)
        return ar_error_set(err, AR_E_INVALID, "%s: the %s was read without its primary key; select that too",
                            self->name, plan->model->name);
    if (verb == ARI_PLAN_UPSERT && (self->record->flags & ARI_RECORD_PARTIAL) != 0)
        return ar_error_set(err, AR_E_INVALID,
                            "%s: the %s was read without some of its columns, which this would overwrite; save it, or "
                            "refresh it first",
                            self->name, plan->model->name);
    return AR_OK;
}

/* From what the caller gave to an operation that is ready to be sent. */
static ar_status make_draft(draft *self, const ar_model *model, void *object, bool is_record, ar_error *err)
{
    ar_status status = ari_plan_get(self->db, model, &self->write.plan, err);
    if (status != AR_OK)
        return status;
    if (is_record)
        self->record = ari_record_of(object, model, self->name, err);
    if (object == NULL && !is_record)
        ar_error_set(err, AR_E_INVALID, "%s: the struct is NULL", self->name);
    if (is_record ? self->record == NULL : object == NULL)
        return AR_E_INVALID;
    if (self->record != NULL)
        status = ari_apply_pending(self->record, self->name, err);
    if (status != AR_OK)
        return status;
    const ar_env *env = ari_db_env(self->db);
    self->object = object;
    self->write.object = object;
    self->write.now = self->write.plan->has_stamps ? env->wall_now(env->ctx) : 0;
    choose_verb(self);
    status = check_draft(self, err);
    if (status != AR_OK)
        return status;
    if (self->record != NULL && self->write.snapshot != NULL && self->write.verb == ARI_PLAN_UPDATE)
        forget_equal_strings(self);
    ari_mask columns = ari_write_columns(&self->write);
    if (self->write.verb == ARI_PLAN_UPDATE && ari_mask_is_empty(&columns))
        return AR_OK;
    status = make_op(self, &columns, err);
    if (status != AR_OK) {
        ari_op_release(self->op);
        self->op = NULL;
    }
    return status;
}

typedef struct verb {
    const char *name;
    ari_plan_verb plan_verb;
    bool on_record;
} verb;

static ar_status write_here(ar_db *handle, const ar_model *model, void *object, verb chosen, ar_error *err)
{
    ar_error closed;
    draft self = { .name = chosen.name, .write.verb = chosen.plan_verb };
    self.db = ari_db_enter(handle, err != NULL ? err : &closed);
    if (self.db == NULL)
        return err != NULL ? err->status : closed.status;
    ar_status status = make_draft(&self, model, object, chosen.on_record, err);
    if (status == AR_OK && self.op != NULL) {
        status = ari_db_run(self.db, self.op, err);
        apply_save(self.op, self.record, self.object, status);
    }
    ari_op_release(self.op);
    ari_db_leave(self.db);
    return status;
}

static ar_done write_later(ar_db *handle, const ar_model *model, void *object, verb chosen)
{
    ar_error error = { .status = AR_OK };
    draft self = { .name = chosen.name, .write.verb = chosen.plan_verb };
    self.db = ari_db_enter(handle, &error);
    if (self.db == NULL)
        return (ar_done){ ari_future_failed(NULL, error.status, &error) };
    if (make_draft(&self, model, object, chosen.on_record, &error) != AR_OK || self.op == NULL)
        return (ar_done){ ari_fail_and_leave(self.db, &error) };
    ar_future *future = ari_apply_submit(self.db, self.op, self.record, self.record == NULL ? self.object : NULL);
    ari_db_leave(self.db);
    return (ar_done){ future };
}

/* A save is an update that inserts what is new. */
static const verb save_verb = { "save", ARI_PLAN_UPDATE, true };
static const verb upsert_verb = { "upsert", ARI_PLAN_UPSERT, true };
static const verb delete_verb = { "delete", ARI_PLAN_DELETE, true };
static const verb insert_verb = { "insert", ARI_PLAN_INSERT, false };
static const verb update_verb = { "update", ARI_PLAN_UPDATE, false };

ar_status ar_record_save(ar_db *db, const ar_model *model, void *record, ar_error *err)
{
    return write_here(db, model, record, save_verb, err);
}

ar_done ar_record_save_async(ar_db *db, const ar_model *model, void *record)
{
    return write_later(db, model, record, save_verb);
}

ar_status ar_record_upsert(ar_db *db, const ar_model *model, void *record, ar_error *err)
{
    return write_here(db, model, record, upsert_verb, err);
}

ar_done ar_record_upsert_async(ar_db *db, const ar_model *model, void *record)
{
    return write_later(db, model, record, upsert_verb);
}

ar_status ar_record_delete(ar_db *db, const ar_model *model, void *record, ar_error *err)
{
    return write_here(db, model, record, delete_verb, err);
}

ar_done ar_record_delete_async(ar_db *db, const ar_model *model, void *record)
{
    return write_later(db, model, record, delete_verb);
}

ar_status ar_record_insert(ar_db *db, const ar_model *model, void *plain, ar_error *err)
{
    return write_here(db, model, plain, insert_verb, err);
}

ar_done ar_record_insert_async(ar_db *db, const ar_model *model, void *plain)
{
    return write_later(db, model, plain, insert_verb);
}

ar_status ar_record_update(ar_db *db, const ar_model *model, void *plain, ar_error *err)
{
    return write_here(db, model, plain, update_verb, err);
}

ar_done ar_record_update_async(ar_db *db, const ar_model *model, void *plain)
{
    return write_later(db, model, plain, update_verb);
}
