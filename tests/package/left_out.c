/* SPDX-License-Identifier: MIT */
/* Against a library that was built without its driver: opening the URL says so. */
#include <actrec.h>
#include <stdio.h>
#include <string.h>

int main(void)
{
    ar_error err;
    ar_db *db = NULL;
    ar_status status = ar_db_open("sqlite::memory:", NULL, &db, &err);
    printf("status %d: %s\n", (int)status, status == AR_OK ? "" : err.message);
    ar_db_close(&db);
    return status == AR_E_UNSUPPORTED && (strstr(err.message, "sqlite") || strstr(err.message, "SQLite")) ? 0 : 1;
}
