/* SPDX-License-Identifier: MIT */
#ifndef POOLS_TOKEN_H
#define POOLS_TOKEN_H

#include "pools/lease.h"

/* What a lease does for a token: a row of its own transaction, by which it can find out what became of a COMMIT whose answer was lost. See pools/token.c. All under the
 * token of the connection. */

/* Before BEGIN: sees to it that there is the table of tokens. True: it has begun something; ask again. */
bool ari_token_prepare(ari_connection *connection, ari_lease *lease);

/* Before COMMIT: writes the row. */
void ari_token_write(ari_connection *connection, ari_lease *lease);

/* COMMIT failed as `lease->answer` says. True: it is not known whether it holds, and will be looked for; else that is the answer. */
bool ari_token_doubts(ari_lease *lease);

/* Goes on looking. True: something has changed, ask again; where nothing is in doubt any more, `lease->answer` says what was found. */
bool ari_token_look(ari_connection *connection, ari_lease *lease);

/* The connection could not be opened meanwhile. */
void ari_token_open_failed(ari_connection *connection, ari_lease *lease);

/* The step of a token that has ended. */
void ari_token_step_ended(ari_connection *connection, ari_lease *lease, ari_lease_step step);

/* When it wants to be asked again; INT64_MAX: something else will tell. */
int64_t ari_token_deadline(const ari_lease *lease);

#endif
