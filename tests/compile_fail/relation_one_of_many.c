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

AR_MODEL_DEFINE(User, "users", AR_COLUMN(User, id, AR_PRIMARY_KEY), AR_HAS_ONE(User, posts, Post, user_id)); /* ERROR */
