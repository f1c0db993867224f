/* SPDX-License-Identifier: MIT */
#include <assert.h>
#include <stdlib.h>

#include <actrec/decimal.h>

#include "orm/bind.h"
#include "orm/find.h"
#include "orm/statement.h"

/* Finding many rows by their keys, in one statement. It takes the keys as one array where the engine has that; else their
 * number is rounded up to a power of two by repeating the last, so that few statements serve all numbers. The rows come as the database likes; they are put
 * into the order of the keys before the operation is completed, on the thread that runs the connection. In place, the list has an item for each key: NULL
 * where there is no row, and a record of its own for each time that a key is given. */

typedef struct many {
    ari_hydrate rows; /* first */
    const ar_statement *statement;
    size_t key_total; /* keys, without the repeated ones */
    bool in_place;
    ar_value keys[]; /* parameters, and behind them their texts */
} many;

static many *many_of(ari_op *op)
{
    return (many *)(void *)op->payload;
}

static void destroy_many(ari_op *op)
{
    ari_hydrate_fini(&many_of(op)->rows);
    ari_statement_unref(many_of(op)->statement);
}

static int compare_bytes(const void *a, size_t a_length, const void *b, size_t b_length)
{
    size_t shorter = a_length < b_length ? a_length : b_length;
    int order = shorter > 0 ? memcmp(a, b, shorter) : 0;
    return order != 0 ? order : (a_length > b_length) - (a_length < b_length);
}

static int compare_numbers(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

/* Some order of values of one type, in which those are equal that a database finds equal; of texts, those that are. */
static int compare_values(const ar_value *a, const ar_value *b)
{
    switch (a->type) {
    case AR_TYPE_NULL: return 0;
    case AR_TYPE_BOOL: return compare_numbers(a->as.boolean, b->as.boolean);
    case AR_TYPE_INT16:
    case AR_TYPE_INT32:
    case AR_TYPE_INT64:
    case AR_TYPE_ENUM: return compare_numbers(a->as.integer, b->as.integer);
    case AR_TYPE_TEXT:
    case AR_TYPE_JSON: return compare_bytes(a->as.text.data, a->as.text.length, b->as.text.data, b->as.text.length);
    case AR_TYPE_BYTES:
        return compare_bytes(a->as.bytes.data, a->as.bytes.length, b->as.bytes.data, b->as.bytes.length);
    case AR_TYPE_TIMESTAMP: return compare_numbers(a->as.timestamp.us, b->as.timestamp.us);
    case AR_TYPE_DATE: return compare_numbers(a->as.date.days, b->as.date.days);
    case AR_TYPE_TIME: return compare_numbers(a->as.time.us, b->as.time.us);
    case AR_TYPE_DECIMAL: return ar_decimal_compare(a->as.decimal, b->as.decimal);
    case AR_TYPE_UUID: return memcmp(a->as.uuid.bytes, b->as.uuid.bytes, sizeof a->as.uuid.bytes);
    case AR_TYPE_FLOAT: /* no key column is one of these */
    case AR_TYPE_DOUBLE: break;
    }
    return 0;
}

/* A key and where it stood among the keys, or a record and where it belongs. */
typedef struct ranked {
    const ar_value *key;
    uint32_t width; /* values of a key */
    size_t rank;
    void *item;
} ranked;

static int compare_keys(const ranked *a, const ranked *b)
{
    for (uint32_t i = 0; i < a->width; i++) {
        int order = compare_values(&a->key[i], &b->key[i]);
        if (order != 0)
            return order;
    }
    return 0;
}

static int by_key(const void *a, const void *b)
{
    int order = compare_keys(a, b);
    return order != 0 ? order : (((const ranked *)a)->rank > ((const ranked *)b)->rank) ? 1 : -1;
}

static int by_rank(const void *a, const void *b)
{
    size_t x = ((const ranked *)a)->rank, y = ((const ranked *)b)->rank;
    return (x > y) - (x < y);
}

/* Where that key stands first among the sorted ones; `count` when it is none of them: a collation of the database found
 * what is not equal. */
static size_t find_key(const ranked *keys, size_t count, const ranked *wanted)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare_keys(&keys[middle], wanted) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count && compare_keys(&keys[low], wanted) == 0 ? low : count;
}

static void *item_at(const ari_list *list, size_t index)
{
    void *item;
    memcpy(&item, (const char *)list->items + index * sizeof item, sizeof item);
    return item;
}

/* The sorted key that a record has, as find_key. */
static size_t find_key_of(const many *self, const ranked *keys, const char *item)
{
    const ari_plan *plan = self->rows.plan;
    ar_value key[ARI_MAX_KEY];
    for (uint32_t k = 0; k < plan->key_count; k++) {
        const ari_plan_column *column = &plan->columns[plan->key[k]];
        key[k] = ari_kind_load(column->kind, item + column->offset);
    }
    return find_key(keys, self->key_total, &(ranked){ .key = key, .width = plan->key_count });
}

static void rank_records(const many *self, const ranked *keys, ranked *records)
{
    for (size_t i = 0; i < self->rows.list->count; i++) {
        void *item = item_at(self->rows.list, i);
        size_t at = find_key_of(self, keys, item);
        records[i] = (ranked){ .rank = at < self->key_total ? keys[at].rank : self->key_total + i, .item = item };
    }
}

static void order_list(const many *self, const ranked *keys, ranked *records)
{
    const ari_list *list = self->rows.list;
    rank_records(self, keys, records);
    qsort(records, list->count, sizeof *records, by_rank);
    for (size_t i = 0; i < list->count; i++)
        memcpy((char *)list->items + i * sizeof(void *), &records[i].item, sizeof(void *));
}

/* Another record with what `item` holds. Its texts lie in the arena of the list, as those of both. */
static void *copy_item(ari_list *list, const ar_model *model, const void *item)
{
    char *unused;
    const ari_record *from = (const ari_record *)item - 1;
    ari_record *copy = ari_list_add(list, model, 0, &unused);
    if (copy == NULL)
        return NULL;
    copy->flags = from->flags;
    memcpy(ari_record_struct(copy), item, ari_record_snapshot_offset(model) + model->record_size);
    return ari_record_struct(copy);
}

/* Gives each key its record. False: no memory for copies. */
static bool match_records(const many *self, ranked *keys)
{
    ari_list *list = self->rows.list;
    size_t count = list->count; /* without the copies, which come behind */
    for (size_t i = 0; i < count; i++) {
        void *item = item_at(list, i);
        size_t first = find_key_of(self, keys, item);
        for (size_t at = first; at < self->key_total && compare_keys(&keys[at], &keys[first]) == 0; at++) {
            keys[at].item = at == first ? item : copy_item(list, self->rows.plan->model, item);
            if (keys[at].item == NULL)
                return false;
        }
    }
    return true;
}

static bool place_list(const many *self, ranked *keys)
{
    ari_list *list = self->rows.list;
    if (!match_records(self, keys))
        return false;
    void *items = ari_reallocate_array(list->env, list->items, self->key_total, sizeof(void *));
    if (items == NULL)
        return false;
    list->items = items;
    list->count = list->capacity = self->key_total;
    for (size_t i = 0; i < self->key_total; i++)
        memcpy((char *)items + keys[i].rank * sizeof(void *), &keys[i].item, sizeof(void *));
    return true;
}

static ar_status arrange_list(const many *self, ar_error *err)
{
    const ari_list *list = self->rows.list;
    uint32_t width = self->rows.plan->key_count;
    ranked *keys = ari_allocate_array(self->rows.env, self->key_total + list->count, sizeof *keys);
    bool done = keys != NULL;
    for (size_t i = 0; done && i < self->key_total; i++)
        keys[i] = (ranked){ .key = self->keys + i * width, .width = width, .rank = i };
    if (done)
        qsort(keys, self->key_total, sizeof *keys, by_key);
    if (done && self->in_place)
        done = place_list(self, keys);
    else if (done)
        order_list(self, keys, keys + self->key_total);
    ari_release(self->rows.env, keys);
    if (!done)
        return ar_error_set(err, AR_E_NO_MEMORY, "out of memory for the order of %zu keys", self->key_total);
    return AR_OK;
}

static ar_status settle_many(ari_op *op, ar_status status, ar_error *err)
{
    many *self = many_of(op);
    if (status == AR_OK && self->in_place && self->rows.list == NULL)
        self->rows.list = ari_list_create(self->rows.env);
    if (status == AR_OK && self->in_place && self->rows.list == NULL)
        return ar_error_set(err, AR_E_NO_MEMORY, "finding in %s: out of memory", self->rows.plan->model->table);
    if (status != AR_OK || self->rows.list == NULL || (self->rows.list->count < 2 && !self->in_place))
        return status;
    return arrange_list(self, err);
}

enum { KEYS_AT_MOST = 1 << 20 }; /* of an array */

/* How many keys the statement gets for `count` of them. */
static size_t padded(const ari_plan *plan, size_t count, size_t most)
{
    size_t power = 1;
    if (ari_plan_finds_by_array(plan))
        return count;
    while (power < count)
        power *= 2;
    return power < most ? power : most;
}

/* The tenant, which stands behind the keys. */
static ar_status add_tenant(const ari_plan *plan, const ari_db *db, ar_value *place, ar_error *err)
{
    const ar_value *tenant;
    return ari_plan_tenant(plan, db, place, &tenant, err);
}

static ar_status check_count(const ari_plan *plan, size_t count, size_t *most, ar_error *err)
{
    size_t parameters = plan->dialect->max_parameters - (size_t)(plan->tenant_column >= 0);
    *most = ari_plan_finds_by_array(plan) ? KEYS_AT_MOST : parameters / plan->key_count;
    if (count <= *most)
        return AR_OK;
    return ar_error_set(err, AR_E_INVALID, "finding in %s: %zu keys are more than the %zu that fit one statement",
                        plan->model->table, count, *most);
}

static ar_status fill_keys(const ari_plan *plan, const ar_key *keys, size_t count, size_t total, ar_value *values,
                           ar_error *err)
{
    for (size_t i = 0; i < count; i++) {
        ar_status status = ari_plan_key_values(plan, &keys[i], values + i * plan->key_count, err);
        if (status != AR_OK)
            return status;
    }
    for (size_t i = count; i < total; i++)
        memcpy(values + i * plan->key_count, values + (count - 1) * plan->key_count, plan->key_count * sizeof *values);
    return AR_OK;
}

static size_t room_of_keys(const ar_key *keys, size_t count, size_t total)
{
    size_t room = 0;
    for (size_t i = 0; i < total; i++) {
        const ar_key *key = &keys[i < count ? i : count - 1];
        room += ari_values_room(key->values, key->count < ARI_MAX_KEY ? key->count : ARI_MAX_KEY);
    }
    return room;
}

static void set_up(ari_op *op, ari_db *db, ar_db *handle, const ari_plan *plan, const ar_statement *statement)
{
    many *self = many_of(op);
    ari_hydrate_init(&self->rows, db, handle, plan, ARI_HYDRATE_LIST);
    self->statement = statement;
    op->settle = settle_many;
    op->destroy = destroy_many;
    op->operation.statement = statement;
    op->operation.parameters = self->keys;
    op->operation.sink = &ari_hydrate_sink;
    op->operation.sink_ctx = &self->rows;
    op->operation.wanted = plan->wanted;
    op->operation.wanted_count = plan->column_count;
}

/* AR_OK and *out NULL: there are no keys. */
static ar_status make_many(ari_db *db, ar_db *handle, const ar_model *model, const ar_key *keys, size_t count,
                           ari_op **out, ar_error *err)
{
    const ari_plan *plan;
    const ar_statement *statement;
    size_t most;
    ar_status status = ari_plan_get(db, model, &plan, err);
    if (status != AR_OK || (count == 0 && plan->key_count > 0))
        return status;
    if (keys == NULL || plan->key_count == 0)
        return ari_plan_key_values(plan, NULL, NULL, err);
    status = check_count(plan, count, &most, err);
    if (status != AR_OK)
        return status;
    size_t total = padded(plan, count, most);
    size_t values = total * plan->key_count + (size_t)(plan->tenant_column >= 0);
    size_t size = sizeof(many) + values * sizeof(ar_value);
    size_t room = plan->tenant_column >= 0 && ari_db_tenant(db) != NULL ? ari_values_room(ari_db_tenant(db), 1) : 0;
    ari_op *op = ari_op_create(ari_db_pool(db), size + room_of_keys(keys, count, total) + room);
    if (op == NULL)
        return ar_error_set(err, AR_E_NO_MEMORY, "finding in %s: out of memory", model->table);
    many *self = many_of(op);
    self->key_total = count;
    status = fill_keys(plan, keys, count, total, self->keys, err);
    if (status == AR_OK && plan->tenant_column >= 0)
        status = add_tenant(plan, db, &self->keys[values - 1], err);
    if (status == AR_OK)
        status = ari_plan_find_many(plan, total, &statement, err);
    if (status != AR_OK) {
        ari_op_release(op);
        return status;
    }
    ari_values_move(self->keys, values, (char *)self + size);
    set_up(op, db, handle, plan, statement);
    op->operation.rows = ari_plan_finds_by_array(plan) ? count : 0;
    *out = op;
    return AR_OK;
}

static ar_status find_here(ar_db *handle, const ar_model *model, const ar_key *keys, size_t count, bool in_place,
                           ar_record_list *out, ar_error *err)
{
    ari_op *op = NULL;
    ar_error closed;
    if (out == NULL)
        return ar_error_set(err, AR_E_INVALID, "finding records: out is NULL");
    *out = (ar_record_list){ .items = NULL, .count = 0, .raw = NULL };
    ari_db *db = ari_db_enter(handle, err != NULL ? err : &closed);
    if (db == NULL)
        return err != NULL ? err->status : closed.status;
    ar_status status = make_many(db, handle, model, keys, count, &op, err);
    if (status == AR_OK && op != NULL) {
        many_of(op)->in_place = in_place;
        status = ari_db_run(db, op, err);
    }
    if (status == AR_OK && op != NULL)
        status = ari_hydrate_take_list(&many_of(op)->rows, out, err);
    ari_op_release(op);
    ari_db_leave(db);
    return status;
}

static ar_future *find_later(ar_db *handle, const ar_model *model, const ar_key *keys, size_t count, bool in_place)
{
    ar_error error = { .status = AR_OK };
    ari_op *op = NULL;
    ari_db *db = ari_db_enter(handle, &error);
    if (db == NULL)
        return ari_future_failed(NULL, error.status, &error);
    if (make_many(db, handle, model, keys, count, &op, &error) != AR_OK || op == NULL)
        return ari_fail_and_leave(db, &error);
    many_of(op)->in_place = in_place;
    ar_future *future = ari_db_submit(db, op);
    ari_db_leave(db);
    return future;
}

ar_status ar_record_find_many(ar_db *db, const ar_model *model, const ar_key *keys, size_t count, ar_record_list *out,
                              ar_error *err)
{
    return find_here(db, model, keys, count, false, out, err);
}

ar_future *ar_record_find_many_async(ar_db *db, const ar_model *model, const ar_key *keys, size_t count)
{
    return find_later(db, model, keys, count, false);
}

ar_status ar_record_find_in_place(ar_db *db, const ar_model *model, const ar_key *keys, size_t count,
                                  ar_record_list *out, ar_error *err)
{
    return find_here(db, model, keys, count, true, out, err);
}

ar_future *ar_record_find_in_place_async(ar_db *db, const ar_model *model, const ar_key *keys, size_t count)
{
    return find_later(db, model, keys, count, true);
}
