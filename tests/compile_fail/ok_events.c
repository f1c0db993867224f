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

typedef enum Color { RED, GREEN } Color;

ar_status rule(const ar_value *value, ar_error *err);
ar_status check(const User *user, ar_failures *failures, ar_error *err);
ar_status look(ar_db *db, User *user, ar_error *err);

enum { LEAST = 3 };

AR_MODEL_DEFINE(User, "users", AR_COLUMN(User, id, AR_PRIMARY_KEY, .rules = AR_RULES(.min = AR_BOUND(LEAST))),
                AR_COLUMN(User, name, AR_NOT_NULL | AR_UNIQUE, .name = "full_name", .default_sql = "1",
                          .rules = AR_RULES(.required = true, .min_length = 1, .max_length = 9, .pattern = "^[a-z]+$",
                                            .min = AR_BOUND(1L), .max = AR_BOUND(2LL), .custom = rule,
                                            .one_of = AR_ONE_OF("a", "b"),
                                            .one_of_integers = AR_ONE_OF_INTEGERS(RED, GREEN, -1))),
                AR_VALIDATE(User, check), AR_BEFORE_VALIDATE(User, look), AR_AFTER_VALIDATE(User, look),
                AR_BEFORE_INSERT(User, look), AR_AFTER_INSERT(User, look), AR_BEFORE_UPDATE(User, look),
                AR_AFTER_UPDATE(User, look), AR_BEFORE_DELETE(User, look), AR_AFTER_DELETE(User, look),
                AR_AFTER_COMMIT(User, look), AR_AFTER_ROLLBACK(User, look));
AR_MODEL_DEFINE(Account, "accounts",
                AR_COLUMN(Account, id, 0, .rules = AR_RULES(.min = AR_BOUND(-0.5), .max = AR_BOUND("12.50"))));
