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

void ignore(ar_db *db, User *user);

void ignore(ar_db *db, User *user)
{
    User_save(db, user, NULL); /* ERROR */
    ar_ignore(User_save(db, user, NULL));
}
