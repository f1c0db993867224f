/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SUPPORT_BLOG_H
#define TESTS_SUPPORT_BLOG_H

#include <actrec/decimal.h>

#include "tests/support/fixture.h"

/* Authors, who have a boss, and their posts: what queries on several tables are tried on. */

typedef struct Author {
    int64_t id;
    const char *name;
    const char *city;
    ar_opt_int64 boss_id;
} Author;

typedef struct Post {
    int64_t id;
    ar_opt_int64 author_id;
    const char *title;
    int32_t likes;
    ar_decimal price;
    ar_json data;
} Post;

AR_MODEL_DECLARE(Author);
AR_MODEL_DECLARE(Post);

/*  id  author   city    boss         id  author  title  likes  price  data
 *   1  Ann      Rome    -             1  Ann     Sun    10     9.50   {"tags": ["a", "b"], "n": 1.5, "on": true}
 *   2  Bob      Oslo    Ann           2  Ann     Moon    3    10.00   {"tags": ["c"], "at": {"city": "Rome"}}
 *   3  Cid      Rome    Ann           3  Bob     sun     7    10      {"n": null}
 *   4  Dora     -       Bob           4  -       Rain    0     0.1    - */
int blog_fill(void **state);

/* The rows of a query, taken, as "1|Ann;2|Bob", with - for NULL; or "error NAME: message". Borrowed until the next. */
const char *rows_of(ar_query *query);

#define assert_rows(query, expected) assert_string_equal(rows_of(query), (expected))

/* The status that a terminal answers. */
ar_status status_of(ar_query *query);

#endif
