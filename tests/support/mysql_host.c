/* SPDX-License-Identifier: MIT */
#include "tests/support/mysql_host.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "backends/mysql/backend.h"
#include "backends/mysql/connection.h"
#include "pools/url.h"

enum { PATIENCE_MS = 30000 };

static char database[64];

static int64_t real_now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000 + time.tv_nsec / 1000;
}

const char *mysql_host_url(void)
{
    return getenv("AR_TEST_MYSQL_URL");
}

static void on_wake(ar_backend_host *base)
{
    mysql_host *h = (mysql_host *)(void *)base;
    if (write(h->bell[1], "!", 1) != 1)
        abort();
}

static void on_opened(ar_backend_host *base, const ar_error *error)
{
    mysql_host *h = (mysql_host *)(void *)base;
    h->opens++;
    assert_int_equal(h->opens, 1);
    if (error != NULL)
        h->opened = *error;
}

static void on_complete(ar_backend_host *base, ar_operation *operation, const ar_error *error)
{
    mysql_host *h = (mysql_host *)(void *)base;
    h->unsent = operation->unsent;
    h->complete(base, operation, error);
}

static ar_status configure(mysql_host *h, const char *text, const char *path, const char *options, ar_error *err)
{
    char copy[512];
    ar_url_option list[24];
    ar_url *parsed;
    ar_topology topology;
    size_t count = 0;
    ar_status status = ari_url_parse(&h->host.env, text, &parsed, err);
    if (status != AR_OK)
        return status;
    for (; count < parsed->option_count; count++)
        list[count] = parsed->options[count];
    snprintf(copy, sizeof copy, "%s", options == NULL ? "" : options);
    for (char *rest = copy, *pair; (pair = strsep(&rest, "&")) != NULL && *pair != '\0';) {
        list[count].name = strsep(&pair, "=");
        list[count++].value = pair;
    }
    ar_url url = *parsed;
    if (path != NULL)
        url.path = path;
    url.options = list;
    url.option_count = count;
    status = ari_mysql_backend.configure(&h->host.env, &url, &h->config, &topology, err);
    ari_url_free(&h->host.env, parsed);
    return status;
}

static void begin(mysql_host *h, const char *url, const char *path, const char *options)
{
    memset(h, 0, sizeof *h);
    fake_host_init(&h->host, &ari_mysql_backend);
    h->host.base.opened = on_opened;
    h->host.base.wake = on_wake;
    h->complete = h->host.base.complete;
    h->host.base.complete = on_complete;
    h->host.clock = real_now();
    assert_int_equal(pipe(h->bell), 0);
    assert_int_equal(fcntl(h->bell[0], F_SETFL, O_NONBLOCK), 0);
    ar_status status = configure(h, url, path, options, &h->opened);
    if (status == AR_OK)
        (void)ari_mysql_backend.open(h->config, AR_ROLE_WRITER, &h->host.base, &h->connection, &h->opened);
    if (ari_mysql_backend.progress == NULL)
        h->opens = 1;
}

static void finish(mysql_host *h)
{
    for (int64_t until = real_now() + PATIENCE_MS * 1000; h->connection != NULL && h->opens == 0;) {
        assert_true(real_now() < until);
        mysql_host_step(h, 1000);
    }
}

static void start(mysql_host *h, const char *path, const char *options)
{
    begin(h, mysql_host_url(), path, options);
    finish(h);
}

void mysql_host_begin_url(mysql_host *h, const char *url)
{
    begin(h, url, NULL, NULL);
}

void mysql_host_try_url(mysql_host *h, const char *url)
{
    begin(h, url, NULL, NULL);
    finish(h);
}

void mysql_host_try(mysql_host *h, const char *options)
{
    start(h, database, options);
}

void mysql_host_init(mysql_host *h, const char *options)
{
    mysql_host_try(h, options);
    if (h->opened.status != AR_OK)
        fail_msg("opening: %s", h->opened.message);
}

void mysql_host_fini(mysql_host *h)
{
    if (h->connection != NULL)
        ari_mysql_backend.close(h->connection);
    ari_mysql_backend.config_free(h->config);
    close(h->bell[0]);
    close(h->bell[1]);
    fake_host_fini(&h->host);
}

void mysql_host_send(mysql_host *h)
{
    fake_op *first = h->host.first;
    h->host.first = h->host.last = NULL;
    h->host.clock = real_now();
    if (first != NULL)
        ari_mysql_backend.submit(h->connection, &first->operation);
}

typedef struct round_of {
    mysql_host *h;
    int events, fd;
    int64_t until;
} round_of;

static void *progress(void *arg)
{
    round_of *round = arg;
    round->events = ari_mysql_backend.progress(round->h->connection, &round->fd, &round->until);
    return NULL;
}

void mysql_host_step(mysql_host *h, int ms)
{
    char rung[64];
    round_of round = { h, 0, -1, INT64_MAX };
    pthread_t thread;
    if (ari_mysql_backend.progress == NULL)
        return;
    size_t completed = h->host.completed;
    int opens = h->opens;
    h->host.clock = real_now();
    if (!h->on_threads) {
        (void)progress(&round);
    } else {
        assert_int_equal(pthread_create(&thread, NULL, progress, &round), 0);
        assert_int_equal(pthread_join(thread, NULL), 0);
    }
    if (h->host.completed != completed || h->opens != opens)
        return; /* what is waited for may be there */
    struct pollfd fds[2] = { { .fd = h->bell[0], .events = POLLIN },
                             { .fd = round.events != 0 ? round.fd : -1, .events = (short)round.events } };
    if (round.until != INT64_MAX && round.until - real_now() < ms * INT64_C(1000))
        ms = round.until > real_now() ? (int)((round.until - real_now()) / 1000) + 1 : 0;
    (void)poll(fds, 2, ms);
    while (read(h->bell[0], rung, sizeof rung) > 0)
        ;
    h->host.clock = real_now();
}

void mysql_host_wait(mysql_host *h, size_t completed)
{
    int64_t until = real_now() + PATIENCE_MS * 1000;
    while (h->host.completed < completed) {
        if (real_now() >= until)
            fail_msg("%zu operations have completed, and not %zu", h->host.completed, completed);
        if (ari_mysql_backend.progress != NULL) {
            int64_t ignored = INT64_MAX;
            int fd;
            h->host.clock = real_now();
            if (!h->on_threads &&
                (ari_mysql_backend.progress(h->connection, &fd, &ignored), h->host.completed >= completed))
                break;
        }
        mysql_host_step(h, 100);
    }
}

void mysql_host_run(mysql_host *h)
{
    size_t count = 0;
    if (h->host.first == NULL)
        return;
    for (const ar_operation *operation = &h->host.first->operation; operation != NULL; operation = operation->next)
        count++;
    count += h->host.completed;
    mysql_host_send(h);
    mysql_host_wait(h, count);
}

void mysql_host_await_input(mysql_host *h)
{
    struct pollfd one = { .fd = ari_mysql_descriptor(h->connection), .events = POLLIN };
    assert_int_equal(poll(&one, 1, PATIENCE_MS), 1);
}

fake_op *mysql_host_sql(mysql_host *h, const char *sql)
{
    fake_op *op = fake_sql(&h->host, sql);
    mysql_host_run(h);
    return op;
}

const char *mysql_host_rows(mysql_host *h, const char *sql)
{
    fake_op *op = mysql_host_sql(h, sql);
    mysql_host_tells(op, AR_OK);
    return op->rows;
}

void mysql_host_tells(const fake_op *op, ar_status status)
{
    if (op->completions != 1 || op->status != status)
        fail_msg("%s: ended with %s (%s), not %s", op->statement.sql, ar_status_name(op->status), op->error.message,
                 ar_status_name(status));
}

int mysql_host_set_up(void **state)
{
    mysql_host *h = malloc(sizeof *h);
    *state = h;
    mysql_host_init(h, NULL);
    return 0;
}

int mysql_host_tear_down(void **state)
{
    mysql_host_fini(*state);
    free(*state);
    return 0;
}

/* As the owner of the database that the URL names. */
static bool make_database(const char *verb)
{
    mysql_host h;
    ar_url *parsed;
    char sql[128];
    start(&h, "information_schema", NULL);
    bool good = h.opened.status == AR_OK;
    if (good) {
        snprintf(sql, sizeof sql, "%s %s", verb, database);
        fake_op *op = mysql_host_sql(&h, sql);
        if (op->status != AR_OK)
            fprintf(stderr, "%s: %s\n", sql, op->error.message);
    } else {
        fprintf(stderr, "%s\n", h.opened.message);
    }
    (void)parsed;
    mysql_host_fini(&h);
    return good;
}

int mysql_host_main(const char *name, int (*run)(void))
{
    if (mysql_host_url() == NULL) {
        fprintf(stderr, "%s: SKIPPED: AR_TEST_MYSQL_URL names no server; ./dev test starts one\n", name);
        return 77;
    }
    snprintf(database, sizeof database, "ar_%s_%ld", name, (long)getpid());
    if (!make_database("CREATE DATABASE"))
        return 1;
    int failed = run();
    (void)make_database("DROP DATABASE");
    return failed;
}
