/* SPDX-License-Identifier: MIT */
#ifndef ACTREC_SCHEMA_DIFF_H
#define ACTREC_SCHEMA_DIFF_H

#include <stddef.h>
#include <stdint.h>

#include <actrec/db.h>
#include <actrec/error.h>
#include <actrec/executor.h>
#include <actrec/future.h>
#include <actrec/schema.h>

AR_BEGIN_DECLS

/* Where a database is not what ar_table_create would have made of the models. Compared are names, types, NOT NULL,
 * defaults, whether columns are generated or numbered, keys, indexes by name, foreign keys by their columns, and checks
 * by name: engines rewrite conditions, so that those are not compared, and defaults only but for spaces, parentheses
 * and casts. Tables of no model are not looked at. */

typedef enum ar_schema_difference_kind {
    AR_DIFF_TABLE_MISSING = 1,
    AR_DIFF_COLUMN_MISSING,
    AR_DIFF_COLUMN_EXTRA, /* in the database, not in the model; likewise below */
    AR_DIFF_TYPE,
    AR_DIFF_NOT_NULL,
    AR_DIFF_DEFAULT,
    AR_DIFF_GENERATED, /* generated, or numbered by the database, in one and not in the other */
    AR_DIFF_PRIMARY_KEY,
    AR_DIFF_INDEX_MISSING,
    AR_DIFF_INDEX_EXTRA,
    AR_DIFF_INDEX, /* of the same name: other columns, or unique in one alone */
    AR_DIFF_FOREIGN_KEY_MISSING,
    AR_DIFF_FOREIGN_KEY_EXTRA,
    AR_DIFF_CHECK_MISSING,
    AR_DIFF_CHECK_EXTRA
} ar_schema_difference_kind;

typedef struct ar_schema_difference {
    ar_schema_difference_kind kind;
    const char *table;
    const char *name;     /* of the column, index or check; of a foreign key its column; NULL: the table itself */
    const char *model;    /* what the model says: a type, a default …; NULL: nothing */
    const char *database; /* what the database says; likewise */
    const char *text;     /* all of it in a line, "table users: column email is missing" */
    const char *mend_sql; /* a statement that makes it as the model says and loses nothing; NULL: decide yourself */
} ar_schema_difference;

typedef struct ar_schema_diff {
    size_t count; /* 0: there is no difference */
    const ar_schema_difference *differences;
    const char *text; /* of all, a line each; "" for none */
} ar_schema_diff;

/* Compares models with the tables that there are. Changes nothing.
 * Owns:    *out is the caller's: ar_schema_diff_free. NULL on error.
 * Threads: any.
 * Blocks:  until it is done; the other never.
 * Errors:  AR_E_INVALID for NULL and for a model that is not right; AR_E_UNSUPPORTED for a column or engine that cannot
 *          be compared; AR_E_CLOSED, AR_E_NO_MEMORY; the engine's. */
typedef struct ar_schema_diff_future {
    ar_future *raw;
} ar_schema_diff_future;
AR_API AR_NODISCARD ar_status ar_schema_compare(ar_db *db, const ar_model *const *models, size_t count,
                                                ar_schema_diff **out, ar_error *err);
AR_API ar_schema_diff_future ar_schema_compare_async(ar_db *db, const ar_model *const *models, size_t count);

/* Waits for the differences, up to timeout_ms milliseconds (negative: for ever; 0 only looks), and consumes the future
 * but for AR_E_PENDING.
 * Owns:    takes future->raw; *out is the caller's: ar_schema_diff_free.
 * Threads: any one at a time.
 * Blocks:  as said.
 * Errors:  AR_E_PENDING; AR_E_INVALID for NULL; those of ar_schema_compare. */
AR_API AR_NODISCARD ar_status ar_schema_diff_await(ar_schema_diff_future *future, ar_schema_diff **out, ar_error *err);
AR_API AR_NODISCARD ar_status ar_schema_diff_await_for(ar_schema_diff_future *future, int64_t timeout_ms,
                                                       ar_schema_diff **out, ar_error *err);

/* Has `fn` called on `executor` with the differences, which are its own from then on; as ar_done_then. */
typedef void (*ar_schema_diff_fn)(void *arg, ar_status status, ar_schema_diff *diff, const ar_error *err);
AR_API AR_NODISCARD ar_status ar_schema_diff_then(ar_schema_diff_future *future, ar_executor *executor,
                                                  ar_schema_diff_fn fn, void *arg, ar_error *err);

/* Frees the differences; NULL does nothing.
 * Owns:    takes `diff`.
 * Threads: any one, when no other uses it.
 * Blocks:  never.
 * Errors:  none. */
AR_API void ar_schema_diff_free(ar_schema_diff *diff);

AR_END_DECLS

#endif
