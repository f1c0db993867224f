/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "bench/bench.h"
#include "bench/floor_sqlite.h"
#include "bench/work.h"

/* Finds by random integer key in a file of 100,000 rows; each record is freed at once. */

enum { row_count = 100000, between_looks = 32 };

typedef struct find_state {
    ar_db *db;
    floor_sqlite *floor;
    uint64_t seed;
} find_state;

static void *open_find(const bench_place *place)
{
    find_state *state = bench_allocate(sizeof *state);
    state->seed = 88172645463325252;
    state->db = user_db_open(place->folder, "find.db", "");
    user_db_fill(state->db, row_count);
    state->floor = floor_sqlite_open(place->folder, "find.db", "full", FLOOR_FIND);
    return state;
}

static void close_find(void *arg)
{
    find_state *state = arg;
    floor_sqlite_close(state->floor);
    ar_db_close(&state->db);
    free(state);
}

static uint64_t find_sync(void *arg, int64_t deadline)
{
    find_state *state = arg;
    return work_find(state->db, &state->seed, row_count, deadline);
}

static uint64_t find_async(void *arg, int64_t deadline)
{
    find_state *state = arg;
    return work_find_in_flight(state->db, &state->seed, row_count, deadline);
}

static uint64_t find_floor(void *arg, int64_t deadline)
{
    find_state *state = arg;
    uint64_t done = 0;
    for (; done % between_looks != 0 || bench_now() < deadline; done++) {
        int64_t key = user_random_key(&state->seed, row_count);
        User *user = floor_sqlite_find(state->floor, key);
        work_check(user, key);
        free(user);
    }
    return done;
}

const bench bench_sqlite_find_sync = {
    .name = "sqlite_find_sync",
    .work = "typed find_one and free, one thread, a file of 100,000 rows; floor: a prepared select on sqlite3",
    .unit = "op/s",
    .ratio_at_least = 0.8,
    .open = open_find,
    .ours = find_sync,
    .floor = find_floor,
    .close = close_find,
};

const bench bench_sqlite_find_async64 = {
    .name = "sqlite_find_async64",
    .work = "the same with 64 in flight from one thread; the same floor",
    .unit = "op/s",
    .ratio_at_least = 0.9,
    .open = open_find,
    .ours = find_async,
    .floor = find_floor,
    .close = close_find,
};
