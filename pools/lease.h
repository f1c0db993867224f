/* SPDX-License-Identifier: MIT */
#ifndef POOLS_LEASE_H
#define POOLS_LEASE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "pools/connection.h"

/* See pools/lease.c for the states. */
typedef enum ari_lease_state {
    LEASE_NEW,     /* nothing was sent, or BEGIN is under way */
    LEASE_OPEN,    /* BEGIN was done */
    LEASE_ABORTED, /* a statement failed: only rollback, whole or to a savepoint */
    LEASE_DEAD,    /* the engine ended the transaction, or the connection was lost; `why` */
    LEASE_ENDED    /* committed or rolled back */
} ari_lease_state;

/* An operation of the lease's own that is under way. */
typedef enum ari_lease_step {
    STEP_NONE,
    STEP_BEGIN,
    STEP_ROLLBACK_TO, /* for `pending`, as the others below */
    STEP_RELEASE,
    STEP_COMMIT,
    STEP_ROLLBACK,
    STEP_TOKEN_CLEAN, /* before BEGIN, likewise the next */
    STEP_TOKEN_TABLE,
    STEP_TOKEN,       /* before COMMIT */
    STEP_TOKEN_CLAIM, /* after a COMMIT whose answer was lost, likewise the next */
    STEP_TOKEN_LOOK,
    STEP_RESET /* for nobody */
} ari_lease_step;

/* See pools/token.c. */
typedef struct ari_lease_token {
    ar_value values[3]; /* of the statement that is under way */
    bool prepared;      /* there is a table */
    bool missing;       /* there was none */
    bool doubt;         /* COMMIT's answer was lost, and is looked for */
    uint8_t tries;
    int verdict;
    int64_t until, try_at; /* times of env->now: while it is looked for, and when it is again */
} ari_lease_token;

/* What a lease adds to the load of its connection until it is ended: more than any depth, so that others go elsewhere. */
enum { ARI_LEASE_LOAD = 1 << 16 };

struct ari_lease {
    ari_pool *pool;
    ari_lease_options options;
    pthread_t holder;
    _Atomic uint32_t references; /* the holder's, one for each of its operations, and the connection's that it has */
    _Atomic(ari_connection *) connection; /* where its operations go; set when the first is bound */
    _Atomic bool sent;                    /* its first operation was sent */
    _Atomic bool begun;                   /* it has had the connection: its operations wait for nobody else's */
    _Atomic int retryable;                /* the ar_status that it failed with because of others; AR_OK: it did not */
    ari_lease *prev, *next;               /* the pool's list, under its lock */
    _Atomic bool ended;                   /* commit or rollback was asked for */
    ari_op *end_op;                       /* made beforehand, so that ending cannot fail for want of memory */

    /* Under the lock of the group, until `connection` is set. */
    bool queued;
    ari_op_list behind; /* sent while the first one waits in the group's queue */

    /* Under the token of the connection. */
    ari_lease_state state;
    bool ran_raw;      /* SQL of the application, which may have changed the session */
    bool step_done;    /* the step has ended, as `step_error` says (status AR_OK: well) */
    bool first_failed; /* the operation behind BEGIN failed before BEGIN was done; `answer` */
    ari_lease_step step;
    int64_t
        give_up_at; /* the time of env->now when the connection is given up, for a rollback waits behind what is not answered; INT64_MAX: not */
    uint32_t under_way;  /* statements of the application */
    uint32_t decisive;   /* of these, ari_op.decisive */
    ari_op_list queue;   /* its operations that wait for their turn */
    ari_op *pending;     /* the end of the transaction, or of a savepoint, that the step is for */
    ar_operation errand; /* of the step */
    ar_error step_error;
    ar_error answer; /* for `pending` */
    ar_error why;    /* of ABORTED and DEAD */
    ari_lease_token token;
};

/* Begins a step of its own. Under the token. */
void ari_lease_start_step(ari_connection *connection, ari_lease *lease, ari_lease_step step, ar_operation errand);

/* The end that is pending has come to what `answer` says. Under the token. */
void ari_lease_answer_end(ari_lease *lease);

/* Takes an operation of the lease that has the connection, that gets it now, or that needs none. Under the token. */
void ari_lease_take(ari_connection *connection, ari_op *op);

/* Goes on with the lease that has the connection; true: something has changed, ask again. Under the token. */
bool ari_lease_advance(ari_connection *connection);

/* Likewise, when the database closes: only what a step that has ended leads to. */
bool ari_lease_finish_step(ari_connection *connection);

/* The time of env->now at which what it waits for is late; INT64_MAX: never. Under the token. */
int64_t ari_lease_deadline(const ari_lease *lease);

/* The connection could not be opened for the lease that is to have it. Under the token. */
void ari_lease_open_failed(ari_connection *connection, const ar_error *error);

/* The connection is closed for good: everything that the lease still has fails. Under the token. */
void ari_lease_abandon(ari_connection *connection, const ar_error *error);

/* COMMIT or ROLLBACK of a lease. */
bool ari_lease_is_end(const ari_op *op);

/* False for an operation that is only to be refused, or that ends what never began: then it does not matter who has the connection. Under the token. */
bool ari_lease_needs_connection(const ari_connection *connection, const ari_op *op);

/* The backend completed an operation of the lease, or one of the lease's own. Under the token, inside the backend. */
void ari_lease_completed(ari_op *op, const ar_error *error);
void ari_lease_step_completed(ari_lease *lease, const ar_error *error);

/* Whether the calling thread holds another lease that makes waiting for `connection` (NULL: for one of the group) for `lease` (or none) wrong or endless. */
bool ari_lease_would_deadlock(ari_pool *pool, const ari_lease *lease, const ari_group *group,
                              const ari_connection *connection);

#endif
