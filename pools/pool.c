/* SPDX-License-Identifier: MIT */
#include <stddef.h>

#include "actors/runtime.h"
#include "pools/listener.h"
#include "pools/private.h"
#include "pools/registry.h"
#include "values/memory.h"

/* A pool has its connections from the start and gives each a thread when it is first needed, or where the engine does not block all of them one. Which connection an operation
 * goes to is for pools/route.c. */

ari_pool *ari_pool_ref(ari_pool *pool)
{
    atomic_fetch_add_explicit(&pool->references, 1, memory_order_relaxed);
    return pool;
}

void ari_pool_unref(ari_pool *pool)
{
    if (atomic_fetch_sub_explicit(&pool->references, 1, memory_order_acq_rel) != 1)
        return;
    ar_runtime *runtime = pool->runtime;
    if (pool->free_attached != NULL)
        pool->free_attached(pool->attached);
    ari_listener_destroy(pool, pool->listener);
    pthread_mutex_destroy(&pool->writers.lock);
    pthread_mutex_destroy(&pool->readers.lock);
    pthread_mutex_destroy(&pool->lock);
    ari_release(&runtime->env, pool);
    ari_runtime_unref(runtime);
}

void ari_pool_attach(ari_pool *pool, void *attached, void (*free)(void *attached))
{
    pool->attached = attached;
    pool->free_attached = free;
}

ar_status ari_pool_usable(const ari_pool *pool, ar_error *err)
{
    return ari_runtime_usable(pool->runtime, err);
}

const ar_backend *ari_pool_backend(const ari_pool *pool)
{
    return pool->backend;
}

const ar_env *ari_pool_env(const ari_pool *pool)
{
    return &pool->runtime->env;
}

const ar_dialect *ari_pool_dialect(const ari_pool *pool)
{
    return atomic_load_explicit(&pool->dialect, memory_order_relaxed);
}

ar_runtime *ari_pool_runtime(const ari_pool *pool)
{
    return pool->runtime;
}

void ari_pool_advise(const ari_pool *pool, const char *message)
{
    ari_runtime_log(pool->runtime, AR_LOG_WARNING, "%s", message);
}

void ari_pool_warn(const ari_pool *pool, const char *what, const ar_error *error)
{
    ari_runtime_log(pool->runtime, AR_LOG_WARNING, "%s failed: %s: %s", what, ar_status_name(error->status),
                    error->message);
}

/* --- open and close --- */

/* The first connection is opened by an operation like any other, so that it happens where everything does. */
static ar_status open_first(ari_pool *pool, ar_error *err)
{
    ari_op *op = ari_op_create(pool, 0);
    if (op == NULL)
        return ar_error_set(err, AR_E_NO_MEMORY, "opening a database: out of memory");
    op->operation.kind = AR_OP_RESET;
    ar_status status = ari_pool_run(pool, NULL, op, err);
    ari_op_release(op);
    return status;
}

/* Operations that a connection has before others wait in the queue: one, so that nobody waits behind a long one while another connection has nothing to do, and no thread is woken for an operation that
 * would only wait on the server; what waits goes with the next answer, all in one message (`./dev bench pg_select_async64`). Where messages take long to come and go (ari_connection_depth) that would leave the
 * server idle: there some are sent at once, up to PIPELINE_DEPTH.
 *
 * Brief ones go together where the engine blocks, though: waking a thread takes longer than all of them (a find by key 5 us, a wake-up through nng 10 to 40), and in SQLite they share one read transaction;
 * `./dev bench sqlite_find_async64` gains a third. */
enum { BRIEF_DEPTH = 32, PIPELINE_DEPTH = 16, PIPELINE_MOST = 128 };

uint32_t ari_connection_depth(const ari_pool *pool, bool near)
{
    return pool->topology.blocking || !pool->topology.pipelines || near ? 1 : PIPELINE_DEPTH;
}

static void init_group(ari_pool *pool, ari_group *group, ar_connection_role role, uint32_t first, uint32_t count)
{
    bool blocking = pool->topology.blocking, pipelines = pool->topology.pipelines;
    group->connections = &pool->connections[first];
    group->count = count;
    group->direct = blocking && count == 1;
    group->brief_depth = blocking ? BRIEF_DEPTH : 1;
    group->low = pipelines ? PIPELINE_DEPTH : 1;
    group->most = pipelines ? PIPELINE_MOST : 1;
    group->brief_most = blocking ? BRIEF_DEPTH : PIPELINE_MOST;
    ari_op_list_init(&group->queue);
    pthread_mutex_init(&group->lock, NULL);
    for (uint32_t i = 0; i < count; i++) {
        group->connections[i].pool = pool;
        group->connections[i].group = group;
        group->connections[i].role = role;
        atomic_init(&group->connections[i].depth, ari_connection_depth(pool, false));
    }
}

static ar_status make(ar_runtime *runtime, const ar_backend *backend, ar_url *url, const ari_pool_options *options,
                      ari_pool **out, ar_error *err)
{
    const ar_env *env = &runtime->env;
    ar_backend_config *config = NULL;
    ar_topology topology = { 0 };
    ar_status status = backend->configure(env, url, &config, &topology, err);
    if (status != AR_OK)
        return status;
    unsigned count = (unsigned)topology.writers + topology.readers;
    ari_pool *pool = count == 0 ? NULL : ari_allocate_zero(env, sizeof *pool + count * sizeof(ari_connection));
    if (pool == NULL) {
        backend->config_free(config);
        if (count == 0)
            return ar_error_set(err, AR_E_INVALID, "opening a database: backend %s has no connections for it",
                                backend->name);
        return ar_error_set(err, AR_E_NO_MEMORY, "opening a database: out of memory");
    }
    pool->runtime = ari_runtime_ref(runtime);
    pool->backend = backend;
    pool->url = url;
    pool->config = config;
    pool->topology = topology;
    if (options != NULL)
        pool->options = *options;
    if (pool->options.queue_limit == 0)
        pool->options.queue_limit = 1048576;
    if (pool->options.close_wait_ms == 0)
        pool->options.close_wait_ms = 5000;
    atomic_init(&pool->references, 1);
    pthread_mutex_init(&pool->lock, NULL);
    init_group(pool, &pool->writers, AR_ROLE_WRITER, 0, topology.writers);
    init_group(pool, &pool->readers, AR_ROLE_READER, topology.writers, topology.readers);
    *out = pool;
    return AR_OK;
}

ar_status ari_pool_open(ar_runtime *runtime, const char *text, const ari_pool_options *options, ari_pool **out,
                        ar_error *err)
{
    ar_error error = { .status = AR_E_NO_MEMORY };
    ar_url *url = NULL;
    ari_pool *pool = NULL;
    *out = NULL;
    runtime = ari_runtime_resolve(runtime, &error);
    ar_status status = runtime == NULL ? error.status : ari_runtime_hold(runtime, &error);
    if (status != AR_OK) {
        if (err != NULL)
            *err = error;
        return status;
    }
    status = ari_url_parse(&runtime->env, text, &url, err);
    if (status == AR_OK) {
        const ar_backend *backend = ari_backend_find(url->scheme, err);
        status = backend == NULL ? AR_E_UNSUPPORTED : make(runtime, backend, url, options, &pool, err);
    }
    if (status != AR_OK) {
        ari_url_free(&runtime->env, url);
        ari_runtime_unhold(runtime);
        return status;
    }
    status = open_first(pool, err);
    if (status == AR_OK)
        *out = pool;
    if (status != AR_OK) {
        ari_pool_close(pool);
        ari_pool_release(pool);
    }
    return status;
}

static void wait_until_idle(ari_pool *pool)
{
    const ar_env *env = &pool->runtime->env;
    int64_t deadline = ari_deadline_after(pool->runtime, pool->options.close_wait_ms);
    uint32_t queued;
    while ((queued = atomic_load(&pool->queued)) != 0 && env->now(env->ctx) < deadline)
        env->wait(env->ctx, (uint32_t *)&pool->queued, queued, deadline);
}

/* The connection of that number; behind them the one that listens, where there is one. NULL: it has no thread. */
static ari_connection *spawned_at(ari_pool *pool, unsigned i)
{
    unsigned count = (unsigned)pool->topology.writers + pool->topology.readers;
    ari_connection *connection = &pool->connections[i];
    if (i == count)
        connection = pool->listener == NULL ? NULL : ari_listener_connection(pool->listener);
    return connection != NULL && ari_connection_is_spawned(connection) ? connection : NULL;
}

/* What runs on a server is stopped while its connection is still there: a request to do so can come too early or be
 * lost, and the backend makes it again until the statement has ended. A server that does not answer by then is left to
 * itself. An engine that blocks looks at `aborting` while it works. */
static void stop_statements(ari_pool *pool)
{
    enum { patience_ms = 2000 };
    const ar_env *env = &pool->runtime->env;
    unsigned count = (unsigned)pool->topology.writers + pool->topology.readers;
    int64_t deadline = ari_deadline_after(pool->runtime, patience_ms);
    for (unsigned i = 0; i < count; i++)
        if (spawned_at(pool, i) != NULL)
            ari_connection_alert(spawned_at(pool, i));
    for (unsigned i = 0; i < count; i++) {
        ari_connection *connection = spawned_at(pool, i);
        while (connection != NULL && atomic_load(&connection->quiet) == 0 && env->now(env->ctx) < deadline)
            env->wait(env->ctx, (uint32_t *)&connection->quiet, 0, deadline);
    }
}

static void close_connections(ari_pool *pool)
{
    const ar_env *env = &pool->runtime->env;
    unsigned count = (unsigned)pool->topology.writers + pool->topology.readers;
    for (unsigned i = 0; i <= count; i++)
        if (spawned_at(pool, i) != NULL)
            ari_runner_close(&spawned_at(pool, i)->runner);
    for (unsigned i = 0; i <= count; i++) {
        ari_connection *connection = spawned_at(pool, i);
        if (connection == NULL)
            continue;
        while (atomic_load(&connection->gone) == 0)
            env->wait(env->ctx, (uint32_t *)&connection->gone, 0, INT64_MAX);
        ari_connection_fini(connection);
        if (pool->topology.blocking)
            ari_worker_stop(connection->runner.worker);
    }
    ari_worker_stop(pool->reactor);
}

void ari_pool_close(ari_pool *pool)
{
    ar_runtime *runtime = pool->runtime;
    pthread_mutex_lock(&pool->lock);
    atomic_store(&pool->closing, true);
    pthread_mutex_unlock(&pool->lock);
    wait_until_idle(pool);
    atomic_store(&pool->aborting, true);
    if (!pool->topology.blocking)
        stop_statements(pool);
    close_connections(pool);
    ari_route_fail(&pool->writers);
    ari_route_fail(&pool->readers);
    pool->backend->config_free(pool->config);
    ari_url_free(&runtime->env, pool->url);
    ari_runtime_unhold(runtime);
}

void ari_pool_release(ari_pool *pool)
{
    ari_pool_unref(pool);
}
