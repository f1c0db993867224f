/* SPDX-License-Identifier: MIT */
#include "tests/support/poll_host.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "pools/url.h"

static int64_t real_now(const poll_host *host)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000 + host->skipped;
}

static int64_t now(void *ctx)
{
    poll_host *host = ctx;
    host->fake.clock = real_now(host); /* which is what deadlines are compared with */
    return host->fake.clock;
}

static void wake(ar_backend_host *base)
{
    uint64_t one = 1;
    const poll_host *host = (const poll_host *)base;
    if (write(host->bell, &one, sizeof one) != sizeof one)
        abort();
}

static void opened(ar_backend_host *base, const ar_error *error)
{
    poll_host *host = (poll_host *)base;
    host->opened++;
    assert_int_equal(host->opened, 1);
    if (error != NULL)
        host->open_error = *error;
}

static void notified(ar_backend_host *base, const char *channel, const char *payload)
{
    poll_host *host = (poll_host *)base;
    host->notifications++;
    strncpy(host->channel, channel, sizeof host->channel - 1);
    strncpy(host->payload, payload, sizeof host->payload - 1);
}

void poll_host_init(poll_host *host, const ar_backend *backend)
{
    *host = (poll_host){ .bell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC) };
    assert_true(host->bell >= 0);
    fake_host_init(&host->fake, backend);
    host->fake.env.ctx = host;
    host->fake.env.now = now;
    host->fake.base.opened = opened;
    host->fake.base.wake = wake;
    host->fake.base.notified = notified;
    host->fake.clock = real_now(host);
}

void poll_host_fini(poll_host *host)
{
    fake_host_fini(&host->fake);
    close(host->bell);
}

const char *poll_server_url(void)
{
    const char *url = getenv("AR_TEST_POSTGRES_URL");
    return url != NULL ? url : "";
}

ar_backend_config *poll_configure(poll_host *host, const char *text, ar_topology *topology)
{
    ar_url *url = NULL;
    ar_error error;
    ar_topology ignored;
    ar_backend_config *config = NULL;
    ar_status status = ari_url_parse(&host->fake.env, text, &url, &error);
    if (status == AR_OK)
        status = host->fake.backend->configure(&host->fake.env, url, &config, topology == NULL ? &ignored : topology,
                                               &error);
    if (status != AR_OK)
        fail_msg("%s: %s", ar_status_name(status), error.message);
    ari_url_free(&host->fake.env, url);
    return config;
}

void poll_once(poll_host *host, ar_connection *connection, int milliseconds)
{
    struct pollfd fds[2] = { { .fd = host->bell, .events = POLLIN }, { .fd = -1 } };
    int64_t until = INT64_MAX;
    uint64_t count;
    (void)now(host);
    size_t completed = host->fake.completed;
    int fd = -1, events = host->fake.backend->progress(connection, &fd, &until);
    host->rounds++;
    if (host->fake.completed != completed)
        return; /* what is waited for may be there */
    int64_t left = until == INT64_MAX ? milliseconds : (until - now(host)) / 1000 + 1;
    if (events != 0) {
        assert_true(fd >= 0);
        fds[1].fd = fd;
        fds[1].events = (short)events;
    }
    if (left > milliseconds)
        left = milliseconds;
    (void)poll(fds, 2, left < 0 ? 0 : (int)left);
    if (fds[0].revents != 0)
        assert_int_equal(read(host->bell, &count, sizeof count), sizeof count);
}

static void check_patience(poll_host *host, int64_t since)
{
    if (real_now(host) - since > poll_patience)
        fail_msg("what was waited for did not come");
}

ar_connection *poll_open(poll_host *host, const ar_backend_config *config, ar_connection_role role)
{
    ar_connection *connection = NULL;
    ar_error error;
    int64_t since = real_now(host);
    host->opened = 0;
    host->open_error = (ar_error){ .status = AR_OK };
    ar_status status = host->fake.backend->open(config, role, &host->fake.base, &connection, &error);
    if (status != AR_OK)
        fail_msg("%s: %s", ar_status_name(status), error.message);
    while (host->opened == 0) {
        check_patience(host, since);
        poll_once(host, connection, 100);
    }
    if (host->open_error.status != AR_OK)
        fail_msg("%s: %s", ar_status_name(host->open_error.status), host->open_error.message);
    return connection;
}

ar_error poll_open_error(poll_host *host, const ar_backend_config *config)
{
    ar_connection *connection = NULL;
    ar_error error = { .status = AR_OK };
    int64_t since = real_now(host);
    host->opened = 0;
    host->open_error = error;
    if (host->fake.backend->open(config, AR_ROLE_WRITER, &host->fake.base, &connection, &error) != AR_OK)
        return error;
    while (host->opened == 0) {
        check_patience(host, since);
        poll_once(host, connection, 100);
    }
    host->fake.backend->close(connection);
    return host->open_error;
}

static uint32_t count_parameters(const char *sql)
{
    uint32_t count = 0, most = 0;
    for (; *sql != '\0'; sql++) {
        count += *sql == '?' ? 1 : 0;
        if (*sql == '$' && strtoul(sql + 1, NULL, 10) > most)
            most = (uint32_t)strtoul(sql + 1, NULL, 10);
    }
    return most > 0 ? most : count;
}

fake_op *poll_sql(poll_host *host, const char *sql)
{
    fake_op *op = fake_sql(&host->fake, sql);
    op->statement.parameter_count = count_parameters(sql);
    return op;
}

void poll_submit(poll_host *host, ar_connection *connection)
{
    fake_op *first = host->fake.first;
    host->fake.first = host->fake.last = NULL;
    (void)now(host);
    if (first != NULL)
        host->fake.backend->submit(connection, &first->operation);
}

void poll_for(poll_host *host, ar_connection *connection, const fake_op *op)
{
    int64_t since = real_now(host);
    while (op->completions == 0) {
        check_patience(host, since);
        poll_once(host, connection, 100);
    }
}

void poll_all(poll_host *host, ar_connection *connection)
{
    for (const fake_op *op = host->fake.made; op != NULL; op = op->next_made)
        poll_for(host, connection, op);
}

void poll_run(poll_host *host, ar_connection *connection)
{
    poll_submit(host, connection);
    poll_all(host, connection);
}

const char *poll_rows(poll_host *host, ar_connection *connection, const char *sql)
{
    fake_op *op = poll_sql(host, sql);
    poll_submit(host, connection);
    poll_for(host, connection, op);
    if (op->status != AR_OK)
        fail_msg("%s: %s: %s", sql, ar_status_name(op->status), op->error.message);
    return op->rows;
}

void poll_cancel(poll_host *host, ar_connection *connection, fake_op *op)
{
    op->cancelled = true;
    host->fake.backend->shed(connection);
}
