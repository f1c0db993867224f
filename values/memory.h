/* SPDX-License-Identifier: MIT */
#ifndef VALUES_MEMORY_H
#define VALUES_MEMORY_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <actrec/sys/env.h>

/* Memory of the library, all of it from the environment's allocator. What cannot be had is NULL, and so is what would
 * overflow size_t; a size of zero gives a block like any other. */

void *ari_allocate(const ar_env *env, size_t size);
void *ari_allocate_zero(const ar_env *env, size_t size);
void *ari_allocate_array(const ar_env *env, size_t count, size_t size);
void *ari_allocate_zero_array(const ar_env *env, size_t count, size_t size);
void *ari_reallocate(const ar_env *env, void *block, size_t size);
void *ari_reallocate_array(const ar_env *env, void *block, size_t count, size_t size);

/* NULL does nothing. */
void ari_release(const ar_env *env, void *block);

/* A copy of `length` bytes with a NUL behind them. `text` may be NULL when `length` is 0. */
char *ari_copy_text(const ar_env *env, const char *text, size_t length);

/* False, and `*out` untouched, when the product or sum does not fit. */
static inline bool ari_size_multiply(size_t a, size_t b, size_t *out)
{
    if (b != 0 && a > SIZE_MAX / b)
        return false;
    *out = a * b;
    return true;
}

static inline bool ari_size_add(size_t a, size_t b, size_t *out)
{
    if (a > SIZE_MAX - b)
        return false;
    *out = a + b;
    return true;
}

/* An arena: many small blocks out of few large chunks, freed all at once. Used by one thread at a time; only ref and
 * unref may be called from any thread, and the unref that frees comes after all uses by the others. */
typedef struct ari_arena_chunk ari_arena_chunk;

typedef struct ari_arena {
    const ar_env *env;
    char *cursor; /* the free part of the current chunk */
    char *limit;
    ari_arena_chunk *chunks; /* current one first */
    size_t next_size;        /* bytes of the next chunk, its header included */
    bool created;            /* by ari_arena_create: the first chunk is part of the same allocation */
    atomic_size_t references;
} ari_arena;

/* For an arena inside something else; allocates nothing. `first_size` bytes are the first chunk, each later one is
 * four times as large as the one before, up to 16 MiB; 0: 1024. */
void ari_arena_init(ari_arena *arena, const ar_env *env, size_t first_size);

/* Frees all chunks. The arena may be used again. */
void ari_arena_fini(ari_arena *arena);

/* Forgets all blocks but keeps the current chunk, so that a loop comes to run without allocating. */
void ari_arena_reset(ari_arena *arena);

/* An arena on the heap with its first chunk in the same allocation and one reference; NULL: no memory. */
ari_arena *ari_arena_create(const ar_env *env, size_t first_size);
ari_arena *ari_arena_ref(ari_arena *arena);

/* Frees the arena with its last reference; NULL does nothing. */
void ari_arena_unref(ari_arena *arena);

void *ari_arena_alloc_slow(ari_arena *arena, size_t size, size_t align);

#if defined(__SANITIZE_ADDRESS__)
#define ARI_ARENA_POISON 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARI_ARENA_POISON 1
#endif
#endif
#ifdef ARI_ARENA_POISON
#include <sanitizer/asan_interface.h>
#define ARI_ARENA_OPEN(block, size) __asan_unpoison_memory_region((block), (size))
#define ARI_ARENA_SHUT(block, size) __asan_poison_memory_region((block), (size))
#else
#define ARI_ARENA_OPEN(block, size) ((void)(block), (void)(size))
#define ARI_ARENA_SHUT(block, size) ((void)(block), (void)(size))
#endif

/* `size` bytes, not zeroed, aligned to `align` (a power of two); NULL: no memory. */
static inline void *ari_arena_alloc(ari_arena *arena, size_t size, size_t align)
{
    size_t padding = (size_t)(-(uintptr_t)arena->cursor & (align - 1));
    size_t room = (size_t)((uintptr_t)arena->limit - (uintptr_t)arena->cursor);
    if (size == 0)
        size = 1;
    if (room < padding || room - padding < size)
        return ari_arena_alloc_slow(arena, size, align);
    char *block = arena->cursor + padding;
    arena->cursor = block + size;
    ARI_ARENA_OPEN(block, size);
    return block;
}

/* `count` blocks of `size` bytes in a row, not zeroed. */
static inline void *ari_arena_alloc_array(ari_arena *arena, size_t count, size_t size, size_t align)
{
    size_t total = 0;
    return ari_size_multiply(count, size, &total) ? ari_arena_alloc(arena, total, align) : NULL;
}

/* A copy of `length` bytes, unaligned; not NULL for a length of 0 either. */
static inline void *ari_arena_copy_bytes(ari_arena *arena, const void *bytes, size_t length)
{
    void *copy = ari_arena_alloc(arena, length, 1);
    if (copy != NULL && length > 0)
        memcpy(copy, bytes, length);
    return copy;
}

/* A copy of `length` bytes with a NUL behind them. */
static inline char *ari_arena_copy_text(ari_arena *arena, const char *text, size_t length)
{
    char *copy = length < SIZE_MAX ? (char *)ari_arena_alloc(arena, length + 1, 1) : NULL;
    if (copy == NULL)
        return NULL;
    if (length > 0)
        memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

/* Bytes that the arena holds from the allocator now, used or not. */
size_t ari_arena_footprint(const ari_arena *arena);

/* A growable text. A failed allocation is remembered in `failed` and makes every later append do nothing, so that
 * whoever builds checks once, at the end. What is appended must not lie in the buffer itself. */
typedef struct ari_text_buffer {
    const ar_env *env;
    char *data; /* ends with a NUL behind `length`; NULL while nothing was appended: see ari_text_buffer_cstr */
    size_t length;
    size_t capacity;
    bool failed;
} ari_text_buffer;

void ari_text_buffer_init(ari_text_buffer *buffer, const ar_env *env);
void ari_text_buffer_fini(ari_text_buffer *buffer);

/* Empties it and forgets a failure; the memory is kept. */
void ari_text_buffer_clear(ari_text_buffer *buffer);

/* Makes room for `extra` bytes and the NUL behind them; false: it has failed. */
bool ari_text_buffer_grow(ari_text_buffer *buffer, size_t extra);

static inline bool ari_text_buffer_reserve(ari_text_buffer *buffer, size_t extra)
{
    return (extra < buffer->capacity - buffer->length && !buffer->failed) || ari_text_buffer_grow(buffer, extra);
}

static inline void ari_text_buffer_append(ari_text_buffer *buffer, const void *bytes, size_t length)
{
    if (!ari_text_buffer_reserve(buffer, length))
        return;
    if (length > 0)
        memcpy(buffer->data + buffer->length, bytes, length);
    buffer->length += length;
    buffer->data[buffer->length] = '\0';
}

static inline void ari_text_buffer_append_cstr(ari_text_buffer *buffer, const char *text)
{
    ari_text_buffer_append(buffer, text, strlen(text));
}

static inline void ari_text_buffer_append_char(ari_text_buffer *buffer, char character)
{
    ari_text_buffer_append(buffer, &character, 1);
}

void ari_text_buffer_append_int64(ari_text_buffer *buffer, int64_t number);

/* Not for floating point: printf follows the process's locale. */
void ari_text_buffer_append_format(ari_text_buffer *buffer, const char *format, ...) AR_PRINTF(2, 3);

/* The text so far, "" when there is none or an append failed. Borrowed until the next append. */
const char *ari_text_buffer_cstr(const ari_text_buffer *buffer);

/* Hands the text over (ari_release) and empties the buffer; NULL when an append failed. `length` may be NULL. */
char *ari_text_buffer_take(ari_text_buffer *buffer, size_t *length);

#endif
