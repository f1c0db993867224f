/* SPDX-License-Identifier: MIT */
#include "backends/mysql/connection.h"

#include <poll.h>
#include <sys/socket.h>

#include "backends/mysql/dialect.h"
#include "backends/mysql/error.h"
#include "values/memory.h"

/* A connection opens by a chore (chore.h), runs one job after the other in the order in which operations came, and is
 * lost at the first sign that the server is gone. One thread at a time runs it; nothing here is shared but the chores.
 *
 * A job is one operation, or finds by key that became one query (fuse.c). What the driver is doing is one call (call.h);
 * `step` says what goes on when that call is over. Operations that are interrupted are completed at once and leave the
 * job; it goes on without them, so that its replies are read. When nobody is left in a job whose statement is running,
 * the server is asked to stop it, over another connection: KILL QUERY hits whatever runs when it arrives. So nothing is
 * sent from then until the one who asks has its answer, and the first statement after that is one that may be hit. */

/* A reply that nobody waits for may take so long; then the connection is given up, and what waits behind it. */
static const int64_t patience = INT64_C(10000000);

/* The first time that passes before the server is asked again to stop a statement. */
static const int64_t first_pause = INT64_C(200000);

static void free_connection(ar_connection *connection)
{
    const ar_env *env = connection->env;
    ari_mysql_statements_clear(&connection->statements);
    ari_cache_fini(&connection->statements);
    ari_release(env, connection->job.text);
    ari_release(env, connection->values);
    ari_release(env, connection->keys);
    ari_release(env, connection);
}

static void be_open(ar_connection *connection)
{
    connection->phase = ARI_MYSQL_OPEN;
    connection->dialect = ari_mysql_dialect_of(&connection->session.server);
    connection->call.mysql = connection->session.mysql;
    connection->call.quiet = mysql_get_ssl_cipher(connection->session.mysql) != NULL;
    connection->was_idle = true;
}

#if !AR_MYSQL_BLOCKING
static const int64_t opening_grace = INT64_C(1000000); /* behind the chore's own deadline: it may wait for a name */
#endif

static ar_status begin_open(ar_connection *connection, ar_error *err)
{
    const ar_backend_config *config = connection->config;
#if AR_MYSQL_BLOCKING
    ar_status status =
        ari_mysql_session_open(config->target, config->target->connect_timeout, &connection->session, err);
    if (status == AR_OK)
        be_open(connection);
    return status;
#else
    connection->opening = ari_mysql_chore_connect(config->target, connection->host, config->target->connect_timeout);
    connection->opening_until =
        connection->env->now(connection->env->ctx) + config->target->connect_timeout + opening_grace;
    return connection->opening != NULL
               ? AR_OK
               : ar_error_set(err, AR_E_NO_MEMORY, "connecting to MySQL: no thread could be had for it");
#endif
}

ar_status ari_mysql_open(const ar_backend_config *config, ar_connection_role role, ar_backend_host *host,
                         ar_connection **out, ar_error *err)
{
    if (role == AR_ROLE_LISTENER)
        return ar_error_set(err, AR_E_UNSUPPORTED, "listening for notifications: MySQL has none");
    ar_connection *connection = ari_allocate_zero(host->env, sizeof *connection);
    if (connection == NULL)
        return ar_error_set(err, AR_E_NO_MEMORY, "connecting to MySQL: no memory");
    connection->env = host->env;
    connection->config = config;
    connection->host = host;
    ar_status status = AR_OK;
    if (!ari_cache_init(&connection->statements, host->env, config->statement_cache))
        status = ar_error_set(err, AR_E_NO_MEMORY, "connecting to MySQL: no memory");
    if (status == AR_OK)
        status = begin_open(connection, err);
    if (status == AR_OK)
        *out = connection;
    else
        free_connection(connection);
    return status;
}

bool ari_mysql_usable(const ar_connection *connection)
{
    return connection->phase == ARI_MYSQL_OPEN;
}

const ar_dialect *ari_mysql_reached_dialect(const ar_connection *connection)
{
    return connection->dialect != NULL ? connection->dialect : &ari_mysql_dialect;
}

int ari_mysql_descriptor(const ar_connection *connection)
{
    return (int)mysql_get_socket(connection->session.mysql);
}

void ari_mysql_submit(ar_connection *connection, ar_operation *batch)
{
    if (batch == NULL)
        return;
    if (connection->last != NULL)
        connection->last->next = batch;
    else
        connection->first = batch;
    for (connection->last = batch; connection->last->next != NULL;)
        connection->last = connection->last->next;
#if AR_MYSQL_BLOCKING
    ari_mysql_run(connection);
#endif
}

void ari_mysql_complete(ar_connection *connection, ar_operation *operation, const ar_error *error)
{
    connection->host->complete(connection->host, operation, error);
}

/* `unsent` as it is for those that wait; the members of the job answer for themselves. */
static void fail_waiting(ar_connection *connection, const ar_error *error)
{
    while (connection->first != NULL) {
        ar_operation *operation = connection->first;
        connection->first = operation->next;
        if (connection->first == NULL)
            connection->last = NULL;
        operation->unsent = true;
        operation->ended_transaction = operation->in_transaction;
        ari_mysql_complete(connection, operation, error);
    }
    connection->singly = 0;
}

/* A write that was sent outside a transaction, or a commit, may hold or not. BEGIN has no effect without what follows. */
static bool may_hold(const ari_mysql_job *job)
{
    if (job->kind == AR_OP_COMMIT)
        return true;
    return job->kind == AR_OP_EXECUTE && !job->in_transaction && job->statement_class != AR_STATEMENT_READ;
}

static void fail_members(ar_connection *connection, const ar_error *error)
{
    ari_mysql_job *job = &connection->job;
    ar_error copy = *error;
    copy.outcome_unknown = job->executing && may_hold(job);
    copy.retryable = copy.retryable && !copy.outcome_unknown;
    for (size_t i = 0; i < job->count; i++) {
        ar_operation *operation = job->members[i];
        if (operation == NULL)
            continue;
        job->members[i] = NULL;
        job->live--;
        operation->unsent = !job->executing || job->kind == AR_OP_BEGIN;
        operation->ended_transaction = connection->phase == ARI_MYSQL_LOST && connection->in_transaction;
        operation->cursor = NULL;
        ari_mysql_complete(connection, operation, &copy);
    }
}

void ari_mysql_lose(ar_connection *connection, const ar_error *error)
{
    ar_error copy = *error;
    connection->phase = ARI_MYSQL_LOST;
    if (connection->running)
        fail_members(connection, &copy);
    connection->running = false;
    connection->step = ARI_MYSQL_IDLE;
    connection->in_transaction = false;
    fail_waiting(connection, &copy);
}

static ar_status interruption(const ar_connection *connection, const ar_operation *operation, ar_error *err)
{
    if (connection->env->now(connection->env->ctx) >= operation->deadline)
        return ar_error_set(err, AR_E_TIMEOUT, "running a statement: its time was over before it was done");
    return ar_error_set(err, AR_E_CANCELLED, "running a statement: it was cancelled");
}

/* Answers whether there were any. */
static bool shed_waiting(ar_connection *connection)
{
    ar_operation **link = &connection->first, *before = NULL;
    size_t position = 0;
    bool any = false;
    while (*link != NULL) {
        ar_operation *operation = *link;
        ar_error error;
        if (!connection->host->interrupted(connection->host, operation)) {
            before = operation;
            link = &operation->next;
            position++;
            continue;
        }
        *link = operation->next;
        if (connection->last == operation)
            connection->last = before;
        if (position < connection->singly)
            connection->singly--;
        any = true;
        operation->unsent = true;
        (void)interruption(connection, operation, &error);
        ari_mysql_complete(connection, operation, &error);
    }
    return any;
}

static void shed_members(ar_connection *connection)
{
    ari_mysql_job *job = &connection->job;
    for (size_t i = 0; i < job->count; i++) {
        ar_operation *operation = job->members[i];
        ar_error error;
        if (operation == NULL || !connection->host->interrupted(connection->host, operation))
            continue;
        job->members[i] = NULL;
        job->live--;
        (void)interruption(connection, operation, &error);
        error.outcome_unknown = job->executing && may_hold(job);
        operation->unsent = !job->executing;
        operation->cursor = NULL;
        if (job->kind == AR_OP_BEGIN)
            connection->begin_error = error;
        ari_mysql_complete(connection, operation, &error);
    }
}

/* Only a statement is worth it; a commit is not to be disturbed. */
static bool runs_for_nobody(const ar_connection *connection)
{
    const ari_mysql_job *job = &connection->job;
    return connection->running && job->live == 0 && job->executing && job->kind == AR_OP_EXECUTE &&
           connection->call.wait != 0;
}

static ari_mysql_chore *kill_statement(ar_connection *connection)
{
    return ari_mysql_chore_kill(connection->config->target, connection->host,
                                mysql_thread_id(connection->session.mysql));
}

static void stop_on_server(ar_connection *connection)
{
    if (connection->killing != NULL || !runs_for_nobody(connection))
        return;
    connection->killing = kill_statement(connection);
    connection->stop_again_at = 0;
    connection->stop_pause = first_pause;
    connection->stop_sent = false;
}

/* A KILL that finds the statement not begun yet, or that could not be sent, stops nothing. */
static void stop_again(ar_connection *connection, int64_t *until)
{
    if (connection->killing == NULL || !runs_for_nobody(connection) || !ari_mysql_chore_done(connection->killing))
        return;
    int64_t now = connection->env->now(connection->env->ctx);
    if (connection->stop_again_at == 0)
        connection->stop_again_at = now + connection->stop_pause;
    if (now >= connection->stop_again_at) {
        ari_mysql_chore *again = kill_statement(connection);
        connection->stop_pause *= 2;
        connection->stop_again_at = now + connection->stop_pause;
        if (again != NULL) {
            (void)ari_mysql_chore_take(connection->killing, NULL, NULL);
            connection->killing = again;
            connection->stop_again_at = 0;
            connection->stop_sent = true;
        }
    }
    if (connection->stop_again_at != 0 && connection->stop_again_at < *until)
        *until = connection->stop_again_at;
}

/* A BEGIN is not interrupted itself: those behind it are. */
void ari_mysql_shed(ar_connection *connection)
{
    bool any = shed_waiting(connection);
    if (!connection->running || connection->job.live == 0)
        return;
    shed_members(connection);
    if (connection->job.live > 0 && !(any && connection->job.kind == AR_OP_BEGIN))
        return;
    if (connection->patient_until == 0)
        connection->patient_until = connection->env->now(connection->env->ctx) + patience;
    stop_on_server(connection);
}

static bool lost_patience(ar_connection *connection, int64_t *until)
{
    ar_error error;
    if (connection->killing == NULL && !connection->running)
        connection->patient_until = 0;
    if (connection->patient_until == 0)
        return false;
    if (connection->env->now(connection->env->ctx) < connection->patient_until) {
        *until = connection->patient_until;
        return false;
    }
    (void)ar_error_set(&error, AR_E_CONNECTION, "running a statement: the server does not answer to the one before");
    error.retryable = true;
    ari_mysql_lose(connection, &error);
    return true;
}

/* The driver's call is brought to its end on a dead socket, since it owns memory until then. */
static void wind_up(ar_connection *connection)
{
    if (connection->session.mysql == NULL || (connection->call.wait == 0 && !connection->running))
        return;
    if (connection->running && connection->job.executing && connection->job.kind == AR_OP_EXECUTE &&
        connection->phase == ARI_MYSQL_OPEN)
        ari_mysql_chore_end(connection->config->target, mysql_thread_id(connection->session.mysql));
    (void)shutdown((int)mysql_get_socket(connection->session.mysql), SHUT_RDWR);
    while (connection->call.wait != 0)
        (void)ari_mysql_call_continue(&connection->call);
    if (connection->call.rows != NULL)
        mysql_free_result(connection->call.rows);
}

void ari_mysql_close(ar_connection *connection)
{
    ar_error error;
    ari_mysql_chore_abandon(connection->opening);
    ari_mysql_chore_abandon(connection->killing);
    (void)ar_error_set(&error, AR_E_CLOSED, "running a statement: the connection was closed");
    wind_up(connection);
    ari_mysql_lose(connection, &error);
    ari_mysql_session_close(&connection->session); /* first: freeing a statement now says nothing to the server */
    ari_mysql_abandon_job(connection);
    while (connection->cursors != NULL)
        ari_mysql_cursor_free(connection, connection->cursors);
    free_connection(connection);
}

static void go_on_opening(ar_connection *connection, int64_t *until)
{
    ar_error error;
    if (ari_mysql_chore_done(connection->opening)) {
        ari_mysql_chore *chore = connection->opening;
        connection->opening = NULL;
        ar_status status = ari_mysql_chore_take(chore, &connection->session, &error);
        if (status == AR_OK)
            be_open(connection);
        else
            connection->phase = ARI_MYSQL_LOST;
        connection->host->opened(connection->host, status == AR_OK ? NULL : &error);
    } else if (connection->env->now(connection->env->ctx) >= connection->opening_until) {
        ari_mysql_chore_abandon(connection->opening);
        connection->opening = NULL;
        connection->phase = ARI_MYSQL_LOST;
        (void)ar_error_set(&error, AR_E_CONNECTION, "connecting to MySQL: its name was not resolved in time");
        error.retryable = true;
        connection->host->opened(connection->host, &error);
    } else {
        *until = connection->opening_until;
    }
}

int ari_mysql_progress(ar_connection *connection, int *fd, int64_t *until)
{
    if (connection->phase == ARI_MYSQL_OPENING && connection->opening != NULL)
        go_on_opening(connection, until);
    if (connection->phase != ARI_MYSQL_OPEN)
        return 0;
    if (connection->call.wait == 0 || ari_mysql_call_continue(&connection->call))
        ari_mysql_run(connection);
    if (connection->phase != ARI_MYSQL_OPEN || lost_patience(connection, until) || connection->call.wait == 0)
        return 0;
    stop_again(connection, until);
    *fd = (int)mysql_get_socket(connection->session.mysql);
    return ari_mysql_call_events(&connection->call);
}
