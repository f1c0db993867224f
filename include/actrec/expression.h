/* SPDX-License-Identifier: MIT */
#ifndef ACTREC_EXPRESSION_H
#define ACTREC_EXPRESSION_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <actrec/arguments.h>
#include <actrec/predicate.h>
#include <actrec/value.h>

AR_BEGIN_DECLS

/* Expressions: what a query may select, order and group by, and compare. The macros below make them, out of columns that
 * are checked when the program is compiled, of values, which are bound, and of one another:
 *
 *     ar_query_select_as(q, "total", AR_SUM(AR_COL(Order, amount)));
 *     ar_query_filter(q, AR_COMPARE(AR_COL(Order, paid), LT, AR_COL(Order, amount)));
 *
 * They are written where they are used: what they are made of lives as long as the block they stand in, in C++ as long
 * as the statement. A query in one is taken by whoever is given the expression. */

typedef enum ar_expr_operation {
    AR_EXPR_END = 0, /* behind the last of a list */
    AR_EXPR_COLUMN,
    AR_EXPR_OUTER,
    AR_EXPR_VALUE,
    AR_EXPR_SQL,
    AR_EXPR_COALESCE,
    AR_EXPR_CASE,
    AR_EXPR_WHEN,
    AR_EXPR_ELSE,
    AR_EXPR_SUBQUERY,
    AR_EXPR_JSON_TEXT,
    AR_EXPR_JSON_NUMBER,
    AR_EXPR_COUNT_ROWS, /* aggregates */
    AR_EXPR_COUNT,
    AR_EXPR_SUM,
    AR_EXPR_AVG,
    AR_EXPR_MIN,
    AR_EXPR_MAX,
    AR_EXPR_ROW_NUMBER, /* functions of windows alone */
    AR_EXPR_RANK,
    AR_EXPR_DENSE_RANK,
    AR_EXPR_PERCENT_RANK,
    AR_EXPR_CUME_DIST,
    AR_EXPR_NTILE,
    AR_EXPR_LAG,
    AR_EXPR_LEAD,
    AR_EXPR_FIRST_VALUE,
    AR_EXPR_LAST_VALUE,
    AR_EXPR_NTH_VALUE,
    AR_EXPR_OVER,
    AR_EXPR_PARTITION, /* parts of OVER */
    AR_EXPR_ROWS,
    AR_EXPR_RANGE,
    AR_EXPR_ASC, /* and of orders */
    AR_EXPR_DESC
} ar_expr_operation;

struct ar_expr {
    uint32_t operation; /* an ar_expr_operation */
    ar_type type;       /* SQL: that of its value */
    bool distinct;
    const ar_model *model; /* columns, likewise below */
    size_t offset;
    const char *member;
    const char *alias;
    ar_value value;
    const char *text;       /* SQL */
    const ar_value *values; /* SQL, steps of JSON */
    size_t value_count;
    const ar_expr *items;      /* NULL, or with an AR_EXPR_END behind the last */
    const ar_predicate *tests; /* NULL, or with an AR_COMPARE_END behind the last */
    ar_query *query;
    int64_t from, to;
};

static inline AR_UNUSED ar_expr ar_expr_of_(ar_expr_operation operation)
{
    ar_expr expr;
    memset(&expr, 0, sizeof expr);
    expr.operation = (uint32_t)operation;
    return expr;
}

static inline AR_UNUSED ar_expr ar_expr_column_(ar_expr_operation operation, const char *alias, const ar_model *model,
                                                size_t offset, const char *member)
{
    ar_expr expr = ar_expr_of_(operation);
    expr.alias = alias;
    expr.model = model;
    expr.offset = offset;
    expr.member = member;
    return expr;
}

static inline AR_UNUSED ar_expr ar_expr_value_(ar_value value)
{
    ar_expr expr = ar_expr_of_(AR_EXPR_VALUE);
    expr.value = value;
    return expr;
}

static inline AR_UNUSED ar_expr ar_expr_sql_(ar_type type, const char *text, const ar_value *values, size_t count)
{
    ar_expr expr = ar_expr_of_(AR_EXPR_SQL);
    expr.type = type;
    expr.text = text;
    expr.values = values;
    expr.value_count = count;
    return expr;
}

static inline AR_UNUSED ar_expr ar_expr_items_(ar_expr_operation operation, const ar_expr *items,
                                               const ar_predicate *tests)
{
    ar_expr expr = ar_expr_of_(operation);
    expr.items = items;
    expr.tests = tests;
    return expr;
}

static inline AR_UNUSED ar_expr ar_expr_distinct_(ar_expr expr)
{
    expr.distinct = true;
    return expr;
}

static inline AR_UNUSED ar_expr ar_expr_filter_(ar_expr expr, const ar_predicate *tests)
{
    expr.tests = tests;
    return expr;
}

static inline AR_UNUSED ar_expr ar_expr_range_(ar_expr expr, int64_t from, int64_t to)
{
    expr.from = from;
    expr.to = to;
    return expr;
}

static inline AR_UNUSED ar_expr ar_expr_query_(ar_query *query)
{
    ar_expr expr = ar_expr_of_(AR_EXPR_SUBQUERY);
    expr.query = query;
    return expr;
}

static inline AR_UNUSED ar_expr ar_expr_json_(ar_expr_operation operation, ar_expr column, const ar_value *steps,
                                              size_t count)
{
    column.values = steps;
    column.value_count = count;
    column.type = AR_TYPE_JSON;
    column.from = column.operation == AR_EXPR_COLUMN ? 1 : 0;
    column.operation = (uint32_t)operation;
    return column;
}

static inline AR_UNUSED ar_predicate ar_predicate_json_(const ar_expr *left, ar_value value)
{
    ar_predicate predicate = ar_predicate_of(AR_COMPARE_JSON_CONTAINS, NULL, 0, NULL, value, value);
    predicate.left = left;
    return predicate;
}

AR_END_DECLS

/* Expressions as one argument: a list with its end behind it. */
#ifdef __cplusplus
template <size_t N> static inline const ar_expr *ar_expr_list_(const ar_expr (&items)[N])
{
    return items;
}
#define AR_EXPRS_(...) ar_expr_list_({ __VA_ARGS__, ar_expr_of_(AR_EXPR_END) })
#else
#define AR_EXPRS_(...) ((const ar_expr[]){ __VA_ARGS__, ar_expr_of_(AR_EXPR_END) })
#endif

/* A column of the query's tables: of the one of that model, or of that alias. A misspelt member does not compile. */
#define AR_COL(T, m)           ar_expr_column_(AR_EXPR_COLUMN, NULL, &T##_model, offsetof(T, m), #m)
#define AR_COL_AS(alias, T, m) ar_expr_column_(AR_EXPR_COLUMN, (alias), &T##_model, offsetof(T, m), #m)

/* In a subquery: a column of the query that it stands in, by the table of the model or by an alias. */
#define AR_OUTER(T, m)           ar_expr_column_(AR_EXPR_OUTER, NULL, &T##_model, offsetof(T, m), #m)
#define AR_OUTER_AS(alias, T, m) ar_expr_column_(AR_EXPR_OUTER, (alias), &T##_model, offsetof(T, m), #m)

/* A value, bound. It takes the type of the column that it is compared with or stands beside. */
#define AR_VALUE(x) ar_expr_value_(ar_bind(x))

/* SQL of your own with values for its placeholders, as in ar_query_where: AR_SQL(AR_TYPE_INT64, "length(name) + ?", 5).
 * AR_TYPE_NULL: of whatever type the engine says. */
#define AR_SQL(...) AR_CALL_WITH_(ar_expr_sql_, __VA_ARGS__)

/* Aggregates; AR_DISTINCT of one leaves out what is there already, AR_FILTER what does not meet all the predicates. */
#define AR_COUNT_ROWS             ar_expr_of_(AR_EXPR_COUNT_ROWS)
#define AR_COUNT(x)               ar_expr_items_(AR_EXPR_COUNT, AR_EXPRS_(x), NULL)
#define AR_SUM(x)                 ar_expr_items_(AR_EXPR_SUM, AR_EXPRS_(x), NULL)
#define AR_AVG(x)                 ar_expr_items_(AR_EXPR_AVG, AR_EXPRS_(x), NULL)
#define AR_MIN(x)                 ar_expr_items_(AR_EXPR_MIN, AR_EXPRS_(x), NULL)
#define AR_MAX(x)                 ar_expr_items_(AR_EXPR_MAX, AR_EXPRS_(x), NULL)
#define AR_DISTINCT(aggregate)    ar_expr_distinct_(aggregate)
#define AR_FILTER(aggregate, ...) ar_expr_filter_((aggregate), AR_PREDICATES_(__VA_ARGS__))

/* The first that is not NULL. */
#define AR_COALESCE(...) ar_expr_items_(AR_EXPR_COALESCE, AR_EXPRS_(__VA_ARGS__), NULL)

/* AR_CASE(AR_WHEN(result, predicate, …), …, AR_ELSE(result)); without AR_ELSE it is NULL when nothing holds. */
#define AR_CASE(...)         ar_expr_items_(AR_EXPR_CASE, AR_EXPRS_(__VA_ARGS__), NULL)
#define AR_WHEN(result, ...) ar_expr_items_(AR_EXPR_WHEN, AR_EXPRS_(result), AR_PREDICATES_(__VA_ARGS__))
#define AR_ELSE(result)      ar_expr_items_(AR_EXPR_ELSE, AR_EXPRS_(result), NULL)

/* The value of the one column and row of a query, which is taken. */
#define AR_SUBQUERY(query) ar_expr_query_(query)

/* What stands at a place in a JSON column, as text or as a double; NULL when nothing does, or the JSON null. The steps to
 * it are names of members and indices from 0: AR_JSON_TEXT(AR_COL(User, data), "addresses", 0, "city"). A name with a
 * quote, a backslash or a control character in it is AR_E_INVALID. */
#define AR_JSON_TEXT(column, ...)   ar_expr_json_(AR_EXPR_JSON_TEXT, (column), AR_VALUES_(__VA_ARGS__))
#define AR_JSON_NUMBER(column, ...) ar_expr_json_(AR_EXPR_JSON_NUMBER, (column), AR_VALUES_(__VA_ARGS__))

/* Windows: AR_OVER(function, AR_PARTITION_BY(x, …), AR_ASC(x), AR_DESC(x), …, AR_ROWS_BETWEEN(-2, 0)), all but the
 * function left out at will. The function is an aggregate or one of these; n is written into the SQL, from 1. Frames go
 * from the row that many before (negative) or behind the current one to another; AR_RANGE_BETWEEN takes 0 and the two
 * unbounded ends alone. */
#define AR_OVER(...)               ar_expr_items_(AR_EXPR_OVER, AR_EXPRS_(__VA_ARGS__), NULL)
#define AR_PARTITION_BY(...)       ar_expr_items_(AR_EXPR_PARTITION, AR_EXPRS_(__VA_ARGS__), NULL)
#define AR_ROWS_BETWEEN(from, to)  ar_expr_range_(ar_expr_of_(AR_EXPR_ROWS), (from), (to))
#define AR_RANGE_BETWEEN(from, to) ar_expr_range_(ar_expr_of_(AR_EXPR_RANGE), (from), (to))
#define AR_UNBOUNDED_PRECEDING     INT64_MIN
#define AR_UNBOUNDED_FOLLOWING     INT64_MAX
#define AR_ROW_NUMBER              ar_expr_of_(AR_EXPR_ROW_NUMBER)
#define AR_RANK                    ar_expr_of_(AR_EXPR_RANK)
#define AR_DENSE_RANK              ar_expr_of_(AR_EXPR_DENSE_RANK)
#define AR_PERCENT_RANK            ar_expr_of_(AR_EXPR_PERCENT_RANK)
#define AR_CUME_DIST               ar_expr_of_(AR_EXPR_CUME_DIST)
#define AR_NTILE(n)                ar_expr_range_(ar_expr_of_(AR_EXPR_NTILE), (n), 0)
#define AR_LAG(x, n)               ar_expr_range_(ar_expr_items_(AR_EXPR_LAG, AR_EXPRS_(x), NULL), (n), 0)
#define AR_LEAD(x, n)              ar_expr_range_(ar_expr_items_(AR_EXPR_LEAD, AR_EXPRS_(x), NULL), (n), 0)
#define AR_FIRST_VALUE(x)          ar_expr_items_(AR_EXPR_FIRST_VALUE, AR_EXPRS_(x), NULL)
#define AR_LAST_VALUE(x)           ar_expr_items_(AR_EXPR_LAST_VALUE, AR_EXPRS_(x), NULL)
#define AR_NTH_VALUE(x, n)         ar_expr_range_(ar_expr_items_(AR_EXPR_NTH_VALUE, AR_EXPRS_(x), NULL), (n), 0)

/* Orders, of windows and of queries. */
#define AR_ASC(x)  ar_expr_items_(AR_EXPR_ASC, AR_EXPRS_(x), NULL)
#define AR_DESC(x) ar_expr_items_(AR_EXPR_DESC, AR_EXPRS_(x), NULL)

/* Predicates between expressions: AR_COMPARE(AR_COL(User, id), EQ, AR_COL_AS("p", Post, user_id)). The comparison is EQ,
 * NE, LT, LE, GT, GE, SAME or NOT_SAME, LIKE, NOT_LIKE, ILIKE or NOT_ILIKE, or IN or NOT_IN with AR_VALUE(AR_LIST(…)) or
 * AR_SUBQUERY(…) on the right. AR_ON is the common one, two columns that are equal. */
#define AR_COMPARE(left, comparison, right)                                                                           \
    ar_predicate_compare_(ar_predicate_of(AR_COMPARE_##comparison, NULL, 0, NULL, AR_NULL, AR_NULL), AR_EXPRS_(left), \
                          AR_EXPRS_(right))
#define AR_ON(T, m, U, n) AR_COMPARE(AR_COL(T, m), EQ, AR_COL(U, n))

/* Predicates on subqueries, which are taken: the column is one of the values of the query's one column; the query has a
 * row. */
#define AR_IN_QUERY(T, m, query) ar_predicate_query_(AR_PREDICATE_(AR_COMPARE_IN, T, m, AR_NULL, AR_NULL), (query))
#define AR_NOT_IN_QUERY(T, m, query) \
    ar_predicate_query_(AR_PREDICATE_(AR_COMPARE_NOT_IN, T, m, AR_NULL, AR_NULL), (query))
#define AR_EXISTS(query)     ar_predicate_query_(AR_GROUP_(AR_COMPARE_EXISTS), (query))
#define AR_NOT_EXISTS(query) ar_predicate_query_(AR_GROUP_(AR_COMPARE_NOT_EXISTS), (query))

/* A JSON column, or what stands at a place in it, contains `json`: the same members with the same values, the same
 * elements. AR_E_UNSUPPORTED on SQLite. */
#define AR_JSON_CONTAINS(column, json) \
    ar_predicate_json_(AR_EXPRS_(ar_expr_json_(AR_EXPR_JSON_TEXT, (column), NULL, 0)), ar_bind(json))
#define AR_JSON_CONTAINS_AT(column, json, ...) \
    ar_predicate_json_(AR_EXPRS_(AR_JSON_TEXT(column, __VA_ARGS__)), ar_bind(json))

#endif
