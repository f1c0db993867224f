/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "orm/migration.h"

/* The table of what was applied. `statements` counts those of the step that hold, of one that has not been applied or
 * undone as a whole. */

static const char *const states[] = {
    [ARI_APPLIED] = "applied", [ARI_APPLYING] = "applying", [ARI_REVERTING] = "reverting"
};

static ari_clause *begin(const ari_history *history, ari_script *script, ar_db *db, ar_statement_class class,
                         const char *before)
{
    ari_clause *clause = ari_script_query(script, db, class);
    if (clause == NULL)
        return NULL;
    ari_clause_sql(clause, before);
    ari_clause_name(clause, script->dialect, history->table);
    return clause;
}

static void put_text(ari_clause *clause, const char *text)
{
    ar_value value = ar_bind_string(text);
    ari_clause_value(clause, &value);
}

static void put_number(ari_clause *clause, int64_t number)
{
    ar_value value = { .type = AR_TYPE_INT64, .as.integer = number };
    ari_clause_value(clause, &value);
}

static const char *text_type(const ar_dialect *dialect)
{
    const char *key = dialect->key_types[AR_TYPE_TEXT];
    return key != NULL ? key : dialect->column_types[AR_TYPE_TEXT];
}

void ari_history_create(const ari_history *history, ari_script *script, ar_db *db)
{
    static const char *const texts[] = { "name", "checksum", "state" };
    const ar_dialect *dialect = script->dialect;
    const char *number = dialect->column_types[AR_TYPE_INT64];
    ari_clause *clause = begin(history, script, db, AR_STATEMENT_SCHEMA, "CREATE TABLE IF NOT EXISTS ");
    if (clause == NULL)
        return;
    ari_clause_sql(clause, " (version ");
    ari_clause_sql(clause, number);
    ari_clause_sql(clause, " NOT NULL PRIMARY KEY, ");
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        ari_clause_sql(clause, texts[i]);
        ari_clause_sql(clause, " ");
        ari_clause_sql(clause, text_type(dialect));
        ari_clause_sql(clause, " NOT NULL, ");
    }
    ari_clause_sql(clause, "statements ");
    ari_clause_sql(clause, number);
    ari_clause_sql(clause, " NOT NULL, applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP)");
    if (dialect->table_options != NULL)
        ari_clause_sql(clause, dialect->table_options);
}

void ari_history_read(const ari_history *history, ari_script *script, ar_db *db)
{
    ari_clause *clause =
        begin(history, script, db, AR_STATEMENT_READ, "SELECT version, name, checksum, state, statements FROM ");
    if (clause != NULL)
        ari_clause_sql(clause, " ORDER BY version");
}

void ari_history_insert(const ari_history *history, ari_script *script, ar_db *db, const ar_migration *migration,
                        ari_history_state state, size_t statements)
{
    char checksum[ARI_CHECKSUM];
    ari_clause *clause = begin(history, script, db, AR_STATEMENT_WRITE, "INSERT INTO ");
    if (clause == NULL)
        return;
    ari_migration_checksum(migration, checksum);
    ari_clause_sql(clause, " (version, name, checksum, state, statements) VALUES (");
    put_number(clause, migration->version);
    ari_clause_sql(clause, ", ");
    put_text(clause, migration->name);
    ari_clause_sql(clause, ", ");
    put_text(clause, checksum);
    ari_clause_sql(clause, ", ");
    put_text(clause, states[state]);
    ari_clause_sql(clause, ", ");
    put_number(clause, (int64_t)statements);
    ari_clause_sql(clause, ")");
}

void ari_history_update(const ari_history *history, ari_script *script, ar_db *db, int64_t version,
                        ari_history_state state, size_t statements)
{
    ari_clause *clause = begin(history, script, db, AR_STATEMENT_WRITE, "UPDATE ");
    if (clause == NULL)
        return;
    ari_clause_sql(clause, " SET state = ");
    put_text(clause, states[state]);
    ari_clause_sql(clause, ", statements = ");
    put_number(clause, (int64_t)statements);
    ari_clause_sql(clause, " WHERE version = ");
    put_number(clause, version);
}

void ari_history_delete(const ari_history *history, ari_script *script, ar_db *db, int64_t version)
{
    ari_clause *clause = begin(history, script, db, AR_STATEMENT_WRITE, "DELETE FROM ");
    if (clause == NULL)
        return;
    ari_clause_sql(clause, " WHERE version = ");
    put_number(clause, version);
}

void ari_history_resolve(const ari_history *history, ari_script *script, ar_db *db, int64_t version, bool holds)
{
    ari_clause *clause = begin(history, script, db, AR_STATEMENT_WRITE, holds ? "UPDATE " : "DELETE FROM ");
    if (clause == NULL)
        return;
    if (holds) {
        ari_clause_sql(clause, " SET state = ");
        put_text(clause, states[ARI_APPLIED]);
    }
    ari_clause_sql(clause, " WHERE version = ");
    put_number(clause, version);
    ari_clause_sql(clause, " AND state <> ");
    put_text(clause, states[ARI_APPLIED]);
}

bool ari_history_state_of(const char *text, ari_history_state *state)
{
    for (size_t i = 0; text != NULL && i < sizeof states / sizeof states[0]; i++) {
        if (strcmp(text, states[i]) == 0) {
            *state = (ari_history_state)i;
            return true;
        }
    }
    return false;
}
