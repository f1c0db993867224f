/* SPDX-License-Identifier: MIT */
#include <actrec/terminal.h>

#include "orm/eager.h"
#include "orm/query_run.h"

/* The ends of a query that read records. How its operation lives says orm/query_run.c; how rows become records,
 * orm/hydrate.c. */

static ar_status refuse(ar_query *query, const ar_model *model, ar_error *err)
{
    ar_query_free(query);
    return ar_error_set(err, AR_E_INVALID, "reading records: %s is NULL", model == NULL ? "the model" : "out");
}

static ar_status read_one(ar_query *query, ari_ask ask, const ar_model *model, void **out, ar_error *err)
{
    ari_db *db;
    ari_op *op;
    if (out != NULL)
        *out = NULL;
    if (model == NULL || out == NULL)
        return refuse(query, model, err);
    if (ari_query_is_eager(query)) {
        ar_future *future = ari_eager_submit(query, ask, model);
        return ar_record_await(&future, -1, out, err);
    }
    ar_status status = ari_query_run_here(query, ask, model, &db, &op, err);
    if (status != AR_OK)
        return status;
    status = ari_hydrate_take_record(&ari_query_run_of(op)->hydrate, out, err);
    ari_op_release(op);
    ari_db_leave(db);
    return status;
}

static ar_future *submit(ar_query *query, ari_ask ask, const ar_model *model)
{
    ar_error error;
    if (model != NULL && ari_query_is_eager(query))
        return ari_eager_submit(query, ask, model);
    if (model != NULL)
        return ari_query_submit(query, ask, model);
    ar_status status = refuse(query, model, &error);
    return ari_future_failed(NULL, status, &error);
}

ar_status ar_query_one(ar_query *query, const ar_model *model, void **out, ar_error *err)
{
    return read_one(query, ARI_ASK_ONE, model, out, err);
}

ar_future *ar_query_one_async(ar_query *query, const ar_model *model)
{
    return submit(query, ARI_ASK_ONE, model);
}

ar_status ar_query_first(ar_query *query, const ar_model *model, void **out, ar_error *err)
{
    return read_one(query, ARI_ASK_FIRST, model, out, err);
}

ar_future *ar_query_first_async(ar_query *query, const ar_model *model)
{
    return submit(query, ARI_ASK_FIRST, model);
}

ar_status ar_query_all(ar_query *query, const ar_model *model, ar_record_list *out, ar_error *err)
{
    ari_db *db;
    ari_op *op;
    if (out != NULL)
        *out = (ar_record_list){ .items = NULL, .count = 0, .raw = NULL };
    if (model == NULL || out == NULL)
        return refuse(query, model, err);
    if (ari_query_is_eager(query)) {
        ar_future *future = ari_eager_submit(query, ARI_ASK_RECORDS, model);
        return ar_record_list_await(&future, -1, out, err);
    }
    ar_status status = ari_query_run_here(query, ARI_ASK_RECORDS, model, &db, &op, err);
    if (status != AR_OK)
        return status;
    status = ari_hydrate_take_list(&ari_query_run_of(op)->hydrate, out, err);
    ari_op_release(op);
    ari_db_leave(db);
    return status;
}

ar_future *ar_query_all_async(ar_query *query, const ar_model *model)
{
    return submit(query, ARI_ASK_RECORDS, model);
}
