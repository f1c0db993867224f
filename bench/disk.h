/* SPDX-License-Identifier: MIT */
#ifndef BENCH_DISK_H
#define BENCH_DISK_H

#include "bench/bench.h"

/* Makes a folder of its own below build/, and measures the disk that it is on. bench_disk_close removes it. */
void bench_disk_open(bench_place *place);
void bench_disk_close(bench_place *place);

/* Removes the files in the folder. */
void bench_disk_clear(const bench_place *place);

#endif
