/* SPDX-License-Identifier: MIT */
#include "backends/sqlite/wait.h"

#include <string.h>

#include "backends/sqlite/error.h"

enum { instructions_between_looks = 1000 };

/* Called by SQLite while a statement runs; not zero stops it, and only it: sqlite3_interrupt would also hit what
 * comes next. */
static int on_progress(void *arg)
{
    const ar_connection *connection = arg;
    const ar_operation *operation = connection->watched;
    return operation != NULL && !connection->watching_all && ari_sqlite_interrupted(connection, operation) ? 1 : 0;
}

/* True when one of the watched operations was interrupted; else `*until` becomes the earliest deadline, if it is
 * earlier. */
static bool look(const ar_connection *connection, int64_t *until)
{
    const ar_operation *operation = connection->watched;
    while (operation != NULL) {
        if (ari_sqlite_interrupted(connection, operation))
            return true;
        if (operation->deadline < *until)
            *until = operation->deadline;
        operation = connection->watching_all ? operation->next : NULL;
    }
    return false;
}

/* Called by SQLite when a lock is taken, `attempts` times before for the same one; 0 gives up with SQLITE_BUSY. */
static int on_busy(void *arg, int attempts)
{
    static const uint8_t milliseconds[] = { 1, 1, 2, 3, 5, 8, 12, 18, 25 };
    enum { last = sizeof milliseconds / sizeof milliseconds[0] - 1 };
    ar_connection *connection = arg;
    const ar_env *env = connection->env;
    int64_t now = env->now(env->ctx);
    if (attempts == 0 && !connection->watching_all)
        connection->busy_until = now + connection->config->busy_timeout;
    int64_t until = connection->busy_until;
    if (look(connection, &until) || now >= until)
        return 0;
    int64_t pause = milliseconds[attempts < last ? attempts : last] * INT64_C(1000);
    return env->wait(env->ctx, &connection->never, 0, until - now < pause ? until : now + pause) ? 1 : 0;
}

bool ari_sqlite_pause(ar_connection *connection, int64_t until)
{
    enum { pause = 5000 };
    const ar_env *env = connection->env;
    int64_t now = env->now(env->ctx);
    if (look(connection, &until) || now >= until)
        return false;
    return env->wait(env->ctx, &connection->never, 0, until - now < pause ? until : now + pause);
}

int ari_sqlite_install_handlers(ar_connection *connection)
{
    sqlite3_progress_handler(connection->db, instructions_between_looks, on_progress, connection);
    return sqlite3_busy_handler(connection->db, on_busy, connection);
}

const ar_operation *ari_sqlite_interrupted_watched(const ar_connection *connection)
{
    const ar_operation *operation = connection->watched;
    while (operation != NULL && !ari_sqlite_interrupted(connection, operation))
        operation = connection->watching_all ? operation->next : NULL;
    return operation;
}

ar_status ari_sqlite_interrupted_error(const ar_connection *connection, const ar_operation *operation,
                                       const char *doing, ar_error *err)
{
    if (connection->env->now(connection->env->ctx) >= operation->deadline)
        return ar_error_set(err, AR_E_TIMEOUT, "%s: the deadline passed; nothing was changed", doing);
    return ar_error_set(err, AR_E_CANCELLED, "%s: cancelled; nothing was changed", doing);
}

/* A function or a virtual table may put an argument into its message: json_extract a path, FTS5 a query. These put none in. */
static bool shows_no_argument(const char *message)
{
    static const char *const plain[] = { "malformed JSON",
                                         "integer overflow",
                                         "LIKE or GLOB pattern too complex",
                                         "ESCAPE expression must be a single character",
                                         "JSON cannot hold BLOB values",
                                         "not authorized" };
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++)
        if (strcmp(message, plain[i]) == 0)
            return true;
    return strncmp(message, "no such table: ", 15) == 0; /* prepared anew after a change of the schema */
}

ar_status ari_sqlite_operation_error(const ar_connection *connection, const ar_operation *operation, int code,
                                     const char *doing, ar_error *err)
{
    int primary = code & 0xff;
    if (primary == SQLITE_INTERRUPT || (primary == SQLITE_BUSY && ari_sqlite_interrupted(connection, operation))) {
        ar_status status = ari_sqlite_interrupted_error(connection, operation, doing, err);
        if (err != NULL)
            err->native_code = code;
        return status;
    }
    ar_status status = ari_sqlite_error(connection->db, code, doing, err);
    bool has_arguments = operation->statement != NULL && operation->statement->parameter_count > 0;
    if (err != NULL && primary == SQLITE_ERROR && has_arguments && !shows_no_argument(sqlite3_errmsg(connection->db))) {
        ar_ignore(ar_error_set(err, status,
                               "%s: SQLite refused an argument of a function or a virtual table, and its message, "
                               "which may show the argument, is kept back; run the SQL by hand to see it",
                               doing));
        err->native_code = code;
    }
    return status;
}
