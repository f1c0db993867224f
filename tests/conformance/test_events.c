/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "tests/support/notes.h"

/* What runs around writes: in which order, on whose record, and what it can stop. */

static void each_verb_has_its_own(void **state)
{
    (void)state;
    Note *note = new_note("a"), plain = { .text = "p" }, rows[2] = { { .text = "x" }, { .text = "y" } };
    ok(Note_save(db, note, &err));
    were_called(INSERT("a") COMMIT("a"));
    note->text = "b";
    ok(Note_save(db, note, &err));
    were_called(UPDATE("b") COMMIT("b"));
    ok(Note_upsert(db, note, &err));
    were_called(UPDATE("b") COMMIT("b"));
    ok(Note_delete(db, note, &err));
    were_called(DELETE("b") COMMIT("b"));
    ok(Note_upsert(db, note, &err)); /* new again */
    were_called(INSERT("b") COMMIT("b"));
    ok(Note_insert(db, &plain, &err));
    were_called(INSERT("p") COMMIT("p"));
    plain.text = "q";
    ok(Note_update(db, &plain, &err));
    were_called(UPDATE("q") COMMIT("q"));
    ok(Note_insert_many(db, rows, 2, &err));
    were_called("before_validate(x) before_validate(y) after_validate(x) after_validate(y) before_insert(x) "
                "also_before_insert(x) before_insert(y) also_before_insert(y) after_insert(x) after_insert(y) "
                "after_commit(x) after_commit(y) ");
    ok(Note_refresh(db, note, &err));
    were_called("");
    Note_free(note);
}

static void those_of_an_asynchronous_verb(void **state)
{
    (void)state;
    Note *note = new_note("a"), plain = { .text = "p" };
    ar_done done = Note_save_async(db, note);
    were_called(BEFORE_INSERT("a")); /* before it is sent, on this thread */
    ok(ar_done_await(&done, &err));
    were_called("after_insert(a) after_commit(a) ");
    note->text = "b";
    done = Note_save_async(db, note);
    were_called(BEFORE_UPDATE("b"));
    ok(ar_future_wait(done.raw, -1, &err)); /* which takes nothing */
    were_called("");
    ok(Note_delete(db, note, &err)); /* the next verb does */
    were_called("after_update(b) after_commit(b) " DELETE("b") COMMIT("b"));
    ok(ar_done_await(&done, &err));
    were_called("");
    done = Note_insert_async(db, &plain);
    ok(ar_done_await(&done, &err));
    were_called(INSERT("p") COMMIT("p"));
    assert_true(plain.id > 0);
    Note_free(note);
}

/* More rows than one statement takes: one transaction of their own. */
static void many_rows(void **state)
{
    (void)state;
    enum { ROWS = 600 };
    static Note rows[ROWS];
    for (size_t i = 0; i < ROWS; i++)
        rows[i] = (Note){ .edits = (int32_t)i };
    stops_at = "after_insert";
    stops_with = AR_E_IO;
    fails(Note_insert_many(db, rows, ROWS, &err), AR_E_IO);
    assert_string_equal(err.message, "after_insert says no");
    assert_int_equal(count_notes(), ROWS);
    for (size_t i = 0; i < ROWS; i++)
        assert_true(rows[i].id > 0);
}

static void nothing_to_send_has_no_after(void **state)
{
    (void)state;
    Note *note = new_note("a");
    ok(Note_save(db, note, &err));
    calls[0] = '\0';
    ok(Note_save(db, note, &err));
    were_called(BEFORE_UPDATE("a"));
    Note_free(note);
}

static ar_status edit(ar_db *handle, Note *note, ar_error *error)
{
    (void)handle;
    (void)error;
    note->text = "edited";
    note->edits++;
    return AR_OK;
}

static void what_comes_before_may_change_the_record(void **state)
{
    (void)state;
    Note *note = new_note("a"), *found;
    does = edit;
    does_at = "before_update";
    ok(Note_save(db, note, &err));
    ok(Note_save(db, note, &err)); /* nothing was to be sent but for the event */
    assert_string_equal(note->text, "edited");
    ok(Note_find_one(db, ar_key(note->id), &found, &err));
    assert_string_equal(found->text, "edited");
    assert_int_equal(found->edits, 1);
    Note_free(found);
    note->text = "far too long for it";
    does_at = "before_validate";
    ok(Note_save(db, note, &err));
    Note_free(note);
}

static void a_veto_stops_the_verb(void **state)
{
    (void)state;
    static const char *const names[] = { "before_validate", "after_validate", "before_insert", "also_before_insert" };
    Note *note = new_note("a"), rows[2] = { { .text = "x" }, { .text = "y" } };
    char message[64];
    stops_with = AR_E_VETOED;
    for (size_t i = 0; i < 4; i++) {
        stops_at = names[i];
        snprintf(message, sizeof message, "%s says no", names[i]);
        fails(Note_save(db, note, &err), AR_E_VETOED);
        assert_string_equal(err.message, message);
        ar_done done = Note_save_async(db, note);
        assert_true(ar_future_is_done(done.raw));
        fails(ar_done_await(&done, &err), AR_E_VETOED);
        assert_string_equal(err.message, message);
        fails(Note_insert_many(db, rows, 2, &err), AR_E_VETOED);
        assert_non_null(strstr(err.message, "row 0"));
        assert_non_null(strstr(err.message, message));
        assert_null(strstr(calls, "after_insert"));
        assert_null(strstr(calls, "after_commit"));
        assert_null(strstr(calls, "after_rollback"));
    }
    assert_true(Note_is_new(note));
    assert_int_equal(count_notes(), 0);
    stops_at = "";
    ok(Note_save(db, note, &err));
    stops_at = "before_delete";
    stops_with = AR_E_CONNECTION; /* what it ran into by itself is answered as it is */
    fails(Note_delete(db, note, &err), AR_E_CONNECTION);
    assert_int_equal(count_notes(), 1);
    Note_free(note);
}

static void a_write_that_fails_has_no_after(void **state)
{
    (void)state;
    Note first = { .id = 7, .text = "a" }, second = { .id = 7, .text = "b" };
    ok(Note_insert(db, &first, &err));
    calls[0] = '\0';
    fails(Note_insert(db, &second, &err), AR_E_CONSTRAINT);
    were_called(BEFORE_INSERT("b"));
    ar_done done = Note_insert_async(db, &second);
    fails(ar_done_await(&done, &err), AR_E_CONSTRAINT);
    were_called(BEFORE_INSERT("b"));
}

static void one_that_fails_after_the_write(void **state)
{
    (void)state;
    Note *note = new_note("a"), plain = { .text = "p" };
    stops_at = "after_insert";
    stops_with = AR_E_VETOED;
    fails(Note_save(db, note, &err), AR_E_VETOED);
    assert_string_equal(err.message, "after_insert says no");
    assert_false(Note_is_new(note)); /* the row is there */
    were_called(INSERT("a") COMMIT("a"));
    ar_done done = Note_insert_async(db, &plain);
    fails(ar_done_await(&done, &err), AR_E_VETOED);
    assert_string_equal(err.message, "after_insert says no");
    assert_true(plain.id > 0);
    assert_int_equal(count_notes(), 2);
    stops_at = "after_commit"; /* which is logged alone */
    calls[0] = '\0';
    ok(Note_delete(db, note, &err));
    were_called(DELETE("a") COMMIT("a"));
    Note_free(note);
}

static void a_record_freed_before_its_outcome_has_no_after(void **state)
{
    (void)state;
    Note *note = new_note("a");
    ar_db *tx = ar_tx_begin(db, NULL);
    ar_done done = Note_save_async(tx, note);
    Note_free(note);
    ok(ar_done_await(&done, &err));
    ok(ar_tx_commit(&tx, &err));
    were_called(BEFORE_INSERT("a"));
    assert_int_equal(count_notes(), 1);
}

static ar_status save_another(ar_db *handle, Note *note, ar_error *error)
{
    (void)note;
    Note *other = new_note("other");
    ar_status status = Note_save(handle, other, error);
    Note_free(other);
    return status;
}

static void a_handler_may_save_others(void **state)
{
    (void)state;
    static const char *const places[] = { "before_insert", "after_insert", "after_commit" };
    does = save_another;
    for (size_t i = 0; i < 3; i++) {
        Note *note = new_note("a");
        does_at = places[i];
        ok(Note_save(db, note, &err));
        does_at = places[i];
        Note *in_tx = new_note("b");
        ar_db *tx = ar_tx_begin(db, NULL);
        ok(Note_save(tx, in_tx, &err));
        ok(ar_tx_commit(&tx, &err));
        assert_string_equal(does_at, "");
        Note_free(in_tx);
        Note_free(note);
    }
    assert_int_equal(count_notes(), 12);
    does_at = "after_rollback";
    Note *note = new_note("a");
    ar_db *tx = ar_tx_begin(db, NULL);
    ok(Note_save(tx, note, &err));
    ok(ar_tx_rollback(&tx, &err));
    assert_int_equal(count_notes(), 13);
    ar_db *inner;
    tx = ar_tx_begin(db, NULL);
    inner = ar_tx_begin(tx, NULL);
    ok(Note_save(inner, note, &err));
    does_at = "after_rollback";
    ok(ar_tx_rollback(&inner, &err)); /* it works through the transaction around it */
    ok(ar_tx_commit(&tx, &err));
    assert_int_equal(count_notes(), 14);
    tx = ar_tx_begin(db, NULL);
    ok(Note_save(tx, note, &err));
    does_at = "after_rollback";
    ar_done ending = ar_tx_rollback_async(&tx);
    ok(ar_done_await(&ending, &err));
    assert_int_equal(count_notes(), 15);
    Note_free(note);
}

static ar_status save_itself(ar_db *handle, Note *note, ar_error *error)
{
    note->edits++;
    return Note_save(handle, note, error);
}

static ar_status save_itself_later(ar_db *handle, Note *note, ar_error *error)
{
    ar_done done = Note_save_async(handle, note);
    return ar_done_await(&done, error);
}

static void a_handler_and_its_own_record(void **state)
{
    (void)state;
    Note *note = new_note("a");
    does = save_itself;
    does_at = "before_insert";
    fails(Note_save(db, note, &err), AR_E_BUSY);
    does = save_itself_later;
    does_at = "before_validate";
    fails(Note_save(db, note, &err), AR_E_BUSY);
    calls[0] = '\0';
    does = save_itself;
    does_at = "after_insert";
    ok(Note_save(db, note, &err));
    were_called(INSERT("a") UPDATE("a") COMMIT("a") COMMIT("a"));
    assert_int_equal(note->edits, 2);
    ar_done done = Note_delete_async(db, note);
    ok(ar_done_await(&done, &err));
    does_at = "after_insert";
    done = Note_save_async(db, note);
    ok(ar_done_await(&done, &err));
    assert_int_equal(note->edits, 3);
    Note_free(note);
}

static ar_status free_it(ar_db *handle, Note *note, ar_error *error)
{
    (void)handle;
    (void)error;
    Note_free(note);
    return AR_OK;
}

static void what_comes_after_may_free_the_record(void **state)
{
    (void)state;
    does = free_it;
    does_at = "after_insert";
    ok(Note_save(db, new_note("a"), &err));
    were_called(INSERT("a") COMMIT("a"));
    does_at = "after_commit";
    Note *note = new_note("b");
    ar_done done = Note_save_async(db, note);
    ok(ar_done_await(&done, &err));
    ar_db *tx = ar_tx_begin(db, NULL);
    ok(Note_save(tx, new_note("c"), &err));
    does_at = "after_rollback";
    ok(ar_tx_rollback(&tx, &err));
}

static void bulk_verbs_on_queries_run_none(void **state)
{
    (void)state;
    int64_t count = 0;
    Note rows[2] = { { .text = "x" }, { .text = "y" } };
    ok(Note_insert_many(db, rows, 2, &err));
    calls[0] = '\0';
    ar_query *q = Note_query(db);
    ar_query_where(q, "text = ?", "x");
    ok(ar_query_delete_all(q, &count, &err));
    assert_int_equal(count, 1);
    were_called("");
}

typedef struct seen {
    ar_status status;
    ar_error error;
} seen;

static void see(void *arg, ar_status status, const ar_error *error)
{
    seen *out = arg;
    out->status = status;
    if (error != NULL)
        out->error = *error;
    strcat(calls, "then ");
}

static void those_of_a_then_run_on_its_executor(void **state)
{
    (void)state;
    ar_cq *cq = NULL;
    size_t ran = 0;
    seen first = { .status = AR_E_PENDING }, second = first;
    Note *note = new_note("a");
    Note plain = { .text = "p" };
    ok(ar_cq_create(NULL, &cq, &err));
    ar_done done = Note_save_async(db, note);
    ok(ar_done_then(&done, ar_cq_executor(cq), see, &first, &err));
    were_called(BEFORE_INSERT("a"));
    while (ran == 0)
        ok(ar_cq_run(cq, 0, 10000, &ran, &err));
    were_called("after_insert(a) after_commit(a) then ");
    assert_int_equal(first.status, AR_OK);
    stops_at = "after_insert";
    stops_with = AR_E_VETOED;
    done = Note_insert_async(db, &plain);
    ok(ar_done_then(&done, ar_cq_executor(cq), see, &second, &err));
    for (ran = 0; ran == 0;)
        ok(ar_cq_run(cq, 0, 10000, &ran, &err));
    assert_int_equal(second.status, AR_E_VETOED);
    assert_string_equal(second.error.message, "after_insert says no");
    ar_cq_destroy(&cq);
    Note_free(note);
}

static void an_upsert_with_options(void **state)
{
    (void)state;
    Note *note = new_note("a");
    const ar_upsert_options options = { .update = AR_MEMBERS(Note, text) };
    if (Note_upsert_with(db, note, &options, &err) == AR_E_UNSUPPORTED) {
        Note_free(note);
        return;
    }
    were_called(INSERT("a") COMMIT("a"));
    note->text = "b";
    ar_done done = Note_upsert_with_async(db, note, &options);
    were_called(BEFORE_UPDATE("b"));
    ok(ar_done_await(&done, &err));
    were_called("after_update(b) after_commit(b) ");
    note->text = "far too long for it";
    fails(Note_upsert_with(db, note, &options, &err), AR_E_INVALID);
    note->text = "c";
    calls[0] = '\0';
    ar_db *tx = ar_tx_begin(db, NULL);
    ok(Note_upsert_with(tx, note, &options, &err));
    ok(ar_tx_rollback(&tx, &err));
    were_called(UPDATE("c") ROLLBACK("c"));
    Note_free(note);
}

static void a_delete_with_what_depends_on_it(void **state)
{
    (void)state;
    Folder *folder = Folder_new();
    assert_non_null(folder);
    for (int i = 0; i < 3; i++) {
        int64_t count = -1;
        ok(Folder_save(db, folder, &err));
        ok(Sheet_insert(db, &(Sheet){ .folder_id = folder->id }, &err));
        calls[0] = '\0';
        stops_at = i == 0 ? "before" : "";
        stops_with = AR_E_VETOED;
        ar_db *tx = i == 2 ? ar_tx_begin(db, NULL) : NULL;
        ar_status status = Folder_delete(tx != NULL ? tx : db, folder, &err);
        assert_int_equal(status, i == 0 ? AR_E_VETOED : AR_OK);
        if (tx != NULL) {
            were_called("before after ");
            ok(ar_tx_commit(&tx, &err));
            were_called("committed ");
        } else {
            were_called(i == 0 ? "before " : "before after committed ");
        }
        ok(ar_query_count(Sheet_query(db), &count, &err));
        assert_int_equal(count, i == 0 ? 1 : 0);
        assert_int_equal(Folder_is_new(folder), i != 0);
    }
    Folder_free(folder);
}

static void records_that_are_saved_together(void **state)
{
    (void)state;
    Note *notes[3] = { new_note("a"), new_note("b"), new_note("c") };
    ok(Note_save_many(db, notes, 3, &err));
    assert_non_null(strstr(calls, "after_insert(a) after_insert(b) after_insert(c) after_commit(a) after_commit(b) "
                                  "after_commit(c) "));
    notes[1]->text = "far too long for it";
    notes[0]->text = "d";
    calls[0] = '\0';
    fails(Note_save_many(db, notes, 3, &err), AR_E_INVALID);
    assert_null(strstr(calls, "after_update"));
    assert_null(strstr(calls, "after_commit"));
    notes[1]->text = "e";
    stops_at = "after_update";
    stops_with = AR_E_VETOED;
    does = save_another;
    does_at = "after_update"; /* with a handle that can be used */
    int64_t before = count_notes();
    fails(Note_save_many(db, notes, 3, &err), AR_E_VETOED);
    assert_string_equal(does_at, "");
    assert_int_equal(count_notes(), before + 1);
    for (int i = 0; i < 3; i++)
        Note_free(notes[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        events_test(each_verb_has_its_own),
        events_test(those_of_an_asynchronous_verb),
        events_test(many_rows),
        events_test(nothing_to_send_has_no_after),
        events_test(what_comes_before_may_change_the_record),
        events_test(a_veto_stops_the_verb),
        events_test(a_write_that_fails_has_no_after),
        events_test(one_that_fails_after_the_write),
        events_test(a_record_freed_before_its_outcome_has_no_after),
        events_test(a_handler_may_save_others),
        events_test(a_handler_and_its_own_record),
        events_test(what_comes_after_may_free_the_record),
        events_test(bulk_verbs_on_queries_run_none),
        events_test(those_of_a_then_run_on_its_executor),
        events_test(an_upsert_with_options),
        events_test(records_that_are_saved_together),
        events_test(a_delete_with_what_depends_on_it),
    };
    return fixture_main("events", tests, notes_models);
}
