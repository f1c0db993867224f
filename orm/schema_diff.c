/* SPDX-License-Identifier: MIT */
#include <actrec/schema_diff.h>

#include "orm/difference.h"
#include "orm/introspect.h"
#include "values/memory.h"

/* ar_schema_compare: a script that reads the table of one model after the other, and compares it. */

typedef struct diffing {
    ari_script script; /* first */
    ari_reader reader; /* of the table of `at` */
    const ari_plan **plans;
    size_t count;
    size_t at;
    ari_differences *found;
} diffing;

enum { START, READING };

static ar_status begin_table(diffing *self)
{
    const ar_model *model = self->plans[self->at]->model;
    ari_reader_fini(&self->reader);
    return ari_reader_init(&self->reader, &self->script, ari_model_schema(model), model->table, &self->script.error);
}

static ar_status end_table(diffing *self)
{
    return ari_differences_find(self->found, self->plans[self->at++], ari_reader_schema(&self->reader),
                                ari_reader_knows_checks(&self->reader), &self->script.error);
}

static ari_act go_on(diffing *self)
{
    ari_script *script = &self->script;
    while (script->status == AR_OK && self->at < self->count) {
        if (ari_reader_query(&self->reader, script, script->db))
            return ARI_ACT_ROWS;
        script->status = end_table(self);
        if (script->status == AR_OK && self->at < self->count)
            script->status = begin_table(self);
    }
    if (script->status == AR_OK)
        script->status = ari_differences_finish(self->found, &script->error);
    return ARI_ACT_END;
}

static ari_act next(ari_script *script)
{
    diffing *self = (diffing *)script;
    if (script->state == START && self->count > 0)
        script->status = begin_table(self);
    else if (script->status == AR_OK && script->state == READING)
        script->status = ari_reader_take_rows(&self->reader, script, &script->error);
    script->state = READING;
    return script->status == AR_OK ? go_on(self) : ARI_ACT_END;
}

static void fini(ari_script *script)
{
    diffing *self = (diffing *)script;
    ari_reader_fini(&self->reader);
    if (self->found != NULL)
        ar_schema_diff_free(&self->found->diff);
    ari_release(script->env, self->plans);
}

static const ari_script_class diffing_class = { .size = sizeof(diffing), .next = next, .fini = fini };

static ar_status take_models(diffing *self, const ar_model *const *models, size_t count, ar_error *err)
{
    ar_error error;
    self->plans = ari_allocate_zero_array(self->script.env, count, sizeof *self->plans);
    self->found = self->plans != NULL ? ari_differences_create(self->script.env) : NULL;
    if (self->found == NULL)
        return ar_error_set(err, AR_E_NO_MEMORY, "comparing a schema: there is no memory left for it");
    if (self->script.dialect->catalog == NULL)
        return ar_error_set(err, AR_E_UNSUPPORTED, "comparing a schema: %s tells nothing of its tables",
                            self->script.dialect->name);
    ari_db *db = ari_db_enter(self->script.db, &error);
    if (db == NULL)
        return ar_error_set(err, error.status, "%s", error.message);
    ar_status status = AR_OK;
    for (size_t i = 0; status == AR_OK && i < count; i++)
        status = ari_plan_get(db, models[i], &self->plans[self->count++], err);
    ari_db_leave(db);
    return status;
}

static ar_status create(ar_db *db, const ar_model *const *models, size_t count, diffing **out, ar_error *err)
{
    ari_script *script;
    *out = NULL;
    if (models == NULL && count > 0)
        return ar_error_set(err, AR_E_INVALID, "comparing a schema: the models are NULL");
    ar_status status = ari_script_create(db, &diffing_class, &script, err);
    if (status != AR_OK)
        return status;
    status = take_models((diffing *)script, models, count, err);
    if (status == AR_OK)
        *out = (diffing *)script;
    else
        ari_script_release(script);
    return status;
}

static ar_schema_diff *take_found(diffing *self)
{
    ar_schema_diff *diff = &self->found->diff;
    self->found = NULL;
    return diff;
}

ar_status ar_schema_compare(ar_db *db, const ar_model *const *models, size_t count, ar_schema_diff **out, ar_error *err)
{
    diffing *self;
    if (out == NULL)
        return ar_error_set(err, AR_E_INVALID, "comparing a schema: `out` is NULL");
    *out = NULL;
    ar_status status = create(db, models, count, &self, err);
    if (status != AR_OK)
        return status;
    status = ari_script_run(&self->script, err);
    if (status == AR_OK)
        *out = take_found(self);
    ari_script_release(&self->script);
    return status;
}

ar_schema_diff_future ar_schema_compare_async(ar_db *db, const ar_model *const *models, size_t count)
{
    diffing *self;
    ar_error error;
    ar_status status = create(db, models, count, &self, &error);
    if (status != AR_OK)
        return (ar_schema_diff_future){ .raw = ari_future_failed(NULL, status, &error) };
    return (ar_schema_diff_future){ .raw = ari_script_start(&self->script, NULL) };
}

static ar_status take(ar_future *done, ar_schema_diff **out, ar_error *err)
{
    ar_status status = ari_future_outcome(done, err);
    if (status != AR_OK)
        return status;
    diffing *self = (diffing *)ari_script_of(done, &diffing_class);
    if (self == NULL || self->found == NULL)
        return ar_error_set(err, AR_E_INVALID, "awaiting differences: the future is not one of them");
    *out = take_found(self);
    return AR_OK;
}

ar_status ar_schema_diff_await_for(ar_schema_diff_future *future, int64_t timeout_ms, ar_schema_diff **out,
                                   ar_error *err)
{
    ar_future *done;
    if (out != NULL)
        *out = NULL;
    if (future == NULL || out == NULL) {
        if (future != NULL)
            ar_future_drop(&future->raw);
        return ar_error_set(err, AR_E_INVALID, "awaiting differences: %s is NULL",
                            future == NULL ? "the future" : "`out`");
    }
    ar_status status = ari_future_await(&future->raw, timeout_ms, &done, err);
    if (status == AR_E_PENDING || done == NULL)
        return status;
    status = take(done, out, err);
    ari_future_unref(done);
    return status;
}

ar_status ar_schema_diff_await(ar_schema_diff_future *future, ar_schema_diff **out, ar_error *err)
{
    return ar_schema_diff_await_for(future, -1, out, err);
}

static void call_diff(void (*fn)(void), void *arg, ar_future *future)
{
    ar_error error;
    ar_schema_diff *diff = NULL;
    ar_status status = take(future, &diff, &error);
    ((ar_schema_diff_fn)fn)(arg, status, diff, status == AR_OK ? NULL : &error);
}

ar_status ar_schema_diff_then(ar_schema_diff_future *future, ar_executor *executor, ar_schema_diff_fn fn, void *arg,
                              ar_error *err)
{
    return ar_future_then_with(future != NULL ? &future->raw : NULL, executor, call_diff, (void (*)(void))fn, arg, err);
}
