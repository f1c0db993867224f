/* SPDX-License-Identifier: MIT */
#ifndef ACTREC_SUPERVISOR_H
#define ACTREC_SUPERVISOR_H

#include <stddef.h>
#include <stdint.h>

#include <actrec/actor.h>

AR_BEGIN_DECLS

/* A supervisor is an actor that starts children and starts a child anew when it fails, one for one. When children fail
 * more often than max_restarts times within period_ms, it stops all of them and fails itself: whoever supervises or
 * monitors it decides. */

typedef enum ar_restart {
    AR_RESTART_ON_FAILURE = 0, /* when it ends with anything but AR_OK */
    AR_RESTART_ALWAYS,
    AR_RESTART_NEVER
} ar_restart;

/* How a child is started: by its options, or by a function, for a child that is not a plain actor: a supervisor of its
 * own, say. */
typedef struct ar_child {
    ar_actor_options options; /* `state` is given anew to each start: children that own state make it in `init` */
    ar_restart restart;
    /* May be NULL. Called in place of the options, on the supervisor's worker: gives the actor to look after. Must not
     * block. */
    ar_status (*start)(ar_runtime *runtime, void *arg, ar_actor **out, ar_error *err);
    void *arg; /* of `start` */
} ar_child;

typedef struct ar_supervisor_options {
    size_t struct_size;       /* 0: the fields of release 0.1 */
    const char *name;         /* of the supervisor itself; NULL: anonymous */
    const ar_child *children; /* started in order; copied, with the names in them */
    size_t child_count;
    uint32_t max_restarts; /* within the period; 0: 3; at most 10,000 */
    int64_t period_ms;     /* 0: 5,000 */
    int64_t backoff_ms; /* before the first restart of a child; doubled for each further one within the period; 0: 10 */
    int64_t backoff_max_ms; /* 0: 1,000 */
    /* The wait before each restart is drawn between half of the backoff and the whole. */
} ar_supervisor_options;

/* The message that a supervisor answers; it ignores others. `number` is the place of a child, from 0; the answer's data
 * is its ar_actor *, NULL while it is not running. Children are started before the first answer. */
#define AR_SUPERVISOR_CHILD 1

/* Spawns a supervisor and its children. Stopping it (ar_actor_stop) stops the children in the reverse of their order,
 * one after the other, and it ends when the last has; so it does before it fails. A child that ends in the meantime is
 * not started again, nor is any once its runtime is being closed.
 * Owns:    the runtime.
 * Threads: any.
 * Blocks:  never; children start on the supervisor's worker. A child that cannot be started counts as one that failed.
 * Errors:  AR_E_INVALID, AR_E_NO_MEMORY, AR_E_BUSY for a taken name, AR_E_CLOSED, AR_E_FORKED. Its end (ar_actor_ended)
 *          has the last child's reason, AR_E_CLOSED when that was stopped, and a message that says which child it was;
 *          AR_E_NO_MEMORY when a restart could not be planned. */
AR_API AR_NODISCARD ar_status ar_supervisor_spawn(ar_runtime *runtime, const ar_supervisor_options *options,
                                                  ar_actor **out, ar_error *err);

AR_END_DECLS

#endif
