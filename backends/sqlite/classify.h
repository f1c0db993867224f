/* SPDX-License-Identifier: MIT */
#ifndef BACKENDS_SQLITE_CLASSIFY_H
#define BACKENDS_SQLITE_CLASSIFY_H

#include <actrec/sys/backend.h>

/* What a statement does, from its text alone. Of several statements in one text the first counts; they are refused
 * when prepared. Text that cannot be made out is AR_STATEMENT_OTHER. */
ar_statement_class ari_sqlite_classify(const char *sql, size_t length);

#endif
