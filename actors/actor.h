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

typedef struct ari_letter  ari_letter;
typedef struct ari_ask     ari_ask;
typedef struct ari_watcher ari_watcher;
typedef struct ari_watch   ari_watch;

/* What lies in a mailbox. */
struct ari_letter {
    ari_mail   mail; /* first */
    ari_ask   *ask;  /* NULL: nobody waits for an answer */
    ar_message message;
    /* must: takes the letter out of the world once it was handled or refused; releases message too. */
    void (*destroy)(ari_letter *letter, const ar_env *env);
    bool stops; /* not a message: the actor is to end */
};

/* An ask: its future, its letter and its answer in one block. */
struct ari_ask {
    ar_future  future; /* first */
    ari_letter letter;
    ar_message reply;
    ari_timer  timer;
    ar_actor  *actor;
    bool       helpable;
    bool       first; /* its letter found the mailbox empty */
};

struct ar_context {
    ari_actor *actor;
    ari_ask   *ask; /* to be answered; NULL once it was, or was taken */
};

struct ari_actor {
    ari_runner       runner; /* first */
    ar_runtime      *runtime;
    uintptr_t        handle;
    ar_actor_options options; /* name is `name` */
    char             name[64];
    _Atomic uint32_t waiting; /* letters in the mailbox and the backlog */
    _Atomic uint32_t blocked; /* senders that wait for room */
    _Atomic uint32_t room;    /* futex of those */
    _Atomic bool     stop_sent;
    ari_letter       stop_letter;

    /* Under the token. */
    ar_context   context;
    ari_mail    *backlog; /* oldest first */
    ari_mail   **backlog_end;
    bool         initialised;
    bool         ended;
    ari_watch   *watches; /* the monitors that this actor has on others */

    /* Under the runtime's lock. */
    ari_actor  *older, *newer;

    pthread_mutex_t watchers_lock; /* both below */
    ari_watcher    *watchers;
    bool            over;
    ar_status       reason; /* written before `over` */
    ar_error        error;
};

extern ari_handles ari_actor_handles;

/* NULL, and *status and `err` AR_E_INVALID, AR_E_CLOSED or AR_E_FORKED; else the actor, kept in memory until leave. */
ari_actor *ari_actor_enter(ar_actor *handle, ar_status *status, ar_error *err);
void       ari_actor_leave(ari_actor *actor);

/* Asks all actors of the runtime to end, the newest first, and waits for each. */
void ari_actors_stop(ar_runtime *runtime);

/* Puts a letter into the mailbox past its limit, for what the library itself has to say, and wakes the actor. */
void ari_actor_post_always(ari_actor *actor, ari_letter *letter);

/* Finishes an ask that was not answered, and drops the actor's reference. */
void ari_ask_fail(ari_ask *ask, ar_status status, const ar_error *error);
void ari_ask_answer(ari_ask *ask, ar_message reply);

void ari_message_release(ar_message *message);

/* The actor is over: tells everybody who watches it. `watch` of one that has ended is told at once. */
void ari_watchers_tell(ari_actor *actor);
/* A letter of ours came: forget the watch that it answers. */
void ari_watch_forget(ari_actor *actor, uint64_t monitor);
void ari_watches_free(ari_actor *actor);

#endif
