/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <actrec/decimal.h>

#include "tests/support/fixture.h"

/* Many rows at once: keys in the order of the rows, rows in the order of the keys, and finds that run together as if each had run alone. */

typedef struct Item {
    int64_t id;
    const char *name;
    ar_bytes data;
    ar_json json;
    int16_t small;
    bool flag;
    float single;
    ar_opt_int32 maybe;
    double precise;
    ar_decimal price;
    ar_timestamp at;
    ar_date day;
    ar_time clock;
    ar_uuid uuid;
    ar_timestamp created_at;
} Item;

AR_MODEL_DECLARE(Item);
AR_MODEL_DEFINE(Item, "items", AR_COLUMN(Item, id, AR_PRIMARY_KEY | AR_AUTO), AR_COLUMN(Item, name),
                AR_COLUMN(Item, data), AR_COLUMN(Item, json), AR_COLUMN(Item, small), AR_COLUMN(Item, maybe),
                AR_COLUMN(Item, single), AR_COLUMN(Item, precise), AR_COLUMN(Item, flag), AR_COLUMN(Item, price),
                AR_COLUMN(Item, at), AR_COLUMN(Item, day), AR_COLUMN(Item, clock), AR_COLUMN(Item, uuid, AR_UNIQUE),
                AR_COLUMN(Item, created_at, AR_CREATED_AT));

typedef struct Tag {
    ar_uuid id;
    int32_t n;
} Tag;

AR_MODEL_DECLARE(Tag);
AR_MODEL_DEFINE(Tag, "tags", AR_COLUMN(Tag, n), AR_COLUMN(Tag, id, AR_PRIMARY_KEY));

typedef struct Blob {
    ar_bytes id;
    int32_t n;
} Blob;

AR_MODEL_DECLARE(Blob);
AR_MODEL_DEFINE(Blob, "blobs", AR_COLUMN(Blob, id, AR_PRIMARY_KEY), AR_COLUMN(Blob, n));

/* A key that is narrower than what its column could be. */
typedef struct Page {
    int32_t id;
    const char *text;
} Page;

AR_MODEL_DECLARE(Page);
AR_MODEL_DEFINE(Page, "pages", AR_COLUMN(Page, id, AR_PRIMARY_KEY | AR_AUTO), AR_COLUMN(Page, text, AR_UNIQUE));

/* Texts, over columns of other types. */
typedef struct Odd {
    int64_t id;
    const char *mood;
    const char *uuid;
    const char *address;
    const char *range;
    const char *number;
    const char *short_text;
    const char *fixed;
    const char *domain;
    const char *json;
    const char *text;
} Odd;

AR_MODEL_DECLARE(Odd);
AR_MODEL_DEFINE(Odd, "odd \"ones\"", AR_COLUMN(Odd, id, AR_PRIMARY_KEY | AR_AUTO), AR_COLUMN(Odd, mood),
                AR_COLUMN(Odd, uuid), AR_COLUMN(Odd, address), AR_COLUMN(Odd, range), AR_COLUMN(Odd, number),
                AR_COLUMN(Odd, short_text), AR_COLUMN(Odd, fixed), AR_COLUMN(Odd, domain), AR_COLUMN(Odd, json),
                AR_COLUMN(Odd, text));

/* Its table is called like a type. */
typedef struct Path {
    int64_t id;
    const char *text;
} Path;

AR_MODEL_DECLARE(Path);
AR_MODEL_DEFINE(Path, "path", AR_COLUMN(Path, id, AR_PRIMARY_KEY | AR_AUTO), AR_COLUMN(Path, text));

static const ar_model *const models[] = { &Item_model, &Tag_model, &Blob_model, &Page_model, &Path_model };

enum { NAME = 24 };

static ar_uuid uuid_of(uint32_t number)
{
    ar_uuid made = { { 0 } };
    memcpy(made.bytes, &number, sizeof number);
    return made;
}

/* Of each nth row, another member is NULL. */
static Item item_of(int i, char *name)
{
    snprintf(name, NAME, "item '%d' {\"\\,}", i);
    bool odd = i % 3 != 0;
    return (Item){ .name = i % 5 == 0 ? NULL : name,
                   .data = i % 7 == 0 ? (ar_bytes){ NULL, 0 } : (ar_bytes){ name, (size_t)(i % 4) },
                   .json = i % 4 == 0 ? (ar_json){ NULL, 0 } : (ar_json){ "{\"a\": [1.50]}", 13 },
                   .small = (int16_t)(i % 60000 - 30000),
                   .maybe = { .has = odd, .value = odd ? -i : 0 },
                   .single = (float)i / 8,
                   .precise = -i / 3.0,
                   .flag = odd,
                   .price = ar_decimal_of(i * 10 + 50, 2),
                   .at.us = INT64_C(1700000000000000) + i,
                   .day.days = i,
                   .clock.us = i,
                   .uuid = uuid_of((uint32_t)i) };
}

static void check_item(const Item *want, const Item *got)
{
    assert_true((want->name == NULL) == (got->name == NULL));
    if (want->name != NULL)
        assert_string_equal(want->name, got->name);
    assert_true((want->data.data == NULL) == (got->data.data == NULL));
    assert_int_equal(want->data.length, got->data.length);
    if (want->data.length > 0)
        assert_memory_equal(want->data.data, got->data.data, want->data.length);
    assert_int_equal(want->json.length, got->json.length);
    assert_int_equal(want->small, got->small);
    assert_int_equal(want->maybe.has, got->maybe.has);
    assert_int_equal(want->maybe.value, got->maybe.value);
    assert_memory_equal(&want->single, &got->single, sizeof got->single);
    assert_memory_equal(&want->precise, &got->precise, sizeof got->precise);
    assert_int_equal(want->flag, got->flag);
    assert_true(want->price.low == got->price.low && want->price.scale == got->price.scale);
    assert_int_equal(want->at.us, got->at.us);
    assert_int_equal(want->day.days, got->day.days);
    assert_int_equal(want->clock.us, got->clock.us);
    assert_memory_equal(&want->uuid, &got->uuid, sizeof got->uuid);
    assert_true(got->created_at.us > INT64_C(1600000000000000));
}

static void check_inserted(size_t count)
{
    Item *items = test_calloc(count, sizeof *items);
    ar_key *keys = test_calloc(count, sizeof *keys);
    char(*names)[NAME] = test_calloc(count, sizeof *names);
    Item_list list;
    for (size_t i = 0; i < count; i++)
        items[i] = item_of((int)i, names[i]);
    ok(Item_insert_many(db, items, count, &err));
    for (size_t i = 0; i < count; i++) {
        assert_true(items[i].id > 0);
        keys[count - 1 - i] = ar_key(items[i].id);
    }
    ok(Item_find_many(db, keys, count, &list, &err));
    assert_int_equal(list.count, count);
    for (size_t i = 0; i < count; i++)
        check_item(&items[count - 1 - i], list.items[i]);
    Item_list_free(&list);
    test_free(names);
    test_free(keys);
    test_free(items);
}

static void keys_are_those_of_their_rows(void **state)
{
    (void)state;
    static const size_t counts[] = { 1, 2, 3, 257, 2000 };
    int64_t changes;
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        check_inserted(counts[i]);
        ok(ar_query_exec(ar_sql(db, "delete from items"), &changes, &err));
        assert_int_equal(changes, counts[i]);
    }
}

/* More than one statement, whatever the engine takes in one. */
static void very_many_rows_are_one_transaction(void **state)
{
    (void)state;
    enum { MANY = 21000 };
    Page *pages = test_calloc(MANY, sizeof *pages);
    char(*texts)[NAME] = test_calloc(MANY, sizeof *texts);
    int64_t count = -1;
    for (int i = 0; i < MANY; i++) {
        snprintf(texts[i], NAME, "%d", i == MANY - 1 ? 0 : i); /* the last is the first once more */
        pages[i].text = texts[i];
    }
    fails(Page_insert_many(db, pages, MANY, &err), AR_E_CONSTRAINT);
    assert_int_equal(err.constraint_kind, AR_CONSTRAINT_UNIQUE);
    assert_int_equal(pages[0].id, 0);
    ok(ar_query_count(Page_query(db), &count, &err));
    assert_int_equal(count, 0);
    texts[MANY - 1][0] = 'x';
    ok(Page_insert_many(db, pages, MANY, &err));
    for (int i = 1; i < MANY; i++)
        assert_true(pages[i].id > pages[i - 1].id);
    Page *found;
    ok(Page_find_one(db, ar_key(pages[MANY / 2].id), &found, &err));
    assert_string_equal(found->text, texts[MANY / 2]);
    Page_free(found);
    test_free(texts);
    test_free(pages);
}

static void rows_with_and_without_keys(void **state)
{
    (void)state;
    Page pages[] = { { 0, "a" }, { 0, "b" }, { 1000, "c" }, { 1001, "d" }, { 0, "e" }, { 0, NULL } };
    enum { COUNT = sizeof pages / sizeof pages[0] };
    if (fixture_on("postgres")) /* whose counter does not see the keys that are given */
        pages[2].id = 100000, pages[3].id = 100001;
    ok(Page_insert_many(db, pages, COUNT, &err));
    for (int i = 0; i < COUNT; i++) {
        Page *found;
        ok(Page_find_one(db, ar_key(pages[i].id), &found, &err));
        if (pages[i].text == NULL)
            assert_null(found->text);
        else
            assert_string_equal(found->text, pages[i].text);
        Page_free(found);
    }
}

static void large_texts_go_in_several_parts(void **state)
{
    (void)state;
    enum { LARGE = 6, LENGTH = 5 << 20 };
    char *text = test_malloc(LENGTH);
    Item items[LARGE];
    memset(text, 'x', LENGTH);
    for (int i = 0; i < LARGE; i++) {
        memset(&items[i], 0, sizeof items[i]);
        items[i].data = (ar_bytes){ text, (size_t)LENGTH - (size_t)i };
        items[i].uuid = uuid_of((uint32_t)i);
    }
    ok(Item_insert_many(db, items, LARGE, &err));
    Item *found;
    ok(Item_find_one(db, ar_key(items[4].id), &found, &err));
    assert_int_equal(found->data.length, LENGTH - 4);
    Item_free(found);
    test_free(text);
}

static void a_bad_value_among_many_keeps_all_out(void **state)
{
    (void)state;
    enum { MANY = 300 };
    static Item items[MANY];
    static char names[MANY][NAME];
    int64_t count = -1;
    for (int i = 0; i < MANY; i++)
        items[i] = item_of(i, names[i]);
    items[200].name = "\xff";
    fails(Item_insert_many(db, items, MANY, &err), AR_E_TYPE);
    assert_non_null(strstr(err.message, "name"));
    items[200].name = "fine";
    items[299].uuid = items[0].uuid;
    fails(Item_insert_many(db, items, MANY, &err), AR_E_CONSTRAINT);
    assert_int_equal(items[0].id, 0);
    ok(ar_query_count(Item_query(db), &count, &err));
    assert_int_equal(count, 0);
}

/* --- finds that are there together --- */

enum { FINDS = 300 };

static void finds_of_integers(void **state)
{
    (void)state;
    Page pages[50];
    char texts[50][NAME];
    Page_future futures[FINDS];
    for (int i = 0; i < 50; i++) {
        snprintf(texts[i], NAME, "page %d", i);
        pages[i] = (Page){ .text = texts[i] };
    }
    ok(Page_insert_many(db, pages, 50, &err));
    for (int i = 0; i < FINDS; i++) /* each several times, and some that there are not */
        futures[i] = Page_find_one_async(db, i % 7 == 0 ? ar_key(1000000 + i) : ar_key(pages[i * 13 % 50].id));
    for (int i = 0; i < FINDS; i++) {
        Page *found = NULL;
        if (i % 7 == 0) {
            fails(Page_await(&futures[i], &found, &err), AR_E_NOT_FOUND);
            continue;
        }
        ok(Page_await(&futures[i], &found, &err));
        assert_string_equal(found->text, texts[i * 13 % 50]);
        Page_free(found);
    }
}

static void finds_of_uuids_and_bytes(void **state)
{
    (void)state;
    Tag tags[40];
    Blob blobs[40];
    char bytes[40][4];
    Tag_future tag_futures[FINDS];
    Blob_future blob_futures[FINDS];
    for (int i = 0; i < 40; i++) {
        tags[i] = (Tag){ .id = uuid_of((uint32_t)i), .n = i };
        memcpy(bytes[i], (char[]){ '\0', '\'', (char)i, '\xff' }, 4);
        blobs[i] = (Blob){ .id = { bytes[i], (size_t)(i % 2 + 3) }, .n = i };
    }
    ok(Tag_insert_many(db, tags, 40, &err));
    ok(Blob_insert_many(db, blobs, 40, &err));
    for (int i = 0; i < FINDS; i++) {
        tag_futures[i] = Tag_find_one_async(db, ar_key(uuid_of((uint32_t)(i % 60))));
        blob_futures[i] = Blob_find_one_async(db, ar_key(blobs[i % 40].id));
    }
    for (int i = 0; i < FINDS; i++) {
        Tag *tag = NULL;
        Blob *blob = NULL;
        fails(Tag_await(&tag_futures[i], &tag, &err), i % 60 < 40 ? AR_OK : AR_E_NOT_FOUND);
        assert_true(tag == NULL || tag->n == i % 60);
        Tag_free(tag);
        ok(Blob_await(&blob_futures[i], &blob, &err));
        assert_int_equal(blob->n, i % 40);
        Blob_free(blob);
    }
}

static void keys_without_a_row_are_told(void **state)
{
    (void)state;
    Page pages[] = { { 0, "a" }, { 0, "b" }, { 0, "c" } };
    ok(Page_insert_many(db, pages, 3, &err));
    ar_key keys[] = { ar_key(999), ar_key(pages[2].id), ar_key(pages[0].id), ar_key(998), ar_key(pages[2].id) };
    static const int rows[] = { -1, 2, 0, -1, 2 };
    Page_list list;
    for (int later = 0; later < 2; later++) {
        if (later) {
            Page_list_future future = Page_find_in_place_async(db, keys, 5);
            ok(Page_list_await(&future, &list, &err));
        } else {
            ok(Page_find_in_place(db, keys, 5, &list, &err));
        }
        assert_int_equal(list.count, 5);
        for (int i = 0; i < 5; i++) {
            assert_int_equal(list.items[i] != NULL, rows[i] >= 0);
            if (rows[i] >= 0)
                assert_string_equal(list.items[i]->text, pages[rows[i]].text);
        }
        assert_ptr_not_equal(list.items[1], list.items[4]); /* each is a record of its own */
        Page *kept = list.items[4];
        ok(Page_keep(kept, &err));
        Page_list_free(&list);
        kept->text = later ? "c" : "C";
        ok(Page_save(db, kept, &err));
        pages[2].text = later ? "c" : "C";
        Page_free(kept);
    }
    ok(Page_find_in_place(db, keys, 1, &list, &err));
    assert_int_equal(list.count, 1);
    assert_null(list.items[0]);
    Page_list_free(&list);
    ok(Page_find_in_place(db, NULL, 0, &list, &err));
    assert_int_equal(list.count, 0);
}

static ar_key memory_keys[3];

static ar_status find_with_little_memory(void)
{
    Page_list list;
    ar_status status = Page_find_in_place(db, memory_keys, 3, &list, &err);
    Page_list_free(&list);
    return status;
}

static void nothing_to_check(void) {}

static void refused_memory_is_an_error(void **state)
{
    (void)state;
    Page page = { 0, "a" };
    ok(Page_insert(db, &page, &err));
    memory_keys[0] = memory_keys[2] = ar_key(page.id);
    memory_keys[1] = ar_key(999);
    fixture_each_refusal(find_with_little_memory, nothing_to_check);
}

/* --- PostgreSQL's types --- */

static void expect_same(const char *inserted, const char *found)
{
    if (inserted == NULL)
        assert_null(found);
    else
        assert_string_equal(found, inserted);
}

static void texts_become_what_their_columns_are(void **state)
{
    static const char *const set_up[] = {
        "DROP TABLE IF EXISTS \"odd \"\"ones\"\"\"",
        "DROP TYPE IF EXISTS mood",
        "DROP DOMAIN IF EXISTS lower",
        "CREATE TYPE mood AS ENUM ('sad', 'it''s \"{\\,}\"')",
        "CREATE DOMAIN lower AS text CHECK (VALUE = lower(VALUE))",
        "CREATE TABLE \"odd \"\"ones\"\"\" (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, mood mood, uuid "
        "uuid, "
        "address inet, range int4range, number numeric(6,2), short_text varchar(5), fixed char(5), domain lower, "
        "json jsonb, text text)"
    };
    Odd rows[] = { { .mood = "it's \"{\\,}\"",
                     .uuid = "00112233-4455-6677-8899-aabbccddeeff",
                     .address = "192.168.0.0/16",
                     .range = "[1,5)",
                     .number = "12.50",
                     .short_text = "short",
                     .fixed = "fixed",
                     .domain = "low",
                     .json = "{\"a\": 1}",
                     .text = "{NULL,\"x\"}" },
                   { .mood = "sad", .text = "NULL", .domain = "" },
                   { .mood = NULL } };
    (void)state;
    for (size_t i = 0; i < sizeof set_up / sizeof set_up[0]; i++)
        ok(ar_query_exec(ar_sql_text(db, set_up[i], NULL, 0), NULL, &err));
    ok(Odd_insert_many(db, rows, 3, &err));
    for (size_t i = 0; i < 3; i++) {
        Odd *found = NULL;
        ok(Odd_find_one(db, ar_key(rows[i].id), &found, &err));
        expect_same(rows[i].mood, found->mood);
        expect_same(rows[i].uuid, found->uuid);
        expect_same(rows[i].address, found->address);
        expect_same(rows[i].range, found->range);
        expect_same(rows[i].number, found->number);
        expect_same(rows[i].short_text, found->short_text);
        expect_same(rows[i].fixed, found->fixed);
        expect_same(rows[i].domain, found->domain);
        expect_same(rows[i].json, found->json);
        expect_same(rows[i].text, found->text);
        Odd_free(found);
    }
    fails(Odd_insert_many(db, (Odd[]){ { .mood = "sad" }, { .mood = "merry" } }, 2, &err), AR_E_TYPE);
    fails(Odd_insert_many(db, (Odd[]){ { .short_text = "short" }, { .short_text = "longer" } }, 2, &err), AR_E_TYPE);
    fails(Odd_insert_many(db, (Odd[]){ { .domain = "low" }, { .domain = "HIGH" } }, 2, &err), AR_E_CONSTRAINT);
    int64_t count = 0;
    ok(ar_query_count(Odd_query(db), &count, &err));
    assert_int_equal(count, 3);
    ok(ar_query_exec(ar_sql(db, "DROP TABLE \"odd \"\"ones\"\"\""), NULL, &err));
}

static void a_table_may_be_called_like_a_type(void **state)
{
    Path rows[] = { { .text = "one" }, { .text = "two" } };
    Path *found = NULL;
    (void)state;
    ok(Path_insert_many(db, rows, 2, &err));
    ok(Path_find_one(db, ar_key(rows[1].id), &found, &err));
    assert_string_equal(found->text, "two");
    Path_free(found);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_those_of_their_rows),
        cmocka_unit_test(very_many_rows_are_one_transaction),
        cmocka_unit_test(rows_with_and_without_keys),
        cmocka_unit_test(large_texts_go_in_several_parts),
        cmocka_unit_test(a_bad_value_among_many_keeps_all_out),
        cmocka_unit_test(keys_without_a_row_are_told),
        cmocka_unit_test(refused_memory_is_an_error),
        cmocka_unit_test(finds_of_integers),
        cmocka_unit_test(finds_of_uuids_and_bytes),
        fixture_test_on("postgres", texts_become_what_their_columns_are),
        cmocka_unit_test(a_table_may_be_called_like_a_type),
    };
    return fixture_main("bulk", tests, models);
}
