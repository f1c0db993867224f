/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "bench/bench.h"
#include "bench/floor_mysql.h"
#include "bench/server.h"
#include "bench/work.h"

/* Finds by random key in a table of 100,000 rows; 10,000 rows inserted in a call, and read whole. */

enum { find_rows = 100000, hydrate_rows = 10000, between_looks = 32 };

typedef struct mysql_state {
    ar_db *db;
    floor_mysql *floor;
    User *rows; /* of a bulk insert */
    uint64_t seed;
} mysql_state;

static mysql_state *open_state(floor_mysql_statement which, uint64_t rows)
{
    char url[server_url_size];
    mysql_state *state = bench_allocate(sizeof *state);
    state->seed = 88172645463325252;
    state->rows = work_bulk_open();
    state->db = server_db_open(BENCH_MYSQL, 1, rows);
    server_url(BENCH_MYSQL, url);
    state->floor = floor_mysql_open(url, which);
    floor_mysql_run(state->floor, "ANALYZE TABLE bench_users");
    return state;
}

static void *open_find(const bench_place *place)
{
    (void)place;
    return open_state(FLOOR_MYSQL_FIND, find_rows);
}

static void *open_insert(const bench_place *place)
{
    (void)place;
    return open_state(FLOOR_MYSQL_INSERT_BULK, 0);
}

static void *open_hydrate(const bench_place *place)
{
    (void)place;
    return open_state(FLOOR_MYSQL_ALL, hydrate_rows);
}

static void close_state(void *arg)
{
    mysql_state *state = arg;
    floor_mysql_run(state->floor, "DROP TABLE IF EXISTS bench_floor_users");
    floor_mysql_close(state->floor);
    server_db_close(&state->db);
    free(state->rows);
    free(state);
}

static uint64_t find_sync(void *arg, int64_t deadline)
{
    mysql_state *state = arg;
    return work_find(state->db, &state->seed, find_rows, deadline);
}

static uint64_t find_async(void *arg, int64_t deadline)
{
    mysql_state *state = arg;
    return work_find_in_flight(state->db, &state->seed, find_rows, deadline);
}

static uint64_t find_floor(void *arg, int64_t deadline)
{
    mysql_state *state = arg;
    uint64_t done = 0;
    for (; done % between_looks != 0 || bench_now() < deadline; done++) {
        int64_t key = user_random_key(&state->seed, find_rows);
        User *user = floor_mysql_find(state->floor, key);
        work_check(user, key);
        free(user);
    }
    return done;
}

static uint64_t insert_bulk(void *arg, int64_t deadline)
{
    mysql_state *state = arg;
    return work_insert_bulk(state->db, state->rows, deadline);
}

static uint64_t insert_bulk_floor(void *arg, int64_t deadline)
{
    mysql_state *state = arg;
    uint64_t done = 0;
    for (; done == 0 || bench_now() < deadline; done += work_bulk_rows) {
        work_bulk_reset(state->rows);
        floor_mysql_insert_bulk(state->floor, state->rows, work_bulk_rows);
    }
    return done;
}

static uint64_t hydrate(void *arg, int64_t deadline)
{
    mysql_state *state = arg;
    return work_hydrate(state->db, hydrate_rows, deadline);
}

static uint64_t hydrate_floor(void *arg, int64_t deadline)
{
    mysql_state *state = arg;
    uint64_t done = 0;
    for (; done == 0 || bench_now() < deadline; done += hydrate_rows) {
        floor_users users;
        floor_mysql_all(state->floor, &users);
        if (users.count != hydrate_rows)
            bench_fail("floor: other rows came back");
        work_check(&users.items[hydrate_rows - 1], users.items[hydrate_rows - 1].id);
        floor_users_free(&users);
    }
    return done;
}

const bench bench_mysql_find_sync = {
    .name = "mysql_find_sync",
    .work = "typed find_one and free, one thread, a table of 100,000 rows; floor: mysql_stmt_execute, fetch and a copy",
    .unit = "op/s",
    .engine = BENCH_MYSQL,
    .ratio_at_least = 0.9,
    .open = open_find,
    .ours = find_sync,
    .floor = find_floor,
    .close = close_state,
};

const bench bench_mysql_find_async64 = {
    .name = "mysql_find_async64",
    .work = "the same with 64 in flight from one thread; the same floor",
    .unit = "op/s",
    .engine = BENCH_MYSQL,
    .ratio_at_least = 3,
    .open = open_find,
    .ours = find_async,
    .floor = find_floor,
    .close = close_state,
};

const bench bench_mysql_insert_bulk10k = {
    .name = "mysql_insert_bulk10k",
    .work = "10,000 rows in a call, with their ids, rows a second; floor: an array-bound insert, without the ids",
    .unit = "op/s",
    .engine = BENCH_MYSQL,
    .ratio_at_least = 0.7,
    .open = open_insert,
    .ours = insert_bulk,
    .floor = insert_bulk_floor,
    .close = close_state,
};

const bench bench_mysql_hydrate_10k = {
    .name = "mysql_hydrate_10k",
    .work =
        "10,000 rows of 6 columns into records, rows a second; floor: a prepared fetch, copied into structs by hand",
    .unit = "op/s",
    .engine = BENCH_MYSQL,
    .ratio_at_least = 0.85,
    .open = open_hydrate,
    .ours = hydrate,
    .floor = hydrate_floor,
    .close = close_state,
};
