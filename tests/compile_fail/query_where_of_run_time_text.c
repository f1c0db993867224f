/* SPDX-License-Identifier: MIT */
#include <actrec/declare.h>
#include <actrec/query.h>

typedef struct User {
    int64_t id;
    const char *name;
} User;

AR_MODEL_DECLARE(User);

extern const char *condition;
void narrow(ar_query *q);

void narrow(ar_query *q)
{
    ar_query_where(q, condition, 1); /* ERROR */
}
