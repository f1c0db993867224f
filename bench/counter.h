/* SPDX-License-Identifier: MIT */
#ifndef BENCH_COUNTER_H
#define BENCH_COUNTER_H

#include <actrec/actor.h>

/* An actor that answers a number with the next one, and does nothing else. */
ar_actor *counter_spawn(void);

#endif
