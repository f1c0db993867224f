/* SPDX-License-Identifier: MIT */
#include "tests/support/blog.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

AR_MODEL_DEFINE(Author, "authors", AR_COLUMN(Author, id, AR_PRIMARY_KEY | AR_AUTO),
                AR_COLUMN(Author, name, AR_NOT_NULL), AR_COLUMN(Author, city), AR_COLUMN(Author, boss_id));
AR_MODEL_DEFINE(Post, "posts", AR_COLUMN(Post, id, AR_PRIMARY_KEY | AR_AUTO), AR_COLUMN(Post, author_id),
                AR_COLUMN(Post, title, AR_NOT_NULL), AR_COLUMN(Post, likes, AR_NOT_NULL),
                AR_COLUMN(Post, price, AR_NOT_NULL), AR_COLUMN(Post, data));

static ar_json json(const char *text)
{
    return (ar_json){ text, text != NULL ? strlen(text) : 0 };
}

int blog_fill(void **state)
{
    (void)state;
    Author authors[] = {
        { .name = "Ann", .city = "Rome" },
        { .name = "Bob", .city = "Oslo", .boss_id = { true, 1 } },
        { .name = "Cid", .city = "Rome", .boss_id = { true, 1 } },
        { .name = "Dora", .boss_id = { true, 2 } },
    };
    Post posts[] = {
        { .author_id = { true, 1 }, .title = "Sun", .likes = 10 },
        { .author_id = { true, 1 }, .title = "Moon", .likes = 3 },
        { .author_id = { true, 2 }, .title = "sun", .likes = 7 },
        { .title = "Rain", .likes = 0 },
    };
    posts[0].price = ar_decimal_of(950, 2);
    posts[1].price = ar_decimal_of(1000, 2);
    posts[2].price = ar_decimal_of(10, 0);
    posts[3].price = ar_decimal_of(1, 1);
    posts[0].data = json("{\"tags\": [\"a\", \"b\"], \"n\": 1.5, \"on\": true}");
    posts[1].data = json("{\"tags\": [\"c\"], \"at\": {\"city\": \"Rome\"}}");
    posts[2].data = json("{\"n\": null}");
    if (Author_insert_many(db, authors, 4, &err) != AR_OK || Post_insert_many(db, posts, 4, &err) != AR_OK) {
        print_error("filling the blog: %s\n", err.message);
        return -1;
    }
    return 0;
}

static char text[8192];
static size_t length;

static void put(const char *what)
{
    size_t room = sizeof text - length;
    int written = snprintf(text + length, room, "%s", what);
    length += (size_t)written < room ? (size_t)written : room - 1;
}

static void put_value(const ar_value *value)
{
    char number[80] = "?";
    switch (value->type) {
    case AR_TYPE_NULL: put("-"); return;
    case AR_TYPE_TEXT:
    case AR_TYPE_JSON: put(value->as.text.data); return;
    case AR_TYPE_BOOL: put(value->as.boolean ? "true" : "false"); return;
    case AR_TYPE_INT16:
    case AR_TYPE_INT32:
    case AR_TYPE_INT64:
    case AR_TYPE_ENUM: snprintf(number, sizeof number, "%" PRId64, value->as.integer); break;
    case AR_TYPE_DOUBLE: snprintf(number, sizeof number, "%d/100", (int)(value->as.real * 100 + 0.5)); break;
    case AR_TYPE_DECIMAL: ar_decimal_format(value->as.decimal, number, sizeof number); break;
    case AR_TYPE_FLOAT:
    case AR_TYPE_BYTES:
    case AR_TYPE_TIMESTAMP:
    case AR_TYPE_DATE:
    case AR_TYPE_TIME:
    case AR_TYPE_UUID: break;
    }
    put(number);
}

const char *rows_of(ar_query *query)
{
    ar_rows *rows = NULL;
    length = 0;
    text[0] = '\0';
    ar_status status = ar_query_rows(query, &rows, &err);
    if (status != AR_OK) {
        put("error ");
        put(ar_status_name(status));
        put(": ");
        put(err.message);
        return text;
    }
    for (size_t row = 0; row < ar_rows_count(rows); row++) {
        put(row > 0 ? ";" : "");
        for (size_t column = 0; column < ar_rows_column_count(rows); column++) {
            ar_value value;
            put(column > 0 ? "|" : "");
            ok(ar_rows_value(rows, row, column, &value, &err));
            put_value(&value);
        }
    }
    ar_rows_free(rows);
    return text;
}

ar_status status_of(ar_query *query)
{
    ar_rows *rows = NULL;
    ar_status status = ar_query_rows(query, &rows, &err);
    ar_rows_free(rows);
    return status;
}
