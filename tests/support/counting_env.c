/* SPDX-License-Identifier: MIT */
#include "tests/support/counting_env.h"

#include <stdlib.h>

static bool refused(counting_env *counting)
{
    size_t number = ++counting->allocations;
    if (counting->refuse_at == 0)
        return false;
    return counting->refuse_on ? number >= counting->refuse_at : number == counting->refuse_at;
}

static void *allocate(void *ctx, size_t size)
{
    counting_env *counting = ctx;
    void *block = refused(counting) ? NULL : malloc(size);
    counting->live += block != NULL;
    return block;
}

static void *reallocate(void *ctx, void *block, size_t size)
{
    counting_env *counting = ctx;
    void *moved = refused(counting) ? NULL : realloc(block, size);
    counting->live += moved != NULL && block == NULL;
    return moved;
}

static void release(void *ctx, void *block)
{
    counting_env *counting = ctx;
    counting->live -= block != NULL;
    free(block);
}

static uint64_t chance(void *ctx)
{
    (void)ctx;
    return UINT64_C(0x1234567890ABCDEF);
}

void counting_env_init(counting_env *counting)
{
    *counting = (counting_env){ .allocations = 0 };
    counting->env = (ar_env){ .struct_size = sizeof(ar_env),
                              .ctx = counting,
                              .allocator_ctx = counting,
                              .allocate = allocate,
                              .reallocate = reallocate,
                              .release = release,
                              .random = chance };
}
