/* SPDX-License-Identifier: MIT */
#ifndef BACKENDS_MYSQL_LIBRARY_H
#define BACKENDS_MYSQL_LIBRARY_H

#include <signal.h>
#include <stdbool.h>

/* What the client library does to the process and to threads. */

/* Initialises the library once for the process; false: that failed. It is never ended: the application may use it too. */
bool ari_mysql_library(void);

/* Round calls of the driver that write to a connection with TLS: OpenSSL writes without MSG_NOSIGNAL, so that a server
 * which is gone would raise SIGPIPE. */
typedef struct ari_mysql_quiet {
    sigset_t before;
    bool was_pending;
} ari_mysql_quiet;

void ari_mysql_quiet_begin(ari_mysql_quiet *quiet);
void ari_mysql_quiet_end(const ari_mysql_quiet *quiet);

#endif
