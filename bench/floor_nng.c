/* SPDX-License-Identifier: MIT */
#include "bench/floor_nng.h"

#include <nng/nng.h>
#include <nng/protocol/pair0/pair.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"
#include "bench/heap.h"

struct floor_nng {
    nng_socket near; /* of who asks */
    nng_socket far;  /* of who answers */
    pthread_t thread;
};

enum { between_looks = 32 };

static void expect(int rv)
{
    if (rv != 0)
        bench_fail("floor: nng: %s", nng_strerror(rv));
}

static void *answer(void *arg)
{
    const floor_nng *floor = arg;
    nng_msg *message = NULL;
    while (nng_recvmsg(floor->far, &message, 0) == 0) {
        int64_t number;
        memcpy(&number, nng_msg_body(message), sizeof number);
        number++;
        memcpy(nng_msg_body(message), &number, sizeof number);
        if (nng_sendmsg(floor->far, message, 0) != 0) {
            nng_msg_free(message);
            break;
        }
    }
    return NULL;
}

static void set_room(nng_socket socket, int messages)
{
    expect(nng_socket_set_int(socket, NNG_OPT_SENDBUF, messages));
    expect(nng_socket_set_int(socket, NNG_OPT_RECVBUF, messages));
}

floor_nng *floor_nng_open(int in_flight)
{
    static int number;
    char url[40];
    snprintf(url, sizeof url, "inproc://bench-floor-%d", number++);
    floor_nng *floor = bench_allocate(sizeof *floor);
    expect(nng_pair0_open(&floor->far));
    expect(nng_pair0_open(&floor->near));
    set_room(floor->far, in_flight);
    set_room(floor->near, in_flight);
    expect(nng_listen(floor->far, url, NULL, 0));
    expect(nng_dial(floor->near, url, NULL, 0));
    if (pthread_create(&floor->thread, NULL, answer, floor) != 0)
        bench_fail("floor: no thread to be had");
    return floor;
}

void floor_nng_close(floor_nng *floor)
{
    nng_close(floor->near);
    nng_close(floor->far);
    pthread_join(floor->thread, NULL);
    free(floor);
}

static void send_first(floor_nng *floor)
{
    nng_msg *message = NULL;
    int64_t number = 0;
    expect(nng_msg_alloc(&message, 0));
    expect(nng_msg_append(message, &number, sizeof number));
    expect(nng_sendmsg(floor->near, message, 0));
}

uint64_t floor_nng_ask(floor_nng *floor, int window, int64_t deadline)
{
    uint64_t done = 0;
    int in_flight = 0;
    bool more = true;
    for (; in_flight < window; in_flight++)
        send_first(floor);
    while (in_flight > 0) {
        nng_msg *message = NULL;
        expect(nng_recvmsg(floor->near, &message, 0));
        if (nng_msg_len(message) != sizeof(int64_t))
            bench_fail("floor: another answer came back");
        done++;
        more = more && (done % between_looks != 0 || bench_now() < deadline);
        if (more) {
            expect(nng_sendmsg(floor->near, message, 0));
        } else {
            nng_msg_free(message);
            in_flight--;
        }
    }
    return done;
}

double floor_nng_message_bytes(int count)
{
    nng_msg **messages = bench_allocate((size_t)count * sizeof *messages);
    double before = heap_in_use();
    for (int i = 0; i < count; i++) {
        expect(nng_msg_alloc(&messages[i], 0));
        expect(nng_msg_append(messages[i], &i, sizeof i));
    }
    double bytes = (heap_in_use() - before) / count;
    for (int i = 0; i < count; i++)
        nng_msg_free(messages[i]);
    free(messages);
    return bytes;
}
