/* SPDX-License-Identifier: MIT */
#ifndef ORM_QUERY_H
#define ORM_QUERY_H

#include <actrec/model.h>
#include <actrec/query.h>

#include "orm/clause.h"
#include "orm/db.h"
#include "orm/expression.h"
#include "orm/scan.h"
#include "orm/source.h"

/* The inside of a query: what its builders have gathered. See orm/query.c. */

/* A column of the result, of the groups, or of the order. */
typedef struct ari_selection ari_selection;
struct ari_selection {
    ari_selection *next;
    const ar_column *column; /* NULL: an expression, or not looked up yet */
    size_t source;           /* the table of the column */
    const char *alias;       /* of expressions */
    ari_piece piece;         /* their SQL; text NULL: it is none */
    ar_type type;            /* likewise */
    const ar_column *of;     /* of an expression that is a column of `source` and nothing else: that */
    ari_token token;         /* orders: as it was written */
    bool descending;
};

typedef struct ari_selections {
    ari_selection *first, *last;
} ari_selections;

/* Which rows of a model that marks what is deleted. */
typedef enum ari_deleted { ARI_DELETED_NOT = 0, ARI_DELETED_TOO, ARI_DELETED_ONLY } ari_deleted;

struct ari_plan;

/* A column of a query around this one. */
typedef struct ari_outer ari_outer;
struct ari_outer {
    ari_outer *next;
    const ar_model *model;
    const char *name; /* of its table */
    bool inner;       /* asked for by a query inside this one */
};

/* A query that is united with this one, or that WITH names. */
typedef struct ari_part ari_part;
struct ari_part {
    ari_part *next;
    ari_piece piece;
    uint32_t kind; /* an ar_combination */
    bool recursive;
};

typedef struct ari_parts {
    ari_part *first, *last;
} ari_parts;

/* Where a page begins or ends. */
typedef enum ari_page_kind { ARI_PAGE_NONE, ARI_PAGE_AFTER, ARI_PAGE_BEFORE } ari_page_kind;

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
    bool everything;             /* ar_query_everything was called */
    const struct ari_plan *plan; /* of the model, where it was made for a database; see orm/filter.h */
    const ar_value *tenant;      /* NULL: it does not matter */
    ari_deleted deleted;
    bool unscoped;       /* without the default scope */
    uint64_t changed[4]; /* which of the model's columns `changes` sets, a bit each */
    bool distinct;
    bool compared; /* while it is written: its columns are to be compared with something */
    uint32_t lock; /* an ar_lock; 0: none */
    uint32_t lock_wait;
    ari_source base;     /* `model` */
    ari_source *sources; /* the tables: `base`, then those that are joined */
    size_t source_count;
    size_t source_capacity;
    ari_outer *outers;
    ari_parts combined;
    ari_parts withs;
    ari_page_kind page;
    ari_piece page_values;
    ari_clause from;    /* the joins */
    ari_clause scratch; /* for what is being built */
    ari_clause where;
    ari_clause having;
    ari_clause changes; /* "column" = …, of ar_query_set */
    ari_selections selected;
    ari_selections groups;
    ari_selections orders;
    ari_selections beside; /* of the result, behind the columns of its records: SQL that is of no member; orm/tie.c */
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
    ARI_ASK_SCALAR, /* rows; one is enough */
    ARI_ASK_EXPLAIN,
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

/* Whether a builder may go on: nothing has gone wrong, and the query is one of a model. */
bool ari_query_is_building(ar_query *query);

void ari_query_fail_no_memory(ar_query *query);

/* What the names in it mean, and how to write into `clause`. */
ari_naming ari_query_naming(const ar_query *query);
ari_writing ari_query_writing(ar_query *query, ari_clause *clause);

/* The names of its tables in front of columns, when it needs them; `room` has source_count places. */
ari_qualifiers ari_query_qualifiers(const ar_query *query, const char **room);

/* A new last item; NULL: no memory, and the query says so. */
ari_selection *ari_query_add(ar_query *query, ari_selections *list);

/* Adds an expression as column `alias` (NULL: it is an order or a group, written as it is compared). */
void ari_query_add_expr(ar_query *query, ari_selections *list, const ar_expr *expr, const char *alias, bool descending);

/* Remembers that it stands in a query that has this table. */
ar_status ari_query_note_outer(ar_query *query, const ar_model *model, const char *alias, ar_error *err);

/* Tells the query around it, or, with NULL, that there is none, which table it asks for. */
ar_status ari_query_settle_outers(const ar_query *query, ar_query *around, ar_error *err);

/* The columns of its result, for records of `model`. */
ar_status ari_query_list_results(ar_query *query, const ar_model *model, ari_selections *list, ar_error *err);
const char *ari_selection_name(const ari_selection *item);
ar_type ari_selection_type(const ari_selection *item);

/* Its SELECT, as it stands in another one. *list are the columns of its result, none for SQL of the application. */
ar_status ari_query_write_inside(ari_clause *clause, ar_query *query, ari_embedding embedding, ari_selections *list,
                                 ar_error *err);

/* AR_E_INVALID when two rows of that result may be in one place of its pages: orm/page.c. */
ar_status ari_page_check(const ar_query *query, const ari_selections *list, ar_error *err);

/* The condition of its page, and whether its orders are turned round. */
ar_status ari_page_write(ari_clause *clause, const ar_query *query, ar_error *err);

/* "WITH …", and what stands between two queries: orm/cte.c, orm/compound.c. */
void ari_cte_write(ari_clause *clause, const ar_query *query);
const char *ari_compound_operator(uint32_t kind);

/* " FOR UPDATE" and the like: orm/lock.c. */
ar_status ari_lock_check(const ari_db *db, const ar_query *query, ari_ask ask, ar_error *err);
void ari_lock_write(ari_clause *clause, const ar_query *query);

#endif
