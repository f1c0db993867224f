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

AR_MODEL_DECLARE_ASYNC(Account);

ar_status find(ar_db *db, Account **account);

ar_status find(ar_db *db, Account **account)
{
    return Account_find_one(db, ar_key(1), account, NULL); /* ERROR */
}
