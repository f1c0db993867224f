/* SPDX-License-Identifier: MIT */
#include "tests/support/script_db.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

script_db script_db_open(const ar_db_options *options)
{
    ar_error error;
    script_db opened = { script_runtime(), NULL };
    ar_db_options with_runtime = options != NULL ? *options : (ar_db_options){ .runtime = NULL };
    with_runtime.runtime = opened.runtime;
    if (ar_db_open("test:", &with_runtime, &opened.db, &error) != AR_OK)
        fail_msg("%s", error.message);
    return opened;
}

void script_db_close(script_db *opened)
{
    ar_db_close(&opened->db);
    script_runtime_close(&opened->runtime);
}

ar_status script_exec(ar_db *db, const char *sql, ar_error *err)
{
    return ar_query_exec(ar_sql_text(db, sql, NULL, 0), NULL, err);
}

ar_int64_future script_exec_async(ar_db *db, const char *sql)
{
    return ar_query_exec_async(ar_sql_text(db, sql, NULL, 0));
}
