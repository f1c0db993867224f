/* SPDX-License-Identifier: MIT */
/* A snippet of statements in a function that has `db`, a database with two accounts, `a` and `b`, their keys, `cents`, `s`
 * and `err`. A call that fails makes the snippet fail: it has set `err`. */
#include <actrec.h>
#include <inttypes.h>
#include <stdio.h>

typedef struct Account {
    int64_t id;
    const char *owner;
    int64_t balance;
} Account;
AR_MODEL_DECLARE(Account);
AR_MODEL_DEFINE(Account, "accounts", AR_COLUMN(Account, id, AR_PRIMARY_KEY | AR_AUTO),
                AR_COLUMN(Account, owner, AR_NOT_NULL | AR_UNIQUE), AR_COLUMN(Account, balance, AR_NOT_NULL));

static ar_error snippet(ar_db *db, int64_t a, int64_t b, int64_t cents)
{
    ar_error err = { .status = AR_OK };
    ar_status s = AR_OK;
    /* SNIPPET */
    (void)db, (void)a, (void)b, (void)cents;
    if (s == AR_OK)
        err.status = AR_OK;
    return err;
}

int main(void)
{
    Account accounts[2] = { { 0, "Ann", 1000 }, { 0, "Bob", 1000 } };
    ar_error err = { .status = AR_OK };
    ar_db *db = NULL;
    ar_status s = ar_db_open("sqlite:snippet.db", NULL, &db, &err);
    if (s == AR_OK)
        s = ar_table_create(db, &Account_model, &err);
    if (s == AR_OK)
        s = Account_insert_many(db, accounts, 2, &err);
    if (s == AR_OK)
        err = snippet(db, accounts[0].id, accounts[1].id, 300);
    ar_db_close(&db);
    if (err.status == AR_OK)
        return 0;
    fprintf(stderr, "%s: %s\n", ar_status_name(err.status), err.message);
    return 1;
}
