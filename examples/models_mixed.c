/* SPDX-License-Identifier: MIT */
/* One model with both families of calls: each verb waits, or, with _async behind its name, gives a future. What
 * models_separate.c does with two models, and a callback besides. Usage: models_mixed [URL] */
#include <actrec.h>
#include <stdio.h>

#include "examples/show.h"

typedef struct User {
    int64_t id;
    const char *name;
    int32_t visits;
} User;

AR_MODEL_DECLARE(User);
AR_MODEL_DEFINE(User, "users", AR_COLUMN(User, id, AR_PRIMARY_KEY | AR_AUTO), AR_COLUMN(User, name, AR_NOT_NULL),
                AR_COLUMN(User, visits, AR_NOT_NULL));

/* Two records under way at the same time. */
static void make_users(ar_db *db)
{
    ar_error err;
    User *john = User_new();
    User *mary = User_new();
    if (john == NULL || mary == NULL)
        return;
    john->name = "John Doe";
    mary->name = "Mary Major";
    ar_done first = User_save_async(db, john);
    ar_done second = User_save_async(db, mary);
    must(ar_done_await(&first, &err), &err, "saving John");
    must(ar_done_await(&second, &err), &err, "saving Mary");
    printf("%s has number %lld, %s has number %lld\n", john->name, (long long)john->id, mary->name,
           (long long)mary->id);
    User_free(john);
    User_free(mary);
}

/* A record of either family is the same record. */
static void count_a_visit(ar_db *db, int64_t id)
{
    ar_error err;
    User *user;
    User_future finding = User_find_one_async(db, ar_key(id));
    must(User_await(&finding, &user, &err), &err, "finding a user");
    user->visits++;
    must(User_save(db, user, &err), &err, "saving a user");
    User_free(user);
}

/* Runs on the thread that runs the completion queue; the list is its own. */
static void show_users(void *arg, ar_status status, User_list users, const ar_error *err)
{
    (void)arg;
    if (status != AR_OK)
        printf("listing the users: %s\n", err->message);
    for (size_t i = 0; i < users.count; i++)
        printf("%s was here %d time(s)\n", users.items[i]->name, users.items[i]->visits);
    User_list_free(&users);
}

int main(int argc, char **argv)
{
    ar_error err;
    ar_db *db = NULL;
    ar_cq *cq = NULL;
    must(ar_db_open(argc > 1 ? argv[1] : "sqlite::memory:", NULL, &db, &err), &err, "opening the database");
    must(ar_table_drop_if_exists(db, &User_model, &err), &err, "dropping the table");
    must(ar_table_create(db, &User_model, &err), &err, "creating the table");
    make_users(db);
    count_a_visit(db, 1);

    must(ar_cq_create(NULL, &cq, &err), &err, "creating a completion queue");
    ar_query *q = User_query(db);
    ar_query_order_by(q, "id");
    User_list_future all = User_all_async(q);
    must(User_list_then(&all, ar_cq_executor(cq), show_users, NULL, &err), &err, "asking for a callback");
    must(ar_cq_run(cq, 1, -1, NULL, &err), &err, "running the callback");
    ar_cq_destroy(&cq);

    must(ar_table_drop(db, &User_model, &err), &err, "dropping the table");
    ar_db_close(&db);
    return 0;
}
