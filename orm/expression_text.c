/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "orm/difference.h"
#include "orm/scan.h"

/* Engines keep a default as they understood it: with casts ('a'::text), other case, other spaces, more or fewer
 * parentheses and quotes, and with 1 for true. Compared is what is left without these. */

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

/* The type behind "::", perhaps of several words; the token behind it. */
static ari_token skip_cast(ari_scan *scan)
{
    ari_token token;
    do
        token = ari_scan_next_significant(scan);
    while (token.kind == ARI_TOKEN_WORD || token.kind == ARI_TOKEN_NAME);
    return token;
}

/* The inside of a text, whose quotes are doubled or, where the dialect has that, behind a backslash. */
static void put_string(ari_text_buffer *text, const ar_dialect *dialect, const ari_token *token)
{
    for (size_t i = 1; i + 1 < token->length; i++) {
        char c = token->text[i];
        bool escapes = c == token->text[0] || (c == '\\' && dialect->backslash_escapes);
        if (escapes && i + 2 < token->length)
            i++;
        ari_text_buffer_append_char(text, token->text[i]);
    }
}

/* "now()" and "current_timestamp(6)" are alike; the parentheses are left out with what is in them. */
static void put_now(ari_text_buffer *text, ari_scan *scan)
{
    ari_scan ahead = *scan;
    ari_token token = ari_scan_next_significant(&ahead);
    ari_text_buffer_append_cstr(text, "now");
    if (!ari_token_is_char(&token, '('))
        return;
    do
        token = ari_scan_next_significant(&ahead);
    while (token.kind != ARI_TOKEN_END && !ari_token_is_char(&token, ')'));
    *scan = ahead;
}

static void put_word(ari_text_buffer *text, ari_scan *scan, const ari_token *word)
{
    if (ari_token_is(word, "true") || ari_token_is(word, "false")) {
        ari_text_buffer_append_char(text, ari_token_is(word, "true") ? '1' : '0');
        return;
    }
    if (ari_token_is(word, "now") || ari_token_is(word, "current_timestamp")) {
        put_now(text, scan);
        return;
    }
    for (size_t i = 0; word->text[0] != '_' && i < word->length; i++) /* _utf8mb4 stands before a text */
        ari_text_buffer_append_char(text, lower(word->text[i]));
}

static void reduce(ari_text_buffer *text, const ar_dialect *dialect, const char *sql)
{
    ari_scan scan;
    ari_scan_init(&scan, dialect, sql, strlen(sql));
    for (;;) {
        ari_token token = ari_scan_next_significant(&scan);
        while (ari_token_is_char(&token, ':') && scan.cursor < scan.end && *scan.cursor == ':') {
            (void)ari_scan_next(&scan);
            token = skip_cast(&scan);
        }
        if (token.kind == ARI_TOKEN_END)
            return;
        if (token.kind == ARI_TOKEN_STRING)
            put_string(text, dialect, &token);
        else if (token.kind == ARI_TOKEN_WORD)
            put_word(text, &scan, &token);
        else if (!ari_token_is_char(&token, '(') && !ari_token_is_char(&token, ')'))
            ari_text_buffer_append(text, token.text, token.length);
    }
}

bool ari_same_expression(const ar_env *env, const ar_dialect *dialect, const char *a, const char *b, bool *failed)
{
    ari_text_buffer first, second;
    if (a == NULL || b == NULL)
        return a == b;
    ari_text_buffer_init(&first, env);
    ari_text_buffer_init(&second, env);
    reduce(&first, dialect, a);
    reduce(&second, dialect, b);
    *failed = *failed || first.failed || second.failed;
    bool same = strcmp(ari_text_buffer_cstr(&first), ari_text_buffer_cstr(&second)) == 0;
    ari_text_buffer_fini(&first);
    ari_text_buffer_fini(&second);
    return same;
}
