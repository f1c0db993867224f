/* SPDX-License-Identifier: MIT */
#ifndef VALUES_HANDLES_H
#define VALUES_HANDLES_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Handles: numbers that stand for objects and go stale when the object is closed, instead of pointing at freed
 * memory. A handle is a slot of a table and the slot's generation. Between enter and leave the object cannot be
 * freed. One static table a kind of object; it grows and never shrinks. */

enum { ARI_HANDLE_CHUNKS = 16, ARI_HANDLE_FIRST = 256 };

typedef struct ari_handle_slot {
    _Atomic uint64_t word;  /* generation (high 32), closed (bit 31), users (low 31) */
    _Atomic(void *) object; /* set before the generation is published */
    uint32_t next_free;     /* under the table's lock; 0: none */
} ari_handle_slot;

typedef struct ari_handles {
    void (*destroy)(void *object); /* the object was closed and the last user left */
    pthread_mutex_t lock;          /* free_head, used and the making of chunks */
    uint32_t free_head;            /* slot number + 1 */
    uint32_t used;                 /* slots that were ever in use */
    ari_handle_slot first[ARI_HANDLE_FIRST];
    _Atomic(ari_handle_slot *)
        chunks[ARI_HANDLE_CHUNKS]; /* chunk k holds ARI_HANDLE_FIRST << k slots; chunk 0 is `first` */
} ari_handles;

#define ARI_HANDLES(destroy_fn)                                    \
    {                                                              \
        .destroy = (destroy_fn), .lock = PTHREAD_MUTEX_INITIALIZER \
    }

/* A handle for `object`; 0 when there is no memory. The object has one user: the caller, who must leave. */
uintptr_t ari_handle_open(ari_handles *table, void *object);

/* The object, which now has one user more; NULL when the handle is stale or was never one. */
void *ari_handle_enter(ari_handles *table, uintptr_t handle);

/* Ends what enter began; frees the object when it was closed and this was the last user. */
void ari_handle_leave(ari_handles *table, uintptr_t handle);

/* Makes the handle stale. True for the one call that did. The caller must be inside (entered), and leave afterwards. */
bool ari_handle_close(ari_handles *table, uintptr_t handle);

/* A handle that stands for an error number of 1 to 255 instead of an object, for calls that may not answer NULL. It is never one that open gave. */
uintptr_t ari_handle_of_error(unsigned number);

/* The number; 0 when it is not such a handle. */
unsigned ari_handle_error(uintptr_t handle);

#endif
