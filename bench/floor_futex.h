/* SPDX-License-Identifier: MIT */
#ifndef BENCH_FLOOR_FUTEX_H
#define BENCH_FLOOR_FUTEX_H

#include <stdint.h>

/* Another thread that is asked, and answers, by futex. */
typedef struct floor_futex floor_futex;

floor_futex *floor_futex_open(void);
void floor_futex_close(floor_futex *floor);

/* There and back: gives what the other thread made of `number`. */
int64_t floor_futex_call(floor_futex *floor, int64_t number);

#endif
