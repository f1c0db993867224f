/* SPDX-License-Identifier: MIT */
#include "bench/floor_sqlite.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/bench.h"

struct floor_sqlite {
    sqlite3 *db;
    sqlite3_stmt *statement;
};

static const char *const texts[] = {
    [FLOOR_FIND] = "SELECT id, name, email, is_active, created_at, score FROM bench_users WHERE id = ?",
    [FLOOR_INSERT] = "INSERT INTO bench_users (name, email, is_active, created_at, score) VALUES (?, ?, ?, ?, ?)",
    [FLOOR_ALL] = "SELECT id, name, email, is_active, created_at, score FROM bench_users",
};

static void expect(floor_sqlite *floor, int code, int expected)
{
    if (code != expected)
        bench_fail("floor: sqlite3: %s", sqlite3_errmsg(floor->db));
}

static void pragma(floor_sqlite *floor, const char *name, const char *value)
{
    char text[80];
    snprintf(text, sizeof text, "PRAGMA %s = %s", name, value);
    expect(floor, sqlite3_exec(floor->db, text, NULL, NULL, NULL), SQLITE_OK);
}

floor_sqlite *floor_sqlite_open(const char *folder, const char *file, const char *synchronous, floor_statement which)
{
    char path[256];
    floor_sqlite *floor = bench_allocate(sizeof *floor);
    snprintf(path, sizeof path, "%s/%s", folder, file);
    expect(floor, sqlite3_open_v2(path, &floor->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL), SQLITE_OK);
    pragma(floor, "journal_mode", "wal");
    pragma(floor, "journal_size_limit", "67108864");
    pragma(floor, "cache_size", "-8192");
    pragma(floor, "synchronous", synchronous);
    pragma(floor, "foreign_keys", "1");
    pragma(floor, "query_only", which == FLOOR_INSERT ? "0" : "1");
    expect(floor, sqlite3_prepare_v3(floor->db, texts[which], -1, SQLITE_PREPARE_PERSISTENT, &floor->statement, NULL),
           SQLITE_OK);
    return floor;
}

void floor_sqlite_close(floor_sqlite *floor)
{
    sqlite3_finalize(floor->statement);
    sqlite3_close(floor->db);
    free(floor);
}

static const char *copy_text(sqlite3_stmt *row, int column, char **room, size_t length)
{
    return floor_text_copy(room, sqlite3_column_text(row, column), length);
}

static void copy_numbers(sqlite3_stmt *row, User *user)
{
    user->id = sqlite3_column_int64(row, 0);
    user->is_active = sqlite3_column_int64(row, 3) != 0;
    user->created_at.us = sqlite3_column_int64(row, 4);
    user->score = sqlite3_column_double(row, 5);
}

User *floor_sqlite_find(floor_sqlite *floor, int64_t id)
{
    sqlite3_stmt *row = floor->statement;
    sqlite3_bind_int64(row, 1, id);
    expect(floor, sqlite3_step(row), SQLITE_ROW);
    size_t name = (size_t)sqlite3_column_bytes(row, 1);
    size_t email = (size_t)sqlite3_column_bytes(row, 2);
    char *room;
    User *user = floor_user_make(name + email + 2, &room);
    copy_numbers(row, user);
    user->name = copy_text(row, 1, &room, name);
    user->email = copy_text(row, 2, &room, email);
    sqlite3_reset(row);
    return user;
}

int64_t floor_sqlite_insert(floor_sqlite *floor, const user_texts *user, double score)
{
    sqlite3_stmt *row = floor->statement;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    sqlite3_bind_text(row, 1, user->name, (int)strlen(user->name), SQLITE_STATIC);
    sqlite3_bind_text(row, 2, user->email, (int)strlen(user->email), SQLITE_STATIC);
    sqlite3_bind_int64(row, 3, 1);
    sqlite3_bind_int64(row, 4, (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000);
    sqlite3_bind_double(row, 5, score);
    expect(floor, sqlite3_step(row), SQLITE_DONE);
    sqlite3_reset(row);
    return sqlite3_last_insert_rowid(floor->db);
}

void floor_sqlite_all(floor_sqlite *floor, floor_users *out)
{
    sqlite3_stmt *row = floor->statement;
    int code;
    *out = (floor_users){ .items = NULL };
    while ((code = sqlite3_step(row)) == SQLITE_ROW) {
        User *user = floor_users_add(out);
        size_t name = (size_t)sqlite3_column_bytes(row, 1);
        size_t email = (size_t)sqlite3_column_bytes(row, 2);
        char *room = floor_users_texts(out, name + email + 2);
        copy_numbers(row, user);
        user->name = copy_text(row, 1, &room, name);
        user->email = copy_text(row, 2, &room, email);
    }
    expect(floor, code, SQLITE_DONE);
    sqlite3_reset(row);
}
