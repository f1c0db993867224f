/* SPDX-License-Identifier: MIT */
#include "tests/support/proxy_stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { CHUNK = 16384, MOST_HELD = 4 << 20 };

typedef struct chunk {
    struct chunk *next;
    int64_t due;
    size_t length;
    size_t sent;
    unsigned char data[];
} chunk;

int64_t stream_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

void stream_append(stream *s, const void *data, size_t length, int64_t due)
{
    chunk *c = malloc(sizeof *c + length);
    if (c == NULL)
        abort();
    *c = (chunk){ .due = due, .length = length };
    memcpy(c->data, data, length);
    if (s->last != NULL)
        s->last->next = c;
    else
        s->first = c;
    s->last = c;
    s->held += length;
}

bool stream_wants_more(const stream *s)
{
    return s->end == STREAM_OPEN && (s->held < MOST_HELD || s->discard);
}

void stream_fill(stream *s, int64_t latency_us)
{
    unsigned char data[CHUNK];
    while (stream_wants_more(s)) {
        ssize_t got = recv(s->from, data, sizeof data, MSG_DONTWAIT);
        if (got > 0 && !s->discard)
            stream_append(s, data, (size_t)got, stream_now() + latency_us * 1000);
        else if (got == 0)
            s->end = STREAM_EOF;
        else if (got < 0 && errno != EAGAIN && errno != EINTR)
            s->end = STREAM_RESET;
        if (got <= 0)
            return;
    }
}

static void drop_first(stream *s)
{
    chunk *c = s->first;
    s->first = c->next;
    if (s->first == NULL)
        s->last = NULL;
    free(c);
}

void stream_drop(stream *s)
{
    while (s->first != NULL)
        drop_first(s);
    s->held = 0;
}

/* A hundredth of a second's worth at a time, so that the bytes spread. */
static size_t piece(const chunk *c, const proxy_pace *pace, uint64_t limit)
{
    uint64_t size = c->length - c->sent;
    uint64_t share = pace->bytes_per_second / 100 + 1;
    if (pace->slice != 0 && size > pace->slice)
        size = pace->slice;
    if (pace->bytes_per_second != 0 && size > share)
        size = share;
    return (size_t)(size < limit ? size : limit);
}

static void spend(stream *s, const proxy_pace *pace, size_t bytes)
{
    int64_t now = stream_now();
    if (pace->bytes_per_second == 0)
        return;
    if (s->free_at < now)
        s->free_at = now;
    s->free_at += (int64_t)(bytes * UINT64_C(1000000000) / pace->bytes_per_second);
}

int64_t stream_due(const stream *s, const proxy_pace *pace)
{
    if (s->first == NULL || pace->hold || s->full)
        return INT64_MAX;
    return pace->bytes_per_second != 0 && s->free_at > s->first->due ? s->free_at : s->first->due;
}

static size_t send_piece(stream *s, const proxy_pace *pace, uint64_t limit)
{
    chunk *c = s->first;
    ssize_t sent = send(s->to, c->data + c->sent, piece(c, pace, limit), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent <= 0) {
        s->full = sent < 0 && (errno == EAGAIN || errno == EINTR);
        s->broken = !s->full;
        return 0;
    }
    c->sent += (size_t)sent;
    s->held -= (size_t)sent;
    if (c->sent == c->length)
        drop_first(s);
    spend(s, pace, (size_t)sent);
    return (size_t)sent;
}

size_t stream_send(stream *s, const proxy_pace *pace, uint64_t limit)
{
    size_t total = 0;
    s->full = false;
    while (total < limit && stream_due(s, pace) <= stream_now()) {
        size_t sent = send_piece(s, pace, limit - total);
        total += sent;
        if (sent == 0 || pace->slice != 0)
            break;
    }
    return total;
}
