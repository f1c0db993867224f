/* SPDX-License-Identifier: MIT */
#include "orm/path.h"

#include <stdalign.h>

#include "orm/column.h"
#include "orm/plan.h"

static ar_status no_memory(ar_error *err)
{
    return ar_error_set(err, AR_E_NO_MEMORY, "loading relations: out of memory");
}

static ar_status check_path(const ar_model *model, const ar_path *path, ar_error *err)
{
    if (path->count == 0 || path->count > AR_PATH_LENGTH)
        return ar_error_set(err, AR_E_INVALID, "loading relations: a path has 1 to %d levels; make it with AR_PATH",
                            AR_PATH_LENGTH);
    if (path->steps[0].model == model)
        return AR_OK;
    return ar_error_set(err, AR_E_INVALID, "loading relations: the path begins with %s, and the records are of %s",
                        path->steps[0].model != NULL ? path->steps[0].model->name : "nothing", model->name);
}

static ar_status find_branch(ari_branch **first, ari_arena *arena, const ar_model *model, const ar_path_step *step,
                             ari_branch **out, ar_error *err)
{
    const char *member = step->member != NULL ? step->member : "?";
    const ar_column *entry = step->model == model ? ari_relation_at(model, step->offset) : NULL;
    if (entry == NULL || entry->extra == NULL)
        return ar_error_set(err, AR_E_INVALID,
                            "loading relations: model %s does not declare member %s with AR_BELONGS_TO, AR_HAS_ONE, "
                            "AR_HAS_MANY or AR_MANY_TO_MANY",
                            model->name, member);
    while (*first != NULL && (*first)->entry != entry)
        first = &(*first)->next;
    if (*first == NULL) {
        *first = ari_arena_alloc(arena, sizeof **first, alignof(ari_branch));
        if (*first == NULL)
            return no_memory(err);
        **first = (ari_branch){ .entry = entry, .relation = entry->extra };
    }
    *out = *first;
    if (step->modify == NULL)
        return AR_OK;
    if ((*out)->modify != NULL && ((*out)->modify != step->modify || (*out)->arg != step->arg))
        return ar_error_set(err, AR_E_INVALID, "loading relations: two paths narrow %s.%s, each in its own way",
                            model->name, member);
    (*out)->modify = step->modify;
    (*out)->arg = step->arg;
    return AR_OK;
}

ar_status ari_branch_add(ari_branch **first, ari_arena *arena, const ar_model *model, const ar_path *path,
                         ar_error *err)
{
    ari_branch *branch = NULL;
    ar_status status = check_path(model, path, err);
    for (uint32_t i = 0; status == AR_OK && i < path->count; i++) {
        status = find_branch(first, arena, model, &path->steps[i], &branch, err);
        if (status != AR_OK || branch->relation->target == NULL)
            break;
        model = branch->relation->target;
        first = &branch->children;
    }
    return status;
}

static void find_columns(ari_branch *branch, const ar_model *model)
{
    const ar_relation *relation = branch->relation;
    bool owns_key = relation->kind == AR_RELATION_BELONGS_TO;
    branch->parent_key = owns_key ? ari_column_by_offset(model, relation->foreign_key) : ari_relation_key(model);
    if (owns_key || relation->kind == AR_RELATION_MANY_TO_MANY)
        branch->target_key = ari_relation_key(relation->target);
    else
        branch->target_key = ari_column_by_offset(relation->target, relation->foreign_key);
    if (relation->through != NULL) {
        branch->through_own = ari_column_by_offset(relation->through, relation->foreign_key);
        branch->through_other = ari_column_by_offset(relation->through, relation->through_key);
    }
    if (relation->inverse != 0)
        branch->back = ari_relation_at(relation->target, relation->inverse - 1);
}

static ar_status narrow(ari_branch *branch, ar_db *handle, ar_error *err)
{
    if (branch->modify == NULL)
        return AR_OK;
    ar_query *query = ar_query_create(handle, branch->relation->target);
    branch->narrowed = query;
    branch->modify(query, branch->arg);
    if (query->error.status != AR_OK) {
        if (err != NULL)
            *err = query->error;
        return query->error.status;
    }
    if (query->limited || query->offset != 0 || query->selected.first != NULL || query->groups.first != NULL ||
        query->page != ARI_PAGE_NONE || query->combined.first != NULL || query->distinct || query->lock != 0 ||
        query->paths != NULL || !ari_clause_is_empty(&query->having))
        return ar_error_set(err, AR_E_INVALID,
                            "loading %s: what narrows a level filters, joins and orders; it may not limit, group, "
                            "select, lock or include",
                            branch->entry->member);
    if (query->alternative)
        return ar_error_set(err, AR_E_INVALID, "loading %s: nothing follows ar_query_or", branch->entry->member);
    return AR_OK;
}

static bool goes_by_array(const ari_branch *branch, const ar_dialect *dialect)
{
    ar_type type = ari_column_type(branch->parent_key);
    return dialect->find_by_array && branch->modify == NULL &&
           (type == AR_TYPE_INT16 || type == AR_TYPE_INT32 || type == AR_TYPE_INT64 || type == AR_TYPE_UUID ||
            type == AR_TYPE_BYTES || type == AR_TYPE_TEXT);
}

static ar_status prepare_model(ari_branch *branch, const ar_model *model, ari_db *db, ar_error *err)
{
    const ari_plan *plan;
    ar_status status = ari_plan_get(db, model, &plan, err); /* which checks its relations */
    if (status == AR_OK && plan->tenant_column >= 0)
        branch->by_array = false;
    return status;
}

ar_status ari_branch_prepare(ari_branch *first, const ar_model *model, ari_db *db, ar_db *handle, ar_error *err)
{
    const ari_plan *plan;
    ar_status status = ari_plan_get(db, model, &plan, err);
    for (ari_branch *branch = first; status == AR_OK && branch != NULL; branch = branch->next) {
        const ar_relation *relation = branch->relation;
        find_columns(branch, model);
        branch->by_array = goes_by_array(branch, ari_db_dialect(db));
        status = prepare_model(branch, relation->target, db, err);
        if (status == AR_OK && relation->through != NULL)
            status = prepare_model(branch, relation->through, db, err);
        if (status == AR_OK)
            status = narrow(branch, handle, err);
        if (status == AR_OK && branch->children != NULL)
            status = ari_branch_prepare(branch->children, relation->target, db, handle, err);
    }
    return status;
}

void ari_branch_release(ari_branch *first)
{
    for (; first != NULL; first = first->next) {
        ar_query_free(first->narrowed);
        first->narrowed = NULL;
        ari_branch_release(first->children);
    }
}
