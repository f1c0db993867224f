/* SPDX-License-Identifier: MIT */
#include "bench/floor_mysql.h"

#include <mysql.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "bench/bench.h"
#include "bench/server.h"

enum { columns = 6, insert_columns = 5, text_size = 256 };

/* What the client writes one row to. */
typedef struct fetched {
    long long id;
    char name[text_size];
    char email[text_size];
    signed char is_active;
    MYSQL_TIME created_at;
    double score;
    unsigned long name_length;
    unsigned long email_length;
} fetched;

/* The columns of an array-bound insert: numbers side by side, all else pointers (ma_get_buffer_offset in Connector/C). */
typedef struct arrays {
    const char **names;
    const char **emails;
    unsigned long *name_lengths;
    unsigned long *email_lengths;
    signed char *is_active;
    MYSQL_TIME **created_at;
    double *scores;
} arrays;

struct floor_mysql {
    MYSQL *connection;
    MYSQL_STMT *statement;
    long long key;
    fetched row;
    arrays insert;
};

#define COLUMNS "SELECT id, name, email, is_active, created_at, score FROM bench_users"

static const char *const texts[] = {
    [FLOOR_MYSQL_FIND] = COLUMNS " WHERE id = ?",
    [FLOOR_MYSQL_INSERT_BULK] =
        "INSERT INTO bench_floor_users (name, email, is_active, created_at, score) VALUES (?, ?, ?, ?, ?)",
    [FLOOR_MYSQL_ALL] = COLUMNS,
};

static void expect(floor_mysql *floor, bool right)
{
    if (!right)
        bench_fail("floor: mysql: %s%s", mysql_error(floor->connection),
                   floor->statement != NULL ? mysql_stmt_error(floor->statement) : "");
}

/* --- connection --- */

/* Takes a part of a URL up to one of `ends` out of it, its %XX made what they stand for. */
static const char *take_part(const char *from, const char *ends, char *out)
{
    for (; *from != '\0' && strchr(ends, *from) == NULL; from++) {
        char digits[3] = { 0 };
        if (*from == '%' && from[1] != '\0' && from[2] != '\0') {
            memcpy(digits, from + 1, 2);
            *out++ = (char)strtol(digits, NULL, 16);
            from += 2;
        } else {
            *out++ = *from;
        }
    }
    *out = '\0';
    return from;
}

static void connect_to(floor_mysql *floor, const char *url)
{
    char user[server_url_size] = "", password[server_url_size] = "", host[server_url_size] = "", port[16] = "3306",
         database[server_url_size] = "";
    const char *at = strstr(url, "://");
    at = at != NULL ? at + 3 : url;
    if (strchr(at, '@') != NULL) {
        at = take_part(at, ":@", user);
        if (*at == ':')
            at = take_part(at + 1, "@", password);
        at++;
    }
    at = take_part(at, ":/?", host);
    if (*at == ':' && strcspn(at + 1, "/?") < sizeof port)
        at = take_part(at + 1, "/?", port);
    if (*at == '/')
        (void)take_part(at + 1, "?", database);
    bool socket = host[0] == '/';
    expect(floor,
           mysql_real_connect(floor->connection, socket ? NULL : host, user, password, database,
                              (unsigned)strtoul(port, NULL, 10), socket ? host : NULL, CLIENT_FOUND_ROWS) != NULL);
}

void floor_mysql_run(floor_mysql *floor, const char *sql)
{
    expect(floor, mysql_query(floor->connection, sql) == 0);
    MYSQL_RES *result = mysql_store_result(floor->connection);
    mysql_free_result(result);
}

static void prepare(floor_mysql *floor, floor_mysql_statement which)
{
    floor->statement = mysql_stmt_init(floor->connection);
    expect(floor, floor->statement != NULL);
    expect(floor, mysql_stmt_prepare(floor->statement, texts[which], (unsigned long)strlen(texts[which])) == 0);
}

static void bind_result(floor_mysql *floor)
{
    fetched *row = &floor->row;
    MYSQL_BIND binds[columns];
    memset(binds, 0, sizeof binds);
    binds[0] = (MYSQL_BIND){ .buffer_type = MYSQL_TYPE_LONGLONG, .buffer = &row->id };
    binds[1] = (MYSQL_BIND){ .buffer_type = MYSQL_TYPE_STRING, .buffer = row->name, .length = &row->name_length };
    binds[2] = (MYSQL_BIND){ .buffer_type = MYSQL_TYPE_STRING, .buffer = row->email, .length = &row->email_length };
    binds[3] = (MYSQL_BIND){ .buffer_type = MYSQL_TYPE_TINY, .buffer = &row->is_active };
    binds[4] = (MYSQL_BIND){ .buffer_type = MYSQL_TYPE_DATETIME, .buffer = &row->created_at };
    binds[5] = (MYSQL_BIND){ .buffer_type = MYSQL_TYPE_DOUBLE, .buffer = &row->score };
    binds[1].buffer_length = binds[2].buffer_length = text_size;
    binds[4].buffer_length = sizeof row->created_at;
    expect(floor, mysql_stmt_bind_result(floor->statement, binds) == 0);
}

static void bind_key(floor_mysql *floor)
{
    MYSQL_BIND bind;
    memset(&bind, 0, sizeof bind);
    bind.buffer_type = MYSQL_TYPE_LONGLONG;
    bind.buffer = &floor->key;
    expect(floor, mysql_stmt_bind_param(floor->statement, &bind) == 0);
}

floor_mysql *floor_mysql_open(const char *url, floor_mysql_statement which)
{
    floor_mysql *floor = bench_allocate(sizeof *floor);
    memset(floor, 0, sizeof *floor);
    floor->connection = mysql_init(NULL);
    if (floor->connection == NULL)
        bench_fail("out of memory");
    (void)mysql_options(floor->connection, MYSQL_SET_CHARSET_NAME, "utf8mb4");
#ifdef MARIADB_PACKAGE_VERSION_ID
    my_bool tls = strstr(url, "sslmode=disable") == NULL;
    (void)mysql_options(floor->connection, MYSQL_OPT_SSL_ENFORCE, &tls);
#endif
    connect_to(floor, url);
    if (which == FLOOR_MYSQL_INSERT_BULK) {
        floor_mysql_run(floor, "DROP TABLE IF EXISTS bench_floor_users");
        floor_mysql_run(floor, "CREATE TABLE bench_floor_users LIKE bench_users");
    }
    prepare(floor, which);
    if (which == FLOOR_MYSQL_FIND)
        bind_key(floor);
    if (which != FLOOR_MYSQL_INSERT_BULK)
        bind_result(floor);
    return floor;
}

static void free_arrays(arrays *insert)
{
    free(insert->names);
    free(insert->emails);
    free(insert->name_lengths);
    free(insert->email_lengths);
    free(insert->is_active);
    free(insert->created_at);
    free(insert->scores);
}

void floor_mysql_close(floor_mysql *floor)
{
    free_arrays(&floor->insert);
    mysql_stmt_close(floor->statement);
    mysql_close(floor->connection);
    free(floor);
}

/* --- reading --- */

/* Days since 1970 of a day of the Gregorian calendar, whose years are taken to begin in March. */
static int64_t days_of(unsigned year, unsigned month, unsigned day)
{
    int64_t y = (int64_t)year - (month <= 2 ? 1 : 0);
    int64_t of_year = (153 * ((int64_t)month + (month > 2 ? -3 : 9)) + 2) / 5 + (int64_t)day - 1;
    return y * 365 + y / 4 - y / 100 + y / 400 + of_year - 719468;
}

static int64_t microseconds_of(const MYSQL_TIME *time)
{
    int64_t seconds = days_of(time->year, time->month, time->day) * 86400 + (int64_t)time->hour * 3600 +
                      (int64_t)time->minute * 60 + (int64_t)time->second;
    return seconds * 1000000 + (int64_t)time->second_part;
}

static void copy_row(const fetched *row, User *user, char *room)
{
    user->id = row->id;
    user->name = floor_text_copy(&room, row->name, row->name_length);
    user->email = floor_text_copy(&room, row->email, row->email_length);
    user->is_active = row->is_active != 0;
    user->created_at.us = microseconds_of(&row->created_at);
    user->score = row->score;
}

User *floor_mysql_find(floor_mysql *floor, int64_t id)
{
    char *room;
    floor->key = id;
    expect(floor, mysql_stmt_execute(floor->statement) == 0);
    expect(floor, mysql_stmt_fetch(floor->statement) == 0);
    User *user = floor_user_make(floor->row.name_length + floor->row.email_length + 2, &room);
    copy_row(&floor->row, user, room);
    expect(floor, mysql_stmt_fetch(floor->statement) == MYSQL_NO_DATA);
    expect(floor, mysql_stmt_free_result(floor->statement) == 0);
    return user;
}

void floor_mysql_all(floor_mysql *floor, floor_users *out)
{
    int code;
    *out = (floor_users){ .items = NULL };
    expect(floor, mysql_stmt_execute(floor->statement) == 0);
    while ((code = mysql_stmt_fetch(floor->statement)) == 0) {
        User *user = floor_users_add(out);
        copy_row(&floor->row, user, floor_users_texts(out, floor->row.name_length + floor->row.email_length + 2));
    }
    expect(floor, code == MYSQL_NO_DATA);
    expect(floor, mysql_stmt_free_result(floor->statement) == 0);
}

/* --- bulk insert --- */

#ifdef MARIADB_PACKAGE_VERSION_ID

static void now(MYSQL_TIME *out)
{
    struct timespec time;
    struct tm civil;
    clock_gettime(CLOCK_REALTIME, &time);
    gmtime_r(&time.tv_sec, &civil);
    *out = (MYSQL_TIME){ .year = (unsigned)civil.tm_year + 1900,
                         .month = (unsigned)civil.tm_mon + 1,
                         .day = (unsigned)civil.tm_mday,
                         .hour = (unsigned)civil.tm_hour,
                         .minute = (unsigned)civil.tm_min,
                         .second = (unsigned)civil.tm_sec,
                         .second_part = (unsigned long)time.tv_nsec / 1000,
                         .time_type = MYSQL_TIMESTAMP_DATETIME };
}

static void allocate_arrays(arrays *insert, size_t count)
{
    insert->names = bench_allocate(count * sizeof *insert->names);
    insert->emails = bench_allocate(count * sizeof *insert->emails);
    insert->name_lengths = bench_allocate(count * sizeof *insert->name_lengths);
    insert->email_lengths = bench_allocate(count * sizeof *insert->email_lengths);
    insert->is_active = bench_allocate(count * sizeof *insert->is_active);
    insert->created_at = bench_allocate(count * sizeof *insert->created_at);
    insert->scores = bench_allocate(count * sizeof *insert->scores);
}

static void fill_arrays(arrays *insert, const User *rows, size_t count, MYSQL_TIME *created_at)
{
    for (size_t i = 0; i < count; i++) {
        insert->names[i] = rows[i].name;
        insert->name_lengths[i] = (unsigned long)strlen(rows[i].name);
        insert->emails[i] = rows[i].email;
        insert->email_lengths[i] = (unsigned long)strlen(rows[i].email);
        insert->is_active[i] = rows[i].is_active ? 1 : 0;
        insert->created_at[i] = created_at;
        insert->scores[i] = rows[i].score;
    }
}

void floor_mysql_insert_bulk(floor_mysql *floor, const User *rows, size_t count)
{
    arrays *insert = &floor->insert;
    MYSQL_TIME created_at;
    MYSQL_BIND binds[insert_columns];
    unsigned size = (unsigned)count;
    now(&created_at);
    if (insert->names == NULL)
        allocate_arrays(insert, count);
    fill_arrays(insert, rows, count, &created_at);
    memset(binds, 0, sizeof binds);
    binds[0] = (MYSQL_BIND){ .buffer_type = MYSQL_TYPE_STRING, .buffer = insert->names };
    binds[0].length = insert->name_lengths;
    binds[1] = (MYSQL_BIND){ .buffer_type = MYSQL_TYPE_STRING, .buffer = insert->emails };
    binds[1].length = insert->email_lengths;
    binds[2] = (MYSQL_BIND){ .buffer_type = MYSQL_TYPE_TINY, .buffer = insert->is_active };
    binds[3] = (MYSQL_BIND){ .buffer_type = MYSQL_TYPE_DATETIME, .buffer = insert->created_at };
    binds[4] = (MYSQL_BIND){ .buffer_type = MYSQL_TYPE_DOUBLE, .buffer = insert->scores };
    expect(floor, mysql_stmt_attr_set(floor->statement, STMT_ATTR_ARRAY_SIZE, &size) == 0);
    expect(floor, mysql_stmt_bind_param(floor->statement, binds) == 0);
    expect(floor, mysql_stmt_execute(floor->statement) == 0);
}

#else

void floor_mysql_insert_bulk(floor_mysql *floor, const User *rows, size_t count)
{
    (void)floor, (void)rows, (void)count;
    bench_fail("floor: this client library binds no arrays");
}

#endif
