/* SPDX-License-Identifier: MIT */
#include "actors/doorbell.h"

#include <inttypes.h>
#include <nng/nng.h>
#include <nng/protocol/pair0/pair.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "values/memory.h"

/* The message is either in `spare` or under way. Who takes it out of `spare` rings; who finds NULL knows that a ring is
 * under way whose receiver will look after this caller's work: the receiver puts the message back (release) before it
 * looks, and the exchange of a ringer that finds NULL comes before that in the order of `spare`. Hence a send buffer of
 * one message never fills up.
 *
 * nng 1.5.2: a blocking nng_recvmsg and nng_sendmsg make an aio each time; these two are made once. */
struct ari_doorbell {
    nng_socket ringer;
    nng_socket waiter;
    nng_aio *send_aio; /* belongs to who has the message */
    nng_aio *recv_aio; /* the waiter's */
    _Atomic(nng_msg *) spare;
};

static ar_status nng_failed(ar_error *err, int rv)
{
    return ar_error_set(err, rv == NNG_ENOMEM ? AR_E_NO_MEMORY : AR_E_IO, "opening the doorbell of an actor: nng: %s",
                        nng_strerror(rv));
}

static int connect_pair(ari_doorbell *bell)
{
    static _Atomic uint64_t number;
    char url[64];
    int rv;

    snprintf(url, sizeof url, "inproc://actrec-%ld-%" PRIu64, (long)getpid(),
             atomic_fetch_add_explicit(&number, 1, memory_order_relaxed));
    if ((rv = nng_pair0_open(&bell->waiter)) != 0 || (rv = nng_pair0_open(&bell->ringer)) != 0 ||
        (rv = nng_socket_set_int(bell->ringer, NNG_OPT_SENDBUF, 1)) != 0 ||
        (rv = nng_listen(bell->waiter, url, NULL, 0)) != 0 || (rv = nng_dial(bell->ringer, url, NULL, 0)) != 0)
        return rv;
    return 0;
}

static int open_parts(ari_doorbell *bell)
{
    nng_msg *message = NULL;
    int rv;

    if ((rv = nng_aio_alloc(&bell->send_aio, NULL, NULL)) != 0 ||
        (rv = nng_aio_alloc(&bell->recv_aio, NULL, NULL)) != 0 || (rv = nng_msg_alloc(&message, 0)) != 0)
        return rv;
    atomic_init(&bell->spare, message);
    return connect_pair(bell);
}

ar_status ari_doorbell_open(const ar_env *env, ari_doorbell **out, ar_error *err)
{
    ari_doorbell *bell = ari_allocate_zero(env, sizeof *bell);
    if (bell == NULL)
        return ar_error_set(err, AR_E_NO_MEMORY, "opening the doorbell of an actor: out of memory");

    /* The first socket starts nng's threads, which inherit the signal mask of this one: they must not take the
     * application's signals. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rv = open_parts(bell);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (rv != 0) {
        ari_doorbell_close(env, bell);
        return nng_failed(err, rv);
    }
    *out = bell;
    return AR_OK;
}

void ari_doorbell_ring(ari_doorbell *bell)
{
    nng_msg *message = atomic_exchange(&bell->spare, NULL);
    if (message == NULL)
        return;
    nng_aio_wait(bell->send_aio); /* the send before, whose message has come back, may not have returned yet */
    nng_aio_set_msg(bell->send_aio, message);
    nng_send_aio(bell->ringer, bell->send_aio);
}

void ari_doorbell_wait(ari_doorbell *bell, int64_t wait_us)
{
    nng_duration timeout = NNG_DURATION_INFINITE;
    if (wait_us != INT64_MAX) {
        int64_t ms = wait_us <= 0 ? 0 : (wait_us - 1) / 1000 + 1;
        timeout = ms > INT32_MAX ? INT32_MAX : (nng_duration)ms;
    }
    nng_aio_set_timeout(bell->recv_aio, timeout);
    nng_recv_aio(bell->waiter, bell->recv_aio);
    nng_aio_wait(bell->recv_aio);
    if (nng_aio_result(bell->recv_aio) == 0)
        atomic_store(&bell->spare, nng_aio_get_msg(bell->recv_aio));
}

int ari_doorbell_fd(ari_doorbell *bell)
{
    int fd = -1;
    return nng_socket_get_int(bell->waiter, NNG_OPT_RECVFD, &fd) == 0 ? fd : -1;
}

/* A ring may still be under way, the one that stopped the waiter for instance. nng 1.5.2 loses a message that is between
 * two inproc pipes when they close, so it is received first; for at most a second, lest a close hang on nng. */
static void take_back(ari_doorbell *bell)
{
    if (bell->waiter.id == 0 || atomic_load(&bell->spare) != NULL)
        return;
    nng_aio_wait(bell->send_aio);
    if (nng_aio_result(bell->send_aio) == 0)
        ari_doorbell_wait(bell, 1000000);
}

void ari_doorbell_close(const ar_env *env, ari_doorbell *bell)
{
    if (bell == NULL)
        return;
    take_back(bell);
    /* Before its socket: nng may be cancelling it, late for its timeout, in the socket's queue. */
    if (bell->recv_aio != NULL)
        nng_aio_free(bell->recv_aio);
    if (bell->ringer.id != 0)
        nng_close(bell->ringer);
    if (bell->waiter.id != 0)
        nng_close(bell->waiter);
    if (bell->send_aio != NULL) {
        nng_aio_wait(bell->send_aio);
        nng_msg *unsent = nng_aio_result(bell->send_aio) == 0 ? NULL : nng_aio_get_msg(bell->send_aio);
        if (unsent != NULL)
            nng_msg_free(unsent); /* what could not be sent stays the sender's */
        nng_aio_free(bell->send_aio);
    }
    nng_msg *message = atomic_load(&bell->spare);
    if (message != NULL)
        nng_msg_free(message);
    ari_release(env, bell);
}
