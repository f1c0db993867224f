/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "bench/bench.h"
#include "bench/floor_postgres.h"
#include "bench/server.h"
#include "bench/work.h"

/* New rows, which take their ids. Ours and the floor have a table each, made alike. */

typedef struct insert_state {
    ar_db *db;
    floor_postgres *floor;
    User *rows; /* of a bulk insert */
    uint64_t number;
} insert_state;

static insert_state *open_state(floor_postgres_statement which)
{
    char url[server_url_size];
    insert_state *state = bench_allocate(sizeof *state);
    state->number = 0;
    state->rows = work_bulk_open();
    state->db = server_db_open(BENCH_POSTGRES, 1, 0);
    server_url(BENCH_POSTGRES, url);
    state->floor = floor_postgres_open(url, which);
    return state;
}

static void *open_insert(const bench_place *place)
{
    (void)place;
    insert_state *state = open_state(FLOOR_PG_INSERT);
    floor_postgres_pipeline(state->floor);
    return state;
}

static void *open_bulk(const bench_place *place)
{
    (void)place;
    return open_state(FLOOR_PG_INSERT_BULK);
}

static void close_insert(void *arg)
{
    insert_state *state = arg;
    ar_error error;
    floor_postgres_close(state->floor);
    ar_query *drop = ar_sql(state->db, "DROP TABLE bench_floor_users");
    bench_expect(ar_query_exec(drop, NULL, &error), &error, "dropping the floor's table");
    server_db_close(&state->db);
    free(state->rows);
    free(state);
}

static uint64_t insert_async(void *arg, int64_t deadline)
{
    insert_state *state = arg;
    return work_insert_in_flight(state->db, &state->number, deadline);
}

static uint64_t insert_pipeline(void *arg, int64_t deadline)
{
    insert_state *state = arg;
    uint64_t done = 0;
    for (; bench_now() < deadline; done += work_in_flight) {
        for (int i = 0; i < work_in_flight; i++) {
            floor_postgres_send_insert(state->floor, user_texts_of(state->number++), 1.5);
            floor_postgres_sync(state->floor);
        }
        for (int i = 0; i < work_in_flight; i++) {
            if (floor_postgres_receive_id(state->floor) <= 0)
                bench_fail("floor: no id came back");
            floor_postgres_receive_sync(state->floor);
        }
    }
    return done;
}

static uint64_t insert_bulk(void *arg, int64_t deadline)
{
    insert_state *state = arg;
    return work_insert_bulk(state->db, state->rows, deadline);
}

static uint64_t insert_bulk_floor(void *arg, int64_t deadline)
{
    insert_state *state = arg;
    uint64_t done = 0;
    for (; done == 0 || bench_now() < deadline; done += work_bulk_rows) {
        work_bulk_reset(state->rows);
        floor_postgres_insert_bulk(state->floor, state->rows, work_bulk_rows);
        work_bulk_check(state->rows);
    }
    return done;
}

const bench bench_pg_insert_async64 = {
    .name = "pg_insert_async64",
    .work = "typed save of a new record, 64 in flight from one thread; floor: libpq's pipeline, a Sync each, RETURNING",
    .unit = "op/s",
    .engine = BENCH_POSTGRES,
    .ratio_at_least = 0.9,
    .open = open_insert,
    .ours = insert_async,
    .floor = insert_pipeline,
    .close = close_insert,
};

const bench bench_pg_insert_bulk10k = {
    .name = "pg_insert_bulk10k",
    .work =
        "10,000 rows in a call, with their ids, rows a second; floor: insert from unnest of binary arrays, RETURNING",
    .unit = "op/s",
    .engine = BENCH_POSTGRES,
    .ratio_at_least = 0.8,
    .open = open_bulk,
    .ours = insert_bulk,
    .floor = insert_bulk_floor,
    .close = close_insert,
};
