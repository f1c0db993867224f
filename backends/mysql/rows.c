/* SPDX-License-Identifier: MIT */
#include "backends/mysql/connection.h"
#include "backends/mysql/error.h"
#include "backends/mysql/value.h"
#include "values/memory.h"

/* The result of a statement, read row by row as it comes: what was read is in the driver's buffer already, so that only
 * its end waits. */

static const char running[] = "running a statement";

/* The rest is thrown away. */
static bool empty(ar_connection *connection)
{
    connection->step = ARI_MYSQL_EMPTIED;
    return ari_mysql_call_statement(&connection->call, ARI_MYSQL_CALL_FREE_RESULT, connection->job.statement->handle);
}

static bool fetch(ar_connection *connection)
{
    connection->step = ARI_MYSQL_FETCHED;
    return ari_mysql_call_statement(&connection->call, ARI_MYSQL_CALL_FETCH, connection->job.statement->handle);
}

/* A procedure has a result for each of its queries, and one of its own; only the first is given. */
static bool go_to_next(ar_connection *connection)
{
    ari_mysql_job *job = &connection->job;
    if (job->cursor != NULL || !mysql_stmt_more_results(job->statement->handle))
        return ari_mysql_end(connection);
    connection->step = ARI_MYSQL_NEXT_RESULT;
    return ari_mysql_call_statement(&connection->call, ARI_MYSQL_CALL_NEXT_RESULT, job->statement->handle);
}

static ar_status wrong_columns(size_t count, size_t wanted, ar_error *err)
{
    return ar_error_set(err, AR_E_TYPE, "%s: it has %zu columns and %zu are wanted", running, count, wanted);
}

static ar_result_column *make_columns(ar_connection *connection, const MYSQL_FIELD *fields, size_t count)
{
    ar_result_column *columns = ari_allocate_array(connection->env, count, sizeof *columns);
    for (size_t i = 0; columns != NULL && i < count; i++) {
        const ari_mysql_column *column = &connection->job.statement->columns[i];
        columns[i].name = fields[i].name != NULL ? fields[i].name : "";
        columns[i].declared =
            fields[i].org_table != NULL && fields[i].org_table[0] != '\0' ? ar_type_name(column->natural) : NULL;
    }
    return columns;
}

static ar_status begin_sink(ar_connection *connection, const ar_operation *operation, size_t count, ar_error *err)
{
    if (operation->wanted != NULL && operation->wanted_count != count)
        return wrong_columns(count, operation->wanted_count, err);
    if (operation->sink == NULL || operation->sink->begin == NULL)
        return AR_OK;
    const MYSQL_FIELD *fields = count > 0 ? ari_mysql_statement_fields(connection->job.statement) : NULL;
    ar_result_column *columns = make_columns(connection, fields, count);
    if (columns == NULL)
        return ar_error_set(err, AR_E_NO_MEMORY, "%s: no memory for its columns", running);
    ar_status status = operation->sink->begin(operation->sink_ctx, columns, count, err);
    ari_release(connection->env, columns);
    return status;
}

/* One of many is completed at once; one alone when its result was read. */
static void refused(ar_connection *connection, size_t index, const ar_error *error)
{
    ari_mysql_job *job = &connection->job;
    if (!job->fused) {
        job->status = error->status;
        job->error = *error;
        return;
    }
    ar_operation *operation = job->members[index];
    job->members[index] = NULL;
    job->live--;
    ari_mysql_complete(connection, operation, error);
}

static bool reserve(ar_connection *connection, size_t count)
{
    if (count <= connection->value_capacity)
        return true;
    ar_value *values = ari_reallocate_array(connection->env, connection->values, count, sizeof *values);
    if (values == NULL)
        return false;
    connection->values = values;
    connection->value_capacity = count;
    return true;
}

bool ari_mysql_begin_rows(ar_connection *connection)
{
    ari_mysql_job *job = &connection->job;
    size_t count = mysql_stmt_field_count(job->statement->handle);
    ar_error error;
    if (count > 0 && job->live > 0)
        job->status = ari_mysql_bind_columns(job->statement, &job->error);
    if (job->status == AR_OK && !reserve(connection, count))
        job->status = ar_error_set(&job->error, AR_E_NO_MEMORY, "%s: no memory for a row", running);
    job->begun = true;
    for (size_t i = 0; job->status == AR_OK && i < job->count; i++)
        if (job->members[i] != NULL && begin_sink(connection, job->members[i], count, &error) != AR_OK)
            refused(connection, i, &error);
    if (count == 0)
        return go_to_next(connection);
    return job->status == AR_OK && job->live > 0 ? fetch(connection) : empty(connection);
}

static bool is_for(const ar_value *key, const ar_value *asked)
{
    if (key->type != asked->type)
        return false;
    if (key->type == AR_TYPE_UUID)
        return memcmp(key->as.uuid.bytes, asked->as.uuid.bytes, sizeof key->as.uuid.bytes) == 0;
    if (key->type == AR_TYPE_BYTES)
        return key->as.bytes.length == asked->as.bytes.length &&
               (key->as.bytes.length == 0 ||
                memcmp(key->as.bytes.data, asked->as.bytes.data, key->as.bytes.length) == 0);
    return key->as.integer == asked->as.integer;
}

static void deal(ar_connection *connection, size_t count)
{
    ari_mysql_job *job = &connection->job;
    bool matched = false;
    ar_error error;
    for (size_t i = 0; i < job->count; i++) {
        ar_operation *operation = job->members[i];
        if (operation == NULL)
            continue;
        const ar_value *key = &connection->values[operation->statement->together->key_column];
        if (!is_for(key, &operation->parameters[0]))
            continue;
        matched = true;
        if (operation->sink->row(operation->sink_ctx, connection->values, count, &error) != AR_OK)
            refused(connection, i, &error);
    }
    job->unmatched = job->unmatched || !matched;
}

ar_status ari_mysql_give_row(ar_connection *connection, ar_error *err)
{
    ari_mysql_job *job = &connection->job;
    size_t count = job->statement->column_count;
    const ar_operation *operation = job->members[0];
    for (size_t i = 1; operation == NULL; i++)
        operation = job->members[i];
    if (operation->sink == NULL)
        return AR_OK;
    ar_status status = ari_mysql_decode(job->statement, operation->wanted, connection->values, err);
    if (status != AR_OK || !job->fused)
        return status != AR_OK ? status : operation->sink->row(operation->sink_ctx, connection->values, count, err);
    deal(connection, count);
    return AR_OK;
}

static bool at_limit(const ari_mysql_job *job)
{
    return job->cursor != NULL && job->members[0]->row_limit > 0 && job->given >= job->members[0]->row_limit;
}

static bool fetch_failed(ar_connection *connection)
{
    ari_mysql_job *job = &connection->job;
    unsigned number = ari_mysql_statement_errno(connection->session.mysql, job->statement->handle);
    job->status = ari_mysql_statement_error(connection->session.mysql, job->statement->handle, running, &job->error);
    if (!ari_mysql_is_lost(number))
        return ari_mysql_end(connection);
    ari_mysql_lose(connection, &job->error);
    return false;
}

static bool fetched(ar_connection *connection)
{
    ari_mysql_job *job = &connection->job;
    int result = connection->call.result;
    if (result == MYSQL_NO_DATA) {
        if (job->statement_class == AR_STATEMENT_WRITE)
            job->changes = (int64_t)job->given;
        return go_to_next(connection);
    }
    if (result != 0 && result != MYSQL_DATA_TRUNCATED)
        return fetch_failed(connection);
    if (job->live == 0)
        return empty(connection);
    if (result == MYSQL_DATA_TRUNCATED)
        job->status = ari_mysql_read_on(job->statement, &job->error);
    if (job->status == AR_OK && at_limit(job)) {
        job->holds_row = true;
        return ari_mysql_end(connection);
    }
    if (job->status == AR_OK)
        job->status = ari_mysql_give_row(connection, &job->error);
    job->given++;
    return job->status == AR_OK && job->live > 0 ? fetch(connection) : empty(connection);
}

static bool next_result(ar_connection *connection)
{
    ari_mysql_job *job = &connection->job;
    if (connection->call.result > 0)
        return fetch_failed(connection);
    if (connection->call.result == 0 && mysql_stmt_field_count(job->statement->handle) > 0)
        return empty(connection);
    return connection->call.result == 0 ? go_to_next(connection) : ari_mysql_end(connection);
}

static bool emptied(ar_connection *connection)
{
    ari_mysql_job *job = &connection->job;
    unsigned number =
        connection->call.flag != 0 ? ari_mysql_statement_errno(connection->session.mysql, job->statement->handle) : 0;
    if (number != 0 && ari_mysql_is_lost(number))
        return fetch_failed(connection);
    return go_to_next(connection);
}

bool ari_mysql_step_rows(ar_connection *connection)
{
    switch ((int)connection->step) {
    case ARI_MYSQL_FETCHED: return fetched(connection);
    case ARI_MYSQL_EMPTIED: return emptied(connection);
    case ARI_MYSQL_NEXT_RESULT: return next_result(connection);
    default: return false;
    }
}
