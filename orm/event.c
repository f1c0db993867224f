/* SPDX-License-Identifier: MIT */
#include "orm/event.h"

#include <stdio.h>

#include "orm/column.h"
#include "orm/failure.h"
#include "orm/scope.h"
#include "orm/undo.h"
#include "orm/validation.h"

/* What comes before a write runs inside the verb, on the caller's thread, with nothing allocated: the record is only marked,
 * so that no other verb begins on it. What comes after hangs on the operation as an ari_watch, and runs on the thread
 * that applies the outcome, once, without a lock (orm/apply.c); ends of transactions are orm/commit.c's. A model that is
 * not watched has none of it. */

static const char *const names[] = {
    [AR_EVENT_BEFORE_VALIDATE] = "before_validate", [AR_EVENT_AFTER_VALIDATE] = "after_validate",
    [AR_EVENT_BEFORE_INSERT] = "before_insert",     [AR_EVENT_AFTER_INSERT] = "after_insert",
    [AR_EVENT_BEFORE_UPDATE] = "before_update",     [AR_EVENT_AFTER_UPDATE] = "after_update",
    [AR_EVENT_BEFORE_DELETE] = "before_delete",     [AR_EVENT_AFTER_DELETE] = "after_delete",
    [AR_EVENT_AFTER_COMMIT] = "after_commit",       [AR_EVENT_AFTER_ROLLBACK] = "after_rollback"
};

ar_status ari_events_find(const ar_model *model, uint32_t *events, ar_error *err)
{
    const ar_column *entry;
    size_t cursor = 0;
    *events = 0;
    while ((entry = ari_entry_next(model, AR_ENTRY_EVENT, &cursor)) != NULL) {
        const ar_event *event = entry->extra;
        if (event == NULL || event->call == NULL || event->fn == NULL ||
            (unsigned)event->when > AR_EVENT_AFTER_ROLLBACK)
            return ar_error_set(err, AR_E_INVALID,
                                "model %s: an event is none; declare it with AR_BEFORE_INSERT and such", model->name);
        *events |= UINT32_C(1) << event->when;
    }
    return AR_OK;
}

ari_moment ari_moment_of(ari_plan_verb verb, bool is_new)
{
    if (verb == ARI_PLAN_RESTORE) /* what was assigned is not written */
        return (ari_moment){ AR_EVENT_BEFORE_UPDATE, AR_EVENT_AFTER_UPDATE, false };
    if (verb == ARI_PLAN_DELETE || verb == ARI_PLAN_SOFT_DELETE)
        return (ari_moment){ AR_EVENT_BEFORE_DELETE, AR_EVENT_AFTER_DELETE, false };
    if (verb == ARI_PLAN_INSERT || (verb == ARI_PLAN_UPSERT && is_new))
        return (ari_moment){ AR_EVENT_BEFORE_INSERT, AR_EVENT_AFTER_INSERT, true };
    return (ari_moment){ AR_EVENT_BEFORE_UPDATE, AR_EVENT_AFTER_UPDATE, true };
}

static ar_status call(const ar_event *event, const ar_model *model, ar_db *db, void *object, ar_error *err)
{
    ar_error said = { .status = AR_OK };
    ar_status status = event->call(event->fn, db, object, &said);
    if (status != AR_OK && said.message[0] == '\0')
        ar_error_set(&said, status, "%s of a %s said no", names[event->when], model->name);
    return ari_failure_pass_on(status, &said, err);
}

ar_status ari_events_run(const ar_model *model, ar_event_time when, ar_db *db, void *object, ar_error *err)
{
    const ar_column *entry;
    size_t cursor = 0;
    while ((entry = ari_entry_next(model, AR_ENTRY_EVENT, &cursor)) != NULL) {
        const ar_event *event = entry->extra;
        ar_status status = event->when == when ? call(event, model, db, object, err) : AR_OK;
        if (status != AR_OK)
            return status;
    }
    return AR_OK;
}

void ari_events_tell(ari_pool *pool, const ar_model *model, ar_event_time when, ar_db *db, void *object)
{
    char what[128];
    const ar_column *entry;
    size_t cursor = 0;
    while ((entry = ari_entry_next(model, AR_ENTRY_EVENT, &cursor)) != NULL) {
        const ar_event *event = entry->extra;
        ar_error error;
        if (event->when != when || call(event, model, db, object, &error) == AR_OK)
            continue;
        snprintf(what, sizeof what, "%s of a %s", names[when], model->name);
        ari_pool_warn(pool, what, &error);
    }
}

static ar_status run_if_any(const ari_plan *plan, ar_event_time when, ar_db *db, void *object, ar_error *err)
{
    return ari_events_has(plan, when) ? ari_events_run(plan->model, when, db, object, err) : AR_OK;
}

/* What a record that was read without some of its columns has in the others is not what the row has. */
static ar_status check(const ari_plan *plan, ari_record *record, const void *object, size_t row, ar_failures *failures,
                       ar_error *err)
{
    const void *snapshot = NULL;
    if (plan->validation == NULL)
        return AR_OK;
    if (record != NULL && (record->flags & ARI_RECORD_PARTIAL) != 0) {
        if (ari_validation_needs_all(plan->validation))
            return ar_error_set(err, AR_E_INVALID,
                                "validating: the %s was read without some of its columns, which AR_VALIDATE looks at; "
                                "read all of them",
                                plan->model->name);
        snapshot = ari_record_snapshot(record);
    }
    return ari_validation_check(plan->validation, object, snapshot, row, failures, err);
}

static ar_status check_one(const ari_plan *plan, ari_record *record, const void *object, ar_error *err)
{
    ar_failures failures = { .items = NULL };
    ar_status status = check(plan, record, object, 0, &failures, err);
    if (status == AR_OK && failures.count > 0)
        status = ari_failures_error(&failures, 0, plan->model, false, err);
    ar_failures_free(&failures);
    return status;
}

static ar_status run_before(const ari_plan *plan, ari_moment moment, ar_db *db, ari_record *record, void *object,
                            ar_error *err)
{
    ar_status status = AR_OK;
    if (moment.validates)
        status = run_if_any(plan, AR_EVENT_BEFORE_VALIDATE, db, object, err);
    if (status == AR_OK && moment.validates)
        status = check_one(plan, record, object, err);
    if (status == AR_OK && moment.validates)
        status = run_if_any(plan, AR_EVENT_AFTER_VALIDATE, db, object, err);
    return status == AR_OK ? run_if_any(plan, moment.before, db, object, err) : status;
}

ar_status ari_events_before(const ari_plan *plan, ari_moment moment, ar_db *db, ari_record *record, void *object,
                            ar_error *err)
{
    if (record != NULL)
        record->flags |= ARI_RECORD_IN_EVENT;
    ar_status status = run_before(plan, moment, db, record, object, err);
    if (record != NULL)
        record->flags &= ~(uint32_t)ARI_RECORD_IN_EVENT;
    return status;
}

static ar_status in_row(ar_status status, size_t row, const ar_model *model, ar_error *err)
{
    char said[sizeof err->message];
    if (status == AR_OK || err == NULL)
        return status;
    memcpy(said, err->message, sizeof said);
    snprintf(err->message, sizeof err->message, "row %zu of those for %s: ", row, model->table);
    size_t used = strlen(err->message);
    snprintf(err->message + used, sizeof err->message - used, "%s", said);
    return status;
}

static ar_status run_for_each(const ari_plan *plan, ar_event_time when, ar_db *db, char *rows, size_t count,
                              ar_error *err)
{
    for (size_t i = 0; i < count && ari_events_has(plan, when); i++) {
        ar_status status = ari_events_run(plan->model, when, db, rows + i * plan->model->record_size, err);
        if (status != AR_OK)
            return in_row(status, i, plan->model, err);
    }
    return AR_OK;
}

static ar_status check_each(const ari_plan *plan, const char *rows, size_t count, ar_error *err)
{
    ar_failures failures = { .items = NULL };
    ar_status status = AR_OK;
    for (size_t i = 0; i < count && status == AR_OK; i++)
        status = in_row(check(plan, NULL, rows + i * plan->model->record_size, i, &failures, err), i, plan->model, err);
    if (status == AR_OK && failures.count > 0)
        status = ari_failures_error(&failures, 0, plan->model, true, err);
    ar_failures_free(&failures);
    return status;
}

ar_status ari_events_before_rows(const ari_plan *plan, ari_moment moment, ar_db *db, void *rows, size_t count,
                                 ar_error *err)
{
    ar_status status = AR_OK;
    if (moment.validates)
        status = run_for_each(plan, AR_EVENT_BEFORE_VALIDATE, db, rows, count, err);
    if (status == AR_OK && moment.validates)
        status = check_each(plan, rows, count, err);
    if (status == AR_OK && moment.validates)
        status = run_for_each(plan, AR_EVENT_AFTER_VALIDATE, db, rows, count, err);
    return status == AR_OK ? run_for_each(plan, moment.before, db, rows, count, err) : status;
}

struct ari_watch {
    const ar_env *env;
    const ari_plan *plan;
    ar_db *db; /* through which it was written */
    ar_event_time after;
    bool in_transaction;
    const ari_undone *undone;
    ari_commit *commit; /* NULL: it is not told how the transaction ends */
    size_t count;
};

static ar_status no_memory(const ari_plan *plan, ar_error *err)
{
    return ar_error_set(err, AR_E_NO_MEMORY, "writing to %s: out of memory", plan->model->table);
}

static ar_status watch_commit(ari_watch *self, ari_db *db, const char *rows, ar_error *err)
{
    if (!ari_commit_is_due(self->plan, db))
        return AR_OK;
    self->commit = ari_commit_create(db, self->plan, self->count);
    if (self->commit == NULL)
        return no_memory(self->plan, err);
    for (size_t i = 0; rows != NULL && i < self->count; i++) {
        if (!ari_commit_copy(self->commit, i, rows + i * self->plan->model->record_size))
            return no_memory(self->plan, err);
    }
    ari_commit_register(self->commit, db);
    return AR_OK;
}

/* Whether the handle is closed by the time that the outcome is applied. */
static bool is_over_then(const ari_db *db)
{
    return db->kind == ARI_TRANSACTION && db->library;
}

ar_status ari_watch_create(const ari_plan *plan, ari_moment moment, ari_db *db, ar_db *handle, const void *rows,
                           size_t count, const ari_undone *undone, ari_watch **out, ar_error *err)
{
    const ar_env *env = ari_db_env(db);
    *out = NULL;
    if (plan->events == 0)
        return AR_OK;
    ari_watch *made = ari_allocate_zero(env, sizeof *made);
    if (made == NULL)
        return no_memory(plan, err);
    *made = (ari_watch){ .env = env,
                         .plan = plan,
                         .db = is_over_then(db) ? (ar_db *)db->parent->handle : handle,
                         .after = moment.after,
                         .in_transaction = ari_db_in_transaction(db),
                         .undone = undone,
                         .count = count };
    ar_status status = watch_commit(made, db, rows, err);
    if (status == AR_OK)
        *out = made;
    else
        ari_watch_destroy(made);
    return status;
}

void ari_watch_destroy(ari_watch *watch)
{
    if (watch == NULL)
        return;
    ari_commit_unref(watch->commit);
    ari_release(watch->env, watch);
}

static void *struct_at(const ari_watch *self, ari_record *record, void *plain, size_t index)
{
    return record != NULL ? ari_record_struct(record) : (char *)plain + index * self->plan->model->record_size;
}

static ar_status run_after(const ari_watch *self, ari_record *record, void *plain, ar_error *err)
{
    ar_status status = AR_OK;
    if (ari_undo_is_due(self->undone) || !ari_events_has(self->plan, self->after))
        return AR_OK;
    for (size_t i = 0; status == AR_OK && i < self->count; i++)
        status = ari_events_run(self->plan->model, self->after, self->db, struct_at(self, record, plain, i), err);
    return status;
}

static void tell_committed(const ari_watch *self, ari_pool *pool, ari_record *record, void *plain)
{
    if (self->in_transaction || !ari_events_has(self->plan, AR_EVENT_AFTER_COMMIT))
        return;
    for (size_t i = 0; i < self->count; i++)
        ari_events_tell(pool, self->plan->model, AR_EVENT_AFTER_COMMIT, self->db, struct_at(self, record, plain, i));
}

/* A function may free the record. */
ar_status ari_events_after(ari_watch *self, ari_pool *pool, ari_record *record, void *plain, ar_error *err)
{
    bool pinned = record != NULL && ari_record_pin(record);
    ar_status status = run_after(self, record, plain, err);
    if (self->commit != NULL)
        ari_commit_applied(self->commit, record, plain);
    else
        tell_committed(self, pool, record, plain);
    if (pinned)
        ari_record_unpin(record);
    return status;
}
