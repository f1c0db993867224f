/* SPDX-License-Identifier: MIT */
#include "tests/support/users.h"

AR_MODEL_DEFINE(User, "users", AR_COLUMN(User, id, AR_PRIMARY_KEY | AR_AUTO), AR_COLUMN(User, name, AR_NOT_NULL),
                AR_COLUMN(User, email, AR_UNIQUE), AR_COLUMN(User, is_active, AR_NOT_NULL, .default_sql = "true"),
                AR_COLUMN(User, age), AR_COLUMN(User, created_at, AR_CREATED_AT),
                AR_COLUMN(User, updated_at, AR_UPDATED_AT), AR_COLUMN(User, note, AR_IGNORE));

User *new_user(const char *name, const char *email)
{
    User *user = User_new();
    assert_non_null(user);
    user->name = name;
    user->email = email;
    user->is_active = true;
    return user;
}

int64_t saved_user(const char *name, const char *email)
{
    User *user = new_user(name, email);
    ok(User_save(db, user, &err));
    int64_t id = user->id;
    User_free(user);
    return id;
}

User *found_user(int64_t id)
{
    User *user = NULL;
    ok(User_find_one(db, ar_key(id), &user, &err));
    return user;
}

int64_t count_users(void)
{
    int64_t count = -1;
    ok(ar_query_count(User_query(db), &count, &err));
    return count;
}
