/* SPDX-License-Identifier: MIT */
#include "orm/assigned.h"

#include "orm/bind.h"
#include "orm/find.h"

ar_value ari_assigned_value(ari_record *record, const ari_plan_column *column)
{
    const size_t at = column->offset;
    ar_value now = ari_kind_load(column->kind, (char *)ari_record_struct(record) + at);
    ar_value before = ari_kind_load(column->kind, (char *)ari_record_snapshot(record) + at);
    bool bytes = now.type == AR_TYPE_BYTES;
    if (!bytes && now.type != AR_TYPE_TEXT && now.type != AR_TYPE_JSON)
        return AR_NULL;
    const void *data = bytes ? now.as.bytes.data : (const void *)now.as.text.data;
    bool known = before.type == now.type && data == (bytes ? before.as.bytes.data : (const void *)before.as.text.data);
    return known || ari_record_has_string(record, data) ? AR_NULL : now;
}

size_t ari_assigned_room(ari_record *record, const ari_plan *plan)
{
    size_t room = 0;
    for (uint32_t i = 0; i < plan->column_count; i++) {
        ar_value value = ari_assigned_value(record, &plan->columns[i]);
        room += ari_values_room(&value, 1);
    }
    return room;
}

void ari_assigned_adopt(ari_record *record, const ari_plan *plan, ari_strings *strings)
{
    char *at = strings->bytes;
    for (uint32_t i = 0; i < plan->column_count; i++) {
        const ari_plan_column *column = &plan->columns[i];
        ar_value value = ari_assigned_value(record, column);
        if (value.type == AR_TYPE_NULL)
            continue;
        at = ari_values_move(&value, 1, at);
        ari_kind_store(column->kind, (char *)ari_record_struct(record) + column->offset, &value);
    }
    ari_record_add_strings(record, strings);
}

bool ari_assigned_copy(ari_record *record, const ari_plan_column *column, const ar_value *value)
{
    ar_value copy = *value;
    ari_strings *strings = ari_strings_create(ari_record_env(record), ari_values_room(&copy, 1));
    if (strings == NULL)
        return false;
    ari_values_move(&copy, 1, strings->bytes);
    ari_kind_store(column->kind, (char *)ari_record_struct(record) + column->offset, &copy);
    ari_record_add_strings(record, strings);
    return true;
}
