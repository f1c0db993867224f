/* SPDX-License-Identifier: MIT */
#include "orm/tie.h"

#include "orm/column.h"

/* One statement reads a many-to-many level:
 *
 *     SELECT tag.…, ar_tie.ar_owner, ar_tie.ar_item FROM tags … JOIN (SELECT post_id AS ar_owner, tag_id AS ar_item
 *     FROM post_tags WHERE post_id IN (…)) AS ar_tie ON ar_tie.ar_item = tags.id WHERE …
 *
 * The rows between are a table of their own there, with the conditions that their model has for every query and under
 * names that nobody else uses, so that the fragments of who narrows the target need not know of them. Engines merge it
 * with the query around it.
 *
 * A record comes once for each that has it, and is made once: the first time. Who has it is put down as it comes, on the
 * thread that runs the connection. Until the operation is complete nobody else looks at the ties, and at the owners
 * nobody writes. Keys are compared by content, so that what only a collation finds equal is left out. */

enum { OWNER = 2, ITEM = 1 }; /* from the end of a row */

static ar_status no_memory(const ari_branch *branch, ar_error *err)
{
    return ar_error_set(err, AR_E_NO_MEMORY, "loading %s: out of memory", branch->entry->member);
}

/* --- The statement --- */

static const char owner_name[] = "ar_owner", item_name[] = "ar_item", tie_name[] = "ar_tie";

static void select_as(ar_query *own, const ar_column *column, const char *alias)
{
    ari_selection *item = own->error.status == AR_OK ? ari_query_add(own, &own->selected) : NULL;
    if (item == NULL)
        return;
    item->column = column;
    item->alias = alias;
}

static void write_tie(ari_clause *clause, const ar_query *query, const char *name)
{
    ari_clause_name(clause, query->dialect, tie_name);
    ari_clause_sql(clause, ".");
    ari_clause_name(clause, query->dialect, name);
}

/* A column of the result that no member of the record is for. */
static void add_beside(ar_query *query, const ar_column *column, const char *name)
{
    ari_selection *item = query->error.status == AR_OK ? ari_query_add(query, &query->beside) : NULL;
    if (item == NULL)
        return;
    write_tie(&query->scratch, query, name);
    item->column = column;
    item->alias = name;
    item->type = ari_column_type(column);
    if (!ari_clause_take(&query->scratch, &item->piece))
        ari_query_fail_no_memory(query);
}

static void write_on(ar_query *query, const ari_branch *branch)
{
    ari_clause *from = &query->from;
    const ari_naming naming = ari_query_naming(query);
    const ar_dialect *dialect = query->dialect;
    bool decimal = ari_column_type(branch->target_key) == AR_TYPE_DECIMAL;
    ari_clause_sql(from, decimal && dialect->decimal_before != NULL ? dialect->decimal_before : "");
    write_tie(from, query, item_name);
    ari_clause_sql(from, decimal ? dialect->decimal_compare : "");
    ari_clause_sql(from, " = ");
    ari_source_write_compared(from, &naming, 0, branch->target_key);
}

static void join(ar_query *query, const ari_branch *branch, ar_query *own)
{
    ari_writing writing = ari_query_writing(query, &query->from);
    ari_clause_sql(&query->from, " INNER JOIN (");
    if (ari_subquery_write(&writing, own, ARI_EMBED_ROWS) != AR_OK)
        return;
    ari_clause_sql(&query->from, ") AS ");
    ari_clause_name(&query->from, query->dialect, tie_name);
    ari_clause_sql(&query->from, " ON ");
    write_on(query, branch);
    add_beside(query, branch->through_own, owner_name);
    add_beside(query, branch->through_other, item_name);
}

ar_status ari_ties_join(ar_query *query, const ari_branch *branch, ar_query *own, ar_error *err)
{
    select_as(own, branch->through_own, owner_name);
    select_as(own, branch->through_other, item_name);
    join(query, branch, own);
    ar_query_free(own);
    if (query->error.status != AR_OK && err != NULL)
        *err = query->error;
    return query->error.status;
}

/* --- Its rows --- */

static ar_value key_at(const ari_ties *ties, size_t index)
{
    const ar_column *key = ties->branch->target_key;
    return ari_kind_load(key->kind, (const char *)ari_item_at(ties->rows->list->items, index) + key->offset);
}

/* The place of that record in the table, taken or free. */
static uint32_t *place_of(const ari_ties *ties, const ar_value *key)
{
    size_t at = (size_t)ari_key_hash(key) & (ties->size - 1);
    for (;; at = (at + 1) & (ties->size - 1)) {
        uint32_t *place = &ties->table[at];
        if (*place == 0)
            return place;
        ar_value there = key_at(ties, *place - 1);
        if (ari_key_is_same(&there, key))
            return place;
    }
}

static size_t records(const ari_ties *ties)
{
    return ties->rows->list != NULL ? ties->rows->list->count : 0;
}

/* Room for a record more. */
static bool grow_table(ari_ties *ties)
{
    size_t size = ties->size > 0 ? ties->size * 2 : 16;
    if (records(ties) + 1 <= ties->size / 2)
        return true;
    uint32_t *table = size <= UINT32_MAX ? ari_allocate_array(ties->rows->env, size, sizeof *table) : NULL;
    if (table == NULL)
        return false;
    memset(table, 0, size * sizeof *table);
    if (ties->table != NULL)
        ari_release(ties->rows->env, ties->table);
    ties->table = table;
    ties->size = size;
    for (size_t i = 0; i < records(ties); i++) {
        ar_value key = key_at(ties, i);
        *place_of(ties, &key) = (uint32_t)i + 1;
    }
    return true;
}

static bool grow_pairs(ari_ties *ties)
{
    size_t capacity = ties->capacity > 0 ? ties->capacity * 2 : 16;
    if (ties->count < ties->capacity)
        return true;
    ari_pair *pairs = ari_reallocate_array(ties->rows->env, ties->pairs, capacity, sizeof *pairs);
    if (pairs == NULL)
        return false;
    ties->pairs = pairs;
    ties->capacity = capacity;
    return true;
}

static ar_status add_row(void *ctx, const ar_value *values, size_t count, ar_error *err)
{
    ari_ties *ties = ctx;
    const ar_value *item = &values[count - ITEM];
    uint32_t group = ari_grouping_find(ties->owners, &values[count - OWNER]);
    if (group < ties->slice.first || group - ties->slice.first >= ties->slice.count ||
        !ari_key_is_same(item, &values[ties->key]))
        return AR_OK;
    if (!grow_table(ties) || !grow_pairs(ties))
        return no_memory(ties->branch, err);
    uint32_t *place = place_of(ties, item);
    if (*place == 0) {
        ar_status status = ari_hydrate_sink.row(ties->rows, values, count - OWNER, err);
        if (status != AR_OK)
            return status;
        *place = (uint32_t)records(ties);
    }
    ties->pairs[ties->count++] = (ari_pair){ .group = group, .item = *place - 1 };
    return AR_OK;
}

static void restart(void *ctx)
{
    ari_ties *ties = ctx;
    ties->count = 0;
    if (ties->table != NULL)
        memset(ties->table, 0, ties->size * sizeof *ties->table);
    ari_hydrate_sink.restart(ties->rows);
}

const ar_sink ari_ties_sink = { .row = add_row, .restart = restart };

void ari_ties_start(ari_ties *ties, const ari_branch *branch, const ari_grouping *owners, ari_slice slice,
                    ari_hydrate *rows, ar_operation *operation)
{
    const ari_plan *plan = rows->plan;
    *ties = (ari_ties){ .branch = branch, .owners = owners, .slice = slice, .rows = rows };
    while (plan->columns[ties->key].from != branch->target_key)
        ties->key++;
    operation->sink = &ari_ties_sink;
    operation->sink_ctx = ties;
}

void ari_ties_release(ari_ties *ties, const ar_env *env)
{
    if (ties->pairs != NULL)
        ari_release(env, ties->pairs);
    if (ties->table != NULL)
        ari_release(env, ties->table);
    *ties = (ari_ties){ .count = 0 };
}
