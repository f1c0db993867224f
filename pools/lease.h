/* SPDX-License-Identifier: MIT */
#ifndef POOLS_LEASE_H
#define POOLS_LEASE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "pools/connection.h"

/* See pools/lease.c for the states. */
typedef enum ari_lease_state {
    LEASE_NEW,     /* nothing was sent */
    LEASE_OPEN,    /* BEGIN was done */
    LEASE_ABORTED, /* a statement failed: only rollback, whole or to a savepoint */
    LEASE_DEAD,    /* the engine ended the transaction, or the connection was lost; `why` */
    LEASE_ENDED    /* committed or rolled back */
} ari_lease_state;

/* What a lease adds to the load of its connection until it is ended: more than any depth, so that others go elsewhere. */
enum { ARI_LEASE_LOAD = 1 << 16 };

struct ari_lease {
    ari_pool *pool;
    ari_lease_options options;
    pthread_t holder;
    _Atomic uint32_t references;          /* the holder's, and one for each of its operations under way */
    _Atomic(ari_connection *) connection; /* set with the first operation */
    _Atomic bool begun;                   /* it has had the connection: its operations wait for nobody else's */
    _Atomic int retryable;                /* the ar_status that it failed with because of others; AR_OK: it did not */
    ari_lease *prev, *next;               /* the pool's list, under its lock */
    _Atomic bool ended;                   /* commit or rollback was asked for */
    ari_op *end_op;                       /* made beforehand, so that ending cannot fail for want of memory */

    /* Under the token of the connection. */
    ari_lease_state state;
    bool ran_raw; /* SQL of the application, which may have changed the session */
    ar_error why; /* of ABORTED and DEAD */
};

/* Runs one operation of the lease that has the connection, or gets it now. Under the token. */
void ari_lease_run(ari_connection *connection, ari_op *op);

/* COMMIT or ROLLBACK of a lease. */
bool ari_lease_is_end(const ari_op *op);

/* False for an operation that is only to be refused, or that ends what never began: then it does not matter who has the connection. Under the token. */
bool ari_lease_needs_connection(const ari_connection *connection, const ari_op *op);

/* Ends the lease by ROLLBACK, when its end was cancelled before it was sent. Under the token. */
void ari_lease_roll_back(ari_connection *connection, ari_lease *lease);

/* The backend completed an operation of the lease. Under the token. */
void ari_lease_record(ari_lease *lease, const ar_operation *operation, const ar_error *error);

/* Whether the calling thread holds another lease that makes waiting for `connection` (for `lease`, or none) wrong or endless. */
bool ari_lease_would_deadlock(ari_pool *pool, const ari_lease *lease, const ari_connection *connection);

#endif
