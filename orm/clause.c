/* SPDX-License-Identifier: MIT */
#include "orm/clause.h"

#include <stdalign.h>
#include <string.h>

void ari_clause_init(ari_clause *clause, const ar_env *env, ari_arena *arena)
{
    *clause = (ari_clause){ .arena = arena };
    ari_text_buffer_init(&clause->text, env);
}

void ari_clause_fini(ari_clause *clause)
{
    ari_text_buffer_fini(&clause->text);
}

void ari_clause_bytes(ari_clause *clause, const char *sql, size_t length)
{
    ari_text_buffer_append(&clause->text, sql, length);
}

void ari_clause_sql(ari_clause *clause, const char *sql)
{
    ari_text_buffer_append_cstr(&clause->text, sql);
}

void ari_clause_name(ari_clause *clause, const ar_dialect *dialect, const char *name)
{
    char quote = dialect->identifier_quote;
    const char *inner;
    ari_text_buffer_append_char(&clause->text, quote);
    while (quote != '\0' && (inner = strchr(name, quote)) != NULL) {
        ari_text_buffer_append(&clause->text, name, (size_t)(inner + 1 - name));
        ari_text_buffer_append_char(&clause->text, quote);
        name = inner + 1;
    }
    ari_text_buffer_append_cstr(&clause->text, name);
    ari_text_buffer_append_char(&clause->text, quote);
}

void ari_clause_compared(ari_clause *clause, const ar_dialect *dialect, const char *name, ar_type type)
{
    bool decimal = type == AR_TYPE_DECIMAL;
    if (decimal && dialect->decimal_before != NULL)
        ari_clause_sql(clause, dialect->decimal_before);
    ari_clause_name(clause, dialect, name);
    if (decimal)
        ari_clause_sql(clause, dialect->decimal_compare);
}

void ari_clause_insert(ari_clause *clause, size_t offset, const char *sql)
{
    size_t before = clause->text.length, length = strlen(sql);
    ari_text_buffer_append(&clause->text, sql, length);
    if (clause->text.failed)
        return;
    memmove(clause->text.data + offset + length, clause->text.data + offset, before - offset);
    memcpy(clause->text.data + offset, sql, length);
}

static bool reserve(ari_clause *clause, size_t more)
{
    if (clause->capacity - clause->count >= more)
        return true;
    size_t capacity = clause->capacity < 4 ? 4 : clause->capacity * 2;
    while (capacity - clause->count < more)
        capacity *= 2;
    ar_value *values = ari_arena_alloc_array(clause->arena, capacity, sizeof *values, alignof(ar_value));
    if (values == NULL)
        return false;
    if (clause->count > 0)
        memcpy(values, clause->values, clause->count * sizeof *values);
    clause->values = values;
    clause->capacity = capacity;
    return true;
}

static bool copy_value(ari_arena *arena, const ar_value *in, ar_value *out)
{
    *out = *in;
    if (in->type == AR_TYPE_TEXT || in->type == AR_TYPE_JSON) {
        out->as.text.data = ari_arena_copy_text(arena, in->as.text.data, in->as.text.length);
        return out->as.text.data != NULL;
    }
    if (in->type == AR_TYPE_BYTES) {
        out->as.bytes.data = ari_arena_copy_bytes(arena, in->as.bytes.data, in->as.bytes.length);
        return out->as.bytes.data != NULL;
    }
    return true;
}

void ari_clause_value(ari_clause *clause, const ar_value *value)
{
    ari_text_buffer_append_char(&clause->text, '\0');
    if (clause->failed || !reserve(clause, 1) || !copy_value(clause->arena, value, &clause->values[clause->count])) {
        clause->failed = true;
        return;
    }
    clause->count++;
}

void ari_clause_append(ari_clause *clause, const ari_clause *other)
{
    ari_text_buffer_append(&clause->text, other->text.data, other->text.length);
    if (clause->failed || other->failed || other->text.failed || !reserve(clause, other->count)) {
        clause->failed = true;
        return;
    }
    if (other->count > 0)
        memcpy(clause->values + clause->count, other->values, other->count * sizeof *other->values);
    clause->count += other->count;
}

static void append_placeholder(ari_text_buffer *sql, const ar_dialect *dialect, size_t number)
{
    switch (dialect->placeholder) {
    case AR_PLACEHOLDER_QUESTION: ari_text_buffer_append_char(sql, '?'); return;
    case AR_PLACEHOLDER_DOLLAR:
        ari_text_buffer_append_char(sql, '$');
        ari_text_buffer_append_int64(sql, (int64_t)number);
        return;
    }
}

ar_status ari_clause_finish(const ari_clause *clause, const ar_dialect *dialect, char **sql, size_t *length,
                            ar_error *err)
{
    if (clause->failed || clause->text.failed)
        return ar_error_set(err, AR_E_NO_MEMORY, "building SQL: there is no memory left for it");
    if (clause->count > dialect->max_parameters)
        return ar_error_set(err, AR_E_INVALID,
                            "building SQL: it has %zu values, and %s takes %u in one statement; split the list",
                            clause->count, dialect->name, (unsigned)dialect->max_parameters);
    ari_text_buffer buffer;
    ari_text_buffer_init(&buffer, clause->text.env);
    const char *cursor = ari_text_buffer_cstr(&clause->text);
    const char *end = cursor + clause->text.length;
    for (size_t number = 1; cursor <= end; number++) {
        const char *mark = cursor < end ? memchr(cursor, '\0', (size_t)(end - cursor)) : NULL;
        const char *stop = mark != NULL ? mark : end;
        ari_text_buffer_append(&buffer, cursor, (size_t)(stop - cursor));
        if (mark == NULL)
            break;
        append_placeholder(&buffer, dialect, number);
        cursor = mark + 1;
    }
    *sql = ari_text_buffer_take(&buffer, length);
    if (*sql == NULL) {
        ari_text_buffer_fini(&buffer);
        return ar_error_set(err, AR_E_NO_MEMORY, "building SQL: there is no memory left for it");
    }
    return AR_OK;
}
