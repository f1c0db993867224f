/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

#include "bench/bench.h"
#include "bench/floor_sqlite.h"
#include "bench/work.h"

/* New records, saved and freed. Ours and the floor have a file each, made alike. */

enum { between_looks = 16 };

typedef struct insert_state {
    ar_db *db;
    floor_sqlite *floor;
    uint64_t number;
} insert_state;

static insert_state *open_insert(const bench_place *place, const char *synchronous)
{
    char query[40];
    insert_state *state = bench_allocate(sizeof *state);
    state->number = 0;
    snprintf(query, sizeof query, "?synchronous=%s", synchronous);
    ar_db *made = user_db_open(place->folder, "floor.db", query);
    ar_db_close(&made);
    state->db = user_db_open(place->folder, "ours.db", query);
    state->floor = floor_sqlite_open(place->folder, "floor.db", synchronous, FLOOR_INSERT);
    return state;
}

static void *open_durable(const bench_place *place)
{
    return open_insert(place, "full");
}

static void *open_normal(const bench_place *place)
{
    return open_insert(place, "normal");
}

static void close_insert(void *arg)
{
    insert_state *state = arg;
    floor_sqlite_close(state->floor);
    ar_db_close(&state->db);
    free(state);
}

static uint64_t insert_sync(void *arg, int64_t deadline)
{
    insert_state *state = arg;
    return work_insert(state->db, &state->number, deadline);
}

static uint64_t insert_async(void *arg, int64_t deadline)
{
    insert_state *state = arg;
    return work_insert_in_flight(state->db, &state->number, deadline);
}

static uint64_t insert_floor(void *arg, int64_t deadline)
{
    insert_state *state = arg;
    uint64_t done = 0;
    for (; done % between_looks != 0 || bench_now() < deadline; done++) {
        if (floor_sqlite_insert(state->floor, user_texts_of(state->number++), 1.5) <= 0)
            bench_fail("floor: no id came back");
    }
    return done;
}

const bench bench_sqlite_insert_sync = {
    .name = "sqlite_insert_sync",
    .work = "typed save of a new record, synchronous=NORMAL; floor: a prepared insert, autocommit",
    .unit = "op/s",
    .ratio_at_least = 0.85,
    .open = open_normal,
    .ours = insert_sync,
    .floor = insert_floor,
    .close = close_insert,
};

const bench bench_sqlite_insert_durable64 = {
    .name = "sqlite_insert_durable64",
    .work = "the same, synchronous=FULL, 64 in flight from one thread; floor: a prepared insert, autocommit, FULL",
    .unit = "op/s",
    .ratio_at_least = 20,
    .fsync_at_least = 150e-6,
    .open = open_durable,
    .ours = insert_async,
    .floor = insert_floor,
    .close = close_insert,
};

const bench bench_sqlite_insert_normal64 = {
    .name = "sqlite_insert_normal64",
    .work = "the same, synchronous=NORMAL, 64 in flight from one thread; floor: a prepared insert, autocommit, NORMAL",
    .unit = "op/s",
    .ratio_at_least = 3.5,
    .open = open_normal,
    .ours = insert_async,
    .floor = insert_floor,
    .close = close_insert,
};
