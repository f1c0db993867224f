/* SPDX-License-Identifier: MIT */
#ifndef POOLS_URL_H
#define POOLS_URL_H

#include <actrec/sys/backend.h>

/* Takes a URL apart, into memory of its own that ari_url_free frees. AR_E_INVALID with a message that shows no part that could hold a password. */
ar_status ari_url_parse(const ar_env *env, const char *text, ar_url **out, ar_error *err);
void ari_url_free(const ar_env *env, ar_url *url); /* NULL does nothing */

#endif
