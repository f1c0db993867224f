/* SPDX-License-Identifier: MIT */
#include "bench/counter.h"

#include "bench/bench.h"

static ar_status count(ar_context *self, void *state, ar_message *message, ar_error *err)
{
    (void)state;
    (void)err;
    ar_context_reply(self, (ar_message){ .number = message->number + 1 });
    return AR_OK;
}

ar_actor *counter_spawn(void)
{
    ar_error error;
    ar_actor *actor = NULL;
    ar_actor_options options = { .behaviour = count, .helpable = true };
    bench_expect(ar_actor_spawn(NULL, &options, &actor, &error), &error, "spawning an actor");
    return actor;
}
