/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include <actrec/decimal.h>

#include "tests/support/fixture.h"

/* Changing and deleting what a query finds, without reading it. */

typedef struct Post {
    int64_t id;
    const char *title;
    int32_t medium;
    float single;
    int64_t views;
    double precise;
    ar_decimal price;
    ar_opt_int32 score;
    ar_opt_decimal rebate;
    int16_t small;
    bool hidden;
    ar_timestamp created_at;
    ar_timestamp updated_at;
} Post;

AR_MODEL_DECLARE(Post);
AR_MODEL_DEFINE(Post, "posts", AR_COLUMN(Post, id, AR_PRIMARY_KEY | AR_AUTO), AR_COLUMN(Post, title),
                AR_COLUMN(Post, small), AR_COLUMN(Post, medium), AR_COLUMN(Post, views, 0, .name = "view count"),
                AR_COLUMN(Post, single), AR_COLUMN(Post, precise), AR_COLUMN(Post, price), AR_COLUMN(Post, score),
                AR_COLUMN(Post, rebate), AR_COLUMN(Post, hidden), AR_COLUMN(Post, created_at, AR_CREATED_AT),
                AR_COLUMN(Post, updated_at, AR_UPDATED_AT));

typedef struct Line {
    int64_t order_id;
    int32_t number;
    int32_t amount;
} Line;

AR_MODEL_DECLARE(Line);
AR_MODEL_DEFINE(Line, "lines", AR_COLUMN(Line, order_id, AR_PRIMARY_KEY), AR_COLUMN(Line, number, AR_PRIMARY_KEY),
                AR_COLUMN(Line, amount));

static const ar_model *const models[] = { &Post_model, &Line_model };

enum { POSTS = 5 };

static Post posts[POSTS];

static int insert_posts(void **state)
{
    (void)state;
    static const char *const titles[POSTS] = { "a", "b", "c", "d", "e" };
    for (int i = 0; i < POSTS; i++)
        posts[i] = (Post){ .title = titles[i], .views = i, .price = ar_decimal_of(100 + i, 2) };
    ok(Post_insert_many(db, posts, POSTS, &err));
    return 0;
}

static Post *read_post(int i)
{
    Post *post = NULL;
    ok(Post_find_one(db, ar_key(posts[i].id), &post, &err));
    return post;
}

static void the_rows_of_a_query_are_changed(void **state)
{
    (void)state;
    int64_t rows = -1;
    ar_query *q = Post_query(db);
    ar_query_filter(q, AR_GE(Post, views, 3));
    ar_query_set(q, AR_SET(Post, title, "it's \"new\" ?"), AR_SET(Post, hidden, true), AR_ADD(Post, views, 10));
    ar_query_set(q, AR_SET(Post, score, 7));
    ok(ar_query_update_all(q, &rows, &err));
    assert_int_equal(rows, 2);
    for (int i = 0; i < POSTS; i++) {
        Post *post = read_post(i);
        assert_string_equal(post->title, i < 3 ? posts[i].title : "it's \"new\" ?");
        assert_int_equal(post->views, i < 3 ? i : i + 10);
        assert_int_equal(post->hidden, i >= 3);
        assert_int_equal(post->score.value, i < 3 ? 0 : 7);
        Post_free(post);
    }
}

static void the_same_later(void **state)
{
    (void)state;
    int64_t rows = -1;
    ar_query *q = Post_query(db);
    ar_query_where(q, "title = ?", "a");
    ar_query_set(q, AR_ADD(Post, views, 5));
    ar_int64_future changed = ar_query_update_all_async(q);
    q = Post_query(db);
    ar_query_filter(q, AR_EQ(Post, title, "b"));
    ar_int64_future deleted = ar_query_delete_all_async(q);
    ok(ar_int64_await(&changed, &rows, &err));
    assert_int_equal(rows, 1);
    ok(ar_int64_await(&deleted, &rows, &err));
    assert_int_equal(rows, 1);
    Post *post = read_post(0), *gone = NULL;
    assert_int_equal(post->views, 5);
    Post_free(post);
    fails(Post_find_one(db, ar_key(posts[1].id), &gone, &err), AR_E_NOT_FOUND);
}

static void the_rows_of_a_query_are_deleted(void **state)
{
    (void)state;
    int64_t rows = -1;
    ar_query *q = Post_query(db);
    ar_query_filter(q, AR_LT(Post, views, 2));
    ar_query_or(q);
    ar_query_filter(q, AR_EQ(Post, title, "e"));
    ok(ar_query_delete_all(q, &rows, &err));
    assert_int_equal(rows, 3);
    ok(ar_query_count(Post_query(db), &rows, &err));
    assert_int_equal(rows, 2);
}

static void everything_has_to_be_said(void **state)
{
    (void)state;
    int64_t rows = -1;
    ar_query *q = Post_query(db);
    ar_query_set(q, AR_ADD(Post, views, 1));
    fails(ar_query_update_all(q, &rows, &err), AR_E_INVALID);
    assert_non_null(strstr(err.message, "ar_query_everything"));
    fails(ar_query_delete_all(Post_query(db), &rows, &err), AR_E_INVALID);
    assert_int_equal(rows, -1);
    q = Post_query(db);
    ar_query_everything(q);
    ar_query_set(q, AR_ADD(Post, views, 1));
    ok(ar_query_update_all(q, &rows, &err));
    assert_int_equal(rows, POSTS);
    q = Post_query(db);
    ar_query_everything(q);
    ok(ar_query_delete_all(q, NULL, &err));
    ok(ar_query_count(Post_query(db), &rows, &err));
    assert_int_equal(rows, 0);
}

static ar_query *narrowed(void)
{
    ar_query *q = Post_query(db);
    ar_query_filter(q, AR_GT(Post, id, 0));
    ar_query_set(q, AR_ADD(Post, views, 1));
    return q;
}

static void what_makes_no_sense_is_refused(void **state)
{
    (void)state;
    int64_t rows = -1;
    ar_query *q = narrowed();
    ar_query_limit(q, 1);
    fails(ar_query_update_all(q, &rows, &err), AR_E_INVALID);
    q = narrowed();
    ar_query_offset(q, 1);
    fails(ar_query_update_all(q, &rows, &err), AR_E_INVALID);
    q = narrowed();
    ar_query_order_by(q, "id");
    fails(ar_query_update_all(q, &rows, &err), AR_E_INVALID);
    q = narrowed();
    ar_query_group_by(q, "title");
    fails(ar_query_update_all(q, &rows, &err), AR_E_INVALID);
    q = narrowed();
    ar_query_select(q, "title");
    fails(ar_query_update_all(q, &rows, &err), AR_E_INVALID);
    q = narrowed();
    ar_query_distinct(q);
    fails(ar_query_update_all(q, &rows, &err), AR_E_INVALID);
    q = Post_query(db);
    ar_query_filter(q, AR_GT(Post, id, 0));
    ar_query_join(q, AR_INNER_JOIN, Line, "l", AR_ON(Post, id, Line, order_id));
    fails(ar_query_delete_all(q, &rows, &err), AR_E_INVALID);
    q = Post_query(db);
    ar_query_alias(q, "p");
    ar_query_filter(q, AR_GT(Post, id, 0));
    fails(ar_query_delete_all(q, &rows, &err), AR_E_INVALID);
    fails(ar_query_delete_all(narrowed(), &rows, &err), AR_E_INVALID);
    q = Post_query(db);
    ar_query_everything(q);
    fails(ar_query_update_all(q, &rows, &err), AR_E_INVALID);
    q = narrowed();
    ar_query_set(q, AR_SET(Post, views, 1));
    fails(ar_query_update_all(q, &rows, &err), AR_E_INVALID);
    q = narrowed();
    ar_query_set(q, AR_SET(Line, amount, 1));
    fails(ar_query_update_all(q, &rows, &err), AR_E_INVALID);
    q = narrowed();
    ar_query_set(q, AR_SET(Post, small, 100000));
    fails(ar_query_update_all(q, &rows, &err), AR_E_TYPE);
    q = narrowed();
    ar_query_set(q, AR_SET_SQL(Post, title, "'x'); delete from posts; --"));
    fails(ar_query_update_all(q, &rows, &err), AR_E_INVALID);
    fails(ar_query_update_all(ar_sql(db, "select 1"), &rows, &err), AR_E_INVALID);
    ok(ar_query_count(Post_query(db), &rows, &err));
    assert_int_equal(rows, POSTS);
}

/* On the first post. */
static ar_status add(ar_change change)
{
    return Post_change(db, ar_key(posts[0].id), &change, 1, &err);
}

static void every_number_can_be_added_to(void **state)
{
    (void)state;
    ok(add(AR_ADD(Post, small, -3)));
    ok(add(AR_ADD(Post, medium, 2)));
    ok(add(AR_ADD(Post, views, INT64_C(5000000000))));
    ok(add(AR_ADD(Post, single, 0.1f)));
    ok(add(AR_ADD(Post, single, 0.2f)));
    ok(add(AR_ADD(Post, precise, 0.5)));
    ok(add(AR_ADD(Post, price, ar_decimal_of(1, 3))));
    ok(add(AR_ADD(Post, score, 1)));
    ok(add(AR_ADD(Post, rebate, ar_decimal_of(1, 0))));
    Post *post = read_post(0);
    assert_int_equal(post->small, -3);
    assert_int_equal(post->medium, 2);
    assert_int_equal(post->views, INT64_C(5000000000));
    assert_true(post->single == 0.1f + 0.2f);
    assert_true(post->precise == 0.5);
    assert_int_equal(ar_decimal_compare(post->price, ar_decimal_of(1001, 3)), 0);
    assert_false(post->score.has); /* NULL stays NULL */
    assert_false(post->rebate.has);
    Post_free(post);
    ok(add(AR_ADD(Post, price, ar_decimal_of(-1001, 3))));
    post = read_post(0);
    assert_int_equal(ar_decimal_compare(post->price, ar_decimal_of(0, 0)), 0);
    Post_free(post);
}

static void sums_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    ok(add(AR_ADD(Post, small, 32767)));
    fails(add(AR_ADD(Post, small, 1)), AR_E_TYPE);
    ok(add(AR_ADD(Post, medium, INT32_MIN)));
    fails(add(AR_ADD(Post, medium, -1)), AR_E_TYPE);
    ok(add(AR_ADD(Post, views, INT64_MAX)));
    fails(add(AR_ADD(Post, views, 1)), AR_E_TYPE);
    fails(add(AR_ADD(Post, small, 40000)), AR_E_TYPE);
    fails(add(AR_ADD(Post, medium, "1")), AR_E_TYPE);
    Post *post = read_post(0);
    assert_int_equal(post->small, 32767);
    assert_int_equal(post->medium, INT32_MIN);
    assert_int_equal(post->views, INT64_MAX);
    Post_free(post);
}

static void null_and_sql_can_be_set(void **state)
{
    (void)state;
    ok(add(AR_SET_NULL(Post, title)));
    ok(add(AR_SET(Post, score, 3)));
    Post *post = read_post(0);
    assert_null(post->title);
    assert_int_equal(post->score.value, 3);
    Post_free(post);
    ok(Post_change(db, ar_key(posts[1].id), AR_CHANGES(AR_SET_SQL(Post, title, "upper(title)"), AR_SET(Post, small, 4)),
                   &err));
    ok(add(AR_SET_SQL(Post, medium, "medium + ? + ?", 5, 7)));
    post = read_post(0);
    assert_int_equal(post->medium, 12);
    Post_free(post);
    post = read_post(1);
    assert_string_equal(post->title, "B");
    assert_int_equal(post->small, 4);
    Post_free(post);
}

static void one_row_is_changed_by_its_key(void **state)
{
    (void)state;
    Line lines[] = { { 1, 1, 5 }, { 1, 2, 6 }, { 2, 1, 7 } };
    ok(Line_insert_many(db, lines, 3, &err));
    ok(Line_change(db, ar_key(1, 2), AR_CHANGES(AR_ADD(Line, amount, 10)), &err));
    ar_done later = Line_change_async(db, ar_key(2, 1), AR_CHANGES(AR_ADD(Line, amount, 10)));
    ok(ar_done_await(&later, &err));
    fails(Line_change(db, ar_key(3, 1), AR_CHANGES(AR_ADD(Line, amount, 10)), &err), AR_E_NOT_FOUND);
    later = Line_change_async(db, ar_key(3, 1), AR_CHANGES(AR_ADD(Line, amount, 10)));
    fails(ar_done_await(&later, &err), AR_E_NOT_FOUND);
    fails(Line_change(db, ar_key(3), AR_CHANGES(AR_ADD(Line, amount, 10)), &err), AR_E_INVALID);
    int64_t sum = 0;
    ar_query *q = Line_query(db);
    ar_query_filter(q, AR_GT(Line, amount, 10));
    ok(ar_query_count(q, &sum, &err));
    assert_int_equal(sum, 2);
}

static void updated_at_is_set_too(void **state)
{
    (void)state;
    ar_query *q = Post_query(db);
    ar_query_filter(q, AR_GT(Post, id, 0));
    ar_query_set(q, AR_SET(Post, updated_at, (ar_timestamp){ 1000000 }));
    ok(ar_query_update_all(q, NULL, &err));
    Post *post = read_post(0);
    assert_int_equal(post->updated_at.us, 1000000);
    Post_free(post);
    ok(add(AR_ADD(Post, views, 1)));
    post = read_post(0);
    assert_true(post->updated_at.us > INT64_C(1600000000000000));
    assert_int_equal(post->created_at.us, posts[0].created_at.us);
    Post_free(post);
}

static void a_rollback_undoes_it(void **state)
{
    (void)state;
    int64_t rows;
    ar_db *tx = ar_tx_begin(db, NULL);
    ar_query *q = Post_query(tx);
    ar_query_filter(q, AR_LT(Post, views, 2));
    ok(ar_query_delete_all(q, &rows, &err));
    assert_int_equal(rows, 2);
    ok(ar_tx_rollback(&tx, &err));
    ok(ar_query_count(Post_query(db), &rows, &err));
    assert_int_equal(rows, POSTS);
}

static void no_increment_is_lost(void **state)
{
    (void)state;
    enum { TIMES = 64 };
    ar_done done[TIMES];
    for (int i = 0; i < TIMES; i++)
        done[i] = Post_change_async(db, ar_key(posts[0].id), AR_CHANGES(AR_ADD(Post, views, 1)));
    for (int i = 0; i < TIMES; i++)
        ok(ar_done_await(&done[i], &err));
    Post *post = read_post(0);
    assert_int_equal(post->views, TIMES);
    Post_free(post);
}

static ar_status change_with_little_memory(void)
{
    ar_query *q = Post_query(db);
    ar_query_filter(q, AR_EQ(Post, title, "a"));
    ar_query_set(q, AR_SET(Post, title, "a"), AR_SET_SQL(Post, medium, "medium * ?", 1));
    return ar_query_update_all(q, NULL, &err);
}

static void nothing_to_check(void) {}

static void refused_memory_is_an_error(void **state)
{
    (void)state;
    fixture_each_refusal(change_with_little_memory, nothing_to_check);
}

#define with_posts(test) cmocka_unit_test_setup(test, insert_posts)

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_posts(the_rows_of_a_query_are_changed),
        with_posts(the_same_later),
        with_posts(the_rows_of_a_query_are_deleted),
        with_posts(everything_has_to_be_said),
        with_posts(what_makes_no_sense_is_refused),
        with_posts(every_number_can_be_added_to),
        with_posts(sums_that_do_not_fit_are_refused),
        with_posts(null_and_sql_can_be_set),
        with_posts(one_row_is_changed_by_its_key),
        with_posts(updated_at_is_set_too),
        with_posts(a_rollback_undoes_it),
        with_posts(no_increment_is_lost),
        with_posts(refused_memory_is_an_error),
    };
    return fixture_main("update_all", tests, models);
}
