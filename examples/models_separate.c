/* SPDX-License-Identifier: MIT */
/* Two models over one table: `User` for code that waits, `AsyncUser` for code that must not. Each has the calls of
 * its own family alone, so that whoever holds an AsyncUser cannot block by accident. Usage: models_separate [URL] */
#include <actrec.h>
#include <stdio.h>

#include "examples/show.h"

typedef struct User {
    int64_t id;
    const char *name;
    int32_t visits;
} User;

/* The same columns as far as this code needs them: an own struct may have fewer. */
typedef struct AsyncUser {
    int64_t id;
    int32_t visits;
} AsyncUser;

AR_MODEL_DECLARE_SYNC(User);
AR_MODEL_DECLARE_ASYNC(AsyncUser);

AR_MODEL_DEFINE(User, "users", AR_COLUMN(User, id, AR_PRIMARY_KEY | AR_AUTO), AR_COLUMN(User, name, AR_NOT_NULL),
                AR_COLUMN(User, visits, AR_NOT_NULL));
AR_MODEL_DEFINE(AsyncUser, "users", AR_COLUMN(AsyncUser, id, AR_PRIMARY_KEY | AR_AUTO),
                AR_COLUMN(AsyncUser, visits, AR_NOT_NULL));

static int64_t make_user(ar_db *db)
{
    ar_error err;
    User *user = User_new();
    if (user == NULL)
        return 0;
    user->name = "John Doe";
    must(User_save(db, user, &err), &err, "saving a User");
    int64_t id = user->id;
    User_free(user);
    return id;
}

/* Sends the find, does something else, takes what came. */
static void count_a_visit(ar_db *db, int64_t id)
{
    ar_error err;
    AsyncUser *user;
    AsyncUser_future finding = AsyncUser_find_one_async(db, ar_key(id));
    printf("the find is under way\n");
    must(AsyncUser_await(&finding, &user, &err), &err, "finding an AsyncUser");
    user->visits++;
    ar_done saving = AsyncUser_save_async(db, user);
    printf("the save is under way\n");
    must(ar_done_await(&saving, &err), &err, "saving an AsyncUser");
    AsyncUser_free(user);
}

int main(int argc, char **argv)
{
    ar_error err;
    ar_db *db = NULL;
    User *user;
    must(ar_db_open(argc > 1 ? argv[1] : "sqlite::memory:", NULL, &db, &err), &err, "opening the database");
    must(ar_table_drop_if_exists(db, &User_model, &err), &err, "dropping the table");
    must(ar_table_create(db, &User_model, &err), &err, "creating the table");
    int64_t id = make_user(db);
    count_a_visit(db, id);
    must(User_find_one(db, ar_key(id), &user, &err), &err, "finding a User");
    printf("%s was here %d time(s)\n", user->name, user->visits);
    User_free(user);
    must(ar_table_drop(db, &User_model, &err), &err, "dropping the table");
    ar_db_close(&db);
    return 0;
}
