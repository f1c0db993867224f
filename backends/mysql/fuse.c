/* SPDX-License-Identifier: MIT */
#include <assert.h>
#include <string.h>

#include "backends/mysql/connection.h"
#include "values/memory.h"

/* Finds by key that wait together become one query with IN (…). Each stands for itself: outside transactions any order
 * of reads is as good as another. When that query fails, or brings a row that none of them asked for, it is taken apart
 * and each find is run by itself. */

static bool is_key(const ar_value *value)
{
    switch (value->type) {
    case AR_TYPE_INT16:
    case AR_TYPE_INT32:
    case AR_TYPE_INT64:
    case AR_TYPE_ENUM:
    case AR_TYPE_UUID:
    case AR_TYPE_BYTES: return true;
    case AR_TYPE_NULL:
    case AR_TYPE_BOOL:
    case AR_TYPE_FLOAT:
    case AR_TYPE_DOUBLE:
    case AR_TYPE_TEXT:
    case AR_TYPE_TIMESTAMP:
    case AR_TYPE_DATE:
    case AR_TYPE_TIME:
    case AR_TYPE_DECIMAL:
    case AR_TYPE_JSON: return false;
    }
    return false;
}

/* The key of a row is compared as it is decoded, so it has to be wanted as it was asked for. */
static bool can_fuse(const ar_operation *operation)
{
    const ar_statement *statement = operation->statement;
    if (operation->kind != AR_OP_EXECUTE || statement == NULL || operation->in_transaction || operation->rows > 0 ||
        operation->row_limit > 0)
        return false;
    const ar_find_together *together = statement->together;
    return together != NULL && !together->as_array && together->count > 0 && statement->parameter_count == 1 &&
           operation->parameters != NULL && operation->sink != NULL && operation->wanted != NULL &&
           together->key_column < operation->wanted_count && is_key(&operation->parameters[0]) &&
           operation->wanted[together->key_column] == operation->parameters[0].type;
}

static bool fits(const ar_operation *first, const ar_operation *other)
{
    return other->statement == first->statement && can_fuse(other) &&
           other->parameters[0].type == first->parameters[0].type && other->wanted_count == first->wanted_count &&
           (other->wanted == first->wanted ||
            memcmp(other->wanted, first->wanted, first->wanted_count * sizeof *first->wanted) == 0);
}

static size_t most_keys(const ar_find_together *together)
{
    size_t most = together->count >= 7 ? ARI_MYSQL_FUSED : (size_t)2 << (together->count - 1);
    return most < ARI_MYSQL_FUSED ? most : ARI_MYSQL_FUSED;
}

bool ari_mysql_fuse(ar_connection *connection)
{
    ari_mysql_job *job = &connection->job;
    const ar_operation *first = job->members[0];
    if (connection->first == NULL || connection->alone || !can_fuse(first))
        return false;
    if (connection->keys == NULL)
        connection->keys = ari_allocate_array(connection->env, ARI_MYSQL_FUSED, sizeof *connection->keys);
    if (connection->keys == NULL)
        return false;
    size_t most = most_keys(first->statement->together);
    ar_operation **link = &connection->first, *before = NULL;
    while (*link != NULL && job->count < most) {
        ar_operation *operation = *link;
        if (!fits(first, operation)) {
            before = operation;
            link = &operation->next;
            continue;
        }
        *link = operation->next;
        if (connection->last == operation)
            connection->last = before;
        job->members[job->count++] = operation;
    }
    job->live = job->count;
    job->fused = job->count > 1;
    return job->fused;
}

static bool is_same(const ar_value *a, const ar_value *b)
{
    if (a->type == AR_TYPE_UUID)
        return memcmp(a->as.uuid.bytes, b->as.uuid.bytes, sizeof a->as.uuid.bytes) == 0;
    if (a->type == AR_TYPE_BYTES)
        return a->as.bytes.data == b->as.bytes.data && a->as.bytes.length == b->as.bytes.length;
    return a->as.integer == b->as.integer;
}

/* A key that is asked for twice is sent once; the last one fills up to the next power of two. The texts of keys are
 * borrowed from the operations: those that have gone are left out, which is why this is called when it is sent. */
const ar_value *ari_mysql_fused_keys(ar_connection *connection, const ar_statement **statement)
{
    const ari_mysql_job *job = &connection->job;
    const ar_find_together *together = NULL;
    size_t count = 0, room = 2, which = 0;
    for (size_t i = 0; i < job->count; i++) {
        if (job->members[i] == NULL)
            continue;
        const ar_value *key = &job->members[i]->parameters[0];
        bool known = false;
        together = job->members[i]->statement->together;
        for (size_t k = 0; k < count && !known; k++)
            known = is_same(&connection->keys[k], key);
        if (!known)
            connection->keys[count++] = *key;
    }
    assert(together != NULL); /* nothing is sent for nobody */
    for (; room < count; room *= 2)
        which++;
    if (job->executing || job->statement != NULL) /* it was chosen already, and takes no fewer */
        room = job->source->parameter_count;
    else
        *statement = together->statements[which];
    for (size_t i = count; i < room; i++)
        connection->keys[i] = connection->keys[count - 1];
    return connection->keys;
}

void ari_mysql_take_apart(ar_connection *connection)
{
    ari_mysql_job *job = &connection->job;
    bool began = job->begun;
    for (size_t i = job->count; i > 0; i--) {
        ar_operation *operation = job->members[i - 1];
        if (operation == NULL)
            continue;
        if (began && operation->sink->restart != NULL)
            operation->sink->restart(operation->sink_ctx);
        operation->next = connection->first;
        connection->first = operation;
        if (connection->last == NULL)
            connection->last = operation;
        connection->singly++;
    }
}
