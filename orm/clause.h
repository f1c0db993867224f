/* SPDX-License-Identifier: MIT */
#ifndef ORM_CLAUSE_H
#define ORM_CLAUSE_H

#include <stdbool.h>
#include <stddef.h>

#include <actrec/error.h>
#include <actrec/sys/backend.h>

#include "values/memory.h"

/* What the tables of a query are called in front of columns; `names` NULL: they are not. */
typedef struct ari_qualifiers {
    const char *const *names;
    size_t count;
} ari_qualifiers;

/* SQL text under construction, with the values of its placeholders. In a piece, a NUL, which no text can hold, and the
 * byte behind it stand for a placeholder or for the name of one of the query's tables before a column, so that pieces
 * may be joined in any order and tables come later. The clause that is a whole statement has the engine's placeholders
 * and the names, where they are needed, at once, and those of a piece when that becomes part of it. Values are copied
 * into the arena. What cannot be allocated is remembered in `failed`. */
typedef struct ari_clause {
    ari_text_buffer text;
    ari_arena *arena;
    ar_value *values;
    size_t count;
    size_t capacity;
    const ar_dialect *dialect; /* of a whole statement; NULL: a piece */
    ari_qualifiers qualifiers; /* likewise */
    bool failed;
} ari_clause;

/* A piece, and a whole statement: its tables are known. */
void ari_clause_init(ari_clause *clause, const ar_env *env, ari_arena *arena);
void ari_clause_init_whole(ari_clause *clause, const ar_env *env, ari_arena *arena, const ar_dialect *dialect,
                           const ari_qualifiers *qualifiers);
void ari_clause_fini(ari_clause *clause);

/* One that could not be built is not empty: it must not be left out. */
static inline bool ari_clause_is_empty(const ari_clause *clause)
{
    return clause->text.length == 0 && !clause->failed && !clause->text.failed;
}

static inline void ari_clause_bytes(ari_clause *clause, const char *sql, size_t length)
{
    ari_text_buffer_append(&clause->text, sql, length);
}

static inline void ari_clause_sql(ari_clause *clause, const char *sql)
{
    ari_text_buffer_append_cstr(&clause->text, sql);
}

/* `name` in the dialect's quotes. */
void ari_clause_name(ari_clause *clause, const ar_dialect *dialect, const char *name);

/* The name of a column of `type`, as it is compared with values. */
void ari_clause_compared(ari_clause *clause, const ar_dialect *dialect, const char *name, ar_type type);

/* `sql`, without placeholders, at `offset` bytes of the text so far. */
void ari_clause_insert(ari_clause *clause, size_t offset, const char *sql);

/* A placeholder and its value. */
void ari_clause_value(ari_clause *clause, const ar_value *value);

/* A number in digits. */
void ari_clause_number(ari_clause *clause, int64_t number);

/* The place of the name of table `source` of the query, counted from 0, and of a point. */
void ari_clause_qualifier(ari_clause *clause, size_t source);

/* Everything in `other`, with the names of its tables and copies of its values: of a query inside another one. */
void ari_clause_embed(ari_clause *clause, const ar_dialect *dialect, const ari_clause *other,
                      const ari_qualifiers *qualifiers);

/* What a clause holds, moved to its arena, and the clause empty again. False: there is no memory for it. */
typedef struct ari_piece {
    const char *text;
    size_t length;
    const ar_value *values;
    size_t count;
} ari_piece;

bool ari_clause_take(ari_clause *clause, ari_piece *out);
void ari_clause_put(ari_clause *clause, const ari_piece *piece);

/* Everything in `other`, a piece, values too, which stay where they are: both clauses must have the same arena. */
void ari_clause_append(ari_clause *clause, const ari_clause *other);

/* The text of a whole statement, the caller's (ari_release). AR_E_NO_MEMORY, or AR_E_INVALID for more values than the
 * engine takes. */
ar_status ari_clause_finish(ari_clause *clause, char **sql, size_t *length, ar_error *err);

#endif
