/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <actrec/combine.h>
#include <actrec/inspect.h>
#include <actrec/join.h>
#include <actrec/page.h>
#include <actrec/pluck.h>
#include <actrec/select.h>

#include "tests/support/hostile.h"

/* Hostile texts as values of queries: each predicate, expression and fragment finds the row that has the text, beside a
 * decoy, and gives it back as it is, or answers AR_E_TYPE. */

typedef struct Entry {
    int64_t id;
    ar_text text;
    ar_json json;
} Entry;

AR_MODEL_DECLARE(Entry);
AR_MODEL_DEFINE(Entry, "entries", AR_COLUMN(Entry, id, AR_PRIMARY_KEY), AR_COLUMN(Entry, text), AR_COLUMN(Entry, json));

/* Only WITH makes it a table. */
typedef struct Chosen {
    int64_t id;
    ar_text text;
    ar_json json;
} Chosen;

AR_MODEL_DECLARE(Chosen);
AR_MODEL_DEFINE(Chosen, "chosen", AR_COLUMN(Chosen, id, AR_PRIMARY_KEY), AR_COLUMN(Chosen, text),
                AR_COLUMN(Chosen, json));

static const ar_model *const models[] = { &Canary_model, &Entry_model };

static void insert(int64_t id, ar_text text, ar_json json)
{
    Entry entry = { .id = id, .text = text, .json = json };
    ok(Entry_insert(db, &entry, &err));
}

/* Row 1 is the decoy, row 2 has the text, if it can. */
static void plant(const hostile *text)
{
    ok(ar_query_exec(ar_sql(db, "delete from entries"), NULL, &err));
    insert(1, (ar_text){ "decoy", 5 }, (ar_json){ "{\"a\": 1}", 8 });
    if (text->is_utf8)
        insert(2, text->text, (ar_json){ "{\"a\": 2}", 8 });
}

static void check_count(ar_query *query, const hostile *text, int64_t expected, int line)
{
    int64_t count = -1;
    hostile_check(ar_query_count(query, &count, &err), hostile_status(text), true, "a count", __FILE__, line);
    if (text->is_utf8 && count != expected) {
        print_error("line %d: %s: %lld rows, not %lld\n", line, text->name, (long long)count, (long long)expected);
        fail();
    }
}

#define FINDS(expected, ...)                             \
    do {                                                 \
        ar_query *query_ = Entry_query(db);              \
        ar_query_filter(query_, __VA_ARGS__);            \
        check_count(query_, text, (expected), __LINE__); \
    } while (0)

/* The one value of the query is the text. */
static void check_value(ar_query *query, const hostile *text, int line)
{
    const char *value = NULL;
    hostile_check(ar_query_scalar(query, &value, &err), hostile_status(text), true, "a value", __FILE__, line);
    if (text->is_utf8) {
        hostile_check_text((ar_text){ value, value == NULL ? 0 : strlen(value) }, text->text, "a value", __FILE__,
                           line);
        ar_array_free(value);
    }
}

#define GIVES_BACK(...)                                   \
    do {                                                  \
        ar_query *query_ = Entry_query(db);               \
        ar_query_select_as(query_, "given", __VA_ARGS__); \
        check_value(query_, text, __LINE__);              \
    } while (0)

static void through_comparisons(const hostile *text)
{
    const ar_text t = text->text, list[] = { { "nobody", 6 }, t };
    plant(text);
    FINDS(1, AR_EQ(Entry, text, t));
    FINDS(1, AR_NE(Entry, text, t));
    FINDS(1, AR_OR(AR_LT(Entry, text, t), AR_GT(Entry, text, t)));
    FINDS(1, AR_LE(Entry, text, t), AR_GE(Entry, text, t));
    FINDS(1, AR_BETWEEN(Entry, text, t, t));
    FINDS(1, AR_SAME(Entry, text, t));
    FINDS(1, AR_NOT_SAME(Entry, text, t));
    FINDS(1, AR_IN(Entry, text, list, 2));
    FINDS(1, AR_NOT_IN(Entry, text, list, 2));
    FINDS(1, AR_AND(AR_NOT(AR_NE(Entry, text, t)), AR_IS_NOT_NULL(Entry, text)));
    FINDS(1, AR_OR(AR_IS_NULL(Entry, text), AR_EQ(Entry, text, t)));
    FINDS(1, AR_COMPARE(AR_COL(Entry, text), EQ, AR_VALUE(t)));
    FINDS(1, AR_COMPARE(AR_VALUE(t), SAME, AR_COL(Entry, text)));
    FINDS(1, AR_COMPARE(AR_COL(Entry, text), IN, AR_VALUE(AR_LIST(list, 2))));
}

/* SQLite takes patterns of up to 50,000 bytes. */
static void through_patterns(const hostile *text)
{
    char *pattern = text->is_utf8 ? hostile_pattern(text) : NULL;
    ar_text t = pattern == NULL ? text->text : (ar_text){ pattern, strlen(pattern) };
    plant(text);
    if (!text->is_huge || !fixture_on("sqlite")) {
        FINDS(1, AR_LIKE(Entry, text, t));
        FINDS(1, AR_NOT_LIKE(Entry, text, t));
        FINDS(1, AR_ILIKE(Entry, text, t));
        FINDS(1, AR_NOT_ILIKE(Entry, text, t));
        FINDS(1, AR_COMPARE(AR_COL(Entry, text), LIKE, AR_VALUE(t)));
    }
    ar_predicate raw[] = { AR_LIKE(Entry, text, text->text), AR_NOT_LIKE(Entry, text, text->text),
                           AR_ILIKE(Entry, text, text->text), AR_NOT_ILIKE(Entry, text, text->text) };
    for (size_t i = 0; i < sizeof raw / sizeof raw[0]; i++) { /* whatever it finds */
        ar_query *query = Entry_query(db);
        int64_t count = 0;
        ar_query_filter_list(query, &raw[i], 1);
        ar_status status = quiet(ar_query_count(query, &count, &err));
        assert_true(text->is_utf8 || status == AR_E_TYPE);
    }
    free(pattern);
}

static void through_fragments(const hostile *text)
{
    const ar_text t = text->text;
    plant(text);
    ar_query *query = Entry_query(db);
    ar_query_where(query, "text = ? and ? = text and text in (?)", t, t, AR_LIST(&t, 1));
    check_count(query, text, 1, __LINE__);
    query = Entry_query(db);
    ar_query_where(query, "text <> ? /* ? */ -- ?\n", t);
    ar_query_or(query);
    ar_query_where(query, "text = ?", t);
    check_count(query, text, text->is_utf8 ? 2 : 1, __LINE__);
    query = Entry_query(db);
    ar_query_group_by(query, "text");
    ar_query_having(query, "max(text) = ? and count(*) = ?", t, 1);
    check_count(query, text, 1, __LINE__);
    query = Entry_query(db);
    ar_query_group_by(query, "text");
    ar_query_having_filter(query, AR_COMPARE(AR_MAX(AR_COL(Entry, text)), EQ, AR_VALUE(t)));
    check_count(query, text, 1, __LINE__);
    query = Entry_query(db);
    ar_query_filter(query, AR_COMPARE(AR_SQL(AR_TYPE_TEXT, "coalesce(text, ?)", t), EQ, AR_VALUE(t)));
    check_count(query, text, 1, __LINE__);
    ar_value values[] = { ar_bind(t), ar_bind(t), AR_LIST(&t, 1) };
    check_value(ar_sql_text(db, "select text from entries where text = ? and ? = text and text in (?)", values, 3),
                text, __LINE__);
    int64_t changes = 0;
    answers(ar_query_exec(ar_sql(db, "update entries set text = ? where text = ?", t, t), &changes, &err),
            hostile_status(text));
    assert_int_equal(changes, text->is_utf8);
}

static void through_expressions(const hostile *text)
{
    const ar_text t = text->text;
    plant(text);
    GIVES_BACK(AR_COALESCE(AR_VALUE(t), AR_COL(Entry, text)));
    GIVES_BACK(AR_CASE(AR_WHEN(AR_VALUE(t), AR_GT(Entry, id, 0)), AR_ELSE(AR_COL(Entry, text))));
    GIVES_BACK(AR_CASE(AR_WHEN(AR_COL(Entry, text), AR_LT(Entry, id, 0)), AR_ELSE(AR_VALUE(t))));
    GIVES_BACK(AR_FILTER(AR_MAX(AR_COL(Entry, text)), AR_EQ(Entry, text, t)));
    GIVES_BACK(AR_MIN(AR_CASE(AR_WHEN(AR_COL(Entry, text), AR_EQ(Entry, text, t)))));
    GIVES_BACK(AR_MIN(AR_COALESCE(AR_VALUE(t), AR_COL(Entry, text))));
    FINDS(1, AR_COMPARE(AR_COALESCE(AR_COL(Entry, text), AR_VALUE(t)), EQ, AR_VALUE(t)));
}

#define COUNTS_ONE(...)                                                         \
    do {                                                                        \
        ar_query *query_ = Entry_query(db);                                     \
        int64_t number_ = 1;                                                    \
        ar_query_select_as(query_, "number", __VA_ARGS__);                      \
        answers(ar_query_scalar(query_, &number_, &err), hostile_status(text)); \
        assert_int_equal(number_, 1);                                           \
    } while (0)

static void through_aggregates(const hostile *text)
{
    const ar_text t = text->text;
    ar_query *query = Entry_query(db);
    double average = 1.0;
    plant(text);
    COUNTS_ONE(AR_FILTER(AR_COUNT(AR_COL(Entry, id)), AR_EQ(Entry, text, t)));
    COUNTS_ONE(AR_COUNT(AR_CASE(AR_WHEN(AR_COL(Entry, id), AR_EQ(Entry, text, t)))));
    COUNTS_ONE(AR_DISTINCT(AR_COUNT(AR_COALESCE(AR_VALUE(t), AR_COL(Entry, text)))));
    COUNTS_ONE(AR_SUM(AR_CASE(AR_WHEN(AR_VALUE(1), AR_EQ(Entry, text, t)), AR_ELSE(AR_VALUE(0)))));
    ar_query_select_as(query, "mean", AR_AVG(AR_CASE(AR_WHEN(AR_VALUE(1), AR_EQ(Entry, text, t)))));
    answers(ar_query_scalar(query, &average, &err), hostile_status(text));
    assert_true(average > 0.9 && average < 1.1);
}

static void through_windows(const hostile *text)
{
    const ar_text t = text->text;
    plant(text);
    GIVES_BACK(AR_OVER(AR_FIRST_VALUE(AR_COALESCE(AR_VALUE(t), AR_COL(Entry, text))),
                       AR_PARTITION_BY(AR_COALESCE(AR_VALUE(t), AR_COL(Entry, text))), AR_ASC(AR_COL(Entry, id)),
                       AR_ROWS_BETWEEN(AR_UNBOUNDED_PRECEDING, 0)));
    GIVES_BACK(AR_OVER(AR_LAST_VALUE(AR_COALESCE(AR_VALUE(t), AR_COL(Entry, text))),
                       AR_DESC(AR_COALESCE(AR_VALUE(t), AR_COL(Entry, text))),
                       AR_RANGE_BETWEEN(AR_UNBOUNDED_PRECEDING, 0)));
    GIVES_BACK(AR_OVER(AR_NTH_VALUE(AR_COALESCE(AR_VALUE(t), AR_COL(Entry, text)), 1), AR_ASC(AR_COL(Entry, id))));
    GIVES_BACK(AR_COALESCE(AR_OVER(AR_LAG(AR_VALUE(t), 5), AR_ASC(AR_COL(Entry, id))), AR_VALUE(t)));
    GIVES_BACK(AR_COALESCE(
        AR_OVER(AR_LEAD(AR_COALESCE(AR_VALUE(t), AR_COL(Entry, text)), 5), AR_ASC(AR_COL(Entry, id))), AR_VALUE(t)));
    COUNTS_ONE(AR_OVER(AR_NTILE(1), AR_PARTITION_BY(AR_COALESCE(AR_COL(Entry, text), AR_VALUE(t))),
                       AR_ASC(AR_COL(Entry, id))));
}

static ar_query *others_like(const hostile *text)
{
    ar_query *query = Entry_query(db);
    ar_query_filter(query, AR_EQ(Entry, text, text->text));
    ar_query_select(query, "text");
    return query;
}

static void through_subqueries(const hostile *text)
{
    plant(text);
    FINDS(1, AR_IN_QUERY(Entry, text, others_like(text)));
    FINDS(1, AR_NOT_IN_QUERY(Entry, text, others_like(text)));
    FINDS(2, AR_EXISTS(others_like(text)));
    FINDS(0, AR_NOT_EXISTS(others_like(text)));
    GIVES_BACK(AR_SUBQUERY(others_like(text)));
    ar_query *inner = ar_query_create(db, &Canary_model), *query = Entry_query(db);
    ar_query_filter(inner, AR_COMPARE(AR_COL(Canary, id), EQ, AR_OUTER(Entry, id)),
                    AR_COMPARE(AR_OUTER(Entry, text), EQ, AR_VALUE(text->text)));
    ar_query_filter(query, AR_EXISTS(inner));
    check_count(query, text, 1, __LINE__);
}

static void through_tables(const hostile *text)
{
    const ar_text t = text->text;
    plant(text);
    ar_query *query = Entry_query(db), *definition = Entry_query(db), *step = Chosen_query(db);
    ar_query_join(query, AR_INNER_JOIN, Canary, "c", AR_ON(Entry, id, Canary, id), AR_EQ(Entry, text, t));
    check_count(query, text, 1, __LINE__);
    query = Chosen_query(db);
    ar_query_filter(definition, AR_EQ(Entry, text, t));
    ar_query_with(query, Chosen, definition);
    check_count(query, text, 1, __LINE__);
    query = Chosen_query(db);
    definition = Entry_query(db);
    ar_query_filter(definition, AR_EQ(Entry, text, t));
    ar_query_filter(step, AR_EQ(Chosen, text, t), AR_LT(Chosen, id, 0));
    ar_query_with_recursive(query, Chosen, AR_UNION_ALL, definition, step);
    check_count(query, text, 1, __LINE__);
    query = others_like(text);
    ar_query_combine(query, AR_UNION, others_like(text));
    check_value(query, text, __LINE__);
}

static void through_orders(const hostile *text)
{
    const ar_text t = text->text;
    plant(text);
    ar_query *query = Entry_query(db);
    ar_query_select(query, "text");
    ar_query_order_on(query, AR_DESC(AR_CASE(AR_WHEN(AR_VALUE(1), AR_EQ(Entry, text, t)), AR_ELSE(AR_VALUE(0)))));
    check_value(query, text, __LINE__);
    query = Entry_query(db);
    ar_query_select(query, "text");
    ar_query_order_on(query, AR_ASC(AR_CASE(AR_WHEN(AR_VALUE(1), AR_NE(Entry, text, t)), AR_ELSE(AR_VALUE(0)))));
    check_value(query, text, __LINE__);
    query = Entry_query(db);
    ar_query_group_on(query, AR_COALESCE(AR_VALUE(t), AR_COL(Entry, text)));
    ar_query_select_count(query, "*", "number");
    check_count(query, text, 1, __LINE__);
}

/* Behind the text's row and before it there is the decoy alone. */
static void through_pages(const hostile *text)
{
    plant(text);
    int64_t counts[2] = { 0, 1 };
    for (int i = 0; i < 2; i++) {
        ar_query *query = Entry_query(db);
        ar_query_order_by(query, "text, id");
        if (i == 0)
            ar_query_after(query, text->text, INT64_C(2));
        else
            ar_query_before(query, text->text, INT64_C(2));
        Entry_list list = { NULL, 0, NULL };
        answers(Entry_all(query, &list, &err), hostile_status(text));
        counts[i] = (int64_t)list.count;
        Entry_list_free(&list);
    }
    assert_int_equal(counts[0] + counts[1], text->is_utf8);
}

/* Of the names of members, quotes, backslashes and control characters are refused. */
static bool can_be_step(const hostile *text)
{
    for (size_t i = 0; i < text->text.length; i++) {
        unsigned char c = (unsigned char)text->text.data[i];
        if (c == '"' || c == '\\' || c < 0x20 || c == 0x7f)
            return false;
    }
    return true;
}

static void through_json_steps(const hostile *text)
{
    const ar_text t = text->text;
    bool lost = fixture_on("mysql") && t.data[0] == '-';
    ar_status expected = !can_be_step(text) ? AR_E_INVALID
                         : !text->is_utf8   ? AR_E_TYPE
                         : lost             ? AR_E_UNSUPPORTED
                                            : AR_OK;
    ar_json json = hostile_json(text, "{\"a\": {\"", "\": 7}, \"b\": 8}");
    ar_query *query = Entry_query(db);
    const char *found = NULL;
    double number = 0;
    plant(text);
    insert(3, (ar_text){ "json", 4 }, json);
    free((void *)(uintptr_t)json.data);
    ar_query_filter(query, AR_EQ(Entry, id, 3));
    ar_query *numbers = ar_query_clone(query);
    ar_query_select_as(query, "found", AR_JSON_TEXT(AR_COL(Entry, json), "a", t));
    answers(ar_query_scalar(query, &found, &err), expected);
    ar_query_select_as(numbers, "found", AR_JSON_NUMBER(AR_COL(Entry, json), "a", t));
    answers(ar_query_scalar(numbers, &number, &err), expected);
    if (expected != AR_OK)
        return;
    assert_string_equal(found, "7");
    assert_true(number > 6.9 && number < 7.1);
    ar_array_free(found);
}

static void through_json_values(const hostile *text)
{
    ar_json json = hostile_json(text, "{\"k\": \"", "\"}"), inner = hostile_json(text, "\"", "\"");
    ar_json raw = { text->text.data, text->text.length };
    int64_t count = -1;
    plant(text);
    insert(3, (ar_text){ "json", 4 }, json);
    for (int i = 0; i < 3; i++) {
        ar_query *query = Entry_query(db);
        if (i == 0)
            ar_query_filter(query, AR_JSON_CONTAINS(AR_COL(Entry, json), json));
        else if (i == 1)
            ar_query_filter(query, AR_JSON_CONTAINS_AT(AR_COL(Entry, json), inner, "k"));
        else
            ar_query_filter(query, AR_JSON_CONTAINS(AR_COL(Entry, json), raw));
        ar_status status = quiet(ar_query_count(query, &count, &err));
        if (fixture_on("sqlite"))
            assert_true(status == AR_E_UNSUPPORTED || (i == 2 && status == AR_E_TYPE));
        else if (i < 2)
            assert_int_equal(status, AR_OK);
        else
            assert_true(text->is_utf8 || status == AR_E_TYPE);
        if (status == AR_OK && i < 2)
            assert_int_equal(count, 1);
    }
    if (text->is_utf8) {
        ar_query *query = Entry_query(db);
        ar_query_filter(query, AR_COMPARE(AR_JSON_TEXT(AR_COL(Entry, json), "k"), EQ, AR_VALUE(text->text)));
        check_count(query, text, 1, __LINE__);
    }
    free((void *)(uintptr_t)json.data);
    free((void *)(uintptr_t)inner.data);
}

/* --- the ends of queries --- */

static ar_query *mine(const hostile *text)
{
    ar_query *query = Entry_query(db);
    ar_query_filter(query, AR_EQ(Entry, text, text->text));
    return query;
}

static ar_status check_row(void *arg, Entry *row, ar_error *error)
{
    const hostile *text = arg;
    (void)error;
    same_text(row->text, text->text);
    return AR_OK;
}

static void check_one(ar_status status, Entry *found, const hostile *text)
{
    answers(status, hostile_status(text));
    if (status == AR_OK)
        same_text(found->text, text->text);
    Entry_free(found);
}

static ar_status await_entry(Entry_future future, Entry **out)
{
    return Entry_await(&future, out, &err);
}

static void through_ends(const hostile *text)
{
    Entry *found = NULL;
    Entry_list list = { NULL, 0, NULL };
    Entry_list_future future;
    void *arg = (void *)(uintptr_t)text;
    plant(text);
    ar_status status = Entry_one(mine(text), &found, &err);
    check_one(status, found, text);
    status = Entry_first(mine(text), &found, &err);
    check_one(status, found, text);
    status = await_entry(Entry_one_async(mine(text)), &found);
    check_one(status, found, text);
    status = await_entry(Entry_first_async(mine(text)), &found);
    check_one(status, found, text);
    answers(Entry_all(mine(text), &list, &err), hostile_status(text));
    assert_int_equal(list.count, text->is_utf8);
    Entry_list_free(&list);
    future = Entry_all_async(mine(text));
    answers(Entry_list_await(&future, &list, &err), hostile_status(text));
    assert_int_equal(list.count, text->is_utf8);
    Entry_list_free(&list);
    answers(Entry_stream(mine(text), check_row, arg, &err), hostile_status(text));
    answers(hostile_await(Entry_stream_async(mine(text), ar_runtime_executor(fixture_runtime()), check_row, arg).raw),
            hostile_status(text));
}

static const probe conditions[] = {
    { "ar_query_create ar_query_filter_list AR_EQ AR_NE AR_LT AR_LE AR_GT AR_GE AR_BETWEEN AR_SAME AR_NOT_SAME AR_IN "
      "AR_NOT_IN AR_LIST AR_IS_NULL AR_IS_NOT_NULL AR_OR AR_AND AR_NOT AR_COMPARE AR_COL AR_VALUE",
      through_comparisons },
    { "AR_LIKE AR_NOT_LIKE AR_ILIKE AR_NOT_ILIKE", through_patterns },
    { "ar_query_where_sql ar_query_having_sql ar_query_having_list ar_sql_text AR_SQL", through_fragments },
};

static const probe expressions[] = {
    { "AR_COALESCE AR_CASE AR_WHEN AR_ELSE AR_FILTER AR_MIN AR_MAX", through_expressions },
    { "AR_COUNT AR_SUM AR_AVG AR_DISTINCT AR_FILTER", through_aggregates },
    { "AR_OVER AR_PARTITION_BY AR_ROWS_BETWEEN AR_RANGE_BETWEEN AR_NTILE AR_LAG AR_LEAD AR_FIRST_VALUE AR_LAST_VALUE "
      "AR_NTH_VALUE AR_ASC AR_DESC",
      through_windows },
    { "AR_JSON_TEXT AR_JSON_NUMBER", through_json_steps },
    { "AR_JSON_CONTAINS AR_JSON_CONTAINS_AT AR_JSON_TEXT", through_json_values },
};

static const probe queries[] = {
    { "AR_IN_QUERY AR_NOT_IN_QUERY AR_EXISTS AR_NOT_EXISTS AR_SUBQUERY AR_OUTER", through_subqueries },
    { "AR_ON ar_query_with_query ar_query_with_steps", through_tables },
    { "ar_query_order_expr ar_query_group_expr", through_orders },
    { "ar_query_after_values ar_query_before_values", through_pages },
    { "ar_query_one ar_query_one_async ar_query_first ar_query_first_async ar_query_all ar_query_all_async "
      "ar_query_stream ar_query_stream_async",
      through_ends },
};

static void what_rows_are_found_by(void **state)
{
    (void)state;
    hostile_run_all(conditions);
}

static void what_is_made_of_values(void **state)
{
    (void)state;
    hostile_run_all(expressions);
}

static void what_is_made_of_queries(void **state)
{
    (void)state;
    hostile_run_all(queries);
}

static void no_entry_point_is_left_out(void **state)
{
    (void)state;
    const probe *const probes[] = { conditions, expressions, queries };
    const size_t counts[] = { sizeof conditions / sizeof *conditions, sizeof expressions / sizeof *expressions,
                              sizeof queries / sizeof *queries };
    hostile_check_entries(ENTRIES_OF_QUERIES, probes, counts, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(what_rows_are_found_by),
                                        cmocka_unit_test(what_is_made_of_values),
                                        cmocka_unit_test(what_is_made_of_queries),
                                        cmocka_unit_test(no_entry_point_is_left_out) };
    return fixture_main("injection_queries", tests, models);
}
