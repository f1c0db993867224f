/* SPDX-License-Identifier: MIT */
#include <actrec/row.h>

#include "orm/stream.h"

/* Streams of untyped rows: those of orm/stream.c, whose batches are rows of a table and no records. */

static ar_status call_row(void (*fn)(void), void *arg, void *row, ar_error *err)
{
    const ari_row_at *at = row;
    return ((ar_rows_row_fn)fn)(arg, at->rows, at->row, err);
}

static ari_stream stream_of(ar_rows_row_fn fn, void *arg)
{
    return (ari_stream){ .call = call_row, .fn = (void (*)(void))fn, .arg = arg };
}

static ar_status refuse(ar_query *query, const char *what, ar_error *err)
{
    ar_query_free(query);
    return ar_error_set(err, AR_E_INVALID, "streaming rows: %s is NULL", what);
}

ar_status ar_query_rows_stream(ar_query *query, ar_rows_row_fn fn, void *arg, ar_error *err)
{
    ari_stream stream = stream_of(fn, arg);
    return fn != NULL ? ari_stream_run(&stream, query, NULL, err) : refuse(query, "the function", err);
}

ar_done ar_query_rows_stream_async(ar_query *query, ar_executor *executor, ar_rows_row_fn fn, void *arg)
{
    ari_stream stream = stream_of(fn, arg);
    ar_error error;
    if (executor != NULL && fn != NULL)
        return ari_stream_start(&stream, query, NULL, executor);
    ar_status status = refuse(query, executor == NULL ? "the executor" : "the function", &error);
    return (ar_done){ ari_future_failed(NULL, status, &error) };
}
