/* SPDX-License-Identifier: MIT */
#ifndef ORM_COMMIT_H
#define ORM_COMMIT_H

#include "orm/plan.h"
#include "orm/record.h"

/* Writes inside a transaction whose model has after_commit or after_rollback events. See orm/commit.c. */
typedef struct ari_commit ari_commit;

/* Whether a write through `db` is to be told how its transaction ends. */
bool ari_commit_is_due(const ari_plan *plan, const ari_db *db);

/* Of `count` writes, with a reference for the caller. NULL: no memory. copy: takes what a plain struct is to be written
 * as, for the write of that index; false: no memory. */
ari_commit *ari_commit_create(ari_db *db, const ari_plan *plan, size_t count);
bool ari_commit_copy(ari_commit *commit, size_t index, const void *plain);

/* They are about to be sent: the transaction has a reference until it ends. */
void ari_commit_register(ari_commit *commit, ari_db *db);

/* They hold, and what came of them was applied: to the record, or (NULL) to an array of plain structs. Runs the events when
 * the transaction has ended already. */
void ari_commit_applied(ari_commit *commit, ari_record *record, const void *plain);

void ari_commit_unref(ari_commit *commit); /* NULL does nothing; any thread */

#endif
