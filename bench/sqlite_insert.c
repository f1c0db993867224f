/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

#include "bench/bench.h"
#include "bench/floor_sqlite.h"

/* New records, saved and freed. Ours and the floor have a file each, made alike. */

enum { in_flight = 64, between_looks = 16 };

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

static User *make_user(insert_state *state)
{
    const user_texts *texts = user_texts_of(state->number++);
    User *user = User_new();
    if (user == NULL)
        bench_fail("out of memory");
    user->name = texts->name;
    user->email = texts->email;
    user->is_active = true;
    user->score = 1.5;
    return user;
}

static void finish_user(User *user)
{
    if (user->id <= 0)
        bench_fail("insert: no id came back");
    User_free(user);
}

static uint64_t insert_sync(void *arg, int64_t deadline)
{
    insert_state *state = arg;
    uint64_t done = 0;
    for (; done % between_looks != 0 || bench_now() < deadline; done++) {
        ar_error error;
        User *user = make_user(state);
        bench_expect(User_save(state->db, user, &error), &error, "save");
        finish_user(user);
    }
    return done;
}

static uint64_t insert_async(void *arg, int64_t deadline)
{
    insert_state *state = arg;
    ar_done futures[in_flight];
    User *users[in_flight];
    uint64_t sent = 0, done = 0;
    bool more = true;
    while (more || done < sent) {
        for (; more && sent < done + in_flight; sent++) {
            users[sent % in_flight] = make_user(state);
            futures[sent % in_flight] = User_save_async(state->db, users[sent % in_flight]);
        }
        ar_error error;
        bench_expect(ar_done_await(&futures[done % in_flight], &error), &error, "save");
        finish_user(users[done % in_flight]);
        done++;
        more = more && (done % between_looks != 0 || bench_now() < deadline);
    }
    return done;
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
