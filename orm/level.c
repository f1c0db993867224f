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

static void write_condition(ar_query *query, const ar_column *column, const ari_level *level, const ari_chunk *chunk)
{
    const ari_naming naming = ari_query_naming(query);
    ari_source_write_compared(&query->where, &naming, 0, column);
    write_keys(&query->where, level, chunk, level->branch->by_array);
}

/* What the modifier asks for stays, in parentheses. */
static ar_status narrow(ar_query *query, const ari_level *level, const ari_chunk *chunk, ar_error *err)
{
    ari_piece where = { .text = NULL };
    bool narrowed = !ari_clause_is_empty(&query->where);
    if (narrowed && !ari_clause_take(&query->where, &where))
        return no_memory(level, err);
    write_condition(query, level->branch->target_key, level, chunk);
    if (narrowed) {
        ari_clause_sql(&query->where, " AND (");
        ari_clause_put(&query->where, &where);
        ari_clause_sql(&query->where, ")");
    }
    return AR_OK;
}

/* By the rows between. */
static ar_status tie(ar_query *query, const ari_level *level, const ari_chunk *chunk, ar_db *handle, ar_error *err)
{
    ar_query *own = ar_query_create(handle, level->branch->relation->through);
    if (own->error.status == AR_OK)
        write_condition(own, level->branch->through_own, level, chunk);
    return ari_ties_join(query, level->branch, own, err);
}

ar_status ari_level_ask(const ari_level *level, ari_chunk *chunk, ar_db *handle, ari_op **out, ar_error *err)
{
    const ari_branch *branch = level->branch;
    const ar_model *model = branch->relation->target;
    bool tied = branch->through_own != NULL;
    ari_db *entered;
    ar_query *query = branch->narrowed != NULL ? ar_query_clone(branch->narrowed) : ar_query_create(handle, model);
    ar_status status = AR_OK;
    if (query->error.status == AR_OK)
        status = tied ? tie(query, level, chunk, handle, err) : narrow(query, level, chunk, err);
    if (status != AR_OK) {
        ar_query_free(query);
        return status;
    }
    status = ari_query_run_create(query, ARI_ASK_RECORDS, model, &entered, out, err);
    if (status != AR_OK)
        return status;
    ari_db_leave(entered);
    ar_operation *operation = &(*out)->operation;
    if (branch->by_array) {
        operation->parameters = level->grouping.keys + chunk->groups.first;
        operation->rows = chunk->groups.count;
    }
    if (tied)
        ari_ties_start(&chunk->ties, branch, &level->grouping, chunk->groups, &ari_query_run_of(*out)->hydrate,
                       operation);
    return AR_OK;
}

void ari_level_take(ari_chunk *chunk, ari_op *op)
{
    ari_hydrate *rows = &ari_query_run_of(op)->hydrate;
    chunk->list = rows->list;
    rows->list = NULL;
}

/* --- What came --- */

static bool is_ordered(const ari_branch *branch)
{
    return branch->narrowed != NULL && branch->narrowed->orders.first != NULL;
}

/* Those of a list that is not ordered otherwise go by their key. */
static bool sort_ties(ari_chunk *chunk)
{
    const ari_branch *branch = chunk->level->branch;
    ari_list *list = chunk->list;
    ari_ties *ties = &chunk->ties;
    if (is_ordered(branch))
        return true;
    uint32_t *places = ari_allocate_array(list->env, list->count, sizeof *places);
    bool sorted = places != NULL && ari_list_sort(list, branch->target_key, places);
    for (size_t i = 0; sorted && i < ties->count; i++)
        ties->pairs[i].item = places[ties->pairs[i].item];
    ari_release(list->env, places);
    return sorted;
}

/* The ties say who has which of the records, each of which is there once. */
static bool arrange_ties(ari_chunk *chunk)
{
    ari_list *list = chunk->list;
    const ari_pair *pairs = chunk->ties.pairs;
    if (!sort_ties(chunk))
        return false;
    size_t count = ari_pairs_sort(chunk->ties.pairs, chunk->ties.count);
    chunk->items = ari_arena_alloc_array(&list->arena, count, sizeof(void *), alignof(void *));
    for (size_t i = 0; chunk->items != NULL && i < count; i++) {
        ari_range *range = &chunk->level->ranges[pairs[i].group];
        if (range->count++ == 0)
            range->start = (uint32_t)i;
        memcpy((char *)chunk->items + i * sizeof(void *), (const char *)list->items + pairs[i].item * sizeof(void *),
               sizeof(void *));
    }
    ari_ties_release(&chunk->ties, list->env);
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

bool ari_level_arrange(ari_chunk *chunk)
{
    const ari_level *level = chunk->level;
    const ari_branch *branch = level->branch;
    if (chunk->list == NULL || chunk->list->count == 0)
        return true;
    if (branch->through_own != NULL)
        return arrange_ties(chunk);
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

static const void *home_of(const ari_level *level, const void *const *homes, size_t parent)
{
    return homes != NULL ? homes[parent] : ari_related_home(record_at(level, parent));
}

/* A record has one way back, and may be there for several parents of one key: which one it leads to does not matter when
 * they live and die together. */
static bool find_owners(ari_level *level, ari_arena *arena, const void *const *homes)
{
    size_t groups = level->grouping.count;
    if (level->branch->back == NULL)
        return true;
    level->owners = ari_arena_alloc_array(arena, groups, sizeof *level->owners, alignof(void *));
    if (level->owners == NULL)
        return false;
    for (size_t i = 0; i < groups; i++)
        level->owners[i] = NULL;
    for (size_t i = 0; i < level->parent_count; i++) {
        uint32_t group = level->grouping.group_of[i];
        if (group == ARI_NO_GROUP)
            continue;
        const void *home = home_of(level, homes, i);
        if (level->owners[group] == NULL)
            level->owners[group] = home;
        else if (level->owners[group] != home)
            level->owners[group] = level;
    }
    return true;
}

bool ari_level_prepare(ari_level *level, ari_arena *arena, const void *const *homes)
{
    const ari_chunk *last = NULL;
    const void *last_home = NULL;
    size_t count = level->parent_count;
    level->spare_of = ari_arena_alloc_array(arena, count, sizeof *level->spare_of, alignof(uint32_t));
    level->spares = ari_arena_alloc_array(arena, count, sizeof *level->spares, alignof(ari_spare));
    if (level->spare_of == NULL || level->spares == NULL || !find_owners(level, arena, homes))
        return false;
    for (size_t i = 0; i < count; i++) {
        uint32_t group = level->grouping.group_of[i];
        level->spare_of[i] = ARI_NO_GROUP;
        if (group == ARI_NO_GROUP || level->ranges[group].count == 0)
            continue;
        const ari_chunk *chunk = chunk_of(level, group);
        const void *home = home_of(level, homes, i);
        if (last == NULL || chunk != last || home != last_home) {
            ari_hold *hold = ari_hold_create(chunk->list);
            if (hold == NULL)
                return false;
            level->spares[level->spare_count++] = (ari_spare){ .hold = hold, .home = home };
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
        ari_related_set(record, branch->entry, NULL, 0, NULL, NULL);
        return;
    }
    uint32_t group = level->grouping.group_of[parent];
    const ari_chunk *chunk = chunk_of(level, group);
    ari_spare *spare = &level->spares[level->spare_of[parent]];
    bool many = branch->relation->kind >= AR_RELATION_HAS_MANY;
    void *items = (char *)chunk->items + level->ranges[group].start * sizeof(void *);
    size_t count = many ? level->ranges[group].count : 1;
    ari_related_set(record, branch->entry, items, count, spare->hold, spare->home);
    spare->used = true;
    if (branch->back != NULL && level->owners[group] != level)
        attach_back(level, chunk, parent, items, count);
}

void ari_level_release(ari_level *level, const ar_env *env)
{
    for (uint32_t i = 0; i < level->spare_count; i++) {
        if (!level->spares[i].used)
            ari_hold_drop(level->spares[i].hold);
    }
    for (size_t i = 0; i < level->chunk_count; i++) {
        ari_ties_release(&level->chunks[i].ties, env);
        if (level->chunks[i].list != NULL)
            ari_list_let_go(level->chunks[i].list);
    }
}
