/* SPDX-License-Identifier: MIT */
#ifndef BACKENDS_POSTGRES_CONNECTION_H
#define BACKENDS_POSTGRES_CONNECTION_H

#include <libpq-fe.h>

#include "backends/postgres/chore.h"
#include "backends/postgres/config.h"
#include "backends/postgres/statement.h"
#include "backends/postgres/value.h"

typedef struct ari_postgres_cursor ari_postgres_cursor;

/* One operation, from submit until nothing of it is under way. */
typedef struct ari_postgres_task ari_postgres_task;
struct ari_postgres_task {
    ari_postgres_task *next;               /* in the queue, or among the members of a step */
    ar_operation *operation;               /* NULL: it is completed, and what comes of it is thrown away */
    ari_postgres_statement *statement;     /* once it was looked up */
    ari_postgres_statement *find_together; /* that of its keys' array, likewise */
    ar_operation_kind kind;
    bool in_transaction;
    bool writes;      /* an error on the way leaves its outcome unknown */
    bool repeatable;  /* what the server says to have stopped has not happened: it may be run again */
    bool alone;       /* not to be fused again … */
    bool own_sync;    /* … nor to share a Sync */
    uint8_t retries;  /* that are left */
    uint32_t replies; /* of steps under way that name it */
};

typedef enum ari_postgres_step_kind {
    ARI_POSTGRES_PARSE = 1, /* Parse and Describe are two steps */
    ARI_POSTGRES_DESCRIBE,
    ARI_POSTGRES_GUARD,   /* makes a shared segment read-only */
    ARI_POSTGRES_CONTROL, /* what it answers does not matter */
    ARI_POSTGRES_RUN,     /* a statement, or the words of a transaction */
    ARI_POSTGRES_FUSED,   /* finds by key that run as one */
    ARI_POSTGRES_DECLARE, /* a cursor; its first rows are another step */
    ARI_POSTGRES_FETCH,
    ARI_POSTGRES_FENCE /* a Sync by itself */
} ari_postgres_step_kind;

/* One command under way, in the order in which the server answers. The steps up to one with `sync` are a segment. */
typedef struct ari_postgres_step ari_postgres_step;
struct ari_postgres_step {
    ari_postgres_step *next;
    ari_postgres_task *tasks;          /* one, but of FUSED; NULL: none */
    ari_postgres_statement *statement; /* PARSE, DESCRIBE */
    ari_postgres_cursor *cursor;       /* DECLARE, FETCH */
    ari_postgres_step_kind kind;
    bool sync;
    bool early; /* completes with its result, not with its Sync */
    bool ended; /* its NULL came; a Sync is still awaited */
    bool failed;
    bool aborted; /* it did not run */
};

typedef enum ari_postgres_state {
    ARI_POSTGRES_RESOLVING = 1,
    ARI_POSTGRES_CONNECTING,
    ARI_POSTGRES_SETTING_UP, /* the session, also again for AR_OP_RESET */
    ARI_POSTGRES_OPEN,
    ARI_POSTGRES_LOST
} ari_postgres_state;

struct ar_connection {
    const ar_env *env;
    ar_backend_host *host;
    const ar_backend_config *config;
    ar_connection_role role;
    ari_postgres_state state;
    bool told; /* host->opened was called */
    PGconn *pg;
    PostgresPollingStatusType polling;
    bool tls_handshake; /* what is being driven, or failed, is that */
    int64_t opening_deadline;
    ari_postgres_chore *chore; /* resolving or cancelling, on a thread of its own */
    ari_text_buffer setup;     /* SQL of the session's start */
    bool broken;               /* to be closed */
    bool dying;                /* the server said that it goes */
    bool busy;                 /* inside progress, submit or shed: completions may submit */
    bool fresh;                /* something was just sent: nothing is there to read yet */
    bool shares;               /* READ COMMITTED: reads may share a transaction */
    bool pooled;               /* another server answers at times: statements go without names */
    ar_error setup_error;

    ari_postgres_task *queue, **queue_end; /* not sent yet */
    ari_postgres_step *steps, **steps_end; /* under way */
    ari_postgres_step *current;            /* whose answer comes next; NULL: none */
    ari_postgres_task *spare_tasks;
    ari_postgres_step *spare_steps;
    uint32_t steps_count;
    uint32_t spare_steps_count;

    bool in_transaction;   /* from BEGIN's sending on */
    bool begin_pending;    /* BEGIN is sent and has not completed: what is behind it must not before it */
    ar_error begin_error;  /* of the last BEGIN, which those behind it fail with */
    bool tx_failed;        /* an operation of it failed: all but a rollback are refused */
    uint32_t rollbacks_to; /* so far: cursors from before one may be gone */
    uint32_t cursor_number;
    ari_postgres_cursor *cursors;

    bool unsendable;     /* a call of libpq that sends has failed */
    bool blocked;        /* the socket takes no more for now */
    bool barred;         /* nothing is sent until what is under way has ended */
    bool segment_shared; /* the open segment is one of reads */
    uint32_t segment_size;
    ari_text_buffer text; /* of a statement, with its NUL */

    bool cancelling; /* from the request until the fence behind it came back: nothing new is sent */
    bool fence_sent;
    uint32_t fences;         /* under way */
    int64_t cancel_again_at; /* when the request seems to have come too early */
    int64_t cancel_pause;    /* until the next one */
    int64_t ghosts_until;    /* by when what nobody waits for has to be answered; 0: nothing */
    size_t syncs;            /* sent so far; tests count them */
    size_t commands;         /* likewise */

    ari_postgres_statements statements;
    ari_postgres_parameters parameters;
    ari_postgres_columns columns;
};

ar_status ari_postgres_open(const ar_backend_config *config, ar_connection_role role, ar_backend_host *host,
                            ar_connection **out, ar_error *err);
void ari_postgres_submit(ar_connection *connection, ar_operation *batch);
bool ari_postgres_usable(const ar_connection *connection);
void ari_postgres_close(ar_connection *connection);
int ari_postgres_progress(ar_connection *connection, int *fd, int64_t *until);
void ari_postgres_shed(ar_connection *connection);

/* connecting.c: goes on with opening, or with a reset of the session. Answers the events it waits for. */
int ari_postgres_connect_on(ar_connection *connection, int *fd, int64_t *until);
void ari_postgres_start_reset(ar_connection *connection);
ar_status ari_postgres_start_opening(ar_connection *connection, ar_error *err);

/* Everything under way ends: the connection is of no more use. */
void ari_postgres_lose(ar_connection *connection);

#endif
