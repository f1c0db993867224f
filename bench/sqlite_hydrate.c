/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "bench/bench.h"
#include "bench/floor_sqlite.h"
#include "bench/work.h"

/* A table of 10,000 rows of 6 columns, read whole and freed; one operation is one row. */

enum { row_count = 10000 };

typedef struct hydrate_state {
    ar_db *db;
    floor_sqlite *floor;
} hydrate_state;

static void *open_hydrate(const bench_place *place)
{
    hydrate_state *state = bench_allocate(sizeof *state);
    state->db = user_db_open(place->folder, "hydrate.db", "");
    user_db_fill(state->db, row_count);
    state->floor = floor_sqlite_open(place->folder, "hydrate.db", "full", FLOOR_ALL);
    return state;
}

static void close_hydrate(void *arg)
{
    hydrate_state *state = arg;
    floor_sqlite_close(state->floor);
    ar_db_close(&state->db);
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
    for (; bench_now() < deadline; done += row_count) {
        floor_users users;
        floor_sqlite_all(state->floor, &users);
        if (users.count != row_count)
            bench_fail("floor: other rows came back");
        work_check(&users.items[row_count - 1], row_count);
        floor_users_free(&users);
    }
    return done;
}

const bench bench_sqlite_hydrate_10k = {
    .name = "sqlite_hydrate_10k",
    .work = "10,000 rows of 6 columns into records, rows a second; floor: stepped and copied into structs by hand",
    .unit = "op/s",
    .ratio_at_least = 0.8,
    .open = open_hydrate,
    .ours = hydrate,
    .floor = hydrate_floor,
    .close = close_hydrate,
};
