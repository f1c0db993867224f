/* SPDX-License-Identifier: MIT */
/* A snippet at file scope that defines the models OrderLine and DepartmentStat: the table of the first is made. */
#include <actrec.h>
#include <stdio.h>

/* SNIPPET */

static ar_status use_the_model(ar_db *db, ar_error *err)
{
    ar_rows *rows = NULL;
    ar_status s = ar_table_create(db, &OrderLine_model, err);
    if (s == AR_OK)
        s = ar_query_rows(OrderLine_query(db), &rows, err);
    ar_rows_free(rows);
    if (s == AR_OK)
        s = ar_table_create(db, &DepartmentStat_model, err);
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
