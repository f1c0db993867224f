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
 * Upserts and save_many validate and run events as ar_record_upsert and ar_record_save do; update_many, delete_many and
 * all of actrec/change.h do not. */

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

/* --- Plain structs that lie in an array: as few statements as the engine takes, all or none. More than one run in a
 * transaction: the caller's when `db` is one, which refuses all but a rollback after an error of the database or of what
 * it gave back; else one of their own. No rows: AR_OK. What the library or the database
 * sets (AUTO keys, UUIDs, timestamps) goes into the structs when all of it has held; columns that the database computes
 * do not. In the asynchronous ones that is done by who awaits: the structs must live until then. --- */

/* Upserts them; `options` as for ar_record_upsert_with. AUTO keys are those of the rows, also of rows that were there.
 * What else a row has that was kept or partly updated does not come back. A row that conflicts with one before it in
 * the array updates that, but on PostgreSQL, where it is AR_E_QUERY.
 * Errors:  as ar_record_upsert_with; every engine takes it. */
AR_API AR_NODISCARD ar_status ar_record_upsert_many(ar_db *db, const ar_model *model, void *rows, size_t count,
                                                    const ar_upsert_options *options, ar_error *err);
AR_API ar_done ar_record_upsert_many_async(ar_db *db, const ar_model *model, void *rows, size_t count,
                                           const ar_upsert_options *options);

/* Updates the rows that have their keys: the columns that `members` names (NULL or none: all but the key and the
 * created-at ones), and the updated-at ones. *updated, which may be NULL, is how many rows there were: those that are
 * not there, or have another version, are left out. A key is to be there once.
 * Errors:  AR_E_CONSTRAINT; AR_E_INVALID for members of another model, ones that are no columns, and the key. */
AR_API AR_NODISCARD ar_status ar_record_update_many(ar_db *db, const ar_model *model, void *rows, size_t count,
                                                    const ar_members *members, int64_t *updated, ar_error *err);
AR_API ar_int64_future ar_record_update_many_async(ar_db *db, const ar_model *model, void *rows, size_t count,
                                                   const ar_members *members);

/* Inserts each row that can be, and says which cannot: `rejected` (NULL: nobody is told) is called with the index of each and
 * why. Rows that are refused by the database (AR_E_CONSTRAINT, AR_E_TYPE), by a rule or by an event are; whatever else goes
 * wrong ends it, with the rows in that were inserted so far. *inserted, which may be NULL, is how many, also on error.
 * About 1,000 rows are under way at a time, together; those of a chunk that is refused are tried again in halves, events and rules
 * too. In a transaction of the caller's that goes behind savepoints, and the transaction can go on.
 * Owns:    nothing; `rows` and what they point at must live until it is done.
 * Threads: `rejected` is called on the calling thread; in the asynchronous one on `executor`, before the future is
 *          complete. It must not use the transaction.
 * Errors:  what ended it; AR_E_CANCELLED. */
typedef void (*ar_rejected_fn)(void *arg, size_t index, const ar_error *error);
AR_API AR_NODISCARD ar_status ar_record_insert_each(ar_db *db, const ar_model *model, void *rows, size_t count,
                                                    ar_rejected_fn rejected, void *arg, int64_t *inserted,
                                                    ar_error *err);
AR_API ar_int64_future ar_record_insert_each_async(ar_db *db, const ar_model *model, void *rows, size_t count,
                                                   ar_executor *executor, ar_rejected_fn rejected, void *arg);

/* --- Many records and keys, likewise all or none --- */

/* Saves the records that `records`, an array of T *, points at, in its order: new ones are inserted, of others the changed columns are updated. They are sent one
 * behind the other without waiting.
 * Errors:  as ar_record_save, of the first that failed; records saved before it are as they were when the transaction
 *          is rolled back, which that of the call's own is. One of the caller's refuses all but that after AR_E_STALE
 *          and AR_E_NOT_FOUND too. */
AR_API AR_NODISCARD ar_status ar_record_save_many(ar_db *db, const ar_model *model, const void *records, size_t count,
                                                  ar_error *err);
AR_API ar_done ar_record_save_many_async(ar_db *db, const ar_model *model, const void *records, size_t count);

/* Deletes the rows with those keys that a query would find. *deleted, which may be NULL, is how many there were.
 * Errors:  AR_E_CONSTRAINT. */
AR_API AR_NODISCARD ar_status ar_record_delete_many(ar_db *db, const ar_model *model, const ar_key *keys, size_t count,
                                                    int64_t *deleted, ar_error *err);
AR_API ar_int64_future ar_record_delete_many_async(ar_db *db, const ar_model *model, const ar_key *keys, size_t count);

AR_END_DECLS

#endif
