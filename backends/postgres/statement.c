/* SPDX-License-Identifier: MIT */
#include "backends/postgres/statement.h"

#include <stdio.h>
#include <string.h>

#include "backends/postgres/classify.h"
#include "backends/postgres/value.h"
#include "values/memory.h"

/* A statement is in the cache (by id, by text and by age) or belongs to its users alone; the last one frees it. Its name on the server is a hash of its text: behind a pooler the
 * connection shares servers with others, whose statements of the same name must be the same statements. */

static ari_postgres_statement **text_bucket_of(const ari_postgres_statements *statements, const uint64_t hash[2])
{
    return &statements->text_buckets[(size_t)hash[0] & statements->cache.bucket_mask];
}

static ari_postgres_statement *find_text(const ari_postgres_statements *statements, const uint64_t hash[2])
{
    ari_postgres_statement *statement = *text_bucket_of(statements, hash);
    while (statement != NULL && (statement->hash[0] != hash[0] || statement->hash[1] != hash[1]))
        statement = statement->in_text_bucket;
    return statement;
}

static void unref(ari_postgres_statements *statements, ari_postgres_statement *statement)
{
    if (--statement->users > 0)
        return;
    ari_release(statements->env, statement->types);
    ari_release(statements->env, statement);
}

/* What cannot be noted for want of memory stays on the server until the connection closes. */
static void note_evicted(ari_postgres_statements *statements, const ari_postgres_statement *statement)
{
    if (!statement->named)
        return;
    if (statements->evicted_count == statements->evicted_capacity) {
        size_t capacity = statements->evicted_capacity * 2 + 8;
        char(*names)[ARI_POSTGRES_NAME_SIZE] =
            ari_reallocate_array(statements->env, statements->evicted, capacity, sizeof *names);
        if (names == NULL)
            return;
        statements->evicted = names;
        statements->evicted_capacity = capacity;
    }
    memcpy(statements->evicted[statements->evicted_count++], statement->name, sizeof statement->name);
}

static void remove_cached(ari_postgres_statements *statements, ari_postgres_statement *statement)
{
    ari_postgres_statement **link = text_bucket_of(statements, statement->hash);
    while (*link != statement)
        link = &(*link)->in_text_bucket;
    *link = statement->in_text_bucket;
    ari_cache_remove(&statements->cache, &statement->entry);
}

/* The oldest that nobody waits for; false: all are in use. */
static bool evict(ari_postgres_statements *statements)
{
    ari_cache_entry *entry = statements->cache.oldest;
    while (entry != NULL && ((ari_postgres_statement *)entry)->waiting > 0)
        entry = entry->newer;
    if (entry == NULL)
        return false;
    ari_postgres_statement *statement = (ari_postgres_statement *)entry;
    remove_cached(statements, statement);
    note_evicted(statements, statement);
    unref(statements, statement);
    return true;
}

static void put(ari_postgres_statements *statements, ari_postgres_statement *statement)
{
    if (statement->entry.id == 0 || statements->cache.capacity == 0)
        return;
    if (ari_cache_is_full(&statements->cache) && !evict(statements))
        return;
    ari_postgres_statement **bucket = text_bucket_of(statements, statement->hash);
    statement->in_text_bucket = *bucket;
    *bucket = statement;
    ari_cache_add(&statements->cache, &statement->entry);
    statement->users++;
}

bool ari_postgres_statements_init(ari_postgres_statements *statements, const ar_env *env, size_t capacity)
{
    *statements = (ari_postgres_statements){ .env = env };
    if (!ari_cache_init(&statements->cache, env, capacity))
        return false;
    size_t buckets = statements->cache.bucket_mask + 1;
    statements->text_buckets = ari_allocate_zero_array(env, buckets, sizeof *statements->text_buckets);
    if (statements->text_buckets == NULL)
        ari_cache_fini(&statements->cache);
    return statements->text_buckets != NULL;
}

void ari_postgres_statements_fini(ari_postgres_statements *statements)
{
    while (statements->cache.oldest != NULL) {
        ari_postgres_statement *statement = (ari_postgres_statement *)statements->cache.oldest;
        remove_cached(statements, statement);
        unref(statements, statement);
    }
    ari_cache_fini(&statements->cache);
    ari_release(statements->env, statements->text_buckets);
    ari_release(statements->env, statements->evicted);
    statements->text_buckets = NULL;
    statements->evicted = NULL;
}

/* Two hashes of 64 bits after FNV-1a, made apart: names are compared by servers that are shared, so one is too few. */
static void hash_text(const ar_statement *source, uint64_t hash[2])
{
    hash[0] = UINT64_C(0xcbf29ce484222325);
    hash[1] = UINT64_C(0x9e3779b97f4a7c15);
    for (size_t i = 0; i < source->sql_length; i++) {
        unsigned char byte = (unsigned char)source->sql[i];
        hash[0] = (hash[0] ^ byte) * UINT64_C(0x100000001b3);
        hash[1] = (hash[1] ^ byte ^ (hash[1] >> 29)) * UINT64_C(0xff51afd7ed558ccd);
    }
}

static void make_name(ari_postgres_statement *statement)
{
    snprintf(statement->name, sizeof statement->name, "ar_%016llx%016llx", (unsigned long long)statement->hash[0],
             (unsigned long long)statement->hash[1]);
}

/* One of that name that the server still has to be told to forget: it is wanted again. */
static bool take_back_evicted(ari_postgres_statements *statements, const char *name)
{
    for (size_t i = 0; i < statements->evicted_count; i++)
        if (strcmp(statements->evicted[i], name) == 0) {
            memmove(statements->evicted[i], statements->evicted[--statements->evicted_count],
                    sizeof statements->evicted[i]);
            return true;
        }
    return false;
}

static ar_status check_text(const ar_statement *source, ar_error *err)
{
    if (source->sql == NULL)
        return ar_error_set(err, AR_E_INVALID, "running a statement: its text is NULL");
    if (memchr(source->sql, '\0', source->sql_length) != NULL)
        return ar_error_set(err, AR_E_INVALID, "running a statement: its text has a NUL inside");
    if (source->parameter_count > 65535)
        return ar_error_set(err, AR_E_INVALID, "running a statement: %u parameters are more than 65535",
                            (unsigned)source->parameter_count);
    if (ari_postgres_copies(source->sql, source->sql_length))
        return ar_error_set(err, AR_E_UNSUPPORTED,
                            "running a statement: COPY from or to the client is not supported; insert many rows in "
                            "one call instead");
    return AR_OK;
}

static ari_postgres_statement *make(ari_postgres_statements *statements, const ar_statement *source,
                                    const uint64_t hash[2], ar_error *err)
{
    ari_postgres_statement *statement = ari_allocate_zero(statements->env, sizeof *statement);
    if (statement == NULL) {
        ar_ignore(ar_error_set(err, AR_E_NO_MEMORY, "running a statement: no memory"));
        return NULL;
    }
    statement->entry.id = source->id;
    statement->state = ARI_POSTGRES_UNKNOWN;
    statement->text_class = ari_postgres_classify(source->sql, source->sql_length);
    statement->plain_read = statement->text_class == AR_STATEMENT_READ;
    memcpy(statement->hash, hash, sizeof statement->hash);
    make_name(statement);
    statement->exists = take_back_evicted(statements, statement->name);
    return statement;
}

ari_postgres_statement *ari_postgres_statement_use(ari_postgres_statements *statements, const ar_statement *source,
                                                   ar_error *err)
{
    uint64_t hash[2];
    ari_cache_entry *entry = source->id != 0 ? ari_cache_find(&statements->cache, source->id) : NULL;
    ari_postgres_statement *statement = (ari_postgres_statement *)entry;
    if (statement == NULL && check_text(source, err) != AR_OK)
        return NULL;
    if (statement == NULL) {
        hash_text(source, hash);
        statement = find_text(statements, hash);
        if (statement != NULL && source->id != 0)
            ari_cache_rename(&statements->cache, &statement->entry, source->id);
    }
    if (statement == NULL) {
        statement = make(statements, source, hash, err);
        if (statement == NULL)
            return NULL;
        put(statements, statement);
    } else {
        ari_cache_touch(&statements->cache, &statement->entry);
    }
    statement->users++;
    statement->waiting++;
    return statement;
}

void ari_postgres_statement_release(ari_postgres_statements *statements, ari_postgres_statement *statement)
{
    if (statement == NULL)
        return;
    statement->waiting--;
    unref(statements, statement);
}

ar_status ari_postgres_statement_describe(ari_postgres_statements *statements, ari_postgres_statement *statement,
                                          const PGresult *result, ar_error *err)
{
    int count = PQnparams(result), columns = PQnfields(result);
    Oid *types = ari_allocate_array(statements->env, (size_t)count + 1, sizeof *types);
    if (types == NULL)
        return ar_error_set(err, AR_E_NO_MEMORY, "preparing a statement: no memory");
    for (int i = 0; i < count; i++)
        types[i] = PQparamtype(result, i);
    ari_release(statements->env, statement->types);
    statement->types = types;
    statement->type_count = (uint32_t)count;
    statement->column_count = (uint32_t)columns;
    statement->binary = true;
    for (int i = 0; i < columns; i++)
        statement->binary = statement->binary && ari_postgres_reads_binary(PQftype(result, i));
    statement->named = statement->asked_by_name;
    statement->exists = statement->asked_by_name;
    statement->state = ARI_POSTGRES_DESCRIBED;
    return AR_OK;
}

void ari_postgres_statement_forget(ari_postgres_statement *statement)
{
    if (statement->state == ARI_POSTGRES_ASKED)
        return;
    statement->named = false;
    statement->exists = false;
    statement->state = ARI_POSTGRES_UNKNOWN;
}

bool ari_postgres_statement_is_query(const ar_statement *source)
{
    return ari_postgres_is_query(source->sql, source->sql_length);
}

void ari_postgres_statement_rename(ari_postgres_statements *statements, ari_postgres_statement *statement)
{
    enum { hash_end = 3 + 32 };
    ari_postgres_statement_forget(statement);
    statement->named = true; /* so that the old name is given back */
    note_evicted(statements, statement);
    statement->named = false;
    statement->exists = false;
    statement->generation++;
    snprintf(statement->name + hash_end, sizeof statement->name - hash_end, "_%u", (unsigned)statement->generation);
}
