/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "orm/migration.h"

/* Where a statement ends: at a semicolon that is in no quotes, comment or body. A body is what stands between BEGIN and
 * END in a CREATE TRIGGER, PROCEDURE, FUNCTION or EVENT; CASE has an END too, and so have IF, LOOP and their like, of
 * two words. */

typedef struct nesting {
    bool is_create; /* it began with CREATE */
    bool has_body;
    size_t words;
    int depth;
} nesting;

static bool is_block_word(const ari_token *token)
{
    return ari_token_is(token, "if") || ari_token_is(token, "loop") || ari_token_is(token, "while") ||
           ari_token_is(token, "repeat");
}

static void follow(nesting *state, ari_scan *scan, const ari_token *token)
{
    state->words++;
    if (state->words == 1)
        state->is_create = ari_token_is(token, "create");
    if (state->is_create && state->depth == 0 &&
        (ari_token_is(token, "trigger") || ari_token_is(token, "procedure") || ari_token_is(token, "function") ||
         ari_token_is(token, "event")))
        state->has_body = true;
    if (!state->has_body)
        return;
    if (ari_token_is(token, "begin") || (state->depth > 0 && ari_token_is(token, "case"))) {
        state->depth++;
    } else if (state->depth > 0 && ari_token_is(token, "end")) {
        ari_scan ahead = *scan;
        ari_token next = ari_scan_next_significant(&ahead);
        if (!is_block_word(&next))
            state->depth--;
        if (is_block_word(&next) || ari_token_is(&next, "case"))
            *scan = ahead;
    }
}

bool ari_split_next(ari_scan *scan, ari_piece_of_sql *piece)
{
    nesting state = { .depth = 0 };
    *piece = (ari_piece_of_sql){ .sql = NULL };
    for (;;) {
        ari_token token = ari_scan_next(scan);
        bool ends = token.kind == ARI_TOKEN_END || (state.depth == 0 && ari_token_is_char(&token, ';'));
        if (ends && (piece->sql != NULL || token.kind == ARI_TOKEN_END))
            return piece->sql != NULL;
        if (ends || token.kind == ARI_TOKEN_SPACE || token.kind == ARI_TOKEN_COMMENT)
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
