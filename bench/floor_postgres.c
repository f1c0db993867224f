/* SPDX-License-Identifier: MIT */
#include "bench/floor_postgres.h"

#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/bench.h"

enum { binary = 1, insert_columns = 5, bulk_text_room = 64 };

/* Of pg_type. */
enum { oid_bool = 16, oid_text = 25, oid_float8 = 701, oid_timestamptz = 1184 };

/* Timestamps count from 2000 on the wire. */
static const int64_t postgres_epoch = INT64_C(946684800000000);

static const char name_of_all[] = "s";

struct floor_postgres {
    PGconn *connection;
    char *arrays[insert_columns]; /* of a bulk insert, made once */
    int array_sizes[insert_columns];
};

#define COLUMNS "SELECT id, name, email, is_active, created_at, score FROM bench_users"
#define INTO    "INSERT INTO bench_floor_users (name, email, is_active, created_at, score) "

static const char *const texts[] = {
    [FLOOR_PG_FIND] = COLUMNS " WHERE id = $1::int8",
    [FLOOR_PG_SELECT] = COLUMNS " WHERE email = $1::text",
    [FLOOR_PG_INSERT] = INTO "VALUES ($1::text, $2::text, $3::bool, $4::timestamptz, $5::float8) RETURNING id",
    [FLOOR_PG_INSERT_BULK] = INTO "SELECT * FROM unnest($1::text[], $2::text[], $3::bool[], $4::timestamptz[], "
                                  "$5::float8[]) RETURNING id",
    [FLOOR_PG_ALL] = COLUMNS,
};

/* --- numbers in the order of the network --- */

static void put16(char *to, uint16_t number)
{
    to[0] = (char)(number >> 8);
    to[1] = (char)number;
}

static void put32(char *to, uint32_t number)
{
    put16(to, (uint16_t)(number >> 16));
    put16(to + 2, (uint16_t)number);
}

static void put64(char *to, uint64_t number)
{
    put32(to, (uint32_t)(number >> 32));
    put32(to + 4, (uint32_t)number);
}

static void put_double(char *to, double number)
{
    uint64_t bits;
    memcpy(&bits, &number, sizeof bits);
    put64(to, bits);
}

static uint64_t get64(const char *from)
{
    const unsigned char *p = (const unsigned char *)from;
    return (uint64_t)p[0] << 56 | (uint64_t)p[1] << 48 | (uint64_t)p[2] << 40 | (uint64_t)p[3] << 32 |
           (uint64_t)p[4] << 24 | (uint64_t)p[5] << 16 | (uint64_t)p[6] << 8 | p[7];
}

static double get_double(const char *from)
{
    uint64_t bits = get64(from);
    double number;
    memcpy(&number, &bits, sizeof number);
    return number;
}

static int64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    return (int64_t)time.tv_sec * 1000000 + time.tv_nsec / 1000 - postgres_epoch;
}

/* --- connection --- */

static void expect(floor_postgres *floor, bool right)
{
    if (!right)
        bench_fail("floor: libpq: %s", PQerrorMessage(floor->connection));
}

static PGresult *expect_result(floor_postgres *floor, PGresult *result, ExecStatusType status)
{
    if (PQresultStatus(result) != status)
        bench_fail("floor: libpq: %s", PQerrorMessage(floor->connection));
    return result;
}

void floor_postgres_run(floor_postgres *floor, const char *sql)
{
    PQclear(expect_result(floor, PQexec(floor->connection, sql), PGRES_COMMAND_OK));
}

static bool inserts(floor_postgres_statement which)
{
    return which == FLOOR_PG_INSERT || which == FLOOR_PG_INSERT_BULK;
}

floor_postgres *floor_postgres_open(const char *url, floor_postgres_statement which)
{
    floor_postgres *floor = bench_allocate(sizeof *floor);
    memset(floor, 0, sizeof *floor);
    floor->connection = PQconnectdb(url);
    expect(floor, PQstatus(floor->connection) == CONNECTION_OK);
    floor_postgres_run(floor, "SET client_min_messages = warning");
    if (inserts(which)) {
        floor_postgres_run(floor, "DROP TABLE IF EXISTS bench_floor_users");
        floor_postgres_run(floor, "CREATE TABLE bench_floor_users (LIKE bench_users INCLUDING ALL)");
    }
    PQclear(expect_result(floor, PQprepare(floor->connection, name_of_all, texts[which], 0, NULL), PGRES_COMMAND_OK));
    return floor;
}

void floor_postgres_close(floor_postgres *floor)
{
    PQfinish(floor->connection);
    for (int i = 0; i < insert_columns; i++)
        free(floor->arrays[i]);
    free(floor);
}

/* --- reading --- */

static void copy_numbers(const PGresult *result, int row, User *user)
{
    user->id = (int64_t)get64(PQgetvalue(result, row, 0));
    user->is_active = *PQgetvalue(result, row, 3) != 0;
    user->created_at.us = (int64_t)get64(PQgetvalue(result, row, 4)) + postgres_epoch;
    user->score = get_double(PQgetvalue(result, row, 5));
}

static void copy_texts(const PGresult *result, int row, User *user, char *room, size_t name, size_t email)
{
    user->name = floor_text_copy(&room, PQgetvalue(result, row, 1), name);
    user->email = floor_text_copy(&room, PQgetvalue(result, row, 2), email);
}

static User *user_of(const PGresult *result)
{
    if (PQntuples(result) != 1)
        bench_fail("floor: %d rows came back, not one", PQntuples(result));
    char *room;
    size_t name = (size_t)PQgetlength(result, 0, 1), email = (size_t)PQgetlength(result, 0, 2);
    User *user = floor_user_make(name + email + 2, &room);
    copy_numbers(result, 0, user);
    copy_texts(result, 0, user, room, name, email);
    return user;
}

User *floor_postgres_find(floor_postgres *floor, int64_t id)
{
    char key[8];
    const char *values[] = { key };
    const int lengths[] = { sizeof key }, formats[] = { binary };
    put64(key, (uint64_t)id);
    PGresult *result = expect_result(
        floor, PQexecPrepared(floor->connection, name_of_all, 1, values, lengths, formats, binary), PGRES_TUPLES_OK);
    User *user = user_of(result);
    PQclear(result);
    return user;
}

void floor_postgres_all(floor_postgres *floor, floor_users *out)
{
    PGresult *result = expect_result(floor, PQexecPrepared(floor->connection, name_of_all, 0, NULL, NULL, NULL, binary),
                                     PGRES_TUPLES_OK);
    int count = PQntuples(result);
    *out = (floor_users){ .items = NULL };
    for (int row = 0; row < count; row++) {
        User *user = floor_users_add(out);
        size_t name = (size_t)PQgetlength(result, row, 1), email = (size_t)PQgetlength(result, row, 2);
        copy_numbers(result, row, user);
        copy_texts(result, row, user, floor_users_texts(out, name + email + 2), name, email);
    }
    PQclear(result);
}

/* --- bulk insert: arrays in binary, as array_recv reads them --- */

static const uint32_t bulk_types[insert_columns] = { oid_text, oid_text, oid_bool, oid_timestamptz, oid_float8 };

static char *begin_array(floor_postgres *floor, int column, size_t count)
{
    if (floor->arrays[column] == NULL)
        floor->arrays[column] = bench_allocate(20 + count * bulk_text_room);
    char *to = floor->arrays[column];
    put32(to, 1);                      /* dimensions */
    put32(to + 4, 0);                  /* no nulls */
    put32(to + 8, bulk_types[column]); /* of the elements */
    put32(to + 12, (uint32_t)count);   /* elements */
    put32(to + 16, 1);                 /* the number of the first */
    return to + 20;
}

static char *put_text(char *to, const char *text)
{
    size_t length = strlen(text);
    if (length > bulk_text_room - 4)
        bench_fail("floor: a text is longer than expected");
    put32(to, (uint32_t)length);
    memcpy(to + 4, text, length); /* NOLINT(bugprone-not-null-terminated-result): the protocol gives the length */
    return to + 4 + length;
}

static void encode_rows(floor_postgres *floor, const User *rows, size_t count)
{
    char *to[insert_columns];
    uint64_t created_at = (uint64_t)now();
    for (int i = 0; i < insert_columns; i++)
        to[i] = begin_array(floor, i, count);
    for (size_t row = 0; row < count; row++) {
        to[0] = put_text(to[0], rows[row].name);
        to[1] = put_text(to[1], rows[row].email);
        put32(to[2], 1);
        to[2][4] = rows[row].is_active ? 1 : 0;
        to[2] += 5;
        put32(to[3], 8);
        put64(to[3] + 4, created_at);
        to[3] += 12;
        put32(to[4], 8);
        put_double(to[4] + 4, rows[row].score);
        to[4] += 12;
    }
    for (int i = 0; i < insert_columns; i++)
        floor->array_sizes[i] = (int)(to[i] - floor->arrays[i]);
}

void floor_postgres_insert_bulk(floor_postgres *floor, User *rows, size_t count)
{
    static const int formats[insert_columns] = { binary, binary, binary, binary, binary };
    encode_rows(floor, rows, count);
    PGresult *result =
        expect_result(floor,
                      PQexecPrepared(floor->connection, name_of_all, insert_columns, (const char *const *)floor->arrays,
                                     floor->array_sizes, formats, binary),
                      PGRES_TUPLES_OK);
    if ((size_t)PQntuples(result) != count)
        bench_fail("floor: other ids came back");
    for (size_t row = 0; row < count; row++)
        rows[row].id = (int64_t)get64(PQgetvalue(result, (int)row, 0));
    PQclear(result);
}

/* --- pipeline --- */

void floor_postgres_pipeline(floor_postgres *floor)
{
    expect(floor, PQenterPipelineMode(floor->connection) == 1);
}

void floor_postgres_send_find(floor_postgres *floor, int64_t id)
{
    char key[8];
    const char *values[] = { key };
    const int lengths[] = { sizeof key }, formats[] = { binary };
    put64(key, (uint64_t)id);
    expect(floor, PQsendQueryPrepared(floor->connection, name_of_all, 1, values, lengths, formats, binary) == 1);
}

void floor_postgres_send_select(floor_postgres *floor, const char *email)
{
    const char *values[] = { email };
    const int lengths[] = { (int)strlen(email) }, formats[] = { binary };
    expect(floor, PQsendQueryPrepared(floor->connection, name_of_all, 1, values, lengths, formats, binary) == 1);
}

void floor_postgres_send_insert(floor_postgres *floor, const user_texts *user, double score)
{
    static const int formats[insert_columns] = { binary, binary, binary, binary, binary };
    char active[1] = { 1 }, created_at[8], number[8];
    const char *values[insert_columns] = { user->name, user->email, active, created_at, number };
    const int lengths[insert_columns] = { (int)strlen(user->name), (int)strlen(user->email), 1, 8, 8 };
    put64(created_at, (uint64_t)now());
    put_double(number, score);
    expect(floor,
           PQsendQueryPrepared(floor->connection, name_of_all, insert_columns, values, lengths, formats, binary) == 1);
}

void floor_postgres_sync(floor_postgres *floor)
{
    expect(floor, PQpipelineSync(floor->connection) == 1);
}

static void end_command(floor_postgres *floor, PGresult *result)
{
    PQclear(result);
    if (PQgetResult(floor->connection) != NULL)
        bench_fail("floor: two results came where one was expected");
}

User *floor_postgres_receive_user(floor_postgres *floor)
{
    PGresult *result = expect_result(floor, PQgetResult(floor->connection), PGRES_TUPLES_OK);
    User *user = user_of(result);
    end_command(floor, result);
    return user;
}

int64_t floor_postgres_receive_id(floor_postgres *floor)
{
    PGresult *result = expect_result(floor, PQgetResult(floor->connection), PGRES_TUPLES_OK);
    int64_t id = PQntuples(result) == 1 ? (int64_t)get64(PQgetvalue(result, 0, 0)) : 0;
    end_command(floor, result);
    return id;
}

void floor_postgres_receive_sync(floor_postgres *floor)
{
    PQclear(expect_result(floor, PQgetResult(floor->connection), PGRES_PIPELINE_SYNC));
}
