/* SPDX-License-Identifier: MIT */
#include "backends/mysql/dialect.h"

#include <pthread.h>

#include "backends/mysql/catalog.h"

/* How values are kept, so that they come back bit for bit:
 *
 * Texts have a collation that compares bytes and pads nothing, so that 'a' is neither 'A' nor 'a '; utf8mb4_bin pads
 * (https://mariadb.com/kb/en/supported-character-sets-and-collations/#nopad-collations). LONGTEXT and LONGBLOB cannot be
 * in a key without a length, hence key_types.
 * DATETIME is not changed by time zones and goes to the year 9999; TIMESTAMP ends in 2038.
 * A DECIMAL column has one scale for all its values, a decimal one of its own: so they are texts. DECIMAL(65,30) holds
 * all that ari_mysql_convert lets through.
 * The type JSON of MariaDB is a LONGTEXT that is checked; MySQL's would sort the members. */

enum { MAX_PARAMETERS = 65535, FIND_BY_LIST = 128 };

#define DECIMAL_CAST " AS DECIMAL(65,30))"

const ar_dialect ari_mysql_dialect = {
    .name = "mysql",
    .placeholder = AR_PLACEHOLDER_QUESTION,
    .identifier_quote = '`',
    .backslash_escapes = true,
    .max_name_characters = 64, /* of utf8mb3 (manual, "Identifier Names") */
    .basic_names = true,
    .max_parameters = MAX_PARAMETERS,
    .column_types = { [AR_TYPE_BOOL] = "BOOLEAN",
                      [AR_TYPE_INT16] = "SMALLINT",
                      [AR_TYPE_INT32] = "INT",
                      [AR_TYPE_INT64] = "BIGINT",
                      [AR_TYPE_FLOAT] = "FLOAT",
                      [AR_TYPE_DOUBLE] = "DOUBLE",
                      [AR_TYPE_TEXT] = "LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin",
                      [AR_TYPE_BYTES] = "LONGBLOB",
                      [AR_TYPE_TIMESTAMP] = "DATETIME(6)",
                      [AR_TYPE_DATE] = "DATE",
                      [AR_TYPE_TIME] = "TIME(6)",
                      [AR_TYPE_DECIMAL] = "VARCHAR(42) CHARACTER SET ascii COLLATE ascii_bin",
                      [AR_TYPE_UUID] = "BINARY(16)",
                      [AR_TYPE_JSON] = "JSON",
                      [AR_TYPE_ENUM] = "INT" },
    .key_types = { [AR_TYPE_TEXT] = "VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin",
                   [AR_TYPE_BYTES] = "VARBINARY(255)",
                   [AR_TYPE_JSON] = "VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin" },
    .auto_key = "BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY",
    .table_options = " ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin",
    .lock_for_update = " FOR UPDATE",
    .no_limit = "18446744073709551615",
    .default_row = "() VALUES ()",
    .decimal_before = "CAST(",
    .decimal_compare = DECIMAL_CAST,
    .decimal_sum = "sum",
    .sum_of = { [AR_TYPE_DECIMAL] = { "sum(CAST(", DECIMAL_CAST ")" } },
    .avg_of = { [AR_TYPE_INT16] = { "avg(0e0 + ", ")" },
                [AR_TYPE_INT32] = { "avg(0e0 + ", ")" },
                [AR_TYPE_INT64] = { "avg(0e0 + ", ")" },
                [AR_TYPE_DECIMAL] = { "avg(CAST(", DECIMAL_CAST ")" } },
    .add_to = { [AR_TYPE_DECIMAL] = { "TRIM(TRAILING '.' FROM TRIM(TRAILING '0' FROM CAST(CAST(",
                                      DECIMAL_CAST " + CAST(", DECIMAL_CAST " AS CHAR)))" } },
    .bulk = AR_BULK_EXECUTE,
    .find_by_list = FIND_BY_LIST,
    .implicit_commit = true,
    .returning = true,
    .last_key = "LAST_INSERT_ID()",
    .stored_columns = true,
    .virtual_columns = true,
    .row_id_is_key = true,
    .catalog = &ari_mysql_catalog,
    .right_join = true,
    .windows = true,
    .with = true,
    .intersects = true,
    .intersects_all = true,
    .null_safe_equal = " <=> ",
    .lock_for_share = " LOCK IN SHARE MODE",
    .lock_nowait = true,
    .lock_skip_locked = true,
    .explain = "EXPLAIN ",
    .json_loses_dash = true, /* MariaDB 10.11 */
    /* What is a JSON null would be the text null. */
    .json_text = "CASE WHEN JSON_TYPE(JSON_EXTRACT(\1, \2)) <> 'NULL' THEN JSON_UNQUOTE(JSON_EXTRACT(\1, \2)) END",
    .json_number = "CASE WHEN JSON_TYPE(JSON_EXTRACT(\1, \2)) IN ('INTEGER', 'DOUBLE', 'DECIMAL', 'UNSIGNED INTEGER') "
                   "THEN JSON_EXTRACT(\1, \2) + 0e0 END",
    .json_contains = "JSON_CONTAINS(\1, \3)",
    .json_contains_at = "JSON_CONTAINS(\1, \3, \2)",
    .on_conflict = false,
};

/* What differs: MariaDB before 10.5 has no RETURNING, MySQL neither that nor arrays of parameters. */
enum { MARIADB_OLD, MYSQL_LATEST, MYSQL_NEW, MYSQL_OLD, VARIANTS };

static pthread_once_t once = PTHREAD_ONCE_INIT;
static ar_dialect variants[VARIANTS][2]; /* [1]: AUTO_INCREMENT counts by one; written under `once` */

static void without_returning(ar_dialect *dialect)
{
    *dialect = ari_mysql_dialect;
    dialect->bulk = AR_BULK_VALUES;
    dialect->returning = false;
}

/* What queries may be made of: https://mariadb.com/kb/en/select/, MySQL's manual, 13.2 and "What Is New". */
static void set_mysql_queries(ar_dialect *dialect, int variant)
{
    dialect->json_loses_dash = false;
    dialect->intersects = dialect->intersects_all = variant == MYSQL_LATEST;
    if (variant != MYSQL_OLD) {
        dialect->lock_for_share = " FOR SHARE";
        return;
    }
    dialect->windows = dialect->with = false;
    dialect->lock_nowait = dialect->lock_skip_locked = false;
}

/* utf8mb4_0900_bin, which pads nothing, came with MySQL 8.0.17. */
static void set_mysql_types(ar_dialect *dialect, bool recent)
{
    dialect->catalog = &ari_mysql8_catalog;
    dialect->column_types[AR_TYPE_TEXT] = recent ? "LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin"
                                                 : "LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin";
    dialect->key_types[AR_TYPE_TEXT] = recent ? "VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin"
                                              : "VARCHAR(191) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin";
    dialect->column_types[AR_TYPE_JSON] = dialect->column_types[AR_TYPE_TEXT];
    dialect->key_types[AR_TYPE_JSON] = dialect->key_types[AR_TYPE_TEXT];
    dialect->table_options = recent ? " ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin"
                                    : " ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin";
}

static void make_variants(void)
{
    for (int one = 0; one < 2; one++) {
        for (int i = 0; i < VARIANTS; i++) {
            without_returning(&variants[i][one]);
            variants[i][one].consecutive_keys = one == 1;
        }
        variants[MARIADB_OLD][one].intersects_all = false;
        variants[MARIADB_OLD][one].lock_skip_locked = false;
        for (int i = MYSQL_LATEST; i <= MYSQL_OLD; i++) {
            set_mysql_types(&variants[i][one], i != MYSQL_OLD);
            set_mysql_queries(&variants[i][one], i);
        }
    }
}

const ar_dialect *ari_mysql_dialect_of(const ari_mysql_server *server)
{
    (void)pthread_once(&once, make_variants);
    if (server->mariadb && server->version >= 100500 && server->bulk)
        return &ari_mysql_dialect;
    int which = server->mariadb            ? MARIADB_OLD
                : server->version >= 80031 ? MYSQL_LATEST
                : server->version >= 80017 ? MYSQL_NEW
                                           : MYSQL_OLD;
    return &variants[which][server->consecutive_keys ? 1 : 0];
}
