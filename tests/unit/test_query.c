/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <actrec/model.h>
#include <actrec/query.h>

#include "orm/query.h"
#include "tests/support/counting_env.h"
#include "tests/support/dialects.h"

/* The SQL that queries become. What it does on a database: tests/conformance/. */

typedef struct Employee {
    int64_t id;
    const char *name;
    const char *department;
    bool is_active;
    int32_t age;
    double bonus;
    ar_decimal salary;
    ar_timestamp hired_at;
    int cache;
} Employee;

typedef struct Stat {
    const char *department;
    int32_t employees;
    ar_opt_double average;
} Stat;

extern const ar_model Employee_model;
extern const ar_model Stat_model;
AR_MODEL_DEFINE(Employee, "employees", AR_COLUMN(Employee, id, AR_PRIMARY_KEY | AR_AUTO), AR_COLUMN(Employee, name),
                AR_COLUMN(Employee, department), AR_COLUMN(Employee, is_active), AR_COLUMN(Employee, age),
                AR_COLUMN(Employee, bonus), AR_COLUMN(Employee, salary),
                AR_COLUMN(Employee, hired_at, 0, .name = "hire date"), AR_IGNORE(Employee, cache));
AR_MODEL_DEFINE(Stat, "", AR_COLUMN(Stat, department), AR_COLUMN(Stat, employees), AR_COLUMN(Stat, average));

#define ALL_COLUMNS                                                                                        \
    "\"id\", \"name\", \"department\", \"is_active\", \"age\", \"bonus\", \"salary\", \"hire date\" FROM " \
    "\"employees\""

static counting_env counting;

static ar_query *new_query_in(const ar_dialect *dialect)
{
    return ari_query_new(&counting.env, NULL, dialect, &Employee_model);
}

static ar_query *new_query(void)
{
    return new_query_in(&question_dialect);
}

typedef struct written {
    ar_status status;
    ar_error err;
    char sql[1024];
    char types[256]; /* of the values */
    char wanted[256];
} written;

static void add_word(char *words, size_t size, const char *word)
{
    size_t used = strlen(words);
    snprintf(words + used, size - used, "%s%s", used > 0 ? " " : "", word);
}

/* Writes the query down and frees it. */
static written write_down(ar_query *query, ari_ask ask, const ar_model *model)
{
    written result = { .status = AR_OK };
    ari_query_sql sql = { .sql = NULL };
    result.err = query->error;
    result.status = query->error.status;
    if (result.status == AR_OK)
        result.status = ari_query_write(query, ask, model, &sql, &result.err);
    if (result.status == AR_OK) {
        snprintf(result.sql, sizeof result.sql, "%s", sql.sql);
        for (size_t i = 0; i < sql.value_count; i++)
            add_word(result.types, sizeof result.types, ar_type_name(sql.values[i].type));
        for (size_t i = 0; i < sql.wanted_count; i++)
            add_word(result.wanted, sizeof result.wanted, ar_type_name(sql.wanted[i]));
    }
    ari_release(&counting.env, sql.sql);
    ar_query_free(query);
    assert_int_equal(counting.live, 0);
    return result;
}

static void expect(ar_query *query, ari_ask ask, const char *sql, const char *types)
{
    written result = write_down(query, ask, ask <= ARI_ASK_ONE ? &Employee_model : NULL);
    if (result.status != AR_OK)
        print_error("%s\n", result.err.message);
    assert_int_equal(result.status, AR_OK);
    assert_string_equal(result.sql, sql);
    assert_string_equal(result.types, types);
}

static void refused(ar_query *query, ar_status status, const char *word)
{
    written result = write_down(query, ARI_ASK_ROWS, NULL);
    assert_int_equal(result.status, status);
    assert_int_equal(result.err.status, status);
    if (strstr(result.err.message, word) == NULL)
        print_error("%s\n", result.err.message);
    assert_non_null(strstr(result.err.message, word));
}

static int set_up(void **state)
{
    (void)state;
    counting_env_init(&counting);
    return 0;
}

static void all_rows_of_a_model(void **state)
{
    (void)state;
    written result = write_down(new_query(), ARI_ASK_RECORDS, &Employee_model);
    assert_string_equal(result.sql, "SELECT " ALL_COLUMNS);
    assert_string_equal(result.wanted, "int64 text text bool int32 double decimal timestamp");
}

static void comparisons(void **state)
{
    (void)state;
    ar_query *q = new_query();
    ar_query_filter(q, AR_EQ(Employee, is_active, true), AR_NE(Employee, id, 1), AR_LT(Employee, age, 2),
                    AR_LE(Employee, age, 3));
    ar_query_filter(q, AR_GT(Employee, bonus, 4), AR_GE(Employee, hired_at, "2024-01-01"));
    expect(q, ARI_ASK_RECORDS,
           "SELECT " ALL_COLUMNS " WHERE \"is_active\" = ? AND \"id\" <> ? AND \"age\" < ? AND \"age\" <= ? AND "
           "\"bonus\" > ? AND \"hire date\" >= ?",
           "bool int64 int32 int32 double timestamp");
}

static void null_asks_is_null(void **state)
{
    (void)state;
    const char *none = NULL;
    ar_query *q = new_query();
    ar_query_filter(q, AR_EQ(Employee, name, AR_NULL), AR_NE(Employee, name, none), AR_IS_NULL(Employee, age),
                    AR_IS_NOT_NULL(Employee, id));
    expect(q, ARI_ASK_EXISTS,
           "SELECT 1 FROM \"employees\" WHERE \"name\" IS NULL AND \"name\" IS NOT NULL AND \"age\" IS NULL AND "
           "\"id\" IS NOT NULL LIMIT ?",
           "int64");
}

static void patterns_ranges_and_lists(void **state)
{
    (void)state;
    int ids[] = { 1, 2, 3 };
    ar_query *q = new_query();
    ar_query_filter(q, AR_LIKE(Employee, name, "J%"), AR_NOT_LIKE(Employee, name, "%x"),
                    AR_BETWEEN(Employee, age, 1, 2));
    ar_query_filter(q, AR_IN(Employee, id, ids, 3), AR_NOT_IN(Employee, age, ids, 2), AR_IN(Employee, id, ids, 0),
                    AR_NOT_IN(Employee, id, ids, 0));
    expect(
        q, ARI_ASK_COUNT,
        "SELECT count(*) FROM \"employees\" WHERE \"name\" LIKE ? ESCAPE '\\' AND \"name\" NOT LIKE ? ESCAPE '\\' AND "
        "\"age\" BETWEEN ? AND ? AND \"id\" IN (?, ?, ?, ?) AND \"age\" NOT IN (?, ?) AND 1 = 0 AND 1 = 1",
        "text text int32 int32 int64 int64 int64 int64 int32 int32");
}

static void decimals_compare_and_order_by_value(void **state)
{
    (void)state;
    ar_query *q = new_query();
    ar_query_filter(q, AR_GT(Employee, salary, 1000), AR_EQ(Employee, salary, "1.50"));
    ar_query_order_by(q, "salary desc");
    expect(q, ARI_ASK_RECORDS,
           "SELECT " ALL_COLUMNS " WHERE \"salary\" COLLATE AR_DECIMAL > ? AND \"salary\" COLLATE AR_DECIMAL = ? "
           "ORDER BY \"salary\" COLLATE AR_DECIMAL DESC",
           "decimal decimal");
}

static void groups_of_predicates(void **state)
{
    (void)state;
    ar_query *q = new_query();
    ar_query_filter(
        q, AR_EQ(Employee, id, 1),
        AR_OR(AR_LT(Employee, age, 18), AR_AND(AR_GT(Employee, age, 65), AR_NOT(AR_IS_NULL(Employee, name)))));
    expect(q, ARI_ASK_EXISTS,
           "SELECT 1 FROM \"employees\" WHERE \"id\" = ? AND (\"age\" < ? OR (\"age\" > ? AND NOT (\"name\" IS NULL))) "
           "LIMIT ?",
           "int64 int32 int32 int64");
    refused((q = new_query(),
             ar_query_filter_list(q, (ar_predicate[]){ AR_GROUP_(AR_COMPARE_OR), AR_GROUP_(AR_COMPARE_CLOSE) }, 2), q),
            AR_E_INVALID, "empty");
    refused((q = new_query(),
             ar_query_filter_list(q, (ar_predicate[]){ AR_GROUP_(AR_COMPARE_OR), AR_IS_NULL(Employee, id) }, 2), q),
            AR_E_INVALID, "not closed");
    refused((q = new_query(), ar_query_filter_list(q, (ar_predicate[]){ AR_GROUP_(AR_COMPARE_CLOSE) }, 1), q),
            AR_E_INVALID, "was not opened");
}

static void alternatives(void **state)
{
    (void)state;
    ar_query *q = new_query();
    ar_query_filter(q, AR_EQ(Employee, id, 1));
    ar_query_where(q, "age > ?", 5);
    ar_query_or(q);
    ar_query_filter(q, AR_EQ(Employee, id, 2), AR_EQ(Employee, age, 3));
    expect(q, ARI_ASK_COUNT,
           "SELECT count(*) FROM \"employees\" WHERE \"id\" = ? AND (age > ?) OR \"id\" = ? AND \"age\" = ?",
           "int64 int32 int64 int32");
    q = new_query();
    ar_query_or(q);
    refused(q, AR_E_INVALID, "between two conditions");
    q = new_query();
    ar_query_where(q, "1 = 1");
    ar_query_or(q);
    refused(q, AR_E_INVALID, "nothing follows");
}

static void order_limit_and_offset(void **state)
{
    (void)state;
    ar_query *q = new_query();
    ar_query_order_by(q, "name DESC, employees.age asc");
    ar_query_order_by(q, " \"hire date\" ");
    ar_query_limit(q, 10);
    ar_query_offset(q, 20);
    expect(q, ARI_ASK_RECORDS, "SELECT " ALL_COLUMNS " ORDER BY \"name\" DESC, \"age\", \"hire date\" LIMIT ? OFFSET ?",
           "int64 int64");
    q = new_query();
    ar_query_offset(q, 5);
    expect(q, ARI_ASK_RECORDS, "SELECT " ALL_COLUMNS " LIMIT -1 OFFSET ?", "int64");
    q = new_query();
    ar_query_order_by(q, "hired_at");
    expect(q, ARI_ASK_RECORDS, "SELECT " ALL_COLUMNS " ORDER BY \"hire date\"", "");
}

static void hostile_names_are_refused(void **state)
{
    (void)state;
    static const char *const hostile[] = {
        "",
        "name;",
        "name desc; drop table users",
        "name desc desc",
        "name, ",
        ", name",
        "nothing",
        "1",
        "(select 1)",
        "name -- x\n, age up",
        "other.name",
        "name nulls first",
        "'name'",
        "name name",
        "\"name",
        "employees.",
        "length(name)",
    };
    for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
        ar_query *q = new_query();
        ar_query_order_by(q, hostile[i]);
        refused(q, AR_E_INVALID, "building a query on Employee");
    }
    ar_query *q = new_query();
    ar_query_order_by(q, NULL);
    refused(q, AR_E_INVALID, "ar_query_order_by");
    q = new_query();
    ar_query_group_by(q, "name desc");
    refused(q, AR_E_INVALID, "ar_query_group_by");
    q = new_query();
    ar_query_group_by(q, "cache");
    refused(q, AR_E_INVALID, "no column cache");
    q = new_query();
    ar_query_select(q, "id, passwords");
    refused(q, AR_E_INVALID, "no column passwords");
}

static void first_is_by_key_unless_ordered(void **state)
{
    (void)state;
    ar_query *q = new_query();
    expect(q, ARI_ASK_FIRST, "SELECT " ALL_COLUMNS " ORDER BY \"id\" LIMIT ?", "int64");
    q = new_query();
    ar_query_order_by(q, "name");
    ar_query_limit(q, 0);
    expect(q, ARI_ASK_FIRST, "SELECT " ALL_COLUMNS " ORDER BY \"name\" LIMIT ?", "int64");
    q = new_query();
    expect(q, ARI_ASK_ONE, "SELECT " ALL_COLUMNS " LIMIT ?", "int64");
}

static void department_statistics(void **state)
{
    (void)state;
    ar_query *q = new_query();
    ar_query_group_by(q, "department");
    ar_query_select_count(q, "id", "employees");
    ar_query_select_avg(q, "salary", "average");
    ar_query_select_sum(q, "age", "years");
    ar_query_select_sum(q, "bonus", "bonuses");
    ar_query_select_sum(q, "salary", "salaries");
    ar_query_select_min(q, "hired_at", "earliest");
    ar_query_select_max(q, "salary", "highest");
    ar_query_select_count(q, "*", "rows");
    ar_query_having(q, "count(*) > ?", 5);
    ar_query_order_by(q, "employees desc, highest, department");
    written result = write_down(q, ARI_ASK_ROWS, NULL);
    assert_int_equal(result.status, AR_OK);
    assert_string_equal(
        result.sql,
        "SELECT \"department\", count(\"id\") AS \"employees\", avg(\"salary\") AS \"average\", sum(\"age\") AS "
        "\"years\", "
        "sum(\"bonus\") AS \"bonuses\", ar_decimal_sum(\"salary\") AS \"salaries\", min(\"hire date\") AS "
        "\"earliest\", "
        "max(\"salary\" COLLATE AR_DECIMAL) AS \"highest\", count(*) AS \"rows\" FROM \"employees\" GROUP BY "
        "\"department\" "
        "HAVING (count(*) > ?) ORDER BY \"employees\" DESC, \"highest\" COLLATE AR_DECIMAL, \"department\"");
    assert_string_equal(result.wanted, "text int64 double int64 double decimal timestamp decimal int64");
}

static void a_row_type_wants_its_own_types(void **state)
{
    (void)state;
    ar_query *q = new_query();
    ar_query_group_by(q, "department");
    ar_query_select_count(q, "id", "employees");
    ar_query_select_avg(q, "age", "average");
    written result = write_down(q, ARI_ASK_RECORDS, &Stat_model);
    assert_string_equal(result.wanted, "text int32 double");
    result = write_down(new_query(), ARI_ASK_RECORDS, &Stat_model);
    assert_string_equal(result.sql, "SELECT \"department\" FROM \"employees\"");
}

static void selected_columns_replace_the_groups(void **state)
{
    (void)state;
    ar_query *q = new_query();
    ar_query_group_by(q, "department, age");
    ar_query_select(q, "age");
    expect(q, ARI_ASK_ROWS, "SELECT \"age\" FROM \"employees\" GROUP BY \"department\", \"age\"", "");
    q = new_query();
    ar_query_select(q, "name, id");
    ar_query_select(q, "age");
    expect(q, ARI_ASK_ROWS, "SELECT \"name\", \"id\", \"age\" FROM \"employees\"", "");
}

static void groups_and_limits_are_counted_from_outside(void **state)
{
    (void)state;
    ar_query *q = new_query();
    ar_query_group_by(q, "department");
    ar_query_having(q, "count(*) > 1");
    expect(q, ARI_ASK_COUNT,
           "SELECT count(*) FROM (SELECT \"department\" FROM \"employees\" GROUP BY \"department\" HAVING (count(*) > "
           "1)) AS ar_counted",
           "");
    q = new_query();
    ar_query_select(q, "id");
    ar_query_limit(q, 3);
    expect(q, ARI_ASK_COUNT, "SELECT count(*) FROM (SELECT \"id\" FROM \"employees\" LIMIT ?) AS ar_counted", "int64");
}

static void bad_aggregates_are_refused(void **state)
{
    (void)state;
    ar_query *q = new_query();
    ar_query_select_sum(q, "name", "x");
    refused(q, AR_E_INVALID, "no sum");
    q = new_query();
    ar_query_select_avg(q, "is_active", "x");
    refused(q, AR_E_INVALID, "no sum");
    q = new_query();
    ar_query_select_sum(q, "*", "x");
    refused(q, AR_E_INVALID, "no column \"*\"");
    q = new_query();
    ar_query_select_count(q, "id", "a b");
    refused(q, AR_E_INVALID, "alias");
    q = new_query();
    ar_query_select_count(q, "id", "x\" from y --");
    refused(q, AR_E_INVALID, "alias");
    q = new_query();
    ar_query_select_count(q, NULL, "x");
    refused(q, AR_E_INVALID, "alias");
    q = new_query();
    ar_query_select_count(q, "id", NULL);
    refused(q, AR_E_INVALID, "alias");
    q = new_query();
    ar_query_select_count(q, "id", "x");
    ar_query_select_count(q, "age", "x");
    refused(q, AR_E_INVALID, "are called \"x\"");
    q = new_query();
    ar_query_group_by(q, "department");
    ar_query_select_count(q, "age", "department");
    refused(q, AR_E_INVALID, "are called \"department\"");
}

static void wrong_values_are_refused_and_not_shown(void **state)
{
    (void)state;
    int ids[] = { 1 };
    ar_query *q = new_query();
    ar_query_filter(q, AR_EQ(Employee, age, "secret"));
    written result = write_down(q, ARI_ASK_COUNT, NULL);
    assert_int_equal(result.status, AR_E_TYPE);
    assert_non_null(strstr(result.err.message, "Employee.age"));
    assert_null(strstr(result.err.message, "secret"));
    q = new_query();
    ar_query_filter(q, AR_EQ(Employee, age, INT64_C(3000000000)));
    refused(q, AR_E_TYPE, "Employee.age");
    q = new_query();
    ar_query_filter(q, AR_EQ(Employee, age, 1.5));
    refused(q, AR_E_TYPE, "Employee.age");
    q = new_query();
    ar_query_filter(q, AR_EQ(Employee, id, UINT64_MAX));
    refused(q, AR_E_INVALID, "");
    q = new_query();
    ar_query_filter(q, AR_LIKE(Employee, name, 5));
    refused(q, AR_E_TYPE, "pattern");
    q = new_query();
    ar_query_filter_list(q, (ar_predicate[]){ AR_PREDICATE_(AR_COMPARE_IN, Employee, id, ar_bind(5), AR_NULL) }, 1);
    refused(q, AR_E_INVALID, "list");
    q = new_query();
    ar_query_filter_list(q, (ar_predicate[]){ AR_PREDICATE_(AR_COMPARE_EQ, Employee, id, AR_LIST(ids, 1), AR_NULL) },
                         1);
    refused(q, AR_E_INVALID, "");
}

static void columns_of_other_models_are_refused(void **state)
{
    (void)state;
    ar_query *q = new_query();
    ar_query_filter(q, AR_EQ(Stat, employees, 1));
    refused(q, AR_E_INVALID, "a member of Stat");
    q = new_query();
    ar_query_filter(q, AR_EQ(Employee, cache, 1));
    refused(q, AR_E_INVALID, "is not a column");
    q = new_query();
    ar_query_filter_list(q, NULL, 0);
    refused(q, AR_E_INVALID, "no predicates");
    q = new_query();
    ar_query_filter_list(q, (ar_predicate[]){ { .operation = 99, .model = &Employee_model, .member = "id" } }, 1);
    refused(q, AR_E_INVALID, "macros");
}

static void the_first_error_is_kept(void **state)
{
    (void)state;
    ar_query *q = new_query();
    ar_query_limit(q, -1);
    ar_query_offset(q, -1);
    ar_query_order_by(q, "nothing");
    ar_query_where(q, "(");
    refused(q, AR_E_INVALID, "a limit");
    q = new_query();
    ar_query_offset(q, -1);
    refused(q, AR_E_INVALID, "an offset");
    expect((q = new_query(), q), ARI_ASK_COUNT, "SELECT count(*) FROM \"employees\"", "");
}

static void null_queries_are_left_alone(void **state)
{
    (void)state;
    ar_query *q = NULL;
    ar_query_filter(q, AR_EQ(Employee, id, 1));
    ar_query_where(q, "1 = 1");
    ar_query_having(q, "1 = 1");
    ar_query_or(q);
    ar_query_order_by(q, "name");
    ar_query_group_by(q, "name");
    ar_query_select(q, "name");
    ar_query_select_count(q, "id", "n");
    ar_query_limit(q, 1);
    ar_query_offset(q, 1);
    ar_query_free(q);
}

static void placeholders_are_numbered_through_all_clauses(void **state)
{
    (void)state;
    ar_query *q = new_query_in(&dollar_dialect);
    ar_query_having(q, "count(*) > ?", 5);
    ar_query_filter(q, AR_EQ(Employee, id, 1));
    ar_query_group_by(q, "department");
    ar_query_limit(q, 1);
    expect(q, ARI_ASK_ROWS,
           "SELECT \"department\" FROM \"employees\" WHERE \"id\" = $1 GROUP BY \"department\" HAVING (count(*) > $2) "
           "LIMIT $3",
           "int64 int32 int64");
    q = new_query_in(&backtick_dialect);
    ar_query_filter(q, AR_LIKE(Employee, name, "a"));
    ar_query_offset(q, 1);
    expect(q, ARI_ASK_COUNT,
           "SELECT count(*) FROM (SELECT `id`, `name`, `department`, `is_active`, `age`, `bonus`, `salary`, `hire "
           "date` FROM `employees` WHERE "
           "`name` LIKE ? ESCAPE '\\\\' LIMIT 18446744073709551615 OFFSET ?) AS ar_counted",
           "text int64");
}

static void only_queries_of_generated_sql_say_so(void **state)
{
    (void)state;
    ar_query *q = new_query();
    ar_query_filter(q, AR_EQ(Employee, id, 1));
    assert_false(q->raw);
    ar_query_where(q, "1 = 1");
    assert_true(q->raw);
    ar_query_free(q);
}

static ar_status build(void)
{
    ar_query *q = new_query();
    ari_query_sql sql = { .sql = NULL };
    ar_query_filter(q, AR_EQ(Employee, name, "some name"), AR_OR(AR_EQ(Employee, id, 1), AR_EQ(Employee, id, 2)));
    ar_query_where(q, "age in (?, ?)", 1, 2);
    ar_query_group_by(q, "department");
    ar_query_select_count(q, "id", "n");
    ar_query_having(q, "count(*) > ?", 1);
    ar_query_order_by(q, "n desc, department");
    ar_query_limit(q, 5);
    ar_status status = q->error.status;
    if (status == AR_OK)
        status = ari_query_write(q, ARI_ASK_ROWS, NULL, &sql, NULL);
    ari_release(&counting.env, sql.sql);
    ar_query_free(q);
    return status;
}

static void no_memory_is_said_and_nothing_leaks(void **state)
{
    (void)state;
    assert_int_equal(build(), AR_OK);
    size_t needed = counting.allocations;
    for (int on = 0; on < 2; on++) {
        for (size_t i = 1; i <= needed; i++) {
            counting_env_init(&counting);
            counting.refuse_at = i;
            counting.refuse_on = on;
            assert_int_equal(build(), AR_E_NO_MEMORY);
            assert_int_equal(counting.live, 0);
        }
    }
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(all_rows_of_a_model),
        TEST(comparisons),
        TEST(null_asks_is_null),
        TEST(patterns_ranges_and_lists),
        TEST(decimals_compare_and_order_by_value),
        TEST(groups_of_predicates),
        TEST(alternatives),
        TEST(order_limit_and_offset),
        TEST(hostile_names_are_refused),
        TEST(first_is_by_key_unless_ordered),
        TEST(department_statistics),
        TEST(a_row_type_wants_its_own_types),
        TEST(selected_columns_replace_the_groups),
        TEST(groups_and_limits_are_counted_from_outside),
        TEST(bad_aggregates_are_refused),
        TEST(wrong_values_are_refused_and_not_shown),
        TEST(columns_of_other_models_are_refused),
        TEST(the_first_error_is_kept),
        TEST(null_queries_are_left_alone),
        TEST(placeholders_are_numbered_through_all_clauses),
        TEST(only_queries_of_generated_sql_say_so),
        TEST(no_memory_is_said_and_nothing_leaks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
