/* SPDX-License-Identifier: MIT */
/* not as system headers: the value itself is where the compilers report it */
#include <actrec/declare.h>
#include <actrec/query.h>

typedef struct User {
    int64_t id;
    const char *name;
} User;

AR_MODEL_DECLARE(User);

void narrow(ar_query *q, User user);

void narrow(ar_query *q, User user)
{
    ar_query_filter(q, AR_EQ(User, name, user)); /* ERROR */
}
