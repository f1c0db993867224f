/* SPDX-License-Identifier: MIT */
#include <locale.h>
#include <poll.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backends/postgres/connection.h"
#include "backends/postgres/error.h"
#include "backends/postgres/task.h"
#include "values/number.h"

/* Opening: a name is resolved on a thread (RESOLVING), the handshake is driven by PQconnectPoll (CONNECTING), and the session's start is one text of SQL, sent by the simple protocol, because that takes
 * several statements (SETTING_UP). AR_OP_RESET goes through the last again, with the undoing of what may have changed before it.
 *
 * Every parameter is given, so that the environment does not steer what the URL says. What libpq cannot be talked out of: PGSSLCERT, PGSSLKEY, PGSSLROOTCERT and PGSSLCRL name the files where the URL
 * does not, and PGSERVICE is read for what has no other value. PGTZ and PGDATESTYLE travel in the startup packet (EnvironmentOptions in fe-connect.c); the session's start puts that right. */

enum { parameters_max = 24 };

/* A file that cannot be there: libpq reads ~/.pgpass when it is given none, and prints a warning about a file that is not plain. */
static const char no_passfile[] = "/dev/null/none";

typedef struct list {
    const char *keywords[parameters_max + 1];
    const char *values[parameters_max + 1];
    size_t count;
} list;

static void add(list *parameters, const char *keyword, const char *value)
{
    if (value == NULL || value[0] == '\0')
        return;
    parameters->keywords[parameters->count] = keyword;
    parameters->values[parameters->count++] = value;
}

static ar_status fail(ar_connection *connection, ar_error *err, const char *why)
{
    const ar_backend_config *config = connection->config;
    ar_status status = ar_error_set(err, AR_E_CONNECTION, "connecting to PostgreSQL at %s%s%s: %s",
                                    config->host == NULL ? "the local socket" : config->host,
                                    config->place == ARI_POSTGRES_SOCKET ? "" : ":",
                                    config->place == ARI_POSTGRES_SOCKET ? "" : config->port, why);
    if (err != NULL)
        err->retryable = true;
    return status;
}

static ar_status fail_with_driver(ar_connection *connection, ar_error *err)
{
    char message[256];
    ari_postgres_connection_message(connection->pg == NULL ? "no memory" : PQerrorMessage(connection->pg),
                                    connection->config->password, message, sizeof message);
    ar_status status = fail(connection, err, message);
    if (err != NULL && connection->pg != NULL)
        ari_postgres_connection_error(connection->pg, connection->tls_handshake, err);
    return status;
}

/* libpq's own default is fixed when it is built, and PGHOST would come before it. */
static const char *socket_folder(void)
{
    return access("/var/run/postgresql", X_OK) == 0 ? "/var/run/postgresql" : "/tmp";
}

static bool own_name(char *buffer, size_t size)
{
    struct passwd entry, *found = NULL;
    char text[1024];
    if (getpwuid_r(geteuid(), &entry, text, sizeof text, &found) != 0 || found == NULL || strlen(entry.pw_name) >= size)
        return false;
    memcpy(buffer, entry.pw_name, strlen(entry.pw_name) + 1);
    return true;
}

/* "name,name": each address needs the host that its certificate is for. */
static char *repeat(const ar_connection *connection, const char *text, size_t times)
{
    ari_text_buffer buffer;
    ari_text_buffer_init(&buffer, connection->env);
    for (size_t i = 0; i < times; i++) {
        ari_text_buffer_append_cstr(&buffer, i > 0 ? "," : "");
        ari_text_buffer_append_cstr(&buffer, text);
    }
    char *made = buffer.failed ? NULL : ari_text_buffer_take(&buffer, NULL);
    ari_text_buffer_fini(&buffer);
    return made;
}

static void add_session(const ar_connection *connection, list *parameters)
{
    const ar_backend_config *config = connection->config;
    const char *from_environment = getenv("PGOPTIONS");
    bool other = from_environment != NULL && from_environment[0] != '\0';
    add(parameters, "dbname", config->database);
    add(parameters, "password", config->password);
    add(parameters, "passfile", config->passfile == NULL ? no_passfile : config->passfile);
    add(parameters, "application_name", config->application_name);
    add(parameters, "client_encoding", "UTF8");
    add(parameters, "options", config->options[0] != '\0' ? config->options : other ? " " : NULL);
    add(parameters, "target_session_attrs", config->target_session_attrs);
    add(parameters, "keepalives", config->keepalives ? "1" : "0");
    add(parameters, "keepalives_idle", config->keepalives_idle);
    add(parameters, "tcp_user_timeout", config->tcp_user_timeout);
    add(parameters, "connect_timeout", "0");
    add(parameters, "gssencmode", "disable"); /* it would be tried before TLS, and blocks */
    add(parameters, "sslmode", config->sslmode);
    add(parameters, "sslrootcert", config->sslrootcert);
    add(parameters, "sslcert", config->sslcert);
    add(parameters, "sslkey", config->sslkey);
}

static ar_status start_with(ar_connection *connection, const char *host, const char *addresses, ar_error *err)
{
    char name[256];
    list parameters = { .count = 0 };
    const char *user = connection->config->user;
    if (user == NULL && !own_name(name, sizeof name))
        return fail(connection, err, "the name of this user cannot be told; name one in the URL");
    add(&parameters, "host", host);
    add(&parameters, "hostaddr", addresses);
    add(&parameters, "port", connection->config->port);
    add(&parameters, "user", user != NULL ? user : name);
    add_session(connection, &parameters);
    connection->pg = PQconnectStartParams(parameters.keywords, parameters.values, 0);
    if (connection->pg == NULL)
        return ar_error_set(err, AR_E_NO_MEMORY, "connecting to PostgreSQL: no memory");
    if (PQstatus(connection->pg) == CONNECTION_BAD)
        return fail_with_driver(connection, err);
    PQsetErrorVerbosity(connection->pg, PQERRORS_VERBOSE); /* with the SQLSTATE */
    connection->state = ARI_POSTGRES_CONNECTING;
    connection->polling = PGRES_POLLING_WRITING;
    return AR_OK;
}

static ar_status start_resolved(ar_connection *connection, ar_error *err)
{
    size_t count = 0;
    const char *addresses = ari_postgres_chore_addresses(connection->chore, &count);
    if (addresses == NULL) {
        char why[224];
        snprintf(why, sizeof why, "the name cannot be resolved: %s", ari_postgres_chore_message(connection->chore));
        return fail(connection, err, why);
    }
    char *hosts = repeat(connection, connection->config->host, count);
    if (hosts == NULL)
        return ar_error_set(err, AR_E_NO_MEMORY, "connecting to PostgreSQL: no memory");
    ar_status status = start_with(connection, hosts, addresses, err);
    ari_release(connection->env, hosts);
    ari_postgres_chore_drop(connection->chore);
    connection->chore = NULL;
    return status;
}

ar_status ari_postgres_start_opening(ar_connection *connection, ar_error *err)
{
    const ar_backend_config *config = connection->config;
    const char *elsewhere = getenv("PGHOSTADDR");
    connection->opening_deadline =
        config->connect_timeout == 0 ? INT64_MAX : connection->env->now(connection->env->ctx) + config->connect_timeout;
    switch (config->place) {
    case ARI_POSTGRES_SOCKET:
        if (elsewhere != NULL &&
            elsewhere[0] != '\0') /* libpq takes it whatever the host, and no empty value overrides it */
            return fail(connection, err, "the environment variable PGHOSTADDR would lead elsewhere; unset it");
        return start_with(connection, config->host == NULL ? socket_folder() : config->host, NULL, err);
    case ARI_POSTGRES_ADDRESS: return start_with(connection, config->host, config->host, err);
    case ARI_POSTGRES_NAME: break;
    }
    connection->chore = ari_postgres_chore_resolve(connection->host, config->host);
    if (connection->chore == NULL)
        return ar_error_set(err, AR_E_NO_MEMORY, "connecting to PostgreSQL: no thread or memory to resolve the name");
    connection->state = ARI_POSTGRES_RESOLVING;
    return AR_OK;
}

/* --- the session --- */

static void quiet(void *arg, const PGresult *notice)
{
    ar_connection *connection = arg;
    connection->dying |= ari_postgres_is_fatal(notice);
}

static void append_text(ari_text_buffer *sql, const char *text)
{
    ari_text_buffer_append_char(sql, '\'');
    for (; *text != '\0'; text++) {
        if (*text == '\'')
            ari_text_buffer_append_char(sql, '\'');
        ari_text_buffer_append_char(sql, *text);
    }
    ari_text_buffer_append_char(sql, '\'');
}

static const char *parameter(const ar_connection *connection, const char *name)
{
    const char *value = PQparameterStatus(connection->pg, name);
    return value == NULL ? "" : value;
}

static bool has_timezone(const ar_connection *connection)
{
    const char *has = parameter(connection, "TimeZone"), *wanted = connection->config->timezone;
    return strcmp(has, wanted) == 0 || (strcmp(wanted, "UTC") == 0 && strcmp(has, "Etc/UTC") == 0);
}

/* Only what is otherwise: poolers keep track of these settings alone. */
static void write_setup(ar_connection *connection)
{
    ari_text_buffer *sql = &connection->setup;
    ari_text_buffer_clear(sql);
    if (strcmp(parameter(connection, "standard_conforming_strings"), "on") != 0)
        ari_text_buffer_append_cstr(sql, "SET standard_conforming_strings = on;");
    if (strncmp(parameter(connection, "DateStyle"), "ISO", 3) != 0)
        ari_text_buffer_append_cstr(sql, "SET DateStyle = 'ISO';");
    if (!has_timezone(connection)) {
        ari_text_buffer_append_cstr(sql, "SET TimeZone = ");
        append_text(sql, connection->config->timezone);
        ari_text_buffer_append_char(sql, ';');
    }
    if (connection->config->initial_sql != NULL) {
        ari_text_buffer_append_cstr(sql, connection->config->initial_sql);
        ari_text_buffer_append_cstr(sql, "\n;");
    }
    ari_text_buffer_append_cstr(sql, "SELECT pg_backend_pid() AS ar_backend_pid;SHOW default_transaction_isolation");
}

static bool send_setup(ar_connection *connection, const char *before)
{
    ari_text_buffer sql;
    ari_text_buffer_init(&sql, connection->env);
    ari_text_buffer_append_cstr(&sql, before);
    ari_text_buffer_append_cstr(&sql, ari_text_buffer_cstr(&connection->setup));
    bool sent =
        !sql.failed && !connection->setup.failed && PQsendQuery(connection->pg, ari_text_buffer_cstr(&sql)) == 1;
    ari_text_buffer_fini(&sql);
    connection->setup_error = (ar_error){ .status = AR_OK };
    connection->state = ARI_POSTGRES_SETTING_UP;
    return sent;
}

/* What DISCARD ALL does (src/backend/commands/discard.c), but for prepared statements and plans. */
void ari_postgres_start_reset(ar_connection *connection)
{
    static const char undo[] = "CLOSE ALL;SET SESSION AUTHORIZATION DEFAULT;RESET ALL;UNLISTEN *;"
                               "SELECT pg_advisory_unlock_all();DISCARD TEMP;DISCARD SEQUENCES;";
    if (PQexitPipelineMode(connection->pg) != 1 || !send_setup(connection, undo))
        ari_postgres_lose(connection);
}

/* A pooler tells its clients process numbers of its own. Behind one, another server may answer each transaction, so that no statement is there for sure under its name. */
static void take_setup_row(ar_connection *connection, const PGresult *result)
{
    int64_t process;
    if (PQntuples(result) != 1 || PQnfields(result) != 1)
        return;
    const char *name = PQfname(result, 0), *value = PQgetvalue(result, 0, 0);
    if (strcmp(name, "default_transaction_isolation") == 0)
        connection->shares = strcmp(value, "read committed") == 0 || strcmp(value, "read uncommitted") == 0;
    else if (strcmp(name, "ar_backend_pid") == 0 && ari_parse_int64(value, strlen(value), &process))
        connection->pooled |= process != PQbackendPID(connection->pg);
}

static void take_setup_result(ar_connection *connection, PGresult *result)
{
    switch (PQresultStatus(result)) {
    case PGRES_TUPLES_OK: take_setup_row(connection, result); break;
    case PGRES_COMMAND_OK:
    case PGRES_EMPTY_QUERY: break;
    case PGRES_COPY_IN:
    case PGRES_COPY_OUT:
    case PGRES_COPY_BOTH:
        connection->broken = true;
        ar_ignore(ar_error_set(&connection->setup_error, AR_E_INVALID,
                               "setting up a PostgreSQL session: initial_sql copies from or to the client"));
        break;
    default:
        if (connection->setup_error.status == AR_OK)
            ar_ignore(ari_postgres_error(result, "setting up a PostgreSQL session", false, &connection->setup_error));
    }
    PQclear(result);
}

static void tell(ar_connection *connection, const ar_error *error)
{
    connection->told = true;
    if (error != NULL) {
        connection->broken = true;
        connection->state = ARI_POSTGRES_LOST;
    }
    connection->host->opened(connection->host, error);
}

static void check_session(ar_connection *connection, ar_error *err)
{
    if (connection->setup_error.status == AR_OK && PQtransactionStatus(connection->pg) != PQTRANS_IDLE)
        ar_ignore(
            ar_error_set(err, AR_E_INVALID, "setting up a PostgreSQL session: initial_sql leaves a transaction open"));
    if (connection->setup_error.status == AR_OK && PQenterPipelineMode(connection->pg) != 1)
        ar_ignore(ar_error_set(err, AR_E_CONNECTION, "setting up a PostgreSQL session: the driver refuses pipelines"));
}

static void session_ready(ar_connection *connection)
{
    ar_error *err = &connection->setup_error;
    check_session(connection, err);
    if (!connection->told) {
        if (err->status == AR_OK)
            connection->state = ARI_POSTGRES_OPEN;
        tell(connection, err->status == AR_OK ? NULL : err);
        return;
    }
    connection->state = ARI_POSTGRES_OPEN;
    ari_postgres_task *task = connection->queue; /* the reset, still at its head */
    if (err->status != AR_OK)
        connection->broken = true;
    ari_postgres_unqueue(connection);
    ari_postgres_complete(connection, task, err->status == AR_OK ? NULL : err);
    ari_postgres_task_done(connection, task);
}

static int setup_on(ar_connection *connection, int *fd)
{
    int flushed = PQflush(connection->pg);
    bool alive = flushed >= 0 && PQconsumeInput(connection->pg) == 1;
    while (alive && !PQisBusy(connection->pg)) {
        PGresult *result = PQgetResult(connection->pg);
        if (result == NULL && PQstatus(connection->pg) == CONNECTION_OK) {
            session_ready(connection);
            return 0;
        }
        alive = result != NULL;
        if (alive)
            take_setup_result(connection, result);
        alive = alive && !connection->broken;
    }
    if (alive && PQstatus(connection->pg) == CONNECTION_OK) {
        *fd = PQsocket(connection->pg);
        return flushed == 1 ? POLLIN | POLLOUT : POLLIN;
    }
    if (connection->told) {
        ari_postgres_lose(connection);
        return 0;
    }
    ar_error error = connection->setup_error;
    if (error.status == AR_OK)
        ar_ignore(fail_with_driver(connection, &error));
    tell(connection, &error);
    return 0;
}

static ar_status connected(ar_connection *connection, ar_error *err)
{
    if (PQserverVersion(connection->pg) < 120000)
        return ar_error_set(err, AR_E_UNSUPPORTED,
                            "connecting to PostgreSQL: the server is of version %d; actrec needs 12 or later",
                            PQserverVersion(connection->pg) / 10000);
    PQsetNoticeReceiver(connection->pg, quiet, connection);
    write_setup(connection);
    if (PQsetnonblocking(connection->pg, 1) != 0 || !send_setup(connection, ""))
        return connection->setup.failed ? ar_error_set(err, AR_E_NO_MEMORY, "connecting to PostgreSQL: no memory")
                                        : fail_with_driver(connection, err);
    return AR_OK;
}

/* What libpq refuses itself it says in words alone, and in the language of the locale; error.c reads the English ones. */
static PostgresPollingStatusType poll_in_english(PGconn *pg)
{
    locale_t english = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    locale_t before = uselocale(english); /* for this thread alone; without memory for one it stays as it is */
    PostgresPollingStatusType polling = PQconnectPoll(pg);
    uselocale(before);
    if (english != (locale_t)0)
        freelocale(english);
    return polling;
}

static ar_status handshake_on(ar_connection *connection, ar_error *err)
{
    connection->tls_handshake = PQstatus(connection->pg) == CONNECTION_SSL_STARTUP;
    connection->polling = poll_in_english(connection->pg);
    switch (connection->polling) {
    case PGRES_POLLING_FAILED: return fail_with_driver(connection, err);
    case PGRES_POLLING_OK: return connected(connection, err);
    default: return AR_OK;
    }
}

static ar_status too_late(ar_connection *connection, ar_error *err)
{
    char why[96];
    snprintf(why, sizeof why, "no connection within the %lld ms of connect_timeout_ms",
             (long long)(connection->config->connect_timeout / 1000));
    return fail(connection, err, why);
}

int ari_postgres_connect_on(ar_connection *connection, int *fd, int64_t *until)
{
    ar_error error;
    ar_status status = AR_OK;
    if (connection->state == ARI_POSTGRES_RESOLVING && ari_postgres_chore_done(connection->chore))
        status = start_resolved(connection, &error);
    else if (connection->state == ARI_POSTGRES_CONNECTING)
        status = handshake_on(connection, &error);
    if (status == AR_OK && !connection->told &&
        connection->env->now(connection->env->ctx) >= connection->opening_deadline)
        status = too_late(connection, &error);
    if (status != AR_OK) {
        tell(connection, &error);
        return 0;
    }
    int events = 0;
    if (connection->state == ARI_POSTGRES_SETTING_UP) {
        events = setup_on(connection, fd);
    } else if (connection->state == ARI_POSTGRES_CONNECTING) {
        *fd = PQsocket(connection->pg);
        events = connection->polling == PGRES_POLLING_READING ? POLLIN : POLLOUT;
    }
    if (!connection->told)
        *until = connection->opening_deadline;
    return events;
}
