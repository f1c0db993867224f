/* SPDX-License-Identifier: MIT */
#ifndef BACKENDS_SQLITE_BATCH_H
#define BACKENDS_SQLITE_BATCH_H

#include "backends/sqlite/connection.h"

/* ar_backend.submit: decides what of a batch runs together, in the order that it came. */
void ari_sqlite_submit(ar_connection *connection, ar_operation *batch);

/* Before they run: what earlier runs left in their results. */
void ari_sqlite_clear_all(ar_operation *operations);

#endif
