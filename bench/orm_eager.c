/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

#include <actrec.h>

#include "bench/bench.h"
#include "bench/floor_blog.h"

/* 1,000 users with 10 posts of 5 comments each, read whole and freed; one operation is one record. */

typedef struct Reader Reader;
typedef struct Article Article;
typedef struct Remark Remark;

struct Reader {
    int64_t id;
    const char *name;
    AR_MANY(Article) articles;
};

struct Article {
    int64_t id;
    int64_t reader_id;
    const char *title;
    AR_MANY(Remark) remarks;
};

struct Remark {
    int64_t id;
    int64_t article_id;
    const char *body;
};

AR_MODEL_DECLARE(Reader);
AR_MODEL_DECLARE(Article);
AR_MODEL_DECLARE(Remark);
AR_MODEL_DEFINE(Reader, "users", AR_COLUMN(Reader, id, AR_PRIMARY_KEY), AR_COLUMN(Reader, name, AR_NOT_NULL),
                AR_HAS_MANY(Reader, articles, Article, reader_id));
AR_MODEL_DEFINE(Article, "posts", AR_COLUMN(Article, id, AR_PRIMARY_KEY),
                AR_COLUMN(Article, reader_id, AR_NOT_NULL, .name = "user_id"), AR_COLUMN(Article, title, AR_NOT_NULL),
                AR_HAS_MANY(Article, remarks, Remark, article_id));
AR_MODEL_DEFINE(Remark, "comments", AR_COLUMN(Remark, id, AR_PRIMARY_KEY),
                AR_COLUMN(Remark, article_id, AR_NOT_NULL, .name = "post_id"), AR_COLUMN(Remark, body, AR_NOT_NULL));

enum { USERS = 1000, POSTS = 10, COMMENTS = 5, RECORDS = USERS * (1 + POSTS * (1 + COMMENTS)) };

typedef struct eager_state {
    ar_db *db;
    floor_blog *floor;
} eager_state;

static void run_sql(ar_db *db, const char *sql)
{
    ar_error err;
    bench_expect(ar_query_exec(ar_sql_text(db, sql, NULL, 0), NULL, &err), &err, "filling the blog");
}

static void fill(ar_db *db)
{
    run_sql(db, "create table users (id integer primary key, name text not null)");
    run_sql(db, "create table posts (id integer primary key, user_id integer not null, title text not null)");
    run_sql(db, "create table comments (id integer primary key, post_id integer not null, body text not null)");
    run_sql(db, "insert into users with recursive n(i) as (select 1 union all select i + 1 from n where i < 1000) "
                "select i, 'user number ' || i from n");
    run_sql(db, "insert into posts with recursive n(i) as (select 1 union all select i + 1 from n where i < 10000) "
                "select i, (i * 7919) % 1000 + 1, 'the title of post ' || i from n");
    run_sql(db, "insert into comments with recursive n(i) as (select 1 union all select i + 1 from n where i < 50000) "
                "select i, (i * 7919) % 10000 + 1, 'what somebody says about it, number ' || i from n");
    run_sql(db, "create index posts_of on posts (user_id)");
    run_sql(db, "create index comments_of on comments (post_id)");
}

static void *open_eager(const bench_place *place)
{
    char url[512];
    ar_error err;
    eager_state *state = bench_allocate(sizeof *state);
    snprintf(url, sizeof url, "sqlite:%s/blog.db", place->folder);
    bench_expect(ar_db_open(url, NULL, &state->db, &err), &err, "opening the blog");
    fill(state->db);
    state->floor = floor_blog_open(place->folder, "blog.db");
    return state;
}

static void close_eager(void *arg)
{
    eager_state *state = arg;
    floor_blog_close(state->floor);
    ar_db_close(&state->db);
    free(state);
}

static size_t count_records(const Reader_list *readers)
{
    ar_error err;
    size_t count = readers->count;
    for (size_t i = 0; i < readers->count; i++) {
        Article_list articles;
        bench_expect(AR_GET_MANY(readers->items[i], articles, &articles, &err), &err, "reading posts");
        count += articles.count;
        for (size_t j = 0; j < articles.count; j++) {
            Remark_list remarks;
            bench_expect(AR_GET_MANY(articles.items[j], remarks, &remarks, &err), &err, "reading comments");
            count += remarks.count;
        }
    }
    return count;
}

static uint64_t eager(void *arg, int64_t deadline)
{
    eager_state *state = arg;
    uint64_t done = 0;
    ar_error err;
    for (; bench_now() < deadline; done += RECORDS) {
        Reader_list readers;
        ar_query *q = Reader_query(state->db);
        ar_query_include(q, AR_PATH(Reader, articles, Article, remarks));
        bench_expect(Reader_all(q, &readers, &err), &err, "loading the blog");
        if (count_records(&readers) != RECORDS)
            bench_fail("other records came back");
        Reader_list_free(&readers);
    }
    return done;
}

static uint64_t eager_floor(void *arg, int64_t deadline)
{
    eager_state *state = arg;
    uint64_t done = 0;
    for (; bench_now() < deadline; done += RECORDS) {
        if (floor_blog_read(state->floor) != RECORDS)
            bench_fail("floor: other records came back");
    }
    return done;
}

const bench bench_orm_eager_3level = {
    .name = "orm_eager_3level",
    .work = "1,000 users with 10 posts of 5 comments each, records a second; floor: the same three queries, and rows "
            "grouped by hand",
    .unit = "op/s",
    .ratio_at_least = 0.6,
    .open = open_eager,
    .ours = eager,
    .floor = eager_floor,
    .close = close_eager,
};
