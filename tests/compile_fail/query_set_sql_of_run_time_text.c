/* SPDX-License-Identifier: MIT */
#include <actrec/change.h>
#include <actrec/declare.h>

typedef struct User {
    int64_t id;
    const char *name;
} User;

AR_MODEL_DECLARE(User);

void change(ar_query *q, const char *text);

void change(ar_query *q, const char *text)
{
    (void)text;
    ar_query_set(q, AR_ADD(User, id, 1), AR_SET_SQL(User, name, text)); /* ERROR */
}
