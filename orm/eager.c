/* SPDX-License-Identifier: MIT */
#include "orm/eager.h"

#include <stdalign.h>

#include "orm/apply.h"
#include "orm/column.h"
#include "orm/query_run.h"

/* Design. Loading is a future that asks a tree of questions: the query for the roots, if there is one, then for each
 * branch and each level an operation (orm/level.c; of many keys, several), and, when these have answered, those of the branches below.
 * There is no thread of its own: whoever completes an operation puts it on the `done` stack and adds one to `kicks`;
 * who finds it at 0 drives, and does so until nobody has kicked meanwhile. So levels, arena and counters belong to one
 * thread at a time, and completions inside of a submit do not recurse. The kicks are sequentially consistent: a driver
 * that leaves sees every push before the kick that it was left for.
 *
 * The first error is the outcome; then nothing more is sent, and the future completes when all that is under way has
 * ended. Records that nobody has seen yet are given what was loaded for them as soon as it is there, on the driving
 * thread; roots that the application holds only when the future is collected, by their own thread.
 *
 * The future has a reference of its holder's and one for the operations under way, which the driver that finishes it
 * drops. Asks are never taken off the `sent` list, which waiting threads walk to find one to help with. */

typedef struct loading loading;

typedef struct ask {
    ari_future_observer observer; /* first */
    struct ask *next_sent;
    struct ask *next_done;
    loading *owner;
    ari_op *op;
    ari_chunk *chunk; /* NULL: the roots */
} ask;

struct loading {
    ar_future future; /* first */
    const ar_env *env;
    ari_eager *eager;
    ari_ticket *tickets;
    ari_op *root;
    size_t under_way;
    ar_status status; /* the first error */
    ar_error error;
    bool stopping;
    atomic_size_t kicks;
    atomic_bool cancelled;
    _Atomic(ask *) done;
    _Atomic(ask *) sent;
};

static void drive(loading *self);

ari_eager *ari_eager_create(const ar_env *env, ar_db *handle, const ar_model *model)
{
    ari_eager *eager = ari_allocate_zero(env, sizeof *eager);
    if (eager == NULL)
        return NULL;
    atomic_init(&eager->references, 1);
    eager->env = env;
    eager->handle = handle;
    eager->model = model;
    ari_arena_init(&eager->arena, env, 4096);
    return eager;
}

void ari_eager_unref(ari_eager *eager)
{
    /* acq_rel: who frees it sees what was done with it before. */
    if (eager == NULL || atomic_fetch_sub_explicit(&eager->references, 1, memory_order_acq_rel) != 1)
        return;
    for (ari_level *level = eager->levels; level != NULL; level = level->next)
        ari_level_release(level, eager->env);
    for (size_t i = 0; i < eager->list_count; i++)
        ari_list_unref(eager->lists[i]);
    ari_branch_release(eager->branches);
    ari_arena_fini(&eager->arena);
    ari_release(eager->env, eager);
}

void ari_eager_attach(ari_eager *eager, size_t index)
{
    for (ari_level *level = eager->levels; level != NULL; level = level->next) {
        if (level->parents == eager->roots && eager->roots != NULL)
            ari_level_attach(level, index);
    }
}

/* --- The future --- */

static void release_tickets(loading *self)
{
    for (size_t i = 0; self->tickets != NULL && i < self->eager->root_count; i++)
        ari_op_release(self->tickets[i].op);
    if (self->tickets != NULL)
        ari_release(self->env, self->tickets);
}

static void destroy(ar_future *future)
{
    loading *self = (loading *)future;
    ask *each = atomic_load_explicit(&self->sent, memory_order_acquire);
    for (; each != NULL; each = each->next_sent)
        ari_op_release(each->op);
    release_tickets(self);
    ari_eager_unref(self->eager);
    ari_release(self->env, self);
}

static ar_status assist(ar_future *future, int64_t deadline, ar_error *err)
{
    loading *self = (loading *)future;
    while (!ar_future_is_done(future)) {
        ask *each = atomic_load_explicit(&self->sent, memory_order_acquire);
        while (each != NULL && ar_future_is_done(&each->op->future))
            each = each->next_sent;
        if (each == NULL)
            return AR_OK;
        ar_status status = ari_future_wait_until(&each->op->future, deadline, err);
        if (status != AR_OK)
            return status == AR_E_PENDING ? AR_OK : status;
    }
    return AR_OK;
}

static void kick(loading *self)
{
    if (atomic_fetch_add(&self->kicks, 1) == 0)
        drive(self);
}

static void interrupt(ar_future *future)
{
    loading *self = (loading *)future;
    atomic_store(&self->cancelled, true);
    kick(self);
}

static void collect(ar_future *future)
{
    loading *self = (loading *)future;
    ari_eager *eager = self->eager;
    if (self->tickets == NULL || eager->attached)
        return;
    eager->attached = true;
    for (size_t i = 0; i < eager->root_count; i++) {
        if (self->tickets[i].op != NULL)
            ari_apply_collect(self->tickets[i].op);
        else if (future->status == AR_OK)
            ari_eager_attach(eager, i);
    }
}

static const ari_future_class loading_class = {
    .destroy = destroy, .assist = assist, .interrupt = interrupt, .collect = collect
};

ari_op *ari_eager_root(ar_future *done)
{
    return done->class == &loading_class ? ((loading *)done)->root : NULL;
}

/* --- Asking --- */

static void fail(loading *self, ar_status status, const ar_error *error)
{
    if (self->status != AR_OK)
        return;
    self->status = status;
    self->error = *error;
}

static void fail_no_memory(loading *self)
{
    ar_error error;
    ar_status status =
        ar_error_set(&error, AR_E_NO_MEMORY, "loading relations of %s: out of memory", self->eager->model->name);
    fail(self, status, &error);
}

static void notify(ari_future_observer *observer, ar_future *future)
{
    ask *self = (ask *)observer;
    loading *owner = self->owner;
    (void)future;
    self->next_done = atomic_load_explicit(&owner->done, memory_order_relaxed);
    while (!atomic_compare_exchange_weak(&owner->done, &self->next_done, self))
        ;
    kick(owner);
}

/* Takes op. */
static void send(loading *self, ari_db *db, ari_op *op, ari_chunk *chunk)
{
    ask *made = ari_arena_alloc(&self->eager->arena, sizeof *made, alignof(ask));
    if (made == NULL) {
        ari_op_release(op);
        fail_no_memory(self);
        return;
    }
    *made = (ask){ .observer.notify = notify, .owner = self, .op = op, .chunk = chunk };
    self->under_way++;
    (void)ari_db_submit(db, op);
    made->next_sent = atomic_load_explicit(&self->sent, memory_order_relaxed);
    atomic_store_explicit(&self->sent, made, memory_order_release);
    ari_future_observe(&op->future, &made->observer);
}

static void send_chunk(loading *self, ari_db *db, const ari_level *level, ari_chunk *chunk)
{
    ar_error error;
    ari_op *op = NULL;
    ar_status status = ari_level_ask(level, chunk, self->eager->handle, &op, &error);
    if (status == AR_OK)
        send(self, db, op, chunk);
    else
        fail(self, status, &error);
}

static void finish_level(loading *self, ari_db *db, ari_level *level);

static void start_level(loading *self, ari_db *db, const ari_branch *branch, const void *parents, size_t count)
{
    ari_eager *eager = self->eager;
    uint32_t chunk_size = ari_level_chunk_size(ari_db_dialect(db), branch);
    ari_level *level = ari_level_create(&eager->arena, branch, parents, count, chunk_size);
    if (level == NULL) {
        fail_no_memory(self);
        return;
    }
    level->next = eager->levels;
    eager->levels = level;
    for (size_t i = 0; i < level->chunk_count && self->status == AR_OK; i++)
        send_chunk(self, db, level, &level->chunks[i]);
    if (level->chunk_count == 0)
        finish_level(self, db, level);
}

static void start_branches(loading *self, ari_db *db, const ari_branch *first, const void *parents, size_t count)
{
    for (; first != NULL && self->status == AR_OK; first = first->next)
        start_level(self, db, first, parents, count);
}

/* --- Answers --- */

/* The records of all chunks in one array. NULL: no memory. */
static const void *children_of(loading *self, const ari_level *level, size_t *count)
{
    const ari_list *only = NULL;
    size_t lists = 0;
    *count = 0;
    for (size_t i = 0; i < level->chunk_count; i++) {
        const ari_list *list = level->chunks[i].list;
        if (list == NULL)
            continue;
        only = list;
        lists++;
        *count += list->count;
    }
    if (lists <= 1)
        return lists == 1 ? only->items : level;
    char *items = ari_arena_alloc_array(&self->eager->arena, *count, sizeof(void *), alignof(void *));
    char *at = items;
    for (size_t i = 0; items != NULL && i < level->chunk_count; i++) {
        const ari_list *list = level->chunks[i].list;
        if (list == NULL)
            continue;
        memcpy(at, list->items, list->count * sizeof(void *));
        at += list->count * sizeof(void *);
    }
    return items;
}

static void finish_level(loading *self, ari_db *db, ari_level *level)
{
    ari_eager *eager = self->eager;
    bool later = eager->roots != NULL && level->parents == eager->roots;
    if (self->status != AR_OK)
        return;
    if (!ari_level_prepare(level, &eager->arena, later ? eager->homes : NULL)) {
        fail_no_memory(self);
        return;
    }
    for (size_t i = 0; !later && i < level->parent_count; i++)
        ari_level_attach(level, i);
    if (level->branch->children == NULL)
        return;
    size_t count;
    const void *children = children_of(self, level, &count);
    if (children == NULL)
        fail_no_memory(self);
    else if (count > 0)
        start_branches(self, db, level->branch->children, children, count);
}

static bool was_read(const ari_hydrate *rows, const ar_column *column)
{
    for (size_t i = 0; rows->map != NULL && i < rows->map_count; i++) {
        if (rows->map[i] != UINT16_MAX && rows->plan->columns[rows->map[i]].from == column)
            return true;
    }
    return rows->map == NULL;
}

/* A member that was not read is zero, and would lead to another record, or to none. */
static void check_roots(loading *self, const ari_hydrate *rows)
{
    ar_error error;
    for (const ari_branch *branch = self->eager->branches; branch != NULL; branch = branch->next) {
        if (was_read(rows, branch->parent_key))
            continue;
        ar_status status = ar_error_set(
            &error, AR_E_INVALID, "loading %s.%s: its records are found by column %s, which the query does not select",
            self->eager->model->name, branch->entry->member, ari_column_name(branch->parent_key));
        fail(self, status, &error);
    }
}

static void take_roots(loading *self, ari_db *db)
{
    const ari_hydrate *rows = &ari_query_run_of(self->root)->hydrate;
    check_roots(self, rows);
    if (self->status != AR_OK)
        return;
    if ((rows->flags & ARI_HYDRATE_LIST) != 0) {
        if (rows->list != NULL && rows->list->count > 0)
            start_branches(self, db, self->eager->branches, rows->list->items, rows->list->count);
        return;
    }
    void **one = ari_arena_alloc(&self->eager->arena, sizeof *one, alignof(void *));
    if (one == NULL) {
        fail_no_memory(self);
        return;
    }
    *one = ari_record_struct(rows->one);
    start_branches(self, db, self->eager->branches, one, 1);
}

static void take_answer(loading *self, ari_db *db, const ask *answer)
{
    ari_chunk *chunk = answer->chunk;
    ar_error error;
    ar_status status = ari_future_outcome(&answer->op->future, &error);
    self->under_way--;
    if (status != AR_OK)
        fail(self, status, &error);
    if (self->status != AR_OK)
        return;
    if (chunk == NULL) {
        take_roots(self, db);
        return;
    }
    ari_level_take(chunk, answer->op);
    if (!ari_level_arrange(chunk))
        fail_no_memory(self);
    else if (--chunk->level->waiting == 0)
        finish_level(self, db, chunk->level);
}

static void take_answers(loading *self)
{
    ar_error error;
    ask *answer = atomic_exchange(&self->done, NULL);
    while (answer != NULL) {
        ask *next = answer->next_done;
        ari_db *db = ari_db_enter(self->eager->handle, &error);
        if (db == NULL)
            fail(self, error.status, &error);
        take_answer(self, db, answer);
        if (db != NULL)
            ari_db_leave(db);
        answer = next;
    }
}

static void stop(loading *self)
{
    ask *each = atomic_load_explicit(&self->sent, memory_order_acquire);
    self->stopping = true;
    for (; each != NULL; each = each->next_sent)
        ar_ignore(ar_future_cancel(&each->op->future, NULL));
}

static void finish(loading *self)
{
    for (size_t i = 0; self->tickets != NULL && i < self->eager->root_count; i++) {
        if (self->tickets[i].op != NULL)
            ari_future_finish(&self->tickets[i].op->future, self->status, &self->error);
    }
    ari_future_finish(&self->future, self->status, self->status != AR_OK ? &self->error : NULL);
    ari_future_unref(&self->future);
}

/* The caller has kicked first. */
static void drive(loading *self)
{
    size_t seen;
    do {
        seen = atomic_load(&self->kicks);
        take_answers(self);
        if (atomic_load(&self->cancelled) && !self->stopping)
            stop(self);
        if (self->under_way == 0) {
            finish(self);
            return;
        }
    } while (!atomic_compare_exchange_strong(&self->kicks, &seen, 0));
}

ar_future *ari_eager_send(ari_db *db, ari_eager *eager, ari_op *root, ari_ticket *tickets)
{
    ar_runtime *runtime = ari_db_runtime(db);
    loading *self = ari_allocate_zero(eager->env, sizeof *self);
    if (self == NULL)
        return NULL;
    ari_future_init(&self->future, &loading_class, runtime, 2);
    ari_future_start(&self->future);
    self->env = eager->env;
    self->eager = eager;
    self->tickets = tickets;
    self->root = root;
    atomic_init(&self->kicks, 1); /* this thread drives */
    atomic_init(&self->cancelled, false);
    atomic_init(&self->done, NULL);
    atomic_init(&self->sent, NULL);
    if (root != NULL)
        send(self, db, root, NULL);
    else
        start_branches(self, db, eager->branches, eager->roots, eager->root_count);
    drive(self);
    return &self->future;
}
