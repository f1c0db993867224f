/* SPDX-License-Identifier: MIT */
#ifndef ORM_ASSIGNED_H
#define ORM_ASSIGNED_H

#include "orm/plan.h"
#include "orm/record.h"

/* Texts and bytes of a record that point at memory of the application's, which may go once a verb on it has begun. */

/* The value of a member that does; of any other one that is NULL. */
ar_value ari_assigned_value(ari_record *record, const ari_plan_column *column);

/* Of all its members: the room that copies take. */
size_t ari_assigned_room(ari_record *record, const ari_plan *plan);

/* Points the members at copies of what was assigned, in `strings`, which becomes the record's. */
void ari_assigned_adopt(ari_record *record, const ari_plan *plan, ari_strings *strings);

/* Sets a member to a copy of `value`, which becomes the record's. False: no memory. */
bool ari_assigned_copy(ari_record *record, const ari_plan_column *column, const ar_value *value);

#endif
