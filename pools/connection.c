/* SPDX-License-Identifier: MIT */
#include "pools/connection.h"

#include <assert.h>
#include <stddef.h>

#include "pools/listener.h"
#include "pools/private.h"

/* A connection actor drives one backend connection: it opens it with the first operation, hands the operations of its mailbox to the backend as one batch, and keeps
 * to one transaction at a time. Everything here runs under the token, on the connection's thread (the reactor, for an engine that does not block) or on one that helps.
 *
 * What comes is only sorted at first: operations of no lease go to `outbox`, those of the lease that has the connection to that lease, all others to `kept` until the
 * lease ends. `pump` then does what can be done, one thing after the other, until there is nothing more: opens, sends, goes on with the lease, closes what is of no more
 * use. What the backend tells (complete, opened) is only noted, since it may come from inside any of its entries; a backend that blocks has told everything before submit
 * returns, another one tells later, from `progress`, which pump follows.
 *
 * An operation is in exactly one place: the queue of the group, a mailbox, outbox, kept, the queue of its lease, or with the backend (counted in `under_way`). Where the
 * connection was lost under it, it goes back to outbox: when it provably was not sent, or once when it only reads and the ORM made it. */

static const bool moves[6][6] = {
    [CONNECTION_CLOSED] = { [CONNECTION_CONNECTING] = true, [CONNECTION_DRAINING] = true },
    [CONNECTION_CONNECTING] = { [CONNECTION_READY] = true, [CONNECTION_FAILED] = true, [CONNECTION_DRAINING] = true },
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
    assert((next == CONNECTION_LEASED) <= (connection->lease != NULL));
}

/* --- lists --- */

static ari_op *op_of_mail(ari_mail *mail)
{
    return (ari_op *)((char *)mail - offsetof(ari_op, mail));
}

static ari_op *op_of(const ar_operation *operation)
{
    return (ari_op *)((char *)operation - offsetof(ari_op, operation));
}

static ari_connection *connection_of(const ar_backend_host *host)
{
    return (ari_connection *)((char *)host - offsetof(ari_connection, host));
}

void ari_op_list_init(ari_op_list *list)
{
    list->first = NULL;
    list->end = &list->first;
}

void ari_op_list_add(ari_op_list *list, ari_op *op)
{
    op->mail.next = NULL;
    *list->end = &op->mail;
    list->end = &op->mail.next;
}

void ari_op_list_put_back(ari_op_list *list, ari_op *op)
{
    op->mail.next = list->first;
    list->first = &op->mail;
    if (op->mail.next == NULL)
        list->end = &op->mail.next;
}

ari_op *ari_op_list_first(const ari_op_list *list)
{
    return list->first == NULL ? NULL : op_of_mail(list->first);
}

ari_op *ari_op_list_take(ari_op_list *list)
{
    ari_op *op = ari_op_list_first(list);
    if (op == NULL)
        return NULL;
    list->first = op->mail.next;
    if (list->first == NULL)
        list->end = &list->first;
    return op;
}

static ari_mail *take_all(ari_op_list *list)
{
    ari_mail *mails = list->first;
    ari_op_list_init(list);
    return mails;
}

/* --- what the backend tells --- */

static bool interrupted(const ar_backend_host *host, const ar_operation *operation)
{
    const ari_connection *connection = connection_of(host);
    const ari_lease *lease = operation->host_data;
    const ar_env *env = host->env;
    if (operation->deadline != INT64_MAX && env->now(env->ctx) >= operation->deadline)
        return true;
    /* A lease's own operation: only where the thread is stuck in BEGIN it is stopped with the one that it is for. */
    const ari_op *op = lease == NULL ? op_of(operation) : NULL;
    if (lease != NULL && lease->step == STEP_BEGIN && connection->pool->topology.blocking)
        op = lease->pending;
    return op != NULL && (ari_future_is_cancelled(&op->future) || ar_future_is_done(&op->future) ||
                          atomic_load_explicit(&op->pool->aborting, memory_order_relaxed));
}

/* Whether `op`, under which the connection was lost, may be sent again. */
static bool may_go_again(const ari_connection *connection, const ari_op *op, const ar_error *error)
{
    const ar_operation *operation = &op->operation;
    const ar_statement *statement = operation->statement;
    if (error->status != AR_E_CONNECTION || op->lease != NULL || operation->kind != AR_OP_EXECUTE ||
        connection->state == CONNECTION_DRAINING || interrupted(&connection->host, operation))
        return false;
    if (operation->unsent)
        return op->losses < ARI_UNSENT_TRIES;
    return op->losses == 0 && statement->generated && statement->statement_class == AR_STATEMENT_READ &&
           operation->row_limit == 0;
}

static void go_again(ari_connection *connection, ari_op *op)
{
    const ar_sink *sink = op->operation.sink;
    if (sink != NULL && sink->restart != NULL)
        sink->restart(op->operation.sink_ctx);
    op->operation.unsent = false;
    op->losses++;
    ari_op_list_add(&connection->outbox, op);
}

static void complete(ar_backend_host *host, ar_operation *operation, const ar_error *error)
{
    ari_connection *connection = connection_of(host);
    ari_lease *lease = operation->host_data;
    ar_error closed;

    connection->under_way--;
    if (error != NULL && error->status == AR_E_CANCELLED && atomic_load(&connection->pool->aborting)) {
        closed = *error;
        ar_error_set(&closed, AR_E_CLOSED, "the database was closed while the operation ran");
        closed.outcome_unknown = error->outcome_unknown;
        error = &closed;
    }
    if (lease != NULL) {
        ari_lease_step_completed(lease, error);
        return;
    }
    ari_op *op = op_of(operation);
    if (op->lease != NULL)
        ari_lease_completed(op, error);
    else if (error != NULL && may_go_again(connection, op, error))
        go_again(connection, op);
    else
        ari_op_complete(op, error == NULL ? AR_OK : error->status, error);
}

static void opened(ar_backend_host *host, const ar_error *error)
{
    ari_connection *connection = connection_of(host);
    connection->opened = true;
    connection->open_status = error == NULL ? AR_OK : error->status;
    if (error != NULL)
        connection->open_error = *error;
}

static void notified(ar_backend_host *host, const char *channel, const char *payload)
{
    ari_listener_notified(connection_of(host), channel, payload);
}

static void wake(ar_backend_host *host)
{
    ari_connection_call(connection_of(host));
}

/* --- opening and closing --- */

static void close_backend(ari_connection *connection)
{
    if (connection->backend != NULL)
        connection->pool->backend->close(connection->backend);
    connection->backend = NULL;
}

void ari_connection_lose(ari_connection *connection)
{
    ari_runtime_log(connection->pool->runtime, AR_LOG_WARNING, "a %s connection is of no more use and is closed",
                    connection->pool->backend->name);
    close_backend(connection);
    connection->lost = connection->pool->topology.connection_is_database;
    ari_connection_move(connection, CONNECTION_FAILED);
    if (connection->role == AR_ROLE_LISTENER)
        ari_listener_failed(connection);
}

/* All servers of a pool take the same SQL. */
static ar_status check_dialect(ari_connection *connection, ar_error *err)
{
    ari_pool *pool = connection->pool;
    const ar_dialect *none = NULL, *dialect = pool->backend->dialect;
    if (pool->backend->dialect_of != NULL)
        dialect = pool->backend->dialect_of(connection->backend);
    if (atomic_compare_exchange_strong(&pool->dialect, &none, dialect) || none == dialect)
        return AR_OK;
    return ar_error_set(
        err, AR_E_CONNECTION,
        "opening a connection: the server is of another kind or version than the one that was there when "
        "the database was opened: close the database and open it anew");
}

bool ari_connection_interrupted(const ari_connection *connection, const ari_op *op, ar_error *err)
{
    if (!interrupted(&connection->host, &op->operation))
        return false;
    if (atomic_load(&connection->pool->aborting))
        ar_error_set(err, AR_E_CLOSED, "the database was closed while a connection was opened");
    else if (ari_future_is_cancelled(&op->future))
        ar_error_set(err, AR_E_CANCELLED, "waiting for a connection to be opened: cancelled; nothing was sent");
    else
        ar_error_set(err, AR_E_TIMEOUT, "waiting for a connection to be opened: the deadline passed; nothing was sent");
    return true;
}

/* Drops those that wait no longer for the opening that they were waiting for. */
static bool drop_interrupted(ari_connection *connection)
{
    bool any = false;
    ari_mail *mails = take_all(&connection->outbox);
    while (mails != NULL) {
        ar_error error;
        ari_op *op = op_of_mail(mails);
        mails = mails->next;
        if (!ari_connection_interrupted(connection, op, &error)) {
            ari_op_list_add(&connection->outbox, op);
            continue;
        }
        any = true;
        ari_op_complete(op, error.status, &error);
    }
    return any;
}

static void fail_list(ari_op_list *list, const ar_error *error)
{
    ari_op *op;
    while ((op = ari_op_list_take(list)) != NULL)
        ari_op_complete(op, error->status, error);
}

static void fail_opening(ari_connection *connection, const ar_error *error)
{
    fail_list(&connection->outbox, error);
    if (connection->lease != NULL)
        ari_lease_open_failed(connection, error);
}

/* An opening has ended. */
static void settle_opening(ari_connection *connection)
{
    ar_error *error = &connection->open_error;
    connection->opened = false;
    if (connection->open_status == AR_OK)
        connection->open_status = check_dialect(connection, error);
    if (connection->open_status == AR_OK) {
        ari_connection_move(connection, CONNECTION_READY);
        connection->timed = false;
        if (connection->role == AR_ROLE_LISTENER)
            ari_listener_opened(connection);
        return;
    }
    close_backend(connection);
    ari_connection_move(connection, CONNECTION_FAILED);
    if (connection->role == AR_ROLE_LISTENER)
        ari_listener_failed(connection);
    if (atomic_load(&connection->pool->aborting))
        ar_error_set(error, AR_E_CLOSED, "the database was closed while a connection was opened");
    bool was_interrupted = connection->open_status == AR_E_TIMEOUT || connection->open_status == AR_E_CANCELLED;
    if (was_interrupted && drop_interrupted(connection) &&
        (connection->outbox.first != NULL || connection->lease != NULL))
        return; /* the others still wait, for another one */
    fail_opening(connection, error);
}

/* What waits for the opening, for a backend that blocks to look at. */
static const ar_operation *link_outbox(ari_connection *connection)
{
    for (ari_mail *mail = connection->outbox.first; mail != NULL; mail = mail->next)
        op_of_mail(mail)->operation.next = mail->next == NULL ? NULL : &op_of_mail(mail->next)->operation;
    ari_op *first = ari_op_list_first(&connection->outbox);
    return first == NULL ? NULL : &first->operation;
}

static void open_backend(ari_connection *connection, const ar_operation *waiting)
{
    ari_pool *pool = connection->pool;
    ari_connection_move(connection, CONNECTION_CONNECTING);
    if (connection->lost) {
        connection->open_status =
            ar_error_set(&connection->open_error, AR_E_CONNECTION,
                         "the connection that held the database in memory was lost, and all data with it: close the "
                         "database and open it anew");
        connection->opened = true;
        return;
    }
    connection->host.opening_for = waiting;
    ar_status status = pool->backend->open(pool->config, connection->role, &connection->host, &connection->backend,
                                           &connection->open_error);
    connection->host.opening_for = NULL;
    if (status != AR_OK || pool->topology.blocking) {
        connection->opened = true;
        connection->open_status = status;
    }
}

bool ari_connection_ensure(ari_connection *connection, const ar_operation *waiting)
{
    if (connection->backend == NULL && connection->state != CONNECTION_CONNECTING)
        open_backend(connection, waiting);
    return connection->state == CONNECTION_READY || connection->state == CONNECTION_LEASED;
}

/* --- sending --- */

void ari_connection_submit(ari_connection *connection, ar_operation *operations, uint32_t count)
{
    connection->under_way += count;
    connection->pool->backend->submit(connection->backend, operations);
}

static void send_outbox(ari_connection *connection)
{
    ar_operation *batch = NULL, **end = &batch;
    uint32_t count = 0;
    ari_mail *mails = take_all(&connection->outbox);
    while (mails != NULL) {
        ari_op *op = op_of_mail(mails);
        mails = mails->next;
        if (!ari_future_start(&op->future)) {
            ari_op_complete(op, AR_E_CANCELLED, NULL);
            continue;
        }
        *end = &op->operation;
        end = &op->operation.next;
        count++;
    }
    *end = NULL;
    if (batch != NULL)
        ari_connection_submit(connection, batch, count);
}

/* Somebody else has the connection, and it takes one to run `op`. */
static bool has_to_wait(const ari_connection *connection, const ari_op *op)
{
    return connection->lease != NULL && op->lease != connection->lease &&
           (op->lease == NULL || ari_lease_needs_connection(connection, op));
}

/* Puts each where it belongs. What was kept is older than what comes. */
static void sort(ari_connection *connection, ari_mail *mails)
{
    while (mails != NULL) {
        if (mails == &connection->call) {
            mails = mails->next;
            atomic_store(&connection->called, false);
            continue;
        }
        ari_op *op = op_of_mail(mails);
        mails = mails->next;
        bool overtakes = connection->lease == NULL && connection->kept.first != NULL;
        if (overtakes || has_to_wait(connection, op))
            ari_op_list_add(&connection->kept, op);
        else if (op->lease == NULL)
            ari_op_list_add(&connection->outbox, op);
        else
            ari_lease_take(connection, op);
    }
}

/* When a connection that is not open is to be opened though nothing waits for it. */
static int64_t due(const ari_connection *connection)
{
    return connection->role == AR_ROLE_LISTENER && connection->state == CONNECTION_FAILED ? ari_listener_due(connection)
                                                                                          : INT64_MAX;
}

static bool is_due(const ari_connection *connection)
{
    const ar_env *env = connection->host.env;
    return due(connection) != INT64_MAX && due(connection) <= env->now(env->ctx);
}

/* One thing that can be done now; false: there is none. */
static bool advance(ari_connection *connection)
{
    const ar_backend *backend = connection->pool->backend;
    bool is_open = connection->state == CONNECTION_READY || connection->state == CONNECTION_LEASED;

    if (connection->opened) {
        settle_opening(connection);
        return true;
    }
    if (is_open && connection->under_way == 0 && !backend->usable(connection->backend)) {
        ari_connection_lose(connection);
        return true;
    }
    if (connection->outbox.first != NULL && connection->state != CONNECTION_CONNECTING) {
        if (ari_connection_ensure(connection, is_open ? NULL : link_outbox(connection)))
            send_outbox(connection);
        return true;
    }
    if (connection->role == AR_ROLE_LISTENER && is_open && ari_listener_listens_again(connection))
        return true;
    if (is_due(connection)) {
        (void)ari_connection_ensure(connection, NULL);
        return true;
    }
    if (connection->lease != NULL)
        return ari_lease_advance(connection);
    if (connection->kept.first != NULL) {
        sort(connection, take_all(&connection->kept));
        return true;
    }
    return false;
}

static bool pump(ari_connection *connection)
{
    bool any = false;
    while (advance(connection))
        any = true;
    return any;
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
    ari_connection *connection = connection_of(host);
    ar_operation *first = NULL, **end = &first;
    if (connection->lease != NULL || connection->kept.first != NULL || connection->outbox.first != NULL ||
        atomic_load_explicit(&connection->pool->aborting, memory_order_relaxed))
        return NULL;
    ari_mail *mails = ari_runner_take(&connection->runner);
    while (mails != NULL && mails != &connection->call && may_join(op_of_mail(mails))) {
        ari_op *op = op_of_mail(mails);
        mails = mails->next;
        if (!ari_future_start(&op->future)) {
            ari_op_complete(op, AR_E_CANCELLED, NULL);
            continue;
        }
        *end = &op->operation;
        end = &op->operation.next;
        connection->under_way++;
    }
    *end = NULL;
    sort(connection, mails);
    return first;
}

/* --- the runner --- */

/* A turn that came without mail was asked for, to take what waits in the queue: on the connection's own thread, since one that helps is to leave when its own operation is
 * done. */
static bool batch(ari_runner *runner, ari_mail *mails)
{
    ari_connection *connection = (ari_connection *)runner;
    bool asked_for = mails == NULL || (mails == &connection->call && mails->next == NULL);
    if (atomic_load(&connection->pool->aborting)) {
        sort(connection, mails); /* for `fail`, which follows */
        return false;
    }
    sort(connection, mails);
    if (asked_for && connection->lease == NULL)
        sort(connection, ari_route_pull(connection));
    pump(connection);
    return connection->pool->topology.blocking && ari_route_has_work(connection);
}

static void fail(ari_runner *runner, ari_mail *mails)
{
    ari_connection *connection = (ari_connection *)runner;
    ar_error error;

    ar_error_set(&error, AR_E_CLOSED, "the database was closed before the operation was sent");
    ari_connection_move(connection, CONNECTION_DRAINING);
    close_backend(connection);
    connection->opened = false;
    fail_list(&connection->outbox, &error);
    if (connection->lease != NULL)
        ari_lease_abandon(connection, &error);
    fail_list(&connection->kept, &error);
    while (mails != NULL) {
        ari_mail *next = mails->next;
        if (mails != &connection->call)
            ari_op_complete(op_of_mail(mails), AR_E_CLOSED, &error);
        mails = next;
    }
    ari_connection_move(connection, CONNECTION_CLOSED);
}

/* Without the token, which one that posts late may have, to fail what he posted. */
static void gone(ari_runner *runner)
{
    ari_connection *connection = (ari_connection *)runner;
    const ar_env *env = connection->host.env;
    if (!connection->pool->topology.blocking)
        ari_runner_unwatch(runner);
    atomic_store(&connection->gone, 1);
    env->wake(env->ctx, (uint32_t *)&connection->gone);
}

/* --- for an engine that does not block --- */

static void ring_alarm(ari_timer *timer)
{
    ari_connection *connection = (ari_connection *)((char *)timer - offsetof(ari_connection, alarm));
    ari_pool *pool = connection->pool;
    atomic_store(&connection->alarm_at, INT64_MAX);
    ari_connection_call(connection);
    ari_pool_unref(pool);
}

static void set_alarm(ari_connection *connection, int64_t until)
{
    ari_pool *pool = connection->pool;
    if (until == atomic_load(&connection->alarm_at))
        return;
    if (atomic_load(&connection->alarm_at) != INT64_MAX) {
        if (!ari_timer_disarm(pool->runtime, &connection->alarm))
            return; /* it rings now, and this is asked again */
        atomic_store(&connection->alarm_at, INT64_MAX);
        ari_pool_unref(pool);
    }
    if (until == INT64_MAX)
        return;
    connection->alarm = (ari_timer){ .deadline = until, .fire = ring_alarm };
    ari_pool_ref(pool);
    atomic_store(&connection->alarm_at, until);
    if (ari_timer_arm(pool->runtime, &connection->alarm, NULL) != AR_OK) {
        atomic_store(&connection->alarm_at, INT64_MAX);
        ari_pool_unref(pool);
    }
}

static int64_t lease_deadline(const ari_connection *connection)
{
    return connection->lease == NULL ? INT64_MAX : ari_lease_deadline(connection->lease);
}

static void look_at_interrupted(ari_connection *connection)
{
    const ar_env *env = connection->host.env;
    bool attention = atomic_exchange(&connection->attention, false);
    bool late = lease_deadline(connection) != INT64_MAX && env->now(env->ctx) >= lease_deadline(connection);
    if (late && connection->lease->give_up_at == lease_deadline(connection) && connection->backend != NULL &&
        connection->state == CONNECTION_LEASED) {
        ari_connection_lose(connection);
        return;
    }
    if (!attention && !late)
        return;
    if (connection->state == CONNECTION_CONNECTING)
        (void)drop_interrupted(connection);
    else if (connection->under_way > 0)
        connection->pool->backend->shed(connection->backend);
}

/* A round trip below this is near: on loopback it takes 0.05 ms, within a rack 0.1, between halls 0.5 and more. */
enum { NEAR_US = 300 };

static void time_line(ari_connection *connection, int fd)
{
    const ar_env *env = connection->host.env;
    bool near = env->round_trip(env->ctx, fd) < NEAR_US;
    connection->timed = true;
    atomic_store(&connection->depth, ari_connection_depth(connection->pool, near));
}

/* The database closes, and has what runs stopped. What was not sent stays so; a step of a lease is gone on with, since
 * its end is the answer to a commit. The connection is quiet when the backend awaits nothing more: until then it may have
 * to ask the server again. */
static bool wind_down(ari_connection *connection, int events)
{
    const ar_env *env = connection->host.env;
    bool is_open = connection->state == CONNECTION_READY || connection->state == CONNECTION_LEASED;
    if (connection->lease != NULL && is_open && ari_lease_finish_step(connection))
        return true;
    if (is_open && events != 0 && connection->role != AR_ROLE_LISTENER)
        return false;
    atomic_store(&connection->quiet, 1);
    env->wake(env->ctx, (uint32_t *)&connection->quiet);
    return false;
}

static int progress(ari_runner *runner, int *fd)
{
    ari_connection *connection = (ari_connection *)runner;
    const ar_backend *backend = connection->pool->backend;
    bool aborting, more;
    int64_t until;
    int events;
    do {
        until = INT64_MAX;
        events = 0;
        look_at_interrupted(connection);
        if (connection->backend != NULL) {
            ari_future_hold_wakes();
            events = backend->progress(connection->backend, fd, &until);
            ari_future_let_wakes();
        }
        aborting = atomic_load(&connection->pool->aborting);
        if (connection->lease == NULL && !aborting)
            sort(connection, ari_route_pull(connection));
        more = aborting ? wind_down(connection, events) : pump(connection);
    } while (more);
    if (connection->state == CONNECTION_READY && !connection->timed && *fd >= 0)
        time_line(connection, *fd);
    if (lease_deadline(connection) < until)
        until = lease_deadline(connection);
    if (due(connection) < until)
        until = due(connection);
    set_alarm(connection, until);
    return events;
}

void ari_connection_call(ari_connection *connection)
{
    if (atomic_exchange(&connection->called, true))
        return;
    ari_runner_push(&connection->runner, &connection->call);
    ari_runner_wake(&connection->runner);
}

void ari_connection_alert(ari_connection *connection)
{
    if (connection->pool->topology.blocking)
        return; /* the backend looks by itself while it works */
    atomic_store(&connection->attention, true);
    ari_connection_call(connection);
}

/* --- a thread --- */

static const ari_runner_class blocking_class = { .batch = batch, .fail = fail, .gone = gone, .runs_behaviours = false };
static const ari_runner_class reactor_class = {
    .batch = batch, .fail = fail, .gone = gone, .progress = progress, .runs_behaviours = false
};

bool ari_connection_is_spawned(const ari_connection *connection)
{
    return atomic_load_explicit(&connection->spawned, memory_order_acquire);
}

ar_status ari_connection_spawn(ari_connection *connection, ar_error *err)
{
    ari_pool *pool = connection->pool;
    bool blocking = pool->topology.blocking;
    ari_worker *worker = pool->reactor;
    if (worker == NULL)
        worker = ari_runtime_own_worker(pool->runtime, pool->backend->name, err);
    if (worker == NULL)
        return AR_E_NO_MEMORY;
    ari_runner_init(&connection->runner, blocking ? &blocking_class : &reactor_class, worker);
    if (!blocking) {
        pool->reactor = worker;
        ar_status status = ari_runner_watch(&connection->runner, err);
        if (status != AR_OK)
            return status;
    }
    connection->host = (ar_backend_host){ .env = &pool->runtime->env,
                                          .complete = complete,
                                          .interrupted = interrupted,
                                          .more = more,
                                          .opened = opened,
                                          .wake = wake,
                                          .notified = connection->role == AR_ROLE_LISTENER ? notified : NULL };
    ari_op_list_init(&connection->outbox);
    ari_op_list_init(&connection->kept);
    atomic_init(&connection->alarm_at, INT64_MAX);
    atomic_store_explicit(&connection->spawned, true, memory_order_release);
    return AR_OK;
}

void ari_connection_fini(ari_connection *connection)
{
    set_alarm(connection, INT64_MAX);
}
