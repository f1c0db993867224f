/* SPDX-License-Identifier: MIT */
#include "actors/runner.h"

#include <pthread.h>
#include <stddef.h>

#include "actors/worker.h"

/* The run token. One atomic word says who may run the actor and who has been told to look; the mailbox is a list that is pushed on without looking at the word.
 * tests/model/actor_wakeup.pml is this file as a model, checked exhaustively by ./dev test for lost wake-ups, more than one runner, and more than one bell.
 *
 *   RUN    somebody runs the actor: its executor, or a thread that helps
 *   BELL   its bell is on the way to the executor; at most one
 *   CLOSE  no more work is taken: what is there and what comes fails
 *   GONE   the executor has left; whoever still posts fails it himself (fail_rest)
 *
 * A post pushes, then wakes: RUN or BELL set means that somebody is going to look after this push, else it sets BELL and rings. Whoever holds the token takes the
 * whole mailbox, handles it, gives the token back and looks once more: what was pushed meanwhile, when RUN kept the pusher from ringing, is seen there.
 * A thread that would block pushes, and instead of ringing takes the token when it is free and runs the actor itself; a bell that is under way is no obstacle, since
 * who receives it takes the token only when it is free, and else forgets it. The word and the mailbox are accessed seq_cst: push-then-look-at-the-word on one side
 * pairs with change-the-word-then-look-at-the-mailbox on the other, which no weaker order gives.
 *
 * Only the executor sets GONE, and only without a bell under way, so that no bell ever reaches an executor that has left. A helper's last touch of the runner is
 * its wake: the caller keeps the runner alive until help returns. */

enum { RUN = 1, BELL = 2, CLOSE = 16, GONE = 32 };

static _Thread_local unsigned behaviours; /* how deep this thread is in behaviours */

void ari_runner_init(ari_runner *runner, const ari_runner_class *class, ari_worker *worker)
{
    atomic_init(&runner->state, 0);
    atomic_init(&runner->mailbox, NULL);
    runner->class = class;
    runner->worker = worker;
    runner->next_rung = NULL;
    runner->left = false;
}

bool ari_runner_in_behaviour(void)
{
    return behaviours > 0;
}

ari_mail *ari_mail_reverse(ari_mail *mails)
{
    ari_mail *reversed = NULL;
    while (mails != NULL) {
        ari_mail *next = mails->next;
        mails->next = reversed;
        reversed = mails;
        mails = next;
    }
    return reversed;
}

bool ari_runner_push(ari_runner *runner, ari_mail *mail)
{
    ari_mail *head = atomic_load_explicit(&runner->mailbox, memory_order_relaxed);
    do {
        mail->next = head;
    } while (!atomic_compare_exchange_weak(&runner->mailbox, &head, mail));
    return head == NULL;
}

static ari_mail *take_all(ari_runner *runner)
{
    return ari_mail_reverse(atomic_exchange(&runner->mailbox, NULL));
}

/* Takes the token if it is free, with the bits of `clear` dropped either way. */
static bool claim(ari_runner *runner, uint32_t refuse, uint32_t clear)
{
    uint32_t state = atomic_load(&runner->state);
    bool     claimed;
    do {
        claimed = (state & (RUN | refuse)) == 0;
        if (!claimed && (state & clear) == 0)
            return false;
    } while (!atomic_compare_exchange_weak(&runner->state, &state, (state & ~clear) | (claimed ? (uint32_t)RUN : 0)));
    return claimed;
}

/* After GONE: everybody who posts sees to it that nothing stays behind. */
static void fail_rest(ari_runner *runner)
{
    while (atomic_load(&runner->mailbox) != NULL && claim(runner, 0, 0)) {
        runner->class->fail(runner, take_all(runner));
        atomic_fetch_and(&runner->state, ~(uint32_t)RUN);
    }
}

void ari_runner_wake(ari_runner *runner)
{
    uint32_t state = atomic_load(&runner->state);
    do {
        if ((state & GONE) != 0) {
            fail_rest(runner);
            return;
        }
        if ((state & (RUN | BELL)) != 0)
            return;
    } while (!atomic_compare_exchange_weak(&runner->state, &state, state | BELL));
    ari_worker_ring(runner->worker, runner);
}

/* Gives the token back. True: the executor has left with it. */
static bool give_back(ari_runner *runner, bool leave)
{
    uint32_t state = atomic_load(&runner->state);
    uint32_t next;
    do {
        next = state & ~(uint32_t)RUN;
        if (leave && (state & BELL) == 0)
            next |= GONE;
    } while (!atomic_compare_exchange_weak(&runner->state, &state, next));
    return (next & GONE) != 0;
}

/* The token is held; leaves without it. */
static void drive(ari_runner *runner, bool executor)
{
    bool      closing = (atomic_load(&runner->state) & CLOSE) != 0;
    ari_mail *mails = take_all(runner);
    bool      left = false;

    behaviours += runner->class->runs_behaviours;
    if (closing)
        runner->class->fail(runner, mails);
    else if (mails != NULL || runner->left)
        left = runner->class->batch(runner, mails);
    behaviours -= runner->class->runs_behaviours;
    runner->left = left;

    if (give_back(runner, executor && closing)) {
        fail_rest(runner);
        runner->class->gone(runner);
        return;
    }
    if (left || atomic_load(&runner->mailbox) != NULL || (atomic_load(&runner->state) & CLOSE) != 0)
        ari_runner_wake(runner);
}

bool ari_runner_help(ari_runner *runner)
{
    int cancel_state = 0;

    if (!claim(runner, GONE, 0))
        return false;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
    drive(runner, false);
    pthread_setcancelstate(cancel_state, NULL);
    return true;
}

bool ari_runner_is_idle(const ari_runner *runner)
{
    return (atomic_load_explicit(&runner->state, memory_order_relaxed) & (RUN | BELL | CLOSE | GONE)) == 0;
}

void ari_runner_bell(ari_runner *runner)
{
    if (claim(runner, 0, BELL))
        drive(runner, true);
}

void ari_runner_close(ari_runner *runner)
{
    atomic_fetch_or(&runner->state, CLOSE);
    ari_runner_wake(runner);
}
