/* SPDX-License-Identifier: MIT */
#ifndef ACTREC_SYS_ENV_H
#define ACTREC_SYS_ENV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <actrec/error.h>

AR_BEGIN_DECLS

/* The seam between the library and the world: everything in it that is not a pure function of its input reaches the
 * outside through one of these. The default is threads, nng doorbells, futexes, the monotonic clock and malloc
 * (ar_env_default); the tests put a seeded single-threaded simulator in its place (ar_sim_create) and run the very same
 * actor code.
 *
 * Every entry must be there. All are called from any thread unless it says otherwise; `ctx` is passed as it was
 * given. */

/* An executor is a loop with a doorbell: it calls `run` once when it is started, then when the bell was rung, or when
 * the time has come that the last call asked for, and from one place at a time. `run` returns when it wants to be
 * called next though nobody rings: microseconds of `now` (AR_ENV_AGAIN: at once, after others had a turn; AR_ENV_RUNG:
 * only when rung), or AR_ENV_QUIT, after which it is not called again. */
#define AR_ENV_AGAIN INT64_C(0)
#define AR_ENV_RUNG  INT64_MAX
#define AR_ENV_QUIT  INT64_MIN

typedef int64_t (*ar_env_run_fn)(void *arg);

typedef void (*ar_env_ready_fn)(void *arg);

typedef struct ar_env_executor ar_env_executor;
typedef struct ar_env_readiness ar_env_readiness;

typedef struct ar_env {
    size_t struct_size;
    void *ctx;

    /* malloc, realloc and free: NULL says that there is no memory. free takes NULL. ar_runtime_options may replace
     * these four. */
    void *allocator_ctx;
    void *(*allocate)(void *allocator_ctx, size_t size);
    void *(*reallocate)(void *allocator_ctx, void *block, size_t size);
    void (*release)(void *allocator_ctx, void *block);

    /* Monotonic clock and wall clock, microseconds; the wall clock counts from 1970 UTC. */
    int64_t (*now)(void *ctx);
    int64_t (*wall_now)(void *ctx);

    /* 64 random bits: good enough for jitter and schedules, not for secrets. */
    uint64_t (*random)(void *ctx);

    /* Fills `bytes` from the system's generator for UUIDs. */
    ar_status (*entropy)(void *ctx, void *bytes, size_t size);

    /* Starts an executor; `name` (at most 15 bytes are shown by Linux) and `stack_size` (bytes, 0: the default) are
     * hints. `env` is the one to allocate from and lives longer than the executor. */
    ar_status (*executor_start)(const struct ar_env *env, const char *name, size_t stack_size, ar_env_run_fn run,
                                void *arg, ar_env_executor **out, ar_error *err);
    /* Rings: `run` is called at least once after this. Rings coalesce. Never blocks or fails. */
    void (*executor_ring)(void *ctx, ar_env_executor *executor);
    /* Waits until `run` has said AR_ENV_QUIT and frees the executor. Not on the executor itself. */
    void (*executor_join)(void *ctx, ar_env_executor *executor);

    /* Sleeps while *word equals `expected`, until `deadline` (microseconds of `now`; INT64_MAX: for ever). May return
     * early. False: nothing can ever change the word, which only a simulator knows; whoever waits gives up with
     * AR_E_DEADLOCK. */
    bool (*wait)(void *ctx, uint32_t *word, uint32_t expected, int64_t deadline);
    /* Wakes all that sleep on `word`. */
    void (*wake)(void *ctx, uint32_t *word);

    /* Readiness of one descriptor at a time, for an actor that does not block in its driver. `ready` is called on the
     * executor. */
    ar_status (*readiness_open)(const struct ar_env *env, ar_env_executor *executor, ar_env_ready_fn ready, void *arg,
                                ar_env_readiness **out, ar_error *err);
    /* Has `ready` called once when `fd` is ready for `events` (POLLIN, POLLOUT of poll(2)) or broken; instead of what
     * was armed before. By one thread at a time. False: that cannot be had. */
    bool (*readiness_arm)(void *ctx, ar_env_readiness *readiness, int fd, int events);
    /* Sleeps on this thread until `fd` is ready for `events`, or nudge was called since the last sleep, or `deadline`
     * has passed. May return early. */
    void (*readiness_wait)(void *ctx, ar_env_readiness *readiness, int fd, int events, int64_t deadline);
    void (*readiness_nudge)(void *ctx, ar_env_readiness *readiness);
    /* How long a message on the socket `fd` takes to its peer and back, microseconds, as far as is known; 0 within this
     * machine. */
    int64_t (*round_trip)(void *ctx, int fd);
    /* Nobody waits or arms any more. On the executor, or after it was joined. NULL does nothing. */
    void (*readiness_close)(void *ctx, ar_env_readiness *readiness);
} ar_env;

/* The environment of threads, nng and the monotonic clock.
 * Owns:    static.
 * Threads: any.
 * Blocks:  never.
 * Errors:  none. */
AR_API const ar_env *ar_env_default(void);

/* A simulator: one thread, a virtual clock that stands still until nothing else can run, and a schedule drawn from
 * `seed`. The same program with the same seed takes the same schedule. Executors run when ar_sim_step is called, and
 * whenever the library waits: a blocking call steps until what it waits for has come. Where that can never come,
 * because no executor has work and nobody waits for a time, the call answers AR_E_DEADLOCK and ar_sim_is_deadlocked
 * says so. Clock and wall clock start at one second and at 2020-01-01. */
typedef struct ar_sim ar_sim;

/* Creates a simulator.
 * Owns:    the caller, ar_sim_destroy; after every runtime on it is closed.
 * Threads: the one that uses it, and no other.
 * Blocks:  never.
 * Errors:  AR_E_INVALID for a NULL `out`, AR_E_NO_MEMORY. */
AR_API AR_NODISCARD ar_status ar_sim_create(uint64_t seed, ar_sim **out, ar_error *err);

/* Frees a simulator; NULL does nothing.
 * Owns:    takes `sim`.
 * Threads: the one that made it.
 * Blocks:  never.
 * Errors:  none. */
AR_API void ar_sim_destroy(ar_sim *sim);

/* The environment of a simulator, for ar_runtime_options.env. NULL for NULL.
 * Owns:    the simulator.
 * Threads: the one that made it.
 * Blocks:  never.
 * Errors:  none. */
AR_API const ar_env *ar_sim_env(ar_sim *sim);

/* Runs one executor that has work, or, when none has, moves the clock to the next deadline anybody waits for. False
 * when there is neither.
 * Owns:    nothing.
 * Threads: the one that made it.
 * Blocks:  never.
 * Errors:  none; NULL answers false. */
AR_API bool ar_sim_step(ar_sim *sim);

/* Whether a call ever waited for something that could not come any more: somebody forgot to answer, or a lost wake-up.
 * Owns:    nothing.
 * Threads: the one that made it.
 * Blocks:  never.
 * Errors:  none; NULL answers false. */
AR_API bool ar_sim_is_deadlocked(const ar_sim *sim);

/* A number that stands for the schedule so far: equal for equal schedules.
 * Owns:    nothing.
 * Threads: the one that made it.
 * Blocks:  never.
 * Errors:  none; NULL answers 0. */
AR_API uint64_t ar_sim_fingerprint(const ar_sim *sim);

AR_END_DECLS

#endif
