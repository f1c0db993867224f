/* SPDX-License-Identifier: MIT */
#include "orm/introspect.h"
#include "orm/scope.h"

/* ar_schema_read: a script that is nothing but a reader. */

typedef struct reading {
    ari_script script; /* first */
    ari_reader reader;
} reading;

enum { START, READING };

static ari_act next(ari_script *script)
{
    reading *self = (reading *)script;
    if (script->status == AR_OK && script->state == READING)
        script->status = ari_reader_take_rows(&self->reader, script, &script->error);
    script->state = READING;
    if (script->status != AR_OK || !ari_reader_query(&self->reader, script, script->db))
        return ARI_ACT_END;
    return ARI_ACT_ROWS;
}

static void fini(ari_script *script)
{
    ari_reader_fini(&((reading *)script)->reader);
}

static const ari_script_class reading_class = { .size = sizeof(reading), .next = next, .fini = fini };

static ar_status create(ar_db *db, const ar_schema_options *options, reading **out, ar_error *err)
{
    static const ar_schema_options defaults;
    ari_script *script;
    *out = NULL;
    if (options == NULL)
        options = &defaults;
    if (!ari_options_fit(options->struct_size, sizeof *options))
        return ar_error_set(err, AR_E_INVALID, "reading a schema: struct_size is %zu, must be 0 or %zu",
                            options->struct_size, sizeof *options);
    ar_status status = ari_script_create(db, &reading_class, &script, err);
    if (status != AR_OK)
        return status;
    status = ari_reader_init(&((reading *)script)->reader, script, options->schema, options->table, err);
    if (status == AR_OK)
        *out = (reading *)script;
    else
        ari_script_release(script);
    return status;
}

ar_status ar_schema_read(ar_db *db, const ar_schema_options *options, ar_schema **out, ar_error *err)
{
    reading *self;
    if (out == NULL)
        return ar_error_set(err, AR_E_INVALID, "reading a schema: `out` is NULL");
    *out = NULL;
    ar_status status = create(db, options, &self, err);
    if (status != AR_OK)
        return status;
    status = ari_script_run(&self->script, err);
    if (status == AR_OK)
        *out = ari_reader_take(&self->reader);
    ari_script_release(&self->script);
    return status;
}

ar_schema_future ar_schema_read_async(ar_db *db, const ar_schema_options *options)
{
    reading *self;
    ar_error error;
    ar_status status = create(db, options, &self, &error);
    if (status != AR_OK)
        return (ar_schema_future){ .raw = ari_future_failed(NULL, status, &error) };
    return (ar_schema_future){ .raw = ari_script_start(&self->script, NULL) };
}

static ar_status take(ar_future *done, ar_schema **out, ar_error *err)
{
    ar_status status = ari_future_outcome(done, err);
    if (status != AR_OK)
        return status;
    reading *self = (reading *)ari_script_of(done, &reading_class);
    if (self == NULL || self->reader.schema == NULL)
        return ar_error_set(err, AR_E_INVALID, "awaiting a schema: the future is not one of a schema");
    *out = ari_reader_take(&self->reader);
    return AR_OK;
}

ar_status ar_schema_await_for(ar_schema_future *future, int64_t timeout_ms, ar_schema **out, ar_error *err)
{
    ar_future *done;
    if (out != NULL)
        *out = NULL;
    if (future == NULL || out == NULL) {
        if (future != NULL)
            ar_future_drop(&future->raw);
        return ar_error_set(err, AR_E_INVALID, "awaiting a schema: %s is NULL",
                            future == NULL ? "the future" : "`out`");
    }
    ar_status status = ari_future_await(&future->raw, timeout_ms, &done, err);
    if (status == AR_E_PENDING || done == NULL)
        return status;
    status = take(done, out, err);
    ari_future_unref(done);
    return status;
}

ar_status ar_schema_await(ar_schema_future *future, ar_schema **out, ar_error *err)
{
    return ar_schema_await_for(future, -1, out, err);
}

static void call_schema(void (*fn)(void), void *arg, ar_future *future)
{
    ar_error error;
    ar_schema *schema = NULL;
    ar_status status = take(future, &schema, &error);
    ((ar_schema_fn)fn)(arg, status, schema, status == AR_OK ? NULL : &error);
}

ar_status ar_schema_then(ar_schema_future *future, ar_executor *executor, ar_schema_fn fn, void *arg, ar_error *err)
{
    return ar_future_then_with(future != NULL ? &future->raw : NULL, executor, call_schema, (void (*)(void))fn, arg,
                               err);
}
