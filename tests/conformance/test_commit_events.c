/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "tests/support/notes.h"
#include "tests/support/outside.h"

/* What is told of how a transaction ends: when, for which records, and with what of them. */

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        events_test(a_failing_one_lets_a_transaction_be_rolled_back),
        events_test(commit_and_rollback_of_a_transaction),
        events_test(a_transaction_that_a_failed_statement_ends),
        events_test(savepoints),
        events_test(ends_that_are_asynchronous),
        events_test(records_that_are_freed_meanwhile),
        events_test(rows_of_an_array_in_a_transaction),
        events_test(a_retried_transaction_is_told_of_each_attempt),
        fixture_test_setup_on("postgres mysql", a_lost_connection_rolls_back, forget_all, NULL),
        events_test(refused_memory),
    };
    return fixture_main("commit_events", tests, notes_models);
}
