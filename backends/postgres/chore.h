/* SPDX-License-Identifier: MIT */
#ifndef BACKENDS_POSTGRES_CHORE_H
#define BACKENDS_POSTGRES_CHORE_H

#include <libpq-fe.h>

#include <actrec/sys/backend.h>

/* What blocks in the driver or the C library, on a thread of its own: resolving a name, asking the server to cancel. The connection looks whether it is done when it is woken. */
typedef struct ari_postgres_chore ari_postgres_chore;

/* Looks up `name`; NULL: no thread or no memory. */
ari_postgres_chore *ari_postgres_chore_resolve(ar_backend_host *host, const char *name);

/* Asks the server to stop what the connection runs. */
ari_postgres_chore *ari_postgres_chore_cancel(ar_backend_host *host, PGconn *pg);

bool ari_postgres_chore_done(const ari_postgres_chore *chore);

/* When it is done: the addresses, separated by commas; NULL and a message when there are none. */
const char *ari_postgres_chore_addresses(const ari_postgres_chore *chore, size_t *count);
const char *ari_postgres_chore_message(const ari_postgres_chore *chore);

/* Forgets it; where it still runs, its thread ends by itself and wakes nobody. NULL does nothing. */
void ari_postgres_chore_drop(ari_postgres_chore *chore);

#endif
