/* SPDX-License-Identifier: MIT */
#ifndef BENCH_FLOOR_NNG_H
#define BENCH_FLOOR_NNG_H

#include <stdint.h>

/* What an actor behind an nng pair is without a mailbox of its own: each ask is a message, and its answer a message
 * back. Messages are made once and travel to and fro. */
typedef struct floor_nng floor_nng;

/* With a thread that answers. `in_flight`: messages that may be under way at most. One thread opens them all. */
floor_nng *floor_nng_open(int in_flight);
void floor_nng_close(floor_nng *floor);

/* Asks and is answered until `deadline` (bench_now), with `window` messages in flight, on the calling thread. Answers
 * how many answers came. */
uint64_t floor_nng_ask(floor_nng *floor, int window, int64_t deadline);

/* Bytes of the heap that a message for one ask takes. */
double floor_nng_message_bytes(int count);

#endif
