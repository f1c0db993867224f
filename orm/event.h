/* SPDX-License-Identifier: MIT */
#ifndef ORM_EVENT_H
#define ORM_EVENT_H

#include <actrec/event.h>

#include "orm/commit.h"
#include "orm/plan.h"
#include "orm/record.h"

/* What a model has run around its writes: its rules and its events. A plan whose `watched` is false has neither. */

/* The events that a model has functions for, as bits 1 << ar_event_time. AR_E_INVALID for one that is none. */
ar_status ari_events_find(const ar_model *model, uint32_t *events, ar_error *err);

static inline bool ari_events_has(const ari_plan *plan, ar_event_time when)
{
    return (plan->events >> when & 1) != 0;
}

/* The events around a write; a delete has `before` and `after`, and no validation. */
typedef struct ari_moment {
    ar_event_time before, after;
    bool validates;
} ari_moment;

/* Of an insert, an update, an upsert of a record that is new or not, a delete. */
ari_moment ari_moment_of(ari_plan_verb verb, bool is_new);

/* Runs what comes before a write, which may change the struct: events and rules. `record` is NULL for a plain struct.
 * What it answers is what the verb answers. */
ar_status ari_events_before(const ari_plan *plan, ari_moment moment, ar_db *db, ari_record *record, void *object,
                            ar_error *err);

/* The same for an array of plain structs that are inserted; failures are told with the index of their row. */
ar_status ari_events_before_rows(const ari_plan *plan, ar_db *db, void *rows, size_t count, ar_error *err);

/* Runs the functions for one event, until one fails. */
ar_status ari_events_run(const ar_model *model, ar_event_time when, ar_db *db, void *object, ar_error *err);

/* What was written: to a record, or (NULL) to an array of plain structs. */
typedef struct ari_written {
    const ari_plan *plan;
    ar_db *db; /* through which */
    ar_event_time after;
    bool in_transaction;
    bool rolled_back;   /* before the outcome was applied */
    ari_commit *commit; /* of the transaction; NULL: it is not told */
    ari_record *record;
    void *plain;
    size_t count;
} ari_written;

/* Runs what comes after a write that holds, whose outcome was applied; what it answers is what the verb answers. */
ar_status ari_events_after(const ari_written *written, ari_pool *pool, ar_error *err);

/* Runs all of them, of after_commit or after_rollback, and logs what they answer. */
void ari_events_tell(ari_pool *pool, const ar_model *model, ar_event_time when, ar_db *db, void *object);

#endif
