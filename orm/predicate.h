/* SPDX-License-Identifier: MIT */
#ifndef ORM_PREDICATE_H
#define ORM_PREDICATE_H

#include <actrec/model.h>
#include <actrec/predicate.h>

#include "orm/clause.h"

/* Appends `count` predicates on `model`, joined by AND. AR_E_INVALID for none, a column of another model, a group that
 * is empty or does not close; AR_E_TYPE for a value that its column cannot have. */
ar_status ari_predicate_append(ari_clause *clause, const ar_dialect *dialect, const ar_model *model,
                               const ar_predicate *predicates, size_t count, ar_error *err);

#endif
