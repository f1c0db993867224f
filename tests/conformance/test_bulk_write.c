/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <actrec/decimal.h>

#include "tests/support/fixture.h"

/* Updating, upserting, saving and deleting many rows at once. */

typedef struct Item {
    int64_t id;
    const char *code;
    const char *name;
    int32_t amount;
    ar_decimal price;
    ar_opt_double weight;
    ar_bytes data;
    ar_uuid uuid;
    bool flag;
    ar_timestamp created_at;
    ar_timestamp updated_at;
} Item;

AR_MODEL_DECLARE(Item);
AR_MODEL_DEFINE(Item, "items", AR_COLUMN(Item, id, AR_PRIMARY_KEY | AR_AUTO), AR_COLUMN(Item, code, AR_UNIQUE),
                AR_COLUMN(Item, name), AR_COLUMN(Item, amount), AR_COLUMN(Item, price), AR_COLUMN(Item, weight),
                AR_COLUMN(Item, data), AR_COLUMN(Item, uuid), AR_COLUMN(Item, flag),
                AR_COLUMN(Item, created_at, AR_CREATED_AT), AR_COLUMN(Item, updated_at, AR_UPDATED_AT));

/* Two columns of key, one of them a decimal. */
typedef struct Rate {
    ar_decimal level;
    const char *region;
    int32_t percent;
} Rate;

AR_MODEL_DECLARE(Rate);
AR_MODEL_DEFINE(Rate, "rates", AR_COLUMN(Rate, level, AR_PRIMARY_KEY), AR_COLUMN(Rate, region, AR_PRIMARY_KEY),
                AR_COLUMN(Rate, percent));

typedef struct Versioned {
    int64_t id;
    int32_t n;
    int64_t version;
} Versioned;

AR_MODEL_DECLARE(Versioned);
AR_MODEL_DEFINE(Versioned, "versioned", AR_COLUMN(Versioned, id, AR_PRIMARY_KEY | AR_AUTO), AR_COLUMN(Versioned, n),
                AR_COLUMN(Versioned, version, AR_VERSION));

static const ar_model *const models[] = { &Item_model, &Rate_model, &Versioned_model };

enum { CODE = 32 };

typedef struct items {
    Item *rows;
    char (*codes)[CODE];
    ar_key *keys;
    size_t count;
} items;

static items make_items(size_t count)
{
    items made = { .rows = test_calloc(count, sizeof(Item)),
                   .codes = test_calloc(count, CODE),
                   .keys = test_calloc(count, sizeof(ar_key)),
                   .count = count };
    for (size_t i = 0; i < count; i++) {
        snprintf(made.codes[i], CODE, "code %zu", i);
        made.rows[i] =
            (Item){ .code = made.codes[i], .name = "old", .amount = (int32_t)i, .price = ar_decimal_of(5, 1) };
    }
    return made;
}

static void set_keys(items *made)
{
    for (size_t i = 0; i < made->count; i++)
        made->keys[i] = ar_key(made->rows[i].id);
}

static void free_items(items *made)
{
    test_free(made->keys);
    test_free(made->codes);
    test_free(made->rows);
}

static int64_t count_items(void)
{
    int64_t count = -1;
    ok(ar_query_count(Item_query(db), &count, &err));
    return count;
}

static void change_items(const items *made)
{
    for (size_t i = 0; i < made->count; i++) {
        Item *row = &made->rows[i];
        row->name = i % 3 == 0 ? NULL : "it's {\"new\"} \\ ?";
        row->amount += 1000;
        row->price = ar_decimal_of((int64_t)i * 10 + 50, 2);
        row->weight = (ar_opt_double){ .has = i % 2 == 0, .value = i % 2 == 0 ? (double)i / 3 : 0 };
        row->data = i % 4 == 0 ? (ar_bytes){ NULL, 0 } : (ar_bytes){ "\0'\xff", i % 4 };
        row->uuid.bytes[0] = (uint8_t)i;
        row->flag = i % 2 == 0;
    }
}

static void check_items(const items *made)
{
    Item_list list;
    ok(Item_find_in_place(db, made->keys, made->count, &list, &err));
    for (size_t i = 0; i < made->count; i++) {
        const Item *want = &made->rows[i], *got = list.items[i];
        assert_non_null(got);
        assert_string_equal(want->code, got->code);
        assert_true((want->name == NULL) == (got->name == NULL));
        if (want->name != NULL)
            assert_string_equal(want->name, got->name);
        assert_int_equal(want->amount, got->amount);
        assert_true(want->price.low == got->price.low && want->price.scale == got->price.scale);
        assert_int_equal(want->weight.has, got->weight.has);
        assert_true(want->weight.value == got->weight.value);
        assert_int_equal(want->data.length, got->data.length);
        assert_true((want->data.data == NULL) == (got->data.data == NULL));
        assert_memory_equal(&want->uuid, &got->uuid, sizeof got->uuid);
        assert_int_equal(want->flag, got->flag);
        assert_int_equal(want->created_at.us, got->created_at.us);
        assert_int_equal(want->updated_at.us, got->updated_at.us);
    }
    Item_list_free(&list);
}

static void all_columns_of_many_rows_are_updated(void **state)
{
    (void)state;
    static const size_t counts[] = { 1, 2, 300, 1500 };
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        int64_t updated = -1;
        items made = make_items(counts[i]);
        ok(Item_insert_many(db, made.rows, made.count, &err));
        set_keys(&made);
        change_items(&made);
        ok(Item_update_many(db, made.rows, made.count, AR_ALL_MEMBERS, &updated, &err));
        assert_int_equal(updated, made.count);
        check_items(&made);
        ok(Item_delete_many(db, made.keys, made.count, &updated, &err));
        assert_int_equal(updated, made.count);
        assert_int_equal(count_items(), 0);
        free_items(&made);
    }
}

static void named_columns_alone_are_updated(void **state)
{
    (void)state;
    int64_t updated = -1;
    items made = make_items(3);
    ok(Item_insert_many(db, made.rows, made.count, &err));
    set_keys(&made);
    made.rows[1].updated_at.us = 1;
    for (size_t i = 0; i < 3; i++) {
        made.rows[i].name = "new";
        made.rows[i].amount = 77;
    }
    ar_int64_future later = Item_update_many_async(db, made.rows, 3, AR_MEMBERS(Item, name));
    ok(ar_int64_await(&later, &updated, &err));
    assert_int_equal(updated, 3);
    assert_true(made.rows[1].updated_at.us > 1);
    for (size_t i = 0; i < 3; i++)
        made.rows[i].amount = (int32_t)i;
    check_items(&made);
    free_items(&made);
}

static void rows_that_are_not_there_are_left_out(void **state)
{
    (void)state;
    int64_t updated = -1;
    items made = make_items(3);
    ok(Item_insert_many(db, made.rows, 3, &err));
    set_keys(&made);
    ok(Item_delete_many(db, &made.keys[1], 1, &updated, &err));
    assert_int_equal(updated, 1);
    change_items(&made);
    ok(Item_update_many(db, made.rows, 3, AR_ALL_MEMBERS, &updated, &err));
    assert_int_equal(updated, 2);
    ok(Item_delete_many(db, made.keys, 3, &updated, &err));
    assert_int_equal(updated, 2);
    ok(Item_delete_many(db, made.keys, 0, &updated, &err));
    assert_int_equal(updated, 0);
    ok(Item_update_many(db, NULL, 0, AR_ALL_MEMBERS, &updated, &err));
    assert_int_equal(updated, 0);
    free_items(&made);
}

static void all_or_none_are_updated(void **state)
{
    (void)state;
    enum { MANY = 700 };
    int64_t updated = -1;
    items made = make_items(MANY);
    ok(Item_insert_many(db, made.rows, MANY, &err));
    set_keys(&made);
    ar_timestamp before = made.rows[0].updated_at;
    made.rows[0].amount = 99;
    made.rows[MANY - 1].code = made.codes[5];
    fails(Item_update_many(db, made.rows, MANY, AR_ALL_MEMBERS, &updated, &err), AR_E_CONSTRAINT);
    assert_int_equal(updated, -1);
    made.rows[0].amount = 0;
    made.rows[MANY - 1].code = made.codes[MANY - 1];
    assert_int_equal(made.rows[0].updated_at.us, before.us);
    check_items(&made);
    fails(Item_update_many(db, made.rows, 3, AR_MEMBERS(Item, id), &updated, &err), AR_E_INVALID);
    fails(Item_update_many(db, made.rows, 3, AR_MEMBERS(Rate, percent), &updated, &err), AR_E_INVALID);
    free_items(&made);
}

static void keys_of_two_columns(void **state)
{
    (void)state;
    enum { RATES = 600 };
    Rate rates[RATES];
    ar_key keys[RATES];
    int64_t changed = -1;
    for (int i = 0; i < RATES; i++) {
        rates[i] = (Rate){ ar_decimal_of(i / 2, 1), i % 2 == 0 ? "north" : "south", i };
        keys[i] = ar_key(rates[i].level, rates[i].region);
    }
    ok(Rate_insert_many(db, rates, RATES, &err));
    for (int i = 0; i < RATES; i++)
        rates[i].percent = -i;
    ok(Rate_update_many(db, rates, RATES, AR_ALL_MEMBERS, &changed, &err));
    assert_int_equal(changed, RATES);
    Rate *rate = NULL;
    ok(Rate_find_one(db, keys[501], &rate, &err));
    assert_int_equal(rate->percent, -501);
    Rate_free(rate);
    ok(Rate_delete_many(db, keys, RATES - 1, &changed, &err));
    assert_int_equal(changed, RATES - 1);
    ok(ar_query_count(Rate_query(db), &changed, &err));
    assert_int_equal(changed, 1);
}

static void rows_of_another_version_are_left_out(void **state)
{
    (void)state;
    int64_t updated = -1;
    Versioned rows[] = { { .n = 1 }, { .n = 2 } };
    ok(Versioned_insert_many(db, rows, 2, &err));
    ok(Versioned_update_many(db, rows, 2, AR_ALL_MEMBERS, &updated, &err));
    assert_int_equal(updated, 2);
    assert_int_equal(rows[0].version, 1);
    rows[1].version = 7;
    ok(Versioned_update_many(db, rows, 2, AR_ALL_MEMBERS, &updated, &err));
    assert_int_equal(updated, 1);
}

static void many_are_upserted(void **state)
{
    (void)state;
    enum { MANY = 600 };
    items made = make_items(MANY), again = make_items(MANY + 3);
    ar_upsert_options options = { .conflict = AR_MEMBERS(Item, code), .update = AR_MEMBERS(Item, name) };
    ok(Item_insert_many(db, made.rows, MANY, &err));
    for (size_t i = 0; i < MANY + 3; i++) {
        again.rows[i].name = "new";
        again.rows[i].amount = -1;
    }
    ok(Item_upsert_many(db, again.rows, MANY + 3, &options, &err));
    assert_int_equal(count_items(), MANY + 3);
    for (size_t i = 0; i < MANY; i++)
        assert_int_equal(again.rows[i].id, made.rows[i].id); /* in whatever order they came back */
    set_keys(&again);
    Item_list list;
    ok(Item_find_in_place(db, again.keys, MANY + 3, &list, &err));
    for (size_t i = 0; i < MANY + 3; i++) {
        assert_string_equal(list.items[i]->code, again.codes[i]);
        assert_string_equal(list.items[i]->name, "new");
        assert_int_equal(list.items[i]->amount, i < MANY ? (int)i : -1);
    }
    Item_list_free(&list);
    free_items(&again);
    free_items(&made);
}

static void upserts_by_key(void **state)
{
    (void)state;
    int64_t count = -1;
    Rate rates[] = { { ar_decimal_of(1, 0), "north", 1 }, { ar_decimal_of(2, 0), "north", 2 } };
    ok(Rate_upsert_many(db, rates, 2, NULL, &err));
    rates[0].percent = 10;
    rates[1].region = "south";
    ar_done later = Rate_upsert_many_async(db, rates, 2, NULL);
    ok(ar_done_await(&later, &err));
    ok(ar_query_count(Rate_query(db), &count, &err));
    assert_int_equal(count, 3);
    rates[0].percent = 20;
    rates[1].percent = 20;
    ok(Rate_upsert_many(db, rates, 2, &(ar_upsert_options){ .keep = true }, &err));
    Rate *rate = NULL;
    ok(Rate_find_one(db, ar_key(rates[0].level, "north"), &rate, &err));
    assert_int_equal(rate->percent, 10);
    Rate_free(rate);
    ok(Rate_upsert_many(db, NULL, 0, NULL, &err));
}

static void kept_rows_tell_their_keys(void **state)
{
    (void)state;
    items made = make_items(5), again = make_items(6);
    ok(Item_insert_many(db, made.rows, 5, &err));
    ar_upsert_options options = { .conflict = AR_MEMBERS(Item, code), .keep = true };
    for (size_t i = 0; i < 6; i++)
        again.rows[i].name = "new";
    ok(Item_upsert_many(db, again.rows, 6, &options, &err));
    set_keys(&made);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(again.rows[i].id, made.rows[i].id);
    assert_true(again.rows[5].id > 0);
    check_items(&made);
    free_items(&again);
    free_items(&made);
}

static void many_records_are_saved(void **state)
{
    (void)state;
    enum { MANY = 20 };
    Item *records[MANY];
    char codes[MANY][CODE];
    for (int i = 0; i < MANY; i++) {
        records[i] = Item_new();
        assert_non_null(records[i]);
        snprintf(codes[i], CODE, "%d", i);
        records[i]->code = codes[i];
        if (i % 2 == 0)
            ok(Item_save(db, records[i], &err));
        records[i]->amount = i;
    }
    ok(Item_save_many(db, records, MANY, &err));
    for (int i = 0; i < MANY; i++) {
        assert_false(Item_is_new(records[i]));
        assert_false(Item_is_changed(records[i]));
        assert_true(records[i]->id > 0);
    }
    records[3]->amount = -3;
    records[7]->code = "0";
    fails(Item_save_many(db, records, MANY, &err), AR_E_CONSTRAINT);
    assert_true(AR_CHANGED(Item, records[3], amount)); /* rolled back */
    records[7]->code = "7";
    ar_done later = Item_save_many_async(db, records, MANY);
    ok(ar_done_await(&later, &err));
    assert_false(Item_is_changed(records[3]));
    ar_query *q = Item_query(db);
    ar_query_filter(q, AR_EQ(Item, amount, -3));
    int64_t count = -1;
    ok(ar_query_count(q, &count, &err));
    assert_int_equal(count, 1);
    for (int i = 0; i < MANY; i++)
        Item_free(records[i]);
    ok(Item_save_many(db, NULL, 0, &err));
}

static void inside_of_a_transaction(void **state)
{
    (void)state;
    items made = make_items(300);
    int64_t changed = -1;
    ok(Item_insert_many(db, made.rows, 300, &err));
    set_keys(&made);
    ar_db *tx = ar_tx_begin(db, NULL);
    change_items(&made);
    ok(Item_update_many(tx, made.rows, 300, AR_ALL_MEMBERS, &changed, &err));
    assert_int_equal(changed, 300);
    ok(Item_delete_many(tx, made.keys, 299, &changed, &err));
    assert_int_equal(changed, 299);
    ok(ar_tx_rollback(&tx, &err));
    assert_int_equal(count_items(), 300);
    free_items(&made);
}

typedef struct refusals {
    size_t count;
    size_t indices[8];
    ar_status statuses[8];
} refusals;

static void note_refusal(void *arg, size_t index, const ar_error *error)
{
    refusals *seen = arg;
    if (seen->count < 8) {
        seen->indices[seen->count] = index;
        seen->statuses[seen->count] = error->status;
    }
    seen->count++;
}

enum { ROWS = 2500 };

static items rows_with_bad_ones(void)
{
    items made = make_items(ROWS);
    made.rows[1].code = made.codes[0];
    made.rows[700].code = made.codes[0];
    made.rows[2000].name = "\xff"; /* no UTF-8 */
    made.rows[ROWS - 1].code = made.codes[2];
    return made;
}

static void check_refusals(const refusals *seen)
{
    bool utf8_is_checked = seen->count == 4;
    assert_int_equal(seen->count, utf8_is_checked ? 4 : 3);
    assert_int_equal(seen->indices[0], 1);
    assert_int_equal(seen->indices[1], 700);
    assert_int_equal(seen->statuses[0], AR_E_CONSTRAINT);
    assert_int_equal(seen->indices[seen->count - 1], ROWS - 1);
    if (utf8_is_checked)
        assert_int_equal(seen->indices[2], 2000);
}

static void rows_that_are_rejected_are_told(void **state)
{
    (void)state;
    int64_t inserted = -1;
    refusals seen = { .count = 0 };
    items made = rows_with_bad_ones();
    ok(Item_insert_each(db, made.rows, ROWS, note_refusal, &seen, &inserted, &err));
    check_refusals(&seen);
    assert_int_equal(inserted, ROWS - (int64_t)seen.count);
    assert_int_equal(count_items(), inserted);
    assert_true(made.rows[0].id > 0 && made.rows[2].id > 0 && made.rows[ROWS - 2].id > 0);
    assert_int_equal(made.rows[1].id, 0);
    ok(Item_insert_each(db, made.rows, 0, note_refusal, &seen, &inserted, &err));
    assert_int_equal(inserted, 0);
    free_items(&made);
}

static void the_same_on_an_executor(void **state)
{
    (void)state;
    int64_t inserted = -1;
    refusals seen = { .count = 0 };
    items made = rows_with_bad_ones();
    ar_executor *executor = ar_runtime_executor(fixture_runtime());
    ar_int64_future later = Item_insert_each_async(db, made.rows, ROWS, executor, note_refusal, &seen);
    ok(ar_int64_await(&later, &inserted, &err));
    check_refusals(&seen);
    assert_int_equal(count_items(), inserted);
    free_items(&made);
}

static void a_transaction_goes_on_after_rejected_rows(void **state)
{
    (void)state;
    int64_t inserted = -1;
    for (int commits = 0; commits < 2; commits++) {
        refusals seen = { .count = 0 };
        items made = rows_with_bad_ones();
        ar_db *tx = ar_tx_begin(db, NULL);
        ok(Item_insert_each(tx, made.rows, ROWS, note_refusal, &seen, &inserted, &err));
        check_refusals(&seen);
        ok(Item_delete_many(tx, &(ar_key){ .count = 1, .values = { ar_bind(made.rows[0].id) } }, 1, NULL, &err));
        if (commits)
            ok(ar_tx_commit(&tx, &err));
        else
            ok(ar_tx_rollback(&tx, &err));
        assert_int_equal(count_items(), commits ? inserted - 1 : 0);
        free_items(&made);
    }
}

static void what_is_not_about_a_row_ends_it(void **state)
{
    (void)state;
    int64_t inserted = -1;
    refusals seen = { .count = 0 };
    items made = make_items(3);
    ok(ar_table_drop(db, &Item_model, &err));
    fails(Item_insert_each(db, made.rows, 3, note_refusal, &seen, &inserted, &err), AR_E_QUERY);
    assert_int_equal(seen.count, 0);
    assert_int_equal(inserted, 0);
    ok(ar_table_create(db, &Item_model, &err));
    free_items(&made);
}

static items memory_items;

static ar_status write_with_little_memory(void)
{
    ar_upsert_options options = { .conflict = AR_MEMBERS(Item, code) };
    ar_status status = Item_upsert_many(db, memory_items.rows, memory_items.count, &options, &err);
    if (status == AR_OK)
        status = Item_update_many(db, memory_items.rows, memory_items.count, AR_ALL_MEMBERS, NULL, &err);
    if (status == AR_OK)
        status = Item_delete_many(db, memory_items.keys, memory_items.count, NULL, &err);
    return status;
}

static void nothing_to_check(void) {}

static void refused_memory_is_an_error(void **state)
{
    (void)state;
    memory_items = make_items(3);
    ok(Item_insert_many(db, memory_items.rows, 3, &err));
    set_keys(&memory_items);
    fixture_each_refusal(write_with_little_memory, nothing_to_check);
    free_items(&memory_items);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_columns_of_many_rows_are_updated),
        cmocka_unit_test(named_columns_alone_are_updated),
        cmocka_unit_test(rows_that_are_not_there_are_left_out),
        cmocka_unit_test(all_or_none_are_updated),
        cmocka_unit_test(keys_of_two_columns),
        cmocka_unit_test(rows_of_another_version_are_left_out),
        cmocka_unit_test(many_are_upserted),
        cmocka_unit_test(upserts_by_key),
        cmocka_unit_test(kept_rows_tell_their_keys),
        cmocka_unit_test(many_records_are_saved),
        cmocka_unit_test(inside_of_a_transaction),
        cmocka_unit_test(rows_that_are_rejected_are_told),
        cmocka_unit_test(the_same_on_an_executor),
        cmocka_unit_test(a_transaction_goes_on_after_rejected_rows),
        cmocka_unit_test(what_is_not_about_a_row_ends_it),
        cmocka_unit_test(refused_memory_is_an_error),
    };
    return fixture_main("bulk_write", tests, models);
}
