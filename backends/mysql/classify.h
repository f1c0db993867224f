/* SPDX-License-Identifier: MIT */
#ifndef BACKENDS_MYSQL_CLASSIFY_H
#define BACKENDS_MYSQL_CLASSIFY_H

#include <actrec/sys/backend.h>

/* What a statement does, by its words (https://mariadb.com/kb/en/sql-statements/,
 * https://dev.mysql.com/doc/refman/8.4/en/implicit-commit.html). */
ar_statement_class ari_mysql_classify(const char *sql, size_t length);

#endif
