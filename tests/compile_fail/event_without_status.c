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

void look(ar_db *db, User *user, ar_error *err);

AR_MODEL_DEFINE(User, "users", AR_COLUMN(User, id, AR_PRIMARY_KEY), AR_AFTER_COMMIT(User, look)); /* ERROR */
