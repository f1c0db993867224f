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

AR_MODEL_DEFINE(User, "users", AR_COLUMN(User, id, AR_PRIMARY_KEY, .rules = AR_RULES(.min = AR_BOUND(1u)))); /* ERROR */
