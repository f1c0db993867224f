/* SPDX-License-Identifier: MIT */
#ifndef BENCH_FLOOR_SQLITE_H
#define BENCH_FLOOR_SQLITE_H

#include <stdint.h>

#include "bench/floor_users.h"

/* What a careful program does without actrec: one connection, one statement prepared for good, rows copied once. */
typedef struct floor_sqlite floor_sqlite;

typedef enum floor_statement { FLOOR_FIND, FLOOR_INSERT, FLOOR_ALL } floor_statement;

/* Opens "<folder>/<file>", which has the table already, as the backend of actrec opens its connections. */
floor_sqlite *floor_sqlite_open(const char *folder, const char *file, const char *synchronous, floor_statement which);
void floor_sqlite_close(floor_sqlite *floor);

/* The row `id`, in one block of malloc with its texts behind it. */
User *floor_sqlite_find(floor_sqlite *floor, int64_t id);

/* Inserts one row, in a transaction of its own, and gives its id. */
int64_t floor_sqlite_insert(floor_sqlite *floor, const user_texts *texts, double score);

/* All rows of the table. */
void floor_sqlite_all(floor_sqlite *floor, floor_users *out);

#endif
