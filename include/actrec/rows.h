/* SPDX-License-Identifier: MIT */
#ifndef ACTREC_ROWS_H
#define ACTREC_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <actrec/error.h>
#include <actrec/executor.h>
#include <actrec/future.h>
#include <actrec/value.h>

AR_BEGIN_DECLS

/* The rows of a result, all in memory: a table of values with named columns, both counted from 0. It does not change,
 * so that any number of threads may read it at the same time. */
typedef struct ar_rows ar_rows;

/* No column: what ar_rows_column_index answers for a name that is none. */
#define AR_ROWS_NO_COLUMN SIZE_MAX

/* How many rows there are.
 * Owns:    nothing.
 * Threads: any.
 * Blocks:  never.
 * Errors:  none; NULL answers 0. */
AR_API size_t ar_rows_count(const ar_rows *rows);

/* How many columns there are, also when there is no row.
 * Owns:    nothing.
 * Threads: any.
 * Blocks:  never.
 * Errors:  none; NULL answers 0. */
AR_API size_t ar_rows_column_count(const ar_rows *rows);

/* The name of a column: its alias, else as the engine names it.
 * Owns:    the rows.
 * Threads: any.
 * Blocks:  never.
 * Errors:  NULL for NULL and for a column that is not there. */
AR_API const char *ar_rows_column_name(const ar_rows *rows, size_t column);

/* The first column of that name. The answer may go into any getter: AR_ROWS_NO_COLUMN makes it answer AR_E_INVALID.
 * Owns:    nothing.
 * Threads: any.
 * Blocks:  never.
 * Errors:  AR_ROWS_NO_COLUMN when there is none, and for NULL. */
AR_API size_t ar_rows_column_index(const ar_rows *rows, const char *name);

/* Whether a value is SQL NULL. A row or column that is not there is NULL too.
 * Owns:    nothing.
 * Threads: any.
 * Blocks:  never.
 * Errors:  none. */
AR_API bool ar_rows_is_null(const ar_rows *rows, size_t row, size_t column);

/* A value as it came, tagged with its type; AR_TYPE_NULL for SQL NULL.
 * Owns:    the rows own texts and bytes.
 * Threads: any.
 * Blocks:  never.
 * Errors:  AR_E_INVALID for NULL and for a row or column that is not there. */
AR_API AR_NODISCARD ar_status ar_rows_value(const ar_rows *rows, size_t row, size_t column, ar_value *out,
                                            ar_error *err);

/* A value as an integer. A value of another type is taken where it means the very same: a whole double, a true for 1.
 * Owns:    nothing.
 * Threads: any.
 * Blocks:  never.
 * Errors:  AR_E_TYPE when the value is NULL, of another type, or does not fit; AR_E_INVALID for NULL and for a row or
 *          column that is not there. *out is left alone then. */
AR_API AR_NODISCARD ar_status ar_rows_int64(const ar_rows *rows, size_t row, size_t column, int64_t *out,
                                            ar_error *err);
/* As ar_rows_int64. */
AR_API AR_NODISCARD ar_status ar_rows_int32(const ar_rows *rows, size_t row, size_t column, int32_t *out,
                                            ar_error *err);
/* As ar_rows_int64; integers 0 and 1 are taken. */
AR_API AR_NODISCARD ar_status ar_rows_bool(const ar_rows *rows, size_t row, size_t column, bool *out, ar_error *err);
/* As ar_rows_int64; integers are taken where a double holds them exactly, decimals as the double nearest to them. */
AR_API AR_NODISCARD ar_status ar_rows_double(const ar_rows *rows, size_t row, size_t column, double *out,
                                             ar_error *err);
/* As ar_rows_int64; texts are read as ar_decimal_parse does, doubles as ar_decimal_from_double. */
AR_API AR_NODISCARD ar_status ar_rows_decimal(const ar_rows *rows, size_t row, size_t column, ar_decimal *out,
                                              ar_error *err);
/* As ar_rows_int64; texts are read as ar_timestamp_parse does, integers are microseconds since 1970 UTC. */
AR_API AR_NODISCARD ar_status ar_rows_timestamp(const ar_rows *rows, size_t row, size_t column, ar_timestamp *out,
                                                ar_error *err);
/* As ar_rows_int64; texts are read as ar_date_parse does, integers are days since 1970. */
AR_API AR_NODISCARD ar_status ar_rows_date(const ar_rows *rows, size_t row, size_t column, ar_date *out, ar_error *err);
/* As ar_rows_int64; texts are read as ar_time_parse does, integers are microseconds since midnight. */
AR_API AR_NODISCARD ar_status ar_rows_time(const ar_rows *rows, size_t row, size_t column, ar_time *out, ar_error *err);
/* As ar_rows_int64; texts are read as ar_uuid_parse does, and 16 bytes are taken. */
AR_API AR_NODISCARD ar_status ar_rows_uuid(const ar_rows *rows, size_t row, size_t column, ar_uuid *out, ar_error *err);

/* A text or JSON, ended by a NUL; SQL NULL is NULL.
 * Owns:    the rows.
 * Threads: any.
 * Blocks:  never.
 * Errors:  AR_E_TYPE when the value is of another type; AR_E_INVALID as ar_rows_int64. */
AR_API AR_NODISCARD ar_status ar_rows_text(const ar_rows *rows, size_t row, size_t column, const char **out,
                                           ar_error *err);
/* As ar_rows_text, with its data NULL for SQL NULL. */
AR_API AR_NODISCARD ar_status ar_rows_bytes(const ar_rows *rows, size_t row, size_t column, ar_bytes *out,
                                            ar_error *err);
/* As ar_rows_text, with its data NULL for SQL NULL; a text is taken. */
AR_API AR_NODISCARD ar_status ar_rows_json(const ar_rows *rows, size_t row, size_t column, ar_json *out, ar_error *err);

/* Frees rows, all their texts and names with them. Rows that were read through a scope are freed by it, unless this is
 * called before.
 * Owns:    takes `rows`; NULL does nothing.
 * Threads: any one, when nobody reads them.
 * Blocks:  never.
 * Errors:  none. */
AR_API void ar_rows_free(ar_rows *rows);

/* A future of rows. */
typedef struct ar_rows_future {
    ar_future *raw;
} ar_rows_future;

/* Waits for rows and consumes the future, also on error.
 * Owns:    takes future->raw; the rows are the caller's, or those of the scope they were read through.
 * Threads: any one at a time.
 * Blocks:  until it is complete.
 * Errors:  the query's, those of ar_future_wait; *out is NULL then. */
AR_API AR_NODISCARD ar_status ar_rows_await(ar_rows_future *future, ar_rows **out, ar_error *err);

/* The same, for at most timeout_ms milliseconds.
 * Owns:    takes future->raw, unless it answers AR_E_PENDING.
 * Threads: any one at a time.
 * Blocks:  up to timeout_ms; 0 only looks.
 * Errors:  AR_E_PENDING when it is not complete yet; else as ar_rows_await. */
AR_API AR_NODISCARD ar_status ar_rows_await_for(ar_rows_future *future, int64_t timeout_ms, ar_rows **out,
                                                ar_error *err);

/* Has `fn` called on `executor` when the rows are there: once, never inside this call.
 * Owns:    takes future->raw; the rows are those of `fn` (NULL unless AR_OK); `executor` and `arg` must live until the
 *          call.
 * Threads: any one at a time; `fn` runs where the executor runs its tasks. `err` is NULL on AR_OK, else valid during
 *          the call.
 * Blocks:  never.
 * Errors:  AR_E_INVALID for NULLs (nothing is consumed), AR_E_NO_MEMORY (consumed; `fn` is not called). */
typedef void (*ar_rows_fn)(void *arg, ar_status status, ar_rows *rows, const ar_error *err);
AR_API AR_NODISCARD ar_status ar_rows_then(ar_rows_future *future, ar_executor *executor, ar_rows_fn fn, void *arg,
                                           ar_error *err);

AR_END_DECLS

#endif
