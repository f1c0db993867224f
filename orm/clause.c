/* SPDX-License-Identifier: MIT */
#include "orm/clause.h"

#include <stdalign.h>
#include <string.h>

enum { MARK_VALUE = 1, MARK_SOURCE = 2 }; /* behind a NUL; MARK_SOURCE + i is the name of table i */

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

enum { SHORT_NAME = 64 };

static void append_long_name(ari_text_buffer *text, char quote, const char *name)
{
    const char *inner;
    ari_text_buffer_append_char(text, quote);
    while (quote != '\0' && (inner = strchr(name, quote)) != NULL) {
        ari_text_buffer_append(text, name, (size_t)(inner + 1 - name));
        ari_text_buffer_append_char(text, quote);
        name = inner + 1;
    }
    ari_text_buffer_append_cstr(text, name);
    ari_text_buffer_append_char(text, quote);
}

/* Most are short and have no quote in them: those are written at once. */
static void append_name(ari_text_buffer *text, const ar_dialect *dialect, const char *name)
{
    char quote = dialect->identifier_quote, whole[SHORT_NAME + 2];
    size_t length = strlen(name);
    if (length > SHORT_NAME || memchr(name, quote, length) != NULL) {
        append_long_name(text, quote, name);
        return;
    }
    whole[0] = quote;
    memcpy(whole + 1, name, length);
    whole[length + 1] = quote;
    ari_text_buffer_append(text, whole, length + 2);
}

void ari_clause_name(ari_clause *clause, const ar_dialect *dialect, const char *name)
{
    append_name(&clause->text, dialect, name);
}

void ari_clause_number(ari_clause *clause, int64_t number)
{
    ari_text_buffer_append_int64(&clause->text, number);
}

void ari_clause_qualifier(ari_clause *clause, size_t source)
{
    const char mark[] = { '\0', (char)(MARK_SOURCE + source) };
    ari_text_buffer_append(&clause->text, mark, sizeof mark);
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
    static const char mark[] = { '\0', MARK_VALUE };
    ari_text_buffer_append(&clause->text, mark, sizeof mark);
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

static void append_qualifier(ari_text_buffer *sql, const ar_dialect *dialect, const ari_qualifiers *qualifiers,
                             size_t source)
{
    if (qualifiers == NULL || qualifiers->names == NULL || source >= qualifiers->count)
        return;
    append_name(sql, dialect, qualifiers->names[source]);
    ari_text_buffer_append_char(sql, '.');
}

/* The next mark in [cursor, end): what is before it is appended. NULL: there is none. */
static const char *next_mark(ari_text_buffer *sql, const char *cursor, const char *end)
{
    const char *mark = cursor < end ? memchr(cursor, '\0', (size_t)(end - cursor)) : NULL;
    ari_text_buffer_append(sql, cursor, (size_t)((mark != NULL ? mark : end) - cursor));
    return mark;
}

void ari_clause_embed(ari_clause *clause, const ar_dialect *dialect, const ari_clause *other,
                      const ari_qualifiers *qualifiers)
{
    const char *cursor = ari_text_buffer_cstr(&other->text);
    const char *end = cursor + other->text.length;
    const char *mark;
    size_t used = 0;
    if (other->failed || other->text.failed)
        clause->failed = true;
    for (; !clause->failed && (mark = next_mark(&clause->text, cursor, end)) != NULL; cursor = mark + 2) {
        if (mark[1] == MARK_VALUE)
            ari_clause_value(clause, &other->values[used++]);
        else
            append_qualifier(&clause->text, dialect, qualifiers, (size_t)((unsigned char)mark[1] - MARK_SOURCE));
    }
}

bool ari_clause_take(ari_clause *clause, ari_piece *out)
{
    const char *text = ari_text_buffer_cstr(&clause->text);
    bool failed = clause->failed || clause->text.failed;
    *out = (ari_piece){ .length = clause->text.length, .values = clause->values, .count = clause->count };
    out->text = failed ? NULL : ari_arena_copy_text(clause->arena, text, out->length);
    ari_text_buffer_clear(&clause->text);
    clause->values = NULL;
    clause->count = clause->capacity = 0;
    clause->failed = false;
    return out->text != NULL;
}

void ari_clause_put(ari_clause *clause, const ari_piece *piece)
{
    ari_text_buffer_append(&clause->text, piece->text, piece->length);
    if (clause->failed || !reserve(clause, piece->count)) {
        clause->failed = true;
        return;
    }
    if (piece->count > 0)
        memcpy(clause->values + clause->count, piece->values, piece->count * sizeof *piece->values);
    clause->count += piece->count;
}

ar_status ari_clause_finish_with(const ari_clause *clause, const ar_dialect *dialect, const ari_qualifiers *qualifiers,
                                 char **sql, size_t *length, ar_error *err)
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
    const char *mark;
    size_t number = 1;
    for (; (mark = next_mark(&buffer, cursor, end)) != NULL; cursor = mark + 2) {
        if (mark[1] == MARK_VALUE)
            append_placeholder(&buffer, dialect, number++);
        else
            append_qualifier(&buffer, dialect, qualifiers, (size_t)((unsigned char)mark[1] - MARK_SOURCE));
    }
    *sql = ari_text_buffer_take(&buffer, length);
    if (*sql == NULL) {
        ari_text_buffer_fini(&buffer);
        return ar_error_set(err, AR_E_NO_MEMORY, "building SQL: there is no memory left for it");
    }
    return AR_OK;
}

ar_status ari_clause_finish(const ari_clause *clause, const ar_dialect *dialect, char **sql, size_t *length,
                            ar_error *err)
{
    return ari_clause_finish_with(clause, dialect, NULL, sql, length, err);
}
