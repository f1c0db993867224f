/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <stdlib.h>

#include "bench/bench.h"
#include "bench/floor_postgres.h"
#include "bench/server.h"
#include "bench/work.h"

/* Reads of one row from a table of 100,000, by random key, and by an address that a secondary index finds. */

enum { row_count = 100000, between_looks = 32, floor_connections = 2, threads = 8 };

typedef struct find_state {
    ar_db *db;
    floor_postgres *floor[floor_connections];
    uint64_t seed;
} find_state;

static find_state *open_state(int connections, floor_postgres_statement which)
{
    char url[server_url_size];
    find_state *state = bench_allocate(sizeof *state);
    *state = (find_state){ .seed = 88172645463325252 };
    state->db = server_db_open(BENCH_POSTGRES, connections, row_count);
    server_url(BENCH_POSTGRES, url);
    for (int i = 0; i < connections; i++)
        state->floor[i] = floor_postgres_open(url, which);
    floor_postgres_run(state->floor[0], "CREATE INDEX ON bench_users (email)");
    floor_postgres_run(state->floor[0], "VACUUM ANALYZE bench_users");
    return state;
}

static void *open_find(const bench_place *place)
{
    (void)place;
    return open_state(1, FLOOR_PG_FIND);
}

static void *open_find_pipeline(const bench_place *place)
{
    (void)place;
    find_state *state = open_state(1, FLOOR_PG_FIND);
    floor_postgres_pipeline(state->floor[0]);
    return state;
}

static void *open_select_pipeline(const bench_place *place)
{
    (void)place;
    find_state *state = open_state(1, FLOOR_PG_SELECT);
    floor_postgres_pipeline(state->floor[0]);
    return state;
}

static void *open_threads(const bench_place *place)
{
    (void)place;
    return open_state(floor_connections, FLOOR_PG_FIND);
}

static void close_find(void *arg)
{
    find_state *state = arg;
    for (int i = 0; i < floor_connections && state->floor[i] != NULL; i++)
        floor_postgres_close(state->floor[i]);
    server_db_close(&state->db);
    free(state);
}

/* --- one thread --- */

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

static uint64_t select_async(void *arg, int64_t deadline)
{
    find_state *state = arg;
    return work_select_in_flight(state->db, &state->seed, row_count, deadline);
}

static uint64_t find_on(floor_postgres *floor, uint64_t *seed, int64_t deadline)
{
    uint64_t done = 0;
    for (; done % between_looks != 0 || bench_now() < deadline; done++) {
        int64_t key = user_random_key(seed, row_count);
        User *user = floor_postgres_find(floor, key);
        work_check(user, key);
        free(user);
    }
    return done;
}

static uint64_t find_floor(void *arg, int64_t deadline)
{
    find_state *state = arg;
    return find_on(state->floor[0], &state->seed, deadline);
}

static void receive_all(find_state *state, const int64_t *keys)
{
    for (int i = 0; i < work_in_flight; i++) {
        User *user = floor_postgres_receive_user(state->floor[0]);
        work_check(user, keys[i]);
        free(user);
    }
    floor_postgres_receive_sync(state->floor[0]);
}

static uint64_t find_pipeline(void *arg, int64_t deadline)
{
    find_state *state = arg;
    int64_t keys[work_in_flight];
    uint64_t done = 0;
    for (; bench_now() < deadline; done += work_in_flight) {
        for (int i = 0; i < work_in_flight; i++) {
            keys[i] = user_random_key(&state->seed, row_count);
            floor_postgres_send_find(state->floor[0], keys[i]);
        }
        floor_postgres_sync(state->floor[0]);
        receive_all(state, keys);
    }
    return done;
}

static uint64_t select_pipeline(void *arg, int64_t deadline)
{
    find_state *state = arg;
    int64_t keys[work_in_flight];
    uint64_t done = 0;
    for (; bench_now() < deadline; done += work_in_flight) {
        for (int i = 0; i < work_in_flight; i++) {
            char email[user_email_size];
            keys[i] = user_random_key(&state->seed, row_count);
            user_email_of((uint64_t)keys[i], email);
            floor_postgres_send_select(state->floor[0], email);
        }
        floor_postgres_sync(state->floor[0]);
        receive_all(state, keys);
    }
    return done;
}

/* --- several threads --- */

typedef struct one_thread {
    pthread_t thread;
    ar_db *db;
    floor_postgres *floor; /* NULL: by actrec */
    uint64_t seed;
    int64_t deadline;
    uint64_t done;
} one_thread;

static void *run_thread(void *arg)
{
    one_thread *self = arg;
    self->done = self->floor == NULL ? work_find(self->db, &self->seed, row_count, self->deadline)
                                     : find_on(self->floor, &self->seed, self->deadline);
    return NULL;
}

static uint64_t run_threads(find_state *state, int count, bool ours, int64_t deadline)
{
    one_thread all[threads];
    uint64_t done = 0;
    for (int i = 0; i < count; i++) {
        (void)user_random_key(&state->seed, row_count);
        all[i] = (one_thread){ .db = state->db, .floor = ours ? NULL : state->floor[i], .seed = state->seed };
        all[i].seed += (uint64_t)i;
        all[i].deadline = deadline;
        if (pthread_create(&all[i].thread, NULL, run_thread, &all[i]) != 0)
            bench_fail("starting a thread");
    }
    for (int i = 0; i < count; i++) {
        pthread_join(all[i].thread, NULL);
        done += all[i].done;
    }
    return done;
}

static uint64_t find_threads(void *arg, int64_t deadline)
{
    return run_threads(arg, threads, true, deadline);
}

static uint64_t find_threads_floor(void *arg, int64_t deadline)
{
    return run_threads(arg, floor_connections, false, deadline);
}

const bench bench_pg_find_sync = {
    .name = "pg_find_sync",
    .work = "typed find_one and free, one thread, a table of 100,000 rows; floor: PQexecPrepared, binary, and a copy",
    .unit = "op/s",
    .engine = BENCH_POSTGRES,
    .ratio_at_least = 0.9,
    .open = open_find,
    .ours = find_sync,
    .floor = find_floor,
    .close = close_find,
};

const bench bench_pg_find_async64 = {
    .name = "pg_find_async64",
    .work = "the same with 64 in flight from one thread; floor: libpq's pipeline, one Sync for 64",
    .unit = "op/s",
    .engine = BENCH_POSTGRES,
    .ratio_at_least = 1.5,
    .open = open_find_pipeline,
    .ours = find_async,
    .floor = find_pipeline,
    .close = close_find,
};

const bench bench_pg_find_threads8 = {
    .name = "pg_find_threads8",
    .work = "8 threads calling find_one on 2 connections; floor: 2 threads with PQexecPrepared, a connection each",
    .unit = "op/s",
    .engine = BENCH_POSTGRES,
    .ratio_at_least = 1.5,
    .open = open_threads,
    .ours = find_threads,
    .floor = find_threads_floor,
    .close = close_find,
};

const bench bench_pg_select_async64 = {
    .name = "pg_select_async64",
    .work = "queries of one row by a secondary index, 64 in flight; floor: libpq's pipeline, one Sync for 64",
    .unit = "op/s",
    .engine = BENCH_POSTGRES,
    .ratio_at_least = 0.85,
    .open = open_select_pipeline,
    .ours = select_async,
    .floor = select_pipeline,
    .close = close_find,
};
