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

ar_status save(ar_db *db, Account *account);

ar_status save(ar_db *db, Account *account)
{
    return User_save(db, account, NULL); /* ERROR */
}
