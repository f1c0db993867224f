/* SPDX-License-Identifier: MIT */
#ifndef BACKENDS_POSTGRES_CATALOG_H
#define BACKENDS_POSTGRES_CATALOG_H

#include <actrec/sys/catalog.h>

extern const ar_catalog ari_postgres_catalog;

#endif
