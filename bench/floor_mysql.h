/* SPDX-License-Identifier: MIT */
#ifndef BENCH_FLOOR_MYSQL_H
#define BENCH_FLOOR_MYSQL_H

#include "bench/floor_users.h"

/* What a careful program does with the MySQL client library alone: one connection, one statement prepared for good, rows
 * fetched into buffers that are bound once, and copied once. */
typedef struct floor_mysql floor_mysql;

/* Each works on bench_users; the insert on bench_floor_users, which is made like it. */
typedef enum floor_mysql_statement { FLOOR_MYSQL_FIND, FLOOR_MYSQL_INSERT_BULK, FLOOR_MYSQL_ALL } floor_mysql_statement;

/* `url`: mysql://user:password@host:port/database; of its options it looks at sslmode alone. */
floor_mysql *floor_mysql_open(const char *url, floor_mysql_statement which);
void floor_mysql_close(floor_mysql *floor);

/* Runs SQL, and throws away its rows. */
void floor_mysql_run(floor_mysql *floor, const char *sql);

User *floor_mysql_find(floor_mysql *floor, int64_t id);
void floor_mysql_all(floor_mysql *floor, floor_users *out);

/* An array-bound insert. It does not ask for the ids. */
void floor_mysql_insert_bulk(floor_mysql *floor, const User *rows, size_t count);

#endif
