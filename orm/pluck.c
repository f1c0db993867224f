/* SPDX-License-Identifier: MIT */
#include <actrec/pluck.h>

#include <stdalign.h>
#include <string.h>

#include "orm/bind.h"
#include "orm/convert.h"
#include "orm/query_run.h"

/* Design. What is read comes as rows, and stays in their memory: the array, or the text of a single value, is allocated in
 * their arena, behind a header that says which rows these are. Freeing it frees the rows; so does their scope. */

typedef struct header {
    alignas(max_align_t) ar_rows *rows;
} header;

static ar_status no_memory(ar_error *err)
{
    return ar_error_set(err, AR_E_NO_MEMORY, "reading values: there is no memory left for them");
}

static void *allocate(ar_rows *rows, size_t count, size_t size)
{
    size_t bytes = 0;
    if (!ari_size_multiply(count, size, &bytes) || !ari_size_add(bytes, sizeof(header), &bytes))
        return NULL;
    header *block = ari_arena_alloc(&rows->arena, bytes, alignof(header));
    if (block == NULL)
        return NULL;
    block->rows = rows;
    return block + 1;
}

void ar_array_free(const void *items)
{
    if (items != NULL)
        ar_rows_free(((const header *)items - 1)->rows);
}

static ar_status check(const ar_rows *rows, ar_kind kind, ar_error *err)
{
    if (ari_kind_size(kind) == 0)
        return ar_error_set(err, AR_E_INVALID, "reading values: there is no such type");
    if (ar_rows_column_count(rows) != 1)
        return ar_error_set(err, AR_E_INVALID, "reading values: the query has %zu columns, and not one",
                            ar_rows_column_count(rows));
    return AR_OK;
}

static ar_status store(const ar_rows *rows, size_t row, ar_kind kind, void *out, ar_error *err)
{
    const ar_value *stored = &rows->values[row];
    ar_value value;
    bool fits = ari_value_as(stored, ari_kind_type(kind), ARI_FROM_ENGINE, &value);
    if (kind == AR_KIND_VALUE && fits) {
        memcpy(out, &value, sizeof value);
        return AR_OK;
    }
    if (fits && ari_kind_store(kind, out, &value))
        return AR_OK;
    return ar_error_set(err, AR_E_TYPE, "reading values: row %zu has a value of type %s, which is no %s", row,
                        ar_type_name(stored->type), ar_type_name(ari_kind_type(kind)));
}

static bool is_text(ar_type type)
{
    return type == AR_TYPE_TEXT || type == AR_TYPE_JSON || type == AR_TYPE_BYTES;
}

/* The one value that keeps its rows: a text of its own block. */
static ar_status keep_text(ar_rows *rows, ar_kind kind, void *out, ar_error *err)
{
    ar_value *value = &rows->values[0];
    size_t length = value->type == AR_TYPE_BYTES ? value->as.bytes.length : value->as.text.length;
    const void *data = value->type == AR_TYPE_BYTES ? value->as.bytes.data : value->as.text.data;
    char *text = length < SIZE_MAX ? allocate(rows, length + 1, 1) : NULL;
    if (text == NULL)
        return no_memory(err);
    if (length > 0)
        memcpy(text, data, length);
    text[length] = '\0';
    if (value->type == AR_TYPE_BYTES)
        value->as.bytes.data = text;
    else
        value->as.text.data = text;
    return store(rows, 0, kind, out, err);
}

static bool keeps_text(ar_kind kind)
{
    return kind == AR_KIND_VALUE || is_text(ari_kind_type(kind));
}

static ar_status read_scalar(ar_rows *rows, ar_kind kind, void *out, ar_error *err)
{
    ar_status status = check(rows, kind, err);
    bool keep = false;
    if (status == AR_OK && rows->count == 0)
        status = ar_error_set(err, AR_E_NOT_FOUND, "reading a value: the query has no row");
    if (status == AR_OK) {
        keep = is_text(rows->values[0].type) && keeps_text(kind);
        status = keep ? keep_text(rows, kind, out, err) : store(rows, 0, kind, out, err);
    }
    if (status != AR_OK || !keep)
        ar_rows_free(rows);
    return status;
}

static ar_status read_array(ar_rows *rows, ar_kind kind, void *items, size_t *count, ar_error *err)
{
    size_t size = ari_kind_size(kind);
    char *array = NULL;
    ar_status status = check(rows, kind, err);
    if (status == AR_OK && rows->count > 0 && (array = allocate(rows, rows->count, size)) == NULL)
        status = no_memory(err);
    for (size_t i = 0; status == AR_OK && i < rows->count; i++)
        status = store(rows, i, kind, array + i * size, err);
    if (status == AR_OK) {
        *count = rows->count;
        memcpy(items, &array, sizeof array);
    }
    if (status != AR_OK || array == NULL)
        ar_rows_free(rows);
    return status;
}

static ar_status refuse(ar_query *query, ar_error *err)
{
    ar_query_free(query);
    return ar_error_set(err, AR_E_INVALID, "reading values: what they are to be read into is NULL");
}

static void forget(void *items, size_t *count)
{
    const char *none = NULL;
    if (items != NULL)
        memcpy(items, &none, sizeof none);
    if (count != NULL)
        *count = 0;
}

ar_status ar_query_scalar_as(ar_query *query, ar_kind kind, void *out, ar_error *err)
{
    ar_rows *rows = NULL;
    if (out == NULL)
        return refuse(query, err);
    ar_status status = ari_query_run_rows(query, ARI_ASK_SCALAR, &rows, err);
    return status == AR_OK ? read_scalar(rows, kind, out, err) : status;
}

ar_rows_future ar_query_scalar_async(ar_query *query)
{
    return (ar_rows_future){ .raw = ari_query_submit(query, ARI_ASK_SCALAR, NULL) };
}

ar_status ar_scalar_await_as(ar_rows_future *future, ar_kind kind, void *out, ar_error *err)
{
    ar_rows *rows = NULL;
    ar_status status = ar_rows_await(future, &rows, err);
    if (status != AR_OK)
        return status;
    if (out != NULL)
        return read_scalar(rows, kind, out, err);
    ar_rows_free(rows);
    return refuse(NULL, err);
}

ar_status ar_query_pluck_as(ar_query *query, ar_kind kind, void *items, size_t *count, ar_error *err)
{
    ar_rows *rows = NULL;
    forget(items, count);
    if (items == NULL || count == NULL)
        return refuse(query, err);
    ar_status status = ari_query_run_rows(query, ARI_ASK_ROWS, &rows, err);
    return status == AR_OK ? read_array(rows, kind, items, count, err) : status;
}

ar_status ar_pluck_await_as(ar_rows_future *future, ar_kind kind, void *items, size_t *count, ar_error *err)
{
    ar_rows *rows = NULL;
    forget(items, count);
    ar_status status = ar_rows_await(future, &rows, err);
    if (status != AR_OK)
        return status;
    if (items != NULL && count != NULL)
        return read_array(rows, kind, items, count, err);
    ar_rows_free(rows);
    return refuse(NULL, err);
}
