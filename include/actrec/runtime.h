/* SPDX-License-Identifier: MIT */
#ifndef ACTREC_RUNTIME_H
#define ACTREC_RUNTIME_H

#include <stddef.h>
#include <stdint.h>

#include <actrec/error.h>
#include <actrec/executor.h>
#include <actrec/sys/env.h>

AR_BEGIN_DECLS

/* A runtime is the threads, timers and names that actors live on. Programs that need no other use the default one,
 * which is created on first use and lives as long as the process. */

typedef enum ar_log_level {
    AR_LOG_DEBUG = 1,
    AR_LOG_INFO,
    AR_LOG_WARNING,
    AR_LOG_ERROR,
} ar_log_level;

typedef enum ar_help {
    AR_HELP_DEFAULT = 0, /* on, unless the environment says AR_HELP=off */
    AR_HELP_ON,
    AR_HELP_OFF
} ar_help;

typedef struct ar_runtime_options {
    size_t struct_size; /* 0: the fields of release 0.1 */

    unsigned workers;  /* threads that light actors share; 0: one a processor, at most 64 */
    ar_help help;      /* whether a thread that waits may run the actor it waits for */
    size_t stack_size; /* bytes of each thread's stack; 0: 256 KiB; at least 64 KiB */

    /* All memory of the library, but for that of drivers and nng, and of what a thread may hold that outlives the
     * runtime (one that resolves a name, say). All three or none; as malloc, realloc and free. */
    void *(*allocate)(void *ctx, size_t size);
    void *(*reallocate)(void *ctx, void *block, size_t size);
    void (*release)(void *ctx, void *block);
    void *allocator_ctx;

    /* Told of what no caller can be told: an actor that failed, a connection that was lost. On any thread, must not
     * block or call back. */
    void (*log)(void *ctx, ar_log_level level, const char *message);
    void *log_ctx;

    const ar_env *env; /* NULL: threads and the monotonic clock; see actrec/sys/env.h. Must outlive the runtime */
} ar_runtime_options;

/* Creates a runtime.
 * Owns:    the caller: ar_runtime_close.
 * Threads: any.
 * Blocks:  until its threads are started.
 * Errors:  AR_E_INVALID for a NULL `out` or an option out of its range; AR_E_NO_MEMORY; AR_E_IO when a thread cannot be
 *          started; AR_E_FORKED in a child of a process that had used the library. */
AR_API AR_NODISCARD ar_status ar_runtime_create(const ar_runtime_options *options, ar_runtime **out, ar_error *err);

/* Stops the actors of `*runtime`, the last spawned first, completes every future that is left with AR_E_CLOSED, ends
 * the threads and frees it all. Sets *runtime to NULL. Databases on it must be closed before, and the records, lists
 * and rows that were read through them freed: their memory is the runtime's. Futures may be awaited or dropped afterwards.
 * Owns:    takes *runtime; NULL and a NULL *runtime do nothing.
 * Threads: any one that is not a thread of the runtime.
 * Blocks:  until the behaviours that run have returned.
 * Errors:  AR_E_BUSY while databases are open on it, AR_E_DEADLOCK inside a behaviour or on a worker of its own:
 *          nothing is done then; AR_E_INVALID for the default runtime; AR_E_FORKED in a child: nothing is freed. */
AR_API AR_NODISCARD ar_status ar_runtime_close(ar_runtime **runtime, ar_error *err);

/* The default runtime, created when there is none yet.
 * Owns:    the process.
 * Threads: any.
 * Blocks:  until it is created.
 * Errors:  NULL, and `err` as ar_runtime_create. */
AR_API ar_runtime *ar_runtime_default(ar_error *err);

AR_END_DECLS

#endif
