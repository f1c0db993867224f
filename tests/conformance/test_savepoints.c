/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "tests/support/fixture.h"

/* Named savepoints on each engine: what they undo, what they forget, and what is left after a failure. */

typedef struct Note {
    int64_t id;
    const char *title;
} Note;

AR_MODEL_DECLARE(Note);
AR_MODEL_DEFINE(Note, "notes", AR_COLUMN(Note, id, AR_PRIMARY_KEY | AR_AUTO),
                AR_COLUMN(Note, title, AR_NOT_NULL | AR_UNIQUE));

static const ar_model *const models[] = { &Note_model };

static ar_status add(ar_db *on, const char *title)
{
    return Note_insert(on, &(Note){ .title = title }, &err);
}

static int64_t count_of(ar_db *on)
{
    int64_t count = -1;
    ok(ar_query_count(Note_query(on), &count, &err));
    return count;
}

static void what_came_after_a_savepoint_is_undone(void **state)
{
    (void)state;
    ar_db *tx = ar_tx_begin(db, NULL);
    ok(add(tx, "one"));
    ok(ar_tx_savepoint(tx, "here", &err));
    ok(add(tx, "two"));
    ok(add(tx, "three"));
    ok(ar_tx_rollback_to(tx, "here", &err));
    assert_int_equal(count_of(tx), 1);
    ok(add(tx, "two"));
    ok(ar_tx_rollback_to(tx, "here", &err)); /* it stays */
    ok(add(tx, "four"));
    ok(ar_tx_commit(&tx, &err));
    assert_int_equal(count_of(db), 2);
}

static void a_released_savepoint_is_forgotten_and_its_work_stays(void **state)
{
    (void)state;
    ar_db *tx = ar_tx_begin(db, NULL);
    ok(ar_tx_savepoint(tx, "outer", &err));
    ok(ar_tx_savepoint(tx, "inner", &err));
    ok(add(tx, "one"));
    ok(ar_tx_release(tx, "inner", &err));
    fails(ar_tx_rollback_to(tx, "inner", &err), AR_E_INVALID);
    fails(ar_tx_release(tx, "inner", &err), AR_E_INVALID);
    assert_int_equal(count_of(tx), 1);
    ok(ar_tx_savepoint(tx, "newer", &err));
    ok(ar_tx_release(tx, "outer", &err)); /* and all newer ones */
    fails(ar_tx_rollback_to(tx, "newer", &err), AR_E_INVALID);
    ok(ar_tx_commit(&tx, &err));
    assert_int_equal(count_of(db), 1);
}

static void going_back_forgets_newer_savepoints(void **state)
{
    (void)state;
    ar_db *tx = ar_tx_begin(db, NULL);
    ok(ar_tx_savepoint(tx, "a", &err));
    ok(add(tx, "one"));
    ok(ar_tx_savepoint(tx, "b", &err));
    ok(add(tx, "two"));
    ok(ar_tx_rollback_to(tx, "a", &err));
    fails(ar_tx_rollback_to(tx, "b", &err), AR_E_INVALID);
    assert_int_equal(count_of(tx), 0);
    ok(ar_tx_commit(&tx, &err));
    assert_int_equal(count_of(db), 0);
}

static void a_name_hides_an_older_one_until_it_is_released(void **state)
{
    (void)state;
    ar_db *tx = ar_tx_begin(db, NULL);
    ok(ar_tx_savepoint(tx, "same", &err));
    ok(add(tx, "one"));
    ok(ar_tx_savepoint(tx, "same", &err));
    ok(add(tx, "two"));
    ok(ar_tx_rollback_to(tx, "same", &err));
    assert_int_equal(count_of(tx), 1);
    ok(ar_tx_release(tx, "same", &err));
    ok(ar_tx_rollback_to(tx, "same", &err));
    assert_int_equal(count_of(tx), 0);
    ok(ar_tx_commit(&tx, &err));
}

static void a_failed_statement_leaves_only_going_back(void **state)
{
    (void)state;
    ar_db *tx = ar_tx_begin(db, NULL);
    ok(add(tx, "one"));
    ok(ar_tx_savepoint(tx, "here", &err));
    fails(add(tx, "one"), AR_E_CONSTRAINT);
    fails(add(tx, "two"), AR_E_TX_ABORTED);
    fails(ar_tx_savepoint(tx, "there", &err), AR_E_TX_ABORTED);
    fails(ar_tx_release(tx, "here", &err), AR_E_TX_ABORTED);
    fails(ar_tx_rollback_to(tx, "there", &err), AR_E_INVALID);
    ok(ar_tx_rollback_to(tx, "here", &err));
    ok(add(tx, "two"));
    ok(ar_tx_release(tx, "here", &err));
    ok(ar_tx_commit(&tx, &err));
    assert_int_equal(count_of(db), 2);
}

static void records_saved_since_get_back_what_they_were(void **state)
{
    (void)state;
    Note *before = Note_new(), *since = Note_new(), *later = Note_new();
    assert_non_null(before);
    assert_non_null(since);
    assert_non_null(later);
    before->title = "before";
    since->title = "since";
    later->title = "later";
    ar_db *tx = ar_tx_begin(db, NULL);
    ok(Note_save(tx, before, &err));
    ok(ar_tx_savepoint(tx, "a", &err));
    ok(Note_save(tx, since, &err));
    ok(ar_tx_savepoint(tx, "b", &err));
    ok(Note_save(tx, later, &err));
    ok(ar_tx_rollback_to(tx, "b", &err));
    assert_true(Note_is_new(later));
    assert_false(Note_is_new(since));
    ok(ar_tx_rollback_to(tx, "a", &err));
    assert_true(Note_is_new(since));
    assert_int_equal(since->id, 0);
    assert_false(Note_is_new(before));
    ok(Note_save(tx, since, &err));
    ok(ar_tx_release(tx, "a", &err));
    assert_false(Note_is_new(since));
    ok(ar_tx_rollback(&tx, &err)); /* which undoes what was released too */
    assert_true(Note_is_new(since));
    assert_true(Note_is_new(before));
    assert_int_equal(before->id, 0);
    Note_free(before);
    Note_free(since);
    Note_free(later);
}

static void a_commit_keeps_what_open_savepoints_hold(void **state)
{
    (void)state;
    Note *note = Note_new();
    assert_non_null(note);
    note->title = "kept";
    ar_db *tx = ar_tx_begin(db, NULL);
    ok(ar_tx_savepoint(tx, "a", &err));
    ok(Note_save(tx, note, &err));
    ok(ar_tx_savepoint(tx, "b", &err));
    ok(ar_tx_commit(&tx, &err));
    assert_false(Note_is_new(note));
    assert_int_equal(count_of(db), 1);
    Note_free(note);
}

static void they_stand_beside_transactions_on_the_transaction(void **state)
{
    (void)state;
    ar_db *tx = ar_tx_begin(db, NULL);
    ok(ar_tx_savepoint(tx, "outside", &err));
    ok(add(tx, "one"));
    ar_db *inner = ar_tx_begin(tx, NULL);
    ok(ar_tx_savepoint(inner, "inside", &err));
    ok(add(inner, "two"));
    fails(ar_tx_savepoint(tx, "meanwhile", &err), AR_E_DEADLOCK);
    fails(ar_tx_rollback_to(tx, "outside", &err), AR_E_DEADLOCK);
    fails(ar_tx_rollback_to(inner, "outside", &err), AR_E_INVALID); /* which is not its own */
    ok(ar_tx_rollback_to(inner, "inside", &err));
    ok(add(inner, "three"));
    ok(ar_tx_commit(&inner, &err));
    assert_int_equal(count_of(tx), 2);
    ok(ar_tx_rollback_to(tx, "outside", &err));
    assert_int_equal(count_of(tx), 0);
    ok(ar_tx_commit(&tx, &err));
}

static void without_waiting(void **state)
{
    (void)state;
    Note *note = Note_new();
    assert_non_null(note);
    note->title = "since";
    ar_db *tx = ar_tx_begin(db, NULL);
    ar_done set = ar_tx_savepoint_async(tx, "here");
    ar_done saved = Note_save_async(tx, note);
    ok(ar_done_await(&saved, &err));
    assert_false(Note_is_new(note));
    ar_done back = ar_tx_rollback_to_async(tx, "here");
    assert_true(Note_is_new(note));
    ar_done forgotten = ar_tx_release_async(tx, "here");
    ar_done none = ar_tx_release_async(tx, "here");
    ar_done committed = ar_tx_commit_async(&tx);
    ok(ar_done_await(&set, &err));
    ok(ar_done_await(&back, &err));
    ok(ar_done_await(&forgotten, &err));
    fails(ar_done_await(&none, &err), AR_E_INVALID);
    ok(ar_done_await(&committed, &err));
    assert_int_equal(count_of(db), 0);
    Note_free(note);
}

static void going_back_without_waiting_undoes_a_failure(void **state)
{
    (void)state;
    ar_db *tx = ar_tx_begin(db, NULL);
    ok(add(tx, "one"));
    Note twin = { .title = "one" }, other = { .title = "two" };
    ar_done set = ar_tx_savepoint_async(tx, "here"), insert = Note_insert_async(tx, &twin);
    ar_done back = ar_tx_rollback_to_async(tx, "here"), after = Note_insert_async(tx, &other);
    ar_done committed = ar_tx_commit_async(&tx);
    ok(ar_done_await(&set, &err));
    fails(ar_done_await(&insert, &err), AR_E_CONSTRAINT);
    ok(ar_done_await(&back, &err));
    ok(ar_done_await(&after, &err));
    ok(ar_done_await(&committed, &err));
    assert_int_equal(count_of(db), 2);
}

/* Names are never sent: what would be SQL is a name like any other. */
static void any_text_is_a_name(void **state)
{
    static const char *const names[] = {
        "a b", "'; drop table notes; --", "\"", "`", "\\", "ar_1", "\xff\xfe", "select", "?", "$1"
    };
    char longest[129];
    (void)state;
    memset(longest, 'n', sizeof longest);
    longest[128] = '\0';
    ar_db *tx = ar_tx_begin(db, NULL);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        ok(ar_tx_savepoint(tx, names[i], &err));
        ok(add(tx, "one"));
        ok(ar_tx_rollback_to(tx, names[i], &err));
    }
    ok(ar_tx_release(tx, names[0], &err));
    fails(ar_tx_savepoint(tx, longest, &err), AR_E_INVALID);
    longest[127] = '\0';
    ok(ar_tx_savepoint(tx, longest, &err));
    fails(ar_tx_savepoint(tx, "", &err), AR_E_INVALID);
    ok(ar_tx_commit(&tx, &err));
    assert_int_equal(count_of(db), 0);
}

static void they_are_of_transactions_alone(void **state)
{
    (void)state;
    fails(ar_tx_savepoint(db, "here", &err), AR_E_INVALID);
    fails(ar_tx_rollback_to(db, "here", &err), AR_E_INVALID);
    ar_db *tx = ar_tx_begin(db, NULL), *gone = tx;
    fails(ar_tx_release(tx, "here", &err), AR_E_INVALID);
    ok(ar_tx_rollback(&tx, &err));
    fails(ar_tx_savepoint(gone, "here", &err), AR_E_CLOSED);
    ar_done set = ar_tx_savepoint_async(gone, "here");
    fails(ar_done_await(&set, &err), AR_E_CLOSED);
}

static void a_next_attempt_has_none_of_them(void **state)
{
    (void)state;
    int attempts = 0;
    ar_status status;
    ar_db *tx = ar_tx_begin(db, &(ar_tx_options){ .retries = 1 });
    do {
        fails(ar_tx_rollback_to(tx, "here", &err), AR_E_INVALID);
        ok(ar_tx_savepoint(tx, "here", &err));
        ok(add(tx, "one"));
        status = ar_error_set(&err, attempts++ == 0 ? AR_E_CONFLICT : AR_OK, "a conflict");
    } while (ar_tx_finish(&tx, &status, &err));
    ok(status);
    assert_int_equal(attempts, 2);
    assert_int_equal(count_of(db), 1);
}

static ar_status work(void)
{
    Note *note = Note_new();
    assert_non_null(note);
    if (note != NULL)
        note->title = "one";
    ar_db *tx = ar_tx_begin(db, NULL);
    ar_status status = note == NULL ? AR_E_NO_MEMORY : ar_tx_savepoint(tx, "here", &err);
    if (status == AR_OK)
        status = Note_save(tx, note, &err);
    if (status == AR_OK)
        status = ar_tx_rollback_to(tx, "here", &err);
    if (status == AR_OK) {
        ar_done set = ar_tx_savepoint_async(tx, "there"), gone = ar_tx_release_async(tx, "there");
        ar_status first = ar_done_await(&set, &err);
        status = ar_done_await(&gone, &err);
        status = first != AR_OK ? first : status;
    }
    if (status == AR_OK)
        status = ar_tx_release(tx, "here", &err);
    ar_ignore(ar_tx_rollback(&tx, NULL));
    Note_free(note);
    return status;
}

static void nothing_is_left(void)
{
    assert_int_equal(count_of(db), 0);
}

static void refused_memory_leaves_nothing_behind(void **state)
{
    (void)state;
    fixture_each_refusal(work, nothing_is_left);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_came_after_a_savepoint_is_undone),
        cmocka_unit_test(a_released_savepoint_is_forgotten_and_its_work_stays),
        cmocka_unit_test(going_back_forgets_newer_savepoints),
        cmocka_unit_test(a_name_hides_an_older_one_until_it_is_released),
        cmocka_unit_test(a_failed_statement_leaves_only_going_back),
        cmocka_unit_test(records_saved_since_get_back_what_they_were),
        cmocka_unit_test(a_commit_keeps_what_open_savepoints_hold),
        cmocka_unit_test(they_stand_beside_transactions_on_the_transaction),
        cmocka_unit_test(without_waiting),
        cmocka_unit_test(going_back_without_waiting_undoes_a_failure),
        cmocka_unit_test(any_text_is_a_name),
        cmocka_unit_test(they_are_of_transactions_alone),
        cmocka_unit_test(a_next_attempt_has_none_of_them),
        cmocka_unit_test(refused_memory_leaves_nothing_behind),
    };
    return fixture_main("savepoints", tests, models);
}
