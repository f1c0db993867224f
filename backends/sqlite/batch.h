/* SPDX-License-Identifier: MIT */
#ifndef BACKENDS_SQLITE_BATCH_H
#define BACKENDS_SQLITE_BATCH_H

#include "backends/sqlite/connection.h"

/* ar_backend.submit: decides what of a batch runs together, in the order that it came. */
void ari_sqlite_submit(ar_connection *connection, ar_operation *batch);

/* Before an operation runs. */
void ari_sqlite_clear_results(ar_operation *operation);

#endif
