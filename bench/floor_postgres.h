/* SPDX-License-Identifier: MIT */
#ifndef BENCH_FLOOR_POSTGRES_H
#define BENCH_FLOOR_POSTGRES_H

#include "bench/floor_users.h"

/* What a careful program does with libpq alone: one connection, statements prepared for good, parameters and results in
 * binary, rows copied once. */
typedef struct floor_postgres floor_postgres;

/* Each works on bench_users; the inserts on bench_floor_users, which is made like it. */
typedef enum floor_postgres_statement {
    FLOOR_PG_FIND,   /* by id */
    FLOOR_PG_SELECT, /* by email */
    FLOOR_PG_INSERT,
    FLOOR_PG_INSERT_BULK,
    FLOOR_PG_ALL
} floor_postgres_statement;

floor_postgres *floor_postgres_open(const char *url, floor_postgres_statement which);
void floor_postgres_close(floor_postgres *floor);

/* Runs SQL that gives no rows. */
void floor_postgres_run(floor_postgres *floor, const char *sql);

/* PQexecPrepared. */
User *floor_postgres_find(floor_postgres *floor, int64_t id);
void floor_postgres_all(floor_postgres *floor, floor_users *out);

/* An insert from one array a column, which come out of one unnest; the rows take their ids. */
void floor_postgres_insert_bulk(floor_postgres *floor, User *rows, size_t count);

/* Pipeline mode: from then on only what follows here. Answers come in the order of what was sent, Syncs included. */
void floor_postgres_pipeline(floor_postgres *floor);
void floor_postgres_send_find(floor_postgres *floor, int64_t id);
void floor_postgres_send_select(floor_postgres *floor, const char *email);
void floor_postgres_send_insert(floor_postgres *floor, const user_texts *texts, double score);
void floor_postgres_sync(floor_postgres *floor);
User *floor_postgres_receive_user(floor_postgres *floor);
int64_t floor_postgres_receive_id(floor_postgres *floor);
void floor_postgres_receive_sync(floor_postgres *floor);

#endif
