/* SPDX-License-Identifier: MIT */
#include <actrec/page.h>

#include "orm/query.h"
#include "orm/scope.h"

void ar_query_lock(ar_query *query, ar_lock lock, ar_lock_wait wait)
{
    if (!ari_query_is_building(query))
        return;
    const ar_dialect *dialect = query->dialect;
    if ((lock != AR_LOCK_UPDATE && lock != AR_LOCK_SHARE) || wait > AR_LOCK_SKIP_LOCKED)
        ar_ignore(ar_error_set(&query->error, AR_E_INVALID, "building a query on %s: there is no such lock",
                               query->model->name));
    else if ((wait == AR_LOCK_NOWAIT && !dialect->lock_nowait) ||
             (wait == AR_LOCK_SKIP_LOCKED && !dialect->lock_skip_locked))
        ar_ignore(ar_error_set(&query->error, AR_E_UNSUPPORTED,
                               "building a query on %s: %s cannot lock rows without waiting for those of others",
                               query->model->name, dialect->name));
    query->lock = lock;
    query->lock_wait = wait;
}

ar_status ari_lock_check(const ari_db *db, const ar_query *query, ari_ask ask, ar_error *err)
{
    if (query->lock == 0)
        return AR_OK;
    if (!ari_db_in_transaction(db))
        return ar_error_set(err, AR_E_INVALID,
                            "locking rows of %s: the lock lasts as long as a transaction; make the query with the "
                            "handle of ar_tx_begin",
                            query->model->name);
    if (db->transaction != NULL && db->transaction->options.read_only)
        return ar_error_set(err, AR_E_READ_ONLY, "locking rows of %s: the transaction is read-only, and locks no rows",
                            query->model->name);
    if (query->groups.first != NULL || query->distinct || query->combined.first != NULL || ask == ARI_ASK_COUNT ||
        ask == ARI_ASK_EXISTS)
        return ar_error_set(
            err, AR_E_INVALID,
            "locking rows of %s: groups, counts, distinct rows and combined ones are no rows of a table",
            query->model->name);
    return AR_OK;
}

void ari_lock_write(ari_clause *clause, const ar_query *query)
{
    if (query->lock == 0)
        return;
    const ar_dialect *dialect = query->dialect;
    ari_clause_sql(clause, query->lock == AR_LOCK_UPDATE ? dialect->lock_for_update : dialect->lock_for_share);
    if (query->lock_wait == AR_LOCK_NOWAIT)
        ari_clause_sql(clause, " NOWAIT");
    else if (query->lock_wait == AR_LOCK_SKIP_LOCKED)
        ari_clause_sql(clause, " SKIP LOCKED");
}
