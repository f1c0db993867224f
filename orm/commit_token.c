/* SPDX-License-Identifier: MIT */
#include "orm/commit_token.h"

#include <stdarg.h>
#include <stdio.h>

#include "orm/statement.h"
#include "values/memory.h"

/* What pools/token.c sends, in the SQL of the engine. The table is in the database of the connection, or where its search path has it, and its rows are nobody else's. */

#define TABLE "actrec_commits"

struct ari_commit_tokens {
    ari_token_statements statements; /* first */
    const ar_env *env;
};

void ari_commit_tokens_destroy(ari_commit_tokens *tokens)
{
    if (tokens == NULL)
        return;
    ari_statement_unref(tokens->statements.clean);
    ari_statement_unref(tokens->statements.make);
    ari_statement_unref(tokens->statements.insert);
    ari_statement_unref(tokens->statements.claim);
    ari_statement_unref(tokens->statements.look);
    ari_release(tokens->env, tokens);
}

/* Placeholders of three values, as the engine writes them. */
typedef struct places {
    const char *first, *second, *third;
} places;

static places places_of(const ar_dialect *dialect)
{
    static const places questions = { "?", "?", "?" }, dollars = { "$1", "$2", "$3" };
    return dialect->placeholder == AR_PLACEHOLDER_DOLLAR ? dollars : questions;
}

static const ar_statement *statement(const ari_db *db, uint32_t values, ar_statement_class statement_class,
                                     const char *format, ...) AR_PRINTF(4, 5);

static const ar_statement *statement(const ari_db *db, uint32_t values, ar_statement_class statement_class,
                                     const char *format, ...)
{
    char sql[512];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(sql, sizeof sql, format, arguments);
    va_end(arguments);
    if (length < 0 || (size_t)length >= sizeof sql)
        return NULL;
    return ari_statement_get(ari_db_statements(db), sql, (size_t)length, values, statement_class, true);
}

static bool write_statements(const ari_db *db, ari_token_statements *out)
{
    const ar_dialect *dialect = ari_db_dialect(db);
    const places at = places_of(dialect);
    const char *number = dialect->column_types[AR_TYPE_INT64];
    const char *options = dialect->table_options != NULL ? dialect->table_options : "";
    const char *unless =
        dialect->on_conflict ? "ON CONFLICT (token) DO NOTHING" : "ON DUPLICATE KEY UPDATE token = " TABLE ".token";
    out->clean = statement(db, 1, AR_STATEMENT_WRITE, "DELETE FROM " TABLE " WHERE made_at < %s", at.first);
    out->make = statement(db, 0, AR_STATEMENT_SCHEMA,
                          "CREATE TABLE IF NOT EXISTS " TABLE
                          " (token %s NOT NULL PRIMARY KEY, held %s NOT NULL, made_at %s NOT NULL)%s",
                          dialect->column_types[AR_TYPE_UUID], number, number, options);
    out->insert =
        statement(db, 3, AR_STATEMENT_WRITE, "INSERT INTO " TABLE " (token, held, made_at) VALUES (%s, %s, %s)",
                  at.first, at.second, at.third);
    out->claim =
        statement(db, 3, AR_STATEMENT_WRITE, "INSERT INTO " TABLE " (token, held, made_at) VALUES (%s, %s, %s) %s",
                  at.first, at.second, at.third, unless);
    out->look = statement(db, 1, AR_STATEMENT_READ, "SELECT held FROM " TABLE " WHERE token = %s", at.first);
    return out->clean != NULL && out->make != NULL && out->insert != NULL && out->claim != NULL && out->look != NULL;
}

ari_token_statements *ari_commit_tokens_get(_Atomic(ari_commit_tokens *) *slot, const ari_db *db)
{
    ari_commit_tokens *tokens = atomic_load(slot), *before = NULL;
    if (tokens != NULL)
        return &tokens->statements;
    tokens = ari_allocate_zero(ari_db_env(db), sizeof *tokens);
    if (tokens == NULL)
        return NULL;
    tokens->env = ari_db_env(db);
    if (write_statements(db, &tokens->statements) && atomic_compare_exchange_strong(slot, &before, tokens))
        return &tokens->statements;
    ari_commit_tokens_destroy(tokens);
    return before != NULL ? &before->statements : NULL;
}
