/* SPDX-License-Identifier: MIT */
#include "orm/level.h"

#include <stdalign.h>

#include <actrec/inspect.h>

#include "orm/column.h"
#include "orm/ddl.h"
#include "orm/plan.h"
#include "orm/query_run.h"

/* A chunk is asked for with a query of its own, that of the branch's modifier with one condition more. Its values are
 * padded to a power of two with the last one, so that few statements serve all numbers of keys; where the engine takes
 * an array, and the modifier has no values of its own, the keys are that. */

enum { LIST_KEYS = 16384, ARRAY_KEYS = 262144 };

static ar_status no_memory(const ari_level *level, ar_error *err)
{
    return ar_error_set(err, AR_E_NO_MEMORY, "loading %s: out of memory", level->branch->entry->member);
}

/* Half of what a statement takes is left for the values of the application. */
uint32_t ari_level_chunk_size(const ar_dialect *dialect, const ari_branch *branch)
{
    uint32_t most = LIST_KEYS;
    if (branch->by_array)
        return ARRAY_KEYS;
    while (most > 1 && most > dialect->max_parameters / 2)
        most /= 2;
    return most;
}

ari_level *ari_level_create(ari_arena *arena, const ari_branch *branch, const void *parents, size_t count,
                            uint32_t chunk_size)
{
    ari_level *level = ari_arena_alloc(arena, sizeof *level, alignof(ari_level));
    if (level == NULL)
        return NULL;
    *level = (ari_level){ .branch = branch, .parents = parents, .parent_count = count, .chunk_size = chunk_size };
    if (!ari_grouping_init(&level->grouping, arena, parents, count, branch->parent_key))
        return NULL;
    uint32_t groups = level->grouping.count;
    level->chunk_count = groups / chunk_size + (groups % chunk_size != 0);
    level->ranges = ari_arena_alloc_array(arena, groups, sizeof *level->ranges, alignof(ari_range));
    level->chunks = ari_arena_alloc_array(arena, level->chunk_count, sizeof *level->chunks, alignof(ari_chunk));
    if (level->ranges == NULL || level->chunks == NULL)
        return NULL;
    memset(level->ranges, 0, groups * sizeof *level->ranges);
    for (size_t i = 0; i < level->chunk_count; i++) {
        uint32_t first = (uint32_t)i * chunk_size;
        uint32_t left = groups - first;
        level->chunks[i] =
            (ari_chunk){ .level = level, .groups = { .first = first, .count = left < chunk_size ? left : chunk_size } };
    }
    level->waiting = level->chunk_count;
    return level;
}

/* --- Asking --- */

static void write_keys(ari_clause *clause, const ari_level *level, const ari_chunk *chunk, bool as_array)
{
    const ar_value *keys = level->grouping.keys + chunk->groups.first;
    uint32_t count = chunk->groups.count, padded = 1;
    if (as_array) {
        ari_clause_sql(clause, " = ANY (");
        ari_clause_value(clause, &keys[0]);
        ari_clause_sql(clause, ")");
        return;
    }
    while (padded < count)
        padded *= 2;
    ari_clause_sql(clause, " IN (");
    for (uint32_t i = 0; i < padded; i++) {
        if (i > 0)
            ari_clause_sql(clause, ", ");
        ari_clause_value(clause, &keys[i < count ? i : count - 1]);
    }
    ari_clause_sql(clause, ")");
}

static void write_compared(ari_clause *clause, const ar_dialect *dialect, const ar_column *column)
{
    ari_clause_compared(clause, dialect, ari_column_name(column), ari_column_type(column));
}

static void write_table(ari_clause *clause, const ar_dialect *dialect, const ar_model *model)
{
    if (ari_model_schema(model) != NULL) {
        ari_clause_name(clause, dialect, ari_model_schema(model));
        ari_clause_sql(clause, ".");
    }
    ari_clause_name(clause, dialect, model->table);
}

/* The records: by their own column, or by being in the rows between. */
static void write_condition(ar_query *query, const ari_level *level, const ari_chunk *chunk, bool pairs)
{
    const ari_branch *branch = level->branch;
    ari_clause *clause = &query->where;
    bool between = branch->through_own != NULL && !pairs;
    ari_source_write_compared(clause, &(ari_naming){ query->dialect, query->sources, query->source_count }, 0,
                              pairs ? branch->through_own : branch->target_key);
    if (between) {
        ari_clause_sql(clause, " IN (SELECT ");
        ari_clause_name(clause, query->dialect, ari_column_name(branch->through_other));
        ari_clause_sql(clause, " FROM ");
        write_table(clause, query->dialect, branch->relation->through);
        ari_clause_sql(clause, " WHERE ");
        write_compared(clause, query->dialect, branch->through_own);
    }
    write_keys(clause, level, chunk, branch->by_array);
    if (between)
        ari_clause_sql(clause, ")");
}

/* What the modifier asks for stays, in parentheses. */
static ar_status narrow(ar_query *query, const ari_level *level, const ari_chunk *chunk, bool pairs, ar_error *err)
{
    ari_piece where = { .text = NULL };
    bool narrowed = !ari_clause_is_empty(&query->where);
    if (narrowed && !ari_clause_take(&query->where, &where))
        return no_memory(level, err);
    write_condition(query, level, chunk, pairs);
    if (narrowed) {
        ari_clause_sql(&query->where, " AND (");
        ari_clause_put(&query->where, &where);
        ari_clause_sql(&query->where, ")");
    }
    return AR_OK;
}

ar_status ari_level_ask(const ari_level *level, const ari_chunk *chunk, bool pairs, ar_db *handle, ari_op **out,
                        ar_error *err)
{
    const ari_branch *branch = level->branch;
    const ar_model *model = pairs ? branch->relation->through : branch->relation->target;
    ari_db *entered;
    ar_query *query =
        !pairs && branch->narrowed != NULL ? ar_query_clone(branch->narrowed) : ar_query_create(handle, model);
    ar_status status = AR_OK;
    if (query->error.status == AR_OK)
        status = narrow(query, level, chunk, pairs, err);
    if (status != AR_OK) {
        ar_query_free(query);
        return status;
    }
    status = ari_query_run_create(query, ARI_ASK_RECORDS, model, &entered, out, err);
    if (status != AR_OK)
        return status;
    ari_db_leave(entered);
    if (branch->by_array) {
        (*out)->operation.parameters = level->grouping.keys + chunk->groups.first;
        (*out)->operation.rows = chunk->groups.count;
    }
    return AR_OK;
}

void ari_level_take(ari_chunk *chunk, bool pairs, ari_op *op)
{
    ari_hydrate *rows = &ari_query_run_of(op)->hydrate;
    *(pairs ? &chunk->pairs : &chunk->list) = rows->list;
    rows->list = NULL;
}

/* --- What came --- */

static bool is_ordered(const ari_branch *branch)
{
    return branch->narrowed != NULL && branch->narrowed->orders.first != NULL;
}

static size_t match_pairs(const ari_chunk *chunk, const ari_grouping *targets, ari_pair *pairs)
{
    const ari_branch *branch = chunk->level->branch;
    size_t count = 0;
    for (size_t i = 0; i < chunk->pairs->count; i++) {
        const char *row = ari_item_at(chunk->pairs->items, i);
        const ar_column *own = branch->through_own, *other = branch->through_other;
        ar_value own_key = ari_kind_load(own->kind, row + own->offset);
        ar_value other_key = ari_kind_load(other->kind, row + other->offset);
        ari_pair pair = { ari_grouping_find(&chunk->level->grouping, &own_key),
                          ari_grouping_find(targets, &other_key) };
        if (pair.group - chunk->groups.first < chunk->groups.count && pair.item != ARI_NO_GROUP)
            pairs[count++] = pair;
    }
    return count;
}

/* The rows between say who has which of the records, each of which is there once. */
static bool arrange_pairs(ari_chunk *chunk, ari_arena *arena)
{
    const ari_branch *branch = chunk->level->branch;
    ari_list *list = chunk->list;
    ari_grouping targets;
    if (chunk->pairs == NULL)
        return true;
    if (!is_ordered(branch) && !ari_list_sort(list, branch->target_key))
        return false;
    if (!ari_grouping_init(&targets, arena, list->items, list->count, branch->target_key))
        return false;
    ari_pair *pairs = ari_allocate_array(list->env, chunk->pairs->count, sizeof *pairs);
    if (pairs == NULL)
        return false;
    size_t count = ari_pairs_sort(pairs, match_pairs(chunk, &targets, pairs));
    chunk->items = ari_arena_alloc_array(&list->arena, count, sizeof(void *), alignof(void *));
    for (size_t i = 0; chunk->items != NULL && i < count; i++) {
        ari_range *range = &chunk->level->ranges[pairs[i].group];
        if (range->count++ == 0)
            range->start = (uint32_t)i;
        memcpy((char *)chunk->items + i * sizeof(void *), (const char *)list->items + pairs[i].item * sizeof(void *),
               sizeof(void *));
    }
    ari_release(list->env, pairs);
    return chunk->items != NULL;
}

static bool make_cells(ari_chunk *chunk)
{
    const ari_level *level = chunk->level;
    size_t size = level->parent_count * sizeof(void *);
    if (level->branch->back == NULL)
        return true;
    chunk->cells = ari_arena_alloc(&chunk->list->arena, size, alignof(void *));
    if (chunk->cells != NULL)
        memcpy(chunk->cells, level->parents, size);
    return chunk->cells != NULL;
}

bool ari_level_arrange(ari_chunk *chunk, ari_arena *arena)
{
    const ari_level *level = chunk->level;
    const ari_branch *branch = level->branch;
    if (chunk->list == NULL || chunk->list->count == 0)
        return true;
    if (branch->through_own != NULL)
        return arrange_pairs(chunk, arena);
    const ar_column *key = is_ordered(branch) ? NULL : ari_relation_key(branch->relation->target);
    if (!ari_grouping_arrange(&level->grouping, chunk->groups, chunk->list, branch->target_key, key, level->ranges))
        return false;
    chunk->items = chunk->list->items;
    return make_cells(chunk);
}

static ari_record *record_at(const ari_level *level, size_t parent)
{
    return (ari_record *)ari_item_at(level->parents, parent) - 1;
}

static ari_chunk *chunk_of(const ari_level *level, uint32_t group)
{
    return &level->chunks[group / level->chunk_size];
}

bool ari_level_prepare(ari_level *level, ari_arena *arena, const void *const *homes)
{
    const ari_chunk *last = NULL;
    const void *last_home = NULL;
    size_t count = level->parent_count;
    level->spare_of = ari_arena_alloc_array(arena, count, sizeof *level->spare_of, alignof(uint32_t));
    level->spares = ari_arena_alloc_array(arena, count, sizeof *level->spares, alignof(ari_spare));
    if (level->spare_of == NULL || level->spares == NULL)
        return false;
    for (size_t i = 0; i < count; i++) {
        uint32_t group = level->grouping.group_of[i];
        level->spare_of[i] = ARI_NO_GROUP;
        if (group == ARI_NO_GROUP || level->ranges[group].count == 0)
            continue;
        const ari_chunk *chunk = chunk_of(level, group);
        const void *home = homes != NULL ? homes[i] : ari_related_home(record_at(level, i));
        if (last == NULL || chunk != last || home != last_home) {
            ari_hold *hold = ari_hold_create(chunk->list);
            if (hold == NULL)
                return false;
            level->spares[level->spare_count++] = (ari_spare){ .hold = hold };
        }
        last = chunk;
        last_home = home;
        level->spare_of[i] = level->spare_count - 1;
    }
    return true;
}

static void attach_back(const ari_level *level, const ari_chunk *chunk, size_t parent, const void *items, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        ari_record *child = (ari_record *)ari_item_at(items, i) - 1;
        ari_related_set_back(child, level->branch->back, (char *)chunk->cells + parent * sizeof(void *));
    }
}

void ari_level_attach(ari_level *level, size_t parent)
{
    const ari_branch *branch = level->branch;
    ari_record *record = record_at(level, parent);
    if (level->spare_of[parent] == ARI_NO_GROUP) {
        ari_related_set(record, branch->entry, NULL, 0, NULL);
        return;
    }
    uint32_t group = level->grouping.group_of[parent];
    const ari_chunk *chunk = chunk_of(level, group);
    ari_spare *spare = &level->spares[level->spare_of[parent]];
    bool many = branch->relation->kind >= AR_RELATION_HAS_MANY;
    void *items = (char *)chunk->items + level->ranges[group].start * sizeof(void *);
    size_t count = many ? level->ranges[group].count : 1;
    ari_related_set(record, branch->entry, items, count, spare->hold);
    spare->used = true;
    if (branch->back != NULL)
        attach_back(level, chunk, parent, items, count);
}

void ari_level_release(ari_level *level)
{
    for (uint32_t i = 0; i < level->spare_count; i++) {
        if (!level->spares[i].used)
            ari_hold_drop(level->spares[i].hold);
    }
    for (size_t i = 0; i < level->chunk_count; i++) {
        if (level->chunks[i].pairs != NULL)
            ari_list_destroy(level->chunks[i].pairs);
        if (level->chunks[i].list != NULL)
            ari_list_let_go(level->chunks[i].list);
    }
}
