/* SPDX-License-Identifier: MIT */
/* A snippet of statements in a function that has `db`, a database with a few users, orders and employees, `id`, the key
 * of one of the users, `s` and `err`. A call that fails makes the snippet fail: it has set `err`. */
#include <actrec.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct User {
    int64_t id;
    const char *name;
    const char *email;
    bool is_active;
    ar_opt_int32 age;
    ar_timestamp created_at;
} User;
AR_MODEL_DECLARE(User);
AR_MODEL_DEFINE(User, "users", AR_COLUMN(User, id, AR_PRIMARY_KEY | AR_AUTO), AR_COLUMN(User, name, AR_NOT_NULL),
                AR_COLUMN(User, email, AR_NOT_NULL | AR_UNIQUE), AR_COLUMN(User, is_active, AR_NOT_NULL),
                AR_COLUMN(User, age), AR_COLUMN(User, created_at, AR_CREATED_AT));

typedef struct OrderLine {
    int64_t order_id;
    int32_t number;
    const char *item;
} OrderLine;
AR_MODEL_DECLARE(OrderLine);
AR_MODEL_DEFINE(OrderLine, "order_lines", AR_COLUMN(OrderLine, order_id, AR_PRIMARY_KEY),
                AR_COLUMN(OrderLine, number, AR_PRIMARY_KEY), AR_COLUMN(OrderLine, item, AR_NOT_NULL));

typedef struct Employee {
    int64_t id;
    const char *department;
    double salary;
    ar_date hire_date;
    ar_decimal bonus;
} Employee;
AR_MODEL_DECLARE(Employee);
AR_MODEL_DEFINE(Employee, "employees", AR_COLUMN(Employee, id, AR_PRIMARY_KEY | AR_AUTO),
                AR_COLUMN(Employee, department, AR_NOT_NULL), AR_COLUMN(Employee, salary, AR_NOT_NULL),
                AR_COLUMN(Employee, hire_date, AR_NOT_NULL), AR_COLUMN(Employee, bonus, AR_NOT_NULL));

typedef struct DepartmentStat {
    const char *department;
    int64_t employee_count;
    double avg_salary;
    ar_date earliest_hire;
} DepartmentStat;
AR_MODEL_DECLARE(DepartmentStat);
AR_MODEL_DEFINE(DepartmentStat, "no table: rows of a query", AR_COLUMN(DepartmentStat, department),
                AR_COLUMN(DepartmentStat, employee_count), AR_COLUMN(DepartmentStat, avg_salary),
                AR_COLUMN(DepartmentStat, earliest_hire));

enum { USERS = 4, LINES = 2, EMPLOYEES = 4 };

static ar_status fill(ar_db *db, int64_t *id, ar_error *err)
{
    User users[USERS] = { { .name = "John Doe", .email = "john@example.com", .is_active = true },
                          { .name = "Mary Major", .email = "mary@example.com", .age = { true, 41 } },
                          { .name = "Ann", .email = "ann@example.com", .is_active = true, .age = { true, 12 } },
                          { .name = "Bob", .email = "bob@example.com", .is_active = true, .age = { true, 70 } } };
    OrderLine lines[LINES] = { { 7, 1, "pen" }, { 7, 2, "paper" } };
    Employee staff[EMPLOYEES] = { { .department = "Sales", .salary = 3000, .hire_date = { 15000 } },
                                  { .department = "Sales", .salary = 4000, .hire_date = { 15100 } },
                                  { .department = "Support", .salary = 3500, .hire_date = { 15200 } },
                                  { .department = "Support", .salary = 3700, .hire_date = { 15300 } } };
    const ar_model *models[] = { &User_model, &OrderLine_model, &Employee_model };
    ar_status s = AR_OK;
    for (size_t i = 0; s == AR_OK && i < sizeof models / sizeof models[0]; i++)
        s = ar_table_create(db, models[i], err);
    if (s == AR_OK)
        s = User_insert_many(db, users, USERS, err);
    if (s == AR_OK)
        s = OrderLine_insert_many(db, lines, LINES, err);
    if (s == AR_OK)
        s = Employee_insert_many(db, staff, EMPLOYEES, err);
    *id = users[0].id;
    return s;
}

static ar_error snippet(ar_db *db, int64_t id)
{
    ar_error err = { .status = AR_OK };
    ar_status s = AR_OK;
    /* SNIPPET */
    (void)db, (void)id, (void)s;
    return err;
}

int main(void)
{
    int64_t id = 0;
    ar_error err = { .status = AR_OK };
    ar_db *db = NULL;
    ar_status s = ar_db_open("sqlite:snippet.db", NULL, &db, &err);
    if (s == AR_OK)
        s = fill(db, &id, &err);
    if (s == AR_OK)
        err = snippet(db, id);
    ar_db_close(&db);
    if (err.status == AR_OK)
        return 0;
    fprintf(stderr, "%s: %s\n", ar_status_name(err.status), err.message);
    return 1;
}
