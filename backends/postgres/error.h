/* SPDX-License-Identifier: MIT */
#ifndef BACKENDS_POSTGRES_ERROR_H
#define BACKENDS_POSTGRES_ERROR_H

#include <libpq-fe.h>

#include <actrec/sys/backend.h>

/* What a failed result means, by its SQLSTATE (manual, appendix A). `doing` is the subject of the message. The server's own message is shown only where it cannot hold a bound
 * value: `bound` says that there were parameters. Details and hints, which may hold rows, are never shown. */
ar_status ari_postgres_error(const PGresult *result, const char *doing, bool bound, ar_error *err);

/* Whether the server closed the connection behind that error. */
bool ari_postgres_is_fatal(const PGresult *result);

/* The SQLSTATE is this one. */
bool ari_postgres_has_state(const PGresult *result, const char *state);

/* What is to be known of a connection that could not be made, but for its message: its SQLSTATE, when the server gave one, and whether another attempt may succeed. The connection's messages are verbose. */
void ari_postgres_connection_error(const PGconn *pg, bool in_tls_handshake, ar_error *err);

/* libpq's message about a connection, on one line and without the password; `out` has `size` bytes. */
void ari_postgres_connection_message(const char *message, const char *password, char *out, size_t size);

#endif
