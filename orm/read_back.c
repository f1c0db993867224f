/* SPDX-License-Identifier: MIT */
#include "orm/read_back.h"

#include "orm/bind.h"
#include "orm/find.h"
#include "orm/gather.h"
#include "orm/scope.h"
#include "orm/statement.h"

/* A write and the read behind it are two operations on one connection, in this order, and stand for one: a gather is
 * complete when both are, and so is the commit, where the transaction is theirs. The read writes into what belongs to
 * the write, which it therefore keeps; that is looked at when the gather is complete, and not before
 * (ari_applied.whole). */

typedef struct read_back {
    const ar_statement *statement; /* NULL when the plan keeps it */
    ari_op *write;
    ar_value key[];
} read_back;

static read_back *read_back_of(ari_op *op)
{
    return (read_back *)(void *)op->payload;
}

static void destroy(ari_op *op)
{
    ari_statement_unref(read_back_of(op)->statement);
    if (read_back_of(op)->write != NULL)
        ari_op_release(read_back_of(op)->write);
}

static size_t load_key(const ari_read_back *what, ar_value *key)
{
    const ari_plan *plan = what->plan;
    if (what->numbered)
        return 0;
    for (uint32_t i = 0; i < plan->key_count; i++) {
        const ari_plan_column *column = &plan->columns[plan->key[i]];
        key[i] = ari_kind_load(column->kind, (const char *)what->object + column->offset);
    }
    return plan->key_count;
}

static ar_status make_read(ari_db *db, ari_op *write, const ari_read_back *what, ari_op **out, ar_error *err)
{
    const ari_plan *plan = what->plan;
    ari_mask mask = { { 0 } };
    ar_value key[ARI_MAX_KEY];
    const ar_statement *statement;
    bool owned;
    for (size_t i = 0; i < what->count; i++)
        ari_mask_add(&mask, what->columns[i]);
    if (what->numbered)
        ari_mask_add(&mask, (size_t)plan->auto_column);
    size_t keys = load_key(what, key);
    ar_status status = ari_plan_statement_get(plan, ARI_PLAN_READ_BACK, &mask, &statement, &owned, err);
    if (status != AR_OK)
        return status;
    size_t size = sizeof(read_back) + keys * sizeof *key;
    ari_op *op = ari_op_create(ari_db_pool(db), size + ari_values_room(key, keys));
    if (op == NULL) {
        if (owned)
            ari_statement_unref(statement);
        return ar_error_set(err, AR_E_NO_MEMORY, "writing to %s: out of memory", plan->model->table);
    }
    read_back *self = read_back_of(op);
    self->statement = owned ? statement : NULL;
    memcpy(self->key, key, keys * sizeof *key);
    ari_values_move(self->key, keys, (char *)self + size);
    ari_future_ref(&write->future);
    self->write = write;
    op->destroy = destroy;
    op->operation.statement = statement;
    op->operation.parameters = self->key;
    op->operation.sink = what->sink;
    op->operation.sink_ctx = what->sink_ctx;
    op->operation.wanted = what->wanted;
    op->operation.wanted_count = what->count;
    *out = op;
    return AR_OK;
}

/* In the transaction of `db`. */
static void submit_both(ari_db *db, ari_gather *gather, ari_op *write, ari_op *read, ari_record *record, void *plain)
{
    ari_gather_hold(gather, write);
    ari_gather_add(gather, ari_apply_submit(db, write, record, plain), write);
    ari_gather_add(gather, ari_db_submit(db, read), NULL);
}

static ar_future *submit_in_own(ari_db *outer, ar_db *handle, ari_gather *gather, ari_op *write, ari_op *read,
                                ari_record *record, void *plain)
{
    ar_error error;
    ar_db *tx = ari_transaction_begin(handle, NULL, true);
    ari_db *db = ari_db_enter(tx, &error);
    if (db == NULL) {
        ari_gather_add(gather, ari_future_failed(ari_db_runtime(outer), error.status, &error), NULL);
        ari_op_release(read);
        ari_op_release(write);
        ar_done ended = ar_tx_rollback_async(&tx);
        ar_future_drop(&ended.raw);
        return ari_gather_future(gather);
    }
    submit_both(db, gather, write, read, record, plain);
    ari_db_leave(db);
    ari_gather_add(gather, ar_tx_commit_async(&tx).raw, NULL);
    return ari_gather_future(gather);
}

ar_future *ari_read_back_submit(ari_db *db, ar_db *handle, ari_op *op, ari_record *record, void *plain,
                                const ari_read_back *what)
{
    ar_error error;
    ari_op *read = NULL;
    ari_gather *gather = NULL;
    ar_status status = make_read(db, op, what, &read, &error);
    if (status == AR_OK)
        gather = ari_gather_create(ari_db_runtime(db), ari_db_env(db), 3);
    if (gather == NULL) {
        if (status == AR_OK)
            status = ar_error_set(&error, AR_E_NO_MEMORY, "writing to %s: out of memory", what->plan->model->table);
        ari_op_release(read);
        ari_op_release(op);
        return ari_future_failed(ari_db_runtime(db), status, &error);
    }
    if (!ari_db_in_transaction(db))
        return submit_in_own(db, handle, gather, op, read, record, plain);
    submit_both(db, gather, op, read, record, plain);
    return ari_gather_future(gather);
}
