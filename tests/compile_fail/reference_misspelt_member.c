/* SPDX-License-Identifier: MIT */
#include <actrec/declare.h>

typedef struct User {
    int64_t id;
    int64_t boss;
} User;

AR_MODEL_DECLARE(User);

AR_MODEL_DEFINE(User, "users", AR_COLUMN(User, boss, 0, .references = AR_REFERENCES(User, di))); /* ERROR */
