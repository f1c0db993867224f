/* SPDX-License-Identifier: MIT */
#include <actrec/changes.h>

#include "orm/apply.h"
#include "orm/bind.h"
#include "orm/column.h"
#include "orm/record.h"

/* What was assigned to a record: a comparison with its snapshot, see orm/record.c. */

static ari_record *record_of(const void *object)
{
    return object != NULL ? ari_record_of(object, NULL, "comparing", NULL) : NULL;
}

static const void *original_of(ari_record *record)
{
    return ari_record_snapshot(record);
}

/* Whether it differs, and then how. */
static bool differs(ari_record *record, const ar_column *column, ar_difference *out)
{
    ar_value now = ari_kind_load(column->kind, (const char *)ari_record_struct(record) + column->offset);
    ar_value before = ari_kind_load(column->kind, (const char *)original_of(record) + column->offset);
    if ((column->flags & (AR_GENERATED | AR_DERIVED)) != 0 || ari_value_equal(&now, &before))
        return false;
    *out = (ar_difference){ .member = column->member, .column = ari_column_name(column), .before = before, .now = now };
    return true;
}

size_t ar_record_differences(const void *object, ar_difference *out, size_t capacity)
{
    ari_record *record = record_of(object);
    const ar_column *column;
    ar_difference found;
    size_t cursor = 0, count = 0;
    while (record != NULL && (column = ari_column_next(record->model, &cursor)) != NULL) {
        if (!differs(record, column, &found))
            continue;
        if (out != NULL && count < capacity)
            out[count] = found;
        count++;
    }
    return count;
}

bool ar_record_is_changed(const void *object)
{
    return ar_record_differences(object, NULL, 0) > 0;
}

bool ar_record_has_changed(const void *object, size_t offset)
{
    ari_record *record = record_of(object);
    const ar_column *column = record != NULL ? ari_column_by_offset(record->model, offset) : NULL;
    ar_difference unused;
    return column != NULL && differs(record, column, &unused);
}

const void *ar_record_original(const void *object)
{
    ari_record *record = record_of(object);
    return record != NULL && (record->flags & ARI_RECORD_NEW) == 0 ? original_of(record) : NULL;
}

static void reset(ari_record *record, const ar_column *column)
{
    memcpy((char *)ari_record_struct(record) + column->offset, (const char *)original_of(record) + column->offset,
           column->size);
}

static ar_status check(const ar_model *model, void *object, ari_record **out, ar_error *err)
{
    if (model == NULL)
        return ar_error_set(err, AR_E_INVALID, "reset: the model is NULL");
    *out = ari_record_of(object, model, "reset", err);
    return *out != NULL ? ari_apply_pending(*out, "reset", err) : AR_E_INVALID;
}

ar_status ar_record_reset(const ar_model *model, void *object, ar_error *err)
{
    ari_record *record = NULL;
    const ar_column *column;
    size_t cursor = 0;
    ar_status status = check(model, object, &record, err);
    while (status == AR_OK && (column = ari_column_next(model, &cursor)) != NULL)
        reset(record, column);
    return status;
}

ar_status ar_record_reset_member(const ar_model *model, void *object, size_t offset, ar_error *err)
{
    ari_record *record = NULL;
    ar_status status = check(model, object, &record, err);
    if (status != AR_OK)
        return status;
    const ar_column *column = ari_column_by_offset(model, offset);
    if (column == NULL)
        return ar_error_set(err, AR_E_INVALID, "reset: at offset %zu of %s is no column", offset, model->name);
    reset(record, column);
    return AR_OK;
}
