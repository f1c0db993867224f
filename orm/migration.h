/* SPDX-License-Identifier: MIT */
#ifndef ORM_MIGRATION_H
#define ORM_MIGRATION_H

#include <actrec/migration.h>

#include "orm/scan.h"
#include "orm/script.h"

/* One of several statements in a text: without the spaces and the semicolon round it. */
typedef struct ari_piece_of_sql {
    const char *sql;
    size_t length;
} ari_piece_of_sql;

/* The next statement, which may be one whose body has semicolons itself (CREATE TRIGGER … BEGIN … END). False: there is
 * no more. */
bool ari_split_next(ari_scan *scan, ari_piece_of_sql *piece);
size_t ari_split_count(const ar_dialect *dialect, const char *sql);

enum { ARI_CHECKSUM = 17 };
/* Of a step as it is applied, in hexadecimal digits. */
void ari_migration_checksum(const ar_migration *migration, char checksum[ARI_CHECKSUM]);

/* AR_E_INVALID for options that are not right; not NULL. */
ar_status ari_migrate_options_check(const ar_migrate_options *options, ar_error *err);

/* The name of the table of what was applied, NULL for the usual one, to be released; NULL when it is none that the engine
 * takes, AR_E_INVALID, or without memory. */
char *ari_migrate_table(const ari_script *script, const char *table, ar_error *err);

/* A report while it grows. */
typedef struct ari_report ari_report;
ari_report *ari_report_create(const ar_env *env); /* NULL: no memory. ar_migration_report_free frees it */
/* NULL: no memory. Valid until the next. */
ar_migration_step *ari_report_add(ari_report *report, const ar_migration *migration, bool is_down, size_t statements);
/* Writes the text; NULL: no memory, or there is nothing in it, and it is freed. */
ar_migration_report *ari_report_finish(ari_report *report, bool dry_run);

/* The statements on the table of what was applied; each makes script->query. */
typedef struct ari_history {
    const char *table;
} ari_history;
typedef enum ari_history_state { ARI_APPLIED, ARI_APPLYING, ARI_REVERTING } ari_history_state;
void ari_history_create(const ari_history *history, ari_script *script, ar_db *db);
void ari_history_read(const ari_history *history, ari_script *script, ar_db *db);
void ari_history_insert(const ari_history *history, ari_script *script, ar_db *db, const ar_migration *migration,
                        ari_history_state state, size_t statements);
void ari_history_update(const ari_history *history, ari_script *script, ar_db *db, int64_t version,
                        ari_history_state state, size_t statements);
void ari_history_delete(const ari_history *history, ari_script *script, ar_db *db, int64_t version);
/* Only a step that stopped half way: says that it holds, or forgets it. */
void ari_history_resolve(const ari_history *history, ari_script *script, ar_db *db, int64_t version, bool holds);
/* The state that a row of ari_history_read tells; false: none of these. */
bool ari_history_state_of(const char *text, ari_history_state *state);

#endif
