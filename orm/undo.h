/* SPDX-License-Identifier: MIT */
#ifndef ORM_UNDO_H
#define ORM_UNDO_H

#include "orm/record.h"

/* What a record was before a verb inside a transaction, for the case that it is rolled back. See orm/undo.c. */

/* Prepares it for `record`, with a reference for the caller (ari_undo_unref). whole: for a verb that reads the row, and
 * so changes all members. NULL: no memory. */
ari_undone *ari_undo_create(ari_record *record, bool whole);

/* Takes it back, with the caller's reference, when the verb was not sent. NULL does nothing. */
void ari_undo_discard(ari_undone *undone);

/* Hands it to the transaction too, which keeps a reference until it ends. */
void ari_undo_register(ari_undone *undone, ari_db *db);

/* Whether the transaction was rolled back before the outcome was applied: then it must not be any more. NULL: false.
 * */
bool ari_undo_is_due(const ari_undone *undone);

/* The verb has been applied to the record. NULL does nothing. */
void ari_undo_applied(ari_undone *undone);

void ari_undo_unref(ari_undone *undone); /* NULL does nothing; any thread */

/* The record goes: nothing is given back to it any more. */
void ari_undo_forget(ari_record *record);

#endif
