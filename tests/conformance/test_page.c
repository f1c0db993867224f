/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "tests/support/blog.h"

/* Pages, locks, single values and arrays, and looking at queries. */

static const ar_model *const models[] = { &Author_model, &Post_model };

static ar_query *by(const char *order)
{
    ar_query *q = Author_query(db);
    ar_query_select(q, "id, city");
    ar_query_order_by(q, order);
    return q;
}

/* Walks through all rows, one page after the other, and back. */
static void walk(const char *order)
{
    char all[256], read[256] = "";
    snprintf(all, sizeof all, "%s", rows_of(by(order)));
    ar_rows *rows = NULL;
    ok(ar_query_rows(by(order), &rows, &err));
    size_t count = ar_rows_count(rows);
    assert_int_equal(count, 4);
    for (size_t i = 0; i < count; i++) {
        ar_value city, id;
        ok(ar_rows_value(rows, i, 0, &id, &err));
        ok(ar_rows_value(rows, i, 1, &city, &err));
        ar_query *q = by(order), *back = by(order);
        ar_query_after(q, city, id);
        ar_query_limit(q, 1);
        const char *next = rows_of(q);
        if (i == 0)
            snprintf(read, sizeof read, "%.*s", (int)strcspn(all, ";"), all);
        if (i + 1 < count)
            snprintf(read + strlen(read), sizeof read - strlen(read), ";%s", next);
        else
            assert_string_equal(next, "");
        ar_query_before(back, city, id);
        ar_query_limit(back, 2);
        size_t behind = strlen(rows_of(back));
        assert_true((behind == 0) == (i == 0));
    }
    ar_rows_free(rows);
    assert_string_equal(read, all);
}

static void pages_by_key(void **state)
{
    (void)state;
    walk("city, id");
    walk("city desc, id desc");
    walk("city desc, id");
    ar_query *q = by("id");
    ar_query_after(q, 1);
    ar_query_limit(q, 2);
    assert_rows(q, "2|Oslo;3|Rome");
    q = by("id");
    ar_query_filter(q, AR_EQ(Author, id, 1));
    ar_query_or(q);
    ar_query_filter(q, AR_GT(Author, id, 1));
    ar_query_before(q, 4);
    ar_query_limit(q, 2);
    assert_rows(q, "2|Oslo;3|Rome");
    int64_t count = 0;
    q = by("id");
    ar_query_after(q, 1);
    ok(ar_query_count(q, &count, &err));
    assert_int_equal(count, 3);
}

static void pages_by_decimals(void **state)
{
    (void)state;
    ar_query *q = Post_query(db);
    ar_query_select(q, "id");
    ar_query_order_by(q, "price desc, id");
    ar_query_after(q, "10", 2);
    assert_rows(q, "3;1;4");
}

static ar_query *joined(ar_join_kind kind, const char *columns, const char *order)
{
    ar_query *q = Author_query(db);
    ar_query_join(q, kind, Post, "p", AR_ON(Author, id, Post, author_id));
    ar_query_select(q, columns);
    ar_query_select_as(q, "post", AR_COL_AS("p", Post, id));
    ar_query_order_by(q, order);
    return q;
}

/* Before and after each row are all that are. `columns` and p.id are those of `order`. */
static void count_around_each(ar_join_kind kind, const char *columns, const char *order)
{
    ar_rows *rows = NULL;
    ar_value values[4];
    int64_t before = -1, after = -1;
    ok(ar_query_rows(joined(kind, columns, order), &rows, &err));
    size_t count = ar_rows_count(rows), width = ar_rows_column_count(rows);
    assert_true(count >= 3 && width <= 4);
    for (size_t i = 0; i < count; i++) {
        for (size_t column = 0; column < width; column++)
            ok(ar_rows_value(rows, i, column, &values[column], &err));
        ar_query *q = joined(kind, columns, order);
        ar_query_after_values(q, values, width);
        ok(ar_query_count(q, &after, &err));
        q = joined(kind, columns, order);
        ar_query_before_values(q, values, width);
        ok(ar_query_count(q, &before, &err));
        assert_int_equal(before, i);
        assert_int_equal(after, count - i - 1);
    }
    ar_rows_free(rows);
}

static void pages_have_the_rows_that_a_join_left_without_others(void **state)
{
    (void)state;
    const ar_join_kind kinds[] = { AR_INNER_JOIN, AR_LEFT_JOIN, AR_RIGHT_JOIN, AR_FULL_JOIN };
    for (size_t i = 0; i < (fixture_on("mysql") ? 3 : 4); i++) {
        count_around_each(kinds[i], "p.likes, authors.id", "p.likes, authors.id, p.id");
        count_around_each(kinds[i], "p.likes, authors.id", "p.likes desc, authors.id desc, p.id");
        count_around_each(kinds[i], "authors.name, p.likes, authors.id",
                          "authors.name, p.likes desc, authors.id, p.id");
        count_around_each(kinds[i], "authors.name, p.likes, authors.id",
                          "authors.name desc, p.likes, authors.id, p.id");
    }
}

/* Ann has two posts: a page that ends at the first of them must not lose the second. */
static void rows_that_a_join_puts_in_one_place_are_refused(void **state)
{
    (void)state;
    Author_list authors;
    const ar_join_kind kinds[] = { AR_INNER_JOIN, AR_LEFT_JOIN };
    for (size_t i = 0; i < 2; i++) {
        ar_query *q = joined(kinds[i], "p.title", "authors.id");
        ar_query_after(q, 1);
        assert_int_equal(status_of(ar_query_clone(q)), AR_E_INVALID);
        int64_t count;
        fails(ar_query_count(ar_query_clone(q), &count, &err), AR_E_INVALID);
        Author_list_future future = Author_all_async(ar_query_clone(q));
        fails(Author_list_await(&future, &authors, &err), AR_E_INVALID);
        fails(Author_all(q, &authors, &err), AR_E_INVALID);
        assert_non_null(strstr(err.message, "\"p\""));
        assert_non_null(strstr(err.message, "distinct"));
    }
    ar_query *q = Author_query(db);
    ar_query_cross_join(q, Post, "p");
    ar_query_order_by(q, "id");
    ar_query_before(q, 2);
    assert_int_equal(status_of(q), AR_E_INVALID);
    q = joined(AR_INNER_JOIN, "p.title", "authors.id, p.id");
    ar_query_after(q, 1, 1);
    ar_query_limit(q, 1);
    assert_rows(q, "Moon|2");
}

static ar_query *posts_with_author(ar_join_kind kind, bool alternatives)
{
    ar_query *q = Post_query(db);
    if (alternatives)
        ar_query_join(q, kind, Author, "a", AR_OR(AR_ON(Author, id, Post, author_id), AR_EQ(Author, id, 1)));
    else
        ar_query_join(q, kind, Author, "a", AR_ON(Author, id, Post, author_id));
    ar_query_select(q, "title");
    ar_query_order_by(q, "id");
    ar_query_after(q, 1);
    ar_query_limit(q, 2);
    return q;
}

static void a_join_that_gives_one_row_needs_no_more_order(void **state)
{
    (void)state;
    assert_rows(posts_with_author(AR_INNER_JOIN, false), "Moon;sun");
    assert_rows(posts_with_author(AR_LEFT_JOIN, false), "Moon;sun");
    assert_int_equal(status_of(posts_with_author(AR_INNER_JOIN, true)), AR_E_INVALID);
    assert_int_equal(status_of(posts_with_author(AR_RIGHT_JOIN, false)), AR_E_INVALID);
    ar_query *q = Author_query(db); /* oneself is one, those of whom one is the boss are not */
    ar_query_join(q, AR_INNER_JOIN, Author, "boss",
                  AR_COMPARE(AR_COL_AS("boss", Author, id), EQ, AR_COL(Author, boss_id)));
    ar_query_select(q, "authors.name");
    ar_query_order_by(q, "authors.id");
    ar_query_after(q, 2);
    assert_rows(q, "Cid;Dora");
    q = Author_query(db);
    ar_query_join(q, AR_INNER_JOIN, Author, "of", AR_COMPARE(AR_COL_AS("of", Author, boss_id), EQ, AR_COL(Author, id)));
    ar_query_order_by(q, "authors.id");
    ar_query_after(q, 2);
    assert_int_equal(status_of(q), AR_E_INVALID);
    q = Author_query(db);
    ar_query_join(q, AR_INNER_JOIN, Post, "p", AR_AS("p", AR_EQ(Post, id, 2)));
    ar_query_select(q, "name");
    ar_query_order_by(q, "id");
    ar_query_after(q, 2);
    assert_rows(q, "Cid;Dora");
}

static void distinct_rows_have_one_place_each(void **state)
{
    (void)state;
    Author_list authors;
    ar_query *q = Author_query(db);
    ar_query_join(q, AR_INNER_JOIN, Post, "p", AR_ON(Author, id, Post, author_id));
    ar_query_distinct(q);
    ar_query_order_by(q, "id");
    ar_query_after(q, 0);
    ar_query_limit(q, 1);
    ok(Author_all(ar_query_clone(q), &authors, &err));
    assert_int_equal(authors.count, 1);
    Author_list_free(&authors);
    ar_query_after(q, 1);
    ok(Author_all(q, &authors, &err));
    assert_int_equal(authors.count, 1);
    assert_string_equal(authors.items[0]->name, "Bob");
    Author_list_free(&authors);
}

static void pages_that_have_no_place_are_refused(void **state)
{
    (void)state;
    ar_query *q = by("city");
    ar_query_after(q, "Rome");
    assert_int_equal(status_of(q), AR_E_INVALID);
    q = by("id");
    ar_query_after(q, 1, 2);
    assert_int_equal(status_of(q), AR_E_INVALID);
    q = by("id");
    ar_query_after(q, "x");
    assert_int_equal(status_of(q), AR_E_TYPE);
    q = by("id");
    ar_query_page(q, 0, 10);
    assert_int_equal(status_of(q), AR_E_INVALID);
    q = by("id");
    ar_query_page(q, INT64_MAX, 2);
    assert_int_equal(status_of(q), AR_E_INVALID);
}

static void pages_by_number(void **state)
{
    (void)state;
    ar_query *q = by("id");
    ar_query_page(q, 2, 3);
    assert_rows(q, "4|-");
}

static ar_query *locking(ar_db *handle, ar_lock lock, ar_lock_wait wait)
{
    ar_query *q = Author_query(handle);
    ar_query_filter(q, AR_LE(Author, id, 2));
    ar_query_order_by(q, "id");
    ar_query_lock(q, lock, wait);
    return q;
}

static void rows_are_locked(void **state)
{
    (void)state;
    Author_list list;
    assert_int_equal(status_of(locking(db, AR_LOCK_UPDATE, AR_LOCK_WAIT)), AR_E_INVALID);
    const ar_tx_options outside = { .allow_outside = true };
    ar_db *tx = ar_tx_begin(db, &outside);
    ok(Author_all(locking(tx, AR_LOCK_UPDATE, AR_LOCK_WAIT), &list, &err));
    assert_int_equal(list.count, 2);
    ok(Author_all(locking(tx, AR_LOCK_SHARE, AR_LOCK_WAIT), &list, &err));
    assert_int_equal(list.count, 2);
    if (fixture_on("sqlite")) {
        assert_int_equal(status_of(locking(tx, AR_LOCK_UPDATE, AR_LOCK_SKIP_LOCKED)), AR_E_UNSUPPORTED);
        ok(ar_tx_commit(&tx, &err));
        return;
    }
    ar_db *other = ar_tx_begin(db, &outside);
    ok(Author_all(locking(other, AR_LOCK_UPDATE, AR_LOCK_SKIP_LOCKED), &list, &err));
    assert_int_equal(list.count, 0);
    assert_int_not_equal(status_of(locking(other, AR_LOCK_UPDATE, AR_LOCK_NOWAIT)), AR_OK);
    ok(ar_tx_rollback(&other, &err));
    ok(ar_tx_commit(&tx, &err));
}

static ar_query *locking_before(ar_db *handle, ar_lock_wait wait)
{
    ar_query *q = locking(handle, AR_LOCK_UPDATE, wait);
    ar_query_before(q, 2);
    ar_query_limit(q, 1);
    return q;
}

static void pages_before_a_row_are_locked(void **state)
{
    (void)state;
    Author_list list;
    const ar_tx_options outside = { .allow_outside = true };
    ar_db *tx = ar_tx_begin(db, &outside);
    ok(Author_all(locking_before(tx, AR_LOCK_WAIT), &list, &err));
    assert_int_equal(list.count, 1);
    assert_int_equal(list.items[0]->id, 1);
    if (!fixture_on("sqlite")) {
        ar_db *other = ar_tx_begin(db, &outside);
        ok(Author_all(locking_before(other, AR_LOCK_SKIP_LOCKED), &list, &err));
        assert_int_equal(list.count, 0);
        assert_int_not_equal(status_of(locking_before(other, AR_LOCK_NOWAIT)), AR_OK);
        ok(ar_tx_rollback(&other, &err));
    }
    ok(ar_tx_commit(&tx, &err));
}

static void what_has_no_rows_of_its_own_is_not_locked(void **state)
{
    (void)state;
    ar_db *tx = ar_tx_begin(db, NULL);
    ar_query *q = locking(tx, AR_LOCK_UPDATE, AR_LOCK_WAIT);
    ar_query_distinct(q);
    assert_int_equal(status_of(q), AR_E_INVALID);
    int64_t count;
    fails(ar_query_count(locking(tx, AR_LOCK_UPDATE, AR_LOCK_WAIT), &count, &err), AR_E_INVALID);
    ok(ar_tx_rollback(&tx, &err));
    tx = ar_tx_begin(db, &(ar_tx_options){ .read_only = true });
    assert_int_equal(status_of(locking(tx, AR_LOCK_UPDATE, AR_LOCK_WAIT)), AR_E_READ_ONLY);
    ok(ar_tx_rollback(&tx, &err));
}

static ar_query *column(const char *name)
{
    ar_query *q = Author_query(db);
    ar_query_select(q, name);
    ar_query_order_by(q, "id");
    return q;
}

static void one_value(void **state)
{
    (void)state;
    int64_t id = 0;
    const char *name = NULL;
    ar_decimal most;
    ar_value any;
    ok(ar_query_scalar(column("id"), &id, &err));
    assert_int_equal(id, 1);
    ok(ar_query_scalar(column("name"), &name, &err));
    assert_string_equal(name, "Ann");
    ar_array_free(name);
    ar_query *q = Post_query(db);
    ar_query_select_as(q, "most", AR_MAX(AR_COL(Post, price)));
    ok(ar_query_scalar(q, &most, &err));
    assert_int_equal(ar_decimal_compare(most, ar_decimal_of(10, 0)), 0);
    ar_rows_future later = ar_query_scalar_async(column("city"));
    ok(ar_scalar_await(&later, &any, &err));
    assert_int_equal(any.type, AR_TYPE_TEXT);
    assert_string_equal(any.as.text.data, "Rome");
    ar_array_free(any.as.text.data);
    q = column("boss_id");
    fails(ar_query_scalar(ar_query_clone(q), &id, &err), AR_E_TYPE);
    ar_opt_int64 boss = { true, 1 };
    ok(ar_query_scalar(q, &boss, &err));
    assert_false(boss.has);
    q = column("id");
    ar_query_filter(q, AR_EQ(Author, id, 99));
    fails(ar_query_scalar(q, &id, &err), AR_E_NOT_FOUND);
    fails(ar_query_scalar(Author_query(db), &id, &err), AR_E_INVALID);
    ok(ar_query_scalar(ar_sql(db, "SELECT count(*) FROM authors"), &id, &err));
    assert_int_equal(id, 4);
}

static void one_column(void **state)
{
    (void)state;
    int64_t *ids = NULL;
    const char **names = NULL;
    int32_t *likes = NULL;
    size_t count = 0;
    ok(ar_query_pluck(column("id"), &ids, &count, &err));
    assert_int_equal(count, 4);
    assert_int_equal(ids[3], 4);
    ar_array_free(ids);
    ar_rows_future later = ar_query_rows_async(column("city"));
    ok(ar_pluck_await(&later, &names, &count, &err));
    assert_string_equal(names[1], "Oslo");
    assert_null(names[3]);
    ar_array_free(names);
    fails(ar_query_pluck(column("name"), &likes, &count, &err), AR_E_TYPE);
    assert_null(likes);
    fails(ar_query_pluck(column("id, name"), &ids, &count, &err), AR_E_INVALID);
    ar_query *q = column("id");
    ar_query_filter(q, AR_EQ(Author, id, 99));
    ok(ar_query_pluck(q, &ids, &count, &err));
    assert_int_equal(count, 0);
    assert_null(ids);
    ar_db *scope = ar_scope_open(db, NULL);
    q = Author_query(scope);
    ar_query_select(q, "name");
    ok(ar_query_pluck(q, &names, &count, &err));
    ar_scope_close(&scope);
}

static void the_sql_of_a_query(void **state)
{
    (void)state;
    char sql[256], cut[8];
    size_t length = 0, values = 0;
    ar_query *q = Author_query(db);
    ar_query_select(q, "id");
    ar_query_filter(q, AR_EQ(Author, name, "secret"), AR_GT(Author, id, 7));
    ok(ar_query_to_sql(q, sql, sizeof sql, &length, &values, &err));
    assert_int_equal(values, 2);
    assert_int_equal(length, strlen(sql));
    assert_null(strstr(sql, "secret"));
    assert_non_null(strstr(sql, fixture_on("postgres") ? "= $1 AND \"id\" > $2" : " = ? AND "));
    ok(ar_query_to_sql(q, cut, sizeof cut, &length, NULL, &err));
    assert_int_equal(strlen(cut), sizeof cut - 1);
    ok(ar_query_to_sql(q, NULL, 0, NULL, NULL, &err));
    assert_rows(q, "");
}

static void clones_go_their_own_way(void **state)
{
    (void)state;
    ar_query *q = Author_query(db);
    ar_query_join(q, AR_INNER_JOIN, Post, "p", AR_ON(Author, id, Post, author_id));
    ar_query_filter(q, AR_AS("p", AR_LIKE(Post, title, "%n")));
    ar_query_group_by(q, "p.title");
    ar_query_select_as(q, "least", AR_MIN(AR_COL_AS("p", Post, likes)));
    ar_query_select_count(q, "*", "n");
    ar_query_having(q, "count(*) >= ?", 1);
    ar_query_order_by(q, "title");
    ar_query *clone = ar_query_clone(q);
    ar_query_limit(q, 0);
    assert_rows(q, "");
    ar_query *again = ar_query_clone(clone);
    ar_query_filter(again, AR_EQ(Author, name, "Bob"));
    int64_t count = 0;
    ok(ar_query_count(clone, &count, &err));
    assert_int_equal(count, 3);
    const char *rows = rows_of(again);
    assert_non_null(strstr(rows, "sun|7|1"));
    ar_query *bad = Author_query(db);
    ar_query_filter(bad, AR_EQ(Author, id, "x"));
    assert_int_equal(status_of(ar_query_clone(bad)), AR_E_TYPE);
    ar_query_free(bad);
    ar_query *sql = ar_sql(db, "SELECT name FROM authors WHERE id = ?", 2);
    assert_rows(ar_query_clone(sql), "Bob");
    assert_rows(sql, "Bob");
}

static void the_engine_explains(void **state)
{
    (void)state;
    ar_rows *rows = NULL;
    ar_query *q = Author_query(db);
    ar_query_filter(q, AR_EQ(Author, id, 1));
    ok(ar_query_explain(ar_query_clone(q), &rows, &err));
    assert_true(ar_rows_count(rows) > 0);
    ar_rows_free(rows);
    ar_rows_future later = ar_query_explain_async(q);
    ok(ar_rows_await(&later, &rows, &err));
    assert_true(ar_rows_count(rows) > 0);
    ar_rows_free(rows);
    ok(ar_query_explain(ar_sql(db, "SELECT * FROM authors WHERE id = ?", 1), &rows, &err));
    ar_rows_free(rows);
    fails(ar_query_explain(ar_sql(db, "DELETE FROM authors"), &rows, &err), AR_E_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(pages_by_key, blog_fill),
        cmocka_unit_test_setup(pages_by_decimals, blog_fill),
        cmocka_unit_test_setup(pages_have_the_rows_that_a_join_left_without_others, blog_fill),
        cmocka_unit_test_setup(rows_that_a_join_puts_in_one_place_are_refused, blog_fill),
        cmocka_unit_test_setup(a_join_that_gives_one_row_needs_no_more_order, blog_fill),
        cmocka_unit_test_setup(distinct_rows_have_one_place_each, blog_fill),
        cmocka_unit_test_setup(pages_that_have_no_place_are_refused, blog_fill),
        cmocka_unit_test_setup(pages_by_number, blog_fill),
        cmocka_unit_test_setup(rows_are_locked, blog_fill),
        cmocka_unit_test_setup(pages_before_a_row_are_locked, blog_fill),
        cmocka_unit_test_setup(what_has_no_rows_of_its_own_is_not_locked, blog_fill),
        cmocka_unit_test_setup(one_value, blog_fill),
        cmocka_unit_test_setup(one_column, blog_fill),
        cmocka_unit_test_setup(the_sql_of_a_query, blog_fill),
        cmocka_unit_test_setup(clones_go_their_own_way, blog_fill),
        cmocka_unit_test_setup(the_engine_explains, blog_fill),
    };
    return fixture_main("page", tests, models);
}
