/* SPDX-License-Identifier: MIT */
/* A snippet at file scope that defines the models Item and ItemView, of one table: a row is written and read. */
#include <actrec.h>
#include <stdio.h>
#include <string.h>

/* SNIPPET */

static ar_status use_the_models(ar_db *db, ar_error *err)
{
    ItemView_list seen;
    Item *item = Item_new();
    item->name = "pen";
    item->price = 3;
    item->pieces = 4;
    ar_status s = ar_table_create(db, &Item_model, err);
    if (s == AR_OK)
        s = Item_save(db, item, err);
    if (s == AR_OK && (item->total != 12 || item->stock != 10))
        s = AR_E_INVALID;
    if (s == AR_OK)
        s = Item_refresh(db, item, err);
    if (s == AR_OK && strcmp(item->label, "PEN") != 0)
        s = AR_E_INVALID;
    Item_free(item);
    if (s == AR_OK)
        s = ItemView_all(ItemView_query(db), &seen, err);
    if (s == AR_OK) {
        s = seen.count == 1 ? AR_OK : AR_E_INVALID;
        ItemView_list_free(&seen);
    }
    return s;
}

int main(void)
{
    ar_error err = { .message = "not what was expected" };
    ar_db *db = NULL;
    ar_status s = ar_db_open("sqlite::memory:", NULL, &db, &err);
    if (s == AR_OK)
        s = use_the_models(db, &err);
    if (s != AR_OK)
        fprintf(stderr, "%s: %s\n", ar_status_name(s), err.message);
    ar_db_close(&db);
    return s == AR_OK ? 0 : 1;
}
