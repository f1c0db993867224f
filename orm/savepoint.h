/* SPDX-License-Identifier: MIT */
#ifndef ORM_SAVEPOINT_H
#define ORM_SAVEPOINT_H

#include "orm/scope.h"

/* Named savepoints of a transaction. See orm/savepoint.c. */

typedef struct ari_point ari_point;

/* Takes all that would be undone with the transaction, newest first, and forgets its named savepoints. */
ari_undo *ari_points_take_undos(ari_db *tx);

#endif
