/* SPDX-License-Identifier: MIT */
#ifndef POOLS_POOL_H
#define POOLS_POOL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <actrec/actor.h>
#include <actrec/runtime.h>
#include <actrec/sys/backend.h>

#include "actors/future.h"
#include "actors/runner.h"
#include "actors/timers.h"

/* A pool is the connections of one database: actors that each drive one backend connection. It routes operations to them, and leases a
 * connection to a transaction. This header is all that the layer above sees of pools. */

typedef struct ari_pool ari_pool;
typedef struct ari_lease ari_lease;

/* One operation on its way: its future, what the backend is to do, and what the layer above keeps with it, in one block. Whoever made it fills in
 * `operation` (kind, statement, parameters, wanted, sink, sink_ctx, deadline, row_limit, savepoint); what these point to must stay valid until the
 * operation is destroyed: put it into `payload`, or free it in `destroy`. */
typedef struct ari_op ari_op;
struct ari_op {
    ar_future future; /* first: an ari_op is its future. future.status, future.error are the outcome */
    ari_mail mail;    /* in a mailbox, or kept back by its connection */
    ar_operation operation;
    ari_timer timer;
    ari_pool *pool;
    _Atomic(struct ari_connection *)
        connection;   /* where it goes; NULL: it waits in the pool's queue, or was not sent */
    ari_lease *lease; /* NULL outside transactions */
    bool listens;     /* LISTEN or UNLISTEN: for the connection that does only that */
    bool first;       /* it found the mailbox empty */
    bool sent;        /* it counts as under way */
    bool
        named; /* the end of a savepoint that stays when it is rolled back to, and is not rolled back to instead of being released */
    uint8_t losses; /* how often the connection was lost under it, and it went to another one */
    bool
        decisive; /* in a transaction: what `settle` makes an error of fails that too, as an error of the engine's does; `settle` reads the payload alone */
    bool settled; /* `settle` was asked */
    bool brief;   /* reads one row by its key: over before another thread could be woken for it */
    const char *trace; /* may: stands in the log when it fails; lives until it is complete */
    /* may: a last look at the results before completion, on the thread that runs the connection; `status` is the backend's, the answer becomes the
     * operation's. When that makes an error of AR_OK, fill `err`; when it keeps an error, leave `err` alone. */
    ar_status (*settle)(ari_op *op, ar_status status, ar_error *err);
    void (*collect)(ari_op *op);           /* may: as ari_future_class.collect */
    void (*destroy)(ari_op *op);           /* may: free what the payload holds */
    void *owner_prev, *owner_next, *owner; /* the layer above: the scope it belongs to */
    _Alignas(16) unsigned char payload[];
};

typedef struct ari_pool_options {
    uint32_t queue_limit;  /* operations that may wait in the pool; 0: 1,048,576 */
    int64_t close_wait_ms; /* how long close waits for what is under way; 0: 5,000; negative: for ever */
} ari_pool_options;

/* Opens a pool: reads the URL, and opens the first connection so that trouble shows at once. Blocks for that. */
ar_status ari_pool_open(ar_runtime *runtime, const char *url, const ari_pool_options *options, ari_pool **out,
                        ar_error *err);

/* Closes it: refuses new work, waits for what is under way, then fails it with AR_E_CLOSED. Blocks. Once. */
void ari_pool_close(ari_pool *pool);

/* Gives the pool's memory up, after close; it goes with the last operation and lease. */
void ari_pool_release(ari_pool *pool);

/* Something of the layer above that operations point into: `free` is called with it when the pool's memory goes. */
void ari_pool_attach(ari_pool *pool, void *attached, void (*free)(void *attached));

/* AR_E_FORKED in a child of the process that opened it. */
ar_status ari_pool_usable(const ari_pool *pool, ar_error *err);

const ar_backend *ari_pool_backend(const ari_pool *pool);
/* How SQL is written for the server that was reached. */
const ar_dialect *ari_pool_dialect(const ari_pool *pool);
const ar_env *ari_pool_env(const ari_pool *pool);
ar_runtime *ari_pool_runtime(const ari_pool *pool);

/* Tells the log of the runtime. */
void ari_pool_advise(const ari_pool *pool, const char *message);

/* Says to the log of the runtime that `what` failed, where nobody else is told. */
void ari_pool_warn(const ari_pool *pool, const char *what, const ar_error *error);

/* An operation with `payload_size` zeroed bytes; kind AR_OP_EXECUTE, no deadline. NULL: no memory. One reference, the caller's. */
ari_op *ari_op_create(ari_pool *pool, size_t payload_size);

/* Drops the caller's reference. Also for an operation that was never submitted. */
void ari_op_release(ari_op *op);

/* Sees to it that the operation ends at its deadline; submit does so where it was not done before, as it must be before another thread can find the operation. */
ar_status ari_op_arm(ari_op *op, ar_error *err);

/* Completes an operation that is not going to be sent. */
void ari_op_fail(ari_op *op, ar_status status, const ar_error *error);

/* Sends `op`, in the lease when there is one. Takes no reference from the caller: the future given back is &op->future, already failed when
 * it could not be sent. Never blocks. */
ar_future *ari_pool_submit(ari_pool *pool, ari_lease *lease, ari_op *op);

/* Sends `op` and waits for it, running the connection on this thread where it is idle. The caller keeps its reference and reads the results
 * from op. Answers AR_E_DEADLOCK when this thread holds a lease of the pool that does not allow it. */
ar_status ari_pool_run(ari_pool *pool, ari_lease *lease, ari_op *op, ar_error *err);

/* An operation to be submitted outside of leases, which has notifications of `channel` told to `actor`, or ends that (actrec/listen.h); the engine must have dialect->listens. NULL
 * and `err`: AR_E_NO_MEMORY, AR_E_CLOSED. */
ari_op *ari_pool_listen(ari_pool *pool, const char *channel, ar_actor *actor, ar_error *err);
ari_op *ari_pool_unlisten(ari_pool *pool, const char *channel, ar_actor *actor, ar_error *err);

/* The op that a future is; NULL when it is not one. */
ari_op *ari_op_of(ar_future *future);

/* The statements of tokens; made by the layer above, they live as long as the pool. See pools/token.c. */
typedef struct ari_token_statements {
    const ar_statement
        *clean; /* deletes those that were made before $1 (microseconds since 1970); fails while there is no table */
    const ar_statement *make;   /* makes the table when there is none */
    const ar_statement *insert; /* the token $1, held or not ($2), made at $3 */
    const ar_statement *claim;  /* likewise, unless it is there */
    const ar_statement *look;   /* how $1 is held */
    _Atomic int64_t
        clean_at; /* the time of env->now when those of old are to be deleted again; 0: it is not known whether there is a table */
} ari_token_statements;

typedef struct ari_lease_options {
    bool read_only;     /* may go to a reader */
    bool allow_outside; /* the thread that holds it may block on the pool outside of it, where that can end */
    bool unheld;        /* no thread holds it */
    bool deferrable;    /* as in ar_operation */
    ar_isolation isolation;
    ari_token_statements *token; /* NULL: a COMMIT whose answer is lost stays in doubt */
    ar_uuid token_id;            /* nobody else's */
    int64_t deadline;            /* of the whole lease, microseconds of env->now; INT64_MAX: none */
} ari_lease_options;

/* A lease: one connection for a transaction. BEGIN travels with its first operation, so this never blocks. The calling thread holds it. NULL: no memory. */
ari_lease *ari_lease_create(ari_pool *pool, const ari_lease_options *options);

/* Ends it by COMMIT or ROLLBACK; nothing was sent: completes at once. A lease that has failed is rolled back and the future says AR_E_TX_ABORTED. The lease
 * must not be used any more, but for ari_lease_release. */
ar_future *ari_lease_commit(ari_lease *lease);
ar_future *ari_lease_rollback(ari_lease *lease);
/* The same, waiting on this thread, helping. */
ar_status ari_lease_commit_wait(ari_lease *lease, ar_error *err);
ar_status ari_lease_rollback_wait(ari_lease *lease, ar_error *err);

/* The operation that will end the lease, for the layer above to set its collect, destroy and owner before that. */
ari_op *ari_lease_end_op(ari_lease *lease);

/* What the transaction failed with because of others, so that the same work may succeed when it is done again; AR_OK: it did not. */
ar_status ari_lease_conflict(const ari_lease *lease);

/* Drops the holder's reference; a lease that was not ended is rolled back in the background. */
void ari_lease_release(ari_lease *lease);

/* Keeps its memory. */
ari_lease *ari_lease_ref(ari_lease *lease);
void ari_lease_unref(ari_lease *lease);

#endif
