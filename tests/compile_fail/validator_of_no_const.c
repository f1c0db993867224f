/* SPDX-License-Identifier: MIT */
#include <actrec/declare.h>

typedef struct User {
    int64_t id;
    const char *name;
} User;

typedef struct Account {
    int64_t id;
} Account;

AR_MODEL_DECLARE(User);
AR_MODEL_DECLARE(Account);

ar_status look(User *user, ar_failures *failures, ar_error *err); /* it could change what it checks */

AR_MODEL_DEFINE(User, "users", AR_COLUMN(User, id, AR_PRIMARY_KEY), AR_VALIDATE(User, look)); /* ERROR */
