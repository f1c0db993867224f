/* SPDX-License-Identifier: MIT */
#ifndef BACKENDS_SQLITE_CATALOG_H
#define BACKENDS_SQLITE_CATALOG_H

#include <actrec/sys/catalog.h>

extern const ar_catalog ari_sqlite_catalog;

#endif
