/* SPDX-License-Identifier: MIT */
#ifndef BACKENDS_MYSQL_CATALOG_H
#define BACKENDS_MYSQL_CATALOG_H

#include <actrec/sys/catalog.h>

extern const ar_catalog ari_mysql_catalog;  /* MariaDB */
extern const ar_catalog ari_mysql8_catalog; /* MySQL */

#endif
