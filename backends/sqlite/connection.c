/* SPDX-License-Identifier: MIT */
#include "backends/sqlite/connection.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "backends/sqlite/cursor.h"
#include "backends/sqlite/error.h"
#include "backends/sqlite/group.h"
#include "backends/sqlite/value.h"
#include "backends/sqlite/wait.h"
#include "values/memory.h"

/* A connection is open from ari_sqlite_open to ari_sqlite_close and run by one thread at a time, so that SQLite's
 * own mutexes are off. It is in one of these states: autocommit (neither flag), in a group or batch (SQLite's
 * autocommit is off while submit runs, never between two calls), in a transaction of its user (`in_transaction`), or
 * `broken`, when it could not leave a transaction or was found in one that nobody knows of. A broken one runs nothing
 * more. ari_sqlite_settle looks after each operation. */

static const char *const control_texts[] = { [ARI_SQLITE_BEGIN] = "BEGIN",
                                             [ARI_SQLITE_BEGIN_IMMEDIATE] = "BEGIN IMMEDIATE",
                                             [ARI_SQLITE_COMMIT] = "COMMIT",
                                             [ARI_SQLITE_ROLLBACK] = "ROLLBACK" };

/* Why a file cannot be opened, as far as the system tells; SQLite says no more than "unable to open database file". */
static const char *trouble_with(const ar_backend_config *config, bool creates)
{
    struct stat info;
    if (stat(config->path, &info) == 0) {
        if (S_ISDIR(info.st_mode))
            return "it is a folder";
        return S_ISREG(info.st_mode) ? "its permissions or those of its folder forbid it" : "it is no ordinary file";
    }
    switch (errno) {
    case ENOENT: return creates ? "its folder does not exist" : "it does not exist";
    case ENOTDIR: return "a part of the path is not a folder";
    case EACCES: return "the permissions of its folder forbid it";
    case ENAMETOOLONG: return "the path is too long";
    default: return strerror(errno);
    }
}

static bool is_folder(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

static ar_status open_failed(ar_connection *connection, int code, const char *step, ar_error *err)
{
    const ar_backend_config *config = connection->config;
    bool creates = connection->role == AR_ROLE_WRITER && config->mode == ARI_SQLITE_CREATE;
    char doing[200];
    const ar_operation *interrupted = ari_sqlite_interrupted_watched(connection);
    if ((code & 0xff) == SQLITE_BUSY && interrupted != NULL) {
        snprintf(doing, sizeof doing, "opening %.120s, which another process has locked", config->path);
        return ari_sqlite_interrupted_error(connection, interrupted, doing, err);
    }
    if ((code & 0xff) == SQLITE_CANTOPEN ||
        is_folder(config->path)) { /* one that is opened for reading is SQLITE_IOERR */
        ar_status status =
            ar_error_set(err, AR_E_CONNECTION, "opening %s: %s", config->path, trouble_with(config, creates));
        if (err != NULL)
            err->native_code = code;
        return status;
    }
    snprintf(doing, sizeof doing, "opening %.120s (%s)", config->path, step);
    return ari_sqlite_error(connection->db, code, doing, err);
}

static int open_flags(const ar_backend_config *config, ar_connection_role role)
{
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE;
    if (config->mode == ARI_SQLITE_READ_ONLY)
        return flags | SQLITE_OPEN_READONLY;
    flags |=
        SQLITE_OPEN_READWRITE; /* readers too: they may have to make WAL's index; query_only keeps them from writing */
    return role == AR_ROLE_WRITER && config->mode == ARI_SQLITE_CREATE ? flags | SQLITE_OPEN_CREATE : flags;
}

static ar_status open_file(ar_connection *connection, ar_error *err)
{
    const ar_backend_config *config = connection->config;
    if (config->vfs != NULL && sqlite3_vfs_find(config->vfs) == NULL)
        return ar_error_set(err, AR_E_INVALID, "opening %s: no vfs \"%s\" is registered with SQLite", config->path,
                            config->vfs);
    int code = sqlite3_open_v2(config->path, &connection->db, open_flags(config, connection->role), config->vfs);
    if (code != SQLITE_OK)
        return open_failed(connection, code, "open", err);
    return AR_OK;
}

/* Runs a pragma; the first column of its row goes to `answer`. */
static int pragma(ar_connection *connection, const char *text, char *answer, size_t size)
{
    sqlite3_stmt *query = NULL;
    int code = sqlite3_prepare_v2(connection->db, text, -1, &query, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(query);
    if (code == SQLITE_ROW && answer != NULL) {
        const char *value = (const char *)sqlite3_column_text(query, 0);
        snprintf(answer, size, "%s", value == NULL ? "" : value);
    }
    int closed = sqlite3_finalize(query);
    return code == SQLITE_ROW || code == SQLITE_DONE ? closed : code;
}

static ar_status set_up_guards(ar_connection *connection, ar_error *err)
{
    static const struct {
        int option, on;
    } guards[] = { { SQLITE_DBCONFIG_DEFENSIVE, 1 },
                   { SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0 },
                   { SQLITE_DBCONFIG_DQS_DML, 0 }, /* a misspelt "column" is an error, not a text */
                   { SQLITE_DBCONFIG_DQS_DDL, 0 },
                   { SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0 } };
    int code = SQLITE_OK;
    for (size_t i = 0; code == SQLITE_OK && i < sizeof guards / sizeof guards[0]; i++)
        code = sqlite3_db_config(connection->db, guards[i].option, guards[i].on, (int *)NULL);
    if (code == SQLITE_OK)
        code = ari_sqlite_install_handlers(connection);
    if (code == SQLITE_OK)
        code = ari_sqlite_add_decimals(connection->db);
    if (code == SQLITE_OK)
        code = ari_sqlite_add_additions(connection->db);
    if (code == SQLITE_OK)
        code = ari_sqlite_guard_install(&connection->guard, connection->db);
    return code == SQLITE_OK ? AR_OK : open_failed(connection, code, "setting up", err);
}

static ar_status set_up_session(ar_connection *connection, ar_error *err)
{
    const ar_backend_config *config = connection->config;
    char text[160];
    snprintf(text, sizeof text, "PRAGMA cache_size = -%lu", (unsigned long)config->cache_size_kib);
    int code = config->cache_size_kib == 0 ? SQLITE_OK : pragma(connection, text, NULL, 0);
    if (code == SQLITE_OK) {
        snprintf(text, sizeof text, "PRAGMA synchronous = %s", config->synchronous);
        code = pragma(connection, text, NULL, 0);
    }
    if (code == SQLITE_OK)
        code =
            pragma(connection, config->foreign_keys ? "PRAGMA foreign_keys = 1" : "PRAGMA foreign_keys = 0", NULL, 0);
    if (code == SQLITE_OK) /* reads the header: the first to see that it is no database, or locked */
        code = pragma(connection, "SELECT count(*) FROM sqlite_schema", NULL, 0);
    if (code == SQLITE_OK && connection->role == AR_ROLE_READER)
        code = pragma(connection, "PRAGMA query_only = 1", NULL, 0);
    return code == SQLITE_OK ? AR_OK : open_failed(connection, code, "reading it", err);
}

static ar_status set_up_journal(ar_connection *connection, ar_error *err)
{
    const ar_backend_config *config = connection->config;
    char text[80], answer[32] = "";
    if (connection->role == AR_ROLE_READER || config->memory)
        return AR_OK;
    if (sqlite3_db_readonly(connection->db, "main") == 1)
        return ar_error_set(err, AR_E_READ_ONLY, "opening %s: its permissions allow reading only; open it with mode=ro",
                            config->path);
    snprintf(text, sizeof text, "PRAGMA journal_mode = %s", config->journal_mode);
    int code;
    do /* SQLite does not call the busy handler where it turns a file to WAL, which two processes may do at a time */
        code = pragma(connection, text, answer, sizeof answer);
    while ((code & 0xff) == SQLITE_BUSY && ari_sqlite_pause(connection, connection->busy_until));
    if (code == SQLITE_OK) /* a log that had to grow is cut down again at a checkpoint */
        code = pragma(connection, "PRAGMA journal_size_limit = 67108864", NULL, 0);
    if (code != SQLITE_OK)
        return open_failed(connection, code, "setting the journal mode", err);
    if (strcmp(answer, config->journal_mode) != 0)
        return ar_error_set(err, AR_E_UNSUPPORTED,
                            "opening %s: its file system or its users do not allow journal_mode=%s, it stays at "
                            "%s; choose another",
                            config->path, config->journal_mode, answer);
    return AR_OK;
}

static ar_status set_up_statements(ar_connection *connection, ar_error *err)
{
    int code = SQLITE_OK;
    for (size_t i = 0; code == SQLITE_OK && i < ARI_SQLITE_CONTROL_STATEMENTS; i++)
        code = sqlite3_prepare_v3(connection->db, control_texts[i], -1, SQLITE_PREPARE_PERSISTENT,
                                  &connection->control[i], NULL);
    if (code != SQLITE_OK)
        return open_failed(connection, code, "preparing", err);
    return ari_sqlite_statements_init(&connection->statements, connection->env, connection->db, &connection->guard,
                                      connection->config->statement_cache, err);
}

ar_status ari_sqlite_open(const ar_backend_config *config, ar_connection_role role, ar_backend_host *host,
                          ar_connection **out, ar_error *err)
{
    if ((role == AR_ROLE_READER && config->memory) || (role == AR_ROLE_WRITER && config->mode == ARI_SQLITE_READ_ONLY))
        return ar_error_set(err, AR_E_INVALID, "opening %s: it has no %s", config->path,
                            role == AR_ROLE_READER ? "readers, :memory: belongs to one connection"
                                                   : "writer with mode=ro");
    ar_connection *connection = ari_allocate_zero(host->env, sizeof *connection);
    if (connection == NULL)
        return ar_error_set(err, AR_E_NO_MEMORY, "opening %s: no memory", config->path);
    connection->env = host->env;
    connection->host = host;
    connection->config = config;
    connection->role = role;
    ari_sqlite_watch_all(connection, host->opening_for, host->env->now(host->env->ctx) + config->busy_timeout);
    ar_status status = open_file(connection, err);
    if (status == AR_OK)
        status = set_up_guards(connection, err);
    if (status == AR_OK)
        status = set_up_session(connection, err);
    if (status == AR_OK)
        status = set_up_journal(connection, err);
    if (status == AR_OK)
        status = set_up_statements(connection, err);
    if (status != AR_OK) {
        ari_sqlite_close(connection);
        return status;
    }
    ari_sqlite_watch(connection, NULL);
    *out = connection;
    return AR_OK;
}

bool ari_sqlite_usable(const ar_connection *connection)
{
    return !connection->broken;
}

void ari_sqlite_close(ar_connection *connection)
{
    if (connection == NULL)
        return;
    ari_sqlite_watch(connection, NULL);
    ari_sqlite_cursors_free(connection);
    if (connection->statements.cache.buckets != NULL)
        ari_sqlite_statements_fini(&connection->statements);
    for (size_t i = 0; i < ARI_SQLITE_CONTROL_STATEMENTS; i++)
        (void)sqlite3_finalize(connection->control[i]);
    (void)sqlite3_close_v2(connection->db);
    ari_sqlite_held_free(connection);
    ari_release(connection->env, connection->savepoints);
    ari_release(connection->env, connection->values);
    ari_release(connection->env, connection);
}

int ari_sqlite_control(ar_connection *connection, ari_sqlite_control_statement which)
{
    int code = sqlite3_step(connection->control[which]);
    (void)sqlite3_reset(connection->control[which]);
    return code == SQLITE_DONE ? SQLITE_OK : code;
}

void ari_sqlite_roll_back(ar_connection *connection)
{
    if (ari_sqlite_in_autocommit(connection))
        return;
    ari_sqlite_watch(connection, NULL);
    (void)ari_sqlite_control(connection, ARI_SQLITE_ROLLBACK);
    if (!ari_sqlite_in_autocommit(connection))
        connection->broken = true;
}

/* A database in memory would be gone with its connection, which is as good as before once it left the transaction. */
ar_status ari_sqlite_settle(ar_connection *connection, ar_status status, ar_error *err)
{
    if (connection->in_transaction || ari_sqlite_in_autocommit(connection))
        return status;
    ari_sqlite_roll_back(connection);
    if (!connection->config->memory)
        connection->broken = true;
    if (status != AR_OK)
        return status;
    return ar_error_set(err, AR_E_CONNECTION,
                        "running a statement: it left a transaction open, which was rolled back with all that it did; "
                        "begin transactions with ar_tx_begin");
}

ar_status ari_sqlite_refuse_broken(const ar_connection *connection, ar_error *err)
{
    return ar_error_set(err, AR_E_CONNECTION,
                        "running a statement on %s: the connection was stuck in a transaction and is closed; nothing "
                        "was changed, try again",
                        connection->config->path);
}
