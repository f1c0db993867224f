/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "actors/worker.h"
#include "tests/support/actors.h"

/* A runner that counts, without any synchronisation but the token's. */
typedef struct counting {
    ari_runner runner; /* first */
    test_latch gone;
    int handled;
    int failed;
    int last; /* number of the last mail */
    int disorder;
    bool inside;
    int overlaps;     /* two threads at a time */
    pthread_t thread; /* that ran it last */
    bool leaves_one;  /* a batch leaves all but one mail to the next turn */
    ari_mail *left;
    test_latch *handled_one; /* may be NULL */
    bool closes;             /* itself, in its batch */
    _Atomic int seen;        /* handled, for who is outside */
} counting;

typedef struct numbered {
    ari_mail mail; /* first */
    int number;
} numbered;

static void count_one(counting *self, ari_mail *mail, int *counter)
{
    int number = ((numbered *)mail)->number;
    self->disorder += number < self->last;
    self->last = number;
    (*counter)++;
}

static bool batch(ari_runner *runner, ari_mail *mails)
{
    counting *self = (counting *)runner;
    self->overlaps += self->inside;
    self->inside = true;
    self->thread = pthread_self();
    if (self->closes)
        ari_runner_close(&self->runner);
    if (self->left != NULL) {
        ari_mail **end = &self->left;
        while (*end != NULL)
            end = &(*end)->next;
        *end = mails;
        mails = self->left;
        self->left = NULL;
    }
    for (; mails != NULL; mails = mails->next) {
        count_one(self, mails, &self->handled);
        atomic_fetch_add(&self->seen, 1);
        if (self->handled_one != NULL)
            test_latch_raise(self->handled_one);
        if (self->leaves_one && mails->next != NULL) {
            self->left = mails->next;
            break;
        }
    }
    self->inside = false;
    return self->left != NULL;
}

static void refuse(ari_runner *runner, ari_mail *mails)
{
    counting *self = (counting *)runner;
    self->overlaps += self->inside;
    self->inside = true;
    for (; mails != NULL; mails = mails->next)
        count_one(self, mails, &self->failed);
    self->inside = false;
}

static void gone(ari_runner *runner)
{
    test_latch_raise(&((counting *)runner)->gone);
}

static const ari_runner_class counting_class = { .batch = batch, .fail = refuse, .gone = gone };

typedef struct fixture {
    ari_worker *worker;
    counting counter;
} fixture;

static void set_up(fixture *f)
{
    *f = (fixture){ .counter = { .gone = TEST_LATCH } };
    assert_int_equal(ari_worker_start(ar_env_default(), "test", 0, &f->worker, NULL), AR_OK);
    ari_runner_init(&f->counter.runner, &counting_class, f->worker);
}

static void tear_down(fixture *f)
{
    if (test_latch_count(&f->counter.gone) == 0)
        ari_runner_close(&f->counter.runner);
    assert_true(test_latch_wait(&f->counter.gone, 1));
    ari_worker_stop(f->worker);
    assert_int_equal(f->counter.gone.count, 1);
    assert_int_equal(f->counter.overlaps, 0);
}

static void helper_runs_the_actor_on_its_own_thread(void **state)
{
    fixture f;
    numbered mails[3];
    (void)state;
    set_up(&f);
    for (int i = 0; i < 3; i++) {
        mails[i].number = i;
        assert_int_equal(ari_runner_push(&f.counter.runner, &mails[i].mail), i == 0);
    }
    assert_true(ari_runner_is_idle(&f.counter.runner));
    assert_true(ari_runner_help(&f.counter.runner, NULL, INT64_MAX));
    assert_int_equal(f.counter.handled, 3);
    assert_int_equal(f.counter.disorder, 0);
    assert_true(pthread_equal(f.counter.thread, pthread_self()));
    tear_down(&f);
}

static void what_a_turn_leaves_is_handled_in_order_by_the_next(void **state)
{
    fixture f;
    numbered mails[100];
    test_latch handled = TEST_LATCH;
    (void)state;
    set_up(&f);
    f.counter.leaves_one = true;
    f.counter.handled_one = &handled;
    for (int i = 0; i < 100; i++) {
        mails[i].number = i;
        ari_runner_push(&f.counter.runner, &mails[i].mail);
        ari_runner_wake(&f.counter.runner);
    }
    assert_true(test_latch_wait(&handled, 100));
    tear_down(&f);
    assert_int_equal(f.counter.handled, 100);
    assert_int_equal(f.counter.disorder, 0);
}

static void mail_after_the_end_is_failed_by_its_sender(void **state)
{
    fixture f;
    numbered late = { .number = 1 };
    (void)state;
    set_up(&f);
    ari_runner_close(&f.counter.runner);
    assert_true(test_latch_wait(&f.counter.gone, 1));
    assert_false(ari_runner_help(&f.counter.runner, NULL, INT64_MAX));
    ari_runner_push(&f.counter.runner, &late.mail);
    ari_runner_wake(&f.counter.runner);
    assert_int_equal(f.counter.failed, 1);
    assert_int_equal(f.counter.handled, 0);
    tear_down(&f);
}

static void closing_again_and_again_ends_it_once(void **state)
{
    fixture f;
    (void)state;
    set_up(&f);
    for (int i = 0; i < 100; i++)
        ari_runner_close(&f.counter.runner);
    tear_down(&f);
}

static void closing_inside_a_batch_ends_it(void **state)
{
    fixture f;
    numbered mail = { .number = 1 };
    (void)state;
    set_up(&f);
    f.counter.closes = true;
    ari_runner_push(&f.counter.runner, &mail.mail);
    ari_runner_wake(&f.counter.runner);
    assert_true(test_latch_wait(&f.counter.gone, 1)); /* nobody else wakes it */
    tear_down(&f);
}

static void every_wake_of_a_worker_that_falls_asleep_is_seen(void **state)
{
    enum { ROUNDS = 40000 };
    static numbered mails[ROUNDS];
    fixture f;
    (void)state;
    set_up(&f);
    for (int i = 0; i < ROUNDS; i++) {
        ari_runner_push(&f.counter.runner, &mails[i].mail);
        ari_runner_wake(&f.counter.runner);
        int64_t patience = ar_env_default()->now(NULL) + TEST_PATIENCE * INT64_C(1000);
        while (atomic_load(&f.counter.seen) <= i && ar_env_default()->now(NULL) < patience)
            sched_yield();
        assert_true(atomic_load(&f.counter.seen) > i);
        for (volatile int pause = i % 256; pause > 0;
             pause--) /* so that the next comes anywhere in its falling asleep */
            continue;
    }
    tear_down(&f);
}

enum { SENDERS = 4, EACH = 5000 };

typedef struct sender {
    pthread_t thread;
    counting *counter;
    bool helps;
    numbered mails[EACH];
} sender;

static void *send_all(void *arg)
{
    sender *self = arg;
    for (int i = 0; i < EACH; i++) {
        ari_runner_push(&self->counter->runner, &self->mails[i].mail);
        if (!self->helps || i % 3 == 0 || !ari_runner_help(&self->counter->runner, NULL, INT64_MAX))
            ari_runner_wake(&self->counter->runner);
    }
    return NULL;
}

static sender senders[SENDERS];

static void start_senders(fixture *f)
{
    for (int i = 0; i < SENDERS; i++) {
        senders[i].counter = &f->counter;
        senders[i].helps = i % 2 == 0;
        assert_int_equal(pthread_create(&senders[i].thread, NULL, send_all, &senders[i]), 0);
    }
}

static void join_senders(void)
{
    for (int i = 0; i < SENDERS; i++)
        pthread_join(senders[i].thread, NULL);
}

static void nothing_is_lost_between_senders_helpers_and_the_executor(void **state)
{
    fixture f;
    (void)state;
    set_up(&f);
    start_senders(&f);
    join_senders();
    tear_down(&f);
    assert_int_equal(f.counter.handled + f.counter.failed, SENDERS * EACH);
}

static void nothing_is_lost_when_it_closes_meanwhile(void **state)
{
    fixture f;
    (void)state;
    for (int round = 0; round < 5; round++) {
        set_up(&f);
        start_senders(&f);
        ari_runner_close(&f.counter.runner);
        assert_true(test_latch_wait(&f.counter.gone, 1));
        join_senders();
        tear_down(&f);
        assert_int_equal(f.counter.handled + f.counter.failed, SENDERS * EACH);
    }
}

/* Stops the worker as soon as its runner is gone: a sender may still be inside the ring. */
static void worker_may_be_stopped_at_once_when_its_runner_is_gone(void **state)
{
    (void)state;
    for (int round = 0; round < 100; round++) {
        fixture f;
        sender *only = &senders[0];
        set_up(&f);
        only->counter = &f.counter;
        only->helps = false;
        assert_int_equal(pthread_create(&only->thread, NULL, send_all, only), 0);
        ari_runner_close(&f.counter.runner);
        assert_true(test_latch_wait(&f.counter.gone, 1));
        ari_worker_stop(f.worker);
        pthread_join(only->thread, NULL);
        assert_int_equal(f.counter.handled + f.counter.failed, EACH);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(helper_runs_the_actor_on_its_own_thread),
        cmocka_unit_test(what_a_turn_leaves_is_handled_in_order_by_the_next),
        cmocka_unit_test(mail_after_the_end_is_failed_by_its_sender),
        cmocka_unit_test(closing_again_and_again_ends_it_once),
        cmocka_unit_test(closing_inside_a_batch_ends_it),
        cmocka_unit_test(every_wake_of_a_worker_that_falls_asleep_is_seen),
        cmocka_unit_test(nothing_is_lost_between_senders_helpers_and_the_executor),
        cmocka_unit_test(nothing_is_lost_when_it_closes_meanwhile),
        cmocka_unit_test(worker_may_be_stopped_at_once_when_its_runner_is_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
