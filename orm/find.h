/* SPDX-License-Identifier: MIT */
#ifndef ORM_FIND_H
#define ORM_FIND_H

#include "orm/hydrate.h"

/* Bytes that texts and bytes among `values` take, each with a NUL behind it. */
size_t ari_values_room(const ar_value *values, size_t count);

/* Copies them to `room`, which has that many, and points the values at the copies. Gives the end of what was used. */
char *ari_values_move(ar_value *values, size_t count, char *room);

/* A future that has failed with what *err says, on the runtime of `db`, which is left. */
ar_future *ari_fail_and_leave(ari_db *db, const ar_error *err);

/* What a typed future came to: the record or list of an operation that begins with an ari_hydrate. */
ar_status ari_take_record(ar_future *done, void **out, ar_error *err);
ar_status ari_take_list(ar_future *done, ar_record_list *out, ar_error *err);

#endif
