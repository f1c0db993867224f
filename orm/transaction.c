/* SPDX-License-Identifier: MIT */
#include <stddef.h>

#include "orm/scope.h"
#include "values/memory.h"

/* A transaction is a scope with a lease; one begun on a transaction is a savepoint on the same lease. BEGIN is sent by the lease, with the first operation, and
 * SAVEPOINT by ari_transaction_ready, likewise. A savepoint is numbered within its lease. What records have to undo when it is rolled back hangs on the
 * transaction; releasing a savepoint hands it on to the one around it. */

static ar_status open_lease(ari_db *tx, bool unheld, ar_error *err)
{
    ari_lease_options options = {.read_only = tx->options.read_only,
                                 .allow_outside = tx->options.allow_outside,
                                 .unheld = unheld,
                                 .deadline = tx->deadline};
    tx->lease = ari_lease_create(tx->pool, &options);
    return tx->lease != NULL ? AR_OK : ar_error_set(err, AR_E_NO_MEMORY, "beginning a transaction: out of memory");
}

static void set_attempt_deadline(ari_db *tx)
{
    tx->deadline = tx->parent->deadline;
    if (tx->options.timeout_ms > 0) {
        int64_t deadline = ari_deadline_after(ari_pool_runtime(tx->pool), tx->options.timeout_ms);
        tx->deadline = deadline < tx->deadline ? deadline : tx->deadline;
    }
}

static ari_db *outermost(ari_db *tx)
{
    while (tx->parent->transaction != NULL)
        tx = tx->parent->transaction;
    return tx;
}

ar_db *ar_tx_begin(ar_db *db, const ar_tx_options *options)
{
    return ari_transaction_begin(db, options, false);
}

ar_db *ari_transaction_begin(ar_db *db, const ar_tx_options *options, bool unheld)
{
    static const ar_tx_options defaults;
    ar_error                   error = {.status = AR_OK};
    ari_db                    *parent = ari_db_enter(db, &error);
    if (options == NULL)
        options = &defaults;
    if (parent == NULL)
        return (ar_db *)ari_handle_of_error((unsigned)error.status);
    if (options->timeout_ms < 0 || options->retries < 0) {
        ari_db_leave(parent);
        return (ar_db *)ari_handle_of_error(AR_E_INVALID);
    }
    ari_db *tx = ari_db_create(ari_db_env(parent), parent->pool, ARI_TRANSACTION, parent);
    if (tx == NULL) {
        ari_db_leave(parent);
        return (ar_db *)ari_handle_of_error(AR_E_NO_MEMORY);
    }
    tx->options = *options;
    tx->attempts_left = options->retries;
    tx->transaction = tx;
    set_attempt_deadline(tx);
    if (parent->transaction != NULL) {
        tx->options.read_only = tx->options.read_only || parent->transaction->options.read_only;
        tx->lease = parent->transaction->lease;
        tx->savepoint = ++outermost(tx)->last_savepoint;
        if (!options->allow_outside)
            atomic_fetch_add(&parent->transaction->open_savepoints, 1);
        return (ar_db *)tx->handle;
    }
    if (open_lease(tx, unheld, NULL) != AR_OK) {
        ar_db *handle = (ar_db *)tx->handle;
        ar_db_close(&handle);
        return (ar_db *)ari_handle_of_error(AR_E_NO_MEMORY);
    }
    return (ar_db *)tx->handle;
}

static ar_status savepoint_operation(ari_db *tx, ar_operation_kind kind, bool blocking, ar_error *err)
{
    ari_op *op = ari_op_create(tx->pool, 0);
    if (op == NULL)
        return ar_error_set(err, AR_E_NO_MEMORY, "using a savepoint: out of memory");
    op->operation.kind = kind;
    op->operation.savepoint = tx->savepoint;
    if (kind == AR_OP_SAVEPOINT)
        op->operation.deadline = tx->deadline;
    if (blocking) {
        ar_status status = ari_pool_run(tx->pool, tx->lease, op, err);
        ari_op_release(op);
        return status;
    }
    ar_future *future = ari_pool_submit(tx->pool, tx->lease, op); /* if it fails, what comes after it is refused */
    ar_future_drop(&future);
    return AR_OK;
}

ar_status ari_transaction_ready(ari_db *transaction, bool blocking, ar_error *err)
{
    if (transaction->savepoint == 0 || transaction->savepoint_sent)
        return AR_OK;
    ari_db   *around = transaction->parent->transaction;
    ar_status status = ari_transaction_ready(around, blocking, err);
    if (status != AR_OK)
        return status;
    status = savepoint_operation(transaction, AR_OP_SAVEPOINT, blocking, err);
    transaction->savepoint_sent = status == AR_OK;
    return status;
}

/* --- undo --- */

void ari_db_on_rollback(ari_db *db, ari_undo *undo)
{
    ari_db *tx = db->transaction;
    if (tx == NULL) {
        undo->free(undo);
        return;
    }
    pthread_mutex_lock(&tx->lock);
    undo->next = tx->undos;
    tx->undos = undo;
    pthread_mutex_unlock(&tx->lock);
}

static ari_undo *take_undos(ari_db *tx)
{
    pthread_mutex_lock(&tx->lock);
    ari_undo *undos = tx->undos;
    tx->undos = NULL;
    pthread_mutex_unlock(&tx->lock);
    return undos;
}

static void run_undos(ari_db *tx, bool rolled_back)
{
    ari_undo *undo = take_undos(tx);
    while (undo != NULL) {
        ari_undo *next = undo->next;
        if (rolled_back)
            undo->undo(undo);
        undo->free(undo);
        undo = next;
    }
}

/* A savepoint was released: what it would undo is now for the transaction around it to undo, before what that did earlier. */
static void hand_undos_on(ari_db *tx)
{
    ari_db    *around = tx->parent->transaction;
    ari_undo  *undos = take_undos(tx);
    ari_undo **end = &undos;
    while (*end != NULL)
        end = &(*end)->next;
    pthread_mutex_lock(&around->lock);
    *end = around->undos;
    around->undos = undos;
    pthread_mutex_unlock(&around->lock);
}

static void settle_undos(ari_db *tx, bool committed)
{
    if (committed && tx->savepoint != 0)
        hand_undos_on(tx);
    else
        run_undos(tx, !committed);
}

/* --- the end --- */

static void let_lease_go(ari_db *tx)
{
    if (tx->savepoint == 0 && tx->lease != NULL)
        ari_lease_release(tx->lease);
    tx->lease = NULL;
}

static ar_status end_savepoint(ari_db *tx, bool commit, bool blocking, ar_error *err)
{
    ar_status status = AR_OK;
    if (!tx->options.allow_outside)
        atomic_fetch_sub(&tx->parent->transaction->open_savepoints, 1);
    if (!tx->savepoint_sent)
        return AR_OK;
    if (!commit)
        status = savepoint_operation(tx, AR_OP_ROLLBACK_TO, blocking, err);
    if (status == AR_OK)
        status = savepoint_operation(tx, AR_OP_RELEASE, blocking, err);
    if (status != AR_OK && commit) {
        ar_ignore(savepoint_operation(tx, AR_OP_ROLLBACK_TO, blocking, NULL));
        ar_ignore(savepoint_operation(tx, AR_OP_RELEASE, blocking, NULL));
    }
    return status;
}

/* Ends the attempt in the database; waits. */
static ar_status end_attempt(ari_db *tx, bool commit, ar_error *err)
{
    ari_scope_close_children(tx);
    ari_scope_stop_operations(tx);
    ar_status status;
    if (tx->savepoint != 0)
        status = end_savepoint(tx, commit, true, err);
    else
        status = commit ? ari_lease_commit_wait(tx->lease, err) : ari_lease_rollback_wait(tx->lease, err);
    settle_undos(tx, commit && status == AR_OK);
    let_lease_go(tx);
    return status;
}

void ari_transaction_abandon(ari_db *db)
{
    if (db->lease != NULL)
        ar_ignore(end_attempt(db, false, NULL));
}

/* Enters a transaction that is to be ended by this call, and takes its handle out of use when `last`. */
static ari_db *enter_transaction(ar_db **tx, ar_status *status, ar_error *err)
{
    ar_error error = {.status = AR_OK};
    ari_db  *entered = tx == NULL ? NULL : ari_db_enter(*tx, &error);
    if (tx == NULL)
        ar_error_set(&error, AR_E_INVALID, "ending a transaction: no handle was given");
    if (entered != NULL && entered->kind != ARI_TRANSACTION) {
        ar_error_set(&error, AR_E_INVALID, "ending a transaction: the handle is that of a database or a scope");
        ari_db_leave(entered);
        entered = NULL;
    }
    *status = error.status;
    if (entered == NULL && err != NULL)
        *err = error;
    return entered;
}

static void close_handle(ar_db **tx, ari_db *entered)
{
    *tx = NULL;
    if (ari_scope_begin_close(entered)) {
        ari_scope_fini(entered);
        ari_db_leave(entered);
    }
    ari_db_leave(entered);
}

static ar_status end_now(ar_db **tx, bool commit, ar_error *err)
{
    ar_status status = AR_OK;
    ari_db   *entered = enter_transaction(tx, &status, err);
    if (entered == NULL)
        return status;
    status = end_attempt(entered, commit, err);
    close_handle(tx, entered);
    return status;
}

ar_status ar_tx_commit(ar_db **tx, ar_error *err)
{
    return end_now(tx, true, err);
}

ar_status ar_tx_rollback(ar_db **tx, ar_error *err)
{
    return end_now(tx, false, err);
}

static bool is_conflict(ar_status status, const ar_error *err)
{
    return status == AR_E_CONFLICT || (err != NULL && err->status == status && err->retryable);
}

/* Exponential backoff from 1 ms up to 128 ms, of which half is drawn, and never past the deadline. */
static void back_off(const ari_db *tx)
{
    const ar_env *env = ari_pool_env(tx->pool);
    unsigned      shift = tx->attempt < 7 ? tx->attempt : 7;
    uint64_t      most = UINT64_C(1000) << shift;
    int64_t       until = env->now(env->ctx) + (int64_t)(most / 2 + env->random(env->ctx) % (most / 2));
    uint32_t      word = 0;
    if (until > tx->parent->deadline)
        until = tx->parent->deadline;
    while (env->now(env->ctx) < until)
        env->wait(env->ctx, &word, 0, until);
}

static bool try_again(ari_db *tx, ar_status *status, ar_error *err)
{
    const ar_env *env = ari_pool_env(tx->pool);
    if (tx->savepoint != 0 || tx->attempts_left == 0 || !is_conflict(*status, err))
        return false;
    if (tx->parent->deadline != INT64_MAX && env->now(env->ctx) >= tx->parent->deadline)
        return false;
    tx->attempts_left--;
    back_off(tx);
    tx->attempt++;
    tx->last_savepoint = 0;
    set_attempt_deadline(tx);
    ar_error  error;
    ar_status opened = open_lease(tx, false, &error);
    if (opened == AR_OK)
        return true;
    *status = opened;
    if (err != NULL)
        *err = error;
    return false;
}

bool ar_tx_finish(ar_db **tx, ar_status *status, ar_error *err)
{
    ar_status entered_status = AR_OK;
    if (status == NULL) {
        ar_error_set(err, AR_E_INVALID, "finishing a transaction: `status` is NULL");
        return false;
    }
    ari_db *entered = enter_transaction(tx, &entered_status, *status == AR_OK ? err : NULL);
    if (entered == NULL) {
        *status = *status == AR_OK ? entered_status : *status;
        if (tx != NULL)
            *tx = NULL;
        return false;
    }
    bool commit = *status == AR_OK;
    ar_status ended = end_attempt(entered, commit, commit ? err : NULL);
    ari_scope_free_owned(entered);
    if (commit)
        *status = ended;
    if (try_again(entered, status, err)) {
        ari_db_leave(entered);
        return true;
    }
    close_handle(tx, entered);
    return false;
}

/* --- asynchronously --- */

/* Runs where the result is taken, or not at all when the future is dropped. */
static void collect_end(ari_op *op)
{
    ari_db *tx = op->owner;
    bool    committed = op->operation.kind != AR_OP_ROLLBACK && op->operation.kind != AR_OP_ROLLBACK_TO && op->future.status == AR_OK;
    op->owner = NULL;
    settle_undos(tx, committed);
    let_lease_go(tx);
    ari_scope_fini(tx);
    ari_db_leave(tx);
}

/* Nobody took the result: what is owned is freed, records stay as they are. */
static void destroy_end(ari_op *op)
{
    ari_db *tx = op->owner;
    if (tx == NULL)
        return;
    run_undos(tx, false);
    let_lease_go(tx);
    ari_scope_fini(tx);
    ari_db_leave(tx);
}

static ar_future *end_async(ari_db *tx, bool commit)
{
    if (tx->savepoint == 0) {
        ari_op *op = ari_lease_end_op(tx->lease);
        op->owner = tx;
        op->collect = collect_end;
        op->destroy = destroy_end;
        return commit ? ari_lease_commit(tx->lease) : ari_lease_rollback(tx->lease);
    }
    ari_op *op = ari_op_create(tx->pool, 0);
    if (op == NULL) {
        ar_error error;
        ar_status status = end_savepoint(tx, false, false, &error);
        run_undos(tx, true);
        tx->lease = NULL;
        ari_scope_fini(tx);
        ari_db_leave(tx);
        return ari_future_failed(ari_pool_runtime(tx->pool), status == AR_OK ? AR_E_NO_MEMORY : status, NULL);
    }
    op->operation.kind = commit ? AR_OP_RELEASE : AR_OP_ROLLBACK_TO;
    op->operation.savepoint = tx->savepoint;
    op->owner = tx;
    op->collect = collect_end;
    op->destroy = destroy_end;
    if (!tx->options.allow_outside)
        atomic_fetch_sub(&tx->parent->transaction->open_savepoints, 1);
    if (tx->savepoint_sent)
        return ari_pool_submit(tx->pool, tx->lease, op);
    ari_future_finish(&op->future, AR_OK, NULL);
    return &op->future;
}

static ar_done end_later(ar_db **tx, bool commit)
{
    ar_error  error = {.status = AR_OK};
    ar_status status = AR_OK;
    ari_db   *entered = enter_transaction(tx, &status, &error);
    if (entered == NULL)
        return (ar_done){ari_future_failed(NULL, status, &error)};
    *tx = NULL;
    if (!ari_scope_begin_close(entered)) {
        ari_db_leave(entered);
        return (ar_done){ari_future_failed(NULL, ar_error_set(&error, AR_E_CLOSED, "the transaction was closed"), &error)};
    }
    ar_done done = {end_async(entered, commit)};
    ari_db_leave(entered);
    return done;
}

ar_done ar_tx_commit_async(ar_db **tx)
{
    return end_later(tx, true);
}

ar_done ar_tx_rollback_async(ar_db **tx)
{
    return end_later(tx, false);
}
