/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "tests/support/blog.h"

/* What is selected, ordered and grouped by, beyond columns. */

static const ar_model *const models[] = { &Author_model, &Post_model };

static ar_query *posts(void)
{
    return Post_query(db);
}

static void aggregates_with_distinct_and_filter(void **state)
{
    (void)state;
    ar_query *q = posts();
    ar_query_select_as(q, "n", AR_COUNT_ROWS);
    ar_query_select_as(q, "authors", AR_DISTINCT(AR_COUNT(AR_COL(Post, author_id))));
    ar_query_select_as(q, "popular", AR_FILTER(AR_COUNT_ROWS, AR_GE(Post, likes, 5)));
    ar_query_select_as(q, "sum", AR_FILTER(AR_SUM(AR_COL(Post, likes)), AR_OR(AR_EQ(Post, id, 1), AR_EQ(Post, id, 2))));
    ar_query_select_as(q, "price", AR_FILTER(AR_SUM(AR_COL(Post, price)), AR_LE(Post, id, 2)));
    ar_query_select_as(q, "most", AR_FILTER(AR_MAX(AR_COL(Post, price)), AR_NE(Post, id, 2), AR_NE(Post, id, 3)));
    ar_query_select_as(q, "none", AR_FILTER(AR_SUM(AR_COL(Post, likes)), AR_EQ(Post, id, 99)));
    const char *rows = rows_of(q);
    assert_true(strncmp(rows, "4|2|2|13|19.5", 13) == 0);
    assert_non_null(strstr(rows, "|9.5"));
    assert_string_equal(rows + strlen(rows) - 2, "|-");
    q = posts();
    ar_query_select_as(q, "average", AR_DISTINCT(AR_AVG(AR_COL(Post, likes))));
    assert_rows(q, "500/100");
    q = posts();
    ar_query_select_as(q, "sum", AR_SUM(AR_COL(Post, title)));
    assert_int_equal(status_of(q), AR_E_INVALID);
}

static void groups_of_expressions(void **state)
{
    (void)state;
    ar_query *q = posts();
    ar_query_select_as(q, "folded", AR_SQL(AR_TYPE_TEXT, "lower(title)"));
    ar_query_select_as(q, "n", AR_COUNT_ROWS);
    ar_query_group_on(q, AR_SQL(AR_TYPE_TEXT, "lower(title)"));
    ar_query_having_filter(q, AR_COMPARE(AR_COUNT_ROWS, GT, AR_VALUE(1)));
    assert_rows(q, "sun|2");
    q = posts();
    ar_query_group_on(q, AR_COL(Post, title));
    assert_int_equal(status_of(q), AR_E_INVALID);
    q = posts();
    ar_query_select(q, "id");
    ar_query_order_on(q, AR_DESC(AR_SQL(AR_TYPE_INT32, "length(title) * ?", 2)));
    ar_query_order_on(q, AR_ASC(AR_COL(Post, price)));
    ar_query_order_on(q, AR_DESC(AR_COL(Post, id)));
    assert_rows(q, "4;2;1;3");
}

static void cases(void **state)
{
    (void)state;
    ar_query *q = posts();
    ar_query_select(q, "id");
    ar_query_select_as(q, "grade",
                       AR_CASE(AR_WHEN(AR_VALUE("high"), AR_GE(Post, likes, 7)),
                               AR_WHEN(AR_COL(Post, title), AR_GT(Post, likes, 0), AR_IS_NOT_NULL(Post, author_id)),
                               AR_ELSE(AR_VALUE("none"))));
    ar_query_select_as(q, "less", AR_CASE(AR_WHEN(AR_COL(Post, price), AR_EQ(Post, price, 10))));
    ar_query_select_as(q, "who", AR_COALESCE(AR_COL(Post, author_id), AR_VALUE(-1)));
    ar_query_order_by(q, "id");
    const char *rows = rows_of(q);
    assert_non_null(strstr(rows, "1|high|-|1;2|Moon|10"));
    assert_non_null(strstr(rows, ";4|none|-|-1"));
    q = posts();
    ar_query_select_as(q, "x", AR_CASE(AR_ELSE(AR_VALUE(1))));
    assert_int_equal(status_of(q), AR_E_INVALID);
    q = posts();
    ar_query_select_as(q, "x", AR_COALESCE(AR_COL(Post, likes), AR_VALUE("many")));
    assert_int_equal(status_of(q), AR_E_TYPE);
}

static void windows(void **state)
{
    (void)state;
    ar_query *q = posts();
    ar_query_select(q, "id");
    ar_query_select_as(q, "row", AR_OVER(AR_ROW_NUMBER, AR_DESC(AR_COL(Post, likes))));
    ar_query_select_as(q, "dear", AR_OVER(AR_RANK, AR_DESC(AR_COL(Post, price))));
    ar_query_select_as(q, "before", AR_OVER(AR_LAG(AR_COL(Post, likes), 1), AR_ASC(AR_COL(Post, id))));
    ar_query_select_as(
        q, "running",
        AR_OVER(AR_SUM(AR_COL(Post, likes)), AR_ASC(AR_COL(Post, id)), AR_ROWS_BETWEEN(AR_UNBOUNDED_PRECEDING, 0)));
    ar_query_select_as(q, "of", AR_OVER(AR_COUNT_ROWS, AR_PARTITION_BY(AR_COL(Post, author_id))));
    ar_query_order_by(q, "id");
    assert_rows(q, "1|1|3|-|10|2;2|3|1|10|13|2;3|2|1|3|20|1;4|4|4|7|20|1");
    q = posts();
    ar_query_select_as(q, "half", AR_OVER(AR_NTILE(2), AR_ASC(AR_COL(Post, id))));
    ar_query_select_as(q, "first", AR_OVER(AR_FIRST_VALUE(AR_COL(Post, title)), AR_ASC(AR_COL(Post, id))));
    ar_query_select_as(q, "next", AR_OVER(AR_LEAD(AR_COL(Post, title), 1), AR_ASC(AR_COL(Post, id))));
    ar_query_select_as(q, "around",
                       AR_OVER(AR_AVG(AR_COL(Post, likes)), AR_ASC(AR_COL(Post, id)), AR_ROWS_BETWEEN(-1, 1)));
    ar_query_order_by(q, "half");
    ar_query_limit(q, 1);
    assert_rows(q, "1|Sun|Moon|650/100");
}

static void what_is_no_window_is_refused(void **state)
{
    (void)state;
    ar_query *q = posts();
    ar_query_select_as(q, "x", AR_RANK);
    assert_int_equal(status_of(q), AR_E_INVALID);
    q = posts();
    ar_query_select_as(q, "x", AR_OVER(AR_COL(Post, id)));
    assert_int_equal(status_of(q), AR_E_INVALID);
    q = posts();
    ar_query_select_as(q, "x", AR_OVER(AR_RANK, AR_ASC(AR_COL(Post, id)), AR_ROWS_BETWEEN(1, -1)));
    assert_int_equal(status_of(q), AR_E_INVALID);
    q = posts();
    ar_query_select_as(q, "x", AR_OVER(AR_NTILE(0), AR_ASC(AR_COL(Post, id))));
    assert_int_equal(status_of(q), AR_E_INVALID);
    q = posts();
    ar_query_select_as(q, "x", AR_OVER(AR_DISTINCT(AR_SUM(AR_COL(Post, likes)))));
    assert_int_equal(status_of(q), AR_E_UNSUPPORTED);
}

static void values_take_a_type(void **state)
{
    (void)state;
    ar_query *q = posts();
    ar_query_filter(q, AR_COMPARE(AR_VALUE("9.60"), LT, AR_COL(Post, price)),
                    AR_COMPARE(AR_COL(Post, title), LIKE, AR_VALUE("%n")));
    ar_query_select_as(q, "n", AR_VALUE(7));
    ar_query_select_as(q, "text", AR_VALUE("x"));
    ar_query_select(q, "id");
    ar_query_order_by(q, "id");
    assert_rows(q, "7|x|2;7|x|3");
    q = posts();
    ar_query_filter(q, AR_COMPARE(AR_COL(Post, likes), EQ, AR_VALUE("many")));
    assert_int_equal(status_of(q), AR_E_TYPE);
}

static void looking_into_json(void **state)
{
    (void)state;
    ar_query *q = posts();
    ar_query_select(q, "id");
    ar_query_select_as(q, "tag", AR_JSON_TEXT(AR_COL(Post, data), "tags", 0));
    ar_query_select_as(q, "city", AR_JSON_TEXT(AR_COL(Post, data), "at", "city"));
    ar_query_select_as(q, "flag", AR_JSON_TEXT(AR_COL(Post, data), "on"));
    ar_query_select_as(q, "n", AR_JSON_NUMBER(AR_COL(Post, data), "n"));
    ar_query_order_by(q, "id");
    assert_rows(q, "1|a|-|true|150/100;2|c|Rome|-|-;3|-|-|-|-;4|-|-|-|-");
    q = posts();
    ar_query_select(q, "id");
    ar_query_filter(q, AR_COMPARE(AR_JSON_TEXT(AR_COL(Post, data), "at", "city"), EQ, AR_VALUE("Rome")));
    assert_rows(q, "2");
    q = posts();
    ar_query_select(q, "id");
    ar_query_filter(q, AR_COMPARE(AR_JSON_NUMBER(AR_COL(Post, data), "n"), GT, AR_VALUE(1)));
    assert_rows(q, "1");
    q = posts();
    ar_query_select_as(q, "x", AR_JSON_TEXT(AR_COL(Post, likes), "n"));
    assert_int_equal(status_of(q), AR_E_TYPE);
}

static ar_query *containing(ar_predicate predicate)
{
    ar_query *q = posts();
    ar_query_select(q, "id");
    ar_query_filter(q, predicate);
    return q;
}

static void what_json_contains(void **state)
{
    (void)state;
    ar_query *q = containing(AR_JSON_CONTAINS(AR_COL(Post, data), "{\"at\": {\"city\": \"Rome\"}}"));
    if (fixture_on("sqlite")) {
        assert_int_equal(status_of(q), AR_E_UNSUPPORTED);
        return;
    }
    assert_rows(q, "2");
    assert_rows(containing(AR_JSON_CONTAINS_AT(AR_COL(Post, data), "\"b\"", "tags")), "1");
    assert_int_equal(status_of(containing(AR_JSON_CONTAINS(AR_COL(Post, data), 5))), AR_E_TYPE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(aggregates_with_distinct_and_filter, blog_fill),
        cmocka_unit_test_setup(groups_of_expressions, blog_fill),
        cmocka_unit_test_setup(cases, blog_fill),
        cmocka_unit_test_setup(windows, blog_fill),
        cmocka_unit_test_setup(what_is_no_window_is_refused, blog_fill),
        cmocka_unit_test_setup(values_take_a_type, blog_fill),
        cmocka_unit_test_setup(looking_into_json, blog_fill),
        cmocka_unit_test_setup(what_json_contains, blog_fill),
    };
    return fixture_main("expression", tests, models);
}
