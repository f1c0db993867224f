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

extern const char *table;
AR_MODEL_DEFINE(User, table, /* ERROR */
                AR_COLUMN(User, id, AR_PRIMARY_KEY));
