/* SPDX-License-Identifier: MIT */
/* A snippet of statements in a function that has `runtime`, the actor `counter`, which answers an ADD with its sum and
 * is registered under that name, `s` and `err`. A call that fails makes the snippet fail: it has set `err`. */
#include <actrec.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ADD = 1 };

static ar_status count(ar_context *self, void *state, ar_message *message, ar_error *err)
{
    int64_t *sum = state;
    (void)err;
    if (message->kind == ADD)
        *sum += message->number;
    ar_context_reply(self, (ar_message){ .kind = ADD, .number = *sum });
    return AR_OK;
}

static void show(void *arg, ar_status status, ar_message *reply, const ar_error *err)
{
    if (status == AR_OK)
        printf("%s: %" PRId64 "\n", (const char *)arg, reply->number);
    else
        printf("%s: %s\n", (const char *)arg, err->message);
}

static ar_status snippet(ar_runtime *runtime, ar_actor *counter, ar_error *err)
{
    ar_status s = AR_OK;
    (void)runtime;
    (void)counter;
    (void)show;
    /* SNIPPET */
    return s;
}

int main(void)
{
    ar_error err;
    ar_runtime *runtime = NULL;
    ar_actor *counter = NULL;
    int64_t sum = 0;
    ar_status s = ar_runtime_create(NULL, &runtime, &err);
    ar_actor_options options = { .name = "counter", .behaviour = count, .state = &sum };
    if (s == AR_OK)
        s = ar_actor_spawn(runtime, &options, &counter, &err);
    if (s == AR_OK)
        s = snippet(runtime, counter, &err);
    if (s != AR_OK)
        fprintf(stderr, "%s: %s\n", ar_status_name(s), err.message);
    ar_status closed = ar_runtime_close(&runtime, &err);
    return s == AR_OK && closed == AR_OK ? 0 : 1;
}
