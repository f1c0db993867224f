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

enum { COUNT = 1, HOLD, FLOOD, FAIL };

typedef struct box {
    test_latch entered;
    test_latch gate;
    int handled;
    int64_t last[4]; /* by sender */
    int disorder;
    ar_status inside;
    _Atomic bool over;
} box;

static ar_status handle(ar_context *self, void *state, ar_message *message, ar_error *err)
{
    box *b = state;
    if (message->kind == HOLD) {
        test_latch_raise(&b->entered);
        test_latch_wait(&b->gate, (int)message->number + 1);
        return AR_OK;
    }
    if (message->kind == FAIL)
        return ar_error_set(err, AR_E_IO, "told to");
    if (message->kind == FLOOD) { /* for ever, and never waits */
        if (!atomic_load(&b->over))
            b->inside = ar_actor_tell(ar_context_self(self), *message, &(ar_send_options){ .wait_ms = -1 }, NULL);
        return AR_OK;
    }
    b->handled++;
    int64_t sender = message->number >> 32, number = message->number & INT32_MAX;
    b->disorder += number < b->last[sender];
    b->last[sender] = number;
    return AR_OK;
}

static ar_actor *spawn(ar_runtime *runtime, box *b, uint32_t limit)
{
    ar_actor *actor = NULL;
    assert_int_equal(ar_actor_spawn(runtime,
                                    &(ar_actor_options){ .behaviour = handle, .state = b, .mailbox_limit = limit },
                                    &actor, NULL),
                     AR_OK);
    return actor;
}

/* An actor that is inside a message, with `waiting` more in its mailbox. */
static ar_actor *held(ar_runtime *runtime, box *b, uint32_t limit, uint32_t waiting)
{
    *b = (box){ .entered = TEST_LATCH, .gate = TEST_LATCH };
    ar_actor *actor = spawn(runtime, b, limit);
    assert_int_equal(test_tell(actor, HOLD, 0), AR_OK);
    assert_true(test_latch_wait(&b->entered, 1));
    for (uint32_t i = 0; i < waiting; i++)
        assert_int_equal(test_tell(actor, COUNT, 0), AR_OK);
    return actor;
}

static void count_release(void *data)
{
    atomic_fetch_add((_Atomic int *)data, 1);
}

static void full_mailbox_is_overload(void **state)
{
    ar_runtime *runtime = test_runtime(1);
    box b;
    ar_error error;
    _Atomic int released = 0;
    ar_actor *actor = held(runtime, &b, 3, 2); /* the one that is handled still has its place */
    ar_message message = { .kind = COUNT, .data = &released, .release = count_release };
    (void)state;
    assert_int_equal(ar_actor_tell(actor, message, NULL, &error), AR_E_OVERLOAD);
    assert_non_null(strstr(error.message, "3 messages wait"));
    ar_reply_future answer = ar_actor_ask(actor, message, &(ar_send_options){ .timeout_ms = TEST_HOUR });
    assert_int_equal(ar_reply_await(&answer, NULL, NULL), AR_E_OVERLOAD);
    assert_int_equal(released, 2);
    test_latch_raise(&b.gate);
    assert_int_equal(test_ask(actor, COUNT, 0, NULL) >= -1, 1);
    assert_int_equal(ar_runtime_close(&runtime, NULL), AR_OK);
    assert_true(b.handled == 2 || b.handled == 3);
}

static void sender_waits_for_room_up_to_its_time(void **state)
{
    ar_runtime *runtime = test_runtime(1);
    box b;
    ar_actor *actor = held(runtime, &b, 2, 1);
    int64_t before = ar_env_default()->now(NULL);
    (void)state;
    assert_int_equal(ar_actor_tell(actor, (ar_message){ .kind = COUNT }, &(ar_send_options){ .wait_ms = 4 }, NULL),
                     AR_E_OVERLOAD);
    assert_true(ar_env_default()->now(NULL) - before >= 4000);
    test_latch_raise(&b.gate);
    assert_int_equal(
        ar_actor_tell(actor, (ar_message){ .kind = COUNT }, &(ar_send_options){ .wait_ms = TEST_PATIENCE }, NULL),
        AR_OK);
    assert_int_equal(ar_runtime_close(&runtime, NULL), AR_OK);
    assert_int_equal(b.handled, 2);
}

typedef struct sender {
    pthread_t thread;
    ar_actor *actor;
    int64_t number;
    int count;
    ar_status status; /* of the last */
    int sent;
} sender;

static void *send_waiting(void *arg)
{
    sender *s = arg;
    for (int64_t i = 0; i < s->count; i++) {
        ar_message message = { .kind = COUNT, .number = s->number << 32 | i };
        s->status = ar_actor_tell(s->actor, message, &(ar_send_options){ .wait_ms = -1 }, NULL);
        s->sent += s->status == AR_OK;
    }
    return NULL;
}

static void no_sender_sleeps_while_there_is_room(void **state)
{
    (void)state;
    for (uint32_t limit = 1; limit <= 3; limit++) {
        ar_runtime *runtime = test_runtime(1);
        box b = { .entered = TEST_LATCH, .gate = TEST_LATCH };
        ar_actor *actor = spawn(runtime, &b, limit);
        sender senders[4];
        for (int i = 0; i < 4; i++) {
            senders[i] = (sender){ .actor = actor, .number = i, .count = 3000 };
            assert_int_equal(pthread_create(&senders[i].thread, NULL, send_waiting, &senders[i]), 0);
        }
        for (int i = 0; i < 4; i++) {
            pthread_join(senders[i].thread, NULL);
            assert_int_equal(senders[i].sent, 3000);
        }
        assert_int_equal(ar_runtime_close(&runtime, NULL), AR_OK);
        assert_int_equal(b.handled, 4 * 3000);
        assert_int_equal(b.disorder, 0);
    }
}

static void waiting_sender_is_told_when_the_actor_ends(void **state)
{
    ar_runtime *runtime = test_runtime(1);
    box b;
    (void)state;
    for (int i = 0; i < 50; i++) {
        ar_actor *actor = held(runtime, &b, 2, 0);
        sender s = { .actor = actor, .count = 5 };
        assert_int_equal(test_tell(actor, FAIL, 0), AR_OK);
        assert_int_equal(pthread_create(&s.thread, NULL, send_waiting, &s), 0);
        test_latch_raise(&b.gate);
        pthread_join(s.thread, NULL);
        assert_int_equal(s.status, AR_E_CLOSED);
    }
    assert_int_equal(ar_runtime_close(&runtime, NULL), AR_OK);
}

static void behaviour_never_waits_for_room(void **state)
{
    ar_runtime *runtime = test_runtime(1);
    box b = { .entered = TEST_LATCH, .gate = TEST_LATCH };
    (void)state;
    ar_actor *actor = spawn(runtime, &b, 1);
    assert_int_equal(test_tell(actor, FLOOD, 0), AR_OK); /* it is in its own way */
    assert_int_equal(ar_actor_stop(actor, NULL), AR_OK);
    assert_int_equal(test_await_end(actor, NULL), AR_OK);
    assert_true(b.inside == AR_E_OVERLOAD || b.inside == AR_E_CLOSED);
    assert_int_equal(ar_runtime_close(&runtime, NULL), AR_OK);
}

static void messages_of_one_sender_arrive_in_order(void **state)
{
    ar_runtime *runtime = test_runtime(2);
    box b = { .entered = TEST_LATCH, .gate = TEST_LATCH };
    ar_actor *actor = spawn(runtime, &b, 0);
    sender senders[4];
    (void)state;
    for (int i = 0; i < 4; i++) {
        senders[i] = (sender){ .actor = actor, .number = i, .count = 10000 };
        assert_int_equal(pthread_create(&senders[i].thread, NULL, send_waiting, &senders[i]), 0);
    }
    for (int i = 0; i < 4; i++)
        pthread_join(senders[i].thread, NULL);
    assert_int_equal(ar_runtime_close(&runtime, NULL), AR_OK);
    assert_int_equal(b.handled, 40000);
    assert_int_equal(b.disorder, 0);
}

static void actor_that_floods_itself_starves_nobody(void **state)
{
    ar_runtime *runtime = test_runtime(1);
    box flood = { .entered = TEST_LATCH, .gate = TEST_LATCH };
    ar_actor *flooded = spawn(runtime, &flood, 0);
    ar_actor *echo = test_spawn(runtime, test_echo, NULL);
    (void)state;
    for (int i = 0; i < 1000; i++)
        assert_int_equal(test_tell(flooded, FLOOD, 0), AR_OK);
    for (int i = 0; i < 200; i++)
        assert_int_equal(test_ask(echo, 0, i, NULL), i + 1);
    atomic_store(&flood.over, true);
    assert_int_equal(ar_runtime_close(&runtime, NULL), AR_OK);
}

/* Callbacks on the runtime's executor share the worker too. */
typedef struct callbacks {
    ar_executor *executor;
    _Atomic int calls;
    _Atomic bool over;
} callbacks;

static void again(void *arg, ar_status status, const ar_error *err)
{
    callbacks *c = arg;
    ar_done next = ar_future_all(NULL, 0);
    (void)status;
    (void)err;
    atomic_fetch_add(&c->calls, 1);
    if (!atomic_load(&c->over))
        ar_ignore(ar_done_then(&next, c->executor, again, c, NULL));
    ar_future_drop(&next.raw);
}

static void callbacks_that_breed_starve_nobody(void **state)
{
    ar_runtime *runtime = test_runtime(1);
    callbacks c = { .executor = ar_runtime_executor(runtime) };
    ar_actor *echo = test_spawn(runtime, test_echo, NULL);
    (void)state;
    for (int i = 0; i < 500; i++) {
        ar_done now = ar_future_all(NULL, 0);
        assert_int_equal(ar_done_then(&now, c.executor, again, &c, NULL), AR_OK);
    }
    for (int i = 0; i < 200; i++)
        assert_int_equal(test_ask(echo, 0, i, NULL), i + 1);
    atomic_store(&c.over, true);
    assert_int_equal(ar_runtime_close(&runtime, NULL), AR_OK);
    assert_true(c.calls >= 500);
}

static ar_status tell_handled(ar_context *self, void *state, ar_message *message, ar_error *err)
{
    (void)message;
    (void)err;
    ar_context_reply(self, (ar_message){ .number = ((box *)state)->handled }); /* on the same worker */
    return AR_OK;
}

static void long_mailbox_takes_turns(void **state)
{
    enum { LETTERS = 5000 };
    ar_runtime *runtime = test_runtime(1);
    box b;
    ar_actor *teller = test_spawn(runtime, tell_handled, &b);
    ar_message reply = { .number = LETTERS };
    (void)state;
    /* Held again by the first letter of the turn that has all the others behind it; then the teller is rung. */
    ar_actor *actor = held(runtime, &b, 0, 0);
    assert_int_equal(test_tell(actor, HOLD, 1), AR_OK);
    for (int i = 0; i < LETTERS; i++)
        assert_int_equal(test_tell(actor, COUNT, 0), AR_OK);
    test_latch_raise(&b.gate);
    assert_true(test_latch_wait(&b.entered, 2));
    ar_reply_future answer = ar_actor_ask(teller, (ar_message){ .number = 0 }, NULL);
    test_latch_raise(&b.gate);
    assert_int_equal(ar_reply_await(&answer, &reply, NULL), AR_OK);
    assert_true(reply.number < LETTERS);
    assert_int_equal(ar_runtime_close(&runtime, NULL), AR_OK);
    assert_int_equal(b.handled, LETTERS);
}

/* A long queue of callbacks has its turns like an actor: an answer does not wait for all of them. */
typedef struct queued {
    test_latch entered, gate;
    int holds;
    int calls;
} queued;

static void hold_the_worker(void *arg, ar_status status, const ar_error *err)
{
    queued *q = arg;
    (void)status;
    (void)err;
    test_latch_raise(&q->entered);
    test_latch_wait(&q->gate, ++q->holds);
}

static void count_call(void *arg, ar_status status, const ar_error *err)
{
    (void)status;
    (void)err;
    ((queued *)arg)->calls++;
}

static ar_status answer_calls(ar_context *self, void *state, ar_message *message, ar_error *err)
{
    (void)message;
    (void)err;
    ar_context_reply(self, (ar_message){ .number = ((queued *)state)->calls }); /* on the same worker */
    return AR_OK;
}

static void long_queue_of_callbacks_takes_turns(void **state)
{
    enum { CALLS = 5000 };
    ar_runtime *runtime = test_runtime(1);
    queued q = { .entered = TEST_LATCH, .gate = TEST_LATCH };
    ar_actor *actor = test_spawn(runtime, answer_calls, &q);
    ar_message reply = { .number = CALLS };
    (void)state;
    for (int i = 0; i < CALLS; i++) {
        ar_done now = ar_future_all(NULL, 0);
        assert_int_equal(
            ar_done_then(&now, ar_runtime_executor(runtime), i < 2 ? hold_the_worker : count_call, &q, NULL), AR_OK);
        if (i == 0)
            assert_true(test_latch_wait(&q.entered, 1));
    }
    test_latch_raise(&q.gate);
    assert_true(test_latch_wait(&q.entered, 2)); /* the turn that has all the others behind it */
    ar_reply_future answer = ar_actor_ask(actor, (ar_message){ .number = 0 }, NULL);
    test_latch_raise(&q.gate);
    assert_int_equal(ar_reply_await(&answer, &reply, NULL), AR_OK);
    assert_true(reply.number < CALLS - 2);
    assert_int_equal(ar_runtime_close(&runtime, NULL), AR_OK);
    assert_int_equal(q.calls, CALLS - 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(full_mailbox_is_overload),
        cmocka_unit_test(sender_waits_for_room_up_to_its_time),
        cmocka_unit_test(no_sender_sleeps_while_there_is_room),
        cmocka_unit_test(waiting_sender_is_told_when_the_actor_ends),
        cmocka_unit_test(behaviour_never_waits_for_room),
        cmocka_unit_test(messages_of_one_sender_arrive_in_order),
        cmocka_unit_test(actor_that_floods_itself_starves_nobody),
        cmocka_unit_test(callbacks_that_breed_starve_nobody),
        cmocka_unit_test(long_mailbox_takes_turns),
        cmocka_unit_test(long_queue_of_callbacks_takes_turns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
