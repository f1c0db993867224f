/* SPDX-License-Identifier: MIT */
#include "orm/behaviour.h"
#include "orm/column.h"
#include "orm/plan.h"
#include "orm/record.h"

/* What a model says of itself is the application's: everything that the code below the model relies on is checked
 * here. */

static const char *text_or(const char *text, const char *otherwise)
{
    return text != NULL ? text : otherwise;
}

static ar_status complain(const ar_model *model, const ar_column *column, const char *what, ar_error *err)
{
    return ar_error_set(err, AR_E_INVALID, "model %s, column %s: %s", text_or(model->name, "?"),
                        text_or(column->member, "?"), what);
}

static bool is_timestamp(ar_kind kind)
{
    return kind == AR_KIND_TIMESTAMP || kind == AR_KIND_OPT_TIMESTAMP;
}

static bool can_be_key(ar_kind kind)
{
    ar_type type = ari_kind_type(kind);
    if (kind >= AR_KIND_OPT_BOOL)
        return false;
    return type != AR_TYPE_FLOAT && type != AR_TYPE_DOUBLE && type != AR_TYPE_JSON;
}

static const uint32_t all_flags = AR_PRIMARY_KEY | AR_AUTO | AR_NOT_NULL | AR_UNIQUE | AR_CREATED_AT | AR_UPDATED_AT |
                                  AR_IGNORE | AR_VERSION | AR_DELETED_AT | AR_TENANT | AR_GENERATED | AR_VIRTUAL |
                                  AR_DATABASE_DEFAULT | AR_UUID_V4 | AR_UUID_V7 | AR_DERIVED;

static const uint32_t plain_flags =
    AR_PRIMARY_KEY | AR_AUTO | AR_NOT_NULL | AR_UNIQUE | AR_CREATED_AT | AR_UPDATED_AT | AR_IGNORE;

static bool is_storable(ar_kind kind)
{
    return kind > AR_KIND_NONE && kind <= AR_KIND_OPT_UUID;
}

static ar_status check_column(const ar_model *model, const ar_column *column, ar_error *err)
{
    bool integer = column->kind >= AR_KIND_INT16 && column->kind <= AR_KIND_INT64;
    if (column->member == NULL || column->member[0] == '\0' || ari_column_name(column)[0] == '\0')
        return complain(model, column, "it has no name", err);
    if ((column->flags & ~all_flags) != 0)
        return complain(model, column, "its flags are none of the AR_ ones of <actrec/model.h>", err);
    if (!is_storable(column->kind) || ari_kind_size(column->kind) != column->size)
        return complain(model, column, "its type cannot be stored; declare columns with AR_COLUMN", err);
    if (column->offset > model->record_size || column->size > model->record_size - column->offset)
        return complain(model, column, "it lies outside of the struct; is it that of another one?", err);
    if ((column->flags & AR_AUTO) != 0 && (!integer || (column->flags & AR_PRIMARY_KEY) == 0))
        return complain(model, column, "AR_AUTO is for an integer that is the primary key", err);
    if ((column->flags & AR_PRIMARY_KEY) != 0 && !can_be_key(column->kind))
        return complain(model, column, "a primary key is no optional, floating-point or JSON value", err);
    if ((column->flags & (AR_CREATED_AT | AR_UPDATED_AT)) != 0 && !is_timestamp(column->kind))
        return complain(model, column, "AR_CREATED_AT and AR_UPDATED_AT are for timestamps", err);
    return (column->flags & ~plain_flags) != 0 || column->sql != NULL ? ari_behaviour_check(model, column, err) : AR_OK;
}

static ar_status check_names(const ar_model *model, const ar_column *column, size_t before, ar_error *err)
{
    const ar_column *other;
    size_t cursor = 0;
    while ((other = ari_column_next(model, &cursor)) != NULL && cursor < before) {
        if (ari_same_name(ari_column_name(other), ari_column_name(column)))
            return complain(model, column, "another column of the model has the same name, but for case perhaps", err);
    }
    return AR_OK;
}

static ar_status check_columns(const ar_model *model, size_t *columns, size_t *keys, bool *has_auto, ar_error *err)
{
    const ar_column *column;
    size_t cursor = 0;
    while ((column = ari_column_next(model, &cursor)) != NULL) {
        ar_status status = check_column(model, column, err);
        if (status == AR_OK)
            status = check_names(model, column, cursor, err);
        if (status != AR_OK)
            return status;
        *columns += 1;
        *keys += (column->flags & AR_PRIMARY_KEY) != 0;
        *has_auto = *has_auto || (column->flags & AR_AUTO) != 0;
    }
    return AR_OK;
}

static ar_status check_struct(const ar_model *model, ar_error *err)
{
    if (model == NULL)
        return ar_error_set(err, AR_E_INVALID, "the model is NULL; give one that AR_MODEL_DEFINE made");
    if (model->struct_size != sizeof(ar_model) || model->column_size < sizeof(ar_column) || model->columns == NULL)
        return ar_error_set(err, AR_E_INVALID, "a model was not made by this release's AR_MODEL_DEFINE");
    if (model->record_size == 0 || model->record_size > INT32_MAX || model->record_alignment > 16)
        return ar_error_set(err, AR_E_INVALID, "model %s: a struct may be aligned to at most 16 bytes",
                            text_or(model->name, "?"));
    return AR_OK;
}

bool ari_model_has_struct(const ar_model *model)
{
    return check_struct(model, NULL) == AR_OK;
}

ar_status ari_model_check(const ar_model *model, size_t *columns, size_t *keys, ar_error *err)
{
    bool has_auto = false;
    *columns = *keys = 0;
    ar_status status = check_struct(model, err);
    if (status != AR_OK)
        return status;
    const char *name = text_or(model->name, "?");
    if (model->table == NULL || model->table[0] == '\0')
        return ar_error_set(err, AR_E_INVALID, "model %s names no table", name);
    status = check_columns(model, columns, keys, &has_auto, err);
    if (status != AR_OK)
        return status;
    if (*columns == 0 || *columns > ARI_MAX_COLUMNS)
        return ar_error_set(err, AR_E_INVALID, "model %s has %zu columns; it takes 1 to %d", name, *columns,
                            ARI_MAX_COLUMNS);
    if (has_auto && *keys > 1)
        return ar_error_set(err, AR_E_INVALID,
                            "model %s: an AR_AUTO column is the whole primary key, which here has %zu "
                            "columns; take AR_AUTO or AR_PRIMARY_KEY away",
                            name, *keys);
    if (*keys > ARI_MAX_KEY)
        return ar_error_set(err, AR_E_INVALID, "model %s: its primary key has %zu columns; it may have %d", name, *keys,
                            ARI_MAX_KEY);
    return ari_behaviour_check_model(model, err);
}
