/* SPDX-License-Identifier: MIT */
#ifndef ACTREC_SCHEMA_H
#define ACTREC_SCHEMA_H

#include <stddef.h>

#include <actrec/db.h>
#include <actrec/error.h>
#include <actrec/future.h>

AR_BEGIN_DECLS

typedef struct ar_model ar_model;

/* Creates the table of `model`: its columns with their types, NOT NULL, UNIQUE and defaults, its primary key, and what
 * actrec/constraint.h declares: indexes, checks, foreign keys. All or nothing, except on MySQL and MariaDB, where it is
 * one statement.
 * Owns:    nothing.
 * Threads: any.
 * Blocks:  until it is created; the other never.
 * Errors:  AR_E_QUERY when there is a table of that name already; AR_E_INVALID for NULL and for a model that is not
 *          right; AR_E_UNSUPPORTED for a column that the engine does not have, for a read-only model, and in a transaction
 *          where that would commit it; AR_E_READ_ONLY, AR_E_CLOSED; the engine's. */
AR_API AR_NODISCARD ar_status ar_table_create(ar_db *db, const ar_model *model, ar_error *err);
AR_API ar_done ar_table_create_async(ar_db *db, const ar_model *model);

/* The same, unless there is a table of that name already, whatever it looks like.
 * Owns, Threads, Blocks, Errors: as ar_table_create, without AR_E_QUERY. */
AR_API AR_NODISCARD ar_status ar_table_create_if_missing(ar_db *db, const ar_model *model, ar_error *err);
AR_API ar_done ar_table_create_if_missing_async(ar_db *db, const ar_model *model);

/* Drops the table of `model`, and all that is in it.
 * Owns:    nothing.
 * Threads: any.
 * Blocks:  until it is gone; the other never.
 * Errors:  AR_E_QUERY when there is no such table; AR_E_INVALID for NULL; AR_E_READ_ONLY, AR_E_CLOSED; the engine's. */
AR_API AR_NODISCARD ar_status ar_table_drop(ar_db *db, const ar_model *model, ar_error *err);
AR_API ar_done ar_table_drop_async(ar_db *db, const ar_model *model);

/* The same, if there is one.
 * Owns, Threads, Blocks, Errors: as ar_table_drop, without AR_E_QUERY. */
AR_API AR_NODISCARD ar_status ar_table_drop_if_exists(ar_db *db, const ar_model *model, ar_error *err);
AR_API ar_done ar_table_drop_if_exists_async(ar_db *db, const ar_model *model);

/* The tables of several models together, each behind those that its foreign keys reference, whatever the order of the
 * models; references in a circle are added at the end. All or nothing, where the engine has that for tables: MySQL and
 * MariaDB keep what was created before the error, whose message names the table. No models: AR_OK.
 * Owns:    nothing; the models must live as for any call, the array until the call has returned.
 * Threads: any.
 * Blocks:  until they are created; the other never.
 * Errors:  as ar_table_create; AR_E_INVALID for a model that is named twice. */
AR_API AR_NODISCARD ar_status ar_tables_create(ar_db *db, const ar_model *const *models, size_t count, ar_error *err);
AR_API ar_done ar_tables_create_async(ar_db *db, const ar_model *const *models, size_t count);

/* The same, leaving tables alone that are there already, whatever they look like.
 * Owns, Threads, Blocks, Errors: as ar_tables_create, without AR_E_QUERY. */
AR_API AR_NODISCARD ar_status ar_tables_create_if_missing(ar_db *db, const ar_model *const *models, size_t count,
                                                          ar_error *err);
AR_API ar_done ar_tables_create_if_missing_async(ar_db *db, const ar_model *const *models, size_t count);

/* Drops the tables of several models, each before those that it references. SQLite deletes the rows first: those of
 * references in a circle must be gone before.
 * Owns, Threads, Blocks: as ar_tables_create.
 * Errors:  as ar_table_drop; AR_E_CONSTRAINT while other tables reference one of them. */
AR_API AR_NODISCARD ar_status ar_tables_drop(ar_db *db, const ar_model *const *models, size_t count, ar_error *err);
AR_API ar_done ar_tables_drop_async(ar_db *db, const ar_model *const *models, size_t count);

/* The same, those that there are.
 * Owns, Threads, Blocks, Errors: as ar_tables_drop, without AR_E_QUERY. */
AR_API AR_NODISCARD ar_status ar_tables_drop_if_exists(ar_db *db, const ar_model *const *models, size_t count,
                                                       ar_error *err);
AR_API ar_done ar_tables_drop_if_exists_async(ar_db *db, const ar_model *const *models, size_t count);

AR_END_DECLS

#endif
