/* SPDX-License-Identifier: MIT */
#ifndef ACTREC_BULK_H
#define ACTREC_BULK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <actrec/members.h>
#include <actrec/record.h>

AR_BEGIN_DECLS

/* Writing many rows, and upserts that say what they are about. What is said in actrec/record.h holds here too.
 * ar_record_upsert_with validates and runs events as ar_record_upsert does. */

/* What an upsert does where a row is there already. All zero: ar_record_upsert. */
typedef struct ar_upsert_options {
    size_t struct_size;  /* 0, or sizeof(ar_upsert_options) */
    ar_members conflict; /* columns that together are unique in the table; none: the primary key */
    ar_members update;   /* what the row gets; none: all columns but those, the key and the created-at ones */
    bool keep;           /* nothing: the row that is there stays as it is */
} ar_upsert_options;

/* Inserts the record, or, when a row has the same values in the columns of `conflict`, updates that; then reads the row
 * back: the record is as the row is, whatever it had been. User_upsert_with(db, user, &(ar_upsert_options){ .conflict =
 * AR_MEMBERS(User, email), .update = AR_MEMBERS(User, name) }, &err). Updated-at columns are set with every update. A
 * row that conflicts in another way is AR_E_CONSTRAINT, on every engine.
 * Owns:    nothing.
 * Errors:  as ar_record_upsert; AR_E_INVALID for members of another model, ones that are no columns, a key among those
 *          to update; AR_E_UNSUPPORTED, nothing sent, on a server without INSERT … RETURNING (MySQL, MariaDB before
 *          10.5), where ar_record_upsert_many does the same to a plain struct; on PostgreSQL and SQLite AR_E_QUERY for
 *          columns that are not unique. */
AR_API AR_NODISCARD ar_status ar_record_upsert_with(ar_db *db, const ar_model *model, void *record,
                                                    const ar_upsert_options *options, ar_error *err);
AR_API ar_done ar_record_upsert_with_async(ar_db *db, const ar_model *model, void *record,
                                           const ar_upsert_options *options);

AR_END_DECLS

#endif
