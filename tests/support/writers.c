/* SPDX-License-Identifier: MIT */
#include "tests/support/writers.h"

#include "tests/support/fixture.h"

AR_MODEL_DEFINE(Writer, "writers", AR_COLUMN(Writer, id, AR_PRIMARY_KEY | AR_AUTO),
                AR_COLUMN(Writer, name, AR_NOT_NULL),
                AR_HAS_ONE(Writer, profile, Profile, writer_id, .inverse = AR_INVERSE(Profile, writer),
                           .dependent = AR_DEPENDENT_DELETE),
                AR_HAS_MANY(Writer, posts, Story, writer_id, .inverse = AR_INVERSE(Story, author),
                            .dependent = AR_DEPENDENT_NULLIFY));
AR_MODEL_DEFINE(Profile, "profiles", AR_COLUMN(Profile, id, AR_PRIMARY_KEY | AR_AUTO),
                AR_COLUMN(Profile, writer_id, AR_NOT_NULL), AR_COLUMN(Profile, motto),
                AR_BELONGS_TO(Profile, writer, Writer, writer_id));
AR_MODEL_DEFINE(Story, "posts", AR_COLUMN(Story, id, AR_PRIMARY_KEY | AR_AUTO), AR_COLUMN(Story, writer_id),
                AR_COLUMN(Story, title, AR_NOT_NULL), AR_BELONGS_TO(Story, author, Writer, writer_id),
                AR_HAS_MANY(Story, comments, Comment, post_id, .inverse = AR_INVERSE(Comment, post),
                            .dependent = AR_DEPENDENT_DELETE),
                AR_MANY_TO_MANY(Story, tags, Tag, StoryTag, post_id, tag, .dependent = AR_DEPENDENT_DELETE));
AR_MODEL_DEFINE(Comment, "comments", AR_COLUMN(Comment, id, AR_PRIMARY_KEY | AR_AUTO),
                AR_COLUMN(Comment, post_id, AR_NOT_NULL), AR_COLUMN(Comment, writer_id),
                AR_COLUMN(Comment, body, AR_NOT_NULL), AR_BELONGS_TO(Comment, post, Story, post_id),
                AR_BELONGS_TO(Comment, author, Writer, writer_id));
AR_MODEL_DEFINE(Tag, "tags", AR_COLUMN(Tag, name, AR_PRIMARY_KEY), AR_COLUMN(Tag, weight, AR_NOT_NULL),
                AR_MANY_TO_MANY(Tag, posts, Story, StoryTag, tag, post_id, .dependent = AR_DEPENDENT_RESTRICT));
AR_MODEL_DEFINE(StoryTag, "post_tags", AR_COLUMN(StoryTag, id, AR_PRIMARY_KEY | AR_AUTO),
                AR_COLUMN(StoryTag, post_id, AR_NOT_NULL), AR_COLUMN(StoryTag, tag, AR_NOT_NULL));

const ar_model *const writers_models[WRITERS_MODELS] = { &Writer_model,  &Profile_model, &Story_model,
                                                         &Comment_model, &Tag_model,     &StoryTag_model };

static ar_opt_int64 by(int64_t id)
{
    return (ar_opt_int64){ .has = id != 0, .value = id };
}

void writers_fill(ar_db *on)
{
    Writer writers[] = { { .name = "Ann" }, { .name = "Bob" }, { .name = "Cid" } };
    Profile profiles[] = { { .writer_id = 2, .motto = "bob's" }, { .writer_id = 1, .motto = "ann's" } };
    Story posts[] = { { .writer_id = by(1), .title = "first" },
                      { .writer_id = by(1), .title = "second" },
                      { .writer_id = by(2), .title = "third" },
                      { .writer_id = by(0), .title = "orphan" } };
    Comment comments[] = { { .post_id = 1, .writer_id = by(2), .body = "one" },
                           { .post_id = 1, .writer_id = by(0), .body = "two" },
                           { .post_id = 3, .writer_id = by(1), .body = "three" } };
    Tag tags[] = { { .name = "news", .weight = 3 }, { .name = "c", .weight = 1 }, { .name = "database", .weight = 2 } };
    StoryTag ties[] = { { .post_id = 3, .tag = "news" },
                        { .post_id = 1, .tag = "database" },
                        { .post_id = 1, .tag = "news" },
                        { .post_id = 1, .tag = "c" } };
    ok(Writer_insert_many(on, writers, 3, &err));
    ok(Profile_insert_many(on, profiles, 2, &err));
    ok(Story_insert_many(on, posts, 4, &err));
    ok(Comment_insert_many(on, comments, 3, &err));
    ok(Tag_insert_many(on, tags, 3, &err));
    ok(StoryTag_insert_many(on, ties, 4, &err));
}
