/* SPDX-License-Identifier: MIT */
#ifndef ACTORS_ACTOR_H
#define ACTORS_ACTOR_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include <actrec/actor.h>

#include "actors/future.h"
#include "actors/runner.h"
#include "actors/runtime.h"
#include "actors/timers.h"
#include "values/handles.h"

typedef struct ari_letter ari_letter;
typedef struct ari_ask ari_ask;
typedef struct ari_watcher ari_watcher;
typedef struct ari_watch ari_watch;
typedef struct ari_delayed ari_delayed;
typedef struct ari_monitor ari_monitor;

/* For actors of the library that have something to do before they end: the letter came that asks the actor to. False:
 * it goes on, for what the library itself sends it, until it calls ari_context_end. */
typedef bool (*ari_actor_stopping)(ar_context *self, void *state);

#define ARI_MESSAGE_RESTART (AR_MESSAGE_SYSTEM + 2) /* a supervisor's own */

/* What lies in a mailbox. */
struct ari_letter {
    ari_mail mail; /* first */
    ari_ask *ask;  /* NULL: nobody waits for an answer */
    ar_message message;
    /* must: takes the letter out of the world once it was handled or refused; releases message too. */
    void (*destroy)(ari_letter *letter, const ar_env *env);
    bool stops; /* not a message: the actor is to end */
};

/* An ask: its future, its letter and its answer in one block. */
struct ari_ask {
    ar_future future; /* first */
    ari_letter letter;
    ar_message reply;
    ari_timer timer;
    ar_actor *actor;
    bool helpable;
    bool first; /* its letter found the mailbox empty */

    /* Under the runtime's lock: those that were taken out of their behaviour and not answered yet. */
    bool taken;
    ari_ask *next_taken, *previous_taken;
};

struct ar_context {
    ari_actor *actor;
    ari_ask *ask; /* to be answered; NULL once it was, or was taken */
};

struct ari_actor {
    ari_runner runner; /* first */
    ar_runtime *runtime;
    uintptr_t handle;
    ar_actor_options options; /* name is `name` */
    char name[64];
    ari_actor_stopping stopping; /* may be NULL */
    _Atomic uint32_t waiting;    /* letters in the mailbox and the backlog */
    _Atomic uint32_t blocked;    /* senders that wait for room */
    _Atomic uint32_t room;       /* futex of those */
    _Atomic bool stop_sent;
    ari_letter stop_letter;

    /* Under the token. */
    ar_context context;
    ari_mail *backlog; /* oldest first */
    ari_mail **backlog_end;
    bool initialised;
    bool ended;
    bool end_asked;     /* by ari_context_end */
    ari_watch *watches; /* the monitors that this actor has on others */

    /* Under the runtime's lock. */
    ari_actor *older, *newer;
    ari_actor *next_named;

    pthread_mutex_t lock; /* the next three */
    ari_watcher *watchers;
    bool over;
    ari_delayed *delayed; /* messages to itself that are not due yet */
    ar_status reason;     /* written before `over` */
    ar_error error;
};

extern ari_handles ari_actor_handles;

/* NULL, and *status and `err` AR_E_INVALID, AR_E_CLOSED or AR_E_FORKED; else the actor, kept in memory until leave. */
ari_actor *ari_actor_enter(ar_actor *handle, ar_status *status, ar_error *err);
void ari_actor_leave(ari_actor *actor);

/* ar_actor_spawn, for actors of the library. */
typedef struct ari_spawn {
    ari_actor_stopping stopping; /* may be NULL */
    ar_context *watcher;         /* has `monitor` placed before the actor runs, when it is spawned; both may be NULL */
    ari_monitor *monitor;
    uint64_t number; /* out: of the monitor */
} ari_spawn;
ar_status ari_actor_spawn(ar_runtime *runtime, const ar_actor_options *options, ari_spawn *spawn, ar_actor **out,
                          ar_error *err);
ar_status ari_actor_check_options(const ar_actor_options *options, ar_error *err);
/* Ends the actor after this message, as stopped. */
void ari_context_end(ar_context *self);

/* Asks all actors of the runtime to end, the newest first, and waits for each. */
void ari_actors_stop(ar_runtime *runtime);

/* ar_actor_tell, of the library's own kinds too. */
ar_status ari_actor_tell(ar_actor *actor, ar_message message, const ar_send_options *options, ar_error *err);

/* Puts a letter into the mailbox past its limit, for what the library itself has to say, and wakes the actor. */
void ari_actor_post_always(ari_actor *actor, ari_letter *letter);

/* Finishes an ask that was not answered, and drops the actor's reference. */
void ari_ask_fail(ari_ask *ask, ar_status status, const ar_error *error);
void ari_ask_answer(ari_ask *ask, ar_message reply);

/* Completes with AR_E_CLOSED the asks whose replies somebody took and has not sent, for the runtime that is closing;
 * the replies may still be sent and have no effect. */
void ari_asks_close(ar_runtime *runtime);

void ari_message_release(ar_message *message);

/* ar_context_send_after of any kind of message. */
ar_status ari_context_send_after(ar_context *self, int64_t delay_ms, ar_message message, ar_error *err);
/* The actor is ending: takes back what it sent itself. Before its handle goes stale. */
void ari_delayed_cancel(ari_actor *actor);

/* A monitor that was made beforehand, so that placing it on an actor cannot fail. `prepare`: NULL, no memory. Each that
 * was prepared must be placed or discarded; all inside the behaviour. place_on: on an actor that the caller keeps in
 * memory. */
ari_monitor *ari_monitor_prepare(ar_context *self);
uint64_t ari_monitor_place(ar_context *self, ari_monitor *monitor, ar_actor *target);
uint64_t ari_monitor_place_on(ar_context *self, ari_monitor *monitor, ari_actor *target);
void ari_monitor_discard(ar_context *self, ari_monitor *monitor);

/* The actor is over: tells everybody who watches it. `watch` of one that has ended is told at once. */
void ari_watchers_tell(ari_actor *actor);
/* A letter of ours came: forget the watch that it answers. */
void ari_watch_forget(ari_actor *actor, uint64_t monitor);
void ari_watches_free(ari_actor *actor);

#endif
