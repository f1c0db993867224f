/* SPDX-License-Identifier: MIT */
#include <stddef.h>

#include "actors/future.h"
#include "actors/runtime.h"
#include "values/memory.h"

/* A future of other futures. It observes each child, and has a reference to each and each child's observer a reference
 * to it, so that the owners may drop theirs in any order. `left` counts the children that are not done yet; for `any`
 * the first to come finishes it and the others find it finished. */

typedef struct combination combination;

typedef struct part {
    ari_future_observer observer; /* first */
    combination *whole;
    ar_future *child;
} part;

struct combination {
    ar_future future; /* first */
    _Atomic size_t left;
    size_t count;
    part parts[];
};

static void destroy(ar_future *future)
{
    combination *self = (combination *)future;
    for (size_t i = 0; i < self->count; i++)
        ari_future_unref(self->parts[i].child);
    ari_release(ari_runtime_env(future->runtime), self);
}

static ar_status assist_child(ar_future *child, int64_t deadline, ar_error *err)
{
    if (child->class->assist == NULL || ar_future_is_done(child))
        return AR_OK;
    return child->class->assist(child, deadline, err);
}

/* Each child in turn may be run on this thread. One that would never be complete makes waiting for all of them
 * wrong. */
static ar_status assist_all(ar_future *future, int64_t deadline, ar_error *err)
{
    combination *self = (combination *)future;
    ar_status status = AR_OK;
    for (size_t i = 0; i < self->count && status == AR_OK && !ar_future_is_done(future); i++)
        status = assist_child(self->parts[i].child, deadline, err);
    return status;
}

/* Waiting is wrong only when it would be for every child. */
static ar_status assist_any(ar_future *future, int64_t deadline, ar_error *err)
{
    combination *self = (combination *)future;
    ar_status status = AR_OK;
    size_t refused = 0;
    for (size_t i = 0; i < self->count && !ar_future_is_done(future); i++) {
        ar_status said = assist_child(self->parts[i].child, deadline, err);
        if (said != AR_OK)
            status = said;
        refused += said != AR_OK;
    }
    return refused == self->count ? status : AR_OK;
}

static void settle_all(combination *self)
{
    for (size_t i = 0; i < self->count; i++) {
        ar_future *child = self->parts[i].child;
        if (child->status != AR_OK) {
            ari_future_finish(&self->future, child->status, child->error);
            return;
        }
    }
    ari_future_finish(&self->future, AR_OK, NULL);
}

static void notify_all(ari_future_observer *observer, ar_future *child)
{
    combination *self = ((part *)observer)->whole;
    (void)child;
    if (atomic_fetch_sub_explicit(&self->left, 1, memory_order_acq_rel) == 1)
        settle_all(self);
    ari_future_unref(&self->future);
}

static void notify_any(ari_future_observer *observer, ar_future *child)
{
    part *self = (part *)observer;
    combination *whole = self->whole;
    (void)child;
    if (ari_future_claim(&whole->future)) {
        whole->future.value = self - whole->parts;
        ari_future_settle(&whole->future, AR_OK, NULL);
    }
    ari_future_unref(&whole->future);
}

static ar_future *fail(ar_runtime *runtime, ar_status status, const char *what)
{
    ar_error error;
    ar_error_set(&error, status, "waiting for several futures: %s", what);
    return ari_future_failed(runtime, status, &error);
}

static ar_future *combine(ar_future *const *children, size_t count, const ari_future_class *class,
                          void (*notify)(ari_future_observer *observer, ar_future *child))
{
    if (children == NULL || count == 0)
        return fail(NULL, AR_E_INVALID, "there are none");
    for (size_t i = 0; i < count; i++)
        if (children[i] == NULL)
            return fail(NULL, AR_E_INVALID, "one of them is NULL: it was never submitted, or has been consumed");

    ar_runtime *runtime = NULL; /* a future that failed early has none */
    for (size_t i = 0; i < count && runtime == NULL; i++)
        runtime = children[i]->runtime;
    size_t size = 0;
    combination *self = NULL;
    if (ari_size_multiply(count, sizeof(part), &size) && ari_size_add(size, sizeof *self, &size))
        self = ari_allocate(ari_runtime_env(runtime), size);
    if (self == NULL)
        return fail(runtime, AR_E_NO_MEMORY, "out of memory");
    ari_future_init(&self->future, class, runtime, (uint32_t)count + 1);
    atomic_init(&self->left, count);
    self->count = count;
    for (size_t i = 0; i < count; i++)
        self->parts[i] =
            (part){ .observer = { .notify = notify }, .whole = self, .child = ari_future_ref(children[i]) };
    for (size_t i = 0; i < count; i++)
        ari_future_observe(children[i], &self->parts[i].observer);
    return &self->future;
}

ar_done ar_future_all(ar_future *const *children, size_t count)
{
    static const ari_future_class all_class = { .destroy = destroy, .assist = assist_all };
    if (count == 0)
        return (ar_done){ ari_future_failed(NULL, AR_OK, NULL) };
    return (ar_done){ combine(children, count, &all_class, notify_all) };
}

ar_int64_future ar_future_any(ar_future *const *children, size_t count)
{
    static const ari_future_class any_class = { .destroy = destroy, .assist = assist_any };
    return (ar_int64_future){ combine(children, count, &any_class, notify_any) };
}
