/* SPDX-License-Identifier: MIT */
#include "orm/commit.h"

#include "orm/bind.h"
#include "orm/column.h"
#include "orm/event.h"
#include "orm/find.h"
#include "orm/scope.h"

/* A write in a transaction whose model has after_commit or after_rollback events makes one of these, which the operation
 * and the transaction share. Two things must have happened for the events to run: the outcome was applied, and the
 * transaction (or the savepoint) ended; the second of the two runs them. An outcome that is never applied, because the
 * write failed, its future was dropped or its record freed before, runs none; nor does an end that nobody learns.
 *
 * From the applying on the record is pinned, so that it outlives being freed. A plain struct may be gone by then: it was
 * copied, texts too, into a record of its own that nobody else holds. What the database gave is put into the copy when it
 * is applied. */

enum { APPLIED = 1, COMMITTED = 2, ROLLED_BACK = 4 };

struct ari_commit {
    ari_undo undo; /* first */
    const ar_env *env;
    ari_pool *pool; /* kept by the operation and by the transaction, which run the events */
    const ari_plan *plan;
    atomic_uint references;
    atomic_uint state;
    size_t count;
    ari_record *records[]; /* pinned; NULL: not applied */
};

bool ari_commit_is_due(const ari_plan *plan, const ari_db *db)
{
    return (ari_events_has(plan, AR_EVENT_AFTER_COMMIT) || ari_events_has(plan, AR_EVENT_AFTER_ROLLBACK)) &&
           ari_db_in_transaction(db);
}

ari_commit *ari_commit_create(ari_db *db, const ari_plan *plan, size_t count)
{
    const ar_env *env = ari_db_env(db);
    if (count > (SIZE_MAX - sizeof(ari_commit)) / sizeof(ari_record *))
        return NULL;
    ari_commit *made = ari_allocate_zero(env, sizeof *made + count * sizeof(ari_record *));
    if (made == NULL)
        return NULL;
    made->env = env;
    made->pool = ari_db_pool(db);
    made->plan = plan;
    made->count = count;
    atomic_init(&made->references, 1);
    return made;
}

void ari_commit_unref(ari_commit *commit)
{
    /* acq_rel: who frees it sees what the other did to the records. */
    if (commit == NULL || atomic_fetch_sub_explicit(&commit->references, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < commit->count; i++) {
        if (commit->records[i] != NULL)
            ari_record_unpin(commit->records[i]);
    }
    ari_release(commit->env, commit);
}

/* --- copies of plain structs --- */

static bool has_text(const ari_plan_column *column)
{
    return column->type == AR_TYPE_TEXT || column->type == AR_TYPE_JSON || column->type == AR_TYPE_BYTES;
}

static size_t texts_room(const ari_plan *plan, const char *object)
{
    size_t room = 0;
    for (uint32_t i = 0; i < plan->column_count; i++) {
        ar_value value = ari_kind_load(plan->columns[i].kind, object + plan->columns[i].offset);
        room += has_text(&plan->columns[i]) ? ari_values_room(&value, 1) : 0;
    }
    return room;
}

static void move_texts(const ari_plan *plan, char *object, char *room)
{
    for (uint32_t i = 0; i < plan->column_count; i++) {
        const ari_plan_column *column = &plan->columns[i];
        ar_value value = ari_kind_load(column->kind, object + column->offset);
        if (!has_text(column) || value.type == AR_TYPE_NULL)
            continue;
        room = ari_values_move(&value, 1, room);
        ari_kind_store(column->kind, object + column->offset, &value);
    }
}

/* What was loaded for the struct is not the copy's. */
static void forget_relations(const ar_model *model, char *object)
{
    const ar_column *entry;
    size_t cursor = 0;
    while ((entry = ari_entry_next(model, AR_ENTRY_RELATION, &cursor)) != NULL)
        memset(object + entry->offset, 0, entry->size);
}

bool ari_commit_copy(ari_commit *commit, size_t index, const void *plain)
{
    const ari_plan *plan = commit->plan;
    char *room;
    ari_record *copy = ari_record_create(commit->env, plan->model, texts_room(plan, plain), &room);
    if (copy == NULL)
        return false;
    memcpy(ari_record_struct(copy), plain, plan->model->record_size);
    move_texts(plan, ari_record_struct(copy), room);
    forget_relations(plan->model, ari_record_struct(copy));
    bool pinned = ari_record_pin(copy);
    ari_record_destroy(copy); /* with the pin, from here on */
    if (pinned)
        commit->records[index] = copy;
    return pinned;
}

/* What the verb itself, or the database, has put into the struct. */
static void take_over(const ari_plan *plan, ari_record *copy, const char *plain)
{
    const uint32_t set = AR_AUTO | AR_CREATED_AT | AR_UPDATED_AT | AR_VERSION | AR_TENANT | AR_GENERATED |
                         AR_DATABASE_DEFAULT | AR_UUID_V4 | AR_UUID_V7;
    char *object = ari_record_struct(copy);
    for (uint32_t i = 0; i < plan->column_count; i++) {
        const ari_plan_column *column = &plan->columns[i];
        if ((column->flags & set) != 0 && !has_text(column))
            memcpy(object + column->offset, plain + column->offset, column->from->size);
    }
    memcpy(ari_record_snapshot(copy), object, plan->model->record_size);
}

/* --- both ends --- */

static void run_events(const ari_commit *self, unsigned state)
{
    ar_event_time when = (state & COMMITTED) != 0 ? AR_EVENT_AFTER_COMMIT : AR_EVENT_AFTER_ROLLBACK;
    if (!ari_events_has(self->plan, when))
        return;
    for (size_t i = 0; i < self->count; i++) {
        if (self->records[i] != NULL)
            ari_events_tell(self->pool, self->plan->model, when, self->undo.db, ari_record_struct(self->records[i]));
    }
}

/* The second of the two ends runs the events. acq_rel: it sees what the first left. */
static void reach(ari_commit *self, unsigned end)
{
    unsigned before = atomic_fetch_or_explicit(&self->state, end, memory_order_acq_rel);
    if (before != 0 && (before & end) == 0 && ((before | end) & APPLIED) != 0)
        run_events(self, before | end);
}

static void told(ari_undo *undo, bool rolled_back)
{
    reach((ari_commit *)undo, rolled_back ? ROLLED_BACK : COMMITTED);
}

static void let_go(ari_undo *undo)
{
    ari_commit_unref((ari_commit *)undo);
}

void ari_commit_register(ari_commit *commit, ari_db *db)
{
    commit->undo.told = told;
    commit->undo.free = let_go;
    atomic_fetch_add_explicit(&commit->references, 1, memory_order_relaxed);
    ari_db_on_rollback(db, &commit->undo);
}

void ari_commit_applied(ari_commit *commit, ari_record *record, const void *plain)
{
    const ari_plan *plan = commit->plan;
    if (record != NULL && ari_record_pin(record))
        commit->records[0] = record;
    for (size_t i = 0; record == NULL && plain != NULL && i < commit->count; i++) {
        if (commit->records[i] != NULL)
            take_over(plan, commit->records[i], (const char *)plain + i * plan->model->record_size);
    }
    reach(commit, APPLIED);
}
