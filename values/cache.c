/* SPDX-License-Identifier: MIT */
#include "values/cache.h"

#include <assert.h>

#include "values/memory.h"

/* An entry is in a chain of its bucket and in the list by age, or in neither (`cached`). Its owner frees it, out of the
 * cache. For one thread at a time. Identifiers are given one after the other, so that their low bits are a good hash. */

bool ari_cache_init(ari_cache *cache, const ar_env *env, size_t capacity)
{
    size_t buckets = 16;
    while (buckets < capacity)
        buckets *= 2;
    *cache = (ari_cache){ .env = env, .bucket_mask = buckets - 1, .capacity = capacity };
    cache->buckets = ari_allocate_zero_array(env, buckets, sizeof *cache->buckets);
    return cache->buckets != NULL;
}

void ari_cache_fini(ari_cache *cache)
{
    assert(cache->count == 0);
    if (cache->buckets == NULL)
        return;
    ari_release(cache->env, cache->buckets);
    cache->buckets = NULL;
}

bool ari_cache_is_full(const ari_cache *cache)
{
    return cache->count >= cache->capacity;
}

static ari_cache_entry **bucket_of(const ari_cache *cache, uint64_t id)
{
    return &cache->buckets[(size_t)id & cache->bucket_mask];
}

ari_cache_entry *ari_cache_find(const ari_cache *cache, uint64_t id)
{
    ari_cache_entry *entry = *bucket_of(cache, id);
    while (entry != NULL && entry->id != id)
        entry = entry->in_bucket;
    return entry;
}

static void chain(ari_cache *cache, ari_cache_entry *entry)
{
    ari_cache_entry **bucket = bucket_of(cache, entry->id);
    entry->in_bucket = *bucket;
    *bucket = entry;
}

static void unchain(ari_cache *cache, ari_cache_entry *entry)
{
    ari_cache_entry **link = bucket_of(cache, entry->id);
    while (*link != entry)
        link = &(*link)->in_bucket;
    *link = entry->in_bucket;
}

static void put_first(ari_cache *cache, ari_cache_entry *entry)
{
    entry->newer = NULL;
    entry->older = cache->newest;
    *(cache->newest != NULL ? &cache->newest->newer : &cache->oldest) = entry;
    cache->newest = entry;
}

static void take_out(ari_cache *cache, ari_cache_entry *entry)
{
    *(entry->newer != NULL ? &entry->newer->older : &cache->newest) = entry->older;
    *(entry->older != NULL ? &entry->older->newer : &cache->oldest) = entry->newer;
}

void ari_cache_touch(ari_cache *cache, ari_cache_entry *entry)
{
    if (entry == cache->newest)
        return;
    take_out(cache, entry);
    put_first(cache, entry);
}

void ari_cache_add(ari_cache *cache, ari_cache_entry *entry)
{
    assert(!entry->cached);
    chain(cache, entry);
    put_first(cache, entry);
    entry->cached = true;
    cache->count++;
}

void ari_cache_remove(ari_cache *cache, ari_cache_entry *entry)
{
    assert(entry->cached);
    unchain(cache, entry);
    take_out(cache, entry);
    entry->cached = false;
    cache->count--;
}

void ari_cache_rename(ari_cache *cache, ari_cache_entry *entry, uint64_t id)
{
    assert(entry->cached);
    unchain(cache, entry);
    entry->id = id;
    chain(cache, entry);
}
