/* SPDX-License-Identifier: MIT */
#ifndef ORM_RELATION_H
#define ORM_RELATION_H

#include <actrec/relation.h>

#include "orm/record.h"

/* Relations as models declare them, and as records have them; see orm/relation.c. */

/* What keeps a list of loaded records in memory for those that they were loaded for: `home` is their list, or the one
 * record of its own. */
typedef struct ari_hold ari_hold;
struct ari_hold {
    ari_hold *next;
    ari_hold **link; /* what points at this one; NULL: it is nobody's yet */
    const void *home;
    ari_list *list;
    size_t uses; /* records of the home that have something of the list */
};

static inline const ar_relation *ari_relation_of(const ar_column *entry)
{
    return entry->extra;
}

/* The element of a model's list for the member at `offset`; NULL: it is no relation. */
const ar_column *ari_relation_at(const ar_model *model, size_t offset);

/* The column of a primary key that has one; else NULL. */
const ar_column *ari_relation_key(const ar_model *model);

/* AR_E_INVALID, saying what is wrong, for relations that make no sense. */
ar_status ari_relations_check(const ar_model *model, ar_error *err);

/* A hold on `list`, for ari_related_set; NULL: no memory. One that was not used is dropped by its maker. */
ari_hold *ari_hold_create(ari_list *list);
void ari_hold_drop(ari_hold *hold);

/* Where the holds of a record's relations are kept: the record itself, or its list. */
const void *ari_related_home(const ari_record *record);

/* The relation is loaded: `count` records at `items` in the list of `hold`, which becomes that of `home`; none at all:
 * NULL and 0. `home` is what ari_related_home said when the hold was made: others of that home share it. What was loaded
 * before is let go of. */
void ari_related_set(ari_record *record, const ar_column *entry, void *items, size_t count, ari_hold *hold,
                     const void *home);

/* The relation is loaded with one record that keeps this one in memory; `item` points at the pointer to its struct. */
void ari_related_set_back(ari_record *record, const ar_column *entry, void *item);

/* Forgets the ways back, of a record that goes its own way. */
void ari_related_cut(ari_record *record);

/* Lets go of all. */
void ari_holds_release(ari_hold **holds);

/* Lets go of a list that is held; the one who made it is counted too. */
void ari_list_let_go(ari_list *list);

#endif
