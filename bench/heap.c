/* SPDX-License-Identifier: MIT */
#include "bench/heap.h"

#include <malloc.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "bench/bench.h"

static _Atomic size_t counted;

void heap_use_one(void)
{
    mallopt(M_ARENA_MAX, 1);
}

double heap_in_use(void)
{
    struct mallinfo2 info = mallinfo2();
    return (double)info.uordblks + (double)info.hblkhd;
}

/* glibc: a size stands before each block. */
static size_t cost_of(void *block)
{
    return block == NULL ? 0 : malloc_usable_size(block) + sizeof(size_t);
}

static void *count_allocate(void *ctx, size_t size)
{
    (void)ctx;
    void *block = malloc(size);
    atomic_fetch_add(&counted, cost_of(block));
    return block;
}

static void *count_reallocate(void *ctx, void *block, size_t size)
{
    (void)ctx;
    size_t before = cost_of(block);
    void *moved = realloc(block, size);
    if (moved != NULL) {
        atomic_fetch_add(&counted, cost_of(moved));
        atomic_fetch_sub(&counted, before);
    }
    return moved;
}

static void count_release(void *ctx, void *block)
{
    (void)ctx;
    atomic_fetch_sub(&counted, cost_of(block));
    free(block);
}

ar_runtime *heap_counting_runtime(void)
{
    ar_error error;
    ar_runtime *runtime = NULL;
    ar_runtime_options options = { .allocate = count_allocate,
                                   .reallocate = count_reallocate,
                                   .release = count_release };
    bench_expect(ar_runtime_create(&options, &runtime, &error), &error, "making a runtime");
    return runtime;
}

double heap_counted(void)
{
    return (double)atomic_load(&counted);
}
