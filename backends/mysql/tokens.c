/* SPDX-License-Identifier: MIT */
#include "backends/mysql/tokens.h"

#include <string.h>

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '$' ||
           (unsigned char)c >= 0x80;
}

static char to_upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

static const char *line_end(const char *p, const char *end)
{
    while (p < end && *p != '\n')
        p++;
    return p;
}

static const char *comment_end(const char *p, const char *end)
{
    for (p += 2; end - p >= 2; p++)
        if (p[0] == '*' && p[1] == '/')
            return p + 2;
    return end;
}

/* Behind the head of a comment that is run, "/" "*!" or "/" "*M!" and perhaps a version; NULL: it is none. */
static const char *code_start(const char *p, const char *end)
{
    p += 2;
    if (p < end && *p == 'M')
        p++;
    if (p >= end || *p != '!')
        return NULL;
    for (p++; p < end && *p >= '0' && *p <= '9'; p++)
        ;
    return p;
}

/* "--" opens a comment only before a blank (https://dev.mysql.com/doc/refman/8.4/en/ansi-diff-comments.html). */
static void skip_blanks_and_comments(ari_mysql_tokens *tokens)
{
    const char *p = tokens->cursor, *end = tokens->end;
    for (;;) {
        while (p < end && is_blank(*p))
            p++;
        size_t left = (size_t)(end - p);
        if (left >= 1 && p[0] == '#') {
            p = line_end(p, end);
        } else if (left >= 2 && p[0] == '-' && p[1] == '-' && (left == 2 || (unsigned char)p[2] <= ' ')) {
            p = line_end(p, end);
        } else if (left >= 2 && p[0] == '/' && p[1] == '*') {
            const char *code = code_start(p, end);
            tokens->in_code = tokens->in_code || code != NULL;
            p = code != NULL ? code : comment_end(p, end);
        } else if (tokens->in_code && left >= 2 && p[0] == '*' && p[1] == '/') {
            tokens->in_code = false;
            p += 2;
        } else {
            break;
        }
    }
    tokens->cursor = p;
}

/* `p` at the opening quote; answers behind the closing one. */
static const char *skip_quoted(const char *p, const char *end)
{
    char quote = *p;
    for (p++; p < end; p++) {
        if (*p == '\\' && quote != '`' && end - p >= 2) {
            p++;
        } else if (*p == quote) {
            if (end - p < 2 || p[1] != quote)
                return p + 1;
            p++;
        }
    }
    return end;
}

ari_mysql_token ari_mysql_token_next(ari_mysql_tokens *tokens)
{
    skip_blanks_and_comments(tokens);
    const char *p = tokens->cursor, *end = tokens->end;
    ari_mysql_token token = { ARI_MYSQL_TOKEN_END, p, 0 };
    if (p == end)
        return token;
    if (is_word(*p)) {
        token.kind = ARI_MYSQL_TOKEN_WORD;
        while (p < end && is_word(*p))
            p++;
    } else if (*p == '\'' || *p == '"' || *p == '`') {
        token.kind = ARI_MYSQL_TOKEN_QUOTED;
        p = skip_quoted(p, end);
    } else {
        token.kind = ARI_MYSQL_TOKEN_OTHER;
        p++;
    }
    token.length = (size_t)(p - token.text);
    tokens->cursor = p;
    return token;
}

ari_mysql_token ari_mysql_token_peek(const ari_mysql_tokens *tokens)
{
    ari_mysql_tokens ahead = *tokens;
    return ari_mysql_token_next(&ahead);
}

bool ari_mysql_token_is(ari_mysql_token token, const char *word)
{
    if (token.kind != ARI_MYSQL_TOKEN_WORD || token.length != strlen(word))
        return false;
    for (size_t i = 0; i < token.length; i++)
        if (to_upper(token.text[i]) != word[i])
            return false;
    return true;
}

bool ari_mysql_token_is_char(ari_mysql_token token, char character)
{
    return token.kind == ARI_MYSQL_TOKEN_OTHER && token.text[0] == character;
}
