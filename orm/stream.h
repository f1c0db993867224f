/* SPDX-License-Identifier: MIT */
#ifndef ORM_STREAM_H
#define ORM_STREAM_H

#include <actrec/terminal.h>

#include "orm/query_run.h"

/* A stream of records, some at a time: a cursor in a transaction, that of the query's handle or one of its own. See
 * orm/stream.c. */
typedef struct ari_stream {
    bool untyped; /* rows without a model: the function is called with an ari_row_at */
    ari_op
        *first; /* the operation that opens the cursor; it owns the query, and the hydration that all operations use */
    ar_db *own; /* the transaction of its own; NULL: none */
    ar_db *handle; /* what operations go through */
    void *cursor;  /* NULL: there are no more rows */
    ar_stream_call call;
    void (*fn)(void);
    void *arg;
} ari_stream;

/* A row of a stream of untyped ones. */
typedef struct ari_row_at {
    const ar_rows *rows;
    size_t row;
} ari_row_at;

/* Prepares the stream's first operation, which is stream->first, with a reference. Takes the query. `model` NULL: untyped. `unheld`: nobody
 * waits. */
ar_status ari_stream_open(ari_stream *stream, ar_query *query, const ar_model *model, bool unheld, ar_error *err);

/* The operation for the rows that follow, and the one that lets go of the cursor. NULL: no memory. */
ari_op *ari_stream_next_op(const ari_stream *stream, ar_operation_kind kind);

/* Calls the function for each row that `op`, which is done, has read, until one says no or `stop` (may be NULL) says
 * so. */
ar_status ari_stream_deliver(ari_stream *stream, ari_op *op, bool (*stop)(void *stop_arg), void *stop_arg,
                             ar_error *err);

/* All of it: on this thread; with the function called on `executor`. They take the query. */
ar_status ari_stream_run(ari_stream *stream, ar_query *query, const ar_model *model, ar_error *err);
ar_done ari_stream_start(ari_stream *stream, ar_query *query, const ar_model *model, ar_executor *executor);

/* Frees what the stream holds, but for its transaction. */
void ari_stream_fini(ari_stream *stream);

#endif
