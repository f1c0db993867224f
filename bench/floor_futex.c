/* SPDX-License-Identifier: MIT */
#include "bench/floor_futex.h"

#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench/bench.h"

/* `asked` and `answered` count calls, and each is the futex that the other side sleeps on; a store of either publishes
 * `number` (release, with the acquire of the loop that waits for it). */
struct floor_futex {
    _Alignas(64) _Atomic uint32_t asked;
    _Alignas(64) _Atomic uint32_t answered;
    int64_t number;
    bool quit;
    pthread_t thread;
};

static void wait_for_change(_Atomic uint32_t *word, uint32_t from)
{
    while (atomic_load_explicit(word, memory_order_acquire) == from)
        syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, from, NULL, NULL, 0);
}

static void advance(_Atomic uint32_t *word)
{
    atomic_fetch_add_explicit(word, 1, memory_order_release);
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void *answer(void *arg)
{
    floor_futex *floor = arg;
    for (uint32_t seen = 0;; seen++) {
        wait_for_change(&floor->asked, seen);
        if (floor->quit)
            return NULL;
        floor->number++;
        advance(&floor->answered);
    }
}

floor_futex *floor_futex_open(void)
{
    floor_futex *floor = aligned_alloc(_Alignof(floor_futex), sizeof *floor);
    if (floor == NULL)
        bench_fail("out of memory");
    atomic_init(&floor->asked, 0);
    atomic_init(&floor->answered, 0);
    floor->quit = false;
    if (pthread_create(&floor->thread, NULL, answer, floor) != 0)
        bench_fail("floor: no thread to be had");
    return floor;
}

void floor_futex_close(floor_futex *floor)
{
    floor->quit = true;
    advance(&floor->asked);
    pthread_join(floor->thread, NULL);
    free(floor);
}

int64_t floor_futex_call(floor_futex *floor, int64_t number)
{
    uint32_t before = atomic_load_explicit(&floor->answered, memory_order_relaxed);
    floor->number = number;
    advance(&floor->asked);
    wait_for_change(&floor->answered, before);
    return floor->number;
}
