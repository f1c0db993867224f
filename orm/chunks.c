/* SPDX-License-Identifier: MIT */
#include "orm/chunks.h"

#include "orm/gather.h"
#include "orm/scope.h"

/* Nothing waits here: each operation is sent behind the one before, on the one connection of a transaction, and a gather
 * (orm/gather.c) stands for all of them. Whatever an operation fails with, its transaction fails with it, that of the
 * caller too. Once one cannot be made, what was sent is rolled back where the transaction is of their own; that of the
 * caller is his to roll back. */

static ar_future *fail(const ari_chunks *self, ar_status status, const ar_error *error)
{
    return ari_future_failed(ari_db_runtime(self->db), status, error);
}

static ar_future *fail_for_memory(const ari_chunks *self)
{
    ar_error error;
    ar_status status = ar_error_set(&error, AR_E_NO_MEMORY, "%s %s: out of memory", self->doing, self->model->table);
    return fail(self, status, &error);
}

static ar_future *submit(const ari_chunks *self, ari_op *op, void *plain)
{
    op->decisive = true;
    return self->applied ? ari_apply_submit(self->db, op, NULL, plain) : ari_db_submit(self->db, op);
}

/* Sends the rest, and before it `op`, which may be NULL, where it belongs. */
static ar_status submit_all(ari_chunks *self, ari_gather *gather, ari_op *op, void *plain, ar_error *err)
{
    ar_status status = AR_OK;
    if (op != NULL)
        ari_gather_add(gather, submit(self, op, plain), self->applied ? op : NULL);
    while (self->left > 0 && status == AR_OK) {
        if (self->send != NULL) {
            ar_future *sent = self->send(self);
            if (ar_future_is_done(sent)) /* refused, perhaps: that does not end the transaction by itself */
                status = ari_future_outcome(sent, err);
            ari_gather_add(gather, sent, NULL);
            continue;
        }
        status = self->make(self, &op, &plain, err);
        if (status == AR_OK)
            ari_gather_add(gather, submit(self, op, plain), self->applied ? op : NULL);
    }
    return status;
}

static ar_future *submit_here(ari_chunks *self, ari_op *op, void *plain)
{
    ar_error error;
    ari_gather *gather = ari_gather_create(ari_db_runtime(self->db), ari_db_env(self->db), self->left + 2);
    if (gather == NULL) {
        ari_op_release(op);
        return fail_for_memory(self);
    }
    ar_status status = submit_all(self, gather, op, plain, &error);
    if (status != AR_OK)
        ari_gather_fail(gather, fail(self, status, &error));
    return ari_gather_future(gather);
}

/* The transaction cannot be used, or there is none. */
static ar_future *give_up(const ari_chunks *self, ari_gather *gather, ar_db *tx, ari_op *op, const ar_error *error)
{
    ari_op_release(op);
    if (gather == NULL)
        return fail_for_memory(self);
    ari_gather_add(gather, fail(self, error->status, error), NULL);
    ar_done ended = ar_tx_rollback_async(&tx);
    ar_future_drop(&ended.raw);
    return ari_gather_future(gather);
}

/* In a transaction of its own, which need not be entered meanwhile. */
static ar_future *submit_in_transaction(ari_chunks *self, ari_op *op, void *plain)
{
    ar_error error = { .status = AR_OK };
    ari_db *outer = self->db;
    ari_gather *gather = ari_gather_create(ari_db_runtime(outer), ari_db_env(outer), self->left + 2);
    ar_db *tx = gather != NULL ? ari_transaction_begin(self->handle, NULL, true) : NULL;
    ari_db *inner = gather != NULL ? ari_db_enter(tx, &error) : NULL;
    if (inner == NULL)
        return give_up(self, gather, tx, op, &error);
    self->db = inner;
    self->handle = tx;
    ar_status status = submit_all(self, gather, op, plain, &error);
    self->db = outer;
    ari_db_leave(inner);
    if (status != AR_OK)
        ari_gather_fail(gather, fail(self, status, &error));
    ar_done ended = status == AR_OK ? ar_tx_commit_async(&tx) : ar_tx_rollback_async(&tx);
    ari_gather_add(gather, ended.raw, NULL);
    return ari_gather_future(gather);
}

ar_future *ari_chunks_submit(ari_chunks *self)
{
    ar_error error = { .status = AR_OK };
    ari_op *op = NULL;
    void *plain = NULL;
    if (self->left == 0)
        return fail(self, AR_OK, &error);
    if (self->send != NULL && self->left == 1)
        return self->send(self);
    ar_status status = self->send != NULL ? AR_OK : self->make(self, &op, &plain, &error);
    if (status != AR_OK)
        return fail(self, status, &error);
    if (self->left == 0 && op != NULL && !self->binding && (!self->loose || op->operation.rows == 0))
        return submit(self, op, plain);
    return ari_db_in_transaction(self->db) ? submit_here(self, op, plain) : submit_in_transaction(self, op, plain);
}
