/* SPDX-License-Identifier: MIT */
#ifndef BACKENDS_SQLITE_TOKENS_H
#define BACKENDS_SQLITE_TOKENS_H

#include <stdbool.h>
#include <stddef.h>

/* The tokens of SQLite's SQL (https://www.sqlite.org/lang.html), as far as telling statements apart needs them.
 * Comments and blanks are skipped. */
typedef enum ari_sqlite_token_kind {
    ARI_SQLITE_TOKEN_END,
    ARI_SQLITE_TOKEN_WORD,   /* keywords, bare identifiers and numbers */
    ARI_SQLITE_TOKEN_QUOTED, /* "identifier", `identifier`, [identifier] */
    ARI_SQLITE_TOKEN_STRING, /* 'text' */
    ARI_SQLITE_TOKEN_OTHER   /* one byte of anything else */
} ari_sqlite_token_kind;

typedef struct ari_sqlite_token {
    ari_sqlite_token_kind kind;
    const char *text; /* quotes included */
    size_t length;
} ari_sqlite_token;

typedef struct ari_sqlite_tokens {
    const char *cursor;
    const char *end;
} ari_sqlite_tokens;

static inline ari_sqlite_tokens ari_sqlite_tokens_of(const char *sql, size_t length)
{
    return (ari_sqlite_tokens){ sql, sql == NULL ? sql : sql + length };
}

ari_sqlite_token ari_sqlite_token_next(ari_sqlite_tokens *tokens);

/* `word` in capitals; a quoted identifier is none. */
bool ari_sqlite_token_is(ari_sqlite_token token, const char *word);
bool ari_sqlite_token_is_char(ari_sqlite_token token, char character);
bool ari_sqlite_token_is_name(ari_sqlite_token token);

/* True when nothing but blanks, comments and semicolons is left. */
bool ari_sqlite_tokens_blank(ari_sqlite_tokens tokens);

/* Copies a name without its quotes, terminated. False when it does not fit. */
bool ari_sqlite_token_name(ari_sqlite_token token, char *buffer, size_t size);

/* Skips the head of a statement up to the keyword that says what it does, behind a WITH clause and its parentheses;
 * `tokens` then stands behind that keyword. */
ari_sqlite_token ari_sqlite_main_keyword(ari_sqlite_tokens *tokens);

#endif
