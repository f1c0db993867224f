/* SPDX-License-Identifier: MIT */
#ifndef ACTREC_ACTOR_H
#define ACTREC_ACTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <actrec/error.h>
#include <actrec/future.h>
#include <actrec/runtime.h>

AR_BEGIN_DECLS

/* An actor is state that one behaviour at a time works on, and a mailbox of messages for it. Handles are not pointers
 * to it: a handle whose actor has ended answers AR_E_CLOSED, whenever it is used. */
typedef struct ar_actor ar_actor;

/* What the behaviour sees of the actor that it runs for; valid during the call. */
typedef struct ar_context ar_context;

/* A message. Sending one gives `data` away: `release`, when it is not NULL, is called on it once nobody needs it any
 * more, also when the send fails. With a NULL `release` the sender sees to it that `data` lives long enough. */
typedef struct ar_message {
    uint32_t kind;  /* the application's, below AR_MESSAGE_SYSTEM */
    int64_t number; /* a small payload that needs no memory */
    void *data;
    void (*release)(void *data);
} ar_message;

#define AR_MESSAGE_SYSTEM UINT32_C(0x80000000)
#define AR_MESSAGE_DOWN   (AR_MESSAGE_SYSTEM + 1) /* a monitored actor ended; data: const ar_down * */

typedef struct ar_down {
    ar_actor *actor;  /* its handle, stale by now */
    uint64_t monitor; /* what ar_context_monitor gave */
    /* AR_OK: it was stopped; AR_E_CLOSED: it had ended before it was monitored; else what its behaviour or init
     * returned. */
    ar_status reason;
    ar_error error; /* when reason is not AR_OK */
} ar_down;

/* Handles one message. To keep message->data, take it and set message->release to NULL. Anything but AR_OK ends the
 * actor with that as the reason; fill `err` with why. Waiting for futures in here answers AR_E_DEADLOCK. */
typedef ar_status (*ar_behaviour)(ar_context *self, void *state, ar_message *message, ar_error *err);

typedef struct ar_actor_options {
    size_t struct_size;     /* 0: the fields of release 0.1 */
    const char *name;       /* registered under it, at most 63 bytes; NULL: anonymous. Copied */
    ar_behaviour behaviour; /* must */
    void *state;            /* passed to the behaviour, unless `init` makes another */
    /* May be NULL. Runs before the first message, where the behaviour runs; *state starts as above. A failure ends the
     * actor. */
    ar_status (*init)(ar_context *self, void **state, ar_error *err);
    /* May be NULL. Runs after the last message, with the reason of the end; also when init failed. */
    void (*terminate)(void *state, ar_status reason);
    uint32_t mailbox_limit; /* messages that may wait; 0: 65,536 */
    bool helpable;          /* whoever blocks on it may run it on a thread of its own */
    bool own_thread;        /* a thread for it alone, for behaviours that block */
} ar_actor_options;

/* What happens to a send when the mailbox is full. */
typedef struct ar_send_options {
    size_t struct_size; /* 0: the fields of release 0.1 */
    int64_t wait_ms;    /* wait up to this for room; 0: AR_E_OVERLOAD at once; negative: for ever */
    int64_t timeout_ms; /* ask: the future fails with AR_E_TIMEOUT after this; 0: never */
} ar_send_options;

/* The future of an answer. */
typedef struct ar_reply_future {
    ar_future *raw;
} ar_reply_future;

/* Spawns an actor on `runtime` (NULL: the default one).
 * Owns:    the runtime; it lives until it is stopped or fails. `options` is copied, `state` is the actor's from now on.
 * Threads: any.
 * Blocks:  with own_thread, until the thread is started.
 * Errors:  AR_E_INVALID (NULL, no behaviour, a name that is too long), AR_E_BUSY when the name is taken,
 *          AR_E_NO_MEMORY, AR_E_CLOSED, AR_E_FORKED. After an error the state was not touched and terminate is not
 *          called. */
AR_API AR_NODISCARD ar_status ar_actor_spawn(ar_runtime *runtime, const ar_actor_options *options, ar_actor **out,
                                             ar_error *err);

/* Sends `message`. Messages from one thread to one actor arrive in order.
 * Owns:    gives message.data away, also on error.
 * Threads: any, also behaviours.
 * Blocks:  as options->wait_ms says (NULL: never); never inside a behaviour, nor in a callback on the actor's own
 *          worker.
 * Errors:  AR_E_OVERLOAD when the mailbox is full, AR_E_CLOSED, AR_E_INVALID, AR_E_NO_MEMORY, AR_E_FORKED. A message
 *          that was accepted is handled unless the actor ends first. */
AR_API AR_NODISCARD ar_status ar_actor_tell(ar_actor *actor, ar_message message, const ar_send_options *options,
                                            ar_error *err);

/* Sends `message` and gives the future of the answer. Trouble is a future that has failed already.
 * Owns:    gives message.data away; the future is the caller's.
 * Threads: any, also behaviours.
 * Blocks:  as ar_actor_tell.
 * Errors:  in the future: as ar_actor_tell, AR_E_TIMEOUT, AR_E_CLOSED when the actor ended before it answered, or what
 *          it failed the ask with. */
AR_API ar_reply_future ar_actor_ask(ar_actor *actor, ar_message message, const ar_send_options *options);

/* Sends `message`, waits for the answer and gives it: ar_actor_ask, awaited, but an idle helpable actor is run by this
 * thread at once.
 * Owns:    gives message.data away; *reply (may be NULL: released), set on AR_OK alone, is the caller's, who calls
 *          reply->release.
 * Threads: any but behaviours.
 * Blocks:  until it is answered.
 * Errors:  as ar_actor_ask and ar_done_await. */
AR_API AR_NODISCARD ar_status ar_actor_call(ar_actor *actor, ar_message message, const ar_send_options *options,
                                            ar_message *reply, ar_error *err);

/* As ar_done_await; *reply as ar_actor_call. */
AR_API AR_NODISCARD ar_status ar_reply_await(ar_reply_future *future, ar_message *reply, ar_error *err);
/* As ar_done_await_for. */
AR_API AR_NODISCARD ar_status ar_reply_await_for(ar_reply_future *future, int64_t timeout_ms, ar_message *reply,
                                                 ar_error *err);
/* As ar_done_then; `reply` is released after the call unless `fn` takes its data and sets release to NULL. */
typedef void (*ar_reply_fn)(void *arg, ar_status status, ar_message *reply, const ar_error *err);
AR_API AR_NODISCARD ar_status ar_reply_then(ar_reply_future *future, ar_executor *executor, ar_reply_fn fn, void *arg,
                                            ar_error *err);

/* Asks the actor to end once the messages that are in its mailbox now are handled; what comes later is AR_E_CLOSED.
 * Owns:    nothing; the handle becomes stale once it has ended.
 * Threads: any, also its own behaviour.
 * Blocks:  never.
 * Errors:  AR_E_CLOSED when it has ended already; AR_E_INVALID; AR_E_FORKED. */
AR_API AR_NODISCARD ar_status ar_actor_stop(ar_actor *actor, ar_error *err);

/* The actor that is registered under `name`. NULL when there is none.
 * Owns:    nothing.
 * Threads: any.
 * Blocks:  never.
 * Errors:  none. */
AR_API ar_actor *ar_actor_find(ar_runtime *runtime, const char *name);

/* Whether the actor has not ended.
 * Owns:    nothing.
 * Threads: any.
 * Blocks:  never.
 * Errors:  false for NULL. */
AR_API bool ar_actor_is_alive(ar_actor *actor);

/* A future that completes when `actor` has ended and its terminate has returned: AR_OK when it was stopped or has ended
 * before, else its reason.
 * Owns:    the caller.
 * Threads: any.
 * Blocks:  never.
 * Errors:  in the future. */
AR_API ar_done ar_actor_ended(ar_actor *actor);

/* --- Inside a behaviour; on another thread, or after the call, these are wrong. --- */

/* The actor's own handle, and its runtime. */
AR_API ar_actor *ar_context_self(const ar_context *self);
AR_API ar_runtime *ar_context_runtime(const ar_context *self);

/* Answers the message that is being handled. Only the first answer counts; a tell needs none; an ask that the behaviour
 * leaves unanswered gets an empty message. Owns: gives reply.data away. */
AR_API void ar_context_reply(ar_context *self, ar_message reply);

/* Fails the ask that is being handled. */
AR_API void ar_context_fail(ar_context *self, ar_status status, const char *format, ...) AR_PRINTF(3, 4);

/* Takes the right to answer out of the behaviour, to answer later and from anywhere, also when the actor has ended.
 * NULL when there is nothing to answer. It must be answered or failed, once: that frees it. The ask fails with
 * AR_E_CLOSED when the runtime is closed first; the answer is then released. */
typedef struct ar_reply ar_reply;
AR_API ar_reply *ar_context_take_reply(ar_context *self);
AR_API void ar_reply_send(ar_reply **reply, ar_message message);
AR_API void ar_reply_fail(ar_reply **reply, ar_status status, const char *format, ...) AR_PRINTF(3, 4);

/* Asks to be told, by AR_MESSAGE_DOWN, when `actor` ends; at once when it has ended. Its name is free by then.
 * *monitor, which may be NULL, gets a number for it.
 * Errors: AR_E_INVALID, AR_E_NO_MEMORY. */
AR_API AR_NODISCARD ar_status ar_context_monitor(ar_context *self, ar_actor *actor, uint64_t *monitor, ar_error *err);

/* Takes a monitor back; a message that is under way may still come. */
AR_API void ar_context_demonitor(ar_context *self, uint64_t monitor);

/* Sends `message` to the actor itself after delay_ms milliseconds, unless it has ended by then. Owns: gives
 * message.data away.
 * Errors: AR_E_INVALID, AR_E_NO_MEMORY, AR_E_CLOSED when the runtime is being closed. */
AR_API AR_NODISCARD ar_status ar_context_send_after(ar_context *self, int64_t delay_ms, ar_message message,
                                                    ar_error *err);

AR_END_DECLS

#endif
