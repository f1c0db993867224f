/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <actrec/supervisor.h>
#include <actrec/timer.h>

#include "tests/support/actors.h"

/* A child reports the number of the first check that fails by its exit status: asserts of cmocka do not work there. */
static int failed_check;
static int checks;

static bool is_child;

/* LeakSanitizer asks this at exit (lsan_interface.h): what the threads held that a child does not have looks leaked
 * there. */
int __lsan_is_turned_off(void); /* NOLINT: the name is the sanitizer's */
int __lsan_is_turned_off(void)  /* NOLINT */
{
    return is_child;
}

#define CHECK(condition)                                           \
    do {                                                           \
        checks++;                                                  \
        if (!(condition) && failed_check == 0) {                   \
            failed_check = checks;                                 \
            fprintf(stderr, "check %d: %s\n", checks, #condition); \
        }                                                          \
    } while (0)

static int run_in_child(void (*run)(void *), void *arg)
{
    int status = 0;
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        is_child = true;
        run(arg);
        _exit(failed_check);
    }
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

typedef struct parent {
    ar_runtime *runtime;
    ar_actor *actor;
    ar_cq *cq;
    ar_executor *executor;
    ar_reply_future done; /* complete */
    ar_done later;
    ar_reply *taken;
    test_latch entered;
} parent;

static void count_release(void *data)
{
    (*(int *)data)++;
}

static void never(void *arg, ar_status status, const ar_error *err)
{
    (void)arg;
    (void)status;
    (void)err;
    abort();
}

static void use_actors(parent *p)
{
    ar_error error;
    int released = 0;
    ar_actor *out = NULL;
    ar_message message = { .kind = 1, .data = &released, .release = count_release };
    CHECK(ar_actor_tell(p->actor, message, NULL, &error) == AR_E_FORKED && error.status == AR_E_FORKED);
    CHECK(ar_actor_call(p->actor, message, NULL, NULL, NULL) == AR_E_FORKED);
    ar_reply_future future = ar_actor_ask(p->actor, message, NULL);
    CHECK(ar_reply_await(&future, NULL, NULL) == AR_E_FORKED);
    CHECK(released == 3);
    CHECK(ar_actor_stop(p->actor, NULL) == AR_E_FORKED);
    CHECK(!ar_actor_is_alive(p->actor));
    CHECK(ar_actor_find(p->runtime, "x") == NULL);
    CHECK(ar_actor_find(NULL, "x") == NULL);
    CHECK(ar_actor_spawn(p->runtime, &(ar_actor_options){ .behaviour = test_echo }, &out, NULL) == AR_E_FORKED);
    CHECK(ar_actor_spawn(NULL, &(ar_actor_options){ .behaviour = test_echo }, &out, NULL) == AR_E_FORKED);
    CHECK(ar_supervisor_spawn(p->runtime, &(ar_supervisor_options){ .max_restarts = 1 }, &out, NULL) == AR_E_FORKED);
    ar_done ended = ar_actor_ended(p->actor);
    CHECK(ar_done_await(&ended, NULL) == AR_E_FORKED);
    ar_reply_send(&p->taken, message);
    CHECK(released == 4 && p->taken == NULL);
}

static void use_futures(parent *p)
{
    ar_error error;
    ar_done both = ar_future_all(&p->later.raw, 1);
    CHECK(ar_future_wait(p->later.raw, -1, &error) == AR_E_FORKED);
    CHECK(ar_done_await_for(&both, 5, &error) == AR_E_FORKED && both.raw == NULL);
    CHECK(ar_future_cancel(p->later.raw, &error) == AR_E_FORKED);
    CHECK(!ar_future_is_done(p->later.raw));
    CHECK(ar_done_then(&p->later, p->executor, never, NULL, NULL) == AR_E_FORKED && p->later.raw == NULL);
    CHECK(ar_reply_await(&p->done, NULL, NULL) == AR_OK); /* what was complete is */
    ar_done timer = ar_timer_after(p->runtime, 0);
    CHECK(ar_done_await(&timer, NULL) == AR_E_FORKED);
    timer = ar_timer_after(NULL, 0);
    CHECK(ar_done_then(&timer, p->executor, never, NULL, NULL) == AR_E_FORKED);
}

static void use_everything(void *arg)
{
    parent *p = arg;
    ar_runtime *runtime = p->runtime, *made = NULL;
    ar_error error;
    ar_cq *cq = NULL;
    use_actors(p);
    use_futures(p);
    CHECK(ar_runtime_create(NULL, &made, &error) == AR_E_FORKED && error.message[0] != '\0');
    CHECK(ar_runtime_default(&error) == NULL && error.status == AR_E_FORKED);
    CHECK(ar_runtime_executor(p->runtime) == NULL);
    CHECK(ar_runtime_executor(NULL) == NULL);
    CHECK(ar_cq_create(p->runtime, &cq, NULL) == AR_E_FORKED);
    CHECK(ar_cq_run(p->cq, 0, -1, NULL, NULL) == AR_E_FORKED);
    CHECK(ar_done_then(&(ar_done){ ar_future_all(NULL, 0).raw }, ar_cq_executor(p->cq), never, NULL, NULL) ==
          AR_E_FORKED);
    ar_cq_destroy(&p->cq);
    CHECK(p->cq == NULL);
    CHECK(ar_runtime_close(&runtime, &error) == AR_E_FORKED && runtime == p->runtime);
}

static ar_status take(ar_context *self, void *state, ar_message *message, ar_error *err)
{
    parent *p = state;
    (void)message;
    (void)err;
    p->taken = ar_context_take_reply(self);
    test_latch_raise(&p->entered);
    return AR_OK;
}

static void count_call(void *arg, ar_status status, const ar_error *err)
{
    (void)status;
    (void)err;
    (*(int *)arg)++;
}

static void child_is_told_in_every_call_and_the_parent_goes_on(void **state)
{
    parent p = { .runtime = test_runtime(2), .entered = TEST_LATCH };
    int calls = 0;
    (void)state;
    p.executor = ar_runtime_executor(p.runtime);
    p.actor = test_spawn(p.runtime, test_echo, NULL);
    assert_int_equal(ar_cq_create(p.runtime, &p.cq, NULL), AR_OK);
    ar_done on_queue = ar_timer_after(p.runtime, 0);
    assert_int_equal(ar_done_then(&on_queue, ar_cq_executor(p.cq), count_call, &calls, NULL), AR_OK);
    p.done = ar_actor_ask(p.actor, (ar_message){ .number = 1 }, NULL);
    p.later = ar_timer_after(p.runtime, TEST_HOUR);
    ar_reply_future taken = ar_actor_ask(test_spawn(p.runtime, take, &p), (ar_message){ .kind = 1 }, NULL);
    assert_true(test_latch_wait(&p.entered, 1));
    assert_int_equal(ar_future_wait(p.done.raw, -1, NULL), AR_OK);
    assert_int_equal(run_in_child(use_everything, &p), 0);
    assert_int_equal(test_ask(p.actor, 0, 1, NULL), 2);
    ar_reply_send(&p.taken, (ar_message){ .number = 4 });
    assert_int_equal(ar_reply_await(&taken, NULL, NULL), AR_OK);
    assert_int_equal(ar_cq_run(p.cq, 0, TEST_PATIENCE, NULL, NULL), AR_OK); /* the child took nothing from the queue */
    assert_int_equal(calls, 1);
    assert_int_equal(ar_reply_await(&p.done, NULL, NULL), AR_OK);
    ar_future_drop(&p.later.raw);
    ar_cq_destroy(&p.cq);
    assert_int_equal(ar_runtime_close(&p.runtime, NULL), AR_OK);
}

/* An ordinary exit, with what atexit and destructors do. */
static void exit_as_usual(void *arg)
{
    (void)arg;
    exit(0);
}

static void child_exits_as_usual(void **state)
{
    ar_runtime *runtime = test_runtime(1);
    (void)state;
    assert_int_equal(test_ask(test_spawn(runtime, test_echo, NULL), 0, 1, NULL), 2);
    assert_int_equal(run_in_child(exit_as_usual, NULL), 0);
    assert_int_equal(ar_runtime_close(&runtime, NULL), AR_OK);
}

static void child_after_the_runtime_was_closed_is_told_as_well(void *arg)
{
    ar_runtime *runtime = NULL;
    (void)arg;
    CHECK(ar_runtime_create(NULL, &runtime, NULL) == AR_E_FORKED); /* nng's threads are gone all the same */
    CHECK(ar_runtime_default(NULL) == NULL);
}

static void closing_first_does_not_help(void **state)
{
    (void)state;
    assert_int_equal(run_in_child(child_after_the_runtime_was_closed_is_told_as_well, NULL), 0);
}

static void use_afresh(void *arg)
{
    (void)arg;
    ar_runtime *runtime = test_runtime(1);
    CHECK(runtime != NULL);
    CHECK(test_ask(test_spawn(runtime, test_echo, NULL), 0, 1, NULL) == 2);
    CHECK(test_ask(test_spawn(NULL, test_echo, NULL), 0, 1, NULL) == 2);
    CHECK(ar_runtime_close(&runtime, NULL) == AR_OK);
}

/* First: nothing of the library was used in this process yet. */
static void child_of_a_process_that_did_not_use_it_may(void **state)
{
    (void)state;
    assert_int_equal(run_in_child(use_afresh, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(child_of_a_process_that_did_not_use_it_may),
        cmocka_unit_test(child_is_told_in_every_call_and_the_parent_goes_on),
        cmocka_unit_test(child_exits_as_usual),
        cmocka_unit_test(closing_first_does_not_help),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
