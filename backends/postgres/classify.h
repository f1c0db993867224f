/* SPDX-License-Identifier: MIT */
#ifndef BACKENDS_POSTGRES_CLASSIFY_H
#define BACKENDS_POSTGRES_CLASSIFY_H

#include <actrec/sys/backend.h>

/* What a statement does, from its text alone. Of several statements in one text the first counts; the server refuses them. A SELECT that locks rows is a WRITE: it must
 * not be retried behind the caller's back, nor share its transaction. What a function does that is called cannot be told, but for those that are known to change the
 * session. Text that cannot be made out is AR_STATEMENT_OTHER. */
ar_statement_class ari_postgres_classify(const char *sql, size_t length);

/* COPY with the client at the other end, which the backend does not speak. */
bool ari_postgres_copies(const char *sql, size_t length);

/* Whether a cursor can be declared for it: a query, whose rows are not made by changing something. */
bool ari_postgres_is_query(const char *sql, size_t length);

#endif
