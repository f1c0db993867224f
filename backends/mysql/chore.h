/* SPDX-License-Identifier: MIT */
#ifndef BACKENDS_MYSQL_CHORE_H
#define BACKENDS_MYSQL_CHORE_H

#include <actrec/sys/backend.h>

#include "backends/mysql/config.h"
#include "backends/mysql/session.h"

/* Work that blocks, on a thread of its own for as long as it takes: to connect, and to have a running statement killed.
 *
 * Connecting is one, and not driven by `progress`, because the client resolves the name itself, inside
 * mysql_real_connect_start, and verifies the server's certificate against that very name; it can neither be given an
 * address beside the name nor handshake TLS without blocking.
 *
 * A chore that nobody waits for any more goes on to its deadline and cleans up after itself. It may then outlive the
 * connection, the database and their environment; so it touches none of them, and its memory is malloc's. */
typedef struct ari_mysql_chore ari_mysql_chore;

/* Connects. NULL: no thread could be had. `host` is woken when it is done. */
ari_mysql_chore *ari_mysql_chore_connect(ari_mysql_target *target, ar_backend_host *host, int64_t timeout);

/* Kills what the connection of that number runs now, through another connection. */
ari_mysql_chore *ari_mysql_chore_kill(ari_mysql_target *target, ar_backend_host *host, unsigned long thread_id);

/* Ends that connection on the server, which would notice only when its statement is over that nobody is there. Nobody
 * waits for this. */
void ari_mysql_chore_end(ari_mysql_target *target, unsigned long thread_id);

/* Of a killing one: true when nothing will be killed any more; the chore is gone then. */
bool ari_mysql_chore_cancel(ari_mysql_chore *chore);

bool ari_mysql_chore_done(ari_mysql_chore *chore);

/* Ends one that is done: what it came to. A session that was opened is the caller's. */
ar_status ari_mysql_chore_take(ari_mysql_chore *chore, ari_mysql_session *session, ar_error *err);

/* Nobody waits for it any more; the host is not called again. NULL does nothing. */
void ari_mysql_chore_abandon(ari_mysql_chore *chore);

#endif
