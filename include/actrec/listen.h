/* SPDX-License-Identifier: MIT */
#ifndef ACTREC_LISTEN_H
#define ACTREC_LISTEN_H

#include <actrec/actor.h>
#include <actrec/db.h>
#include <actrec/error.h>
#include <actrec/future.h>

AR_BEGIN_DECLS

/* Notifications of the database (PostgreSQL's NOTIFY) as messages to an actor. They come over a connection of their own, opened with the first ar_listen, beside those of the
 * pool. */

/* What both messages below carry; the strings live as long as the message. */
typedef struct ar_notification {
    const char *channel;
    const char *payload; /* "" when there is none */
} ar_notification;

/* Somebody notified the channel; data: const ar_notification *. */
#define AR_MESSAGE_NOTIFICATION (AR_MESSAGE_SYSTEM + 2)
/* The connection was lost, and listens again: what was notified in between did not come. data: const ar_notification *, payload "". */
#define AR_MESSAGE_LISTENING (AR_MESSAGE_SYSTEM + 3)

/* Has each notification of `channel` told to `actor`, until ar_unlisten, or until the actor has ended. A lost connection is opened again by itself: after 100 ms at first, then
 * twice as long each time up to 30 s. Notifications that find the actor's mailbox full are dropped, which is logged. Doing it twice is doing it once.
 * Owns:    nothing; `channel` (1 to 63 bytes of UTF-8, taken as it is, also its case) is copied.
 * Threads: any. Behaviours: the async one.
 * Blocks:  until the server has it; the other never.
 * Errors:  AR_E_UNSUPPORTED where the engine has no notifications; AR_E_INVALID for NULL, a name that is too long or not UTF-8, and the handle of a transaction; AR_E_CLOSED; those of a
 *          connection. After an error nothing is told. */
AR_API AR_NODISCARD ar_status ar_listen(ar_db *db, const char *channel, ar_actor *actor, ar_error *err);
AR_API ar_done ar_listen_async(ar_db *db, const char *channel, ar_actor *actor);

/* Ends that; messages that are in the actor's mailbox already are still handled. AR_OK also when it was not listening.
 * Owns, Threads, Errors: as ar_listen.
 * Blocks:  until the server has it; the other never. */
AR_API AR_NODISCARD ar_status ar_unlisten(ar_db *db, const char *channel, ar_actor *actor, ar_error *err);
AR_API ar_done ar_unlisten_async(ar_db *db, const char *channel, ar_actor *actor);

AR_END_DECLS

#endif
