/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SUPPORT_OUTSIDE_H
#define TESTS_SUPPORT_OUTSIDE_H

#include <stdbool.h>

/* The database of a URL, reached with its driver alone, as another program would reach it: what actrec did is looked at
 * from outside. For one thread. A call that fails says why on standard error. */
typedef struct outside outside;

/* NULL when it cannot be reached. Takes "sqlite:path", "postgresql://…" and "mysql://…"; of the options only sslmode
 * and sslrootcert. */
outside *outside_open(const char *url);
void outside_close(outside *o); /* NULL does nothing */

bool outside_exec(outside *o, const char *sql);

/* The rows as text, a line each, columns apart by '|', NULL as "NULL"; NULL when it fails. Lives until the next call. */
const char *outside_rows(outside *o, const char *sql);

#endif
