/* SPDX-License-Identifier: MIT */
#include "tests/support/proxy.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "pools/url.h"
#include "tests/support/counting_env.h"
#include "tests/support/proxy_stream.h"
#include "tests/support/proxy_strip.h"

/* One thread does everything, under `lock`, which it gives back only to sleep in poll. Whoever changes what it is told
 * takes the lock and wakes it by `wake`; whoever waits sleeps on `changed`. The thread alone opens and closes the
 * sockets; a connection is freed by it, or by proxy_stop after it was joined. */

enum { PATIENCE_S = 30, MOST_CONNECTIONS = 256 };

typedef struct connection {
    stream ways[2];
    int client;
    int server;
    bool dead;
    bool holed;
    proxy_strip strip; /* what is still to be done */
} connection;

typedef struct cut_plan {
    bool armed;
    proxy_cut cut;
    uint64_t at;
} cut_plan;

struct proxy {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int wake;
    int listener;
    bool listening;
    bool stop;
    uint16_t port;
    union {
        struct sockaddr any;
        struct sockaddr_in tcp;
        struct sockaddr_un path;
    } target;
    socklen_t target_size;
    proxy_pace paces[2];
    cut_plan cuts[2];
    proxy_strip strip;
    uint64_t counts[PROXY_COUNTERS];
    connection *connections[MOST_CONNECTIONS];
    size_t count;
};

/* --- connections ------------------------------------------------------------------------------------------------ */

static void set_reset(int fd)
{
    (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &(struct linger){ .l_onoff = 1 }, sizeof(struct linger));
}

static int connect_to_server(const proxy *p)
{
    int fd = socket(p->target.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, &p->target.any, p->target_size) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

static void accept_one(proxy *p)
{
    int client = accept4(p->listener, NULL, NULL, SOCK_CLOEXEC);
    if (client < 0)
        return;
    int server = p->count < MOST_CONNECTIONS ? connect_to_server(p) : -1;
    p->counts[PROXY_CONNECTIONS]++;
    if (server < 0) {
        set_reset(client);
        close(client);
        p->counts[PROXY_ENDED]++;
        return;
    }
    (void)setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
    (void)setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
    connection *c = calloc(1, sizeof *c);
    if (c == NULL)
        abort();
    *c = (connection){ .client = client, .server = server, .strip = p->strip };
    c->ways[PROXY_UP] = (stream){ .from = client, .to = server };
    c->ways[PROXY_DOWN] = (stream){ .from = server, .to = client };
    p->connections[p->count++] = c;
}

static void end_connection(proxy *p, connection *c, bool reset)
{
    if (c->dead)
        return;
    if (reset) {
        set_reset(c->client);
        set_reset(c->server);
    }
    close(c->client);
    close(c->server);
    stream_drop(&c->ways[PROXY_UP]);
    stream_drop(&c->ways[PROXY_DOWN]);
    c->dead = true;
    p->counts[PROXY_ENDED]++;
}

/* A socket that is closed while something unread is in it sends a reset, so what still comes is read and thrown away. */
static void close_softly(connection *c)
{
    for (int way = PROXY_UP; way <= PROXY_DOWN; way++) {
        stream *s = &c->ways[way];
        stream_drop(s);
        s->discard = true;
        if (!s->passed_on)
            (void)shutdown(s->to, SHUT_WR);
        s->passed_on = true;
    }
}

static void cut_connection(proxy *p, connection *c, proxy_cut cut)
{
    switch (cut) {
    case PROXY_RESET: end_connection(p, c, true); return;
    case PROXY_CLOSE: close_softly(c); return;
    case PROXY_HOLE: c->holed = true; return;
    }
}

/* How many bytes may pass that way before the cut; UINT64_MAX: any number. */
static uint64_t allowance(const proxy *p, proxy_way way)
{
    const cut_plan *plan = &p->cuts[way];
    uint64_t passed = p->counts[way == PROXY_UP ? PROXY_BYTES_UP : PROXY_BYTES_DOWN];
    if (!plan->armed)
        return UINT64_MAX;
    return plan->at > passed ? plan->at - passed : 0;
}

static void forward(proxy *p, connection *c, proxy_way way)
{
    stream *s = &c->ways[way];
    const proxy_pace *pace = &p->paces[way];
    p->counts[way == PROXY_UP ? PROXY_BYTES_UP : PROXY_BYTES_DOWN] += stream_send(s, pace, allowance(p, way));
    if (s->broken) { /* what its other end said before may still have to pass */
        stream_drop(s);
        s->discard = true;
    }
    if (allowance(p, way) == 0 && stream_due(s, pace) <= stream_now()) {
        p->cuts[way].armed = false;
        p->counts[PROXY_CUTS]++;
        cut_connection(p, c, p->cuts[way].cut);
    } else if (s->first == NULL && s->end == STREAM_RESET) {
        end_connection(p, c, true);
    } else if (s->first == NULL && s->end == STREAM_EOF && !s->passed_on && !p->paces[way].hold) {
        (void)shutdown(s->to, SHUT_WR);
        s->passed_on = true;
    }
}

static void serve(proxy *p, connection *c)
{
    if (proxy_strip_now(&c->strip, &c->ways[PROXY_UP], &c->ways[PROXY_DOWN])) {
        stream_fill(&c->ways[PROXY_UP], p->paces[PROXY_UP].latency_us);
        stream_fill(&c->ways[PROXY_DOWN], p->paces[PROXY_DOWN].latency_us);
    }
    for (int way = PROXY_UP; way <= PROXY_DOWN && !c->dead && !c->holed; way++)
        forward(p, c, (proxy_way)way);
    if (!c->dead && c->ways[PROXY_UP].passed_on && c->ways[PROXY_DOWN].passed_on &&
        c->ways[PROXY_UP].end != STREAM_OPEN && c->ways[PROXY_DOWN].end != STREAM_OPEN)
        end_connection(p, c, false);
}

static void serve_all(proxy *p)
{
    size_t kept = 0;
    p->counts[PROXY_HELD_UP] = p->counts[PROXY_HELD_DOWN] = 0;
    for (size_t i = 0; i < p->count; i++) {
        connection *c = p->connections[i];
        if (!c->dead)
            serve(p, c);
        p->counts[PROXY_HELD_UP] += c->ways[PROXY_UP].held;
        p->counts[PROXY_HELD_DOWN] += c->ways[PROXY_DOWN].held;
        if (c->dead)
            free(c);
        else
            p->connections[kept++] = c;
    }
    p->count = kept;
}

/* --- the thread ------------------------------------------------------------------------------------------------- */

/* A socket that nothing is wanted from is left out, or its hang-up would wake the thread for ever. */
static struct pollfd want(const stream *in, const stream *out)
{
    short events = 0;
    if (stream_wants_more(in))
        events |= POLLIN;
    if (out->full)
        events |= POLLOUT;
    return (struct pollfd){ .fd = events == 0 ? -1 : in->from, .events = events };
}

static void look_at(const proxy *p, struct pollfd *fds, int64_t *until)
{
    fds[0] = (struct pollfd){ .fd = p->wake, .events = POLLIN };
    fds[1] = (struct pollfd){ .fd = p->listening ? p->listener : -1, .events = POLLIN };
    *until = INT64_MAX;
    for (size_t i = 0; i < p->count; i++) {
        const connection *c = p->connections[i];
        const stream *up = &c->ways[PROXY_UP];
        const stream *down = &c->ways[PROXY_DOWN];
        fds[2 + 2 * i] = want(up, down);
        fds[3 + 2 * i] = want(down, up);
        for (int way = PROXY_UP; way <= PROXY_DOWN && !c->holed; way++) {
            int64_t due = stream_due(&c->ways[way], &p->paces[way]);
            *until = due < *until ? due : *until;
        }
    }
}

static void sleep_until(struct pollfd *fds, size_t count, int64_t until)
{
    int64_t left = until == INT64_MAX ? 0 : until - stream_now();
    if (left < 0)
        left = 0;
    struct timespec time = { .tv_sec = (time_t)(left / 1000000000), .tv_nsec = (long)(left % 1000000000) };
    (void)ppoll(fds, count, until == INT64_MAX ? NULL : &time, NULL);
}

static void *run(void *arg)
{
    proxy *p = arg;
    struct pollfd fds[2 + 2 * MOST_CONNECTIONS];
    uint64_t rung;
    int64_t until;
    pthread_mutex_lock(&p->lock);
    while (!p->stop) {
        look_at(p, fds, &until);
        size_t count = 2 + 2 * p->count;
        pthread_mutex_unlock(&p->lock);
        sleep_until(fds, count, until);
        pthread_mutex_lock(&p->lock);
        if (fds[0].revents != 0)
            (void)!read(p->wake, &rung, sizeof rung);
        if (fds[1].revents != 0 && p->listening)
            accept_one(p);
        serve_all(p);
        pthread_cond_broadcast(&p->changed);
    }
    for (size_t i = 0; i < p->count; i++)
        end_connection(p, p->connections[i], true);
    serve_all(p);
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

/* --- what it is told -------------------------------------------------------------------------------------------- */

static void tell(proxy *p)
{
    uint64_t ring = 1;
    (void)!write(p->wake, &ring, sizeof ring);
    pthread_mutex_unlock(&p->lock);
}

void proxy_set_pace(proxy *p, proxy_way way, proxy_pace pace)
{
    pthread_mutex_lock(&p->lock);
    p->paces[way] = pace;
    tell(p);
}

void proxy_cut_at(proxy *p, proxy_way way, proxy_cut cut, uint64_t bytes)
{
    pthread_mutex_lock(&p->lock);
    p->cuts[way] = (cut_plan){ .armed = true, .cut = cut, .at = bytes };
    tell(p);
}

void proxy_cut_never(proxy *p)
{
    pthread_mutex_lock(&p->lock);
    p->cuts[PROXY_UP].armed = p->cuts[PROXY_DOWN].armed = false;
    tell(p);
}

void proxy_cut_now(proxy *p, proxy_cut cut)
{
    pthread_mutex_lock(&p->lock);
    for (size_t i = 0; i < p->count; i++)
        cut_connection(p, p->connections[i], cut);
    tell(p);
}

void proxy_strip_tls(proxy *p, proxy_strip strip)
{
    pthread_mutex_lock(&p->lock);
    p->strip = strip;
    tell(p);
}

/* A socket of the port; -1 with errno. While nobody listens on it the system refuses, and nobody else gets the port. */
static int bind_port(uint16_t *port)
{
    struct sockaddr_in at = { .sin_family = AF_INET,
                              .sin_port = htons(*port),
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &(int){ 1 }, sizeof(int));
    if (bind(fd, (struct sockaddr *)&at, size) != 0 || getsockname(fd, (struct sockaddr *)&at, &size) != 0) {
        close(fd);
        return -1;
    }
    *port = ntohs(at.sin_port);
    return fd;
}

void proxy_refuse(proxy *p, bool refuse)
{
    pthread_mutex_lock(&p->lock);
    if (refuse && p->listening) {
        int other = bind_port(&p->port);
        if (other < 0)
            abort();
        (void)shutdown(p->listener, SHUT_RDWR); /* at once: the thread's poll keeps it alive beyond its close */
        close(p->listener);
        p->listener = other;
    } else if (!refuse && !p->listening && listen(p->listener, 128) != 0) {
        abort();
    }
    p->listening = !refuse;
    tell(p);
}

uint64_t proxy_count(proxy *p, proxy_counter counter)
{
    pthread_mutex_lock(&p->lock);
    uint64_t count = p->counts[counter];
    pthread_mutex_unlock(&p->lock);
    return count;
}

void proxy_count_anew(proxy *p)
{
    pthread_mutex_lock(&p->lock);
    for (int i = 0; i < PROXY_COUNTERS; i++)
        if (i != PROXY_HELD_UP && i != PROXY_HELD_DOWN)
            p->counts[i] = 0;
    tell(p);
}

bool proxy_wait(proxy *p, proxy_counter counter, uint64_t at_least)
{
    struct timespec until;
    int rv = 0;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PATIENCE_S;
    pthread_mutex_lock(&p->lock);
    while (p->counts[counter] < at_least && rv == 0)
        rv = pthread_cond_timedwait(&p->changed, &p->lock, &until);
    bool reached = p->counts[counter] >= at_least;
    pthread_mutex_unlock(&p->lock);
    return reached;
}

/* --- start and stop --------------------------------------------------------------------------------------------- */

static bool set_target(proxy *p, const char *host, uint16_t port)
{
    if (host[0] == '/') {
        p->target.path.sun_family = AF_UNIX;
        p->target_size = sizeof p->target.path;
        int length = snprintf(p->target.path.sun_path, sizeof p->target.path.sun_path, "%s", host);
        return length > 0 && (size_t)length < sizeof p->target.path.sun_path;
    }
    p->target.tcp = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(port) };
    p->target_size = sizeof p->target.tcp;
    return inet_pton(AF_INET, strcmp(host, "localhost") == 0 ? "127.0.0.1" : host, &p->target.tcp.sin_addr) == 1;
}

/* The program's signals are for its own threads. */
static int start_thread(proxy *p)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    int rv = pthread_create(&p->thread, NULL, run, p);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rv;
}

static void dispose(proxy *p)
{
    if (p->listener >= 0)
        close(p->listener);
    if (p->wake >= 0)
        close(p->wake);
    pthread_cond_destroy(&p->changed);
    pthread_mutex_destroy(&p->lock);
    free(p);
}

proxy *proxy_start(const char *host, uint16_t port)
{
    proxy *p = calloc(1, sizeof *p);
    if (p == NULL)
        return NULL;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->changed, NULL);
    p->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    p->listener = bind_port(&p->port);
    p->listening = true;
    if (p->wake >= 0 && p->listener >= 0 && set_target(p, host, port) && listen(p->listener, 128) == 0 &&
        start_thread(p) == 0)
        return p;
    fprintf(stderr, "proxy to %s port %u: %s\n", host, (unsigned)port, strerror(errno));
    dispose(p);
    return NULL;
}

void proxy_stop(proxy *p)
{
    if (p == NULL)
        return;
    pthread_mutex_lock(&p->lock);
    p->stop = true;
    tell(p);
    pthread_join(p->thread, NULL);
    dispose(p);
}

/* libpq's name of the socket in a folder, or the path that a MySQL client is given. */
static proxy *start_for(const ar_url *url)
{
    bool mysql = strcmp(url->scheme, "mysql") == 0 || strcmp(url->scheme, "mariadb") == 0;
    uint16_t port = url->port != 0 ? url->port : mysql ? 3306 : 5432;
    char path[256];
    if (url->host == NULL || url->host[0] != '/')
        return proxy_start(url->host == NULL ? "127.0.0.1" : url->host, port);
    snprintf(path, sizeof path, mysql ? "%s" : "%s/.s.PGSQL.%u", url->host, (unsigned)port);
    return proxy_start(path, 0);
}

proxy *proxy_start_for(const char *text)
{
    counting_env memory;
    ar_url *url = NULL;
    ar_error err;
    counting_env_init(&memory);
    if (ari_url_parse(&memory.env, text, &url, &err) != AR_OK) {
        fprintf(stderr, "proxy: %s\n", err.message);
        return NULL;
    }
    proxy *p = start_for(url);
    ari_url_free(&memory.env, url);
    return p;
}

uint16_t proxy_port(const proxy *p)
{
    return p->port;
}

void proxy_url(const proxy *p, const char *url, char *out, size_t size)
{
    const char *authority = strstr(url, "://");
    authority = authority == NULL ? url : authority + 3;
    size_t length = strcspn(authority, "/?");
    const char *host = memchr(authority, '@', length);
    host = host == NULL ? authority : host + 1;
    bool named = strncmp(host, "localhost", 9) == 0 && (host[9] == '\0' || strchr(":/?", host[9]) != NULL);
    snprintf(out, size, "%.*s%s:%u%s", (int)(host - url), url, named ? "localhost" : "127.0.0.1", (unsigned)p->port,
             authority + length);
}
