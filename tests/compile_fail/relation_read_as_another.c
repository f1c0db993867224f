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

ar_status read_posts(User *user, User_list *out, ar_error *err);
ar_status read_posts(User *user, User_list *out, ar_error *err)
{
    return AR_GET_MANY(user, posts, out, err); /* ERROR */
}
