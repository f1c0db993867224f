/* SPDX-License-Identifier: MIT */
#include "pools/private.h"
#include "values/memory.h"

/* An operation has two references while it is under way: its owner's and the connection's. It keeps the memory of its pool, so that a thread that helps is never left
 * with a connection that was freed under it, and that of its lease, which a thread that waits looks at. */

static void destroy(ar_future *future)
{
    ari_op *op = (ari_op *)future;
    ari_pool *pool = op->pool;
    if (op->destroy != NULL)
        op->destroy(op);
    if (op->lease != NULL)
        ari_lease_unref(op->lease);
    ari_release(&pool->runtime->env, op);
    ari_pool_unref(pool);
}

static ar_status assist(ar_future *future, int64_t deadline, ar_error *err)
{
    ari_op *op = (ari_op *)future;
    ar_error none;
    if (!op->sent)
        return AR_OK;
    ari_connection *connection = atomic_load(&op->connection);
    ari_group *group = connection != NULL ? connection->group : ari_route_group(op->pool, op, &none);
    if (ari_lease_would_deadlock(op->pool, op->lease, group, connection))
        return ar_error_set(err, AR_E_DEADLOCK,
                            "waiting for an operation that waits for a transaction of this thread: finish the "
                            "transaction first, or use its handle");
    if (op->operation.deadline < deadline)
        deadline = op->operation.deadline;
    if (connection != NULL && op->pool->runtime->help && (op->first || deadline == INT64_MAX))
        ari_runner_help(&connection->runner, future, deadline);
    return AR_OK;
}

/* Finished by a canceller: its timer, if any, is not needed; the connection drops it when it comes to it. Else it is under way, and the connection is told. */
static void interrupt(ar_future *future)
{
    ari_op *op = (ari_op *)future;
    ari_connection *connection = atomic_load(&op->connection);
    if (!ar_future_is_done(future)) {
        if (connection != NULL)
            ari_connection_alert(connection);
    } else if (op->timer.fire != NULL && ari_timer_disarm(future->runtime, &op->timer)) {
        ari_future_unref(future);
    }
}

static void collect(ar_future *future)
{
    ari_op *op = (ari_op *)future;
    if (op->collect != NULL)
        op->collect(op);
}

static const ari_future_class op_class = {
    .destroy = destroy, .assist = assist, .interrupt = interrupt, .collect = collect
};

ari_op *ari_op_create(ari_pool *pool, size_t payload_size)
{
    ari_op *op = ari_allocate_zero(&pool->runtime->env, sizeof *op + payload_size);
    if (op == NULL)
        return NULL;
    ari_future_init(&op->future, &op_class, pool->runtime, 1);
    op->pool = ari_pool_ref(pool);
    op->operation.kind = AR_OP_EXECUTE;
    op->operation.deadline = INT64_MAX;
    return op;
}

void ari_op_release(ari_op *op)
{
    if (op != NULL)
        ari_future_unref(&op->future);
}

ari_op *ari_op_of(ar_future *future)
{
    return future != NULL && future->class == &op_class ? (ari_op *)future : NULL;
}

static void leave_queue(ari_pool *pool)
{
    if (atomic_fetch_sub(&pool->queued, 1) == 1 && atomic_load(&pool->closing))
        pool->runtime->env.wake(pool->runtime->env.ctx, (uint32_t *)&pool->queued);
}

/* It makes room for another: before anybody is told, since that may be the one who sends the next. */
static void make_room(ari_op *op)
{
    ari_pool *pool = op->pool;
    ari_connection *connection = atomic_load_explicit(&op->connection, memory_order_relaxed);
    if (connection != NULL && !op->brief)
        atomic_fetch_sub(&connection->slow, 1);
    if (connection != NULL)
        atomic_fetch_sub(&connection->load, 1);
    leave_queue(pool);
}

bool ari_op_settle(ari_op *op, ar_error *err)
{
    if (!ari_future_claim(&op->future)) {
        ar_error_set(err, AR_E_CANCELLED, "an operation was cancelled, or late, while it ran");
        return false;
    }
    op->settled = true;
    err->status = AR_OK;
    if (op->settle != NULL)
        err->status = op->settle(op, AR_OK, err);
    return err->status == AR_OK;
}

void ari_op_complete(ari_op *op, ar_status status, const ar_error *error)
{
    ar_error settled;
    make_room(op);
    if (op->settled || ari_future_claim(&op->future)) {
        op->future.value = op->operation.changes;
        if (op->settle != NULL && !op->settled) {
            if (error != NULL)
                settled = *error;
            status = op->settle(op, status, &settled);
            error = &settled;
        }
        if (op->timer.fire != NULL && ari_timer_disarm(op->future.runtime, &op->timer))
            ari_future_unref(&op->future);
        if (status != AR_OK)
            ari_runtime_log(op->pool->runtime, AR_LOG_DEBUG, "%s%san operation failed: %s: %s",
                            op->trace != NULL ? op->trace : "", op->trace != NULL ? ": " : "", ar_status_name(status),
                            error != NULL ? error->message : "");
        ari_future_settle(&op->future, status, error);
    }
    ari_future_unref(&op->future);
}

static void expire(ari_timer *timer)
{
    ari_op *op = (ari_op *)((char *)timer - offsetof(ari_op, timer));
    ari_future_expire(&op->future);
    ari_future_unref(&op->future);
}

/* The ends of transactions and savepoints, and of cursors, make room. */
static bool gets_through(ar_operation_kind kind)
{
    return kind == AR_OP_COMMIT || kind == AR_OP_ROLLBACK || kind == AR_OP_RELEASE || kind == AR_OP_ROLLBACK_TO ||
           kind == AR_OP_CLOSE_CURSOR;
}

static bool is_late(const ari_op *op)
{
    const ar_env *env = &op->pool->runtime->env;
    return op->operation.deadline != INT64_MAX && env->now(env->ctx) >= op->operation.deadline;
}

static ar_status refuse(const ari_pool *pool, const ari_op *op, ar_error *err)
{
    ar_status status = ari_runtime_usable(pool->runtime, err);
    if (status != AR_OK)
        return status;
    if (atomic_load_explicit(&pool->closing, memory_order_relaxed))
        return ar_error_set(err, AR_E_CLOSED, "the database is closing");
    if (is_late(op))
        return ar_error_set(err, AR_E_TIMEOUT, "the deadline passed before the operation was sent");
    const ar_statement *statement = op->operation.statement;
    if (statement != NULL && statement->statement_class == AR_STATEMENT_SESSION &&
        pool->topology.connection_is_database)
        return ar_error_set(err, AR_E_UNSUPPORTED,
                            "a statement that changes the session (PRAGMA, ATTACH, TEMP) of a database in memory: it "
                            "could only be undone by closing the connection, "
                            "and all data would go with it; put it into the options of the URL");
    return AR_OK;
}

/* Takes its place in the pool and in the lease, and counts as under way from here on. */
static ar_status count_in(ari_pool *pool, ari_op *op, ar_error *err)
{
    if (atomic_fetch_add(&pool->queued, 1) >= pool->options.queue_limit && !gets_through(op->operation.kind)) {
        leave_queue(pool);
        return ar_error_set(err, AR_E_OVERLOAD,
                            "%u operations wait in the pool already: send less, or raise queue_limit",
                            pool->options.queue_limit);
    }
    op->sent = true;
    ari_future_ref(&op->future);
    return AR_OK;
}

void ari_op_enlist(ari_op *op, ari_connection *connection)
{
    atomic_fetch_add(&op->pool->queued, 1);
    op->sent = true;
    ari_future_ref(&op->future);
    atomic_fetch_add(&connection->slow, 1);
    atomic_fetch_add(&connection->load, 1);
    atomic_store_explicit(&op->connection, connection, memory_order_release);
    ari_op_list_add(&connection->outbox, op);
}

static void count_out(ari_pool *pool, ari_op *op)
{
    leave_queue(pool);
    op->sent = false;
    ari_future_unref(&op->future);
}

static ar_status choose(ari_group *group, ari_pool *pool, const ari_lease *lease, const ari_op *op, bool blocking,
                        ari_connection **to, ar_error *err)
{
    ar_status status = ari_route_choose(group, op, blocking, to, err);
    if (status == AR_OK && blocking && ari_lease_would_deadlock(pool, lease, group, *to))
        return ar_error_set(err, AR_E_DEADLOCK,
                            "a blocking call outside a transaction that this thread holds: use the transaction's "
                            "handle, finish it first, or begin it with allow_outside");
    return status;
}

/* Sends it, into the mailbox of *to, or (NULL) into the queue. */
static ar_status admit(ari_pool *pool, ari_lease *lease, ari_op *op, bool blocking, ari_connection **to, ar_error *err)
{
    ar_status status = refuse(pool, op, err);
    if (status != AR_OK)
        return status;
    if (lease != NULL && op->lease == NULL)
        op->lease = ari_lease_ref(lease);
    ari_group *group = ari_route_group(pool, op, err);
    if (group == NULL)
        return err->status;
    status = count_in(pool, op, err);
    if (status != AR_OK)
        return status;
    do
        status = choose(group, pool, lease, op, blocking, to, err);
    while (status == AR_OK && !ari_route_send(group, op, to));
    if (status != AR_OK)
        count_out(pool, op);
    return status;
}

ar_status ari_op_arm(ari_op *op, ar_error *err)
{
    if (op->operation.deadline == INT64_MAX || op->timer.fire != NULL)
        return AR_OK;
    op->timer = (ari_timer){ .deadline = op->operation.deadline, .fire = expire };
    ari_future_ref(&op->future);
    ar_status status = ari_timer_arm(op->future.runtime, &op->timer, err);
    if (status != AR_OK) {
        op->timer.fire = NULL;
        ari_future_unref(&op->future);
    }
    return status;
}

void ari_op_fail(ari_op *op, ar_status status, const ar_error *error)
{
    if (ari_future_finish(&op->future, status, error))
        interrupt(&op->future);
}

ar_future *ari_pool_submit(ari_pool *pool, ari_lease *lease, ari_op *op)
{
    ar_error error;
    ari_connection *to;
    ar_status status = ari_op_arm(op, &error);
    if (status == AR_OK)
        status = admit(pool, lease, op, false, &to, &error);
    if (status != AR_OK)
        ari_op_fail(op, status, &error);
    else if (to != NULL)
        ari_runner_wake(&to->runner);
    return &op->future;
}

ar_status ari_pool_run(ari_pool *pool, ari_lease *lease, ari_op *op, ar_error *err)
{
    ar_error error;
    ari_connection *to = NULL;
    int64_t deadline = op->operation.deadline;

    if (ari_runner_in_behaviour())
        return ar_error_set(
            err, AR_E_DEADLOCK,
            "a blocking database call inside a behaviour would hold up its actor: use the async call, and a then");
    ar_status status = admit(pool, lease, op, true, &to, &error);
    if (status != AR_OK) {
        if (err != NULL)
            *err = error;
        return status;
    }
    bool help = to != NULL && pool->runtime->help && (op->first || deadline == INT64_MAX);
    if (to != NULL && (!help || !ari_runner_help(&to->runner, &op->future, deadline)))
        ari_runner_wake(&to->runner);
    status = ari_future_wait_until(&op->future, deadline, err);
    if (status == AR_E_PENDING) {
        ari_future_expire(&op->future);
        status = ari_future_wait_until(&op->future, INT64_MAX, err);
    }
    return status != AR_OK ? status : ari_future_outcome(&op->future, err);
}
