/* SPDX-License-Identifier: MIT */
#include "tests/support/dialects.h"

const ar_dialect question_dialect = {
    .name = "sqlite",
    .placeholder = AR_PLACEHOLDER_QUESTION,
    .identifier_quote = '"',
    .bracket_identifiers = true,
    .max_parameters = 32766,
    .column_types = { [AR_TYPE_BOOL] = "BOOLEAN",
                      [AR_TYPE_INT16] = "SMALLINT",
                      [AR_TYPE_INT32] = "INTEGER",
                      [AR_TYPE_INT64] = "BIGINT",
                      [AR_TYPE_TEXT] = "TEXT",
                      [AR_TYPE_DOUBLE] = "DOUBLE",
                      [AR_TYPE_TIMESTAMP] = "TIMESTAMP",
                      [AR_TYPE_DECIMAL] = "DECIMAL_TEXT" },
    .auto_key = "INTEGER PRIMARY KEY AUTOINCREMENT",
    .lock_for_update = "",
    .no_limit = "-1",
    .default_row = "DEFAULT VALUES",
    .decimal_compare = " COLLATE AR_DECIMAL",
    .decimal_sum = "ar_decimal_sum",
    .returning = true,
    .row_id_is_key = true,
    .on_conflict = true,
};

const ar_dialect dollar_dialect = {
    .name = "postgresql",
    .placeholder = AR_PLACEHOLDER_DOLLAR,
    .identifier_quote = '"',
    .dollar_quotes = true,
    .nested_comments = true,
    .max_parameters = 65535,
    .no_limit = "ALL",
    .decimal_compare = "",
    .decimal_sum = "sum",
};

const ar_dialect backtick_dialect = {
    .name = "mysql",
    .placeholder = AR_PLACEHOLDER_QUESTION,
    .identifier_quote = '`',
    .backslash_escapes = true,
    .max_parameters = 65535,
    .no_limit = "18446744073709551615",
    .decimal_compare = "",
    .decimal_sum = "sum",
};
