/* SPDX-License-Identifier: MIT */
#include "orm/query_run.h"

#include <assert.h>

#include <actrec/inspect.h>

#include "orm/statement.h"

/* Design. A terminal turns its query into one operation, which owns the query (the values lie in its arena), the
 * statement and what is read, and frees them in `destroy`. The synchronous terminals run it and read the results out of
 * it, the asynchronous ones submit it and give its future away; whoever awaits takes the results out of it then. Sinks
 * and `settle` run on the thread that runs the connection, all else on the caller's. */

static void destroy(ari_op *op)
{
    ari_query_run *run = ari_query_run_of(op);
    ari_hydrate_fini(&run->hydrate);
    ar_rows_free(run->rows);
    ari_statement_unref(run->statement);
    ar_query_free(run->query);
}

static ar_status settle_count(ari_op *op, const char *name, ar_error *err)
{
    ari_query_run *run = ari_query_run_of(op);
    if (run->hydrate.count == 0)
        return ar_error_set(err, AR_E_NOT_FOUND, "reading %s of %s: no row matches", name, run->model->name);
    if (run->ask == ARI_ASK_ONE && run->hydrate.count > 1)
        return ar_error_set(err, AR_E_INVALID,
                            "reading the one row of %s: more than one matches; narrow the query, or ask for the first",
                            run->model->name);
    return AR_OK;
}

static ar_status settle(ari_op *op, ar_status status, ar_error *err)
{
    ari_query_run *run = ari_query_run_of(op);
    if (status != AR_OK)
        return status;
    switch (run->ask) {
    case ARI_ASK_ONE: return settle_count(op, "the one row", err);
    case ARI_ASK_FIRST: return settle_count(op, "the first row", err);
    case ARI_ASK_COUNT:
    case ARI_ASK_EXISTS: op->future.value = run->number; return AR_OK;
    case ARI_ASK_UPDATE_ALL:
    case ARI_ASK_DELETE_ALL:
    case ARI_ASK_EXEC: op->future.value = op->operation.changes; return AR_OK;
    case ARI_ASK_RECORDS:
    case ARI_ASK_SCALAR:
    case ARI_ASK_EXPLAIN:
    case ARI_ASK_ROWS: return AR_OK;
    }
    return AR_OK;
}

static ar_status take_number(void *ctx, const ar_value *values, size_t count, ar_error *err)
{
    ari_query_run *run = ctx;
    (void)err;
    assert(count == 1);
    run->number = count == 1 && values[0].type == AR_TYPE_INT64 ? values[0].as.integer : 0;
    return AR_OK;
}

static void forget_number(void *ctx)
{
    ari_query_run *run = ctx;
    run->number = 0;
}

static const ar_sink number_sink = { .row = take_number, .restart = forget_number };

/* Columns that are the model's own, in its order, need no names. */
static bool is_plain(const ar_query *query, const ar_model *model)
{
    return query->model == model && query->selected.first == NULL && query->groups.first == NULL;
}

static ar_status prepare_records(ari_db *db, ari_op *op, ar_error *err)
{
    ari_query_run *run = ari_query_run_of(op);
    const ari_plan *plan;
    ar_status status = ari_plan_get(db, run->model, &plan, err);
    if (status != AR_OK)
        return status;
    uint32_t flags = run->ask == ARI_ASK_RECORDS ? ARI_HYDRATE_LIST : ARI_HYDRATE_ONE;
    if (!is_plain(run->query, run->model))
        flags |= ARI_HYDRATE_BY_NAME;
    ari_hydrate_init(&run->hydrate, db, run->query->db, plan, flags);
    op->operation.sink = &ari_hydrate_sink;
    op->operation.sink_ctx = &run->hydrate;
    return AR_OK;
}

static ar_status prepare_sink(ari_db *db, ari_op *op, ar_error *err)
{
    ari_query_run *run = ari_query_run_of(op);
    switch (run->ask) {
    case ARI_ASK_RECORDS:
    case ARI_ASK_FIRST:
    case ARI_ASK_ONE: return prepare_records(db, op, err);
    case ARI_ASK_SCALAR:
    case ARI_ASK_EXPLAIN:
    case ARI_ASK_ROWS:
        run->rows = ari_rows_create(ari_db_env(db));
        if (run->rows == NULL)
            return ar_error_set(err, AR_E_NO_MEMORY, "running a query: there is no memory left for its rows");
        op->operation.sink = &ari_rows_sink;
        op->operation.sink_ctx = run->rows;
        return AR_OK;
    case ARI_ASK_COUNT:
    case ARI_ASK_EXISTS:
        op->operation.sink = &number_sink;
        op->operation.sink_ctx = run;
        return AR_OK;
    case ARI_ASK_UPDATE_ALL:
    case ARI_ASK_DELETE_ALL:
    case ARI_ASK_EXEC: return AR_OK;
    }
    return AR_OK;
}

static ar_statement_class class_of(const ar_query *query, ari_ask ask)
{
    if (ask == ARI_ASK_UPDATE_ALL || ask == ARI_ASK_DELETE_ALL)
        return AR_STATEMENT_WRITE;
    if (query->lock != 0 && query->dialect->lock_for_update[0] != '\0')
        return AR_STATEMENT_WRITE; /* it must not be sent twice */
    if (query->model != NULL || ask == ARI_ASK_COUNT || ask == ARI_ASK_EXISTS)
        return AR_STATEMENT_READ;
    return query->statement_class;
}

static ar_status prepare_statement(ari_db *db, ari_op *op, ar_error *err)
{
    ari_query_run *run = ari_query_run_of(op);
    ar_query *query = run->query;
    ari_query_sql sql;
    ar_status status = ari_query_write(query, run->ask, run->model, &sql, err);
    if (status != AR_OK)
        return status;
    run->statement = ari_statement_get(ari_db_statements(db), sql.sql, sql.sql_length, (uint32_t)sql.value_count,
                                       class_of(query, run->ask), !query->raw && run->ask != ARI_ASK_EXPLAIN);
    ari_release(query->env, sql.sql);
    if (run->statement == NULL)
        return ar_error_set(err, AR_E_NO_MEMORY, "running a query: there is no memory left for its statement");
    op->operation.statement = run->statement;
    op->operation.parameters = sql.values;
    op->operation.wanted = sql.wanted;
    op->operation.wanted_count = sql.wanted_count;
    return AR_OK;
}

static ar_status check_models(ari_db *db, const ar_query *query, ari_ask ask, ar_error *err)
{
    const ari_plan *plan;
    ar_status status = ari_lock_check(db, query, ask, err);
    for (size_t i = 0; status == AR_OK && i < query->source_count; i++)
        status = ari_plan_get(db, query->sources[i].model, &plan, err);
    return status;
}

static ar_status create_op(ari_db *db, ar_query *query, ari_ask ask, const ar_model *model, ari_op **out, ar_error *err)
{
    ar_status status = check_models(db, query, ask, err);
    ari_op *op = status == AR_OK ? ari_op_create(ari_db_pool(db), sizeof(ari_query_run)) : NULL;
    if (op == NULL) {
        ar_query_free(query);
        return status != AR_OK ? status
                               : ar_error_set(err, AR_E_NO_MEMORY, "running a query: there is no memory left for it");
    }
    ari_query_run *run = ari_query_run_of(op);
    run->ask = ask;
    run->query = query;
    run->model = model;
    run->scoped = ari_db_is_scope(db);
    op->destroy = destroy;
    op->settle = settle;
    status = prepare_statement(db, op, err);
    if (status == AR_OK)
        status = prepare_sink(db, op, err);
    if (status == AR_OK)
        *out = op;
    else
        ari_op_release(op);
    return status;
}

static ar_status refuse(ar_query *query, const ar_error *error, ar_error *err)
{
    ar_status status = error->status;
    assert(status != AR_OK);
    if (err != NULL)
        *err = *error;
    ar_query_free(query);
    return status;
}

ar_status ari_query_run_create(ar_query *query, ari_ask ask, const ar_model *model, ari_db **db, ari_op **op,
                               ar_error *err)
{
    ar_error closed;
    if (query == NULL)
        return ar_error_set(err, AR_E_INVALID, "running a query: it is NULL");
    if (query->error.status != AR_OK)
        return refuse(query, &query->error, err);
    if (query->paths != NULL && ask != ARI_ASK_COUNT && ask != ARI_ASK_EXISTS) {
        ar_ignore(ar_error_set(&query->error, AR_E_INVALID,
                               "running a query on %s: what it includes comes with records, of ar_query_all, one and "
                               "first; leave it out, or load it for them",
                               query->model->name));
        return refuse(query, &query->error, err);
    }
    *db = ari_db_enter(query->db, &closed);
    if (*db == NULL)
        return refuse(query, &closed, err);
    ar_status status = create_op(*db, query, ask, model, op, err);
    if (status != AR_OK)
        ari_db_leave(*db);
    return status;
}

ar_future *ari_query_submit(ar_query *query, ari_ask ask, const ar_model *model)
{
    ar_error error = { .status = AR_OK };
    ari_db *db;
    ari_op *op = NULL;
    ar_status status = ari_query_run_create(query, ask, model, &db, &op, &error);
    if (status != AR_OK)
        return ari_future_failed(NULL, status, &error);
    ar_future *future = ari_db_submit(db, op);
    ari_db_leave(db);
    return future;
}

ar_status ari_query_run_here(ar_query *query, ari_ask ask, const ar_model *model, ari_db **db, ari_op **op,
                             ar_error *err)
{
    ar_status status = ari_query_run_create(query, ask, model, db, op, err);
    if (status != AR_OK)
        return status;
    status = ari_db_run(*db, *op, err);
    if (status == AR_OK)
        return AR_OK;
    ari_op_release(*op);
    ari_db_leave(*db);
    return status;
}

static ar_status run_number(ar_query *query, ari_ask ask, int64_t *number, ar_error *err)
{
    ari_db *db;
    ari_op *op = NULL;
    ar_status status = ari_query_run_here(query, ask, NULL, &db, &op, err);
    if (status != AR_OK)
        return status;
    *number = op->future.value;
    ari_op_release(op);
    ari_db_leave(db);
    return AR_OK;
}

static ar_status refuse_out(ar_query *query, const char *what, ar_error *err)
{
    ar_query_free(query);
    return ar_error_set(err, AR_E_INVALID, "running a query: %s is NULL", what);
}

ar_status ar_query_count(ar_query *query, int64_t *count, ar_error *err)
{
    return count != NULL ? run_number(query, ARI_ASK_COUNT, count, err) : refuse_out(query, "count", err);
}

ar_status ar_query_exists(ar_query *query, bool *exists, ar_error *err)
{
    int64_t number;
    if (exists == NULL)
        return refuse_out(query, "exists", err);
    ar_status status = run_number(query, ARI_ASK_EXISTS, &number, err);
    if (status == AR_OK)
        *exists = number != 0;
    return status;
}

ar_status ar_query_exec(ar_query *query, int64_t *changes, ar_error *err)
{
    int64_t number;
    ar_status status = run_number(query, ARI_ASK_EXEC, &number, err);
    if (status == AR_OK && changes != NULL)
        *changes = number;
    return status;
}

ar_int64_future ar_query_count_async(ar_query *query)
{
    return (ar_int64_future){ .raw = ari_query_submit(query, ARI_ASK_COUNT, NULL) };
}

ar_int64_future ar_query_exists_async(ar_query *query)
{
    return (ar_int64_future){ .raw = ari_query_submit(query, ARI_ASK_EXISTS, NULL) };
}

ar_int64_future ar_query_exec_async(ar_query *query)
{
    return (ar_int64_future){ .raw = ari_query_submit(query, ARI_ASK_EXEC, NULL) };
}

/* The rows of an operation that succeeded: the caller's from now on, or his scope's. */
static ar_rows *take_rows(ari_db *db, ari_op *op)
{
    ari_query_run *run = ari_query_run_of(op);
    ar_rows *rows = run->rows;
    run->rows = NULL;
    if (rows != NULL)
        ari_db_own(db, &rows->owned);
    return rows;
}

ar_status ari_query_run_rows(ar_query *query, ari_ask ask, ar_rows **rows, ar_error *err)
{
    ari_db *db;
    ari_op *op = NULL;
    if (rows == NULL)
        return refuse_out(query, "rows", err);
    *rows = NULL;
    ar_status status = ari_query_run_here(query, ask, NULL, &db, &op, err);
    if (status != AR_OK)
        return status;
    *rows = take_rows(db, op);
    ari_op_release(op);
    ari_db_leave(db);
    return AR_OK;
}

ar_status ar_query_rows(ar_query *query, ar_rows **rows, ar_error *err)
{
    return ari_query_run_rows(query, ARI_ASK_ROWS, rows, err);
}

ar_status ar_query_explain(ar_query *query, ar_rows **rows, ar_error *err)
{
    return ari_query_run_rows(query, ARI_ASK_EXPLAIN, rows, err);
}

ar_rows_future ar_query_explain_async(ar_query *query)
{
    return (ar_rows_future){ .raw = ari_query_submit(query, ARI_ASK_EXPLAIN, NULL) };
}

ar_rows_future ar_query_rows_async(ar_query *query)
{
    return (ar_rows_future){ .raw = ari_query_submit(query, ARI_ASK_ROWS, NULL) };
}

static bool gives_rows(ari_ask ask)
{
    return ask == ARI_ASK_ROWS || ask == ARI_ASK_SCALAR || ask == ARI_ASK_EXPLAIN;
}

/* The operation of a future of rows that is done with AR_OK. */
static ar_status rows_op(ar_future *future, ari_op **out, ar_error *err)
{
    ar_status status = ari_future_outcome(future, err);
    if (status != AR_OK)
        return status;
    *out = ari_op_of(future);
    if (*out == NULL || (*out)->destroy != destroy || !gives_rows(ari_query_run_of(*out)->ask))
        return ar_error_set(err, AR_E_INVALID, "awaiting rows: the future is not one of rows");
    return AR_OK;
}

static ar_status read_rows(ar_future *future, ar_rows **out, ar_error *err)
{
    ari_op *op = NULL;
    ar_status status = rows_op(future, &op, err);
    if (status != AR_OK)
        return status;
    ar_error closed;
    if (!ari_query_run_of(op)->scoped) {
        *out = ari_query_run_of(op)->rows;
        ari_query_run_of(op)->rows = NULL;
        return AR_OK;
    }
    ari_db *db = ari_db_enter(ari_query_run_of(op)->query->db, &closed);
    if (db == NULL)
        return ar_error_set(err, closed.status, "awaiting rows: the handle that they were asked through is closed");
    *out = take_rows(db, op);
    ari_db_leave(db);
    return AR_OK;
}

ar_status ar_rows_await_for(ar_rows_future *future, int64_t timeout_ms, ar_rows **out, ar_error *err)
{
    ar_future *done;
    if (out != NULL)
        *out = NULL;
    if (future == NULL || out == NULL) {
        if (future != NULL)
            ar_future_drop(&future->raw);
        return ar_error_set(err, AR_E_INVALID, "awaiting rows: %s is NULL", future == NULL ? "the future" : "rows");
    }
    ar_status status = ari_future_await(&future->raw, timeout_ms, &done, err);
    if (status == AR_E_PENDING || done == NULL)
        return status;
    status = read_rows(done, out, err);
    ari_future_unref(done);
    return status;
}

ar_status ar_rows_await(ar_rows_future *future, ar_rows **out, ar_error *err)
{
    return ar_rows_await_for(future, -1, out, err);
}

/* What a callback is given is its own: it may run beside the thread that the scope belongs to. */
static void call_rows(void (*fn)(void), void *arg, ar_future *future)
{
    ar_error error;
    ari_op *op = NULL;
    ar_rows *rows = NULL;
    ar_status status = rows_op(future, &op, &error);
    if (status == AR_OK) {
        rows = ari_query_run_of(op)->rows;
        ari_query_run_of(op)->rows = NULL;
    }
    ((ar_rows_fn)fn)(arg, status, rows, status == AR_OK ? NULL : &error);
}

ar_status ar_rows_then(ar_rows_future *future, ar_executor *executor, ar_rows_fn fn, void *arg, ar_error *err)
{
    return ar_future_then_with(future != NULL ? &future->raw : NULL, executor, call_rows, (void (*)(void))fn, arg, err);
}
