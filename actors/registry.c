/* SPDX-License-Identifier: MIT */
#include "actors/registry.h"

#include <string.h>

#include "actors/actor.h"

/* FNV-1a, 32 bits. */
static uint32_t chain_of(const char *name)
{
    uint32_t hash = UINT32_C(2166136261);
    for (; *name != '\0'; name++)
        hash = (hash ^ (unsigned char)*name) * UINT32_C(16777619);
    return (hash ^ (hash >> 16)) % ARI_REGISTRY_CHAINS;
}

ari_actor *ari_registry_find(const ari_registry *registry, const char *name)
{
    ari_actor *actor = registry->chains[chain_of(name)];
    while (actor != NULL && strcmp(actor->name, name) != 0)
        actor = actor->next_named;
    return actor;
}

void ari_registry_add(ari_registry *registry, ari_actor *actor)
{
    ari_actor **chain = &registry->chains[chain_of(actor->name)];
    actor->next_named = *chain;
    *chain = actor;
}

void ari_registry_remove(ari_registry *registry, ari_actor *actor)
{
    for (ari_actor **at = &registry->chains[chain_of(actor->name)]; *at != NULL; at = &(*at)->next_named) {
        if (*at == actor) {
            *at = actor->next_named;
            return;
        }
    }
}
