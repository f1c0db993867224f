/* SPDX-License-Identifier: MIT */
#include <actrec/sys/env.h>

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "actors/doorbell.h"
#include "values/memory.h"

/* The environment of a real process: threads with nng doorbells, futexes, CLOCK_MONOTONIC, malloc. */

static void *allocate(void *ctx, size_t size)
{
    (void)ctx;
    return malloc(size == 0 ? 1 : size);
}

static void *reallocate(void *ctx, void *block, size_t size)
{
    (void)ctx;
    return realloc(block, size == 0 ? 1 : size);
}

static void release(void *ctx, void *block)
{
    (void)ctx;
    free(block);
}

static int64_t read_clock(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int64_t now(void *ctx)
{
    (void)ctx;
    return read_clock(CLOCK_MONOTONIC);
}

static int64_t wall_now(void *ctx)
{
    (void)ctx;
    return read_clock(CLOCK_REALTIME);
}

static ar_status entropy(void *ctx, void *bytes, size_t size)
{
    (void)ctx;
    unsigned char *at = bytes;
    while (size > 0) {
        ssize_t got = getrandom(at, size, 0);
        if (got < 0 && errno != EINTR)
            return AR_E_IO;
        if (got > 0) {
            at += got;
            size -= (size_t)got;
        }
    }
    return AR_OK;
}

/* SplitMix64 (Steele, Lea, Flood 2014) over a counter that starts anywhere. */
static uint64_t random_bits(void *ctx)
{
    static _Atomic uint64_t counter;
    (void)ctx;
    if (atomic_load_explicit(&counter, memory_order_relaxed) == 0) {
        uint64_t seed = 0;
        if (entropy(NULL, &seed, sizeof seed) != AR_OK)
            seed = (uint64_t)read_clock(CLOCK_REALTIME);
        uint64_t unset = 0;
        atomic_compare_exchange_strong(&counter, &unset, seed | 1);
    }
    uint64_t z = atomic_fetch_add_explicit(&counter, UINT64_C(0x9e3779b97f4a7c15), memory_order_relaxed);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* A loop waits for its doorbell alone, in nng, until the first descriptor is to be watched on it; from then on for the
 * doorbell's descriptor and those, in epoll. */
enum { EVENTS = 16 };

struct ar_env_executor {
    const ar_env *env;
    pthread_t thread;
    ari_doorbell *bell;
    ar_env_run_fn run;
    void *arg;
    char name[16];
    _Atomic int epoll;    /* -1: nothing is watched */
    pthread_mutex_t lock; /* making it, and the two below */
    ar_env_readiness *watching;
    uint64_t last_id;
};

/* An event carries the number of its readiness, not its address: epoll may still tell of a descriptor whose readiness is
 * gone, when a child of this process has it too (epoll(7), "Questions and answers", 6). */
enum { BELL_ID = 0 };

struct ar_env_readiness {
    ar_env_executor *executor;
    ar_env_ready_fn ready;
    void *arg;
    uint64_t id;
    int nudge;   /* eventfd(2) */
    bool armed;  /* epoll may report the descriptor */
    int watched; /* the descriptor that epoll had last; -1: none. It may be closed, and its number another's */
    ar_env_readiness *next; /* under the executor's lock */
};

/* Closing is done on this thread: what is found stays while it is told. */
static ar_env_readiness *find_readiness(ar_env_executor *executor, uint64_t id)
{
    pthread_mutex_lock(&executor->lock);
    ar_env_readiness *readiness = executor->watching;
    while (readiness != NULL && readiness->id != id)
        readiness = readiness->next;
    pthread_mutex_unlock(&executor->lock);
    return readiness;
}

static void wait_for_events(ar_env_executor *executor, int epoll, int64_t wait_us)
{
    struct epoll_event events[EVENTS];
    int64_t ms = wait_us == INT64_MAX ? -1 : wait_us <= 0 ? 0 : (wait_us - 1) / 1000 + 1;
    int count = epoll_wait(epoll, events, EVENTS, ms > INT_MAX ? INT_MAX : (int)ms);
    for (int i = 0; i < count; i++) { /* none for EINTR */
        if (events[i].data.u64 == BELL_ID) {
            ari_doorbell_wait(executor->bell, 0);
            continue;
        }
        ar_env_readiness *readiness = find_readiness(executor, events[i].data.u64);
        if (readiness != NULL)
            readiness->ready(readiness->arg);
    }
}

static void *executor_main(void *arg)
{
    ar_env_executor *executor = arg;
    pthread_setname_np(pthread_self(), executor->name);
    for (;;) {
        int epoll = atomic_load_explicit(&executor->epoll, memory_order_acquire);
        int64_t next = executor->run(executor->arg);
        if (next == AR_ENV_QUIT)
            return NULL;
        int64_t wait_us = next == AR_ENV_AGAIN ? 0 : next == AR_ENV_RUNG ? INT64_MAX : next - now(NULL);
        if (epoll >= 0)
            wait_for_events(executor, epoll, wait_us);
        else if (next != AR_ENV_AGAIN)
            ari_doorbell_wait(executor->bell, wait_us);
    }
}

static int start_thread(ar_env_executor *executor, size_t stack_size)
{
    pthread_attr_t attributes;
    sigset_t all, before;

    int rv = pthread_attr_init(&attributes);
    if (rv != 0)
        return rv;
    if (stack_size != 0)
        rv = pthread_attr_setstacksize(&attributes, stack_size);
    if (rv == 0) {
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        rv = pthread_create(&executor->thread, &attributes, executor_main, executor);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
    }
    pthread_attr_destroy(&attributes);
    return rv;
}

static ar_status executor_start(const ar_env *env, const char *name, size_t stack_size, ar_env_run_fn run, void *arg,
                                ar_env_executor **out, ar_error *err)
{
    ar_env_executor *executor = ari_allocate_zero(env, sizeof *executor);
    if (executor == NULL)
        return ar_error_set(err, AR_E_NO_MEMORY, "starting a thread: out of memory");
    strncpy(executor->name, name, sizeof executor->name - 1);
    executor->env = env;
    executor->run = run;
    executor->arg = arg;
    atomic_init(&executor->epoll, -1);
    pthread_mutex_init(&executor->lock, NULL);
    ar_status status = ari_doorbell_open(env, &executor->bell, err);
    if (status == AR_OK) {
        *out = executor; /* before the thread runs, which may look there */
        int rv = start_thread(executor, stack_size);
        if (rv == 0)
            return AR_OK;
        *out = NULL;
        ari_doorbell_close(env, executor->bell);
        status = ar_error_set(err, rv == EAGAIN ? AR_E_NO_MEMORY : AR_E_IO, "starting thread %s: error %d", name, rv);
    }
    pthread_mutex_destroy(&executor->lock);
    ari_release(env, executor);
    return status;
}

static void executor_ring(void *ctx, ar_env_executor *executor)
{
    (void)ctx;
    ari_doorbell_ring(executor->bell);
}

static void executor_join(void *ctx, ar_env_executor *executor)
{
    (void)ctx;
    pthread_join(executor->thread, NULL);
    const ar_env *env = executor->env;
    int epoll = atomic_load(&executor->epoll);
    if (epoll >= 0)
        close(epoll);
    ari_doorbell_close(env, executor->bell);
    pthread_mutex_destroy(&executor->lock);
    ari_release(env, executor);
}

static bool wait_word(void *ctx, uint32_t *word, uint32_t expected, int64_t deadline)
{
    (void)ctx;
    struct timespec until = { .tv_sec = (time_t)(deadline / 1000000), .tv_nsec = (long)(deadline % 1000000) * 1000 };
    /* FUTEX_WAIT_BITSET takes an absolute time of CLOCK_MONOTONIC: futex(2). */
    syscall(SYS_futex, word, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, expected, deadline == INT64_MAX ? NULL : &until,
            NULL, FUTEX_BITSET_MATCH_ANY);
    return true;
}

static void wake_word(void *ctx, uint32_t *word)
{
    (void)ctx;
    syscall(SYS_futex, word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, INT_MAX, NULL, NULL, 0);
}

/* --- readiness --- */

static int make_epoll(ar_env_executor *executor)
{
    struct epoll_event event = { .events = EPOLLIN, .data.u64 = BELL_ID };
    int bell = ari_doorbell_fd(executor->bell);
    int epoll = bell < 0 ? -1 : epoll_create1(EPOLL_CLOEXEC);
    if (epoll >= 0 && epoll_ctl(epoll, EPOLL_CTL_ADD, bell, &event) != 0) {
        close(epoll);
        epoll = -1;
    }
    return epoll;
}

static bool ensure_epoll(ar_env_executor *executor)
{
    pthread_mutex_lock(&executor->lock);
    int epoll = atomic_load(&executor->epoll);
    if (epoll < 0) {
        epoll = make_epoll(executor);
        atomic_store_explicit(&executor->epoll, epoll, memory_order_release);
        ari_doorbell_ring(executor->bell); /* it may be asleep in nng */
    }
    pthread_mutex_unlock(&executor->lock);
    return epoll >= 0;
}

static ar_status readiness_open(const ar_env *env, ar_env_executor *executor, ar_env_ready_fn ready, void *arg,
                                ar_env_readiness **out, ar_error *err)
{
    ar_env_readiness *readiness = ari_allocate(env, sizeof *readiness);
    if (readiness == NULL)
        return ar_error_set(err, AR_E_NO_MEMORY, "watching a descriptor: out of memory");
    *readiness = (ar_env_readiness){ .executor = executor, .ready = ready, .arg = arg, .watched = -1 };
    readiness->nudge = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (readiness->nudge >= 0 && ensure_epoll(executor)) {
        pthread_mutex_lock(&executor->lock);
        readiness->id = ++executor->last_id;
        readiness->next = executor->watching;
        executor->watching = readiness;
        pthread_mutex_unlock(&executor->lock);
        *out = readiness;
        return AR_OK;
    }
    ar_status status = ar_error_set(err, AR_E_IO, "watching a descriptor: error %d", errno);
    if (readiness->nudge >= 0)
        close(readiness->nudge);
    ari_release(env, readiness);
    return status;
}

/* What epoll knows of a number may be out of date: closing takes a descriptor out (epoll(7)), and the next one of that
 * number may be anybody's. */
static bool readiness_arm(void *ctx, ar_env_readiness *readiness, int fd, int events)
{
    (void)ctx;
    int epoll = atomic_load(&readiness->executor->epoll);
    bool known = readiness->watched == fd;
    struct epoll_event event = { .events = EPOLLONESHOT, .data.u64 = readiness->id };
    event.events |= (events & POLLIN) != 0 ? (uint32_t)EPOLLIN : 0;
    event.events |= (events & POLLOUT) != 0 ? (uint32_t)EPOLLOUT : 0;
    if (epoll_ctl(epoll, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event) != 0 &&
        epoll_ctl(epoll, known ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &event) != 0)
        return false;
    readiness->watched = fd;
    readiness->armed = true;
    return true;
}

/* Who sleeps on the descriptor by himself does not need the executor woken for it too. */
static void disarm(ar_env_readiness *readiness, int fd)
{
    struct epoll_event none = { .events = EPOLLONESHOT, .data.u64 = readiness->id };
    if (readiness->armed && readiness->watched == fd)
        epoll_ctl(atomic_load(&readiness->executor->epoll), EPOLL_CTL_MOD, fd, &none);
    readiness->armed = false;
}

static void readiness_wait(void *ctx, ar_env_readiness *readiness, int fd, int events, int64_t deadline)
{
    struct pollfd fds[2] = { { .fd = fd, .events = (short)events }, { .fd = readiness->nudge, .events = POLLIN } };
    struct timespec left = { 0, 0 };
    int64_t us = deadline == INT64_MAX ? 0 : deadline - now(ctx);
    uint64_t nudges;
    disarm(readiness, fd);
    if (us > 0)
        left = (struct timespec){ .tv_sec = (time_t)(us / 1000000), .tv_nsec = (long)(us % 1000000) * 1000 };
    ppoll(fds, 2, deadline == INT64_MAX ? NULL : &left, NULL);
    if ((fds[1].revents & POLLIN) != 0 && read(readiness->nudge, &nudges, sizeof nudges) < 0)
        return; /* another sleep has taken it */
}

static void readiness_nudge(void *ctx, ar_env_readiness *readiness)
{
    uint64_t one = 1;
    ssize_t written;
    (void)ctx;
    do {
        written = write(readiness->nudge, &one, sizeof one);
    } while (written < 0 && errno == EINTR); /* EAGAIN: it is readable already: eventfd(2) */
}

static void readiness_close(void *ctx, ar_env_readiness *readiness)
{
    (void)ctx;
    if (readiness == NULL)
        return;
    ar_env_executor *executor = readiness->executor;
    pthread_mutex_lock(&executor->lock);
    ar_env_readiness **link = &executor->watching;
    while (*link != readiness)
        link = &(*link)->next;
    *link = readiness->next;
    pthread_mutex_unlock(&executor->lock);
    close(readiness->nudge);
    ari_release(executor->env, readiness);
}

/* The kernel has timed the handshake and what came after it: tcp(7), TCP_INFO. What is no TCP is within this machine. */
static int64_t round_trip(void *ctx, int fd)
{
    struct tcp_info info = { .tcpi_rtt = 0 };
    socklen_t size = sizeof info;
    (void)ctx;
    return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 ? info.tcpi_rtt : 0;
}

static const ar_env default_env = {
    .struct_size = sizeof(ar_env),
    .allocate = allocate,
    .reallocate = reallocate,
    .release = release,
    .now = now,
    .wall_now = wall_now,
    .random = random_bits,
    .entropy = entropy,
    .executor_start = executor_start,
    .executor_ring = executor_ring,
    .executor_join = executor_join,
    .wait = wait_word,
    .wake = wake_word,
    .readiness_open = readiness_open,
    .readiness_arm = readiness_arm,
    .readiness_wait = readiness_wait,
    .readiness_nudge = readiness_nudge,
    .round_trip = round_trip,
    .readiness_close = readiness_close,
};

const ar_env *ar_env_default(void)
{
    return &default_env;
}
