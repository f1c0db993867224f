/* SPDX-License-Identifier: MIT */
#ifndef BENCH_HEAP_H
#define BENCH_HEAP_H

#include <stddef.h>

#include <actrec/runtime.h>

/* Has every thread allocate from one heap, so that what it holds can be compared. Before the first thread. */
void heap_use_one(void);

/* Bytes of malloc's heap that are handed out, with what malloc adds to each block. */
double heap_in_use(void);

/* Bytes that the library holds, with what malloc adds to each block, counted by the hooks of a runtime's options. */
ar_runtime *heap_counting_runtime(void);
double heap_counted(void);

#endif
