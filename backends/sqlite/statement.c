/* SPDX-License-Identifier: MIT */
#include "backends/sqlite/statement.h"

#include <limits.h>
#include <string.h>

#include "backends/sqlite/classify.h"
#include "backends/sqlite/error.h"
#include "backends/sqlite/tokens.h"
#include "values/memory.h"

/* A statement is in one of three places: in the cache, borrowed out of it by a cursor, or uncached (id 0, or the cache
 * has another of that id), then freed when released. */

static ari_sqlite_statement *find(const ari_sqlite_statements *statements, uint64_t id)
{
    return (ari_sqlite_statement *)ari_cache_find(&statements->cache, id);
}

static void destroy(ari_sqlite_statements *statements, ari_sqlite_statement *statement)
{
    sqlite3_finalize(statement->handle);
    ari_release(statements->env, statement->columns);
    ari_release(statements->env, statement);
}

void ari_sqlite_statement_take(ari_sqlite_statements *statements, ari_sqlite_statement *statement)
{
    if (statement->entry.cached)
        ari_cache_remove(&statements->cache, &statement->entry);
}

static void destroy_oldest(ari_sqlite_statements *statements)
{
    ari_sqlite_statement *oldest = (ari_sqlite_statement *)statements->cache.oldest;
    ari_sqlite_statement_take(statements, oldest);
    destroy(statements, oldest);
}

static void put(ari_sqlite_statements *statements, ari_sqlite_statement *statement)
{
    if (statement->entry.id == 0 || statements->cache.capacity == 0)
        return;
    if (ari_cache_is_full(&statements->cache))
        destroy_oldest(statements);
    ari_cache_add(&statements->cache, &statement->entry);
}

ar_status ari_sqlite_statements_init(ari_sqlite_statements *statements, const ar_env *env, sqlite3 *db,
                                     ari_sqlite_guard *guard, size_t capacity, ar_error *err)
{
    *statements = (ari_sqlite_statements){ .env = env, .db = db, .guard = guard };
    if (!ari_cache_init(&statements->cache, env, capacity))
        return ar_error_set(err, AR_E_NO_MEMORY, "opening a database: no memory for its statement cache");
    return AR_OK;
}

void ari_sqlite_statements_fini(ari_sqlite_statements *statements)
{
    while (statements->cache.oldest != NULL)
        destroy_oldest(statements);
    ari_cache_fini(&statements->cache);
}

static ar_status check_text(const ar_statement *source, ar_error *err)
{
    if (source->sql == NULL)
        return ar_error_set(err, AR_E_INVALID, "preparing a statement: its text is NULL");
    if (source->sql_length >= INT_MAX)
        return ar_error_set(err, AR_E_INVALID, "preparing a statement: its text of %zu bytes is too long for SQLite",
                            source->sql_length);
    const char *nul = memchr(source->sql, '\0', source->sql_length);
    if (nul != NULL)
        return ar_error_set(err, AR_E_INVALID,
                            "preparing a statement: its text has a NUL at byte %zu; bind such values as bytes",
                            (size_t)(nul - source->sql));
    return AR_OK;
}

static ar_status prepare(ari_sqlite_statements *statements, const ar_statement *source, sqlite3_stmt **out,
                         ar_error *err)
{
    const char *tail = NULL;
    unsigned int flags = source->id != 0 && statements->cache.capacity != 0 ? SQLITE_PREPARE_PERSISTENT : 0;
    *out = NULL;
    int code = ari_sqlite_guard_prepare(statements->guard, statements->db, source, flags, out, &tail);
    if (code == SQLITE_AUTH && statements->guard->refused != 0)
        return ari_sqlite_guard_error(statements->guard, err);
    if (code != SQLITE_OK)
        return ari_sqlite_prepare_error(statements->db, code, source, err);
    const char *end = source->sql + source->sql_length;
    if (*out == NULL)
        return ar_error_set(err, AR_E_INVALID, "preparing a statement: its text holds none");
    if (!ari_sqlite_tokens_blank(ari_sqlite_tokens_of(tail, (size_t)(end - tail)))) {
        sqlite3_finalize(*out);
        *out = NULL;
        return ar_error_set(err, AR_E_INVALID,
                            "preparing a statement: its text goes on with another one at byte %zu; send them "
                            "one by one",
                            (size_t)(tail - source->sql));
    }
    return AR_OK;
}

static ar_status make(ari_sqlite_statements *statements, const ar_statement *source, ari_sqlite_statement **out,
                      ar_error *err)
{
    ar_status status = check_text(source, err);
    if (status != AR_OK)
        return status;
    ari_sqlite_statement *statement = ari_allocate_zero(statements->env, sizeof *statement);
    if (statement == NULL)
        return ar_error_set(err, AR_E_NO_MEMORY, "preparing a statement: no memory");
    status = prepare(statements, source, &statement->handle, err);
    if (status != AR_OK) {
        destroy(statements, statement);
        return status;
    }
    statement->entry.id = source->id;
    statement->text_class = ari_sqlite_classify(source->sql, source->sql_length);
    statement->reads_only = sqlite3_stmt_readonly(statement->handle) != 0;
    statement->parameter_count = sqlite3_bind_parameter_count(statement->handle);
    statement->prepared_times = -1;
    *out = statement;
    return AR_OK;
}

ar_status ari_sqlite_statement_borrow(ari_sqlite_statements *statements, const ar_statement *source,
                                      ari_sqlite_statement **out, ar_error *err)
{
    ari_sqlite_statement *statement = source->id != 0 ? find(statements, source->id) : NULL;
    if (statement != NULL) {
        ari_cache_touch(&statements->cache, &statement->entry);
        *out = statement;
        return AR_OK;
    }
    ar_status status = make(statements, source, &statement, err);
    if (statement == NULL)
        return status;
    put(statements, statement);
    *out = statement;
    return AR_OK;
}

ar_status ari_sqlite_statement_renew(ari_sqlite_statements *statements, const ar_statement *source,
                                     ari_sqlite_statement **statement, ar_error *err)
{
    ari_sqlite_statement_take(statements, *statement);
    destroy(statements, *statement);
    *statement = NULL;
    return ari_sqlite_statement_borrow(statements, source, statement, err);
}

void ari_sqlite_statement_release(ari_sqlite_statements *statements, ari_sqlite_statement *statement)
{
    if (statement->entry.cached)
        return;
    if (statement->entry.id != 0 && find(statements, statement->entry.id) == NULL)
        put(statements, statement);
    if (!statement->entry.cached)
        destroy(statements, statement);
}

bool ari_sqlite_statement_columns(ari_sqlite_statements *statements, ari_sqlite_statement *statement)
{
    int times = sqlite3_stmt_status(statement->handle, SQLITE_STMTSTATUS_REPREPARE, 0);
    if (times == statement->prepared_times)
        return true;
    size_t count = (size_t)sqlite3_column_count(statement->handle);
    ar_result_column *columns = ari_reallocate_array(statements->env, statement->columns, count + 1, sizeof *columns);
    if (columns == NULL)
        return false;
    statement->columns = columns;
    statement->column_count = count;
    for (size_t i = 0; i < count; i++) {
        columns[i].name = sqlite3_column_name(statement->handle, (int)i);
        columns[i].declared = sqlite3_column_decltype(statement->handle, (int)i);
        if (columns[i].name == NULL)
            return false;
    }
    statement->prepared_times = times;
    return true;
}
