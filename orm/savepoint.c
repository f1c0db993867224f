/* SPDX-License-Identifier: MIT */
#include "orm/savepoint.h"

#include <string.h>

#include "values/memory.h"

/* Named savepoints of a transaction: a stack, newest first, of which the engine knows the numbers alone. A point keeps what is to be undone should the transaction go back
 * behind it; what came after the newest one hangs on the transaction. Going back to a point takes all that is newer; releasing one hands it on to what came before it.
 *
 * The stack is under the lock of the transaction, which another thread may end by closing the database; otherwise it belongs to the thread that uses the transaction. */

enum { NAME_SIZE = 128 };

struct ari_point {
    ari_point *next; /* older */
    uint32_t number;
    ari_undo *undos; /* of what came before it, and after the point before */
    char name[];
};

/* Pops what is newer than `until`. With the lock held. */
static void pop(ari_db *tx, const ari_point *until)
{
    ari_undo **end = &tx->undos;
    while (tx->points != until) {
        ari_point *point = tx->points;
        while (*end != NULL)
            end = &(*end)->next;
        *end = point->undos;
        tx->points = point->next;
        ari_release(ari_db_env(tx), point);
    }
}

ari_undo *ari_points_take_undos(ari_db *tx)
{
    pthread_mutex_lock(&tx->lock);
    pop(tx, NULL);
    ari_undo *undos = tx->undos;
    tx->undos = NULL;
    pthread_mutex_unlock(&tx->lock);
    return undos;
}

static void push(ari_db *tx, ari_point *point)
{
    pthread_mutex_lock(&tx->lock);
    point->undos = tx->undos;
    tx->undos = NULL;
    point->next = tx->points;
    tx->points = point;
    pthread_mutex_unlock(&tx->lock);
}

static void pop_with(ari_db *tx, const ari_point *point)
{
    pthread_mutex_lock(&tx->lock);
    pop(tx, point->next);
    pthread_mutex_unlock(&tx->lock);
}

static void undo_behind(ari_db *tx, const ari_point *point)
{
    pthread_mutex_lock(&tx->lock);
    pop(tx, point);
    ari_undo *undos = tx->undos;
    tx->undos = NULL;
    pthread_mutex_unlock(&tx->lock);
    ari_undos_end(undos, ARI_UNDO_ROLLED_BACK, (ar_db *)tx->handle);
}

/* --- what is asked for --- */

/* The transaction of the handle, entered. */
static ari_db *enter(ar_db *handle, const char *name, ar_error *err)
{
    ari_db *tx = ari_db_enter(handle, err);
    if (tx == NULL)
        return NULL;
    if (tx->kind != ARI_TRANSACTION)
        ar_ignore(ar_error_set(err, AR_E_INVALID, "a savepoint: the handle is that of a database or a scope"));
    else if (name == NULL || name[0] == '\0' || strlen(name) >= NAME_SIZE)
        ar_ignore(ar_error_set(err, AR_E_INVALID, "a savepoint: its name must have 1 to %d bytes", NAME_SIZE - 1));
    else
        return tx;
    ari_db_leave(tx);
    return NULL;
}

static ar_status no_memory(ar_error *err)
{
    return ar_error_set(err, AR_E_NO_MEMORY, "a savepoint: out of memory");
}

static ar_status make_point(ari_db *tx, const char *name, ari_point **point, ari_op **op, ar_error *err)
{
    size_t length = strlen(name);
    *point = ari_allocate_zero(ari_db_env(tx), sizeof **point + length + 1);
    *op = *point == NULL ? NULL : ari_op_create(tx->pool, 0);
    if (*op == NULL) {
        ari_release(ari_db_env(tx), *point);
        return no_memory(err);
    }
    (*point)->number = ari_transaction_next_savepoint(tx);
    memcpy((*point)->name, name, length);
    (*op)->operation.kind = AR_OP_SAVEPOINT;
    (*op)->operation.savepoint = (*point)->number;
    return AR_OK;
}

/* The newest of that name. */
static ar_status find_point(ari_db *tx, const char *name, ari_point **point, ar_error *err)
{
    if (atomic_load(&tx->open_savepoints) > 0)
        return ar_error_set(err, AR_E_DEADLOCK,
                            "a savepoint: another transaction is open inside the transaction: finish it first");
    pthread_mutex_lock(&tx->lock);
    ari_point *at = tx->points;
    while (at != NULL && strcmp(at->name, name) != 0)
        at = at->next;
    pthread_mutex_unlock(&tx->lock);
    *point = at;
    return at != NULL ? AR_OK
                      : ar_error_set(err, AR_E_INVALID, "a savepoint: there is none that is named \"%.64s\"", name);
}

/* What ends or goes back to a point; *lease comes with a reference. */
static ar_status make_end(ari_db *tx, const char *name, ar_operation_kind kind, ari_point **point, ari_lease **lease,
                          ari_op **op, ar_error *err)
{
    ar_status status = find_point(tx, name, point, err);
    if (status != AR_OK)
        return status;
    *lease = ari_transaction_lease(tx, err);
    if (*lease == NULL)
        return AR_E_CLOSED;
    *op = ari_op_create(tx->pool, 0);
    if (*op == NULL) {
        ari_lease_unref(*lease);
        return no_memory(err);
    }
    (*op)->operation.kind = kind;
    (*op)->operation.savepoint = (*point)->number;
    (*op)->named = true;
    return AR_OK;
}

static void settle(ari_db *tx, const ari_point *point, ar_operation_kind kind)
{
    if (kind == AR_OP_RELEASE)
        pop_with(tx, point);
    else
        undo_behind(tx, point);
}

static ar_status end_now(ar_db *handle, const char *name, ar_operation_kind kind, ar_error *err)
{
    ari_point *point;
    ari_lease *lease;
    ari_op *op;
    ar_error error = { .status = AR_OK };
    ari_db *tx = enter(handle, name, &error);
    ar_status status = error.status;
    if (tx != NULL) {
        status = make_end(tx, name, kind, &point, &lease, &op, &error);
        if (status == AR_OK) {
            status = ari_pool_run(tx->pool, lease, op, &error);
            ari_op_release(op);
            ari_lease_unref(lease);
            if (status == AR_OK)
                settle(tx, point, kind);
        }
        ari_db_leave(tx);
    }
    if (status != AR_OK && err != NULL)
        *err = error;
    return status;
}

static ar_done end_later(ar_db *handle, const char *name, ar_operation_kind kind)
{
    ari_point *point;
    ari_lease *lease;
    ari_op *op;
    ar_error error = { .status = AR_OK };
    ari_db *tx = enter(handle, name, &error);
    if (tx == NULL)
        return (ar_done){ ari_future_failed(NULL, error.status, &error) };
    ar_status status = make_end(tx, name, kind, &point, &lease, &op, &error);
    if (status == AR_OK && !ari_scope_track(tx, op)) {
        status = ar_error_set(&error, AR_E_CLOSED, "the transaction was closed");
        ari_op_release(op);
        ari_lease_unref(lease);
    }
    if (status != AR_OK) {
        ari_db_leave(tx);
        return (ar_done){ ari_future_failed(NULL, status, &error) };
    }
    settle(tx, point, kind);
    ar_done done = { ari_pool_submit(tx->pool, lease, op) };
    ari_lease_unref(lease);
    ari_db_leave(tx);
    return done;
}

ar_status ar_tx_savepoint(ar_db *tx, const char *name, ar_error *err)
{
    ari_point *point;
    ari_op *op;
    ar_error error = { .status = AR_OK };
    ari_db *entered = enter(tx, name, &error);
    ar_status status = error.status;
    if (entered != NULL) {
        status = make_point(entered, name, &point, &op, &error);
        if (status == AR_OK) {
            status = ari_db_run(entered, op, &error);
            ari_op_release(op);
            if (status == AR_OK)
                push(entered, point);
            else
                ari_release(ari_db_env(entered), point);
        }
        ari_db_leave(entered);
    }
    if (status != AR_OK && err != NULL)
        *err = error;
    return status;
}

/* What is sent behind it is undone with it, so that it is there from now on. */
ar_done ar_tx_savepoint_async(ar_db *tx, const char *name)
{
    ari_point *point;
    ari_op *op;
    ar_error error = { .status = AR_OK };
    ari_db *entered = enter(tx, name, &error);
    ar_status status = entered == NULL ? error.status : make_point(entered, name, &point, &op, &error);
    if (entered == NULL || status != AR_OK) {
        if (entered != NULL)
            ari_db_leave(entered);
        return (ar_done){ ari_future_failed(NULL, status, &error) };
    }
    push(entered, point);
    ar_done done = { ari_db_submit(entered, op) };
    if (ar_future_is_done(done.raw) && ari_future_outcome(done.raw, NULL) != AR_OK)
        pop_with(entered, point);
    ari_db_leave(entered);
    return done;
}

ar_status ar_tx_rollback_to(ar_db *tx, const char *name, ar_error *err)
{
    return end_now(tx, name, AR_OP_ROLLBACK_TO, err);
}

ar_done ar_tx_rollback_to_async(ar_db *tx, const char *name)
{
    return end_later(tx, name, AR_OP_ROLLBACK_TO);
}

ar_status ar_tx_release(ar_db *tx, const char *name, ar_error *err)
{
    return end_now(tx, name, AR_OP_RELEASE, err);
}

ar_done ar_tx_release_async(ar_db *tx, const char *name)
{
    return end_later(tx, name, AR_OP_RELEASE);
}
