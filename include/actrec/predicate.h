/* SPDX-License-Identifier: MIT */
#ifndef ACTREC_PREDICATE_H
#define ACTREC_PREDICATE_H

#include <stddef.h>
#include <stdint.h>

#include <actrec/bind.h>
#include <actrec/value.h>

AR_BEGIN_DECLS

typedef struct ar_model ar_model;
typedef struct ar_expr ar_expr;
typedef struct ar_query ar_query;

/* A condition on one column of a model, or between two expressions (actrec/expression.h), for ar_query_filter. The
 * macros below make them; a misspelt member does not compile. The value takes the type of the column when the filter is
 * given it; texts, bytes and lists are borrowed until then. A query in it is taken by whoever is given the predicate. */
typedef struct ar_predicate {
    uint32_t operation; /* an ar_comparison */
    size_t offset;      /* of the member */
    const ar_model *model;
    const char *member; /* its name, for messages */
    ar_value value;
    ar_value upper;              /* BETWEEN */
    const char *alias;           /* AR_AS */
    const ar_expr *left, *right; /* instead of the member; instead of the value */
    ar_query *query;             /* IN, EXISTS */
} ar_predicate;

/* What a predicate says. Groups are the predicates from an opening one to its AR_COMPARE_CLOSE. */
typedef enum ar_comparison {
    AR_COMPARE_END = 0, /* behind the last of a list */
    AR_COMPARE_EQ = 1,
    AR_COMPARE_NE,
    AR_COMPARE_LT,
    AR_COMPARE_LE,
    AR_COMPARE_GT,
    AR_COMPARE_GE,
    AR_COMPARE_LIKE,
    AR_COMPARE_NOT_LIKE,
    AR_COMPARE_ILIKE,
    AR_COMPARE_NOT_ILIKE,
    AR_COMPARE_SAME,
    AR_COMPARE_NOT_SAME,
    AR_COMPARE_IN,
    AR_COMPARE_NOT_IN,
    AR_COMPARE_BETWEEN,
    AR_COMPARE_IS_NULL,
    AR_COMPARE_IS_NOT_NULL,
    AR_COMPARE_EXISTS,
    AR_COMPARE_NOT_EXISTS,
    AR_COMPARE_JSON_CONTAINS,
    AR_COMPARE_AS,  /* opens a group that names a source */
    AR_COMPARE_AND, /* opens a group */
    AR_COMPARE_OR,
    AR_COMPARE_NOT,
    AR_COMPARE_CLOSE
} ar_comparison;

static inline AR_UNUSED ar_predicate ar_predicate_of(ar_comparison operation, const ar_model *model, size_t offset,
                                                     const char *member, ar_value value, ar_value upper)
{
    ar_predicate predicate;
    predicate.operation = (uint32_t)operation;
    predicate.offset = offset;
    predicate.model = model;
    predicate.member = member;
    predicate.value = value;
    predicate.upper = upper;
    predicate.alias = NULL;
    predicate.left = NULL;
    predicate.right = NULL;
    predicate.query = NULL;
    return predicate;
}

static inline AR_UNUSED ar_predicate ar_predicate_as_(const char *alias, ar_predicate predicate)
{
    predicate.alias = alias;
    return predicate;
}

static inline AR_UNUSED ar_predicate ar_predicate_query_(ar_predicate predicate, ar_query *query)
{
    predicate.query = query;
    return predicate;
}

static inline AR_UNUSED ar_predicate ar_predicate_compare_(ar_predicate predicate, const ar_expr *left,
                                                           const ar_expr *right)
{
    predicate.left = left;
    predicate.right = right;
    return predicate;
}

AR_END_DECLS

#define AR_PREDICATE_(operation, T, m, value, upper) \
    ar_predicate_of((operation), &T##_model, offsetof(T, m), #m, (value), (upper))

/* Comparisons. AR_EQ with AR_NULL, or with anything else that is SQL NULL, asks IS NULL; AR_NE then asks IS NOT NULL.
 * Like SQL, AR_NE leaves out the rows in which the column is NULL. */
#define AR_EQ(T, m, value) AR_PREDICATE_(AR_COMPARE_EQ, T, m, ar_bind(value), AR_NULL)
#define AR_NE(T, m, value) AR_PREDICATE_(AR_COMPARE_NE, T, m, ar_bind(value), AR_NULL)
#define AR_LT(T, m, value) AR_PREDICATE_(AR_COMPARE_LT, T, m, ar_bind(value), AR_NULL)
#define AR_LE(T, m, value) AR_PREDICATE_(AR_COMPARE_LE, T, m, ar_bind(value), AR_NULL)
#define AR_GT(T, m, value) AR_PREDICATE_(AR_COMPARE_GT, T, m, ar_bind(value), AR_NULL)
#define AR_GE(T, m, value) AR_PREDICATE_(AR_COMPARE_GE, T, m, ar_bind(value), AR_NULL)

/* From `low` to `high`, both included. */
#define AR_BETWEEN(T, m, low, high) AR_PREDICATE_(AR_COMPARE_BETWEEN, T, m, ar_bind(low), ar_bind(high))

/* SQL's LIKE, for columns of text or JSON: % stands for any text, _ for one character, a backslash makes the next
 * character an ordinary one. Whether case counts is the engine's: on SQLite not that of ASCII letters, on PostgreSQL it does, on
 * MySQL the column's collation says (in tables of ar_table_create it does). */
#define AR_LIKE(T, m, pattern)     AR_PREDICATE_(AR_COMPARE_LIKE, T, m, ar_bind(pattern), AR_NULL)
#define AR_NOT_LIKE(T, m, pattern) AR_PREDICATE_(AR_COMPARE_NOT_LIKE, T, m, ar_bind(pattern), AR_NULL)

/* LIKE to which case does not matter: on SQLite that of ASCII letters, on the others that of all. */
#define AR_ILIKE(T, m, pattern)     AR_PREDICATE_(AR_COMPARE_ILIKE, T, m, ar_bind(pattern), AR_NULL)
#define AR_NOT_ILIKE(T, m, pattern) AR_PREDICATE_(AR_COMPARE_NOT_ILIKE, T, m, ar_bind(pattern), AR_NULL)

/* Equality to which NULL is a value like any other: NULL is the same as NULL, and not the same as 1. */
#define AR_SAME(T, m, value)     AR_PREDICATE_(AR_COMPARE_SAME, T, m, ar_bind(value), AR_NULL)
#define AR_NOT_SAME(T, m, value) AR_PREDICATE_(AR_COMPARE_NOT_SAME, T, m, ar_bind(value), AR_NULL)

/* One of `count` values at `pointer`, whose type makes theirs. No values at all: AR_IN matches no row, AR_NOT_IN every
 * one. A NULL among them matches nothing, and makes AR_NOT_IN match nothing, like SQL. */
#define AR_IN(T, m, pointer, count)     AR_PREDICATE_(AR_COMPARE_IN, T, m, AR_LIST(pointer, count), AR_NULL)
#define AR_NOT_IN(T, m, pointer, count) AR_PREDICATE_(AR_COMPARE_NOT_IN, T, m, AR_LIST(pointer, count), AR_NULL)

#define AR_IS_NULL(T, m)     AR_PREDICATE_(AR_COMPARE_IS_NULL, T, m, AR_NULL, AR_NULL)
#define AR_IS_NOT_NULL(T, m) AR_PREDICATE_(AR_COMPARE_IS_NOT_NULL, T, m, AR_NULL, AR_NULL)

/* Groups of any number of predicates and groups, as arguments of ar_query_filter: any of them, all of them, not all of
 * them. */
#define AR_OR(...)  AR_GROUP_(AR_COMPARE_OR), __VA_ARGS__, AR_GROUP_(AR_COMPARE_CLOSE)
#define AR_AND(...) AR_GROUP_(AR_COMPARE_AND), __VA_ARGS__, AR_GROUP_(AR_COMPARE_CLOSE)
#define AR_NOT(...) AR_GROUP_(AR_COMPARE_NOT), __VA_ARGS__, AR_GROUP_(AR_COMPARE_CLOSE)

/* Predicates on the table that is joined as `alias`: AR_AS("p", AR_EQ(Post, title, "x"), AR_GT(Post, likes, 5)). */
#define AR_AS(alias, ...) ar_predicate_as_((alias), AR_GROUP_(AR_COMPARE_AS)), __VA_ARGS__, AR_GROUP_(AR_COMPARE_CLOSE)

#define AR_GROUP_(operation) ar_predicate_of((operation), NULL, 0, NULL, AR_NULL, AR_NULL)

/* Predicates as one argument: a list with its end behind it. */
#ifdef __cplusplus
template <size_t N> static inline const ar_predicate *ar_predicate_list_(const ar_predicate (&predicates)[N])
{
    return predicates;
}
#define AR_PREDICATES_(...) ar_predicate_list_({ __VA_ARGS__, AR_GROUP_(AR_COMPARE_END) })
#else
#define AR_PREDICATES_(...) ((const ar_predicate[]){ __VA_ARGS__, AR_GROUP_(AR_COMPARE_END) })
#endif

#endif
