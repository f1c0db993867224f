/* SPDX-License-Identifier: MIT */
#include "orm/statement.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "values/memory.h"

/* Design. An entry is the statement, its text and its links in one block. The cache holds one reference to each entry
 * that is in it, everybody who was given one holds another; the last one frees the block, in or out of the cache, also
 * after the cache is gone. `lock` protects the table, the order of use and `count`; entries themselves never change. A
 * statement that was evicted and is asked for again gets a new id: the connections then prepare it anew. A find that
 * knows how it is run together with others is never in the cache, and holds a reference to each of their statements. */

enum { BUCKETS = 2048, CAPACITY = 1024 };

typedef struct entry entry;
struct entry {
    ar_statement statement; /* first */
    const ar_env *env;
    atomic_size_t references;
    uint64_t hash;
    entry *chain;
    entry *newer, *older;
    char text[];
};

struct ari_statement_cache {
    const ar_env *env;
    pthread_mutex_t lock;
    uint64_t seed;
    size_t count;
    entry *newest, *oldest;
    entry *buckets[BUCKETS];
};

static _Atomic uint64_t next_id = 1;

static uint64_t mix(uint64_t a, uint64_t b)
{
    uint64_t product = (a ^ b) * UINT64_C(0x9E3779B97F4A7C15);
    return product ^ (product >> 29);
}

static uint64_t hash_text(uint64_t seed, const char *text, size_t length)
{
    uint64_t hash = mix(seed, length);
    while (length >= 8) {
        uint64_t word;
        memcpy(&word, text, 8);
        hash = mix(hash, word);
        text += 8;
        length -= 8;
    }
    uint64_t tail = 0;
    if (length > 0)
        memcpy(&tail, text, length);
    hash = mix(hash, tail);
    return mix(hash, hash >> 32);
}

static entry *entry_create(const ar_env *env, const char *sql, size_t sql_length)
{
    size_t size = 0;
    if (!ari_size_add(sizeof(entry), sql_length, &size) || !ari_size_add(size, 1, &size))
        return NULL;
    entry *made = ari_allocate_zero(env, size);
    if (made == NULL)
        return NULL;
    made->env = env;
    atomic_init(&made->references, 2);
    if (sql_length > 0)
        memcpy(made->text, sql, sql_length);
    made->statement.id = atomic_fetch_add_explicit(&next_id, 1, memory_order_relaxed);
    made->statement.sql = made->text;
    made->statement.sql_length = sql_length;
    return made;
}

static void order_remove(ari_statement_cache *cache, entry *item)
{
    *(item->newer != NULL ? &item->newer->older : &cache->newest) = item->older;
    *(item->older != NULL ? &item->older->newer : &cache->oldest) = item->newer;
}

static void order_add(ari_statement_cache *cache, entry *item)
{
    item->newer = NULL;
    item->older = cache->newest;
    *(cache->newest != NULL ? &cache->newest->newer : &cache->oldest) = item;
    cache->newest = item;
}

static void evict(ari_statement_cache *cache, entry *item)
{
    entry **link = &cache->buckets[item->hash % BUCKETS];
    while (*link != item)
        link = &(*link)->chain;
    *link = item->chain;
    order_remove(cache, item);
    cache->count--;
    ari_statement_unref(&item->statement);
}

ari_statement_cache *ari_statement_cache_create(const ar_env *env)
{
    ari_statement_cache *cache = ari_allocate_zero(env, sizeof *cache);
    if (cache == NULL)
        return NULL;
    if (pthread_mutex_init(&cache->lock, NULL) != 0) {
        ari_release(env, cache);
        return NULL;
    }
    cache->env = env;
    cache->seed = env->random(env->ctx);
    return cache;
}

void ari_statement_cache_destroy(ari_statement_cache *cache)
{
    if (cache == NULL)
        return;
    while (cache->newest != NULL)
        evict(cache, cache->newest);
    assert(cache->count == 0);
    pthread_mutex_destroy(&cache->lock);
    ari_release(cache->env, cache);
}

static entry *look_up(ari_statement_cache *cache, uint64_t hash, const char *sql, size_t sql_length)
{
    entry *item = cache->buckets[hash % BUCKETS];
    while (item != NULL &&
           (item->hash != hash || item->statement.sql_length != sql_length || memcmp(item->text, sql, sql_length) != 0))
        item = item->chain;
    return item;
}

const ar_statement *ari_statement_get(ari_statement_cache *cache, const char *sql, size_t sql_length,
                                      uint32_t parameter_count, ar_statement_class statement_class, bool generated)
{
    uint64_t hash = hash_text(cache->seed, sql, sql_length);
    pthread_mutex_lock(&cache->lock);
    entry *item = look_up(cache, hash, sql, sql_length);
    if (item != NULL) {
        ari_statement_ref(&item->statement);
        if (item != cache->newest) {
            order_remove(cache, item);
            order_add(cache, item);
        }
    } else if ((item = entry_create(cache->env, sql, sql_length)) != NULL) {
        item->statement.parameter_count = parameter_count;
        item->statement.statement_class = statement_class;
        item->statement.generated = generated;
        item->hash = hash;
        item->chain = cache->buckets[hash % BUCKETS];
        cache->buckets[hash % BUCKETS] = item;
        order_add(cache, item);
        if (++cache->count > CAPACITY)
            evict(cache, cache->oldest);
    }
    pthread_mutex_unlock(&cache->lock);
    return item != NULL ? &item->statement : NULL;
}

const ar_statement *ari_statement_ref(const ar_statement *statement)
{
    entry *item = (entry *)(uintptr_t)statement;
    atomic_fetch_add_explicit(&item->references, 1, memory_order_relaxed);
    return statement;
}

typedef struct together_block {
    ar_find_together together; /* first */
    const ar_statement *statements[];
} together_block;

static together_block *copy_together(const ar_env *env, const ar_find_together *from)
{
    together_block *copy = ari_allocate(env, sizeof *copy + from->count * sizeof *copy->statements);
    if (copy == NULL)
        return NULL;
    copy->together = *from;
    copy->together.statements = copy->statements;
    memcpy(copy->statements, from->statements, from->count * sizeof *copy->statements);
    return copy;
}

static void unref_together(const ar_find_together *together)
{
    for (uint32_t i = 0; i < together->count; i++)
        ari_statement_unref(together->statements[i]);
}

const ar_statement *ari_statement_create_find(const ar_env *env, const char *sql, size_t sql_length,
                                              const ar_find_together *together)
{
    together_block *copy = copy_together(env, together);
    entry *made = copy != NULL ? entry_create(env, sql, sql_length) : NULL;
    if (made == NULL) {
        unref_together(together);
        ari_release(env, copy);
        return NULL;
    }
    atomic_init(&made->references, 1);
    made->statement.parameter_count = 1;
    made->statement.statement_class = AR_STATEMENT_READ;
    made->statement.generated = true;
    made->statement.together = &copy->together;
    return &made->statement;
}

/* The release of each holder pairs with the acquire of the one that frees. No fence: ThreadSanitizer knows none. */
void ari_statement_unref(const ar_statement *statement)
{
    if (statement == NULL)
        return;
    entry *item = (entry *)(uintptr_t)statement;
    if (atomic_fetch_sub_explicit(&item->references, 1, memory_order_acq_rel) != 1)
        return;
    if (statement->together != NULL) {
        unref_together(statement->together);
        ari_release(item->env, (void *)(uintptr_t)statement->together);
    }
    ari_release(item->env, item);
}
