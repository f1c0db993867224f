/* SPDX-License-Identifier: MIT */
#include <actrec/sys/env.h>

#include <poll.h>
#include <stddef.h>

#include "values/memory.h"

/* The simulator. Everything runs on the thread that steps: an executor is an entry in a list, and a step draws one of
 * those that have work and calls it. Waiting is stepping until the word has changed. Calls nest when an executor's code
 * waits; one that is running is not called again, so what is further up the stack stands still, as a blocked thread
 * would. Descriptors are real and are looked at without waiting: both of their ends must be in the simulation. Time
 * moves only when nobody can run, to the first deadline of an executor or of the wait itself; with neither, nothing can
 * ever happen again: a deadlock. Schedule and random bits are two streams of SplitMix64, so that code that draws more
 * numbers keeps its schedule. */

#define CLOCK_START INT64_C(1000000)
#define WALL_START  INT64_C(1577836800000000) /* 2020-01-01T00:00:00Z */

struct ar_env_executor {
    const ar_env *env; /* to free it from */
    ar_env_executor *next;
    uint64_t number; /* in the order of starting */
    ar_env_run_fn run;
    void *arg;
    int64_t due; /* AR_ENV_RUNG: only when rung */
    bool rung;
    bool running;
    bool has_quit;
};

struct ar_env_readiness {
    const ar_env *env;
    ar_env_readiness *next;
    ar_env_executor *executor;
    ar_env_ready_fn ready;
    void *arg;
    int fd;
    int events; /* armed for; 0: not armed */
    bool nudged;
};

struct ar_sim {
    ar_env env;
    int64_t now;
    uint64_t schedule; /* states of the two streams */
    uint64_t chance;
    uint64_t fingerprint;
    uint64_t started;
    ar_env_executor *executors; /* oldest first */
    ar_env_readiness *watched;
    bool deadlocked;
};

static uint64_t mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static uint64_t draw(uint64_t *stream)
{
    *stream += UINT64_C(0x9e3779b97f4a7c15);
    return mix(*stream);
}

static bool is_ready(int fd, int events)
{
    struct pollfd polled = { .fd = fd, .events = (short)events };
    return poll(&polled, 1, 0) > 0;
}

static ar_env_readiness *ready_on(const ar_sim *sim, const ar_env_executor *executor)
{
    for (ar_env_readiness *r = sim->watched; r != NULL; r = r->next)
        if (r->executor == executor && r->events != 0 && is_ready(r->fd, r->events))
            return r;
    return NULL;
}

static bool can_run(const ar_sim *sim, const ar_env_executor *executor)
{
    return !executor->running && !executor->has_quit &&
           (executor->rung || executor->due <= sim->now || ready_on(sim, executor) != NULL);
}

/* The executor to run, drawn from those that can; NULL when none can. */
static ar_env_executor *choose(ar_sim *sim)
{
    uint64_t count = 0;
    for (ar_env_executor *e = sim->executors; e != NULL; e = e->next)
        count += can_run(sim, e);
    uint64_t chosen = count < 2 ? 0 : draw(&sim->schedule) % count;
    for (ar_env_executor *e = sim->executors; e != NULL; e = e->next)
        if (can_run(sim, e) && chosen-- == 0)
            return e;
    return NULL;
}

static bool run_one(ar_sim *sim)
{
    ar_env_executor *executor = choose(sim);
    if (executor == NULL)
        return false;
    sim->fingerprint = mix(sim->fingerprint ^ mix(executor->number) ^ (uint64_t)sim->now);
    ar_env_readiness *ready = ready_on(sim, executor);
    executor->rung = false;
    executor->running = true;
    if (ready != NULL) {
        ready->events = 0;
        ready->ready(ready->arg);
    }
    int64_t next = executor->run(executor->arg);
    executor->running = false;
    executor->has_quit = next == AR_ENV_QUIT;
    executor->due = next;
    return true;
}

/* Nobody can run now: moves the clock to when somebody can, at most to `deadline`. False: never. */
static bool pass_time(ar_sim *sim, int64_t deadline)
{
    int64_t next = deadline;
    for (ar_env_executor *e = sim->executors; e != NULL; e = e->next)
        if (!e->running && !e->has_quit && e->due < next)
            next = e->due;
    if (next == INT64_MAX)
        return false;
    if (next > sim->now)
        sim->now = next;
    return true;
}

static int64_t now(void *ctx)
{
    return ((ar_sim *)ctx)->now;
}

static int64_t wall_now(void *ctx)
{
    return WALL_START + ((ar_sim *)ctx)->now - CLOCK_START;
}

static uint64_t random_bits(void *ctx)
{
    return draw(&((ar_sim *)ctx)->chance);
}

static ar_status entropy(void *ctx, void *bytes, size_t size)
{
    unsigned char *at = bytes;
    for (size_t i = 0; i < size; i++)
        at[i] = (unsigned char)(random_bits(ctx) >> 56);
    return AR_OK;
}

static ar_status executor_start(const ar_env *env, const char *name, size_t stack_size, ar_env_run_fn run, void *arg,
                                ar_env_executor **out, ar_error *err)
{
    ar_sim *sim = env->ctx;
    ar_env_executor *executor = ari_allocate_zero(env, sizeof *executor);
    (void)stack_size;
    if (executor == NULL)
        return ar_error_set(err, AR_E_NO_MEMORY, "starting %s: out of memory", name);
    executor->env = env;
    executor->number = ++sim->started;
    executor->run = run;
    executor->arg = arg;
    executor->due = AR_ENV_AGAIN;
    ar_env_executor **end = &sim->executors;
    while (*end != NULL)
        end = &(*end)->next;
    *end = executor;
    *out = executor;
    return AR_OK;
}

static void executor_ring(void *ctx, ar_env_executor *executor)
{
    (void)ctx;
    executor->rung = true;
}

static void executor_join(void *ctx, ar_env_executor *executor)
{
    ar_sim *sim = ctx;
    while (!executor->has_quit && (run_one(sim) || pass_time(sim, INT64_MAX)))
        continue;
    sim->deadlocked |= !executor->has_quit;
    ar_env_executor **at = &sim->executors;
    while (*at != executor)
        at = &(*at)->next;
    *at = executor->next;
    ari_release(executor->env, executor);
}

static bool wait_word(void *ctx, uint32_t *word, uint32_t expected, int64_t deadline)
{
    ar_sim *sim = ctx;
    while (*word == expected && sim->now < deadline) {
        if (!run_one(sim) && !pass_time(sim, deadline)) {
            sim->deadlocked = true;
            return false;
        }
    }
    return true;
}

/* Who waits looks at the word itself. */
static void wake_word(void *ctx, uint32_t *word)
{
    (void)ctx;
    (void)word;
}

static ar_status readiness_open(const ar_env *env, ar_env_executor *executor, ar_env_ready_fn ready, void *arg,
                                ar_env_readiness **out, ar_error *err)
{
    ar_sim *sim = env->ctx;
    ar_env_readiness *readiness = ari_allocate_zero(env, sizeof *readiness);
    if (readiness == NULL)
        return ar_error_set(err, AR_E_NO_MEMORY, "watching a descriptor: out of memory");
    *readiness = (ar_env_readiness){
        .env = env, .next = sim->watched, .executor = executor, .ready = ready, .arg = arg, .fd = -1
    };
    sim->watched = readiness;
    *out = readiness;
    return AR_OK;
}

static bool readiness_arm(void *ctx, ar_env_readiness *readiness, int fd, int events)
{
    (void)ctx;
    readiness->fd = fd;
    readiness->events = events;
    return true;
}

static void readiness_wait(void *ctx, ar_env_readiness *readiness, int fd, int events, int64_t deadline)
{
    ar_sim *sim = ctx;
    while (!readiness->nudged && !is_ready(fd, events) && sim->now < deadline) {
        if (!run_one(sim) && !pass_time(sim, deadline)) {
            sim->deadlocked = true;
            break;
        }
    }
    readiness->nudged = false;
}

static void readiness_nudge(void *ctx, ar_env_readiness *readiness)
{
    (void)ctx;
    readiness->nudged = true;
}

static int64_t round_trip(void *ctx, int fd)
{
    (void)ctx;
    (void)fd;
    return 0;
}

static void readiness_close(void *ctx, ar_env_readiness *readiness)
{
    ar_sim *sim = ctx;
    if (readiness == NULL)
        return;
    ar_env_readiness **at = &sim->watched;
    while (*at != readiness)
        at = &(*at)->next;
    *at = readiness->next;
    ari_release(readiness->env, readiness);
}

ar_status ar_sim_create(uint64_t seed, ar_sim **out, ar_error *err)
{
    const ar_env *base = ar_env_default();
    if (out == NULL)
        return ar_error_set(err, AR_E_INVALID, "creating a simulator: `out` is NULL");
    *out = NULL;
    ar_sim *sim = ari_allocate_zero(base, sizeof *sim);
    if (sim == NULL)
        return ar_error_set(err, AR_E_NO_MEMORY, "creating a simulator: out of memory");
    sim->env = *base;
    sim->env.ctx = sim;
    sim->env.now = now;
    sim->env.wall_now = wall_now;
    sim->env.random = random_bits;
    sim->env.entropy = entropy;
    sim->env.executor_start = executor_start;
    sim->env.executor_ring = executor_ring;
    sim->env.executor_join = executor_join;
    sim->env.wait = wait_word;
    sim->env.wake = wake_word;
    sim->env.readiness_open = readiness_open;
    sim->env.readiness_arm = readiness_arm;
    sim->env.readiness_wait = readiness_wait;
    sim->env.readiness_nudge = readiness_nudge;
    sim->env.round_trip = round_trip;
    sim->env.readiness_close = readiness_close;
    sim->now = CLOCK_START;
    sim->schedule = mix(seed + 1);
    sim->chance = mix(~seed);
    *out = sim;
    return AR_OK;
}

void ar_sim_destroy(ar_sim *sim)
{
    ari_release(ar_env_default(), sim);
}

const ar_env *ar_sim_env(ar_sim *sim)
{
    return sim == NULL ? NULL : &sim->env;
}

bool ar_sim_step(ar_sim *sim)
{
    return sim != NULL && (run_one(sim) || pass_time(sim, INT64_MAX));
}

bool ar_sim_is_deadlocked(const ar_sim *sim)
{
    return sim != NULL && sim->deadlocked;
}

uint64_t ar_sim_fingerprint(const ar_sim *sim)
{
    return sim == NULL ? 0 : sim->fingerprint;
}
