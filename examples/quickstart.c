/* SPDX-License-Identifier: MIT */
/* A tour of actrec on a database of your choice:  quickstart [URL]   (default: sqlite:quickstart.db; also postgresql://user:password@host/database,
 * mysql://user:password@host/database). It makes its tables anew and drops them again. */
#include <actrec.h>
#include <stdio.h>
#include <stdlib.h>

#include "examples/show.h"

typedef struct User {
    int64_t id;
    const char *name;
    const char *email;
    bool is_active;
    ar_timestamp created_at;
} User;
AR_MODEL_DECLARE(User);
AR_MODEL_DEFINE(User, "users", AR_COLUMN(User, id, AR_PRIMARY_KEY | AR_AUTO), AR_COLUMN(User, name, AR_NOT_NULL),
                AR_COLUMN(User, email, AR_NOT_NULL | AR_UNIQUE),
                AR_COLUMN(User, is_active, AR_NOT_NULL, .default_sql = "true"),
                AR_COLUMN(User, created_at, AR_CREATED_AT));

typedef struct Account {
    int64_t id;
    int64_t balance; /* cents */
} Account;
AR_MODEL_DECLARE(Account);
AR_MODEL_DEFINE(Account, "accounts", AR_COLUMN(Account, id, AR_PRIMARY_KEY | AR_AUTO),
                AR_COLUMN(Account, balance, AR_NOT_NULL));

typedef struct Employee {
    int64_t id;
    const char *department;
    double salary;
    ar_date hire_date;
} Employee;
AR_MODEL_DECLARE(Employee);
AR_MODEL_DEFINE(Employee, "employees", AR_COLUMN(Employee, id, AR_PRIMARY_KEY | AR_AUTO),
                AR_COLUMN(Employee, department, AR_NOT_NULL), AR_COLUMN(Employee, salary, AR_NOT_NULL),
                AR_COLUMN(Employee, hire_date, AR_NOT_NULL));

typedef struct Reading {
    int64_t id;
    int64_t sensor;
    double value;
} Reading;
AR_MODEL_DECLARE(Reading);
AR_MODEL_DEFINE(Reading, "readings", AR_COLUMN(Reading, id, AR_PRIMARY_KEY | AR_AUTO),
                AR_COLUMN(Reading, sensor, AR_NOT_NULL), AR_COLUMN(Reading, value, AR_NOT_NULL));

static const ar_model *const models[] = { &User_model, &Account_model, &Employee_model, &Reading_model };
enum { MODELS = sizeof models / sizeof models[0] };

static void make_tables(ar_db *db)
{
    ar_error err;
    show_begin("make four tables");
    for (size_t i = 0; i < MODELS; i++) {
        must(ar_table_drop_if_exists(db, models[i], &err), &err, "dropping a table");
        must(ar_table_create(db, models[i], &err), &err, "creating a table");
    }
    show_end();
}

static void show_users(ar_db *db)
{
    ar_error err;
    ar_rows *rows;
    ar_query *q = User_query(db);
    ar_query_order_by(q, "id");
    must(ar_query_rows(q, &rows, &err), &err, "listing the users");
    show_rows(rows);
    ar_rows_free(rows);
}

static void create_read_update_delete(ar_db *db)
{
    ar_error err;
    show_title("Create, read, update, delete: synchronously");

    show_begin("sync: save two users, find, change, delete");
    User *john = User_new();
    User *mary = User_new();
    if (john == NULL || mary == NULL)
        exit(EXIT_FAILURE);
    john->name = "John Doe";
    john->email = "john@example.com";
    john->is_active = true;
    must(User_save(db, john, &err), &err, "saving John");
    mary->name = "Mary Major";
    mary->email = "mary@example.com";
    must(User_save(db, mary, &err), &err, "saving Mary");

    User *found;
    must(User_find_one(db, ar_key(john->id), &found, &err), &err, "finding John");
    found->name = "Jane Doe";
    must(User_save(db, found, &err), &err, "renaming John"); /* UPDATE of the one column that changed */

    User_list active;
    ar_query *q = User_query(db);
    ar_query_filter(q, AR_EQ(User, is_active, true), AR_LIKE(User, name, "J%"));
    ar_query_where(q, "length(email) > ?", 5);
    ar_query_order_by(q, "name");
    must(User_all(q, &active, &err), &err, "listing the active users");
    show_end();
    printf("  %zu active user whose name starts with J; all users:\n", active.count);
    show_users(db);

    must(User_delete(db, found, &err), &err, "deleting Jane");
    User *gone;
    ar_status status = User_find_one(db, ar_key(john->id), &gone, &err);
    printf("  after deleting Jane, finding her says %s\n", ar_status_name(status));
    User_list_free(&active);
    User_free(found);
    User_free(john);
    User_free(mary);
}

static void the_same_asynchronously(ar_db *db)
{
    ar_error err;
    show_title("The same, asynchronously");

    show_begin("async: two saves and two finds in flight together");
    User *ann = User_new();
    User *bob = User_new();
    if (ann == NULL || bob == NULL)
        exit(EXIT_FAILURE);
    ann->name = "Ann";
    ann->email = "ann@example.com";
    bob->name = "Bob";
    bob->email = "bob@example.com";
    ar_done f1 = User_save_async(db, ann);
    ar_done f2 = User_save_async(db, bob);
    ar_done both = AR_ALL(f1, f2);
    must(ar_done_await(&both, &err), &err, "saving Ann and Bob");
    must(ar_done_await(&f1, &err), &err, "saving Ann");
    must(ar_done_await(&f2, &err), &err, "saving Bob");

    User *users[2];
    User_future finds[2] = { User_find_one_async(db, ar_key(ann->id)), User_find_one_async(db, ar_key(bob->id)) };
    for (int i = 0; i < 2; i++)
        must(User_await(&finds[i], &users[i], &err), &err, "finding Ann or Bob");
    show_end();
    for (int i = 0; i < 2; i++) {
        printf("  found %s <%s>\n", users[i]->name, users[i]->email);
        User_free(users[i]);
    }
    User_free(ann);
    User_free(bob);
}

/* AR_OK, or what the database said; a conflict with another transaction is tried again. */
static ar_status transfer(ar_db *db, int64_t a, int64_t b, int64_t cents, ar_error *err)
{
    ar_status s;
    ar_db *tx = ar_tx_begin(db, &(ar_tx_options){ .retries = 5 });
    do {
        Account *from, *to;
        if ((s = Account_find_for_update(tx, ar_key(a), &from, err)) != AR_OK)
            continue;
        if ((s = Account_find_for_update(tx, ar_key(b), &to, err)) != AR_OK)
            continue;
        if (from->balance < cents) {
            s = ar_error_set(err, AR_E_VETOED, "account %lld has not that much", (long long)a);
            continue;
        }
        from->balance -= cents;
        to->balance += cents;
        if ((s = Account_save(tx, from, err)) != AR_OK)
            continue;
        s = Account_save(tx, to, err);
    } while (ar_tx_finish(&tx, &s, err));
    return s;
}

static void move_money(ar_db *db)
{
    ar_error err;
    show_title("Money, in a transaction");
    Account accounts[2] = { { .balance = 10000 }, { .balance = 500 } };
    must(Account_insert_many(db, accounts, 2, &err), &err, "opening two accounts");

    show_begin("transfer 25.00, and refuse to transfer 900.00");
    must(transfer(db, accounts[0].id, accounts[1].id, 2500, &err), &err, "transferring 25.00");
    ar_status refused = transfer(db, accounts[0].id, accounts[1].id, 90000, &err);
    show_end();
    printf("  transferring 25.00: AR_OK; transferring 900.00: %s, %s\n", ar_status_name(refused), err.message);

    ar_rows *rows;
    ar_query *q = Account_query(db);
    ar_query_order_by(q, "id");
    must(ar_query_rows(q, &rows, &err), &err, "listing the accounts");
    show_rows(rows);
    ar_rows_free(rows);
}

static void department_statistics(ar_db *db)
{
    static const char *const departments[] = { "Engineering", "Sales", "Support" };
    ar_error err;
    Employee staff[60];

    show_title("Departments: how many, the average salary, the first to be hired");
    for (int i = 0; i < 60; i++)
        staff[i] = (Employee){ .department = departments[i % 3],
                               .salary = 3000 + 37.5 * i,
                               .hire_date = { .days = 15000 + 61 * i } };
    must(Employee_insert_many(db, staff, 60, &err), &err, "hiring sixty people");

    show_begin("group sixty employees by department");
    ar_query *e = Employee_query(db);
    ar_query_group_by(e, "department");
    ar_query_select_count(e, "id", "employee_count");
    ar_query_select_avg(e, "salary", "avg_salary");
    ar_query_select_min(e, "hire_date", "earliest_hire");
    ar_query_order_by(e, "department");
    ar_rows *rows;
    must(ar_query_rows(e, &rows, &err), &err, "counting the departments");
    show_end();
    show_rows(rows);
    ar_rows_free(rows);
}

/* Saves `total` readings, a few thousand in flight at a time; each future completes when its row is safely on the disk. */
static void save_many(ar_db *db, size_t total)
{
    enum { IN_FLIGHT = 4096 };
    static Reading *readings[IN_FLIGHT];
    static ar_done futures[IN_FLIGHT];
    ar_error err;

    show_title("Concurrent durable saves");
    show_begin("100,000 durable saves, 4,096 in flight");
    for (size_t i = 0; i < total + IN_FLIGHT; i++) {
        size_t slot = i % IN_FLIGHT;
        if (i >= IN_FLIGHT) {
            must(ar_done_await(&futures[slot], &err), &err, "saving a reading");
            Reading_free(readings[slot]);
        }
        if (i < total) {
            readings[slot] = Reading_new();
            if (readings[slot] == NULL)
                exit(EXIT_FAILURE);
            readings[slot]->sensor = (int64_t)(i % 97);
            readings[slot]->value = (double)i / 3;
            futures[slot] = Reading_save_async(db, readings[slot]);
        }
        if (i >= IN_FLIGHT && (i - IN_FLIGHT + 1) % 1000 == 0)
            show_progress("saved", i - IN_FLIGHT + 1, total);
    }
    show_end();
    int64_t count = 0;
    must(ar_query_count(Reading_query(db), &count, &err), &err, "counting the readings");
    printf("  %lld readings are in the database\n", (long long)count);
}

int main(int argc, char **argv)
{
    const char *url = argc > 1 ? argv[1] : "sqlite:quickstart.db";
    ar_error err;
    ar_db *db = NULL;

    must(ar_db_open(url, NULL, &db, &err), &err, "opening the database");
    make_tables(db);
    create_read_update_delete(db);
    the_same_asynchronously(db);
    move_money(db);
    department_statistics(db);
    save_many(db, 100000);
    show_summary();
    for (size_t i = 0; i < MODELS; i++)
        must(ar_table_drop(db, models[i], &err), &err, "dropping a table");
    ar_db_close(&db);
    return EXIT_SUCCESS;
}
