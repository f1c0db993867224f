/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stdio.h>

#include "actors/actor.h"
#include "values/memory.h"

/* Sending: tells, asks and answers. `waiting` counts the letters that have a place in the mailbox; a sender takes a place before it pushes, or waits for one on `room`,
 * which whoever frees places moves on when `blocked` says that somebody waits. */

static bool take_place(ari_actor *actor)
{
    uint32_t limit = actor->options.mailbox_limit;
    if (atomic_fetch_add(&actor->waiting, 1) < limit)
        return true;
    atomic_fetch_sub(&actor->waiting, 1);
    return false;
}

static ar_status wait_for_place(ari_actor *actor, int64_t wait_ms)
{
    const ar_env *env = &actor->runtime->env;
    int64_t       deadline = ari_deadline_after(actor->runtime, wait_ms);
    ar_status     status = AR_E_OVERLOAD;

    atomic_fetch_add(&actor->blocked, 1);
    for (;;) {
        uint32_t room = atomic_load(&actor->room);
        if (take_place(actor)) {
            status = AR_OK;
            break;
        }
        if (deadline != INT64_MAX && env->now(env->ctx) >= deadline)
            break;
        env->wait(env->ctx, (uint32_t *)&actor->room, room, deadline);
    }
    atomic_fetch_sub(&actor->blocked, 1);
    return status;
}

static ar_status push(ari_actor *actor, ari_letter *letter, const ar_send_options *options, bool *first, ar_error *err)
{
    if (atomic_load(&actor->stop_sent))
        return ar_error_set(err, AR_E_CLOSED, "the actor is ending");
    int64_t wait_ms = options == NULL || ari_runner_in_behaviour() ? 0 : options->wait_ms;
    if (!take_place(actor) && (wait_ms == 0 || wait_for_place(actor, wait_ms) != AR_OK))
        return ar_error_set(err, AR_E_OVERLOAD, "the mailbox of actor %s is full: %u messages wait; send less, wait (wait_ms) or raise mailbox_limit",
                            actor->name[0] != '\0' ? actor->name : "(anonymous)", actor->options.mailbox_limit);
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
        return ar_error_set(err, AR_E_INVALID, "sending a message of kind %u: kinds from AR_MESSAGE_SYSTEM on are the library's", message->kind);
    return AR_OK;
}

ar_status ar_actor_tell(ar_actor *actor, ar_message message, const ar_send_options *options, ar_error *err)
{
    bool       first = false;
    ar_status  status = check_message(&message, err);
    ari_actor *entered = status == AR_OK ? ari_actor_enter(actor, &status, err) : NULL;
    if (entered == NULL) {
        ari_message_release(&message);
        return status;
    }
    const ar_env *env = &entered->runtime->env;
    ari_letter   *letter = ari_allocate(env, sizeof *letter);
    if (letter == NULL) {
        ari_message_release(&message);
        status = ar_error_set(err, AR_E_NO_MEMORY, "sending a message: out of memory");
    } else {
        *letter = (ari_letter){.message = message, .destroy = free_letter};
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
    if (ask->timer.fire != NULL && ari_timer_disarm(future->runtime, &ask->timer))
        ari_future_unref(future);
}

static ar_status ask_assist(ar_future *future, int64_t deadline, ar_error *err)
{
    ari_ask  *ask = (ari_ask *)future;
    ar_status status = AR_OK;
    (void)err;
    if (!ask->helpable || !future->runtime->help || (deadline != INT64_MAX && !ask->first))
        return AR_OK;
    ari_actor *actor = ari_actor_enter(ask->actor, &status, NULL);
    if (actor == NULL)
        return AR_OK;
    ari_runner_help(&actor->runner);
    ari_actor_leave(actor);
    return AR_OK;
}

static const ari_future_class ask_class = {.destroy = ask_destroy, .assist = ask_assist, .interrupt = ask_interrupt};

static void ask_expire(ari_timer *timer)
{
    ari_ask *ask = (ari_ask *)((char *)timer - offsetof(ari_ask, timer));
    ar_error error;
    ar_error_set(&error, AR_E_TIMEOUT, "the actor did not answer in time");
    ari_future_finish(&ask->future, AR_E_TIMEOUT, &error);
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
    ask->letter = (ari_letter){.ask = ask, .message = message, .destroy = drop_actors_reference};
    ask->reply = (ar_message){.kind = 0};
    ask->timer = (ari_timer){.fire = NULL};
    ask->actor = handle;
    ask->helpable = actor->options.helpable;
    ask->first = false;
    return ask;
}

static ar_status arm(ari_ask *ask, const ar_send_options *options, ar_error *err)
{
    if (options == NULL || options->timeout_ms <= 0)
        return AR_OK;
    ar_runtime *runtime = ask->future.runtime;
    ask->timer = (ari_timer){.deadline = ari_deadline_after(runtime, options->timeout_ms), .fire = ask_expire};
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
    ar_error   error;
    ar_status  status = check_message(&message, &error);
    ari_actor *actor = status == AR_OK ? ari_actor_enter(handle, &status, &error) : NULL;
    if (actor == NULL) {
        ari_message_release(&message);
        return ari_future_failed(NULL, status, &error);
    }
    ar_runtime *runtime = actor->runtime;
    ar_future  *future = NULL;
    ari_ask    *ask = make_ask(actor, handle, message);
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
        else if (!help || !ask->helpable || !runtime->help || !ari_runner_help(&actor->runner))
            ari_runner_wake(&actor->runner);
    }
    ari_actor_leave(actor);
    return future;
}

ar_reply_future ar_actor_ask(ar_actor *actor, ar_message message, const ar_send_options *options)
{
    return (ar_reply_future){ask_actor(actor, message, options, false)};
}

ar_status ar_actor_call(ar_actor *actor, ar_message message, const ar_send_options *options, ar_message *reply, ar_error *err)
{
    if (ari_runner_in_behaviour()) {
        ari_message_release(&message);
        return ar_error_set(err, AR_E_DEADLOCK, "waiting for an answer inside a behaviour would hold up its actor; ask, and use a then");
    }
    ar_reply_future future = {ask_actor(actor, message, options, options == NULL || options->timeout_ms <= 0)};
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
    ar_error   error;
    ar_message reply = {.kind = 0};
    ar_status  status = ari_future_outcome(future, &error);
    if (status == AR_OK)
        take_reply(future, &reply);
    ((ar_reply_fn)fn)(arg, status, &reply, status == AR_OK ? NULL : &error);
    ari_message_release(&reply);
}

ar_status ar_reply_then(ar_reply_future *future, ar_executor *executor, ar_reply_fn fn, void *arg, ar_error *err)
{
    return ar_future_then_with(future == NULL ? NULL : &future->raw, executor, call_reply, (void (*)(void))fn, arg, err);
}

/* --- answers --- */

static void fail_with(ari_ask *ask, ar_status status, const char *format, va_list args)
{
    char     text[sizeof((ar_error *)0)->message];
    ar_error error;
    vsnprintf(text, sizeof text, format, args);
    ar_error_set(&error, status, "%s", text);
    ari_ask_fail(ask, status == AR_OK ? AR_E_INVALID : status, &error);
}

void ar_context_reply(ar_context *self, ar_message reply)
{
    ari_ask *ask = self->ask;
    self->ask = NULL;
    if (ask != NULL)
        ari_ask_answer(ask, reply);
    else
        ari_message_release(&reply);
}

void ar_context_fail(ar_context *self, ar_status status, const char *format, ...)
{
    ari_ask *ask = self->ask;
    va_list  args;
    if (ask == NULL)
        return;
    self->ask = NULL;
    va_start(args, format);
    fail_with(ask, status, format, args);
    va_end(args);
}

ar_reply *ar_context_take_reply(ar_context *self)
{
    ari_ask *ask = self->ask;
    self->ask = NULL;
    return (ar_reply *)ask;
}

void ar_reply_send(ar_reply **reply, ar_message message)
{
    if (reply == NULL || *reply == NULL) {
        ari_message_release(&message);
        return;
    }
    ari_ask *ask = (ari_ask *)*reply;
    *reply = NULL;
    ari_ask_answer(ask, message);
}

void ar_reply_fail(ar_reply **reply, ar_status status, const char *format, ...)
{
    va_list args;
    if (reply == NULL || *reply == NULL)
        return;
    ari_ask *ask = (ari_ask *)*reply;
    *reply = NULL;
    va_start(args, format);
    fail_with(ask, status, format, args);
    va_end(args);
}
