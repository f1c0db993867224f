/* SPDX-License-Identifier: MIT */
#include "pools/lease.h"

#include <assert.h>

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
        [LEASE_NEW] = {[LEASE_OPEN] = true, [LEASE_DEAD] = true, [LEASE_ENDED] = true},
        [LEASE_OPEN] = {[LEASE_ABORTED] = true, [LEASE_DEAD] = true, [LEASE_ENDED] = true},
        [LEASE_ABORTED] = {[LEASE_OPEN] = true, [LEASE_DEAD] = true, [LEASE_ENDED] = true},
        [LEASE_DEAD] = {[LEASE_ENDED] = true},
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
    if (why != NULL)
        lease->why = *why;
}

/* Gives the connection back. */
static void let_go(ari_connection *connection, ari_lease *lease)
{
    ar_error error;
    if (connection->lease != lease)
        return;
    connection->lease = NULL;
    if (connection->backend == NULL)
        return; /* it was lost, and has said so */
    if (lease->ran_raw && ari_connection_run(connection, AR_OP_RESET, NULL, INT64_MAX, &error) != AR_OK) {
        ari_runtime_log(lease->pool->runtime, AR_LOG_INFO, "a connection whose session a transaction changed is closed: %s", error.message);
        lease->pool->backend->close(connection->backend);
        connection->backend = NULL;
        ari_connection_move(connection, CONNECTION_FAILED);
        return;
    }
    ari_connection_move(connection, CONNECTION_READY);
}

void ari_lease_record(ari_lease *lease, const ar_operation *operation, const ar_error *error)
{
    if (operation->ended_transaction) {
        static const ar_error ended = {.status = AR_E_TX_ABORTED, .message = "a statement ended the transaction"};
        fail_lease(lease, LEASE_DEAD, error != NULL ? error : &ended);
    } else if (error != NULL && lease->state == LEASE_OPEN) {
        fail_lease(lease, LEASE_ABORTED, error);
    } else if (error == NULL && operation->kind == AR_OP_ROLLBACK_TO && lease->state == LEASE_ABORTED) {
        move(lease, LEASE_OPEN);
    }
}

static ar_status begin(ari_connection *connection, ari_lease *lease, int64_t deadline, ar_error *err)
{
    ar_status status = ari_connection_ensure(connection, err);
    if (status == AR_OK)
        status = ari_connection_run(connection, AR_OP_BEGIN, lease, deadline, err);
    if (status != AR_OK) {
        fail_lease(lease, LEASE_DEAD, err);
        ari_connection_check(connection);
        return status;
    }
    connection->lease = lease;
    ari_connection_move(connection, CONNECTION_LEASED);
    move(lease, LEASE_OPEN);
    return AR_OK;
}

static ar_status refusal(const ari_lease *lease, ar_error *err)
{
    ar_status status = AR_OK;
    switch (lease->state) {
    case LEASE_NEW:
    case LEASE_OPEN:
        break;
    case LEASE_ABORTED:
        status = ar_error_set(err, AR_E_TX_ABORTED, "the transaction refuses all but rollback since a statement in it failed: %s", lease->why.message);
        break;
    case LEASE_DEAD:
        status = ar_error_set(err, AR_E_TX_ABORTED, "the transaction is over, only rollback is left: %s", lease->why.message);
        break;
    case LEASE_ENDED:
        status = ar_error_set(err, AR_E_CLOSED, "the transaction was committed or rolled back");
        break;
    }
    if (status == AR_E_TX_ABORTED && err != NULL)
        err->retryable = lease->why.retryable;
    return status;
}

static bool is_allowed(const ari_lease *lease, ar_operation_kind kind)
{
    return lease->state == LEASE_OPEN || (lease->state == LEASE_ABORTED && (kind == AR_OP_ROLLBACK_TO || kind == AR_OP_CLOSE_CURSOR));
}

static void run_statement(ari_connection *connection, ari_op *op)
{
    ari_lease *lease = op->lease;
    ar_error   error;
    ar_status  status = AR_OK;

    if (lease->state == LEASE_NEW)
        status = begin(connection, lease, op->operation.deadline, &error);
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
    connection->pool->backend->submit(connection->backend, &op->operation);
    ari_connection_check(connection);
    if (connection->backend == NULL && lease->state != LEASE_DEAD) {
        ar_error_set(&lease->why, AR_E_CONNECTION, "the connection was lost");
        move(lease, LEASE_DEAD);
    }
    if (lease->state == LEASE_DEAD)
        let_go(connection, lease);
}

/* COMMIT or ROLLBACK, as far as there is something to end. */
static ar_status end(ari_connection *connection, ari_lease *lease, bool commit, ar_error *err)
{
    ar_status status = AR_OK;
    if (lease->state == LEASE_ENDED)
        return refusal(lease, err);
    bool refused = commit && (lease->state == LEASE_ABORTED || lease->state == LEASE_DEAD);
    if (refused)
        status = refusal(lease, err);
    if (connection->lease == lease && connection->backend != NULL) {
        ar_status ended = ari_connection_run(connection, commit && !refused ? AR_OP_COMMIT : AR_OP_ROLLBACK, lease, INT64_MAX, refused ? NULL : err);
        status = refused ? status : ended;
        ari_connection_check(connection);
    }
    move(lease, LEASE_ENDED);
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
    ari_op    *end_op = lease == NULL ? NULL : ari_op_create(pool, 0);
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
    ari_connection *connection = atomic_load(&lease->connection);
    if (connection != NULL)
        atomic_fetch_sub(&connection->load, ARI_LEASE_LOAD);
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
    ari_op  *op = take_end(lease, commit);
    if (op == NULL)
        return ari_future_failed(lease->pool->runtime, ended_before(&error), &error);
    if (atomic_load(&lease->connection) != NULL)
        return ari_pool_submit(lease->pool, lease, op);
    ari_future_finish(&op->future, AR_OK, NULL); /* nothing was sent, so there is nothing to end */
    return &op->future;
}

static ar_status end_wait(ari_lease *lease, bool commit, ar_error *err)
{
    ari_op *op = take_end(lease, commit);
    if (op == NULL)
        return ended_before(err);
    ar_status status = AR_OK;
    if (atomic_load(&lease->connection) != NULL)
        status = ari_pool_run(lease->pool, lease, op, err);
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
    pthread_mutex_lock(&pool->lock);
    for (ari_lease *other = pool->leases; other != NULL && !found; other = other->next) {
        if (other == lease || other->options.unheld || !pthread_equal(other->holder, pthread_self()))
            continue;
        found = !other->options.allow_outside || atomic_load(&other->connection) == connection;
    }
    pthread_mutex_unlock(&pool->lock);
    return found;
}
