/* SPDX-License-Identifier: MIT */
#ifndef ACTREC_ERROR_H
#define ACTREC_ERROR_H

#include <stdbool.h>

#include <actrec/config.h>

AR_BEGIN_DECLS

/* How a call ended. The numbers are part of the ABI: new ones are added at the end. */
typedef enum ar_status {
    AR_OK = 0,
    AR_E_NOT_FOUND = 1,    /* no row has that key, no actor has that name */
    AR_E_INVALID = 2,      /* the call itself is wrong: NULL, a bad option, a placeholder count that is off */
    AR_E_CONSTRAINT = 3,   /* unique, foreign key, check or not null; see ar_error.constraint_kind */
    AR_E_CONFLICT = 4,     /* a concurrent transaction won; the same work may be tried again */
    AR_E_STALE = 5,        /* the row was changed since it was read (optimistic lock) */
    AR_E_TIMEOUT = 6,      /* the deadline passed */
    AR_E_CANCELLED = 7,    /* cancelled before it was done */
    AR_E_PENDING = 8,      /* not done yet; ask again */
    AR_E_BUSY = 9,         /* under way; it completes by itself */
    AR_E_OVERLOAD = 10,    /* the mailbox or the pool's queue is full */
    AR_E_CONNECTION = 11,  /* the connection could not be opened, or was lost */
    AR_E_TX_ABORTED = 12,  /* the transaction refuses everything but rollback */
    AR_E_UNSUPPORTED = 13, /* this engine, build or model cannot do that */
    AR_E_CLOSED = 14,      /* the handle, actor or runtime is closed */
    AR_E_DEADLOCK = 15,    /* waiting would never end */
    AR_E_TYPE = 16,        /* a value does not fit the type that it is to have */
    AR_E_QUERY = 17,       /* the database refused the statement: syntax, unknown table or column */
    AR_E_VETOED = 18,      /* a callback of the application said no */
    AR_E_NOT_LOADED = 19,  /* a relation that was not loaded */
    AR_E_IO = 20,          /* reading or writing the medium failed */
    AR_E_DISK_FULL = 21,   /* no room on the medium */
    AR_E_CORRUPT = 22,     /* the file is damaged or is no database */
    AR_E_READ_ONLY = 23,   /* a write to something opened or mounted read-only */
    AR_E_NO_MEMORY = 24,   /* the allocator refused */
    AR_E_FORKED = 25       /* used in a child process after fork */
} ar_status;

typedef enum ar_constraint_kind {
    AR_CONSTRAINT_NONE = 0,
    AR_CONSTRAINT_UNIQUE = 1,
    AR_CONSTRAINT_PRIMARY_KEY = 2,
    AR_CONSTRAINT_FOREIGN_KEY = 3,
    AR_CONSTRAINT_CHECK = 4,
    AR_CONSTRAINT_NOT_NULL = 5,
    AR_CONSTRAINT_OTHER = 6 /* triggers, exclusion, data type of a strict table */
} ar_constraint_kind;

/* What went wrong. Plain memory of the caller's: no destructor, copied by assignment. Every call that takes one sets it
 * whenever it returns anything but AR_OK, and leaves it alone otherwise. Strings are cut to fit, always terminated, UTF-8
 * as the engine gave it, and never hold a password or a bound value. */
typedef struct ar_error {
    ar_status status;
    int native_code;      /* SQLite's extended result code, MySQL's error number; 0: none, as always on PostgreSQL */
    char sqlstate[6];     /* five characters where the engine has them, else "" */
    bool retryable;       /* the same work may succeed when it is tried again */
    bool outcome_unknown; /* a write was sent and nobody knows whether it holds */
    ar_constraint_kind constraint_kind;
    char constraint[64]; /* its name, where the engine tells */
    char column[64];     /* "column" or "table.column", where the engine or a validation tells */
    char message[320];
} ar_error;

/* Fills `err` with `status` and a formatted message, everything else zero, and returns `status`.
 * Owns:    nothing; `err` may be NULL.
 * Threads: any, on an error of the caller's own.
 * Blocks:  never.
 * Errors:  none; a message that is too long is cut at a character boundary. */
AR_API ar_status ar_error_set(ar_error *err, ar_status status, const char *format, ...) AR_PRINTF(3, 4) AR_COLD;

/* Names `status` as it stands in this header, "AR_E_TIMEOUT"; "AR_E_?" for a number that is none.
 * Owns:    the string is static.
 * Threads: any.
 * Blocks:  never.
 * Errors:  none. */
AR_API const char *ar_status_name(ar_status status);

/* Says that a status is ignored on purpose, where the compiler would warn. */
static inline AR_UNUSED void ar_ignore(ar_status status)
{
    (void)status;
}

AR_END_DECLS

#endif
