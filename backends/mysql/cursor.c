/* SPDX-License-Identifier: MIT */
#include "backends/mysql/connection.h"
#include "backends/mysql/value.h"
#include "values/memory.h"

/* Cursors of the server: it keeps the rows and gives as many as are asked for, and other statements may run meanwhile
 * (https://dev.mysql.com/doc/c-api/8.4/en/mysql-stmt-attr-set.html, CURSOR_TYPE_READ_ONLY). */

void ari_mysql_cursor_free(ar_connection *connection, ari_mysql_cursor *cursor)
{
    ari_mysql_cursor **link = &connection->cursors;
    while (*link != NULL && *link != cursor)
        link = &(*link)->next;
    if (*link != NULL)
        *link = cursor->next;
    ari_mysql_statement_free(cursor->statement);
    ari_release(connection->env, cursor);
}

void ari_mysql_cursors_kill(ar_connection *connection)
{
    for (ari_mysql_cursor *cursor = connection->cursors; cursor != NULL; cursor = cursor->next)
        cursor->dead = true;
}

static ari_mysql_cursor *find(const ar_connection *connection, const void *which)
{
    ari_mysql_cursor *cursor = connection->cursors;
    while (cursor != NULL && cursor != which)
        cursor = cursor->next;
    return cursor;
}

static bool refuse(ar_connection *connection, ar_status status)
{
    connection->job.status = status;
    return ari_mysql_end(connection);
}

static bool go_on(ar_connection *connection, const ar_operation *operation)
{
    ari_mysql_job *job = &connection->job;
    unsigned long rows = operation->row_limit > 0 ? (unsigned long)operation->row_limit + 1 : 1000;
    (void)mysql_stmt_attr_set(job->statement->handle, STMT_ATTR_PREFETCH_ROWS, &rows);
    job->executing = true;
    job->statement_class = AR_STATEMENT_READ;
    job->status = ari_mysql_give_row(connection, &job->error);
    job->given++;
    connection->step = job->status == AR_OK ? ARI_MYSQL_FETCHED : ARI_MYSQL_EMPTIED;
    return ari_mysql_call_statement(&connection->call,
                                    job->status == AR_OK ? ARI_MYSQL_CALL_FETCH : ARI_MYSQL_CALL_FREE_RESULT,
                                    job->statement->handle);
}

bool ari_mysql_start_cursor(ar_connection *connection)
{
    ari_mysql_job *job = &connection->job;
    ar_operation *operation = job->members[0];
    ari_mysql_cursor *cursor = find(connection, operation->cursor);
    if (cursor == NULL && job->kind == AR_OP_CLOSE_CURSOR)
        return ari_mysql_finish(connection);
    if (cursor == NULL)
        return refuse(connection,
                      ar_error_set(&job->error, AR_E_INVALID, "reading on with a cursor: there is no such cursor"));
    job->cursor = cursor;
    job->statement = cursor->statement;
    cursor->statement = NULL;
    if (job->kind == AR_OP_CLOSE_CURSOR)
        return ari_mysql_end(connection);
    if (cursor->dead)
        return refuse(connection, ar_error_set(&job->error, AR_E_TX_ABORTED,
                                               "reading on with a cursor: the transaction that it was opened in has "
                                               "ended"));
    return go_on(connection, operation);
}
