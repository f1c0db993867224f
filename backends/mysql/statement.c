/* SPDX-License-Identifier: MIT */
#include "backends/mysql/statement.h"

#include "values/memory.h"

/* Handles are closed by whoever drives the connection, as that may wait; here is only the memory round them. */

ari_mysql_statement *ari_mysql_statement_create(const ar_env *env, MYSQL *mysql)
{
    ari_mysql_statement *statement = ari_allocate_zero(env, sizeof *statement);
    if (statement == NULL)
        return NULL;
    statement->env = env;
    statement->handle = mysql_stmt_init(mysql);
    if (statement->handle != NULL)
        return statement;
    ari_release(env, statement);
    return NULL;
}

bool ari_mysql_statement_ready(ari_mysql_statement *statement)
{
    const ar_env *env = statement->env;
    statement->parameter_count = (unsigned)mysql_stmt_param_count(statement->handle);
    if (statement->parameter_count == 0)
        return true;
    statement->parameter_binds =
        ari_allocate_zero_array(env, statement->parameter_count, sizeof *statement->parameter_binds);
    statement->parameters = ari_allocate_zero_array(env, statement->parameter_count, sizeof *statement->parameters);
    return statement->parameter_binds != NULL && statement->parameters != NULL;
}

void ari_mysql_statement_free(ari_mysql_statement *statement)
{
    if (statement == NULL)
        return;
    const ar_env *env = statement->env;
    if (statement->handle != NULL)
        (void)mysql_stmt_close(statement->handle);
    for (unsigned i = 0; i < statement->column_count; i++)
        ari_release(env, statement->columns[i].buffer);
    ari_release(env, statement->columns);
    ari_release(env, statement->column_binds);
    ari_release(env, statement->parameters);
    ari_release(env, statement->parameter_binds);
    ari_release(env, statement->arrays);
    ari_release(env, statement);
}

#if ARI_MYSQL_MARIADB
const MYSQL_FIELD *ari_mysql_statement_fields(ari_mysql_statement *statement)
{
    return mariadb_stmt_fetch_fields(statement->handle);
}
#else
/* The fields belong to the statement; freeing the result that describes them leaves them alone
 * (mysql_stmt_result_metadata in libmysql.cc). */
const MYSQL_FIELD *ari_mysql_statement_fields(ari_mysql_statement *statement)
{
    MYSQL_RES *description = mysql_stmt_result_metadata(statement->handle);
    const MYSQL_FIELD *fields = description != NULL ? mysql_fetch_fields(description) : NULL;
    if (description != NULL)
        mysql_free_result(description);
    return fields;
}
#endif

void ari_mysql_statements_clear(ari_cache *statements)
{
    while (statements->oldest != NULL) {
        ari_mysql_statement *statement = (ari_mysql_statement *)statements->oldest;
        ari_cache_remove(statements, &statement->entry);
        ari_mysql_statement_free(statement);
    }
}

ari_mysql_statement *ari_mysql_statements_find(ari_cache *statements, uint64_t id)
{
    ari_cache_entry *entry = id != 0 ? ari_cache_find(statements, id) : NULL;
    if (entry != NULL)
        ari_cache_touch(statements, entry);
    return (ari_mysql_statement *)entry;
}

void ari_mysql_statements_add(ari_cache *statements, ari_mysql_statement *statement, uint64_t id)
{
    statement->entry.id = id;
    ari_cache_add(statements, &statement->entry);
}
