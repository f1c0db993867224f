/* SPDX-License-Identifier: MIT */
#ifndef ORM_QUERY_H
#define ORM_QUERY_H

#include <actrec/model.h>
#include <actrec/query.h>

#include "orm/clause.h"
#include "orm/db.h"
#include "orm/scan.h"

/* The inside of a query: what its builders have gathered. See orm/query.c. */

typedef enum ari_selection_kind {
    ARI_SELECT_COLUMN = 1,
    ARI_SELECT_COUNT,
    ARI_SELECT_SUM,
    ARI_SELECT_AVG,
    ARI_SELECT_MIN,
    ARI_SELECT_MAX
} ari_selection_kind;

/* A column of the result, of the groups, or of the order. */
typedef struct ari_selection ari_selection;
struct ari_selection {
    ari_selection *next;
    ari_selection_kind kind;
    const ar_column *column; /* NULL: count(*), or not looked up yet */
    const char *alias;       /* of aggregates */
    ari_token token;         /* orders: as it was written */
    bool descending;
};

typedef struct ari_selections {
    ari_selection *first, *last;
} ari_selections;

/* Which rows of a model that marks what is deleted. */
typedef enum ari_deleted { ARI_DELETED_NOT = 0, ARI_DELETED_TOO, ARI_DELETED_ONLY } ari_deleted;

struct ari_plan;

struct ar_query {
    const ar_env *env;
    ari_arena arena; /* everything that is gathered, the values too */
    ar_db *db;
    const ar_dialect *dialect;
    const ar_model *model; /* NULL: SQL of the application, which is in `where` */
    ar_statement_class statement_class;
    bool fixed;       /* the query that stands for one that there was no memory for: never written to or freed */
    bool raw;         /* holds SQL of the application */
    bool alternative; /* ar_query_or was called, and nothing was added since */
    bool limited;
    int64_t limit;
    int64_t offset;
    bool everything;     /* ar_query_everything was called */
    const struct ari_plan *plan; /* of the model, where it was made for a database; see orm/filter.h */
    const ar_value *tenant;      /* NULL: it does not matter */
    ari_deleted deleted;
    bool unscoped; /* without the default scope */
    uint64_t changed[4]; /* which of the model's columns `changes` sets, a bit each */
    ari_clause where;
    ari_clause having;
    ari_clause changes; /* "column" = …, of ar_query_set */
    ari_selections selected;
    ari_selections groups;
    ari_selections orders;
    struct ari_query_path *paths; /* ar_query_include; see orm/eager.c */
    ar_error error;               /* status AR_OK: none so far */
};

/* A query on `model` that nothing was added to. Never NULL: without memory, the one that says so. */
ar_query *ari_query_new(const ar_env *env, ar_db *db, const ar_dialect *dialect, const ar_model *model);

/* What a query is asked for. */
typedef enum ari_ask {
    ARI_ASK_RECORDS = 1, /* rows for records of a model */
    ARI_ASK_FIRST,       /* likewise; one row */
    ARI_ASK_ONE,         /* likewise; one row, and another, which is one too many */
    ARI_ASK_ROWS,
    ARI_ASK_COUNT,
    ARI_ASK_EXISTS,
    ARI_ASK_EXEC,
    ARI_ASK_UPDATE_ALL, /* the number of rows; orm/update_all.c */
    ARI_ASK_DELETE_ALL
} ari_ask;

/* The SQL of a query. Lies in the arena of the query but for `sql`. */
typedef struct ari_query_sql {
    char *sql; /* the caller's: ari_release */
    size_t sql_length;
    const ar_value *values;
    size_t value_count;
    const ar_type *wanted; /* NULL: as the engine has them */
    size_t wanted_count;
} ari_query_sql;

/* Writes the SQL of `query` for `ask`; `model` is that of the records, NULL for other asks. */
ar_status ari_query_write(ar_query *query, ari_ask ask, const ar_model *model, ari_query_sql *out, ar_error *err);

/* The UPDATE or DELETE of ARI_ASK_UPDATE_ALL and ARI_ASK_DELETE_ALL: orm/update_all.c. */
ar_status ari_query_write_all(ari_clause *clause, ar_query *query, ari_ask ask, ar_error *err);

#endif
