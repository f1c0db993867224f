/* SPDX-License-Identifier: MIT */
#ifndef ORM_READ_BACK_H
#define ORM_READ_BACK_H

#include "orm/apply.h"
#include "orm/plan.h"

/* What the database alone knows of a row that was written, for engines whose writes do not return it. */
typedef struct ari_read_back {
    const ari_plan *plan;
    const uint16_t *columns; /* of the plan, `count` of them */
    const ar_type *wanted;
    size_t count;
    bool numbered;      /* the row is the one that was inserted, with an AUTO key that the database gave */
    const void *object; /* else the key is that of this struct */
    const ar_sink *sink;
    void *sink_ctx;
} ari_read_back;

/* Sends `op`, whose outcome goes to the record or the plain struct, and behind it, on the same connection, what reads
 * the columns: in the transaction of `db`, or in one of their own on `handle`. The future is that of both; on
 * failure neither holds. Nothing is sent twice. Takes `op`. */
ar_future *ari_read_back_submit(ari_db *db, ar_db *handle, ari_op *op, ari_record *record, void *plain,
                                const ari_read_back *what);

#endif
