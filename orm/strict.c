/* SPDX-License-Identifier: MIT */
#include "orm/strict.h"

#include <stdalign.h>

#include "orm/scope.h"

/* A list counts, for each relation, the loads for one of its records; in its arena, on the thread that uses it. */

struct ari_lazy {
    struct ari_lazy *next;
    const ar_model *model;
    size_t offset; /* of the relation's member */
    uint32_t loads;
};

static struct ari_lazy *counter_of(ari_list *list, const ar_path_step *step)
{
    struct ari_lazy *counter = list->lazy;
    while (counter != NULL && (counter->model != step->model || counter->offset != step->offset))
        counter = counter->next;
    if (counter != NULL)
        return counter;
    counter = ari_arena_alloc(&list->arena, sizeof *counter, alignof(struct ari_lazy));
    if (counter == NULL)
        return NULL;
    *counter = (struct ari_lazy){ .next = list->lazy, .model = step->model, .offset = step->offset };
    list->lazy = counter;
    return counter;
}

static ar_status describe(const ari_list *list, const ar_path *path, uint32_t loads, ar_error *err)
{
    return ar_error_set(err, AR_E_NOT_LOADED,
                        "%s:%d: %s.%s is loaded one by one, %u times so far, for a list of %zu records; load it for "
                        "the list (T_list_load) or with its query (ar_query_include)",
                        path->file != NULL ? path->file : "?", path->line, path->steps[0].model->name,
                        path->steps[0].member, loads, list->count);
}

ar_status ari_strict_check(const ari_db *db, const ari_record *record, const ar_path *path, ar_error *err)
{
    ar_error found;
    if (db->lazy_loads == 0 || (record->flags & (ARI_RECORD_LISTED | ARI_RECORD_KEPT)) != ARI_RECORD_LISTED ||
        record->home.list->count < 2)
        return AR_OK;
    ari_list *list = record->home.list;
    struct ari_lazy *counter = counter_of(list, &path->steps[0]);
    if (counter == NULL)
        return ar_error_set(err, AR_E_NO_MEMORY, "loading relations: out of memory");
    if (++counter->loads <= db->lazy_loads)
        return AR_OK;
    if (db->lazy_refused)
        return describe(list, path, counter->loads, err);
    if (counter->loads == db->lazy_loads + 1) {
        ar_ignore(describe(list, path, counter->loads, &found));
        ari_pool_advise(db->pool, found.message);
    }
    return AR_OK;
}
