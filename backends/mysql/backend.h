/* SPDX-License-Identifier: MIT */
#ifndef BACKENDS_MYSQL_BACKEND_H
#define BACKENDS_MYSQL_BACKEND_H

#include <actrec/sys/backend.h>

/* MariaDB 10.2 or later, MySQL 5.7 or later. URLs: "mysql://user:password@host:port/database", also with the scheme
 * mariadb; a host that is a path, percent-encoded, is a Unix socket. Options:
 *
 *   pool                  connections, 1 to 1000; default 4
 *   statement_cache       prepared statements kept by each connection, 0 to 65536; default 128
 *   connect_timeout_ms    default 10000
 *   statement_timeout_ms  the server stops a statement that takes longer; 0 (default): never. MySQL: SELECT only
 *   lock_timeout_s        how long a statement waits for a row lock; default as the server has it
 *   application_name      what the server shows as program_name; default "actrec"
 *   timezone              of the session, for TIMESTAMP columns; default +00:00
 *   charset               utf8mb4
 *   collation             of literals and parameters that are compared with each other; default as the server has it
 *   initial_sql           one statement that is run after connecting and after a reset
 *   socket                path of a Unix socket, instead of a host
 *   sslmode               disable, require, verify-ca, verify-full. On a TCP host that is not loopback verify-full is
 *                         the default; on loopback and sockets disable, or verify-full with sslrootcert
 *   sslrootcert, sslcert, sslkey  PEM files
 *
 * No option files are read. */
extern const ar_backend ari_mysql_backend;

#endif
