/* SPDX-License-Identifier: MIT */
#include "actors/runner.h"

#include <pthread.h>
#include <stddef.h>

#include "actors/worker.h"

/* The run token. One atomic word says who may run the actor and who has been told to look; the mailbox is a list that
 * is pushed on without looking at the word. tests/model/actor_wakeup.pml is this file as a model, checked exhaustively
 * by ./dev test for lost wake-ups, more than one runner, and more than one bell.
 *
 *   RUN    somebody runs the actor: its executor, or a thread that helps
 *   BELL   its bell is on the way to the executor; at most one
 *   EV     the descriptor that it waits for became ready, and nobody has looked since
 *   PARK   the helper that has the token sleeps on the descriptor; whoever clears this nudges it
 *   CLOSE  no more work is taken: what is there and what comes fails
 *   GONE   the executor has left; whoever still posts fails it himself (fail_rest)
 *
 * A post pushes, then wakes: RUN or BELL set means that somebody is going to look after this push, else it sets BELL
 * and rings. Whoever holds the token takes the whole mailbox, handles it, gives the token back and looks once more:
 * what was pushed meanwhile, when RUN kept the pusher from ringing, is seen there. A thread that would block pushes,
 * and instead of ringing takes the token when it is free and runs the actor itself; a bell that is under way is no
 * obstacle, since who receives it takes the token only when it is free, and else forgets it. The word and the mailbox
 * are accessed seq_cst: push-then-look-at-the-word on one side pairs with change-the-word-then-look-at-the-mailbox on
 * the other, which no weaker order gives.
 *
 * An actor that does not block is run again when its descriptor is ready: by a helper that sleeps on it (PARK), else by
 * the executor, for whom whoever gives the token back arms it for one event. Only the executor sets GONE, and only
 * without a bell under way, so that no bell ever reaches an executor that has left. A helper's last touch of the runner
 * is its wake: the caller keeps the runner alive until help returns. */

enum { RUN = 1, BELL = 2, EV = 4, PARK = 8, CLOSE = 16, GONE = 32 };

static _Thread_local unsigned behaviours; /* how deep this thread is in behaviours */

void ari_runner_init(ari_runner *runner, const ari_runner_class *class, ari_worker *worker)
{
    atomic_init(&runner->state, 0);
    atomic_init(&runner->mailbox, NULL);
    runner->class = class;
    runner->worker = worker;
    runner->next_rung = NULL;
    runner->left = false;
    runner->readiness = NULL;
    runner->env = worker->env;
    atomic_init(&runner->nudgers.word, 0);
}

ar_status ari_runner_watch(ari_runner *runner, ar_error *err)
{
    const ari_worker *worker = runner->worker;
    return worker->env->readiness_open(worker->env, worker->executor, ari_runner_ready, runner, &runner->readiness,
                                       err);
}

void ari_runner_unwatch(ari_runner *runner)
{
    const ar_env *env = runner->env;
    ari_gate_clear(&runner->nudgers, env);
    env->readiness_close(env->ctx, runner->readiness);
    runner->readiness = NULL;
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

ari_mail *ari_runner_take(ari_runner *runner)
{
    return atomic_load_explicit(&runner->mailbox, memory_order_relaxed) != NULL ? take_all(runner) : NULL;
}

/* Takes the token if it is free, with the bits of `clear` dropped either way. */
static bool claim(ari_runner *runner, uint32_t refuse, uint32_t clear)
{
    uint32_t state = atomic_load(&runner->state);
    bool claimed;
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

static void nudge(ari_runner *runner)
{
    const ar_env *env = runner->worker->env;
    env->readiness_nudge(env->ctx, runner->readiness);
}

static void wake(ari_runner *runner)
{
    uint32_t state = atomic_load(&runner->state);
    uint32_t next;
    do {
        if ((state & GONE) != 0) {
            fail_rest(runner);
            return;
        }
        bool parked = (state & RUN) != 0 && (state & PARK) != 0;
        if (!parked && (state & (RUN | BELL)) != 0)
            return;
        next = parked ? state & ~(uint32_t)PARK : state | BELL;
    } while (!atomic_compare_exchange_weak(&runner->state, &state, next));
    if ((next & RUN) != 0)
        nudge(runner);
    else
        ari_worker_ring(runner->worker, runner);
}

/* A nudge may come late: by then the sleeper may have been woken by its descriptor, and the actor be gone. What it touches is kept until it has left (ari_runner_unwatch). */
void ari_runner_wake(ari_runner *runner)
{
    if (runner->class->progress == NULL) {
        wake(runner);
        return;
    }
    const ar_env *env = runner->env;
    ari_gate_enter_always(&runner->nudgers);
    wake(runner);
    ari_gate_leave(&runner->nudgers, env);
}

typedef enum outcome {
    GIVEN_BACK,
    LEFT_FOR_GOOD,
    LOOK_AGAIN /* the token is still held */
} outcome;

static outcome give_back(ari_runner *runner, bool leave)
{
    uint32_t state = atomic_load(&runner->state);
    uint32_t next;
    do {
        if ((state & EV) != 0)
            return LOOK_AGAIN;
        next = state & ~(uint32_t)RUN;
        if (leave && (state & BELL) == 0)
            next |= GONE;
    } while (!atomic_compare_exchange_weak(&runner->state, &state, next));
    return (next & GONE) != 0 ? LEFT_FOR_GOOD : GIVEN_BACK;
}

/* What a turn has come to. */
typedef struct turn {
    bool closing;
    bool left; /* batch wants another */
    int fd;    /* what the actor waits for */
    int events;
} turn;

static turn take_turn(ari_runner *runner)
{
    turn taken = { .closing = (atomic_fetch_and(&runner->state, ~(uint32_t)EV) & CLOSE) != 0, .fd = -1 };
    ari_mail *mails = take_all(runner);

    behaviours += runner->class->runs_behaviours;
    if (taken.closing)
        runner->class->fail(runner, mails);
    else if (mails != NULL || runner->left)
        taken.left = runner->class->batch(runner, mails);
    if (!taken.closing && runner->class->progress != NULL)
        taken.events = runner->class->progress(runner, &taken.fd);
    behaviours -= runner->class->runs_behaviours;
    runner->left = taken.left;
    return taken;
}

/* Sleeps until there may be something to do. Whoever posts, closes or sees the descriptor ready either finds PARK and
 * nudges, or comes before the look here. */
static void park(ari_runner *runner, const turn *taken, int64_t deadline)
{
    const ar_env *env = runner->worker->env;
    atomic_fetch_or(&runner->state, PARK);
    if (atomic_load(&runner->mailbox) == NULL && (atomic_load(&runner->state) & (EV | CLOSE)) == 0)
        env->readiness_wait(env->ctx, runner->readiness, taken->fd, taken->events, deadline);
    atomic_fetch_and(&runner->state, ~(uint32_t)PARK);
}

static bool is_over(const ari_runner *runner, const ar_future *own, int64_t deadline)
{
    const ar_env *env = runner->worker->env;
    return own == NULL || ar_future_is_done(own) || (deadline != INT64_MAX && env->now(env->ctx) >= deadline);
}

/* The token is held; leaves without it. `own` is what a helper waits for. */
static void drive(ari_runner *runner, bool executor, const ar_future *own, int64_t deadline)
{
    const ar_env *env = runner->worker->env;
    turn taken;
    outcome end;
    do {
        taken = take_turn(runner);
        while (taken.events != 0 && !taken.left && !is_over(runner, own, deadline)) {
            park(runner, &taken, deadline);
            taken = take_turn(runner);
        }
        if (taken.events != 0 && !env->readiness_arm(env->ctx, runner->readiness, taken.fd, taken.events))
            taken.left = runner->left = true; /* nobody will tell: look again at once */
        end = give_back(runner, executor && taken.closing);
    } while (end == LOOK_AGAIN);
    if (end == LEFT_FOR_GOOD) {
        fail_rest(runner);
        runner->class->gone(runner);
    } else if (taken.left || atomic_load(&runner->mailbox) != NULL || (atomic_load(&runner->state) & CLOSE) != 0) {
        ari_runner_wake(runner);
    }
}

bool ari_runner_help(ari_runner *runner, const ar_future *own, int64_t deadline)
{
    int cancel_state = 0;

    if (!claim(runner, GONE, 0))
        return false;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
    drive(runner, false, own, deadline);
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
        drive(runner, true, NULL, INT64_MAX);
}

void ari_runner_ready(void *arg)
{
    ari_runner *runner = arg;
    uint32_t state = atomic_load(&runner->state);
    uint32_t next;
    do {
        if ((state & GONE) != 0)
            return;
        next = state | EV;
        next = (state & RUN) != 0 ? next & ~(uint32_t)PARK : next | RUN;
    } while (!atomic_compare_exchange_weak(&runner->state, &state, next));
    if ((state & RUN) == 0)
        drive(runner, true, NULL, INT64_MAX);
    else if ((state & PARK) != 0)
        nudge(runner);
}

void ari_runner_close(ari_runner *runner)
{
    atomic_fetch_or(&runner->state, CLOSE);
    ari_runner_wake(runner);
}
