/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "backends/postgres/oid.h"
#include "backends/postgres/task.h"
#include "backends/postgres/wire.h"

/* Finds by key that run as one query for all keys, and how its rows find their way back: by the key, in a hash table, in which members of the same key hang on one another. */

enum { members_max = 128, table_size = 512 /* a power of two */ };

typedef struct key {
    const char *bytes;
    size_t length;
    char room[8];
} key;

/* --- gathering --- */

static bool same_wanted(const ar_operation *a, const ar_operation *b)
{
    if (a->wanted == b->wanted)
        return a->wanted == NULL || a->wanted_count == b->wanted_count;
    return a->wanted != NULL && b->wanted != NULL && a->wanted_count == b->wanted_count &&
           memcmp(a->wanted, b->wanted, a->wanted_count * sizeof *a->wanted) == 0;
}

static bool fusable(const ari_postgres_task *task)
{
    const ar_operation *operation = task->operation;
    return task->kind == AR_OP_EXECUTE && operation != NULL && !task->in_transaction && !task->alone &&
           operation->row_limit == 0 && operation->rows == 0 && operation->statement != NULL &&
           operation->statement->together != NULL && operation->statement->together->as_array &&
           operation->statement->together->count > 0 && operation->statement->parameter_count == 1 &&
           operation->parameters != NULL;
}

static bool joins(const ari_postgres_task *task, const ar_operation *with)
{
    return fusable(task) && task->operation->statement->together == with->statement->together &&
           same_wanted(task->operation, with);
}

/* Takes those that join out of the queue. */
static ari_postgres_task *take(ar_connection *connection, const ari_postgres_task *head, Oid type,
                               const ar_value **keys, size_t *count)
{
    ari_postgres_task *members = NULL, **members_end = &members, **link = &connection->queue;
    const ar_operation *with = head->operation;
    while (*link != NULL && *count < members_max) {
        ari_postgres_task *task = *link;
        if (!joins(task, with) || !ari_postgres_key_fits(type, task->operation->parameters)) {
            link = &task->next;
            continue;
        }
        keys[(*count)++] = task->operation->parameters;
        *link = task->next;
        task->next = NULL;
        *members_end = task;
        members_end = &task->next;
    }
    if (*link == NULL)
        connection->queue_end = link;
    return members;
}

static bool has_partner(const ari_postgres_task *head, Oid type)
{
    for (const ari_postgres_task *task = head->next; task != NULL; task = task->next)
        if (joins(task, head->operation) && (type == 0 || ari_postgres_key_fits(type, task->operation->parameters)))
            return true;
    return false;
}

/* The statement of the array of keys, known to the server; NULL: not yet, or not to be had. */
static const ari_postgres_statement *array_statement(ar_connection *connection, ari_postgres_task *head, bool *wait)
{
    ar_error ignored;
    const ar_statement *source = head->operation->statement->together->statements[0];
    if (head->find_together == NULL)
        head->find_together = ari_postgres_statement_use(&connection->statements, source, &ignored);
    ari_postgres_statement *statement = head->find_together;
    if (statement == NULL)
        return NULL;
    if (statement->state == ARI_POSTGRES_DESCRIBED)
        return statement->type_count == 1 && statement->binary ? statement : NULL;
    *wait = true;
    if (statement->state == ARI_POSTGRES_UNKNOWN) {
        connection->unsendable |= !ari_postgres_seal(connection);
        *wait = ari_postgres_ask(connection, statement, source);
    }
    return NULL;
}

ari_postgres_task *ari_postgres_fuse(ar_connection *connection, bool *wait)
{
    const ar_value *keys[members_max];
    ari_postgres_task *head = connection->queue;
    size_t count = 0;
    ar_error ignored;
    *wait = false;
    if (!fusable(head) || !has_partner(head, 0))
        return NULL;
    const ari_postgres_statement *statement = array_statement(connection, head, wait);
    if (statement == NULL)
        return NULL;
    Oid type = statement->types[0];
    if (!ari_postgres_key_fits(type, head->operation->parameters) || !has_partner(head, type))
        return NULL;
    ari_postgres_task *members = take(connection, head, type, keys, &count);
    if (ari_postgres_encode_keys(&connection->parameters, type, keys, count, &ignored) == AR_OK)
        return members;
    for (ari_postgres_task *task = members; task != NULL; task = task->next)
        task->alone = true;
    ari_postgres_requeue(connection, members);
    return NULL;
}

/* --- giving --- */

static void key_of_number(int64_t number, key *out)
{
    memcpy(out->room, &number, sizeof number);
    out->bytes = out->room;
    out->length = sizeof number;
}

static void key_of_value(const ar_value *value, key *out)
{
    if (value->type == AR_TYPE_UUID) {
        out->bytes = (const char *)value->as.uuid.bytes;
        out->length = sizeof value->as.uuid.bytes;
    } else if (value->type == AR_TYPE_BYTES) {
        out->bytes = value->as.bytes.data;
        out->length = value->as.bytes.length;
    } else {
        key_of_number(value->as.integer, out);
    }
}

static void key_of_row(const PGresult *result, int row, int column, key *out)
{
    const char *data = PQgetvalue(result, row, column);
    size_t length = (size_t)PQgetlength(result, row, column);
    Oid type = PQftype(result, column);
    if (type == ARI_OID_INT8 && length == 8)
        key_of_number((int64_t)ari_wire_get64(data), out);
    else if (type == ARI_OID_INT4 && length == 4)
        key_of_number((int32_t)ari_wire_get32(data), out);
    else if (type == ARI_OID_INT2 && length == 2)
        key_of_number((int16_t)ari_wire_get16(data), out);
    else {
        out->bytes = data;
        out->length = length;
    }
}

static size_t slot_of(const key *of)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < of->length; i++)
        hash = (hash ^ (unsigned char)of->bytes[i]) * UINT64_C(0x100000001b3);
    return (size_t)(hash ^ (hash >> 32)) & (table_size - 1);
}

static bool same_key(const key *a, const key *b)
{
    return a->length == b->length && (a->length == 0 || memcmp(a->bytes, b->bytes, a->length) == 0);
}

typedef struct gathering {
    ari_postgres_task *members[members_max];
    key keys[members_max];
    uint8_t next[members_max]; /* of the same slot, 1 added; 0: none */
    uint8_t slots[table_size]; /* likewise */
    size_t count;
} gathering;

static void index_members(gathering *all, ari_postgres_task *tasks)
{
    memset(all->slots, 0, sizeof all->slots);
    all->count = 0;
    for (ari_postgres_task *task = tasks; task != NULL; task = task->next) {
        if (task->operation == NULL) /* gave up meanwhile */
            continue;
        size_t i = all->count++;
        all->members[i] = task;
        key_of_value(task->operation->parameters, &all->keys[i]);
        size_t slot = slot_of(&all->keys[i]);
        all->next[i] = all->slots[slot];
        all->slots[slot] = (uint8_t)(i + 1);
    }
}

static void fail_member(ar_connection *connection, ari_postgres_task *task, const ar_error *error)
{
    ari_postgres_complete(connection, task, error);
}

static void begin_all(ar_connection *connection, gathering *all)
{
    const ari_postgres_columns *columns = &connection->columns;
    ar_error error;
    for (size_t i = 0; i < all->count; i++) {
        const ar_operation *operation = all->members[i]->operation;
        if (operation->sink != NULL && operation->sink->begin != NULL &&
            operation->sink->begin(operation->sink_ctx, columns->names, columns->count, &error) != AR_OK)
            fail_member(connection, all->members[i], &error);
    }
}

static void give_row(ar_connection *connection, gathering *all, const PGresult *result, int row, int key_column)
{
    key found;
    ar_error error;
    bool decoded = false;
    key_of_row(result, row, key_column, &found);
    for (size_t i = all->slots[slot_of(&found)]; i != 0; i = all->next[i - 1]) {
        ari_postgres_task *task = all->members[i - 1];
        if (task->operation == NULL || !same_key(&all->keys[i - 1], &found) || task->operation->sink == NULL)
            continue;
        ar_status status = AR_OK;
        if (!decoded)
            status = ari_postgres_decode(&connection->columns, result, row, &error);
        decoded = status == AR_OK;
        if (status == AR_OK)
            status = task->operation->sink->row(task->operation->sink_ctx, connection->columns.values,
                                                connection->columns.count, &error);
        if (status != AR_OK)
            fail_member(connection, task, &error);
    }
}

static void fail_all(ar_connection *connection, const gathering *all, const ar_error *error)
{
    for (size_t i = 0; i < all->count; i++)
        fail_member(connection, all->members[i], error);
}

void ari_postgres_give_fused(ar_connection *connection, ari_postgres_step *step, const PGresult *result)
{
    gathering all;
    ar_error error;
    int rows = PQntuples(result), columns = PQnfields(result);
    index_members(&all, step->tasks);
    if (all.count == 0)
        return;
    const ar_operation *first = all.members[0]->operation;
    int key_column = (int)first->statement->together->key_column;
    ar_status status = AR_OK;
    if ((first->wanted != NULL && first->wanted_count != (size_t)columns) || key_column >= columns)
        status = ar_error_set(&error, AR_E_TYPE, "running a statement: it has %d columns and %zu are wanted", columns,
                              first->wanted_count);
    if (status == AR_OK)
        status = ari_postgres_columns_prepare(&connection->columns, result, first->wanted, &error);
    if (status != AR_OK) {
        fail_all(connection, &all, &error);
        return;
    }
    begin_all(connection, &all);
    for (int row = 0; row < rows; row++)
        give_row(connection, &all, result, row, key_column);
}
