/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "bench/bench.h"
#include "bench/floor_nng.h"
#include "bench/heap.h"
#include "bench/user.h"

/* 100,000 finds by integer key wait for the one connection of an in-memory database, which a transaction holds. */

enum { pending = 100000 };

static ar_db *open_memory(ar_runtime *runtime)
{
    ar_error error;
    ar_db *db = NULL;
    ar_db_options options = { .runtime = runtime };
    bench_expect(ar_db_open("sqlite::memory:", &options, &db, &error), &error, "opening the database");
    bench_expect(ar_table_create(db, &User_model, &error), &error, "making the table");
    User *user = User_new();
    user->name = user->email = "x";
    bench_expect(User_save(db, user, &error), &error, "save");
    User_free(user);
    return db;
}

static void find_in(ar_db *db)
{
    ar_error error;
    User *user = NULL;
    bench_expect(User_find_one(db, ar_key(1), &user, &error), &error, "find");
    if (user == NULL)
        bench_fail("find: nothing came back");
}

static double measure_pending(ar_db *db)
{
    User_future *futures = bench_allocate(pending * sizeof *futures);
    double before = heap_counted();
    for (int i = 0; i < pending; i++)
        futures[i] = User_find_one_async(db, ar_key(i));
    double bytes = (heap_counted() - before) / pending;
    for (int i = 0; i < pending; i++) {
        if (ar_future_is_done(futures[i].raw))
            bench_fail("find: it was to wait, and is done");
        ar_future_drop(&futures[i].raw);
    }
    free(futures);
    return bytes;
}

static void measure(const bench_place *place, bench_result *out)
{
    (void)place;
    ar_error error;
    ar_runtime *runtime = heap_counting_runtime();
    ar_db *db = open_memory(runtime);
    ar_db *tx = ar_tx_begin(db, NULL);
    find_in(tx);
    out->ours = measure_pending(db);
    bench_expect(ar_tx_commit(&tx, &error), &error, "commit");
    ar_db_close(&db);
    bench_expect(ar_runtime_close(&runtime, &error), &error, "closing the runtime");
    out->floor = floor_nng_message_bytes(pending);
}

const bench bench_op_bytes = {
    .name = "op_bytes",
    .work = "memory of a find by integer key that waits, its future included; floor: an nng message with a number",
    .unit = "byte",
    .ours_at_most = 512,
    .measure = measure,
};
