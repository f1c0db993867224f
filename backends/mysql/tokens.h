/* SPDX-License-Identifier: MIT */
#ifndef BACKENDS_MYSQL_TOKENS_H
#define BACKENDS_MYSQL_TOKENS_H

#include <stdbool.h>
#include <stddef.h>

/* The tokens of MySQL's SQL, as far as telling statements apart needs them. Blanks and comments are skipped; what stands
 * in a comment that the server runs, as in "/" "*!40101 SET … *" "/", is read. */
typedef enum ari_mysql_token_kind {
    ARI_MYSQL_TOKEN_END,
    ARI_MYSQL_TOKEN_WORD,   /* keywords, bare identifiers and numbers */
    ARI_MYSQL_TOKEN_QUOTED, /* 'text', "text", `identifier` */
    ARI_MYSQL_TOKEN_OTHER   /* one byte of anything else */
} ari_mysql_token_kind;

typedef struct ari_mysql_token {
    ari_mysql_token_kind kind;
    const char *text;
    size_t length;
} ari_mysql_token;

typedef struct ari_mysql_tokens {
    const char *cursor;
    const char *end;
    bool in_code; /* inside a comment that is run */
} ari_mysql_tokens;

static inline ari_mysql_tokens ari_mysql_tokens_of(const char *sql, size_t length)
{
    return (ari_mysql_tokens){ sql, sql == NULL ? sql : sql + length, false };
}

ari_mysql_token ari_mysql_token_next(ari_mysql_tokens *tokens);

/* The one after, without moving on. */
ari_mysql_token ari_mysql_token_peek(const ari_mysql_tokens *tokens);

/* `word` in capitals; a quoted identifier is none. */
bool ari_mysql_token_is(ari_mysql_token token, const char *word);
bool ari_mysql_token_is_char(ari_mysql_token token, char character);

#endif
