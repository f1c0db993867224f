/* SPDX-License-Identifier: MIT */
#ifndef ORM_HYDRATE_H
#define ORM_HYDRATE_H

#include <actrec/record.h>

#include "orm/plan.h"
#include "orm/record.h"

/* Rows into records. An operation that reads records has an ari_hydrate as the first thing in its payload,
 * ari_hydrate_sink as its sink, and calls ari_hydrate_fini when it is destroyed. What it read is taken by the thread
 * that awaits.
 *
 *     ari_hydrate *rows = (void *)op->payload;
 *     ari_hydrate_init(rows, db, handle, plan, ARI_HYDRATE_LIST);
 *     op->operation.sink = &ari_hydrate_sink;
 *     op->operation.sink_ctx = rows;
 *     op->operation.wanted = plan->wanted, op->operation.wanted_count = plan->column_count;   (not with BY_NAME)
 */

enum {
    ARI_HYDRATE_ONE = 0,          /* a record of its own: the first row; further ones are counted */
    ARI_HYDRATE_LIST = 1 << 0,    /* a list of all rows */
    ARI_HYDRATE_BY_NAME = 1 << 1, /* result columns are matched by name; else they are the plan's, in its order */
    ARI_HYDRATE_PARTIAL = 1 << 2  /* found out: the result lacks some of the plan's columns */
};

typedef struct ari_hydrate {
    uint32_t tag;
    uint32_t flags;
    const ari_plan *plan;
    const ar_env *env;
    ar_db *scope; /* NULL, or the handle of the scope that owns what is read */
    size_t count; /* rows seen */
    ari_record *one;
    ari_list *list;
    uint16_t *map; /* BY_NAME: the plan's column of each result column; UINT16_MAX: none */
    size_t map_count;
} ari_hydrate;

/* Allocates nothing. `handle` is the one that `db` was entered by. */
void ari_hydrate_init(ari_hydrate *rows, ari_db *db, ar_db *handle, const ari_plan *plan, uint32_t flags);

/* The same for results of `scope` (NULL: the caller's) that `env` has the memory of. */
void ari_hydrate_start(ari_hydrate *rows, const ar_env *env, ar_db *scope, const ari_plan *plan, uint32_t flags);

/* Frees what was not taken. One that is all zero is fine. */
void ari_hydrate_fini(ari_hydrate *rows);

extern const ar_sink ari_hydrate_sink;

/* Hands over what was read, to the caller or his scope. AR_E_CLOSED when the scope is closed. *out is NULL, or the
 * list empty, when nothing was read, or it was taken before. */
ar_status ari_hydrate_take_record(ari_hydrate *rows, void **out, ar_error *err);
ar_status ari_hydrate_take_list(ari_hydrate *rows, ar_record_list *out, ar_error *err);

#endif
