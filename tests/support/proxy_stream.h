/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SUPPORT_PROXY_STREAM_H
#define TESTS_SUPPORT_PROXY_STREAM_H

#include "tests/support/proxy.h"

/* One way of one connection of the proxy: what came from a socket, and when it may leave for the other. */

typedef enum stream_end { STREAM_OPEN, STREAM_EOF, STREAM_RESET } stream_end;

struct chunk;

typedef struct stream {
    int from;
    int to;
    struct chunk *first;
    struct chunk *last;
    size_t held;     /* bytes in the chunks */
    int64_t free_at; /* when the bandwidth allows for more, in nanoseconds */
    stream_end end;  /* how `from` ended */
    bool passed_on;  /* and `to` was told */
    bool full;       /* `to` takes no more for now */
    bool broken;     /* `to` is gone */
    bool discard;    /* what comes is of no interest any more */
} stream;

int64_t stream_now(void); /* nanoseconds */

bool stream_wants_more(const stream *s);
/* Reads what is there. */
void stream_fill(stream *s, int64_t latency_us);
void stream_append(stream *s, const void *data, size_t length, int64_t due);
/* Sends what is due, at most `limit` bytes; answers how many. */
size_t stream_send(stream *s, const proxy_pace *pace, uint64_t limit);
/* When there will be something to send; INT64_MAX: not by itself. */
int64_t stream_due(const stream *s, const proxy_pace *pace);
void stream_drop(stream *s);

#endif
