/* SPDX-License-Identifier: MIT */
#ifndef POOLS_CONNECTION_H
#define POOLS_CONNECTION_H

#include <stdatomic.h>
#include <stdbool.h>

#include "pools/pool.h"

typedef struct ari_connection ari_connection;
typedef struct ari_group ari_group;

typedef enum ari_connection_state {
    CONNECTION_CLOSED, /* never opened, or closed because it was of no more use */
    CONNECTION_CONNECTING,
    CONNECTION_READY,
    CONNECTION_LEASED,   /* a transaction has it: all else waits */
    CONNECTION_DRAINING, /* the pool is closing: what is left fails */
    CONNECTION_FAILED    /* could not be opened, or was lost; the next operation tries again */
} ari_connection_state;

/* How many connections may be lost under an operation that was not sent before it fails with them: others on the same connection may be to blame, or a server that hangs up on
 * everybody. */
enum { ARI_UNSENT_TRIES = 3 };

/* Operations in their order, by their mail. */
typedef struct ari_op_list {
    ari_mail *first;
    ari_mail **end;
} ari_op_list;

/* A connection actor; see pools/connection.c. */
struct ari_connection {
    ari_runner runner; /* first */
    ari_pool *pool;
    ari_group *group;
    ar_connection_role role;
    ar_backend_host host;
    _Atomic bool spawned;   /* the runner has a worker; under the pool's lock while it is false */
    _Atomic uint32_t slow;  /* those of `load` that are not brief */
    _Atomic uint32_t load;  /* operations that were routed here and are not complete */
    _Atomic uint32_t depth; /* operations that it has before more wait in the queue of the group */
    _Atomic uint32_t gone;  /* futex of closing */
    _Atomic uint32_t quiet; /* likewise: nothing is left to be stopped, of an engine that does not block */
    _Atomic bool called;    /* `call` is in the mailbox */
    _Atomic bool attention; /* something that is under way was cancelled, or is late */
    ari_mail call;          /* no operation: has the connection look at the queue of its group */
    ari_timer alarm;        /* for the time that `progress` asked for; holds the pool's memory while it is armed */
    _Atomic int64_t alarm_at;

    /* Under the token. */
    ari_connection_state state;
    bool lost;   /* it was the database, and is gone */
    bool timed;  /* `depth` is that of the connection that is open */
    bool opened; /* the opening that is under way has ended, as `open_error` says */
    ar_status open_status;
    ar_connection *backend; /* NULL unless CONNECTING, READY, LEASED or DRAINING */
    uint32_t under_way;     /* operations that the backend has */
    ari_op_list outbox;     /* to be sent next, of no lease */
    ari_op_list kept;       /* what waits for the lease to end */
    ari_lease *lease;       /* the holder, from its turn on: BEGIN waits until nothing else is under way */
    ar_error open_error;
};

void ari_op_list_init(ari_op_list *list);
void ari_op_list_add(ari_op_list *list, ari_op *op);
void ari_op_list_put_back(ari_op_list *list, ari_op *op);
ari_op *ari_op_list_take(ari_op_list *list); /* NULL: there is none */
ari_op *ari_op_list_first(const ari_op_list *list);

/* Gives it a thread. With the pool's lock held. */
ar_status ari_connection_spawn(ari_connection *connection, ar_error *err);

/* After it is gone. */
void ari_connection_fini(ari_connection *connection);

/* Any thread: has it look at the queue of its group. */
void ari_connection_call(ari_connection *connection);

/* Any thread: has it look whether something under way was cancelled or is late. */
void ari_connection_alert(ari_connection *connection);

/* Whether `op`, which was not sent, is cancelled or late, and the error that says so. Under the token. */
bool ari_connection_interrupted(const ari_connection *connection, const ari_op *op, ar_error *err);

/* Completes `op`, and lets go of it. */
void ari_op_complete(ari_op *op, ar_status status, const ar_error *error);

/* Before that, of one that is decisive and went well with the engine: whether it did all the same. False: `err` says why not. */
bool ari_op_settle(ari_op *op, ar_error *err);

/* Sends one operation, or more that are linked. Under the token. */
void ari_connection_submit(ari_connection *connection, ar_operation *operations, uint32_t count);

/* Begins to open it, when it is not open; `waiting` is what that is for. True: it is open. */
bool ari_connection_ensure(ari_connection *connection, const ar_operation *waiting);

/* Moves to `next`; a move that is not in the table is a defect. */
void ari_connection_move(ari_connection *connection, ari_connection_state next);

/* Closes it. */
void ari_connection_lose(ari_connection *connection);

#endif
