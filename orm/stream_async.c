/* SPDX-License-Identifier: MIT */
#include "orm/stream.h"
#include "values/memory.h"

/* Design. A stream without a thread: a future of its own, which it also works for itself with a second reference. Each
 * operation has a then on the executor that delivers its rows and sends the next; the last one ends the transaction,
 * and a then on that completes the future. Nothing runs at the same time as anything else of the same stream, but for
 * the future, which may be cancelled (looked at before each row) or dropped. */

typedef struct streaming {
    ar_future future; /* first */
    const ar_env *env;
    ari_stream stream;
    ar_executor *executor;
    ari_op *op; /* under way, or being delivered; with a reference */
    ar_status status;
    ar_error error;
} streaming;

static void destroy(ar_future *future)
{
    streaming *self = (streaming *)future;
    ari_release(self->env, self);
}

static const ari_future_class streaming_class = { .destroy = destroy };

static void complete(streaming *self, ar_status status, const ar_error *error)
{
    ari_stream_fini(&self->stream);
    ari_future_finish(&self->future, status, status == AR_OK ? NULL : error);
    ari_future_unref(&self->future);
}

/* The transaction has ended. */
static void on_end(void (*fn)(void), void *arg, ar_future *future)
{
    streaming *self = arg;
    ar_error error;
    (void)fn;
    ar_status status = ari_future_outcome(future, &error);
    if (self->status != AR_OK)
        complete(self, self->status, &self->error);
    else
        complete(self, status, &error);
}

static void close_cursor(streaming *self)
{
    ari_op *op = self->stream.cursor != NULL ? ari_stream_next_op(&self->stream, AR_OP_CLOSE_CURSOR) : NULL;
    ari_db *db = op != NULL ? ari_db_enter(self->stream.handle, NULL) : NULL;
    if (db == NULL) {
        if (op != NULL)
            ari_op_release(op);
        return;
    }
    ar_future *future = ari_db_submit(db, op);
    ar_future_drop(&future);
    ari_db_leave(db);
}

static void end(streaming *self, ar_status status)
{
    self->status = status;
    if (self->stream.own == NULL) {
        close_cursor(self);
        complete(self, status, &self->error);
        return;
    }
    ar_done ended = status == AR_OK ? ar_tx_commit_async(&self->stream.own) : ar_tx_rollback_async(&self->stream.own);
    ar_error error;
    if (ar_future_then_with(&ended.raw, self->executor, on_end, (void (*)(void))on_end, self, &error) != AR_OK)
        complete(self, status != AR_OK ? status : error.status, status != AR_OK ? &self->error : &error);
}

static void on_batch(void (*fn)(void), void *arg, ar_future *future);

/* Sends `op`; a reference to it is this function's to use up. */
static ar_status send(streaming *self, ari_op *op)
{
    ari_db *db = ari_db_enter(self->stream.handle, &self->error);
    if (db == NULL) {
        ari_op_release(op);
        return self->error.status;
    }
    ari_future_ref(&op->future);
    self->op = op;
    ar_future *future = ari_db_submit(db, op);
    ari_db_leave(db);
    ar_status status =
        ar_future_then_with(&future, self->executor, on_batch, (void (*)(void))on_batch, self, &self->error);
    if (status != AR_OK) {
        self->op = NULL;
        ari_op_release(op);
    }
    return status;
}

static ar_status send_next(streaming *self)
{
    ari_op *op = ari_stream_next_op(&self->stream, AR_OP_FETCH);
    if (op == NULL)
        return ar_error_set(&self->error, AR_E_NO_MEMORY, "streaming rows: there is no memory left for more");
    self->stream.cursor = NULL;
    return send(self, op);
}

static bool is_cancelled(void *arg)
{
    const streaming *self = arg;
    return ari_future_is_cancelled(&self->future);
}

static void on_batch(void (*fn)(void), void *arg, ar_future *future)
{
    streaming *self = arg;
    ari_op *op = self->op;
    (void)fn;
    self->op = NULL;
    ar_status status = ari_future_outcome(future, &self->error);
    if (status == AR_OK)
        status = ari_stream_deliver(&self->stream, op, is_cancelled, self, &self->error);
    ari_op_release(op);
    if (status == AR_OK && self->stream.cursor != NULL) {
        status = send_next(self);
        if (status == AR_OK)
            return;
    }
    end(self, status);
}

static ar_future *fail(ar_status status, const ar_error *error)
{
    return ari_future_failed(NULL, status, error);
}

static ar_future *refuse(ar_query *query, const char *what)
{
    ar_error error;
    ar_query_free(query);
    ar_status status = ar_error_set(&error, AR_E_INVALID, "streaming rows: %s is NULL", what);
    return fail(status, &error);
}

/* The first operation is sent from here, before anybody has the future. */
static ar_future *start(ari_stream *stream, ar_executor *executor)
{
    ar_runtime *runtime = ari_pool_runtime(stream->first->pool);
    const ar_env *env = ari_pool_env(stream->first->pool);
    streaming *self = ari_allocate_zero(env, sizeof *self);
    ar_error error;
    if (self == NULL) {
        ari_stream_fini(stream);
        if (stream->own != NULL)
            ar_ignore(ar_tx_rollback(&stream->own, NULL));
        return fail(ar_error_set(&error, AR_E_NO_MEMORY, "streaming rows: there is no memory left for it"), &error);
    }
    ari_future_init(&self->future, &streaming_class, runtime, 2);
    ari_future_start(&self->future);
    self->env = env;
    self->stream = *stream;
    self->executor = executor;
    ari_future_ref(&stream->first->future);
    ar_status status = send(self, stream->first);
    if (status != AR_OK)
        end(self, status);
    return &self->future;
}

ar_done ari_stream_start(ari_stream *stream, ar_query *query, const ar_model *model, ar_executor *executor)
{
    ar_error error;
    ar_status status = ari_stream_open(stream, query, model, true, &error);
    return (ar_done){ .raw = status == AR_OK ? start(stream, executor) : fail(status, &error) };
}

ar_done ar_query_stream_async(ar_query *query, const ar_model *model, ar_executor *executor, ar_stream_call call,
                              void (*fn)(void), void *arg)
{
    ari_stream stream = { .call = call, .fn = fn, .arg = arg };
    if (model == NULL || executor == NULL || call == NULL || fn == NULL)
        return (ar_done){ .raw = refuse(query, model == NULL      ? "the model"
                                               : executor == NULL ? "the executor"
                                                                  : "the function") };
    return ari_stream_start(&stream, query, model, executor);
}
