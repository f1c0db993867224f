/* SPDX-License-Identifier: MIT */
#ifndef ACTREC_COMBINE_H
#define ACTREC_COMBINE_H

#include <actrec/query.h>

AR_BEGIN_DECLS

/* Queries made of queries. */
typedef enum ar_combination {
    AR_UNION = 1,
    AR_UNION_ALL,
    AR_INTERSECT, /* these two: AR_E_UNSUPPORTED on MySQL before 8.0.31 */
    AR_EXCEPT,
    AR_INTERSECT_ALL, /* these two: on SQLite too */
    AR_EXCEPT_ALL
} ar_combination;

/* The rows of `query`, which selects first, and those of `other`, which has as many columns, of the same types. Further calls add to it, from
 * left to right. The order, limit and offset of `query` are those of the whole, by columns of the result; `other` keeps
 * its own.
 * Owns:    takes `other`.
 * Threads: the one that uses them.
 * Blocks:  never.
 * Errors:  the terminal's: AR_E_INVALID for columns that do not match and for a query of another engine; the first error
 *          of `other`; AR_E_UNSUPPORTED. */
AR_API void ar_query_combine(ar_query *query, ar_combination kind, ar_query *other);

/* WITH: `definition` becomes a table that is called as that of `model` is, and hides one of that name, which the definition
 * cannot read then. Its result has all
 * columns of the model, which is a row type most times. What reads it is the query itself, made with that model, or a
 * join or subquery of it. ar_query_with(q, T, definition) is this.
 * Owns:    takes `definition`.
 * Threads: the one that uses them.
 * Blocks:  never.
 * Errors:  as ar_query_combine; AR_E_INVALID when a column of the model is missing. */
AR_API void ar_query_with_query(ar_query *query, const ar_model *model, ar_query *definition);
#define ar_query_with(query, T, definition) ar_query_with_query((query), &T##_model, (definition))

/* The same, of rows that lead to rows: `start`, and `step`, which reads the table of `model` and is repeated with the
 * rows that it found last until there are none. `kind` is AR_UNION_ALL, or AR_UNION, which leaves out rows that were
 * there, and so ends in a circle. ar_query_with_recursive(q, T, AR_UNION_ALL, start, step) is this.
 * Owns:    takes `start` and `step`.
 * Threads: the one that uses them.
 * Blocks:  never.
 * Errors:  as ar_query_with_query. */
AR_API void ar_query_with_steps(ar_query *query, const ar_model *model, ar_combination kind, ar_query *start,
                                ar_query *step);
#define ar_query_with_recursive(query, T, kind, start, step) \
    ar_query_with_steps((query), &T##_model, (kind), (start), (step))

AR_END_DECLS

#endif
