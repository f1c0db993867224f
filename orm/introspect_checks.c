/* SPDX-License-Identifier: MIT */
#include <stdalign.h>
#include <string.h>

#include "orm/introspect.h"
#include "orm/scan.h"

/* An engine that tells no checks keeps the text of the table: [CONSTRAINT name] CHECK (condition), wherever it stands;
 * and that of an index, whose condition is the last thing in it. */

typedef struct found {
    ari_token name; /* length 0: none */
    const char *condition;
    size_t length;
} found;

/* The inside of parentheses that were opened just before. False: they are not closed. */
static bool read_inside(ari_scan *scan, found *check)
{
    int depth = 1;
    check->condition = scan->cursor;
    for (;;) {
        ari_token token = ari_scan_next(scan);
        if (token.kind == ARI_TOKEN_END || token.kind == ARI_TOKEN_UNTERMINATED)
            return false;
        depth += ari_token_is_char(&token, '(') - ari_token_is_char(&token, ')');
        if (depth > 0)
            continue;
        check->length = (size_t)(token.text - check->condition);
        return true;
    }
}

static bool next_check(ari_scan *scan, found *check)
{
    ari_token name = { .length = 0 };
    for (;;) {
        ari_token token = ari_scan_next_significant(scan);
        if (token.kind == ARI_TOKEN_END || token.kind == ARI_TOKEN_UNTERMINATED)
            return false;
        if (ari_token_is(&token, "constraint")) {
            name = ari_scan_next_significant(scan);
            continue;
        }
        if (ari_token_is(&token, "check")) {
            token = ari_scan_next_significant(scan);
            check->name = name;
            if (ari_token_is_char(&token, '('))
                return read_inside(scan, check);
        }
        name.length = 0;
    }
}

/* Without its quotes, which are doubled inside. */
static const char *copy_name(ari_arena *arena, const ari_token *token)
{
    char *copy = ari_arena_copy_text(arena, token->text, token->length);
    if (copy == NULL || (token->kind != ARI_TOKEN_NAME && token->kind != ARI_TOKEN_STRING) || token->length < 2)
        return copy;
    char quote = copy[0];
    size_t to = 0;
    for (size_t i = 1; i + 1 < token->length; i++) {
        copy[to++] = copy[i];
        if (copy[i] == quote && copy[i + 1] == quote)
            i++;
    }
    copy[to] = '\0';
    return copy;
}

static size_t count_checks(const ar_dialect *dialect, const char *text)
{
    ari_scan scan;
    found check;
    size_t count = 0;
    ari_scan_init(&scan, dialect, text, strlen(text));
    while (next_check(&scan, &check))
        count++;
    return count;
}

bool ari_checks_scan(ari_arena *arena, const ar_dialect *dialect, const char *text, ar_schema_check **out,
                     size_t *count)
{
    ari_scan scan;
    found check;
    size_t total = count_checks(dialect, text);
    *count = 0;
    *out = ari_arena_alloc_array(arena, total, sizeof **out, alignof(ar_schema_check));
    if (*out == NULL)
        return false;
    ari_scan_init(&scan, dialect, text, strlen(text));
    while (*count < total && next_check(&scan, &check)) {
        ar_schema_check *added = &(*out)[(*count)++];
        added->name = check.name.length > 0 ? copy_name(arena, &check.name) : NULL;
        added->condition = ari_arena_copy_text(arena, check.condition, check.length);
        if (added->condition == NULL || (check.name.length > 0 && added->name == NULL))
            return false;
    }
    return true;
}

const char *ari_condition_scan(const ar_dialect *dialect, const char *text)
{
    ari_scan scan;
    ari_token token;
    ari_scan_init(&scan, dialect, text, strlen(text));
    do {
        token = ari_scan_next(&scan);
        if (ari_token_is(&token, "where")) {
            (void)ari_scan_next(&scan); /* the space */
            return scan.cursor;
        }
    } while (token.kind != ARI_TOKEN_END && token.kind != ARI_TOKEN_UNTERMINATED);
    return scan.end;
}
