/* SPDX-License-Identifier: MIT */
#include "backends/sqlite/classify.h"

#include <string.h>

#include "backends/sqlite/tokens.h"

static const struct keyword_class {
    const char *keyword;
    ar_statement_class statement_class;
} keyword_classes[] = {
    { "SELECT", AR_STATEMENT_READ },          { "VALUES", AR_STATEMENT_READ },
    { "EXPLAIN", AR_STATEMENT_READ },         { "INSERT", AR_STATEMENT_WRITE },
    { "REPLACE", AR_STATEMENT_WRITE },        { "UPDATE", AR_STATEMENT_WRITE },
    { "DELETE", AR_STATEMENT_WRITE },         { "CREATE", AR_STATEMENT_SCHEMA },
    { "ALTER", AR_STATEMENT_SCHEMA },         { "DROP", AR_STATEMENT_SCHEMA },
    { "PRAGMA", AR_STATEMENT_SESSION },       { "ATTACH", AR_STATEMENT_SESSION },
    { "DETACH", AR_STATEMENT_SESSION },       { "BEGIN", AR_STATEMENT_TRANSACTION },
    { "COMMIT", AR_STATEMENT_TRANSACTION },   { "END", AR_STATEMENT_TRANSACTION },
    { "ROLLBACK", AR_STATEMENT_TRANSACTION }, { "SAVEPOINT", AR_STATEMENT_TRANSACTION },
    { "RELEASE", AR_STATEMENT_TRANSACTION },
};

/* Words behind which the name of a table, index, view or trigger may stand. A qualifier "temp" elsewhere may be a
 * table's alias. */
static const char *const before_name[] = { "FROM",    "JOIN",   "INTO",    "UPDATE", "TABLE", "INDEX", "VIEW",
                                           "TRIGGER", "EXISTS", "REPLACE", "IGNORE", "ABORT", "FAIL",  "ROLLBACK" };

static bool is_before_name(ari_sqlite_token token)
{
    for (size_t i = 0; i < sizeof before_name / sizeof before_name[0]; i++)
        if (ari_sqlite_token_is(token, before_name[i]))
            return true;
    return false;
}

static bool is_temp(ari_sqlite_token token)
{
    char name[8];
    if (!ari_sqlite_token_is_name(token) || !ari_sqlite_token_name(token, name, sizeof name))
        return false;
    ari_sqlite_token bare = { ARI_SQLITE_TOKEN_WORD, name, strlen(name) };
    return ari_sqlite_token_is(bare, "TEMP");
}

static bool names_temp(ari_sqlite_tokens tokens)
{
    ari_sqlite_token before = ari_sqlite_token_next(&tokens);
    while (before.kind != ARI_SQLITE_TOKEN_END) {
        ari_sqlite_token name = ari_sqlite_token_next(&tokens);
        ari_sqlite_tokens ahead = tokens;
        if (is_before_name(before) && is_temp(name) && ari_sqlite_token_is_char(ari_sqlite_token_next(&ahead), '.'))
            return true;
        before = name;
    }
    return false;
}

/* EXPLAIN [QUERY PLAN] PRAGMA …: most pragmas do what they do when they are prepared, also to be explained. */
static bool explains_pragma(ari_sqlite_tokens tokens)
{
    ari_sqlite_token token = ari_sqlite_token_next(&tokens);
    while (ari_sqlite_token_is(token, "QUERY") || ari_sqlite_token_is(token, "PLAN"))
        token = ari_sqlite_token_next(&tokens);
    return ari_sqlite_token_is(token, "PRAGMA");
}

ar_statement_class ari_sqlite_classify(const char *sql, size_t length)
{
    ari_sqlite_tokens tokens = ari_sqlite_tokens_of(sql, length);
    ari_sqlite_token keyword = ari_sqlite_main_keyword(&tokens);
    ar_statement_class answer = AR_STATEMENT_OTHER;
    for (size_t i = 0; i < sizeof keyword_classes / sizeof keyword_classes[0]; i++)
        if (ari_sqlite_token_is(keyword, keyword_classes[i].keyword))
            answer = keyword_classes[i].statement_class;
    if (ari_sqlite_token_is(keyword, "CREATE")) {
        ari_sqlite_tokens ahead = tokens;
        ari_sqlite_token next = ari_sqlite_token_next(&ahead);
        if (ari_sqlite_token_is(next, "TEMP") || ari_sqlite_token_is(next, "TEMPORARY"))
            return AR_STATEMENT_SESSION;
    }
    if (ari_sqlite_token_is(keyword, "EXPLAIN") && explains_pragma(tokens))
        return AR_STATEMENT_SESSION;
    bool may_name_tables = answer == AR_STATEMENT_READ || answer == AR_STATEMENT_WRITE || answer == AR_STATEMENT_SCHEMA;
    if (may_name_tables && !ari_sqlite_token_is(keyword, "EXPLAIN") && names_temp(ari_sqlite_tokens_of(sql, length)))
        return AR_STATEMENT_SESSION;
    return answer;
}
