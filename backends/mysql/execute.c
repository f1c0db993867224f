/* SPDX-License-Identifier: MIT */
#include "backends/mysql/connection.h"
#include "backends/mysql/error.h"
#include "backends/mysql/value.h"
#include "values/memory.h"

/* One statement from its text to its result: found in the cache or prepared, bound, executed. */

static const char preparing[] = "preparing a statement";
static const char running[] = "running a statement";

static ari_mysql_job *job_of(ar_connection *connection)
{
    return &connection->job;
}

static ar_operation *any_member(const ari_mysql_job *job)
{
    for (size_t i = 0; i < job->count; i++)
        if (job->members[i] != NULL)
            return job->members[i];
    return NULL;
}

static bool fail(ar_connection *connection, ar_status status)
{
    job_of(connection)->status = status;
    return ari_mysql_end(connection);
}

static bool no_memory(ar_connection *connection)
{
    return fail(connection, ar_error_set(&connection->job.error, AR_E_NO_MEMORY, "%s: no memory", preparing));
}

/* Its memory is freed now, its handle when the call is over. */
static bool close_statement(ar_connection *connection, ari_mysql_statement *statement, ari_mysql_step then)
{
    MYSQL_STMT *handle = statement->handle;
    statement->handle = NULL;
    ari_mysql_statement_free(statement);
    connection->step = then;
    return ari_mysql_call_statement(&connection->call, ARI_MYSQL_CALL_CLOSE, handle);
}

static bool prepare(ar_connection *connection)
{
    ari_mysql_job *job = job_of(connection);
    if (job->live == 0)
        return ari_mysql_end(connection);
    job->statement = ari_mysql_statement_create(connection->env, connection->session.mysql);
    job->text = ari_copy_text(connection->env, job->source->sql, job->source->sql_length);
    if (job->statement == NULL || job->text == NULL)
        return no_memory(connection);
    connection->step = ARI_MYSQL_PREPARED;
    return ari_mysql_prepare(&connection->call, job->statement->handle, job->text, job->source->sql_length);
}

static bool find_or_prepare(ar_connection *connection)
{
    ari_mysql_job *job = job_of(connection);
    ari_cache *cache = &connection->statements;
    if (cache->capacity > 0 && ari_cache_is_full(cache) && job->source->id != 0) {
        ari_mysql_statement *oldest = (ari_mysql_statement *)cache->oldest;
        ari_cache_remove(cache, cache->oldest);
        return close_statement(connection, oldest, ARI_MYSQL_EVICTED);
    }
    return prepare(connection);
}

static bool wants_cursor(const ari_mysql_job *job)
{
    return job->members[0] != NULL && job->kind == AR_OP_EXECUTE && job->members[0]->row_limit > 0;
}

static ar_status set_cursor(ar_connection *connection, ar_error *err)
{
    ari_mysql_job *job = job_of(connection);
    unsigned long type = (unsigned long)CURSOR_TYPE_READ_ONLY, rows = (unsigned long)job->members[0]->row_limit + 1;
    if (job->statement_class != AR_STATEMENT_READ)
        return ar_error_set(err, AR_E_INVALID, "%s with a limit of rows: it changes the database", running);
    job->cursor = ari_allocate_zero(connection->env, sizeof *job->cursor);
    if (job->cursor == NULL || mysql_stmt_attr_set(job->statement->handle, STMT_ATTR_CURSOR_TYPE, &type) != 0 ||
        mysql_stmt_attr_set(job->statement->handle, STMT_ATTR_PREFETCH_ROWS, &rows) != 0)
        return ar_error_set(err, AR_E_NO_MEMORY, "%s with a limit of rows: no memory", running);
    return AR_OK;
}

/* A statement that writes must not run when its rows will be refused. MariaDB tells the columns of INSERT … RETURNING only
 * when it is executed. */
static ar_status check_before(const ari_mysql_job *job, const ar_operation *operation, ar_error *err)
{
    unsigned columns = mysql_stmt_field_count(job->statement->handle);
    if (job->statement->parameter_count != job->source->parameter_count)
        return ar_error_set(err, AR_E_INVALID, "%s: its text takes %u parameters and %u are given", running,
                            job->statement->parameter_count, (unsigned)job->source->parameter_count);
    if (job->statement_class != AR_STATEMENT_READ && operation->wanted != NULL && columns > 0 &&
        operation->wanted_count != columns)
        return ar_error_set(err, AR_E_TYPE, "%s: it has %u columns and %zu are wanted", running, columns,
                            operation->wanted_count);
    return AR_OK;
}

static ar_status bind(ar_connection *connection, const ar_operation *operation, ar_error *err)
{
    ari_mysql_job *job = job_of(connection);
    const ar_statement *source;
    uint64_t bytes = 0;
    ar_status status;
    job->statement->stores = job->statement_class != AR_STATEMENT_READ;
    if (operation->rows > 0 && !connection->session.server.bulk)
        return ar_error_set(err, AR_E_UNSUPPORTED, "%s: the server takes no arrays of parameters", running);
    if (operation->rows > 0)
        status = ari_mysql_bind_rows(job->statement, operation->parameters, operation->rows, &bytes, err);
    else
        status =
            ari_mysql_bind(job->statement,
                           job->fused ? ari_mysql_fused_keys(connection, &source) : operation->parameters, &bytes, err);
    if (status == AR_OK && bytes > connection->session.server.max_allowed_packet)
        return ar_error_set(err, AR_E_INVALID,
                            "%s: its values take more bytes than the server's max_allowed_packet of %llu", running,
                            (unsigned long long)connection->session.server.max_allowed_packet);
    return status;
}

static bool execute(ar_connection *connection)
{
    ari_mysql_job *job = job_of(connection);
    const ar_operation *operation = any_member(job);
    ar_status status = check_before(job, operation, &job->error);
    if (status == AR_OK)
        status = bind(connection, operation, &job->error);
    if (status == AR_OK && wants_cursor(job))
        status = set_cursor(connection, &job->error);
    if (status != AR_OK)
        return fail(connection, status);
    job->executing = true;
    connection->step = ARI_MYSQL_EXECUTED;
    return ari_mysql_call_statement(&connection->call, ARI_MYSQL_CALL_EXECUTE, job->statement->handle);
}

bool ari_mysql_start_execute(ar_connection *connection)
{
    ari_mysql_job *job = job_of(connection);
    if (job->fused)
        (void)ari_mysql_fused_keys(connection, &job->source);
    if (!wants_cursor(job))
        job->statement = ari_mysql_statements_find(&connection->statements, job->source->id);
    return job->statement != NULL ? execute(connection) : find_or_prepare(connection);
}

static bool prepare_failed(ar_connection *connection)
{
    ari_mysql_job *job = job_of(connection);
    MYSQL_STMT *handle = job->statement->handle;
    unsigned number = ari_mysql_statement_errno(connection->session.mysql, handle);
    job->status = ari_mysql_statement_error(connection->session.mysql, handle, preparing, &job->error);
    ari_mysql_statement_free(job->statement); /* the server does not know it */
    job->statement = NULL;
    if (ari_mysql_is_lost(number)) {
        ari_mysql_lose(connection, &job->error);
        return false;
    }
    if (number == ARI_MYSQL_NOT_PREPARABLE && job->live > 0 && job->source->parameter_count == 0) {
        job->status = AR_OK;
        job->as_text = true;
        return ari_mysql_start_text(connection);
    }
    return ari_mysql_end(connection);
}

static bool prepared(ar_connection *connection)
{
    ari_mysql_job *job = job_of(connection);
    if (connection->call.result != 0)
        return prepare_failed(connection);
    ari_release(connection->env, job->text);
    job->text = NULL;
    if (!ari_mysql_statement_ready(job->statement))
        return no_memory(connection);
    if (job->live == 0)
        return ari_mysql_end(connection);
    if (job->source->id != 0 && connection->statements.capacity > 0 && !wants_cursor(job))
        ari_mysql_statements_add(&connection->statements, job->statement, job->source->id);
    return execute(connection);
}

/* The server forgot the statement, or its result has other columns than when it was prepared. */
static bool renew(ar_connection *connection)
{
    ari_mysql_job *job = job_of(connection);
    ari_mysql_statement *old = job->statement;
    job->statement = NULL;
    job->executing = false;
    job->renewed = true;
    if (old->entry.cached)
        ari_cache_remove(&connection->statements, &old->entry);
    return close_statement(connection, old, ARI_MYSQL_RENEWING);
}

static bool execute_failed(ar_connection *connection)
{
    ari_mysql_job *job = job_of(connection);
    unsigned number = ari_mysql_statement_errno(connection->session.mysql, job->statement->handle);
    bool changed = number == ARI_MYSQL_NEW_COLUMNS && job->statement_class == AR_STATEMENT_READ;
    if ((changed || ari_mysql_wants_prepare(number)) && !job->renewed && job->live > 0 && job->cursor == NULL)
        return renew(connection);
    job->status = ari_mysql_statement_error(connection->session.mysql, job->statement->handle, running, &job->error);
    if (ari_mysql_is_lost(number)) {
        ari_mysql_lose(connection, &job->error);
        return false;
    }
    if (number == ARI_MYSQL_NEW_COLUMNS)
        return fail(connection, ar_error_set(&job->error, AR_E_TYPE,
                                             "%s: its table was altered; its result has other "
                                             "columns than before",
                                             running));
    return ari_mysql_end(connection);
}

static bool executed(ar_connection *connection)
{
    ari_mysql_job *job = job_of(connection);
    MYSQL_STMT *handle = job->statement->handle;
    if (connection->call.result != 0)
        return execute_failed(connection);
    if (mysql_stmt_field_count(handle) > 0)
        return ari_mysql_begin_rows(connection);
    if (job->statement_class == AR_STATEMENT_WRITE) {
        job->changes = (int64_t)mysql_stmt_affected_rows(handle);
        job->row_id = (int64_t)mysql_stmt_insert_id(handle);
    }
    return ari_mysql_begin_rows(connection);
}

bool ari_mysql_step_execute(ar_connection *connection)
{
    switch ((int)connection->step) {
    case ARI_MYSQL_EVICTED: return find_or_prepare(connection);
    case ARI_MYSQL_RENEWING: return prepare(connection);
    case ARI_MYSQL_PREPARED: return prepared(connection);
    case ARI_MYSQL_EXECUTED: return executed(connection);
    case ARI_MYSQL_DISCARDED: return ari_mysql_conclude(connection);
    default: return false;
    }
}

bool ari_mysql_end(ar_connection *connection)
{
    ari_mysql_job *job = job_of(connection);
    ari_mysql_statement *statement = job->statement;
    job->statement = NULL;
    if (job->cursor != NULL && job->holds_row && job->live > 0) {
        job->cursor->statement = statement;
        if (job->kind == AR_OP_EXECUTE) {
            job->cursor->next = connection->cursors;
            connection->cursors = job->cursor;
        }
        return ari_mysql_conclude(connection);
    }
    if (job->cursor != NULL) {
        job->cursor->statement = NULL;
        job->holds_row = false;
        if (job->kind == AR_OP_EXECUTE)
            ari_release(connection->env, job->cursor);
        else
            ari_mysql_cursor_free(connection, job->cursor);
        job->cursor = NULL;
    }
    if (statement == NULL || statement->entry.cached) {
        if (statement != NULL)
            ari_mysql_trim_columns(statement);
        return ari_mysql_conclude(connection);
    }
    return close_statement(connection, statement, ARI_MYSQL_DISCARDED);
}

void ari_mysql_abandon_job(ar_connection *connection)
{
    ari_mysql_job *job = job_of(connection);
    ari_mysql_statement *statement = job->statement;
    job->statement = NULL;
    if (job->cursor != NULL && job->kind == AR_OP_EXECUTE)
        ari_release(connection->env, job->cursor);
    else if (job->cursor != NULL)
        job->cursor->statement = NULL;
    job->cursor = NULL;
    if (statement != NULL && !statement->entry.cached)
        ari_mysql_statement_free(statement);
}
