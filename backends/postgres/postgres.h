/* SPDX-License-Identifier: MIT */
#ifndef BACKENDS_POSTGRES_POSTGRES_H
#define BACKENDS_POSTGRES_POSTGRES_H

#include <actrec/sys/backend.h>

/* PostgreSQL 12 or later through libpq 14 or later. URLs: "postgresql://user:password@host:port/database", scheme "postgres" too. No host: the Unix socket
 * in the driver's default folder; a host that begins with "/" (percent-encoded, or the option host) is the folder of one. What the URL does not say has the
 * defaults below, whatever PG… variables the environment has. Options:
 *
 *   pool                         connections, 1 to 1000; default 8
 *   host                         instead of the URL's
 *   connect_timeout_ms           default 10000; 0: none
 *   application_name             default "actrec"
 *   timezone                     of the session; default "UTC"
 *   search_path                  default: as the server has it, likewise the timeouts
 *   statement_timeout_ms, lock_timeout_ms, idle_in_transaction_timeout_ms
 *   initial_sql                  run after connecting, and after each reset of a connection; may hold several statements
 *   statement_cache              prepared statements kept by each connection, 0 to 65536; default 128; 0: no statement gets a name, for poolers that give each
 *                                transaction another server connection
 *   target_session_attrs         any (default), read-write, read-only, primary, standby, prefer-standby
 *   keepalives                   on (default), off
 *   keepalives_idle_s            how long a connection is silent before it is probed; default: the system's
 *   tcp_user_timeout_ms          how long what was sent may stay unacknowledged; default: the system's
 *   passfile                     a file of passwords as libpq reads it; default: none
 *   sslmode                      disable, require (encrypts, and trusts whoever answers), verify-ca, verify-full; default: verify-full, and disable on
 *                                loopback addresses and Unix sockets
 *   sslrootcert, sslcert, sslkey files; sslrootcert=system with drivers that know it
 *
 * search_path and the timeouts travel in the startup packet, which PgBouncer takes only with ignore_startup_parameters = options. */
extern const ar_backend ari_postgres_backend;

#endif
