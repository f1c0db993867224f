/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <actrec/arguments.h>

#include "orm/fragment.h"
#include "tests/support/counting_env.h"
#include "tests/support/dialects.h"

typedef struct Item {
    int64_t id;
    const char *name;
    bool active;
    int32_t size;
    double weight;
    ar_decimal price;
    ar_date made;
} Item;

extern const ar_model Item_model;
AR_MODEL_DEFINE(Item, "items", AR_COLUMN(Item, id, AR_PRIMARY_KEY | AR_AUTO), AR_COLUMN(Item, name),
                AR_COLUMN(Item, active), AR_COLUMN(Item, size), AR_COLUMN(Item, weight), AR_COLUMN(Item, price),
                AR_COLUMN(Item, made, 0, .name = "made on"));

/* What a fragment became: SQL, types of the values as words. */
typedef struct outcome {
    ar_status status;
    ar_error err;
    char sql[512];
    char types[256];
} outcome;

static outcome finish(ari_clause *clause, ar_status status, const ar_error *err)
{
    outcome result = { .status = status, .err = *err };
    char *sql = NULL;
    size_t length;
    if (status == AR_OK)
        assert_int_equal(ari_clause_finish(clause, &sql, &length, &result.err), AR_OK);
    if (sql != NULL) {
        assert_int_equal(strlen(sql), length);
        snprintf(result.sql, sizeof result.sql, "%s", sql);
    }
    for (size_t i = 0; i < clause->count && i < 16; i++) {
        size_t used = strlen(result.types);
        snprintf(result.types + used, sizeof result.types - used, "%s%s", i > 0 ? " " : "",
                 ar_type_name(clause->values[i].type));
    }
    ari_release(clause->text.env, sql);
    return result;
}

static outcome condition_in(const ar_dialect *dialect, const char *sql, const ar_value *values, size_t count)
{
    static counting_env counting;
    ari_arena arena;
    ari_clause clause;
    ar_error err = { .status = AR_OK };
    counting_env_init(&counting);
    ari_arena_init(&arena, &counting.env, 0);
    ari_clause_init_whole(&clause, &counting.env, &arena, dialect, NULL);
    ar_status status = ari_fragment_condition(&clause, dialect, &Item_model, sql, values, count, &err);
    outcome result = finish(&clause, status, &err);
    ari_clause_fini(&clause);
    ari_arena_fini(&arena);
    assert_int_equal(counting.live, 0);
    return result;
}

static outcome condition(const char *sql, const ar_value *values, size_t count)
{
    return condition_in(&question_dialect, sql, values, count);
}

static outcome statement(const ar_dialect *dialect, const char *sql, const ar_value *values, size_t count)
{
    static counting_env counting;
    ari_arena arena;
    ari_clause clause;
    ar_error err = { .status = AR_OK };
    counting_env_init(&counting);
    ari_arena_init(&arena, &counting.env, 0);
    ari_clause_init_whole(&clause, &counting.env, &arena, dialect, NULL);
    ar_status status = ari_fragment_statement(&clause, dialect, sql, values, count, &err);
    outcome result = finish(&clause, status, &err);
    ari_clause_fini(&clause);
    ari_arena_fini(&arena);
    assert_int_equal(counting.live, 0);
    return result;
}

static void expect(outcome result, const char *sql, const char *types)
{
    if (result.status != AR_OK)
        print_error("%s\n", result.err.message);
    assert_int_equal(result.status, AR_OK);
    assert_string_equal(result.sql, sql);
    assert_string_equal(result.types, types);
}

static void refused(outcome result, ar_status status, const char *word)
{
    if (result.status != status)
        print_error("%s: %s\n", result.sql, result.err.message);
    assert_int_equal(result.status, status);
    assert_int_equal(result.err.status, status);
    if (strstr(result.err.message, word) == NULL)
        print_error("%s\n", result.err.message);
    assert_non_null(strstr(result.err.message, word));
}

static void arguments_are_bound_in_order(void **state)
{
    (void)state;
    expect(condition("length(name) > ? and '?' <> ?", AR_VALUES_(5, "x")), "length(name) > ? and '?' <> ?",
           "int32 text");
    expect(condition_in(&dollar_dialect, "a = ? or b ?? ?", AR_VALUES_(1, "k")), "a = $1 or b ? $2", "int32 text");
    expect(condition("name is null", NULL, 0), "name is null", "");
}

static void counts_that_are_off_are_refused(void **state)
{
    (void)state;
    refused(condition("a = ?", NULL, 0), AR_E_INVALID, "more placeholders");
    refused(condition("a = ? and b = ?", AR_VALUES_(1)), AR_E_INVALID, "more placeholders");
    refused(condition("a = 1", AR_VALUES_(1)), AR_E_INVALID, "fewer placeholders");
    refused(condition("a = '?'", AR_VALUES_(1)), AR_E_INVALID, "fewer placeholders");
    refused(condition("a = ?1", AR_VALUES_(1)), AR_E_INVALID, "numbers a placeholder");
    refused(condition("a = ?", NULL, 1), AR_E_INVALID, "NULL");
    refused(condition(NULL, NULL, 0), AR_E_INVALID, "NULL");
}

static void a_condition_cannot_leave_its_parentheses(void **state)
{
    (void)state;
    refused(condition("1 = 1) or (1 = 1", NULL, 0), AR_E_INVALID, "did not open");
    refused(condition("(a = 1", NULL, 0), AR_E_INVALID, "does not close");
    refused(condition("a = 1; drop table x", NULL, 0), AR_E_INVALID, "semicolon");
    refused(condition("a = 'x", NULL, 0), AR_E_INVALID, "quote or a comment");
    refused(condition("a = 1 /* x", NULL, 0), AR_E_INVALID, "quote or a comment");
    refused(condition("", NULL, 0), AR_E_INVALID, "empty");
    refused(condition(" -- nothing", NULL, 0), AR_E_INVALID, "empty");
    expect(condition("a = 1 -- one", NULL, 0), "a = 1  ", "");
    expect(condition("a/* ) */= ')'", NULL, 0), "a = ')'", "");
}

static void arguments_take_the_type_of_the_column_beside(void **state)
{
    (void)state;
    expect(condition("active = ?", AR_VALUES_(1)), "active = ?", "bool");
    expect(condition("ACTIVE != ?", AR_VALUES_(0)), "ACTIVE != ?", "bool");
    expect(condition("items.active = ?", AR_VALUES_(1)), "items.active = ?", "bool");
    expect(condition("\"active\" is not ?", AR_VALUES_(1)), "\"active\" is not ?", "bool");
    expect(condition("? = active and ? < size", AR_VALUES_(1, 2)), "? = active and ? < size", "bool int32");
    expect(condition("? = items.active", AR_VALUES_(1)), "? = items.active", "bool");
    expect(condition("id in (?, ?) and size not in (?)", AR_VALUES_(1, 2, INT64_C(3))),
           "id in (?, ?) and size not in (?)", "int64 int64 int32");
    expect(condition("id between ? and ? and active = ?", AR_VALUES_(1, 2, 1)), "id between ? and ? and active = ?",
           "int64 int64 bool");
    expect(condition("id between 1 and ?", AR_VALUES_(2)), "id between 1 and ?", "int64");
    expect(condition("\"made on\" >= ?", AR_VALUES_("2024-02-29")), "\"made on\" >= ?", "date");
    expect(condition("name = ?", AR_VALUES_(AR_NULL)), "name = ?", "null");
}

static void arguments_beside_nothing_stay_as_they_are(void **state)
{
    (void)state;
    expect(condition("active(?) = 1", AR_VALUES_(1)), "active(?) = 1", "int32");
    expect(condition("size + ? > 5", AR_VALUES_(1.5)), "size + ? > 5", "double");
    expect(condition("lower(name) = ?", AR_VALUES_(1)), "lower(name) = ?", "int32");
    expect(condition("? < size(1)", AR_VALUES_(2.5)), "? < size(1)", "double");
    expect(condition("made like ?", AR_VALUES_("2024%")), "made like ?", "text");
    expect(condition("size > ?", AR_VALUES_(1.5)), "size > ?", "double");
    expect(condition("active and ?", AR_VALUES_(7)), "active and ?", "int32");
    expect(condition("'active' = ?", AR_VALUES_(7)), "'active' = ?", "int32");
}

static void a_column_in_an_expression_is_not_what_is_compared(void **state)
{
    (void)state;
    expect(condition("? - made > ?", AR_VALUES_(9, 5)), "? - made > ?", "int32 int32");
    expect(condition("100 - \"made on\" > ?", AR_VALUES_(5)), "100 - \"made on\" > ?", "int32");
    expect(condition("2 * items.price > 5", NULL, 0), "2 * items.price > 5", "");
    expect(condition("-price < 5 and -items.price < 5", NULL, 0), "-price < 5 and -items.price < 5", "");
    expect(condition("? < price - 5", AR_VALUES_(1)), "? < price - 5", "int32");
    expect(condition("size - id > 5 and active = ?", AR_VALUES_(1)), "size - id > 5 and active = ?", "bool");
    expect(condition("1 < size + \"made on\"", NULL, 0), "1 < size + \"made on\"", "");
    expect(condition("id between 1 - size and ? and active = ?", AR_VALUES_(2, 1)),
           "id between 1 - size and ? and active = ?", "int32 bool");
}

static void parentheses_round_a_column_do_not_hide_it(void **state)
{
    (void)state;
    expect(condition("(active) = ?", AR_VALUES_(1)), "(active) = ?", "bool");
    expect(condition("size > 1 and (items.\"made on\") > ?", AR_VALUES_("2024-02-29")),
           "size > 1 and (items.\"made on\") > ?", "date");
    expect(condition("(price) > 9.5", NULL, 0), "(price) > ? COLLATE AR_DECIMAL", "decimal");
    expect(condition("lower(active) = ?", AR_VALUES_(1)), "lower(active) = ?", "int32");
    expect(condition("5 - (active) = ?", AR_VALUES_(1)), "5 - (active) = ?", "int32");
    expect(condition("(size + active) = ?", AR_VALUES_(1)), "(size + active) = ?", "int32");
    expect(condition("(size, active) = (?, ?)", AR_VALUES_(1, 1)), "(size, active) = (?, ?)", "int32 int32");
}

static void decimals_compare_by_value(void **state)
{
    (void)state;
    expect(condition("price > ?", AR_VALUES_(1)), "price > ? COLLATE AR_DECIMAL", "decimal");
    expect(condition("? < price", AR_VALUES_("1.50")), "? < price COLLATE AR_DECIMAL", "decimal");
    expect(condition("price between ? and ?", AR_VALUES_(1, 0.5)),
           "price between ? COLLATE AR_DECIMAL and ? COLLATE AR_DECIMAL", "decimal decimal");
    expect(condition_in(&dollar_dialect, "price > ?", AR_VALUES_(1)), "price > $1", "decimal");
}

/* Literals are arguments where the engine keeps something else than what they say. */
static void literals_beside_decimals_and_dates_are_bound(void **state)
{
    (void)state;
    expect(condition("price > 9.5", NULL, 0), "price > ? COLLATE AR_DECIMAL", "decimal");
    expect(condition("price > -9.5 and size > -1", NULL, 0), "price > ? COLLATE AR_DECIMAL and size > -1", "decimal");
    expect(condition("price = '1.50'", NULL, 0), "price = ? COLLATE AR_DECIMAL", "decimal");
    expect(condition("price between 1 and + 2 or size = 1", NULL, 0),
           "price between ? COLLATE AR_DECIMAL and  ? COLLATE AR_DECIMAL or size = 1", "decimal decimal");
    expect(condition("price in (1, ?, -0)", AR_VALUES_(2)), "price in (?, ?, ?)", "decimal decimal decimal");
    expect(condition("price > -price", NULL, 0), "price > -price", "");
    expect(condition("price > price and 1 = 1", NULL, 0), "price > price  COLLATE AR_DECIMAL and 1 = 1", "");
    expect(condition("? < price and 1 = 1", AR_VALUES_(1)), "? < price  COLLATE AR_DECIMAL and 1 = 1", "decimal");
    expect(condition("price > items.price", NULL, 0), "price > items.price COLLATE AR_DECIMAL", "");
    expect(condition("price > price(1)", NULL, 0), "price > price(1)", "");
    expect(condition("\"made on\" >= '2024-02-29'", NULL, 0), "\"made on\" >= ?", "date");
    expect(condition("\"made on\" is null or price is null", NULL, 0), "\"made on\" is null or price is null", "");
    expect(condition_in(&dollar_dialect, "price > 9.5", NULL, 0), "price > $1", "decimal");
    expect(condition("size > 5 and name = 'x' and weight < .5", NULL, 0), "size > 5 and name = 'x' and weight < .5",
           "");
    expect(condition("5 < size and 1 < price(2)", NULL, 0), "5 < size and 1 < price(2)", "");
}

static void literals_that_would_compare_wrongly_are_refused(void **state)
{
    (void)state;
    refused(condition("\"made on\" > 19000", NULL, 0), AR_E_INVALID, "bind it");
    refused(condition("\"made on\" > 'yesterday'", NULL, 0), AR_E_INVALID, "made on");
    refused(condition("\"made on\" > -'2024-02-29'", NULL, 0), AR_E_INVALID, "bind it");
    refused(condition("price > 1e500", NULL, 0), AR_E_INVALID, "price");
    refused(condition("price > 0x10", NULL, 0), AR_E_INVALID, "price");
    refused(condition("price > .5", NULL, 0), AR_E_INVALID, "price");
    refused(condition("9.5 < price", NULL, 0), AR_E_INVALID, "price");
    refused(condition("9.5 < items.price and 1 = 1", NULL, 0), AR_E_INVALID, "price");
    refused(condition("'2024-02-29' = \"made on\"", NULL, 0), AR_E_INVALID, "made on");
    refused(condition("price > ''", NULL, 0), AR_E_INVALID, "price");
    outcome result = condition("price = 'secret'", NULL, 0);
    refused(result, AR_E_INVALID, "price");
    assert_null(strstr(result.err.message, "secret"));
}

static void values_that_never_compare_are_refused(void **state)
{
    (void)state;
    refused(condition("active = ?", AR_VALUES_(2)), AR_E_TYPE, "active");
    refused(condition("id = ?", AR_VALUES_("seven")), AR_E_TYPE, "id");
    refused(condition("\"made on\" = ?", AR_VALUES_("no date")), AR_E_TYPE, "made on");
    refused(condition("\"made on\" = ?", AR_VALUES_(7)), AR_E_TYPE, "date");
    refused(condition("id = ?", AR_VALUES_(UINT64_MAX)), AR_E_INVALID, "");
    outcome result = condition("id = ?", AR_VALUES_("secret"));
    assert_null(strstr(result.err.message, "secret"));
}

static void lists_are_padded_to_powers_of_two(void **state)
{
    (void)state;
    int ids[] = { 1, 2, 3, 4, 5 };
    const char *names[] = { "a", "b" };
    expect(condition("id in (?)", AR_VALUES_(AR_LIST(ids, 3))), "id in (?, ?, ?, ?)", "int64 int64 int64 int64");
    expect(condition("id in (?)", AR_VALUES_(AR_LIST(ids, 1))), "id in (?)", "int64");
    expect(condition("name in (?) and size = ?", AR_VALUES_(AR_LIST(names, 2), 1)), "name in (?, ?) and size = ?",
           "text text int32");
    expect(condition("id not in (?)", AR_VALUES_(AR_LIST(ids, 0))), "id not in (SELECT NULL WHERE 1 = 0)", "");
    refused(condition("id in (?)", AR_VALUES_(AR_LIST(names, 2))), AR_E_TYPE, "id");
    refused(condition("id = ?", AR_VALUES_(AR_LIST(ids, 2))), AR_E_INVALID, "IN");
    refused(condition("id in (1) and (size + ?) > 1", AR_VALUES_(AR_LIST(ids, 2))), AR_E_INVALID, "IN");
    refused(condition("id in (abs(?))", AR_VALUES_(AR_LIST(ids, 2))), AR_E_INVALID, "IN");
    expect(condition("lower(name) NOT IN (?) or id in ((1), ?)", AR_VALUES_(AR_LIST(names, 2), AR_LIST(ids, 1))),
           "lower(name) NOT IN (?, ?) or id in ((1), ?)", "text text int32");
    outcome five = condition("x in (?)", AR_VALUES_(AR_LIST(ids, 5)));
    assert_string_equal(five.sql, "x in (?, ?, ?, ?, ?, ?, ?, ?)");
}

static outcome dollars(const char *sql, const ar_value *values, size_t count)
{
    return condition_in(&dollar_dialect, sql, values, count);
}

/* The server takes the type of a parameter from what stands beside it. */
static void where_types_are_inferred_others_are_said(void **state)
{
    (void)state;
    int ids[] = { 1, 2 };
    expect(dollars("size = ? and weight < ?", AR_VALUES_(1, 2)), "size = $1 and weight < $2", "int32 double");
    expect(dollars("size > ? or ? = size", AR_VALUES_(1.5, 2.5)),
           "size > $1::double precision or $2::double precision = size", "double double");
    expect(dollars("size in (?, ?)", AR_VALUES_(INT64_C(3000000000), 1)), "size in ($1::bigint, $2)", "int64 int32");
    expect(dollars("? < size and length(name) > ?", AR_VALUES_(1, 2)), "$1 < size and length(name) > $2",
           "int32 int32");
    expect(dollars("price > ? and ? < price", AR_VALUES_(1, "1.5")), "price > $1 and $2 < price", "decimal decimal");
    expect(dollars("id in (?)", AR_VALUES_(AR_LIST(ids, 2))), "id in ($1, $2)", "int64 int64");
    expect(dollars("id in (?) or a", AR_VALUES_(AR_LIST(ids, 0))), "id = ANY ('{}') or a", "");
    expect(dollars("x and lower(name) not\nin ( ? )", AR_VALUES_(AR_LIST(ids, 0))), "x and lower(name) <> ALL ('{}' )",
           "");
    expect(dollars("not id in (?)", AR_VALUES_(AR_LIST(ids, 0))), "not id = ANY ('{}')", "");
}

static void decimals_are_put_into_what_compares_them(void **state)
{
    (void)state;
    ar_dialect wrapping = backtick_dialect;
    wrapping.decimal_before = "CAST(";
    wrapping.decimal_compare = " AS DECIMAL)";
    expect(condition_in(&wrapping, "price > ? and ? < items.price", AR_VALUES_(1, "2.5")),
           "CAST(price AS DECIMAL) > ? and ? < CAST(items.price AS DECIMAL)", "decimal decimal");
    expect(condition_in(&wrapping, "(`price`) in (?, 2) or price between 1 and 2", AR_VALUES_(1)),
           "(CAST(`price` AS DECIMAL)) in (?, ?) or CAST(price AS DECIMAL) between ? and ?",
           "decimal decimal decimal decimal");
    expect(condition_in(&wrapping, "price = price and price.size > 1 and price(1)", NULL, 0),
           "CAST(price AS DECIMAL) = CAST(price AS DECIMAL) and price.size > 1 and price(1)", "");
    expect(condition_in(&wrapping, "size = 'price' and abs(price) > 1 or price", NULL, 0),
           "size = 'price' and abs(CAST(price AS DECIMAL)) > 1 or CAST(price AS DECIMAL)", "");
}

static void texts_are_copied(void **state)
{
    (void)state;
    counting_env counting;
    ari_arena arena;
    ari_clause clause;
    char text[] = "before";
    counting_env_init(&counting);
    ari_arena_init(&arena, &counting.env, 0);
    ari_clause_init_whole(&clause, &counting.env, &arena, &question_dialect, NULL);
    assert_int_equal(ari_fragment_condition(&clause, &question_dialect, NULL, "a = ? and b = ?",
                                            AR_VALUES_((const char *)text, ((ar_bytes){ .data = text, .length = 3 })),
                                            NULL),
                     AR_OK);
    assert_false(clause.failed);
    memcpy(text, "after!", 6);
    assert_string_equal(clause.values[0].as.text.data, "before");
    assert_memory_equal(clause.values[1].as.bytes.data, "bef", 3);
    ari_clause_fini(&clause);
    ari_arena_fini(&arena);
}

static void a_statement_is_one_statement(void **state)
{
    (void)state;
    expect(statement(&question_dialect, "select ? -- one\n;  ", AR_VALUES_(1)), "select ? -- one\n", "int32");
    expect(statement(&dollar_dialect, "select ?, '?', ?", AR_VALUES_(1, "x")), "select $1, '?', $2", "int32 text");
    expect(statement(&question_dialect, "select 1; -- done", NULL, 0), "select 1", "");
    refused(statement(&question_dialect, "select 1; select 2", NULL, 0), AR_E_INVALID, "one statement at a time");
    refused(statement(&question_dialect, "select 'x", NULL, 0), AR_E_INVALID, "quote");
    refused(statement(&question_dialect, "", NULL, 0), AR_E_INVALID, "empty");
    refused(statement(&question_dialect, NULL, NULL, 0), AR_E_INVALID, "NULL");
    refused(statement(&question_dialect, "select ?", NULL, 0), AR_E_INVALID, "more placeholders");
}

static void names_are_quoted(void **state)
{
    (void)state;
    counting_env counting;
    ari_arena arena;
    ari_clause clause;
    char *sql;
    size_t length;
    counting_env_init(&counting);
    ari_arena_init(&arena, &counting.env, 0);
    ari_clause_init_whole(&clause, &counting.env, &arena, &question_dialect, NULL);
    ari_clause_name(&clause, &question_dialect, "a\"b");
    ari_clause_name(&clause, &backtick_dialect, "c`d\"");
    assert_int_equal(ari_clause_finish(&clause, &sql, &length, NULL), AR_OK);
    assert_string_equal(sql, "\"a\"\"b\"`c``d\"`");
    ari_release(&counting.env, sql);
    ari_clause_fini(&clause);
    ari_arena_fini(&arena);
}

static void more_values_than_the_engine_takes_are_refused(void **state)
{
    (void)state;
    static int numbers[40000];
    counting_env counting;
    ari_arena arena;
    ari_clause clause;
    char *sql;
    size_t length;
    ar_error err;
    counting_env_init(&counting);
    ari_arena_init(&arena, &counting.env, 0);
    ari_clause_init_whole(&clause, &counting.env, &arena, &question_dialect, NULL);
    assert_int_equal(
        ari_fragment_condition(&clause, &question_dialect, NULL, "a in (?)", AR_VALUES_(AR_LIST(numbers, 40000)), &err),
        AR_E_INVALID);
    assert_int_equal(clause.count, 0);
    assert_non_null(strstr(err.message, "32766"));
    assert_int_equal(ari_fragment_condition(&clause, &question_dialect, NULL, "a in (?) or b in (?)",
                                            AR_VALUES_(AR_LIST(numbers, 20000), AR_LIST(numbers, 20000)), &err),
                     AR_OK);
    assert_int_equal(clause.count, 40000);
    assert_int_equal(ari_clause_finish(&clause, &sql, &length, &err), AR_E_INVALID);
    assert_non_null(strstr(err.message, "32766"));
    ari_clause_fini(&clause);
    ari_arena_fini(&arena);
    assert_int_equal(counting.live, 0);
}

static ar_status build(const ar_env *env)
{
    ari_arena arena;
    ari_clause clause;
    char *sql = NULL;
    size_t length;
    static char long_text[2000];
    memset(long_text, 'x', sizeof long_text - 1);
    ari_arena_init(&arena, env, 0);
    ari_clause_init_whole(&clause, env, &arena, &question_dialect, NULL);
    ar_status status =
        ari_fragment_condition(&clause, &question_dialect, &Item_model, "name = ? and ? = price and id in (?, ?, ?)",
                               AR_VALUES_((const char *)long_text, 1, 2, 3, 4), NULL);
    if (status == AR_OK)
        status = ari_clause_finish(&clause, &sql, &length, NULL);
    ari_release(env, sql);
    ari_clause_fini(&clause);
    ari_arena_fini(&arena);
    return status;
}

static void no_memory_is_said_and_nothing_leaks(void **state)
{
    (void)state;
    counting_env counting;
    counting_env_init(&counting);
    assert_int_equal(build(&counting.env), AR_OK);
    size_t needed = counting.allocations;
    for (int on = 0; on < 2; on++) {
        for (size_t i = 1; i <= needed; i++) {
            counting_env_init(&counting);
            counting.refuse_at = i;
            counting.refuse_on = on;
            assert_int_equal(build(&counting.env), AR_E_NO_MEMORY);
            assert_int_equal(counting.live, 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arguments_are_bound_in_order),
        cmocka_unit_test(counts_that_are_off_are_refused),
        cmocka_unit_test(a_condition_cannot_leave_its_parentheses),
        cmocka_unit_test(arguments_take_the_type_of_the_column_beside),
        cmocka_unit_test(arguments_beside_nothing_stay_as_they_are),
        cmocka_unit_test(a_column_in_an_expression_is_not_what_is_compared),
        cmocka_unit_test(parentheses_round_a_column_do_not_hide_it),
        cmocka_unit_test(decimals_compare_by_value),
        cmocka_unit_test(literals_beside_decimals_and_dates_are_bound),
        cmocka_unit_test(literals_that_would_compare_wrongly_are_refused),
        cmocka_unit_test(values_that_never_compare_are_refused),
        cmocka_unit_test(lists_are_padded_to_powers_of_two),
        cmocka_unit_test(where_types_are_inferred_others_are_said),
        cmocka_unit_test(decimals_are_put_into_what_compares_them),
        cmocka_unit_test(texts_are_copied),
        cmocka_unit_test(a_statement_is_one_statement),
        cmocka_unit_test(names_are_quoted),
        cmocka_unit_test(more_values_than_the_engine_takes_are_refused),
        cmocka_unit_test(no_memory_is_said_and_nothing_leaks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
