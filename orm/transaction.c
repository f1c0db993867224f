/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "orm/savepoint.h"
#include "orm/scope.h"
#include "values/memory.h"

/* A transaction is a scope with a lease; one begun on a transaction is a savepoint on the same lease. BEGIN is sent by the lease, with the first operation, and
 * SAVEPOINT by ari_transaction_ready, likewise. A savepoint is numbered within its lease. What records have to undo when it is rolled back hangs on the
 * transaction; releasing a savepoint hands it on to the one around it.
 *
 * A transaction belongs to one thread, but its database may be closed by another meanwhile. Whoever takes the lease out of it (under its lock) ends it; a call that
 * works through it has a reference to the lease of its own, and is refused by the lease, or by this file, once that is gone. */

static void give_lease(ari_db *tx, ari_lease *lease)
{
    pthread_mutex_lock(&tx->lock);
    tx->lease = lease;
    pthread_mutex_unlock(&tx->lock);
}

static ari_lease *take_lease(ari_db *tx)
{
    pthread_mutex_lock(&tx->lock);
    ari_lease *lease = tx->lease;
    tx->lease = NULL;
    pthread_mutex_unlock(&tx->lock);
    return lease;
}

static ar_status ended_before(ar_error *err)
{
    return ar_error_set(err, AR_E_CLOSED, "the transaction was committed or rolled back");
}

ari_lease *ari_transaction_lease(ari_db *transaction, ar_error *err)
{
    pthread_mutex_lock(&transaction->lock);
    ari_lease *lease = transaction->lease == NULL ? NULL : ari_lease_ref(transaction->lease);
    pthread_mutex_unlock(&transaction->lock);
    if (lease == NULL)
        ar_ignore(ended_before(err));
    return lease;
}

static void let_lease_go(ari_db *tx, ari_lease *lease)
{
    if (tx->savepoint == 0)
        ari_lease_release(lease);
    else
        ari_lease_unref(lease);
}

/* Nothing is in doubt of what only reads. */
static ar_status add_token(ari_db *tx, ari_lease_options *options, ar_error *err)
{
    const ar_env *env = ari_db_env(tx);
    if ((tx->options.flags & AR_TX_VERIFY_COMMIT) == 0 || tx->options.read_only)
        return AR_OK;
    if (env->entropy(env->ctx, &options->token_id, sizeof options->token_id) != AR_OK)
        return ar_error_set(err, AR_E_IO, "beginning a transaction: the system gives no random numbers");
    options->token = ari_commit_tokens_get(tx->commit_tokens, tx);
    return options->token != NULL ? AR_OK : ar_error_set(err, AR_E_NO_MEMORY, "beginning a transaction: out of memory");
}

static ar_status open_lease(ari_db *tx, bool unheld, ar_error *err)
{
    ari_lease_options options = { .read_only = tx->options.read_only,
                                  .allow_outside = tx->options.allow_outside,
                                  .unheld = unheld,
                                  .deferrable = tx->options.deferrable,
                                  .isolation = tx->options.isolation,
                                  .deadline = tx->deadline };
    ar_status status = add_token(tx, &options, err);
    if (status != AR_OK)
        return status;
    ari_lease *lease = ari_lease_create(tx->pool, &options);
    give_lease(tx, lease);
    return lease != NULL ? AR_OK : ar_error_set(err, AR_E_NO_MEMORY, "beginning a transaction: out of memory");
}

static ari_db *outermost(ari_db *tx)
{
    while (tx->parent->transaction != NULL)
        tx = tx->parent->transaction;
    return tx;
}

uint32_t ari_transaction_next_savepoint(ari_db *tx)
{
    return ++outermost(tx)->last_savepoint;
}

static void refuse_options(ari_db *tx, ar_status status, const char *why)
{
    tx->refused = status;
    snprintf(tx->refusal, sizeof tx->refusal, "beginning a transaction: %s on %s", why, ari_db_dialect(tx)->name);
}

/* What the engine cannot do is said by the first operation, with a message. */
static void check_engine(ari_db *tx)
{
    const ar_tx_options *options = &tx->options;
    if (!options->deferrable)
        return;
    if (!ari_db_dialect(tx)->deferrable)
        refuse_options(tx, AR_E_UNSUPPORTED, "there are no deferrable ones");
    else if (!options->read_only || options->isolation != AR_ISOLATION_SERIALIZABLE)
        refuse_options(tx, AR_E_INVALID, "a deferrable one has to be read_only and AR_ISOLATION_SERIALIZABLE");
}

/* It runs as the transaction around it does. */
static void check_around(ari_db *tx, const ari_db *around)
{
    tx->refused = around->refused;
    memcpy(tx->refusal, around->refusal, sizeof tx->refusal);
    if (tx->refused == AR_OK && (tx->options.isolation > around->options.isolation || tx->options.deferrable))
        refuse_options(tx, AR_E_INVALID,
                       "one inside another has its isolation, and cannot ask for more, nor be deferrable");
    tx->options.isolation = around->options.isolation;
}

/* The savepoint's number is given when it is begun; what it is not used for is never sent. */
static ar_status join_lease(ari_db *tx, ar_error *err)
{
    ari_db *around = tx->parent->transaction;
    tx->options.read_only = tx->options.read_only || around->options.read_only;
    check_around(tx, around);
    tx->savepoint = ari_transaction_next_savepoint(tx);
    tx->end_op = ari_op_create(tx->pool, 0);
    if (tx->end_op == NULL)
        return ar_error_set(err, AR_E_NO_MEMORY, "beginning a savepoint: out of memory");
    ari_lease *lease = ari_transaction_lease(around, err);
    if (lease == NULL)
        return AR_E_CLOSED;
    give_lease(tx, lease);
    return AR_OK;
}

static void set_attempt_deadline(ari_db *tx)
{
    tx->deadline = tx->parent->deadline;
    if (tx->options.timeout_ms > 0) {
        int64_t deadline = ari_deadline_after(ari_pool_runtime(tx->pool), tx->options.timeout_ms);
        tx->deadline = deadline < tx->deadline ? deadline : tx->deadline;
    }
}

static bool are_valid(const ar_tx_options *options)
{
    return ari_options_fit(options->struct_size, sizeof *options) && options->timeout_ms >= 0 &&
           options->retries >= 0 && options->backoff_min_ms >= 0 && options->backoff_max_ms >= 0 &&
           (unsigned)options->isolation <= AR_ISOLATION_SERIALIZABLE &&
           (options->flags & ~(uint32_t)AR_TX_VERIFY_COMMIT) == 0;
}

ar_db *ar_tx_begin(ar_db *db, const ar_tx_options *options)
{
    return ari_transaction_begin(db, options, false);
}

ar_db *ari_transaction_begin(ar_db *db, const ar_tx_options *options, bool unheld)
{
    static const ar_tx_options defaults;
    ar_error error = { .status = AR_OK };
    ari_db *parent = ari_db_enter(db, &error);
    if (options == NULL)
        options = &defaults;
    if (parent == NULL)
        return (ar_db *)ari_handle_of_error((unsigned)error.status);
    if (!are_valid(options)) {
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
    tx->library = unheld;
    tx->transaction = tx;
    set_attempt_deadline(tx);
    ar_db *handle = NULL;
    ari_db *around = parent->transaction;
    if (around == NULL)
        check_engine(tx);
    ar_status status = around != NULL ? join_lease(tx, NULL) : open_lease(tx, unheld, NULL);
    if (around != NULL)
        atomic_fetch_add(&around->open_savepoints, 1);
    if (status == AR_OK)
        status = ari_db_publish(tx, &handle);
    else
        ari_db_discard(tx);
    if (status == AR_OK)
        return handle;
    if (around != NULL)
        atomic_fetch_sub(&around->open_savepoints, 1);
    ari_db_leave(parent);
    return (ar_db *)ari_handle_of_error((unsigned)status);
}

static ar_status send_savepoint(ari_db *tx, ari_lease *lease, bool blocking, ar_error *err)
{
    ari_op *op = ari_op_create(tx->pool, 0);
    if (op == NULL)
        return ar_error_set(err, AR_E_NO_MEMORY, "setting a savepoint: out of memory");
    op->operation.kind = AR_OP_SAVEPOINT;
    op->operation.savepoint = tx->savepoint;
    op->operation.deadline = tx->deadline;
    ar_status status = AR_OK;
    if (blocking) {
        status = ari_pool_run(tx->pool, lease, op, err);
    } else {
        ari_pool_submit(tx->pool, lease, op);
        if (ar_future_is_done(&op->future)) /* refused; if it fails later, what comes after it is refused */
            status = ari_future_outcome(&op->future, err);
    }
    ari_op_release(op);
    return status;
}

/* Savepoints on one transaction are nested, so that two at the same time could not be ended one by one. */
static ar_status check_siblings(const ari_db *tx, ar_error *err)
{
    if (atomic_load(&tx->parent->transaction->open_savepoints) <= 1) /* itself */
        return AR_OK;
    return ar_error_set(err, AR_E_DEADLOCK,
                        "another transaction is open inside the same transaction: use that, or finish it first");
}

ar_status ari_transaction_ready(ari_db *transaction, ari_lease *lease, bool blocking, ar_error *err)
{
    if (transaction->savepoint == 0 || atomic_load(&transaction->savepoint_sent))
        return AR_OK;
    ar_status status = ari_transaction_ready(transaction->parent->transaction, lease, blocking, err);
    if (status == AR_OK)
        status = check_siblings(transaction, err);
    if (status == AR_OK)
        status = send_savepoint(transaction, lease, blocking, err);
    if (status == AR_OK)
        atomic_store(&transaction->savepoint_sent, true);
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

void ari_undos_end(ari_undo *newest, ari_undo_end end, ar_db *db)
{
    ari_undo *oldest = NULL;
    while (newest != NULL) {
        ari_undo *next = newest->next;
        if (end >= ARI_UNDO_ROLLED_BACK && newest->undo != NULL)
            newest->undo(newest);
        newest->next = oldest;
        oldest = newest;
        newest = next;
    }
    while (oldest != NULL) {
        ari_undo *next = oldest->next;
        oldest->db = db;
        if ((end == ARI_UNDO_COMMITTED || end == ARI_UNDO_ROLLED_BACK) && oldest->told != NULL)
            oldest->told(oldest, end == ARI_UNDO_ROLLED_BACK);
        oldest->free(oldest);
        oldest = next;
    }
}

static void end_undos(ari_db *tx, ari_undo_end end)
{
    ar_db *around = tx->parent != NULL ? (ar_db *)tx->parent->handle : NULL;
    ari_undos_end(ari_points_take_undos(tx), end, around);
}

/* A savepoint was released: what it would undo is now for the transaction around it to undo, before what that did earlier. */
static void hand_undos_on(ari_db *tx)
{
    ari_db *around = tx->parent->transaction;
    ari_undo *undos = ari_points_take_undos(tx);
    ari_undo **end = &undos;
    while (*end != NULL)
        end = &(*end)->next;
    pthread_mutex_lock(&around->lock);
    *end = around->undos;
    around->undos = undos;
    pthread_mutex_unlock(&around->lock);
}

static void settle_undos(ari_db *tx, ari_undo_end end)
{
    if (end == ARI_UNDO_COMMITTED && tx->savepoint != 0)
        hand_undos_on(tx);
    else
        end_undos(tx, end);
}

static ari_undo_end undo_end(bool commit, ar_status status, const ar_error *err)
{
    if (commit && status == AR_OK)
        return ARI_UNDO_COMMITTED;
    return commit && err != NULL && err->outcome_unknown ? ARI_UNDO_IN_DOUBT : ARI_UNDO_ROLLED_BACK;
}

/* --- the end --- */

/* The operation that ends a savepoint; NULL: it was never set. */
static ari_op *take_end(ari_db *tx, bool commit)
{
    atomic_fetch_sub(&tx->parent->transaction->open_savepoints, 1);
    if (!atomic_load(&tx->savepoint_sent))
        return NULL;
    ari_op *op = tx->end_op;
    tx->end_op = NULL;
    op->operation.kind = commit ? AR_OP_RELEASE : AR_OP_ROLLBACK_TO;
    op->operation.savepoint = tx->savepoint;
    return op;
}

/* Where this thread may not wait, it is rolled back without waiting. A transaction that the engine ended has nothing left to roll back. */
static ar_status end_savepoint(ari_db *tx, ari_lease *lease, bool commit, ar_error *err)
{
    ari_op *op = take_end(tx, commit);
    if (op == NULL)
        return AR_OK;
    ar_status status = ari_pool_run(tx->pool, lease, op, err);
    bool rolled_back = status == AR_E_TX_ABORTED;
    if (status == AR_E_DEADLOCK && !op->sent) {
        op->operation.kind = AR_OP_ROLLBACK_TO;
        ari_pool_submit(tx->pool, lease, op);
        rolled_back = true;
    }
    ari_op_release(op);
    return rolled_back && !commit ? AR_OK : status;
}

/* As the database is being closed: rolled back without waiting, for which there is the option of the database. */
static void roll_back_later(ari_db *tx, ari_lease *lease)
{
    if (tx->savepoint == 0) {
        ar_future *future = ari_lease_rollback(lease);
        ar_future_drop(&future);
        return;
    }
    ari_op *op = take_end(tx, false);
    if (op == NULL)
        return;
    ari_pool_submit(tx->pool, lease, op);
    ari_op_release(op);
}

static bool database_is_closing(ari_db *db)
{
    while (db->parent != NULL)
        db = db->parent;
    pthread_mutex_lock(&db->lock);
    bool closed = db->closed;
    pthread_mutex_unlock(&db->lock);
    return closed;
}

static ar_status roll_back_now(ari_db *tx, ari_lease *lease, ar_error *err)
{
    if (!database_is_closing(tx))
        return tx->savepoint != 0 ? end_savepoint(tx, lease, false, err) : ari_lease_rollback_wait(lease, err);
    roll_back_later(tx, lease);
    return AR_OK;
}

/* Ends the attempt in the database; waits. Before a commit, what was sent and is not complete goes on, and is part of it: also what was sent through
 * scopes on the transaction, which are closed after it for that reason. */
static ar_status end_attempt(ari_db *tx, bool commit, ar_error *err)
{
    ar_error own;
    err = err != NULL ? err : &own;
    if (commit) {
        ari_scope_close_transactions(tx);
    } else {
        ari_scope_close_children(tx);
        ari_scope_stop_operations(tx);
    }
    ari_lease *lease = take_lease(tx);
    ar_status status;
    if (lease == NULL)
        return ended_before(err);
    if (!commit)
        status = roll_back_now(tx, lease, err);
    else
        status = tx->savepoint != 0 ? end_savepoint(tx, lease, true, err) : ari_lease_commit_wait(lease, err);
    ari_scope_close_children(tx);
    ari_scope_stop_operations(tx);
    atomic_store(&tx->conflict, (int)ari_lease_conflict(lease));
    let_lease_go(tx, lease);
    settle_undos(tx, undo_end(commit, status, err));
    return status;
}

void ari_transaction_abandon(ari_db *db)
{
    ar_ignore(end_attempt(db, false, NULL));
}

void ari_transaction_fini(ari_db *db)
{
    ari_lease *lease = take_lease(db);
    if (lease != NULL)
        let_lease_go(db, lease);
    ari_op_release(db->end_op);
    end_undos(db, ARI_UNDO_FORGOTTEN);
}

ari_db *ari_transaction_enter(ar_db **tx, ar_status *status, ar_error *err)
{
    ar_error error = { .status = AR_OK };
    ari_db *entered = tx == NULL ? NULL : ari_db_enter(*tx, &error);
    if (tx == NULL)
        ar_error_set(&error, AR_E_INVALID, "ending a transaction: no handle was given");
    if (tx != NULL && entered == NULL)
        *tx = NULL;
    if (entered != NULL && entered->kind != ARI_TRANSACTION) { /* which its owner still has to close */
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
    ari_db *entered = ari_transaction_enter(tx, &status, err);
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

bool ari_transaction_conflicted(ar_status conflict, ar_status status, const ar_error *ended)
{
    if (ended != NULL && ended->outcome_unknown)
        return false;
    if (status == AR_E_CONFLICT || (ended != NULL && ended->retryable))
        return true;
    return conflict != AR_OK && (status == AR_E_TX_ABORTED || status == conflict);
}

int64_t ari_transaction_backoff(const ar_env *env, const ar_tx_options *options, unsigned attempt)
{
    const int64_t longest = INT64_C(86400000); /* a day, in milliseconds */
    int64_t most = options->backoff_min_ms > 0 ? options->backoff_min_ms : 1;
    int64_t limit = options->backoff_max_ms > 0 ? options->backoff_max_ms : 128;
    limit = limit < longest ? limit : longest;
    while (attempt > 0 && most < limit) {
        most *= 2;
        attempt--;
    }
    int64_t half = (most < limit ? most : limit) * 500;
    return half + (int64_t)(env->random(env->ctx) % (uint64_t)half);
}

int64_t ar_tx_backoff(ar_db *db, const ar_tx_options *options, int attempt)
{
    static const ar_tx_options defaults;
    ari_db *entered = ari_db_enter(db, NULL);
    if (entered == NULL)
        return 0;
    if (options == NULL)
        options = &defaults;
    int64_t pause = are_valid(options)
                        ? ari_transaction_backoff(ari_db_env(entered), options, attempt < 0 ? 0 : (unsigned)attempt)
                        : 0;
    ari_db_leave(entered);
    return (pause + 999) / 1000;
}

/* Never past the deadline. */
static void back_off(const ari_db *tx)
{
    const ar_env *env = ari_pool_env(tx->pool);
    int64_t until = env->now(env->ctx) + ari_transaction_backoff(env, &tx->options, tx->attempt);
    uint32_t word = 0;
    if (until > tx->parent->deadline)
        until = tx->parent->deadline;
    while (env->now(env->ctx) < until)
        env->wait(env->ctx, &word, 0, until);
}

static bool try_again(ari_db *tx, bool committing, ar_status *status, ar_error *err)
{
    const ar_env *env = ari_pool_env(tx->pool);
    if (tx->savepoint != 0 || tx->attempts_left == 0 || *status == AR_OK || ari_runner_in_behaviour() ||
        !ari_transaction_conflicted((ar_status)atomic_load(&tx->conflict), *status, committing ? err : NULL))
        return false;
    if (tx->parent->deadline != INT64_MAX && env->now(env->ctx) >= tx->parent->deadline)
        return false;
    tx->attempts_left--;
    back_off(tx);
    tx->attempt++;
    tx->last_savepoint = 0;
    set_attempt_deadline(tx);
    if (open_lease(tx, false, err) == AR_OK)
        return true;
    *status = err->status;
    return false;
}

bool ar_tx_finish(ar_db **tx, ar_status *status, ar_error *err)
{
    ar_status entered_status = AR_OK;
    if (status == NULL) {
        ar_error_set(err, AR_E_INVALID, "finishing a transaction: `status` is NULL");
        return false;
    }
    ari_db *entered = ari_transaction_enter(tx, &entered_status, *status == AR_OK ? err : NULL);
    if (entered == NULL) {
        *status = *status == AR_OK ? entered_status : *status;
        return false;
    }
    ar_error own = { .status = AR_OK };
    ar_error *error = err != NULL ? err : &own;
    bool commit = *status == AR_OK;
    ar_status ended = end_attempt(entered, commit, commit ? error : NULL);
    ari_scope_free_owned(entered);
    if (commit)
        *status = ended;
    if (try_again(entered, commit, status, error)) {
        ari_db_leave(entered);
        return true;
    }
    close_handle(tx, entered);
    return false;
}

/* --- asynchronously --- */

static void end_is_over(ari_db *tx)
{
    ari_scope_fini(tx);
    ari_db_leave(tx);
}

/* Whether a commit held is known where its result is taken; what a rollback gives back, and to whom the undos of a released savepoint go, is known when that is sent. */
static void collect_end(ari_op *op)
{
    ari_db *tx = op->owner;
    op->owner = NULL;
    end_undos(tx, undo_end(true, op->future.status, op->future.error));
    end_is_over(tx);
}

/* Nobody took the result. */
static void destroy_end(ari_op *op)
{
    ari_db *tx = op->owner;
    if (tx == NULL)
        return;
    end_undos(tx, ARI_UNDO_FORGOTTEN);
    end_is_over(tx);
}

/* The scope that the transaction is in stops and awaits its end like any operation; one that is being closed closes the transaction too. */
static void watch_end(ari_db *tx, ari_op *op)
{
    (void)ari_scope_track(tx->parent, op);
    op->owner = tx;
    op->collect = collect_end;
    op->destroy = destroy_end;
}

/* What was sent goes before a commit, and is stopped before a rollback. */
static ar_future *end_async(ari_db *tx, ari_lease *lease, bool commit)
{
    if (commit) {
        ari_scope_close_transactions(tx);
    } else {
        ari_scope_close_children(tx);
        ari_scope_cancel_operations(tx);
    }
    if (tx->savepoint == 0) {
        watch_end(tx, ari_lease_end_op(lease));
        return commit ? ari_lease_commit(lease) : ari_lease_rollback(lease);
    }
    ari_op *end = tx->end_op;
    watch_end(tx, end);
    if (take_end(tx, commit) != NULL)
        return ari_pool_submit(tx->pool, lease, end);
    tx->end_op = NULL;
    end->operation.kind = commit ? AR_OP_RELEASE : AR_OP_ROLLBACK_TO;
    ari_future_finish(&end->future, AR_OK, NULL);
    return &end->future;
}

static ar_done end_later(ar_db **tx, bool commit)
{
    ar_error error = { .status = AR_OK };
    ar_status status = AR_OK;
    ari_db *entered = ari_transaction_enter(tx, &status, &error);
    if (entered == NULL)
        return (ar_done){ ari_future_failed(NULL, status, &error) };
    *tx = NULL;
    if (!ari_scope_begin_close(entered)) {
        ari_db_leave(entered);
        return (ar_done){ ari_future_failed(NULL, ar_error_set(&error, AR_E_CLOSED, "the transaction was closed"),
                                            &error) };
    }
    ari_lease *lease = take_lease(entered);
    if (lease == NULL) {
        end_is_over(entered);
        ari_db_leave(entered);
        return (ar_done){ ari_future_failed(NULL, ended_before(&error), &error) };
    }
    ar_done done = { end_async(entered, lease, commit) };
    let_lease_go(entered, lease);
    if (!commit || entered->savepoint != 0)
        settle_undos(entered, undo_end(commit, AR_OK, NULL));
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
