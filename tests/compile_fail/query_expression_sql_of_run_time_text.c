/* SPDX-License-Identifier: MIT */
#include <actrec/declare.h>
#include <actrec/join.h>
#include <actrec/pluck.h>
#include <actrec/select.h>

typedef struct User {
    int64_t id;
} User;

typedef struct Post {
    int64_t id;
    int64_t user_id;
    int32_t likes;
} Post;

AR_MODEL_DECLARE(User);
AR_MODEL_DECLARE(Post);

void build(ar_query *q, const char *run_time);

void build(ar_query *q, const char *run_time)
{
    (void)run_time;
    ar_query_select_as(q, "n", AR_SQL(AR_TYPE_INT64, run_time)); /* ERROR */
}
