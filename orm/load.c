/* SPDX-License-Identifier: MIT */
#include <stdalign.h>

#include "orm/apply.h"
#include "orm/eager.h"
#include "orm/strict.h"

/* Loading for records that the application holds (the roots), which it may free while that is under way:
 *
 * A root in a list: the loading has a reference to the memory of the list, and what is loaded is given to it when the
 * future is collected; one that was kept, and freed since, is left out.
 * A root of its own: a ticket, an operation that is never sent and is pending on the record (orm/apply.c), so that it
 * is detached when the record goes, its other verbs answer AR_E_BUSY until the loading is complete, and what is loaded
 * is given to it when the future is collected or by its next verb, whichever comes first.
 *
 * The synchronous call needs no tickets: nobody else uses the records meanwhile. */

typedef struct ticket {
    ari_applied applied; /* first */
    ari_eager *eager;    /* with a reference */
    size_t index;
} ticket;

static ticket *ticket_of(ari_op *op)
{
    return (ticket *)(void *)op->payload;
}

static void destroy_ticket(ari_op *op)
{
    ari_eager_unref(ticket_of(op)->eager);
}

static void apply_ticket(ari_op *op, ari_record *record, void *plain, ar_status status)
{
    (void)record, (void)plain;
    if (status == AR_OK)
        ari_eager_attach(ticket_of(op)->eager, ticket_of(op)->index);
}

static ar_status no_memory(ar_error *err)
{
    return ar_error_set(err, AR_E_NO_MEMORY, "loading relations: out of memory");
}

static ari_record *root_at(const ari_eager *eager, size_t index)
{
    return (ari_record *)ari_item_at(eager->roots, index) - 1;
}

static bool is_listed(const ari_record *record)
{
    return (record->flags & ARI_RECORD_LISTED) != 0;
}

/* The memory of the list stays while the loading is under way. */
static void hold_list(ari_eager *eager, ari_list *list)
{
    if (eager->list_count > 0 && eager->lists[eager->list_count - 1] == list)
        return;
    ari_list_ref(list);
    eager->lists[eager->list_count++] = list;
}

/* A key that was not read is zero, and would lead to another record, or to none. */
static ar_status check_key(const ari_eager *eager, const ari_record *record, ar_error *err)
{
    for (const ari_branch *branch = eager->branches; branch != NULL; branch = branch->next) {
        if ((record->flags & ARI_RECORD_KEYLESS) != 0 && (branch->parent_key->flags & AR_PRIMARY_KEY) != 0)
            return ar_error_set(err, AR_E_INVALID,
                                "loading %s.%s: the record was read without its primary key, by which they are found",
                                eager->model->name, branch->entry->member);
    }
    return AR_OK;
}

static ar_status take_roots(ari_eager *eager, const ari_db *db, const void *items, size_t count, const ar_path *path,
                            ar_error *err)
{
    void *roots = ari_arena_copy_bytes(&eager->arena, items, count * sizeof(void *));
    char *aligned = ari_arena_alloc_array(&eager->arena, count, sizeof(void *), alignof(void *));
    eager->homes = ari_arena_alloc_array(&eager->arena, count, sizeof *eager->homes, alignof(void *));
    eager->lists = ari_arena_alloc_array(&eager->arena, count, sizeof *eager->lists, alignof(void *));
    if (roots == NULL || aligned == NULL || eager->homes == NULL || eager->lists == NULL)
        return no_memory(err);
    memcpy(aligned, roots, count * sizeof(void *));
    eager->roots = aligned;
    for (size_t i = 0; i < count; i++) {
        ari_record *record = ari_record_of(ari_item_at(items, i), eager->model, "load", err);
        if (record == NULL)
            return AR_E_INVALID;
        ar_status status = ari_apply_pending(record, "load", err);
        if (status == AR_OK)
            status = check_key(eager, record, err);
        if (status != AR_OK)
            return status;
        eager->homes[i] = ari_related_home(record);
        if (is_listed(record))
            hold_list(eager, record->home.list);
    }
    eager->root_count = count;
    return count == 1 ? ari_strict_check(db, root_at(eager, 0), path, err) : AR_OK;
}

static ar_status make_ticket(ari_db *db, ari_eager *eager, size_t index, ari_ticket *out, ar_error *err)
{
    ari_op *op = ari_op_create(ari_db_pool(db), sizeof(ticket));
    if (op == NULL)
        return no_memory(err);
    ticket *made = ticket_of(op);
    made->applied.apply = apply_ticket;
    made->index = index;
    made->eager = eager;
    atomic_fetch_add_explicit(&eager->references, 1, memory_order_relaxed);
    op->destroy = destroy_ticket;
    out->op = op;
    return AR_OK;
}

static void release_tickets(const ari_eager *eager, ari_ticket *tickets)
{
    for (size_t i = 0; tickets != NULL && i < eager->root_count; i++)
        ari_op_release(tickets[i].op);
    if (tickets != NULL)
        ari_release(eager->env, tickets);
}

static ar_status make_tickets(ari_db *db, ari_eager *eager, ari_ticket **out, ar_error *err)
{
    ar_status status = AR_OK;
    ari_ticket *tickets = ari_allocate_zero(eager->env, (eager->root_count + 1) * sizeof *tickets);
    if (tickets == NULL)
        return no_memory(err);
    for (size_t i = 0; status == AR_OK && i < eager->root_count; i++) {
        if (!is_listed(root_at(eager, i)))
            status = make_ticket(db, eager, i, &tickets[i], err);
    }
    if (status == AR_OK)
        *out = tickets;
    else
        release_tickets(eager, tickets);
    return status;
}

/* The last thing before it is sent. A record that is there twice has one ticket. */
static void bind_tickets(const ari_eager *eager, const ari_ticket *tickets)
{
    for (size_t i = 0; i < eager->root_count; i++) {
        ari_record *record = root_at(eager, i);
        if (tickets[i].op != NULL && atomic_load_explicit(&record->pending, memory_order_relaxed) == NULL)
            ari_apply_bind(tickets[i].op, record);
    }
}

static void unbind_tickets(const ari_eager *eager, const ari_ticket *tickets)
{
    for (size_t i = 0; i < eager->root_count; i++) {
        if (tickets[i].op != NULL)
            ari_apply_detach(root_at(eager, i));
    }
}

static ar_status make(ari_db *db, ar_db *handle, const void *items, size_t count, const ar_path *path, ari_eager **out,
                      ar_error *err)
{
    const ar_model *model = path->count > 0 ? path->steps[0].model : NULL;
    if (model == NULL)
        return ar_error_set(err, AR_E_INVALID, "loading relations: the path is empty; make it with AR_PATH");
    if (items == NULL && count > 0)
        return ar_error_set(err, AR_E_INVALID, "loading relations of %s: the records are NULL", model->name);
    ari_eager *eager = ari_eager_create(ari_db_env(db), handle, model);
    if (eager == NULL)
        return no_memory(err);
    ar_status status = ari_branch_add(&eager->branches, &eager->arena, model, path, err);
    if (status == AR_OK)
        status = ari_branch_prepare(eager->branches, model, db, handle, err);
    if (status == AR_OK)
        status = take_roots(eager, db, items, count, path, err);
    if (status == AR_OK)
        *out = eager;
    else
        ari_eager_unref(eager);
    return status;
}

static ar_status load_here(ari_db *db, ar_db *handle, const void *items, size_t count, const ar_path *path,
                           ar_error *err)
{
    ari_eager *eager;
    ar_future *done = NULL;
    ar_status status = make(db, handle, items, count, path, &eager, err);
    if (status != AR_OK)
        return status;
    atomic_fetch_add_explicit(&eager->references, 1, memory_order_relaxed);
    ar_future *future = ari_eager_send(db, eager, NULL, NULL);
    if (future == NULL) {
        ari_eager_unref(eager);
        status = no_memory(err);
    } else {
        status = ari_future_await(&future, -1, &done, err);
    }
    for (size_t i = 0; status == AR_OK && i < eager->root_count; i++)
        ari_eager_attach(eager, i);
    ar_future_drop(&done);
    ari_eager_unref(eager);
    return status;
}

ar_status ar_relation_load(ar_db *handle, void *items, size_t count, ar_path path, ar_error *err)
{
    ar_error closed;
    ari_db *db = ari_db_enter(handle, err != NULL ? err : &closed);
    if (db == NULL)
        return err != NULL ? err->status : closed.status;
    ar_status status = load_here(db, handle, items, count, &path, err);
    ari_db_leave(db);
    return status;
}

static ar_status load_later(ari_db *db, ar_db *handle, const void *items, size_t count, const ar_path *path,
                            ar_future **out, ar_error *err)
{
    ari_eager *eager;
    ari_ticket *tickets = NULL;
    ar_status status = make(db, handle, items, count, path, &eager, err);
    if (status != AR_OK)
        return status;
    status = make_tickets(db, eager, &tickets, err);
    if (status == AR_OK) {
        bind_tickets(eager, tickets);
        *out = ari_eager_send(db, eager, NULL, tickets);
        if (*out != NULL)
            return AR_OK;
        unbind_tickets(eager, tickets);
        release_tickets(eager, tickets);
        status = no_memory(err);
    }
    ari_eager_unref(eager);
    return status;
}

ar_done ar_relation_load_async(ar_db *handle, void *items, size_t count, ar_path path)
{
    ar_error error;
    ar_future *future = NULL;
    ari_db *db = ari_db_enter(handle, &error);
    if (db == NULL)
        return (ar_done){ ari_future_failed(NULL, error.status, &error) };
    ar_status status = load_later(db, handle, items, count, &path, &future, &error);
    if (status != AR_OK)
        future = ari_future_failed(ari_db_runtime(db), status, &error);
    ari_db_leave(db);
    return (ar_done){ future };
}
