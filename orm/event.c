/* SPDX-License-Identifier: MIT */
#include "orm/event.h"

#include <stdio.h>

#include "orm/column.h"
#include "orm/failure.h"
#include "orm/validation.h"

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

ar_status ari_events_before_rows(const ari_plan *plan, ar_db *db, void *rows, size_t count, ar_error *err)
{
    ar_status status = run_for_each(plan, AR_EVENT_BEFORE_VALIDATE, db, rows, count, err);
    if (status == AR_OK)
        status = check_each(plan, rows, count, err);
    if (status == AR_OK)
        status = run_for_each(plan, AR_EVENT_AFTER_VALIDATE, db, rows, count, err);
    return status == AR_OK ? run_for_each(plan, AR_EVENT_BEFORE_INSERT, db, rows, count, err) : status;
}

static ar_status run_after(const ari_written *written, ar_error *err)
{
    const ari_plan *plan = written->plan;
    if (written->rolled_back || !ari_events_has(plan, written->after))
        return AR_OK;
    if (written->record != NULL)
        return ari_events_run(plan->model, written->after, written->db, ari_record_struct(written->record), err);
    for (size_t i = 0; i < written->count; i++) {
        char *row = (char *)written->plain + i * plan->model->record_size;
        ar_status status = ari_events_run(plan->model, written->after, written->db, row, err);
        if (status != AR_OK)
            return status;
    }
    return AR_OK;
}

static void tell_committed(const ari_written *written, ari_pool *pool)
{
    const ari_plan *plan = written->plan;
    if (written->in_transaction || !ari_events_has(plan, AR_EVENT_AFTER_COMMIT))
        return;
    for (size_t i = 0; i < written->count; i++) {
        char *row = (char *)written->plain + i * plan->model->record_size;
        void *object = written->record != NULL ? ari_record_struct(written->record) : row;
        ari_events_tell(pool, plan->model, AR_EVENT_AFTER_COMMIT, written->db, object);
    }
}

/* A function may free the record. */
ar_status ari_events_after(const ari_written *written, ari_pool *pool, ar_error *err)
{
    bool pinned = written->record != NULL && ari_record_pin(written->record);
    ar_status status = run_after(written, err);
    if (written->commit != NULL)
        ari_commit_applied(written->commit, written->record, written->plain);
    else
        tell_committed(written, pool);
    if (pinned)
        ari_record_unpin(written->record);
    return status;
}
