/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SUPPORT_COUNTING_ENV_H
#define TESTS_SUPPORT_COUNTING_ENV_H

#include <stdbool.h>
#include <stddef.h>

#include <actrec/sys/env.h>

/* An environment of memory and chance alone, which counts what is allocated and refuses what it is told to. */
typedef struct counting_env {
    ar_env env;
    size_t allocations; /* so far, those that were refused too */
    size_t live;        /* blocks that were not released */
    size_t refuse_at;   /* the allocation of that number, from 1; 0: none */
    bool refuse_on;     /* and every one after it */
} counting_env;

void counting_env_init(counting_env *counting);

#endif
