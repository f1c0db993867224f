/* SPDX-License-Identifier: MIT */
#include "orm/dependent.h"

#include <stdalign.h>

#include <actrec/query.h>

#include "orm/column.h"
#include "orm/ddl.h"
#include "orm/find.h"
#include "orm/query_run.h"
#include "orm/relation.h"
#include "orm/scope.h"

/* A delete that sees to what depends on the record is a transaction of statements that are written from the models
 * alone: rows of rows are found by a subquery, so that nothing has to be read first. Those that hang deepest go first,
 * the row itself last; what restricts is a SELECT whose first row fails the transaction, before all else.
 *
 * The synchronous one runs them one by one. The asynchronous one sends all at once, the COMMIT too, and a gather
 * (orm/gather.c) is the future of it all. A transaction does not know of a row that was not there to be deleted, which
 * is found out too late: so the first statement looks for it, and fails. */

enum { DEEPEST = 8, MOST = 64 };

/* Rows of a model: those whose `column` is the record's key, or the key of such rows of another. */
typedef struct rows {
    const struct rows *parents; /* NULL: the record itself */
    const ar_model *model;
    const ar_column *column;
} rows;

typedef struct run {
    ar_db *tx;
    ari_db *db;
    ari_gather *gather; /* NULL: each is waited for */
    ar_value key;
    const ar_model *model;
    size_t count; /* statements */
    bool restricting;
} run;

static bool deletes_softly(const ar_model *model)
{
    const ar_column *column;
    size_t cursor = 0;
    while ((column = ari_column_next(model, &cursor)) != NULL) {
        if ((column->flags & AR_DELETED_AT) != 0)
            return true;
    }
    return false;
}

bool ari_dependents_exist(const ar_model *model, bool hard)
{
    const ar_column *entry;
    size_t cursor = 0;
    if (!ari_model_has_struct(model) || (!hard && deletes_softly(model)))
        return false;
    while ((entry = ari_entry_next(model, AR_ENTRY_RELATION, &cursor)) != NULL) {
        if (ari_relation_of(entry) != NULL && ari_relation_of(entry)->dependent != AR_DEPENDENT_NONE)
            return true;
    }
    return false;
}

static void quoted(ari_text_buffer *text, const ar_dialect *dialect, const char *name)
{
    ari_text_buffer_append_char(text, dialect->identifier_quote);
    for (; *name != '\0'; name++) {
        if (*name == dialect->identifier_quote)
            ari_text_buffer_append_char(text, *name);
        ari_text_buffer_append_char(text, *name);
    }
    ari_text_buffer_append_char(text, dialect->identifier_quote);
}

static void table(ari_text_buffer *text, const ar_dialect *dialect, const ar_model *model)
{
    if (ari_model_schema(model) != NULL) {
        quoted(text, dialect, ari_model_schema(model));
        ari_text_buffer_append_char(text, '.');
    }
    quoted(text, dialect, model->table);
}

static void compared(ari_text_buffer *text, const ar_dialect *dialect, const ar_column *column)
{
    bool decimal = ari_column_type(column) == AR_TYPE_DECIMAL;
    if (decimal && dialect->decimal_before != NULL)
        ari_text_buffer_append_cstr(text, dialect->decimal_before);
    quoted(text, dialect, ari_column_name(column));
    if (decimal)
        ari_text_buffer_append_cstr(text, dialect->decimal_compare);
}

/* WHERE "post_id" IN (SELECT "id" FROM "posts" WHERE "writer_id" = ?) */
static void condition(ari_text_buffer *text, const ar_dialect *dialect, const rows *of)
{
    ari_text_buffer_append_cstr(text, " WHERE ");
    compared(text, dialect, of->column);
    if (of->parents == NULL) {
        ari_text_buffer_append_cstr(text, " = ?");
        return;
    }
    ari_text_buffer_append_cstr(text, " IN (SELECT ");
    quoted(text, dialect, ari_column_name(ari_relation_key(of->parents->model)));
    ari_text_buffer_append_cstr(text, " FROM ");
    table(text, dialect, of->parents->model);
    condition(text, dialect, of->parents);
    ari_text_buffer_append_char(text, ')');
}

static ar_status refuse_row(void *ctx, const ar_value *values, size_t count, ar_error *err)
{
    const ar_model *model = ctx;
    (void)values, (void)count;
    return ar_error_set(err, AR_E_CONSTRAINT,
                        "deleting: rows of %s depend on it, and the model says that it may not be deleted then",
                        model->table);
}

static const ar_sink refusing_sink = { .row = refuse_row };

/* What could not even be sent fails it all here, while nothing is committed yet. */
static ar_status add(run *self, ar_future *future, ari_op *op, ar_error *err)
{
    ar_status status = ar_future_is_done(future) ? ari_future_outcome(future, err) : AR_OK;
    ari_gather_add(self->gather, future, op);
    return status;
}

/* `times` values that are now, and the key. */
static ar_query *ask(const run *self, const char *sql, size_t times)
{
    const ar_env *env = ari_db_env(self->db);
    const ar_value now = { .type = AR_TYPE_TIMESTAMP, .as.timestamp = { times > 0 ? env->wall_now(env->ctx) : 0 } };
    ar_value values[ARI_MAX_COLUMNS + 1];
    for (size_t i = 0; i < times; i++)
        values[i] = now;
    values[times] = self->key;
    return ar_sql_text(self->tx, sql, values, times + 1);
}

static ar_status send(run *self, const rows *of, const char *sql, size_t times, bool restricts, ar_error *err)
{
    ari_db *entered;
    ari_op *op;
    if (self->count == MOST)
        return ar_error_set(err, AR_E_UNSUPPORTED, "deleting from %s: more than %d relations depend on it",
                            self->model->table, MOST);
    ar_query *query = ask(self, sql, times);
    ar_status status = ari_query_run_create(query, ARI_ASK_EXEC, NULL, &entered, &op, err);
    if (status != AR_OK)
        return status;
    ari_db_leave(entered);
    if (restricts) {
        op->operation.sink = &refusing_sink;
        op->operation.sink_ctx = (void *)(uintptr_t)of->model;
    }
    self->count++;
    if (self->gather == NULL) {
        status = ari_db_run(self->db, op, err);
        ari_op_release(op);
        return status;
    }
    return add(self, ari_db_submit(self->db, op), NULL, err);
}

/* As update_all has it. Returns how many times are bound: all the same. */
static size_t write_stamps(ari_text_buffer *text, const ar_dialect *dialect, const rows *of)
{
    const ar_column *column;
    size_t cursor = 0, times = 0;
    while ((column = ari_column_next(of->model, &cursor)) != NULL) {
        if ((column->flags & (AR_UPDATED_AT | AR_VERSION)) == 0 || column == of->column)
            continue;
        ari_text_buffer_append_cstr(text, ", ");
        quoted(text, dialect, ari_column_name(column));
        ari_text_buffer_append_cstr(text, " = ");
        if ((column->flags & AR_VERSION) != 0) {
            quoted(text, dialect, ari_column_name(column));
            ari_text_buffer_append_cstr(text, " + 1");
        } else {
            ari_text_buffer_append_char(text, '?');
            times++;
        }
    }
    return times;
}

static ar_status write(run *self, const rows *of, const ar_relation *relation, ar_error *err)
{
    const ar_dialect *dialect = ari_db_dialect(self->db);
    ar_status status = ar_error_set(err, AR_E_NO_MEMORY, "deleting from %s: out of memory", self->model->table);
    size_t times = 0;
    ari_text_buffer text;
    ari_text_buffer_init(&text, ari_db_env(self->db));
    bool restricts = relation->dependent == AR_DEPENDENT_RESTRICT;
    bool nullifies = relation->dependent == AR_DEPENDENT_NULLIFY;
    ari_text_buffer_append_cstr(&text, restricts ? "SELECT 1 FROM " : nullifies ? "UPDATE " : "DELETE FROM ");
    table(&text, dialect, of->model);
    if (nullifies) {
        ari_text_buffer_append_cstr(&text, " SET ");
        quoted(&text, dialect, ari_column_name(of->column));
        ari_text_buffer_append_cstr(&text, " = NULL");
        times = write_stamps(&text, dialect, of);
    }
    condition(&text, dialect, of);
    if (restricts)
        ari_text_buffer_append_cstr(&text, " LIMIT 1");
    if (!text.failed)
        status = send(self, of, ari_text_buffer_cstr(&text), times, restricts, err);
    ari_text_buffer_fini(&text);
    return status;
}

static ar_status walk(run *self, const ar_model *model, const rows *of, unsigned depth, ar_error *err);

static ar_status see_to(run *self, const ar_relation *relation, const rows *of, unsigned depth, ar_error *err)
{
    bool between = relation->kind == AR_RELATION_MANY_TO_MANY;
    const ar_model *model = between ? relation->through : relation->target;
    const ari_plan *plan;
    ar_status status = ari_plan_get(self->db, model, &plan, err);
    if (status != AR_OK)
        return status;
    const rows own = { .parents = of, .model = model, .column = ari_column_by_offset(model, relation->foreign_key) };
    if (relation->dependent == AR_DEPENDENT_DELETE && !between && ari_dependents_exist(model, true))
        status = walk(self, model, &own, depth + 1, err);
    if (status == AR_OK && self->restricting == (relation->dependent == AR_DEPENDENT_RESTRICT))
        status = write(self, &own, relation, err);
    return status;
}

static ar_status walk(run *self, const ar_model *model, const rows *of, unsigned depth, ar_error *err)
{
    const ar_column *entry;
    size_t cursor = 0;
    ar_status status = AR_OK;
    if (depth > DEEPEST)
        return ar_error_set(err, AR_E_UNSUPPORTED,
                            "deleting from %s: what depends on it is more than %d levels deep, or in a circle; leave "
                            "it to the database (ON DELETE CASCADE)",
                            self->model->table, DEEPEST);
    while (status == AR_OK && (entry = ari_entry_next(model, AR_ENTRY_RELATION, &cursor)) != NULL) {
        if (ari_relation_of(entry)->dependent != AR_DEPENDENT_NONE)
            status = see_to(self, ari_relation_of(entry), of, depth, err);
    }
    return status;
}

static ar_status send_all(run *self, ar_error *err)
{
    self->restricting = true;
    ar_status status = walk(self, self->model, NULL, 1, err);
    self->restricting = false;
    return status == AR_OK ? walk(self, self->model, NULL, 1, err) : status;
}

/* --- The row itself, looked for --- */

typedef struct looked_for {
    const ar_model *model;
    ar_value version; /* NULL: there is none */
} looked_for;

static ar_status check_row(void *ctx, const ar_value *values, size_t count, ar_error *err)
{
    const looked_for *self = ctx;
    if (count < 1 || values[0].type != AR_TYPE_INT64 || values[0].as.integer == 0)
        return ar_error_set(err, AR_E_NOT_FOUND, "deleting in %s: the row is not there, or is no more",
                            self->model->table);
    if (self->version.type == AR_TYPE_NULL || count < 2 || values[1].as.integer == self->version.as.integer)
        return AR_OK;
    return ar_error_set(err, AR_E_STALE, "deleting in %s: the row was changed since it was read; refresh the record",
                        self->model->table);
}

static const ar_sink checking_sink = { .row = check_row };
static const ar_type checked_types[] = { AR_TYPE_INT64, AR_TYPE_INT64 };

static ar_status send_look(run *self, const char *sql, const ar_value *version, ar_error *err)
{
    ari_db *entered;
    ari_op *op;
    ar_query *query = ar_sql_text(self->tx, sql, &self->key, 1);
    looked_for *look = query->fixed ? NULL : ari_arena_alloc(&query->arena, sizeof *look, alignof(looked_for));
    if (look == NULL) {
        ar_query_free(query);
        return ar_error_set(err, AR_E_NO_MEMORY, "deleting from %s: out of memory", self->model->table);
    }
    *look = (looked_for){ .model = self->model, .version = *version };
    ar_status status = ari_query_run_create(query, ARI_ASK_EXEC, NULL, &entered, &op, err);
    if (status != AR_OK)
        return status;
    ari_db_leave(entered);
    op->operation.sink = &checking_sink;
    op->operation.sink_ctx = look;
    op->operation.wanted = checked_types;
    op->operation.wanted_count = version->type == AR_TYPE_NULL ? 1 : 2;
    return add(self, ari_db_submit(self->db, op), NULL, err);
}

static ar_status look_for_row(run *self, void *object, ar_error *err)
{
    const ar_dialect *dialect = ari_db_dialect(self->db);
    const rows own = { .model = self->model, .column = ari_relation_key(self->model) };
    const ari_plan *plan;
    ar_value version = AR_NULL;
    ar_status status = ari_plan_get(self->db, self->model, &plan, err);
    if (status != AR_OK)
        return status;
    ari_text_buffer text;
    ari_text_buffer_init(&text, ari_db_env(self->db));
    ari_text_buffer_append_cstr(&text, "SELECT count(*)");
    if (plan->version_column >= 0) {
        const ari_plan_column *column = &plan->columns[plan->version_column];
        ari_record *record = ari_record_of(object, self->model, "delete", NULL);
        version = ari_kind_load(column->kind, (char *)ari_record_snapshot(record) + column->offset);
        ari_text_buffer_append_cstr(&text, ", max(");
        quoted(&text, dialect, column->name);
        ari_text_buffer_append_char(&text, ')');
    }
    ari_text_buffer_append_cstr(&text, " FROM ");
    table(&text, dialect, self->model);
    condition(&text, dialect, &own);
    status = text.failed ? ar_error_set(err, AR_E_NO_MEMORY, "deleting from %s: out of memory", self->model->table)
                         : send_look(self, ari_text_buffer_cstr(&text), &version, err);
    ari_text_buffer_fini(&text);
    return status;
}

/* --- All of it --- */

/* The key that the row has in the database, and what is wrong with the record otherwise is for the delete to say. */
static bool read_key(const ar_model *model, void *object, ar_value *key)
{
    ari_record *record = ari_record_of(object, model, "delete", NULL);
    const ar_column *column = ari_relation_key(model);
    if (record == NULL || column == NULL || (record->flags & (ARI_RECORD_NEW | ARI_RECORD_KEYLESS)) != 0)
        return false;
    *key = ari_kind_load(column->kind, (char *)ari_record_snapshot(record) + column->offset);
    return true;
}

static ar_status run_here(run *self, ar_db *handle, void *object, const ari_deletion *deletion, ar_error *err)
{
    ar_error error;
    self->tx = ar_tx_begin(handle, NULL);
    self->db = ari_db_enter(self->tx, &error);
    ar_status status = self->db != NULL ? send_all(self, &error) : error.status;
    if (self->db != NULL)
        ari_db_leave(self->db);
    if (status == AR_OK)
        status = deletion->here(self->tx, self->model, object, &error);
    if (status == AR_OK)
        return ar_tx_commit(&self->tx, err);
    ar_ignore(ar_tx_rollback(&self->tx, NULL));
    if (err != NULL)
        *err = error;
    return status;
}

static ar_status send_with_row(run *self, void *object, const ari_deletion *deletion, ar_error *err)
{
    ar_status status = look_for_row(self, object, err);
    if (status == AR_OK)
        status = send_all(self, err);
    if (status != AR_OK)
        return status;
    ar_done removed = deletion->later(self->tx, self->model, object, self->gather);
    return add(self, removed.raw, ari_op_of(removed.raw), err);
}

static ar_future *run_later(run *self, ar_db *handle, void *object, const ari_deletion *deletion, ar_runtime *runtime)
{
    ar_error error;
    self->tx = ari_transaction_begin(handle, NULL, true);
    self->db = ari_db_enter(self->tx, &error);
    ar_status status = self->db != NULL ? send_with_row(self, object, deletion, &error) : error.status;
    if (self->db != NULL)
        ari_db_leave(self->db);
    if (status != AR_OK)
        ari_gather_fail(self->gather, ari_future_failed(runtime, status, &error));
    ar_done ended = status == AR_OK ? ar_tx_commit_async(&self->tx) : ar_tx_rollback_async(&self->tx);
    ari_gather_add(self->gather, ended.raw, NULL);
    return ari_gather_future(self->gather);
}

/* *ready: there is a row with a key; what is wrong with the record otherwise is for the delete itself to say. */
static ar_status begin(run *self, void *object, bool *ready, ar_error *err)
{
    ari_record *record = ari_record_of(object, self->model, "delete", NULL);
    ar_status status = record != NULL ? ari_apply_pending(record, "delete", err) : AR_OK;
    *ready = status == AR_OK && read_key(self->model, object, &self->key);
    return status;
}

ar_status ari_dependents_delete(ar_db *handle, const ar_model *model, void *object, const ari_deletion *deletion,
                                ar_error *err)
{
    run self = { .model = model };
    bool ready;
    ar_status status = begin(&self, object, &ready, err);
    if (status != AR_OK)
        return status;
    return ready ? run_here(&self, handle, object, deletion, err) : deletion->here(handle, model, object, err);
}

ar_done ari_dependents_delete_async(ar_db *handle, const ar_model *model, void *object, const ari_deletion *deletion)
{
    ar_error error;
    run self = { .model = model };
    bool ready;
    ar_status status = begin(&self, object, &ready, &error);
    if (status == AR_OK && !ready)
        return deletion->later(handle, model, object, NULL);
    ari_db *db = ari_db_enter(handle, status == AR_OK ? &error : NULL);
    if (db == NULL)
        return (ar_done){ ari_future_failed(NULL, error.status, &error) };
    if (status == AR_OK)
        self.gather = ari_gather_create(ari_db_runtime(db), ari_db_env(db), MOST + 5);
    if (status == AR_OK && self.gather == NULL)
        ar_ignore(ar_error_set(&error, AR_E_NO_MEMORY, "deleting from %s: out of memory", model->table));
    if (self.gather == NULL)
        return (ar_done){ ari_fail_and_leave(db, &error) };
    ar_future *future = run_later(&self, handle, object, deletion, ari_db_runtime(db));
    ari_db_leave(db);
    return (ar_done){ future };
}
