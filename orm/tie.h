/* SPDX-License-Identifier: MIT */
#ifndef ORM_TIE_H
#define ORM_TIE_H

#include "orm/grouping.h"
#include "orm/hydrate.h"
#include "orm/path.h"

/* The rows of a many-to-many level: records of the target, and who has them; see orm/tie.c. */

typedef struct ari_ties {
    const ari_branch *branch;
    const ari_grouping *owners;
    ari_slice slice;   /* of the owners: those that are asked for */
    ari_hydrate *rows; /* makes the records */
    size_t key;        /* of the target, among the columns of its plan */
    ari_pair *pairs;   /* who has which record, by its index in the list */
    size_t count, capacity;
    uint32_t *table; /* index of a record + 1 by the hash of its key, 0: none */
    size_t size;     /* of the table: 0, or a power of two */
} ari_ties;

/* Writes them into a query on the target: `own` is the one on the rows between, narrowed to the owners, which is taken. */
ar_status ari_ties_join(ar_query *query, const ari_branch *branch, ar_query *own, ar_error *err);

/* Has an operation of such a query, which makes records with `rows`, put down its ties. */
void ari_ties_start(ari_ties *ties, const ari_branch *branch, const ari_grouping *owners, ari_slice slice,
                    ari_hydrate *rows, ar_operation *operation);

/* Once the operation is complete. */
void ari_ties_release(ari_ties *ties, const ar_env *env);

extern const ar_sink ari_ties_sink;

#endif
