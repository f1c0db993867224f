/* SPDX-License-Identifier: MIT */
#ifndef ACTREC_QUERY_H
#define ACTREC_QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <actrec/arguments.h>
#include <actrec/bind.h>
#include <actrec/db.h>
#include <actrec/error.h>
#include <actrec/future.h>
#include <actrec/predicate.h>
#include <actrec/rows.h>

AR_BEGIN_DECLS

/* A query under construction. Builders return nothing: the first thing that is wrong is kept, and is what the terminal
 * answers. A terminal runs the query and consumes it, also on error; ar_query_free drops one that is not to be run. A
 * query belongs to one thread at a time, and must not outlive the runtime of its database. Every builder copies what it
 * is given; on NULL it does nothing. */
typedef struct ar_query ar_query;

/* Starts a query on the table of `model`; User_query(db) is this.
 * Owns:    the caller, until a terminal or ar_query_free.
 * Threads: any.
 * Blocks:  never.
 * Errors:  never NULL: trouble is the terminal's answer. AR_E_INVALID for NULL, AR_E_CLOSED for a stale handle,
 *          AR_E_NO_MEMORY. */
AR_API ar_query *ar_query_create(ar_db *db, const ar_model *model);

/* Starts a query that is the SQL of run-time text `sql`, one statement, with `count` values for its placeholders: `?`
 * binds, `??` is a question mark, neither in quotes or comments. It takes no builders. ar_sql(db, "literal",
 * arguments…) is the same for literals.
 * Owns:    the caller, until a terminal or ar_query_free.
 * Threads: any.
 * Blocks:  never.
 * Errors:  as ar_query_create; AR_E_INVALID too for a count that is off, an unclosed quote or comment, a second
 *          statement, BEGIN, COMMIT and their like, and, outside of a transaction, for statements that change the
 *          session (PRAGMA, SET, ATTACH, TEMP …); AR_E_UNSUPPORTED for those on a database in memory, and in a
 *          transaction for those that would commit it (MySQL's CREATE, ALTER, DROP …). */
AR_API ar_query *ar_sql_text(ar_db *db, const char *sql, const ar_value *values, size_t count);
#define ar_sql(...) AR_CALL_WITH_(ar_sql_text, __VA_ARGS__)

/* Drops a query without running it; NULL does nothing.
 * Owns:    takes `query`.
 * Threads: the one that uses it.
 * Blocks:  never.
 * Errors:  none. */
AR_API void ar_query_free(ar_query *query);

/* Of a model with an AR_DELETED_AT column: the deleted rows too, or only those.
 * Owns:    nothing.
 * Threads: the one that uses it.
 * Blocks:  never.
 * Errors:  the terminal's: AR_E_UNSUPPORTED for a model without such a column. */
AR_API void ar_query_with_deleted(ar_query *query);
AR_API void ar_query_only_deleted(ar_query *query);

/* Without the default scope of the model (AR_OPTIONS); deleted rows and those of other tenants are no part of that.
 * Owns:    nothing.
 * Threads: the one that uses it.
 * Blocks:  never.
 * Errors:  the terminal's: AR_E_UNSUPPORTED for a model that has none. */
AR_API void ar_query_unscoped(ar_query *query);

/* Adds `count` predicates, groups included, all of which must hold. ar_query_filter(q, AR_EQ(User, id, 7), …) is this.
 * Owns:    nothing.
 * Threads: the one that uses it.
 * Blocks:  never.
 * Errors:  the terminal's: AR_E_INVALID for a column of another model, an empty or unclosed group, AR_E_TYPE for a
 *          value that the column cannot have. */
AR_API void ar_query_filter_list(ar_query *query, const ar_predicate *predicates, size_t count);

/* Adds a condition in SQL that must hold too, with values for its placeholders; an AR_LIST stands for all its
 * values in an IN. An argument that is compared with a column of the model takes its type. Comments in it are dropped.
 * ar_query_where(q, "literal", arguments…) is the same for literals.
 * Owns:    nothing.
 * Threads: the one that uses it.
 * Blocks:  never.
 * Errors:  the terminal's: AR_E_INVALID for a count that is off, parentheses that do not match, an unclosed quote, a
 *          semicolon; AR_E_TYPE. */
AR_API void ar_query_where_sql(ar_query *query, const char *fragment, const ar_value *values, size_t count);
#define ar_query_where(...) AR_CALL_WITH_(ar_query_where_sql, __VA_ARGS__)

/* What is added from here on is an alternative to all conditions before: (a AND b) OR (c AND d).
 * Owns:    nothing.
 * Threads: the one that uses it.
 * Blocks:  never.
 * Errors:  the terminal's: AR_E_INVALID without conditions on both sides. */
AR_API void ar_query_or(ar_query *query);

/* Orders by columns of the model or aliases of the query, "name", "name desc, id asc"; further calls add to it. NULLs come
 * first or last as the engine has it.
 * Owns:    nothing.
 * Threads: the one that uses it.
 * Blocks:  never.
 * Errors:  the terminal's: AR_E_INVALID for a name that is none of these, and for anything else that is no such list.
 */
AR_API void ar_query_order_by(ar_query *query, const char *columns);

/* At most `rows` rows, after leaving out the first `offset` ones; 0 rows is none at all. The last call counts.
 * Owns:    nothing.
 * Threads: the one that uses it.
 * Blocks:  never.
 * Errors:  the terminal's: AR_E_INVALID for a negative number. */
AR_API void ar_query_limit(ar_query *query, int64_t rows);
AR_API void ar_query_offset(ar_query *query, int64_t offset);

/* One row for each combination of these columns, "department, city", which become the first columns of the result
 * unless ar_query_select says otherwise.
 * Owns:    nothing.
 * Threads: the one that uses it.
 * Blocks:  never.
 * Errors:  the terminal's: AR_E_INVALID for a name that is no column. */
AR_API void ar_query_group_by(ar_query *query, const char *columns);

/* A condition in SQL on the groups, as ar_query_where_sql is one on rows. ar_query_having(q, "count(*) > ?", 5) is the
 * same for literals.
 * Owns, Threads, Blocks, Errors: as ar_query_where_sql. */
AR_API void ar_query_having_sql(ar_query *query, const char *fragment, const ar_value *values, size_t count);
#define ar_query_having(...) AR_CALL_WITH_(ar_query_having_sql, __VA_ARGS__)

/* Columns of the result, "id, name", instead of all; further selects add to it.
 * Owns:    nothing.
 * Threads: the one that uses it.
 * Blocks:  never.
 * Errors:  the terminal's: AR_E_INVALID for a name that is no column. */
AR_API void ar_query_select(ar_query *query, const char *columns);

/* An aggregate of a column as a column `alias` of the result: letters, digits and underscores. count is an int64 and
 * takes "*" too; sum is an int64, a decimal for decimals, a double for floating point; avg is a double; min and max
 * have the column's type. All but count are NULL when there was nothing.
 * Owns:    nothing.
 * Threads: the one that uses it.
 * Blocks:  never.
 * Errors:  the terminal's: AR_E_INVALID for a column that there is not or that cannot be added up, and for an alias
 *          that is no name or there already. */
AR_API void ar_query_select_count(ar_query *query, const char *column, const char *alias);
AR_API void ar_query_select_sum(ar_query *query, const char *column, const char *alias);
AR_API void ar_query_select_avg(ar_query *query, const char *column, const char *alias);
AR_API void ar_query_select_min(ar_query *query, const char *column, const char *alias);
AR_API void ar_query_select_max(ar_query *query, const char *column, const char *alias);

/* How many rows the query has; groups, when it groups.
 * Owns:    takes `query`.
 * Threads: the one that uses it.
 * Blocks:  until the result is there; the other never.
 * Errors:  what the builders met; AR_E_INVALID for NULL; AR_E_CLOSED; the engine's. */
AR_API AR_NODISCARD ar_status ar_query_count(ar_query *query, int64_t *count, ar_error *err);
AR_API ar_int64_future ar_query_count_async(ar_query *query);

/* Whether the query has a row; the future's number is then 1, else 0.
 * Owns, Threads, Blocks, Errors: as ar_query_count. */
AR_API AR_NODISCARD ar_status ar_query_exists(ar_query *query, bool *exists, ar_error *err);
AR_API ar_int64_future ar_query_exists_async(ar_query *query);

/* The rows of the query as a table. Columns of the model have their types; those of SQL of your own what the engine
 * says.
 * Owns:    takes `query`; the rows are the caller's (ar_rows_free), or those of the scope they were read through.
 * Threads: the one that uses it.
 * Blocks:  until the result is there; the other never.
 * Errors:  as ar_query_count; *rows is NULL then. */
AR_API AR_NODISCARD ar_status ar_query_rows(ar_query *query, ar_rows **rows, ar_error *err);
AR_API ar_rows_future ar_query_rows_async(ar_query *query);

/* Runs the SQL of ar_sql for its effect; rows, if it has any, are thrown away. *changes, which may be NULL, is how
 * many rows it inserted, updated or deleted.
 * Owns:    takes `query`.
 * Threads: the one that uses it.
 * Blocks:  until it is done, and holds if it changed something; the other never.
 * Errors:  as ar_query_count; AR_E_INVALID for a query that is not of ar_sql. */
AR_API AR_NODISCARD ar_status ar_query_exec(ar_query *query, int64_t *changes, ar_error *err);
AR_API ar_int64_future ar_query_exec_async(ar_query *query);

AR_END_DECLS

/* ar_query_filter(q, AR_EQ(User, is_active, true), AR_OR(AR_LT(User, age, 18), AR_GT(User, age, 65))) */
#ifdef __cplusplus
template <size_t N> static inline void ar_query_filter_(ar_query *query, const ar_predicate (&predicates)[N])
{
    ar_query_filter_list(query, predicates, N);
}
#define ar_query_filter(query, ...) ar_query_filter_((query), { __VA_ARGS__ })
#else
#define ar_query_filter(query, ...)                                      \
    ar_query_filter_list((query), (const ar_predicate[]){ __VA_ARGS__ }, \
                         sizeof((const ar_predicate[]){ __VA_ARGS__ }) / sizeof(ar_predicate))
#endif

#endif
