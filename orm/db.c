/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "orm/plan.h"
#include "orm/scope.h"
#include "orm/statement.h"
#include "values/memory.h"

/* Handles of databases, and how operations go through any handle. */

static void destroy(void *object);

ari_handles ari_db_handles = ARI_HANDLES(destroy);

static void destroy(void *object)
{
    ari_db *db = object;
    ari_db *parent = db->parent;
    ari_pool *pool = db->pool;

    ari_db_discard(db);
    if (parent == NULL)
        ari_pool_release(pool);
    else
        ari_db_leave(parent);
}

ari_db *ari_db_enter(ar_db *handle, ar_error *err)
{
    if (handle == NULL) {
        ar_error_set(err, AR_E_INVALID, "the database handle is NULL");
        return NULL;
    }
    unsigned number = ari_handle_error((uintptr_t)handle);
    if (number != 0) {
        ar_error_set(err, (ar_status)number, "the scope or transaction could not be opened: %s when it was asked for",
                     ar_status_name((ar_status)number));
        return NULL;
    }
    ari_db *db = ari_handle_enter(&ari_db_handles, (uintptr_t)handle);
    if (db == NULL) {
        ar_error_set(err, AR_E_CLOSED, "the database handle was closed");
        return NULL;
    }
    if (ari_pool_usable(db->pool, err) == AR_OK)
        return db;
    ari_db_leave(db);
    return NULL;
}

void ari_db_leave(ari_db *db)
{
    ari_handle_leave(&ari_db_handles, db->handle);
}

const ar_env *ari_db_env(const ari_db *db)
{
    return ari_pool_env(db->pool);
}

const ar_backend *ari_db_backend(const ari_db *db)
{
    return ari_pool_backend(db->pool);
}

const ar_dialect *ari_db_dialect(const ari_db *db)
{
    return ari_pool_dialect(db->pool);
}

ari_pool *ari_db_pool(const ari_db *db)
{
    return db->pool;
}

ar_runtime *ari_db_runtime(const ari_db *db)
{
    return ari_pool_runtime(db->pool);
}

bool ari_db_in_transaction(const ari_db *db)
{
    return db->transaction != NULL;
}

bool ari_db_all_tenants(const ari_db *db)
{
    return db->all_tenants;
}

const ar_value *ari_db_tenant(const ari_db *db)
{
    return db->tenant;
}

bool ari_db_is_scope(const ari_db *db)
{
    return db->kind != ARI_DATABASE;
}

struct ari_statement_cache *ari_db_statements(const ari_db *db)
{
    return db->statements;
}

struct ari_plan_cache *ari_db_plans(const ari_db *db)
{
    return db->plans;
}

/* --- operations --- */

/* Takes the complete ones off the list; they are to be released without the lock, which what they own may take. */
static ari_op *prune_operations(ari_db *db)
{
    ari_op *done = NULL, *pending = NULL, *op = db->operations;
    db->operation_count = 0;
    while (op != NULL) {
        ari_op *next = op->owner_next;
        bool is_done = ar_future_is_done(&op->future);
        ari_op **list = is_done ? &done : &pending;
        op->owner_next = *list;
        *list = op;
        db->operation_count += !is_done;
        op = next;
    }
    db->operations = pending;
    db->prune_at = db->operation_count * 2 + 32;
    return done;
}

bool ari_scope_track(ari_db *db, ari_op *op)
{
    ari_op *done = NULL;
    if (db->kind == ARI_DATABASE)
        return true;
    pthread_mutex_lock(&db->lock);
    bool open = !db->closed;
    if (open && db->operation_count >= db->prune_at)
        done = prune_operations(db);
    if (open) {
        ari_future_ref(&op->future);
        op->owner_next = db->operations;
        db->operations = op;
        db->operation_count++;
    }
    pthread_mutex_unlock(&db->lock);
    while (done != NULL) {
        ari_op *next = done->owner_next;
        ari_op_release(done);
        done = next;
    }
    return open;
}

static void set_deadline(const ari_db *db, ari_op *op)
{
    int64_t deadline = db->deadline;
    if (db->timeout_ms > 0 && op->operation.deadline == INT64_MAX) {
        int64_t own = ari_deadline_after(ari_pool_runtime(db->pool), db->timeout_ms);
        deadline = own < deadline ? own : deadline;
    }
    if (deadline < op->operation.deadline)
        op->operation.deadline = deadline;
    if (db->trace[0] != '\0')
        op->trace = db->trace;
}

static ar_status refuse(const ari_db *db, const ari_op *op, ar_error *err)
{
    const ar_statement *statement = op->operation.statement;
    if (statement != NULL && statement->statement_class == AR_STATEMENT_TRANSACTION)
        return ar_error_set(
            err, AR_E_INVALID,
            "BEGIN, COMMIT, ROLLBACK, SAVEPOINT and RELEASE are not run as SQL text: use ar_tx_begin and ar_tx_finish");
    if (statement != NULL && statement->statement_class == AR_STATEMENT_SESSION && db->transaction == NULL)
        return ar_error_set(err, AR_E_INVALID,
                            "a statement that changes the session (PRAGMA, SET, ATTACH, TEMP) outside a transaction: "
                            "the next operation may "
                            "run on another connection; put it into the options of the URL or into a transaction");
    if (statement != NULL && statement->statement_class == AR_STATEMENT_SCHEMA && db->transaction != NULL &&
        ari_db_dialect(db)->implicit_commit)
        return ar_error_set(err, AR_E_UNSUPPORTED,
                            "a statement that changes the schema in a transaction: %s would commit it half done; run "
                            "it outside of transactions",
                            ari_db_dialect(db)->name);
    if (statement != NULL && db->transaction != NULL && db->transaction->options.read_only &&
        statement->statement_class != AR_STATEMENT_READ)
        return ar_error_set(err, AR_E_READ_ONLY, "a statement that writes in a read-only transaction");
    if (db->transaction != NULL && db->transaction->refused != AR_OK)
        return ar_error_set(err, db->transaction->refused, "%s", db->transaction->refusal);
    if (db->transaction != NULL && atomic_load(&db->transaction->open_savepoints) > 0)
        return ar_error_set(
            err, AR_E_DEADLOCK,
            "the transaction has another open inside it: use that, finish it first, or begin it with allow_outside");
    return AR_OK;
}

/* *lease comes with a reference, NULL outside transactions. */
static ar_status prepare(ari_db *db, ari_op *op, bool blocking, ari_lease **lease, ar_error *err)
{
    ar_status status = refuse(db, op, err);
    *lease = NULL;
    set_deadline(db, op);
    if (status != AR_OK || db->transaction == NULL)
        return status;
    *lease = ari_transaction_lease(db->transaction, err);
    if (*lease == NULL)
        return AR_E_CLOSED;
    status = ari_transaction_ready(db->transaction, *lease, blocking, err);
    if (status != AR_OK)
        ari_lease_unref(*lease);
    return status;
}

ar_future *ari_db_submit(ari_db *db, ari_op *op)
{
    ar_error error;
    ari_lease *lease;
    ar_status status = prepare(db, op, false, &lease, &error);
    if (status != AR_OK) {
        ari_op_fail(op, status, &error);
        return &op->future;
    }
    status = ari_op_arm(op, &error);
    if (status == AR_OK && !ari_scope_track(db, op))
        status = ar_error_set(&error, AR_E_CLOSED, "the database handle was closed");
    if (status == AR_OK)
        ari_pool_submit(db->pool, lease, op);
    else
        ari_op_fail(op, status, &error);
    if (lease != NULL)
        ari_lease_unref(lease);
    return &op->future;
}

ar_status ari_db_run(ari_db *db, ari_op *op, ar_error *err)
{
    ari_lease *lease;
    ar_status status = prepare(db, op, true, &lease, err);
    if (status != AR_OK)
        return status;
    status = ari_pool_run(db->pool, lease, op, err);
    if (lease != NULL)
        ari_lease_unref(lease);
    return status;
}

/* --- open and close --- */

static void inherit(ari_db *db, ari_db *parent)
{
    db->parent = parent;
    db->statements = parent->statements;
    db->plans = parent->plans;
    db->commit_tokens = parent->commit_tokens;
    db->timeout_ms = parent->timeout_ms;
    db->deadline = parent->deadline;
    db->transaction = parent->transaction;
    db->tenant = parent->tenant;
    db->all_tenants = parent->all_tenants;
    db->lazy_loads = parent->lazy_loads;
    db->lazy_refused = parent->lazy_refused;
    memcpy(db->trace, parent->trace, sizeof db->trace);
}

ari_db *ari_db_create(const ar_env *env, ari_pool *pool, ari_db_kind kind, ari_db *parent)
{
    ari_db *db = ari_allocate_zero(env, sizeof *db);
    if (db == NULL)
        return NULL;
    db->kind = kind;
    db->pool = pool;
    db->deadline = INT64_MAX;
    db->prune_at = 32;
    if (parent != NULL)
        inherit(db, parent);
    pthread_mutex_init(&db->lock, NULL);
    return db;
}

void ari_db_discard(ari_db *db)
{
    const ar_env *env = ari_pool_env(db->pool);
    ari_transaction_fini(db);
    ari_scope_free_owned(db); /* read by another thread while it was closed */
    pthread_mutex_destroy(&db->lock);
    ari_release(env, db->own_tenant);
    ari_release(env, db);
}

/* One step under the parent's lock: a parent that is being closed finds the child, or the child finds out. */
static ar_status open_handle(ari_db *db, ar_db **handle)
{
    ari_db *parent = db->parent;
    if (parent != NULL && parent->closed)
        return AR_E_CLOSED;
    db->handle = ari_handle_open(&ari_db_handles, db);
    if (db->handle == 0)
        return AR_E_NO_MEMORY;
    *handle = (ar_db *)db->handle;
    if (parent == NULL)
        return AR_OK;
    db->next = parent->children;
    if (db->next != NULL)
        db->next->prev = db;
    parent->children = db;
    return AR_OK;
}

ar_status ari_db_publish(ari_db *db, ar_db **handle)
{
    ari_db *parent = db->parent;
    if (parent != NULL)
        pthread_mutex_lock(&parent->lock);
    ar_status status = open_handle(db, handle);
    if (parent != NULL)
        pthread_mutex_unlock(&parent->lock);
    if (status != AR_OK)
        ari_db_discard(db);
    return status;
}

/* What operations point into lives as long as the last of them, which may be awaited after the database was closed. */
typedef struct caches {
    const ar_env *env;
    struct ari_statement_cache *statements;
    struct ari_plan_cache *plans;
    _Atomic(ari_commit_tokens *) commit_tokens;
} caches;

static void free_caches(void *attached)
{
    caches *owned = attached;
    ari_commit_tokens_destroy(atomic_load(&owned->commit_tokens));
    ari_plan_cache_destroy(owned->plans);
    ari_statement_cache_destroy(owned->statements);
    ari_release(owned->env, owned);
}

static bool make_caches(ari_db *db, const ar_env *env)
{
    caches *made = ari_allocate_zero(env, sizeof *made);
    if (made == NULL)
        return false;
    made->env = env;
    made->statements = db->statements = ari_statement_cache_create(env);
    db->commit_tokens = &made->commit_tokens;
    made->plans = db->plans = ari_plan_cache_create(env);
    ari_pool_attach(db->pool, made, free_caches);
    return made->statements != NULL && made->plans != NULL;
}

static ar_status check_options(const char *url, const ar_db_options *options, ar_error *err)
{
    if (url == NULL)
        return ar_error_set(err, AR_E_INVALID, "opening a database: the URL is NULL");
    if (!ari_options_fit(options->struct_size, sizeof *options))
        return ar_error_set(err, AR_E_INVALID, "opening a database: struct_size is %zu, must be 0 or %zu",
                            options->struct_size, sizeof *options);
    if (options->timeout_ms < 0)
        return ar_error_set(err, AR_E_INVALID, "opening a database: timeout_ms must not be negative");
    return AR_OK;
}

ar_status ar_db_open(const char *url, const ar_db_options *options, ar_db **out, ar_error *err)
{
    static const ar_db_options defaults;
    if (out == NULL)
        return ar_error_set(err, AR_E_INVALID, "opening a database: `out` is NULL");
    *out = NULL;
    if (options == NULL)
        options = &defaults;
    ar_status status = check_options(url, options, err);
    if (status != AR_OK)
        return status;

    ari_pool *pool = NULL;
    ari_pool_options pool_options = { .queue_limit = options->queue_limit, .close_wait_ms = options->close_wait_ms };
    status = ari_pool_open(options->runtime, url, &pool_options, &pool, err);
    if (status != AR_OK)
        return status;
    const ar_env *env = ari_pool_env(pool);
    ari_db *db = ari_db_create(env, pool, ARI_DATABASE, NULL);
    if (db == NULL || !make_caches(db, env)) {
        if (db != NULL)
            ari_db_discard(db);
        status = AR_E_NO_MEMORY;
    } else {
        db->timeout_ms = options->timeout_ms;
        db->lazy_loads = options->lazy_loads;
        db->lazy_refused = options->lazy_refused;
        status = ari_db_publish(db, out);
    }
    if (status == AR_OK)
        return AR_OK;
    ari_pool_close(pool);
    ari_pool_release(pool);
    return ar_error_set(err, AR_E_NO_MEMORY, "opening a database: out of memory");
}

void ar_db_close(ar_db **db)
{
    if (db == NULL || *db == NULL)
        return;
    ari_db *closed = ari_db_enter(*db, NULL);
    *db = NULL;
    if (closed == NULL)
        return;
    if (ari_scope_begin_close(closed)) {
        ari_scope_fini(closed);
        ari_db_leave(closed); /* what open began */
    }
    ari_db_leave(closed);
}
