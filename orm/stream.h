/* SPDX-License-Identifier: MIT */
#ifndef ORM_STREAM_H
#define ORM_STREAM_H

#include <actrec/terminal.h>

#include "orm/query_run.h"

/* A stream of records, some at a time: a cursor in a transaction, that of the query's handle or one of its own. See
 * orm/stream.c. */
typedef struct ari_stream {
    ari_op
        *first; /* the operation that opens the cursor; it owns the query, and the hydration that all operations use */
    ar_db *own; /* the transaction of its own; NULL: none */
    ar_db *handle; /* what operations go through */
    void *cursor;  /* NULL: there are no more rows */
    ar_stream_call call;
    void (*fn)(void);
    void *arg;
} ari_stream;

/* Prepares the stream's first operation, which is stream->first, with a reference. Takes the query. `unheld`: nobody
 * waits. */
ar_status ari_stream_open(ari_stream *stream, ar_query *query, const ar_model *model, bool unheld, ar_error *err);

/* The operation for the rows that follow, and the one that lets go of the cursor. NULL: no memory. */
ari_op *ari_stream_next_op(const ari_stream *stream, ar_operation_kind kind);

/* Calls the function for each row that `op`, which is done, has read, until one says no or `stop` (may be NULL) says
 * so. */
ar_status ari_stream_deliver(ari_stream *stream, ari_op *op, bool (*stop)(void *stop_arg), void *stop_arg,
                             ar_error *err);

/* Frees what the stream holds, but for its transaction. */
void ari_stream_fini(ari_stream *stream);

#endif
