/* SPDX-License-Identifier: MIT */
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

#include "actors/runtime.h"
#include "pools/private.h"
#include "tests/support/script_backend.h"

/* Connections of an engine that does not block: a backend whose answers come through a descriptor, when the test lets them. A statement is as in script_backend.h:
 *
 *   ok      answered as soon as it is looked at
 *   hold    answered when the test says so (answer)
 *   lose    the connection is lost: it may have been done; what is behind it was not sent
 *   unsent  likewise, the first time that one comes, but it was not sent either; then it is ok
 *
 * The log says what was answered, in its order. */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static char log_now[4096];
static unsigned answers;     /* that "hold" may still have */
static unsigned opens_held;  /* openings that wait for the test */
static ar_status open_comes; /* to this */
static bool lost_before;
static bool begin_unsent;
static bool dies_behind_back; /* the line, when ROLLBACK TO was answered */
static bool begins_held;      /* BEGIN is not answered */
static ar_status begin_comes; /* to this */
static int line_fd = -1;      /* of the connection that was opened last */
static unsigned sent;         /* operations, ever */

struct ar_connection {
    ar_backend_host *host;
    int fd;
    bool told;
    bool useless;
    ar_operation *first, **end;
};

static void ring(int fd)
{
    uint64_t one = 1;
    if (fd >= 0 && write(fd, &one, sizeof one) != (ssize_t)sizeof one)
        abort();
}

static void note(const char *text)
{
    pthread_mutex_lock(&lock);
    size_t used = strlen(log_now);
    snprintf(log_now + used, sizeof log_now - used, "%s%s", used > 0 ? " | " : "", text);
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

static ar_status configure(const ar_env *env, const ar_url *url, ar_backend_config **out, ar_topology *topology,
                           ar_error *err)
{
    (void)env;
    (void)err;
    *out = NULL;
    *topology = (ar_topology){ .writers = 1, .pipelines = strcmp(url->path, "serial") != 0 };
    return AR_OK;
}

static void config_free(ar_backend_config *config)
{
    (void)config;
}

static ar_statement_class classify(const char *sql, size_t length)
{
    (void)sql;
    (void)length;
    return AR_STATEMENT_OTHER;
}

static ar_status open_line(const ar_backend_config *config, ar_connection_role role, ar_backend_host *host,
                           ar_connection **out, ar_error *err)
{
    (void)config;
    (void)role;
    (void)err;
    ar_connection *line = calloc(1, sizeof *line);
    if (line == NULL || (line->fd = eventfd(0, EFD_NONBLOCK)) < 0)
        abort();
    line->host = host;
    line->end = &line->first;
    pthread_mutex_lock(&lock);
    line_fd = line->fd;
    pthread_mutex_unlock(&lock);
    ring(line->fd);
    note("open");
    *out = line;
    return AR_OK;
}

static void submit(ar_connection *line, ar_operation *batch)
{
    *line->end = batch;
    while (*line->end != NULL) {
        line->end = &(*line->end)->next;
        pthread_mutex_lock(&lock);
        sent++;
        pthread_cond_broadcast(&changed);
        pthread_mutex_unlock(&lock);
    }
    ring(line->fd);
}

static const char *text_of(const ar_operation *operation)
{
    switch (operation->kind) {
    case AR_OP_EXECUTE: return operation->statement->sql;
    case AR_OP_BEGIN: return "BEGIN";
    case AR_OP_COMMIT: return "COMMIT";
    case AR_OP_ROLLBACK: return "ROLLBACK";
    case AR_OP_RESET: return "RESET";
    case AR_OP_SAVEPOINT: return "SAVEPOINT";
    case AR_OP_ROLLBACK_TO: return "BACK";
    case AR_OP_RELEASE: return "RELEASE";
    case AR_OP_FETCH:
    case AR_OP_CLOSE_CURSOR: break;
    }
    return "?";
}

static void end(ar_connection *line, ar_operation *operation, ar_status status, bool unsent)
{
    char text[64];
    ar_error error;
    ar_error_set(&error, status, "as it was told to");
    error.outcome_unknown = !unsent && status != AR_OK && text_of(operation)[0] == 'w';
    operation->unsent = unsent;
    snprintf(text, sizeof text, "%s%s", text_of(operation), unsent ? " unsent" : status == AR_OK ? "" : " failed");
    note(text);
    line->host->complete(line->host, operation, status == AR_OK ? NULL : &error);
}

static ar_operation *take(ar_connection *line)
{
    ar_operation *operation = line->first;
    line->first = operation->next;
    if (line->first == NULL)
        line->end = &line->first;
    return operation;
}

static void lose(ar_connection *line, bool unsent)
{
    line->useless = true;
    end(line, take(line), AR_E_CONNECTION, unsent);
    while (line->first != NULL)
        end(line, take(line), AR_E_CONNECTION, true);
}

static bool says(const ar_operation *operation, const char *verb)
{
    return operation->kind == AR_OP_EXECUTE && strncmp(operation->statement->sql + 2, verb, strlen(verb)) == 0;
}

/* Once for each `answer` of the test, where it has to be waited for. */
static bool is_answered(const ar_operation *operation)
{
    bool begins = operation->kind == AR_OP_BEGIN;
    if (!begins && !says(operation, "hold"))
        return true;
    pthread_mutex_lock(&lock);
    bool answered = begins ? !begins_held : answers > 0;
    answers -= answered && !begins;
    pthread_mutex_unlock(&lock);
    return answered;
}

static void answer_first(ar_connection *line)
{
    ar_operation *first = take(line);
    ar_status status = first->kind == AR_OP_BEGIN ? begin_comes : AR_OK;
    bool fails = status != AR_OK;
    bool dies = dies_behind_back && first->kind == AR_OP_ROLLBACK_TO;
    end(line, first, status, false);
    line->useless = line->useless || dies;
    if (fails && line->first != NULL)
        end(line, take(line), AR_E_TX_ABORTED, true); /* what came with it */
}

static bool once(bool *flag)
{
    pthread_mutex_lock(&lock);
    bool before = *flag;
    *flag = true;
    pthread_mutex_unlock(&lock);
    return !before;
}

static void tell_opened(ar_connection *line)
{
    ar_error error;
    pthread_mutex_lock(&lock);
    bool held = opens_held > 0;
    ar_status status = open_comes;
    pthread_mutex_unlock(&lock);
    if (held)
        return;
    line->told = true;
    ar_error_set(&error, status, "the line is busy");
    line->host->opened(line->host, status == AR_OK ? NULL : &error);
}

static int progress(ar_connection *line, int *fd, int64_t *until)
{
    uint64_t count;
    (void)until;
    while (read(line->fd, &count, sizeof count) > 0)
        ;
    if (!line->told)
        tell_opened(line);
    while (line->first != NULL && !line->useless && is_answered(line->first)) {
        pthread_mutex_lock(&lock);
        bool fails = begin_unsent && line->first->kind == AR_OP_BEGIN;
        begin_unsent = begin_unsent && !fails;
        pthread_mutex_unlock(&lock);
        if (fails || (says(line->first, "unsent") && once(&lost_before)))
            lose(line, true);
        else if (says(line->first, "lose"))
            lose(line, false);
        else
            answer_first(line);
    }
    *fd = line->fd;
    return line->first != NULL || !line->told ? POLLIN : 0;
}

static void shed(ar_connection *line)
{
    ar_operation *waiting = line->first;
    line->first = NULL;
    line->end = &line->first;
    while (waiting != NULL) {
        ar_operation *operation = waiting;
        waiting = waiting->next;
        const ar_env *env = line->host->env;
        if (line->host->interrupted(line->host, operation)) {
            end(line, operation, operation->deadline <= env->now(env->ctx) ? AR_E_TIMEOUT : AR_E_CANCELLED, false);
            continue;
        }
        operation->next = NULL;
        *line->end = operation;
        line->end = &operation->next;
    }
}

static bool usable(const ar_connection *line)
{
    return !line->useless;
}

static void close_line(ar_connection *line)
{
    while (line->first != NULL)
        end(line, take(line), AR_E_CLOSED, false);
    pthread_mutex_lock(&lock);
    if (line_fd == line->fd)
        line_fd = -1;
    pthread_mutex_unlock(&lock);
    close(line->fd);
    free(line);
    note("close");
}

static const char *const schemes[] = { "line", NULL };
static const ar_dialect dialect = { .name = "line", .placeholder = AR_PLACEHOLDER_QUESTION, .identifier_quote = '"' };
static const ar_backend backend = { .struct_size = sizeof(ar_backend),
                                    .name = "line",
                                    .schemes = schemes,
                                    .dialect = &dialect,
                                    .configure = configure,
                                    .config_free = config_free,
                                    .classify = classify,
                                    .open = open_line,
                                    .submit = submit,
                                    .usable = usable,
                                    .close = close_line,
                                    .progress = progress,
                                    .shed = shed };

/* --- the test's side --- */

static ar_error err;
static ar_runtime *runtime;
static ari_pool *pool;

static void ring_line(void)
{
    pthread_mutex_lock(&lock);
    ring(line_fd);
    pthread_mutex_unlock(&lock);
}

static void answer(unsigned count)
{
    pthread_mutex_lock(&lock);
    answers += count;
    pthread_mutex_unlock(&lock);
    ring_line();
}

static void hold_opens(bool hold, ar_status comes)
{
    pthread_mutex_lock(&lock);
    opens_held = hold;
    open_comes = comes;
    pthread_mutex_unlock(&lock);
    if (!hold)
        ring_line();
}

static void hold_begins(bool hold, ar_status comes)
{
    pthread_mutex_lock(&lock);
    begins_held = hold;
    begin_comes = comes;
    pthread_mutex_unlock(&lock);
    if (!hold)
        ring_line();
}

/* Waits for it, 20 seconds. */
static bool wait_until(bool (*is)(const void *), const void *arg)
{
    struct timespec until;
    int late = 0;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 20;
    pthread_mutex_lock(&lock);
    while (!is(arg) && late == 0)
        late = pthread_cond_timedwait(&changed, &lock, &until);
    bool came = is(arg);
    pthread_mutex_unlock(&lock);
    return came;
}

static bool log_is(const void *expected)
{
    return strcmp(log_now, expected) == 0;
}

static void expect_log(const char *expected)
{
    (void)wait_until(log_is, expected);
    pthread_mutex_lock(&lock);
    char text[sizeof log_now];
    memcpy(text, log_now, sizeof text);
    pthread_mutex_unlock(&lock);
    assert_string_equal(text, expected);
}

static void forget_log(void)
{
    pthread_mutex_lock(&lock);
    log_now[0] = '\0';
    sent = 0;
    pthread_mutex_unlock(&lock);
}

static bool is_sent(const void *count)
{
    return sent >= *(const unsigned *)count;
}

static void wait_sent(unsigned count)
{
    assert_true(wait_until(is_sent, &count));
}

static bool near_by;

static void open_pool(const char *url, const ari_pool_options *options)
{
    static bool registered;
    script_start();
    script_now.round_trip = near_by ? 50 : 100000;
    if (!registered)
        assert_int_equal(ar_backend_register(&backend, NULL), AR_OK);
    registered = true;
    answers = opens_held = 0;
    open_comes = AR_OK;
    lost_before = begin_unsent = begins_held = dies_behind_back = false;
    begin_comes = AR_OK;
    log_now[0] = '\0';
    runtime = script_runtime();
    assert_int_equal(ari_pool_open(runtime, url, options, &pool, &err), AR_OK);
    expect_log("open | RESET");
    forget_log();
}

static int set_up(void **state)
{
    (void)state;
    open_pool("line:", NULL);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    hold_opens(false, AR_OK);
    hold_begins(false, AR_OK);
    answer(1000);
    if (pool != NULL) {
        ari_pool_close(pool);
        ari_pool_release(pool);
    }
    pool = NULL;
    script_runtime_close(&runtime);
    return 0;
}

static ar_future *send(const char *sql)
{
    return script_submit(pool, NULL, sql);
}

static ar_future *send_with_deadline(const char *sql)
{
    const ar_env *env = ari_pool_env(pool);
    ari_op *op = script_op(pool, sql);
    op->operation.deadline = env->now(env->ctx) + 20000;
    return ari_pool_submit(pool, NULL, op);
}

static ar_status result(ar_future **future)
{
    return script_await(future, &err);
}

static void lose_line(void)
{
    ar_future *future = send("w:lose");
    assert_int_equal(result(&future), AR_E_CONNECTION);
    assert_true(err.outcome_unknown);
    expect_log("w:lose failed | close");
    forget_log();
}

static void answers_complete_what_was_sent_in_its_order(void **state)
{
    (void)state;
    ar_future *futures[] = { send("w:hold 1"), send("w:ok 2"), send("r:hold 3") };
    wait_sent(3);
    assert_false(ar_future_is_done(futures[0]));
    answer(2);
    for (int i = 0; i < 3; i++)
        assert_int_equal(result(&futures[i]), AR_OK);
    expect_log("w:hold 1 | w:ok 2 | r:hold 3");
}

static void a_blocking_call_waits_for_its_answer(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++)
        assert_int_equal(script_run(pool, NULL, "w:ok", &err), AR_OK);
}

static void *answer_later(void *arg)
{
    (void)arg;
    wait_sent(1);
    answer(1);
    return NULL;
}

static void a_blocking_call_is_woken_by_its_answer(void **state)
{
    (void)state;
    pthread_t thread;
    pthread_create(&thread, NULL, answer_later, NULL);
    assert_int_equal(script_run(pool, NULL, "w:hold", &err), AR_OK);
    pthread_join(thread, NULL);
}

static void what_comes_while_it_connects_goes_when_it_is_open(void **state)
{
    (void)state;
    lose_line();
    hold_opens(true, AR_OK);
    ar_future *futures[] = { send("w:ok 1"), send("r:ok 2") };
    ari_lease *lease = script_lease(pool, (ari_lease_options){ .unheld = true });
    ar_future *leased = script_submit(pool, lease, "w:ok 3");
    expect_log("open");
    hold_opens(false, AR_OK);
    for (int i = 0; i < 2; i++)
        assert_int_equal(result(&futures[i]), AR_OK);
    assert_int_equal(result(&leased), AR_OK);
    expect_log("open | w:ok 1 | r:ok 2 | BEGIN | w:ok 3");
    ari_lease_release(lease);
}

static void what_waits_for_an_opening_that_fails_fails(void **state)
{
    (void)state;
    lose_line();
    hold_opens(true, AR_OK);
    ar_future *futures[] = { send("w:ok 1"), send("r:ok 2") };
    ari_lease *lease = script_lease(pool, (ari_lease_options){ .unheld = true });
    ar_future *leased = script_submit(pool, lease, "w:ok 3");
    expect_log("open");
    hold_opens(false, AR_E_CONNECTION);
    for (int i = 0; i < 2; i++)
        assert_int_equal(result(&futures[i]), AR_E_CONNECTION);
    assert_int_equal(result(&leased), AR_E_CONNECTION);
    ari_lease_release(lease);
    hold_opens(false, AR_OK);
    assert_int_equal(script_run(pool, NULL, "w:ok", &err), AR_OK);
}

static void a_deadline_ends_waiting_for_an_opening(void **state)
{
    (void)state;
    lose_line();
    hold_opens(true, AR_OK);
    ar_future *late = send_with_deadline("w:ok 1"), *other = send("w:ok 2");
    assert_int_equal(result(&late), AR_E_TIMEOUT);
    assert_false(err.outcome_unknown);
    hold_opens(false, AR_OK);
    assert_int_equal(result(&other), AR_OK);
    expect_log("open | w:ok 2");
}

static void a_deadline_ends_what_is_under_way_and_nothing_else(void **state)
{
    (void)state;
    ar_future *first = send("w:hold 1"), *late = send_with_deadline("w:hold 2"), *third = send("w:hold 3");
    assert_int_equal(result(&late), AR_E_TIMEOUT);
    assert_true(err.outcome_unknown);
    answer(2);
    assert_int_equal(result(&first), AR_OK);
    assert_int_equal(result(&third), AR_OK);
}

static void a_blocking_call_ends_at_its_deadline(void **state)
{
    (void)state;
    const ar_env *env = ari_pool_env(pool);
    ari_op *op = script_op(pool, "w:hold");
    op->operation.deadline = env->now(env->ctx) + 20000;
    assert_int_equal(ari_pool_run(pool, NULL, op, &err), AR_E_TIMEOUT);
    assert_true(err.outcome_unknown);
    ari_op_release(op);
}

static void cancelling_ends_what_is_under_way(void **state)
{
    (void)state;
    ar_future *first = send("w:hold 1"), *second = send("w:hold 2");
    wait_sent(2);
    assert_int_equal(ar_future_cancel(second, &err), AR_E_BUSY);
    assert_int_equal(result(&second), AR_E_CANCELLED);
    answer(1);
    assert_int_equal(result(&first), AR_OK);
}

static ar_future *send_generated(const char *sql, ar_statement *statement)
{
    ari_op *op = script_op(pool, sql);
    *statement = *op->operation.statement;
    statement->generated = true;
    op->operation.statement = statement;
    return ari_pool_submit(pool, NULL, op);
}

static void a_lost_read_of_the_orm_is_sent_again_once(void **state)
{
    (void)state;
    ar_statement statements[2];
    ar_future *held = send("w:hold");
    wait_sent(1);
    ar_future *read = send_generated("r:lose", &statements[0]);
    ar_future *behind = send("w:ok behind");
    wait_sent(3);
    answer(1);
    assert_int_equal(result(&held), AR_OK);
    assert_int_equal(result(&read), AR_E_CONNECTION);
    assert_int_equal(result(&behind), AR_OK);
    /* The write waited on the second line behind the read, which lost that one too. */
    expect_log("w:hold | r:lose failed | w:ok behind unsent | close | open | r:lose failed | w:ok behind unsent | "
               "close | open | w:ok behind");
}

static void a_lost_write_is_never_sent_again(void **state)
{
    (void)state;
    ar_future *write = send("w:lose");
    assert_int_equal(result(&write), AR_E_CONNECTION);
    assert_true(err.outcome_unknown);
    expect_log("w:lose failed | close");
    assert_int_equal(script_run(pool, NULL, "w:ok", &err), AR_OK);
    expect_log("w:lose failed | close | open | w:ok");
}

static void what_was_not_sent_is_sent_on_another_connection(void **state)
{
    (void)state;
    assert_int_equal(script_run(pool, NULL, "w:unsent", &err), AR_OK);
    expect_log("w:unsent unsent | close | open | w:unsent");
}

static void a_transaction_that_was_not_sent_begins_on_another_connection(void **state)
{
    (void)state;
    begin_unsent = true;
    ari_lease *lease = script_lease(pool, (ari_lease_options){ .unheld = true });
    assert_int_equal(script_run(pool, lease, "w:ok", &err), AR_OK);
    assert_int_equal(ari_lease_commit_wait(lease, &err), AR_OK);
    ari_lease_release(lease);
    expect_log("BEGIN unsent | w:ok unsent | close | open | BEGIN | w:ok | COMMIT | RESET");
}

static void a_lost_transaction_is_dead(void **state)
{
    (void)state;
    ari_lease *lease = script_lease(pool, (ari_lease_options){ .unheld = true });
    assert_int_equal(script_run(pool, lease, "w:ok", &err), AR_OK);
    assert_int_equal(script_run(pool, lease, "w:lose", &err), AR_E_CONNECTION);
    assert_int_equal(script_run(pool, lease, "w:ok", &err), AR_E_TX_ABORTED);
    assert_int_equal(ari_lease_commit_wait(lease, &err), AR_E_TX_ABORTED);
    ari_lease_release(lease);
    assert_int_equal(script_run(pool, NULL, "w:ok after", &err), AR_OK);
    expect_log("BEGIN | w:ok | w:lose failed | close | open | w:ok after");
}

static void begin_waits_for_what_is_under_way_and_others_wait_for_the_end(void **state)
{
    (void)state;
    ari_lease *lease = script_lease(pool, (ari_lease_options){ .unheld = true });
    ar_future *before = send("w:hold");
    ar_future *in = script_submit(pool, lease, "w:ok in");
    ar_future *after = send("w:ok after");
    wait_sent(1);
    answer(1);
    assert_int_equal(result(&before), AR_OK);
    assert_int_equal(result(&in), AR_OK);
    assert_false(ar_future_is_done(after));
    assert_int_equal(ari_lease_commit_wait(lease, &err), AR_OK);
    assert_int_equal(result(&after), AR_OK);
    ari_lease_release(lease);
    expect_log("w:hold | BEGIN | w:ok in | COMMIT | RESET | w:ok after");
}

static void operations_of_a_transaction_are_sent_without_waiting(void **state)
{
    (void)state;
    ari_lease *lease = script_lease(pool, (ari_lease_options){ .unheld = true });
    assert_int_equal(script_run(pool, lease, "w:ok", &err), AR_OK);
    forget_log();
    ar_future *futures[] = { script_submit(pool, lease, "w:hold 1"), script_submit(pool, lease, "w:hold 2") };
    wait_sent(2);
    ar_future *commit = ari_lease_commit(lease);
    answer(2);
    for (int i = 0; i < 2; i++)
        assert_int_equal(result(&futures[i]), AR_OK);
    assert_int_equal(result(&commit), AR_OK);
    ari_lease_release(lease);
    expect_log("w:hold 1 | w:hold 2 | COMMIT | RESET");
}

static void where_the_engine_cannot_they_wait_for_each_other(void **state)
{
    tear_down(state);
    open_pool("line:serial", NULL);
    ari_lease *lease = script_lease(pool, (ari_lease_options){ .unheld = true });
    ar_future *futures[] = { script_submit(pool, lease, "w:ok 1"), script_submit(pool, lease, "w:hold 2"),
                             script_submit(pool, lease, "w:ok 3") };
    assert_int_equal(result(&futures[0]), AR_OK);
    wait_sent(3); /* BEGIN, and two */
    answer(1);
    assert_int_equal(result(&futures[1]), AR_OK);
    assert_int_equal(result(&futures[2]), AR_OK);
    ari_lease_release(lease);
    expect_log("BEGIN | w:ok 1 | w:hold 2 | w:ok 3 | ROLLBACK | RESET");
}

static void a_late_operation_leaves_a_transaction_that_can_only_roll_back(void **state)
{
    (void)state;
    ari_lease *lease = script_lease(pool, (ari_lease_options){ .unheld = true });
    const ar_env *env = ari_pool_env(pool);
    assert_int_equal(script_run(pool, lease, "w:ok", &err), AR_OK);
    ari_op *op = script_op(pool, "w:hold");
    op->operation.deadline = env->now(env->ctx) + 20000;
    assert_int_equal(ari_pool_run(pool, lease, op, &err), AR_E_TIMEOUT);
    ari_op_release(op);
    assert_int_equal(script_run(pool, lease, "w:ok", &err), AR_E_TX_ABORTED);
    assert_int_equal(ari_lease_commit_wait(lease, &err), AR_E_TX_ABORTED);
    ari_lease_release(lease);
    expect_log("BEGIN | w:ok | w:hold failed | ROLLBACK | RESET");
}

static void a_first_operation_given_up_before_a_begin_that_fails_ends_the_transaction(void **state)
{
    (void)state;
    hold_begins(true, AR_E_QUERY);
    ari_lease *lease = script_lease(pool, (ari_lease_options){ .unheld = true });
    ar_future *first = script_submit(pool, lease, "w:ok");
    wait_sent(2);
    assert_int_equal(ar_future_cancel(first, &err), AR_E_BUSY);
    assert_int_equal(result(&first), AR_E_CANCELLED);
    hold_begins(false, AR_E_QUERY);
    assert_int_equal(ari_lease_commit_wait(lease, &err), AR_E_TX_ABORTED);
    ari_lease_release(lease);
    expect_log("w:ok failed | BEGIN failed");
}

static void a_first_operation_given_up_before_begin_is_answered_leaves_only_rollback(void **state)
{
    (void)state;
    hold_begins(true, AR_OK);
    ari_lease *lease = script_lease(pool, (ari_lease_options){ .unheld = true });
    ar_future *first = script_submit(pool, lease, "w:ok");
    wait_sent(2);
    assert_int_equal(ar_future_cancel(first, &err), AR_E_BUSY);
    assert_int_equal(result(&first), AR_E_CANCELLED);
    hold_begins(false, AR_OK);
    assert_int_equal(script_run(pool, lease, "w:ok 2", &err), AR_E_TX_ABORTED);
    assert_int_equal(ari_lease_rollback_wait(lease, &err), AR_OK);
    ari_lease_release(lease);
    expect_log("w:ok failed | BEGIN | ROLLBACK | RESET");
}

static void what_never_began_is_rolled_back_at_once(void **state)
{
    (void)state;
    ar_future *held = send("w:hold");
    wait_sent(1);
    ari_lease *lease = script_lease(pool, (ari_lease_options){ .unheld = true });
    ar_future *first = script_submit(pool, lease, "w:ok");
    assert_int_equal(ar_future_cancel(first, &err), AR_OK);
    assert_int_equal(result(&first), AR_E_CANCELLED);
    assert_int_equal(ari_lease_rollback_wait(lease, &err), AR_OK);
    ari_lease_release(lease);
    assert_false(ar_future_is_done(held));
    answer(1);
    assert_int_equal(result(&held), AR_OK);
    expect_log("w:hold");
}

static ar_future *send_kind(ari_lease *lease, ar_operation_kind kind)
{
    ari_op *op = script_op(pool, "w:ok");
    op->operation.kind = kind;
    op->operation.statement = NULL;
    op->operation.savepoint = 1;
    return ari_pool_submit(pool, lease, op);
}

static void a_line_that_dies_behind_the_end_of_a_savepoint_ends_the_transaction(void **state)
{
    (void)state;
    ari_lease *lease = script_lease(pool, (ari_lease_options){ .unheld = true });
    assert_int_equal(script_run(pool, lease, "w:ok", &err), AR_OK);
    ar_future *savepoint = send_kind(lease, AR_OP_SAVEPOINT);
    assert_int_equal(result(&savepoint), AR_OK);
    dies_behind_back = true;
    ar_future *back = send_kind(lease, AR_OP_ROLLBACK_TO);
    assert_int_equal(result(&back), AR_E_CONNECTION);
    assert_int_equal(ari_lease_commit_wait(lease, &err), AR_E_TX_ABORTED);
    ari_lease_release(lease);
    expect_log("BEGIN | w:ok | SAVEPOINT | BACK | close");
}

static void the_end_of_a_savepoint_that_is_cancelled_rolls_back_to_it(void **state)
{
    (void)state;
    ari_lease *lease = script_lease(pool, (ari_lease_options){ .unheld = true });
    assert_int_equal(script_run(pool, lease, "w:ok", &err), AR_OK);
    ar_future *savepoint = send_kind(lease, AR_OP_SAVEPOINT), *held = script_submit(pool, lease, "w:hold");
    ar_future *end_of_it = send_kind(lease, AR_OP_RELEASE);
    wait_sent(4);
    assert_int_equal(ar_future_cancel(end_of_it, &err), AR_OK);
    assert_int_equal(result(&end_of_it), AR_E_CANCELLED);
    answer(1);
    assert_int_equal(result(&savepoint), AR_OK);
    assert_int_equal(result(&held), AR_OK);
    assert_int_equal(ari_lease_commit_wait(lease, &err), AR_OK);
    ari_lease_release(lease);
    expect_log("BEGIN | w:ok | SAVEPOINT | w:hold | BACK | RELEASE | COMMIT | RESET");
}

static void a_deadline_ends_beginning_again(void **state)
{
    (void)state;
    const ar_env *env = ari_pool_env(pool);
    begin_unsent = true;
    hold_opens(true, AR_OK);
    ari_lease *lease = script_lease(pool, (ari_lease_options){ .unheld = true });
    ari_op *op = script_op(pool, "w:ok");
    op->operation.deadline = env->now(env->ctx) + 50000;
    ar_future *late = ari_pool_submit(pool, lease, op);
    assert_int_equal(result(&late), AR_E_TIMEOUT);
    assert_int_equal(ari_lease_rollback_wait(lease, &err), AR_OK);
    ari_lease_release(lease);
    hold_opens(false, AR_OK);
    assert_int_equal(script_run(pool, NULL, "w:ok after", &err), AR_OK);
    expect_log("BEGIN unsent | w:ok unsent | close | open | w:ok after");
}

static void closing_fails_what_is_under_way(void **state)
{
    tear_down(state);
    open_pool("line:", &(ari_pool_options){ .close_wait_ms = 1 });
    ari_lease *lease = script_lease(pool, (ari_lease_options){ .unheld = true });
    ar_future *futures[] = { send("w:hold 1"), send("w:hold 2"), script_submit(pool, lease, "w:ok") };
    wait_sent(2);
    ari_pool_close(pool);
    for (int i = 0; i < 3; i++)
        assert_int_equal(result(&futures[i]), AR_E_CLOSED);
    ari_lease_release(lease);
    ari_pool_release(pool);
    pool = NULL;
}

static void closing_ends_a_commit_that_is_under_way(void **state)
{
    tear_down(state);
    open_pool("line:", &(ari_pool_options){ .close_wait_ms = 1 });
    ari_lease *lease = script_lease(pool, (ari_lease_options){ .unheld = true });
    assert_int_equal(script_run(pool, lease, "w:ok", &err), AR_OK);
    ar_future *held = script_submit(pool, lease, "w:hold"), *commit = ari_lease_commit(lease);
    wait_sent(3);
    ari_pool_close(pool);
    assert_int_equal(result(&held), AR_E_CLOSED);
    assert_int_equal(result(&commit), AR_E_CLOSED);
    ari_lease_release(lease);
    ari_pool_release(pool);
    pool = NULL;
}

enum { THREADS = 6, ROUNDS = 400 };

static void *hammer(void *arg)
{
    unsigned *wrong = arg;
    ar_error error;
    for (int i = 0; i < ROUNDS; i++) {
        ar_future *futures[] = { send("r:ok 1"), send("w:ok 2") };
        *wrong += script_run(pool, NULL, "w:ok mine", &error) != AR_OK;
        ari_lease *lease = ari_lease_create(pool, &(ari_lease_options){ .deadline = INT64_MAX, .unheld = true });
        *wrong += lease == NULL || script_run(pool, lease, "w:ok tx", &error) != AR_OK;
        *wrong += lease == NULL || ari_lease_commit_wait(lease, &error) != AR_OK;
        if (lease != NULL)
            ari_lease_release(lease);
        *wrong += script_await(&futures[0], &error) != AR_OK;
        *wrong += script_await(&futures[1], &error) != AR_OK;
        if (i % 16 == 0)
            forget_log();
    }
    return NULL;
}

static void many_threads_share_a_connection(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    unsigned wrong[THREADS] = { 0 };
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, hammer, &wrong[i]);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(wrong[i], 0);
}

static int set_up_near(void **state)
{
    (void)state;
    near_by = true;
    open_pool("line:", NULL);
    near_by = false;
    return 0;
}

/* No thread is woken for what could only wait on the server. */
static void on_a_near_line_what_waits_goes_with_the_next_answer(void **state)
{
    (void)state;
    ar_future *first = send("w:hold 1");
    wait_sent(1);
    ar_future *others[] = { send("w:hold 2"), send("w:ok 3"), send("r:ok 4") };
    assert_int_equal(atomic_load(&pool->writers.waiting), 3);
    answer(1);
    assert_int_equal(result(&first), AR_OK);
    wait_sent(4);
    answer(1);
    for (int i = 0; i < 3; i++)
        assert_int_equal(result(&others[i]), AR_OK);
    expect_log("w:hold 1 | w:hold 2 | w:ok 3 | r:ok 4");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define NEAR(name) cmocka_unit_test_setup_teardown(name, set_up_near, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(answers_complete_what_was_sent_in_its_order),
        TEST(a_blocking_call_waits_for_its_answer),
        TEST(a_blocking_call_is_woken_by_its_answer),
        TEST(what_comes_while_it_connects_goes_when_it_is_open),
        TEST(what_waits_for_an_opening_that_fails_fails),
        TEST(a_deadline_ends_waiting_for_an_opening),
        TEST(a_deadline_ends_what_is_under_way_and_nothing_else),
        TEST(a_blocking_call_ends_at_its_deadline),
        TEST(cancelling_ends_what_is_under_way),
        TEST(a_lost_read_of_the_orm_is_sent_again_once),
        TEST(a_lost_write_is_never_sent_again),
        TEST(what_was_not_sent_is_sent_on_another_connection),
        TEST(a_transaction_that_was_not_sent_begins_on_another_connection),
        TEST(a_lost_transaction_is_dead),
        TEST(begin_waits_for_what_is_under_way_and_others_wait_for_the_end),
        TEST(operations_of_a_transaction_are_sent_without_waiting),
        TEST(where_the_engine_cannot_they_wait_for_each_other),
        TEST(a_late_operation_leaves_a_transaction_that_can_only_roll_back),
        TEST(a_first_operation_given_up_before_a_begin_that_fails_ends_the_transaction),
        TEST(a_first_operation_given_up_before_begin_is_answered_leaves_only_rollback),
        TEST(what_never_began_is_rolled_back_at_once),
        TEST(a_line_that_dies_behind_the_end_of_a_savepoint_ends_the_transaction),
        TEST(the_end_of_a_savepoint_that_is_cancelled_rolls_back_to_it),
        TEST(a_deadline_ends_beginning_again),
        TEST(closing_fails_what_is_under_way),
        TEST(closing_ends_a_commit_that_is_under_way),
        TEST(many_threads_share_a_connection),
        NEAR(on_a_near_line_what_waits_goes_with_the_next_answer),
        NEAR(many_threads_share_a_connection),
    };
    return cmocka_run_group_tests_name("reactor", tests, NULL, NULL);
}
