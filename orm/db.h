/* SPDX-License-Identifier: MIT */
#ifndef ORM_DB_H
#define ORM_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <actrec/db.h>

#include "pools/pool.h"

/* What an ar_db handle stands for: a database, a scope or a transaction. Every public call that takes a handle enters and leaves through
 * ari_db_enter and ari_db_leave, between which it cannot go away. */
typedef struct ari_db ari_db;

/* NULL and `err` (may be NULL) set: AR_E_INVALID for NULL, AR_E_CLOSED for a stale handle, AR_E_FORKED in a child. */
ari_db *ari_db_enter(ar_db *handle, ar_error *err);
void ari_db_leave(ari_db *db);

const ar_env *ari_db_env(const ari_db *db);
const ar_dialect *ari_db_dialect(const ari_db *db);
const ar_backend *ari_db_backend(const ari_db *db);
ari_pool *ari_db_pool(const ari_db *db);
ar_runtime *ari_db_runtime(const ari_db *db);
bool ari_db_in_transaction(const ari_db *db);
bool ari_db_all_tenants(const ari_db *db);       /* rows of all tenants are meant */
const ar_value *ari_db_tenant(const ari_db *db); /* NULL: there is none; as long as `db` is entered */
bool ari_db_is_scope(const ari_db *db);          /* a scope or a transaction: what is read through it belongs to it */

/* The caches that live with the database itself, made by their owners (orm/statement.c, orm/plan.c) through create/destroy below. */
struct ari_statement_cache *ari_db_statements(const ari_db *db);
struct ari_plan_cache *ari_db_plans(const ari_db *db);

/* Sends an operation through the handle: its deadline becomes the earlier of its own and the handle's, and the scope, if any, keeps track of it.
 * submit: never blocks; the future is &op->future (the caller's reference goes over to the future's owner), which has failed when it was not sent. run: blocks; the caller keeps op and releases it. */
ar_future *ari_db_submit(ari_db *db, ari_op *op);
ar_status ari_db_run(ari_db *db, ari_op *op, ar_error *err);

/* A thing that belongs to a scope and dies with it: a record, a list, rows. Embedded; `free` is called at scope close (or at each new attempt of a
 * transaction) unless it was disowned before. */
typedef struct ari_owned ari_owned;
struct ari_owned {
    ari_owned *prev, *next;
    void *scope; /* NULL: nobody's but the caller's */
    void (*free)(ari_owned *owned);
};
void ari_db_own(ari_db *db, ari_owned *owned); /* does nothing on a plain database */
void ari_disown(ari_owned *owned);

/* A record was changed in the database inside this transaction: `undo` runs when the transaction (or the savepoint) is rolled back, and neither on commit. Then and
 * otherwise it is freed by `free`. Does nothing outside a transaction but call `free`. */
typedef struct ari_undo ari_undo;
struct ari_undo {
    ari_undo *next;
    void (*undo)(ari_undo *undo); /* may; newest first */
    void (*told)(ari_undo *undo,
                 bool rolled_back); /* may: once all are undone, or the outermost transaction committed; oldest first */
    void (*free)(ari_undo *undo);
    ar_db *db; /* set before `told`: what may be worked through then */
};

/* How those that hang on a transaction end. Forgotten: nobody took the result. In doubt: undone, and nobody is told. */
typedef enum ari_undo_end {
    ARI_UNDO_FORGOTTEN,
    ARI_UNDO_COMMITTED,
    ARI_UNDO_ROLLED_BACK,
    ARI_UNDO_IN_DOUBT
} ari_undo_end;
void ari_undos_end(ari_undo *newest, ari_undo_end end, ar_db *db);
void ari_db_on_rollback(ari_db *db, ari_undo *undo);

#endif
