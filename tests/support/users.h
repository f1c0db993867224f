/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SUPPORT_USERS_H
#define TESTS_SUPPORT_USERS_H

#include "tests/support/fixture.h"

/* A table of users, and short ways to fill it and to look. */

typedef struct User {
    int64_t id;
    const char *name;
    const char *email;
    bool is_active;
    ar_opt_int32 age;
    ar_timestamp created_at;
    ar_timestamp updated_at;
    const char *note; /* not a column */
} User;

AR_MODEL_DECLARE(User);

User *new_user(const char *name, const char *email);     /* a record that is active */
int64_t saved_user(const char *name, const char *email); /* its key */
User *found_user(int64_t id);
int64_t count_users(void);

#endif
