/* SPDX-License-Identifier: MIT */
#ifndef ACTREC_SELECT_H
#define ACTREC_SELECT_H

#include <actrec/expression.h>
#include <actrec/query.h>

AR_BEGIN_DECLS

/* What a query selects, groups and orders by, beyond columns by name: expressions, see actrec/expression.h. */

/* No two rows of the result are alike.
 * Owns:    nothing.
 * Threads: the one that uses it.
 * Blocks:  never.
 * Errors:  none; NULL does nothing. */
AR_API void ar_query_distinct(ar_query *query);

/* An expression as column `alias` of the result: letters, digits and underscores. ar_query_select_as(q, "total",
 * AR_SUM(AR_COL(Order, amount))) is this.
 * Owns:    takes the queries in the expression.
 * Threads: the one that uses it.
 * Blocks:  never.
 * Errors:  the terminal's: AR_E_INVALID for an alias that is none or there already, and for an expression that makes no
 *          sense; AR_E_TYPE for a value that what it stands beside cannot have; AR_E_UNSUPPORTED. */
AR_API void ar_query_select_expr(ar_query *query, const ar_expr *expr, const char *alias);
#define ar_query_select_as(query, alias, expr) ar_query_select_expr((query), AR_EXPRS_(expr), (alias))

/* Orders by an expression, AR_ASC(x) or AR_DESC(x), after what is ordered by already. ar_query_order_on(q,
 * AR_DESC(AR_COL_AS("p", Post, likes))) is this.
 * Owns, Threads, Blocks, Errors: as ar_query_select_expr. */
AR_API void ar_query_order_expr(ar_query *query, const ar_expr *expr);
#define ar_query_order_on(query, expr) ar_query_order_expr((query), AR_EXPRS_(expr))

/* Groups by an expression, which becomes no column of the result by itself.
 * Owns, Threads, Blocks, Errors: as ar_query_select_expr. */
AR_API void ar_query_group_expr(ar_query *query, const ar_expr *expr);
#define ar_query_group_on(query, expr) ar_query_group_expr((query), AR_EXPRS_(expr))

/* Conditions on the groups, to the one with AR_COMPARE_END. ar_query_having_filter(q, AR_COMPARE(AR_COUNT_ROWS, GT,
 * AR_VALUE(5))) is this.
 * Owns:    takes the queries in the predicates.
 * Threads: the one that uses it.
 * Blocks:  never.
 * Errors:  as ar_query_filter_list. */
AR_API void ar_query_having_list(ar_query *query, const ar_predicate *predicates);
#define ar_query_having_filter(query, ...) ar_query_having_list((query), AR_PREDICATES_(__VA_ARGS__))

AR_END_DECLS

#endif
