/* SPDX-License-Identifier: MIT */
#ifndef ACTREC_SYS_BACKEND_H
#define ACTREC_SYS_BACKEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <actrec/error.h>
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

/* One text of SQL, the same for all its executions. Immutable; lives longer than every operation that names it. */
typedef struct ar_statement {
    uint64_t id; /* never used twice in a process: the key of prepared-statement caches; 0: do not cache */
    const char *sql;
    size_t sql_length; /* bytes */
    uint32_t parameter_count;
    ar_statement_class statement_class;
    bool generated; /* made by the ORM from a model, without raw fragments */
} ar_statement;

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
    AR_OP_BEGIN,        /* open a transaction; `read_only` as set */
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
    bool in_transaction; /* belongs to the open transaction of this connection: no grouping, no commit of its own */
    bool read_only;      /* BEGIN */
    uint32_t savepoint;
    const ar_statement *statement;
    const ar_value *parameters; /* statement->parameter_count of them; stay valid until the operation is completed */
    const ar_type *wanted;      /* the types to decode the columns to; NULL: as the engine has them */
    size_t wanted_count;        /* a result with another number of columns is AR_E_TYPE */
    const ar_sink *sink;        /* NULL: rows are thrown away */
    void *sink_ctx;
    int64_t deadline; /* microseconds of env->now; INT64_MAX: none */
    size_t row_limit; /* EXECUTE, FETCH: rows; 0: all. With a limit, only inside a transaction */

    /* Results, set before it is completed. */
    void *cursor;           /* EXECUTE with row_limit, FETCH: not NULL when there are more rows */
    int64_t changes;        /* rows inserted, updated (found, also when nothing differed) or deleted */
    int64_t row_id;         /* of the last row inserted by this statement; 0: none */
    bool ended_transaction; /* the engine left the transaction of this connection */
    void *host_data;        /* the host's own */
};

/* What the layer above gives to a connection. */
typedef struct ar_backend_host ar_backend_host;
struct ar_backend_host {
    const ar_env *env;
    /* `operation` ended: AR_OK when `error` is NULL, else error->status (copied). Exactly once per operation; it is gone then. */
    void (*complete)(ar_backend_host *host, ar_operation *operation, const ar_error *error);
    /* Cancelled, or past its deadline: stop it as soon as that is possible. Cheap enough for a progress handler. */
    bool (*interrupted)(const ar_backend_host *host, const ar_operation *operation);
    /* While `open` runs: the operations that wait for the connection, linked by next; NULL: none. As soon as one is interrupted, waits of `open` end,
     * with AR_E_TIMEOUT when its deadline passed, else AR_E_CANCELLED. None is completed by `open`. */
    const ar_operation *opening_for;
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
    AR_ROLE_READER      /* runs AR_STATEMENT_READ and read-only transactions */
} ar_connection_role;

/* How many connections of each kind make sense. No readers: the writers read too. No writers: read-only. */
typedef struct ar_topology {
    uint16_t writers;
    uint16_t readers;
    bool blocking; /* submit blocks while the driver works: the connection gets a thread of its own */
    bool
        connection_is_database; /* all data goes with the one connection, which is therefore never closed to be opened anew */
} ar_topology;

typedef enum ar_placeholder_style {
    AR_PLACEHOLDER_QUESTION = 1, /* ? */
    AR_PLACEHOLDER_DOLLAR        /* $1, $2 … */
} ar_placeholder_style;

/* How SQL is written for this engine: data for whoever builds it. */
typedef struct ar_dialect {
    const char *name; /* "sqlite" */
    ar_placeholder_style placeholder;
    char identifier_quote;    /* '"' or '`'; doubled inside */
    bool bracket_identifiers; /* [name] is an identifier too */
    bool backslash_escapes;   /* inside '…' */
    bool dollar_quotes;       /* $tag$ … $tag$ */
    bool nested_comments;
    uint32_t max_parameters;
    const char *column_types[16]; /* by ar_type; NULL: not supported */
    const char *auto_key; /* the whole type of an integer AUTO primary key, "INTEGER PRIMARY KEY AUTOINCREMENT" */
    const char *lock_for_update; /* " FOR UPDATE"; "" where a write transaction locks anyway */
    const char *no_limit;        /* what LIMIT takes when only an OFFSET is given: "-1" */
    const char *default_row;     /* "DEFAULT VALUES" or "() VALUES ()" */
    const char
        *decimal_compare;    /* put behind a decimal column in comparisons and orders; "" where it compares by value */
    const char *decimal_sum; /* the aggregate that adds decimals exactly: "sum" */
    bool returning;          /* INSERT … RETURNING */
    bool row_id_is_key;      /* ar_operation.row_id is the AUTO key of the inserted row */
    bool on_conflict;        /* ON CONFLICT (…) DO UPDATE, else ON DUPLICATE KEY UPDATE */
} ar_dialect;

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
    /* must: opens a connection that is ready for work. `config` and `host` live longer than it. It may wait, see host->opening_for. */
    ar_status (*open)(const ar_backend_config *config, ar_connection_role role, ar_backend_host *host,
                      ar_connection **out, ar_error *err);
    /* must: runs the operations of `batch` (linked by next), completing each exactly once before it returns. */
    void (*submit)(ar_connection *connection, ar_operation *batch);
    /* must: false when the connection is of no more use and should be closed. */
    bool (*usable)(const ar_connection *connection);
    /* must: closes and frees; an open transaction is rolled back. */
    void (*close)(ar_connection *connection);
} ar_backend;

/* Makes `backend` known under its schemes.
 * Owns:    nothing; `backend` must live as long as the process.
 * Threads: any.
 * Blocks:  for a lock that is held for a few instructions.
 * Errors:  AR_E_INVALID when a *must* entry is missing, or struct_size or a scheme is not right; AR_E_BUSY when a scheme is taken by another
 *          backend; AR_E_NO_MEMORY when there is no room for more. */
AR_API AR_NODISCARD ar_status ar_backend_register(const ar_backend *backend, ar_error *err);

AR_END_DECLS

#endif
