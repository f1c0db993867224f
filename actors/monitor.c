/* SPDX-License-Identifier: MIT */
#include "actors/actor.h"
#include "values/memory.h"

/* Who wants to know of an actor's end is a watcher on its list: another actor, for which the letter is made beforehand
 * so that it cannot fail when it is needed, or a future. The list is closed when the actor is gone; who comes later is
 * told at once. A monitoring actor keeps a note (watch) of each monitor to take it back. A watcher keeps the memory of
 * the runtime that it came from: it may lie in a mailbox, or with who took its message, when that is closed. */

struct ari_watcher {
    ari_letter letter; /* first */
    ari_watcher *next;
    ar_actor *to; /* NULL: `future` */
    ar_future *future;
    ar_down down;
    ar_runtime *runtime;
};

struct ari_watch {
    ari_watch *next;
    ar_actor *target;
    uint64_t monitor;
};

static void free_watcher(ari_watcher *watcher)
{
    ar_runtime *runtime = watcher->runtime;
    ari_release(&runtime->env, watcher);
    ari_runtime_unref(runtime);
}

static void release_down(void *data)
{
    free_watcher((ari_watcher *)((char *)data - offsetof(ari_watcher, down)));
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
        free_watcher(watcher);
        return;
    }
    watcher->down.reason = reason;
    if (reason != AR_OK && error != NULL)
        watcher->down.error = *error;
    ari_actor *to = ari_actor_enter(watcher->to, &status, NULL);
    if (to == NULL) {
        free_watcher(watcher);
        return;
    }
    ari_actor_post_always(to, &watcher->letter);
    ari_actor_leave(to);
}

void ari_watchers_tell(ari_actor *actor)
{
    pthread_mutex_lock(&actor->lock);
    ari_watcher *watcher = actor->watchers;
    actor->watchers = NULL;
    actor->over = true;
    pthread_mutex_unlock(&actor->lock);
    while (watcher != NULL) {
        ari_watcher *next = watcher->next;
        tell(watcher, actor->reason, &actor->error);
        watcher = next;
    }
}

/* Puts the watcher on the list, or tells it at once. */
static void watch_actor(ari_actor *actor, ari_watcher *watcher)
{
    pthread_mutex_lock(&actor->lock);
    bool over = actor->over;
    if (!over) {
        watcher->next = actor->watchers;
        actor->watchers = watcher;
    }
    pthread_mutex_unlock(&actor->lock);
    if (over)
        tell(watcher, actor->reason, &actor->error);
}

static void watch(ar_actor *target, ari_watcher *watcher)
{
    ar_error error;
    ar_status status = AR_OK;
    ari_actor *actor = ari_actor_enter(target, &status, &error);
    if (actor == NULL) {
        tell(watcher, watcher->to == NULL && status == AR_E_CLOSED ? AR_OK : status, &error);
        return;
    }
    watch_actor(actor, watcher);
    ari_actor_leave(actor);
}

static ari_watcher *make_watcher(ar_runtime *runtime, ar_actor *target)
{
    ari_watcher *watcher = ari_allocate_zero(&runtime->env, sizeof *watcher);
    if (watcher == NULL)
        return NULL;
    watcher->runtime = ari_runtime_ref(runtime);
    watcher->down.actor = target;
    watcher->letter =
        (ari_letter){ .destroy = destroy_letter,
                      .message = { .kind = AR_MESSAGE_DOWN, .data = &watcher->down, .release = release_down } };
    return watcher;
}

/* A note whose watcher is not on any list yet. */
struct ari_monitor {
    ari_watch note; /* first */
    ari_watcher *watcher;
};

ari_monitor *ari_monitor_prepare(ar_context *self)
{
    ar_runtime *runtime = self->actor->runtime;
    ari_monitor *monitor = ari_allocate(&runtime->env, sizeof *monitor);
    ari_watcher *watcher = monitor == NULL ? NULL : make_watcher(runtime, NULL);
    if (watcher == NULL) {
        ari_release(&runtime->env, monitor);
        return NULL;
    }
    watcher->to = (ar_actor *)self->actor->handle;
    monitor->watcher = watcher;
    return monitor;
}

void ari_monitor_discard(ar_context *self, ari_monitor *monitor)
{
    free_watcher(monitor->watcher);
    ari_release(&self->actor->runtime->env, monitor);
}

/* The note is the actor's from here on, the watcher its target's. */
static ari_watcher *take_note(ar_context *self, ari_monitor *monitor, ar_actor *target)
{
    static _Atomic uint64_t numbers;
    ari_actor *actor = self->actor;
    ari_watcher *watcher = monitor->watcher;
    uint64_t number = atomic_fetch_add_explicit(&numbers, 1, memory_order_relaxed) + 1;

    monitor->note = (ari_watch){ .next = actor->watches, .target = target, .monitor = number };
    actor->watches = &monitor->note;
    watcher->down.actor = target;
    watcher->down.monitor = number;
    return watcher;
}

uint64_t ari_monitor_place(ar_context *self, ari_monitor *monitor, ar_actor *target)
{
    ari_watcher *watcher = take_note(self, monitor, target);
    uint64_t number = watcher->down.monitor;
    watch(target, watcher);
    return number;
}

uint64_t ari_monitor_place_on(ar_context *self, ari_monitor *monitor, ari_actor *target)
{
    ari_watcher *watcher = take_note(self, monitor, (ar_actor *)target->handle);
    uint64_t number = watcher->down.monitor;
    watch_actor(target, watcher);
    return number;
}

ar_status ar_context_monitor(ar_context *self, ar_actor *actor, uint64_t *monitor, ar_error *err)
{
    if (self == NULL || actor == NULL)
        return ar_error_set(err, AR_E_INVALID, "monitoring an actor: it is NULL");
    ari_monitor *prepared = ari_monitor_prepare(self);
    if (prepared == NULL)
        return ar_error_set(err, AR_E_NO_MEMORY, "monitoring an actor: out of memory");
    uint64_t number = ari_monitor_place(self, prepared, actor);
    if (monitor != NULL)
        *monitor = number;
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
    ar_status status = AR_OK;
    ari_watcher *found = NULL;
    ari_actor *target = ari_actor_enter(note->target, &status, NULL);
    if (target == NULL)
        return;
    pthread_mutex_lock(&target->lock);
    for (ari_watcher **at = &target->watchers; *at != NULL; at = &(*at)->next) {
        if ((*at)->to != NULL && (*at)->down.monitor == note->monitor) {
            found = *at;
            *at = found->next;
            break;
        }
    }
    pthread_mutex_unlock(&target->lock);
    if (found != NULL)
        free_watcher(found);
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
    static const ari_future_class ended_class = { .destroy = destroy_ended };
    ar_error error;
    ar_status status = AR_OK;
    ari_actor *entered = ari_actor_enter(actor, &status, &error);
    if (entered == NULL)
        return (ar_done){ ari_future_failed(NULL, status == AR_E_CLOSED ? AR_OK : status, &error) };

    ar_runtime *runtime = entered->runtime;
    const ar_env *env = &runtime->env;
    ari_watcher *watcher = make_watcher(runtime, actor);
    ar_future *future = watcher == NULL ? NULL : ari_allocate(env, sizeof *future);
    if (future == NULL) {
        if (watcher != NULL)
            free_watcher(watcher);
        future = ari_future_failed(runtime, AR_E_NO_MEMORY, NULL);
    } else {
        ari_future_init(future, &ended_class, runtime, 2);
        watcher->future = future;
        watch(actor, watcher);
    }
    ari_actor_leave(entered);
    return (ar_done){ future };
}

/* --- ar_context_send_after --- */

/* A message on its way is on its actor's list until it is due, so that it does not outlive the actor by hours. Whoever
 * takes it off, under the actor's lock, decides: the timer delivers it, or the ending actor frees it when it can still
 * be disarmed. The lock of the timers may be taken inside the actor's, never the other way round: timers fire without
 * theirs. */
struct ari_delayed {
    ari_letter letter; /* first */
    ari_timer timer;
    ari_delayed *next, *previous;
    bool listed;
    ar_actor *to;
    ar_runtime *runtime;
};

static void free_delayed(ari_letter *letter, const ar_env *env)
{
    ari_message_release(&letter->message);
    ari_release(env, letter);
}

static void list_delayed(ari_actor *actor, ari_delayed *late)
{
    pthread_mutex_lock(&actor->lock);
    late->listed = true;
    late->previous = NULL;
    late->next = actor->delayed;
    if (late->next != NULL)
        late->next->previous = late;
    actor->delayed = late;
    pthread_mutex_unlock(&actor->lock);
}

/* With the actor's lock held. */
static void unlist_delayed(ari_actor *actor, ari_delayed *late)
{
    if (!late->listed)
        return;
    late->listed = false;
    if (late->previous != NULL)
        late->previous->next = late->next;
    else
        actor->delayed = late->next;
    if (late->next != NULL)
        late->next->previous = late->previous;
}

static void deliver(ari_timer *timer)
{
    ari_delayed *late = (ari_delayed *)((char *)timer - offsetof(ari_delayed, timer));
    ar_status status = AR_OK;
    ari_actor *to = ari_actor_enter(late->to, &status, NULL);
    if (to == NULL) { /* so the list was emptied before */
        free_delayed(&late->letter, &late->runtime->env);
        return;
    }
    pthread_mutex_lock(&to->lock);
    unlist_delayed(to, late);
    pthread_mutex_unlock(&to->lock);
    ari_actor_post_always(to, &late->letter);
    ari_actor_leave(to);
}

void ari_delayed_cancel(ari_actor *actor)
{
    ari_delayed *late;
    do {
        bool disarmed = false;
        pthread_mutex_lock(&actor->lock);
        late = actor->delayed;
        if (late != NULL) {
            unlist_delayed(actor, late);
            disarmed = ari_timer_disarm(actor->runtime, &late->timer);
        }
        pthread_mutex_unlock(&actor->lock);
        if (disarmed)
            free_delayed(&late->letter, &actor->runtime->env);
    } while (late != NULL);
}

ar_status ari_context_send_after(ar_context *self, int64_t delay_ms, ar_message message, ar_error *err)
{
    ari_actor *actor = self->actor;
    ar_runtime *runtime = actor->runtime;
    ari_delayed *late = ari_allocate(&runtime->env, sizeof *late);
    if (late == NULL) {
        ari_message_release(&message);
        return ar_error_set(err, AR_E_NO_MEMORY, "sending a message later: out of memory");
    }
    *late = (ari_delayed){ .letter = { .message = message, .destroy = free_delayed },
                           .timer = { .deadline = ari_deadline_after(runtime, delay_ms), .fire = deliver },
                           .to = (ar_actor *)actor->handle,
                           .runtime = runtime };
    list_delayed(actor, late);
    ar_status status = ari_timer_arm(runtime, &late->timer, err);
    if (status != AR_OK) {
        pthread_mutex_lock(&actor->lock);
        unlist_delayed(actor, late);
        pthread_mutex_unlock(&actor->lock);
        free_delayed(&late->letter, &runtime->env);
    }
    return status;
}

ar_status ar_context_send_after(ar_context *self, int64_t delay_ms, ar_message message, ar_error *err)
{
    if (self != NULL && delay_ms >= 0 && message.kind < AR_MESSAGE_SYSTEM)
        return ari_context_send_after(self, delay_ms, message, err);
    ari_message_release(&message);
    return ar_error_set(err, AR_E_INVALID,
                        "sending a message later: the delay must not be negative, nor the kind the library's");
}
