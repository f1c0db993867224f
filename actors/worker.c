/* SPDX-License-Identifier: MIT */
#include "actors/worker.h"

#include "values/memory.h"

/* The doorbell is rung only when the worker sleeps. Before it sleeps it sets `asleep` and looks at the list once more;
 * a ringer pushes, then exchanges `asleep` for 0, and rings when it was 1. So one of the two sees the other: both are
 * seq_cst. Runners take turns: what wakes itself goes to the end of the list. tests/model/worker_sleep.pml is this file
 * and doorbell.c as a model.
 *
 * A ringer may still be here when its runner has been run, has closed and is gone; so it counts itself before it
 * pushes, and stop, which comes after all runners are gone, waits until nobody is left inside. */

enum { TURNS = 32 }; /* runners before the loop looks whether it is to end */

static _Thread_local const ari_worker *current;

const ari_worker *ari_worker_current(void)
{
    return current;
}

static void take_rung(ari_worker *worker)
{
    ari_runner *runner = atomic_exchange(&worker->rung, NULL);
    ari_runner *oldest = NULL;
    ari_runner *newest = runner;

    while (runner != NULL) {
        ari_runner *next = runner->next_rung;
        runner->next_rung = oldest;
        oldest = runner;
        runner = next;
    }
    if (oldest != NULL) {
        *worker->turn_end = oldest;
        worker->turn_end = &newest->next_rung;
    }
}

static ari_runner *next_turn(ari_worker *worker)
{
    if (worker->turn == NULL)
        take_rung(worker);
    ari_runner *runner = worker->turn;
    if (runner != NULL) {
        worker->turn = runner->next_rung;
        if (worker->turn == NULL)
            worker->turn_end = &worker->turn;
    }
    return runner;
}

static int64_t run(void *arg)
{
    ari_worker *worker = arg;
    ari_runner *runner = NULL;
    const ari_worker *outer = current; /* a simulator runs workers inside one another */

    current = worker;
    atomic_store(&worker->asleep, 0);
    for (int i = 0; i < TURNS && (runner = next_turn(worker)) != NULL; i++)
        ari_runner_bell(runner);
    current = outer;
    if (runner != NULL)
        return AR_ENV_AGAIN;
    atomic_store(&worker->asleep, 1);
    if (atomic_load(&worker->rung) != NULL)
        return AR_ENV_AGAIN;
    return atomic_load(&worker->quit) ? AR_ENV_QUIT : AR_ENV_RUNG;
}

ar_status ari_worker_start(const ar_env *env, const char *name, size_t stack_size, ari_worker **out, ar_error *err)
{
    ari_worker *worker = ari_allocate_zero(env, sizeof *worker);
    if (worker == NULL)
        return ar_error_set(err, AR_E_NO_MEMORY, "starting thread %s: out of memory", name);
    worker->env = env;
    worker->turn_end = &worker->turn;
    ar_status status = env->executor_start(env, name, stack_size, run, worker, &worker->executor, err);
    if (status == AR_OK)
        *out = worker;
    else
        ari_release(env, worker);
    return status;
}

void ari_worker_ring(ari_worker *worker, ari_runner *runner)
{
    const ar_env *env = worker->env;
    ari_gate_enter_always(&worker->ringers); /* before the push, which orders it for whoever pops */
    ari_runner *head = atomic_load_explicit(&worker->rung, memory_order_relaxed);
    do {
        runner->next_rung = head;
    } while (!atomic_compare_exchange_weak(&worker->rung, &head, runner));
    if (atomic_exchange(&worker->asleep, 0) == 1)
        env->executor_ring(env->ctx, worker->executor);
    ari_gate_leave(&worker->ringers, env);
}

void ari_worker_stop(ari_worker *worker)
{
    if (worker == NULL)
        return;
    const ar_env *env = worker->env;
    ari_gate_clear(&worker->ringers, env);
    atomic_store(&worker->quit, true);
    env->executor_ring(env->ctx, worker->executor);
    env->executor_join(env->ctx, worker->executor);
    ari_release(env, worker);
}
