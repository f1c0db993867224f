/* SPDX-License-Identifier: MIT */
#include "backends/mysql/session.h"

#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "backends/mysql/call.h"
#include "backends/mysql/error.h"
#include "backends/mysql/library.h"
#include "values/number.h"

/* Runs on the threads of chores: the clock is the system's, memory malloc's (see chore.h). */

static const char doing[] = "connecting to MySQL";

/* Without a backslash mode or quotes of its own: SQL reads as the manual writes it. NO_AUTO_VALUE_ON_ZERO keeps a key of
 * zero that was given. */
static const char sql_mode[] = "STRICT_ALL_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,"
                               "NO_ENGINE_SUBSTITUTION,NO_AUTO_VALUE_ON_ZERO";

static int64_t now(void)
{
    struct timespec time;
    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000 + time.tv_nsec / 1000;
}

static ar_status no_memory(ar_error *err)
{
    return ar_error_set(err, AR_E_NO_MEMORY, "%s: no memory", doing);
}

/* As on PostgreSQL: what was not had in time may be had the next time. */
static ar_status retryable(ar_error *err, ar_status status)
{
    if (err != NULL)
        err->retryable = true;
    return status;
}

#if ARI_MYSQL_MARIADB
/* An empty fingerprint is not compared, but has the client refuse a server without TLS before it says who it is, as
 * only MYSQL_OPT_SSL_VERIFY_SERVER_CERT does else (send_client_reply_packet in my_auth.c). A certificate of the authority
 * is asked for whenever one is named (ma_tls_connect). */
static bool set_tls(MYSQL *mysql, const ari_mysql_target *target)
{
    my_bool on = target->tls != ARI_MYSQL_TLS_DISABLE, full = target->tls == ARI_MYSQL_TLS_VERIFY_FULL;
    bool good = mysql_optionsv(mysql, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &full) == 0;
    if (on) {
        good = good && mysql_optionsv(mysql, MARIADB_OPT_TLS_VERSION, "TLSv1.2,TLSv1.3") == 0 &&
               mysql_optionsv(mysql, MARIADB_OPT_TLS_PEER_FP, "") == 0;
        if (target->root_certificate != NULL && target->tls != ARI_MYSQL_TLS_REQUIRE)
            good = good && mysql_optionsv(mysql, MYSQL_OPT_SSL_CA, target->root_certificate) == 0;
        if (target->certificate != NULL)
            good = good && mysql_optionsv(mysql, MYSQL_OPT_SSL_CERT, target->certificate) == 0 &&
                   mysql_optionsv(mysql, MYSQL_OPT_SSL_KEY, target->key) == 0;
    }
    return good && mysql_optionsv(mysql, MYSQL_OPT_SSL_ENFORCE, &on) == 0;
}

/* A server must not be able to ask for the password in clear text, except one that was verified. */
static bool set_plugins(MYSQL *mysql, const ari_mysql_target *target)
{
    const char *allowed = target->tls == ARI_MYSQL_TLS_VERIFY_FULL
                              ? "mysql_native_password,client_ed25519,caching_sha2_password,sha256_password,parsec,"
                                "dialog,mysql_clear_password"
                              : "mysql_native_password,client_ed25519,caching_sha2_password,sha256_password,parsec";
    return mysql_optionsv(mysql, MARIADB_OPT_RESTRICTED_AUTH, allowed) == 0 &&
           (AR_MYSQL_BLOCKING || mysql_optionsv(mysql, MYSQL_OPT_NONBLOCK, NULL) == 0);
}
#else
static bool set_tls(MYSQL *mysql, const ari_mysql_target *target)
{
    unsigned mode = target->tls == ARI_MYSQL_TLS_DISABLE     ? SSL_MODE_DISABLED
                    : target->tls == ARI_MYSQL_TLS_REQUIRE   ? SSL_MODE_REQUIRED
                    : target->tls == ARI_MYSQL_TLS_VERIFY_CA ? SSL_MODE_VERIFY_CA
                                                             : SSL_MODE_VERIFY_IDENTITY;
    return mysql_options(mysql, MYSQL_OPT_SSL_MODE, &mode) == 0 &&
           (target->root_certificate == NULL ||
            mysql_options(mysql, MYSQL_OPT_SSL_CA, target->root_certificate) == 0) &&
           (target->certificate == NULL || (mysql_options(mysql, MYSQL_OPT_SSL_CERT, target->certificate) == 0 &&
                                            mysql_options(mysql, MYSQL_OPT_SSL_KEY, target->key) == 0));
}

static bool set_plugins(MYSQL *mysql, const ari_mysql_target *target)
{
    (void)mysql;
    (void)target;
    return true;
}
#endif

static bool set_options(MYSQL *mysql, const ari_mysql_target *target)
{
    const unsigned off = 0;
    unsigned seconds = (unsigned)((target->connect_timeout + 999999) / 1000000);
    /* else "localhost" would mean the socket, whatever the port */
    unsigned protocol = target->host != NULL ? MYSQL_PROTOCOL_TCP : MYSQL_PROTOCOL_SOCKET;
    ari_mysql_flag no = 0;
    return mysql_options(mysql, MYSQL_SET_CHARSET_NAME, "utf8mb4") == 0 &&
           mysql_options(mysql, MYSQL_OPT_LOCAL_INFILE, &off) == 0 &&
           mysql_options(mysql, MYSQL_OPT_PROTOCOL, &protocol) == 0 &&
           mysql_options(mysql, MYSQL_OPT_RECONNECT, &no) == 0 &&
           mysql_options(mysql, MYSQL_OPT_CONNECT_TIMEOUT, &seconds) == 0 &&
           mysql_options4(mysql, MYSQL_OPT_CONNECT_ATTR_ADD, "program_name",
                          target->application_name != NULL ? target->application_name : "actrec") == 0 &&
           set_tls(mysql, target) && set_plugins(mysql, target);
}

static int poll_until(MYSQL *mysql, int events, int64_t deadline)
{
    struct pollfd one = { .fd = (int)mysql_get_socket(mysql), .events = (short)events };
    int64_t left = deadline - now();
    return left <= 0 ? 0 : poll(&one, 1, left > 3600000000 ? 3600000 : (int)((left + 999) / 1000));
}

#if AR_MYSQL_BLOCKING
static bool connect_now(MYSQL *mysql, const ari_mysql_target *target, int64_t deadline)
{
    (void)deadline;
    return mysql_real_connect(mysql, target->host, target->user, target->password, target->database, target->port,
                              target->socket, CLIENT_FOUND_ROWS) != NULL;
}
#else
static bool connect_now(MYSQL *mysql, const ari_mysql_target *target, int64_t deadline)
{
    MYSQL *connected = NULL;
    const char *host = target->host, *socket = target->socket;
    int wait = mysql_real_connect_start(&connected, mysql, host, target->user, target->password, target->database,
                                        target->port, socket, CLIENT_FOUND_ROWS);
    while (wait != 0) {
        int events = ((wait & MYSQL_WAIT_READ) != 0 ? POLLIN : 0) | ((wait & MYSQL_WAIT_WRITE) != 0 ? POLLOUT : 0);
        bool ready = poll_until(mysql, events, deadline) != 0;
        wait = mysql_real_connect_cont(&connected, mysql, ready ? wait & ~MYSQL_WAIT_TIMEOUT : MYSQL_WAIT_TIMEOUT);
    }
    return connected != NULL;
}
#endif

/* A peer that has vanished is noticed within two minutes also when nothing is sent. */
static void keep_alive(MYSQL *mysql)
{
    const int settings[][2] = { { TCP_KEEPIDLE, 60 }, { TCP_KEEPINTVL, 10 }, { TCP_KEEPCNT, 6 } };
    const int on = 1;
    int fd = (int)mysql_get_socket(mysql);
    if (setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on) != 0)
        return;
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++)
        (void)setsockopt(fd, IPPROTO_TCP, settings[i][0], &settings[i][1], sizeof settings[i][1]);
}

static void finish(ari_mysql_call *call, bool done, int64_t deadline)
{
    while (!done) {
        if (poll_until(call->mysql, ari_mysql_call_events(call), deadline) == 0)
            (void)shutdown((int)mysql_get_socket(call->mysql), SHUT_RDWR);
        done = ari_mysql_call_continue(call);
    }
}

/* A query without rows, or whose first row goes to `row`. */
static ar_status query(MYSQL *mysql, const char *sql, int64_t deadline, char row[4][32], ar_error *err)
{
    ari_mysql_call call = { .mysql = mysql };
    finish(&call, ari_mysql_query(&call, sql, strlen(sql)), deadline);
    if (call.result == 0)
        finish(&call, ari_mysql_store_result(&call), deadline);
    if (call.result != 0 || (call.rows == NULL && mysql_errno(mysql) != 0))
        return now() >= deadline ? retryable(err, ar_error_set(err, AR_E_CONNECTION,
                                                               "%s: no session within connect_timeout_ms", doing))
                                 : ari_mysql_error(mysql, "setting up a session", err);
    MYSQL_ROW fields = call.rows != NULL && row != NULL ? mysql_fetch_row(call.rows) : NULL;
    for (unsigned i = 0; fields != NULL && i < mysql_num_fields(call.rows) && i < 4; i++)
        (void)snprintf(row[i], 32, "%s", fields[i] != NULL ? fields[i] : "");
    if (call.rows != NULL)
        mysql_free_result(call.rows);
    return AR_OK;
}

static int append(char *text, size_t size, int used, const char *format, ...) AR_PRINTF(4, 5);

static int append(char *text, size_t size, int used, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int more = vsnprintf(text == NULL ? NULL : text + used, text == NULL ? 0 : size - (size_t)used, format, arguments);
    va_end(arguments);
    return used + more;
}

/* Answers the length; `text` NULL only counts. The time a statement may take has another name and unit on each server. */
static int write_set_up(const ari_mysql_target *target, const ari_mysql_server *server, char *text, size_t size)
{
    int used = append(text, size, 0, "SET NAMES utf8mb4");
    if (target->collation != NULL)
        used = append(text, size, used, " COLLATE %s", target->collation);
    used = append(text, size, used, ", SESSION sql_mode = '%s', SESSION time_zone = '%s', SESSION autocommit = 1",
                  sql_mode, target->timezone);
    if (target->lock_timeout > 0)
        used = append(text, size, used, ", SESSION innodb_lock_wait_timeout = %" PRId64, target->lock_timeout);
    if (target->statement_timeout > 0 && server->mariadb)
        used = append(text, size, used, ", SESSION max_statement_time = %" PRId64 ".%03d",
                      target->statement_timeout / 1000, (int)(target->statement_timeout % 1000));
    else if (target->statement_timeout > 0)
        used = append(text, size, used, ", SESSION max_execution_time = %" PRId64, target->statement_timeout);
    return used;
}

static char *make_set_up(const ari_mysql_target *target, const ari_mysql_server *server)
{
    int length = write_set_up(target, server, NULL, 0);
    char *text = malloc((size_t)length + 1);
    if (text != NULL)
        (void)write_set_up(target, server, text, (size_t)length + 1);
    return text;
}

static ar_status probe(ari_mysql_session *session, int64_t deadline, ar_error *err)
{
    char row[4][32] = { "" };
    int64_t packet = 0;
    ari_mysql_server *server = &session->server;
    const char *version = mysql_get_server_info(session->mysql);
    server->mariadb = version != NULL && strstr(version, "MariaDB") != NULL;
    server->version = mysql_get_server_version(session->mysql);
#if ARI_MYSQL_MARIADB
    MYSQL_STMT *none = NULL;
    (void)none;
    unsigned long extended = 0;
    (void)mariadb_get_infov(session->mysql, MARIADB_CONNECTION_EXTENDED_SERVER_CAPABILITIES, &extended);
    server->bulk = server->mariadb && (extended & (unsigned long)(MARIADB_CLIENT_STMT_BULK_OPERATIONS >> 32)) != 0;
#endif
    ar_status status =
        query(session->mysql, "SELECT @@max_allowed_packet, @@auto_increment_increment", deadline, row, err);
    server->max_allowed_packet =
        ari_parse_int64(row[0], strlen(row[0]), &packet) && packet > 0 ? (uint64_t)packet : UINT64_C(1048576);
    server->consecutive_keys = strcmp(row[1], "1") == 0;
    return status;
}

static ar_status set_up(ari_mysql_session *session, const ari_mysql_target *target, int64_t deadline, ar_error *err)
{
    ar_status status = probe(session, deadline, err);
    if (status != AR_OK)
        return status;
    session->set_up = make_set_up(target, &session->server);
    if (session->set_up == NULL)
        return no_memory(err);
    status = query(session->mysql, session->set_up, deadline, NULL, err);
    if (status == AR_OK && target->initial_sql != NULL && target->initial_sql[0] != '\0')
        status = query(session->mysql, target->initial_sql, deadline, NULL, err);
    return status;
}

/* `timeout` has passed: whatever the client makes of it. */
static ar_status connect_error(MYSQL *mysql, const ari_mysql_target *target, bool late, ar_error *err)
{
    const char *place = target->host != NULL ? target->host : target->socket != NULL ? target->socket : "its socket";
    if (late)
        return retryable(err, ar_error_set(err, AR_E_CONNECTION,
                                           "%s at %s: no connection within %lld ms (connect_timeout_ms)", doing, place,
                                           (long long)(target->connect_timeout / 1000)));
    return ari_mysql_connect_error(mysql, doing, place, err);
}

static ar_status open_session(const ari_mysql_target *target, int64_t deadline, ari_mysql_session *session,
                              ar_error *err)
{
    if (!set_options(session->mysql, target))
        return ar_error_set(err, AR_E_CONNECTION, "%s: the client library refuses an option: %s", doing,
                            mysql_error(session->mysql));
    if (!connect_now(session->mysql, target, deadline))
        return connect_error(session->mysql, target, now() >= deadline, err);
    if (target->tls != ARI_MYSQL_TLS_DISABLE && mysql_get_ssl_cipher(session->mysql) == NULL)
        return ar_error_set(err, AR_E_CONNECTION, "%s: the connection has no TLS, which sslmode asks for", doing);
    if (target->host != NULL)
        keep_alive(session->mysql);
    return set_up(session, target, deadline, err);
}

ar_status ari_mysql_session_open(const ari_mysql_target *target, int64_t timeout, ari_mysql_session *out, ar_error *err)
{
    *out = (ari_mysql_session){ .mysql = ari_mysql_library() ? mysql_init(NULL) : NULL };
    if (out->mysql == NULL)
        return no_memory(err);
    ar_status status = open_session(target, now() + timeout, out, err);
    if (status != AR_OK)
        ari_mysql_session_close(out);
    return status;
}

/* COM_QUIT is a few bytes, which the socket's buffer takes unless the server has stopped reading; whoever closes in the
 * middle of something has shut the socket down before. */
void ari_mysql_session_close(ari_mysql_session *session)
{
    ari_mysql_quiet quiet;
    if (session->mysql != NULL) {
        ari_mysql_quiet_begin(&quiet);
        mysql_close(session->mysql);
        ari_mysql_quiet_end(&quiet);
    }
    free(session->set_up);
    session->mysql = NULL;
    session->set_up = NULL;
}
