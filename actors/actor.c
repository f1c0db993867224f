/* SPDX-License-Identifier: MIT */
#include "actors/actor.h"

#include <assert.h>
#include <string.h>

#include "values/memory.h"

/* The actors of applications. One is spawned, handles letters in turns of at most TURN, and ends: because it was asked
 * to stop (the letter that says so has its place in the mailbox like any other), because its behaviour failed, or
 * because init did. Ending refuses new letters, runs terminate, fails what is left in the mailbox, tells the watchers
 * and makes the handle stale. The actor itself is one user of its handle until its executor is done with it (gone); its
 * memory goes with the last user. */

enum { TURN = 64, MAILBOX_DEFAULT = 65536 };

static void destroy(void *object)
{
    ari_actor *actor = object;
    ar_runtime *runtime = actor->runtime;
    pthread_mutex_destroy(&actor->lock);
    ari_release(&runtime->env, actor);
    ari_runtime_unref(runtime);
}

ari_handles ari_actor_handles = ARI_HANDLES(destroy);

ari_actor *ari_actor_enter(ar_actor *handle, ar_status *status, ar_error *err)
{
    if (handle == NULL) {
        *status = ar_error_set(err, AR_E_INVALID, "the actor is NULL");
        return NULL;
    }
    ari_actor *actor = ari_handle_enter(&ari_actor_handles, (uintptr_t)handle);
    if (actor == NULL) {
        *status = ar_error_set(err, AR_E_CLOSED, "the actor has ended");
        return NULL;
    }
    *status = ari_runtime_usable(actor->runtime, err);
    if (*status == AR_OK)
        return actor;
    ari_actor_leave(actor);
    return NULL;
}

void ari_actor_leave(ari_actor *actor)
{
    ari_handle_leave(&ari_actor_handles, actor->handle);
}

void ari_message_release(ar_message *message)
{
    void (*release)(void *data) = message->release;
    message->release = NULL; /* before: the message may be part of what is released */
    if (release != NULL)
        release(message->data);
}

/* --- the life of the state --- */

static void end(ari_actor *actor, ar_status reason, const ar_error *error)
{
    actor->ended = true;
    atomic_store(&actor->stop_sent, true);
    actor->reason = reason;
    if (reason != AR_OK) {
        actor->error = *error;
        actor->error.status = reason;
        ari_runtime_log(actor->runtime, AR_LOG_ERROR, "actor %s ended: %s: %s",
                        actor->name[0] != '\0' ? actor->name : "(anonymous)", ar_status_name(reason), error->message);
    }
    if (actor->options.terminate != NULL)
        actor->options.terminate(actor->options.state, reason);
    ari_runner_close(&actor->runner);
}

static void initialise(ari_actor *actor)
{
    actor->initialised = true;
    if (actor->options.init == NULL)
        return;
    ar_error error = { .status = AR_OK };
    ar_status status = actor->options.init(&actor->context, &actor->options.state, &error);
    if (status != AR_OK)
        end(actor, status, &error);
}

static void made_room(ari_actor *actor, uint32_t count)
{
    atomic_fetch_sub(&actor->waiting, count);
    if (atomic_load(&actor->blocked) == 0)
        return;
    const ar_env *env = &actor->runtime->env;
    atomic_fetch_add(&actor->room, 1);
    env->wake(env->ctx, (uint32_t *)&actor->room);
}

static void handle(ari_actor *actor, ari_letter *letter)
{
    ari_ask *ask = letter->ask;
    ar_error error = { .status = AR_OK };
    ar_message message = letter->message;

    if (ask != NULL && !ari_future_start(&ask->future)) { /* cancelled, or too late */
        letter->destroy(letter, &actor->runtime->env);
        return;
    }
    if (message.kind == AR_MESSAGE_DOWN)
        ari_watch_forget(actor, ((const ar_down *)message.data)->monitor);
    letter->message.release = NULL;
    if (ask == NULL)
        letter->destroy(letter, &actor->runtime->env); /* an ask's letter goes with the ask */
    actor->context.ask = ask;
    ar_status status = actor->options.behaviour(&actor->context, actor->options.state, &message, &error);
    ari_message_release(&message);
    ask = actor->context.ask;
    actor->context.ask = NULL;
    if (ask != NULL && status == AR_OK)
        ari_ask_answer(ask, (ar_message){ .kind = 0 });
    else if (ask != NULL)
        ari_ask_fail(ask, status, &error);
    if (status != AR_OK)
        end(actor, status, &error);
    else if (actor->end_asked)
        end(actor, AR_OK, NULL);
}

static void append(ari_actor *actor, ari_mail *mails)
{
    *actor->backlog_end = mails;
    while (*actor->backlog_end != NULL)
        actor->backlog_end = &(*actor->backlog_end)->next;
}

static ari_letter *take_first(ari_actor *actor)
{
    ari_letter *letter = (ari_letter *)actor->backlog;
    if (letter == NULL)
        return NULL;
    actor->backlog = letter->mail.next;
    if (actor->backlog == NULL)
        actor->backlog_end = &actor->backlog;
    return letter;
}

static bool batch(ari_runner *runner, ari_mail *mails)
{
    ari_actor *actor = (ari_actor *)runner;
    uint32_t handled = 0;

    append(actor, mails);
    if (!actor->initialised)
        initialise(actor);
    for (int i = 0; i < TURN && !actor->ended; i++) {
        ari_letter *letter = take_first(actor);
        if (letter == NULL)
            break;
        if (letter->stops) {
            if (actor->stopping == NULL || actor->stopping(&actor->context, actor->options.state))
                end(actor, AR_OK, NULL);
            continue;
        }
        handle(actor, letter);
        handled++;
        if (atomic_load_explicit(&actor->blocked, memory_order_relaxed) != 0) {
            made_room(actor, handled);
            handled = 0;
        }
    }
    if (handled > 0)
        made_room(actor, handled);
    return !actor->ended && actor->backlog != NULL;
}

static void fail(ari_runner *runner, ari_mail *mails)
{
    ari_actor *actor = (ari_actor *)runner;
    ari_letter *letter;
    uint32_t failed = 0;
    ar_error error;

    ar_error_set(&error, AR_E_CLOSED, "the actor ended before it handled the message");
    append(actor, mails);
    while ((letter = take_first(actor)) != NULL) {
        if (letter->stops)
            continue;
        failed++;
        if (letter->ask != NULL)
            ari_ask_fail(letter->ask, AR_E_CLOSED, &error);
        else
            letter->destroy(letter, &actor->runtime->env);
    }
    if (failed > 0)
        made_room(actor, failed);
}

static void forget_name(ari_actor *actor)
{
    pthread_mutex_lock(&actor->runtime->lock);
    if (actor->options.name != NULL)
        ari_registry_remove(&actor->runtime->names, actor);
    pthread_mutex_unlock(&actor->runtime->lock);
}

static void gone(ari_runner *runner)
{
    ari_actor *actor = (ari_actor *)runner;
    ar_runtime *runtime = actor->runtime;

    /* Whoever is told finds the handle stale and the name free. */
    ari_delayed_cancel(actor);
    ari_watches_free(actor);
    forget_name(actor);
    ari_handle_close(&ari_actor_handles, actor->handle);
    ari_watchers_tell(actor);
    pthread_mutex_lock(&runtime->lock);
    if (actor->options.own_thread)
        ari_runtime_retire(runtime, actor->runner.worker);
    if (actor->newer != NULL)
        actor->newer->older = actor->older;
    else
        runtime->actors = actor->older;
    if (actor->older != NULL)
        actor->older->newer = actor->newer;
    pthread_mutex_unlock(&runtime->lock);
    atomic_fetch_add(&runtime->actor_ends, 1);
    runtime->env.wake(runtime->env.ctx, (uint32_t *)&runtime->actor_ends);
    ari_actor_leave(actor);
}

static const ari_runner_class actor_class = { .batch = batch, .fail = fail, .gone = gone, .runs_behaviours = true };

/* --- spawn and stop --- */

ar_status ari_actor_check_options(const ar_actor_options *options, ar_error *err)
{
    if (options == NULL || options->behaviour == NULL)
        return ar_error_set(err, AR_E_INVALID, "spawning an actor: options with a behaviour must be there");
    if (!ari_struct_size_fits(options->struct_size, sizeof *options))
        return ar_error_set(err, AR_E_INVALID, "spawning an actor: struct_size is %zu, must be 0 or %zu",
                            options->struct_size, sizeof *options);
    if (options->name != NULL && (options->name[0] == '\0' || strlen(options->name) > 63))
        return ar_error_set(err, AR_E_INVALID, "spawning an actor: a name has 1 to 63 bytes");
    return AR_OK;
}

static void ignore_letter(ari_letter *letter, const ar_env *env)
{
    (void)letter;
    (void)env;
}

static ari_actor *make(ar_runtime *runtime, const ar_actor_options *options)
{
    ari_actor *actor = ari_allocate_zero(&runtime->env, sizeof *actor);
    if (actor == NULL)
        return NULL;
    actor->runtime = ari_runtime_ref(runtime);
    actor->options = *options;
    if (options->name != NULL) {
        strcpy(actor->name, options->name);
        actor->options.name = actor->name;
    }
    if (actor->options.mailbox_limit == 0)
        actor->options.mailbox_limit = MAILBOX_DEFAULT;
    actor->stop_letter = (ari_letter){ .destroy = ignore_letter, .stops = true };
    actor->context.actor = actor;
    actor->backlog_end = &actor->backlog;
    pthread_mutex_init(&actor->lock, NULL);
    return actor;
}

static ar_status join_runtime(ari_actor *actor, ar_error *err)
{
    ar_runtime *runtime = actor->runtime;
    ar_status status = AR_OK;
    pthread_mutex_lock(&runtime->lock);
    if (runtime->closing) {
        status = ar_error_set(err, AR_E_CLOSED, "spawning an actor: the runtime is closing");
    } else if (actor->options.name != NULL && ari_registry_find(&runtime->names, actor->name) != NULL) {
        status = ar_error_set(err, AR_E_BUSY, "spawning an actor: the name %s is taken", actor->name);
    } else {
        actor->older = runtime->actors;
        if (actor->older != NULL)
            actor->older->newer = actor;
        runtime->actors = actor;
        if (actor->options.name != NULL)
            ari_registry_add(&runtime->names, actor);
    }
    pthread_mutex_unlock(&runtime->lock);
    return status;
}

static ar_status start(ari_actor *actor, ar_error *err)
{
    ar_runtime *runtime = actor->runtime;
    ari_worker *worker = actor->options.own_thread
                             ? ari_runtime_own_worker(runtime, actor->name[0] != '\0' ? actor->name : "ar-actor", err)
                             : ari_runtime_worker(runtime, err);
    if (worker == NULL)
        return AR_E_NO_MEMORY;
    ari_runner_init(&actor->runner, &actor_class, worker);
    actor->runner.left = true; /* the first turn runs init, with or without a message */
    ar_status status = join_runtime(actor, err);
    if (status != AR_OK && actor->options.own_thread)
        ari_worker_stop(worker);
    return status;
}

/* What could not be started. */
static void discard(ari_actor *actor)
{
    ari_handle_close(&ari_actor_handles, actor->handle);
    ari_actor_leave(actor);
}

ar_status ari_actor_spawn(ar_runtime *runtime, const ar_actor_options *options, ari_spawn *spawn, ar_actor **out,
                          ar_error *err)
{
    ar_error error = { .status = AR_E_NO_MEMORY, .message = "spawning an actor: out of memory" };
    ar_status status = ari_actor_check_options(options, &error);
    *out = NULL;
    if (status == AR_OK && (runtime = ari_runtime_resolve(runtime, &error)) == NULL)
        status = error.status;
    if (status != AR_OK)
        goto out;

    status = AR_E_NO_MEMORY;
    ari_actor *actor = make(runtime, options);
    if (actor == NULL)
        goto out;
    actor->handle = ari_handle_open(&ari_actor_handles, actor);
    if (actor->handle == 0) {
        destroy(actor);
        goto out;
    }
    actor->stopping = spawn->stopping;
    /* Two users: the actor itself, and this thread, because once others can find the actor they can also end it. */
    ari_handle_enter(&ari_actor_handles, actor->handle);
    status = start(actor, &error);
    if (status == AR_OK) {
        *out = (ar_actor *)actor->handle;
        if (spawn->monitor != NULL)
            spawn->number = ari_monitor_place_on(spawn->watcher, spawn->monitor, actor);
        ari_runner_wake(&actor->runner);
    } else {
        status = error.status;
        discard(actor);
    }
    ari_actor_leave(actor);
    if (status == AR_OK)
        return AR_OK;
out:
    error.status = status;
    if (err != NULL)
        *err = error;
    return status;
}

ar_status ar_actor_spawn(ar_runtime *runtime, const ar_actor_options *options, ar_actor **out, ar_error *err)
{
    ari_spawn plain = { .stopping = NULL };
    if (out == NULL)
        return ar_error_set(err, AR_E_INVALID, "spawning an actor: `out` is NULL");
    return ari_actor_spawn(runtime, options, &plain, out, err);
}

void ari_context_end(ar_context *self)
{
    self->actor->end_asked = true;
}

static bool send_stop(ari_actor *actor)
{
    bool first = !atomic_exchange(&actor->stop_sent, true);
    if (first)
        ari_actor_post_always(actor, &actor->stop_letter);
    return first;
}

ar_status ar_actor_stop(ar_actor *actor, ar_error *err)
{
    ar_status status = AR_OK;
    ari_actor *entered = ari_actor_enter(actor, &status, err);
    if (entered == NULL)
        return status;
    bool first = send_stop(entered);
    ari_actor_leave(entered);
    return first ? AR_OK : ar_error_set(err, AR_E_CLOSED, "the actor is ending already");
}

void ari_actors_stop(ar_runtime *runtime)
{
    for (;;) {
        uint32_t ends = atomic_load(&runtime->actor_ends);
        pthread_mutex_lock(&runtime->lock);
        bool none = runtime->actors == NULL;
        ari_actor *newest = none ? NULL : ari_handle_enter(&ari_actor_handles, runtime->actors->handle);
        pthread_mutex_unlock(&runtime->lock);
        if (none)
            return;
        if (newest != NULL) { /* else it is ending at this moment */
            send_stop(newest);
            ari_actor_leave(newest);
        }
        bool ending = runtime->env.wait(runtime->env.ctx, (uint32_t *)&runtime->actor_ends, ends, INT64_MAX);
        assert(ending);
        if (!ending)
            return;
    }
}

ar_actor *ar_actor_find(ar_runtime *runtime, const char *name)
{
    runtime = ari_runtime_resolve(runtime, NULL);
    if (runtime == NULL || name == NULL)
        return NULL;
    pthread_mutex_lock(&runtime->lock);
    ari_actor *actor = ari_registry_find(&runtime->names, name);
    uintptr_t handle = actor == NULL ? 0 : actor->handle;
    pthread_mutex_unlock(&runtime->lock);
    return (ar_actor *)handle;
}

bool ar_actor_is_alive(ar_actor *actor)
{
    ar_status status = AR_OK;
    ari_actor *entered = ari_actor_enter(actor, &status, NULL);
    if (entered == NULL)
        return false;
    ari_actor_leave(entered);
    return true;
}

ar_actor *ar_context_self(const ar_context *self)
{
    return self == NULL ? NULL : (ar_actor *)self->actor->handle;
}

ar_runtime *ar_context_runtime(const ar_context *self)
{
    return self == NULL ? NULL : self->actor->runtime;
}
