/* SPDX-License-Identifier: MIT */
#include "orm/gather.h"

#include "values/memory.h"

/* A gather has a reference of its holder's and one of its observers', which the last of them drops; it owns its
 * children until it is destroyed. The holder counts as an observer while children are added, so that it cannot
 * complete before it is ready. Cancelling it cancels the children: it then completes by itself. Awaiting it waits for
 * the last child, where an idle connection can be helped. */

typedef struct child {
    ari_future_observer observer; /* first */
    ari_gather *gather;
    ar_future *future;
    ari_op *op;
} child;

struct ari_gather {
    ar_future future; /* first */
    const ar_env *env;
    atomic_size_t waiting; /* observers that were not told yet */
    size_t count;
    size_t cause; /* the child whose error counts before that of others */
    bool held;    /* outcomes are applied when all are complete */
    child children[];
};

static void destroy(ar_future *future)
{
    ari_gather *self = (ari_gather *)future;
    for (size_t i = 0; i < self->count; i++)
        ar_future_drop(&self->children[i].future);
    ari_release(self->env, self);
}

static ar_status assist(ar_future *future, int64_t deadline, ar_error *err)
{
    const ari_gather *self = (const ari_gather *)future;
    if (self->count == 0)
        return AR_OK;
    ar_status status = ari_future_wait_until(self->children[self->count - 1].future, deadline, err);
    return status == AR_E_PENDING ? AR_OK : status;
}

static void interrupt(ar_future *future)
{
    ari_gather *self = (ari_gather *)future;
    for (size_t i = 0; i < self->count; i++)
        ar_ignore(ar_future_cancel(self->children[i].future, NULL));
}

/* What went wrong after one was applied is the gather's too. */
static void take_late(ari_gather *self, ar_future *of)
{
    const ar_error *late = atomic_load_explicit(&of->late, memory_order_acquire);
    if (late != NULL)
        ari_future_fail_late(&self->future, late);
}

static void collect_child(ari_gather *self, ari_op *op)
{
    ari_apply_collect(op);
    take_late(self, &op->future);
}

static void collect_future(ari_gather *self, ar_future *of)
{
    ari_future_collect(of);
    take_late(self, of);
}

/* They hold all or none; records are to be told that they do not. A commit says to what hangs on it how it ended: where
 * it failed, before what went before it is taken for done. */
static void collect(ar_future *future)
{
    ari_gather *self = (ari_gather *)future;
    for (size_t i = 0; i < self->count; i++) {
        const child *each = &self->children[future->status == AR_OK ? i : self->count - 1 - i];
        if (each->op == NULL)
            collect_future(self, each->future);
        else if (future->status == AR_OK || self->held)
            collect_child(self, each->op);
    }
}

static const ari_future_class gather_class = {
    .destroy = destroy, .assist = assist, .interrupt = interrupt, .collect = collect
};

/* The first error; that something else aborted the transaction is the last thing to be said. */
static ar_status outcome(const ari_gather *self, ar_error *error)
{
    ar_error aborted = { .status = AR_OK };
    ar_status status = self->count > 0 ? ari_future_outcome(self->children[self->cause].future, error) : AR_OK;
    for (size_t i = 0; i < self->count && (status == AR_OK || status == AR_E_TX_ABORTED); i++) {
        if (status != AR_OK && aborted.status == AR_OK)
            aborted = *error;
        status = ari_future_outcome(self->children[i].future, error);
    }
    if (status != AR_OK || aborted.status == AR_OK)
        return status;
    *error = aborted;
    return aborted.status;
}

static ari_applied *applied_of(ari_op *op)
{
    return (ari_applied *)(void *)op->payload;
}

static void told(ari_gather *self)
{
    ar_error error;
    /* acq_rel: the last one sees what came of all. */
    if (atomic_fetch_sub_explicit(&self->waiting, 1, memory_order_acq_rel) != 1)
        return;
    ar_status status = outcome(self, &error);
    for (size_t i = 0; self->held && i < self->count; i++) {
        if (self->children[i].op != NULL)
            atomic_store_explicit(&applied_of(self->children[i].op)->whole, status, memory_order_release);
    }
    for (size_t i = 0; status == AR_OK && i < self->count; i++)
        self->future.value += self->children[i].future->value;
    ari_future_finish(&self->future, status, status != AR_OK ? &error : NULL);
    ari_future_unref(&self->future);
}

static void notify(ari_future_observer *observer, ar_future *future)
{
    (void)future;
    told(((child *)observer)->gather);
}

void ari_gather_hold(ari_gather *gather, ari_op *op)
{
    gather->held = true;
    atomic_store_explicit(&applied_of(op)->whole, AR_E_PENDING, memory_order_relaxed);
}

ari_gather *ari_gather_create(ar_runtime *runtime, const ar_env *env, size_t capacity)
{
    if (capacity > (SIZE_MAX - sizeof(ari_gather)) / sizeof(child))
        return NULL;
    ari_gather *self = ari_allocate_zero(env, sizeof *self + capacity * sizeof(child));
    if (self == NULL)
        return NULL;
    ari_future_init(&self->future, &gather_class, runtime, 2);
    ari_future_start(&self->future);
    self->env = env;
    atomic_init(&self->waiting, 1);
    return self;
}

void ari_gather_add(ari_gather *gather, ar_future *future, ari_op *op)
{
    child *added = &gather->children[gather->count++];
    *added = (child){ .observer.notify = notify, .gather = gather, .future = future, .op = op };
    atomic_fetch_add_explicit(&gather->waiting, 1, memory_order_relaxed);
    ari_future_observe(future, &added->observer);
}

void ari_gather_fail(ari_gather *gather, ar_future *failed)
{
    gather->cause = gather->count;
    ari_gather_add(gather, failed, NULL);
}

ar_future *ari_gather_future(ari_gather *gather)
{
    told(gather);
    return &gather->future;
}
