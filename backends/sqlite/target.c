/* SPDX-License-Identifier: MIT */
#include "backends/sqlite/target.h"

#include <string.h>

/* SQLite stores a REAL without fraction as an integer where the column's affinity is REAL, NUMERIC or INTEGER, and so
 * drops the sign of a zero (https://www.sqlite.org/datatype3.html, 2 and 3). Which column a parameter goes to it does
 * not tell, so the text has to: a parameter in a row of VALUES or among the results of INSERT … SELECT, alone or in an
 * expression, goes to the column of that position, one in an assignment of SET to the column before the `=`, one behind
 * WHERE, ON or RETURNING to none. One anywhere else, as in a WITH, behind FROM, or beside a `*`, may go to each column
 * of the table. All words that are looked for are reserved in SQLite: no name is one of them unless it is quoted. Of
 * a view every column counts as one that loses it: what its triggers do is not known. What those of a table do with the
 * value is their own. */

enum place {
    HEAD,        /* INSERT and UPDATE up to the clause that writes */
    NAMES,       /* INSERT's list of columns */
    ROWS,        /* behind VALUES */
    RESULTS,     /* behind SELECT */
    ASSIGNMENT,  /* of SET, in front of the column */
    ASSIGNED,    /* behind it */
    SEVERAL,     /* behind the columns of (a, b) = … */
    NOT_WRITTEN, /* WHERE, ON, RETURNING; DELETE as a whole */
    ANYWHERE
};

/* By the declared type (section 3.1). */
static bool loses(const char *type)
{
    static const struct {
        const char *part;
        bool loses;
    } rules[] = { { "INT", true }, { "CHAR", false }, { "CLOB", false }, { "TEXT", false }, { "BLOB", false } };
    char pattern[8];
    if (type == NULL || type[0] == '\0')
        return false;
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        sqlite3_snprintf((int)sizeof pattern, pattern, "%%%s%%", rules[i].part);
        if (sqlite3_strlike(pattern, type, 0) == 0)
            return rules[i].loses;
    }
    return true;
}

/* The types of the table's columns that can be written, from the one at `first` on; of a view, one that loses it. */
static bool list_types(ari_sqlite_targets *targets, int first)
{
    static const char text[] =
        "SELECT iif(EXISTS (SELECT 1 FROM pragma_table_list(?1) WHERE type = 'view'), 'INT', type) "
        "FROM pragma_table_xinfo(?1, nullif(?2, '')) WHERE hidden = 0 ORDER BY cid LIMIT -1 OFFSET ?3";
    if (targets->positions == NULL &&
        (sqlite3_prepare_v2(targets->db, text, -1, &targets->positions, NULL) != SQLITE_OK ||
         sqlite3_bind_text(targets->positions, 1, targets->table, -1, SQLITE_STATIC) != SQLITE_OK ||
         sqlite3_bind_text(targets->positions, 2, targets->schema, -1, SQLITE_STATIC) != SQLITE_OK))
        return false;
    (void)sqlite3_reset(targets->positions);
    return sqlite3_bind_int(targets->positions, 3, first) == SQLITE_OK;
}

/* Whatever cannot be told counts as a loss, here and below. */
static bool any_loses(ari_sqlite_targets *targets)
{
    if (targets->any == 0) {
        int code = list_types(targets, 0) ? sqlite3_step(targets->positions) : SQLITE_ERROR;
        while (code == SQLITE_ROW && !loses((const char *)sqlite3_column_text(targets->positions, 0)))
            code = sqlite3_step(targets->positions);
        targets->any = code == SQLITE_DONE ? -1 : 1;
        (void)sqlite3_reset(targets->positions);
    }
    return targets->any > 0;
}

static bool position_loses(ari_sqlite_targets *targets)
{
    bool answer = !list_types(targets, targets->position) || sqlite3_step(targets->positions) != SQLITE_ROW ||
                  loses((const char *)sqlite3_column_text(targets->positions, 0));
    (void)sqlite3_reset(targets->positions);
    return answer;
}

static bool column_loses(const ari_sqlite_targets *targets, ari_sqlite_token column)
{
    char name[512];
    const char *type = NULL, *schema = targets->schema[0] == '\0' ? NULL : targets->schema;
    return !ari_sqlite_token_is_name(column) || !ari_sqlite_token_name(column, name, sizeof name) ||
           sqlite3_table_column_metadata(targets->db, schema, targets->table, name, &type, NULL, NULL, NULL, NULL) !=
               SQLITE_OK ||
           loses(type);
}

static ari_sqlite_token named_column(const ari_sqlite_targets *targets)
{
    ari_sqlite_tokens names = targets->names;
    ari_sqlite_token name = ari_sqlite_token_next(&names);
    for (int i = 0; i < targets->position; i++) {
        (void)ari_sqlite_token_next(&names); /* the comma */
        name = ari_sqlite_token_next(&names);
    }
    return name;
}

static bool is_parameter(ari_sqlite_token token)
{
    return ari_sqlite_token_is_char(token, '?');
}

/* ?1, :name, @name, #name, $name: then the order of the parameters is not that of the text. */
static bool has_named_parameters(ari_sqlite_tokens tokens)
{
    ari_sqlite_token token;
    do {
        token = ari_sqlite_token_next(&tokens);
        if (ari_sqlite_token_is_char(token, ':') || ari_sqlite_token_is_char(token, '@') ||
            ari_sqlite_token_is_char(token, '#') || (token.kind == ARI_SQLITE_TOKEN_WORD && token.text[0] == '$') ||
            (is_parameter(token) && tokens.cursor < tokens.end && *tokens.cursor >= '0' && *tokens.cursor <= '9'))
            return true;
    } while (token.kind != ARI_SQLITE_TOKEN_END);
    return false;
}

/* Behind the keyword: [OR word] [INTO] [schema .] table. */
static bool read_table(ari_sqlite_targets *targets, bool updates)
{
    ari_sqlite_tokens *rest = &targets->rest;
    ari_sqlite_token name = ari_sqlite_token_next(rest);
    if (ari_sqlite_token_is(name, "OR")) {
        (void)ari_sqlite_token_next(rest);
        name = ari_sqlite_token_next(rest);
    }
    if (!updates)
        name = ari_sqlite_token_next(rest); /* behind INTO */
    ari_sqlite_tokens ahead = *rest;
    if (ari_sqlite_token_is_char(ari_sqlite_token_next(&ahead), '.')) {
        if (!ari_sqlite_token_name(name, targets->schema, sizeof targets->schema))
            return false;
        name = ari_sqlite_token_next(&ahead);
        *rest = ahead;
    }
    return ari_sqlite_token_is_name(name) && ari_sqlite_token_name(name, targets->table, sizeof targets->table);
}

static void start(ari_sqlite_targets *targets)
{
    ari_sqlite_tokens all = ari_sqlite_tokens_of(targets->source->sql, targets->source->sql_length);
    targets->started = true;
    targets->unclear = targets->has_names = false;
    targets->any = targets->passed = targets->depth = targets->position = 0;
    targets->schema[0] = '\0';
    targets->rest = all;
    ari_sqlite_token keyword = ari_sqlite_main_keyword(&targets->rest);
    ari_sqlite_tokens with = { all.cursor, keyword.text };
    for (ari_sqlite_token token = ari_sqlite_token_next(&with); token.kind != ARI_SQLITE_TOKEN_END;
         token = ari_sqlite_token_next(&with))
        targets->passed += is_parameter(token) ? 1 : 0;
    targets->place = HEAD;
    bool updates = ari_sqlite_token_is(keyword, "UPDATE");
    if (!updates && !ari_sqlite_token_is(keyword, "INSERT") && !ari_sqlite_token_is(keyword, "REPLACE"))
        targets->place = NOT_WRITTEN;
    else
        targets->unclear = !read_table(targets, updates) || has_named_parameters(all);
}

/* A token outside of parentheses. */
static void pass_outside(ari_sqlite_targets *targets, ari_sqlite_token token)
{
    if (ari_sqlite_token_is(token, "SET"))
        targets->place = ASSIGNMENT;
    else if (ari_sqlite_token_is(token, "VALUES"))
        targets->place = ROWS;
    else if (ari_sqlite_token_is(token, "SELECT")) {
        targets->place = RESULTS;
        targets->position = 0;
    } else if (targets->place == RESULTS && ari_sqlite_token_is_char(token, ','))
        targets->position++;
    else if (targets->place == RESULTS && ari_sqlite_token_is_char(token, '*'))
        targets->place = ANYWHERE;
    else if (ari_sqlite_token_is(token, "WHERE"))
        targets->place = NOT_WRITTEN;
    else if (ari_sqlite_token_is(token, "RETURNING"))
        targets->place = NOT_WRITTEN;
    else if (ari_sqlite_token_is(token, "ON") && targets->place == ROWS)
        targets->place = NOT_WRITTEN;
    else if (ari_sqlite_token_is(token, "WITH") || ari_sqlite_token_is(token, "FROM") ||
             (targets->place == ROWS && token.kind == ARI_SQLITE_TOKEN_WORD))
        targets->place = ANYWHERE;
    else if (targets->place == ASSIGNMENT && ari_sqlite_token_is_name(token)) {
        targets->place = ASSIGNED;
        targets->column = token;
    } else if ((targets->place == ASSIGNED || targets->place == SEVERAL) && ari_sqlite_token_is_char(token, ','))
        targets->place = ASSIGNMENT;
}

static void pass(ari_sqlite_targets *targets, ari_sqlite_token token)
{
    if (ari_sqlite_token_is_char(token, '(')) {
        if (targets->depth == 0 && targets->place == HEAD) {
            targets->names = targets->rest;
            targets->has_names = true;
            targets->place = NAMES;
        } else if (targets->depth == 0 && targets->place == ASSIGNMENT)
            targets->place = SEVERAL;
        else if (targets->depth == 0 && targets->place == ROWS)
            targets->position = 0;
        targets->depth++;
    } else if (ari_sqlite_token_is_char(token, ')')) {
        targets->depth--;
        if (targets->depth == 0 && targets->place == NAMES)
            targets->place = HEAD;
    } else if (targets->depth == 0)
        pass_outside(targets, token);
    else if (targets->depth == 1 && targets->place == ROWS && ari_sqlite_token_is_char(token, ','))
        targets->position++;
}

static bool loses_here(ari_sqlite_targets *targets)
{
    switch ((enum place)targets->place) {
    case ROWS:
    case RESULTS: return targets->has_names ? column_loses(targets, named_column(targets)) : position_loses(targets);
    case ASSIGNED: return column_loses(targets, targets->column);
    case NOT_WRITTEN: return false;
    case HEAD:
    case NAMES:
    case ASSIGNMENT:
    case SEVERAL:
    case ANYWHERE: return any_loses(targets);
    }
    return true;
}

bool ari_sqlite_loses_minus_zero(ari_sqlite_targets *targets, int index)
{
    if (!targets->started)
        start(targets);
    if (targets->unclear)
        return true;
    if (targets->passed >= index) /* in a WITH in front */
        return targets->place != NOT_WRITTEN && any_loses(targets);
    while (targets->passed < index) {
        ari_sqlite_token token = ari_sqlite_token_next(&targets->rest);
        if (token.kind == ARI_SQLITE_TOKEN_END)
            return true;
        if (is_parameter(token))
            targets->passed++;
        else
            pass(targets, token);
    }
    return loses_here(targets);
}

void ari_sqlite_targets_fini(ari_sqlite_targets *targets)
{
    sqlite3_finalize(targets->positions);
}
