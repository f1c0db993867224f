/* SPDX-License-Identifier: MIT */
#ifndef ACTREC_PLUCK_H
#define ACTREC_PLUCK_H

#include <actrec/bind.h>
#include <actrec/query.h>
#include <actrec/rows.h>

AR_BEGIN_DECLS

/* Queries of one column, read into variables of C: one value, or an array of them.
 *
 *     int64_t *ids;
 *     size_t count;
 *     ar_query_select(q, "id");
 *     s = ar_query_pluck(q, &ids, &count, &err);
 *     ar_array_free(ids);
 *
 * The type is that of the variable: any type of a model's member, or ar_value for a value with its type. Another one does
 * not compile. Texts and bytes that a value points to lie in memory of the array, or, of a single value, are freed with
 * ar_array_free themselves; what is read through a scope is freed by the scope, unless ar_array_free is called before. */

/* The value of the first row, into *out, a `kind`. ar_query_scalar(q, &x, &err) is this.
 * Owns:    takes `query`; a text or bytes are the caller's (ar_array_free), or those of the scope.
 * Threads: the one that uses it.
 * Blocks:  until the result is there.
 * Errors:  as ar_query_rows; AR_E_NOT_FOUND when there is no row; AR_E_INVALID for another number of columns than one;
 *          AR_E_TYPE when the value does not fit, or is NULL where *out cannot say so. *out is left alone then. */
AR_API AR_NODISCARD ar_status ar_query_scalar_as(ar_query *query, ar_kind kind, void *out, ar_error *err);

/* The same, for ar_scalar_await: a future of rows.
 * Owns:    takes `query`.
 * Threads: the one that uses it.
 * Blocks:  never.
 * Errors:  the future's. */
AR_API ar_rows_future ar_query_scalar_async(ar_query *query);

/* Waits for the value of a query. ar_scalar_await(&future, &x, &err) is this.
 * Owns:    takes future->raw, also on error.
 * Threads: any one at a time.
 * Blocks:  until it is complete.
 * Errors:  as ar_query_scalar_as, and those of ar_rows_await. */
AR_API AR_NODISCARD ar_status ar_scalar_await_as(ar_rows_future *future, ar_kind kind, void *out, ar_error *err);

/* The values of all rows, in their order, as an array of `kind`; `items` points to a pointer to that type. No rows:
 * *count is 0 and *items NULL. ar_query_pluck(q, &items, &count, &err) is this.
 * Owns:    takes `query`; the array is the caller's (ar_array_free), or the scope's.
 * Threads: the one that uses it.
 * Blocks:  until the result is there.
 * Errors:  as ar_query_scalar_as without AR_E_NOT_FOUND; *items is NULL then. */
AR_API AR_NODISCARD ar_status ar_query_pluck_as(ar_query *query, ar_kind kind, void *items, size_t *count,
                                                ar_error *err);

/* The same, of a future of ar_query_rows_async. ar_pluck_await(&future, &items, &count, &err) is this.
 * Owns:    takes future->raw, also on error; the array as ar_query_pluck_as.
 * Threads: any one at a time.
 * Blocks:  until it is complete.
 * Errors:  as ar_query_pluck_as, and those of ar_rows_await. */
AR_API AR_NODISCARD ar_status ar_pluck_await_as(ar_rows_future *future, ar_kind kind, void *items, size_t *count,
                                                ar_error *err);

/* Frees an array of ar_query_pluck, or the text or bytes of ar_query_scalar.
 * Owns:    takes what `items` points to; NULL does nothing.
 * Threads: any one.
 * Blocks:  never.
 * Errors:  none. */
AR_API void ar_array_free(const void *items);

AR_END_DECLS

/* What may be read: X(type, kind). */
#define AR_PLUCK_TYPES_(X)                     \
    X(bool, AR_KIND_BOOL)                      \
    X(short, AR_KIND_INT16)                    \
    X(int, AR_KIND_INT32)                      \
    X(long, AR_KIND_LONG_)                     \
    X(long long, AR_KIND_INT64)                \
    X(float, AR_KIND_FLOAT)                    \
    X(double, AR_KIND_DOUBLE)                  \
    X(const char *, AR_KIND_STRING)            \
    X(ar_text, AR_KIND_TEXT)                   \
    X(ar_bytes, AR_KIND_BYTES)                 \
    X(ar_json, AR_KIND_JSON)                   \
    X(ar_timestamp, AR_KIND_TIMESTAMP)         \
    X(ar_date, AR_KIND_DATE)                   \
    X(ar_time, AR_KIND_TIME)                   \
    X(ar_decimal, AR_KIND_DECIMAL)             \
    X(ar_uuid, AR_KIND_UUID)                   \
    X(ar_opt_bool, AR_KIND_OPT_BOOL)           \
    X(ar_opt_int16, AR_KIND_OPT_INT16)         \
    X(ar_opt_int32, AR_KIND_OPT_INT32)         \
    X(ar_opt_int64, AR_KIND_OPT_INT64)         \
    X(ar_opt_float, AR_KIND_OPT_FLOAT)         \
    X(ar_opt_double, AR_KIND_OPT_DOUBLE)       \
    X(ar_opt_timestamp, AR_KIND_OPT_TIMESTAMP) \
    X(ar_opt_date, AR_KIND_OPT_DATE)           \
    X(ar_opt_time, AR_KIND_OPT_TIME)           \
    X(ar_opt_decimal, AR_KIND_OPT_DECIMAL)     \
    X(ar_opt_uuid, AR_KIND_OPT_UUID)

#ifdef __cplusplus
#define AR_PLUCK_KIND_(type, kind)                          \
    static inline AR_UNUSED ar_kind ar_scalar_kind_(type *) \
    {                                                       \
        return kind;                                        \
    }
AR_PLUCK_TYPES_(AR_PLUCK_KIND_)
AR_PLUCK_KIND_(ar_value, AR_KIND_VALUE)
#define AR_SCALAR_KIND_(out)  ar_scalar_kind_(out)
#define AR_ARRAY_KIND_(items) ar_scalar_kind_(*(items))
#else
#define AR_SCALAR_CASE_(type, kind) type * : kind,
#define AR_ARRAY_CASE_(type, kind)  type ** : kind,
#define AR_SCALAR_KIND_(out)        _Generic(out, AR_PLUCK_TYPES_(AR_SCALAR_CASE_) ar_value * : AR_KIND_VALUE)
#define AR_ARRAY_KIND_(items)       _Generic(items, AR_PLUCK_TYPES_(AR_ARRAY_CASE_) ar_value * * : AR_KIND_VALUE)
#endif

#define ar_query_scalar(query, out, err)  ar_query_scalar_as((query), AR_SCALAR_KIND_(out), (out), (err))
#define ar_scalar_await(future, out, err) ar_scalar_await_as((future), AR_SCALAR_KIND_(out), (out), (err))
#define ar_query_pluck(query, items, count, err) \
    ar_query_pluck_as((query), AR_ARRAY_KIND_(items), (items), (count), (err))
#define ar_pluck_await(future, items, count, err) \
    ar_pluck_await_as((future), AR_ARRAY_KIND_(items), (items), (count), (err))

#endif
