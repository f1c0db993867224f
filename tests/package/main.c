/* SPDX-License-Identifier: MIT */
/* A user's program, built out of tree against the installed package. */
#include <actrec.h>
#include <stdio.h>

int main(void)
{
    ar_error err;
    ar_db *db = NULL;
    if (ar_db_open("sqlite::memory:", NULL, &db, &err) != AR_OK) {
        fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    ar_db_close(&db);
    puts("opened and closed");
    return 0;
}
