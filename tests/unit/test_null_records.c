/* SPDX-License-Identifier: MIT */
#include "tests/unit/null_arguments.h"

static void never_called(void *arg, ar_status status, const ar_error *error)
{
    (void)arg;
    (void)status;
    (void)error;
    complaints++;
}

static void never_called_rows(void *arg, ar_status status, ar_rows *rows, const ar_error *error)
{
    ar_rows_free(rows);
    never_called(arg, status, error);
}

static ar_status never_called_untyped(void *arg, const ar_rows *rows, size_t row, ar_error *error)
{
    (void)arg;
    (void)rows;
    (void)row;
    (void)error;
    fail();
    return AR_E_INVALID;
}

static ar_status never_called_row(void (*fn)(void), void *arg, void *row, ar_error *error)
{
    (void)fn;
    (void)row;
    never_called(arg, AR_OK, error);
    return AR_OK;
}

static void plain_function(void) {}

/* --- records --- */

static void records_without_a_database(void **state)
{
    (void)state;
    ar_record_list empty = { NULL, 0, NULL };
    ar_future *none = NULL;
    void *out;
    ar_record_list list;
    GIVES(NULL, ar_record_new, NULL);
    DOES_NOTHING(ar_record_free, NULL);
    ANSWERS(AR_E_INVALID, ar_record_keep, NULL);
    ar_failures failures;
    Pet valid = { .name = "Rex" };
    ANSWERS(AR_E_INVALID, ar_record_validate, NULL, &valid, &failures);
    ANSWERS(AR_E_INVALID, ar_record_validate, &Pet_model, NULL, &failures);
    ANSWERS(AR_OK, ar_record_validate, &Pet_model, &valid, NULL);
    ANSWERS(AR_E_INVALID, ar_record_validate_many, NULL, &valid, 1, &failures);
    ANSWERS(AR_E_INVALID, ar_record_validate_many, &Pet_model, NULL, 1, &failures);
    ANSWERS(AR_OK, ar_record_validate_many, &Pet_model, &valid, 1, NULL);
    GIVES(false, ar_record_is_new, NULL);
    GIVES(false, ar_record_is_changed, NULL);
    GIVES(0U, ar_record_differences, NULL, NULL, 0);
    GIVES(false, ar_record_has_changed, NULL, 0);
    GIVES(NULL, ar_record_original, NULL);
    ANSWERS(AR_E_INVALID, ar_record_reset, &Pet_model, NULL);
    ANSWERS(AR_E_INVALID, ar_record_reset, NULL, NULL);
    ANSWERS(AR_E_INVALID, ar_record_reset_member, &Pet_model, NULL, 0);
    ANSWERS(AR_E_INVALID, ar_record_reset_member, NULL, NULL, 0);
    DOES_NOTHING(ar_record_list_free, NULL);
    DOES_NOTHING(ar_record_list_free, &empty);
    ANSWERS(AR_E_INVALID, ar_record_await, NULL, -1, &out);
    ANSWERS(AR_E_INVALID, ar_record_await, &none, -1, &out);
    ANSWERS(AR_E_INVALID, ar_record_list_await, NULL, -1, &list);
    ANSWERS(AR_E_INVALID, ar_record_list_await, &none, -1, &list);
    ANSWERS(AR_E_INVALID, ar_record_take, NULL, &out);
    ANSWERS(AR_E_INVALID, ar_record_list_take, NULL, &list);
    ar_key key = ar_key(1);
    ar_future *found = ar_record_find_one_async(db, &Pet_model, &key),
              *lists = ar_query_all_async(Pet_query(db), &Pet_model);
    check_status("waiting", __LINE__, ar_future_wait(found, 10000, &err), AR_OK);
    check_status("waiting", __LINE__, ar_future_wait(lists, 10000, &err), AR_OK);
    ANSWERS(AR_E_INVALID, ar_record_take, found, NULL);
    ANSWERS(AR_E_INVALID, ar_record_list_take, lists, NULL);
    ANSWERS(AR_E_INVALID, ar_record_await, &found, -1, NULL);
    ANSWERS(AR_E_INVALID, ar_record_list_await, &lists, -1, NULL);
    ar_future_drop(&found);
    ar_future_drop(&lists);
    settle();
}

static void finding(void **state)
{
    (void)state;
    ar_key key = ar_key(1);
    void *out;
    ar_record_list list;
    ANSWERS(AR_E_INVALID, ar_record_find_one, NULL, &Pet_model, &key, &out);
    ANSWERS(AR_E_CLOSED, ar_record_find_one, stale, &Pet_model, &key, &out);
    ANSWERS(AR_E_INVALID, ar_record_find_one, db, NULL, &key, &out);
    ANSWERS(AR_E_INVALID, ar_record_find_one, db, &Pet_model, NULL, &out);
    ANSWERS(AR_E_INVALID, ar_record_find_one, db, &Pet_model, &key, NULL);
    COMES_TO_BARE(AR_E_INVALID, ar_record_find_one_async, NULL, &Pet_model, &key);
    COMES_TO_BARE(AR_E_CLOSED, ar_record_find_one_async, stale, &Pet_model, &key);
    COMES_TO_BARE(AR_E_INVALID, ar_record_find_one_async, db, NULL, &key);
    COMES_TO_BARE(AR_E_INVALID, ar_record_find_one_async, db, &Pet_model, NULL);
    ANSWERS(AR_E_INVALID, ar_record_find_for_update, NULL, &Pet_model, &key, &out);
    ANSWERS(AR_E_CLOSED, ar_record_find_for_update, stale, &Pet_model, &key, &out);
    ANSWERS(AR_E_INVALID, ar_record_find_for_update, db, NULL, &key, &out);
    ANSWERS(AR_E_INVALID, ar_record_find_for_update, db, &Pet_model, NULL, &out);
    ANSWERS(AR_E_INVALID, ar_record_find_for_update, db, &Pet_model, &key, NULL);
    COMES_TO_BARE(AR_E_INVALID, ar_record_find_for_update_async, NULL, &Pet_model, &key);
    COMES_TO_BARE(AR_E_CLOSED, ar_record_find_for_update_async, stale, &Pet_model, &key);
    COMES_TO_BARE(AR_E_INVALID, ar_record_find_for_update_async, db, NULL, &key);
    COMES_TO_BARE(AR_E_INVALID, ar_record_find_for_update_async, db, &Pet_model, NULL);
    ANSWERS(AR_E_INVALID, ar_record_find_many, NULL, &Pet_model, &key, 1, &list);
    ANSWERS(AR_E_CLOSED, ar_record_find_many, stale, &Pet_model, &key, 1, &list);
    ANSWERS(AR_E_INVALID, ar_record_find_many, db, NULL, &key, 1, &list);
    ANSWERS(AR_E_INVALID, ar_record_find_many, db, &Pet_model, NULL, 1, &list);
    ANSWERS(AR_E_INVALID, ar_record_find_many, db, &Pet_model, &key, 1, NULL);
    ANSWERS(AR_OK, ar_record_find_many, db, &Pet_model, NULL, 0, &list);
    COMES_TO_BARE(AR_E_INVALID, ar_record_find_many_async, NULL, &Pet_model, &key, 1);
    COMES_TO_BARE(AR_E_CLOSED, ar_record_find_many_async, stale, &Pet_model, &key, 1);
    COMES_TO_BARE(AR_E_INVALID, ar_record_find_many_async, db, NULL, &key, 1);
    COMES_TO_BARE(AR_E_INVALID, ar_record_find_many_async, db, &Pet_model, NULL, 1);
    ANSWERS(AR_E_INVALID, ar_record_find_in_place, NULL, &Pet_model, &key, 1, &list);
    ANSWERS(AR_E_CLOSED, ar_record_find_in_place, stale, &Pet_model, &key, 1, &list);
    ANSWERS(AR_E_INVALID, ar_record_find_in_place, db, NULL, &key, 1, &list);
    ANSWERS(AR_E_INVALID, ar_record_find_in_place, db, &Pet_model, NULL, 1, &list);
    ANSWERS(AR_E_INVALID, ar_record_find_in_place, db, &Pet_model, &key, 1, NULL);
    COMES_TO_BARE(AR_E_INVALID, ar_record_find_in_place_async, NULL, &Pet_model, &key, 1);
    COMES_TO_BARE(AR_E_CLOSED, ar_record_find_in_place_async, stale, &Pet_model, &key, 1);
    COMES_TO_BARE(AR_E_INVALID, ar_record_find_in_place_async, db, NULL, &key, 1);
    COMES_TO_BARE(AR_E_INVALID, ar_record_find_in_place_async, db, &Pet_model, NULL, 1);
    settle();
}

/* Verbs that take a handle, a model and a record. */
#define VERB(function, record)                                          \
    ANSWERS(AR_E_INVALID, function, NULL, &Pet_model, record);          \
    ANSWERS(AR_E_CLOSED, function, stale, &Pet_model, record);          \
    ANSWERS(AR_E_INVALID, function, db, NULL, record);                  \
    ANSWERS(AR_E_INVALID, function, db, &Pet_model, NULL);              \
    COMES_TO(AR_E_INVALID, function##_async, NULL, &Pet_model, record); \
    COMES_TO(AR_E_CLOSED, function##_async, stale, &Pet_model, record); \
    COMES_TO(AR_E_INVALID, function##_async, db, NULL, record);         \
    COMES_TO(AR_E_INVALID, function##_async, db, &Pet_model, NULL)

static void saving(void **state)
{
    (void)state;
    Pet *pet = Pet_new(), plain = { .name = "Rex" };
    assert_non_null(pet);
    VERB(ar_record_save, pet);
    VERB(ar_record_upsert, pet);
    check_status("ar_record_save", __LINE__, Pet_save(db, pet, &err), AR_OK);
    VERB(ar_record_refresh, pet);
    VERB(ar_record_delete, pet);
    VERB(ar_record_hard_delete, pet);
    VERB(ar_record_restore, pet);
    settle();
    VERB(ar_record_insert, &plain);
    plain.id = pet->id;
    VERB(ar_record_update, &plain);
    ANSWERS(AR_E_INVALID, ar_record_insert_many, NULL, &Pet_model, &plain, 1);
    ANSWERS(AR_E_CLOSED, ar_record_insert_many, stale, &Pet_model, &plain, 1);
    ANSWERS(AR_E_INVALID, ar_record_insert_many, db, NULL, &plain, 1);
    ANSWERS(AR_E_INVALID, ar_record_insert_many, db, &Pet_model, NULL, 1);
    ANSWERS(AR_OK, ar_record_insert_many, db, &Pet_model, NULL, 0);
    COMES_TO(AR_E_INVALID, ar_record_insert_many_async, NULL, &Pet_model, &plain, 1);
    COMES_TO(AR_E_CLOSED, ar_record_insert_many_async, stale, &Pet_model, &plain, 1);
    COMES_TO(AR_E_INVALID, ar_record_insert_many_async, db, NULL, &plain, 1);
    COMES_TO(AR_E_INVALID, ar_record_insert_many_async, db, &Pet_model, NULL, 1);
    ANSWERS(AR_E_INVALID, ar_record_upsert_with, NULL, &Pet_model, pet, NULL);
    ANSWERS(AR_E_CLOSED, ar_record_upsert_with, stale, &Pet_model, pet, NULL);
    ANSWERS(AR_E_INVALID, ar_record_upsert_with, db, NULL, pet, NULL);
    ANSWERS(AR_E_INVALID, ar_record_upsert_with, db, &Pet_model, NULL, NULL);
    ANSWERS(AR_OK, ar_record_upsert_with, db, &Pet_model, pet, NULL);
    COMES_TO(AR_E_INVALID, ar_record_upsert_with_async, NULL, &Pet_model, pet, NULL);
    COMES_TO(AR_E_CLOSED, ar_record_upsert_with_async, stale, &Pet_model, pet, NULL);
    COMES_TO(AR_E_INVALID, ar_record_upsert_with_async, db, NULL, pet, NULL);
    COMES_TO(AR_E_INVALID, ar_record_upsert_with_async, db, &Pet_model, NULL, NULL);
    Pet_free(pet);
    settle();
}

/* Verbs that take an array of something, how many, and `more`. */
#define MANY(function, array, ...)                                            \
    ANSWERS(AR_E_INVALID, function, NULL, &Pet_model, array, 1, __VA_ARGS__); \
    ANSWERS(AR_E_CLOSED, function, stale, &Pet_model, array, 1, __VA_ARGS__); \
    ANSWERS(AR_E_INVALID, function, db, NULL, array, 1, __VA_ARGS__);         \
    ANSWERS(AR_E_INVALID, function, db, &Pet_model, NULL, 1, __VA_ARGS__);    \
    ANSWERS(AR_OK, function, db, &Pet_model, NULL, 0, __VA_ARGS__)
#define MANY_LATER(function, ...)                                \
    COMES_TO(AR_E_INVALID, function##_async, NULL, __VA_ARGS__); \
    COMES_TO(AR_E_CLOSED, function##_async, stale, __VA_ARGS__)

static void many_at_once(void **state)
{
    (void)state;
    Pet plain = { .name = "Rex" };
    Pet *none[] = { NULL };
    ar_key key = ar_key(1);
    int64_t count;
    ar_executor *executor = ar_runtime_executor(runtime);
    MANY(ar_record_insert_each, &plain, NULL, NULL, &count);
    MANY(ar_record_insert_each, &plain, NULL, NULL, NULL);
    MANY_LATER(ar_record_insert_each, &Pet_model, &plain, 1, executor, NULL, NULL);
    COMES_TO(AR_E_INVALID, ar_record_insert_each_async, db, &Pet_model, NULL, 1, executor, NULL, NULL);
    COMES_TO(AR_E_INVALID, ar_record_insert_each_async, db, &Pet_model, &plain, 1, NULL, NULL, NULL);
    MANY(ar_record_upsert_many, &plain, NULL);
    MANY_LATER(ar_record_upsert_many, &Pet_model, &plain, 1, NULL);
    COMES_TO(AR_E_INVALID, ar_record_upsert_many_async, db, &Pet_model, NULL, 1, NULL);
    MANY(ar_record_update_many, &plain, NULL, &count);
    MANY(ar_record_update_many, &plain, NULL, NULL);
    MANY_LATER(ar_record_update_many, &Pet_model, &plain, 1, NULL);
    COMES_TO(AR_E_INVALID, ar_record_update_many_async, db, &Pet_model, NULL, 1, NULL);
    MANY(ar_record_delete_many, &key, &count);
    MANY(ar_record_delete_many, &key, NULL);
    MANY_LATER(ar_record_delete_many, &Pet_model, &key, 1);
    COMES_TO(AR_E_INVALID, ar_record_delete_many_async, db, &Pet_model, NULL, 1);
    ANSWERS(AR_E_INVALID, ar_record_save_many, NULL, &Pet_model, none, 1);
    ANSWERS(AR_E_CLOSED, ar_record_save_many, stale, &Pet_model, none, 1);
    ANSWERS(AR_E_INVALID, ar_record_save_many, db, NULL, none, 1);
    ANSWERS(AR_E_INVALID, ar_record_save_many, db, &Pet_model, NULL, 1);
    ANSWERS(AR_E_INVALID, ar_record_save_many, db, &Pet_model, none, 1);
    MANY_LATER(ar_record_save_many, &Pet_model, none, 1);
    COMES_TO(AR_E_INVALID, ar_record_save_many_async, db, &Pet_model, NULL, 1);
    settle();
}

/* --- changing rows without reading them --- */

static ar_query *changing_all(ar_db *handle)
{
    ar_query *query = Pet_query(handle);
    ar_query_everything(query);
    ar_query_set(query, AR_SET(Pet, name, "Rex"));
    return query;
}

static void changing(void **state)
{
    (void)state;
    ar_key key = ar_key(1);
    ar_change change = AR_SET(Pet, name, "Rex"), none = { 0 };
    int64_t rows;
    cover("ar_query_set_list");
    ar_query_set_list(NULL, &change, 1);
    ar_query *query = changing_all(db);
    ar_query_set_list(query, NULL, 1);
    ANSWERS(AR_E_INVALID, ar_query_update_all, NULL, &rows);
    check_status("ar_query_set_list", __LINE__, ar_query_update_all(query, &rows, &err), AR_E_INVALID);
    query = changing_all(db);
    ar_query_set_list(query, &none, 1);
    check_status("ar_query_set_list", __LINE__, ar_query_update_all(query, &rows, &err), AR_E_INVALID);
    DOES_NOTHING(ar_query_everything, NULL);
    ANSWERS(AR_OK, ar_query_update_all, changing_all(db), NULL);
    ANSWERS(AR_E_CLOSED, ar_query_update_all, changing_all(stale), &rows);
    COMES_TO(AR_E_INVALID, ar_query_update_all_async, NULL);
    COMES_TO(AR_E_CLOSED, ar_query_update_all_async, changing_all(stale));
    ANSWERS(AR_E_INVALID, ar_query_delete_all, NULL, &rows);
    ANSWERS(AR_E_CLOSED, ar_query_delete_all, Pet_query(stale), &rows);
    COMES_TO(AR_E_INVALID, ar_query_delete_all_async, NULL);
    COMES_TO(AR_E_CLOSED, ar_query_delete_all_async, Pet_query(stale));
    ANSWERS(AR_E_INVALID, ar_record_change, NULL, &Pet_model, &key, &change, 1);
    ANSWERS(AR_E_CLOSED, ar_record_change, stale, &Pet_model, &key, &change, 1);
    ANSWERS(AR_E_INVALID, ar_record_change, db, NULL, &key, &change, 1);
    ANSWERS(AR_E_INVALID, ar_record_change, db, &Pet_model, NULL, &change, 1);
    ANSWERS(AR_E_INVALID, ar_record_change, db, &Pet_model, &key, NULL, 1);
    COMES_TO(AR_E_INVALID, ar_record_change_async, NULL, &Pet_model, &key, &change, 1);
    COMES_TO(AR_E_CLOSED, ar_record_change_async, stale, &Pet_model, &key, &change, 1);
    COMES_TO(AR_E_INVALID, ar_record_change_async, db, NULL, &key, &change, 1);
    COMES_TO(AR_E_INVALID, ar_record_change_async, db, &Pet_model, NULL, &change, 1);
    COMES_TO(AR_E_INVALID, ar_record_change_async, db, &Pet_model, &key, NULL, 1);
    settle();
}

#define TABLE(function)                                         \
    ANSWERS(AR_E_INVALID, function, NULL, &Pet_model);          \
    ANSWERS(AR_E_CLOSED, function, stale, &Pet_model);          \
    ANSWERS(AR_E_INVALID, function, db, NULL);                  \
    COMES_TO(AR_E_INVALID, function##_async, NULL, &Pet_model); \
    COMES_TO(AR_E_CLOSED, function##_async, stale, &Pet_model); \
    COMES_TO(AR_E_INVALID, function##_async, db, NULL)

static void tables(void **state)
{
    (void)state;
    TABLE(ar_table_create);
    TABLE(ar_table_create_if_missing);
    TABLE(ar_table_drop);
    TABLE(ar_table_drop_if_exists);
    settle();
}

/* --- queries --- */

/* A builder does nothing to no query, and keeps what is wrong with its arguments for the terminal. */
#define BUILDER(function, ...)                                     \
    do {                                                           \
        ar_query *query_ = Pet_query(db);                          \
        int64_t count_;                                            \
        cover(#function);                                          \
        function(NULL, __VA_ARGS__);                               \
        function(query_, __VA_ARGS__);                             \
        poison_error();                                            \
        ar_status status_ = ar_query_count(query_, &count_, &err); \
        check_status(#function, __LINE__, status_, AR_E_INVALID);  \
        check_error(#function, __LINE__, status_);                 \
    } while (0)

static void builders(void **state)
{
    (void)state;
    ar_predicate predicate = AR_EQ(Pet, name, "Rex");
    ar_value value = ar_bind(1);
    ar_query_filter_list(NULL, &predicate, 1);
    BUILDER(ar_query_filter_list, NULL, 1);
    ar_query_where_sql(NULL, "id = ?", &value, 1);
    BUILDER(ar_query_where_sql, NULL, &value, 1);
    BUILDER(ar_query_where_sql, "id = ?", NULL, 1);
    ar_query_having_sql(NULL, "id = ?", &value, 1);
    BUILDER(ar_query_having_sql, NULL, &value, 1);
    BUILDER(ar_query_having_sql, "id = ?", NULL, 1);
    BUILDER(ar_query_order_by, NULL);
    BUILDER(ar_query_group_by, NULL);
    BUILDER(ar_query_select, NULL);
    BUILDER(ar_query_select_count, NULL, "n");
    BUILDER(ar_query_select_count, "id", NULL);
    BUILDER(ar_query_select_sum, NULL, "n");
    BUILDER(ar_query_select_sum, "id", NULL);
    BUILDER(ar_query_select_avg, NULL, "n");
    BUILDER(ar_query_select_avg, "id", NULL);
    BUILDER(ar_query_select_min, NULL, "n");
    BUILDER(ar_query_select_min, "id", NULL);
    BUILDER(ar_query_select_max, NULL, "n");
    BUILDER(ar_query_select_max, "id", NULL);
    BUILDER(ar_query_limit, -1);
    BUILDER(ar_query_offset, -1);
    DOES_NOTHING(ar_query_or, NULL);
    DOES_NOTHING(ar_query_with_deleted, NULL);
    DOES_NOTHING(ar_query_only_deleted, NULL);
    DOES_NOTHING(ar_query_unscoped, NULL);
    DOES_NOTHING(ar_query_free, NULL);
    predicate.member = NULL;
    ar_query *query = Pet_query(db);
    ar_query_filter_list(query, &predicate, 1);
    ar_query_free(query);
    predicate.model = NULL;
    BUILDER(ar_query_filter_list, &predicate, 1);
    settle();
}

static void builders_of_more_than_one_table(void **state)
{
    (void)state;
    const ar_predicate on[] = { AR_ON(Pet, id, Pet, id), AR_GROUP_(AR_COMPARE_END) };
    const ar_expr nothing = ar_expr_of_(AR_EXPR_END);
    const ar_value too_large = ar_bind(UINT64_MAX);
    BUILDER(ar_query_alias, NULL);
    BUILDER(ar_query_join_on, AR_INNER_JOIN, NULL, "p", on);
    BUILDER(ar_query_join_on, AR_INNER_JOIN, &Pet_model, NULL, on);
    BUILDER(ar_query_join_on, AR_INNER_JOIN, &Pet_model, "p", NULL);
    BUILDER(ar_query_select_expr, NULL, "n");
    BUILDER(ar_query_select_expr, AR_EXPRS_(AR_COUNT_ROWS), NULL);
    BUILDER(ar_query_select_expr, &nothing, "n");
    BUILDER(ar_query_order_expr, NULL);
    BUILDER(ar_query_group_expr, NULL);
    BUILDER(ar_query_having_list, NULL);
    BUILDER(ar_query_combine, AR_UNION, NULL);
    BUILDER(ar_query_with_query, NULL, Pet_query(db));
    BUILDER(ar_query_with_query, &Pet_model, NULL);
    BUILDER(ar_query_with_steps, NULL, AR_UNION, Pet_query(db), Pet_query(db));
    BUILDER(ar_query_with_steps, &Pet_model, AR_UNION, NULL, Pet_query(db));
    BUILDER(ar_query_with_steps, &Pet_model, AR_UNION, Pet_query(db), NULL);
    BUILDER(ar_query_after_values, NULL, 1);
    BUILDER(ar_query_after_values, &too_large, 1);
    BUILDER(ar_query_before_values, NULL, 1);
    BUILDER(ar_query_page, 0, 1);
    BUILDER(ar_query_lock, AR_LOCK_UPDATE, AR_LOCK_WAIT);
    DOES_NOTHING(ar_query_distinct, NULL);
    settle();
}

static void values_of_a_query(void **state)
{
    (void)state;
    int64_t number, *numbers;
    size_t count;
    ar_rows *rows;
    ar_rows_future none = { NULL };
    char sql[8];
    ar_query *query = Pet_query(db);
    ANSWERS(AR_E_INVALID, ar_query_to_sql, NULL, sql, sizeof sql, &count, &count);
    ANSWERS(AR_E_INVALID, ar_query_to_sql, query, NULL, sizeof sql, &count, &count);
    ANSWERS(AR_OK, ar_query_to_sql, query, NULL, 0, NULL, NULL);
    ar_query_free(query);
    cover("ar_query_clone");
    ANSWERS(AR_E_INVALID, ar_query_rows, ar_query_clone(NULL), &rows);
    ANSWERS(AR_E_INVALID, ar_query_explain, NULL, &rows);
    ANSWERS(AR_E_INVALID, ar_query_explain, Pet_query(db), NULL);
    ANSWERS(AR_E_CLOSED, ar_query_explain, Pet_query(stale), &rows);
    COMES_TO(AR_E_INVALID, ar_query_explain_async, NULL);
    ANSWERS(AR_E_INVALID, ar_query_scalar_as, NULL, AR_KIND_INT64, &number);
    ANSWERS(AR_E_INVALID, ar_query_scalar_as, Pet_query(db), AR_KIND_INT64, NULL);
    ANSWERS(AR_E_CLOSED, ar_query_scalar_as, Pet_query(stale), AR_KIND_INT64, &number);
    COMES_TO(AR_E_INVALID, ar_query_scalar_async, NULL);
    ANSWERS(AR_E_INVALID, ar_scalar_await_as, NULL, AR_KIND_INT64, &number);
    ANSWERS(AR_E_INVALID, ar_scalar_await_as, &none, AR_KIND_INT64, &number);
    ANSWERS(AR_E_INVALID, ar_query_pluck_as, NULL, AR_KIND_INT64, &numbers, &count);
    ANSWERS(AR_E_INVALID, ar_query_pluck_as, Pet_query(db), AR_KIND_INT64, NULL, &count);
    ANSWERS(AR_E_INVALID, ar_query_pluck_as, Pet_query(db), AR_KIND_INT64, &numbers, NULL);
    ANSWERS(AR_E_INVALID, ar_pluck_await_as, NULL, AR_KIND_INT64, &numbers, &count);
    ANSWERS(AR_E_INVALID, ar_pluck_await_as, &none, AR_KIND_INT64, &numbers, &count);
    ar_rows_future rows_later = ar_query_rows_async(Pet_query(db));
    check_status("ar_pluck_await_as", __LINE__, ar_pluck_await_as(&rows_later, AR_KIND_INT64, NULL, &count, &err),
                 AR_E_INVALID);
    DOES_NOTHING(ar_array_free, NULL);
    settle();
}

static void queries(void **state)
{
    (void)state;
    ar_rows *rows;
    int64_t number;
    bool exists;
    ANSWERS(AR_E_INVALID, ar_query_rows, ar_query_create(db, NULL), &rows);
    ANSWERS(AR_E_INVALID, ar_query_rows, ar_sql_text(db, NULL, NULL, 0), &rows);
    ANSWERS(AR_E_INVALID, ar_query_rows, ar_sql_text(db, "select ?", NULL, 1), &rows);
    cover("ar_query_create");
    cover("ar_sql_text");
    ANSWERS(AR_E_INVALID, ar_query_rows, NULL, &rows);
    ANSWERS(AR_E_INVALID, ar_query_rows, Pet_query(db), NULL);
    ANSWERS(AR_E_INVALID, ar_query_count, NULL, &number);
    ANSWERS(AR_E_INVALID, ar_query_count, Pet_query(db), NULL);
    ANSWERS(AR_E_INVALID, ar_query_exists, NULL, &exists);
    ANSWERS(AR_E_INVALID, ar_query_exists, Pet_query(db), NULL);
    ANSWERS(AR_E_INVALID, ar_query_exec, NULL, &number);
    ANSWERS(AR_OK, ar_query_exec, ar_sql(db, "delete from pets"), NULL);
    COMES_TO(AR_E_INVALID, ar_query_rows_async, NULL);
    COMES_TO(AR_E_INVALID, ar_query_count_async, NULL);
    COMES_TO(AR_E_INVALID, ar_query_exists_async, NULL);
    COMES_TO(AR_E_INVALID, ar_query_exec_async, NULL);
    COMES_TO(AR_E_CLOSED, ar_query_rows_async, Pet_query(stale));
    COMES_TO(AR_E_CLOSED, ar_query_count_async, Pet_query(stale));
    COMES_TO(AR_E_CLOSED, ar_query_exists_async, Pet_query(stale));
    COMES_TO(AR_E_CLOSED, ar_query_exec_async, ar_sql(stale, "select 1"));
    settle();
}

static void terminals(void **state)
{
    (void)state;
    void *out;
    ar_record_list list;
    ar_executor *executor = ar_runtime_executor(runtime);
    ANSWERS(AR_E_INVALID, ar_query_one, NULL, &Pet_model, &out);
    ANSWERS(AR_E_INVALID, ar_query_one, Pet_query(db), NULL, &out);
    ANSWERS(AR_E_INVALID, ar_query_one, Pet_query(db), &Pet_model, NULL);
    ANSWERS(AR_E_CLOSED, ar_query_one, Pet_query(stale), &Pet_model, &out);
    COMES_TO_BARE(AR_E_INVALID, ar_query_one_async, NULL, &Pet_model);
    COMES_TO_BARE(AR_E_INVALID, ar_query_one_async, Pet_query(db), NULL);
    ANSWERS(AR_E_INVALID, ar_query_first, NULL, &Pet_model, &out);
    ANSWERS(AR_E_INVALID, ar_query_first, Pet_query(db), NULL, &out);
    ANSWERS(AR_E_INVALID, ar_query_first, Pet_query(db), &Pet_model, NULL);
    COMES_TO_BARE(AR_E_INVALID, ar_query_first_async, NULL, &Pet_model);
    COMES_TO_BARE(AR_E_INVALID, ar_query_first_async, Pet_query(db), NULL);
    ANSWERS(AR_E_INVALID, ar_query_all, NULL, &Pet_model, &list);
    ANSWERS(AR_E_INVALID, ar_query_all, Pet_query(db), NULL, &list);
    ANSWERS(AR_E_INVALID, ar_query_all, Pet_query(db), &Pet_model, NULL);
    COMES_TO_BARE(AR_E_INVALID, ar_query_all_async, NULL, &Pet_model);
    COMES_TO_BARE(AR_E_INVALID, ar_query_all_async, Pet_query(db), NULL);
    ANSWERS(AR_E_INVALID, ar_query_stream, NULL, &Pet_model, never_called_row, plain_function, NULL);
    ANSWERS(AR_E_INVALID, ar_query_stream, Pet_query(db), NULL, never_called_row, plain_function, NULL);
    ANSWERS(AR_E_INVALID, ar_query_stream, Pet_query(db), &Pet_model, NULL, plain_function, NULL);
    ANSWERS(AR_E_INVALID, ar_query_stream, Pet_query(db), &Pet_model, never_called_row, NULL, NULL);
    ANSWERS(AR_E_INVALID, ar_query_rows_stream, NULL, never_called_untyped, NULL);
    ANSWERS(AR_E_INVALID, ar_query_rows_stream, Pet_query(db), NULL, NULL);
    COMES_TO(AR_E_INVALID, ar_query_rows_stream_async, NULL, executor, never_called_untyped, NULL);
    COMES_TO(AR_E_INVALID, ar_query_rows_stream_async, Pet_query(db), NULL, never_called_untyped, NULL);
    COMES_TO(AR_E_INVALID, ar_query_rows_stream_async, Pet_query(db), executor, NULL, NULL);
    COMES_TO(AR_E_INVALID, ar_query_stream_async, NULL, &Pet_model, executor, never_called_row, plain_function, NULL);
    COMES_TO(AR_E_INVALID, ar_query_stream_async, Pet_query(db), NULL, executor, never_called_row, plain_function,
             NULL);
    COMES_TO(AR_E_INVALID, ar_query_stream_async, Pet_query(db), &Pet_model, NULL, never_called_row, plain_function,
             NULL);
    COMES_TO(AR_E_INVALID, ar_query_stream_async, Pet_query(db), &Pet_model, executor, NULL, plain_function, NULL);
    COMES_TO(AR_E_INVALID, ar_query_stream_async, Pet_query(db), &Pet_model, executor, never_called_row, NULL, NULL);
    settle();
}

static void relations(void **state)
{
    (void)state;
    void *out;
    ar_key key = ar_key(1);
    ar_related none = { .count = 0 };
    ar_path path = ar_path_of(__FILE__, __LINE__, &Pet_model, 0, "id"); /* which is no relation */
    Pet *pet = Pet_new(), *no_pet = NULL;
    ANSWERS(AR_E_INVALID, ar_related_one, NULL, "pet");
    ANSWERS(AR_E_NOT_LOADED, ar_related_one, &none, NULL);
    ANSWERS(AR_E_INVALID, ar_related_many, NULL, "pets");
    ANSWERS(AR_E_NOT_LOADED, ar_related_many, &none, NULL);
    GIVES(false, ar_related_is_loaded, NULL);
    DOES_NOTHING(ar_query_include, NULL, path);
    ANSWERS(AR_E_INVALID, ar_record_find_one_with, NULL, &Pet_model, &key, path, &out);
    ANSWERS(AR_E_CLOSED, ar_record_find_one_with, stale, &Pet_model, &key, path, &out);
    ANSWERS(AR_E_INVALID, ar_record_find_one_with, db, NULL, &key, path, &out);
    ANSWERS(AR_E_INVALID, ar_record_find_one_with, db, &Pet_model, NULL, path, &out);
    ANSWERS(AR_E_INVALID, ar_record_find_one_with, db, &Pet_model, &key, path, NULL);
    COMES_TO_BARE(AR_E_INVALID, ar_record_find_one_with_async, NULL, &Pet_model, &key, path);
    COMES_TO_BARE(AR_E_INVALID, ar_record_find_one_with_async, db, NULL, &key, path);
    COMES_TO_BARE(AR_E_INVALID, ar_record_find_one_with_async, db, &Pet_model, NULL, path);
    ANSWERS(AR_E_INVALID, ar_relation_load, NULL, &pet, 1, path);
    ANSWERS(AR_E_CLOSED, ar_relation_load, stale, &pet, 1, path);
    ANSWERS(AR_E_INVALID, ar_relation_load, db, NULL, 1, path);
    ANSWERS(AR_E_INVALID, ar_relation_load, db, &no_pet, 1, path);
    ANSWERS(AR_E_INVALID, ar_relation_load, db, &pet, 1, path);
    COMES_TO(AR_E_INVALID, ar_relation_load_async, NULL, &pet, 1, path);
    COMES_TO(AR_E_CLOSED, ar_relation_load_async, stale, &pet, 1, path);
    COMES_TO(AR_E_INVALID, ar_relation_load_async, db, NULL, 1, path);
    COMES_TO(AR_E_INVALID, ar_relation_load_async, db, &no_pet, 1, path);
    Pet_free(pet);
    settle();
}

#define GETTER(function, type)                                              \
    do {                                                                    \
        type out_;                                                          \
        ANSWERS(AR_E_INVALID, function, NULL, 0, 0, &out_);                 \
        ANSWERS(AR_E_INVALID, function, rows, 0, 0, NULL);                  \
        ANSWERS(AR_E_INVALID, function, rows, 1, 0, &out_);                 \
        ANSWERS(AR_E_INVALID, function, rows, 0, AR_ROWS_NO_COLUMN, &out_); \
    } while (0)

static void rows_of_values(void **state)
{
    (void)state;
    ar_rows *rows = NULL, *out;
    ar_rows_future no_rows = { NULL };
    ar_value named;
    ar_executor *executor = ar_runtime_executor(runtime);
    assert_int_equal(ar_query_rows(ar_sql(db, "select 1 as a"), &rows, &err), AR_OK);
    GIVES(0U, ar_rows_count, NULL);
    GIVES(0U, ar_rows_column_count, NULL);
    GIVES(NULL, ar_rows_column_name, NULL, 0);
    GIVES(NULL, ar_rows_column_name, rows, 1);
    GIVES(AR_ROWS_NO_COLUMN, ar_rows_column_index, NULL, "a");
    GIVES(AR_ROWS_NO_COLUMN, ar_rows_column_index, rows, NULL);
    GIVES(AR_TYPE_NULL, ar_rows_column_type, NULL, 0);
    GIVES(AR_TYPE_NULL, ar_rows_column_type, rows, 1);
    ANSWERS(AR_E_INVALID, ar_rows_value_named, NULL, 0, "a", &named);
    ANSWERS(AR_E_INVALID, ar_rows_value_named, rows, 0, NULL, &named);
    ANSWERS(AR_E_INVALID, ar_rows_value_named, rows, 0, "a", NULL);
    GIVES(true, ar_rows_is_null, NULL, 0, 0);
    GIVES(true, ar_rows_is_null, rows, 1, 1);
    GETTER(ar_rows_value, ar_value);
    GETTER(ar_rows_int64, int64_t);
    GETTER(ar_rows_int32, int32_t);
    GETTER(ar_rows_bool, bool);
    GETTER(ar_rows_double, double);
    GETTER(ar_rows_decimal, ar_decimal);
    GETTER(ar_rows_timestamp, ar_timestamp);
    GETTER(ar_rows_date, ar_date);
    GETTER(ar_rows_time, ar_time);
    GETTER(ar_rows_uuid, ar_uuid);
    GETTER(ar_rows_text, const char *);
    GETTER(ar_rows_bytes, ar_bytes);
    GETTER(ar_rows_json, ar_json);
    ar_rows_free(rows);
    DOES_NOTHING(ar_rows_free, NULL);
    ANSWERS(AR_E_INVALID, ar_rows_await, NULL, &out);
    ANSWERS(AR_E_INVALID, ar_rows_await, &no_rows, &out);
    ANSWERS(AR_E_INVALID, ar_rows_await_for, NULL, 0, &out);
    ANSWERS(AR_E_INVALID, ar_rows_await_for, &no_rows, 0, &out);
    ar_rows_future some = ar_query_rows_async(Pet_query(db));
    ANSWERS(AR_E_INVALID, ar_rows_await_for, &some, 10000, NULL);
    ar_future_drop(&some.raw);
    some = ar_query_rows_async(Pet_query(db));
    ANSWERS(AR_E_INVALID, ar_rows_then, NULL, executor, never_called_rows, NULL);
    ANSWERS(AR_E_INVALID, ar_rows_then, &no_rows, executor, never_called_rows, NULL);
    ANSWERS(AR_E_INVALID, ar_rows_then, &some, NULL, never_called_rows, NULL);
    ANSWERS(AR_E_INVALID, ar_rows_then, &some, executor, NULL, NULL);
    assert_non_null(some.raw);
    ar_future_drop(&some.raw);
    settle();
}

/* --- models and backends: NULL inside what is given --- */

static void models_with_nothing_in_them(void **state)
{
    (void)state;
    static const ar_column column = {
        .member = "id", .size = sizeof(int64_t), .kind = AR_KIND_INT64, .flags = AR_PRIMARY_KEY
    };
    static const ar_column nameless = { .size = sizeof(int64_t), .kind = AR_KIND_INT64, .flags = AR_PRIMARY_KEY };
    static const ar_model whole = { .struct_size = sizeof(ar_model),
                                    .name = "Nil",
                                    .table = "nils",
                                    .record_size = sizeof(int64_t),
                                    .record_alignment = sizeof(int64_t),
                                    .columns = &column,
                                    .column_size = sizeof column,
                                    .column_count = 1 };
    static ar_model broken[7];
    for (size_t i = 0; i < 7; i++)
        broken[i] = whole;
    broken[0].table = NULL;
    broken[1].columns = NULL;
    broken[2].columns = &nameless;
    broken[3].struct_size = 0;
    broken[4].column_count = 0;
    broken[5].record_size = 4;
    broken[6].column_size = 0;
    for (size_t i = 0; i < 7; i++) {
        void *out;
        ANSWERS(AR_E_INVALID, ar_table_create, db, &broken[i]);
        ANSWERS(AR_E_INVALID, ar_query_first, ar_query_create(db, &broken[i]), &broken[i], &out);
        ar_record_free(ar_record_new(&broken[i]));
    }
    settle();
}

static void no_function_is_forgotten(void **state)
{
    (void)state;
    check_none_forgotten(OF_RECORDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(records_without_a_database, set_up, tear_down),
        cmocka_unit_test_setup_teardown(finding, set_up, tear_down),
        cmocka_unit_test_setup_teardown(saving, set_up, tear_down),
        cmocka_unit_test_setup_teardown(many_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(changing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(tables, set_up, tear_down),
        cmocka_unit_test_setup_teardown(builders, set_up, tear_down),
        cmocka_unit_test_setup_teardown(builders_of_more_than_one_table, set_up, tear_down),
        cmocka_unit_test_setup_teardown(values_of_a_query, set_up, tear_down),
        cmocka_unit_test_setup_teardown(queries, set_up, tear_down),
        cmocka_unit_test_setup_teardown(terminals, set_up, tear_down),
        cmocka_unit_test_setup_teardown(relations, set_up, tear_down),
        cmocka_unit_test_setup_teardown(rows_of_values, set_up, tear_down),
        cmocka_unit_test_setup_teardown(models_with_nothing_in_them, set_up, tear_down),
        cmocka_unit_test(no_function_is_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
