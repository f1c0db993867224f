/* SPDX-License-Identifier: MIT */
#ifndef ACTREC_INTROSPECT_H
#define ACTREC_INTROSPECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <actrec/db.h>
#include <actrec/error.h>
#include <actrec/executor.h>
#include <actrec/future.h>

AR_BEGIN_DECLS

/* What tables a database has, as plain structs. Names and expressions are as the engine tells them; what it does not
 * tell is NULL. All of it lies in one block, and does not change: any number of threads may read it. */

typedef enum ar_schema_generated {
    AR_SCHEMA_NOT_GENERATED = 0,
    AR_SCHEMA_STORED,
    AR_SCHEMA_VIRTUAL
} ar_schema_generated;

typedef struct ar_schema_column {
    const char *name;
    const char *type;        /* as the engine writes it: "character varying(20)", "int", "" on SQLite for none */
    bool is_not_null;        /* said in the table; SQLite lets the key of most tables be NULL otherwise */
    bool is_auto;            /* numbered by the database */
    const char *default_sql; /* an expression; NULL: none */
    ar_schema_generated generated;
    int key_position; /* in the primary key, from 1; 0: it is not in it */
} ar_schema_column;

typedef enum ar_schema_origin {
    AR_SCHEMA_INDEX = 0,  /* CREATE INDEX, or INDEX in CREATE TABLE; on MySQL a UNIQUE too */
    AR_SCHEMA_PRIMARY,    /* of the primary key */
    AR_SCHEMA_UNIQUE,     /* of a UNIQUE constraint */
    AR_SCHEMA_FOREIGN_KEY /* made by the engine for a foreign key */
} ar_schema_origin;

typedef struct ar_schema_index {
    const char *name;
    bool is_unique;
    ar_schema_origin origin;
    const char *condition; /* of an index on some rows, "" when it is not told; NULL: on all */
    size_t column_count;
    const char *const *columns; /* NULL in the place of an expression */
} ar_schema_index;

typedef struct ar_schema_foreign_key {
    const char *name;   /* NULL on SQLite */
    const char *schema; /* of the table that it references; NULL: the same, or not told */
    const char *table;
    size_t column_count;
    const char *const *columns;
    const char *const *references; /* columns of that table */
    const char *on_delete;         /* "NO ACTION", "CASCADE" … */
    const char *on_update;
} ar_schema_foreign_key;

typedef struct ar_schema_check {
    const char *name;      /* NULL: none */
    const char *condition; /* as the engine writes it */
} ar_schema_check;

typedef struct ar_schema_table {
    const char *name;
    bool is_view;
    size_t column_count;
    const ar_schema_column *columns; /* in their order */
    size_t key_count;
    const char *const *key; /* the columns of the primary key, in its order */
    size_t index_count;
    const ar_schema_index *indexes; /* by name, that of the primary key too where it has one */
    size_t foreign_key_count;
    const ar_schema_foreign_key *foreign_keys;
    size_t check_count;
    const ar_schema_check *checks;
} ar_schema_table;

typedef struct ar_schema {
    const char *name; /* that was asked for; NULL: the one that unqualified names are in */
    size_t table_count;
    const ar_schema_table *tables; /* and views, by name */
} ar_schema;

typedef struct ar_schema_options {
    size_t struct_size; /* 0: the fields of release 0.1 */
    const char *schema; /* PostgreSQL's schema, MySQL's database, SQLite's attached one; NULL: the current one */
    const char *table;  /* only this; NULL: all tables and views that are not the engine's own */
} ar_schema_options;

/* Reads what tables there are. Outside of a transaction another that changes tables meanwhile may be seen in part.
 * Owns:    *out is the caller's: ar_schema_free. NULL on error.
 * Threads: any.
 * Blocks:  until it is read; the other never.
 * Errors:  AR_E_INVALID for NULL; AR_E_TYPE for a name that is not UTF-8; AR_E_UNSUPPORTED for an engine that tells
 *          nothing; AR_E_CLOSED, AR_E_NO_MEMORY; the engine's. A schema or table that there is not: AR_OK, without tables. */
typedef struct ar_schema_future {
    ar_future *raw;
} ar_schema_future;
AR_API AR_NODISCARD ar_status ar_schema_read(ar_db *db, const ar_schema_options *options, ar_schema **out,
                                             ar_error *err);
AR_API ar_schema_future ar_schema_read_async(ar_db *db, const ar_schema_options *options);

/* Waits for what was read, up to timeout_ms milliseconds (negative: for ever; 0 only looks), and consumes the future but
 * for AR_E_PENDING.
 * Owns:    takes future->raw; *out is the caller's: ar_schema_free.
 * Threads: any one at a time.
 * Blocks:  as said.
 * Errors:  AR_E_PENDING; AR_E_INVALID for NULL; those of ar_schema_read. */
AR_API AR_NODISCARD ar_status ar_schema_await(ar_schema_future *future, ar_schema **out, ar_error *err);
AR_API AR_NODISCARD ar_status ar_schema_await_for(ar_schema_future *future, int64_t timeout_ms, ar_schema **out,
                                                  ar_error *err);

/* Has `fn` called on `executor` with what was read, which is its own from then on; as ar_done_then. */
typedef void (*ar_schema_fn)(void *arg, ar_status status, ar_schema *schema, const ar_error *err);
AR_API AR_NODISCARD ar_status ar_schema_then(ar_schema_future *future, ar_executor *executor, ar_schema_fn fn,
                                             void *arg, ar_error *err);

/* The table or view of that name; when there is none, one whose name differs in the case of ASCII letters alone.
 * Owns:    the schema.
 * Threads: any.
 * Blocks:  never.
 * Errors:  NULL when there is none, and for NULL. */
AR_API const ar_schema_table *ar_schema_find(const ar_schema *schema, const char *table);

/* The column of that name, likewise.
 * Owns, Threads, Blocks, Errors: as ar_schema_find. */
AR_API const ar_schema_column *ar_schema_table_column(const ar_schema_table *table, const char *column);

/* Frees what was read; NULL does nothing.
 * Owns:    takes `schema`.
 * Threads: any one, when no other uses it.
 * Blocks:  never.
 * Errors:  none. */
AR_API void ar_schema_free(ar_schema *schema);

AR_END_DECLS

#endif
