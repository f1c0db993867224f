/* SPDX-License-Identifier: MIT */
/* Actors that do not block: the part of the run token's protocol that has a descriptor in it. The actor here is a client of an echo server over a socket pair: a
 * mail is a byte that it sends, the answer completes the mail's future, oldest first. */
#include <actrec/runtime.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "actors/future.h"
#include "actors/runner.h"
#include "actors/runtime.h"
#include "tests/support/actors.h"

typedef struct call {
    ar_future future; /* first */
    ari_mail mail;
    struct call *next;
    pthread_t completed_on;
} call;

typedef struct client {
    ari_runner runner; /* first */
    ar_runtime *runtime;
    int fd;
    call *flight; /* oldest first */
    call **flight_end;
    int unsent; /* bytes of calls in flight that the socket had no room for */
    test_latch gone;
    _Atomic int inside; /* threads in batch, fail or progress */
    _Atomic bool crowded;
} client;

static void enter(client *self)
{
    if (atomic_fetch_add(&self->inside, 1) != 0)
        atomic_store(&self->crowded, true);
}

static void leave(client *self)
{
    atomic_fetch_sub(&self->inside, 1);
}

static void destroy_call(ar_future *future)
{
    free(future);
}

static void send_bytes(client *self)
{
    while (self->unsent > 0 && send(self->fd, "x", 1, MSG_DONTWAIT | MSG_NOSIGNAL) == 1)
        self->unsent--;
}

static void finish_first(client *self, ar_status status, const ar_error *error)
{
    call *first = self->flight;
    self->flight = first->next;
    if (self->flight == NULL)
        self->flight_end = &self->flight;
    first->completed_on = pthread_self();
    ari_future_finish(&first->future, status, error);
    ari_future_unref(&first->future);
}

static bool batch(ari_runner *runner, ari_mail *mails)
{
    client *self = (client *)runner;
    enter(self);
    while (mails != NULL) {
        call *sent = (call *)(void *)((char *)mails - offsetof(call, mail));
        mails = mails->next;
        if (!ari_future_start(&sent->future)) {
            ari_future_unref(&sent->future);
            continue;
        }
        sent->next = NULL;
        *self->flight_end = sent;
        self->flight_end = &sent->next;
        self->unsent++;
    }
    leave(self);
    return false;
}

static int progress(ari_runner *runner, int *fd)
{
    client *self = (client *)runner;
    char answers[64];
    ssize_t got;
    enter(self);
    send_bytes(self);
    while ((got = recv(self->fd, answers, sizeof answers, MSG_DONTWAIT)) > 0)
        for (ssize_t i = 0; i < got; i++)
            finish_first(self, AR_OK, NULL);
    *fd = self->fd;
    int events = (self->flight != NULL ? POLLIN : 0) | (self->unsent > 0 ? POLLOUT : 0);
    leave(self);
    return events;
}

static void fail_all(ari_runner *runner, ari_mail *mails)
{
    client *self = (client *)runner;
    ar_error error;
    enter(self);
    ar_error_set(&error, AR_E_CLOSED, "the client was closed");
    while (self->flight != NULL)
        finish_first(self, AR_E_CLOSED, &error);
    while (mails != NULL) {
        call *failed = (call *)(void *)((char *)mails - offsetof(call, mail));
        mails = mails->next;
        ari_future_finish(&failed->future, AR_E_CLOSED, &error);
        ari_future_unref(&failed->future);
    }
    leave(self);
}

static void gone(ari_runner *runner)
{
    client *self = (client *)runner;
    ari_runner_unwatch(runner);
    test_latch_raise(&self->gone);
}

static const ari_runner_class client_class = { .batch = batch, .fail = fail_all, .gone = gone, .progress = progress };

/* Waiting helps, as it does for a connection. */
static ar_status assist(ar_future *future, int64_t deadline, ar_error *err);
static const ari_future_class call_class = { .destroy = destroy_call, .assist = assist };
static client *assisted;

static ar_status assist(ar_future *future, int64_t deadline, ar_error *err)
{
    (void)err;
    if (assisted->runtime->help)
        ari_runner_help(&assisted->runner, future, deadline);
    return AR_OK;
}

static call *start_call(client *self)
{
    call *made = calloc(1, sizeof *made);
    if (made == NULL)
        abort();
    ari_future_init(&made->future, &call_class, self->runtime, 2);
    ari_runner_push(&self->runner, &made->mail);
    return made;
}

typedef struct fixture {
    client client;
    ari_worker *worker;
    int server;
    pthread_t echo;
    bool echoing;
} fixture;

static void *echo(void *arg)
{
    int fd = *(int *)arg;
    char bytes[64];
    for (;;) {
        ssize_t got = recv(fd, bytes, sizeof bytes, 0);
        if (got <= 0 && errno != EINTR)
            return NULL;
        for (ssize_t sent = 0; sent < got;) {
            ssize_t count = send(fd, bytes + sent, (size_t)(got - sent), MSG_NOSIGNAL);
            if (count < 0)
                return NULL;
            sent += count;
        }
    }
}

static void open_client(fixture *f, ar_help help, bool echoing)
{
    int fds[2];
    ar_runtime_options options = { .help = help };
    *f = (fixture){ .echoing = echoing, .client.gone = TEST_LATCH };
    assert_int_equal(ar_runtime_create(&options, &f->client.runtime, NULL), AR_OK);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    f->client.fd = fds[0];
    f->server = fds[1];
    f->client.flight_end = &f->client.flight;
    assert_int_equal(ari_worker_start(&f->client.runtime->env, "client", 0, &f->worker, NULL), AR_OK);
    ari_runner_init(&f->client.runner, &client_class, f->worker);
    assert_int_equal(ari_runner_watch(&f->client.runner, NULL), AR_OK);
    assisted = &f->client;
    if (echoing)
        assert_int_equal(pthread_create(&f->echo, NULL, echo, &f->server), 0);
}

static void close_client(fixture *f)
{
    ari_runner_close(&f->client.runner);
    assert_true(test_latch_wait(&f->client.gone, 1));
    ari_worker_stop(f->worker);
    shutdown(f->client.fd, SHUT_RDWR);
    if (f->echoing)
        pthread_join(f->echo, NULL);
    close(f->client.fd);
    close(f->server);
    assert_false(atomic_load(&f->client.crowded));
    assert_int_equal(ar_runtime_close(&f->client.runtime, NULL), AR_OK);
}

static void executor_completes_what_nobody_waits_for(void **state)
{
    fixture f;
    (void)state;
    open_client(&f, AR_HELP_OFF, true);
    for (int i = 0; i < 200; i++) {
        call *made = start_call(&f.client);
        ari_runner_wake(&f.client.runner);
        assert_int_equal(
            ari_future_wait_until(&made->future, ari_deadline_after(f.client.runtime, TEST_PATIENCE), NULL), AR_OK);
        assert_int_equal(made->future.status, AR_OK);
        assert_false(pthread_equal(made->completed_on, pthread_self()));
        ari_future_unref(&made->future);
    }
    close_client(&f);
}

static void helper_sleeps_on_the_descriptor_and_completes_its_own(void **state)
{
    fixture f;
    int here = 0;
    (void)state;
    open_client(&f, AR_HELP_ON, true);
    for (int i = 0; i < 200; i++) {
        call *made = start_call(&f.client);
        if (!ari_runner_help(&f.client.runner, &made->future, INT64_MAX))
            ari_runner_wake(&f.client.runner);
        assert_int_equal(
            ari_future_wait_until(&made->future, ari_deadline_after(f.client.runtime, TEST_PATIENCE), NULL), AR_OK);
        here += pthread_equal(made->completed_on, pthread_self()) != 0;
        ari_future_unref(&made->future);
    }
    assert_int_equal(here, 200);
    close_client(&f);
}

static void helper_leaves_at_its_deadline_and_the_answer_still_comes(void **state)
{
    fixture f;
    (void)state;
    open_client(&f, AR_HELP_ON, false);
    const ar_env *env = &f.client.runtime->env;
    call *made = start_call(&f.client);
    int64_t deadline = env->now(env->ctx) + 20000;
    assert_true(ari_runner_help(&f.client.runner, &made->future, deadline));
    assert_true(env->now(env->ctx) >= deadline);
    assert_false(ar_future_is_done(&made->future));
    assert_int_equal(send(f.server, "x", 1, MSG_NOSIGNAL), 1); /* nobody runs the actor: its executor was armed */
    f.client.runtime->help = false;
    assert_int_equal(ari_future_wait_until(&made->future, ari_deadline_after(f.client.runtime, TEST_PATIENCE), NULL),
                     AR_OK);
    assert_false(pthread_equal(made->completed_on, pthread_self()));
    ari_future_unref(&made->future);
    close_client(&f);
}

/* Waits for the first byte, then posts a second call; only the byte of that makes it answer both. */
static void *post_second_and_answer_both(void *arg)
{
    fixture *f = arg;
    char byte;
    call *second = NULL;
    if (recv(f->server, &byte, 1, 0) == 1) {
        second = start_call(&f->client);
        ari_runner_wake(&f->client.runner);
        if (recv(f->server, &byte, 1, 0) != 1 || send(f->server, "xx", 2, MSG_NOSIGNAL) != 2)
            return NULL;
    }
    return second;
}

static void posting_nudges_a_helper_that_sleeps(void **state)
{
    fixture f;
    pthread_t server;
    void *second = NULL;
    (void)state;
    open_client(&f, AR_HELP_ON, false);
    assert_int_equal(pthread_create(&server, NULL, post_second_and_answer_both, &f), 0);
    call *first = start_call(&f.client);
    assert_true(ari_runner_help(&f.client.runner, &first->future, ari_deadline_after(f.client.runtime, TEST_PATIENCE)));
    assert_true(ar_future_is_done(&first->future));
    assert_int_equal(pthread_join(server, &second), 0);
    assert_non_null(second);
    assert_int_equal(
        ari_future_wait_until(&((call *)second)->future, ari_deadline_after(f.client.runtime, TEST_PATIENCE), NULL),
        AR_OK);
    ari_future_unref(&first->future);
    ari_future_unref(&((call *)second)->future);
    close_client(&f);
}

enum { THREADS = 4, CALLS = 2000 };

static void *call_many(void *arg)
{
    client *self = arg;
    uintptr_t bad = 0;
    for (int i = 0; i < CALLS; i++) {
        call *made = start_call(self);
        if (i % 3 == 0 || !self->runtime->help || !ari_runner_help(&self->runner, &made->future, INT64_MAX))
            ari_runner_wake(&self->runner);
        if (ari_future_wait_until(&made->future, ari_deadline_after(self->runtime, TEST_PATIENCE), NULL) != AR_OK)
            bad++;
        ari_future_unref(&made->future);
    }
    return (void *)bad;
}

static void calls_of_many_threads_all_complete(ar_help help)
{
    fixture f;
    pthread_t threads[THREADS];
    open_client(&f, help, true);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, call_many, &f.client), 0);
    for (int i = 0; i < THREADS; i++) {
        void *bad = NULL;
        assert_int_equal(pthread_join(threads[i], &bad), 0);
        assert_null(bad);
    }
    close_client(&f);
}

static void calls_of_many_threads_all_complete_helped(void **state)
{
    (void)state;
    calls_of_many_threads_all_complete(AR_HELP_ON);
}

static void calls_of_many_threads_all_complete_without_help(void **state)
{
    (void)state;
    calls_of_many_threads_all_complete(AR_HELP_OFF);
}

static void closing_fails_what_is_in_flight(void **state)
{
    fixture f;
    call *calls[10];
    (void)state;
    open_client(&f, AR_HELP_OFF, false);
    for (int i = 0; i < 10; i++)
        calls[i] = start_call(&f.client);
    ari_runner_wake(&f.client.runner);
    char bytes[16];
    ssize_t got = 0;
    while (got < 10) {
        ssize_t now = recv(f.server, bytes, sizeof bytes, 0);
        assert_true(now > 0);
        got += now;
    }
    ari_runner_close(&f.client.runner);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(
            ari_future_wait_until(&calls[i]->future, ari_deadline_after(f.client.runtime, TEST_PATIENCE), NULL), AR_OK);
        assert_int_equal(calls[i]->future.status, AR_E_CLOSED);
        ari_future_unref(&calls[i]->future);
    }
    close_client(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(executor_completes_what_nobody_waits_for),
        cmocka_unit_test(helper_sleeps_on_the_descriptor_and_completes_its_own),
        cmocka_unit_test(helper_leaves_at_its_deadline_and_the_answer_still_comes),
        cmocka_unit_test(posting_nudges_a_helper_that_sleeps),
        cmocka_unit_test(calls_of_many_threads_all_complete_helped),
        cmocka_unit_test(calls_of_many_threads_all_complete_without_help),
        cmocka_unit_test(closing_fails_what_is_in_flight),
    };
    return cmocka_run_group_tests_name("readiness", tests, NULL, NULL);
}
