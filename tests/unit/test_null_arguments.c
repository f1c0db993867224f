/* SPDX-License-Identifier: MIT */
#include "tests/unit/null_arguments.h"

#include <actrec/supervisor.h>
#include <actrec/sys/backend.h>
#include <actrec/timer.h>

static ar_actor *actor; /* alive */
static ar_actor *ended;

static ar_status ignore_message(ar_context *self, void *state, ar_message *message, ar_error *error)
{
    (void)self;
    (void)state;
    (void)message;
    (void)error;
    return AR_OK;
}

static const ar_message nothing = { .kind = 1 };

static void spawn_actors(void)
{
    ar_actor_options options = { .behaviour = ignore_message };
    assert_int_equal(ar_actor_spawn(runtime, &options, &actor, &err), AR_OK);
    assert_int_equal(ar_actor_spawn(runtime, &options, &ended, &err), AR_OK);
    ar_done end = ar_actor_ended(ended);
    assert_int_equal(ar_actor_stop(ended, &err), AR_OK);
    assert_int_equal(ar_done_await_for(&end, 10000, &err), AR_OK);
}

/* --- Futures that the calls below may consume, or not --- */

static ar_future *done_future(void)
{
    return ar_timer_after(runtime, 0).raw;
}

static void never_called(void *arg, ar_status status, const ar_error *error)
{
    (void)arg;
    (void)status;
    (void)error;
    complaints++;
}

static void never_called_int64(void *arg, ar_status status, int64_t value, const ar_error *error)
{
    (void)value;
    never_called(arg, status, error);
}

static void never_called_reply(void *arg, ar_status status, ar_message *reply, const ar_error *error)
{
    (void)reply;
    never_called(arg, status, error);
}

static void never_called_raw(void (*fn)(void), void *arg, ar_future *future)
{
    (void)fn;
    (void)future;
    never_called(arg, AR_OK, NULL);
}

static void plain_function(void) {}

/* --- values/ --- */

static void values(void **state)
{
    (void)state;
    static const struct {
        ar_value (*list)(const void *items, size_t count, ar_kind kind);
    } quiet = { ar_bind_list };
    ar_status (*set)(ar_error *, ar_status, const char *, ...) =
        ar_error_set; /* without the attribute that has NULL warned about */
    cover("ar_error_set");
    cover("ar_bind_list");
    check_status("ar_error_set", __LINE__, set(NULL, AR_E_IO, "text"), AR_E_IO);
    check_status("ar_error_set", __LINE__, set(&err, AR_E_IO, NULL), AR_E_IO);
    assert_string_equal(err.message, "");
    ar_value none = quiet.list(NULL, 0, AR_KIND_INT64), some = quiet.list(NULL, 3, AR_KIND_INT64);
    ar_query *query = Pet_query(db);
    ar_query_where_sql(query, "id in (?)", &none, 1);
    int64_t count = 1;
    ANSWERS(AR_E_INVALID, ar_query_count, (ar_query *)NULL, &count);
    check_status("an empty list", __LINE__, ar_query_count(query, &count, &err), AR_OK);
    query = Pet_query(db);
    ar_query_where_sql(query, "id in (?)", &some, 1);
    check_status("a list at NULL", __LINE__, ar_query_count(query, &count, &err), AR_E_INVALID);
    settle();
}

static void decimals(void **state)
{
    (void)state;
    ar_decimal one = ar_decimal_of(1, 0), out;
    ANSWERS(AR_E_INVALID, ar_decimal_parse, NULL, &out);
    ANSWERS(AR_E_INVALID, ar_decimal_parse, "1", NULL);
    ANSWERS(AR_E_INVALID, ar_decimal_parse_n, NULL, 1, &out);
    ANSWERS(AR_E_INVALID, ar_decimal_parse_n, "1", 1, NULL);
    GIVES(0U, ar_decimal_format, one, NULL, 100);
    GIVES(0U, ar_decimal_format, one, NULL, 0);
    ANSWERS(AR_E_INVALID, ar_decimal_from_double, 1.0, NULL);
    ANSWERS(AR_E_INVALID, ar_decimal_to_int64, one, NULL);
    ANSWERS(AR_E_INVALID, ar_decimal_add, one, one, NULL);
    ANSWERS(AR_E_INVALID, ar_decimal_sub, one, one, NULL);
    ANSWERS(AR_E_INVALID, ar_decimal_mul, one, one, NULL);
    ANSWERS(AR_E_INVALID, ar_decimal_mul_round, one, one, 2, AR_ROUND_HALF_EVEN, NULL);
    ANSWERS(AR_E_INVALID, ar_decimal_div, one, one, 2, AR_ROUND_HALF_EVEN, NULL);
    ANSWERS(AR_E_INVALID, ar_decimal_rem, one, one, NULL);
    ANSWERS(AR_E_INVALID, ar_decimal_round, one, 2, AR_ROUND_HALF_EVEN, NULL);
    ANSWERS(AR_E_TYPE, ar_decimal_parse, "", &out);
    settle();
}

static void calendar_and_uuids(void **state)
{
    (void)state;
    ar_date date = { 0 };
    ar_time time = { 0 };
    ar_timestamp timestamp = { 0 };
    ar_civil civil = { .year = 2024, .month = 1, .day = 1 };
    ar_uuid uuid = { { 0 } };
    ANSWERS(AR_E_INVALID, ar_date_from_civil, 2024, 1, 1, NULL);
    ANSWERS(AR_E_INVALID, ar_time_from_civil, 1, 1, 1, 1, NULL);
    ANSWERS(AR_E_INVALID, ar_timestamp_from_civil, NULL, &timestamp);
    ANSWERS(AR_E_INVALID, ar_timestamp_from_civil, &civil, NULL);
    ANSWERS(AR_E_INVALID, ar_date_parse, NULL, &date);
    ANSWERS(AR_E_INVALID, ar_date_parse, "2024-01-01", NULL);
    ANSWERS(AR_E_INVALID, ar_date_parse_n, NULL, 10, &date);
    ANSWERS(AR_E_INVALID, ar_date_parse_n, "2024-01-01", 10, NULL);
    ANSWERS(AR_E_INVALID, ar_time_parse, NULL, &time);
    ANSWERS(AR_E_INVALID, ar_time_parse, "12:00", NULL);
    ANSWERS(AR_E_INVALID, ar_time_parse_n, NULL, 5, &time);
    ANSWERS(AR_E_INVALID, ar_time_parse_n, "12:00", 5, NULL);
    ANSWERS(AR_E_INVALID, ar_timestamp_parse, NULL, &timestamp);
    ANSWERS(AR_E_INVALID, ar_timestamp_parse, "2024-01-01", NULL);
    ANSWERS(AR_E_INVALID, ar_timestamp_parse_n, NULL, 10, &timestamp);
    ANSWERS(AR_E_INVALID, ar_timestamp_parse_n, "2024-01-01", 10, NULL);
    GIVES(0U, ar_date_format, date, NULL, 100);
    GIVES(0U, ar_time_format, time, NULL, 100);
    GIVES(0U, ar_timestamp_format, timestamp, NULL, 100);
    GIVES(0U, ar_timestamp_format_sql, timestamp, NULL, 100);
    ANSWERS(AR_E_INVALID, ar_uuid_parse, NULL, &uuid);
    ANSWERS(AR_E_INVALID, ar_uuid_parse, "00000000-0000-0000-0000-000000000000", NULL);
    ANSWERS(AR_E_INVALID, ar_uuid_parse_n, NULL, 36, &uuid);
    ANSWERS(AR_E_INVALID, ar_uuid_parse_n, "00000000-0000-0000-0000-000000000000", 36, NULL);
    GIVES(0U, ar_uuid_format, uuid, NULL, 100);
    cover("ar_uuid_v4");
    cover("ar_uuid_v7");
    check_status("ar_uuid_v4", __LINE__, ar_uuid_v4(NULL, &err), AR_E_INVALID);
    check_status("ar_uuid_v7", __LINE__, ar_uuid_v7(NULL, NULL), AR_E_INVALID);
    settle();
}

/* --- actors/ --- */

static void failures(void **state)
{
    (void)state;
    ar_failures none = { .items = NULL };
    DOES_NOTHING(ar_failures_add, NULL, "name", "is wrong");
    DOES_NOTHING(ar_failures_add, &none, "name", NULL);
    DOES_NOTHING(ar_failures_add, &none, NULL, "is wrong");
    assert_int_equal(none.count, 1);
    ar_failures_free(&none);
    DOES_NOTHING(ar_failures_free, NULL);
    DOES_NOTHING(ar_failures_free, &none);
}

static void runtimes_and_queues(void **state)
{
    (void)state;
    ar_runtime *none = NULL;
    ar_cq *cq = NULL, *no_cq = NULL;
    ar_sim *sim = NULL;
    size_t ran;
    assert_int_equal(ar_cq_create(runtime, &cq, &err), AR_OK);
    ANSWERS(AR_E_INVALID, ar_runtime_create, NULL, NULL);
    check_status("ar_runtime_close", __LINE__, ar_runtime_close(NULL, NULL), AR_OK);
    ANSWERS(AR_OK, ar_runtime_close, &none);
    cover("ar_runtime_default");
    assert_non_null(ar_runtime_default(NULL));
    cover("ar_runtime_executor");
    assert_non_null(ar_runtime_executor(NULL));
    none = ar_runtime_default(&err);
    ANSWERS(AR_E_INVALID, ar_runtime_close, &none);
    ANSWERS(AR_E_INVALID, ar_cq_create, runtime, NULL);
    ANSWERS(AR_E_INVALID, ar_cq_run, NULL, 0, 0, &ran);
    ANSWERS(AR_E_PENDING, ar_cq_run, cq, 0, 0, NULL);
    GIVES(NULL, ar_cq_executor, NULL);
    GIVES(-1, ar_cq_fd, NULL);
    DOES_NOTHING(ar_cq_destroy, NULL);
    DOES_NOTHING(ar_cq_destroy, &no_cq);
    ar_cq_destroy(&cq);
    assert_null(cq);
    ANSWERS(AR_E_INVALID, ar_sim_create, 1, NULL);
    DOES_NOTHING(ar_sim_destroy, sim);
    GIVES(NULL, ar_sim_env, sim);
    GIVES(false, ar_sim_step, sim);
    GIVES(false, ar_sim_is_deadlocked, sim);
    GIVES(0U, ar_sim_fingerprint, sim);
    COMES_TO(AR_OK, ar_timer_after, NULL, 0);
    COMES_TO(AR_E_INVALID, ar_timer_after, NULL, -1);
    settle();
}

static void futures(void **state)
{
    (void)state;
    ar_done no_done = { NULL }, done = { done_future() };
    ar_int64_future no_number = { NULL };
    ar_future *no_future = NULL, *children[] = { done.raw, NULL };
    ar_executor *executor = ar_runtime_executor(runtime);
    int64_t number;
    ANSWERS(AR_E_INVALID, ar_future_wait, NULL, 0);
    GIVES(true, ar_future_is_done, NULL);
    ANSWERS(AR_E_INVALID, ar_future_cancel, NULL);
    DOES_NOTHING(ar_future_drop, NULL);
    DOES_NOTHING(ar_future_drop, &no_future);
    ANSWERS(AR_E_INVALID, ar_done_await, NULL);
    ANSWERS(AR_E_INVALID, ar_done_await, &no_done);
    ANSWERS(AR_E_INVALID, ar_done_await_for, NULL, 0);
    ANSWERS(AR_E_INVALID, ar_done_await_for, &no_done, 0);
    ANSWERS(AR_E_INVALID, ar_done_then, NULL, executor, never_called, NULL);
    ANSWERS(AR_E_INVALID, ar_done_then, &no_done, executor, never_called, NULL);
    ANSWERS(AR_E_INVALID, ar_done_then, &done, NULL, never_called, NULL);
    ANSWERS(AR_E_INVALID, ar_done_then, &done, executor, NULL, NULL);
    assert_non_null(done.raw); /* not consumed */
    ANSWERS(AR_E_INVALID, ar_int64_await, NULL, &number);
    ANSWERS(AR_E_INVALID, ar_int64_await, &no_number, &number);
    ANSWERS(AR_E_INVALID, ar_int64_await_for, NULL, 0, &number);
    ANSWERS(AR_E_INVALID, ar_int64_await_for, &no_number, 0, NULL);
    ANSWERS(AR_E_INVALID, ar_int64_then, NULL, executor, never_called_int64, NULL);
    ANSWERS(AR_E_INVALID, ar_int64_then, &no_number, executor, never_called_int64, NULL);
    ar_int64_future borrowed = { done.raw };
    ANSWERS(AR_E_INVALID, ar_int64_then, &borrowed, NULL, never_called_int64, NULL);
    ANSWERS(AR_E_INVALID, ar_int64_then, &borrowed, executor, NULL, NULL);
    ANSWERS(AR_E_INVALID, ar_future_then_with, NULL, executor, never_called_raw, plain_function, NULL);
    ANSWERS(AR_E_INVALID, ar_future_then_with, &no_future, executor, never_called_raw, plain_function, NULL);
    ANSWERS(AR_E_INVALID, ar_future_then_with, &done.raw, NULL, never_called_raw, plain_function, NULL);
    ANSWERS(AR_E_INVALID, ar_future_then_with, &done.raw, executor, NULL, plain_function, NULL);
    COMES_TO(AR_E_INVALID, ar_future_all, NULL, 2);
    COMES_TO(AR_E_INVALID, ar_future_all, children, 2);
    COMES_TO(AR_OK, ar_future_all, NULL, 0);
    COMES_TO(AR_E_INVALID, ar_future_any, NULL, 2);
    COMES_TO(AR_E_INVALID, ar_future_any, NULL, 0);
    ar_future *none[] = { NULL, NULL };
    COMES_TO(AR_E_INVALID, ar_future_any, none, 2);
    check_status("the future", __LINE__, ar_done_await_for(&done, 10000, &err), AR_OK);
    settle();
}

static void actors(void **state)
{
    (void)state;
    ar_reply_future no_reply = { NULL }, reply = { done_future() };
    ar_message answer;
    ar_actor *out;
    ar_executor *executor = ar_runtime_executor(runtime);
    ar_actor_options options = { .behaviour = ignore_message }, empty = { 0 };
    spawn_actors();
    ANSWERS(AR_E_INVALID, ar_actor_spawn, runtime, NULL, &out);
    ANSWERS(AR_E_INVALID, ar_actor_spawn, runtime, &options, NULL);
    ANSWERS(AR_E_INVALID, ar_actor_spawn, runtime, &empty, &out);
    ANSWERS(AR_E_INVALID, ar_actor_tell, NULL, nothing, NULL);
    ANSWERS(AR_OK, ar_actor_tell, actor, nothing, NULL);
    ANSWERS(AR_E_CLOSED, ar_actor_tell, ended, nothing, NULL);
    COMES_TO(AR_E_INVALID, ar_actor_ask, NULL, nothing, NULL);
    COMES_TO(AR_E_CLOSED, ar_actor_ask, ended, nothing, NULL);
    ANSWERS(AR_E_INVALID, ar_actor_call, NULL, nothing, NULL, &answer);
    ANSWERS(AR_E_CLOSED, ar_actor_call, ended, nothing, NULL, &answer);
    ANSWERS(AR_OK, ar_actor_call, actor, nothing, NULL, NULL);
    ANSWERS(AR_E_INVALID, ar_reply_await, NULL, &answer);
    ANSWERS(AR_E_INVALID, ar_reply_await, &no_reply, &answer);
    ANSWERS(AR_E_INVALID, ar_reply_await_for, NULL, 0, &answer);
    ANSWERS(AR_E_INVALID, ar_reply_await_for, &no_reply, 0, NULL);
    ANSWERS(AR_E_INVALID, ar_reply_then, NULL, executor, never_called_reply, NULL);
    ANSWERS(AR_E_INVALID, ar_reply_then, &no_reply, executor, never_called_reply, NULL);
    ANSWERS(AR_E_INVALID, ar_reply_then, &reply, NULL, never_called_reply, NULL);
    ANSWERS(AR_E_INVALID, ar_reply_then, &reply, executor, NULL, NULL);
    ar_future_drop(&reply.raw);
    ANSWERS(AR_E_INVALID, ar_actor_stop, NULL);
    ANSWERS(AR_E_CLOSED, ar_actor_stop, ended);
    GIVES(NULL, ar_actor_find, runtime, NULL);
    GIVES(NULL, ar_actor_find, NULL, "nobody");
    GIVES(false, ar_actor_is_alive, NULL);
    GIVES(false, ar_actor_is_alive, ended);
    COMES_TO(AR_E_INVALID, ar_actor_ended, NULL);
    COMES_TO(AR_OK, ar_actor_ended, ended);
    settle();
}

static void supervisors_and_contexts(void **state)
{
    (void)state;
    ar_actor *out = NULL;
    ar_reply *no_reply = NULL;
    ar_supervisor_options options = { .child_count = 1 };
    ar_child child = { .options = { .behaviour = NULL } };
    void (*fail_context)(ar_context *, ar_status, const char *, ...) = ar_context_fail;
    void (*fail_reply)(ar_reply **, ar_status, const char *, ...) = ar_reply_fail;
    ANSWERS(AR_E_INVALID, ar_supervisor_spawn, runtime, NULL, &out);
    ANSWERS(AR_E_INVALID, ar_supervisor_spawn, runtime, &options, &out); /* a child, but no children */
    options.children = &child;
    ANSWERS(AR_E_INVALID, ar_supervisor_spawn, runtime, &options, &out); /* it does nothing */
    options.child_count = 0;
    ANSWERS(AR_E_INVALID, ar_supervisor_spawn, runtime, &options, NULL);
    GIVES(NULL, ar_context_self, NULL);
    GIVES(NULL, ar_context_runtime, NULL);
    DOES_NOTHING(ar_context_reply, NULL, nothing);
    cover("ar_context_fail");
    fail_context(NULL, AR_E_IO, "text");
    fail_context(NULL, AR_E_IO, NULL);
    GIVES(NULL, ar_context_take_reply, NULL);
    DOES_NOTHING(ar_reply_send, NULL, nothing);
    DOES_NOTHING(ar_reply_send, &no_reply, nothing);
    cover("ar_reply_fail");
    fail_reply(NULL, AR_E_IO, "text");
    fail_reply(&no_reply, AR_E_IO, NULL);
    spawn_actors();
    ANSWERS(AR_E_INVALID, ar_context_monitor, NULL, actor, NULL);
    ANSWERS(AR_E_INVALID, ar_context_monitor, NULL, NULL, NULL);
    DOES_NOTHING(ar_context_demonitor, NULL, 1);
    ANSWERS(AR_E_INVALID, ar_context_send_after, NULL, 0, nothing);
    settle();
}

/* The same calls from where they belong, with NULL for what else they take. What they answered is looked at after the ask. */
static ar_status answers_inside[3];
static ar_error errors_inside[3];

static ar_status inside(ar_context *self, void *state, ar_message *message, ar_error *error)
{
    (void)state;
    (void)error;
    if (message->kind == AR_MESSAGE_DOWN) /* of the monitor below: after the answer, which the test looks at then */
        return AR_OK;
    void (*fail_context)(ar_context *, ar_status, const char *, ...) = ar_context_fail;
    answers_inside[0] = ar_context_monitor(self, NULL, NULL, &errors_inside[0]);
    answers_inside[1] = ar_context_send_after(self, -1, nothing, &errors_inside[1]);
    answers_inside[2] = ar_context_monitor(self, ended, NULL, NULL);
    fail_context(self, AR_E_VETOED, NULL);
    return AR_OK;
}

static void inside_a_behaviour(void **state)
{
    (void)state;
    ar_actor *within = NULL;
    ar_actor_options options = { .behaviour = inside };
    spawn_actors();
    assert_int_equal(ar_actor_spawn(runtime, &options, &within, &err), AR_OK);
    ar_reply_future reply = ar_actor_ask(within, nothing, NULL);
    check_status("an ask that is failed without a text", __LINE__, ar_reply_await_for(&reply, 10000, NULL, &err),
                 AR_E_VETOED);
    for (size_t i = 0; i < 2; i++) {
        check_status("a call inside", __LINE__, answers_inside[i], AR_E_INVALID);
        assert_int_equal(errors_inside[i].status, AR_E_INVALID);
        assert_string_not_equal(errors_inside[i].message, "");
    }
    check_status("ar_context_monitor", __LINE__, answers_inside[2], AR_OK);
    settle();
}

/* --- databases, scopes, transactions --- */

static void databases(void **state)
{
    (void)state;
    ar_db *none = NULL, *out = NULL;
    ar_db_options options = { .runtime = runtime };
    ANSWERS(AR_E_INVALID, ar_db_open, NULL, &options, &out);
    ANSWERS(AR_E_INVALID, ar_db_open, "sqlite::memory:", &options, NULL);
    DOES_NOTHING(ar_db_close, NULL);
    DOES_NOTHING(ar_db_close, &none);
    none = stale;
    DOES_NOTHING(ar_db_close, &none);
    assert_null(none);
    DOES_NOTHING(ar_scope_close, NULL);
    DOES_NOTHING(ar_scope_close, &none);
    none = stale;
    DOES_NOTHING(ar_scope_close, &none);
    assert_null(none);
    settle();
}

/* What may be done first with a handle that is none: it says so, whatever it is. */
static void check_dead_handle(ar_db *handle, ar_status expected)
{
    Pet pet = { .name = "Rex" };
    ar_rows *rows;
    ANSWERS(expected, ar_record_insert, handle, &Pet_model, &pet);
    ANSWERS(expected, ar_query_rows, ar_query_create(handle, &Pet_model), &rows);
    ANSWERS(expected, ar_query_rows, ar_sql_text(handle, "select 1", NULL, 0), &rows);
    ANSWERS(expected, ar_table_create, handle, &Pet_model);
}

static void scopes(void **state)
{
    (void)state;
    const ar_scope_options options = { .trace = NULL };
    ar_db *parents[] = { NULL, stale };
    for (size_t i = 0; i < 2; i++) {
        cover("ar_scope_open");
        ar_db *scope = ar_scope_open(parents[i], i == 0 ? NULL : &options);
        assert_non_null(scope);
        check_dead_handle(scope, i == 0 ? AR_E_INVALID : AR_E_CLOSED);
        ar_scope_close(&scope);
        assert_null(scope);
    }
    ar_db *scope = ar_scope_open(db, NULL), *closed = scope;
    ar_scope_close(&scope);
    check_dead_handle(closed, AR_E_CLOSED);
    check_dead_handle(NULL, AR_E_INVALID);
    check_dead_handle(stale, AR_E_CLOSED);
    settle();
}

static void transactions(void **state)
{
    (void)state;
    ar_db *none = NULL, *parents[] = { NULL, stale }, *closed = stale;
    ar_status status = AR_OK;
    for (size_t i = 0; i < 2; i++) {
        cover("ar_tx_begin");
        ar_db *tx = ar_tx_begin(parents[i], NULL);
        assert_non_null(tx);
        check_dead_handle(tx, i == 0 ? AR_E_INVALID : AR_E_CLOSED);
        check_status("ar_tx_rollback", __LINE__, ar_tx_rollback(&tx, &err), i == 0 ? AR_E_INVALID : AR_E_CLOSED);
        assert_null(tx);
    }
    GIVES(false, ar_tx_finish, NULL, &status, &err);
    GIVES(false, ar_tx_finish, &none, &status, &err);
    check_status("ar_tx_finish", __LINE__, status, AR_E_INVALID);
    ar_db *tx = ar_tx_begin(db, NULL), *kept = tx;
    GIVES(false, ar_tx_finish, &tx, NULL, NULL);
    GIVES(false, ar_tx_finish, &closed, &status, NULL);
    ar_ignore(ar_tx_rollback(&tx, NULL));
    check_dead_handle(kept, AR_E_CLOSED);
    ANSWERS(AR_E_INVALID, ar_tx_commit, NULL);
    ANSWERS(AR_E_INVALID, ar_tx_commit, &none);
    ANSWERS(AR_E_CLOSED, ar_tx_commit, (closed = kept, &closed));
    ANSWERS(AR_E_CLOSED, ar_tx_commit, (closed = stale, &closed));
    ANSWERS(AR_E_INVALID, ar_tx_rollback, NULL);
    ANSWERS(AR_E_INVALID, ar_tx_rollback, &none);
    ANSWERS(AR_E_CLOSED, ar_tx_rollback, (closed = kept, &closed));
    COMES_TO(AR_E_INVALID, ar_tx_commit_async, NULL);
    COMES_TO(AR_E_INVALID, ar_tx_commit_async, &none);
    COMES_TO(AR_E_CLOSED, ar_tx_commit_async, (closed = kept, &closed));
    COMES_TO(AR_E_INVALID, ar_tx_rollback_async, NULL);
    COMES_TO(AR_E_INVALID, ar_tx_rollback_async, &none);
    COMES_TO(AR_E_CLOSED, ar_tx_rollback_async, (closed = kept, &closed));
    COMES_TO(AR_E_INVALID, ar_tx_finish_async, NULL, AR_OK, NULL);
    COMES_TO(AR_E_INVALID, ar_tx_finish_async, &none, AR_OK, NULL);
    COMES_TO(AR_E_CLOSED, ar_tx_finish_async, (closed = kept, &closed), AR_OK, NULL);
    ar_tx_future no_end = { .raw = NULL };
    ANSWERS(AR_E_INVALID, ar_tx_await, NULL, &none);
    ANSWERS(AR_E_INVALID, ar_tx_await, &no_end, NULL);
    ANSWERS(AR_E_INVALID, ar_tx_await, &no_end, &none);
    ANSWERS(AR_E_INVALID, ar_tx_await_for, NULL, 0, &none);
    ANSWERS(AR_E_INVALID, ar_tx_await_for, &no_end, 0, NULL);
    ANSWERS(AR_E_INVALID, ar_tx_then, NULL, NULL, NULL, NULL);
    ANSWERS(AR_E_INVALID, ar_tx_then, &no_end, NULL, NULL, NULL);
    settle();
}

#define SAVEPOINT(function)                                 \
    ANSWERS(AR_E_INVALID, function, NULL, "here");          \
    ANSWERS(AR_E_CLOSED, function, stale, "here");          \
    ANSWERS(AR_E_INVALID, function, tx, NULL);              \
    COMES_TO(AR_E_INVALID, function##_async, NULL, "here"); \
    COMES_TO(AR_E_CLOSED, function##_async, stale, "here"); \
    COMES_TO(AR_E_INVALID, function##_async, tx, NULL)

static void savepoints(void **state)
{
    (void)state;
    ar_db *tx = ar_tx_begin(db, NULL);
    GIVES(0, ar_tx_backoff, NULL, NULL, 0);
    GIVES(0, ar_tx_backoff, stale, NULL, 0);
    SAVEPOINT(ar_tx_savepoint);
    SAVEPOINT(ar_tx_rollback_to);
    SAVEPOINT(ar_tx_release);
    ar_ignore(ar_tx_rollback(&tx, NULL));
    settle();
}

/* --- Options at their edges --- */

static void options_of_another_size(void **state)
{
    (void)state;
    enum { NONSENSE = 3 };
    ar_runtime *no_runtime = NULL;
    ar_db *out = NULL;
    ar_actor *no_actor = NULL;
    const ar_runtime_options of_runtime = { .struct_size = NONSENSE };
    const ar_db_options of_db = { .struct_size = NONSENSE, .runtime = runtime };
    const ar_actor_options of_actor = { .struct_size = NONSENSE, .behaviour = ignore_message };
    const ar_supervisor_options of_supervisor = { .struct_size = NONSENSE };
    const ar_send_options of_send = { .struct_size = NONSENSE };
    spawn_actors();
    ANSWERS(AR_E_INVALID, ar_runtime_create, &of_runtime, &no_runtime);
    ANSWERS(AR_E_INVALID, ar_db_open, "sqlite::memory:", &of_db, &out);
    ANSWERS(AR_E_INVALID, ar_actor_spawn, runtime, &of_actor, &no_actor);
    ANSWERS(AR_E_INVALID, ar_supervisor_spawn, runtime, &of_supervisor, &no_actor);
    ANSWERS(AR_E_INVALID, ar_actor_tell, actor, nothing, &of_send);
    COMES_TO(AR_E_INVALID, ar_actor_ask, actor, nothing, &of_send);
    ar_db *scope = ar_scope_open(db, &(ar_scope_options){ .struct_size = NONSENSE });
    check_dead_handle(scope, AR_E_INVALID);
    ar_scope_close(&scope);
    ar_db *tx = ar_tx_begin(db, &(ar_tx_options){ .struct_size = NONSENSE });
    check_dead_handle(tx, AR_E_INVALID);
    ar_ignore(ar_tx_rollback(&tx, NULL));
    settle();
}

/* The longest times there are add up to no overflow and end nothing early. */
static void times_without_an_end(void **state)
{
    (void)state;
    const ar_send_options longest = { .wait_ms = INT64_MAX, .timeout_ms = INT64_MAX };
    const ar_db_options of_db = { .runtime = runtime, .timeout_ms = INT64_MAX, .close_wait_ms = INT64_MAX };
    ar_db *patient = NULL;
    Pet pet = { .name = "Rex" };
    spawn_actors();
    check_status("ar_actor_call", __LINE__, ar_actor_call(actor, nothing, &longest, NULL, &err), AR_OK);
    check_status("ar_db_open", __LINE__, ar_db_open("sqlite::memory:", &of_db, &patient, &err), AR_OK);
    ar_db *scope = ar_scope_open(patient, &(ar_scope_options){ .timeout_ms = INT64_MAX });
    ar_db *tx = ar_tx_begin(scope, &(ar_tx_options){ .timeout_ms = INT64_MAX, .retries = INT32_MAX });
    check_status("ar_table_create", __LINE__, ar_table_create(tx, &Pet_model, &err), AR_OK);
    ar_done done = ar_record_insert_async(tx, &Pet_model, &pet);
    check_status("ar_done_await_for", __LINE__, ar_done_await_for(&done, INT64_MAX, &err), AR_OK);
    check_status("ar_tx_commit", __LINE__, ar_tx_commit(&tx, &err), AR_OK);
    ar_scope_close(&scope);
    ar_db_close(&patient);
    ar_done never = ar_timer_after(runtime, INT64_MAX);
    check_status("ar_done_await_for", __LINE__, ar_done_await_for(&never, 0, &err), AR_E_PENDING);
    check_status("ar_done_await_for", __LINE__, ar_done_await_for(&never, 1, &err), AR_E_PENDING);
    check_status("ar_future_cancel", __LINE__, ar_future_cancel(never.raw, &err), AR_OK);
    check_status("ar_done_await", __LINE__, ar_done_await_for(&never, INT64_MIN, &err), AR_E_CANCELLED);
    settle();
}

static void backends(void **state)
{
    (void)state;
    static const char *const schemes[] = { "nil", NULL };
    static const ar_backend empty = { .struct_size = sizeof(ar_backend), .name = "nil", .schemes = schemes };
    ANSWERS(AR_E_INVALID, ar_backend_register, (const ar_backend *)NULL);
    ANSWERS(AR_E_INVALID, ar_backend_register, &empty);
    settle();
}

/* An actor is a handle, which nothing looks into before a notification is told. */
#define LISTEN(function)                                                               \
    ANSWERS(AR_E_INVALID, function, NULL, "channel", (ar_actor *)some_actor);          \
    ANSWERS(AR_E_CLOSED, function, stale, "channel", (ar_actor *)some_actor);          \
    ANSWERS(AR_E_INVALID, function, db, NULL, (ar_actor *)some_actor);                 \
    ANSWERS(AR_E_INVALID, function, db, "channel", NULL);                              \
    COMES_TO(AR_E_INVALID, function##_async, NULL, "channel", (ar_actor *)some_actor); \
    COMES_TO(AR_E_CLOSED, function##_async, stale, "channel", (ar_actor *)some_actor); \
    COMES_TO(AR_E_INVALID, function##_async, db, NULL, (ar_actor *)some_actor);        \
    COMES_TO(AR_E_INVALID, function##_async, db, "channel", NULL)

static void listening(void **state)
{
    (void)state;
    static int not_looked_into;
    void *some_actor = &not_looked_into;
    LISTEN(ar_listen);
    LISTEN(ar_unlisten);
    settle();
}

static void no_function_is_forgotten(void **state)
{
    (void)state;
    check_none_forgotten(OF_OTHERS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(values, set_up, tear_down),
        cmocka_unit_test_setup_teardown(decimals, set_up, tear_down),
        cmocka_unit_test_setup_teardown(calendar_and_uuids, set_up, tear_down),
        cmocka_unit_test(failures),
        cmocka_unit_test_setup_teardown(runtimes_and_queues, set_up, tear_down),
        cmocka_unit_test_setup_teardown(futures, set_up, tear_down),
        cmocka_unit_test_setup_teardown(actors, set_up, tear_down),
        cmocka_unit_test_setup_teardown(supervisors_and_contexts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(inside_a_behaviour, set_up, tear_down),
        cmocka_unit_test_setup_teardown(databases, set_up, tear_down),
        cmocka_unit_test_setup_teardown(scopes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(transactions, set_up, tear_down),
        cmocka_unit_test_setup_teardown(savepoints, set_up, tear_down),
        cmocka_unit_test_setup_teardown(listening, set_up, tear_down),
        cmocka_unit_test_setup_teardown(options_of_another_size, set_up, tear_down),
        cmocka_unit_test_setup_teardown(times_without_an_end, set_up, tear_down),
        cmocka_unit_test_setup_teardown(backends, set_up, tear_down),
        cmocka_unit_test(no_function_is_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
