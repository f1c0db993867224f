/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/fixture.h"

/* What was assigned to a record, and what the database had. */

typedef struct User {
    int64_t id;
    const char *name;
    double height;
    ar_opt_int32 age;
    ar_timestamp updated_at;
    int cached;
} User;

AR_MODEL_DECLARE(User);
AR_MODEL_DEFINE(User, "users", AR_COLUMN(User, id, AR_PRIMARY_KEY | AR_AUTO),
                AR_COLUMN(User, name, 0, .name = "full_name"), AR_COLUMN(User, height), AR_COLUMN(User, age),
                AR_COLUMN(User, updated_at, AR_UPDATED_AT), AR_IGNORE(User, cached));

static const ar_model *const models[] = { &User_model };

static User *saved(void)
{
    User *user = User_new();
    assert_non_null(user);
    user->name = "Ann";
    user->height = 1.5;
    ok(User_save(db, user, &err));
    return user;
}

static void a_saved_record_is_unchanged(void **state)
{
    (void)state;
    User *user = saved(), *found = NULL;
    ok(User_find_one(db, ar_key(user->id), &found, &err));
    assert_false(User_is_changed(user));
    assert_false(User_is_changed(found));
    assert_int_equal(User_differences(found, NULL, 0), 0);
    found->cached = 7; /* no column */
    assert_false(User_is_changed(found));
    User_free(found);
    User_free(user);
}

static void what_was_assigned_is_told(void **state)
{
    (void)state;
    User *user = saved();
    ar_difference found[8];
    char same[] = "Ann";
    user->name = same; /* the same content elsewhere */
    assert_false(User_is_changed(user));
    user->height = 0.0;
    assert_true(AR_CHANGED(User, user, height));
    ok(User_save(db, user, &err));
    user->height = -0.0; /* another value, by its bits */
    assert_true(AR_CHANGED(User, user, height));
    user->height = 0.5;
    user->age = (ar_opt_int32){ .has = true, .value = 30 };
    assert_true(AR_CHANGED(User, user, height));
    assert_true(AR_CHANGED(User, user, age));
    assert_false(AR_CHANGED(User, user, name));
    assert_false(AR_CHANGED(User, user, cached));
    user->name = "Bob";
    assert_int_equal(User_differences(user, found, 8), 3);
    assert_string_equal(found[0].member, "name");
    assert_string_equal(found[0].column, "full_name");
    assert_string_equal(found[0].before.as.text.data, "Ann");
    assert_string_equal(found[0].now.as.text.data, "Bob");
    assert_string_equal(found[2].member, "age");
    assert_int_equal(found[2].before.type, AR_TYPE_NULL);
    assert_int_equal(found[2].now.as.integer, 30);
    memset(found, 0, sizeof found);
    assert_int_equal(User_differences(user, found, 1), 3);
    assert_non_null(found[0].member);
    assert_null(found[1].member);
    ok(User_save(db, user, &err));
    assert_false(User_is_changed(user));
    assert_false(AR_CHANGED(User, user, name));
    User_free(user);
}

static void the_original_is_what_the_database_has(void **state)
{
    (void)state;
    User *user = saved();
    char *name = strdup("Bob");
    user->name = name;
    user->height = 2;
    assert_string_equal(User_original(user)->name, "Ann");
    assert_true(User_original(user)->height == 1.5);
    assert_int_equal(User_original(user)->id, user->id);
    ok(User_save(db, user, &err));
    free(name);
    assert_string_equal(User_original(user)->name, "Bob");
    User *fresh = User_new();
    assert_non_null(fresh);
    assert_null(User_original(fresh));
    User_free(fresh);
    ok(User_delete(db, user, &err));
    assert_null(User_original(user));
    User_free(user);
}

static void a_reset_takes_back_what_was_assigned(void **state)
{
    (void)state;
    User *user = saved(), *found = NULL;
    user->name = "Bob";
    user->height = 2;
    user->cached = 9;
    ok(AR_RESET(User, user, name, &err));
    assert_string_equal(user->name, "Ann");
    assert_true(AR_CHANGED(User, user, height));
    user->name = "Cid";
    ok(User_reset(user, &err));
    assert_false(User_is_changed(user));
    assert_string_equal(user->name, "Ann");
    assert_true(user->height == 1.5);
    assert_int_equal(user->cached, 9);
    user->height = 3;
    ok(User_save(db, user, &err));
    ok(User_find_one(db, ar_key(user->id), &found, &err));
    assert_string_equal(found->name, "Ann");
    assert_true(found->height == 3);
    fails(AR_RESET(User, user, cached, &err), AR_E_INVALID);
    User_free(found);
    User_free(user);
}

static void a_new_record_begins_with_zeroes(void **state)
{
    (void)state;
    User *user = User_new();
    assert_non_null(user);
    assert_true(User_is_new(user));
    assert_false(User_is_changed(user));
    user->name = "Ann";
    assert_true(User_is_changed(user));
    ok(User_reset(user, &err));
    assert_null(user->name);
    assert_true(User_is_new(user));
    User_free(user);
}

static void one_under_way_is_not_reset(void **state)
{
    (void)state;
    User *user = saved();
    user->name = "Bob";
    ar_done saving = User_save_async(db, user);
    ar_status status = User_reset(user, &err);
    assert_true(status == AR_OK || status == AR_E_BUSY);
    ok(ar_done_await(&saving, &err));
    assert_false(User_is_changed(user));
    ok(User_reset(user, &err));
    assert_string_equal(user->name, "Bob");
    User_free(user);
}

static void a_rollback_gives_the_original_back(void **state)
{
    (void)state;
    User *user = saved();
    ar_db *tx = ar_tx_begin(db, NULL);
    user->name = "Bob";
    ok(User_save(tx, user, &err));
    assert_false(User_is_changed(user));
    ok(ar_tx_rollback(&tx, &err));
    assert_true(AR_CHANGED(User, user, name));
    assert_string_equal(User_original(user)->name, "Ann");
    ok(User_reset(user, &err));
    assert_string_equal(user->name, "Ann");
    User_free(user);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_saved_record_is_unchanged),           cmocka_unit_test(what_was_assigned_is_told),
        cmocka_unit_test(the_original_is_what_the_database_has), cmocka_unit_test(a_reset_takes_back_what_was_assigned),
        cmocka_unit_test(a_new_record_begins_with_zeroes),       cmocka_unit_test(one_under_way_is_not_reset),
        cmocka_unit_test(a_rollback_gives_the_original_back),
    };
    return fixture_main("changes", tests, models);
}
