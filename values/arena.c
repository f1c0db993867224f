/* SPDX-License-Identifier: MIT */
/* The chunks of an arena form a list with the current one, out of which blocks are cut, in front. A block too large
 * for what the next chunk would be gets a chunk of its own behind the current one, whose rest stays in use. An arena
 * made by ari_arena_create is one allocation together with its first chunk, which stays in the list and is never
 * freed alone. Nothing is locked: one thread uses an arena at a time, and the reference count alone is shared. */
#include <assert.h>

#include "values/memory.h"

enum { default_first_size = 1024, smallest_chunk = 128, largest_step = 16 * 1024 * 1024 };

struct ari_arena_chunk {
    ari_arena_chunk *next;
    size_t size; /* bytes, this header included */
    max_align_t start[];
};

/* The arena and its first chunk in one allocation. */
typedef struct created_arena {
    ari_arena arena;
    max_align_t align[]; /* the chunk starts here */
} created_arena;

static ari_arena_chunk *first_chunk_of(ari_arena *arena)
{
    return (ari_arena_chunk *)(void *)((char *)arena + sizeof(created_arena));
}

static bool is_embedded(ari_arena *arena, const ari_arena_chunk *chunk)
{
    return arena->created && chunk == first_chunk_of(arena);
}

static void enter_chunk(ari_arena *arena, ari_arena_chunk *chunk)
{
    arena->cursor = (char *)chunk + sizeof *chunk;
    arena->limit = (char *)chunk + chunk->size;
    ARI_ARENA_SHUT(arena->cursor, chunk->size - sizeof *chunk);
}

static void release_chunk(ari_arena *arena, ari_arena_chunk *chunk)
{
    ARI_ARENA_OPEN((char *)chunk + sizeof *chunk, chunk->size - sizeof *chunk);
    ari_release(arena->env, chunk);
}

static ari_arena_chunk *new_chunk(ari_arena *arena, size_t size)
{
    ari_arena_chunk *chunk = ari_allocate(arena->env, size);
    if (chunk == NULL)
        return NULL;
    chunk->next = NULL;
    chunk->size = size;
    return chunk;
}

static size_t first_size_of(size_t wanted)
{
    if (wanted == 0)
        return default_first_size;
    return wanted < smallest_chunk ? smallest_chunk : wanted;
}

/* By four, not two: glibc gives the top of its heap back to the system, to be zeroed anew page by page for the next list, when it is larger than
 * twice the largest chunk that was ever freed (mallopt(3), M_TRIM_THRESHOLD). With four, all chunks together are not. */
static void grow_next_size(ari_arena *arena)
{
    if (arena->next_size <= largest_step / 4)
        arena->next_size *= 4;
    else if (arena->next_size < largest_step)
        arena->next_size = largest_step;
}

/* One block, alone in a chunk; the current chunk stays the current one. */
static void *alloc_apart(ari_arena *arena, size_t size, size_t align, size_t chunk_size)
{
    ari_arena_chunk *chunk = new_chunk(arena, chunk_size);
    if (chunk == NULL)
        return NULL;
    chunk->next = arena->chunks->next;
    arena->chunks->next = chunk;
    char *start = (char *)chunk + sizeof *chunk;
    char *block = start + (-(uintptr_t)start & (align - 1));
    ARI_ARENA_SHUT(start, chunk_size - sizeof *chunk);
    ARI_ARENA_OPEN(block, size);
    grow_next_size(arena);
    return block;
}

void *ari_arena_alloc_slow(ari_arena *arena, size_t size, size_t align)
{
    assert(align != 0 && (align & (align - 1)) == 0);
    size_t needed = 0;
    size_t slack = align > alignof(max_align_t) ? align : 0;
    if (!ari_size_add(size, sizeof(ari_arena_chunk), &needed) || !ari_size_add(needed, slack, &needed))
        return NULL;
    if (needed > arena->next_size / 2 && arena->chunks != NULL)
        return alloc_apart(arena, size, align, needed);
    ari_arena_chunk *chunk = new_chunk(arena, needed > arena->next_size ? needed : arena->next_size);
    if (chunk == NULL)
        return NULL;
    chunk->next = arena->chunks;
    arena->chunks = chunk;
    enter_chunk(arena, chunk);
    grow_next_size(arena);
    return ari_arena_alloc(arena, size, align);
}

void ari_arena_init(ari_arena *arena, const ar_env *env, size_t first_size)
{
    memset(arena, 0, sizeof *arena);
    arena->env = env;
    arena->next_size = first_size_of(first_size);
    atomic_init(&arena->references, 1);
}

/* Frees all chunks but `kept` (which may be NULL) and the embedded one, which then make up the list in this order. */
static void release_chunks(ari_arena *arena, ari_arena_chunk *kept)
{
    ari_arena_chunk *chunk = arena->chunks;
    ari_arena_chunk *embedded = NULL;
    while (chunk != NULL) {
        ari_arena_chunk *next = chunk->next;
        if (is_embedded(arena, chunk))
            embedded = chunk;
        else if (chunk != kept)
            release_chunk(arena, chunk);
        chunk = next;
    }
    if (embedded != NULL)
        embedded->next = NULL;
    if (kept != NULL && kept != embedded)
        kept->next = embedded;
    arena->chunks = kept != NULL ? kept : embedded;
    arena->cursor = NULL;
    arena->limit = NULL;
    if (arena->chunks != NULL)
        enter_chunk(arena, arena->chunks);
}

void ari_arena_fini(ari_arena *arena)
{
    release_chunks(arena, NULL);
}

void ari_arena_reset(ari_arena *arena)
{
    release_chunks(arena, arena->chunks);
}

ari_arena *ari_arena_create(const ar_env *env, size_t first_size)
{
    size_t chunk_size = first_size_of(first_size);
    size_t total = 0;
    if (!ari_size_add(chunk_size, sizeof(created_arena), &total))
        return NULL;
    ari_arena *arena = ari_allocate(env, total);
    if (arena == NULL)
        return NULL;
    ari_arena_init(arena, env, first_size);
    arena->created = true;
    arena->chunks = first_chunk_of(arena);
    arena->chunks->next = NULL;
    arena->chunks->size = chunk_size;
    enter_chunk(arena, arena->chunks);
    grow_next_size(arena);
    return arena;
}

ari_arena *ari_arena_ref(ari_arena *arena)
{
    atomic_fetch_add_explicit(&arena->references, 1, memory_order_relaxed);
    return arena;
}

void ari_arena_unref(ari_arena *arena)
{
    /* acq_rel: the last unref sees what every other holder wrote before its own. */
    if (arena == NULL || atomic_fetch_sub_explicit(&arena->references, 1, memory_order_acq_rel) != 1)
        return;
    ari_arena_fini(arena);
    if (arena->created) {
        ari_arena_chunk *first = first_chunk_of(arena);
        ARI_ARENA_OPEN((char *)first + sizeof *first, first->size - sizeof *first);
    }
    ari_release(arena->env, arena);
}

size_t ari_arena_footprint(const ari_arena *arena)
{
    size_t total = arena->created ? sizeof(created_arena) : 0;
    for (const ari_arena_chunk *chunk = arena->chunks; chunk != NULL; chunk = chunk->next)
        total += chunk->size;
    return total;
}
