/* SPDX-License-Identifier: MIT */
#include "values/handles.h"

#include <actrec/sys/env.h>

/* A slot is free, or live with any number of users, or closed with at least one. The last user to leave a closed
 * slot destroys the object, moves the slot to its next generation and gives it back. Only `word` decides; a
 * successful enter (acquire) pairs with open's release of the generation, and leave (release) with the last leaver's
 * acquire before it destroys. An enter that fails acquires too: who finds a handle stale may rely on all that came
 * before its close. */

#define SLOT_BITS (UINTPTR_MAX > UINT32_MAX ? 24 : 14)
#define SLOT_MASK (((uintptr_t)1 << SLOT_BITS) - 1)
#define CLOSED    UINT64_C(0x80000000)
#define USERS     UINT64_C(0x7fffffff)

static ari_handle_slot *slot_at(ari_handles *table, uint32_t number)
{
    uint32_t size = ARI_HANDLE_FIRST;
    for (unsigned k = 0; k < ARI_HANDLE_CHUNKS; k++, size <<= 1) {
        if (number < size) {
            ari_handle_slot *chunk =
                k == 0 ? table->first : atomic_load_explicit(&table->chunks[k], memory_order_acquire);
            return chunk == NULL ? NULL : &chunk[number];
        }
        number -= size;
    }
    return NULL;
}

static bool grow(ari_handles *table)
{
    uint32_t before = 0;
    uint32_t size = ARI_HANDLE_FIRST;
    for (unsigned k = 0; k < ARI_HANDLE_CHUNKS; k++, size <<= 1) {
        if (k > 0 && table->used == before) {
            /* Process-wide and never freed, so not from a runtime's allocator. */
            const ar_env *env = ar_env_default();
            ari_handle_slot *chunk = env->allocate(env->allocator_ctx, size * sizeof *chunk);
            if (chunk == NULL)
                return false;
            for (uint32_t i = 0; i < size; i++) {
                atomic_init(&chunk[i].word, 0);
                atomic_init(&chunk[i].object, NULL);
                chunk[i].next_free = 0;
            }
            atomic_store_explicit(&table->chunks[k], chunk, memory_order_release);
            return true;
        }
        before += size;
        if (table->used < before)
            return true;
    }
    return false;
}

static uint32_t take_slot(ari_handles *table, ari_handle_slot **slot)
{
    uint32_t number = 0;
    pthread_mutex_lock(&table->lock);
    if (table->free_head != 0) {
        number = table->free_head;
        *slot = slot_at(table, number - 1);
        table->free_head = (*slot)->next_free;
    } else if (table->used + 1 < SLOT_MASK && grow(table)) {
        *slot = slot_at(table, table->used);
        number = ++table->used;
    }
    pthread_mutex_unlock(&table->lock);
    return number;
}

uintptr_t ari_handle_open(ari_handles *table, void *object)
{
    ari_handle_slot *slot = NULL;
    uint32_t number = take_slot(table, &slot);
    if (number == 0 || slot == NULL)
        return 0;
    uint64_t generation = (atomic_load_explicit(&slot->word, memory_order_relaxed) >> 32) + 1;
    generation &= UINTPTR_MAX >> SLOT_BITS;
    generation &= UINT32_MAX;
    if (generation == 0)
        generation = 1;
    atomic_store_explicit(&slot->object, object, memory_order_relaxed);
    atomic_store_explicit(&slot->word, generation << 32 | 1, memory_order_release);
    return (uintptr_t)generation << SLOT_BITS | number;
}

void *ari_handle_enter(ari_handles *table, uintptr_t handle)
{
    uintptr_t number = handle & SLOT_MASK;
    if (number == 0)
        return NULL;
    ari_handle_slot *slot = slot_at(table, (uint32_t)(number - 1));
    if (slot == NULL)
        return NULL;
    uint64_t generation = handle >> SLOT_BITS;
    uint64_t word = atomic_load_explicit(&slot->word, memory_order_acquire);
    do {
        if (word >> 32 != generation || (word & CLOSED) != 0 || (word & USERS) == USERS)
            return NULL;
    } while (!atomic_compare_exchange_weak_explicit(&slot->word, &word, word + 1, memory_order_acquire,
                                                    memory_order_acquire));
    return atomic_load_explicit(&slot->object, memory_order_relaxed);
}

void ari_handle_leave(ari_handles *table, uintptr_t handle)
{
    uint32_t number = (uint32_t)(handle & SLOT_MASK);
    ari_handle_slot *slot = slot_at(table, number - 1);
    uint64_t before = atomic_fetch_sub_explicit(&slot->word, 1, memory_order_acq_rel);
    if ((before & (CLOSED | USERS)) != (CLOSED | 1))
        return;
    void *object = atomic_load_explicit(&slot->object, memory_order_relaxed);
    table->destroy(object);
    pthread_mutex_lock(&table->lock);
    slot->next_free = table->free_head;
    table->free_head = number;
    pthread_mutex_unlock(&table->lock);
}

bool ari_handle_close(ari_handles *table, uintptr_t handle)
{
    ari_handle_slot *slot = slot_at(table, (uint32_t)((handle & SLOT_MASK) - 1));
    return (atomic_fetch_or_explicit(&slot->word, CLOSED, memory_order_acq_rel) & CLOSED) == 0;
}

/* Slots count from 1, so that no object has number 0. */
uintptr_t ari_handle_of_error(unsigned number)
{
    return (uintptr_t)number << SLOT_BITS;
}

unsigned ari_handle_error(uintptr_t handle)
{
    return (handle & SLOT_MASK) == 0 && handle >> SLOT_BITS < 256 ? (unsigned)(handle >> SLOT_BITS) : 0;
}
