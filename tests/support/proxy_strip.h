/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SUPPORT_PROXY_STRIP_H
#define TESTS_SUPPORT_PROXY_STRIP_H

#include "tests/support/proxy_stream.h"

/* Takes TLS out of what the two ends tell each other. False while it has to see more before anything may pass;
 * *strip is what is still to be done. */
bool proxy_strip_now(proxy_strip *strip, stream *up, stream *down);

#endif
