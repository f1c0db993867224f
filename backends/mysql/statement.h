/* SPDX-License-Identifier: MIT */
#ifndef BACKENDS_MYSQL_STATEMENT_H
#define BACKENDS_MYSQL_STATEMENT_H

#include <actrec/sys/backend.h>

#include "backends/mysql/driver.h"
#include "values/cache.h"

enum { ARI_MYSQL_DECIMAL_SIZE = 48 };

/* A parameter, as it is sent. */
typedef struct ari_mysql_parameter {
    union {
        long long integer;
        float single;
        double real;
        MYSQL_TIME time;
        char decimal[ARI_MYSQL_DECIMAL_SIZE];
    } as;
    unsigned long length;
} ari_mysql_parameter;

/* What a column holds, by its type in the protocol. */
typedef enum ari_mysql_holds {
    ARI_MYSQL_NOTHING,
    ARI_MYSQL_INTEGER,
    ARI_MYSQL_UNSIGNED,
    ARI_MYSQL_SINGLE,
    ARI_MYSQL_REAL,
    ARI_MYSQL_TEXT,
    ARI_MYSQL_BYTES,
    ARI_MYSQL_BITS,   /* BIT: a number, the most significant byte first */
    ARI_MYSQL_NUMBER, /* DECIMAL, as text */
    ARI_MYSQL_DATETIME,
    ARI_MYSQL_DATE,
    ARI_MYSQL_TIME_OF_DAY
} ari_mysql_holds;

/* A column, as it is received. */
typedef struct ari_mysql_column {
    ari_mysql_holds holds;
    ar_type natural;
    enum enum_field_types type; /* the field as it was when the column was bound, likewise below */
    unsigned flags;
    unsigned charset;
    unsigned decimals;
    unsigned long width;
    union {
        long long integer;
        float single;
        double real;
        MYSQL_TIME time;
    } as;
    char *buffer; /* texts and bytes; grows */
    unsigned long capacity;
    unsigned long length;
    ari_mysql_flag is_null;
    ari_mysql_flag is_cut;
} ari_mysql_column;

/* A prepared statement of one connection, with the buffers that its parameters and columns are bound to. */
typedef struct ari_mysql_statement ari_mysql_statement;
struct ari_mysql_statement {
    ari_cache_entry entry; /* by ar_statement.id */
    const ar_env *env;
    MYSQL_STMT *handle;
    unsigned parameter_count;
    bool array;  /* it was last executed with arrays */
    bool stores; /* what is bound may be stored */
    MYSQL_BIND *parameter_binds;
    ari_mysql_parameter *parameters;
    void *arrays;          /* of a bulk execution */
    unsigned column_count; /* that are bound */
    MYSQL_BIND *column_binds;
    ari_mysql_column *columns;
};

/* A statement to be prepared; NULL: no memory. */
ari_mysql_statement *ari_mysql_statement_create(const ar_env *env, MYSQL *mysql);

/* Once it is prepared: makes room for its parameters. False: no memory. */
bool ari_mysql_statement_ready(ari_mysql_statement *statement);

/* Frees everything but the handle, which is closed already or is closed now without a word to the server, when the
 * connection was reset. NULL does nothing. */
void ari_mysql_statement_free(ari_mysql_statement *statement);

/* The fields of its result, NULL when it has none. Borrowed until it is executed again. */
const MYSQL_FIELD *ari_mysql_statement_fields(ari_mysql_statement *statement);

/* Frees the prepared statements of a connection without a word to the server. */
void ari_mysql_statements_clear(ari_cache *statements);

/* NULL: it is not there. */
ari_mysql_statement *ari_mysql_statements_find(ari_cache *statements, uint64_t id);
void ari_mysql_statements_add(ari_cache *statements, ari_mysql_statement *statement, uint64_t id);

#endif
