/* SPDX-License-Identifier: MIT */
#include "orm/bind.h"

#include <assert.h>

ar_value ar_bind_unsigned(unsigned long long number)
{
    if (number > INT64_MAX)
        return (ar_value){ .type = (ar_type)ARI_TYPE_TOO_LARGE };
    return (ar_value){ .type = AR_TYPE_INT64, .as.integer = (int64_t)number };
}

ar_value ar_bind_list(const void *items, size_t count, ar_kind kind)
{
    ar_value value = { .type = (ar_type)(ARI_TYPE_LIST | (unsigned)kind) };
    value.as.bytes = (ar_bytes){ .data = items, .length = count };
    return value;
}

/* What is known of each kind, by its number. */
typedef struct kind_facts {
    uint16_t size;
    uint8_t type;
    bool nullable;
} kind_facts;

static const kind_facts facts_of_kinds[] = {
    [AR_KIND_NONE] = { 0, AR_TYPE_NULL, false },
    [AR_KIND_BOOL] = { sizeof(bool), AR_TYPE_BOOL, false },
    [AR_KIND_INT16] = { sizeof(int16_t), AR_TYPE_INT16, false },
    [AR_KIND_INT32] = { sizeof(int32_t), AR_TYPE_INT32, false },
    [AR_KIND_INT64] = { sizeof(int64_t), AR_TYPE_INT64, false },
    [AR_KIND_ENUM] = { sizeof(unsigned), AR_TYPE_ENUM, false },
    [AR_KIND_FLOAT] = { sizeof(float), AR_TYPE_FLOAT, false },
    [AR_KIND_DOUBLE] = { sizeof(double), AR_TYPE_DOUBLE, false },
    [AR_KIND_STRING] = { sizeof(char *), AR_TYPE_TEXT, true },
    [AR_KIND_TEXT] = { sizeof(ar_text), AR_TYPE_TEXT, true },
    [AR_KIND_BYTES] = { sizeof(ar_bytes), AR_TYPE_BYTES, true },
    [AR_KIND_JSON] = { sizeof(ar_json), AR_TYPE_JSON, true },
    [AR_KIND_TIMESTAMP] = { sizeof(ar_timestamp), AR_TYPE_TIMESTAMP, false },
    [AR_KIND_DATE] = { sizeof(ar_date), AR_TYPE_DATE, false },
    [AR_KIND_TIME] = { sizeof(ar_time), AR_TYPE_TIME, false },
    [AR_KIND_DECIMAL] = { sizeof(ar_decimal), AR_TYPE_DECIMAL, false },
    [AR_KIND_UUID] = { sizeof(ar_uuid), AR_TYPE_UUID, false },
    [AR_KIND_OPT_BOOL] = { sizeof(ar_opt_bool), AR_TYPE_BOOL, true },
    [AR_KIND_OPT_INT16] = { sizeof(ar_opt_int16), AR_TYPE_INT16, true },
    [AR_KIND_OPT_INT32] = { sizeof(ar_opt_int32), AR_TYPE_INT32, true },
    [AR_KIND_OPT_INT64] = { sizeof(ar_opt_int64), AR_TYPE_INT64, true },
    [AR_KIND_OPT_FLOAT] = { sizeof(ar_opt_float), AR_TYPE_FLOAT, true },
    [AR_KIND_OPT_DOUBLE] = { sizeof(ar_opt_double), AR_TYPE_DOUBLE, true },
    [AR_KIND_OPT_TIMESTAMP] = { sizeof(ar_opt_timestamp), AR_TYPE_TIMESTAMP, true },
    [AR_KIND_OPT_DATE] = { sizeof(ar_opt_date), AR_TYPE_DATE, true },
    [AR_KIND_OPT_TIME] = { sizeof(ar_opt_time), AR_TYPE_TIME, true },
    [AR_KIND_OPT_DECIMAL] = { sizeof(ar_opt_decimal), AR_TYPE_DECIMAL, true },
    [AR_KIND_OPT_UUID] = { sizeof(ar_opt_uuid), AR_TYPE_UUID, true },
    [AR_KIND_INT8] = { sizeof(int8_t), AR_TYPE_INT16, false },
    [AR_KIND_UINT8] = { sizeof(uint8_t), AR_TYPE_INT16, false },
    [AR_KIND_UINT16] = { sizeof(uint16_t), AR_TYPE_INT32, false },
    [AR_KIND_UINT64] = { sizeof(uint64_t), AR_TYPE_INT64, false },
    [AR_KIND_VALUE] = { sizeof(ar_value), AR_TYPE_NULL, true },
};

static const kind_facts *facts_of(ar_kind kind)
{
    size_t count = sizeof facts_of_kinds / sizeof facts_of_kinds[0];
    return &facts_of_kinds[(size_t)kind < count ? kind : AR_KIND_NONE];
}

size_t ari_kind_size(ar_kind kind)
{
    return facts_of(kind)->size;
}

ar_type ari_kind_type(ar_kind kind)
{
    return (ar_type)facts_of(kind)->type;
}

bool ari_kind_is_nullable(ar_kind kind)
{
    return facts_of(kind)->nullable;
}

/* One line a kind: the object's type, and how its value is told and taken. */
#define LOAD(kind, ctype, bound) \
    case kind: {                 \
        const ctype *x = object; \
        return ar_bind(bound);   \
    }

ar_value ari_kind_load(ar_kind kind, const void *object)
{
    switch (kind) {
        LOAD(AR_KIND_BOOL, bool, *x)
        LOAD(AR_KIND_INT16, int16_t, *x)
        LOAD(AR_KIND_INT32, int32_t, *x)
        LOAD(AR_KIND_INT64, int64_t, *x)
    case AR_KIND_ENUM: {
        const unsigned *x = object;
        return (ar_value){ .type = AR_TYPE_ENUM, .as.integer = (int64_t)*x };
    }
        LOAD(AR_KIND_FLOAT, float, *x)
        LOAD(AR_KIND_DOUBLE, double, *x)
        LOAD(AR_KIND_STRING, char *const, *x)
        LOAD(AR_KIND_TEXT, ar_text, *x)
        LOAD(AR_KIND_BYTES, ar_bytes, *x)
        LOAD(AR_KIND_JSON, ar_json, *x)
        LOAD(AR_KIND_TIMESTAMP, ar_timestamp, *x)
        LOAD(AR_KIND_DATE, ar_date, *x)
        LOAD(AR_KIND_TIME, ar_time, *x)
        LOAD(AR_KIND_DECIMAL, ar_decimal, *x)
        LOAD(AR_KIND_UUID, ar_uuid, *x)
        LOAD(AR_KIND_OPT_BOOL, ar_opt_bool, *x)
        LOAD(AR_KIND_OPT_INT16, ar_opt_int16, *x)
        LOAD(AR_KIND_OPT_INT32, ar_opt_int32, *x)
        LOAD(AR_KIND_OPT_INT64, ar_opt_int64, *x)
        LOAD(AR_KIND_OPT_FLOAT, ar_opt_float, *x)
        LOAD(AR_KIND_OPT_DOUBLE, ar_opt_double, *x)
        LOAD(AR_KIND_OPT_TIMESTAMP, ar_opt_timestamp, *x)
        LOAD(AR_KIND_OPT_DATE, ar_opt_date, *x)
        LOAD(AR_KIND_OPT_TIME, ar_opt_time, *x)
        LOAD(AR_KIND_OPT_DECIMAL, ar_opt_decimal, *x)
        LOAD(AR_KIND_OPT_UUID, ar_opt_uuid, *x)
        LOAD(AR_KIND_INT8, int8_t, *x)
        LOAD(AR_KIND_UINT8, uint8_t, *x)
        LOAD(AR_KIND_UINT16, uint16_t, *x)
        LOAD(AR_KIND_UINT64, uint64_t, *x)
        LOAD(AR_KIND_VALUE, ar_value, *x)
    case AR_KIND_NONE: break;
    }
    return AR_NULL;
}

static void store_null(ar_kind kind, void *object)
{
    memset(object, 0, ari_kind_size(kind));
}

#define STORE(kind, ctype, from) \
    case kind: {                 \
        ctype *x = object;       \
        *x = (from);             \
        return true;             \
    }
#define STORE_INTEGER(kind, ctype, low, high)                        \
    case kind: {                                                     \
        ctype *x = object;                                           \
        if (value->as.integer < (low) || value->as.integer > (high)) \
            return false;                                            \
        *x = (ctype)value->as.integer;                               \
        return true;                                                 \
    }
#define STORE_OPTIONAL(kind, ctype, from) \
    case kind: {                          \
        ctype *x = object;                \
        x->has = true;                    \
        x->value = (from);                \
        return true;                      \
    }
#define STORE_OPTIONAL_INTEGER(kind, ctype, inner, low, high)        \
    case kind: {                                                     \
        ctype *x = object;                                           \
        if (value->as.integer < (low) || value->as.integer > (high)) \
            return false;                                            \
        x->has = true;                                               \
        x->value = (inner)value->as.integer;                         \
        return true;                                                 \
    }

bool ari_kind_store(ar_kind kind, void *object, const ar_value *value)
{
    if (value->type == AR_TYPE_NULL) {
        if (!ari_kind_is_nullable(kind))
            return false;
        store_null(kind, object);
        return true;
    }
    if (value->type != ari_kind_type(kind) && kind != AR_KIND_VALUE)
        return false;
    switch (kind) {
        STORE(AR_KIND_BOOL, bool, value->as.boolean)
        STORE_INTEGER(AR_KIND_INT16, int16_t, INT16_MIN, INT16_MAX)
        STORE_INTEGER(AR_KIND_INT32, int32_t, INT32_MIN, INT32_MAX)
        STORE(AR_KIND_INT64, int64_t, value->as.integer)
        STORE_INTEGER(AR_KIND_ENUM, unsigned, 0, UINT32_MAX)
        STORE(AR_KIND_FLOAT, float, value->as.single)
        STORE(AR_KIND_DOUBLE, double, value->as.real)
        STORE(AR_KIND_STRING, const char *, value->as.text.data)
        STORE(AR_KIND_TEXT, ar_text, value->as.text)
        STORE(AR_KIND_BYTES, ar_bytes, value->as.bytes)
    case AR_KIND_JSON: {
        ar_json *x = object;
        *x = (ar_json){ .data = value->as.text.data, .length = value->as.text.length };
        return true;
    }
        STORE(AR_KIND_TIMESTAMP, ar_timestamp, value->as.timestamp)
        STORE(AR_KIND_DATE, ar_date, value->as.date)
        STORE(AR_KIND_TIME, ar_time, value->as.time)
        STORE(AR_KIND_DECIMAL, ar_decimal, value->as.decimal)
        STORE(AR_KIND_UUID, ar_uuid, value->as.uuid)
        STORE_OPTIONAL(AR_KIND_OPT_BOOL, ar_opt_bool, value->as.boolean)
        STORE_OPTIONAL_INTEGER(AR_KIND_OPT_INT16, ar_opt_int16, int16_t, INT16_MIN, INT16_MAX)
        STORE_OPTIONAL_INTEGER(AR_KIND_OPT_INT32, ar_opt_int32, int32_t, INT32_MIN, INT32_MAX)
        STORE_OPTIONAL(AR_KIND_OPT_INT64, ar_opt_int64, value->as.integer)
        STORE_OPTIONAL(AR_KIND_OPT_FLOAT, ar_opt_float, value->as.single)
        STORE_OPTIONAL(AR_KIND_OPT_DOUBLE, ar_opt_double, value->as.real)
        STORE_OPTIONAL(AR_KIND_OPT_TIMESTAMP, ar_opt_timestamp, value->as.timestamp)
        STORE_OPTIONAL(AR_KIND_OPT_DATE, ar_opt_date, value->as.date)
        STORE_OPTIONAL(AR_KIND_OPT_TIME, ar_opt_time, value->as.time)
        STORE_OPTIONAL(AR_KIND_OPT_DECIMAL, ar_opt_decimal, value->as.decimal)
        STORE_OPTIONAL(AR_KIND_OPT_UUID, ar_opt_uuid, value->as.uuid)
        STORE_INTEGER(AR_KIND_INT8, int8_t, INT8_MIN, INT8_MAX)
        STORE_INTEGER(AR_KIND_UINT8, uint8_t, 0, UINT8_MAX)
        STORE_INTEGER(AR_KIND_UINT16, uint16_t, 0, UINT16_MAX)
        STORE_INTEGER(AR_KIND_UINT64, uint64_t, 0, INT64_MAX)
        STORE(AR_KIND_VALUE, ar_value, *value)
    case AR_KIND_NONE: break;
    }
    return false;
}

ar_value ari_list_at(const ar_value *list, size_t index)
{
    ar_kind kind = (ar_kind)((unsigned)list->type & 0xffu);
    assert(ari_value_is_list(list) && index < ari_list_count(list));
    return ari_kind_load(kind, (const char *)list->as.bytes.data + index * ari_kind_size(kind));
}

static bool same_bytes(const void *a, size_t a_length, const void *b, size_t b_length)
{
    return a_length == b_length && (a_length == 0 || a == b || memcmp(a, b, a_length) == 0);
}

static bool same_decimal(const ar_decimal *a, const ar_decimal *b)
{
    return a->low == b->low && a->high == b->high && a->scale == b->scale && a->negative == b->negative;
}

bool ari_value_equal(const ar_value *a, const ar_value *b)
{
    if (a->type != b->type)
        return false;
    switch (a->type) {
    case AR_TYPE_NULL: return true;
    case AR_TYPE_BOOL: return a->as.boolean == b->as.boolean;
    case AR_TYPE_INT16:
    case AR_TYPE_INT32:
    case AR_TYPE_INT64:
    case AR_TYPE_ENUM: return a->as.integer == b->as.integer;
    case AR_TYPE_FLOAT: return memcmp(&a->as.single, &b->as.single, sizeof a->as.single) == 0;
    case AR_TYPE_DOUBLE: return memcmp(&a->as.real, &b->as.real, sizeof a->as.real) == 0;
    case AR_TYPE_TEXT:
    case AR_TYPE_JSON: return same_bytes(a->as.text.data, a->as.text.length, b->as.text.data, b->as.text.length);
    case AR_TYPE_BYTES: return same_bytes(a->as.bytes.data, a->as.bytes.length, b->as.bytes.data, b->as.bytes.length);
    case AR_TYPE_TIMESTAMP: return a->as.timestamp.us == b->as.timestamp.us;
    case AR_TYPE_DATE: return a->as.date.days == b->as.date.days;
    case AR_TYPE_TIME: return a->as.time.us == b->as.time.us;
    case AR_TYPE_DECIMAL: return same_decimal(&a->as.decimal, &b->as.decimal);
    case AR_TYPE_UUID: return memcmp(a->as.uuid.bytes, b->as.uuid.bytes, sizeof a->as.uuid.bytes) == 0;
    }
    return false;
}

ar_status ari_value_check(const ar_value *value, const char *what, ar_error *err)
{
    unsigned type = (unsigned)value->type;
    if (ari_value_is_list(value))
        return ar_error_set(err, AR_E_INVALID, "%s is a list, where one value belongs; a list goes into an IN", what);
    if (type == ARI_TYPE_TOO_LARGE)
        return ar_error_set(err, AR_E_INVALID, "%s is an unsigned number above the largest 64-bit integer", what);
    if (type > AR_TYPE_ENUM)
        return ar_error_set(err, AR_E_INVALID, "%s is of type %u, which is none; make values with ar_bind", what, type);
    bool text = value->type == AR_TYPE_TEXT || value->type == AR_TYPE_JSON;
    size_t length = text ? value->as.text.length : value->type == AR_TYPE_BYTES ? value->as.bytes.length : 0;
    if (length > INT32_MAX)
        return ar_error_set(err, AR_E_INVALID, "%s has %zu bytes; a value may have 2 GiB", what, length);
    if (length > 0 && (text ? (const void *)value->as.text.data : value->as.bytes.data) == NULL)
        return ar_error_set(err, AR_E_INVALID, "%s has a length but no data", what);
    return AR_OK;
}
