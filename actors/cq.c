/* SPDX-License-Identifier: MIT */
#include <actrec/executor.h>

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "actors/future.h"
#include "actors/runtime.h"
#include "actors/tasks.h"
#include "values/memory.h"

/* Any thread posts on `inbox`, and whoever finds it empty makes the descriptor readable and wakes a sleeping run. The
 * thread that runs the queue first drains the descriptor and then takes the inbox, so that a post after that makes it
 * readable again; when it leaves tasks behind it makes it readable itself.
 *
 * A poster touches the queue after its callback has been run perhaps, by a thread that goes on to destroy it: destroy
 * waits at the gate of thens, inside which each is until its post is over. */
struct ar_cq {
    ar_executor executor; /* first */
    int fd;
    _Atomic uint32_t posts;    /* counts the wake-ups: futex of run */
    _Atomic(ari_mail *) inbox; /* newest first */
    ari_mail *ready;           /* oldest first; the running thread's */
    bool kept; /* some were left in `ready`, and the descriptor readable for them; the running thread's */
};

static void make_readable(ar_cq *cq)
{
    uint64_t one = 1;
    ssize_t written;
    do {
        written = write(cq->fd, &one, sizeof one);
    } while (written < 0 && errno == EINTR); /* EAGAIN: the counter is full, so readable: eventfd(2) */
}

static void post(ar_executor *executor, ari_task *task)
{
    ar_cq *cq = (ar_cq *)executor;
    const ar_env *env = &cq->executor.runtime->env;
    ari_mail *head = atomic_load_explicit(&cq->inbox, memory_order_relaxed);
    do {
        task->mail.next = head;
    } while (!atomic_compare_exchange_weak(&cq->inbox, &head, &task->mail));
    if (head != NULL)
        return;
    make_readable(cq);
    atomic_fetch_add(&cq->posts, 1);
    env->wake(env->ctx, (uint32_t *)&cq->posts);
}

static void drain(ar_cq *cq)
{
    uint64_t count;
    ssize_t got;
    do {
        got = read(cq->fd, &count, sizeof count);
    } while (got < 0 && errno == EINTR);
}

static bool take_ready(ar_cq *cq)
{
    if (cq->ready != NULL)
        return true;
    drain(cq);
    cq->ready = ari_mail_reverse(atomic_exchange(&cq->inbox, NULL));
    return cq->ready != NULL;
}

static size_t run_ready(ar_cq *cq, size_t max)
{
    size_t ran = 0;
    while (cq->ready != NULL && (max == 0 || ran < max)) {
        ari_task *task = (ari_task *)cq->ready;
        cq->ready = cq->ready->next;
        task->run(task);
        ran++;
    }
    if (cq->ready != NULL) {
        make_readable(cq);
    } else if (cq->kept) {
        drain(cq);
        if (atomic_load(&cq->inbox) != NULL)
            make_readable(cq);
    }
    cq->kept = cq->ready != NULL;
    return ran;
}

ar_status ar_cq_create(ar_runtime *runtime, ar_cq **out, ar_error *err)
{
    if (out == NULL)
        return ar_error_set(err, AR_E_INVALID, "creating a completion queue: `out` is NULL");
    *out = NULL;
    ar_error error;
    runtime = ari_runtime_resolve(runtime, &error);
    if (runtime == NULL) {
        if (err != NULL)
            *err = error;
        return error.status;
    }
    ar_cq *cq = ari_allocate_zero(&runtime->env, sizeof *cq);
    if (cq == NULL)
        return ar_error_set(err, AR_E_NO_MEMORY, "creating a completion queue: out of memory");
    cq->executor.post = post;
    cq->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (cq->fd < 0) {
        ari_release(&runtime->env, cq);
        return ar_error_set(err, AR_E_IO, "creating a completion queue: eventfd failed with error %d", errno);
    }
    cq->executor.runtime = ari_runtime_ref(runtime);
    cq->executor.holds_until_posted = true;
    *out = cq;
    return AR_OK;
}

static void run_the_rest(ar_cq *cq)
{
    const ar_env *env = &cq->executor.runtime->env;
    ari_gate *thens = &cq->executor.thens;
    uint32_t word = ari_gate_shut(thens);
    for (;;) {
        while (take_ready(cq))
            run_ready(cq, 0);
        if (word == ARI_GATE_SHUT || !env->wait(env->ctx, (uint32_t *)&thens->word, word, INT64_MAX))
            return;
        word = ari_gate_look(thens);
    }
}

void ar_cq_destroy(ar_cq **cq)
{
    if (cq == NULL || *cq == NULL)
        return;
    ar_cq *destroyed = *cq;
    ar_runtime *runtime = destroyed->executor.runtime;
    *cq = NULL;
    if (ari_runtime_usable(runtime, NULL) != AR_OK)
        return;
    run_the_rest(destroyed);
    close(destroyed->fd);
    ari_release(&runtime->env, destroyed);
    ari_runtime_unref(runtime);
}

ar_executor *ar_cq_executor(ar_cq *cq)
{
    return cq == NULL ? NULL : &cq->executor;
}

int ar_cq_fd(const ar_cq *cq)
{
    return cq == NULL ? -1 : cq->fd;
}

static ar_status wait_ready(ar_cq *cq, int64_t timeout_ms, ar_error *err)
{
    const ar_env *env = &cq->executor.runtime->env;
    int64_t deadline = timeout_ms == 0 ? INT64_MIN : ari_deadline_after(cq->executor.runtime, timeout_ms);
    for (;;) {
        uint32_t posts = atomic_load(&cq->posts);
        if (take_ready(cq))
            return AR_OK;
        if (deadline == INT64_MIN || (deadline != INT64_MAX && env->now(env->ctx) >= deadline))
            return ar_error_set(err, AR_E_PENDING, "no callback is waiting in the completion queue");
        if (!env->wait(env->ctx, (uint32_t *)&cq->posts, posts, deadline))
            return ar_error_set(err, AR_E_DEADLOCK, "waiting for a callback that nobody is going to post any more");
    }
}

ar_status ar_cq_run(ar_cq *cq, size_t max, int64_t timeout_ms, size_t *ran, ar_error *err)
{
    if (ran != NULL)
        *ran = 0;
    if (cq == NULL)
        return ar_error_set(err, AR_E_INVALID, "running a completion queue: it is NULL");
    ar_status status = ari_runtime_usable(cq->executor.runtime, err);
    if (status != AR_OK)
        return status;
    if (timeout_ms != 0 && ari_runner_in_behaviour())
        return ar_error_set(err, AR_E_DEADLOCK,
                            "waiting for a completion queue inside a behaviour would hold up its actor");
    status = wait_ready(cq, timeout_ms, err);
    if (status != AR_OK)
        return status;
    size_t count = run_ready(cq, max);
    if (ran != NULL)
        *ran = count;
    return AR_OK;
}
