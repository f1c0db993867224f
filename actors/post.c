/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stdio.h>

#include "actors/actor.h"
#include "values/memory.h"

/* Sending: tells, asks and answers. `waiting` counts the letters that have a place in the mailbox; a sender takes a
 * place before it pushes, or waits for one on `room`, which whoever frees places moves on when `blocked` says that
 * somebody waits. */

static bool take_place(ari_actor *actor)
{
    uint32_t limit = actor->options.mailbox_limit;
    uint32_t waiting = atomic_load(&actor->waiting);
    do {
        if (waiting >= limit)
            return false;
    } while (!atomic_compare_exchange_weak(&actor->waiting, &waiting, waiting + 1));
    return true;
}

static ar_status wait_for_place(ari_actor *actor, int64_t wait_ms)
{
    const ar_env *env = &actor->runtime->env;
    int64_t deadline = ari_deadline_after(actor->runtime, wait_ms);
    ar_status status = AR_E_OVERLOAD;

    atomic_fetch_add(&actor->blocked, 1);
    for (;;) {
        uint32_t room = atomic_load(&actor->room);
        if (take_place(actor)) {
            status = AR_OK;
            break;
        }
        if (deadline != INT64_MAX && env->now(env->ctx) >= deadline)
            break;
        if (!env->wait(env->ctx, (uint32_t *)&actor->room, room, deadline)) {
            status = AR_E_DEADLOCK;
            break;
        }
    }
    atomic_fetch_sub(&actor->blocked, 1);
    return status;
}

/* Back, unused: who waits for one may have it. */
static void give_place(ari_actor *actor)
{
    const ar_env *env = &actor->runtime->env;
    atomic_fetch_sub(&actor->waiting, 1);
    atomic_fetch_add(&actor->room, 1);
    env->wake(env->ctx, (uint32_t *)&actor->room);
}

/* Behaviours never wait, and on the actor's own worker nobody would make room. */
static bool must_not_wait(const ari_actor *actor)
{
    return ari_runner_in_behaviour() || actor->runner.worker == ari_worker_current();
}

static ar_status push(ari_actor *actor, ari_letter *letter, const ar_send_options *options, bool *first, ar_error *err)
{
    ar_status status = AR_OK;
    if (options != NULL && !ari_struct_size_fits(options->struct_size, sizeof *options))
        return ar_error_set(err, AR_E_INVALID, "sending a message: struct_size is %zu, must be 0 or %zu",
                            options->struct_size, sizeof *options);
    if (atomic_load(&actor->stop_sent))
        return ar_error_set(err, AR_E_CLOSED, "the actor is ending");
    if (!take_place(actor)) {
        status = options == NULL || options->wait_ms == 0 || must_not_wait(actor)
                     ? AR_E_OVERLOAD
                     : wait_for_place(actor, options->wait_ms);
        if (status != AR_OK)
            return ar_error_set(
                err, status,
                "the mailbox of actor %s is full: %u messages wait; send less, wait (wait_ms) or raise mailbox_limit",
                actor->name[0] != '\0' ? actor->name : "(anonymous)", actor->options.mailbox_limit);
        if (atomic_load(&actor->stop_sent)) {
            give_place(actor);
            return ar_error_set(err, AR_E_CLOSED, "the actor is ending");
        }
    }
    *first = ari_runner_push(&actor->runner, &letter->mail);
    return AR_OK;
}

void ari_actor_post_always(ari_actor *actor, ari_letter *letter)
{
    if (!letter->stops)
        atomic_fetch_add(&actor->waiting, 1);
    ari_runner_push(&actor->runner, &letter->mail);
    ari_runner_wake(&actor->runner);
}

/* --- tell --- */

static void free_letter(ari_letter *letter, const ar_env *env)
{
    ari_message_release(&letter->message);
    ari_release(env, letter);
}

static ar_status check_message(const ar_message *message, ar_error *err)
{
    if (message->kind >= AR_MESSAGE_SYSTEM)
        return ar_error_set(err, AR_E_INVALID,
                            "sending a message of kind %u: kinds from AR_MESSAGE_SYSTEM on are the library's",
                            message->kind);
    return AR_OK;
}

ar_status ar_actor_tell(ar_actor *actor, ar_message message, const ar_send_options *options, ar_error *err)
{
    ar_status status = check_message(&message, err);
    if (status == AR_OK)
        return ari_actor_tell(actor, message, options, err);
    ari_message_release(&message);
    return status;
}

ar_status ari_actor_tell(ar_actor *actor, ar_message message, const ar_send_options *options, ar_error *err)
{
    bool first = false;
    ar_status status = AR_OK;
    ari_actor *entered = ari_actor_enter(actor, &status, err);
    if (entered == NULL) {
        ari_message_release(&message);
        return status;
    }
    const ar_env *env = &entered->runtime->env;
    ari_letter *letter = ari_allocate(env, sizeof *letter);
    if (letter == NULL) {
        ari_message_release(&message);
        status = ar_error_set(err, AR_E_NO_MEMORY, "sending a message: out of memory");
    } else {
        *letter = (ari_letter){ .message = message, .destroy = free_letter };
        status = push(entered, letter, options, &first, err);
        if (status == AR_OK)
            ari_runner_wake(&entered->runner);
        else
            free_letter(letter, env);
    }
    ari_actor_leave(entered);
    return status;
}

/* --- ask --- */

static void ask_destroy(ar_future *future)
{
    ari_ask *ask = (ari_ask *)future;
    ari_message_release(&ask->letter.message);
    ari_message_release(&ask->reply);
    ari_release(ari_runtime_env(future->runtime), ask);
}

static void ask_interrupt(ar_future *future)
{
    ari_ask *ask = (ari_ask *)future;
    if (ask->timer.fire != NULL && ar_future_is_done(future) && ari_timer_disarm(future->runtime, &ask->timer))
        ari_future_unref(future);
}

static ar_status ask_assist(ar_future *future, int64_t deadline, ar_error *err)
{
    ari_ask *ask = (ari_ask *)future;
    ar_status status = AR_OK;
    const ari_worker *current = ari_worker_current();
    if (ask->timer.fire != NULL && ask->timer.deadline < deadline)
        deadline = ask->timer.deadline;
    bool help = ask->helpable && future->runtime->help && (deadline == INT64_MAX || ask->first);
    if (!help && current == NULL)
        return AR_OK;
    ari_actor *actor = ari_actor_enter(ask->actor, &status, NULL);
    if (actor == NULL)
        return AR_OK;
    status = AR_OK;
    if ((!help || !ari_runner_help(&actor->runner, future, deadline)) && actor->runner.worker == current &&
        ari_future_is_waiting(future))
        status = ar_error_set(err, AR_E_DEADLOCK,
                              "waiting, on an actor's own worker, for an answer of that actor; use a then");
    ari_actor_leave(actor);
    return status;
}

static const ari_future_class ask_class = { .destroy = ask_destroy, .assist = ask_assist, .interrupt = ask_interrupt };

static void ask_expire(ari_timer *timer)
{
    ari_ask *ask = (ari_ask *)((char *)timer - offsetof(ari_ask, timer));
    ar_env *env = &ask->future.runtime->env;
    ar_error error;
    if (env->now(env->ctx) < timer->deadline)
        ar_error_set(&error, AR_E_CLOSED, "the runtime was closed before the actor answered");
    else
        ar_error_set(&error, AR_E_TIMEOUT, "the actor did not answer in time");
    ari_future_finish(&ask->future, error.status, &error);
    ari_future_unref(&ask->future);
}

static void drop_actors_reference(ari_letter *letter, const ar_env *env)
{
    (void)env;
    ari_future_unref(&letter->ask->future);
}

void ari_ask_answer(ari_ask *ask, ar_message reply)
{
    if (ari_future_claim(&ask->future)) {
        ask->reply = reply;
        ari_future_settle(&ask->future, AR_OK, NULL);
        ask_interrupt(&ask->future);
    } else {
        ari_message_release(&reply);
    }
    ari_future_unref(&ask->future);
}

void ari_ask_fail(ari_ask *ask, ar_status status, const ar_error *error)
{
    if (ari_future_finish(&ask->future, status, error))
        ask_interrupt(&ask->future);
    ari_future_unref(&ask->future);
}

static ari_ask *make_ask(ari_actor *actor, ar_actor *handle, ar_message message)
{
    ari_ask *ask = ari_allocate(&actor->runtime->env, sizeof *ask);
    if (ask == NULL) {
        ari_message_release(&message);
        return NULL;
    }
    ari_future_init(&ask->future, &ask_class, actor->runtime, 2);
    ask->letter = (ari_letter){ .ask = ask, .message = message, .destroy = drop_actors_reference };
    ask->reply = (ar_message){ .kind = 0 };
    ask->timer = (ari_timer){ .fire = NULL };
    ask->actor = handle;
    ask->helpable = actor->options.helpable;
    ask->first = false;
    ask->taken = false;
    return ask;
}

static ar_status arm(ari_ask *ask, const ar_send_options *options, ar_error *err)
{
    if (options == NULL || options->timeout_ms <= 0)
        return AR_OK;
    ar_runtime *runtime = ask->future.runtime;
    ask->timer = (ari_timer){ .deadline = ari_deadline_after(runtime, options->timeout_ms), .fire = ask_expire };
    ari_future_ref(&ask->future);
    ar_status status = ari_timer_arm(runtime, &ask->timer, err);
    if (status != AR_OK) {
        ask->timer.fire = NULL;
        ari_future_unref(&ask->future);
    }
    return status;
}

/* Gives the ask, sent: woken, or, with `help` on a helpable actor, run on this thread. Or the future of the failure. */
static ar_future *ask_actor(ar_actor *handle, ar_message message, const ar_send_options *options, bool help)
{
    ar_error error;
    ar_status status = check_message(&message, &error);
    ari_actor *actor = status == AR_OK ? ari_actor_enter(handle, &status, &error) : NULL;
    if (actor == NULL) {
        ari_message_release(&message);
        return ari_future_failed(NULL, status, &error);
    }
    ar_runtime *runtime = actor->runtime;
    ar_future *future = NULL;
    ari_ask *ask = make_ask(actor, handle, message);
    if (ask == NULL) {
        future = ari_future_failed(runtime, AR_E_NO_MEMORY, NULL);
    } else {
        future = &ask->future;
        bool *first = &ask->first;
        status = arm(ask, options, &error);
        if (status == AR_OK)
            status = push(actor, &ask->letter, options, first, &error);
        if (status != AR_OK)
            ari_ask_fail(ask, status, &error);
        else if (!help || !ask->helpable || !runtime->help || !ari_runner_help(&actor->runner, future, INT64_MAX))
            ari_runner_wake(&actor->runner);
    }
    ari_actor_leave(actor);
    return future;
}

ar_reply_future ar_actor_ask(ar_actor *actor, ar_message message, const ar_send_options *options)
{
    return (ar_reply_future){ ask_actor(actor, message, options, false) };
}

ar_status ar_actor_call(ar_actor *actor, ar_message message, const ar_send_options *options, ar_message *reply,
                        ar_error *err)
{
    if (ari_runner_in_behaviour()) {
        ari_message_release(&message);
        return ar_error_set(err, AR_E_DEADLOCK,
                            "waiting for an answer inside a behaviour would hold up its actor; ask, and use a then");
    }
    ar_reply_future future = { ask_actor(actor, message, options, options == NULL || options->timeout_ms <= 0) };
    return ar_reply_await(&future, reply, err);
}

static void take_reply(ar_future *done, ar_message *reply)
{
    ari_ask *ask = (ari_ask *)done;
    *reply = ask->reply;
    ask->reply.release = NULL;
}

ar_status ar_reply_await_for(ar_reply_future *future, int64_t timeout_ms, ar_message *reply, ar_error *err)
{
    ar_future *done = NULL;
    if (future == NULL)
        return ar_error_set(err, AR_E_INVALID, "no future was given");
    ar_status status = ari_future_await(&future->raw, timeout_ms, &done, err);
    if (status == AR_OK && reply != NULL)
        take_reply(done, reply);
    ar_future_drop(&done);
    return status;
}

ar_status ar_reply_await(ar_reply_future *future, ar_message *reply, ar_error *err)
{
    return ar_reply_await_for(future, -1, reply, err);
}

static void call_reply(void (*fn)(void), void *arg, ar_future *future)
{
    ar_error error;
    ar_message reply = { .kind = 0 };
    ar_status status = ari_future_outcome(future, &error);
    if (status == AR_OK)
        take_reply(future, &reply);
    ((ar_reply_fn)fn)(arg, status, &reply, status == AR_OK ? NULL : &error);
    ari_message_release(&reply);
}

ar_status ar_reply_then(ar_reply_future *future, ar_executor *executor, ar_reply_fn fn, void *arg, ar_error *err)
{
    return ar_future_then_with(future == NULL ? NULL : &future->raw, executor, call_reply, (void (*)(void))fn, arg,
                               err);
}

/* --- answers --- */

static void fail_with(ari_ask *ask, ar_status status, const char *format, va_list args)
{
    char text[2 * sizeof((ar_error *)0)->message]; /* longer than fits, so that ar_error_set cuts it, at a character */
    ar_error error;
    if (status == AR_OK)
        status = AR_E_INVALID;
    text[0] = '\0';
    if (format != NULL)
        vsnprintf(text, sizeof text, format, args);
    ar_error_set(&error, status, "%s", text);
    ari_ask_fail(ask, status, &error);
}

static ari_ask *take_ask(ar_context *self)
{
    ari_ask *ask = self == NULL ? NULL : self->ask;
    if (ask != NULL)
        self->ask = NULL;
    return ask;
}

void ar_context_reply(ar_context *self, ar_message reply)
{
    ari_ask *ask = take_ask(self);
    if (ask != NULL)
        ari_ask_answer(ask, reply);
    else
        ari_message_release(&reply);
}

void ar_context_fail(ar_context *self, ar_status status, const char *format, ...)
{
    ari_ask *ask = take_ask(self);
    va_list args;
    if (ask == NULL)
        return;
    va_start(args, format);
    fail_with(ask, status, format, args);
    va_end(args);
}

ar_reply *ar_context_take_reply(ar_context *self)
{
    ari_ask *ask = take_ask(self);
    if (ask == NULL)
        return NULL;
    ar_runtime *runtime = ask->future.runtime;
    pthread_mutex_lock(&runtime->lock);
    ask->taken = true;
    ask->previous_taken = NULL;
    ask->next_taken = runtime->taken;
    if (ask->next_taken != NULL)
        ask->next_taken->previous_taken = ask;
    runtime->taken = ask;
    pthread_mutex_unlock(&runtime->lock);
    return (ar_reply *)ask;
}

/* With the runtime's lock held. */
static void unlink_taken(ari_ask *ask)
{
    if (!ask->taken)
        return;
    ask->taken = false;
    if (ask->previous_taken != NULL)
        ask->previous_taken->next_taken = ask->next_taken;
    else
        ask->future.runtime->taken = ask->next_taken;
    if (ask->next_taken != NULL)
        ask->next_taken->previous_taken = ask->previous_taken;
}

static ari_ask *give_back(ar_reply **reply)
{
    ari_ask *ask = (ari_ask *)*reply;
    ar_runtime *runtime = ask->future.runtime;
    *reply = NULL;
    if (ari_runtime_usable(runtime, NULL) != AR_OK)
        return NULL;
    pthread_mutex_lock(&runtime->lock);
    unlink_taken(ask);
    pthread_mutex_unlock(&runtime->lock);
    return ask;
}

void ari_asks_close(ar_runtime *runtime)
{
    ar_error error;
    ari_ask *ask;
    ar_error_set(&error, AR_E_CLOSED, "the runtime was closed before the reply was sent");
    do {
        pthread_mutex_lock(&runtime->lock);
        ask = runtime->taken;
        if (ask != NULL) {
            unlink_taken(ask);
            ari_future_ref(&ask->future); /* under the lock: whoever has the reply comes here before it lets go */
        }
        pthread_mutex_unlock(&runtime->lock);
        if (ask != NULL)
            ari_ask_fail(ask, AR_E_CLOSED, &error);
    } while (ask != NULL);
}

void ar_reply_send(ar_reply **reply, ar_message message)
{
    ari_ask *ask = reply == NULL || *reply == NULL ? NULL : give_back(reply);
    if (ask != NULL)
        ari_ask_answer(ask, message);
    else
        ari_message_release(&message);
}

void ar_reply_fail(ar_reply **reply, ar_status status, const char *format, ...)
{
    va_list args;
    ari_ask *ask = reply == NULL || *reply == NULL ? NULL : give_back(reply);
    if (ask == NULL)
        return;
    va_start(args, format);
    fail_with(ask, status, format, args);
    va_end(args);
}
