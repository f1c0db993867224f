/* SPDX-License-Identifier: MIT */
#include <stddef.h>

#include <actrec/timer.h>

#include "orm/scope.h"
#include "values/memory.h"

/* Design. ar_tx_finish without a thread that waits: a future over the one that ends the attempt. When that is done it is
 * decided whether it was a conflict, and if so a timer runs before this future is done. Whoever takes the result takes
 * that of the end too, so that records get back what they had there, and begins the next attempt: the thread that holds a
 * transaction is the one that is given it. Until it is done the future is kept by what it observes, too. */

typedef struct finishing {
    ar_future future; /* first */
    const ar_env *env;
    ari_future_observer observer; /* of `end`, then of `pause` */
    ar_future *end;
    ar_future *pause;
    ari_lease *lease; /* says whether there was a conflict; NULL: it was ended before */
    ar_db *parent;
    ar_tx_options options;
    int attempts_left;
    unsigned attempt;
    int64_t deadline; /* of the handle around it */
    bool commits;
    bool again;    /* set before it is done */
    ar_db *begun;  /* for who took the result */
    ar_error work; /* how the work ended; status AR_OK: well */
} finishing;

static void destroy(ar_future *future)
{
    finishing *self = (finishing *)future;
    if (self->begun != NULL) {
        ar_done done = ar_tx_rollback_async(&self->begun);
        ar_future_drop(&done.raw);
    }
    ari_lease *lease = self->lease;
    ar_future_drop(&self->end);
    ar_future_drop(&self->pause);
    ari_release(self->env, self);
    if (lease != NULL) /* which the memory may have come from */
        ari_lease_unref(lease);
}

static ar_status assist(ar_future *future, int64_t deadline, ar_error *err)
{
    ar_future *end = ((finishing *)future)->end;
    if (ar_future_is_done(end) || end->class->assist == NULL)
        return AR_OK;
    return end->class->assist(end, deadline, err);
}

static void begin_again(finishing *self)
{
    ar_error error;
    self->begun = ari_transaction_begin(self->parent, &self->options, false);
    ari_db *tx = ari_db_enter(self->begun, &error);
    if (tx == NULL)
        return; /* which its first operation says */
    tx->attempts_left = self->attempts_left - 1;
    tx->attempt = self->attempt + 1;
    ari_db_leave(tx);
}

static void collect(ar_future *future)
{
    finishing *self = (finishing *)future;
    ar_error late;
    ari_future_collect(self->end);
    if (self->commits && future->status == AR_OK && ari_future_taken(self->end, &late) != AR_OK)
        ari_future_fail_late(future, &late);
    if (self->again && self->begun == NULL)
        begin_again(self);
}

static const ari_future_class finishing_class = { .destroy = destroy, .assist = assist, .collect = collect };

/* --- as it goes on --- */

static void finish(finishing *self, const ar_error *outcome)
{
    ari_future_finish(&self->future, outcome->status, outcome->status == AR_OK ? NULL : outcome);
    ari_future_unref(&self->future);
}

static ar_status outcome_of(const finishing *self, ar_error *outcome)
{
    *outcome = self->work;
    if (self->commits)
        outcome->status = ari_future_outcome(self->end, outcome);
    return outcome->status;
}

static bool may_try_again(const finishing *self, const ar_error *outcome)
{
    if (outcome->status == AR_OK || self->attempts_left == 0 || self->lease == NULL)
        return false;
    if (self->deadline != INT64_MAX && self->env->now(self->env->ctx) >= self->deadline)
        return false;
    return ari_transaction_conflicted(ari_lease_conflict(self->lease), outcome->status, self->commits ? outcome : NULL);
}

static void on_paused(ari_future_observer *observer, ar_future *pause)
{
    finishing *self = (finishing *)(void *)((char *)observer - offsetof(finishing, observer));
    ar_error outcome;
    (void)outcome_of(self, &outcome);
    self->again = pause->status == AR_OK; /* else the runtime is being closed */
    finish(self, &outcome);
}

/* Never past the deadline. */
static int64_t pause_of(const finishing *self)
{
    int64_t pause = ari_transaction_backoff(self->env, &self->options, self->attempt);
    if (self->deadline != INT64_MAX) {
        int64_t left = self->deadline - self->env->now(self->env->ctx);
        pause = left < pause ? (left > 0 ? left : 0) : pause;
    }
    return (pause + 999) / 1000;
}

static void on_ended(ari_future_observer *observer, ar_future *end)
{
    finishing *self = (finishing *)(void *)((char *)observer - offsetof(finishing, observer));
    ar_error outcome;
    (void)end;
    (void)outcome_of(self, &outcome);
    if (!may_try_again(self, &outcome)) {
        finish(self, &outcome);
        return;
    }
    self->pause = ar_timer_after(self->future.runtime, pause_of(self)).raw;
    self->observer.notify = on_paused;
    ari_future_observe(self->pause, &self->observer);
}

/* --- calls --- */

/* What has to be known of the transaction once it is ended. */
static finishing *create(ari_db *tx)
{
    finishing *self = ari_allocate_zero(ari_db_env(tx), sizeof *self);
    if (self == NULL)
        return NULL;
    ari_future_init(&self->future, &finishing_class, ari_db_runtime(tx), 2);
    self->env = ari_db_env(tx);
    self->parent = (ar_db *)tx->parent->handle;
    self->options = tx->options;
    self->attempts_left = tx->savepoint != 0 ? 0 : tx->attempts_left;
    self->attempt = tx->attempt;
    self->deadline = tx->parent->deadline;
    self->lease = ari_transaction_lease(tx, NULL);
    self->observer.notify = on_ended;
    return self;
}

static void start(finishing *self, ar_db **tx, const ar_error *work)
{
    self->work = *work;
    self->commits = work->status == AR_OK;
    self->end = (self->commits ? ar_tx_commit_async(tx) : ar_tx_rollback_async(tx)).raw;
    (void)ari_future_start(&self->future);
    ari_future_observe(self->end, &self->observer);
}

/* `error` is the caller's, and may be of anything else. */
static void take_work(ar_error *work, ar_status status, const ar_error *error)
{
    *work = (ar_error){ .status = AR_OK };
    if (status != AR_OK && error != NULL && error->status == status)
        *work = *error;
    else if (status != AR_OK)
        ar_ignore(ar_error_set(work, status, "the work of the transaction answered %s", ar_status_name(status)));
}

static ar_tx_future failed(const ar_error *error)
{
    return (ar_tx_future){ .raw = ari_future_failed(NULL, error->status, error) };
}

ar_tx_future ar_tx_finish_async(ar_db **tx, ar_status status, const ar_error *error)
{
    ar_error work, why;
    ar_status entered_status = AR_OK;
    ari_db *entered = ari_transaction_enter(tx, &entered_status, &why);
    take_work(&work, status, error);
    if (entered == NULL)
        return failed(status == AR_OK ? &why : &work);
    finishing *self = create(entered);
    ari_db_leave(entered);
    if (self == NULL) {
        ar_done done = ar_tx_rollback_async(tx);
        ar_future_drop(&done.raw);
        ar_ignore(ar_error_set(&why, AR_E_NO_MEMORY,
                               "finishing a transaction: there is no memory left for it; it is "
                               "rolled back"));
        return failed(&why);
    }
    start(self, tx, &work);
    return (ar_tx_future){ .raw = &self->future };
}

static ar_db *take_begun(ar_future *done)
{
    if (done->class != &finishing_class)
        return NULL;
    ar_db *begun = ((finishing *)done)->begun;
    ((finishing *)done)->begun = NULL;
    return begun;
}

ar_status ar_tx_await_for(ar_tx_future *future, int64_t timeout_ms, ar_db **again, ar_error *err)
{
    ar_future *done;
    if (again != NULL)
        *again = NULL;
    if (future == NULL || again == NULL) {
        if (future != NULL)
            ar_future_drop(&future->raw);
        return ar_error_set(err, AR_E_INVALID, "awaiting the end of a transaction: %s is NULL",
                            future == NULL ? "the future" : "`again`");
    }
    ar_status status = ari_future_await(&future->raw, timeout_ms, &done, err);
    if (status == AR_E_PENDING || done == NULL)
        return status;
    *again = take_begun(done);
    ari_future_unref(done);
    return status;
}

ar_status ar_tx_await(ar_tx_future *future, ar_db **again, ar_error *err)
{
    return ar_tx_await_for(future, -1, again, err);
}

static void call_tx(void (*fn)(void), void *arg, ar_future *future)
{
    ar_error error;
    ar_status status = ari_future_taken(future, &error);
    ((ar_tx_fn)fn)(arg, status, take_begun(future), status == AR_OK ? NULL : &error);
}

ar_status ar_tx_then(ar_tx_future *future, ar_executor *executor, ar_tx_fn fn, void *arg, ar_error *err)
{
    return ar_future_then_with(future != NULL ? &future->raw : NULL, executor, call_tx, (void (*)(void))fn, arg, err);
}
