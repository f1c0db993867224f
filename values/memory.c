/* SPDX-License-Identifier: MIT */
#include <assert.h>

#include "values/memory.h"

void *ari_allocate(const ar_env *env, size_t size)
{
    return env->allocate(env->allocator_ctx, size > 0 ? size : 1);
}

void *ari_allocate_zero(const ar_env *env, size_t size)
{
    void *block = ari_allocate(env, size);
    if (block != NULL)
        memset(block, 0, size);
    return block;
}

void *ari_allocate_array(const ar_env *env, size_t count, size_t size)
{
    size_t total = 0;
    return ari_size_multiply(count, size, &total) ? ari_allocate(env, total) : NULL;
}

void *ari_allocate_zero_array(const ar_env *env, size_t count, size_t size)
{
    size_t total = 0;
    return ari_size_multiply(count, size, &total) ? ari_allocate_zero(env, total) : NULL;
}

void *ari_reallocate(const ar_env *env, void *block, size_t size)
{
    return env->reallocate(env->allocator_ctx, block, size > 0 ? size : 1);
}

void *ari_reallocate_array(const ar_env *env, void *block, size_t count, size_t size)
{
    size_t total = 0;
    return ari_size_multiply(count, size, &total) ? ari_reallocate(env, block, total) : NULL;
}

void ari_release(const ar_env *env, void *block)
{
    if (block != NULL)
        env->release(env->allocator_ctx, block);
}

char *ari_copy_text(const ar_env *env, const char *text, size_t length)
{
    char *copy = length < SIZE_MAX ? ari_allocate(env, length + 1) : NULL;
    if (copy == NULL)
        return NULL;
    if (length > 0)
        memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}
