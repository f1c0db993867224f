/* SPDX-License-Identifier: MIT */
#include "backends/mysql/classify.h"

#include "backends/mysql/tokens.h"

/* LOCK TABLES, UNLOCK TABLES and BACKUP commit what is open and hold their locks beyond it; a text that another statement
 * executes may do so too, and is not seen here (https://mariadb.com/kb/en/sql-statements-that-cause-an-implicit-commit/). */
static const struct word_class {
    const char *word;
    ar_statement_class statement_class;
} word_classes[] = {
    { "SELECT", AR_STATEMENT_READ },
    { "VALUES", AR_STATEMENT_READ },
    { "TABLE", AR_STATEMENT_READ },
    { "SHOW", AR_STATEMENT_READ },
    { "DESCRIBE", AR_STATEMENT_READ },
    { "DESC", AR_STATEMENT_READ },
    { "EXPLAIN", AR_STATEMENT_READ },
    { "HELP", AR_STATEMENT_READ },
    { "INSERT", AR_STATEMENT_WRITE },
    { "UPDATE", AR_STATEMENT_WRITE },
    { "DELETE", AR_STATEMENT_WRITE },
    { "REPLACE", AR_STATEMENT_WRITE },
    { "CREATE", AR_STATEMENT_SCHEMA },
    { "ALTER", AR_STATEMENT_SCHEMA },
    { "DROP", AR_STATEMENT_SCHEMA },
    { "RENAME", AR_STATEMENT_SCHEMA },
    { "TRUNCATE", AR_STATEMENT_SCHEMA },
    { "GRANT", AR_STATEMENT_SCHEMA },
    { "REVOKE", AR_STATEMENT_SCHEMA },
    { "INSTALL", AR_STATEMENT_SCHEMA },
    { "UNINSTALL", AR_STATEMENT_SCHEMA },
    { "FLUSH", AR_STATEMENT_SCHEMA },
    { "OPTIMIZE", AR_STATEMENT_SCHEMA },
    { "REPAIR", AR_STATEMENT_SCHEMA },
    { "CHECK", AR_STATEMENT_SCHEMA },
    { "CACHE", AR_STATEMENT_SCHEMA },
    { "RESET", AR_STATEMENT_SCHEMA },
    { "STOP", AR_STATEMENT_SCHEMA },
    { "CHANGE", AR_STATEMENT_SCHEMA },
    { "IMPORT", AR_STATEMENT_SCHEMA },
    { "USE", AR_STATEMENT_SESSION },
    { "LOCK", AR_STATEMENT_TRANSACTION },
    { "UNLOCK", AR_STATEMENT_TRANSACTION },
    { "BACKUP", AR_STATEMENT_TRANSACTION },
    { "PREPARE", AR_STATEMENT_TRANSACTION },
    { "EXECUTE", AR_STATEMENT_TRANSACTION },
    { "DEALLOCATE", AR_STATEMENT_SESSION },
    { "HANDLER", AR_STATEMENT_SESSION },
    { "COMMIT", AR_STATEMENT_TRANSACTION },
    { "ROLLBACK", AR_STATEMENT_TRANSACTION },
    { "SAVEPOINT", AR_STATEMENT_TRANSACTION },
    { "RELEASE", AR_STATEMENT_TRANSACTION },
    { "XA", AR_STATEMENT_TRANSACTION },
};

static bool next_is(const ari_mysql_tokens *tokens, const char *word)
{
    return ari_mysql_token_is(ari_mysql_token_peek(tokens), word);
}

/* A SELECT that locks rows, keeps something in the session or writes a file. */
static ar_statement_class classify_select(ari_mysql_tokens tokens)
{
    for (;;) {
        ari_mysql_token token = ari_mysql_token_next(&tokens);
        if (token.kind == ARI_MYSQL_TOKEN_END)
            return AR_STATEMENT_READ;
        if (ari_mysql_token_is(token, "FOR") && (next_is(&tokens, "UPDATE") || next_is(&tokens, "SHARE")))
            return AR_STATEMENT_WRITE;
        if (ari_mysql_token_is(token, "LOCK") && next_is(&tokens, "IN"))
            return AR_STATEMENT_WRITE;
        if (ari_mysql_token_is_char(token, ':') && ari_mysql_token_is_char(ari_mysql_token_peek(&tokens), '='))
            return AR_STATEMENT_SESSION;
        if (ari_mysql_token_is(token, "GET_LOCK") || ari_mysql_token_is(token, "RELEASE_LOCK") ||
            ari_mysql_token_is(token, "RELEASE_ALL_LOCKS"))
            return AR_STATEMENT_SESSION;
        if (ari_mysql_token_is(token, "INTO"))
            return next_is(&tokens, "OUTFILE") || next_is(&tokens, "DUMPFILE") ? AR_STATEMENT_OTHER
                                                                               : AR_STATEMENT_SESSION;
    }
}

static ar_statement_class classify_create(ari_mysql_tokens tokens)
{
    ari_mysql_token token = ari_mysql_token_next(&tokens);
    if (ari_mysql_token_is(token, "OR"))
        (void)ari_mysql_token_next(&tokens), token = ari_mysql_token_next(&tokens);
    return ari_mysql_token_is(token, "TEMPORARY") ? AR_STATEMENT_SESSION : AR_STATEMENT_SCHEMA;
}

static ar_statement_class classify_set(ari_mysql_tokens tokens)
{
    if (next_is(&tokens, "PASSWORD") || next_is(&tokens, "DEFAULT"))
        return AR_STATEMENT_SCHEMA; /* SET DEFAULT ROLE commits, SET x = DEFAULT does not */
    for (;;) {
        ari_mysql_token token = ari_mysql_token_next(&tokens);
        if (token.kind == ARI_MYSQL_TOKEN_END)
            return AR_STATEMENT_SESSION;
        if (ari_mysql_token_is(token, "AUTOCOMMIT"))
            return AR_STATEMENT_TRANSACTION;
    }
}

static ar_statement_class classify_start(ari_mysql_tokens tokens)
{
    return next_is(&tokens, "TRANSACTION") ? AR_STATEMENT_TRANSACTION : AR_STATEMENT_SCHEMA;
}

/* ANALYZE TABLE commits; MariaDB's ANALYZE runs the statement behind it. */
static ar_statement_class classify_analyze(ari_mysql_tokens tokens)
{
    bool table = next_is(&tokens, "TABLE") || next_is(&tokens, "LOCAL") || next_is(&tokens, "NO_WRITE_TO_BINLOG");
    return table ? AR_STATEMENT_SCHEMA : AR_STATEMENT_OTHER;
}

/* With a lock that outlives it. */
static ar_statement_class classify_flush(ari_mysql_tokens tokens)
{
    for (;;) {
        ari_mysql_token token = ari_mysql_token_next(&tokens);
        if (token.kind == ARI_MYSQL_TOKEN_END)
            return AR_STATEMENT_SCHEMA;
        if ((ari_mysql_token_is(token, "WITH") && next_is(&tokens, "READ")) ||
            (ari_mysql_token_is(token, "FOR") && next_is(&tokens, "EXPORT")))
            return AR_STATEMENT_TRANSACTION;
    }
}

static ar_statement_class classify_word(ari_mysql_token word, ari_mysql_tokens behind)
{
    if (ari_mysql_token_is(word, "SELECT"))
        return classify_select(behind);
    if (ari_mysql_token_is(word, "CREATE"))
        return classify_create(behind);
    if (ari_mysql_token_is(word, "DROP"))
        return next_is(&behind, "TEMPORARY") || next_is(&behind, "PREPARE") ? AR_STATEMENT_SESSION
                                                                            : AR_STATEMENT_SCHEMA;
    if (ari_mysql_token_is(word, "SET"))
        return classify_set(behind);
    if (ari_mysql_token_is(word, "START"))
        return classify_start(behind);
    if (ari_mysql_token_is(word, "BEGIN"))
        return next_is(&behind, "NOT") ? AR_STATEMENT_OTHER : AR_STATEMENT_TRANSACTION;
    if (ari_mysql_token_is(word, "ANALYZE"))
        return classify_analyze(behind);
    if (ari_mysql_token_is(word, "FLUSH"))
        return classify_flush(behind);
    if (ari_mysql_token_is(word, "LOAD"))
        return next_is(&behind, "INDEX") ? AR_STATEMENT_SCHEMA : AR_STATEMENT_OTHER;
    if (ari_mysql_token_is(word, "EXPLAIN") && next_is(&behind, "ANALYZE"))
        return AR_STATEMENT_OTHER;
    for (size_t i = 0; i < sizeof word_classes / sizeof word_classes[0]; i++)
        if (ari_mysql_token_is(word, word_classes[i].word))
            return word_classes[i].statement_class;
    return AR_STATEMENT_OTHER;
}

/* WITH name AS (…), …: the verb is the first word of these outside of parentheses. */
static ari_mysql_token verb_behind_with(ari_mysql_tokens *tokens)
{
    static const char *const verbs[] = { "SELECT", "INSERT", "UPDATE", "DELETE", "REPLACE", "VALUES", "TABLE" };
    size_t depth = 0;
    for (;;) {
        ari_mysql_token token = ari_mysql_token_next(tokens);
        if (token.kind == ARI_MYSQL_TOKEN_END)
            return token;
        if (ari_mysql_token_is_char(token, '('))
            depth++;
        else if (ari_mysql_token_is_char(token, ')') && depth > 0)
            depth--;
        for (size_t i = 0; depth == 0 && i < sizeof verbs / sizeof verbs[0]; i++)
            if (ari_mysql_token_is(token, verbs[i]))
                return token;
    }
}

static ari_mysql_token first_word(ari_mysql_tokens *tokens)
{
    ari_mysql_token token;
    do
        token = ari_mysql_token_next(tokens);
    while (ari_mysql_token_is_char(token, ';') || ari_mysql_token_is_char(token, '('));
    return token;
}

/* MariaDB's SET STATEMENT variable = value, … FOR statement: goes on to the statement. */
static bool skip_settings(ari_mysql_tokens *tokens)
{
    size_t depth = 0;
    for (;;) {
        ari_mysql_token token = ari_mysql_token_next(tokens);
        if (token.kind == ARI_MYSQL_TOKEN_END)
            return false;
        if (ari_mysql_token_is_char(token, '('))
            depth++;
        else if (ari_mysql_token_is_char(token, ')') && depth > 0)
            depth--;
        else if (depth == 0 && ari_mysql_token_is(token, "FOR"))
            return true;
    }
}

ar_statement_class ari_mysql_classify(const char *sql, size_t length)
{
    ari_mysql_tokens tokens = ari_mysql_tokens_of(sql, length);
    ari_mysql_token token = first_word(&tokens);
    while (ari_mysql_token_is(token, "SET") && next_is(&tokens, "STATEMENT")) {
        ari_mysql_tokens settings = tokens;
        if (!skip_settings(&tokens))
            return classify_set(settings);
        token = first_word(&tokens);
    }
    if (ari_mysql_token_is(token, "WITH")) {
        ari_mysql_tokens with = tokens;
        token = verb_behind_with(&tokens);
        if (ari_mysql_token_is(token, "SELECT"))
            return classify_select(with);
    }
    return classify_word(token, tokens);
}
