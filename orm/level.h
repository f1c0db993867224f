/* SPDX-License-Identifier: MIT */
#ifndef ORM_LEVEL_H
#define ORM_LEVEL_H

#include "orm/grouping.h"
#include "orm/path.h"
#include "orm/tie.h"
#include "pools/pool.h"

/* What one branch loads for the records of one level: the keys that it asks for, in chunks of one statement each, and
 * which of the records that came go with which parent. See orm/eager.c for how levels follow each other. */

typedef struct ari_level ari_level;

typedef struct ari_chunk {
    ari_level *level;
    ari_slice groups;
    ari_list *list; /* what came; NULL: nothing */
    ari_ties ties;  /* of a many-to-many */
    void *items;    /* the pointers that parents are given */
    void *cells;    /* pointers to the parents, for the ways back */
} ari_chunk;

/* A hold that is ready for a parent; nobody's as long as it was not used. */
typedef struct ari_spare {
    ari_hold *hold;
    const void *home;
    bool used;
} ari_spare;

struct ari_level {
    ari_level *next;
    const ari_branch *branch;
    const void *parents; /* structs */
    size_t parent_count;
    ari_grouping grouping;
    ari_range *ranges; /* by group */
    ari_chunk *chunks;
    size_t chunk_count;
    uint32_t chunk_size; /* groups */
    size_t waiting;      /* chunks */
    const void **owners; /* by group: the home of all parents of it; the level: they have several; NULL: no way back */
    ari_spare *spares;
    uint32_t spare_count;
    uint32_t *spare_of; /* by parent: ARI_NO_GROUP: it has nothing */
};

/* Reads the keys of the parents. In the arena. NULL: no memory. */
ari_level *ari_level_create(ari_arena *arena, const ari_branch *branch, const void *parents, size_t count,
                            uint32_t chunk_size);

/* The operation that reads a chunk's records, of which there is one. */
ar_status ari_level_ask(const ari_level *level, ari_chunk *chunk, ar_db *handle, ari_op **out, ar_error *err);

/* How many groups may be asked for in one statement. */
uint32_t ari_level_chunk_size(const ar_dialect *dialect, const ari_branch *branch);

/* Takes what the operation of ask has read out of it. */
void ari_level_take(ari_chunk *chunk, ari_op *op);

/* Sorts it. False: no memory. */
bool ari_level_arrange(ari_chunk *chunk);

/* All chunks are sorted: makes the holds that attaching takes. `homes` are those of the parents; NULL: nobody else has
 * these, and they say it themselves. False: no memory. */
bool ari_level_prepare(ari_level *level, ari_arena *arena, const void *const *homes);

/* Gives the parent what was loaded for it. Cannot fail. */
void ari_level_attach(ari_level *level, size_t parent);

/* Frees what was not given away. */
void ari_level_release(ari_level *level, const ar_env *env);

#endif
