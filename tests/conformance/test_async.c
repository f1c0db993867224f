/* SPDX-License-Identifier: MIT */
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "tests/support/refusal.h"
#include "tests/support/users.h"

/* Asynchronous verbs: what their futures and callbacks give, and records meanwhile. */

static const ar_model *const models[] = { &User_model };

static void asynchronous_verbs(void **state)
{
    (void)state;
    User *user = new_user("Ann", NULL);
    ar_done saved = User_save_async(db, user);
    ok(ar_done_await(&saved, &err));
    assert_int_equal(user->id, 1);
    assert_false(User_is_new(user));
    user->name = "Bea";
    saved = User_save_async(db, user);
    ok(ar_done_await(&saved, &err));
    saved = User_save_async(db, user); /* nothing to do */
    ok(ar_done_await(&saved, &err));
    User *found;
    User_future finding = User_find_one_async(db, ar_key(1));
    ok(User_await(&finding, &found, &err));
    assert_string_equal(found->name, "Bea");
    User *gone;
    finding = User_find_one_async(db, ar_key(2));
    fails(User_await(&finding, &gone, &err), AR_E_NOT_FOUND);
    assert_null(finding.raw);
    fails(User_await(&finding, &gone, &err), AR_E_INVALID);
    found->name = "Cid";
    saved = User_save_async(db, found);
    ok(ar_done_await(&saved, &err));
    ar_done refreshed = User_refresh_async(db, user);
    ok(ar_done_await(&refreshed, &err));
    assert_string_equal(user->name, "Cid");
    ar_done deleted = User_delete_async(db, user);
    ok(ar_done_await(&deleted, &err));
    assert_true(User_is_new(user));
    ar_done upserted = User_upsert_async(db, user);
    ok(ar_done_await(&upserted, &err));
    assert_int_equal(count_users(), 1);
    User plain = { .name = "Dan" };
    ar_done inserted = User_insert_async(db, &plain);
    ok(ar_done_await(&inserted, &err));
    assert_int_equal(plain.id, 2);
    plain.name = "Eve";
    ar_done updated = User_update_async(db, &plain);
    ok(ar_done_await(&updated, &err));
    User_free(found);
    found = found_user(2);
    assert_string_equal(found->name, "Eve");
    User_free(found);
    User_free(user);
}

static void trouble_of_asynchronous_verbs_is_in_the_future(void **state)
{
    (void)state;
    User *user;
    User_future finding = User_find_one_async(NULL, ar_key(1));
    fails(User_await(&finding, &user, &err), AR_E_INVALID);
    finding = User_find_one_async(db, ar_key("x"));
    fails(User_await(&finding, &user, &err), AR_E_TYPE);
    finding = User_find_for_update_async(db, ar_key(1));
    fails(User_await(&finding, &user, &err), AR_E_INVALID);
    ar_done saving = User_save_async(db, NULL);
    fails(ar_done_await(&saving, &err), AR_E_INVALID);
    fails(User_await(NULL, &user, &err), AR_E_INVALID);
    finding = User_find_one_async(db, ar_key(1));
    fails(User_await(&finding, NULL, &err), AR_E_INVALID);
    assert_null(finding.raw);
    saved_user("Ann", NULL);
    finding = User_find_one_async(db, ar_key(1));
    User_list_future wrong = { finding.raw };
    User_list list;
    fails(User_list_await(&wrong, &list, &err), AR_E_INVALID);
}

static void a_record_is_busy_while_it_is_saved(void **state)
{
    (void)state;
    ar_db *tx = ar_tx_begin(db, &(ar_tx_options){ .allow_outside = true });
    User twin = { .name = "Twin", .email = "ann@example.com" };
    ok(User_insert(tx, &twin, &err));
    User *user = new_user("Ann", "ann@example.com");
    ar_done saving = User_save_async(db, user); /* does not end while it is open whether the other holds */
    if (!ar_future_is_done(saving.raw)) {
        fails(User_save(db, user, &err), AR_E_BUSY);
        fails(User_delete(db, user, &err), AR_E_BUSY);
        fails(User_refresh(db, user, &err), AR_E_BUSY);
        assert_int_equal(user->id, 0);
    }
    ok(ar_tx_rollback(&tx, &err));
    ok(ar_done_await(&saving, &err));
    assert_true(user->id > 0);
    ok(User_refresh(db, user, &err));
    User_free(user);
}

static void the_next_verb_applies_an_outcome_that_nobody_awaited(void **state)
{
    (void)state;
    User *user = new_user("Ann", NULL);
    ar_done saving = User_save_async(db, user);
    ok(ar_future_wait(saving.raw, -1, &err));
    ar_future_drop(&saving.raw);
    user->name = "Bea";
    ok(User_save(db, user, &err)); /* an update, not a second insert */
    assert_int_equal(user->id, 1);
    assert_int_equal(count_users(), 1);
    User_free(user);
}

static void a_record_may_be_freed_while_it_is_saved(void **state)
{
    (void)state;
    ar_done saving[20];
    for (int i = 0; i < 20; i++) {
        char name[16];
        snprintf(name, sizeof name, "u%d", i);
        User *user = new_user(name, NULL);
        saving[i] = User_save_async(db, user);
        memset(name, 0, sizeof name);
        User_free(user);
    }
    for (int i = 0; i < 20; i++)
        ok(ar_done_await(&saving[i], &err));
    User_list list;
    ar_query *q = User_query(db);
    ar_query_order_by(q, "name");
    ok(User_all(q, &list, &err));
    assert_int_equal(list.count, 20);
    assert_string_equal(list.items[19]->name, "u9");
    User_list_free(&list);
}

typedef struct outcomes {
    atomic_int good;
    atomic_int all;
} outcomes;

static void count_done(void *arg, ar_status status, const ar_error *error)
{
    outcomes *done = arg;
    (void)error;
    atomic_fetch_add(&done->good, status == AR_OK);
    atomic_fetch_add(&done->all, 1);
}

/* The outcome is applied on a worker, while the record is used up here: one of the two comes first. */
static void a_record_may_be_freed_while_a_callback_applies(void **state)
{
    (void)state;
    enum { COUNT = 200 };
    outcomes done = { 0 };
    ar_executor *workers = ar_runtime_executor(NULL);
    for (int i = 0; i < COUNT; i++) {
        User *user = new_user("Ann", NULL);
        ar_done saving = User_save_async(db, user);
        ok(ar_done_then(&saving, workers, count_done, &done, &err));
        if (i % 2 == 0) {
            ar_status status;
            while ((status = User_refresh(db, user, &err)) == AR_E_BUSY)
                sched_yield();
            ok(status);
            assert_true(user->id > 0);
        }
        User_free(user);
    }
    while (atomic_load(&done.all) < COUNT)
        sched_yield();
    assert_int_equal(done.good, COUNT);
    assert_int_equal(count_users(), COUNT);
}

static void futures_may_be_dropped(void **state)
{
    (void)state;
    User *user = new_user("Ann", NULL);
    ar_done saving = User_save_async(db, user);
    ar_future_drop(&saving.raw);
    saved_user("Bea", NULL); /* behind it, or beside it */
    User_free(user);
    while (count_users() < 2) {
        assert_false(refusal_happened());
        sched_yield();
    }
    User_future finding = User_find_one_async(db, ar_key(1));
    ar_future_drop(&finding.raw);
    User_list_future all = User_all_async(User_query(db));
    ar_future_drop(&all.raw);
    assert_int_equal(count_users(), 2);
}

typedef struct seen {
    int calls;
    ar_status status;
    User *user;
    User_list list;
    int64_t id;
    User *watched;
} seen;

static void see_user(void *arg, ar_status status, User *user, const ar_error *error)
{
    seen *self = arg;
    self->calls++;
    self->status = status;
    self->user = user;
    assert_true((error == NULL) == (status == AR_OK));
}

static void see_list(void *arg, ar_status status, User_list list, const ar_error *error)
{
    seen *self = arg;
    (void)error;
    self->calls++;
    self->status = status;
    self->list = list;
}

static void see_done(void *arg, ar_status status, const ar_error *error)
{
    seen *self = arg;
    (void)error;
    self->calls++;
    self->status = status;
    self->id = self->watched->id; /* applied already */
}

static void callbacks_get_what_came(void **state)
{
    (void)state;
    ar_cq *cq = NULL;
    seen one = { 0 }, none = { 0 }, list = { 0 }, saved = { 0 };
    saved_user("Ann", NULL);
    ok(ar_cq_create(NULL, &cq, &err));
    ar_executor *executor = ar_cq_executor(cq);
    User *user = new_user("Bea", NULL);
    saved.watched = user;
    ar_done saving = User_save_async(db, user);
    ok(ar_done_then(&saving, executor, see_done, &saved, &err));
    User_future finding = User_find_one_async(db, ar_key(1));
    ok(User_then(&finding, executor, see_user, &one, &err));
    assert_null(finding.raw);
    finding = User_find_one_async(db, ar_key(9));
    ok(User_then(&finding, executor, see_user, &none, &err));
    ar_key keys[] = { ar_key(1) };
    User_list_future all = User_find_many_async(db, keys, 1);
    ok(User_list_then(&all, executor, see_list, &list, &err));
    assert_int_equal(one.calls + none.calls + list.calls + saved.calls, 0);
    for (int ran = 0; ran < 4;) {
        size_t now = 0;
        ok(ar_cq_run(cq, 0, 10000, &now, &err));
        ran += (int)now;
    }
    assert_int_equal(one.calls, 1);
    assert_non_null(one.user);
    assert_string_equal(one.user->name, "Ann");
    assert_int_equal(none.status, AR_E_NOT_FOUND);
    assert_null(none.user);
    assert_int_equal(list.list.count, 1);
    assert_int_equal(saved.id, 2);
    User_free(one.user);
    User_list_free(&list.list);
    User_free(user);
    ar_cq_destroy(&cq);
    fails(User_then(NULL, executor, see_user, &one, &err), AR_E_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asynchronous_verbs),
        cmocka_unit_test(trouble_of_asynchronous_verbs_is_in_the_future),
        cmocka_unit_test(a_record_is_busy_while_it_is_saved),
        cmocka_unit_test(the_next_verb_applies_an_outcome_that_nobody_awaited),
        cmocka_unit_test(a_record_may_be_freed_while_it_is_saved),
        cmocka_unit_test(a_record_may_be_freed_while_a_callback_applies),
        cmocka_unit_test(futures_may_be_dropped),
        cmocka_unit_test(callbacks_get_what_came),
    };
    return fixture_main("async", tests, models);
}
