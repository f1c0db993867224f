/* SPDX-License-Identifier: MIT */
#ifndef ACTORS_REGISTRY_H
#define ACTORS_REGISTRY_H

#include <stdint.h>

/* The names of a runtime's actors: a table of chains, under the runtime's lock. */

typedef struct ari_actor ari_actor;

enum { ARI_REGISTRY_CHAINS = 256 };

typedef struct ari_registry {
    ari_actor *chains[ARI_REGISTRY_CHAINS];
} ari_registry;

/* NULL when nobody has that name. */
ari_actor *ari_registry_find(const ari_registry *registry, const char *name);

/* The actor's name is not taken. */
void ari_registry_add(ari_registry *registry, ari_actor *actor);

/* One that was not added, or was removed before, is left alone. */
void ari_registry_remove(ari_registry *registry, ari_actor *actor);

#endif
