/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SUPPORT_POLL_HOST_H
#define TESTS_SUPPORT_POLL_HOST_H

#include "tests/support/fake_host.h"

/* A fake_host for engines that do not block: on one thread it polls what `progress` waits for, in real time, until what was asked for has come; past `patience` it fails the test.
 * Operations are put together with fake_kind and poll_sql on `fake`. */
typedef struct poll_host {
    fake_host fake; /* first */
    int bell;       /* eventfd of `wake` */
    int opened;     /* times that the backend said so */
    ar_error open_error;
    int notifications;
    char channel[64];
    char payload[64];
    int64_t skipped; /* microseconds that the clock is ahead of the real one */
    uint64_t rounds; /* calls of progress */
} poll_host;

enum { poll_patience = 20000000 }; /* microseconds */

void poll_host_init(poll_host *host, const ar_backend *backend);
void poll_host_fini(poll_host *host);

/* AR_TEST_POSTGRES_URL; "" when it is not set. */
const char *poll_server_url(void);

/* Fails the test when it is not AR_OK. */
ar_backend_config *poll_configure(poll_host *host, const char *url, ar_topology *topology);

/* A connection that is open; poll_open_error: one that could not be opened, closed again: its error. */
ar_connection *poll_open(poll_host *host, const ar_backend_config *config, ar_connection_role role);
ar_error poll_open_error(poll_host *host, const ar_backend_config *config);

/* A statement with $1, $2 … or ?; the same text has the same id. */
fake_op *poll_sql(poll_host *host, const char *sql);

/* Sends the batch. */
void poll_submit(poll_host *host, ar_connection *connection);

/* Drives the connection: for one event at most, `milliseconds` long at most; until `op` is completed; until all are. */
void poll_once(poll_host *host, ar_connection *connection, int milliseconds);
void poll_for(poll_host *host, ar_connection *connection, const fake_op *op);
void poll_all(poll_host *host, ar_connection *connection);

/* Submits the batch and waits for all that is under way. */
void poll_run(poll_host *host, ar_connection *connection);

/* One statement by itself, which has to succeed; its rows, borrowed until the host is finished. */
const char *poll_rows(poll_host *host, ar_connection *connection, const char *sql);

/* Cancels: `op` is interrupted, and the backend is told. */
void poll_cancel(poll_host *host, ar_connection *connection, fake_op *op);

#endif
