/* SPDX-License-Identifier: MIT */
#ifndef POOLS_CONNECTION_H
#define POOLS_CONNECTION_H

#include <stdatomic.h>
#include <stdbool.h>

#include "pools/pool.h"

typedef struct ari_connection ari_connection;

typedef enum ari_connection_state {
    CONNECTION_CLOSED, /* never opened, or closed because it was of no more use */
    CONNECTION_CONNECTING,
    CONNECTION_READY,
    CONNECTION_LEASED,   /* a transaction has it: all else waits */
    CONNECTION_DRAINING, /* the pool is closing: what is left fails */
    CONNECTION_FAILED    /* could not be opened, or was lost; the next operation tries again */
} ari_connection_state;

/* A connection actor; see pools/connection.c. */
struct ari_connection {
    ari_runner runner; /* first */
    ari_pool *pool;
    ar_connection_role role;
    ar_backend_host host;
    _Atomic bool spawned;  /* the runner has a worker; under the pool's lock while it is false */
    _Atomic uint32_t slow; /* those of `load` that are not brief */
    _Atomic uint32_t load; /* operations that were routed here and are not complete */
    _Atomic uint32_t gone; /* futex of closing */

    /* Under the token. */
    ari_connection_state state;
    bool lost;              /* it was the database, and is gone */
    ar_connection *backend; /* NULL unless READY, LEASED or DRAINING */
    ari_lease *lease;       /* LEASED: the holder */
    ari_mail *kept;         /* operations that wait for the lease to end; oldest first */
    ari_mail **kept_end;
};

/* Gives it a thread. With the pool's lock held. */
ar_status ari_connection_spawn(ari_connection *connection, ar_error *err);

/* Completes `op`, which was started, and lets go of it. */
void ari_op_complete(ari_op *op, ar_status status, const ar_error *error);

/* Runs an operation of the connection's own at once: BEGIN, ROLLBACK, RESET. `cause` is the user's that it is for, and is stopped together with it; NULL: it is not
 * stopped. Under the token. */
ar_status ari_connection_run(ari_connection *connection, ar_operation *operation, const ari_op *cause, ar_error *err);

/* Moves to `next`; a move that is not in the table is a defect. */
void ari_connection_move(ari_connection *connection, ari_connection_state next);

/* The connection is open, or opened now. Under the token. */
ar_status ari_connection_ensure(ari_connection *connection, const ar_operation *waiting, ar_error *err);

/* Closes the backend's connection if that is of no more use. */
void ari_connection_check(ari_connection *connection);

/* Closes it. */
void ari_connection_lose(ari_connection *connection);

#endif
