/* SPDX-License-Identifier: MIT */
#ifndef ACTREC_SCHEMA_H
#define ACTREC_SCHEMA_H

#include <actrec/db.h>
#include <actrec/error.h>
#include <actrec/future.h>

AR_BEGIN_DECLS

typedef struct ar_model ar_model;

/* Creates the table of `model`: its columns with their types, NOT NULL, UNIQUE and defaults, and its primary key.
 * Owns:    nothing.
 * Threads: any.
 * Blocks:  until it is created; the other never.
 * Errors:  AR_E_QUERY when there is a table of that name already; AR_E_INVALID for NULL and for a model that is not
 *          right; AR_E_UNSUPPORTED for a column type that the engine does not have; AR_E_READ_ONLY, AR_E_CLOSED; the
 *          engine's. */
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

AR_END_DECLS

#endif
