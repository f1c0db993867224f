/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <actrec/timer.h>

#include "actors/future.h"
#include "tests/support/actors.h"

/* Futures of the test's own, finished by hand. */
typedef struct manual {
    ar_future future; /* first */
    _Atomic int interrupts;
} manual;

static _Atomic int destroyed;

static void destroy_manual(ar_future *future)
{
    atomic_fetch_add(&destroyed, 1);
    free(future);
}

static void count_interrupt(ar_future *future)
{
    atomic_fetch_add(&((manual *)future)->interrupts, 1);
}

static const ari_future_class manual_class = { .destroy = destroy_manual, .interrupt = count_interrupt };

/* With a reference for the test and one for the finisher. */
static manual *make_manual(ar_runtime *runtime)
{
    manual *self = calloc(1, sizeof *self);
    assert_non_null(self);
    ari_future_init(&self->future, &manual_class, runtime, 2);
    return self;
}

static void finish(manual *self, ar_status status)
{
    ar_error error;
    ar_error_set(&error, status, "finished by hand");
    ari_future_finish(&self->future, status, &error);
    ari_future_unref(&self->future);
}

static int reset(void **state)
{
    (void)state;
    destroyed = 0;
    return 0;
}

static void await_consumes_and_gives_the_outcome(void **state)
{
    ar_error error;
    manual *self = make_manual(NULL);
    ar_done done = { &self->future };
    (void)state;
    finish(self, AR_E_CONFLICT);
    assert_true(ar_future_is_done(done.raw));
    assert_int_equal(ar_done_await(&done, &error), AR_E_CONFLICT);
    assert_string_equal(error.message, "finished by hand");
    assert_null(done.raw);
    assert_int_equal(destroyed, 1);
    assert_int_equal(ar_done_await(&done, &error), AR_E_INVALID);
}

static void value_is_set_on_success_alone(void **state)
{
    int64_t value = 7;
    manual *self = make_manual(NULL);
    (void)state;
    ar_int64_future failed = { &self->future };
    self->future.value = 3;
    finish(self, AR_E_IO);
    assert_int_equal(ar_int64_await(&failed, &value, NULL), AR_E_IO);
    assert_int_equal(value, 7);
    self = make_manual(NULL);
    ar_int64_future fine = { &self->future };
    self->future.value = 3;
    finish(self, AR_OK);
    assert_int_equal(ar_int64_await_for(&fine, 0, &value, NULL), AR_OK);
    assert_int_equal(value, 3);
    assert_int_equal(ar_int64_await(&fine, NULL, NULL), AR_E_INVALID);
    assert_int_equal(ar_int64_await(NULL, NULL, NULL), AR_E_INVALID);
}

static void await_for_keeps_what_is_not_complete(void **state)
{
    ar_error error;
    manual *self = make_manual(NULL);
    ar_done done = { &self->future };
    (void)state;
    assert_int_equal(ar_done_await_for(&done, 0, &error), AR_E_PENDING);
    assert_int_equal(error.status, AR_E_PENDING);
    assert_int_equal(ar_done_await_for(&done, 2, &error), AR_E_PENDING);
    assert_ptr_equal(done.raw, &self->future);
    assert_int_equal(ar_future_wait(done.raw, 1, &error), AR_E_PENDING);
    finish(self, AR_OK);
    assert_int_equal(ar_future_wait(done.raw, 0, &error), AR_OK);
    assert_int_equal(ar_done_await_for(&done, 0, &error), AR_OK);
    assert_null(done.raw);
}

static void *finish_late(void *arg)
{
    finish(arg, AR_OK);
    return NULL;
}

static void waiting_thread_is_woken(void **state)
{
    (void)state;
    for (int i = 0; i < 300; i++) {
        manual *self = make_manual(NULL);
        ar_done done = { &self->future };
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, finish_late, self), 0);
        assert_int_equal(ar_done_await(&done, NULL), AR_OK);
        pthread_join(thread, NULL);
    }
    assert_int_equal(destroyed, 300);
}

static void null_futures_are_answered(void **state)
{
    ar_error error;
    ar_future *none = NULL;
    ar_done empty = { NULL };
    (void)state;
    assert_true(ar_future_is_done(NULL));
    assert_int_equal(ar_future_wait(NULL, -1, &error), AR_E_INVALID);
    assert_int_equal(ar_future_cancel(NULL, &error), AR_E_INVALID);
    assert_int_equal(ar_done_await(&empty, &error), AR_E_INVALID);
    assert_int_equal(ar_done_await(NULL, &error), AR_E_INVALID);
    assert_int_equal(ar_done_await_for(NULL, 0, &error), AR_E_INVALID);
    ar_future_drop(NULL);
    ar_future_drop(&none);
}

/* --- cancelling, deadlines --- */

static void cancel_before_the_start_completes_it(void **state)
{
    ar_error error;
    manual *self = make_manual(NULL);
    ar_done done = { &self->future };
    (void)state;
    assert_int_equal(ar_future_cancel(done.raw, &error), AR_OK);
    assert_int_equal(self->interrupts, 1);
    assert_false(ari_future_start(&self->future));
    assert_int_equal(ar_future_cancel(done.raw, &error), AR_E_BUSY);
    assert_int_equal(self->interrupts, 1);
    finish(self, AR_OK);
    assert_int_equal(ar_done_await(&done, &error), AR_E_CANCELLED);
}

static void cancel_in_flight_is_a_wish(void **state)
{
    ar_error error;
    manual *self = make_manual(NULL);
    ar_done done = { &self->future };
    (void)state;
    assert_true(ari_future_is_waiting(done.raw));
    assert_true(ari_future_start(&self->future));
    assert_false(ari_future_is_waiting(done.raw));
    assert_false(ari_future_is_cancelled(done.raw));
    for (int i = 0; i < 3; i++)
        assert_int_equal(ar_future_cancel(done.raw, &error), AR_E_BUSY);
    assert_int_equal(self->interrupts, 1);
    assert_true(ari_future_is_cancelled(done.raw));
    finish(self, AR_OK);
    assert_int_equal(ar_done_await(&done, &error), AR_OK);
}

static void deadline_completes_what_was_not_started(void **state)
{
    manual *late = make_manual(NULL), *started = make_manual(NULL);
    ar_done done[] = { { &late->future }, { &started->future } };
    (void)state;
    assert_true(ari_future_start(&started->future));
    ari_future_expire(&late->future);
    ari_future_expire(&started->future);
    assert_int_equal(started->interrupts, 1);
    assert_false(ar_future_is_done(&started->future));
    finish(late, AR_OK);
    finish(started, AR_OK);
    assert_int_equal(ar_done_await(&done[0], NULL), AR_E_TIMEOUT);
    assert_int_equal(ar_done_await(&done[1], NULL), AR_OK);
}

typedef struct race {
    pthread_barrier_t barrier;
    manual *self;
    _Atomic int wins;
    _Atomic int told;
} race;

typedef struct told {
    ari_future_observer observer; /* first */
    race *race;
} told;

static void count_told(ari_future_observer *observer, ar_future *future)
{
    (void)future;
    atomic_fetch_add(&((told *)observer)->race->told, 1);
}

enum { ROUNDS = 3000 };

static void *complete_all(void *arg)
{
    race *r = arg;
    for (int i = 0; i < ROUNDS; i++) {
        pthread_barrier_wait(&r->barrier);
        if (i % 2 == 0 || ari_future_start(&r->self->future))
            atomic_fetch_add(&r->wins, ari_future_finish(&r->self->future, AR_OK, NULL));
        pthread_barrier_wait(&r->barrier);
    }
    return NULL;
}

static void *cancel_all(void *arg)
{
    race *r = arg;
    for (int i = 0; i < ROUNDS; i++) {
        pthread_barrier_wait(&r->barrier);
        atomic_fetch_add(&r->wins, ar_future_cancel(&r->self->future, NULL) == AR_OK);
        pthread_barrier_wait(&r->barrier);
    }
    return NULL;
}

static void exactly_one_of_racing_cancel_timeout_and_completion_wins(void **state)
{
    race r = { .wins = 0 };
    pthread_t threads[2];
    int outcomes[3] = { 0, 0, 0 };
    (void)state;
    pthread_barrier_init(&r.barrier, NULL, 3);
    assert_int_equal(pthread_create(&threads[0], NULL, complete_all, &r), 0);
    assert_int_equal(pthread_create(&threads[1], NULL, cancel_all, &r), 0);
    int wrong = 0;
    for (int i = 0; i < ROUNDS; i++) {
        r.self = make_manual(NULL);
        r.wins = 0;
        r.told = 0;
        told watchers[2] = { { .observer = { .notify = count_told }, .race = &r },
                             { .observer = { .notify = count_told }, .race = &r } };
        ari_future_observe(&r.self->future, &watchers[0].observer);
        pthread_barrier_wait(&r.barrier);
        ari_future_observe(&r.self->future, &watchers[1].observer);
        ari_future_expire(&r.self->future);
        pthread_barrier_wait(&r.barrier);
        ar_status status = ari_future_outcome(&r.self->future, NULL);
        int others = atomic_load(&r.wins);
        wrong += !ar_future_is_done(&r.self->future) || r.told != 2 || others != (status != AR_E_TIMEOUT);
        outcomes[status == AR_OK ? 0 : status == AR_E_TIMEOUT ? 1 : 2]++;
        ari_future_unref(&r.self->future);
        ari_future_unref(&r.self->future);
    }
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&r.barrier);
    assert_int_equal(wrong, 0);
    assert_int_equal(destroyed, ROUNDS);
    assert_int_equal(outcomes[0] + outcomes[1] + outcomes[2], ROUNDS);
}

static void dropped_future_goes_on_and_is_freed_by_the_last(void **state)
{
    manual *self = make_manual(NULL);
    ar_done done = { &self->future };
    (void)state;
    ar_future_drop(&done.raw);
    assert_null(done.raw);
    assert_int_equal(destroyed, 0);
    finish(self, AR_OK);
    assert_int_equal(destroyed, 1);
}

/* --- then --- */

typedef struct called {
    test_latch latch;
    pthread_t thread;
    ar_status status;
    int64_t value;
    char message[320];
} called;

static void note_done(void *arg, ar_status status, const ar_error *err)
{
    called *c = arg;
    c->thread = pthread_self();
    c->status = status;
    if (err != NULL)
        strcpy(c->message, err->message);
    test_latch_raise(&c->latch);
}

static void note_int64(void *arg, ar_status status, int64_t value, const ar_error *err)
{
    ((called *)arg)->value = value;
    note_done(arg, status, err);
}

static void then_is_called_once_on_a_worker(void **state)
{
    ar_runtime *runtime = test_runtime(2);
    called c = { .latch = TEST_LATCH };
    manual *self = make_manual(runtime);
    ar_done done = { &self->future };
    (void)state;
    assert_int_equal(ar_done_then(&done, ar_runtime_executor(runtime), note_done, &c, NULL), AR_OK);
    assert_null(done.raw);
    assert_int_equal(test_latch_count(&c.latch), 0);
    finish(self, AR_E_STALE);
    assert_true(test_latch_wait(&c.latch, 1));
    assert_int_equal(ar_runtime_close(&runtime, NULL), AR_OK);
    assert_int_equal(c.latch.count, 1);
    assert_false(pthread_equal(c.thread, pthread_self()));
    assert_int_equal(c.status, AR_E_STALE);
    assert_string_equal(c.message, "finished by hand");
}

static void then_on_a_complete_future_is_not_called_inside(void **state)
{
    ar_runtime *runtime = test_runtime(1);
    ar_cq *cq = NULL;
    called c = { .latch = TEST_LATCH };
    (void)state;
    assert_int_equal(ar_cq_create(runtime, &cq, NULL), AR_OK);
    manual *self = make_manual(runtime);
    ar_int64_future done = { &self->future };
    self->future.value = 12;
    finish(self, AR_OK);
    assert_int_equal(ar_int64_then(&done, ar_cq_executor(cq), note_int64, &c, NULL), AR_OK);
    assert_int_equal(test_latch_count(&c.latch), 0);
    assert_int_equal(ar_cq_run(cq, 0, 0, NULL, NULL), AR_OK);
    assert_int_equal(test_latch_count(&c.latch), 1);
    assert_int_equal(c.value, 12);
    ar_cq_destroy(&cq);
    assert_int_equal(ar_runtime_close(&runtime, NULL), AR_OK);
}

static void then_with_nulls_consumes_nothing(void **state)
{
    ar_runtime *runtime = test_runtime(1);
    ar_executor *executor = ar_runtime_executor(runtime);
    manual *self = make_manual(runtime);
    ar_done done = { &self->future };
    ar_done none = { NULL };
    (void)state;
    assert_int_equal(ar_done_then(&done, NULL, note_done, NULL, NULL), AR_E_INVALID);
    assert_int_equal(ar_done_then(&done, executor, NULL, NULL, NULL), AR_E_INVALID);
    assert_int_equal(ar_done_then(&none, executor, note_done, NULL, NULL), AR_E_INVALID);
    assert_int_equal(ar_done_then(NULL, executor, note_done, NULL, NULL), AR_E_INVALID);
    assert_int_equal(ar_int64_then(NULL, executor, note_int64, NULL, NULL), AR_E_INVALID);
    assert_ptr_equal(done.raw, &self->future);
    finish(self, AR_OK);
    assert_int_equal(ar_done_await(&done, NULL), AR_OK);
    assert_int_equal(ar_runtime_close(&runtime, NULL), AR_OK);
}

/* Each callback submits the next: none may run inside the then that submits it, also while the runtime closes. */
typedef struct chain {
    ar_runtime *runtime;
    ar_executor *executor;
    int left;
    int depth;
    int deepest;
    test_latch over;
} chain;

static void next_link(void *arg, ar_status status, const ar_error *err)
{
    chain *c = arg;
    (void)status;
    (void)err;
    if (++c->depth > c->deepest)
        c->deepest = c->depth;
    ar_done next = ar_future_all(NULL, 0);
    if (--c->left == 0 || ar_done_then(&next, c->executor, next_link, c, NULL) != AR_OK)
        test_latch_raise(&c->over);
    ar_future_drop(&next.raw);
    c->depth--;
}

static void chained_callbacks_do_not_nest_while_the_runtime_closes(void **state)
{
    (void)state;
    for (int i = 0; i < 30; i++) {
        chain c = { .runtime = test_runtime(1), .left = 1000 * (i % 2) + 20, .over = TEST_LATCH };
        ar_done first = ar_future_all(NULL, 0);
        c.executor = ar_runtime_executor(c.runtime);
        assert_int_equal(ar_done_then(&first, c.executor, next_link, &c, NULL), AR_OK);
        assert_int_equal(ar_runtime_close(&c.runtime, NULL), AR_OK);
        assert_int_equal(test_latch_count(&c.over), 1);
        assert_int_equal(c.deepest, 1);
    }
}

/* --- all and any --- */

static void all_waits_for_every_child(void **state)
{
    manual *children[3];
    ar_done done[3];
    ar_error error;
    (void)state;
    for (int i = 0; i < 3; i++) {
        children[i] = make_manual(NULL);
        done[i].raw = &children[i]->future;
    }
    ar_done all = AR_ALL(done[0], done[1], done[2]);
    finish(children[2], AR_E_IO);
    finish(children[0], AR_OK);
    assert_int_equal(ar_done_await_for(&all, 0, NULL), AR_E_PENDING);
    finish(children[1], AR_E_TYPE);
    assert_int_equal(ar_done_await(&all, &error), AR_E_TYPE); /* the first that failed by position, not by time */
    assert_string_equal(error.message, "finished by hand");
    assert_int_equal(ar_done_await(&done[0], NULL), AR_OK); /* they were borrowed */
    assert_int_equal(ar_done_await(&done[1], NULL), AR_E_TYPE);
    assert_int_equal(ar_done_await(&done[2], NULL), AR_E_IO);
    assert_int_equal(destroyed, 3);
}

static void children_may_be_dropped_before_and_after(void **state)
{
    manual *children[2] = { make_manual(NULL), make_manual(NULL) };
    ar_done done[2] = { { &children[0]->future }, { &children[1]->future } };
    (void)state;
    ar_done all = AR_ALL(done[0], done[1]);
    ar_future_drop(&done[0].raw);
    finish(children[0], AR_OK);
    assert_int_equal(destroyed, 0);
    ar_future_drop(&all.raw); /* the whole goes first */
    ar_future_drop(&done[1].raw);
    finish(children[1], AR_OK);
    assert_int_equal(destroyed, 2);
}

static void any_gives_the_first_to_complete(void **state)
{
    manual *children[3];
    ar_done done[3];
    int64_t index = -1;
    (void)state;
    for (int i = 0; i < 3; i++) {
        children[i] = make_manual(NULL);
        done[i].raw = &children[i]->future;
    }
    ar_int64_future any = AR_ANY(done[0], done[1], done[2]);
    assert_int_equal(ar_int64_await_for(&any, 0, &index, NULL), AR_E_PENDING);
    finish(children[1], AR_E_IO); /* with whatever result */
    assert_int_equal(ar_int64_await(&any, &index, NULL), AR_OK);
    assert_int_equal(index, 1);
    finish(children[0], AR_OK);
    finish(children[2], AR_OK);
    for (int i = 0; i < 3; i++)
        ar_future_drop(&done[i].raw);
    assert_int_equal(destroyed, 3);
}

static void all_and_any_of_null_or_nothing(void **state)
{
    manual *self = make_manual(NULL);
    ar_future *with_null[] = { &self->future, NULL };
    (void)state;
    ar_done all = ar_future_all(NULL, 0);
    ar_int64_future any = ar_future_any(NULL, 0);
    assert_int_equal(ar_done_await(&all, NULL), AR_OK);
    assert_int_equal(ar_int64_await(&any, NULL, NULL), AR_E_INVALID);
    all = ar_future_all(with_null, 2);
    any = ar_future_any(with_null, 2);
    assert_int_equal(ar_done_await(&all, NULL), AR_E_INVALID);
    assert_int_equal(ar_int64_await(&any, NULL, NULL), AR_E_INVALID);
    all = ar_future_all(NULL, 2);
    assert_int_equal(ar_done_await(&all, NULL), AR_E_INVALID);
    ar_future *dropped = &self->future;
    ar_future_drop(&dropped);
    finish(self, AR_OK);
}

static void cancelling_the_whole_cancels_no_child(void **state)
{
    manual *child = make_manual(NULL);
    ar_done done = { &child->future };
    ar_done all = ar_future_all(&done.raw, 1);
    (void)state;
    assert_int_equal(ar_future_cancel(all.raw, NULL), AR_OK);
    assert_int_equal(ar_done_await(&all, NULL), AR_E_CANCELLED);
    assert_false(ar_future_is_done(done.raw));
    finish(child, AR_OK);
    assert_int_equal(ar_done_await(&done, NULL), AR_OK);
}

static void *finish_child(void *arg)
{
    finish(arg, AR_OK);
    return NULL;
}

static void children_complete_on_racing_threads(void **state)
{
    (void)state;
    for (int round = 0; round < 200; round++) {
        manual *children[3];
        ar_done done[3];
        pthread_t threads[3];
        for (int i = 0; i < 3; i++) {
            children[i] = make_manual(NULL);
            done[i].raw = &children[i]->future;
        }
        for (int i = 0; i < 3; i++)
            assert_int_equal(pthread_create(&threads[i], NULL, finish_child, children[i]), 0);
        ar_done all = AR_ALL(done[0], done[1], done[2]);
        ar_int64_future any = AR_ANY(done[0], done[1], done[2]);
        int64_t index = -1;
        assert_int_equal(ar_int64_await(&any, &index, NULL), AR_OK);
        assert_in_range(index, 0, 2);
        assert_int_equal(ar_done_await(&all, NULL), AR_OK);
        for (int i = 0; i < 3; i++) {
            pthread_join(threads[i], NULL);
            assert_int_equal(ar_done_await_for(&done[i], 0, NULL), AR_OK);
        }
    }
    assert_int_equal(destroyed, 600);
}

static void whole_of_wholes(void **state)
{
    manual *children[2] = { make_manual(NULL), make_manual(NULL) };
    ar_done done[2] = { { &children[0]->future }, { &children[1]->future } };
    (void)state;
    ar_done inner = AR_ALL(done[0], done[1]);
    ar_int64_future outer = AR_ANY(inner);
    finish(children[0], AR_OK);
    assert_false(ar_future_is_done(outer.raw));
    finish(children[1], AR_OK);
    assert_true(ar_future_is_done(outer.raw));
    ar_future_drop(&outer.raw);
    ar_future_drop(&inner.raw);
    ar_future_drop(&done[0].raw);
    ar_future_drop(&done[1].raw);
    assert_int_equal(destroyed, 2);
}

/* --- memory --- */

static void future_outlives_its_runtime(void **state)
{
    test_memory memory = { .refuse_at = 0 };
    ar_runtime_options options = { .workers = 1 };
    ar_runtime *runtime = NULL;
    ar_error error;
    (void)state;
    test_memory_use(&memory, &options);
    assert_int_equal(ar_runtime_create(&options, &runtime, NULL), AR_OK);
    ar_done late = ar_timer_after(runtime, TEST_HOUR);
    ar_done both = ar_future_all(&late.raw, 1);
    assert_int_equal(ar_runtime_close(&runtime, NULL), AR_OK);
    assert_true(ar_future_is_done(late.raw));
    assert_int_equal(ar_future_cancel(late.raw, NULL), AR_E_BUSY);
    assert_int_equal(ar_done_await(&late, &error), AR_E_CLOSED);
    assert_true(memory.live > 0);
    assert_int_equal(ar_done_await(&both, NULL), AR_E_CLOSED);
    assert_int_equal(memory.live, 0);
}

static void without_memory_there_is_still_a_future(void **state)
{
    test_memory memory = { .refuse_at = 0 };
    ar_runtime_options options = { .workers = 1 };
    ar_runtime *runtime = NULL;
    ar_error error;
    (void)state;
    test_memory_use(&memory, &options);
    assert_int_equal(ar_runtime_create(&options, &runtime, NULL), AR_OK);
    assert_non_null(ar_runtime_executor(runtime));
    memory.refuse_at = 1;
    memory.refuse_on = true;
    for (int i = 0; i < 3; i++) {
        ar_done none = ar_timer_after(runtime, 0);
        assert_non_null(none.raw);
        ar_done all = ar_future_all(&none.raw, 1);
        assert_int_equal(ar_future_cancel(none.raw, NULL), AR_E_BUSY);
        assert_int_equal(ar_future_wait(none.raw, -1, NULL), AR_OK);
        assert_int_equal(ar_done_await(&none, &error), AR_E_NO_MEMORY);
        assert_true(error.message[0] != '\0');
        assert_int_equal(ar_done_await(&all, &error), AR_E_NO_MEMORY);
    }
    manual *self = make_manual(runtime);
    ar_done done = { &self->future };
    assert_int_equal(ar_done_then(&done, ar_runtime_executor(runtime), note_done, NULL, NULL), AR_E_NO_MEMORY);
    assert_null(done.raw);
    finish(self, AR_OK);
    memory.refuse_at = 0;
    assert_int_equal(ar_runtime_close(&runtime, NULL), AR_OK);
    assert_int_equal(memory.live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(await_consumes_and_gives_the_outcome, reset),
        cmocka_unit_test_setup(value_is_set_on_success_alone, reset),
        cmocka_unit_test_setup(await_for_keeps_what_is_not_complete, reset),
        cmocka_unit_test_setup(waiting_thread_is_woken, reset),
        cmocka_unit_test_setup(null_futures_are_answered, reset),
        cmocka_unit_test_setup(cancel_before_the_start_completes_it, reset),
        cmocka_unit_test_setup(cancel_in_flight_is_a_wish, reset),
        cmocka_unit_test_setup(deadline_completes_what_was_not_started, reset),
        cmocka_unit_test_setup(exactly_one_of_racing_cancel_timeout_and_completion_wins, reset),
        cmocka_unit_test_setup(dropped_future_goes_on_and_is_freed_by_the_last, reset),
        cmocka_unit_test_setup(then_is_called_once_on_a_worker, reset),
        cmocka_unit_test_setup(then_on_a_complete_future_is_not_called_inside, reset),
        cmocka_unit_test_setup(then_with_nulls_consumes_nothing, reset),
        cmocka_unit_test_setup(chained_callbacks_do_not_nest_while_the_runtime_closes, reset),
        cmocka_unit_test_setup(all_waits_for_every_child, reset),
        cmocka_unit_test_setup(children_may_be_dropped_before_and_after, reset),
        cmocka_unit_test_setup(any_gives_the_first_to_complete, reset),
        cmocka_unit_test_setup(all_and_any_of_null_or_nothing, reset),
        cmocka_unit_test_setup(cancelling_the_whole_cancels_no_child, reset),
        cmocka_unit_test_setup(children_complete_on_racing_threads, reset),
        cmocka_unit_test_setup(whole_of_wholes, reset),
        cmocka_unit_test_setup(future_outlives_its_runtime, reset),
        cmocka_unit_test_setup(without_memory_there_is_still_a_future, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
