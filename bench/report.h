/* SPDX-License-Identifier: MIT */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include <stddef.h>

#include "bench/bench.h"

typedef struct bench_row {
    const bench *work;
    bench_result result;
} bench_row;

/* The machine, as far as it bears on the numbers. */
void bench_report_place(const bench_place *place);

/* The table, a line at a time. */
void bench_report_head(void);
void bench_report_row(const bench_row *row, const bench_place *place);

/* Instead of its line: why it was not run. */
void bench_report_not_run(const bench *work);

/* Writes the rows as JSON to `path`. */
void bench_report_json(const bench_row *rows, size_t count, const char *path);

#endif
