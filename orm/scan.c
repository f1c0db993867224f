/* SPDX-License-Identifier: MIT */
#include "orm/scan.h"

#include <string.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_name_start(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (unsigned char)c >= 0x80;
}

static bool is_name_part(char c)
{
    return is_name_start(c) || is_digit(c) || c == '$';
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* MySQL and its kin: -- needs a space behind it, and # starts a comment too. */
static bool is_mysql(const ar_dialect *dialect)
{
    return dialect->identifier_quote == '`';
}

static ari_token take(ari_scan *scan, ari_token_kind kind, const char *end)
{
    ari_token token = { .kind = kind, .text = scan->cursor, .length = (size_t)(end - scan->cursor) };
    scan->cursor = end;
    return token;
}

static ari_token take_quoted(ari_scan *scan, const char *open, ari_token_kind kind, char close, bool escapes)
{
    const char *p = open + 1;
    while (p < scan->end) {
        if (escapes && *p == '\\' && p + 1 < scan->end) {
            p += 2;
        } else if (*p != close) {
            p++;
        } else if (close != ']' && p + 1 < scan->end && p[1] == close) {
            p += 2;
        } else {
            return take(scan, kind, p + 1);
        }
    }
    return take(scan, ARI_TOKEN_UNTERMINATED, scan->end);
}

static ari_token take_line_comment(ari_scan *scan)
{
    const char *p = memchr(scan->cursor, '\n', (size_t)(scan->end - scan->cursor));
    return take(scan, ARI_TOKEN_COMMENT, p != NULL ? p : scan->end);
}

static ari_token take_block_comment(ari_scan *scan)
{
    size_t depth = 1;
    for (const char *p = scan->cursor + 2; p + 1 < scan->end; p++) {
        if (p[0] == '*' && p[1] == '/') {
            p++;
            if (--depth == 0)
                return take(scan, ARI_TOKEN_COMMENT, p + 1);
        } else if (scan->dialect->nested_comments && p[0] == '/' && p[1] == '*') {
            p++;
            depth++;
        }
    }
    return take(scan, ARI_TOKEN_UNTERMINATED, scan->end);
}

/* $tag$ … $tag$; anything else with a $ is one character. */
static ari_token take_dollar(ari_scan *scan)
{
    const char *p = scan->cursor + 1;
    if (p < scan->end && is_digit(*p))
        return take(scan, ARI_TOKEN_OTHER, p);
    while (p < scan->end && *p != '$' && is_name_part(*p))
        p++;
    if (p >= scan->end || *p != '$')
        return take(scan, ARI_TOKEN_OTHER, scan->cursor + 1);
    const char *tag = scan->cursor;
    size_t tag_length = (size_t)(++p - tag);
    for (; (size_t)(scan->end - p) >= tag_length; p++) {
        if (memcmp(p, tag, tag_length) == 0)
            return take(scan, ARI_TOKEN_STRING, p + tag_length);
    }
    return take(scan, ARI_TOKEN_UNTERMINATED, scan->end);
}

static ari_token take_question(ari_scan *scan)
{
    const char *p = scan->cursor + 1;
    if (p < scan->end && *p == '?')
        return take(scan, ARI_TOKEN_QUESTION, p + 1);
    if (p == scan->end || !is_digit(*p))
        return take(scan, ARI_TOKEN_PLACEHOLDER, p);
    while (p < scan->end && is_digit(*p))
        p++;
    return take(scan, ARI_TOKEN_NUMBERED, p);
}

static ari_token take_word(ari_scan *scan)
{
    const char *p = scan->cursor;
    if ((*p == 'e' || *p == 'E') && scan->dialect->dollar_quotes && p + 1 < scan->end && p[1] == '\'')
        return take_quoted(scan, p + 1, ARI_TOKEN_STRING, '\'', true); /* PostgreSQL's E'…' */
    while (p < scan->end && is_name_part(*p))
        p++;
    return take(scan, ARI_TOKEN_WORD, p);
}

static ari_token take_number(ari_scan *scan)
{
    const char *p = scan->cursor;
    while (p < scan->end && (is_name_part(*p) || *p == '.'))
        p++;
    return take(scan, ARI_TOKEN_NUMBER, p);
}

static ari_token take_space(ari_scan *scan)
{
    const char *p = scan->cursor;
    while (p < scan->end && is_space(*p))
        p++;
    return take(scan, ARI_TOKEN_SPACE, p);
}

static bool line_comment_here(const ari_scan *scan)
{
    const char *p = scan->cursor;
    if (*p == '#')
        return is_mysql(scan->dialect);
    if (*p != '-' || p + 1 >= scan->end || p[1] != '-')
        return false;
    return !is_mysql(scan->dialect) || p + 2 == scan->end || (unsigned char)p[2] <= ' ';
}

static ari_token take_other(ari_scan *scan)
{
    const ar_dialect *dialect = scan->dialect;
    const char *p = scan->cursor;
    switch (*p) {
    case '\'': return take_quoted(scan, p, ARI_TOKEN_STRING, '\'', dialect->backslash_escapes);
    case '"':
        return dialect->identifier_quote == '"'
                   ? take_quoted(scan, p, ARI_TOKEN_NAME, '"', false)
                   : take_quoted(scan, p, ARI_TOKEN_STRING, '"', dialect->backslash_escapes);
    case '`':
        return dialect->dollar_quotes ? take(scan, ARI_TOKEN_OTHER, p + 1)
                                      : take_quoted(scan, p, ARI_TOKEN_NAME, '`', false);
    case '[':
        return dialect->bracket_identifiers ? take_quoted(scan, p, ARI_TOKEN_NAME, ']', false)
                                            : take(scan, ARI_TOKEN_OTHER, p + 1);
    case '$': return dialect->dollar_quotes ? take_dollar(scan) : take(scan, ARI_TOKEN_OTHER, p + 1);
    case '?': return take_question(scan);
    case '/': return p + 1 < scan->end && p[1] == '*' ? take_block_comment(scan) : take(scan, ARI_TOKEN_OTHER, p + 1);
    default: return line_comment_here(scan) ? take_line_comment(scan) : take(scan, ARI_TOKEN_OTHER, p + 1);
    }
}

ari_token ari_scan_next(ari_scan *scan)
{
    if (scan->cursor >= scan->end)
        return (ari_token){ .kind = ARI_TOKEN_END, .text = scan->end, .length = 0 };
    char c = *scan->cursor;
    if (is_space(c))
        return take_space(scan);
    if (is_name_start(c))
        return take_word(scan);
    if (is_digit(c))
        return take_number(scan);
    return take_other(scan);
}

ari_token ari_scan_next_significant(ari_scan *scan)
{
    for (;;) {
        ari_token token = ari_scan_next(scan);
        if (token.kind != ARI_TOKEN_SPACE && token.kind != ARI_TOKEN_COMMENT)
            return token;
    }
}

static bool equals_ignoring_case(const char *text, size_t length, const char *word)
{
    for (size_t i = 0; i < length; i++) {
        if (word[i] == '\0' || lower(text[i]) != lower(word[i]))
            return false;
    }
    return word[length] == '\0';
}

bool ari_token_is(const ari_token *token, const char *word)
{
    return token->kind == ARI_TOKEN_WORD && equals_ignoring_case(token->text, token->length, word);
}

bool ari_token_names(const ari_token *token, const char *name)
{
    if (token->kind == ARI_TOKEN_WORD)
        return equals_ignoring_case(token->text, token->length, name);
    if (token->kind != ARI_TOKEN_NAME)
        return false;
    char close = token->text[token->length - 1];
    const char *p = token->text + 1;
    const char *end = token->text + token->length - 1;
    for (; p < end && *name != '\0'; p++, name++) {
        if (*p != *name)
            return false;
        if (*p == close)
            p++; /* doubled */
    }
    return p == end && *name == '\0';
}
