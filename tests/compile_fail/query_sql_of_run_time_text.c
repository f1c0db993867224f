/* SPDX-License-Identifier: MIT */
#include <actrec/declare.h>
#include <actrec/query.h>

typedef struct User {
    int64_t id;
    const char *name;
} User;

AR_MODEL_DECLARE(User);

extern const char *statement;
extern ar_query *query;
void ask(ar_db *db);

void ask(ar_db *db)
{
    query = ar_sql(db, statement); /* ERROR */
}
