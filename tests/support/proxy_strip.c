/* SPDX-License-Identifier: MIT */
#include "tests/support/proxy_strip.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

/* Looks at what a socket holds without taking it. False while that is less than `size` bytes and more may come. */
static bool peek(stream *s, unsigned char *data, size_t size, size_t *got)
{
    ssize_t there = recv(s->from, data, size, MSG_PEEK | MSG_DONTWAIT);
    *got = there > 0 ? (size_t)there : 0;
    return *got == size || there == 0 || (there < 0 && errno != EAGAIN && errno != EINTR);
}

/* PostgreSQL's documentation, "Message Formats": SSLRequest and GSSENCRequest are Int32(8) and Int32 of these codes,
 * answered by one byte, N for no. */
static bool strip_postgres(proxy_strip *strip, stream *up, stream *down)
{
    static const unsigned char tls[] = { 0, 0, 0, 8, 4, 210, 22, 47 };
    static const unsigned char gss[] = { 0, 0, 0, 8, 4, 210, 22, 48 };
    unsigned char data[sizeof tls];
    size_t got;
    if (!peek(up, data, sizeof data, &got))
        return false;
    if (got < sizeof data || (memcmp(data, tls, sizeof tls) != 0 && memcmp(data, gss, sizeof gss) != 0)) {
        *strip = PROXY_STRIP_NOTHING;
        return true;
    }
    (void)recv(up->from, data, sizeof data, 0);
    stream_append(down, "N", 1, 0);
    return true;
}

/* MariaDB's documentation, "Connection: initial handshake packet": the header of 4 bytes, the protocol, the server's
 * version with its NUL, 4 bytes of a number, 8 of scramble, 1 reserved, then the capabilities; CLIENT_SSL is 0x0800. */
static bool strip_mysql(proxy_strip *strip, stream *down)
{
    unsigned char data[512];
    size_t got;
    bool ended = peek(down, data, sizeof data, &got);
    size_t length = got < 4 ? sizeof data : 4 + ((size_t)data[0] | (size_t)data[1] << 8);
    if (got < length && !ended)
        return false;
    *strip = PROXY_STRIP_NOTHING;
    const unsigned char *nul = got < length || length < 5 ? NULL : memchr(data + 5, '\0', length - 5);
    size_t at = nul == NULL ? 0 : (size_t)(nul - data) + 1 + 4 + 8 + 1;
    if (at == 0 || at + 1 >= length)
        return true;
    data[at + 1] &= (unsigned char)~0x08u;
    stream_append(down, data, length, 0);
    (void)recv(down->from, data, length, 0); /* what was looked at is taken */
    return true;
}

bool proxy_strip_now(proxy_strip *strip, stream *up, stream *down)
{
    switch (*strip) {
    case PROXY_STRIP_NOTHING: return true;
    case PROXY_STRIP_POSTGRES: return strip_postgres(strip, up, down);
    case PROXY_STRIP_MYSQL: return strip_mysql(strip, down);
    }
    return true;
}
