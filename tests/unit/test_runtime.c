/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <actrec/supervisor.h>
#include <actrec/timer.h>

#include "actors/runtime.h"
#include "tests/support/actors.h"

static void wrong_options_are_refused(void **state)
{
    ar_env short_env = *ar_env_default();
    test_memory memory = { .refuse_at = 0 };
    ar_runtime_options wrong[] = {
        { .workers = 65 }, { .stack_size = 65535 }, { .struct_size = 1 }, { .env = &short_env }, { .workers = 1 }
    };
    ar_runtime *runtime = (ar_runtime *)&memory;
    ar_error error;
    (void)state;
    short_env.struct_size = 8;
    test_memory_use(&memory, &wrong[4]);
    wrong[4].reallocate = NULL;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(ar_runtime_create(&wrong[i], &runtime, &error), AR_E_INVALID);
        assert_null(runtime);
        assert_true(error.message[0] != '\0');
    }
    assert_int_equal(ar_runtime_create(NULL, NULL, &error), AR_E_INVALID);
}

static void null_runtime_is_closed_already(void **state)
{
    ar_runtime *none = NULL;
    (void)state;
    assert_int_equal(ar_runtime_close(NULL, NULL), AR_OK);
    assert_int_equal(ar_runtime_close(&none, NULL), AR_OK);
}

static void default_runtime_is_one_and_cannot_be_closed(void **state)
{
    ar_runtime *runtime = ar_runtime_default(NULL);
    (void)state;
    assert_non_null(runtime);
    assert_ptr_equal(ar_runtime_default(NULL), runtime);
    ar_actor *actor = test_spawn(NULL, test_echo, NULL);
    assert_int_equal(test_ask(actor, 0, 1, NULL), 2);
    ar_runtime *closed = runtime;
    assert_int_equal(ar_runtime_close(&closed, NULL), AR_E_INVALID);
    assert_ptr_equal(closed, runtime);
    assert_ptr_equal(ar_runtime_executor(NULL), ar_runtime_executor(runtime));
    assert_int_equal(ar_actor_stop(actor, NULL), AR_OK);
    assert_int_equal(test_await_end(actor, NULL), AR_OK);
}

static void runtime_with_databases_is_busy(void **state)
{
    ar_runtime *runtime = test_runtime(1);
    (void)state;
    assert_non_null(runtime);
    assert_int_equal(ari_runtime_hold(runtime, NULL), AR_OK);
    assert_int_equal(ar_runtime_close(&runtime, NULL), AR_E_BUSY);
    assert_non_null(runtime);
    ari_runtime_unhold(runtime);
    assert_int_equal(ar_runtime_close(&runtime, NULL), AR_OK);
}

/* --- closing --- */

typedef struct many {
    ar_actor *self_told;
    int handled;
    int order;
    int *next_end;
    int ended_as;
} many;

static ar_status handle(ar_context *self, void *state, ar_message *message, ar_error *err)
{
    many *m = state;
    (void)self;
    (void)message;
    (void)err;
    m->handled++;
    return AR_OK;
}

static void note_end(void *state, ar_status reason)
{
    many *m = state;
    (void)reason;
    m->ended_as = (*m->next_end)++;
}

static void close_stops_the_last_spawned_first_after_its_mail(void **state)
{
    enum { ACTORS = 20 };
    ar_runtime *runtime = test_runtime(3);
    many actors[ACTORS];
    int ends = 0;
    (void)state;
    for (int i = 0; i < ACTORS; i++) {
        ar_actor *actor = NULL;
        actors[i] = (many){ .next_end = &ends };
        ar_actor_options options = {
            .behaviour = handle, .state = &actors[i], .terminate = note_end, .own_thread = i % 5 == 0
        };
        assert_int_equal(ar_actor_spawn(runtime, &options, &actor, NULL), AR_OK);
        for (int k = 0; k < 200; k++)
            assert_int_equal(test_tell(actor, 0, k), AR_OK);
    }
    assert_int_equal(ar_runtime_close(&runtime, NULL), AR_OK);
    for (int i = 0; i < ACTORS; i++) {
        assert_int_equal(actors[i].handled, 200);
        assert_int_equal(actors[i].ended_as, ACTORS - 1 - i);
    }
}

static void count_call(void *arg, ar_status status, ar_message *reply, const ar_error *err)
{
    (void)status;
    (void)reply;
    (void)err;
    atomic_fetch_add((_Atomic int *)arg, 1);
}

static void close_completes_every_future_and_callback(void **state)
{
    enum { EACH = 300 };
    static ar_reply_future asks[EACH];
    static ar_done timers[EACH];
    _Atomic int calls = 0;
    (void)state;
    for (int round = 0; round < 10; round++) {
        ar_runtime *runtime = test_runtime(2);
        ar_actor *echo = test_spawn(runtime, test_echo, NULL);
        calls = 0;
        for (int i = 0; i < EACH; i++) {
            asks[i] = ar_actor_ask(echo, (ar_message){ .number = i },
                                   &(ar_send_options){ .timeout_ms = i % 2 == 0 ? 0 : TEST_HOUR });
            timers[i] = ar_timer_after(runtime, i % 2 == 0 ? 0 : TEST_HOUR);
            ar_reply_future called = ar_actor_ask(echo, (ar_message){ .number = i }, NULL);
            assert_int_equal(ar_reply_then(&called, ar_runtime_executor(runtime), count_call, &calls, NULL), AR_OK);
        }
        ar_done ended = ar_actor_ended(echo);
        assert_int_equal(ar_runtime_close(&runtime, NULL), AR_OK);
        assert_int_equal(calls, EACH);
        assert_int_equal(ar_done_await_for(&ended, 0, NULL), AR_OK);
        for (int i = 0; i < EACH; i++) {
            assert_int_equal(ar_reply_await_for(&asks[i], 0, NULL, NULL), AR_OK);
            ar_status status = ar_done_await_for(&timers[i], 0, NULL);
            assert_true(status == AR_E_CLOSED || (i % 2 == 0 && status == AR_OK));
        }
    }
}

typedef struct intruder {
    pthread_t thread;
    ar_actor *actor;
    _Atomic int *started;
    int lost;
} intruder;

static void *tell_and_ask(void *arg)
{
    intruder *self = arg;
    bool refused = false;
    atomic_fetch_add(self->started, 1);
    for (int i = 0; i < 100000 && !refused; i++) {
        if (i % 3 == 0) {
            ar_reply_future future = ar_actor_ask(self->actor, (ar_message){ .number = i },
                                                  &(ar_send_options){ .timeout_ms = i % 2 == 0 ? 0 : TEST_HOUR });
            ar_status status = ar_reply_await_for(&future, TEST_PATIENCE, NULL, NULL);
            refused = status == AR_E_CLOSED;
            self->lost += status != AR_OK && !refused;
        } else {
            refused = test_tell(self->actor, 0, i) == AR_E_CLOSED;
        }
    }
    return NULL;
}

static void runtime_closes_under_threads_that_use_its_actors(void **state)
{
    (void)state;
    for (int round = 0; round < 40; round++) {
        ar_runtime *runtime = test_runtime(1);
        _Atomic int started = 0;
        intruder intruders[3];
        for (int i = 0; i < 3; i++) {
            ar_actor *actor = NULL;
            ar_actor_options options = { .behaviour = test_echo, .helpable = i == 1, .own_thread = i == 2 };
            assert_int_equal(ar_actor_spawn(runtime, &options, &actor, NULL), AR_OK);
            intruders[i] = (intruder){ .actor = actor, .started = &started };
            assert_int_equal(pthread_create(&intruders[i].thread, NULL, tell_and_ask, &intruders[i]), 0);
        }
        while (atomic_load(&started) < 3)
            sched_yield();
        assert_int_equal(ar_runtime_close(&runtime, NULL), AR_OK);
        for (int i = 0; i < 3; i++) {
            pthread_join(intruders[i].thread, NULL);
            assert_int_equal(test_tell(intruders[i].actor, 0, 0), AR_E_CLOSED);
            assert_int_equal(intruders[i].lost, 0);
        }
    }
}

typedef struct closer {
    test_latch called;
    ar_runtime *runtime;
    ar_status status;
} closer;

static void close_inside(void *arg, ar_status status, const ar_error *err)
{
    closer *c = arg;
    ar_runtime *runtime = c->runtime;
    (void)status;
    (void)err;
    c->status = ar_runtime_close(&runtime, NULL);
    test_latch_raise(&c->called);
}

static void closing_on_a_worker_of_its_own_is_refused(void **state)
{
    closer c = { .called = TEST_LATCH, .runtime = test_runtime(1) };
    ar_done now = ar_future_all(NULL, 0);
    (void)state;
    assert_int_equal(ar_done_then(&now, ar_runtime_executor(c.runtime), close_inside, &c, NULL), AR_OK);
    assert_true(test_latch_wait(&c.called, 1));
    assert_int_equal(c.status, AR_E_DEADLOCK);
    assert_int_equal(ar_runtime_close(&c.runtime, NULL), AR_OK);
}

/* What a behaviour tries while its runtime closes: it is stopped like the others, with this letter before the stop. */
typedef struct late {
    test_latch entered, gate;
    ar_status spawned, sent, asked;
    ar_runtime *runtime;
} late;

static ar_status try_late(ar_context *self, void *state, ar_message *message, ar_error *err)
{
    late *l = state;
    ar_actor *actor = NULL;
    (void)message;
    (void)err;
    test_latch_raise(&l->entered);
    while (!ari_runtime_is_closing(l->runtime))
        sched_yield();
    l->spawned = ar_actor_spawn(ar_context_runtime(self), &(ar_actor_options){ .behaviour = test_echo }, &actor, NULL);
    l->sent = ar_context_send_after(self, 1, (ar_message){ .kind = 1 }, NULL);
    ar_done timer = ar_timer_after(ar_context_runtime(self), 1);
    l->asked = ar_done_await_for(&timer, 0, NULL);
    ar_future_drop(&timer.raw);
    return AR_OK;
}

static void closing_runtime_takes_nothing_new(void **state)
{
    late l = { .entered = TEST_LATCH, .gate = TEST_LATCH, .runtime = test_runtime(1) };
    ar_actor *actor = test_spawn(l.runtime, try_late, &l);
    (void)state;
    assert_int_equal(test_tell(actor, 0, 0), AR_OK);
    assert_true(test_latch_wait(&l.entered, 1));
    ar_runtime *closed = l.runtime;
    assert_int_equal(ar_runtime_close(&closed, NULL), AR_OK);
    assert_int_equal(l.spawned, AR_E_CLOSED);
    assert_int_equal(l.sent, AR_E_CLOSED);
    assert_int_equal(l.asked, AR_E_CLOSED);
}

/* --- memory --- */

static ar_status fail_sometimes(ar_context *self, void *state, ar_message *message, ar_error *err)
{
    (void)state;
    if (message->number % 7 == 0)
        return ar_error_set(err, AR_E_IO, "number %d", (int)message->number);
    return ar_context_send_after(self, message->number % 3, (ar_message){ .number = message->number - 1 }, err);
}

static void all_memory_comes_from_the_hooks_and_goes_back(void **state)
{
    test_memory memory = { .refuse_at = 0 };
    ar_runtime_options options = { .workers = 2 };
    ar_runtime *runtime = NULL;
    ar_cq *cq = NULL;
    ar_actor *supervisor = NULL;
    _Atomic int calls = 0;
    (void)state;
    test_memory_use(&memory, &options);
    assert_int_equal(ar_runtime_create(&options, &runtime, NULL), AR_OK);
    assert_int_equal(ar_cq_create(runtime, &cq, NULL), AR_OK);
    ar_child children[] = { { .options = { .behaviour = fail_sometimes, .name = "unstable" } } };
    assert_int_equal(
        ar_supervisor_spawn(
            runtime,
            &(ar_supervisor_options){ .children = children, .child_count = 1, .backoff_ms = 1, .max_restarts = 100 },
            &supervisor, NULL),
        AR_OK);
    ar_actor *echo = test_spawn(runtime, test_echo, NULL);
    for (int i = 1; i <= 200; i++) {
        ar_reply_future ask =
            ar_actor_ask(echo, (ar_message){ .number = i }, &(ar_send_options){ .timeout_ms = 60000 });
        assert_int_equal(ar_reply_then(&ask, i % 2 == 0 ? ar_cq_executor(cq) : ar_runtime_executor(runtime), count_call,
                                       &calls, NULL),
                         AR_OK);
        ar_ignore(test_tell(ar_actor_find(runtime, "unstable"), 0, i));
        ar_done timer = ar_timer_after(runtime, i);
        ar_done all = ar_future_all(&timer.raw, 1);
        ar_future_drop(i % 2 == 0 ? &timer.raw : &all.raw);
        ar_future_drop(i % 2 == 0 ? &all.raw : &timer.raw);
    }
    ar_cq_destroy(&cq);
    assert_int_equal(ar_runtime_close(&runtime, NULL), AR_OK);
    assert_int_equal(calls, 200);
    assert_true(memory.allocations > 200);
    assert_int_equal(memory.live, 0);
}

/* --- threads --- */

static _Atomic int foreign_signals;
static pthread_t main_thread;

static void on_signal(int number)
{
    (void)number;
    if (!pthread_equal(pthread_self(), main_thread))
        atomic_fetch_add(&foreign_signals, 1);
}

static int count_threads(void)
{
    int count = 0;
    DIR *tasks = opendir("/proc/self/task");
    while (tasks != NULL && readdir(tasks) != NULL)
        count++;
    if (tasks != NULL)
        closedir(tasks);
    return count - 2; /* . and .. */
}

/* SigBlk of every thread but this one, as proc(5) tells it: all signals that can be blocked. */
static int count_threads_that_take(int signal_number)
{
    DIR *tasks = opendir("/proc/self/task");
    int takers = 0;
    for (struct dirent *entry; (entry = readdir(tasks)) != NULL;) {
        char path[300], line[128];
        unsigned long long blocked = 0;
        if (entry->d_name[0] == '.' || strtol(entry->d_name, NULL, 10) == (long)getpid())
            continue;
        snprintf(path, sizeof path, "/proc/self/task/%s/status", entry->d_name);
        FILE *status = fopen(path, "r");
        while (status != NULL && fgets(line, sizeof line, status) != NULL)
            if (strncmp(line, "SigBlk:", 7) == 0)
                blocked = strtoull(line + 7, NULL, 16);
        if (status != NULL)
            fclose(status);
        takers += (blocked & (1ULL << (signal_number - 1))) == 0;
    }
    closedir(tasks);
    return takers;
}

static void threads_of_the_library_take_no_signals(void **state)
{
    struct sigaction action = { .sa_handler = on_signal }, before;
    int foreign = count_threads_that_take(SIGUSR1); /* the sanitizer's own, say */
    ar_runtime *runtime = test_runtime(3);
    (void)state;
    main_thread = pthread_self();
    sigemptyset(&action.sa_mask);
    assert_int_equal(sigaction(SIGUSR1, &action, &before), 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(test_ask(test_spawn(runtime, test_echo, NULL), 0, 1, NULL), 2);
    ar_done timer = ar_timer_after(runtime, 1);
    assert_int_equal(ar_done_await(&timer, NULL), AR_OK);
    assert_true(count_threads() > 4);
    for (int i = 0; i < 100; i++)
        assert_int_equal(kill(getpid(), SIGUSR1), 0);
    assert_int_equal(foreign_signals, 0);
    assert_int_equal(count_threads_that_take(SIGUSR1), foreign);
    assert_int_equal(count_threads_that_take(SIGTERM), foreign);
    assert_int_equal(ar_runtime_close(&runtime, NULL), AR_OK);
    assert_int_equal(sigaction(SIGUSR1, &before, NULL), 0);
}

static ar_status tell_stack(ar_context *self, void *state, ar_message *message, ar_error *err)
{
    pthread_attr_t attributes;
    size_t size = 0;
    (void)state;
    (void)message;
    (void)err;
    if (pthread_getattr_np(pthread_self(), &attributes) == 0) {
        pthread_attr_getstacksize(&attributes, &size);
        pthread_attr_destroy(&attributes);
    }
    ar_context_reply(self, (ar_message){ .number = (int64_t)size });
    return AR_OK;
}

static void stacks_have_the_size_that_was_asked_for(void **state)
{
    ar_runtime *runtime = NULL;
    (void)state;
    assert_int_equal(ar_runtime_create(&(ar_runtime_options){ .workers = 1, .stack_size = 1 << 20 }, &runtime, NULL),
                     AR_OK);
    int64_t size = test_ask(test_spawn(runtime, tell_stack, NULL), 0, 0, NULL);
    assert_in_range(size, (1 << 20) - (64 << 10), (1 << 20) + (64 << 10));
    assert_int_equal(ar_runtime_close(&runtime, NULL), AR_OK);
}

static void threads_end_with_the_runtime(void **state)
{
    ar_runtime *first = test_runtime(4);
    (void)state;
    for (int i = 0; i < 4; i++)
        assert_int_equal(test_ask(test_spawn(first, test_echo, NULL), 0, 1, NULL), 2);
    assert_int_equal(ar_runtime_close(&first, NULL), AR_OK);
    int before = count_threads();
    for (int i = 0; i < 5; i++) {
        ar_runtime *runtime = test_runtime(4);
        for (int k = 0; k < 4; k++)
            assert_int_equal(test_ask(test_spawn(runtime, test_echo, NULL), 0, 1, NULL), 2);
        assert_int_equal(ar_runtime_close(&runtime, NULL), AR_OK);
    }
    for (int i = 0; i < 1000 && count_threads() > before; i++) /* a joined thread may stay in /proc for a moment */
        sched_yield();
    assert_int_equal(count_threads(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_options_are_refused),
        cmocka_unit_test(null_runtime_is_closed_already),
        cmocka_unit_test(default_runtime_is_one_and_cannot_be_closed),
        cmocka_unit_test(runtime_with_databases_is_busy),
        cmocka_unit_test(close_stops_the_last_spawned_first_after_its_mail),
        cmocka_unit_test(close_completes_every_future_and_callback),
        cmocka_unit_test(runtime_closes_under_threads_that_use_its_actors),
        cmocka_unit_test(closing_on_a_worker_of_its_own_is_refused),
        cmocka_unit_test(closing_runtime_takes_nothing_new),
        cmocka_unit_test(all_memory_comes_from_the_hooks_and_goes_back),
        cmocka_unit_test(threads_of_the_library_take_no_signals),
        cmocka_unit_test(stacks_have_the_size_that_was_asked_for),
        cmocka_unit_test(threads_end_with_the_runtime),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
