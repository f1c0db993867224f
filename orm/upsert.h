/* SPDX-License-Identifier: MIT */
#ifndef ORM_UPSERT_H
#define ORM_UPSERT_H

#include <actrec/bulk.h>

#include "orm/plan.h"

/* The columns of a plan that members are. */
ar_status ari_members_mask(const ari_plan *plan, const ar_members *members, const char *verb, ari_mask *out,
                           ar_error *err);

/* What an upsert is about, in terms of a plan. */
typedef struct ari_conflict {
    ari_mask target;
    ari_mask update; /* empty: the row that is there stays as it is */
    bool by_key;     /* the target is the primary key */
} ari_conflict;

/* NULL options: by the primary key, everything. AR_E_UNSUPPORTED, AR_E_INVALID. */
ar_status ari_conflict_read(const ari_plan *plan, const ar_upsert_options *options, ari_conflict *out, ar_error *err);

/* What a statement gives back of each row. */
typedef enum ari_give_back { ARI_GIVE_NOTHING = 0, ARI_GIVE_KEY, ARI_GIVE_ROW } ari_give_back;

/* INSERT of `rows` rows of the columns in `mask` with what is done on conflict; 0: written for the dialect's bulk. The
 * caller unrefs. */
ar_status ari_upsert_statement(const ari_plan *plan, const ari_mask *mask, size_t rows, const ari_conflict *conflict,
                               ari_give_back back, const ar_statement **out, ar_error *err);

/* The error that says that a row conflicted in another way than in the target, as that. */
ar_status ari_upsert_error(const ari_plan *plan, ar_status status, ar_error *err);

#endif
