/* SPDX-License-Identifier: MIT */
#ifndef BACKENDS_MYSQL_DRIVER_H
#define BACKENDS_MYSQL_DRIVER_H

#include <stdbool.h>

#include <errmsg.h>
#include <mysql.h>

/* The two clients that this backend is written for: MariaDB Connector/C, whose calls have a form that does not block,
 * and Oracle's libmysqlclient, which has that for text queries only
 * (https://dev.mysql.com/doc/c-api/8.4/en/c-api-asynchronous-interface.html). */
#ifdef MARIADB_PACKAGE_VERSION
#define ARI_MYSQL_MARIADB 1
typedef my_bool ari_mysql_flag;
#else
#define ARI_MYSQL_MARIADB 0
#ifndef AR_MYSQL_BLOCKING
#define AR_MYSQL_BLOCKING 1
#endif
#if MYSQL_VERSION_ID >= 80000
typedef bool ari_mysql_flag;
#else
typedef my_bool ari_mysql_flag;
#endif
#endif

#ifndef AR_MYSQL_BLOCKING
#define AR_MYSQL_BLOCKING 0
#endif

#endif
