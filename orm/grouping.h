/* SPDX-License-Identifier: MIT */
#ifndef ORM_GROUPING_H
#define ORM_GROUPING_H

#include "orm/record.h"

/* Records by the value of a column: which of them share one, and which others go with it. Keys are compared by
 * content, as orm/save.c does it, whatever a collation of the database would find equal. */

#define ARI_NO_GROUP UINT32_MAX

typedef struct ari_grouping {
    uint32_t *group_of; /* of each struct; ARI_NO_GROUP: its value is NULL */
    ar_value *keys;     /* of each group, in the order of the structs; their texts lie in the arena */
    uint32_t count;     /* groups */
    uint32_t *table;    /* group + 1 by hash, 0: none */
    size_t mask;
} ari_grouping;

/* Groups `count` structs by `column`. All of it lies in the arena. False: no memory. */
bool ari_grouping_init(ari_grouping *grouping, ari_arena *arena, const void *items, size_t count,
                       const ar_column *column);

/* The keys that it compares. */
uint64_t ari_key_hash(const ar_value *key);
bool ari_key_is_same(const ar_value *a, const ar_value *b);

/* The group of that value, ARI_NO_GROUP: none. */
uint32_t ari_grouping_find(const ari_grouping *grouping, const ar_value *key);

/* Where the records of each group begin in an array, and how many they are. */
typedef struct ari_range {
    uint32_t start, count;
} ari_range;

/* Some of the groups. */
typedef struct ari_slice {
    uint32_t first, count;
} ari_slice;

/* Puts the records of `list` in the order of those groups, by `column`, each group in the order that they came in, or,
 * where `key` is not NULL, in that of it; those of no group are left out. Writes the ranges of the groups. False: no
 * memory. */
bool ari_grouping_arrange(const ari_grouping *grouping, ari_slice slice, ari_list *list, const ar_column *column,
                          const ar_column *key, ari_range *ranges);

/* One record of a group, by index among those of another. */
typedef struct ari_pair {
    uint32_t group, item;
} ari_pair;

/* Puts pairs in order, each once; gives how many are left. */
size_t ari_pairs_sort(ari_pair *pairs, size_t count);

/* Puts all records of a list in the order of `key`; `places` says where each has come to. False: no memory. */
bool ari_list_sort(ari_list *list, const ar_column *key, uint32_t *places);

/* The struct at `index` of an array of pointers to structs. */
static inline void *ari_item_at(const void *items, size_t index)
{
    void *item;
    memcpy(&item, (const char *)items + index * sizeof item, sizeof item);
    return item;
}

#endif
