/* SPDX-License-Identifier: MIT */
#ifndef ACTREC_EXECUTOR_H
#define ACTREC_EXECUTOR_H

#include <stddef.h>
#include <stdint.h>

#include <actrec/error.h>

AR_BEGIN_DECLS

/* Where the callbacks of futures run: on the runtime's workers, or where a completion queue is run by its owner. */
typedef struct ar_executor ar_executor;
typedef struct ar_runtime ar_runtime;

/* The workers of `runtime` (NULL: the default runtime, created when needed). A callback there should not block for
 * long: it holds up the light actors of its worker.
 * Owns:    the runtime.
 * Threads: any.
 * Blocks:  until the first worker is started, when none is.
 * Errors:  NULL when there is no runtime or no thread to be had. */
AR_API ar_executor *ar_runtime_executor(ar_runtime *runtime);

/* A queue of callbacks that the application runs itself, on a thread of its own, from an event loop or by waiting. */
typedef struct ar_cq ar_cq;

/* Creates a completion queue on `runtime` (NULL: the default one).
 * Owns:    the caller: ar_cq_destroy.
 * Threads: any.
 * Blocks:  never.
 * Errors:  AR_E_INVALID for a NULL `out`; AR_E_NO_MEMORY; AR_E_IO when there is no descriptor to be had; AR_E_FORKED.
 *          */
AR_API AR_NODISCARD ar_status ar_cq_create(ar_runtime *runtime, ar_cq **out, ar_error *err);

/* Frees the queue and sets *cq to NULL. Callbacks that were not run yet are run now, also those of futures that are
 * still to complete; a `then` on the queue from now on answers AR_E_CLOSED. In a child of fork nothing is run or freed.
 * Owns:    takes *cq; NULL and a NULL *cq do nothing.
 * Threads: any one but behaviours, when nobody else runs the queue.
 * Blocks:  until every future that is bound to the queue is complete, and as long as the callbacks do.
 * Errors:  none. */
AR_API void ar_cq_destroy(ar_cq **cq);

/* The executor to give to a `then`.
 * Owns:    the queue.
 * Threads: any.
 * Blocks:  never.
 * Errors:  NULL for NULL. */
AR_API ar_executor *ar_cq_executor(ar_cq *cq);

/* A descriptor that is readable while callbacks wait, for poll, select or epoll. Only to be polled, never read.
 * Owns:    the queue.
 * Threads: any.
 * Blocks:  never.
 * Errors:  -1 for NULL. */
AR_API int ar_cq_fd(const ar_cq *cq);

/* Runs the callbacks that wait, at most `max` of them (0: all that are there), and waits up to timeout_ms for the first
 * (0: does not wait; negative: for ever). Sets *ran, which may be NULL, to how many ran.
 * Owns:    nothing.
 * Threads: one at a time.
 * Blocks:  up to timeout_ms milliseconds, and as long as the callbacks do.
 * Errors:  AR_E_PENDING when none came in time; AR_E_INVALID for NULL; AR_E_DEADLOCK inside a behaviour; AR_E_FORKED.
 *          */
AR_API AR_NODISCARD ar_status ar_cq_run(ar_cq *cq, size_t max, int64_t timeout_ms, size_t *ran, ar_error *err);

AR_END_DECLS

#endif
