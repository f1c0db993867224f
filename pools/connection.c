/* SPDX-License-Identifier: MIT */
#include "pools/connection.h"

#include <assert.h>
#include <stddef.h>

#include "pools/private.h"

/* A connection actor drives one backend connection: it opens it with the first operation, hands the operations of its mailbox to the backend as one batch, and keeps
 * to one transaction at a time. While a lease has the connection, operations of others wait in `kept`, in their order, and are taken up again when the lease ends.
 * Everything here runs under the token, on the connection's thread or on one that helps, but for spawning. */

static const bool moves[6][6] = {
    [CONNECTION_CLOSED] = { [CONNECTION_CONNECTING] = true, [CONNECTION_DRAINING] = true },
    [CONNECTION_CONNECTING] = { [CONNECTION_READY] = true, [CONNECTION_FAILED] = true },
    [CONNECTION_READY] = { [CONNECTION_LEASED] = true, [CONNECTION_FAILED] = true, [CONNECTION_DRAINING] = true },
    [CONNECTION_LEASED] = { [CONNECTION_READY] = true, [CONNECTION_FAILED] = true, [CONNECTION_DRAINING] = true },
    [CONNECTION_DRAINING] = { [CONNECTION_CLOSED] = true },
    [CONNECTION_FAILED] = { [CONNECTION_CONNECTING] = true, [CONNECTION_DRAINING] = true },
};

void ari_connection_move(ari_connection *connection, ari_connection_state next)
{
    bool right = moves[connection->state][next];
    assert(right);
    (void)right;
    connection->state = next;
    assert((connection->lease != NULL) <=
           (next == CONNECTION_LEASED || next == CONNECTION_DRAINING || next == CONNECTION_FAILED));
}

ar_status ari_connection_ensure(ari_connection *connection, const ar_operation *waiting, ar_error *err)
{
    ari_pool *pool = connection->pool;
    if (connection->backend != NULL)
        return AR_OK;
    if (connection->lost)
        return ar_error_set(err, AR_E_CONNECTION,
                            "the connection that held the database in memory was lost, and all data with it: close the "
                            "database and open it anew");
    ari_connection_move(connection, CONNECTION_CONNECTING);
    connection->host.opening_for = waiting;
    ar_status status =
        pool->backend->open(pool->config, connection->role, &connection->host, &connection->backend, err);
    connection->host.opening_for = NULL;
    if (status == AR_E_CANCELLED && atomic_load(&pool->aborting))
        status = ar_error_set(err, AR_E_CLOSED, "the database was closed while a connection was opened");
    ari_connection_move(connection, status == AR_OK ? CONNECTION_READY : CONNECTION_FAILED);
    return status;
}

void ari_connection_check(ari_connection *connection)
{
    const ar_backend *backend = connection->pool->backend;
    if (connection->backend == NULL || backend->usable(connection->backend))
        return;
    ari_runtime_log(connection->pool->runtime, AR_LOG_WARNING, "a %s connection is of no more use and is closed",
                    backend->name);
    ari_connection_lose(connection);
}

void ari_connection_lose(ari_connection *connection)
{
    connection->pool->backend->close(connection->backend);
    connection->backend = NULL;
    connection->lost = connection->pool->topology.connection_is_database;
    ari_connection_move(connection, CONNECTION_FAILED);
}

/* --- what the backend tells --- */

/* The host_data of an operation of the connection's own; that of a user's is NULL. */
typedef struct errand {
    const ari_op *cause;
    ar_status status;
    ar_error error;
} errand;

static ari_op *op_of(const ar_operation *operation)
{
    return (ari_op *)((char *)operation - offsetof(ari_op, operation));
}

static void complete(ar_backend_host *host, ar_operation *operation, const ar_error *error)
{
    ari_connection *connection = (ari_connection *)((char *)host - offsetof(ari_connection, host));
    errand *own = operation->host_data;
    ar_error closed;
    if (error != NULL && error->status == AR_E_CANCELLED && atomic_load(&connection->pool->aborting)) {
        ar_error_set(&closed, AR_E_CLOSED, "the database was closed while the operation ran");
        error = &closed;
    }
    if (own != NULL) {
        own->status = error == NULL ? AR_OK : error->status;
        if (error != NULL)
            own->error = *error;
        return;
    }
    ari_op *op = op_of(operation);
    if (op->lease != NULL)
        ari_lease_record(op->lease, operation, error);
    ari_op_complete(op, error == NULL ? AR_OK : error->status, error);
}

static bool interrupted(const ar_backend_host *host, const ar_operation *operation)
{
    const ar_env *env = host->env;
    if (operation->deadline != INT64_MAX && env->now(env->ctx) >= operation->deadline)
        return true;
    const errand *own = operation->host_data;
    const ari_op *op = own != NULL ? own->cause : op_of(operation);
    return op != NULL &&
           (ari_future_is_cancelled(&op->future) || atomic_load_explicit(&op->pool->aborting, memory_order_relaxed));
}

ar_status ari_connection_run(ari_connection *connection, ar_operation *operation, const ari_op *cause, ar_error *err)
{
    errand own = { .cause = cause };
    operation->in_transaction = operation->kind != AR_OP_BEGIN && operation->kind != AR_OP_RESET;
    operation->host_data = &own;
    connection->pool->backend->submit(connection->backend, operation);
    if (own.status != AR_OK && err != NULL)
        *err = own.error;
    return own.status;
}

/* --- the mailbox --- */

static void keep(ari_connection *connection, ari_op *op)
{
    op->mail.next = NULL;
    *connection->kept_end = &op->mail;
    connection->kept_end = &op->mail.next;
}

static void keep_all(ari_connection *connection, ari_mail *mails)
{
    *connection->kept_end = mails;
    while (*connection->kept_end != NULL)
        connection->kept_end = &(*connection->kept_end)->next;
}

static ari_mail *take_kept(ari_connection *connection)
{
    ari_mail *kept = connection->kept;
    connection->kept = NULL;
    connection->kept_end = &connection->kept;
    return kept;
}

/* Drops an operation that was finished before it was sent. What was to end a transaction ends it all the same. */
static void drop_finished(ari_connection *connection, ari_op *op)
{
    if (ari_lease_is_end(op))
        ari_lease_roll_back(connection, op->lease);
    ari_op_complete(op, AR_E_CANCELLED, NULL);
}

static void fail_batch(ar_operation *batch, ar_status status, const ar_error *error)
{
    while (batch != NULL) {
        ar_operation *next = batch->next;
        ari_op_complete(op_of(batch), status, error);
        batch = next;
    }
}

/* After an opening that ended because somebody does not wait any longer: those fail, and the others are left. False: there was none. */
static bool fail_interrupted(ari_connection *connection, ar_operation **batch)
{
    const ar_env *env = connection->host.env;
    ar_operation **link = batch;
    bool any = false;
    while (*link != NULL) {
        ar_operation *operation = *link;
        ar_error error;
        if (!interrupted(&connection->host, operation)) {
            link = &operation->next;
            continue;
        }
        *link = operation->next;
        any = true;
        if (env->now(env->ctx) >= operation->deadline)
            ar_error_set(&error, AR_E_TIMEOUT,
                         "waiting for a connection to be opened: the deadline passed; nothing was sent");
        else if (atomic_load(&connection->pool->aborting))
            ar_error_set(&error, AR_E_CLOSED, "the database was closed while a connection was opened");
        else
            ar_error_set(&error, AR_E_CANCELLED, "waiting for a connection to be opened: cancelled; nothing was sent");
        ari_op_complete(op_of(operation), error.status, &error);
    }
    return any;
}

static bool was_interrupted(ar_status status)
{
    return status == AR_E_TIMEOUT || status == AR_E_CANCELLED || status == AR_E_CLOSED;
}

/* Sends the operations gathered so far. */
static void flush(ari_connection *connection, ar_operation **batch, ar_operation ***batch_end)
{
    ar_error error;
    if (*batch == NULL)
        return;
    **batch_end = NULL;
    ar_operation *left = *batch;
    ar_status status = ari_connection_ensure(connection, left, &error);
    while (was_interrupted(status) && fail_interrupted(connection, &left))
        status = left == NULL ? AR_OK : ari_connection_ensure(connection, left, &error);
    if (left != NULL && status == AR_OK)
        connection->pool->backend->submit(connection->backend, left);
    else
        fail_batch(left, status, &error);
    ari_connection_check(connection);
    *batch = NULL;
    *batch_end = batch;
}

/* Somebody else has the connection, and it takes one to run `op`. */
static bool has_to_wait(const ari_connection *connection, const ari_op *op)
{
    return connection->lease != NULL && op->lease != connection->lease &&
           (op->lease == NULL || ari_lease_needs_connection(connection, op));
}

/* Handles `mails`: those of no lease are gathered and sent together, those of a lease one by one, those of others than the holder are kept. When the holder lets
 * go, what was kept is older than the rest, which therefore waits behind it. */
static void handle(ari_connection *connection, ari_mail *mails)
{
    ar_operation *batch = NULL;
    ar_operation **batch_end = &batch;

    while (mails != NULL) {
        if (connection->lease == NULL && connection->kept != NULL) {
            keep_all(connection, mails);
            break;
        }
        ari_op *op = (ari_op *)((char *)mails - offsetof(ari_op, mail));
        mails = mails->next;
        if (has_to_wait(connection, op)) {
            keep(connection, op);
        } else if (!ari_future_start(&op->future)) {
            drop_finished(connection, op);
        } else if (op->lease == NULL) {
            *batch_end = &op->operation;
            batch_end = &op->operation.next;
        } else {
            flush(connection, &batch, &batch_end);
            ari_lease_run(connection, op);
        }
    }
    flush(connection, &batch, &batch_end);
}

/* Whether it may join writes that are about to be committed together. */
static bool may_join(const ari_op *op)
{
    const ar_operation *operation = &op->operation;
    return op->lease == NULL && operation->kind == AR_OP_EXECUTE && operation->row_limit == 0 &&
           operation->statement != NULL && operation->statement->statement_class == AR_STATEMENT_WRITE;
}

/* The writes at the head of the mailbox; from the first other one on all wait for their turn. */
static ar_operation *more(ar_backend_host *host)
{
    ari_connection *connection = (ari_connection *)((char *)host - offsetof(ari_connection, host));
    ar_operation *first = NULL, **end = &first;
    if (connection->lease != NULL || connection->kept != NULL ||
        atomic_load_explicit(&connection->pool->aborting, memory_order_relaxed))
        return NULL;
    ari_mail *mails = ari_runner_take(&connection->runner);
    while (mails != NULL) {
        ari_op *op = (ari_op *)((char *)mails - offsetof(ari_op, mail));
        if (!may_join(op)) {
            keep_all(connection, mails);
            break;
        }
        mails = mails->next;
        if (!ari_future_start(&op->future)) {
            drop_finished(connection, op);
        } else {
            *end = &op->operation;
            end = &op->operation.next;
        }
    }
    *end = NULL;
    return first;
}

static bool batch(ari_runner *runner, ari_mail *mails)
{
    ari_connection *connection = (ari_connection *)runner;
    if (atomic_load(&connection->pool->aborting)) {
        keep_all(connection, mails); /* for `fail`, which follows */
        return false;
    }
    handle(connection, mails);
    while (connection->lease == NULL && connection->kept != NULL)
        handle(connection, take_kept(connection));
    return false;
}

static void fail(ari_runner *runner, ari_mail *mails)
{
    ari_connection *connection = (ari_connection *)runner;
    ar_error error;

    ar_error_set(&error, AR_E_CLOSED, "the database was closed before the operation was sent");
    ari_connection_move(connection, CONNECTION_DRAINING);
    *connection->kept_end = mails;
    mails = take_kept(connection);
    while (mails != NULL) {
        ari_op *op = (ari_op *)((char *)mails - offsetof(ari_op, mail));
        mails = mails->next;
        ari_op_complete(op, AR_E_CLOSED, &error);
    }
    if (connection->backend != NULL)
        connection->pool->backend->close(connection->backend);
    connection->backend = NULL;
    connection->lease = NULL;
    ari_connection_move(connection, CONNECTION_CLOSED);
}

/* Without the token, which one that posts late may have, to fail what he posted. */
static void gone(ari_runner *runner)
{
    ari_connection *connection = (ari_connection *)runner;
    const ar_env *env = connection->host.env;
    atomic_store(&connection->gone, 1);
    env->wake(env->ctx, (uint32_t *)&connection->gone);
}

ar_status ari_connection_spawn(ari_connection *connection, ar_error *err)
{
    static const ari_runner_class connection_class = {
        .batch = batch, .fail = fail, .gone = gone, .runs_behaviours = false
    };
    ari_pool *pool = connection->pool;
    ari_worker *worker = ari_runtime_own_worker(pool->runtime, pool->backend->name, err);
    if (worker == NULL)
        return AR_E_NO_MEMORY;
    ari_runner_init(&connection->runner, &connection_class, worker);
    connection->host =
        (ar_backend_host){ .env = &pool->runtime->env, .complete = complete, .interrupted = interrupted, .more = more };
    connection->kept_end = &connection->kept;
    atomic_store_explicit(&connection->spawned, true, memory_order_release);
    return AR_OK;
}
