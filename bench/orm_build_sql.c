/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"
#include "bench/user.h"
#include "orm/query_run.h"

/* A query with five predicates and two joins: built, written as SQL, its statement looked up in the cache, and dropped
 * instead of sent. The floor writes the same text with snprintf and copies the same values. */

enum { rounds = 21, builds = 20000 };

static void build(ar_db *db, int64_t number)
{
    ar_error error;
    ari_db *entered;
    ari_op *op = NULL;
    ar_query *q = User_query(db);
    ar_query_join(q, AR_INNER_JOIN, User, "boss", AR_COMPARE(AR_COL(User, id), EQ, AR_COL_AS("boss", User, id)));
    ar_query_join(q, AR_LEFT_JOIN, User, "peer", AR_COMPARE(AR_COL(User, id), LT, AR_COL_AS("peer", User, id)));
    ar_query_filter(q, AR_EQ(User, is_active, true), AR_GT(User, id, number), AR_LIKE(User, name, "J%"),
                    AR_AS("boss", AR_NE(User, email, "x")), AR_AS("peer", AR_LE(User, score, 0.5)));
    bench_expect(ari_query_run_create(q, ARI_ASK_RECORDS, &User_model, &entered, &op, &error), &error, "building");
    ari_op_release(op);
    ari_db_leave(entered);
}

static uint64_t write_by_hand(int64_t number)
{
    char sql[1024];
    ar_value values[5] = { ar_bind(true), ar_bind(number), ar_bind("J%"), ar_bind("x"), ar_bind(0.5) };
    const char *columns[] = { "id", "name", "email", "is_active", "created_at", "score" };
    int length = snprintf(sql, sizeof sql, "SELECT ");
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++)
        length += snprintf(sql + length, sizeof sql - (size_t)length, "%s\"%s\".\"%s\"", i > 0 ? ", " : "", "users",
                           columns[i]);
    snprintf(sql + length, sizeof sql - (size_t)length,
             " FROM \"%s\" INNER JOIN \"%s\" AS \"%s\" ON \"%s\".\"%s\" = \"%s\".\"%s\" LEFT JOIN \"%s\" AS \"%s\" ON "
             "\"%s\".\"%s\" < \"%s\".\"%s\" WHERE \"%s\".\"%s\" = ? AND \"%s\".\"%s\" > ? AND \"%s\".\"%s\" LIKE ? "
             "ESCAPE '\\' AND (\"%s\".\"%s\" <> ?) AND (\"%s\".\"%s\" <= ?)",
             "users", "users", "boss", "users", "id", "boss", "id", "users", "peer", "users", "id", "peer", "id",
             "users", "is_active", "users", "id", "users", "name", "boss", "email", "peer", "score");
    return strlen(sql) + (uint64_t)values[1].as.integer;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static void measure(const bench_place *place, bench_result *out)
{
    ar_db *db = user_db_open(place->folder, "build.db", "");
    double ours[rounds], floor[rounds];
    uint64_t written = 0;
    for (int round = 0; round < rounds; round++) {
        int64_t start = bench_now();
        for (int i = 0; i < builds; i++)
            build(db, i);
        int64_t middle = bench_now();
        for (int i = 0; i < builds; i++)
            written += write_by_hand(i);
        ours[round] = (double)(middle - start) / builds;
        floor[round] = (double)(bench_now() - middle) / builds;
    }
    qsort(ours, rounds, sizeof ours[0], by_size);
    qsort(floor, rounds, sizeof floor[0], by_size);
    out->ours = ours[rounds / 2];
    out->floor = floor[rounds / 2];
    ar_db_close(&db);
    if (written == 0)
        bench_fail("the floor wrote nothing");
}

const bench bench_orm_build_sql = {
    .name = "orm_build_sql",
    .work = "a query of five predicates and two joins built and looked up; floor: its text by snprintf",
    .unit = "ns",
    .ours_at_most = 2000,
    .measure = measure,
};
