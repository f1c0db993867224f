/* SPDX-License-Identifier: MIT */
#include "actors/actor.h"
#include "values/memory.h"

/* Who wants to know of an actor's end is a watcher on its list: another actor, for which the letter is made beforehand so that it cannot fail when it is needed, or
 * a future. The list is closed when the actor is gone; who comes later is told at once. A monitoring actor keeps a note (watch) of each monitor to take it back. */

struct ari_watcher {
    ari_letter   letter; /* first */
    ari_watcher *next;
    ar_actor    *to;     /* NULL: `future` */
    ar_future   *future;
    ar_down      down;
    const ar_env *env;
};

struct ari_watch {
    ari_watch *next;
    ar_actor  *target;
    uint64_t   monitor;
};

static void release_down(void *data)
{
    ari_watcher *watcher = (ari_watcher *)((char *)data - offsetof(ari_watcher, down));
    ari_release(watcher->env, watcher);
}

/* The message is in the same block, and goes with it unless the behaviour took it. */
static void destroy_letter(ari_letter *letter, const ar_env *env)
{
    (void)env;
    ari_message_release(&letter->message);
}

static void tell(ari_watcher *watcher, ar_status reason, const ar_error *error)
{
    ar_status status = AR_OK;
    if (watcher->to == NULL) {
        ari_future_finish(watcher->future, reason, error);
        ari_future_unref(watcher->future);
        ari_release(watcher->env, watcher);
        return;
    }
    watcher->down.reason = reason;
    if (reason != AR_OK && error != NULL)
        watcher->down.error = *error;
    ari_actor *to = ari_actor_enter(watcher->to, &status, NULL);
    if (to == NULL) {
        ari_release(watcher->env, watcher);
        return;
    }
    ari_actor_post_always(to, &watcher->letter);
    ari_actor_leave(to);
}

void ari_watchers_tell(ari_actor *actor)
{
    pthread_mutex_lock(&actor->watchers_lock);
    ari_watcher *watcher = actor->watchers;
    actor->watchers = NULL;
    actor->over = true;
    pthread_mutex_unlock(&actor->watchers_lock);
    while (watcher != NULL) {
        ari_watcher *next = watcher->next;
        tell(watcher, actor->reason, &actor->error);
        watcher = next;
    }
}

/* Puts the watcher on the list, or tells it at once. */
static void watch(ar_actor *target, ari_watcher *watcher)
{
    ar_error   error;
    ar_status  status = AR_OK;
    bool       over = true;
    ari_actor *actor = ari_actor_enter(target, &status, &error);
    if (actor == NULL) {
        tell(watcher, watcher->to == NULL && status == AR_E_CLOSED ? AR_OK : status, &error);
        return;
    }
    pthread_mutex_lock(&actor->watchers_lock);
    over = actor->over;
    if (!over) {
        watcher->next = actor->watchers;
        actor->watchers = watcher;
    }
    pthread_mutex_unlock(&actor->watchers_lock);
    if (over)
        tell(watcher, actor->reason, &actor->error);
    ari_actor_leave(actor);
}

static ari_watcher *make_watcher(const ar_env *env, ar_actor *target)
{
    ari_watcher *watcher = ari_allocate_zero(env, sizeof *watcher);
    if (watcher == NULL)
        return NULL;
    watcher->env = env;
    watcher->down.actor = target;
    watcher->letter = (ari_letter){
        .destroy = destroy_letter,
        .message = {.kind = AR_MESSAGE_DOWN, .data = &watcher->down, .release = release_down}};
    return watcher;
}

ar_status ar_context_monitor(ar_context *self, ar_actor *actor, uint64_t *monitor, ar_error *err)
{
    static _Atomic uint64_t numbers;
    if (self == NULL || actor == NULL)
        return ar_error_set(err, AR_E_INVALID, "monitoring an actor: it is NULL");
    const ar_env *env = &self->actor->runtime->env;
    ari_watch    *note = ari_allocate(env, sizeof *note);
    ari_watcher  *watcher = note == NULL ? NULL : make_watcher(env, actor);
    if (watcher == NULL) {
        ari_release(env, note);
        return ar_error_set(err, AR_E_NO_MEMORY, "monitoring an actor: out of memory");
    }
    uint64_t number = atomic_fetch_add(&numbers, 1) + 1;
    *note = (ari_watch){.next = self->actor->watches, .target = actor, .monitor = number};
    self->actor->watches = note;
    watcher->to = (ar_actor *)self->actor->handle;
    watcher->down.monitor = number;
    if (monitor != NULL)
        *monitor = number;
    watch(actor, watcher);
    return AR_OK;
}

static ari_watch *take_watch(ari_actor *actor, uint64_t monitor)
{
    for (ari_watch **at = &actor->watches; *at != NULL; at = &(*at)->next) {
        ari_watch *found = *at;
        if (found->monitor == monitor) {
            *at = found->next;
            return found;
        }
    }
    return NULL;
}

void ari_watch_forget(ari_actor *actor, uint64_t monitor)
{
    ari_release(&actor->runtime->env, take_watch(actor, monitor));
}

static void unwatch(const ari_watch *note)
{
    ar_status    status = AR_OK;
    ari_watcher *found = NULL;
    ari_actor   *target = ari_actor_enter(note->target, &status, NULL);
    if (target == NULL)
        return;
    pthread_mutex_lock(&target->watchers_lock);
    for (ari_watcher **at = &target->watchers; *at != NULL; at = &(*at)->next) {
        if ((*at)->to != NULL && (*at)->down.monitor == note->monitor) {
            found = *at;
            *at = found->next;
            break;
        }
    }
    pthread_mutex_unlock(&target->watchers_lock);
    if (found != NULL)
        ari_release(found->env, found);
    ari_actor_leave(target);
}

void ar_context_demonitor(ar_context *self, uint64_t monitor)
{
    ari_watch *note = self == NULL ? NULL : take_watch(self->actor, monitor);
    if (note == NULL)
        return;
    unwatch(note);
    ari_release(&self->actor->runtime->env, note);
}

void ari_watches_free(ari_actor *actor)
{
    while (actor->watches != NULL) {
        ari_watch *note = actor->watches;
        actor->watches = note->next;
        unwatch(note);
        ari_release(&actor->runtime->env, note);
    }
}

/* --- ar_actor_ended --- */

static void destroy_ended(ar_future *future)
{
    ari_release(ari_runtime_env(future->runtime), future);
}

ar_done ar_actor_ended(ar_actor *actor)
{
    static const ari_future_class ended_class = {.destroy = destroy_ended};
    ar_error                      error;
    ar_status                     status = AR_OK;
    ari_actor                    *entered = ari_actor_enter(actor, &status, &error);
    if (entered == NULL)
        return (ar_done){ari_future_failed(NULL, status == AR_E_CLOSED ? AR_OK : status, &error)};

    ar_runtime   *runtime = entered->runtime;
    const ar_env *env = &runtime->env;
    ari_watcher  *watcher = make_watcher(env, actor);
    ar_future    *future = watcher == NULL ? NULL : ari_allocate(env, sizeof *future);
    if (future == NULL) {
        ari_release(env, watcher);
        future = ari_future_failed(runtime, AR_E_NO_MEMORY, NULL);
    } else {
        ari_future_init(future, &ended_class, runtime, 2);
        watcher->future = future;
        watch(actor, watcher);
    }
    ari_actor_leave(entered);
    return (ar_done){future};
}

/* --- ar_context_send_after --- */

typedef struct delayed {
    ari_letter  letter; /* first */
    ari_timer   timer;
    ar_actor   *to;
    ar_runtime *runtime;
} delayed;

static void free_delayed(ari_letter *letter, const ar_env *env)
{
    ari_message_release(&letter->message);
    ari_release(env, letter);
}

static void deliver(ari_timer *timer)
{
    delayed   *self = (delayed *)((char *)timer - offsetof(delayed, timer));
    ar_status  status = AR_OK;
    ari_actor *to = ari_actor_enter(self->to, &status, NULL);
    if (to == NULL) {
        free_delayed(&self->letter, &self->runtime->env);
        return;
    }
    ari_actor_post_always(to, &self->letter);
    ari_actor_leave(to);
}

ar_status ar_context_send_after(ar_context *self, int64_t delay_ms, ar_message message, ar_error *err)
{
    if (self == NULL || delay_ms < 0 || message.kind >= AR_MESSAGE_SYSTEM) {
        ari_message_release(&message);
        return ar_error_set(err, AR_E_INVALID, "sending a message later: the delay must not be negative, nor the kind the library's");
    }
    ar_runtime *runtime = self->actor->runtime;
    delayed    *late = ari_allocate(&runtime->env, sizeof *late);
    if (late == NULL) {
        ari_message_release(&message);
        return ar_error_set(err, AR_E_NO_MEMORY, "sending a message later: out of memory");
    }
    *late = (delayed){.letter = {.message = message, .destroy = free_delayed},
                      .timer = {.deadline = ari_deadline_after(runtime, delay_ms), .fire = deliver},
                      .to = (ar_actor *)self->actor->handle,
                      .runtime = runtime};
    ar_status status = ari_timer_arm(runtime, &late->timer, err);
    if (status != AR_OK)
        free_delayed(&late->letter, &runtime->env);
    return status;
}
