/* SPDX-License-Identifier: MIT */
#ifndef ORM_FILTER_H
#define ORM_FILTER_H

#include "orm/plan.h"
#include "orm/query.h"

/* The conditions that every query on a model has besides its own: the tenant of the handle, what is not deleted, and
 * the default scope. */

/* Finds out, when a query on its model is made, which those are. AR_E_INVALID without a tenant, AR_E_TYPE, and as
 * ari_plan_get. */
ar_status ari_filter_start(ar_query *query, ari_db *db, ar_error *err);

/* Of a table that the query joins: the column that says whose a row is, and the tenant, in the query's memory; NULL:
 * that does not matter. Errors likewise. */
ar_status ari_filter_joined(ar_query *query, const ar_model *model, const ar_column **column, const ar_value **tenant,
                            ar_error *err);

/* Into the query's own memory, what was copied from another one. False: there is none. */
bool ari_filter_copy(ar_query *query);

/* Whether there are any. */
bool ari_filter_is_needed(const ar_query *query);

/* Appends them, joined by AND; their columns are those of the first table of the query. */
void ari_filter_write(ari_clause *clause, const ar_query *query);

/* Appends the query's own conditions and these, behind " WHERE ", where there are any. */
void ari_filter_where(ari_clause *clause, const ar_query *query);

#endif
