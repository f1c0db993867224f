/* SPDX-License-Identifier: MIT */
#include <nng/nng.h>
#include <nng/protocol/pair0/pair.h>
#include <pthread.h>
#include <semaphore.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench/bench.h"
#include "bench/heap.h"
#include "bench/user.h"

/* What an idle connection adds to the heap, less what SQLite says that it holds of that, and less what a bare thread
 * adds. The floor is an nng pair, which each has. */

enum { warm = 8, more = 48 };

static double bytes_of(double before)
{
    return (heap_in_use() - before) / more;
}

/* Read-only transactions side by side, each on a reader of its own. */
static void occupy(ar_db *db, int count)
{
    ar_error error;
    ar_db *held[warm + more];
    for (int i = 0; i < count; i++) {
        User *user = NULL;
        held[i] = ar_tx_begin(db, &(ar_tx_options){ .read_only = true, .allow_outside = true });
        bench_expect(User_find_one(held[i], ar_key(1), &user, &error), &error, "find");
    }
    for (int i = 0; i < count; i++)
        bench_expect(ar_tx_commit(&held[i], &error), &error, "commit");
}

static double measure_connections(const char *folder, double *driver)
{
    ar_db *db = user_db_open(folder, "bytes.db", "?readers=64");
    user_db_fill(db, 1000);
    occupy(db, warm);
    double before = heap_in_use();
    int64_t driver_before = sqlite3_memory_used();
    occupy(db, warm + more);
    double bytes = bytes_of(before);
    *driver = (double)(sqlite3_memory_used() - driver_before) / more;
    ar_db_close(&db);
    return bytes;
}

static void *wait_for_end(void *arg)
{
    void *block = malloc(64); /* what malloc keeps for a thread is there from its first call */
    sem_wait(arg);
    free(block);
    return NULL;
}

static double measure_threads(void)
{
    pthread_t threads[more];
    sem_t end;
    sem_init(&end, 0, 0);
    double before = heap_in_use();
    for (int i = 0; i < more; i++) {
        if (pthread_create(&threads[i], NULL, wait_for_end, &end) != 0)
            bench_fail("no thread to be had");
    }
    usleep(100000);
    double bytes = bytes_of(before);
    for (int i = 0; i < more; i++)
        sem_post(&end);
    for (int i = 0; i < more; i++)
        pthread_join(threads[i], NULL);
    return bytes;
}

static void expect(int rv)
{
    if (rv != 0)
        bench_fail("floor: nng: %s", nng_strerror(rv));
}

static double measure_pairs(void)
{
    nng_socket near[more], far[more];
    char url[40];
    double before = heap_in_use();
    for (int i = 0; i < more; i++) {
        snprintf(url, sizeof url, "inproc://bench-bytes-%d", i);
        expect(nng_pair0_open(&near[i]));
        expect(nng_pair0_open(&far[i]));
        expect(nng_listen(far[i], url, NULL, 0));
        expect(nng_dial(near[i], url, NULL, 0));
    }
    double bytes = bytes_of(before);
    for (int i = 0; i < more; i++) {
        nng_close(near[i]);
        nng_close(far[i]);
    }
    return bytes;
}

static void measure(const bench_place *place, bench_result *out)
{
    heap_use_one();
    double driver = 0;
    double connection = measure_connections(place->folder, &driver);
    double thread = measure_threads();
    out->ours = connection - driver - thread;
    out->floor = measure_pairs();
}

const bench bench_connection_bytes = {
    .name = "connection_bytes",
    .work = "memory of an idle connection actor besides its driver and its thread; floor: a bare nng inproc pair",
    .unit = "byte",
    .ours_at_most = 24576,
    .measure = measure,
};
