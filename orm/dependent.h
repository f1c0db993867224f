/* SPDX-License-Identifier: MIT */
#ifndef ORM_DEPENDENT_H
#define ORM_DEPENDENT_H

#include "orm/gather.h"
#include "orm/plan.h"

/* What a delete of a record does to the rows that it has; see orm/dependent.c. */

/* Whether a delete sees to anything. A soft one does not: the row is still there. */
bool ari_dependents_exist(const ar_model *model, bool hard);

/* What deletes the record itself, in a transaction; the asynchronous one holds its outcome for the gather, where there
 * is one. */
typedef struct ari_deletion {
    ar_status (*here)(ar_db *tx, const ar_model *model, void *record, ar_error *err);
    ar_done (*later)(ar_db *tx, const ar_model *model, void *record, ari_gather *gather);
} ari_deletion;

/* Sees to what the record has, and deletes it, in one transaction on `handle`; a future of both. */
ar_status ari_dependents_delete(ar_db *handle, const ar_model *model, void *object, const ari_deletion *deletion,
                                ar_error *err);
ar_done ari_dependents_delete_async(ar_db *handle, const ar_model *model, void *object, const ari_deletion *deletion);

#endif
