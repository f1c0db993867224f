/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/actors.h"

enum { WATCH = 1, UNWATCH, DIE, KEEP_NEXT, COUNT };

/* An actor that monitors others and writes down what it is told. */
typedef struct watchman {
    test_latch told;
    ar_down last;
    int downs;
    bool was_alive; /* the handle, or the name, when it was told */
    const char *name;
    uint64_t monitor;
    bool keeps;
    ar_message kept;
} watchman;

static ar_status told(ar_context *self, watchman *w, ar_message *message)
{
    w->last = *(const ar_down *)message->data;
    w->downs++;
    w->was_alive |= ar_actor_is_alive(w->last.actor);
    if (w->name != NULL)
        w->was_alive |= ar_actor_find(ar_context_runtime(self), w->name) != NULL;
    if (w->keeps) {
        w->kept = *message;
        message->release = NULL;
    }
    test_latch_raise(&w->told);
    return AR_OK;
}

static ar_status watch(ar_context *self, void *state, ar_message *message, ar_error *err)
{
    watchman *w = state;
    switch (message->kind) {
    case AR_MESSAGE_DOWN: return told(self, w, message);
    case WATCH: return ar_context_monitor(self, message->data, &w->monitor, err);
    case UNWATCH: ar_context_demonitor(self, w->monitor); break;
    case DIE: return ar_error_set(err, (ar_status)message->number, "died of %d", (int)message->number);
    case COUNT: ar_context_reply(self, (ar_message){ .number = w->downs }); break;
    default: break;
    }
    return AR_OK;
}

static void start_watch(ar_actor *watcher, ar_actor *target)
{
    assert_int_equal(ar_actor_call(watcher, (ar_message){ .kind = WATCH, .data = target }, NULL, NULL, NULL), AR_OK);
}

static void monitor_is_told_once_and_why(void **state)
{
    ar_runtime *runtime = test_runtime(2);
    watchman w = { .told = TEST_LATCH, .name = "target" }, t = { .told = TEST_LATCH };
    ar_actor *watcher = test_spawn(runtime, watch, &w), *target = NULL;
    (void)state;
    assert_int_equal(ar_actor_spawn(runtime, &(ar_actor_options){ .name = "target", .behaviour = watch, .state = &t },
                                    &target, NULL),
                     AR_OK);
    start_watch(watcher, target);
    assert_int_equal(test_tell(target, DIE, AR_E_IO), AR_OK);
    assert_true(test_latch_wait(&w.told, 1));
    assert_int_equal(ar_runtime_close(&runtime, NULL), AR_OK);
    assert_int_equal(w.downs, 1);
    assert_ptr_equal(w.last.actor, target);
    assert_int_equal(w.last.monitor, w.monitor);
    assert_int_equal(w.last.reason, AR_E_IO);
    assert_int_equal(w.last.error.status, AR_E_IO);
    assert_string_equal(w.last.error.message, "died of 20");
    assert_false(w.was_alive); /* stale, and the name free, by then */
}

static void stopped_actor_went_well(void **state)
{
    ar_runtime *runtime = test_runtime(2);
    watchman w = { .told = TEST_LATCH }, t = { .told = TEST_LATCH };
    ar_actor *watcher = test_spawn(runtime, watch, &w), *target = test_spawn(runtime, watch, &t);
    (void)state;
    start_watch(watcher, target);
    assert_int_equal(ar_actor_stop(target, NULL), AR_OK);
    assert_true(test_latch_wait(&w.told, 1));
    assert_int_equal(ar_runtime_close(&runtime, NULL), AR_OK);
    assert_int_equal(w.last.reason, AR_OK);
}

static void actor_that_has_ended_is_told_at_once(void **state)
{
    ar_runtime *runtime = test_runtime(2);
    watchman w = { .told = TEST_LATCH }, t = { .told = TEST_LATCH };
    ar_actor *watcher = test_spawn(runtime, watch, &w), *target = test_spawn(runtime, watch, &t);
    (void)state;
    assert_int_equal(ar_actor_stop(target, NULL), AR_OK);
    assert_int_equal(test_await_end(target, NULL), AR_OK);
    start_watch(watcher, target);
    assert_true(test_latch_wait(&w.told, 1));
    assert_int_equal(ar_runtime_close(&runtime, NULL), AR_OK);
    assert_int_equal(w.downs, 1);
    assert_int_equal(w.last.reason, AR_E_CLOSED);
    assert_ptr_equal(w.last.actor, target);
}

static void monitor_that_was_taken_back_is_not_told(void **state)
{
    ar_runtime *runtime = test_runtime(2);
    watchman w = { .told = TEST_LATCH }, t = { .told = TEST_LATCH };
    ar_actor *watcher = test_spawn(runtime, watch, &w), *target = test_spawn(runtime, watch, &t);
    (void)state;
    start_watch(watcher, target);
    assert_int_equal(ar_actor_call(watcher, (ar_message){ .kind = UNWATCH }, NULL, NULL, NULL), AR_OK);
    assert_int_equal(ar_actor_call(watcher, (ar_message){ .kind = UNWATCH }, NULL, NULL, NULL),
                     AR_OK); /* a second time */
    assert_int_equal(ar_actor_stop(target, NULL), AR_OK);
    assert_int_equal(test_await_end(target, NULL), AR_OK);
    assert_int_equal(test_ask(watcher, COUNT, 0, NULL), 0);
    assert_int_equal(ar_runtime_close(&runtime, NULL), AR_OK);
}

static void two_monitors_are_told_twice(void **state)
{
    ar_runtime *runtime = test_runtime(2);
    watchman w = { .told = TEST_LATCH }, t = { .told = TEST_LATCH };
    ar_actor *watcher = test_spawn(runtime, watch, &w), *target = test_spawn(runtime, watch, &t);
    (void)state;
    start_watch(watcher, target);
    uint64_t first = w.monitor;
    start_watch(watcher, target);
    assert_int_not_equal(first, w.monitor);
    assert_int_equal(ar_actor_stop(target, NULL), AR_OK);
    assert_true(test_latch_wait(&w.told, 2));
    assert_int_equal(ar_runtime_close(&runtime, NULL), AR_OK);
    assert_int_equal(w.downs, 2);
}

static void actor_may_monitor_itself_in_vain(void **state)
{
    test_memory memory = { .refuse_at = 0 };
    ar_runtime_options options = { .workers = 1 };
    ar_runtime *runtime = NULL;
    watchman w = { .told = TEST_LATCH };
    (void)state;
    test_memory_use(&memory, &options);
    assert_int_equal(ar_runtime_create(&options, &runtime, NULL), AR_OK);
    ar_actor *watcher = test_spawn(runtime, watch, &w);
    start_watch(watcher, watcher);
    assert_int_equal(ar_actor_stop(watcher, NULL), AR_OK);
    assert_int_equal(ar_runtime_close(&runtime, NULL), AR_OK);
    assert_int_equal(w.downs, 0);
    assert_int_equal(memory.live, 0);
}

static void full_mailbox_does_not_lose_the_message(void **state)
{
    ar_runtime *runtime = test_runtime(1);
    watchman w = { .told = TEST_LATCH }, t = { .told = TEST_LATCH };
    ar_actor *watcher = NULL, *target = test_spawn(runtime, watch, &t);
    (void)state;
    assert_int_equal(ar_actor_spawn(runtime, &(ar_actor_options){ .behaviour = watch, .state = &w, .mailbox_limit = 1 },
                                    &watcher, NULL),
                     AR_OK);
    start_watch(watcher, target);
    assert_int_equal(test_tell(target, DIE, AR_E_IO), AR_OK);
    for (int i = 0; i < 1000; i++)
        ar_ignore(test_tell(watcher, 0, 0));
    assert_true(test_latch_wait(&w.told, 1));
    assert_int_equal(ar_runtime_close(&runtime, NULL), AR_OK);
}

static void message_may_be_kept_beyond_actor_and_runtime(void **state)
{
    test_memory memory = { .refuse_at = 0 };
    ar_runtime_options options = { .workers = 1 };
    ar_runtime *runtime = NULL;
    watchman w = { .told = TEST_LATCH, .keeps = true }, t = { .told = TEST_LATCH };
    (void)state;
    test_memory_use(&memory, &options);
    assert_int_equal(ar_runtime_create(&options, &runtime, NULL), AR_OK);
    ar_actor *watcher = test_spawn(runtime, watch, &w), *target = test_spawn(runtime, watch, &t);
    start_watch(watcher, target);
    assert_int_equal(test_tell(target, DIE, AR_E_CORRUPT), AR_OK);
    assert_true(test_latch_wait(&w.told, 1));
    assert_int_equal(ar_runtime_close(&runtime, NULL), AR_OK);
    assert_int_equal(((const ar_down *)w.kept.data)->reason, AR_E_CORRUPT);
    assert_true(memory.live > 0);
    w.kept.release(w.kept.data);
    assert_int_equal(memory.live, 0);
}

static void monitors_cross_runtimes(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        ar_runtime *ours = test_runtime(1), *theirs = test_runtime(1);
        watchman w = { .told = TEST_LATCH }, t = { .told = TEST_LATCH };
        ar_actor *watcher = test_spawn(ours, watch, &w), *target = test_spawn(theirs, watch, &t);
        start_watch(watcher, target);
        assert_int_equal(ar_runtime_close(i % 2 == 0 ? &ours : &theirs, NULL), AR_OK);
        assert_int_equal(ar_runtime_close(i % 2 == 0 ? &theirs : &ours, NULL), AR_OK);
        assert_int_equal(w.downs, i % 2);
    }
}

typedef struct end {
    ar_done future;
    pthread_t thread;
    ar_status status;
} end;

static void *await_end(void *arg)
{
    end *e = arg;
    e->status = ar_done_await(&e->future, NULL);
    return NULL;
}

static void many_wait_for_the_same_end(void **state)
{
    ar_runtime *runtime = test_runtime(1);
    watchman t = { .told = TEST_LATCH };
    ar_actor *target = test_spawn(runtime, watch, &t);
    end ends[5];
    (void)state;
    for (int i = 0; i < 5; i++) {
        ends[i].future = ar_actor_ended(target);
        assert_int_equal(pthread_create(&ends[i].thread, NULL, await_end, &ends[i]), 0);
    }
    ar_done cancelled = ar_actor_ended(target);
    assert_int_equal(ar_future_cancel(cancelled.raw, NULL), AR_OK);
    assert_int_equal(test_tell(target, DIE, AR_E_STALE), AR_OK);
    for (int i = 0; i < 5; i++) {
        pthread_join(ends[i].thread, NULL);
        assert_int_equal(ends[i].status, AR_E_STALE);
    }
    assert_int_equal(ar_done_await(&cancelled, NULL), AR_E_CANCELLED);
    assert_int_equal(ar_runtime_close(&runtime, NULL), AR_OK);
}

/* Actors on two workers that monitor each other and end at the same time. */
static void mutual_monitors_end_together(void **state)
{
    test_memory memory = { .refuse_at = 0 };
    ar_runtime_options options = { .workers = 2 };
    ar_runtime *runtime = NULL;
    (void)state;
    test_memory_use(&memory, &options);
    assert_int_equal(ar_runtime_create(&options, &runtime, NULL), AR_OK);
    for (int i = 0; i < 500; i++) {
        watchman a = { .told = TEST_LATCH }, b = { .told = TEST_LATCH };
        ar_actor *first = test_spawn(runtime, watch, &a), *second = test_spawn(runtime, watch, &b);
        start_watch(first, second);
        start_watch(second, first);
        assert_int_not_equal(test_tell(first, DIE, AR_E_IO), AR_E_NO_MEMORY);
        assert_int_not_equal(test_tell(second, DIE, AR_E_IO), AR_E_NO_MEMORY);
        ar_ignore(test_await_end(first, NULL));
        ar_ignore(test_await_end(second, NULL));
        assert_true(a.downs <= 1 && b.downs <= 1);
    }
    assert_int_equal(ar_runtime_close(&runtime, NULL), AR_OK);
    assert_int_equal(memory.live, 0);
}

typedef struct stopper {
    pthread_t thread;
    _Atomic(ar_actor *) next;
    _Atomic bool over;
} stopper;

static void *stop_each(void *arg)
{
    stopper *s = arg;
    while (!atomic_load(&s->over)) {
        ar_actor *actor = atomic_exchange(&s->next, NULL);
        if (actor != NULL)
            ar_ignore(ar_actor_stop(actor, NULL));
    }
    return NULL;
}

static void end_is_told_to_who_asks_at_that_moment(void **state)
{
    ar_runtime *runtime = test_runtime(1);
    stopper s = { .next = NULL };
    (void)state;
    assert_int_equal(pthread_create(&s.thread, NULL, stop_each, &s), 0);
    for (int i = 0; i < 3000; i++) {
        ar_actor *actor = test_spawn(runtime, test_echo, NULL);
        atomic_store(&s.next, actor);
        ar_status status = AR_OK;
        for (int k = 0; k < 20 && status == AR_OK; k++) {
            ar_done ended = ar_actor_ended(actor);
            status = ar_done_await_for(&ended, k == 19 ? TEST_PATIENCE : 0, NULL);
            if (status == AR_E_PENDING && k < 19)
                status = AR_OK;
            ar_future_drop(&ended.raw);
        }
        assert_int_equal(status, AR_OK);
    }
    atomic_store(&s.over, true);
    pthread_join(s.thread, NULL);
    assert_int_equal(ar_runtime_close(&runtime, NULL), AR_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(monitor_is_told_once_and_why),
        cmocka_unit_test(stopped_actor_went_well),
        cmocka_unit_test(actor_that_has_ended_is_told_at_once),
        cmocka_unit_test(monitor_that_was_taken_back_is_not_told),
        cmocka_unit_test(two_monitors_are_told_twice),
        cmocka_unit_test(actor_may_monitor_itself_in_vain),
        cmocka_unit_test(full_mailbox_does_not_lose_the_message),
        cmocka_unit_test(message_may_be_kept_beyond_actor_and_runtime),
        cmocka_unit_test(monitors_cross_runtimes),
        cmocka_unit_test(many_wait_for_the_same_end),
        cmocka_unit_test(mutual_monitors_end_together),
        cmocka_unit_test(end_is_told_to_who_asks_at_that_moment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
