/* SPDX-License-Identifier: MIT */
#ifndef VALUES_CACHE_H
#define VALUES_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <actrec/sys/env.h>

/* What is kept under a number, such as the prepared statements of a connection under ar_statement.id, the one that was
 * used last first. An entry is the first member of what is kept; it belongs to the user, who bounds their number. */

typedef struct ari_cache_entry ari_cache_entry;
struct ari_cache_entry {
    uint64_t id;
    bool cached; /* it is in the cache */
    ari_cache_entry *in_bucket;
    ari_cache_entry *newer;
    ari_cache_entry *older;
};

typedef struct ari_cache {
    const ar_env *env;
    ari_cache_entry **buckets;
    size_t bucket_mask;
    size_t capacity; /* as given: 0 is for keeping nothing */
    size_t count;
    ari_cache_entry *newest;
    ari_cache_entry *oldest;
} ari_cache;

/* False: no memory. */
bool ari_cache_init(ari_cache *cache, const ar_env *env, size_t capacity);
/* Once it is empty. Again, or without init: does nothing. */
void ari_cache_fini(ari_cache *cache);

bool ari_cache_is_full(const ari_cache *cache);

/* NULL: it is not there. */
ari_cache_entry *ari_cache_find(const ari_cache *cache, uint64_t id);
/* It has just been used. */
void ari_cache_touch(ari_cache *cache, ari_cache_entry *entry);

/* Under entry->id, of which there is none yet, as the newest. */
void ari_cache_add(ari_cache *cache, ari_cache_entry *entry);
void ari_cache_remove(ari_cache *cache, ari_cache_entry *entry);
/* Gives one that is there another id. */
void ari_cache_rename(ari_cache *cache, ari_cache_entry *entry, uint64_t id);

#endif
