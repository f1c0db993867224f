/* SPDX-License-Identifier: MIT */
#include "orm/stream.h"

#include "orm/scope.h"

/* Design. The first operation executes the statement with a limit of rows and leaves a cursor; each further one fetches
 * as many from that. A cursor lives in a transaction: where the query's handle is none, the stream begins a read-only
 * one, which on a file of SQLite is on a reader. All operations hydrate into the payload of the first, one after the
 * other, and keep it alive. A batch of records is a list, freed when its rows were delivered; a row that is kept keeps
 * its batch. */

enum { BATCH = 256 }; /* rows */

typedef struct next_run {
    ari_op *first;
} next_run;

static ar_status check_class(const ari_op *op, ar_error *err)
{
    if (op->operation.statement->statement_class == AR_STATEMENT_READ)
        return AR_OK;
    return ar_error_set(err, AR_E_INVALID,
                        "streaming rows: the SQL does more than read; read its rows with another end of the query");
}

ar_status ari_stream_open(ari_stream *stream, ar_query *query, const ar_model *model, bool unheld, ar_error *err)
{
    static const ar_tx_options reading = { .read_only = true, .allow_outside = true };
    ari_db *db;
    ari_op *op;
    ari_ask ask = model != NULL ? ARI_ASK_RECORDS : ARI_ASK_ROWS;
    ar_status status = ari_query_run_create(query, ask, model, &db, &op, err);
    if (status != AR_OK)
        return status;
    bool in_transaction = ari_db_in_transaction(db);
    ari_db_leave(db);
    status = check_class(op, err);
    if (status != AR_OK) {
        ari_op_release(op);
        return status;
    }
    op->operation.row_limit = BATCH;
    ari_query_run_of(op)->hydrate.scope = NULL; /* its rows belong to the stream */
    stream->first = op;
    stream->untyped = model == NULL;
    stream->handle = query->db;
    if (!in_transaction)
        stream->handle = stream->own = ari_transaction_begin(query->db, &reading, unheld);
    return AR_OK;
}

static void release_first(ari_op *op)
{
    const next_run *run = (const next_run *)(const void *)op->payload;
    ari_op_release(run->first);
}

ari_op *ari_stream_next_op(const ari_stream *stream, ar_operation_kind kind)
{
    ari_op *op = ari_op_create(stream->first->pool, sizeof(next_run));
    if (op == NULL)
        return NULL;
    ari_future_ref(&stream->first->future);
    ((next_run *)(void *)op->payload)->first = stream->first;
    op->destroy = release_first;
    op->operation.kind = kind;
    op->operation.cursor = stream->cursor;
    if (kind == AR_OP_CLOSE_CURSOR)
        return op;
    op->operation.statement = stream->first->operation.statement;
    op->operation.wanted = stream->first->operation.wanted;
    op->operation.wanted_count = stream->first->operation.wanted_count;
    op->operation.sink = stream->first->operation.sink;
    op->operation.sink_ctx = stream->first->operation.sink_ctx;
    op->operation.row_limit = BATCH;
    return op;
}

static ar_status call_row(const ari_stream *stream, void *row, ar_error *err)
{
    ar_error own = { .status = AR_OK };
    ar_status status = stream->call(stream->fn, stream->arg, row, &own);
    if (status == AR_OK)
        return AR_OK;
    if (own.status != status)
        return ar_error_set(err, status, "streaming rows: the callback answered %s", ar_status_name(status));
    if (err != NULL)
        *err = own;
    return status;
}

static ar_status deliver_untyped(ari_stream *stream, bool (*stop)(void *stop_arg), void *stop_arg, ar_error *err)
{
    ar_rows *rows = ari_query_run_of(stream->first)->rows;
    ar_status status = AR_OK;
    for (size_t i = 0; status == AR_OK && i < rows->count; i++) {
        if (stop != NULL && stop(stop_arg))
            status = ar_error_set(err, AR_E_CANCELLED, "streaming rows: it was cancelled");
        else
            status = call_row(stream, &(ari_row_at){ rows, i }, err);
    }
    return status == AR_OK ? ari_rows_clear(rows, err) : status;
}

ar_status ari_stream_deliver(ari_stream *stream, ari_op *op, bool (*stop)(void *stop_arg), void *stop_arg,
                             ar_error *err)
{
    ar_record_list list;
    stream->cursor = op->operation.cursor;
    if (stream->untyped)
        return deliver_untyped(stream, stop, stop_arg, err);
    ar_status status = ari_hydrate_take_list(&ari_query_run_of(stream->first)->hydrate, &list, err);
    for (size_t i = 0; status == AR_OK && i < list.count; i++) {
        if (stop != NULL && stop(stop_arg))
            status = ar_error_set(err, AR_E_CANCELLED, "streaming rows: it was cancelled");
        else
            status = call_row(stream, ((void **)list.items)[i], err);
    }
    ar_record_list_free(&list);
    return status;
}

void ari_stream_fini(ari_stream *stream)
{
    if (stream->first != NULL)
        ari_op_release(stream->first);
    stream->first = NULL;
}

/* --- on the caller's thread --- */

static ar_status run(const ari_stream *stream, ari_op *op, ar_error *err)
{
    ar_error closed;
    ari_db *db = ari_db_enter(stream->handle, &closed);
    if (db == NULL) {
        if (err != NULL)
            *err = closed;
        return closed.status;
    }
    ar_status status = ari_db_run(db, op, err);
    ari_db_leave(db);
    return status;
}

static ar_status run_next(ari_stream *stream, ar_error *err)
{
    ari_op *op = ari_stream_next_op(stream, AR_OP_FETCH);
    if (op == NULL)
        return ar_error_set(err, AR_E_NO_MEMORY, "streaming rows: there is no memory left for more");
    stream->cursor = NULL;
    ar_status status = run(stream, op, err);
    if (status == AR_OK)
        status = ari_stream_deliver(stream, op, NULL, NULL, err);
    ari_op_release(op);
    return status;
}

static void close_cursor(ari_stream *stream)
{
    ari_op *op = stream->cursor != NULL && stream->own == NULL ? ari_stream_next_op(stream, AR_OP_CLOSE_CURSOR) : NULL;
    if (op == NULL)
        return; /* without memory it lives until the transaction ends */
    ar_ignore(run(stream, op, NULL));
    ari_op_release(op);
}

static ar_status end(ari_stream *stream, ar_status status, ar_error *err)
{
    close_cursor(stream);
    ari_stream_fini(stream);
    if (stream->own == NULL)
        return status;
    if (status == AR_OK)
        return ar_tx_commit(&stream->own, err);
    ar_ignore(ar_tx_rollback(&stream->own, NULL));
    return status;
}

ar_status ari_stream_run(ari_stream *stream, ar_query *query, const ar_model *model, ar_error *err)
{
    ar_status status = ari_stream_open(stream, query, model, false, err);
    if (status != AR_OK)
        return status;
    status = run(stream, stream->first, err);
    if (status == AR_OK)
        status = ari_stream_deliver(stream, stream->first, NULL, NULL, err);
    while (status == AR_OK && stream->cursor != NULL)
        status = run_next(stream, err);
    return end(stream, status, err);
}

ar_status ar_query_stream(ar_query *query, const ar_model *model, ar_stream_call call, void (*fn)(void), void *arg,
                          ar_error *err)
{
    ari_stream stream = { .call = call, .fn = fn, .arg = arg };
    if (model == NULL || call == NULL || fn == NULL) {
        ar_query_free(query);
        return ar_error_set(err, AR_E_INVALID, "streaming rows: %s is NULL",
                            model == NULL ? "the model" : "the function");
    }
    return ari_stream_run(&stream, query, model, err);
}
