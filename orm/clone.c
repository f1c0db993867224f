/* SPDX-License-Identifier: MIT */
#include <actrec/inspect.h>

#include <stdalign.h>
#include <string.h>

#include "orm/filter.h"
#include "orm/path.h"
#include "orm/query.h"

/* A clone has memory of its own for everything that its original has gathered: values, names and pieces of SQL. What
 * points to models and their columns does so still. */

static void clone_clause(ari_clause *to, const ari_clause *from)
{
    ari_clause part = *from;
    const ar_value *values = from->values;
    ari_text_buffer_append(&to->text, from->text.data, from->text.length);
    to->failed = to->failed || from->failed || from->text.failed;
    if (part.count == 0 || to->failed)
        return;
    ari_clause copies;
    ari_clause_init(&copies, from->text.env, to->arena);
    for (size_t i = 0; i < part.count; i++)
        ari_clause_value(&copies, &values[i]);
    to->failed = copies.failed || copies.text.failed;
    to->values = copies.values;
    to->count = copies.count;
    to->capacity = copies.capacity;
    ari_clause_fini(&copies);
}

static bool clone_piece(ar_query *query, ari_piece *piece)
{
    if (piece->text == NULL)
        return true;
    piece->text = ari_arena_copy_text(&query->arena, piece->text, piece->length);
    for (size_t i = 0; i < piece->count; i++)
        ari_clause_value(&query->scratch, &piece->values[i]);
    ari_piece values;
    bool taken = ari_clause_take(&query->scratch, &values);
    piece->values = values.values;
    return taken && piece->text != NULL;
}

static bool clone_text(ar_query *query, const char **text)
{
    if (*text == NULL)
        return true;
    *text = ari_arena_copy_text(&query->arena, *text, strlen(*text));
    return *text != NULL;
}

static bool clone_selections(ar_query *query, const ari_selections *from, ari_selections *to)
{
    *to = (ari_selections){ .first = NULL };
    for (const ari_selection *item = from->first; item != NULL; item = item->next) {
        ari_selection *copy = ari_query_add(query, to);
        if (copy == NULL)
            return false;
        *copy = *item;
        copy->next = NULL;
        if (item->token.length > 0)
            copy->token.text = ari_arena_copy_text(&query->arena, item->token.text, item->token.length);
        if (!clone_piece(query, &copy->piece) || !clone_text(query, &copy->alias) ||
            (item->token.length > 0 && copy->token.text == NULL))
            return false;
    }
    return true;
}

static bool clone_parts(ar_query *query, const ari_parts *from, ari_parts *to)
{
    *to = (ari_parts){ .first = NULL };
    for (const ari_part *part = from->first; part != NULL; part = part->next) {
        ari_part *copy = ari_arena_alloc(&query->arena, sizeof *copy, alignof(ari_part));
        if (copy == NULL)
            return false;
        *copy = *part;
        copy->next = NULL;
        *(to->last != NULL ? &to->last->next : &to->first) = copy;
        to->last = copy;
        if (!clone_piece(query, &copy->piece))
            return false;
    }
    return true;
}

static bool clone_sources(ar_query *query, const ar_query *from)
{
    query->sources = &query->base;
    query->source_capacity = 1;
    if (from->source_count < 2)
        return clone_text(query, &query->base.alias);
    query->sources =
        ari_arena_alloc_array(&query->arena, from->source_count, sizeof *query->sources, alignof(ari_source));
    if (query->sources == NULL)
        return false;
    query->source_capacity = from->source_count;
    memcpy(query->sources, from->sources, from->source_count * sizeof *query->sources);
    for (size_t i = 0; i < from->source_count; i++) {
        if (!clone_text(query, &query->sources[i].alias))
            return false;
    }
    query->base = query->sources[0];
    return true;
}

static bool clone_outers(ar_query *query, const ar_query *from)
{
    ari_outer **end = &query->outers;
    *end = NULL;
    for (const ari_outer *outer = from->outers; outer != NULL; outer = outer->next) {
        ari_outer *copy = ari_arena_alloc(&query->arena, sizeof *copy, alignof(ari_outer));
        if (copy == NULL)
            return false;
        *copy = *outer;
        copy->next = NULL;
        *end = copy;
        end = &copy->next;
        if (!clone_text(query, &copy->name))
            return false;
    }
    return true;
}

static bool clone_paths(ar_query *query, const ar_query *from)
{
    struct ari_query_path **end = &query->paths;
    *end = NULL;
    for (const struct ari_query_path *path = from->paths; path != NULL; path = path->next) {
        struct ari_query_path *copy = ari_arena_alloc(&query->arena, sizeof *copy, alignof(struct ari_query_path));
        if (copy == NULL)
            return false;
        copy->path = path->path;
        copy->next = NULL;
        *end = copy;
        end = &copy->next;
    }
    return true;
}

static bool clone_all(ar_query *query, const ar_query *from)
{
    clone_clause(&query->from, &from->from);
    clone_clause(&query->where, &from->where);
    clone_clause(&query->having, &from->having);
    clone_clause(&query->changes, &from->changes);
    return ari_filter_copy(query) && clone_sources(query, from) && clone_outers(query, from) &&
           clone_paths(query, from) && clone_piece(query, &query->page_values) &&
           clone_selections(query, &from->selected, &query->selected) &&
           clone_selections(query, &from->groups, &query->groups) &&
           clone_selections(query, &from->orders, &query->orders) &&
           clone_parts(query, &from->combined, &query->combined) && clone_parts(query, &from->withs, &query->withs);
}

/* Everything but what lies in memory of the query's own. */
static void copy_plain(ar_query *query, const ar_query *from)
{
    ar_query own = *query;
    *query = *from;
    query->fixed = false;
    query->arena = own.arena;
    query->from = own.from;
    query->scratch = own.scratch;
    query->where = own.where;
    query->having = own.having;
    query->changes = own.changes;
}

/* One that there was no memory for must not keep what is its original's: it may be cloned in its turn. */
static void forget(ar_query *query)
{
    query->tenant = NULL;
    query->base.alias = NULL;
    query->sources = &query->base;
    query->source_count = query->model != NULL ? 1 : 0;
    query->source_capacity = 1;
    query->outers = NULL;
    query->paths = NULL;
    query->page_values = (ari_piece){ .text = NULL };
    query->selected = query->groups = query->orders = query->beside = (ari_selections){ .first = NULL };
    query->combined = query->withs = (ari_parts){ .first = NULL };
}

ar_query *ar_query_clone(const ar_query *from)
{
    const ar_env *env = from != NULL && from->env != NULL ? from->env : ar_env_default();
    ar_query *query = ari_query_new(env, NULL, NULL, NULL);
    if (query->fixed)
        return query;
    if (from == NULL) {
        ar_ignore(ar_error_set(&query->error, AR_E_INVALID, "cloning a query: it is NULL"));
        return query;
    }
    copy_plain(query, from);
    query->env = env;
    if (!clone_all(query, from)) {
        forget(query);
        ari_query_fail_no_memory(query);
    }
    return query;
}
