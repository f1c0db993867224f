/* SPDX-License-Identifier: MIT */
#include <string.h>

#include <actrec/change.h>

#include "tests/support/fixture.h"

/* Versions, soft deletion, tenants: what a flag on a column does. */

typedef struct Account {
    int64_t id;
    const char *owner;
    int64_t balance;
    int32_t version;
    ar_timestamp updated_at;
} Account;

AR_MODEL_DECLARE(Account);
AR_MODEL_DEFINE(Account, "accounts", AR_COLUMN(Account, id, AR_PRIMARY_KEY | AR_AUTO), AR_COLUMN(Account, owner),
                AR_COLUMN(Account, balance, AR_NOT_NULL), AR_COLUMN(Account, version, AR_VERSION | AR_NOT_NULL),
                AR_COLUMN(Account, updated_at, AR_UPDATED_AT));

typedef struct Page {
    int64_t id;
    const char *title;
    ar_opt_timestamp deleted_at;
    int64_t version;
} Page;

AR_MODEL_DECLARE(Page);
AR_MODEL_DEFINE(Page, "pages", AR_COLUMN(Page, id, AR_PRIMARY_KEY | AR_AUTO), AR_COLUMN(Page, title),
                AR_COLUMN(Page, deleted_at, AR_DELETED_AT), AR_COLUMN(Page, version, AR_VERSION | AR_NOT_NULL));

typedef struct Note {
    int64_t id;
    int32_t tenant;
    const char *text;
    ar_opt_timestamp gone;
} Note;

AR_MODEL_DECLARE(Note);
AR_MODEL_DEFINE(Note, "notes", AR_COLUMN(Note, id, AR_PRIMARY_KEY | AR_AUTO),
                AR_COLUMN(Note, tenant, AR_TENANT | AR_NOT_NULL), AR_COLUMN(Note, text),
                AR_COLUMN(Note, gone, AR_DELETED_AT));

typedef struct Doc {
    const char *realm;
    int32_t number;
    const char *text;
} Doc;

AR_MODEL_DECLARE(Doc);
AR_MODEL_DEFINE(Doc, "docs", AR_COLUMN(Doc, realm, AR_TENANT | AR_NOT_NULL), AR_COLUMN(Doc, number, AR_PRIMARY_KEY),
                AR_COLUMN(Doc, text));

static const ar_model *const models[] = { &Account_model, &Page_model, &Note_model, &Doc_model };

static Account *new_account(void)
{
    Account *account = Account_new();
    assert_non_null(account);
    account->owner = "Ann";
    account->balance = 10;
    ok(Account_save(db, account, &err));
    return account;
}

static void versions_refuse_the_second_of_two(void **state)
{
    (void)state;
    Account *mine = new_account(), *theirs;
    assert_int_equal(mine->version, 0);
    ok(Account_find_one(db, ar_key(mine->id), &theirs, &err));
    mine->balance = 20;
    ok(Account_save(db, mine, &err));
    assert_int_equal(mine->version, 1);
    theirs->balance = 30;
    fails(Account_save(db, theirs, &err), AR_E_STALE);
    assert_int_equal(theirs->version, 0);
    fails(Account_delete(db, theirs, &err), AR_E_STALE);
    ok(Account_refresh(db, theirs, &err));
    theirs->balance = 31;
    ar_done done = Account_save_async(db, theirs);
    ok(ar_done_await(&done, &err));
    assert_int_equal(theirs->version, 2);
    mine->balance = 21;
    done = Account_save_async(db, mine);
    fails(ar_done_await(&done, &err), AR_E_STALE);
    ok(Account_delete(db, theirs, &err));
    fails(Account_save(db, mine, &err), AR_E_STALE);
    Account_free(mine);
    Account_free(theirs);
}

static void what_is_assigned_to_a_version_does_not_count(void **state)
{
    (void)state;
    Account *account = new_account();
    account->version = 77;
    ok(Account_save(db, account, &err)); /* nothing is to be written */
    account->balance = 11;
    ok(Account_save(db, account, &err));
    assert_int_equal(account->version, 1);
    Account plain = { .id = account->id, .owner = "Bob", .balance = 5, .version = 1 };
    ok(Account_update(db, &plain, &err));
    assert_int_equal(plain.version, 2);
    plain.version = 1;
    fails(Account_update(db, &plain, &err), AR_E_STALE);
    account->balance = 12;
    fails(Account_save(db, account, &err), AR_E_STALE);
    plain.version = INT32_MAX;
    fails(Account_update(db, &plain, &err), AR_E_INVALID);
    Account_free(account);
}

static void upserts_and_bulk_updates_count_versions(void **state)
{
    (void)state;
    Account *account = new_account(), *again;
    account->balance = 5;
    account->version = 100;
    ok(Account_upsert(db, account, &err));
    assert_int_equal(account->version, 1);
    account->balance = 6;
    ok(Account_save(db, account, &err));
    assert_int_equal(account->version, 2);
    int64_t rows;
    ar_query *q = Account_query(db);
    ar_query_filter(q, AR_EQ(Account, owner, "Ann"));
    ar_query_set(q, AR_ADD(Account, balance, 10));
    ok(ar_query_update_all(q, &rows, &err));
    assert_int_equal(rows, 1);
    ok(Account_find_one(db, ar_key(account->id), &again, &err));
    assert_int_equal(again->version, 3);
    assert_int_equal(again->balance, 16);
    Account_free(account);
    Account_free(again);
}

static void versions_are_given_back_by_a_rollback(void **state)
{
    (void)state;
    Account *account = new_account();
    ar_db *tx = ar_tx_begin(db, NULL);
    account->balance = 11;
    ok(Account_save(tx, account, &err));
    assert_int_equal(account->version, 1);
    ok(ar_tx_rollback(&tx, &err));
    assert_int_equal(account->version, 0);
    ok(Account_save(db, account, &err));
    assert_int_equal(account->version, 1);
    Account_free(account);
}

static int64_t count_pages(int which)
{
    int64_t count;
    ar_query *q = Page_query(db);
    if (which == 1)
        ar_query_with_deleted(q);
    if (which == 2)
        ar_query_only_deleted(q);
    ar_query_where(q, "title = ? OR title = ?", "a", "b");
    ok(ar_query_count(q, &count, &err));
    return count;
}

static Page *new_page(const char *title)
{
    Page *page = Page_new();
    assert_non_null(page);
    page->title = title;
    ok(Page_save(db, page, &err));
    return page;
}

static void deleted_rows_are_hidden_until_restored(void **state)
{
    (void)state;
    Page *a = new_page("a"), *b = new_page("b"), *found;
    a->title = "not saved";
    ok(Page_delete(db, a, &err));
    assert_true(a->deleted_at.has);
    assert_false(Page_is_new(a));
    assert_int_equal(a->version, 1);
    assert_int_equal(count_pages(0), 1);
    assert_int_equal(count_pages(1), 2);
    assert_int_equal(count_pages(2), 1);
    fails(Page_find_one(db, ar_key(a->id), &found, &err), AR_E_NOT_FOUND);
    const ar_key keys[] = { ar_key(a->id), ar_key(b->id) };
    Page_list list;
    ok(Page_find_many(db, keys, 2, &list, &err));
    assert_int_equal(list.count, 1);
    Page_list_free(&list);
    ok(Page_restore(db, a, &err));
    assert_false(a->deleted_at.has);
    assert_int_equal(count_pages(0), 2);
    ok(Page_save(db, a, &err));
    assert_int_equal(count_pages(0), 1);
    Page_free(a);
    Page_free(b);
}

static void deleting_twice_finds_nothing(void **state)
{
    (void)state;
    Page *page = new_page("a"), *copy;
    ok(Page_delete(db, page, &err));
    fails(Page_delete(db, page, &err), AR_E_STALE);
    ok(Page_refresh(db, page, &err));
    assert_true(page->deleted_at.has);
    ar_done done = Page_restore_async(db, page);
    ok(ar_done_await(&done, &err));
    ok(Page_find_one(db, ar_key(page->id), &copy, &err));
    fails(Page_restore(db, copy, &err), AR_E_STALE);
    done = Page_hard_delete_async(db, copy);
    ok(ar_done_await(&done, &err));
    assert_true(Page_is_new(copy));
    assert_int_equal(count_pages(1), 0);
    Page *fresh = Page_new();
    assert_non_null(fresh);
    fails(Page_delete(db, fresh, &err), AR_E_INVALID);
    fails(Page_restore(db, fresh, &err), AR_E_INVALID);
    Page_free(fresh);
    Page_free(page);
    Page_free(copy);
    Account *account = new_account();
    fails(Account_restore(db, account, &err), AR_E_UNSUPPORTED);
    ok(Account_hard_delete(db, account, &err));
    Account_free(account);
    ar_query *q = Account_query(db);
    ar_query_with_deleted(q);
    int64_t count;
    fails(ar_query_count(q, &count, &err), AR_E_UNSUPPORTED);
}

static void all_of_a_query_are_marked(void **state)
{
    (void)state;
    Page_free(new_page("a"));
    Page_free(new_page("b"));
    int64_t rows;
    ar_query *q = Page_query(db);
    ar_query_filter(q, AR_EQ(Page, title, "a"));
    ok(ar_query_delete_all(q, &rows, &err));
    assert_int_equal(rows, 1);
    assert_int_equal(count_pages(0), 1);
    assert_int_equal(count_pages(2), 1);
    ar_db *tx = ar_tx_begin(db, NULL);
    Page *page;
    ok(Page_first(Page_query(tx), &page, &err));
    ok(Page_keep(page, &err));
    ok(Page_delete(tx, page, &err));
    ok(ar_tx_rollback(&tx, &err));
    assert_false(page->deleted_at.has);
    ok(Page_delete(db, page, &err));
    Page_free(page);
}

static ar_db *scope_of(int tenant)
{
    return ar_scope_open(db, &(ar_scope_options){ .tenant = ar_bind(tenant) });
}

static void tenants_see_their_own_rows(void **state)
{
    (void)state;
    ar_db *one = scope_of(1), *two = scope_of(2);
    Note *note = Note_new(), *found;
    assert_non_null(note);
    note->text = "of one";
    fails(Note_save(db, note, &err), AR_E_INVALID);
    ok(Note_save(one, note, &err));
    assert_int_equal(note->tenant, 1);
    ok(Note_find_one(one, ar_key(note->id), &found, &err));
    assert_string_equal(found->text, "of one");
    Note *none;
    fails(Note_find_one(two, ar_key(note->id), &none, &err), AR_E_NOT_FOUND);
    fails(Note_find_one(db, ar_key(note->id), &none, &err), AR_E_INVALID);
    int64_t count;
    ok(ar_query_count(Note_query(two), &count, &err));
    assert_int_equal(count, 0);
    ok(ar_query_count(Note_query(one), &count, &err));
    assert_int_equal(count, 1);
    fails(ar_query_count(Note_query(db), &count, &err), AR_E_INVALID);
    ar_query *q = Note_query(two);
    ar_query_where(q, "1 = 1 OR 1 = 1");
    ok(ar_query_count(q, &count, &err));
    assert_int_equal(count, 0);
    const ar_key keys[] = { ar_key(note->id), ar_key(note->id + 1) };
    Note_list list;
    ok(Note_find_many(two, keys, 2, &list, &err));
    assert_int_equal(list.count, 0);
    ok(Note_find_many(one, keys, 2, &list, &err));
    assert_int_equal(list.count, 1);
    Note_list_free(&list);
    Note_free(note);
    ar_scope_close(&one);
    ar_scope_close(&two);
}

static void tenants_change_their_own_rows(void **state)
{
    (void)state;
    ar_db *one = scope_of(1), *two = scope_of(2);
    Note mine = { .text = "of one" };
    ok(Note_insert(one, &mine, &err));
    assert_int_equal(mine.tenant, 1);
    fails(Note_update(two, &mine, &err), AR_E_INVALID);
    mine.tenant = 0;
    mine.text = "stolen";
    fails(Note_update(two, &mine, &err), AR_E_NOT_FOUND);
    ok(Note_update(one, &mine, &err));
    Note *note;
    ok(Note_find_one(one, ar_key(mine.id), &note, &err));
    note->tenant = 2;
    fails(Note_save(one, note, &err), AR_E_INVALID);
    note->tenant = 1;
    fails(Note_delete(two, note, &err), AR_E_INVALID);
    int64_t rows;
    ar_query *q = Note_query(two);
    ar_query_set(q, AR_SET(Note, text, "stolen"));
    ar_query_everything(q);
    ok(ar_query_update_all(q, &rows, &err));
    assert_int_equal(rows, 0);
    q = Note_query(two);
    ar_query_everything(q);
    ok(ar_query_delete_all(q, &rows, &err));
    assert_int_equal(rows, 0);
    q = Note_query(one);
    ar_query_set(q, AR_SET(Note, tenant, 2));
    fails(ar_query_update_all(q, &rows, &err), AR_E_UNSUPPORTED);
    ok(Note_delete(one, note, &err));
    ok(Note_restore(one, note, &err));
    ok(Note_refresh(one, note, &err));
    ok(Note_hard_delete(one, note, &err));
    ar_scope_close(&one);
    ar_scope_close(&two);
}

static void all_tenants_must_be_asked_for(void **state)
{
    (void)state;
    ar_db *one = scope_of(1), *two = scope_of(2);
    ar_db *all = ar_scope_open(db, &(ar_scope_options){ .all_tenants = true });
    Note notes[2] = { { .text = "a" }, { .text = "b" } }, other = { .text = "c" };
    ok(Note_insert_many(one, notes, 2, &err));
    assert_int_equal(notes[1].tenant, 1);
    ok(Note_insert(two, &other, &err));
    int64_t count;
    ok(ar_query_count(Note_query(all), &count, &err));
    assert_int_equal(count, 3);
    Note *note;
    ok(Note_find_one(all, ar_key(other.id), &note, &err));
    assert_int_equal(note->tenant, 2);
    note->text = "changed";
    ok(Note_save(all, note, &err));
    Note third = { .tenant = 3, .text = "d" };
    ok(Note_insert(all, &third, &err));
    ar_db *tx = ar_tx_begin(one, NULL);
    ok(ar_query_count(Note_query(tx), &count, &err));
    assert_int_equal(count, 2);
    ok(ar_tx_commit(&tx, &err));
    ar_db *inner = ar_scope_open(one, NULL);
    ok(ar_query_count(Note_query(inner), &count, &err));
    assert_int_equal(count, 2);
    ar_scope_close(&inner);
    ar_db *both = ar_scope_open(db, &(ar_scope_options){ .tenant = ar_bind(1), .all_tenants = true });
    fails(ar_query_count(Note_query(both), &count, &err), AR_E_INVALID);
    ar_scope_close(&one);
    ar_scope_close(&two);
    ar_scope_close(&all);
}

static void tenants_may_be_texts(void **state)
{
    (void)state;
    char name[] = "acme";
    ar_db *acme = ar_scope_open(db, &(ar_scope_options){ .tenant = ar_bind(name) });
    ar_db *other = ar_scope_open(db, &(ar_scope_options){ .tenant = ar_bind("other") });
    name[0] = 'x';
    Doc *doc = Doc_new();
    assert_non_null(doc);
    doc->number = 1;
    doc->text = "first";
    ok(Doc_upsert(acme, doc, &err));
    assert_string_equal(doc->realm, "acme");
    doc->text = "second";
    ok(Doc_upsert(acme, doc, &err));
    Doc *thief = Doc_new();
    assert_non_null(thief);
    thief->number = 1;
    thief->text = "stolen";
    fails(Doc_upsert(other, thief, &err), AR_E_CONSTRAINT);
    const ar_upsert_options keep = { .keep = true };
    if (Doc_upsert_with(acme, doc, NULL, &err) != AR_E_UNSUPPORTED) { /* without RETURNING */
        fails(Doc_upsert_with(other, thief, NULL, &err), AR_E_CONSTRAINT);
        fails(Doc_upsert_with(other, thief, &keep, &err), AR_E_CONSTRAINT);
        ok(Doc_upsert_with(acme, doc, NULL, &err));
    }
    Doc_free(thief);
    assert_string_equal(doc->realm, "acme");
    Doc *found;
    ok(Doc_find_one(acme, ar_key(1), &found, &err));
    assert_string_equal(found->text, "second");
    Doc plain = { .number = 2, .text = "plain" };
    ok(Doc_insert(acme, &plain, &err));
    assert_null(plain.realm);
    ok(Doc_update(acme, &plain, &err));
    Doc_list list;
    ok(Doc_all(Doc_query(acme), &list, &err));
    assert_int_equal(list.count, 2);
    assert_string_equal(list.items[1]->realm, "acme");
    ar_scope_close(&acme);
    assert_string_equal(doc->realm, "acme");
    Doc_free(doc);
    ar_db *wrong = ar_scope_open(db, &(ar_scope_options){ .tenant = ar_bind(5) });
    fails(Doc_find_one(wrong, ar_key(1), &found, &err), AR_E_TYPE);
    ar_scope_close(&wrong);
    ar_scope_close(&other);
}

static int64_t count_pairs(ar_db *scope, ar_join_kind kind, bool crossed)
{
    int64_t count = -1;
    ar_query *q = Note_query(scope);
    if (crossed)
        ar_query_cross_join(q, Note, "other");
    else
        ar_query_join(q, kind, Note, "other",
                      AR_COMPARE(AR_COL_AS(NULL, Note, text), EQ, AR_COL_AS("other", Note, text)));
    ar_query *again = ar_query_clone(q);
    ar_query_free(q);
    ok(ar_query_count(again, &count, &err));
    return count;
}

static void joins_and_clones_keep_to_the_tenant(void **state)
{
    (void)state;
    ar_db *one = scope_of(1), *two = scope_of(2);
    Note ones[2] = { { .text = "same" }, { .text = "same" } }, twos[1] = { { .text = "same" } };
    ok(Note_insert_many(one, ones, 2, &err));
    ok(Note_insert_many(two, twos, 1, &err));
    assert_int_equal(count_pairs(one, AR_INNER_JOIN, false), 4);
    assert_int_equal(count_pairs(two, AR_LEFT_JOIN, false), 1);
    assert_int_equal(count_pairs(two, AR_CROSS_JOIN, true), 1);
    ar_query *q = Account_query(db);
    ar_query_cross_join(q, Note, "n");
    int64_t count;
    fails(ar_query_count(q, &count, &err), AR_E_INVALID);
    ar_db *text = ar_scope_open(db, &(ar_scope_options){ .tenant = ar_bind("t") });
    q = Doc_query(text);
    ar_query *copy = ar_query_clone(q);
    ar_query_free(q);
    ok(ar_query_count(copy, &count, &err));
    assert_int_equal(count, 0);
    ar_scope_close(&text);
    ar_scope_close(&one);
    ar_scope_close(&two);
}

/* Another tenant's query may take the memory that the first one had. */
static void clones_have_a_tenant_of_their_own(void **state)
{
    (void)state;
    ar_db *mine = ar_scope_open(db, &(ar_scope_options){ .tenant = ar_bind("mine") });
    ar_db *theirs = ar_scope_open(db, &(ar_scope_options){ .tenant = ar_bind("them") });
    Doc first = { .number = 1, .text = "my text" }, second = { .number = 2, .text = "their text" };
    ok(Doc_insert(mine, &first, &err));
    ok(Doc_insert(theirs, &second, &err));
    ar_query *q = Doc_query(mine), *clone = ar_query_clone(q);
    ar_query_free(q);
    ar_query *other = Doc_query(theirs), *again = ar_query_clone(clone);
    for (int i = 0; i < 2; i++) {
        Doc_list list;
        ok(Doc_all(i == 0 ? clone : again, &list, &err));
        assert_int_equal(list.count, 1);
        assert_string_equal(list.items[0]->text, "my text");
        Doc_list_free(&list);
    }
    ar_query_free(other);
    ar_scope_close(&mine);
    ar_scope_close(&theirs);
}

static ar_status use_behaviours(void)
{
    Page *page = Page_new();
    if (page == NULL)
        return AR_E_NO_MEMORY;
    page->title = "a";
    ar_status status = Page_save(db, page, &err);
    if (status == AR_OK)
        status = Page_delete(db, page, &err);
    Page_free(page);
    if (status != AR_OK)
        return status;
    ar_db *scope = ar_scope_open(db, &(ar_scope_options){ .tenant = ar_bind("t") });
    Doc_list list;
    status = Doc_all(Doc_query(scope), &list, &err);
    ar_scope_close(&scope);
    return status;
}

static void nothing(void) {}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    fixture_each_refusal(use_behaviours, nothing);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(versions_refuse_the_second_of_two),
    cmocka_unit_test(what_is_assigned_to_a_version_does_not_count),
    cmocka_unit_test(upserts_and_bulk_updates_count_versions),
    cmocka_unit_test(versions_are_given_back_by_a_rollback),
    cmocka_unit_test(deleted_rows_are_hidden_until_restored),
    cmocka_unit_test(deleting_twice_finds_nothing),
    cmocka_unit_test(all_of_a_query_are_marked),
    cmocka_unit_test(tenants_see_their_own_rows),
    cmocka_unit_test(tenants_change_their_own_rows),
    cmocka_unit_test(all_tenants_must_be_asked_for),
    cmocka_unit_test(tenants_may_be_texts),
    cmocka_unit_test(joins_and_clones_keep_to_the_tenant),
    cmocka_unit_test(clones_have_a_tenant_of_their_own),
    cmocka_unit_test(every_allocation_may_fail),
};

int main(void)
{
    return fixture_main("behaviours", tests, models);
}
