/* SPDX-License-Identifier: MIT */
#ifndef ORM_QUERY_RUN_H
#define ORM_QUERY_RUN_H

#include "orm/hydrate.h"
#include "orm/query.h"
#include "orm/rows.h"

/* A query on its way: the payload of its operation, which owns the query from then on. */
typedef struct ari_query_run {
    ari_hydrate hydrate; /* first: asks for records */
    ari_ask ask;
    ar_query *query;
    const ar_statement *statement;
    const ar_model *model;
    ar_rows *rows;  /* ARI_ASK_ROWS; NULL once taken */
    bool scoped;    /* they go to a scope */
    int64_t number; /* ARI_ASK_COUNT, ARI_ASK_EXISTS */
} ari_query_run;

static inline ari_query_run *ari_query_run_of(ari_op *op)
{
    return (ari_query_run *)(void *)op->payload;
}

/* Makes the operation of `query` for `ask`; `model` is that of the records, NULL for other asks. Takes the query, also
 * on error. On AR_OK *db is entered. */
ar_status ari_query_run_create(ar_query *query, ari_ask ask, const ar_model *model, ari_db **db, ari_op **op,
                               ar_error *err);

/* The same, run to its end. On AR_OK *op is the caller's to read and release, and *db is entered. */
ar_status ari_query_run_here(ar_query *query, ari_ask ask, const ar_model *model, ari_db **db, ari_op **op,
                             ar_error *err);

/* Asks for rows, and hands them over. */
ar_status ari_query_run_rows(ar_query *query, ari_ask ask, ar_rows **rows, ar_error *err);

/* The same, sent: a future that is the operation, or one that has failed. */
ar_future *ari_query_submit(ar_query *query, ari_ask ask, const ar_model *model);

#endif
