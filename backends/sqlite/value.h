/* SPDX-License-Identifier: MIT */
#ifndef BACKENDS_SQLITE_VALUE_H
#define BACKENDS_SQLITE_VALUE_H

#include <sqlite3.h>

#include <actrec/sys/backend.h>

/* How values are stored (the declared types stand in dialect.c):
 *
 *   bool, int16, int32, int64, enum  INTEGER
 *   float, double                    REAL; NaN is refused, as SQLite would make NULL of it
 *   text, json                       TEXT; a NUL inside and what is not UTF-8 are refused
 *   bytes                            BLOB
 *   timestamp, date, time            INTEGER: microseconds, days, microseconds; ISO text is read too
 *   decimal                          TEXT with all digits of its scale; INTEGER and REAL are read too
 *   uuid                             BLOB of 16 bytes; text of 36 characters is read too
 *
 * The zero with a minus sign: a column with REAL, NUMERIC or INTEGER affinity drops the sign, so that the
 * value is refused where it may go to one (target.c); one without affinity keeps it. */

/* Binds `count` parameters. Texts and bytes are borrowed: they must live until the statement is bound anew. */
ar_status ari_sqlite_bind(sqlite3 *db, sqlite3_stmt *handle, const ar_statement *source, const ar_value *parameters,
                          ar_error *err);

/* Decodes the current row. Texts and bytes are borrowed until the next step. `wanted` may be NULL. */
ar_status ari_sqlite_decode(sqlite3_stmt *handle, const ar_type *wanted, ar_value *values, size_t count, ar_error *err);

/* Registers the collation AR_DECIMAL and the aggregate ar_decimal_sum. Answers SQLite's code. */
int ari_sqlite_add_decimals(sqlite3 *db);

/* ar_integer_add and ar_float_add, which add as columns of other engines do. */
int ari_sqlite_add_additions(sqlite3 *db);

#endif
