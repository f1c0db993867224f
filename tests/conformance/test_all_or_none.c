/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "tests/support/fixture.h"

/* What is left when a verb fails after its rows were written, or its transaction is rolled back: in the database, and in
 * the records. */

/* A tenant that is a text. */
typedef struct Doc {
    int64_t id;
    const char *tenant;
    const char *name;
    const char *note;
    const char *state;
} Doc;

AR_MODEL_DECLARE(Doc);
AR_MODEL_DEFINE(Doc, "docs", AR_COLUMN(Doc, id, AR_PRIMARY_KEY | AR_AUTO),
                AR_COLUMN(Doc, tenant, AR_TENANT | AR_NOT_NULL), AR_COLUMN(Doc, name, AR_UNIQUE | AR_NOT_NULL),
                AR_COLUMN(Doc, note),
                AR_COLUMN(Doc, state, AR_DATABASE_DEFAULT, .rules = AR_RULES(.max_length = 20),
                          .default_sql = "'fresh'"));

/* Tenants share the keys. */
typedef struct Seat {
    int64_t number;
    int32_t tenant;
    int32_t row;
} Seat;

AR_MODEL_DECLARE(Seat);
AR_MODEL_DEFINE(Seat, "seats", AR_COLUMN(Seat, number, AR_PRIMARY_KEY),
                AR_COLUMN(Seat, tenant, AR_TENANT | AR_NOT_NULL), AR_COLUMN(Seat, row, .name = "seat_row"));

typedef struct Person {
    int64_t id;
    const char *name;
    int32_t age;
    int32_t version;
} Person;

static int64_t seen_through_handle;

AR_MODEL_DECLARE(Person);

static ar_status look(ar_db *handle, Person *person, ar_error *error)
{
    (void)person;
    return ar_query_count(Person_query(handle), &seen_through_handle, error);
}

AR_MODEL_DEFINE(Person, "persons", AR_COLUMN(Person, id, AR_PRIMARY_KEY | AR_AUTO), AR_COLUMN(Person, name, AR_UNIQUE),
                AR_COLUMN(Person, age), AR_COLUMN(Person, version, AR_VERSION | AR_NOT_NULL),
                AR_AFTER_UPDATE(Person, look));

/* Its table has the name that something in a statement could have. */
typedef struct Letter {
    int64_t id;
    int32_t n;
} Letter;

AR_MODEL_DECLARE(Letter);
AR_MODEL_DEFINE(Letter, "r", AR_COLUMN(Letter, id, AR_PRIMARY_KEY | AR_AUTO), AR_COLUMN(Letter, n));

/* The member is smaller than the column. */
typedef struct Wide {
    int64_t id;
    int32_t n;
} Wide;

typedef struct Narrow {
    int32_t id;
    int32_t n;
} Narrow;

AR_MODEL_DECLARE(Wide);
AR_MODEL_DECLARE(Narrow);
AR_MODEL_DEFINE(Wide, "numbers", AR_COLUMN(Wide, id, AR_PRIMARY_KEY | AR_AUTO), AR_COLUMN(Wide, n));
AR_MODEL_DEFINE(Narrow, "numbers", AR_COLUMN(Narrow, id, AR_PRIMARY_KEY | AR_AUTO), AR_COLUMN(Narrow, n));

typedef struct Kid Kid;

typedef struct Parent {
    int64_t id;
    AR_MANY(Kid) kids;
} Parent;

struct Kid {
    int64_t id;
    ar_opt_int64 parent_id;
    int32_t version;
    ar_timestamp updated_at;
};

AR_MODEL_DECLARE(Parent);
AR_MODEL_DECLARE(Kid);
AR_MODEL_DEFINE(Kid, "kids", AR_COLUMN(Kid, id, AR_PRIMARY_KEY | AR_AUTO), AR_COLUMN(Kid, parent_id),
                AR_COLUMN(Kid, version, AR_VERSION | AR_NOT_NULL), AR_COLUMN(Kid, updated_at, AR_UPDATED_AT));
AR_MODEL_DEFINE(Parent, "parents", AR_COLUMN(Parent, id, AR_PRIMARY_KEY | AR_AUTO),
                AR_HAS_MANY(Parent, kids, Kid, parent_id, .dependent = AR_DEPENDENT_NULLIFY));

static const ar_model *const models[] = { &Doc_model,  &Seat_model,   &Person_model, &Letter_model,
                                          &Wide_model, &Parent_model, &Kid_model };

static int64_t count_of(ar_query *query)
{
    int64_t count = -1;
    ok(ar_query_count(query, &count, &err));
    return count;
}

/* --- upsert_many --- */

static ar_db *scope_of(int32_t tenant)
{
    return ar_scope_open(db, &(ar_scope_options){ .tenant = ar_bind(tenant) });
}

static void another_tenants_row_leaves_none(void **state)
{
    (void)state;
    ar_db *mine = scope_of(7), *theirs = scope_of(8);
    Seat taken = { .number = 2, .row = 1 };
    ok(Seat_insert(theirs, &taken, &err));
    Seat seats[] = { { .number = 1, .row = 5 }, { .number = 2, .row = 5 } };
    fails(Seat_upsert_many(mine, seats, 2, NULL, &err), AR_E_CONSTRAINT);
    assert_int_equal(count_of(Seat_query(mine)), 0);
    assert_int_equal(count_of(Seat_query(theirs)), 1);
    ar_done later = Seat_upsert_many_async(mine, seats, 2, NULL);
    fails(ar_done_await(&later, &err), AR_E_CONSTRAINT);
    assert_int_equal(count_of(Seat_query(mine)), 0);
    ok(Seat_upsert_many(mine, seats, 1, NULL, &err));
    ok(Seat_upsert_many(mine, (Seat[]){ { .number = 1, .row = 6 }, { .number = 3, .row = 6 } }, 2, NULL, &err));
    assert_int_equal(count_of(Seat_query(mine)), 2);
    ar_scope_close(&mine);
    ar_scope_close(&theirs);
}

static void another_tenants_row_fails_the_transaction(void **state)
{
    (void)state;
    ar_db *mine = scope_of(7), *theirs = scope_of(8);
    Seat taken = { .number = 2, .row = 1 };
    ok(Seat_insert(theirs, &taken, &err));
    Seat seats[] = { { .number = 1, .row = 5 }, { .number = 2, .row = 5 } };
    ar_db *tx = ar_tx_begin(mine, NULL);
    fails(Seat_upsert_many(tx, seats, 2, NULL, &err), AR_E_CONSTRAINT);
    fails(ar_tx_commit(&tx, &err), AR_E_TX_ABORTED);
    assert_int_equal(count_of(Seat_query(mine)), 0);
    tx = ar_tx_begin(mine, NULL); /* the savepoint alone, where there is one */
    ok(Seat_insert(tx, &(Seat){ .number = 9, .row = 1 }, &err));
    ar_db *inner = ar_tx_begin(tx, NULL);
    fails(Seat_upsert_many(inner, seats, 2, NULL, &err), AR_E_CONSTRAINT);
    fails(ar_tx_commit(&inner, &err), AR_E_TX_ABORTED);
    ok(Seat_insert(tx, &(Seat){ .number = 10, .row = 1 }, &err));
    ok(ar_tx_commit(&tx, &err));
    assert_int_equal(count_of(Seat_query(mine)), 2);
    ar_scope_close(&mine);
    ar_scope_close(&theirs);
}

static void a_savepoint_behind_a_failure_does_not_save(void **state)
{
    (void)state;
    ar_db *mine = scope_of(7), *theirs = scope_of(8);
    Seat taken = { .number = 2, .row = 1 };
    ok(Seat_insert(theirs, &taken, &err));
    Seat seats[] = { { .number = 1, .row = 5 }, { .number = 2, .row = 5 } }, more = { .number = 3 };
    ar_db *tx = ar_tx_begin(mine, NULL);
    ar_done failing = Seat_upsert_many_async(tx, seats, 2, NULL);
    ar_db *inner = ar_tx_begin(tx, NULL);
    ar_done behind = Seat_insert_async(inner, &more);
    ar_done back = ar_tx_rollback_async(&inner);
    ar_done committed = ar_tx_commit_async(&tx);
    fails(ar_done_await(&failing, &err), AR_E_CONSTRAINT);
    ar_future_drop(&behind.raw);
    ar_future_drop(&back.raw);
    fails(ar_done_await(&committed, &err), AR_E_TX_ABORTED);
    assert_int_equal(count_of(Seat_query(mine)), 0);
    ar_scope_close(&mine);
    ar_scope_close(&theirs);
}

/* --- insert_many --- */

static void keys_that_do_not_fit_leave_no_rows(void **state)
{
    (void)state;
    Wide high = { .id = INT64_C(5000000000), .n = 1 };
    ok(Wide_insert(db, &high, &err));
    if (fixture_on("postgres"))
        ok(ar_query_exec(ar_sql_text(db, "SELECT setval('numbers_id_seq', 5000000000)", NULL, 0), NULL, &err));
    Narrow rows[] = { { .n = 2 }, { .n = 3 } };
    fails(Narrow_insert_many(db, rows, 2, &err), AR_E_TYPE);
    assert_int_equal(count_of(Wide_query(db)), 1);
    ar_db *tx = ar_tx_begin(db, NULL);
    fails(Narrow_insert_many(tx, rows, 2, &err), AR_E_TYPE);
    fails(ar_tx_commit(&tx, &err), AR_E_TX_ABORTED);
    assert_int_equal(count_of(Wide_query(db)), 1);
}

/* --- save_many --- */

enum { PEOPLE = 3 };

static Person *people[PEOPLE];

static int save_people(void **state)
{
    static const char *const names[PEOPLE] = { "Ann", "Bea", "Cid" };
    (void)state;
    for (size_t i = 0; i < PEOPLE; i++) {
        people[i] = Person_new();
        assert_non_null(people[i]);
        people[i]->name = names[i];
        people[i]->age = 1;
        ok(Person_save(db, people[i], &err));
    }
    return 0;
}

static int free_people(void **state)
{
    (void)state;
    for (size_t i = 0; i < PEOPLE; i++)
        Person_free(people[i]);
    return 0;
}

static void make_stale(Person *person)
{
    ar_query *query = Person_query(db);
    ar_query_filter(query, AR_EQ(Person, id, person->id));
    ar_query_set(query, AR_SET(Person, age, 50));
    ok(ar_query_update_all(query, NULL, &err));
}

static void give_ages(int32_t age)
{
    for (size_t i = 0; i < PEOPLE; i++)
        people[i]->age = age;
}

static int64_t count_aged(int32_t age)
{
    ar_query *query = Person_query(db);
    ar_query_filter(query, AR_EQ(Person, age, age));
    return count_of(query);
}

static void a_stale_record_leaves_none_saved(void **state)
{
    (void)state;
    make_stale(people[1]);
    give_ages(99);
    fails(Person_save_many(db, people, PEOPLE, &err), AR_E_STALE);
    assert_int_equal(count_aged(99), 0);
    assert_int_equal(people[0]->version, 0);
    assert_true(Person_is_changed(people[0]));
    ar_done later = Person_save_many_async(db, people, PEOPLE);
    fails(ar_done_await(&later, &err), AR_E_STALE);
    assert_int_equal(count_aged(99), 0);
    ok(Person_refresh(db, people[1], &err));
    give_ages(99);
    ok(Person_save_many(db, people, PEOPLE, &err));
    assert_int_equal(count_aged(99), PEOPLE);
}

static void a_stale_record_fails_the_transaction(void **state)
{
    (void)state;
    make_stale(people[2]);
    give_ages(99);
    ar_db *tx = ar_tx_begin(db, NULL);
    fails(Person_save_many(tx, people, PEOPLE, &err), AR_E_STALE);
    fails(ar_tx_commit(&tx, &err), AR_E_TX_ABORTED);
    assert_int_equal(count_aged(99), 0);
    tx = ar_tx_begin(db, NULL);
    ar_db *inner = ar_tx_begin(tx, NULL);
    fails(Person_save_many(inner, people, PEOPLE, &err), AR_E_STALE);
    ok(ar_tx_rollback(&inner, &err));
    ok(ar_tx_commit(&tx, &err));
    assert_int_equal(count_aged(99), 0);
    tx = ar_tx_begin(db, NULL); /* a save by itself is its caller's to judge */
    fails(Person_save(tx, people[2], &err), AR_E_STALE);
    ok(Person_save(tx, people[0], &err));
    ok(ar_tx_commit(&tx, &err));
    assert_int_equal(count_aged(99), 1);
}

static void events_of_save_many_get_the_callers_handle(void **state)
{
    (void)state;
    seen_through_handle = -1;
    give_ages(2);
    ok(Person_save_many(db, people, PEOPLE, &err));
    assert_int_equal(seen_through_handle, PEOPLE);
}

static void events_of_what_was_not_saved_do_not_run(void **state)
{
    (void)state;
    seen_through_handle = -1;
    give_ages(2);
    people[1]->name = "\xff";
    fails(Person_save_many(db, people, PEOPLE, &err), AR_E_TYPE);
    assert_int_equal(seen_through_handle, -1);
    assert_int_equal(count_aged(1), PEOPLE);
    people[1]->name = "Bea";
}

/* --- texts that are assigned --- */

static ar_upsert_options on_name(void)
{
    return (ar_upsert_options){ .conflict = AR_MEMBERS(Doc, name) };
}

static ar_db *text_scope(void)
{
    char tenant[] = "tenant-seven";
    ar_db *scope = ar_scope_open(db, &(ar_scope_options){ .tenant = ar_bind((const char *)tenant) });
    memset(tenant, 'x', sizeof tenant - 1);
    return scope;
}

static Doc *doc_of(char *name)
{
    Doc *doc = Doc_new();
    assert_non_null(doc);
    doc->name = name;
    return doc;
}

static char *heap_text(const char *text)
{
    char *copy = malloc(strlen(text) + 1);
    assert_non_null(copy);
    strcpy(copy, text);
    return copy;
}

static void an_upsert_keeps_copies_of_texts(void **state)
{
    (void)state;
    ar_upsert_options options = on_name();
    ar_db *scope = text_scope();
    char name[] = "one", note[] = "a note that is assigned";
    Doc *doc = doc_of(name);
    doc->note = note;
    ar_done later = Doc_upsert_with_async(scope, doc, &options);
    name[0] = note[0] = 'x'; /* not freed: they are still the record's where there was no memory for copies */
    assert_string_equal(doc->name, "one"); /* it is under way */
    assert_string_equal(doc->note, "a note that is assigned");
    ok(ar_done_await(&later, &err));
    assert_string_equal(doc->note, "a note that is assigned");
    assert_string_equal(doc->tenant, "tenant-seven");
    Doc_free(doc);
    ar_scope_close(&scope);
}

static void a_failed_upsert_keeps_copies_of_texts(void **state)
{
    (void)state;
    ar_upsert_options options = on_name();
    ar_db *scope = text_scope(), *other = ar_scope_open(db, &(ar_scope_options){ .tenant = ar_bind("tenant-eight") });
    Doc theirs = { .tenant = "tenant-eight", .name = "one" };
    ok(Doc_insert(other, &theirs, &err));
    char *name = heap_text("one"), *note = heap_text("a note that is assigned");
    Doc *doc = doc_of(name);
    doc->note = note;
    fails(Doc_upsert_with(scope, doc, &options, &err), AR_E_CONSTRAINT);
    free(name);
    free(note);
    ar_scope_close(&scope);
    ar_scope_close(&other);
    assert_string_equal(doc->name, "one");
    assert_string_equal(doc->note, "a note that is assigned");
    assert_string_equal(doc->tenant, "tenant-seven");
    Doc_free(doc);
}

static void a_failed_save_keeps_its_own_tenant(void **state)
{
    (void)state;
    ar_db *scope = text_scope();
    Doc *doc = doc_of((char[]){ "\xff" });
    fails(Doc_save(scope, doc, &err), AR_E_TYPE);
    ar_scope_close(&scope);
    assert_string_equal(doc->tenant, "tenant-seven");
    Doc_free(doc);
}

/* --- rollbacks --- */

static void a_rolled_back_upsert_gives_back_what_was_assigned(void **state)
{
    (void)state;
    ar_upsert_options options = on_name();
    options.update = AR_MEMBERS(Doc, state);
    ar_db *scope = text_scope();
    Doc there = { .tenant = "tenant-seven", .name = "one", .note = "what the row has", .state = "old" };
    ok(Doc_insert(scope, &there, &err));
    char *note = heap_text("mine");
    Doc *doc = doc_of((char[]){ "one" });
    doc->note = note;
    doc->state = "new";
    ar_db *tx = ar_tx_begin(scope, NULL);
    ok(Doc_upsert_with(tx, doc, &options, &err));
    free(note);
    assert_string_equal(doc->note, "what the row has");
    assert_int_equal(doc->id, there.id);
    ok(ar_tx_rollback(&tx, &err));
    assert_true(Doc_is_new(doc));
    assert_int_equal(doc->id, 0);
    assert_string_equal(doc->note, "mine");
    assert_string_equal(doc->state, "new");
    doc->name = "two";
    ok(Doc_save(scope, doc, &err)); /* as any that is new */
    Doc *found;
    ok(Doc_find_one(scope, ar_key(doc->id), &found, &err));
    assert_string_equal(found->note, "mine");
    Doc_free(doc);
    ar_scope_close(&scope);
}

static void a_rollback_gives_back_defaults(void **state)
{
    (void)state;
    ar_db *scope = text_scope();
    Doc *doc = doc_of((char[]){ "one" }), *given = doc_of((char[]){ "two" });
    given->state = "given";
    ar_db *tx = ar_tx_begin(scope, NULL);
    ok(Doc_save(tx, doc, &err));
    ok(Doc_save(tx, given, &err));
    assert_string_equal(doc->state, "fresh");
    ok(ar_tx_rollback(&tx, &err));
    assert_null(doc->state);
    assert_string_equal(given->state, "given");
    tx = ar_tx_begin(scope, NULL);
    ok(Doc_save(tx, doc, &err));
    doc->state = "assigned since";
    ok(ar_tx_rollback(&tx, &err));
    assert_string_equal(doc->state, "assigned since");
    Doc_free(doc);
    Doc_free(given);
    ar_scope_close(&scope);
}

/* --- what else is written --- */

static void nullified_rows_are_stamped(void **state)
{
    (void)state;
    Parent parent = { 0 };
    ok(Parent_insert(db, &parent, &err));
    Kid kid = { .parent_id = (ar_opt_int64){ .has = true, .value = parent.id } };
    ok(Kid_insert(db, &kid, &err));
    Kid *read;
    Parent *gone;
    ok(Kid_find_one(db, ar_key(kid.id), &read, &err));
    ok(Parent_find_one(db, ar_key(parent.id), &gone, &err));
    ok(Parent_delete(db, gone, &err));
    Kid *now;
    ok(Kid_find_one(db, ar_key(kid.id), &now, &err));
    assert_false(now->parent_id.has);
    assert_int_equal(now->version, 1);
    assert_true(now->updated_at.us >= kid.updated_at.us && now->updated_at.us > 0);
    read->updated_at.us = 0;
    read->parent_id = (ar_opt_int64){ .has = true, .value = parent.id + 1 };
    fails(Kid_save(db, read, &err), AR_E_STALE);
    Kid_free(read);
    Kid_free(now);
    Parent_free(gone);
}

static void a_table_may_have_any_name(void **state)
{
    (void)state;
    Letter letters[] = { { .n = 1 }, { .n = 2 } };
    ok(Letter_insert_many(db, letters, 2, &err));
    letters[0].n = 10;
    letters[1].n = 20;
    int64_t updated = 0;
    ok(Letter_update_many(db, letters, 2, (ar_members){ 0 }, &updated, &err));
    assert_int_equal(updated, 2);
    Letter *found;
    ok(Letter_find_one(db, ar_key(letters[1].id), &found, &err));
    assert_int_equal(found->n, 20);
    Letter_free(found);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(another_tenants_row_leaves_none),
        cmocka_unit_test(another_tenants_row_fails_the_transaction),
        cmocka_unit_test(a_savepoint_behind_a_failure_does_not_save),
        cmocka_unit_test(keys_that_do_not_fit_leave_no_rows),
        cmocka_unit_test_setup_teardown(a_stale_record_leaves_none_saved, save_people, free_people),
        cmocka_unit_test_setup_teardown(a_stale_record_fails_the_transaction, save_people, free_people),
        cmocka_unit_test_setup_teardown(events_of_save_many_get_the_callers_handle, save_people, free_people),
        cmocka_unit_test_setup_teardown(events_of_what_was_not_saved_do_not_run, save_people, free_people),
        fixture_test_on("sqlite postgres", an_upsert_keeps_copies_of_texts),
        fixture_test_on("sqlite postgres", a_failed_upsert_keeps_copies_of_texts),
        cmocka_unit_test(a_failed_save_keeps_its_own_tenant),
        fixture_test_on("sqlite postgres", a_rolled_back_upsert_gives_back_what_was_assigned),
        cmocka_unit_test(a_rollback_gives_back_defaults),
        cmocka_unit_test(nullified_rows_are_stamped),
        cmocka_unit_test(a_table_may_have_any_name),
    };
    return fixture_main("all_or_none", tests, models);
}
