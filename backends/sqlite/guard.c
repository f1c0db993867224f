/* SPDX-License-Identifier: MIT */
#include "backends/sqlite/guard.h"

/* SQLite asks while it compiles (https://www.sqlite.org/c3ref/set_authorizer.html), also for what it compiles inside
 * of that: a virtual table that is connected may ask for pragmas (FTS3 and RTree for page_size), but sets none. What
 * runs later asks again (VACUUM begins a transaction and attaches a file, a statement may be compiled anew), and is
 * let through: its text has been looked at. Most pragmas do what they do when they are compiled. A temporary table may
 * be dropped, and have an index or a trigger, without a word in the text that says that it is one. */

static bool is_refused(const ari_sqlite_guard *guard, int action, const char *pragma_value)
{
    bool changes_session = guard->preparing->statement_class == AR_STATEMENT_SESSION;
    switch (action) {
    case SQLITE_TRANSACTION:
    case SQLITE_SAVEPOINT: return true;
    case SQLITE_ATTACH:
    case SQLITE_DETACH:
    case SQLITE_CREATE_TEMP_TABLE:
    case SQLITE_CREATE_TEMP_VIEW: return !changes_session;
    case SQLITE_PRAGMA: return !changes_session && pragma_value != NULL;
    default: return false;
    }
}

static int on_action(void *arg, int action, const char *first, const char *second, const char *schema,
                     const char *trigger)
{
    ari_sqlite_guard *guard = arg;
    (void)first;
    (void)schema;
    (void)trigger;
    if (guard->preparing == NULL || !is_refused(guard, action, second))
        return SQLITE_OK;
    guard->refused = action;
    return SQLITE_DENY;
}

int ari_sqlite_guard_install(ari_sqlite_guard *guard, sqlite3 *db)
{
    return sqlite3_set_authorizer(db, on_action, guard);
}

int ari_sqlite_guard_prepare(ari_sqlite_guard *guard, sqlite3 *db, const ar_statement *source, unsigned int flags,
                             sqlite3_stmt **out, const char **tail)
{
    guard->preparing = source;
    guard->refused = 0;
    int code = sqlite3_prepare_v3(db, source->sql, (int)source->sql_length, flags, out, tail);
    guard->preparing = NULL;
    return code;
}

ar_status ari_sqlite_guard_error(const ari_sqlite_guard *guard, ar_error *err)
{
    if (guard->refused == SQLITE_TRANSACTION || guard->refused == SQLITE_SAVEPOINT)
        return ar_error_set(err, AR_E_INVALID,
                            "preparing a statement: transactions are not begun and ended with SQL; use ar_tx_begin");
    return ar_error_set(err, AR_E_INVALID, "preparing a statement: it does more than its class says");
}
