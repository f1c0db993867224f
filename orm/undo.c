/* SPDX-License-Identifier: MIT */
#include "orm/undo.h"

#include "orm/behaviour.h"
#include "orm/column.h"

/* A verb on a record inside a transaction makes a copy of the struct and the snapshot as they were, and gives it to
 * the transaction and to the operation. When the transaction is rolled back it puts back the flags (newness), the
 * snapshot, and those members that the verb itself had set: the AUTO key, the timestamps, and what the database gave by
 * default. What the application assigned stays. A refresh and an upsert_with, which read what the transaction wrote,
 * give back the other members too. Rolled back before the outcome was applied (an asynchronous save that nobody awaited), it only says
 * so, and the outcome is not applied any more. The record keeps a list of them, to cut them off when it goes. That
 * list, `record` and the flags belong to the thread that uses the transaction and its records; the operation may drop
 * its reference on any. */

struct ari_undone {
    ari_undo undo; /* first */
    const ar_env *env;
    atomic_uint references;
    ari_record *record; /* NULL: gone */
    ari_undone *next;   /* of the record */
    bool applied, due;
    bool whole; /* the row was read: gives back all members that are as it left them */
    uint32_t flags;
    unsigned char copies[]; /* struct and snapshot, as they lie in the record */
};

static size_t copies_size(const ar_model *model)
{
    return ari_record_snapshot_offset(model) + model->record_size;
}

ari_undone *ari_undo_create(ari_record *record, bool whole)
{
    size_t size = copies_size(record->model);
    const ar_env *env = ari_record_env(record);
    ari_undone *undone = ari_allocate(env, sizeof *undone + size);
    if (undone == NULL)
        return NULL;
    memset(undone, 0, sizeof *undone);
    undone->env = env;
    atomic_init(&undone->references, 1);
    undone->record = record;
    undone->whole = whole;
    undone->flags = record->flags;
    memcpy(undone->copies, ari_record_struct(record), size);
    undone->next = record->undos;
    record->undos = undone;
    ari_record_touch(record);
    return undone;
}

void ari_undo_unref(ari_undone *undone)
{
    if (undone != NULL && atomic_fetch_sub_explicit(&undone->references, 1, memory_order_acq_rel) == 1)
        ari_release(undone->env, undone);
}

static void cut_off(ari_undone *undone)
{
    if (undone->record == NULL)
        return;
    ari_undone **link = &undone->record->undos;
    while (*link != undone)
        link = &(*link)->next;
    *link = undone->next;
    undone->record = NULL;
}

/* Whether the member is as the verb left it. */
static bool is_as_left(ari_record *record, const ar_column *column)
{
    ar_value now = ari_kind_load(column->kind, (char *)ari_record_struct(record) + column->offset);
    ar_value left = ari_kind_load(column->kind, (char *)ari_record_snapshot(record) + column->offset);
    return ari_value_equal(&now, &left);
}

/* Of a column with a default: it was the database that gave the value. */
static bool was_given(ari_record *record, const ar_column *column, const unsigned char *copy)
{
    static const unsigned char zeros[sizeof(ar_value)];
    if ((column->flags & AR_DATABASE_DEFAULT) == 0)
        return false;
    ar_value before = ari_kind_load(column->kind, copy + column->offset);
    ar_value zero = ari_kind_load(column->kind, zeros);
    return ari_value_equal(&before, &zero) && is_as_left(record, column);
}

/* The members that a verb sets by itself. */
static void restore_members(ari_record *record, const unsigned char *copy)
{
    const ar_column *column;
    size_t cursor = 0;
    while ((column = ari_column_next(record->model, &cursor)) != NULL) {
        bool own = (column->flags & (AR_AUTO | AR_GENERATED | ARI_STAMPED)) != 0;
        if (own || was_given(record, column, copy))
            memcpy((char *)ari_record_struct(record) + column->offset, copy + column->offset, column->size);
    }
}

static void restore_unassigned(ari_record *record, const unsigned char *copy)
{
    const ar_column *column;
    size_t cursor = 0;
    while ((column = ari_column_next(record->model, &cursor)) != NULL) {
        if (is_as_left(record, column))
            memcpy((char *)ari_record_struct(record) + column->offset, copy + column->offset, column->size);
    }
}

static void run_undo(ari_undo *undo)
{
    const uint32_t given_back = ARI_RECORD_NEW | ARI_RECORD_KEYLESS | ARI_RECORD_PARTIAL;
    ari_undone *undone = (ari_undone *)undo;
    ari_record *record = undone->record;
    undone->due = true;
    if (record == NULL || !undone->applied)
        return;
    record->flags = (record->flags & ~given_back) | (undone->flags & given_back);
    if (undone->whole)
        restore_unassigned(record, undone->copies);
    else
        restore_members(record, undone->copies);
    memcpy(ari_record_snapshot(record), undone->copies + ari_record_snapshot_offset(record->model),
           record->model->record_size);
}

static void free_undo(ari_undo *undo)
{
    ari_undone *undone = (ari_undone *)undo;
    cut_off(undone);
    ari_undo_unref(undone);
}

void ari_undo_discard(ari_undone *undone)
{
    if (undone != NULL)
        cut_off(undone);
    ari_undo_unref(undone);
}

void ari_undo_register(ari_undone *undone, ari_db *db)
{
    undone->undo.undo = run_undo;
    undone->undo.free = free_undo;
    atomic_fetch_add_explicit(&undone->references, 1, memory_order_relaxed);
    ari_db_on_rollback(db, &undone->undo);
}

bool ari_undo_is_due(const ari_undone *undone)
{
    return undone != NULL && undone->due;
}

void ari_undo_applied(ari_undone *undone)
{
    if (undone != NULL)
        undone->applied = true;
}

void ari_undo_forget(ari_record *record)
{
    while (record->undos != NULL) {
        ari_undone *undone = record->undos;
        record->undos = undone->next;
        undone->record = NULL;
    }
}
