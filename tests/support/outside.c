/* SPDX-License-Identifier: MIT */
#include "tests/support/outside.h"

#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef AR_HAVE_SQLITE
#include <sqlite3.h>
#endif
#ifdef AR_HAVE_POSTGRES
#include <libpq-fe.h>
#endif
#ifdef AR_HAVE_MYSQL
#include <mysql.h>
#endif

#include "pools/url.h"
#include "tests/support/counting_env.h"

typedef struct engine {
    const char *const schemes[3];
    bool (*open)(outside *o, const ar_url *url);
    void (*close)(outside *o);
    bool (*run)(outside *o, const char *sql);
} engine;

struct outside {
    const engine *engine;
    void *handle;
    char *text; /* the rows of the last statement */
    size_t length;
    size_t size;
};

static void add(outside *o, const char *text)
{
    size_t more = strlen(text);
    if (o->length + more + 1 > o->size) {
        o->size = 2 * (o->length + more + 1);
        o->text = realloc(o->text, o->size);
        if (o->text == NULL)
            abort();
    }
    memcpy(o->text + o->length, text, more + 1);
    o->length += more;
}

static void add_value(outside *o, const char *value, bool first)
{
    add(o, first ? "" : "|");
    add(o, value == NULL ? "NULL" : value);
}

static bool complain(const char *what, const char *message)
{
    fprintf(stderr, "from outside: %s: %s\n", what, message);
    return false;
}

#ifdef AR_HAVE_SQLITE
static bool sqlite_open(outside *o, const ar_url *url)
{
    sqlite3 *handle = NULL;
    bool opened = sqlite3_open(url->path, &handle) == SQLITE_OK;
    o->handle = handle;
    return opened || complain("opening", sqlite3_errmsg(handle));
}

static void sqlite_close(outside *o)
{
    (void)sqlite3_close(o->handle);
}

static int sqlite_row(void *ctx, int count, char **values, char **names)
{
    (void)names;
    for (int i = 0; i < count; i++)
        add_value(ctx, values[i], i == 0);
    add(ctx, "\n");
    return 0;
}

static bool sqlite_run(outside *o, const char *sql)
{
    return sqlite3_exec(o->handle, sql, sqlite_row, o, NULL) == SQLITE_OK || complain(sql, sqlite3_errmsg(o->handle));
}

static const engine sqlite = { { "sqlite" }, sqlite_open, sqlite_close, sqlite_run };
#endif

#if defined(AR_HAVE_POSTGRES) || defined(AR_HAVE_MYSQL)
static const char *option(const ar_url *url, const char *name)
{
    for (size_t i = 0; i < url->option_count; i++)
        if (strcmp(url->options[i].name, name) == 0)
            return url->options[i].value;
    return NULL;
}

static const char *database(const ar_url *url)
{
    return url->path[0] == '/' ? url->path + 1 : url->path;
}
#endif

#ifdef AR_HAVE_POSTGRES
static void ignore_notice(void *ctx, const PGresult *result)
{
    (void)ctx;
    (void)result;
}

static bool postgres_open(outside *o, const ar_url *url)
{
    char port[8] = "";
    const char *sslmode = option(url, "sslmode");
    if (url->port != 0)
        snprintf(port, sizeof port, "%u", (unsigned)url->port);
    const char *const names[] = { "host", "port", "user", "password", "dbname", "sslmode", "sslrootcert", NULL };
    const char *const values[] = { url->host,
                                   port,
                                   url->user,
                                   url->password,
                                   database(url),
                                   sslmode == NULL ? "prefer" : sslmode,
                                   option(url, "sslrootcert"),
                                   NULL };
    PGconn *connection = PQconnectdbParams(names, values, 0);
    o->handle = connection;
    (void)PQsetNoticeReceiver(connection, ignore_notice, NULL);
    return PQstatus(connection) == CONNECTION_OK || complain("connecting", PQerrorMessage(connection));
}

static void postgres_close(outside *o)
{
    PQfinish(o->handle);
}

static bool postgres_run(outside *o, const char *sql)
{
    PGresult *result = PQexec(o->handle, sql);
    ExecStatusType status = PQresultStatus(result);
    bool done = status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK;
    if (!done)
        complain(sql, PQerrorMessage(o->handle));
    for (int row = 0; row < PQntuples(result); row++) {
        for (int i = 0; i < PQnfields(result); i++)
            add_value(o, PQgetisnull(result, row, i) ? NULL : PQgetvalue(result, row, i), i == 0);
        add(o, "\n");
    }
    PQclear(result);
    return done;
}

static const engine postgres = { { "postgresql", "postgres" }, postgres_open, postgres_close, postgres_run };
#endif

#ifdef AR_HAVE_MYSQL
/* The first mysql_init has the process ignore SIGPIPE. */
static MYSQL *mysql_make(void)
{
    struct sigaction before;
    (void)sigaction(SIGPIPE, NULL, &before);
    MYSQL *connection = mysql_init(NULL);
    (void)sigaction(SIGPIPE, &before, NULL);
    return connection;
}

static bool mysql_open(outside *o, const ar_url *url)
{
    MYSQL *connection = mysql_make();
    bool socket = url->host != NULL && url->host[0] == '/';
    o->handle = connection;
    if (option(url, "sslrootcert") != NULL)
        (void)mysql_ssl_set(connection, NULL, NULL, option(url, "sslrootcert"), NULL, NULL);
    if (!socket) {
        unsigned tcp = MYSQL_PROTOCOL_TCP;
        (void)mysql_options(connection, MYSQL_OPT_PROTOCOL, &tcp);
    }
    (void)mysql_options(connection, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    return mysql_real_connect(connection, socket ? NULL : url->host, url->user, url->password, database(url), url->port,
                              socket ? url->host : option(url, "socket"), 0) != NULL ||
           complain("connecting", mysql_error(connection));
}

static void mysql_close_it(outside *o)
{
    mysql_close(o->handle);
}

static bool mysql_run(outside *o, const char *sql)
{
    if (mysql_query(o->handle, sql) != 0)
        return complain(sql, mysql_error(o->handle));
    MYSQL_RES *result = mysql_store_result(o->handle);
    if (result == NULL)
        return mysql_field_count(o->handle) == 0 || complain(sql, mysql_error(o->handle));
    for (MYSQL_ROW row = mysql_fetch_row(result); row != NULL; row = mysql_fetch_row(result)) {
        for (unsigned i = 0; i < mysql_num_fields(result); i++)
            add_value(o, row[i], i == 0);
        add(o, "\n");
    }
    mysql_free_result(result);
    return true;
}

static const engine mysql = { { "mysql", "mariadb" }, mysql_open, mysql_close_it, mysql_run };
#endif

static const engine *const engines[] = {
#ifdef AR_HAVE_SQLITE
    &sqlite,
#endif
#ifdef AR_HAVE_POSTGRES
    &postgres,
#endif
#ifdef AR_HAVE_MYSQL
    &mysql,
#endif
    NULL,
};

static const engine *find(const char *scheme)
{
    for (const engine *const *e = engines; *e != NULL; e++)
        for (const char *const *known = (*e)->schemes; *known != NULL; known++)
            if (strcmp(*known, scheme) == 0)
                return *e;
    return NULL;
}

static bool open_url(outside *o, const ar_url *url)
{
    o->engine = find(url->scheme);
    return o->engine == NULL ? complain(url->scheme, "no driver for it in this build") : o->engine->open(o, url);
}

outside *outside_open(const char *text)
{
    counting_env memory;
    ar_url *url = NULL;
    ar_error err;
    outside *o = calloc(1, sizeof *o);
    if (o == NULL)
        abort();
    counting_env_init(&memory);
    bool opened = ari_url_parse(&memory.env, text, &url, &err) == AR_OK ? open_url(o, url)
                                                                        : complain("reading the URL", err.message);
    ari_url_free(&memory.env, url);
    if (opened)
        return o;
    outside_close(o);
    return NULL;
}

void outside_close(outside *o)
{
    if (o == NULL)
        return;
    if (o->handle != NULL)
        o->engine->close(o);
    free(o->text);
    free(o);
}

const char *outside_rows(outside *o, const char *sql)
{
    o->length = 0;
    add(o, "");
    return o->engine->run(o, sql) ? o->text : NULL;
}

bool outside_exec(outside *o, const char *sql)
{
    return outside_rows(o, sql) != NULL;
}
