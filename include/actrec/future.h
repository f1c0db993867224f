/* SPDX-License-Identifier: MIT */
#ifndef ACTREC_FUTURE_H
#define ACTREC_FUTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <actrec/error.h>
#include <actrec/executor.h>

AR_BEGIN_DECLS

/* A future is what an operation will have come to: it completes exactly once, with a result, an error or the end of the
 * runtime. The library hands it out wrapped in a struct that says what the result is (User_future, ar_done); `raw`
 * serves the calls of this header. A wrapper belongs to one thread at a time and is consumed by await, then or drop,
 * which set `raw` to NULL; a NULL `raw` is AR_E_INVALID. Waiting calls block the calling thread and may, while they
 * wait, run the actor that they wait for on this thread. */
typedef struct ar_future ar_future;

/* A future without a value. */
typedef struct ar_done {
    ar_future *raw;
} ar_done;

/* A future of a count or an index. */
typedef struct ar_int64_future {
    ar_future *raw;
} ar_int64_future;

/* Waits until `future` is complete, with whatever result; it stays, to be awaited or dropped.
 * timeout_ms: 0 looks without waiting; negative waits for ever.
 * Owns:    nothing.
 * Threads: any one at a time.
 * Blocks:  up to timeout_ms milliseconds.
 * Errors:  AR_E_PENDING when it is not complete yet; AR_E_INVALID for NULL; AR_E_DEADLOCK where waiting could never
 *          end: inside a behaviour, in a callback on the worker of the very actor that it waits for, or for something
 *          that waits for a transaction of this thread; AR_E_FORKED. A future that is complete already answers AR_OK
 *          anywhere. */
AR_API AR_NODISCARD ar_status ar_future_wait(ar_future *future, int64_t timeout_ms, ar_error *err);

/* Whether `future` is complete. NULL answers true: there is nothing to wait for.
 * Owns:    nothing.
 * Threads: any.
 * Blocks:  never.
 * Errors:  none. */
AR_API bool ar_future_is_done(const ar_future *future);

/* Cancels `future` if its operation has not been sent, else asks the engine to stop it.
 * Owns:    nothing; the future must still be awaited or dropped.
 * Threads: any, also at the same time as completion.
 * Blocks:  never.
 * Errors:  AR_E_BUSY when it is in flight, or complete: it then completes by itself, with AR_E_CANCELLED where it could
 *          be stopped; AR_E_INVALID for NULL; AR_E_FORKED. */
AR_API AR_NODISCARD ar_status ar_future_cancel(ar_future *future, ar_error *err);

/* Lets go of `*future`; the operation goes on, its result is thrown away. Sets *future to NULL.
 * Owns:    takes *future; NULL and a NULL *future do nothing.
 * Threads: any one at a time.
 * Blocks:  never.
 * Errors:  none. */
AR_API void ar_future_drop(ar_future **future);

/* Waits for `future` and consumes it, also on error.
 * Owns:    takes future->raw.
 * Threads: any one at a time.
 * Blocks:  until it is complete.
 * Errors:  the operation's; those of ar_future_wait, after which the future is consumed all the same. */
AR_API AR_NODISCARD ar_status ar_done_await(ar_done *future, ar_error *err);

/* The same, for at most timeout_ms milliseconds.
 * Owns:    takes future->raw, unless it answers AR_E_PENDING.
 * Threads: any one at a time.
 * Blocks:  up to timeout_ms; 0 only looks.
 * Errors:  AR_E_PENDING when it is not complete yet; else as ar_done_await. */
AR_API AR_NODISCARD ar_status ar_done_await_for(ar_done *future, int64_t timeout_ms, ar_error *err);

/* Has `fn` called on `executor` when `future` is complete: once, never inside this call.
 * Owns:    takes future->raw; `executor` and `arg` must live until the call.
 * Threads: any one at a time; `fn` runs where the executor runs its tasks. `err` is NULL on AR_OK, else valid during
 *          the call.
 * Blocks:  never.
 * Errors:  AR_E_INVALID for NULLs (nothing is consumed); AR_E_NO_MEMORY, AR_E_CLOSED when the executor is being closed
 *          and AR_E_FORKED (consumed; `fn` is not called). When the executor's runtime was closed meanwhile, `fn` runs
 *          on the thread that completes the future. */
typedef void (*ar_done_fn)(void *arg, ar_status status, const ar_error *err);
AR_API AR_NODISCARD ar_status ar_done_then(ar_done *future, ar_executor *executor, ar_done_fn fn, void *arg,
                                           ar_error *err);

/* As ar_done_await; *value is set on AR_OK alone, and may be NULL. */
AR_API AR_NODISCARD ar_status ar_int64_await(ar_int64_future *future, int64_t *value, ar_error *err);
/* As ar_done_await_for. */
AR_API AR_NODISCARD ar_status ar_int64_await_for(ar_int64_future *future, int64_t timeout_ms, int64_t *value,
                                                 ar_error *err);
/* As ar_done_then. */
typedef void (*ar_int64_fn)(void *arg, ar_status status, int64_t value, const ar_error *err);
AR_API AR_NODISCARD ar_status ar_int64_then(ar_int64_future *future, ar_executor *executor, ar_int64_fn fn, void *arg,
                                            ar_error *err);

/* A future that is complete when all of `children` are: AR_OK, or the error of the first of them, by position, that
 * failed. No children at all: complete at once.
 * Owns:    borrows the children, which are awaited or dropped by their owner, before or after. A child that is NULL
 *          makes it fail with AR_E_INVALID.
 * Threads: any.
 * Blocks:  never.
 * Errors:  in the future. Cancelling it cancels no child. */
AR_API ar_done ar_future_all(ar_future *const *children, size_t count);

/* A future of the index of the first of `children` to complete, with whatever result. No children: fails with
 * AR_E_INVALID.
 * Owns, Threads, Blocks, Errors: as ar_future_all. */
AR_API ar_int64_future ar_future_any(ar_future *const *children, size_t count);

/* ar_future_all and ar_future_any of up to eight typed futures: ar_done both = AR_ALL(f1, f2); In C alone: C++ has no
 * compound literals. */
#define AR_ALL(...) ar_future_all(AR_FUTURES_(__VA_ARGS__))
#define AR_ANY(...) ar_future_any(AR_FUTURES_(__VA_ARGS__))

/* clang-format off */
#define AR_FUTURES_(...) AR_FUTURES_N_(__VA_ARGS__, 8, 7, 6, 5, 4, 3, 2, 1, 0)(__VA_ARGS__)
#define AR_FUTURES_N_(a, b, c, d, e, f, g, h, n, ...) AR_FUTURES_##n##_
#define AR_FUTURES_1_(a) (ar_future *const[]){(a).raw}, 1
#define AR_FUTURES_2_(a, b) (ar_future *const[]){(a).raw, (b).raw}, 2
#define AR_FUTURES_3_(a, b, c) (ar_future *const[]){(a).raw, (b).raw, (c).raw}, 3
#define AR_FUTURES_4_(a, b, c, d) (ar_future *const[]){(a).raw, (b).raw, (c).raw, (d).raw}, 4
#define AR_FUTURES_5_(a, b, c, d, e) (ar_future *const[]){(a).raw, (b).raw, (c).raw, (d).raw, (e).raw}, 5
#define AR_FUTURES_6_(a, b, c, d, e, f) (ar_future *const[]){(a).raw, (b).raw, (c).raw, (d).raw, (e).raw, (f).raw}, 6
#define AR_FUTURES_7_(a, b, c, d, e, f, g) \
    (ar_future *const[]){(a).raw, (b).raw, (c).raw, (d).raw, (e).raw, (f).raw, (g).raw}, 7
#define AR_FUTURES_8_(a, b, c, d, e, f, g, h) \
    (ar_future *const[]){(a).raw, (b).raw, (c).raw, (d).raw, (e).raw, (f).raw, (g).raw, (h).raw}, 8
/* clang-format on */

/* The call behind every typed then: `trampoline` knows the true type of `fn` and of the value, and calls it. For
 * generated code. */
typedef void (*ar_future_trampoline)(void (*fn)(void), void *arg, ar_future *future);
AR_API AR_NODISCARD ar_status ar_future_then_with(ar_future **future, ar_executor *executor,
                                                  ar_future_trampoline trampoline, void (*fn)(void), void *arg,
                                                  ar_error *err);

AR_END_DECLS

#endif
