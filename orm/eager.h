/* SPDX-License-Identifier: MIT */
#ifndef ORM_EAGER_H
#define ORM_EAGER_H

#include "orm/level.h"

/* Loading along paths, as one future. See orm/eager.c. */

/* What is loaded, level by level; counted, since records may still be given theirs when the future is gone. */
typedef struct ari_eager {
    atomic_size_t references;
    const ar_env *env;
    ari_arena arena; /* everything below but the holds and lists */
    ar_db *handle;
    ari_branch *branches;
    const ar_model *model; /* of the roots */
    ari_level *levels;     /* newest first */
    const void *roots;     /* structs that are there and are given theirs at the end; NULL: those of a query */
    size_t root_count;
    const void **homes; /* of the roots */
    ari_list **lists;   /* that the roots are in, each with a reference */
    size_t list_count;
    bool attached; /* the roots were given theirs */
} ari_eager;

/* Nothing yet, with one reference. NULL: no memory. */
ari_eager *ari_eager_create(const ar_env *env, ar_db *handle, const ar_model *model);
void ari_eager_unref(ari_eager *eager);

/* Gives the root at `index` what was loaded for it. */
void ari_eager_attach(ari_eager *eager, size_t index);

/* For a root of its own: an operation that is never sent, whose outcome is applied as that of any verb of a record; see
 * orm/load.c. */
typedef struct ari_ticket {
    ari_op *op; /* NULL: none */
} ari_ticket;

/* Sends it all; `root` is the operation that reads the roots; NULL: they are there. `tickets` are as many as roots that
 * are there; NULL: those are given theirs by the caller, when it is complete. Takes `eager`, `root` and `tickets`
 * (ari_release), unless it answers NULL: no memory. `db` is entered and stays so. */
ar_future *ari_eager_send(ari_db *db, ari_eager *eager, ari_op *root, ari_ticket *tickets);

/* The operation that read the roots; NULL when the future is none of these. */
ari_op *ari_eager_root(ar_future *done);

/* Whether a query has paths; sends one that has, and takes it. */
bool ari_query_is_eager(const ar_query *query);
ar_future *ari_eager_submit(ar_query *query, ari_ask ask, const ar_model *model);

#endif
