/* SPDX-License-Identifier: MIT */
#ifndef ACTREC_SUPERVISOR_H
#define ACTREC_SUPERVISOR_H

#include <stddef.h>
#include <stdint.h>

#include <actrec/actor.h>

AR_BEGIN_DECLS

/* A supervisor is an actor that starts children and starts a child anew when it fails, one for one. When children fail more often than
 * max_restarts times within period_ms, it stops all of them and fails itself: whoever supervises or monitors it decides. */

typedef enum ar_restart {
    AR_RESTART_ON_FAILURE = 0, /* when it ends with anything but AR_OK */
    AR_RESTART_ALWAYS,
    AR_RESTART_NEVER
} ar_restart;

typedef struct ar_child {
    ar_actor_options options; /* `state` is given anew to each start: children that own state make it in `init` */
    ar_restart       restart;
} ar_child;

typedef struct ar_supervisor_options {
    size_t      struct_size; /* 0: the fields of release 0.1 */
    const char *name;        /* of the supervisor itself; NULL: anonymous */
    const ar_child *children; /* started in order; copied */
    size_t          child_count;
    uint32_t max_restarts; /* within the period; 0: 3 */
    int64_t  period_ms;    /* 0: 5,000 */
    int64_t  backoff_ms;   /* before the first restart of a child; doubled for each further one within the period; 0: 10 */
    int64_t  backoff_max_ms; /* 0: 1,000 */
    /* The wait before each restart is drawn between half of the backoff and the whole. */
} ar_supervisor_options;

/* Spawns a supervisor and its children.
 * Owns:    the runtime; stopping it (ar_actor_stop) stops the children, the last started first.
 * Threads: any.
 * Blocks:  never; a child that cannot be started counts as one that failed.
 * Errors:  AR_E_INVALID, AR_E_NO_MEMORY, AR_E_BUSY for a taken name, AR_E_CLOSED, AR_E_FORKED. */
AR_API AR_NODISCARD ar_status ar_supervisor_spawn(ar_runtime *runtime, const ar_supervisor_options *options, ar_actor **out,
                                                  ar_error *err);

AR_END_DECLS

#endif
