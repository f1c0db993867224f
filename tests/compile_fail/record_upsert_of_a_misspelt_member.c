/* SPDX-License-Identifier: MIT */
#include <actrec/declare.h>

typedef struct User {
    int64_t id;
    const char *name;
} User;

AR_MODEL_DECLARE(User);

ar_status upsert(ar_db *db, User *user, ar_error *err);

ar_status upsert(ar_db *db, User *user, ar_error *err)
{
    ar_upsert_options options = { .conflict = AR_MEMBERS(User, name) };
    options.update = AR_MEMBERS(User, id, nmae); /* ERROR */
    return User_upsert_with(db, user, &options, err);
}
