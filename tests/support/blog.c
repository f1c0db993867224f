/* SPDX-License-Identifier: MIT */
#include "tests/support/blog.h"

#include "tests/support/fixture.h"

AR_MODEL_DEFINE(Writer, "writers", AR_COLUMN(Writer, id, AR_PRIMARY_KEY | AR_AUTO),
                AR_COLUMN(Writer, name, AR_NOT_NULL),
                AR_HAS_ONE(Writer, profile, Profile, writer_id, .inverse = AR_INVERSE(Profile, writer),
                           .dependent = AR_DEPENDENT_DELETE),
                AR_HAS_MANY(Writer, posts, Post, writer_id, .inverse = AR_INVERSE(Post, author),
                            .dependent = AR_DEPENDENT_NULLIFY));
AR_MODEL_DEFINE(Profile, "profiles", AR_COLUMN(Profile, id, AR_PRIMARY_KEY | AR_AUTO),
                AR_COLUMN(Profile, writer_id, AR_NOT_NULL), AR_COLUMN(Profile, motto),
                AR_BELONGS_TO(Profile, writer, Writer, writer_id));
AR_MODEL_DEFINE(Post, "posts", AR_COLUMN(Post, id, AR_PRIMARY_KEY | AR_AUTO), AR_COLUMN(Post, writer_id),
                AR_COLUMN(Post, title, AR_NOT_NULL), AR_BELONGS_TO(Post, author, Writer, writer_id),
                AR_HAS_MANY(Post, comments, Comment, post_id, .inverse = AR_INVERSE(Comment, post),
                            .dependent = AR_DEPENDENT_DELETE),
                AR_MANY_TO_MANY(Post, tags, Tag, PostTag, post_id, tag, .dependent = AR_DEPENDENT_DELETE));
AR_MODEL_DEFINE(Comment, "comments", AR_COLUMN(Comment, id, AR_PRIMARY_KEY | AR_AUTO),
                AR_COLUMN(Comment, post_id, AR_NOT_NULL), AR_COLUMN(Comment, writer_id),
                AR_COLUMN(Comment, body, AR_NOT_NULL), AR_BELONGS_TO(Comment, post, Post, post_id),
                AR_BELONGS_TO(Comment, author, Writer, writer_id));
AR_MODEL_DEFINE(Tag, "tags", AR_COLUMN(Tag, name, AR_PRIMARY_KEY), AR_COLUMN(Tag, weight, AR_NOT_NULL),
                AR_MANY_TO_MANY(Tag, posts, Post, PostTag, tag, post_id, .dependent = AR_DEPENDENT_RESTRICT));
AR_MODEL_DEFINE(PostTag, "post_tags", AR_COLUMN(PostTag, id, AR_PRIMARY_KEY | AR_AUTO),
                AR_COLUMN(PostTag, post_id, AR_NOT_NULL), AR_COLUMN(PostTag, tag, AR_NOT_NULL));

const ar_model *const blog_models[BLOG_MODELS] = { &Writer_model,  &Profile_model, &Post_model,
                                                   &Comment_model, &Tag_model,     &PostTag_model };

static ar_opt_int64 by(int64_t id)
{
    return (ar_opt_int64){ .has = id != 0, .value = id };
}

void blog_fill(ar_db *on)
{
    Writer writers[] = { { .name = "Ann" }, { .name = "Bob" }, { .name = "Cid" } };
    Profile profiles[] = { { .writer_id = 2, .motto = "bob's" }, { .writer_id = 1, .motto = "ann's" } };
    Post posts[] = { { .writer_id = by(1), .title = "first" },
                     { .writer_id = by(1), .title = "second" },
                     { .writer_id = by(2), .title = "third" },
                     { .writer_id = by(0), .title = "orphan" } };
    Comment comments[] = { { .post_id = 1, .writer_id = by(2), .body = "one" },
                           { .post_id = 1, .writer_id = by(0), .body = "two" },
                           { .post_id = 3, .writer_id = by(1), .body = "three" } };
    Tag tags[] = { { .name = "news", .weight = 3 }, { .name = "c", .weight = 1 }, { .name = "database", .weight = 2 } };
    PostTag ties[] = { { .post_id = 3, .tag = "news" },
                       { .post_id = 1, .tag = "database" },
                       { .post_id = 1, .tag = "news" },
                       { .post_id = 1, .tag = "c" } };
    ok(Writer_insert_many(on, writers, 3, &err));
    ok(Profile_insert_many(on, profiles, 2, &err));
    ok(Post_insert_many(on, posts, 4, &err));
    ok(Comment_insert_many(on, comments, 3, &err));
    ok(Tag_insert_many(on, tags, 3, &err));
    ok(PostTag_insert_many(on, ties, 4, &err));
}
