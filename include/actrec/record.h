/* SPDX-License-Identifier: MIT */
#ifndef ACTREC_RECORD_H
#define ACTREC_RECORD_H

#include <stdbool.h>
#include <stddef.h>

#include <actrec/db.h>
#include <actrec/error.h>
#include <actrec/future.h>
#include <actrec/key.h>
#include <actrec/model.h>

AR_BEGIN_DECLS

/* The calls behind the typed ones of AR_MODEL_DECLARE (actrec/declare.h), without types: `record` is a T * that came
 * from the library, `plain` any T *. What is said here holds for the typed ones.
 *
 * A record is used by one thread at a time. It comes from ar_record_new, a find or a list, and remembers what the
 * database holds, so that a save sends what was changed. A save, insert, update, upsert or insert_many has copied all
 * values when it returns. Strings that were assigned to a record may go then: its members point at its own copies,
 * valid until its next save or refresh, or until it is freed.
 *
 * What an asynchronous verb changes in a record (key, timestamps, members, newness) is applied by the thread that
 * awaits the future, or by the record's next verb; until it is complete any other verb on the record answers
 * AR_E_BUSY. Freeing a record lets the operation go on without it. In a transaction that is rolled back, records
 * saved in it get back the key, the timestamps and the newness they had, and those refreshed in it what they held
 * before, but for what was assigned since.
 *
 * What was read outlives its database, but not a runtime of the application's own: it is freed before ar_runtime_close.
 *
 * Common to all verbs:
 * Threads: any, with a record or scope of their own. The asynchronous ones never block; the others block until the
 *          database has answered.
 * Errors:  AR_E_INVALID (NULL; a model that makes no sense; a key of another number of columns, NULL in it, a number
 *          above INT64_MAX), AR_E_TYPE (a value that does not fit its column), AR_E_UNSUPPORTED (a model without a
 *          primary key, for what needs one), AR_E_BUSY, AR_E_CLOSED, AR_E_NO_MEMORY, and what the database answers. */

/* --- Records --- */

/* A new record, all zero, that a save inserts. Without a database: its memory comes from malloc.
 * Owns:    the caller: ar_record_free.
 * Threads: any.
 * Blocks:  never.
 * Errors:  NULL when there is no memory, and for a NULL model. */
AR_API void *ar_record_new(const ar_model *model);

/* Frees a record of its own, and its strings; one that belongs to a list or to a scope is let go of then. NULL does
 * nothing.
 * Owns:    takes `record`, except that a record of a list stays in memory until the list goes.
 * Threads: one at a time.
 * Blocks:  never.
 * Errors:  none. */
AR_API void ar_record_free(void *record);

/* Detaches a record from its list and its scope, so that it outlives both; a record of a list keeps the memory of the
 * whole list alive.
 * Owns:    the record is the caller's from now on: ar_record_free. One that is already keeps being so.
 * Threads: one at a time.
 * Blocks:  never.
 * Errors:  AR_E_INVALID for NULL; AR_E_NO_MEMORY. */
AR_API AR_NODISCARD ar_status ar_record_keep(void *record, ar_error *err);

/* Whether a save would insert the record; NULL answers false.
 * Owns:    nothing.
 * Threads: one at a time.
 * Blocks:  never.
 * Errors:  none. */
AR_API bool ar_record_is_new(const void *record);

/* Records in an array, as their list has them. */
typedef struct ar_record_list {
    void *items; /* T ** */
    size_t count;
    void *raw; /* the memory of the list; NULL when it is empty */
} ar_record_list;

/* Frees a list and all its records but those that were kept. Leaves it empty; an empty one and NULL do nothing.
 * Owns:    takes the memory of *list.
 * Threads: one at a time.
 * Blocks:  never.
 * Errors:  none. */
AR_API void ar_record_list_free(ar_record_list *list);

/* --- Reading --- */

/* The row with that key: of the handle's tenant, not deleted, in the default scope, where the model has such things.
 * find_for_update locks it until the transaction ends.
 * Owns:    *out is the caller's, or the scope's when `db` is one. NULL on error.
 * Errors:  AR_E_NOT_FOUND; for_update: AR_E_INVALID outside of a transaction, AR_E_READ_ONLY in a read-only one. */
AR_API AR_NODISCARD ar_status ar_record_find_one(ar_db *db, const ar_model *model, const ar_key *key, void **out,
                                                 ar_error *err);
AR_API AR_NODISCARD ar_status ar_record_find_for_update(ar_db *db, const ar_model *model, const ar_key *key, void **out,
                                                        ar_error *err);
AR_API ar_future *ar_record_find_one_async(ar_db *db, const ar_model *model, const ar_key *key);
AR_API ar_future *ar_record_find_for_update_async(ar_db *db, const ar_model *model, const ar_key *key);

/* The rows with those keys, those that there are, in the order of the keys, each once. No keys: an empty list.
 * Owns:    *out is the caller's, or the scope's when `db` is one. Empty on error.
 * Errors:  AR_E_INVALID for more keys than fit one statement: of one column 32,766 on SQLite, 65,535 on MySQL, and
 *          1,048,576 on PostgreSQL, where integers, UUIDs, bytes and texts go as an array (65,535 of other types). */
AR_API AR_NODISCARD ar_status ar_record_find_many(ar_db *db, const ar_model *model, const ar_key *keys, size_t count,
                                                  ar_record_list *out, ar_error *err);
AR_API ar_future *ar_record_find_many_async(ar_db *db, const ar_model *model, const ar_key *keys, size_t count);

/* The same with an item for each key, in their place: NULL where no row has the key, and a record of its own for each
 * time that a key is given. Texts are told apart by their bytes, whatever a collation finds.
 * Owns, Errors: as find_many. */
AR_API AR_NODISCARD ar_status ar_record_find_in_place(ar_db *db, const ar_model *model, const ar_key *keys,
                                                      size_t count, ar_record_list *out, ar_error *err);
AR_API ar_future *ar_record_find_in_place_async(ar_db *db, const ar_model *model, const ar_key *keys, size_t count);

/* Reads the record's row again; changes that were not saved are lost.
 * Errors:  AR_E_NOT_FOUND when the row is gone; AR_E_INVALID for a new record. The record is as before then. */
AR_API AR_NODISCARD ar_status ar_record_refresh(ar_db *db, const ar_model *model, void *record, ar_error *err);
AR_API ar_done ar_record_refresh_async(ar_db *db, const ar_model *model, void *record);

/* --- Writing records --- */

/* Inserts a new record, with every column but an AUTO key that is 0; of another sends the changed columns: floats are
 * compared by bits, texts and bytes by content. Nothing changed: AR_OK, and nothing is sent.
 * Errors:  AR_E_CONSTRAINT; AR_E_STALE as delete; AR_E_NOT_FOUND when the row to update is gone; AR_E_INVALID without
 *          the tenant that the model needs; AR_E_TYPE when the AUTO key that the database gave does not fit its member:
 *          SQLite then inserted nothing. Others have inserted it; the message says so, and the record is not new, nor
 *          can it be updated. */
AR_API AR_NODISCARD ar_status ar_record_save(ar_db *db, const ar_model *model, void *record, ar_error *err);
AR_API ar_done ar_record_save_async(ar_db *db, const ar_model *model, void *record);

/* Inserts the record, or, when a row with its primary key is there, updates all columns of that but the created-at
 * ones. An AUTO key that is 0: inserts. Created-at members then say what the row says; on a server without RETURNING
 * (MySQL, MariaDB before 10.5), when there was a row, they say what an insert would have set until a refresh.
 * Errors:  AR_E_CONSTRAINT; AR_E_INVALID for a record that was read without some of its columns. */
AR_API AR_NODISCARD ar_status ar_record_upsert(ar_db *db, const ar_model *model, void *record, ar_error *err);
AR_API ar_done ar_record_upsert_async(ar_db *db, const ar_model *model, void *record);

/* Deletes the record's row; the record itself stays, and is new. Of a model with an AR_DELETED_AT column, sets that.
 * Errors:  AR_E_STALE when the model has a version and the row another one, or is gone; AR_E_NOT_FOUND when there is no
 *          such row; AR_E_INVALID for a new record; AR_E_CONSTRAINT. */
AR_API AR_NODISCARD ar_status ar_record_delete(ar_db *db, const ar_model *model, void *record, ar_error *err);
AR_API ar_done ar_record_delete_async(ar_db *db, const ar_model *model, void *record);

/* Of a model with an AR_DELETED_AT column, whose delete sets that: hard_delete deletes the row, restore makes it be
 * there again. Of another model hard_delete is delete.
 * Errors:  as delete; restore: AR_E_UNSUPPORTED without such a column, AR_E_NOT_FOUND for a row that is not deleted. */
AR_API AR_NODISCARD ar_status ar_record_hard_delete(ar_db *db, const ar_model *model, void *record, ar_error *err);
AR_API ar_done ar_record_hard_delete_async(ar_db *db, const ar_model *model, void *record);
AR_API AR_NODISCARD ar_status ar_record_restore(ar_db *db, const ar_model *model, void *record, ar_error *err);
AR_API ar_done ar_record_restore_async(ar_db *db, const ar_model *model, void *record);

/* --- Writing plain structs. An AUTO key and timestamps are set in them, in the asynchronous ones by who awaits: they
 * must live until then. --- */

/* Inserts *plain, as a save does a new record. */
AR_API AR_NODISCARD ar_status ar_record_insert(ar_db *db, const ar_model *model, void *plain, ar_error *err);
AR_API ar_done ar_record_insert_async(ar_db *db, const ar_model *model, void *plain);

/* Updates all columns, but the created-at ones, of the row with *plain's key.
 * Errors:  AR_E_NOT_FOUND when there is none; AR_E_CONSTRAINT. */
AR_API AR_NODISCARD ar_status ar_record_update(ar_db *db, const ar_model *model, void *plain, ar_error *err);
AR_API ar_done ar_record_update_async(ar_db *db, const ar_model *model, void *plain);

/* Inserts `count` structs that lie in an array, all or none. None: AR_OK. To PostgreSQL they go as arrays of the types
 * that ar_table_create gives the columns: those of another table must take them by assignment, which an enum or a uuid
 * does not from a text.
 * Errors:  AR_E_CONSTRAINT, AR_E_TYPE for keys that do not fit their member, with nothing inserted; AR_E_QUERY when keys
 *          of rows are missing, which a trigger has left out: outside of transactions the others may be in. In a
 *          transaction of the caller's all that is left then is to roll it back. */
AR_API AR_NODISCARD ar_status ar_record_insert_many(ar_db *db, const ar_model *model, void *rows, size_t count,
                                                    ar_error *err);
AR_API ar_done ar_record_insert_many_async(ar_db *db, const ar_model *model, void *rows, size_t count);

/* --- Futures of records and of lists of them --- */

/* Waits up to timeout_ms milliseconds (negative: for ever; 0 only looks), consumes *future but for AR_E_PENDING, and
 * gives what it came to.
 * Owns:    takes *future; *out is the caller's, or the scope's that was asked.
 * Threads: any one at a time.
 * Blocks:  as said.
 * Errors:  AR_E_PENDING; AR_E_INVALID for NULL; those of the verb. AR_E_CLOSED when the scope it belonged to is
 *          closed. */
AR_API AR_NODISCARD ar_status ar_record_await(ar_future **future, int64_t timeout_ms, void **out, ar_error *err);
AR_API AR_NODISCARD ar_status ar_record_list_await(ar_future **future, int64_t timeout_ms, ar_record_list *out,
                                                   ar_error *err);

/* What a future that is complete came to, inside the trampoline of a then: does not wait, nor consume it.
 * Owns:    *out is the caller's, also when a scope was asked: the callback may run beside the thread of that.
 * Threads: the one that runs the trampoline.
 * Blocks:  never.
 * Errors:  as ar_record_await. */
AR_API AR_NODISCARD ar_status ar_record_take(ar_future *future, void **out, ar_error *err);
AR_API AR_NODISCARD ar_status ar_record_list_take(ar_future *future, ar_record_list *out, ar_error *err);

AR_END_DECLS

#endif
