/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "tests/support/blog.h"

/* Queries in queries: IN, EXISTS, values, WITH, unions. */

static const ar_model *const models[] = { &Author_model, &Post_model };

/* What WITH gives. */
typedef struct Chain {
    int64_t id;
    const char *name;
    int32_t depth;
} Chain;

AR_MODEL_DECLARE(Chain);
AR_MODEL_DEFINE(Chain, "chain", AR_COLUMN(Chain, id), AR_COLUMN(Chain, name), AR_COLUMN(Chain, depth));

static ar_query *names(void)
{
    ar_query *q = Author_query(db);
    ar_query_select(q, "name");
    ar_query_order_by(q, "id");
    return q;
}

static ar_query *liked(int32_t least)
{
    ar_query *q = Post_query(db);
    ar_query_filter(q, AR_GE(Post, likes, least), AR_IS_NOT_NULL(Post, author_id));
    ar_query_select(q, "author_id");
    return q;
}

static void in_a_query(void **state)
{
    (void)state;
    ar_query *q = names();
    ar_query_filter(q, AR_IN_QUERY(Author, id, liked(5)));
    assert_rows(q, "Ann;Bob");
    q = names();
    ar_query_filter(q, AR_NOT_IN_QUERY(Author, id, liked(5)), AR_EQ(Author, city, "Rome"));
    assert_rows(q, "Cid");
    q = names();
    ar_query *one = liked(0);
    ar_query_order_by(one, "likes desc");
    ar_query_limit(one, 1);
    ar_query_filter(q, AR_OR(AR_COMPARE(AR_COL(Author, id), IN, AR_SUBQUERY(one)), AR_EQ(Author, id, 4)));
    assert_rows(q, "Ann;Dora");
    q = Post_query(db);
    ar_query *dear = Post_query(db);
    ar_query_filter(dear, AR_EQ(Post, id, 2));
    ar_query_select(dear, "price");
    ar_query_select(q, "id");
    ar_query_filter(q, AR_IN_QUERY(Post, price, dear));
    ar_query_order_by(q, "id");
    assert_rows(q, "2;3");
}

static ar_query *posts_of_outer(void)
{
    ar_query *q = Post_query(db);
    ar_query_filter(q, AR_COMPARE(AR_COL(Post, author_id), EQ, AR_OUTER(Author, id)));
    return q;
}

static void whether_a_row_exists(void **state)
{
    (void)state;
    int64_t count = 0;
    ar_query *q = names();
    ar_query_filter(q, AR_EXISTS(posts_of_outer()));
    assert_rows(q, "Ann;Bob");
    q = names();
    ar_query_filter(q, AR_NOT_EXISTS(posts_of_outer()), AR_IS_NOT_NULL(Author, city));
    ok(ar_query_count(ar_query_clone(q), &count, &err));
    assert_int_equal(count, 1);
    assert_rows(q, "Cid");
    q = Author_query(db);
    ar_query_alias(q, "a");
    ar_query *boss = Author_query(db);
    ar_query_filter(boss, AR_COMPARE(AR_COL(Author, boss_id), EQ, AR_OUTER_AS("a", Author, id)));
    ar_query_filter(q, AR_EXISTS(boss));
    ar_query_select(q, "name");
    ar_query_order_by(q, "id");
    assert_rows(q, "Ann;Bob");
    q = names();
    ar_query_filter(q, AR_EXISTS(ar_sql(db, "SELECT 1 FROM posts WHERE likes > ?", 9)), AR_EQ(Author, id, 3));
    assert_rows(q, "Cid");
}

static void a_value_of_a_query(void **state)
{
    (void)state;
    ar_query *sum = posts_of_outer();
    ar_query_select_as(sum, "likes", AR_SUM(AR_COL(Post, likes)));
    ar_query *q = names();
    ar_query_select_as(q, "likes", AR_SUBQUERY(sum));
    assert_rows(q, "Ann|13;Bob|7;Cid|-;Dora|-");
    q = Post_query(db);
    ar_query *average = Post_query(db);
    ar_query_select_as(average, "x", AR_AVG(AR_COL(Post, likes)));
    ar_query_filter(q, AR_COMPARE(AR_COL(Post, likes), GT, AR_SUBQUERY(average)));
    ar_query_select(q, "title");
    ar_query_order_by(q, "id");
    assert_rows(q, "Sun;sun");
}

static void queries_are_nested(void **state)
{
    (void)state;
    ar_query *inner = Post_query(db);
    ar_query_alias(inner, "other");
    ar_query_filter(inner, AR_COMPARE(AR_COL(Post, likes), GT, AR_OUTER(Post, likes)),
                    AR_COMPARE(AR_COL(Post, author_id), EQ, AR_OUTER(Author, id)));
    ar_query *outer = posts_of_outer();
    ar_query_filter(outer, AR_EXISTS(inner));
    ar_query *q = names();
    ar_query_filter(q, AR_EXISTS(outer));
    assert_rows(q, "Ann");
}

static void what_is_asked_of_no_query_around_is_refused(void **state)
{
    (void)state;
    assert_int_equal(status_of(posts_of_outer()), AR_E_INVALID);
    ar_query *q = Post_query(db);
    ar_query_filter(q, AR_EXISTS(posts_of_outer()));
    assert_int_equal(status_of(q), AR_E_INVALID);
    q = names();
    ar_query_filter(q, AR_IN_QUERY(Author, id, Post_query(db)));
    assert_int_equal(status_of(q), AR_E_INVALID);
    q = names();
    ar_query_filter(q, AR_EXISTS(NULL));
    assert_int_equal(status_of(q), AR_E_INVALID);
    q = names();
    ar_query_filter(q, AR_EXISTS(q));
    assert_int_equal(status_of(q), AR_E_INVALID);
}

static ar_query *in_city(const char *city)
{
    ar_query *q = Author_query(db);
    ar_query_select(q, "id, name");
    ar_query_filter(q, AR_EQ(Author, city, city));
    return q;
}

static ar_query *with_boss(int64_t boss)
{
    ar_query *q = Author_query(db);
    ar_query_select(q, "id, name");
    ar_query_filter(q, AR_EQ(Author, boss_id, boss));
    return q;
}

static ar_query *combined(ar_combination kind)
{
    ar_query *q = in_city("Rome");
    ar_query_combine(q, kind, with_boss(1));
    ar_query_order_by(q, "name desc");
    return q;
}

static void combined_queries(void **state)
{
    (void)state;
    int64_t count = 0;
    bool exists = false;
    Author *author = NULL;
    assert_rows(combined(AR_UNION), "3|Cid;2|Bob;1|Ann");
    assert_rows(combined(AR_UNION_ALL), "3|Cid;3|Cid;2|Bob;1|Ann");
    assert_rows(combined(AR_INTERSECT), "3|Cid");
    assert_rows(combined(AR_EXCEPT), "1|Ann");
    ok(ar_query_count(combined(AR_UNION_ALL), &count, &err));
    assert_int_equal(count, 4);
    ok(ar_query_exists(combined(AR_INTERSECT), &exists, &err));
    assert_true(exists);
    ok(Author_first(combined(AR_UNION), &author, &err));
    assert_string_equal(author->name, "Cid");
    Author_free(author);
    ar_query *q = combined(AR_UNION_ALL);
    ar_query_limit(q, 2);
    ar_query_offset(q, 1);
    assert_rows(q, "3|Cid;2|Bob");
    if (fixture_on("sqlite")) {
        assert_int_equal(status_of(combined(AR_INTERSECT_ALL)), AR_E_UNSUPPORTED);
        return;
    }
    assert_rows(combined(AR_INTERSECT_ALL), "3|Cid");
    assert_rows(combined(AR_EXCEPT_ALL), "1|Ann");
}

/* Engines bind INTERSECT more tightly than UNION, or not. */
static void from_left_to_right(void **state)
{
    (void)state;
    ar_query *q = in_city("Oslo");
    ar_query_combine(q, AR_UNION, in_city("Rome"));
    ar_query_combine(q, AR_INTERSECT, with_boss(1));
    ar_query_order_by(q, "id");
    assert_rows(q, "2|Bob;3|Cid");
    q = in_city("Oslo");
    ar_query *newest = in_city("Rome");
    ar_query_order_by(newest, "id desc");
    ar_query_limit(newest, 1);
    ar_query_combine(q, AR_UNION_ALL, newest);
    ar_query_order_by(q, "id");
    assert_rows(q, "2|Bob;3|Cid");
    q = in_city("Oslo");
    ar_query *other = Author_query(db);
    ar_query_select(other, "id");
    ar_query_combine(q, AR_UNION, other);
    assert_int_equal(status_of(q), AR_E_INVALID);
}

static ar_query *boss_step(void)
{
    ar_query *step = Author_query(db);
    ar_query_join(step, AR_INNER_JOIN, Chain, NULL, AR_ON(Author, boss_id, Chain, id));
    ar_query_select(step, "authors.id, authors.name");
    ar_query_select_as(step, "depth", AR_SQL(AR_TYPE_INT32, "chain.depth + 1"));
    return step;
}

static ar_query *top(void)
{
    ar_query *start = Author_query(db);
    ar_query_filter(start, AR_IS_NULL(Author, boss_id));
    ar_query_select(start, "id, name");
    ar_query_select_as(start, "depth", AR_VALUE(0));
    return start;
}

static void with_names_a_query(void **state)
{
    (void)state;
    int64_t count = 0;
    Chain_list list;
    ar_query *q = Chain_query(db);
    ar_query_with(q, Chain, top());
    assert_rows(ar_query_clone(q), "1|Ann|0");
    ok(ar_query_count(q, &count, &err));
    assert_int_equal(count, 1);
    q = Chain_query(db);
    ar_query_with_recursive(q, Chain, AR_UNION_ALL, top(), boss_step());
    ar_query_filter(q, AR_GT(Chain, depth, 0));
    ar_query_order_by(q, "depth desc, id");
    ok(ar_query_count(ar_query_clone(q), &count, &err));
    assert_int_equal(count, 3);
    ok(Chain_all(ar_query_clone(q), &list, &err));
    assert_int_equal(list.count, 3);
    assert_int_equal(list.items[0]->depth, 2);
    assert_string_equal(list.items[0]->name, "Dora");
    Chain_list_free(&list);
    assert_rows(q, "4|Dora|2;2|Bob|1;3|Cid|1");
    q = Chain_query(db);
    ar_query_with(q, Chain, in_city("Rome"));
    assert_int_equal(status_of(q), AR_E_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(in_a_query, blog_fill),
        cmocka_unit_test_setup(whether_a_row_exists, blog_fill),
        cmocka_unit_test_setup(a_value_of_a_query, blog_fill),
        cmocka_unit_test_setup(queries_are_nested, blog_fill),
        cmocka_unit_test_setup(what_is_asked_of_no_query_around_is_refused, blog_fill),
        cmocka_unit_test_setup(combined_queries, blog_fill),
        cmocka_unit_test_setup(from_left_to_right, blog_fill),
        cmocka_unit_test_setup(with_names_a_query, blog_fill),
    };
    return fixture_main("subquery", tests, models);
}
