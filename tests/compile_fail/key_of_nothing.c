/* SPDX-License-Identifier: MIT */
#include <actrec/declare.h>

typedef struct User {
    int64_t id;
    const char *name;
    char buffer[32];
} User;

typedef struct Account {
    int64_t id;
} Account;

AR_MODEL_DECLARE(User);

void find(ar_db *db, User **user, int64_t *id);

void find(ar_db *db, User **user, int64_t *id)
{
    (void)id;
    ar_ignore(User_find_one(db, ar_key(), user, NULL)); /* ERROR */
}
