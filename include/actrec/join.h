/* SPDX-License-Identifier: MIT */
#ifndef ACTREC_JOIN_H
#define ACTREC_JOIN_H

#include <actrec/expression.h>
#include <actrec/query.h>

AR_BEGIN_DECLS

/* Joins: tables of other models, or of the same one once more, beside that of the query.
 *
 *     ar_query *q = User_query(db);
 *     ar_query_join(q, AR_INNER_JOIN, Post, "p", AR_ON(User, id, Post, user_id), AR_AS("p", AR_EQ(Post, draft, false)));
 *
 * Joined tables are named by their alias, "p.title", where names are texts, and by AR_AS and AR_COL_AS, which need not
 * be said where only one table is of that model. What names a table comes after its join. A terminal for records of a
 * joined model reads those; a column that two tables have is that of the query's own model. */
typedef enum ar_join_kind {
    AR_INNER_JOIN = 1,
    AR_LEFT_JOIN,
    AR_RIGHT_JOIN, /* AR_E_UNSUPPORTED on SQLite before 3.39 */
    AR_FULL_JOIN,  /* likewise, and on MySQL */
    AR_CROSS_JOIN  /* takes no condition */
} ar_join_kind;

/* Gives the query's own table an alias: letters, digits and underscores. Before everything that names it.
 * Owns:    nothing.
 * Threads: the one that uses it.
 * Blocks:  never.
 * Errors:  the terminal's: AR_E_INVALID for an alias that is none. */
AR_API void ar_query_alias(ar_query *query, const char *alias);

/* Joins the table of `model` as `alias` (NULL: by its own name), on all of the predicates at `on`, which end with one of
 * AR_COMPARE_END; NULL for AR_CROSS_JOIN. ar_query_join(q, kind, T, alias, predicate, …) and
 * ar_query_cross_join(q, T, alias) are this.
 * Owns:    takes the queries in the predicates.
 * Threads: the one that uses it.
 * Blocks:  never.
 * Errors:  the terminal's: AR_E_INVALID for an alias that is none or there already, for more than 63 joins, and as
 *          ar_query_filter_list; AR_E_UNSUPPORTED for a kind that the engine does not have. */
AR_API void ar_query_join_on(ar_query *query, ar_join_kind kind, const ar_model *model, const char *alias,
                             const ar_predicate *on);

AR_END_DECLS

#define ar_query_join(query, kind, T, alias, ...) \
    ar_query_join_on((query), (kind), &T##_model, (alias), AR_PREDICATES_(__VA_ARGS__))
#define ar_query_cross_join(query, T, alias) ar_query_join_on((query), AR_CROSS_JOIN, &T##_model, (alias), NULL)

#endif
