/* SPDX-License-Identifier: MIT */
#include "backends/mysql/call.h"

#include <poll.h>

#include "backends/mysql/library.h"

/* The only place where the two forms of the driver's calls differ. */

#if AR_MYSQL_BLOCKING

static void start(ari_mysql_call *call, const char *sql, size_t length)
{
    switch (call->kind) {
    case ARI_MYSQL_CALL_NONE: break;
    case ARI_MYSQL_CALL_PREPARE: call->result = mysql_stmt_prepare(call->statement, sql, (unsigned long)length); break;
    case ARI_MYSQL_CALL_EXECUTE: call->result = mysql_stmt_execute(call->statement); break;
    case ARI_MYSQL_CALL_FETCH: call->result = mysql_stmt_fetch(call->statement); break;
    case ARI_MYSQL_CALL_FREE_RESULT: call->flag = mysql_stmt_free_result(call->statement); break;
    case ARI_MYSQL_CALL_NEXT_RESULT: call->result = mysql_stmt_next_result(call->statement); break;
    case ARI_MYSQL_CALL_CLOSE: call->flag = mysql_stmt_close(call->statement); break;
    case ARI_MYSQL_CALL_QUERY: call->result = mysql_real_query(call->mysql, sql, (unsigned long)length); break;
    case ARI_MYSQL_CALL_STORE_RESULT: call->rows = mysql_store_result(call->mysql); break;
    case ARI_MYSQL_CALL_RESET: call->result = mysql_reset_connection(call->mysql); break;
    }
}

bool ari_mysql_call_continue(ari_mysql_call *call)
{
    (void)call;
    return true;
}

int ari_mysql_call_events(const ari_mysql_call *call)
{
    (void)call;
    return 0;
}

#else

static void start(ari_mysql_call *call, const char *sql, size_t length)
{
    MYSQL *mysql = call->mysql;
    MYSQL_STMT *statement = call->statement;
    switch (call->kind) {
    case ARI_MYSQL_CALL_NONE: break;
    case ARI_MYSQL_CALL_PREPARE:
        call->wait = mysql_stmt_prepare_start(&call->result, statement, sql, (unsigned long)length);
        break;
    case ARI_MYSQL_CALL_EXECUTE: call->wait = mysql_stmt_execute_start(&call->result, statement); break;
    case ARI_MYSQL_CALL_FETCH: call->wait = mysql_stmt_fetch_start(&call->result, statement); break;
    case ARI_MYSQL_CALL_FREE_RESULT: call->wait = mysql_stmt_free_result_start(&call->flag, statement); break;
    case ARI_MYSQL_CALL_NEXT_RESULT: call->wait = mysql_stmt_next_result_start(&call->result, statement); break;
    case ARI_MYSQL_CALL_CLOSE: call->wait = mysql_stmt_close_start(&call->flag, statement); break;
    case ARI_MYSQL_CALL_QUERY:
        call->wait = mysql_real_query_start(&call->result, mysql, sql, (unsigned long)length);
        break;
    case ARI_MYSQL_CALL_STORE_RESULT: call->wait = mysql_store_result_start(&call->rows, mysql); break;
    case ARI_MYSQL_CALL_RESET: call->wait = mysql_reset_connection_start(&call->result, mysql); break;
    }
}

/* A call that is continued without need looks at the socket and waits again, so readiness need not be told apart. No
 * timeouts are set on the connection, so MYSQL_WAIT_TIMEOUT is never said. */
static void go_on(ari_mysql_call *call)
{
    MYSQL *mysql = call->mysql;
    MYSQL_STMT *statement = call->statement;
    int ready = call->wait & (MYSQL_WAIT_READ | MYSQL_WAIT_WRITE | MYSQL_WAIT_EXCEPT);
    switch (call->kind) {
    case ARI_MYSQL_CALL_NONE: break;
    case ARI_MYSQL_CALL_PREPARE: call->wait = mysql_stmt_prepare_cont(&call->result, statement, ready); break;
    case ARI_MYSQL_CALL_EXECUTE: call->wait = mysql_stmt_execute_cont(&call->result, statement, ready); break;
    case ARI_MYSQL_CALL_FETCH: call->wait = mysql_stmt_fetch_cont(&call->result, statement, ready); break;
    case ARI_MYSQL_CALL_FREE_RESULT: call->wait = mysql_stmt_free_result_cont(&call->flag, statement, ready); break;
    case ARI_MYSQL_CALL_NEXT_RESULT: call->wait = mysql_stmt_next_result_cont(&call->result, statement, ready); break;
    case ARI_MYSQL_CALL_CLOSE: call->wait = mysql_stmt_close_cont(&call->flag, statement, ready); break;
    case ARI_MYSQL_CALL_QUERY: call->wait = mysql_real_query_cont(&call->result, mysql, ready); break;
    case ARI_MYSQL_CALL_STORE_RESULT: call->wait = mysql_store_result_cont(&call->rows, mysql, ready); break;
    case ARI_MYSQL_CALL_RESET: call->wait = mysql_reset_connection_cont(&call->result, mysql, ready); break;
    }
}

bool ari_mysql_call_continue(ari_mysql_call *call)
{
    ari_mysql_quiet quiet;
    if (call->quiet)
        ari_mysql_quiet_begin(&quiet);
    go_on(call);
    if (call->quiet)
        ari_mysql_quiet_end(&quiet);
    return call->wait == 0;
}

int ari_mysql_call_events(const ari_mysql_call *call)
{
    return ((call->wait & MYSQL_WAIT_READ) != 0 ? POLLIN : 0) | ((call->wait & MYSQL_WAIT_WRITE) != 0 ? POLLOUT : 0) |
           ((call->wait & MYSQL_WAIT_EXCEPT) != 0 ? POLLPRI : 0);
}

#endif

static bool begin(ari_mysql_call *call, ari_mysql_call_kind kind, MYSQL_STMT *statement, const char *sql, size_t length)
{
    ari_mysql_quiet quiet;
    call->kind = kind;
    call->statement = statement;
    call->wait = 0;
    call->result = 0;
    call->flag = 0;
    call->rows = NULL;
    if (call->quiet)
        ari_mysql_quiet_begin(&quiet);
    start(call, sql, length);
    if (call->quiet)
        ari_mysql_quiet_end(&quiet);
    return call->wait == 0;
}

bool ari_mysql_prepare(ari_mysql_call *call, MYSQL_STMT *statement, const char *sql, size_t length)
{
    return begin(call, ARI_MYSQL_CALL_PREPARE, statement, sql, length);
}

bool ari_mysql_call_statement(ari_mysql_call *call, ari_mysql_call_kind kind, MYSQL_STMT *statement)
{
    return begin(call, kind, statement, NULL, 0);
}

bool ari_mysql_query(ari_mysql_call *call, const char *sql, size_t length)
{
    return begin(call, ARI_MYSQL_CALL_QUERY, NULL, sql, length);
}

bool ari_mysql_store_result(ari_mysql_call *call)
{
    return begin(call, ARI_MYSQL_CALL_STORE_RESULT, NULL, NULL, 0);
}

bool ari_mysql_reset(ari_mysql_call *call)
{
    return begin(call, ARI_MYSQL_CALL_RESET, NULL, NULL, 0);
}
