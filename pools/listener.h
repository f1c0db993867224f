/* SPDX-License-Identifier: MIT */
#ifndef POOLS_LISTENER_H
#define POOLS_LISTENER_H

#include "pools/connection.h"

/* The connection of a pool that listens for notifications, and who wants which. See pools/listener.c. */
typedef struct ari_listener ari_listener;

ari_connection *ari_listener_connection(ari_listener *listener);
ari_group *ari_listener_group(ari_listener *listener);

/* With the pool, once its connection is gone. NULL does nothing. */
void ari_listener_destroy(ari_pool *pool, ari_listener *listener);

/* The rest is for its connection, under the token. */

/* A notification came. */
void ari_listener_notified(ari_connection *connection, const char *channel, const char *payload);

/* An UNLISTEN has crossed with a LISTEN, which is sent again now; true: it was. */
bool ari_listener_listens_again(ari_connection *connection);

/* The connection was opened: what was listened to before is to be listened to again; or it could not be. */
void ari_listener_opened(ari_connection *connection);
void ari_listener_failed(ari_connection *connection);

/* When the connection, which is not open, is to be opened again for those who listen; microseconds of env->now, INT64_MAX: not by itself. */
int64_t ari_listener_due(const ari_connection *connection);

#endif
