/* SPDX-License-Identifier: MIT */
#include "pools/lease.h"

#include <assert.h>
#include <stddef.h>

#include "pools/private.h"
#include "values/memory.h"

/* A lease is one connection for one transaction. It takes the connection when its first operation comes to be run there, and gives it back with COMMIT or ROLLBACK, or
 * when the engine ended the transaction by itself.
 *
 *   NEW ── BEGIN ──> OPEN ── a statement failed ──> ABORTED ── back to a savepoint ──> OPEN
 *    │                │                               │
 *    └── BEGIN failed ┴── the engine ended it ──> DEAD <┘         COMMIT, ROLLBACK: from each ──> ENDED
 *
 * ABORTED is kept here, not by the engine, so that all engines behave as PostgreSQL does. Everything but creating, ending and letting go runs under the token of
 * the connection. */

static bool move_is_right(ari_lease_state from, ari_lease_state to)
{
    static const bool moves[5][5] = {
        [LEASE_NEW] = { [LEASE_OPEN] = true, [LEASE_DEAD] = true, [LEASE_ENDED] = true },
        [LEASE_OPEN] = { [LEASE_ABORTED] = true, [LEASE_DEAD] = true, [LEASE_ENDED] = true },
        [LEASE_ABORTED] = { [LEASE_OPEN] = true, [LEASE_DEAD] = true, [LEASE_ENDED] = true },
        [LEASE_DEAD] = { [LEASE_ENDED] = true },
    };
    return moves[from][to];
}

static void move(ari_lease *lease, ari_lease_state next)
{
    bool right = move_is_right(lease->state, next);
    assert(right);
    (void)right;
    lease->state = next;
}

static void fail_lease(ari_lease *lease, ari_lease_state next, const ar_error *why)
{
    move(lease, next);
    if (why == NULL)
        return;
    lease->why = *why;
    if (why->retryable)
        atomic_store_explicit(&lease->retryable, (int)why->status, memory_order_relaxed);
}

/* It will not ask for the connection any more. */
static void move_to_end(ari_connection *connection, ari_lease *lease)
{
    move(lease, LEASE_ENDED);
    atomic_fetch_sub(&connection->load, ARI_LEASE_LOAD);
}

/* Gives the connection back. */
static void let_go(ari_connection *connection, ari_lease *lease)
{
    ar_error error;
    ar_operation reset = { .kind = AR_OP_RESET, .deadline = INT64_MAX };
    if (connection->lease != lease)
        return;
    connection->lease = NULL;
    if (connection->backend == NULL)
        return; /* it was lost, and has said so */
    if (lease->ran_raw && ari_connection_run(connection, &reset, NULL, &error) != AR_OK) {
        ari_runtime_log(lease->pool->runtime, AR_LOG_INFO,
                        "a connection whose session a transaction changed is closed: %s", error.message);
        ari_connection_lose(connection);
        return;
    }
    ari_connection_move(connection, CONNECTION_READY);
}

void ari_lease_record(ari_lease *lease, const ar_operation *operation, const ar_error *error)
{
    if (operation->ended_transaction) {
        static const ar_error ended = { .status = AR_E_TX_ABORTED, .message = "a statement ended the transaction" };
        fail_lease(lease, LEASE_DEAD, error != NULL ? error : &ended);
    } else if (error != NULL && lease->state == LEASE_OPEN) {
        fail_lease(lease, LEASE_ABORTED, error);
    } else if (error == NULL && operation->kind == AR_OP_ROLLBACK_TO && lease->state == LEASE_ABORTED) {
        move(lease, LEASE_OPEN);
        atomic_store_explicit(&lease->retryable, AR_OK, memory_order_relaxed);
    }
}

static ar_status begin(ari_connection *connection, ari_lease *lease, const ari_op *op, ar_error *err)
{
    ar_operation operation = { .kind = AR_OP_BEGIN,
                               .deadline = op->operation.deadline,
                               .read_only = lease->options.read_only };
    ar_status status = ari_connection_ensure(connection, &op->operation, err);
    if (status == AR_OK)
        status = ari_connection_run(connection, &operation, op, err);
    if (status != AR_OK) {
        fail_lease(lease, LEASE_DEAD, err);
        ari_connection_check(connection);
        return status;
    }
    connection->lease = lease;
    atomic_store_explicit(&lease->begun, true, memory_order_relaxed);
    ari_connection_move(connection, CONNECTION_LEASED);
    move(lease, LEASE_OPEN);
    return AR_OK;
}

static ar_status refusal(const ari_lease *lease, ar_error *err)
{
    ar_status status = AR_OK;
    switch (lease->state) {
    case LEASE_NEW:
    case LEASE_OPEN: break;
    case LEASE_ABORTED:
        status = ar_error_set(err, AR_E_TX_ABORTED,
                              "the transaction refuses all but rollback since a statement in it failed: %s",
                              lease->why.message);
        break;
    case LEASE_DEAD:
        status = ar_error_set(err, AR_E_TX_ABORTED, "the transaction is over, only rollback is left: %s",
                              lease->why.message);
        break;
    case LEASE_ENDED: status = ar_error_set(err, AR_E_CLOSED, "the transaction was committed or rolled back"); break;
    }
    if (status == AR_E_TX_ABORTED && err != NULL)
        err->retryable = lease->why.retryable;
    return status;
}

static bool is_allowed(const ari_lease *lease, ar_operation_kind kind)
{
    bool ends = kind == AR_OP_ROLLBACK_TO || kind == AR_OP_RELEASE || kind == AR_OP_CLOSE_CURSOR;
    return lease->state == LEASE_OPEN || (lease->state == LEASE_ABORTED && ends);
}

static ar_status run_and_record(ari_connection *connection, const ari_op *op, ar_operation_kind kind, ar_error *err)
{
    ar_error error;
    ar_operation operation = { .kind = kind, .savepoint = op->operation.savepoint, .deadline = INT64_MAX };
    ar_status status = ari_connection_run(connection, &operation, NULL, &error);
    ari_lease_record(op->lease, &operation, status == AR_OK ? NULL : &error);
    if (status != AR_OK && err != NULL)
        *err = error;
    return status;
}

/* The end of a savepoint. RELEASE, after something in it failed, does what COMMIT does then: all is rolled back, and the answer says so. What was rolled back to is
 * of no more use, and is released too. */
static void end_savepoint(ari_connection *connection, ari_op *op)
{
    ar_error error;
    ar_status status = AR_OK;
    ar_status refused = op->operation.kind == AR_OP_RELEASE ? refusal(op->lease, &error) : AR_OK;
    ar_error *err = refused == AR_OK ? &error : NULL;

    if (op->operation.kind == AR_OP_ROLLBACK_TO || refused != AR_OK)
        status = run_and_record(connection, op, AR_OP_ROLLBACK_TO, err);
    if (status == AR_OK)
        status = run_and_record(connection, op, AR_OP_RELEASE, err);
    ari_op_complete(op, refused != AR_OK ? refused : status, &error);
}

static void run_statement(ari_connection *connection, ari_op *op)
{
    ari_lease *lease = op->lease;
    ar_error error;
    ar_status status = AR_OK;

    if (lease->state == LEASE_NEW)
        status = begin(connection, lease, op, &error);
    else if (!is_allowed(lease, op->operation.kind))
        status = refusal(lease, &error);
    if (status != AR_OK) {
        ari_op_complete(op, status, &error);
        return;
    }
    const ar_statement *statement = op->operation.statement;
    lease->ran_raw = lease->ran_raw || (statement != NULL && !statement->generated);
    op->operation.in_transaction = true;
    op->operation.next = NULL;
    if (op->operation.kind == AR_OP_RELEASE || op->operation.kind == AR_OP_ROLLBACK_TO)
        end_savepoint(connection, op);
    else
        connection->pool->backend->submit(connection->backend, &op->operation);
    ari_connection_check(connection);
    if (connection->backend == NULL && lease->state != LEASE_DEAD) {
        ar_error_set(&lease->why, AR_E_CONNECTION, "the connection was lost");
        move(lease, LEASE_DEAD);
    }
    if (lease->state == LEASE_DEAD)
        let_go(connection, lease);
}

/* Why it cannot be committed. */
static ar_status commit_refusal(const ari_lease *lease, ar_error *err)
{
    const ar_env *env = &lease->pool->runtime->env;
    if (lease->state == LEASE_ABORTED || lease->state == LEASE_DEAD)
        return refusal(lease, err);
    if (lease->options.deadline != INT64_MAX && env->now(env->ctx) >= lease->options.deadline)
        return ar_error_set(err, AR_E_TIMEOUT, "committing a transaction: its deadline passed; it is rolled back");
    return AR_OK;
}

static ar_status roll_back(ari_connection *connection, ar_error *err)
{
    ar_operation operation = { .kind = AR_OP_ROLLBACK, .deadline = INT64_MAX };
    return ari_connection_run(connection, &operation, NULL, err);
}

/* COMMIT or ROLLBACK, as far as there is something to end. A COMMIT that failed may have left the transaction open. */
static ar_status end(ari_connection *connection, ari_lease *lease, bool commit, ar_error *err)
{
    if (lease->state == LEASE_ENDED)
        return refusal(lease, err);
    ar_status status = commit ? commit_refusal(lease, err) : AR_OK;
    if (connection->lease == lease && connection->backend != NULL) {
        ar_operation operation = { .kind = AR_OP_COMMIT, .deadline = INT64_MAX };
        if (!commit)
            status = roll_back(connection, err);
        else if (status != AR_OK)
            ar_ignore(roll_back(connection, NULL));
        else if ((status = ari_connection_run(connection, &operation, NULL, err)) != AR_OK &&
                 !operation.ended_transaction)
            ar_ignore(roll_back(connection, NULL));
        ari_connection_check(connection);
    }
    move_to_end(connection, lease);
    let_go(connection, lease);
    return status;
}

void ari_lease_roll_back(ari_connection *connection, ari_lease *lease)
{
    ar_ignore(end(connection, lease, false, NULL));
}

bool ari_lease_is_end(const ari_op *op)
{
    return op->operation.kind == AR_OP_COMMIT || op->operation.kind == AR_OP_ROLLBACK;
}

static bool has_kept(const ari_connection *connection, const ari_lease *lease)
{
    for (const ari_mail *mail = connection->kept; mail != NULL; mail = mail->next)
        if (((const ari_op *)((const char *)mail - offsetof(ari_op, mail)))->lease == lease)
            return true;
    return false;
}

bool ari_lease_needs_connection(const ari_connection *connection, const ari_op *op)
{
    if (op->lease->state != LEASE_NEW)
        return false; /* it had the connection, and has given it back */
    return op->operation.kind != AR_OP_ROLLBACK &&
           (op->operation.kind != AR_OP_COMMIT || has_kept(connection, op->lease));
}

void ari_lease_run(ari_connection *connection, ari_op *op)
{
    ar_error error;
    if (!ari_lease_is_end(op)) {
        run_statement(connection, op);
        return;
    }
    ar_status status = end(connection, op->lease, op->operation.kind == AR_OP_COMMIT, &error);
    ari_op_complete(op, status, &error);
}

/* --- for the holder --- */

ari_lease *ari_lease_create(ari_pool *pool, const ari_lease_options *options)
{
    ari_lease *lease = ari_allocate_zero(&pool->runtime->env, sizeof *lease);
    ari_op *end_op = lease == NULL ? NULL : ari_op_create(pool, 0);
    if (end_op == NULL) {
        ari_release(&pool->runtime->env, lease);
        return NULL;
    }
    lease->pool = ari_pool_ref(pool);
    lease->options = *options;
    lease->holder = pthread_self();
    lease->end_op = end_op;
    atomic_init(&lease->references, 1);
    pthread_mutex_lock(&pool->lock);
    lease->next = pool->leases;
    if (lease->next != NULL)
        lease->next->prev = lease;
    pool->leases = lease;
    pthread_mutex_unlock(&pool->lock);
    atomic_fetch_add(&pool->open_leases, 1);
    return lease;
}

ari_lease *ari_lease_ref(ari_lease *lease)
{
    atomic_fetch_add_explicit(&lease->references, 1, memory_order_relaxed);
    return lease;
}

void ari_lease_unref(ari_lease *lease)
{
    if (atomic_fetch_sub_explicit(&lease->references, 1, memory_order_acq_rel) != 1)
        return;
    ari_pool *pool = lease->pool;
    ari_op_release(lease->end_op);
    ari_release(&pool->runtime->env, lease);
    ari_pool_unref(pool);
}

static void unlist(ari_lease *lease)
{
    ari_pool *pool = lease->pool;
    pthread_mutex_lock(&pool->lock);
    if (lease->prev != NULL)
        lease->prev->next = lease->next;
    else
        pool->leases = lease->next;
    if (lease->next != NULL)
        lease->next->prev = lease->prev;
    pthread_mutex_unlock(&pool->lock);
    atomic_fetch_sub(&pool->open_leases, 1);
}

/* The operation that ends it; NULL when that was asked for before. */
static ari_op *take_end(ari_lease *lease, bool commit)
{
    if (atomic_exchange(&lease->ended, true))
        return NULL;
    unlist(lease);
    ari_op *op = lease->end_op;
    lease->end_op = NULL;
    op->operation.kind = commit ? AR_OP_COMMIT : AR_OP_ROLLBACK;
    return op;
}

ari_op *ari_lease_end_op(ari_lease *lease)
{
    return lease->end_op;
}

static ar_status ended_before(ar_error *err)
{
    return ar_error_set(err, AR_E_CLOSED, "the transaction was committed or rolled back");
}

static ar_future *end_async(ari_lease *lease, bool commit)
{
    ar_error error;
    ari_op *op = take_end(lease, commit);
    if (op == NULL)
        return ari_future_failed(lease->pool->runtime, ended_before(&error), &error);
    if (atomic_load(&lease->connection) != NULL)
        return ari_pool_submit(lease->pool, lease, op);
    ari_future_finish(&op->future, AR_OK, NULL); /* nothing was sent, so there is nothing to end */
    return &op->future;
}

/* Where this thread may not wait, it is rolled back without waiting. */
static ar_status end_wait(ari_lease *lease, bool commit, ar_error *err)
{
    ari_op *op = take_end(lease, commit);
    if (op == NULL)
        return ended_before(err);
    ar_status status = AR_OK;
    if (atomic_load(&lease->connection) != NULL)
        status = ari_pool_run(lease->pool, lease, op, err);
    if (status == AR_E_DEADLOCK && op->connection == NULL) {
        op->operation.kind = AR_OP_ROLLBACK;
        ari_pool_submit(lease->pool, lease, op);
        status = commit ? status : AR_OK;
    }
    ari_op_release(op);
    return status;
}

ar_future *ari_lease_commit(ari_lease *lease)
{
    return end_async(lease, true);
}

ar_future *ari_lease_rollback(ari_lease *lease)
{
    return end_async(lease, false);
}

ar_status ari_lease_commit_wait(ari_lease *lease, ar_error *err)
{
    return end_wait(lease, true, err);
}

ar_status ari_lease_rollback_wait(ari_lease *lease, ar_error *err)
{
    return end_wait(lease, false, err);
}

ar_status ari_lease_conflict(const ari_lease *lease)
{
    return (ar_status)atomic_load_explicit(&lease->retryable, memory_order_relaxed);
}

void ari_lease_release(ari_lease *lease)
{
    if (!atomic_load(&lease->ended)) {
        ar_future *future = end_async(lease, false);
        ar_future_drop(&future);
    }
    ari_lease_unref(lease);
}

bool ari_lease_would_deadlock(ari_pool *pool, const ari_lease *lease, const ari_connection *connection)
{
    bool found = false;
    if (atomic_load_explicit(&pool->open_leases, memory_order_relaxed) == 0)
        return false;
    if (lease != NULL && atomic_load_explicit(&lease->begun, memory_order_relaxed))
        return false;
    pthread_mutex_lock(&pool->lock);
    for (ari_lease *other = pool->leases; other != NULL && !found; other = other->next) {
        if (other == lease || other->options.unheld || !pthread_equal(other->holder, pthread_self()))
            continue;
        found = !other->options.allow_outside || atomic_load(&other->connection) == connection;
    }
    pthread_mutex_unlock(&pool->lock);
    return found;
}
