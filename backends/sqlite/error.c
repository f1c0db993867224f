/* SPDX-License-Identifier: MIT */
#include "backends/sqlite/error.h"

#include <string.h>

#include "values/utf8.h"

static ar_status status_of(int code)
{
    switch (code & 0xff) {
    case SQLITE_CONSTRAINT: return AR_E_CONSTRAINT;
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return AR_E_CONFLICT;
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT: return AR_E_CORRUPT;
    case SQLITE_FULL: return AR_E_DISK_FULL;
    case SQLITE_IOERR: return code == SQLITE_IOERR_NOMEM ? AR_E_NO_MEMORY : AR_E_IO;
    case SQLITE_PROTOCOL:
    case SQLITE_NOLFS: return AR_E_IO;
    case SQLITE_READONLY: return AR_E_READ_ONLY;
    case SQLITE_CANTOPEN:
    case SQLITE_PERM: return AR_E_CONNECTION;
    case SQLITE_NOMEM: return AR_E_NO_MEMORY;
    case SQLITE_TOOBIG:
    case SQLITE_MISMATCH: return AR_E_TYPE;
    case SQLITE_RANGE:
    case SQLITE_MISUSE: return AR_E_INVALID;
    case SQLITE_INTERRUPT: return AR_E_CANCELLED;
    case SQLITE_ABORT: return AR_E_TX_ABORTED; /* a statement whose transaction was rolled back under it */
    default: return AR_E_QUERY;
    }
}

static const char *advice_of(int code)
{
    switch (code & 0xff) {
    case SQLITE_BUSY:
        return code == SQLITE_BUSY_SNAPSHOT ? "; what it has read is out of date: run the transaction again"
                                            : " by another process or connection: try again, or raise busy_timeout_ms";
    case SQLITE_LOCKED: return "; a statement of this connection still reads it: close its cursor first";
    case SQLITE_FULL: return ": make room on the medium";
    case SQLITE_CORRUPT: return ": restore it from a backup, or try the .recover command of the sqlite3 shell";
    case SQLITE_READONLY: return ": look at mode= in the URL and at the permissions of the file and its folder";
    default: return "";
    }
}

static ar_constraint_kind constraint_of(int code)
{
    switch (code) {
    case SQLITE_CONSTRAINT_UNIQUE: return AR_CONSTRAINT_UNIQUE;
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID: return AR_CONSTRAINT_PRIMARY_KEY;
    case SQLITE_CONSTRAINT_FOREIGNKEY: return AR_CONSTRAINT_FOREIGN_KEY;
    case SQLITE_CONSTRAINT_CHECK: return AR_CONSTRAINT_CHECK;
    case SQLITE_CONSTRAINT_NOTNULL: return AR_CONSTRAINT_NOT_NULL;
    default: return AR_CONSTRAINT_OTHER;
    }
}

/* "UNIQUE constraint failed: users.first, users.last", "UNIQUE constraint failed: index 'by_lower'", "CHECK
 * constraint failed: name", "NOT NULL constraint failed: users.name" (sqlite3UniqueConstraint and its neighbours in
 * insert.c). */
static void read_constraint(int code, const char *message, ar_error *err)
{
    static const char marker[] = " constraint failed: ";
    err->constraint_kind = constraint_of(code);
    const char *what = strstr(message, marker);
    if (what == NULL || err->constraint_kind == AR_CONSTRAINT_OTHER)
        return;
    what += sizeof marker - 1;
    if (err->constraint_kind == AR_CONSTRAINT_CHECK) {
        ari_utf8_copy_cut(err->constraint, sizeof err->constraint, what, strlen(what));
    } else if (strncmp(what, "index '", 7) == 0) {
        const char *end = strrchr(what, '\'');
        ari_utf8_copy_cut(err->constraint, sizeof err->constraint, what + 7,
                          end > what + 7 ? (size_t)(end - what - 7) : 0);
    } else {
        const char *comma = strstr(what, ", ");
        size_t first = comma == NULL ? strlen(what) : (size_t)(comma - what);
        ari_utf8_copy_cut(err->column, sizeof err->column, what, first);
        if (comma != NULL) /* a key of several columns has no name that SQLite tells; its columns stand for it */
            ari_utf8_copy_cut(err->constraint, sizeof err->constraint, what, strlen(what));
    }
}

static void fill(int code, const char *message, ar_error *err)
{
    int primary = code & 0xff;
    err->native_code = code;
    err->retryable = primary == SQLITE_BUSY || primary == SQLITE_LOCKED;
    if (primary == SQLITE_CONSTRAINT)
        read_constraint(code, message, err);
}

/* SQLite's message, if it is about `code`: after a failed rollback or an error raised here it may be about something
 * else. */
static const char *message_of(sqlite3 *db, int code)
{
    return db != NULL && (sqlite3_errcode(db) & 0xff) == (code & 0xff) ? sqlite3_errmsg(db) : sqlite3_errstr(code);
}

ar_status ari_sqlite_error(sqlite3 *db, int code, const char *doing, ar_error *err)
{
    const char *message = message_of(db, code);
    ar_status status = ar_error_set(err, status_of(code), "%s: %s%s", doing, message, advice_of(code));
    if (err != NULL)
        fill(code, message, err);
    return status;
}

ar_status ari_sqlite_prepare_error(sqlite3 *db, int code, const ar_statement *source, ar_error *err)
{
    int offset = -1;
#if SQLITE_VERSION_NUMBER >= 3038000
    offset = sqlite3_error_offset(db);
#endif
    if ((code & 0xff) == SQLITE_TOOBIG)
        return ar_error_set(err, AR_E_INVALID, "preparing a statement: its text of %zu bytes is too long for SQLite",
                            source->sql_length);
    if (offset < 0 || (code & 0xff) != SQLITE_ERROR)
        return ari_sqlite_error(db, code, "preparing a statement", err);
    ar_status status =
        ar_error_set(err, AR_E_QUERY, "preparing a statement: %s (at byte %d of its text)", sqlite3_errmsg(db), offset);
    if (err != NULL)
        err->native_code = code;
    return status;
}

bool ari_sqlite_commit_in_doubt(int code)
{
    switch (code) {
    case SQLITE_IOERR_WRITE:
    case SQLITE_IOERR_FSYNC:
    case SQLITE_IOERR_DIR_FSYNC:
    case SQLITE_IOERR_TRUNCATE:
    case SQLITE_IOERR_DELETE:
    case SQLITE_IOERR_DELETE_NOENT:
    case SQLITE_IOERR_CLOSE: return true;
    default: return false;
    }
}
