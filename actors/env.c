/* SPDX-License-Identifier: MIT */
#include <actrec/sys/env.h>

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "actors/doorbell.h"
#include "values/memory.h"

/* The environment of a real process: threads with nng doorbells, futexes, CLOCK_MONOTONIC, malloc. */

static void *allocate(void *ctx, size_t size)
{
    (void)ctx;
    return malloc(size == 0 ? 1 : size);
}

static void *reallocate(void *ctx, void *block, size_t size)
{
    (void)ctx;
    return realloc(block, size == 0 ? 1 : size);
}

static void release(void *ctx, void *block)
{
    (void)ctx;
    free(block);
}

static int64_t read_clock(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int64_t now(void *ctx)
{
    (void)ctx;
    return read_clock(CLOCK_MONOTONIC);
}

static int64_t wall_now(void *ctx)
{
    (void)ctx;
    return read_clock(CLOCK_REALTIME);
}

static ar_status entropy(void *ctx, void *bytes, size_t size)
{
    (void)ctx;
    unsigned char *at = bytes;
    while (size > 0) {
        ssize_t got = getrandom(at, size, 0);
        if (got < 0 && errno != EINTR)
            return AR_E_IO;
        if (got > 0) {
            at += got;
            size -= (size_t)got;
        }
    }
    return AR_OK;
}

/* SplitMix64 (Steele, Lea, Flood 2014) over a counter that starts anywhere. */
static uint64_t random_bits(void *ctx)
{
    static _Atomic uint64_t counter;
    (void)ctx;
    if (atomic_load_explicit(&counter, memory_order_relaxed) == 0) {
        uint64_t seed = 0;
        if (entropy(NULL, &seed, sizeof seed) != AR_OK)
            seed = (uint64_t)read_clock(CLOCK_REALTIME);
        uint64_t unset = 0;
        atomic_compare_exchange_strong(&counter, &unset, seed | 1);
    }
    uint64_t z = atomic_fetch_add_explicit(&counter, UINT64_C(0x9e3779b97f4a7c15), memory_order_relaxed);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

struct ar_env_executor {
    const ar_env *env;
    pthread_t     thread;
    ari_doorbell *bell;
    ar_env_run_fn run;
    void         *arg;
    char          name[16];
};

static void *executor_main(void *arg)
{
    ar_env_executor *executor = arg;
    pthread_setname_np(pthread_self(), executor->name);
    for (;;) {
        int64_t next = executor->run(executor->arg);
        if (next == AR_ENV_QUIT)
            return NULL;
        if (next == AR_ENV_AGAIN)
            continue;
        ari_doorbell_wait(executor->bell, next == AR_ENV_RUNG ? INT64_MAX : next - now(NULL));
    }
}

static int start_thread(ar_env_executor *executor, size_t stack_size)
{
    pthread_attr_t attributes;
    sigset_t       all, before;

    int rv = pthread_attr_init(&attributes);
    if (rv != 0)
        return rv;
    if (stack_size != 0)
        rv = pthread_attr_setstacksize(&attributes, stack_size);
    if (rv == 0) {
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        rv = pthread_create(&executor->thread, &attributes, executor_main, executor);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
    }
    pthread_attr_destroy(&attributes);
    return rv;
}

static ar_status executor_start(const ar_env *env, const char *name, size_t stack_size, ar_env_run_fn run, void *arg,
                                ar_env_executor **out, ar_error *err)
{
    ar_env_executor *executor = ari_allocate_zero(env, sizeof *executor);
    if (executor == NULL)
        return ar_error_set(err, AR_E_NO_MEMORY, "starting a thread: out of memory");
    strncpy(executor->name, name, sizeof executor->name - 1);
    executor->env = env;
    executor->run = run;
    executor->arg = arg;
    ar_status status = ari_doorbell_open(env, &executor->bell, err);
    if (status == AR_OK) {
        *out = executor; /* before the thread runs, which may look there */
        int rv = start_thread(executor, stack_size);
        if (rv == 0)
            return AR_OK;
        *out = NULL;
        ari_doorbell_close(env, executor->bell);
        status = ar_error_set(err, rv == EAGAIN ? AR_E_NO_MEMORY : AR_E_IO, "starting thread %s: error %d", name, rv);
    }
    ari_release(env, executor);
    return status;
}

static void executor_ring(void *ctx, ar_env_executor *executor)
{
    (void)ctx;
    ari_doorbell_ring(executor->bell);
}

static void executor_join(void *ctx, ar_env_executor *executor)
{
    (void)ctx;
    pthread_join(executor->thread, NULL);
    const ar_env *env = executor->env;
    ari_doorbell_close(env, executor->bell);
    ari_release(env, executor);
}

static bool wait_word(void *ctx, uint32_t *word, uint32_t expected, int64_t deadline)
{
    (void)ctx;
    struct timespec until = {.tv_sec = (time_t)(deadline / 1000000), .tv_nsec = (long)(deadline % 1000000) * 1000};
    /* FUTEX_WAIT_BITSET takes an absolute time of CLOCK_MONOTONIC: futex(2). */
    syscall(SYS_futex, word, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, expected, deadline == INT64_MAX ? NULL : &until, NULL,
            FUTEX_BITSET_MATCH_ANY);
    return true;
}

static void wake_word(void *ctx, uint32_t *word)
{
    (void)ctx;
    syscall(SYS_futex, word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, INT_MAX, NULL, NULL, 0);
}

static const ar_env default_env = {
    .struct_size = sizeof(ar_env),
    .allocate = allocate,
    .reallocate = reallocate,
    .release = release,
    .now = now,
    .wall_now = wall_now,
    .random = random_bits,
    .entropy = entropy,
    .executor_start = executor_start,
    .executor_ring = executor_ring,
    .executor_join = executor_join,
    .wait = wait_word,
    .wake = wake_word,
};

const ar_env *ar_env_default(void)
{
    return &default_env;
}
