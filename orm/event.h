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

/* The same for an array of plain structs; failures are told with the index of their row. */
ar_status ari_events_before_rows(const ari_plan *plan, ari_moment moment, ar_db *db, void *rows, size_t count,
                                 ar_error *err);

/* Runs the functions for one event, until one fails. */
ar_status ari_events_run(const ar_model *model, ar_event_time when, ar_db *db, void *object, ar_error *err);

/* What is to run once a write holds: hangs on its operation (ari_applied.watch), which frees it. */
typedef struct ari_watch ari_watch;

/* For a write through `db` that is about to be sent. *out is NULL when nothing is to run. `rows`: the plain structs that are
 * written, `count` of them; NULL: a record. Through a
 * transaction of the library's own, what runs is given the handle that it was begun on. `undone`: what a rollback gives back, kept by the operation; may be NULL.
 * AR_E_NO_MEMORY. */
ar_status ari_watch_create(const ari_plan *plan, ari_moment moment, ari_db *db, ar_db *handle, const void *rows,
                           size_t count, const ari_undone *undone, ari_watch **out, ar_error *err);
void ari_watch_destroy(ari_watch *watch); /* NULL does nothing */

/* Runs what comes after the write, whose outcome was applied to the record or (NULL) to the array of plain structs; what
 * it answers is what the verb answers. */
ar_status ari_events_after(ari_watch *watch, ari_pool *pool, ari_record *record, void *plain, ar_error *err);

/* Runs all of them, of after_commit or after_rollback, and logs what they answer. */
void ari_events_tell(ari_pool *pool, const ar_model *model, ar_event_time when, ar_db *db, void *object);

#endif
