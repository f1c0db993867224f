/* SPDX-License-Identifier: MIT */
#include <actrec/row.h>

typedef struct Stat {
    int64_t people;
} Stat;

typedef struct Account {
    int64_t id;
} Account;

AR_ROW_DEFINE(Stat, AR_COLUMN(Stat, people), AR_COLUMN(Account, id)); /* ERROR */
