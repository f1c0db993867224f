/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "orm/db.h"
#include "tests/support/script_db.h"

/* What handles of transactions send, and when; on a scripted backend with one writer and two readers. */

static ar_error err;
static script_db s;

static int set_up(void **state)
{
    (void)state;
    script_start();
    s = script_db_open(NULL);
    script_forget_log();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    script_let_go();
    script_db_close(&s);
    return 0;
}

static ar_status exec(ar_db *db, const char *sql)
{
    return script_exec(db, sql, &err);
}

static void assert_log(const char *expected)
{
    script_expect_log(expected);
    script_forget_log();
}

/* What a rollback undoes. */
typedef struct undo {
    ari_undo base;
    int *undone, *freed;
} undo;

static void run_undo(ari_undo *base)
{
    ++*((undo *)base)->undone;
}

static void free_undo(ari_undo *base)
{
    ++*((undo *)base)->freed;
}

static void watch(ar_db *handle, undo *u, int *undone, int *freed)
{
    *undone = *freed = 0;
    *u = (undo){ .base = { .undo = run_undo, .free = free_undo }, .undone = undone, .freed = freed };
    ari_db *entered = ari_db_enter(handle, &err);
    assert_non_null(entered);
    ari_db_on_rollback(entered, &u->base);
    ari_db_leave(entered);
}

/* --- the outermost --- */

static void begin_travels_with_the_first_operation(void **state)
{
    (void)state;
    ar_db *tx = ar_tx_begin(s.db, NULL);
    assert_non_null(tx);
    assert_log("");
    assert_int_equal(exec(tx, "w:ok"), AR_OK);
    assert_int_equal(exec(tx, "w:ok 2"), AR_OK);
    assert_int_equal(ar_tx_commit(&tx, &err), AR_OK);
    assert_null(tx);
    assert_log("0:BEGIN | 0:w:ok | 0:w:ok 2 | 0:COMMIT | 0:RESET");
    tx = ar_tx_begin(s.db, NULL);
    assert_int_equal(ar_tx_rollback(&tx, &err), AR_OK);
    assert_null(tx);
    tx = ar_tx_begin(s.db, NULL);
    assert_int_equal(ar_tx_commit(&tx, &err), AR_OK);
    assert_log("");
}

static void finish_commits_what_went_well_and_rolls_back_the_rest(void **state)
{
    (void)state;
    ar_status status;
    ar_db *tx = ar_tx_begin(s.db, NULL);
    do {
        status = exec(tx, "w:ok");
    } while (ar_tx_finish(&tx, &status, &err));
    assert_int_equal(status, AR_OK);
    assert_null(tx);
    assert_log("0:BEGIN | 0:w:ok | 0:COMMIT | 0:RESET");
    tx = ar_tx_begin(s.db, &(ar_tx_options){ .retries = 3 });
    do {
        status = exec(tx, "w:fail");
    } while (ar_tx_finish(&tx, &status, &err));
    assert_int_equal(status, AR_E_QUERY); /* left as it was */
    assert_non_null(strstr(err.message, "it was to fail"));
    assert_null(tx);
    assert_log("0:BEGIN | 0:w:fail | 0:ROLLBACK | 0:RESET");
}

static void a_conflict_is_tried_again_as_often_as_was_asked(void **state)
{
    (void)state;
    for (int without_error = 0; without_error < 2; without_error++) {
        int attempts = 0;
        ar_status status;
        ar_db *tx = ar_tx_begin(s.db, &(ar_tx_options){ .retries = 3 });
        ar_db *same = tx;
        do {
            attempts++;
            assert_ptr_equal(tx, same);
            status = exec(tx, "w:ok");
            if (status == AR_OK)
                status = exec(tx, attempts < 3 ? "w:conflict" : "w:ok");
            if (status != AR_OK && attempts == 2)
                status = exec(tx, "w:ok"); /* AR_E_TX_ABORTED, because of it */
        } while (ar_tx_finish(&tx, &status, without_error ? NULL : &err));
        assert_int_equal(status, AR_OK);
        assert_int_equal(attempts, 3);
    }
    int attempts = 0;
    ar_status status;
    ar_db *tx = ar_tx_begin(s.db, &(ar_tx_options){ .retries = 2 });
    do {
        attempts++;
        status = exec(tx, "w:rollback");
    } while (ar_tx_finish(&tx, &status, &err));
    assert_int_equal(status, AR_E_CONFLICT);
    assert_int_equal(attempts, 3);
    assert_null(tx);
}

static void a_commit_is_tried_again_unless_it_may_hold(void **state)
{
    (void)state;
    int attempts = 0;
    ar_status status;
    ar_db *tx = ar_tx_begin(s.db, &(ar_tx_options){ .retries = 5 });
    script_now.commit = AR_E_CONFLICT;
    do {
        if (++attempts == 2)
            script_now.commit = AR_OK;
        status = exec(tx, "w:ok");
    } while (ar_tx_finish(&tx, &status, NULL));
    assert_int_equal(status, AR_OK);
    assert_int_equal(attempts, 2);
    script_now.commit = AR_E_CONNECTION;
    script_now.commit_unknown = true;
    tx = ar_tx_begin(s.db, &(ar_tx_options){ .retries = 5 });
    status = exec(tx, "w:ok");
    assert_false(ar_tx_finish(&tx, &status, &err));
    assert_int_equal(status, AR_E_CONNECTION);
}

static void trying_again_ends_with_the_deadline(void **state)
{
    (void)state;
    int attempts = 0;
    ar_status status;
    ar_db *scope = ar_scope_open(s.db, &(ar_scope_options){ .timeout_ms = 40 });
    ar_db *tx = ar_tx_begin(scope, &(ar_tx_options){ .retries = 1000000 });
    do {
        attempts++;
        status = exec(tx, "w:conflict");
    } while (ar_tx_finish(&tx, &status, &err));
    assert_true(status == AR_E_CONFLICT || status == AR_E_TIMEOUT);
    assert_true(attempts < 200);
    ar_scope_close(&scope);
}

static void an_attempt_has_a_deadline_of_its_own(void **state)
{
    (void)state;
    ar_db *tx = ar_tx_begin(s.db, &(ar_tx_options){ .timeout_ms = 30 });
    assert_int_equal(exec(tx, "w:wait"), AR_E_TIMEOUT);
    assert_int_equal(ar_tx_commit(&tx, &err), AR_E_TX_ABORTED);
    tx = ar_tx_begin(s.db, &(ar_tx_options){ .timeout_ms = 1 });
    ar_int64_future running = script_exec_async(tx, "w:wait");
    assert_int_equal(ar_int64_await(&running, NULL, &err), AR_E_TIMEOUT);
    assert_int_equal(ar_tx_rollback(&tx, &err), AR_OK);
}

static void a_failed_statement_leaves_only_rollback(void **state)
{
    (void)state;
    ar_db *tx = ar_tx_begin(s.db, NULL);
    assert_int_equal(exec(tx, "w:fail"), AR_E_QUERY);
    assert_int_equal(exec(tx, "r:ok"), AR_E_TX_ABORTED);
    ar_int64_future future = script_exec_async(tx, "w:ok");
    assert_int_equal(ar_int64_await(&future, NULL, &err), AR_E_TX_ABORTED);
    assert_int_equal(ar_tx_commit(&tx, &err), AR_E_TX_ABORTED);
    assert_null(tx);
    assert_log("0:BEGIN | 0:w:fail | 0:ROLLBACK | 0:RESET");
}

static void what_the_engine_ended_is_dead_and_says_why(void **state)
{
    (void)state;
    ar_db *tx = ar_tx_begin(s.db, NULL);
    assert_int_equal(exec(tx, "w:rollback"), AR_E_CONFLICT);
    assert_int_equal(exec(tx, "w:ok"), AR_E_TX_ABORTED);
    assert_non_null(strstr(err.message, "somebody else was first"));
    ar_db *inner = ar_tx_begin(tx, NULL);
    assert_int_equal(exec(inner, "w:ok"), AR_E_TX_ABORTED);
    assert_int_equal(ar_tx_rollback(&inner, &err), AR_OK);
    assert_int_equal(ar_tx_rollback(&tx, &err), AR_OK);
    tx = ar_tx_begin(s.db, NULL);
    inner = ar_tx_begin(tx, NULL);
    assert_int_equal(exec(inner, "w:ok"), AR_OK);
    assert_int_equal(exec(inner, "w:rollback"), AR_E_CONFLICT);
    assert_int_equal(ar_tx_rollback(&inner, &err), AR_OK); /* there is nothing left to roll back */
    assert_int_equal(exec(tx, "w:ok"), AR_E_TX_ABORTED);
    assert_int_equal(ar_tx_commit(&tx, &err), AR_E_TX_ABORTED);
}

/* Sent and not awaited is part of it: dropping a future does not drop the operation. */
static void a_commit_takes_along_what_was_sent(void **state)
{
    (void)state;
    ar_db *tx = ar_tx_begin(s.db, NULL);
    ar_int64_future first = script_exec_async(tx, "w:ok 1");
    ar_int64_future second = script_exec_async(tx, "w:ok 2");
    ar_future_drop(&first.raw);
    ar_future_drop(&second.raw);
    assert_int_equal(ar_tx_commit(&tx, &err), AR_OK);
    assert_log("0:BEGIN | 0:w:ok 1 | 0:w:ok 2 | 0:COMMIT | 0:RESET");
    tx = ar_tx_begin(s.db, NULL);
    first = script_exec_async(tx, "w:fail");
    ar_future_drop(&first.raw);
    assert_int_equal(ar_tx_commit(&tx, &err), AR_E_TX_ABORTED);
}

static void a_rollback_stops_what_runs(void **state)
{
    (void)state;
    ar_db *tx = ar_tx_begin(s.db, NULL);
    ar_int64_future future = script_exec_async(tx, "w:wait");
    script_wait_for("0:w:wait");
    ar_int64_future unsent = script_exec_async(tx, "w:ok never");
    assert_int_equal(ar_tx_rollback(&tx, &err), AR_OK);
    assert_int_equal(ar_int64_await(&future, NULL, &err), AR_E_CANCELLED);
    assert_int_equal(ar_int64_await(&unsent, NULL, &err), AR_E_CANCELLED);
    assert_log("0:BEGIN | 0:w:wait | 0:ROLLBACK | 0:RESET");
}

static void a_read_only_transaction_goes_to_a_reader_and_refuses_writes(void **state)
{
    (void)state;
    ar_db *tx = ar_tx_begin(s.db, &(ar_tx_options){ .read_only = true });
    assert_int_equal(exec(tx, "r:ok"), AR_OK);
    assert_int_equal(exec(tx, "w:ok"), AR_E_READ_ONLY);
    assert_int_equal(exec(tx, "s:ok"), AR_E_READ_ONLY);
    assert_int_equal(exec(tx, "r:ok 2"), AR_OK); /* that was not sent */
    ar_db *inner = ar_tx_begin(tx, NULL);
    assert_int_equal(exec(inner, "w:ok"), AR_E_READ_ONLY);
    assert_int_equal(ar_tx_rollback(&inner, &err), AR_OK);
    assert_int_equal(ar_tx_commit(&tx, &err), AR_OK);
    assert_log("1:open | 1:BEGIN | 1:r:ok | 1:r:ok 2 | 1:COMMIT | 1:RESET");
}

static void transactions_as_text_are_refused(void **state)
{
    (void)state;
    ar_db *tx = ar_tx_begin(s.db, NULL);
    assert_int_equal(exec(tx, "t:COMMIT"), AR_E_INVALID);
    assert_int_equal(exec(s.db, "t:BEGIN"), AR_E_INVALID);
    assert_int_equal(exec(s.db, "s:ok"), AR_E_INVALID);
    assert_int_equal(ar_tx_commit(&tx, &err), AR_OK);
    assert_log("");
}

/* --- who may wait --- */

static void waiting_outside_is_refused_and_allow_outside_allows_what_can_end(void **state)
{
    (void)state;
    ar_db *tx = ar_tx_begin(s.db, NULL);
    assert_int_equal(exec(s.db, "r:ok"), AR_E_DEADLOCK);
    assert_int_equal(exec(tx, "w:ok"), AR_OK);
    ar_int64_future future = script_exec_async(s.db, "w:ok later");
    assert_int_equal(ar_int64_await(&future, NULL, &err), AR_E_DEADLOCK);
    assert_null(future.raw);
    assert_int_equal(ar_tx_commit(&tx, &err), AR_OK);
    assert_int_equal(exec(s.db, "w:ok"), AR_OK);

    tx = ar_tx_begin(s.db, &(ar_tx_options){ .allow_outside = true });
    assert_int_equal(exec(tx, "w:ok"), AR_OK);
    assert_int_equal(exec(s.db, "r:ok"), AR_OK);
    assert_int_equal(exec(s.db, "w:ok"), AR_E_DEADLOCK);
    assert_int_equal(ar_tx_commit(&tx, &err), AR_OK);
}

/* --- savepoints --- */

static void a_savepoint_travels_with_its_first_operation(void **state)
{
    (void)state;
    ar_db *tx = ar_tx_begin(s.db, NULL);
    ar_db *inner = ar_tx_begin(tx, NULL);
    assert_int_equal(ar_tx_commit(&inner, &err), AR_OK);
    inner = ar_tx_begin(tx, NULL);
    assert_int_equal(exec(inner, "w:ok in"), AR_OK);
    assert_int_equal(exec(inner, "w:ok in 2"), AR_OK);
    assert_int_equal(ar_tx_commit(&inner, &err), AR_OK);
    assert_null(inner);
    assert_int_equal(exec(tx, "w:ok out"), AR_OK);
    assert_int_equal(ar_tx_commit(&tx, &err), AR_OK);
    assert_log("0:BEGIN | 0:SAVEPOINT 2 | 0:w:ok in | 0:w:ok in 2 | 0:RELEASE 2 | 0:w:ok out | 0:COMMIT | 0:RESET");
}

static void savepoints_nest_and_undo_alone(void **state)
{
    (void)state;
    ar_db *tx = ar_tx_begin(s.db, NULL);
    ar_db *first = ar_tx_begin(tx, NULL);
    ar_db *second = ar_tx_begin(first, NULL);
    assert_int_equal(exec(second, "w:fail"), AR_E_QUERY);
    assert_int_equal(ar_tx_commit(&second, &err), AR_E_TX_ABORTED);
    assert_int_equal(exec(first, "w:ok"), AR_OK);
    second = ar_tx_begin(first, NULL);
    assert_int_equal(exec(second, "w:ok"), AR_OK);
    assert_int_equal(ar_tx_rollback(&second, &err), AR_OK);
    assert_int_equal(ar_tx_commit(&first, &err), AR_OK);
    assert_int_equal(ar_tx_commit(&tx, &err), AR_OK);
    assert_log("0:BEGIN | 0:SAVEPOINT 1 | 0:SAVEPOINT 2 | 0:w:fail | 0:BACK 2 | 0:RELEASE 2 | 0:w:ok | 0:SAVEPOINT 3 | "
               "0:w:ok | 0:BACK 3 | 0:RELEASE 3 | 0:RELEASE 1 | 0:COMMIT | 0:RESET");
}

static void the_outer_one_is_refused_while_the_inner_one_is_open(void **state)
{
    (void)state;
    ar_db *tx = ar_tx_begin(s.db, NULL);
    ar_db *inner = ar_tx_begin(tx, NULL);
    assert_int_equal(exec(tx, "w:ok"), AR_E_DEADLOCK);
    ar_int64_future future = script_exec_async(tx, "w:ok");
    assert_int_equal(ar_int64_await(&future, NULL, &err), AR_E_DEADLOCK);
    ar_db *scope = ar_scope_open(tx, NULL);
    assert_int_equal(exec(scope, "w:ok"), AR_E_DEADLOCK);
    ar_scope_close(&scope);
    assert_int_equal(ar_tx_rollback(&inner, &err), AR_OK);
    assert_int_equal(exec(tx, "w:ok"), AR_OK);
    inner = ar_tx_begin(tx, &(ar_tx_options){ .allow_outside = true });
    assert_int_equal(exec(inner, "w:ok"), AR_OK);
    assert_int_equal(exec(tx, "w:ok"), AR_E_DEADLOCK); /* it would go with the savepoint, and nobody would know */
    assert_int_equal(ar_tx_commit(&inner, &err), AR_OK);
    assert_int_equal(ar_tx_commit(&tx, &err), AR_OK);
}

static void two_savepoints_beside_each_other_are_refused(void **state)
{
    (void)state;
    ar_db *tx = ar_tx_begin(s.db, NULL);
    ar_db *first = ar_tx_begin(tx, NULL);
    assert_int_equal(exec(first, "w:ok"), AR_OK);
    ar_db *second = ar_tx_begin(tx, NULL);
    assert_int_equal(exec(second, "w:ok"), AR_E_DEADLOCK);
    assert_int_equal(exec(first, "w:ok"), AR_OK);
    assert_int_equal(ar_tx_commit(&first, &err), AR_OK);
    assert_int_equal(exec(second, "w:ok"), AR_OK);
    assert_int_equal(ar_tx_commit(&second, &err), AR_OK);
    assert_int_equal(ar_tx_commit(&tx, &err), AR_OK);
}

static void the_outer_commit_rolls_back_what_is_open_inside(void **state)
{
    (void)state;
    for (int async = 0; async < 2; async++) {
        ar_db *tx = ar_tx_begin(s.db, NULL);
        ar_db *scope = ar_scope_open(tx, NULL);
        ar_db *inner = ar_tx_begin(scope, NULL);
        ar_db *innermost = ar_tx_begin(inner, NULL);
        assert_int_equal(exec(innermost, "w:ok"), AR_OK);
        if (async) {
            ar_done done = ar_tx_commit_async(&tx);
            assert_int_equal(ar_done_await(&done, &err), AR_OK);
        } else {
            assert_int_equal(ar_tx_commit(&tx, &err), AR_OK);
        }
        assert_log(
            "0:BEGIN | 0:SAVEPOINT 1 | 0:SAVEPOINT 2 | 0:w:ok | 0:BACK 2 | 0:RELEASE 2 | 0:BACK 1 | 0:RELEASE 1 | "
            "0:COMMIT | 0:RESET");
        assert_int_equal(exec(innermost, "w:ok"), AR_E_CLOSED);
        assert_int_equal(exec(scope, "w:ok"), AR_E_CLOSED);
        assert_int_equal(ar_tx_commit(&innermost, &err), AR_E_CLOSED);
        assert_null(innermost);
    }
}

static void a_savepoint_is_not_tried_again_by_itself(void **state)
{
    (void)state;
    ar_db *tx = ar_tx_begin(s.db, NULL);
    ar_db *inner = ar_tx_begin(tx, &(ar_tx_options){ .retries = 5 });
    ar_status status = exec(inner, "w:conflict");
    assert_false(ar_tx_finish(&inner, &status, &err));
    assert_int_equal(status, AR_E_CONFLICT);
    assert_int_equal(ar_tx_commit(&tx, &err), AR_OK); /* it was mended */
}

/* --- asynchronously --- */

static void ends_can_be_sent(void **state)
{
    (void)state;
    ar_db *tx = ar_tx_begin(s.db, NULL);
    ar_int64_future future = script_exec_async(tx, "w:ok");
    ar_done done = ar_tx_commit_async(&tx);
    assert_null(tx);
    assert_int_equal(ar_done_await(&done, &err), AR_OK);
    assert_int_equal(ar_int64_await(&future, NULL, &err), AR_OK);
    assert_log("0:BEGIN | 0:w:ok | 0:COMMIT | 0:RESET");

    tx = ar_tx_begin(s.db, NULL);
    future = script_exec_async(tx, "w:ok");
    done = ar_tx_rollback_async(&tx);
    assert_int_equal(ar_done_await(&done, &err), AR_OK);
    ar_status status = ar_int64_await(&future, NULL, &err); /* it was cancelled, unless it had run by then */
    assert_true(status == AR_OK || status == AR_E_CANCELLED);
    assert_true(status == AR_E_CANCELLED || strcmp(script_log(), "0:BEGIN | 0:w:ok | 0:ROLLBACK | 0:RESET") == 0);
    script_forget_log();

    tx = ar_tx_begin(s.db, NULL);
    future = script_exec_async(tx, "w:fail");
    done = ar_tx_commit_async(&tx);
    assert_int_equal(ar_done_await(&done, &err), AR_E_TX_ABORTED);
    assert_int_equal(ar_int64_await(&future, NULL, &err), AR_E_QUERY);

    tx = ar_tx_begin(s.db, NULL);
    done = ar_tx_commit_async(&tx);
    assert_true(ar_future_is_done(done.raw)); /* nothing was sent */
    assert_int_equal(ar_done_await(&done, &err), AR_OK);
}

static void savepoints_can_be_used_without_waiting(void **state)
{
    (void)state;
    ar_db *tx = ar_tx_begin(s.db, NULL);
    ar_db *inner = ar_tx_begin(tx, NULL);
    ar_int64_future future = script_exec_async(inner, "w:fail");
    ar_done inner_done = ar_tx_commit_async(&inner);
    ar_int64_future more = script_exec_async(tx, "w:ok");
    inner = ar_tx_begin(tx, NULL);
    ar_int64_future back = script_exec_async(inner, "w:ok back");
    assert_int_equal(ar_future_wait(back.raw, -1, &err), AR_OK);
    ar_done back_done = ar_tx_rollback_async(&inner);
    ar_done done = ar_tx_commit_async(&tx);
    assert_int_equal(ar_done_await(&done, &err), AR_OK);
    assert_int_equal(ar_done_await(&inner_done, &err), AR_E_TX_ABORTED);
    assert_int_equal(ar_done_await(&back_done, &err), AR_OK);
    assert_int_equal(ar_int64_await(&future, NULL, &err), AR_E_QUERY);
    assert_int_equal(ar_int64_await(&more, NULL, &err), AR_OK);
    assert_int_equal(ar_int64_await(&back, NULL, &err), AR_OK);
    assert_log("0:BEGIN | 0:SAVEPOINT 1 | 0:w:fail | 0:BACK 1 | 0:RELEASE 1 | 0:w:ok | 0:SAVEPOINT 2 | 0:w:ok back | "
               "0:BACK 2 | 0:RELEASE 2 | 0:COMMIT | 0:RESET");
}

static void an_end_may_be_dropped(void **state)
{
    (void)state;
    ar_db *tx = ar_tx_begin(s.db, NULL);
    ar_db *inner = ar_tx_begin(tx, NULL);
    ar_int64_future future = script_exec_async(inner, "w:ok");
    ar_future_drop(&future.raw);
    ar_done done = ar_tx_commit_async(&inner);
    ar_future_drop(&done.raw);
    done = ar_tx_commit_async(&tx);
    ar_future_drop(&done.raw);
    assert_int_equal(exec(s.db, "w:ok after"), AR_OK);
    assert_log("0:BEGIN | 0:SAVEPOINT 1 | 0:w:ok | 0:RELEASE 1 | 0:COMMIT | 0:RESET | 0:w:ok after");
}

/* Its handle is closed, and what is left of it must not keep the database from closing the others. */
static void an_end_that_is_not_awaited_does_not_keep_others_from_being_closed(void **state)
{
    (void)state;
    ar_db *tx = ar_tx_begin(s.db, &(ar_tx_options){ .allow_outside = true });
    ar_db *scope = ar_scope_open(s.db, NULL);
    assert_int_equal(exec(tx, "w:ok"), AR_OK);
    ar_db *ended = ar_tx_begin(s.db, NULL);
    ar_done done = ar_tx_commit_async(&ended);
    ar_db_close(&s.db);
    assert_log("0:BEGIN | 0:w:ok | 0:ROLLBACK | 0:RESET | 0:close");
    assert_int_equal(exec(tx, "w:ok"), AR_E_CLOSED);
    assert_int_equal(exec(scope, "w:ok"), AR_E_CLOSED);
    assert_int_equal(ar_done_await(&done, &err), AR_OK);
}

static atomic_int called;

static void on_end(void *arg, ar_status status, const ar_error *error)
{
    (void)arg;
    (void)error;
    atomic_store(&called, (int)status + 1);
}

static void an_end_can_be_given_to_a_callback(void **state)
{
    (void)state;
    ar_cq *queue = NULL;
    atomic_store(&called, 0);
    assert_int_equal(ar_cq_create(s.runtime, &queue, &err), AR_OK);
    ar_db *tx = ar_tx_begin(s.db, NULL);
    ar_int64_future future = script_exec_async(tx, "w:ok");
    ar_done done = ar_tx_commit_async(&tx);
    assert_int_equal(ar_done_then(&done, ar_cq_executor(queue), on_end, NULL, &err), AR_OK);
    assert_int_equal(ar_int64_await(&future, NULL, &err), AR_OK);
    while (atomic_load(&called) == 0)
        ar_ignore(ar_cq_run(queue, 0, 1000, NULL, &err));
    assert_int_equal(atomic_load(&called), AR_OK + 1);
    ar_cq_destroy(&queue);
}

/* --- undo --- */

static void a_rollback_undoes_and_a_commit_does_not(void **state)
{
    (void)state;
    undo u;
    int undone, freed;
    ar_db *tx = ar_tx_begin(s.db, NULL);
    watch(tx, &u, &undone, &freed);
    assert_int_equal(ar_tx_commit(&tx, &err), AR_OK);
    assert_true(undone == 0 && freed == 1);
    tx = ar_tx_begin(s.db, NULL);
    watch(tx, &u, &undone, &freed);
    assert_int_equal(ar_tx_rollback(&tx, &err), AR_OK);
    assert_true(undone == 1 && freed == 1);
    tx = ar_tx_begin(s.db, NULL);
    watch(tx, &u, &undone, &freed);
    assert_int_equal(exec(tx, "w:fail"), AR_E_QUERY);
    assert_int_equal(ar_tx_commit(&tx, &err), AR_E_TX_ABORTED);
    assert_true(undone == 1 && freed == 1);
    watch(s.db, &u, &undone, &freed);
    assert_true(undone == 0 && freed == 1);
    tx = ar_tx_begin(s.db, NULL);
    watch(tx, &u, &undone, &freed);
    ar_db_close(&tx);
    assert_true(undone == 1 && freed == 1);
}

static void a_released_savepoint_is_undone_with_the_outer_one(void **state)
{
    (void)state;
    undo u[2];
    int undone[2], freed[2];
    ar_db *tx = ar_tx_begin(s.db, NULL);
    ar_db *inner = ar_tx_begin(tx, NULL);
    watch(tx, &u[0], &undone[0], &freed[0]);
    watch(inner, &u[1], &undone[1], &freed[1]);
    assert_int_equal(exec(inner, "w:ok"), AR_OK);
    assert_int_equal(ar_tx_commit(&inner, &err), AR_OK);
    assert_true(undone[1] == 0 && freed[1] == 0);
    assert_int_equal(ar_tx_rollback(&tx, &err), AR_OK);
    assert_true(undone[0] == 1 && freed[0] == 1 && undone[1] == 1 && freed[1] == 1);

    tx = ar_tx_begin(s.db, NULL);
    inner = ar_tx_begin(tx, NULL);
    watch(inner, &u[1], &undone[1], &freed[1]);
    assert_int_equal(ar_tx_rollback(&inner, &err), AR_OK);
    assert_true(undone[1] == 1 && freed[1] == 1);
    assert_int_equal(ar_tx_commit(&tx, &err), AR_OK);
}

static void an_asynchronous_commit_undoes_where_it_is_awaited(void **state)
{
    (void)state;
    undo u;
    int undone, freed;
    ar_db *tx = ar_tx_begin(s.db, NULL);
    watch(tx, &u, &undone, &freed);
    assert_int_equal(exec(tx, "w:fail"), AR_E_QUERY);
    ar_done done = ar_tx_commit_async(&tx);
    assert_int_equal(ar_future_wait(done.raw, -1, &err), AR_OK);
    assert_int_equal(undone, 0);
    assert_int_equal(ar_done_await(&done, &err), AR_E_TX_ABORTED);
    assert_true(undone == 1 && freed == 1);
}

static void an_asynchronous_rollback_undoes_at_once(void **state)
{
    (void)state;
    undo u;
    int undone, freed;
    ar_db *tx = ar_tx_begin(s.db, NULL);
    watch(tx, &u, &undone, &freed);
    assert_int_equal(exec(tx, "w:ok"), AR_OK);
    ar_done done = ar_tx_rollback_async(&tx);
    assert_true(undone == 1 && freed == 1);
    ar_future_drop(&done.raw);
    assert_int_equal(exec(s.db, "w:ok"), AR_OK);
}

static void an_asynchronously_released_savepoint_is_undone_with_the_outer_one(void **state)
{
    (void)state;
    undo u;
    int undone, freed;
    ar_db *tx = ar_tx_begin(s.db, NULL);
    ar_db *inner = ar_tx_begin(tx, NULL);
    watch(inner, &u, &undone, &freed);
    assert_int_equal(exec(inner, "w:ok"), AR_OK);
    ar_done done = ar_tx_commit_async(&inner);
    ar_future_drop(&done.raw);
    assert_true(undone == 0 && freed == 0);
    assert_int_equal(ar_tx_rollback(&tx, &err), AR_OK);
    assert_true(undone == 1 && freed == 1);
}

/* What the caller's error holds from before is nothing to go by. */
static void an_error_from_before_is_no_conflict(void **state)
{
    (void)state;
    ar_error old = { .status = AR_E_VETOED, .retryable = true };
    int attempts = 0;
    ar_status status;
    ar_db *tx = ar_tx_begin(s.db, &(ar_tx_options){ .retries = 5 });
    do {
        attempts++;
        status = AR_E_VETOED;
    } while (ar_tx_finish(&tx, &status, &old));
    assert_int_equal(attempts, 1);
    assert_int_equal(status, AR_E_VETOED);
}

static void a_commit_takes_along_what_was_sent_through_a_scope(void **state)
{
    (void)state;
    ar_int64_future writes[20];
    ar_db *tx = ar_tx_begin(s.db, NULL);
    ar_db *scope = ar_scope_open(tx, NULL);
    for (int i = 0; i < 20; i++)
        writes[i] = script_exec_async(scope, "w:ok");
    assert_int_equal(ar_tx_commit(&tx, &err), AR_OK);
    for (int i = 0; i < 20; i++)
        assert_int_equal(ar_int64_await(&writes[i], NULL, &err), AR_OK);
    ar_scope_close(&scope);
}

/* --- misuse --- */

static void handles_that_are_none_are_refused(void **state)
{
    (void)state;
    ar_db *none = NULL;
    ar_status status = AR_OK;
    ar_db *tx = ar_tx_begin(NULL, NULL);
    assert_non_null(tx);
    assert_int_equal(exec(tx, "w:ok"), AR_E_INVALID);
    assert_int_equal(ar_tx_commit(&tx, &err), AR_E_INVALID);
    tx = ar_tx_begin(NULL, NULL);
    assert_false(ar_tx_finish(&tx, &status, &err));
    assert_int_equal(status, AR_E_INVALID);
    assert_null(tx);
    assert_int_equal(ar_tx_commit(NULL, &err), AR_E_INVALID);
    assert_int_equal(ar_tx_rollback(NULL, NULL), AR_E_INVALID);
    assert_int_equal(ar_tx_commit(&none, &err), AR_E_INVALID);
    assert_int_equal(ar_tx_commit(&s.db, &err), AR_E_INVALID); /* it is a database, and stays one */
    assert_int_equal(exec(s.db, "w:ok"), AR_OK);
    assert_false(ar_tx_finish(NULL, &status, &err));
    tx = ar_tx_begin(s.db, NULL);
    assert_false(ar_tx_finish(&tx, NULL, &err));
    assert_int_equal(err.status, AR_E_INVALID);
    assert_int_equal(ar_tx_rollback(&tx, &err), AR_OK);
    ar_done done = ar_tx_commit_async(NULL);
    assert_int_equal(ar_done_await(&done, &err), AR_E_INVALID);
    done = ar_tx_rollback_async(&s.db);
    assert_int_equal(ar_done_await(&done, &err), AR_E_INVALID);
}

static void options_out_of_range_show_with_the_first_operation(void **state)
{
    (void)state;
    static const ar_tx_options wrong[] = { { .retries = -1 }, { .timeout_ms = -1 }, { .struct_size = 1 } };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        ar_db *tx = ar_tx_begin(s.db, &wrong[i]);
        assert_int_equal(exec(tx, "w:ok"), AR_E_INVALID);
        ar_db_close(&tx);
        assert_null(tx);
    }
    assert_int_equal(exec(s.db, "w:ok"), AR_OK); /* and nothing of it stays behind */
}

static void a_stale_handle_is_closed_everywhere(void **state)
{
    (void)state;
    ar_db *tx = ar_tx_begin(s.db, NULL);
    ar_db *stale = tx;
    assert_int_equal(ar_tx_commit(&tx, &err), AR_OK);
    assert_int_equal(exec(stale, "w:ok"), AR_E_CLOSED);
    ar_int64_future future = script_exec_async(stale, "w:ok");
    assert_int_equal(ar_int64_await(&future, NULL, &err), AR_E_CLOSED);
    ar_db *handles[4] = { stale, stale, stale, stale };
    assert_int_equal(ar_tx_commit(&handles[0], &err), AR_E_CLOSED);
    assert_null(handles[0]);
    assert_int_equal(ar_tx_rollback(&handles[1], &err), AR_E_CLOSED);
    ar_status status = AR_OK;
    assert_false(ar_tx_finish(&handles[2], &status, &err));
    assert_int_equal(status, AR_E_CLOSED);
    ar_done done = ar_tx_commit_async(&handles[3]);
    assert_int_equal(ar_done_await(&done, &err), AR_E_CLOSED);
    ar_db *inner = ar_tx_begin(stale, NULL);
    assert_int_equal(exec(inner, "w:ok"), AR_E_CLOSED);
    ar_db *scope = ar_scope_open(stale, NULL);
    assert_int_equal(exec(scope, "w:ok"), AR_E_CLOSED);
}

/* --- memory --- */

/* Whatever is refused: an error or success, never half a transaction, and nothing left. */
static void every_refused_allocation_is_an_error(void **state)
{
    (void)state;
    for (int on = 0; on < 2; on++) {
        for (size_t n = 1;; n++) {
            assert_true(n < 1000);
            script_forget_log();
            script_refuse(n, on == 1);
            ar_status status, inner_status;
            ar_db *tx = ar_tx_begin(s.db, NULL);
            status = exec(tx, "w:ok");
            ar_db *inner = ar_tx_begin(tx, NULL);
            inner_status = exec(inner, "w:ok in");
            bool in_ran = strstr(script_log(), "w:ok in") != NULL;
            ar_status ended = ar_tx_rollback(&inner, &err);
            if (status == AR_OK)
                status = ar_tx_commit(&tx, &err);
            else
                ar_ignore(ar_tx_rollback(&tx, NULL));
            bool refused = script_refused();
            script_refuse(0, false);
            if (!refused) {
                assert_true(status == AR_OK && inner_status == AR_OK && ended == AR_OK);
                break;
            }
            assert_true(status == AR_OK || status == AR_E_NO_MEMORY || status == AR_E_TX_ABORTED);
            assert_true(inner_status == AR_OK || inner_status == AR_E_NO_MEMORY || inner_status == AR_E_TX_ABORTED);
            if (in_ran && status == AR_OK)
                assert_non_null(strstr(script_log(), "BACK"));
            assert_int_equal(exec(s.db, "w:ok after"), AR_OK);
        }
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(begin_travels_with_the_first_operation),
        TEST(finish_commits_what_went_well_and_rolls_back_the_rest),
        TEST(a_conflict_is_tried_again_as_often_as_was_asked),
        TEST(a_commit_is_tried_again_unless_it_may_hold),
        TEST(trying_again_ends_with_the_deadline),
        TEST(an_attempt_has_a_deadline_of_its_own),
        TEST(a_failed_statement_leaves_only_rollback),
        TEST(what_the_engine_ended_is_dead_and_says_why),
        TEST(a_commit_takes_along_what_was_sent),
        TEST(a_rollback_stops_what_runs),
        TEST(a_read_only_transaction_goes_to_a_reader_and_refuses_writes),
        TEST(transactions_as_text_are_refused),
        TEST(waiting_outside_is_refused_and_allow_outside_allows_what_can_end),
        TEST(a_savepoint_travels_with_its_first_operation),
        TEST(savepoints_nest_and_undo_alone),
        TEST(the_outer_one_is_refused_while_the_inner_one_is_open),
        TEST(two_savepoints_beside_each_other_are_refused),
        TEST(the_outer_commit_rolls_back_what_is_open_inside),
        TEST(a_savepoint_is_not_tried_again_by_itself),
        TEST(ends_can_be_sent),
        TEST(savepoints_can_be_used_without_waiting),
        TEST(an_end_may_be_dropped),
        TEST(an_end_that_is_not_awaited_does_not_keep_others_from_being_closed),
        TEST(an_end_can_be_given_to_a_callback),
        TEST(a_rollback_undoes_and_a_commit_does_not),
        TEST(a_released_savepoint_is_undone_with_the_outer_one),
        TEST(an_asynchronous_commit_undoes_where_it_is_awaited),
        TEST(an_asynchronous_rollback_undoes_at_once),
        TEST(an_asynchronously_released_savepoint_is_undone_with_the_outer_one),
        TEST(an_error_from_before_is_no_conflict),
        TEST(a_commit_takes_along_what_was_sent_through_a_scope),
        TEST(handles_that_are_none_are_refused),
        TEST(options_out_of_range_show_with_the_first_operation),
        TEST(a_stale_handle_is_closed_everywhere),
        TEST(every_refused_allocation_is_an_error),
    };
    return cmocka_run_group_tests_name("transaction", tests, NULL, NULL);
}
