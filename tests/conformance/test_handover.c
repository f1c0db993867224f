/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "tests/support/fixture.h"

/* To whom belongs what was read, or was to be written: callbacks, scopes, futures that outlive their handles. */

typedef struct Note {
    int64_t id;
    const char *text;
    ar_timestamp created_at;
} Note;

AR_MODEL_DECLARE(Note);
AR_MODEL_DEFINE(Note, "notes", AR_COLUMN(Note, id, AR_PRIMARY_KEY | AR_AUTO), AR_COLUMN(Note, text),
                AR_COLUMN(Note, created_at, AR_CREATED_AT));

static const ar_model *const models[] = { &Note_model };

static void insert_note(const char *text)
{
    Note note = { .text = text };
    ok(Note_insert(db, &note, &err));
}

typedef struct seen {
    int calls;
    ar_status status;
    Note *note;
    Note_list list;
} seen;

static void see_note(void *arg, ar_status status, Note *note, const ar_error *error)
{
    seen *self = arg;
    (void)error;
    self->calls++;
    self->status = status;
    self->note = note;
}

static void see_list(void *arg, ar_status status, Note_list list, const ar_error *error)
{
    seen *self = arg;
    (void)error;
    self->calls++;
    self->status = status;
    self->list = list;
}

static void what_a_callback_is_given_is_its_own(void **state)
{
    (void)state;
    ar_cq *cq = NULL;
    seen one = { 0 }, all = { 0 };
    insert_note("a");
    ok(ar_cq_create(NULL, &cq, &err));
    ar_db *scope = ar_scope_open(db, NULL);
    Note_future finding = Note_find_one_async(scope, ar_key(1));
    ok(Note_then(&finding, ar_cq_executor(cq), see_note, &one, &err));
    Note_list_future listing = Note_find_many_async(scope, (ar_key[]){ ar_key(1) }, 1);
    ok(Note_list_then(&listing, ar_cq_executor(cq), see_list, &all, &err));
    for (int ran = 0; ran < 2;) {
        size_t now = 0;
        ok(ar_cq_run(cq, 0, 10000, &now, &err));
        ran += (int)now;
    }
    ar_scope_close(&scope);
    assert_int_equal(one.status, AR_OK);
    assert_string_equal(one.note->text, "a");
    assert_int_equal(all.list.count, 1);
    assert_string_equal(all.list.items[0]->text, "a");
    Note_free(one.note);
    Note_list_free(&all.list);
    ar_cq_destroy(&cq);
}

static void rows_may_be_awaited_when_their_database_is_closed(void **state)
{
    (void)state;
    ar_db *other = NULL;
    ar_rows *rows = NULL;
    ok(ar_db_open(fixture_url(), NULL, &other, &err));
    ar_rows_future future = ar_query_rows_async(ar_sql(other, "select 1 as one"));
    ok(ar_future_wait(future.raw, -1, &err));
    ar_db_close(&other);
    ok(ar_rows_await(&future, &rows, &err));
    assert_int_equal(ar_rows_count(rows), 1);
    ar_rows_free(rows);

    ar_db *scope = ar_scope_open(db, NULL);
    future = ar_query_rows_async(ar_sql(scope, "select 1 as one"));
    ok(ar_future_wait(future.raw, -1, &err));
    ar_scope_close(&scope);
    fails(ar_rows_await(&future, &rows, &err), AR_E_CLOSED);
}

static void awaiting_rows_for_nobody_consumes_the_future(void **state)
{
    (void)state;
    ar_rows_future future = ar_query_rows_async(ar_sql(db, "select 1 as one"));
    fails(ar_rows_await(&future, NULL, &err), AR_E_INVALID);
    assert_null(future.raw);
}

static void inserted_rows_say_what_was_sent(void **state)
{
    (void)state;
    Note notes[2] = { { .text = "a" }, { .text = "b", .created_at = { 7 } } };
    ar_done done = Note_insert_many_async(db, notes, 2);
    notes[0].created_at.us = 5;
    notes[1].created_at.us = 0;
    ok(ar_done_await(&done, &err));
    for (int i = 0; i < 2; i++) {
        Note *note;
        ok(Note_find_one(db, ar_key(notes[i].id), &note, &err));
        assert_int_equal(note->created_at.us, notes[i].created_at.us);
        Note_free(note);
    }
    assert_int_equal(notes[1].created_at.us, 7);
}

static void lists_of_any_length_are_refused_before_they_are_read(void **state)
{
    (void)state;
    int64_t id = 1, count;
    int less = -1;
    ar_query *q = Note_query(db);
    ar_query_filter(q, AR_IN(Note, id, &id, less));
    fails(ar_query_count(q, &count, &err), AR_E_INVALID);
    q = Note_query(db);
    ar_query_where(q, "id in (?)", AR_LIST(&id, less));
    fails(ar_query_count(q, &count, &err), AR_E_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_callback_is_given_is_its_own),
        cmocka_unit_test(rows_may_be_awaited_when_their_database_is_closed),
        cmocka_unit_test(awaiting_rows_for_nobody_consumes_the_future),
        cmocka_unit_test(inserted_rows_say_what_was_sent),
        cmocka_unit_test(lists_of_any_length_are_refused_before_they_are_read),
    };
    return fixture_main("handover", tests, models);
}
