/* SPDX-License-Identifier: MIT */
#ifndef BACKENDS_MYSQL_SESSION_H
#define BACKENDS_MYSQL_SESSION_H

#include <actrec/sys/backend.h>

#include "backends/mysql/config.h"
#include "backends/mysql/driver.h"

/* A session with a server: connected, authenticated and set up. */
typedef struct ari_mysql_server {
    bool mariadb;
    unsigned long version; /* 101103 for 10.11.3 */
    bool bulk;             /* takes arrays of parameters */
    bool consecutive_keys; /* AUTO_INCREMENT counts by one */
    uint64_t max_allowed_packet;
} ari_mysql_server;

typedef struct ari_mysql_session {
    MYSQL *mysql; /* NULL: none */
    ari_mysql_server server;
    char *set_up; /* the SET statement that makes the session what it has to be; from malloc */
} ari_mysql_session;

/* Blocks until it is open, but not longer than `timeout` microseconds or little more. */
ar_status ari_mysql_session_open(const ari_mysql_target *target, int64_t timeout, ari_mysql_session *out,
                                 ar_error *err);

/* Closes and frees; never blocks for long, whatever is under way. */
void ari_mysql_session_close(ari_mysql_session *session);

#endif
