/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SUPPORT_SCRIPT_BACKEND_H
#define TESTS_SUPPORT_SCRIPT_BACKEND_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include <actrec/sys/backend.h>

#include "pools/pool.h"

/* A backend without a database, under the scheme "test": its statements say what becomes of them, and it writes down
 * what it was asked to do. A statement is a class, a colon, a verb and whatever makes it different from others:
 *
 *   r: reads  w: writes  d: defines  s: changes the session  t: is BEGIN or COMMIT as text
 *   ok          succeeds
 *   fail        AR_E_QUERY
 *   conflict    AR_E_CONFLICT, retryable
 *   wait        runs until script_let_go, or until the host interrupts it
 *   gather      waits likewise, and then has what may join it complete, logged as "0:joined w:ok"
 *   ended       succeeds, and the engine has left the transaction
 *   rollback    AR_E_CONFLICT, retryable, and the engine has left the transaction
 *   lose        AR_E_CONNECTION, and the connection is of no more use
 *
 * The log is a text: "0:open | 0:r:ok | 0:BEGIN", with the number of the connection, counted from 0 as they are opened,
 * and an operation's entry made when it begins to run. */

typedef struct script {
    ar_topology topology; /* at first: one writer, two readers */
    unsigned fail_opens;  /* how many more times open fails, with AR_E_CONNECTION */
    bool begin_waits;     /* BEGIN runs as "wait" */
    ar_status begin;      /* what BEGIN comes to */
    ar_status commit;     /* likewise; the transaction stays open when it fails */
    bool commit_unknown;  /* and then it may hold all the same, though it calls itself retryable */
    ar_status reset;
    int64_t round_trip; /* of the sockets of engines that do not block, microseconds; at first a long one */
} script;

extern script script_now;

/* Forgets everything; before each test. Registers the backend the first time. */
void script_start(void);

/* What was logged; borrowed until the next call. */
const char *script_log(void);
void script_forget_log(void);

/* Waits until that is all that was logged; fails the test when it is not so after 20 seconds, or never can be. */
void script_expect_log(const char *expected);

/* Waits until `entry` was logged; fails the test after 20 seconds. */
void script_wait_for(const char *entry);
/* Waits until the log ends with `entry`s count times in it. */
void script_wait_for_count(const char *entry, unsigned count);

/* Everything that waits, now and later, succeeds. */
void script_let_go(void);

/* The thread that ran the last operation with that entry. */
pthread_t script_thread_of(const char *entry);

/* Connections that are open now. */
unsigned script_open_connections(void);

/* A runtime that counts memory, and closing it, which fails the test when memory or connections are left, or a rule was
 * broken. */
ar_runtime *script_runtime(void);
void script_runtime_close(ar_runtime **runtime);

/* Blocks that are not given back. */
size_t script_live(void);

/* The allocation of that number from now on fails, from 1, and with `on` all after it; 0: none. refused: one was. */
void script_refuse(size_t number, bool on);
bool script_refused(void);

/* A pool on a runtime of its own that counts memory; `options` may be NULL. Fails the test when it cannot be opened. */
typedef struct script_pool {
    ar_runtime *runtime;
    ari_pool *pool;
} script_pool;
script_pool script_pool_open(const ari_pool_options *options);

/* Closes and releases it; fails the test when memory or connections are left. */
void script_pool_close(script_pool *pool);

/* An operation of that statement; `lease` may be NULL below. */
ari_op *script_op(ari_pool *pool, const char *sql);
ar_status script_run(ari_pool *pool, ari_lease *lease, const char *sql, ar_error *err);
ar_future *script_submit(ari_pool *pool, ari_lease *lease, const char *sql);

/* Waits for a future and drops it; gives its status. */
ar_status script_await(ar_future **future, ar_error *err);

/* A lease; fails the test when there is no memory. */
ari_lease *script_lease(ari_pool *pool, ari_lease_options options);

#endif
