/* SPDX-License-Identifier: MIT */
#ifndef BENCH_FLOOR_USERS_H
#define BENCH_FLOOR_USERS_H

#include <stddef.h>
#include <string.h>

#include "bench/user.h"

/* Where a careful program puts the rows that it reads: many in an array, their texts in blocks beside it. */

typedef struct floor_block floor_block;

typedef struct floor_users {
    User *items;
    size_t count;
    size_t room;
    floor_block *texts;
} floor_users;

/* `*out` starts as all zero. */
User *floor_users_add(floor_users *users);
char *floor_users_texts(floor_users *users, size_t size);
void floor_users_free(floor_users *users);

/* One row, in one block of malloc with its texts behind it. */
User *floor_user_make(size_t texts, char **room);

/* Copies a text to `*room`, which moves on behind its NUL. */
static inline const char *floor_text_copy(char **room, const void *text, size_t length)
{
    char *to = *room;
    memcpy(to, text, length);
    to[length] = '\0';
    *room = to + length + 1;
    return to;
}

#endif
