/* SPDX-License-Identifier: MIT */
#ifndef BENCH_SERVER_H
#define BENCH_SERVER_H

#include "bench/bench.h"
#include "bench/user.h"

/* The servers of the benchmarks: their URLs stand in the environment, as ./dev bench puts them there. Ours and the floor
 * go the same way to them: that of the URL, in clear text unless it says sslmode=…. */

enum { server_url_size = 1024 };

/* NULL: there is none. */
const char *server_named(bench_engine engine);
const char *server_variable(bench_engine engine);
const char *server_title(bench_engine engine);

/* Its URL as drivers take it, that is, without options of actrec's own. */
void server_url(bench_engine engine, char *out);

/* Says where the server is, without the password. */
void server_write_place(bench_engine engine, char *out, size_t size);

/* Opens it with `connections` connections and makes the table anew, with `rows` rows. */
ar_db *server_db_open(bench_engine engine, int connections, uint64_t rows);

/* Drops the table, and closes the database. */
void server_db_close(ar_db **db);

#endif
