/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "backends/mysql/connection.h"
#include "backends/mysql/error.h"
#include "values/memory.h"

/* What is not prepared: beginnings and ends of transactions, savepoints, the reset of a session, statements that cannot
 * be prepared, and what the connection asks for itself. */

static const char *doing_of(ar_operation_kind kind)
{
    switch (kind) {
    case AR_OP_BEGIN: return "opening a transaction";
    case AR_OP_COMMIT: return "committing";
    case AR_OP_ROLLBACK: return "rolling back";
    case AR_OP_SAVEPOINT: return "setting a savepoint";
    case AR_OP_RELEASE: return "releasing a savepoint";
    case AR_OP_ROLLBACK_TO: return "rolling back to a savepoint";
    case AR_OP_RESET: return "resetting a session";
    case AR_OP_EXECUTE:
    case AR_OP_FETCH:
    case AR_OP_CLOSE_CURSOR: break;
    }
    return "running a statement";
}

static bool query(ar_connection *connection, const char *sql, ari_mysql_step then)
{
    connection->step = then;
    return ari_mysql_query(&connection->call, sql, strlen(sql));
}

/* Error packets do not say whether the transaction is still open; the answer to a query does. */
static bool probe(ar_connection *connection)
{
    return query(connection, "SELECT 1", ARI_MYSQL_PROBED);
}

bool ari_mysql_conclude(ar_connection *connection)
{
    const ari_mysql_job *job = &connection->job;
    if (job->status != AR_OK && job->executing && connection->in_transaction)
        return probe(connection);
    return ari_mysql_finish(connection);
}

static void write_command(ari_mysql_job *job)
{
    const ar_operation *operation = job->members[0];
    const char *words = job->kind == AR_OP_SAVEPOINT     ? "SAVEPOINT"
                        : job->kind == AR_OP_RELEASE     ? "RELEASE SAVEPOINT"
                        : job->kind == AR_OP_ROLLBACK_TO ? "ROLLBACK TO SAVEPOINT"
                        : job->kind == AR_OP_COMMIT      ? "COMMIT"
                        : job->kind == AR_OP_ROLLBACK    ? "ROLLBACK"
                        : operation->read_only           ? "START TRANSACTION READ ONLY"
                                                         : "START TRANSACTION";
    bool numbered = job->kind == AR_OP_SAVEPOINT || job->kind == AR_OP_RELEASE || job->kind == AR_OP_ROLLBACK_TO;
    if (numbered)
        (void)snprintf(job->command, sizeof job->command, "%s ar_%u", words, (unsigned)operation->savepoint);
    else
        (void)snprintf(job->command, sizeof job->command, "%s", words);
}

/* Of the next transaction alone; one that is opened takes it. */
static const char *isolation_command(ar_isolation isolation)
{
    switch (isolation) {
    case AR_ISOLATION_DEFAULT: break;
    case AR_ISOLATION_READ_COMMITTED: return "SET TRANSACTION ISOLATION LEVEL READ COMMITTED";
    case AR_ISOLATION_REPEATABLE_READ: return "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ";
    case AR_ISOLATION_SERIALIZABLE: return "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE";
    }
    return NULL;
}

bool ari_mysql_start_text(ar_connection *connection)
{
    ari_mysql_job *job = &connection->job;
    job->executing = true;
    if (job->as_text) {
        connection->step = ARI_MYSQL_QUERIED;
        return ari_mysql_query(&connection->call, job->text, job->source->sql_length);
    }
    if (job->kind == AR_OP_RESET) {
        connection->step = ARI_MYSQL_SESSION_RESET;
        return ari_mysql_reset(&connection->call);
    }
    write_command(job);
    if (job->kind == AR_OP_BEGIN && isolation_command(job->members[0]->isolation) != NULL) {
        job->isolated = true;
        return query(connection, isolation_command(job->members[0]->isolation), ARI_MYSQL_ISOLATED);
    }
    return query(connection, job->command, ARI_MYSQL_QUERIED);
}

/* True: the query failed, and *again is what the step answers. */
static bool failed(ar_connection *connection, bool bad, bool *again)
{
    ari_mysql_job *job = &connection->job;
    MYSQL *mysql = connection->session.mysql;
    if (!bad)
        return false;
    unsigned number = mysql_errno(mysql);
    bool left_over = job->isolated && connection->step == ARI_MYSQL_QUERIED; /* a level that the next one would take */
    job->status = ari_mysql_error(mysql, doing_of(job->kind), &job->error);
    if (ari_mysql_is_lost(number) || left_over) {
        ari_mysql_lose(connection, &job->error);
        *again = false;
    } else {
        *again = ari_mysql_conclude(connection);
    }
    return true;
}

static bool isolated(ar_connection *connection)
{
    bool again;
    if (failed(connection, connection->call.result != 0, &again))
        return again;
    return query(connection, connection->job.command, ARI_MYSQL_QUERIED);
}

static bool queried(ar_connection *connection)
{
    ari_mysql_job *job = &connection->job;
    bool again;
    if (failed(connection, connection->call.result != 0, &again))
        return again;
    if (mysql_field_count(connection->session.mysql) > 0) {
        connection->step = ARI_MYSQL_QUERY_STORED;
        return ari_mysql_store_result(&connection->call);
    }
    if (job->as_text && job->statement_class == AR_STATEMENT_WRITE)
        job->changes = (int64_t)mysql_affected_rows(connection->session.mysql);
    return ari_mysql_finish(connection);
}

static void free_rows(ar_connection *connection)
{
    if (connection->call.rows != NULL)
        mysql_free_result(connection->call.rows);
    connection->call.rows = NULL;
}

static bool query_stored(ar_connection *connection)
{
    ari_mysql_job *job = &connection->job;
    bool again;
    if (failed(connection, connection->call.rows == NULL, &again))
        return again;
    free_rows(connection);
    if (job->live > 0 && job->members[0]->sink != NULL)
        job->status = ar_error_set(&job->error, AR_E_UNSUPPORTED,
                                   "running a statement: MySQL does not prepare it, so its rows cannot be read");
    return ari_mysql_finish(connection);
}

/* The probe failed: nothing is known about the transaction. */
static bool probed(ar_connection *connection)
{
    if (connection->call.result == 0) {
        connection->step = ARI_MYSQL_PROBE_STORED;
        return ari_mysql_store_result(&connection->call);
    }
    ari_mysql_lose(connection, &connection->job.error);
    return false;
}

static bool probe_stored(ar_connection *connection)
{
    free_rows(connection);
    return ari_mysql_finish(connection);
}

/* The server has forgotten the prepared statements, and the client knows (mysql_reset_connection). */
static bool session_reset(ar_connection *connection)
{
    bool again;
    ari_mysql_statements_clear(&connection->statements);
    for (ari_mysql_cursor *cursor = connection->cursors; cursor != NULL; cursor = cursor->next) {
        ari_mysql_statement_free(cursor->statement);
        cursor->statement = NULL;
        cursor->dead = true;
    }
    if (failed(connection, connection->call.result != 0, &again))
        return again;
    return query(connection, connection->session.set_up, ARI_MYSQL_SESSION_SET_UP);
}

static bool session_set_up(ar_connection *connection)
{
    const char *initial = connection->config->target->initial_sql;
    bool again;
    if (failed(connection, connection->call.result != 0, &again))
        return again;
    if (initial != NULL && initial[0] != '\0')
        return query(connection, initial, ARI_MYSQL_SESSION_INITIAL);
    return ari_mysql_finish(connection);
}

static bool session_initial(ar_connection *connection)
{
    bool again;
    if (failed(connection, connection->call.result != 0, &again))
        return again;
    if (mysql_field_count(connection->session.mysql) == 0)
        return ari_mysql_finish(connection);
    connection->step = ARI_MYSQL_PROBE_STORED;
    return ari_mysql_store_result(&connection->call);
}

static bool undone(ar_connection *connection)
{
    ari_mysql_job *job = &connection->job;
    if (connection->call.result == 0)
        return ari_mysql_finish(connection);
    (void)ari_mysql_error(connection->session.mysql, doing_of(AR_OP_ROLLBACK), &job->error);
    ari_mysql_lose(connection, &job->error);
    return false;
}

/* Its result is of no interest: a KILL may have hit it. */
static bool absorbed(ar_connection *connection)
{
    ar_error error;
    if (connection->call.result == 0) {
        connection->step = ARI_MYSQL_ABSORB_STORED;
        return ari_mysql_store_result(&connection->call);
    }
    if (ari_mysql_is_killed(mysql_errno(connection->session.mysql))) {
        connection->step = ARI_MYSQL_IDLE;
        return true;
    }
    (void)ari_mysql_error(connection->session.mysql, "going on after a statement was stopped", &error);
    ari_mysql_lose(connection, &error);
    return false;
}

static bool absorb_stored(ar_connection *connection)
{
    free_rows(connection);
    connection->step = ARI_MYSQL_IDLE;
    return true;
}

bool ari_mysql_step_text(ar_connection *connection)
{
    switch ((int)connection->step) {
    case ARI_MYSQL_ISOLATED: return isolated(connection);
    case ARI_MYSQL_QUERIED: return queried(connection);
    case ARI_MYSQL_QUERY_STORED: return query_stored(connection);
    case ARI_MYSQL_PROBED: return probed(connection);
    case ARI_MYSQL_PROBE_STORED: return probe_stored(connection);
    case ARI_MYSQL_SESSION_RESET: return session_reset(connection);
    case ARI_MYSQL_SESSION_SET_UP: return session_set_up(connection);
    case ARI_MYSQL_SESSION_INITIAL: return session_initial(connection);
    case ARI_MYSQL_UNDONE: return undone(connection);
    case ARI_MYSQL_ABSORBED: return absorbed(connection);
    case ARI_MYSQL_ABSORB_STORED: return absorb_stored(connection);
    default: return false;
    }
}
