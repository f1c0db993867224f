/* SPDX-License-Identifier: MIT */
#include "backends/sqlite/tokens.h"

#include <string.h>

/* Behind another blank SQLite takes a vertical tab too; elsewhere it refuses it. */
static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* A byte order mark in front of a token is a blank (CC_BOM in SQLite's tokenize.c). */
static bool is_byte_order_mark(const char *p, const char *end)
{
    return end - p >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0;
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

static void skip_blanks_and_comments(ari_sqlite_tokens *tokens)
{
    const char *p = tokens->cursor, *end = tokens->end;
    for (;;) {
        while (p < end && is_blank(*p))
            p++;
        if (is_byte_order_mark(p, end)) {
            p += 3;
        } else if (end - p >= 2 && p[0] == '-' && p[1] == '-') {
            while (p < end && *p != '\n')
                p++;
        } else if (end - p >= 2 && p[0] == '/' && p[1] == '*') {
            p += 2;
            while (p < end && !(end - p >= 2 && p[0] == '*' && p[1] == '/'))
                p++;
            p = end - p >= 2 ? p + 2 : end;
        } else {
            break;
        }
    }
    tokens->cursor = p;
}

/* `p` at the opening quote; answers behind the closing one. A doubled quote stands for itself, but not inside
 * brackets. */
static const char *skip_quoted(const char *p, const char *end)
{
    char close = *p == '[' ? ']' : *p;
    for (p++; p < end; p++)
        if (*p == close) {
            if (close == ']' || end - p < 2 || p[1] != close)
                return p + 1;
            p++;
        }
    return end;
}

ari_sqlite_token ari_sqlite_token_next(ari_sqlite_tokens *tokens)
{
    skip_blanks_and_comments(tokens);
    const char *p = tokens->cursor, *end = tokens->end;
    ari_sqlite_token token = { ARI_SQLITE_TOKEN_END, p, 0 };
    if (p == end)
        return token;
    if (is_word(*p)) {
        token.kind = ARI_SQLITE_TOKEN_WORD;
        while (p < end && is_word(*p))
            p++;
    } else if (*p == '\'') {
        token.kind = ARI_SQLITE_TOKEN_STRING;
        p = skip_quoted(p, end);
    } else if (*p == '"' || *p == '`' || *p == '[') {
        token.kind = ARI_SQLITE_TOKEN_QUOTED;
        p = skip_quoted(p, end);
    } else {
        token.kind = ARI_SQLITE_TOKEN_OTHER;
        p++;
    }
    token.length = (size_t)(p - token.text);
    tokens->cursor = p;
    return token;
}

bool ari_sqlite_token_is(ari_sqlite_token token, const char *word)
{
    if (token.kind != ARI_SQLITE_TOKEN_WORD || token.length != strlen(word))
        return false;
    for (size_t i = 0; i < token.length; i++)
        if (to_upper(token.text[i]) != word[i])
            return false;
    return true;
}

bool ari_sqlite_token_is_char(ari_sqlite_token token, char character)
{
    return token.kind == ARI_SQLITE_TOKEN_OTHER && token.text[0] == character;
}

bool ari_sqlite_token_is_name(ari_sqlite_token token)
{
    return token.kind == ARI_SQLITE_TOKEN_WORD || token.kind == ARI_SQLITE_TOKEN_QUOTED ||
           token.kind == ARI_SQLITE_TOKEN_STRING;
}

bool ari_sqlite_tokens_blank(ari_sqlite_tokens tokens)
{
    ari_sqlite_token token;
    do
        token = ari_sqlite_token_next(&tokens);
    while (ari_sqlite_token_is_char(token, ';'));
    return token.kind == ARI_SQLITE_TOKEN_END;
}

bool ari_sqlite_token_name(ari_sqlite_token token, char *buffer, size_t size)
{
    const char *p = token.text, *end = token.text + token.length;
    size_t used = 0;
    char close = '\0';
    if (token.kind != ARI_SQLITE_TOKEN_WORD && token.length >= 2) {
        close = *p == '[' ? ']' : *p;
        p++;
        end--;
    }
    for (; p < end; p++) {
        if (used + 1 >= size)
            return false;
        buffer[used++] = *p;
        if (*p == close && close != ']')
            p++;
    }
    buffer[used] = '\0';
    return true;
}

/* From an opening parenthesis, already read, to behind the one that closes it. */
static void skip_parentheses(ari_sqlite_tokens *tokens)
{
    size_t depth = 1;
    ari_sqlite_token token;
    do {
        token = ari_sqlite_token_next(tokens);
        if (ari_sqlite_token_is_char(token, '('))
            depth++;
        else if (ari_sqlite_token_is_char(token, ')'))
            depth--;
    } while (depth > 0 && token.kind != ARI_SQLITE_TOKEN_END);
}

/* WITH [RECURSIVE] name [(columns)] AS [[NOT] MATERIALIZED] (select), …: a name may be any word, REPLACE too. */
static ari_sqlite_token skip_with(ari_sqlite_tokens *tokens)
{
    ari_sqlite_token token = ari_sqlite_token_next(tokens);
    if (ari_sqlite_token_is(token, "RECURSIVE")) {
        ari_sqlite_tokens ahead = *tokens;
        ari_sqlite_token name = ari_sqlite_token_next(&ahead);
        if (ari_sqlite_token_is_name(name) && !ari_sqlite_token_is(name, "AS"))
            *tokens = ahead;
    }
    for (;;) {
        token = ari_sqlite_token_next(tokens); /* behind the name */
        if (ari_sqlite_token_is_char(token, '(')) {
            skip_parentheses(tokens);
            token = ari_sqlite_token_next(tokens);
        }
        if (!ari_sqlite_token_is(token, "AS"))
            return token;
        token = ari_sqlite_token_next(tokens);
        if (ari_sqlite_token_is(token, "NOT"))
            token = ari_sqlite_token_next(tokens);
        if (ari_sqlite_token_is(token, "MATERIALIZED"))
            token = ari_sqlite_token_next(tokens);
        if (!ari_sqlite_token_is_char(token, '('))
            return token;
        skip_parentheses(tokens);
        token = ari_sqlite_token_next(tokens);
        if (!ari_sqlite_token_is_char(token, ','))
            return token;
        (void)ari_sqlite_token_next(tokens); /* the next name */
    }
}

ari_sqlite_token ari_sqlite_main_keyword(ari_sqlite_tokens *tokens)
{
    ari_sqlite_token token;
    do
        token = ari_sqlite_token_next(tokens);
    while (ari_sqlite_token_is_char(token, ';'));
    return ari_sqlite_token_is(token, "WITH") ? skip_with(tokens) : token;
}
