/* SPDX-License-Identifier: MIT */
#include "backends/sqlite/cursor.h"

#include "backends/sqlite/execute.h"
#include "backends/sqlite/wait.h"
#include "values/memory.h"

/* A cursor stands on a row that has not been given yet, so that it is known whether there are more. Its statement is
 * out of the cache while it lives: the same text may be run again beside it. */
struct ari_sqlite_cursor {
    ari_sqlite_cursor *next;
    ari_sqlite_statement *statement; /* NULL: dead */
    size_t depth;                    /* savepoints that were open when it was opened */
};

static void release(ar_connection *connection, ari_sqlite_cursor *cursor)
{
    if (cursor->statement == NULL)
        return;
    (void)sqlite3_reset(cursor->statement->handle);
    (void)sqlite3_clear_bindings(cursor->statement->handle);
    ari_sqlite_statement_release(&connection->statements, cursor->statement);
    cursor->statement = NULL;
}

static ari_sqlite_cursor **find(ar_connection *connection, const void *cursor)
{
    ari_sqlite_cursor **link = &connection->cursors;
    while (*link != NULL && *link != cursor)
        link = &(*link)->next;
    return link;
}

static void destroy(ar_connection *connection, ari_sqlite_cursor **link)
{
    ari_sqlite_cursor *cursor = *link;
    *link = cursor->next;
    release(connection, cursor);
    ari_release(connection->env, cursor);
}

/* Gives rows, the current one first, until the limit is reached, when `*more` becomes true, or the end. */
static ar_status give(ar_connection *connection, const ar_operation *operation, sqlite3_stmt *handle, bool *more,
                      ar_error *err)
{
    size_t given = 0;
    int code = SQLITE_ROW;
    *more = false;
    while (code == SQLITE_ROW) {
        if (operation->row_limit != 0 && given == operation->row_limit) {
            *more = true;
            return AR_OK;
        }
        ar_status status = ari_sqlite_give_row(connection, operation, handle, err);
        if (status != AR_OK)
            return status;
        given++;
        code = sqlite3_step(handle);
    }
    return code == SQLITE_DONE
               ? AR_OK
               : ari_sqlite_operation_error(connection, operation, code, "reading on with a cursor", err);
}

static ar_status first_rows(ar_connection *connection, ar_operation *operation, ari_sqlite_statement *statement,
                            bool *more, ar_error *err)
{
    *more = false;
    int code = sqlite3_step(statement->handle);
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        return ari_sqlite_operation_error(connection, operation, code, "running a statement", err);
    ar_status status = ari_sqlite_give_columns(connection, operation, statement, err);
    if (status == AR_OK && code == SQLITE_ROW)
        status = give(connection, operation, statement->handle, more, err);
    return status;
}

/* Parameters belong to the operation, which is gone before the cursor: texts and bytes are copied for it. */
static bool keep_parameters(const ar_operation *operation, sqlite3_stmt *handle)
{
    int code = SQLITE_OK;
    for (uint32_t i = 0; code == SQLITE_OK && i < operation->statement->parameter_count; i++) {
        const ar_value *value = &operation->parameters[i];
        int index = (int)i + 1;
        if (value->type == AR_TYPE_TEXT || value->type == AR_TYPE_JSON)
            code = sqlite3_bind_text64(handle, index, value->as.text.data, value->as.text.length, SQLITE_TRANSIENT,
                                       SQLITE_UTF8);
        else if (value->type == AR_TYPE_BYTES && value->as.bytes.length > 0)
            code = sqlite3_bind_blob64(handle, index, value->as.bytes.data, value->as.bytes.length, SQLITE_TRANSIENT);
        else if (value->type == AR_TYPE_UUID)
            code = sqlite3_bind_blob(handle, index, value->as.uuid.bytes, 16, SQLITE_TRANSIENT);
    }
    return code == SQLITE_OK;
}

ar_status ari_sqlite_cursor_open(ar_connection *connection, ar_operation *operation, ar_error *err)
{
    ari_sqlite_statement *statement = NULL;
    ari_sqlite_cursor *cursor = NULL;
    bool more = false;
    if (!connection->in_transaction)
        return ar_error_set(err, AR_E_INVALID,
                            "running a statement with a limit of rows: a cursor lives in a transaction only");
    ar_status status = ari_sqlite_start(connection, operation, &statement, err);
    if (status != AR_OK)
        return status;
    ari_sqlite_statement_take(&connection->statements, statement);
    if (!statement->reads_only)
        status = ar_error_set(err, AR_E_INVALID, "running a statement with a limit of rows: it changes the database");
    if (status == AR_OK) {
        cursor = ari_allocate_zero(connection->env, sizeof *cursor);
        if (cursor == NULL || !keep_parameters(operation, statement->handle))
            status = ar_error_set(err, AR_E_NO_MEMORY, "running a statement with a limit of rows: no memory");
    }
    if (status == AR_OK)
        status = first_rows(connection, operation, statement, &more, err);
    ari_sqlite_watch(connection, NULL);
    if (status == AR_OK && more && cursor != NULL) {
        *cursor = (ari_sqlite_cursor){ connection->cursors, statement, connection->savepoint_count };
        connection->cursors = cursor;
        operation->cursor = cursor;
        return AR_OK;
    }
    (void)sqlite3_reset(statement->handle);
    (void)sqlite3_clear_bindings(statement->handle);
    ari_sqlite_statement_release(&connection->statements, statement);
    ari_release(connection->env, cursor);
    return status;
}

ar_status ari_sqlite_cursor_fetch(ar_connection *connection, ar_operation *operation, ar_error *err)
{
    ari_sqlite_cursor **link = find(connection, operation->cursor);
    ari_sqlite_cursor *cursor = *link;
    bool more = false;
    operation->cursor = NULL;
    if (cursor == NULL)
        return ar_error_set(err, AR_E_INVALID, "reading on with a cursor: there is no such cursor");
    ar_status status;
    if (cursor->statement == NULL) {
        status = ar_error_set(err, AR_E_TX_ABORTED,
                              "reading on with a cursor: the transaction or savepoint that it was opened in has "
                              "ended");
    } else {
        ari_sqlite_watch(connection, operation);
        status = give(connection, operation, cursor->statement->handle, &more, err);
        ari_sqlite_watch(connection, NULL);
    }
    if (status == AR_OK && more)
        operation->cursor = cursor;
    else
        destroy(connection, link);
    return status;
}

void ari_sqlite_cursor_close(ar_connection *connection, const ar_operation *operation)
{
    ari_sqlite_cursor **link = find(connection, operation->cursor);
    if (*link != NULL)
        destroy(connection, link);
}

void ari_sqlite_cursors_kill(ar_connection *connection, size_t depth)
{
    for (ari_sqlite_cursor *cursor = connection->cursors; cursor != NULL; cursor = cursor->next)
        if (depth == 0 || cursor->depth >= depth)
            release(connection, cursor);
}

void ari_sqlite_cursors_adopt(ar_connection *connection, size_t depth)
{
    for (ari_sqlite_cursor *cursor = connection->cursors; cursor != NULL; cursor = cursor->next)
        if (cursor->depth >= depth)
            cursor->depth = depth - 1;
}

void ari_sqlite_cursors_free(ar_connection *connection)
{
    while (connection->cursors != NULL)
        destroy(connection, &connection->cursors);
}
