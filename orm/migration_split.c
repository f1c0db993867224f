/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "orm/migration.h"

/* Where a statement ends: at a semicolon that is in no quotes, comment or body. A body is what stands behind the head of
 * a CREATE TRIGGER, PROCEDURE, FUNCTION or EVENT, or in MariaDB's BEGIN NOT ATOMIC, and its blocks are counted: BEGIN and
 * CASE, on MySQL also IF, LOOP, WHILE, REPEAT and FOR, which need no BEGIN round them there. Each has an END. In PostgreSQL
 * only BEGIN ATOMIC is one; other bodies are in quotes there. */

typedef struct nesting {
    enum { UNDECIDED, PLAIN, WITH_BODY } kind;
    bool begun;
    int depth;
} nesting;

static bool is_mysql(const ari_scan *scan)
{
    return scan->dialect->identifier_quote == '`';
}

static ari_token look(ari_scan *ahead)
{
    return ari_scan_next_significant(ahead);
}

static bool is_any(const ari_token *token, const char *const *words)
{
    while (*words != NULL && !ari_token_is(token, *words))
        words++;
    return *words != NULL;
}

/* By the first word, and in a CREATE by the first that says of what: a table may be called "event". */
static void decide(nesting *state, const ari_scan *scan, const ari_token *token)
{
    static const char *const with_body[] = { "trigger", "procedure", "function", "event", NULL };
    static const char *const plain[] = { "table", "view", "index", NULL };
    ari_scan ahead = *scan;
    if (!state->begun) {
        ari_token next = look(&ahead);
        bool compound = ari_token_is(token, "begin") && ari_token_is(&next, "not");
        state->kind = compound ? WITH_BODY : ari_token_is(token, "create") ? UNDECIDED : PLAIN;
    } else if (is_any(token, with_body)) {
        state->kind = WITH_BODY;
    } else if (is_any(token, plain)) {
        state->kind = PLAIN;
    }
}

/* The function IF has three arguments; the statement has a condition, and the clause IF [NOT] EXISTS a name. */
static bool is_if_statement(ari_scan ahead)
{
    ari_token token = look(&ahead);
    if (ari_token_is(&token, "not"))
        token = look(&ahead);
    if (ari_token_is(&token, "exists")) {
        token = look(&ahead);
        return ari_token_is_char(&token, '(');
    }
    int depth = 0, commas = 0;
    for (; ari_token_is_char(&token, '(') || depth > 0; token = look(&ahead)) {
        if (token.kind == ARI_TOKEN_END || token.kind == ARI_TOKEN_UNTERMINATED)
            return true;
        depth += ari_token_is_char(&token, '(') - ari_token_is_char(&token, ')');
        commas += depth == 1 && ari_token_is_char(&token, ',');
        if (depth == 0)
            break;
    }
    return commas != 2;
}

static bool opens_block(const ari_scan *scan, const ari_token *token)
{
    ari_scan ahead = *scan;
    ari_token next = look(&ahead);
    if (ari_token_is(token, "begin"))
        return !scan->dialect->dollar_quotes || ari_token_is(&next, "atomic");
    if (ari_token_is(token, "case"))
        return true;
    if (!is_mysql(scan))
        return false;
    if (ari_token_is(token, "if"))
        return is_if_statement(*scan);
    if (ari_token_is(token, "repeat"))
        return !ari_token_is_char(&next, '(');
    if (ari_token_is(token, "for")) {
        next = look(&ahead);
        return ari_token_is(&next, "in");
    }
    return ari_token_is(token, "loop") || ari_token_is(token, "while");
}

static void end_block(nesting *state, ari_scan *scan)
{
    static const char *const kinds[] = { "if", "loop", "while", "repeat", "for", "case", NULL };
    ari_scan ahead = *scan;
    ari_token next = look(&ahead);
    state->depth -= state->depth > 0;
    if (is_any(&next, kinds))
        *scan = ahead;
}

static void follow(nesting *state, ari_scan *scan, const ari_token *token)
{
    if (!state->begun || state->kind == UNDECIDED)
        decide(state, scan, token);
    state->begun = true;
    if (state->kind != WITH_BODY)
        return;
    if (ari_token_is(token, "end"))
        end_block(state, scan);
    else
        state->depth += opens_block(scan, token);
}

/* MySQL runs what is in them. */
static bool is_run(const ari_scan *scan, const ari_token *token)
{
    const char *p = token->text + 2;
    if (token->kind != ARI_TOKEN_COMMENT || !is_mysql(scan) || token->length < 4 || token->text[1] != '*')
        return false;
    return *p == '!' || (p[0] == 'M' && p[1] == '!');
}

bool ari_split_next(ari_scan *scan, ari_piece_of_sql *piece)
{
    nesting state = { .kind = UNDECIDED };
    *piece = (ari_piece_of_sql){ .sql = NULL };
    for (;;) {
        ari_token token = ari_scan_next(scan);
        bool ends = token.kind == ARI_TOKEN_END || (state.depth == 0 && ari_token_is_char(&token, ';'));
        bool skipped = token.kind == ARI_TOKEN_SPACE || (token.kind == ARI_TOKEN_COMMENT && !is_run(scan, &token));
        if (ends && (piece->sql != NULL || token.kind == ARI_TOKEN_END))
            return piece->sql != NULL;
        if (ends || skipped)
            continue;
        if (token.kind == ARI_TOKEN_WORD)
            follow(&state, scan, &token);
        if (piece->sql == NULL)
            piece->sql = token.text;
        piece->length = (size_t)(scan->cursor - piece->sql);
    }
}

size_t ari_split_count(const ar_dialect *dialect, const char *sql)
{
    ari_scan scan;
    ari_piece_of_sql piece;
    size_t count = 0;
    if (sql == NULL)
        return 0;
    ari_scan_init(&scan, dialect, sql, strlen(sql));
    while (ari_split_next(&scan, &piece))
        count++;
    return count;
}

/* FNV-1a; the ends of lines do not count, which differ from one checkout to another. */
static uint64_t hash_text(uint64_t hash, const char *text)
{
    for (; text != NULL && *text != '\0'; text++) {
        if (*text != '\r')
            hash = (hash ^ (unsigned char)*text) * UINT64_C(1099511628211);
    }
    return (hash ^ (text != NULL ? 1 : 0)) * UINT64_C(1099511628211);
}

void ari_migration_checksum(const ar_migration *migration, char checksum[ARI_CHECKSUM])
{
    uint64_t hash = hash_text(UINT64_C(14695981039346656037), migration->up);
    hash = hash_text(hash, migration->revision);
    (void)snprintf(checksum, ARI_CHECKSUM, "%016" PRIx64, hash);
}
