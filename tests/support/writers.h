/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SUPPORT_WRITERS_H
#define TESTS_SUPPORT_WRITERS_H

#include <actrec.h>

/* Models with every kind of relation, for the tests of these. */

typedef struct Writer Writer;
typedef struct Profile Profile;
typedef struct Story Story;
typedef struct Comment Comment;
typedef struct Tag Tag;
typedef struct StoryTag StoryTag;

struct Writer {
    int64_t id;
    const char *name;
    AR_ONE(Profile) profile;
    AR_MANY(Story) posts;
};

struct Profile {
    int64_t id;
    int64_t writer_id;
    const char *motto;
    AR_ONE(Writer) writer;
};

struct Story {
    int64_t id;
    ar_opt_int64 writer_id;
    const char *title;
    AR_ONE(Writer) author;
    AR_MANY(Comment) comments;
    AR_MANY(Tag) tags;
};

struct Comment {
    int64_t id;
    int64_t post_id;
    ar_opt_int64 writer_id;
    const char *body;
    AR_ONE(Story) post;
    AR_ONE(Writer) author;
};

struct Tag {
    const char *name;
    int32_t weight;
    AR_MANY(Story) posts;
};

struct StoryTag {
    int64_t id;
    int64_t post_id;
    const char *tag;
};

AR_MODEL_DECLARE(Writer);
AR_MODEL_DECLARE(Profile);
AR_MODEL_DECLARE(Story);
AR_MODEL_DECLARE(Comment);
AR_MODEL_DECLARE(Tag);
AR_MODEL_DECLARE(StoryTag);

enum { WRITERS_MODELS = 6 };
extern const ar_model *const writers_models[WRITERS_MODELS];

/* Ann (1) with the posts 1 "first" and 2 "second", Bob (2) with 3 "third", Cid (3) with none, and 4 "orphan" of
 * nobody; comments 1 and 2 on post 1, 3 on post 3, of Bob, nobody and Ann; tags c, database, news: post 1 has all, post
 * 3 news. Ann and Bob have profiles. */
void writers_fill(ar_db *on);

#endif
