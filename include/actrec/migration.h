/* SPDX-License-Identifier: MIT */
#ifndef ACTREC_MIGRATION_H
#define ACTREC_MIGRATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <actrec/db.h>
#include <actrec/error.h>
#include <actrec/executor.h>
#include <actrec/future.h>

AR_BEGIN_DECLS

/* Steps that change a database, in order, each once:
 *
 *     static const ar_migration migrations[] = {
 *         { .version = 1, .name = "create users",
 *           .up = "CREATE TABLE users (id INT PRIMARY KEY); CREATE INDEX …", .down = "DROP TABLE users" },
 *         { .version = 2, .name = "fill in names", .up_fn = fill_in_names },
 *     };
 *
 * What was applied is kept in a table, with a checksum of each step: one that was changed afterwards is an error. Where
 * the engine has transactions for tables (SQLite, PostgreSQL) a step is applied whole or not at all. On MySQL and
 * MariaDB each statement holds by itself: a step that fails half way is recorded as such, and nothing is migrated until
 * ar_migrate_resolve says what became of it. Two migrators never run at once: SQLite's write transaction and
 * PostgreSQL's advisory lock are held for each step, MySQL's GET_LOCK for all of them, on a second connection, which
 * the pool must have. */

/* A step in C. `db` is the transaction of the step, on MySQL and MariaDB the database itself. Anything but AR_OK fails
 * the step. */
typedef ar_status (*ar_migration_fn)(ar_db *db, void *arg, ar_error *err);

typedef struct ar_migration {
    int64_t version;  /* above 0, and above that of the one before */
    const char *name; /* at most 200 bytes, UTF-8 */
    const char *up;   /* SQL: statements with semicolons between them, no BEGIN and COMMIT; NULL: up_fn */
    const char *down; /* likewise; neither: it cannot be undone */
    ar_migration_fn up_fn, down_fn;
    void *arg;            /* of both */
    const char *revision; /* goes into the checksum: to be changed when a function is; may be NULL */
} ar_migration;

typedef struct ar_migrate_options {
    size_t struct_size; /* 0: the fields of release 0.1 */
    const char *table;  /* where what was applied is kept; NULL: "actrec_migrations" */
    int64_t wait_ms;    /* for another migrator; 0: 60,000; negative: for ever */
    bool dry_run;       /* says in the report what would run, and changes nothing */
} ar_migrate_options;

typedef struct ar_migration_step {
    int64_t version;
    const char *name;
    bool is_down;
    bool is_done;      /* else it was not run, or failed */
    size_t statements; /* 0 of a function */
    size_t statements_done;
} ar_migration_step;

/* What was run, or would be, in order; a step that failed is the last. */
typedef struct ar_migration_report {
    size_t count;
    const ar_migration_step *steps;
    const char *text; /* a line each */
} ar_migration_report;

/* ar_migrate_up's `to`: all. */
#define AR_MIGRATE_LATEST INT64_MAX

/* up: applies what has not been applied, up to version `to`, in the order of the versions. down: undoes the last
 * `steps` that were applied, the last one first. Nothing to do: AR_OK.
 * Owns:    *report, which may be NULL, is the caller's: ar_migration_report_free; also on error, where there is
 *          something to say, else NULL. The migrations must live until it is over.
 * Threads: any.
 * Blocks:  until it is over; the others never. Those run the steps that are functions on `executor` (NULL: the
 *          runtime's, where a function must not block: a completion queue's may).
 * Errors:  AR_E_INVALID for NULL, a transaction as `db`, migrations that are out of order, one that was applied and is
 *          not there or was changed, one that stopped half way: the message says which; AR_E_BUSY when another
 *          migrator did not end in time; AR_E_UNSUPPORTED for a step that cannot be undone; those of the statement that
 *          failed, with the step and the statement in the message; AR_E_DEADLOCK for a pool of one connection where two
 *          are needed; AR_E_NO_MEMORY, AR_E_CLOSED. */
typedef struct ar_migration_future {
    ar_future *raw;
} ar_migration_future;
AR_API AR_NODISCARD ar_status ar_migrate_up(ar_db *db, const ar_migration *migrations, size_t count, int64_t to,
                                            const ar_migrate_options *options, ar_migration_report **report,
                                            ar_error *err);
AR_API AR_NODISCARD ar_status ar_migrate_down(ar_db *db, const ar_migration *migrations, size_t count, size_t steps,
                                              const ar_migrate_options *options, ar_migration_report **report,
                                              ar_error *err);
AR_API ar_migration_future ar_migrate_up_async(ar_db *db, const ar_migration *migrations, size_t count, int64_t to,
                                               const ar_migrate_options *options, ar_executor *executor);
AR_API ar_migration_future ar_migrate_down_async(ar_db *db, const ar_migration *migrations, size_t count, size_t steps,
                                                 const ar_migrate_options *options, ar_executor *executor);

/* Says what became of a step that stopped half way: `holds`: all of it was done by hand, and it counts as applied; else
 * what there was of it was taken away.
 * Owns:    nothing.
 * Threads: any.
 * Blocks:  until it is recorded; the other never.
 * Errors:  AR_E_NOT_FOUND when that step did not stop half way; AR_E_INVALID for NULL; AR_E_CLOSED; the engine's. */
AR_API AR_NODISCARD ar_status ar_migrate_resolve(ar_db *db, int64_t version, bool holds,
                                                 const ar_migrate_options *options, ar_error *err);
AR_API ar_done ar_migrate_resolve_async(ar_db *db, int64_t version, bool holds, const ar_migrate_options *options);

/* Waits for the end, up to timeout_ms milliseconds (negative: for ever; 0 only looks), and consumes the future but for
 * AR_E_PENDING.
 * Owns:    takes future->raw; *report, which may be NULL, as for ar_migrate_up.
 * Threads: any one at a time.
 * Blocks:  as said.
 * Errors:  AR_E_PENDING; AR_E_INVALID for NULL; those of ar_migrate_up. */
AR_API AR_NODISCARD ar_status ar_migration_await(ar_migration_future *future, ar_migration_report **report,
                                                 ar_error *err);
AR_API AR_NODISCARD ar_status ar_migration_await_for(ar_migration_future *future, int64_t timeout_ms,
                                                     ar_migration_report **report, ar_error *err);

/* Has `fn` called on `executor` with the report, which is its own from then on and may be NULL; as ar_done_then. */
typedef void (*ar_migration_report_fn)(void *arg, ar_status status, ar_migration_report *report, const ar_error *err);
AR_API AR_NODISCARD ar_status ar_migration_then(ar_migration_future *future, ar_executor *executor,
                                                ar_migration_report_fn fn, void *arg, ar_error *err);

/* Frees a report; NULL does nothing.
 * Owns:    takes `report`.
 * Threads: any one, when no other uses it.
 * Blocks:  never.
 * Errors:  none. */
AR_API void ar_migration_report_free(ar_migration_report *report);

AR_END_DECLS

#endif
