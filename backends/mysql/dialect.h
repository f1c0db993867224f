/* SPDX-License-Identifier: MIT */
#ifndef BACKENDS_MYSQL_DIALECT_H
#define BACKENDS_MYSQL_DIALECT_H

#include <actrec/sys/backend.h>

#include "backends/mysql/session.h"

/* Before a server was reached: that of MariaDB 10.5 and later. */
extern const ar_dialect ari_mysql_dialect;

const ar_dialect *ari_mysql_dialect_of(const ari_mysql_server *server);

#endif
