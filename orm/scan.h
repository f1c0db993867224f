/* SPDX-License-Identifier: MIT */
#ifndef ORM_SCAN_H
#define ORM_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#include <actrec/sys/backend.h>

/* Cuts SQL text into tokens, as far as is needed to tell placeholders and names from what lies in quotes and comments.
 * Joined, the tokens are the text again. */

typedef enum ari_token_kind {
    ARI_TOKEN_END = 0,
    ARI_TOKEN_SPACE,
    ARI_TOKEN_COMMENT,
    ARI_TOKEN_WORD,   /* a keyword or a bare name */
    ARI_TOKEN_NAME,   /* a quoted name, quotes included */
    ARI_TOKEN_STRING, /* quotes included */
    ARI_TOKEN_NUMBER,
    ARI_TOKEN_PLACEHOLDER, /* ? */
    ARI_TOKEN_QUESTION,    /* ??, which stands for a ? of the engine's own */
    ARI_TOKEN_NUMBERED,    /* ?12, which is not supported */
    ARI_TOKEN_OTHER,       /* one character */
    ARI_TOKEN_UNTERMINATED /* a string, name or comment without an end: the rest of the text */
} ari_token_kind;

typedef struct ari_token {
    ari_token_kind kind;
    const char *text;
    size_t length;
} ari_token;

typedef struct ari_scan {
    const char *cursor;
    const char *end;
    const ar_dialect *dialect;
} ari_scan;

static inline void ari_scan_init(ari_scan *scan, const ar_dialect *dialect, const char *text, size_t length)
{
    *scan = (ari_scan){ .cursor = text, .end = text + length, .dialect = dialect };
}

ari_token ari_scan_next(ari_scan *scan);

/* The same, past spaces and comments. */
ari_token ari_scan_next_significant(ari_scan *scan);

/* Whether a word is `word`, which is given in lower case; letters of ASCII compare alike in either case. */
bool ari_token_is(const ari_token *token, const char *word);

/* Whether a bare or quoted name means `name`. Bare ones compare without case. */
bool ari_token_names(const ari_token *token, const char *name);

/* Whether the token is the one character `character`. */
static inline bool ari_token_is_char(const ari_token *token, char character)
{
    return token->kind == ARI_TOKEN_OTHER && token->text[0] == character;
}

#endif
