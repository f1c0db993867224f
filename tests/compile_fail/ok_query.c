/* SPDX-License-Identifier: MIT */
#include <actrec/change.h>
#include <actrec/combine.h>
#include <actrec/declare.h>
#include <actrec/join.h>
#include <actrec/page.h>
#include <actrec/pluck.h>
#include <actrec/query.h>
#include <actrec/select.h>

typedef struct User {
    int64_t id;
    const char *name;
} User;

AR_MODEL_DECLARE(User);

ar_query *ask(ar_db *db, int64_t *ids);

ar_query *ask(ar_db *db, int64_t *ids)
{
    ar_query *q = User_query(db);
    ar_query_filter(q, AR_EQ(User, name, "Ann"));
    ar_query_filter(q, AR_EQ(User, id, 7), AR_OR(AR_IS_NULL(User, name), AR_NOT(AR_IN(User, id, ids, 2))));
    ar_query_where(q, "name is null");
    ar_query_where(q, "id in (?) and name <> ?", AR_LIST(ids, 2), AR_NULL);
    ar_query_having(q, "count(*) > ?", 5);
    ar_query_set(q, AR_SET(User, name, "Bob"), AR_ADD(User, id, 1L), AR_SET_NULL(User, name));
    ar_query_set(q, AR_SET_SQL(User, name, "upper(name)"), AR_SET_SQL(User, name, "? || ?", "a", "b"));
    ar_query_free(q);
    q = ar_sql(db, "select 1");
    ar_query_free(q);
    return ar_sql(db, "select ?", 1);
}

ar_status pick(ar_db *db, int64_t **ids, size_t *count);

ar_status pick(ar_db *db, int64_t **ids, size_t *count)
{
    ar_query *q = User_query(db), *other = User_query(db);
    ar_query_filter(other, AR_COMPARE(AR_COL(User, id), EQ, AR_OUTER(User, id)));
    ar_query_join(q, AR_LEFT_JOIN, User, "u", AR_COMPARE(AR_COL(User, id), LT, AR_COL_AS("u", User, id)));
    ar_query_cross_join(q, User, "v");
    ar_query_filter(q, AR_AS("u", AR_ILIKE(User, name, "a%"), AR_OR(AR_SAME(User, id, 1), AR_NOT_SAME(User, id, 2))),
                    AR_EXISTS(other), AR_IN_QUERY(User, id, User_query(db)));
    ar_query_select_as(q, "n",
                       AR_OVER(AR_FILTER(AR_SUM(AR_COL(User, id)), AR_GT(User, id, 0), AR_IS_NULL(User, name)),
                               AR_PARTITION_BY(AR_COL(User, name)), AR_ASC(AR_COL(User, id)),
                               AR_ROWS_BETWEEN(-1, AR_UNBOUNDED_FOLLOWING)));
    ar_query_select_as(q, "c",
                       AR_CASE(AR_WHEN(AR_VALUE(1), AR_EQ(User, id, 1)), AR_ELSE(AR_SUBQUERY(ar_sql(db, "select 1")))));
    ar_query_select_as(q, "s", AR_COALESCE(AR_SQL(AR_TYPE_INT64, "1"), AR_SQL(AR_TYPE_INT64, "? + ?", 1, 2)));
    ar_query_select_as(q, "j", AR_JSON_TEXT(AR_COL(User, name), "a", 0));
    ar_query_order_on(q, AR_DESC(AR_DISTINCT(AR_COUNT(AR_COL(User, id)))));
    ar_query_having_filter(q, AR_COMPARE(AR_COUNT_ROWS, GE, AR_VALUE(1)));
    ar_query_with_recursive(q, User, AR_UNION, User_query(db), User_query(db));
    ar_query_combine(q, AR_UNION_ALL, User_query(db));
    ar_query_after(q, 1, "x");
    return ar_query_pluck(q, ids, count, NULL);
}

ar_query *last(ar_db *db);

ar_query *last(ar_db *db)
{
    return ar_sql(db, "select ?", 1);
}
