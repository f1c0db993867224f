/* SPDX-License-Identifier: MIT */
#ifndef ACTREC_CHANGES_H
#define ACTREC_CHANGES_H

#include <stdbool.h>
#include <stddef.h>

#include <actrec/error.h>
#include <actrec/model.h>
#include <actrec/value.h>

AR_BEGIN_DECLS

/* What was assigned to a record since it was read or saved: its members, compared with what the database is known to
 * hold, floats by bits, texts and bytes by content. Of a new record that is all zero, or, when its row was deleted,
 * what that had. Columns that are never written do not count. An asynchronous verb counts once it was awaited.
 *
 * Common to all:
 * Owns:    nothing.
 * Threads: one at a time.
 * Blocks:  never: nothing of it asks the database.
 * Errors:  none, but where it says so; NULL, and what is no record, is unchanged. */

/* A member that was changed. Texts and bytes are those of the record, valid until it is next saved, refreshed, reset or
 * freed. */
typedef struct ar_difference {
    const char *member;
    const char *column; /* its name in the database */
    ar_value before;
    ar_value now;
} ar_difference;

/* Whether any member was changed: whether a save of a record that is not new would send something. */
AR_API bool ar_record_is_changed(const void *record);

/* How many members were changed; the first `capacity` of them go to `out`, in the order of the model. */
AR_API size_t ar_record_differences(const void *record, ar_difference *out, size_t capacity);

/* Whether the member at that offset was changed; false for one that is no column. AR_CHANGED is the same, checked. */
AR_API bool ar_record_has_changed(const void *record, size_t offset);

/* The struct as the database is known to hold it: User_original(user)->name. NULL for a new record. Valid until the
 * record is next saved, refreshed or freed. */
AR_API const void *ar_record_original(const void *record);

/* Undoes what was assigned: all members that are columns, or the one at that offset, are again what
 * ar_record_original has, of a new record zero.
 * Errors:  AR_E_INVALID for NULL, for what is no record of that model, for a member that is no column; AR_E_BUSY while
 *          an asynchronous verb is under way. */
AR_API AR_NODISCARD ar_status ar_record_reset(const ar_model *model, void *record, ar_error *err);
AR_API AR_NODISCARD ar_status ar_record_reset_member(const ar_model *model, void *record, size_t offset, ar_error *err);

AR_END_DECLS

/* Whether user->name was changed: AR_CHANGED(User, user, name); and has it again as it was: AR_RESET(User, user, name,
 * &err). A misspelt member does not compile, nor a record of another model. */
#define AR_CHANGED(T, record, m)    T##_has_changed_((record), offsetof(T, m))
#define AR_RESET(T, record, m, err) T##_reset_member_((record), offsetof(T, m), (err))

#endif
