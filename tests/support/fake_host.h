/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SUPPORT_FAKE_HOST_H
#define TESTS_SUPPORT_FAKE_HOST_H

#include <actrec/sys/backend.h>

/* A host for one backend, single-threaded and deterministic: its clock moves only when somebody waits, its allocator
 * can fail, and it checks what every backend owes: each operation completes exactly once before submit returns, and
 * is not touched after that. Its functions fail the running test (cmocka) when that is broken. */

typedef struct fake_host fake_host;
typedef struct fake_op fake_op;

struct fake_op {
    fake_host *host;
    ar_operation operation; /* overwritten with rubbish when it completes */

    /* How it behaves; set before it is run. */
    bool cancelled;
    int looks;       /* more than 0: cancelled when its flag is looked at for that many times */
    bool late;       /* with `looks`: past its deadline instead */
    int refused_row; /* its sink refuses the row of that number, from 1 */
    ar_status refuse_with;
    bool refuse_begin;

    /* What came of it. */
    int completions;
    size_t order; /* 1: the first to complete */
    ar_status status;
    ar_error error; /* all zero when there was none */
    int64_t changes;
    int64_t row_id;
    void *cursor;
    bool ended_transaction;
    bool unsent;
    char *rows; /* "1|abc|NULL;2|…;": all rows since the last restart */
    size_t row_count;
    size_t column_count; /* as `begin` was told */
    char first_column[64];
    char first_declared[64];
    int begins; /* since the last restart */
    int restarts;
    ar_value *last; /* the last row; texts and bytes are copies */
    size_t last_count;

    ar_statement statement;
    size_t bound;
    ar_value *parameters;
    ar_type *wanted;
    size_t wanted_count;
    fake_op *next_made;
};

struct fake_host {
    ar_backend_host base;
    ar_env env;
    const ar_backend *backend;

    /* Memory. */
    size_t allocations; /* so far */
    size_t fail_at;     /* the allocation of that number fails, from 1; 0: none */
    bool fail_on;       /* and all after it */
    size_t failures;
    size_t blocks; /* not freed */

    /* Time, microseconds. */
    int64_t clock;
    size_t waits;
    void (*on_wait)(fake_host *host, void *arg); /* may be NULL */
    void *on_wait_arg;

    void (*on_complete)(fake_host *host, fake_op *op); /* may be NULL */

    /* Joining. Set with fake_join: called when the backend asks for more, `asked` counted already. What it makes with
     * fake_sql joins; it may move the clock. */
    void (*on_more)(fake_host *host, void *arg);
    void *on_more_arg;
    size_t asked;
    size_t joined; /* operations, since the batch was submitted */
    bool running;  /* inside submit */

    size_t completed;
    fake_op *made;
    fake_op *first, *last; /* the batch that is being put together */
    uint64_t ids;
};

void fake_host_init(fake_host *host, const ar_backend *backend);

/* Frees all operations; fails the test when something that came from the allocator is still there. */
void fake_host_fini(fake_host *host);

/* Configures and opens: `path`, and options "name=value&name=value" or NULL. */
ar_status fake_configure(fake_host *host, const char *path, const char *options, ar_backend_config **out,
                         ar_topology *topology, ar_error *err);
ar_connection *fake_open(fake_host *host, ar_backend_config *config, ar_connection_role role);

/* Puts an operation at the end of the batch. The same text has the same statement id. */
fake_op *fake_sql(fake_host *host, const char *sql);
fake_op *fake_kind(fake_host *host, ar_operation_kind kind);

/* Values for the next `?` of the last operation of the batch; texts and bytes are copied. */
void fake_bind(fake_op *op, ar_value value);
void fake_int(fake_op *op, int64_t value);
void fake_text(fake_op *op, const char *value);
void fake_want(fake_op *op, ar_type type);

/* Operations join from now on; on_more NULL: the host has no `more`. */
void fake_join(fake_host *host, void (*on_more)(fake_host *host, void *arg), void *arg);

/* Submits the batch. */
void fake_run(fake_host *host, ar_connection *connection);

/* One statement by itself, which has to succeed; its rows, borrowed until the host is finished. */
const char *fake_rows(fake_host *host, ar_connection *connection, const char *sql);

#endif
