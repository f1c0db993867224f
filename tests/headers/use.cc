// SPDX-License-Identifier: MIT
// What a C++ program uses of the headers; models are defined in C. Compiled by use.sh, never run.
#include <actrec.h>

struct Post;
struct User {
    int64_t id;
    const char *name;
    AR_MANY(Post) posts;
};
struct Post {
    int64_t id;
    AR_ONE(User) author;
};

AR_MODEL_DECLARE(User);
AR_MODEL_DECLARE(Post);

enum Color { RED, GREEN };

ar_db *db; // names that the generated functions must not shadow
ar_error err;

ar_status use(User *user);

ar_status use(User *user)
{
    User *found = nullptr;
    User_list list;
    ar_rows *rows = nullptr;
    const int64_t ids[] = { 1, 2 };
    const char *names[] = { "Ann", nullptr };
    ar_key keys[] = { ar_key(1), ar_key("a", 2u, true, AR_NULL) };
    ar_ignore(User_find_one(db, ar_key(1), &found, &err));
    ar_ignore(User_find_many(db, keys, 2, &list, nullptr));
    User_list_free(&list);
    Post_list posts;
    ar_ignore(User_load(db, found, ar_path_by(AR_PATH(User, posts, Post, author), nullptr, nullptr), &err));
    ar_ignore(AR_GET_MANY(found, posts, &posts, &err));
    ar_ignore(AR_GET_ONE(posts.items[0], author, &found, &err));
    ar_query *q = ar_sql(db, "select ? in (?)", 1, AR_LIST(ids, 2));
    ar_ignore(ar_query_rows(q, &rows, &err));
    ar_rows_free(rows);
    q = User_query(db);
    ar_query_filter(q, AR_EQ(User, id, 7), AR_OR(AR_IS_NULL(User, name), AR_IN(User, id, ids, 2)));
    ar_query_where(q, "name is not null");
    ar_query_where(q, "name in (?) or id > ?", AR_LIST(names, 2), GREEN);
    ar_query_set(q, AR_ADD(User, id, 1), AR_SET_SQL(User, name, "upper(?)", "ann"), AR_SET_NULL(User, name));
    ar_ignore(User_change(db, ar_key(1), AR_CHANGES(AR_ADD(User, id, -1)), &err));
    ar_query_join(q, AR_LEFT_JOIN, User, "u", AR_ON(User, id, User, id), AR_AS("u", AR_EQ(User, id, 1)));
    ar_query_filter(q, AR_EXISTS(User_query(db)), AR_COMPARE(AR_COL(User, id), EQ, AR_VALUE(1)));
    ar_query_select_as(q, "n",
                       AR_OVER(AR_FILTER(AR_COUNT(AR_COL(User, id)), AR_EQ(User, id, 1)), AR_ASC(AR_COL(User, id))));
    ar_query_select_as(q, "c",
                       AR_CASE(AR_WHEN(AR_VALUE(1), AR_EQ(User, id, 1)), AR_ELSE(AR_SQL(AR_TYPE_INT64, "?", 2))));
    ar_query_filter(q, AR_COMPARE(AR_JSON_TEXT(AR_COL(User, name), "a", 0), EQ, AR_VALUE("x")));
    ar_query_after(q, 1);
    int64_t *numbers = nullptr, number = 0;
    size_t count = 0;
    ar_ignore(ar_query_pluck(ar_query_clone(q), &numbers, &count, nullptr));
    ar_ignore(ar_query_scalar(ar_query_clone(q), &number, nullptr));
    User_list_future all = User_all_async(q);
    ar_future_drop(&all.raw);
    if (User_is_changed(user) && AR_CHANGED(User, user, name) && User_original(user)->name != nullptr)
        ar_ignore(AR_RESET(User, user, name, &err));
    ar_upsert_options upserting = {};
    upserting.conflict = AR_MEMBERS(User, name);
    ar_ignore(User_upsert_with(db, user, &upserting, &err));
    ar_done saving = User_save_async(db, user);
    return ar_done_await(&saving, &err);
}
