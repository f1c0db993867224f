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

AR_MODEL_DECLARE(Account);

ar_status take(ar_db *db, Account **account);

ar_status take(ar_db *db, Account **account)
{
    User_future future = User_find_one_async(db, ar_key(1));
    return Account_await(&future, account, NULL); /* ERROR */
}
