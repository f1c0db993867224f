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

/* The inside of a pool, for the files of this folder. */
struct ari_pool {
    ar_runtime *runtime;
    const ar_backend *backend;
    ari_pool_options options;
    ar_url *url;
    ar_backend_config *config;
    ar_topology topology;
    _Atomic uint64_t references; /* operations, leases, and 1 until it is closed: keep the memory */
    _Atomic uint32_t queued;     /* operations that were sent and are not complete: futex of closing */
    _Atomic uint32_t open_leases;
    _Atomic bool closing;  /* new work is refused */
    _Atomic bool aborting; /* work under way is to stop */
    void *attached;        /* of the layer above */
    void (*free_attached)(void *attached);
    pthread_mutex_t lock; /* `leases`, and spawning of connections, which ends with `closing` */
    ari_lease *leases;
    ari_connection connections[]; /* topology.writers, then topology.readers */
};

ari_pool *ari_pool_ref(ari_pool *pool);
void ari_pool_unref(ari_pool *pool);

/* Where `op` is to go, with a thread; `blocking`: its sender will wait for it. NULL and `err` when there is no such connection. */
ari_connection *ari_pool_route(ari_pool *pool, const ari_op *op, bool blocking, ar_error *err);

#endif
