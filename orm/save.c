/* SPDX-License-Identifier: MIT */
#include <assert.h>

#include "orm/apply.h"
#include "orm/assigned.h"
#include "orm/bind.h"
#include "orm/chunks.h"
#include "orm/dependent.h"
#include "orm/event.h"
#include "orm/fill.h"
#include "orm/find.h"
#include "orm/read_back.h"
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
    uint16_t *returned;            /* the columns that come back, to be read into the image */
    ar_type *wanted;               /* their types, behind that of the AUTO key */
    size_t returned_count;
    bool with_key;        /* the AUTO key comes back too, before them */
    bool read_back;       /* the image has them */
    const ar_env *env;    /* of the record; NULL: a plain struct, which takes no texts */
    ari_strings *strings; /* texts that came back, until they are the record's */
    bool key_lost;        /* it does not fit, and the row is there: no insert again, and no update */
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
    ar_value tenant;
    bool hard; /* a delete deletes the row */
    ar_db *handle;
    ari_moment moment; /* of a model that is watched */
    ari_op *op;        /* NULL with AR_OK: there is nothing to do */
} draft;

static save *save_of(ari_op *op)
{
    return (save *)(void *)op->payload;
}

static void destroy_save(ari_op *op)
{
    ari_statement_unref(save_of(op)->statement);
    ari_undo_unref(save_of(op)->undone);
    ari_watch_destroy(save_of(op)->applied.watch);
    if (save_of(op)->strings != NULL)
        ari_release(save_of(op)->env, save_of(op)->strings);
}

static bool wants_key(const save *self)
{
    const ari_plan *plan = self->write.plan;
    return self->write.verb == ARI_PLAN_INSERT && plan->auto_column >= 0 &&
           !ari_mask_has(&self->columns, (size_t)plan->auto_column);
}

/* Texts and bytes that come back have no place in a plain struct. */
static bool takes(const save *self, size_t index)
{
    ar_type type = self->write.plan->columns[self->returned[index]].type;
    return self->env != NULL || (type != AR_TYPE_TEXT && type != AR_TYPE_JSON && type != AR_TYPE_BYTES);
}

/* What the database alone knows of the row; it goes into the image, and from there into the record. */
static ar_status take_columns(void *ctx, const ar_value *values, size_t count, ar_error *err)
{
    save *self = ctx;
    uint16_t map[ARI_MAX_COLUMNS];
    const ari_row row = { .plan = self->write.plan, .map = map, .values = values, .count = count };
    for (size_t i = 0; i < self->returned_count; i++)
        map[i] = takes(self, i) ? self->returned[i] : UINT16_MAX;
    size_t room = self->env != NULL ? ari_row_room(&row) : 0;
    if (self->read_back)
        return AR_OK;
    if (room > 0)
        self->strings = ari_strings_create(self->env, room);
    if (room > 0 && self->strings == NULL)
        return ar_error_set(err, AR_E_NO_MEMORY, "writing to %s: out of memory", self->write.plan->model->table);
    self->read_back = true;
    return ari_row_fill(&row, self->image, room > 0 ? self->strings->bytes : NULL, err);
}

static ar_status take_returned(void *ctx, const ar_value *values, size_t count, ar_error *err)
{
    save *self = ctx;
    ar_status status = AR_OK;
    if (self->with_key)
        status = ari_write_take_key(self->write.plan, values, 1, &self->id, err);
    if (status != AR_OK || self->returned_count == 0)
        return status;
    return take_columns(self, values + self->with_key, count - self->with_key, err);
}

static void forget_returned(void *ctx)
{
    save *self = ctx;
    if (self->strings != NULL)
        ari_release(self->env, self->strings);
    self->strings = NULL;
    self->read_back = false;
}

static const ar_sink returned_sink = { .row = take_returned, .restart = forget_returned };
static const ar_sink columns_sink = { .row = take_columns, .restart = forget_returned };

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
    bool needs_row = ari_plan_updates(self->write.verb) || self->write.verb == ARI_PLAN_DELETE;
    if (status != AR_OK)
        return settle_error(self, status, err);
    if (op->operation.changes == 0 && self->write.verb == ARI_PLAN_UPSERT && self->write.plan->tenant_column >= 0)
        return ar_error_set(err, AR_E_CONSTRAINT, "upserting into %s: the row with that key is another tenant's",
                            model->table);
    if (needs_row && op->operation.changes == 0 && self->write.plan->version_column >= 0)
        return ar_error_set(err, AR_E_STALE,
                            "%s in %s: the row was changed since it was read, or is no more; refresh the record and "
                            "do the work again",
                            self->write.verb == ARI_PLAN_UPDATE ? "updating" : "deleting", model->table);
    if (needs_row && op->operation.changes == 0)
        return ar_error_set(err, AR_E_NOT_FOUND, "%s in %s: the row is not there, or is no more",
                            self->write.verb == ARI_PLAN_DELETE ? "deleting" : "updating", model->table);
    if (!wants_key(self))
        return AR_OK;
    if (!self->with_key)
        self->id = op->operation.row_id;
    self->key_lost = !ari_write_key_fits(self->write.plan, self->id);
    if (!self->key_lost)
        return AR_OK;
    return ar_error_set(err, AR_E_TYPE, "the row was inserted into %s with key %lld, which does not fit member %s.%s",
                        model->table, (long long)self->id, model->name,
                        self->write.plan->columns[self->write.plan->auto_column].from->member);
}

static void put_returned_back(const save *self, void *object)
{
    const ari_plan *plan = self->write.plan;
    for (size_t i = 0; i < self->returned_count; i++) {
        if (!takes(self, i))
            continue;
        const ari_plan_column *column = &plan->columns[self->returned[i]];
        memmove((char *)object + column->offset, self->image + column->offset, column->from->size);
    }
}

/* What the database has by itself put into a struct or an image. */
static void put_back(const save *self, void *object)
{
    ari_mask columns = self->columns;
    for (size_t i = 0; self->read_back && i < self->returned_count; i++) {
        if (takes(self, i))
            ari_mask_remove(&columns, self->returned[i]);
    }
    ari_write_stamp(&self->write, &columns, object);
    if (self->read_back)
        put_returned_back(self, object);
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
        if (self->strings != NULL)
            ari_record_add_strings(record, self->strings);
        self->strings = NULL;
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

/* What was assigned and says the same as before is pointed at what was there. */
static void forget_equal_strings(const draft *self)
{
    const ari_plan *plan = self->write.plan;
    for (uint32_t i = 0; i < plan->column_count; i++) {
        const ari_plan_column *column = &plan->columns[i];
        char *member = (char *)self->object + column->offset;
        ar_value now = ari_assigned_value(self->record, column);
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
    bool marks = self->write.verb == ARI_PLAN_SOFT_DELETE || self->write.verb == ARI_PLAN_RESTORE;
    bool writes = self->write.verb != ARI_PLAN_DELETE && !marks; /* what was assigned */
    size_t room = writes ? ari_assigned_room(self->record, self->write.plan) : 0;
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
        ari_assigned_adopt(self->record, self->write.plan, strings);
    memcpy(made->image, marks ? self->write.snapshot : self->object, self->write.plan->model->record_size);
    if (undoable)
        ari_undo_register(made->undone, self->db);
    return AR_OK;
}

/* Behind the parameters, where they take that room: the columns that come back, and their types. */
static size_t returned_room(const draft *self, const ari_mask *columns, uint16_t *returned, size_t *count)
{
    *count = ari_plan_returned(self->write.plan, self->write.verb, columns, returned);
    size_t room = (*count + 1) * (sizeof(ar_type) + sizeof(uint16_t));
    return *count > 0 ? (room + 15) & ~(size_t)15 : 0;
}

static void set_up_returned(draft *self, const uint16_t *returned, size_t count, char *room)
{
    save *made = save_of(self->op);
    const ari_plan *plan = self->write.plan;
    if (count == 0)
        return;
    made->wanted = (ar_type *)(void *)room;
    made->returned = (uint16_t *)(void *)(made->wanted + count + 1);
    made->returned_count = count;
    made->wanted[0] = AR_TYPE_INT64;
    for (size_t i = 0; i < count; i++) {
        made->wanted[i + 1] = plan->columns[returned[i]].type;
        made->returned[i] = returned[i];
    }
}

/* What the statement itself gives back. */
static void set_up_sink(ari_op *op)
{
    static const ar_type key_type = AR_TYPE_INT64;
    save *made = save_of(op);
    const ari_plan *plan = made->write.plan;
    bool columns = made->returned_count > 0 && ari_plan_returns(plan, made->write.verb);
    made->with_key = wants_key(made) && (plan->key_returned || columns);
    if (!made->with_key && !columns)
        return;
    op->operation.sink = &returned_sink;
    op->operation.sink_ctx = made;
    op->operation.wanted = !columns ? &key_type : made->with_key ? made->wanted : made->wanted + 1;
    op->operation.wanted_count = (columns ? made->returned_count : 0) + made->with_key;
}

static void set_up(draft *self, const ar_statement *statement, const ari_mask *columns, size_t count, size_t more)
{
    ari_op *op = self->op;
    save *made = save_of(op);
    size_t room = self->write.plan->model->record_size;
    made->image = (char *)&made->parameters[count] + more;
    made->env = self->record != NULL ? ari_record_env(self->record) : NULL;
    made->applied.apply = apply_save;
    made->write = self->write;
    made->write.snapshot = NULL;
    made->write.tenant = NULL;
    made->write.object = made->image;
    made->columns = *columns;
    ari_values_move(made->parameters, count, made->image + room);
    op->settle = settle_save;
    op->operation.statement = statement;
    op->operation.parameters = made->parameters;
    set_up_sink(op);
}

static ar_status make_op(draft *self, const ari_mask *columns, ar_error *err)
{
    const ari_plan *plan = self->write.plan;
    ar_value values[ARI_MAX_PARAMETERS];
    uint16_t returned[ARI_MAX_COLUMNS];
    const ar_statement *statement;
    size_t count, returned_count;
    bool owned;
    ar_status status = ari_write_values(&self->write, columns, values, &count, err);
    if (status != AR_OK)
        return status;
    size_t room = ari_values_room(values, count);
    size_t more = returned_room(self, columns, returned, &returned_count);
    size_t fixed = sizeof(save) + count * sizeof *values + more + plan->model->record_size;
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
    set_up_returned(self, returned, returned_count, (char *)&made->parameters[count]);
    set_up(self, statement, columns, count, more);
    if (self->record != NULL)
        status = prepare_record(self, err);
    else
        memcpy(made->image, self->object, plan->model->record_size);
    if (status != AR_OK || !plan->watched)
        return status;
    return ari_watch_create(plan, self->moment, self->db, self->handle, self->record == NULL ? self->object : NULL, 1,
                            made->undone, &made->applied.watch, err);
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
    if (write->verb == ARI_PLAN_DELETE && !self->hard && write->plan->deleted_column >= 0)
        write->verb = ARI_PLAN_SOFT_DELETE;
    if (write->verb != ARI_PLAN_UPSERT)
        return;
    ari_mask columns = ari_write_columns(write);
    for (uint32_t i = 0; i < write->plan->key_count; i++) {
        if (!ari_mask_has(&columns, write->plan->key[i]))
            write->verb = ARI_PLAN_INSERT;
    }
}

static ar_status check_draft(const draft *self, ar_error *err)
{
    const ari_plan *plan = self->write.plan;
    ari_plan_verb verb = self->write.verb;
    if (plan->key_count == 0 && verb != ARI_PLAN_INSERT)
        return ar_error_set(err, AR_E_UNSUPPORTED, "%s: model %s has no primary key", self->name, plan->model->name);
    if (verb == ARI_PLAN_RESTORE && plan->deleted_column < 0)
        return ar_error_set(err, AR_E_UNSUPPORTED, "%s: model %s has no AR_DELETED_AT column, and deletes for good",
                            self->name, plan->model->name);
    ar_status status = ari_plan_check_writable(plan, self->name, err);
    if (status != AR_OK || self->record == NULL)
        return status;
    bool needs_row = verb == ARI_PLAN_DELETE || verb == ARI_PLAN_SOFT_DELETE || verb == ARI_PLAN_RESTORE;
    if (needs_row && (self->record->flags & ARI_RECORD_NEW) != 0)
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

static ar_status run_before(draft *self, ar_error *err)
{
    bool fresh = self->record != NULL && (self->record->flags & ARI_RECORD_NEW) != 0;
    self->moment = ari_moment_of(self->write.verb, fresh);
    return ari_events_before(self->write.plan, self->moment, self->handle, self->record, self->object, err);
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
    if (status == AR_OK && self->write.plan->watched)
        status = run_before(self, err);
    if (status == AR_OK)
        status = ari_write_prepare(&self->write, self->db, object, &self->tenant, self->record != NULL, err);
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
    bool hard;
    bool decisive; /* what it fails with fails the transaction */
} verb;

/* What comes back only when it is asked for. */
static bool is_read_afterwards(const draft *self)
{
    return save_of(self->op)->returned_count > 0 && !ari_plan_returns(self->write.plan, self->write.verb);
}

static ar_future *submit_with_read(const draft *self, ar_db *handle)
{
    save *made = save_of(self->op);
    const ari_read_back what = { .plan = self->write.plan,
                                 .columns = made->returned,
                                 .wanted = made->wanted + 1,
                                 .count = made->returned_count,
                                 .numbered = wants_key(made),
                                 .object = made->image,
                                 .sink = &columns_sink,
                                 .sink_ctx = made };
    return ari_read_back_submit(self->db, handle, self->op, self->record, self->record == NULL ? self->object : NULL,
                                &what);
}

static ar_status write_here(ar_db *handle, const ar_model *model, void *object, verb chosen, ar_error *err)
{
    ar_error closed;
    draft self = { .name = chosen.name, .write.verb = chosen.plan_verb, .hard = chosen.hard, .handle = handle };
    self.db = ari_db_enter(handle, err != NULL ? err : &closed);
    if (self.db == NULL)
        return err != NULL ? err->status : closed.status;
    ar_status status = make_draft(&self, model, object, chosen.on_record, err);
    if (status == AR_OK && self.op != NULL && is_read_afterwards(&self)) {
        ar_done done = { submit_with_read(&self, handle) };
        self.op = NULL;
        status = ar_done_await(&done, err);
    } else if (status == AR_OK && self.op != NULL) {
        status = ari_db_run(self.db, self.op, err);
        apply_save(self.op, self.record, self.object, status);
        if (status == AR_OK)
            status = ari_apply_after(self.op, self.record, self.object, status, err);
    }
    ari_op_release(self.op);
    ari_db_leave(self.db);
    return status;
}

static ar_done write_later(ar_db *handle, const ar_model *model, void *object, verb chosen, ari_gather *gather)
{
    ar_error error = { .status = AR_OK };
    draft self = { .name = chosen.name, .write.verb = chosen.plan_verb, .hard = chosen.hard, .handle = handle };
    self.db = ari_db_enter(handle, &error);
    if (self.db == NULL)
        return (ar_done){ ari_future_failed(NULL, error.status, &error) };
    if (make_draft(&self, model, object, chosen.on_record, &error) != AR_OK || self.op == NULL)
        return (ar_done){ ari_fail_and_leave(self.db, &error) };
    if (gather != NULL)
        ari_gather_hold(gather, self.op);
    self.op->decisive = chosen.decisive;
    ar_future *future = is_read_afterwards(&self)
                            ? submit_with_read(&self, handle)
                            : ari_apply_submit(self.db, self.op, self.record, self.record == NULL ? self.object : NULL);
    ari_db_leave(self.db);
    return (ar_done){ future };
}

/* A save is an update that inserts what is new. */
static const verb save_verb = { "save", ARI_PLAN_UPDATE, true, false, false };
static const verb save_of_many = { "save", ARI_PLAN_UPDATE, true, false, true };
static const verb upsert_verb = { "upsert", ARI_PLAN_UPSERT, true, false, false };
static const verb delete_verb = { "delete", ARI_PLAN_DELETE, true, false, false };
static const verb hard_delete_verb = { "hard_delete", ARI_PLAN_DELETE, true, true, false };
static const verb restore_verb = { "restore", ARI_PLAN_RESTORE, true, false, false };
static const verb insert_verb = { "insert", ARI_PLAN_INSERT, false, false, false };
static const verb update_verb = { "update", ARI_PLAN_UPDATE, false, false, false };

ar_status ar_record_save(ar_db *db, const ar_model *model, void *record, ar_error *err)
{
    return write_here(db, model, record, save_verb, err);
}

ar_done ar_record_save_async(ar_db *db, const ar_model *model, void *record)
{
    return write_later(db, model, record, save_verb, NULL);
}

ar_future *ari_chunks_save(ar_db *handle, const ar_model *model, void *record)
{
    return write_later(handle, model, record, save_of_many, NULL).raw;
}

ar_status ar_record_upsert(ar_db *db, const ar_model *model, void *record, ar_error *err)
{
    return write_here(db, model, record, upsert_verb, err);
}

ar_done ar_record_upsert_async(ar_db *db, const ar_model *model, void *record)
{
    return write_later(db, model, record, upsert_verb, NULL);
}

static ar_status delete_here(ar_db *tx, const ar_model *model, void *record, ar_error *err)
{
    return write_here(tx, model, record, delete_verb, err);
}

static ar_done delete_later(ar_db *tx, const ar_model *model, void *record, ari_gather *gather)
{
    return write_later(tx, model, record, delete_verb, gather);
}

static ar_status hard_delete_here(ar_db *tx, const ar_model *model, void *record, ar_error *err)
{
    return write_here(tx, model, record, hard_delete_verb, err);
}

static ar_done hard_delete_later(ar_db *tx, const ar_model *model, void *record, ari_gather *gather)
{
    return write_later(tx, model, record, hard_delete_verb, gather);
}

static const ari_deletion deletion = { .here = delete_here, .later = delete_later };
static const ari_deletion hard_deletion = { .here = hard_delete_here, .later = hard_delete_later };

ar_status ar_record_delete(ar_db *db, const ar_model *model, void *record, ar_error *err)
{
    return ari_dependents_exist(model, false) ? ari_dependents_delete(db, model, record, &deletion, err)
                                              : delete_here(db, model, record, err);
}

ar_done ar_record_delete_async(ar_db *db, const ar_model *model, void *record)
{
    return ari_dependents_exist(model, false) ? ari_dependents_delete_async(db, model, record, &deletion)
                                              : delete_later(db, model, record, NULL);
}

ar_status ar_record_hard_delete(ar_db *db, const ar_model *model, void *record, ar_error *err)
{
    return ari_dependents_exist(model, true) ? ari_dependents_delete(db, model, record, &hard_deletion, err)
                                             : hard_delete_here(db, model, record, err);
}

ar_done ar_record_hard_delete_async(ar_db *db, const ar_model *model, void *record)
{
    return ari_dependents_exist(model, true) ? ari_dependents_delete_async(db, model, record, &hard_deletion)
                                             : hard_delete_later(db, model, record, NULL);
}

ar_status ar_record_restore(ar_db *db, const ar_model *model, void *record, ar_error *err)
{
    return write_here(db, model, record, restore_verb, err);
}

ar_done ar_record_restore_async(ar_db *db, const ar_model *model, void *record)
{
    return write_later(db, model, record, restore_verb, NULL);
}

ar_status ar_record_insert(ar_db *db, const ar_model *model, void *plain, ar_error *err)
{
    return write_here(db, model, plain, insert_verb, err);
}

ar_done ar_record_insert_async(ar_db *db, const ar_model *model, void *plain)
{
    return write_later(db, model, plain, insert_verb, NULL);
}

ar_status ar_record_update(ar_db *db, const ar_model *model, void *plain, ar_error *err)
{
    return write_here(db, model, plain, update_verb, err);
}

ar_done ar_record_update_async(ar_db *db, const ar_model *model, void *plain)
{
    return write_later(db, model, plain, update_verb, NULL);
}
