/* SPDX-License-Identifier: MIT */
#include "backends/sqlite/execute.h"

#include "backends/sqlite/error.h"
#include "backends/sqlite/value.h"
#include "backends/sqlite/wait.h"
#include "values/memory.h"

#if SQLITE_VERSION_NUMBER < 3038000
#error "SQLite 3.38 or later is needed"
#endif

static const char doing[] = "running a statement";

static ar_status check_operation(const ar_connection *connection, const ar_operation *operation, ar_error *err)
{
    const ar_statement *source = operation->statement;
    if (source == NULL)
        return ar_error_set(err, AR_E_INVALID, "running a statement: there is none");
    if (source->statement_class == AR_STATEMENT_TRANSACTION)
        return ar_error_set(err, AR_E_INVALID,
                            "running a statement: transactions are not begun and ended with SQL; use ar_tx_begin");
    if (connection->role == AR_ROLE_READER && source->statement_class != AR_STATEMENT_READ)
        return ar_error_set(err, AR_E_READ_ONLY,
                            "running a statement: it may change the database, which is open for reading");
    if (source->parameter_count > 0 && operation->parameters == NULL)
        return ar_error_set(err, AR_E_INVALID, "running a statement: it takes %u parameters and there are none",
                            (unsigned)source->parameter_count);
    return AR_OK;
}

/* The class decides what a statement shares a transaction with, so a wrong one must not get through. */
static ar_status check_class(const ar_connection *connection, const ar_operation *operation,
                             const ari_sqlite_statement *statement, ar_error *err)
{
    ar_statement_class said = operation->statement->statement_class, is = statement->text_class;
    if (is == AR_STATEMENT_TRANSACTION)
        return ar_error_set(err, AR_E_INVALID,
                            "running a statement: transactions are not begun and ended with SQL; use ar_tx_begin");
    if ((said == AR_STATEMENT_READ && (is != AR_STATEMENT_READ || !statement->reads_only)) ||
        (said == AR_STATEMENT_WRITE && is != AR_STATEMENT_WRITE && is != AR_STATEMENT_READ))
        return ar_error_set(err, AR_E_INVALID, "running a statement: it does more than its class says");
    if (connection->in_transaction && connection->transaction_read_only && !statement->reads_only)
        return ar_error_set(err, AR_E_READ_ONLY,
                            "running a statement: it changes the database, and the transaction is read-only");
    return AR_OK;
}

static ar_status wrong_columns(size_t count, const ar_operation *operation, ar_error *err)
{
    return ar_error_set(err, AR_E_TYPE, "running a statement: it has %zu columns and %zu are wanted", count,
                        operation->wanted_count);
}

/* A statement that writes must not run when its rows will be refused. Its column count may be of a table as it was
 * before: look twice. */
static ar_status check_columns_before(ar_connection *connection, const ar_operation *operation,
                                      ari_sqlite_statement **statement, ar_error *err)
{
    if ((*statement)->reads_only || operation->wanted == NULL)
        return AR_OK;
    if ((size_t)sqlite3_column_count((*statement)->handle) == operation->wanted_count)
        return AR_OK;
    ar_status status = ari_sqlite_statement_renew(&connection->statements, operation->statement, statement, err);
    if (status != AR_OK)
        return status;
    size_t count = (size_t)sqlite3_column_count((*statement)->handle);
    if (count == operation->wanted_count)
        return AR_OK;
    return wrong_columns(count, operation, err);
}

ar_status ari_sqlite_start(ar_connection *connection, const ar_operation *operation, ari_sqlite_statement **out,
                           ar_error *err)
{
    ari_sqlite_statement *statement = NULL;
    ar_status status = check_operation(connection, operation, err);
    if (status != AR_OK)
        return status;
    if (operation->statement->statement_class == AR_STATEMENT_SESSION) /* already when it is prepared, see classify.c */
        connection->session_changed = true;
    ari_sqlite_watch(connection, operation);
    status = ari_sqlite_statement_borrow(&connection->statements, operation->statement, &statement, err);
    if (status == AR_OK)
        status = check_class(connection, operation, statement, err);
    if (status == AR_OK && statement->parameter_count != (int64_t)operation->statement->parameter_count)
        status = ar_error_set(err, AR_E_INVALID, "running a statement: its text takes %d parameters and %u are given",
                              statement->parameter_count, (unsigned)operation->statement->parameter_count);
    if (status == AR_OK)
        status = check_columns_before(connection, operation, &statement, err);
    if (status == AR_OK)
        status = ari_sqlite_bind(connection->db, statement->handle, operation->statement, operation->parameters, err);
    if (status == AR_OK) {
        *out = statement;
        return AR_OK;
    }
    ari_sqlite_watch(connection, NULL);
    if (statement != NULL)
        ari_sqlite_statement_release(&connection->statements, statement);
    return status;
}

static bool reserve_values(ar_connection *connection, size_t count)
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

ar_status ari_sqlite_give_columns(ar_connection *connection, const ar_operation *operation,
                                  ari_sqlite_statement *statement, ar_error *err)
{
    size_t count = (size_t)sqlite3_column_count(statement->handle);
    if (operation->wanted != NULL && operation->wanted_count != count)
        return wrong_columns(count, operation, err);
    if (operation->sink == NULL || operation->sink->begin == NULL)
        return AR_OK;
    if (!ari_sqlite_statement_columns(&connection->statements, statement))
        return ar_error_set(err, AR_E_NO_MEMORY, "running a statement: no memory for its columns");
    return operation->sink->begin(operation->sink_ctx, statement->columns, statement->column_count, err);
}

ar_status ari_sqlite_give_row(ar_connection *connection, const ar_operation *operation, sqlite3_stmt *handle,
                              ar_error *err)
{
    if (operation->sink == NULL)
        return AR_OK;
    size_t count = (size_t)sqlite3_data_count(handle);
    if (operation->wanted != NULL && operation->wanted_count != count)
        return wrong_columns(count, operation, err);
    if (!reserve_values(connection, count))
        return ar_error_set(err, AR_E_NO_MEMORY, "running a statement: no memory for a row");
    ar_status status = ari_sqlite_decode(handle, operation->wanted, connection->values, count, err);
    return status == AR_OK ? operation->sink->row(operation->sink_ctx, connection->values, count, err) : status;
}

/* Steps to the end, or to the row that is the only one. The columns of a statement that reads are known for sure after its first step, which may prepare
 * it anew; a statement that writes must not have run when its columns are refused. */
static ar_status run(ar_connection *connection, const ar_operation *operation, ari_sqlite_statement *statement,
                     ar_error *err)
{
    sqlite3_stmt *handle = statement->handle;
    ar_status status = AR_OK;
    if (!statement->reads_only)
        status = ari_sqlite_give_columns(connection, operation, statement, err);
    if (status != AR_OK)
        return status;
    int code = sqlite3_step(handle);
    if (statement->reads_only && (code == SQLITE_ROW || code == SQLITE_DONE))
        status = ari_sqlite_give_columns(connection, operation, statement, err);
    while (status == AR_OK && code == SQLITE_ROW) {
        status = ari_sqlite_give_row(connection, operation, handle, err);
        if (status != AR_OK)
            connection->half_done = !statement->reads_only;
        else
            code = operation->one_row && statement->reads_only ? SQLITE_DONE : sqlite3_step(handle);
    }
    if (status != AR_OK || code == SQLITE_DONE)
        return status;
    status = ari_sqlite_operation_error(connection, operation, code, doing, err);
    if (!statement->reads_only && ari_sqlite_commit_in_doubt(code) && !operation->in_transaction)
        err->outcome_unknown = true;
    return status;
}

/* Resetting a statement that has given rows commits it; interrupting it undoes it. It is the only one running, and the
 * flag is cleared as soon as none runs. */
static void undo(ar_connection *connection, ari_sqlite_statement *statement)
{
    sqlite3_interrupt(connection->db);
    (void)sqlite3_step(statement->handle);
}

ar_status ari_sqlite_execute(ar_connection *connection, ar_operation *operation, ar_error *err)
{
    ari_sqlite_statement *statement = NULL;
    connection->half_done = false;
    ar_status status = ari_sqlite_start(connection, operation, &statement, err);
    if (status != AR_OK)
        return status;
    bool writes = !statement->reads_only;
    if (writes)
        sqlite3_set_last_insert_rowid(connection->db, 0);
    status = run(connection, operation, statement, err);
    if (connection->half_done && ari_sqlite_in_autocommit(connection))
        undo(connection, statement);
    (void)sqlite3_reset(statement->handle);
    if (status == AR_OK && statement->text_class == AR_STATEMENT_WRITE) {
        operation->changes = sqlite3_changes64(connection->db);
        operation->row_id = sqlite3_last_insert_rowid(connection->db);
    }
    ari_sqlite_statement_release(&connection->statements, statement);
    ari_sqlite_watch(connection, NULL);
    return status;
}
