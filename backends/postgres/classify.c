/* SPDX-License-Identifier: MIT */
#include "backends/postgres/classify.h"

#include <string.h>

#include "backends/postgres/tokens.h"

typedef ari_postgres_token token;
typedef ari_postgres_tokens tokens;

static const char *const query_words[] = { "SELECT", "VALUES", "TABLE", NULL };
static const char *const write_words[] = { "INSERT", "UPDATE", "DELETE", "MERGE", NULL };
static const char *const schema_words[] = { "CREATE", "ALTER",    "DROP",   "TRUNCATE", "COMMENT",  "GRANT",
                                            "REVOKE", "SECURITY", "IMPORT", "REFRESH",  "REASSIGN", NULL };
static const char *const session_words[] = { "SET",  "RESET",   "LISTEN",     "UNLISTEN", "DISCARD",
                                             "LOAD", "DECLARE", "DEALLOCATE", "CLOSE",    NULL };
static const char *const transaction_words[] = { "BEGIN", "START",     "COMMIT",  "END", "ROLLBACK",
                                                 "ABORT", "SAVEPOINT", "RELEASE", NULL };

/* Functions that leave something behind in the session. */
static const char *const session_functions[] = {
    "SET_CONFIG", "PG_ADVISORY_LOCK", "PG_ADVISORY_LOCK_SHARED", "PG_TRY_ADVISORY_LOCK", "PG_TRY_ADVISORY_LOCK_SHARED",
    NULL
};

/* What a walk over the whole text found, wherever it stood. */
typedef struct findings {
    bool modifies; /* "(" and a verb that changes rows: WITH x AS (DELETE … */
    bool locks;    /* FOR [NO KEY] UPDATE, FOR [KEY] SHARE */
    bool into;     /* SELECT … INTO: makes a table */
    bool temporary;
    bool session;
} findings;

static bool names_temporary_schema(token name)
{
    return ari_postgres_token_is(name, "PG_TEMP") ||
           (name.kind == ARI_POSTGRES_TOKEN_QUOTED && name.length == 9 && memcmp(name.text, "\"pg_temp\"", 9) == 0);
}

static void look(token before, token now, token next, findings *out)
{
    if (ari_postgres_token_is_char(before, '(') && ari_postgres_token_among(now, write_words))
        out->modifies = true;
    if (ari_postgres_token_is(before, "FOR") &&
        (ari_postgres_token_is(now, "UPDATE") || ari_postgres_token_is(now, "SHARE") ||
         (ari_postgres_token_is(now, "NO") && ari_postgres_token_is(next, "KEY")) ||
         (ari_postgres_token_is(now, "KEY") && ari_postgres_token_is(next, "SHARE"))))
        out->locks = true;
    if (ari_postgres_token_is(now, "INTO") && !ari_postgres_token_among(before, write_words)) {
        out->into = true;
        out->temporary |= ari_postgres_token_is(next, "TEMP") || ari_postgres_token_is(next, "TEMPORARY");
    }
    if (ari_postgres_token_is_char(next, '.') && names_temporary_schema(now))
        out->session = true;
    if (ari_postgres_token_is_char(next, '(') && ari_postgres_token_among(now, session_functions))
        out->session = true;
}

static findings walk(tokens rest)
{
    findings found = { .modifies = false };
    token before = { ARI_POSTGRES_TOKEN_END, rest.cursor, 0 };
    token now = ari_postgres_token_next(&rest);
    while (now.kind != ARI_POSTGRES_TOKEN_END) {
        token next = ari_postgres_token_next(&rest);
        look(before, now, next, &found);
        before = now;
        now = next;
    }
    return found;
}

/* From behind an opening parenthesis to behind the one that closes it. */
static void skip_parentheses(tokens *rest)
{
    size_t depth = 1;
    token next;
    do {
        next = ari_postgres_token_next(rest);
        if (ari_postgres_token_is_char(next, '('))
            depth++;
        else if (ari_postgres_token_is_char(next, ')'))
            depth--;
    } while (depth > 0 && next.kind != ARI_POSTGRES_TOKEN_END);
}

/* Behind WITH: the first verb that stands in no parentheses. Names of common tables may be any word that is not reserved, as no verb of a query is. */
static token main_verb(tokens *rest)
{
    token next;
    do {
        next = ari_postgres_token_next(rest);
        if (ari_postgres_token_is_char(next, '('))
            skip_parentheses(rest);
        if (ari_postgres_token_is(next, "AS") || ari_postgres_token_is_char(next, ',') ||
            ari_postgres_token_is(next, "RECURSIVE")) {
            tokens ahead =
                *rest; /* WITH update AS (…): these verbs but SELECT, VALUES and TABLE are allowed as names */
            token name = ari_postgres_token_next(&ahead);
            if (!ari_postgres_token_is(next, "AS") && ari_postgres_token_among(name, write_words))
                *rest = ahead;
        }
    } while (next.kind != ARI_POSTGRES_TOKEN_END && !ari_postgres_token_among(next, query_words) &&
             !ari_postgres_token_among(next, write_words));
    return next;
}

/* Skips what may stand before the verb: semicolons and, of a query, parentheses. */
static token first_word(tokens *rest)
{
    token next;
    do
        next = ari_postgres_token_next(rest);
    while (ari_postgres_token_is_char(next, ';') || ari_postgres_token_is_char(next, '('));
    return next;
}

static ar_statement_class query_class(findings found)
{
    if (found.session || found.temporary)
        return AR_STATEMENT_SESSION;
    if (found.modifies || found.locks)
        return AR_STATEMENT_WRITE;
    return found.into ? AR_STATEMENT_SCHEMA : AR_STATEMENT_READ;
}

static ar_statement_class schema_class(token verb, tokens rest, findings found)
{
    if (found.session)
        return AR_STATEMENT_SESSION;
    if (!ari_postgres_token_is(verb, "CREATE"))
        return AR_STATEMENT_SCHEMA;
    static const char *const before_temporary[] = { "OR", "REPLACE", "GLOBAL", "LOCAL", NULL };
    token next;
    do
        next = ari_postgres_token_next(&rest);
    while (ari_postgres_token_among(next, before_temporary));
    bool temporary = ari_postgres_token_is(next, "TEMP") || ari_postgres_token_is(next, "TEMPORARY");
    return temporary ? AR_STATEMENT_SESSION : AR_STATEMENT_SCHEMA;
}

static ar_statement_class class_of(tokens rest);

/* EXPLAIN [ANALYZE] [VERBOSE] statement, EXPLAIN (option, …) statement: with ANALYZE the statement runs. */
static ar_statement_class explained_class(tokens rest)
{
    bool runs = false;
    tokens ahead = rest;
    token next = ari_postgres_token_next(&ahead);
    bool options = ari_postgres_token_is_char(next, '(');
    if (options) {
        tokens inside = ahead;
        next = ari_postgres_token_next(&inside);
        options = !ari_postgres_token_among(next, query_words) && !ari_postgres_token_is_char(next, '(') &&
                  !ari_postgres_token_is(next, "WITH");
    }
    if (options) {
        while (next.kind != ARI_POSTGRES_TOKEN_END && !ari_postgres_token_is_char(next, ')')) {
            runs |= ari_postgres_token_is(next, "ANALYZE") || ari_postgres_token_is(next, "ANALYSE");
            next = ari_postgres_token_next(&ahead);
        }
        rest = ahead;
    } else {
        for (ahead = rest;; rest = ahead) {
            next = ari_postgres_token_next(&ahead);
            bool analyze = ari_postgres_token_is(next, "ANALYZE") || ari_postgres_token_is(next, "ANALYSE");
            runs |= analyze;
            if (!analyze && !ari_postgres_token_is(next, "VERBOSE"))
                break;
        }
    }
    return runs ? class_of(rest) : AR_STATEMENT_READ;
}

static ar_statement_class class_of(tokens rest)
{
    findings found = walk(rest);
    token verb = first_word(&rest);
    if (ari_postgres_token_is(verb, "WITH"))
        verb = main_verb(&rest);
    if (ari_postgres_token_among(verb, query_words))
        return query_class(found);
    if (ari_postgres_token_among(verb, write_words))
        return found.session ? AR_STATEMENT_SESSION : AR_STATEMENT_WRITE;
    if (ari_postgres_token_is(verb, "SHOW"))
        return AR_STATEMENT_READ;
    if (ari_postgres_token_is(verb, "EXPLAIN"))
        return explained_class(rest);
    if (ari_postgres_token_among(verb, schema_words))
        return schema_class(verb, rest, found);
    if (ari_postgres_token_among(verb, session_words))
        return AR_STATEMENT_SESSION;
    if (ari_postgres_token_among(verb, transaction_words))
        return AR_STATEMENT_TRANSACTION;
    if (ari_postgres_token_is(verb, "PREPARE"))
        return ari_postgres_token_is(ari_postgres_token_next(&rest), "TRANSACTION") ? AR_STATEMENT_TRANSACTION
                                                                                    : AR_STATEMENT_SESSION;
    return AR_STATEMENT_OTHER;
}

ar_statement_class ari_postgres_classify(const char *sql, size_t length)
{
    return class_of(ari_postgres_tokens_of(sql, length));
}

bool ari_postgres_copies(const char *sql, size_t length)
{
    tokens rest = ari_postgres_tokens_of(sql, length);
    if (!ari_postgres_token_is(first_word(&rest), "COPY"))
        return false;
    token next;
    do
        next = ari_postgres_token_next(&rest);
    while (next.kind != ARI_POSTGRES_TOKEN_END && !ari_postgres_token_is(next, "STDIN") &&
           !ari_postgres_token_is(next, "STDOUT"));
    return next.kind != ARI_POSTGRES_TOKEN_END;
}

bool ari_postgres_is_query(const char *sql, size_t length)
{
    tokens rest = ari_postgres_tokens_of(sql, length);
    findings found = walk(rest);
    token verb = first_word(&rest);
    if (ari_postgres_token_is(verb, "WITH"))
        verb = main_verb(&rest);
    return ari_postgres_token_among(verb, query_words) && !found.modifies && !found.into;
}
