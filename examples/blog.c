/* SPDX-License-Identifier: MIT */
/* A blog, of users, posts, comments and tags, on a database of your choice:  blog [URL]   (default: sqlite:blog.db; also
 * postgresql://user:password@host/database, mysql://user:password@host/database). It makes its tables anew and drops
 * them again. */
#include <actrec.h>
#include <stdio.h>
#include <stdlib.h>

#include "examples/show.h"

typedef struct User User;
typedef struct Post Post;
typedef struct Comment Comment;
typedef struct Tag Tag;
typedef struct PostTag PostTag;

struct User {
    int64_t id;
    const char *name;
    AR_MANY(Post) posts;
    AR_MANY(Comment) comments;
};

struct Post {
    int64_t id;
    int64_t user_id;
    const char *title;
    const char *body;
    int32_t likes;
    ar_timestamp created_at;
    AR_ONE(User) author;
    AR_MANY(Comment) comments;
    AR_MANY(Tag) tags;
};

struct Comment {
    int64_t id;
    int64_t post_id;
    ar_opt_int64 user_id; /* anonymous without */
    const char *body;
    AR_ONE(Post) post;
    AR_ONE(User) author;
};

struct Tag {
    int64_t id;
    const char *name;
    AR_MANY(Post) posts;
};

struct PostTag { /* which post has which tag */
    int64_t id;
    int64_t post_id;
    int64_t tag_id;
};

AR_MODEL_DECLARE(User);
AR_MODEL_DECLARE(Post);
AR_MODEL_DECLARE(Comment);
AR_MODEL_DECLARE(Tag);
AR_MODEL_DECLARE(PostTag);

AR_MODEL_DEFINE(User, "blog_users", AR_COLUMN(User, id, AR_PRIMARY_KEY | AR_AUTO),
                AR_COLUMN(User, name, AR_NOT_NULL | AR_UNIQUE),
                AR_HAS_MANY(User, posts, Post, user_id, .inverse = AR_INVERSE(Post, author),
                            .dependent = AR_DEPENDENT_RESTRICT),
                AR_HAS_MANY(User, comments, Comment, user_id, .inverse = AR_INVERSE(Comment, author),
                            .dependent = AR_DEPENDENT_NULLIFY));
AR_MODEL_DEFINE(Post, "blog_posts", AR_COLUMN(Post, id, AR_PRIMARY_KEY | AR_AUTO),
                AR_COLUMN(Post, user_id, AR_NOT_NULL), AR_COLUMN(Post, title, AR_NOT_NULL),
                AR_COLUMN(Post, body, AR_NOT_NULL), AR_COLUMN(Post, likes, AR_NOT_NULL),
                AR_COLUMN(Post, created_at, AR_CREATED_AT), AR_BELONGS_TO(Post, author, User, user_id),
                AR_HAS_MANY(Post, comments, Comment, post_id, .inverse = AR_INVERSE(Comment, post),
                            .dependent = AR_DEPENDENT_DELETE),
                AR_MANY_TO_MANY(Post, tags, Tag, PostTag, post_id, tag_id, .dependent = AR_DEPENDENT_DELETE));
AR_MODEL_DEFINE(Comment, "blog_comments", AR_COLUMN(Comment, id, AR_PRIMARY_KEY | AR_AUTO),
                AR_COLUMN(Comment, post_id, AR_NOT_NULL), AR_COLUMN(Comment, user_id),
                AR_COLUMN(Comment, body, AR_NOT_NULL), AR_BELONGS_TO(Comment, post, Post, post_id),
                AR_BELONGS_TO(Comment, author, User, user_id));
AR_MODEL_DEFINE(Tag, "blog_tags", AR_COLUMN(Tag, id, AR_PRIMARY_KEY | AR_AUTO),
                AR_COLUMN(Tag, name, AR_NOT_NULL | AR_UNIQUE),
                AR_MANY_TO_MANY(Tag, posts, Post, PostTag, tag_id, post_id));
AR_MODEL_DEFINE(PostTag, "blog_post_tags", AR_COLUMN(PostTag, id, AR_PRIMARY_KEY | AR_AUTO),
                AR_COLUMN(PostTag, post_id, AR_NOT_NULL), AR_COLUMN(PostTag, tag_id, AR_NOT_NULL));

static const ar_model *const models[] = { &User_model, &Post_model, &Comment_model, &Tag_model, &PostTag_model };
enum { MODELS = sizeof models / sizeof models[0] };

static void make_tables(ar_db *db)
{
    ar_error err;
    for (size_t i = 0; i < MODELS; i++) {
        must(ar_table_drop_if_exists(db, models[i], &err), &err, "dropping a table");
        must(ar_table_create(db, models[i], &err), &err, "creating a table");
    }
}

static int64_t add_user(ar_db *db, const char *name)
{
    ar_error err;
    User user = { .name = name };
    must(User_insert(db, &user, &err), &err, "adding a user");
    return user.id;
}

/* A post and its tags, or nothing of it. `tags` ends with NULL; those that there are not yet are made. */
static ar_status publish(ar_db *db, Post *post, const char *const *tags, ar_error *err)
{
    ar_status s;
    ar_db *tx = ar_tx_begin(db, &(ar_tx_options){ .retries = 5 });
    do {
        s = Post_insert(tx, post, err);
        for (size_t i = 0; s == AR_OK && tags[i] != NULL; i++) {
            Tag *found = NULL, made = { .name = tags[i] };
            ar_query *q = Tag_query(tx);
            ar_query_filter(q, AR_EQ(Tag, name, tags[i]));
            s = Tag_first(q, &found, err);
            if (s == AR_E_NOT_FOUND)
                s = Tag_insert(tx, &made, err);
            PostTag tie = { .post_id = post->id, .tag_id = found != NULL ? found->id : made.id };
            if (s == AR_OK)
                s = PostTag_insert(tx, &tie, err);
        }
    } while (ar_tx_finish(&tx, &s, err));
    return s;
}

static void add_comment(ar_db *db, int64_t post_id, int64_t user_id, const char *body)
{
    ar_error err;
    Comment comment = { .post_id = post_id, .user_id = { .has = user_id != 0, .value = user_id }, .body = body };
    must(Comment_insert(db, &comment, &err), &err, "adding a comment");
}

static void fill(ar_db *db)
{
    ar_error err;
    int64_t ann = add_user(db, "Ann"), bob = add_user(db, "Bob"), cid = add_user(db, "Cid");
    Post hello = { .user_id = ann, .title = "Hello", .body = "The first one.", .likes = 3 };
    Post mailbox = { .user_id = ann, .title = "The mailbox is the optimiser", .body = "It reads it all.", .likes = 12 };
    Post reply = { .user_id = bob, .title = "A reply to Ann", .body = "It does indeed.", .likes = 5 };
    must(publish(db, &hello, (const char *const[]){ "news", NULL }, &err), &err, "publishing");
    must(publish(db, &mailbox, (const char *const[]){ "c", "databases", NULL }, &err), &err, "publishing");
    must(publish(db, &reply, (const char *const[]){ "news", "databases", NULL }, &err), &err, "publishing");
    add_comment(db, hello.id, bob, "Welcome!");
    add_comment(db, mailbox.id, cid, "How fast is it?");
    add_comment(db, mailbox.id, 0, "Nice.");
}

static void show_post(const Post *post)
{
    ar_error err;
    Tag_list tags;
    Comment_list comments;
    must(AR_GET_MANY(post, tags, &tags, &err), &err, "reading the tags");
    must(AR_GET_MANY(post, comments, &comments, &err), &err, "reading the comments");
    printf("  %s, liked %d times [", post->title, (int)post->likes);
    for (size_t i = 0; i < tags.count; i++)
        printf("%s%s", i > 0 ? ", " : "", tags.items[i]->name);
    printf("]\n");
    for (size_t i = 0; i < comments.count; i++) {
        User *author;
        ar_status s = AR_GET_ONE(comments.items[i], author, &author, &err);
        if (s != AR_E_NOT_FOUND)
            must(s, &err, "reading who said it");
        printf("    %s: %s\n", author != NULL ? author->name : "somebody", comments.items[i]->body);
    }
}

static void most_liked_first(ar_query *query, void *arg)
{
    (void)arg;
    ar_query_order_by(query, "likes desc");
}

/* Everybody, with all of their posts, and all that is on these: six statements, whatever the number of rows. */
static void front_page(ar_db *db)
{
    ar_error err;
    User_list users;
    show_title("The front page");
    show_begin("users with posts, tags, comments and who said that");
    ar_query *q = User_query(db);
    ar_query_order_by(q, "name");
    ar_query_include(q, ar_path_by(AR_PATH(User, posts), most_liked_first, NULL));
    ar_query_include(q, AR_PATH(User, posts, Post, tags));
    ar_query_include(q, AR_PATH(User, posts, Post, comments, Comment, author));
    must(User_all(q, &users, &err), &err, "reading the blog");
    show_end();
    for (size_t i = 0; i < users.count; i++) {
        Post_list posts;
        must(AR_GET_MANY(users.items[i], posts, &posts, &err), &err, "reading the posts");
        printf("%s has written %zu posts\n", users.items[i]->name, posts.count);
        for (size_t j = 0; j < posts.count; j++)
            show_post(posts.items[j]);
    }
    User_list_free(&users);
}

/* Two things at the same time: the posts of a tag, and what is on a post that is there already. */
static void at_the_same_time(ar_db *db)
{
    ar_error err;
    Tag *tag;
    Post *post;
    Post_list posts;
    show_title("At the same time");
    ar_query *q = Tag_query(db);
    ar_query_filter(q, AR_EQ(Tag, name, "databases"));
    ar_query_include(q, AR_PATH(Tag, posts, Post, author));
    must(Post_find_one(db, ar_key(1), &post, &err), &err, "finding a post");
    Tag_future tagged = Tag_one_async(q);
    ar_done loaded = Post_load_async(db, post, AR_PATH(Post, comments, Comment, author));
    ar_status s = AR_GET_MANY(post, tags, &(Tag_list){ .count = 0 }, &err);
    printf("  the tags of a post that were not loaded: %s\n", ar_status_name(s));
    must(Tag_await(&tagged, &tag, &err), &err, "reading a tag");
    must(ar_done_await(&loaded, &err), &err, "loading comments");
    must(AR_GET_MANY(tag, posts, &posts, &err), &err, "reading the posts");
    for (size_t i = 0; i < posts.count; i++) {
        User *author;
        must(AR_GET_ONE(posts.items[i], author, &author, &err), &err, "reading the author");
        printf("  %s, by %s, is about %s\n", posts.items[i]->title, author->name, tag->name);
    }
    Tag_free(tag);
    Post_free(post);
}

static void statistics(ar_db *db)
{
    ar_error err;
    ar_rows *rows;
    show_title("Likes");
    ar_query *q = Post_query(db);
    ar_query_group_by(q, "user_id");
    ar_query_select_count(q, "id", "posts");
    ar_query_select_sum(q, "likes", "likes");
    ar_query_order_by(q, "user_id");
    must(ar_query_rows(q, &rows, &err), &err, "counting likes");
    show_rows(rows);
    ar_rows_free(rows);
}

static long long count(ar_query *query)
{
    ar_error err;
    int64_t rows = 0;
    must(ar_query_count(query, &rows, &err), &err, "counting");
    return (long long)rows;
}

/* Deletes that see to what depends on what is deleted, each in one transaction. */
static void clean_up(ar_db *db)
{
    ar_error err;
    User *ann;
    Post *mailbox;
    show_title("Deleting");
    must(User_find_one(db, ar_key(1), &ann, &err), &err, "finding Ann");
    ar_status s = User_delete(db, ann, &err);
    printf("  deleting Ann, who has posts: %s\n", ar_status_name(s));
    ar_query *q = Post_query(db);
    ar_query_filter(q, AR_LIKE(Post, title, "%mailbox%"));
    must(Post_one(q, &mailbox, &err), &err, "finding a post");
    must(Post_delete(db, mailbox, &err), &err, "deleting a post");
    printf("  without one post there are %lld posts, %lld comments and %lld tags\n", count(Post_query(db)),
           count(Comment_query(db)), count(Tag_query(db)));
    Post_free(mailbox);
    User_free(ann);
}

int main(int argc, char **argv)
{
    const char *url = argc > 1 ? argv[1] : "sqlite:blog.db";
    ar_error err;
    ar_db *db = NULL;

    must(ar_db_open(url, NULL, &db, &err), &err, "opening the database");
    make_tables(db);
    fill(db);
    front_page(db);
    at_the_same_time(db);
    statistics(db);
    clean_up(db);
    for (size_t i = 0; i < MODELS; i++)
        must(ar_table_drop(db, models[i], &err), &err, "dropping a table");
    ar_db_close(&db);
    return EXIT_SUCCESS;
}
