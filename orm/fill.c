/* SPDX-License-Identifier: MIT */
#include "orm/fill.h"

#include "orm/bind.h"
#include "orm/convert.h"

static bool is_text(ar_type type)
{
    return type == AR_TYPE_TEXT || type == AR_TYPE_JSON;
}

static const ari_plan_column *column_of(const ari_row *row, size_t index)
{
    size_t column = row->map != NULL ? row->map[index] : index;
    return column < row->plan->column_count ? &row->plan->columns[column] : NULL;
}

size_t ari_row_room(const ari_row *row)
{
    size_t room = 0;
    for (size_t i = 0; i < row->count; i++) {
        const ar_value *value = &row->values[i];
        if (is_text(value->type))
            room += value->as.text.length + 1;
        else if (value->type == AR_TYPE_BYTES)
            room += value->as.bytes.length + 1;
    }
    return room;
}

static ar_status refuse(const ari_row *row, const ari_plan_column *column, const ar_value *value, ar_error *err)
{
    const ar_model *model = row->plan->model;
    if (value->type == AR_TYPE_NULL)
        return ar_error_set(err, AR_E_TYPE,
                            "column %s is NULL, which member %s.%s cannot hold; make it an ar_opt_ type", column->name,
                            model->name, column->from->member);
    if (column->kind == AR_KIND_STRING && is_text(value->type))
        return ar_error_set(err, AR_E_TYPE,
                            "column %s has a NUL inside, which member %s.%s cannot hold; make it an ar_text",
                            column->name, model->name, column->from->member);
    return ar_error_set(err, AR_E_TYPE, "column %s has %s that does not fit member %s.%s, which takes %s", column->name,
                        ar_type_name(value->type), model->name, column->from->member, ar_type_name(column->type));
}

/* Copies the text or bytes of `value` to *strings and points the value at the copy. */
static void move_text(ar_value *value, char **strings)
{
    char *copy = *strings;
    size_t length = value->type == AR_TYPE_BYTES ? value->as.bytes.length : value->as.text.length;
    if (length > 0)
        memcpy(copy, value->type == AR_TYPE_BYTES ? value->as.bytes.data : value->as.text.data, length);
    copy[length] = '\0';
    if (value->type == AR_TYPE_BYTES)
        value->as.bytes.data = copy;
    else
        value->as.text.data = copy;
    *strings = copy + length + 1;
}

static bool fill_text(const ari_plan_column *column, void *member, const ar_value *value, char **strings)
{
    ar_value moved = *value;
    move_text(&moved, strings);
    return ari_kind_store(column->kind, member, &moved);
}

static bool fill_member(const ari_plan_column *column, void *member, const ar_value *value, char **strings)
{
    ar_value converted;
    if (value->type != column->type && value->type != AR_TYPE_NULL) {
        if (!ari_value_as(value, column->type, ARI_FROM_ENGINE, &converted))
            return false;
        /* Texts of an engine have no NUL inside; bytes that became one may. */
        if (column->kind == AR_KIND_STRING && memchr(converted.as.text.data, '\0', converted.as.text.length) != NULL)
            return false;
        value = &converted;
    }
    if (is_text(value->type) || value->type == AR_TYPE_BYTES)
        return fill_text(column, member, value, strings);
    return ari_kind_store(column->kind, member, value);
}

/* What fill_member does for the commonest kinds, when the value is of the column's type: it is a third of the time that a row takes
 * (`./dev bench sqlite_hydrate_10k`). False: it is not one of those. */
static bool fill_plain(const ari_plan_column *column, void *member, const ar_value *value, char **strings)
{
    if (value->type != column->type)
        return false;
    if (column->kind == AR_KIND_INT64) {
        memcpy(member, &value->as.integer, sizeof value->as.integer);
    } else if (column->kind == AR_KIND_STRING) {
        const char *copy = *strings;
        size_t length = value->as.text.length;
        memcpy(*strings, value->as.text.data, length);
        (*strings)[length] = '\0';
        *strings += length + 1;
        memcpy(member, &copy, sizeof copy);
    } else if (column->kind == AR_KIND_DOUBLE) {
        memcpy(member, &value->as.real, sizeof value->as.real);
    } else if (column->kind == AR_KIND_TIMESTAMP) {
        memcpy(member, &value->as.timestamp, sizeof value->as.timestamp);
    } else if (column->kind == AR_KIND_BOOL) {
        memcpy(member, &value->as.boolean, sizeof value->as.boolean);
    } else {
        return false;
    }
    return true;
}

ar_status ari_row_fill(const ari_row *row, void *object, char *strings, ar_error *err)
{
    for (size_t i = 0; i < row->count; i++) {
        const ari_plan_column *column = column_of(row, i);
        if (column == NULL)
            continue;
        void *member = (char *)object + column->offset;
        const ar_value *value = &row->values[i];
        if (!fill_plain(column, member, value, &strings) && !fill_member(column, member, value, &strings))
            return refuse(row, column, value, err);
    }
    return AR_OK;
}
