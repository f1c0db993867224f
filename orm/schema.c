/* SPDX-License-Identifier: MIT */
#include <string.h>

#include <actrec/schema.h>

#include "orm/column.h"
#include "orm/ddl.h"
#include "orm/script.h"

/* Design. Tables out of models. All statements are written down first, a group of them for each model, in an order in
 * which each table comes behind those that it references; then a script runs them, in a transaction where the engine
 * has that for schemas and there is more than one. In a cycle of references, the one that leads back is left out of its
 * table and added at the end. A table that is only made when it is missing, and takes more than one statement, is
 * looked up first. */

typedef enum schema_verb { CREATE, CREATE_IF_MISSING, DROP, DROP_IF_EXISTS } schema_verb;

typedef enum presence { UNKNOWN = 0, PRESENT, ABSENT } presence;

/* A model among those that are changed together. */
typedef struct member {
    const ari_plan *plan;
    enum { UNSEEN = 0, VISITING, SEEN } visit;
    ari_mask later;    /* columns whose foreign key leads back to a table that comes later */
    size_t statements; /* in its group */
    presence presence;
} member;

typedef struct change {
    ari_script script; /* first */
    schema_verb verb;
    ari_ddl ddl;
    member *members;
    size_t count;
    size_t *order; /* of the members: what is referenced first */
    size_t ordered;
    const ari_ddl_statement *at;        /* to be run next */
    const ari_ddl_statement *looked_at; /* what comes back, or came, says whether it has to be run */
    bool looking;
    ar_error failure; /* before it is rolled back */
} change;

enum { START, RUNNING, ENDING };

/* --- what is to be run --- */

static bool creates(const change *self)
{
    return self->verb == CREATE || self->verb == CREATE_IF_MISSING;
}

static size_t find_member(const change *self, const ar_model *model)
{
    size_t i = 0;
    while (i < self->count && self->members[i].plan->model != model)
        i++;
    return i;
}

/* Depth first, so that what is referenced comes before what references it. */
static void visit(change *self, size_t index)
{
    member *visited = &self->members[index];
    visited->visit = VISITING;
    for (uint32_t i = 0; i < visited->plan->column_count; i++) {
        const ar_reference *reference = visited->plan->columns[i].from->references;
        size_t to = reference != NULL ? find_member(self, reference->model) : self->count;
        if (to == self->count || to == index)
            continue;
        if (self->members[to].visit == UNSEEN)
            visit(self, to);
        else if (self->members[to].visit == VISITING)
            ari_mask_add(&visited->later, i);
    }
    visited->visit = SEEN;
    self->order[self->ordered++] = index;
}

static bool is_split(const change *self, const member *one)
{
    return !ari_mask_is_empty(&one->later) && self->ddl.dialect->catalog != NULL &&
           !self->ddl.dialect->catalog->forward_references;
}

static ar_status alter_split(change *self, const member *one, ar_error *err)
{
    ar_status status = AR_OK;
    if (self->ddl.dialect->catalog->drop_foreign_key == NULL)
        return ar_error_set(err, AR_E_UNSUPPORTED, "table %s: it is in a cycle of foreign keys, which %s cannot make",
                            one->plan->model->table, self->ddl.dialect->name);
    for (uint32_t i = 0; status == AR_OK && i < one->plan->column_count; i++) {
        if (!ari_mask_has(&one->later, i))
            continue;
        status = creates(self) ? ari_ddl_add_foreign_key(&self->ddl, one->plan, i, err)
                               : ari_ddl_drop_foreign_key(&self->ddl, one->plan, i, err);
    }
    return status;
}

static ar_status alter_all(change *self, ar_error *err)
{
    ar_status status = AR_OK;
    for (size_t i = 0; status == AR_OK && i < self->count; i++) {
        self->ddl.group = i;
        if (is_split(self, &self->members[i]))
            status = alter_split(self, &self->members[i], err);
    }
    return status;
}

static ar_status create_one(change *self, const member *one, ar_error *err)
{
    ar_status status = ari_ddl_create_table(&self->ddl, one->plan, self->verb == CREATE_IF_MISSING,
                                            is_split(self, one) ? &one->later : NULL, err);
    return status == AR_OK ? ari_ddl_create_indexes(&self->ddl, one->plan, NULL, err) : status;
}

static ar_status create_all(change *self, ar_error *err)
{
    ar_status status = AR_OK;
    for (size_t i = 0; status == AR_OK && i < self->count; i++) {
        self->ddl.group = self->order[i];
        status = create_one(self, &self->members[self->order[i]], err);
    }
    return status == AR_OK ? alter_all(self, err) : status;
}

static ar_status drop_all(change *self, ar_error *err)
{
    ar_status status = alter_all(self, err);
    for (size_t i = self->count; status == AR_OK && i-- > 0;) {
        self->ddl.group = self->order[i];
        status = ari_ddl_drop_table(&self->ddl, self->members[self->order[i]].plan, self->verb == DROP_IF_EXISTS, err);
    }
    return status;
}

static ar_status write_statements(change *self, ar_error *err)
{
    for (size_t i = 0; i < self->count; i++) {
        if (self->members[i].visit == UNSEEN)
            visit(self, i);
    }
    ar_status status = creates(self) ? create_all(self, err) : drop_all(self, err);
    for (const ari_ddl_statement *at = self->ddl.first; status == AR_OK && at != NULL; at = at->next)
        self->members[at->group].statements++;
    self->at = self->ddl.first;
    return status;
}

/* --- running it --- */

static ar_db *handle_of(const change *self)
{
    return self->script.tx != NULL ? self->script.tx : self->script.db;
}

static void begin(change *self)
{
    if (self->ddl.count > 1 && !self->script.in_transaction && !self->ddl.dialect->implicit_commit)
        ari_script_begin(&self->script, NULL);
}

/* A table that is made only if it is missing, where that is not a word in its one statement; a constraint to be dropped
 * that may be missing. */
static bool must_look_up(const change *self)
{
    const member *one = &self->members[self->at->group];
    if (self->ddl.dialect->catalog == NULL)
        return false;
    if (self->verb == CREATE_IF_MISSING)
        return one->statements > 1 && one->presence == UNKNOWN;
    return self->verb == DROP_IF_EXISTS && self->at->constraint != NULL && self->looked_at != self->at;
}

static ar_value text_or_null(const char *text)
{
    return text != NULL ? ar_bind_string(text) : (ar_value){ .type = AR_TYPE_NULL };
}

static ari_act look_up(change *self)
{
    const ari_plan *plan = self->members[self->at->group].plan;
    const ar_catalog *catalog = plan->dialect->catalog;
    ar_value schema = text_or_null(ari_model_schema(plan->model)), table = text_or_null(plan->model->table);
    ari_clause *clause = ari_script_query(&self->script, handle_of(self), AR_STATEMENT_READ);
    if (clause != NULL)
        ari_clause_catalog(clause, creates(self) ? catalog->tables : catalog->foreign_keys, &schema, &table);
    self->looked_at = self->at;
    self->looking = true;
    return ARI_ACT_ROWS;
}

static bool has_constraint(const ar_rows *rows, const char *name)
{
    const char *text;
    for (size_t i = 0; i < ar_rows_count(rows); i++) {
        if (ar_rows_text(rows, i, 1, &text, NULL) == AR_OK && text != NULL && strcmp(text, name) == 0)
            return true;
    }
    return false;
}

static void take_look(change *self)
{
    self->looking = false;
    if (creates(self))
        self->members[self->at->group].presence = ar_rows_count(self->script.rows) > 0 ? PRESENT : ABSENT;
    else if (!has_constraint(self->script.rows, self->at->constraint))
        self->at = self->at->next;
}

/* The next statement, or the end. */
static ari_act go_on(change *self)
{
    while (self->at != NULL && self->members[self->at->group].presence == PRESENT)
        self->at = self->at->next;
    if (self->at != NULL && must_look_up(self))
        return look_up(self);
    if (self->at == NULL) {
        self->script.state = ENDING;
        return self->script.tx != NULL ? ARI_ACT_COMMIT : ARI_ACT_END;
    }
    ari_clause *clause = ari_script_query(&self->script, handle_of(self), AR_STATEMENT_SCHEMA);
    if (clause != NULL)
        ari_clause_bytes(clause, self->at->sql, self->at->length);
    return ARI_ACT_EXEC;
}

static void explain(change *self)
{
    ar_error why = self->script.error;
    if (self->at == NULL || self->at == self->ddl.first || !self->ddl.dialect->implicit_commit)
        return;
    ar_ignore(ar_error_set(&self->failure, why.status,
                           "changing table %s (what was done to others before it holds): %s", self->at->table,
                           why.message));
    memcpy(self->script.error.message, self->failure.message, sizeof why.message);
}

static ari_act stop(change *self)
{
    explain(self);
    self->script.state = ENDING;
    self->failure = self->script.error;
    return self->script.tx != NULL ? ARI_ACT_ROLLBACK : ARI_ACT_END;
}

static ari_act end(change *self)
{
    if (self->failure.status != AR_OK) {
        self->script.status = self->failure.status;
        self->script.error = self->failure;
    }
    return ARI_ACT_END;
}

static ari_act next(ari_script *script)
{
    change *self = (change *)script;
    if (script->state == ENDING)
        return end(self);
    if (script->status != AR_OK)
        return stop(self);
    if (script->state == START) {
        script->state = RUNNING;
        begin(self);
    } else if (self->looking) {
        take_look(self);
    } else {
        self->at = self->at->next;
    }
    return go_on(self);
}

static void fini(ari_script *script)
{
    change *self = (change *)script;
    if (self->members != NULL)
        ari_ddl_fini(&self->ddl);
    ari_release(script->env, self->members);
    ari_release(script->env, self->order);
}

static const ari_script_class change_class = { .size = sizeof(change), .next = next, .fini = fini };

/* --- calls --- */

static ar_status add_member(change *self, ari_db *db, const ar_model *model, ar_error *err)
{
    const ari_plan *plan;
    if (model == NULL)
        return ar_error_set(err, AR_E_INVALID, "changing a table: the model is NULL");
    ar_status status = ari_plan_get(db, model, &plan, err);
    if (status != AR_OK)
        return status;
    if (ari_model_is_read_only(model))
        return ar_error_set(err, AR_E_UNSUPPORTED, "changing table %s: its model is read-only", model->table);
    if (find_member(self, model) < self->count)
        return ar_error_set(err, AR_E_INVALID, "changing table %s: it is named twice", model->table);
    self->members[self->count++].plan = plan;
    return AR_OK;
}

static ar_status add_members(change *self, const ar_model *const *models, size_t count, ar_error *err)
{
    ar_error closed;
    const ar_env *env = self->script.env;
    self->order = ari_allocate_zero_array(env, count, sizeof *self->order);
    self->members = self->order != NULL ? ari_allocate_zero_array(env, count, sizeof *self->members) : NULL;
    if (self->members == NULL)
        return ar_error_set(err, AR_E_NO_MEMORY, "changing tables: there is no memory left for it");
    ari_ddl_init(&self->ddl, env, self->script.dialect);
    ari_db *db = ari_db_enter(self->script.db, err != NULL ? err : &closed);
    if (db == NULL)
        return err != NULL ? err->status : closed.status;
    ar_status status = AR_OK;
    for (size_t i = 0; status == AR_OK && i < count; i++)
        status = add_member(self, db, models[i], err);
    ari_db_leave(db);
    return status;
}

static ar_status create(ar_db *db, const ar_model *const *models, size_t count, schema_verb verb, change **out,
                        ar_error *err)
{
    ari_script *script;
    *out = NULL;
    if (models == NULL && count > 0)
        return ar_error_set(err, AR_E_INVALID, "changing tables: the models are NULL");
    ar_status status = ari_script_create(db, &change_class, &script, err);
    if (status != AR_OK)
        return status;
    change *self = (change *)script;
    self->verb = verb;
    status = add_members(self, models, count, err);
    if (status == AR_OK)
        status = write_statements(self, err);
    if (status == AR_OK)
        *out = self;
    else
        ari_script_release(script);
    return status;
}

static ar_status run(ar_db *db, const ar_model *const *models, size_t count, schema_verb verb, ar_error *err)
{
    change *self;
    ar_status status = create(db, models, count, verb, &self, err);
    if (status != AR_OK)
        return status;
    status = ari_script_run(&self->script, err);
    ari_script_release(&self->script);
    return status;
}

static ar_done start(ar_db *db, const ar_model *const *models, size_t count, schema_verb verb)
{
    change *self;
    ar_error error;
    ar_status status = create(db, models, count, verb, &self, &error);
    if (status != AR_OK)
        return (ar_done){ .raw = ari_future_failed(NULL, status, &error) };
    return (ar_done){ .raw = ari_script_start(&self->script, NULL) };
}

ar_status ar_table_create(ar_db *db, const ar_model *model, ar_error *err)
{
    return run(db, &model, 1, CREATE, err);
}

ar_done ar_table_create_async(ar_db *db, const ar_model *model)
{
    return start(db, &model, 1, CREATE);
}

ar_status ar_table_create_if_missing(ar_db *db, const ar_model *model, ar_error *err)
{
    return run(db, &model, 1, CREATE_IF_MISSING, err);
}

ar_done ar_table_create_if_missing_async(ar_db *db, const ar_model *model)
{
    return start(db, &model, 1, CREATE_IF_MISSING);
}

ar_status ar_table_drop(ar_db *db, const ar_model *model, ar_error *err)
{
    return run(db, &model, 1, DROP, err);
}

ar_done ar_table_drop_async(ar_db *db, const ar_model *model)
{
    return start(db, &model, 1, DROP);
}

ar_status ar_table_drop_if_exists(ar_db *db, const ar_model *model, ar_error *err)
{
    return run(db, &model, 1, DROP_IF_EXISTS, err);
}

ar_done ar_table_drop_if_exists_async(ar_db *db, const ar_model *model)
{
    return start(db, &model, 1, DROP_IF_EXISTS);
}

ar_status ar_tables_create(ar_db *db, const ar_model *const *models, size_t count, ar_error *err)
{
    return run(db, models, count, CREATE, err);
}

ar_done ar_tables_create_async(ar_db *db, const ar_model *const *models, size_t count)
{
    return start(db, models, count, CREATE);
}

ar_status ar_tables_create_if_missing(ar_db *db, const ar_model *const *models, size_t count, ar_error *err)
{
    return run(db, models, count, CREATE_IF_MISSING, err);
}

ar_done ar_tables_create_if_missing_async(ar_db *db, const ar_model *const *models, size_t count)
{
    return start(db, models, count, CREATE_IF_MISSING);
}

ar_status ar_tables_drop(ar_db *db, const ar_model *const *models, size_t count, ar_error *err)
{
    return run(db, models, count, DROP, err);
}

ar_done ar_tables_drop_async(ar_db *db, const ar_model *const *models, size_t count)
{
    return start(db, models, count, DROP);
}

ar_status ar_tables_drop_if_exists(ar_db *db, const ar_model *const *models, size_t count, ar_error *err)
{
    return run(db, models, count, DROP_IF_EXISTS, err);
}

ar_done ar_tables_drop_if_exists_async(ar_db *db, const ar_model *const *models, size_t count)
{
    return start(db, models, count, DROP_IF_EXISTS);
}
