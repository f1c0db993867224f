/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "tests/support/fixture.h"
#include "tests/support/outside.h"

/* What runs around writes: in which order, on whose record, and what it can stop. */

typedef struct Note {
    int64_t id;
    const char *text;
    int32_t edits;
    const char *context; /* not a column */
} Note;

AR_MODEL_DECLARE(Note);

/* What was called, with the text of the record: "before_insert(a) after_insert(a) ". */
static char calls[4096];

/* What the next call of that name does. */
static const char *stops_at = "";
static ar_status stops_with;
static ar_status (*does)(ar_db *handle, Note *note, ar_error *error);
static const char *does_at = "";

static ar_status called(const char *name, ar_db *handle, Note *note, ar_error *error)
{
    size_t used = strlen(calls);
    snprintf(calls + used, sizeof calls - used, "%s(%s) ", name, note->text != NULL ? note->text : "NULL");
    if (strcmp(name, does_at) == 0) {
        does_at = "";
        return does(handle, note, error);
    }
    if (strcmp(name, stops_at) != 0)
        return AR_OK;
    return ar_error_set(error, stops_with, "%s says no", name);
}

#define HANDLER(name)                                                 \
    static ar_status name(ar_db *handle, Note *note, ar_error *error) \
    {                                                                 \
        return called(#name, handle, note, error);                    \
    }

HANDLER(before_validate)
HANDLER(after_validate)
HANDLER(before_insert)
HANDLER(also_before_insert)
HANDLER(after_insert)
HANDLER(before_update)
HANDLER(after_update)
HANDLER(before_delete)
HANDLER(after_delete)
HANDLER(after_commit)
HANDLER(after_rollback)

AR_MODEL_DEFINE(Note, "notes", AR_COLUMN(Note, id, AR_PRIMARY_KEY | AR_AUTO),
                AR_COLUMN(Note, text, 0, .rules = AR_RULES(.max_length = 9)), AR_COLUMN(Note, edits, AR_NOT_NULL),
                AR_IGNORE(Note, context), AR_BEFORE_VALIDATE(Note, before_validate),
                AR_AFTER_VALIDATE(Note, after_validate), AR_BEFORE_INSERT(Note, before_insert),
                AR_BEFORE_INSERT(Note, also_before_insert), AR_AFTER_INSERT(Note, after_insert),
                AR_BEFORE_UPDATE(Note, before_update), AR_AFTER_UPDATE(Note, after_update),
                AR_BEFORE_DELETE(Note, before_delete), AR_AFTER_DELETE(Note, after_delete),
                AR_AFTER_COMMIT(Note, after_commit), AR_AFTER_ROLLBACK(Note, after_rollback));

/* A model with rows that depend on it: deleting one is a transaction of the library's own. */
typedef struct Sheet Sheet;
typedef struct Folder {
    int64_t id;
    const char *name;
    AR_MANY(Sheet) sheets;
} Folder;

struct Sheet {
    int64_t id;
    int64_t folder_id;
};

AR_MODEL_DECLARE(Folder);
AR_MODEL_DECLARE(Sheet);

static ar_status folder_event(const char *name, ar_db *handle, ar_error *error)
{
    int64_t count;
    strcat(calls, name);
    ar_status status = ar_query_count(Note_query(handle), &count, error); /* the handle can be used */
    strcat(calls, status == AR_OK ? " " : "! ");
    if (strcmp(name, stops_at) == 0)
        return ar_error_set(error, stops_with, "%s says no", name);
    return status;
}

static ar_status before_folder(ar_db *handle, Folder *folder, ar_error *error)
{
    (void)folder;
    return folder_event("before", handle, error);
}

static ar_status after_folder(ar_db *handle, Folder *folder, ar_error *error)
{
    (void)folder;
    return folder_event("after", handle, error);
}

static ar_status folder_committed(ar_db *handle, Folder *folder, ar_error *error)
{
    (void)folder;
    return folder_event("committed", handle, error);
}

AR_MODEL_DEFINE(Sheet, "sheets", AR_COLUMN(Sheet, id, AR_PRIMARY_KEY | AR_AUTO),
                AR_COLUMN(Sheet, folder_id, AR_NOT_NULL));
AR_MODEL_DEFINE(Folder, "folders", AR_COLUMN(Folder, id, AR_PRIMARY_KEY | AR_AUTO), AR_COLUMN(Folder, name),
                AR_HAS_MANY(Folder, sheets, Sheet, folder_id, .dependent = AR_DEPENDENT_DELETE),
                AR_BEFORE_DELETE(Folder, before_folder), AR_AFTER_DELETE(Folder, after_folder),
                AR_AFTER_COMMIT(Folder, folder_committed));

static const ar_model *const models[] = { &Note_model, &Folder_model, &Sheet_model };

static int forget_all(void **state)
{
    (void)state;
    calls[0] = '\0';
    stops_at = does_at = "";
    return 0;
}

/* Those since the last time. */
static void were_called(const char *expected)
{
    assert_string_equal(calls, expected);
    calls[0] = '\0';
}

static Note *new_note(const char *text)
{
    Note *note = Note_new();
    assert_non_null(note);
    note->text = text;
    return note;
}

static int64_t count_notes(void)
{
    int64_t count = -1;
    ok(ar_query_count(Note_query(db), &count, &err));
    return count;
}

#define BEFORE_INSERT(text) \
    "before_validate(" text ") after_validate(" text ") before_insert(" text ") also_before_insert(" text ") "
#define INSERT(text)        BEFORE_INSERT(text) "after_insert(" text ") "
#define BEFORE_UPDATE(text) "before_validate(" text ") after_validate(" text ") before_update(" text ") "
#define UPDATE(text)        BEFORE_UPDATE(text) "after_update(" text ") "
#define DELETE(text)        "before_delete(" text ") after_delete(" text ") "
#define COMMIT(text)        "after_commit(" text ") "
#define ROLLBACK(text)      "after_rollback(" text ") "

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

static void a_failing_one_lets_a_transaction_be_rolled_back(void **state)
{
    (void)state;
    Note *note = new_note("a");
    ar_db *tx = ar_tx_begin(db, NULL);
    stops_at = "after_insert";
    stops_with = AR_E_VETOED;
    ar_status status = Note_save(tx, note, &err);
    assert_int_equal(status, AR_E_VETOED);
    assert_false(ar_tx_finish(&tx, &status, &err));
    assert_int_equal(status, AR_E_VETOED);
    were_called(INSERT("a") ROLLBACK("a"));
    assert_true(Note_is_new(note));
    assert_int_equal(count_notes(), 0);
    Note_free(note);
}

static void commit_and_rollback_of_a_transaction(void **state)
{
    (void)state;
    Note *first = new_note("a"), *second = new_note("b");
    Note plain = { .text = "p" };
    ar_db *tx = ar_tx_begin(db, NULL);
    ok(Note_save(tx, first, &err));
    ok(Note_save(tx, second, &err));
    ok(Note_insert(tx, &plain, &err));
    were_called(INSERT("a") INSERT("b") INSERT("p"));
    ok(ar_tx_commit(&tx, &err));
    were_called(COMMIT("a") COMMIT("b") COMMIT("p"));
    tx = ar_tx_begin(db, NULL);
    first->text = "c";
    ok(Note_save(tx, first, &err));
    ok(Note_delete(tx, second, &err));
    calls[0] = '\0';
    ok(ar_tx_rollback(&tx, &err));
    were_called(ROLLBACK("c") ROLLBACK("b"));
    assert_false(Note_is_new(second));
    ar_db *scope = ar_scope_open(db, NULL);
    tx = ar_tx_begin(scope, NULL);
    ok(Note_save(tx, first, &err));
    calls[0] = '\0';
    ar_scope_close(&scope);
    were_called(ROLLBACK("c"));
    Note_free(first);
    Note_free(second);
}

static void a_transaction_that_a_failed_statement_ends(void **state)
{
    (void)state;
    Note first = { .id = 7, .text = "a" }, second = { .id = 7, .text = "b" };
    ar_db *tx = ar_tx_begin(db, NULL);
    ok(Note_insert(tx, &first, &err));
    fails(Note_insert(tx, &second, &err), AR_E_CONSTRAINT);
    were_called(INSERT("a") BEFORE_INSERT("b"));
    fails(ar_tx_commit(&tx, &err), AR_E_TX_ABORTED);
    were_called(ROLLBACK("a"));
    assert_int_equal(count_notes(), 0);
}

static void savepoints(void **state)
{
    (void)state;
    Note *outer = new_note("outer"), *kept = new_note("kept"), *dropped = new_note("dropped");
    ar_db *tx = ar_tx_begin(db, NULL);
    ok(Note_save(tx, outer, &err));
    ar_db *inner = ar_tx_begin(tx, NULL);
    ok(Note_save(inner, kept, &err));
    calls[0] = '\0';
    ok(ar_tx_commit(&inner, &err));
    were_called(""); /* not before the outermost one has */
    inner = ar_tx_begin(tx, NULL);
    ok(Note_save(inner, dropped, &err));
    calls[0] = '\0';
    ok(ar_tx_rollback(&inner, &err));
    were_called(ROLLBACK("dropped"));
    assert_true(Note_is_new(dropped));
    ok(ar_tx_commit(&tx, &err));
    were_called(COMMIT("outer") COMMIT("kept"));
    tx = ar_tx_begin(db, NULL);
    inner = ar_tx_begin(tx, NULL);
    ok(Note_save(inner, dropped, &err));
    ok(ar_tx_commit(&inner, &err));
    ok(ar_tx_savepoint(tx, "here", &err));
    outer->text = "outer 2";
    ok(Note_save(tx, outer, &err));
    calls[0] = '\0';
    ok(ar_tx_rollback_to(tx, "here", &err));
    were_called(ROLLBACK("outer 2"));
    ok(ar_tx_rollback(&tx, &err));
    were_called(ROLLBACK("dropped"));
    Note_free(outer);
    Note_free(kept);
    Note_free(dropped);
}

static void ends_that_are_asynchronous(void **state)
{
    (void)state;
    Note *note = new_note("a");
    ar_db *tx = ar_tx_begin(db, NULL);
    ar_done saving = Note_save_async(tx, note);
    ar_done ending = ar_tx_commit_async(&tx);
    ok(ar_done_await(&saving, &err));
    were_called(INSERT("a"));
    ok(ar_done_await(&ending, &err));
    were_called(COMMIT("a"));
    note->text = "b"; /* and in the other order */
    tx = ar_tx_begin(db, NULL);
    saving = Note_save_async(tx, note);
    ending = ar_tx_commit_async(&tx);
    ok(ar_done_await(&ending, &err));
    were_called(BEFORE_UPDATE("b"));
    ok(ar_done_await(&saving, &err));
    were_called("after_update(b) after_commit(b) ");
    tx = ar_tx_begin(db, NULL);
    note->text = "c";
    ok(Note_save(tx, note, &err));
    calls[0] = '\0';
    ending = ar_tx_rollback_async(&tx);
    were_called(ROLLBACK("c")); /* in the call that asks for it */
    ok(ar_done_await(&ending, &err));
    tx = ar_tx_begin(db, NULL);
    ok(Note_save(tx, note, &err));
    calls[0] = '\0';
    ending = ar_tx_commit_async(&tx);
    ok(ar_future_wait(ending.raw, -1, &err));
    ar_future_drop(&ending.raw);
    were_called(""); /* nobody took the result */
    Note_free(note);
}

static ar_status keep_context(ar_db *handle, Note *note, ar_error *error)
{
    (void)handle;
    (void)error;
    snprintf(calls, sizeof calls, "%s, %s, %d", note->text, note->context, note->id > 0);
    return AR_OK;
}

static void records_that_are_freed_meanwhile(void **state)
{
    (void)state;
    char text[8] = "a";
    Note *note = new_note(text);
    Note_list list;
    ar_db *tx = ar_tx_begin(db, NULL);
    note->context = "mine";
    ok(Note_save(tx, note, &err));
    memset(text, 'z', sizeof text - 1);
    Note_free(note);
    {
        char gone[8] = "p";
        Note plain = { .text = gone };
        ok(Note_insert(tx, &plain, &err));
        memset(&plain, 0, sizeof plain);
        memset(gone, 'z', sizeof gone - 1);
    }
    ok(Note_all(Note_query(tx), &list, &err));
    list.items[0]->text = "l";
    ok(Note_save(tx, list.items[0], &err));
    Note_list_free(&list);
    ok(Note_find_one(tx, ar_key(1), &note, &err));
    note->text = "owned";
    ok(Note_save(tx, note, &err));
    calls[0] = '\0';
    ok(ar_tx_commit(&tx, &err));
    were_called(COMMIT("a") COMMIT("p") COMMIT("l") COMMIT("owned"));
    note = new_note("b");
    note->context = "mine";
    tx = ar_tx_begin(db, NULL);
    ok(Note_save(tx, note, &err));
    Note_free(note);
    does = keep_context;
    does_at = "after_commit";
    ok(ar_tx_commit(&tx, &err));
    were_called("b, mine, 1");
}

static void rows_of_an_array_in_a_transaction(void **state)
{
    (void)state;
    Note rows[2] = { { .text = "x" }, { .text = "y" } };
    ar_db *tx = ar_tx_begin(db, NULL);
    ok(Note_insert_many(tx, rows, 2, &err));
    rows[0].text = rows[1].text = "changed";
    calls[0] = '\0';
    ok(ar_tx_commit(&tx, &err));
    were_called(COMMIT("x") COMMIT("y"));
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

static void a_retried_transaction_is_told_of_each_attempt(void **state)
{
    (void)state;
    ar_status status = AR_OK;
    int attempts = 0;
    ar_db *tx = ar_tx_begin(db, &(ar_tx_options){ .retries = 1 });
    do {
        Note plain = { .text = "p" };
        status = Note_insert(tx, &plain, &err);
        if (status == AR_OK && attempts++ == 0)
            status = ar_error_set(&err, AR_E_CONFLICT, "once more");
    } while (ar_tx_finish(&tx, &status, &err));
    assert_int_equal(status, AR_OK);
    were_called(INSERT("p") ROLLBACK("p") INSERT("p") COMMIT("p"));
    assert_int_equal(count_notes(), 1);
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

static ar_db *refused_tx;
static Note *refused;

static ar_status save_in_a_transaction(void)
{
    Note plain = { .text = "p" };
    refused_tx = ar_tx_begin(db, NULL);
    ar_status status = Note_save(refused_tx, refused, &err);
    if (status == AR_OK)
        status = Note_insert(refused_tx, &plain, &err);
    (void)ar_tx_finish(&refused_tx, &status, &err);
    refused->edits++;
    return status;
}

static void nothing(void)
{
    calls[0] = '\0';
}

static void refused_memory(void **state)
{
    (void)state;
    refused = new_note("a");
    fixture_each_refusal(save_in_a_transaction, nothing);
    Note_free(refused);
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

static int64_t number_of_connection(ar_db *tx)
{
    ar_rows *rows = NULL;
    ok(ar_query_rows(fixture_on("postgres") ? ar_sql(tx, "SELECT pg_backend_pid()")
                                            : ar_sql(tx, "SELECT connection_id()"),
                     &rows, &err));
    int64_t number = 0;
    ok(ar_rows_int64(rows, 0, 0, &number, &err));
    ar_rows_free(rows);
    return number;
}

static void a_lost_connection_rolls_back(void **state)
{
    (void)state;
    char sql[80];
    outside *server = outside_open(fixture_url());
    assert_non_null(server);
    Note *note = new_note("a");
    ar_db *tx = ar_tx_begin(db, NULL);
    ok(Note_save(tx, note, &err));
    calls[0] = '\0';
    snprintf(sql, sizeof sql, fixture_on("postgres") ? "SELECT pg_terminate_backend(%lld)" : "KILL %lld",
             (long long)number_of_connection(tx));
    assert_true(outside_exec(server, sql));
    ar_status status = Note_insert(tx, &(Note){ .text = "p" }, &err);
    assert_int_not_equal(status, AR_OK);
    were_called(BEFORE_INSERT("p"));
    assert_false(ar_tx_finish(&tx, &status, &err));
    were_called(ROLLBACK("a"));
    assert_true(Note_is_new(note));
    outside_close(server);
    Note_free(note);
}

#define events_test(test) cmocka_unit_test_setup(test, forget_all)

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
        events_test(a_failing_one_lets_a_transaction_be_rolled_back),
        events_test(commit_and_rollback_of_a_transaction),
        events_test(a_transaction_that_a_failed_statement_ends),
        events_test(savepoints),
        events_test(ends_that_are_asynchronous),
        events_test(records_that_are_freed_meanwhile),
        events_test(rows_of_an_array_in_a_transaction),
        events_test(a_record_freed_before_its_outcome_has_no_after),
        events_test(a_handler_may_save_others),
        events_test(a_handler_and_its_own_record),
        events_test(what_comes_after_may_free_the_record),
        events_test(a_retried_transaction_is_told_of_each_attempt),
        events_test(bulk_verbs_on_queries_run_none),
        events_test(those_of_a_then_run_on_its_executor),
        events_test(an_upsert_with_options),
        events_test(records_that_are_saved_together),
        events_test(a_delete_with_what_depends_on_it),
        fixture_test_setup_on("postgres mysql", a_lost_connection_rolls_back, forget_all, NULL),
        events_test(refused_memory),
    };
    return fixture_main("events", tests, models);
}
