/* SPDX-License-Identifier: MIT */
#ifndef ACTORS_GATE_H
#define ACTORS_GATE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <actrec/sys/env.h>

/* Counts the threads that are inside something, so that it can be shut, and freed once nobody is left. Zero is open and
 * empty. The last thing that a thread touches of what is behind the gate is leave, of which the gate's address alone is
 * used once the count was taken down. */
typedef struct ari_gate {
    _Atomic uint32_t word; /* how many are inside; top bit: shut */
} ari_gate;

#define ARI_GATE_SHUT UINT32_C(0x80000000)

/* False: it is shut, and the caller is not inside. */
static inline bool ari_gate_enter(ari_gate *gate)
{
    uint32_t word = atomic_load_explicit(&gate->word, memory_order_relaxed);
    do {
        if ((word & ARI_GATE_SHUT) != 0)
            return false;
    } while (!atomic_compare_exchange_weak_explicit(&gate->word, &word, word + 1, memory_order_acquire,
                                                    memory_order_relaxed));
    return true;
}

/* Inside, also when it is shut: for who is known to come before the shutting thread frees. */
static inline void ari_gate_enter_always(ari_gate *gate)
{
    atomic_fetch_add_explicit(&gate->word, 1, memory_order_relaxed);
}

static inline void ari_gate_leave(ari_gate *gate, const ar_env *env)
{
    void (*wake)(void *ctx, uint32_t *word) = env->wake; /* the environment may be behind the gate, too */
    void *ctx = env->ctx;
    /* Release: what was done inside is seen by who finds the gate empty. */
    if ((atomic_fetch_sub_explicit(&gate->word, 1, memory_order_release) & ARI_GATE_SHUT) != 0)
        wake(ctx, (uint32_t *)&gate->word);
}

/* Gives the word as it was shut. */
static inline uint32_t ari_gate_shut(ari_gate *gate)
{
    return atomic_fetch_or(&gate->word, ARI_GATE_SHUT) | ARI_GATE_SHUT;
}

static inline uint32_t ari_gate_look(ari_gate *gate)
{
    return atomic_load(&gate->word);
}

/* Shuts it and waits until nobody is inside. */
static inline void ari_gate_clear(ari_gate *gate, const ar_env *env)
{
    uint32_t word = ari_gate_shut(gate);
    while (word != ARI_GATE_SHUT && env->wait(env->ctx, (uint32_t *)&gate->word, word, INT64_MAX))
        word = ari_gate_look(gate);
}

#endif
