/* SPDX-License-Identifier: MIT */
/* left_out URL...: against a library that was built without these drivers; opening each URL says so. */
#include <actrec.h>
#include <stdio.h>
#include <string.h>

static int is_refused(const char *url)
{
    ar_error err;
    ar_db *db = NULL;
    char scheme[32];
    ar_status status = ar_db_open(url, NULL, &db, &err);
    snprintf(scheme, sizeof scheme, "%.*s", (int)strcspn(url, ":"), url);
    printf("status %d: %s\n", (int)status, status == AR_OK ? "" : err.message);
    ar_db_close(&db);
    return status == AR_E_UNSUPPORTED && strstr(err.message, scheme) != NULL;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (!is_refused(argv[i]))
            return 1;
    return 0;
}
