/* SPDX-License-Identifier: MIT */
#include "tests/support/line_backend.h"

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
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support/refusal.h"

/* What the test says lies under the lock, and is looked at by whoever drives the connection; a descriptor of the
 * connection wakes it. */

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
    int64_t ask_again_at; /* to stop what nobody waits for any more; 0: there is nothing */
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
    if (!begins && !says(operation, "hold") && !says(operation, "deaf"))
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

static bool is_stopping(ar_connection *line, int64_t *until)
{
    const ar_env *env = line->host->env;
    if (line->ask_again_at == 0)
        return false;
    if (env->now(env->ctx) < line->ask_again_at) {
        *until = line->ask_again_at;
        return true;
    }
    line->ask_again_at = 0;
    note("stopped");
    return false;
}

static int progress(ar_connection *line, int *fd, int64_t *until)
{
    uint64_t count;
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
    return is_stopping(line, until) || line->first != NULL || !line->told ? POLLIN : 0;
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
            if (says(operation, "deaf"))
                line->ask_again_at = env->now(env->ctx) + 1000;
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
const ar_backend line_backend = { .struct_size = sizeof(ar_backend),
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

static void ring_line(void)
{
    pthread_mutex_lock(&lock);
    ring(line_fd);
    pthread_mutex_unlock(&lock);
}

void line_answer(unsigned count)
{
    pthread_mutex_lock(&lock);
    answers += count;
    pthread_mutex_unlock(&lock);
    ring_line();
}

void line_hold_opens(bool hold, ar_status comes)
{
    pthread_mutex_lock(&lock);
    opens_held = hold;
    open_comes = comes;
    pthread_mutex_unlock(&lock);
    if (!hold)
        ring_line();
}

void line_hold_begins(bool hold, ar_status comes)
{
    pthread_mutex_lock(&lock);
    begins_held = hold;
    begin_comes = comes;
    pthread_mutex_unlock(&lock);
    if (!hold)
        ring_line();
}

/* Waits for it, 20 seconds; where memory was refused, not for what may never come. */
static bool wait_until(bool (*is)(const void *), const void *arg)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    time_t end = now.tv_sec + 20;
    bool in_vain = false;
    pthread_mutex_lock(&lock);
    while (!is(arg) && !in_vain && now.tv_sec < end) {
        struct timespec soon = refusal_patience(&now);
        in_vain = pthread_cond_timedwait(&changed, &lock, &soon) != 0 && refusal_happened();
        clock_gettime(CLOCK_REALTIME, &now);
    }
    bool came = is(arg);
    pthread_mutex_unlock(&lock);
    return came;
}

static bool log_is(const void *expected)
{
    return strcmp(log_now, expected) == 0;
}

void line_expect_log(const char *expected)
{
    (void)wait_until(log_is, expected);
    pthread_mutex_lock(&lock);
    char text[sizeof log_now];
    memcpy(text, log_now, sizeof text);
    pthread_mutex_unlock(&lock);
    assert_string_equal(text, expected);
}

void line_forget_log(void)
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

void line_wait_sent(unsigned count)
{
    assert_true(wait_until(is_sent, &count));
}

void line_lose_begin(void)
{
    pthread_mutex_lock(&lock);
    begin_unsent = true;
    pthread_mutex_unlock(&lock);
}

void line_die_behind_back(void)
{
    pthread_mutex_lock(&lock);
    dies_behind_back = true;
    pthread_mutex_unlock(&lock);
}

void line_reset(void)
{
    pthread_mutex_lock(&lock);
    answers = opens_held = 0;
    open_comes = begin_comes = AR_OK;
    lost_before = begin_unsent = begins_held = dies_behind_back = false;
    log_now[0] = '\0';
    pthread_mutex_unlock(&lock);
}
