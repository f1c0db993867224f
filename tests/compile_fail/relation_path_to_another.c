/* SPDX-License-Identifier: MIT */
#include <actrec.h>

typedef struct Post Post;
typedef struct User {
    int64_t id;
    AR_MANY(Post) posts;
} User;
struct Post {
    int64_t id;
    int64_t user_id;
};

AR_MODEL_DECLARE(User);
AR_MODEL_DECLARE(Post);

void load(ar_query *query);
void load(ar_query *query)
{
    ar_query_include(query, AR_PATH(User, posts, User, posts)); /* ERROR */
}
