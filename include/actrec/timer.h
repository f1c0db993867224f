/* SPDX-License-Identifier: MIT */
#ifndef ACTREC_TIMER_H
#define ACTREC_TIMER_H

#include <stdint.h>

#include <actrec/future.h>
#include <actrec/runtime.h>

AR_BEGIN_DECLS

/* A future that completes with AR_OK after delay_ms milliseconds of the monotonic clock, never before; cancelling it
 * stops the timer.
 * Owns:    the caller.
 * Threads: any. `runtime` NULL: the default one.
 * Blocks:  never.
 * Errors:  in the future: AR_E_INVALID for a negative delay, AR_E_NO_MEMORY, AR_E_CLOSED when the runtime is closed
 *          first, AR_E_FORKED. */
AR_API ar_done ar_timer_after(ar_runtime *runtime, int64_t delay_ms);

AR_END_DECLS

#endif
