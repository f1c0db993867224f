/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "tests/support/fixture.h"

/* Rows without a model: any SELECT into a struct, by name and by position, and untyped rows, one after the other. */

typedef struct Item {
    int64_t id;
    const char *kind;
    int64_t price;
} Item;

AR_MODEL_DECLARE(Item);
AR_MODEL_DEFINE(Item, "items", AR_COLUMN(Item, id, AR_PRIMARY_KEY), AR_COLUMN(Item, kind), AR_COLUMN(Item, price));

static const ar_model *const models[] = { &Item_model };

typedef struct Stat {
    const char *kind;
    int64_t items;
    ar_opt_int64 highest;
} Stat;

AR_ROW_DEFINE(Stat, AR_COLUMN(Stat, kind), AR_COLUMN(Stat, items, 0, .name = "item_count"), AR_COLUMN(Stat, highest));

typedef struct Pair {
    int32_t first;
    const char *second;
} Pair;

AR_ROW_DEFINE_BY_POSITION(Pair, AR_COLUMN(Pair, first), AR_COLUMN(Pair, second));

enum { ITEMS = 700 };

static int some_items(void **state)
{
    Item items[ITEMS];
    (void)state;
    for (int i = 0; i < ITEMS; i++)
        items[i] = (Item){ i + 1, i % 2 == 0 ? "even" : "odd", i };
    ok(Item_insert_many(db, items, ITEMS, &err));
    return 0;
}

static const char stats_sql[] = "select count(*) as item_count, kind, max(price) as highest from items "
                                "group by kind order by kind";

static ar_query *stats(ar_db *on)
{
    return ar_sql_text(on, stats_sql, NULL, 0);
}

static void any_select_goes_into_a_struct_by_name(void **state)
{
    (void)state;
    Stat_list list;
    Stat *one = NULL;
    ok(Stat_all(stats(db), &list, &err));
    assert_int_equal(list.count, 2);
    assert_string_equal(list.items[0]->kind, "even");
    assert_int_equal(list.items[0]->items, ITEMS / 2);
    assert_int_equal(list.items[1]->highest.value, ITEMS - 1);
    Stat_list_free(&list);
    ok(Stat_first(stats(db), &one, &err));
    assert_string_equal(one->kind, "even");
    Stat_free(one);
    fails(Stat_one(stats(db), &one, &err), AR_E_INVALID);
    ok(Stat_one(ar_sql(db, "select ? as kind, 3 as item_count, null as highest", "a"), &one, &err));
    assert_string_equal(one->kind, "a");
    assert_int_equal(one->items, 3);
    assert_false(one->highest.has);
    Stat_free(one);
}

static void queries_of_a_model_go_into_a_struct_too(void **state)
{
    (void)state;
    Stat_list list;
    ar_query *query = Item_query(db);
    ar_query_group_by(query, "kind");
    ar_query_select(query, "kind");
    ar_query_select_count(query, "id", "item_count");
    ar_query_select_max(query, "price", "highest");
    ok(Stat_all(query, &list, &err));
    assert_int_equal(list.count, 2);
    assert_int_equal(list.items[0]->items + list.items[1]->items, ITEMS);
    Stat_list_free(&list);
}

static void without_waiting(void **state)
{
    (void)state;
    Stat_list list;
    Stat *one = NULL;
    Stat_list_future all = Stat_all_async(stats(db));
    Stat_future first = Stat_first_async(stats(db));
    ok(Stat_list_await(&all, &list, &err));
    ok(Stat_await(&first, &one, &err));
    assert_int_equal(list.count, 2);
    assert_string_equal(one->kind, "even");
    Stat_list_free(&list);
    Stat_free(one);
}

static void a_column_that_is_missing_is_reported(void **state)
{
    (void)state;
    Stat_list list;
    fails(Stat_all(ar_sql(db, "select kind, 1 as item_count from items"), &list, &err), AR_E_INVALID);
    assert_non_null(strstr(err.message, "highest"));
    assert_int_equal(list.count, 0);
    fails(Stat_all(ar_sql(db, "select 1 as missing_one from items"), &list, &err), AR_E_INVALID);
}

static void a_column_that_is_too_many_is_reported(void **state)
{
    (void)state;
    Stat_list list;
    fails(Stat_all(ar_sql(db, "select kind, 1 as item_count, 2 as highest, 3 as surplus from items"), &list, &err),
          AR_E_INVALID);
    assert_non_null(strstr(err.message, "surplus"));
    fails(Stat_all(ar_sql(db, "select kind, 1 as item_count, 2 as highest, kind from items"), &list, &err),
          AR_E_INVALID);
    assert_non_null(strstr(err.message, "kind"));
}

static void a_value_of_another_type_is_reported(void **state)
{
    (void)state;
    Stat_list list;
    fails(Stat_all(ar_sql(db, "select kind, 'many' as item_count, 2 as highest from items"), &list, &err), AR_E_TYPE);
    assert_non_null(strstr(err.message, "item_count"));
    fails(
        Stat_all(ar_sql(db, "select kind, cast(null as decimal) as item_count, 2 as highest from items"), &list, &err),
        AR_E_TYPE);
}

static void by_position_names_do_not_matter(void **state)
{
    (void)state;
    Pair_list list;
    ok(Pair_all(ar_sql(db, "select id, kind as id from items where id < 3 order by 1"), &list, &err));
    assert_int_equal(list.count, 2);
    assert_int_equal(list.items[1]->first, 2);
    assert_string_equal(list.items[1]->second, "odd");
    Pair_list_free(&list);
    fails(Pair_all(ar_sql(db, "select id from items"), &list, &err), AR_E_INVALID);
    assert_non_null(strstr(err.message, "1 columns"));
    fails(Pair_all(ar_sql(db, "select id, kind, price from items"), &list, &err), AR_E_INVALID);
    fails(Pair_all(ar_sql(db, "select kind, id from items"), &list, &err), AR_E_TYPE);
}

static void a_row_type_has_no_table(void **state)
{
    (void)state;
    fails(ar_record_insert(db, &Stat_model, &(Stat){ .kind = "a" }, &err), AR_E_UNSUPPORTED);
    fails(ar_table_create(db, &Stat_model, &err), AR_E_UNSUPPORTED);
}

/* --- one after the other --- */

typedef struct seen {
    int64_t rows, sum;
    size_t most; /* in memory */
    int64_t stop_at;
} seen;

static ar_status see_pair(void *arg, Pair *pair, ar_error *error)
{
    seen *self = arg;
    self->sum += pair->first;
    return ++self->rows == self->stop_at ? ar_error_set(error, AR_E_VETOED, "enough") : AR_OK;
}

static ar_status see_row(void *arg, const ar_rows *rows, size_t row, ar_error *error)
{
    seen *self = arg;
    int64_t id = 0;
    ar_value kind;
    ar_status status = ar_rows_int64(rows, row, ar_rows_column_index(rows, "id"), &id, error);
    if (status == AR_OK)
        status = ar_rows_value_named(rows, row, "kind", &kind, error);
    if (status != AR_OK)
        return status;
    self->sum += id;
    self->most = ar_rows_count(rows) > self->most ? ar_rows_count(rows) : self->most;
    if (strcmp(kind.as.text.data, id % 2 == 1 ? "even" : "odd") != 0)
        return ar_error_set(error, AR_E_TYPE, "a wrong text");
    return ++self->rows == self->stop_at ? ar_error_set(error, AR_E_VETOED, "enough") : AR_OK;
}

static ar_query *pairs(ar_db *on)
{
    return ar_sql(on, "select id, kind from items order by id");
}

static void structs_come_one_after_the_other(void **state)
{
    (void)state;
    seen s = { .rows = 0 };
    ok(Pair_stream(pairs(db), see_pair, &s, &err));
    assert_int_equal(s.rows, ITEMS);
    assert_int_equal(s.sum, ITEMS * (ITEMS + 1) / 2);
    s = (seen){ .stop_at = 300 };
    fails(Pair_stream(pairs(db), see_pair, &s, &err), AR_E_VETOED);
    assert_int_equal(s.rows, 300);
}

static void untyped_rows_come_one_after_the_other(void **state)
{
    (void)state;
    seen s = { .rows = 0 };
    ok(ar_query_rows_stream(pairs(db), see_row, &s, &err));
    assert_int_equal(s.rows, ITEMS);
    assert_int_equal(s.sum, ITEMS * (ITEMS + 1) / 2);
    assert_true(s.most < ITEMS);
    s = (seen){ .stop_at = 300 };
    fails(ar_query_rows_stream(pairs(db), see_row, &s, &err), AR_E_VETOED);
    assert_int_equal(s.rows, 300);
    ar_db *tx = ar_tx_begin(db, NULL);
    s = (seen){ .rows = 0 };
    ok(ar_query_rows_stream(pairs(tx), see_row, &s, &err));
    assert_int_equal(s.rows, ITEMS);
    ok(ar_tx_commit(&tx, &err));
    fails(ar_query_rows_stream(ar_sql(db, "delete from items"), see_row, &s, &err), AR_E_INVALID);
}

static void they_do_without_a_thread_that_waits(void **state)
{
    (void)state;
    seen s = { .rows = 0 };
    ar_cq *queue = NULL;
    ok(ar_cq_create(fixture_runtime(), &queue, &err));
    ar_done done = ar_query_rows_stream_async(pairs(db), ar_cq_executor(queue), see_row, &s);
    while (!ar_future_is_done(done.raw))
        ar_ignore(ar_cq_run(queue, 0, 1000, NULL, &err));
    ok(ar_done_await(&done, &err));
    assert_int_equal(s.rows, ITEMS);
    ar_cq_destroy(&queue);
}

static void untyped_rows_know_their_columns(void **state)
{
    (void)state;
    ar_rows *rows = NULL;
    ar_value value;
    ok(ar_query_rows(ar_sql(db, "select id, kind, null as empty_one from items order by id"), &rows, &err));
    assert_int_equal(ar_rows_count(rows), ITEMS);
    assert_int_equal(ar_rows_column_count(rows), 3);
    assert_string_equal(ar_rows_column_name(rows, 1), "kind");
    assert_int_equal(ar_rows_column_type(rows, 0), AR_TYPE_INT64);
    assert_int_equal(ar_rows_column_type(rows, 1), AR_TYPE_TEXT);
    assert_int_equal(ar_rows_column_type(rows, 2), AR_TYPE_NULL);
    assert_int_equal(ar_rows_column_type(rows, 3), AR_TYPE_NULL);
    ok(ar_rows_value_named(rows, 4, "id", &value, &err));
    assert_int_equal(value.as.integer, 5);
    fails(ar_rows_value_named(rows, 4, "none", &value, &err), AR_E_INVALID);
    fails(ar_rows_value_named(rows, ITEMS, "id", &value, &err), AR_E_INVALID);
    ar_rows_free(rows);
}

static ar_status read_structs(void)
{
    Stat_list list = { NULL, 0, NULL };
    ar_status status = Stat_all(stats(db), &list, &err);
    Stat_list_free(&list);
    return status;
}

static ar_status stream_rows(void)
{
    seen s = { .rows = 0 };
    ar_status status = ar_query_rows_stream(pairs(db), see_row, &s, &err);
    assert_true(status != AR_OK || s.rows == ITEMS);
    return status;
}

static ar_status (*running)(void);

static void works_again(void)
{
    ok(running());
}

static void refused_memory_is_an_error_like_any(void **state)
{
    static ar_status (*const all[])(void) = { read_structs, stream_rows };
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        running = all[i];
        works_again();
        fixture_each_refusal(running, works_again);
    }
}

#define WITH_ITEMS(test) cmocka_unit_test_setup(test, some_items)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_ITEMS(any_select_goes_into_a_struct_by_name),
        WITH_ITEMS(queries_of_a_model_go_into_a_struct_too),
        WITH_ITEMS(without_waiting),
        WITH_ITEMS(a_column_that_is_missing_is_reported),
        WITH_ITEMS(a_column_that_is_too_many_is_reported),
        WITH_ITEMS(a_value_of_another_type_is_reported),
        WITH_ITEMS(by_position_names_do_not_matter),
        WITH_ITEMS(a_row_type_has_no_table),
        WITH_ITEMS(structs_come_one_after_the_other),
        WITH_ITEMS(untyped_rows_come_one_after_the_other),
        WITH_ITEMS(they_do_without_a_thread_that_waits),
        WITH_ITEMS(untyped_rows_know_their_columns),
        WITH_ITEMS(refused_memory_is_an_error_like_any),
    };
    return fixture_main("row_types", tests, models);
}
