/* SPDX-License-Identifier: MIT */
#include "bench/floor_users.h"

#include <stdlib.h>

#include "bench/bench.h"

enum { block_size = 65536 };

struct floor_block {
    floor_block *next;
    size_t used;
    char bytes[block_size];
};

User *floor_users_add(floor_users *users)
{
    if (users->count == users->room) {
        users->room = users->room == 0 ? 64 : users->room * 2;
        users->items = realloc(users->items, users->room * sizeof *users->items);
        if (users->items == NULL)
            bench_fail("out of memory");
    }
    return &users->items[users->count++];
}

char *floor_users_texts(floor_users *users, size_t size)
{
    floor_block *block = users->texts;
    if (block == NULL || block_size - block->used < size) {
        block = bench_allocate(sizeof *block);
        block->next = users->texts;
        block->used = 0;
        users->texts = block;
    }
    char *room = block->bytes + block->used;
    block->used += size;
    return room;
}

void floor_users_free(floor_users *users)
{
    for (floor_block *block = users->texts; block != NULL;) {
        floor_block *next = block->next;
        free(block);
        block = next;
    }
    free(users->items);
}

User *floor_user_make(size_t texts, char **room)
{
    User *user = bench_allocate(sizeof *user + texts);
    *room = (char *)(user + 1);
    return user;
}
