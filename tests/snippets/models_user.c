/* SPDX-License-Identifier: MIT */
/* A snippet at file scope that defines the model User: its table is made, written, read and dropped. */
#include <actrec.h>
#include <stdio.h>

/* SNIPPET */

static ar_status use_the_model(ar_db *db, ar_error *err)
{
    ar_rows *rows = NULL;
    ar_status s = ar_table_create(db, &User_model, err);
    if (s == AR_OK)
        s = ar_query_rows(User_query(db), &rows, err);
    ar_rows_free(rows);
    if (s == AR_OK)
        s = ar_table_drop(db, &User_model, err);
    return s;
}

int main(void)
{
    ar_error err;
    ar_db *db = NULL;
    ar_status s = ar_db_open("sqlite::memory:", NULL, &db, &err);
    if (s == AR_OK)
        s = use_the_model(db, &err);
    if (s != AR_OK)
        fprintf(stderr, "%s: %s\n", ar_status_name(s), err.message);
    ar_db_close(&db);
    return s == AR_OK ? 0 : 1;
}
