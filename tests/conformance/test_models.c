/* SPDX-License-Identifier: MIT */
#include <string.h>

#include <actrec/schema.h>
#include <actrec/uuid.h>

#include "tests/support/fixture.h"

/* What models may say of themselves: keys of every kind, columns that are computed or left to the database, tables
 * elsewhere, and what they cannot do. */

/* A composite key of a number and a text. */
typedef struct Seat {
    int32_t row;
    const char *letter;
    const char *passenger;
    int32_t price;
} Seat;

AR_MODEL_DECLARE(Seat);
AR_MODEL_DEFINE(Seat, "seats", AR_COLUMN(Seat, row, AR_PRIMARY_KEY, .name = "row_number_"),
                AR_COLUMN(Seat, letter, AR_PRIMARY_KEY), AR_COLUMN(Seat, passenger, 0, .name = "full name"),
                AR_COLUMN(Seat, price, AR_NOT_NULL));

/* A natural key. */
typedef struct Country {
    const char *code;
    const char *name;
} Country;

AR_MODEL_DECLARE(Country);
AR_MODEL_DEFINE(Country, "countries", AR_COLUMN(Country, code, AR_PRIMARY_KEY), AR_COLUMN(Country, name));

typedef struct Token {
    ar_uuid id;
    ar_uuid secret;
    const char *owner;
} Token;

AR_MODEL_DECLARE(Token);
AR_MODEL_DEFINE(Token, "tokens", AR_COLUMN(Token, id, AR_PRIMARY_KEY | AR_UUID_V7),
                AR_COLUMN(Token, secret, AR_UUID_V4), AR_COLUMN(Token, owner));

typedef enum Colour { COLOUR_NONE, COLOUR_RED, COLOUR_BLUE } Colour;

/* What the table computes, and what it fills in. */
typedef struct Item {
    int64_t id;
    const char *name;
    int32_t price;
    int32_t count;
    Colour colour;
    int64_t total;
    const char *label;
    int32_t stock;
    const char *state;
    void *cache;
} Item;

AR_MODEL_DECLARE(Item);
AR_MODEL_DEFINE(Item, "items", AR_COLUMN(Item, id, AR_PRIMARY_KEY | AR_AUTO), AR_COLUMN(Item, name, AR_NOT_NULL),
                AR_COLUMN(Item, price, AR_NOT_NULL), AR_COLUMN(Item, count, AR_NOT_NULL, .name = "pieces"),
                AR_COLUMN(Item, colour), AR_COLUMN(Item, total, AR_GENERATED, .sql = "price * pieces"),
                AR_COLUMN(Item, label, AR_DERIVED, .sql = "upper(name)"),
                AR_COLUMN(Item, stock, AR_NOT_NULL | AR_DATABASE_DEFAULT, .default_sql = "7"),
                AR_COLUMN(Item, state, AR_DATABASE_DEFAULT, .default_sql = "'new'"), AR_IGNORE(Item, cache));

/* The same rows, to be looked at. */
typedef struct Seen {
    int64_t id;
    const char *name;
} Seen;

AR_MODEL_DECLARE(Seen);
AR_MODEL_DEFINE(Seen, "items", AR_OPTIONS(Seen, .read_only = true, .default_scope = "price > 10"),
                AR_COLUMN(Seen, id, AR_PRIMARY_KEY), AR_COLUMN(Seen, name));

/* Rows of any query. */
typedef struct Sum {
    const char *name;
    int64_t total;
} Sum;

AR_MODEL_DECLARE(Sum);
AR_MODEL_DEFINE(Sum, "items", AR_COLUMN(Sum, name), AR_COLUMN(Sum, total));

typedef struct Elsewhere {
    int64_t id;
    const char *name;
} Elsewhere;

AR_MODEL_DECLARE(Elsewhere);
AR_MODEL_DEFINE(Elsewhere, "elsewhere", AR_OPTIONS(Elsewhere, .schema = "ar_other"),
                AR_COLUMN(Elsewhere, id, AR_PRIMARY_KEY | AR_AUTO), AR_COLUMN(Elsewhere, name));

/* SQLite's own name for its one file. */
typedef struct Inside {
    int64_t id;
    const char *name;
} Inside;

AR_MODEL_DECLARE(Inside);
AR_MODEL_DEFINE(Inside, "elsewhere", AR_OPTIONS(Inside, .schema = "main"),
                AR_COLUMN(Inside, id, AR_PRIMARY_KEY | AR_AUTO), AR_COLUMN(Inside, name));

static const ar_model *const models[] = { &Seat_model, &Country_model, &Token_model, &Item_model };

static void insert_seats(void)
{
    Seat seats[] = { { 1, "A", "Ann", 10 }, { 1, "B", "Bob", 20 }, { 2, "A", "Cid", 30 } };
    ok(Seat_insert_many(db, seats, 3, &err));
}

static void composite_keys_find_and_save(void **state)
{
    (void)state;
    Seat *seat;
    insert_seats();
    ok(Seat_find_one(db, ar_key(1, "B"), &seat, &err));
    assert_string_equal(seat->passenger, "Bob");
    seat->passenger = "Bea";
    ok(Seat_save(db, seat, &err));
    seat->passenger = "lost";
    ok(Seat_refresh(db, seat, &err));
    assert_string_equal(seat->passenger, "Bea");
    Seat_free(seat);
    fails(Seat_find_one(db, ar_key(1), &seat, &err), AR_E_INVALID);
    fails(Seat_find_one(db, ar_key(2, "B"), &seat, &err), AR_E_NOT_FOUND);
    ok(Seat_find_one(db, ar_key(1, "A"), &seat, &err));
    assert_string_equal(seat->passenger, "Ann");
    ok(Seat_delete(db, seat, &err));
    Seat_free(seat);
    int64_t count;
    ok(ar_query_count(Seat_query(db), &count, &err));
    assert_int_equal(count, 2);
}

static void composite_keys_find_many_and_upsert(void **state)
{
    (void)state;
    insert_seats();
    const ar_key keys[] = { ar_key(2, "A"), ar_key(9, "Z"), ar_key(1, "A") };
    Seat_list list;
    ok(Seat_find_many(db, keys, 3, &list, &err));
    assert_int_equal(list.count, 2);
    assert_string_equal(list.items[0]->passenger, "Cid");
    assert_string_equal(list.items[1]->passenger, "Ann");
    Seat_list_free(&list);
    Seat *seat = Seat_new();
    assert_non_null(seat);
    *seat = (Seat){ 1, "A", "Zoe", 99 };
    ok(Seat_upsert(db, seat, &err));
    Seat_free(seat);
    Seat_future found = Seat_find_one_async(db, ar_key(1, "A"));
    ok(Seat_await(&found, &seat, &err));
    assert_string_equal(seat->passenger, "Zoe");
    assert_int_equal(seat->price, 99);
    Seat_free(seat);
    Seat plain = { 2, "A", "Dot", 31 };
    ok(Seat_update(db, &plain, &err));
    plain.letter = "Q";
    fails(Seat_update(db, &plain, &err), AR_E_NOT_FOUND);
}

static void keys_may_change(void **state)
{
    (void)state;
    Country *country = Country_new();
    assert_non_null(country);
    country->code = "XX";
    country->name = "Nowhere";
    ok(Country_save(db, country, &err));
    country->code = "YY";
    ok(Country_save(db, country, &err));
    Country_free(country);
    fails(Country_find_one(db, ar_key("XX"), &country, &err), AR_E_NOT_FOUND);
    ok(Country_find_one(db, ar_key("YY"), &country, &err));
    assert_string_equal(country->name, "Nowhere");
    Country_free(country);
}

static void uuids_are_made_where_there_is_none(void **state)
{
    (void)state;
    const ar_uuid zero = { { 0 } };
    Token *token = Token_new();
    assert_non_null(token);
    token->owner = "Ann";
    ok(Token_save(db, token, &err));
    assert_int_equal(token->id.bytes[6] >> 4, 7);
    assert_int_equal(token->secret.bytes[6] >> 4, 4);
    ar_uuid id = token->id;
    Token_free(token);
    ok(Token_find_one(db, ar_key(id), &token, &err));
    assert_string_equal(token->owner, "Ann");
    token->owner = "Bob";
    ok(Token_save(db, token, &err));
    assert_memory_equal(&token->id, &id, sizeof id);
    Token_free(token);
    Token given = { .id = { { 1, 2, 3 } }, .owner = "given" };
    ok(Token_insert(db, &given, &err));
    assert_int_equal(given.id.bytes[0], 1);
    assert_true(ar_uuid_compare(given.secret, zero) != 0);
    Token many[3] = { { .owner = "1" }, { .owner = "2" }, { .owner = "3" } };
    ar_done done = Token_insert_many_async(db, many, 3);
    ok(ar_done_await(&done, &err));
    for (int i = 0; i < 3; i++)
        assert_int_equal(many[i].id.bytes[6] >> 4, 7);
    ok(Token_find_one(db, ar_key(many[2].id), &token, &err));
    assert_string_equal(token->owner, "3");
    Token_free(token);
}

static Item *new_item(const char *name, int32_t price, int32_t count)
{
    Item *item = Item_new();
    assert_non_null(item);
    item->name = name;
    item->price = price;
    item->count = count;
    item->colour = COLOUR_BLUE;
    return item;
}

static void what_the_database_computes_is_read_back(void **state)
{
    (void)state;
    Item *item = new_item("pen", 3, 4);
    ok(Item_save(db, item, &err));
    assert_true(item->id > 0);
    assert_int_equal(item->total, 12);
    assert_int_equal(item->stock, 7);
    assert_string_equal(item->state, "new");
    item->price = 5;
    item->total = 99;
    ok(Item_save(db, item, &err));
    assert_int_equal(item->total, 20);
    item->total = 98;
    ok(Item_save(db, item, &err)); /* nothing that is written has changed */
    ok(Item_refresh(db, item, &err));
    assert_int_equal(item->total, 20);
    assert_string_equal(item->label, "PEN");
    assert_int_equal(item->colour, COLOUR_BLUE);
    item->stock = 0;
    ok(Item_save(db, item, &err));
    ok(Item_refresh(db, item, &err));
    assert_int_equal(item->stock, 0);
    Item_free(item);
}

static void it_is_read_back_into_plain_structs_and_later(void **state)
{
    (void)state;
    Item plain = { .name = "pin", .price = 2, .count = 2 };
    ok(Item_insert(db, &plain, &err));
    assert_true(plain.id > 0);
    assert_int_equal(plain.total, 4);
    assert_int_equal(plain.stock, 7);
    assert_null(plain.state); /* a plain struct has no place for texts */
    plain.price = 4;
    plain.state = "old";
    ar_done done = Item_update_async(db, &plain);
    ok(ar_done_await(&done, &err));
    assert_int_equal(plain.total, 8);
    Item *item = new_item("cup", 6, 7);
    done = Item_save_async(db, item);
    fails(Item_save(db, item, &err), ar_future_is_done(done.raw) ? AR_OK : AR_E_BUSY);
    ok(ar_done_await(&done, &err));
    assert_int_equal(item->total, 42);
    assert_string_equal(item->state, "new");
    item->price = 1;
    done = Item_save_async(db, item);
    ok(ar_done_await(&done, &err));
    assert_int_equal(item->total, 7);
    Item_free(item);
}

static void it_is_read_back_in_transactions(void **state)
{
    (void)state;
    ar_db *tx = ar_tx_begin(db, NULL);
    Item *item = new_item("cup", 6, 7);
    ok(Item_save(tx, item, &err));
    assert_int_equal(item->total, 42);
    item->count = 1;
    ok(Item_save(tx, item, &err));
    assert_int_equal(item->total, 6);
    ok(ar_tx_rollback(&tx, &err));
    assert_true(Item_is_new(item));
    assert_int_equal(item->id, 0);
    ok(Item_save(db, item, &err));
    assert_int_equal(item->total, 6);
    ok(Item_delete(db, item, &err));
    item->price = 1;
    Item *gone = new_item("gone", 1, 1);
    ok(Item_save(db, gone, &err));
    Item copy = *gone;
    ok(Item_delete(db, gone, &err));
    fails(Item_update(db, &copy, &err), AR_E_NOT_FOUND);
    Item_free(gone);
    Item_free(item);
}

static void upserts_read_it_back(void **state)
{
    (void)state;
    Item *item = new_item("cup", 6, 7);
    item->id = 5;
    ok(Item_upsert(db, item, &err));
    assert_int_equal(item->total, 42);
    item->price = 7;
    ok(Item_upsert(db, item, &err));
    assert_int_equal(item->total, 49);
    Item_free(item);
}

static ar_status see(void *arg, Item *item, ar_error *error)
{
    (void)error;
    if (strcmp(item->label, "CUP") == 0)
        *(int *)arg += 1;
    return AR_OK;
}

/* By a refresh, on every engine, and by nothing that writes. */
static void derived_columns_are_read_again_by_a_refresh(void **state)
{
    (void)state;
    Item *item = new_item("mug", 1, 1);
    ok(Item_save(db, item, &err));
    assert_null(item->label);
    ok(Item_refresh(db, item, &err));
    assert_string_equal(item->label, "MUG");
    item->name = "jug";
    ok(Item_save(db, item, &err));
    assert_string_equal(item->label, "MUG");
    ar_done done = Item_refresh_async(db, item);
    ok(ar_done_await(&done, &err));
    assert_string_equal(item->label, "JUG");
    item->label = "mine"; /* nothing that a save would write */
    assert_false(Item_is_changed(item));
    item->name = "can";
    done = Item_save_async(db, item);
    ok(ar_done_await(&done, &err));
    assert_string_equal(item->label, "mine");
    ok(Item_refresh(db, item, &err));
    assert_string_equal(item->label, "CAN");
    Item_free(item);
}

static void derived_columns_are_read(void **state)
{
    (void)state;
    Item *item = new_item("cup", 6, 7);
    ok(Item_save(db, item, &err));
    int64_t id = item->id;
    Item_free(item);
    ok(Item_find_one(db, ar_key(id), &item, &err));
    assert_string_equal(item->label, "CUP");
    Item_free(item);
    Item_list list;
    ar_query *q = Item_query(db);
    ar_query_filter(q, AR_EQ(Item, label, "CUP"));
    ar_query_order_by(q, "label");
    ok(Item_all(q, &list, &err));
    assert_int_equal(list.count, 1);
    assert_string_equal(list.items[0]->label, "CUP");
    Item_list_free(&list);
    int seen = 0;
    ok(Item_stream(Item_query(db), see, &seen, &err));
    assert_int_equal(seen, 1);
    ar_rows *rows;
    const char *label;
    q = Item_query(db);
    ar_query_select(q, "label");
    ok(ar_query_rows(q, &rows, &err));
    ok(ar_rows_text(rows, 0, 0, &label, &err));
    assert_string_equal(label, "CUP");
    ar_rows_free(rows);
}

static void records_without_computed_columns_are_whole(void **state)
{
    (void)state;
    Item *item = new_item("cup", 6, 7);
    ok(Item_save(db, item, &err));
    Item_free(item);
    ok(Item_one(ar_sql(db, "SELECT id, name, price, pieces, colour, stock, state FROM items"), &item, &err));
    assert_int_equal(item->total, 0);
    item->price = 7;
    ok(Item_upsert(db, item, &err));
    assert_int_equal(item->total, 49);
    Item_free(item);
}

static void enums_are_numbers(void **state)
{
    (void)state;
    Item *item = new_item("cup", 6, 7);
    ok(Item_save(db, item, &err));
    int64_t count;
    ar_query *q = Item_query(db);
    ar_query_filter(q, AR_EQ(Item, colour, COLOUR_BLUE));
    ok(ar_query_count(q, &count, &err));
    assert_int_equal(count, 1);
    q = Item_query(db);
    ar_query_where(q, "colour = ?", 2);
    ok(ar_query_count(q, &count, &err));
    assert_int_equal(count, 1);
    Item_free(item);
}

static void read_only_models_refuse_to_write(void **state)
{
    (void)state;
    Item *item = new_item("cheap", 1, 1), *other = new_item("dear", 100, 1);
    ok(Item_save(db, item, &err));
    ok(Item_save(db, other, &err));
    Seen *seen;
    fails(Seen_find_one(db, ar_key(item->id), &seen, &err), AR_E_NOT_FOUND);
    ok(Seen_find_one(db, ar_key(other->id), &seen, &err));
    seen->name = "changed";
    fails(Seen_save(db, seen, &err), AR_E_UNSUPPORTED);
    fails(Seen_delete(db, seen, &err), AR_E_UNSUPPORTED);
    fails(Seen_upsert(db, seen, &err), AR_E_UNSUPPORTED);
    Seen plain = { .id = 77, .name = "x" };
    fails(Seen_insert(db, &plain, &err), AR_E_UNSUPPORTED);
    fails(Seen_insert_many(db, &plain, 1, &err), AR_E_UNSUPPORTED);
    ar_done done = Seen_save_async(db, seen);
    fails(ar_done_await(&done, &err), AR_E_UNSUPPORTED);
    Seen_free(seen);
    Seen_list list;
    ok(Seen_all(Seen_query(db), &list, &err));
    assert_int_equal(list.count, 1);
    Seen_list_free(&list);
    ar_query *q = Seen_query(db);
    ar_query_unscoped(q);
    ok(Seen_all(q, &list, &err));
    assert_int_equal(list.count, 2);
    Seen_list_free(&list);
    q = Item_query(db);
    ar_query_unscoped(q);
    fails(Item_all(q, &(Item_list){ NULL, 0, NULL }, &err), AR_E_UNSUPPORTED);
    Item_free(item);
    Item_free(other);
}

static void keyless_models_hold_rows_of_any_query(void **state)
{
    (void)state;
    Item *item = new_item("cup", 6, 7);
    ok(Item_save(db, item, &err));
    Item_free(item);
    Sum_list list;
    ok(Sum_all(ar_sql(db, "SELECT name, sum(pieces) AS total FROM items GROUP BY name"), &list, &err));
    assert_int_equal(list.count, 1);
    assert_int_equal(list.items[0]->total, 7);
    fails(Sum_save(db, list.items[0], &err), AR_E_UNSUPPORTED);
    fails(Sum_delete(db, list.items[0], &err), AR_E_UNSUPPORTED);
    fails(Sum_refresh(db, list.items[0], &err), AR_E_UNSUPPORTED);
    Sum_list_free(&list);
    Sum *sum;
    fails(Sum_find_one(db, ar_key(1), &sum, &err), AR_E_UNSUPPORTED);
    ok(Sum_first(Item_query(db), &sum, &err));
    assert_string_equal(sum->name, "cup");
    assert_int_equal(sum->total, 42);
    Sum_free(sum);
}

static void use_elsewhere(void)
{
    Elsewhere *row = Elsewhere_new();
    assert_non_null(row);
    ok(ar_table_create(db, &Elsewhere_model, &err));
    row->name = "far";
    ok(Elsewhere_save(db, row, &err));
    row->name = "near";
    ok(Elsewhere_save(db, row, &err));
    ok(Elsewhere_refresh(db, row, &err));
    ok(Elsewhere_upsert(db, row, &err));
    int64_t count;
    ok(ar_query_count(Elsewhere_query(db), &count, &err));
    assert_int_equal(count, 1);
    ok(Elsewhere_delete(db, row, &err));
    Elsewhere_free(row);
    ok(ar_table_drop(db, &Elsewhere_model, &err));
}

static void tables_may_be_in_a_schema(void **state)
{
    (void)state;
    int64_t unused;
    bool postgres = fixture_on("postgres");
    ar_ignore(ar_query_exec(postgres ? ar_sql(db, "DROP SCHEMA IF EXISTS ar_other CASCADE")
                                     : ar_sql(db, "DROP DATABASE IF EXISTS ar_other"),
                            &unused, NULL));
    ok(ar_query_exec(postgres ? ar_sql(db, "CREATE SCHEMA ar_other") : ar_sql(db, "CREATE DATABASE ar_other"), &unused,
                     &err));
    use_elsewhere();
    ok(ar_query_exec(postgres ? ar_sql(db, "DROP SCHEMA ar_other") : ar_sql(db, "DROP DATABASE ar_other"), &unused,
                     &err));
}

static void tables_may_be_in_an_attached_file(void **state)
{
    (void)state;
    ok(ar_table_create(db, &Inside_model, &err));
    Inside row = { .name = "in" };
    ok(Inside_insert(db, &row, &err));
    Inside *found;
    ok(Inside_find_one(db, ar_key(row.id), &found, &err));
    assert_string_equal(found->name, "in");
    Inside_free(found);
    ok(ar_table_drop(db, &Inside_model, &err));
    Elsewhere *none;
    fails(Elsewhere_find_one(db, ar_key(1), &none, &err), AR_E_QUERY);
}

/* Computed when it is read. */
typedef struct Box {
    int64_t id;
    int32_t width, height;
    int64_t area;
} Box;

AR_MODEL_DECLARE(Box);
AR_MODEL_DEFINE(Box, "boxes", AR_COLUMN(Box, id, AR_PRIMARY_KEY | AR_AUTO), AR_COLUMN(Box, width),
                AR_COLUMN(Box, height), AR_COLUMN(Box, area, AR_GENERATED | AR_VIRTUAL, .sql = "width * height"));

static void virtual_columns_are_read_back(void **state)
{
    (void)state;
    if (fixture_on("postgres")) {
        fails(ar_table_create(db, &Box_model, &err), AR_E_UNSUPPORTED);
        return;
    }
    ok(ar_table_create(db, &Box_model, &err));
    Box *box = Box_new();
    assert_non_null(box);
    box->width = 2;
    box->height = 3;
    ok(Box_save(db, box, &err));
    assert_int_equal(box->area, 6);
    box->width = 5;
    ok(Box_save(db, box, &err));
    assert_int_equal(box->area, 15);
    Box_free(box);
    ok(ar_table_drop(db, &Box_model, &err));
}

/* A struct with a member that its model forgot. */
typedef struct Gappy {
    int64_t id;
    int64_t forgotten;
    const char *name;
    int32_t count;
} Gappy;

AR_MODEL_DECLARE(Gappy);
AR_MODEL_DEFINE(Gappy, "gappy", AR_COLUMN(Gappy, id, AR_PRIMARY_KEY), AR_COLUMN(Gappy, name), AR_COLUMN(Gappy, count));

typedef struct Short {
    int64_t id;
    int64_t last;
} Short;

AR_MODEL_DECLARE(Short);
AR_MODEL_DEFINE(Short, "short", AR_COLUMN(Short, id, AR_PRIMARY_KEY));

typedef struct Padded {
    bool flag;
    int64_t id;
    char text[3];
    int16_t small;
} Padded;

AR_MODEL_DECLARE(Padded);
AR_MODEL_DEFINE(Padded, "padded", AR_COLUMN(Padded, flag), AR_COLUMN(Padded, id, AR_PRIMARY_KEY),
                AR_IGNORE(Padded, text), AR_COLUMN(Padded, small));

static void forgotten_members_are_refused(void **state)
{
    (void)state;
    fails(ar_table_create(db, &Gappy_model, &err), AR_E_INVALID);
    assert_non_null(strstr(err.message, "id and name"));
    Gappy *none;
    fails(Gappy_find_one(db, ar_key(1), &none, &err), AR_E_INVALID);
    fails(Gappy_first(Gappy_query(db), &none, &err), AR_E_INVALID);
    fails(ar_table_create(db, &Short_model, &err), AR_E_INVALID);
    assert_non_null(strstr(err.message, "behind member id"));
    Padded *missing;
    ar_status status = Padded_find_one(db, ar_key(1), &missing, &err);
    assert_true(status == AR_E_QUERY); /* it has no table, and nothing else is wrong */
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(composite_keys_find_and_save),
    cmocka_unit_test(composite_keys_find_many_and_upsert),
    cmocka_unit_test(keys_may_change),
    cmocka_unit_test(uuids_are_made_where_there_is_none),
    cmocka_unit_test(what_the_database_computes_is_read_back),
    cmocka_unit_test(it_is_read_back_into_plain_structs_and_later),
    cmocka_unit_test(it_is_read_back_in_transactions),
    cmocka_unit_test(upserts_read_it_back),
    cmocka_unit_test(derived_columns_are_read),
    cmocka_unit_test(derived_columns_are_read_again_by_a_refresh),
    cmocka_unit_test(records_without_computed_columns_are_whole),
    cmocka_unit_test(enums_are_numbers),
    cmocka_unit_test(read_only_models_refuse_to_write),
    cmocka_unit_test(keyless_models_hold_rows_of_any_query),
    fixture_test_on("postgres mysql", tables_may_be_in_a_schema),
    fixture_test_on("sqlite", tables_may_be_in_an_attached_file),
    cmocka_unit_test(virtual_columns_are_read_back),
    cmocka_unit_test(forgotten_members_are_refused),
};

int main(void)
{
    return fixture_main("models", tests, models);
}
