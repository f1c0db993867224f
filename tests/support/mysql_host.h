/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SUPPORT_MYSQL_HOST_H
#define TESTS_SUPPORT_MYSQL_HOST_H

#include <stdatomic.h>

#include "tests/support/fake_host.h"

/* A connection to the server of AR_TEST_MYSQL_URL on a fake host, driven by a loop of poll(2) on this thread. Time is
 * real; whatever waits has a deadline. A database of its own is made for the program and dropped at its end. */
typedef struct mysql_host {
    fake_host host; /* first */
    ar_backend_config *config;
    ar_connection *connection;
    int bell[2]; /* a pipe: wake */
    int opens;
    ar_error opened; /* why it could not be opened */
    bool unsent;     /* of the operation that completed last */
    void (*complete)(ar_backend_host *host, ar_operation *operation, const ar_error *error);
    bool on_threads; /* each step on another thread than the one before */
} mysql_host;

/* For cmocka's group; skips the program, loudly, when there is no server. */
int mysql_host_main(const char *name, int (*run)(void));

int mysql_host_set_up(void **state);
int mysql_host_tear_down(void **state);

/* Another connection beside the first of `state`: with these options, "a=b&c=d"; NULL: none. */
void mysql_host_init(mysql_host *h, const char *options);
/* Not asserted: what came of it is in h->opened. */
void mysql_host_try(mysql_host *h, const char *options);
/* The same with another URL; `begin` does not wait for it. */
void mysql_host_try_url(mysql_host *h, const char *url);
void mysql_host_begin_url(mysql_host *h, const char *url);
void mysql_host_fini(mysql_host *h);

/* Submits the batch. */
void mysql_host_send(mysql_host *h);
/* One round of the loop: waits at most `ms` for something to happen. */
void mysql_host_step(mysql_host *h, int ms);
/* Until so many operations have completed in all. */
void mysql_host_wait(mysql_host *h, size_t completed);
/* Submits the batch and waits for all of it. */
void mysql_host_run(mysql_host *h);

/* Until the server has said something, or closed the connection, although nothing was asked. */
void mysql_host_await_input(mysql_host *h);

/* One statement by itself, which has to succeed; its rows. */
const char *mysql_host_rows(mysql_host *h, const char *sql);
fake_op *mysql_host_sql(mysql_host *h, const char *sql);

void mysql_host_tells(const fake_op *op, ar_status status);
const char *mysql_host_url(void);

#endif
