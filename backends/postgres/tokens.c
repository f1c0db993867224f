/* SPDX-License-Identifier: MIT */
#include "backends/postgres/tokens.h"

#include <string.h>

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool starts_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (unsigned char)c >= 0x80;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_word(char c)
{
    return starts_word(c) || is_digit(c) || c == '$';
}

static char to_upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

static bool at(const char *p, const char *end, const char *two)
{
    return end - p >= 2 && p[0] == two[0] && p[1] == two[1];
}

/* Comments of this kind nest. */
static const char *skip_block_comment(const char *p, const char *end)
{
    size_t depth = 0;
    do {
        if (at(p, end, "/*")) {
            depth++;
            p += 2;
        } else if (at(p, end, "*/")) {
            depth--;
            p += 2;
        } else {
            p++;
        }
    } while (depth > 0 && p < end);
    return p;
}

static const char *skip_blanks_and_comments(const char *p, const char *end)
{
    for (;;) {
        while (p < end && is_blank(*p))
            p++;
        if (at(p, end, "--")) {
            while (p < end && *p != '\n' && *p != '\r')
                p++;
        } else if (at(p, end, "/*")) {
            p = skip_block_comment(p, end);
        } else {
            return p;
        }
    }
}

/* `p` at the opening quote; answers behind the closing one. A doubled quote stands for itself. */
static const char *skip_quoted(const char *p, const char *end, bool backslashes)
{
    char quote = *p;
    for (p++; p < end; p++) {
        if (backslashes && *p == '\\' && end - p >= 2) {
            p++;
        } else if (*p == quote) {
            if (end - p < 2 || p[1] != quote)
                return p + 1;
            p++;
        }
    }
    return end;
}

/* `p` at a dollar; NULL when it opens no string. */
static const char *skip_dollar_quoted(const char *p, const char *end)
{
    const char *tag_end = p + 1;
    if (tag_end < end && is_digit(*tag_end))
        return NULL;
    while (tag_end < end && is_word(*tag_end) && *tag_end != '$')
        tag_end++;
    if (tag_end == end || *tag_end != '$')
        return NULL;
    size_t length = (size_t)(tag_end + 1 - p);
    for (const char *close = p + length; (size_t)(end - close) >= length; close++)
        if (memcmp(close, p, length) == 0)
            return close + length;
    return end;
}

ari_postgres_token ari_postgres_token_next(ari_postgres_tokens *tokens)
{
    const char *end = tokens->end, *p = skip_blanks_and_comments(tokens->cursor, end);
    ari_postgres_token token = { ARI_POSTGRES_TOKEN_OTHER, p, 0 };
    const char *behind = NULL;
    if (p == end) {
        token.kind = ARI_POSTGRES_TOKEN_END;
    } else if ((*p == 'e' || *p == 'E') && end - p >= 2 && p[1] == '\'') {
        token.kind = ARI_POSTGRES_TOKEN_STRING;
        p = skip_quoted(p + 1, end, true);
    } else if (*p == '\'') {
        token.kind = ARI_POSTGRES_TOKEN_STRING;
        p = skip_quoted(p, end, false);
    } else if (*p == '"') {
        token.kind = ARI_POSTGRES_TOKEN_QUOTED;
        p = skip_quoted(p, end, false);
    } else if (*p == '$' && (behind = skip_dollar_quoted(p, end)) != NULL) {
        token.kind = ARI_POSTGRES_TOKEN_STRING;
        p = behind;
    } else if (is_word(*p)) {
        token.kind = ARI_POSTGRES_TOKEN_WORD;
        while (p < end && is_word(*p))
            p++;
    } else {
        p++;
    }
    token.length = (size_t)(p - token.text);
    tokens->cursor = p;
    return token;
}

bool ari_postgres_token_is(ari_postgres_token token, const char *word)
{
    if (token.kind != ARI_POSTGRES_TOKEN_WORD || token.length != strlen(word))
        return false;
    for (size_t i = 0; i < token.length; i++)
        if (to_upper(token.text[i]) != word[i])
            return false;
    return true;
}

bool ari_postgres_token_among(ari_postgres_token token, const char *const *words)
{
    if (token.kind != ARI_POSTGRES_TOKEN_WORD)
        return false;
    for (; *words != NULL; words++)
        if (ari_postgres_token_is(token, *words))
            return true;
    return false;
}

bool ari_postgres_token_is_char(ari_postgres_token token, char character)
{
    return token.kind == ARI_POSTGRES_TOKEN_OTHER && token.text[0] == character;
}
