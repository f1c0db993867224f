/* SPDX-License-Identifier: MIT */
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <actrec/executor.h>
#include <actrec/timer.h>

#include "tests/support/actors.h"

typedef struct world {
    ar_runtime *runtime;
    ar_actor *echo;
    ar_cq *cq;
    int calls;
    pthread_t thread;
} world;

static void open_world(world *w)
{
    *w = (world){ .runtime = test_runtime(1) };
    w->echo = test_spawn(w->runtime, test_echo, NULL);
    assert_int_equal(ar_cq_create(w->runtime, &w->cq, NULL), AR_OK);
}

static void close_world(world *w)
{
    ar_cq_destroy(&w->cq);
    assert_null(w->cq);
    assert_int_equal(ar_runtime_close(&w->runtime, NULL), AR_OK);
}

static void count(void *arg, ar_status status, ar_message *reply, const ar_error *err)
{
    world *w = arg;
    (void)status;
    (void)reply;
    (void)err;
    w->calls++;
    w->thread = pthread_self();
}

static void submit(world *w, int how_many)
{
    for (int i = 0; i < how_many; i++) {
        ar_reply_future answer = ar_actor_ask(w->echo, (ar_message){ .number = i }, NULL);
        assert_int_equal(ar_reply_then(&answer, ar_cq_executor(w->cq), count, w, NULL), AR_OK);
    }
}

static bool is_readable(const world *w, int timeout_ms)
{
    struct pollfd fd = { .fd = ar_cq_fd(w->cq), .events = POLLIN };
    return poll(&fd, 1, timeout_ms) == 1;
}

static void callbacks_run_on_the_thread_that_runs_the_queue(void **state)
{
    world w;
    size_t ran = 0, all = 0;
    (void)state;
    open_world(&w);
    submit(&w, 50);
    while (all < 50) {
        assert_int_equal(ar_cq_run(w.cq, 0, TEST_PATIENCE, &ran, NULL), AR_OK);
        assert_true(ran > 0);
        all += ran;
    }
    assert_int_equal(w.calls, 50);
    assert_true(pthread_equal(w.thread, pthread_self()));
    close_world(&w);
}

static void descriptor_is_readable_while_callbacks_wait(void **state)
{
    world w;
    (void)state;
    open_world(&w);
    assert_false(is_readable(&w, 0));
    submit(&w, 3);
    assert_true(is_readable(&w, TEST_PATIENCE));
    assert_true(is_readable(&w, 0)); /* until they were run */
    while (w.calls < 3) {
        assert_true(is_readable(&w, TEST_PATIENCE));
        assert_int_equal(ar_cq_run(w.cq, 1, TEST_PATIENCE, NULL, NULL), AR_OK);
    }
    assert_false(is_readable(&w, 0));
    submit(&w, 1);
    assert_true(is_readable(&w, TEST_PATIENCE));
    close_world(&w);
    assert_int_equal(w.calls, 4);
}

static void at_most_max_run(void **state)
{
    world w;
    size_t ran = 0;
    (void)state;
    open_world(&w);
    submit(&w, 10);
    assert_int_equal(test_ask(w.echo, 0, 0, NULL), 1); /* so the ten before it are complete */
    assert_int_equal(ar_cq_run(w.cq, 4, 0, &ran, NULL), AR_OK);
    assert_int_equal(ran, 4);
    assert_int_equal(w.calls, 4);
    assert_int_equal(ar_cq_run(w.cq, 0, 0, &ran, NULL), AR_OK);
    assert_int_equal(ran, 6);
    assert_false(is_readable(&w, 0));
    assert_int_equal(ar_cq_run(w.cq, 0, 0, &ran, NULL), AR_E_PENDING);
    assert_int_equal(ran, 0);
    close_world(&w);
}

static void empty_queue_is_pending_after_the_timeout(void **state)
{
    world w;
    ar_error error;
    int64_t before = ar_env_default()->now(NULL);
    (void)state;
    open_world(&w);
    assert_int_equal(ar_cq_run(w.cq, 0, 0, NULL, &error), AR_E_PENDING);
    assert_int_equal(ar_cq_run(w.cq, 0, 3, NULL, &error), AR_E_PENDING);
    assert_true(ar_env_default()->now(NULL) - before >= 3000);
    close_world(&w);
}

static void waiting_run_is_woken(void **state)
{
    world w;
    (void)state;
    open_world(&w);
    for (int i = 0; i < 500; i++) {
        submit(&w, 1);
        assert_int_equal(ar_cq_run(w.cq, 0, -1, NULL, NULL), AR_OK);
        assert_int_equal(w.calls, i + 1);
    }
    close_world(&w);
}

static void destroy_runs_what_is_left(void **state)
{
    world w;
    (void)state;
    open_world(&w);
    submit(&w, 20);
    close_world(&w);
    assert_int_equal(w.calls, 20);
}

static void count_done(void *arg, ar_status status, const ar_error *err)
{
    world *w = arg;
    (void)err;
    w->calls += status == AR_OK;
}

static void destroy_waits_for_futures_that_are_bound(void **state)
{
    world w;
    (void)state;
    open_world(&w);
    ar_done late = ar_timer_after(w.runtime, 20);
    assert_int_equal(ar_done_then(&late, ar_cq_executor(w.cq), count_done, &w, NULL), AR_OK);
    ar_cq_destroy(&w.cq);
    assert_int_equal(w.calls, 1);
    assert_int_equal(ar_runtime_close(&w.runtime, NULL), AR_OK);
}

/* A callback that submits another: refused once the queue is being destroyed, and then the future is consumed. */
typedef struct again {
    world *w;
    ar_status status;
} again;

static void submit_again(void *arg, ar_status status, const ar_error *err)
{
    again *a = arg;
    ar_done more = ar_timer_after(a->w->runtime, 0);
    (void)status;
    (void)err;
    a->status = ar_done_then(&more, ar_cq_executor(a->w->cq), submit_again, a, NULL);
    ar_future_drop(&more.raw);
}

static void callback_may_submit_to_its_own_queue(void **state)
{
    world w;
    again a = { .w = &w, .status = AR_E_PENDING };
    (void)state;
    open_world(&w);
    ar_done first = ar_timer_after(w.runtime, 0);
    assert_int_equal(ar_done_then(&first, ar_cq_executor(w.cq), submit_again, &a, NULL), AR_OK);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(ar_cq_run(w.cq, 0, TEST_PATIENCE, NULL, NULL), AR_OK);
        assert_int_equal(a.status, AR_OK);
    }
    close_world(&w);
    assert_int_not_equal(a.status, AR_OK);
}

/* The poster is still inside the post when the queue's owner has run the callback and frees the queue. */
static void queue_is_destroyed_right_after_its_callback(void **state)
{
    world w;
    (void)state;
    open_world(&w);
    for (int i = 0; i < 1500; i++) {
        ar_cq *cq = NULL;
        assert_int_equal(ar_cq_create(w.runtime, &cq, NULL), AR_OK);
        ar_reply_future answer = ar_actor_ask(w.echo, (ar_message){ .number = i }, NULL);
        assert_int_equal(ar_reply_then(&answer, ar_cq_executor(cq), count, &w, NULL), AR_OK);
        ar_status status = AR_E_PENDING;
        while (status == AR_E_PENDING)
            status = ar_cq_run(cq, 0, i % 2 == 0 ? 0 : -1, NULL, NULL);
        assert_int_equal(status, AR_OK);
        ar_cq_destroy(&cq);
    }
    assert_int_equal(w.calls, 1500);
    close_world(&w);
}

static ar_status run_inside(ar_context *self, void *state, ar_message *message, ar_error *err)
{
    world *w = state;
    ar_status waiting = ar_cq_run(w->cq, 0, -1, NULL, NULL);
    ar_status looking = ar_cq_run(w->cq, 0, 0, NULL, NULL);
    (void)message;
    (void)err;
    ar_context_reply(self, (ar_message){ .number = waiting == AR_E_DEADLOCK && looking == AR_E_PENDING });
    return AR_OK;
}

static void waiting_for_a_queue_in_a_behaviour_is_refused(void **state)
{
    world w;
    (void)state;
    open_world(&w);
    assert_int_equal(test_ask(test_spawn(w.runtime, run_inside, &w), 0, 0, NULL), 1);
    close_world(&w);
}

static void queue_serves_futures_of_other_runtimes_and_outlives_its_own(void **state)
{
    world w;
    ar_runtime *other = test_runtime(1);
    (void)state;
    open_world(&w);
    ar_actor *echo = test_spawn(other, test_echo, NULL);
    ar_reply_future answer = ar_actor_ask(echo, (ar_message){ .number = 1 }, NULL);
    assert_int_equal(ar_reply_then(&answer, ar_cq_executor(w.cq), count, &w, NULL), AR_OK);
    assert_int_equal(ar_runtime_close(&w.runtime, NULL), AR_OK);
    assert_int_equal(ar_cq_run(w.cq, 0, TEST_PATIENCE, NULL, NULL), AR_OK);
    assert_int_equal(w.calls, 1);
    ar_cq_destroy(&w.cq);
    assert_int_equal(ar_runtime_close(&other, NULL), AR_OK);
}

static void null_queues_are_answered(void **state)
{
    ar_cq *none = NULL;
    ar_error error;
    size_t ran = 9;
    (void)state;
    assert_null(ar_cq_executor(NULL));
    assert_int_equal(ar_cq_fd(NULL), -1);
    assert_int_equal(ar_cq_run(NULL, 0, 0, &ran, &error), AR_E_INVALID);
    assert_int_equal(ran, 0);
    assert_int_equal(ar_cq_create(NULL, NULL, &error), AR_E_INVALID);
    ar_cq_destroy(NULL);
    ar_cq_destroy(&none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(callbacks_run_on_the_thread_that_runs_the_queue),
        cmocka_unit_test(descriptor_is_readable_while_callbacks_wait),
        cmocka_unit_test(at_most_max_run),
        cmocka_unit_test(empty_queue_is_pending_after_the_timeout),
        cmocka_unit_test(waiting_run_is_woken),
        cmocka_unit_test(destroy_runs_what_is_left),
        cmocka_unit_test(destroy_waits_for_futures_that_are_bound),
        cmocka_unit_test(callback_may_submit_to_its_own_queue),
        cmocka_unit_test(queue_is_destroyed_right_after_its_callback),
        cmocka_unit_test(waiting_for_a_queue_in_a_behaviour_is_refused),
        cmocka_unit_test(queue_serves_futures_of_other_runtimes_and_outlives_its_own),
        cmocka_unit_test(null_queues_are_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
