/* SPDX-License-Identifier: MIT */
#include "orm/apply.h"

#include "orm/event.h"

#include <sched.h>

/* A record that has an asynchronous verb under way points at its operation (`pending`, with a reference), and the
 * operation at the record. The outcome is applied once, by whoever comes first: the thread that awaits the
 * operation's future (collect), the record's next verb, or nobody, when the record is freed before. These may be
 * different threads: a `then` runs on an executor. So both pointers are cut under a lock, one of a few that is chosen
 * by the record's address (which the operation keeps even when the record is gone), and held for as long as the
 * applying takes: a few copies.
 *
 * `pending` NULL is looked at without the lock: it is set to NULL with release after all was applied, and read with
 * acquire. */

enum { LOCKS = 64 };

static atomic_flag locks[LOCKS];

static atomic_flag *lock_for(const void *record)
{
    uintptr_t bits = (uintptr_t)record;
    return &locks[(bits >> 5 ^ bits >> 11) % LOCKS];
}

static void lock(atomic_flag *flag)
{
    for (unsigned tries = 0; atomic_flag_test_and_set_explicit(flag, memory_order_acquire); tries++) {
        if (tries > 100)
            sched_yield();
    }
}

static void unlock(atomic_flag *flag)
{
    atomic_flag_clear_explicit(flag, memory_order_release);
}

static ari_applied *applied_of(ari_op *op)
{
    return (ari_applied *)(void *)op->payload;
}

/* With the lock held: cuts the two apart. The reference of the record is the caller's then. */
static void cut(ari_record *record, ari_op *op)
{
    applied_of(op)->record = NULL;
    atomic_store_explicit(&record->pending, NULL, memory_order_release);
}

/* Of the operation, when those are complete that it stands for one with. */
static ar_status status_of(ari_op *op)
{
    ar_status whole = (ar_status)atomic_load_explicit(&applied_of(op)->whole, memory_order_acquire);
    return whole != AR_OK ? whole : op->future.status;
}

static void apply_to(ari_record *record, ari_op *op)
{
    applied_of(op)->apply(op, record, NULL, status_of(op));
    cut(record, op);
}

ar_status ari_apply_after(ari_op *op, ari_record *record, void *plain, ar_status status, ar_error *err)
{
    ari_watch *watch = applied_of(op)->watch;
    if (watch == NULL || status != AR_OK)
        return status;
    return ari_events_after(watch, op->pool, record, plain, err);
}

static void run_after(ari_op *op, ari_record *record, void *plain)
{
    ar_error error;
    if (status_of(op) == AR_OK && ari_apply_after(op, record, plain, AR_OK, &error) != AR_OK)
        ari_future_fail_late(&op->future, &error);
}

static ar_status apply_pending(ari_record *record, const char *verb, ar_error *err)
{
    atomic_flag *flag = lock_for(record);
    lock(flag);
    ari_op *op = atomic_load_explicit(&record->pending, memory_order_relaxed);
    bool done = op != NULL && ar_future_is_done(&op->future) && status_of(op) != AR_E_PENDING;
    if (done)
        apply_to(record, op);
    unlock(flag);
    if (done) {
        run_after(op, record, NULL);
        ari_op_release(op);
    }
    if (op == NULL || done)
        return AR_OK;
    return ar_error_set(err, AR_E_BUSY, "%s: another operation on this %s is under way; await its future first", verb,
                        record->model->name);
}

/* What runs after an outcome was applied may have begun another verb. */
ar_status ari_apply_pending(ari_record *record, const char *verb, ar_error *err)
{
    ar_status status = AR_OK;
    while (status == AR_OK && atomic_load_explicit(&record->pending, memory_order_acquire) != NULL)
        status = apply_pending(record, verb, err);
    if (status == AR_OK &&
        (record->flags & ARI_RECORD_IN_EVENT) != 0) /* not before: another thread may apply an outcome */
        return ar_error_set(err, AR_E_BUSY, "%s: an event that comes before a write of this %s is running", verb,
                            record->model->name);
    return status;
}

/* Before it is sent: it may be complete by the time that the submit returns. */
static void bind_to(ari_op *op, ari_record *record, void *plain)
{
    ari_applied *applied = applied_of(op);
    op->collect = ari_apply_collect;
    applied->record = record;
    applied->lock_of = record;
    applied->plain = plain;
    if (record == NULL)
        return;
    ari_future_ref(&op->future);
    ari_record_touch(record);
    atomic_store_explicit(&record->pending, op, memory_order_release);
}

void ari_apply_bind(ari_op *op, ari_record *record)
{
    bind_to(op, record, NULL);
}

ar_future *ari_apply_submit(ari_db *db, ari_op *op, ari_record *record, void *plain)
{
    bind_to(op, record, plain);
    return ari_db_submit(db, op);
}

void ari_apply_collect(ari_op *op)
{
    ari_applied *applied = applied_of(op);
    if (applied->plain != NULL) {
        void *plain = applied->plain;
        applied->plain = NULL;
        applied->apply(op, NULL, plain, status_of(op));
        run_after(op, NULL, plain);
    }
    if (applied->lock_of == NULL)
        return;
    atomic_flag *flag = lock_for(applied->lock_of);
    lock(flag);
    ari_record *record = applied->record;
    if (record != NULL)
        apply_to(record, op);
    unlock(flag);
    if (record == NULL)
        return;
    run_after(op, record, NULL);
    ari_op_release(op);
}

void ari_apply_detach(ari_record *record)
{
    if (atomic_load_explicit(&record->pending, memory_order_acquire) == NULL)
        return;
    atomic_flag *flag = lock_for(record);
    lock(flag);
    ari_op *op = atomic_load_explicit(&record->pending, memory_order_relaxed);
    if (op != NULL)
        cut(record, op);
    unlock(flag);
    if (op != NULL)
        ari_op_release(op);
}
