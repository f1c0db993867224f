/* SPDX-License-Identifier: MIT */
#ifndef BACKENDS_MYSQL_ERROR_H
#define BACKENDS_MYSQL_ERROR_H

#include <actrec/sys/backend.h>

#include "backends/mysql/driver.h"

/* What error numbers mean (https://mariadb.com/kb/en/mariadb-error-codes/,
 * https://dev.mysql.com/doc/mysql-errors/8.4/en/server-error-reference.html). Messages of the server quote values; where
 * they may, they are replaced or what they quote is left out. `doing` is the subject of the message. */
ar_status ari_mysql_error(MYSQL *mysql, const char *doing, ar_error *err);
ar_status ari_mysql_statement_error(MYSQL *mysql, MYSQL_STMT *statement, const char *doing, ar_error *err);
unsigned ari_mysql_statement_errno(MYSQL *mysql, MYSQL_STMT *statement);

/* The same by its parts. */
ar_status ari_mysql_error_of(unsigned number, const char *sqlstate, const char *message, const char *doing,
                             ar_error *err);

ar_status ari_mysql_connect_error(MYSQL *mysql, const char *doing, const char *place, ar_error *err);

/* The connection is of no more use after this number. */
bool ari_mysql_is_lost(unsigned number);

/* The statement was stopped by KILL QUERY or a time limit of the server. */
bool ari_mysql_is_killed(unsigned number);

/* Nothing was executed: the statement has to be prepared anew. */
bool ari_mysql_wants_prepare(unsigned number);

enum { ARI_MYSQL_NOT_PREPARABLE = 1295, ARI_MYSQL_NEW_COLUMNS = 2057 };

#endif
