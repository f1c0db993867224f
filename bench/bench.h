/* SPDX-License-Identifier: MIT */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <actrec/error.h>

/* A benchmark: a piece of work done by actrec ("ours") and done straight on the driver ("floor"), or a size in bytes.
 * Each runs in a process of its own, so that none sees the memory, threads and caches that another one left. */

/* Where and on what it runs. */
typedef struct bench_place {
    const char *folder;   /* for its files; emptied and removed after the run */
    const char *kind;     /* of the file system of `folder` */
    double fsync_seconds; /* median of writing and syncing 4 KiB there */
} bench_place;

typedef struct bench_result {
    double ours;  /* operations a second, or bytes */
    double floor; /* the same */
    double ratio; /* ours / floor, pair by pair */
} bench_result;

/* What it needs besides itself. */
typedef enum bench_engine { BENCH_NO_SERVER, BENCH_POSTGRES, BENCH_MYSQL } bench_engine;

typedef struct bench {
    const char *name;
    const char *work; /* what one operation is */
    const char *unit; /* "op/s", "byte" */
    bench_engine engine;
    bool left_out; /* of this build, because the driver was missing */

    /* The target; 0: no limit of that kind. */
    double ratio_at_least; /* ours / floor */
    double ours_at_least;
    double ours_at_most;
    double fsync_at_least; /* seconds; not judged on a disk that is faster */

    /* A throughput: open, then in turns ours and floor, each until `deadline` (bench_now), then close. Both answer how
     * many operations they did. */
    void *(*open)(const bench_place *place);
    uint64_t (*ours)(void *state, int64_t deadline);
    uint64_t (*floor)(void *state, int64_t deadline);
    void (*close)(void *state);

    /* A size instead: measures it at one go. */
    void (*measure)(const bench_place *place, bench_result *out);
} bench;

extern const bench bench_sqlite_find_sync;
extern const bench bench_sqlite_find_async64;
extern const bench bench_sqlite_insert_sync;
extern const bench bench_sqlite_insert_durable64;
extern const bench bench_sqlite_insert_normal64;
extern const bench bench_sqlite_hydrate_10k;
extern const bench bench_pg_find_sync;
extern const bench bench_pg_find_async64;
extern const bench bench_pg_find_threads8;
extern const bench bench_pg_select_async64;
extern const bench bench_pg_insert_async64;
extern const bench bench_pg_insert_bulk10k;
extern const bench bench_pg_hydrate_10k;
extern const bench bench_mysql_find_sync;
extern const bench bench_mysql_find_async64;
extern const bench bench_mysql_insert_bulk10k;
extern const bench bench_mysql_hydrate_10k;
extern const bench bench_orm_eager_3level;
extern const bench bench_mailbox_post;
extern const bench bench_mailbox_help;
extern const bench bench_orm_build_sql;
extern const bench bench_op_bytes;
extern const bench bench_connection_bytes;

/* Monotonic, nanoseconds. */
int64_t bench_now(void);

/* Runs `work` in the calling process. */
void bench_measure(const bench *work, const bench_place *place, bench_result *out);

/* Says what went wrong, and ends the process: what cannot be run cannot be measured. */
_Noreturn void bench_fail(const char *format, ...) AR_PRINTF(1, 2);

/* Fails unless `status` is AR_OK. */
void bench_expect(ar_status status, const ar_error *error, const char *doing);

/* malloc that fails. */
void *bench_allocate(size_t size);

#endif
