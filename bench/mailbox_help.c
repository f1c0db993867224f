/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "bench/bench.h"
#include "bench/counter.h"
#include "bench/floor_futex.h"

/* A blocking ask of an actor that has nothing to do, which the asking thread then runs itself. */

enum { between_looks = 64 };

typedef struct help_state {
    ar_actor *actor;
    floor_futex *floor;
} help_state;

static void *open_help(const bench_place *place)
{
    (void)place;
    help_state *state = bench_allocate(sizeof *state);
    state->actor = counter_spawn();
    state->floor = floor_futex_open();
    return state;
}

static void close_help(void *arg)
{
    help_state *state = arg;
    floor_futex_close(state->floor);
    ar_ignore(ar_actor_stop(state->actor, NULL));
    free(state);
}

static uint64_t help(void *arg, int64_t deadline)
{
    help_state *state = arg;
    int64_t done = 0;
    for (; done % between_looks != 0 || bench_now() < deadline; done++) {
        ar_error error;
        ar_message reply;
        bench_expect(ar_actor_call(state->actor, (ar_message){ .number = done }, NULL, &reply, &error), &error, "call");
        if (reply.number != done + 1)
            bench_fail("call: another answer came back");
    }
    return (uint64_t)done;
}

static uint64_t help_floor(void *arg, int64_t deadline)
{
    help_state *state = arg;
    int64_t done = 0;
    for (; done % between_looks != 0 || bench_now() < deadline; done++) {
        if (floor_futex_call(state->floor, done) != done + 1)
            bench_fail("floor: another answer came back");
    }
    return (uint64_t)done;
}

const bench bench_mailbox_help = {
    .name = "mailbox_help",
    .work = "blocking ask of an idle helpable actor; floor: there and back between two threads by futex",
    .unit = "op/s",
    .ratio_at_least = 10,
    .open = open_help,
    .ours = help,
    .floor = help_floor,
    .close = close_help,
};
