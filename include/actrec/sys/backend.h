/* SPDX-License-Identifier: MIT */
#ifndef ACTREC_SYS_BACKEND_H
#define ACTREC_SYS_BACKEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <actrec/error.h>
#include <actrec/isolation.h>
#include <actrec/sys/dialect.h>
#include <actrec/sys/env.h>
#include <actrec/value.h>

AR_BEGIN_DECLS

/* What an engine has to provide. A backend knows drivers and nothing of actors, pools or models: it is given batches of operations,
 * on one thread at a time per connection, and says how each ended. It holds primitives only. Entries say *must* or *may*. */

/* What a statement does, which decides where it may run and what it may share a transaction with. */
typedef enum ar_statement_class {
    AR_STATEMENT_READ = 1,    /* reads rows and changes nothing */
    AR_STATEMENT_WRITE,       /* INSERT, UPDATE, DELETE, REPLACE, with or without a WITH before it */
    AR_STATEMENT_SCHEMA,      /* CREATE, ALTER, DROP … */
    AR_STATEMENT_SESSION,     /* changes the connection: PRAGMA, SET, ATTACH, anything TEMP */
    AR_STATEMENT_TRANSACTION, /* BEGIN, COMMIT, ROLLBACK, SAVEPOINT, RELEASE: refused as text */
    AR_STATEMENT_OTHER        /* VACUUM, ANALYZE, what is not known: runs alone */
} ar_statement_class;

typedef struct ar_statement ar_statement;

/* How rows are found together that are asked for one by one, by keys that are integers, UUIDs or bytes. The rows come in any order, and a key without a row has none. */
typedef struct ar_find_together {
    uint32_t key_column; /* among the columns of the result, which are those of the find by one key */
    bool as_array; /* statements[0] takes all keys as one array parameter; else statements[i] takes 2^(i+1) keys */
    uint32_t count;
    const ar_statement *const *statements;
} ar_find_together;

/* One text of SQL, the same for all its executions. Immutable; lives longer than every operation that names it. */
struct ar_statement {
    uint64_t id; /* never used twice in a process: the key of prepared-statement caches; 0: do not cache */
    const char *sql;
    size_t sql_length; /* bytes */
    uint32_t parameter_count;
    ar_statement_class statement_class;
    bool generated;                   /* made by the ORM from a model, without raw fragments */
    const ar_find_together *together; /* of a find by one key; NULL: it is none, or there is no such way */
};

typedef struct ar_result_column {
    const char *name;     /* as the engine names it; borrowed until `begin` returns */
    const char *declared; /* its declared type, NULL for an expression */
} ar_result_column;

/* Where rows go. Runs on the thread that runs the connection; must not block. */
typedef struct ar_sink {
    /* May be NULL. Before the first row, and when there is none, once per execution. */
    ar_status (*begin)(void *ctx, const ar_result_column *columns, size_t count, ar_error *err);
    /* One row; texts and bytes are borrowed until it returns, and a text has no NUL inside. Anything but AR_OK stops the statement with that error. */
    ar_status (*row)(void *ctx, const ar_value *values, size_t count, ar_error *err);
    /* The statement is run again from its start: forget the rows. */
    void (*restart)(void *ctx);
} ar_sink;

typedef enum ar_operation_kind {
    AR_OP_EXECUTE = 1,  /* run `statement` to its end; with row_limit, until that many rows came */
    AR_OP_FETCH,        /* go on with `cursor` for row_limit rows more */
    AR_OP_CLOSE_CURSOR, /* forget `cursor`; never fails */
    AR_OP_BEGIN, /* open a transaction; `read_only`, `isolation` and `deferrable` as set. Comes when nothing else is under way on the connection */
    AR_OP_COMMIT,
    AR_OP_ROLLBACK,
    AR_OP_SAVEPOINT,   /* the savepoint of number `savepoint` */
    AR_OP_RELEASE,     /* likewise */
    AR_OP_ROLLBACK_TO, /* likewise; the savepoint stays */
    AR_OP_RESET        /* undo what raw SQL may have changed in the session; a failure means: close the connection */
} ar_operation_kind;

typedef struct ar_operation ar_operation;
struct ar_operation {
    ar_operation
        *next; /* in the batch, in the order of submission; the backend may change it until it completes this one */
    ar_operation_kind kind;
    /* Belongs to the open transaction of this connection, or to that of the BEGIN right before it in the batch, and then runs only when that succeeded, and else
     * fails: no grouping, no commit of its own. */
    bool in_transaction;
    bool read_only; /* BEGIN, likewise the next two */
    bool deferrable;
    bool one_row; /* EXECUTE: reads by a key; after a row there is no need to look for another */
    ar_isolation isolation;
    uint32_t savepoint;
    const ar_statement *statement;
    const ar_value *parameters; /* statement->parameter_count of them; stay valid until the operation is completed */
    size_t
        rows; /* EXECUTE: `parameters` has that many rows of them, one after the other, for a statement that is written for dialect->bulk; 0: no bulk */
    const ar_type *wanted; /* the types to decode the columns to; NULL: as the engine has them */
    size_t wanted_count;   /* a result with another number of columns is AR_E_TYPE */
    const ar_sink *sink;   /* NULL: rows are thrown away */
    void *sink_ctx;
    int64_t deadline; /* microseconds of env->now; INT64_MAX: none */
    size_t row_limit; /* EXECUTE, FETCH: rows; 0: all. With a limit, only inside a transaction */

    /* Results, set before it is completed. */
    void *cursor;           /* EXECUTE with row_limit, FETCH: not NULL when there are more rows */
    int64_t changes;        /* rows inserted, updated (found, also when nothing differed) or deleted */
    int64_t row_id;         /* of the last row inserted by this statement; 0: none */
    bool ended_transaction; /* the engine left the transaction of this connection */
    bool
        unsent; /* with an error: provably nothing of it came into effect, because it was not sent; it may be sent again */
    void *host_data; /* the host's own */
};

/* What the layer above gives to a connection. */
typedef struct ar_backend_host ar_backend_host;
struct ar_backend_host {
    const ar_env *env;
    /* All but `wake` are called on the thread that runs the connection.
     *
     * `operation` ended: AR_OK when `error` is NULL, else error->status (copied). Exactly once per operation; it is gone then. */
    void (*complete)(ar_backend_host *host, ar_operation *operation, const ar_error *error);
    /* Cancelled, or past its deadline: stop it as soon as that is possible. Cheap enough for a progress handler. */
    bool (*interrupted)(const ar_backend_host *host, const ar_operation *operation);
    /* While `open` runs: the operations that wait for the connection, linked by next; NULL: none. As soon as one is interrupted, waits of `open` end,
     * with AR_E_TIMEOUT when its deadline passed, else AR_E_CANCELLED. None is completed by `open`. */
    const ar_operation *opening_for;
    /* May be NULL. Inside `submit`, before a common COMMIT: writes of no transaction that came meanwhile, linked by next, which join it and are completed
     * like those of the batch; NULL: none. */
    ar_operation *(*more)(ar_backend_host *host);
    /* The rest is for engines that do not block. The connection is open, or (error not NULL) cannot be opened and is only to be closed. Once, from `open` or `progress`. */
    void (*opened)(ar_backend_host *host, const ar_error *error);
    /* Any thread, until the connection is closed: has `progress` called soon. */
    void (*wake)(ar_backend_host *host);
    /* On AR_ROLE_LISTENER: a notification came. Both are borrowed until it returns. */
    void (*notified)(ar_backend_host *host, const char *channel, const char *payload);
};

/* The parts of "scheme://user:password@host:port/path?name=value&…", percent-decoded; "scheme:path" has no host. Borrowed. */
typedef struct ar_url_option {
    const char *name;
    const char *value;
} ar_url_option;

typedef struct ar_url {
    const char *scheme;
    const char *user;     /* NULL: none, likewise below */
    const char *password; /* never in a message */
    const char *host;
    uint16_t port;    /* 0: none */
    const char *path; /* "sqlite:app.db" → "app.db"; "sqlite:///tmp/a.db" → "/tmp/a.db"; "" when there is none */
    const ar_url_option *options;
    size_t option_count;
} ar_url;

typedef enum ar_connection_role {
    AR_ROLE_WRITER = 1, /* runs everything */
    AR_ROLE_READER,     /* runs AR_STATEMENT_READ and read-only transactions */
    AR_ROLE_LISTENER    /* runs LISTEN and UNLISTEN, and watches for notifications while it is idle */
} ar_connection_role;

/* How many connections of each kind make sense. No readers: the writers read too. No writers: read-only. */
typedef struct ar_topology {
    uint16_t writers;
    uint16_t readers;
    bool blocking; /* submit blocks while the driver works: the connection gets a thread of its own */
    bool
        pipelines; /* an operation of a transaction may be submitted while others of it are under way: the engine refuses those behind one that failed (AR_E_TX_ABORTED) */
    bool
        connection_is_database; /* all data goes with the one connection, which is therefore never closed to be opened anew */
} ar_topology;

typedef struct ar_backend_config ar_backend_config; /* the backend's own: its options, read from a URL */
typedef struct ar_connection ar_connection;         /* the backend's own: one open connection */

typedef struct ar_backend {
    size_t struct_size;         /* sizeof(ar_backend) */
    const char *name;           /* "sqlite" */
    const char *const *schemes; /* must: URL schemes, ended by NULL */
    const ar_dialect *dialect;  /* must */

    /* must: reads and checks the URL; an option that is not known is AR_E_INVALID. Does no I/O. */
    ar_status (*configure)(const ar_env *env, const ar_url *url, ar_backend_config **out, ar_topology *topology,
                           ar_error *err);
    /* must */
    void (*config_free)(ar_backend_config *config);
    /* must: says what a statement does, from its text alone. */
    ar_statement_class (*classify)(const char *sql, size_t length);
    /* must: opens a connection that is ready for work. `config` and `host` live longer than it. It may wait, see host->opening_for. An engine that does not block only
     * begins, and says host->opened when it is ready. */
    ar_status (*open)(const ar_backend_config *config, ar_connection_role role, ar_backend_host *host,
                      ar_connection **out, ar_error *err);
    /* must: runs the operations of `batch` (linked by next), completing each exactly once: an engine that blocks before it returns, another one later, in whatever order the
     * futures may complete; it takes batches while others are under way, and the connection is open. */
    void (*submit)(ar_connection *connection, ar_operation *batch);
    /* must: false when the connection is of no more use and should be closed. */
    bool (*usable)(const ar_connection *connection);
    /* must: closes and frees; an open transaction is rolled back. What is under way is completed first, with AR_E_CLOSED. Never blocks for long. */
    void (*close)(ar_connection *connection);

    /* must for an engine that does not block, NULL for others, likewise `shed`: goes on with what is under way: connects, sends, reads, completes. Answers the events of poll(2)
     * that it waits for on *fd, 0 when it waits for none; *until (given as INT64_MAX) may be set to the time of env->now when it wants to be called although nothing came. */
    int (*progress)(ar_connection *connection, int *fd, int64_t *until);
    /* Some operation under way is interrupted (host->interrupted tells which): each is completed now, with AR_E_TIMEOUT or AR_E_CANCELLED, `unsent` or outcome_unknown as
     * it is. What the server still answers to it is thrown away; the server may be asked to stop it, never anything else. */
    void (*shed)(ar_connection *connection);
    /* may: how SQL is written for the server that the connection has reached; `dialect` when NULL. The same for all servers behind one URL. */
    const ar_dialect *(*dialect_of)(const ar_connection *connection);
} ar_backend;

/* Makes `backend` known under its schemes.
 * Owns:    nothing; `backend` must live as long as the process.
 * Threads: any.
 * Blocks:  for a lock that is held for a few instructions.
 * Errors:  AR_E_INVALID when a *must* entry is missing or one of `progress` and `shed` without the other, or struct_size or a scheme is not right; AR_E_BUSY when a scheme is taken by another
 *          backend; AR_E_NO_MEMORY when there is no room for more. */
AR_API AR_NODISCARD ar_status ar_backend_register(const ar_backend *backend, ar_error *err);

AR_END_DECLS

#endif
