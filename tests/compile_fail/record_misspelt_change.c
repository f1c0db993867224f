/* SPDX-License-Identifier: MIT */
#include <actrec/declare.h>

typedef struct User {
    int64_t id;
    const char *name;
} User;

typedef struct Pet {
    int64_t id;
    const char *name;
} Pet;

AR_MODEL_DECLARE(User);
AR_MODEL_DECLARE(Pet);

bool changed(const User *user, const Pet *pet);

bool changed(const User *user, const Pet *pet)
{
    bool any = AR_CHANGED(User, user, name);
    any = any || AR_CHANGED(User, user, nmae); /* ERROR */
    any = any || AR_CHANGED(User, pet, name);  /* ERROR */
    return any;
}
