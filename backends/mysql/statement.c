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

bool ari_mysql_statements_init(ari_mysql_statements *statements, const ar_env *env, size_t capacity)
{
    size_t buckets = 8;
    while (buckets < capacity)
        buckets *= 2;
    *statements = (ari_mysql_statements){ .env = env, .capacity = capacity, .bucket_mask = buckets - 1 };
    statements->buckets = ari_allocate_zero_array(env, buckets, sizeof(ari_mysql_statement *));
    return statements->buckets != NULL;
}

void ari_mysql_statements_clear(ari_mysql_statements *statements)
{
    while (statements->oldest != NULL) {
        ari_mysql_statement *statement = statements->oldest;
        ari_mysql_statements_remove(statements, statement);
        ari_mysql_statement_free(statement);
    }
}

void ari_mysql_statements_fini(ari_mysql_statements *statements)
{
    ari_mysql_statements_clear(statements);
    ari_release(statements->env, statements->buckets);
    statements->buckets = NULL;
}

static ari_mysql_statement **bucket_of(ari_mysql_statements *statements, uint64_t id)
{
    return &statements->buckets[id & statements->bucket_mask];
}

static void unlink_age(ari_mysql_statements *statements, ari_mysql_statement *statement)
{
    *(statement->newer != NULL ? &statement->newer->older : &statements->newest) = statement->older;
    *(statement->older != NULL ? &statement->older->newer : &statements->oldest) = statement->newer;
}

static void link_newest(ari_mysql_statements *statements, ari_mysql_statement *statement)
{
    statement->newer = NULL;
    statement->older = statements->newest;
    *(statements->newest != NULL ? &statements->newest->newer : &statements->oldest) = statement;
    statements->newest = statement;
}

ari_mysql_statement *ari_mysql_statements_find(ari_mysql_statements *statements, uint64_t id)
{
    if (id == 0)
        return NULL;
    ari_mysql_statement *statement = *bucket_of(statements, id);
    while (statement != NULL && statement->id != id)
        statement = statement->in_bucket;
    if (statement != NULL && statement != statements->newest) {
        unlink_age(statements, statement);
        link_newest(statements, statement);
    }
    return statement;
}

void ari_mysql_statements_add(ari_mysql_statements *statements, ari_mysql_statement *statement, uint64_t id)
{
    ari_mysql_statement **bucket = bucket_of(statements, id);
    statement->id = id;
    statement->in_bucket = *bucket;
    *bucket = statement;
    link_newest(statements, statement);
    statements->count++;
}

void ari_mysql_statements_remove(ari_mysql_statements *statements, ari_mysql_statement *statement)
{
    ari_mysql_statement **link = bucket_of(statements, statement->id);
    while (*link != statement)
        link = &(*link)->in_bucket;
    *link = statement->in_bucket;
    unlink_age(statements, statement);
    statement->id = 0;
    statements->count--;
}
