/* SPDX-License-Identifier: MIT */
#ifndef ORM_PLAN_H
#define ORM_PLAN_H

#include <actrec/sys/env.h>

/* What is worked out once for each model on each database: its checked description, its statements. Filled lazily, read without locks. */
typedef struct ari_plan_cache ari_plan_cache;

ari_plan_cache *ari_plan_cache_create(const ar_env *env); /* NULL: no memory */
void            ari_plan_cache_destroy(ari_plan_cache *cache);

#endif
