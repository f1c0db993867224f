/* SPDX-License-Identifier: MIT */
#include <stddef.h>

#include "pools/listener.h"
#include "pools/private.h"

/* Which connection an operation goes to. The connections of a group can stand in for each other: readers take what only reads, writers everything else, and all where there are
 * no readers.
 *
 * An operation goes to a connection that has nothing to do, which a caller that waits can then run itself; else to one that was not opened yet; else to the one with the least to
 * do, up to the group's depth. Beyond that it waits in the queue of the group, first come first served, for whichever connection has room next: that one pulls. So nothing waits
 * behind a long operation while another connection is idle. A transaction goes with its first operation, and what is sent in it before that is bound waits behind it.
 *
 * A lost wake-up cannot be: who queues counts `waiting` up and then looks for a connection with room, to call it; a connection counts its load down and then looks at `waiting`;
 * both seq_cst, so that one of them sees the other. */

static bool only_reads(const ari_op *op)
{
    if (op->lease != NULL)
        return op->lease->options.read_only;
    return op->operation.kind == AR_OP_EXECUTE && op->operation.statement->statement_class == AR_STATEMENT_READ;
}

ari_group *ari_route_group(ari_pool *pool, const ari_op *op, ar_error *err)
{
    if (op->listens)
        return ari_listener_group(pool->listener);
    bool reads = op->operation.kind == AR_OP_RESET ? pool->writers.count == 0 : only_reads(op);
    if (reads && pool->readers.count > 0)
        return &pool->readers;
    if (pool->writers.count > 0)
        return &pool->writers;
    ar_error_set(err, AR_E_READ_ONLY, "a write to a database that was opened read-only");
    return NULL;
}

static bool spawn(ari_connection *connection, ar_error *err)
{
    ari_pool *pool = connection->pool;
    if (ari_connection_is_spawned(connection))
        return true;
    pthread_mutex_lock(&pool->lock);
    bool spawned = ari_connection_is_spawned(connection);
    if (!spawned && atomic_load(&pool->closing))
        ar_error_set(err, AR_E_CLOSED, "the database is closing");
    else if (!spawned)
        spawned = ari_connection_spawn(connection, err) == AR_OK;
    pthread_mutex_unlock(&pool->lock);
    return spawned;
}

static uint32_t load_of(const ari_connection *connection)
{
    return atomic_load_explicit(&connection->load, memory_order_relaxed);
}

static uint32_t depth_of(const ari_connection *connection)
{
    return atomic_load_explicit(&connection->depth, memory_order_relaxed);
}

/* Up to which load an operation goes to the connection without waiting. */
static uint32_t limit_of(const ari_connection *connection, const ari_op *op)
{
    const ari_group *group = connection->group;
    uint32_t depth = depth_of(connection);
    if (group->direct)
        return UINT32_MAX;
    return op->brief && group->brief_depth > depth ? group->brief_depth : depth;
}

/* A brief operation that nobody waits for joins others of its kind. */
static ari_connection *among_its_kind(const ari_group *group)
{
    for (uint32_t i = 0; i < group->count; i++) {
        ari_connection *connection = &group->connections[i];
        uint32_t load = load_of(connection);
        if (load > 0 && load < group->brief_depth && atomic_load_explicit(&connection->slow, memory_order_relaxed) == 0)
            return connection;
    }
    return NULL;
}

static ar_status choose_free(ari_group *group, ari_connection **chosen, ar_error *err)
{
    ari_connection *least = NULL, *unspawned = NULL;
    uint32_t least_load = UINT32_MAX;

    for (uint32_t i = 0; i < group->count; i++) {
        ari_connection *connection = &group->connections[i];
        if (!ari_connection_is_spawned(connection)) {
            unspawned = unspawned == NULL ? connection : unspawned;
            continue;
        }
        uint32_t load = load_of(connection);
        if (load < least_load) {
            least_load = load;
            least = connection;
        }
        if (load == 0 && ari_runner_is_idle(&connection->runner)) /* else it is only just done */
            break;
    }
    bool more = least_load > 0 && unspawned != NULL;
    *chosen = more && spawn(unspawned, err) ? unspawned : NULL;
    if (*chosen == NULL && least != NULL && least_load < depth_of(least))
        *chosen = least;
    /* Without the memory for another connection it is not for those that are busy to wait for: this thread may have them. */
    return *chosen == NULL && more ? err->status : AR_OK;
}

ar_status ari_route_choose(ari_group *group, const ari_op *op, bool blocking, ari_connection **chosen, ar_error *err)
{
    *chosen = op->lease != NULL ? atomic_load(&op->lease->connection) : NULL;
    if (*chosen != NULL)
        return AR_OK;
    if (group->direct) {
        *chosen = &group->connections[0];
        return spawn(*chosen, err) ? AR_OK : err->status;
    }
    if (atomic_load_explicit(&group->waiting, memory_order_relaxed) > 0)
        return AR_OK;
    if (op->brief && !blocking && op->lease == NULL)
        *chosen = among_its_kind(group);
    return *chosen != NULL ? AR_OK : choose_free(group, chosen, err);
}

/* Takes `count` of a connection's load, unless others have taken it up to `limit` since it was chosen. */
static bool reserve(ari_connection *connection, uint32_t count, uint32_t limit)
{
    uint32_t load = atomic_load(&connection->load);
    do {
        if (load >= limit)
            return false;
    } while (!atomic_compare_exchange_weak(&connection->load, &load, load + count));
    return true;
}

/* `op` goes to `connection`, of whose load it has its part. */
static void bind(ari_op *op, ari_connection *connection)
{
    if (!op->brief)
        atomic_fetch_add(&connection->slow, 1);
    atomic_store_explicit(&op->connection, connection, memory_order_release);
}

static ari_connection *with_room(const ari_group *group)
{
    for (uint32_t i = 0; i < group->count; i++) {
        ari_connection *connection = &group->connections[i];
        if (ari_connection_is_spawned(connection) && atomic_load(&connection->load) < depth_of(connection))
            return connection;
    }
    return NULL;
}

/* With the lock held, which it gives back. */
static void enqueue(ari_group *group, ari_op *op)
{
    if (atomic_load(&op->pool->aborting)) {
        ar_error error;
        pthread_mutex_unlock(&group->lock);
        ar_error_set(&error, AR_E_CLOSED, "the database was closed before the operation was sent");
        ari_op_complete(op, AR_E_CLOSED, &error);
        return;
    }
    if (op->lease != NULL)
        op->lease->queued = true;
    ari_op_list_add(&group->queue, op);
    atomic_fetch_add(&group->waiting, 1);
    ari_connection *connection = with_room(group);
    pthread_mutex_unlock(&group->lock);
    if (connection != NULL)
        ari_connection_call(connection);
}

/* Where the operations of the lease go, into *to; NULL: they wait, and `op` with them. False: *to has no room any more. */
static bool place_in_lease(ari_group *group, ari_op *op, ari_connection **to)
{
    ari_lease *lease = op->lease;
    ari_connection *chosen = *to;
    atomic_store(&lease->sent, true);
    pthread_mutex_lock(&group->lock);
    *to = atomic_load(&lease->connection);
    if (*to == NULL && !lease->queued && chosen != NULL) {
        if (!reserve(chosen, ARI_LEASE_LOAD, limit_of(chosen, op))) {
            pthread_mutex_unlock(&group->lock);
            return false;
        }
        atomic_store(&lease->connection, *to = chosen);
    }
    if (*to == NULL && !lease->queued) {
        enqueue(group, op);
        return true;
    }
    if (*to == NULL)
        ari_op_list_add(&lease->behind, op);
    else
        atomic_fetch_add(&(*to)->load, 1);
    pthread_mutex_unlock(&group->lock);
    return true;
}

/* The same for one of no lease, or of one that has its connection. */
static bool place(ari_group *group, ari_op *op, ari_connection **to)
{
    if (op->lease != NULL) {
        *to = atomic_load(&op->lease->connection);
        atomic_fetch_add(&(*to)->load, 1);
        return true;
    }
    if (*to != NULL)
        return reserve(*to, 1, limit_of(*to, op));
    pthread_mutex_lock(&group->lock);
    enqueue(group, op);
    return true;
}

bool ari_route_send(ari_group *group, ari_op *op, ari_connection **to)
{
    bool unbound = op->lease != NULL && atomic_load(&op->lease->connection) == NULL;
    if (!(unbound ? place_in_lease(group, op, to) : place(group, op, to)))
        return false;
    if (*to != NULL) {
        bind(op, *to);
        op->first = ari_runner_push(&(*to)->runner, &op->mail);
    }
    return true;
}

bool ari_route_has_work(const ari_connection *connection)
{
    const ari_group *group = connection->group;
    return atomic_load(&group->waiting) > 0 && atomic_load(&connection->load) < group->low;
}

static bool has_room(const ari_connection *connection, const ari_op *op)
{
    const ari_group *group = connection->group;
    bool joins = op->brief && atomic_load_explicit(&connection->slow, memory_order_relaxed) == 0;
    return load_of(connection) < (joins ? group->brief_most : group->most);
}

ari_mail *ari_route_pull(ari_connection *connection)
{
    ari_group *group = connection->group;
    ari_op_list pulled;
    ari_op *op;
    if (!ari_route_has_work(connection))
        return NULL;
    ari_op_list_init(&pulled);
    pthread_mutex_lock(&group->lock);
    while ((op = ari_op_list_first(&group->queue)) != NULL && has_room(connection, op)) {
        ari_op_list_take(&group->queue);
        atomic_fetch_sub(&group->waiting, 1);
        ari_lease *lease = op->lease;
        if (lease != NULL) {
            atomic_fetch_add(&connection->load, ARI_LEASE_LOAD);
            atomic_store(&lease->connection, connection);
        }
        do {
            atomic_fetch_add(&connection->load, 1);
            bind(op, connection);
            ari_op_list_add(&pulled, op);
        } while (lease != NULL && (op = ari_op_list_take(&lease->behind)) != NULL);
    }
    pthread_mutex_unlock(&group->lock);
    return pulled.first;
}

void ari_route_fail(ari_group *group)
{
    ari_op_list failing;
    ari_op *op;
    ar_error error;
    ar_error_set(&error, AR_E_CLOSED, "the database was closed before the operation was sent");
    ari_op_list_init(&failing);
    pthread_mutex_lock(&group->lock);
    while ((op = ari_op_list_take(&group->queue)) != NULL) {
        atomic_fetch_sub(&group->waiting, 1);
        ari_lease *lease = op->lease;
        do
            ari_op_list_add(&failing, op);
        while (lease != NULL && (op = ari_op_list_take(&lease->behind)) != NULL);
    }
    pthread_mutex_unlock(&group->lock);
    while ((op = ari_op_list_take(&failing)) != NULL)
        ari_op_complete(op, AR_E_CLOSED, &error);
}
