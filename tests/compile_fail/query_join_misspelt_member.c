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

void build(ar_query *q);

void build(ar_query *q)
{
    ar_query_join(q, AR_INNER_JOIN, Post, "p", AR_ON(User, id, Post, usr_id)); /* ERROR */
}
