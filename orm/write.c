/* SPDX-License-Identifier: MIT */
#include "orm/write.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <actrec/uuid.h>

#include "orm/assigned.h"
#include "orm/behaviour.h"
#include "orm/bind.h"

static ar_value member_value(const ari_plan_column *column, const void *object)
{
    return ari_kind_load(column->kind, (const char *)object + column->offset);
}

static bool is_zero(const ar_value *value)
{
    return value->type == AR_TYPE_NULL || (value->type == AR_TYPE_TIMESTAMP && value->as.timestamp.us == 0);
}

bool ari_write_is_zero(const ari_plan_column *column, const void *object)
{
    static const unsigned char zeros[sizeof(ar_value)];
    ar_value value = member_value(column, object);
    if (column->kind >= AR_KIND_OPT_BOOL || value.type == AR_TYPE_NULL)
        return value.type == AR_TYPE_NULL;
    ar_value zero = ari_kind_load(column->kind, zeros);
    return ari_value_equal(&value, &zero);
}

/* Whether the verb sets this column by itself. */
static bool is_stamped(const ari_write *write, const ari_plan_column *column)
{
    if ((column->flags & AR_UPDATED_AT) != 0)
        return true;
    if ((column->flags & AR_DELETED_AT) != 0)
        return write->verb == ARI_PLAN_SOFT_DELETE;
    if ((column->flags & AR_CREATED_AT) == 0 || ari_plan_updates(write->verb))
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
    ari_mask mask = write->plan->insertable;
    if (auto_key_is_zero(write))
        ari_mask_remove(&mask, (size_t)write->plan->auto_column);
    for (uint32_t i = 0; (write->plan->flags & AR_DATABASE_DEFAULT) != 0 && i < write->plan->column_count; i++) {
        const ari_plan_column *column = &write->plan->columns[i];
        if ((column->flags & AR_DATABASE_DEFAULT) != 0 && ari_write_is_zero(column, write->object))
            ari_mask_remove(&mask, i);
    }
    return mask;
}

/* Columns with these flags are not what an update is about. */
static uint32_t not_updated(const ari_plan *plan)
{
    return ARI_NEVER_WRITTEN | (plan->tenant_column >= 0 ? (uint32_t)AR_TENANT : 0);
}

static void add_flagged(const ari_plan *plan, uint32_t flags, ari_mask *mask)
{
    for (uint32_t i = 0; i < plan->column_count; i++) {
        if ((plan->columns[i].flags & flags) != 0)
            ari_mask_add(mask, i);
    }
}

static ari_mask changed_columns(const ari_write *write)
{
    ari_mask mask = { { 0 } };
    const uint32_t skipped = not_updated(write->plan) | AR_VERSION;
    for (uint32_t i = 0; i < write->plan->column_count; i++) {
        const ari_plan_column *column = &write->plan->columns[i];
        if ((column->flags & skipped) != 0)
            continue;
        ar_value now = member_value(column, write->object);
        ar_value before = member_value(column, write->snapshot);
        if (!ari_value_equal(&now, &before))
            ari_mask_add(&mask, i);
    }
    if (ari_mask_is_empty(&mask))
        return mask;
    add_flagged(write->plan, AR_UPDATED_AT | AR_VERSION, &mask);
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
    const uint32_t skipped = not_updated(write->plan) | AR_CREATED_AT;
    ari_mask mask = all_columns_but(write, AR_PRIMARY_KEY | skipped);
    return ari_mask_is_empty(&mask) ? all_columns_but(write, skipped) : mask;
}

static ari_mask mark_columns(const ari_plan *plan)
{
    ari_mask mask = { { 0 } };
    add_flagged(plan, AR_DELETED_AT | AR_UPDATED_AT | AR_VERSION, &mask);
    return mask;
}

ari_mask ari_write_columns(const ari_write *write)
{
    if (write->verb == ARI_PLAN_INSERT || write->verb == ARI_PLAN_UPSERT)
        return insert_columns(write);
    if (write->verb == ARI_PLAN_UPDATE)
        return write->snapshot != NULL ? changed_columns(write) : update_columns(write);
    if (ari_plan_updates(write->verb))
        return mark_columns(write->plan);
    return (ari_mask){ { 0 } };
}

/* The value of a column that the verb sets by itself, in the type of the column. False: it does not. */
static bool own_value(const ari_write *write, const ari_plan_column *column, ar_value *out)
{
    if (is_stamped(write, column)) {
        *out = (ar_value){ .type = AR_TYPE_TIMESTAMP, .as.timestamp = { write->now } };
        return true;
    }
    if ((column->flags & AR_DELETED_AT) != 0 && write->verb == ARI_PLAN_RESTORE) {
        *out = AR_NULL;
        return true;
    }
    if ((column->flags & AR_VERSION) == 0 || !ari_plan_updates(write->verb))
        return false;
    *out = (ar_value){ .type = column->type, .as.integer = write->version + 1 };
    return true;
}

static ar_status add_value(const ari_write *write, const ari_plan_column *column, ar_value *out, ar_error *err)
{
    if (write->plan->has_stamps && own_value(write, column, out))
        return AR_OK;
    if (write->tenant != NULL && column == &write->plan->columns[write->plan->tenant_column]) {
        *out = *write->tenant;
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
    if (write->tenant != NULL)
        values[(*count)++] = *write->tenant;
    if (plan->version_column >= 0)
        values[(*count)++] =
            (ar_value){ .type = plan->columns[plan->version_column].type, .as.integer = write->version };
    return AR_OK;
}

static ar_status make_uuid(const ari_plan_column *column, void *object, ar_error *err)
{
    ar_uuid made;
    ar_status status = (column->flags & AR_UUID_V7) != 0 ? ar_uuid_v7(&made, err) : ar_uuid_v4(&made, err);
    if (status == AR_OK)
        memcpy((char *)object + column->offset, &made, sizeof made);
    return status;
}

static ar_status make_uuids(const ari_plan *plan, void *object, ar_error *err)
{
    ar_status status = AR_OK;
    for (uint32_t i = 0; status == AR_OK && i < plan->column_count; i++) {
        const ari_plan_column *column = &plan->columns[i];
        if ((column->flags & ARI_MADE_HERE) != 0 && ari_write_is_zero(column, object))
            status = make_uuid(column, object, err);
    }
    return status;
}

static ar_status give_tenant(const ari_write *write, bool fresh, void *object, bool is_record, ar_error *err)
{
    const ari_plan_column *column = &write->plan->columns[write->plan->tenant_column];
    ar_value value = member_value(column, object);
    if (!ari_write_is_zero(column, object)) {
        if (ari_value_equal(&value, write->tenant))
            return AR_OK;
        return ar_error_set(err, AR_E_INVALID, "writing to %s: member %s.%s is another tenant than the scope's",
                            write->plan->model->table, write->plan->model->name, column->from->member);
    }
    if (!fresh)
        return AR_OK;
    if (column->type != AR_TYPE_TEXT)
        ari_kind_store(column->kind, (char *)object + column->offset, write->tenant);
    else if (is_record && !ari_assigned_copy((ari_record *)object - 1, column, write->tenant))
        return ar_error_set(err, AR_E_NO_MEMORY, "writing to %s: out of memory", write->plan->model->table);
    return AR_OK;
}

static ar_status take_version(ari_write *write, ar_error *err)
{
    const ari_plan_column *column = &write->plan->columns[write->plan->version_column];
    write->version = member_value(column, write->snapshot != NULL ? write->snapshot : write->object).as.integer;
    if (!ari_plan_updates(write->verb) || write->version < (column->kind == AR_KIND_INT32 ? INT32_MAX : INT64_MAX))
        return AR_OK;
    return ar_error_set(err, AR_E_INVALID, "writing to %s: the version in column %s cannot grow any more",
                        write->plan->model->table, column->name);
}

ar_status ari_write_prepare(ari_write *write, const ari_db *db, void *object, ar_value *tenant, bool is_record,
                            ar_error *err)
{
    const ari_plan *plan = write->plan;
    bool fresh = write->verb == ARI_PLAN_INSERT || write->verb == ARI_PLAN_UPSERT;
    ar_status status = ari_plan_tenant(plan, db, tenant, &write->tenant, err);
    if (status == AR_OK && write->tenant != NULL)
        status = give_tenant(write, fresh, object, is_record, err);
    if (status == AR_OK && fresh && (plan->flags & ARI_MADE_HERE) != 0)
        status = make_uuids(plan, object, err);
    return status == AR_OK && plan->version_column >= 0 ? take_version(write, err) : status;
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
    if (!ari_plan_updates(write->verb) && write->verb != ARI_PLAN_DELETE)
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
    if (ari_plan_updates(verb) || verb == ARI_PLAN_DELETE) {
        for (uint32_t i = 0; i < plan->key_count; i++)
            order[width++] = plan->key[i];
        if (plan->tenant_column >= 0)
            order[width++] = (uint32_t)plan->tenant_column;
        if (plan->version_column >= 0)
            order[width++] = (uint32_t)plan->version_column;
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
    ar_value value;
    if (!write->plan->has_stamps)
        return;
    for (uint32_t i = 0; i < write->plan->column_count; i++) {
        const ari_plan_column *column = &write->plan->columns[i];
        if (ari_mask_has(columns, i) && own_value(write, column, &value)) {
            bool stored = ari_kind_store(column->kind, (char *)object + column->offset, &value);
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
