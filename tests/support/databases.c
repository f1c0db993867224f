/* SPDX-License-Identifier: MIT */
#include "tests/support/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/outside.h"

/* The databases that a program's tests run on, one after the other. */

enum { SKIPPED = 77 }; /* what ctest's SKIP_RETURN_CODE is */

typedef struct server {
    const char *engine;
    const char *variable;
    const char *drop; /* behind DROP DATABASE IF EXISTS name: also with somebody connected */
} server;

static const server servers[] = { { "postgres", "AR_TEST_POSTGRES_URL", " WITH (FORCE)" },
                                  { "mysql", "AR_TEST_MYSQL_URL", "" } };

static char url[1024];
static const char *engine = "sqlite";

const char *fixture_url(void)
{
    return url;
}

const char *fixture_engine(void)
{
    return engine;
}

bool fixture_on(const char *name)
{
    return strcmp(engine, name) == 0;
}

static int run_on_sqlite(const char *name, int (*run)(void))
{
    char folder[] = "/tmp/actrec-test-XXXXXX";
    char command[64];
    if (mkdtemp(folder) == NULL)
        return 1;
    engine = "sqlite";
    snprintf(url, sizeof url, "sqlite::memory:");
    print_message("%s on %s\n", name, url);
    int failed = run();
    snprintf(url, sizeof url, "sqlite:%s/test.db?synchronous=off", folder);
    print_message("%s on %s\n", name, url);
    failed += run();
    snprintf(command, sizeof command, "rm -r %s", folder);
    if (system(command) != 0)
        print_error("could not remove %s\n", folder);
    return failed;
}

/* The server's URL with another database in it. */
static void put_url(const char *of_server, const char *database)
{
    const char *host = strstr(of_server, "://");
    host = host == NULL ? of_server : host + 3;
    size_t authority = (size_t)(host - of_server) + strcspn(host, "/?");
    const char *options = strchr(of_server + authority, '?');
    snprintf(url, sizeof url, "%.*s/%s%s", (int)authority, of_server, database, options == NULL ? "" : options);
}

static bool recreate(outside *admin, const server *on, const char *database, bool create)
{
    char sql[256];
    snprintf(sql, sizeof sql, "DROP DATABASE IF EXISTS %s%s", database, on->drop);
    bool done = outside_exec(admin, sql);
    snprintf(sql, sizeof sql, "CREATE DATABASE %s", database);
    return done && (!create || outside_exec(admin, sql));
}

static int run_on_server(const char *name, const server *on, const char *of_server, int (*run)(void))
{
    char database[64];
    snprintf(database, sizeof database, "actrec_%.32s_%ld", name, (long)getpid());
    outside *admin = outside_open(of_server);
    int failed = 1;
    if (admin != NULL && recreate(admin, on, database, true)) {
        engine = on->engine;
        put_url(of_server, database);
        print_message("%s on %s (database %s)\n", name, engine, database);
        failed = run();
        outside_close(admin); /* it may have been idle for too long */
        admin = outside_open(of_server);
        if (admin == NULL || !recreate(admin, on, database, false))
            failed++;
    }
    outside_close(admin);
    return failed;
}

static bool chosen(const char *name)
{
    const char *only = getenv("AR_TEST_ENGINE");
    return only == NULL || only[0] == '\0' || strcmp(only, name) == 0;
}

int fixture_each(const char *name, int (*run)(void))
{
    int failed = 0;
    int databases = 0;
    if (chosen("sqlite")) {
        failed += run_on_sqlite(name, run);
        databases++;
    }
    for (size_t i = 0; i < sizeof servers / sizeof servers[0]; i++) {
        const char *of_server = getenv(servers[i].variable);
        if (!chosen(servers[i].engine))
            continue;
        if (of_server == NULL || of_server[0] == '\0') {
            print_error("SKIPPED: %s on %s: %s is not set\n", name, servers[i].engine, servers[i].variable);
            continue;
        }
        failed += run_on_server(name, &servers[i], of_server, run);
        databases++;
    }
    return databases == 0 ? SKIPPED : failed > 100 ? 100 : failed;
}
