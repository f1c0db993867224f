/* SPDX-License-Identifier: MIT */
#ifndef BACKENDS_POSTGRES_TOKENS_H
#define BACKENDS_POSTGRES_TOKENS_H

#include <stdbool.h>
#include <stddef.h>

/* The tokens of PostgreSQL's SQL (manual, 4.1 Lexical Structure), as far as telling statements apart needs them, with standard_conforming_strings on. Comments and
 * blanks are skipped. */
typedef enum ari_postgres_token_kind {
    ARI_POSTGRES_TOKEN_END,
    ARI_POSTGRES_TOKEN_WORD,   /* keywords, bare identifiers, numbers and parameters */
    ARI_POSTGRES_TOKEN_QUOTED, /* "identifier" */
    ARI_POSTGRES_TOKEN_STRING, /* 'text', E'text', $tag$text$tag$ */
    ARI_POSTGRES_TOKEN_OTHER   /* one byte of anything else */
} ari_postgres_token_kind;

typedef struct ari_postgres_token {
    ari_postgres_token_kind kind;
    const char *text; /* quotes included */
    size_t length;
} ari_postgres_token;

typedef struct ari_postgres_tokens {
    const char *cursor;
    const char *end;
} ari_postgres_tokens;

static inline ari_postgres_tokens ari_postgres_tokens_of(const char *sql, size_t length)
{
    return (ari_postgres_tokens){ sql, sql == NULL ? sql : sql + length };
}

ari_postgres_token ari_postgres_token_next(ari_postgres_tokens *tokens);

/* `word` in capitals; a quoted identifier is none. */
bool ari_postgres_token_is(ari_postgres_token token, const char *word);

/* One of `words`, ended by NULL. */
bool ari_postgres_token_among(ari_postgres_token token, const char *const *words);
bool ari_postgres_token_is_char(ari_postgres_token token, char character);

#endif
