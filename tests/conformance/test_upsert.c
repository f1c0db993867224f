/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/fixture.h"

/* Upserts that say which columns conflict and which are updated. */

typedef struct User {
    int64_t id;
    const char *email;
    const char *name;
    int32_t visits;
    ar_timestamp created_at;
    ar_timestamp updated_at;
} User;

AR_MODEL_DECLARE(User);
AR_MODEL_DEFINE(User, "users", AR_COLUMN(User, id, AR_PRIMARY_KEY | AR_AUTO),
                AR_COLUMN(User, email, AR_NOT_NULL | AR_UNIQUE, .name = "e mail"), AR_COLUMN(User, name),
                AR_COLUMN(User, visits), AR_COLUMN(User, created_at, AR_CREATED_AT),
                AR_COLUMN(User, updated_at, AR_UPDATED_AT));

/* Two unique columns besides the key. */
typedef struct Login {
    int64_t id;
    const char *name;
    const char *phone;
} Login;

AR_MODEL_DECLARE(Login);
AR_MODEL_DEFINE(Login, "logins", AR_COLUMN(Login, id, AR_PRIMARY_KEY | AR_AUTO), AR_COLUMN(Login, name, AR_UNIQUE),
                AR_COLUMN(Login, phone, AR_UNIQUE));

/* No AUTO key: a key of two columns. */
typedef struct Stock {
    int32_t shop;
    const char *article;
    int32_t amount;
    const char *note;
} Stock;

AR_MODEL_DECLARE(Stock);
AR_MODEL_DEFINE(Stock, "stocks", AR_COLUMN(Stock, shop, AR_PRIMARY_KEY), AR_COLUMN(Stock, article, AR_PRIMARY_KEY),
                AR_COLUMN(Stock, amount), AR_COLUMN(Stock, note));

static const ar_model *const models[] = { &User_model, &Login_model, &Stock_model };

static User ann;

static int insert_ann(void **state)
{
    (void)state;
    ann = (User){ .email = "ann@example.com", .name = "Ann", .visits = 3 };
    ok(User_insert(db, &ann, &err));
    return 0;
}

static int64_t count_users(void)
{
    int64_t count = -1;
    ok(ar_query_count(User_query(db), &count, &err));
    return count;
}

static User *another_ann(void)
{
    User *user = User_new();
    assert_non_null(user);
    user->email = "ann@example.com";
    user->name = "Anna";
    user->visits = 1;
    return user;
}

static void all_is_updated_by_default(void **state)
{
    (void)state;
    User *user = another_ann();
    ok(User_upsert_with(db, user, &(ar_upsert_options){ .conflict = AR_MEMBERS(User, email) }, &err));
    assert_int_equal(user->id, ann.id);
    assert_false(User_is_new(user));
    assert_false(User_is_changed(user));
    assert_int_equal(user->created_at.us, ann.created_at.us);
    User *found = NULL;
    ok(User_find_one(db, ar_key(ann.id), &found, &err));
    assert_string_equal(found->name, "Anna");
    assert_int_equal(found->visits, 1);
    assert_int_equal(found->created_at.us, ann.created_at.us);
    assert_int_equal(found->updated_at.us, user->updated_at.us);
    assert_int_equal(count_users(), 1);
    User_free(found);
    user->visits = 9; /* it can be saved like any other */
    ok(User_save(db, user, &err));
    User_free(user);
}

static void named_columns_alone_are_updated(void **state)
{
    (void)state;
    User *user = another_ann();
    ar_upsert_options options = { .conflict = AR_MEMBERS(User, email), .update = AR_MEMBERS(User, name) };
    char name[] = "Anna", email[] = "ann@example.com";
    user->name = name;
    user->email = email;
    ok(User_upsert_with(db, user, &options, &err));
    memset(name, 'x', 4);
    memset(email, 'x', 4);
    assert_int_equal(user->id, ann.id);
    assert_string_equal(user->name, "Anna");
    assert_string_equal(user->email, "ann@example.com");
    assert_int_equal(user->visits, 3); /* what the row has */
    assert_true(user->updated_at.us >= ann.updated_at.us);
    User_free(user);
}

static void a_row_can_be_kept(void **state)
{
    (void)state;
    User *user = another_ann();
    ar_upsert_options options = { .conflict = AR_MEMBERS(User, email), .keep = true };
    ok(User_upsert_with(db, user, &options, &err));
    assert_int_equal(user->id, ann.id);
    assert_string_equal(user->name, "Ann");
    assert_int_equal(user->updated_at.us, ann.updated_at.us);
    User *other = another_ann();
    other->email = "bob@example.com";
    ok(User_upsert_with(db, other, &options, &err));
    assert_true(other->id != ann.id && other->id > 0);
    assert_string_equal(other->name, "Anna");
    assert_true(other->created_at.us > 0);
    assert_int_equal(count_users(), 2);
    User_free(other);
    User_free(user);
}

static void it_can_be_done_later(void **state)
{
    (void)state;
    User *user = another_ann();
    ar_done done = User_upsert_with_async(db, user, &(ar_upsert_options){ .conflict = AR_MEMBERS(User, email) });
    ok(ar_done_await(&done, &err));
    assert_int_equal(user->id, ann.id);
    User_free(user);
    user = another_ann();
    done = User_upsert_with_async(db, user, &(ar_upsert_options){ .conflict = AR_MEMBERS(User, email) });
    User_free(user); /* goes on without it */
    ok(ar_done_await(&done, &err));
}

static void another_conflict_is_an_error(void **state)
{
    (void)state;
    Login logins[] = { { 0, "a", "1" }, { 0, "b", "2" } };
    ok(Login_insert_many(db, logins, 2, &err));
    Login *login = Login_new(), *found = NULL;
    assert_non_null(login);
    ar_upsert_options options = { .conflict = AR_MEMBERS(Login, name) };
    login->name = "c";
    login->phone = "2";
    fails(Login_upsert_with(db, login, &options, &err), AR_E_CONSTRAINT);
    assert_int_equal(err.constraint_kind, AR_CONSTRAINT_UNIQUE);
    assert_true(Login_is_new(login));
    login->name = "a";
    fails(Login_upsert_with(db, login, &options, &err), AR_E_CONSTRAINT);
    login->phone = "3";
    ok(Login_upsert_with(db, login, &options, &err));
    assert_int_equal(login->id, logins[0].id);
    ok(Login_find_one(db, ar_key(logins[1].id), &found, &err));
    assert_string_equal(found->phone, "2");
    Login_free(found);
    Login_free(login);
}

static void the_key_is_the_target_when_none_is_named(void **state)
{
    (void)state;
    Stock plain = { .shop = 1, .article = "tea", .amount = 5, .note = "old" };
    ok(Stock_insert(db, &plain, &err));
    Stock *stock = Stock_new();
    assert_non_null(stock);
    stock->shop = 1;
    stock->article = "tea";
    stock->amount = 8;
    ok(Stock_upsert_with(db, stock, &(ar_upsert_options){ .update = AR_MEMBERS(Stock, amount) }, &err));
    assert_int_equal(stock->amount, 8);
    assert_string_equal(stock->note, "old");
    stock->amount = 9;
    ok(Stock_upsert_with(db, stock, NULL, &err));
    assert_int_equal(stock->amount, 9);
    stock->amount = 10;
    ok(Stock_upsert_with(db, stock, &(ar_upsert_options){ .keep = true }, &err));
    assert_int_equal(stock->amount, 9);
    Stock_free(stock);
}

static void what_makes_no_sense_is_refused(void **state)
{
    (void)state;
    User *user = another_ann();
    ar_upsert_options other = { .conflict = AR_MEMBERS(Login, name) };
    fails(User_upsert_with(db, user, &other, &err), AR_E_INVALID);
    ar_upsert_options key = { .conflict = AR_MEMBERS(User, email), .update = AR_MEMBERS(User, id) };
    fails(User_upsert_with(db, user, &key, &err), AR_E_INVALID);
    ar_upsert_options none = { .conflict = { &User_model, 1, { 3 } } };
    fails(User_upsert_with(db, user, &none, &err), AR_E_INVALID);
    ar_upsert_options size = { .struct_size = 1 };
    fails(User_upsert_with(db, user, &size, &err), AR_E_INVALID);
    if (!fixture_on("mysql")) {
        ar_upsert_options not_unique = { .conflict = AR_MEMBERS(User, name) };
        fails(User_upsert_with(db, user, &not_unique, &err), AR_E_QUERY);
    }
    User_free(user);
}

static void a_rollback_takes_it_back(void **state)
{
    (void)state;
    ar_db *tx = ar_tx_begin(db, NULL);
    User *user = another_ann();
    ok(User_upsert_with(tx, user, &(ar_upsert_options){ .conflict = AR_MEMBERS(User, email) }, &err));
    ok(ar_tx_rollback(&tx, &err));
    assert_true(User_is_new(user));
    assert_int_equal(user->id, 0);
    assert_string_equal(user->name, "Anna");
    User_free(user);
    ok(User_find_one(db, ar_key(ann.id), &user, &err));
    assert_string_equal(user->name, "Ann");
    User_free(user);
}

static ar_status upsert_with_little_memory(void)
{
    User *user = another_ann();
    ar_status status = User_upsert_with(db, user, &(ar_upsert_options){ .conflict = AR_MEMBERS(User, email) }, &err);
    User_free(user);
    return status;
}

static void nothing_to_check(void) {}

static void refused_memory_is_an_error(void **state)
{
    (void)state;
    fixture_each_refusal(upsert_with_little_memory, nothing_to_check);
}

#define with_ann(test) cmocka_unit_test_setup(test, insert_ann)

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_ann(all_is_updated_by_default),
        with_ann(named_columns_alone_are_updated),
        with_ann(a_row_can_be_kept),
        with_ann(it_can_be_done_later),
        cmocka_unit_test(another_conflict_is_an_error),
        cmocka_unit_test(the_key_is_the_target_when_none_is_named),
        with_ann(what_makes_no_sense_is_refused),
        with_ann(a_rollback_takes_it_back),
        with_ann(refused_memory_is_an_error),
    };
    return fixture_main("upsert", tests, models);
}
