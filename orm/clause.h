/* SPDX-License-Identifier: MIT */
#ifndef ORM_CLAUSE_H
#define ORM_CLAUSE_H

#include <stdbool.h>
#include <stddef.h>

#include <actrec/error.h>
#include <actrec/sys/backend.h>

#include "values/memory.h"

/* SQL text under construction, with the values of its placeholders. Within, a NUL stands for a placeholder, which no
 * text can hold; the engine's own are put in its place when the whole is finished, so that clauses may be joined in any
 * order. Values are copied into the arena. What cannot be allocated is remembered in `failed`. */
typedef struct ari_clause {
    ari_text_buffer text;
    ari_arena *arena;
    ar_value *values;
    size_t count;
    size_t capacity;
    bool failed;
} ari_clause;

void ari_clause_init(ari_clause *clause, const ar_env *env, ari_arena *arena);
void ari_clause_fini(ari_clause *clause);

/* One that could not be built is not empty: it must not be left out. */
static inline bool ari_clause_is_empty(const ari_clause *clause)
{
    return clause->text.length == 0 && !clause->failed && !clause->text.failed;
}

void ari_clause_sql(ari_clause *clause, const char *sql);
void ari_clause_bytes(ari_clause *clause, const char *sql, size_t length);

/* `name` in the dialect's quotes. */
void ari_clause_name(ari_clause *clause, const ar_dialect *dialect, const char *name);

/* The name of a column of `type`, as it is compared with values. */
void ari_clause_compared(ari_clause *clause, const ar_dialect *dialect, const char *name, ar_type type);

/* `sql`, without placeholders, at `offset` bytes of the text so far. */
void ari_clause_insert(ari_clause *clause, size_t offset, const char *sql);

/* A placeholder and its value. */
void ari_clause_value(ari_clause *clause, const ar_value *value);

/* Everything in `other`, values too, which stay where they are: both clauses must have the same arena. */
void ari_clause_append(ari_clause *clause, const ari_clause *other);

/* The finished text, owned by the caller (ari_release). AR_E_NO_MEMORY, or AR_E_INVALID for more values than the engine
 * takes. */
ar_status ari_clause_finish(const ari_clause *clause, const ar_dialect *dialect, char **sql, size_t *length,
                            ar_error *err);

#endif
