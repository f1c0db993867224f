/* SPDX-License-Identifier: MIT */
#ifndef BACKENDS_MYSQL_VALUE_H
#define BACKENDS_MYSQL_VALUE_H

#include <actrec/sys/backend.h>

#include "backends/mysql/statement.h"

/* How values are sent and stored (the column types stand in dialect.c), all in the binary protocol:
 *
 *   bool, int16, int32, int64, enum  BIGINT
 *   float, double                    FLOAT, DOUBLE; NaN and infinities are refused: MySQL has none; so is -0.0 where it
 *                                    may be stored, since its sign would be lost
 *   text, json                       UTF-8 text; a NUL inside and what is not UTF-8 are refused
 *   bytes, uuid                      BLOB; of 16 bytes
 *   timestamp                        DATETIME(6), in UTC; years 1 to 9999
 *   date, time                       DATE, years 1 to 9999; TIME(6)
 *   decimal                          text with all digits of its scale, at most 35 digits before and 30 behind the
 *                                    point, so that CAST(… AS DECIMAL(65,30)) keeps it
 *
 * Decimals, numbers, texts, calendar values are read from other types too where they fit. */

/* Binds one row of `source->parameter_count` parameters. Texts and bytes are borrowed until the statement was sent.
 * *bytes is about what they take. */
ar_status ari_mysql_bind(ari_mysql_statement *statement, const ar_value *parameters, uint64_t *bytes, ar_error *err);

/* The same of `rows` rows, as arrays. */
ar_status ari_mysql_bind_rows(ari_mysql_statement *statement, const ar_value *parameters, size_t rows, uint64_t *bytes,
                              ar_error *err);

/* Checks one value and says how it is sent; `number` counts from 1. */
ar_status ari_mysql_convert(const ar_value *value, bool stores, unsigned number, ari_mysql_parameter *to,
                            enum enum_field_types *type, const void **data, ar_error *err);

/* Binds the columns of the result that an execution began. */
ar_status ari_mysql_bind_columns(ari_mysql_statement *statement, ar_error *err);

/* After a fetch that said MYSQL_DATA_TRUNCATED: reads on with larger buffers. */
ar_status ari_mysql_read_on(ari_mysql_statement *statement, ar_error *err);

/* After the last row: large buffers are given back. */
void ari_mysql_trim_columns(ari_mysql_statement *statement);

/* Decodes the current row. Texts and bytes are borrowed until the next fetch. `wanted` may be NULL. */
ar_status ari_mysql_decode(ari_mysql_statement *statement, const ar_type *wanted, ar_value *values, ar_error *err);

#endif
