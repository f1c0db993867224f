/* SPDX-License-Identifier: MIT */
#ifndef ACTREC_INSPECT_H
#define ACTREC_INSPECT_H

#include <actrec/query.h>

AR_BEGIN_DECLS

/* Looking at queries without running them. */

/* The SQL that ar_query_rows would send, with the engine's placeholders, and how many values it has; the values
 * themselves are never shown. *length is that of the whole text, without the NUL; what does not fit into `size` bytes is
 * left out. `buffer` may be NULL when `size` is 0, and `length` and `values` may be NULL.
 * Owns:    nothing; the query is not taken.
 * Threads: the one that uses it.
 * Blocks:  never.
 * Errors:  what the builders met; AR_E_INVALID for NULL; AR_E_NO_MEMORY. */
AR_API AR_NODISCARD ar_status ar_query_to_sql(ar_query *query, char *buffer, size_t size, size_t *length,
                                              size_t *values, ar_error *err);

/* Another query like this one; each then goes its own way.
 * Owns:    the caller, until a terminal or ar_query_free.
 * Threads: the one that uses it.
 * Blocks:  never.
 * Errors:  never NULL: trouble is the terminal's answer, that of `query` too; AR_E_NO_MEMORY. */
AR_API ar_query *ar_query_clone(const ar_query *query);

/* How the engine would run the query, as rows of its own: EXPLAIN, on SQLite EXPLAIN QUERY PLAN.
 * Owns:    takes `query`; the rows are the caller's (ar_rows_free), or those of the scope they were read through.
 * Threads: the one that uses it.
 * Blocks:  until the result is there; the other never.
 * Errors:  as ar_query_rows; AR_E_INVALID for SQL of your own that is no SELECT. */
AR_API AR_NODISCARD ar_status ar_query_explain(ar_query *query, ar_rows **rows, ar_error *err);
AR_API ar_rows_future ar_query_explain_async(ar_query *query);

AR_END_DECLS

#endif
