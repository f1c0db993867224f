/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "tests/support/fixture.h"

/* Tables in schemas of their own, and names that only quotes let through: what is made is found again, without a
 * difference. */

typedef struct Land {
    int64_t id;
    const char *code;
    ar_text select;
} Land;

typedef struct Town {
    ar_uuid id;
    int64_t land_id;
    const char *land_code;
    ar_opt_int64 twin;
    int32_t order;
    int32_t half;
    int32_t twice;
    const char *text;
    ar_timestamp made;
    ar_timestamp changed;
    ar_opt_timestamp gone;
    int32_t version;
    int64_t tenant;
    const char *upper;
} Town;

typedef struct Plain {
    int64_t id;
    ar_uuid town;
} Plain;

AR_MODEL_DECLARE(Land);
AR_MODEL_DECLARE(Town);
AR_MODEL_DECLARE(Plain);
AR_MODEL_DEFINE(Land, "The \"Lands`s\"", AR_OPTIONS(Land, .schema = "else where"),
                AR_COLUMN(Land, id, AR_PRIMARY_KEY | AR_AUTO),
                AR_COLUMN(Land, code, AR_NOT_NULL | AR_UNIQUE, .name = "Code `\"x"), AR_COLUMN(Land, select));
AR_MODEL_DEFINE(
    Town, "order", AR_OPTIONS(Town, .schema = "else where"), AR_COLUMN(Town, id, AR_PRIMARY_KEY | AR_UUID_V7),
    AR_COLUMN(Town, land_id, AR_NOT_NULL, .references = AR_REFERENCES(Land, id), .on_delete = AR_CASCADE,
              .on_update = AR_CASCADE, .name = "Land Id"),
    AR_COLUMN(Town, land_code, 0, .references = AR_REFERENCES(Land, code), .on_delete = AR_SET_NULL),
    AR_COLUMN(Town, twin, 0, .references = AR_REFERENCES(Land, id), .on_delete = AR_RESTRICT),
    AR_COLUMN(Town, order, AR_NOT_NULL | AR_DATABASE_DEFAULT, .default_sql = "7", .check_sql = "id IS NOT NULL"),
    AR_COLUMN(Town, half, AR_GENERATED, .sql = "version + 2"),
    AR_COLUMN(Town, twice, AR_GENERATED, .sql = "version * 2"), AR_COLUMN(Town, text, 0, .default_sql = "'a;b'"),
    AR_COLUMN(Town, made, AR_CREATED_AT | AR_NOT_NULL), AR_COLUMN(Town, changed, AR_UPDATED_AT),
    AR_COLUMN(Town, gone, AR_DELETED_AT), AR_COLUMN(Town, version, AR_VERSION | AR_NOT_NULL, .default_sql = "0"),
    AR_COLUMN(Town, tenant, AR_TENANT | AR_NOT_NULL), AR_COLUMN(Town, upper, AR_DERIVED, .sql = "upper(text)"),
    AR_INDEX(Town, "group", order, land_id), AR_UNIQUE_INDEX(Town, "Uni \"que`", tenant, text),
    AR_CHECK(Town, "che ck", "version >= 0"));
AR_MODEL_DEFINE(Plain, "plains", AR_COLUMN(Plain, id, AR_PRIMARY_KEY),
                AR_COLUMN(Plain, town, AR_NOT_NULL, .references = AR_REFERENCES(Town, id)));

static const ar_model *const models[] = { &Plain_model, &Town_model, &Land_model };

static int drop_all(void **state)
{
    (void)state;
    return ar_tables_drop_if_exists(db, models, 3, &err) == AR_OK &&
                   ar_query_exec(fixture_on("mysql") ? ar_sql(db, "drop schema if exists `else where`")
                                                     : ar_sql(db, "drop schema if exists \"else where\""),
                                 NULL, &err) == AR_OK
               ? 0
               : -1;
}

static int create_schema(void **state)
{
    (void)state;
    return ar_query_exec(fixture_on("mysql") ? ar_sql(db, "create schema `else where`")
                                             : ar_sql(db, "create schema \"else where\""),
                         NULL, &err) == AR_OK
               ? 0
               : -1;
}

static void expect_no_difference(const ar_model *const *compared, size_t count)
{
    ar_schema_diff *diff;
    ok(ar_schema_compare(db, compared, count, &diff, &err));
    if (diff->count != 0)
        print_error("%s", diff->text);
    assert_int_equal(diff->count, 0);
    ar_schema_diff_free(diff);
}

static void tables_of_another_schema_are_found_again(void **state)
{
    (void)state;
    ok(ar_tables_create(db, models, 3, &err));
    ok(ar_tables_create_if_missing(db, models, 3, &err));
    expect_no_difference(models, 3);
}

typedef struct Main {
    int64_t id;
    const char *name;
} Main;
AR_MODEL_DECLARE(Main);
AR_MODEL_DEFINE(Main, "mains", AR_OPTIONS(Main, .schema = "main"),
                AR_COLUMN(Main, id, AR_PRIMARY_KEY, .check_sql = "id > 0"), AR_COLUMN(Main, name, AR_UNIQUE),
                AR_INDEX(Main, "mains_name", id, name));

static void the_main_file_is_a_schema_too(void **state)
{
    static const ar_model *const mains[] = { &Main_model };
    (void)state;
    ok(ar_table_create(db, &Main_model, &err));
    expect_no_difference(mains, 1);
    ok(ar_table_drop(db, &Main_model, &err));
    ok(ar_query_exec(ar_sql(db, "create table mains (id integer primary key not null, name text unique)"), NULL, &err));
    ar_schema_diff *diff;
    ok(ar_schema_compare(db, mains, 1, &diff, &err));
    if (strstr(diff->text, "check mains_id_check is missing") == NULL)
        fail_msg("%s", diff->text);
    ar_schema_diff_free(diff);
    ok(ar_table_drop(db, &Main_model, &err));
}

static void partial_indexes_are_told_with_their_condition(void **state)
{
    ar_schema *schema;
    (void)state;
    ok(ar_table_create(db, &Main_model, &err));
    ok(ar_query_exec(ar_sql(db, "create index \"a where b\" on mains(name, (id + 1))\nWHERE\n id > 5"), NULL, &err));
    ok(ar_schema_read(db, &(ar_schema_options){ .table = "mains" }, &schema, &err));
    const ar_schema_index *index = &schema->tables[0].indexes[0];
    assert_string_equal(index->name, "a where b");
    assert_non_null(index->condition);
    assert_int_equal(index->column_count, 2);
    assert_null(index->columns[1]);
    if (strstr(index->condition, "id > 5") == NULL || strstr(index->condition, "mains") != NULL)
        fail_msg("the condition is %s", index->condition);
    ar_schema_free(schema);
    ok(ar_table_drop(db, &Main_model, &err));
}

typedef struct Mixed {
    int64_t id;
    const char *name;
} Mixed;
AR_MODEL_DECLARE(Mixed);
AR_MODEL_DEFINE(Mixed, "mixed", AR_COLUMN(Mixed, id, AR_PRIMARY_KEY), AR_COLUMN(Mixed, name, AR_UNIQUE));

static void names_that_differ_in_case_are_told_apart(void **state)
{
    static const ar_model *const mixed[] = { &Mixed_model };
    (void)state;
    ok(ar_query_exec(fixture_on("mysql")
                         ? ar_sql(db, "create table `Mixed` (id int primary key, other int, third int)")
                         : ar_sql(db, "create table \"Mixed\" (id int primary key, other int, third int)"),
                     NULL, &err));
    ok(ar_table_create(db, &Mixed_model, &err));
    expect_no_difference(mixed, 1);
    ar_schema *schema;
    ok(ar_schema_read(db, NULL, &schema, &err));
    const ar_schema_table *one = ar_schema_find(schema, "Mixed"), *two = ar_schema_find(schema, "mixed");
    assert_non_null(one);
    assert_non_null(two);
    assert_string_equal(one->name, "Mixed");
    assert_string_equal(two->name, "mixed");
    assert_int_equal(one->column_count, 3);
    assert_int_equal(two->column_count, 2);
    ar_schema_free(schema);
    ok(ar_table_drop(db, &Mixed_model, &err));
    ok(ar_query_exec(fixture_on("mysql") ? ar_sql(db, "drop table `Mixed`") : ar_sql(db, "drop table \"Mixed\""), NULL,
                     &err));
}

/* Where "Name" is not name, which statements with the model's name would miss. */
static void a_column_that_differs_in_case_is_another(void **state)
{
    static const ar_model *const mixed[] = { &Mixed_model };
    ar_schema_diff *diff;
    (void)state;
    ok(ar_query_exec(ar_sql(db, "create table mixed (id bigint primary key, \"Name\" text unique)"), NULL, &err));
    ok(ar_schema_compare(db, mixed, 1, &diff, &err));
    bool told = strstr(diff->text, "column name is missing") != NULL &&
                strstr(diff->text, "column Name is not in the model") != NULL;
    if (told != fixture_on("postgres"))
        fail_msg("%s", diff->text);
    ar_schema_diff_free(diff);
    ok(ar_table_drop(db, &Mixed_model, &err));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        fixture_test_setup_on("postgres mysql", tables_of_another_schema_are_found_again, create_schema, drop_all),
        fixture_test_on("sqlite", the_main_file_is_a_schema_too),
        fixture_test_on("sqlite", partial_indexes_are_told_with_their_condition),
        fixture_test_on("postgres mysql", names_that_differ_in_case_are_told_apart),
        fixture_test_on("sqlite postgres", a_column_that_differs_in_case_is_another),
    };
    return fixture_run("schema_names", tests, sizeof tests / sizeof tests[0], NULL, 0);
}
