/* SPDX-License-Identifier: MIT */
#include "backends/sqlite/sqlite.h"

#include "backends/sqlite/batch.h"
#include "backends/sqlite/catalog.h"
#include "backends/sqlite/classify.h"
#include "backends/sqlite/config.h"
#include "backends/sqlite/connection.h"

/* Declared types give a column its affinity by the words in them (https://www.sqlite.org/datatype3.html, 3.1), and
 * the affinity must not change the value: REAL drops the sign of -0.0, and NUMERIC makes numbers of texts like the
 * decimal 1.50 or the JSON 1.0. BLOB in a name means none, TEXT means text; timestamps, dates and truth values are
 * integers, which NUMERIC leaves alone. */
static const ar_dialect dialect = {
    .name = "sqlite",
    .placeholder = AR_PLACEHOLDER_QUESTION,
    .identifier_quote = '"',
    .bracket_identifiers = true,
    .backslash_escapes = false,
    .dollar_quotes = false,
    .nested_comments = false,
    .max_parameters = 32766,
    .column_types = { [AR_TYPE_BOOL] = "BOOLEAN",
                      [AR_TYPE_INT16] = "INTEGER",
                      [AR_TYPE_INT32] = "INTEGER",
                      [AR_TYPE_INT64] = "INTEGER",
                      [AR_TYPE_FLOAT] = "FLOAT_BLOB",
                      [AR_TYPE_DOUBLE] = "DOUBLE_BLOB",
                      [AR_TYPE_TEXT] = "TEXT",
                      [AR_TYPE_BYTES] = "BLOB",
                      [AR_TYPE_TIMESTAMP] = "TIMESTAMP",
                      [AR_TYPE_DATE] = "DATE",
                      [AR_TYPE_TIME] = "TIME",
                      [AR_TYPE_DECIMAL] = "DECIMAL_TEXT",
                      [AR_TYPE_UUID] = "UUID_BLOB",
                      [AR_TYPE_JSON] = "JSON_TEXT",
                      [AR_TYPE_ENUM] = "INTEGER" },
    .auto_key = "INTEGER PRIMARY KEY AUTOINCREMENT",
    .lock_for_update = "",
    .no_limit = "-1",
    .default_row = "DEFAULT VALUES",
    .decimal_compare = " COLLATE AR_DECIMAL",
    .decimal_sum = "ar_decimal_sum",
    .add_to = { [AR_TYPE_INT16] = { "ar_integer_add(", ", ", ", 16)" },
                [AR_TYPE_INT32] = { "ar_integer_add(", ", ", ", 32)" },
                [AR_TYPE_INT64] = { "ar_integer_add(", ", ", ", 64)" },
                [AR_TYPE_FLOAT] = { "ar_float_add(", ", ", ")" },
                [AR_TYPE_DECIMAL] = { "ar_decimal_add(", ", ", ")" } },
    .bulk = AR_BULK_VALUES,
    .returning = true,
    .returning_updates = true,
    .stored_columns = true,
    .virtual_columns = true,
    .row_id_is_key = true,
    .sink_undoes = true,
    .catalog = &ari_sqlite_catalog,
    .right_join = SQLITE_VERSION_NUMBER >= 3039000,
    .full_join = SQLITE_VERSION_NUMBER >= 3039000,
    .windows = true,
    .with = true,
    .intersects = true,
    .null_safe_equal = " IS ",
    .ilike = " LIKE ",
    .not_ilike = " NOT LIKE ",
    .lock_for_share = "",
    .explain = "EXPLAIN QUERY PLAN ",
    /* Numbers are taken as they are written: json_extract reads them with strtod(3), by the locale (json.c of 3.40). */
    .json_text = "CASE json_type(\1, \2) WHEN 'text' THEN json_extract(\1, \2) WHEN 'null' THEN NULL "
                 "ELSE \1 -> \2 END",
    .json_number = "CASE WHEN json_type(\1, \2) IN ('integer', 'real') THEN CAST(\1 -> \2 AS REAL) END",
    .update_from = true,
    .on_conflict = true,
};

static const char *const schemes[] = { "sqlite", NULL };

const ar_backend ari_sqlite_backend = {
    .struct_size = sizeof(ar_backend),
    .name = "sqlite",
    .schemes = schemes,
    .dialect = &dialect,
    .configure = ari_sqlite_configure,
    .config_free = ari_sqlite_config_free,
    .classify = ari_sqlite_classify,
    .open = ari_sqlite_open,
    .submit = ari_sqlite_submit,
    .usable = ari_sqlite_usable,
    .close = ari_sqlite_close,
};
