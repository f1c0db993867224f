/* SPDX-License-Identifier: MIT */
#ifndef ORM_SCRIPT_H
#define ORM_SCRIPT_H

#include <actrec/query.h>

#include "orm/clause.h"
#include "orm/db.h"

/* Several operations one after the other, each decided from what came before: run by the thread that waits for them, or
 * without one, as a future. See orm/script.c. */

typedef struct ari_script ari_script;

typedef enum ari_act {
    ARI_ACT_END = 0,  /* `status` and `error` are the outcome */
    ARI_ACT_ROWS,     /* run `query`, which is taken, for `rows` */
    ARI_ACT_EXEC,     /* run it for its effect */
    ARI_ACT_COMMIT,   /* end `tx` */
    ARI_ACT_ROLLBACK, /* likewise */
    ARI_ACT_UNLOCK    /* roll back `lock` */
} ari_act;

typedef struct ari_script_class {
    size_t size; /* bytes, of the struct that begins with an ari_script */
    /* Says what is to be done next. At first, and whenever what it said is done: `status` and `error` then say how that
     * ended. On one thread at a time. */
    ari_act (*next)(ari_script *script);
    void (*fini)(ari_script *script);
} ari_script_class;

struct ari_script {
    ar_future future; /* first */
    const ari_script_class *class;
    const ar_env *env;
    const ar_dialect *dialect;
    ar_db *db;
    bool in_transaction; /* `db` is one */
    bool unheld;         /* no thread waits */
    ar_executor *executor;
    int state;   /* the class's own: where it is; 0 at first */
    ar_db *tx;   /* one that the script began; NULL: none */
    ar_db *lock; /* likewise */
    ar_query *query;
    int64_t timeout_ms;           /* of the query; 0: none; set to 0 afterwards */
    ari_act act;                  /* under way */
    ari_future_observer observer; /* of what is under way, where there is no memory for a then */
    ar_rows *rows;                /* until the next act */
    int64_t changes;
    ar_status status;
    ar_error error; /* valid when status is not AR_OK */
};

/* A script on `db`, zeroed behind its head; the caller's, until it is started. AR_E_NO_MEMORY; those of a handle. */
ar_status ari_script_create(ar_db *db, const ari_script_class *class, ari_script **out, ar_error *err);

/* Runs it to its end on this thread. The script stays the caller's. */
ar_status ari_script_run(ari_script *script, ar_error *err);

/* Runs it without a thread of its own; `executor` (NULL: the runtime's) runs what lies between the operations. Takes
 * the script; the future is the caller's, and is the script. */
ar_future *ari_script_start(ari_script *script, ar_executor *executor);

/* The script of `class` that the future is; NULL: it is none. */
ari_script *ari_script_of(ar_future *future, const ari_script_class *class);

void ari_script_release(ari_script *script); /* NULL does nothing */

/* Begins script->tx on script->db. */
void ari_script_begin(ari_script *script, const ar_tx_options *options);

/* Makes script->query, SQL to be run through `db`, and gives what it is to be written into; NULL: there is no memory,
 * which running it will say. */
ari_clause *ari_script_query(ari_script *script, ar_db *db, ar_statement_class statement_class);

#endif
