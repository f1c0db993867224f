/* SPDX-License-Identifier: MIT */
#include <actrec/declare.h>
#include <actrec/query.h>

typedef struct User {
    int64_t id;
    const char *name;
} User;

AR_MODEL_DECLARE(User);

void count(ar_query *q);

void count(ar_query *q)
{
    int64_t number;
    ar_error err;
    ar_query_count(q, &number, &err); /* ERROR */
}
