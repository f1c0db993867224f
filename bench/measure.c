/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "bench/bench.h"

/* Many short rounds, ours and the floor in turns and in changing order, so that what else the machine does, and how fast
 * its clock runs, hits both. The ratio is the median of those of neighbouring rounds: it holds still where the machine
 * does not. */

enum { rounds = 31 };

static const int64_t warm_up_time = INT64_C(100000000);
static const int64_t round_time = INT64_C(100000000);

int64_t bench_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static double run_round(uint64_t (*run)(void *state, int64_t deadline), void *state, int64_t duration)
{
    if (getenv("AR_BENCH_QUICK") != NULL) /* to see that it runs; the figures mean nothing then */
        duration /= 100;
    int64_t start = bench_now();
    uint64_t operations = 0;
    while (operations == 0) /* on a machine that is held up none may be done in the time of a quick one */
        operations = run(state, bench_now() + duration);
    return (double)operations * 1e9 / (double)(bench_now() - start);
}

static int compare(const void *a, const void *b)
{
    const double *left = a, *right = b;
    return (*left > *right) - (*left < *right);
}

static double median(double *values)
{
    qsort(values, rounds, sizeof *values, compare);
    return values[rounds / 2];
}

void bench_measure(const bench *work, const bench_place *place, bench_result *out)
{
    double ours[rounds], floor[rounds], ratio[rounds];
    if (work->measure != NULL) {
        work->measure(place, out);
        out->ratio = out->ours / out->floor;
        return;
    }
    void *state = work->open(place);
    (void)run_round(work->ours, state, warm_up_time);
    (void)run_round(work->floor, state, warm_up_time);
    for (int i = 0; i < rounds; i++) {
        if (i % 2 == 0)
            ours[i] = run_round(work->ours, state, round_time);
        floor[i] = run_round(work->floor, state, round_time);
        if (i % 2 != 0)
            ours[i] = run_round(work->ours, state, round_time);
        ratio[i] = ours[i] / floor[i];
    }
    work->close(state);
    out->ours = median(ours);
    out->floor = median(floor);
    out->ratio = median(ratio);
}

void bench_fail(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("bench: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(1);
}

void bench_expect(ar_status status, const ar_error *error, const char *doing)
{
    if (status != AR_OK)
        bench_fail("%s: %s: %s", doing, ar_status_name(status), error != NULL ? error->message : "");
}

void *bench_allocate(size_t size)
{
    void *block = malloc(size);
    if (block == NULL)
        bench_fail("out of memory");
    return block;
}
