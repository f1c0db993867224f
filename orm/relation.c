/* SPDX-License-Identifier: MIT */
#include "orm/relation.h"

#include "orm/bind.h"
#include "orm/column.h"

/* What is loaded for a record lies in a list of its own (orm/record.c), and the member points into the array of that:
 * { pointer, ar_related }, which AR_ONE and AR_MANY both are. The list is kept in memory by a hold of the record's
 * home: the list that the record is in, which does it for all its records together, or the record itself when it is of
 * its own or was kept. A hold counts the records that use it, so that what is loaded again and again does not pile up;
 * it goes with its home at the latest. A record that was kept after something was loaded for it goes on using the hold
 * of its list, which it keeps in memory, and does not touch it any more.
 *
 * The way back from a loaded record to the one that it was loaded for has no hold: that one keeps this one in memory,
 * not the other way round. It is cut when the record is kept. All of this belongs to the one thread that uses the
 * records; only the holders of a list are counted atomically, since kept records may have gone to other threads. */

enum { LOADED = 1, BACK = 2 };

enum { RELATED_AT = sizeof(void *) }; /* behind the pointer */

static ar_related related_of(const ari_record *record, const ar_column *entry)
{
    ar_related related;
    memcpy(&related, (const char *)(record + 1) + entry->offset + RELATED_AT, sizeof related);
    return related;
}

static void store(ari_record *record, const ar_column *entry, void *items, ar_related related)
{
    char *member = (char *)ari_record_struct(record) + entry->offset;
    memcpy(member, &items, sizeof items);
    memcpy(member + RELATED_AT, &related, sizeof related);
}

const ar_column *ari_relation_at(const ar_model *model, size_t offset)
{
    const ar_column *entry;
    size_t cursor = 0;
    while ((entry = ari_entry_next(model, AR_ENTRY_RELATION, &cursor)) != NULL) {
        if (entry->offset == offset)
            return entry;
    }
    return NULL;
}

const ar_column *ari_relation_key(const ar_model *model)
{
    const ar_column *column, *key = NULL;
    size_t cursor = 0;
    while ((column = ari_column_next(model, &cursor)) != NULL) {
        if ((column->flags & AR_PRIMARY_KEY) == 0)
            continue;
        if (key != NULL)
            return NULL;
        key = column;
    }
    return key;
}

ari_hold *ari_hold_create(ari_list *list)
{
    ari_hold *hold = ari_allocate_zero(list->env, sizeof *hold);
    if (hold == NULL)
        return NULL;
    hold->list = list;
    atomic_fetch_add_explicit(&list->holders, 1, memory_order_relaxed);
    return hold;
}

void ari_list_let_go(ari_list *list)
{
    /* acq_rel: who destroys it sees what the other holders did to its records before. */
    if (atomic_fetch_sub_explicit(&list->holders, 1, memory_order_acq_rel) == 1)
        ari_list_destroy(list);
}

void ari_hold_drop(ari_hold *hold)
{
    ari_list *list = hold->list;
    if (hold->link != NULL)
        *hold->link = hold->next;
    if (hold->link != NULL && hold->next != NULL)
        hold->next->link = hold->link;
    ari_release(list->env, hold);
    ari_list_let_go(list);
}

void ari_holds_release(ari_hold **holds)
{
    while (*holds != NULL)
        ari_hold_drop(*holds);
}

static bool goes_with_list(const ari_record *record)
{
    return (record->flags & (ARI_RECORD_LISTED | ARI_RECORD_KEPT)) == ARI_RECORD_LISTED;
}

const void *ari_related_home(const ari_record *record)
{
    return goes_with_list(record) ? (const void *)record->home.list : record;
}

/* One that was kept since the hold was made leaves it to its list, which it keeps in memory; one that was kept before,
 * and freed since, too. */
static void enter_home(ari_record *record, ari_hold *hold, const void *home)
{
    bool own = home == record && !goes_with_list(record);
    ari_hold **holds = own ? &record->holds : &record->home.list->holds;
    if (hold->link != NULL)
        return;
    hold->home = own ? (const void *)record : record->home.list;
    hold->next = *holds;
    hold->link = holds;
    if (hold->next != NULL)
        hold->next->link = &hold->next;
    *holds = hold;
}

/* One of another home, which the record was in before it was kept, is not this thread's. */
static void leave(const ari_record *record, const ar_column *entry)
{
    ar_related before = related_of(record, entry);
    ari_hold *hold = (ari_hold *)(uintptr_t)before.hold;
    if (hold != NULL && hold->home == ari_related_home(record) && --hold->uses == 0)
        ari_hold_drop(hold);
}

void ari_related_set(ari_record *record, const ar_column *entry, void *items, size_t count, ari_hold *hold,
                     const void *home)
{
    if (hold != NULL) {
        enter_home(record, hold, home);
        hold->uses++;
    }
    leave(record, entry);
    store(record, entry, items, (ar_related){ .count = count, .hold = hold, .flags = LOADED });
}

void ari_related_set_back(ari_record *record, const ar_column *entry, void *item)
{
    leave(record, entry);
    store(record, entry, item, (ar_related){ .count = 1, .flags = LOADED | BACK });
}

void ari_related_cut(ari_record *record)
{
    const ar_column *entry;
    size_t cursor = 0;
    while ((entry = ari_entry_next(record->model, AR_ENTRY_RELATION, &cursor)) != NULL) {
        if ((related_of(record, entry).flags & BACK) != 0)
            store(record, entry, NULL, (ar_related){ .flags = 0 });
    }
}

static ar_status not_loaded(const char *member, ar_error *err)
{
    return ar_error_set(
        err, AR_E_NOT_LOADED,
        "reading %s: it was not loaded; load it with the query (ar_query_include), or for the record or "
        "its list (T_load, T_list_load)",
        member != NULL ? member : "a relation");
}

ar_status ar_related_many(const ar_related *related, const char *member, ar_error *err)
{
    if (related == NULL)
        return ar_error_set(err, AR_E_INVALID, "reading a relation: the member is NULL");
    return (related->flags & LOADED) != 0 ? AR_OK : not_loaded(member, err);
}

ar_status ar_related_one(const ar_related *related, const char *member, ar_error *err)
{
    ar_status status = ar_related_many(related, member, err);
    if (status != AR_OK || related->count > 0)
        return status;
    return ar_error_set(err, AR_E_NOT_FOUND, "reading %s: it is loaded, and there is no such row",
                        member != NULL ? member : "a relation");
}

bool ar_related_is_loaded(const ar_related *related)
{
    return related != NULL && (related->flags & LOADED) != 0;
}

/* --- What a model says --- */

typedef struct checking {
    const ar_model *model;
    const ar_column *entry;
    ar_error *err;
} checking;

static ar_status complain(const checking *self, const char *what)
{
    return ar_error_set(self->err, AR_E_INVALID, "model %s, relation %s: %s", self->model->name,
                        self->entry->member != NULL ? self->entry->member : "?", what);
}

/* That the column at `offset` of `from` can hold the key of `to`. */
static ar_status check_key(const checking *self, const ar_model *from, size_t offset, const ar_model *to)
{
    const ar_column *key = ari_relation_key(to);
    const ar_column *column = ari_column_by_offset(from, offset);
    if (key == NULL)
        return ar_error_set(self->err, AR_E_INVALID,
                            "model %s, relation %s: the primary key of %s is to be one column, which is what a "
                            "relation refers to; give it one, or ask with a query that joins or filters",
                            self->model->name, self->entry->member, to->name);
    if (column == NULL)
        return complain(self, "the member with the key is not a column of its model");
    if (ari_column_type(column) == ari_column_type(key))
        return AR_OK;
    return ar_error_set(self->err, AR_E_INVALID,
                        "model %s, relation %s: %s.%s is %s, but the key of %s, which it refers to, is %s; give them "
                        "the same type",
                        self->model->name, self->entry->member, from->name, column->member,
                        ar_type_name(ari_column_type(column)), to->name, ar_type_name(ari_column_type(key)));
}

static ar_status check_inverse(const checking *self, const ar_relation *relation)
{
    const ar_column *back;
    if (relation->inverse == 0)
        return AR_OK;
    if (relation->kind != AR_RELATION_HAS_ONE && relation->kind != AR_RELATION_HAS_MANY)
        return complain(self, ".inverse is for has_one and has_many");
    back = ari_relation_at(relation->target, relation->inverse - 1);
    if (back == NULL || ari_relation_of(back) == NULL || ari_relation_of(back)->kind != AR_RELATION_BELONGS_TO ||
        ari_relation_of(back)->target != self->model || ari_relation_of(back)->foreign_key != relation->foreign_key)
        return complain(self, "its .inverse is no belongs_to of the same key back to this model");
    return AR_OK;
}

static ar_status check_dependent(const checking *self, const ar_relation *relation)
{
    const ar_column *column;
    switch (relation->dependent) {
    case AR_DEPENDENT_NONE: return AR_OK;
    case AR_DEPENDENT_DELETE:
    case AR_DEPENDENT_RESTRICT:
        return relation->kind == AR_RELATION_BELONGS_TO ? complain(self, ".dependent is not for belongs_to") : AR_OK;
    case AR_DEPENDENT_NULLIFY:
        if (relation->kind != AR_RELATION_HAS_ONE && relation->kind != AR_RELATION_HAS_MANY)
            return complain(self, "AR_DEPENDENT_NULLIFY is for has_one and has_many");
        column = ari_column_by_offset(relation->target, relation->foreign_key);
        if (column == NULL || !ari_kind_is_nullable(column->kind) || (column->flags & AR_NOT_NULL) != 0)
            return complain(self, "AR_DEPENDENT_NULLIFY takes a column that may be NULL");
        return AR_OK;
    }
    return complain(self, "its .dependent is none of the AR_DEPENDENT_ ones");
}

static ar_status check_keys(const checking *self, const ar_relation *relation)
{
    ar_status status;
    switch (relation->kind) {
    case AR_RELATION_BELONGS_TO: return check_key(self, self->model, relation->foreign_key, relation->target);
    case AR_RELATION_HAS_ONE:
    case AR_RELATION_HAS_MANY: return check_key(self, relation->target, relation->foreign_key, self->model);
    case AR_RELATION_MANY_TO_MANY:
        if (!ari_model_has_struct(relation->through))
            return complain(self, "the model between the two is none that AR_MODEL_DEFINE made");
        status = check_key(self, relation->through, relation->foreign_key, self->model);
        return status == AR_OK ? check_key(self, relation->through, relation->through_key, relation->target) : status;
    }
    return complain(self, "it is of no kind; declare it with AR_BELONGS_TO and the like");
}

static ar_status check_relation(const checking *self)
{
    const ar_relation *relation = ari_relation_of(self->entry);
    const size_t room = RELATED_AT + sizeof(ar_related);
    if (relation == NULL || self->entry->size != room || self->model->record_size < room ||
        self->entry->offset > self->model->record_size - room)
        return complain(self, "it is no member of AR_ONE or AR_MANY");
    if (!ari_model_has_struct(relation->target))
        return complain(self, "the other model is none that AR_MODEL_DEFINE made");
    ar_status status = check_keys(self, relation);
    if (status == AR_OK)
        status = check_inverse(self, relation);
    return status == AR_OK ? check_dependent(self, relation) : status;
}

ar_status ari_relations_check(const ar_model *model, ar_error *err)
{
    checking self = { .model = model, .err = err };
    size_t cursor = 0;
    while ((self.entry = ari_entry_next(model, AR_ENTRY_RELATION, &cursor)) != NULL) {
        ar_status status = check_relation(&self);
        if (status != AR_OK)
            return status;
    }
    return AR_OK;
}
