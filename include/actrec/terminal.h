/* SPDX-License-Identifier: MIT */
#ifndef ACTREC_TERMINAL_H
#define ACTREC_TERMINAL_H

#include <actrec/record.h>

AR_BEGIN_DECLS

typedef struct ar_query ar_query;

/* The ends of a query that give records: the calls behind T_query, T_one, T_first, T_all and T_stream. `model` is
 * that of the records, which need not be the one that the query was made for: result columns are then matched to its
 * columns by name, those without a counterpart are left out or zero.
 *
 * Common to all:
 * Owns:    takes `query`, also on error. What is read is the caller's, or the scope's that the query was made with.
 * Threads: any one at a time. The asynchronous ones never block; the others block until the database has answered.
 * Errors:  the first error of the query's builders; AR_E_INVALID for NULL; those of the database; AR_E_TYPE when a
 *          value does not fit its member. */

/* A query for all rows of `model`'s table, to be narrowed by the builders of actrec/query.h. Never NULL: trouble
 * shows at its end.
 * Owns:    the caller; every terminal takes it, and ar_query_free.
 * Blocks:  never.
 * Errors:  at its end. */
AR_API ar_query *ar_query_create(ar_db *db, const ar_model *model);

/* The one row that there is. Errors: AR_E_NOT_FOUND when there is none, AR_E_INVALID when there are more. */
AR_API AR_NODISCARD ar_status ar_query_one(ar_query *query, const ar_model *model, void **out, ar_error *err);
AR_API ar_future *ar_query_one_async(ar_query *query, const ar_model *model);

/* The first row. Errors: AR_E_NOT_FOUND when there is none. */
AR_API AR_NODISCARD ar_status ar_query_first(ar_query *query, const ar_model *model, void **out, ar_error *err);
AR_API ar_future *ar_query_first_async(ar_query *query, const ar_model *model);

/* All rows; none is an empty list. */
AR_API AR_NODISCARD ar_status ar_query_all(ar_query *query, const ar_model *model, ar_record_list *out, ar_error *err);
AR_API ar_future *ar_query_all_async(ar_query *query, const ar_model *model);

/* Calls `call(fn, arg, row, err)` for each row, in constant memory; `call` knows the true type of `fn`. The row is
 * freed after the call unless it was kept (ar_record_keep). Anything but AR_OK ends the stream with that status and
 * error. The synchronous one calls on this thread, the other on `executor`, one row at a time.
 * Errors:  what `fn` answered. */
typedef ar_status (*ar_stream_call)(void (*fn)(void), void *arg, void *row, ar_error *err);
AR_API AR_NODISCARD ar_status ar_query_stream(ar_query *query, const ar_model *model, ar_stream_call call,
                                              void (*fn)(void), void *arg, ar_error *err);
AR_API ar_done ar_query_stream_async(ar_query *query, const ar_model *model, ar_executor *executor, ar_stream_call call,
                                     void (*fn)(void), void *arg);

AR_END_DECLS

#endif
