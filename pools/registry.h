/* SPDX-License-Identifier: MIT */
#ifndef POOLS_REGISTRY_H
#define POOLS_REGISTRY_H

#include <actrec/sys/backend.h>

/* The backend for a URL's scheme; NULL, and `err` AR_E_UNSUPPORTED that says which there are. */
const ar_backend *ari_backend_find(const char *scheme, ar_error *err);

#endif
