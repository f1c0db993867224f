/* SPDX-License-Identifier: MIT */
#ifndef ACTORS_FUTURE_H
#define ACTORS_FUTURE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <actrec/future.h>

/* The inside of a future; the kinds of futures embed it as their first member. See actors/future.c for its life. */

typedef struct ari_future_class    ari_future_class;
typedef struct ari_future_observer ari_future_observer;
typedef struct ari_runtime         ari_runtime_private;

struct ari_future_class {
    const char *name; /* "find", for messages */
    /* must: the last reference is gone; frees the block that the future is in. On any thread. */
    void (*destroy)(ar_future *future);
    /* may: about to block until `deadline` on `future`, which is not done: run its actor here, or say why waiting is wrong. AR_OK: wait on. */
    ar_status (*assist)(ar_future *future, int64_t deadline, ar_error *err);
    /* may: it has been asked to stop while in flight; nudge whoever runs it. */
    void (*interrupt)(ar_future *future);
};

struct ar_future {
    const ari_future_class *class;
    struct ar_runtime      *runtime; /* NULL only for the future that says that there is no memory */
    _Atomic uint32_t        state;
    _Atomic uint32_t        references;
    _Atomic(ari_future_observer *) observers;
    ar_status status;   /* valid once done */
    ar_error *error;    /* likewise; NULL with a status that is not AR_OK: there was no memory for it */
    int64_t   value;    /* of counts and indexes */
};

struct ari_future_observer {
    ari_future_observer *next;
    void (*notify)(ari_future_observer *observer, ar_future *future); /* once; on the completing thread; must not block */
};

#endif
