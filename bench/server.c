/* SPDX-License-Identifier: MIT */
#include "bench/server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *server_variable(bench_engine engine)
{
    return engine == BENCH_POSTGRES ? "AR_TEST_POSTGRES_URL" : "AR_TEST_MYSQL_URL";
}

const char *server_title(bench_engine engine)
{
    return engine == BENCH_POSTGRES ? "PostgreSQL" : "MySQL/MariaDB";
}

const char *server_named(bench_engine engine)
{
    const char *url = getenv(server_variable(engine));
    return url != NULL && url[0] != '\0' ? url : NULL;
}

void server_url(bench_engine engine, char *out)
{
    const char *url = server_named(engine);
    if (url == NULL)
        bench_fail("%s is not set", server_variable(engine));
    const char *tls = strstr(url, "sslmode=") != NULL ? "" : "sslmode=disable";
    const char *joint = tls[0] == '\0' ? "" : strchr(url, '?') != NULL ? "&" : "?";
    if (snprintf(out, server_url_size, "%s%s%s", url, joint, tls) >= server_url_size)
        bench_fail("%s is too long", server_variable(engine));
}

void server_write_place(bench_engine engine, char *out, size_t size)
{
    char url[server_url_size];
    server_url(engine, url);
    const char *from = strstr(url, "://");
    from = from != NULL ? from + 3 : url;
    const char *at = strrchr(from, '@');
    from = at != NULL ? at + 1 : from;
    int length = (int)strcspn(from, "/?");
    bool socket = length == 0 || strncmp(from, "%2F", 3) == 0 || strncmp(from, "%2f", 3) == 0;
    bool clear = strstr(url, "sslmode=disable") != NULL;
    snprintf(out, size, "%s by %s%.*s%s", server_title(engine), socket ? "a Unix socket" : "TCP, ", socket ? 0 : length,
             from, clear || socket ? "" : ", TLS");
}

ar_db *server_db_open(bench_engine engine, int connections, uint64_t rows)
{
    char url[server_url_size], with_pool[server_url_size + 24];
    ar_error error;
    ar_db *db = NULL;
    server_url(engine, url);
    snprintf(with_pool, sizeof with_pool, "%s&pool=%d", url, connections);
    if (strchr(url, '?') == NULL)
        bench_fail("%s: no options in %s", server_title(engine), server_variable(engine));
    bench_expect(ar_db_open(with_pool, NULL, &db, &error), &error, "opening the database");
    bench_expect(ar_table_drop_if_exists(db, &User_model, &error), &error, "dropping the table");
    bench_expect(ar_table_create(db, &User_model, &error), &error, "making the table");
    user_db_fill(db, rows);
    return db;
}

void server_db_close(ar_db **db)
{
    ar_error error;
    bench_expect(ar_table_drop_if_exists(*db, &User_model, &error), &error, "dropping the table");
    ar_db_close(db);
}
