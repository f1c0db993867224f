/* SPDX-License-Identifier: MIT */
#include "orm/rows.h"

#include <stdalign.h>
#include <string.h>

#include <actrec/row.h>

#include "orm/convert.h"

/* Design. Rows are filled by the thread that runs the connection and handed over whole; from then on they do not
 * change. Names, texts and bytes lie in the arena; the values, which grow by doubling, in one array. */

static void free_owned(ari_owned *owned)
{
    ar_rows *rows = (ar_rows *)owned;
    ari_arena_fini(&rows->arena);
    ari_release(rows->env, rows->values);
    ari_release(rows->env, rows);
}

ar_rows *ari_rows_create(const ar_env *env)
{
    ar_rows *rows = ari_allocate_zero(env, sizeof *rows);
    if (rows == NULL)
        return NULL;
    rows->env = env;
    rows->owned.free = free_owned;
    ari_arena_init(&rows->arena, env, 0);
    return rows;
}

void ar_rows_free(ar_rows *rows)
{
    if (rows == NULL)
        return;
    ari_disown(&rows->owned);
    free_owned(&rows->owned);
}

static ar_status no_memory(ar_error *err)
{
    return ar_error_set(err, AR_E_NO_MEMORY, "reading rows: there is no memory left for them");
}

static ar_status begin(void *ctx, const ar_result_column *columns, size_t count, ar_error *err)
{
    ar_rows *rows = ctx;
    rows->count = 0;
    rows->names = ari_arena_alloc_array(&rows->arena, count, sizeof *rows->names, alignof(char *));
    if (rows->names == NULL)
        return no_memory(err);
    if (count != rows->column_count) {
        ari_release(rows->env, rows->values);
        rows->values = NULL;
        rows->capacity = 0;
    }
    rows->column_count = 0;
    for (size_t i = 0; i < count; i++) {
        const char *name = columns[i].name != NULL ? columns[i].name : "";
        rows->names[i] = ari_arena_copy_text(&rows->arena, name, strlen(name));
        if (rows->names[i] == NULL)
            return no_memory(err);
    }
    rows->column_count = count;
    return AR_OK;
}

static bool make_room(ar_rows *rows)
{
    if (rows->count < rows->capacity)
        return true;
    size_t capacity = rows->capacity == 0 ? 16 : rows->capacity * 2;
    size_t values;
    if (!ari_size_multiply(capacity, rows->column_count, &values))
        return false;
    ar_value *moved = ari_reallocate_array(rows->env, rows->values, values, sizeof *moved);
    if (moved == NULL)
        return false;
    rows->values = moved;
    rows->capacity = capacity;
    return true;
}

/* Texts get a NUL behind them; bytes too, for nothing. */
static bool copy_value(ari_arena *arena, const ar_value *in, ar_value *out)
{
    *out = *in;
    if (in->type == AR_TYPE_BYTES) {
        out->as.bytes.data = ari_arena_copy_bytes(arena, in->as.bytes.data, in->as.bytes.length);
        return out->as.bytes.data != NULL;
    }
    if (in->type == AR_TYPE_TEXT || in->type == AR_TYPE_JSON) {
        out->as.text.data = ari_arena_copy_text(arena, in->as.text.data, in->as.text.length);
        return out->as.text.data != NULL;
    }
    return true;
}

static ar_status add_row(void *ctx, const ar_value *values, size_t count, ar_error *err)
{
    ar_rows *rows = ctx;
    if (!make_room(rows))
        return no_memory(err);
    ar_value *row = rows->values + rows->count * rows->column_count;
    for (size_t i = 0; i < count; i++) {
        if (!copy_value(&rows->arena, &values[i], &row[i]))
            return no_memory(err);
    }
    rows->count++;
    return AR_OK;
}

static void restart(void *ctx)
{
    ar_rows *rows = ctx;
    ari_arena_reset(&rows->arena);
    rows->count = 0;
    ari_release(rows->env, rows->values);
    rows->values = NULL;
    rows->capacity = 0;
    rows->column_count = 0;
    rows->names = NULL;
}

ar_status ari_rows_clear(ar_rows *rows, ar_error *err)
{
    ari_arena kept;
    ari_arena_init(&kept, rows->env, 0);
    const char **names = ari_arena_alloc_array(&kept, rows->column_count, sizeof *names, alignof(char *));
    bool good = names != NULL;
    for (size_t i = 0; good && i < rows->column_count; i++)
        good = (names[i] = ari_arena_copy_text(&kept, rows->names[i], strlen(rows->names[i]))) != NULL;
    if (!good) {
        ari_arena_fini(&kept);
        return no_memory(err);
    }
    ari_arena_fini(&rows->arena);
    rows->arena = kept;
    rows->names = names;
    rows->count = 0;
    return AR_OK;
}

const ar_sink ari_rows_sink = { .begin = begin, .row = add_row, .restart = restart };

size_t ar_rows_count(const ar_rows *rows)
{
    return rows != NULL ? rows->count : 0;
}

size_t ar_rows_column_count(const ar_rows *rows)
{
    return rows != NULL ? rows->column_count : 0;
}

const char *ar_rows_column_name(const ar_rows *rows, size_t column)
{
    return rows != NULL && column < rows->column_count ? rows->names[column] : NULL;
}

size_t ar_rows_column_index(const ar_rows *rows, const char *name)
{
    if (rows == NULL || name == NULL)
        return AR_ROWS_NO_COLUMN;
    for (size_t i = 0; i < rows->column_count; i++) {
        if (strcmp(rows->names[i], name) == 0)
            return i;
    }
    return AR_ROWS_NO_COLUMN;
}

static const ar_value *cell(const ar_rows *rows, size_t row, size_t column)
{
    if (rows == NULL || row >= rows->count || column >= rows->column_count)
        return NULL;
    return &rows->values[row * rows->column_count + column];
}

bool ar_rows_is_null(const ar_rows *rows, size_t row, size_t column)
{
    const ar_value *value = cell(rows, row, column);
    return value == NULL || value->type == AR_TYPE_NULL;
}

static ar_status reach(const ar_rows *rows, size_t row, size_t column, const void *out, const ar_value **value,
                       ar_error *err)
{
    if (rows == NULL || out == NULL)
        return ar_error_set(err, AR_E_INVALID, "reading a value of rows: %s is NULL", rows == NULL ? "rows" : "out");
    if (column >= rows->column_count)
        return ar_error_set(err, AR_E_INVALID,
                            "reading a value of rows: there is no such column; the result has %zu columns",
                            rows->column_count);
    if (row >= rows->count)
        return ar_error_set(err, AR_E_INVALID, "reading column \"%s\" of row %zu: there are %zu rows, counted from 0",
                            rows->names[column], row, rows->count);
    *value = cell(rows, row, column);
    return AR_OK;
}

static ar_status fetch(const ar_rows *rows, size_t row, size_t column, ar_type want, const void *out, ar_value *value,
                       ar_error *err)
{
    const ar_value *stored = NULL;
    ar_status status = reach(rows, row, column, out, &stored, err);
    if (status != AR_OK)
        return status;
    if (!ari_value_as(stored, want, ARI_FROM_ENGINE, value))
        return ar_error_set(err, AR_E_TYPE,
                            "reading column \"%s\" of row %zu: it holds a value of type %s that is no %s",
                            rows->names[column], row, ar_type_name(stored->type), ar_type_name(want));
    return AR_OK;
}

static ar_status fetch_not_null(const ar_rows *rows, size_t row, size_t column, ar_type want, const void *out,
                                ar_value *value, ar_error *err)
{
    ar_status status = fetch(rows, row, column, want, out, value, err);
    if (status == AR_OK && value->type == AR_TYPE_NULL)
        return ar_error_set(err, AR_E_TYPE,
                            "reading column \"%s\" of row %zu as %s: it is NULL; ask ar_rows_is_null first",
                            rows->names[column], row, ar_type_name(want));
    return status;
}

ar_status ar_rows_value(const ar_rows *rows, size_t row, size_t column, ar_value *out, ar_error *err)
{
    const ar_value *stored = NULL;
    ar_status status = reach(rows, row, column, out, &stored, err);
    if (status == AR_OK)
        *out = *stored;
    return status;
}

ar_status ar_rows_value_named(const ar_rows *rows, size_t row, const char *name, ar_value *out, ar_error *err)
{
    if (name == NULL)
        return ar_error_set(err, AR_E_INVALID, "reading a value of rows: the name of the column is NULL");
    return ar_rows_value(rows, row, ar_rows_column_index(rows, name), out, err);
}

ar_type ar_rows_column_type(const ar_rows *rows, size_t column)
{
    for (size_t row = 0; row < ar_rows_count(rows); row++)
        if (!ar_rows_is_null(rows, row, column))
            return cell(rows, row, column)->type;
    return AR_TYPE_NULL;
}

ar_status ar_rows_int64(const ar_rows *rows, size_t row, size_t column, int64_t *out, ar_error *err)
{
    ar_value value;
    ar_status status = fetch_not_null(rows, row, column, AR_TYPE_INT64, out, &value, err);
    if (status == AR_OK)
        *out = value.as.integer;
    return status;
}

ar_status ar_rows_int32(const ar_rows *rows, size_t row, size_t column, int32_t *out, ar_error *err)
{
    ar_value value;
    ar_status status = fetch_not_null(rows, row, column, AR_TYPE_INT32, out, &value, err);
    if (status == AR_OK)
        *out = (int32_t)value.as.integer;
    return status;
}

ar_status ar_rows_bool(const ar_rows *rows, size_t row, size_t column, bool *out, ar_error *err)
{
    ar_value value;
    ar_status status = fetch_not_null(rows, row, column, AR_TYPE_BOOL, out, &value, err);
    if (status == AR_OK)
        *out = value.as.boolean;
    return status;
}

ar_status ar_rows_double(const ar_rows *rows, size_t row, size_t column, double *out, ar_error *err)
{
    ar_value value;
    ar_status status = fetch_not_null(rows, row, column, AR_TYPE_DOUBLE, out, &value, err);
    if (status == AR_OK)
        *out = value.as.real;
    return status;
}

ar_status ar_rows_decimal(const ar_rows *rows, size_t row, size_t column, ar_decimal *out, ar_error *err)
{
    ar_value value;
    ar_status status = fetch_not_null(rows, row, column, AR_TYPE_DECIMAL, out, &value, err);
    if (status == AR_OK)
        *out = value.as.decimal;
    return status;
}

ar_status ar_rows_timestamp(const ar_rows *rows, size_t row, size_t column, ar_timestamp *out, ar_error *err)
{
    ar_value value;
    ar_status status = fetch_not_null(rows, row, column, AR_TYPE_TIMESTAMP, out, &value, err);
    if (status == AR_OK)
        *out = value.as.timestamp;
    return status;
}

ar_status ar_rows_date(const ar_rows *rows, size_t row, size_t column, ar_date *out, ar_error *err)
{
    ar_value value;
    ar_status status = fetch_not_null(rows, row, column, AR_TYPE_DATE, out, &value, err);
    if (status == AR_OK)
        *out = value.as.date;
    return status;
}

ar_status ar_rows_time(const ar_rows *rows, size_t row, size_t column, ar_time *out, ar_error *err)
{
    ar_value value;
    ar_status status = fetch_not_null(rows, row, column, AR_TYPE_TIME, out, &value, err);
    if (status == AR_OK)
        *out = value.as.time;
    return status;
}

ar_status ar_rows_uuid(const ar_rows *rows, size_t row, size_t column, ar_uuid *out, ar_error *err)
{
    ar_value value;
    ar_status status = fetch_not_null(rows, row, column, AR_TYPE_UUID, out, &value, err);
    if (status == AR_OK)
        *out = value.as.uuid;
    return status;
}

ar_status ar_rows_text(const ar_rows *rows, size_t row, size_t column, const char **out, ar_error *err)
{
    ar_value value;
    ar_status status = fetch(rows, row, column, AR_TYPE_TEXT, out, &value, err);
    if (status == AR_OK)
        *out = value.type == AR_TYPE_NULL ? NULL : value.as.text.data;
    return status;
}

ar_status ar_rows_bytes(const ar_rows *rows, size_t row, size_t column, ar_bytes *out, ar_error *err)
{
    ar_value value;
    ar_status status = fetch(rows, row, column, AR_TYPE_BYTES, out, &value, err);
    if (status == AR_OK)
        *out = value.type == AR_TYPE_NULL ? (ar_bytes){ .data = NULL, .length = 0 } : value.as.bytes;
    return status;
}

ar_status ar_rows_json(const ar_rows *rows, size_t row, size_t column, ar_json *out, ar_error *err)
{
    ar_value value;
    ar_status status = fetch(rows, row, column, AR_TYPE_JSON, out, &value, err);
    if (status == AR_OK)
        *out = value.type == AR_TYPE_NULL ? (ar_json){ .data = NULL, .length = 0 }
                                          : (ar_json){ .data = value.as.text.data, .length = value.as.text.length };
    return status;
}
