/* SPDX-License-Identifier: MIT */
#ifndef ACTREC_PAGE_H
#define ACTREC_PAGE_H

#include <actrec/arguments.h>
#include <actrec/query.h>

AR_BEGIN_DECLS

/* Pages of results, and locks on their rows. */

/* Page `number`, from 1, of `size` rows: ar_query_limit and ar_query_offset in one.
 * Owns:    nothing.
 * Threads: the one that uses it.
 * Blocks:  never.
 * Errors:  the terminal's: AR_E_INVALID for a number or size below 1, and beyond INT64_MAX rows. */
AR_API void ar_query_page(ar_query *query, int64_t number, int64_t size);

/* The rows that come after one of these values in the query's order, or before it; with a limit, those next to it, in the
 * query's order all the same. There is one value for each column that it is ordered by, the primary key among them, so
 * that no two rows are in one place: ar_query_after(q, last->created_at, last->id) behind an order by "created_at desc,
 * id". A join that may give a row several rows of its table takes the key of that into the order too, unless the result
 * is distinct rows of the query's own table. Rows that are inserted or deleted meanwhile move no others to another page, and the engine finds the place by an
 * index on these columns. ar_query_after(q, value, …) and ar_query_before(q, value, …) are these.
 * Owns:    nothing.
 * Threads: the one that uses it.
 * Blocks:  never.
 * Errors:  the terminal's: AR_E_INVALID for another number of values, and for an order without these keys, or by
 *          expressions, or of groups; AR_E_TYPE. */
AR_API void ar_query_after_values(ar_query *query, const ar_value *values, size_t count);
AR_API void ar_query_before_values(ar_query *query, const ar_value *values, size_t count);

/* What is done to the rows of a result until the transaction ends. */
typedef enum ar_lock {
    AR_LOCK_UPDATE = 1, /* nobody else may change or lock them */
    AR_LOCK_SHARE       /* nobody else may change them */
} ar_lock;

/* What is done about rows that others have locked. */
typedef enum ar_lock_wait {
    AR_LOCK_WAIT = 0,
    AR_LOCK_NOWAIT,     /* fails at once, AR_E_CONFLICT or the engine's */
    AR_LOCK_SKIP_LOCKED /* leaves them out */
} ar_lock_wait;

/* Locks the rows of the result, in a transaction. On SQLite, whose write transactions lock the whole database, it does
 * nothing more than that.
 * Owns:    nothing.
 * Threads: the one that uses it.
 * Blocks:  never.
 * Errors:  the terminal's: AR_E_INVALID outside of a transaction, and for groups, distinct and combined rows, counts and
 *          exists; AR_E_READ_ONLY in one that is; AR_E_UNSUPPORTED for not waiting on SQLite. */
AR_API void ar_query_lock(ar_query *query, ar_lock lock, ar_lock_wait wait);

AR_END_DECLS

#define ar_query_after(query, ...)  ar_query_after_values((query), AR_VALUES_(__VA_ARGS__))
#define ar_query_before(query, ...) ar_query_before_values((query), AR_VALUES_(__VA_ARGS__))

#endif
