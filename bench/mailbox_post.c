/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <stdlib.h>

#include "bench/bench.h"
#include "bench/counter.h"
#include "bench/floor_nng.h"

/* Four threads ask one actor, each with 64 asks in flight, awaiting the oldest before it sends the next. The floor gives
 * each of them a pair and a thread that answers: that is faster than one pair, and one who answers, for all four. */

enum { thread_count = 4, in_flight = 64, between_looks = 32 };

typedef struct post_state {
    ar_actor *actor;
    floor_nng *floors[thread_count];
} post_state;

typedef struct asker {
    post_state *state;
    uint64_t (*ask)(post_state *state, int number, int64_t deadline);
    int number;
    int64_t deadline;
    uint64_t done;
    pthread_t thread;
} asker;

static void *open_post(const bench_place *place)
{
    (void)place;
    post_state *state = bench_allocate(sizeof *state);
    state->actor = counter_spawn();
    for (int i = 0; i < thread_count; i++)
        state->floors[i] = floor_nng_open(in_flight);
    return state;
}

static void close_post(void *arg)
{
    post_state *state = arg;
    for (int i = 0; i < thread_count; i++)
        floor_nng_close(state->floors[i]);
    ar_ignore(ar_actor_stop(state->actor, NULL));
    free(state);
}

static uint64_t ask_actor(post_state *state, int number, int64_t deadline)
{
    (void)number;
    ar_reply_future futures[in_flight];
    uint64_t sent = 0, done = 0;
    bool more = true;
    while (more || done < sent) {
        for (; more && sent < done + in_flight; sent++)
            futures[sent % in_flight] = ar_actor_ask(state->actor, (ar_message){ .number = (int64_t)sent }, NULL);
        ar_error error;
        ar_message reply;
        bench_expect(ar_reply_await(&futures[done % in_flight], &reply, &error), &error, "ask");
        if (reply.number != (int64_t)done + 1)
            bench_fail("ask: another answer came back");
        done++;
        more = more && (done % between_looks != 0 || bench_now() < deadline);
    }
    return done;
}

static uint64_t ask_floor(post_state *state, int number, int64_t deadline)
{
    return floor_nng_ask(state->floors[number], in_flight, deadline);
}

static void *run(void *arg)
{
    asker *self = arg;
    self->done = self->ask(self->state, self->number, self->deadline);
    return NULL;
}

static uint64_t run_all(post_state *state, int64_t deadline, uint64_t (*ask)(post_state *, int, int64_t))
{
    asker askers[thread_count];
    uint64_t done = 0;
    for (int i = 0; i < thread_count; i++) {
        askers[i] = (asker){ .state = state, .ask = ask, .number = i, .deadline = deadline };
        if (pthread_create(&askers[i].thread, NULL, run, &askers[i]) != 0)
            bench_fail("ask: no thread to be had");
    }
    for (int i = 0; i < thread_count; i++) {
        pthread_join(askers[i].thread, NULL);
        done += askers[i].done;
    }
    return done;
}

static uint64_t post(void *arg, int64_t deadline)
{
    return run_all(arg, deadline, ask_actor);
}

static uint64_t post_floor(void *arg, int64_t deadline)
{
    return run_all(arg, deadline, ask_floor);
}

const bench bench_mailbox_post = {
    .name = "mailbox_post",
    .work = "no-op asks of one actor, 4 threads with 64 in flight each; floor: nng pairs, a message each way",
    .unit = "op/s",
    .ratio_at_least = 6,
    .ours_at_least = 1.5e6,
    .open = open_post,
    .ours = post,
    .floor = post_floor,
    .close = close_post,
};
