/* SPDX-License-Identifier: MIT */
#include "backends/postgres/chore.h"

#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* A chore belongs to two: its thread and the connection. Whoever leaves last frees it. getaddrinfo and PQcancel cannot be stopped, so that a thread may outlive its connection, its runtime and
 * the allocator of that: which is why the memory of a chore, and only that, comes from malloc. The lock is held while the host is woken, so that `drop` waits for that. */

/* libpq 17 asks over a connection that is encrypted as the first one is. */
#ifdef LIBPQ_HAS_ASYNC_CANCEL
typedef PGcancelConn canceller;
static canceller *cancel_new(PGconn *pg)
{
    return PQcancelCreate(pg);
}
static void cancel_run(canceller *cancel)
{
    (void)PQcancelBlocking(cancel);
}
static void cancel_free(canceller *cancel)
{
    PQcancelFinish(cancel);
}
#else
typedef PGcancel canceller;
static canceller *cancel_new(PGconn *pg)
{
    return PQgetCancel(pg);
}
static void cancel_run(canceller *cancel)
{
    char message[256];
    (void)PQcancel(cancel, message, sizeof message);
}
static void cancel_free(canceller *cancel)
{
    PQfreeCancel(cancel);
}
#endif

enum { stack_size = 256 * 1024, addresses_size = 2048 };

struct ari_postgres_chore {
    pthread_mutex_t lock;  /* `host`, `done` and `owners` */
    ar_backend_host *host; /* NULL: it was dropped */
    bool done;
    int owners;
    char *name;        /* to resolve */
    canceller *cancel; /* or to cancel */
    size_t address_count;
    char addresses[addresses_size];
    char message[160];
};

static void leave(ari_postgres_chore *chore)
{
    pthread_mutex_lock(&chore->lock);
    bool last = --chore->owners == 0;
    pthread_mutex_unlock(&chore->lock);
    if (!last)
        return;
    pthread_mutex_destroy(&chore->lock);
    if (chore->cancel != NULL)
        cancel_free(chore->cancel);
    free(chore->name);
    free(chore);
}

static void add_address(ari_postgres_chore *chore, const struct addrinfo *info)
{
    char text[64];
    size_t used = strlen(chore->addresses);
    if (getnameinfo(info->ai_addr, info->ai_addrlen, text, sizeof text, NULL, 0, NI_NUMERICHOST) != 0)
        return;
    if (used + strlen(text) + 2 > sizeof chore->addresses)
        return;
    if (used > 0)
        chore->addresses[used++] = ',';
    memcpy(chore->addresses + used, text, strlen(text) + 1);
    chore->address_count++;
}

static void resolve(ari_postgres_chore *chore)
{
    struct addrinfo *found = NULL;
    struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
    int code = getaddrinfo(chore->name, NULL, &hints, &found);
    if (code != 0) {
        const char *why = gai_strerror(code);
        size_t length = strlen(why) < sizeof chore->message ? strlen(why) : sizeof chore->message - 1;
        memcpy(chore->message, why, length);
        return;
    }
    for (const struct addrinfo *info = found; info != NULL; info = info->ai_next)
        add_address(chore, info);
    freeaddrinfo(found);
}

static void *run(void *arg)
{
    ari_postgres_chore *chore = arg;
    if (chore->cancel != NULL)
        cancel_run(chore->cancel);
    else
        resolve(chore);
    pthread_mutex_lock(&chore->lock);
    chore->done = true;
    if (chore->host != NULL)
        chore->host->wake(chore->host);
    pthread_mutex_unlock(&chore->lock);
    leave(chore);
    return NULL;
}

/* Signals are the application's: its threads take them. */
static bool start(ari_postgres_chore *chore)
{
    pthread_t thread;
    pthread_attr_t attributes;
    sigset_t all, before;
    if (pthread_attr_init(&attributes) != 0)
        return false;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool started = pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED) == 0 &&
                   pthread_attr_setstacksize(&attributes, stack_size) == 0 &&
                   pthread_create(&thread, &attributes, run, chore) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return started;
}

static ari_postgres_chore *make(ar_backend_host *host, char *name, canceller *cancel)
{
    ari_postgres_chore *chore = name == NULL && cancel == NULL ? NULL : calloc(1, sizeof *chore);
    if (chore == NULL || pthread_mutex_init(&chore->lock, NULL) != 0) {
        if (cancel != NULL)
            cancel_free(cancel);
        free(name);
        free(chore);
        return NULL;
    }
    chore->host = host;
    chore->name = name;
    chore->cancel = cancel;
    chore->owners = 2;
    if (start(chore))
        return chore;
    chore->owners = 1;
    leave(chore);
    return NULL;
}

ari_postgres_chore *ari_postgres_chore_resolve(ar_backend_host *host, const char *name)
{
    size_t size = strlen(name) + 1;
    char *copy = malloc(size);
    if (copy != NULL)
        memcpy(copy, name, size);
    return make(host, copy, NULL);
}

ari_postgres_chore *ari_postgres_chore_cancel(ar_backend_host *host, PGconn *pg)
{
    return make(host, NULL, cancel_new(pg));
}

bool ari_postgres_chore_done(const ari_postgres_chore *chore)
{
    pthread_mutex_t *lock = (pthread_mutex_t *)(uintptr_t)&chore->lock;
    pthread_mutex_lock(lock);
    bool done = chore->done;
    pthread_mutex_unlock(lock);
    return done;
}

const char *ari_postgres_chore_addresses(const ari_postgres_chore *chore, size_t *count)
{
    *count = chore->address_count;
    return chore->address_count > 0 ? chore->addresses : NULL;
}

const char *ari_postgres_chore_message(const ari_postgres_chore *chore)
{
    return chore->message[0] != '\0' ? chore->message : "it has no address";
}

void ari_postgres_chore_drop(ari_postgres_chore *chore)
{
    if (chore == NULL)
        return;
    pthread_mutex_lock(&chore->lock);
    chore->host = NULL;
    pthread_mutex_unlock(&chore->lock);
    leave(chore);
}
