/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include <actrec/schema.h>

#include "tests/support/users.h"

/* Creating, reading, updating and deleting records and plain structs. */

typedef struct Stock {
    const char *warehouse;
    int32_t article;
    int64_t pieces;
} Stock;

AR_MODEL_DECLARE(Stock);
AR_MODEL_DEFINE(Stock, "stock", AR_COLUMN(Stock, warehouse, AR_PRIMARY_KEY), AR_COLUMN(Stock, article, AR_PRIMARY_KEY),
                AR_COLUMN(Stock, pieces, AR_NOT_NULL, .name = "count"));

/* Nothing but a key. */
typedef struct Mark {
    int64_t id;
} Mark;

AR_MODEL_DECLARE(Mark);
AR_MODEL_DEFINE(Mark, "marks", AR_COLUMN(Mark, id, AR_PRIMARY_KEY | AR_AUTO));

/* A row type: no key. */
typedef struct Entry {
    const char *text;
    int32_t weight;
} Entry;

AR_MODEL_DECLARE(Entry);
AR_MODEL_DEFINE(Entry, "entries", AR_COLUMN(Entry, text), AR_COLUMN(Entry, weight, AR_NOT_NULL));

static const ar_model *const models[] = { &User_model, &Stock_model, &Mark_model, &Entry_model };

static void save_inserts_a_new_record_and_sets_its_key(void **state)
{
    (void)state;
    User *user = new_user("Ann", "ann@example.com");
    assert_true(User_is_new(user));
    ok(User_save(db, user, &err));
    assert_false(User_is_new(user));
    assert_int_equal(user->id, 1);
    assert_true(user->created_at.us > INT64_C(1600000000000000));
    assert_int_equal(user->created_at.us, user->updated_at.us);
    User *again = found_user(user->id);
    assert_string_equal(again->name, "Ann");
    assert_string_equal(again->email, "ann@example.com");
    assert_true(again->is_active);
    assert_false(again->age.has);
    assert_int_equal(again->created_at.us, user->created_at.us);
    assert_null(again->note);
    User_free(again);
    User_free(user);
}

static void a_key_and_a_timestamp_that_are_set_are_sent(void **state)
{
    (void)state;
    User *user = new_user("Ann", NULL);
    user->id = 77;
    user->created_at.us = 5;
    ok(User_save(db, user, &err));
    assert_int_equal(user->id, 77);
    assert_int_equal(user->created_at.us, 5);
    User *again = found_user(77);
    assert_int_equal(again->created_at.us, 5);
    assert_null(again->email);
    User_free(again);
    User_free(user);
}

static void strings_that_were_assigned_may_go_after_the_save(void **state)
{
    (void)state;
    char name[] = "Ann", email[] = "ann@example.com";
    User *user = new_user(name, email);
    ok(User_save(db, user, &err));
    memset(name, 'x', sizeof name);
    memset(email, 'x', sizeof email);
    assert_string_equal(user->name, "Ann");
    assert_string_equal(user->email, "ann@example.com");

    char same[] = "Ann";
    user->name = same; /* says the same: nothing to save, but it must not be kept */
    ok(User_save(db, user, &err));
    memset(same, 'y', sizeof same);
    assert_string_equal(user->name, "Ann");
    User_free(user);
}

static void save_sends_changed_columns_only(void **state)
{
    (void)state;
    int64_t id = saved_user("Ann", "ann@example.com");
    User *mine = found_user(id);
    User *other = found_user(id);
    other->email = "other@example.com";
    ok(User_save(db, other, &err));
    mine->age = (ar_opt_int32){ .has = true, .value = 30 };
    ok(User_save(db, mine, &err));
    User *now = found_user(id);
    assert_string_equal(now->email, "other@example.com");
    assert_int_equal(now->age.value, 30);
    assert_true(now->updated_at.us >= now->created_at.us);
    User_free(now);
    User_free(other);
    User_free(mine);
}

static void save_of_nothing_changed_sends_nothing(void **state)
{
    (void)state;
    int64_t id = saved_user("Ann", NULL);
    User *user = found_user(id);
    User *doomed = found_user(id);
    ok(User_delete(db, doomed, &err));
    ok(User_save(db, user, &err)); /* would say that the row is gone */
    user->name = "Bea";
    fails(User_save(db, user, &err), AR_E_NOT_FOUND);
    fails(User_save(db, user, &err), AR_E_NOT_FOUND);
    assert_string_equal(user->name, "Bea");
    User_free(doomed);
    User_free(user);
}

static void a_failed_save_leaves_the_record_as_it_was(void **state)
{
    (void)state;
    saved_user("Ann", "ann@example.com");
    User *twin = new_user("Bea", "ann@example.com");
    fails(User_save(db, twin, &err), AR_E_CONSTRAINT);
    assert_int_equal(err.constraint_kind, AR_CONSTRAINT_UNIQUE);
    assert_true(strstr(err.column, "email") != NULL || strstr(err.constraint, "email") != NULL);
    assert_null(strstr(err.message, "ann@example.com"));
    assert_true(User_is_new(twin));
    assert_int_equal(twin->id, 0);
    assert_int_equal(twin->created_at.us, 0);
    twin->email = "bea@example.com";
    ok(User_save(db, twin, &err));
    twin->email = "ann@example.com";
    fails(User_save(db, twin, &err), AR_E_CONSTRAINT);
    twin->email = "bea@example.com";
    ok(User_save(db, twin, &err));
    User_free(twin);
}

static void many_saves_keep_few_strings(void **state)
{
    (void)state;
    char name[32];
    User *user = new_user("Ann", NULL);
    ok(User_save(db, user, &err));
    size_t before = 0;
    for (int i = 0; i < 50; i++) {
        snprintf(name, sizeof name, "name %d", i);
        user->name = name;
        ok(User_save(db, user, &err));
        if (i == 10)
            before = fixture_live();
    }
    assert_true(fixture_live() <= before + 20);
    assert_string_equal(user->name, "name 49");
    User_free(user);
}

static void the_key_itself_may_be_changed(void **state)
{
    (void)state;
    User *user = new_user("Ann", NULL);
    ok(User_save(db, user, &err));
    user->id = 40;
    ok(User_save(db, user, &err));
    User *again = found_user(40);
    assert_string_equal(again->name, "Ann");
    assert_int_equal(count_users(), 1);
    User_free(again);
    User_free(user);
}

static void find_one_of_no_row_is_not_found(void **state)
{
    (void)state;
    User *user = (User *)&user;
    fails(User_find_one(db, ar_key(1), &user, &err), AR_E_NOT_FOUND);
    assert_null(user);
}

static void keys_are_checked(void **state)
{
    (void)state;
    User *user;
    Stock *stock;
    Entry *entry;
    fails(User_find_one(db, ar_key(1, 2), &user, &err), AR_E_INVALID);
    fails(User_find_one(db, ar_key(AR_NULL), &user, &err), AR_E_INVALID);
    fails(User_find_one(db, ar_key((const char *)NULL), &user, &err), AR_E_INVALID);
    fails(User_find_one(db, ar_key(UINT64_MAX), &user, &err), AR_E_INVALID);
    fails(User_find_one(db, ar_key("x"), &user, &err), AR_E_TYPE);
    fails(User_find_one(db, ar_key(AR_LIST(&(int64_t){ 1 }, 1)), &user, &err), AR_E_INVALID);
    fails(Stock_find_one(db, ar_key("north"), &stock, &err), AR_E_INVALID);
    fails(Stock_find_one(db, ar_key("north", INT64_C(5000000000)), &stock, &err), AR_E_TYPE);
    fails(Entry_find_one(db, ar_key(1), &entry, &err), AR_E_UNSUPPORTED);
    fails(User_find_one(db, ar_key(1), NULL, &err), AR_E_INVALID);
    fails(User_find_one(NULL, ar_key(1), &user, &err), AR_E_INVALID);
    fails(ar_record_find_one(db, NULL, &(ar_key){ .count = 1 }, &(void *){ NULL }, &err), AR_E_INVALID);
}

static void composite_and_natural_keys(void **state)
{
    (void)state;
    Stock *stock = Stock_new();
    assert_non_null(stock);
    stock->warehouse = "north";
    stock->article = 7;
    stock->pieces = 3;
    ok(Stock_save(db, stock, &err));
    stock->pieces = 4;
    ok(Stock_save(db, stock, &err));
    Stock *found;
    ok(Stock_find_one(db, ar_key("north", 7), &found, &err));
    assert_int_equal(found->pieces, 4);
    fails(Stock_find_one(db, ar_key("north", 8), &(Stock *){ NULL }, &err), AR_E_NOT_FOUND);
    Stock *twin = Stock_new();
    assert_non_null(twin);
    twin->warehouse = "north";
    twin->article = 7;
    fails(Stock_save(db, twin, &err), AR_E_CONSTRAINT);
    ok(Stock_upsert(db, twin, &err));
    ok(Stock_refresh(db, found, &err));
    assert_int_equal(found->pieces, 0);
    ok(Stock_delete(db, found, &err));
    fails(Stock_refresh(db, stock, &err), AR_E_NOT_FOUND);
    assert_int_equal(stock->pieces, 4);
    Stock_free(stock);
    Stock_free(found);
    Stock_free(twin);
}

static void find_many_keeps_the_order_of_the_keys(void **state)
{
    (void)state;
    char name[16];
    for (int i = 1; i <= 9; i++) {
        snprintf(name, sizeof name, "u%d", i);
        saved_user(name, NULL);
    }
    ar_key keys[] = { ar_key(7), ar_key(2), ar_key(99), ar_key(9), ar_key(2), ar_key(1) };
    User_list list;
    ok(User_find_many(db, keys, 6, &list, &err));
    assert_int_equal(list.count, 4);
    assert_int_equal(list.items[0]->id, 7);
    assert_int_equal(list.items[1]->id, 2);
    assert_int_equal(list.items[2]->id, 9);
    assert_int_equal(list.items[3]->id, 1);
    assert_string_equal(list.items[2]->name, "u9");
    User_list_free(&list);
    ok(User_find_many(db, NULL, 0, &list, &err));
    assert_int_equal(list.count, 0);
    fails(User_find_many(db, NULL, 1, &list, &err), AR_E_INVALID);
    User_list_future future = User_find_many_async(db, keys, 2);
    ok(User_list_await(&future, &list, &err));
    assert_null(future.raw);
    assert_int_equal(list.count, 2);
    assert_int_equal(list.items[0]->id, 7);
    User_list_free(&list);
    future = User_find_many_async(db, NULL, 0);
    ok(User_list_await(&future, &list, &err));
    assert_int_equal(list.count, 0);
}

static void find_many_by_composite_keys(void **state)
{
    (void)state;
    Stock rows[40];
    ar_key keys[40];
    char names[40][8];
    for (int i = 0; i < 40; i++) {
        snprintf(names[i], sizeof names[i], "w%d", i % 7);
        rows[i] = (Stock){ .warehouse = names[i], .article = i, .pieces = i };
        keys[39 - i] = ar_key(names[i], i);
    }
    ok(Stock_insert_many(db, rows, 40, &err));
    Stock_list list;
    ok(Stock_find_many(db, keys, 40, &list, &err));
    assert_int_equal(list.count, 40);
    for (int i = 0; i < 40; i++)
        assert_int_equal(list.items[i]->pieces, 39 - i);
    Stock_list_free(&list);
}

static void too_many_keys_are_refused(void **state)
{
    (void)state;
    size_t count = 70000;
    ar_key *keys = test_malloc(count * sizeof *keys);
    for (size_t i = 0; i < count; i++)
        keys[i] = ar_key(i);
    User_list list;
    if (fixture_on("postgres")) /* where they are one array */
        ok(User_find_many(db, keys, count, &list, &err));
    else
        fails(User_find_many(db, keys, count, &list, &err), AR_E_INVALID);
    assert_int_equal(list.count, 0);
    saved_user("Ann", NULL);
    ok(User_find_many(db, keys, 30000, &list, &err));
    assert_int_equal(list.count, 1);
    User_list_free(&list);
    test_free(keys);
}

static void delete_makes_the_record_new(void **state)
{
    (void)state;
    User *user = new_user("Ann", NULL);
    fails(User_delete(db, user, &err), AR_E_INVALID);
    ok(User_save(db, user, &err));
    ok(User_delete(db, user, &err));
    assert_true(User_is_new(user));
    assert_int_equal(count_users(), 0);
    fails(User_delete(db, user, &err), AR_E_INVALID);
    ok(User_save(db, user, &err));
    assert_int_equal(user->id, 1);
    assert_int_equal(count_users(), 1);
    User_free(user);
}

static void refresh_reads_the_row_again(void **state)
{
    (void)state;
    int64_t id = saved_user("Ann", NULL);
    User *user = found_user(id);
    User *other = found_user(id);
    other->name = "a longer name than before";
    ok(User_save(db, other, &err));
    user->name = "lost";
    user->note = "kept";
    ok(User_refresh(db, user, &err));
    assert_string_equal(user->name, "a longer name than before");
    assert_string_equal(user->note, "kept");
    ok(User_save(db, user, &err));
    ok(User_delete(db, other, &err));
    fails(User_refresh(db, user, &err), AR_E_NOT_FOUND);
    assert_string_equal(user->name, "a longer name than before");
    User *fresh = new_user("x", NULL);
    fails(User_refresh(db, fresh, &err), AR_E_INVALID);
    User_free(fresh);
    User_free(other);
    User_free(user);
}

static void upsert_inserts_or_updates(void **state)
{
    (void)state;
    User *user = new_user("Ann", NULL);
    ok(User_upsert(db, user, &err));
    assert_int_equal(user->id, 1);
    User *same = new_user("Bea", NULL);
    same->id = 1;
    same->created_at.us = 9;
    ok(User_upsert(db, same, &err));
    assert_int_equal(count_users(), 1);
    int64_t created = user->created_at.us;
    ok(User_refresh(db, user, &err));
    assert_string_equal(user->name, "Bea");
    assert_int_equal(user->created_at.us, created);
    User_free(same);
    User_free(user);
    Mark *mark = Mark_new();
    assert_non_null(mark);
    mark->id = 5;
    ok(Mark_upsert(db, mark, &err));
    ok(Mark_upsert(db, mark, &err));
    Mark_free(mark);
}

static void plain_structs(void **state)
{
    (void)state;
    User plain = { .name = "Ann", .is_active = true };
    ok(User_insert(db, &plain, &err));
    assert_int_equal(plain.id, 1);
    assert_true(plain.created_at.us > 0);
    plain.name = "Bea";
    int64_t created = plain.created_at.us;
    plain.created_at.us = 1;
    ok(User_update(db, &plain, &err));
    User *user = found_user(1);
    assert_string_equal(user->name, "Bea");
    assert_int_equal(user->created_at.us, created);
    User_free(user);
    plain.id = 2;
    fails(User_update(db, &plain, &err), AR_E_NOT_FOUND);
    fails(User_insert(db, NULL, &err), AR_E_INVALID);
    Mark mark = { 0 };
    ok(Mark_insert(db, &mark, &err));
    assert_int_equal(mark.id, 1);
    ok(Mark_update(db, &mark, &err));
    mark.id = 3;
    fails(Mark_update(db, &mark, &err), AR_E_NOT_FOUND);
    Entry entry = { .text = "x", .weight = 2 };
    ok(Entry_insert(db, &entry, &err));
    fails(Entry_update(db, &entry, &err), AR_E_UNSUPPORTED);
    Stock nameless = { .article = 1 };
    fails(Stock_update(db, &nameless, &err), AR_E_INVALID);
}

static void a_plain_struct_is_no_record(void **state)
{
    (void)state;
    struct {
        char before[256];
        User user;
    } plain = { { 0 }, { .name = "Ann" } };
    fails(User_save(db, &plain.user, &err), AR_E_INVALID);
    fails(User_save(db, NULL, &err), AR_E_INVALID);
    Mark *mark = Mark_new();
    assert_non_null(mark);
    fails(ar_record_save(db, &User_model, mark, &err), AR_E_INVALID);
    Mark_free(mark);
    User_free(NULL);
    fails(User_keep(NULL, &err), AR_E_INVALID);
}

static void row_types_can_be_read_and_inserted_only(void **state)
{
    (void)state;
    Entry *entry = Entry_new();
    assert_non_null(entry);
    entry->text = "x";
    ok(Entry_save(db, entry, &err));
    entry->weight = 3;
    fails(Entry_save(db, entry, &err), AR_E_UNSUPPORTED);
    fails(Entry_delete(db, entry, &err), AR_E_UNSUPPORTED);
    fails(Entry_refresh(db, entry, &err), AR_E_UNSUPPORTED);
    fails(Entry_upsert(db, entry, &err), AR_E_UNSUPPORTED);
    Entry_free(entry);
    Entry_list list;
    ok(Entry_all(Entry_query(db), &list, &err));
    assert_int_equal(list.count, 1);
    assert_string_equal(list.items[0]->text, "x");
    Entry_list_free(&list);
}

static void insert_many_sets_all_keys(void **state)
{
    (void)state;
    enum { COUNT = 1000 };
    User *rows = test_calloc(COUNT, sizeof *rows);
    static char names[COUNT][16];
    for (int i = 0; i < COUNT; i++) {
        snprintf(names[i], sizeof names[i], "u%d", i);
        rows[i].name = names[i];
        rows[i].id = i == 500 ? 5000 : 0;
    }
    ok(User_insert_many(db, rows, COUNT, &err));
    assert_int_equal(count_users(), COUNT);
    for (int i = 0; i < COUNT; i += 37) {
        User *user = found_user(rows[i].id);
        assert_string_equal(user->name, names[i]);
        assert_int_equal(user->created_at.us, rows[i].created_at.us);
        User_free(user);
    }
    assert_int_equal(rows[500].id, 5000);
    test_free(rows);
    ok(User_insert_many(db, NULL, 0, &err));
    fails(User_insert_many(db, NULL, 1, &err), AR_E_INVALID);
}

static void insert_many_is_all_or_nothing(void **state)
{
    (void)state;
    enum { COUNT = 700 };
    User *rows = test_calloc(COUNT, sizeof *rows);
    for (int i = 0; i < COUNT; i++)
        rows[i].name = "x";
    rows[600].email = rows[650].email = "twice@example.com";
    fails(User_insert_many(db, rows, COUNT, &err), AR_E_CONSTRAINT);
    assert_int_equal(rows[0].id, 0);
    assert_int_equal(count_users(), 0);
    rows[650].email = NULL;
    ar_db *tx = ar_tx_begin(db, NULL);
    ok(User_insert_many(tx, rows, COUNT, &err));
    assert_true(rows[699].id > 0);
    ok(ar_tx_rollback(&tx, &err));
    assert_int_equal(count_users(), 0);
    for (int i = 0; i < COUNT; i++)
        rows[i].id = 0;
    ar_done done = User_insert_many_async(db, rows, COUNT);
    ok(ar_done_await(&done, &err));
    assert_true(rows[699].id > rows[0].id);
    assert_int_equal(count_users(), COUNT);
    test_free(rows);
    Mark marks[5] = { { 0 } };
    ok(Mark_insert_many(db, marks, 5, &err));
    assert_int_equal(marks[4].id, 5);
}

static void a_record_of_a_list_may_be_kept(void **state)
{
    (void)state;
    saved_user("Ann", NULL);
    saved_user("Bea", NULL);
    saved_user("Cid", NULL);
    User_list list;
    ar_query *q = User_query(db);
    ar_query_order_by(q, "id");
    ok(User_all(q, &list, &err));
    User *bea = list.items[1];
    list.items[0]->name = "changed";
    ok(User_save(db, list.items[0], &err));
    bea->name = "Bella";
    ok(User_save(db, bea, &err));
    ok(User_keep(bea, &err));
    ok(User_keep(bea, &err));
    User_free(list.items[2]); /* let go of: stays until the list goes */
    User_list_free(&list);
    assert_null(list.items);
    assert_string_equal(bea->name, "Bella");
    bea->name = "Beatrix";
    ok(User_save(db, bea, &err));
    User_free(bea);
    User_list_free(&list);
    User_list_free(NULL);
}

static void values_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    User *user = new_user("Ann\xff", NULL);
    fails(User_save(db, user, &err), AR_E_TYPE);
    assert_true(User_is_new(user));
    user->name = NULL;
    fails(User_save(db, user, &err), AR_E_CONSTRAINT);
    assert_int_equal(err.constraint_kind, AR_CONSTRAINT_NOT_NULL);
    User_free(user);
}

static void null_in_a_member_that_cannot_hold_it(void **state)
{
    (void)state;
    int64_t changes;
    ok(ar_query_exec(ar_sql(db, "insert into users (name, is_active) values ('Ann', ?)", true), &changes, &err));
    User *user;
    fails(User_find_one(db, ar_key(1), &user, &err), AR_E_TYPE);
    assert_non_null(strstr(err.message, "created_at"));
    assert_non_null(strstr(err.message, "ar_opt_"));
}

static void a_closed_database_answers_closed(void **state)
{
    (void)state;
    ar_db *other = NULL, *stale;
    User *user = new_user("Ann", NULL), *found;
    ok(ar_db_open(fixture_url(), NULL, &other, &err));
    ok(ar_table_drop_if_exists(other, &User_model, &err));
    ok(ar_table_create(other, &User_model, &err));
    stale = other;
    ar_done saving = User_save_async(other, user);
    User_future finding = User_find_one_async(other, ar_key(1));
    ar_db_close(&other);
    ok(ar_done_await(&saving, &err)); /* close waited for it */
    assert_int_equal(user->id, 1);
    ar_status seen = User_await(&finding, &found, &err); /* nothing puts it behind the save */
    assert_true(seen == AR_OK || seen == AR_E_NOT_FOUND);
    fails(User_save(stale, user, &err), AR_E_CLOSED);
    fails(User_find_one(stale, ar_key(1), &(User *){ NULL }, &err), AR_E_CLOSED);
    saving = User_save_async(stale, user);
    fails(ar_done_await(&saving, &err), AR_E_CLOSED);
    User_free(found);
    User_free(user);
}

static ar_status insert_find_update(void)
{
    User plain = { .name = "Ann" };
    User *user = NULL;
    User_list list = { NULL, 0, NULL };
    ar_status status = User_insert(db, &plain, &err);
    if (status != AR_OK)
        return status;
    status = User_find_one(db, ar_key(plain.id), &user, &err);
    if (status == AR_OK) {
        user->name = "Bea";
        user->email = "bea@example.com";
        status = User_save(db, user, &err);
    }
    if (status == AR_OK)
        status = User_refresh(db, user, &err);
    ar_key keys[] = { ar_key(plain.id), ar_key(1) };
    if (status == AR_OK)
        status = User_find_many(db, keys, 2, &list, &err);
    if (status == AR_OK)
        status = User_delete(db, user, &err);
    User_list_free(&list);
    User_free(user);
    return status;
}

static ar_status save_in_transaction(void)
{
    User plain[2] = { { .name = "Ann" }, { .id = 12, .name = "Bea" } };
    User *user = new_user("Ann", NULL);
    ar_db *tx = ar_tx_begin(db, NULL);
    ar_done saving = User_save_async(tx, user);
    ar_status status = ar_done_await(&saving, &err);
    if (status == AR_OK)
        status = User_insert_many(tx, plain, 2, &err);
    ar_ignore(ar_tx_rollback(&tx, NULL));
    assert_true(User_is_new(user));
    User_free(user);
    if (status == AR_OK)
        status = User_insert_many(db, plain, 2, &err);
    if (status == AR_OK)
        status = ar_query_exec(ar_sql(db, "delete from users"), &(int64_t){ 0 }, &err);
    return status;
}

static void clear(void)
{
    int64_t changes;
    ok(ar_query_exec(ar_sql(db, "delete from users"), &changes, &err));
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    fixture_each_refusal(insert_find_update, clear);
    clear();
    fixture_each_refusal(save_in_transaction, clear);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(save_inserts_a_new_record_and_sets_its_key),
        cmocka_unit_test(a_key_and_a_timestamp_that_are_set_are_sent),
        cmocka_unit_test(strings_that_were_assigned_may_go_after_the_save),
        cmocka_unit_test(save_sends_changed_columns_only),
        cmocka_unit_test(save_of_nothing_changed_sends_nothing),
        cmocka_unit_test(a_failed_save_leaves_the_record_as_it_was),
        cmocka_unit_test(many_saves_keep_few_strings),
        cmocka_unit_test(the_key_itself_may_be_changed),
        cmocka_unit_test(find_one_of_no_row_is_not_found),
        cmocka_unit_test(keys_are_checked),
        cmocka_unit_test(composite_and_natural_keys),
        cmocka_unit_test(find_many_keeps_the_order_of_the_keys),
        cmocka_unit_test(find_many_by_composite_keys),
        cmocka_unit_test(too_many_keys_are_refused),
        cmocka_unit_test(delete_makes_the_record_new),
        cmocka_unit_test(refresh_reads_the_row_again),
        cmocka_unit_test(upsert_inserts_or_updates),
        cmocka_unit_test(plain_structs),
        cmocka_unit_test(a_plain_struct_is_no_record),
        cmocka_unit_test(row_types_can_be_read_and_inserted_only),
        cmocka_unit_test(insert_many_sets_all_keys),
        cmocka_unit_test(insert_many_is_all_or_nothing),
        cmocka_unit_test(a_record_of_a_list_may_be_kept),
        cmocka_unit_test(values_that_do_not_fit_are_refused),
        cmocka_unit_test(null_in_a_member_that_cannot_hold_it),
        cmocka_unit_test(a_closed_database_answers_closed),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return fixture_main("crud", tests, models);
}
