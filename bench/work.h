/* SPDX-License-Identifier: MIT */
#ifndef BENCH_WORK_H
#define BENCH_WORK_H

#include "bench/user.h"

/* The work as actrec does it, the same on every engine: until `deadline` (bench_now), answering how many operations. */

enum { work_in_flight = 64, work_bulk_rows = 10000 };

/* Typed finds by random key from 1 to `rows`, each record freed at once: one at a time, or 64 in flight. */
uint64_t work_find(ar_db *db, uint64_t *seed, uint64_t rows, int64_t deadline);
uint64_t work_find_in_flight(ar_db *db, uint64_t *seed, uint64_t rows, int64_t deadline);

/* Queries by the address of a random user from 1 to `rows`, of which there is one; 64 in flight. */
uint64_t work_select_in_flight(ar_db *db, uint64_t *seed, uint64_t rows, int64_t deadline);

/* Saves of new records, which take their ids; `number` counts them. */
uint64_t work_insert(ar_db *db, uint64_t *number, int64_t deadline);
uint64_t work_insert_in_flight(ar_db *db, uint64_t *number, int64_t deadline);

/* Plain structs inserted 10,000 in a call, which take their ids; one operation is one of them. */
User *work_bulk_open(void); /* freed by the caller */
void work_bulk_reset(User *rows);
void work_bulk_check(const User *rows);
uint64_t work_insert_bulk(ar_db *db, User *rows, int64_t deadline);

/* All of a table of `rows` rows into a list that is freed; one operation is one row. */
uint64_t work_hydrate(ar_db *db, uint64_t rows, int64_t deadline);

/* Fails unless this is the row of that key. */
void work_check(const User *user, int64_t key);

#endif
