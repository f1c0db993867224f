/* SPDX-License-Identifier: MIT */
#ifndef ORM_PATH_H
#define ORM_PATH_H

#include <actrec/eager.h>

#include "orm/db.h"
#include "orm/query.h"
#include "orm/relation.h"

/* Paths that begin alike, as a tree: a branch is a relation to be loaded, for the records of the branch around it. */
typedef struct ari_branch ari_branch;
struct ari_branch {
    ari_branch *next;
    ari_branch *children;
    const ar_column *entry;
    const ar_relation *relation;
    ar_path_fn modify;
    void *arg;
    const ar_column *parent_key;    /* by which records of the one side are matched */
    const ar_column *target_key;    /* with those of the other */
    const ar_column *through_own;   /* and, of a many-to-many, with the rows between: as parent_key */
    const ar_column *through_other; /* as target_key */
    const ar_column *back;          /* the inverse; NULL: none */
    ar_query *narrowed;             /* what the modifier made; NULL: nothing */
    bool by_array;                  /* the keys go as one, since there are no other values */
};

/* A path that a query was given. */
struct ari_query_path {
    struct ari_query_path *next;
    ar_path path;
};

/* Adds a path of records of `model` to the branches at *first. AR_E_INVALID, AR_E_NO_MEMORY. */
ar_status ari_branch_add(ari_branch **first, ari_arena *arena, const ar_model *model, const ar_path *path,
                         ar_error *err);

/* Checks all models of the branches and calls their modifiers; `handle` is the one that `db` was entered by. */
ar_status ari_branch_prepare(ari_branch *first, const ar_model *model, ari_db *db, ar_db *handle, ar_error *err);

/* What prepare made. */
void ari_branch_release(ari_branch *first);

#endif
