/* SPDX-License-Identifier: MIT */
#ifndef ORM_GATHER_H
#define ORM_GATHER_H

#include "orm/apply.h"

/* Several operations that stand for one: a future that is complete when all of them are, with the error of the first,
 * by position, that failed. Its value is the sum of theirs. See orm/gather.c. */
typedef struct ari_gather ari_gather;

/* For up to `capacity` operations. NULL: no memory. */
ari_gather *ari_gather_create(ar_runtime *runtime, const ar_env *env, size_t capacity);

/* Adds a future that was submitted, and takes it. `op` is the operation that it is, NULL when it is none: its outcome
 * is applied with that of all. */
void ari_gather_add(ari_gather *gather, ar_future *future, ari_op *op);

/* Before `op` is submitted and added: its outcome is applied when all are complete, and only then. */
void ari_gather_hold(ari_gather *gather, ari_op *op);

/* Adds one that has failed, so that those before it are taken back: its error is that of all, not theirs. At most one. */
void ari_gather_fail(ari_gather *gather, ar_future *failed);

/* No more are added; the future is the caller's. */
ar_future *ari_gather_future(ari_gather *gather);

#endif
