/* SPDX-License-Identifier: MIT */
#include "orm/script.h"

#include <stddef.h>

#include "orm/query_run.h"
#include "orm/scope.h"
#include "values/memory.h"

/* Design. A script is a future that works for itself. Its class says what to do; what is done is an operation or the
 * end of a transaction. ari_script_run does that on the calling thread, one after the other, and the future is never
 * started. ari_script_start hands each to the database and has a then on its future, on the executor, come back here:
 * nothing of one script ever runs at the same time as anything else of it. It has a reference of its own until it ends.
 * A wish to cancel is looked at before each operation, and is an error like any other to the class, which then ends
 * what it began. */

static void close_transactions(ari_script *script)
{
    ar_db **open[] = { &script->tx, &script->lock };
    for (size_t i = 0; i < 2; i++) {
        if (*open[i] == NULL)
            continue;
        ar_done done = ar_tx_rollback_async(open[i]);
        ar_future_drop(&done.raw);
    }
}

static void free_results(ari_script *script)
{
    ar_rows_free(script->rows);
    script->rows = NULL;
    script->changes = 0;
}

static void destroy(ar_future *future)
{
    ari_script *script = (ari_script *)future;
    close_transactions(script);
    free_results(script);
    ar_query_free(script->query);
    if (script->class->fini != NULL)
        script->class->fini(script);
    ari_release(script->env, script);
}

static const ari_future_class script_future = { .destroy = destroy };

ar_status ari_script_create(ar_db *handle, const ari_script_class *class, ari_script **out, ar_error *err)
{
    ar_error error;
    ari_db *db = ari_db_enter(handle, &error);
    *out = NULL;
    if (db == NULL) {
        if (err != NULL)
            *err = error;
        return error.status;
    }
    ari_script *script = ari_allocate_zero(ari_db_env(db), class->size);
    if (script == NULL) {
        ari_db_leave(db);
        return ar_error_set(err, AR_E_NO_MEMORY, "working on a schema: there is no memory left for it");
    }
    ari_future_init(&script->future, &script_future, ari_db_runtime(db), 1);
    script->class = class;
    script->env = ari_db_env(db);
    script->dialect = ari_db_dialect(db);
    script->db = handle;
    script->in_transaction = ari_db_in_transaction(db);
    ari_db_leave(db);
    *out = script;
    return AR_OK;
}

void ari_script_release(ari_script *script)
{
    if (script != NULL)
        ari_future_unref(&script->future);
}

ari_script *ari_script_of(ar_future *future, const ari_script_class *class)
{
    if (future == NULL || future->class != &script_future || ((ari_script *)future)->class != class)
        return NULL;
    return (ari_script *)future;
}

/* --- what a class asks for --- */

void ari_script_begin(ari_script *script, const ar_tx_options *options)
{
    script->tx = ari_transaction_begin(script->db, options, script->unheld);
}

ari_clause *ari_script_query(ari_script *script, ar_db *handle, ar_statement_class statement_class)
{
    ar_query *query = ari_query_new(script->env, handle, script->dialect, NULL);
    ar_query_free(script->query);
    script->query = query;
    if (query->fixed)
        return NULL;
    query->raw = true;
    query->statement_class = statement_class;
    return &query->where;
}

/* --- doing it --- */

static ari_act next(ari_script *script)
{
    ari_act act = script->class->next(script);
    free_results(script);
    return act;
}

static bool is_query(ari_act act)
{
    return act == ARI_ACT_ROWS || act == ARI_ACT_EXEC;
}

/* On AR_OK the operation of the query is the caller's, and *db is entered. */
static ar_status make_op(ari_script *script, ari_act act, ari_db **db, ari_op **op, ar_error *err)
{
    ar_query *query = script->query;
    int64_t timeout_ms = script->timeout_ms;
    script->query = NULL;
    script->timeout_ms = 0;
    ar_status status =
        ari_query_run_create(query, act == ARI_ACT_ROWS ? ARI_ASK_ROWS : ARI_ASK_EXEC, NULL, db, op, err);
    if (status == AR_OK && timeout_ms > 0)
        (*op)->operation.deadline = ari_deadline_after(ari_db_runtime(*db), timeout_ms);
    return status;
}

/* What was read is the script's own, whichever scope it was read through. */
static void take_results(ari_script *script, ari_op *op)
{
    ari_query_run *run = ari_query_run_of(op);
    script->changes = op->operation.changes;
    script->rows = run->rows;
    run->rows = NULL;
}

static ar_status run_query(ari_script *script, ari_act act)
{
    ari_db *db;
    ari_op *op = NULL;
    ar_status status = make_op(script, act, &db, &op, &script->error);
    if (status != AR_OK)
        return status;
    status = ari_db_run(db, op, &script->error);
    if (status == AR_OK)
        take_results(script, op);
    ari_op_release(op);
    ari_db_leave(db);
    return status;
}

static ar_status do_now(ari_script *script, ari_act act)
{
    switch (act) {
    case ARI_ACT_ROWS:
    case ARI_ACT_EXEC: return run_query(script, act);
    case ARI_ACT_COMMIT: return ar_tx_commit(&script->tx, &script->error);
    case ARI_ACT_ROLLBACK: return ar_tx_rollback(&script->tx, &script->error);
    case ARI_ACT_UNLOCK: return ar_tx_rollback(&script->lock, &script->error);
    case ARI_ACT_END: break;
    }
    return AR_OK;
}

ar_status ari_script_run(ari_script *script, ar_error *err)
{
    ari_act act;
    while ((act = next(script)) != ARI_ACT_END)
        script->status = do_now(script, act);
    if (script->status != AR_OK && err != NULL)
        *err = script->error;
    return script->status;
}

static ar_future *submit_query(ari_script *script, ari_act act)
{
    ari_db *db;
    ari_op *op = NULL;
    ar_error error;
    ar_status status = make_op(script, act, &db, &op, &error);
    if (status != AR_OK)
        return ari_future_failed(script->future.runtime, status, &error);
    ar_future *future = ari_db_submit(db, op);
    ari_db_leave(db);
    return future;
}

static ar_future *submit(ari_script *script, ari_act act)
{
    if (is_query(act))
        return submit_query(script, act);
    if (act == ARI_ACT_UNLOCK)
        return ar_tx_rollback_async(&script->lock).raw;
    return (act == ARI_ACT_COMMIT ? ar_tx_commit_async(&script->tx) : ar_tx_rollback_async(&script->tx)).raw;
}

static bool is_cancelled(ari_script *script, ari_act act)
{
    if (!is_query(act) || !ari_future_is_cancelled(&script->future))
        return false;
    ar_query_free(script->query);
    script->query = NULL;
    script->status = ar_error_set(&script->error, AR_E_CANCELLED, "working on a schema: it was cancelled");
    return true;
}

static void drive(ari_script *script);

static void on_done(void (*fn)(void), void *arg, ar_future *future)
{
    ari_script *script = arg;
    (void)fn;
    script->status = ari_future_outcome(future, &script->error);
    if (script->status == AR_OK && is_query(script->act))
        take_results(script, ari_op_of(future));
    drive(script);
}

static void finish(ari_script *script)
{
    ari_future_finish(&script->future, script->status, script->status == AR_OK ? NULL : &script->error);
    ari_future_unref(&script->future);
}

/* There was no memory to come back on the executor: on the thread that completes it, what is under way is awaited all
 * the same, and then the script ends. */
static void on_done_late(ari_future_observer *observer, ar_future *future)
{
    ari_script *script = (ari_script *)(void *)((char *)observer - offsetof(ari_script, observer));
    script->status = ari_future_outcome(future, &script->error);
    if (script->status == AR_OK && is_query(script->act))
        script->status = ar_error_set(&script->error, AR_E_NO_MEMORY, "working on a schema: there is no memory left");
    drive(script);
    ari_future_unref(future);
}

static void drive(ari_script *script)
{
    ar_future *future, *kept;
    do {
        script->act = next(script);
    } while (is_cancelled(script, script->act));
    if (script->act == ARI_ACT_END) {
        finish(script);
        return;
    }
    future = submit(script, script->act);
    kept = ari_future_ref(future);
    ar_status status = ar_future_then_with(&future, script->executor, on_done, (void (*)(void))on_done, script, NULL);
    if (status == AR_OK) { /* on_done may have freed the script already */
        ari_future_unref(kept);
        return;
    }
    script->observer.notify = on_done_late;
    ari_future_observe(kept, &script->observer);
}

ar_future *ari_script_start(ari_script *script, ar_executor *executor)
{
    script->unheld = true;
    script->executor = executor != NULL ? executor : ar_runtime_executor(script->future.runtime);
    if (script->executor == NULL) {
        ar_error error;
        ar_status status = ar_error_set(&error, AR_E_NO_MEMORY, "working on a schema: there are no workers to be had");
        ari_future_finish(&script->future, status, &error);
        return &script->future;
    }
    ari_future_start(&script->future);
    ari_future_ref(&script->future);
    drive(script);
    return &script->future;
}
