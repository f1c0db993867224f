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

void ari_clause_init_whole(ari_clause *clause, const ar_env *env, ari_arena *arena, const ar_dialect *dialect,
                           const ari_qualifiers *qualifiers)
{
    ari_clause_init(clause, env, arena);
    clause->dialect = dialect;
    clause->qualifiers = qualifiers != NULL ? *qualifiers : (ari_qualifiers){ .names = NULL };
}

void ari_clause_fini(ari_clause *clause)
{
    ari_text_buffer_fini(&clause->text);
}

/* Doubles the quotes in it. */
static char *copy_name(char *to, const char *name, size_t length, char quote)
{
    if (memchr(name, quote, length) == NULL) {
        memcpy(to, name, length);
        return to + length;
    }
    for (const char *end = name + length; name < end; name++) {
        *to++ = *name;
        if (*name == quote)
            *to++ = quote;
    }
    return to;
}

static void append_name(ari_text_buffer *text, const ar_dialect *dialect, const char *name)
{
    const char quote = dialect->identifier_quote;
    size_t length = strlen(name), most = 0;
    if (!ari_size_multiply(length, 2, &most) || !ari_size_add(most, 2, &most))
        text->failed = true;
    if (!ari_text_buffer_reserve(text, most))
        return;
    char *to = text->data + text->length;
    *to++ = quote;
    to = copy_name(to, name, length, quote);
    *to++ = quote;
    *to = '\0';
    text->length = (size_t)(to - text->data);
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
    if (qualifiers->names == NULL || source >= qualifiers->count)
        return;
    append_name(sql, dialect, qualifiers->names[source]);
    ari_text_buffer_append_char(sql, '.');
}

static size_t source_of(const char *mark)
{
    return (size_t)((unsigned char)mark[1] - MARK_SOURCE);
}

/* The next mark in [cursor, end): what is before it is appended. NULL: there is none. */
static const char *next_mark(ari_text_buffer *sql, const char *cursor, const char *end)
{
    const char *mark = cursor < end ? memchr(cursor, '\0', (size_t)(end - cursor)) : NULL;
    ari_text_buffer_append(sql, cursor, (size_t)((mark != NULL ? mark : end) - cursor));
    return mark;
}

/* The text of a piece whose values come next: as it is, or as the whole has it. */
static void append_piece(ari_clause *clause, const char *text, size_t length)
{
    const char *end = text + length, *mark;
    size_t number = clause->count;
    if (clause->dialect == NULL) {
        ari_text_buffer_append(&clause->text, text, length);
        return;
    }
    for (; (mark = next_mark(&clause->text, text, end)) != NULL; text = mark + 2) {
        if (mark[1] == MARK_VALUE)
            append_placeholder(&clause->text, clause->dialect, ++number);
        else
            append_qualifier(&clause->text, clause->dialect, &clause->qualifiers, source_of(mark));
    }
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
    if (clause->dialect != NULL)
        append_qualifier(&clause->text, clause->dialect, &clause->qualifiers, source);
    else
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
    if (clause->dialect != NULL)
        append_placeholder(&clause->text, clause->dialect, clause->count + 1);
    else
        ari_text_buffer_append(&clause->text, mark, sizeof mark);
    if (clause->failed || !reserve(clause, 1) || !copy_value(clause->arena, value, &clause->values[clause->count])) {
        clause->failed = true;
        return;
    }
    clause->count++;
}

void ari_clause_append(ari_clause *clause, const ari_clause *other)
{
    if (other->failed || other->text.failed) {
        clause->failed = true;
        return;
    }
    append_piece(clause, ari_text_buffer_cstr(&other->text), other->text.length);
    if (clause->failed || !reserve(clause, other->count)) {
        clause->failed = true;
        return;
    }
    if (other->count > 0)
        memcpy(clause->values + clause->count, other->values, other->count * sizeof *other->values);
    clause->count += other->count;
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
            append_qualifier(&clause->text, dialect, qualifiers, source_of(mark));
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
    append_piece(clause, piece->text, piece->length);
    if (clause->failed || !reserve(clause, piece->count)) {
        clause->failed = true;
        return;
    }
    if (piece->count > 0)
        memcpy(clause->values + clause->count, piece->values, piece->count * sizeof *piece->values);
    clause->count += piece->count;
}

ar_status ari_clause_finish(ari_clause *clause, char **sql, size_t *length, ar_error *err)
{
    *sql = NULL;
    if (clause->count > clause->dialect->max_parameters && !clause->failed)
        return ar_error_set(err, AR_E_INVALID,
                            "building SQL: it has %zu values, and %s takes %u in one statement; split the list",
                            clause->count, clause->dialect->name, (unsigned)clause->dialect->max_parameters);
    if (!clause->failed)
        *sql = ari_text_buffer_take(&clause->text, length);
    return *sql != NULL ? AR_OK : ar_error_set(err, AR_E_NO_MEMORY, "building SQL: there is no memory left for it");
}
