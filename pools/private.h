/* SPDX-License-Identifier: MIT */
#ifndef POOLS_PRIVATE_H
#define POOLS_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "actors/runtime.h"
#include "pools/connection.h"
#include "pools/lease.h"
#include "pools/url.h"

/* Connections that can stand in for each other, and the operations that wait for one of them. See pools/route.c. */
struct ari_group {
    ari_connection *connections;
    uint32_t count;
    bool direct;          /* there is nothing to choose: no queue */
    uint32_t brief_depth; /* brief operations that a connection has before more wait in the queue; else its `depth` */
    uint32_t low;         /* with fewer operations a connection that is awake takes some of the queue */
    uint32_t most;        /* up to this many */
    uint32_t brief_most;  /* likewise of brief ones, which go together */
    _Atomic uint32_t waiting; /* how many there are in the queue */
    pthread_mutex_t lock;     /* `queue`, and binding leases to connections. Taken before the pool's */
    ari_op_list queue;        /* oldest first */
};

/* The inside of a pool, for the files of this folder. */
struct ari_pool {
    ar_runtime *runtime;
    const ar_backend *backend;
    ari_pool_options options;
    ar_url *url;
    ar_backend_config *config;
    ar_topology topology;
    _Atomic(const ar_dialect *) dialect; /* of the server, known once a connection was open */
    _Atomic uint64_t references;         /* operations, leases, and 1 until it is closed: keep the memory */
    _Atomic uint32_t queued;             /* operations that were sent and are not complete: futex of closing */
    _Atomic uint32_t open_leases;
    _Atomic bool closing;  /* new work is refused */
    _Atomic bool aborting; /* work under way is to stop */
    void *attached;        /* of the layer above */
    void (*free_attached)(void *attached);
    pthread_mutex_t lock;          /* `leases`, and spawning of connections, which ends with `closing` */
    struct ari_listener *listener; /* NULL: nobody has listened yet; set once, under `lock` */
    ari_worker *reactor;           /* runs all connections of an engine that does not block; NULL before the first */
    ari_lease *leases;
    ari_group writers, readers;
    ari_connection connections[]; /* topology.writers, then topology.readers */
};

/* Puts an operation of the connection's own into its outbox; under the token. Takes no reference from the caller. */
void ari_op_enlist(ari_op *op, ari_connection *connection);

ari_pool *ari_pool_ref(ari_pool *pool);
void ari_pool_unref(ari_pool *pool);

bool ari_connection_is_spawned(const ari_connection *connection);

/* How many operations a connection has before more wait in the queue; `near`: messages take no time worth mentioning. */
uint32_t ari_connection_depth(const ari_pool *pool, bool near);

/* Where `op` may go; NULL and `err` when there is no such connection. */
ari_group *ari_route_group(ari_pool *pool, const ari_op *op, ar_error *err);

/* The connection to send `op` to, with a thread; NULL: it has to wait in the queue. `blocking`: its sender will wait for it. Fails when there is none, and none can be had. */
ar_status ari_route_choose(ari_group *group, const ari_op *op, bool blocking, ari_connection **chosen, ar_error *err);

/* Sends `op`, which counts as under way, to the connection chosen for it. Afterwards *to is the one whose mailbox it is in and that is to be woken, or NULL: it waits. False: others have
 * taken the room that was there; choose again, since another connection may be free, or not be there yet. */
bool ari_route_send(ari_group *group, ari_op *op, ari_connection **to);

/* Operations of the queue that `connection` has room for, bound to it, oldest first. */
ari_mail *ari_route_pull(ari_connection *connection);

/* Whether there is something to pull. */
bool ari_route_has_work(const ari_connection *connection);

/* Fails all that waits, once the connections are gone. */
void ari_route_fail(ari_group *group);

#endif
