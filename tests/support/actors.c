/* SPDX-License-Identifier: MIT */
#include "tests/support/actors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "tests/support/refusal.h"

static bool refuses(test_memory *memory)
{
    size_t number = atomic_fetch_add(&memory->allocations, 1) + 1;
    return memory->refuse_at != 0 && (number == memory->refuse_at || (memory->refuse_on && number > memory->refuse_at));
}

static void *allocate(void *ctx, size_t size)
{
    test_memory *memory = ctx;
    void *block = refuses(memory) ? NULL : malloc(size);
    if (block != NULL)
        atomic_fetch_add(&memory->live, 1);
    return block;
}

static void *reallocate(void *ctx, void *block, size_t size)
{
    test_memory *memory = ctx;
    void *moved = refuses(memory) ? NULL : realloc(block, size);
    if (moved != NULL && block == NULL)
        atomic_fetch_add(&memory->live, 1);
    return moved;
}

static void release(void *ctx, void *block)
{
    test_memory *memory = ctx;
    if (block != NULL)
        atomic_fetch_sub(&memory->live, 1);
    free(block);
}

void test_memory_use(test_memory *memory, ar_runtime_options *options)
{
    options->allocate = allocate;
    options->reallocate = reallocate;
    options->release = release;
    options->allocator_ctx = memory;
}

void test_latch_raise(test_latch *latch)
{
    pthread_mutex_lock(&latch->lock);
    latch->count++;
    pthread_cond_broadcast(&latch->raised);
    pthread_mutex_unlock(&latch->lock);
}

int test_latch_count(test_latch *latch)
{
    pthread_mutex_lock(&latch->lock);
    int count = latch->count;
    pthread_mutex_unlock(&latch->lock);
    return count;
}

bool test_latch_wait(test_latch *latch, int count)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    time_t until = now.tv_sec + TEST_PATIENCE / 1000;
    pthread_mutex_lock(&latch->lock);
    while (latch->count < count && now.tv_sec < until) {
        struct timespec soon = refusal_patience(&now);
        int rv = pthread_cond_timedwait(&latch->raised, &latch->lock, &soon);
        if (rv != 0 && refusal_happened())
            break;
        clock_gettime(CLOCK_REALTIME, &now);
    }
    bool reached = latch->count >= count;
    pthread_mutex_unlock(&latch->lock);
    return reached;
}

ar_runtime *test_runtime(unsigned workers)
{
    ar_runtime *runtime = NULL;
    ar_ignore(ar_runtime_create(&(ar_runtime_options){ .workers = workers }, &runtime, NULL));
    assert_non_null(runtime); /* NULL stands for the default one, which outlives the test's variables */
    return runtime;
}

ar_status test_echo(ar_context *self, void *state, ar_message *message, ar_error *err)
{
    (void)state;
    (void)err;
    ar_context_reply(self, (ar_message){ .kind = message->kind, .number = message->number + 1 });
    return AR_OK;
}

ar_actor *test_spawn(ar_runtime *runtime, ar_behaviour behaviour, void *state)
{
    ar_actor *actor = NULL;
    ar_ignore(ar_actor_spawn(runtime, &(ar_actor_options){ .behaviour = behaviour, .state = state }, &actor, NULL));
    return actor;
}

ar_status test_tell(ar_actor *actor, uint32_t kind, int64_t number)
{
    return ar_actor_tell(actor, (ar_message){ .kind = kind, .number = number }, NULL, NULL);
}

int64_t test_ask(ar_actor *actor, uint32_t kind, int64_t number, ar_status *status)
{
    ar_message reply = { .number = -1 };
    ar_reply_future future = ar_actor_ask(actor, (ar_message){ .kind = kind, .number = number }, NULL);
    ar_status came = ar_reply_await_for(&future, TEST_PATIENCE, &reply, NULL);
    ar_future_drop(&future.raw);
    if (status != NULL)
        *status = came;
    return came == AR_OK ? reply.number : -1;
}

ar_status test_await_end(ar_actor *actor, ar_error *err)
{
    ar_done ended = ar_actor_ended(actor);
    ar_status status = ar_done_await_for(&ended, TEST_PATIENCE, err);
    ar_future_drop(&ended.raw);
    return status;
}
