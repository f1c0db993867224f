/* SPDX-License-Identifier: MIT */
#include <actrec.h>

/* What the relation_… cases differ from in one place. */

typedef struct Post Post;
typedef struct User {
    int64_t id;
    AR_MANY(Post) posts;
} User;
struct Post {
    int64_t id;
    int64_t user_id;
    AR_ONE(User) author;
};

AR_MODEL_DECLARE(User);
AR_MODEL_DECLARE(Post);

AR_MODEL_DEFINE(User, "users", AR_COLUMN(User, id, AR_PRIMARY_KEY),
                AR_HAS_MANY(User, posts, Post, user_id, .inverse = AR_INVERSE(Post, author),
                            .dependent = AR_DEPENDENT_DELETE));
AR_MODEL_DEFINE(Post, "posts", AR_COLUMN(Post, id, AR_PRIMARY_KEY), AR_COLUMN(Post, user_id),
                AR_BELONGS_TO(Post, author, User, user_id));

ar_status load(ar_query *query, User *user, Post_list *out, ar_error *err);
ar_status load(ar_query *query, User *user, Post_list *out, ar_error *err)
{
    ar_query_include(query, AR_PATH(User, posts));
    ar_query_include(query, AR_PATH(User, posts, Post, author, User, posts, Post, author, User, posts, Post, author));
    return AR_GET_MANY(user, posts, out, err);
}
