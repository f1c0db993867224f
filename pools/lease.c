/* SPDX-License-Identifier: MIT */
#include "pools/lease.h"

#include <assert.h>
#include <stddef.h>

#include "pools/private.h"
#include "pools/token.h"
#include "values/memory.h"

/* A lease is one connection for one transaction. It has the connection from the turn of its first operation on (others wait from then), sends BEGIN together with that
 * operation once nothing else is under way there, and gives the connection back after COMMIT or ROLLBACK, or when the engine ended the transaction by itself.
 *
 *   NEW ── BEGIN ──> OPEN ── a statement failed ──> ABORTED ── back to a savepoint ──> OPEN
 *    │                │                               │
 *    └── BEGIN failed ┴── the engine ended it ──> DEAD <┘         COMMIT, ROLLBACK: from each ──> ENDED
 *
 * ABORTED is kept here, not by the engine, so that all engines behave as PostgreSQL does. What the lease sends by itself (BEGIN, COMMIT, ROLLBACK, what ends savepoints, RESET)
 * is a step, one at a time: the backend's answer is noted, and ari_lease_advance goes on from there. Operations of the application wait in `queue` while a step is under way;
 * where the engine pipelines, they are sent without waiting for each other. Everything but creating, ending and letting go runs under the token of the connection. */

static const ar_error lost = { .status = AR_E_CONNECTION, .message = "the connection was lost" };

/* How long ROLLBACK and RESET may take on a network before the connection is given up instead. */
enum { STEP_GRACE_US = 10000000 };

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
    lease->why = *why;
    if (why->retryable)
        atomic_store_explicit(&lease->retryable, (int)why->status, memory_order_relaxed);
}

static void record(ari_lease *lease, const ar_operation *operation, const ar_error *error)
{
    if (lease->state == LEASE_DEAD)
        return;
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
    if (status == AR_E_TX_ABORTED)
        err->retryable = lease->why.retryable;
    if (lease->state == LEASE_DEAD)
        err->outcome_unknown = lease->why.outcome_unknown;
    return status;
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

bool ari_lease_is_end(const ari_op *op)
{
    return op->operation.kind == AR_OP_COMMIT || op->operation.kind == AR_OP_ROLLBACK;
}

static bool ends_savepoint(const ari_op *op)
{
    return op->operation.kind == AR_OP_RELEASE || op->operation.kind == AR_OP_ROLLBACK_TO;
}

static bool has_kept(const ari_connection *connection, const ari_lease *lease)
{
    for (const ari_mail *mail = connection->kept.first; mail != NULL; mail = mail->next)
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

/* --- having the connection --- */

static void answer(ari_op *op, const ar_error *error)
{
    ari_op_complete(op, error->status, error->status == AR_OK ? NULL : error);
}

/* It will not ask for the connection any more. */
static void move_to_end(ari_lease *lease)
{
    move(lease, LEASE_ENDED);
    atomic_fetch_sub(&atomic_load(&lease->connection)->load, ARI_LEASE_LOAD);
}

/* What needs no connection: refusals, and the end of what has nothing to be ended any more. */
static void answer_without(ari_lease *lease, ari_op *op)
{
    ar_error error = { .status = AR_OK };
    bool commits = op->operation.kind == AR_OP_COMMIT;
    if (lease->state == LEASE_ENDED || !ari_lease_is_end(op)) {
        error.status = refusal(lease, &error);
    } else {
        if (commits)
            error.status = commit_refusal(lease, &error);
        move_to_end(lease);
    }
    answer(op, &error);
}

static void release(ari_connection *connection)
{
    ari_lease *lease = connection->lease;
    ari_op *op;
    connection->lease = NULL;
    if (connection->state == CONNECTION_LEASED)
        ari_connection_move(connection, CONNECTION_READY);
    while ((op = ari_op_list_take(&lease->queue)) != NULL)
        answer_without(lease, op);
    ari_lease_unref(lease);
}

void ari_lease_take(ari_connection *connection, ari_op *op)
{
    ari_lease *lease = op->lease;
    if (connection->lease != lease && !ari_lease_needs_connection(connection, op)) {
        answer_without(lease, op);
        return;
    }
    if (connection->lease == NULL)
        connection->lease = ari_lease_ref(lease);
    assert(connection->lease == lease);
    ari_op_list_add(&lease->queue, op);
}

/* --- steps --- */

static bool is_in_transaction(ari_lease_step step)
{
    return step == STEP_ROLLBACK_TO || step == STEP_RELEASE || step == STEP_COMMIT || step == STEP_ROLLBACK ||
           step == STEP_TOKEN;
}

void ari_lease_start_step(ari_connection *connection, ari_lease *lease, ari_lease_step step, ar_operation errand)
{
    lease->step = step;
    lease->step_done = false;
    lease->errand = errand;
    lease->errand.in_transaction = is_in_transaction(step);
    lease->errand.host_data = lease;
    if (step == STEP_BEGIN)
        return; /* it goes with the operation behind it */
    if (connection->backend == NULL)
        ari_lease_step_completed(lease, &lost);
    else
        ari_connection_submit(connection, &lease->errand, 1);
}

static int64_t grace(const ari_connection *connection)
{
    const ar_env *env = connection->host.env;
    return connection->pool->topology.blocking ? INT64_MAX : env->now(env->ctx) + STEP_GRACE_US;
}

void ari_lease_step_completed(ari_lease *lease, const ar_error *error)
{
    lease->step_error.status = AR_OK;
    if (error != NULL)
        lease->step_error = *error;
    lease->step_done = true;
    if (lease->step != STEP_BEGIN)
        return;
    if (error != NULL && !lease->first_failed)
        return; /* what that means is settled when the operation behind it has failed too */
    lease->step = STEP_NONE;
    if (error != NULL) {
        lease->ran_raw = false;
        fail_lease(lease, LEASE_DEAD, error);
        return;
    }
    move(lease, LEASE_OPEN);
    atomic_store_explicit(&lease->begun, true, memory_order_relaxed);
    if (lease->first_failed)
        fail_lease(lease, LEASE_ABORTED, &lease->answer);
}

/* BEGIN, and behind it the operation that it travels with. */
static void begin(ari_connection *connection, ari_lease *lease, ari_op *op)
{
    ari_connection_move(connection, CONNECTION_LEASED);
    lease->first_failed = false;
    lease->pending = op;
    ari_lease_start_step(
        connection, lease, STEP_BEGIN,
        (ar_operation){ .kind = AR_OP_BEGIN,
                        .deadline = connection->pool->topology.blocking ? op->operation.deadline : INT64_MAX,
                        .read_only = lease->options.read_only,
                        .deferrable = lease->options.deferrable,
                        .isolation = lease->options.isolation });
    lease->errand.next = &op->operation;
    lease->under_way++;
    lease->decisive += op->decisive;
    ari_connection_submit(connection, &lease->errand, 2);
}

/* The operation behind a BEGIN that failed has failed. Neither was sent, on a connection that was lost: once more, on another one. */
static bool begins_again(ari_connection *connection, ari_lease *lease, ari_op *op, const ar_error *error)
{
    ar_error interrupted;
    bool unsent = !ari_connection_interrupted(connection, op, &interrupted) &&
                  lease->step_error.status == AR_E_CONNECTION && lease->errand.unsent && error != NULL &&
                  error->status == AR_E_CONNECTION && op->operation.unsent;
    lease->step = STEP_NONE;
    if (!unsent || op->losses == ARI_UNSENT_TRIES) {
        lease->ran_raw = false;
        fail_lease(lease, LEASE_DEAD, &lease->step_error);
        return false;
    }
    op->losses++;
    op->operation.unsent = op->operation.ended_transaction = false;
    ari_op_list_put_back(&lease->queue, op);
    return true;
}

void ari_lease_completed(ari_op *op, const ar_error *error)
{
    ari_lease *lease = op->lease;
    ar_error refused, settled;
    lease->under_way--;
    lease->decisive -= op->decisive;
    if (op->decisive && error == NULL && !ari_op_settle(op, &settled))
        error = &settled;
    if (lease->pending == op)
        lease->pending = NULL;
    if (lease->step == STEP_BEGIN && lease->step_done) {
        if (begins_again(atomic_load(&lease->connection), lease, op, error))
            return;
        error = &lease->step_error;
    } else if (lease->step == STEP_BEGIN && error != NULL) {
        lease->first_failed = true;
        lease->answer = *error;
    } else {
        if (error != NULL && error->status == AR_E_TX_ABORTED && refusal(lease, &refused) == AR_E_TX_ABORTED)
            error = &refused;
        record(lease, &op->operation, error);
    }
    ari_op_complete(op, error == NULL ? AR_OK : error->status, error);
}

static void finish_pending(ari_lease *lease)
{
    ari_op *op = lease->pending;
    lease->pending = NULL;
    answer(op, &lease->answer);
}

/* The end of a savepoint. RELEASE, after something in it failed, does what COMMIT does then: all is rolled back, and the answer says so. What was rolled back to is of no more
 * use, and is released too. */
static void end_savepoint(ari_connection *connection, ari_lease *lease, ari_op *op)
{
    bool back = op->operation.kind == AR_OP_ROLLBACK_TO;
    lease->pending = op;
    lease->answer.status = AR_OK;
    if (!back)
        lease->answer.status = refusal(lease, &lease->answer);
    if (op->named && lease->answer.status != AR_OK) {
        finish_pending(lease);
        return;
    }
    back = back || lease->answer.status != AR_OK;
    ari_lease_start_step(connection, lease, back ? STEP_ROLLBACK_TO : STEP_RELEASE,
                         (ar_operation){ .kind = back ? AR_OP_ROLLBACK_TO : AR_OP_RELEASE,
                                         .savepoint = op->operation.savepoint,
                                         .deadline = grace(connection) });
}

static void roll_back(ari_connection *connection, ari_lease *lease)
{
    ari_lease_start_step(connection, lease, STEP_ROLLBACK,
                         (ar_operation){ .kind = AR_OP_ROLLBACK, .deadline = grace(connection) });
}

static void commit(ari_connection *connection, ari_lease *lease)
{
    int64_t deadline = connection->pool->topology.blocking ? INT64_MAX : lease->options.deadline;
    ari_lease_start_step(connection, lease, STEP_COMMIT, (ar_operation){ .kind = AR_OP_COMMIT, .deadline = deadline });
}

static void end_transaction(ari_connection *connection, ari_lease *lease, ari_op *op, bool commits)
{
    lease->pending = op;
    lease->answer.status = commits ? commit_refusal(lease, &lease->answer) : AR_OK;
    commits = commits && lease->answer.status == AR_OK;
    if (!commits)
        roll_back(connection, lease);
    else if (lease->options.token != NULL)
        ari_token_write(connection, lease);
    else
        commit(connection, lease);
}

/* Gives the connection back, in the state in which it was taken. */
static void let_go(ari_connection *connection, ari_lease *lease)
{
    if (connection->backend != NULL && lease->ran_raw) {
        lease->ran_raw = false;
        ari_lease_start_step(connection, lease, STEP_RESET,
                             (ar_operation){ .kind = AR_OP_RESET, .deadline = grace(connection) });
        return;
    }
    release(connection);
}

/* A transaction that cannot be ended is ended by closing the connection. */
static void give_up(ari_connection *connection)
{
    if (connection->backend != NULL && !connection->pool->topology.blocking)
        ari_connection_lose(connection);
}

/* COMMIT, or what goes before it. */
static void committed(ari_connection *connection, ari_lease *lease, ari_lease_step step)
{
    if (step == STEP_TOKEN && lease->step_error.status == AR_OK) {
        commit(connection, lease);
        return;
    }
    lease->answer = lease->step_error;
    if (step == STEP_TOKEN)
        record(lease, &lease->errand, &lease->step_error);
    else if (ari_token_doubts(lease))
        return;
    if (lease->answer.status == AR_OK || lease->errand.ended_transaction || connection->backend == NULL)
        return;
    roll_back(connection, lease);
}

static void rolled_back(ari_connection *connection, ari_lease *lease)
{
    if (lease->step_error.status == AR_OK)
        return;
    give_up(connection);
    if (lease->answer.status == AR_OK && lease->pending->operation.kind == AR_OP_ROLLBACK &&
        connection->pool->topology.blocking)
        lease->answer = lease->step_error;
}

static void went_back(ari_connection *connection, ari_lease *lease)
{
    record(lease, &lease->errand, lease->step_error.status == AR_OK ? NULL : &lease->step_error);
    if (lease->step_error.status == AR_OK && lease->pending->named)
        return;
    if (lease->step_error.status == AR_OK)
        ari_lease_start_step(connection, lease, STEP_RELEASE,
                             (ar_operation){ .kind = AR_OP_RELEASE,
                                             .savepoint = lease->pending->operation.savepoint,
                                             .deadline = grace(connection) });
    else if (lease->answer.status == AR_OK)
        lease->answer = lease->step_error;
}

static void released(ari_lease *lease)
{
    record(lease, &lease->errand, lease->step_error.status == AR_OK ? NULL : &lease->step_error);
    if (lease->answer.status == AR_OK)
        lease->answer = lease->step_error;
}

static void reset(ari_connection *connection, ari_lease *lease)
{
    if (lease->step_error.status == AR_OK || connection->backend == NULL)
        return;
    ari_runtime_log(lease->pool->runtime, AR_LOG_INFO, "a connection whose session a transaction changed is closed: %s",
                    lease->step_error.message);
    ari_connection_lose(connection);
}

void ari_lease_answer_end(ari_lease *lease)
{
    if (ari_lease_is_end(lease->pending))
        move_to_end(lease);
    finish_pending(lease);
}

/* The step has ended: the next one, or the answer. */
static void finish_step(ari_connection *connection, ari_lease *lease)
{
    ari_lease_step step = lease->step;
    lease->step = STEP_NONE;
    switch (step) {
    case STEP_NONE:
    case STEP_BEGIN: break;
    case STEP_ROLLBACK_TO: went_back(connection, lease); break;
    case STEP_RELEASE: released(lease); break;
    case STEP_TOKEN:
    case STEP_COMMIT: committed(connection, lease, step); break;
    case STEP_TOKEN_CLEAN:
    case STEP_TOKEN_TABLE:
    case STEP_TOKEN_CLAIM:
    case STEP_TOKEN_LOOK: ari_token_step_ended(connection, lease, step); break;
    case STEP_ROLLBACK: rolled_back(connection, lease); break;
    case STEP_RESET: reset(connection, lease); break;
    }
    if (lease->step == STEP_NONE && lease->pending != NULL && !lease->token.doubt)
        ari_lease_answer_end(lease);
}

/* --- its operations --- */

static bool is_allowed(const ari_lease *lease, ar_operation_kind kind)
{
    bool ends = kind == AR_OP_ROLLBACK_TO || kind == AR_OP_RELEASE || kind == AR_OP_CLOSE_CURSOR;
    return lease->state == LEASE_OPEN || (lease->state == LEASE_ABORTED && ends);
}

/* Whether the first of its operations can be handled now. */
static bool may_go_on(ari_connection *connection, const ari_lease *lease, const ari_op *op)
{
    if (lease->state == LEASE_NEW)
        return ari_lease_is_end(op) ||
               (ari_connection_ensure(connection, &op->operation) && connection->under_way == 0);
    if (ari_lease_is_end(op) || ends_savepoint(op))
        return lease->under_way == 0;
    if (op->operation.kind == AR_OP_SAVEPOINT &&
        lease->decisive > 0) /* what fails before it is not to be rolled back by it */
        return false;
    return lease->under_way == 0 || connection->pool->topology.pipelines;
}

static void run_statement(ari_connection *connection, ari_lease *lease, ari_op *op)
{
    ar_error error;
    const ar_statement *statement = op->operation.statement;
    if (lease->state != LEASE_NEW && !is_allowed(lease, op->operation.kind)) {
        ari_op_complete(op, refusal(lease, &error), &error);
        return;
    }
    lease->ran_raw = lease->ran_raw || (statement != NULL && !statement->generated);
    op->operation.in_transaction = true;
    op->operation.next = NULL;
    if (lease->state == LEASE_NEW) {
        begin(connection, lease, op);
    } else if (ends_savepoint(op)) {
        end_savepoint(connection, lease, op);
    } else {
        lease->under_way++;
        lease->decisive += op->decisive;
        ari_connection_submit(connection, &op->operation, 1);
    }
}

/* One that was finished before it was sent is dropped; what was to end a transaction or a savepoint rolls it back all the same. */
static void run(ari_connection *connection, ari_lease *lease, ari_op *op)
{
    bool finished = !ari_future_start(&op->future);
    if (finished && ends_savepoint(op) && !op->named)
        op->operation.kind = AR_OP_ROLLBACK_TO;
    if (ari_lease_is_end(op) && lease->state == LEASE_NEW)
        answer_without(lease, op);
    else if (ari_lease_is_end(op))
        end_transaction(connection, lease, op, op->operation.kind == AR_OP_COMMIT && !finished);
    else if (finished && (op->named || !ends_savepoint(op)))
        ari_op_complete(op, AR_E_CANCELLED, NULL);
    else
        run_statement(connection, lease, op);
}

static bool is_over(const ari_lease *lease)
{
    return lease->state == LEASE_DEAD || lease->state == LEASE_ENDED;
}

/* Before BEGIN: what is cancelled or late does not wait for the connection. */
static void drop_interrupted(const ari_connection *connection, ari_lease *lease)
{
    ar_error error;
    ari_op *op;
    while ((op = ari_op_list_first(&lease->queue)) != NULL && !ari_lease_is_end(op) &&
           ari_connection_interrupted(connection, op, &error))
        ari_op_complete(ari_op_list_take(&lease->queue), error.status, &error);
}

/* A rollback does not wait for ever for answers that nobody needs. */
static void limit_waiting(const ari_connection *connection, ari_lease *lease)
{
    const ari_op *op = ari_op_list_first(&lease->queue);
    bool rolls_back = op != NULL && op->operation.kind == AR_OP_ROLLBACK && connection->state == CONNECTION_LEASED;
    if (!rolls_back)
        lease->give_up_at = INT64_MAX;
    else if (lease->give_up_at == INT64_MAX)
        lease->give_up_at = grace(connection);
}

int64_t ari_lease_deadline(const ari_lease *lease)
{
    if (lease->token.doubt)
        return ari_token_deadline(lease);
    bool steps = lease->step != STEP_NONE && !lease->step_done;
    return steps && lease->errand.deadline < lease->give_up_at ? lease->errand.deadline : lease->give_up_at;
}

bool ari_lease_finish_step(ari_connection *connection)
{
    ari_lease *lease = connection->lease;
    if (lease->step == STEP_NONE || lease->step == STEP_BEGIN || !lease->step_done)
        return false;
    finish_step(connection, lease);
    return true;
}

bool ari_lease_advance(ari_connection *connection)
{
    ari_lease *lease = connection->lease;
    limit_waiting(connection, lease);
    if (lease->step != STEP_NONE)
        return ari_lease_finish_step(connection);
    if (lease->token.doubt)
        return ari_token_look(connection, lease);
    if (connection->backend == NULL && (lease->state == LEASE_OPEN || lease->state == LEASE_ABORTED))
        fail_lease(lease, LEASE_DEAD, &lost);
    if (is_over(lease) && lease->under_way == 0) {
        let_go(connection, lease);
        return true;
    }
    if (lease->state == LEASE_NEW)
        drop_interrupted(connection, lease);
    ari_op *op = ari_op_list_first(&lease->queue);
    if (op == NULL && lease->state == LEASE_NEW && lease->under_way == 0) {
        release(connection); /* its first operation was dropped */
        return true;
    }
    bool ends_nothing = op != NULL && lease->state == LEASE_NEW && ari_lease_is_end(op);
    if (op == NULL || (connection->state == CONNECTION_CONNECTING && !ends_nothing) ||
        !may_go_on(connection, lease, op))
        return connection->opened;
    if (lease->state == LEASE_NEW && !ends_nothing && lease->options.token != NULL &&
        ari_token_prepare(connection, lease))
        return true;
    run(connection, lease, ari_op_list_take(&lease->queue));
    return true;
}

void ari_lease_open_failed(ari_connection *connection, const ar_error *error)
{
    ari_lease *lease = connection->lease;
    if (lease->token.doubt) {
        ari_token_open_failed(connection, lease);
        return;
    }
    ari_op *op = ari_op_list_take(&lease->queue);
    fail_lease(lease, LEASE_DEAD, error);
    if (op != NULL)
        ari_op_complete(op, error->status, error);
}

void ari_lease_abandon(ari_connection *connection, const ar_error *error)
{
    ari_lease *lease = connection->lease;
    ari_op *op;
    if (lease->pending != NULL) {
        if (lease->answer.status == AR_OK)
            lease->answer = lease->step_done ? lease->step_error : *error;
        finish_pending(lease);
    }
    while ((op = ari_op_list_take(&lease->queue)) != NULL)
        ari_op_complete(op, error->status, error);
    connection->lease = NULL;
    ari_lease_unref(lease);
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
    lease->give_up_at = INT64_MAX;
    ari_op_list_init(&lease->behind);
    ari_op_list_init(&lease->queue);
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
    if (atomic_load(&lease->sent))
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
    if (atomic_load(&lease->sent))
        status = ari_pool_run(lease->pool, lease, op, err);
    if (status == AR_E_DEADLOCK && !op->sent) {
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

/* With the pool's lock held: whether a lease before `lease` in the list has its connection too. */
static bool counted_before(const ari_pool *pool, const ari_lease *lease, const ari_connection *connection)
{
    for (const ari_lease *other = pool->leases; other != lease; other = other->next)
        if (pthread_equal(other->holder, pthread_self()) && atomic_load(&other->connection) == connection)
            return true;
    return false;
}

bool ari_lease_would_deadlock(ari_pool *pool, const ari_lease *lease, const ari_group *group,
                              const ari_connection *connection)
{
    bool found = false;
    uint32_t held = 0; /* connections of the group */
    if (atomic_load_explicit(&pool->open_leases, memory_order_relaxed) == 0)
        return false;
    if (lease != NULL && atomic_load_explicit(&lease->begun, memory_order_relaxed))
        return false;
    pthread_mutex_lock(&pool->lock);
    for (ari_lease *other = pool->leases; other != NULL && !found; other = other->next) {
        if (other == lease || other->options.unheld || !pthread_equal(other->holder, pthread_self()))
            continue;
        const ari_connection *its = atomic_load(&other->connection);
        held += its != NULL && its->group == group && !counted_before(pool, other, its);
        found = !other->options.allow_outside || (connection != NULL && its == connection) ||
                (connection == NULL && held == group->count);
    }
    pthread_mutex_unlock(&pool->lock);
    return found;
}
