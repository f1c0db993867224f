/* SPDX-License-Identifier: MIT */
#ifndef ORM_APPLY_H
#define ORM_APPLY_H

#include "orm/record.h"

/* The outcome of an asynchronous verb on a record, and the record: see orm/apply.c for how they meet. Every operation
 * on a record or a plain struct has an ari_applied as the first thing in its payload. */
typedef struct ari_applied ari_applied;
struct ari_applied {
    ari_record *record;  /* NULL: none, it was freed, or the outcome was applied; guarded by the lock of `lock_of` */
    const void *lock_of; /* the record, for ever */
    void *plain;         /* the caller's struct, where that takes the outcome; applied once */
    /* What came of the operations that it is one of: an ar_status, AR_E_PENDING until all are complete. AR_OK also when
     * it stands for itself. Written with release when they are, read with acquire. */
    _Atomic int whole;
    /* Changes the record or the plain struct as the operation says, whose status is given. */
    void (*apply)(ari_op *op, ari_record *record, void *plain, ar_status status);
    struct ari_watch *watch; /* what is to run once it was applied, without the lock; NULL: nothing. See orm/event.h */
};

/* AR_E_BUSY while an asynchronous verb of the record is under way; an outcome that is there is applied first. */
ar_status ari_apply_pending(ari_record *record, const char *verb, ar_error *err);

/* Sends op, whose outcome goes to the record, which must have nothing pending, or to the plain struct, or to neither.
 * As ari_db_submit. */
ar_future *ari_apply_submit(ari_db *db, ari_op *op, ari_record *record, void *plain);

/* Runs what is to run after the outcome was applied, when that was AR_OK. What it answers is what the verb does. */
ar_status ari_apply_after(ari_op *op, ari_record *record, void *plain, ar_status status, ar_error *err);

/* The same without sending: of an operation that never is, and that its maker finishes. Only what is undone by ari_apply_detach or the outcome. */
void ari_apply_bind(ari_op *op, ari_record *record);

/* ari_op.collect: applies the outcome, on the thread that takes it. */
void ari_apply_collect(ari_op *op);

/* The record goes: the operation goes on without it. */
void ari_apply_detach(ari_record *record);

#endif
