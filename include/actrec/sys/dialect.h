/* SPDX-License-Identifier: MIT */
#ifndef ACTREC_SYS_DIALECT_H
#define ACTREC_SYS_DIALECT_H

#include <stdbool.h>
#include <stdint.h>

#include <actrec/sys/catalog.h>
#include <actrec/value.h>

AR_BEGIN_DECLS

typedef enum ar_placeholder_style {
    AR_PLACEHOLDER_QUESTION = 1, /* ? */
    AR_PLACEHOLDER_DOLLAR        /* $1, $2 … */
} ar_placeholder_style;

/* How rows that are inserted together are written. */
typedef enum ar_bulk_style {
    AR_BULK_VALUES = 1, /* VALUES (…), (…): ar_operation.rows is not used */
    AR_BULK_UNNEST, /* SELECT … FROM unnest($1::type[], …): a parameter is the array of the values of all rows */
    AR_BULK_EXECUTE /* VALUES (…), which the driver executes for each row, in their order, in one message */
} ar_bulk_style;

/* What is written round a column. */
typedef struct ar_wrapping {
    const char *before, *after;
} ar_wrapping;

/* What is written round a column and a value that is added to it: {"", " + ", ""}. */
typedef struct ar_addition {
    const char *before, *between, *after;
} ar_addition;

/* How SQL is written for this engine: data for whoever builds it. */
typedef struct ar_dialect {
    const char *name; /* "sqlite" */
    ar_placeholder_style placeholder;
    char identifier_quote;    /* '"' or '`'; doubled inside */
    bool bracket_identifiers; /* [name] is an identifier too */
    bool backslash_escapes;   /* inside '…' */
    bool dollar_quotes;       /* $tag$ … $tag$ */
    bool nested_comments;
    uint32_t max_name_bytes, max_name_characters; /* of a table, a column …; 0: any */
    bool basic_names;                             /* without characters above U+FFFF */
    uint32_t max_parameters;
    const char *column_types[16]; /* by ar_type; NULL: not supported */
    const char *key_types[16];    /* likewise, of columns that are in a key or unique; NULL: as in column_types */
    /* The whole type of an integer AUTO primary key, "INTEGER PRIMARY KEY AUTOINCREMENT"; for a narrower one its own type stands in the place of
     * column_types[AR_TYPE_INT64], which it begins with. */
    const char *auto_key;
    const char *table_options;   /* stands behind the columns of CREATE TABLE; NULL: none */
    const char *lock_for_update; /* " FOR UPDATE"; "" where a write transaction locks anyway */
    const char *no_limit;        /* what LIMIT takes when only an OFFSET is given: "-1" */
    const char *default_row;     /* "DEFAULT VALUES" or "() VALUES ()" */
    /* Put round a decimal column in comparisons and orders; before: may be NULL, after: "" where decimals compare by value. */
    const char *decimal_before;
    const char *decimal_compare;
    const char *decimal_sum; /* the aggregate that adds decimals exactly: "sum" */
    /* Aggregates of columns that are not written sum(column) and so on, by ar_type: {"sum(", "::float8)"}. */
    ar_wrapping sum_of[16], avg_of[16], min_of[16], max_of[16];
    ar_addition add_to[16]; /* likewise; `before` NULL: column + value */
    ar_bulk_style bulk;
    bool find_by_array; /* = ANY($1) with an array of keys; else IN (…) */
    /* Without arrays: finds by key are run together, as IN (…) of up to so many keys; 0: they are not. */
    uint32_t find_by_list;
    bool listens;                         /* LISTEN, UNLISTEN and NOTIFY; a connection may have AR_ROLE_LISTENER */
    bool implicit_commit;                 /* AR_STATEMENT_SCHEMA commits: it is refused in transactions */
    bool deferrable;                      /* BEGIN … DEFERRABLE */
    bool returning;                       /* INSERT … RETURNING */
    bool returning_updates;               /* UPDATE … RETURNING */
    bool stored_columns, virtual_columns; /* GENERATED ALWAYS AS (…) STORED, and VIRTUAL */
    bool row_id_is_key;                   /* ar_operation.row_id is the AUTO key of the inserted row */
    /* And, of rows inserted by one statement, that of the first; the others have the numbers behind it, in the order of the rows. */
    bool consecutive_keys;
    bool sink_undoes;     /* an error of a sink undoes the statement */
    const char *last_key; /* without `returning`: the AUTO key that the connection gave last, "LAST_INSERT_ID()" */
    /* Queries. What is false or NULL is refused before anything is sent, but where it says otherwise. */
    bool right_join, full_join;
    bool windows;
    bool with;       /* WITH, and WITH RECURSIVE */
    bool intersects; /* INTERSECT and EXCEPT */
    bool intersects_all;
    bool nulls_high;               /* in an order, NULL is more than every value; else less */
    const char *null_safe_equal;   /* " IS NOT DISTINCT FROM " */
    const char *ilike, *not_ilike; /* " ILIKE "; NULL: both sides are put into lower() */
    const char *lock_for_share;    /* " FOR SHARE"; "" where a write transaction locks anyway */
    const char *explain;           /* "EXPLAIN " */
    bool lock_nowait, lock_skip_locked;
    /* SQL that looks into JSON: \1 is the column, \2 the path, \3 a value. The path is one text, $."a"[0], or, by step, a
     * text for each step with a comma before it. */
    bool json_by_step;
    bool json_loses_dash; /* a step that begins with - is not found, though it is there */
    const char *json_text, *json_number, *json_contains, *json_contains_at;
    bool update_from;          /* UPDATE … FROM other rows; VALUES names its columns column1, column2 … */
    bool on_conflict;          /* ON CONFLICT (…) DO UPDATE, else ON DUPLICATE KEY UPDATE */
    const ar_catalog *catalog; /* how tables are made and looked up; NULL: they are not looked up */
    /* may, with AR_BULK_UNNEST: whether NULL::"table" is a row of that table; arrays of texts then take the types of its columns. */
    bool (*row_type)(const char *table);
} ar_dialect;

AR_END_DECLS

#endif
