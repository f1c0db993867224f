/* SPDX-License-Identifier: MIT */
#ifndef BACKENDS_SQLITE_STATEMENT_H
#define BACKENDS_SQLITE_STATEMENT_H

#include <sqlite3.h>

#include <actrec/sys/backend.h>

#include "backends/sqlite/guard.h"
#include "values/cache.h"

/* A prepared statement of one connection. */
typedef struct ari_sqlite_statement ari_sqlite_statement;
struct ari_sqlite_statement {
    ari_cache_entry entry; /* by ar_statement.id; 0: never cached */
    sqlite3_stmt *handle;
    ar_statement_class text_class; /* what the text says, whatever the ar_statement says */
    bool reads_only;
    int parameter_count;
    ar_result_column *columns; /* names for ar_sink.begin, right while `prepared_times` is */
    size_t column_count;
    int prepared_times;
};

/* The prepared statements of a connection, the least recently used one goes first. */
typedef struct ari_sqlite_statements {
    const ar_env *env;
    sqlite3 *db;
    ari_sqlite_guard *guard;
    ari_cache cache;
} ari_sqlite_statements;

ar_status ari_sqlite_statements_init(ari_sqlite_statements *statements, const ar_env *env, sqlite3 *db,
                                     ari_sqlite_guard *guard, size_t capacity, ar_error *err);
void ari_sqlite_statements_fini(ari_sqlite_statements *statements);

/* The prepared form of `source`, from the cache or made now; borrowed until it is released. A cached one must not be
 * borrowed twice at a time: whoever keeps it over other statements takes it. */
ar_status ari_sqlite_statement_borrow(ari_sqlite_statements *statements, const ar_statement *source,
                                      ari_sqlite_statement **out, ar_error *err);

/* Prepares `source` anew and puts it in the place of `*statement`, which is freed also when that fails. */
ar_status ari_sqlite_statement_renew(ari_sqlite_statements *statements, const ar_statement *source,
                                     ari_sqlite_statement **statement, ar_error *err);

/* Out of the cache: it is the borrower's until it is released. */
void ari_sqlite_statement_take(ari_sqlite_statements *statements, ari_sqlite_statement *statement);

/* Ends a borrow. The statement has been reset. */
void ari_sqlite_statement_release(ari_sqlite_statements *statements, ari_sqlite_statement *statement);

/* The columns of its result; false: no memory. Borrowed until the next step. */
bool ari_sqlite_statement_columns(ari_sqlite_statements *statements, ari_sqlite_statement *statement);

#endif
