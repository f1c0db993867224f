/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "tests/support/blog.h"

/* Queries on several tables. */

static const ar_model *const models[] = { &Author_model, &Post_model };

typedef struct Byline {
    const char *author;
    const char *title;
} Byline;

AR_MODEL_DECLARE(Byline);
AR_MODEL_DEFINE(Byline, "bylines", AR_COLUMN(Byline, author), AR_COLUMN(Byline, title));

static ar_query *joined(ar_join_kind kind)
{
    ar_query *q = Author_query(db);
    ar_query_join(q, kind, Post, "p", AR_ON(Author, id, Post, author_id));
    ar_query_select_as(q, "author", AR_COL(Author, name));
    ar_query_select_as(q, "title", AR_COL_AS("p", Post, title));
    ar_query_order_by(q, "p.id, authors.id");
    return q;
}

static void each_kind_of_join(void **state)
{
    (void)state;
    assert_rows(joined(AR_INNER_JOIN), "Ann|Sun;Ann|Moon;Bob|sun");
    int64_t count = 0;
    ok(ar_query_count(joined(AR_LEFT_JOIN), &count, &err));
    assert_int_equal(count, 5);
    ok(ar_query_count(joined(AR_RIGHT_JOIN), &count, &err));
    assert_int_equal(count, 4);
    ar_query *q = Author_query(db);
    ar_query_cross_join(q, Post, NULL);
    ok(ar_query_count(q, &count, &err));
    assert_int_equal(count, 16);
    if (fixture_on("mysql")) {
        assert_int_equal(status_of(joined(AR_FULL_JOIN)), AR_E_UNSUPPORTED);
        return;
    }
    ok(ar_query_count(joined(AR_FULL_JOIN), &count, &err));
    assert_int_equal(count, 6);
}

static void records_of_either_table_come_out_of_a_join(void **state)
{
    (void)state;
    Author_list authors;
    Post_list posts;
    Byline_list bylines;
    ar_query *q = Author_query(db);
    ar_query_join(q, AR_INNER_JOIN, Post, "p", AR_ON(Author, id, Post, author_id), AR_AS("p", AR_GT(Post, likes, 5)));
    ar_query_filter(q, AR_EQ(Author, id, 1), AR_AS("p", AR_LIKE(Post, title, "S%")));
    ar_query *posts_too = ar_query_clone(q);
    ok(Author_all(q, &authors, &err));
    assert_int_equal(authors.count, 1);
    assert_string_equal(authors.items[0]->name, "Ann");
    authors.items[0]->city = "Pisa";
    ok(Author_save(db, authors.items[0], &err));
    Author_list_free(&authors);
    ok(Post_all(posts_too, &posts, &err));
    assert_int_equal(posts.count, 1);
    assert_int_equal(posts.items[0]->id, 1);
    assert_int_equal(posts.items[0]->likes, 10);
    Post_list_free(&posts);
    ok(Byline_all(joined(AR_INNER_JOIN), &bylines, &err));
    assert_int_equal(bylines.count, 3);
    assert_string_equal(bylines.items[2]->author, "Bob");
    assert_string_equal(bylines.items[2]->title, "sun");
    Byline_list_free(&bylines);
    Byline_list_future later = Byline_all_async(joined(AR_INNER_JOIN));
    ok(Byline_list_await(&later, &bylines, &err));
    assert_int_equal(bylines.count, 3);
    Byline_list_free(&bylines);
}

static ar_query *with_boss(ar_join_kind kind)
{
    ar_query *q = Author_query(db);
    ar_query_join(q, kind, Author, "boss", AR_COMPARE(AR_COL(Author, boss_id), EQ, AR_COL_AS("boss", Author, id)));
    ar_query_select_as(q, "name", AR_COL(Author, name));
    ar_query_select_as(q, "boss", AR_COL_AS("boss", Author, name));
    ar_query_order_by(q, "authors.id");
    return q;
}

static void a_table_joins_itself(void **state)
{
    (void)state;
    assert_rows(with_boss(AR_LEFT_JOIN), "Ann|-;Bob|Ann;Cid|Ann;Dora|Bob");
    ar_query *q = with_boss(AR_INNER_JOIN);
    ar_query_filter(q, AR_AS("boss", AR_EQ(Author, name, "Ann")), AR_EQ(Author, city, "Rome"));
    assert_rows(q, "Cid|Ann");
    q = with_boss(AR_INNER_JOIN);
    ar_query_filter(q, AR_COMPARE(AR_COL(Author, city), NE, AR_COL_AS("boss", Author, city)));
    assert_rows(q, "Bob|Ann");
    q = with_boss(AR_INNER_JOIN);
    ar_query_where(q, "boss.name = ? and authors.city = ?", "Ann", "Oslo");
    assert_rows(q, "Bob|Ann");
    q = Author_query(db);
    ar_query_alias(q, "a");
    ar_query_join(q, AR_INNER_JOIN, Author, "b",
                  AR_COMPARE(AR_COL_AS("a", Author, boss_id), EQ, AR_COL_AS("b", Author, id)));
    ar_query_select(q, "b.name");
    ar_query_order_by(q, "a.id desc");
    assert_rows(q, "Bob;Ann;Ann");
}

static void columns_of_decimals_compare_by_value(void **state)
{
    (void)state;
    ar_query *q = Post_query(db);
    ar_query_join(q, AR_INNER_JOIN, Post, "o", AR_COMPARE(AR_COL(Post, price), EQ, AR_COL_AS("o", Post, price)),
                  AR_COMPARE(AR_COL(Post, id), LT, AR_COL_AS("o", Post, id)));
    ar_query_select_as(q, "a", AR_COL(Post, id));
    ar_query_select_as(q, "b", AR_COL_AS("o", Post, id));
    assert_rows(q, "2|3");
    q = Post_query(db);
    ar_query_join(q, AR_INNER_JOIN, Author, NULL, AR_ON(Author, id, Post, author_id));
    ar_query_filter(q, AR_EQ(Post, price, "10"));
    ar_query_where(q, "posts.price > ? and authors.name <> ?", "9.6", "Zoe");
    ar_query_select_as(q, "id", AR_COL(Post, id));
    ar_query_order_by(q, "posts.price desc, posts.id");
    assert_rows(q, "2;3");
}

static void groups_over_joins(void **state)
{
    (void)state;
    ar_query *q = Author_query(db);
    ar_query_join(q, AR_LEFT_JOIN, Post, "p", AR_ON(Author, id, Post, author_id));
    ar_query_group_by(q, "authors.name");
    ar_query_select_count(q, "p.id", "posts");
    ar_query_select_sum(q, "p.likes", "likes");
    ar_query_select_max(q, "p.price", "dearest");
    ar_query_order_by(q, "name");
    const char *rows = rows_of(q);
    assert_non_null(strstr(rows, "Ann|2|13|10"));
    assert_non_null(strstr(rows, "Bob|1|7|10;Cid|0|-|-;Dora|0|-|-"));
}

static void distinct_rows(void **state)
{
    (void)state;
    int64_t count = 0;
    ar_query *q = Author_query(db);
    ar_query_distinct(q);
    ar_query_select(q, "city");
    ar_query_filter(q, AR_IS_NOT_NULL(Author, city));
    ar_query_order_by(q, "city");
    ok(ar_query_count(ar_query_clone(q), &count, &err));
    assert_int_equal(count, 2);
    assert_rows(q, "Oslo;Rome");
}

static int64_t count_of(ar_query *q)
{
    int64_t count = -1;
    ok(ar_query_count(q, &count, &err));
    return count;
}

static int64_t posts_with(ar_predicate predicate)
{
    ar_query *q = Post_query(db);
    ar_query_filter(q, predicate);
    return count_of(q);
}

static void texts_without_case_and_equality_with_null(void **state)
{
    (void)state;
    assert_int_equal(posts_with(AR_ILIKE(Post, title, "SUN")), 2);
    assert_int_equal(posts_with(AR_NOT_ILIKE(Post, title, "s_n")), 2);
    assert_int_equal(posts_with(AR_ILIKE(Post, title, "\\%")), 0);
    assert_int_equal(posts_with(AR_SAME(Post, author_id, AR_NULL)), 1);
    assert_int_equal(posts_with(AR_NOT_SAME(Post, author_id, AR_NULL)), 3);
    assert_int_equal(posts_with(AR_SAME(Post, author_id, 1)), 2);
    assert_int_equal(posts_with(AR_NOT_SAME(Post, author_id, 1)), 2);
    assert_int_equal(posts_with(AR_NE(Post, author_id, 1)), 1);
    assert_int_equal(posts_with(AR_COMPARE(AR_COL(Post, author_id), SAME, AR_COL(Post, likes))), 0);
    assert_int_equal(posts_with(AR_COMPARE(AR_COL(Post, author_id), NOT_SAME, AR_COL(Post, id))), 3);
}

static void what_names_no_table_is_refused(void **state)
{
    (void)state;
    ar_query *q = Author_query(db);
    ar_query_filter(q, AR_EQ(Post, likes, 1));
    assert_int_equal(status_of(q), AR_E_INVALID);
    q = joined(AR_INNER_JOIN);
    ar_query_filter(q, AR_COMPARE(AR_COL_AS("x", Post, id), EQ, AR_VALUE(1)));
    assert_int_equal(status_of(q), AR_E_INVALID);
    q = joined(AR_INNER_JOIN);
    ar_query_join(q, AR_INNER_JOIN, Post, "P", AR_ON(Author, id, Post, author_id));
    assert_int_equal(status_of(q), AR_E_INVALID);
    q = joined(AR_INNER_JOIN);
    ar_query_join(q, AR_INNER_JOIN, Post, "q", AR_ON(Author, id, Post, author_id));
    assert_int_equal(status_of(q), AR_E_INVALID);
    q = Author_query(db);
    ar_query_join(q, AR_CROSS_JOIN, Post, "p", AR_ON(Author, id, Post, author_id));
    assert_int_equal(status_of(q), AR_E_INVALID);
    q = joined(AR_INNER_JOIN);
    ar_query_select(q, "x.title");
    assert_int_equal(status_of(q), AR_E_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(each_kind_of_join, blog_fill),
        cmocka_unit_test_setup(records_of_either_table_come_out_of_a_join, blog_fill),
        cmocka_unit_test_setup(a_table_joins_itself, blog_fill),
        cmocka_unit_test_setup(columns_of_decimals_compare_by_value, blog_fill),
        cmocka_unit_test_setup(groups_over_joins, blog_fill),
        cmocka_unit_test_setup(distinct_rows, blog_fill),
        cmocka_unit_test_setup(texts_without_case_and_equality_with_null, blog_fill),
        cmocka_unit_test_setup(what_names_no_table_is_refused, blog_fill),
    };
    return fixture_main("join", tests, models);
}
