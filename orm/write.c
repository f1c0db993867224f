/* SPDX-License-Identifier: MIT */
#include "orm/write.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "orm/bind.h"

static ar_value member_value(const ari_plan_column *column, const void *object)
{
    return ari_kind_load(column->kind, (const char *)object + column->offset);
}

static bool is_zero(const ar_value *value)
{
    return value->type == AR_TYPE_NULL || (value->type == AR_TYPE_TIMESTAMP && value->as.timestamp.us == 0);
}

/* Whether the verb sets this column by itself. */
static bool is_stamped(const ari_write *write, const ari_plan_column *column)
{
    if ((column->flags & AR_UPDATED_AT) != 0)
        return true;
    if ((column->flags & AR_CREATED_AT) == 0 || write->verb == ARI_PLAN_UPDATE)
        return false;
    ar_value value = member_value(column, write->object);
    return is_zero(&value);
}

static bool auto_key_is_zero(const ari_write *write)
{
    if (write->plan->auto_column < 0)
        return false;
    return member_value(&write->plan->columns[write->plan->auto_column], write->object).as.integer == 0;
}

static ari_mask insert_columns(const ari_write *write)
{
    ari_mask mask = { { 0 } };
    for (uint32_t i = 0; i < write->plan->column_count; i++)
        ari_mask_add(&mask, i);
    if (auto_key_is_zero(write))
        ari_mask_remove(&mask, (size_t)write->plan->auto_column);
    return mask;
}

static ari_mask changed_columns(const ari_write *write)
{
    ari_mask mask = { { 0 } };
    for (uint32_t i = 0; i < write->plan->column_count; i++) {
        const ari_plan_column *column = &write->plan->columns[i];
        ar_value now = member_value(column, write->object);
        ar_value before = member_value(column, write->snapshot);
        if (!ari_value_equal(&now, &before))
            ari_mask_add(&mask, i);
    }
    if (ari_mask_is_empty(&mask))
        return mask;
    for (uint32_t i = 0; i < write->plan->column_count; i++) {
        if ((write->plan->columns[i].flags & AR_UPDATED_AT) != 0)
            ari_mask_add(&mask, i);
    }
    return mask;
}

static ari_mask all_columns_but(const ari_write *write, uint32_t flags)
{
    ari_mask mask = { { 0 } };
    for (uint32_t i = 0; i < write->plan->column_count; i++) {
        if ((write->plan->columns[i].flags & flags) == 0)
            ari_mask_add(&mask, i);
    }
    return mask;
}

/* Of a model that is nothing but its key: an update that changes nothing still says whether the row is there. */
static ari_mask update_columns(const ari_write *write)
{
    ari_mask mask = all_columns_but(write, AR_PRIMARY_KEY | AR_CREATED_AT);
    return ari_mask_is_empty(&mask) ? all_columns_but(write, AR_CREATED_AT) : mask;
}

ari_mask ari_write_columns(const ari_write *write)
{
    if (write->verb == ARI_PLAN_INSERT || write->verb == ARI_PLAN_UPSERT)
        return insert_columns(write);
    if (write->verb == ARI_PLAN_UPDATE)
        return write->snapshot != NULL ? changed_columns(write) : update_columns(write);
    return (ari_mask){ { 0 } };
}

static ar_status add_value(const ari_write *write, const ari_plan_column *column, ar_value *out, ar_error *err)
{
    if (is_stamped(write, column)) {
        *out = (ar_value){ .type = AR_TYPE_TIMESTAMP, .as.timestamp = { write->now } };
        return AR_OK;
    }
    *out = member_value(column, write->object);
    if (out->type != AR_TYPE_TEXT && out->type != AR_TYPE_BYTES && out->type != AR_TYPE_JSON)
        return AR_OK;
    return ari_value_check(out, column->name, err);
}

static ar_status add_key(const ari_write *write, ar_value *values, size_t *count, ar_error *err)
{
    const ari_plan *plan = write->plan;
    const void *object = write->snapshot != NULL ? write->snapshot : write->object;
    for (uint32_t i = 0; i < plan->key_count; i++) {
        const ari_plan_column *column = &plan->columns[plan->key[i]];
        ar_value *value = &values[(*count)++];
        *value = member_value(column, object);
        if (value->type == AR_TYPE_NULL)
            return ar_error_set(err, AR_E_INVALID, "writing to %s: the key is NULL in column %s", plan->model->table,
                                column->name);
        ar_status status = ari_value_check(value, column->name, err);
        if (status != AR_OK)
            return status;
    }
    return AR_OK;
}

ar_status ari_write_values(const ari_write *write, const ari_mask *columns, ar_value *values, size_t *count,
                           ar_error *err)
{
    *count = 0;
    for (uint32_t i = 0; i < write->plan->column_count; i++) {
        if (!ari_mask_has(columns, i))
            continue;
        ar_status status = add_value(write, &write->plan->columns[i], &values[(*count)++], err);
        if (status != AR_OK)
            return status;
    }
    if (write->verb != ARI_PLAN_UPDATE && write->verb != ARI_PLAN_DELETE)
        return AR_OK;
    return add_key(write, values, count, err);
}

/* Of the parameter with that index, of any row; the key's come behind the columns. NULL: there is none. */
static const ari_plan_column *column_of_parameter(const ari_plan *plan, ari_plan_verb verb, const ari_mask *columns,
                                                  size_t index)
{
    uint32_t order[ARI_MAX_PARAMETERS];
    size_t width = 0;
    for (uint32_t i = 0; i < plan->column_count; i++) {
        if (ari_mask_has(columns, i))
            order[width++] = i;
    }
    if (verb == ARI_PLAN_UPDATE || verb == ARI_PLAN_DELETE) {
        for (uint32_t i = 0; i < plan->key_count; i++)
            order[width++] = plan->key[i];
    }
    return width > 0 ? &plan->columns[order[index % width]] : NULL;
}

void ari_write_name_column(const ari_plan *plan, ari_plan_verb verb, const ari_mask *columns, ar_error *err)
{
    static const char prefix[] = "binding parameter ";
    char reason[sizeof err->message], *behind;
    if (strncmp(err->message, prefix, sizeof prefix - 1) != 0)
        return;
    unsigned long number = strtoul(err->message + sizeof prefix - 1, &behind, 10);
    const ari_plan_column *column = number > 0 ? column_of_parameter(plan, verb, columns, (size_t)number - 1) : NULL;
    if (column == NULL || strncmp(behind, ": ", 2) != 0)
        return;
    memcpy(reason, behind + 2, strlen(behind + 2) + 1);
    ar_ignore(ar_error_set(err, err->status, "writing column %s of %s: %s", column->name, plan->model->table, reason));
}

void ari_write_stamp(const ari_write *write, const ari_mask *columns, void *object)
{
    const ar_value now = { .type = AR_TYPE_TIMESTAMP, .as.timestamp = { write->now } };
    if (!write->plan->has_stamps)
        return;
    for (uint32_t i = 0; i < write->plan->column_count; i++) {
        const ari_plan_column *column = &write->plan->columns[i];
        if (ari_mask_has(columns, i) && is_stamped(write, column)) {
            bool stored = ari_kind_store(column->kind, (char *)object + column->offset, &now);
            assert(stored);
            (void)stored;
        }
    }
}

bool ari_write_key_fits(const ari_plan *plan, int64_t id)
{
    int64_t unused;
    const ari_plan_column *column = &plan->columns[plan->auto_column];
    return ari_kind_store(column->kind, &unused, &(ar_value){ .type = column->type, .as.integer = id });
}

ar_status ari_write_take_key(const ari_plan *plan, const ar_value *values, size_t count, int64_t *id, ar_error *err)
{
    if (count != 1 || values[0].type != AR_TYPE_INT64)
        return AR_OK;
    *id = values[0].as.integer;
    if (!plan->dialect->sink_undoes || ari_write_key_fits(plan, *id))
        return AR_OK;
    return ar_error_set(err, AR_E_TYPE,
                        "inserting into %s: the database gave key %lld, which does not fit member %s.%s; nothing was "
                        "inserted",
                        plan->model->table, (long long)*id, plan->model->name,
                        plan->columns[plan->auto_column].from->member);
}

void ari_write_key(const ari_plan *plan, void *object, int64_t id)
{
    const ari_plan_column *column = &plan->columns[plan->auto_column];
    ar_value value = { .type = column->type, .as.integer = id };
    bool stored = ari_kind_store(column->kind, (char *)object + column->offset, &value);
    assert(stored);
    (void)stored;
}
