/* SPDX-License-Identifier: MIT */
#include "orm/grouping.h"

#include <stdalign.h>
#include <stdlib.h>

#include <actrec/decimal.h>

#include "orm/bind.h"

static uint64_t mix(uint64_t x)
{
    x = (x ^ x >> 32) * UINT64_C(0xd6e8feb86659fd93);
    return x ^ x >> 32;
}

static uint64_t hash_bytes(const void *bytes, size_t length)
{
    const unsigned char *at = bytes;
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ at[i]) * UINT64_C(0x100000001b3);
    return mix(hash);
}

uint64_t ari_key_hash(const ar_value *key)
{
    switch (key->type) {
    case AR_TYPE_BOOL: return mix(key->as.boolean);
    case AR_TYPE_INT16:
    case AR_TYPE_INT32:
    case AR_TYPE_INT64:
    case AR_TYPE_ENUM: return mix((uint64_t)key->as.integer);
    case AR_TYPE_TEXT:
    case AR_TYPE_JSON: return hash_bytes(key->as.text.data, key->as.text.length);
    case AR_TYPE_BYTES: return hash_bytes(key->as.bytes.data, key->as.bytes.length);
    case AR_TYPE_UUID: return hash_bytes(key->as.uuid.bytes, sizeof key->as.uuid.bytes);
    case AR_TYPE_TIMESTAMP: return mix((uint64_t)key->as.timestamp.us);
    case AR_TYPE_DATE: return mix((uint64_t)key->as.date.days);
    case AR_TYPE_TIME: return mix((uint64_t)key->as.time.us);
    case AR_TYPE_NULL:
    case AR_TYPE_DECIMAL: /* 1.0 is 1.00 */
    case AR_TYPE_FLOAT:   /* no key is one of these */
    case AR_TYPE_DOUBLE: break;
    }
    return 0;
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

/* Of one type. */
static int compare(const ar_value *a, const ar_value *b)
{
    switch (a->type) {
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
    case AR_TYPE_NULL:
    case AR_TYPE_FLOAT: /* no key is one of these */
    case AR_TYPE_DOUBLE: break;
    }
    return 0;
}

bool ari_key_is_same(const ar_value *a, const ar_value *b)
{
    return a->type == b->type && compare(a, b) == 0;
}

static ar_value key_of(const void *item, const ar_column *column)
{
    return ari_kind_load(column->kind, (const char *)item + column->offset);
}

/* The place of that value in the table, taken or free. */
static uint32_t *place_of(const ari_grouping *grouping, const ar_value *key)
{
    size_t at = (size_t)ari_key_hash(key) & grouping->mask;
    for (;; at = (at + 1) & grouping->mask) {
        uint32_t *place = &grouping->table[at];
        if (*place == 0 || ari_key_is_same(&grouping->keys[*place - 1], key))
            return place;
    }
}

static bool own_key(ari_arena *arena, ar_value *key)
{
    if (key->type == AR_TYPE_TEXT || key->type == AR_TYPE_JSON)
        return (key->as.text.data = ari_arena_copy_text(arena, key->as.text.data, key->as.text.length)) != NULL;
    if (key->type == AR_TYPE_BYTES)
        return (key->as.bytes.data = ari_arena_copy_bytes(arena, key->as.bytes.data, key->as.bytes.length)) != NULL;
    return true;
}

static bool make_room(ari_grouping *grouping, ari_arena *arena, size_t count)
{
    size_t size = 4;
    while (size < count * 2)
        size *= 2;
    grouping->mask = size - 1;
    grouping->group_of = ari_arena_alloc_array(arena, count, sizeof *grouping->group_of, alignof(uint32_t));
    grouping->keys = ari_arena_alloc_array(arena, count, sizeof *grouping->keys, alignof(ar_value));
    grouping->table = ari_arena_alloc_array(arena, size, sizeof *grouping->table, alignof(uint32_t));
    if (grouping->group_of == NULL || grouping->keys == NULL || grouping->table == NULL)
        return false;
    memset(grouping->table, 0, size * sizeof *grouping->table);
    return true;
}

bool ari_grouping_init(ari_grouping *grouping, ari_arena *arena, const void *items, size_t count,
                       const ar_column *column)
{
    *grouping = (ari_grouping){ .count = 0 };
    if (count >= ARI_NO_GROUP / 4 || !make_room(grouping, arena, count))
        return false;
    for (size_t i = 0; i < count; i++) {
        ar_value key = key_of(ari_item_at(items, i), column);
        grouping->group_of[i] = ARI_NO_GROUP;
        if (key.type == AR_TYPE_NULL)
            continue;
        uint32_t *place = place_of(grouping, &key);
        if (*place == 0) {
            if (!own_key(arena, &key))
                return false;
            grouping->keys[grouping->count] = key;
            *place = ++grouping->count;
        }
        grouping->group_of[i] = *place - 1;
    }
    return true;
}

uint32_t ari_grouping_find(const ari_grouping *grouping, const ar_value *key)
{
    if (key->type == AR_TYPE_NULL || grouping->count == 0)
        return ARI_NO_GROUP;
    uint32_t found = *place_of(grouping, key);
    return found == 0 ? ARI_NO_GROUP : found - 1;
}

/* --- Order --- */

typedef struct keyed {
    ar_value key;
    void *item;
    uint32_t from; /* where it was */
} keyed;

static int by_key(const void *a, const void *b)
{
    return compare(&((const keyed *)a)->key, &((const keyed *)b)->key);
}

static bool is_sorted(const void *items, size_t count, const ar_column *key)
{
    for (size_t i = 1; i < count; i++) {
        ar_value before = key_of(ari_item_at(items, i - 1), key);
        ar_value here = key_of(ari_item_at(items, i), key);
        if (compare(&before, &here) > 0)
            return false;
    }
    return true;
}

/* What lies in order as it comes, as it mostly does, is not moved. `places` may be NULL. */
static bool sort_items(const ar_env *env, void *items, size_t count, const ar_column *key, uint32_t *places)
{
    for (size_t i = 0; places != NULL && i < count; i++)
        places[i] = (uint32_t)i;
    if (is_sorted(items, count, key))
        return true;
    keyed *sorted = ari_allocate_array(env, count, sizeof *sorted);
    if (sorted == NULL)
        return false;
    for (size_t i = 0; i < count; i++) {
        sorted[i].item = ari_item_at(items, i);
        sorted[i].key = key_of(sorted[i].item, key);
        sorted[i].from = (uint32_t)i;
    }
    qsort(sorted, count, sizeof *sorted, by_key);
    for (size_t i = 0; i < count; i++) {
        memcpy((char *)items + i * sizeof sorted[i].item, &sorted[i].item, sizeof sorted[i].item);
        if (places != NULL)
            places[sorted[i].from] = (uint32_t)i;
    }
    ari_release(env, sorted);
    return true;
}

bool ari_list_sort(ari_list *list, const ar_column *key, uint32_t *places)
{
    return sort_items(list->env, list->items, list->count, key, places);
}

/* The groups of the list's records, counted in `ranges`. True: those of one group lie together already. */
static bool count_groups(const ari_grouping *grouping, const ari_list *list, const ar_column *column, uint32_t *groups,
                         ari_slice slice, ari_range *ranges)
{
    bool together = true;
    uint32_t last = ARI_NO_GROUP;
    for (size_t i = 0; i < list->count; i++) {
        ar_value key = key_of(ari_item_at(list->items, i), column);
        bool again = last != ARI_NO_GROUP && ari_key_is_same(&grouping->keys[last], &key);
        uint32_t group = again ? last : ari_grouping_find(grouping, &key);
        if (group < slice.first || group - slice.first >= slice.count)
            group = ARI_NO_GROUP;
        groups[i] = group;
        if (group == ARI_NO_GROUP) {
            together = false;
            continue;
        }
        if (ranges[group].count == 0)
            ranges[group].start = (uint32_t)i;
        else if (!again)
            together = false;
        ranges[group].count++;
        last = group;
    }
    return together;
}

static bool move_together(ari_list *list, const uint32_t *groups, ari_slice slice, ari_range *ranges)
{
    void *items = ari_allocate_array(list->env, list->count, sizeof(void *));
    uint32_t at = 0;
    if (items == NULL)
        return false;
    for (uint32_t i = slice.first; i < slice.first + slice.count; i++) {
        if (ranges[i].count == 0)
            continue;
        ranges[i].start = at;
        at += ranges[i].count;
        ranges[i].count = 0;
    }
    for (size_t i = 0; i < list->count; i++) {
        if (groups[i] == ARI_NO_GROUP)
            continue;
        ari_range *range = &ranges[groups[i]];
        memcpy((char *)items + (range->start + range->count++) * sizeof(void *),
               (const char *)list->items + i * sizeof(void *), sizeof(void *));
    }
    ari_release(list->env, list->items);
    list->items = items;
    list->capacity = list->count;
    list->count = at;
    return true;
}

bool ari_grouping_arrange(const ari_grouping *grouping, ari_slice slice, ari_list *list, const ar_column *column,
                          const ar_column *key, ari_range *ranges)
{
    uint32_t *groups = ari_allocate_array(list->env, list->count, sizeof *groups);
    if (groups == NULL || list->count > UINT32_MAX) {
        ari_release(list->env, groups);
        return false;
    }
    bool done =
        count_groups(grouping, list, column, groups, slice, ranges) || move_together(list, groups, slice, ranges);
    ari_release(list->env, groups);
    for (uint32_t i = slice.first; done && key != NULL && i < slice.first + slice.count; i++)
        done =
            sort_items(list->env, (char *)list->items + ranges[i].start * sizeof(void *), ranges[i].count, key, NULL);
    return done;
}

static int by_group(const void *a, const void *b)
{
    const ari_pair *x = a, *y = b;
    if (x->group != y->group)
        return x->group < y->group ? -1 : 1;
    return (x->item > y->item) - (x->item < y->item);
}

size_t ari_pairs_sort(ari_pair *pairs, size_t count)
{
    size_t kept = 0;
    if (count > 0)
        qsort(pairs, count, sizeof *pairs, by_group);
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || by_group(&pairs[kept - 1], &pairs[i]) != 0)
            pairs[kept++] = pairs[i];
    }
    return kept;
}
