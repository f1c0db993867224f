/* SPDX-License-Identifier: MIT */
#ifndef ACTORS_RUNNER_H
#define ACTORS_RUNNER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <actrec/future.h>
#include <actrec/sys/env.h>

#include "actors/gate.h"

/* What every actor is made of: a mailbox and the token that lets one thread at a time run it. See actors/runner.c for
 * the protocol. */

typedef struct ari_runner ari_runner;
typedef struct ari_worker ari_worker;

typedef struct ari_mail ari_mail;
struct ari_mail {
    ari_mail *next;
};

typedef struct ari_runner_class {
    /* Handles `mails`, oldest first, which may be NULL after a call that left some. True: some are left in a place of
     * the actor's own, and it wants another turn. The token is held. */
    bool (*batch)(ari_runner *runner, ari_mail *mails);
    /* The actor is closing: fails `mails`, and what it kept to itself. The token is held. May be called again. */
    void (*fail)(ari_runner *runner, ari_mail *mails);
    /* Its executor will not touch it again. */
    void (*gone)(ari_runner *runner);
    /* May be there, for an actor that does not block: sends and reads what it can and completes what came. Answers for
     * what it waits, POLLIN and POLLOUT of *fd; 0: for nothing. The token is held. */
    int (*progress)(ari_runner *runner, int *fd);
    bool runs_behaviours; /* code of the application: waiting in it is refused */
} ari_runner_class;

struct ari_runner {
    _Atomic uint32_t state;
    _Atomic(ari_mail *) mailbox; /* newest first */
    const ari_runner_class *class;
    ari_worker *worker;
    const ar_env *env;
    ari_runner *next_rung;       /* the worker's; while BELL is set */
    bool left;                   /* batch wants another turn; under the token */
    ar_env_readiness *readiness; /* NULL: it has no `progress` */
    ari_gate nudgers;            /* who may be about to nudge whoever sleeps on the descriptor */
};

void ari_runner_init(ari_runner *runner, const ari_runner_class *class, ari_worker *worker);

/* For a class with `progress`: before the first post, and once it is gone. */
ar_status ari_runner_watch(ari_runner *runner, ar_error *err);
void ari_runner_unwatch(ari_runner *runner);

/* Puts `mail` into the mailbox; true when nothing was in it. Follow with wake, or with help. */
bool ari_runner_push(ari_runner *runner, ari_mail *mail);

/* What is in the mailbox, oldest first; NULL: nothing. Under the token. */
ari_mail *ari_runner_take(ari_runner *runner);

/* Sees to it that somebody looks at the mailbox. Never blocks. */
void ari_runner_wake(ari_runner *runner);

/* Runs the actor on this thread if nobody else does: one batch, and where the actor does not block, until `own` is done
 * or `deadline` has passed. */
bool ari_runner_help(ari_runner *runner, const ar_future *own, int64_t deadline);

/* Whether it would be help's at this moment: nobody runs it and no bell is under way. A hint. */
bool ari_runner_is_idle(const ari_runner *runner);

/* Has it fail all mail from now on, and `gone` called on its executor. */
void ari_runner_close(ari_runner *runner);

/* For the worker: the bell of this runner came. */
void ari_runner_bell(ari_runner *runner);

/* For the environment: the descriptor that was armed is ready. */
void ari_runner_ready(void *runner);

/* Whether this thread is inside a behaviour. */
bool ari_runner_in_behaviour(void);

/* Oldest first. */
ari_mail *ari_mail_reverse(ari_mail *mails);

#endif
