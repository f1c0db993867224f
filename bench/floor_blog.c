/* SPDX-License-Identifier: MIT */
#include "bench/floor_blog.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"

enum { USERS = 1000, POSTS = 10000, COMMENTS = 50000, BLOCK = 1 << 20 };

typedef struct row {
    int64_t id;
    int64_t parent_id;
    const char *text;
    struct row **children; /* in `grouped` of those */
    size_t child_count;
} row;

typedef struct block {
    struct block *next;
    size_t used;
    char bytes[BLOCK];
} block;

typedef struct rows {
    row *items;
    size_t count;
    row **grouped; /* by parent */
} rows;

struct floor_blog {
    sqlite3 *db;
    sqlite3_stmt *users, *posts, *comments;
    block *texts;
};

static sqlite3_stmt *prepare(sqlite3 *db, const char *select, size_t keys)
{
    size_t length = strlen(select);
    char *sql = bench_allocate(length + keys * 2 + 2);
    sqlite3_stmt *statement;
    memcpy(sql, select, length);
    for (size_t i = 0; i < keys; i++) {
        sql[length++] = '?';
        sql[length++] = i + 1 < keys ? ',' : ')';
    }
    if (sqlite3_prepare_v3(db, sql, (int)length, SQLITE_PREPARE_PERSISTENT, &statement, NULL) != SQLITE_OK)
        bench_fail("floor: %s", sqlite3_errmsg(db));
    free(sql);
    return statement;
}

static void pragma(sqlite3 *db, const char *sql)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        bench_fail("floor: %s", sqlite3_errmsg(db));
}

floor_blog *floor_blog_open(const char *folder, const char *file)
{
    char path[512];
    floor_blog *floor = bench_allocate(sizeof *floor);
    snprintf(path, sizeof path, "%s/%s", folder, file);
    if (sqlite3_open_v2(path, &floor->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
        bench_fail("floor: cannot open %s", path);
    pragma(floor->db, "PRAGMA journal_mode = wal");
    pragma(floor->db, "PRAGMA cache_size = -8192");
    pragma(floor->db, "PRAGMA query_only = 1");
    floor->users = prepare(floor->db, "select id, 0, name from users", 0);
    floor->posts = prepare(floor->db, "select id, user_id, title from posts where user_id in (", USERS);
    floor->comments = prepare(floor->db, "select id, post_id, body from comments where post_id in (", POSTS);
    floor->texts = NULL;
    return floor;
}

void floor_blog_close(floor_blog *floor)
{
    sqlite3_finalize(floor->users);
    sqlite3_finalize(floor->posts);
    sqlite3_finalize(floor->comments);
    sqlite3_close(floor->db);
    free(floor);
}

static const char *copy_text(floor_blog *floor, const unsigned char *text, size_t length)
{
    if (floor->texts == NULL || BLOCK - floor->texts->used < length + 1) {
        block *more = bench_allocate(sizeof *more);
        more->next = floor->texts;
        more->used = 0;
        floor->texts = more;
    }
    char *copy = floor->texts->bytes + floor->texts->used;
    memcpy(copy, text, length + 1);
    floor->texts->used += length + 1;
    return copy;
}

static rows read_rows(floor_blog *floor, sqlite3_stmt *statement, size_t room)
{
    rows read = { .items = bench_allocate(room * sizeof(row)) };
    while (sqlite3_step(statement) == SQLITE_ROW) {
        row *each = &read.items[read.count++];
        each->id = sqlite3_column_int64(statement, 0);
        each->parent_id = sqlite3_column_int64(statement, 1);
        const unsigned char *text = sqlite3_column_text(statement, 2);
        each->text = copy_text(floor, text, (size_t)sqlite3_column_bytes(statement, 2));
        each->children = NULL;
        each->child_count = 0;
    }
    if (sqlite3_reset(statement) != SQLITE_OK)
        bench_fail("floor: %s", sqlite3_errmsg(floor->db));
    return read;
}

static size_t slot_of(const uint32_t *table, size_t mask, const rows *parents, int64_t id)
{
    size_t at = (size_t)((uint64_t)id * UINT64_C(0x9e3779b97f4a7c15) >> 20) & mask;
    while (table[at] != 0 && parents->items[table[at] - 1].id != id)
        at = (at + 1) & mask;
    return at;
}

/* Gives each parent its children, in the order that they came in. */
static void group(rows *parents, rows *children)
{
    size_t size = 1;
    while (size < parents->count * 2)
        size *= 2;
    uint32_t *table = calloc(size, sizeof *table);
    uint32_t *owner = bench_allocate(children->count * sizeof *owner);
    children->grouped = bench_allocate(children->count * sizeof(row *));
    if (table == NULL)
        bench_fail("floor: out of memory");
    for (size_t i = 0; i < parents->count; i++)
        table[slot_of(table, size - 1, parents, parents->items[i].id)] = (uint32_t)i + 1;
    for (size_t i = 0; i < children->count; i++) {
        owner[i] = table[slot_of(table, size - 1, parents, children->items[i].parent_id)] - 1;
        parents->items[owner[i]].child_count++;
    }
    row **at = children->grouped;
    for (size_t i = 0; i < parents->count; i++) {
        parents->items[i].children = at;
        at += parents->items[i].child_count;
        parents->items[i].child_count = 0;
    }
    for (size_t i = 0; i < children->count; i++) {
        row *parent = &parents->items[owner[i]];
        parent->children[parent->child_count++] = &children->items[i];
    }
    free(owner);
    free(table);
}

static void bind_keys(sqlite3_stmt *statement, const rows *parents)
{
    for (size_t i = 0; i < parents->count; i++)
        sqlite3_bind_int64(statement, (int)i + 1, parents->items[i].id);
}

static size_t count_all(const rows *users)
{
    size_t count = users->count;
    for (size_t i = 0; i < users->count; i++) {
        const row *user = &users->items[i];
        count += user->child_count;
        for (size_t j = 0; j < user->child_count; j++)
            count += user->children[j]->child_count;
    }
    return count;
}

static void release(floor_blog *floor, rows *read)
{
    free(read->items);
    free(read->grouped);
    while (floor->texts != NULL) {
        block *next = floor->texts->next;
        free(floor->texts);
        floor->texts = next;
    }
}

size_t floor_blog_read(floor_blog *floor)
{
    rows users = read_rows(floor, floor->users, USERS);
    bind_keys(floor->posts, &users);
    rows posts = read_rows(floor, floor->posts, POSTS);
    group(&users, &posts);
    bind_keys(floor->comments, &posts);
    rows comments = read_rows(floor, floor->comments, COMMENTS);
    group(&posts, &comments);
    size_t count = count_all(&users);
    release(floor, &comments);
    release(floor, &posts);
    release(floor, &users);
    return count;
}
