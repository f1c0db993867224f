/* SPDX-License-Identifier: MIT */
#include <actrec/declare.h>
#include <actrec/query.h>

typedef struct User {
    int64_t id;
    const char *name;
} User;

AR_MODEL_DECLARE(User);

void narrow(ar_query *q, User *users);

void narrow(ar_query *q, User *users)
{
    ar_query_filter(q, AR_IN(User, id, users, 2)); /* ERROR */
}
