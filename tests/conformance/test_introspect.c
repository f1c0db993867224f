/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "tests/support/fixture.h"

/* Reading what tables a database has. */

typedef struct House {
    const char *street;
    int32_t number;
    const char *colour;
    int64_t size;
    int64_t twice;
} House;

typedef struct Room {
    int64_t id;
    const char *name;
    const char *note;
    ar_opt_int64 above;
} Room;

AR_MODEL_DECLARE(House);
AR_MODEL_DECLARE(Room);
AR_MODEL_DEFINE(House, "houses \"odd\"", AR_COLUMN(House, number, AR_PRIMARY_KEY),
                AR_COLUMN(House, street, AR_PRIMARY_KEY),
                AR_COLUMN(House, colour, AR_NOT_NULL | AR_UNIQUE, .name = "the colour", .default_sql = "'red'"),
                AR_COLUMN(House, size, 0, .check_sql = "size > 0"),
                AR_COLUMN(House, twice, AR_GENERATED, .sql = "size * 2"));
AR_MODEL_DEFINE(Room, "rooms", AR_COLUMN(Room, id, AR_PRIMARY_KEY | AR_AUTO), AR_COLUMN(Room, name, AR_NOT_NULL),
                AR_COLUMN(Room, note),
                AR_COLUMN(Room, above, 0, .references = AR_REFERENCES(Room, id), .on_delete = AR_CASCADE),
                AR_INDEX(Room, "rooms_by_note", note, name), AR_UNIQUE_INDEX(Room, "rooms_name", name),
                AR_CHECK(Room, "rooms_check", "name <> ')' AND note <> 'CHECK ('"));

static const ar_model *const models[] = { &House_model, &Room_model };

static ar_schema *read_all(void)
{
    ar_schema *schema = NULL;
    ok(ar_schema_read(db, NULL, &schema, &err));
    assert_non_null(schema);
    return schema;
}

static const ar_schema_column *column_of(const ar_schema_table *table, const char *name)
{
    const ar_schema_column *column = ar_schema_table_column(table, name);
    assert_non_null(column);
    return column;
}

static void columns_are_told(void **state)
{
    (void)state;
    ar_schema *schema = read_all();
    const ar_schema_table *houses = ar_schema_find(schema, "houses \"odd\""), *rooms = ar_schema_find(schema, "ROOMS");
    assert_int_equal(schema->table_count, 2);
    assert_non_null(houses);
    assert_non_null(rooms);
    assert_int_equal(houses->column_count, 5);
    assert_string_equal(houses->columns[2].name, "the colour");
    assert_true(houses->columns[2].is_not_null);
    assert_non_null(strstr(houses->columns[2].default_sql, "red"));
    assert_null(houses->columns[3].default_sql);
    assert_false(houses->columns[3].is_not_null);
    assert_int_equal(houses->columns[4].generated, AR_SCHEMA_STORED);
    assert_int_equal(houses->key_count, 2);
    assert_string_equal(houses->key[0], "number");
    assert_string_equal(houses->key[1], "street");
    assert_true(column_of(rooms, "id")->is_auto);
    assert_int_equal(column_of(rooms, "id")->key_position, 1);
    assert_false(column_of(rooms, "name")->is_auto);
    assert_false(rooms->is_view);
    assert_null(ar_schema_find(schema, "nothing"));
    assert_null(ar_schema_table_column(rooms, "nothing"));
    ar_schema_free(schema);
}

static const ar_schema_index *index_of(const ar_schema_table *table, const char *name)
{
    for (size_t i = 0; i < table->index_count; i++) {
        if (strcmp(table->indexes[i].name, name) == 0)
            return &table->indexes[i];
    }
    return NULL;
}

static void indexes_are_told(void **state)
{
    (void)state;
    ar_schema *schema = read_all();
    const ar_schema_table *rooms = ar_schema_find(schema, "rooms");
    const ar_schema_index *plain = index_of(rooms, "rooms_by_note"), *unique = index_of(rooms, "rooms_name");
    assert_non_null(plain);
    assert_non_null(unique);
    assert_false(plain->is_unique);
    assert_true(unique->is_unique);
    assert_int_equal(plain->origin, AR_SCHEMA_INDEX);
    assert_int_equal(plain->column_count, 2);
    assert_string_equal(plain->columns[0], "note");
    assert_string_equal(plain->columns[1], "name");
    assert_null(plain->condition);
    ar_schema_free(schema);
}

static void foreign_keys_and_checks_are_told(void **state)
{
    (void)state;
    ar_schema *schema = read_all();
    const ar_schema_table *rooms = ar_schema_find(schema, "rooms"), *houses = ar_schema_find(schema, "houses \"odd\"");
    assert_int_equal(rooms->foreign_key_count, 1);
    const ar_schema_foreign_key *key = &rooms->foreign_keys[0];
    assert_string_equal(key->table, "rooms");
    assert_int_equal(key->column_count, 1);
    assert_string_equal(key->columns[0], "above");
    assert_string_equal(key->references[0], "id");
    assert_string_equal(key->on_delete, "CASCADE");
    assert_int_equal(rooms->check_count, 1);
    assert_string_equal(rooms->checks[0].name, "rooms_check");
    assert_non_null(strstr(rooms->checks[0].condition, "CHECK ("));
    assert_int_equal(houses->check_count, 1);
    assert_string_equal(houses->checks[0].name, "houses \"odd\"_size_check");
    ar_schema_free(schema);
}

static void views_and_partial_indexes_are_told(void **state)
{
    (void)state;
    ar_schema_options options = { .table = "some_rooms" };
    ar_schema *schema;
    ok(ar_query_exec(ar_sql(db, "create view some_rooms as select id, name from rooms"), NULL, &err));
    if (!fixture_on("mysql"))
        ok(ar_query_exec(ar_sql(db, "create index partly on rooms (lower(name), id) where id > 7"), NULL, &err));
    ok(ar_schema_read(db, &options, &schema, &err));
    assert_int_equal(schema->table_count, 1);
    assert_true(schema->tables[0].is_view);
    assert_int_equal(schema->tables[0].column_count, 2);
    ar_schema_free(schema);
    schema = read_all();
    const ar_schema_index *partly = index_of(ar_schema_find(schema, "rooms"), "partly");
    assert_true(fixture_on("mysql") == (partly == NULL));
    if (partly != NULL) {
        assert_int_equal(partly->column_count, 2);
        assert_null(partly->columns[0]);
        assert_string_equal(partly->columns[1], "id");
        assert_non_null(strstr(partly->condition, "id > 7"));
    }
    ar_schema_free(schema);
    ok(ar_query_exec(ar_sql(db, "drop view some_rooms"), NULL, &err));
}

static void a_name_is_a_value(void **state)
{
    (void)state;
    static const char *const hostile[] = { "x' OR '1'='1", "\"; drop table rooms; --", "`", "%", "rooms\\" };
    ar_schema *schema;
    for (size_t i = 0; i < sizeof hostile / sizeof hostile[0]; i++) {
        ar_schema_options options = { .table = hostile[i] };
        ok(ar_schema_read(db, &options, &schema, &err));
        assert_int_equal(schema->table_count, 0);
        ar_schema_free(schema);
        options = (ar_schema_options){ .schema = hostile[i] };
        ok(ar_schema_read(db, &options, &schema, &err));
        assert_int_equal(schema->table_count, 0);
        ar_schema_free(schema);
    }
    ar_schema_options options = { .table = "houses \"odd\"" };
    ok(ar_schema_read(db, &options, &schema, &err));
    assert_int_equal(schema->table_count, 1);
    ar_schema_free(schema);
}

static void another_schema_is_read_when_asked_for(void **state)
{
    (void)state;
    ar_schema_options options = { .schema = "elsewhere" };
    ar_schema *schema;
    ok(ar_query_exec(ar_sql(db, "create schema elsewhere"), NULL, &err));
    ok(ar_query_exec(ar_sql(db, "create table elsewhere.things (id int primary key)"), NULL, &err));
    ok(ar_schema_read(db, &options, &schema, &err));
    assert_int_equal(schema->table_count, 1);
    assert_string_equal(schema->tables[0].name, "things");
    assert_string_equal(schema->name, "elsewhere");
    ar_schema_free(schema);
    schema = read_all();
    assert_int_equal(schema->table_count, 2);
    ar_schema_free(schema);
    ok(ar_query_exec(ar_sql(db, "drop table elsewhere.things"), NULL, &err));
    ok(ar_query_exec(ar_sql(db, "drop schema elsewhere"), NULL, &err));
}

static void keep_schema(void *arg, ar_status status, ar_schema *schema, const ar_error *error)
{
    (void)error;
    *(ar_schema **)arg = status == AR_OK ? schema : NULL;
}

static void the_same_asynchronously(void **state)
{
    (void)state;
    ar_schema *schema = NULL;
    ar_schema_future future = ar_schema_read_async(db, NULL);
    ok(ar_schema_await(&future, &schema, &err));
    assert_int_equal(schema->table_count, 2);
    ar_schema_free(schema);
    future = ar_schema_read_async(NULL, NULL);
    fails(ar_schema_await_for(&future, 0, &schema, &err), AR_E_INVALID);
    future = ar_schema_read_async(db, NULL);
    ar_future_drop(&future.raw);
    ar_cq *cq;
    ok(ar_cq_create(fixture_runtime(), &cq, &err));
    future = ar_schema_read_async(db, NULL);
    schema = NULL;
    ok(ar_schema_then(&future, ar_cq_executor(cq), keep_schema, &schema, &err));
    ok(ar_cq_run(cq, 1, -1, NULL, &err));
    assert_non_null(schema);
    ar_schema_free(schema);
    ar_cq_destroy(&cq);
}

static void bad_calls_are_answered(void **state)
{
    (void)state;
    ar_schema *schema;
    ar_schema_options options = { .struct_size = 1 };
    ar_schema_future future = { .raw = NULL };
    fails(ar_schema_read(NULL, NULL, &schema, &err), AR_E_INVALID);
    fails(ar_schema_read(db, NULL, NULL, &err), AR_E_INVALID);
    fails(ar_schema_read(db, &options, &schema, &err), AR_E_INVALID);
    fails(ar_schema_await(&future, &schema, &err), AR_E_INVALID);
    fails(ar_schema_await(NULL, &schema, &err), AR_E_INVALID);
    ar_done done = ar_table_create_if_missing_async(db, &Room_model);
    future.raw = done.raw;
    fails(ar_schema_await(&future, &schema, &err), AR_E_INVALID);
    ar_schema_free(NULL);
}

static ar_status read_and_free(void)
{
    ar_schema *schema;
    ar_status status = ar_schema_read(db, NULL, &schema, &err);
    ar_schema_free(schema);
    return status;
}

static ar_status read_async_and_free(void)
{
    ar_schema *schema;
    ar_schema_future future = ar_schema_read_async(db, NULL);
    ar_status status = ar_schema_await(&future, &schema, &err);
    ar_schema_free(schema);
    return status;
}

static void still_works(void)
{
    ok(read_and_free());
}

static void a_refused_allocation_is_said(void **state)
{
    (void)state;
    fixture_each_refusal(read_and_free, still_works);
    fixture_each_refusal(read_async_and_free, still_works);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_are_told),
        cmocka_unit_test(indexes_are_told),
        cmocka_unit_test(foreign_keys_and_checks_are_told),
        cmocka_unit_test(views_and_partial_indexes_are_told),
        cmocka_unit_test(a_name_is_a_value),
        fixture_test_on("postgres", another_schema_is_read_when_asked_for),
        cmocka_unit_test(the_same_asynchronously),
        cmocka_unit_test(bad_calls_are_answered),
        cmocka_unit_test(a_refused_allocation_is_said),
    };
    return fixture_main("introspect", tests, models);
}
