/* SPDX-License-Identifier: MIT */
#ifndef BACKENDS_MYSQL_CONNECTION_H
#define BACKENDS_MYSQL_CONNECTION_H

#include <actrec/sys/backend.h>

#include "backends/mysql/call.h"
#include "backends/mysql/chore.h"
#include "backends/mysql/config.h"
#include "backends/mysql/session.h"
#include "backends/mysql/statement.h"

enum { ARI_MYSQL_FUSED = 128 };

typedef enum ari_mysql_phase {
    ARI_MYSQL_OPENING, /* a chore connects */
    ARI_MYSQL_OPEN,
    ARI_MYSQL_LOST /* or it could not be opened: only to be closed */
} ari_mysql_phase;

/* What goes on when the call of the driver that is under way is over. */
typedef enum ari_mysql_step {
    ARI_MYSQL_IDLE,     /* none is: take the next operation */
    ARI_MYSQL_EVICTED,  /* an old statement was closed to make room */
    ARI_MYSQL_RENEWING, /* a statement that is out of date was closed */
    ARI_MYSQL_PREPARED,
    ARI_MYSQL_EXECUTED,
    ARI_MYSQL_FETCHED,
    ARI_MYSQL_EMPTIED, /* the rest of a result was thrown away */
    ARI_MYSQL_NEXT_RESULT,
    ARI_MYSQL_ISOLATED, /* the level of the transaction that is to be opened */
    ARI_MYSQL_QUERIED,  /* a statement as text */
    ARI_MYSQL_QUERY_STORED,
    ARI_MYSQL_PROBED, /* after an error: is the transaction still open? */
    ARI_MYSQL_PROBE_STORED,
    ARI_MYSQL_SESSION_RESET,
    ARI_MYSQL_SESSION_SET_UP,
    ARI_MYSQL_SESSION_INITIAL,
    ARI_MYSQL_DISCARDED, /* a statement that is not kept was closed */
    ARI_MYSQL_UNDONE,    /* a transaction that nobody waits for was rolled back */
    ARI_MYSQL_ABSORBED,  /* a KILL that came too late hit this instead of another statement */
    ARI_MYSQL_ABSORB_STORED
} ari_mysql_step;

/* A cursor stands before a row that was fetched but not given yet, so that it is known whether there are more. */
typedef struct ari_mysql_cursor ari_mysql_cursor;
struct ari_mysql_cursor {
    ari_mysql_cursor *next;
    ari_mysql_statement *statement; /* its own; NULL after a reset */
    bool dead;                      /* its transaction has ended */
};

/* What is under way: one operation, or many finds as one. */
typedef struct ari_mysql_job {
    ar_operation *members[ARI_MYSQL_FUSED]; /* NULL: completed already */
    size_t count;
    size_t live;
    ar_operation_kind kind;
    const ar_statement *source; /* NULL: none; only while there are live members, or until it was sent */
    ar_statement_class statement_class;
    bool in_transaction;
    bool fused;
    bool begun;     /* the sinks know the columns */
    bool executing; /* some of it may have been sent */
    bool renewed;   /* the statement was prepared anew for it */
    bool as_text;
    bool unmatched; /* a row of a fused query belongs to nobody */
    bool holds_row; /* a cursor has a row that was not given */
    bool isolated;  /* BEGIN: its level was sent */
    ari_mysql_statement *statement;
    ari_mysql_cursor *cursor;
    char *text; /* of a statement that is being sent; the operation may be gone before */
    char command[40];
    uint64_t given; /* rows */
    int64_t changes;
    int64_t row_id;
    ar_status status;
    ar_error error;
} ari_mysql_job;

struct ar_connection {
    const ar_env *env;
    const ar_backend_config *config;
    ar_backend_host *host;
    ari_mysql_phase phase;
    ari_mysql_session session;
    const ar_dialect *dialect;
    ari_mysql_chore *opening;
    int64_t opening_until;
    ari_mysql_chore *killing; /* while it lives nothing else is sent */
    ari_mysql_call call;
    ari_mysql_step step;
    bool running;          /* a job is under way */
    bool was_idle;         /* since the last reply: see whether the server is still there before anything is sent */
    int64_t patient_until; /* for a reply that nobody waits for */
    int64_t stop_again_at; /* the server was asked to stop what runs, and that still runs; 0: not looked at yet */
    int64_t stop_pause;    /* until the next time */
    bool stop_sent;        /* by one that asked before: what runs next may be hit even if `killing` is called off */
    bool in_transaction;
    ar_error begin_error; /* of the BEGIN before; status AR_OK: it succeeded */
    ar_operation *first;  /* waiting */
    ar_operation *last;
    size_t singly; /* so many of the first are not to be fused */
    bool alone;    /* nor is the one that was taken last */
    ari_mysql_job job;
    ari_cache statements; /* prepared ones, by ar_statement.id */
    ari_mysql_cursor *cursors;
    ar_value *values; /* of a row */
    size_t value_capacity;
    ar_value *keys; /* ARI_MYSQL_FUSED of them, when there was a fused query */
};

/* Goes on until the driver waits or nothing is left. */
void ari_mysql_run(ar_connection *connection);

void ari_mysql_complete(ar_connection *connection, ar_operation *operation, const ar_error *error);

/* Completes everything: the connection is of no more use. `error` is why. */
void ari_mysql_lose(ar_connection *connection, const ar_error *error);

/* Ends the job: completes who is left with its status. */
bool ari_mysql_finish(ar_connection *connection);

/* Begins what the job is for: execution of a statement, a query as text, reset. Each starter and each step answers
 * true when it is to be called again, false when the driver waits. */
bool ari_mysql_start_execute(ar_connection *connection);
bool ari_mysql_start_text(ar_connection *connection);
bool ari_mysql_start_cursor(ar_connection *connection);

bool ari_mysql_step_execute(ar_connection *connection);
bool ari_mysql_step_rows(ar_connection *connection);
bool ari_mysql_step_text(ar_connection *connection);

/* After the execution began a result: its columns, its rows. */
bool ari_mysql_begin_rows(ar_connection *connection);

/* The current row goes to whom it belongs. */
ar_status ari_mysql_give_row(ar_connection *connection, ar_error *err);

/* The statement is not needed any more: kept in the cache or closed; then the job ends with its status. */
bool ari_mysql_end(ar_connection *connection);

/* Before that, when the job failed in a transaction: is it still there? */
bool ari_mysql_conclude(ar_connection *connection);

/* Frees what a job that cannot go on has borrowed. */
void ari_mysql_abandon_job(ar_connection *connection);

/* Takes the operations that can be one query with the first out of the queue, if there are any. */
bool ari_mysql_fuse(ar_connection *connection);

/* The keys of a fused query, as parameters, and the statement that takes so many. */
const ar_value *ari_mysql_fused_keys(ar_connection *connection, const ar_statement **statement);

/* Puts the members back to be run singly. */
void ari_mysql_take_apart(ar_connection *connection);

void ari_mysql_cursor_free(ar_connection *connection, ari_mysql_cursor *cursor);
void ari_mysql_cursors_kill(ar_connection *connection);

/* For tests: the socket. */
int ari_mysql_descriptor(const ar_connection *connection);

/* The entries of the backend. */
ar_status ari_mysql_open(const ar_backend_config *config, ar_connection_role role, ar_backend_host *host,
                         ar_connection **out, ar_error *err);
void ari_mysql_submit(ar_connection *connection, ar_operation *batch);
bool ari_mysql_usable(const ar_connection *connection);
void ari_mysql_close(ar_connection *connection);
int ari_mysql_progress(ar_connection *connection, int *fd, int64_t *until);
void ari_mysql_shed(ar_connection *connection);
const ar_dialect *ari_mysql_reached_dialect(const ar_connection *connection);

#endif
