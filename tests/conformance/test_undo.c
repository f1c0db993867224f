/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "tests/support/users.h"

/* Records in scopes and transactions: who owns them, what a rollback gives back. */

static const ar_model *const models[] = { &User_model };

static void use_a_scope(const char *name)
{
    ar_db *scope = ar_scope_open(db, NULL);
    User *ann, *bea, *kept;
    User_list list;
    ok(User_find_one(scope, ar_key(1), &ann, &err));
    ok(User_find_one(scope, ar_key(1), &kept, &err));
    ok(User_keep(kept, &err));
    User_future finding = User_find_one_async(scope, ar_key(2));
    ok(User_await(&finding, &bea, &err));
    ar_query *q = User_query(scope);
    ar_query_order_by(q, "id");
    ok(User_all(q, &list, &err));
    User *from_list = list.items[0];
    ok(User_keep(from_list, &err));
    User_free(bea); /* early */
    ann->name = name;
    ok(User_save(scope, ann, &err));
    finding = User_find_one_async(scope, ar_key(2));
    ok(ar_future_wait(finding.raw, -1, &err));
    ar_scope_close(&scope);
    fails(User_await(&finding, &bea, &err), AR_E_CLOSED);
    assert_string_equal(kept->email, "ann@example.com");
    assert_string_equal(from_list->email, "ann@example.com");
    User_free(kept);
    User_free(from_list);
}

static void scopes_own_what_is_read_through_them(void **state)
{
    (void)state;
    saved_user("Ann", "ann@example.com");
    saved_user("Bea", NULL);
    use_a_scope("Anna"); /* what it does not free is missing when the test is over */
}

static void a_rollback_gives_back_what_a_record_was(void **state)
{
    (void)state;
    User *fresh = new_user("Ann", NULL);
    int64_t id = saved_user("Old", NULL);
    User *old = found_user(id);
    User *doomed = found_user(saved_user("Doomed", NULL));
    int64_t updated = old->updated_at.us;

    ar_db *tx = ar_tx_begin(db, NULL);
    ok(User_save(tx, fresh, &err));
    assert_true(fresh->id > 0);
    old->name = "New";
    ok(User_save(tx, old, &err));
    old->name = "Newer";
    ok(User_save(tx, old, &err));
    ok(User_delete(tx, doomed, &err));
    ok(ar_tx_rollback(&tx, &err));

    assert_true(User_is_new(fresh));
    assert_int_equal(fresh->id, 0);
    assert_int_equal(fresh->created_at.us, 0);
    assert_string_equal(fresh->name, "Ann");
    assert_int_equal(old->updated_at.us, updated);
    assert_string_equal(old->name, "Newer"); /* assigned by the application: stays, and is a change again */
    assert_false(User_is_new(doomed));
    ok(User_save(db, old, &err));
    ok(User_save(db, fresh, &err));
    ok(User_refresh(db, doomed, &err));
    User *now = found_user(id);
    assert_string_equal(now->name, "Newer");
    assert_int_equal(count_users(), 3);
    User_free(now);
    User_free(old);
    User_free(fresh);
    User_free(doomed);
}

static void a_commit_keeps_what_was_saved(void **state)
{
    (void)state;
    User *user = new_user("Ann", NULL);
    ar_db *tx = ar_tx_begin(db, NULL);
    ok(User_save(tx, user, &err));
    ok(ar_tx_commit(&tx, &err));
    assert_false(User_is_new(user));
    user->name = "Bea";
    ok(User_save(db, user, &err));
    assert_int_equal(count_users(), 1);
    User_free(user);
}

static void savepoints_give_back_their_own(void **state)
{
    (void)state;
    User *outer = new_user("Outer", NULL);
    User *inner = new_user("Inner", NULL);
    ar_db *tx = ar_tx_begin(db, NULL);
    ok(User_save(tx, outer, &err));
    ar_db *savepoint = ar_tx_begin(tx, NULL);
    ok(User_save(savepoint, inner, &err));
    outer->name = "Changed";
    ok(User_save(savepoint, outer, &err));
    ok(ar_tx_rollback(&savepoint, &err));
    assert_true(User_is_new(inner));
    assert_false(User_is_new(outer));
    ok(User_save(tx, outer, &err)); /* Changed, once more */
    ok(ar_tx_commit(&tx, &err));
    User *now = found_user(outer->id);
    assert_string_equal(now->name, "Changed");
    assert_int_equal(count_users(), 1);
    User_free(now);
    User_free(inner);
    User_free(outer);
}

static void a_rollback_before_the_outcome_is_applied(void **state)
{
    (void)state;
    User *user = new_user("Ann", NULL);
    User *freed = new_user("Bea", NULL);
    ar_db *tx = ar_tx_begin(db, NULL);
    ar_done saving = User_save_async(tx, user);
    ar_done other = User_save_async(tx, freed);
    ok(ar_future_wait(saving.raw, -1, &err));
    User_free(freed);
    ok(ar_tx_rollback(&tx, &err));
    ar_ignore(ar_done_await(&saving, &err));
    ar_ignore(ar_done_await(&other, &err));
    assert_true(User_is_new(user));
    assert_int_equal(user->id, 0);
    ok(User_save(db, user, &err));
    User_free(user);
}

static void find_for_update_is_for_transactions(void **state)
{
    (void)state;
    int64_t id = saved_user("Ann", NULL);
    User *user;
    fails(User_find_for_update(db, ar_key(id), &user, &err), AR_E_INVALID);
    ar_db *scope = ar_scope_open(db, NULL);
    fails(User_find_for_update(scope, ar_key(id), &user, &err), AR_E_INVALID);
    ar_scope_close(&scope);
    ar_db *tx = ar_tx_begin(db, NULL);
    ok(User_find_for_update(tx, ar_key(id), &user, &err));
    user->name = "Bea";
    ok(User_save(tx, user, &err));
    User_future locking = User_find_for_update_async(tx, ar_key(id));
    ok(User_await(&locking, &user, &err));
    assert_string_equal(user->name, "Bea");
    ok(ar_tx_commit(&tx, &err));
    tx = ar_tx_begin(db, &(ar_tx_options){ .read_only = true });
    ok(User_find_one(tx, ar_key(id), &user, &err));
    fails(User_find_for_update(tx, ar_key(id), &user, &err), AR_E_READ_ONLY);
    locking = User_find_for_update_async(tx, ar_key(id));
    fails(User_await(&locking, &user, &err), AR_E_READ_ONLY);
    ar_db *inner = ar_tx_begin(tx, NULL);
    fails(User_find_for_update(inner, ar_key(id), &user, &err), AR_E_READ_ONLY);
    ok(ar_tx_rollback(&inner, &err));
    ok(ar_tx_rollback(&tx, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scopes_own_what_is_read_through_them),
        cmocka_unit_test(a_rollback_gives_back_what_a_record_was),
        cmocka_unit_test(a_commit_keeps_what_was_saved),
        cmocka_unit_test(savepoints_give_back_their_own),
        cmocka_unit_test(a_rollback_before_the_outcome_is_applied),
        cmocka_unit_test(find_for_update_is_for_transactions),
    };
    return fixture_main("undo", tests, models);
}
