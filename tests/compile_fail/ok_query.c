/* SPDX-License-Identifier: MIT */
#include <actrec/change.h>
#include <actrec/declare.h>
#include <actrec/query.h>

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
