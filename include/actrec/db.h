/* SPDX-License-Identifier: MIT */
#ifndef ACTREC_DB_H
#define ACTREC_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <actrec/bind.h>
#include <actrec/error.h>
#include <actrec/executor.h>
#include <actrec/future.h>
#include <actrec/isolation.h>
#include <actrec/runtime.h>

AR_BEGIN_DECLS

/* A handle of a database, a scope or a transaction: each takes the same calls. A database may be shared by all threads; a scope and a transaction
 * belong to one thread at a time. A handle is not a pointer: a closed one answers AR_E_CLOSED, whenever it is used. */
typedef struct ar_db ar_db;

typedef struct ar_db_options {
    size_t struct_size;    /* 0: the fields of release 0.1 */
    ar_runtime *runtime;   /* NULL: the default one */
    int64_t timeout_ms;    /* each operation that sets none; 0: none */
    int64_t close_wait_ms; /* how long ar_db_close waits for what is under way; 0: 5,000; negative: for ever */
    uint32_t queue_limit;  /* operations that may wait; more answer AR_E_OVERLOAD; 0: 1,048,576 */
    uint32_t lazy_loads;   /* how often one relation may be loaded for single records of one list before that is
                              logged, with the place in the code; 0: any number. See actrec/eager.h */
    bool lazy_refused;     /* such a load answers AR_E_NOT_LOADED, and is not logged */
} ar_db_options;

/* Opens the database of `url`: "sqlite:app.db", "sqlite:///absolute/app.db", "sqlite::memory:", "postgresql://user:password@host/database",
 * "mysql://user:password@host/database"; with "?option=value&…" behind it.
 * Owns:    the caller: ar_db_close.
 * Threads: any.
 * Blocks:  until the first connection is open.
 * Errors:  AR_E_INVALID for NULL and for a URL or option that is not understood; AR_E_UNSUPPORTED for an engine that is not known to this build, and for a server that is too old;
 *          AR_E_CONNECTION when it cannot be opened, AR_E_CONFLICT while others keep it locked, AR_E_CORRUPT, AR_E_READ_ONLY, AR_E_IO,
 *          AR_E_NO_MEMORY, AR_E_FORKED. *out is NULL then. */
AR_API AR_NODISCARD ar_status ar_db_open(const char *url, const ar_db_options *options, ar_db **out, ar_error *err);

/* Closes the database and sets *db to NULL: refuses new work, waits for what is under way as the option says, then
 * fails it with AR_E_CLOSED, and has servers stop it. Its scopes and transactions that are still open are closed first,
 * with all that they own: no other thread may be using what it read through them.
 * Owns:    takes *db; NULL and a NULL *db do nothing. On a scope or a transaction: ar_scope_close.
 * Threads: any one; calls of others through the database and its scopes answer AR_E_CLOSED from then on.
 * Blocks:  as said, and up to two seconds more while a server does not answer.
 * Errors:  none: closing a closed one does nothing. */
AR_API void ar_db_close(ar_db **db);

typedef struct ar_scope_options {
    size_t struct_size; /* 0: the fields of release 0.1 */
    int64_t timeout_ms; /* from now, for all that is done through it together; 0: none */
    const char *trace;  /* a trace context that travels with the operations, at most 127 bytes; copied */
    ar_value tenant;    /* whose rows are read and written of models with an AR_TENANT column: ar_bind(7); copied. NULL:
                           as the handle around it says. Such a model without a tenant is AR_E_INVALID */
    bool all_tenants;   /* those of all tenants; what is inserted says itself whose it is */
    uint32_t lazy_loads; /* as ar_db_options; 0: as the handle around it says, with lazy_refused */
    bool lazy_refused;
} ar_scope_options;

/* Opens a scope on `db`, which may be a database, a scope or a transaction: for one request, say. It carries a deadline, and owns what is read
 * through it. Never NULL: trouble shows with the first operation.
 * Owns:    the caller: ar_scope_close.
 * Threads: any.
 * Blocks:  never.
 * Errors:  with the first operation through it. */
AR_API ar_db *ar_scope_open(ar_db *db, const ar_scope_options *options);

/* Closes a scope and sets *scope to NULL: cancels what is under way through it, rolls its transactions back, frees what it owns.
 * Owns:    takes *scope; NULL and a NULL *scope do nothing.
 * Threads: the one that uses it.
 * Blocks:  until its operations in flight have stopped.
 * Errors:  none. */
AR_API void ar_scope_close(ar_db **scope);

enum {
    /* When the connection is lost under the commit, the database is asked on another one whether it holds, until the transaction's deadline, or for 30 seconds when it has none:
     * the commit then answers AR_OK or a retryable AR_E_CONNECTION, and `outcome_unknown` only when nobody could be asked in that time. For that it writes a row into the table
     * actrec_commits, which is made on first use, and whose rows are deleted after a day. */
    AR_TX_VERIFY_COMMIT = 1 << 0
};

typedef struct ar_tx_options {
    size_t struct_size; /* 0: the fields of release 0.1 */
    int retries;        /* how many more times ar_tx_finish asks for the work after a conflict; 0: none */
    bool read_only;     /* writes are refused; may run beside a writer */
    bool
        allow_outside; /* the thread that holds it may block on the database outside of it; says nothing about a savepoint's transaction */
    int64_t timeout_ms; /* for the whole of each attempt; 0: none */
    int64_t
        backoff_min_ms; /* before the second attempt ar_tx_finish waits for up to that, then up to twice as long as before; */
    int64_t backoff_max_ms; /* but no longer than that; at least half of it is waited. 0: 1 and 128 */
    ar_isolation isolation; /* of a savepoint's transaction: at most that of the one around it */
    bool
        deferrable; /* waits before its first statement until it cannot conflict: serializable, read-only, PostgreSQL */
    uint32_t flags; /* AR_TX_VERIFY_COMMIT, of the outermost transaction alone */
} ar_tx_options;

/* Begins a transaction on `db`; on a transaction: a savepoint, until whose end the transaction around it answers AR_E_DEADLOCK. Never blocks and never NULL: BEGIN travels with the first operation, and so does trouble.
 * Owns:    the caller: ar_tx_finish, ar_tx_commit or ar_tx_rollback; it dies with the handle it was begun on.
 * Threads: one at a time; the thread that begins it is the one that holds it.
 * Blocks:  never.
 * Errors:  with the first operation through it: AR_E_UNSUPPORTED, nothing sent, for `deferrable` where the engine knows no such thing; AR_E_INVALID for options that
 *          make no sense. */
AR_API ar_db *ar_tx_begin(ar_db *db, const ar_tx_options *options);

/* Ends an attempt: commits when *status is AR_OK, else rolls back. True: it was a conflict and attempts are left; *tx is ready for the work to be done again.
 * A conflict is AR_E_CONFLICT, and what a statement or the commit failed with where that was retryable. False: it is over, *tx is NULL, and *status and `err` say how:
 * a rollback leaves them as they were.
 * Owns:    takes *tx when it answers false; what was read through it dies with the attempt.
 * Threads: the one that holds it. Inside a behaviour of an actor, which must not wait, it never asks for another attempt: see ar_tx_finish_async.
 * Blocks:  until committed or rolled back, and between attempts for a growing, jittered moment, as the options say, but never past the deadline of the handle around it.
 * Errors:  in *status; AR_E_INVALID for a NULL argument (err alone may be NULL). */
AR_API bool ar_tx_finish(ar_db **tx, ar_status *status, ar_error *err);

/* The same, without waiting, also not between attempts. `status` and `error` (which may be NULL) say how the work ended.
 * Owns:    takes *tx at once; what was read through it dies with the future. The future is the caller's; one that is
 *          dropped ends the attempt all the same, and none is made again.
 * Threads: the one that holds it; the future is to be awaited by the thread that uses the records.
 * Blocks:  never.
 * Errors:  in the future: as ar_tx_finish; AR_E_NO_MEMORY: it was rolled back. */
typedef struct ar_tx_future {
    ar_future *raw;
} ar_tx_future;
AR_API ar_tx_future ar_tx_finish_async(ar_db **tx, ar_status status, const ar_error *error);

/* Waits until it is over or to be done again, up to timeout_ms milliseconds (negative: for ever; 0 only looks), and
 * consumes the future but for AR_E_PENDING. *again is NULL: it is over, and what is answered says how. Else it was a
 * conflict, which is answered: *again is the next attempt, a transaction for the work to be done again through.
 * Owns:    takes future->raw; *again is the caller's: ar_tx_finish, ar_tx_finish_async and the like.
 * Threads: any one at a time; it holds the next attempt.
 * Blocks:  as said.
 * Errors:  AR_E_PENDING; AR_E_INVALID for NULL; those of ar_tx_finish. */
AR_API AR_NODISCARD ar_status ar_tx_await(ar_tx_future *future, ar_db **again, ar_error *err);
AR_API AR_NODISCARD ar_status ar_tx_await_for(ar_tx_future *future, int64_t timeout_ms, ar_db **again, ar_error *err);

/* Has `fn` called on `executor` with the outcome and the next attempt, NULL when it is over; as ar_done_then. */
typedef void (*ar_tx_fn)(void *arg, ar_status status, ar_db *again, const ar_error *err);
AR_API AR_NODISCARD ar_status ar_tx_then(ar_tx_future *future, ar_executor *executor, ar_tx_fn fn, void *arg,
                                         ar_error *err);

/* For those who try again by themselves, without waiting: the milliseconds to let pass (ar_timer_after) after the attempt of that number, from 0, failed for a conflict; as
 * ar_tx_finish would wait.
 * Owns:    nothing.
 * Threads: any.
 * Blocks:  never.
 * Errors:  0 for a handle that is none. */
AR_API int64_t ar_tx_backoff(ar_db *db, const ar_tx_options *options, int attempt);

/* Commits, or releases the savepoint, and sets *tx to NULL. What was sent through it, or through scopes on it, and is not complete is part of it.
 * Owns:    takes *tx, also on error.
 * Threads: the one that holds it.
 * Blocks:  until it is committed.
 * Errors:  AR_E_TX_ABORTED when a statement in it failed: it is rolled back; the engine's; AR_E_CLOSED; AR_E_INVALID. */
AR_API AR_NODISCARD ar_status ar_tx_commit(ar_db **tx, ar_error *err);

/* The same, without waiting. When the commit fails, records saved in it get back their key, newness and snapshot where the future is awaited; a future that is dropped leaves
 * them as they are.
 * Owns:    takes *tx at once; what was read through it dies with the future. The future is the caller's.
 * Threads: the one that holds it; the future is to be awaited by the thread that uses the records.
 * Blocks:  never.
 * Errors:  in the future: as ar_tx_commit. */
AR_API ar_done ar_tx_commit_async(ar_db **tx);

/* Rolls back, or back to the savepoint, and sets *tx to NULL. What is under way through it is cancelled. Records that were saved in it get back their key, newness and snapshot.
 * Owns:    takes *tx, also on error.
 * Threads: the one that holds it.
 * Blocks:  until it is rolled back.
 * Errors:  AR_E_CLOSED, AR_E_INVALID; AR_E_CONNECTION when the connection is lost (it is rolled back then all the same). */
AR_API AR_NODISCARD ar_status ar_tx_rollback(ar_db **tx, ar_error *err);

/* The same, without waiting; records are given back in this call.
 * Owns:    takes *tx at once; what was read through it dies with the future. The future is the caller's, and may be dropped.
 * Threads: the one that holds it.
 * Blocks:  never.
 * Errors:  in the future: as ar_tx_rollback. */
AR_API ar_done ar_tx_rollback_async(ar_db **tx);

/* Sets a savepoint of that name in the transaction, which ar_tx_rollback_to goes back to and ar_tx_release forgets. A name that is there already hides the older one. Unlike a
 * transaction begun on the transaction, it takes no handle, and may be gone back to again and again.
 * Owns:    nothing; the name, 1 to 127 bytes of any text, is copied, and never sent.
 * Threads: the one that holds it.
 * Blocks:  until it is set; the asynchronous one never.
 * Errors:  AR_E_INVALID for NULL, for a name that is too long, and on a database or a scope; AR_E_TX_ABORTED after a failed statement; AR_E_DEADLOCK while another transaction is
 *          open inside; AR_E_NO_MEMORY; the engine's. */
AR_API AR_NODISCARD ar_status ar_tx_savepoint(ar_db *tx, const char *name, ar_error *err);
AR_API ar_done ar_tx_savepoint_async(ar_db *tx, const char *name);

/* Undoes what was done since the savepoint was set, also a failed statement; newer savepoints are gone, it itself stays. Records that were saved since get back their key,
 * newness and snapshot; with the asynchronous one in this call.
 * Owns:    nothing.
 * Threads: the one that holds it.
 * Blocks:  until that is done; the asynchronous one never.
 * Errors:  AR_E_INVALID too when there is no such savepoint; AR_E_TX_ABORTED when the whole transaction is over; else as ar_tx_savepoint. */
AR_API AR_NODISCARD ar_status ar_tx_rollback_to(ar_db *tx, const char *name, ar_error *err);
AR_API ar_done ar_tx_rollback_to_async(ar_db *tx, const char *name);

/* Forgets the savepoint and all newer ones; what was done since is part of the transaction.
 * Owns:    nothing.
 * Threads: the one that holds it.
 * Blocks:  until that is done; the asynchronous one never.
 * Errors:  AR_E_TX_ABORTED after a failed statement, which only ar_tx_rollback_to and ar_tx_rollback end; else as ar_tx_rollback_to. */
AR_API AR_NODISCARD ar_status ar_tx_release(ar_db *tx, const char *name, ar_error *err);
AR_API ar_done ar_tx_release_async(ar_db *tx, const char *name);

AR_END_DECLS

#endif
