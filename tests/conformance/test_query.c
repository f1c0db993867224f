/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tests/support/fixture.h"

/* What queries answer, on each database that there is. */

typedef struct Employee {
    int64_t id;
    const char *name;
    const char *department;
    bool is_active;
    int32_t age;
    ar_opt_double bonus;
    ar_decimal salary;
    ar_timestamp hired_at;
} Employee;

typedef struct Stat {
    const char *department;
    int32_t employees;
    ar_opt_double average_age;
} Stat;

AR_MODEL_DECLARE(Employee);
AR_MODEL_DECLARE(Stat);
AR_MODEL_DEFINE(Employee, "employees", AR_COLUMN(Employee, id, AR_PRIMARY_KEY | AR_AUTO),
                AR_COLUMN(Employee, name, AR_NOT_NULL), AR_COLUMN(Employee, department),
                AR_COLUMN(Employee, is_active, AR_NOT_NULL, .default_sql = "true"),
                AR_COLUMN(Employee, age, AR_NOT_NULL), AR_COLUMN(Employee, bonus),
                AR_COLUMN(Employee, salary, AR_NOT_NULL), AR_COLUMN(Employee, hired_at, AR_NOT_NULL));
AR_MODEL_DEFINE(Stat, "no_table", AR_COLUMN(Stat, department), AR_COLUMN(Stat, employees),
                AR_COLUMN(Stat, average_age));

static void insert(const char *name, const char *department, bool active, int age, ar_opt_double bonus,
                   const char *salary)
{
    ar_decimal decimal;
    assert_int_equal(ar_decimal_parse(salary, &decimal, NULL), AR_OK);
    int64_t changes = 0;
    ar_query *q =
        ar_sql(db,
               "insert into employees (name, department, is_active, age, bonus, salary, hired_at) values (?, ?, ?, ?, "
               "?, ?, ?)",
               name, department, active, age, bonus, decimal, ((ar_timestamp){ .us = age * INT64_C(1000000) }));
    ar_status status = ar_query_exec(q, &changes, &err);
    if (status != AR_OK)
        print_error("%s\n", err.message);
    assert_int_equal(status, AR_OK);
    assert_int_equal(changes, 1);
}

static int hire(void **state)
{
    (void)state;
    insert("Ann", "sales", true, 30, (ar_opt_double){ .has = true, .value = 0.5 }, "1000.10");
    insert("Bob", "sales", false, 40, (ar_opt_double){ .has = false }, "900.00");
    insert("Cid", "it", true, 50, (ar_opt_double){ .has = true, .value = 1.5 }, "10000.20");
    insert("Dan", NULL, true, 20, (ar_opt_double){ .has = false }, "1000.1");
    return 0;
}

/* The names of what the query finds, in its order. */
static const char *names(ar_query *q)
{
    static char result[256];
    Employee_list list;
    ar_status status = Employee_all(q, &list, &err);
    if (status != AR_OK)
        print_error("%s\n", err.message);
    assert_int_equal(status, AR_OK);
    result[0] = '\0';
    for (size_t i = 0; i < list.count; i++)
        snprintf(result + strlen(result), sizeof result - strlen(result), "%s%s", i > 0 ? " " : "",
                 list.items[i]->name);
    Employee_list_free(&list);
    return result;
}

static ar_query *by_id(void)
{
    ar_query *q = Employee_query(db);
    ar_query_order_by(q, "id");
    return q;
}

static void all_rows_with_all_values(void **state)
{
    (void)state;
    Employee_list list;
    assert_int_equal(Employee_all(by_id(), &list, &err), AR_OK);
    assert_int_equal(list.count, 4);
    const Employee *ann = list.items[0];
    assert_int_equal(ann->id, 1);
    assert_string_equal(ann->name, "Ann");
    assert_string_equal(ann->department, "sales");
    assert_true(ann->is_active);
    assert_int_equal(ann->age, 30);
    assert_true(ann->bonus.has && ann->bonus.value >= 0.5 && ann->bonus.value <= 0.5);
    assert_int_equal(ann->salary.low, 100010);
    assert_int_equal(ann->salary.scale, 2);
    assert_int_equal(ann->hired_at.us, 30000000);
    assert_false(list.items[1]->is_active);
    assert_false(list.items[1]->bonus.has);
    assert_null(list.items[3]->department);
    Employee_list_free(&list);
    assert_int_equal(list.count, 0);
}

static void filters(void **state)
{
    (void)state;
    int64_t ids[] = { 1, 3, 77 };
    ar_query *q = by_id();
    ar_query_filter(q, AR_EQ(Employee, is_active, true), AR_LIKE(Employee, name, "_an"));
    assert_string_equal(names(q), "Dan");
    q = by_id();
    ar_query_filter(q, AR_EQ(Employee, department, AR_NULL));
    assert_string_equal(names(q), "Dan");
    q = by_id();
    ar_query_filter(q, AR_NE(Employee, department, "it"));
    assert_string_equal(names(q), "Ann Bob");
    q = by_id();
    ar_query_filter(q, AR_IN(Employee, id, ids, 3));
    assert_string_equal(names(q), "Ann Cid");
    q = by_id();
    ar_query_filter(q, AR_NOT_IN(Employee, id, ids, 3));
    assert_string_equal(names(q), "Bob Dan");
    q = by_id();
    ar_query_filter(q, AR_IN(Employee, id, ids, 0));
    assert_string_equal(names(q), "");
    q = by_id();
    ar_query_filter(q, AR_NOT_IN(Employee, id, ids, 0));
    assert_string_equal(names(q), "Ann Bob Cid Dan");
    q = by_id();
    ar_query_filter(q, AR_BETWEEN(Employee, age, 30, 40), AR_NOT(AR_EQ(Employee, name, "Bob")));
    assert_string_equal(names(q), "Ann");
    q = by_id();
    ar_query_filter(
        q, AR_OR(AR_EQ(Employee, name, "Ann"), AR_AND(AR_GT(Employee, age, 45), AR_IS_NOT_NULL(Employee, bonus))));
    assert_string_equal(names(q), "Ann Cid");
}

static void decimals_compare_by_value(void **state)
{
    (void)state;
    ar_query *q = by_id();
    ar_query_filter(q, AR_GT(Employee, salary, 950));
    assert_string_equal(names(q), "Ann Cid Dan");
    q = by_id();
    ar_query_filter(q, AR_EQ(Employee, salary, "1000.1"));
    assert_string_equal(names(q), "Ann Dan");
    q = by_id();
    ar_query_where(q, "salary > ? and ? > salary", 950, 5000);
    assert_string_equal(names(q), "Ann Dan");
    q = Employee_query(db);
    ar_query_order_by(q, "salary desc, name desc");
    assert_string_equal(names(q), "Cid Dan Ann Bob");
}

static void fragments(void **state)
{
    (void)state;
    int64_t ids[] = { 1, 2, 3 };
    ar_query *q = by_id();
    ar_query_where(q, "length(name) = ? and is_active = ?", 3, 1);
    ar_query_where(q, "name <> 'Cid?' and name <> ?", "Dan");
    assert_string_equal(names(q), "Ann Cid");
    q = by_id();
    ar_query_where(q, "id in (?)", AR_LIST(ids, 3));
    ar_query_where(q, "department is not null");
    assert_string_equal(names(q), "Ann Bob Cid");
    q = by_id();
    ar_query_where(q, "id in (?)", AR_LIST(ids, 0));
    assert_string_equal(names(q), "");
    q = by_id();
    ar_query_where(q, "id not in (?)", AR_LIST(ids, 0));
    assert_string_equal(names(q), "Ann Bob Cid Dan");
    q = by_id();
    ar_query_where(q, "name = ?", "x' or '1' = '1");
    assert_string_equal(names(q), "");
    q = by_id();
    ar_query_filter(q, AR_EQ(Employee, name, "Ann"));
    ar_query_or(q);
    ar_query_where(q, "age = 50");
    assert_string_equal(names(q), "Ann Cid");
}

static void order_limit_offset(void **state)
{
    (void)state;
    ar_query *q = Employee_query(db);
    ar_query_order_by(q, "department desc, age");
    ar_query_filter(q, AR_IS_NOT_NULL(Employee, department));
    assert_string_equal(names(q), "Ann Bob Cid");
    q = by_id();
    ar_query_limit(q, 2);
    ar_query_offset(q, 1);
    assert_string_equal(names(q), "Bob Cid");
    q = by_id();
    ar_query_offset(q, 3);
    assert_string_equal(names(q), "Dan");
    q = by_id();
    ar_query_limit(q, 0);
    assert_string_equal(names(q), "");
}

static void one_and_first(void **state)
{
    (void)state;
    Employee *found = NULL;
    ar_query *q = Employee_query(db);
    ar_query_filter(q, AR_EQ(Employee, name, "Bob"));
    assert_int_equal(Employee_one(q, &found, &err), AR_OK);
    assert_int_equal(found->age, 40);
    Employee_free(found);
    q = Employee_query(db);
    ar_query_filter(q, AR_EQ(Employee, name, "Zoe"));
    assert_int_equal(Employee_one(q, &found, &err), AR_E_NOT_FOUND);
    assert_null(found);
    q = Employee_query(db);
    ar_query_filter(q, AR_EQ(Employee, department, "sales"));
    assert_int_equal(Employee_one(q, &found, &err), AR_E_INVALID);
    assert_null(found);
    assert_int_equal(Employee_first(Employee_query(db), &found, &err), AR_OK);
    assert_int_equal(found->id, 1);
    Employee_free(found);
    q = Employee_query(db);
    ar_query_order_by(q, "age desc");
    assert_int_equal(Employee_first(q, &found, &err), AR_OK);
    assert_string_equal(found->name, "Cid");
    Employee_free(found);
    q = Employee_query(db);
    ar_query_filter(q, AR_EQ(Employee, age, 1));
    assert_int_equal(Employee_first(q, &found, &err), AR_E_NOT_FOUND);
    assert_int_equal(Employee_first(ar_sql(db, "select * from employees order by id desc"), &found, &err), AR_OK);
    assert_string_equal(found->name, "Dan");
    Employee_free(found);
}

static void count_and_exists(void **state)
{
    (void)state;
    int64_t count = -1;
    bool exists = true;
    assert_int_equal(ar_query_count(Employee_query(db), &count, &err), AR_OK);
    assert_int_equal(count, 4);
    ar_query *q = Employee_query(db);
    ar_query_group_by(q, "department");
    assert_int_equal(ar_query_count(q, &count, &err), AR_OK);
    assert_int_equal(count, 3);
    q = by_id();
    ar_query_limit(q, 2);
    assert_int_equal(ar_query_count(q, &count, &err), AR_OK);
    assert_int_equal(count, 2);
    assert_int_equal(ar_query_count(ar_sql(db, "select 1 from employees where age > ? -- comment", 35), &count, &err),
                     AR_OK);
    assert_int_equal(count, 2);
    q = Employee_query(db);
    ar_query_filter(q, AR_EQ(Employee, name, "Zoe"));
    assert_int_equal(ar_query_exists(q, &exists, &err), AR_OK);
    assert_false(exists);
    assert_int_equal(ar_query_exists(Employee_query(db), &exists, &err), AR_OK);
    assert_true(exists);
    q = Employee_query(db);
    ar_query_filter(q, AR_EQ(Employee, name, "Zoe"));
    ar_query_select_count(q, "id", "n");
    assert_int_equal(ar_query_exists(q, &exists, &err), AR_OK);
    assert_true(exists);
    assert_int_equal(ar_query_exists(ar_sql(db, "select 1 where 1 = 0;"), &exists, &err), AR_OK);
    assert_false(exists);
}

static void department_statistics(void **state)
{
    (void)state;
    ar_rows *rows;
    int64_t count;
    double average;
    ar_decimal sum;
    ar_timestamp earliest;
    const char *department;
    ar_query *q = Employee_query(db);
    ar_query_group_by(q, "department");
    ar_query_select_count(q, "id", "employee_count");
    ar_query_select_avg(q, "age", "average_age");
    ar_query_select_sum(q, "salary", "total");
    ar_query_select_sum(q, "bonus", "bonuses");
    ar_query_select_min(q, "hired_at", "earliest_hire");
    ar_query_select_max(q, "salary", "highest");
    ar_query_having(q, "count(*) > ?", 1);
    ar_query_order_by(q, "total desc");
    ar_status status = ar_query_rows(q, &rows, &err);
    if (status != AR_OK)
        print_error("%s\n", err.message);
    assert_int_equal(status, AR_OK);
    assert_int_equal(ar_rows_count(rows), 1);
    assert_int_equal(ar_rows_column_count(rows), 7);
    assert_string_equal(ar_rows_column_name(rows, 1), "employee_count");
    assert_int_equal(ar_rows_text(rows, 0, 0, &department, &err), AR_OK);
    assert_string_equal(department, "sales");
    assert_int_equal(ar_rows_int64(rows, 0, ar_rows_column_index(rows, "employee_count"), &count, &err), AR_OK);
    assert_int_equal(count, 2);
    assert_int_equal(ar_rows_double(rows, 0, ar_rows_column_index(rows, "average_age"), &average, &err), AR_OK);
    assert_true(average >= 35 && average <= 35);
    assert_int_equal(ar_rows_decimal(rows, 0, ar_rows_column_index(rows, "total"), &sum, &err), AR_OK);
    assert_int_equal(ar_decimal_compare(sum, ar_decimal_of(190010, 2)), 0);
    assert_int_equal(ar_rows_timestamp(rows, 0, ar_rows_column_index(rows, "earliest_hire"), &earliest, &err), AR_OK);
    assert_int_equal(earliest.us, 30000000);
    assert_int_equal(ar_rows_decimal(rows, 0, ar_rows_column_index(rows, "highest"), &sum, &err), AR_OK);
    assert_int_equal(ar_decimal_compare(sum, ar_decimal_of(100010, 2)), 0);
    ar_rows_free(rows);
}

static void aggregates_of_nothing_are_null(void **state)
{
    (void)state;
    ar_rows *rows;
    int64_t count;
    ar_query *q = Employee_query(db);
    ar_query_filter(q, AR_EQ(Employee, age, 1));
    ar_query_select_count(q, "*", "n");
    ar_query_select_sum(q, "age", "s");
    ar_query_select_sum(q, "salary", "d");
    ar_query_select_avg(q, "age", "a");
    ar_query_select_min(q, "name", "mi");
    ar_query_select_max(q, "salary", "ma");
    assert_int_equal(ar_query_rows(q, &rows, &err), AR_OK);
    assert_int_equal(ar_rows_count(rows), 1);
    assert_int_equal(ar_rows_int64(rows, 0, 0, &count, &err), AR_OK);
    assert_int_equal(count, 0);
    for (size_t i = 1; i < 6; i++)
        assert_true(ar_rows_is_null(rows, 0, i));
    ar_rows_free(rows);
}

static void a_keyless_model_is_a_row_type(void **state)
{
    (void)state;
    Stat_list stats;
    ar_query *q = Employee_query(db);
    ar_query_group_by(q, "department");
    ar_query_select_count(q, "id", "employees");
    ar_query_select_avg(q, "age", "average_age");
    ar_query_order_by(q, "employees desc");
    ar_status status = Stat_all(q, &stats, &err);
    if (status != AR_OK)
        print_error("%s\n", err.message);
    assert_int_equal(status, AR_OK);
    assert_int_equal(stats.count, 3);
    assert_string_equal(stats.items[0]->department, "sales");
    assert_int_equal(stats.items[0]->employees, 2);
    assert_true(stats.items[0]->average_age.has);
    assert_true((stats.items[1]->department == NULL) != (stats.items[2]->department == NULL));
    Stat_list_free(&stats);
    assert_int_equal(
        Stat_all(ar_sql(db, "select 7 as employees, department from employees where id = ?", 1), &stats, &err), AR_OK);
    assert_int_equal(stats.count, 1);
    assert_int_equal(stats.items[0]->employees, 7);
    assert_string_equal(stats.items[0]->department, "sales");
    assert_false(stats.items[0]->average_age.has);
    Stat_list_free(&stats);
}

static void rows_of_sql(void **state)
{
    (void)state;
    ar_rows *rows;
    ar_value value;
    assert_int_equal(
        ar_query_rows(
            ar_sql(db, "select id as a, name, 1.5 as x, null as n from employees where id <= ? order by id;", 2), &rows,
            &err),
        AR_OK);
    assert_int_equal(ar_rows_count(rows), 2);
    assert_int_equal(ar_rows_value(rows, 1, 1, &value, &err), AR_OK);
    assert_int_equal(value.type, AR_TYPE_TEXT);
    assert_memory_equal(value.as.text.data, "Bob", 4);
    assert_true(ar_rows_is_null(rows, 1, 3));
    ar_rows_free(rows);
    assert_int_equal(ar_query_rows(ar_sql(db, "select id from employees where 1 = 0"), &rows, &err), AR_OK);
    assert_int_equal(ar_rows_count(rows), 0);
    assert_int_equal(ar_rows_column_count(rows), 1);
    assert_string_equal(ar_rows_column_name(rows, 0), "id");
    ar_rows_free(rows);
}

static void sql_that_writes(void **state)
{
    (void)state;
    int64_t changes = 0;
    assert_int_equal(ar_query_exec(ar_sql(db, "update employees set age = age + ?", 1), &changes, &err), AR_OK);
    assert_int_equal(changes, 4);
    assert_int_equal(ar_query_exec(ar_sql(db, "delete from employees where name = ?", "Ann"), NULL, &err), AR_OK);
    assert_string_equal(names(by_id()), "Bob Cid Dan");
}

static void triggers_have_statements_of_their_own(void **state)
{
    int64_t count = 0;
    (void)state;
    insert("Trigger", "R&D", true, 836, (ar_opt_double){ .has = false }, "1.00");
    ar_query *create = ar_sql(db, "create trigger leaves after delete on employees begin "
                                  "update employees set age = age + 1; update employees set age = age + 1; end;");
    assert_int_equal(ar_query_exec(create, NULL, &err), AR_OK);
    insert("Leaver", "R&D", true, 20, (ar_opt_double){ .has = false }, "1.00");
    assert_int_equal(ar_query_exec(ar_sql(db, "delete from employees where name = ?", "Leaver"), NULL, &err), AR_OK);
    ar_query *q = Employee_query(db);
    ar_query_filter(q, AR_EQ(Employee, age, 838));
    assert_int_equal(ar_query_count(q, &count, &err), AR_OK);
    assert_int_equal(count, 1);
    assert_int_equal(
        ar_query_exec(
            ar_sql(db, "create trigger t after delete on employees begin select 1; end; drop table employees"), NULL,
            &err),
        AR_E_INVALID);
    assert_int_equal(ar_query_exec(ar_sql(db, "drop trigger leaves; drop table employees"), NULL, &err), AR_E_INVALID);
    assert_int_equal(ar_query_count(Employee_query(db), &count, &err), AR_OK);
}

static void counting_refuses_what_listing_refuses(void **state)
{
    int64_t count = 0;
    bool exists = false;
    (void)state;
    ar_query *q = Employee_query(db);
    ar_query_order_by(q, "nope");
    assert_int_equal(ar_query_count(q, &count, &err), AR_E_INVALID);
    q = Employee_query(db);
    ar_query_order_by(q, "nope");
    assert_int_equal(ar_query_exists(q, &exists, &err), AR_E_INVALID);
    q = Employee_query(db);
    ar_query_select(q, "id, id");
    assert_int_equal(ar_query_count(q, &count, &err), AR_E_INVALID);
}

static void sql_that_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "begin", "commit", " ROLLBACK", "savepoint x", "/* x */ release x", "select 1; select 2", "select 'x", ""
    };
    ar_rows *rows;
    int64_t count;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_int_equal(ar_query_exec(ar_sql_text(db, texts[i], NULL, 0), NULL, &err), AR_E_INVALID);
    const char *session = fixture_on("sqlite") ? "pragma foreign_keys = off" : "set names latin1";
    assert_int_equal(ar_query_exec(ar_sql_text(db, session, NULL, 0), NULL, &err), AR_E_INVALID);
    assert_int_equal(ar_query_exec(ar_sql(db, "select ?"), NULL, &err), AR_E_INVALID);
    assert_int_equal(ar_query_exec(ar_sql(db, "select 1", 2), NULL, &err), AR_E_INVALID);
    assert_int_equal(ar_query_rows(ar_sql(db, "select * from nothing_there"), &rows, &err), AR_E_QUERY);
    assert_null(rows);
    assert_int_equal(ar_query_rows(ar_sql(db, "selec 1"), &rows, &err), AR_E_QUERY);
    assert_int_equal(ar_query_count(ar_sql(db, "delete from employees"), &count, &err), AR_E_INVALID);
    assert_int_equal(ar_query_exec(Employee_query(db), NULL, &err), AR_E_INVALID);
    ar_query *q = ar_sql(db, "select 1");
    ar_query_limit(q, 1);
    assert_int_equal(ar_query_rows(q, &rows, &err), AR_E_INVALID);
    assert_string_equal(names(by_id()), "Ann Bob Cid Dan");
}

static void bad_calls_are_answered(void **state)
{
    (void)state;
    ar_rows *rows;
    int64_t count;
    bool exists;
    Employee *found;
    Employee_list list;
    assert_int_equal(ar_query_count(NULL, &count, &err), AR_E_INVALID);
    assert_int_equal(ar_query_exists(NULL, &exists, NULL), AR_E_INVALID);
    assert_int_equal(ar_query_rows(NULL, &rows, &err), AR_E_INVALID);
    assert_int_equal(ar_query_exec(NULL, NULL, &err), AR_E_INVALID);
    assert_int_equal(Employee_one(NULL, &found, &err), AR_E_INVALID);
    assert_int_equal(Employee_all(NULL, &list, &err), AR_E_INVALID);
    assert_int_equal(ar_query_count(Employee_query(db), NULL, &err), AR_E_INVALID);
    assert_int_equal(ar_query_exists(Employee_query(db), NULL, &err), AR_E_INVALID);
    assert_int_equal(ar_query_rows(Employee_query(db), NULL, &err), AR_E_INVALID);
    assert_int_equal(Employee_one(Employee_query(db), NULL, &err), AR_E_INVALID);
    assert_int_equal(Employee_all(Employee_query(db), NULL, &err), AR_E_INVALID);
    assert_int_equal(ar_query_count(ar_query_create(db, NULL), &count, &err), AR_E_INVALID);
    assert_int_equal(ar_query_count(Employee_query(NULL), &count, &err), AR_E_INVALID);
    assert_int_equal(ar_query_exec(ar_sql_text(db, NULL, NULL, 0), NULL, &err), AR_E_INVALID);
    assert_int_equal(ar_query_all(Employee_query(db), NULL, NULL, &err), AR_E_INVALID);
    ar_db *closed = ar_scope_open(db, NULL);
    ar_query *q = Employee_query(closed);
    ar_db *stale = closed;
    ar_scope_close(&closed);
    assert_int_equal(ar_query_count(q, &count, &err), AR_E_CLOSED);
    assert_int_equal(ar_query_count(Employee_query(stale), &count, &err), AR_E_CLOSED);
    ar_query_free(NULL);
    ar_query_free(Employee_query(db));
    ar_query_free(Employee_query(NULL));
}

static void values_that_no_engine_keeps_are_refused(void **state)
{
    (void)state;
    int64_t count;
    ar_query *q = Employee_query(db);
    ar_query_filter(q, AR_EQ(Employee, name, ((ar_text){ .data = "a\0b", .length = 3 })));
    assert_int_equal(ar_query_count(q, &count, &err), AR_E_TYPE);
    q = Employee_query(db);
    ar_query_filter(q, AR_EQ(Employee, bonus, (double)NAN));
    assert_int_equal(ar_query_count(q, &count, &err), AR_E_TYPE);
    q = Employee_query(db);
    ar_query_where(q, "age = ?", UINT64_MAX);
    assert_int_equal(ar_query_count(q, &count, &err), AR_E_INVALID);
    assert_int_equal(ar_query_exec(ar_sql(db, "select ?", "\xff\xfe"), NULL, &err), AR_E_TYPE);
    assert_null(strstr(err.message, "\xff"));
}

static void the_same_asynchronously(void **state)
{
    (void)state;
    int64_t count = 0, exists = 0, changes = 0;
    ar_rows *rows;
    Employee *found;
    Employee_list list;
    ar_int64_future counted = ar_query_count_async(Employee_query(db));
    ar_int64_future there = ar_query_exists_async(Employee_query(db));
    ar_rows_future table = ar_query_rows_async(Employee_query(db));
    Employee_list_future all = Employee_all_async(by_id());
    ar_query *q = by_id();
    ar_query_filter(q, AR_EQ(Employee, name, "Cid"));
    Employee_future one = Employee_one_async(q);
    Employee_future first = Employee_first_async(Employee_query(db));
    ar_int64_future bad = ar_query_count_async(NULL);
    ar_rows_future dropped = ar_query_rows_async(Employee_query(db));
    ar_future_drop(&dropped.raw);
    assert_int_equal(ar_int64_await(&counted, &count, &err), AR_OK);
    assert_int_equal(count, 4);
    assert_int_equal(ar_int64_await(&there, &exists, &err), AR_OK);
    assert_int_equal(exists, 1);
    assert_int_equal(ar_rows_await(&table, &rows, &err), AR_OK);
    assert_null(table.raw);
    assert_int_equal(ar_rows_count(rows), 4);
    ar_rows_free(rows);
    assert_int_equal(Employee_list_await(&all, &list, &err), AR_OK);
    assert_int_equal(list.count, 4);
    Employee_list_free(&list);
    assert_int_equal(Employee_await(&one, &found, &err), AR_OK);
    assert_string_equal(found->name, "Cid");
    Employee_free(found);
    assert_int_equal(Employee_await(&first, &found, &err), AR_OK);
    assert_string_equal(found->name, "Ann");
    Employee_free(found);
    assert_int_equal(ar_int64_await(&bad, &count, &err), AR_E_INVALID);
    ar_int64_future changed = ar_query_exec_async(ar_sql(db, "delete from employees"));
    assert_int_equal(ar_int64_await(&changed, &changes, &err), AR_OK);
    assert_int_equal(changes, 4);
    q = Employee_query(db);
    ar_query_filter(q, AR_EQ(Employee, name, "Cid"));
    one = Employee_one_async(q);
    assert_int_equal(Employee_await(&one, &found, &err), AR_E_NOT_FOUND);
    assert_null(found);
    assert_int_equal(ar_rows_await(&table, &rows, &err), AR_E_INVALID);
    assert_int_equal(ar_rows_await(NULL, &rows, &err), AR_E_INVALID);
}

typedef struct then_state {
    int calls;
    ar_status status;
    size_t count;
} then_state;

static void on_rows(void *arg, ar_status status, ar_rows *rows, const ar_error *error)
{
    then_state *seen = arg;
    seen->calls++;
    seen->status = status;
    seen->count = ar_rows_count(rows);
    if ((status == AR_OK) != (error == NULL))
        seen->calls += 100;
    ar_rows_free(rows);
}

static void rows_then(void **state)
{
    (void)state;
    ar_cq *cq = NULL;
    then_state good = { .calls = 0 }, bad = { .calls = 0 };
    assert_int_equal(ar_cq_create(NULL, &cq, &err), AR_OK);
    ar_rows_future future = ar_query_rows_async(Employee_query(db));
    assert_int_equal(ar_rows_then(&future, ar_cq_executor(cq), on_rows, &good, &err), AR_OK);
    assert_null(future.raw);
    future = ar_query_rows_async(ar_sql(db, "select nothing"));
    assert_int_equal(ar_rows_then(&future, ar_cq_executor(cq), on_rows, &bad, &err), AR_OK);
    while (good.calls == 0 || bad.calls == 0)
        assert_int_equal(ar_cq_run(cq, 0, 10000, NULL, &err), AR_OK);
    assert_int_equal(good.calls, 1);
    assert_int_equal(good.count, 4);
    assert_int_equal(bad.calls, 1);
    assert_int_equal(bad.status, AR_E_QUERY);
    assert_int_equal(ar_rows_then(&future, ar_cq_executor(cq), on_rows, &bad, &err), AR_E_INVALID);
    future = ar_query_rows_async(NULL);
    assert_int_equal(ar_rows_then(&future, ar_cq_executor(cq), on_rows, &bad, &err), AR_OK);
    while (bad.calls == 1)
        assert_int_equal(ar_cq_run(cq, 0, 10000, NULL, &err), AR_OK);
    assert_int_equal(bad.status, AR_E_INVALID);
    ar_cq_destroy(&cq);
}

static void a_scope_owns_what_is_read_through_it(void **state)
{
    (void)state;
    ar_rows *rows, *gone;
    Employee_list list;
    ar_db *scope = ar_scope_open(db, NULL);
    assert_int_equal(ar_query_rows(Employee_query(scope), &rows, &err), AR_OK);
    assert_int_equal(ar_query_rows(Employee_query(scope), &gone, &err), AR_OK);
    ar_rows_free(gone);
    assert_int_equal(Employee_all(Employee_query(scope), &list, &err), AR_OK);
    assert_int_equal(ar_rows_count(rows), 4);
    ar_rows_future future = ar_query_rows_async(Employee_query(scope));
    ar_scope_close(&scope);
    ar_status status = ar_rows_await(&future, &rows, &err);
    assert_true(status == AR_E_CLOSED || status == AR_E_CANCELLED);
    assert_null(rows);
}

static void queries_in_a_transaction(void **state)
{
    (void)state;
    int64_t count = 0;
    ar_db *tx = ar_tx_begin(db, NULL);
    assert_int_equal(ar_query_exec(ar_sql(tx, "delete from employees where id = 1"), NULL, &err), AR_OK);
    assert_int_equal(ar_query_count(Employee_query(tx), &count, &err), AR_OK);
    assert_int_equal(count, 3);
    assert_int_equal(ar_tx_rollback(&tx, &err), AR_OK);
    assert_int_equal(ar_query_count(Employee_query(db), &count, &err), AR_OK);
    assert_int_equal(count, 4);
}

static const char *names_where(const char *sql)
{
    ar_query *q = Employee_query(db);
    ar_query_where_sql(q, sql, NULL, 0);
    ar_query_order_by(q, "name");
    return names(q);
}

static void literals_compare_by_value(void **state)
{
    (void)state;
    assert_string_equal(names_where("salary > 999.5"), "Ann Cid Dan");
    assert_string_equal(names_where("salary > -1 and salary = 1000.1"), "Ann Dan");
    assert_string_equal(names_where("salary between 900 and '1000.10'"), "Ann Bob Dan");
    assert_string_equal(names_where("hired_at > '1970-01-01T00:00:35Z'"), "Bob Cid");
    assert_string_equal(names_where("salary > salary or salary >= employees.salary"), "Ann Bob Cid Dan");
    int64_t count;
    ar_query *q = Employee_query(db);
    ar_query_where(q, "hired_at > 35");
    assert_int_equal(ar_query_count(q, &count, &err), AR_E_INVALID);
    assert_non_null(strstr(err.message, "bind it"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(all_rows_with_all_values, hire),
        cmocka_unit_test_setup(filters, hire),
        cmocka_unit_test_setup(decimals_compare_by_value, hire),
        cmocka_unit_test_setup(fragments, hire),
        cmocka_unit_test_setup(literals_compare_by_value, hire),
        cmocka_unit_test_setup(order_limit_offset, hire),
        cmocka_unit_test_setup(one_and_first, hire),
        cmocka_unit_test_setup(count_and_exists, hire),
        cmocka_unit_test_setup(department_statistics, hire),
        cmocka_unit_test_setup(aggregates_of_nothing_are_null, hire),
        cmocka_unit_test_setup(a_keyless_model_is_a_row_type, hire),
        cmocka_unit_test_setup(rows_of_sql, hire),
        cmocka_unit_test_setup(sql_that_writes, hire),
        fixture_test_setup_on("sqlite", triggers_have_statements_of_their_own, hire, NULL),
        cmocka_unit_test_setup(counting_refuses_what_listing_refuses, hire),
        cmocka_unit_test_setup(sql_that_is_refused, hire),
        cmocka_unit_test_setup(bad_calls_are_answered, hire),
        cmocka_unit_test_setup(values_that_no_engine_keeps_are_refused, hire),
        cmocka_unit_test_setup(the_same_asynchronously, hire),
        cmocka_unit_test_setup(rows_then, hire),
        cmocka_unit_test_setup(a_scope_owns_what_is_read_through_it, hire),
        cmocka_unit_test_setup(queries_in_a_transaction, hire),
    };
    const ar_model *const models[] = { &Employee_model };
    return fixture_main("query", tests, models);
}
