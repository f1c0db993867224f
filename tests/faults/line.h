/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FAULTS_LINE_H
#define TESTS_FAULTS_LINE_H

#include "tests/support/fixture.h"
#include "tests/support/outside.h"
#include "tests/support/proxy.h"

/* A database that is reached through a proxy, and a watchdog for what should never hang. */

typedef struct line {
    proxy *proxy;
    ar_db *db;
    char url[1024]; /* by way of the proxy */
} line;

/* The proxy alone, to the server of `url`; `options` is put behind it: "pool=1&statement_cache=0". */
void line_lay(line *l, const char *url, const char *options);
/* And the database. */
void line_open(line *l, const char *options);
void line_close(line *l);

/* Ends the program, saying what it was doing, unless it is called again, or with NULL, within a minute. */
void watchdog(const char *doing);

/* Waits until the statement gives these rows ("0\n"). Fails the test when that takes longer than half a minute. */
void outside_await(outside *o, const char *sql, const char *rows);

#endif
