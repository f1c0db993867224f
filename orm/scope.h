/* SPDX-License-Identifier: MIT */
#ifndef ORM_SCOPE_H
#define ORM_SCOPE_H

#include <pthread.h>
#include <stdatomic.h>

#include "orm/commit_token.h"
#include "orm/db.h"
#include "values/handles.h"

/* The inside of what a handle stands for. See orm/scope.c for how they hang together. */

typedef enum ari_db_kind { ARI_DATABASE, ARI_SCOPE, ARI_TRANSACTION } ari_db_kind;

struct ari_db {
    uintptr_t handle;
    ari_db_kind kind;
    ari_pool *pool;
    struct ari_statement_cache *statements;
    struct ari_plan_cache *plans;
    _Atomic(ari_commit_tokens *) *commit_tokens; /* those of the database; see orm/commit_token.c */
    int64_t timeout_ms;                          /* each operation that has none; 0: none */
    int64_t deadline;                            /* of all that is done through it; INT64_MAX: none */
    char trace[128];
    const ar_value *tenant; /* its own, or that of the handle around it; NULL: none */
    ar_value *own_tenant;   /* with its text behind it; freed with it */
    bool all_tenants;
    bool library;        /* a transaction of the library's own, for one call */
    uint32_t lazy_loads; /* of single records; see orm/strict.c */
    bool lazy_refused;
    ari_db *parent;      /* kept in memory by this one; NULL: a database */
    ari_db *transaction; /* the innermost transaction that this is or is in; NULL: none */

    pthread_mutex_t lock; /* the lists, `closed` and `lease` */
    bool closed;          /* it is being taken apart: nothing new is to be kept track of */
    ari_db *children;     /* scopes and transactions opened on this one; newest first */
    ari_db *next, *prev;
    ari_owned *owned;
    ari_op *operations; /* sent through a scope and perhaps not complete, each with a reference; linked by owner_next */
    uint32_t operation_count;
    uint32_t prune_at;

    /* A transaction. */
    ar_tx_options options;
    ar_status refused; /* AR_OK, or what each operation answers because of the options, */
    char refusal[160]; /* and why */
    int attempts_left;
    unsigned attempt;
    ari_lease *lease;        /* NULL: ended. Shared by the savepoints in it, each with a reference */
    ari_op *end_op;          /* of a savepoint: made beforehand, so that ending it cannot fail for want of memory */
    uint32_t savepoint;      /* its number; 0: the transaction itself */
    uint32_t last_savepoint; /* of the outermost: numbers given so far */
    _Atomic bool savepoint_sent;
    _Atomic int conflict; /* the ar_status that the last attempt failed with because of others; AR_OK: it did not */
    _Atomic uint32_t open_savepoints; /* transactions begun on this one and not finished */
    ari_undo *undos;                  /* newest first */
    struct ari_point *points;         /* its named savepoints, newest first; see orm/savepoint.c */
};

extern ari_handles ari_db_handles;

/* An object of its own kind on `parent` (NULL: a database), which nobody knows of yet. NULL: no memory. */
ari_db *ari_db_create(const ar_env *env, ari_pool *pool, ari_db_kind kind, ari_db *parent);

/* Links it to its parent and gives it a handle, under which others may close it at once. On success what keeps the parent entered is its own. On failure it is
 * freed: AR_E_NO_MEMORY; AR_E_CLOSED when the parent is being closed. */
ar_status ari_db_publish(ari_db *db, ar_db **handle);
void ari_db_discard(ari_db *db);

/* Takes the handle out of use; false: somebody else has. Then fini, from the same thread, ends what it stands for, and leave. */
bool ari_scope_begin_close(ari_db *db);
void ari_scope_fini(ari_db *db);

void ari_scope_close_children(ari_db *db);

/* Rolls back the transactions that are open in it and in its scopes; the operations of the scopes go on. */
void ari_scope_close_transactions(ari_db *db);

/* So that closing `db` stops the operation; a database does not. False: it is being closed. */
bool ari_scope_track(ari_db *db, ari_op *op);

/* Cancels what is under way, and does not wait. */
void ari_scope_cancel_operations(ari_db *db);

/* Cancels what is under way and waits for it; frees what is owned. */
void ari_scope_stop_operations(ari_db *db);
void ari_scope_free_owned(ari_db *db);

/* Rolls back a transaction that is still open, and runs its undos. */
void ari_transaction_abandon(ari_db *db);

/* Frees what a transaction still has when its memory goes. */
void ari_transaction_fini(ari_db *db);

/* The lease of `transaction`, with a reference; NULL and AR_E_CLOSED when it was ended. */
ari_lease *ari_transaction_lease(ari_db *transaction, ar_error *err);

/* A number for a savepoint within the lease. */
uint32_t ari_transaction_next_savepoint(ari_db *tx);

/* ar_tx_begin; `unheld`: no thread holds it, since nobody who works through it ever waits. */
ar_db *ari_transaction_begin(ar_db *db, const ar_tx_options *options, bool unheld);

/* Enters a transaction that is to be ended by this call; a handle of one that is over, or never was, is taken. NULL: see
 * *status. */
ari_db *ari_transaction_enter(ar_db **tx, ar_status *status, ar_error *err);

/* Whether an attempt that ended in `status` is to be made again. `conflict` is what its lease says; `ended` the error of a
 * commit that failed, else NULL: what is in the caller's error otherwise is his, and may be anything. A commit that may
 * hold is never done again. */
bool ari_transaction_conflicted(ar_status conflict, ar_status status, const ar_error *ended);

/* How long to wait after the attempt of that number: exponential, of which half is drawn. Microseconds. */
int64_t ari_transaction_backoff(const ar_env *env, const ar_tx_options *options, unsigned attempt);

/* Sends the SAVEPOINT of `transaction`, through its lease, when it has not been. */
ar_status ari_transaction_ready(ari_db *transaction, ari_lease *lease, bool blocking, ar_error *err);

/* Whether the struct_size of options, 0 or the caller's sizeof, is one that this release can read: `least` was their size in release 0.1. */
static inline bool ari_options_fit(size_t struct_size, size_t least)
{
    return struct_size == 0 || struct_size >= least;
}

#endif
