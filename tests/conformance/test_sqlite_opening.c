/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "tests/support/fixture.h"

/* A connection is opened by the first operation that needs it: its deadline counts there too. */

static char folder[64];

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/actrec-opening-XXXXXX");
    return mkdtemp(folder) == NULL ? -1 : 0;
}

static int remove_folder(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command) == 0 ? 0 : -1;
}

static void a_deadline_ends_the_wait_for_a_connection_to_be_opened(void **state)
{
    (void)state;
    char path[128], url[256];
    ar_db *file = NULL;
    ar_rows *rows = NULL;
    int64_t count;
    sqlite3 *other = NULL;
    snprintf(path, sizeof path, "%s/a.db", folder);
    snprintf(url, sizeof url, "sqlite://%s?journal_mode=delete&readers=1&busy_timeout_ms=20000", path);
    assert_int_equal(ar_db_open(url, NULL, &file, &err), AR_OK);
    assert_int_equal(ar_query_exec(ar_sql(file, "CREATE TABLE t (id INTEGER PRIMARY KEY)"), &count, &err), AR_OK);
    assert_int_equal(sqlite3_open(path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
    ar_db *scope = ar_scope_open(file, &(ar_scope_options){ .timeout_ms = 50 });
    assert_int_equal(ar_query_rows(ar_sql(scope, "SELECT id FROM t"), &rows, &err), AR_E_TIMEOUT);
    ar_scope_close(&scope);
    scope = ar_scope_open(file, &(ar_scope_options){ .timeout_ms = 50 });
    ar_db *tx = ar_tx_begin(scope, &(ar_tx_options){ .read_only = true });
    assert_int_equal(ar_query_rows(ar_sql(tx, "SELECT id FROM t"), &rows, &err), AR_E_TIMEOUT);
    ar_ignore(ar_tx_rollback(&tx, &err));
    ar_scope_close(&scope);
    assert_int_equal(sqlite3_close(other), SQLITE_OK);
    assert_int_equal(ar_query_rows(ar_sql(file, "SELECT id FROM t"), &rows, &err), AR_OK);
    ar_rows_free(rows);
    ar_db_close(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_deadline_ends_the_wait_for_a_connection_to_be_opened, make_folder,
                                        remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
