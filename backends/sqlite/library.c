/* SPDX-License-Identifier: MIT */
#include "backends/sqlite/library.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>

enum { oldest_version = 3038000 };

/* SQLite without mutexes, by its build or by sqlite3_config of the application, would be torn apart by several
 * connections: they share its page cache and memory counters. A mutex of a connection tells. */
ar_status ari_sqlite_check_library(ar_error *err)
{
    sqlite3 *probe = NULL;
    if (sqlite3_libversion_number() < oldest_version)
        return ar_error_set(err, AR_E_UNSUPPORTED, "opening a database: SQLite %s is too old; 3.38 or later is needed",
                            sqlite3_libversion());
    bool safe = sqlite3_threadsafe() != 0;
    int code = sqlite3_open_v2(":memory:", &probe, SQLITE_OPEN_READWRITE | SQLITE_OPEN_FULLMUTEX, NULL);
    if (code == SQLITE_OK)
        safe = safe && sqlite3_db_mutex(probe) != NULL;
    (void)sqlite3_close(probe);
    if (!safe)
        return ar_error_set(err, AR_E_UNSUPPORTED,
                            "opening a database: SQLite is built or configured for a single thread");
    return AR_OK;
}
