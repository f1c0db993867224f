/* SPDX-License-Identifier: MIT */
#include <actrec/declare.h>

typedef struct User {
    int64_t id;
    const char *name;
} User;

AR_MODEL_DECLARE(User);

AR_MODEL_DEFINE(User, "users", AR_INDEX(User, "users_name", name, nmae)); /* ERROR */
