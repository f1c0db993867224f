/* SPDX-License-Identifier: MIT */
#ifndef BACKENDS_MYSQL_CALL_H
#define BACKENDS_MYSQL_CALL_H

#include <stddef.h>

#include "backends/mysql/driver.h"

/* One call of the driver at a time, in the form that does not block where the client has it. Each starter answers true
 * when the call is over and `result` says how; false when it waits for `wait`, and ari_mysql_call_continue goes on.
 *
 * MariaDB's client runs such a call on a stack of its own (https://mariadb.com/kb/en/using-the-non-blocking-library/).
 * Nothing in it keeps hold of the thread: it may be continued by another one. What the arguments point at must live
 * until the call is over. */

typedef enum ari_mysql_call_kind {
    ARI_MYSQL_CALL_NONE,
    ARI_MYSQL_CALL_PREPARE,
    ARI_MYSQL_CALL_EXECUTE,
    ARI_MYSQL_CALL_FETCH,
    ARI_MYSQL_CALL_FREE_RESULT,
    ARI_MYSQL_CALL_NEXT_RESULT,
    ARI_MYSQL_CALL_CLOSE,
    ARI_MYSQL_CALL_QUERY,
    ARI_MYSQL_CALL_STORE_RESULT,
    ARI_MYSQL_CALL_RESET
} ari_mysql_call_kind;

typedef struct ari_mysql_call {
    MYSQL *mysql;
    bool quiet; /* see ari_mysql_quiet */
    ari_mysql_call_kind kind;
    MYSQL_STMT *statement;
    int wait;   /* MYSQL_WAIT_ bits; 0: nothing is under way */
    int result; /* 0: well; FETCH: what mysql_stmt_fetch says */
    ari_mysql_flag flag;
    MYSQL_RES *rows; /* STORE_RESULT; NULL: an error, or no rows */
} ari_mysql_call;

bool ari_mysql_prepare(ari_mysql_call *call, MYSQL_STMT *statement, const char *sql, size_t length);
/* EXECUTE, FETCH, FREE_RESULT, NEXT_RESULT, CLOSE (which frees the statement, also when it fails). */
bool ari_mysql_call_statement(ari_mysql_call *call, ari_mysql_call_kind kind, MYSQL_STMT *statement);
bool ari_mysql_query(ari_mysql_call *call, const char *sql, size_t length);
bool ari_mysql_store_result(ari_mysql_call *call);
bool ari_mysql_reset(ari_mysql_call *call);

bool ari_mysql_call_continue(ari_mysql_call *call);

/* The events of poll(2) that it waits for. */
int ari_mysql_call_events(const ari_mysql_call *call);

#endif
