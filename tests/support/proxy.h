/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SUPPORT_PROXY_H
#define TESTS_SUPPORT_PROXY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A network that misbehaves as it is told: a thread that listens on a loopback port and forwards each connection to a
 * server. Every call but start and stop may be made at any time, from any thread. */
typedef struct proxy proxy;

typedef enum proxy_way { PROXY_UP, PROXY_DOWN } proxy_way; /* towards the server, and back */

/* To a TCP port, or to a Unix socket when `host` is a path. NULL, and a line that says why, when it cannot listen. */
proxy *proxy_start(const char *host, uint16_t port);
/* To the server of a URL, "postgresql://…" or "mysql://…". */
proxy *proxy_start_for(const char *url);
/* Ends the thread and resets every connection. */
void proxy_stop(proxy *p); /* NULL does nothing */

uint16_t proxy_port(const proxy *p);
/* The same URL by way of the proxy. A host of "localhost" stays, since a certificate is for a name. */
void proxy_url(const proxy *p, const char *url, char *out, size_t size);

/* How fast one way is, on all connections. Zero: as fast as it goes. */
typedef struct proxy_pace {
    int64_t latency_us;        /* each byte arrives so much later */
    uint64_t bytes_per_second; /* no more than these */
    size_t slice;              /* at most so many bytes in one piece */
    bool hold;                 /* nothing passes until that is taken back: what comes is kept */
} proxy_pace;
void proxy_set_pace(proxy *p, proxy_way way, proxy_pace pace);

typedef enum proxy_cut {
    PROXY_RESET, /* both ends get a reset */
    PROXY_CLOSE, /* both ends get the end of the stream */
    PROXY_HOLE,  /* stays open, but nothing passes any more, either way */
} proxy_cut;

/* Once that way has passed `bytes` bytes, on all connections together since proxy_count_anew, cuts the connection that
 * carries the next one, which does not pass. Cuts one connection, once; a new call replaces the last one of that way. */
void proxy_cut_at(proxy *p, proxy_way way, proxy_cut cut, uint64_t bytes);
void proxy_cut_never(proxy *p);              /* takes back proxy_cut_at */
void proxy_cut_now(proxy *p, proxy_cut cut); /* every connection that is open */

/* New connections are refused by the system, as if nobody listened; those that are open go on. */
void proxy_refuse(proxy *p, bool refuse);

/* Tells the client that the server knows no TLS: answers N to a PostgreSQL client's request, clears the bit in a MySQL
 * server's greeting. For connections that are made from now on. */
typedef enum proxy_strip { PROXY_STRIP_NOTHING, PROXY_STRIP_POSTGRES, PROXY_STRIP_MYSQL } proxy_strip;
void proxy_strip_tls(proxy *p, proxy_strip strip);

typedef enum proxy_counter {
    PROXY_BYTES_UP,    /* that passed */
    PROXY_BYTES_DOWN,  /* likewise */
    PROXY_HELD_UP,     /* that came and did not pass yet */
    PROXY_HELD_DOWN,   /* likewise */
    PROXY_CONNECTIONS, /* that were accepted */
    PROXY_ENDED,       /* of these, those that are no more */
    PROXY_CUTS,        /* that proxy_cut_at made */
    PROXY_COUNTERS
} proxy_counter;

uint64_t proxy_count(proxy *p, proxy_counter counter);
void proxy_count_anew(proxy *p); /* from zero, but for what is held */
/* Waits until there are so many. False: they did not come within 30 seconds. */
bool proxy_wait(proxy *p, proxy_counter counter, uint64_t at_least);

#endif
