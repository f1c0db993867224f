/* SPDX-License-Identifier: MIT */
#ifndef VALUES_HOST_H
#define VALUES_HOST_H

#include <stdbool.h>

/* Whether the name or address of a host is that of this machine itself: localhost, 127.0.0.0/8, ::1. What is sent
 * there needs no TLS. */
bool ari_host_is_loopback(const char *host);

#endif
