/* SPDX-License-Identifier: MIT */
#ifndef BACKENDS_SQLITE_GROUP_H
#define BACKENDS_SQLITE_GROUP_H

#include "backends/sqlite/connection.h"

/* At most so many operations share a COMMIT: what they wait for each other, and what a rollback takes back, stays
 * bounded. */
enum { ARI_SQLITE_GROUP_LIMIT = 1024 };

/* Microseconds from the start of a group in which others may join it: about what a COMMIT waits for a disk. */
enum { ARI_SQLITE_JOIN_TIME = 2000 };

/* Runs and completes autocommit operations, each a READ or a WRITE without row limit, a list ended by NULL, in one
 * transaction, by the rules at the head of group.c. `is_last`: nothing of their batch waits behind them. */
void ari_sqlite_group(ar_connection *connection, ar_operation *members, bool is_last);

/* Runs and completes reads, a list ended by NULL, in one read transaction, so that its locks are taken once. Each
 * completes as soon as it is done. */
void ari_sqlite_read_together(ar_connection *connection, ar_operation *members);

void ari_sqlite_held_free(ar_connection *connection);

#endif
