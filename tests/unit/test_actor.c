/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <actrec/timer.h>

#include "tests/support/actors.h"

enum { ADD = 1, FAIL, KEEP, STOP_SELF, ANSWER };

/* An actor that writes down what happens to it. */
typedef struct diary {
    test_latch ended;
    test_latch gate; /* holds the first message up until it is raised, when `waits` */
    bool waits;
    int sum;
    int inits;
    int terminates;
    int terminated_at; /* sum at that moment */
    ar_status reason;
    pthread_t thread;
    ar_status init_status;
    void *made_state;
    _Atomic int released;
    void *kept;
} diary;

static ar_status write_down(ar_context *self, void *state, ar_message *message, ar_error *err)
{
    diary *d = state;
    d->thread = pthread_self();
    if (d->waits)
        test_latch_wait(&d->gate, 1);
    d->waits = false;
    switch (message->kind) {
    case ADD: d->sum += (int)message->number; break;
    case FAIL: return ar_error_set(err, (ar_status)message->number, "told to fail");
    case KEEP:
        d->kept = message->data;
        message->release = NULL;
        break;
    case STOP_SELF: return ar_actor_stop(ar_context_self(self), err);
    case ANSWER: ar_context_reply(self, (ar_message){ .number = d->sum }); break;
    default: break;
    }
    return AR_OK;
}

static ar_status begin(ar_context *self, void **state, ar_error *err)
{
    diary *d = *state;
    (void)self;
    d->inits++;
    if (d->made_state != NULL)
        *state = d->made_state;
    return d->init_status == AR_OK ? AR_OK : ar_error_set(err, d->init_status, "init says no");
}

static void finish(void *state, ar_status reason)
{
    diary *d = state;
    d->terminates++;
    d->terminated_at = d->sum;
    d->reason = reason;
    test_latch_raise(&d->ended);
}

static ar_actor_options options_of(diary *d)
{
    return (ar_actor_options){ .behaviour = write_down, .state = d, .init = begin, .terminate = finish };
}

static ar_actor *spawn(ar_runtime *runtime, const ar_actor_options *options)
{
    ar_actor *actor = NULL;
    ar_error error;
    assert_int_equal(ar_actor_spawn(runtime, options, &actor, &error), AR_OK);
    assert_non_null(actor);
    return actor;
}

static void release_one(void *data)
{
    atomic_fetch_add((_Atomic int *)data, 1);
}

static ar_message owned(diary *d, uint32_t kind)
{
    return (ar_message){ .kind = kind, .number = 1, .data = &d->released, .release = release_one };
}

static void wrong_options_are_refused(void **state)
{
    ar_runtime *runtime = test_runtime(1);
    diary d = { .ended = TEST_LATCH };
    ar_actor *out = (ar_actor *)&d;
    ar_error error;
    (void)state;
    ar_actor_options good = options_of(&d), wrong = good;
    assert_int_equal(ar_actor_spawn(runtime, NULL, &out, &error), AR_E_INVALID);
    assert_null(out);
    assert_int_equal(ar_actor_spawn(runtime, &good, NULL, &error), AR_E_INVALID);
    wrong.behaviour = NULL;
    assert_int_equal(ar_actor_spawn(runtime, &wrong, &out, &error), AR_E_INVALID);
    wrong = good;
    wrong.name = "";
    assert_int_equal(ar_actor_spawn(runtime, &wrong, &out, &error), AR_E_INVALID);
    wrong.name = "0123456789012345678901234567890123456789012345678901234567890123";
    assert_int_equal(ar_actor_spawn(runtime, &wrong, &out, &error), AR_E_INVALID);
    wrong = good;
    wrong.struct_size = 3;
    assert_int_equal(ar_actor_spawn(runtime, &wrong, &out, &error), AR_E_INVALID);
    assert_true(error.message[0] != '\0');
    assert_int_equal(ar_runtime_close(&runtime, NULL), AR_OK);
    assert_int_equal(d.inits + d.terminates, 0);
}

static void init_comes_first_and_terminate_last(void **state)
{
    ar_runtime *runtime = test_runtime(1);
    diary d = { .ended = TEST_LATCH };
    (void)state;
    ar_actor_options options = options_of(&d);
    ar_actor *actor = spawn(runtime, &options);
    for (int i = 1; i <= 100; i++)
        assert_int_equal(test_tell(actor, ADD, i), AR_OK);
    assert_int_equal(ar_actor_stop(actor, NULL), AR_OK); /* what is in the mailbox before is handled */
    assert_int_equal(test_await_end(actor, NULL), AR_OK);
    assert_int_equal(d.inits, 1);
    assert_int_equal(d.terminates, 1);
    assert_int_equal(d.terminated_at, 5050);
    assert_int_equal(d.reason, AR_OK);
    assert_int_equal(ar_runtime_close(&runtime, NULL), AR_OK);
}

static void init_runs_without_a_message_and_may_make_the_state(void **state)
{
    ar_runtime *runtime = test_runtime(1);
    diary d = { .ended = TEST_LATCH }, made = { .ended = TEST_LATCH };
    (void)state;
    d.made_state = &made;
    ar_actor_options options = options_of(&d);
    ar_actor *actor = spawn(runtime, &options);
    assert_int_equal(test_tell(actor, ADD, 3), AR_OK);
    assert_int_equal(test_ask(actor, ANSWER, 0, NULL), 3);
    assert_int_equal(ar_actor_stop(actor, NULL), AR_OK);
    assert_int_equal(test_await_end(actor, NULL), AR_OK);
    assert_int_equal(d.terminates, 0);
    assert_int_equal(made.terminates, 1);
    assert_int_equal(ar_runtime_close(&runtime, NULL), AR_OK);
}

static void failed_init_ends_the_actor(void **state)
{
    ar_runtime *runtime = test_runtime(1);
    diary d = { .ended = TEST_LATCH, .init_status = AR_E_IO };
    ar_error error;
    (void)state;
    ar_actor_options options = options_of(&d);
    ar_actor *actor = spawn(runtime, &options);
    ar_status status = AR_OK;
    while (status == AR_OK)
        status = ar_actor_tell(actor, owned(&d, ADD), NULL, &error);
    assert_int_equal(status, AR_E_CLOSED);
    assert_true(test_latch_wait(&d.ended, 1));
    assert_int_equal(d.terminates, 1);
    assert_int_equal(d.reason, AR_E_IO);
    assert_int_equal(d.sum, 0);
    assert_int_equal(ar_runtime_close(&runtime, NULL), AR_OK);
    assert_true(d.released > 0);
}

static void failing_behaviour_ends_the_actor_with_its_reason(void **state)
{
    ar_runtime *runtime = test_runtime(1);
    diary d = { .ended = TEST_LATCH };
    ar_error error;
    (void)state;
    ar_actor_options options = options_of(&d);
    ar_actor *actor = spawn(runtime, &options);
    ar_done ended = ar_actor_ended(actor);
    assert_int_equal(test_tell(actor, FAIL, AR_E_CORRUPT), AR_OK);
    ar_ignore(test_tell(actor, ADD, 1));
    assert_int_equal(ar_done_await(&ended, &error), AR_E_CORRUPT);
    assert_string_equal(error.message, "told to fail");
    assert_int_equal(d.terminates, 1);
    assert_int_equal(d.reason, AR_E_CORRUPT);
    assert_int_equal(d.sum, 0);
    assert_int_equal(ar_runtime_close(&runtime, NULL), AR_OK);
}

typedef struct logged {
    test_latch latch;
    char message[512];
} logged;

static void note_log(void *ctx, ar_log_level level, const char *message)
{
    logged *l = ctx;
    snprintf(l->message, sizeof l->message, "%d %s", (int)level, message);
    test_latch_raise(&l->latch);
}

static void failure_is_logged(void **state)
{
    logged l = { .latch = TEST_LATCH };
    diary d = { .ended = TEST_LATCH };
    ar_runtime *runtime = NULL;
    (void)state;
    assert_int_equal(
        ar_runtime_create(&(ar_runtime_options){ .workers = 1, .log = note_log, .log_ctx = &l }, &runtime, NULL),
        AR_OK);
    ar_actor_options options = options_of(&d);
    options.name = "loser";
    assert_int_equal(test_tell(spawn(runtime, &options), FAIL, AR_E_IO), AR_OK);
    assert_true(test_latch_wait(&l.latch, 1));
    assert_int_equal(ar_runtime_close(&runtime, NULL), AR_OK);
    assert_string_equal(l.message, "4 actor loser ended: AR_E_IO: told to fail");
}

static void stale_handle_is_closed_in_every_call(void **state)
{
    ar_runtime *runtime = test_runtime(1);
    diary d = { .ended = TEST_LATCH };
    (void)state;
    ar_actor_options options = options_of(&d);
    ar_actor *actor = spawn(runtime, &options);
    assert_true(ar_actor_is_alive(actor));
    assert_int_equal(ar_actor_stop(actor, NULL), AR_OK);
    assert_int_equal(test_await_end(actor, NULL), AR_OK);
    assert_false(ar_actor_is_alive(actor));
    assert_int_equal(ar_actor_tell(actor, owned(&d, ADD), NULL, NULL), AR_E_CLOSED);
    ar_reply_future answer = ar_actor_ask(actor, owned(&d, ADD), NULL);
    assert_int_equal(ar_reply_await(&answer, NULL, NULL), AR_E_CLOSED);
    assert_int_equal(ar_actor_call(actor, owned(&d, ADD), NULL, NULL, NULL), AR_E_CLOSED);
    assert_int_equal(ar_actor_stop(actor, NULL), AR_E_CLOSED);
    assert_int_equal(test_await_end(actor, NULL), AR_OK);
    assert_int_equal(d.released, 3);
    assert_int_equal(ar_runtime_close(&runtime, NULL), AR_OK);
    assert_int_equal(test_tell(actor, ADD, 1), AR_E_CLOSED);
}

static void null_actors_are_answered(void **state)
{
    diary d = { .ended = TEST_LATCH };
    ar_error error;
    (void)state;
    assert_int_equal(ar_actor_tell(NULL, owned(&d, ADD), NULL, &error), AR_E_INVALID);
    assert_int_equal(ar_actor_call(NULL, owned(&d, ADD), NULL, NULL, &error), AR_E_INVALID);
    ar_reply_future answer = ar_actor_ask(NULL, owned(&d, ADD), NULL);
    assert_int_equal(ar_reply_await(&answer, NULL, &error), AR_E_INVALID);
    assert_int_equal(d.released, 3);
    assert_int_equal(ar_actor_stop(NULL, &error), AR_E_INVALID);
    assert_int_equal(test_await_end(NULL, &error), AR_E_INVALID);
    assert_false(ar_actor_is_alive(NULL));
    assert_null(ar_actor_find(NULL, NULL));
    assert_null(ar_context_self(NULL));
    assert_null(ar_context_runtime(NULL));
    assert_null(ar_context_take_reply(NULL));
    ar_context_reply(NULL, owned(&d, ADD));
    assert_int_equal(d.released, 4);
    ar_context_fail(NULL, AR_E_IO, "x");
    ar_context_demonitor(NULL, 1);
    ar_reply_send(NULL, owned(&d, ADD));
    assert_int_equal(d.released, 5);
    ar_reply_fail(NULL, AR_E_IO, "x");
    assert_int_equal(ar_context_monitor(NULL, NULL, NULL, &error), AR_E_INVALID);
}

static void kinds_of_the_library_are_refused(void **state)
{
    ar_runtime *runtime = test_runtime(1);
    diary d = { .ended = TEST_LATCH };
    (void)state;
    ar_actor *actor = test_spawn(runtime, write_down, &d);
    assert_int_equal(ar_actor_tell(actor, owned(&d, AR_MESSAGE_DOWN), NULL, NULL), AR_E_INVALID);
    assert_int_equal(ar_actor_call(actor, owned(&d, AR_MESSAGE_SYSTEM), NULL, NULL, NULL), AR_E_INVALID);
    assert_int_equal(d.released, 2);
    ar_send_options wrong = { .struct_size = 1 };
    assert_int_equal(ar_actor_tell(actor, owned(&d, ADD), &wrong, NULL), AR_E_INVALID);
    assert_int_equal(d.released, 3);
    assert_int_equal(ar_runtime_close(&runtime, NULL), AR_OK);
}

static void message_data_is_released_once_or_kept(void **state)
{
    ar_runtime *runtime = test_runtime(1);
    diary d = { .ended = TEST_LATCH };
    (void)state;
    ar_actor *actor = test_spawn(runtime, write_down, &d);
    assert_int_equal(ar_actor_tell(actor, owned(&d, ADD), NULL, NULL), AR_OK);
    assert_int_equal(ar_actor_call(actor, owned(&d, ADD), NULL, NULL, NULL), AR_OK);
    assert_int_equal(d.released, 2);
    assert_int_equal(ar_actor_call(actor, owned(&d, KEEP), NULL, NULL, NULL), AR_OK);
    assert_int_equal(d.released, 2);
    assert_ptr_equal(d.kept, &d.released);
    assert_int_equal(ar_runtime_close(&runtime, NULL), AR_OK);
    assert_int_equal(d.released, 2);
}

static void behaviour_may_stop_its_own_actor(void **state)
{
    ar_runtime *runtime = test_runtime(1);
    diary d = { .ended = TEST_LATCH };
    (void)state;
    ar_actor_options options = options_of(&d);
    ar_actor *actor = spawn(runtime, &options);
    assert_int_equal(test_tell(actor, STOP_SELF, 0), AR_OK);
    assert_int_equal(test_await_end(actor, NULL), AR_OK);
    assert_int_equal(d.reason, AR_OK);
    assert_int_equal(ar_runtime_close(&runtime, NULL), AR_OK);
}

static void after_a_stop_nothing_more_is_taken(void **state)
{
    ar_runtime *runtime = test_runtime(1);
    diary d = { .ended = TEST_LATCH, .gate = TEST_LATCH, .waits = true };
    (void)state;
    ar_actor_options options = options_of(&d);
    ar_actor *actor = spawn(runtime, &options);
    assert_int_equal(test_tell(actor, ADD, 1), AR_OK);
    assert_int_equal(test_tell(actor, ADD, 2), AR_OK);
    assert_int_equal(ar_actor_stop(actor, NULL), AR_OK);
    assert_int_equal(ar_actor_stop(actor, NULL), AR_E_CLOSED);
    assert_int_equal(ar_actor_tell(actor, owned(&d, ADD), NULL, NULL), AR_E_CLOSED);
    assert_int_equal(d.released, 1);
    assert_true(ar_actor_is_alive(actor));
    test_latch_raise(&d.gate);
    assert_int_equal(test_await_end(actor, NULL), AR_OK);
    assert_int_equal(d.sum, 3);
    assert_int_equal(ar_runtime_close(&runtime, NULL), AR_OK);
}

static void names_lead_to_actors_while_they_live(void **state)
{
    ar_runtime *runtime = test_runtime(1), *other = test_runtime(1);
    diary d = { .ended = TEST_LATCH };
    char name[64];
    ar_actor *second = NULL;
    (void)state;
    ar_actor_options options = options_of(&d);
    options.name = name;
    strcpy(name, "first");
    ar_actor *actor = spawn(runtime, &options);
    assert_int_equal(ar_actor_spawn(runtime, &options, &second, NULL), AR_E_BUSY);
    memset(name, 'x', 63); /* it was copied; 63 bytes are allowed */
    name[63] = '\0';
    ar_actor *longest = spawn(runtime, &options);
    assert_ptr_equal(ar_actor_find(runtime, "first"), actor);
    assert_ptr_equal(ar_actor_find(runtime, name), longest);
    assert_null(ar_actor_find(other, "first"));
    assert_null(ar_actor_find(runtime, "nobody"));
    assert_int_equal(ar_actor_stop(actor, NULL), AR_OK);
    assert_int_equal(test_await_end(actor, NULL), AR_OK);
    assert_null(ar_actor_find(runtime, "first"));
    strcpy(name, "first");
    actor = spawn(runtime, &options);
    assert_ptr_equal(ar_actor_find(runtime, "first"), actor);
    assert_int_equal(ar_runtime_close(&runtime, NULL), AR_OK);
    assert_int_equal(ar_runtime_close(&other, NULL), AR_OK);
}

static void many_names(void **state)
{
    enum { COUNT = 2000 };
    static ar_actor *actors[COUNT];
    ar_runtime *runtime = test_runtime(2);
    char name[32];
    (void)state;
    for (int i = 0; i < COUNT; i++) {
        snprintf(name, sizeof name, "actor-%d", i);
        actors[i] = spawn(runtime, &(ar_actor_options){ .name = name, .behaviour = test_echo });
    }
    for (int i = 0; i < COUNT; i += 2)
        assert_int_equal(ar_actor_stop(actors[i], NULL), AR_OK);
    for (int i = 0; i < COUNT; i += 2)
        assert_int_equal(test_await_end(actors[i], NULL), AR_OK);
    for (int i = 0; i < COUNT; i++) {
        snprintf(name, sizeof name, "actor-%d", i);
        assert_ptr_equal(ar_actor_find(runtime, name), i % 2 == 0 ? NULL : actors[i]);
    }
    assert_int_equal(ar_runtime_close(&runtime, NULL), AR_OK);
}

/* --- threads --- */

static ar_status tell_thread(ar_context *self, void *state, ar_message *message, ar_error *err)
{
    (void)message;
    (void)err;
    *(pthread_t *)state = pthread_self();
    ar_context_reply(self, (ar_message){ .number = 1 });
    return AR_OK;
}

static pthread_t thread_of(ar_runtime *runtime, bool own_thread)
{
    pthread_t thread;
    ar_actor *actor =
        spawn(runtime, &(ar_actor_options){ .behaviour = tell_thread, .state = &thread, .own_thread = own_thread });
    assert_int_equal(test_ask(actor, 0, 0, NULL), 1);
    return thread;
}

static void own_thread_is_nobody_elses(void **state)
{
    ar_runtime *runtime = test_runtime(1);
    (void)state;
    pthread_t shared = thread_of(runtime, false), again = thread_of(runtime, false);
    pthread_t own = thread_of(runtime, true), other = thread_of(runtime, true);
    assert_true(pthread_equal(shared, again));
    assert_false(pthread_equal(shared, own));
    assert_false(pthread_equal(own, other));
    assert_int_equal(ar_runtime_close(&runtime, NULL), AR_OK);
}

static void threads_of_ended_actors_are_given_back(void **state)
{
    test_memory memory = { .refuse_at = 0 };
    ar_runtime_options options = { .workers = 1 };
    ar_runtime *runtime = NULL;
    (void)state;
    test_memory_use(&memory, &options);
    assert_int_equal(ar_runtime_create(&options, &runtime, NULL), AR_OK);
    for (int i = 0; i < 50; i++) {
        ar_actor *actor = spawn(runtime, &(ar_actor_options){ .behaviour = test_echo, .own_thread = true });
        assert_int_equal(ar_actor_stop(actor, NULL), AR_OK);
        assert_int_equal(test_await_end(actor, NULL), AR_OK);
    }
    assert_true(memory.live < 50); /* each that stayed would keep several blocks */
    assert_int_equal(ar_runtime_close(&runtime, NULL), AR_OK);
    assert_int_equal(memory.live, 0);
}

typedef struct churn {
    pthread_t thread;
    ar_runtime *runtime;
    bool own_thread;
    int wrong;
} churn;

static void *spawn_and_stop(void *arg)
{
    churn *c = arg;
    for (int i = 0; i < (c->own_thread ? 40 : 400); i++) {
        ar_actor *actor = NULL;
        ar_actor_options options = { .name = "contended", .behaviour = test_echo, .own_thread = c->own_thread };
        ar_status status = ar_actor_spawn(c->runtime, &options, &actor, NULL);
        if (status == AR_E_BUSY) {
            actor = ar_actor_find(c->runtime, "contended");
            ar_ignore(test_tell(actor, 0, 1));
            ar_ignore(ar_actor_stop(actor, NULL));
            continue;
        }
        c->wrong += status != AR_OK;
        ar_ignore(test_tell(actor, 0, 1));
        ar_ignore(ar_actor_stop(actor, NULL));
        status = test_await_end(actor, NULL);
        c->wrong += status != AR_OK;
    }
    return NULL;
}

static void actors_come_and_go_on_many_threads(void **state)
{
    ar_runtime *runtime = test_runtime(2);
    churn churns[4];
    (void)state;
    for (int i = 0; i < 4; i++) {
        churns[i] = (churn){ .runtime = runtime, .own_thread = i % 2 == 0 };
        assert_int_equal(pthread_create(&churns[i].thread, NULL, spawn_and_stop, &churns[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(churns[i].thread, NULL);
        assert_int_equal(churns[i].wrong, 0);
    }
    assert_int_equal(ar_runtime_close(&runtime, NULL), AR_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_options_are_refused),
        cmocka_unit_test(init_comes_first_and_terminate_last),
        cmocka_unit_test(init_runs_without_a_message_and_may_make_the_state),
        cmocka_unit_test(failed_init_ends_the_actor),
        cmocka_unit_test(failing_behaviour_ends_the_actor_with_its_reason),
        cmocka_unit_test(failure_is_logged),
        cmocka_unit_test(stale_handle_is_closed_in_every_call),
        cmocka_unit_test(null_actors_are_answered),
        cmocka_unit_test(kinds_of_the_library_are_refused),
        cmocka_unit_test(message_data_is_released_once_or_kept),
        cmocka_unit_test(behaviour_may_stop_its_own_actor),
        cmocka_unit_test(after_a_stop_nothing_more_is_taken),
        cmocka_unit_test(names_lead_to_actors_while_they_live),
        cmocka_unit_test(many_names),
        cmocka_unit_test(own_thread_is_nobody_elses),
        cmocka_unit_test(threads_of_ended_actors_are_given_back),
        cmocka_unit_test(actors_come_and_go_on_many_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
