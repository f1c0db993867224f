/* SPDX-License-Identifier: MIT */
#include <stddef.h>

#include "pools/private.h"
#include "pools/registry.h"
#include "values/memory.h"

/* A pool has its connections from the start and gives each a thread when it is first needed. Operations are routed when they are sent: a reader may take those that
 * only read, a writer takes everything. */

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

ar_runtime *ari_pool_runtime(const ari_pool *pool)
{
    return pool->runtime;
}

/* --- routing --- */

static bool is_spawned(const ari_connection *connection)
{
    return atomic_load_explicit(&connection->spawned, memory_order_acquire);
}

static bool spawn(ari_pool *pool, ari_connection *connection, ar_error *err)
{
    if (is_spawned(connection))
        return true;
    pthread_mutex_lock(&pool->lock);
    bool spawned = is_spawned(connection);
    if (!spawned && atomic_load(&pool->closing))
        ar_error_set(err, AR_E_CLOSED, "the database is closing");
    else if (!spawned)
        spawned = ari_connection_spawn(connection, err) == AR_OK;
    pthread_mutex_unlock(&pool->lock);
    return spawned;
}

/* An operation that nobody waits for yet and that is brief joins up to this many others of its kind: waking a thread takes longer than all of them (a find by key 5 us, a
 * wake-up through nng 10 to 40), and together they share one read transaction. `./dev bench sqlite_find_async64` gains a third. */
enum { BRIEF_TOGETHER = 32 };

static ari_connection *among_its_kind(ari_connection *connections, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        ari_connection *connection = &connections[i];
        uint32_t load = atomic_load_explicit(&connection->load, memory_order_relaxed);
        if (load > 0 && load < BRIEF_TOGETHER && atomic_load_explicit(&connection->slow, memory_order_relaxed) == 0)
            return connection;
    }
    return NULL;
}

/* The best of `count` connections: an idle one, which a caller that waits can run itself; then one that has no thread yet; then the one with the least to do. NULL: none has a
 * thread, and none can be had. */
static ari_connection *least_loaded(ari_pool *pool, ari_connection *connections, unsigned count, ar_error *err)
{
    ari_connection *least = NULL, *unspawned = NULL;
    uint32_t least_load = UINT32_MAX;

    for (unsigned i = 0; i < count; i++) {
        ari_connection *connection = &connections[i];
        if (!is_spawned(connection)) {
            unspawned = unspawned == NULL ? connection : unspawned;
            continue;
        }
        uint32_t load = atomic_load_explicit(&connection->load, memory_order_relaxed);
        if (load == 0 && ari_runner_is_idle(&connection->runner)) /* else it is only just done */
            return connection;
        if (load < least_load) {
            least_load = load;
            least = connection;
        }
    }
    if (least_load > 0 && unspawned != NULL && spawn(pool, unspawned, err))
        return unspawned;
    return least;
}

static ari_connection *choose(ari_pool *pool, ari_connection *connections, unsigned count, bool joins, ar_error *err)
{
    ari_connection *chosen = joins ? among_its_kind(connections, count) : NULL;
    return chosen != NULL ? chosen : least_loaded(pool, connections, count, err);
}

static bool only_reads(const ari_op *op)
{
    if (op->lease != NULL)
        return op->lease->options.read_only;
    return op->operation.kind == AR_OP_EXECUTE && op->operation.statement->statement_class == AR_STATEMENT_READ;
}

static ari_connection *route(ari_pool *pool, const ari_op *op, bool blocking, ar_error *err)
{
    const ar_topology *topology = &pool->topology;
    bool joins = op->brief && !blocking;
    if (op->operation.kind == AR_OP_RESET)
        return choose(pool, pool->connections, 1, joins, err);
    if (topology->readers > 0 && only_reads(op))
        return choose(pool, &pool->connections[topology->writers], topology->readers, joins, err);
    if (topology->writers > 0)
        return choose(pool, pool->connections, topology->writers, joins, err);
    ar_error_set(err, AR_E_READ_ONLY, "a write to a database that was opened read-only");
    return NULL;
}

ari_connection *ari_pool_route(ari_pool *pool, const ari_op *op, bool blocking, ar_error *err)
{
    ari_lease *lease = op->lease;
    if (lease == NULL)
        return route(pool, op, blocking, err);
    ari_connection *connection = atomic_load(&lease->connection);
    if (connection == NULL && (connection = route(pool, op, blocking, err)) != NULL) {
        atomic_store(&lease->connection, connection);
        atomic_fetch_add(&connection->load, ARI_LEASE_LOAD);
    }
    return connection;
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
    for (unsigned i = 0; i < count; i++) {
        pool->connections[i].pool = pool;
        pool->connections[i].role = i < topology.writers ? AR_ROLE_WRITER : AR_ROLE_READER;
    }
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

static void close_connections(ari_pool *pool)
{
    const ar_env *env = &pool->runtime->env;
    unsigned count = (unsigned)pool->topology.writers + pool->topology.readers;
    for (unsigned i = 0; i < count; i++)
        if (is_spawned(&pool->connections[i]))
            ari_runner_close(&pool->connections[i].runner);
    for (unsigned i = 0; i < count; i++) {
        ari_connection *connection = &pool->connections[i];
        if (!is_spawned(connection))
            continue;
        while (atomic_load(&connection->gone) == 0)
            env->wait(env->ctx, (uint32_t *)&connection->gone, 0, INT64_MAX);
        ari_worker_stop(connection->runner.worker);
    }
}

void ari_pool_close(ari_pool *pool)
{
    ar_runtime *runtime = pool->runtime;
    pthread_mutex_lock(&pool->lock);
    atomic_store(&pool->closing, true);
    pthread_mutex_unlock(&pool->lock);
    wait_until_idle(pool);
    atomic_store(&pool->aborting, true);
    close_connections(pool);
    pool->backend->config_free(pool->config);
    ari_url_free(&runtime->env, pool->url);
    ari_runtime_unhold(runtime);
}

void ari_pool_release(ari_pool *pool)
{
    ari_pool_unref(pool);
}
