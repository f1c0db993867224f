/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <actrec/decimal.h>
#include <actrec/introspect.h>
#include <actrec/join.h>
#include <actrec/select.h>
#include <actrec/time.h>
#include <actrec/uuid.h>

#include "tests/support/hostile.h"

/* Hostile texts as names in queries: of columns, of sources and of results, which are looked up or refused before anything
 * is sent; as names that are not sent at all; as SQL, of which it is one statement or condition, or none; and where
 * they are read without a database. */

typedef struct Item {
    int64_t id;
    const char *name;
    AR_ONE(Canary) bird;
} Item;

AR_MODEL_DECLARE(Item);
AR_MODEL_DEFINE(Item, "items", AR_COLUMN(Item, id, AR_PRIMARY_KEY), AR_COLUMN(Item, name),
                AR_BELONGS_TO(Item, bird, Canary, id));

static const ar_model *const models[] = { &Canary_model, &Item_model };

/* A few of them are, of letters and digits. */
static bool is_name(const hostile *text)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
    return text->text.length <= 63 && strspn(text->text.data, letters) == text->text.length;
}

static ar_status ends(ar_query *query)
{
    ar_rows *rows = NULL;
    ar_status status = ar_query_rows(query, &rows, &err);
    ar_rows_free(rows);
    return status;
}

/* --- names of columns: there is none of that name --- */

static void in_a_list(void (*builder)(ar_query *, const char *), const hostile *text)
{
    static const char *const formats[] = { "%s", "id, %s", "%s desc", "id, %s asc, name", "items.%s", "%s.id" };
    size_t size = text->text.length + 64;
    char *list = malloc(size);
    assert_non_null(list);
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        ar_query *query = Item_query(db);
        int length = snprintf(list, size, "%s", "");
        for (const char *c = formats[i]; *c != '\0'; c++) {
            if (c[0] != '%') {
                list[length++] = *c;
                continue;
            }
            memcpy(list + length, text->text.data, text->text.length);
            length += (int)text->text.length;
            c++;
        }
        list[length] = '\0';
        builder(query, list);
        named(ends(query), AR_E_INVALID);
    }
    free(list);
}

static void through_order_by(const hostile *text)
{
    if (hostile_is_string(text))
        in_a_list(ar_query_order_by, text);
}

static void through_group_by(const hostile *text)
{
    if (hostile_is_string(text))
        in_a_list(ar_query_group_by, text);
}

static void through_select(const hostile *text)
{
    if (hostile_is_string(text))
        in_a_list(ar_query_select, text);
}

static void through_aggregates(const hostile *text)
{
    static void (*const builders[])(ar_query *, const char *,
                                    const char *) = { ar_query_select_count, ar_query_select_sum, ar_query_select_avg,
                                                      ar_query_select_min, ar_query_select_max };
    for (size_t i = 0; i < 5 && hostile_is_string(text); i++) {
        ar_query *query = Item_query(db);
        builders[i](query, text->text.data, "alias");
        named(ends(query), AR_E_INVALID);
        query = Item_query(db);
        builders[i](query, "id", text->text.data);
        named(ends(query), is_name(text) ? AR_OK : AR_E_INVALID);
    }
}

/* --- aliases --- */

static void through_aliases(const hostile *text)
{
    const char *alias = text->text.data;
    ar_status expected = is_name(text) ? AR_OK : AR_E_INVALID;
    if (!hostile_is_string(text))
        return;
    ar_query *query = Item_query(db);
    ar_query_alias(query, alias);
    named(ends(query), expected);
    query = Item_query(db);
    ar_query_select_as(query, alias, AR_COL(Item, id));
    ar_query_order_by(query, is_name(text) ? alias : "id");
    named(ends(query), expected);
    query = Item_query(db);
    ar_query_join(query, AR_INNER_JOIN, Item, alias, AR_COMPARE(AR_COL(Item, id), EQ, AR_COL_AS(alias, Item, id)));
    named(ends(query), expected);
    query = Item_query(db);
    ar_query_cross_join(query, Canary, alias);
    ar_query_filter(query, AR_AS(alias, AR_GT(Canary, id, 0)));
    named(ends(query), expected);
}

/* Names of sources that there are not. */
static void through_sources(const hostile *text)
{
    const char *alias = text->text.data;
    ar_query *inner = Item_query(db), *query = Item_query(db);
    if (!hostile_is_string(text)) {
        ar_query_free(inner);
        ar_query_free(query);
        return;
    }
    ar_query_filter(query, AR_AS(alias, AR_EQ(Item, id, 1)));
    named(ends(query), AR_E_INVALID);
    query = Item_query(db);
    ar_query_filter(query, AR_COMPARE(AR_COL_AS(alias, Item, id), EQ, AR_VALUE(1)));
    named(ends(query), AR_E_INVALID);
    query = Item_query(db);
    ar_query_filter(inner, AR_COMPARE(AR_COL(Item, id), EQ, AR_OUTER_AS(alias, Item, id)));
    ar_query_filter(query, AR_EXISTS(inner));
    named(ends(query), AR_E_INVALID);
}

/* --- SQL: whatever it says (some are a literal, or a comment), it says it of this table and in one statement --- */

static ar_status executed(ar_query *query)
{
    return ar_query_exec(query, NULL, &err);
}

static void through_sql(const hostile *text)
{
    const char *sql = text->text.data;
    ar_value value = ar_bind("x");
    for (size_t count = 0; count < 2 && hostile_is_string(text); count++) {
        ar_query *query = Item_query(db);
        ar_query_where_sql(query, sql, &value, count);
        ar_ignore(ends(query));
        query = Item_query(db);
        ar_query_group_by(query, "name");
        ar_query_having_sql(query, sql, &value, count);
        ar_ignore(ends(query));
        ar_ignore(executed(ar_sql_text(db, sql, &value, count)));
        ar_ignore(ends(ar_sql_text(db, sql, &value, count)));
        query = Item_query(db);
        const ar_change change = ar_change_sql(&Item_model, offsetof(Item, name), "name", sql, &value, count);
        ar_query_everything(query);
        ar_query_set_list(query, &change, 1);
        ar_ignore(ar_query_update_all(query, NULL, &err));
    }
}

/* --- what is looked up in memory --- */

static void through_lookups(const hostile *text)
{
    ar_rows *rows = NULL;
    ar_schema *schema = NULL;
    ar_value value;
    if (!hostile_is_string(text))
        return;
    ok(ar_query_rows(ar_sql(db, "select 1 as one"), &rows, &err));
    assert_true(ar_rows_column_index(rows, text->text.data) == AR_ROWS_NO_COLUMN);
    named(ar_rows_value_named(rows, 0, text->text.data, &value, &err), AR_E_INVALID);
    ar_rows_free(rows);
    ok(ar_schema_read(db, &(ar_schema_options){ .table = "canary" }, &schema, &err));
    assert_null(ar_schema_find(schema, text->text.data));
    assert_null(ar_schema_table_column(ar_schema_find(schema, "canary"), text->text.data));
    ar_schema_free(schema);
}

static void through_relations(const hostile *text)
{
    Item *item = Item_new();
    assert_non_null(item);
    named(ar_related_one(&item->bird.one_, text->text.data, &err), AR_E_NOT_LOADED);
    named(ar_related_many(&item->bird.one_, text->text.data, &err), AR_E_NOT_LOADED);
    Item_free(item);
}

/* --- savepoints, whose names are not sent --- */

static void through_savepoints(const hostile *text)
{
    const char *name = text->text.data;
    size_t length = strlen(name);
    ar_status set = length >= 1 && length <= 127 ? AR_OK : AR_E_INVALID;
    for (int is_async = 0; is_async < 2; is_async++) {
        Item item = { .id = 1 };
        int64_t count = -1;
        ar_db *tx = ar_tx_begin(db, NULL);
        ok(ar_tx_savepoint(tx, "outer", &err));
        named(is_async ? hostile_await(ar_tx_savepoint_async(tx, name).raw) : ar_tx_savepoint(tx, name, &err), set);
        ok(Item_insert(tx, &item, &err));
        named(is_async ? hostile_await(ar_tx_rollback_to_async(tx, name).raw) : ar_tx_rollback_to(tx, name, &err), set);
        ok(ar_query_count(Item_query(tx), &count, &err));
        assert_int_equal(count, set == AR_OK ? 0 : 1);
        named(is_async ? hostile_await(ar_tx_release_async(tx, name).raw) : ar_tx_release(tx, name, &err), set);
        named(ar_tx_release(tx, name, &err), AR_E_INVALID); /* there is none any more */
        ok(ar_tx_rollback(&tx, &err));
    }
}

/* --- what is read without a database --- */

static void through_parsers(const hostile *text)
{
    const ar_text *t = &text->text;
    ar_uuid uuid;
    ar_date date;
    ar_time time;
    ar_timestamp timestamp;
    ar_decimal decimal;
    answers(ar_uuid_parse(t->data, &uuid, &err), AR_E_TYPE);
    answers(ar_uuid_parse_n(t->data, t->length, &uuid, &err), AR_E_TYPE);
    answers(ar_date_parse(t->data, &date, &err), AR_E_TYPE);
    answers(ar_date_parse_n(t->data, t->length, &date, &err), AR_E_TYPE);
    answers(ar_time_parse(t->data, &time, &err), AR_E_TYPE);
    answers(ar_time_parse_n(t->data, t->length, &time, &err), AR_E_TYPE);
    answers(ar_timestamp_parse(t->data, &timestamp, &err), AR_E_TYPE);
    answers(ar_timestamp_parse_n(t->data, t->length, &timestamp, &err), AR_E_TYPE);
    answers(ar_decimal_parse(t->data, &decimal, &err), AR_E_TYPE);
    answers(ar_decimal_parse_n(t->data, t->length, &decimal, &err), AR_E_TYPE);
}

static void through_failures(const hostile *text)
{
    ar_failures failures = { NULL, 0, NULL };
    ar_failures_add(&failures, text->text.data, "%s", text->text.data);
    assert_int_equal(failures.count, 1);
    assert_string_equal(failures.items[0].column, text->text.data);
    size_t length = strlen(failures.items[0].message);
    assert_true(length <= 255 && strncmp(failures.items[0].message, text->text.data, length) == 0);
    ar_failures_free(&failures);
}

/* --- */

static const probe names[] = {
    { "ar_query_order_by", through_order_by },
    { "ar_query_group_by", through_group_by },
    { "ar_query_select", through_select },
    { "ar_query_select_count ar_query_select_sum ar_query_select_avg ar_query_select_min ar_query_select_max",
      through_aggregates },
    { "ar_query_alias ar_query_join_on ar_query_select_expr AR_AS AR_COL_AS", through_aliases },
    { "AR_AS AR_COL_AS AR_OUTER_AS", through_sources },
    { "ar_sql_text ar_query_where_sql ar_query_having_sql ar_query_set_list", through_sql },
};

static const probe unsent[] = {
    { "ar_rows_column_index ar_rows_value_named ar_schema_find ar_schema_table_column", through_lookups },
    { "ar_related_one ar_related_many", through_relations },
    { "ar_tx_savepoint ar_tx_savepoint_async ar_tx_rollback_to ar_tx_rollback_to_async ar_tx_release "
      "ar_tx_release_async",
      through_savepoints },
    { "ar_uuid_parse ar_uuid_parse_n ar_date_parse ar_date_parse_n ar_time_parse ar_time_parse_n ar_timestamp_parse "
      "ar_timestamp_parse_n ar_decimal_parse ar_decimal_parse_n",
      through_parsers },
    { "ar_failures_add", through_failures },
};

static void names_and_sql(void **state)
{
    (void)state;
    Item item = { .id = 7, .name = "seven" }, *found = NULL;
    ok(Item_insert(db, &item, &err));
    hostile_run_all(names);
    ok(Item_one(Item_query(db), &found, &err));
    assert_int_equal(found->id, 7);
    Item_free(found);
}

static void names_that_are_not_sent(void **state)
{
    (void)state;
    hostile_run_all(unsent);
}

static void aliases_that_are_long(void **state)
{
    (void)state;
    char alias[65];
    memset(alias, 'a', sizeof alias);
    for (size_t length = 63; length < 65; length++) { /* PostgreSQL would cut what is longer */
        ar_rows *rows = NULL;
        ar_query *query = Item_query(db);
        alias[length] = '\0';
        ar_query_select_as(query, alias, AR_COL(Item, id));
        fails(ar_query_rows(query, &rows, &err), length == 63 ? AR_OK : AR_E_INVALID);
        if (rows != NULL)
            assert_string_equal(ar_rows_column_name(rows, 0), alias);
        ar_rows_free(rows);
        alias[length] = 'a';
    }
}

static void no_entry_point_is_left_out(void **state)
{
    (void)state;
    const probe *const probes[] = { names, unsent };
    const size_t counts[] = { sizeof names / sizeof *names, sizeof unsent / sizeof *unsent };
    hostile_check_entries(ENTRIES_OF_NAMES, probes, counts, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(names_and_sql), cmocka_unit_test(names_that_are_not_sent),
                                        cmocka_unit_test(aliases_that_are_long),
                                        cmocka_unit_test(no_entry_point_is_left_out) };
    return fixture_main("injection_names", tests, models);
}
