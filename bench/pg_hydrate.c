/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "bench/bench.h"
#include "bench/floor_postgres.h"
#include "bench/server.h"
#include "bench/work.h"

/* A table of 10,000 rows of 6 columns, read whole and freed; one operation is one row. */

enum { row_count = 10000 };

typedef struct hydrate_state {
    ar_db *db;
    floor_postgres *floor;
} hydrate_state;

static void *open_hydrate(const bench_place *place)
{
    char url[server_url_size];
    (void)place;
    hydrate_state *state = bench_allocate(sizeof *state);
    state->db = server_db_open(BENCH_POSTGRES, 1, row_count);
    server_url(BENCH_POSTGRES, url);
    state->floor = floor_postgres_open(url, FLOOR_PG_ALL);
    floor_postgres_run(state->floor, "VACUUM ANALYZE bench_users");
    return state;
}

static void close_hydrate(void *arg)
{
    hydrate_state *state = arg;
    floor_postgres_close(state->floor);
    server_db_close(&state->db);
    free(state);
}

static uint64_t hydrate(void *arg, int64_t deadline)
{
    hydrate_state *state = arg;
    return work_hydrate(state->db, row_count, deadline);
}

static uint64_t hydrate_floor(void *arg, int64_t deadline)
{
    hydrate_state *state = arg;
    uint64_t done = 0;
    for (; done == 0 || bench_now() < deadline; done += row_count) {
        floor_users users;
        floor_postgres_all(state->floor, &users);
        if (users.count != row_count)
            bench_fail("floor: other rows came back");
        work_check(&users.items[row_count - 1], row_count);
        floor_users_free(&users);
    }
    return done;
}

const bench bench_pg_hydrate_10k = {
    .name = "pg_hydrate_10k",
    .work = "10,000 rows of 6 columns into records, rows a second; floor: a binary result, copied into structs by hand",
    .unit = "op/s",
    .engine = BENCH_POSTGRES,
    .ratio_at_least = 0.85,
    .open = open_hydrate,
    .ours = hydrate,
    .floor = hydrate_floor,
    .close = close_hydrate,
};
